"""What the proof of programs shares."""

from __future__ import annotations

from typing import Any

import pytest

import autograd


@pytest.fixture(scope="session")
def Value() -> Any:
    """The class of the engine that runs: compile knows its Values. The tests run once with each engine chosen."""
    return autograd.Value
