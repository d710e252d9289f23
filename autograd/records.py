"""The records: every elementary function, once.

Each record is a function on floats (from `kernels`, accurate to 2 ulp) with the rules for its derivatives beside it: for
each operand one, as ordinary arithmetic on ``(z, *operands)``, where ``z`` is the result itself. Handed floats, a rule gives
a number; handed Values, a graph that can be differentiated again. All else that is known of it stands there as well: what a
picture shows, what to do about an error, where its kinks are.

To add a primitive, add its record here, and its name to `autograd` and `operators`. Tests check value and rules of every
record against 50 digits, and that the rules keep to what `translate` understands: arithmetic, comparisons, ``a if c else b``,
and calls of records and of functions that keep to it as well.

Where a plain formula would lose digits (tails, poles, cancellation), the derivative is itself a record with a
careful kernel: that of ``tanh`` is ``tanh_dx``, which has a rule again, so that derivatives
of every order exist. Those records stand in the second half, and are not part of the public face.

Formulas: NIST Digital Library of Mathematical Functions (DLMF), chapters 4 (elementary), 5 (gamma) and 7 (error function);
activations as PyTorch defines them. Conventions at kinks, ties and poles: a subgradient of least norm, and a
symmetric share where arguments tie.
"""

# A rule may call a record that stands below it.
# mypy: disable-error-code="has-type"

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from . import kernels, kernels_exact, modes
from .record import ListPrimitive, NaryPrimitive, Primitive, flat, is_real, is_tracked, number_of, record

INF, NAN = math.inf, math.nan
LN2 = math.log(2.0)
LOG2_E, LOG10_E = 1.4426950408889634, 0.4342944819032518
SCALE = 2.0**600


def settled(x: Any) -> Any:
    """A derivative as the chain rule takes it; while `compile` records a direction, a float where 0 or 1 is looked for.

    >>> settled(2.0)
    2.0
    """
    if not modes.recorders or type(x) is float or (recorder := modes.watching()) is None:
        return x
    return recorder.settled(x)


def flow(upstream: Any, local: Any) -> Any:
    """Upstream gradient times local gradient: the step of the chain rule.

    An upstream gradient of exactly zero stops here, whatever the local gradient is: 0 times inf is 0.

    >>> flow(2.0, 3.0), flow(0.0, float("inf"))
    (6.0, 0.0)
    """
    if modes.recorders:
        upstream, local = settled(upstream), settled(local)
    if type(local) is float:
        if local == 1.0:
            return upstream
        if type(upstream) is float:
            return 0.0 if upstream == 0.0 else upstream * local
    if type(upstream) is float:
        if upstream == 1.0:
            return local
        if upstream == 0.0:
            return 0.0
    return chain(upstream, local)


# ---- arithmetic ------------------------------------------------------------------------------------


@record(dx=lambda z, x, y: 1.0, dy=lambda z, x, y: 1.0, symbol="+")
def add(x: Any, y: Any) -> Any:
    """The sum x + y.

    Derivative:
        1 to each: a sum passes the gradient on.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import add
    >>> add(1.0, 2.0)
    3.0
    """
    return x + y


@record(dx=lambda z, x, y: 1.0, dy=lambda z, x, y: -1.0, symbol="-")
def subtract(x: Any, y: Any) -> Any:
    """The difference x - y.

    Derivative:
        1 and -1.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import subtract
    >>> subtract(1.0, 2.0)
    -1.0
    """
    return x - y


@record(dx=lambda z, x, y: y, dy=lambda z, x, y: x, symbol="*")
def multiply(x: Any, y: Any) -> Any:
    """The product x * y.

    Derivative:
        y and x: a product swaps its inputs.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import multiply
    >>> multiply(2.0, 3.0)
    6.0
    """
    return x * y


@record(
    dx=lambda z, x, y: 1.0 / y,
    dy=lambda z, x, y: divide_dy(x, y),
    symbol="/",
    remedy="keep the divisor away from zero, for instance by adding a small constant to it",
)
def divide(x: Any, y: Any) -> Any:
    """The quotient x / y.

    Derivative:
        1/y and -(x/y)/y.

    Args:
        x: a number or a Value.
        y: a number or a Value, not zero.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ZeroDivisionError: y is zero.

    >>> from autograd import divide
    >>> divide(1.0, 4.0)
    0.25
    """
    return x / y


