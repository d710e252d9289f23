"""Dense layers: sums of the same inputs, each input times a weight of its own, so that all the weights make a matrix.

A sum is a dot product, or products that are added one after the other. What comes right after it belongs to the layer too:
a bias, and one activation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import autograd

from .sameness import Stacks

__all__ = ["Tile", "tiles"]

SMALLEST = 8  # weights; a layer of fewer is drawn node by node


@dataclass(frozen=True)
class Tile:
    """A dense layer.

    Attributes:
        members: the places of all of its Values, weights included.
        outlets: the places of its results; more than one for each row where the same layer was computed several times.
        rows: for each neuron the places of its weights, in the order of the inputs.
        sums: for each neuron the places of its results.
        activation: the symbol of the activation; empty where there is none.
    """

    members: tuple[int, ...]
    outlets: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]
    sums: tuple[tuple[int, ...], ...]
    activation: str

    def at(self, places: Sequence[int]) -> Tile:
        """The same in another order, where what is at 0 here is at the first of these places, and so on."""

        def moved(several: Sequence[int]) -> tuple[int, ...]:
            return tuple([places[k] for k in several])

        rows, sums = tuple(map(moved, self.rows)), tuple(map(moved, self.sums))
        return Tile(moved(self.members), moved(self.outlets), rows, sums, self.activation)


@dataclass
class _Unit:
    """A weighted sum, as it is drawn: one for a whole stack.

    Attributes:
        blocks: what it takes in, by the first of each stack.
        last: the first of the stack of its results so far.
        kinds: the operations that follow the sum.
        rows: for each sum of the stack its weights.
        taken: what the sums take in; one for each sample.
        is_deep: whether one of the inputs was computed.
    """

    blocks: set[int]
    last: int
    kinds: list[Any]
    rows: dict[int, tuple[int, ...]]
    taken: set[tuple[int | str, ...]]
    is_deep: bool


def tiles(values: Sequence[Any], stacks: Stacks) -> list[Tile]:
    """All dense layers.

    Args:
        values: the Values that `stacks` is about.
        stacks: what is drawn for what.
    """
    return _Search(values, stacks).tiles()


class _Search:
    def __init__(self, values: Sequence[Any], stacks: Stacks) -> None:
        self.values, self.shape, self.single = values, stacks.shape, stacks.single
        self.at = {id(value): i for i, value in enumerate(values)}
        self.stacked: dict[int, list[int]] = {}
        for place, first in enumerate(self.single):
            self.stacked.setdefault(first, []).append(place)
        self.users: dict[int, set[int]] = {}
        for place, operands in enumerate(self.shape.operands):
            for operand in operands:
                if self.single[operand] != self.single[place]:
                    self.users.setdefault(self.single[operand], set()).add(self.single[place])
        self.rowed = {self.single[last] for last in stacks.rows}

    def tiles(self) -> list[Tile]:
        """All of them, the first ones first."""
        layers: dict[object, list[_Unit]] = {}
        for first in self.stacked:
            found = self._unit(first)
            if found is not None:
                inputs, unit = found
                layers.setdefault((inputs, self.shape.ops[self._heads(first)[0]], self._name(unit)), []).append(unit)
        return [tile for units in layers.values() if (tile := self._tile(units)) is not None]

    def _name(self, unit: _Unit) -> tuple[str, ...]:
        """What the weights of a sum are called, without numbers: those of another matrix have another name."""
        label = self.values[next(iter(unit.rows.values()))[0]].label
        return tuple([part.rstrip("0123456789") for part in label.split(".")])

    def _heads(self, first: int) -> list[int]:
        """The Values of a stack, of rows of additions the last ones alone."""
        inside = self.shape.inside
        places = self.stacked[first]
        return [place for place in places if inside[place] < 0 or first not in self.rowed] or places

    def _unit(self, first: int) -> tuple[object, _Unit] | None:
        """A weighted sum, and what it is a sum of."""
        heads = self._heads(first)
        op = self.shape.ops[heads[0]]
        if op is autograd.dot:
            rows = {place: self._factors(place, first) for place in heads}
        elif op is autograd.add and (first in self.rowed or heads[0] in self.shape.rows):
            rows = {place: self._products(place) for place in heads}
        else:
            return None
        if not all(rows.values()):
            return None
        known = {place: row for place, row in rows.items() if row is not None}
        blocks = {first}
        inputs: set[int] = set()
        for places, outside, within in known.values():
            blocks.update(self.single[place] for place in (*places, *within))
            inputs.update([self.single[x] for x in outside if isinstance(x, int)])
        if inputs & blocks:
            return None
        is_deep = any(self.shape.operands[place] for place in inputs)
        rows_of, taken = {place: row[0] for place, row in known.items()}, {row[1] for row in known.values()}
        unit = _Unit(blocks, first, [], rows_of, taken, is_deep)
        return (frozenset(inputs), len(next(iter(unit.rows.values())))), unit

    def _factors(self, place: int, first: int) -> tuple[tuple[int, ...], tuple[int | str, ...], tuple[int, ...]] | None:
        """Of a dot product the weights, the inputs, and what else is inside."""
        operands = self.values[place].operands
        middle = len(operands) // 2
        halves = operands[:middle], operands[middle:]
        for weights, inputs in (halves, halves[::-1]):
            places = self._weights(weights, {first})
            if places is not None:
                return places, tuple([self._named(x) for x in inputs]), ()
        return None

    def _products(self, place: int) -> tuple[tuple[int, ...], tuple[int | str, ...], tuple[int, ...]] | None:
        """The same of products that are added."""
        terms = self.shape.terms(place)
        products = [term for term in terms if self.shape.ops[term] is autograd.multiply]
        others = [term for term in terms if self.shape.ops[term] is not autograd.multiply]
        own = {self.single[i] for i in (place, *self.shape.rows.get(place, ()))}
        if len(products) < 2 or len(others) > 1 or self._weights([self.values[term] for term in others], own) is None:
            return None
        firsts = {self.single[term] for term in products}
        if any(self.users.get(block, set()) - own for block in firsts):
            return None
        weights: list[int] = []
        inputs: list[int | str] = []
        for term in products:
            pair = self.values[term].operands
            which = next((k for k in (0, 1) if self._weights([pair[k]], firsts) is not None), None)
            if which is None or len(pair) != 2:
                return None
            weights.append(self.at[id(pair[which])])
            inputs.append(self._named(pair[1 - which]))
        return tuple(weights), tuple(inputs), (*products, *others, *self.shape.rows.get(place, ()))

    def _named(self, operand: Any) -> int | str:
        """An input: its place, or the number that it is."""
        return repr(operand) if isinstance(operand, float) else self.at[id(operand)]

    def _weights(self, operands: Sequence[Any], users: set[int]) -> tuple[int, ...] | None:
        """The places of leaves that nothing else uses; None if one of the operands is no such leaf."""
        places = []
        for operand in operands:
            if isinstance(operand, float) or not operand.is_leaf:
                return None
            place = self.at[id(operand)]
            if self.users.get(self.single[place], set()) - users:
                return None
            places.append(place)
        return tuple(places)

    def _tile(self, units: list[_Unit]) -> Tile | None:
        """A layer, with what follows each of its sums; None if it is a small one, or one sum of leaves."""
        rows_there = {row for unit in units for row in unit.rows.values()}
        taken = set().union(*(unit.taken for unit in units))
        # every sample meets every row of the matrix, or it is none
        if sum(len(unit.rows) for unit in units) != len(rows_there) * len(taken) or len(set(map(len, rows_there))) > 1:
            return None
        if len(units) == 1 and len(units[0].rows) == 1 and not units[0].is_deep:
            return None
        if sum([len(set(unit.rows.values())) * len(next(iter(unit.rows.values()))) for unit in units]) < SMALLEST:
            return None
        for follow in (self._bias, self._activation):
            found = [follow(unit) for unit in units]
            if all(found) and len({more[0] for more in found if more is not None}) == 1:
                for unit, more in zip(units, found, strict=True):
                    if more is not None:
                        kind, unit.last, blocks = more
                        unit.kinds.append(kind)
                        unit.blocks.update([unit.last, *blocks])
        blocks = set().union(*(unit.blocks for unit in units))
        members = sorted([place for block in blocks for place in self.stacked[block]])
        rows: dict[tuple[int, ...], list[int]] = {}
        for unit in units:
            for place, result in zip(unit.rows, self._results(unit), strict=True):
                rows.setdefault(unit.rows[place], []).append(result)
        outlets = sorted([place for unit in units for place in self._heads(unit.last)])
        last = units[0].kinds[-1] if units[0].kinds else None
        symbol = "" if last in (None, autograd.add) else str(getattr(last, "symbol", ""))
        return Tile(tuple(members), tuple(outlets), tuple(rows), tuple([tuple(places) for places in rows.values()]), symbol)

    def _results(self, unit: _Unit) -> list[int]:
        """For each sum of a unit the result that it ends in."""
        after = self._after
        found = []
        for place in unit.rows:
            at = place
            while self.single[at] != unit.last:
                at = after[at]
            found.append(at)
        return found

    @property
    def _after(self) -> Mapping[int, int]:
        """For each place one that uses it."""
        if not hasattr(self, "_known"):
            self._known = {operand: place for place, operands in enumerate(self.shape.operands) for operand in operands}
        return self._known

    def _next(self, unit: _Unit) -> int | None:
        """What alone uses the results of a unit so far, once each."""
        users = self.users.get(unit.last, set())
        if len(users) != 1:
            return None
        (after,) = users
        uses = Counter([operand for place in self.stacked[after] for operand in self.shape.operands[place]])
        heads = self._heads(unit.last)
        return after if all(uses[place] == 1 for place in heads) and len(self._heads(after)) == len(heads) else None

    def _bias(self, unit: _Unit) -> tuple[Any, int, set[int]] | None:
        """The addition of a leaf that nothing else uses."""
        after = self._next(unit)
        if after is None or self.shape.ops[after] is not autograd.add or after in self.rowed:
            return None
        others = [x for x in self.values[after].operands if isinstance(x, float) or self.single[self.at[id(x)]] != unit.last]
        places = self._weights(others, {after})
        return None if places is None or len(places) != 1 else (autograd.add, after, {self.single[places[0]]})

    def _activation(self, unit: _Unit) -> tuple[Any, int, set[int]] | None:
        """A function of one operand."""
        after = self._next(unit)
        if after is None or len(self.values[after].operands) != 1:
            return None
        return self.shape.ops[after], after, set()
