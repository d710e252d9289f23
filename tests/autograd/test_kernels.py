"""The float kernels against 50 digits: values within 2 ulp, derivatives within 4, over the whole double range."""

from __future__ import annotations

import decimal
import importlib.util
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mpf

import autograd as ag
from autograd import kernels as k
from autograd.record import ListPrimitive
from autograd.testing import reference

MP = mpmath.mp.clone() if hasattr(mpmath.mp, "clone") else mpmath.mp
MAX = 1.7976931348623157e308
TINY = [5e-324, 1e-310, 2.2250738585072014e-308, 1e-200, 1e-20]
SPECIAL = [0.0, *TINY, 0.5, 1.0, 2.0, 40.0, 709.0, 745.0, 1000.0, 1e15, 1e200, MAX]

EVERYWHERE = [*SPECIAL, *[-x for x in SPECIAL]]


def ulps(got: float, truth: Any) -> float:
    """The distance of a float from the truth, in ulps of the correctly rounded result."""
    rounded = float(truth)
    if math.isnan(got):
        return math.inf  # nan is greater than no bound and would pass
    if math.isinf(rounded) or math.isinf(got):
        return 0.0 if got == rounded else math.inf
    return float(abs(mpf(got) - truth) / mpf(max(math.ulp(rounded), 5e-324)))


def points(lo: float, hi: float, near: Sequence[float], count: int, seed: int) -> list[float]:
    """Seeded points: over all magnitudes, evenly over the interesting zone, close to special points, and extremes."""
    rng = random.Random(seed)
    found: list[float] = []
    zone_lo, zone_hi = max(lo, -30.0), min(hi, 30.0)
    while len(found) < count:
        kind = rng.randrange(3)
        if kind == 0:
            x = rng.choice((-1, 1)) * 2.0 ** rng.uniform(-1074, 1023.9)
        elif kind == 1:
            x = rng.uniform(zone_lo, zone_hi)
        else:
            x = rng.choice(near) + rng.choice((-1, 1)) * 2.0 ** rng.uniform(-54, 2)
        if lo <= x <= hi:
            found.append(x)
    return found + [x for x in (*EVERYWHERE, *near) if lo <= x <= hi]


