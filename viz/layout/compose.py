"""From a graph and Graphviz's layout to a scene: every shape at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..digits import short
from ..graph.model import Edge, Graph, inside
from ..scene.shapes import Item, Path, Point, Rect, Scene, Shape, Text, text_width
from .cells import NABLA, SIZES, Cell, Frame, Look, cells_of, constant_size, edge_lines
from .dot import edge_label_size, frames_of

__all__ = ["Layout", "compose", "details", "read_layout", "sentence"]

MARGIN = 12
FOOTER_HEIGHT = 24
DESCRIBED = 100  # nodes spelled out in the description
HEAD = 6.0  # length of an arrow's head


@dataclass(frozen=True)
class Layout:
    """Where Graphviz put everything, in points from the top left.

    Attributes:
        width: of the whole.
        height: of the whole.
        centres: by DOT name.
        edges: for each edge its curve and the tip of its arrow.
        labels: for each edge the middle of its label, where it has one.
        frames: for each cluster left, top, right and bottom.
    """

    width: float
    height: float
    centres: dict[str, Point]
    edges: dict[int, tuple[tuple[Point, ...], Point]]
    labels: dict[int, Point]
    frames: dict[int, tuple[float, float, float, float]]


def read_layout(data: bytes) -> Layout:
    """Read Graphviz's ``json0``."""
    raw: dict[str, Any] = json.loads(data)
    left, bottom, right, top = (float(x) for x in raw["bb"].split(","))

    def point(text: str) -> Point:
        x, y = text.split(",")
        return float(x) - left + MARGIN, top - float(y) + MARGIN  # Graphviz counts y upwards

    edges = {}
    labels = {}
    for edge in raw.get("edges", ()):
        k = int(edge["id"][1:])
        tip, *points = edge["pos"].split()
        edges[k] = tuple([point(p) for p in points]), point(tip.removeprefix("e,"))
        if "lp" in edge:
            labels[k] = point(edge["lp"])
    centres = {}
    frames = {}
    for thing in raw.get("objects", ()):
        if "pos" in thing:
            centres[thing["name"]] = point(thing["pos"])
        elif thing.get("name", "").startswith("cluster_") and "bb" in thing:
            x0, y0, x1, y1 = (float(x) for x in thing["bb"].split(","))
            frames[int(thing["name"][8:])] = (*point(f"{x0},{y1}"), *point(f"{x1},{y0}"))
    return Layout(right - left, top - bottom, centres, edges, labels, frames)


def compose(
    graph: Graph,
    layout: Layout,
    look: Look,
    *,
    bright: Collection[int] | None = None,
    marked: Collection[int] = (),
    cells: Sequence[Cell] | None = None,
) -> Scene:
    """Put everything at its place.

    Args:
        graph: what is to be seen.
        layout: where; of the same graph, or of one with the same shape and cells of the same size.
        look: how.
        bright: the places of the nodes that are not faded; None for all.
        marked: the places of the nodes to draw attention to.
        cells: what the layout was made from, where that graph had other numbers: they keep their sizes.
    """
    sizes = cells
    cells = cells_of(graph, look)
    if sizes is not None:
        for cell, size in zip(cells, sizes, strict=True):
            cell.take_size(size)
    lit = set(range(len(graph.nodes))) if bright is None else set(bright)
    items = _frames(graph, layout)
    frames = [Frame(*layout.centres[f"n{place}"], cell.length, look.direction) for place, cell in enumerate(cells)]
    heaviest = max((abs(w) for node in graph.nodes for w in node.weights if w is not None), default=0.0)
    nodes: list[Item] = []
    halos: list[Item] = []
    constants = 0
    for k, edge in enumerate(graph.edges):
        faded = edge.head not in lit or (bright is not None if edge.tail is None else edge.tail not in lit)
        items.append(_edge_item(graph, k, edge, layout, frames, cells, look, heaviest, faded=faded))
        if edge.tail is None:
            number = float(graph.nodes[edge.head].operands[edge.slot])
            nodes.append(_constant(number, constants, layout, look, faded=edge.head not in lit or bright is not None))
            constants += 1
    for place, cell in enumerate(cells):
        kind = "fold" if cell.node.fold is not None else "leaf" if cell.node.is_leaf else "operation"
        shapes = cell.shapes(frames[place])
        if place in marked:
            halos.append(Item(f"h{place}", "halo", [_halo(cell, frames[place])]))
        title = "\n".join(details(graph, place))
        item = Item(f"n{place}", f"node {kind}", shapes, title, {"node": str(place)}, faded=place not in lit)
        nodes.append(item)
    items = halos + items + nodes
    lines = _footer_lines(graph, look)
    needed = max(text_width(line, SIZES["footer"]) for line in lines)
    width = max(layout.width, needed) + 2 * MARGIN
    height = layout.height + 2 * MARGIN + 10 + 16 * len(lines)
    items.append(Item("legend", "legend", _footer(graph, look, lines, height)))
    return Scene(width, height, look.theme, items, _title(graph), _description(graph, look))


