"""The paths from one node to the result, one after the other, the largest product of local gradients first.

After Jimenez and Marzal, "Computing the K shortest paths: a new algorithm and an experimental comparison" (1999): the next
path of a node needs the next path of one of the nodes after it, and nothing else. So finding the largest ten of 2**1000
paths takes as long as following ten paths.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

from .model import Edge, Graph

__all__ = ["counted", "ranked", "size_of"]

# The size of a path is one whole number, the sum of those of its edges: whole numbers add up to the same in any order, so that
# paths with the same factors tie exactly. Its parts, from the last digits up: the number of edges, the logarithm to base 2, the
# number of factors that are infinite or nan, the number of those that are 0.
LOG_BITS = 52
EDGE = 1
LOG = EDGE << 40
ENDLESS = LOG << 100
ZERO = ENDLESS << 40


def size_of(local: float | None) -> int:
    """How much a local gradient adds to the size of a path; a path of more edges is a little smaller.

    >>> size_of(3.0) > size_of(-2.5) > size_of(1e-300) > size_of(0.0)
    True
    >>> size_of(4.0) - size_of(2.0) == size_of(2.0) - size_of(1.0) > 0
    True
    """
    if not local:
        size = -ZERO
    elif not math.isfinite(local):
        size = ENDLESS
    else:
        mantissa, exponent = math.frexp(abs(local))
        size = ((exponent << LOG_BITS) + round(math.ldexp(math.log2(mantissa), LOG_BITS))) * LOG
    return size - EDGE


def counted(graph: Graph, focus: int) -> int:
    """The number of paths from one node to the result.

    >>> from autograd import Value
    >>> from viz.graph.reading import read
    >>> x = Value(3.0)
    >>> counted(read(x * x + x), 0)
    3
    """
    counts = {len(graph.nodes) - 1: 1}
    for place in range(len(graph.nodes) - 2, focus - 1, -1):
        counts[place] = sum([counts[edge.head] for edge in graph.uses[place]])
    return counts[focus]


def ranked(graph: Graph, focus: int) -> Iterator[tuple[Edge, ...]]:
    """Each path from one node to the result as its edges, the largest first.

    Of paths of the same size the one of fewer edges comes first, then the one that comes first in the order of the graph.

    >>> from autograd import Value
    >>> from viz.graph.reading import read
    >>> x = Value(3.0)
    >>> [[edge.head for edge in path] for path in ranked(read(x * x + x), 0)]
    [[1, 2], [1, 2], [2]]
    """
    search = _Search(graph, focus)
    rank = 0
    while rank < len(search.found[focus]) or search.one_more(focus):
        yield search.path(focus, rank)
        rank += 1


class _Search:
    """The search so far: for each node its largest paths to the result, and the candidates for the next."""

    def __init__(self, graph: Graph, focus: int) -> None:
        self.uses = graph.uses
        root = len(graph.nodes) - 1
        # For each node its paths: the size, the edge that it begins with (which of the node's uses), the rank of what follows.
        self.found: dict[int, list[tuple[int, int, int]]] = {root: [(0, -1, 0)]}
        self.sizes: dict[int, list[int]] = {}
        self.waiting: dict[int, list[tuple[int, int, int]]] = {}
        self.ended = {root}
        for place in range(root - 1, focus - 1, -1):
            uses = self.uses[place]
            self.sizes[place] = sizes = [size_of(edge.local) for edge in uses]
            whole = [size + self.found[edge.head][0][0] for size, edge in zip(sizes, uses, strict=True)]
            largest = max(whole)
            self.found[place] = [(largest, whole.index(largest), 0)]

    def one_more(self, focus: int) -> bool:
        """Find the next path of a node; False if there is none."""
        trail = [focus]
        while trail[-1] not in self.ended:
            _, at, rank = self.found[trail[-1]][-1]
            head = self.uses[trail[-1]][at].head
            if rank + 1 < len(self.found[head]):
                break
            trail.append(head)
        for place in reversed(trail):
            if place not in self.ended:
                self._take_next(place)
        return focus not in self.ended

    def _take_next(self, place: int) -> None:
        found, uses, sizes = self.found[place], self.uses[place], self.sizes[place]
        _, at, rank = found[-1]
        if place not in self.waiting:
            self.waiting[place] = [(-sizes[i] - self.found[edge.head][0][0], i, 0) for i, edge in enumerate(uses) if i != at]
            heapq.heapify(self.waiting[place])
        waiting = self.waiting[place]
        after = self.found[uses[at].head]
        if rank + 1 < len(after):
            heapq.heappush(waiting, (-sizes[at] - after[rank + 1][0], at, rank + 1))
        if waiting:
            size, at, rank = heapq.heappop(waiting)
            found.append((-size, at, rank))
        else:
            self.ended.add(place)

    def path(self, place: int, rank: int) -> tuple[Edge, ...]:
        """The edges of a path that was found."""
        edges = []
        _, at, rank = self.found[place][rank]
        while at >= 0:
            edge = self.uses[place][at]
            edges.append(edge)
            place = edge.head
            _, at, rank = self.found[place][rank]
        return tuple(edges)
