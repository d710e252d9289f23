"""From sizes and places to a scene. No graph is asked here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..languages import say
from ..scene.shapes import Curve, Item, Point, Rect, Scene, Shape, Text, on_curve, text_width
from ..text import local_name
from .cells import CHIP, LOCAL, SIZES
from .measure import Arrow, Measured
from .placed import MARGIN, Layout
from .weights import number_places

__all__ = ["compose"]

FOOTER = 360  # the width that the lines below a picture may have, however narrow it is
HEAD = 6.0  # length of an arrow's head
Taken = tuple[float, float, int, int, int]  # the middle of a constant or a local gradient, its size, and the number of its edge


def compose(measured: Measured, layout: Layout, marked: Collection[int] = ()) -> Scene:
    """Put everything at its place.

    Args:
        measured: what is drawn.
        layout: where; of the same, or of what it is `like`.
        marked: the places of the cells to draw attention to.
    """
    lit = range(len(measured.cells)) if measured.lit is None else measured.lit
    heaviest = max((abs(arrow.weight) for arrow in measured.arrows if arrow.weight is not None), default=0.0)
    edges: list[Item] = []
    nodes: list[Item] = []
    halos: list[Item] = []
    alarms: list[Item] = []
    locals_: list[Item] = []
    weighted: dict[int, tuple[Arrow, Item]] = {}
    chips = _chips(measured, layout)
    for k, arrow in enumerate(measured.arrows):
        faded = arrow.tail not in lit or arrow.head not in lit
        edge = _edge(measured, layout, k, arrow, heaviest, chips, faded=faded)
        edges.append(edge)
        if arrow.weight is not None and arrow.words:
            weighted[arrow.number] = arrow, edge
        if arrow.local:
            shapes = _local_shapes(arrow, _local_place(measured, layout, arrow))
            data = {"to": str(arrow.head), "from": str(arrow.tail)}
            locals_.append(Item(f"l{arrow.number}", "edge local", shapes, arrow.title, data, faded=faded))
    for place, cell in enumerate(measured.cells):
        centre = layout.centres[f"n{place}"]
        if place in marked:
            halos.append(Item(f"h{place}", "halo", [cell.halo(centre)]))
        if cell.words.alarm:
            alarms.append(Item(f"a{place}", "alarm", cell.alarm(centre), cell.words.title, {"alarm": str(place)}))
        words, data = cell.words, {"node": str(place)}
        shapes = cell.shapes(centre)
        nodes.append(Item(f"n{place}", f"node {words.kind}", shapes, words.title, data, faded=place not in lit))
        for chip, middle in cell.chips(centre):
            data = {"to": str(place), "operand": str(chip.slot)}
            nodes.append(Item(chip.name, "constant", chip.shapes(middle), chip.title, data, faded=measured.lit is not None))
    footer = [part for line in measured.footer for part in _broken(line, max(1.15 * layout.width, FOOTER))]
    needed = max(text_width(line, SIZES["footer"]) for line in footer)
    width = max(layout.width, needed) + 2 * MARGIN
    height = layout.height + 2 * MARGIN + 10 + 16 * len(footer)
    legend = Item("legend", "legend", _footer(footer, measured.legend, height))
    items = [*halos, *_clusters(measured, layout), *edges, *_weights(weighted), *nodes, *locals_, *alarms, legend]
    return Scene(width, height, measured.look.theme, items, measured.title, measured.description)


def _clusters(measured: Measured, layout: Layout) -> list[Item]:
    items = []
    for i, path in enumerate(measured.clusters):
        if i not in layout.clusters:
            continue
        left, top, right, bottom = layout.clusters[i]
        name = local_name(path[-1], path[:-1])
        shapes: list[Shape] = [
            Rect(left, top, right - left, bottom - top, 9, "", "group", 1.0, "6 3"),
            Text(name, left + 9, top + 11, SIZES["group"], "muted", "start", italic=True, role="group"),
        ]
        items.append(Item(f"g{i}", "group", shapes, say(measured.language, "group {names}", names=" / ".join(path))))
    return items


def _chips(measured: Measured, layout: Layout) -> dict[int, list[Taken]]:
    """The places of constants and local gradients, by the node that they sit on; with the number of the edge, or -1."""
    found: dict[int, list[Taken]] = {}
    for place, cell in enumerate(measured.cells):
        for chip, (x, y) in cell.chips(layout.centres[f"n{place}"]):
            found.setdefault(place, []).append((x, y, chip.width, CHIP, -1))
    for arrow in measured.arrows:
        if arrow.local:
            at = arrow.tail if arrow.on_wire else arrow.head
            found.setdefault(at, []).append((*_local_place(measured, layout, arrow), arrow.local_width, LOCAL, arrow.number))
    return found


def _edge(
    measured: Measured, layout: Layout, k: int, arrow: Arrow, heaviest: float, chips: Mapping[int, list[Taken]], *, faded: bool
) -> Item:
    points, _ = layout.edges[k]
    tail = measured.cells[arrow.tail]  # exactly where the wire ends: the layout has rounded
    head = measured.cells[arrow.head]
    points = (tail.point(layout.centres[f"n{arrow.tail}"], tail.end), *points[1:])
    taken = [chip for place in (arrow.tail, arrow.head) for chip in chips.get(place, ()) if chip[4] != arrow.number]
    if taken and any(abs(p - x) * 2 < w and abs(q - y) * 2 < h for p, q in on_curve(points) for x, y, w, h, _ in taken):
        points = _forward(points, measured.look.direction)
    tip = head.point(layout.centres[f"n{arrow.head}"], *head.entry(arrow.port))
    width, dash = 1.2, ""
    if arrow.weight is not None:
        if not measured.look.flow:
            width = 0.7 + 2.6 * (abs(arrow.weight) / heaviest if heaviest else 0.0)
            dash = "5 3" if arrow.weight < 0 else ""
        # straight, as nets are drawn: curves between full layers can't be followed
        aim = tip[0] + (points[0][0] - tip[0]) * 0.02, tip[1] + (points[0][1] - tip[1]) * 0.02
        points = (points[0], points[0], aim, aim)
    shapes: list[Shape] = [Curve(_extended(points, tip), width=width, dash=dash, tip=tip)]
    if arrow.words and k in layout.labels:
        shapes += _edge_words(arrow, layout.labels[k])
    data = {"to": str(arrow.head), "operand": str(arrow.slot), "from": str(arrow.tail)}
    return Item(f"e{arrow.number}", "edge", shapes, arrow.title, data, faded=faded)


def _forward(points: tuple[Point, ...], direction: str) -> tuple[Point, ...]:
    """A curve that doesn't swing back over what sits on the cells at its two ends, which Graphviz lets it do.

    >>> _forward(((0, 0), (50, 0), (-20, 90), (40, 90)), "LR")
    ((0, 0), (40, 0), (0, 90), (40, 90))
    """
    axis = 0 if direction in ("LR", "RL") else 1
    sign = 1 if direction in ("LR", "TB") else -1
    start, end = points[0][axis] * sign, points[-1][axis] * sign
    if end < start:  # from a fold to what comes before it
        return points
    found = list(points)
    for k in {1, 2, len(points) - 3, len(points) - 2}:
        at = sign * min(max(points[k][axis] * sign, start), end)
        found[k] = (at, points[k][1]) if axis == 0 else (points[k][0], at)
    return tuple(found)


def _weights(weighted: Mapping[int, tuple[Arrow, Item]]) -> list[Item]:
    """The numbers on the lines of the weights, above all the lines."""
    lines = []
    for arrow, edge in weighted.values():
        curve = edge.shapes[0]
        assert isinstance(curve, Curve)
        lines.append((curve.points[0], curve.points[-1], arrow.words_extent))
    pairs = zip(weighted.items(), number_places(lines), strict=True)
    return [
        Item(f"w{k}", "edge weight", _edge_words(arrow, centre), edge.title, edge.data, faded=edge.faded)
        for (k, (arrow, edge)), centre in pairs
    ]


def _extended(points: tuple[Point, ...], tip: Point) -> tuple[Point, ...]:
    """A curve that goes on to the base of the arrow's head."""
    x, y = points[-1]
    dx, dy = tip[0] - x, tip[1] - y
    length = (dx * dx + dy * dy) ** 0.5
    if length <= HEAD:
        return points
    base = tip[0] - dx / length * (HEAD - 1), tip[1] - dy / length * (HEAD - 1)
    return (*points, points[-1], base, base)


