"""Numerical derivatives that know their own error: Richardson extrapolation with the rounding carried along.

Differences over steps that are halved again and again are extrapolated to a step of zero. Each entry of the table has two
errors: how much it moved from the entry before (what the extrapolation still misses) and the noise of the function's values,
divided by the step and carried through the same weights. The entry with the least sum is the answer. Where finer entries
scatter more than their noise allows, the noise was underestimated, and the error of every entry grows by as much.

L. F. Richardson, "The approximate arithmetical solution by finite differences", 1911; C. J. F. Ridders, 1982, for the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

__all__ = ["Derivative", "Estimate", "LEAST_NUMBER", "UNIT", "differentiate", "noise_of", "scatter"]

UNIT = 2.0**-53
COLUMNS = 4
LEAST = 8  # entries before a ladder may end: a few coarse steps can agree by accident, as on a staircase
SMALLEST = 2.0**-1000
LEAST_NUMBER = 2.0**-1074  # what the smallest numbers are rounded to
ROUNDED = 16.0  # times the noise that was claimed: rounding may be underestimated by as much, and jumps stand out beyond it
LARGE_STEPS = 6  # of a ladder; those that show how steep a function is as a whole

Sample = tuple[float, float]  # a value, and a bound of its rounding noise


@dataclass(frozen=True)
class Estimate:
    """A derivative, a bound of its error, the smallest step in it, and whether the differences converged as they should.

    `noise` is the part of the error that comes from the noise of the function's values.
    """

    value: float
    error: float
    step: float
    converged: bool = True
    noise: float = 0.0

    def excludes(self, number: float) -> bool:
        """Whether a number is not within the error; nan is never within."""
        return not abs(number - self.value) <= self.error


NOTHING = Estimate(math.nan, math.inf, 0.0, converged=False)


@dataclass
class _Table:
    """Extrapolation of differences whose error goes down by ``ratio`` with the first halving, ``ratio**2`` with the next."""

    ratio: float
    rows: list[list[tuple[float, float]]] = field(default_factory=list)
    found: list[Estimate] = field(default_factory=list)  # from coarse to fine

    def restart(self) -> None:
        """Forget the steps so far, because the next one is not half of the last."""
        self.rows = []

    def add(self, difference: float, noise: float, step: float) -> None:
        """One more difference, over half of the step before."""
        row = [(difference, noise)]
        factor = 1.0
        if self.rows:
            for above, above_noise in self.rows[-1][: COLUMNS - 1]:
                factor *= self.ratio
                last, last_noise = row[-1]
                row.append(((factor * last - above) / (factor - 1.0), (factor * last_noise + above_noise) / (factor - 1.0)))
        self.rows.append(row)
        if len(row) == COLUMNS:
            value, noise = row[-1]
            missed = max(abs(value - row[-2][0]), abs(value - self.rows[-2][COLUMNS - 2][0]))
            noise += 8.0 * UNIT * abs(value)
            if math.isfinite(value):
                self.found.append(Estimate(value, missed + noise, step, self._converged(), noise))

    def _converged(self) -> bool:
        (a, _), (b, noise_b), (c, noise_c) = (row[0] for row in self.rows[-3:])
        return abs(c - b) <= 4.0 * (noise_b + noise_c) or abs(b - a) >= 0.6 * self.ratio * abs(c - b)

    def _sharpest(self) -> int:
        """The place of the entry with the least error, as far as the noise is what it was said to be."""
        return min(range(len(self.found)), key=lambda k: self.found[k].error)

    def excess(self) -> float:
        """How many times the noise that was claimed is seen beyond the sharpest entry, where noise alone is left; 1 or more."""
        if not self.found:
            return 1.0
        start = self._sharpest()
        least = self.found[start].error
        # Two entries of such noise, and the one between them, can be apart by less than four times the noise.
        seen = [(e.error - e.noise - least, 4.0 * e.noise) for e in self.found[start + 1 :]]
        return max([1.0, *[apart / allowed for apart, allowed in seen if apart > allowed > 0.0]])

    def best(self) -> Estimate:
        """The estimate with the least error, once the noise is what was seen."""
        if not self.found:
            return NOTHING
        more = self.excess() - 1.0
        return min((replace(e, error=e.error + more * e.noise) for e in self.found), key=lambda e: e.error)

    def done(self) -> bool:
        """Whether finer steps only bring noise: the best entry is bounded by noise, and three after it were worse."""
        if len(self.found) < LEAST:
            return False
        best = self._sharpest()
        estimate = self.found[best]
        return best <= len(self.found) - 4 and estimate.noise >= 0.2 * estimate.error and self.excess() == 1.0

    def contradicted(self) -> float:
        """How far away from the best estimate a finer step says that the derivative is, beyond both errors; 0 if none does."""
        best, excess = self.best(), self.excess()
        more = excess - 1.0 if excess <= ROUNDED else 0.0
        gaps = [(abs(e.value - best.value), e.error + more * e.noise + best.error) for e in self.found if e.step < best.step]
        return max([gap for gap, errors in gaps if gap > errors], default=0.0)

    def coarser(self) -> tuple[Estimate, ...]:
        """The estimates over larger steps than that of the best."""
        best = self.best()
        return tuple(e for e in self.found if e.step > best.step)


@dataclass(frozen=True)
class Derivative:
    """What differences say about a derivative.

    Attributes:
        central: from both sides.
        right: the limit from above.
        left: the limit from below.
        contradicted: how far from `central` a finer scale says that the derivative is, if by more than their errors; else 0.
        constant: whether all values were the same.
        sides_contradicted: whether a finer scale than that of `right` or `left` says something else.
        steepest: the largest slope of a line from here to a point that was looked at.
        slope: the same over the largest steps alone, and beyond the noise.
        coarser: what larger steps than that of `central` say.
        seen: what each step said, from both sides.
        seen_sides: the same from one side, of both sides.
        unsettled: the error of `right` and `left` where their differences scatter by more than the noise, else 0.
        excess: how many times the noise that was claimed is seen in the differences from both sides.
        doubt: the error of `central` if the values are as noisy as they look over steps that are much larger than x.
    """

    central: Estimate
    right: Estimate
    left: Estimate
    contradicted: float
    constant: bool
    sides_contradicted: bool = False
    steepest: float = 0.0
    slope: float = 0.0
    coarser: tuple[Estimate, ...] = ()
    seen: tuple[Estimate, ...] = ()
    seen_sides: tuple[Estimate, ...] = ()
    unsettled: float = 0.0
    excess: float = 1.0
    doubt: float = 0.0

    def seen_coarser(self, number: float) -> bool:
        """Whether larger steps say that the derivative is this number, much closer than `central` is to it."""
        near = 1e-2 * abs(number - self.central.value)
        return any(e.error <= near and abs(number - e.value) <= near for e in self.coarser)

    def finest_agree(self, number: float, error: float) -> bool:
        """Whether every step that is finer than those of `central`, and sharper than an error, says that it is this number."""
        fine = [e for e in self.seen if e.step < self.central.step and e.error <= error]
        sides = [e for e in self.seen_sides if e.step < self.central.step and e.error <= error]
        return min(len(fine), len(sides)) >= 3 and not any(e.excludes(number) for e in (*fine, *sides))

    def kink(self, scale: float, least: float = 1e-9) -> bool:
        """Whether the limits from the two sides differ by clearly more than their errors, and ``least`` of the scale."""
        errors = self.right.error + self.left.error
        apart = abs(self.right.value - self.left.value)
        return apart > 4.0 * errors and apart > least * scale


def _ladders(x: float) -> Iterator[Iterator[float]]:
    """Steps to try: fractions of max(1, |x|), and for a small x then fractions of x itself."""
    large = max(1.0, abs(x))
    finest = math.ulp(large) * 2.0**12
    yield _halved(large, finest)
    if 0.0 < abs(x) < 2.0**-6:
        yield _halved(abs(x), max(abs(x) * 2.0**-40, SMALLEST))


def _halved(top: float, finest: float) -> Iterator[float]:
    # No power of two, or a staircase with steps like 1e-6 would be met at the same place of a step again and again. Eleven
    # digits in base two, so that x + step stays exact.
    step = math.ldexp(1417.0 / 2048.0, math.frexp(top)[1] - 3)
    while step >= finest:
        yield step
        step *= 0.5


def differentiate(sample: Callable[[float], Sample | None], x: float, whole: bool = False) -> Derivative:
    """The derivative of a function at x, from both sides and from each.

    Args:
        sample: for a number the function's value and a bound of its noise, or None where it has no value.
        x: where; the function must have a value there.
        whole: whether to look at every scale, and not to stop where finer steps seem to bring only noise.

    Returns:
        The estimates, each with a bound of its error.
    """
    center = sample(x)
    if center is None:
        return Derivative(NOTHING, NOTHING, NOTHING, contradicted=0.0, constant=False)
    coarse, *finer = [_by_halving(sample, x, center, ladder, whole) for ladder in _ladders(x)]
    for fine in finer:  # a small x, and steps that are fractions of it
        gap = abs(fine.central.value - coarse.central.value)
        apart = gap > fine.central.error + coarse.central.error
        sharp = fine.central.error <= 1e-6 * abs(fine.central.value)
        if sharp and (apart or not fine.central.error >= coarse.central.error):
            # A derivative is about the finest scale that can be seen.
            doubt, coarser = fine.central.noise * coarse.excess, coarse.seen + fine.coarser
            return replace(fine, doubt=doubt, coarser=coarser, seen=coarse.seen + fine.seen)
        coarse = replace(
            coarse,
            contradicted=max(coarse.contradicted, gap if apart else 0.0),
            constant=coarse.constant and fine.constant,
            seen=coarse.seen + fine.seen,
        )
    return coarse


def _by_halving(
    sample: Callable[[float], Sample | None], x: float, center: Sample, ladder: Iterator[float], whole: bool
) -> Derivative:
    """Differences over one ladder of steps, until finer ones bring only noise."""
    f0, noise0 = center
    central, right, left = _Table(4.0), _Table(2.0), _Table(2.0)
    constant, steepest, slope = True, 0.0, 0.0
    for number, step in enumerate(ladder):
        above, below = x + step, x - step
        up, down = sample(above), sample(below)
        a, b = above - x, x - below
        for there, distance in ((up, a), (down, b)):
            if there is not None:
                constant = constant and there[0] == f0
                steepest = max(steepest, abs(there[0] - f0) / distance)
                if number < LARGE_STEPS:
                    slope = max(slope, (abs(there[0] - f0) - there[1] - noise0) / distance)
        if up is None:
            right.restart()
        else:
            right.add((up[0] - f0) / a, (up[1] + noise0) / a, a)
        if down is None:
            left.restart()
        else:
            left.add((f0 - down[0]) / b, (down[1] + noise0) / b, b)
        if up is None or down is None:
            central.restart()
        else:
            # Where x + step had to be rounded, the two steps differ a little, and curvature shows.
            uneven = abs(up[0] - 2.0 * f0 + down[0]) / a * (abs(a - b) / b) / 2.0
            central.add((up[0] - down[0]) / (a + b), (up[1] + down[1]) / (a + b) + uneven, step)
        if not whole and central.done() and right.done() and left.done():
            break
    return Derivative(
        central.best(),
        right.best(),
        left.best(),
        central.contradicted(),
        constant,
        sides_contradicted=max(right.contradicted(), left.contradicted()) > 0.0,
        steepest=steepest,
        slope=slope,
        coarser=central.coarser(),
        seen=tuple(central.found),
        seen_sides=(*right.found, *left.found),
        unsettled=math.fsum(side.best().error for side in (right, left) if side.excess() > 1.0),
        excess=central.excess(),
    )


def noise_of(f: Callable[[float], float | None], x: float, steps: Sequence[float] = ()) -> float:
    """A bound of the rounding noise of a function that shows nothing but its values.

    Differences of high order over a tiny step wipe out what is smooth and leave the noise (R. W. Hamming's table).

    Args:
        f: the function; None where it has no value.
        x: where.
        steps: larger steps to look at as well, for noise that stays the same over a tiny one.

    Returns:
        A bound, at least four units in the last place of the value.

    >>> noise_of(lambda x: x, 1.0) < 1e-14
    True
    """
    tiny = max(math.ulp(x), math.ulp(1.0) * 2.0**-10) * 2.0**6
    levels, size = _levels(f, x, tiny)
    # Over a larger step what is smooth may show in differences of low order; noise shows in all.
    level = max([*levels, *[scatter(f, x, step) for step in steps]])
    return 4.0 * (level + UNIT * size + (LEAST_NUMBER if size else 0.0))


def scatter(f: Callable[[float], float | None], x: float, step: float) -> float:
    """How much the values at nine points around x scatter, beyond what a polynomial of low degree explains.

    Args:
        f: the function; None where it has no value.
        x: the point in the middle.
        step: from one point to the next.

    Returns:
        The standard deviation of such scatter; 0.0 where a value is missing.

    >>> scatter(lambda x: x**3, 1.0, 0.1) < 1e-15 < 0.01 < scatter(round, 1.0, 0.2)
    True
    """
    return min(_levels(f, x, step)[0])


def _levels(f: Callable[[float], float | None], x: float, step: float) -> tuple[list[float], float]:
    """The noise as differences of the orders 4, 5 and 6 show it, and the largest value."""
    found = [f(x + k * step) for k in range(-4, 5)]
    values = [v for v in found if v is not None]
    size = max((abs(v) for v in values), default=0.0)
    if len(values) < len(found):
        return [0.0], size
    levels = []
    for order in range(1, 7):
        values = [b - a for a, b in pairwise(values)]
        if order >= 4:
            gamma = math.factorial(order) ** 2 / math.factorial(2 * order)
            levels.append(math.sqrt(gamma * math.fsum(v * v for v in values) / len(values)))
    return levels, size
