"""A picture as DOT text with everything written in it, complete in itself, for people and for Graphviz's own programs."""

from __future__ import annotations

from collections.abc import Mapping

import graphviz

from ..scene.graphviz import escaped
from ..scene.themes import THEMES
from .cells import NABLA, SIZES, Cell
from .measure import Measured, Pill
from .skeleton import ends, nested

__all__ = ["source"]

FONT = "monospace"


def source(measured: Measured) -> str:
    """The DOT text."""
    colours = THEMES[measured.look.theme]
    picture = graphviz.Digraph("glassgrad")
    direction = measured.look.direction
    picture.attr("graph", rankdir=direction, nodesep="0.22", ranksep="0.42", pad="0.15", bgcolor=colours["ground"])
    picture.attr("graph", label=f"<{_footer(measured, colours)}>", labelloc="b", labeljust="l", fontname=FONT)
    picture.attr("node", shape="plain", fontname=FONT, fontcolor=colours["text"])
    picture.attr("edge", color=colours["line"], arrowsize="0.6", fontname=FONT)

    def cell(body: graphviz.Digraph, place: int) -> int:
        body.node(f"n{place}", label=f"<{_table(measured.cells[place], colours)}>")
        return place

    def pill(body: graphviz.Digraph, pill: Pill) -> None:
        frame = f' STYLE="ROUNDED,DASHED" COLOR="{colours["line"]}" BGCOLOR="{colours["constant"]}"'
        content = _font(pill.words, colours["muted"], SIZES["number"])
        body.node(pill.name, label=f'<<TABLE BORDER="1" CELLBORDER="0"{frame}><TR><TD>{content}</TD></TR></TABLE>>')

    def frame(cluster: graphviz.Digraph, name: str) -> None:
        label = _font(name, colours["muted"], SIZES["group"])
        cluster.attr(label=f"<{label}>", labeljust="l", style="rounded", color=colours["group"], fontname=FONT)

    nested(measured, picture, cell, pill, frame)
    for arrow, (tail, head) in zip(measured.arrows, ends(measured), strict=True):
        more = {}
        if arrow.words:
            words = [
                _font(line, colours["gradient" if line.startswith(NABLA) else "muted"], SIZES["edge"]) for line in arrow.words
            ]
            more["label"] = f"<{'<BR/>'.join(words)}>"
        if arrow.weight is not None and arrow.weight < 0:
            more["style"] = "dashed"
        picture.edge(tail, head, **more)
    return str(picture.source)


def _font(text: str, colour: str, size: float, style: str = "") -> str:
    inner = escaped(text)
    if style:
        inner = f"<{style}>{inner}</{style}>"
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{inner}</FONT>'


def _footer(measured: Measured, palette: Mapping[str, str]) -> str:
    if measured.note:
        return _font(measured.note, palette["muted"], SIZES["footer"])
    value = _font("value above", palette["value"], SIZES["footer"])
    return f"{value}, {_font(f'{NABLA} gradient below', palette['gradient'], SIZES['footer'])}"


def _table(cell: Cell, palette: Mapping[str, str]) -> str:
    words = cell.words
    lines = [_font(line, palette["text"], SIZES["symbol"]) for line in words.lines]
    if words.name:
        lines.append(_font(words.name, palette["text"], SIZES["label"], "B" if words.labelled else "I"))
    if words.symbol:
        lines.append(_font(words.symbol, palette["muted" if words.name else "text"], SIZES["symbol"]))
    numbers = []
    if words.value:
        numbers.append(_font(words.value, palette["value"], SIZES["number"]))
    if words.gradient:
        numbers.append(_font(words.gradient, palette["gradient"], SIZES["number"]))
    span = max(1, cell.slots)
    rows = []
    for slot in range(span):
        cells = f'<TD PORT="a{slot}" WIDTH="6" HEIGHT="{14 if span > 1 else 40}" FIXEDSIZE="TRUE"></TD>'
        if slot == 0:
            cells += f'<TD ROWSPAN="{span}" BGCOLOR="{palette[words.kind]}">{"<BR/>".join(lines)}</TD>'
            if numbers:
                cells += f'<TD ROWSPAN="{span}">{"<BR/>".join(numbers)}</TD>'
        rows.append(f"<TR>{cells}</TR>")
    frame = palette["text" if cell.is_root else "line"]
    return f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="{frame}">{"".join(rows)}</TABLE>'
