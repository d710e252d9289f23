"""Which parts of a graph are alike, so that one of them can be drawn for all.

Each Value gets a class from the bottom up: that of its operation and of the classes of its operands; numbers and labels don't
matter. Operands of one node that are of one class are siblings, such as the samples of a batch under the loss, or the products
under a sum. Siblings are merged, with all that they were computed from, node by node: what two of them share stays single.
Two Values of one class have the same number of layers below them, so that no merging makes a cycle.

Additions of many terms one after the other, as Python's ``sum`` makes them, count as one sum. Where nothing else helps, so do
sums of different length, down to a single term, which is no sum but stands for one: such a sum is of the class of its terms,
and above them by its level.

Each edge is followed a fixed number of times: the cost is linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from copy import copy
from itertools import groupby
from typing import Any

import autograd

__all__ = ["FEWEST", "Shape", "Stacks", "constants_of"]

FEWEST = 3  # siblings of fewer are drawn one by one
SUMS = (autograd.add, autograd.multiply)  # what can be taken together in any order, term by term


def constants_of(value: Any) -> int:
    """How many of a Value's operands are plain numbers."""
    operands = value.operands
    return len(operands) - len(value.parents) if operands else 0


class Shape:
    """A graph as numbers.

    Args:
        order: all Values, in the order in which they were computed.
        ops: the primitive of each, None for a leaf; or something else, that is equal for those that count as alike.
        parents: the operands of each that are Values.
        groups: the groups of each.
        unlike: the places of what is like nothing else, as a result is.

    Attributes:
        ops: as given.
        groups: as given.
        unlike: as given.
        operands: for each the places of its operands that are Values.
        uses: how often each is an operand.
        constants: how many operands of each are plain numbers.
        rows: for the last addition (or product) of a row of them, the places of the others, the last first.
        inside: the place of the last one of its row, for each that is in a row and is not the last; -1 otherwise.
    """

    def __init__(
        self,
        order: Sequence[Any],
        ops: Sequence[Any],
        parents: Sequence[Sequence[Any]],
        groups: Sequence[tuple[str, ...]],
        unlike: Collection[int] = (),
    ) -> None:
        self._order = order
        self.groups = groups
        self.unlike = frozenset(unlike)
        self.ops = ops
        at = {id(value): i for i, value in enumerate(order)}
        self.operands = [tuple([at[id(parent)] for parent in several]) for several in parents]
        # constants are no operands here, so that the second factor of a dot product may begin anywhere
        dots = [i for i, op in enumerate(self.ops) if op is autograd.dot]
        self._middles = {i: _count_values(order[i].operands[: len(order[i].operands) // 2]) for i in dots}
        uses = [0] * len(order)
        for places in self.operands:
            for place in places:
                uses[place] += 1
        self.uses = uses
        self.constants = [constants_of(value) if op is value.op else 0 for value, op in zip(order, ops, strict=True)]
        self.inside = [-1] * len(order)
        self.rows: dict[int, list[int]] = {}
        self._find_rows()

    def terms(self, place: int) -> tuple[int, ...]:
        """The operands of a node; of a row, those of all of it that are outside of it, the first first."""
        row = self.rows.get(place)
        if row is None:
            return self.operands[place]
        inside = self.inside
        return tuple([o for at in [*reversed(row), place] for o in self.operands[at] if inside[o] != place])

    def adds_a_number(self, place: int) -> bool:
        """Whether a plain number other than 0 is among the terms of a row."""
        order = self._order
        return any(isinstance(x, float) and x != 0 for at in (place, *self.rows.get(place, ())) for x in order[at].operands)

    def parts(self, place: int) -> list[Sequence[int]] | None:
        """The terms of what takes any number of them, in any order: those of a sum, the two factors of a dot product.

        None for any other operation, whose operands each have a place of their own.
        """
        op = self.ops[place]
        if op in SUMS:
            return [self.terms(place)]
        if not isinstance(op, autograd.Primitive) or op.arity is not None:
            return None
        operands = self.operands[place]
        middle = self._middles.get(place, len(operands))
        return [operands[:middle], operands[middle:]]

    def _find_rows(self) -> None:
        """Additions (or products) each of which is used by the next alone."""
        ops, uses, inside = self.ops, self.uses, self.inside
        groups = self.groups
        for place in range(len(ops) - 1, -1, -1):
            op = ops[place]
            if inside[place] >= 0 or op not in SUMS:
                continue
            row, at = [], place
            while True:
                step = [
                    o
                    for o in self.operands[at]
                    if ops[o] is op and uses[o] == 1 and groups[o] == groups[at] and o not in self.unlike
                ]
                if len(step) != 1:
                    break
                at = step[0]
                inside[at] = place
                row.append(at)
            if row and self._adds_to_a_sum(place, row):
                place = row.pop(0)
                inside[place] = -1
                for at in row:
                    inside[at] = place
            if row:
                self.rows[place] = row

    def _adds_to_a_sum(self, place: int, row: Sequence[int]) -> bool:
        """Whether a row is a sum of one kind of terms, to which its last addition adds something else that was computed.

        So is what goes around a layer, and is added to its result: no part of the layer's sums.
        """
        ops, inside = self.ops, self.inside
        others = {ops[o] for o in self.operands[place] if inside[o] != place}
        terms = {ops[o] for at in row for o in self.operands[at] if inside[o] != place} - {None}
        return len(row) > 1 and len(terms) == 1 and not others & {*terms, None} and bool(others)


def _count_values(operands: Sequence[Any]) -> int:
    return sum([not isinstance(operand, float) for operand in operands])


class Stacks:
    """Values of which one is drawn for all.

    Args:
        shape: the graph.
        grouped: whether what is in different groups is different.
        loosely: whether sums of different length, over terms that are alike, are alike.

    Attributes:
        single: for each Value the place of the first of its stack, which is its own where it is drawn by itself.
        boxes: how many boxes the graph takes by now, constants included.
    """

    def __init__(self, shape: Shape, *, grouped: bool = False, loosely: bool = False) -> None:
        self.shape = shape
        self.loosely = loosely
        self.single = list(range(len(shape.ops)))
        self.boxes = len(self.single) + sum(shape.constants)
        self._constants = list(shape.constants)  # of each Value that is drawn
        self._sums: set[int] = set()  # the last additions of rows that count as one sum
        self._levels: dict[int, int] = {}  # of sums that are of the class of their terms: how many such are one in another
        self._merged: dict[int, int] = {}  # one of the terms of each of them all of whose terms were merged
        self._over: dict[int, dict[int, int]] = {}  # by the first of a stack of such terms: one sum of each level
        self._classes = self._classified(grouped=grouped)

    def merged(self, limit: float) -> Stacks:
        """The same with siblings merged, those of the result first, until there are no more boxes than the limit.

        Args:
            limit: 0 for as few as can be.
        """
        found = copy(self)
        found.single, found._constants = list(self.single), list(self._constants)
        found._merged, found._over = dict(self._merged), {first: dict(sums) for first, sums in self._over.items()}
        found._merge(limit)
        return found

    def _merge(self, limit: float) -> None:
        shape, classes, find = self.shape, self._classes, self._find
        for place in range(len(self.single) - 1, -1, -1):
            if self.boxes <= limit:
                break
            if self.single[place] != place or shape.inside[place] in self._sums:
                continue
            parts = shape.parts(place) if place in self._sums or shape.ops[place] not in SUMS else None
            if parts is None:
                continue
            siblings: dict[tuple[int, int], dict[int, None]] = {}
            for which, part in enumerate(parts):
                for term in part:
                    siblings.setdefault((which, classes[term]), {})[find(term)] = None
            several = [list(alike) for alike in siblings.values() if len(alike) >= FEWEST]
            for first, *others in several:
                for other in others:
                    self._unify(first, other)
            if several and place in self._sums:
                self._fold(place)
        for place in range(len(self.single)):
            find(place)

    def class_of(self, place: int) -> int:
        """A number that two Values have in common if they are alike."""
        return self._classes[place]

    @property
    def rows(self) -> list[int]:
        """The last of each row of additions that is drawn as one node."""
        return [place for place in self.shape.rows if self._is_folded(place)]

    # ---- classes -------------------------------------------------------------------------------------

    def _classified(self, *, grouped: bool) -> list[int]:
        """The class of each Value."""
        shape, loosely, groups = self.shape, self.loosely, self.shape.groups
        known: dict[Hashable, int] = {}
        classes = [-1] * len(shape.ops)
        for place, (op, operands) in enumerate(zip(shape.ops, shape.operands, strict=True)):
            parts = shape.parts(place)
            if parts is None:
                below = [classes[operand] for operand in operands]
            else:
                kinds = [sorted([classes[term] for term in part]) for part in parts]
                if loosely and self._is_like_its_terms(place, kinds[0]):
                    classes[place] = kinds[0][0]
                    self._sums.add(place)
                    self._levels[place] = 1 + max([self._levels.get(term, 0) for term in parts[0]])
                    continue
                if op in SUMS:
                    if loosely or _most(kinds[0]) >= FEWEST:
                        self._sums.add(place)
                    else:
                        kinds = [[classes[operand] for operand in operands]]
                if loosely:
                    kinds = [list(dict.fromkeys(part)) for part in kinds]
                below = [kind for part in kinds for kind in (-1, *part)]
            # a softmax is one of its shares, like the others
            name = op.name if isinstance(op, autograd.Primitive) and op.arity is None else op
            key = place if place in shape.unlike else (name, groups[place] if grouped else (), tuple(below))
            classes[place] = known.setdefault(key, len(known))
        return classes

    def _is_like_its_terms(self, place: int, kinds: Sequence[int]) -> bool:
        """Whether a sum is of one kind of terms, all computed, so that such a term alone is alike: a sum of one."""
        shape = self.shape
        is_sum = shape.ops[place] is autograd.add and kinds[0] == kinds[-1] and not shape.adds_a_number(place)
        return is_sum and bool(shape.operands[shape.terms(place)[0]])

    # ---- merging -------------------------------------------------------------------------------------

    def _find(self, place: int) -> int:
        single = self.single
        while single[place] != place:
            single[place] = single[single[place]]
            place = single[place]
        return place

    def _link(self, a: int, b: int) -> int:
        """Make one stack of two; the first of that which was the later one."""
        a, b = sorted((self._find(a), self._find(b)))
        if a != b:
            self.single[b] = a
            self.boxes -= 1 + self._constants[b]
        return b

    def _is_folded(self, place: int) -> bool:
        return self._find(self.shape.rows[place][0]) == self._find(place)

    def _fold(self, place: int) -> None:
        """Draw a row as one node."""
        for inner in self.shape.rows.get(place, ()):
            self._link(inner, place)
        first = self._find(place)
        self.boxes -= self._constants[first]
        self._constants[first] = 0

    def _with_terms(self, a: int, b: int) -> list[tuple[int, int]]:
        """What to merge for two of one class, one of which is a sum of more levels: its terms and the other one.

        Sums over terms that are one stack are one stack too.
        """
        level = self._levels.get(a, 0)
        if level < self._levels.get(b, 0):
            a, b, level = b, a, self._levels[b]
        if a in self._merged:  # they are one stack by now
            return [(self._merged[a], b)]
        terms = self.shape.terms(a)
        self._merged[a] = terms[0]
        self._fold(a)
        return [*[(term, b) for term in terms], *self._sums_over(self._find(b), {level: a})]

    def _sums_over(self, first: int, sums: Mapping[int, int]) -> list[tuple[int, int]]:
        """Keep sums, by their level, over a stack; those that are to be merged with what was kept before."""
        known = self._over.setdefault(first, {})
        return [(known[level], place) for level, place in sums.items() if known.setdefault(level, place) != place]

    def _unify(self, one: int, other: int) -> None:
        """Merge two Values of one class, and what they were computed from."""
        shape, classes = self.shape, self._classes
        waiting = [(one, other)]
        while waiting:
            a, b = waiting.pop()
            if self._find(a) == self._find(b):
                continue
            if self._levels.get(a, 0) != self._levels.get(b, 0):
                waiting += self._with_terms(a, b)
                continue
            gone = self._link(a, b)
            if gone in self._over:
                waiting += self._sums_over(self._find(a), self._over.pop(gone))
            if a in self._sums:
                one_row, other_row = shape.rows.get(a, []), shape.rows.get(b, [])
                if len(one_row) != len(other_row) or (one_row and (self._is_folded(a) or self._is_folded(b))):
                    self._fold(a)
                    self._fold(b)
                else:
                    for pair in zip(one_row, other_row, strict=True):
                        self._link(*pair)
            one_parts, other_parts = shape.parts(a), shape.parts(b)
            if one_parts is None or other_parts is None or (shape.ops[a] in SUMS and a not in self._sums):
                waiting += zip(shape.operands[a], shape.operands[b], strict=True)
            else:
                for these, those in zip(one_parts, other_parts, strict=True):
                    waiting += _paired(these, those, classes)


def _most(ordered: Sequence[int]) -> int:
    """How often the most frequent of some numbers, which are in order, is there."""
    return max([len(list(same)) for _, same in groupby(ordered)], default=0)


def _paired(one: Sequence[int], other: Sequence[int], classes: Sequence[int]) -> list[tuple[int, int]]:
    """Terms of two sums that are alike, in pairs; where one has more of a kind, these are paired with its first."""
    pairs: list[tuple[int, int]] = []
    kinds: dict[int, tuple[list[int], list[int]]] = {}
    for which, terms in enumerate((one, other)):
        for term in terms:
            kinds.setdefault(classes[term], ([], []))[which].append(term)
    for these, those in kinds.values():
        if len(these) == len(those):
            pairs += zip(these, those, strict=True)
        else:
            pairs += [(these[0], term) for term in [*these[1:], *those]]
    return pairs
