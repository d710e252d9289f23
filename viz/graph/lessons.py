"""What a gate does to a gradient, in words: an addition distributes, a product swaps, a max routes, a dead ReLU stops.

The names are those of CS231n's lecture on backpropagation.
"""

from __future__ import annotations

from ..digits import short
from .model import Graph

__all__ = ["lesson"]

_ROUTERS = {"maximum", "minimum", "max", "min"}


def lesson(graph: Graph, place: int, upstream: float) -> str:
    """One sentence on what a node passes back.

    Args:
        graph: the graph.
        place: the node's place in it.
        upstream: the gradient that arrives at the node.

    >>> from autograd import Value
    >>> from viz.graph.reading import read
    >>> x, y = Value(3, label="x"), Value(4, label="y")
    >>> lesson(read(x * y), 2, 1.0)
    'A product swaps: x gets upstream times y, and y gets upstream times x.'
    >>> lesson(read((x - y).relu()), 3, 1.0)
    'This ReLU is dead: its input -1 is not above 0, so the gradient stops here.'
    """
    node = graph.nodes[place]
    name = node.op.name if node.op is not None else ""
    parents = [edge.tail for edge in graph.inputs[place] if edge.tail is not None]
    names = [graph.name(parent) for parent in parents]
    local = [edge.local for edge in graph.inputs[place] if edge.tail is not None]
    if upstream == 0.0:
        return "The gradient that arrives is 0, so nothing flows back from here."
    if name in ("add", "sum"):
        return f"An addition distributes: the gradient goes on unchanged to {_enumeration(names)}."
    if name == "subtract":
        if len(names) == 2:
            return f"A subtraction distributes too: unchanged to {names[0]}, with its sign turned to {names[1]}."
        return "A subtraction distributes too, with the sign turned for what is subtracted."
    if name == "multiply":
        if len(names) == 2 and names[0] != names[1]:
            return f"A product swaps: {names[0]} gets upstream times {names[1]}, and {names[1]} gets upstream times {names[0]}."
        if len(names) == 2:
            return f"A product swaps its inputs, and here both are {names[0]}: it gets upstream times itself, twice."
        return f"A product swaps: {names[0]} gets upstream times the constant."
    if name in ("dot", "prod"):
        return "Each factor gets upstream times what it was multiplied by: products swap their inputs."
    if name in _ROUTERS:
        chosen = [n for n, number in zip(names, local, strict=True) if number]
        kind = "min" if name in ("minimum", "min") else "max"
        if len(chosen) > 1:
            return f"A {kind} gate routes the gradient; {_enumeration(chosen)} tie and share it."
        if not chosen:
            return f"A {kind} gate routes the gradient, here to a constant: it stops."
        return f"A {kind} gate routes: the whole gradient goes to {chosen[0]}, and nothing to the others."
    if name == "relu":
        number = graph.nodes[parents[0]].value
        shown = short(number) if number is not None else "?"
        if local[0] == 0.0:
            return f"This ReLU is dead: its input {shown} is not above 0, so the gradient stops here."
        return f"This ReLU is open: its input {shown} is above 0, so the gradient passes unchanged."
    if name == "clamp":
        if local[0]:
            return "Inside its bounds a clamp passes the gradient; at them and outside it stops."
        return "The clamp holds its input at a bound, so the gradient stops here."
    if name == "negative":
        return "A negation turns the sign of the gradient."
    if name == "mean":
        return f"A mean shares the gradient in equal parts among its {len(node.operands)} operands."
    if name in ("sigmoid", "tanh") and local[0] is not None and abs(local[0]) < 0.01:
        return f"This {name} is saturated: its curve is nearly flat here, and the gradient all but vanishes."
    return f"The gradient is multiplied by the slope of {node.symbol} at this point."


def _enumeration(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    if len(names) > 5:
        return f"its {len(names)} operands"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
