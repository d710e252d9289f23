"""How far off a number can be: a climb towards the worst point of every value and every local gradient.

Random points alone miss what is rare: errors peak just above a power of two, at the seam between two formulas, or where the
rounding errors of three steps happen to add up. So the worst of the random points are kept, and moved by a few units in the
last place or a few thousand million of them, as long as that makes them worse. The measure is mpmath, with 60 digits, or 800
where a result is small beside what it is made of.

A short climb runs by default. The full one, with ``--thorough -s``, prints the worst point of each function.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mpf

import autograd as ag
from autograd import records
from autograd.testing import reference

VALUE_ULPS, PARTIAL_ULPS = 2.0, 4.0
DERIVATIVES = [r.name for r in vars(records).values() if isinstance(r, ag.Primitive) and r.name.endswith(("_dx", "_dy", "_dn"))]
# Plain numbers that an operation takes behind its operands, before them, or by name.
PARAMETERS = {"leaky_relu": (0.01,), "elu": (1.0,), "clamp": (-0.5, 0.75)}
PARAMETERS_FIRST = {"polygamma": (2.0,), "sinc_dn": (3.0,), "where": (1.0,)}
OPTIONS: dict[str, Any] = {"softmax": {"component": 1}, "log_softmax": {"component": 1}, "var": {"ddof": 1.0}}
# What no rounding can spoil, because it only chooses, or returns a constant.
EXACT_VALUES = {"positive", "negative", "absolute", "relu", "maximum", "minimum", "clamp", "max", "min"}
EXACT_PARTIALS = EXACT_VALUES | {"add", "subtract", "multiply", "sum", "dot", "leaky_relu"}
CANCELLING = {"add", "subtract", "remainder", "sum", "mean", "dot"}  # cheap in 800 digits, so that none of them is lost
WITHIN_1 = {"arcsin_dx", "arctanh_dx"}  # what is outside is refused by the record whose derivative this is
# Where formulas meet or results cross zero.
SEAMS = [0.0, 0.5, -0.5, 0.7, -0.7, 0.75, 1.0, -1.0, 2.0, -2.0, math.log(2), -math.log(2), math.pi / 2, math.pi, 10.0, 20.0,
         26.0, 28.0, -37.0, 40.0, -40.0, 600.0, -700.0, 709.7, -745.0, -1.2784645427610737, -0.7517915246935645,
         1e150, 1e290, 1e-290, 2.0**-1022]  # fmt: skip

Point = tuple[float, ...]


# Where a climb may begin, each with a way to draw a number: anywhere, among everyday numbers, or close to one of the seams.
Start = Callable[[random.Random], float]
STARTS: list[Start] = [
    *[lambda rng: rng.choice((-1.0, 1.0)) * 2.0 ** rng.uniform(-1074, 1023.9)] * 4,
    *[lambda rng: rng.choice((-1.0, 1.0)) * 2.0 ** rng.uniform(-8, 5)] * 8,
    *[lambda rng, s=s: s + rng.choice((-1.0, 1.0)) * 2.0 ** rng.uniform(-54, 1) for s in SEAMS],
]


def moved(x: float, rng: random.Random) -> float:
    """The number a few units in the last place aside, or up to half of its size; or twice or half of it, or its negative."""
    if rng.random() < 0.05:
        return x * rng.choice((0.5, 2.0, -1.0))
    return x + rng.choice((-1.0, 1.0)) * rng.uniform(1.0, 2.0) * math.ulp(x) * math.floor(2.0 ** rng.uniform(0, 51))


def climb(score: Callable[[Point], float], width: int, starts: int, steps: int, rng: random.Random) -> tuple[float, Point]:
    """The worst point found: random ones first, and from the worst of them upwards."""
    points = [tuple(rng.choice(STARTS)(rng) for _ in range(width)) for _ in range(starts)]
    best = sorted([(score(point), point) for point in points], reverse=True)[: 4 + starts // 16]
    for _ in range(steps):
        _, point = best[int(len(best) * rng.random() ** 2)]
        chosen = rng.randrange(width)
        point = tuple(moved(x, rng) if i == chosen or rng.random() < 0.3 else x for i, x in enumerate(point))
        height = score(point)
        if height > best[-1][0]:
            best = sorted([*best[:-1], (height, point)], reverse=True)
    return best[0]


def exact(record: Any, operands: Point, wanted: list[int]) -> tuple[Any, list[Any]] | None:
    """Value and partials in 60 digits; in 800 where one of them is small beside the operands, and may have cancelled."""
    if not all(map(math.isfinite, operands)) or (record.name in WITHIN_1 and abs(operands[0]) > 1.0):
        return None
    known = reference.truth(record, operands, wanted)
    if known is None:
        return None
    size = min(abs(x) for x in (*operands, 1.0) if x)
    numbers = [known[0], *[p for p in known[1] if p is not None]]
    if record.name in CANCELLING or any(n and abs(n) < mpf(size) * mpf(2) ** -90 for n in numbers):
        digits, reference.DIGITS = reference.DIGITS, 800
        try:
            known = reference.truth(record, operands, wanted)
        finally:
            reference.DIGITS = digits
    return known


def distance(got: float, truth: Any) -> float:
    """In ulps of the correctly rounded result; infinite where one of them is, and the other is not."""
    rounded = float(truth)
    if math.isinf(rounded) or not math.isfinite(got):
        return 0.0 if got == rounded or truth != truth else math.inf
    return float(abs(mpf(got) - truth) / mpf(max(math.ulp(rounded), 5e-324)))


def operands_of(record: Any, point: Point) -> Point:
    """The point with the parameters of the operation at their places."""
    return (*PARAMETERS_FIRST.get(record.name, ()), *point, *PARAMETERS.get(record.name, ()))


def of_value(record: Any) -> Callable[[Point], float]:
    """How far off a record's value is; -1 outside of its domain."""

    def score(point: Point) -> float:
        operands = operands_of(record, point)
        try:
            got = record.evaluate(operands, operands)
        except (ArithmeticError, ValueError):
            return -1.0
        known = exact(record, operands, [])
        return -1.0 if known is None or (not math.isfinite(got) and abs(known[0]) > 1.79e308) else distance(got, known[0])

    return score


