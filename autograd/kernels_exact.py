"""Functions on plain floats that need more than doubles: the gamma functions, erfinv, sinc, variances.

They compute in decimals of 48 digits, or in whole numbers of any length, and round once at the end: values and
derivatives are within 1 ulp of the correctly rounded result everywhere, beside their zeros and poles too. That
takes some 20 to 200 microseconds a call.

Decimals go through a context of this module's own: an operator, a minus sign too, would round as the caller's says.

The gamma functions: Stirling's series where the argument is large, the recurrence to get there, and the reflection
formula for negative arguments (NIST Digital Library of Mathematical Functions, 5.5, 5.11, 5.15).

Errors are those of `math`, and nan in gives nan out, as in `kernels`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from functools import cache
from math import inf, isfinite, nan

from .kernels import _product_error, _quotient

__all__ = [
    "MOST_ORDER", "deviations", "digamma", "erfinv", "erfinv_dx", "gamma", "gamma_dx", "lgamma", "polygamma", "sinc",
    "sinc_dn", "sinc_dx", "std", "std_partials", "var", "var_partials",
]  # fmt: skip

MOST_ORDER = 200  # of polygamma and of the derivatives of sinc; from about 170 on, 170! is too large for a float

_C = Context(prec=48, Emax=MAX_EMAX, Emin=MIN_EMIN)
_ZERO, _ONE, _TWO, _HALF = Decimal(0), Decimal(1), Decimal(2), Decimal("0.5")
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
_TERMS = 30  # of Stirling's series: enough for 40 digits from _FAR on
_FAR = 20


def _decimal(x: float) -> Decimal:
    """x to 48 digits."""
    return _C.plus(Decimal.from_float(x))


def _sum(terms: Sequence[Decimal]) -> Decimal:
    total = _ZERO
    for term in terms:
        total = _C.add(total, term)
    return total


# ---- sines and cosines of multiples of pi ------------------------------------------------------------


def _from_whole(x: float) -> Decimal:
    """How far x lies from the nearest whole number: exact, since a float below 2**53 loses nothing there."""
    return Decimal.from_float(math.remainder(x, 1.0))


def _sin_pi(r: Decimal) -> Decimal:
    """sin(pi*r) for r from -1/2 to 1/2, by its power series; zero is exactly zero."""
    t = _C.multiply(_PI, r)
    square = _C.multiply(t, t)
    term = total = t
    n = 1
    while term and term.adjusted() > total.adjusted() - 50:
        term = _C.divide(_C.multiply(term.copy_negate(), square), Decimal((n + 1) * (n + 2)))
        total = _C.add(total, term)
        n += 2
    return total


def _cos_pi(r: Decimal) -> Decimal:
    """cos(pi*r) for r from -1/2 to 1/2; zero at the ends, exactly."""
    return _sin_pi(_C.subtract(_HALF, r.copy_abs()))


# ---- the gamma functions -----------------------------------------------------------------------------


@cache
def _bernoulli() -> tuple[Fraction, ...]:
    """B2, B4, B6, ... from their recurrence (DLMF 24.5.3)."""
    found = [Fraction(1)]
    for n in range(1, 2 * _TERMS + 1):
        found.append(-sum(math.comb(n + 1, k) * found[k] for k in range(n)) / Fraction(n + 1))
    return tuple(found[2::2])


@cache
def _stirling(order: int) -> tuple[Decimal, ...]:
    """The coefficients of Stirling's series for the derivative of that order of log(gamma), without their sign."""
    found = []
    for k, b in enumerate(_bernoulli(), 1):
        whole = b * math.factorial(2 * k + order - 2) / math.factorial(2 * k)
        found.append(_C.divide(Decimal(whole.numerator), Decimal(whole.denominator)))
    return tuple(found)


def _tail(x: Decimal, order: int) -> Decimal:
    """The sum of the coefficients over x**(2k-1+order), to 48 digits."""
    step = _C.divide(_ONE, _C.multiply(x, x))
    power = _C.multiply(_C.power(x, -order), x)
    total = _ZERO
    for coefficient in _stirling(order):
        power = _C.multiply(power, step)
        term = _C.multiply(coefficient, power)
        total = _C.add(total, term)
        if term.adjusted() < total.adjusted() - 50:
            break
    return total


@cache
def _half_log_two_pi() -> Decimal:
    return _C.divide(_C.ln(_C.multiply(_TWO, _PI)), _TWO)


def _shifted(x: Decimal, far: int) -> list[Decimal]:
    """x, x+1, x+2, ... up to the first that is not below ``far``."""
    found = [x]
    while found[-1] < far:
        found.append(_C.add(found[-1], _ONE))
    return found


