"""Hypothesis strategies: random expressions, and Values.

>>> from hypothesis import given, settings
>>> from autograd import derivative, grad
>>> from autograd.testing.strategies import expressions
>>> @settings(max_examples=5, database=None)
... @given(expressions(max_inputs=1))
... def test_forward_mode_equals_reverse_mode(expr):
...     assert abs(grad(expr.fn)(*expr.point) - derivative(expr.fn)(*expr.point)) < 1e-6
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

import autograd

from .expressions import OPERATIONS, Expression, build, chosen_operations

__all__ = ["Expression", "expressions", "values"]


def expressions(
    *,
    min_inputs: int = 1,
    max_inputs: int = 3,
    min_ops: int = 1,
    max_ops: int = 14,
    ops: Iterable[str] | None = None,
    extra_ops: Iterable[Any] = (),
    smooth: bool = True,
    kink_margin: float = 1 / 16,
    max_magnitude: float = 256.0,
) -> st.SearchStrategy[Expression]:
    """Random expressions: graphs with shared nodes, within their domains, that shrink to a few operations.

    Args:
        min_inputs: the fewest inputs, at least 1.
        max_inputs: the most.
        min_ops: the fewest instructions; what the result does not depend on is left out afterwards.
        max_ops: the most.
        ops: names of the operations to use; all of `autograd.testing.expressions.OPERATIONS` if None.
        extra_ops: primitives of your own, of one or two operands, from `autograd.primitive`.
        smooth: whether the point keeps away from kinks.
        kink_margin: how far.
        max_magnitude: the largest number on the way, at least 16.

    Returns:
        A strategy of `Expression`: ``.fn`` runs on floats, Values, dual numbers and mpf, ``.point`` is where, ``.program`` is
        Python. No example is ever rejected.

    Raises:
        ValueError: a bound is impossible, or an operation is not known.
        TypeError: an extra operation is not a primitive of one or two operands.

    >>> from hypothesis import find
    >>> find(expressions(ops=["add", "exp"]), lambda expr: "exp" in expr.program)
    Expression(lambda x0: exp(x0), 0.0)
    """
    if not 1 <= min_inputs <= max_inputs:
        raise ValueError(f"inputs: 1 <= min_inputs <= max_inputs is needed, got {min_inputs} and {max_inputs}")
    if not 1 <= min_ops <= max_ops:
        raise ValueError(f"ops: 1 <= min_ops <= max_ops is needed, got {min_ops} and {max_ops}")
    if not max_magnitude >= 16.0:
        raise ValueError(f"max_magnitude is at least 16, got {max_magnitude!r}")
    if not 0.0 < kink_margin <= 1.0:
        raise ValueError(f"kink_margin lies above 0 and is at most 1, got {kink_margin!r}")
    names, extra = chosen_operations(ops, extra_ops)
    points = st.lists(st.floats(-3.0, 3.0, allow_subnormal=False), min_size=min_inputs, max_size=max_inputs)
    # Near operands are shared more often, and so are those of operations that take two; long programs are asked for half of
    # the time, because lists are short by themselves. All three keep shrinking as it is: simple and short comes first.
    back = st.integers(0, 3)
    two = [name for name in names if (extra[name].arity if name in extra else len(OPERATIONS[name][0])) == 2]
    instruction = st.tuples(st.sampled_from(names + two), back, back)
    long = st.lists(instruction, min_size=max(min_ops, min(8, max_ops)), max_size=max_ops)
    instructions = st.one_of(st.lists(instruction, min_size=min_ops, max_size=max_ops), long)

    @st.composite  # and not .map, so that a failing example is shown as the expression itself
    def built(draw: st.DrawFn) -> Expression:
        point, program = draw(points), draw(instructions)
        return build(point, program, extra=extra, smooth=smooth, kink_margin=kink_margin, max_magnitude=max_magnitude)

    return built()


def values(
    *,
    min_value: float | None = None,
    max_value: float | None = None,
    allow_nan: bool = False,
    allow_infinity: bool = False,
) -> st.SearchStrategy[autograd.Value]:
    """Leaves: Values that hold any float within the bounds.

    Args:
        min_value: the least number.
        max_value: the greatest.
        allow_nan: whether nan is drawn.
        allow_infinity: whether inf and -inf are drawn.

    >>> isinstance(values(min_value=0.0, max_value=1.0), st.SearchStrategy)
    True
    """
    numbers = st.floats(min_value, max_value, allow_nan=allow_nan, allow_infinity=allow_infinity)
    return st.builds(autograd.Value, numbers)