def of_partials(record: Any) -> Callable[[Point], float]:
    """How far off the worst of a record's local gradients is; -1 outside of its domain."""

    def score(point: Point) -> float:
        operands = operands_of(record, point)
        wanted = [i + len(PARAMETERS_FIRST.get(record.name, ())) for i in range(len(point))]
        try:
            z = record.evaluate(operands, operands)
            got = record.local_gradients(z, operands, wanted)
        except (ArithmeticError, ValueError):
            return -1.0
        known = exact(record, operands, wanted)
        if known is None:
            return -1.0
        return max([distance(g, truth) for g, truth in zip(got, known[1], strict=True) if truth is not None], default=-1.0)

    return score


def worst_of(name: str, what: str, thorough: bool) -> tuple[float, Point]:
    """The worst point of one function's values or partials."""
    record = vars(records)[name]
    record = record.bind(**OPTIONS[name]) if name in OPTIONS else record
    rng = random.Random(f"{name} {what}")
    fixed = len(operands_of(record, ()))
    width = {"dot": 4}.get(name, 3) if record.arity is None else record.arity - fixed
    score = (of_value if what == "value" else of_partials)(record)
    return max(climb(score, width, *((400, 3600) if thorough else (40, 60)), rng) for _ in range(4 if thorough else 1))


def reported(name: str, what: str, bound: float, thorough: bool, capsys: Any) -> None:
    """Climb, print the worst point in a thorough run, and hold it to the bound."""
    worst, point = worst_of(name, what, thorough)
    if thorough:
        with capsys.disabled():
            print(f"\n{name:12} {what:8} {worst:.3f} ulp at {point!r}", end="")
    assert worst <= bound, f"{name}: {what} off by {worst:.2f} ulp at {point!r}"


@pytest.mark.parametrize("name", sorted(set(ag.primitives()) - EXACT_VALUES))
def test_no_climb_finds_a_value_off_by_more_than_2_ulp(name: str, thorough: bool, capsys: Any) -> None:
    """The worst value that a climb finds is within 2 ulp of the correctly rounded one."""
    reported(name, "value", VALUE_ULPS, thorough, capsys)


@pytest.mark.parametrize("name", sorted(set(ag.primitives()) - EXACT_PARTIALS))
def test_no_climb_finds_a_local_gradient_off_by_more_than_4_ulp(name: str, thorough: bool, capsys: Any) -> None:
    """The worst local gradient that a climb finds is within 4 ulp of the correctly rounded one."""
    reported(name, "partials", PARTIAL_ULPS, thorough, capsys)


@pytest.mark.parametrize("name", sorted(DERIVATIVES))
def test_no_climb_finds_a_derivative_record_off_by_more_than_4_ulp(name: str, thorough: bool, capsys: Any) -> None:
    """The records that stand for a derivative keep 4 ulp as well, at the worst point that a search finds."""
    reported(name, "value", PARTIAL_ULPS, thorough, capsys)
