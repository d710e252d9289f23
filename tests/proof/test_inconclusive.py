"""What can't be told: the warning, strict checks that right code passes, and functions that aren't smooth at any scale."""

from __future__ import annotations

import math
import re
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd.testing import GradientError, InconclusiveWarning, check_gradients, check_primitive, subjects

UNKNOWN = (lambda x: 1e20 + x, 1.0)  # one unit in the last place of the result is 16384


def verdict(f: Any, *inputs: Any, gradients: Any, **options: Any) -> str:
    """The worst verdict, whether it is raised, warned of or returned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconclusiveWarning)
        try:
            return check_gradients(f, *inputs, gradients=gradients, **options).verdict
        except GradientError as error:
            return str(error.report.verdict)  # type: ignore[attr-defined]


# ---- the warning ---------------------------------------------------------------------------------------


def test_an_inconclusive_check_warns_once(Value: Any) -> None:
    """The warning names the derivative, where, the reason, both numbers and how many more; it points at the caller's line."""
    f, x = UNKNOWN
    with pytest.warns(InconclusiveWarning) as caught:
        report = check_gradients(f, Value(x))
    assert report.verdict == "inconclusive"
    assert len(caught) == 1
    assert re.fullmatch(
        r"df/dx at f\(1\.0\) is inconclusive: the error bound is too wide to tell: f is noisy or rough here "
        r"\(got 1\.0, expected 0\.0 \+- \S+\)",
        str(caught[0].message),
    )
    assert caught[0].filename == __file__
    assert issubclass(InconclusiveWarning, UserWarning)
    with pytest.warns(InconclusiveWarning, match=r"df/dx at f\(1\.0, 2\.0\) is .*; and 1 more$") as caught:
        check_gradients(lambda x, y: 1e20 + x + y, Value(1.0), Value(2.0))
    assert len(caught) == 1


def test_what_is_known_does_not_warn() -> None:
    """A pass, a kink and an input that is ignored are answers; so is what check_primitive counts by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_gradients(lambda x: x * x, 1.0)
        check_gradients(abs, 0.0)
        check_gradients(lambda x, y: x * 2.0, 1.0, 2.0)
        assert check_primitive(ag.remainder, points=40).verdicts["inconclusive"] > 0


def test_a_failure_and_a_strict_check_raise_instead() -> None:
    """Where something is wrong, or strict is asked for, the error says it and no warning does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(GradientError, match=r"not proved right \(inconclusive\)"):
            check_gradients(*UNKNOWN, strict=True)
        with pytest.raises(GradientError, match="df/dy is wrong"):
            check_gradients(lambda x, y: 1e20 + x + 0.0 * y if x == 0.0 else y * y, 1.0, 3.0, gradients=[0.0, 5.0])


# ---- strict --------------------------------------------------------------------------------------------


def test_a_gradient_within_the_bound_passes() -> None:
    """Zeros with the dust of rounding are right: 6e-17 against 0 within 2e-15 is proved, alone or beside larger entries."""
    dust = math.cos(math.pi / 2)
    assert dust != 0.0
    for f, x, gradients in (
        (math.sin, math.pi / 2, [dust]),
        (lambda x: 1.0 + x * x, 0.0, [-1.4e-17]),
        (lambda q: q[0] * math.sin(q[1]), [2.0, math.pi / 2], [1.0, 2.0 * dust]),
        (lambda q: q[0] + 0.0 * q[1], [2.0, 3.0], [1.0, -1.4e-17]),
    ):
        assert check_gradients(f, x, gradients=gradients, strict=True).verdict == "pass"
    for f, x, gradients in ((math.sin, math.pi / 2, [1e-9]), (lambda q: q[0] + 0.0 * q[1], [2.0, 3.0], [1.0, 1e-9])):
        with pytest.raises(GradientError, match="is wrong"):
            check_gradients(f, x, gradients=gradients)


