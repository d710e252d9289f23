"""Sentences about a node, an edge and a local gradient."""

from __future__ import annotations

from ..digits import short
from ..text import shortened
from .alarm import is_alarming
from .backward import contribution
from .model import Edge, Fold, Graph, Node

__all__ = ["alarm", "derivative", "details", "edge_title", "repeated", "sentence", "warnings"]

LISTED = 12  # local gradients


def derivative(of: str, by: str, text: str, number: str, plain: str | None = None) -> str:
    """A local gradient in symbols and numbers.

    Args:
        of: the formula of the node.
        by: the name of the operand.
        text: the local gradient in symbols; empty if there is none.
        number: the local gradient as it is written.
        plain: a text that adds nothing to the number, and is left out; the number itself if None.

    >>> derivative("x * y", "x", "y", "3"), derivative("x + y", "x", "1", "1")
    ('d(x * y)/dx = y = 3', 'd(x + y)/dx = 1')
    """
    symbols = "" if text in ("", number if plain is None else plain) else f"{text} = "
    return f"d({of})/d{by} = {symbols}{number}"


def alarm(graph: Graph) -> str:
    """A sentence on the first number that is inf or nan; empty if there is none.

    >>> from autograd import Value
    >>> from viz.graph.reading import read
    >>> alarm(read(Value(1e300, label="x") * 1e300))
    '#2 = x * 1e+300 is inf, the first value that is not finite'
    >>> x = Value(0.0, label="x")
    >>> y = x.sqrt()
    >>> y.backward()
    >>> alarm(read(y))
    '∇x is inf, the first gradient that is not finite: d(sqrt(x))/dx = 1/(2*sqrt(x)) = inf'
    """
    found = graph.alarm
    if found is None:
        return ""
    name, number = shortened(found.name, 40), short(found.number)
    if found.kind == "value":
        what = f"{name} = {shortened(found.formula, 60)}" if found.formula else name
        return graph.say("{what} is {number}, the first value that is not finite", what=what, number=number)
    text = graph.say("∇{name} is {number}, the first gradient that is not finite", name=name, number=number)
    for edge in reversed(graph.uses[found.place]):
        if is_alarming(edge.local) and edge.local is not None:
            return f"{text}: {derivative(graph.formula(edge.head), name, edge.partial, short(edge.local))}"
    return text


def warnings(graph: Graph) -> list[str]:
    """What a reader must know before trusting the numbers: the first inf or nan, and what was changed too late."""
    first = alarm(graph)
    return [*([first] if first else []), *graph.outdated.splitlines()]


def sentence(graph: Graph, place: int) -> str:
    """A node in one sentence, with all digits."""
    node = graph.nodes[place]
    if node.fold is not None:
        return _of_a_fold(graph, node, node.fold) + _of_copies(graph, node)
    formula = graph.formula(place)
    if node.copies is not None:
        return f"{graph.name(place)}{' = ' if formula else ''}{formula}{_of_copies(graph, node)}"
    value = graph.say("not computed yet") if node.value is None else graph.say("value {number}", number=repr(node.value))
    gradient = graph.say("no gradient yet")
    if node.gradient is not None:
        gradient = graph.say("gradient {number}", number=repr(node.gradient))
    return f"{graph.name(place)}{' = ' if formula else ''}{formula}: {value}, {gradient}"


def _of_a_fold(graph: Graph, node: Node, fold: Fold) -> str:
    what = {
        "group": graph.say("{count:,} nodes", count=fold.count),
        "rest": graph.say("{count:,} nodes that are not drawn", count=fold.count),
        "constants": graph.say("{count:,} constants", count=fold.count),
        "chain": graph.say("{count:,} nodes in a chain", count=fold.count),
        "sum": graph.say("{count:,} nodes in a chain", count=fold.count),
        "part": graph.say("{count:,} nodes", count=fold.count),
        "tile": graph.say("a dense layer of {count:,} nodes", count=fold.count),
    }
    text = f"{fold.name + ': ' if fold.name else ''}{what[fold.kind]}"
    if repeated(fold):
        text += f", {repeated(fold)}"
    if fold.leaves:
        text += graph.say(", among them {names}", names=", ".join(fold.leaves))
    if fold.gradient_norm is not None:
        text += graph.say(", norm of their gradients {number}", number=repr(fold.gradient_norm))
    if node.value is not None and node.copies is None:
        text += graph.say("; its outlet has value {number}", number=repr(node.value))
        text += "" if node.gradient is None else graph.say(", gradient {number}", number=repr(node.gradient))
    return text


def repeated(fold: Fold) -> str:
    """What a fold does, in short: ``64 → 32 tanh`` for a dense layer, ``9,994 × (* 1.1, tanh)`` for a chain, or nothing.

    Of a part it is what is computed in it, one step after the other.
    """
    if fold.matrix is not None:
        return " ".join([f"{fold.matrix.inputs} → {len(fold.matrix.weights)}", *fold.steps])
    count = (
        f"{fold.repeats:,}" if fold.kind != "sum" or fold.shortest == fold.repeats else f"{fold.shortest:,} … {fold.repeats:,}"
    )
    return f"{count} × ({', '.join(fold.steps)})" if fold.steps else ""


def _of_copies(graph: Graph, node: Node) -> str:
    """What a stack says of all its numbers; empty for a node that stands for itself."""
    copies = node.copies
    if copies is None:
        return ""

    text = graph.say(", {count:,} alike: ", count=copies.count)
    low, middle, high = map(repr, copies.values)
    text += graph.say("values from {least} to {largest}, median {median}", least=low, median=middle, largest=high)
    if copies.gradients is not None:
        low, middle, high = map(repr, copies.gradients)
        text += graph.say("; gradients from {least} to {largest}, median {median}", least=low, median=middle, largest=high)
    return text


def details(graph: Graph, place: int) -> list[str]:
    """The tooltip of a node: the sentence, its local gradients, the line of code that made it."""
    node = graph.nodes[place]
    lines = [sentence(graph, place)]
    if graph.alarm is not None and graph.alarm.place == place:
        lines.append(alarm(graph))
    if node.symbol:
        formula = graph.formula(place)
        inputs = [edge for edge in graph.inputs[place] if edge.tail is not None]
        for edge in inputs[:LISTED]:
            if edge.tail is not None and edge.local is not None:
                name = graph.name(edge.tail)
                lines.append(derivative(formula, name, edge.partial, repr(edge.local), f"{edge.local:g}"))
        if len(inputs) > LISTED:
            lines.append(graph.say("and {count} more local gradients", count=len(inputs) - LISTED))
    if node.source:
        lines.append(graph.say("made at {place}", place=node.source))
    return lines


def edge_title(graph: Graph, edge: Edge) -> str:
    """The tooltip of an edge."""
    tail = graph.say("constant") if edge.tail is None else graph.name(edge.tail)
    text = graph.say("{tail} to {head}", tail=tail, head=graph.name(edge.head))
    if edge.count > 1:
        text += graph.say(": {count:,} edges", count=edge.count)
    if edge.weight is not None:
        text += graph.say(", weight {number}", number=repr(edge.weight))
    part = contribution(graph, edge)
    if part is not None:
        text += graph.say("; {number} flows back", number=repr(part))
    return text
