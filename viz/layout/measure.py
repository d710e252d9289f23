"""From a graph to all words and sizes that are drawn of it. The stages after this one don't see the graph."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..digits import before_after, or_zero, short
from ..graph.alarm import is_alarming
from ..graph.backward import contribution
from ..graph.model import Edge, Fold, Graph, Matrix, Spread, elided
from ..graph.sentences import derivative, details, edge_title, repeated, sentence, warnings
from ..scene.shapes import text_width
from ..text import local_name, shortened
from .boxes import BoxCell
from .cells import NABLA, SIZES, Cell, Chip, HeatMap, Words
from .circuit import CircuitCell
from .look import Look

__all__ = ["Arrow", "Measured", "measure"]

CELLS: Mapping[str, type[Cell]] = {"circuit": CircuitCell, "boxes": BoxCell}
LABEL_COLUMNS = 32  # a longer label is cut in the picture and whole on hover
CONTRIBUTIONS = 4  # a sum of more is not spelled out
MATRIX = 64, 80  # rows and columns that are drawn of a matrix
STEPS, STEP_COLUMNS = 8, 16  # of a part: how many are told, and how wide their lines are
LISTED = 96  # weights of a neuron that are told on hover
DESCRIBED = 100  # nodes spelled out in the description


@dataclass(frozen=True)
class Arrow:
    """One edge between two nodes.

    Attributes:
        number: its place among the edges of the graph, constants included.
        tail: the place of the cell that it leaves.
        head: the place of the cell that it points to.
        slot: which operand it is, from 0.
        port: where at the cell it arrives.
        weight: the weight that it stands for, or None.
        words: what is written on it.
        local: the local gradient as written on it; empty if it isn't.
        on_wire: whether that stands on the wire that leaves the tail, and not before the head.
        title: what is told on hover.
    """

    number: int
    tail: int
    head: int
    slot: int
    port: int
    weight: float | None
    words: tuple[str, ...]
    local: str
    on_wire: bool
    title: str

    @property
    def local_width(self) -> int:
        """What the local gradient takes from side to side; 0 where it isn't written."""
        return _local_width(self.local)

    @property
    def words_extent(self) -> tuple[int, int]:
        """Width and height of what is written on it."""
        return max(text_width(line, SIZES["edge"]) for line in self.words) + 8, 14 * len(self.words) + 4


@dataclass(frozen=True)
class Measured:
    """A graph as it is drawn, before anything has its place.

    Attributes:
        look: how it is drawn.
        cells: one for each node.
        arrows: one for each edge that doesn't come from a constant.
        groups: for each node the names of its groups, the outermost first.
        lit: the places of the nodes that are not faded, or None for all.
        note: a remark on missing gradients.
        legend: which number is which.
        footer: the lines below the picture.
        title: of the whole.
        description: all of it in words.
        language: of all of that.
    """

    look: Look
    cells: tuple[Cell, ...]
    arrows: tuple[Arrow, ...]
    groups: tuple[tuple[str, ...], ...]
    lit: frozenset[int] | None
    note: str
    legend: str
    footer: tuple[str, ...]
    title: str
    description: str
    language: str

    @cached_property
    def clusters(self) -> tuple[tuple[str, ...], ...]:
        """The groups that get a frame, as paths of names; an outer one comes before what it holds."""
        return tuple(dict.fromkeys([names[:depth] for names in self.groups for depth in range(1, len(names) + 1)]))

    @cached_property
    def footprint(self) -> tuple[object, ...]:
        """All that a layout depends on: where two pictures have equal ones, one layout fits both."""
        look = self.look
        cells = [(cell.slots, cell.breadth, cell.shift, cell.length, cell.words.is_fold) for cell in self.cells]
        arrows = [
            (arrow.tail, arrow.head, arrow.port, arrow.weight is None, arrow.words and arrow.words_extent)
            for arrow in self.arrows
        ]  # fmt: skip
        return look.style, look.direction, look.weights, cells, arrows, self.groups

    @property
    def size(self) -> int:
        """The number of cells and arrows."""
        return len(self.cells) + len(self.arrows)


