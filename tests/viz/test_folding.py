"""What is folded: groups by name and by need, what is far away, and graphs of any size."""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import autograd as ag
import nn
import viz
from viz.graph.reading import read, shrunk
from viz.scene.raster import positioned


def texts(svg: str) -> list[str]:
    """All visible texts of an SVG."""
    return [e.text.strip() for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text and e.text.strip()]


def seconds() -> float:
    """The processor time of this process and its children: what a machine with nothing else to do would take."""
    return sum(os.times()[:4])


def two_layers(backward: bool = True) -> Any:
    """Two groups, one inside another's block, and what stands outside of both."""
    x, y = ag.Value(2.0, label="x"), ag.Value(3.0, label="y")
    with ag.group("layer 1"):
        h = x * y + 1
        with ag.group("inner"):
            h = h.tanh() * 2
    with ag.group("layer 2"):
        g = h * y
    f = g + x
    if backward:
        f.backward()
    return f


def test_groups_are_framed_and_named() -> None:
    """Each group is drawn as a frame with its name, and holds the nodes that were made in it."""
    picture = viz.draw(two_layers())
    assert {"layer 1", "inner", "layer 2"} <= set(texts(picture.svg))
    frames = {item.title: item.shapes[0] for item in picture.scene.items if item.kind == "group"}
    assert set(frames) == {"group layer 1", "group layer 1 / inner", "group layer 2"}
    for place, node in enumerate(picture.graph.nodes):
        x, y = picture.layout.centres[f"n{place}"]
        for path, frame in frames.items():
            inside = frame.x < x < frame.x + frame.width and frame.y < y < frame.y + frame.height
            assert inside == (path in [f"group {' / '.join(node.groups[:d])}" for d in range(1, len(node.groups) + 1)])


def test_collapsed_groups_tell_their_size_and_their_gradient() -> None:
    """A folded group is one box with the number of its nodes and the norm of their gradients; edges keep their number."""
    f = two_layers()
    graph = read(f, collapse=True)
    folds = {node.fold.name: node for node in graph.nodes if node.fold is not None}
    inside = [v for v in ag.topological_order(f) if v.groups[:1] == ("layer 1",)]
    assert set(folds) == {"layer 1", "layer 2"}
    assert folds["layer 1"].fold.count == len(inside) == 4
    assert folds["layer 1"].fold.gradient_norm == math.hypot(*[v.grad for v in inside])
    assert folds["layer 2"].value == f.parents[0].data
    assert folds["layer 2"].gradient == 1.0
    assert "4 nodes" in texts(viz.draw(f, collapse=True).svg)
    only = read(f, collapse="in*")
    assert [node.fold.name for node in only.nodes if node.fold] == ["inner"]
    assert read(f, collapse=["layer 2", "inner"]).folded == 3
    with pytest.raises(ValueError, match=r"'layer 3'; this graph has 'inner', 'layer 1', 'layer 2'"):
        viz.draw(f, collapse="layer 3")


def test_parameters_that_no_group_computes_with_fold_into_their_part() -> None:
    """The row of an embedding is one box when everything is collapsed, and stays single numbers when one group is."""
    net = nn.Sequential(nn.Embedding(3, 4, seed=0), nn.Linear(4, 1, seed=0))
    net.label_parameters()
    (score,) = net(2)
    score.backward()
    embedding, linear = read(score, collapse=True).nodes
    assert (embedding.fold.name, embedding.fold.count) == ("layers.0", 4)
    assert embedding.fold.gradient_norm == math.hypot(*[w.grad for w in net.parameters()[8:12]])
    assert linear.fold.name == "layers.1"
    assert read(score, collapse="layers.1").folded == linear.fold.count
    numbered = [ag.Value(1.0, label=f"w{k}.0.{i}") for k in (1, 2) for i in (0, 1)]
    names = [node.fold.name for node in read(ag.sum([score, *numbered]), collapse=True).nodes if node.fold is not None]
    assert sorted(names) == ["layers.0", "layers.1", "w1", "w2"]
    single = ag.Value(2.0, label="a.b") * score
    assert [node.label for node in read(single, collapse=True).nodes if node.is_leaf] == ["a.b"]


