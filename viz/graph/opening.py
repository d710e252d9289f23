"""Boxes and stacks that are opened: by name, and one after the other for a page in which they open by a click."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .folding import Opened
from .model import Graph
from .reading import Reading

__all__ = ["Source", "State", "read_open"]

STATES = 16  # that are read in advance
NODES = 400  # in those that are kept, together
LARGEST = 100_000  # Values; a graph of more is opened by name alone
VISITED = 100_000  # of any other, in all readings together, but at least two
SHARE = 10  # of what a reading takes, for one that opens what was joined, and has the rest in common with the first


def read_open(root: Any, names: bool | str | Collection[str], **options: Any) -> tuple[Graph, Opened | None]:
    """The same, with some of what would be folded opened.

    Args:
        root: as for `read`.
        names: of boxes and stacks, as the picture has them, or their kinds: ``"group"``, ``"chain"``, ``"sum"``, ``"tile"``,
            ``"part"``, ``"stack"``; True opens all that the picture has.
        options: as for `read`.

    Returns:
        The graph, and what is open in it; None if nothing is.

    Raises:
        TypeError: names is neither a switch nor names.
        ValueError: nothing that can be opened has one of the names.
    """
    waiting = _patterns(names)
    reading = Reading(root, **options)
    graph, opened = reading.graph(), None
    while waiting:
        found = {name: _called_so(graph, name) for name in waiting}
        for what in [what for several in found.values() for what in several]:
            opened = what if opened is None else opened | what
        later = [name for name in waiting if not found[name]]
        if len(later) == len(waiting) and names is not True:
            there = list(dict.fromkeys([graph.name(place) for place in graph.openable]))
            listed = ", ".join(map(repr, there[:8])) + (", …" if there[8:] else "")
            raise ValueError(f"open: nothing folded is called {later[0]!r}; this picture has {listed or 'nothing to open'}")
        if opened is not None:
            graph = reading.graph(opened)
        waiting = [] if names is True else later
    return graph, opened


def _patterns(names: bool | str | Collection[str]) -> list[str]:
    if isinstance(names, bool):
        return ["*"] if names else []
    if isinstance(names, str):
        return [names]
    if isinstance(names, Collection) and all(isinstance(name, str) for name in names):
        return list(names)
    raise TypeError(f"open is True, the name of a box or a stack, or several names in a list; got {names!r:.60}")


def _called_so(graph: Graph, pattern: str) -> list[Opened]:
    """What would be opened by a name."""
    found = []
    for place, what in graph.openable.items():
        fold = graph.nodes[place].fold
        if fnmatch.fnmatchcase(graph.name(place), pattern) or pattern == ("stack" if fold is None else fold.kind):
            found.append(what)
    return found


@dataclass(frozen=True)
class State:
    """A picture in which some boxes are open.

    Attributes:
        graph: what is drawn.
        opens: for each place where something can be opened, which state that leads to; in that something else may be closed.
        closes: the same for what can be closed.
    """

    graph: Graph
    opens: Mapping[int, int]
    closes: Mapping[int, int]


class Source:
    """Where a drawing came from, to read it again with more of it opened.

    Args:
        value: the result, or several.
        options: as for `viz.graph.reading.read`.
        opened: what is open.
    """

    def __init__(self, value: Any, options: Mapping[str, Any], opened: Opened | None) -> None:
        self.value, self.options, self.opened = value, options, opened

    def states(self, first: Graph) -> list[State]:
        """The drawing as it is, and with what it has opened, one by one and then together, up to a number.

        Args:
            first: the drawing's graph; where its Values have other numbers by now, it is the only state.
        """
        reading = Reading(self.value, **self.options)
        if reading.size > LARGEST or reading.graph(self.opened) != first:
            return [State(first, {}, {})]
        graphs: list[tuple[tuple[Opened, ...], Graph]] = [((), first)]
        known: dict[frozenset[Opened], int] = {frozenset(): 0}
        # for everything that is opened in one of them, the places in the whole graph's order of what was in it
        inside: dict[Opened, frozenset[int]] = {}
        left, reads, visited = NODES, 0, 0
        k = 0
        while k < len(graphs):
            steps, graph = graphs[k]
            for place, what in graph.openable.items():
                key = frozenset([*steps, what])
                if key not in known and reads < STATES:
                    opened = self.opened or Opened()
                    for step in (*steps, what):
                        opened |= step
                    visits = reading.size if opened.unfolds else reading.size // SHARE
                    if reads >= 2 and visited + visits > VISITED:
                        continue
                    reads, visited = reads + 1, visited + visits
                    more = reading.graph(opened)
                    if more.size > left:
                        continue
                    left -= more.size
                    inside[what] = frozenset(_orders(graph, place))
                    known[key] = len(graphs)
                    graphs.append(((*steps, what), more))
            k += 1
        boxes = {i: what for place, what in first.openable.items() for i in _orders(first, place)}
        states = []
        for steps, graph in graphs:
            opens: dict[int, int] = {}
            for place, what in graph.openable.items():
                # where no picture has all of that open, one thing closes for it, or all: what has it in the first opens
                keys = [frozenset([*steps, what]), *[frozenset([*steps, what]) - {step} for step in steps]]
                box = boxes.get(next(iter(_orders(graph, place)), -1))
                keys += [frozenset([box])] if box is not None and box not in steps else []
                opens.update([(place, known[key]) for key in keys if key in known][:1])
            closes: dict[int, int] = {}
            for step in steps:
                rest, first_place = frozenset(steps) - {step}, _first(graph, inside[step])
                if rest in known and first_place is not None:
                    closes[first_place] = known[rest]
            states.append(State(graph, opens, closes))
        return states


def _orders(graph: Graph, place: int) -> Collection[int]:
    """The places in the whole graph's order of what a node stands for."""
    node = graph.nodes[place]
    if node.fold is not None:
        return node.fold.members
    return (node.order,) if node.copies is None else node.copies.members


def _first(graph: Graph, orders: Collection[int]) -> int | None:
    """The first node that stands for something of that."""
    return next((place for place in range(len(graph.nodes)) if not set(_orders(graph, place)).isdisjoint(orders)), None)
