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
    say, node = graph.say, graph.nodes[place]
    name = node.op.name if node.op is not None else ""
    parents = [edge.tail for edge in graph.inputs[place] if edge.tail is not None]
    names = [graph.name(parent) for parent in parents]
    local = [edge.local for edge in graph.inputs[place] if edge.tail is not None]
    if upstream == 0.0:
        return say("The gradient that arrives is 0, so nothing flows back from here.")
    if name in ("add", "sum"):
        return say("An addition distributes: the gradient goes on unchanged to {names}.", names=_enumeration(graph, names))
    if name == "subtract":
        if len(names) == 2:
            return say(
                "A subtraction distributes too: unchanged to {first}, with its sign turned to {second}.",
                first=names[0], second=names[1],
            )  # fmt: skip
        return say("A subtraction distributes too, with the sign turned for what is subtracted.")
    if name == "multiply":
        if len(names) == 2 and names[0] != names[1]:
            return say(
                "A product swaps: {first} gets upstream times {second}, and {second} gets upstream times {first}.",
                first=names[0], second=names[1],
            )  # fmt: skip
        if len(names) == 2:
            return say(
                "A product swaps its inputs, and here both are {name}: it gets upstream times itself, twice.", name=names[0]
            )
        return say("A product swaps: {name} gets upstream times the constant.", name=names[0])
    if name in ("dot", "prod"):
        return say("Each factor gets upstream times what it was multiplied by: products swap their inputs.")
    if name in _ROUTERS:
        chosen = [n for n, number in zip(names, local, strict=True) if number]
        kind = "min" if name in ("minimum", "min") else "max"
        if len(chosen) > 1:
            tied = _enumeration(graph, chosen)
            return say("A {kind} gate routes the gradient; {names} tie and share it.", kind=kind, names=tied)
        if not chosen:
            return say("A {kind} gate routes the gradient, here to a constant: it stops.", kind=kind)
        return say(
            "A {kind} gate routes: the whole gradient goes to {name}, and nothing to the others.", kind=kind, name=chosen[0]
        )
    if name == "relu":
        number = graph.nodes[parents[0]].value
        shown = short(number) if number is not None else "?"
        if local[0] == 0.0:
            return say("This ReLU is dead: its input {number} is not above 0, so the gradient stops here.", number=shown)
        return say("This ReLU is open: its input {number} is above 0, so the gradient passes unchanged.", number=shown)
    if name == "clamp":
        if local[0]:
            return say("Inside its bounds a clamp passes the gradient; at them and outside it stops.")
        return say("The clamp holds its input at a bound, so the gradient stops here.")
    if name == "negative":
        return say("A negation turns the sign of the gradient.")
    if name == "mean":
        return say("A mean shares the gradient in equal parts among its {count} operands.", count=len(node.operands))
    if name in ("sigmoid", "tanh") and local[0] is not None and abs(local[0]) < 0.01:
        return say("This {name} is saturated: its curve is nearly flat here, and the gradient all but vanishes.", name=name)
    return say("The gradient is multiplied by the slope of {symbol} at this point.", symbol=node.symbol)


def _enumeration(graph: Graph, names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    if len(names) > 5:
        return graph.say("its {count} operands", count=len(names))
    return names[0] if len(names) == 1 else graph.say("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])
