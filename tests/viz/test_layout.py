"""Where everything stands: constants on their gates, nothing over anything else, in every style and direction."""

from __future__ import annotations

import itertools
import json
import os
import random
from typing import Any

import pytest

import autograd as ag
import nn
import viz
from viz.layout.look import DIRECTIONS, STYLES
from viz.layout.places import _read
from viz.scene.fit import fitting, shown
from viz.scene.rows import cut_wires
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
            own = item.data.get("node") in ends or (item.kind == "edge local" and item.title == edge.title)
            if item.kind != "edge" and not own:
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
    for seed in range(60 if THOROUGH else 2):
        root = wild(seed, 4 + seed % 9)
        for precision in (4, 17):
            look: dict[str, Any] = {"style": style, "direction": direction, "precision": precision, "max_nodes": 1000}
            check_apart(viz.draw(root, **look).scene)
            check_apart(viz.draw(root, local_gradients=True, **look).scene)


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


@pytest.mark.graphviz
def test_the_sigmoid_circuit_with_local_gradients_is_narrow() -> None:
    """Local gradients make the sigmoid circuit hardly wider: at most 1,300 points, where formulas on the wires took 2,462."""
    w0, x0, w1, x1, w2 = [ag.Value(v, label=k) for k, v in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items()]
    f = 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())
    f.backward()
    drawing = viz.draw(f, local_gradients=True)
    assert drawing.scene.width <= 1300
    assert drawing.scene.width <= viz.draw(f).scene.width + 20


@pytest.mark.graphviz
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_local_gradient_is_on_its_wire(style: str, direction: str) -> None:
    """Each edge has its own, as "× 2", on its line; hovering over it or the wire tells the formula and what flows back."""
    x, y = ag.Value(3.0, label="x"), ag.Value(-4.0, label="y")
    f = (x * y + x).exp() * 0.5
    f.backward()
    scene = viz.draw(f, style=style, direction=direction, local_gradients=True, precision=3).scene
    items = {item.name: item for item in scene.items}
    said = {name: item.shapes[1].content for name, item in items.items() if item.kind == "edge local"}  # type: ignore[union-attr]
    assert said == {"l0": "× -4", "l1": "× 3", "l2": "× 1", "l3": "× 1", "l4": "× 0.000123", "l5": "× 0.5"}
    edge, local = items["e0"], items["l0"]
    assert edge.title == local.title
    assert edge.title.splitlines()[1:] == ["d(x * y)/dx = y = -4", "∇ 6.17e-05 × -4 = -0.000247"]
    for number in range(6):
        curve, chip = items[f"e{number}"].shapes[0], box_of(items[f"l{number}"].shapes[0])
        assert isinstance(curve, Curve)
        wires = [curve, *[shape for shape in items[f"n{items[f'e{number}'].data['from']}"].shapes if isinstance(shape, Curve)]]
        points = [point for wire in wires for point in on_curve([*wire.points, *[wire.tip or wire.points[-1]] * 3])]
        centre = (chip[0] + chip[2]) / 2, (chip[1] + chip[3]) / 2
        assert min((p[0] - centre[0]) ** 2 + (p[1] - centre[1]) ** 2 for p in points) ** 0.5 < (chip[2] - chip[0]) / 2 + 2
        assert min(abs(p[0] - centre[0]) for p in points if abs(p[1] - centre[1]) < 9) < 40


def neuron(count: int = 2) -> Any:
    """A sigmoid neuron in elementary gates."""
    total: Any = ag.Value(-3.0, label="b")
    for k in range(count):
        total = ag.Value(k - 2.0, label=f"w{k}") * ag.Value(-1.0, label=f"x{k}") + total
    f = 1 / (1 + (-total).exp())
    f.backward()
    return f


@pytest.mark.graphviz
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("width", [390, 600, 850, 1300])
def test_a_width_is_kept(style: str, width: int) -> None:
    """With `width=` the sigmoid neuron fits that many pixels with type of 10 or more, on a phone of 11; all is there."""
    whole = viz.draw(neuron(), style=style).scene
    drawing = viz.draw(neuron(), style=style, width=width)
    scene, scale = drawing.scene, shown(drawing.scene, width)
    assert scene.width * scale <= width or (
        width < 480 and scene.items == viz.draw(neuron(), style=style, direction="TB").scene.items
    )
    assert min(text.size for text in scene.texts) * scale >= (11 if width < 480 else 10)
    assert f'width="{round(scene.width * scale, 2):g}"' in drawing.svg
    legend = {text.content for item in whole.items if item.kind == "legend" for text in item.shapes if isinstance(text, Text)}
    assert {text.content for text in whole.texts} - legend <= {text.content for text in scene.texts}
    if not cut_wires(scene):
        check_apart(scene)


