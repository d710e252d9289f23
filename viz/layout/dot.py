"""A picture as DOT text, built with the graphviz package: empty cells for the layout, or complete, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import graphviz

from ..languages import say
from ..scene.graphviz import escaped
from ..scene.shapes import text_width
from ..scene.themes import THEMES
from .cells import SIZES, Cell, sides
from .measure import Measured
from .weights import numbers_gap

__all__ = ["skeleton", "source"]

FONT = "monospace"
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
OUTLET = "o"  # the port where edges leave a cell whose middle line isn't in its middle
PORTS = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}  # where an edge leaves and arrives


def skeleton(measured: Measured, instead: Mapping[int, int], first: Sequence[int] = ()) -> str:
    """The DOT text that the layout is computed from.

    Args:
        measured: what is to be laid out.
        instead: nodes that change places, since a first layout misplaced them; empty the first time.
        first: nodes that stand at the start of the flow.
    """
    look = measured.look
    picture = graphviz.Digraph("glassgrad")  # never strict: x * x has two edges
    gap = ["0.16", "0.3"] if look.style == "circuit" else ["0.22", "0.42"]
    if any(arrow.weight is not None for arrow in measured.arrows):
        gap[1] = "1.1"  # many edges cross between folded layers
        if look.weights == "numbers":
            gap = ["0.3", f"{numbers_gap(measured.arrows) / 72:g}"]
    picture.attr("graph", rankdir=look.direction, nodesep=gap[0], ranksep=gap[1])
    picture.attr("node", shape="plain")
    picture.attr("edge", arrowsize="0.6")

    def cell(body: graphviz.Digraph, there: int) -> None:
        place = instead.get(there, there)
        body.body.append(f"\tn{place} [label=<{_empty_table(measured.cells[place])}>]\n")

    def frame(cluster: graphviz.Digraph, name: str) -> None:
        label = _fixed(text_width(name, SIZES["group"]), 14)
        cluster.attr(margin="9", label=f"<{label}>", labeljust="l", labelloc="t")

    _nested(measured, picture, cell, frame)
    if first:
        picture.attr("graph", ranksep="0.5")  # wires from several weights, side by side
        picture.body.append(f"\t{{rank=source; {'; '.join(f'n{place}' for place in first)}}}\n")
    for k, (arrow, (tail, head)) in enumerate(zip(measured.arrows, _ends(measured), strict=True)):
        if measured.cells[arrow.tail].shift:
            tail = tail.replace(":", f":{OUTLET}:")
        # a weight's number stands on its line, which is straight and therefore not where Graphviz would put it
        label = {"label": f"<{_fixed(*arrow.words_extent)}>"} if arrow.words and arrow.weight is None else {}
        picture.edge(tail, head, id=f"e{k}", **label)
    return str(picture.source)


def _fixed(width: int, height: int) -> str:
    cell = f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"></TD>'
    return f"{TABLE}<TR>{cell}</TR></TABLE>"


def _empty_table(cell: Cell) -> str:
    """One column (or row) of empty cells, one for each operand, at its height (or place); then one for what leaves."""
    pitch = cell.offset(1) - cell.offset(0) if cell.slots > 1 else min(cell.pitch, cell.breadth)
    middle = cell.breadth / 2 + cell.shift
    arriving = _strip(
        cell, cell.length - 1 if cell.shift else cell.length, pitch, [middle + cell.offset(k) for k in range(cell.slots)]
    )
    if not cell.shift:
        return arriving
    leaving = _strip(cell, 1, 2 * min(cell.pitch, middle, cell.breadth - middle), [middle], OUTLET)
    first, second = (leaving, arriving) if cell.is_reversed else (arriving, leaving)
    inner = f"<TD>{first}</TD>{'' if cell.is_horizontal else '</TR><TR>'}<TD>{second}</TD>"
    return f"{TABLE}<TR>{inner}</TR></TABLE>"


def _strip(cell: Cell, length: int, pitch: float, middles: Sequence[float], port: str = "") -> str:
    """A table across the flow with ports, whose middles are at these distances from its start."""
    spans = []
    at = 0
    for slot, middle in enumerate(middles):
        start, end = round(middle - pitch / 2), round(middle + pitch / 2)
        if start > at:
            spans.append((start - at, ""))
        spans.append((end - max(start, at), f' PORT="{port or f"a{slot}"}"'))
        at = end
    if cell.breadth > at:
        spans.append((cell.breadth - at, ""))
    if cell.is_horizontal:
        rows = "".join(f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{length}" HEIGHT="{size}"{name}></TD></TR>' for size, name in spans)
    else:
        columns = "".join(f'<TD FIXEDSIZE="TRUE" WIDTH="{size}" HEIGHT="{length}"{name}></TD>' for size, name in spans)
        rows = f"<TR>{columns}</TR>"
    return f"{TABLE}{rows}</TABLE>"


# ---- the same for people ---------------------------------------------------------------------------


def source(measured: Measured) -> str:
    """The DOT text."""
    colours = THEMES[measured.look.theme]
    picture = graphviz.Digraph("glassgrad")
    direction = measured.look.direction
    picture.attr("graph", rankdir=direction, nodesep="0.22", ranksep="0.42", pad="0.15", bgcolor=colours["ground"])
    picture.attr("graph", label=f"<{_footer(measured, colours)}>", labelloc="b", labeljust="l", fontname=FONT)
    picture.attr("node", shape="plain", fontname=FONT, fontcolor=colours["text"])
    picture.attr("edge", color=colours["line"], arrowsize="0.6", fontname=FONT)

    def cell(body: graphviz.Digraph, place: int) -> None:
        body.node(f"n{place}", label=f"<{_table(measured.cells[place], colours)}>")

    def frame(cluster: graphviz.Digraph, name: str) -> None:
        label = _font(name, colours["muted"], SIZES["group"])
        cluster.attr(label=f"<{label}>", labeljust="l", style="rounded", color=colours["group"], fontname=FONT)

    _nested(measured, picture, cell, frame)
    for arrow, (tail, head) in zip(measured.arrows, _ends(measured), strict=True):
        more = {}
        if arrow.words or arrow.local:
            words = [_font(line, colours["muted"], SIZES["edge"]) for line in (*arrow.words, arrow.local) if line]
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
    value = _font(say(measured.language, "value above"), palette["value"], SIZES["footer"])
    return f"{value}, {_font(say(measured.language, '∇ gradient below'), palette['gradient'], SIZES['footer'])}"


def _table(cell: Cell, palette: Mapping[str, str]) -> str:
    words = cell.words
    lines = [_font(line, palette["text"], SIZES["symbol"]) for line in words.lines]
    if words.name:
        lines.append(_font(words.name, palette["text"], SIZES["label"], "B" if words.labelled else "I"))
    if words.symbol:
        symbol = _font(words.symbol, palette["muted" if words.name else "text"], SIZES["symbol"])
        before, after = (
            [_font(chip.words, palette["muted"], SIZES["constant"]) for row in side.rows for chip in row]
            for side in sides(words, cell.slots)
        )
        lines.append(" ".join([*before, symbol, *([", ".join(after)] if after else [])]))
    numbers = []
    if words.copies and not words.is_fold:
        lines.append(_font(words.copies, palette["muted"], SIZES["group"]))
    if words.copies:
        numbers = [_font(line, palette["value"], SIZES["copies"]) for line in words.values]
        numbers += [_font(line, palette["gradient"], SIZES["copies"]) for line in words.gradients]
    elif words.value:
        numbers.append(_font(words.value, palette["value"], SIZES["number"]))
    if words.gradient and not words.copies:
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


# ---- what both share -------------------------------------------------------------------------------


def _nested(
    measured: Measured,
    picture: graphviz.Digraph,
    cell: Callable[[graphviz.Digraph, int], None],
    frame: Callable[[graphviz.Digraph, str], None],
) -> None:
    """Write all nodes, those of a group into its cluster.

    Args:
        measured: what is written.
        picture: where to.
        cell: writes the cell of a place.
        frame: writes what a cluster says of itself.
    """

    def write(body: graphviz.Digraph, names: tuple[str, ...]) -> None:
        for place, groups in enumerate(measured.groups):
            if groups == names:
                cell(body, place)
        for i, inner in enumerate(measured.clusters):
            if inner[:-1] == names and len(inner) == len(names) + 1:
                with body.subgraph(name=f"cluster_{i}") as cluster:
                    frame(cluster, inner[-1])
                    write(cluster, inner)

    write(picture, ())


def _ends(measured: Measured) -> list[tuple[str, str]]:
    """For each edge the DOT names of its two ends, with their ports."""
    leaving, arriving = PORTS[measured.look.direction]
    return [(f"n{arrow.tail}:{leaving}", f"n{arrow.head}:a{arrow.port}:{arriving}") for arrow in measured.arrows]
