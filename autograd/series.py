"""Truncated power series: the interpretation of the records that gives derivatives of high order at once.

A series is a number that carries its Taylor coefficients along one direction t. Of ``z = f(x, y, ...)`` the chain rule says

    dz/dt = the sum over the operands x of  dz/dx * dx/dt

and dz/dx is the partial of the record, computed on series. So coefficient k of z follows from coefficients up to k of the
operands and up to k - 1 of the partials. A partial is a series as well, with partials of its own, often ones that are there
already: that of exp is the result itself, those of sin and cos are each other. Coefficients are therefore computed one by one,
when they are asked for, and a partial that was met before is taken from memory. The work grows with the square of the order.

Coefficients are floats, Values, or numbers of forward mode of a lower level, so that they nest; see `dual` for levels.
Each run counts its coefficients in one of two ways: as those of the Taylor series, which stay within the range of floats, or
multiplied by k!, as the derivatives themselves, which are then exact where the function's derivatives are.

See Griewank and Walther, "Evaluating Derivatives", 2nd edition, chapter 13; for partials that are lazy series, McIlroy, "Power
series, power serious", 1999, and Karczmarczuk, "Functional differentiation of computer programs", 2001.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from operator import mul
from typing import Any

from . import deallocation, modes
from .dual import Origin, detached, lifted, new_level, watched
from .operators import Operators
from .record import Primitive, number_of
from .records import divide, flow, log, power

__all__ = ["Run", "Series"]


class Run:
    """One expansion: how far it goes, how it counts, and what its partials have computed already.

    Args:
        order: the highest coefficient that will be asked for.
        factorials: whether coefficient k is multiplied by k!, and so is derivative k.
    """

    def __init__(self, order: int, factorials: bool) -> None:
        self.level = new_level()
        self.order = order
        self.factorials = factorials
        self.expanding = False  # whether a partial is being computed
        self._known: dict[Any, Series] = {}
        self._binomials: list[tuple[float, ...]] = []
        self._last_row = [1]

    def variable(self, x: Any) -> Series:
        """The series x + t, of the variable itself."""
        return self.leaf([x, 1.0])

    def leaf(self, coefficients: Sequence[Any]) -> Series:
        """A series with given coefficients and zeros beyond."""
        return Series(self, [*coefficients, *[0.0] * (self.order + 1 - len(coefficients))])

    def product_weights(self, m: int) -> Sequence[float]:
        """The weights w_j, from j = 0 to m, of coefficient m of a product: the sum of w_j * x_j * y_(m-j)."""
        if not self.factorials:
            return (1.0,) * (m + 1)
        while len(self._binomials) <= m:
            self._binomials.append(tuple([float(n) for n in self._last_row]))
            self._last_row = [1, *[a + b for a, b in pairwise(self._last_row)], 1]
        return self._binomials[m]

    def chain_weights(self, m: int) -> tuple[Sequence[float], float]:
        """Weights w_j, from j = 1 to m, and a divisor: z_m is the sum of w_j * x_j * p_(m-j), divided, if dz/dt = p * dx/dt."""
        if self.factorials:
            return self.product_weights(m - 1), 1.0
        return [float(j) for j in range(1, m + 1)], float(m)

    def remembered(self, primitive: Primitive, operands: tuple[Any, ...]) -> Series | None:
        """The series that a partial, or what it belongs to, has computed of the same operands."""
        return self._known.get(_key(primitive, operands))

    def remember(self, series: Series) -> None:
        """Keep a series for the partials that will ask for it."""
        self._known[_key(series.primitive, series.operands)] = series

    def named(self, m: int) -> str:
        """What coefficient m is, for messages."""
        return f"derivative of order {m}" if self.factorials else f"Taylor coefficient {m}"


def _key(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
    return primitive, *[x.hex() if type(x) is float else id(x) for x in operands]


class Series(Operators):
    """A number with its Taylor coefficients along one direction.

    Args:
        run: the expansion that it belongs to.
        known: its coefficients as far as they are known, the number itself first.
        primitive: what it was computed by; None where all coefficients are given.
        operands: what it was computed from.
        moving: the positions of the operands that belong to the same run.
        origin: where it was made, if `detect_anomaly` was on.

    >>> x = Run(3, factorials=False).variable(2.0)
    >>> (x * x * x).coefficients()
    [8.0, 12.0, 6.0, 1.0]
    """

    __slots__ = ("interpretation_level", "known", "moving", "operands", "origin", "partials", "plain", "primitive", "run")

    def __init__(
        self,
        run: Run,
        known: list[Any],
        primitive: Any = None,
        operands: tuple[Any, ...] = (),
        moving: Sequence[int] = (),
        origin: Origin | None = None,
    ) -> None:
        self.run = run
        self.interpretation_level = run.level
        self.known = known
        self.primitive = primitive
        self.operands = operands
        self.moving = moving
        self.origin = origin
        self.partials: tuple[Any, ...] | None = None
        self.plain = all(type(c) is float for c in known)

    @property
    def data(self) -> float:  # type: ignore[override]  # read-only here
        """The plain number."""
        return number_of(self.known[0])

    @property
    def label(self) -> str:
        """The label of the number, for messages."""
        return getattr(self.known[0], "label", "")

    def detach(self) -> Series:
        """The same number without its coefficients: a constant to every derivative."""
        return self.run.leaf([detached(self.known[0])])

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Series:
        """Compute a primitive on the numbers themselves; the coefficients follow when they are asked for.

        Args:
            primitive: what to compute.
            operands: its operands; this series has the highest level among them.
            value: the result as a plain number, where the caller has it already.

        Raises:
            AnomalyError: inside `detect_anomaly`, a value or local gradient is inf or nan.
        """
        run = self.run
        operands = tuple([lifted(x, f"{primitive.name}()") for x in operands])
        if run.expanding and (known := run.remembered(primitive, operands)) is not None:
            return known
        mine = [_belongs(x, run) for x in operands]
        moving = [i for i, is_mine in enumerate(mine) if is_mine]
        primitive.check_parameters(moving)
        primals = tuple([x.known[0] if is_mine else x for x, is_mine in zip(operands, mine, strict=True)])
        z = primitive.apply(primals, value)
        mode = modes.current.get()
        # The local gradients of a partial are of an order that perhaps nobody asks for.
        looked_at = () if run.expanding or not mode.recording else tuple(moving)
        origin = watched(primitive, primals, z, looked_at) if mode.detecting else None
        if not mode.recording:
            return run.leaf([z])
        series = Series(run, [z], primitive, operands, moving, origin)
        if run.expanding:
            run.remember(series)
        return series

    def coefficients(self) -> list[Any]:
        """All coefficients, the number itself first, up to the order of the run.

        Raises:
            AnomalyError: the series was made inside `detect_anomaly`, and a coefficient is inf or nan.
        """
        pending = [(self, self.run.order)]  # what is needed first lies on top
        while pending:
            series, last = pending[-1]
            m = len(series.known)
            if m > last:
                pending.pop()
            elif missing := series._missing(m, last):
                pending += missing
            else:
                series._append(series._next(m))
        return self.known

    def _missing(self, m: int, last: int) -> list[tuple[Series, int]]:
        """What must be known before coefficient m can be computed, on the way to the last one."""
        run = self.run
        factors = [self.operands[i] for i in self.moving]
        missing = [(x, last) for x in factors if len(x.known) <= last]
        if missing or self.primitive is divide or not any(_counts(c) for x in factors for c in x.known[1 : m + 1]):
            return missing
        if self.partials is None:
            self.partials = self._expanded()
        return [(p, m - 1) for p in self.partials if _belongs(p, run) and len(p.known) < m]

    def _expanded(self) -> tuple[Any, ...]:
        """The record's partials: series, or plain numbers and numbers of a lower level where they are constant."""
        run, primitive = self.run, self.primitive
        before, run.expanding = run.expanding, True
        try:
            run.remember(self)
            closed = primitive is power and _closes(self, *self.operands)
            rule = _power_partials if closed else primitive.local_gradients
            partials = rule(self, self.operands, self.moving)
        finally:
            run.expanding = before
        return tuple([lifted(p, f"a partial of {primitive.name}") for p in partials])

    def _append(self, coefficient: Any) -> None:
        if self.origin:
            self.origin.check(coefficient, self.run.named(len(self.known)))
        self.plain = self.plain and type(coefficient) is float
        self.known.append(coefficient)

    def _next(self, m: int) -> Any:
        """Coefficient m, when all that it follows from is known."""
        if self.primitive is divide:
            return self._next_of_quotient(m)
        if self.partials is None:  # the operands have stood still up to here
            return 0.0
        weights, divisor = self.run.chain_weights(m)
        products: list[Any] = []
        constant: list[Any] = []
        for i, p in zip(self.moving, self.partials, strict=True):
            x = self.operands[i]
            if _belongs(p, self.run):
                products += _products(weights, x.known[1 : m + 1], p.known[m - 1 :: -1], x.plain and p.plain)
            else:
                constant.append(flow(x.known[m], p))
        total = _total(products)
        return _total([total / divisor if divisor != 1.0 and _counts(total) else total, *constant])

    def _next_of_quotient(self, m: int) -> Any:
        # A record of its own would have partials that are quotients again. From x = z*y follows z without them.
        x, y = self.operands
        terms = [x.known[m]] if _belongs(x, self.run) else []
        divisor = y
        if _belongs(y, self.run):
            divisor = y.known[0]
            weights = [-w for w in self.run.product_weights(m)[1:]]
            terms += _products(weights, y.known[1 : m + 1], self.known[m - 1 :: -1], y.plain and self.plain)
        total = _total(terms)
        return total / divisor if _counts(total) else 0.0

    def __repr__(self) -> str:
        """The coefficients that are known."""
        return f"Series({self.known!r})"


