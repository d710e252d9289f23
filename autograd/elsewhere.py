"""Programs in JAX and PyTorch: the same instructions on arrays and tensors, whose own autodiff does the rest.

Every instruction is elementwise, so that a function takes a point or many at once, may be jitted or mapped, and runs on the
device that its arguments are on. Neither library is needed, or imported, before it is asked for.

At kinks the derivatives are those of glassgrad: what isn't so in the library by itself is written so that it becomes so. Where
a derivative is infinite, such as that of sqrt at 0, glassgrad stops an upstream derivative of zero, and these libraries
give nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from . import records
from .printed import UnprintableError, condition, foreign
from .program import Program, counted, stop
from .record import NaryPrimitive, Primitive

__all__ = ["to_jax", "to_torch"]

Function = Callable[..., Any]
# What each library calls a function that both have. Where a name is missing, it is that of the record.
TORCH_NAMES = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "remainder": "remainder",
    "negative": "neg", "absolute": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
}  # fmt: skip
SAME = (
    "add", "subtract", "multiply", "divide", "power", "remainder", "negative", "absolute", "square", "reciprocal", "sqrt",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sinc", "maximum", "minimum",
)  # fmt: skip


def to_jax(program: Program, *, guards: bool = True) -> Function:
    """A program as a function of JAX's arrays.

    Args:
        program: the program.
        guards: whether a program with guards is refused; see `Program.to_jax`.
    """
    jnp, jax = _library("jax.numpy", "jax"), _library("jax", "jax")
    special = import_module("jax.scipy.special")
    words: dict[str, Function] = {name: getattr(jnp, name) for name in SAME}
    words |= {
        "cbrt": jnp.cbrt, "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "gamma": special.gamma,
        "lgamma": special.gammaln, "digamma": special.digamma, "sigmoid": jax.nn.sigmoid,
        "polygamma": lambda n, x: special.polygamma(int(n), x),
        "logsigmoid": jax.nn.log_sigmoid, "softplus": jax.nn.softplus, "relu": jax.nn.relu, "silu": jax.nn.silu,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    }  # fmt: skip

    def stacked(xs: Sequence[Any]) -> Any:
        return jnp.stack(jnp.broadcast_arrays(*xs)) if xs else jnp.zeros((0,))

    words |= _of_both(jnp.where, jnp.signbit, jax.lax.stop_gradient, words)
    words |= _of_many(stacked, jnp.where, words["sqrt"], jax.lax.stop_gradient)
    words["logsumexp"] = lambda xs: special.logsumexp(stacked(xs), axis=0)
    words["max"], words["min"] = (lambda xs: jnp.max(stacked(xs), axis=0)), (lambda xs: jnp.min(stacked(xs), axis=0))
    words["prod"] = lambda xs: jnp.prod(stacked(xs), axis=0)
    words["softmax"] = lambda xs, component: jax.nn.softmax(stacked(xs), axis=0)[int(component)]
    words["log_softmax"] = lambda xs, component: jax.nn.log_softmax(stacked(xs), axis=0)[int(component)]
    return _function(program, words, "JAX", guards, lambda numbers, _: [jnp.asarray(x) for x in numbers], jnp.asarray)


def to_torch(program: Program, *, guards: bool = True) -> Function:
    """A program as a function of PyTorch's tensors.

    Args:
        program: the program.
        guards: whether a program with guards is refused; see `Program.to_torch`.
    """
    torch = _library("torch", "torch")
    words: dict[str, Function] = {name: getattr(torch, TORCH_NAMES.get(name, name)) for name in SAME}
    words |= {
        "erf": torch.erf, "erfc": torch.erfc,
        "erfinv": torch.erfinv, "lgamma": torch.lgamma, "digamma": torch.digamma, "sigmoid": torch.sigmoid,
        "polygamma": lambda n, x: torch.polygamma(int(n), x), "logsigmoid": torch.nn.functional.logsigmoid,
        "relu": torch.relu, "silu": torch.nn.functional.silu, "gelu": torch.nn.functional.gelu,
        "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    }  # fmt: skip

    def gamma(x: Any) -> Any:
        is_odd = (x < 0.0) & (torch.remainder(torch.floor(x), 2.0) == 1.0)
        size = torch.exp(torch.lgamma(x))
        return torch.where(is_odd, -size, size)

    def stacked(xs: Sequence[Any]) -> Any:
        return torch.stack(torch.broadcast_tensors(*xs)) if xs else torch.zeros((0,), dtype=torch.float64)

    def cbrt(x: Any) -> Any:
        above, below = torch.where(x < 0.0, 1.0, x), torch.where(x < 0.0, -x, 1.0)
        return torch.where(x < 0.0, -(below ** (1.0 / 3.0)), above ** (1.0 / 3.0))

    words["gamma"], words["cbrt"] = gamma, cbrt
    words |= _of_both(torch.where, torch.signbit, torch.Tensor.detach, words)
    words |= _of_many(stacked, torch.where, words["sqrt"], torch.Tensor.detach)
    words["logsumexp"] = lambda xs: torch.logsumexp(stacked(xs), 0)
    words["max"], words["min"] = (lambda xs: torch.amax(stacked(xs), 0)), (lambda xs: torch.amin(stacked(xs), 0))
    words["prod"] = lambda xs: torch.prod(stacked(xs), 0)
    words["softmax"] = lambda xs, component: torch.softmax(stacked(xs), 0)[int(component)]
    words["log_softmax"] = lambda xs, component: torch.log_softmax(stacked(xs), 0)[int(component)]

    def numbers_beside(numbers: Sequence[float], inputs: Sequence[Any]) -> list[Any]:
        like = next((x for x in inputs if isinstance(x, torch.Tensor) and x.is_floating_point()), None)
        kind = {"dtype": torch.float64} if like is None else {"dtype": like.dtype, "device": like.device}
        return [torch.as_tensor(x, **kind) for x in numbers]

    def as_tensor(x: Any) -> Any:
        return x if isinstance(x, torch.Tensor) else torch.as_tensor(x, dtype=torch.float64)

    return _function(program, words, "PyTorch", guards, numbers_beside, as_tensor)


def _library(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"a program in {name} needs {extra}; install it with pip install 'glassgrad[{extra}]'") from None


# ---- words that both libraries need put together -------------------------------------------------------


def _of_both(where: Function, signbit: Function, stopped: Function, words: Mapping[str, Function]) -> dict[str, Function]:
    """Elementary functions whose derivatives at a kink, or whose names, are not the library's own.

    A derivative that would be nan where it is a convention is that of a number put in the place: ``where`` lets
    nothing through from the side that isn't chosen, if that side is finite.
    """
    absolute, plain_arctan2, plain_power = words["absolute"], words["arctan2"], words["power"]

    def hypot(x: Any, y: Any) -> Any:
        origin = (x == 0.0) & (y == 0.0)
        size = words["maximum"](absolute(x), absolute(y))
        scale = stopped(where(origin | (size == math.inf), 1.0 + 0.0 * x, size))
        u, v = where(origin, 1.0, x / scale), y / scale
        length = scale * words["sqrt"](u * u + v * v)
        return where(origin, 0.0, length)

    def arctan2(y: Any, x: Any) -> Any:
        origin = (x == 0.0) & (y == 0.0)
        return where(origin, stopped(plain_arctan2(y, x)), plain_arctan2(where(origin, 1.0, y), where(origin, 1.0, x)))

    def power(x: Any, y: Any) -> Any:
        origin = (x == 0.0) & (y == 0.0)
        return where(origin, 1.0, plain_power(where(origin, 1.0, x), y))

    def clamp(x: Any, lo: Any, hi: Any) -> Any:
        held = words["maximum"](words["minimum"](x, hi), lo)
        return where((lo < x) & (x < hi), x, stopped(held))

    def elu(x: Any, alpha: Any) -> Any:
        return where(x > 0.0, x, alpha * words["expm1"](where(x > 0.0, 0.0, x)))

    def size(x: Any) -> Any:
        return where(x == 0.0, 0.0, absolute(x))

    def copysign(x: Any, y: Any) -> Any:
        return size(x) * where(signbit(y), -1.0, where(y == y, 1.0, y))

    def logit(x: Any) -> Any:
        return words["log"](x) - words["log1p"](-x)

    return {
        "absolute": size,
        "power": power,
        "hypot": hypot,
        "arctan2": arctan2,
        "clamp": clamp,
        "elu": elu,
        "copysign": copysign,
        "logit": logit,
        "positive": lambda x: x,
        "leaky_relu": lambda x, slope: where(x > 0.0, x, slope * x),
        "where": lambda condition, x, y: where(condition != 0.0, x, y),
        "chain": lambda upstream, local: where(upstream == 0.0, 0.0, upstream * where(upstream == 0.0, 0.0, local)),
        "stop": stopped,
    }


def _of_many(stacked: Function, where: Function, sqrt: Function, stopped: Function) -> dict[str, Function]:
    """Functions of sequences."""

    def root(square: Any) -> Any:
        """The root, whose derivative at 0 is 0."""
        return where(square == 0.0, 0.0, sqrt(where(square == 0.0, 1.0, square)))

    def norm(xs: Sequence[Any]) -> Any:
        whole = stacked(xs)
        return root((whole * whole).sum(0))

    def variance(xs: Sequence[Any], ddof: float) -> Any:
        whole = stacked(xs)
        rest = whole - whole.mean(0)
        return (rest * rest).sum(0) / (len(xs) - ddof)

    return {
        "sum": lambda xs: stacked(xs).sum(0),
        "mean": lambda xs: stacked(xs).mean(0),
        "dot": lambda xs, ys: (stacked(xs) * stacked(ys)).sum(0),
        "norm": norm,
        "var": variance,
        "std": lambda xs, ddof: root(variance(xs, ddof)),
        "deviation": lambda xs, component: xs[int(component)] - stacked(xs).mean(0),
    }


# ---- a program -----------------------------------------------------------------------------------------


def _function(
    program: Program, words: Mapping[str, Function], library: str, guards: bool, numbers: Function, given: Function
) -> Function:
    """The program as a function of arrays: each instruction by the library's word for it."""
    if guards and program.guards:
        true = condition(program, program.guards[0])
        raise UnprintableError(
            f"the program is true only where {true}, which a function of {library} can't check; "
            f"choose with where, maximum or relu instead of if, or write guards=False for this way through the function alone"
        )
    steps = [(_word(record, words, library), record, slots) for record, slots in program]

    def computed(*inputs: Any, captured: Sequence[Any] | None = None) -> Any:
        if len(inputs) != program.inputs:
            raise TypeError(f"the program takes {counted(program.inputs, 'argument')}, one by one, got {len(inputs)}")
        if captured is not None and (not hasattr(captured, "__len__") or len(captured) != len(program.captured)):
            wanted = counted(len(program.captured), "number")
            raise TypeError(f"captured= takes a list of {wanted}, got {captured!r:.60}")
        xs = [given(x) for x in inputs]
        around = numbers([x.data for x in program.captured], xs) if captured is None else map(given, captured)
        known = [*xs, *around]
        known += numbers(program.constants, known)
        for word, record, slots in steps:
            operands: Sequence[Any] = [known[s] for s in slots]
            if isinstance(record, NaryPrimitive):
                known.append(word(*record.sequences_in(operands), **record.options))
            else:
                known.append(word(*operands))
        found = [known[slot] for slot in program.outputs]
        return found[0] if len(found) == 1 else found

    computed.__name__ = computed.__qualname__ = "program"
    computed.__doc__ = f"A program as a function of {library}: {program!r}."
    return computed


def _word(record: Primitive, words: Mapping[str, Function], library: str) -> Function:
    """What a library computes a record by."""
    if record is not stop and getattr(records, record.name, None) is not getattr(record, "origin", record):
        raise UnprintableError(f"{record.name} has no counterpart in {library}: {foreign(record)}")
    if record.name in words:
        return words[record.name]
    if record.formula:
        return _of_formula(record, words)
    raise UnprintableError(f"{record.name} has no counterpart in {library}")


def _of_formula(record: Primitive, words: Mapping[str, Function]) -> Function:
    """A derivative with a record of its own, by the formula that people write it with."""
    text = f"lambda {', '.join(record.__signature__.parameters)}: {record.formula}"
    found: Function = eval(text, {**words, "sqrt": _rooted(words["sqrt"]), "pi": math.pi})
    return found


def _rooted(sqrt: Function) -> Function:
    """The square root of arrays, and of plain numbers."""
    return lambda x: math.sqrt(x) if isinstance(x, (int, float)) else sqrt(x)
