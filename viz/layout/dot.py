"""The graph as DOT text, built with the graphviz package. All escaping for DOT happens in `escaped`.

The layout is asked for with empty cells of fixed size (`skeleton`), which needs no fonts. A file for people has the
words in it (`source`).
"""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import graphviz

from ..digits import short
from ..graph.model import Edge, Graph
from ..scene.shapes import text_width
from ..scene.themes import THEMES
from .cells import NABLA, SIZES, Cell, Look, constant_size, edge_lines

__all__ = ["FONT", "edge_label_size", "escaped", "frames_of", "misplaced", "skeleton", "source"]

FONT = "monospace"
PORTS = {"LR": ("e", "w"), "RL": ("w", "e"), "TB": ("s", "n"), "BT": ("n", "s")}  # where an edge leaves and arrives


def escaped(text: str) -> str:
    """Escape one line of visible text for an HTML-like label.

    Records are not used at all: Graphviz silently drops a record label that holds ``{}|<>``.

    >>> escaped('a<b> & "c" \\\\N')
    'a&lt;b&gt; &amp; &quot;c&quot; \\\\N'
    """
    return html.escape(text).replace("&#x27;", "&#39;")


def frames_of(graph: Graph) -> list[tuple[str, ...]]:
    """The groups that get a frame, as paths of names; an outer one comes before what it holds."""
    found: dict[tuple[str, ...], None] = {}
    for node in graph.nodes:
        for depth in range(1, len(node.groups) + 1):
            found[node.groups[:depth]] = None
    return list(found)


def edge_label_size(lines: Sequence[str]) -> tuple[int, int]:
    """Width and height of the words on an edge."""
    return max(text_width(line, SIZES["edge"]) for line in lines) + 8, 14 * len(lines) + 4


def misplaced(graph: Graph, centres: Mapping[str, tuple[float, float]], look: Look) -> dict[int, int]:
    """For each fold that is not where it should be, the fold that should stand there.

    The neurons of a layer read the same nodes and are read by the same ones, so that Graphviz may put them into any order. They
    belong into theirs, from the top down or from left to right.
    """
    read: defaultdict[int, Counter[int | None]] = defaultdict(Counter)
    readers: defaultdict[int | None, Counter[int]] = defaultdict(Counter)
    for edge in graph.edges:
        read[edge.head][edge.tail] += 1
        readers[edge.tail][edge.head] += 1
    columns: defaultdict[object, list[int]] = defaultdict(list)
    for place, node in enumerate(graph.nodes):
        if node.fold is not None and node.groups:
            columns[node.groups, frozenset(read[place].items()), frozenset(readers[place].items())].append(place)
    across = 1 if look.is_horizontal else 0
    found: dict[int, int] = {}
    for column in columns.values():
        standing = sorted(column, key=lambda place: centres[f"n{place}"][across])
        found.update((there, place) for there, place in zip(standing, column, strict=True) if there != place)
    return found


