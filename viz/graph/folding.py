"""What each Value is drawn as: itself, one of a stack, a box, or nothing, where there is too much to draw.

Where a graph is too large, its long chains fold first; then of what is alike one is drawn for all (`viz.graph.sameness`);
then groups fold, the innermost before the outermost; then, for a page, boxes are joined (`viz.graph.parts`); and only where
that doesn't do it, what is farthest from the results is left out. Each Value is visited a few times only, so that a graph of
a million nodes can be drawn too.
"""

from __future__ import annotations

import fnmatch
import math
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .chains import Chain, chains
from .page import Extent, fits_a_page
from .parts import parts
from .sameness import Shape, Stacks, constants_of
from .tiles import Tile, tiles

__all__ = ["CONSTANTS", "DEFAULT", "REST", "Box", "Groups", "Key", "Opened", "Plan", "Plans", "groups_of"]

Groups = tuple[str, ...]
CONSTANTS = 24  # the most that are drawn for one node
DEFAULT = 60  # boxes of a picture that is not asked for more
CROWDED = 400  # boxes; no page has room for more
OPENED = 200  # boxes of a picture in which something was opened
FEWEST_DRAWN = 8  # boxes of a picture of what is nearest to the result
WORTH = {"sum": 1.0, "chain": 2.0, "tile": 2.0}  # of a box, where parts are joined; a node has 1, and 3 with a name
REST: Groups = ()  # the part that is left out because it is far from the results


@dataclass(frozen=True)
class Box:
    """A box that is no group.

    Attributes:
        kind: ``"chain"`` for the middle of a chain, ``"sum"`` for additions one after the other that are drawn as one,
            ``"tile"`` for a dense layer, and ``"part"`` for boxes and nodes that were joined.
        at: a place in the order that no other box of its kind has.
    """

    kind: str
    at: int


@dataclass(frozen=True)
class Opened:
    """What is drawn although it would be folded.

    Attributes:
        alone: the places of Values that are drawn by themselves, although others are alike.
        groups: groups whose boxes are open.
        chains: where the middles of chains end that are shorter.
        tiles: dense layers, by the place in their boxes.
        parts: the same of parts.
    """

    alone: frozenset[int] = frozenset()
    groups: frozenset[Groups] = frozenset()
    chains: frozenset[int] = frozenset()
    tiles: frozenset[int] = frozenset()
    parts: frozenset[int] = frozenset()

    def __or__(self, other: Opened) -> Opened:
        """Both."""
        return Opened(
            self.alone | other.alone,
            self.groups | other.groups,
            self.chains | other.chains,
            self.tiles | other.tiles,
            self.parts | other.parts,
        )

    @property
    def unfolds(self) -> bool:
        """Whether Values are drawn by themselves for it, and not only what was put into boxes later on, layers and parts."""
        return bool(self.alone or self.groups or self.chains)

    def group(self, path: Groups, depth: int) -> Groups | None:
        """The group that a Value folds into, at a depth or, where that is open, below it; None if it doesn't fold."""
        while path[:depth] in self.groups and depth <= len(path):
            depth += 1
        return path[:depth] if depth <= len(path) else None

    def keys(self, keys: Sequence[Key], paths: Sequence[Groups]) -> list[Key]:
        """What each Value is drawn as, once groups are open."""
        found: list[Key] = []
        for i, key in enumerate(keys):
            if isinstance(key, tuple) and key in self.groups:
                found.append(self.group(paths[i], len(key)) or i)
            else:
                found.append(key)
        return found


Key = int | Groups | Box  # what a Value is drawn as: the first of its stack, by its place in the order, or what it folds into


