"""What the proof of programs shares: the planted bugs of the proof of derivatives, and the engine's class."""

from __future__ import annotations

from typing import Any

import pytest
from mutants import MUTANTS

import autograd


@pytest.fixture(scope="session")
def mutants() -> dict[str, Any]:
    """The planted bugs of the proof of derivatives, by name."""
    return MUTANTS


@pytest.fixture(scope="session")
def Value() -> Any:
    """The class of the engine that runs: compile knows its Values. The tests run once with each engine chosen."""
    return autograd.Value