@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
@pytest.mark.parametrize("sizes", [[4, 1], [3, 5, 1], [16, 16, 1]])
def test_neurons_stand_in_their_order(sizes: list[int], direction: str) -> None:
    """The folded neurons of a layer stand from the top down, or from left to right, and every edge joins its own two boxes."""
    net = nn.MLP(2, sizes, activation="tanh", seed=0)
    net.label_parameters()
    result = net([ag.Value(0.1, label="x1"), ag.Value(0.2, label="x2")])
    picture = viz.draw(result, collapse="layers.*.neurons.*", direction=direction)
    along, across = (0, 1) if direction in ("LR", "RL") else (1, 0)
    centres = [picture.layout.centres[f"n{place}"] for place in range(len(picture.graph.nodes))]
    for layer, count in enumerate(sizes):
        places = [place for place, node in enumerate(picture.graph.nodes) if node.groups == (f"layers.{layer}",)]
        names = [picture.graph.nodes[place].fold.name for place in sorted(places, key=lambda place: centres[place][across])]
        assert names == [f"layers.{layer}.neurons.{i}" for i in range(count)]
    cells = picture.measured.cells
    for k, edge in enumerate(picture.graph.edges):
        (first, *_), tip = picture.layout.edges[k]
        for end, place in ((first, edge.tail), (tip, edge.head)):
            assert abs(end[across] - centres[place][across]) <= cells[place].breadth / 2 + 1
            assert abs(end[along] - centres[place][along]) <= cells[place].length / 2 + 8


def test_a_fold_without_gradients_shows_none() -> None:
    """Before backward() a folded group shows no norm, and the picture says that backward() has not run."""
    shown = texts(viz.draw(two_layers(backward=False), collapse=True).svg)
    assert not [text for text in shown if "∇" in text]
    assert "backward() has not run" in shown


def net(sizes: list[int]) -> tuple[Any, Any]:
    """A labelled MLP and its result on one sample."""
    model = nn.MLP(2, sizes)
    model.label_parameters()
    out: Any = model([ag.Value(1.0, label="x1"), ag.Value(-2.0, label="x2")])
    out = out[0] if isinstance(out, list) else out
    out.backward()
    return model, out


def test_a_net_folds_into_its_neurons() -> None:
    """The 2-16-16-1 MLP folds into 33 neurons, each edge with its weight: wide where it is large, dashed where negative."""
    model, out = net([16, 16, 1])
    start = seconds()
    picture = viz.draw(out, max_nodes=100)
    svg = picture.svg
    assert seconds() - start < 2
    assert len(picture.drawn.nodes) == 35
    assert f"{picture.graph.folded} nodes are folded into boxes" in texts(svg)
    first = next(node for node in picture.graph.nodes if node.fold and node.fold.name == "layers.0.neurons.3")
    weights = [p.data for name, p in model.named_parameters() if name.startswith("layers.0.neurons.3.w")]
    assert list(first.weights) == weights
    widths: dict[float, float] = {}
    for edge, item in zip(picture.drawn.edges, (i for i in picture.scene.items if i.kind == "edge"), strict=True):
        weight = picture.drawn.nodes[edge.head].weights[edge.slot]
        assert weight is not None
        path = item.shapes[0]
        assert bool(path.dash) == (weight < 0)
        widths[abs(weight)] = path.width
    assert [widths[w] for w in sorted(widths)] == sorted(widths.values())
    assert max(widths.values()) > 2 * min(widths.values())


