"""What is to be seen: nodes, edges and numbers, read from Values through autograd's public face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import autograd

from ..digits import known, short
from ..text import shortened, visible

__all__ = ["Edge", "Fold", "Graph", "Node", "inside", "node_of"]

SYMBOLIC = 64  # a node with more operands has its local gradients in numbers only


@dataclass(frozen=True)
class Fold:
    """What a box stands for that took in many nodes.

    Attributes:
        name: the group's name; empty for the part that was left out because it is far from the root.
        count: the number of Values in it, or of constants in a fold of constants.
        gradient_norm: the Euclidean norm of their gradients, or None where there are none.
        leaves: the labels of some of the leaves in it.
        kind: ``"group"``, ``"rest"`` for what was left out, or ``"constants"``.
    """

    name: str
    count: int
    gradient_norm: float | None
    leaves: tuple[str, ...] = ()
    kind: str = "group"


@dataclass(frozen=True)
class Node:
    """One Value, as it was when the picture was asked for, or a box that many were folded into.

    Attributes:
        label: the label as it may be shown; empty if there is none.
        symbol: the operation's symbol; empty for a leaf.
        op: its primitive, which knows how it is written; None for a leaf or a fold.
        value: the forward value; None for a fold without a single outlet, and for what a step has not computed yet.
        gradient: the gradient, or None where no backward pass has come by.
        operands: in the order of the arguments; an int is the place of a node in `Graph.nodes`, a float is a
            constant.
        counts: how many edges each operand stands for; empty where it is one for each.
        local_gradients: one for each operand, None for a constant and for what a fold hides.
        partials: the local gradients in symbols, one for each operand; empty where there is none.
        weights: for a fold, the weight that each operand meets in it, where it meets exactly one.
        source: the line of code that made it; empty unless ``autograd.record_sources()`` was on.
        groups: the names of its groups, the outermost first.
        order: its place in the whole graph's topological order; -1 for a fold.
        fold: what it stands for, if it is a fold.
        earlier: its value and gradient in an earlier pass, where two are compared.
        room: columns of text to leave for its gradient, beyond what the gradient itself needs.
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
    order: int = -1
    fold: Fold | None = None
    earlier: tuple[float | None, float | None] | None = None
    op: autograd.Primitive | None = None
    room: int = 0

    @property
    def is_leaf(self) -> bool:
        """Whether this node was not computed from others."""
        return not self.symbol and self.fold is None


@dataclass(frozen=True)
class Edge:
    """One operand of one node.

    Attributes:
        tail: the place of the node it comes from, or None for a constant.
        head: the place of the node it goes to.
        slot: which operand of the head it is, from 0.
        count: how many edges it stands for.
    """

    tail: int | None
    head: int
    slot: int
    count: int


