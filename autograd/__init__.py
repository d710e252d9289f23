"""Scalar reverse-mode automatic differentiation that shows every value and every gradient.

>>> from autograd import Value
>>> x, y, z = Value(-2), Value(5), Value(-4)
>>> f = (x + y) * z
>>> f.backward()
>>> f.data, x.grad, y.grad, z.grad
(-12.0, -4.0, -4.0, 3.0)

A `Value` is a float that remembers how it was computed. Every elementary function is one `Primitive` record:
``autograd.exp`` works on floats and on Values, and is the method ``Value.exp`` as well. `grad`, `hessian`, `jvp`
and the other transformations work on plain Python functions.

Read `autograd/value.py` first: it is the engine.
"""

from typing import TYPE_CHECKING

from .compiled import EagerWarning, compile as compile
from .custom import primitive
from .engines import chosen, engine
from .graphs import backward, gradients, topological_order
from .mapped import vmap
from .modes import AnomalyError, detect_anomaly, enable_grad, group, no_grad, record_sources
from .neighbours import warn_of_neighbours as _warn_of_neighbours
from .record import Primitive
from .records import (
    absolute,
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cbrt,
    ceil,
    clamp,
    copysign,
    cos,
    cosh,
    digamma,
    divide,
    dot,
    elu,
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    expm1,
    floor,
    gamma,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logaddexp,
    logit,
    logsigmoid,
    logsumexp,
    max as max,
    maximum,
    mean,
    min as min,
    minimum,
    multiply,
    negative,
    norm,
    polygamma,
    positive,
    power,
    primitives,
    prod,
    reciprocal,
    relu,
    remainder,
    round as round,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    std,
    subtract,
    sum as sum,
    tan,
    tanh,
    trunc,
    var,
    where,
)  # fmt: skip
from .symbol import local_gradient_formulas
from .transforms import (
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    stop_gradient,
    taylor,
    value_and_grad,
    vjp,
)

# The same functions under the names that `math`, sympy and PyTorch have for them.
asin, acos, atan, atan2 = arcsin, arccos, arctan, arctan2
asinh, acosh, atanh = arcsinh, arccosh, arctanh

if TYPE_CHECKING:
    from .value import Value
else:
    Value = chosen.Value

_warn_of_neighbours()

# What `from autograd import *` gives. The functions that bear the name of a built-in of Python's are public as well, and only
# left out here, so that a star does not put them in the built-ins' place: write autograd.sum, autograd.max, autograd.compile.
__all__ = [
    "absolute", "acos", "acosh", "add", "AnomalyError", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "backward", "cbrt", "ceil", "clamp", "copysign", "cos", "cosh",
    "derivative", "detect_anomaly", "digamma", "divide", "dot", "elu", "enable_grad", "engine", "erf", "erfc", "erfinv",
    "EagerWarning", "exp", "exp2", "expm1", "floor", "gamma", "gelu", "grad", "gradients", "group", "hessian", "hvp",
    "hypot", "jacfwd", "jacobian", "jacrev", "jvp", "leaky_relu", "lgamma", "local_gradient_formulas", "log", "log10",
    "log1p", "log2", "log_softmax", "logaddexp", "logit", "logsigmoid", "logsumexp", "maximum", "mean", "minimum",
    "multiply", "negative", "no_grad", "norm", "polygamma", "positive", "power", "Primitive", "primitive", "primitives", "prod",
    "reciprocal", "record_sources", "relu", "remainder", "sigmoid", "sign", "silu", "sin", "sinc", "sinh", "softmax",
    "softplus", "sqrt", "square", "std", "stop_gradient", "subtract", "tan", "tanh", "taylor", "topological_order", "trunc",
    "Value", "value_and_grad", "var", "vjp", "vmap", "where",
]  # fmt: skip
