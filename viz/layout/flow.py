"""A picture of the backward pass: arrowheads that point back, and what arrives below the gradient that it is added to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..scene.shapes import Curve, Item, Rect, Scene, Shape, Text, text_width
from .cells import SIZES

__all__ = ["with_flow"]

HEAD = 6.0  # length of an arrow's head
LINE = 14.0
APART = 3.0  # what keeps the digits of a gradient clear of the lines below it
MOST = 3  # shares written at one node; of further ones there is a mark


def with_flow(scene: Scene, shares: Sequence[tuple[int, str]]) -> Scene:
    """The same picture with its arrowheads turned, and shares of gradients where they arrive.

    Args:
        scene: the picture.
        shares: for each share the place of the node that gets it, and what is written.
    """
    items = [replace(item, shapes=[_turned(shape) for shape in item.shapes]) for item in scene.items]
    arrived: dict[int, list[str]] = {}
    for place, words in shares:
        arrived.setdefault(place, []).append(words)
    notes: list[Shape] = []
    for item in items:
        place = int(item.data.get("node", -1))
        if place in arrived:
            texts = {shape.role: shape for shape in item.shapes if isinstance(shape, Text)}
            lines = arrived[place]
            lines = [*lines[:MOST], "…"] if len(lines) > MOST else lines
            notes += _note(texts["gradient"], texts["ghost of-gradient"].y, lines, scene.width)
    return replace(scene, items=[*items, Item("flow", "flow", notes)] if notes else items)


def _turned(shape: Shape) -> Shape:
    """An arrow that points to where it comes from."""
    if not isinstance(shape, Curve) or shape.tip is None:
        return shape
    (x, y), (dx, dy) = shape.points[0], next((p for p in shape.points if p != shape.points[0]), shape.tip)
    length = ((dx - x) ** 2 + (dy - y) ** 2) ** 0.5
    start = x + (dx - x) / length * HEAD, y + (dy - y) / length * HEAD
    points = (*reversed(shape.points[1:]), start)
    return replace(shape, points=(shape.tip, shape.tip, points[0], points[0], *points[1:]), tip=(x, y))


def _note(gradient: Text, y: float, lines: Sequence[str], most: float) -> list[Shape]:
    """Lines below a gradient, or above it where the room is there, on a ground of their own and inside of the picture.

    Args:
        gradient: what they are added to.
        y: the height of the room beside it.
        lines: what is written.
        most: the picture's width.
    """
    size = SIZES["edge"]
    width = max(text_width(line, size) for line in lines) + 8
    left, _, right, _ = gradient.box
    x = min(max((left + right) / 2, width / 2 + 2), most - width / 2 - 2)
    down = 1 if y > gradient.y else -1
    ys = [y + down * (APART + LINE * i) for i in range(len(lines))]
    shapes: list[Shape] = [Rect(x - width / 2, min(ys) - LINE / 2, width, LINE * len(lines), 4, "ground", "gradient")]
    return shapes + [Text(line, x, at, size, "gradient", role="flow") for line, at in zip(lines, ys, strict=True)]
