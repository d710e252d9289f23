"""What the checks need to know about a recorded graph, by the public face of a Value alone."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from .differences import LEAST_NUMBER, UNIT

__all__ = ["adjoints", "as_python", "at_a_kink", "engine_of", "is_value", "noise", "operation", "scale"]

LONGEST = 40  # nodes that a message still writes out


def is_value(x: Any) -> bool:
    """Whether x is a Value of either engine: it can be walked back, unlike a dual number."""
    return hasattr(x, "interpretation_level") and hasattr(x, "local_gradients")


def engine_of(value: Any) -> Any:
    """The module whose `gradients` and `topological_order` belong to this Value: the chosen engine's, or its twin's."""
    # Told by the class and not by its __module__: the compiled class goes by the name of the reference.
    names = ("autograd", "autograd.value", "autograd._native")
    modules = (sys.modules[name] for name in names if name in sys.modules)
    return next(module for module in modules if isinstance(value, module.Value))


def adjoints(root: Any, nodes: Sequence[Any]) -> list[float]:
    """What ``root.backward()`` gives each node, with every ``grad`` put back afterwards."""
    before = [node.grad if node.has_grad else None for node in nodes]
    try:
        for node in nodes:
            node.grad = None
        root.backward()
        return [node.grad for node in nodes]
    finally:
        for node, grad in zip(nodes, before, strict=True):
            node.grad = grad


def scale(nodes: Sequence[Any]) -> dict[Any, float]:
    """For each node the sum over all ways to the root of the absolute products of local gradients."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in reversed(nodes):
        upstream = found[node]
        if upstream:
            for parent, local in zip(node.parents, node.local_gradients(), strict=True):
                found[parent] += upstream * abs(local)
    return found


def noise(nodes: Sequence[Any], gradients: Sequence[float]) -> float:
    """A bound of the rounding noise of the root: each operation is off by 4 units of its value at most."""
    # The root counts even as a leaf: its number may have been computed outside of the graph, and rounded there.
    terms = zip(nodes, gradients, strict=True)
    sizes = [abs(g * n.data) for n, g in terms if g and (n.parents or n is nodes[-1])]
    return 4.0 * (UNIT * math.fsum(sizes) + (LEAST_NUMBER if sizes else 0.0))


def at_a_kink(nodes: Sequence[Any]) -> bool:
    """Whether an operation of the graph is exactly at a kink, where its local gradient is a convention."""
    return any(node.parents and node.op.at_kink(node.data, [getattr(x, "data", x) for x in node.operands]) for node in nodes)


def operation(node: Any) -> str:
    """The operation of a node with the numbers of its operands, as text."""
    numbers = [getattr(x, "data", x) for x in node.operands]
    return f"{node.op.name}({', '.join(map(repr, numbers[:4]))}{', ...' if len(numbers) > 4 else ''})"


def as_python(nodes: Sequence[Any], inputs: Sequence[Any], names: Sequence[str], longest: int = LONGEST) -> str:
    """A recorded graph as a lambda to paste; the functions in it are those of `autograd`.

    Args:
        nodes: the graph in topological order.
        inputs: its leaves that become arguments; any other leaf is written as its number.
        names: what to call them.
        longest: a graph of more nodes is not written out.

    Returns:
        A lambda. A node with several children is named once, by ``:=``.

    >>> from autograd import Value, exp, topological_order
    >>> x = Value(2.0); y = exp(x)
    >>> as_python(topological_order(y * y + x), [x], ["x"])
    'lambda x: (a := exp(x), (a * a) + x)[-1]'
    """
    head = f"lambda {', '.join(names)}: " if names else "lambda: "
    if len(nodes) > longest:
        return f"a graph of {len(nodes)} nodes"
    uses = dict.fromkeys(nodes, 0)
    for node in nodes:
        for parent in node.parents:
            uses[parent] += 1
    text = dict(zip(inputs, names, strict=True))
    steps: list[str] = []
    free = (name for name in [*"abcdefghijklmnopqrstuvwxyz", *(f"a{i}" for i in range(longest))] if name not in names)
    for node in nodes:
        if node in text:
            continue
        if not node.parents:
            text[node] = _written(node.data)
            continue
        words = [text[x] if is_value(x) else _written(x) for x in node.operands]
        call = node.op.written(words, python=True)
        call = call if call.startswith(f"{node.op.name}(") else f"({call})"
        if uses[node] > 1:
            text[node] = next(free)
            steps.append(f"{text[node]} := {_bare(call)}")
        else:
            text[node] = call
    result = _bare(text[nodes[-1]])
    return head + (f"({', '.join([*steps, result])})[-1]" if steps else result)


def _written(x: float) -> str:
    return f"({x!r})" if math.copysign(1.0, x) == -1.0 else repr(x)


def _bare(call: str) -> str:
    """Without the outer parentheses."""
    return call[1:-1] if call.startswith("(") else call
