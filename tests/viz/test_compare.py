"""Two passes of one expression: what changed, to the last bit."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import viz


def run(w: float, backward: bool = True) -> Any:
    """x * w + x, with a gradient."""
    x, w = ag.Value(3.0, label="x"), ag.Value(w, label="w")
    q = x * w
    q.label = "q"
    f = q + x
    f.label = "f"
    if backward:
        f.backward()
    return f


def test_what_changed_is_shown_with_both_numbers() -> None:
    """Table and picture have both numbers where they differ, one where they don't, and count what changed."""
    told = viz.compare(run(2.0), run(5.0))
    assert str(told) == (
        "node  value    gradient\n"
        "x     3        3 -> 6\n"
        "w     2 -> 5   3\n"
        "q     6 -> 15  1\n"
        "f     9 -> 18  1\n"
        "4 of 4 nodes changed"
    )
    texts = [e.text for e in ElementTree.fromstring(told.svg).iter() if e.tag.endswith("text")]
    assert {"2 → 5", "6 → 15", "∇ 3 → 6", "∇ 3"} <= set(texts)
    assert "what changed is framed: before → after" in texts


def test_only_what_changed_is_marked() -> None:
    """A node with the same bits is not marked; one whose number differs in the last bit is."""
    a, b = run(2.0), run(2.0)
    assert viz.compare(a, b).changed == ()
    assert not [item for item in viz.compare(a, b).drawing.scene.items if item.kind == "halo"]
    c = run(2.0000000000000004)
    told = viz.compare(a, c)
    assert 1 in told.changed
    assert len([item for item in told.drawing.scene.items if item.kind == "halo"]) == len(told.changed)
    assert "2.0 -> 2.0000000000000004" in str(told)


def test_sixty_nodes_are_listed() -> None:
    """The table lists sixty nodes; of a graph with more it counts the others."""
    y = ag.Value(1.0, label="x")
    for count in range(1, 63):
        lines = str(viz.compare(y, y)).splitlines()[1:-1] if count >= 60 else []
        if count == 60:
            assert [line.split()[0] for line in lines] == ["x", *[f"#{i}" for i in range(2, 61)]]
        if count == 62:
            assert lines[-2].startswith("#60 ")
            assert lines[-1] == "… and 2 more nodes"
        y = y.tanh()


def test_numbers_have_four_digits_unless_asked_for_more() -> None:
    """Without `precision` the picture of a comparison has four significant digits, as a drawing has."""
    x, y = ag.Value(1 / 3, label="x"), ag.Value(2 / 3, label="x")
    shown = {precision: viz.compare(x, y, **options).svg for precision, options in ((4, {}), (5, {"precision": 5}))}
    assert ">0.3333 → 0.6667<" in shown[4]
    assert ">0.33333 → 0.66667<" in shown[5]


def test_a_drawing_keeps_the_numbers_of_its_time() -> None:
    """A drawing made before a step of training is the earlier pass, though the Values have changed since."""
    x, w = ag.Value(3.0, label="x"), ag.Value(2.0, label="w")
    before = viz.draw(x * w)
    w.data = 4.0
    assert "w     2 -> 4" in str(viz.compare(before, x * w))


def test_two_results_that_share_a_leaf() -> None:
    """Two Values whose shared leaf was changed between them are compared, and it is said that the first is out of date."""
    w = ag.Value(2.0, label="w")
    before = w * 3.0
    w.data = 4.0
    told = viz.compare(before, w * 3.0)
    words = "w was changed after the result was computed; compute it again"
    assert str(told).splitlines()[-1] == f"before: {words}, or draw it before the change"
    shown = " ".join(e.text or "" for e in ElementTree.fromstring(told.svg).iter() if e.tag.endswith("text"))
    assert shown.endswith(f"what changed is framed: before → after before: {words}, or draw it before the change")
    assert str(viz.compare(w * 3.0, before)).splitlines()[-1] == f"after: {words}"
    assert words not in str(viz.compare(viz.draw(w * 3.0), w * 3.0))


def test_not_yet_is_told_from_a_gradient() -> None:
    """A pass without backward() against one with it says 'not yet', not 0."""
    assert "not yet -> 1" in str(viz.compare(run(2.0, backward=False), run(2.0)))


def test_other_expressions_are_refused() -> None:
    """The first difference is named; a number is refused; a graph that is too large too."""
    x = ag.Value(3.0, label="x")
    with pytest.raises(ValueError, match=r"node 4 is 'f = q \+ x' before and '#4 = #3 \* x' after"):
        viz.compare(run(2.0), x * ag.Value(2.0, label="w") * x)
    with pytest.raises(ValueError, match="with other operands"):
        viz.compare(x - x * 2, x * 2 - x)
    with pytest.raises(ValueError, match="3 nodes before and 2 after"):
        viz.compare(x * 2 + 1, x * 2)
    with pytest.raises(TypeError, match="after is float"):
        viz.compare(x, 3.0)
    y = x
    for _ in range(400):
        y = y * x
    with pytest.raises(ValueError, match="before has 401"):
        viz.compare(y, y)


@pytest.mark.graphviz
def test_what_a_notebook_gets_and_what_is_saved(tmp_path: Path) -> None:
    """The bundle has picture and table; save writes what a drawing can write."""
    told = viz.compare(run(2.0), run(5.0))
    bundle, _ = told._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png", "application/pdf", "text/plain"}
    assert bundle["text/plain"] == str(told)
    assert told.save(tmp_path / "both.svg").read_text(encoding="utf-8") == told.svg
    assert repr(told) == "<viz.Comparison of f = 18, gradients x 6, w 3: 4 of 4 nodes changed>"
