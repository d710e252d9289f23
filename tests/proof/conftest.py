"""The planted bugs, and how many examples a run takes."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def mutants() -> dict[str, Any]:
    """The planted bugs of `mutants.py`, by name."""
    spec = importlib.util.spec_from_file_location("mutants", Path(__file__).with_name("mutants.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.MUTANTS
    return found


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the full counts are asked for, by --thorough or by GLASSGRAD_THOROUGH=1."""
    return bool(request.config.getoption("--thorough", default=False)) or os.environ.get("GLASSGRAD_THOROUGH") == "1"
