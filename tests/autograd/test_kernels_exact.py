"""The kernels in decimals and whole numbers against mpmath: gamma functions, erfinv, sinc, variances.

The truth comes by other ways than the kernel's: mpmath's own gamma functions; erf of the result for erfinv; the integral of
u**n * cos(pi*x*u + n*pi/2) over u from 0 to 1 for the derivatives of sinc; sums of fractions for variances.
"""

from __future__ import annotations

import decimal
import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from autograd import kernels_exact as k

INF, NAN, MAX = math.inf, math.nan, 1.7976931348623157e308
LGAMMA_ROOTS = [1.0, 2.0, -2.4570247382208006, -2.7476826467274127, -3.1435808883499798, -3.9552942848585979]
DIGAMMA_ROOTS = [1.4616321449683623, -0.5040830082644554, -1.5734984731623905, -9.702672540001864, -1e6 - 0.8]


def ulps(got: float, truth: Any) -> float:
    """The distance of a float from the truth, in ulps of the correctly rounded result; nan is infinitely far."""
    rounded = float(truth)
    if not (math.isfinite(rounded) and math.isfinite(got)):
        return 0.0 if got == rounded else INF
    return float(abs(mpf(got) - truth) / mpf(math.ulp(rounded)))


def spots(near: list[float], low: float, high: float, count: int = 700) -> list[float]:
    """Seeded points of all magnitudes, everyday ones, and ever closer to special ones; poles left out."""
    rng = random.Random(len(near) + count)
    found = []
    for i in range(count):
        size = (2.0 ** rng.uniform(-1074, 1023.9), rng.uniform(0, 30), 2.0 ** rng.uniform(-54, -1))[i % 3]
        x = rng.choice((-1, 1)) * size + (rng.choice(near) if i % 3 == 2 else 0.0)
        if low <= x <= high and not (x <= 0.0 and x.is_integer()):
            found.append(x)
    return found + [x for x in near if not (x <= 0.0 and x.is_integer())]


def log_gamma(x: Any) -> Any:
    """mpmath's own; far below zero by reflection, where it would be slow."""
    if x > -50:
        return mpmath.log(abs(mpmath.gamma(x))) if x < 1e5 else mpmath.loggamma(x)
    return mpmath.log(mpmath.pi / abs(mpmath.sinpi(x))) - mpmath.loggamma(1 - x)