def phi(x: Any) -> Any:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def big_phi(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


# name, kernel, truth, lowest, highest, points of interest, ulps allowed
ROWS: list[tuple[Any, ...]] = [
    (k.exp, mpmath.exp, -750, 709.7, [0], 2),
    (k.exp2, lambda x: mpf(2) ** x, -1080, 1023.9, [0], 2),
    (k.expm1, mpmath.expm1, -750, 709.7, [0], 2),
    (k.log, mpmath.log, 5e-324, MAX, [1], 2),
    (k.log2, lambda x: mpmath.log(x) / mpmath.log(2), 5e-324, MAX, [1], 2),
    (k.log10, lambda x: mpmath.log(x) / mpmath.log(10), 5e-324, MAX, [1], 2),
    (k.log1p, mpmath.log1p, -1 + 2**-53, MAX, [0], 2),
    (k.sqrt, mpmath.sqrt, 0, MAX, [1], 2),
    (k.sqrt_dx, lambda x: 1 / (2 * mpmath.sqrt(x)), 5e-324, MAX, [1], 4),
    (k.cbrt, lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), -MAX, MAX, [1, -8], 2),
    (k.cbrt_dx, lambda x: 1 / (3 * mpmath.cbrt(x * x)), 5e-324, MAX, [1], 4),
    (k.square, lambda x: x * x, -1e154, 1e154, [1], 2),
    (k.reciprocal, lambda x: 1 / x, 5e-324, MAX, [1], 2),
    (k.sin, mpmath.sin, -1e22, 1e22, [0, math.pi, math.pi / 2], 2),
    (k.cos, mpmath.cos, -1e22, 1e22, [0, math.pi, math.pi / 2], 2),
    (k.tan, mpmath.tan, -1e22, 1e22, [0, math.pi, math.pi / 2], 2),
    (k.tan_dx, lambda x: mpmath.sec(x) ** 2, -1e22, 1e22, [0, math.pi, math.pi / 2], 4),
    (k.arcsin, mpmath.asin, -1, 1, [0, 1, -1, 0.5], 2),
    (k.arcsin_dx, lambda x: 1 / mpmath.sqrt((1 - x) * (1 + x)), -1 + 2**-53, 1 - 2**-53, [0.99, -0.99], 4),
    (k.arccos, mpmath.acos, -1, 1, [0, 1, -1, 0.5], 2),
    (k.arctan, mpmath.atan, -MAX, MAX, [0, 1], 2),
    (k.arctan_dx, lambda x: 1 / (1 + x * x), -MAX, MAX, [0, 1], 4),
    (k.sinh, mpmath.sinh, -710, 710, [0], 2),
    (k.cosh, mpmath.cosh, -710, 710, [0], 2),
    (k.tanh, mpmath.tanh, -MAX, MAX, [0, 0.7, -0.7, 1], 2),
    (k.tanh_dx, lambda x: mpmath.sech(x) ** 2 if abs(x) < 800 else mpf(0), -MAX, MAX, [0, 20, 370], 4),
    (k.arcsinh, mpmath.asinh, -MAX, MAX, [0, 1], 2),
    (k.arcsinh_dx, lambda x: 1 / mpmath.sqrt(1 + x * x), -MAX, MAX, [0, 1], 4),
    (k.arccosh, mpmath.acosh, 1, MAX, [1, 2], 2),
    (k.arccosh_dx, lambda x: 1 / mpmath.sqrt((x - 1) * (x + 1)), 1 + 2**-52, MAX, [1.01, 2], 4),
    (k.arctanh, mpmath.atanh, -1 + 2**-53, 1 - 2**-53, [0, 0.9, -0.9], 2),
    (k.arctanh_dx, lambda x: 1 / ((1 - x) * (1 + x)), -1 + 2**-53, 1 - 2**-53, [0, 0.9], 4),
    (k.erf, mpmath.erf, -MAX, MAX, [0, 1], 2),
    (k.erfc, lambda x: mpmath.erfc(x) if x < 40 else mpf(0), -MAX, MAX, [0, 0.5, 1, 26], 2),
    (k.erf_dx, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x) if abs(x) < 1e9 else mpf(0), -MAX, MAX,
     [0, 1, 26], 4),
    (k.sigmoid, lambda x: logistic(x) if abs(x) < 1e9 else mpf(x > 0), -MAX, MAX, [0, 40, -40, -745], 2),
    (k.sigmoid_dx, lambda x: logistic(x) * logistic(-x) if abs(x) < 1e9 else mpf(0), -MAX, MAX, [0, 40, -745], 4),
    (k.softplus, lambda x: x if x > 1e9 else mpf(0) if x < -1e9 else mpmath.log1p(mpmath.exp(x)), -MAX, MAX,
     [0, 40, -40, -745], 2),
    (k.logsigmoid, lambda x: x if x < -1e9 else mpf(0) if x > 1e9 else -mpmath.log1p(mpmath.exp(-x)), -MAX, MAX,
     [0, 40, -40, 745], 2),
    (k.silu, lambda x: x * logistic(x) if abs(x) < 1e9 else x * mpf(x > 0), -MAX, MAX, [0, -1.278, -720, -745], 2),
    (k.silu_dx, lambda x: logistic(x) * (1 + x * logistic(-x)) if abs(x) < 1e9 else mpf(x > 0), -MAX, MAX,
     [0, -1.2784645427610737, 2.4, -720, -745], 4),
    (k.gelu, lambda x: x * big_phi(x) if abs(x) < 1e3 else x * mpf(x > 0), -MAX, MAX, [0, -0.75, -37, -38.4, 9], 2),
    (k.gelu_dx, lambda x: big_phi(x) + x * phi(x) if abs(x) < 1e3 else mpf(x > 0), -MAX, MAX,
     [0, -0.7517915246935645, -1.5, -37, -38.4, 9], 4),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].__name__)
