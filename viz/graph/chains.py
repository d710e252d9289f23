"""Long chains: nodes each of which is computed from the one before, and used by the next alone.

What repeats in a chain is found too, so that it can be said: 9,994 times (* 1.1, tanh).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ..digits import short
from ..text import shortened, visible

__all__ = ["Chain", "chains", "step"]

ENDS = 3  # repeats that are drawn at each end
SHORTEST = 4  # nodes of a chain in the middle; fewer are drawn one by one
OPENED = 5  # more repeats at each end, where it was opened
LONGEST_PERIOD = 6


@dataclass(frozen=True)
class Chain:
    """The middle of a chain.

    Attributes:
        places: of its Values in the order of the whole graph.
        repeats: how often the same steps come.
        steps: these steps in words; empty if nothing repeats.
    """

    places: Sequence[int]
    repeats: int
    steps: tuple[str, ...]

    def inputs(self, order: Sequence[Any]) -> list[Any]:
        """The Values from outside that it is computed from, one for each use."""
        found = []
        before: Any = None
        for i in self.places:
            value = order[i]
            parents = value.parents
            if len(parents) > 1 or parents[0] is not before:
                found += [parent for parent in parents if parent is not before]
            before = value
        return found

    def opened(self, ends: Collection[int]) -> Chain | None:
        """The same, shorter at both ends where it ends at one of these places; None if nothing is left of it."""
        chain = self
        while chain.places[-1] in ends:
            some = max(1, len(chain.places) // chain.repeats if chain.steps else 1) * OPENED
            places = chain.places[some : len(chain.places) - some]
            if len(places) < SHORTEST:
                return None
            chain = Chain(places, max(1, chain.repeats - 2 * OPENED) if chain.steps else 1, chain.steps)
        return chain


def chains(order: Sequence[Any], groups: Sequence[tuple[str, ...]], free: Sequence[bool] | None = None) -> list[Chain]:
    """The middles of all long chains.

    Args:
        order: all Values, in the order in which they were computed.
        groups: the groups of each; a chain stays within one.
        free: whether each may be part of a chain; all of them if None.

    >>> from autograd import Value, topological_order
    >>> y = Value(1.0, label="x")
    >>> for _ in range(20):
    ...     y = (y * 1.1).tanh()
    >>> (chain,) = chains(topological_order(y), [()] * 41)
    >>> chain.places[0], len(chain.places), chain.repeats, chain.steps
    (7, 28, 14, ('* 1.1', 'tanh'))
    """
    found = []
    for run in _runs(order, groups, free):
        chain = _middle(order, run)
        if chain is not None:
            found.append(chain)
    return found


def _runs(order: Sequence[Any], groups: Sequence[tuple[str, ...]], free: Sequence[bool] | None) -> list[list[int]]:
    """The places of nodes that follow one another, with nothing but leaves and constants from outside.

    In a chain each node stands right after the one before, but for leaves that are used there for the first time.
    """
    follows: list[tuple[int, int]] = []  # a node, and the one before it
    elsewhere: set[int] = set()  # what is used by other nodes than the next
    before: Any = None
    at = -1
    for i, value in enumerate(order):
        parents = value.parents
        if not parents:
            continue
        if len(parents) == 1 and parents[0] is before:  # nearly always, in a long chain
            if at == i - 1:
                follows.append((i, at))
        else:
            within = False
            outside = at != i - 1
            for parent in parents:
                if parent is before:
                    within = True
                else:
                    elsewhere.add(id(parent))
                    outside = outside or not parent.is_leaf
            if within and not outside:
                follows.append((i, at))
        before, at = value, i
    runs: list[list[int]] = []
    for i, at in follows:
        if (elsewhere and id(order[at]) in elsewhere) or groups[i] != groups[at] or (free and not (free[i] and free[at])):
            continue
        if runs and runs[-1][-1] == at:
            runs[-1].append(i)
        else:
            runs.append([at, i])
    return runs


def _middle(order: Sequence[Any], run: list[int]) -> Chain | None:
    """What of a run is folded; None if it is short."""
    length = len(run)
    if length < SHORTEST + 2 * ENDS:
        return None
    ops = [order[i].op for i in run]
    period = next((p for p in range(1, LONGEST_PERIOD + 1) if 4 * p < length and ops[1 : length - p] == ops[1 + p :]), 0)
    if period:
        ends = ENDS if period <= 2 else 1
        lead = 0 if ops[0] is ops[period] else 1
        first = lead + (length - lead) % period + ends * period
        last = length - ends * period
    else:
        first, last = ENDS, length - ENDS
    places = run[first:last]
    if len(places) < SHORTEST:
        return None
    if not period:
        return Chain(places, 1, ())
    words = [_step([order[i] for i in places[k::period]], order[run[first + k - 1]]) for k in range(period)]
    return Chain(places, len(places) // period, tuple(words))


def _step(same: Sequence[Any], before: Any) -> str:
    """One step of a chain in words.

    Args:
        same: the nodes that make it.
        before: what stands before the first of them.
    """
    first = same[0]
    symbol = shortened(visible(first.op.symbol) or "?", 12)
    others = [k for k, operand in enumerate(first.operands) if operand is not before]
    if not others:
        return symbol
    words = [_other(same, k) for k in others]
    if len(first.operands) == 2:
        return f"{symbol} {words[0]}" if others == [1] else f"{words[0]} {symbol}"
    return f"{symbol} {', '.join(words)}"


def step(same: Sequence[Any]) -> str:
    """The operation of Values that are alike, with the number in it if it is one of two operands.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> step([x / 16]), step([2 - x]), step([x * x]), step([x * 2, x * 3])
    ('/ 16', '2 -', '*', '* …')
    """
    operands = same[0].operands
    number = next((operand for operand in operands if isinstance(operand, float)), None)
    if number is None or len(operands) != 2:
        return shortened(visible(same[0].op.symbol) or "?", 12)
    return _step(same, operands[0] if operands[1] is number else operands[1])


def _other(same: Sequence[Any], k: int) -> str:
    """An operand that comes from outside: its number or its label, where it is the same for all."""
    operand = same[0].operands[k]
    if isinstance(operand, float):
        return short(operand) if all(value.operands[k] == operand for value in same) else "…"
    label = shortened(visible(operand.label), 12)
    return label if label and all(value.operands[k] is operand for value in same) else "…"