@pytest.mark.graphviz
@pytest.mark.parametrize(("sizes", "direction"), [([3, 1], "LR"), ([4, 4, 1], "RL"), ([8, 8, 1], "TB"), ([4, 4, 1], "BT")])
def test_the_weights_of_a_net_as_numbers(sizes: list[int], direction: str) -> None:
    """`weights="numbers"` writes each weight on its line, above all lines; no two numbers overlap; else nothing is added."""
    _, out = net(sizes)
    plain = viz.draw(out, collapse="*.neurons.*", direction=direction)
    drawing = viz.draw(out, collapse="*.neurons.*", direction=direction, weights="numbers", precision=3)
    items = drawing.scene.items
    assert [item.kind for item in plain.scene.items] == [item.kind for item in items if item.kind != "edge weight"]
    numbers = [item for item in items if item.kind == "edge weight"]
    edges = [item for item in items if item.kind == "edge"]
    assert items.index(numbers[0]) > items.index(edges[-1])
    boxes: list[Any] = []
    for edge, line, item in zip(drawing.drawn.edges, edges, numbers, strict=True):
        box, text = item.shapes
        assert edge.weight is not None
        assert text.content == f"{edge.weight:.3g}"
        assert (item.data, item.title) == (line.data, line.title)
        (x0, y0), (x1, y1) = line.shapes[0].points[0], line.shapes[0].points[-1]
        assert (text.x - x0) * (y1 - y0) == pytest.approx((text.y - y0) * (x1 - x0), abs=1e-6)
        assert min(x0, x1) - 1e-9 <= text.x <= max(x0, x1) + 1e-9
        for other in boxes:
            apart = abs(box.x - other.x) >= (box.width if box.x < other.x else other.width)
            assert apart or abs(box.y - other.y) >= box.height
        boxes.append(box)


@pytest.mark.graphviz
def test_the_weights_as_numbers_in_every_format() -> None:
    """A PNG draws its numbers after the lines that they hide; DOT has them on its edges; nothing of that without the option."""
    _, out = net([2, 1])
    drawing = viz.draw(out, collapse="*.neurons.*", weights="numbers")
    plain = viz.draw(out, collapse="*.neurons.*")
    number = next(item for item in drawing.scene.items if item.kind == "edge weight").shapes[1].content
    assert (number in drawing.dot, number in plain.dot) == (True, False)
    assert "outputorder=edgesfirst" in positioned(drawing.scene)
    assert "outputorder=nodesfirst" in positioned(plain.scene)


def test_numbers_without_weights() -> None:
    """Where no edge stands for a weight, numbers are refused with the line that folds neurons; an unknown word is refused."""
    with pytest.raises(ValueError, match=r"this picture has none; call model.label_parameters\(\).*collapse='\*.neurons.\*'"):
        viz.draw(two_layers(), weights="numbers")
    with pytest.raises(ValueError, match="weights='all' is unknown; it is one of 'lines', 'numbers'"):
        viz.draw(two_layers(), weights="all")


def test_parameters_stand_in_the_frame_of_their_module() -> None:
    """A weight made outside of any group is framed with its neuron, under its own short name; inputs are not."""
    _, out = net([2, 1])
    picture = viz.draw(out)
    by_label = {node.label: node for node in picture.graph.nodes if node.label}
    assert by_label["layers.0.neurons.1.w.0"].groups == ("layers.0", "layers.0.neurons.1")
    assert by_label["x1"].groups == ()
    assert "w.0" in texts(picture.svg)


def chain(length: int) -> Any:
    """A long chain of additions."""
    y = ag.Value(1.0, label="x")
    for _ in range(length):
        y = y + 1e-6
    return y


def test_a_chain_of_a_million_is_drawn() -> None:
    """A chain of a million nodes is drawn in a few seconds: its first three steps, its last three, and how many are between."""
    y = chain(1_000_000)
    y.backward()
    start = seconds()
    picture = viz.draw(y)
    shown = texts(picture.svg)
    took = seconds() - start
    assert took < (4 if ag.engine() == "native" else 30)
    assert "… 999,994 × (+ 1e-06) …" in shown
    assert "999,994 nodes are folded into boxes" in shown
    (middle,) = [node.fold for node in picture.graph.nodes if node.fold is not None]
    assert len(picture.graph.nodes) == 1 + 3 + 1 + 3
    assert (middle.kind, middle.count, middle.repeats, middle.steps) == ("chain", 999_994, 999_994, ("+ 1e-06",))
    assert middle.gradient_norm == pytest.approx(math.sqrt(middle.count), rel=1e-12)


@pytest.mark.parametrize("limit", [3, 4, 10, 50])
def test_max_nodes_is_kept(limit: int) -> None:
    """No more nodes are drawn than asked for, constants included, whatever the shape; the root is always there."""
    x = ag.Value(1.0, label="x")
    shared = x
    for i in range(40):
        shared = shared * x + shared if i % 2 else shared * 0.5
    wide = ag.sum([ag.Value(float(i)) * 2 for i in range(100)])
    for f in (shared, wide, chain(100), ag.sum([ag.Value(1.0), *[float(i) for i in range(500)]])):
        graph = viz.draw(f, max_nodes=limit).graph
        assert len(graph.nodes) + graph.constant_count <= limit
        assert graph.root.symbol
        assert any(node.fold or node.copies for node in graph.nodes)
        alone = sum(node.fold is None for node in graph.nodes)
        assert graph.folded + graph.stacked + alone == len(ag.topological_order(f))