def test_zeros_of_the_engine_pass(Value: Any) -> None:
    """A gradient that is zero as far as anyone can see is measured by f's slope, not by its own tiny terms."""
    for x in (5e-324, 1e-310, 1e-30, 0.0, -5e-324):
        assert check_gradients(lambda x: x * x, Value(x), strict=True).verdict == "pass"
        assert check_gradients(lambda x: x.cos(), Value(x), strict=True).verdict == "pass"
    with pytest.raises(GradientError, match="inconclusive"):
        check_gradients(*UNKNOWN, strict=True)


def test_a_zero_that_is_given_is_taken_at_its_word() -> None:
    """An input that f ignores passes a strict check where its derivative was given as 0; the report still notes it."""
    report = check_gradients(lambda x, y: x * 2.0, 1.0, 3.0, gradients=[2.0, 0.0], strict=True)
    assert (report.checks[1].verdict, report.checks[1].note) == ("pass", "f ignores this input")
    with pytest.raises(GradientError, match="df/dy is wrong"):
        check_gradients(lambda x, y: x * 2.0, 1.0, 3.0, gradients=[2.0, 1e-3])


def test_the_rounding_of_a_number_that_is_given_is_allowed_for() -> None:
    """A given number may be off by some units of the largest entry, or by as much as the values scatter, and no more."""
    large = [1.0, 1e6]
    assert verdict(lambda q: q[0] + 1e6 * q[1], [1.0, 1.0], gradients=[1.0 + 1e-10, 1e6], strict=True) == "pass"
    assert verdict(lambda q: q[0] + 1e6 * q[1], [1.0, 1.0], gradients=[1.0 + 1e-5, 1e6]) == "fail"
    given = subjects.Given(subjects.Function(lambda q: q[0] + 1e6 * q[1], ([1.0, 1.0],)), (1.0, 1.0), ["a", "b"], large)
    found = subjects.differentiate(lambda x: given.near(0, 0, x), 1.0)
    widened, size, reach = given.sized(0, 0, found)
    assert widened.central.error - found.central.error >= 15.0 * 2.0**-53 * 1e6
    assert (size, reach) == (1.0, 1e6)


# ---- functions that aren't smooth ----------------------------------------------------------------------

E = 0.6


def bisection(tolerance: float) -> Callable[[float], float]:
    """Kepler's equation solved by halving an interval until it is as small as the tolerance."""

    def solved(m: float) -> float:
        low, high = -1.0, 7.5
        while high - low > tolerance:
            middle = (low + high) / 2.0
            low, high = (middle, high) if middle - E * math.sin(middle) < m else (low, middle)
        return (low + high) / 2.0

    return solved


def slope(m: float) -> float:
    """The derivative of the solution, by implicit differentiation."""
    return 1.0 / (1.0 - E * math.cos(bisection(1e-15)(m)))


ROUGH: dict[str, tuple[Any, float, Any]] = {
    **{f"a solver to {t} at {x}": (bisection(t), x, [slope(x)]) for t in (1e-2, 1e-3, 1e-4, 1e-6) for x in (0.7, 2.0, 4.4)},
    **{f"stairs of a millionth at {x}": (lambda x: math.floor(1e6 * x) / 1e6, x, [1.0]) for x in (0.3, 0.7, 1.0, 1 / 3)},
    "x sin(1/x), slope 0": (lambda x: x * math.sin(1 / x) if x else 0.0, 0.0, [0.0]),
    "x sin(1/x), slope 1/2": (lambda x: x * math.sin(1 / x) if x else 0.0, 0.0, [0.5]),
    "a fast and small wave": (lambda x: x + 1e-3 * math.sin(x * 1e13), 1.0, [1.0]),
    "scattered": (lambda x: x + (hash(x) % 1000) / 1e6, 1.0, [1.0]),
}


@pytest.mark.parametrize("name", ROUGH)
def test_a_function_that_is_not_smooth_at_any_scale_fails(name: str) -> None:
    """Values that jump about are a failure with the reason, even if the gradient that is given would be the true one's."""
    f, x, gradients = ROUGH[name]
    with pytest.raises(GradientError, match=r"df/d\w+ is wrong") as caught:
        check_gradients(f, x, gradients=gradients)
    rough = "f isn't smooth at any scale where this gradient could be right: its values jump by about"
    assert (
        rough in str(caught.value) or abs(f(x + 1e-9) - f(x)) <= 2e-9
    )  # between two jumps it is smooth, and has another slope
    own = ag.primitive(f, lambda z, x: gradients[0] + 0.0 * x, name="own")
    with pytest.raises(GradientError, match="df/dx is wrong"):
        check_gradients(own, x)


