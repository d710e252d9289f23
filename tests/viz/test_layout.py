"""Where everything stands: constants on their gates, nothing over anything else, in every style and direction."""

from __future__ import annotations

import itertools
import os
import random
from typing import Any

import pytest

import autograd as ag
import viz
from viz.layout.look import DIRECTIONS, STYLES
from viz.scene.shapes import Circle, Curve, Item, Rect, Scene, Shape, Text, on_curve

THOROUGH = bool(os.environ.get("GLASSGRAD_THOROUGH"))
Box = tuple[float, float, float, float]


def box_of(shape: Shape) -> Box:
    """Left, top, right and bottom."""
    if isinstance(shape, Text):
        left, _, right, _ = shape.box
        return left, shape.y - 0.44 * shape.size, right, shape.y + 0.54 * shape.size
    if isinstance(shape, Circle):
        return shape.x - shape.radius, shape.y - shape.radius, shape.x + shape.radius, shape.y + shape.radius
    if isinstance(shape, Rect):
        return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    xs, ys = zip(*shape.points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def overlap(a: Box, b: Box, least: float = 0.5) -> bool:
    """Whether two boxes have more in common than half a point, which is what Graphviz rounds."""
    return min(a[2], b[2]) - max(a[0], b[0]) > least and min(a[3], b[3]) - max(a[1], b[1]) > least


def bodies(scene: Scene) -> list[tuple[Item, Box]]:
    """What nothing may lie over: gates and boxes, words, constants, and words on edges; each with its item."""
    found = []
    for item in scene.items:
        if item.kind.split()[0] in ("node", "constant", "edge"):
            found += [(item, box_of(shape)) for shape in item.shapes if isinstance(shape, Text)]
            large = [
                shape for shape in item.shapes if isinstance(shape, (Rect, Circle)) and box_of(shape)[2] - box_of(shape)[0] > 10
            ]
            found += [(item, box_of(shape)) for shape in large]
    return found


def check_apart(scene: Scene) -> None:
    """Nothing lies over anything else or is cut off; no wire runs through a constant, or a gate where it doesn't end."""
    solid = bodies(scene)
    for item, box in solid:
        assert box[0] >= 0, item
        assert box[1] >= 0, item
        assert box[2] <= scene.width, item
        assert box[3] <= scene.height, item
    for (a, box), (b, other) in itertools.combinations(solid, 2):
        if a is not b:
            assert not overlap(box, other), (a, b)
    for edge in [item for item in scene.items if item.kind == "edge"]:
        points = [point for shape in edge.shapes if isinstance(shape, Curve) for point in on_curve(shape.points)]
        for item, box in solid:
            ends = (edge.data["from"], edge.data["to"])
            if item.kind != "edge" and item.data.get("node") not in ends:
                inside = [p for p in points if box[0] + 1 < p[0] < box[2] - 1 and box[1] + 1 < p[1] < box[3] - 1]
                assert not inside, (edge, item)


def chips(scene: Scene) -> dict[str, list[tuple[str, Box]]]:
    """The constants and their frames, by the node that they sit on."""
    found: dict[str, list[tuple[str, Box]]] = {}
    for item in scene.items:
        if item.kind == "constant":
            rect, text = item.shapes
            assert isinstance(text, Text)
            found.setdefault(item.data["to"], []).append((text.content, box_of(rect)))
    return found


def gate(scene: Scene, place: int) -> Box:
    """The gate of a node, or its box."""
    item = next(item for item in scene.items if item.data.get("node") == str(place))
    shapes = [box_of(shape) for shape in item.shapes if isinstance(shape, (Rect, Circle))]
    return max(shapes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))


def wild(seed: int, size: int) -> Any:
    """A graph of operations of any width, with constants and numbers of any length."""
    pick = random.Random(seed)

    def number() -> float:
        return pick.choice([1.0, 2.0, -0.5, 10.0, 1 / 3, -1 / 7, 1e-9, -1.5e300, 12345.678, float(pick.randrange(100))])

    values: list[Any] = [ag.Value(number(), label=pick.choice(["", "x", "a longer name", "값"])) for _ in range(2)]
    for _ in range(size):
        one, two = pick.choice(values[-4:]), pick.choice([*values[-3:], number(), number()])
        more = [
            pick.choice([*values[-3:], number(), number()])
            for _ in range(pick.choice([2, 3, 5, 30 if pick.random() < 0.1 else 2]))
        ]
        kind = pick.randrange(8)
        if kind < 4:
            made = (one + two, two - one, one * two, ag.maximum(two, one))[kind]
        else:
            made = (one.tanh(), ag.sum([one, *more]), ag.sum([*more, one]), ag.sum([one, two, *more]) * two)[kind - 4]
        if pick.random() < 0.2:
            made.label = pick.choice(["f", "an inner node", "名"])
        values.append(made)
    root = ag.sum(values[-3:])
    root.backward()
    return root


@pytest.mark.graphviz
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_nothing_lies_over_anything_else(style: str, direction: str) -> None:
    """On random graphs with long numbers and many constants: no word, gate or constant over another, no wire through one."""
    for seed in range(200 if THOROUGH else 3):
        root = wild(seed, 4 + seed % 9)
        for precision in (4, 17):
            check_apart(viz.draw(root, style=style, direction=direction, precision=precision, max_nodes=1000).scene)


@pytest.mark.graphviz
@pytest.mark.parametrize("style", STYLES)
def test_a_constant_sits_on_its_gate(style: str) -> None:
    """The first of two operands is above the gate and the second below it, or left and right; no edge comes from a constant."""
    x = ag.Value(3.0, label="x")
    f = 1 / (x * 2.5)
    for direction in DIRECTIONS:
        scene = viz.draw(f, style=style, direction=direction).scene
        assert [item.name for item in scene.items if item.kind == "edge"] == ["e0", "e3"]
        found = chips(scene)
        assert {place: [words for words, _ in there] for place, there in found.items()} == {"1": ["2.5"], "2": ["1"]}
        across = 1 if direction in ("LR", "RL") else 0
        for place, side in ((1, 1), (2, -1)):
            box, on = found[str(place)][0][1], gate(scene, place)
            between = box[across] - on[across + 2] if side > 0 else on[across] - box[across + 2]
            assert 0 <= between <= 3, direction
            assert min(box[3 - across], on[3 - across]) > max(box[1 - across], on[1 - across])


@pytest.mark.graphviz
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_constants_add_no_rank_and_no_stairs(style: str, direction: str) -> None:
    """A chain of products with constants is a straight line, no longer than one of as many functions of that length."""
    y, z = ag.Value(0.5, label="x"), ag.Value(0.5, label="x")
    for _ in range(6):
        y, z = y * 1.5, z.abs()
    across = 1 if direction in ("LR", "RL") else 0
    scenes = [viz.draw(root, style=style, direction=direction, precision=2).scene for root in (y, z)]
    middles = [(box[across] + box[across + 2]) / 2 for box in (gate(scenes[0], place) for place in range(1, 7))]
    assert max(middles) - min(middles) <= 1
    lengths = [scene.width if across else scene.height for scene in scenes]
    assert lengths[0] <= lengths[1] * 1.05


def test_hundreds_of_constants_on_one_gate() -> None:
    """They stand in rows beside it, in the order of the operands, each once."""
    x = ag.Value(1.0, label="x")
    for direction in DIRECTIONS:
        scene = viz.draw(ag.sum([*map(float, range(24)), x]), direction=direction).scene
        assert [words for words, _ in chips(scene)["1"]] == [str(k) for k in range(24)]
        assert scene.width < 420
        assert scene.height < 280
