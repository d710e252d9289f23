"""Every primitive in 50 digits: value and partial derivatives, written for mpmath independently of `autograd`.

Formulas: NIST Digital Library of Mathematical Functions, chapters 4, 5 and 7. Where a function has a kink, the partial is the
convention that the engine documents: a subgradient of least norm, and a symmetric share where operands tie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as m
from mpmath import mpf

__all__ = ["DIGITS", "FUNCTIONS", "LOST", "Truth", "slopes", "truth"]

DIGITS = 50
FUNCTIONS: dict[str, Callable[..., Any]] = {}  # the values alone, for strategies that run programs on mpf
_PARTIALS: dict[str, Callable[..., Sequence[Any]]] = {}
Truth = tuple[Any, Sequence[Any] | None]


def _plain(name: str, value: Callable[..., Any], partials: Callable[..., Sequence[Any]] | None = None) -> None:
    FUNCTIONS[name] = value
    if partials is not None:
        _PARTIALS[name] = partials


def _one(name: str, value: Callable[..., Any], partial: Callable[..., Any]) -> None:
    _plain(name, value, lambda x: [partial(x)])


def _logistic(x: Any) -> Any:
    return 1 / (1 + m.exp(-x)) if x > -1e9 else mpf(0)


def _bell(x: Any) -> Any:
    return 2 / m.sqrt(m.pi) * m.exp(-x * x) if abs(x) < 1e6 else mpf(0)


def _normal(x: Any) -> Any:
    return m.erfc(-x / m.sqrt(2)) / 2 if abs(x) < 1e6 else mpf(x > 0)


def _density(x: Any) -> Any:
    return m.exp(-x * x / 2) / m.sqrt(2 * m.pi) if abs(x) < 1e6 else mpf(0)


def _softplus(x: Any) -> Any:
    return x if x > 1e6 else mpf(0) if x < -1e6 else m.log1p(m.exp(x))


def _sech2(x: Any) -> Any:
    return m.sech(x) ** 2 if abs(x) < 1e6 else mpf(0)


def _sigmoid_dx(x: Any) -> Any:
    return _logistic(x) * _logistic(-x)


def _silu_dx(x: Any) -> Any:
    return _logistic(x) + x * _sigmoid_dx(x)


def _gelu_dx(x: Any) -> Any:
    return _normal(x) + x * _density(x)


def _cbrt(x: Any) -> Any:
    return m.sign(x) * m.cbrt(abs(x))


def _or_inf(divisor: Any) -> Any:
    """A reciprocal that is infinite at the edge of a domain."""
    return 1 / divisor if divisor else m.inf


def _floored(x: Any, y: Any) -> Any:
    with m.workprec(2200):  # the quotient of any two doubles has its whole part exactly
        return m.floor(x / y)


def _remainder(x: Any, y: Any) -> Any:
    with m.workprec(4400):
        return x - y * m.floor(x / y)


def _won(x: Any, y: Any) -> Any:
    return mpf(1) if x > y else mpf(0) if x < y else mpf(1) / 2


def _power_partials(x: Any, y: Any) -> Sequence[Any]:
    if x == 0:
        dx = mpf(0) if y == 0 or y > 1 else mpf(1) if y == 1 else m.inf
        return [dx, mpf(0) if y > 0 else m.nan]
    return [y * x ** (y - 1), x**y * m.log(x) if x > 0 else m.nan]


def _angle(y: Any, x: Any) -> Sequence[Any]:
    r = x * x + y * y
    return [x / r, -y / r] if r else [mpf(0), mpf(0)]


def _shares(xs: Sequence[Any]) -> Sequence[Any]:
    top = max(xs)
    parts = [m.exp(x - top) for x in xs]
    return [part / m.fsum(parts) for part in parts]


def _log_sum(*xs: Any) -> Any:
    *others, top = sorted(xs)
    return top + m.log1p(m.fsum([m.exp(x - top) for x in others]))  # the others may be too small to be added to 1


def _length(*xs: Any) -> Any:
    return m.sqrt(m.fdot(xs, xs))


def _direction(*xs: Any) -> Sequence[Any]:
    h = _length(*xs)
    return [x / h if h else mpf(0) for x in xs]


def _ties(chosen: Any, xs: Sequence[Any]) -> Sequence[Any]:
    count = sum(x == chosen for x in xs)
    return [mpf(x == chosen) / count for x in xs]


def _dot(*both: Any) -> Any:
    half = len(both) // 2
    return m.fdot(both[:half], both[half:])


def _softmax_partials(i: Any, *xs: Any) -> Sequence[Any]:
    shares, k = _shares(xs), int(i)
    rest = m.fsum([p for j, p in enumerate(shares) if j != k])
    return [mpf(0), *[shares[k] * (rest if j == k else -p) for j, p in enumerate(shares)]]


def _log_gamma(x: Any) -> Any:
    return m.loggamma(x) if x > 0 else m.log(m.pi / abs(m.sinpi(x))) - m.loggamma(1 - x)


def _psi(n: int, x: Any) -> Any:
    """Below zero by reflection, because mpmath would step up to it; cot' = -1 - cot**2."""
    if x > 0 or n == 0:
        return m.psi(n, x)
    curve = [mpf(0), mpf(1)]  # the derivative of cot as a polynomial in cot
    for _ in range(n):
        slope = [k * a for k, a in enumerate(curve)][1:]
        curve = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    cot = m.cospi(x) / m.sinpi(x)
    total = mpf(0)
    for a in reversed(curve):  # by hand: mpmath's polyval is changing the order that it takes coefficients in
        total = total * cot + a
    return (-1) ** n * m.psi(n, 1 - x) - m.pi ** (n + 1) * total