def test_what_flows_into_the_part_left_out_is_shown() -> None:
    """A node that is drawn and is used in the part that is not has an edge to that part's box."""
    w = ag.Value(2.0, label="w")
    y = ag.Value(1.0)
    for _ in range(50):
        y = y * w
    graph = read(y, max_nodes=10)
    (at,) = [place for place, node in enumerate(graph.nodes) if node.label == "w"]
    (rest,) = [node for node in graph.nodes if node.fold is not None]
    assert at in rest.operands
    total = sum(edge.count for edge in graph.edges if edge.tail == at)
    assert total == 50


def test_a_hundred_thousand_constants_on_one_node() -> None:
    """A sum with 100,000 plain numbers is drawn, most of them in one box."""
    f = ag.sum([ag.Value(1.0, label="x"), *[0.5] * 100_000])
    shown = texts(viz.draw(f).svg)
    assert "99,976 constants" in shown
    assert "×99,976" in shown


def test_what_counts_toward_max_nodes() -> None:
    """Nodes and constants count, one for each use; a graph of just so many is whole, with one fewer allowed it folds."""
    x = ag.Value(1.0, label="x")
    f = (x * 2.0 + 2.0).tanh()  # four nodes and two constants
    assert not any(node.fold for node in read(f, max_nodes=6).nodes)
    smaller = read(f, max_nodes=5)
    assert len(smaller.nodes) + smaller.constant_count <= 5
    assert smaller.left_out > 0
    with ag.group("g"):
        h = x * 2.0 * 3.0 * 4.0  # in a fold constants don't count
    g = h + 1.0  # x, the box, the sum and its constant
    assert [node.fold.name if node.fold else node.label for node in read(g, max_nodes=4, collapse=True).nodes] == ["x", "g", ""]
    assert read(g, max_nodes=4).folded == 3  # the group folds by itself, and that is enough
    assert read(g, max_nodes=4).left_out == 0
    assert read(g, max_nodes=3).left_out > 0


@pytest.mark.parametrize(
    ("count", "most", "shown", "hidden"), [(24, 300, 24, 0), (25, 300, 24, 1), (9, 20, 9, 0), (10, 20, 9, 1), (6, 10, 4, 2)]
)
def test_how_many_constants_of_one_node_are_drawn(count: int, most: int, shown: int, hidden: int) -> None:
    """Of a node's constants 24 are drawn, or half of what max_nodes leaves beside two; the others stand in one box."""
    graph = read(ag.sum([ag.Value(1.0, label="x"), *[float(i) for i in range(count)]]), max_nodes=most)
    assert graph.constant_count == shown
    folds = [node.fold for node in graph.nodes if node.fold is not None]
    assert [fold.kind for fold in folds] == ["constants"] * (hidden > 0)
    assert graph.edges[-1].count == (hidden or 1)
    assert len(graph.nodes) + graph.constant_count <= most


def test_a_graph_made_smaller_keeps_what_is_near() -> None:
    """Kept is what is nearest to the result, level by level; the rest is one box with its count, its leaves and its norm.

    Edges into the rest become one for each node, with their number; edges out of nodes that are kept into it stay.
    """
    a, b, w = (ag.Value(v, label=n) for v, n in ((2.0, "a"), (3.0, "b"), (0.5, "w")))
    f = (a * b + a * w) * w
    f.backward()
    whole = read(f, focus=a)
    small = shrunk(whole, 3)
    names = [node.label or node.symbol or "rest" for node in small.nodes]
    assert names == ["rest", "w", "+", "*"]
    rest, kept_w, plus, times = small.nodes
    assert rest.fold is not None
    assert (rest.fold.count, rest.fold.kind, rest.fold.name) == (4, "rest", "")
    assert rest.fold.leaves == ("a", "b")
    assert rest.fold.gradient_norm == math.hypot(a.grad, b.grad, 0.5, 0.5)
    assert rest.operands == (1,)
    assert kept_w.operands == ()
    assert (plus.operands, plus.counts, plus.local_gradients, plus.partials) == ((0,), (2,), (None,), ("",))
    assert (times.operands, times.counts, times.local_gradients) == ((2, 1), (), (0.5, 7.0))
    assert (small.folded, small.left_out, small.focus) == (4, 4, 0)
    assert shrunk(read(f, focus=w), 3).focus == 1
    again = shrunk(small, 2)
    assert again.nodes[0].fold is not None
    assert again.nodes[0].fold.count == 5
    assert again.left_out == 5


