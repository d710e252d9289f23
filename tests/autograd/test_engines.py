"""Which engine is picked, by the words of AUTOGRAD_ENGINE."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

import autograd
from autograd import engines, value


def test_the_reference_engine_is_always_there() -> None:
    """The word python picks the reference engine, whatever else is installed."""
    assert engines._choose("python") == ("python", value)


def test_a_compiled_twin_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """auto and native pick the compiled engine where one can be imported."""
    twin: Any = ModuleType("autograd._native")
    monkeypatch.setitem(sys.modules, "autograd._native", twin)
    assert engines._choose("auto") == ("native", twin)
    assert engines._choose("native") == ("native", twin)
    calls: list[str] = []
    twin._install = lambda: calls.append("installed")
    assert engines._started("native", twin) == ("native", twin)
    assert engines._started("python", value) == ("python", value)
    assert calls == ["installed"]


def test_without_a_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it auto picks the reference engine, native raises and says what to write, and so does any other word."""
    monkeypatch.setitem(sys.modules, "autograd._native", None)
    assert engines._choose("auto") == ("python", value)
    with pytest.raises(ImportError, match="write auto or python"):
        engines._choose("native")
    with pytest.raises(ImportError, match="write auto, python or native"):
        engines._choose("")


def test_the_name_of_the_engine_is_that_of_its_class() -> None:
    """engine() names the module that Value comes from."""
    modules = {"python": "autograd.value", "native": "autograd._native"}
    assert autograd.Value is sys.modules[modules[autograd.engine()]].Value
