"""The strategies: expressions on every kind of number, their text, their bounds, and how Hypothesis finds Values."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import pytest
from hypothesis import HealthCheck, find, given, settings, strategies as st

import autograd as ag
from autograd.testing.expressions import KINKED, OPERATIONS, Expression, _Builder, build, chosen_operations
from autograd.testing.hook import register
from autograd.testing.strategies import expressions, values

ROOT = Path(__file__).parent.parent.parent
QUICK = settings(max_examples=80, suppress_health_check=list(HealthCheck))


@QUICK
@given(expressions())
def test_one_function_for_every_kind_of_number(Value: Any, expr: Expression) -> None:
    """Floats and Values give the same bits; dual numbers and mpf the same number."""
    plain = expr.fn(*expr.point)
    assert expr.fn(*map(Value, expr.point)).data.hex() == plain.hex()
    value, _ = ag.jvp(expr.fn, expr.point, (1.0,) * len(expr.point))
    assert value == plain
    with mpmath.workdps(50):
        exact = expr.fn(*map(mpmath.mpf, expr.point))
    assert abs(exact - plain) <= 1e-6 * (1.0 + abs(plain))


@QUICK
@given(expressions(smooth=False))
def test_the_repr_can_be_pasted(expr: Expression) -> None:
    """eval(repr(expr)) is an expression with the same point and the same value, to the bit."""
    again = eval(repr(expr), vars(ag) | {"Expression": Expression})
    assert again.point == expr.point
    assert again.fn(*map(ag.Value, expr.point)).data.hex() == expr.fn(*map(ag.Value, expr.point)).data.hex()


@QUICK
@given(expressions(ops=[*KINKED, "add", "negative"], kink_margin=0.25))
def test_kinks_are_kept_away(expr: Expression) -> None:
    """With smooth=True no operation is nearer to a kink than the margin."""
    for node in ag.topological_order(expr.fn(*map(ag.Value, expr.point))):
        if node.op is not None and node.op.name in KINKED:
            first, second = [getattr(x, "data", x) for x in (*node.operands, 0.0)][:2]
            if node.op.arity == 1 or node.op.name in ("leaky_relu", "elu", "copysign"):
                second = 0.0
            assert abs(first - second) >= 0.25 - 1e-12


def test_kinks_are_met_when_asked_for() -> None:
    """With smooth=False a relu at 0 is found at once."""
    found = find(expressions(smooth=False, ops=["relu"]), lambda e: e.point[0] == 0.0, settings=settings(database=None))
    assert found.program == "lambda x0: relu(x0)"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_safe_at_awkward_numbers(name: str) -> None:
    """Every operation, on operands from -1e300 to 1e300, 0 among them, is computed within the magnitude."""
    for a in (0.0, -0.0, 1.0, -1.0, 3.9, -200.0, 1e-300, 250.0, -1e300, 1e300):
        for b in (0.0, a, -a, 0.3):
            expression = build([a, b], [(name, 0, 1), ("scaled", 0, 0)] if abs(a) < 256 else [(name, 0, 1)])
            assert math.isfinite(expression.fn(*expression.point))


def test_every_input_is_used_and_nothing_is_dead() -> None:
    """Inputs that the last result does not depend on are added to it; steps that it does not need are left out."""
    assert build([1.0, 2.0, 3.0], [("exp", 0, 0), ("sin", 1, 1)]).program == "lambda x0, x1, x2: (sin(x2) + x0) + x1"
    assert build([1.0, 2.0], []).program == "lambda x0, x1: (x1 + x1) + x0"
    assert repr(Expression(lambda x: 3.0, 1.0)) == "Expression(lambda x0: 3.0, 1.0)"


def test_operations_that_are_large_everywhere_are_squeezed() -> None:
    """An extra operation whose result is beyond the magnitude is wrapped in a sine; without a reference mpf is refused."""
    huge = ag.primitive(lambda x: x * 1.0 + 1e9, lambda z, x: 1.0, name="huge", domain=(-math.inf, 1.0))
    expression = build([0.5, 0.9], [("huge", 0, 0)], extra={"huge": huge})
    assert abs(expression.fn(*expression.point)) <= 2.0
    with pytest.raises(TypeError, match="huge has no reference for mpmath"):
        expression.fn(mpmath.mpf(1), mpmath.mpf(1))


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "inputs": (lambda: expressions(min_inputs=3, max_inputs=2), ValueError, "got 3 and 2"),
    "ops": (lambda: expressions(min_ops=0), ValueError, "got 0 and 14"),
    "magnitude": (lambda: expressions(max_magnitude=1.0), ValueError, "at least 16, got 1.0"),
    "margin": (lambda: expressions(kink_margin=0.0), ValueError, "kink_margin lies above 0"),
    "unknown": (lambda: expressions(ops=["sine"]), ValueError, "ops has 'sine'; the names are add, multiply"),
    "empty": (lambda: expressions(ops=[]), ValueError, "both empty"),
    "extra": (lambda: expressions(extra_ops=[math.sin]), TypeError, "takes primitives of one or two operands"),
    "taken": (lambda: expressions(extra_ops=[ag.exp]), ValueError, "exp is the name of an operation already"),
    "positional": (lambda: expressions(1), TypeError, "positional"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_refused(name: str) -> None:
    """Bounds that can't be, and operations that are not known, are refused when the strategy is made."""
    act, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        act()


