"""Random expressions as short programs: what `strategies` draws, and what can be built from any source of numbers.

A program is a list of instructions, each an operation and the places of two earlier results, counted backwards. So results are
shared all the time, as they are in real graphs and never are in random trees. Where an operand lies outside of a domain, or
too near to a kink, it is wrapped in an operation that moves it, so that no program is ever thrown away.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import autograd
from autograd import Value

from .graphs import as_python, engine_of, is_value

__all__ = ["KINKED", "OPERATIONS", "Expression", "build", "chosen_operations"]

Step = tuple[str, tuple[int, ...], float]  # an operation, the places of its operands, a number it may use
Call = Callable[[Any, Any, Any, float], Any]


def _function(name: str) -> Call:
    return lambda f, a, b, c: getattr(f, name)(a)


def _function_of_two(name: str) -> Call:
    return lambda f, a, b, c: getattr(f, name)(a, b)


def _function_of_many(name: str) -> Call:
    return lambda f, a, b, c: getattr(f, name)([a, b])


def _with_number(call: Callable[[Any, float], Any]) -> Call:
    return lambda f, a, b, c: call(a, c)


# Operation: how many operands, where each must lie, how to compute it with the functions f; from simple to complex, because a
# failing example shrinks to the first ones. The zones: any; small: |x| <= 4; positive: x >= 1/4; unit: |x| <= 7/8;
# above: x >= 9/8; away: |x| >= 1/4; kink: not near 0; apart: the two operands not near to each other.
OPERATIONS: dict[str, tuple[tuple[str, ...], Call]] = {
    "add": (("any", "any"), lambda f, a, b, c: a + b),
    "multiply": (("any", "any"), lambda f, a, b, c: a * b),
    "subtract": (("any", "any"), lambda f, a, b, c: a - b),
    "negative": (("any",), lambda f, a, b, c: -a),
    "offset": (("any",), lambda f, a, b, c: a + 1.5),
    "scaled": (("any",), lambda f, a, b, c: 0.75 * a),
    "taken_from": (("any",), lambda f, a, b, c: 2.0 - a),
    "square": (("any",), _function("square")),
    "cube": (("any",), lambda f, a, b, c: a**3.0),
    "divide": (("any", "away"), lambda f, a, b, c: a / b),
    "reciprocal": (("away",), _function("reciprocal")),
    "exp": (("small",), _function("exp")),
    "log": (("positive",), _function("log")),
    "sin": (("any",), _function("sin")),
    "cos": (("any",), _function("cos")),
    "tanh": (("small",), _function("tanh")),
    "sqrt": (("positive",), _function("sqrt")),
    "sigmoid": (("small",), _function("sigmoid")),
    "softplus": (("small",), _function("softplus")),
    "power": (("positive", "small"), _function_of_two("power")),
    "exponential": (("small",), lambda f, a, b, c: 1.5**a),
    "relu": (("kink",), _function("relu")),
    "absolute": (("kink",), _function("absolute")),
    "maximum": (("any", "apart"), _function_of_two("maximum")),
    "minimum": (("any", "apart"), _function_of_two("minimum")),
    "sum": (("any", "any"), _function_of_many("sum")),
    "mean": (("any", "any"), _function_of_many("mean")),
    "prod": (("any", "any"), _function_of_many("prod")),
    "dot": (("any", "any"), lambda f, a, b, c: f.dot([a, b], [b, 0.5])),
    "norm": (("away", "any"), _function_of_many("norm")),
    "logsumexp": (("small", "small"), _function_of_many("logsumexp")),
    "softmax": (("small", "small"), lambda f, a, b, c: f.softmax([a, b])[0]),
    "max": (("any", "apart"), _function_of_many("max")),
    "min": (("any", "apart"), _function_of_many("min")),
    "hypot": (("away", "any"), _function_of_two("hypot")),
    "arctan2": (("any", "away"), _function_of_two("arctan2")),
    "logaddexp": (("small", "small"), _function_of_two("logaddexp")),
    "arctan": (("any",), _function("arctan")),
    "arcsin": (("unit",), _function("arcsin")),
    "arccos": (("unit",), _function("arccos")),
    "arctanh": (("unit",), _function("arctanh")),
    "arcsinh": (("any",), _function("arcsinh")),
    "arccosh": (("above",), _function("arccosh")),
    "sinh": (("small",), _function("sinh")),
    "cosh": (("small",), _function("cosh")),
    "tan": (("unit",), _function("tan")),
    "expm1": (("small",), _function("expm1")),
    "exp2": (("small",), _function("exp2")),
    "log1p": (("positive",), _function("log1p")),
    "log2": (("positive",), _function("log2")),
    "log10": (("positive",), _function("log10")),
    "cbrt": (("away",), _function("cbrt")),
    "erf": (("small",), _function("erf")),
    "erfc": (("small",), _function("erfc")),
    "logsigmoid": (("small",), _function("logsigmoid")),
    "leaky_relu": (("kink",), lambda f, a, b, c: f.leaky_relu(a, 0.125)),
    "elu": (("kink",), lambda f, a, b, c: f.elu(a, 1.0)),
    "silu": (("small",), _function("silu")),
    "gelu": (("small",), _function("gelu")),
    "erfinv": (("unit",), _function("erfinv")),
    "gamma": (("positive",), _function("gamma")),
    "lgamma": (("positive",), _function("lgamma")),
    "digamma": (("positive",), _function("digamma")),
    "polygamma": (("positive",), lambda f, a, b, c: f.polygamma(1.0, a)),
    "sinc": (("small",), _function("sinc")),
    "log_softmax": (("small", "small"), lambda f, a, b, c: f.log_softmax([a, b])[0]),
    "var": (("any", "any"), _function_of_many("var")),
    "std": (("any", "apart"), _function_of_many("std")),
    "copysign": (("kink",), lambda f, a, b, c: f.copysign(a, -1.0)),
    "where": (("any", "any"), lambda f, a, b, c: f.where(1.0, a, b) - f.where(0.0, a, b)),
}
KINKED = tuple(name for name, (zones, _) in OPERATIONS.items() if {"kink", "apart"} & set(zones))
# Only to wrap operands in, around a sine, which takes any number and never saturates, so that no gradient drowns in rounding.
# These take the number that the step holds.
_WRAPS: dict[str, Call] = {
    "plus": _with_number(lambda a, c: a + c),
    "times": _with_number(lambda a, c: c * a),
    "minus": _with_number(lambda a, c: c - a),
}


def _of_sequence(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda xs: function(*xs)


def _mpmath_functions() -> Any:
    functions = importlib.import_module("autograd.testing.reference").FUNCTIONS
    many = ("sum", "mean", "prod", "norm", "logsumexp", "max", "min")
    found = {name: _of_sequence(g) if name in many else g for name, g in functions.items()}
    found["dot"] = lambda xs, ys: functions["dot"](*xs, *ys)
    for name in ("softmax", "log_softmax"):
        found[name] = lambda xs, g=functions[name]: [g(i, *xs) for i in range(len(xs))]
    for name in ("var", "std"):
        found[name] = lambda xs, g=functions[name]: g(0, *xs)
    return SimpleNamespace(**found)


class Expression:
    """A function with a point to try it at.

    Args:
        fn: takes as many numbers as the point has.
        point: the inputs.

    Attributes:
        fn: the function; it runs on floats, Values, dual numbers and mpmath's mpf. It is within its domain at the point and
            around it.
        point: the inputs, as floats.
        program: the function as Python, a lambda in the functions of `autograd`.

    The repr can be pasted, after ``from autograd import *``.

    >>> from autograd import exp
    >>> Expression(lambda x: exp(x) * x, 1.5)
    Expression(lambda x0: exp(x0) * x0, 1.5)
    """

    def __init__(self, fn: Callable[..., Any], *point: float) -> None:
        self.fn = fn
        self.point = tuple(map(float, point))

    @property
    def program(self) -> str:
        """The function as Python, written from a recorded run."""
        names = [f"x{i}" for i in range(len(self.point))]
        leaves = [Value(x) for x in self.point]
        root = self.fn(*leaves)
        if not is_value(root):
            return f"lambda {', '.join(names)}: {root!r}"
        return as_python(engine_of(root).topological_order(root), leaves, names, longest=1000)

    def __repr__(self) -> str:
        return f"Expression({', '.join([self.program, *map(repr, self.point)])})"


class _Program:
    """The function of an expression: runs its steps on numbers of any kind."""

    def __init__(self, steps: Sequence[Step], extra: dict[str, Any]) -> None:
        self.steps = steps
        self.extra = extra

    def __call__(self, *inputs: Any) -> Any:
        exact = any(hasattr(x, "_mpf_") for x in inputs)
        functions = _mpmath_functions() if exact else autograd
        results = list(inputs)
        for step in self.steps:
            results.append(_compute(functions, step, results, self.extra, exact))
        return results[-1]


def _compute(functions: Any, step: Step, results: Sequence[Any], extra: dict[str, Any], exact: bool = False) -> Any:
    name, places, number = step
    operands = [results[i] for i in places]
    if name in extra:
        primitive = extra[name]
        if exact and getattr(primitive, "reference", None) is None:
            raise TypeError(f"{name} has no reference for mpmath; write autograd.primitive(..., reference=...)")
        return primitive.reference(*operands) if exact else primitive(*operands)
    call = _WRAPS[name] if name in _WRAPS else OPERATIONS[name][1]
    return call(functions, operands[0], operands[-1], number)


def chosen_operations(ops: Iterable[str] | None, extra_ops: Iterable[Any]) -> tuple[list[str], dict[str, Any]]:
    """The names to draw from, and the primitives that are not built in.

    Raises:
        ValueError: a name is not known, or there is none.
        TypeError: an extra operation is not a primitive of one or two operands.
    """
    names = list(OPERATIONS) if ops is None else list(ops)
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown:
        raise ValueError(f"ops has {', '.join(map(repr, unknown))}; the names are {', '.join(OPERATIONS)}")
    extra = {}
    for record in extra_ops:
        if not isinstance(record, autograd.Primitive) or record.arity not in (1, 2) or not all(record.partials):
            raise TypeError(f"extra_ops takes primitives of one or two operands, got {record!r:.60}")
        if record.name in OPERATIONS or record.name in _WRAPS:
            raise ValueError(f"extra_ops: {record.name} is the name of an operation already; give the primitive another one")
        extra[record.name] = record
    if not names and not extra:
        raise ValueError("ops and extra_ops are both empty; name at least one operation")
    return names + list(extra), extra


class _Builder:
    """Steps with their values at the point, and the wrapping of operands."""

    def __init__(self, point: Sequence[float], extra: dict[str, Any], smooth: bool, margin: float) -> None:
        self.values = list(point)
        self.steps: list[Step] = []
        self.extra = extra
        self.smooth = smooth
        self.margin = margin

    def emit(self, name: str, *places: int, number: float = 0.0) -> int:
        step = (name, places, number)
        self.values.append(_compute(autograd, step, self.values, self.extra))
        self.steps.append(step)
        return len(self.values) - 1

    def undo(self, length: int) -> None:
        """Back to as many values."""
        del self.steps[len(self.steps) - (len(self.values) - length) :]
        del self.values[length:]

    def between(self, place: int, low: float, high: float) -> int:
        """An operand moved into an interval, well inside of its finite ends."""
        x = self.values[place]
        if math.isfinite(low) and math.isfinite(high):
            middle, half = (low + high) / 2.0, (high - low) / 2.0
            if abs(x - middle) <= 0.875 * half:
                return place
            squeezed = self.emit("times", self.emit("sin", place), number=0.875 * half)
            return self.emit("plus", squeezed, number=middle) if middle else squeezed
        if math.isfinite(low):
            return place if x >= low + 0.25 else self.emit("plus", self.emit("sin", place), number=low + 1.25)
        if math.isfinite(high):
            return place if x <= high - 0.25 else self.emit("minus", self.emit("sin", place), number=high - 1.25)
        return place

    def away(self, place: int, center: float, margin: float) -> int:
        """An operand moved away from a number."""
        x = self.values[place] - center
        return place if abs(x) >= margin else self.emit("plus", place, number=2.0 * margin if x >= 0.0 else -2.0 * margin)

    def placed(self, zone: str, place: int, first: int) -> int:
        if zone == "small":
            return place if abs(self.values[place]) <= 4.0 else self.emit("sin", place)
        if zone == "positive":
            return self.between(place, 0.0, math.inf)
        if zone == "unit":
            return self.between(place, -1.0, 1.0)
        if zone == "above":
            return self.between(place, 1.0, math.inf)
        if zone == "away":
            return self.away(place, 0.0, 0.25)
        if zone == "kink":
            return self.away(place, 0.0, self.margin) if self.smooth else place
        if zone == "apart":
            return self.away(place, self.values[first], self.margin) if self.smooth else place
        return place

    def apply(self, name: str, places: list[int]) -> None:
        """One operation, with its operands wrapped where that is needed."""
        if name in self.extra:
            record = self.extra[name]
            domain = getattr(record, "domain", ((-math.inf, math.inf),) * record.arity)
            self.emit(name, *(self.between(i, *ends) for i, ends in zip(places, domain, strict=False)))
            return
        first = -1
        placed: list[int] = []
        for zone, place in zip(OPERATIONS[name][0], places, strict=False):
            placed.append(self.placed(zone, place, first))
            first = placed[0]
        self.emit(name, *placed)


def build(
    point: Sequence[float],
    instructions: Iterable[tuple[str, int, int]],
    *,
    extra: dict[str, Any] | None = None,
    smooth: bool = True,
    kink_margin: float = 1 / 16,
    max_magnitude: float = 256.0,
) -> Expression:
    """An expression from a point and a list of instructions.

    Args:
        point: the inputs.
        instructions: for each an operation, and how many results to count back to its first and its second operand.
        extra: primitives that are not built in, by name.
        smooth: whether to keep away from kinks.
        kink_margin: how far.
        max_magnitude: no result is larger.

    Returns:
        The expression. What its result does not depend on is left out, and inputs that would be are added to the result.

    >>> build([2.0], [("add", 0, 0), ("exp", 0, 0), ("multiply", 0, 1)])
    Expression(lambda x0: (a := x0 + x0, exp(a) * a)[-1], 2.0)
    """
    builder = _Builder(point, extra or {}, smooth, kink_margin)
    for name, *backs in instructions:
        length = len(builder.values)
        places = [length - 1 - back % length for back in backs]
        try:
            builder.apply(name, places)
            fits = abs(builder.values[-1]) <= max_magnitude
        except (ArithmeticError, ValueError):
            fits = False
        if not fits:
            builder.undo(length)
            builder.apply(name, [builder.emit("sin", i) for i in places])
            if not abs(builder.values[-1]) <= max_magnitude:  # an extra operation that is large everywhere
                builder.emit("sin", len(builder.values) - 1)
    return Expression(_Program(_pruned(builder, len(point)), builder.extra), *point)


def _pruned(builder: _Builder, inputs: int) -> list[Step]:
    """The steps that lead to the last result, and inputs that do not lead there added to it."""
    if not builder.steps:
        builder.emit("add", inputs - 1, inputs - 1)
    wanted = {len(builder.values) - 1}
    for place in range(len(builder.values) - 1, inputs - 1, -1):
        if place in wanted:
            wanted.update(builder.steps[place - inputs][1])
    new = {i: i for i in range(inputs)}
    steps: list[Step] = []
    for place in sorted(wanted):
        if place >= inputs:
            name, places, number = builder.steps[place - inputs]
            new[place] = inputs + len(steps)
            steps.append((name, tuple(new[i] for i in places), number))
    for i in range(inputs):
        if i not in wanted:
            steps.append(("add", (inputs + len(steps) - 1, i), 0.0))
    return steps
