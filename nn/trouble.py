"""Where a training went wrong: the operation, the module by its name, and the line of the user's own code."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable
from types import TracebackType
from typing import Any

import autograd as ag
from autograd import leaves

from .module import Module

__all__ = ["first_not_finite", "operation", "place"]


def first_not_finite(model: Module) -> str:
    """The first parameter that is inf or nan, in words; nothing if all are finite.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> model.parameters()[1].data = math.inf
    >>> first_not_finite(model)
    'the parameter layers.0.neurons.0.b is inf'
    """
    if leaves.first_not_finite(model.parameters()) < 0:
        return ""
    return next(f"the parameter {name} is {p.data!r}" for name, p in model.named_parameters() if not math.isfinite(p.data))


def operation(forward: Callable[[], Any], model: Module) -> str:
    """The operation that makes an inf or nan, and its place, found by computing once more.

    Args:
        forward: computes what wasn't finite.
        model: whose modules are named.
    """
    try:
        with ag.detect_anomaly():
            forward()
    except (ag.AnomalyError, ArithmeticError, ValueError) as error:
        words, _, _ = str(error).partition("; made by ")  # which may be a line of ours
        return words + place(error, model, "the loss")
    return "an input or a parameter is inf or nan"


def place(error: BaseException, model: Module, outside: str = "") -> str:
    """Where an error was raised: the innermost module, by its name, and the innermost line that isn't of this library.

    Args:
        error: what was raised.
        model: whose modules are named.
        outside: what to say where it was raised in none of them.
    """
    names = {id(module): name or "the model" for name, module in model.named_modules()}
    module, line = outside, ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        module = names.get(id(frame.f_locals.get("self")), module)  # the copy that a frozen one computes with isn't among them
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in ("autograd", "nn"):
            file = frame.f_code.co_filename
            text = linecache.getline(file, trace.tb_lineno, frame.f_globals).strip()
            line = f"{file}:{trace.tb_lineno}" + (f": {text}" if text else "")
        trace = trace.tb_next
    return (f", in {module}" if module else "") + (f", at {line}" if line else "")