@record(
    dx=lambda z, x, y: power_dx(x, y),
    dy=lambda z, x, y: power_dy(x, y),
    symbol="**",
    remedy="keep the base positive, or use an integer exponent; cbrt takes roots of negative numbers",
)
def power(x: Any, y: Any) -> Any:
    """The power x ** y.

    Derivative:
        y*x**(y-1) and x**y*log(x), nan in y where x < 0.

    Args:
        x: a number or a Value; not negative, unless y is whole.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: the result would be complex.
        ZeroDivisionError: 0 to a negative power.
        OverflowError: the result is too large.

    >>> from autograd import power
    >>> power(2.0, 10.0)
    1024.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.power(x, y)


@record(
    dx=lambda z, x, y: 1.0,
    dy=lambda z, x, y: _minus_quotient(x, y),
    symbol="%",
    remedy="the divisor of % must not be zero",
    derivatives=["1", "-(x//y)"],
)
def remainder(x: Any, y: Any) -> Any:
    """The remainder x % y, with the sign of y as in Python.

    Derivative:
        1 and -floor(x/y).

    Args:
        x: a number or a Value.
        y: a number or a Value, not zero.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ZeroDivisionError: y is zero.

    >>> from autograd import remainder
    >>> remainder(-7.0, 3.0)
    2.0
    """
    return x % y


@record(dx=lambda z, x: -1.0, symbol="neg", sign="-")
def negative(x: Any) -> Any:
    """The negation -x.

    Derivative:
        -1.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import negative
    >>> negative(2.0)
    -2.0
    """
    return -x


@record(dx=lambda z, x: 1.0, symbol="pos", sign="+")
def positive(x: Any) -> Any:
    """The number itself, +x, as a node of its own.

    Derivative:
        1.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import positive
    >>> positive(2.0)
    2.0
    """
    return x


@record(dx=lambda z, x: _sign(x), symbol="abs", kinks=lambda z, x: x == 0.0)
def absolute(x: Any) -> Any:
    """The absolute value of x.

    Derivative:
        the sign of x, 0 at 0.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import absolute
    >>> absolute(-2.0)
    2.0
    """
    return abs(x)


# ---- powers and roots ------------------------------------------------------------------------------


@record(dx=lambda z, x: 2.0 * x)
def square(x: Any) -> Any:
    """The square x * x.

    Derivative:
        2*x.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import square
    >>> square(3.0)
    9.0
    """
    return kernels.square(x)


@record(
    dx=lambda z, x: -(z * z),
    remedy="keep x away from zero, for instance by adding a small constant to it",
    derivatives=["-1/x**2"],
)
def reciprocal(x: Any) -> Any:
    """The reciprocal 1/x.

    Derivative:
        -1/x**2.

    Args:
        x: a number or a Value, not zero.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ZeroDivisionError: x is zero.

    >>> from autograd import reciprocal
    >>> reciprocal(4.0)
    0.25
    """
    return kernels.reciprocal(x)


@record(
    dx=lambda z, x: sqrt_dx(x),
    remedy="the square root is real for x >= 0 only; clamp x first, or take cbrt",
    kinks=lambda z, x: z == 0.0,
)
def sqrt(x: Any) -> Any:
    """The square root of x.

    Derivative:
        1/(2*sqrt(x)), inf at 0.

    Args:
        x: a number or a Value, not negative.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is negative.

    >>> from autograd import sqrt
    >>> sqrt(9.0)
    3.0
    """
    return kernels.sqrt(x)


@record(dx=lambda z, x: cbrt_dx(x))
def cbrt(x: Any) -> Any:
    """The real cube root of x.

    Derivative:
        1/(3*cbrt(x)**2), inf at 0.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import cbrt
    >>> cbrt(-8.0)
    -2.0
    """
    return kernels.cbrt(x)


@record(
    dx=lambda z, x, y: hypot_dx(x, y),
    dy=lambda z, x, y: hypot_dx(y, x),
    derivatives=["x/hypot(x, y)", "y/hypot(x, y)"],
    kinks=lambda z, x, y: z == 0.0,
)
def hypot(x: Any, y: Any = 0.0) -> Any:
    """The length sqrt(x*x + y*y) without overflow on the way; y is 0 if left out.

    Derivative:
        x/h and y/h, 0 at the origin.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import hypot
    >>> hypot(3.0, 4.0)
    5.0
    """
    return kernels.hypot(x, y)


# ---- exponentials and logarithms -------------------------------------------------------------------

_LOG_REMEDY = "the logarithm is real for positive numbers only; clamp x first, or add a small constant to it"


@record(dx=lambda z, x: z)
def exp(x: Any) -> Any:
    """e to the power x.

    Derivative:
        exp(x), the result itself.

    Args:
        x: a number or a Value, up to 709.78.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        OverflowError: the result is too large.

    >>> from autograd import exp
    >>> exp(0.0)
    1.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.exp(x)


@record(dx=lambda z, x: z * LN2)
def exp2(x: Any) -> Any:
    """2 to the power x.

    Derivative:
        2**x * log(2).

    Args:
        x: a number or a Value, below 1024.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        OverflowError: the result is too large.

    >>> from autograd import exp2
    >>> exp2(3.0)
    8.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.exp2(x)


@record(dx=lambda z, x: exp(x))
def expm1(x: Any) -> Any:
    """exp(x) - 1 without cancellation near 0.

    Derivative:
        exp(x).

    Args:
        x: a number or a Value, up to 709.78.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        OverflowError: the result is too large.

    >>> from autograd import expm1
    >>> expm1(1e-20)
    1e-20

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.expm1(x)


@record(dx=lambda z, x: 1.0 / x, remedy=_LOG_REMEDY)
def log(x: Any) -> Any:
    """The natural logarithm.

    Derivative:
        1/x.

    Args:
        x: a number or a Value, above 0.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import log
    >>> log(1.0)
    0.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.log(x)


@record(dx=lambda z, x: LOG2_E / x, remedy=_LOG_REMEDY)
def log2(x: Any) -> Any:
    """The logarithm to base 2.

    Derivative:
        1/(x*log(2)).

    Args:
        x: a number or a Value, above 0.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import log2
    >>> log2(8.0)
    3.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.log2(x)


@record(dx=lambda z, x: LOG10_E / x, remedy=_LOG_REMEDY)
def log10(x: Any) -> Any:
    """The logarithm to base 10.

    Derivative:
        1/(x*log(10)).

    Args:
        x: a number or a Value, above 0.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import log10
    >>> log10(1000.0)
    3.0

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.log10(x)


@record(dx=lambda z, x: 1.0 / (1.0 + x), remedy="log1p is real for x > -1 only; clamp x first")
def log1p(x: Any) -> Any:
    """log(1 + x) without cancellation near 0.

    Derivative:
        1/(1 + x).

    Args:
        x: a number or a Value, above -1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import log1p
    >>> log1p(1e-20)
    1e-20

    References:
        DLMF 4.2, 4.7.
    """
    return kernels.log1p(x)


@record(dx=lambda z, x, y: _share(x, y, z), dy=lambda z, x, y: _share(y, x, z))
def logaddexp(x: Any, y: Any) -> Any:
    """log(exp(x) + exp(y)) without overflow.

    Derivative:
        the share of each: sigmoid(x - y) and sigmoid(y - x).

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import logaddexp
    >>> logaddexp(1000.0, 0.0)
    1000.0
    """
    return kernels.logaddexp(x, y)


# ---- trigonometry ----------------------------------------------------------------------------------

_UNIT_REMEDY = "the argument must lie between -1 and 1; clamp it first"


@record(dx=lambda z, x: cos(x), remedy="angles must be finite")
def sin(x: Any) -> Any:
    """The sine of x in radians.

    Derivative:
        cos(x).

    Args:
        x: a number or a Value, finite.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is infinite.

    >>> from autograd import sin
    >>> sin(0.0)
    0.0

    References:
        DLMF 4.14, 4.20.
    """
    return kernels.sin(x)


@record(dx=lambda z, x: -sin(x), remedy="angles must be finite")
def cos(x: Any) -> Any:
    """The cosine of x in radians.

    Derivative:
        -sin(x).

    Args:
        x: a number or a Value, finite.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is infinite.

    >>> from autograd import cos
    >>> cos(0.0)
    1.0

    References:
        DLMF 4.14, 4.20.
    """
    return kernels.cos(x)


@record(dx=lambda z, x: tan_dx(x), remedy="angles must be finite")
def tan(x: Any) -> Any:
    """The tangent of x in radians.

    Derivative:
        1/cos(x)**2.

    Args:
        x: a number or a Value, finite.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is infinite.

    >>> from autograd import tan
    >>> tan(0.0)
    0.0

    References:
        DLMF 4.14, 4.20.
    """
    return kernels.tan(x)


@record(dx=lambda z, x: arcsin_dx(x), remedy=_UNIT_REMEDY)
def arcsin(x: Any) -> Any:
    """The inverse sine, in radians.

    Derivative:
        1/sqrt((1-x)*(1+x)), inf at -1 and 1.

    Args:
        x: a number or a Value, from -1 to 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import arcsin
    >>> arcsin(0.0)
    0.0

    References:
        DLMF 4.23, 4.24(ii).
    """
    return kernels.arcsin(x)


@record(dx=lambda z, x: -arcsin_dx(x), remedy=_UNIT_REMEDY)
def arccos(x: Any) -> Any:
    """The inverse cosine, in radians.

    Derivative:
        -1/sqrt((1-x)*(1+x)), -inf at -1 and 1.

    Args:
        x: a number or a Value, from -1 to 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import arccos
    >>> arccos(1.0)
    0.0

    References:
        DLMF 4.23, 4.24(ii).
    """
    return kernels.arccos(x)


@record(dx=lambda z, x: arctan_dx(x))
def arctan(x: Any) -> Any:
    """The inverse tangent, in radians.

    Derivative:
        1/(1 + x**2).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import arctan
    >>> arctan(0.0)
    0.0

    References:
        DLMF 4.23, 4.24(ii).
    """
    return kernels.arctan(x)


@record(dy=lambda z, y, x: arctan2_dy(y, x), dx=lambda z, y, x: arctan2_dx(y, x))
def arctan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y), in radians.

    Derivative:
        x/(x**2 + y**2) and -y/(x**2 + y**2), 0 at the origin.

    Args:
        y: a number or a Value.
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import arctan2
    >>> arctan2(0.0, 1.0)
    0.0

    References:
        DLMF 4.23, 4.24(ii).
    """
    return kernels.arctan2(y, x)


