"""What is to be seen: nodes, edges and numbers, read from Values through autograd's public face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import autograd

from .numbers import short
from .text import shortened, visible

__all__ = ["Graph", "Node", "read"]


@dataclass(frozen=True)
class Node:
    """One Value, as it was when the picture was asked for.

    Attributes:
        label: the label as it may be shown; empty if there is none.
        symbol: the operation's symbol; empty for a leaf.
        value: the forward value.
        gradient: the gradient, or None where no backward pass has come by.
        operands: in the order of the arguments; an int is the place of a node in `Graph.nodes`, a float is a
            constant.
    """

    label: str
    symbol: str
    value: float
    gradient: float | None
    operands: tuple[int | float, ...]

    @property
    def is_leaf(self) -> bool:
        """Whether this node was not computed from others."""
        return not self.symbol


@dataclass(frozen=True)
class Graph:
    """All nodes, parents before children; the last one is the root."""

    nodes: tuple[Node, ...]

    @property
    def root(self) -> Node:
        """The result that the picture is of."""
        return self.nodes[-1]

    @cached_property
    def edge_count(self) -> int:
        """The number of edges, those of constants included."""
        return sum(len(node.operands) for node in self.nodes)

    @cached_property
    def constant_count(self) -> int:
        """The number of places where a plain number is an operand."""
        return sum(type(operand) is float for node in self.nodes for operand in node.operands)

    @property
    def note(self) -> str:
        """What must be said about missing gradients; empty if the root has one."""
        if self.root.gradient is not None:
            return ""
        if any(node.gradient is not None for node in self.nodes):
            return "backward() has not run on this result; gradients shown are from elsewhere"
        return "backward() has not run"

    @property
    def title(self) -> str:
        """The result in a few words: ``f = -12, gradients x -4, y -4``."""
        last = len(self.nodes) - 1
        text = shortened(self.root.label or self.formula(last) or "leaf", 40) + f" = {short(self.root.value)}"
        if self.root.gradient is None:
            return text
        leaves = [node for node in self.nodes[:-1] if node.is_leaf and node.label and node.gradient is not None]
        if len(leaves) > 4:
            return f"{text}, gradients of {len(leaves)} inputs"
        words = [f"{shortened(leaf.label, 20)} {short(leaf.gradient or 0.0)}" for leaf in leaves]
        return f"{text}, gradients {', '.join(words)}" if words else text

    def name(self, place: int) -> str:
        """A node's label, or ``#3`` for the third node if it has none."""
        return self.nodes[place].label or f"#{place + 1}"

    def formula(self, place: int) -> str:
        """How a node came about, in terms of its operands' names: ``x + y``, ``exp(q)``; empty for a leaf."""
        node = self.nodes[place]
        if node.is_leaf:
            return ""
        words = [self.name(o) if type(o) is int else short(o, 6) for o in node.operands]
        if len(words) > 8:
            words[6:-1] = ["…"]
        if not node.symbol[0].isalpha():
            if len(words) == 2:
                return f"{words[0]} {node.symbol} {words[1]}"
            if len(words) == 1:
                return node.symbol + words[0]
        return f"{node.symbol}({', '.join(words)})"


def read(root: Any) -> Graph:
    """Take a snapshot of everything that ``root`` was computed from.

    Args:
        root: a Value.

    Returns:
        The graph. It does not change when the Values do.

    Raises:
        TypeError: root is no Value.
    """
    order = autograd.topological_order(root)
    place = {id(value): i for i, value in enumerate(order)}
    nodes = []
    for value in order:
        operands = tuple([o if isinstance(o, float) else place[id(o)] for o in value.operands])
        nodes.append(
            Node(
                label=visible(value.label),
                symbol=visible(value.op.symbol) if value.op is not None else "",
                value=value.data,
                gradient=value.grad if value.has_grad else None,
                operands=operands,
            )
        )
    return Graph(tuple(nodes))
