"""What pytest needs on WebAssembly: a reason for each test that can't run there, and Graphviz from JavaScript.

Loaded by .ci/wasm.mjs, in CPython on pyodide. A test that isn't named here must pass.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import page  # what .ci/wasm.mjs hands over
import pytest
from hypothesis import settings

import viz

viz.set_graphviz(page.layOut)

NO_NUMPY = "no NumPy: the registries have no wheel of it for WebAssembly"
# What a test's source says that it needs.
NEEDS = {
    r"\bthreading\.|Thread\(|ThreadPool|\bthreads?\b=": "WebAssembly has one thread",
    r"\bsubprocess\b|\bsys\.executable\b|\bmultiprocessing\b|ProcessPool|fork\(": "WebAssembly has one process",
    r"\basyncio\b": "the event loop is the page's",
    r"\bsignal\b|\bos\.kill\b|alarm\(": "WebAssembly has no signals",
    r"/dev/|\bchmod\b|\bos\.dup\b|mkfifo|geteuid": "the file system is pyodide's, without devices and permissions",
    r"\.pdf\b|\.png\b|\bpdf\b|\bpng\b": "@viz-js/viz draws no PNG and no PDF",
}  # fmt: skip
# And what it doesn't say.
DEEP = "CPython's parser recurses there, deeper than in any text that is allowed"
ELSEWHERE = {
    r"test_the_limits_of_an_expression\[13\]|test_long_texts_with_slips": DEEP,
    r"test_no_tree_is_too_deep|test_deep_lists_are_an_error": "CPython itself recurses there, in JSON and when it frees lists",
    r"test_a_picture_is_as_it_was\[tanh_neuron\]": "the last bit of a title's number is another C library's",
    r"test_trajectories_are_those_of_pytorch\[rmsprop alpha\]": "50 steps blow the last bit of another C library up to 3e-8",
    r"test_without_graphviz|layouts_are_made_in_a_child|without_standard_error|in_this_process|slow_layout_is_ended"
    r"|test_a_function_of_the_user_lays_out": "Graphviz is JavaScript's",
}
EXAMPLES = 10  # of a property, or a tenth of what it asks for if that is more: all of them take an hour here
collecting = True


# ---- NumPy -----------------------------------------------------------------------------------------


class Absent:
    """What a test module finds in place of NumPy while it is collected. Whoever touches it later is a test, and is skipped."""

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        return ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "hypothesis_", "pytest")):  # such as what tells a mock
            raise AttributeError(name)
        return _touched()

    def _touched(self, *arguments: object, **options: object) -> Any:
        return _touched()

    __call__ = __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _touched
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __neg__ = __matmul__ = __instancecheck__ = _touched

    def __iter__(self) -> Iterator[Any]:
        _touched()
        return iter(())

    def __len__(self) -> int:
        _touched()
        return 1

    def __float__(self) -> float:
        _touched()
        return 1.0

    def __index__(self) -> int:
        _touched()
        return 1


class NumPy(ModuleType, Absent):
    """The module, or one inside it."""

    __path__: Sequence[str] = []
    __getattr__ = Absent.__getattr__


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds it while tests are collected."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """A stand for NumPy and what is in it; once tests run, a reason to skip the one that asks."""
        if name.split(".")[0] != "numpy":
            return None
        if not collecting:
            pytest.skip(NO_NUMPY)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The stand."""
        return NumPy(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


def _touched() -> Any:
    if not collecting:
        pytest.skip(NO_NUMPY)
    return Absent()


def _forget() -> None:
    """Nobody but the test module that asked for it may find it, least of all the code that is tested."""
    for name in [name for name in sys.modules if name.split(".")[0] == "numpy"]:
        del sys.modules[name]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Let a test module find the stand for NumPy while it is imported."""
    finder = Finder()
    if isinstance(collector, pytest.Module) and "tests" in collector.path.parts:
        sys.meta_path.insert(0, finder)
    try:
        return (yield)
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        _forget()


# ---- reasons ---------------------------------------------------------------------------------------


@functools.cache
def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say why tests are skipped, and have Hypothesis draw fewer examples."""
    for plugin in config.pluginmanager.get_plugins():
        if hasattr(plugin, "WITHOUT"):  # the checkout's conftest, which looks for pygraphviz and dot
            plugin.WITHOUT = False
    for item in items:
        function = getattr(item, "function", None)
        chosen = getattr(function, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            fewer = max(EXAMPLES, chosen.max_examples // 10)
            function._hypothesis_internal_use_settings = settings(chosen, max_examples=min(chosen.max_examples, fewer))
        text = _source(inspect.unwrap(function)) if function is not None else ""
        reasons = [reason for pattern, reason in NEEDS.items() if re.search(pattern, text)]
        reasons += [reason for pattern, reason in ELSEWHERE.items() if re.search(pattern, item.nodeid)]
        if reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[0]))


def pytest_collection_finish() -> None:
    """From here on tests run."""
    global collecting
    collecting = False
    sys.meta_path.insert(0, Finder())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """What a helper of a test needs is found when the test runs."""
    try:
        return (yield)
    except RuntimeError as error:
        if "can't start new thread" in str(error):
            pytest.skip("WebAssembly has one thread")
        raise
    except OSError as error:
        if "emscripten does not support processes" in str(error):
            pytest.skip("WebAssembly has one process")
        raise