@pytest.mark.graphviz
def test_when_a_picture_turns_and_when_it_is_cut() -> None:
    """What fits stays; what fits turned is turned unless its direction was asked for; a chain goes on in rows."""
    lecture = (ag.Value(1.0, label="x") + ag.Value(2.0, label="y")) * ag.Value(3.0, label="z")
    assert viz.draw(lecture, width=850).svg == viz.draw(lecture).svg
    down = viz.draw(neuron(), direction="TB").scene
    assert viz.draw(neuron(), width=850).scene.items == down.items
    assert len(cut_wires(viz.draw(neuron(), direction="LR", width=850).scene)) == 1
    chain: Any = ag.Value(0.5, label="x")
    for _ in range(15):
        chain = (chain * 1.5).tanh()
    rows = viz.draw(chain, max_nodes=100, width=850)
    assert cut_wires(rows.scene) == [1, 1, 1, 1]
    assert rows.scene.width * shown(rows.scene, 850) <= 850
    assert rows.scene.height <= 900
    html = rows.interactive().html
    assert "data:image/svg+xml" in html
    for width in (199, 10_001, True, 850.0):
        with pytest.raises(ValueError, match=r"width=.* must be a whole number from 200 to 10000"):
            viz.draw(chain, width=width)  # type: ignore[arg-type]


def test_what_is_nearest_to_fitting() -> None:
    """Where nothing fits, the narrowest is taken and shown smaller, down to six tenths, or as it is on a phone."""
    scene, other = Scene(3000, 100, "light", []), Scene(1200, 5000, "light", [])
    scene.items = other.items = [Item("n0", "node", [Rect(0, 0, 3000, 100, 4, "leaf")])]
    assert fitting(scene, lambda: None, 850) is scene
    assert fitting(scene, lambda: other, 850) is other
    assert fitting(other, lambda: scene, 850) is other
    assert (shown(scene, 850), shown(other, 850), shown(Scene(500, 1, "light", []), 850)) == (0.6, 850 / 1200, 1.0)
    assert (shown(scene, 390), shown(Scene(300, 1, "light", []), 390)) == (1.0, 1.0)


@pytest.mark.parametrize(("wires", "cut"), [(8, [8]), (9, [])])
def test_rows_that_cut_many_wires_are_not_taken(wires: int, cut: list[int]) -> None:
    """Where more than eight wires would be cut at the end of a row, the picture stays whole: letters can't be followed then."""
    boxes = [Item(f"n{k}", "node", [Rect(20 + 180 * k, 20, 100, 260, 4, "leaf")]) for k in range(2)]
    edges = [
        Item(f"e{k}", "edge", [Curve(((120, y), (140, y), (160, y), (190, y)), tip=(200, y))])
        for k, y in enumerate(range(30, 30 + 20 * wires, 20))
    ]
    scene = Scene(330, 300, "light", [*edges, *boxes])
    assert cut_wires(fitting(scene, lambda: None, 220)) == cut


def net(sizes: list[int], *, loss: bool = False) -> Any:
    """The result of a small net with labels, or a loss of it."""
    model = nn.MLP(sizes[0], sizes[1:], activation="tanh", seed=1)
    model.label_parameters()
    out: Any = model([ag.Value(k - 0.5, label=f"x{k}") for k in range(sizes[0])])
    result = ((out - ag.Value(0.5, label="y")) ** 2).exp() if loss else out
    result.backward()
    return result


def frames(scene: Scene) -> dict[str, Box]:
    """The frames of the groups, by their whole names."""
    return {item.title: box_of(item.shapes[0]) for item in scene.items if item.kind == "group"}


@pytest.mark.graphviz
@pytest.mark.parametrize(
    ("style", "direction", "loss"),
    [("circuit", "LR", False), ("circuit", "TB", True), ("boxes", "RL", True), ("boxes", "BT", False)],
)
def test_layers_are_columns_of_equal_height(style: str, direction: str, loss: bool) -> None:
    """A net with its neurons expanded: layers side by side, as high as one another, neurons in order, nothing over anything."""
    drawing = viz.draw(net([2, 3, 3, 1], loss=loss), style=style, direction=direction, max_nodes=200)
    scene = drawing.scene
    check_apart(scene)
    across = 1 if direction in ("LR", "RL") else 0
    along = 1 - across
    sign = -1 if direction in ("RL", "BT") else 1
    found = frames(scene)
    layers = [found[f"group layers.{k}"] for k in range(3)]
    assert len({(layer[across], layer[across + 2]) for layer in layers}) == 1
    for first, second in itertools.pairwise(layers[::sign]):
        assert first[along + 2] + 40 <= second[along]
    for k, count in ((0, 3), (1, 3), (2, 1)):
        neurons = [found[f"group layers.{k} / layers.{k}.neurons.{j}"] for j in range(count)]
        for first, second in itertools.pairwise(neurons):
            assert first[across + 2] < second[across]
        assert len({(neuron[along], neuron[along + 2]) for neuron in neurons}) == 1
        for neuron in neurons:
            assert all(layers[k][side] <= neuron[side] for side in (0, 1))
            assert all(layers[k][side] >= neuron[side] for side in (2, 3))
    names = {item.name for item in scene.items}
    assert {f"n{place}" for place in range(len(drawing.graph.nodes))} <= names
    assert {f"e{k}" for k, edge in enumerate(drawing.graph.edges) if edge.tail is not None} <= names