def _sinc(x: Any) -> Any:
    return m.sinpi(x) / (m.pi * x) if x else mpf(1)


def _sinc_dn(n: Any, x: Any) -> Any:
    """The power series, with digits to spare where its terms are large; the n-fold product rule where they are too large."""
    with m.workdps(3 * DIGITS):
        n, t = int(n), m.pi * x
        if abs(t) < n + 30:
            first, term = n % 2, (-1) ** ((n + 1) // 2) * t ** (n % 2)
            terms = [term / (first + n + 1)]
            for j in range(first + 2, 4 * n + 300, 2):
                term = -term * t * t / (j * (j - 1))
                terms.append(term / (j + n + 1))
            return m.pi**n * m.fsum(terms)
        sines = (m.sinpi(x), m.cospi(x), -m.sinpi(x), -m.cospi(x))
        over = [(-1) ** k * m.factorial(k) / t ** (k + 1) for k in range(n + 1)]
        return m.pi**n * m.fsum([m.binomial(n, k) * over[k] * sines[(n - k) % 4] for k in range(n + 1)])


def _erfinv(x: Any) -> Any:
    return m.erfinv(x) if abs(x) > mpf(10) ** -40 else m.sqrt(m.pi) / 2 * x


def _erfinv_dx(x: Any) -> Any:
    return m.sqrt(m.pi) / 2 * m.exp(_erfinv(x) ** 2)


def _log_shares(i: Any, *xs: Any) -> Any:
    top = max(xs)
    others = list(xs)
    others.remove(top)  # so that nothing is lost where all others are small
    return xs[int(i)] - top - m.log1p(m.fsum([m.exp(x - top) for x in others]))


def _log_softmax_partials(i: Any, *xs: Any) -> Sequence[Any]:
    shares, k = _shares(xs), int(i)
    rest = m.fsum([p for j, p in enumerate(shares) if j != k])
    return [mpf(0), *[rest if j == k else -p for j, p in enumerate(shares)]]


def _deviations(xs: Sequence[Any]) -> list[Any]:
    with m.workdps(700):  # numbers of all sizes, whose mean must not lose the small ones
        mean = m.fsum(xs) / len(xs)
        return [x - mean for x in xs]


def _variance(ddof: Any, *xs: Any) -> Any:
    return m.fsum([d * d for d in _deviations(xs)]) / (len(xs) - ddof)


def _std_partials(ddof: Any, *xs: Any) -> Sequence[Any]:
    std = m.sqrt(_variance(ddof, *xs))
    return [mpf(0), *[d / ((len(xs) - ddof) * std) if std else mpf(0) for d in _deviations(xs)]]


def _deviation_partials(i: Any, *xs: Any) -> Sequence[Any]:
    return [mpf(0), *[mpf(int(i) == j) - mpf(1) / len(xs) for j in range(len(xs))]]


def _copysign(x: Any, y: Any) -> Any:
    return abs(x) if y > 0 else -abs(x) if y < 0 else m.nan  # mpmath knows no -0.0


def _root(x: Any) -> Any:
    return 1 / m.sqrt(x) if x else m.inf


_plain("add", lambda x, y: x + y, lambda x, y: [mpf(1), mpf(1)])
_plain("subtract", lambda x, y: x - y, lambda x, y: [mpf(1), mpf(-1)])
_plain("multiply", lambda x, y: x * y, lambda x, y: [y, x])
_plain("chain", lambda x, y: x * y if x else mpf(0), lambda x, y: [y, x])
_plain("divide", lambda x, y: x / y, lambda x, y: [1 / y, -x / y**2])
_plain("divide_dy", lambda x, y: -x / y**2, lambda x, y: [-1 / y**2, 2 * x / y**3])
_plain("power", lambda x, y: x**y, _power_partials)
_plain("remainder", _remainder, lambda x, y: [mpf(1), -_floored(x, y)])
_one("negative", lambda x: -x, lambda x: mpf(-1))
_one("positive", lambda x: x, lambda x: mpf(1))
_one("absolute", abs, m.sign)
_one("square", lambda x: x * x, lambda x: 2 * x)
_one("reciprocal", lambda x: 1 / x, lambda x: -1 / x**2)
_one("sqrt", m.sqrt, lambda x: _root(x) / 2)
_one("sqrt_dx", lambda x: _root(x) / 2, lambda x: -(_root(x) ** 3) / 4)
_one("cbrt", _cbrt, lambda x: _or_inf(3 * _cbrt(x) ** 2))
_plain("hypot", _length, _direction)
_one("exp", m.exp, m.exp)
_one("exp2", lambda x: mpf(2) ** x, lambda x: mpf(2) ** x * m.log(2))
_one("expm1", m.expm1, m.exp)
_one("log", m.log, lambda x: 1 / x)
_one("log2", lambda x: m.log(x) / m.log(2), lambda x: 1 / (x * m.log(2)))
_one("log10", m.log10, lambda x: 1 / (x * m.log(10)))
_one("log1p", m.log1p, lambda x: 1 / (1 + x))
_plain("logaddexp", _log_sum, lambda *xs: _shares(xs))
_one("sin", m.sin, m.cos)
_one("cos", m.cos, lambda x: -m.sin(x))
_one("tan", m.tan, lambda x: m.sec(x) ** 2)
_one("arcsin", m.asin, lambda x: _root((1 - x) * (1 + x)))
_one("arccos", m.acos, lambda x: -_root((1 - x) * (1 + x)))
_one("arctan", m.atan, lambda x: 1 / (1 + x * x))
_plain("arctan2", m.atan2, _angle)
_one("sinh", m.sinh, m.cosh)
_one("cosh", m.cosh, m.sinh)
_one("tanh", m.tanh, _sech2)
_one("tanh_dx", _sech2, lambda x: -2 * m.tanh(x) * _sech2(x))
_one("arcsinh", m.asinh, lambda x: 1 / m.sqrt(1 + x * x))
_one("arccosh", m.acosh, lambda x: _root((x - 1) * (x + 1)))
_one("arctanh", m.atanh, lambda x: 1 / ((1 - x) * (1 + x)))
_one("erf", m.erf, _bell)
_one("erfc", lambda x: m.erfc(x) if x < 1e6 else mpf(0), lambda x: -_bell(x))
_one("erf_dx", _bell, lambda x: -2 * x * _bell(x))
_one("erfinv", _erfinv, _erfinv_dx)
_one("erfinv_dx", _erfinv_dx, lambda x: 2 * _erfinv(x) * _erfinv_dx(x) ** 2)
_one("gamma", m.gamma, lambda x: m.gamma(x) * _psi(0, x))
_one("gamma_dx", lambda x: m.gamma(x) * _psi(0, x), lambda x: m.gamma(x) * (_psi(0, x) ** 2 + _psi(1, x)))
_one("lgamma", _log_gamma, lambda x: _psi(0, x))
_one("digamma", lambda x: _psi(0, x), lambda x: _psi(1, x))
_plain("polygamma", lambda n, x: _psi(int(n), x), lambda n, x: [m.nan, _psi(int(n) + 1, x)])
_one("sinc", _sinc, lambda x: _sinc_dn(1, x))
_one("sinc_dx", lambda x: _sinc_dn(1, x), lambda x: _sinc_dn(2, x))
_plain("sinc_dn", _sinc_dn, lambda n, x: [m.nan, _sinc_dn(n + 1, x)])
_one("sigmoid", _logistic, _sigmoid_dx)
_one("sigmoid_dx", _sigmoid_dx, lambda x: -m.tanh(x / 2) * _sigmoid_dx(x))
_one("logit", lambda x: m.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)))
_one("logsigmoid", lambda x: -_softplus(-x), lambda x: _logistic(-x))
_one("softplus", _softplus, _logistic)
_one("relu", lambda x: max(x, mpf(0)), lambda x: mpf(x > 0))
_plain("leaky_relu", lambda x, a: x if x > 0 else a * x, lambda x, a: [mpf(1) if x > 0 else a, m.nan])
_plain("elu", lambda x, a: x if x > 0 else a * m.expm1(x), lambda x, a: [mpf(1) if x > 0 else a * m.exp(x), m.nan])
_one("gelu", lambda x: x * _normal(x), _gelu_dx)
_one("silu", lambda x: x * _logistic(x), _silu_dx)
_plain("maximum", max, lambda x, y: [_won(x, y), _won(y, x)])
_plain("minimum", min, lambda x, y: [_won(y, x), _won(x, y)])
_plain("clamp", lambda x, lo, hi: min(max(x, lo), hi), lambda x, lo, hi: [mpf(lo < x < hi), m.nan, m.nan])
_plain("where", lambda c, x, y: x if c else y, lambda c, x, y: [m.nan, mpf(c != 0), mpf(c == 0)])
_plain("copysign", _copysign, lambda x, y: [m.sign(x) * m.sign(y), mpf(0)])
_plain("sum", lambda *xs: m.fsum(xs), lambda *xs: [mpf(1)] * len(xs))
_plain("prod", lambda *xs: m.fprod(xs), lambda *xs: [m.fprod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))])
_plain("mean", lambda *xs: m.fsum(xs) / len(xs), lambda *xs: [mpf(1) / len(xs)] * len(xs))
_plain("max", max, lambda *xs: _ties(max(xs), xs))
_plain("min", min, lambda *xs: _ties(min(xs), xs))
_plain("logsumexp", _log_sum, lambda *xs: _shares(xs))
_plain("norm", _length, _direction)
_plain("dot", _dot, lambda *both: [*both[len(both) // 2 :], *both[: len(both) // 2]])
_plain("softmax", lambda i, *xs: _shares(xs)[int(i)], _softmax_partials)
_plain("log_softmax", _log_shares, _log_softmax_partials)
_plain("var", _variance, lambda ddof, *xs: [mpf(0), *[2 * d / (len(xs) - ddof) for d in _deviations(xs)]])
_plain("std", lambda ddof, *xs: m.sqrt(_variance(ddof, *xs)), _std_partials)
_plain("deviation", lambda i, *xs: _deviations(xs)[int(i)], _deviation_partials)
# These occur in graphs of derivatives only; their partials are differentiated numerically.
_plain("power_dx", lambda x, y: _power_partials(x, y)[0])
_plain("power_dy", lambda x, y: _power_partials(x, y)[1])
_plain("hypot_dx", lambda x, y: _direction(x, y)[0])
_plain("cbrt_dx", lambda x: _or_inf(3 * _cbrt(x) ** 2))
_plain("tan_dx", lambda x: m.sec(x) ** 2)
_plain("arcsin_dx", lambda x: _root((1 - x) * (1 + x)))
_plain("arctan_dx", lambda x: 1 / (1 + x * x))
_plain("arctan2_dy", lambda y, x: _angle(y, x)[0])
_plain("arctan2_dx", lambda y, x: _angle(y, x)[1])
_plain("arcsinh_dx", lambda x: 1 / m.sqrt(1 + x * x))
_plain("arccosh_dx", lambda x: _root((x - 1) * (x + 1)))
_plain("arctanh_dx", lambda x: 1 / ((1 - x) * (1 + x)))
_plain("silu_dx", _silu_dx)
_plain("gelu_dx", _gelu_dx)


def _below_the_top(xs: Sequence[float], i: int) -> float:
    return min(max(xs) - xs[i], 1500.0) + math.log(len(xs))


# How many ulps a graph of a primitive's partials may lose more than they do on floats, from its operands' numbers and the place
# of one: its share is exp(d) over a sum, where d is how far it lies below the largest, and half an ulp of d is d/2 ulps of
# exp(d). What the sum loses is the mean of the d, weighted by their shares, which is at most the logarithm of their number.
LOST: dict[str, Callable[[Sequence[float], int], float]] = {"logsumexp": _below_the_top, "logaddexp": _below_the_top}


def truth(primitive: Any, operands: Sequence[float], wanted: Sequence[int]) -> tuple[Any, list[Any]] | None:
    """Value and partial derivatives of a primitive in 50 digits.

    Args:
        primitive: the record.
        operands: the numbers of its operands.
        wanted: the positions of the partials asked for.

    Returns:
        The value and the partials as mpf, None in the place of one that does not exist or can't be told; or None where
        nothing is known of this primitive, or its operands are not finite.
    """
    function = FUNCTIONS.get(primitive.name) if not hasattr(primitive, "domain") else primitive.reference
    if function is None or not all(math.isfinite(x) for x in operands):
        return None
    with m.workdps(DIGITS + 10):
        xs = [mpf(x) for x in (*primitive.options.values(), *operands)]  # options come first in the functions here
        try:
            # mpmath has no negative zero, which here decides on the half of the plane.
            value = mpf(math.atan2(*operands)) if primitive.name == "arctan2" and 0.0 in operands else function(*xs)
            partials = _partials_at(primitive, xs[len(primitive.options) :], wanted)
        except (ArithmeticError, ValueError):
            return None
    return value, [None if isinstance(p, m.mpc) or m.isnan(p) else p for p in partials]


def slopes(primitive: Any, operands: Sequence[float], wanted: Sequence[int], direction: Sequence[float]) -> list[Any]:
    """The derivatives of a primitive's partials in a direction.

    Args:
        primitive: the record, one that `truth` knows.
        operands: the numbers of its operands, within the domain.
        wanted: the positions of the partials asked for.
        direction: how much each operand moves.

    Returns:
        For each partial its derivative as mpf, or None where it has none or can't be told.
    """
    if primitive.name == "remainder":  # its partials are flat, with jumps that may be closer than any step
        return [mpf(0)] * len(wanted)
    size = max(1.0, *map(abs, operands))  # the step must be small beside a period as well
    with m.workdps(2 * DIGITS + 2 * math.frexp(size)[1] // 3):
        step = mpf(10) ** -20 / size
        ends = [[x + sign * step * mpf(d) for x, d in zip(operands, direction, strict=True)] for sign in (1, -1)]
        try:
            above, below = (_partials_at(primitive, end, wanted) for end in ends)
            return [_slope(a, b, step) for a, b in zip(above, below, strict=True)]
        except (ArithmeticError, ValueError):
            return [None] * len(wanted)


def _slope(above: Any, below: Any, step: Any) -> Any:
    if any(isinstance(p, m.mpc) or not m.isfinite(p) for p in (above, below)):
        return None
    apart = above - below
    smooth = abs(apart) <= mpf(10) ** -10 * max(abs(above), abs(below))  # a step of 1e-20 moves what is smooth by little
    return apart / (2 * step) if smooth else None


def _partials_at(primitive: Any, xs: Sequence[Any], wanted: Sequence[int]) -> list[Any]:
    own = hasattr(primitive, "domain")
    written = None if own else _PARTIALS.get(primitive.name)
    options = [mpf(x) for x in primitive.options.values()]
    if written is not None:
        partials = written(*options, *xs)
        return [partials[i + len(options)] for i in wanted]
    function = primitive.reference if own else FUNCTIONS[primitive.name]
    return [_numerical(function, xs, i) for i in wanted]


def _numerical(function: Callable[..., Any], xs: Sequence[Any], i: int) -> Any:
    """A central difference so small that it keeps 50 digits in 200, and in more where the operand is large."""
    digits = 4 * DIGITS + max(0, math.frexp(float(xs[i]))[1] // 3)
    with m.workdps(digits):
        step = (min(abs(xs[i]), mpf(1)) or mpf(10) ** -DIGITS) * mpf(10) ** -70
        up, down = ([*xs[:i], xs[i] + h, *xs[i + 1 :]] for h in (step, -step))
        above, below = function(*up), function(*down)
        if isinstance(above, m.mpc) or isinstance(below, m.mpc):
            return m.nan
        found = (above - below) / (2 * step)
        blur = mpf(10) ** -digits * max(abs(above), abs(below)) / step
        return found if abs(found) > blur * mpf(10) ** 20 else m.nan  # too small beside the function to be told from 0