# ---- hyperbolic functions --------------------------------------------------------------------------


@record(dx=lambda z, x: cosh(x))
def sinh(x: Any) -> Any:
    """The hyperbolic sine.

    Derivative:
        cosh(x).

    Args:
        x: a number or a Value, within 710.47 of 0.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        OverflowError: the result is too large.

    >>> from autograd import sinh
    >>> sinh(0.0)
    0.0

    References:
        DLMF 4.28, 4.34.
    """
    return kernels.sinh(x)


@record(dx=lambda z, x: sinh(x))
def cosh(x: Any) -> Any:
    """The hyperbolic cosine.

    Derivative:
        sinh(x).

    Args:
        x: a number or a Value, within 710.47 of 0.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        OverflowError: the result is too large.

    >>> from autograd import cosh
    >>> cosh(0.0)
    1.0

    References:
        DLMF 4.28, 4.34.
    """
    return kernels.cosh(x)


@record(dx=lambda z, x: tanh_dx(x))
def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    Derivative:
        1/cosh(x)**2, to the last digit in the tails too.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import tanh
    >>> tanh(0.0)
    0.0

    References:
        DLMF 4.28, 4.34.
    """
    return kernels.tanh(x)


@record(dx=lambda z, x: arcsinh_dx(x))
def arcsinh(x: Any) -> Any:
    """The inverse hyperbolic sine.

    Derivative:
        1/sqrt(1 + x**2).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import arcsinh
    >>> arcsinh(0.0)
    0.0

    References:
        DLMF 4.37, 4.38(ii).
    """
    return kernels.arcsinh(x)


@record(dx=lambda z, x: arccosh_dx(x), remedy="arccosh is real for x >= 1 only; clamp x first")
def arccosh(x: Any) -> Any:
    """The inverse hyperbolic cosine.

    Derivative:
        1/sqrt(x**2 - 1), inf at 1.

    Args:
        x: a number or a Value, at least 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import arccosh
    >>> arccosh(1.0)
    0.0

    References:
        DLMF 4.37, 4.38(ii).
    """
    return kernels.arccosh(x)


@record(dx=lambda z, x: arctanh_dx(x), remedy="arctanh is finite strictly between -1 and 1 only; clamp x first")
def arctanh(x: Any) -> Any:
    """The inverse hyperbolic tangent.

    Derivative:
        1/((1-x)*(1+x)).

    Args:
        x: a number or a Value, strictly between -1 and 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import arctanh
    >>> arctanh(0.0)
    0.0

    References:
        DLMF 4.37, 4.38(ii).
    """
    return kernels.arctanh(x)


# ---- the error function ----------------------------------------------------------------------------


@record(dx=lambda z, x: erf_dx(x))
def erf(x: Any) -> Any:
    """The error function.

    Derivative:
        2/sqrt(pi) * exp(-x**2).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import erf
    >>> erf(0.0)
    0.0

    References:
        DLMF 7.2, 7.10.
    """
    return kernels.erf(x)


@record(dx=lambda z, x: -erf_dx(x))
def erfc(x: Any) -> Any:
    """The complementary error function 1 - erf(x), accurate in its tail.

    Derivative:
        -2/sqrt(pi) * exp(-x**2).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import erfc
    >>> erfc(0.0)
    1.0

    References:
        DLMF 7.2, 7.10.
    """
    return kernels.erfc(x)


_OPEN_REMEDY = "the argument must lie strictly between -1 and 1; clamp it first"


@record(dx=lambda z, x: erfinv_dx(x), remedy=_OPEN_REMEDY)
def erfinv(x: Any) -> Any:
    """The inverse of the error function: erf(erfinv(x)) is x.

    Derivative:
        sqrt(pi)/2 * exp(erfinv(x)**2).

    Args:
        x: a number or a Value, strictly between -1 and 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import erfinv
    >>> erfinv(0.5)
    0.4769362762044699

    References:
        DLMF 7.17.
    """
    return kernels_exact.erfinv(x)


# ---- the gamma function ----------------------------------------------------------------------------

_POLE_REMEDY = "keep x away from 0, -1, -2, ..."


@record(dx=lambda z, x: gamma_dx(x), remedy=_POLE_REMEDY)
def gamma(x: Any) -> Any:
    """The gamma function, whose value at n + 1 is the factorial of n.

    Derivative:
        gamma(x)*digamma(x).

    Args:
        x: a number or a Value, up to 171.6, except 0, -1, -2, ...

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is 0 or a negative whole number.
        OverflowError: the result is too large.

    >>> from autograd import gamma
    >>> gamma(5.0)
    24.0

    References:
        DLMF 5.2.
    """
    return kernels_exact.gamma(x)


@record(dx=lambda z, x: digamma(x), remedy=_POLE_REMEDY)
def lgamma(x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function, to the last digit beside its zeros as well.

    Derivative:
        digamma(x).

    Args:
        x: a number or a Value, except 0, -1, -2, ...

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is 0 or a negative whole number.
        OverflowError: the result is too large.

    >>> from autograd import lgamma
    >>> lgamma(3.0)
    0.6931471805599453

    References:
        DLMF 5.2.
    """
    return kernels_exact.lgamma(x)