def test_the_leaves_that_a_rest_names() -> None:
    """A rest names six of the leaves in it; without gradients it has no norm."""
    small = shrunk(read(ag.sum([ag.Value(float(i), label=f"x{i}") for i in range(9)])), 2)
    assert small.nodes[0].fold is not None
    assert small.nodes[0].fold.leaves == tuple([f"x{i}" for i in range(1, 7)])
    assert small.nodes[0].fold.gradient_norm is None
    assert small.nodes[-1].counts == (1, 8)


@pytest.mark.parametrize("limit", [None, 300])
def test_how_many_nodes_are_drawn_unasked(limit: int | None) -> None:
    """Without max_nodes a picture of 60 nodes is whole, one of 61 folds, as one of 301 does with max_nodes=300."""
    most = limit or 60
    y = ag.Value(1.0, label="x")
    for count in range(1, most + 2):
        if count >= most:
            assert bool(viz.draw(y, max_nodes=limit).graph.folded) == (count > most)
        y = y.tanh()


def test_a_walk_has_a_limit_of_its_own() -> None:
    """A walk shows 150 nodes, and says of one more that it is too many."""
    y = ag.Value(1.0, label="x")
    for _ in range(149):
        y = y.tanh()
    assert len(viz.steps(y)) == 2 * 150
    with pytest.raises(ValueError, match="at most 150 nodes"):
        viz.steps(y.tanh())


def test_a_result_in_a_group_leaves_room_beside_it() -> None:
    """Where the result stands in a folded group, its constants cost nothing: of three boxes one is for what is next to it."""
    y = ag.Value(1.0, label="x")
    for _ in range(5):
        y = y.tanh()
    with ag.group("g"):
        f = (y * 2).tanh() * 3
    graph = read(f, max_nodes=3)
    assert [node.fold.kind if node.fold else node.symbol for node in graph.nodes] == ["rest", "tanh", "group"]
    assert graph.left_out == 5


def test_max_nodes_is_kept_however_large() -> None:
    """Constants count toward max_nodes in a graph of tens of thousands of nodes as well."""
    y = ag.Value(1.0, label="x")
    for _ in range(20_001):
        y = ag.sin(y) * y + 1.0
    graph = read(y, max_nodes=30_000)
    assert len(graph.nodes) + graph.constant_count <= 30_000
    assert graph.left_out > 0


def test_a_parameter_stands_in_the_innermost_of_its_groups() -> None:
    """Where the names of several groups begin a parameter's label, it is framed with the longest of them."""
    w = ag.Value(2.0, label="net.a.w")
    with ag.group("net"):
        h = ag.Value(1.0, label="x") + 1
        with ag.group("net.a"):
            f = h * w
    assert [node.groups for node in read(f).nodes if node.label == "net.a.w"] == [("net", "net.a")]


def test_the_legend_explains_what_the_picture_has() -> None:
    """Below a net: what the width and the dashes of a weight mean, and |∇|; of a picture without them, nothing of the kind."""
    net = nn.MLP(2, [3, 1], seed=1)
    net.label_parameters()
    out: Any = net([ag.Value(0.5, label="x1"), ag.Value(-2.0, label="x2")])
    before = texts(viz.draw(out, collapse="layers.*.neurons.*").svg)
    assert any(line.startswith("a line is a weight: wide") for line in before)
    assert not any("|∇|" in line for line in before)  # no gradients yet
    out.backward()
    assert "|∇| is the norm of the gradients in a box" in texts(viz.draw(out, collapse="layers.*.neurons.*").svg)
    plain = texts(viz.draw(two_layers()).svg)
    assert not any(line.startswith(("a line is", "|∇|", "squares are")) for line in plain)
