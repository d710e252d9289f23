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
from ..graph.folding import DEFAULT
from ..graph.model import Graph, Node, elided
from ..graph.reading import order_of, read, spread
from ..layout.look import Look, check_count
from ..text import shortened, visible
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
    width: int = 850,
    rate: float = 0.01,
    fixed: Any = (),
) -> Play:
    """A graph to play with: drag, type or step the number of an input, and all values and gradients follow at once.

    The page computes by itself, in JavaScript, forward and backward from the result; it needs no kernel and no network. It
    begins with the inputs' numbers as they are now, and leaves the Values as they are. Small numbers show what was there
    before, with a sign and a colour for what rose and what fell. A wire is as wide as the gradient that flows back along
    it. A button takes one step of gradient descent, another one goes on downhill.

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
        width: as for `draw`.
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
    look = Look(style, theme, "LR" if direction is None else direction, precision, numbered=True, room=room, ghosts=True)
    look = replace(look, room=max(room, precision + 4))
    rate = _checked_rate(rate)
    if max_nodes is None:
        max_nodes = DEFAULT
    check_count("max_nodes", max_nodes, 3)
    check_count("width", width, 200, 10_000)
    order = order_of(value)
    if len(order) > MAX_COMPUTED:
        raise ValueError(
            f"a page computes at most {MAX_COMPUTED:,} nodes, and this graph has {len(order):,}; "
            f"play with a node further inside, or draw it with viz.draw"
        )
    graph = read(value, collapse=collapse, max_nodes=max_nodes, language=language)
    return Play(graph, look, order, rate, _places_of(fixed, order), width, direction is None)


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
        self, graph: Graph, look: Look, order: Sequence[Any], rate: float, fixed: frozenset[int], width: int, may_turn: bool
    ) -> None:
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
        values, gradients = self.computed()
        outlets = self._outlets(graph)
        boxes = [self._with_numbers(node, outlets.get(place), values, gradients) for place, node in enumerate(graph.nodes)]
        shown = replace(graph, nodes=tuple(boxes), pending=True, outdated="", alarm=None)
        self._graph, self._look, self._width, self._may_turn = shown, look, width, may_turn
        self.title = graph.say("Play with {title}", title=shown.title)
        self.language = graph.language
        self.theme = look.theme

    @cached_property
    def _picture(self) -> Picture:
        """What is drawn. A layout that took too long, of a smaller graph, might be another one when it is turned."""
        fitted = Picture(self._graph, self._look, width=self._width, may_turn=self._may_turn)
        places = set(re.findall(r' data-node="(\d+)"', fitted.svg))
        return fitted if len(places) == len(fitted.drawn.nodes) else Picture(self._graph, self._look)

    def _outlets(self, graph: Graph) -> dict[int, int]:
        """For each fold that one Value alone leaves, the place of that in the whole graph."""
        homes = _homes(graph)
        leaving: dict[int, set[int]] = {homes[len(self._order) - 1]: {len(self._order) - 1}}
        for i, (_, operands) in enumerate(self._order):
            for x in operands:
                if type(x) is not float and homes[self._at[id(x)]] != homes[i]:
                    leaving.setdefault(homes[self._at[id(x)]], set()).add(self._at[id(x)])
        return {place: found.pop() for place, found in leaving.items() if len(found) == 1}

    def _with_numbers(self, node: Node, outlet: int | None, values: Sequence[float], gradients: Sequence[float]) -> Node:
        """A node with the numbers that it begins with: of a stack the medians, of a fold those of its only outlet.

        A dense layer is a plain box here: its heat map would not follow. A wire shows the gradient here, and no weight.
        """
        fold = node.fold
        if fold is not None and fold.members:
            length = math.hypot(*[gradients[i] for i in fold.members])
            fold = replace(fold, gradient_norm=length, matrix=None, kind="group" if fold.kind == "tile" else fold.kind)
        if node.copies is not None:
            spreads = [spread([numbers[i] for i in node.copies.members]) for numbers in (values, gradients)]
            copies = replace(node.copies, values=spreads[0], gradients=spreads[1])
            return replace(node, fold=fold, copies=copies, weights=(), value=spreads[0][1], gradient=spreads[1][1])
        at = node.order if fold is None else outlet
        if at is None or node.value is None:
            return replace(node, fold=fold, weights=(), value=None, gradient=None)
        return replace(node, fold=fold, weights=(), value=values[at], gradient=gradients[at])

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
        return {
            "kind": "play", "theme": self.theme, "label": self.title, "picture": self._picture,
            "live": filled("play.html", self.language, RATE=f"{self._rate:g}"), "data": self._data(),
            "language": self.language, "code": self._code,
        }  # fmt: skip

    def _data(self) -> dict[str, Any]:
        graph, look = self._picture.drawn, self._picture.look
        outlets = self._outlets(graph)
        return {
            "start": [_plain(x) for x in self.start],
            "constants": [_plain(x) for x in self.program.constants],
            "leaves": [
                {"name": self._names[i], "place": place, "fixed": i in self._fixed} for i, place in self._leaves(graph)
            ],
            "nodes": [
                self._node_data(node, graph.name(place), outlets.get(place))
                for place, node in enumerate(graph.nodes)
            ],
            "edges": self._parts(graph),
            "root": self.slots[-1],
            "names": {slot: self._says(i) for i, slot in enumerate(self.slots)},
            "first": self.program.first,
            "watched": self._watched(graph),
            "precision": look.precision,
            "room": look.room,
            "rate": self._rate,
            "hint": graph.say(
                "Drag an input's number sideways, or click it and type a number; the arrow keys step it. Small numbers are "
                "those before: ▲ rose, ▼ fell. The wider a wire, the larger the gradient that flows back along it."
            ),
        }  # fmt: skip

    def _node_data(self, node: Node, name: str, outlet: int | None) -> dict[str, Any]:
        """What the page knows of a node: the slots of its number, of a stack, of what is folded; and what is told of it."""
        data: dict[str, Any] = {}
        if node.fold is not None:
            data["members"] = [self.slots[i] for i in node.fold.members]
            if outlet is not None and node.value is not None and node.copies is None:
                data["slot"] = self.slots[outlet]
        if node.copies is not None:
            data["copies"] = [self.slots[i] for i in node.copies.members]
        elif node.fold is None:
            data["slot"] = self.slots[node.order]
        data["told"] = self._says(node.order) if "slot" in data and node.fold is None else name
        return data

    def _says(self, i: int) -> str:
        name, formula = self._names[i], self._formulas[i]
        return shortened(f"{name} = {formula}" if formula else name, 60)

    def _leaves(self, graph: Graph) -> list[tuple[int, int]]:
        """Each input: its place in the order, and where it is drawn; -1 in a fold or a stack."""
        drawn = {node.order: place for place, node in enumerate(graph.nodes) if node.fold is None and node.copies is None}
        return [(i, drawn.get(i, -1)) for i, (op, _) in enumerate(self._order) if not op]

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

    def _watched(self, graph: Graph) -> list[dict[str, Any]]:
        """The operations with a kink, a pole or a jump, and what is said where it is crossed."""
        found = []
        home = {node.order: place for place, node in enumerate(graph.nodes) if node.fold is None and node.copies is None}
        for i, (name, operands) in enumerate(self._order):
            corner = CORNERS.get(name)
            if corner is None:
                continue
            words = [short(x, 6) if type(x) is float else self._names[self._at[id(x)]] for x in operands]
            where = corner.where.format(*words, z=self._formulas[i])
            say = graph.say
            what = self._says(i)
            crossed = {
                "kink": say("{what} crossed its kink ({where})", what=what, where=where),
                "pole": say("{what} crossed its pole ({where})", what=what, where=where),
                "jump": say("{what} jumped ({where})", what=what, where=where),
            }[corner.kind]
            begin = self.program.starts[self.slots[i] - self.program.first]
            slots = list(self.program.operands[begin : begin + len(operands)])
            found.append({
                "slot": self.slots[i], "side": corner.side, "operands": slots, "says": crossed, "place": home.get(i, -1),
            })  # fmt: skip
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


def _homes(graph: Graph) -> dict[int, int]:
    """Where each node of the whole graph is drawn."""
    home: dict[int, int] = {}
    for place, node in enumerate(graph.nodes):
        if node.fold is not None:
            home.update(dict.fromkeys(node.fold.members, place))
        home.update(dict.fromkeys([node.order] if node.copies is None else node.copies.members, place))
    return home


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
