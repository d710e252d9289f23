"""The records: every elementary function, once.

Each record holds a name, the function on floats (from `kernels`, accurate to 2 ulp) and, for each operand, the
partial derivative as ordinary arithmetic on ``(z, *operands)``, where ``z`` is the result itself. Handed floats,
a partial gives a number; handed Values, a graph that can be differentiated again.

To add a primitive, add its record here, its name to ``PUBLIC``, and its method to `operators`. A test checks the
value and the partial of every record against 50 digits.

Where a plain formula would lose digits (tails, poles, cancellation), the partial is itself a record with a
careful kernel: ``tanh`` has ``tanh_dx`` for its partial, and that one has a partial again, so that derivatives
of every order exist. Those records stand in the second half and are not part of the public face.

Formulas: NIST Digital Library of Mathematical Functions, chapters 4 (elementary), 5 (gamma) and 7 (error function);
activations as PyTorch defines them. Conventions at kinks, ties and poles: a subgradient of least norm, and a
symmetric share where arguments tie.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

from . import kernels, kernels_exact
from .record import NaryPrimitive, Primitive, is_real, listed, to_float

INF, NAN = math.inf, math.nan
LN2, LN10 = math.log(2.0), math.log(10.0)
LOG2_E, LOG10_E = 1.4426950408889634, 0.4342944819032518
SCALE = 2.0**600


def flow(upstream: Any, local: Any) -> Any:
    """Upstream gradient times local gradient: the step of the chain rule.

    An upstream gradient of exactly zero stops here, whatever the local gradient is: 0 times inf is 0.

    >>> flow(2.0, 3.0), flow(0.0, float("inf"))
    (6.0, 0.0)
    """
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


def _doc(summary: str, derivative: str, example: str, x: str = "any number", raises: str = "") -> str:
    raised = f"\n\nRaises:\n    {raises}" if raises else ""
    return (
        f"{summary}\n\nArgs:\n    operands: {x}; floats, Values or a mix.\n\n"
        f"Returns:\n    A float for floats, else a Value. Derivative: {derivative}.{raised}\n\n{example}\n"
    )


def _try(name: str, call: str, result: str) -> str:
    return f">>> from autograd import {name}\n>>> {call}\n{result}"


# ---- arithmetic ------------------------------------------------------------------------------------

add: Primitive = Primitive(
    "add", lambda x, y: x + y, (lambda z, x, y: 1.0, lambda z, x, y: 1.0), symbol="+",
    doc=_doc("The sum x + y.", "1 to each: a sum passes the gradient on", _try("add", "add(1.0, 2.0)", "3.0")),
)  # fmt: skip

subtract: Primitive = Primitive(
    "subtract", lambda x, y: x - y, (lambda z, x, y: 1.0, lambda z, x, y: -1.0), symbol="-",
    doc=_doc("The difference x - y.", "1 and -1", _try("subtract", "subtract(1.0, 2.0)", "-1.0")),
)  # fmt: skip

multiply: Primitive = Primitive(
    "multiply", lambda x, y: x * y, (lambda z, x, y: y, lambda z, x, y: x), symbol="*",
    doc=_doc("The product x * y.", "y and x: a product swaps its inputs", _try("multiply", "multiply(2.0, 3.0)", "6.0")),
)  # fmt: skip

divide: Primitive = Primitive(
    "divide", lambda x, y: x / y, (lambda z, x, y: 1.0 / y, lambda z, x, y: divide_dy(x, y)), symbol="/",
    remedy="keep the divisor away from zero, for instance by adding a small constant to it",
    doc=_doc("The quotient x / y.", "1/y and -(x/y)/y", _try("divide", "divide(1.0, 4.0)", "0.25"),
             x="y not zero", raises="ZeroDivisionError: y is zero."),
)  # fmt: skip

power: Primitive = Primitive(
    "power", kernels.power, (lambda z, x, y: power_dx(x, y), lambda z, x, y: power_dy(x, y)), symbol="**",
    remedy="keep the base positive, or use an integer exponent; cbrt takes roots of negative numbers",
    doc=_doc("The power x ** y.", "y*x**(y-1) and x**y*log(x), nan in y where x < 0",
             _try("power", "power(2.0, 10.0)", "1024.0"), x="x >= 0, or y a whole number",
             raises="ValueError: the result would be complex.\n    ZeroDivisionError: 0 to a negative power.\n"
                    "    OverflowError: the result is too large."),
)  # fmt: skip

remainder: Primitive = Primitive(
    "remainder", lambda x, y: x % y, (lambda z, x, y: 1.0, lambda z, x, y: _minus_quotient(x, y)), symbol="%",
    remedy="the divisor of % must not be zero",
    doc=_doc("The remainder x % y, with the sign of y as in Python.", "1 and -floor(x/y)",
             _try("remainder", "remainder(-7.0, 3.0)", "2.0"), x="y not zero", raises="ZeroDivisionError: y is zero."),
)  # fmt: skip

negative: Primitive = Primitive(
    "negative", lambda x: -x, (lambda z, x: -1.0,), symbol="neg",
    doc=_doc("The negation -x.", "-1", _try("negative", "negative(2.0)", "-2.0")),
)  # fmt: skip

positive: Primitive = Primitive(
    "positive", lambda x: x, (lambda z, x: 1.0,), symbol="pos",
    doc=_doc("The number itself, +x, as a node of its own.", "1", _try("positive", "positive(2.0)", "2.0")),
)  # fmt: skip

absolute: Primitive = Primitive(
    "absolute", abs, (lambda z, x: _sign(x),), symbol="abs",
    doc=_doc("The absolute value of x.", "the sign of x, 0 at 0", _try("absolute", "absolute(-2.0)", "2.0")),
)  # fmt: skip

# ---- powers and roots ------------------------------------------------------------------------------

square: Primitive = Primitive(
    "square", kernels.square, (lambda z, x: 2.0 * x,),
    doc=_doc("The square x * x.", "2*x", _try("square", "square(3.0)", "9.0")),
)  # fmt: skip

reciprocal: Primitive = Primitive(
    "reciprocal", kernels.reciprocal, (lambda z, x: -(z * z),),
    remedy="keep x away from zero, for instance by adding a small constant to it",
    doc=_doc("The reciprocal 1/x.", "-1/x**2", _try("reciprocal", "reciprocal(4.0)", "0.25"), x="not zero",
             raises="ZeroDivisionError: x is zero."),
)  # fmt: skip

sqrt: Primitive = Primitive(
    "sqrt", kernels.sqrt, (lambda z, x: sqrt_dx(x),),
    remedy="the square root is real for x >= 0 only; clamp x first, or take cbrt",
    doc=_doc("The square root of x.", "1/(2*sqrt(x)), inf at 0", _try("sqrt", "sqrt(9.0)", "3.0"), x="x >= 0",
             raises="ValueError: x is negative."),
)  # fmt: skip

cbrt: Primitive = Primitive(
    "cbrt", kernels.cbrt, (lambda z, x: cbrt_dx(x),),
    doc=_doc("The real cube root of x.", "1/(3*cbrt(x)**2), inf at 0", _try("cbrt", "cbrt(-8.0)", "-2.0")),
)  # fmt: skip

hypot: Primitive = Primitive(
    "hypot", kernels.hypot, (lambda z, x, y: hypot_dx(x, y), lambda z, x, y: hypot_dx(y, x)),
    defaults=(0.0,),
    doc=_doc("The length sqrt(x*x + y*y) without overflow on the way; y is 0 if left out.", "x/h and y/h, 0 at the origin",
             _try("hypot", "hypot(3.0, 4.0)", "5.0")),
)  # fmt: skip

# ---- exponentials and logarithms -------------------------------------------------------------------

_LOG_REMEDY = "the logarithm is real for positive numbers only; clamp x first, or add a small constant to it"
_LOG_RAISES = "ValueError: x is outside the domain."

exp: Primitive = Primitive(
    "exp", kernels.exp, (lambda z, x: z,),
    doc=_doc("e to the power x.", "exp(x), the result itself", _try("exp", "exp(0.0)", "1.0"), x="up to 709.78",
             raises="OverflowError: the result is too large."),
)  # fmt: skip

exp2: Primitive = Primitive(
    "exp2", kernels.exp2, (lambda z, x: z * LN2,),
    doc=_doc("2 to the power x.", "2**x * log(2)", _try("exp2", "exp2(3.0)", "8.0"), x="below 1024",
             raises="OverflowError: the result is too large."),
)  # fmt: skip

expm1: Primitive = Primitive(
    "expm1", kernels.expm1, (lambda z, x: exp(x),),
    doc=_doc("exp(x) - 1 without cancellation near 0.", "exp(x)", _try("expm1", "expm1(1e-20)", "1e-20"),
             x="up to 709.78", raises="OverflowError: the result is too large."),
)  # fmt: skip

log: Primitive = Primitive(
    "log", kernels.log, (lambda z, x: 1.0 / x,), remedy=_LOG_REMEDY,
    doc=_doc("The natural logarithm.", "1/x", _try("log", "log(1.0)", "0.0"), x="x > 0", raises=_LOG_RAISES),
)  # fmt: skip

log2: Primitive = Primitive(
    "log2", kernels.log2, (lambda z, x: LOG2_E / x,), remedy=_LOG_REMEDY,
    doc=_doc("The logarithm to base 2.", "1/(x*log(2))", _try("log2", "log2(8.0)", "3.0"), x="x > 0",
             raises=_LOG_RAISES),
)  # fmt: skip

log10: Primitive = Primitive(
    "log10", kernels.log10, (lambda z, x: LOG10_E / x,), remedy=_LOG_REMEDY,
    doc=_doc("The logarithm to base 10.", "1/(x*log(10))", _try("log10", "log10(1000.0)", "3.0"), x="x > 0",
             raises=_LOG_RAISES),
)  # fmt: skip

log1p: Primitive = Primitive(
    "log1p", kernels.log1p, (lambda z, x: 1.0 / (1.0 + x),),
    remedy="log1p is real for x > -1 only; clamp x first",
    doc=_doc("log(1 + x) without cancellation near 0.", "1/(1 + x)", _try("log1p", "log1p(1e-20)", "1e-20"),
             x="x > -1", raises=_LOG_RAISES),
)  # fmt: skip

logaddexp: Primitive = Primitive(
    "logaddexp", kernels.logaddexp,
    (lambda z, x, y: _share(x, y, z), lambda z, x, y: _share(y, x, z)),
    doc=_doc("log(exp(x) + exp(y)) without overflow.", "the share of each: sigmoid(x - y) and sigmoid(y - x)",
             _try("logaddexp", "logaddexp(1000.0, 0.0)", "1000.0")),
)  # fmt: skip

# ---- trigonometry ----------------------------------------------------------------------------------

_UNIT_REMEDY = "the argument must lie between -1 and 1; clamp it first"

sin: Primitive = Primitive(
    "sin", kernels.sin, (lambda z, x: cos(x),), remedy="angles must be finite",
    doc=_doc("The sine of x in radians.", "cos(x)", _try("sin", "sin(0.0)", "0.0"), x="finite",
             raises="ValueError: x is infinite."),
)  # fmt: skip

cos: Primitive = Primitive(
    "cos", kernels.cos, (lambda z, x: -sin(x),), remedy="angles must be finite",
    doc=_doc("The cosine of x in radians.", "-sin(x)", _try("cos", "cos(0.0)", "1.0"), x="finite",
             raises="ValueError: x is infinite."),
)  # fmt: skip

tan: Primitive = Primitive(
    "tan", kernels.tan, (lambda z, x: tan_dx(x),), remedy="angles must be finite",
    doc=_doc("The tangent of x in radians.", "1/cos(x)**2", _try("tan", "tan(0.0)", "0.0"), x="finite",
             raises="ValueError: x is infinite."),
)  # fmt: skip

arcsin: Primitive = Primitive(
    "arcsin", kernels.arcsin, (lambda z, x: arcsin_dx(x),), remedy=_UNIT_REMEDY,
    doc=_doc("The inverse sine, in radians.", "1/sqrt((1-x)*(1+x)), inf at -1 and 1",
             _try("arcsin", "arcsin(0.0)", "0.0"), x="from -1 to 1", raises=_LOG_RAISES),
)  # fmt: skip

arccos: Primitive = Primitive(
    "arccos", kernels.arccos, (lambda z, x: -arcsin_dx(x),), remedy=_UNIT_REMEDY,
    doc=_doc("The inverse cosine, in radians.", "-1/sqrt((1-x)*(1+x)), -inf at -1 and 1",
             _try("arccos", "arccos(1.0)", "0.0"), x="from -1 to 1", raises=_LOG_RAISES),
)  # fmt: skip

arctan: Primitive = Primitive(
    "arctan", kernels.arctan, (lambda z, x: arctan_dx(x),),
    doc=_doc("The inverse tangent, in radians.", "1/(1 + x**2)", _try("arctan", "arctan(0.0)", "0.0")),
)  # fmt: skip

arctan2: Primitive = Primitive(
    "arctan2", kernels.arctan2, (lambda z, y, x: arctan2_dy(y, x), lambda z, y, x: arctan2_dx(y, x)),
    doc=_doc("The angle of the point (x, y) in radians, called as arctan2(y, x).",
             "x/(x**2 + y**2) and -y/(x**2 + y**2), 0 at the origin", _try("arctan2", "arctan2(0.0, 1.0)", "0.0")),
)  # fmt: skip

# ---- hyperbolic functions --------------------------------------------------------------------------

sinh: Primitive = Primitive(
    "sinh", kernels.sinh, (lambda z, x: cosh(x),),
    doc=_doc("The hyperbolic sine.", "cosh(x)", _try("sinh", "sinh(0.0)", "0.0"), x="within 710.47",
             raises="OverflowError: the result is too large."),
)  # fmt: skip

cosh: Primitive = Primitive(
    "cosh", kernels.cosh, (lambda z, x: sinh(x),),
    doc=_doc("The hyperbolic cosine.", "sinh(x)", _try("cosh", "cosh(0.0)", "1.0"), x="within 710.47",
             raises="OverflowError: the result is too large."),
)  # fmt: skip

tanh: Primitive = Primitive(
    "tanh", kernels.tanh, (lambda z, x: tanh_dx(x),),
    doc=_doc("The hyperbolic tangent.", "1/cosh(x)**2, to the last digit in the tails too",
             _try("tanh", "tanh(0.0)", "0.0")),
)  # fmt: skip

arcsinh: Primitive = Primitive(
    "arcsinh", kernels.arcsinh, (lambda z, x: arcsinh_dx(x),),
    doc=_doc("The inverse hyperbolic sine.", "1/sqrt(1 + x**2)", _try("arcsinh", "arcsinh(0.0)", "0.0")),
)  # fmt: skip

arccosh: Primitive = Primitive(
    "arccosh", kernels.arccosh, (lambda z, x: arccosh_dx(x),), remedy="arccosh is real for x >= 1 only; clamp x first",
    doc=_doc("The inverse hyperbolic cosine.", "1/sqrt(x**2 - 1), inf at 1", _try("arccosh", "arccosh(1.0)", "0.0"),
             x="x >= 1", raises=_LOG_RAISES),
)  # fmt: skip

arctanh: Primitive = Primitive(
    "arctanh", kernels.arctanh, (lambda z, x: arctanh_dx(x),),
    remedy="arctanh is finite strictly between -1 and 1 only; clamp x first",
    doc=_doc("The inverse hyperbolic tangent.", "1/((1-x)*(1+x))", _try("arctanh", "arctanh(0.0)", "0.0"),
             x="strictly between -1 and 1", raises=_LOG_RAISES),
)  # fmt: skip

# ---- the error function ----------------------------------------------------------------------------

erf: Primitive = Primitive(
    "erf", kernels.erf, (lambda z, x: erf_dx(x),),
    doc=_doc("The error function.", "2/sqrt(pi) * exp(-x**2)", _try("erf", "erf(0.0)", "0.0")),
)  # fmt: skip

erfc: Primitive = Primitive(
    "erfc", kernels.erfc, (lambda z, x: -erf_dx(x),),
    doc=_doc("The complementary error function 1 - erf(x), accurate in its tail.", "-2/sqrt(pi) * exp(-x**2)",
             _try("erfc", "erfc(0.0)", "1.0")),
)  # fmt: skip

_OPEN_REMEDY = "the argument must lie strictly between -1 and 1; clamp it first"

erfinv: Primitive = Primitive(
    "erfinv", kernels_exact.erfinv, (lambda z, x: erfinv_dx(x),), remedy=_OPEN_REMEDY,
    doc=_doc("The inverse of the error function: erf(erfinv(x)) is x.", "sqrt(pi)/2 * exp(erfinv(x)**2)",
             _try("erfinv", "erfinv(0.5)", "0.4769362762044699"), x="strictly between -1 and 1", raises=_LOG_RAISES),
)  # fmt: skip

# ---- the gamma function ----------------------------------------------------------------------------

_POLE_REMEDY = "keep x away from 0, -1, -2, ..."
_POLE_RAISES = "ValueError: x is 0 or a negative whole number."

gamma: Primitive = Primitive(
    "gamma", kernels_exact.gamma, (lambda z, x: gamma_dx(x),), remedy=_POLE_REMEDY,
    doc=_doc("The gamma function; gamma(n + 1) is the factorial of n.", "gamma(x)*digamma(x)",
             _try("gamma", "gamma(5.0)", "24.0"), x="up to 171.6, except 0, -1, -2, ...",
             raises=_POLE_RAISES + "\n    OverflowError: the result is too large."),
)  # fmt: skip

lgamma: Primitive = Primitive(
    "lgamma", kernels_exact.lgamma, (lambda z, x: digamma(x),), remedy=_POLE_REMEDY,
    doc=_doc("The logarithm of the absolute value of the gamma function, to the last digit beside its zeros as well.",
             "digamma(x)", _try("lgamma", "lgamma(3.0)", "0.6931471805599453"), x="any number except 0, -1, -2, ...",
             raises=_POLE_RAISES + "\n    OverflowError: the result is too large."),
)  # fmt: skip

digamma: Primitive = Primitive(
    "digamma", kernels_exact.digamma, (lambda z, x: polygamma(1.0, x),), remedy=_POLE_REMEDY,
    doc=_doc("The derivative of lgamma, gamma'(x)/gamma(x).", "polygamma(1, x)",
             _try("digamma", "digamma(1.0)", "-0.5772156649015329"), x="any number except 0, -1, -2, ...",
             raises=_POLE_RAISES),
)  # fmt: skip

polygamma: Primitive = Primitive(
    "polygamma", kernels_exact.polygamma, (None, lambda z, n, x: polygamma(n + 1.0, x)),
    remedy="write polygamma(n, x) with n from 0 to 200, and keep x away from 0, -1, -2, ...",
    doc=_doc("The derivative of order n of digamma; polygamma(0, x) is digamma(x).", "polygamma(n + 1, x) in x",
             _try("polygamma", "polygamma(1, 1.0)", "1.6449340668482264"),
             x="n a plain whole number from 0 to 200; x any number except 0, -1, -2, ...",
             raises=_POLE_RAISES + " Or n is not an order."),
)  # fmt: skip

# ---- sinc ------------------------------------------------------------------------------------------

sinc: Primitive = Primitive(
    "sinc", kernels_exact.sinc, (lambda z, x: sinc_dx(x),),
    doc=_doc("sin(pi*x)/(pi*x), 1 at 0: the normalized sinc, as `numpy.sinc` defines it. The other one, sin(x)/x, which\n"
             "`sympy.sinc` means, is sinc(x / math.pi).",
             "(cos(pi*x) - sinc(x))/x, 0 at 0", _try("sinc", "sinc(0.5)", "0.6366197723675814")),
)  # fmt: skip

# ---- activations -----------------------------------------------------------------------------------

sigmoid: Primitive = Primitive(
    "sigmoid", kernels.sigmoid, (lambda z, x: sigmoid_dx(x),),
    doc=_doc("The logistic function 1/(1 + exp(-x)).", "sigmoid(x)*(1 - sigmoid(x)), to the last digit in the tails",
             _try("sigmoid", "sigmoid(0.0)", "0.5")),
)  # fmt: skip

logsigmoid: Primitive = Primitive(
    "logsigmoid", kernels.logsigmoid, (lambda z, x: sigmoid(-x),),
    doc=_doc("log(sigmoid(x)) without underflow.", "sigmoid(-x)", _try("logsigmoid", "logsigmoid(-1000.0)", "-1000.0")),
)  # fmt: skip

softplus: Primitive = Primitive(
    "softplus", kernels.softplus, (lambda z, x: sigmoid(x),),
    doc=_doc("log(1 + exp(x)) without overflow.", "sigmoid(x)", _try("softplus", "softplus(1000.0)", "1000.0")),
)  # fmt: skip

relu: Primitive = Primitive(
    "relu", kernels.relu, (lambda z, x: 1.0 if x > 0.0 else _zero_or_nan(x),),
    doc=_doc("The larger of x and 0.", "1 above 0, else 0", _try("relu", "relu(-2.0)", "0.0")),
)  # fmt: skip

leaky_relu: Primitive = Primitive(
    "leaky_relu", kernels.leaky_relu,
    (lambda z, x, negative_slope: 1.0 if x > 0.0 else negative_slope + _zero_or_nan(x), None), defaults=(0.01,),
    doc=_doc("x above 0, else negative_slope * x.", "1 above 0, else negative_slope",
             _try("leaky_relu", "leaky_relu(-2.0, 0.5)", "-1.0"), x="x any number; negative_slope a plain number"),
)  # fmt: skip

elu: Primitive = Primitive(
    "elu", kernels.elu, (lambda z, x, alpha: 1.0 if x > 0.0 else alpha * exp(x), None), defaults=(1.0,),
    doc=_doc("x above 0, else alpha * (exp(x) - 1).", "1 above 0, else alpha*exp(x)",
             _try("elu", "elu(2.0)", "2.0"), x="x any number; alpha a plain number"),
)  # fmt: skip

gelu: Primitive = Primitive(
    "gelu", kernels.gelu, (lambda z, x: gelu_dx(x),),
    doc=_doc("x times the normal distribution function of x (the exact form, with erf).",
             "Phi(x) + x*phi(x)", _try("gelu", "gelu(0.0)", "0.0")),
)  # fmt: skip

silu: Primitive = Primitive(
    "silu", kernels.silu, (lambda z, x: silu_dx(x),),
    doc=_doc("x * sigmoid(x).", "sigmoid(x)*(1 + x*sigmoid(-x))", _try("silu", "silu(0.0)", "0.0")),
)  # fmt: skip

# ---- choosing --------------------------------------------------------------------------------------

maximum: Primitive = Primitive(
    "maximum", kernels.maximum, (lambda z, x, y: _won(x, y), lambda z, x, y: _won(y, x)),
    doc=_doc("The larger of x and y; nan if either is nan.", "1 to the larger, one half each where they tie",
             _try("maximum", "maximum(1.0, 2.0)", "2.0")),
)  # fmt: skip

minimum: Primitive = Primitive(
    "minimum", kernels.minimum, (lambda z, x, y: _won(y, x), lambda z, x, y: _won(x, y)),
    doc=_doc("The smaller of x and y; nan if either is nan.", "1 to the smaller, one half each where they tie",
             _try("minimum", "minimum(1.0, 2.0)", "1.0")),
)  # fmt: skip

clamp: Primitive = Primitive(
    "clamp", kernels.clamp, (lambda z, x, lo, hi: 1.0 if lo < x < hi else _zero_or_nan(x), None, None),
    remedy="write clamp(x, lo, hi) with lo <= hi",
    doc=_doc("x, held between lo and hi.", "1 strictly inside, 0 at the bounds and outside",
             _try("clamp", "clamp(5.0, 0.0, 1.0)", "1.0"), x="x any number; lo <= hi plain numbers",
             raises="ValueError: lo is above hi."),
)  # fmt: skip


class _Where(Primitive):
    """A choice: the operand left out goes in as a plain number, so that nothing flows back to it, not even 0 times inf."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        try:
            condition, x, y = self.__signature__.bind(*operands, **named).args
        except TypeError:
            return super().__call__(*operands, **named)  # says what is wrong
        if is_real(condition) and hasattr(x, "interpretation_level") and hasattr(y, "interpretation_level"):
            x, y = (x, y.data) if condition else (x.data, y)
        return super().__call__(condition, x, y)