def test_one_operand(row: Any, thorough: bool) -> None:
    """Every kernel of one operand keeps its bound at 10,000 points (2,000 by default), the extremes, and special points."""
    kernel, truth, lo, hi, near, bound = row
    worst, where = 0.0, 0.0
    with mpmath.workdps(50):
        for x in points(lo, hi, near, 10_000 if thorough else 2_000, seed=len(kernel.__name__)):
            exact = truth(mpf(x))
            if (exact != 0 and abs(x) < 1e9 and mpmath.mag(exact) < -100) or abs(x) > 1e9:
                with mpmath.workdps(120):
                    exact = truth(mpf(x))
            distance = ulps(kernel(x), exact)
            if distance > worst:
                worst, where = distance, x
    assert worst <= bound, f"{kernel.__name__}({where!r}) is off by {worst:.2f} ulp"


def pairs(count: int, seed: int) -> list[tuple[float, float]]:
    """Seeded pairs of numbers of all magnitudes and of everyday ones."""
    rng = random.Random(seed)

    def one() -> float:
        sign = rng.choice((-1, 1))
        return sign * (2.0 ** rng.uniform(-1074, 1023.9) if rng.random() < 0.4 else rng.uniform(0, 20))

    return [(one(), one()) for _ in range(count)] + [
        (a, b) for a in (1e-200, -1e200, 3e-310, 1e308, 0.5) for b in (1e-200, 1e200, 5e-324, -1e308, 3.0)
    ]


def power_pairs(count: int, seed: int) -> list[tuple[float, float]]:
    """Bases of all magnitudes with exponents that keep the power within the range of doubles, or a little outside."""
    rng = random.Random(seed)
    found: list[tuple[float, float]] = []
    while len(found) < count:
        x = 2.0 ** (rng.uniform(-1074, 1023.9) if rng.random() < 0.5 else rng.uniform(-3, 3))
        limit = 1023.0 / max(abs(math.log2(x)), 1e-3)
        y = rng.choice((rng.uniform(-limit, limit), float(rng.randint(-9, 9)), 2.0 ** rng.uniform(-300, 0)))
        if -1074 < y * math.log2(x) < 1023:
            found.append((x, y))
    return found


TWO: list[tuple[Any, ...]] = [
    (k.power, lambda x, y: x**y, power_pairs, 2),
    (k.power_dx, lambda x, y: y * x ** (y - 1), power_pairs, 4),
    (k.power_dy, lambda x, y: x**y * mpmath.log(x), power_pairs, 4),
    (k.divide_dy, lambda x, y: -x / y**2, pairs, 4),
    (k.hypot, lambda x, y: mpmath.sqrt(x * x + y * y), pairs, 2),
    (k.arctan2, mpmath.atan2, pairs, 2),
    (k.arctan2_dy, lambda y, x: x / (x * x + y * y), pairs, 4),
    (k.arctan2_dx, lambda y, x: -y / (x * x + y * y), pairs, 4),
    (k.logaddexp, lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)), None, 2),
]