@record(dx=lambda z, x: polygamma(1.0, x), remedy=_POLE_REMEDY)
def digamma(x: Any) -> Any:
    """The derivative of lgamma, gamma'(x)/gamma(x).

    Derivative:
        polygamma(1, x).

    Args:
        x: a number or a Value, except 0, -1, -2, ...

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is 0 or a negative whole number.

    >>> from autograd import digamma
    >>> digamma(1.0)
    -0.5772156649015329

    References:
        DLMF 5.2.
    """
    return kernels_exact.digamma(x)


@record(
    dx=lambda z, n, x: polygamma(n + 1.0, x),
    remedy="write polygamma(n, x) with n from 0 to 200, and keep x away from 0, -1, -2, ...",
)
def polygamma(n: Any, x: Any) -> Any:
    """The derivative of order n of digamma; that of order 0 is digamma itself.

    Derivative:
        polygamma(n + 1, x) in x.

    Args:
        n: the order, a plain whole number from 0 to 200.
        x: a number or a Value, except 0, -1, -2, ...

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is 0 or a negative whole number. Or n is not an order.

    >>> from autograd import polygamma
    >>> polygamma(1, 1.0)
    1.6449340668482264

    References:
        DLMF 5.15.
    """
    return kernels_exact.polygamma(n, x)


# ---- sinc ------------------------------------------------------------------------------------------


@record(dx=lambda z, x: sinc_dx(x))
def sinc(x: Any) -> Any:
    """sin(pi*x)/(pi*x), 1 at 0: the normalized sinc, as `numpy.sinc` defines it. The other one, sin(x)/x, which
    `sympy.sinc` means, is sinc(x / math.pi).

    Derivative:
        (cos(pi*x) - sinc(x))/x, 0 at 0.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import sinc
    >>> sinc(0.5)
    0.6366197723675814
    """
    return kernels_exact.sinc(x)


# ---- activations -----------------------------------------------------------------------------------


@record(dx=lambda z, x: sigmoid_dx(x))
def sigmoid(x: Any) -> Any:
    """The logistic function 1/(1 + exp(-x)).

    Derivative:
        sigmoid(x)*(1 - sigmoid(x)), to the last digit in the tails.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import sigmoid
    >>> sigmoid(0.0)
    0.5
    """
    return kernels.sigmoid(x)


@record(
    dx=lambda z, x: 1.0 / (x * (1.0 - x)),
    remedy="the argument must lie strictly between 0 and 1; clamp it first",
)
def logit(x: Any) -> Any:
    """The logarithm of the odds x/(1-x): the inverse of sigmoid.

    Derivative:
        1/(x*(1 - x)).

    Args:
        x: a number or a Value, strictly between 0 and 1.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: x is outside the domain.

    >>> from autograd import logit
    >>> logit(0.5)
    0.0
    """
    return kernels.logit(x)


@record(dx=lambda z, x: sigmoid(-x))
def logsigmoid(x: Any) -> Any:
    """log(sigmoid(x)) without underflow.

    Derivative:
        sigmoid(-x).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import logsigmoid
    >>> logsigmoid(-1000.0)
    -1000.0
    """
    return kernels.logsigmoid(x)


@record(dx=lambda z, x: sigmoid(x))
def softplus(x: Any) -> Any:
    """log(1 + exp(x)) without overflow.

    Derivative:
        sigmoid(x).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import softplus
    >>> softplus(1000.0)
    1000.0
    """
    return kernels.softplus(x)


@record(dx=lambda z, x: 1.0 if x > 0.0 else _zero_or_nan(x), kinks=lambda z, x: x == 0.0)
def relu(x: Any) -> Any:
    """The larger of x and 0.

    Derivative:
        1 above 0, else 0.

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import relu
    >>> relu(-2.0)
    0.0
    """
    return kernels.relu(x)


@record(
    dx=lambda z, x, negative_slope: 1.0 if x > 0.0 else negative_slope + _zero_or_nan(x),
    kinks=lambda z, x, negative_slope: x == 0.0,
)
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x above 0, else negative_slope * x.

    Derivative:
        1 above 0, else negative_slope.

    Args:
        x: a number or a Value.
        negative_slope: the slope below 0, a plain number.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import leaky_relu
    >>> leaky_relu(-2.0, 0.5)
    -1.0
    """
    return kernels.leaky_relu(x, negative_slope)


@record(dx=lambda z, x, alpha: 1.0 if x > 0.0 else alpha * exp(x), kinks=lambda z, x, alpha: x == 0.0)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, else alpha * (exp(x) - 1).

    Derivative:
        1 above 0, else alpha*exp(x).

    Args:
        x: a number or a Value.
        alpha: minus the limit far below 0, a plain number.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import elu
    >>> elu(2.0)
    2.0
    """
    return kernels.elu(x, alpha)


@record(dx=lambda z, x: gelu_dx(x))
def gelu(x: Any) -> Any:
    """x times the normal distribution function of x (the exact form, with erf).

    Derivative:
        Phi(x) + x*phi(x).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import gelu
    >>> gelu(0.0)
    0.0
    """
    return kernels.gelu(x)


@record(dx=lambda z, x: silu_dx(x))
def silu(x: Any) -> Any:
    """x * sigmoid(x).

    Derivative:
        sigmoid(x)*(1 + x*sigmoid(-x)).

    Args:
        x: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import silu
    >>> silu(0.0)
    0.0
    """
    return kernels.silu(x)


# ---- choosing --------------------------------------------------------------------------------------


@record(dx=lambda z, x, y: _won(x, y), dy=lambda z, x, y: _won(y, x), kinks=lambda z, x, y: x == y)
def maximum(x: Any, y: Any) -> Any:
    """The larger of x and y; nan if either is nan.

    Derivative:
        1 to the larger, one half each where they tie.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import maximum
    >>> maximum(1.0, 2.0)
    2.0
    """
    return kernels.maximum(x, y)


