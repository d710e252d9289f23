"""Scalar reverse-mode automatic differentiation, glass all the way.

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

from .custom import primitive
from .engines import chosen, engine
from .modes import AnomalyError, detect_anomaly, enable_grad, group, no_grad, record_sources
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
    cos,
    cosh,
    divide,
    dot,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logsigmoid,
    logsumexp,
    maximum,
    mean,
    minimum,
    multiply,
    negative,
    norm,
    positive,
    power,
    primitives,
    prod,
    reciprocal,
    relu,
    remainder,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
)  # fmt: skip
from .records import (
    max as max,
)
from .records import (
    min as min,
)
from .records import (
    round as round,
)
from .records import (
    sum as sum,
)
from .symbol import local_gradient_formulas
from .transforms import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from .value import Value, backward, gradients, topological_order
else:
    Value, backward = chosen.Value, chosen.backward
    gradients, topological_order = chosen.gradients, chosen.topological_order

# What `from autograd import *` gives. The functions that bear the name of a built-in of Python's are public as well, and only
# left out here, so that a star does not put them in the built-ins' place: write autograd.sum, autograd.max.
__all__ = [
    "AnomalyError", "Primitive", "Value", "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh", "arctan",
    "arctan2", "arctanh", "backward", "cbrt", "ceil", "clamp", "cos", "cosh", "derivative", "detect_anomaly",
    "divide", "dot", "elu", "enable_grad", "engine", "erf", "erfc", "exp", "exp2", "expm1", "floor", "gelu", "grad",
    "gradients", "group", "hessian", "hvp", "hypot", "jacobian", "jvp", "leaky_relu", "local_gradient_formulas",
    "log", "log1p", "log2", "log10", "logaddexp", "logsigmoid", "logsumexp", "maximum", "mean",
    "minimum", "multiply", "negative", "no_grad", "norm", "positive", "power", "primitive", "primitives", "prod",
    "reciprocal", "record_sources", "relu", "remainder", "sigmoid", "sign", "silu", "sin", "sinh",
    "softmax", "softplus", "sqrt", "square", "subtract", "tan", "tanh", "topological_order", "trunc",
    "value_and_grad", "vjp",
]  # fmt: skip