def _log_gamma(x: Decimal) -> Decimal:
    """log(gamma(x)) for x > 0."""
    *steps, far = _shifted(x, _FAR)
    product = _ONE
    for step in steps:
        product = _C.multiply(product, step)
    log = _C.multiply(_C.subtract(far, _HALF), _C.ln(far))
    return _sum([log, far.copy_negate(), _half_log_two_pi(), _tail(far, 0), _C.ln(product).copy_negate()])


def _no_pole(x: float) -> None:
    if x <= 0.0 and x == math.floor(x) and x > -inf:
        raise ValueError("there is a pole at 0 and at every negative whole number")


def lgamma(x: float) -> float:
    """The logarithm of the absolute value of the gamma function; inf at both infinities, as `math.lgamma` has it."""
    if not isfinite(x):
        return abs(x)
    _no_pole(x)
    result = float(_log_gamma(_decimal(x)) if x > 0.0 else _log_gamma_below(x))
    if result == inf:
        raise OverflowError("math range error")
    return result


def _log_gamma_below(x: float) -> Decimal:
    """log(abs(gamma(x))) for x < 0, by reflection."""
    sine = _sin_pi(_from_whole(x)).copy_abs()
    return _C.subtract(_C.ln(_C.divide(_PI, sine)), _log_gamma(_C.subtract(_ONE, _decimal(x))))


def gamma(x: float) -> float:
    """The gamma function; errors as `math.gamma` raises them."""
    if x == -inf:
        raise ValueError("it has no limit there")
    if not isfinite(x):
        return x
    _no_pole(x)
    result = _gamma(x)
    if abs(result) == inf:
        raise OverflowError("math range error")
    return result


def gamma_dx(x: float) -> float:
    """gamma(x)*digamma(x); infinite where that is too large for a float."""
    return _gamma(x, slope=True) if isfinite(x) else x


def _gamma(x: float, *, slope: bool = False) -> float:
    """gamma(x), or its derivative, for finite x."""
    if x > 180.0:
        return inf
    odd = x < 0.0 and math.floor(x) % 2.0 == 1.0
    if x < -190.0:
        size = _ZERO
    elif x > 0.0:
        size = _C.exp(_log_gamma(_decimal(x)))
    else:
        size = _C.exp(_log_gamma_below(x))
    if slope:
        size = _C.multiply(size, _polygamma(0, x))
    return float(size.copy_negate() if odd else size)


def digamma(x: float) -> float:
    """The derivative of log(gamma(x)); infinite where that is too large for a float, nan at -inf."""
    return polygamma(0.0, x)


def polygamma(n: float, x: float) -> float:
    """The derivative of order n of digamma; infinite where that is too large for a float, nan at -inf."""
    order = _order(n)
    if not isfinite(x):
        return nan if not x > 0.0 else x if order == 0 else 0.0 if order % 2 else -0.0
    _no_pole(x)
    return float(_polygamma(order, x))


def _order(n: float) -> int:
    if not (n.is_integer() and 0.0 <= n <= MOST_ORDER):
        raise ValueError(f"the order n is a whole number from 0 to {MOST_ORDER}")
    return int(n)


def _polygamma(order: int, x: float) -> Decimal:
    if x > 0.0:
        return _polygamma_above(order, _decimal(x))
    r = _from_whole(x)
    mirrored = _polygamma_above(order, _C.subtract(_ONE, _decimal(x)))
    cotangent = _C.divide(_cos_pi(r), _sin_pi(r))
    curve = _ZERO
    for coefficient in reversed(_cotangent_derivative(order)):
        curve = _C.add(_C.multiply(curve, cotangent), Decimal(coefficient))
    return _C.subtract(mirrored.copy_negate() if order % 2 else mirrored, _C.multiply(_C.power(_PI, order + 1), curve))


def _polygamma_above(order: int, x: Decimal) -> Decimal:
    """The derivative of that order of digamma for x > 0."""
    *steps, far = _shifted(x, _FAR + order)
    factorial = Decimal(math.factorial(order))
    parts = [_C.multiply(factorial, _C.power(step, -(order + 1))) for step in steps]
    parts.append(_C.divide(_C.multiply(factorial, _C.power(far, -(order + 1))), _TWO))
    if order == 0:
        parts.append(_C.ln(far).copy_negate())
    else:
        parts.append(_C.multiply(Decimal(math.factorial(order - 1)), _C.power(far, -order)))
    parts.append(_tail(far, order + 1))
    total = _sum(parts)
    return total if order % 2 else total.copy_negate()


