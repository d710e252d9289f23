"""Several results in one picture."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from viz.graph.reading import read, shrunk
from viz.scene.shapes import Curve


def results() -> tuple[Any, Any, Any]:
    """f, g that uses f, and h that shares only an input with them."""
    x, y = ag.Value(3.0, label="x"), ag.Value(-2.0, label="y")
    f = x * y
    g = f + x
    h = (y * 2.0).tanh()
    f.label, g.label, h.label = "f", "g", "h"
    return f, g, h


def test_the_order_of_several_roots(Value: Any) -> None:
    """Each node that any root was computed from is there once, after its parents; those of the first root come first."""
    x = Value(2.0)
    f, g = x * 3, x * x
    for roots in ([f, g], (g, f), [f * g, f], [f, f]):
        order = ag.topological_order(roots)
        alone = ag.topological_order(roots[0])
        assert [id(node) for node in order[: len(alone)]] == [id(node) for node in alone]
        assert len(set(map(id, order))) == len(order)
        assert set(order) == {node for root in roots for node in ag.topological_order(root)}
        place = {id(node): i for i, node in enumerate(order)}
        assert all(place[id(parent)] < i for i, node in enumerate(order) for parent in node.parents)
    assert ag.topological_order([]) == []
    with pytest.raises(TypeError, match=r"takes Values, got float 1.0"):
        ag.topological_order([x, 1.0])
    with pytest.raises(TypeError, match="expected a Value, got int"):
        ag.topological_order(3)


def test_each_result_is_drawn_as_one() -> None:
    """The title, the table and the text below name all results; each has a result's arrow, also one that is used further."""
    f, g, h = results()
    for roots in ([f, g, h], (h, g, f)):
        picture = viz.draw(roots)
        assert repr(picture).startswith(
            "<viz.Drawing of " + ", ".join(f"{r.label} = {r.data:.4g}" for r in roots) + ": 7 nodes"
        )
        assert [picture.graph.nodes[place].label for place in picture.graph.results] == [r.label for r in roots]
        nodes = [item for item in picture.scene.items if item.kind.startswith("node")]
        arrows = [item for item in nodes if any(isinstance(shape, Curve) and shape.tip for shape in item.shapes)]
        assert sorted([picture.graph.nodes[int(item.data["node"])].label for item in arrows]) == ["f", "g", "h"]
        assert [line.split()[0] for line in str(picture).splitlines()[1:-1]].count("x") == 1
        assert str(picture).splitlines()[-1] == "backward() has not run"
        assert "f = -6" in picture.interactive().title
    assert viz.draw([f, f]).graph == viz.draw(f).graph
    assert viz.draw([g, f]).graph.results == (3, 2)


def test_gradients_of_several_results() -> None:
    """With gradients the title has those of the inputs; where backward has run on one only, the others are named."""
    f, g, h = results()
    f.backward()
    picture = viz.draw([g, f, h])
    assert picture.graph.note == "backward() has not run on g, h; gradients shown are from elsewhere"
    f, g, h = results()
    ag.backward([f, g, h])
    picture = viz.draw([g, f, h], local_gradients=True)
    assert picture.graph.note == ""
    assert picture.graph.title == "g = -3, f = -6, h = -0.9993, gradients x -3, y 6.003"
    # f's gradient is what flows back from g and its own 1, so it isn't written as a sum of what flows back
    words = {cell.words.name: cell.words.gradient for cell in picture.measured.cells}
    assert words["f"] == "∇ 2"
    assert words["x"] == "∇ -4 + 1 = -3"


def test_many_results() -> None:
    """More than four are counted in the title; those beyond the budget fold like any other node."""
    x = ag.Value(2.0, label="x")
    many = [x * float(k) for k in range(400)]
    picture = viz.draw(many)
    assert picture.graph.title.endswith("and 396 more results")
    assert picture.graph.size <= 300
    assert picture.graph.left_out > 0
    few = viz.draw(many, max_nodes=5).graph
    assert few.size <= 5
    assert few.nodes[few.results[0]].value == 0.0
    small = shrunk(read(many), 10)
    assert len(small.nodes) <= 11
    assert all(place < len(small.nodes) for place in small.results)


@settings(max_examples=60)
@given(st.data())
def test_a_budget_is_kept_and_the_first_result_drawn(data: st.DataObject) -> None:
    """For any graph, results and budget: at most that many boxes; the first result is itself, or what a sum comes to."""
    values = [ag.Value(float(i)) for i in range(3)]
    for _ in range(data.draw(st.integers(1, 25))):
        values.append(data.draw(st.sampled_from(values)) + data.draw(st.sampled_from([*values, 1.0])))
    roots = data.draw(st.lists(st.sampled_from(values), min_size=1, max_size=6, unique_by=id))
    limit = data.draw(st.integers(4, 30))
    graph = viz.draw(roots, max_nodes=limit).graph
    assert graph.size <= limit
    first = graph.nodes[graph.results[0]]
    assert first.fold is None or (first.fold.kind == "sum" and first.value == roots[0].data)
    whole = read(roots)
    assert [whole.nodes[place].value for place in whole.results] == [root.data for root in roots]


def test_a_path_and_a_folded_result() -> None:
    """The path from an input lights what leads to any result; a result inside a group is the group's outlet."""
    f, g, h = results()
    (x,) = [node for node in ag.topological_order(f) if node.label == "x"]
    graph = viz.draw([f, g, h], path=x).graph
    assert {graph.name(place) for place in graph.on_path} == {"x", "f", "g"}
    with ag.group("part"):
        k = x * 2.0
        m = k + 1.0
    folded = viz.draw([m, f], collapse="part").graph
    assert folded.nodes[folded.results[0]].value == m.data


def test_two_passes_of_several_results() -> None:
    """Several results are compared as one is."""
    both = viz.compare(list(results()), list(results()))
    assert both.changed == ()
    assert len(both.drawing.graph.results) == 3


def test_what_is_no_list_of_results() -> None:
    """An empty list, and a list with something else than Values, say what they are and what may be written."""
    f, g, _ = results()
    for empty in ([], ()):
        with pytest.raises(ValueError, match=rf"got an empty {type(empty).__name__}; write viz\.draw\(\[f, g\]\)"):
            viz.draw(empty)
    with pytest.raises(TypeError, match=r"item 1 of this list is float 2.0"):
        viz.draw([f, 2.0])
    with pytest.raises(TypeError, match=r"item 1 of this tuple is list \[Value"):
        viz.draw((f, [g]))
    with pytest.raises(TypeError, match=r"call it on a sample first"):
        viz.draw([f, len])
    with pytest.raises(ValueError, match="not in this graph"):
        viz.draw([f, g], path=ag.Value(1.0))
