"""A graph to play with: drag, type or step an input's number, and every value and every gradient follows at once.

The page computes by itself, in JavaScript that is written from the graph: forward, and backward from the result. Nothing is
asked of a kernel or of the network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import autograd
from autograd.program import Program, program_of

from ..digits import short
from ..graph.model import Graph, Node, elided
from ..graph.opening import State
from ..graph.reading import matrix, order_of, spread
from ..layout.look import Look
from ..layout.measure import MATRIX
from ..text import shortened, visible
from .opening import asked, opened
from .picture import Picture
from .view import HTMLView, assembled, filled, fragment

__all__ = ["MAX_COMPUTED", "Corner", "Play", "play"]

MAX_COMPUTED = 10_000


@dataclass(frozen=True)
class Corner:
    """Where a primitive has a kink, a pole or a jump, and how a page notices that it was crossed.

    Attributes:
        kind: ``"kink"``, ``"pole"`` or ``"jump"``.
        side: what changes when it is crossed. ``"x"`` and ``"y"``: the sign of the first or the second operand; ``"x-y"``:
            which of the two is larger; ``"bounds"``: on which side of which bound the first is; ``"top"`` and ``"low"``: which
            operand is the largest or the smallest; ``"floor"``: the whole part of a quotient; ``"turn"``: the branch of a
            tangent; ``"z"``: whether the result is zero; ``"negative power"``: the sign of the first operand, where the
            second is negative.
        where: the place as it is written, with the operands' names as {0}, {1}, ... and the whole as {z}.
    """

    kind: str
    side: str
    where: str


CORNERS: Mapping[str, Corner] = {
    "absolute": Corner("kink", "x", "{0} = 0"),
    "relu": Corner("kink", "x", "{0} = 0"),
    "leaky_relu": Corner("kink", "x", "{0} = 0"),
    "elu": Corner("kink", "x", "{0} = 0"),
    "sqrt": Corner("kink", "z", "{0} = 0"),
    "hypot": Corner("kink", "z", "{z} = 0"),
    "norm": Corner("kink", "z", "{z} = 0"),
    "std": Corner("kink", "z", "{z} = 0"),
    "maximum": Corner("kink", "x-y", "{0} = {1}"),
    "minimum": Corner("kink", "x-y", "{0} = {1}"),
    "clamp": Corner("kink", "bounds", "{0} ∈ {{{1}, {2}}}"),
    "max": Corner("kink", "top", "max: i → j"),
    "min": Corner("kink", "low", "min: i → j"),
    "copysign": Corner("jump", "y", "{1} = 0"),
    "remainder": Corner("jump", "floor", "{z} = 0"),
    "divide": Corner("pole", "y", "{1} = 0"),
    "reciprocal": Corner("pole", "x", "{0} = 0"),
    "power": Corner("pole", "negative power", "{0} = 0"),
    "tan": Corner("pole", "turn", "cos({0}) = 0"),
}


def play(
    value: Any,
    *,
    style: str = "circuit",
    collapse: bool | str | Collection[str] = False,
    direction: str | None = None,
    theme: str = "light",
    max_nodes: int | None = None,
    precision: int = 4,
    language: str = "en",
    room: int = 0,
    width: int | None = None,
    open: bool | str | Collection[str] = False,  # noqa: A002  # as for `draw`
    rate: float = 0.01,
    fixed: Any = (),
) -> Play:
    """A graph to play with: drag, type or step the number of an input, and all values and gradients follow at once.

    The page computes by itself, in JavaScript, forward and backward from the result; it needs no kernel and no network. It
    begins with the inputs' numbers as they are now, and leaves the Values as they are. Small numbers show what was there
    before, with a sign and a colour for what rose and what fell. A wire is as wide as the gradient that flows back along
    it. A button takes one step of gradient descent, another one goes on downhill. What is folded opens in place with + and
    closes with −; in a dense layer each square is a weight that can be dragged, and further squares are the gradients.

    Args:
        value: the result, as for `draw`. Its graph has at most 10,000 nodes.
        style: as for `draw`.
        collapse: as for `draw`; what is folded is computed all the same.
        direction: as for `draw`.
        theme: as for `draw`.
        max_nodes: as for `draw`.
        precision: as for `draw`; fewer digits are written where a number would not fit.
        language: as for `draw`, and of the buttons.
        room: as for `draw`; at least precision + 4.
        width: as for `draw`; None is no limit, since the page zooms, and on a phone a picture from the top down.
        open: as for `draw`.
        rate: the learning rate that the page begins with: a positive number.
        fixed: a Value, or several, that steps leave alone, such as the data of a loss; each is an input of the graph.

    Returns:
        What to play with. A notebook shows it; `Play.save` writes it as one page.

    Raises:
        TypeError: value isn't a Value, or rate isn't a number.
        ValueError: the graph has an operation that can't be written in JavaScript, or is larger, or can't be computed
            with the inputs' numbers; or an option is unknown.

    >>> from autograd import Value
    >>> x, y = Value(3, label="x"), Value(4, label="y")
    >>> play(x * y)
    <viz.Play of x * y = 12: 2 inputs to play with>
    """
    towards = "LR" if direction is None else direction
    look = Look(style, theme, towards, precision, numbered=True, room=room, ghosts=True, flow=True)
    look = replace(look, room=max(room, precision + 4))
    rate = _checked_rate(rate)
    order = order_of(value)
    if len(order) > MAX_COMPUTED:
        raise ValueError(
            f"a page computes at most {MAX_COMPUTED:,} nodes, and this graph has {len(order):,}; "
            f"play with a node further inside, or draw it with viz.draw"
        )
    graph, source = asked(value, open, max_nodes=max_nodes, width=width, collapse=collapse, language=language)
    states = source.states(graph) if graph.openable else [State(graph, {}, {})]
    return Play(states, look, order, rate, _places_of(fixed, order), width, direction is None)


def _checked_rate(rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise TypeError(f"rate is a number, got {type(rate).__name__} {rate!r:.60}; write rate=0.01")
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate={rate!r:.60} must be positive and finite, such as 0.01")
    return float(rate)


def _places_of(fixed: Any, order: Sequence[Any]) -> frozenset[int]:
    """The places of the inputs that steps leave alone."""
    if not isinstance(fixed, (autograd.Value, list, tuple, set, frozenset)):
        raise TypeError(f"fixed= takes a Value, or several, got {type(fixed).__name__} {fixed!r:.60}; write fixed=[x, t]")
    wanted = [fixed] if isinstance(fixed, autograd.Value) else list(fixed)
    at = {id(x): i for i, x in enumerate(order) if x.is_leaf}
    for x in wanted:
        if id(x) not in at:
            raise ValueError(f"fixed= takes inputs of this graph, got {x!r:.60}; leave it out, or build the graph from it")
    return frozenset([at[id(x)] for x in wanted])


class Play(HTMLView):
    """A graph to play with, as `play` makes it.

    Attributes:
        program: the program that the page computes.
        start: the numbers of the inputs, which the page begins with.
        slots: for each node of the whole graph, in topological order, its slot in the program.
    """

    def __init__(
        self, states: Sequence[State], look: Look, order: Sequence[Any], rate: float, fixed: Collection[int],
        width: int | None, may_turn: bool,
    ) -> None:  # fmt: skip
        leaves = [x for x in order if x.is_leaf]
        self.program: Program = program_of([order[-1]], leaves)
        self._code = _written(self.program)
        inputs, results = iter(range(len(leaves))), iter(range(self.program.first, self.program.first + len(self.program)))
        self.slots: tuple[int, ...] = tuple([next(inputs) if x.is_leaf else next(results) for x in order])
        self._names = [visible(x.label) or f"#{i + 1}" for i, x in enumerate(order)]
        named = dict(zip(map(id, order), self._names, strict=True))
        self._formulas = [_formula(x, named) for x in order]
        self._order = tuple([(x.op.name, x.operands) if x.op is not None else ("", ()) for x in order])
        self._at = {id(x): i for i, x in enumerate(order)}
        self.start: tuple[float, ...] = tuple([x.data for x in leaves])
        self._rate, self._fixed = rate, fixed
        self._begun = self.computed()
        self._states, self._look, self._width, self._may_turn = states, look, width, may_turn
        self._graph = self._live(states[0].graph)
        self.title = self._graph.say("Play with {title}", title=self._graph.title)
        self.language = self._graph.language
        self.theme = look.theme

    @cached_property
    def _picture(self) -> Picture:
        """What is drawn first."""
        return self._drawn(self._graph)

    def _drawn(self, graph: Graph) -> Picture:
        """A picture. A layout that took too long, of a smaller graph, might be another one when it is turned."""
        fitted = Picture(graph, self._look, width=self._width, may_turn=self._may_turn, staged=True)
        places = set(re.findall(r' data-node="(\d+)"', fitted.svg))
        return fitted if len(places) == len(fitted.drawn.nodes) else Picture(graph, self._look)

    def _live(self, graph: Graph) -> Graph:
        """A graph with the numbers that the page begins with."""
        outlets = self._outlets(graph)
        nodes = [self._with_numbers(node, outlets.get(place)) for place, node in enumerate(graph.nodes)]
        return replace(graph, nodes=tuple(nodes), pending=True, outdated="", alarm=None)

    def _outlets(self, graph: Graph) -> dict[int, int]:
        """For each fold that one Value alone leaves, the place of that in the whole graph."""
        homes = _homes(graph)
        leaving: dict[int, set[int]] = {homes[len(self._order) - 1]: {len(self._order) - 1}}
        for i, (_, operands) in enumerate(self._order):
            for x in operands:
                if type(x) is not float and homes[self._at[id(x)]] != homes[i]:
                    leaving.setdefault(homes[self._at[id(x)]], set()).add(self._at[id(x)])
        return {place: found.pop() for place, found in leaving.items() if len(found) == 1}

    def _with_numbers(self, node: Node, outlet: int | None) -> Node:
        """A node with the numbers that it begins with: of a stack the medians, of a fold those of its only outlet."""
        values, gradients = self._begun
        fold = node.fold
        if fold is not None and fold.members:
            fold = replace(fold, gradient_norm=math.hypot(*[gradients[i] for i in fold.members]))
        if fold is not None and fold.matrix is not None:
            rows, sums = fold.matrix.rows, fold.matrix.sums
            slopes = matrix(rows, sums, gradients.__getitem__)
            fold = replace(fold, matrix=replace(matrix(rows, sums, values.__getitem__), gradients=slopes))
        if node.copies is not None:
            spreads = [spread([numbers[i] for i in node.copies.members]) for numbers in (values, gradients)]
            copies = replace(node.copies, values=spreads[0], gradients=spreads[1])
            return replace(node, fold=fold, copies=copies, value=spreads[0][1], gradient=spreads[1][1])
        at = node.order if fold is None else outlet
        if at is None or node.value is None:
            return replace(node, fold=fold, value=None, gradient=None)
        return replace(node, fold=fold, value=values[at], gradient=gradients[at])

    def computed(self, numbers: Sequence[float] | None = None) -> tuple[list[float], list[float]]:
        """What Python computes, for the page to be held to.

        Args:
            numbers: of the inputs, in topological order; those that the page begins with if None.

        Returns:
            Values and gradients of all nodes, in topological order.

        Raises:
            ValueError: it can't be computed with these numbers.
        """
        program = self.program
        slots: list[Any] = [autograd.Value(x) for x in (self.start if numbers is None else numbers)]
        slots += program.constants
        try:
            for record, operands in program:
                slots.append(record.apply(tuple([slots[s] for s in operands])))
            nodes = [slots[slot] for slot in self.slots]
            gradients = autograd.gradients(nodes[-1], nodes)
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"the graph can't be computed with the numbers that its inputs have now: {error}") from None
        return [node.data for node in nodes], gradients

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the numbers that can be changed: labels, or ``#3`` for the third node."""
        return tuple([name for name, (op, _) in zip(self._names, self._order, strict=True) if not op])

    @property
    def code(self) -> str:
        """The JavaScript that the page computes with: a function ``everything(values, gradients, parts)``."""
        return self._code

    @cached_property
    def html(self) -> str:
        """One self-contained HTML fragment.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return fragment("", **self._parts_of_page())

    @property
    def _paper(self) -> Picture:
        """The picture as it begins."""
        return self._picture

    @property
    def assembled(self) -> tuple[str, str]:
        """The fragment's HTML, and the script that makes it live, for a host that runs it by itself."""
        html, script, _ = assembled("", **self._parts_of_page())
        return html, script

    def _parts_of_page(self) -> dict[str, Any]:
        picture = self._picture
        return {
            "kind": "play", "theme": self.theme, "label": self.title, "picture": _Bare(picture),
            "narrow": None if picture.narrow is None else _Bare(picture.narrow),
            "live": filled("play.html", self.language, RATE=f"{self._rate:g}"), "data": self._data(),
            "states": opened(self._states if picture.drawn is self._graph else (), self._opened),
            "language": self.language, "code": self._code,
        }  # fmt: skip

    def _opened(self, graph: Graph) -> Mapping[str, Any] | None:
        live = self._live(graph)
        picture = self._drawn(live)
        if picture.drawn is not live:
            return None
        return {"svg": _Bare(picture).svg, "about": picture.staged, "drawn": self._shown(live)}

    def _data(self) -> dict[str, Any]:
        graph, look = self._picture.drawn, self._picture.look
        names = [""] * (self.program.first + len(self.program))
        for i, slot in enumerate(self.slots):
            names[slot] = self._says(i)
        return {
            "start": [_plain(x) for x in self.start],
            "constants": [_plain(x) for x in self.program.constants],
            "fixed": [self.slots[i] for i in sorted(self._fixed)],
            "drawn": self._shown(graph),
            "root": self.slots[-1],
            "names": names,
            "first": self.program.first,
            "watched": self._watched(),
            "precision": look.precision,
            "room": look.room,
            "rate": self._rate,
            "hint": graph.say(
                "Drag an input's number sideways, or click it and type a number; the arrow keys step it. Small numbers are "
                "those before: ▲ rose, ▼ fell. The wider a wire, the larger the gradient that flows back along it."
            ),
        }  # fmt: skip

    def _shown(self, graph: Graph) -> dict[str, Any]:
        """What the page knows of a picture: what its nodes and its wires show."""
        outlets = self._outlets(graph)
        nodes = [self._node_data(node, graph.name(k), outlets.get(k)) for k, node in enumerate(graph.nodes)]
        return {"nodes": nodes, "edges": [_runs(parts) for parts in self._parts(graph)]}

    def _node_data(self, node: Node, name: str, outlet: int | None) -> dict[str, Any]:
        """What the page knows of a node: the slots of its number, of a stack, of what is folded; and what is told of it."""
        data: dict[str, Any] = {}
        fold = node.fold
        if fold is not None:
            data["members"] = _runs([self.slots[i] for i in fold.members])
            if outlet is not None and node.value is not None and node.copies is None:
                data["slot"] = self.slots[outlet]
            if fold.matrix is not None:  # as in the picture, a row of weights and the result beside it, again and again
                rows = zip(fold.matrix.rows[: MATRIX[0]], fold.matrix.sums, strict=False)
                data["heat"] = [[self.slots[i] for i in part] for row, sums in rows for part in (row[: MATRIX[1]], sums)]
        if node.copies is not None:
            data["copies"] = _runs([self.slots[i] for i in node.copies.members])
        elif fold is None:
            data["slot"] = self.slots[node.order]
        return data if data.keys() == {"slot"} else {**data, "told": name}

    def _says(self, i: int) -> str:
        name, formula = self._names[i], self._formulas[i]
        return shortened(f"{name} = {formula}" if formula else name, 60)

    def _parts(self, graph: Graph) -> list[list[int]]:
        """For each edge the places of what flows back along it, which are those of operands in the program."""
        home = _homes(graph)
        flows: dict[tuple[int, int], list[int]] = {}  # from a place to a place
        for i, (_, operands) in enumerate(self._order):
            for k, x in enumerate(operands):
                if type(x) is not float and (home[self._at[id(x)]] != home[i]):
                    key = home[self._at[id(x)]], home[i]
                    flows.setdefault(key, []).append(self.program.starts[self.slots[i] - self.program.first] + k)
        found: list[list[int]] = []
        for edge in graph.edges:
            waiting = [] if edge.tail is None else flows.get((edge.tail, edge.head), [])
            ends = [graph.nodes[place] for place in (edge.tail, edge.head) if place is not None]
            several = edge.count > 1 or any(node.fold is not None or node.copies is not None for node in ends)
            found.append(waiting[:] if several else [waiting.pop(0)] if waiting else [])
        return found

    def _watched(self) -> list[dict[str, Any]]:
        """The operations with a kink, a pole or a jump, and what is said where it is crossed."""
        found = []
        say = self._graph.say
        for i, (name, operands) in enumerate(self._order):
            corner = CORNERS.get(name)
            if corner is None:
                continue
            words = [short(x, 6) if type(x) is float else self._names[self._at[id(x)]] for x in operands]
            where = corner.where.format(*words, z=self._formulas[i])
            what = self._says(i)
            crossed = {
                "kink": say("{what} crossed its kink ({where})", what=what, where=where),
                "pole": say("{what} crossed its pole ({where})", what=what, where=where),
                "jump": say("{what} jumped ({where})", what=what, where=where),
            }[corner.kind]
            begin = self.program.starts[self.slots[i] - self.program.first]
            slots = list(self.program.operands[begin : begin + len(operands)])
            found.append({"slot": self.slots[i], "side": corner.side, "operands": slots, "says": crossed})
        return found

    @property
    def text(self) -> str:
        """The table of the picture's nodes."""
        return Picture(self._graph, self._look).text

    def __repr__(self) -> str:
        """What it is of, and how many numbers can be changed."""
        graph, count = self._graph, len(self.start)
        what = shortened(graph.root.label or graph.formula(len(graph.nodes) - 1) or graph.name(len(graph.nodes) - 1), 40)
        result = "" if graph.root.value is None else f" = {short(graph.root.value)}"
        return f"<viz.Play of {what}{result}: {count} input{'s' * (count != 1)} to play with>"


