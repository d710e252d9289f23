"""What all tests share: the engines, and Hypothesis without a folder of its own."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

import pytest
from hypothesis import settings

# No database: the tests leave the checkout as they found it. In CI the examples are the same in every run.
settings.register_profile("ci", database=None, derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", database=None, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The full counts of the proof."""
    parser.addoption("--thorough", action="store_true", help="run the proof's full counts, which takes minutes")


ENGINES = {"python": "autograd.value", "native": "autograd._native"}
INSTALLED = [name for name, module in ENGINES.items() if importlib.util.find_spec(module)]
if os.environ.get("AUTOGRAD_TEST_TWIN") == "require" and len(INSTALLED) < len(ENGINES):
    raise pytest.UsageError("AUTOGRAD_TEST_TWIN=require, and the compiled engine is not installed")

# A program for the native engine, which pytest would import to look for doctests.
collect_ignore = [] if "native" in INSTALLED else ["autograd/fuzz_native.py"]


# Of the session, since Hypothesis asks for fixtures that are the same for each of its examples.
@pytest.fixture(scope="session", params=INSTALLED)
def engine(request: pytest.FixtureRequest) -> ModuleType:
    """The module of each engine that is installed."""
    return importlib.import_module(ENGINES[request.param])


@pytest.fixture(scope="session")
def Value(engine: ModuleType) -> Any:
    """The class of each engine that is installed."""
    return engine.Value


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether the full counts are asked for, by --thorough or by GLASSGRAD_THOROUGH=1."""
    return bool(request.config.getoption("--thorough", default=False)) or os.environ.get("GLASSGRAD_THOROUGH") == "1"


@pytest.fixture(scope="session")
def mutants() -> dict[str, Any]:
    """The planted bugs of `proof/mutants.py`, by name."""
    found: dict[str, Any] = importlib.import_module("mutants").MUTANTS
    return found


def lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs: its work, which is the same however busy the machine is."""
    count = 0

    def line(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()  # of a run that measures coverage
    sys.settrace(line)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="session")
def work() -> Callable[[Callable[[], object]], int]:
    """Counts the lines of Python that a call runs."""
    return lines_run