@pytest.mark.graphviz
def test_wires_between_layers_can_be_told_apart() -> None:
    """Of MLP(2, [4, 4, 1]) no two wires to one neuron arrive within ten points, and none runs on another one."""
    drawing = viz.draw(net([2, 4, 4, 1]), max_nodes=200)
    scene = drawing.scene
    left = {path: box for path, box in frames(scene).items() if "/" in path}
    wires = []
    for item in scene.items:
        if item.kind == "edge":
            tail, head = (drawing.graph.nodes[int(item.data[end])].groups for end in ("from", "to"))
            if tail != head and head:
                curve = item.shapes[0]
                assert isinstance(curve, Curve)
                wires.append((left[f"group {' / '.join(head)}"], item.data["from"], on_curve(curve.points)))
    assert len(wires) == 8 + 16 + 4
    for (frame, tail, points), (other, second, more) in itertools.combinations(wires, 2):
        if frame == other and tail != second:
            heights = [min(wire, key=lambda p, at=frame[0]: abs(p[0] - at))[1] for wire in (points, more)]
            assert abs(heights[0] - heights[1]) >= 10
        if tail != second:
            near = sum(any(abs(x - u) < 2 and abs(y - v) < 2 for u, v in more) for x, y in points)
            assert near <= 3, (tail, second)  # where they cross
    assert scene.height < 1600


@pytest.mark.graphviz
@pytest.mark.parametrize("direction", ["LR", "BT"])
def test_groups_in_a_group_and_wires_that_skip_a_layer(direction: str) -> None:
    """A net in a group of its own is laid out in columns too; where a wire skips a layer, Graphviz lays out all of it."""
    x = ag.Value(2.0, label="x")

    def layer(name: str, inputs: list[Any]) -> list[Any]:
        found = []
        with ag.group(name):
            for k in range(2):
                with ag.group(f"{name}.{k}"):
                    weights = [ag.Value(0.5 * j + k, label=f"{name}.{k}.w{j}") for j in range(len(inputs))]
                    found.append(ag.dot(weights, inputs).tanh())
        return found

    for skips in (False, True):
        with ag.group("net"):
            first = layer("net.a", [x])
            second = layer("net.b", [*first, x] if skips else first)
        scene = viz.draw(second[0] * second[1] + 1, direction=direction, max_nodes=200).scene
        found = frames(scene)
        one, two, whole = found["group net / net.a"], found["group net / net.b"], found["group net"]
        across = 1 if direction in ("LR", "RL") else 0
        assert ((one[across], one[across + 2]) == (two[across], two[across + 2])) != skips
        assert all(whole[side] <= min(one[side], two[side]) for side in (0, 1))
        assert all(whole[side] >= max(one[side], two[side]) for side in (2, 3))
        check_apart(scene)


@pytest.mark.graphviz
def test_lines_below_a_narrow_picture_are_broken() -> None:
    """A long remark doesn't make a narrow picture wide: it goes on in further lines, between words."""
    x = ag.Value(2.0, label="x")
    f = x.exp()
    x.data = 3.0
    scene = viz.draw(f, direction="TB").scene
    lines = [text.content for item in scene.items if item.kind == "legend" for text in item.shapes if isinstance(text, Text)]
    assert " ".join(lines).endswith("x was changed after the result was computed; compute it again")
    assert len(lines) > 2
    assert scene.width <= 390
    check_apart(scene)


@pytest.mark.graphviz
def test_a_wire_that_would_run_through_a_cell_of_its_neuron() -> None:
    """Where a neuron hands on a number that it goes on computing with, no wire runs through what follows: Graphviz does all."""
    x = ag.Value(0.5, label="x")
    given: list[Any] = []
    with ag.group("a"):
        for k in range(2):
            with ag.group(f"a.{k}"):
                h = (x * ag.Value(k + 1.0, label=f"a.{k}.w")).tanh()
                given += [h, h.exp()]
    with ag.group("b"), ag.group("b.0"):
        f = ag.dot([ag.Value(1.0, label=f"b.0.w{k}") for k in range(4)], given).tanh()
    scene = viz.draw(f, max_nodes=200).scene
    check_apart(scene)
    found = frames(scene)
    assert found["group a"][3] - found["group a"][1] != found["group b"][3] - found["group b"][1]


def test_a_wire_to_a_rank_before_is_read_from_its_tail() -> None:
    """Graphviz writes some wires from their heads, with the tip first ("s,"); they are read as any other, from tail to tip."""
    forward, backward = "e,90,20 10,20 30,40 60,40 85,20", "s,90,20 85,20 60,40 30,40 10,20"
    edges = [{"id": f"e{k}", "pos": pos} for k, pos in enumerate((forward, backward))]
    layout = _read(json.dumps({"bb": "0,0,100,50", "edges": edges}).encode())
    assert layout.edges[0] == layout.edges[1]
    assert layout.edges[0][0][0][0] < layout.edges[0][1][0]
