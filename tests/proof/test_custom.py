"""autograd.primitive and check_primitive: a user's own elementary function, on both engines."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import autograd as ag
from autograd.testing import GradientError, certify, check_gradients, check_primitive
from autograd.testing.expressions import Expression
from autograd.testing.primitives import _draw
from autograd.testing.strategies import expressions

bell = ag.primitive(
    lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell", domain=(-4, 4), reference=lambda x: mpmath.exp(-x * x)
)
xlogy = ag.primitive(
    lambda x, y: x * math.log(y), [lambda z, x, y: ag.log(y), lambda z, x, y: x / y], name="xlogy", symbol="xlogy",
    domain=[(-math.inf, math.inf), (0.0, math.inf)], reference=lambda x, y: x * mpmath.log(y), remedy="y must be positive",
)  # fmt: skip


def test_it_is_used_like_a_built_in_one(Value: Any) -> None:
    """It runs on floats, Values and dual numbers, is differentiated twice, has a name, and explains its errors."""
    x = Value(0.5, label="x")
    y = bell(x) * x
    y.backward()
    assert x.grad == pytest.approx(math.exp(-0.25) * 0.5, rel=1e-15)
    assert check_gradients(lambda a, b: xlogy(bell(a), b) * a, Value(0.5), Value(2.0), order=2).verdict == "pass"
    assert ag.derivative(bell)(0.5) == pytest.approx(-math.exp(-0.25), rel=1e-15)
    assert y.parents[0].op is bell
    assert certify(xlogy(y, 3.0), strict=True).findings == ()
    with pytest.raises(ValueError, match=r"cannot compute xlogy\(x, -1\.0\) where x = 0\.5: .*; y must be positive"):
        xlogy(x, -1.0)
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(bell)


def test_check_primitive_reports(thorough: bool) -> None:
    """A right primitive gets a report: points, ulps against its reference, verdicts, and what happens at its edges."""
    report = check_primitive(bell, points=2000 if thorough else 150)
    assert report.points >= 150
    assert report.worst is not None
    assert report.worst < 64
    assert len(report.edges) == 2
    assert report.edges[0].startswith("bell(-4.0) = 1.12535e-07, partials")
    assert str(report).startswith("bell: ")
    assert check_primitive(xlogy, points=60).edges == ("xlogy(0.5, 0.0) raises ValueError",)
    plain = ag.primitive(math.sin, lambda z, x: ag.cos(x), name="plain_sin", domain=(10, 20))
    assert "no reference in 50 digits" in str(check_primitive(plain, points=40))
    high = ag.primitive(math.exp, lambda z, x: z, name="high", domain=(-math.inf, -100.0))
    assert check_primitive(high, points=10).points == 10
    far = ag.primitive(math.sqrt, lambda z, x: 0.5 / z, name="far", domain=(100, math.inf))
    assert check_primitive(far, points=10).points == 10
    assert check_primitive(ag.cosh, points=300, seed=1).points < 300  # where it overflows it is left out


def test_check_primitive_works_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mpmath, differences alone must do."""

    def absent() -> None:
        raise ImportError("no mpmath")

    monkeypatch.setattr("autograd.testing.certificate._reference", absent)
    assert check_primitive(bell, points=20).worst is None


def wrong(partial: Any, function: Any = math.exp, **options: Any) -> Any:
    return ag.primitive(function, partial, name="wrong", domain=options.pop("domain", (-2, 2)), **options)


WRONG: dict[str, tuple[Any, str]] = {
    "partial": (wrong(lambda z, x: z * (1 + 2e-7)), "df/dx0 is wrong|df/d.* is wrong"),
    "second": (wrong(lambda z, x: ag.Value(z.data) if hasattr(z, "data") else z), "d2f"),
    "nan": (wrong(lambda z, x: z, lambda x: math.nan), "is nan inside its domain"),
    "domain": (wrong(lambda z, x: 1.0 / x, math.log), "raises inside its domain"),
    "edge": (wrong(lambda z, x: 0.0 * x / x if x != 2.0 else math.nan, lambda x: 0.0 * x), "at the edge of its domain"),
    "reference": (wrong(lambda z, x: z, reference=lambda x: mpmath.exp(x) * 2), r"value of wrong\("),
    "noise": (wrong(lambda z, x: 1.0, lambda x: 1e20 + x), "no derivative could be proved right"),
}


