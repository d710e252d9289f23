"""A user's own primitive: a function on floats and its partial derivatives, in one call."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from .record import Primitive, is_tracked, to_float

__all__ = ["CustomPrimitive", "primitive"]

Interval = tuple[float, float]


class CustomPrimitive(Primitive):
    """A primitive that was made by `primitive`; it also knows where it may be tried.

    Attributes:
        domain: for each operand the interval in which it may lie.
        reference: the same function in mpmath, or None.
    """

    domain: tuple[Interval, ...]
    reference: Callable[..., Any] | None

    def evaluate(self, plain: tuple[float, ...], operands: Sequence[Any]) -> float:
        """The function on floats, as `Primitive.evaluate` computes it; whatever real number it returns becomes a float.

        Raises:
            TypeError: the function returned something that is not a real number.
        """
        return to_float(super().evaluate(plain, operands), f"the value of {self.name}")

    def local_gradients(self, z: Any, operands: tuple[Any, ...], wanted: Sequence[int] | None = None) -> tuple[Any, ...]:
        """The partial derivatives, as `Primitive.local_gradients` gives them; real numbers become floats.

        Raises:
            TypeError: a partial returned something else: on floats a real number is wanted, on Values a Value will do as well.
        """
        places = range(len(operands)) if wanted is None else wanted
        found = super().local_gradients(z, operands, places)
        return tuple([self._converted(z, i, partial) for i, partial in zip(places, found, strict=True)])

    def _converted(self, z: Any, i: int, partial: Any) -> Any:
        if type(z) is not float and is_tracked(partial):
            return partial
        return to_float(partial, f"partial {i} of {self.name}")

    def __reduce__(self) -> Any:
        raise TypeError(
            f"the primitive {self.name} can't be pickled: it holds functions; make it again with autograd.primitive"
        )


def primitive(
    function: Callable[..., float],
    partials: Any,
    *,
    name: str = "",
    symbol: str = "",
    domain: Any = None,
    reference: Callable[..., Any] | None = None,
    remedy: str = "",
) -> CustomPrimitive:
    """Make a primitive from a function on floats and its partial derivatives.

    The result is called as `autograd.exp` is: on floats, Values and dual numbers, on both engines. Write the partials with
    operators and the functions of `autograd`, not with `math`, so that they can be differentiated again.

    Args:
        function: takes floats and returns a float, or another real number, which becomes one.
        partials: for each operand a function ``(z, *operands)``, where z is the result, that returns dz/doperand; None for
            an operand that is a plain number always. One function alone will do where there is one operand.
            Handed floats, it returns a real number of any kind; handed Values, a Value or such a number.
        name: what messages and pictures call it; the name of `function` if left out.
        symbol: what a picture shows; the name if left out.
        domain: for each operand a pair ``(low, high)`` of where it may lie; one pair will do where there is one operand.
            Everywhere if left out. The checks and the strategies of `autograd.testing` draw from it.
        reference: the same function written for mpmath, which `autograd.testing` then compares with.
        remedy: what to do about an error, as the message should say it.

    Returns:
        The primitive.

    Raises:
        TypeError: something is not a function, or takes another number of arguments than it will get.
        ValueError: there is no name, or the domain is not an interval for each operand.

    >>> from autograd import Value, primitive
    >>> import math
    >>> bell = primitive(lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell")
    >>> x = Value(0.5)
    >>> bell(x).backward()
    >>> x.grad == -bell(0.5)
    True
    """
    listed = (partials,) if callable(partials) else tuple(partials) if isinstance(partials, Sequence) else ()
    if not any(callable(p) for p in listed) or any(p is not None and not callable(p) for p in listed):
        raise TypeError(
            f"primitive(partials) takes a function (z, x) or a list of them, one for each operand, got {partials!r:.60}; "
            f"write primitive(function, [lambda z, x, y: ..., lambda z, x, y: ...])"
        )
    if not callable(function):
        raise TypeError(f"primitive(function) takes a function on floats, got {function!r:.60}")
    name = name or getattr(function, "__name__", "")
    if not name.isidentifier():
        raise ValueError(f"a primitive needs a name, and {name!r} is none; write primitive(..., name='bell')")
    _check_count(function, len(listed), f"the function of {name}", f"{len(listed)}, one for each partial")
    for i, partial in enumerate(listed):
        if partial is not None:
            _check_count(partial, len(listed) + 1, f"partial {i} of {name}", f"{len(listed) + 1}: z, then the operands")
    _, *operands = inspect.signature(next(p for p in listed if p)).parameters  # a function in C may not tell their names
    signature = inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in operands])
    doc = inspect.getdoc(function) or ""
    record = CustomPrimitive(name, function, listed, symbol=symbol, remedy=remedy, doc=doc, signature=signature)
    record.domain = _intervals(domain, len(listed), name)
    record.reference = reference
    return record


def _check_count(function: Callable[..., Any], count: int, what: str, wanted: str) -> None:
    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C tell nothing about their arguments
        return
    try:
        signature.bind(*range(count))
    except TypeError:
        raise TypeError(f"{what} takes {signature}, and will be called with {wanted}") from None


def _intervals(domain: Any, count: int, name: str) -> tuple[Interval, ...]:
    if domain is None:
        return ((-math.inf, math.inf),) * count
    try:
        pairs = [domain] if not isinstance(domain[0], Sequence) else domain
        found = tuple((float(low), float(high)) for low, high in pairs)
    except (TypeError, ValueError, KeyError, IndexError):
        found = ()
    if len(found) != count or not all(low < high for low, high in found):
        raise ValueError(
            f"domain of {name} takes a pair (low, high) with low < high for each of {count} operands, got {domain!r:.60}"
        )
    return found
