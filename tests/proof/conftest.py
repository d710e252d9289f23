"""The planted bugs."""

from __future__ import annotations

from typing import Any

import pytest
from mutants import MUTANTS


@pytest.fixture(scope="session")
def mutants() -> dict[str, Any]:
    """The planted bugs of `mutants.py`, by name."""
    return MUTANTS
