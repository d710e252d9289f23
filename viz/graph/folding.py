"""What each Value is drawn as: itself, one of a stack, a box, or nothing, where there is too much to draw.

Where a graph is too large, its long chains fold first; then of what is alike one is drawn for all (`viz.graph.sameness`);
then groups fold, the innermost before the outermost; then the parts farthest from the results are left out. Each Value is
visited a few times only, so that a graph of a million nodes can be drawn too.
"""

from __future__ import annotations

import fnmatch
import math
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .chains import Chain, chains
from .sameness import Shape, Stacks, constants_of
from .tiles import Tile, tiles

__all__ = ["CONSTANTS", "DEFAULT", "Box", "Groups", "Key", "Plan", "groups_of", "planned"]

Groups = tuple[str, ...]
CONSTANTS = 24  # the most that are drawn for one node
DEFAULT = 72  # boxes of a picture that is not asked for more


@dataclass(frozen=True)
class Box:
    """A box that is no group.

    Attributes:
        kind: ``"chain"`` for the middle of a chain, ``"sum"`` for additions one after the other that are drawn as one, ``"tile"``
            for a dense layer.
        at: a place in the order that no other box of its kind has.
    """

    kind: str
    at: int


Key = int | Groups | Box  # what a Value is drawn as: the first of its stack, by its place in the order, or what it folds into


@dataclass(frozen=True)
class Plan:
    """What is drawn.

    Attributes:
        drawn: for each Value that is drawn its place in the order, and what it is drawn as; of a chain's middle the last alone.
        many: how many constants of one node are drawn before the others share a box.
        alike: for each Value of a stack that is not its first, the place of that.
        chains: the middles of chains, by their boxes.
        rows: the places of additions one after the other, by the box for them; several rows of one box are alike.
        tiles: the dense layers, by their boxes.
    """

    drawn: Sequence[tuple[int, Key]]
    many: float
    alike: Mapping[int, int] = field(default_factory=dict)
    chains: Mapping[Box, Chain] = field(default_factory=dict)
    rows: Mapping[Box, Sequence[Sequence[int]]] = field(default_factory=dict)
    tiles: Mapping[Box, Tile] = field(default_factory=dict)

    def inputs(self, order: Sequence[Any], place: int, key: Key) -> Sequence[Any]:
        """The operands that are Values, of one of `drawn`; of a chain's middle those from outside of it."""
        if isinstance(key, Box) and key in self.chains:
            return inputs_of(order, self.chains[key].places)
        operands: Sequence[Any] = order[place].parents
        return operands