@pytest.mark.parametrize("name", WRONG)
def test_check_primitive_refuses(name: str) -> None:
    """A wrong partial, second derivative, value, domain, edge or reference is refused, each in its own words."""
    primitive, words = WRONG[name]
    with pytest.raises(GradientError, match=words):
        check_primitive(primitive, points=60)


def test_partials_must_take_values() -> None:
    """A partial that uses math instead of autograd, or divides by zero, says so in a note; no primitive is a TypeError."""
    with pytest.raises(TypeError) as caught:
        check_primitive(wrong(lambda z, x: math.exp(x)))
    assert "not with math, so that it takes Values" in caught.value.__notes__[-1]
    with pytest.raises(ZeroDivisionError) as divided:
        check_primitive(wrong(lambda z, x: z / (x - x), domain=(1, 2)))
    assert "a partial of wrong can't be computed at" in divided.value.__notes__[-1]
    with pytest.raises(TypeError, match=r"takes what autograd\.primitive"):
        check_primitive(math.exp)


REAL_NUMBERS = [2, True, 2.5, Fraction(1, 3), Decimal("0.1"), np.float64(0.1), np.float32(0.1), np.int64(3), np.bool_(True)]


@pytest.mark.parametrize("number", REAL_NUMBERS, ids=lambda x: type(x).__module__ + "." + type(x).__name__)
def test_what_it_returns_becomes_a_float(engine: Any, number: Any) -> None:
    """A value and a partial may be any real number: floats come out, of the same bits on both engines, at every order."""
    p = ag.primitive(lambda x: number, lambda z, x: number, name="p")
    expected = float(number)
    assert repr(p(1.0)) == repr(expected)
    x = engine.Value(1.5)
    y = p(x)
    assert (type(y.data), repr(y.data)) == (float, repr(expected))
    assert [(type(d), d) for d in y.local_gradients()] == [(float, expected)]
    y.backward()
    assert (type(x.grad), x.grad) == (float, expected)
    z = p(x) * x  # its derivative is number * x + p(x), and the derivative of that twice the number
    (first,) = engine.gradients(z, [x], create_graph=True)
    assert first.data == expected * 1.5 + expected
    assert engine.gradients(first, x) == 2.0 * expected
    assert repr(ag.derivative(lambda v: p(v) * 1.0)(1.5)) == repr(expected)


