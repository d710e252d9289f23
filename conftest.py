"""For every run of pytest in this checkout, whatever files it is given."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import shutil
from collections.abc import Iterator

import pytest


def _scikit_learn() -> tuple[int, ...]:
    """The version that is installed; () for none."""
    try:
        return tuple(int(part) for part in importlib.metadata.version("scikit-learn").split(".")[:2])
    except importlib.metadata.PackageNotFoundError:
        return ()


collect_ignore = [] if _scikit_learn() >= (1, 6) else ["nn/sklearn.py"]  # which is for that extra alone
if not importlib.util.find_spec("torch"):
    collect_ignore.append("nn/torch_modules.py")
collect_ignore_glob = ["viz/_pyinstaller/hook-*.py"]  # which PyInstaller runs, and nobody imports
WITHOUT = not importlib.util.find_spec("pygraphviz") and not shutil.which("dot")
REASON = "no Graphviz: neither pygraphviz nor a program dot is there to lay out a picture"


def pytest_configure(config: pytest.Config) -> None:
    """The mark for tests that can't do without Graphviz and don't raise what says so."""
    config.addinivalue_line("markers", "graphviz: skipped where neither pygraphviz nor the program dot is there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked, where there is no Graphviz."""
    for item in items:
        if WITHOUT and item.get_closest_marker("graphviz"):
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Skip a test or a doctest that asks for a picture, where there is no Graphviz: what drawing raises there says so."""
    try:
        return (yield)
    except Exception as error:
        raised = getattr(error, "exc_info", (None, error))[1]  # a doctest wraps what its example raised
        if WITHOUT and type(raised).__name__ == "GraphvizNotFoundError":
            pytest.skip(REASON)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Import the packages before pytest looks at a file.

    A module that is named on pytest's command line, for its doctests, and that nobody has imported yet would be run a second
    time and put in the package's place of that name; tests that change a module which the package no longer uses would fail.
    Not done while this file is read, since what counts lines of code begins to count between the two.
    """
    for name in ("autograd", "autograd.testing", "nn", "viz", "viz.cli.main"):
        importlib.import_module(name)
