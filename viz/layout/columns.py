"""A net whose neurons are drawn whole: layers side by side, each a column of the same height with its neurons in order.

Graphviz would put one layer below the other and bundle the wires between them. Here it lays out each neuron alone, with a pin
for each wire that comes from another layer; the neurons are stacked and the wires led from layer to layer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..scene.shapes import Point, text_width
from .cells import SIZES
from .measure import Measured
from .placed import MARGIN, Layout

__all__ = ["columns"]

Span = tuple[float, float]
Box = tuple[float, float, float, float]
FRAME = 9.0  # from a frame to what is in it
NAME = 22.0  # the same above, where its name stands
APART = 12.0  # from one neuron to the next, at least
GAP = 50.0  # from layer to layer, at least; and for each wire there
WIRE = 4.0
WIDEST = 160.0


@dataclass
class _Block:
    """A neuron, or what else is laid out by itself.

    Attributes:
        places: the places of its cells.
        inside: the numbers, in `Measured.arrows`, of its own edges.
        pins: those of the edges that come from outside.
        group: the groups whose frame it has; empty without a frame of its own.
        layout: where everything is in it.
        size: width and height, with its frame.
        at: where its frame begins.
        inner: where its layout begins in the frame.
    """

    places: list[int]
    inside: list[int]
    pins: list[int]
    group: tuple[str, ...]
    layout: Layout
    size: Span
    at: Span = (0.0, 0.0)
    inner: Span = (0.0, 0.0)

    def moved(self, point: Point) -> Point:
        """A point of its layout in that of the whole."""
        return point[0] + self.at[0] + self.inner[0], point[1] + self.at[1] + self.inner[1]


def columns(measured: Measured, lay_out: Callable[[Measured, Sequence[int]], Layout]) -> Layout | None:
    """Put the layers of a net side by side.

    Args:
        measured: what is to be laid out.
        lay_out: lays out a part of it, with some of its cells at the start of the flow.

    Returns:
        The layout; None for what is no chain of at least two groups with several cells each, from which wires lead to the next.
    """
    found = _layers(measured)
    if found is None:
        return None
    layers, depth = found
    block_of = {place: (k, j) for k, layer in enumerate(layers) for j, members in enumerate(layer) for place in members}
    inside: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    pins: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for number, arrow in enumerate(measured.arrows):
        start, end = block_of[arrow.tail], block_of[arrow.head]
        if start == end:
            inside[end].append(number)
        elif end[0] == start[0] + 1 and not arrow.words and arrow.weight is None:
            pins[end].append(number)
        else:
            return None
    blocks = [
        [_block(measured, members, inside[k, j], pins[k, j], depth, lay_out) for j, members in enumerate(layer)]
        for k, layer in enumerate(layers)
    ]
    return _Placing(measured, blocks, depth).layout()


# ---- which nodes stand in which column -------------------------------------------------------------


def _layers(measured: Measured) -> tuple[list[list[list[int]]], int] | None:
    """The cells of each neuron of each layer, inputs before and what follows after them; and how deep layers are nested."""
    groups = measured.groups
    grouped = [names for names in groups if names]
    if not grouped:
        return None
    depth = 0
    while len({names[: depth + 1] for names in grouped}) == 1 and all(len(names) > depth + 1 for names in grouped):
        depth += 1
    layer_of = [names[: depth + 1] for names in groups]
    operands: defaultdict[int, list[int]] = defaultdict(list)
    users: defaultdict[int, list[int]] = defaultdict(list)
    for arrow in measured.arrows:
        operands[arrow.head].append(arrow.tail)
        users[arrow.tail].append(arrow.head)
    free = [place for place, names in enumerate(groups) if not names]
    after = {place for place in free if operands[place] or all(not groups[user] for user in users[place])}
    level: dict[tuple[str, ...], int] = {}
    for place, names in enumerate(layer_of):  # operands come first
        if names:
            before = [level.get(layer_of[tail], -1) + 1 for tail in operands[place] if layer_of[tail] != names]
            level[names] = max([level.get(names, 0), *before])
    if len(level) < 2 or sorted(level.values()) != list(range(len(level))) or any(len(_in(layer_of, n)) < 3 for n in level):
        return None
    if any(groups[user] for place in after for user in users[place]):
        return None
    inputs = [[place] for place in free if place not in after]
    layers = [inputs] if inputs else []
    for names in sorted(level, key=lambda each: level[each]):
        neurons: dict[tuple[str, ...], list[int]] = {}
        for place in _in(layer_of, names):
            neurons.setdefault(groups[place][: depth + 2], []).append(place)
        layers.append(list(neurons.values()))
    return [*layers, [sorted(after)]] if after else layers, depth


def _in(layer_of: Sequence[tuple[str, ...]], names: tuple[str, ...]) -> list[int]:
    return [place for place, layer in enumerate(layer_of) if layer == names]


# ---- one neuron ------------------------------------------------------------------------------------


def _block(
    measured: Measured,
    members: list[int],
    inside: list[int],
    pins: list[int],
    depth: int,
    lay_out: Callable[[Measured, Sequence[int]], Layout],
) -> _Block:
    """Lay out a neuron by itself, each wire from outside beginning at a pin at its start."""
    at = {place: i for i, place in enumerate(members)}
    arrows = [(measured.arrows[k], at[measured.arrows[k].tail]) for k in inside]
    arrows += [(measured.arrows[k], len(at) + j) for j, k in enumerate(pins)]
    pin = replace(measured.cells[0], slots=0, length=2, breadth=6, shift=0.0, lead=0)
    group = measured.groups[members[0]][: depth + 2]
    part = replace(
        measured,
        cells=(*[measured.cells[place] for place in members], *[pin] * len(pins)),
        arrows=tuple([replace(arrow, tail=tail, head=at[arrow.head]) for arrow, tail in arrows]),
        groups=(*[measured.groups[place][len(group) :] for place in members], *[()] * len(pins)),
    )
    layout = lay_out(part, range(len(at), len(at) + len(pins)))
    size = layout.width, layout.height
    if len(group) < depth + 2:
        return _Block(members, inside, pins, (), layout, size)
    name = text_width(group[-1], SIZES["group"])
    return _Block(members, inside, pins, group, layout, (max(size[0], name) + 2 * FRAME, size[1] + NAME + FRAME))


# ---- all of them -----------------------------------------------------------------------------------


class _Placing:
    """Where the neurons stand, and the wires between them."""

    def __init__(self, measured: Measured, layers: list[list[_Block]], depth: int) -> None:
        self.measured = measured
        self.layers = layers
        self.depth = depth
        look = measured.look
        self.along = 0 if look.is_horizontal else 1
        self.is_reversed = look.direction in ("RL", "BT")
        before, after = FRAME * (depth + 1), FRAME * (depth + 1)  # the frames of the layers, on both sides of a column
        above = (NAME * (depth + 1), FRAME * (depth + 1))
        self.ends = (before, after) if look.is_horizontal else (above[1], above[0]) if self.is_reversed else above
        sides = above if look.is_horizontal else (before, after)
        across = [sum(block.size[1 - self.along] + APART for block in layer) for layer in layers]
        self.breadth = sides[0] + max(across) + sides[1]
        self.borders: list[Span] = []  # of the columns along the flow, without frames
        end = 0.0
        for k, layer in enumerate(layers):
            gap = 0.0 if k == 0 else min(GAP + WIRE * sum(len(block.pins) for block in layer), WIDEST)
            start = end + gap + self.ends[0]
            length = max(block.size[self.along] for block in layer)
            self.borders.append((start, start + length))
            end = start + length + self.ends[1]
        self.length = end
        for layer, (start, _), needed in zip(layers, self.borders, across, strict=True):
            free = (max(across) - needed) / len(layer) + APART
            at = sides[0] + free / 2
            length = max(block.size[self.along] for block in layer)
            for block in layer:
                begin = self.length - start - length if self.is_reversed else start
                block.at = (begin, at) if self.along == 0 else (at, begin)
                block.inner = (FRAME, NAME) if block.group else (0.0, 0.0)
                if self.is_reversed:
                    rest = length - block.size[self.along]
                    block.inner = (
                        (block.inner[0] + rest, block.inner[1]) if self.along == 0 else (block.inner[0], block.inner[1] + rest)
                    )
                at += block.size[1 - self.along] + free

    def layout(self) -> Layout | None:
        """The layout; None if a wire would run through a cell."""
        centres, edges, labels, clusters = {}, {}, {}, {}
        numbers = {path: i for i, path in enumerate(self.measured.clusters)}
        for block in [block for layer in self.layers for block in layer]:
            for i, place in enumerate(block.places):
                centres[f"n{place}"] = block.moved(block.layout.centres[f"n{i}"])
            for i, k in enumerate(block.inside):
                points, tip = block.layout.edges[i]
                edges[k] = tuple([block.moved(point) for point in points]), block.moved(tip)
                if i in block.layout.labels:
                    labels[k] = block.moved(block.layout.labels[i])
        for first, second in pairwise(range(len(self.layers))):
            owner = {place: block for block in self.layers[first] for place in block.places}
            for block in self.layers[second]:
                for j, k in enumerate(block.pins):
                    tail = self.measured.arrows[k].tail
                    cell, centre = self.measured.cells[tail], centres[f"n{tail}"]
                    start = cell.point(centre, cell.end)
                    edge_end = self._point(self.borders[first][1] + self.ends[1] / 2, start)
                    if self._is_blocked(owner[tail], tail, start, edge_end, centres):
                        return None
                    points, tip = block.layout.edges[len(block.inside) + j]
                    inner = [block.moved(point) for point in points]
                    edge_start = self._point(self.borders[second][0] - self.ends[0] / 2, inner[0])
                    edges[k] = (*_wire(start, edge_end, edge_start, inner[0], self.along), *inner[1:]), block.moved(tip)
        for path, box in self._frames():
            clusters[numbers[path]] = box
        width, height = (self.length, self.breadth) if self.along == 0 else (self.breadth, self.length)
        return Layout(width, height, centres, edges, labels, clusters)

    def _point(self, along: float, beside: Point) -> Point:
        """The point at a distance along the flow that is as far across it as another one."""
        at = (self.length - along if self.is_reversed else along) + MARGIN
        return (at, beside[1]) if self.along == 0 else (beside[0], at)

    def _is_blocked(self, block: _Block, tail: int, start: Point, end: Point, centres: Mapping[str, Point]) -> bool:
        """Whether a straight wire from a cell to the end of its column runs through another cell."""
        left, right = sorted((start[self.along], end[self.along]))
        for place in block.places:
            centre, extent = centres[f"n{place}"], self.measured.cells[place].extent
            half = extent[self.along] / 2, extent[1 - self.along] / 2
            near = abs(centre[1 - self.along] - start[1 - self.along]) < half[1]
            if place != tail and near and centre[self.along] + half[0] > left and centre[self.along] - half[0] < right:
                return True
        return False

    def _frames(self) -> Iterator[tuple[tuple[str, ...], Box]]:
        """The groups' paths, and left, top, right and bottom of their frames."""
        framed = [(layer, border) for layer, border in zip(self.layers, self.borders, strict=True) if self._names(layer)]
        for layer, _ in framed:
            for block in layer:
                inner = [self.measured.groups[place][len(block.group) :] for place in block.places] if block.group else []
                paths = dict.fromkeys([names[:k] for names in inner for k in range(1, len(names) + 1)])
                for i, path in enumerate(paths):
                    if i in block.layout.clusters:
                        left, top, right, bottom = block.layout.clusters[i]
                        yield (*block.group, *path), (*block.moved((left, top)), *block.moved((right, bottom)))
                if block.group:
                    size = list(block.size)
                    size[self.along] = max(other.size[self.along] for other in layer)
                    left, top = block.at[0] + MARGIN, block.at[1] + MARGIN
                    yield block.group, (left, top, left + size[0], top + size[1])
        for k in range(self.depth + 1):  # the outermost first
            inset = FRAME * k, NAME * k, FRAME * k, FRAME * k
            for columns_ in [[one] for one in framed] if k == self.depth else [framed]:
                start = columns_[0][1][0] - self.ends[0]
                end = columns_[-1][1][1] + self.ends[1]
                if self.is_reversed:
                    start, end = self.length - end, self.length - start
                box = (start, 0.0, end, self.breadth) if self.along == 0 else (0.0, start, self.breadth, end)
                names = self._names(columns_[0][0])[: k + 1]
                left, top, right, bottom = (side + MARGIN for side in box)
                yield names, (left + inset[0], top + inset[1], right - inset[2], bottom - inset[3])

    def _names(self, layer: Sequence[_Block]) -> tuple[str, ...]:
        return self.measured.groups[layer[0].places[0]][: self.depth + 1]


def _wire(start: Point, end: Point, begin: Point, pin: Point, along: int) -> list[Point]:
    """Straight out of one column, in a curve to the next one, and straight on to a pin."""
    bend = (begin[along] - end[along]) / 2
    first, second = (end[0] + bend, end[1]), (begin[0] - bend, begin[1])
    if along == 1:
        first, second = (end[0], end[1] + bend), (begin[0], begin[1] - bend)
    return [start, start, end, end, first, second, begin, begin, pin, pin]
