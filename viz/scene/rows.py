"""A wide picture in rows, as a line of music goes on in the next one."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from .shapes import Circle, Curve, Item, Point, Rect, Scene, Shape, Text

__all__ = ["cut_wires", "in_rows"]

MARGIN = 16.0  # beside the rows; the letters of cut wires stand in it
GAP = 14.0  # between rows
LETTER = 11.0  # size of the letter at both ends of a cut wire
SIDE = 10.0  # what a letter needs beside a row
LETTERS = string.ascii_letters
Span = tuple[float, float]


def in_rows(scene: Scene, width: float) -> Scene | None:
    """The picture in as few rows as it needs, and these as even as they can be.

    It is cut where only wires and frames are. A wire that is cut has the same letter at both of its ends.

    Args:
        scene: the picture.
        width: what the result has at most.

    Returns:
        The picture itself if it is narrow enough; None if it can't be cut into rows as narrow as that, or if more wires
        were cut than there are letters.
    """
    if scene.width <= width:
        return scene
    legend = [item for item in scene.items if item.kind == "legend"]
    items = [item for item in scene.items if item.kind != "legend"]
    farthest = max([shape.box[2] for item in legend for shape in item.shapes if isinstance(shape, Text)], default=0.0)
    spans = _even_spans(_places(items), width - 2 * (MARGIN + SIDE))
    if spans is None or farthest + MARGIN > width:
        return None
    rows = _cut(items, spans)
    if not _add_letters(rows, spans):
        return None
    placed: list[Item] = []
    top = 0.0
    for row in rows:
        boxes = [_box(shape) for item in row for shape in item.shapes]
        up, down = min(box[1] for box in boxes), max(box[3] for box in boxes)
        left = min(box[0] for box in boxes)
        placed += [item.moved(MARGIN - left, top + MARGIN - up, "") for item in row]
        top += down - up + GAP
    bottom = min([_box(shape)[1] for item in legend for shape in item.shapes], default=scene.height)
    placed += [item.moved(0.0, top + MARGIN - bottom, "") for item in legend]
    right = max(_box(shape)[2] for item in placed for shape in item.shapes)
    return replace(scene, width=right + MARGIN, height=top + MARGIN + scene.height - bottom, items=placed)


def cut_wires(scene: Scene) -> list[int]:
    """How many wires are cut at the end of each row but the last; empty for a picture that isn't in rows."""
    ends = Counter(item.name.rpartition("-leaves")[2] for item in scene.items if "-leaves" in item.name)
    return [ends[row] for row in sorted(ends, key=int)]


# ---- where to cut ----------------------------------------------------------------------------------


def _places(items: Sequence[Item]) -> list[float]:
    """Both ends, and the middles of the gaps that only wires and frames cross."""
    boxes = [_box(shape) for item in items for shape in item.shapes]
    blocked: list[Span] = []
    for item in items:
        for shape in item.shapes:
            if isinstance(shape, Curve) and item.kind == "edge":
                if shape.tip is not None:
                    blocked.append(_sorted(shape.points[-1][0], shape.tip[0]))
            elif not (isinstance(shape, Rect) and item.kind == "group"):
                left, _, right, _ = _box(shape)
                blocked.append((left, right))
    blocked.sort()
    places = [min(box[0] for box in boxes)]
    end = blocked[0][0]
    for left, right in blocked:
        if left > end:
            places.append((left + end) / 2)
        end = max(end, right)
    return [*places, max(box[2] for box in boxes)]


def _sorted(a: float, b: float) -> Span:
    return (a, b) if a < b else (b, a)


def _even_spans(places: Sequence[float], most: float) -> list[Span] | None:
    """As few rows as are possible, the longest of them as short as it can be."""
    fewest = _spans(places, most)
    if fewest is None:
        return None
    for limit in sorted({b - a for a in places for b in places if 0 < b - a < most}):
        spans = _spans(places, limit)
        if spans is not None and len(spans) == len(fewest):
            return spans
    return fewest


def _spans(places: Sequence[float], most: float) -> list[Span] | None:
    """Rows that are each as long as they may be; None if two places are too far apart.

    The first one has no letters at its start and the last one none at its end, so that they may be longer.
    """
    spans = []
    start = places[0]
    while start < places[-1]:
        free = SIDE if start == places[0] else 0.0
        reached = [place for place in places[1:] if place - start <= most + free + (SIDE if place == places[-1] else 0.0)]
        end = max(reached, default=start)
        if end <= start:
            return None
        spans.append((start, end))
        start = end
    return spans


