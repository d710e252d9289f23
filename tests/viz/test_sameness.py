"""What is alike is drawn once: stacks, sums, chains and dense layers, and that nothing is lost or invented by them."""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Any

import pytest

import autograd as ag
import nn
import viz
from viz.graph.model import Graph, Node
from viz.graph.reading import read
from viz.graph.sameness import Shape, Stacks
from viz.scene.shapes import Heat

THOROUGH = bool(os.environ.get("GLASSGRAD_THOROUGH"))


def stands_for(node: Node) -> Collection[int]:
    """The places in the order of the whole graph of what a node stands for."""
    if node.fold is not None:
        return node.fold.members
    return (node.order,) if node.copies is None else node.copies.members


def check(root: Any, graph: Graph) -> None:
    """Each Value is in one node, each wire joins what uses what, and stacks hold the same operation with its true numbers."""
    order = ag.topological_order(root)
    at = {i: place for place, node in enumerate(graph.nodes) for i in stands_for(node)}
    assert sorted(at) == list(range(len(order)))
    assert sum(len(stands_for(node)) for node in graph.nodes) == len(order)
    index = {id(value): i for i, value in enumerate(order)}
    wires = {(at[index[id(parent)]], at[i]) for i, value in enumerate(order) for parent in value.parents}
    drawn = {(edge.tail, edge.head) for edge in graph.edges if edge.tail is not None and _kind(graph, edge.tail) != "constants"}
    assert {(tail, head) for tail, head in wires if tail != head} == drawn
    for node in graph.nodes:
        if node.copies is not None and node.fold is None:
            values = [order[i] for i in node.copies.members]
            assert len({value.op and value.op.name for value in values}) == 1
            numbers = sorted(value.data for value in values)
            assert node.copies.values == (numbers[0], numbers[(len(numbers) - 1) // 2], numbers[-1])
            slopes = sorted(value.grad for value in values)
            assert node.copies.gradients == (slopes[0], slopes[(len(slopes) - 1) // 2], slopes[-1])


def _kind(graph: Graph, place: int) -> str:
    fold = graph.nodes[place].fold
    return fold.kind if fold is not None else ""


def repeated(rng: random.Random) -> Any:
    """A random graph in which parts come back: some formulas of a few shared and some own inputs, and sums of them."""
    shared = [ag.Value(rng.uniform(0.5, 2)) for _ in range(rng.randint(1, 4))]
    functions: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a * b + 1,
        lambda a, b: (a - b).tanh() * a,
        lambda a, b: ag.maximum(a, b).sin(),
        lambda a, b: ag.dot([a, b, a], [b, b, 2.0]),
        lambda a, b: a * 2 + b * 3 + a * b,
    ]
    level: list[Any] = [ag.Value(rng.uniform(0.5, 2)) for _ in range(rng.randint(4, 9))]
    for _ in range(rng.randint(1, 3)):
        f, g = rng.choice(functions), rng.choice(functions)
        level = [(f if rng.random() < 0.8 else g)(a, rng.choice(rng.choice((shared, level)))) for a in level]
        if rng.random() < 0.5:  # sums of some of them, or of a single one
            level = [a - sum(level[1 : k % 4 + 1], a) * rng.choice(level) for k, a in enumerate(level)]
    result = ag.sum(level) if rng.random() < 0.5 else sum(level)
    result.backward()
    return result


@pytest.mark.parametrize("seed", range(600 if THOROUGH else 25))
def test_nothing_is_lost_or_invented(seed: int) -> None:
    """However little is drawn, each Value is somewhere, each wire is one of the graph, and all numbers of stacks are true."""
    root = repeated(random.Random(seed))
    size = len(ag.topological_order(root))
    for limit in (3, 8, 15, 30, size + 40):
        for page in (False, True):
            graph = read(root, max_nodes=limit, page=page)
            assert graph.size <= max(limit, 8)
            check(root, graph)


def test_a_batch_is_one_sample_on_a_stack() -> None:
    """Of twenty samples under one mean one is drawn, × 20; the weights that they share are drawn one by one."""
    rng = random.Random(0)
    w, b = ag.Value(0.5, label="w"), ag.Value(0.1, label="b")
    xs = [ag.Value(rng.uniform(-1, 1)) for _ in range(20)]
    loss = ag.mean([((w * x + b).tanh() - 1) ** 2 for x in xs])
    loss.backward()
    graph = read(loss, max_nodes=20)
    check(loss, graph)
    assert [node.label for node in graph.nodes if node.copies is None] == ["w", "b", ""]
    stacks = [node for node in graph.nodes if node.copies is not None]
    assert [node.symbol for node in stacks] == ["", "*", "+", "tanh", "-", "**"]
    assert {node.copies.count for node in stacks if node.copies} == {20}
    assert graph.stacked == 19 * 6
    picture = viz.draw(loss, max_nodes=20)
    shown = [text.content for text in picture.scene.texts]
    assert shown.count("× 20") == 6
    low, high = min(x.data for x in xs), max(x.data for x in xs)
    assert {f"{low:.4g}", f"{high:.4g}"} <= set(shown)
    told = picture.measured.cells[next(i for i, n in enumerate(graph.nodes) if n.copies)].words.title
    assert f", 20 alike: values from {low!r} to {high!r}, median " in told


@pytest.mark.parametrize("add", [sum, ag.sum], ids=["one after the other", "at once"])
def test_a_thousand_products_under_a_sum(add: Callable[[list[Any]], Any]) -> None:
    """A thousand products are a stack of factors, one of products, and one sum, whichever way they are added."""
    f = add([ag.Value(float(i)) * ag.Value(2.0) for i in range(1000)])
    f.backward()
    graph = read(f, max_nodes=60)
    check(f, graph)
    assert [node.copies and node.copies.count for node in graph.nodes] == [1000, 1000, 1000, None]
    _, _, products, total = graph.nodes
    assert products.copies is not None
    assert products.copies.values == (0.0, 998.0, 1998.0)
    assert {graph.edges[-1].count, graph.inputs[3][0].count} == {1000}
    if add is sum:
        assert total.fold is not None
        assert (total.fold.kind, total.fold.repeats, total.fold.steps) == ("sum", 1000, ("+",))
        assert total.value == f.data


def test_heads_that_read_the_same_are_a_stack() -> None:
    """Four heads of attention, each with weights of its own on the same inputs, are one head, × 4."""
    rng = random.Random(1)
    x = [ag.Value(rng.random(), label=f"x{i}") for i in range(2)]
    heads = []
    for _ in range(4):
        query, key = (ag.Value(rng.random()) for _ in range(2))
        heads.append((query * x[0]).exp() * (key * x[1]).tanh())
    f = ag.sum(heads)
    f.backward()
    graph = read(f, max_nodes=12)
    check(f, graph)
    assert sorted(node.copies.count for node in graph.nodes if node.copies) == [4] * 7
    assert {node.label for node in graph.nodes if node.copies is None} == {"x0", "x1", ""}


def test_sums_of_different_length_are_alike_in_the_last_resort() -> None:
    """Where nothing else helps, sums of three to twelve products are one sum on a stack, and nothing is left out."""
    f = ag.sum([sum(ag.Value(1.0) * ag.Value(2.0) for _ in range(k)).tanh() for k in range(3, 13)])
    f.backward()
    graph = read(f, max_nodes=12)
    check(f, graph)
    assert graph.left_out == 0
    assert [node.copies.count for node in graph.nodes if node.copies is not None] == [75, 75, 75, 10, 10]
    assert read(f, max_nodes=60).size > graph.size


def test_a_result_stays_by_itself() -> None:
    """Of several results each has its own node, also one in the middle of a sum, or one that is like others."""
    terms = [(ag.Value(float(k)) * 2).tanh() for k in range(30)]
    half = sum(terms[:15])
    whole = half + sum(terms[15:])
    roots = [whole, half, terms[4]]
    graph = read(roots, max_nodes=20)
    order = ag.topological_order(roots)
    for place, root in zip(graph.results, roots, strict=True):
        node = graph.nodes[place]
        assert node.value == root.data
        assert node.copies is None
        assert order[node.order] is root if node.fold is None else node.fold.kind == "sum"
    assert len(set(graph.results)) == 3


def test_a_stack_has_the_wires_of_all_its_copies() -> None:
    """Where one copy takes a sum and another a single term, the stack takes both, be it an operation or a row of additions."""

    def one(add: Callable[..., Any], takes: str) -> Any:
        terms = [ag.Value(1.5) * ag.Value(2.0) for _ in range(2)], [ag.Value(0.5).tanh() for _ in range(2)]
        summed = [
            several[0] + several[1] if letter in takes else several[0] for several, letter in zip(terms, "ab", strict=True)
        ]
        used_twice = ag.sin(summed[0]) * ag.cos(summed[1])  # so that they are no part of a row
        return (add(*summed) * used_twice).exp()

    lengths = iter(range(100))

    def row(a: Any, b: Any) -> Any:
        return sum([ag.Value(0.5).tanh() for _ in range(next(lengths) % 3)], a + b)

    for add in (lambda a, b: a - b, row):
        for takes in (["", "a", "b"], ["a", "b", "ab"], ["b", "a", ""], ["ab", "", "a"]):
            f = ag.sum([one(add, which) for which in takes])
            f.backward()
            graph = read(f, max_nodes=25)
            check(f, graph)
            assert graph.left_out == 0


def test_what_differs_is_not_alike() -> None:
    """Another operation, another order of the operands of a difference, or another group make another class."""
    x = [ag.Value(float(i)) for i in range(9)]
    parts = [x[0] - x[1].exp(), x[2] - x[3].exp(), x[4].exp() - x[5], ag.sin(x[6]) - x[7], x[8] * 2 - x[8]]
    order = ag.topological_order(ag.sum(parts))
    shape = Shape(order, [v.op for v in order], [v.parents for v in order], [()] * len(order))
    stacks = Stacks(shape)
    classes = [stacks.class_of(next(i for i, v in enumerate(order) if v is part)) for part in parts]
    assert classes[0] == classes[1]
    assert len(set(classes)) == 4
    with ag.group("a"):
        a = x[0] * 2
    order = ag.topological_order(ag.sum([a, x[1] * 2, x[2] * 2]))
    shape = Shape(order, [v.op for v in order], [v.parents for v in order], [v.groups for v in order])
    for grouped, count in ((True, 2), (False, 1)):
        stacks = Stacks(shape, grouped=grouped)
        assert len({stacks.class_of(i) for i, v in enumerate(order) if v.op is ag.multiply}) == count


def test_constants_of_a_stack_are_told_on_hover() -> None:
    """Where copies have other constants the chip is an ellipsis, and on hover the least, the median and the largest."""
    f = ag.sum([ag.Value(1.0) * float(k) - 7 for k in range(5)])
    picture = viz.draw(f, max_nodes=6)
    chips = {item.title for item in picture.scene.items if item.kind == "constant"}
    assert chips == {"constants from 0.0 to 4.0, median 2.0", "constant 7.0"}
    assert "…" in [text.content for text in picture.scene.texts]


def test_nan_comes_last() -> None:
    """Of a stack with a nan the largest number is nan, and the least and the median are as without it."""
    f = ag.sum([ag.Value(x) * 2 for x in (3.0, math.nan, 1.0, 2.0)])
    (leaf, *_) = read(f, max_nodes=4).nodes
    assert leaf.copies is not None
    assert leaf.copies.values[:2] == (1.0, 2.0)
    assert math.isnan(leaf.copies.values[2])


def functions_of_products(size: int) -> Any:
    """Some products, additions and functions."""
    rng = random.Random(size)
    level: list[Any] = [ag.Value(rng.random()) for _ in range(8)]
    rows = [[(a * w).tanh() + w for a in level] for w in (ag.Value(rng.random()) for _ in range(size))]
    return sum(a for row in rows for a in row)


def shares(size: int) -> Any:
    """The shares of several sums of exponentials, one of which has a single term."""
    rows = [[(ag.Value(1.0) * ag.Value(0.5)).exp() for _ in range(count)] for count in (1, 4 * size, 2 * size, 4 * size)]
    return ag.sum([(power / total).log() for row in rows for total in [sum(row[1:], row[0])] for power in row])


def lines_run(f: Any) -> int:
    """How many lines run to fold a graph."""
    count = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        read(f, max_nodes=12, page=True)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.skipif(sys.gettrace() is not None, reason="counts lines, as coverage does")
@pytest.mark.parametrize("make", [functions_of_products, shares])
def test_the_cost_is_linear(make: Callable[[int], Any]) -> None:
    """Twice as large a graph takes twice as many lines of Python to fold, within a tenth: counted, not timed."""
    counts = [lines_run(make(size)) for size in (20, 40, 80)]
    for smaller, larger in pairwise(counts):
        assert larger < 2.2 * smaller


# ---- chains ----------------------------------------------------------------------------------------


def chain(length: int, step: Callable[[Any], Any]) -> Any:
    """A function done again and again."""
    y: Any = ag.Value(0.5, label="x")
    for _ in range(length):
        y = step(y)
    y.backward()
    return y


def middle(root: Any) -> tuple[list[str], Any]:
    """The symbols of what is drawn of a chain, and the fold in its middle."""
    graph = read(root, max_nodes=40)
    check(root, graph)
    (fold,) = [node.fold for node in graph.nodes if node.fold is not None]
    return [node.symbol for node in graph.nodes], fold


def test_a_chain_is_its_ends_and_what_repeats() -> None:
    """Ten thousand steps are the first three, 9,994 times the step in words, and the last three; also of two operations."""
    w = ag.Value(1.01, label="w")
    cases: list[tuple[Callable[[Any], Any], int, tuple[str, ...]]] = [
        (lambda y: y.tanh(), 1, ("tanh",)),
        (lambda y: (y * 1.1).tanh(), 2, ("* 1.1", "tanh")),
        (lambda y: 2 - (y * w).sin(), 3, ("* w", "sin", "2 -")),
    ]
    for step, period, steps in cases:
        symbols, fold = middle(chain(10_000 // period, step))
        ends = 3 if period < 3 else 1
        assert fold.steps == steps
        assert fold.repeats == 10_000 // period - 2 * ends
        assert fold.count == period * fold.repeats
        assert len(symbols) == 1 + 2 * ends * period + 1 + ("* w" in steps)
    rng = random.Random(3)
    _, fold = middle(chain(100, lambda y: y * rng.random()))
    assert fold.steps == ("* …",)


def test_a_chain_without_a_period_counts_its_nodes() -> None:
    """Where nothing repeats the middle says how many nodes it has."""
    rng = random.Random(4)
    f = chain(90, lambda y: rng.choice((ag.tanh, ag.sin, ag.cos))(y))
    _, fold = middle(f)
    assert (fold.steps, fold.count) == ((), 84)
    assert "… 84 nodes …" in [text.content for text in viz.draw(f, max_nodes=40).scene.texts]


def test_a_chain_ends_where_something_else_uses_it() -> None:
    """A node that is used twice, or in another group, is no part of the middle of a chain."""
    y: Any = ag.Value(0.5)
    for _ in range(40):
        y = y.tanh()
    fork = y
    for _ in range(40):
        y = y.tanh()
    f = y * fork
    f.backward()
    graph = read(f, max_nodes=40)
    check(f, graph)
    assert [node.fold.count for node in graph.nodes if node.fold] == [34, 34]
    place = next(p for p, node in enumerate(graph.nodes) if node.value == fork.data and node.order >= 0)
    assert len(graph.uses[place]) == 2


def test_a_path_leads_into_a_chain() -> None:
    """A Value in the middle of a chain is the box of the middle, also as the start of a path."""
    y = ag.Value(0.5)
    inside = None
    for k in range(90):
        y = y.tanh()
        inside = y if k == 40 else inside
    graph = read(y, max_nodes=40, focus=inside)
    assert graph.focus is not None
    assert graph.nodes[graph.focus].fold is not None


# ---- dense layers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("expand", [False, True])
def test_a_dense_layer_is_a_tile(labelled: bool, expand: bool) -> None:
    """The layers of a net are two tiles, with all weights, row by row, and the results of the neurons."""
    model = nn.MLP(30, [16, 5], activation="tanh", seed=0, expand=expand)
    if labelled:
        model.label_parameters()
    rng = random.Random(2)
    x = [ag.Value(rng.uniform(-1, 1)) for _ in range(30)]
    scores: Any = model(x)
    loss = ag.logsumexp(scores) - scores[2]
    loss.backward()
    graph = viz.draw(loss).graph
    check(loss, graph)
    tiles = [node.fold for node in graph.nodes if node.fold is not None]
    assert [tile.kind for tile in tiles] == ["tile", "tile"]
    for tile, layer, inputs in zip(tiles, model.layers, (x, model.layers[0](x)), strict=True):
        assert tile.matrix is not None
        assert tile.matrix.weights == tuple([tuple([w.data for w in neuron.w]) for neuron in layer.neurons])
        assert tile.matrix.results == tuple([out.data for out in layer(inputs)])
    assert [tile.name for tile in tiles] == (["layers.0", "layers.1"] if labelled else ["", ""])
    assert [tile.steps for tile in tiles] == [("tanh",), ()]
    picture = viz.draw(loss)
    assert {"30 → 16 tanh", "16 → 5"} <= {text.content for text in picture.scene.texts}
    heats = [shape for item in picture.scene.items for shape in item.shapes if isinstance(shape, Heat)]
    assert len(heats) == 2 * (16 + 5)  # a row of weights and a result for each neuron
    first = tiles[0].matrix
    assert first is not None
    largest = max(abs(w) for row in first.weights for w in row)
    assert heats[0].levels == tuple([w / largest for w in first.weights[0]])
    assert heats[0].title.startswith(f"neuron 1: {first.results[0]!r}, weights {first.weights[0][0]!r}, ")
    assert heats[0].title in picture.svg


def test_the_sign_of_a_weight_is_seen_without_its_colour() -> None:
    """The square of a weight below 0 is lower than that of one above, and that of 0 isn't there."""
    row = Heat(0, 0, 30, 10, 0, "number", "", levels=(0.5, -0.5, 0.0))
    (plus, up), (minus, down) = row.cells()
    assert (plus, minus) == (4, -4)
    assert (up.fill, down.fill) == ("rose", "fell")
    assert down.height < up.height


def test_a_batch_through_a_layer_is_one_tile() -> None:
    """Twenty samples go through one matrix: the tile has each weight once, and says × 20."""
    model = nn.MLP(3, [8, 1], activation="relu", seed=0)
    rng = random.Random(5)
    outputs: list[Any] = [model([ag.Value(rng.random()) for _ in range(3)]) for _ in range(20)]
    loss = ag.mean([(out - 1) ** 2 for out in outputs])
    loss.backward()
    graph = viz.draw(loss).graph
    check(loss, graph)
    tiles = [node.fold for node in graph.nodes if node.fold is not None]
    assert [(tile.kind, tile.repeats) for tile in tiles] == [("tile", 20), ("tile", 20)]
    assert tiles[0].matrix is not None
    assert len(tiles[0].matrix.weights) == 8


def test_a_single_weighted_sum_of_inputs_is_no_layer() -> None:
    """A thousand products of leaves have no inputs and weights: they are a stack."""
    f = ag.dot([ag.Value(1.0) for _ in range(100)], [ag.Value(2.0) for _ in range(100)])
    assert all(node.fold is None for node in viz.draw(f).graph.nodes)
