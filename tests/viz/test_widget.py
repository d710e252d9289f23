"""The widget, without a browser: traits, observers, Values. What pages do with it: notebooks/test_widget.py."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest

import autograd as ag
import viz
from viz.views import widget as module


@pytest.fixture
def widget() -> Any:
    """Makes widgets."""
    pytest.importorskip("anywidget")
    module._widget_class.cache_clear()
    return viz.widget


def test_without_anywidget_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, and that viz.play needs nothing; the module itself can be imported."""
    module._widget_class.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    x = ag.Value(2.0, label="x")
    with pytest.raises(ImportError, match=r"pip install 'glassgrad\[widget\]' .*; viz\.play\(f\) shows the same page"):
        viz.widget(x * x)


@pytest.mark.graphviz
def test_numbers_go_to_the_values_and_back(widget: Any) -> None:
    """A number in `values`, from Python or from the page, goes to its Value and observers; others stay; update() reads them."""
    x, w = ag.Value(3.0, label="x"), ag.Value(2.0, label="w")
    shown = widget(x * w + x)
    assert shown.values == {"x": 3.0, "w": 2.0}
    assert shown.result == 9.0
    assert shown.gradients == {"x": 3.0, "w": 3.0}
    seen: list[dict[str, float]] = []
    shown.observe(lambda change: seen.append(change["new"]), "values")
    shown.values = {"w": 5}
    assert (x.data, w.data) == (3.0, 5.0)
    assert seen == [{"x": 3.0, "w": 5.0}]
    shown.set_state({"values": {"x": "nan", "w": "-0.0"}})  # as the page sends it
    assert math.isnan(x.data)
    assert repr(w.data) == "-0.0"
    assert len(seen) == 2
    assert shown.get_state("values") == {"values": {"x": "nan", "w": "-0.0"}}
    x.data, w.data = 1.0, math.inf
    shown.update()
    assert shown.values == {"x": 1.0, "w": math.inf}
    assert shown.get_state("values") == {"values": {"x": 1.0, "w": "inf"}}
    assert len(seen) == 3
    shown.update()
    assert len(seen) == 3


@pytest.mark.graphviz
def test_a_training_loop_is_followed(widget: Any) -> None:
    """In a loop update() shows each step; `result` is that of the numbers of now, though the graph was computed before."""
    w = ag.Value(4.0, label="w")
    shown = widget((w - 1.0) ** 2, rate=0.25, fixed=w, theme="dark")
    results = []
    for _ in range(5):
        loss = (w - 1.0) ** 2
        w.grad = None
        loss.backward()
        w.data -= 0.25 * w.grad
        shown.update(loss, "whatever a callback is given")
        results.append(shown.result)
    assert results == [(3.0 / 2**k) ** 2 for k in range(1, 6)]
    assert shown.gradients["w"] == 2 * (w.data - 1.0)


@pytest.mark.graphviz
def test_inputs_of_one_name_are_told_apart(widget: Any) -> None:
    """Each input has a name of its own: its label, #3 for the third node, and `w #3` where another one has its label."""
    a, b, c = ag.Value(1.0, label="w"), ag.Value(2.0, label="w"), ag.Value(3.0)
    shown = widget(a * b + c)
    assert list(shown.values.items()) == [("w #1", 1.0), ("w #2", 2.0), ("#4", 3.0)]
    shown.values = {"w #2": 7.0}
    assert b.data == 7.0


@pytest.mark.graphviz
def test_bad_numbers_change_nothing(widget: Any) -> None:
    """An unknown name or a thing that is no number is refused with what may be written, and all stays as it was."""
    x = ag.Value(3.0, label="x")
    shown = widget(x * x)
    for wrong, kind, message in (
        ({"x": 1.0, "y": 2.0}, ValueError, "values: no input is called 'y'; there are x"),
        ({"x": "2"}, TypeError, r"values\['x'\] is a number, got str '2'; write {'x': 2.0}"),
        ({"x": True}, TypeError, "is a number, got bool"),
    ):
        with pytest.raises(kind, match=message):
            shown.values = wrong
        assert shown.values == {"x": x.data} == {"x": 3.0}
    with pytest.raises(ValueError, match="rate=-1 must be positive"):
        widget(x * x, rate=-1)