@pytest.mark.parametrize("thing", [None, 1j, "1", [1.0], np.zeros(2), object()], ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_by_name(engine: Any, thing: Any) -> None:
    """A value or a partial that is not a real number is a TypeError that names the primitive, and no gradient moves."""
    x = engine.Value(1.5)
    for operand in (1.5, x):
        with pytest.raises(TypeError, match=r"^the value of odd needs one real number, got "):
            ag.primitive(lambda x: thing, lambda z, x: 1.0, name="odd")(operand)
    y = ag.primitive(lambda x, k: x, [lambda z, x, k: 1.0, lambda z, x, k: thing], name="odd")(2.0, x) * x
    for call in (y.parents[0].local_gradients, y.backward, lambda: engine.gradients(y, x)):
        with pytest.raises(TypeError, match=r"^partial 1 of odd needs one real number, got "):
            call()
    assert not x.has_grad
    with pytest.raises(TypeError, match=r"^partial 1 of odd needs one real number, got "):
        engine.gradients(y, [x], create_graph=True)
    with pytest.raises(TypeError, match=r"^partial 0 of odd needs one real number, got "):
        ag.derivative(ag.primitive(lambda x: x, lambda z, x: thing, name="odd"))(1.5)


def test_a_value_is_no_partial_on_floats(engine: Any) -> None:
    """A partial on floats that returns a Value of its own is refused by name, and told to give its number."""
    w = engine.Value(3.0)
    y = ag.primitive(lambda x: 3.0 * x, lambda z, x: w * 1.0, name="odd")(engine.Value(2.0))
    with pytest.raises(TypeError, match=r"^partial 0 of odd needs one real number, got Value .*use v\.data for its number"):
        y.backward()
    # Asked for a graph, it may: w is a constant there.
    again = ag.primitive(lambda x: 3.0 * x, lambda z, x: w * 1.0 if hasattr(z, "data") else 3.0, name="even")
    x = engine.Value(2.0)
    assert engine.gradients(again(x), x, create_graph=True).data == 3.0


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "no partials": (lambda: ag.primitive(math.exp, []), TypeError, "takes a function"),
    "a number": (lambda: ag.primitive(math.exp, [1.0]), TypeError, r"one for each operand, got \[1\.0\]"),
    "no function": (lambda: ag.primitive(1.0, lambda z, x: z), TypeError, r"primitive\(function\) takes a function on floats"),
    "no name": (lambda: ag.primitive(lambda x: x, lambda z, x: 1.0), ValueError, "needs a name, and '<lambda>' is none"),
    "operands": (lambda: ag.primitive(lambda x, y: x, lambda z, x: 1.0, name="p"), TypeError, "will be called with 1, one for"),
    "partial": (lambda: ag.primitive(math.exp, lambda x: 1.0, name="p"), TypeError, "partial 0 of p takes .* 2: z, then"),
    "domain": (lambda: ag.primitive(math.exp, lambda z, x: z, domain=(1, 0)), ValueError, "low < high for each of 1 operands"),
    "domains": (lambda: ag.primitive(math.exp, lambda z, x: z, domain=3), ValueError, "got 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_primitives_are_refused(name: str) -> None:
    """What can't be a primitive is refused when it is made, with the reason."""
    act, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        act()


def test_functions_that_tell_nothing_are_taken() -> None:
    """A function in C without a signature is believed, and a parameter's partial is None."""
    scaled = ag.primitive(lambda x, k: x * k, [lambda z, x, k: k, None], name="scaled")
    assert scaled(ag.Value(2.0), 3.0).local_gradients() == (3.0,)
    assert check_primitive(scaled, points=20).verdicts["pass"]
    assert ag.primitive(max, [lambda z, x, y: 1.0 * (x > y), lambda z, x, y: 1.0 * (y > x)], name="larger")(1.0, 2.0) == 2.0


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(expressions(ops=["add", "multiply"], extra_ops=[bell, xlogy], max_ops=8))
def test_it_is_drawn(Value: Any, expr: Expression) -> None:
    """Drawn with extra_ops it stays inside of its domain, and runs on floats, Values and mpf."""
    root = expr.fn(*map(Value, expr.point))
    assert certify(root).findings == ()
    exact = expr.fn(*map(mpmath.mpf, expr.point))
    assert abs(exact - root.data) <= 1e-9 * (1.0 + abs(root.data))


class Certain:
    """Random numbers that are not: the first half of the choices, and of a range its ends."""

    def random(self) -> float:
        return 0.0

    def uniform(self, low: float, high: float) -> Any:
        return low, high


@pytest.mark.parametrize(
    ("domain", "drawn"),
    [
        ((-math.inf, math.inf), (-5.0, 5.0)), ((0.0, math.inf), (0.0, 5.0)), ((-1.0, 2.0), (-1.0, 2.0)),
        ((10.0, math.inf), (10.0, 20.0)), ((-math.inf, -7.0), (-14.0, -7.0)), ((6.0, 8.0), (6.0, 8.0)),
    ],
)  # fmt: skip
def test_everyday_points(domain: tuple[float, float], drawn: tuple[float, float]) -> None:
    """Half of the points are drawn from -5 to 5, as far as the domain goes, or from its end that is nearer to zero."""
    assert _draw(Certain(), *domain) == drawn  # type: ignore[arg-type, comparison-overlap]


def test_a_tenth_of_the_points_is_compared_with_differences() -> None:
    """Of 30 points, 3 give a first and a second derivative each; of a product, two of the first and four of the second."""
    assert sum(check_primitive(ag.exp, points=30).verdicts.values()) == 6
    assert sum(check_primitive(ag.multiply, points=20).verdicts.values()) == 12