@record(dx=lambda z, x, y: _won(y, x), dy=lambda z, x, y: _won(x, y), kinks=lambda z, x, y: x == y)
def minimum(x: Any, y: Any) -> Any:
    """The smaller of x and y; nan if either is nan.

    Derivative:
        1 to the smaller, one half each where they tie.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import minimum
    >>> minimum(1.0, 2.0)
    1.0
    """
    return kernels.minimum(x, y)


@record(
    dx=lambda z, x, lo, hi: 1.0 if lo < x < hi else _zero_or_nan(x),
    remedy="write clamp(x, lo, hi) with lo <= hi",
    kinks=lambda z, x, lo, hi: x in (lo, hi),
)
def clamp(x: Any, lo: Any, hi: Any) -> Any:
    """x, held between lo and hi.

    Derivative:
        1 strictly inside, 0 at the bounds and outside.

    Args:
        x: a number or a Value.
        lo: the lower bound, a plain number.
        hi: the upper bound, a plain number, not below lo.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: lo is above hi.

    >>> from autograd import clamp
    >>> clamp(5.0, 0.0, 1.0)
    1.0
    """
    return kernels.clamp(x, lo, hi)


def _left_out(x: Any) -> Any:
    """The plain number of an operand; while `compile` records, a constant that is computed anew each time."""
    return x.detach() if modes.recorders and modes.watching() is not None else x.data


class Choice(Primitive):
    """`where`: the operand left out goes in as a plain number, so that nothing flows back to it, not even 0 times inf."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        """Compute the choice; see the record's own docstring."""
        try:
            condition, x, y = self.__signature__.bind(*operands, **named).args
        except TypeError:
            return super().__call__(*operands, **named)  # says what is wrong
        if is_real(condition) and is_tracked(x) and is_tracked(y) and not modes.stands_for_a_float(x if condition else y):
            x, y = (x, _left_out(y)) if condition else (_left_out(x), y)
        return super().__call__(condition, x, y)


@record(
    kind=Choice,
    dx=lambda z, condition, x, y: 1.0 if condition else 0.0,
    dy=lambda z, condition, x, y: 0.0 if condition else 1.0,
)
def where(condition: Any, x: Any, y: Any) -> Any:
    """x if the condition holds, else y. Both are computed before, so both must be inside their domains; the one left
    out is a plain number in the result, and no gradient flows into it, not even where its derivative is infinite.

    Derivative:
        1 to the one chosen.

    Args:
        condition: a bool or a plain number.
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import where
    >>> where(2 > 1, 3.0, 4.0)
    3.0
    """
    return x if condition else y


@record(
    dx=lambda z, x, y: _sign(x) * _sign_bit(y),
    dy=lambda z, x, y: _zero_or_nan(y),
    kinks=lambda z, x, y: x == 0.0 or y == 0.0,
)
def copysign(x: Any, y: Any) -> Any:
    """The absolute value of x with the sign of y, that of -0.0 too; nan if y is nan, unlike in math.

    Derivative:
        to x the product of both signs, 0 at x = 0; to y 0.

    Args:
        x: a number or a Value.
        y: a number or a Value.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import copysign
    >>> copysign(2.0, -0.0)
    -2.0
    """
    return kernels.copysign(x, y)


# ---- many operands, one node -----------------------------------------------------------------------


@record(kind=NaryPrimitive, dxs=lambda z, xs: (1.0,) * len(xs))
def sum(xs: Sequence[Any], /) -> Any:
    """The sum of a sequence, rounded once.

    Derivative:
        1 to each.

    Args:
        xs: an iterable of numbers and Values; 0.0 is the sum of none.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import sum
    >>> sum([0.1] * 10)
    1.0
    """
    return kernels.total(xs)


@record(kind=NaryPrimitive, dxs=lambda z, xs: _products_without(xs), derivatives=["times(others)"])
def prod(xs: Sequence[Any], /) -> Any:
    """The product of a sequence.

    Derivative:
        to each the product of all the others, exact where some are zero.

    Args:
        xs: an iterable of numbers and Values; 1.0 is the product of none.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import prod
    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    return kernels.product(xs)


@record(kind=NaryPrimitive, dxs=lambda z, xs: (1.0 / len(xs),) * len(xs), remedy="give it at least one operand")
def mean(xs: Sequence[Any], /) -> Any:
    """The arithmetic mean of a sequence.

    Derivative:
        1/n to each.

    Args:
        xs: an iterable of numbers and Values, at least one.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import mean
    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return kernels.mean(xs)


@record(
    kind=NaryPrimitive,
    dxs=lambda z, xs: _tied_shares(z, xs),
    remedy="give it at least one operand",
    kinks=lambda z, xs: xs.count(z) > 1,
)
def max(xs: Any, /, *others: Any) -> Any:
    """The largest of a sequence; nan if one of them is.

    Derivative:
        1/k to each of the k largest, 0 to the others.

    Args:
        xs: an iterable of numbers and Values, at least one; or one operand of several.
        others: the other operands.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import max
    >>> max([1.0, 3.0, 2.0])
    3.0
    """
    return kernels.largest(xs)


@record(
    kind=NaryPrimitive,
    dxs=lambda z, xs: _tied_shares(z, xs),
    remedy="give it at least one operand",
    kinks=lambda z, xs: xs.count(z) > 1,
)
def min(xs: Any, /, *others: Any) -> Any:
    """The smallest of a sequence; nan if one of them is.

    Derivative:
        1/k to each of the k smallest, 0 to the others.

    Args:
        xs: an iterable of numbers and Values, at least one; or one operand of several.
        others: the other operands.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import min
    >>> min([1.0, 3.0, 2.0])
    1.0
    """
    return kernels.smallest(xs)


@record(
    kind=NaryPrimitive,
    dxs=lambda z, xs: _softmax_of(z, xs),
    derivatives=["exp(xs[i] - logsumexp(xs))"],
    remedy="give it at least one operand",
)
def logsumexp(xs: Sequence[Any], /) -> Any:
    """log(sum of exp(x)) without overflow.

    Derivative:
        the softmax of the operands.

    Args:
        xs: an iterable of numbers and Values, at least one.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import logsumexp
    >>> logsumexp([1000.0, -1000.0])
    1000.0
    """
    return kernels.logsumexp(xs)


@record(kind=NaryPrimitive, dxs=lambda z, xs: _direction(z, xs), kinks=lambda z, xs: z == 0.0)
def norm(xs: Sequence[Any], /) -> Any:
    """The Euclidean length of a sequence, without overflow on the way.

    Derivative:
        x/norm to each, 0 at the origin.

    Args:
        xs: an iterable of numbers and Values; 0.0 is the length of none.

    Returns:
        A float for plain numbers, a Value for Values.

    >>> from autograd import norm
    >>> norm([3.0, 4.0])
    5.0
    """
    return kernels.norm(xs)