def log_pairs(count: int, seed: int) -> list[tuple[float, float]]:
    """Pairs around log(1/2), where the result cancels, and far apart."""
    rng = random.Random(seed)
    near = [(-math.log(2) + 2 ** rng.uniform(-50, 0), -math.log(2) - 2 ** rng.uniform(-50, 0)) for _ in range(count // 4)]
    wide = [(rng.uniform(-800, 800), rng.uniform(-800, 800)) for _ in range(count // 4)]
    return near + wide + [(rng.uniform(-4, 4), rng.uniform(-4, 4)) for _ in range(count // 2)]


@pytest.mark.parametrize("row", TWO, ids=lambda row: row[0].__name__)
def test_two_operands(row: Any, thorough: bool) -> None:
    """Every kernel of two operands keeps its bound at 10,000 pairs (2,000 by default) of all magnitudes."""
    kernel, truth, make, bound = row
    worst, where = 0.0, (0.0, 0.0)
    with mpmath.workdps(60):
        for x, y in (make or log_pairs)(10_000 if thorough else 2_000, seed=7):
            distance = ulps(kernel(x, y), truth(mpf(x), mpf(y)))
            if distance > worst:
                worst, where = distance, (x, y)
    assert worst <= bound, f"{kernel.__name__}{where!r} is off by {worst:.2f} ulp"


def sequences(count: int, seed: int, wide: bool) -> list[list[float]]:
    """Seeded sequences of 1 to 8 numbers, everyday ones and, if asked for, of all magnitudes."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        spread = rng.choice((1, 10, 300)) if wide else 5
        found.append(
            [rng.choice((-1, 1)) * rng.uniform(0.5, 1) * 10.0 ** rng.uniform(-spread, spread) for _ in range(rng.randint(1, 8))]
        )
    return found


def exact_softmax(xs: Sequence[Any]) -> list[Any]:
    top = max(xs)
    es = [mpmath.exp(x - top) for x in xs]
    return [e / mpmath.fsum(es) for e in es]


MANY: list[tuple[str, Callable[..., Any], Callable[..., Any], bool]] = [
    ("total", lambda xs: [k.total(xs)], lambda xs: [mpmath.fsum(xs)], True),
    ("mean", lambda xs: [k.mean(xs)], lambda xs: [mpmath.fsum(xs) / len(xs)], True),
    ("product", lambda xs: [k.product(xs)], lambda xs: [mpmath.fprod(xs)], True),
    ("products_without", k.products_without, lambda xs: [mpmath.fprod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))], True),
    ("dot", lambda xs: [k.dot(xs, xs[::-1])], lambda xs: [mpmath.fdot(xs, xs[::-1])], True),
    ("norm", lambda xs: [k.norm(xs)], lambda xs: [mpmath.sqrt(mpmath.fdot(xs, xs))], True),
    ("logsumexp", lambda xs: [k.logsumexp(xs)], lambda xs: [mpmath.log(mpmath.fsum(map(mpmath.exp, xs)))], False),
    ("softmax", k.softmax, exact_softmax, False),
    ("log_softmax", k.log_softmax, lambda xs: list(map(mpmath.log, exact_softmax(xs))), False),
]


@pytest.mark.parametrize(("name", "kernel", "truth", "wide"), MANY, ids=lambda v: v if isinstance(v, str) else "")
def test_many_operands(name: str, kernel: Any, truth: Any, wide: bool, thorough: bool) -> None:
    """Every n-ary kernel is within 2 ulp on 10,000 sequences (2,000 by default) of 1 to 8 operands."""
    for xs in sequences(10_000 if thorough else 2_000, 11, wide):
        with mpmath.workdps(700 if wide and name in ("total", "mean", "dot") and max(map(abs, xs)) > 1e20 else 60):
            scaled = [x / 1e3 for x in xs] if not wide else xs
            exact = truth([mpf(x) for x in scaled])
            for got, expected in zip(kernel(scaled), exact, strict=True):
                assert ulps(got, expected) <= 2, f"{name}({scaled!r})"


BAD: list[tuple[Callable[..., float], tuple[Any, ...], type[Exception]]] = [
    (k.power, (-8.0, 1 / 3), ValueError),
    (k.power, (0.0, -1.0), ZeroDivisionError),
    (k.power, (1e200, 2.0), OverflowError),
    (k.reciprocal, (0.0,), ZeroDivisionError),
    (k.exp, (710.0,), OverflowError),
    (k.exp2, (1024.0,), OverflowError),
    (k.cosh, (711.0,), OverflowError),
    (k.log, (0.0,), ValueError),
    (k.log1p, (-1.0,), ValueError),
    (k.sqrt, (-1.0,), ValueError),
    (k.arctanh, (1.0,), ValueError),
    (k.arccosh, (0.5,), ValueError),
    (k.arcsin, (1.5,), ValueError),
    (k.sin, (math.inf,), ValueError),
    (k.clamp, (0.0, 2.0, 1.0), ValueError),
    (k.clamp, (0.0, math.nan, 1.0), ValueError),
    (k.largest, ((),), ValueError),
    (k.mean, ((),), ValueError),
]


@pytest.mark.parametrize(("kernel", "arguments", "error"), BAD)
def test_outside_the_domain(kernel: Any, arguments: Any, error: type[Exception]) -> None:
    """Outside its domain a kernel raises what float or math would raise."""
    with pytest.raises(error):
        kernel(*arguments)


# The partials of the records whose derivative is a plain formula: name, truth, lowest, highest, points of interest.
PARTIALS: list[tuple[Any, ...]] = [
    ("exp", mpmath.exp, -750, 709.7, [0]),
    ("exp2", lambda x: mpf(2) ** x * mpmath.log(2), -1080, 1023.9, [0]),
    ("expm1", mpmath.exp, -750, 709.7, [0]),
    ("log", lambda x: 1 / x, 5e-324, MAX, [1]),
    ("log2", lambda x: 1 / (x * mpmath.log(2)), 5e-324, MAX, [1]),
    ("log10", lambda x: 1 / (x * mpmath.log(10)), 5e-324, MAX, [1]),
    ("log1p", lambda x: 1 / (1 + x), -1 + 2**-53, MAX, [0]),
    ("square", lambda x: 2 * x, -1e154, 1e154, [1]),
    ("reciprocal", lambda x: -1 / (x * x), 1e-307, MAX, [1]),
    ("sin", mpmath.cos, -1e22, 1e22, [0, math.pi / 2]),
    ("cos", lambda x: -mpmath.sin(x), -1e22, 1e22, [0, math.pi]),
    ("arccos", lambda x: -1 / mpmath.sqrt((1 - x) * (1 + x)), -1 + 2**-53, 1 - 2**-53, [0.99, -0.99]),
    ("sinh", mpmath.cosh, -710, 710, [0]),
    ("cosh", mpmath.sinh, -710, 710, [0]),
    ("erfc", lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x) if abs(x) < 1e9 else mpf(0), -MAX, MAX, [0, 26]),
    ("softplus", lambda x: logistic(x) if abs(x) < 1e9 else mpf(x > 0), -MAX, MAX, [0, 40, -745]),
    ("logsigmoid", lambda x: logistic(-x) if abs(x) < 1e9 else mpf(x < 0), -MAX, MAX, [0, -40, 745]),
]


@pytest.mark.parametrize("row", PARTIALS, ids=lambda row: row[0])
def test_partial_of_one_operand(row: Any, thorough: bool) -> None:
    """Every local gradient that is a plain formula is within 4 ulp at 10,000 points (2,000 by default) and the extremes."""
    name, truth, lo, hi, near = row
    record = ag.primitives()[name]
    with mpmath.workdps(60):
        for x in points(lo, hi, near, 10_000 if thorough else 2_000, seed=3):
            (got,) = record.local_gradients(record.function(x), (x,))
            assert ulps(got, truth(mpf(x))) <= 4, f"{name} at {x!r}"


def exact_direction(xs: Sequence[Any]) -> list[Any]:
    return [x / mpmath.norm(xs) for x in xs]


def exact_softmax_partials(xs: Sequence[Any]) -> list[Any]:
    shares = exact_softmax(xs)
    return [p * (int(i == 1) - shares[1]) for i, p in enumerate(shares)]


def exact_log_softmax_partials(xs: Sequence[Any]) -> list[Any]:
    shares = exact_softmax(xs)
    return [mpmath.fsum(shares[:1] + shares[2:]) if i == 1 else -p for i, p in enumerate(shares)]


# name, how many of the sequence it takes, its value, its partials
PARTIALS_OF_MANY: list[tuple[str, int, Callable[..., float], Callable[..., Any]]] = [
    ("logsumexp", 8, lambda *xs: k.logsumexp(xs), exact_softmax),
    ("logaddexp", 2, k.logaddexp, exact_softmax),
    ("norm", 8, lambda *xs: k.norm(xs), exact_direction),
    ("hypot", 2, k.hypot, exact_direction),
    ("divide", 2, lambda x, y: x / y, lambda xs: [1 / xs[1], -xs[0] / xs[1] ** 2]),
    ("softmax", 8, lambda *xs: k.softmax(xs)[1], exact_softmax_partials),
    ("log_softmax", 8, lambda *xs: k.log_softmax(xs)[1], exact_log_softmax_partials),
]


@pytest.mark.parametrize(("name", "count", "value", "truth"), PARTIALS_OF_MANY, ids=[row[0] for row in PARTIALS_OF_MANY])
def test_partials_of_many_operands(name: str, count: int, value: Any, truth: Any, thorough: bool) -> None:
    """The local gradients of primitives of several operands are within 4 ulp on 10,000 sequences (2,000 by default)."""
    record: Any = ag.primitives()[name]
    if isinstance(record, ListPrimitive):
        record = record.bind(component=1)
    for sequence in sequences(10_000 if thorough else 2_000, 13, wide=False):
        if len(sequence) < 2:
            continue
        xs = [x / 1e3 for x in sequence[:count]]
        partials = record.local_gradients(value(*xs), tuple(xs))
        with mpmath.workdps(60):
            for got, expected in zip(partials, truth([mpf(x) for x in xs]), strict=True):
                assert ulps(got, expected) <= 4, f"{name} at {xs!r}"


# The worst points that climbs have found, in this version or an earlier one: of a record, its operands.
WORST: list[tuple[str, tuple[float, ...]]] = [
    ("sigmoid", (-5.544946831798646,)), ("sigmoid", (-4.154254054728478,)), ("sigmoid", (-2.000041082228706,)),
    ("sigmoid", (14.661867157325814,)), ("sigmoid", (2.6825639134458434,)), ("sigmoid", (-6.236274625904886,)),
    ("logaddexp", (-2.047517516490894, 1.1646357261386324e-11)), ("logaddexp", (1.0447921677950063e-06, -1.9669469548601526)),
    ("logsumexp", (-0.6097839388501572, 0.015802086851910726, -3.6476867926705894e260)),
    ("arccosh", (1.0001215526796408,)), ("arccosh", (1.0018468042738666,)), ("arccosh", (1.0256826349550676,)),
    ("arccosh", (1.1215069208199204,)), ("arccosh", (1.0310543003508539,)), ("arccosh", (6.657551938820336e150,)),
    ("tanh", (-2.07206447087324,)), ("tanh", (-3.117803385787487,)), ("tanh", (0.0019514681294934932,)),
    ("tanh", (0.9999999436270691,)), ("tanh", (-0.12505988011747457,)), ("tanh", (20.448872167447757,)),
    ("tanh", (0.12499999999999999,)), ("tanh", (0.125,)), ("tanh", (1e-9,)), ("tanh", (5e-324,)),
    ("hypot", (5e-324, 5e-324)), ("hypot", (1e-323, -5e-324)), ("hypot", (1.7e308, 1.7e308)), ("hypot", (1e-310, 1e-300)),
    ("norm", (5e-324, 5e-324, 1e-323)), ("norm", (1.7e308, -1.7e308, 1e308)), ("norm", (1e-310, 3e-311, 0.0)),
    ("cbrt", (1.5574962537378332,)), ("cbrt", (6.679126194637494e-192,)), ("arctan", (0.0038199291660115688,)),
    ("arctan2", (-0.029034157099458956, -1.000328012854566)), ("tan", (1.0463135067219227,)), ("gelu", (0.6667429169157831,)),
    ("arcsin", (0.8658969961460742,)), ("arccos", (0.8652715165935859,)), ("arctanh", (0.7070363286527582,)),
    ("arctanh", (0.12414796392041956,)), ("arcsinh", (0.5172646024332457,)), ("sinh", (0.695571500682328,)),
    ("cosh", (710.1998911675586,)), ("log10", (1.3291207773112605,)), ("erfc", (0.8215403308632819,)),
    ("silu", (-0.0003931148668648854,)), ("silu", (15.980898727220374,)), ("softplus", (-1.2599707889031377,)),
    ("logsigmoid", (2.034647994285296,)), ("gelu", (-0.0016063051305727385,)), ("gelu", (-0.00012882004764985797,)),
    ("gelu", (-0.32666102887098,)), ("gelu", (-1.2783995059512354,)),
    ("silu", (-0.005583093733194545,)), ("silu", (-0.25036271160860546,)),
    ("power", (-1.0, 1e16)), ("power", (1 + 2.0**-44, 1e16)), ("divide", (1e-310, 3e-3)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operands"), WORST)
def test_the_worst_points_that_were_found(name: str, operands: tuple[float, ...]) -> None:
    """At the points where climbs found the largest errors, values are within 2 ulp and local gradients within 4."""
    record = ag.primitives()[name]
    try:
        z = record.evaluate(operands, operands)
    except OverflowError:
        pytest.fail(f"{name}{operands} overflows")
    positions = range(1) if name == "power" else range(len(operands))
    known = reference.truth(record, operands, positions)
    assert known is not None
    assert abs(known[0]) > MAX or ulps(z, known[0]) <= 2
    for got, exact in zip(record.local_gradients(z, operands, positions), known[1], strict=True):
        assert ulps(got, exact) <= 4


def test_exponents_of_decimals_fit_every_build_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels load, and compute what they compute here, where decimals have the narrow exponents of a 32-bit Python."""

    class NarrowContext(decimal.Context):
        def __init__(self, prec: int, Emax: int, Emin: int) -> None:
            if Emax > 425_000_000 or Emin < -425_000_000:  # what _decimal refuses there, in these words
                raise ValueError("valid range for Emax is [0, MAX_EMAX]")
            super().__init__(prec=prec, Emax=Emax, Emin=Emin)

    monkeypatch.setattr(decimal, "MAX_EMAX", 425_000_000)
    monkeypatch.setattr(decimal, "MIN_EMIN", -425_000_000)
    monkeypatch.setattr(decimal, "Context", NarrowContext)
    spec = importlib.util.spec_from_file_location("narrow_kernels", k.__file__)
    assert spec is not None
    assert spec.loader is not None
    narrow = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(narrow)
    assert narrow._EXACT.Emax == 425_000_000
    for x, y in [(1e-200, -0.5), (1e-300, 1.0), (1e300, -1.0), (1e-300, 1e300), (0.5, 1074.0), (-1e-160, 2.0)]:
        assert narrow.power_dx(x, y) == k.power_dx(x, y)
    for x, y in [(1e-200, 1.5), (1e-300, 1e300), (0.5, 1074.0)]:
        assert narrow.power_dy(x, y) == k.power_dy(x, y)
    for xs in [(-1e-300, -690.0), (-0.5, -0.9327521295671886)]:
        assert narrow.logsumexp(xs) == k.logsumexp(xs)
    assert narrow.erfc(3.25) == k.erfc(3.25)


@pytest.mark.parametrize("trap", [True, False])
def test_the_caller_s_decimal_context_does_not_matter(trap: bool) -> None:
    """With five digits, and with or without every trap, in the caller's context results and tables are as always."""
    calls: list[Callable[[], Any]] = [
        lambda: [k.erfc(x) for x in (0.7, 1.0, 2.9, 3.25, 20.0)],
        lambda: [k.gelu(-1.3), k.gelu_dx(-1.3), k.gelu_dx(-30.0)],
        lambda: [k.power_dx(1e-200, -0.5), k.power_dx(-1e-160, 2.0), k.power_dy(1e-200, 1.5)],
        lambda: [k.logsumexp((-0.5, -0.9327521295671886)), k.logsumexp((-1e-300, -690.0))],
        lambda: k.logsumexp((-1e-9, -20.123456789012345)),
        lambda: k.log_softmax([0.1, 0.23456789, -3.3]),
    ]  # fmt: skip

    def afresh() -> list[Any]:
        for table in (k._erfcx_terms, k._exp_of_part):
            table.cache_clear()
        return [call() for call in calls]

    before = afresh()
    signals = [decimal.Inexact, decimal.Rounded, decimal.FloatOperation, decimal.Subnormal, decimal.Clamped] if trap else []
    caller = decimal.Context(prec=5, traps=signals)
    with decimal.localcontext(caller) as entered:
        assert afresh() == before
        assert not any(entered.flags.values())
    assert [call() for call in calls] == before


def test_rows_of_a_table_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps the rows of erfcx's table is handed each that is computed, once, and it is what the kernel reads."""
    kept: list[tuple[int, tuple[float, ...]]] = []
    monkeypatch.setattr(k, "_kept_rows", [lambda eighths, row: kept.append((eighths, row))])
    k._erfcx_terms.cache_clear()
    numbers = [k.erfc(3.0), k.erfc(3.01), k.gelu(-2.0)]
    assert [eighths for eighths, _ in kept] == [24, 11]
    assert all(row == k._erfcx_terms(eighths) for eighths, row in kept)
    assert numbers == [k.erfc(3.0), k.erfc(3.01), k.gelu(-2.0)]
