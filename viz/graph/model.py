"""The graph that a picture shows: a snapshot of nodes, edges and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import autograd

from ..digits import or_zero, short
from ..languages import say
from ..text import local_name, shortened
from .alarm import Alarm, first_alarm

__all__ = ["Copies", "Edge", "Fold", "Graph", "Matrix", "Node", "Spread", "elided"]

NAMED = 4  # results that are named in a title


Spread = tuple[float, float, float]


@dataclass(frozen=True)
class Copies:
    """What one of several nodes that are alike stands for.

    Attributes:
        members: the places of all of them in the whole graph's topological order.
        values: the least, the median and the largest of their values. Of an even number of them the median is the lower one in
            the middle; nan comes last.
        gradients: the same of their gradients; None where one of them has none.
        constants: the same of the constants among their operands, for each operand that is drawn; None where it is no constant.
        each: how many of them belong to each copy of the stack nearest to the result, where that is the same for all; else 1.
    """

    members: tuple[int, ...] = field(repr=False)
    values: Spread
    gradients: Spread | None
    constants: tuple[Spread | None, ...] = ()
    each: int = 1

    @property
    def times(self) -> str:
        """How many there are, as it is written: ``× 20``, or ``× 20 × 4`` for four in each of twenty."""
        return f"× {self.count:,}" if self.each == 1 else f"× {self.count // self.each:,} × {self.each:,}"

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.members)

    def varies(self, slot: int) -> bool:
        """Whether an operand is a constant that is not the same for all."""
        spread = self.constants[slot] if self.constants else None
        return spread is not None and spread[0] != spread[2]


@dataclass(frozen=True)
class Matrix:
    """The numbers of a dense layer.

    Attributes:
        weights: a row for each neuron.
        results: of each neuron; the median where the layer was computed several times.
        rows: the places of the weights in the whole graph's topological order.
        sums: for each neuron the places of its results.
        gradients: those of all of these, where they are drawn too.
    """

    weights: tuple[tuple[float, ...], ...]
    results: tuple[float, ...]
    rows: tuple[tuple[int, ...], ...] = field(repr=False)
    sums: tuple[tuple[int, ...], ...] = field(repr=False)
    gradients: Matrix | None = None

    @property
    def inputs(self) -> int:
        """How many inputs each neuron has."""
        return len(self.weights[0])


@dataclass(frozen=True)
class Fold:
    """What a folded box stands for.

    Attributes:
        name: the group's name; empty for the part that was left out because it is far from the root.
        count: the number of Values in it, or of constants in a fold of constants.
        gradient_norm: the Euclidean norm of their gradients, or None where there are none.
        leaves: the labels of some of the leaves in it.
        kind: ``"group"``, ``"rest"`` for what was left out, ``"constants"``, ``"chain"`` for the middle
            of a chain, ``"sum"`` for additions one after the other, ``"tile"`` for a dense layer, or ``"part"`` for several
            of all these.
        members: the places of these Values in the whole graph's topological order.
        repeats: how often the steps of a chain come one after the other; of several sums that are alike, of the longest.
        shortest: the same of the shortest of them.
        steps: what they are, in words; empty where nothing repeats. Of a dense layer its activation, of a part all of it.
        matrix: the weights of a dense layer.
    """

    name: str
    count: int
    gradient_norm: float | None
    leaves: tuple[str, ...] = ()
    kind: str = "group"
    members: tuple[int, ...] = field(default=(), repr=False)
    repeats: int = 1
    shortest: int = 1
    steps: tuple[str, ...] = ()
    matrix: Matrix | None = None


@dataclass(frozen=True)
class Node:
    """One Value, or a box into which many are folded.

    Attributes:
        label: the label as it may be shown; empty if there is none.
        symbol: the operation's symbol; empty for a leaf.
        value: the forward value; None for a fold with several outlets, and for what a step has not computed yet.
        gradient: the gradient, or None before a backward pass.
        operands: in the order of the arguments; an int is the place of a node in `Graph.nodes`, a float is a
            constant.
        counts: how many edges each operand stands for; empty where it is one for each.
        local_gradients: one for each operand, None for a constant and for what a fold hides.
        partials: the local gradients in symbols, one for each operand; empty where there is none.
        weights: for a fold, the weight that each operand meets in it, where it meets exactly one.
        source: the line of code that made it; empty unless ``autograd.record_sources()`` was on.
        groups: the names of its groups, the outermost first.
        op: its primitive, which knows how it is written; None for a leaf or a fold.
        order: its place in the whole graph's topological order; -1 for a fold.
        fold: what it stands for, if it is a fold.
        earlier: its value and gradient in an earlier pass, where two are compared.
        columns: columns of text to keep free for its gradient, beyond what the gradient itself needs.
        copies: what it stands for, if it is the first of a stack; then value and gradient are medians.
    """

    label: str
    symbol: str
    value: float | None
    gradient: float | None
    operands: tuple[int | float, ...] = ()
    counts: tuple[int, ...] = ()
    local_gradients: tuple[float | None, ...] = ()
    partials: tuple[str, ...] = ()
    weights: tuple[float | None, ...] = ()
    source: str = ""
    groups: tuple[str, ...] = ()
    op: autograd.Primitive | None = None
    order: int = -1
    fold: Fold | None = None
    earlier: tuple[float | None, float | None] | None = None
    columns: int = 0
    copies: Copies | None = None

    @property
    def kind(self) -> str:
        """``"leaf"``, ``"operation"`` or ``"fold"``."""
        return "fold" if self.fold is not None else "operation" if self.symbol else "leaf"

    @property
    def is_leaf(self) -> bool:
        """Whether this node was not computed from others."""
        return self.kind == "leaf"


@dataclass(frozen=True)
class Edge:
    """One operand of one node.

    Attributes:
        tail: the place of the node it comes from, or None for a constant.
        head: the place of the node it goes to.
        slot: which operand of the head it is, from 0.
        count: how many edges it stands for.
        constant: the number that it brings, or None where it comes from a node.
        local: the local gradient, or None where it is not known.
        partial: the local gradient in symbols; empty where there is none.
        weight: the weight that it meets in a fold, where it meets exactly one.
    """

    tail: int | None
    head: int
    slot: int
    count: int
    constant: float | None = None
    local: float | None = None
    partial: str = ""
    weight: float | None = None


@dataclass(frozen=True)
class Graph:
    """All nodes that are drawn; the last one is the root. Without folds, parents come before children.

    Attributes:
        nodes: in the order in which they were computed; a fold stands before what uses it.
        folded: how many Values of the whole graph the folds took in.
        left_out: how many of these were left out because they are far from the root.
        stacked: how many other Values are not drawn since one that is alike stands for them.
        remark: more to be said below the picture.
        outdated: lines about leaves that were changed after the result was computed; empty if there are none.
        focus: the place of the Value that a path is shown from, if any.
        pending: whether a missing gradient is simply blank, as in the steps of a pass that is under way.
        language: what is said about it is said in this language, one of `viz.languages.LANGUAGES`.
        openable: what would be opened at a place: `viz.graph.folding.Opened`.
        roots: the places of the results, where there are several, also of those in one box; empty for one, the last node.
        alarm: the first number that is inf or nan, if any; also where the picture folds it.
    """

    nodes: tuple[Node, ...]
    folded: int = 0
    left_out: int = 0
    stacked: int = 0
    remark: str = ""
    outdated: str = ""
    focus: int | None = None
    pending: bool = False
    language: str = "en"
    openable: Mapping[int, Any] = field(default_factory=dict, repr=False)
    roots: tuple[int, ...] = ()
    alarm: Alarm | None = None

    def say(self, sentence: str, /, **parts: object) -> str:
        """A sentence in the graph's language, as `viz.languages.say` has it."""
        return say(self.language, sentence, **parts)

    @property
    def root(self) -> Node:
        """The result; of several the one that was computed last."""
        return self.nodes[-1]

    @property
    def results(self) -> tuple[int, ...]:
        """The places of the results, in the order in which they were asked for."""
        return self.roots or (len(self.nodes) - 1,)

    @cached_property
    def inputs(self) -> tuple[tuple[Edge, ...], ...]:
        """For each place the edges that arrive there, in the order of the operands."""
        return tuple([_edges_to(place, node) for place, node in enumerate(self.nodes)])

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by head and in the order of its operands."""
        return tuple([edge for edges in self.inputs for edge in edges])

    @cached_property
    def uses(self) -> Mapping[int, tuple[Edge, ...]]:
        """For each place, the edges that leave it."""
        found: dict[int, list[Edge]] = {place: [] for place in range(len(self.nodes))}
        for edge in self.edges:
            if edge.tail is not None:
                found[edge.tail].append(edge)
        return {place: tuple(edges) for place, edges in found.items()}

    @cached_property
    def constant_count(self) -> int:
        """How often a plain number is an operand."""
        return sum(edge.tail is None for edge in self.edges)

    @property
    def size(self) -> int:
        """The number of nodes, constants included."""
        return len(self.nodes) + self.constant_count

    @cached_property
    def has_gradients(self) -> bool:
        """Whether any node has a gradient."""
        return any(node.gradient is not None for node in self.nodes)

    @cached_property
    def on_path(self) -> frozenset[int]:
        """The places of everything that lies between the focus and the root; all places without a focus."""
        if self.focus is None:
            return frozenset(range(len(self.nodes)))
        reached = {self.focus}
        waiting = [self.focus]
        while waiting:
            for edge in self.uses[waiting.pop()]:
                if edge.head not in reached:
                    reached.add(edge.head)
                    waiting.append(edge.head)
        return frozenset(reached)

    @property
    def note(self) -> str:
        """A remark on missing gradients; empty if each result has one."""
        missing = [place for place in dict.fromkeys(self.results) if self.nodes[place].gradient is None]
        if not missing or self.pending:
            return ""
        if not self.has_gradients:
            return self.say("backward() has not run")
        if len(self.results) == 1:
            return self.say("backward() has not run on this result; gradients shown are from elsewhere")
        names = ", ".join([shortened(self.name(place), 20) for place in missing[:NAMED]]) + (", …" if missing[NAMED:] else "")
        return self.say("backward() has not run on {names}; gradients shown are from elsewhere", names=names)

    def with_alarm(self) -> Graph:
        """The same graph, with the first inf or nan found among the numbers of its nodes."""
        found = first_alarm([node.value for node in self.nodes], [node.gradient for node in self.nodes])
        if found is None:
            return replace(self, alarm=None)
        place, kind = found
        node = self.nodes[place]
        number = or_zero(node.value if kind == "value" else node.gradient)
        return replace(self, alarm=Alarm(place, kind, self.name(place), self.formula(place), number))

    @property
    def title(self) -> str:
        """The results in a few words: ``f = -12, gradients x -4, y -4``."""
        results = self.results
        text = ", ".join(dict.fromkeys([self._told(place) for place in results[:NAMED]]))
        if len(results) > NAMED:
            text = self.say("{results} and {count} more results", results=text, count=len(results) - NAMED)
        if all(self.nodes[place].gradient is None for place in results):
            return text
        others = [node for place, node in enumerate(self.nodes) if place not in results]
        leaves = [node for node in others if node.is_leaf and node.label and node.gradient is not None]
        if len(leaves) > 4:
            return self.say("{result}, gradients of {count} inputs", result=text, count=len(leaves))
        words = [f"{shortened(leaf.label, 20)} {short(or_zero(leaf.gradient))}" for leaf in leaves]
        return self.say("{result}, gradients {gradients}", result=text, gradients=", ".join(words)) if words else text

    def _told(self, place: int) -> str:
        """A result with its value: ``f = -12``."""
        node = self.nodes[place]
        name = self.name(place) if node.fold is not None else node.label
        text = shortened(name or self.formula(place) or self.say("leaf"), 40)
        return text if node.value is None else f"{text} = {short(node.value)}"

    def name(self, place: int, *, drawn: bool = False) -> str:
        """A node's label, or ``#3`` for the third node of the whole graph if it has none.

        Args:
            place: the node's place.
            drawn: as in the picture: without what a frame around the node says already.
        """
        node = self.nodes[place]
        if node.fold is not None:
            return node.fold.name or self.say("{count:,} nodes", count=node.fold.count)
        return (local_name(node.label, node.groups) if drawn else node.label) or f"#{node.order + 1}"

    def formula(self, place: int, *, drawn: bool = False) -> str:
        """How a node was computed, with the names of its operands: ``x + y``, ``exp(q)``; empty for a leaf or a fold."""
        node = self.nodes[place]
        if node.op is None:
            return ""
        counts = node.counts or [1] * len(node.operands)
        words = []
        for slot, (o, count) in enumerate(zip(node.operands, counts, strict=True)):
            word = self.name(o, drawn=drawn) if type(o) is int else short(o, 6)
            words += ["…" if node.copies is not None and node.copies.varies(slot) else word] * min(count, 9)
        words = words[: node.op.arity]  # one of a stack may have operands that others have elsewhere
        text: str = node.op.written(elided(words), symbol=node.symbol)
        return text

    def with_earlier(self, before: Graph) -> Graph:
        """The same graph with the numbers of an earlier pass beside its own."""
        pairs = zip(self.nodes, before.nodes, strict=True)
        nodes = [replace(node, earlier=(first.value, first.gradient)) for node, first in pairs]
        outdated = [self.say("before: {note}, or draw it before the change", note=before.outdated)] if before.outdated else []
        outdated += [self.say("after: {note}", note=self.outdated)] if self.outdated else []
        remark = self.say("what changed is framed: before → after")
        return replace(self, nodes=tuple(nodes), remark=remark, outdated="\n".join(outdated))

    def with_numbers(self, numbers: Sequence[tuple[float | None, float | None]]) -> Graph:
        """The same graph with another value and gradient at each place."""
        pairs = zip(self.nodes, numbers, strict=True)
        return replace(self, nodes=tuple([replace(node, value=v, gradient=g) for node, (v, g) in pairs]))


def elided(words: Sequence[str], most: int = 8) -> list[str]:
    """A list of words with its middle left out if it is longer than the most that are told.

    >>> elided([str(i) for i in range(20)])
    ['0', '1', '2', '3', '4', '5', '…', '19']
    """
    return [*words[: most - 2], "…", words[-1]] if len(words) > most else list(words)


def _edges_to(head: int, node: Node) -> tuple[Edge, ...]:
    return tuple(
        [
            Edge(
                tail=operand if type(operand) is int else None,
                head=head,
                slot=slot,
                count=node.counts[slot] if node.counts else 1,
                constant=None if type(operand) is int else operand,
                local=node.local_gradients[slot] if node.local_gradients else None,
                partial=node.partials[slot] if node.partials else "",
                weight=node.weights[slot] if node.weights else None,
            )
            for slot, operand in enumerate(node.operands)
        ]
    )