def measure(graph: Graph, look: Look, like: Measured | None = None) -> Measured:
    """Find the words and sizes of everything that is drawn.

    Args:
        graph: what is to be seen.
        look: how.
        like: the same graph with other numbers, whose sizes are kept.
    """
    cells = []
    chips = _chips(graph, look)
    locals_ = [_local(edge, look) for edge in graph.edges]
    single = {place for place, uses in graph.uses.items() if len(uses) == 1 and CELLS[look.style].has_wire}
    before: Counter[int] = Counter()
    tags: Counter[int] = Counter()
    for edge, local in zip(graph.edges, locals_, strict=True):
        if edge.tail in single:
            tags[edge.tail] = _local_width(local)
        else:
            before[edge.head] = max(before[edge.head], _local_width(local))
    for place in range(len(graph.nodes)):
        words = _words(graph, place, look, chips.get(place, ()))
        room = before[place], tags[place]
        cells.append(_cell(graph, place, words, look, *room) if like is None else replace(like.cells[place], words=words))
    arrows = []
    ports: Counter[int] = Counter()
    for number, (edge, local) in enumerate(zip(graph.edges, locals_, strict=True)):
        if edge.tail is not None:
            port = 0 if cells[edge.head].words.is_fold else ports[edge.head]
            ports[edge.head] += 1
            title = "\n".join([edge_title(graph, edge), *(_chain_rule(graph, edge, look) if local else ())])
            lines, on_wire = tuple(_edge_lines(edge, look)), edge.tail in single
            arrows.append(Arrow(number, edge.tail, edge.head, edge.slot, port, edge.weight, lines, local, on_wire, title))
    legend = _legend(graph, look)
    footer = _footer(graph, legend, _keys(graph, look, [cell.words for cell in cells], arrows))
    return Measured(
        look=look,
        cells=tuple(cells),
        arrows=tuple(arrows),
        groups=tuple([node.groups for node in graph.nodes]),
        lit=None if graph.focus is None else graph.on_path,
        note=graph.note,
        legend=legend,
        footer=tuple(footer),
        title=re.sub(r"\s+", " ", graph.say("Computational graph of {title}", title=graph.title)),
        description=_description(graph, [line for line in footer if line != legend]),
        language=graph.language,
    )


# ---- cells -----------------------------------------------------------------------------------------


def _chips(graph: Graph, look: Look) -> dict[int, tuple[Chip, ...]]:
    """The constants, by the place of the node that uses them."""
    found: dict[int, tuple[Chip, ...]] = {}
    numbers = [(edge, edge.constant) for edge in graph.edges if edge.constant is not None]
    for i, (edge, number) in enumerate(numbers):
        words, told = short(number, look.precision), graph.say("constant {number}", number=repr(number))
        copies = graph.nodes[edge.head].copies
        if copies is not None and copies.varies(edge.slot):
            low, middle, high = map(repr, copies.constants[edge.slot] or ())
            words = "…"
            told = graph.say("constants from {least} to {largest}, median {median}", least=low, median=middle, largest=high)
        chip = Chip(f"c{i}", edge.slot, words, told)
        found[edge.head] = (*found.get(edge.head, ()), chip)
    return found


def _cell(graph: Graph, place: int, words: Words, look: Look, before: int, tag: int) -> Cell:
    operands = len(graph.nodes[place].operands) - len(words.chips)
    return CELLS[look.style].measured(
        words,
        look.direction,
        min(1, operands) if words.is_fold else operands,
        is_root=place in graph.results,
        is_fork=len(graph.uses[place]) > 1,
        before=before,
        tag=tag,
    )


def _words(graph: Graph, place: int, look: Look, chips: tuple[Chip, ...]) -> Words:
    node = graph.nodes[place]
    value, gradient = _value(graph, place, look), _gradient(graph, place, look)
    columns = node.columns
    if look.room and (value or gradient):
        columns = max(columns, look.room + (len(f"{NABLA} ") if gradient else 0))
    return Words(
        kind=node.kind,
        name=_name(graph, place, look),
        labelled=bool(node.label if node.fold is None else node.fold.name),
        symbol=shortened(node.symbol, LABEL_COLUMNS),
        value=value,
        gradient=gradient,
        lines=tuple(_fold_lines(graph, place, look)),
        title="\n".join(details(graph, place)),
        fills_in=graph.pending,
        columns=columns,
        alarm=_alarm(graph, place),
        ghosts=look.ghosts,
        chips=chips,
        copies="" if node.copies is None else node.copies.times,
        values=() if node.copies is None else _spread(node.copies.values, look),
        heat=_heat(graph, place),
        gradients=() if node.copies is None else _spread(node.copies.gradients, look, f"{NABLA} "),
    )


def _heat(graph: Graph, place: int) -> HeatMap | None:
    """The numbers of a dense layer, each as a share of the largest; a large matrix is cut."""
    fold = graph.nodes[place].fold
    if fold is None or fold.matrix is None:
        return None
    gradients = fold.matrix.gradients
    return _heat_map(graph, fold.matrix, "", None if gradients is None else _heat_map(graph, gradients, f"{NABLA} "))


