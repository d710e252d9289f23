"""Boxes that were joined, where stacks and layers are too many for a page: the whole graph is shown, at a coarser grain."""

from __future__ import annotations

import random
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import goal
import pytest
import test_sameness as sameness

import autograd as ag
import viz
from viz.graph.folding import DEFAULT
from viz.graph.model import Graph
from viz.graph.opening import read_open
from viz.graph.parts import parts
from viz.graph.reading import read
from viz.graph.sentences import repeated


@cache
def gpt() -> Any:
    """The GPT of the goal on three letters."""
    result = goal.gpt(3, width=6, heads=3, letter_count=5)  # a small one, so that the tests are quick
    result.backward()
    return result


@cache
def whole() -> Graph:
    """All of it on stacks, with nothing joined."""
    return read(gpt(), max_nodes=60)


def steps(graph: Graph) -> list[str]:
    """What all parts say."""
    return [step for node in graph.nodes if node.fold is not None and node.fold.kind == "part" for step in node.fold.steps]


def test_a_gpt_is_shown_from_the_letters_to_the_loss() -> None:
    """Its default picture has no box of what was left out: each Value is in a box, each matrix has its name in the picture."""
    graph = read(gpt(), max_nodes=DEFAULT, page=True)
    sameness.check(gpt(), graph)
    assert graph.left_out == 0
    assert all(node.fold is None or node.fold.kind != "rest" for node in graph.nodes)
    names = {*steps(graph), *[node.label.split(".")[0] for node in graph.nodes]}
    names |= {node.fold.name for node in graph.nodes if node.fold is not None}
    assert {"letters", "places", "query", "key", "value", "seen", "wide", "narrow", "scores", "loss"} <= names
    copies = {node.copies.count for node in graph.nodes if node.copies is not None}
    assert 3 * (1 + 2 + 3) in copies  # what each head asks of each letter up to its own


def test_the_first_letter_is_like_the_others() -> None:
    """It looks back at itself alone, so that its sums have one term and are none: all letters are one stack all the same.

    Heads are on stacks: each letter but the first has a sum of exponentials for each of three heads.
    """
    graph = whole()
    sameness.check(gpt(), graph)
    sums = {node.copies.count: node.fold for node in graph.nodes if node.fold is not None and node.copies is not None}
    assert sums[3 * 2].kind == "sum"
    assert (sums[3 * 2].shortest, sums[3 * 2].repeats) == (1, 2)
    assert repeated(sums[3 * 2]) == "1 … 2 × (+)"


def test_a_stack_says_how_many_are_in_each_copy() -> None:
    """Three heads for each of two letters are ``× 2 × 3``; what several letters use has no such number, and says all."""
    found = {node.copies.count: node.copies for node in whole().nodes if node.copies is not None}
    assert (found[2 * 3].times, found[2 * 3].each) == ("× 2 × 3", 3)
    assert found[3].times == "× 3"
    order = ag.topological_order(gpt())
    losses = [i for i, value in enumerate(order) if value.op is not None and value.op.symbol == "neg"]
    for copies in found.values():
        within = [len({id(order[i]) for i in copies.members} & {*map(id, ag.topological_order(order[k]))}) for k in losses]
        if copies.each > 1:  # a letter has its own, and those of none before it
            assert set(within) <= {0, copies.each}
    words = [line for cell in viz.draw(gpt(), max_nodes=60).measured.cells for line in cell.words.lines]
    assert "× 2 × 3" in words


def test_a_layer_with_a_way_around_it_is_a_tile() -> None:
    """What is added to the result of a layer is no part of it, and layers of other names are not one."""
    tiles = [node for node in whole().nodes if node.fold is not None and node.fold.kind == "tile"]
    shapes = {node.fold.name: node.fold.matrix for node in tiles if node.fold is not None}
    assert set(shapes) == {"query", "key", "value", "seen", "wide", "narrow", "scores"}
    assert {name: (len(m.weights), m.inputs) for name, m in shapes.items() if m is not None and name != "key"} == {
        "query": (6, 6), "value": (6, 6), "seen": (6, 6), "wide": (24, 6), "narrow": (6, 24), "scores": (5, 6),
    }  # fmt: skip


def test_parts_open() -> None:
    """With one part opened, or all at once, the picture has what was in them, and nothing is lost."""
    closed = read(gpt(), max_nodes=DEFAULT, page=True)
    place = next(p for p, node in enumerate(closed.nodes) if node.fold is not None and "query" in node.fold.steps)
    one = read(gpt(), max_nodes=DEFAULT, page=True, opened=closed.openable[place])
    sameness.check(gpt(), one)
    assert any(node.fold is not None and node.fold.name == "query" for node in one.nodes)
    assert len(one.nodes) > len(closed.nodes)
    opened, _ = read_open(gpt(), "part", max_nodes=DEFAULT, page=True)
    sameness.check(gpt(), opened)
    assert not steps(opened)
    assert len(opened.nodes) > len(one.nodes)


@pytest.mark.parametrize("seed", range(20))
def test_joining_keeps_the_order(seed: int) -> None:
    """Parts of a graph don't overlap, have one outlet, and make no cycle; one box more is joined each time."""
    rng = random.Random(seed)
    below = {k: sorted(rng.sample(range(k), min(k, rng.randint(0, 3)))) for k in range(60)}
    weights = {k: float(rng.randint(1, 3)) for k in below if rng.random() < 0.9}
    for joined, found in enumerate(parts(below, weights, dict.fromkeys(below, 1)), 1):
        into = {key: outlet for outlet, several in found.items() for key in several}
        assert len(into) == sum(map(len, found.values()))
        assert len(into) - len(found) == joined
        assert set(into) <= set(weights)
        wires = {(into.get(o, o), into.get(k, k), o) for k, several in below.items() for o in several}
        assert all(o == tail for tail, head, o in wires if tail != head)
        graph: dict[int, set[int]] = {}
        for tail, head, _ in wires:
            if tail != head:
                graph.setdefault(head, set()).add(tail)
        list(TopologicalSorter(graph).static_order())


def test_a_graph_without_a_pattern_is_still_cut_off() -> None:
    """Where nothing can be joined any more, and it is too much for a page, what is far from the result is one box."""
    rng = random.Random(0)
    level: list[Any] = [ag.Value(rng.random()) for _ in range(40)]
    for k in range(120):
        level.append(rng.choice((ag.maximum, ag.minimum, ag.hypot))(level[k], rng.choice(level)))
    f = ag.sum(level[-40:])
    graph = read(f, max_nodes=DEFAULT, page=True)
    sameness.check(f, graph)
    assert graph.left_out > 0