@record(kind=NaryPrimitive, dxs=lambda z, xs, ys: ys, dys=lambda z, xs, ys: xs)
def dot(xs: Sequence[Any], ys: Sequence[Any], /) -> Any:
    """The inner product of two sequences, rounded once.

    Derivative:
        to each the operand that it meets.

    Args:
        xs: an iterable of numbers and Values.
        ys: another one, of the same length.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: the lengths differ.

    >>> from autograd import dot
    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    return kernels.dot(xs, ys)


@record(
    kind=ListPrimitive,
    dxs=lambda z, xs, component: _of_component(softmax(xs), component, lambda p: z * p),
    derivatives=["p[component]*(1 - p[component]) if i == component else -p[component]*p[i]"],
    remedy="give it at least one operand",
)
def softmax(xs: Sequence[Any], /) -> list[Any]:
    """exp(x_i) over the sum of all exp(x_j), as a list; each component is one node.

    Derivative:
        p_i*(1 - p_i) to its own operand, -p_i*p_j to the others.

    Args:
        xs: an iterable of numbers and Values, at least one.

    Returns:
        A list of floats if all operands are plain numbers, else of Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import softmax
    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return kernels.softmax(xs)


@record(
    kind=ListPrimitive,
    dxs=lambda z, xs, component: _of_component(softmax(xs), component, lambda p: p),
    derivatives=["1 - p[component] if i == component else -p[i]"],
    remedy="give it at least one operand",
)
def log_softmax(xs: Sequence[Any], /) -> list[Any]:
    """The logarithm of the softmax, x_i - logsumexp(x), as a list; each component is one node.

    Derivative:
        1 - p_i to its own operand, -p_j to the others, where p is the softmax.

    Args:
        xs: an iterable of numbers and Values, at least one.

    Returns:
        A list of floats if all operands are plain numbers, else of Values.

    Raises:
        ValueError: there are no operands.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    return kernels.log_softmax(xs)


@record(
    kind=NaryPrimitive,
    dxs=lambda z, xs, ddof: _var_dxs(xs, ddof),
    derivatives=["2*(xs[i] - mean(xs))/(len(xs) - ddof)"],
    remedy="give it more operands than ddof",
)
def var(xs: Sequence[Any], /, *, ddof: float = 0.0) -> Any:
    """The variance of a sequence, the mean of its squared deviations from its mean, rounded once. As in NumPy, the
    divisor is n - ddof: ddof=1 estimates the variance of what the sequence was drawn from.

    Derivative:
        2*(x - mean)/(n - ddof) to each.

    Args:
        xs: an iterable of numbers and Values, more than ddof.
        ddof: what to subtract from their number, a plain number.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no more operands than ddof. (NumPy gives nan there.)

    >>> from autograd import var
    >>> var([1.0, 2.0, 6.0], ddof=1)
    7.0
    """
    return kernels_exact.var(ddof, xs)


@record(
    kind=NaryPrimitive,
    dxs=lambda z, xs, ddof: _std_dxs(z, xs, ddof),
    derivatives=["0 if max(xs) == min(xs) else (xs[i] - mean(xs))/((len(xs) - ddof)*std(xs, ddof=ddof))"],
    remedy="give it more operands than ddof",
    kinks=lambda z, xs: z == 0.0,
)
def std(xs: Sequence[Any], /, *, ddof: float = 0.0) -> Any:
    """The standard deviation of a sequence, the root of its variance; ddof as in var.

    Derivative:
        (x - mean)/((n - ddof)*std) to each, 0 where all operands are equal: the subgradient of least norm.

    Args:
        xs: an iterable of numbers and Values, more than ddof.
        ddof: what to subtract from their number, a plain number.

    Returns:
        A float for plain numbers, a Value for Values.

    Raises:
        ValueError: there are no more operands than ddof. (NumPy gives nan there.)

    >>> from autograd import std
    >>> std([1.0, 3.0])
    1.0
    """
    return kernels_exact.std(ddof, xs)


# ---- derivatives with records of their own ---------------------------------------------------------
# Each is the partial of a record above, by a kernel that keeps the digits; its own partials are plain.


@record(dupstream=lambda z, upstream, local: local, dlocal=lambda z, upstream, local: upstream, symbol="*", inner=True)
def chain(upstream: Any, local: Any) -> Any:
    """Upstream gradient times local gradient; an upstream gradient of zero stops."""
    return 0.0 if upstream == 0.0 else upstream * local


@record(dx=lambda z, x, y: -(1.0 / y / y), dy=lambda z, x, y: -2.0 * divide_dy(x, y) / y, formula="-x/y**2", inner=True)
def divide_dy(x: Any, y: Any) -> Any:
    """-x/y**2, the partial of x/y with respect to y."""
    return kernels.divide_dy(x, y)


@record(dx=lambda z, x, y: _power_dxdx(z, x, y), dy=lambda z, x, y: _power_dxdy(x, y), formula="y*x**(y - 1)", inner=True)
def power_dx(x: Any, y: Any) -> Any:
    """y*x**(y-1), the partial of x**y with respect to x."""
    return kernels.power_dx(x, y)


@record(
    dx=lambda z, x, y: _power_dxdy(x, y),
    dy=lambda z, x, y: z * log(x) if x > 0.0 else _zero_power(x),
    formula="x**y*log(x)",
    inner=True,
)
def power_dy(x: Any, y: Any) -> Any:
    """x**y*log(x), the partial of x**y with respect to y."""
    return kernels.power_dy(x, y)


@record(
    dx=lambda z, x, y: _per_length(square(hypot_dx(y, x)), x, y),
    dy=lambda z, x, y: _per_length(-(z * hypot_dx(y, x)), x, y),
    formula="x/hypot(x, y)",
    inner=True,
)
def hypot_dx(x: Any, y: Any) -> Any:
    """x/hypot(x, y), the partial of hypot with respect to x."""
    return kernels.hypot_dx(x, y)


@record(dx=lambda z, x: -2.0 * (z * z * z), formula="1/(2*sqrt(x))", inner=True)
def sqrt_dx(x: Any) -> Any:
    """1/(2*sqrt(x)), the partial of sqrt."""
    return kernels.sqrt_dx(x)


@record(dx=lambda z, x: -6.0 * cbrt(x) * (z * z * z), formula="1/(3*cbrt(x)**2)", inner=True)
def cbrt_dx(x: Any) -> Any:
    """1/(3*cbrt(x)**2), of cbrt."""
    return kernels.cbrt_dx(x)


@record(dx=lambda z, x: 2.0 * tan(x) * z, formula="1/cos(x)**2", inner=True)
def tan_dx(x: Any) -> Any:
    """1/cos(x)**2, of tan."""
    return kernels.tan_dx(x)


@record(dx=lambda z, x: -2.0 * tanh(x) * z, formula="1 - tanh(x)**2", inner=True)
def tanh_dx(x: Any) -> Any:
    """1/cosh(x)**2, of tanh."""
    return kernels.tanh_dx(x)


@record(dx=lambda z, x: x * (z * z * z), formula="1/sqrt(1 - x**2)", inner=True)
def arcsin_dx(x: Any) -> Any:
    """1/sqrt((1-x)*(1+x)), of arcsin."""
    return kernels.arcsin_dx(x)


@record(dx=lambda z, x: -2.0 * x * (z * z), formula="1/(1 + x**2)", inner=True)
def arctan_dx(x: Any) -> Any:
    """1/(1+x**2), of arctan."""
    return kernels.arctan_dx(x)


@record(
    dy=lambda z, y, x: 2.0 * z * arctan2_dx(y, x),
    dx=lambda z, y, x: square(arctan2_dx(y, x)) - z * z,
    formula="x/(y**2 + x**2)",
    inner=True,
)
def arctan2_dy(y: Any, x: Any) -> Any:
    """x/(x**2+y**2), the partial of arctan2(y, x) with respect to y."""
    return kernels.arctan2_dy(y, x)


@record(
    dy=lambda z, y, x: z * z - square(arctan2_dy(y, x)),
    dx=lambda z, y, x: -2.0 * z * arctan2_dy(y, x),
    formula="-y/(y**2 + x**2)",
    inner=True,
)
def arctan2_dx(y: Any, x: Any) -> Any:
    """-y/(x**2+y**2), the partial of arctan2(y, x) with respect to x."""
    return kernels.arctan2_dx(y, x)


@record(dx=lambda z, x: -x * (z * z * z), formula="1/sqrt(x**2 + 1)", inner=True)
def arcsinh_dx(x: Any) -> Any:
    """1/sqrt(1+x**2), of arcsinh."""
    return kernels.arcsinh_dx(x)


@record(dx=lambda z, x: -x * (z * z * z), formula="1/sqrt(x**2 - 1)", inner=True)
def arccosh_dx(x: Any) -> Any:
    """1/sqrt(x**2-1), of arccosh."""
    return kernels.arccosh_dx(x)


@record(dx=lambda z, x: 2.0 * x * (z * z), formula="1/(1 - x**2)", inner=True)
def arctanh_dx(x: Any) -> Any:
    """1/((1-x)*(1+x)), of arctanh."""
    return kernels.arctanh_dx(x)


@record(dx=lambda z, x: -2.0 * x * z, formula="2*exp(-x**2)/sqrt(pi)", inner=True)
def erf_dx(x: Any) -> Any:
    """2/sqrt(pi)*exp(-x**2), of erf."""
    return kernels.erf_dx(x)


@record(dx=lambda z, x: -(z * tanh(0.5 * x)), formula="sigmoid(x)*(1 - sigmoid(x))", inner=True)
def sigmoid_dx(x: Any) -> Any:
    """sigmoid(x)*sigmoid(-x), of sigmoid."""
    return kernels.sigmoid_dx(x)


@record(dx=lambda z, x: sigmoid_dx(x) * (2.0 - x * tanh(0.5 * x)), formula="sigmoid(x)*(1 + x*(1 - sigmoid(x)))", inner=True)
def silu_dx(x: Any) -> Any:
    """The partial of silu."""
    return kernels.silu_dx(x)


@record(
    dx=lambda z, x: erf_dx(x * math.sqrt(0.5)) * (2.0 - x * x) * math.sqrt(0.125),
    formula="erfc(-x/sqrt(2))/2 + x*exp(-x**2/2)/sqrt(2*pi)",
    inner=True,
)
def gelu_dx(x: Any) -> Any:
    """The partial of gelu."""
    return kernels.gelu_dx(x)


@record(dx=lambda z, x: 2.0 * erfinv(x) * (z * z), formula="sqrt(pi)/2*exp(erfinv(x)**2)", inner=True)
def erfinv_dx(x: Any) -> Any:
    """sqrt(pi)/2*exp(erfinv(x)**2), of erfinv."""
    return kernels_exact.erfinv_dx(x)


@record(dx=lambda z, x: z * digamma(x) + gamma(x) * polygamma(1.0, x), formula="gamma(x)*digamma(x)", inner=True)
def gamma_dx(x: Any) -> Any:
    """gamma(x)*digamma(x), of gamma."""
    return kernels_exact.gamma_dx(x)


@record(dx=lambda z, x: sinc_dn(2.0, x), formula="(cos(pi*x) - sinc(x))/x", inner=True)
def sinc_dx(x: Any) -> Any:
    """(cos(pi*x) - sinc(x))/x, of sinc."""
    return kernels_exact.sinc_dx(x)


@record(dx=lambda z, n, x: sinc_dn(n + 1.0, x), symbol="sinc⁽ⁿ⁾", inner=True)
def sinc_dn(n: Any, x: Any) -> Any:
    """The derivative of order n of sinc."""
    return kernels_exact.sinc_dn(n, x)


@record(kind=ListPrimitive, dxs=lambda z, xs, component: _deviation_dxs(xs, component), inner=True)
def deviation(xs: Sequence[Any], /) -> list[Any]:
    """x_i - mean(x), the operands being i and then all x; of var and std, rounded once."""
    return kernels_exact.deviations(xs)


# ---- pieces of partials ----------------------------------------------------------------------------
# Ordinary arithmetic with a choice by the operands' numbers, for floats, Values and dual numbers alike.


def _sign(x: Any) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else _zero_or_nan(x)


def _zero_or_nan(x: Any) -> float:
    return 0.0 if x == x else NAN  # nan is the number that differs from itself


@flat("signbit")
def _sign_bit(x: Any) -> float:
    return kernels.copysign(1.0, number_of(x))


def _won(x: Any, y: Any) -> float:
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else NAN


def _per_length(x: Any, a: Any, b: Any) -> Any:
    """x / hypot(a, b), 0 where that is 0; scaled where it is subnormal and has few digits."""
    h = hypot(a, b)
    if 0.0 < h < 1e-290:
        return x / hypot(a * SCALE, b * SCALE) * SCALE
    return x / h if h != 0.0 else 0.0


def _direction(h: Any, xs: Sequence[Any]) -> list[Any]:
    """x/h for each x, where h is their length; scaled where h is subnormal and has few digits, or overflows."""
    scale = SCALE if 0.0 < h < 1e-290 else 1.0 / SCALE if h == INF else 1.0
    if scale != 1.0:
        xs = [x * scale for x in xs]
        h = norm(xs)
    return [x / h if h != 0.0 else 0.0 for x in xs]


def _minus_quotient(x: Any, y: Any) -> float:
    quotient: float = _floor_division(x, y)  # a constant to every further derivative
    return -quotient


@flat("floordiv")
def _floor_division(x: Any, y: Any) -> float:
    return number_of(x) // number_of(y)


def _zero_power(x: Any) -> float:
    return 0.0 if x == 0.0 else NAN


def _power_dxdx(z: Any, x: Any, y: Any) -> Any:
    # After y steps down, a whole exponent has come to 0, and the polynomial's derivative is the constant 0.
    if y == 0.0 and (type(y) is float or x == 0.0):
        return 0.0
    if x == 0.0 or _has_predecessor(y):
        return y * power_dx(x, y - 1.0)
    return (y - 1.0) * (z / x)


@flat("has_predecessor")
def _has_predecessor(y: Any) -> bool:
    return kernels.has_predecessor(number_of(y))


def _power_dxdy(x: Any, y: Any) -> Any:
    if x > 0.0:
        return (power(x, y - 1.0) if _has_predecessor(y) else power(x, y) / x) * (1.0 + y * log(x))
    return 0.0 if x == 0.0 and y > 1.0 else NAN


def _share(x: Any, y: Any, z: Any) -> Any:
    if x == y:  # also where both are infinite and x - y would be nan
        return sigmoid(x - y) if z - z == 0.0 else 0.5
    return kernels.share(x, y) if type(x) is float and type(y) is float else sigmoid(x - y)


def _softmax_of(z: Any, xs: Sequence[Any]) -> Sequence[Any]:
    if all(type(x) is float for x in xs) or z - z != 0.0:
        return kernels.softmax([number_of(x) for x in xs])
    # From the largest operand and not from z: z is rounded, and exp(x - z) would be off by as much as z is. The largest has
    # no exponential of its own, so that its share, however close to 1, has a derivative in which nothing cancels.
    top = 0
    for i, x in enumerate(xs):
        top = i if x > xs[top] else top
    exponentials = [1.0 if i == top else exp(x - xs[top]) for i, x in enumerate(xs)]
    whole = sum(exponentials)
    return [e / whole for e in exponentials]


def _of_component(shares: list[Any], component: int, times: Callable[[Any], Any]) -> list[Any]:
    """The slopes of one component of a softmax: 1 - p towards its own operand, -p towards the others, each multiplied.

    1 - p is the sum of the others, where no digit cancels.
    """
    slopes = [-times(p) for p in shares]
    slopes[component] = times(sum([p for i, p in enumerate(shares) if i != component]))
    return slopes


def _deviation_dxs(xs: Sequence[Any], component: int) -> list[float]:
    n = len(xs)
    slopes = [-1.0 / n] * n
    slopes[component] = (n - 1) / n
    return slopes


def _var_dxs(xs: Sequence[Any], ddof: float) -> Sequence[Any]:
    if all(type(x) is float for x in xs):
        return kernels_exact.var_partials(ddof, xs)
    return [2.0 / (len(xs) - ddof) * d for d in deviation(xs)]


def _std_dxs(z: Any, xs: Sequence[Any], ddof: float) -> Sequence[Any]:
    if all(type(x) is float for x in xs):
        return kernels_exact.std_partials(ddof, xs)
    if z == 0.0:
        return [0.0] * len(xs)
    return [d / z / (len(xs) - ddof) for d in deviation(xs)]


def _tied_shares(z: Any, xs: Sequence[Any]) -> list[float]:
    ties = [x == z for x in xs]
    return [tie / ties.count(True) for tie in ties] if True in ties else [NAN] * len(xs)


def _products_without(xs: Sequence[Any]) -> Sequence[Any]:
    if all(type(x) is float for x in xs):
        return kernels.products_without(xs)
    return [_product([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))]


def _product(xs: Sequence[Any]) -> Any:
    """The product as one node, which doesn't overflow on the way; a product of two can't."""
    return prod(xs) if len(xs) > 2 else xs[0] * xs[1] if len(xs) == 2 else xs[0] if xs else 1.0


# ---- what rounds is not recorded -------------------------------------------------------------------


@flat("sign")
def sign(x: Any) -> float:
    """The sign of x as a plain float: -1, 0 or 1. A constant to the derivative.

    >>> sign(-3)
    -1.0
    """
    return _sign(number_of(x))


@flat("floor")
def floor(x: Any) -> float:
    """The largest whole number not above x, as a plain float. A constant to the derivative.

    >>> floor(-2.5)
    -3.0
    """
    return _rounded(math.floor, x)


@flat("ceil")
def ceil(x: Any) -> float:
    """The smallest whole number not below x, as a plain float. A constant to the derivative.

    >>> ceil(2.5)
    3.0
    """
    return _rounded(math.ceil, x)


@flat("trunc")
def trunc(x: Any) -> float:
    """x without its fraction, as a plain float. A constant to the derivative.

    >>> trunc(-2.5)
    -2.0
    """
    return _rounded(math.trunc, x)


def round(x: Any, ndigits: int = 0) -> float:
    """x rounded half to even, as a plain float. A constant to the derivative.

    Args:
        x: a number or a Value.
        ndigits: how many digits to keep behind the point.

    >>> round(2.5), round(0.12345, 2)
    (2.0, 0.12)
    """
    return _round(x, ndigits)  # type: ignore[no-any-return]


@flat("round")
def _round(x: Any, ndigits: int) -> float:
    return number_of(x).__round__(ndigits)


def _rounded(function: Any, x: Any) -> float:
    number = number_of(x)
    return float(function(number)) if math.isfinite(number) else number


PUBLIC = {name: x for name, x in globals().items() if isinstance(x, Primitive) and not x.inner}


def primitives() -> dict[str, Primitive]:
    """All public primitives by name.

    >>> from autograd import primitives
    >>> primitives()["tanh"].symbol
    'tanh'
    """
    return dict(PUBLIC)