def planned(order: Sequence[Any], roots: Sequence[Any], collapse: bool | str | Collection[str], max_nodes: int | None) -> Plan:
    """Choose what is drawn.

    Args:
        order: all Values, in the order in which they were computed.
        roots: the results among them.
        collapse: True, or the names of groups, as for `viz.draw`.
        max_nodes: the most boxes; None for any number.

    Raises:
        TypeError: collapse is neither a switch nor names.
        ValueError: no group has a name given in ``collapse``.
    """
    _check_collapse(collapse)
    limit = math.inf if max_nodes is None else max_nodes
    many = math.inf if max_nodes is None else min(CONSTANTS, (max_nodes - 2) // 2)
    keys: Sequence[Key] = range(len(order))
    if collapse is not False:
        keys = _folded_by_name(order, groups_of(order), collapse)
    if _fits(order, keys, limit, many):
        return Plan(list(enumerate(keys)), many)
    return _Reduction(order, roots, keys, limit, many).plan


class _Reduction:
    """A graph that is too large.

    Args:
        order: all Values.
        roots: the results among them.
        keys: what each is drawn as so far.
        limit: the most boxes.
        many: how many constants of one node are drawn one by one.
    """

    def __init__(self, order: Sequence[Any], roots: Sequence[Any], keys: Sequence[Key], limit: float, many: float) -> None:
        self.order, self.roots, self.limit, self.many = order, roots, limit, many
        self.paths = groups_of(order)
        free = None
        if not isinstance(keys, range) or len(roots) > 1:
            results = {id(root) for root in roots}
            free = [isinstance(key, int) and id(value) not in results for value, key in zip(order, keys, strict=True)]
        self.chains = {Box("chain", chain.places[-1]): chain for chain in chains(order, self.paths, free)}
        inside = bytearray(len(order))
        for chain in self.chains.values():
            for i in chain.places[:-1]:
                inside[i] = 1
        self.kept: Sequence[int] = [i for i in range(len(order)) if not inside[i]]  # what stages after this one see
        boxes: dict[int, Key] = {box.at: box for box in self.chains}
        self.keys: list[Key] = [boxes.get(i, keys[i]) for i in self.kept]

    @cached_property
    def plan(self) -> Plan:
        """What is drawn."""
        best = _Attempt(self.keys)
        for best in self._attempts():
            if _fits(self.order, best.keys, self.limit, self.many):
                return self._plan(list(zip(self.kept, best.keys, strict=True)), best)
        values = [self.order[i] for i in self.kept]
        drawn = _nearest(values, self.parents, self.roots, best.keys, self.limit, self.order, self.many)
        return self._plan([(self.kept[i], key) for i, key in drawn], best)

    def _attempts(self) -> Iterator[_Attempt]:
        """What each of `kept` is drawn as: more and more is folded."""
        yield _Attempt(self.keys)
        grouped = any(self.paths)
        for way in [{"grouped": True}, {}, {"loosely": True}] if grouped else [{}, {"loosely": True}]:
            stacks = Stacks(self.shape, **way)
            stacks.merge(self.limit)
            stacked = _Attempt(self._stacked(stacks), stacks)
            yield stacked
            if way.get("grouped"):
                yield from self._by_depth(stacked)
            stacks.merge(0)
            tiled = self._tiled(stacks)
            yield tiled
        if grouped:
            yield from self._by_depth(tiled)

    @cached_property
    def parents(self) -> list[Sequence[Any]]:
        """The operands of each of `kept` that are Values; of a chain's middle those from outside of it."""
        order = self.order
        found: list[Sequence[Any]] = [order[i].parents for i in self.kept]
        for k, key in enumerate(self.keys):
            if isinstance(key, Box):
                found[k] = inputs_of(order, self.chains[key].places)
        return found

    @cached_property
    def shape(self) -> Shape:
        """All of `kept` as numbers."""
        order = self.order
        results = {id(root) for root in self.roots}
        unlike = [k for k, i in enumerate(self.kept) if isinstance(self.keys[k], tuple) or id(order[i]) in results]
        labels: list[Any] = []
        for i, key in zip(self.kept, self.keys, strict=True):
            value = order[i]
            if isinstance(key, Box):
                labels.append((self.chains[key].repeats, *self.chains[key].steps))
            else:
                labels.append(value.op)
        return Shape([order[i] for i in self.kept], labels, self.parents, [self.paths[i] for i in self.kept], unlike)

    def _stacked(self, stacks: Stacks) -> list[Key]:
        kept, single = self.kept, stacks.single
        folded = {single[last] for last in stacks.rows}
        return [
            Box("sum", kept[first]) if first in folded else self.keys[first] if isinstance(key, int) else key
            for first, key in zip(single, self.keys, strict=True)
        ]

    def _tiled(self, stacks: Stacks) -> _Attempt:
        """Stacks, with the dense layers in boxes."""
        keys = self._stacked(stacks)
        found = {}
        for tile in tiles([self.order[i] for i in self.kept], stacks):
            if not any(isinstance(keys[k], tuple) for k in tile.members):
                box = Box("tile", self.kept[tile.outlets[0]])
                found[box] = tile.at(self.kept)
                for k in tile.members:
                    keys[k] = box
        return _Attempt(keys, stacks, found)

    def _by_depth(self, attempt: _Attempt) -> Iterator[_Attempt]:
        """Fold groups, the innermost first."""
        assert attempt.stacks is not None
        paths = [self.paths[self.kept[first]] for first in attempt.stacks.single]
        for depth in range(max(len(path) for path in paths), 0, -1):
            keys: list[Key] = [
                key if isinstance(key, tuple) or len(path) < depth else path[:depth]
                for path, key in zip(paths, attempt.keys, strict=True)
            ]
            yield _Attempt(keys, attempt.stacks, attempt.tiles)

    def _plan(self, drawn: Sequence[tuple[int, Key]], attempt: _Attempt) -> Plan:
        """Put together what is drawn of `kept`, with the middles of chains that are in a fold."""
        more = [
            (i, key)
            for last, key in drawn
            if (box := Box("chain", last)) in self.chains and key != box
            for i in self.chains[box].places[:-1]
        ]
        drawn = sorted([*drawn, *more], key=lambda pair: pair[0]) if more else drawn
        stacks = attempt.stacks
        if stacks is None:
            return Plan(drawn, self.many, chains=self.chains)
        kept, single, shape = self.kept, stacks.single, stacks.shape
        alike = {kept[k]: kept[first] for k, first in enumerate(single) if k != first}
        rows: dict[Box, list[list[int]]] = {}
        folded = {single[last] for last in stacks.rows}
        for last, first in enumerate(single):
            if first in folded and shape.inside[last] < 0:
                rows.setdefault(Box("sum", kept[first]), []).append([kept[k] for k in [*shape.rows.get(last, [])[::-1], last]])
        return Plan(drawn, self.many, alike, self.chains, rows, attempt.tiles)


@dataclass(frozen=True)
class _Attempt:
    """A way to draw what is kept of a graph.

    Attributes:
        keys: what each of it is drawn as.
        stacks: what is alike; None where that was not looked for.
        tiles: the dense layers, by their boxes.
    """

    keys: list[Key]
    stacks: Stacks | None = None
    tiles: Mapping[Box, Tile] = field(default_factory=dict)


def inputs_of(order: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """The Values that some Values are computed from, without themselves; one for each use."""
    inside = {id(order[i]) for i in places}
    return [parent for i in places for parent in order[i].parents if id(parent) not in inside]


def groups_of(order: Sequence[Any]) -> list[Groups]:
    """The groups of each Value; a parameter belongs to the group whose name its label begins with.

    >>> from autograd import Value, group
    >>> w = Value(2, label="net.w")
    >>> with group("net"):
    ...     f = w * 3
    >>> groups_of([w, f])
    [('net',), ('net',)]
    """
    paths: list[Groups] = [value.groups for value in order]
    named = {path[-1]: path for path in set(paths) if path}
    if named:
        for i, value in enumerate(order):
            if not paths[i] and value.label and value.is_leaf:
                name: str = value.label
                while "." in name:
                    name = name.rpartition(".")[0]
                    if name in named:
                        paths[i] = named[name]
                        break
    return paths


def _check_collapse(collapse: bool | str | Collection[str]) -> None:
    """Refuse what is neither a switch nor names."""
    if isinstance(collapse, (bool, str)):
        return
    try:
        if all(isinstance(name, str) for name in collapse):
            return
    except TypeError:
        pass
    raise TypeError(f"collapse is True, a group's name, or several names in a list; got {collapse!r:.60}")


def _folded_by_name(order: Sequence[Any], paths: Sequence[Groups], collapse: bool | str | Collection[str]) -> list[Key]:
    known = {name for path in set(paths) for name in path}
    if collapse is True:
        if not known:
            raise ValueError(
                "collapse=True folds groups, and this graph has none; compute it inside `with autograd.group('layer 1'):`, "
                "or call label_parameters() of the module first"
            )
        outermost: list[Key] = [path[:1] or i for i, path in enumerate(paths)]
        _fold_families(order, outermost)
        return outermost
    patterns = [collapse] if isinstance(collapse, str) else list(collapse if not isinstance(collapse, bool) else ())
    chosen = {name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in known):
            listed = ", ".join(repr(name) for name in sorted(known)[:8]) + (", ..." if len(known) > 8 else "")
            raise ValueError(f"collapse: no group is called {pattern!r}; this graph has {listed or 'no groups'}")
    folded: list[Key] = []
    for i, path in enumerate(paths):
        depth = next((d for d, name in enumerate(path, 1) if name in chosen), 0)
        folded.append(path[:depth] if depth else i)
    return folded


def _fold_families(order: Sequence[Any], folded: list[Key]) -> None:
    """Fold parameters outside of all groups into the part that their labels begin with.

    The rows of an embedding are such: ``letters.weight.3.0`` and its like become the box ``letters``.
    """
    families: dict[str, list[int]] = {}
    for i, value in enumerate(order):
        if isinstance(folded[i], int) and value.is_leaf and "." in value.label:
            names = value.label.split(".")
            while names and names[-1].isdigit():  # the place in a row or a matrix
                names.pop()
            families.setdefault(".".join(names[:-1] or names), []).append(i)
    for name, members in families.items():
        if name and len(members) > 1:
            for i in members:
                folded[i] = (name,)


def _cost(value: Any, many: float) -> float:
    """How many boxes the constants of a node take: one each up to ``many``, and one for the others."""
    count = constants_of(value)
    return count if count <= many else many + 1


def _fits(order: Sequence[Any], keys: Sequence[Key], limit: float, many: float) -> bool:
    """Whether the boxes are within the limit; constants count, unless they are in a fold."""
    different = keys if isinstance(keys, range) else set(keys)
    if len(different) > limit:  # the constants of a large graph need not be counted
        return False
    return len(different) + sum([_cost(order[key], many) for key in different if isinstance(key, int)]) <= limit


def _nearest(
    values: Sequence[Any],
    parents: Sequence[Sequence[Any]],
    roots: Sequence[Any],
    keys: Sequence[Key],
    limit: float,
    order: Sequence[Any],
    many: float,
) -> list[tuple[int, Key]]:
    """What is nearest to the results, level by level; the first result is always there.

    Args:
        values: what is still there of the graph.
        parents: their operands.
        roots: the results.
        keys: what each value is drawn as.
        limit: the most boxes.
        order: all Values.
        many: how many constants of one node are drawn one by one.

    Returns:
        Which of the values are drawn, and as what.
    """
    at = {id(value): i for i, value in enumerate(values)}
    members: dict[Key, list[int]] = {}
    for i, key in enumerate(keys):
        members.setdefault(key, []).append(i)
    kept: set[Key] = set()
    left = limit - 1  # the box for the rest
    waiting: deque[Key] = deque()

    def keep(key: Key) -> None:
        nonlocal left
        if key in kept:
            return
        cost = 1 + (_cost(order[key], many) if isinstance(key, int) else 0)
        if cost <= left or not kept:
            kept.add(key)
            left -= cost
            waiting.append(key)

    for root in roots:
        keep(keys[at[id(root)]])
    while waiting and left > 0:
        for i in members[waiting.popleft()]:
            for parent in parents[i]:
                keep(keys[at[id(parent)]])
    return [(i, key) for i, key in enumerate(keys) if key in kept]
