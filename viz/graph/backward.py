"""The backward pass over a graph, one node at a time, in the engine's order and with its rounding."""

from __future__ import annotations

from dataclasses import dataclass

from .model import Edge, Graph

__all__ = ["Flow", "Visit", "backward", "contribution", "propagated"]


@dataclass(frozen=True)
class Flow:
    """What flows back along one edge.

    Attributes:
        edge: the edge.
        local: its local gradient.
        part: upstream times local.
        before: the operand's gradient so far, or None if this is its first share.
        total: the operand's gradient now.
    """

    edge: Edge
    local: float
    part: float
    before: float | None
    total: float


@dataclass(frozen=True)
class Visit:
    """One node passes its gradient back.

    Attributes:
        place: the node.
        upstream: its gradient.
        flows: one for each operand that has a local gradient, in the order of the operands.
    """

    place: int
    upstream: float
    flows: tuple[Flow, ...]


def backward(graph: Graph) -> tuple[list[Visit], dict[int, float]]:
    """Walk back from a gradient of 1 at the root; the gradients that the graph has are not used.

    Returns:
        The visits, from the last node to the first, and the gradients by place.

    >>> from autograd import Value
    >>> from viz.graph.reading import read
    >>> x = Value(3.0)
    >>> backward(read(x * x + x))[1]
    {2: 1.0, 1: 1.0, 0: 7.0}
    """
    root = len(graph.nodes) - 1
    gradients = {root: 1.0}
    visits = []
    for place in range(root, -1, -1):
        if graph.nodes[place].is_leaf or place not in gradients:
            continue
        upstream = gradients[place]
        flows = []
        for edge in graph.inputs[place]:
            if edge.tail is None or edge.local is None:
                continue
            part = propagated(upstream, edge.local)
            before = gradients.get(edge.tail)
            gradients[edge.tail] = (0.0 if before is None else before) + part  # 0.0, as in the engine: a sum is never -0.0
            flows.append(Flow(edge, edge.local, part, before, gradients[edge.tail]))
        visits.append(Visit(place, upstream, tuple(flows)))
    return visits, gradients


def contribution(graph: Graph, edge: Edge) -> float | None:
    """What flows back along an edge: its head's gradient times the local gradient; None where one is missing."""
    upstream = graph.nodes[edge.head].gradient
    if edge.tail is None or upstream is None or edge.local is None:
        return None
    return 0.0 + propagated(upstream, edge.local)


def propagated(upstream: float, local: float) -> float:
    """A zero upstream gradient isn't propagated, so 0 * inf is 0."""
    return 0.0 if upstream == 0.0 else upstream * local