where: Primitive = _Where(
    "where", lambda condition, x, y: x if condition else y,
    (None, lambda z, condition, x, y: 1.0 if condition else 0.0, lambda z, condition, x, y: 0.0 if condition else 1.0),
    doc=_doc("x if the condition holds, else y. Both are computed before, so both must be inside their domains; the one left\n"
             "out is a plain number in the result, and no gradient flows into it, not even where its derivative is infinite.",
             "1 to the one chosen",
             _try("where", "where(2 > 1, 3.0, 4.0)", "3.0"), x="condition a bool or a plain number; x and y any numbers"),
)  # fmt: skip

copysign: Primitive = Primitive(
    "copysign", kernels.copysign,
    (lambda z, x, y: _sign(x) * kernels.copysign(1.0, _number(y)), lambda z, x, y: _zero_or_nan(y)),
    doc=_doc("The absolute value of x with the sign of y, that of -0.0 too; nan if y is nan, unlike in math.",
             "to x the product of both signs, 0 at x = 0; to y 0",
             _try("copysign", "copysign(2.0, -0.0)", "-2.0")),
)  # fmt: skip

# ---- many operands, one node -----------------------------------------------------------------------

sum: Primitive = NaryPrimitive(
    "sum", kernels.total, lambda z, xs: (1.0,) * len(xs),
    doc=_doc("The sum of a sequence, rounded once.", "1 to each", _try("sum", "sum([0.1] * 10)", "1.0"),
             x="an iterable; 0.0 if it is empty"),
)  # fmt: skip