@cache
def _cotangent_derivative(order: int) -> tuple[int, ...]:
    """The derivative of that order of cot as a polynomial in cot, lowest first: cot' = -(1 + cot**2)."""
    coefficients = [0, 1]
    for _ in range(order):
        slope = [k * a for k, a in enumerate(coefficients)][1:]
        coefficients = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return tuple(coefficients)


# ---- the inverse of the error function ---------------------------------------------------------------


def erfinv(y: float) -> float:
    """The number whose error function is y; between -1 and 1."""
    return float(_erfinv(y)) if y == y and y != 0.0 else y


def erfinv_dx(y: float) -> float:
    """sqrt(pi)/2 * exp(erfinv(y)**2)."""
    if y != y:
        return y
    x = _erfinv(y)
    return float(_C.multiply(_half_root_pi(), _C.exp(_C.multiply(x, x))))


@cache
def _half_root_pi() -> Decimal:
    return _C.divide(_C.sqrt(_PI), _TWO)


def _erfinv(y: float) -> Decimal:
    """Newton's method in floats, and a last step in decimals."""
    if not abs(y) < 1.0:
        raise ValueError("math domain error")
    left = 1.0 - abs(y)  # exact where it is small
    log = math.log(left * (1.0 + abs(y)))
    middle = 4.330746750799873 + 0.5 * log  # Winitzki 2008: within 0.4 %
    x = math.sqrt(max(math.sqrt(middle * middle - log / 0.147) - middle, 0.0))
    for _ in range(4):
        missing = left - math.erfc(x) if x > 0.5 else math.erf(x) - abs(y)
        x -= missing * 0.886226925452758 * math.exp(x * x)
    at = Decimal.from_float(x)
    # erf(x) = 2/sqrt(pi) * exp(-x*x) * series (DLMF 7.6.2), so that the step, (erf(x) - |y|)/erf'(x), is this difference:
    square = _C.multiply(at, at)
    twice = _C.multiply(_TWO, square)
    term = series = at
    n = 1
    while term and term.adjusted() > series.adjusted() - 50:
        term = _C.divide(_C.multiply(term, twice), Decimal(2 * n + 1))
        series = _C.add(series, term)
        n += 1
    wanted = _C.multiply(_C.multiply(_decimal(abs(y)), _half_root_pi()), _C.exp(square))
    x_exact = _C.subtract(at, _C.subtract(series, wanted))
    return x_exact.copy_negate() if y < 0.0 else x_exact


# ---- sin(pi*x)/(pi*x) --------------------------------------------------------------------------------

_PI_HIGH, _PI_LOW = 3.141592653589793, 1.2246467991473532e-16  # their sum is pi


def sinc(x: float) -> float:
    """sin(pi*x)/(pi*x), 1 at 0: the sine of the exact distance from a whole number."""
    a = abs(x)
    if a < 1e-9 or a != a:
        return 1.0 if a == a else x
    r = math.remainder(a, 1.0) if a < inf else 0.0
    if r == 0.0:
        return 0.0
    t = _PI_HIGH * r
    t_low = _product_error(_PI_HIGH, r, t) + _PI_LOW * r
    p = _PI_HIGH * a
    result = _quotient(math.sin(t), math.cos(t) * t_low, p, _product_error(_PI_HIGH, a, p) + _PI_LOW * a)
    return -result if (a - r) % 2.0 else result


def sinc_dx(x: float) -> float:
    """The derivative of sinc, (cos(pi*x) - sinc(x))/x; 0 at 0 and at both infinities."""
    return sinc_dn(1.0, x)


def sinc_dn(n: float, x: float) -> float:
    """The derivative of order n of sinc, n >= 1; 0 at both infinities.

    With t = pi*x it is pi**n times that of sin(t)/t. Small t: its power series. Others: t times one derivative and n times
    the one before it make the derivative of sin(t).
    """
    order = _order(n)
    if not isfinite(x):
        return 0.0 if x == x else x
    c = Context(prec=60 + order, Emax=MAX_EMAX, Emin=MIN_EMIN)
    t = c.multiply(_PI, Decimal.from_float(x))
    if x == 0.0 and order % 2:
        return 0.0
    result = _sinc_series(c, order, t) if t.copy_abs() < order + 2 else _sinc_recurrence(c, order, t, x)
    return float(c.multiply(c.power(_PI, order), result))


def _sinc_series(c: Context, order: int, t: Decimal) -> Decimal:
    """The sum of (-1)**((j+order)/2) * t**j / (j! * (j+order+1)) over the j that make j+order even."""
    square = c.multiply(t, t)
    j = order % 2
    power = t if j else _ONE  # t**j/j!, with its sign
    if (j + order) // 2 % 2:
        power = power.copy_negate()
    total = c.divide(power, Decimal(j + order + 1))
    while power and power.adjusted() > total.adjusted() - c.prec:
        power = c.divide(c.multiply(power.copy_negate(), square), Decimal((j + 1) * (j + 2)))
        j += 2
        total = c.add(total, c.divide(power, Decimal(j + order + 1)))
    return total