@dataclass(frozen=True)
class Graph:
    """All nodes that are drawn; the last one is the root. Without folds, parents come before children.

    Attributes:
        nodes: in the order in which they were computed; a fold stands before what uses it.
        folded: how many Values of the whole graph the folds took in.
        left_out: how many of these were left out because they are far from the root.
        remark: more to be said below the picture.
        focus: the place of the Value that a path is shown from, if any.
        pending: whether a missing gradient is simply blank, as in the steps of a pass that is under way.
    """

    nodes: tuple[Node, ...]
    folded: int = 0
    left_out: int = 0
    remark: str = ""
    focus: int | None = None
    pending: bool = False

    @property
    def root(self) -> Node:
        """The result that the picture is of."""
        return self.nodes[-1]

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by head and in the order of its operands."""
        return tuple(
            [
                Edge(operand if type(operand) is int else None, head, slot, node.counts[slot] if node.counts else 1)
                for head, node in enumerate(self.nodes)
                for slot, operand in enumerate(node.operands)
            ]
        )

    @property
    def edge_count(self) -> int:
        """The number of edges, those of constants included."""
        return len(self.edges)

    @cached_property
    def constant_count(self) -> int:
        """The number of places where a plain number is an operand."""
        return sum(edge.tail is None for edge in self.edges)

    @property
    def size(self) -> int:
        """Nodes, constants and edges together: what the layout has to place."""
        return len(self.nodes) + self.constant_count + self.edge_count

    @cached_property
    def has_gradients(self) -> bool:
        """Whether any node has a gradient."""
        return any(node.gradient is not None for node in self.nodes)

    @cached_property
    def uses(self) -> Mapping[int, tuple[Edge, ...]]:
        """For each place, the edges that leave it."""
        found: dict[int, list[Edge]] = {place: [] for place in range(len(self.nodes))}
        for edge in self.edges:
            if edge.tail is not None:
                found[edge.tail].append(edge)
        return {place: tuple(edges) for place, edges in found.items()}

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
        """What must be said about missing gradients; empty if the root has one."""
        if self.root.gradient is not None or self.pending:
            return ""
        if self.has_gradients:
            return "backward() has not run on this result; gradients shown are from elsewhere"
        return "backward() has not run"

    @property
    def title(self) -> str:
        """The result in a few words: ``f = -12, gradients x -4, y -4``."""
        last = len(self.nodes) - 1
        text = shortened(self.root.label or self.formula(last) or "leaf", 40)
        if self.root.value is not None:
            text += f" = {short(self.root.value)}"
        if self.root.gradient is None:
            return text
        leaves = [node for node in self.nodes[:-1] if node.is_leaf and node.label and node.gradient is not None]
        if len(leaves) > 4:
            return f"{text}, gradients of {len(leaves)} inputs"
        words = [f"{shortened(leaf.label, 20)} {short(known(leaf.gradient))}" for leaf in leaves]
        return f"{text}, gradients {', '.join(words)}" if words else text

    def name(self, place: int, *, drawn: bool = False) -> str:
        """A node's label, or ``#3`` for the third node of the whole graph if it has none.

        Args:
            place: the node's place.
            drawn: as in the picture: without what a frame around the node says already.
        """
        node = self.nodes[place]
        if node.fold is not None:
            return node.fold.name or f"{node.fold.count:,} nodes"
        return (inside(node.label, node.groups) if drawn else node.label) or f"#{node.order + 1}"

    def formula(self, place: int, *, drawn: bool = False) -> str:
        """How a node came about, in terms of its operands' names: ``x + y``, ``exp(q)``; empty for a leaf or a fold."""
        node = self.nodes[place]
        if node.op is None:
            return ""
        words = [self.name(o, drawn=drawn) if type(o) is int else short(o, 6) for o in node.operands]
        text: str = node.op.written(elided(words), symbol=node.symbol)
        return text

    def drawn_partial(self, edge: Edge) -> str:
        """The local gradient of an edge in symbols, with the names that the picture has."""
        head = self.nodes[edge.head]
        text = head.partials[edge.slot] if edge.slot < len(head.partials) else ""
        for operand in head.operands:
            if type(operand) is int and "." in self.name(operand):
                text = text.replace(self.name(operand), self.name(operand, drawn=True))
        return text

    def contribution(self, edge: Edge) -> float | None:
        """What flows back along an edge: upstream gradient times local gradient; None where that is not known."""
        head = self.nodes[edge.head]
        if edge.tail is None or head.gradient is None or edge.slot >= len(head.local_gradients):
            return None
        local = head.local_gradients[edge.slot]
        if local is None:
            return None
        return 0.0 if head.gradient == 0.0 else 0.0 + head.gradient * local  # 0.0: a sum begins with it, and has no -0.0

    def with_earlier(self, before: Graph) -> Graph:
        """The same graph that knows the numbers of an earlier pass as well."""
        pairs = zip(self.nodes, before.nodes, strict=True)
        nodes = [replace(node, earlier=(first.value, first.gradient)) for node, first in pairs]
        return replace(self, nodes=tuple(nodes), remark="what changed is framed: before → after")

    def with_numbers(self, numbers: Mapping[int, tuple[float | None, float | None]], *, pending: bool = False) -> Graph:
        """The same graph with other values and gradients at some places."""
        nodes = [
            replace(node, value=numbers[place][0], gradient=numbers[place][1]) if place in numbers else node
            for place, node in enumerate(self.nodes)
        ]
        return replace(self, nodes=tuple(nodes), pending=pending)


def inside(name: str, groups: Sequence[str]) -> str:
    """A dotted name without what the frame around it says already.

    >>> inside("layers.0.w.1", ["layers.0"])
    'w.1'
    """
    for group in reversed(groups):
        if name.startswith(group + "."):
            return name[len(group) + 1 :]
    return name


def elided(words: Sequence[str]) -> list[str]:
    """A list of words with its middle left out if it is long.

    >>> elided([str(i) for i in range(20)])
    ['0', '1', '2', '3', '4', '5', '…', '19']
    """
    return [*words[:6], "…", words[-1]] if len(words) > 8 else list(words)


def node_of(
    value: Any, operands: Sequence[tuple[int | float, int, int]], names: Sequence[str], order: int, groups: Sequence[str]
) -> Node:
    """Take a snapshot of one Value.

    Args:
        value: the Value.
        operands: what is drawn for its operands: a place or a constant, how many edges it stands for, and which
            of the Value's operands it is, -1 for a fold.
        names: what its parents are called, for the local gradients in symbols.
        order: its place in the topological order.
        groups: the names of the groups that it is drawn in, the outermost first.
    """
    numbers: dict[int, float] = {}
    texts: dict[int, str] = {}
    if value.op is not None:
        moving = [i for i, operand in enumerate(value.operands) if not isinstance(operand, float)]
        try:
            numbers = dict(zip(moving, value.local_gradients(), strict=True))
        except (ArithmeticError, ValueError, TypeError):  # a derivative that fails must not take the picture with it
            numbers = {}
        if len(moving) <= SYMBOLIC:
            texts = dict(zip(moving, autograd.local_gradient_formulas(value, names), strict=True))
    return Node(
        label=visible(value.label),
        symbol=(visible(value.op.symbol) or "?") if value.op is not None else "",
        value=value.data,
        gradient=value.grad if value.has_grad else None,
        operands=tuple([operand for operand, _, _ in operands]),
        counts=tuple([count for _, count, _ in operands]) if any(count > 1 for _, count, _ in operands) else (),
        local_gradients=tuple([numbers.get(i) for _, _, i in operands]),
        partials=tuple([visible(texts.get(i, "")) for _, _, i in operands]),
        source=visible(value.source or ""),
        groups=tuple([visible(name) for name in groups]),
        order=order,
        op=value.op,
    )
