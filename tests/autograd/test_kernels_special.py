"""The float kernels where numbers are infinite, nan, overflowing or cancelled away: one row a case."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

from autograd import kernels as k

INF, NAN, BIG = math.inf, math.nan, 1e308

CASES: list[tuple[Any, tuple[Any, ...], Any]] = [
    (k.cbrt, (INF,), INF),
    (k.cbrt, (-0.0,), -0.0),
    (k.cbrt, (NAN,), NAN),
    (k.arctan2_dy, (1.7e308, 1.7e308), 0.5 / 1.7e308),
    (k.has_predecessor, (3.0,), True),
    (k.has_predecessor, (0.5,), True),
    (k.has_predecessor, (0.1,), False),
    (k.has_predecessor, (-1.3,), False),
    (k.has_predecessor, (2.0**53,), True),
    (k.has_predecessor, (2.0**53 + 2,), False),
    (k.has_predecessor, (2.0**53 + 4,), False),
    (k.has_predecessor, (-(2.0**53) - 4,), False),
    (k.has_predecessor, (INF,), True),
    (k.has_predecessor, (NAN,), False),
    (k.power_dx, (2.0, 0.0), 0.0),
    (k.power_dx, (0.0, -1.0), -INF),  # the limit from the right, which a fractional power comes to after some derivatives
    (k.power_dx, (0.0, NAN), NAN),
    (k.power_dx, (1e-200, -1.0), -INF),
    (k.power_dx, (INF, 2.0), INF),
    (k.power_dy, (-1.0, 2.0), NAN),
    (k.power_dy, (NAN, 2.0), NAN),
    (k.power_dy, (INF, 2.0), INF),
    (k.hypot_dx, (0.0, 0.0), 0.0),
    (k.hypot_dx, (NAN, 1.0), NAN),
    (k.hypot_dx, (INF, 1.0), NAN),
    (k.hypot_dx, (1.0, INF), 0.0),
    (k.arccosh, (1.0,), 0.0),
    (k.arccosh, (INF,), INF),
    (k.arccosh, (NAN,), NAN),
    (k.tanh, (-0.0,), -0.0),
    (k.tanh, (-1e-310,), -1e-310),
    (k.logsumexp, ((-0.0,),), 0.0),
    (k.logsumexp, ((0.0, -800.0),), 0.0),
    (k.erf_dx, (NAN,), NAN),
    (k.erfc, (NAN,), NAN),
    (k.erfc, (30.0,), 0.0),
    (k.gelu, (NAN,), NAN),
    (k.gelu, (-INF,), -0.0),
    (k.gelu, (INF,), INF),
    (k.gelu_dx, (NAN,), NAN),
    (k.gelu_dx, (-INF,), 0.0),
    (k.gelu_dx, (INF,), 1.0),
    (k.silu, (-INF,), -0.0),
    (k.silu, (INF,), INF),
    (k.silu, (NAN,), NAN),
    (k.silu_dx, (-INF,), -0.0),
    (k.silu_dx, (INF,), 1.0),
    (k.silu_dx, (NAN,), NAN),
    (k.sigmoid, (NAN,), NAN),
    (k.softplus, (NAN,), NAN),
    (k.tanh, (NAN,), NAN),
    (k.maximum, (NAN, 1.0), NAN),
    (k.maximum, (1.0, NAN), NAN),
    (k.minimum, (NAN, 1.0), NAN),
    (k.minimum, (1.0, NAN), NAN),
    (k.largest, ((1.0, NAN, 3.0),), NAN),
    (k.smallest, ((1.0, NAN, 3.0),), NAN),
    (k.total, ((INF, -INF),), NAN),
    (k.total, ((BIG, BIG),), INF),
    (k.total, ((-BIG, -BIG),), -INF),
    (k.total, ((BIG, BIG, -BIG),), BIG),
    (k.total, ((BIG, BIG, -INF),), -INF),
    (k.mean, ((INF, -INF),), NAN),
    (k.mean, ((BIG, BIG),), BIG),
    (k.mean, ((BIG, BIG, INF),), INF),
    (k.dot, ((0.0, 1.0), (INF, 1.0)), NAN),
    (k.dot, ((0.0, 2.0), (5.0, 3.0)), 6.0),
    (k.dot, ((1e200, 1e200), (1e200, -1e200)), 0.0),
    (k.dot, ((1e200,), (1e200,)), INF),
    (k.dot, ((BIG, BIG, -INF), (10.0, 10.0, 1.0)), -INF),
    (k.product, ((1e200, 1e200),), INF),
    (k.product, ((-1e200, 1e200, 1e-300),), -1e100),
    (k.product, ((INF, 2.0),), INF),
    (k.products_without, ((INF, 2.0, 3.0),), [6.0, INF, INF]),
    (k.logsumexp, ((INF, 1.0),), INF),
    (k.logsumexp, ((NAN, 1.0),), NAN),
    (k.softmax, ((INF, 1.0, INF),), [0.5, 0.0, 0.5]),
    (k.softmax, ((NAN, 1.0),), [NAN, NAN]),
    (k.log_softmax, ((INF, 1.0, INF),), [-math.log(2.0), -INF, -math.log(2.0)]),
    (k.log_softmax, ((-INF, -INF),), [-math.log(2.0)] * 2),
    (k.log_softmax, ((NAN, 1.0),), [NAN, NAN]),
    (k.log_softmax, ((0.0, -INF),), [0.0, -INF]),
    (k.log_softmax, ((BIG, -BIG),), [0.0, -INF]),
    (k.log_softmax, ((0.0, -1000.0),), [0.0, -1000.0]),
]


def shown(x: Any) -> str:
    """Text that tells -0.0 from 0.0 and lets nan equal nan."""
    return repr(x)


@pytest.mark.parametrize(("kernel", "arguments", "expected"), CASES)
def test_special_case(kernel: Any, arguments: tuple[Any, ...], expected: Any) -> None:
    """Infinite and nan operands flow through as the limit or as nan, and what overflows on the way does not matter."""
    got = kernel(*arguments)
    if isinstance(expected, float) and 0 < abs(expected) < INF:
        assert abs(got - expected) <= 2 * math.ulp(expected)
    else:
        assert shown(got) == shown(expected)


@pytest.mark.parametrize(
    "xs", [(-1e-300, -690.0), (-1e-20, -46.0), (-1e-30, -69.0), (-0.5, -0.9327521295671886), (-1e-9, -20.7, -INF)]
)
def test_logsumexp_near_zero(xs: tuple[float, ...]) -> None:
    """Where the largest operand and the logarithm cancel, every digit of the small result is still right."""
    with mpmath.workdps(800):
        truth = mpmath.log(mpmath.fsum([mpmath.exp(mpmath.mpf(x)) for x in xs]))
        assert abs(mpmath.mpf(k.logsumexp(xs)) - truth) <= 2 * mpmath.mpf(math.ulp(float(truth)))
