"""Any expression: the picture holds every node, every edge, every number, and no two texts lie over one another."""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from autograd.testing import strategies
from viz.digits import short

Box = tuple[float, float, float, float]


def tag(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.split("}")[1]


def box_of(text: ElementTree.Element) -> Box:
    """The space that a text takes, from its own attributes, for letters of a monospaced font."""
    size = float(text.get("font-size", 0))
    content = "".join(text.itertext())
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in content)
    width = columns * size * 0.6
    x, y = float(text.get("x", 0)), float(text.get("y", 0))
    left = x - {"middle": width / 2, "end": width}.get(text.get("text-anchor", "start"), 0.0)
    return left, y - 0.78 * size, left + width, y + 0.2 * size


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes have a point in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def check_picture(root: Any, **options: Any) -> None:
    """Every node once, every edge as often as it is there, every number at its node, all texts apart."""
    picture = viz.draw(root, max_nodes=10_000, **options)
    parsed = ElementTree.fromstring(picture.svg)
    order = ag.topological_order(root)
    place = {id(value): str(i) for i, value in enumerate(order)}
    groups = {g.get("data-node"): g for g in parsed.iter() if g.get("data-node") is not None}
    assert sorted(groups, key=lambda p: int(p or 0)) == [str(i) for i in range(len(order))]
    assert len([g for g in parsed.iter() if g.get("data-node")]) == len(order)
    wanted = Counter(
        (place[id(operand)] if isinstance(operand, ag.Value) else None, place[id(value)], str(slot))
        for value in order
        for slot, operand in enumerate(value.operands)
    )
    edges = [g for g in parsed.iter() if g.get("data-operand") is not None]
    assert Counter((g.get("data-from"), g.get("data-to"), g.get("data-operand")) for g in edges) == wanted
    for value in order:
        inside = {t.get("class"): "".join(t.itertext()) for t in groups[place[id(value)]].iter() if tag(t) == "text"}
        assert inside["value"] == short(value.data)
        shown = inside.get("gradient", "")
        assert shown.split(" = ")[-1].removeprefix("∇ ") == (short(value.grad) if value.has_grad else shown.removeprefix("∇ "))
    width, height = float(parsed.get("width", 0)), float(parsed.get("height", 0))
    boxes = [(box_of(t), "".join(t.itertext())) for t in parsed.iter() if tag(t) == "text"]
    for i, (box, content) in enumerate(boxes):
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= width
        assert box[3] <= height
        for other, beside in boxes[:i]:
            assert not overlap(box, other), (content, beside)


@settings(max_examples=60)
@given(expression=strategies.expressions(), style=st.sampled_from(["circuit", "boxes"]), data=st.data())
def test_any_expression_is_drawn_whole(expression: Any, style: str, data: st.DataObject) -> None:
    """Each node once, each edge with its multiplicity, each value and gradient at its node, no text over another."""
    xs = [ag.Value(x, label=data.draw(st.sampled_from(["", "x", "a longer name", "값"]))) for x in expression.point]
    root = expression.fn(*xs)
    if not isinstance(root, ag.Value):
        return
    for value in ag.topological_order(root):
        if not value.is_leaf and data.draw(st.integers(0, 3)) == 0:
            value.label = "an inner node"
    if data.draw(st.booleans()):
        root.backward()
    check_picture(root, style=style, direction=data.draw(st.sampled_from(["LR", "TB"])))


@settings(max_examples=25)
@given(expression=strategies.expressions())
def test_the_chain_rule_is_written_on_every_edge(expression: Any) -> None:
    """With local_gradients the words on the edges lie apart from all others too, and all is still there."""
    root = expression.fn(*[ag.Value(x, label=f"x{i}") for i, x in enumerate(expression.point)])
    if not isinstance(root, ag.Value):
        return
    root.backward()
    check_picture(root, local_gradients=True)


@pytest.mark.parametrize("style", ["circuit", "boxes"])
def test_the_same_twice(style: str) -> None:
    """x * x has two edges from one node, and a node used five times is drawn once."""
    x = ag.Value(3.0, label="x")
    f = x * x + x * x * x
    f.backward()
    check_picture(f, style=style)
