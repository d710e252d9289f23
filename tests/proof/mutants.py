"""Planted bugs: ways back through a graph that are wrong, each in a way that engines have been wrong in.

Each takes the root and the nodes in topological order and returns an adjoint for each node, as
`autograd.testing.graphs.adjoints` does, so that it can stand in for the engine behind the checks, on either engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Locals = list[float]
Walk = Callable[[Any, Sequence[Any]], list[float]]


def _walk(nodes: Sequence[Any], locals_of: Callable[[Any], Locals] = lambda node: list(node.local_gradients())) -> list[float]:
    """A right walk back, with local gradients that may be wrong."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in reversed(nodes):
        if found[node]:
            for parent, local in zip(node.parents, locals_of(node), strict=True):
                found[parent] += found[node] * local
    return [found[node] for node in nodes]


def _rule(names: str, change: Callable[[Any, Locals], Locals]) -> Walk:
    """A bug in the rule of some operations."""
    chosen = names.split()

    def locals_of(node: Any) -> Locals:
        right = list(node.local_gradients())
        return change(node, right) if node.parents and node.op.name in chosen else right

    return lambda root, nodes: _walk(nodes, locals_of)


def _times(factor: float) -> Callable[[Any, Locals], Locals]:
    return lambda node, right: [factor * g for g in right]


def _wrong_order(root: Any, nodes: Sequence[Any]) -> list[float]:
    """Breadth first from the root: a node may be left before its last child has added to it."""
    order, queue = [], [nodes[-1]]
    seen = {nodes[-1]}
    while queue:
        node = queue.pop(0)
        order.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in order:
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            found[parent] += found[node] * local
    return [found[node] for node in nodes]


def _overwritten(root: Any, nodes: Sequence[Any]) -> list[float]:
    """``=`` where ``+=`` belongs."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in reversed(nodes):
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            found[parent] = found[node] * local
    return [found[node] for node in nodes]


def _set_of_parents(root: Any, nodes: Sequence[Any]) -> list[float]:
    """The second parent of x * x is lost, as in a set."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in reversed(nodes):
        for parent, local in dict(zip(node.parents, node.local_gradients(), strict=True)).items():
            found[parent] += found[node] * local
    return [found[node] for node in nodes]


def _every_use_once(root: Any, nodes: Sequence[Any]) -> list[float]:
    """Recursion that adds the whole adjoint again on every visit: a shared node counts too often."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    visits = dict.fromkeys(nodes, 0)
    for node in reversed(nodes):
        weight = max(1, visits[node])
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            visits[parent] += 1
            found[parent] += weight * found[node] * local
    return [found[node] for node in nodes]


MUTANTS: dict[str, Walk] = {
    "subtract: wrong sign": _rule("subtract", lambda node, right: [abs(g) for g in right]),
    "divide: missing factor": _rule("divide", lambda node, right: [right[0], *[g * node.operands[1].data for g in right[1:]]]),
    "multiply: operands swapped": _rule("multiply", lambda node, right: right[::-1] if len(right) == 2 else [1.0]),
    "power: exponent forgotten": _rule("power", lambda node, right: [right[0] / 3.0, *right[1:]]),
    "sin: the sign of cos": _rule("sin", _times(-1.0)),
    "cos: off by 1e-5": _rule("cos", _times(1.0 + 1e-5)),
    "exp: off by 2e-7": _rule("exp", _times(1.0 + 2e-7)),
    "tanh: 1 - z": _rule("tanh", lambda node, right: [1.0 - node.data]),
    "sigmoid: missing 1 - z": _rule("sigmoid", lambda node, right: [node.data]),
    "log: 1/z": _rule("log", lambda node, right: [1.0 / (node.data or 0.5)]),
    "sqrt: missing one half": _rule("sqrt", _times(2.0)),
    "all: a thousandth lost at each product": _rule("multiply prod dot square", _times(0.999)),
    "walk: wrong order": _wrong_order,
    "walk: overwritten": _overwritten,
    "walk: parents in a set": _set_of_parents,
    "walk: shared nodes counted too often": _every_use_once,
}