def _sinc_recurrence(c: Context, order: int, t: Decimal, x: float) -> Decimal:
    r = _from_whole(x)
    sine, cosine = _sin_pi(r), _cos_pi(r)
    if math.fmod(x, 2.0) - float(r) in (1.0, -1.0):  # the nearest whole number is odd
        sine, cosine = sine.copy_negate(), cosine.copy_negate()
    slopes = (sine, cosine, sine.copy_negate(), cosine.copy_negate())
    g = c.divide(sine, t)
    for k in range(1, order + 1):
        g = c.divide(c.subtract(slopes[k % 4], c.multiply(Decimal(k), g)), t)
    return g


# ---- variance and standard deviation -----------------------------------------------------------------
# The operands as whole numbers of one unit: sums and squares are exact, however large an offset they share.


def _in_units(xs: Sequence[float]) -> tuple[list[int], int]:
    """Whole numbers, and the number by which all of them are too large."""
    ratios = [x.as_integer_ratio() for x in xs]
    scale = max(d for _, d in ratios)
    return [n * (scale // d) for n, d in ratios], scale


def _divided(a: int, b: int) -> float:
    """a/b, rounded once; b > 0."""
    try:
        return a / b
    except OverflowError:
        return inf if a > 0 else -inf


def _root(a: int, b: int) -> tuple[int, int]:
    """sqrt(a/b) as a fraction of whole numbers, to 128 bits and one that says whether they are exact, for the rounding."""
    shift = max(0, 128 + (b.bit_length() - a.bit_length()) // 2)
    root = math.isqrt((a << 2 * shift) // b)
    return 2 * root + (root * root * b != a << 2 * shift), 2 << shift


def _freedom(ddof: float, xs: Sequence[float]) -> Fraction:
    """The number of operands less ddof."""
    if not xs:
        raise ValueError("there are no operands")
    if not isfinite(ddof):
        raise ValueError(f"ddof = {ddof!r} is not a finite number")
    left = len(xs) - Fraction(ddof)
    if left <= 0:
        raise ValueError(f"the divisor n - ddof = {len(xs)} - {ddof:g} is not above 0")
    return left


def _squares(ms: Sequence[int]) -> int:
    """n times the sum of the squared deviations from the mean."""
    return len(ms) * sum([m * m for m in ms]) - sum(ms) ** 2


def var(ddof: float, xs: Sequence[float]) -> float:
    """The sum of the squared deviations from the mean, over len(xs) - ddof; rounded once."""
    left = _freedom(ddof, xs)
    if not all(map(isfinite, xs)):
        return nan
    ms, scale = _in_units(xs)
    return _divided(_squares(ms) * left.denominator, len(xs) * left.numerator * scale * scale)


def var_partials(ddof: float, xs: Sequence[float]) -> list[float]:
    """2*(x - mean)/(n - ddof) for each x, rounded once."""
    left = _freedom(ddof, xs)
    if not all(map(isfinite, xs)):
        return [nan] * len(xs)
    ms, scale = _in_units(xs)
    n, whole = len(ms), sum(ms)
    return [_divided(2 * (n * m - whole) * left.denominator, n * left.numerator * scale) for m in ms]


def std(ddof: float, xs: Sequence[float]) -> float:
    """The root of the variance, rounded once."""
    left = _freedom(ddof, xs)
    if not all(map(isfinite, xs)):
        return nan
    ms, scale = _in_units(xs)
    return _divided(*_root(_squares(ms) * left.denominator, len(xs) * left.numerator * scale * scale))


def std_partials(ddof: float, xs: Sequence[float]) -> list[float]:
    """(x - mean)/((n - ddof)*std) for each x; 0 where all operands are equal."""
    left = _freedom(ddof, xs)
    if not all(map(isfinite, xs)):
        return [nan] * len(xs)
    ms, _ = _in_units(xs)
    n, whole, squares = len(ms), sum(ms), _squares(ms)
    if squares == 0:
        return [0.0] * n
    top, bottom = _root(squares * n * left.numerator, left.denominator)
    return [_divided((n * m - whole) * bottom, top) for m in ms]


def deviations(xs: Sequence[float]) -> list[float]:
    """x - mean for each x, rounded once."""
    if not all(map(isfinite, xs)):
        return [nan] * len(xs)
    ms, scale = _in_units(xs)
    n, whole = len(ms), sum(ms)
    return [_divided(n * m - whole, n * scale) for m in ms]
