"""The graph as DOT text, built with the graphviz package. All escaping for DOT happens in `escaped`.

The layout is asked for with empty boxes of fixed size (`skeleton`), which needs no fonts. A file for people, and what
.png and .pdf are rendered from, has the words in the same boxes (`source`).
"""

from __future__ import annotations

import html

import graphviz

from .boxes import COLOURS, CONSTANT_HEIGHT, FOOTER, SIZES, SLOT_WIDTH, Box, boxes_of, constant_width
from .model import Graph
from .numbers import short

__all__ = ["escaped", "skeleton", "source"]

FONT = "monospace"


def escaped(text: str) -> str:
    """Escape one line of visible text for an HTML-like label.

    Records are not used at all: Graphviz silently drops a record label that holds ``{}|<>``.

    >>> escaped('a<b> & "c" \\\\N')
    'a&lt;b&gt; &amp; &quot;c&quot; \\\\N'
    """
    return html.escape(text).replace("&#x27;", "&#39;")


def skeleton(graph: Graph) -> str:
    """The DOT text that the layout is computed from: boxes of fixed size, nothing written in them."""
    return _digraph(graph, words=False)


def source(graph: Graph) -> str:
    """The DOT text with everything written in it, complete in itself."""
    return _digraph(graph, words=True)


def _digraph(graph: Graph, *, words: bool) -> str:
    picture = graphviz.Digraph("glassgrad")  # never strict: x * x has two edges
    picture.attr("graph", rankdir="LR", nodesep="0.22", ranksep="0.42", pad="0.15", bgcolor=COLOURS["ground"])
    picture.attr("node", shape="plain", fontname=FONT, fontcolor=COLOURS["text"])
    picture.attr("edge", color=COLOURS["line"], arrowsize="0.6")
    if words:
        note = _font(graph.note, "muted", "footer") if graph.note else _legend()
        picture.attr("graph", label=f"<{note}>", labelloc="b", labeljust="l", fontname=FONT)
    constants = 0
    edges = 0
    for place, box in enumerate(boxes_of(graph)):
        picture.node(f"n{place}", label=_box_label(box, words=words, root=place == len(graph.nodes) - 1))
        for slot, operand in enumerate(box.node.operands):
            if type(operand) is int:
                tail = f"n{operand}"
            else:
                tail = f"c{constants}"
                constants += 1
                picture.node(tail, label=_constant_label(operand, words=words))
            picture.edge(f"{tail}:e", f"n{place}:a{slot}:w", id=f"e{edges}")
            edges += 1
    return str(picture.source)


def _font(text: str, colour: str, size: str, style: str = "") -> str:
    inner = escaped(text)
    if style:
        inner = f"<{style}>{inner}</{style}>"
    return f'<FONT COLOR="{COLOURS[colour]}" POINT-SIZE="{SIZES[size]:g}">{inner}</FONT>'


def _legend() -> str:
    value, gradient = FOOTER.split(", ")
    return f"{_font(value, 'value', 'footer')}{_font(', ', 'muted', 'footer')}{_font(gradient, 'gradient', 'footer')}"


def _cell(content: str, width: int, height: int, more: str = "") -> str:
    return f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"{more}>{content}</TD>'


def _table(rows: str, more: str = "") -> str:
    # A border changes the size, so the skeleton has one as well.
    return f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"{more}>{rows}</TABLE>'


def _box_label(box: Box, *, words: bool, root: bool) -> str:
    fill = COLOURS["leaf" if box.node.is_leaf else "operation"]
    ground = f' BGCOLOR="{fill}"' if words else ""
    span = f' ROWSPAN="{box.slot_count}"'
    rows = []
    for slot, height in enumerate(box.slot_heights):
        cells = _cell("", SLOT_WIDTH, height, f' PORT="a{slot}"{ground}')
        if slot == 0:
            cells += _cell(_name(box) if words else "", box.name_width, box.height, span + ground)
            cells += _cell(_numbers(box) if words else "", box.number_width, box.height, span)
        rows.append(f"<TR>{cells}</TR>")
    frame = f' COLOR="{COLOURS["text" if root else "line"]}"' if words else ""
    return f"<{_table(''.join(rows), frame)}>"


def _name(box: Box) -> str:
    if not box.label:
        return _font(box.node.symbol, "text", "lone symbol")
    if box.is_anonymous:
        return _font(box.label, "muted", "symbol", "I")
    name = _font(box.label, "text", "label", "B")
    return f"{name}<BR/>{_font(box.node.symbol, 'muted', 'symbol')}" if box.node.symbol else name


def _numbers(box: Box) -> str:
    value = _font(box.value, "value", "number")
    return f"{value}<BR/>{_font(box.gradient, 'gradient', 'number')}" if box.gradient else value


def _constant_label(number: float, *, words: bool) -> str:
    content = _font(short(number), "muted", "number") if words else ""
    style = f' STYLE="ROUNDED,DASHED" COLOR="{COLOURS["line"]}" BGCOLOR="{COLOURS["constant"]}"' if words else ""
    row = f"<TR>{_cell(content, constant_width(number), CONSTANT_HEIGHT)}</TR>"
    return f"<{_table(row, style)}>"