def skeleton(graph: Graph, cells: Sequence[Cell], look: Look, instead: Mapping[int, int]) -> str:
    """The DOT text that the layout is computed from: cells of fixed size, nothing written in them.

    Args:
        graph: what is to be laid out.
        cells: the size of each node.
        look: how it is drawn.
        instead: what `misplaced` found; these nodes change places. Empty the first time.
    """
    places = {there: instead.get(there, there) for there in range(len(graph.nodes))}
    picture = graphviz.Digraph("glassgrad")  # never strict: x * x has two edges
    gap = ["0.16", "0.3"] if look.style == "circuit" else ["0.22", "0.42"]
    if any(node.weights for node in graph.nodes):
        gap[1] = "1.1"  # many edges cross between folded layers
    picture.attr("graph", rankdir=look.direction, nodesep=gap[0], ranksep=gap[1])
    picture.attr("node", shape="plain")
    picture.attr("edge", arrowsize="0.6")
    labels = [f"label=<{_skeleton_table(cell, look)}>" for cell in cells]
    constants = _constants(graph)

    def write(body: graphviz.Digraph, group: tuple[str, ...]) -> None:
        for there, place in places.items():
            if graph.nodes[there].groups != group:
                continue
            body.body.append(f"\tn{place} [{labels[place]}]\n")
            for number, name in constants.get(place, ()):
                width, height = constant_size(number, look)
                body.node(name, label="", shape="box", fixedsize="true", width=f"{width / 72:.4f}", height=f"{height / 72:.4f}")
        for i, inner in enumerate(frames):
            if inner[:-1] == group and len(inner) == len(group) + 1:
                with body.subgraph(name=f"cluster_{i}") as cluster:
                    label = _fixed("", text_width(inner[-1], SIZES["group"]), 14)
                    cluster.attr(margin="9", label=f"<{label}>", labeljust="l", labelloc="t")
                    write(cluster, inner)

    frames = frames_of(graph)
    write(picture, ())
    leaving, arriving = PORTS[look.direction]
    for k, (edge, tail) in enumerate(zip(graph.edges, _tails(graph), strict=True)):
        lines = edge_lines(graph, edge, look)
        words = f"<{_fixed('', *edge_label_size(lines))}>" if lines else ""
        more = {"label": words} if words else {}
        slot = cells[edge.head].slot_of(edge)
        picture.edge(f"{tail}:{leaving}", f"n{edge.head}:a{slot}:{arriving}", id=f"e{k}", **more)
    return str(picture.source)


def _tails(graph: Graph) -> list[str]:
    """The DOT name of each edge's tail."""
    names = []
    constants = 0
    for edge in graph.edges:
        if edge.tail is None:
            names.append(f"c{constants}")
            constants += 1
        else:
            names.append(f"n{edge.tail}")
    return names


def _constants(graph: Graph) -> dict[int, list[tuple[float, str]]]:
    found: dict[int, list[tuple[float, str]]] = {}
    for edge, tail in zip(graph.edges, _tails(graph), strict=True):
        if edge.tail is None:
            number = float(graph.nodes[edge.head].operands[edge.slot])
            found.setdefault(edge.head, []).append((number, tail))
    return found


def _fixed(content: str, width: int, height: int, more: str = "") -> str:
    cell = f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"{more}>{content}</TD>'
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{cell}</TR></TABLE>'


def _skeleton_table(cell: Cell, look: Look) -> str:
    """One column (or row) of empty cells, one for each operand, at its height (or place)."""
    ends = [round(cell.breadth / 2 + cell.slot_place(slot) + step) for slot in range(cell.slots) for step in _halves(cell)]
    spans = []
    at = 0
    for slot in range(cell.slots):
        start, end = ends[2 * slot], ends[2 * slot + 1]
        if start > at:
            spans.append((start - at, ""))
        spans.append((end - max(start, at), f' PORT="a{slot}"'))
        at = end
    if cell.breadth > at:
        spans.append((cell.breadth - at, ""))
    if look.is_horizontal:
        rows = "".join(
            f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{cell.length}" HEIGHT="{size}"{port}></TD></TR>' for size, port in spans
        )
    else:
        columns = "".join(f'<TD FIXEDSIZE="TRUE" WIDTH="{size}" HEIGHT="{cell.length}"{port}></TD>' for size, port in spans)
        rows = f"<TR>{columns}</TR>"
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'


def _halves(cell: Cell) -> tuple[float, float]:
    pitch = cell.slot_place(1) - cell.slot_place(0) if cell.slots > 1 else min(cell.pitch, cell.breadth)
    return -pitch / 2, pitch / 2


# ---- the same for people ---------------------------------------------------------------------------