def _halo(cell: Cell, frame: Frame) -> Shape:
    width, height = (cell.length, cell.breadth) if cell.look.is_horizontal else (cell.breadth, cell.length)
    return Rect(frame.x - width / 2 - 3, frame.y - height / 2 - 3, width + 6, height + 6, 8, "changed", "text", 1.5)


def _frames(graph: Graph, layout: Layout) -> list[Item]:
    items = []
    for i, path in enumerate(frames_of(graph)):
        if i not in layout.frames:
            continue
        left, top, right, bottom = layout.frames[i]
        name = inside(path[-1], path[:-1])
        shapes: list[Shape] = [
            Rect(left, top, right - left, bottom - top, 9, "", "group", 1.0, "6 3"),
            Text(name, left + 9, top + 11, SIZES["group"], "muted", "start", italic=True, role="group"),
        ]
        items.append(Item(f"g{i}", "group", shapes, "group " + " / ".join(path)))
    return items


def _edge_item(
    graph: Graph,
    k: int,
    edge: Edge,
    layout: Layout,
    frames: Sequence[Frame],
    cells: Sequence[Cell],
    look: Look,
    heaviest: float,
    *,
    faded: bool,
) -> Item:
    points, _ = layout.edges[k]
    if edge.tail is not None:  # exactly where the wire ends, whatever the layout rounded
        points = (frames[edge.tail].at(cells[edge.tail].length), *points[1:])
    tip = frames[edge.head].at(*cells[edge.head].entry(cells[edge.head].slot_of(edge)))
    weights = graph.nodes[edge.head].weights
    weight = weights[edge.slot] if edge.slot < len(weights) else None
    width, dash = 1.2, ""
    if weight is not None:
        width = 0.7 + 2.6 * (abs(weight) / heaviest if heaviest else 0.0)
        dash = "5 3" if weight < 0 else ""
    elif edge.tail is None:
        dash = "2 2"
    if weight is not None:  # straight, as nets are drawn: curves between full layers can't be followed
        aim = tip[0] + (points[0][0] - tip[0]) * 0.02, tip[1] + (points[0][1] - tip[1]) * 0.02
        points = (points[0], points[0], aim, aim)
    shapes: list[Shape] = [Path(_extended(points, tip), width=width, dash=dash, tip=tip)]
    shapes += _edge_words(graph, k, edge, layout, look)
    data = {"to": str(edge.head), "operand": str(edge.slot)}
    if edge.tail is not None:
        data["from"] = str(edge.tail)
    return Item(f"e{k}", "edge", shapes, edge_title(graph, edge, weight), data, faded=faded)


def _extended(points: tuple[Point, ...], tip: Point) -> tuple[Point, ...]:
    """A curve that goes on to the base of the arrow's head, wherever the gate's outline is."""
    x, y = points[-1]
    dx, dy = tip[0] - x, tip[1] - y
    length = (dx * dx + dy * dy) ** 0.5
    if length <= HEAD:
        return points
    base = tip[0] - dx / length * (HEAD - 1), tip[1] - dy / length * (HEAD - 1)
    return (*points, points[-1], base, base)


def _edge_words(graph: Graph, k: int, edge: Edge, layout: Layout, look: Look) -> list[Shape]:
    lines = edge_lines(graph, edge, look)
    if not lines or k not in layout.labels:
        return []
    x, y = layout.labels[k]
    width, height = edge_label_size(lines)
    shapes: list[Shape] = [Rect(x - width / 2, y - height / 2, width, height, 4, "ground", line="")]
    for i, line in enumerate(lines):
        at = y + (i - (len(lines) - 1) / 2) * 14
        colour = "gradient" if line.startswith(NABLA) else "muted"
        shapes.append(Text(line, x, at, SIZES["edge"], colour, role="flow" if line.startswith(NABLA) else "local"))
    return shapes


def _constant(number: float, k: int, layout: Layout, look: Look, *, faded: bool) -> Item:
    x, y = layout.centres[f"c{k}"]
    width, height = constant_size(number, look)
    shapes: list[Shape] = [
        Rect(x - width / 2, y - height / 2, width, height, 11, "constant", dash="3 2"),
        Text(short(number, look.precision), x, y, SIZES["number"], "muted", role="constant"),
    ]
    return Item(f"c{k}", "constant", shapes, f"constant {number!r}", faded=faded)