def test_extra_operations_come_last() -> None:
    """The names to draw from end with the extra ones, so that a failing example shrinks to built-in operations."""
    own = ag.primitive(math.sin, lambda z, x: ag.cos(x), name="own")
    names, extra = chosen_operations(["exp"], [own])
    assert names == ["exp", "own"]
    assert extra == {"own": own}


@QUICK
@given(values(min_value=-2.0, max_value=2.0))
def test_values_are_leaves_within_their_bounds(leaf: ag.Value) -> None:
    """values() draws leaves."""
    assert leaf.is_leaf
    assert -2.0 <= leaf.data <= 2.0


def test_hypothesis_finds_values_by_their_type() -> None:
    """Once registered, as the entry point does, st.from_type(Value) draws Values."""
    register()
    found = find(st.from_type(ag.Value), lambda v: v.data > 1.0, settings=settings(database=None))
    assert found.data == 2.0


def test_importing_stays_cheap() -> None:
    """Neither autograd nor autograd.testing nor the hook imports Hypothesis, mpmath or NumPy; autograd imports no testing."""
    code = (
        "import sys, autograd; assert 'autograd.testing' not in sys.modules\n"
        "import autograd.testing, autograd.testing.hook\n"
        "print([name for name in ('hypothesis', 'mpmath', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == "[]\n"


def test_operands_are_moved_into_an_interval() -> None:
    """Into one with an end on one side, an operand is moved to a quarter of its end at most; where it fits, it stays."""
    for low, high, inside in ((-math.inf, 2.0, (-0.25, 1.75)), (-2.0, math.inf, (-1.75, 0.25))):
        found = []
        for x in [n / 8.0 for n in range(-80, 81)]:
            builder = _Builder([x], {}, smooth=True, margin=0.1)
            found.append(builder.values[builder.between(0, low, high)])
            assert found[-1] == x if low + 0.25 <= x <= high - 0.25 else inside[0] <= found[-1] <= inside[1]
        moved = [y for y in found if y * 8.0 % 1.0]
        assert [min(moved), max(moved)] == pytest.approx(inside, abs=0.01)


def test_the_largest_margin_is_allowed() -> None:
    """kink_margin may be 1, and max_magnitude as small as 16; nothing beyond."""
    assert find(expressions(kink_margin=1.0, max_magnitude=16.0), lambda e: True).point == (0.0,)
    with pytest.raises(ValueError, match=r"at most 1, got 1\.01"):
        expressions(kink_margin=1.01)