@dataclass(frozen=True)
class Part:
    """What is in a box of several.

    Attributes:
        keys: what its Values would be drawn as, in order; the last is its outlet.
        places: the places of the Values of each.
    """

    keys: Sequence[Key]
    places: Sequence[Sequence[int]]


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
        parts: what is in the boxes of several, by these.
    """

    drawn: Sequence[tuple[int, Key]]
    many: float
    alike: Mapping[int, int] = field(default_factory=dict)
    chains: Mapping[Box, Chain] = field(default_factory=dict)
    rows: Mapping[Box, Sequence[Sequence[int]]] = field(default_factory=dict)
    tiles: Mapping[Box, Tile] = field(default_factory=dict)
    parts: Mapping[Box, Part] = field(default_factory=dict)

    def inputs(self, order: Sequence[Any], place: int, key: Key) -> Sequence[Any]:
        """The operands that are Values, of one of `drawn`; of a chain's middle those from outside of it."""
        if isinstance(key, Box) and key in self.chains:
            return self.chains[key].inputs(order)
        operands: Sequence[Any] = order[place].parents
        return operands


class Plans:
    """Chooses what is drawn, as often as something else is opened.

    Args:
        order: all Values, in the order in which they were computed.
        roots: the results among them.
        collapse: True, or the names of groups, as for `viz.draw`.
        max_nodes: the most boxes; None for any number.
        page: whether a graph of more boxes folds until it can be read on a page.

    Raises:
        TypeError: collapse is neither a switch nor names.
        ValueError: no group has a name given in ``collapse``.
    """

    def __init__(
        self,
        order: Sequence[Any],
        roots: Sequence[Any],
        collapse: bool | str | Collection[str],
        max_nodes: int | None,
        *,
        page: bool = False,
    ) -> None:
        _check_collapse(collapse)
        self.order, self.roots, self.max_nodes, self.page = order, roots, max_nodes, page
        self.limit = math.inf if max_nodes is None else max_nodes
        self.many = math.inf if max_nodes is None else min(CONSTANTS, (max_nodes - 2) // 2)
        self.keys: Sequence[Key] = range(len(order))
        if collapse is not False:
            self.keys = _folded_by_name(order, groups_of(order), collapse)

    def plan(self, opened: Opened | None = None) -> Plan:
        """What is drawn.

        Args:
            opened: what of that is drawn although it would be folded; everything else stays as it is without it.
        """
        if self._fits:
            keys = self.keys if opened is None else opened.keys(self.keys, groups_of(self.order))
            return Plan(list(enumerate(keys)), self.many)
        if opened is None:
            return self._closed.plan
        return self._closed.but(opened).like(self._closed, None if self.page else self.max_nodes)

    @cached_property
    def _fits(self) -> bool:
        return _fits(self.order, self.keys, self.limit, self.many)

    @cached_property
    def _closed(self) -> _Reduction:
        return _Reduction(self.order, self.roots, self.keys, self.limit, self.many, page=self.page)


class _Reduction:
    """A graph that is too large.

    Args:
        order: all Values.
        roots: the results among them.
        keys: what each is drawn as so far.
        limit: the most boxes.
        many: how many constants of one node are drawn one by one.
        page: whether it has to be read on a page.
        opened: what is drawn all the same.
    """

    def __init__(
        self,
        order: Sequence[Any],
        roots: Sequence[Any],
        keys: Sequence[Key],
        limit: float,
        many: float,
        *,
        page: bool = False,
        opened: Opened | None = None,
    ) -> None:
        self.order, self.roots, self.limit, self.many, self.page = order, roots, limit, many, page
        self.opened = opened or Opened()
        self.paths = groups_of(order)
        self.unfolded = keys
        self._known: dict[tuple[str, float], Stacks] = {}
        free = None
        if not isinstance(keys, range) or len(roots) > 1:
            results = {id(root) for root in roots[:-1]} | {id(root) for root in roots[1:]}  # a single one may end a chain
            free = [isinstance(key, int) and id(value) not in results for value, key in zip(order, keys, strict=True)]
        self.chains = {
            Box("chain", chain.places[-1]): chain
            for whole in chains(order, self.paths, free)
            if (chain := whole.opened(self.opened.chains)) is not None
        }
        inside = bytearray(len(order))
        for chain in self.chains.values():
            for i in chain.places[:-1]:
                inside[i] = 1
        self.kept: Sequence[int] = [i for i in range(len(order)) if not inside[i]]  # what stages after this one see
        boxes: dict[int, Key] = {box.at: box for box in self.chains}
        self.keys: list[Key] = [boxes.get(i, keys[i]) for i in self.kept]

    def but(self, opened: Opened) -> _Reduction:
        """The same graph with something opened; what that leaves as it is isn't computed again."""
        if opened.unfolds:
            keys = opened.keys([*self.unfolded], self.paths)
            return _Reduction(self.order, self.roots, keys, self.limit, self.many, page=self.page, opened=opened)
        found = copy(self)
        found.opened = opened
        return found

    @property
    def plan(self) -> Plan:
        """What is drawn."""
        attempt, blocks = self._chosen
        return self._plan(attempt, blocks.costs)

    def like(self, closed: _Reduction, most: int | None) -> Plan:
        """The same as in another one, in which less is open.

        Args:
            closed: the other one.
            most: the most boxes; None for as many as can still be found one's way in.
        """
        chosen, there = closed._chosen
        parts_: Mapping[Box, Sequence[Key]] = {
            box: keys for box, keys in chosen.parts.items() if box.at not in self.opened.parts
        }
        if self.opened.unfolds or self.opened.tiles:
            attempt = next(attempt for attempt in self._attempts() if attempt.name == chosen.name)
            parts_ = self._taken_over(parts_, closed, attempt) if parts_ else {}
        else:
            attempt = chosen.whole
        attempt = attempt.joined(parts_)
        blocks = self._blocks(attempt)
        if there.left_out:
            more = blocks.cost - closed._blocks(chosen).cost
            return self._plan(attempt, blocks.nearest(self._results(attempt), there.cost + 1 + max(more, 0)).costs)
        limit = OPENED if most is None else most
        return self._plan(attempt, (blocks if blocks.cost <= limit else blocks.nearest(self._results(attempt), limit)).costs)

    def _taken_over(
        self, parts_: Mapping[Box, Sequence[Key]], closed: _Reduction, attempt: _Attempt
    ) -> Mapping[Box, Sequence[Key]]:
        """What is in boxes of several by now: what all its Values were in such a box with, in another one of the same graph.

        Args:
            parts_: what is in these boxes there.
            closed: the other one.
            attempt: what its Values are drawn as here.
        """
        into = {key: (box, k) for box, keys in parts_.items() for k, key in enumerate(keys)}
        before: dict[int, tuple[Box, int]] = {}  # by place, the box there, and where in it
        for i, key in zip(closed.kept, closed._chosen[0].apart, strict=True):
            if key in into:
                several = closed.chains[key].places if isinstance(key, Box) and key in closed.chains else (i,)
                before.update([(place, into[key]) for place in several])
        places: dict[Key, list[int]] = {}
        for i, key in zip(self.kept, attempt.keys, strict=True):
            places.setdefault(key, []).append(i)
        found: dict[Box, list[tuple[int, int, Key]]] = {box: [] for box in parts_}
        for key, mine in places.items():
            boxes = {before[i][0] if i in before else None for i in mine}
            box = boxes.pop()
            if box is not None and not boxes and not isinstance(key, tuple):
                found[box].append((before[mine[0]][1], mine[0], key))
        return {box: [key for _, _, key in sorted(keys, key=lambda each: each[:2])] for box, keys in found.items() if keys}

    @cached_property
    def _chosen(self) -> tuple[_Attempt, _Blocks]:
        """The first way to draw it that is small enough, or what is nearest to the results in the last one."""
        best, blocks = _Attempt(self.keys), _Blocks({}, {}, {})
        for best in self._attempts():
            blocks = self._blocks(best)
            if blocks.cost <= self.limit and (not self.page or blocks.fit_a_page()):
                return best, blocks
        if self.page and blocks.cost <= CROWDED:
            for boxes in self._parts(best, blocks):
                if len(blocks.operands) - sum([len(several) - 1 for several in boxes.values()]) > self.limit:
                    continue
                there = blocks.joined(boxes)
                if there.cost <= self.limit and there.fit_a_page():
                    return best.joined(boxes), there
        limit = self.limit
        while True:
            near = blocks.nearest(self._results(best), limit)
            if limit < FEWEST_DRAWN or not self.page or near.fit_a_page():
                return best, near
            limit = math.floor(limit * 0.9)

    def _results(self, attempt: _Attempt) -> list[Key]:
        """What the results are drawn as."""
        keys = {id(self.order[i]): key for i, key in zip(self.kept[::-1], attempt.keys[::-1], strict=True)}
        return [keys[id(root)] for root in self.roots]

    def _attempts(self) -> Iterator[_Attempt]:
        """What each of `kept` is drawn as: more and more is folded."""
        yield _Attempt(self.keys)
        grouped = any(self.paths)
        tiled = _Attempt(self.keys)
        for way in ["grouped", "", "loosely"] if grouped else ["", "loosely"]:
            few = self._stacks(way, self.limit)
            stacked = _Attempt(self._stacked(few), few, name=f"{way} stacks")
            if way == "grouped":
                yield next(self._by_depth(stacked))
            tiled = self._tiled(self._stacks(way, 0), f"{way} tiles")
            if tiled.tiles:
                yield tiled
            yield stacked
            yield tiled
        if grouped:
            yield from self._by_depth(tiled)

    def _stacks(self, way: str, limit: float) -> Stacks:
        """What is alike, merged until there are no more boxes than the limit."""
        if (way, limit) not in self._known:
            if (way, math.inf) not in self._known:
                self._known[way, math.inf] = Stacks(self.shape, grouped=way == "grouped", loosely=way == "loosely")
            self._known[way, limit] = self._known[way, math.inf].merged(limit)
        return self._known[way, limit]

    def _parts(self, attempt: _Attempt, blocks: _Blocks) -> Iterator[dict[Box, Sequence[Key]]]:
        """What to join, more and more, by the boxes for it; results and groups stay by themselves."""
        alone = set(self._results(attempt))
        weights: dict[Key, float] = {
            key: (3.0 if self.order[key].label else 1.0) if isinstance(key, int) else WORTH[key.kind]
            for key in blocks.operands
            if not isinstance(key, tuple) and key not in alone
        }
        for found in parts(blocks.operands, weights, Counter(attempt.keys)):
            yield {
                Box("part", outlet.at if isinstance(outlet, Box) else outlet): keys
                for outlet, keys in found.items()
                if not isinstance(outlet, tuple)
            }

    def _blocks(self, attempt: _Attempt) -> _Blocks:
        """What is drawn, and what is computed from what; one of a stack speaks for all."""
        keys, below = attempt.keys, self.shape.operands
        single = range(len(keys)) if attempt.stacks is None else attempt.stacks.single
        operands: dict[Key, dict[Key, None]] = {}
        for k, key in enumerate(keys):
            if single[k] == k:
                operands.setdefault(key, {}).update([(keys[o], None) for o in below[k]])
        counts = Counter(keys)
        costs = {key: 1 + (_cost(self.order[key], self.many) if isinstance(key, int) else 0) for key in operands}
        extents = {}
        for key, several in operands.items():
            several.pop(key, None)
            extents[key] = self._extent(key, counts[key])
        return _Blocks(operands, costs, extents)

    def _extent(self, key: Key, count: int) -> Extent:
        """About how large a box will be."""
        if isinstance(key, Box):
            return Extent(200, 200) if key.kind == "tile" else Extent(230, 60)
        if isinstance(key, tuple):
            return Extent(150, 92)
        value = self.order[key]
        named = 8 * min(len(value.label), 20)
        if value.op is None:
            return Extent(80 + named, 50 if count == 1 else 104)
        length = 60 + max(34 + max(0, len(value.op.symbol) - 2) * 8, named if value.label else 0)
        return Extent(length + (0 if count == 1 else 14), 50 if count == 1 else 104)

    @cached_property
    def parents(self) -> list[Sequence[Any]]:
        """The operands of each of `kept` that are Values; of a chain's middle those from outside of it."""
        order = self.order
        found: list[Sequence[Any]] = [order[i].parents for i in self.kept]
        for k, key in enumerate(self.keys):
            if isinstance(key, Box):
                found[k] = self.chains[key].inputs(order)
        return found

    @cached_property
    def shape(self) -> Shape:
        """All of `kept` as numbers."""
        order = self.order
        results = {id(root) for root in self.roots}
        alone = self.opened.alone
        unlike = [
            k for k, i in enumerate(self.kept) if isinstance(self.keys[k], tuple) or i in alone or id(order[i]) in results
        ]
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
        keys = list(self.keys)
        for first in {single[last] for last in stacks.rows}:
            keys[first] = Box("sum", kept[first])
        return [key if isinstance(key, tuple) else keys[first] for first, key in zip(single, self.keys, strict=True)]

    def _tiled(self, stacks: Stacks, name: str) -> _Attempt:
        """Stacks, with the dense layers in boxes."""
        keys = self._stacked(stacks)
        found = {}
        results = {id(root) for root in self.roots}
        for tile in tiles([self.order[i] for i in self.kept], stacks):
            box = Box("tile", self.kept[tile.outlets[0]])
            # a result is seen with its numbers: it may be all that a layer gives, but not one of several
            hides = len(tile.outlets) > 1 and any(id(self.order[self.kept[k]]) in results for k in tile.outlets)
            if box.at not in self.opened.tiles and not hides and not any(isinstance(keys[k], tuple) for k in tile.members):
                found[box] = tile.at(self.kept)
                for k in tile.members:
                    keys[k] = box
        return _Attempt(keys, stacks, found, name)

    def _by_depth(self, attempt: _Attempt) -> Iterator[_Attempt]:
        """Fold groups, the innermost first."""
        assert attempt.stacks is not None
        paths = [self.paths[self.kept[first]] for first in attempt.stacks.single]
        for depth in range(max(len(path) for path in paths), 0, -1):
            keys: list[Key] = [
                key if isinstance(key, tuple) or len(path) < depth else self.opened.group(path, depth) or key
                for path, key in zip(paths, attempt.keys, strict=True)
            ]
            yield _Attempt(keys, attempt.stacks, attempt.tiles, f"{attempt.name} {depth}")

    def _plan(self, attempt: _Attempt, chosen: Collection[Key]) -> Plan:
        """Put together what is drawn of `kept`, with the middles of chains that are in a fold."""
        pairs = zip(self.kept, attempt.keys, strict=True)
        drawn = [(i, key) for i, key in pairs if key in chosen]
        ends = {box.at: box for box in self.chains}
        more = [
            (i, key) for last, key in drawn if last in ends and key != ends[last] for i in self.chains[ends[last]].places[:-1]
        ]
        drawn = sorted([*drawn, *more], key=lambda pair: pair[0]) if more else drawn
        inside: dict[Key, list[int]] = {key: [] for several in attempt.parts.values() for key in several}
        for i, key in zip(self.kept, attempt.apart or attempt.keys, strict=True):
            if key in inside:
                inside[key].append(i)
        found = {box: Part(several, [inside[key] for key in several]) for box, several in attempt.parts.items()}
        stacks = attempt.stacks
        if stacks is None:
            return Plan(drawn, self.many, chains=self.chains, parts=found)
        kept, single, shape = self.kept, stacks.single, stacks.shape
        alike = {kept[k]: kept[first] for k, first in enumerate(single) if k != first}
        rows: dict[Box, list[list[int]]] = {}
        folded = {single[last] for last in stacks.rows}
        for last, first in enumerate(single):
            if first in folded and shape.inside[last] < 0:
                rows.setdefault(Box("sum", kept[first]), []).append([kept[k] for k in [*shape.rows.get(last, [])[::-1], last]])
        return Plan(drawn, self.many, alike, self.chains, rows, attempt.tiles, found)


@dataclass(frozen=True)
class _Attempt:
    """A way to draw what is kept of a graph.

    Attributes:
        keys: what each of it is drawn as.
        stacks: what is alike; None where that was not looked for.
        tiles: the dense layers, by their boxes.
        name: which way it is.
        parts: what is in boxes of several, by these.
        apart: what each would be drawn as without such boxes.
    """

    keys: Sequence[Key]
    stacks: Stacks | None = None
    tiles: Mapping[Box, Tile] = field(default_factory=dict)
    name: str = ""
    parts: Mapping[Box, Sequence[Key]] = field(default_factory=dict)
    apart: Sequence[Key] = ()

    @property
    def whole(self) -> _Attempt:
        """The same without boxes of several."""
        return replace(self, keys=self.apart, parts={}, apart=()) if self.parts else self

    def joined(self, parts: Mapping[Box, Sequence[Key]]) -> _Attempt:
        """The same with some of what is drawn in parts."""
        if not parts:
            return self
        boxes = {key: box for box, several in parts.items() for key in several}
        return replace(self, keys=[boxes.get(key, key) for key in self.keys], parts=parts, apart=self.keys)


@dataclass(frozen=True)
class _Blocks:
    """The boxes of a picture.

    Attributes:
        operands: those that each is computed from.
        costs: how many each counts for, with its constants.
        extents: about how large each is.
        left_out: whether there is a box for what is left out.
    """

    operands: Mapping[Key, Mapping[Key, None]]
    costs: Mapping[Key, float]
    extents: Mapping[Key, Extent]
    left_out: bool = False

    @property
    def cost(self) -> float:
        """How many they count for together."""
        return sum(self.costs.values())

    def joined(self, boxes: Mapping[Box, Sequence[Key]]) -> _Blocks:
        """The same with some of them in parts."""
        into: dict[Key, Key] = {key: box for box, several in boxes.items() for key in several}
        operands: dict[Key, dict[Key, None]] = {}
        box: Key
        for key, several in self.operands.items():
            box = into.get(key, key)
            there = operands.pop(box, {})  # a part stands where its last one does
            operands[box] = {**there, **{o: None for operand in several if (o := into.get(operand, operand)) != box}}
        costs = {key: self.costs.get(key, 1) for key in operands}
        large: dict[Key, Extent] = {box: Extent(220, 60 + 9 * len(several)) for box, several in boxes.items()}
        return _Blocks(operands, costs, {key: large[key] if key in large else self.extents[key] for key in operands})

    def fit_a_page(self) -> bool:
        """Whether they can be read on a page."""
        operands = {
            key: list(dict.fromkeys([o if o in self.costs else REST for o in several]))
            for key, several in self.operands.items()
        }
        rest = {REST: Extent(140, 60)} if self.left_out else {}
        return len(operands) <= CROWDED and fits_a_page({**rest, **self.extents}, operands)

    def nearest(self, results: Sequence[Key], limit: float) -> _Blocks:
        """What is nearest to the results, level by level; the first result is always there."""
        kept: dict[Key, None] = {}
        left = limit - 1  # the box for the rest
        waiting: deque[Key] = deque()

        def keep(key: Key) -> None:
            nonlocal left
            if key not in kept and (self.costs[key] <= left or not kept):
                kept[key] = None
                left -= self.costs[key]
                waiting.append(key)

        for result in results:
            keep(result)
        while waiting and left > 0:
            for operand in self.operands[waiting.popleft()]:
                keep(operand)
        there = [key for key in self.costs if key in kept]  # in their order
        return _Blocks(
            {key: self.operands[key] for key in there},
            {key: self.costs[key] for key in there},
            {key: self.extents[key] for key in there},
            len(there) < len(self.costs),
        )


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
