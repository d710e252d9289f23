"""Elementary functions on plain floats, to the last digits.

Every value is within 2 ulp and every derivative (``*_dx``, ``*_dy``) within 4 ulp of the correctly rounded
result, over the whole range of doubles. Where `math` holds that, its function is used as it is. Elsewhere there
is a fast path for ordinary numbers and, where digits would be lost, one of three remedies: a form without
cancellation, a correction by an error term (Dekker 1971), or exact arithmetic with `decimal` and `fractions`.

Errors are those of float and `math`: ZeroDivisionError, OverflowError, ValueError. nan in gives nan out, except
where `math` says otherwise. Derivatives never raise inside the domain: at a pole they are inf.

Decimals go through contexts of this module's own: an operator, a minus sign too, would round as the caller's says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from functools import cache
from math import (
    acos as arccos,
    asin as arcsin,
    asinh as arcsinh,
    atan as arctan,
    atan2 as arctan2,
    atanh as arctanh,
    cos,
    cosh,
    erf,
    exp,
    exp2,
    expm1,
    fsum,
    hypot,
    inf,
    log,
    log1p,
    log2,
    log10,
    nan,
    sin,
    sinh,
    sqrt,
    tan,
)

__all__ = [
    "arccos", "arccosh", "arccosh_dx", "arcsin", "arcsin_dx", "arcsinh", "arcsinh_dx", "arctan", "arctan2",
    "arctan2_dx", "arctan2_dy", "arctan_dx", "arctanh", "arctanh_dx", "cbrt", "cbrt_dx", "clamp", "copysign", "cos", "cosh",
    "divide_dy", "dot", "elu", "erf", "erf_dx", "erfc", "exp", "exp2", "expm1", "gelu", "gelu_dx", "hypot", "hypot_dx",
    "largest", "leaky_relu", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logit", "logsigmoid", "logsumexp",
    "maximum", "mean", "minimum", "norm", "power", "power_dx", "power_dy", "product", "products_without", "reciprocal", "relu",
    "share", "sigmoid", "sigmoid_dx", "silu", "silu_dx", "sin", "sinh", "smallest", "softmax", "softplus", "sqrt", "sqrt_dx",
    "square", "tan", "tan_dx", "tanh", "tanh_dx", "total",
]  # fmt: skip

# The widest exponents that this build of Python has: those of a 32-bit one end at 425,000,000.
_EXACT = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN)
_CANCELLING = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN)  # for a difference of nearly equal numbers
_TINY = 2.0**-1022  # the smallest normal double: below it digits are lost
_SAFE_LOW, _SAFE_HIGH = 1e-290, 1e290
_TWO_OVER_ROOT_PI = (1.1283791670955126, 1.533545961316588e-17)  # a float, and what its rounding left out
_ROOT_HALF, _ROOT_HALF_LOW = 0.7071067811865476, -4.833646656726457e-17
_DENSITY, _DENSITY_LOW = 0.3989422804014327, -2.49232720227773e-17  # of the normal distribution at 0: 1/sqrt(2*pi)
_LOG_OF_SHIFT, _LOG_OF_SHIFT_LOW = 138.62943611198907, -3.3555121496085278e-15  # log(2**200)


# ---- error terms: what a rounded product or difference left out --------------------------------------


def _product_error(x: float, y: float, p: float) -> float:
    """x*y - p exactly, where p is the rounded product; for factors below 1e150 (Dekker 1971)."""
    a = 134217729.0 * x
    a -= a - x
    b = x - a
    c = 134217729.0 * y
    c -= c - y
    d = y - c
    return ((a * c - p) + a * d + b * c) + b * d


def _difference_error(x: float, y: float, d: float) -> float:
    """x - y - d exactly, where d is the rounded difference (Knuth's two-sum)."""
    v = d - x
    return (x - (d - v)) - (y + v)


def _quotient(p: float, p_low: float, s: float, s_low: float) -> float:
    """(p + p_low) / (s + s_low), rounded once: the quotient, and its residual divided once more."""
    q = p / s
    back = q * s
    residual = ((p - back) - _product_error(q, s, back)) + (p_low - q * s_low)
    return q + residual / s


# ---- powers and roots --------------------------------------------------------------------------------


def power(x: float, y: float) -> float:
    """x**y as float computes it; ValueError where it would be complex."""
    if -inf < x < 0.0 and -inf < y < inf and not y.is_integer():
        raise ValueError("a negative number to a power that is not whole would be complex")
    z: float = x**y
    return z


def has_predecessor(y: float) -> bool:
    """Whether y - 1 is exact: not for most fractions below 1/2, and not above 2**53, where it would be y or y - 2."""
    return (y - 1.0) + 1.0 == y and not 2.0**53 < abs(y) < inf


def power_dx(x: float, y: float) -> float:
    """y * x**(y-1); as y*(x**y/x) where y-1 would be rounded, which a large x or y would blow up.

    At x = 0 it is the limit from the right: infinite below y = 1, with the sign of y.
    """
    if x == 0.0:
        if y == 0.0 or y > 1.0:
            return 0.0
        return 1.0 if y == 1.0 else y * inf
    if has_predecessor(y):
        q = _power_or_inf(x, y - 1.0)
        z = q * x
    else:
        z = _power_or_inf(x, y)
        q = z / x
    r = y * q
    if _SAFE_LOW < abs(z) < _SAFE_HIGH and _SAFE_LOW < abs(q) < _SAFE_HIGH and abs(r) > _SAFE_LOW:
        return r
    if y == 0.0 or not (math.isfinite(x) and math.isfinite(y)):
        return 0.0 if y == 0.0 else r
    sign = -1.0 if x < 0.0 and y % 2.0 == 0.0 else 1.0  # y - 1 is odd then, even where doubles can't hold it
    return sign * _exact_power_dx(abs(x), y)


def _exact_power_dx(x: float, y: float) -> float:
    """y * x**(y-1) for x > 0, where doubles on the way would be too large or too small."""
    return _rounded(_EXACT.multiply(_exact_exp(_EXACT.subtract(Decimal.from_float(y), Decimal(1)), x), Decimal.from_float(y)))


def power_dy(x: float, y: float) -> float:
    """x**y * log(x); 0 in the limit at x = 0, nan where x is negative."""
    if x <= 0.0 or x != x:
        return 0.0 if x == 0.0 else nan
    z, slope = _power_or_inf(x, y), log(x)
    if _SAFE_LOW < z < _SAFE_HIGH or not (math.isfinite(x) and math.isfinite(y)):
        return z * slope
    return _exact_power_dy(x, y)


def _exact_power_dy(x: float, y: float) -> float:
    """x**y * log(x) for x > 0, likewise."""
    return _rounded(_EXACT.multiply(_exact_exp(Decimal.from_float(y), x), _EXACT.ln(Decimal.from_float(x))))


def _exact_exp(y: Decimal, x: float) -> Decimal:
    """x**y."""
    return _EXACT.exp(_EXACT.multiply(y, _EXACT.ln(Decimal.from_float(x))))


def _power_or_inf(x: float, y: float) -> float:
    try:
        return power(x, y)
    except OverflowError:
        return inf


def _rounded(x: Decimal) -> float:
    return float(x)  # rounds once, to a subnormal or to inf where need be


def square(x: float) -> float:
    """x*x."""
    return x * x


def reciprocal(x: float) -> float:
    """1/x."""
    return 1.0 / x


def divide_dy(x: float, y: float) -> float:
    """-(x/y)/y, scaled up where the quotient would lose digits as a subnormal."""
    z = x / y
    if abs(z) >= _TINY or x == 0.0 or abs(x) >= 1.0 or z != z:
        return -(z / y)
    return -(((x * 2.0**600) / y) / y) * 2.0**-600


def sqrt_dx(x: float) -> float:
    """1/(2*sqrt(x)); inf at 0."""
    return 0.5 / sqrt(x) if x != 0.0 else inf


def hypot_dx(x: float, y: float) -> float:
    """x/hypot(x, y), scaled where the length is subnormal and has few digits, or overflows; 0 at the origin."""
    h = hypot(x, y)
    if 0.0 < h < _SAFE_LOW:
        return hypot_dx(x * 2.0**600, y * 2.0**600)
    if h == inf and abs(x) < inf and abs(y) < inf:
        return hypot_dx(0.25 * x, 0.25 * y)
    return x / h if h != 0.0 else 0.0


def cbrt(x: float) -> float:
    """The real cube root: the C library's, and one Newton step on the exact residual."""
    if abs(x) < 1e-200:
        return cbrt(x * 2.0**600) * 2.0**-200 if x != 0.0 else x
    if abs(x) > 1e200:  # the cube of the root, or the halves of its digits, might overflow
        return cbrt(x * 2.0**-600) * 2.0**200 if abs(x) < inf else x
    c = math.cbrt(x)
    if c != c:
        return c
    p = c * c
    q = p * c
    residual = ((x - q) - _product_error(p, c, q)) - _product_error(c, c, p) * c
    return c + residual / (3.0 * p)


def cbrt_dx(x: float) -> float:
    """1/(3*cbrt(x)**2); inf at 0."""
    c = cbrt(x)
    return 1.0 / c / c / 3.0 if c != 0.0 else inf


# ---- trigonometry ------------------------------------------------------------------------------------


def tan_dx(x: float) -> float:
    """1/cos(x)**2."""
    c = cos(x)
    return 1.0 / c / c


def arcsin_dx(x: float) -> float:
    """1/sqrt((1-x)*(1+x)): the factors lose nothing near 1; inf at -1 and 1."""
    square_root = sqrt((1.0 - x) * (1.0 + x))
    return 1.0 / square_root if square_root != 0.0 else inf


def arctan_dx(x: float) -> float:
    """1/(1+x*x), as (1/h)/h with h = hypot(1, x), which does not overflow."""
    h = hypot(1.0, x)
    return 1.0 / h / h


def arctan2_dy(y: float, x: float) -> float:
    """x/(x*x+y*y), as (x/h)/h with h = hypot(x, y); 0 at the origin."""
    h = hypot(x, y)
    if h == inf and abs(x) < inf and abs(y) < inf:
        return arctan2_dy(0.25 * y, 0.25 * x) * 0.25
    if 0.0 < h < _SAFE_LOW:  # subnormal operands: h would have few digits
        return arctan2_dy(y * 2.0**600, x * 2.0**600) * 2.0**600
    return -divide_dy(x, h) if h != 0.0 else 0.0


def arctan2_dx(y: float, x: float) -> float:
    """-y/(x*x+y*y); 0 at the origin."""
    return -arctan2_dy(x, y)


# ---- hyperbolic functions ----------------------------------------------------------------------------


def tanh(x: float) -> float:
    """The hyperbolic tangent; near 0 by its power series or expm1, where the C library's is off by more than 2 ulp."""
    if -0.125 < x < 0.125 and x != 0.0:
        s = x * x
        t = 1382 / 155925 - s * (21844 / 6081075 - s * (929569 / 638512875 - s * (6404582 / 10854718875)))
        return x - x * (s * (1 / 3 - s * (2 / 15 - s * (17 / 315 - s * (62 / 2835 - s * t)))))
    if -0.7 < x < 0.7 and x != 0.0:
        a = abs(x)
        t = expm1(2.0 * a)
        s = t + 2.0
        q = t / s
        return math.copysign(q - q * _difference_error(t, -2.0, s) / s, x)
    return math.tanh(x)


def tanh_dx(x: float) -> float:
    """1/cosh(x)**2, from exp(-|x|) in the tail."""
    a = abs(x)
    if a < 20.0:
        return 4.0 * _bump(exp(-2.0 * a))
    e = 2.0 * exp(-a)
    return e * e


def arcsinh_dx(x: float) -> float:
    """1/sqrt(1+x*x), by hypot, which does not overflow."""
    return 1.0 / hypot(1.0, x)


def arccosh(x: float) -> float:
    """The inverse hyperbolic cosine; log1p(t + sqrt(t*(2+t))), t = x-1, near 1, where C libraries are off by 2.25 ulp."""
    if not 1.0 < x < 2.0:
        return math.acosh(x)
    t = x - 1.0
    p = t * t
    s = 2.0 * t + p
    s_low = ((2.0 * t - s) + p) + _product_error(t, t, p)
    root = sqrt(s)
    p = root * root
    root_low = (((s - p) - _product_error(root, root, p)) + s_low) / (2.0 * root)
    w = root + t
    return log1p(w) + (((root - w) + t) + root_low) / (1.0 + w)


def arccosh_dx(x: float) -> float:
    """1/sqrt(x*x-1), by two roots, which do not overflow; inf at 1."""
    root = sqrt(x - 1.0) * sqrt(x + 1.0)
    return 1.0 / root if root != 0.0 else inf


def arctanh_dx(x: float) -> float:
    """1/((1-x)*(1+x))."""
    return 1.0 / ((1.0 - x) * (1.0 + x))


# ---- the error function, and what is built on it ------------------------------------------------------
# erfc(x) = exp(-x*x) * erfcx(x). The first factor carries the size and is computed from the exact square;
# the second is smooth (DLMF 7.2, 7.6, 7.9), and a Taylor polynomial around the nearest eighth gives it.


def _gauss(x: float, scale: float, factor: float, factor_low: float) -> float:
    """(factor + factor_low) * exp(-scale*x*x) with scale 1 or 0.5, from the exact square, rounded once."""
    if abs(x) > 40.0:
        return 0.0
    square = x * x
    low = _product_error(x, x, square) * scale
    square *= scale
    shift = 1.0
    if square > 600.0:  # exp would come near the subnormals, so that 2**200 times the result is computed first
        exponent = _LOG_OF_SHIFT - square
        low -= _difference_error(_LOG_OF_SHIFT, square, exponent) + _LOG_OF_SHIFT_LOW
        shift = 2.0**-200
    else:
        exponent = -square
    e = exp(exponent)
    p = factor * e
    return (p + (_product_error(factor, e, p) + (factor_low * e - p * low))) * shift


_kept_rows: list[Callable[[int, tuple[float, ...]], None]] = []  # who else keeps the rows of this table


@cache
def _erfcx_terms(eighths: int) -> tuple[float, ...]:
    """Taylor coefficients of erfcx around eighths/8, highest first: w' = 2*x*w - 2/sqrt(pi)."""
    c = _EXACT
    x = c.divide(Decimal(eighths), Decimal(8))
    root_pi = c.sqrt(Decimal("3.14159265358979323846264338327950288419716939937510582097494459"))
    slope = c.divide(Decimal(2), root_pi)
    if x < 3:  # the power series of erf
        term, series = x, x
        for n in range(1, 120):
            term = c.divide(c.multiply(term.copy_negate(), c.multiply(x, x)), Decimal(n))
            series = c.add(series, c.divide(term, Decimal(2 * n + 1)))
        w = c.multiply(c.exp(c.multiply(x, x)), c.subtract(Decimal(1), c.multiply(slope, series)))
    else:  # the continued fraction
        tail = x
        for n in range(200, 0, -1):
            tail = c.add(x, c.divide(Decimal(n), c.multiply(Decimal(2), tail)))
        w = c.divide(Decimal(1), c.multiply(root_pi, tail))
    terms = [w, c.subtract(c.multiply(c.multiply(Decimal(2), x), w), slope)]
    for n in range(1, 16):
        terms.append(c.divide(c.multiply(Decimal(2), c.add(c.multiply(x, terms[n]), terms[n - 1])), Decimal(n + 1)))
    row = (*[float(t) for t in reversed(terms)], float(c.subtract(w, Decimal.from_float(float(w)))))
    for keep in _kept_rows:
        keep(eighths, row)
    return row


def _erfcx(x: float) -> tuple[float, float]:
    """exp(x*x)*erfc(x) for x from 0 to 30, as a float and what its rounding left out."""
    eighths = round(8.0 * x)
    d = x - 0.125 * eighths
    *terms, constant, constant_low = _erfcx_terms(eighths)
    sloped = 0.0
    for term in terms:
        sloped = (sloped + term) * d
    w = constant + sloped
    return w, (constant - w) + sloped + constant_low


def erf_dx(x: float) -> float:
    """2/sqrt(pi) * exp(-x*x)."""
    return _gauss(x, 1.0, *_TWO_OVER_ROOT_PI) if x == x else x


def erfc(x: float) -> float:
    """The complementary error function, with all its digits in the tail."""
    if x < 0.5:
        return 1.0 - erf(x)
    return _gauss(x, 1.0, *_erfcx(x)) if x < 28.0 else 0.0 if x == x else x


def gelu(x: float) -> float:
    """x*Phi(x), where Phi(x) = erfc(-x/sqrt(2))/2 is the normal distribution."""
    if 0.0 <= x < 0.5:
        half = 0.5 * x
        return half + half * erf(x * _ROOT_HALF)
    if x >= 0.0:
        return x * (1.0 - _gauss(x, 0.5, 0.5 * _erfcx(x * _ROOT_HALF)[0], 0.0)) if x < 10.0 else x
    if not x > -39.0:
        return -0.0 if x == x else x
    t = -x * _ROOT_HALF
    t_low = _product_error(-x, _ROOT_HALF, t) - x * _ROOT_HALF_LOW
    w, w_low = _erfcx(t)
    w_low += (2.0 * t * w - _TWO_OVER_ROOT_PI[0]) * t_low  # the slope of erfcx, times what t's rounding left out
    factor = 0.5 * x * w
    return _gauss(x, 0.5, factor, _product_error(0.5 * x, w, factor) + 0.5 * x * w_low)


_GELU_ROOT, _GELU_ROOT_LOW = -0.7517915246935645, 1.4956759177009883e-17  # their sum is the root


@cache
def _gelu_terms() -> tuple[float, ...]:
    """Taylor coefficients of Phi/phi + x around the root, highest first: M' = 1 + x*M, and M = -x at the root."""
    r = _GELU_ROOT
    derivatives = [-r, 1.0 - r * r]
    for n in range(1, 30):
        derivatives.append(r * derivatives[n] + n * derivatives[n - 1])
    terms = [m / math.factorial(n) for n, m in enumerate(derivatives)]
    terms[0], terms[1] = 0.0, terms[1] + 1.0
    return tuple(reversed(terms))


def gelu_dx(x: float) -> float:
    """Phi(x) + x*phi(x) = phi(x)*(M(x) + x), M = Phi/phi; around its root by a series, where the sum would cancel."""
    if abs(x) < 0.25:
        return 0.5 + (0.5 * erf(x * _ROOT_HALF) + x * _gauss(x, 0.5, _DENSITY, 0.0))
    if x >= 0.0:
        if x > 10.0:
            return 1.0
        phi = _gauss(x, 0.5, 1.0, 0.0)
        return 1.0 + phi * (x * _DENSITY - 0.5 * _erfcx(x * _ROOT_HALF)[0])
    if not x > -39.0:
        return 0.0 if x == x else x
    d = (x - _GELU_ROOT) - _GELU_ROOT_LOW
    if abs(d) < 0.76:
        h = 0.0
        for term in _gelu_terms():
            h = h * d + term
    else:
        h = 1.2533141373155003 * _erfcx(-x * _ROOT_HALF)[0] + x
    factor = _DENSITY * h
    return _gauss(x, 0.5, factor, _product_error(_DENSITY, h, factor) + _DENSITY_LOW * h)


# ---- logistic functions ------------------------------------------------------------------------------


def _bump(z: float) -> float:
    """z/(1+z)**2, rounded once."""
    one = 1.0 + z
    s = one * one
    return _quotient(z, 0.0, s, _product_error(one, one, s) + 2.0 * one * ((1.0 - one) + z))


def sigmoid(x: float) -> float:
    """1/(1+exp(-x)), from the exponential that does not overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    one = 1.0 + e
    return _quotient(e, 0.0, one, (1.0 - one) + e)


def sigmoid_dx(x: float) -> float:
    """z/(1+z)**2 with z = exp(-|x|): no cancellation in either tail."""
    return _bump(exp(-abs(x)))


def logit(x: float) -> float:
    """log(x/(1-x)); by log1p from 1/4 on, where the quotient is close to 1 and what it differs by is exact."""
    if x < 0.25:
        return log(x) - log1p(-x)
    if x < 0.5:
        return -log1p((1.0 - 2.0 * x) / x)
    if x == 1.0:
        raise ValueError("math domain error")
    return log1p((2.0 * x - 1.0) / (1.0 - x))


def softplus(x: float) -> float:
    """log(1+exp(x)), from the exponential that does not overflow."""
    return x + log1p(exp(-x)) if x > 0.0 else log1p(exp(x))


def logsigmoid(x: float) -> float:
    """log(sigmoid(x)) = -softplus(-x)."""
    return -softplus(-x)


def silu(x: float) -> float:
    """x*sigmoid(x)."""
    if x >= 0.0:
        return x / (1.0 + exp(-x))
    if x < -700.0:  # exp(x) would come near the subnormals, so that 2**200 times the result is computed first
        if x < -800.0:
            return -0.0
        exponent = _LOG_OF_SHIFT + x
        e = exp(exponent)
        p = x * e
        low = _difference_error(_LOG_OF_SHIFT, -x, exponent) + _LOG_OF_SHIFT_LOW
        return (p + (_product_error(x, e, p) + p * low)) * 2.0**-200
    e = exp(x)
    p, one = x * e, 1.0 + e
    return _quotient(p, _product_error(x, e, p), one, (1.0 - one) + e)


_SILU_ROOT, _SILU_ROOT_LOW = -1.2784645427610737, -1.0946994183093437e-16  # their sum is the root
_EXP_OF_ROOT = 0.2784645427610738


def silu_dx(x: float) -> float:
    """sigmoid(x)*(1+x*sigmoid(-x)); left of 0 in a form that does not cancel around its root r.

    With e = exp(x) it is e*(1+x+e)/(1+e)**2. Since 1+r = -exp(r), the middle factor is d + exp(r)*expm1(d) with
    d = x - r, and both terms have the sign of d. Near 0 it is a half and what little is to be added.
    """
    if abs(x) < 0.25:
        return 0.5 + (0.5 * tanh(0.5 * x) + x * sigmoid_dx(x))
    if x >= 0.0:
        return sigmoid(x) * (1.0 + x * sigmoid(-x)) if x < inf else 1.0
    d = (x - _SILU_ROOT) - _SILU_ROOT_LOW
    middle = d + _EXP_OF_ROOT * expm1(d)
    if x < -700.0:
        half = exp(0.5 * x)
        return middle * half * half if x > -inf else -0.0
    e = exp(x)
    one = 1.0 + e
    p, s = e * middle, one * one
    s_low = _product_error(one, one, s) + 2.0 * one * ((1.0 - one) + e)
    return _quotient(p, _product_error(e, middle, p), s, s_low)


# ---- piecewise linear functions, and choosing --------------------------------------------------------


def relu(x: float) -> float:
    """The larger of x and 0; nan stays."""
    return x if x > 0.0 or x != x else 0.0


def leaky_relu(x: float, negative_slope: float) -> float:
    """x above 0, else negative_slope*x."""
    return x if x > 0.0 else negative_slope * x


def elu(x: float, alpha: float) -> float:
    """x above 0, else alpha*(exp(x)-1)."""
    return x if x > 0.0 else alpha * expm1(x)


def maximum(x: float, y: float) -> float:
    """The larger; nan if either is nan."""
    return x if x >= y or x != x else y


def minimum(x: float, y: float) -> float:
    """The smaller; nan if either is nan."""
    return x if x <= y or x != x else y


def clamp(x: float, lo: float, hi: float) -> float:
    """x, held between lo and hi; nan stays."""
    if not lo <= hi:
        raise ValueError(f"lo = {lo!r} is above hi = {hi!r}" if lo > hi else "lo or hi is nan")
    return lo if x < lo else hi if x > hi else x


def copysign(x: float, y: float) -> float:
    """abs(x) with the sign of y; nan if y is nan, whose sign bit means nothing."""
    return math.copysign(x, y) if y == y else y


def largest(xs: Sequence[float]) -> float:
    """The largest; nan if one of them is nan."""
    _check_some(xs)
    return next((x for x in xs if x != x), max(xs))


def smallest(xs: Sequence[float]) -> float:
    """The smallest; nan if one of them is nan."""
    _check_some(xs)
    return next((x for x in xs if x != x), min(xs))


def _check_some(xs: Sequence[float]) -> None:
    if not xs:
        raise ValueError("there are no operands")


# ---- sums and products -------------------------------------------------------------------------------


def total(xs: Sequence[float]) -> float:
    """The sum, rounded once; inf and nan as addition gives them."""
    try:
        return fsum(xs)
    except ValueError:  # inf - inf
        return nan
    except OverflowError:
        return _special(xs) or _exact_total([Fraction(x) for x in xs])


def _special(xs: Sequence[float]) -> float:
    """The sum of those that are not finite, which outweigh the others; 0 where there are none."""
    return sum(x for x in xs if not math.isfinite(x))


def _exact_total(xs: Sequence[Fraction]) -> float:
    exact = sum(xs, Fraction(0))
    try:
        return float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf


def mean(xs: Sequence[float]) -> float:
    """The sum, rounded once, over the number of operands."""
    _check_some(xs)
    try:
        return fsum(xs) / len(xs)
    except ValueError:
        return nan
    except OverflowError:
        return _special(xs) or _exact_total([Fraction(x) / len(xs) for x in xs])


def dot(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The inner product, rounded once: exact products, summed exactly."""
    parts = []
    for x, y in zip(xs, ys, strict=True):
        p = x * y
        if 1e-250 < abs(p) < 1e290 and abs(x) < 1e150 and abs(y) < 1e150:
            parts.append(p)
            parts.append(_product_error(x, y, p))
        elif x != 0.0 and y != 0.0:
            if not all(map(math.isfinite, (*xs, *ys))):  # finite products do not count, even those that overflow
                return sum(x * y for x, y in zip(xs, ys, strict=True) if not math.isfinite(x) or not math.isfinite(y))
            return _exact_total([Fraction(x) * Fraction(y) for x, y in zip(xs, ys, strict=True)])
        elif p != p:  # 0 * inf
            return nan
    return total(parts)


def norm(xs: Sequence[float]) -> float:
    """The Euclidean length, without overflow on the way."""
    return hypot(*xs)


_Scaled = tuple[float, float, int]  # (high + low) * 2**exponent, with high between 1/2 and 1, or 0


def _times(a: _Scaled, b: _Scaled) -> _Scaled:
    p = a[0] * b[0]
    low = _product_error(a[0], b[0], p) + (a[0] * b[1] + a[1] * b[0])
    m, e = math.frexp(p)
    return m, math.ldexp(low, -e), a[2] + b[2] + e


def _split(x: float) -> _Scaled:
    m, e = math.frexp(x)
    return m, 0.0, e


def _joined(a: _Scaled) -> float:
    try:
        return math.ldexp(a[0] + a[1], a[2])
    except OverflowError:
        return math.copysign(inf, a[0])


_ONE: _Scaled = (0.5, 0.0, 1)


def product(xs: Sequence[float]) -> float:
    """The product, with exponents apart and a second word of digits, so that nothing is lost on the way."""
    if not all(map(math.isfinite, xs)):
        return math.prod(xs)
    result = _ONE
    for x in xs:
        result = _times(result, _split(x))
    return _joined(result)


def products_without(xs: Sequence[float]) -> list[float]:
    """For each operand the product of all the others: of those before it and those behind it."""
    if not all(map(math.isfinite, xs)):
        return _plain_products_without(xs)
    behind = [_ONE]
    for x in reversed(xs):
        behind.append(_times(behind[-1], _split(x)))
    before, results = _ONE, []
    for i, x in enumerate(xs):
        results.append(_joined(_times(before, behind[len(xs) - 1 - i])))
        before = _times(before, _split(x))
    return results


def _plain_products_without(xs: Sequence[float]) -> list[float]:
    behind = [1.0]
    for x in reversed(xs):
        behind.append(behind[-1] * x)
    before, results = 1.0, []
    for i, x in enumerate(xs):
        results.append(before * behind[len(xs) - 1 - i])
        before *= x
    return results


# ---- log-sum-exp and softmax -------------------------------------------------------------------------


def _shifted_exponentials(xs: Sequence[float], top: float) -> tuple[list[float], list[float]]:
    """exp(x - top) for each x, and what the rounding of the difference left out of it."""
    exponentials, corrections = [], []
    for x in xs:
        d = x - top
        e = exp(d)
        exponentials.append(e)
        corrections.append(e * _difference_error(x, top, d) if e != 0.0 and d != 0.0 else 0.0)
    return exponentials, corrections


def logsumexp(xs: Sequence[float]) -> float:
    """log(sum(exp(x))) from the largest x; exactly where the result is small and would be cancelled away."""
    top = largest(xs)
    if not math.isfinite(top):
        return top
    exponentials, corrections = _shifted_exponentials(xs, top)
    whole = fsum([*exponentials, *corrections])
    rest, rest_low = log(whole), fsum([*exponentials, *corrections, -whole]) / whole
    result = top + rest
    result += _difference_error(top, -rest, result) + rest_low
    if top >= 0.0 or abs(result) > rest + rest_low:
        return result
    others = list(xs)
    others.remove(top)
    return _exact_logsumexp(Decimal.from_float(top), [Decimal.from_float(x) for x in others if x - top > -2000.0])


def _exact_logsumexp(top: Decimal, others: Sequence[Decimal]) -> float:
    """top + log(1 + rest) by decimals, where the two cancel; a tiny rest is not added to 1, but goes into the series."""
    c, rest = _CANCELLING, Decimal(0)
    for x in others:
        rest = c.add(rest, c.exp(c.subtract(x, top)))
    if rest > Decimal("1e-20"):
        return float(c.add(top, c.ln(c.add(Decimal(1), rest))))
    log_rest = power = rest
    for n in range(2, 6):
        power = c.multiply(power, rest.copy_negate())
        log_rest = c.add(log_rest, c.divide(power, Decimal(n)))
    return float(c.add(top, log_rest))


def logaddexp(x: float, y: float) -> float:
    """log(exp(x)+exp(y))."""
    return logsumexp((x, y))


def softmax(xs: Sequence[float]) -> list[float]:
    """exp(x) over the sum of all of them; equal shares among infinitely large ones."""
    top = largest(xs)
    if not math.isfinite(top):
        ties = [x == top for x in xs]
        return [tie / ties.count(True) for tie in ties] if top == top else [nan] * len(xs)
    exponentials, corrections = _shifted_exponentials(xs, top)
    whole = fsum([*exponentials, *corrections])
    whole_low = fsum([*exponentials, *corrections, -whole])
    return [_quotient(e, c, whole, whole_low) for e, c in zip(exponentials, corrections, strict=True)]


def share(x: float, y: float) -> float:
    """exp(x) over exp(x) + exp(y)."""
    return softmax((x, y))[0]


@cache
def _exp_of_part(parts: int) -> tuple[float, float]:
    """exp(parts/64) as a float and what its rounding left out."""
    exact = _EXACT.exp(_EXACT.divide(Decimal(parts), Decimal(64)))
    high = float(exact)
    return high, float(_EXACT.subtract(exact, Decimal.from_float(high)))


def _exp_pair(d: float, d_low: float) -> tuple[float, float]:
    """exp(d + d_low) for d <= 0 as a float and what its rounding left out, as far as that can matter beside 1."""
    if d < -40.0:
        e = exp(d)
        return e, e * d_low
    parts = round(64.0 * d)
    high, high_low = _exp_of_part(parts)
    t = expm1(d - parts / 64.0)  # the difference is exact
    p = high * t
    low = _product_error(high, t, p) + (high_low * (1.0 + t) + (high + p) * d_low)
    e = high + p
    return e, (high - e) + p + low


def log_softmax(xs: Sequence[float]) -> list[float]:
    """x - logsumexp(xs) for each x: both steps down from the largest have one sign, so that nothing cancels."""
    top = largest(xs)
    if not math.isfinite(top):
        return [log(share) if share != 0.0 else -inf for share in softmax(xs)] if top == top else [nan] * len(xs)
    differences = [(x - top, _difference_error(x, top, x - top) if x - top > -inf else 0.0) for x in xs]
    exponentials = [-1.0]
    for d, d_low in differences:
        exponentials += _exp_pair(d, d_low)
    rest = fsum(exponentials)
    rest_low = fsum([*exponentials, -rest]) / (1.0 + rest)
    log_rest = log1p(rest)
    return [d - (log_rest + (rest_low - d_low)) for d, d_low in differences]