def test_most_points_of_a_solver_that_has_not_converged_say_so() -> None:
    """At 64 points a solver that stopped at 1e-4 or 1e-6 is refused nearly everywhere, and passes nowhere."""
    for tolerance in (1e-4, 1e-6):
        verdicts = [verdict(bisection(tolerance), x, gradients=[slope(x)]) for x in np.linspace(0.3, 5.9, 64).tolist()]
        assert verdicts.count("fail") >= 58, verdicts
        assert "pass" not in verdicts


def single(x: float) -> float:
    """A number rounded to 24 binary digits, as single precision has."""
    return float(struct.unpack("f", struct.pack("f", x))[0])


RIGHT: dict[str, tuple[Any, float, float]] = {
    "a cusp": (lambda x: max(x, 0.0) ** 1.5, 0.0, 0.0),
    "near a cusp": (lambda x: max(x, 0.0) ** 1.5, 1e-9, 1.5 * 1e-9**0.5),
    "near a pole": (lambda x: 1.0 / x, 1e-9, -1e18),
    "a root of little": (lambda x: x**0.5, 1e-12, 0.5e6),
    "a fast sine": (lambda x: math.sin(1e4 * x), 0.7, 1e4 * math.cos(7e3)),
    "a fast sine far up": (lambda x: 1e6 + 1e-3 * math.sin(1e6 * x), 0.7, 1e3 * math.cos(7e5)),
    "digits lost": (lambda x: math.sin(x) + 1e6 - 1e6, 0.7, math.cos(0.7)),
    "digits lost near 0": (lambda x: (math.exp(x) - 1.0) / x, 2e-10, 0.5 + 2e-10 / 3.0),
    "teeth": (lambda x: x % 0.37, 1.0, 1.0),
    "steps of a hundredth": (lambda x: round(100.0 * x) / 100.0 + x, 1.002, 1.0),
    "a converged solver": (bisection(1e-15), 2.0, slope(2.0)),
    "a solver to 1e-9": (bisection(1e-9), 2.0, slope(2.0)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_smooth_at_some_scale_does_not_fail(name: str) -> None:
    """One cusp, a pole nearby, a few jumps, a fast wave, digits that were lost: a right gradient is not refused for them."""
    f, x, gradient = RIGHT[name]
    assert verdict(f, x, gradients=[gradient]) in ("pass", "inconclusive")


def test_single_precision_has_its_own_reason() -> None:
    """Where f computes in single precision the report says so; numbers that happen to be short are not taken for it."""
    with pytest.warns(InconclusiveWarning, match="f computes in single precision, which hides the answer"):
        check_gradients(lambda x: single(math.sin(3.0 * x)), 0.7, gradients=[3.0 * math.cos(2.1)])
    assert [subjects._digits(x) for x in (0.0, 0.5, -3.0, 0.1, single(0.1), 1e-300)] == [0, 1, 2, 52, 24, 53]
    with pytest.raises(GradientError, match="isn't smooth"):
        check_gradients(lambda x: math.floor(x * 4096.0) / 4096.0, 0.7, gradients=[1.0])


def test_a_point_outside_of_the_domain_says_nothing() -> None:
    """Complex numbers and NumPy's warnings next to the point count as missing values, and the user sees nothing of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_gradients(lambda x: x**0.5, 0.01, gradients=[5.0], strict=True).verdict == "pass"
        assert check_gradients(lambda x: float(np.sqrt(x)), 0.01, gradients=[5.0], strict=True).verdict == "pass"
    with pytest.raises(TypeError, match=r"f\(-1\.0\) returned complex"):
        check_gradients(lambda x: x**0.5, -1.0, gradients=[1.0])