def _heat_map(graph: Graph, matrix: Matrix, sign: str, below: HeatMap | None = None) -> HeatMap:
    """The same of its weights and results, or of their gradients.

    Args:
        graph: in which it is.
        matrix: the numbers.
        sign: what stands before numbers that are told.
        below: another one below it.
    """
    rows = [row[: MATRIX[1]] for row in matrix.weights[: MATRIX[0]]]
    results = matrix.results[: MATRIX[0]]
    largest = max([abs(w) for row in rows for w in row if math.isfinite(w)], default=0.0) or 1.0
    furthest = max([abs(x) for x in results if math.isfinite(x)], default=0.0) or 1.0
    titles = [
        graph.say("neuron {count}: {result}, weights {weights}", count=k + 1, result=f"{sign}{result!r}",
                  weights=sign + ", ".join(elided([repr(w) for w in row], LISTED)))
        for k, (row, result) in enumerate(zip(matrix.weights, results, strict=False))
    ]  # fmt: skip
    levels = tuple([tuple([w / largest for w in row]) for row in rows])
    return HeatMap(levels, tuple([x / furthest for x in results]), tuple(titles), below)


def _spread(numbers: Spread | None, look: Look, before: str = "") -> tuple[str, ...]:
    """The largest, the median and the least number of a stack as written; one where all read the same."""
    if numbers is None:
        return ()
    words = [before + short(number, look.precision) for number in reversed(numbers)]
    return tuple(words) if len(set(words)) > 1 else (words[0],)


def _alarm(graph: Graph, place: int) -> str:
    """Whether a number of a node is inf or nan, and whether it is the first such."""
    node = graph.nodes[place]
    if graph.alarm is not None and graph.alarm.place == place:
        return "first"
    norm = None if node.fold is None else node.fold.gradient_norm
    return "later" if any(map(is_alarming, (node.value, node.gradient, norm))) else ""


def _name(graph: Graph, place: int, look: Look) -> str:
    node = graph.nodes[place]
    if node.label:
        return shortened(local_name(node.label, node.groups), LABEL_COLUMNS)
    if node.fold is None and (look.numbered or _alarm(graph, place) == "first"):
        return graph.name(place)
    return graph.say("leaf") if node.is_leaf else ""


def _value(graph: Graph, place: int, look: Look) -> str:
    node = graph.nodes[place]
    if node.earlier is not None:
        return before_after(node.earlier[0], node.value, look.precision, "→", graph.say("not yet"))
    return "" if node.value is None else short(node.value, look.precision)


def _gradient(graph: Graph, place: int, look: Look) -> str:
    """The gradient as written, at a fork as the sum that it is; empty in a picture without gradients."""
    node = graph.nodes[place]
    if node.earlier is not None and node.earlier[1] != node.gradient:
        return f"{NABLA} {before_after(node.earlier[1], node.gradient, look.precision, '→', graph.say('not yet'))}"
    if node.gradient is None:
        silent = graph.pending or not graph.has_gradients or node.value is None
        return "" if silent else f"{NABLA} {graph.say('not yet')}"
    total = short(node.gradient, look.precision)
    uses = graph.uses[place]
    if not look.local_gradients or len(uses) < 2 or place in graph.results:  # a result has a share of its own
        return f"{NABLA} {total}"
    if len(uses) > CONTRIBUTIONS:
        return f"{NABLA} {graph.say('sum of {count} = {total}', count=len(uses), total=total)}"
    parts = [contribution(graph, use) for use in uses]
    if any(part is None for part in parts):
        return f"{NABLA} {total}"
    return f"{NABLA} {added([short(or_zero(part), look.precision) for part in parts])} = {total}"


def added(words: Sequence[str]) -> str:
    """Numbers as a sum.

    >>> added(["3", "-4", "1"])
    '3 - 4 + 1'
    """
    return " + ".join(words).replace("+ -", "- ")


def _fold_lines(graph: Graph, place: int, look: Look) -> list[str]:
    node = graph.nodes[place]
    fold = node.fold
    if fold is None:
        return []
    name = shortened(local_name(fold.name, node.groups), LABEL_COLUMNS)
    one = fold.count == 1
    if fold.matrix is not None:
        lines = [shortened(local_name(fold.name, node.groups), LABEL_COLUMNS)] if fold.name else []
        lines.append(repeated(fold))
        lines += [] if fold.gradient_norm is None else [f"|{NABLA}| {short(fold.gradient_norm, look.precision)}"]
        return lines + ([f"× {fold.repeats:,}"] if fold.repeats > 1 else [])
    if fold.kind in ("chain", "sum", "part"):
        return _chain_lines(graph, fold) + ([] if node.copies is None else [node.copies.times])
    lines = [
        {
            "group": graph.say("{count:,} node" if one else "{count:,} nodes", count=fold.count),
            "rest": graph.say("{count:,} more node" if one else "{count:,} more nodes", count=fold.count),
            "constants": graph.say("{count:,} constant" if one else "{count:,} constants", count=fold.count),
        }[fold.kind]
    ]
    if fold.gradient_norm is not None:
        lines.append(f"|{NABLA}| {short(fold.gradient_norm, look.precision)}")
    return [name, *lines] if name else lines


