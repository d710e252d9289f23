"""`check_gradients`: the gradient of any function against differences that know their own error."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from typing import Any

import autograd

from .graphs import is_value
from .report import GradientError, InconclusiveWarning, InputCheck, Report, off_by
from .subjects import DerivativeOf, Function, Given, Recorded
from .trees import numbers_of

__all__ = ["check_gradients", "report_of"]


def check_gradients(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    gradients: Any = None,
    tolerance: float | None = None,
    strict: bool = False,
) -> Report:
    """Compare the gradient of a function with Richardson extrapolation, within a computed error bound.

    A function with jumps or kinks so dense that every step crosses some, such as ``x % 1e-7``, is beyond this method and may be
    refused wrongly; `certify` judges each operation at one point and is not misled.

    Args:
        f: takes as many inputs and returns a Value, or several in a list, tuple, dict or NumPy array. With `gradients` it takes
            floats and returns one, or several.
        inputs: where: real numbers, or Values, whose class is then used for the engine; also lists, tuples, dicts and NumPy
            arrays of them, as `grad` takes them, which f gets back in the same shape.
        order: 1, or 2 to check second derivatives as well.
        gradients: derivatives of your own to test in place of the engine's: one for each input, in its shape, or a function
            that takes the inputs and returns them. If f returns several numbers, a matrix with a row for each of them and a
            column for each number of the input; if it takes several lists or arrays, such a matrix for each.
        tolerance: how much the gradient may be off, as a part of its scale. None, the usual choice, allows no more than the
            computed error.
        strict: whether a kink, an inconclusive check or an input that f ignores raises as well. A zero in `gradients` is taken
            at its word: such an input may be ignored.

    Returns:
        A report with a verdict for each derivative: "pass"; "kink" if the limits from the two sides differ and the gradient
        lies between them; or "inconclusive" if rounding, of the function or of the gradient itself, or a rough function hides
        the answer.

    Raises:
        GradientError: a derivative is wrong, or f isn't smooth at any scale where it could be right. The message names it, and
            the operation whose local gradient is wrong.
        TypeError: f or an input is of the wrong kind, or f returns no Value.
        ValueError: f returns inf or nan, changes its inputs, or does not return the same twice; `gradients` has another shape.

    Warns:
        InconclusiveWarning: a derivative was neither shown to be right nor to be wrong; pytest shows the reason.

    >>> from autograd.testing import check_gradients
    >>> check_gradients(lambda x, y: x * y.exp(), 1.0, 2.0).verdict
    'pass'
    >>> print(check_gradients(lambda p: p["w"][0] * p["w"][1], {"w": [3.0, 4.0]}))  # doctest: +ELLIPSIS
    df/dp['w'][0]: pass, got 4.0, expected 4.0...
    df/dp['w'][1]: pass, got 3.0, expected 3.0...
    >>> check = check_gradients(lambda q: [q[0] * q[1], q[1]], [3.0, 4.0], gradients=[[4.0, 3.0], [0.0, 1.0]]).checks[1]
    >>> check.name, check.verdict, check.got
    ('df[0]/dq[1]', 'pass', 3.0)
    >>> check_gradients(lambda x: x ** 3, 2.0, gradients=[11.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.testing.report.GradientError: df/dx is wrong at f(2.0)...
    """
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    report, where = report_of(f, *inputs, order=order, gradients=gradients, tolerance=tolerance, strict=strict)
    unknown = [check for check in report.checks if check.verdict == "inconclusive"]
    if unknown:
        first, more = unknown[0], f"; and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        expected = f"got {first.got!r}, expected {first.expected!r} +- {first.error:.1g}"
        warnings.warn(
            f"{first.name} at {where} is inconclusive: {first.note} ({expected}){more}", InconclusiveWarning, stacklevel=2
        )
    return report


def report_of(
    f: Callable[..., Any], *inputs: Any, order: int, gradients: Any = None, tolerance: float | None = None, strict: bool = False
) -> tuple[Report, str]:
    """What `check_gradients` finds, without a warning, and the call of f as text."""
    __tracebackhide__ = True
    if not callable(f):
        raise TypeError(
            f"check_gradients(f) takes a function, got {type(f).__name__}; write check_gradients(lambda x: ..., 1.0)"
        )
    if not inputs:
        raise TypeError("check_gradients takes the inputs after the function; write check_gradients(f, 1.0, 2.0)")
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"order is 1 or 2, got {order!r}")
    if order == 2 and gradients is not None:
        raise ValueError(
            "order=2 needs the engine's own graph; to check second derivatives of yours let f be one of your gradients"
        )
    if tolerance is not None and not tolerance >= 0.0:
        raise ValueError(f"tolerance is a number of at least 0 or None, got {tolerance!r}")
    called = _names(f, len(inputs))
    named = [found for x, name in zip(inputs, called, strict=True) for found in numbers_of(x, name)]
    if not named:
        raise TypeError(f"check_gradients found no number in its inputs, got {inputs!r:.60}")
    point = tuple(_number(x) for _, x in named)
    names = [name for name, _ in named]
    kind = next((type(x) for _, x in named if is_value(x)), autograd.Value)
    function = Function(f, inputs)
    if gradients is None:
        subject: Recorded | Given = Recorded(function, point, names, kind)
    else:
        subject = Given(function, point, names, gradients)
    checks = subject.check("df", "", tolerance)
    _raise_if_wrong(subject, checks, strict)
    if order == 2:
        for i, name in enumerate(names):
            second = Recorded(DerivativeOf(function, i, name), point, names, kind)
            found = second.check("d2f", f"/d{name}", tolerance)
            _raise_if_wrong(second, found, strict)
            checks += found
    return Report(tuple(checks), point), function.text(point)


def _number(x: Any) -> float:
    number = float(x.data) if is_value(x) else autograd.Value(x).data
    if not math.isfinite(number):
        raise ValueError(f"check_gradients needs finite inputs, got {number!r}")
    return number


def _names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        given = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        given = ()  # type: ignore[assignment]  # nothing is known about some functions written in C
    names = [p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    return names if len(names) == count else [f"x{i}" for i in range(count)]


def _raise_if_wrong(subject: Recorded | Given, checks: list[InputCheck], strict: bool) -> None:
    __tracebackhide__ = True
    wrong = [n for n, c in enumerate(checks) if c.verdict == "fail"]
    # An input that f ignores is worth a look; one that a derivative ignores is not, nor is a zero that was given.
    told = isinstance(subject, Recorded) and isinstance(subject.f, Function)
    unproved = [n for n, c in enumerate(checks) if c.verdict != "pass" or (c.note and told)]
    bad = wrong or (unproved if strict else [])
    if not bad:
        return
    check, k = checks[bad[0]], bad[0] // len(subject.names)
    state = "wrong" if wrong else f"not proved right ({check.verdict if check.verdict != 'pass' else 'note'})"
    bounds = abs(check.got - check.expected) / max(check.error, 5e-324)
    lines = [
        f"{check.name} is {state} at {subject.f.text(subject.point)}",
        f"  expected  {check.expected!r} +- {check.error:.1g} (Richardson, step {check.step:.1g})",
        f"  got       {check.got!r}",
        f"  off by    {off_by(check.got, check.expected)}, {bounds:.3g} error bounds",
    ]
    lines += [f"  note      {check.note}"] if check.note else []
    culprit = subject.culprit(k) if wrong else ""
    lines += [f"  culprit   {culprit}"] if culprit else []
    paste = subject.paste(k)
    lines += [f"  paste     {paste}"] if paste else []
    also = [checks[n].name for n in bad[1:]]
    lines += [f"  also      {', '.join(also[:6])}{', ...' if len(also) > 6 else ''}"] if also else []
    raise GradientError("\n".join(lines), Report(tuple(checks), subject.point))