def source(graph: Graph, cells: Sequence[Cell], look: Look) -> str:
    """The DOT text with everything written in it, complete in itself, for Graphviz's own programs."""
    colours = THEMES[look.theme]
    picture = graphviz.Digraph("glassgrad")
    picture.attr("graph", rankdir=look.direction, nodesep="0.22", ranksep="0.42", pad="0.15", bgcolor=colours["ground"])
    picture.attr("graph", label=f"<{_footer(graph, colours)}>", labelloc="b", labeljust="l", fontname=FONT)
    picture.attr("node", shape="plain", fontname=FONT, fontcolor=colours["text"])
    picture.attr("edge", color=colours["line"], arrowsize="0.6", fontname=FONT)
    constants = _constants(graph)
    frames = frames_of(graph)

    def write(body: graphviz.Digraph, group: tuple[str, ...]) -> None:
        for place, node in enumerate(graph.nodes):
            if node.groups != group:
                continue
            body.node(f"n{place}", label=f"<{_words(cells[place], colours)}>")
            for number, name in constants.get(place, ()):
                frame = f' STYLE="ROUNDED,DASHED" COLOR="{colours["line"]}" BGCOLOR="{colours["constant"]}"'
                content = _font(short(number, look.precision), colours["muted"], SIZES["number"])
                body.node(name, label=f'<<TABLE BORDER="1" CELLBORDER="0"{frame}><TR><TD>{content}</TD></TR></TABLE>>')
        for i, inner in enumerate(frames):
            if inner[:-1] == group and len(inner) == len(group) + 1:
                with body.subgraph(name=f"cluster_{i}") as cluster:
                    label = _font(inner[-1], colours["muted"], SIZES["group"])
                    cluster.attr(label=f"<{label}>", labeljust="l", style="rounded", color=colours["group"], fontname=FONT)
                    write(cluster, inner)

    write(picture, ())
    leaving, arriving = PORTS[look.direction]
    for edge, tail in zip(graph.edges, _tails(graph), strict=True):
        more = {}
        lines = edge_lines(graph, edge, look)
        if lines:
            words = [_font(line, colours["gradient" if line.startswith(NABLA) else "muted"], SIZES["edge"]) for line in lines]
            more = {"label": f"<{'<BR/>'.join(words)}>"}
        slot = cells[edge.head].slot_of(edge)
        picture.edge(f"{tail}:{leaving}", f"n{edge.head}:a{slot}:{arriving}", **more, **_weight_style(graph, edge))
    return str(picture.source)


def _weight_style(graph: Graph, edge: Edge) -> dict[str, str]:
    weights = graph.nodes[edge.head].weights
    weight = weights[edge.slot] if edge.slot < len(weights) else None
    return {"style": "dashed"} if weight is not None and weight < 0 else {}


def _font(text: str, colour: str, size: float, style: str = "") -> str:
    inner = escaped(text)
    if style:
        inner = f"<{style}>{inner}</{style}>"
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{inner}</FONT>'


def _footer(graph: Graph, palette: Mapping[str, str]) -> str:
    if graph.note:
        return _font(graph.note, palette["muted"], SIZES["footer"])
    value = _font("value above", palette["value"], SIZES["footer"])
    return f"{value}, {_font(f'{NABLA} gradient below', palette['gradient'], SIZES['footer'])}"


def _words(cell: Cell, palette: Mapping[str, str]) -> str:
    lines = []
    if cell.node.fold is not None:
        lines = [_font(line, palette["text"], SIZES["symbol"]) for line in cell.fold_lines]
    else:
        if cell.name:
            lines.append(_font(cell.name, palette["text"], SIZES["label"], "B" if cell.node.label else "I"))
        if cell.symbol:
            lines.append(_font(cell.symbol, palette["text" if not cell.name else "muted"], SIZES["symbol"]))
    numbers = []
    if cell.value:
        numbers.append(_font(cell.value, palette["value"], SIZES["number"]))
    if cell.gradient:
        numbers.append(_font(cell.gradient, palette["gradient"], SIZES["number"]))
    fill = palette["fold" if cell.node.fold is not None else "leaf" if cell.node.is_leaf else "operation"]
    span = max(1, cell.slots)
    rows = []
    for slot in range(span):
        cells = f'<TD PORT="a{slot}" WIDTH="6" HEIGHT="{14 if span > 1 else 40}" FIXEDSIZE="TRUE"></TD>'
        if slot == 0:
            cells += f'<TD ROWSPAN="{span}" BGCOLOR="{fill}">{"<BR/>".join(lines)}</TD>'
            if numbers:
                cells += f'<TD ROWSPAN="{span}">{"<BR/>".join(numbers)}</TD>'
        rows.append(f"<TR>{cells}</TR>")
    frame = palette["text" if cell.is_root else "line"]
    return f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" COLOR="{frame}">{"".join(rows)}</TABLE>'