# ---- words -----------------------------------------------------------------------------------------


def sentence(graph: Graph, place: int) -> str:
    """A node in one sentence, with all digits."""
    node = graph.nodes[place]
    if node.fold is not None:
        return _fold_sentence(graph, place)
    formula = graph.formula(place)
    value = "not computed yet" if node.value is None else f"value {node.value!r}"
    gradient = "no gradient yet" if node.gradient is None else f"gradient {node.gradient!r}"
    return f"{graph.name(place)}{' = ' if formula else ''}{formula}: {value}, {gradient}"


def _fold_sentence(graph: Graph, place: int) -> str:
    node = graph.nodes[place]
    fold = node.fold
    if fold is None:
        return ""
    what = {"group": "nodes", "rest": "nodes that are not drawn", "constants": "constants"}[fold.kind]
    text = f"{fold.name + ': ' if fold.name else ''}{fold.count:,} {what}"
    if fold.leaves:
        text += f", among them {', '.join(fold.leaves)}"
    if fold.gradient_norm is not None:
        text += f", norm of their gradients {fold.gradient_norm!r}"
    if node.value is not None:
        text += f"; its outlet has value {node.value!r}"
        text += "" if node.gradient is None else f", gradient {node.gradient!r}"
    return text


def details(graph: Graph, place: int) -> list[str]:
    """What is told when the pointer rests on a node: the sentence, its local gradients, the line that made it."""
    node = graph.nodes[place]
    lines = [sentence(graph, place)]
    if node.symbol:
        formula = graph.formula(place)
        known = [(s, o) for s, o in enumerate(node.operands) if type(o) is int and s < len(node.local_gradients)]
        for slot, operand in known[:12]:
            local = node.local_gradients[slot]
            if local is None:
                continue
            text = node.partials[slot] if slot < len(node.partials) else ""
            middle = f" = {text}" if text and text != f"{local:g}" else ""
            lines.append(f"d({formula})/d{graph.name(int(operand))}{middle} = {local!r}")
        if len(known) > 12:
            lines.append(f"and {len(known) - 12} more local gradients")
    if node.source:
        lines.append(f"made at {node.source}")
    return lines


def edge_title(graph: Graph, edge: Edge, weight: float | None) -> str:
    """What is told when the pointer rests on an edge."""
    tail = "constant" if edge.tail is None else graph.name(edge.tail)
    text = f"{tail} to {graph.name(edge.head)}"
    if edge.count > 1:
        text += f": {edge.count:,} edges"
    if weight is not None:
        text += f", weight {weight!r}"
    part = graph.contribution(edge)
    if part is not None:
        text += f"; {part!r} flows back"
    return text


def _title(graph: Graph) -> str:
    return re.sub(r"\s+", " ", f"Computational graph of {graph.title}")


def _description(graph: Graph, look: Look) -> str:
    sentences = [sentence(graph, place) for place in range(min(len(graph.nodes), DESCRIBED))]
    if len(graph.nodes) > DESCRIBED:
        sentences.append(f"and {len(graph.nodes) - DESCRIBED} more nodes")
    sentences += [line for line in _footer_lines(graph, look) if line != _legend(graph, look)]
    return ". ".join(sentences) + "."


def _legend(graph: Graph, look: Look) -> str:
    if not graph.has_gradients and not graph.pending:
        return "value"
    if look.style == "circuit" and not look.is_horizontal:
        return f"value left of the wire, {NABLA} gradient right of it"
    return f"value above, {NABLA} gradient below"


def _footer_lines(graph: Graph, look: Look) -> list[str]:
    lines = [graph.note or _legend(graph, look)]
    if graph.left_out:
        lines.append(f"{graph.left_out:,} nodes far from the result are not drawn; max_nodes= shows more of them")
    elif graph.folded:
        lines.append(f"{graph.folded:,} nodes are folded into boxes")
    if graph.remark:
        lines.append(graph.remark)
    return lines


def _footer(graph: Graph, look: Look, lines: Sequence[str], height: float) -> list[Shape]:
    top = height - MARGIN - 16 * (len(lines) - 1) - 5
    shapes: list[Shape] = []
    for i, line in enumerate(lines):
        y = top + 16 * i
        if line == _legend(graph, look) and "," in line:
            value, gradient = line.split(", ")
            size = SIZES["footer"]
            shapes.append(Text(value, MARGIN, y, size, "value", "start"))
            shapes.append(Text(gradient, MARGIN + text_width(value + "  ", size), y, size, "gradient", "start"))
        else:
            shapes.append(Text(line, MARGIN, y, SIZES["footer"], "muted", "start", italic=True))
    return shapes