prod: Primitive = NaryPrimitive(
    "prod", kernels.product, lambda z, xs: _products_without(xs),
    doc=_doc("The product of a sequence.", "to each the product of all the others, exact where some are zero",
             _try("prod", "prod([2.0, 3.0, 4.0])", "24.0"), x="an iterable; 1.0 if it is empty"),
)  # fmt: skip

mean: Primitive = NaryPrimitive(
    "mean", kernels.mean, lambda z, xs: (1.0 / len(xs),) * len(xs),
    remedy="give it at least one operand",
    doc=_doc("The arithmetic mean of a sequence.", "1/n to each", _try("mean", "mean([1.0, 2.0, 6.0])", "3.0"),
             x="an iterable with at least one operand", raises="ValueError: there are no operands."),
)  # fmt: skip


class _Extreme(NaryPrimitive):
    """The largest or smallest: of one iterable, or of several operands, as Python's own max and min take them."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        if len(operands) > 1 and not named:
            return self.apply(operands)
        return super().__call__(*operands, **named)


max: Primitive = _Extreme(
    "max", kernels.largest, lambda z, xs: _tied_shares(z, xs), remedy="give it at least one operand",
    doc=_doc("The largest of a sequence; nan if one of them is.", "1/k to each of the k largest, 0 to the others",
             _try("max", "max([1.0, 3.0, 2.0])", "3.0"), x="an iterable with at least one operand, or several operands",
             raises="ValueError: there are no operands."),
)  # fmt: skip

min: Primitive = _Extreme(
    "min", kernels.smallest, lambda z, xs: _tied_shares(z, xs), remedy="give it at least one operand",
    doc=_doc("The smallest of a sequence; nan if one of them is.", "1/k to each of the k smallest, 0 to the others",
             _try("min", "min([1.0, 3.0, 2.0])", "1.0"), x="an iterable with at least one operand, or several operands",
             raises="ValueError: there are no operands."),
)  # fmt: skip

logsumexp: Primitive = NaryPrimitive(
    "logsumexp", kernels.logsumexp, lambda z, xs: _softmax_of(z, xs), remedy="give it at least one operand",
    doc=_doc("log(sum of exp(x)) without overflow.", "the softmax of the operands",
             _try("logsumexp", "logsumexp([1000.0, -1000.0])", "1000.0"), x="an iterable with at least one operand",
             raises="ValueError: there are no operands."),
)  # fmt: skip

norm: Primitive = NaryPrimitive(
    "norm", kernels.norm, lambda z, xs: _direction(z, xs),
    doc=_doc("The Euclidean length of a sequence, without overflow on the way.", "x/norm to each, 0 at the origin",
             _try("norm", "norm([3.0, 4.0])", "5.0"), x="an iterable; 0.0 if it is empty"),
)  # fmt: skip


class _Dot(NaryPrimitive):
    """The inner product; its operands are those of the first sequence, then those of the second."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        if named or len(operands) != 2:
            raise TypeError(
                f"autograd.dot takes two iterables of equal length, as in autograd.dot(ws, xs); "
                f"got {len(operands) + len(named)} argument{'s' * (len(operands) + len(named) != 1)}"
            )
        xs, ys = listed("dot", operands[0]), listed("dot", operands[1])
        if len(xs) != len(ys):
            raise ValueError(f"autograd.dot takes two iterables of equal length, got {len(xs)} and {len(ys)} operands")
        return self.apply(xs + ys)

    def _signature(self) -> inspect.Signature:
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in ("xs", "ys")])


