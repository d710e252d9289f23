"""The first number that isn't finite: where inf or nan came into a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Alarm", "first_alarm", "is_alarming"]


@dataclass(frozen=True)
class Alarm:
    """The first number of a graph that is inf or nan.

    Attributes:
        place: of the node, or of the box that it is folded into.
        kind: ``"value"`` or ``"gradient"``.
        name: what the node is called.
        formula: how it was computed; empty for a leaf.
        number: the number.
    """

    place: int
    kind: str
    name: str
    formula: str
    number: float


def is_alarming(number: float | None) -> bool:
    """Whether a number is there and isn't finite.

    >>> is_alarming(float("nan")), is_alarming(2.0), is_alarming(None)
    (True, False, False)
    """
    return number is not None and not math.isfinite(number)


def first_alarm(values: Sequence[float | None], gradients: Sequence[float | None]) -> tuple[int, str] | None:
    """Where the first inf or nan came from.

    That is the first value in the order which isn't finite, so that those of its operands are. Where all values are finite it
    is the first gradient on the way back, so that those which it was computed from are.

    Args:
        values: those of a graph, parents before children.
        gradients: in the same order; None where there is none.

    Returns:
        The place and ``"value"`` or ``"gradient"``; None if every number is finite.

    >>> first_alarm([0.0, 0.0, 1.0], [float("nan"), float("inf"), 1.0])
    (1, 'gradient')
    """
    for place, value in enumerate(values):
        if is_alarming(value):
            return place, "value"
    for place in reversed(range(len(gradients))):
        if is_alarming(gradients[place]):
            return place, "gradient"
    return None
