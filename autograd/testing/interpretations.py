"""The partials of a recorded operation once more, on Values and on dual numbers, as a graph of derivatives computes them.

`backward` takes a record's partials on floats. Derivatives of higher order take them on Values or on dual numbers, where a
record may go another way: a formula of several operations, with roundings and overflows of its own. What is true of one way
says nothing about the other, so both are compared with the same 50 digits, and so are their own derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import autograd

from .graphs import at_a_kink, engine_of, is_value, scale

__all__ = ["MOST", "Again", "again", "direction", "may_go_on"]

MOST = 64  # operands; a graph of the partials of more takes too long
DIRECTIONS = (1.0, -0.75, 0.5, -0.625, 0.875)  # how much each operand moves, as a part of itself; no two in a row are alike
LEAST, GREATEST = 1e-80, 1e80  # where a product of three numbers neither overflows nor loses digits


@dataclass(frozen=True)
class Again:
    """What the partials are in another interpretation.

    Attributes:
        how: the interpretation in words.
        partials: their numbers.
        slopes: the derivative of each in the direction that was asked for.
        sizes: for each the scale of that derivative.
    """

    how: str
    partials: tuple[float, ...]
    slopes: tuple[float, ...]
    sizes: tuple[float, ...]


def direction(numbers: Sequence[float], positions: Sequence[int]) -> list[float]:
    """A direction in which every operand moves by a part of itself; 0 for those that don't move."""
    return [(x or 1.0) * DIRECTIONS[i % len(DIRECTIONS)] if i in positions else 0.0 for i, x in enumerate(numbers)]


def again(node: Any, numbers: Sequence[float], positions: Sequence[int]) -> list[Again]:
    """The partials of a node on Values and on dual numbers.

    Args:
        node: a computed Value.
        numbers: its operands' numbers.
        positions: which of them are Values.

    Returns:
        One of each interpretation; none where the operation has too many operands, or partials that take floats only.
    """
    if len(numbers) > MOST:
        return []
    try:
        with autograd.enable_grad():
            return [_on_values(node, numbers, positions), _on_duals(node, numbers, positions)]
    except (TypeError, AttributeError, ArithmeticError, ValueError):  # what raises gives no wrong number
        return []


def _on_values(node: Any, numbers: Sequence[float], positions: Sequence[int]) -> Again:
    engine = engine_of(node)
    leaves = [engine.Value(x) if i in positions else x for i, x in enumerate(numbers)]
    operands = tuple(leaves)
    moves = direction(numbers, positions)
    partials, slopes, sizes = [], [], []
    for partial in node.op.local_gradients(node.op.apply(operands, node.data), operands, positions):
        partials.append(float(partial.data if is_value(partial) else partial))
        slope = size = 0.0
        if is_value(partial):
            order = engine.topological_order(partial)
            found, reach = engine.gradients(partial, [leaves[i] for i in positions]), scale(order)
            slope = math.fsum(g * moves[i] for g, i in zip(found, positions, strict=True))
            size = math.fsum(reach.get(leaves[i], 0.0) * abs(moves[i]) for i in positions)
        slopes.append(slope)
        sizes.append(size)
    return Again("on Values", tuple(partials), tuple(slopes), tuple(sizes))


def _on_duals(node: Any, numbers: Sequence[float], positions: Sequence[int]) -> Again:
    moves = direction(numbers, positions)

    def partials_of(*moving: Any) -> list[Any]:
        rest = iter(moving)
        operands = tuple([next(rest) if i in positions else x for i, x in enumerate(numbers)])
        return list(node.op.local_gradients(node.op.apply(operands, node.data), operands, positions))

    point = tuple(numbers[i] for i in positions)
    partials, slopes = autograd.jvp(partials_of, point, tuple(moves[i] for i in positions))
    return Again("on dual numbers", tuple(partials), tuple(slopes), (0.0,) * len(partials))


def may_go_on(node: Any, numbers: Sequence[float], partials: Sequence[float]) -> bool:
    """Whether the derivatives of the partials can be told: no kink here, and no number so large or small that products fail."""
    plain = all(LEAST <= abs(x) <= GREATEST for x in (*numbers, *partials, node.data) if x)
    return plain and not at_a_kink([node])