deallocation.prepare(Series, "operands", "partials")


def _closes(z: Series, x: Any, y: Any) -> bool:
    """Whether x**y is better served by `_power_partials` than by its record, whose partials are new powers at every order."""
    if type(y) is float and y.is_integer() and y >= 0.0:
        return False  # they come to an end, and are exact
    base = number_of(x)
    positive_or_fixed = base > 0.0 or type(y) is float
    return positive_or_fixed and base != 0.0 and sys.float_info.min <= abs(z.data) < math.inf  # so that z/x has its digits


def _power_partials(z: Any, operands: tuple[Any, ...], wanted: Sequence[int]) -> tuple[Any, ...]:
    x, y = operands
    return tuple([z * log(x) if i else y * (z / x) for i in wanted])


def _belongs(x: Any, run: Run) -> bool:
    return type(x) is Series and x.run is run


def _counts(x: Any) -> bool:
    """Whether a term is more than a plain zero: such a zero stops, whatever it would be multiplied by."""
    return type(x) is not float or x != 0.0


def _products(weights: Sequence[float], xs: Sequence[Any], ps: Sequence[Any], plain: bool) -> list[Any]:
    """The terms of a convolution; `flow` multiplies where they aren't all floats, or not all finite."""
    if plain:
        products = list(map(mul, map(mul, weights, xs), ps))
        if math.isfinite(sum(products)):
            return products
    steps = [flow(x, p) for x, p in zip(xs, ps, strict=True)]
    return [step if w == 1.0 else w * step for w, step in zip(weights, steps, strict=True) if _counts(step)]


def _total(terms: Sequence[Any]) -> Any:
    """The sum of numbers of any kind, rounded once where they are floats."""
    counting = [x for x in terms if _counts(x)]
    if all(type(x) is float for x in counting):
        try:
            return math.fsum(counting)
        except (OverflowError, ValueError):  # too large on the way, or inf - inf
            return sum(counting, 0.0)
    total = counting[0]
    for x in counting[1:]:
        total = total + x
    return total
