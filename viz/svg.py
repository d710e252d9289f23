"""The SVG: Graphviz says where things go, and this module writes them, one element for one thing seen.

Nothing depends on style sheets, scripts or fonts of this machine; the ground is opaque; every id begins with a
prefix made from the content, so that many drawings fit one page.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from html import escape
from typing import Any

from .boxes import COLOURS, CONSTANT_HEIGHT, FOOTER, SIZES, SLOT_WIDTH, Box, boxes_of, constant_width, text_width
from .model import Graph
from .numbers import short

__all__ = ["write_svg"]

FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
MARGIN = 12
FOOTER_HEIGHT = 24
BASELINE = 0.34  # from the middle of a line of text down to its baseline, in units of the font size
DESCRIBED = 100  # nodes spelled out in <desc>


@dataclass(frozen=True)
class _Layout:
    width: float
    height: float
    centres: dict[str, tuple[float, float]]
    edges: list[tuple[str, list[tuple[float, float]], tuple[float, float]]]


def write_svg(graph: Graph, layout: bytes) -> str:
    """Write the picture.

    Args:
        graph: what is to be seen.
        layout: Graphviz's ``json0`` for `viz.dot.skeleton` of the same graph.

    Returns:
        A complete SVG document.
    """
    placed = _read(json.loads(layout))
    footer = graph.note or FOOTER
    width = max(placed.width, text_width(footer, SIZES["footer"])) + 2 * MARGIN
    height = placed.height + 2 * MARGIN + FOOTER_HEIGHT
    parts = [_edge(points, tip, name) for name, points, tip in placed.edges]
    constants = 0
    last = len(graph.nodes) - 1
    for place, box in enumerate(boxes_of(graph)):
        for operand in box.node.operands:
            if type(operand) is float:
                parts.append(_constant(operand, f"c{constants}", placed))
                constants += 1
        parts.append(_node(graph, place, box, placed, root=place == last))
    parts.append(_footer(graph, height - MARGIN))
    title, description = _title(graph), _description(graph)
    body = "\n".join(parts)
    prefix = "g" + hashlib.sha256(f"{title}{description}{body}".encode()).hexdigest()[:12]
    body = body.replace(' id="', f' id="{prefix}-')
    w, h = _n(width), _n(height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'aria-labelledby="{prefix}-title {prefix}-desc" style="max-width:100%;height:auto" '
        f'font-family="{escape(FONT, quote=False)}">\n'
        f'<title id="{prefix}-title">{title}</title>\n'
        f'<desc id="{prefix}-desc">{description}</desc>\n'
        f'<rect width="100%" height="100%" fill="{COLOURS["ground"]}"/>\n'
        f"{body}\n</svg>\n"
    )


def _read(raw: dict[str, Any]) -> _Layout:
    left, bottom, right, top = (float(x) for x in raw["bb"].split(","))

    def point(text: str) -> tuple[float, float]:
        x, y = text.split(",")
        return float(x) - left + MARGIN, top - float(y) + MARGIN  # Graphviz counts y upwards

    edges = []
    for edge in raw.get("edges", ()):
        tip, *points = edge["pos"].split()
        edges.append((edge["id"], [point(p) for p in points], point(tip.removeprefix("e,"))))
    edges.sort(key=lambda e: int(e[0][1:]))
    centres = {o["name"]: point(o["pos"]) for o in raw["objects"]}
    return _Layout(right - left, top - bottom, centres, edges)


def _n(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".")


def _text(content: str, x: float, y: float, size: str, colour: str, more: str = "") -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y + SIZES[size] * BASELINE)}" font-size="{SIZES[size]:g}" '
        f'fill="{COLOURS[colour]}"{more}>{escape(content)}</text>'
    )


def _edge(points: list[tuple[float, float]], tip: tuple[float, float], name: str) -> str:
    start, *rest = [f"{_n(x)},{_n(y)}" for x, y in points]
    x, y = points[-1]
    dx, dy = tip[0] - x, tip[1] - y
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    across = (-dy / length * 2.6, dx / length * 2.6)
    head = [(x + across[0], y + across[1]), tip, (x - across[0], y - across[1])]
    corners = " ".join(f"{_n(a)},{_n(b)}" for a, b in head)
    colour = COLOURS["line"]
    return (
        f'<g id="{name}" class="edge"><path d="M{start}C{" ".join(rest)}" fill="none" stroke="{colour}"/>'
        f'<polygon points="{corners}" fill="{colour}"/></g>'
    )


def _constant(number: float, name: str, placed: _Layout) -> str:
    x, y = placed.centres[name]
    width = constant_width(number)
    return (
        f'<g id="{name}" class="constant"><title>constant {number!r}</title>'
        f'<rect x="{_n(x - width / 2)}" y="{_n(y - CONSTANT_HEIGHT / 2)}" width="{width}" '
        f'height="{CONSTANT_HEIGHT}" rx="11" fill="{COLOURS["constant"]}" stroke="{COLOURS["line"]}" '
        f'stroke-dasharray="3 2"/>' + _text(short(number), x, y, "number", "muted", ' text-anchor="middle"') + "</g>"
    )


def _node(graph: Graph, place: int, box: Box, placed: _Layout, *, root: bool) -> str:
    x, y = placed.centres[f"n{place}"]
    left, top = x - box.width / 2, y - box.height / 2
    name_width = SLOT_WIDTH + box.name_width
    fill = COLOURS["leaf" if box.node.is_leaf else "operation"]
    # Two shapes under one outline: the tinted cell with the name, the white one with the numbers.
    parts = [
        f'<rect x="{_n(left)}" y="{_n(top)}" width="{box.width}" height="{box.height}" rx="5" fill="{COLOURS["number"]}"/>',
        f'<path d="M{_n(left + name_width)},{_n(top)}h{-(name_width - 5)}a5,5 0 0 0 -5,5v{box.height - 10}'
        f'a5,5 0 0 0 5,5h{name_width - 5}z" fill="{fill}"/>',
        f'<rect x="{_n(left)}" y="{_n(top)}" width="{box.width}" height="{box.height}" rx="5" fill="none" '
        f'stroke="{COLOURS["text" if root else "line"]}" stroke-width="{2 if root else 1}"/>',
    ]
    centre = left + name_width / 2
    middle = ' text-anchor="middle"'
    if not box.label:
        parts.append(_text(box.node.symbol, centre, y, "lone symbol", "text", middle))
    elif box.is_anonymous:
        parts.append(_text(box.label, centre, y, "symbol", "muted", middle + ' font-style="italic"'))
    else:
        shift = 10 if box.node.symbol else 0
        parts.append(_text(box.label, centre, y - shift, "label", "text", middle + ' font-weight="bold"'))
        if box.node.symbol:
            parts.append(_text(box.node.symbol, centre, y + 10, "symbol", "muted", middle))
    end = left + box.width - 11
    shift = 10 if box.gradient else 0
    parts.append(_text(box.value, end, y - shift, "number", "value", ' text-anchor="end" class="value"'))
    if box.gradient:
        parts.append(_text(box.gradient, end, y + 10, "number", "gradient", ' text-anchor="end" class="gradient"'))
    hover = escape(_sentence(graph, place))
    kind = "leaf" if box.node.is_leaf else "operation"
    return f'<g id="n{place}" class="{kind}"><title>{hover}</title>{"".join(parts)}</g>'


def _footer(graph: Graph, y: float) -> str:
    if graph.note:
        return _text(graph.note, MARGIN, y - 5, "footer", "muted", ' font-style="italic"')
    value, gradient = FOOTER.split(", ")
    return (
        f'<text x="{MARGIN}" y="{_n(y - 1)}" font-size="{SIZES["footer"]:g}" fill="{COLOURS["muted"]}">'
        f'<tspan fill="{COLOURS["value"]}">{value}</tspan>, '
        f'<tspan fill="{COLOURS["gradient"]}">{gradient}</tspan></text>'
    )


def _sentence(graph: Graph, place: int) -> str:
    node = graph.nodes[place]
    formula = graph.formula(place)
    gradient = "no gradient yet" if node.gradient is None else f"gradient {node.gradient!r}"
    return f"{graph.name(place)}{' = ' if formula else ''}{formula}: value {node.value!r}, {gradient}"


def _title(graph: Graph) -> str:
    return escape(re.sub(r"\s+", " ", f"Computational graph of {graph.title}"))


def _description(graph: Graph) -> str:
    sentences = [_sentence(graph, place) for place in range(min(len(graph.nodes), DESCRIBED))]
    if len(graph.nodes) > DESCRIBED:
        sentences.append(f"and {len(graph.nodes) - DESCRIBED} more nodes")
    if graph.note:
        sentences.append(graph.note)
    return escape(". ".join(sentences) + ".")