def _chain_lines(graph: Graph, fold: Fold) -> list[str]:
    """What the middle of a chain says: how often it does what."""
    if not fold.steps:
        return [graph.say("… {count:,} nodes …", count=fold.count)]
    words = repeated(fold)
    if fold.kind == "part":
        return _part_lines(fold.steps)
    if fold.kind == "sum":
        return [words]
    return [f"… {words} …" if len(words) <= LABEL_COLUMNS else f"… {fold.repeats:,} × …"]


def _part_lines(steps: Sequence[str]) -> list[str]:
    """The steps of a part, in short lines one below the other; the middle of many is left out."""
    if len(steps) > STEPS:
        steps = [*steps[: STEPS // 2], "…", *steps[-STEPS // 2 :]]
    lines: list[str] = []
    for word in [f"{step}," for step in steps[:-1]] + [steps[-1]]:
        if lines and len(lines[-1]) + 1 + len(word) <= STEP_COLUMNS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


# ---- words on edges, and below the picture ---------------------------------------------------------


def _edge_lines(edge: Edge, look: Look) -> list[str]:
    """What is written on an edge: how many it stands for, or its weight. Empty where there is nothing to say."""
    if edge.count > 1:
        return [f"×{edge.count:,}"]
    if edge.weight is not None and look.weights == "numbers":
        return [short(edge.weight, look.precision)]
    return []


def _local(edge: Edge, look: Look) -> str:
    """The local gradient as it stands on an edge, by which upstream is multiplied; empty where there is none to write."""
    if not look.local_gradients or edge.tail is None or edge.local is None or edge.count > 1:
        return ""
    return f"× {short(edge.local, look.precision)}"


def _local_width(words: str) -> int:
    return text_width(words, SIZES["edge"]) + 8 if words else 0


def _chain_rule(graph: Graph, edge: Edge, look: Look) -> list[str]:
    """The local gradient of an edge in symbols and numbers, and upstream times local, which flows back."""
    assert edge.tail is not None
    assert edge.local is not None
    number = short(edge.local, look.precision)
    lines = [derivative(graph.formula(edge.head), graph.name(edge.tail), edge.partial, number)]
    part = contribution(graph, edge)
    upstream = graph.nodes[edge.head].gradient
    if part is not None and upstream is not None:
        lines.append(f"{NABLA} {short(upstream, look.precision)} × {number} = {short(part, look.precision)}")
    return lines


def _legend(graph: Graph, look: Look) -> str:
    if not graph.has_gradients and not graph.pending:
        return graph.say("value")
    if look.style == "circuit" and not look.is_horizontal:
        return f"{graph.say('value left of the wire')}, {graph.say('∇ gradient right of it')}"
    return f"{graph.say('value above')}, {graph.say('∇ gradient below')}"


def _keys(graph: Graph, look: Look, words: Sequence[Words], arrows: Sequence[Arrow]) -> list[str]:
    """What widths, dashes, colours and signs mean, of those that the picture has."""
    keys = []
    if any(arrow.weight is not None for arrow in arrows) and not look.flow:
        keys.append(graph.say("a line is a weight: wide where it is large, dashed where it is below 0"))
    heats = [each.heat for each in words if each.heat is not None]
    if any(heat.below is not None for heat in heats):
        keys.append(graph.say("squares are weights, below them their gradients: blue above 0, orange and lower below it"))
    elif heats:
        keys.append(graph.say("squares are weights: blue above 0, orange and lower below it"))
    if any(line.startswith(f"|{NABLA}|") for each in words for line in each.lines):
        keys.append(graph.say("|∇| is the norm of the gradients in a box"))
    return keys


def _footer(graph: Graph, legend: str, keys: Sequence[str]) -> list[str]:
    lines = [graph.note or legend, *keys]
    if graph.left_out:
        lines.append(
            graph.say("{count:,} nodes far from the result are not drawn; max_nodes= shows more of them", count=graph.left_out)
        )
    elif graph.folded:
        lines.append(graph.say("{count:,} nodes are folded into boxes", count=graph.folded))
    stacks = [node.copies for node in graph.nodes if node.copies is not None]
    if stacks:
        lines.append(graph.say("× 20: one of 20 alike, with the largest, median and least number"))
    if any(copies.each > 1 for copies in stacks):
        lines.append(graph.say("× 20 × 4: 4 in each of 20"))
    if graph.remark:
        lines.append(graph.remark)
    return lines + warnings(graph)


def _description(graph: Graph, remarks: Sequence[str]) -> str:
    sentences = [sentence(graph, place) for place in range(min(len(graph.nodes), DESCRIBED))]
    if len(graph.nodes) > DESCRIBED:
        sentences.append(graph.say("and {count} more nodes", count=len(graph.nodes) - DESCRIBED))
    return ". ".join([*sentences, *remarks]) + "."