# ---- cutting ---------------------------------------------------------------------------------------


def _cut(items: Sequence[Item], spans: Sequence[Span]) -> list[list[Item]]:
    """The items of each row, still where they were; the parts of one that is cut have names of their own."""
    rows: list[list[Item]] = [[] for _ in spans]
    for item in items:
        parts: list[list[Shape]] = [[] for _ in spans]
        for shape in item.shapes:
            for part in _pieces(shape, [end for _, end in spans[:-1]]):
                left, _, right, _ = _box(part)
                parts[_row(spans, (left + right) / 2)].append(part)
        for k, shapes in enumerate(parts):
            if shapes:
                first = not any(parts[:k])
                rows[k].append(replace(item, name=item.name if first else f"{item.name}-row{k}", shapes=shapes))
    return rows


def _row(spans: Sequence[Span], x: float) -> int:
    return next((k for k, (_, end) in enumerate(spans) if x < end), len(spans) - 1)


def _pieces(shape: Shape, cuts: Sequence[float]) -> Iterator[Shape]:
    """A curve or a frame in its parts between the cuts; any other shape is whole."""
    left, _, right, _ = _box(shape)
    at = next((x for x in cuts if left < x < right), None)
    if at is None:
        yield shape
    elif isinstance(shape, Rect):
        yield replace(shape, width=at - shape.x)
        yield from _pieces(replace(shape, x=at, width=right - at), cuts)
    elif isinstance(shape, Curve):
        parts = _split(shape, at)
        if parts is None:  # only its control points are on the other side
            yield shape
        else:
            for part in parts:
                yield from _pieces(part, [x for x in cuts if x != at])


def _split(curve: Curve, at: float) -> tuple[Curve, Curve] | None:
    """The two parts of a curve that crosses a vertical line; None if it ends on the side where it starts."""
    points = curve.points
    for k in range(0, len(points) - 1, 3):
        piece = points[k : k + 4]
        if (piece[0][0] < at) != (piece[3][0] < at):
            low, high = 0.0, 1.0
            while high - low > 1e-9:
                middle = (low + high) / 2
                same = (_halves(piece, middle)[0][3][0] < at) == (piece[0][0] < at)
                low, high = (middle, high) if same else (low, middle)
            before, after = _halves(piece, low)
            first = replace(curve, points=(*points[:k], *before), tip=None)
            return first, replace(curve, points=(*after, *points[k + 4 :]))
    return None


def _halves(piece: Sequence[Point], t: float) -> tuple[list[Point], list[Point]]:
    """Both parts of a cubic curve, by de Casteljau's construction."""
    layers = [list(piece)]
    while len(layers[-1]) > 1:
        last = layers[-1]
        layers.append([(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(last)])
    return [layer[0] for layer in layers], [layer[-1] for layer in reversed(layers)]


def _add_letters(rows: Sequence[list[Item]], spans: Sequence[Span]) -> bool:
    """Write at both ends of each cut wire the letter of the wire; False if there are too few letters."""
    letters = iter(LETTERS)
    for k, ((_, at), row, after) in enumerate(zip(spans, rows, rows[1:], strict=False)):
        ends = [(item, _end_at(item, at)) for item in row if item.kind == "edge"]
        free = float("-inf")  # below the letters so far: wires may be closer to one another than letters
        for item, end in sorted([(item, y) for item, y in ends if y is not None], key=lambda pair: pair[1]):
            letter = next(letters, None)
            if letter is None:
                return False
            name = item.name.split("-")[0]
            y = max(end, free)
            free = y + LETTER
            here = Text(letter, at + 3, y, LETTER, "muted", "start", italic=True)
            there = replace(here, x=at - 3, anchor="end")
            row.append(replace(item, name=f"{name}-leaves{k}", shapes=[here]))
            after.append(replace(item, name=f"{name}-enters{k}", shapes=[there]))
    return True


def _end_at(item: Item, at: float) -> float | None:
    """How high a wire is where it is cut; None if it isn't cut there."""
    for shape in item.shapes:
        if isinstance(shape, Curve):
            for x, y in (shape.points[0], shape.points[-1]):
                if abs(x - at) < 1e-3:
                    return y
    return None


def _box(shape: Shape) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    if isinstance(shape, Text):
        return shape.box
    if isinstance(shape, Circle):
        return shape.x - shape.radius, shape.y - shape.radius, shape.x + shape.radius, shape.y + shape.radius
    if isinstance(shape, Rect):
        return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
    points = [*shape.points, *([] if shape.tip is None else [shape.tip])]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)