class _Bare:
    """A picture without what is told of its numbers, which the page tells as they are."""

    def __init__(self, picture: Picture) -> None:
        self.svg = re.sub("(?<=<desc)([^>]*>).*?(?=</desc>)|<title>.*?</title>", r"\1", picture.svg, flags=re.DOTALL)
        self.staged = picture.staged


def _homes(graph: Graph) -> dict[int, int]:
    """Where each node of the whole graph is drawn."""
    home: dict[int, int] = {}
    for place, node in enumerate(graph.nodes):
        if node.fold is not None:
            home.update(dict.fromkeys(node.fold.members, place))
        home.update(dict.fromkeys([node.order] if node.copies is None else node.copies.members, place))
    return home


def _runs(numbers: Sequence[int]) -> list[int | list[int]]:
    """Numbers in order, those that follow one another as the first and the last of them.

    >>> _runs([5, 3, 4, 8])
    [[3, 5], 8]
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [run if run[0] < run[1] else run[0] for run in found]


def _written(program: Program) -> str:
    """The program in JavaScript.

    Raises:
        ValueError: an operation can't be written in it; the message says which, and what to do.
    """
    try:
        return program.source("javascript", every=True)
    except RuntimeError as error:  # an UnprintableError
        raise ValueError(
            f"viz.play computes in the page: {error}. Build the graph from other operations, play with a node further inside, "
            f"or show it with viz.draw or viz.steps, which draw every operation"
        ) from None


def _formula(value: Any, names: Mapping[int, str]) -> str:
    """How a Value was computed, with the names of its operands."""
    if value.op is None:
        return ""
    words = [short(x, 6) if type(x) is float else names[id(x)] for x in value.operands]
    return str(value.op.written(elided(words), symbol=visible(value.op.symbol) or "?"))


def _plain(x: float) -> float | str:
    """A number as JSON can hold it."""
    return x if math.isfinite(x) and (x != 0.0 or math.copysign(1.0, x) > 0.0) else repr(x)