def _edge_words(arrow: Arrow, centre: Point) -> list[Shape]:
    x, y = centre
    width, height = arrow.words_extent
    shapes: list[Shape] = [Rect(x - width / 2, y - height / 2, width, height, 4, "ground", line="")]
    for i, line in enumerate(arrow.words):
        at = y + (i - (len(arrow.words) - 1) / 2) * 14
        shapes.append(Text(line, x, at, SIZES["edge"], "muted", role="weight"))
    return shapes


def _local_place(measured: Measured, layout: Layout, arrow: Arrow) -> Point:
    """The middle of the local gradient of an edge: on the wire that leaves its tail, or before its head."""
    if arrow.on_wire:
        return measured.cells[arrow.tail].outlet(layout.centres[f"n{arrow.tail}"])
    return measured.cells[arrow.head].inlet(layout.centres[f"n{arrow.head}"], arrow.port, arrow.local_width)


def _local_shapes(arrow: Arrow, centre: Point) -> list[Shape]:
    x, y = centre
    width = arrow.local_width
    frame = Rect(x - width / 2, y - LOCAL / 2, width, LOCAL, 4, "ground")
    return [frame, Text(arrow.local, x, y, SIZES["edge"], "text", role="local")]


def _broken(line: str, width: float) -> list[str]:
    """A line below the picture in parts no wider than this, broken between words."""
    parts = [""]
    for word in line.split(" "):
        longer = f"{parts[-1]} {word}".strip()
        if parts[-1] and text_width(longer, SIZES["footer"]) > width:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts


def _footer(lines: Sequence[str], legend: str, height: float) -> list[Shape]:
    size = SIZES["footer"]
    top = height - MARGIN - 16 * (len(lines) - 1) - 5
    shapes: list[Shape] = []
    for i, line in enumerate(lines):
        y = top + 16 * i
        if line == legend and "," in line:
            value, gradient = line.split(", ")
            shapes.append(Text(value, MARGIN, y, size, "value", "start"))
            shapes.append(Text(gradient, MARGIN + text_width(value + "  ", size), y, size, "gradient", "start"))
        else:
            shapes.append(Text(line, MARGIN, y, size, "muted", "start", italic=True))
    return shapes
