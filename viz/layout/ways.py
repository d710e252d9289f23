"""Paths along the wires of a picture: lines side by side, each with a colour, dashes and a number of its own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from ..scene.shapes import Circle, Curve, Item, Point, Scene, Shape, Text

__all__ = ["DASHES", "Way", "with_bare_wires", "with_ways"]

DASHES = ("", "8 4", "2 3", "11 3 2 3", "5 2", "14 3 5 3")  # as many as there are colours path1, path2, ... in a theme
GAP = 3.6  # from one line to the next, where several paths share a wire
BESIDE = 11.0  # what all of them take at most where numbers stand beside the wire
WIDTH = 2.4
BADGE = 7.5


@dataclass(frozen=True)
class Way:
    """One path.

    Attributes:
        nodes: the places of what it goes through.
        slots: for each step, which operand of the next node it arrives at.
        title: what is told on hover.
    """

    nodes: tuple[int, ...]
    slots: tuple[int, ...]
    title: str

    @property
    def steps(self) -> list[tuple[int, int]]:
        """The edges: each as the node that it arrives at, and the operand there."""
        return list(zip(self.nodes[1:], self.slots, strict=True))


def with_ways(scene: Scene, ways: Sequence[Way], *, horizontal: bool) -> list[Item]:
    """The paths as items of a picture, at most as many as there are `DASHES`.

    Args:
        scene: the picture.
        ways: the paths in it.
        horizontal: whether it goes from side to side.
    """
    edges, wires = _curves(scene)
    shared: dict[Hashable, list[int]] = {}
    for k, way in enumerate(ways):
        for key in (*way.nodes, *way.steps):
            shared.setdefault(key, []).append(k)

    def shift(k: int, key: Hashable) -> float:
        lanes = shared[key]
        gap = min(GAP, BESIDE / len(lanes)) if isinstance(key, int) else GAP
        return (lanes.index(k) - (len(lanes) - 1) / 2) * gap

    items = []
    taken: dict[tuple[int, int], int] = {}
    for k, way in enumerate(ways):
        colour, dash = f"path{k + 1}", DASHES[k]
        shapes: list[Shape] = []
        for tail, step in zip(way.nodes, way.steps, strict=False):
            if tail in wires:
                across, width = shift(k, tail), min(WIDTH, BESIDE / len(shared[tail]))
                shapes.append(replace(_shifted(wires[tail], across, across, horizontal, colour, dash), width=width))
            shapes.append(_shifted(edges[step], shift(k, tail), shift(k, step), horizontal, colour, dash))
        if way.steps:
            own = min(way.steps, key=lambda step: (len(shared[step]), taken.get(step, 0)))
            taken[own] = taken.get(own, 0) + 1
            line = _shifted(edges[own], shift(k, way.nodes[way.steps.index(own)]), shift(k, own), horizontal, colour, dash)
            x, y = _point_on(line.points, (0.5, 0.2, 0.8)[(taken[own] - 1) % 3])
            shapes += [Circle(x, y, BADGE, colour, "ground"), Text(str(k + 1), x, y, 10, "ground", bold=True)]
        edges_of = " ".join([f"{head}.{slot}" for head, slot in way.steps])
        data = {"way": str(k), "nodes": " ".join(map(str, way.nodes[:-1])), "edges": edges_of}
        items.append(Item("", "way", shapes, way.title, data))
    return items


def with_bare_wires(items: Sequence[Item], ways: Sequence[Way]) -> list[Item]:
    """The items of a picture as paths are drawn on them.

    The wires that leave nodes become items of their own, below everything, and those that paths go along have the colour of the
    ground: only the paths are seen.
    """
    nodes = {str(place) for way in ways for place in way.nodes[:-1]}
    edges = {(str(head), str(slot)) for way in ways for head, slot in way.steps}
    wires: list[Item] = []
    others: list[Item] = []
    for item in items:
        curves = [shape for shape in item.shapes if isinstance(shape, Curve)]
        place = item.data.get("node")
        if place is not None and curves:
            shapes = [replace(curve, colour="ground") for curve in curves] if place in nodes else curves
            wires.append(Item("", "wire", [*shapes], "", {"wire": place}, item.faded))
            item = replace(item, shapes=[shape for shape in item.shapes if not isinstance(shape, Curve)])
        elif (item.data.get("to"), item.data.get("operand")) in edges:
            item = replace(item, shapes=[replace(s, colour="ground") if isinstance(s, Curve) else s for s in item.shapes])
        others.append(item)
    return [*wires, *others]


def _curves(scene: Scene) -> tuple[dict[tuple[int, int], Curve], dict[int, Curve]]:
    """The curves of the edges, by the node and the operand where they arrive, and of the wires that leave the nodes."""
    edges: dict[tuple[int, int], Curve] = {}
    wires: dict[int, Curve] = {}
    for item in scene.items:
        curve = next((shape for shape in item.shapes if isinstance(shape, Curve)), None)
        if curve is not None and "operand" in item.data:
            edges[int(item.data["to"]), int(item.data["operand"])] = curve
        elif curve is not None and "node" in item.data:
            wires[int(item.data["node"])] = curve
    return edges, wires


def _shifted(curve: Curve, start: float, end: float, horizontal: bool, colour: str, dash: str) -> Curve:
    """A curve beside another one, by ``start`` where it begins and by ``end`` where it ends."""
    count = len(curve.points) - 1
    points = [_aside(point, start + (end - start) * i / count, horizontal) for i, point in enumerate(curve.points)]
    tip = None if curve.tip is None else _aside(curve.tip, end, horizontal)
    return Curve(tuple(points), colour, WIDTH, dash, tip)


def _aside(point: Point, across: float, horizontal: bool) -> Point:
    return (point[0], point[1] + across) if horizontal else (point[0] + across, point[1])


def _point_on(points: Sequence[Point], share: float) -> Point:
    """The point of a curve after a share of its pieces."""
    pieces = (len(points) - 1) // 3
    k = min(int(share * pieces), pieces - 1)
    t = share * pieces - k
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    a, b = (sum(w * p[i] for w, p in zip(weights, points[3 * k : 3 * k + 4], strict=True)) for i in (0, 1))
    return a, b
