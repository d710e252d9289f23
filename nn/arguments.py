"""Checks of arguments: whole numbers and real numbers of any kind, NumPy's included."""

from __future__ import annotations

import math
import operator
from typing import Any

__all__ = ["real_number", "whole_number"]


def whole_number(x: Any, what: str, low: int = 1) -> int:
    """A whole number, as an int.

    Args:
        x: an int, or what counts as one, such as NumPy's integers; a bool doesn't.
        what: what the number is, for the message.
        low: the least that it may be.

    Raises:
        ValueError: it is something else, or below ``low``.

    >>> whole_number(3, "epochs")
    3
    """
    try:
        number = -math.inf if isinstance(x, bool) else operator.index(x)
    except TypeError:
        number = -math.inf
    if number < low:
        raise ValueError(f"{what} must be a whole number of at least {low}, got {x!r:.60}")
    return int(number)


def real_number(x: Any, what: str, low: float, high: float) -> float:
    """A real number from ``low`` to below ``high``, as a float.

    Args:
        x: an int, a float, or what counts as one; neither a text nor a bool.
        what: what the number is, for the message.
        low: the least that it may be.
        high: what it must be below; inf for any finite number.

    Raises:
        ValueError: it is nan or lies outside.
        TypeError: it isn't a number.

    >>> real_number(1, "lr", 0.0, 2.0)
    1.0
    """
    try:
        number = None if isinstance(x, (str, bytes, bool)) else float(x)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise TypeError(f"{what} must be a number from {low:g} to below {high:g}, got {type(x).__name__} {x!r:.60}")
    if not low <= number < high:
        raise ValueError(f"{what} must be from {low:g} to below {high:g}, got {number!r}")
    return number