def _dot_value(both: Sequence[float]) -> float:
    half = len(both) // 2
    return kernels.dot(both[:half], both[half:])


dot: Primitive = _Dot(
    "dot", _dot_value, lambda z, both: both[len(both) // 2 :] + both[: len(both) // 2],
    doc=_doc("The inner product of two sequences, rounded once.", "to each the operand that it meets",
             _try("dot", "dot([1.0, 2.0], [3.0, 4.0])", "11.0"), x="two iterables of equal length",
             raises="ValueError: the lengths differ."),
)  # fmt: skip


class _Softmax(NaryPrimitive):
    """One component of the softmax: its operands are the component's number, then the whole sequence."""

    components = staticmethod(kernels.softmax)

    def __call__(self, *operands: Any, **named: Any) -> Any:
        if named or len(operands) != 1 or hasattr(operands[0], "interpretation_level"):
            return super().__call__(*operands, **named)
        xs = listed(self.name, operands[0])
        plain = self.apply((0.0, *xs))  # refuses what is no operand, and an empty sequence
        if type(plain) is float:
            return self.components([float(x) for x in xs])
        xs = tuple([x if hasattr(x, "interpretation_level") else float(x) for x in xs])  # once, and not for each component
        values = self.components([_plain(x) for x in xs])
        return [self.apply((float(i), *xs), value) for i, value in enumerate(values)]

    def check_parameters(self, wanted: Sequence[int]) -> None:
        """The component's number is put there by the call above, never by a user."""

    def describe(self, operands: Sequence[Any]) -> str:
        """The operation as text: the sequence alone, or one component of it."""
        text = super().describe(operands[1:])
        return text if len(operands) == 1 else f"component {int(operands[0])} of {text}"


def _softmax_value(operands: Sequence[float]) -> float:
    return kernels.softmax(operands[1:])[int(operands[0])]


def _softmax_partials(z: Any, operands: Sequence[Any]) -> list[Any]:
    # p_i * (1 - p_i) for the component itself, with 1 - p_i as the sum of the others, where no digit cancels.
    i, xs = int(operands[0]), operands[1:]
    p = softmax(xs)
    partials = [-(z * p_j) for p_j in p]
    partials[i] = z * sum([p_j for j, p_j in enumerate(p) if j != i])
    return [0.0, *partials]


softmax: Primitive = _Softmax(
    "softmax", _softmax_value, _softmax_partials, remedy="give it at least one operand",
    doc=_doc("exp(x_i) over the sum of all exp(x_j), as a list; each component is one node.",
             "p_i*(1 - p_i) to its own operand, -p_i*p_j to the others",
             _try("softmax", "softmax([0.0, 0.0])", "[0.5, 0.5]"), x="an iterable with at least one operand",
             raises="ValueError: there are no operands."),
)  # fmt: skip


class _LogSoftmax(_Softmax):
    """One component of the logarithm of the softmax, with operands as `_Softmax` has them."""

    components = staticmethod(kernels.log_softmax)


def _log_softmax_value(operands: Sequence[float]) -> float:
    return kernels.log_softmax(operands[1:])[int(operands[0])]


def _log_softmax_partials(z: Any, operands: Sequence[Any]) -> list[Any]:
    i, p = int(operands[0]), softmax(operands[1:])
    partials = [-p_j for p_j in p]
    partials[i] = sum([p_j for j, p_j in enumerate(p) if j != i])  # 1 - p_i, without cancellation
    return [0.0, *partials]


log_softmax: Primitive = _LogSoftmax(
    "log_softmax", _log_softmax_value, _log_softmax_partials, remedy="give it at least one operand",
    doc=_doc("The logarithm of the softmax, x_i - logsumexp(x), as a list; each component is one node.",
             "1 - p_i to its own operand, -p_j to the others, where p is the softmax",
             _try("log_softmax", "log_softmax([0.0, -1000.0])", "[0.0, -1000.0]"), x="an iterable with at least one operand",
             raises="ValueError: there are no operands."),
)  # fmt: skip


class _Spread(NaryPrimitive):
    """A variance or its root: its operands are ddof, then the whole sequence."""

    def __call__(self, *operands: Any, **named: Any) -> Any:
        ddof = named.pop("ddof", 0.0)
        if named or len(operands) != 1 or hasattr(operands[0], "interpretation_level"):
            raise TypeError(
                f"autograd.{self.name} takes one iterable of operands, and ddof by its name, as in "
                f"autograd.{self.name}([a, b, c], ddof=1); got {len(operands)} argument{'s' * (len(operands) != 1)}"
                + (f" and {', '.join(named)}=" if named else "")
            )
        return self.apply((to_float(ddof, f"ddof of autograd.{self.name}"), *listed(self.name, operands[0])))

    def _signature(self) -> inspect.Signature:
        ddof = inspect.Parameter("ddof", inspect.Parameter.KEYWORD_ONLY, default=0.0)
        return super()._signature().replace(parameters=[*super()._signature().parameters.values(), ddof])

    def describe(self, operands: Sequence[Any]) -> str:
        """The operation as text, with ddof by its name where it is not 0."""
        ddof, *xs = operands
        return super().describe(xs if ddof == 0.0 else [*xs, f"ddof={ddof:g}"])


var: Primitive = _Spread(
    "var", lambda xs: kernels_exact.var(xs[0], xs[1:]), lambda z, xs: _var_partials(xs),
    remedy="give it more operands than ddof",
    doc=_doc("The variance of a sequence, the mean of its squared deviations from its mean, rounded once. As in NumPy, the\n"
             "divisor is n - ddof: ddof=1 estimates the variance of what the sequence was drawn from.",
             "2*(x - mean)/(n - ddof) to each", _try("var", "var([1.0, 2.0, 6.0], ddof=1)", "7.0"),
             x="an iterable; ddof a plain number",
             raises="ValueError: there are no more operands than ddof. (NumPy gives nan there.)"),
)  # fmt: skip

std: Primitive = _Spread(
    "std", lambda xs: kernels_exact.std(xs[0], xs[1:]), lambda z, xs: _std_partials(z, xs),
    remedy="give it more operands than ddof",
    doc=_doc("The standard deviation of a sequence, the root of its variance; ddof as in var.",
             "(x - mean)/((n - ddof)*std) to each, 0 where all operands are equal: the subgradient of least norm",
             _try("std", "std([1.0, 3.0])", "1.0"), x="an iterable; ddof a plain number",
             raises="ValueError: there are no more operands than ddof. (NumPy gives nan there.)"),
)  # fmt: skip

# ---- derivatives with records of their own ---------------------------------------------------------
# Each is the partial of a record above, by a kernel that keeps the digits; its own partials are plain.

chain: Primitive = Primitive(
    "chain", lambda upstream, local: 0.0 if upstream == 0.0 else upstream * local,
    (lambda z, upstream, local: local, lambda z, upstream, local: upstream), symbol="*",
    doc="Upstream gradient times local gradient; an upstream gradient of zero stops.",
)  # fmt: skip

divide_dy: Primitive = Primitive(
    "divide_dy", kernels.divide_dy,
    (lambda z, x, y: -((1.0 / y) / y), lambda z, x, y: -2.0 * divide_dy(x, y) / y),
    doc="-x/y**2, the partial of x/y with respect to y.",
)  # fmt: skip

power_dx: Primitive = Primitive(
    "power_dx", kernels.power_dx,
    (lambda z, x, y: _power_dxdx(z, x, y), lambda z, x, y: _power_dxdy(x, y)),
    doc="y*x**(y-1), the partial of x**y with respect to x.",
)  # fmt: skip

power_dy: Primitive = Primitive(
    "power_dy", kernels.power_dy,
    (lambda z, x, y: _power_dxdy(x, y), lambda z, x, y: z * log(x) if x > 0.0 else _zero_power(x)),
    doc="x**y*log(x), the partial of x**y with respect to y.",
)  # fmt: skip

hypot_dx: Primitive = Primitive(
    "hypot_dx", kernels.hypot_dx,
    (lambda z, x, y: _per_length(square(hypot_dx(y, x)), x, y), lambda z, x, y: _per_length(-(z * hypot_dx(y, x)), x, y)),
    doc="x/hypot(x, y), the partial of hypot with respect to x.",
)  # fmt: skip

sqrt_dx: Primitive = Primitive(
    "sqrt_dx", kernels.sqrt_dx, (lambda z, x: -2.0 * (z * z * z),), doc="1/(2*sqrt(x)), the partial of sqrt."
)
cbrt_dx: Primitive = Primitive(
    "cbrt_dx", kernels.cbrt_dx, (lambda z, x: -6.0 * cbrt(x) * (z * z * z),), doc="1/(3*cbrt(x)**2), of cbrt."
)
tan_dx: Primitive = Primitive("tan_dx", kernels.tan_dx, (lambda z, x: 2.0 * tan(x) * z,), doc="1/cos(x)**2, of tan.")
tanh_dx: Primitive = Primitive("tanh_dx", kernels.tanh_dx, (lambda z, x: -2.0 * tanh(x) * z,), doc="1/cosh(x)**2, of tanh.")
arcsin_dx: Primitive = Primitive(
    "arcsin_dx", kernels.arcsin_dx, (lambda z, x: x * (z * z * z),), doc="1/sqrt((1-x)*(1+x)), of arcsin."
)
arctan_dx: Primitive = Primitive(
    "arctan_dx", kernels.arctan_dx, (lambda z, x: -2.0 * x * (z * z),), doc="1/(1+x**2), of arctan."
)
arctan2_dy: Primitive = Primitive(
    "arctan2_dy", kernels.arctan2_dy,
    (lambda z, y, x: 2.0 * z * arctan2_dx(y, x), lambda z, y, x: square(arctan2_dx(y, x)) - z * z),
    doc="x/(x**2+y**2), the partial of arctan2(y, x) with respect to y.",
)  # fmt: skip
arctan2_dx: Primitive = Primitive(
    "arctan2_dx", kernels.arctan2_dx,
    (lambda z, y, x: z * z - square(arctan2_dy(y, x)), lambda z, y, x: -2.0 * z * arctan2_dy(y, x)),
    doc="-y/(x**2+y**2), the partial of arctan2(y, x) with respect to x.",
)  # fmt: skip
arcsinh_dx: Primitive = Primitive(
    "arcsinh_dx", kernels.arcsinh_dx, (lambda z, x: -x * (z * z * z),), doc="1/sqrt(1+x**2), of arcsinh."
)
arccosh_dx: Primitive = Primitive(
    "arccosh_dx", kernels.arccosh_dx, (lambda z, x: -x * (z * z * z),), doc="1/sqrt(x**2-1), of arccosh."
)
arctanh_dx: Primitive = Primitive(
    "arctanh_dx", kernels.arctanh_dx, (lambda z, x: 2.0 * x * (z * z),), doc="1/((1-x)*(1+x)), of arctanh."
)
erf_dx: Primitive = Primitive("erf_dx", kernels.erf_dx, (lambda z, x: -2.0 * x * z,), doc="2/sqrt(pi)*exp(-x**2), of erf.")
sigmoid_dx: Primitive = Primitive(
    "sigmoid_dx", kernels.sigmoid_dx, (lambda z, x: -(z * tanh(0.5 * x)),), doc="sigmoid(x)*sigmoid(-x), of sigmoid."
)
silu_dx: Primitive = Primitive(
    "silu_dx", kernels.silu_dx, (lambda z, x: sigmoid_dx(x) * (2.0 - x * tanh(0.5 * x)),), doc="The partial of silu."
)
gelu_dx: Primitive = Primitive(
    "gelu_dx", kernels.gelu_dx,
    (lambda z, x: erf_dx(x * math.sqrt(0.5)) * (2.0 - x * x) * math.sqrt(0.125),), doc="The partial of gelu.",
)  # fmt: skip

erfinv_dx: Primitive = Primitive(
    "erfinv_dx", kernels_exact.erfinv_dx, (lambda z, x: 2.0 * erfinv(x) * (z * z),),
    doc="sqrt(pi)/2*exp(erfinv(x)**2), of erfinv.",
)  # fmt: skip
gamma_dx: Primitive = Primitive(
    "gamma_dx", kernels_exact.gamma_dx, (lambda z, x: z * digamma(x) + gamma(x) * polygamma(1.0, x),),
    doc="gamma(x)*digamma(x), of gamma.",
)  # fmt: skip
sinc_dx: Primitive = Primitive(
    "sinc_dx", kernels_exact.sinc_dx, (lambda z, x: sinc_dn(2.0, x),), doc="(cos(pi*x) - sinc(x))/x, of sinc."
)
sinc_dn: Primitive = Primitive(
    "sinc_dn", kernels_exact.sinc_dn, (None, lambda z, n, x: sinc_dn(n + 1.0, x)), doc="The derivative of order n of sinc."
)
deviation: Primitive = NaryPrimitive(
    "deviation", lambda xs: kernels_exact.deviation(xs[0], xs[1:]), lambda z, xs: _deviation_partials(xs),
    doc="x_i - mean(x), the operands being i and then all x; of var and std, rounded once.",
)  # fmt: skip

# ---- pieces of partials ----------------------------------------------------------------------------
# Ordinary arithmetic with a choice by the operands' numbers, for floats, Values and dual numbers alike.


def _sign(x: Any) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else _zero_or_nan(x)


def _zero_or_nan(x: Any) -> float:
    return 0.0 if x == x else NAN  # nan is the number that differs from itself


def _won(x: Any, y: Any) -> float:
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else NAN


def _number(x: Any) -> float:
    return x if type(x) is float else float(x.data)


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
    return -(_number(x) // _number(y))  # floor is flat, so this is a constant to every further derivative


def _zero_power(x: Any) -> float:
    return 0.0 if x == 0.0 else NAN


def _power_dxdx(z: Any, x: Any, y: Any) -> Any:
    # After y steps down, a whole exponent has come to 0, and the polynomial's derivative is the constant 0.
    if y == 0.0 and (type(y) is float or x == 0.0):
        return 0.0
    if x == 0.0 or kernels.has_predecessor(_number(y)):
        return y * power_dx(x, y - 1.0)
    return (y - 1.0) * (z / x)


def _power_dxdy(x: Any, y: Any) -> Any:
    if x > 0.0:
        return (power(x, y - 1.0) if kernels.has_predecessor(_number(y)) else power(x, y) / x) * (1.0 + y * log(x))
    return 0.0 if x == 0.0 and y > 1.0 else NAN


def _share(x: Any, y: Any, z: Any) -> Any:
    if x == y:  # also where both are infinite and x - y would be nan
        return sigmoid(x - y) if z - z == 0.0 else 0.5
    return kernels.softmax((x, y))[0] if type(x) is float and type(y) is float else sigmoid(x - y)


def _softmax_of(z: Any, xs: Sequence[Any]) -> Sequence[Any]:
    if all(type(x) is float for x in xs) or z - z != 0.0:
        return kernels.softmax([_number(x) for x in xs])
    # From the largest operand and not from z: z is rounded, and exp(x - z) would be off by as much as z is. The largest has
    # no exponential of its own, so that its share, however close to 1, has a derivative in which nothing cancels.
    top = 0
    for i, x in enumerate(xs):
        top = i if x > xs[top] else top
    exponentials = [1.0 if i == top else exp(x - xs[top]) for i, x in enumerate(xs)]
    whole = sum(exponentials)
    return [e / whole for e in exponentials]


def _deviations(xs: Sequence[Any]) -> list[Any]:
    return [deviation.apply((float(i), *xs)) for i in range(len(xs))]


def _deviation_partials(xs: Sequence[Any]) -> list[float]:
    n = len(xs) - 1
    others = [-1.0 / n] * n
    others[int(xs[0])] = (n - 1) / n
    return [0.0, *others]


def _var_partials(operands: Sequence[Any]) -> list[Any]:
    ddof, *xs = operands
    if all(type(x) is float for x in xs):
        return [0.0, *kernels_exact.var_partials(ddof, xs)]
    return [0.0, *[2.0 / (len(xs) - ddof) * d for d in _deviations(xs)]]


def _std_partials(z: Any, operands: Sequence[Any]) -> list[Any]:
    ddof, *xs = operands
    if all(type(x) is float for x in xs):
        return [0.0, *kernels_exact.std_partials(ddof, xs)]
    if z == 0.0:
        return [0.0] * len(operands)
    return [0.0, *[d / z / (len(xs) - ddof) for d in _deviations(xs)]]


def _tied_shares(z: Any, xs: Sequence[Any]) -> list[float]:
    ties = [x == z for x in xs]
    return [tie / ties.count(True) for tie in ties] if True in ties else [NAN] * len(xs)


def _products_without(xs: Sequence[Any]) -> Sequence[Any]:
    if all(type(x) is float for x in xs):
        return kernels.products_without(xs)
    return [_product([*xs[:i], *xs[i + 1 :]]) for i in range(len(xs))]


def _product(xs: Sequence[Any]) -> Any:
    """The product as one node, which doesn't overflow on the way; of two at most there is no way."""
    return prod(xs) if len(xs) > 2 else xs[0] * xs[1] if len(xs) == 2 else xs[0] if xs else 1.0


# ---- what rounds is not recorded -------------------------------------------------------------------


def sign(x: Any) -> float:
    """The sign of x as a plain float: -1, 0 or 1. A constant to the derivative.

    >>> sign(-3)
    -1.0
    """
    return _sign(_plain(x))


def floor(x: Any) -> float:
    """The largest whole number not above x, as a plain float. A constant to the derivative.

    >>> floor(-2.5)
    -3.0
    """
    return _rounded(math.floor, x)


def ceil(x: Any) -> float:
    """The smallest whole number not below x, as a plain float. A constant to the derivative.

    >>> ceil(2.5)
    3.0
    """
    return _rounded(math.ceil, x)


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
    return _plain(x).__round__(ndigits)


def _rounded(function: Any, x: Any) -> float:
    number = _plain(x)
    return float(function(number)) if math.isfinite(number) else number


def _plain(x: Any) -> float:
    return to_float(x.data if hasattr(x, "interpretation_level") else x)


PUBLIC: dict[str, Primitive] = {
    record.name: record
    for record in (
        add, subtract, multiply, divide, power, remainder, negative, positive, absolute,
        exp, exp2, expm1, log, log2, log10, log1p, sqrt, cbrt, square, reciprocal,
        sin, cos, tan, arcsin, arccos, arctan, arctan2,
        sinh, cosh, tanh, arcsinh, arccosh, arctanh, hypot, erf, erfc,
        erfinv, gamma, lgamma, digamma, polygamma, sinc,
        sigmoid, logsigmoid, softplus, relu, leaky_relu, elu, gelu, silu,
        maximum, minimum, clamp, logaddexp, where, copysign,
        sum, prod, dot, mean, max, min, logsumexp, softmax, norm,
        log_softmax, var, std,
    )
}  # fmt: skip


def primitives() -> dict[str, Primitive]:
    """All public primitives by name.

    >>> from autograd import primitives
    >>> primitives()["tanh"].symbol
    'tanh'
    """
    return dict(PUBLIC)
