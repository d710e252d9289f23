"""What the proof of programs shares: the oracle, and the planted bugs of the proof of derivatives."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import autograd


def _loaded(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = _loaded("programs_oracle", Path(__file__).with_name("oracle.py"))  # the test files here import it by this name


@pytest.fixture(scope="session")
def mutants() -> dict[str, Any]:
    """The planted bugs of the proof of derivatives, by name."""
    found: dict[str, Any] = _loaded("programs_mutants", Path(__file__).parents[1] / "proof" / "mutants.py").MUTANTS
    return found


@pytest.fixture(scope="session")
def Value() -> Any:
    """The class of the engine that runs: compile knows its Values. The tests run once with each engine chosen."""
    return autograd.Value