ROWS: list[tuple[str, Callable[[float], float], Callable[[Any], Any], list[float]]] = [
    ("lgamma", k.lgamma, log_gamma, spots([*LGAMMA_ROOTS, -1.0, -5.0, -30.0, 0.0], -(2.0**51), 2.5e305)),
    ("digamma", k.digamma, lambda x: mpmath.psi(0, x), spots([*DIGAMMA_ROOTS, -1.0, -17.0, 0.0], -(2.0**51), MAX)),
    ("polygamma 1", lambda x: k.polygamma(1.0, x), lambda x: mpmath.psi(1, x), spots([0.0, -1.0, -7.5, 20.0], -50.0, MAX)),
    ("polygamma 2", lambda x: k.polygamma(2.0, x), lambda x: mpmath.psi(2, x), spots([0.0, -0.5, -9.5, 20.0], -50.0, MAX)),
    ("polygamma 5", lambda x: k.polygamma(5.0, x), lambda x: mpmath.psi(5, x), spots([0.0, -1.0, -9.5], -50.0, MAX, 300)),
    ("polygamma 30", lambda x: k.polygamma(30.0, x), lambda x: mpmath.psi(30, x), spots([1.0, -4.0, -9.5], -20.0, MAX, 90)),
    ("gamma", k.gamma, mpmath.gamma, [
        x for x in spots([1.0, 170.0, -1.0, -30.0, -170.5, -180.5], -185.0, 171.6) if abs(x) > 6e-309
    ]),
    ("gamma_dx", k.gamma_dx, lambda x: mpmath.gamma(x) * mpmath.psi(0, x), spots([*DIGAMMA_ROOTS[:4], -8.0], -170.0, 170.0)),
    ("sinc", k.sinc, lambda x: mpmath.sinpi(x) / (mpmath.pi * x), spots([0.5, 1.0, 2.0, -3.0, 100.0], -MAX, MAX, 3000)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_within_two_ulps(row: Any) -> None:
    """At all magnitudes and beside each kind of zero and pole: sinc within 2 ulp, all others within 1."""
    name, kernel, truth, where = row
    for x in where:
        with mpmath.workdps(80):
            assert ulps(kernel(x), truth(mpf(x))) <= (2.0 if name == "sinc" else 1.0), f"{name}({x!r})"


def test_erfinv() -> None:
    """erf of what erfinv gives, moved by one ulp to either side, lies on either side of the operand; its slope within 1 ulp."""
    rng = random.Random(4)
    points = [rng.uniform(-1, 1) for _ in range(200)] + [1 - 2.0 ** -rng.uniform(1, 53) for _ in range(200)]
    points += [rng.choice((-1, 1)) * 2.0 ** rng.uniform(-1074, -1) for _ in range(200)]
    for y in [*points, 5e-324, 1 - 2.0**-53, -1 + 2.0**-53, 0.5, -0.5]:
        x = k.erfinv(y)
        with mpmath.workdps(400):
            below, above = (mpmath.erf(mpf(math.nextafter(x, side))) for side in (-INF, INF))
            assert below < mpf(y) < above, y
        with mpmath.workdps(60):
            start = mpf(x) * (1 + mpf(10) ** -18)
            exact = mpmath.findroot(lambda t, y=y: mpmath.erf(t) - y, start) if abs(y) > 1e-9 else mpf(0)
            assert ulps(k.erfinv_dx(y), mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(exact**2)) <= 1, y


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 11])
def test_derivatives_of_sinc(n: int) -> None:
    """Every order, small and large x, beside 0 and beside other zeros: within 1 ulp of the integral that it is."""
    rng = random.Random(n)
    points = [0.0, 5e-324, -1e-300, 1e-9, 0.1, -0.5, 1.0, 2.0, 3.0, -7.0, 3 + 1e-9, 1e3 + 0.5]
    for x in points + [rng.uniform(-9, 9) for _ in range(40)] + [2.0 ** rng.uniform(-60, 3) for _ in range(20)]:
        got = k.sinc_dn(float(n), x)
        with mpmath.workdps(150):
            t = mpmath.pi * mpf(x)
            if abs(t) < 40:  # u**n * cos(t*u + n*pi/2), its cosine as a power series, integrated term by term
                cosine = [0 if (j + n) % 2 else (-1) ** ((j + n) // 2) * t**j / mpmath.factorial(j) for j in range(300)]
                exact = mpmath.fsum([c / (j + n + 1) for j, c in enumerate(cosine)])
            else:
                exact = mpmath.diff(mpmath.sinc, t, n)
            assert ulps(got, mpmath.pi**n * exact) <= 1, x
        assert k.sinc_dn(float(n), -x) == (-got if n % 2 else got)


def test_far_derivatives_of_sinc() -> None:
    """Far out, where pi*x has no digit left behind the point, the sine is that of the exact number."""
    for x in (1e6 + 0.25, -(2.0**45) - 0.125, 2.0**52 + 1, 1e300):
        with mpmath.workdps(400):
            t = mpmath.pi * mpf(x)
            first = (mpmath.cospi(x) - mpmath.sinpi(x) / t) / t
            assert ulps(k.sinc_dx(x), mpmath.pi * first) <= 1
            assert ulps(k.sinc_dn(2.0, x), mpmath.pi**2 * (-mpmath.sinpi(x) - 2 * first) / t) <= 1


SPECIAL: list[tuple[Callable[..., float], tuple[Any, ...], Any]] = [
    (k.lgamma, (INF,), INF), (k.lgamma, (-INF,), INF), (k.lgamma, (NAN,), NAN), (k.lgamma, (1.0,), 0.0),
    (k.lgamma, (2.0,), 0.0),
    (k.gamma, (INF,), INF), (k.gamma, (NAN,), NAN), (k.gamma, (-200.5,), -0.0), (k.gamma, (-1e9 - 0.5,), -0.0),
    (k.gamma, (-201.5,), 0.0), (k.gamma, (-190.5,), -0.0), (k.gamma_dx, (NAN,), NAN), (k.gamma_dx, (INF,), INF),
    (k.gamma_dx, (171.62437695630272,), INF), (k.gamma_dx, (200.0,), INF), (k.gamma_dx, (5e-324,), -INF),
    (k.digamma, (INF,), INF), (k.digamma, (-INF,), NAN), (k.digamma, (NAN,), NAN), (k.digamma, (5e-324,), -INF),
    (k.digamma, (-5e-324,), INF), (k.polygamma, (1.0, INF), 0.0), (k.polygamma, (2.0, INF), -0.0),
    (k.polygamma, (1.0, -INF), NAN), (k.polygamma, (200.0, 1e300), -0.0), (k.polygamma, (1.0, 1e-200), INF),
    (k.polygamma, (2.0, 1e-200), -INF), (k.polygamma, (2.0, -1e-200), INF), (k.polygamma, (199.0, 0.5), INF),
    (k.erfinv, (NAN,), NAN), (k.erfinv, (0.0,), 0.0), (k.erfinv, (-0.0,), -0.0), (k.erfinv_dx, (NAN,), NAN),
    (k.sinc, (0.0,), 1.0), (k.sinc, (1e-10,), 1.0), (k.sinc, (INF,), 0.0), (k.sinc, (-INF,), 0.0), (k.sinc, (NAN,), NAN),
    (k.sinc, (3.0,), 0.0), (k.sinc_dx, (0.0,), 0.0), (k.sinc_dx, (INF,), 0.0), (k.sinc_dx, (NAN,), NAN),
    (k.var, (0.0, (INF, 1.0)), NAN), (k.var, (0.0, (NAN,)), NAN), (k.var, (0.0, (1.7e308, -1.7e308)), INF),
    (k.var, (0.0, (5.0,)), 0.0), (k.var, (-1.0, (5.0, 6.0)), 1 / 6), (k.var, (0.5, (5.0, 6.0)), 1 / 3),
    (k.var_partials, (0.0, (INF, 1.0)), [NAN, NAN]), (k.std, (0.0, (INF, 1.0)), NAN), (k.std_partials, (0.0, (NAN,)), [NAN]),
    (k.std, (0.0, (1.7e308, -1.7e308)), 1.7e308), (k.std, (0.0, (5e-324, -5e-324)), 5e-324), (k.std, (0.0, (3.0, 5.0)), 1.0),
    (k.std, (0.0, (1e16, 1e16 + 2.0)), 1.0), (k.std_partials, (0.0, (2.0, 2.0)), [0.0, 0.0]),
    (k.std, (0.0, (-1.0000000000000004, 1.0000000000000004, 0.0, 1.0)), 0.8291561975888503),  # 2e-4 units beside the middle
    (k.std_partials, (1.0, (5e-324, -5e-324)), [0.7071067811865476, -0.7071067811865476]),
    (k.std_partials, (0.0, (1.7e308, -1.7e308)), [0.5, -0.5]), (k.deviations, ((INF, 1.0),), [NAN, NAN]),
    (k.deviations, ((1e16, 1e16 + 2.0),), [-1.0, 1.0]), (k.deviations, ((1e308, -1e308),), [1e308, -1e308]),
]  # fmt: skip


@pytest.mark.parametrize(("kernel", "arguments", "expected"), SPECIAL)
def test_special_case(kernel: Any, arguments: tuple[Any, ...], expected: Any) -> None:
    """Infinite, nan and signed zero operands, overflow to inf and underflow to zero, give the limit or nan."""
    assert repr(kernel(*arguments)) == repr(expected)


REFUSED: list[tuple[Callable[..., float], tuple[Any, ...], type[Exception], str]] = [
    (k.lgamma, (0.0,), ValueError, "there is a pole at 0 and at every negative whole number"),
    (k.lgamma, (-3.0,), ValueError, "pole"), (k.lgamma, (-1e300,), ValueError, "pole"),
    (k.lgamma, (2.6e305,), OverflowError, "range"),
    (k.gamma, (-0.0,), ValueError, "pole"), (k.gamma, (-INF,), ValueError, "no limit"),
    (k.gamma, (171.63,), OverflowError, "range"),
    (k.gamma, (1e9,), OverflowError, "range"), (k.gamma, (5e-324,), OverflowError, "range"),
    (k.gamma, (-1e-320,), OverflowError, "range"),
    (k.digamma, (-1.0,), ValueError, "pole"), (k.polygamma, (1.0, 0.0), ValueError, "pole"),
    (k.polygamma, (-1.0, 1.0), ValueError, "the order n is a whole number from 0 to 200"),
    (k.polygamma, (0.5, 1.0), ValueError, "order"), (k.polygamma, (201.0, 1.0), ValueError, "order"),
    (k.polygamma, (NAN, 1.0), ValueError, "order"), (k.polygamma, (INF, 1.0), ValueError, "order"),
    (k.sinc_dn, (201.0, 1.0), ValueError, "order"), (k.sinc_dn, (0.5, 1.0), ValueError, "order"),
    (k.erfinv, (1.0,), ValueError, "domain"), (k.erfinv, (-1.0,), ValueError, "domain"),
    (k.erfinv, (2.0,), ValueError, "domain"),
    (k.var, (0.0, ()), ValueError, "there are no operands"), (k.std, (0.0, ()), ValueError, "there are no operands"),
    (k.var, (1.0, (2.0,)), ValueError, "the divisor n - ddof = 1 - 1 is not above 0"),
    (k.std, (3.0, (2.0, 1.0)), ValueError, "2 - 3"), (k.var, (NAN, (2.0,)), ValueError, "ddof = nan is not a finite number"),
]  # fmt: skip


@pytest.mark.parametrize(("kernel", "arguments", "error", "words"), REFUSED)
def test_outside_the_domain(kernel: Any, arguments: Any, error: type[Exception], words: str) -> None:
    """At a pole, outside the domain, beyond the largest float: the error that math would raise, with the reason."""
    with pytest.raises(error, match=words) as caught:
        kernel(*arguments)
    assert type(caught.value) is error


def test_errors_are_those_of_math() -> None:
    """Where math has the function, the kernel raises the same type, and is equal within math's own few ulp."""
    rng = random.Random(8)
    points = [*map(float, range(-5, 6)), INF, -INF, 171.0, 172.0, 1e305, 3e305]
    for x in points + [rng.uniform(-9, 99) for _ in range(99)]:
        for ours, theirs in ((k.lgamma, math.lgamma), (k.gamma, math.gamma)):
            results: list[Any] = []
            for function in (ours, theirs):
                try:
                    results.append(function(x))
                except (ValueError, OverflowError) as error:
                    results.append(type(error))
            assert results[0] == results[1] or results[0] == pytest.approx(results[1], rel=1e-12, abs=1e-14), (ours, x)


def test_the_caller_s_decimal_context_does_not_matter() -> None:
    """With two digits and every trap set in the caller's context, the results are the same."""
    calls: list[Callable[[], float]] = [
        lambda: k.lgamma(0.3), lambda: k.lgamma(-2.3), lambda: k.gamma(-2.3), lambda: k.digamma(0.7), lambda: k.digamma(-7.3),
        lambda: k.polygamma(2.0, 0.7), lambda: k.polygamma(3.0, -2.7), lambda: k.erfinv(-0.3), lambda: k.erfinv_dx(0.9),
        lambda: k.sinc_dn(2.0, 0.3), lambda: k.sinc_dn(3.0, 9.3), lambda: k.gamma_dx(-1.3), lambda: k.sinc_dn(2.0, -0.3),
    ]  # fmt: skip
    before = [call() for call in calls]
    with decimal.localcontext(decimal.Context(prec=2, traps=[decimal.Inexact, decimal.Rounded, decimal.FloatOperation])):
        assert [call() for call in calls] == before


@pytest.mark.parametrize("ddof", [0.0, 1.0, 0.5])
def test_variances(ddof: float) -> None:
    """Of numbers of all sizes and with a large common offset: variance, root and partials within 1 ulp of exact fractions."""
    rng = random.Random(int(10 * ddof))
    for i in range(300):
        n = rng.randint(2, 6)
        spread, offset = rng.choice((1, 10, 120)), rng.choice((0.0, 1e8, 1e15))
        xs = [offset + rng.choice((-1, 1)) * rng.uniform(0.5, 1) * 10.0 ** rng.uniform(-spread, spread) for _ in range(n)]
        xs[-1] = xs[0] if i % 10 == 0 else xs[-1]
        exact = [Fraction(x) for x in xs]
        mean = sum(exact) / n
        variance = sum((x - mean) ** 2 for x in exact) / (n - Fraction(ddof))
        if variance == 0:
            continue
        with mpmath.workdps(800):
            root = mpmath.sqrt(mpf(variance.numerator) / variance.denominator)
            assert ulps(k.std(ddof, xs), root) <= 1
            for i, (x, got) in enumerate(zip(exact, k.std_partials(ddof, xs), strict=True)):
                away = mpf((x - mean).numerator) / (x - mean).denominator
                assert ulps(got, away / (n - mpf(ddof)) / root) <= 1
                assert k.deviations(xs)[i] == float(x - mean)
        assert k.var(ddof, xs) == float(variance)
        assert k.var_partials(ddof, xs) == [float(2 * (x - mean) / (n - Fraction(ddof))) for x in exact]
