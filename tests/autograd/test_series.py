"""Derivatives of high order: power series against mpmath, dual numbers and exact fractions, and what they cost."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings

import autograd as ag
from autograd import derivative, grad, hessian, jacfwd, jvp, taylor
from autograd.dual import Dual, new_level
from autograd.series import Run, Series
from autograd.testing.strategies import expressions

M = mpmath


def example(x: Any) -> Any:
    return ag.exp(ag.sin(x)) * ag.tanh(x)


def nested(f: Callable[[Any], Any], x: float, order: int) -> float:
    """The derivative by dual numbers inside dual numbers, as deep as the order."""
    levels = [new_level() for _ in range(order)]
    moving: Any = x
    for level in levels:
        moving = Dual(moving, 1.0, level)
    found = f(moving)
    for level in reversed(levels):
        found = found.tangent if isinstance(found, Dual) and found.interpretation_level == level else 0.0
    return float(found)


# A function, the same in mpmath, and where.
FUNCTIONS: list[tuple[Callable[[Any], Any], Callable[[Any], Any], float]] = [
    (example, lambda x: M.exp(M.sin(x)) * M.tanh(x), 0.7),
    (ag.exp, M.exp, 0.3),
    (lambda x: ag.sin(x) * ag.cos(2 * x), lambda x: M.sin(x) * M.cos(2 * x), 0.4),
    (ag.tan, M.tan, 0.5),
    (lambda x: x / (2 + x * x), lambda x: x / (2 + x * x), 0.9),
    (lambda x: 3 / x, lambda x: 3 / x, -1.5),
    (lambda x: x / 4, lambda x: x / 4, 0.9),
    (ag.log, M.log, 2.0),
    (ag.sqrt, M.sqrt, 1.3),
    (ag.cbrt, M.cbrt, 1.3),
    (lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 1.7),
    (lambda x: x**-1.5, lambda x: x ** mpmath.mpf(-1.5), 0.4),
    (lambda x: (-x) ** -3, lambda x: (-x) ** -3, 1.7),
    (lambda x: x**x, lambda x: x**x, 1.4),
    (lambda x: 2.5**x, lambda x: mpmath.mpf(2.5) ** x, 0.4),
    (lambda x: x**20, lambda x: x**20, 1.1),
    (ag.erf, M.erf, 0.6),
    (ag.sigmoid, lambda x: 1 / (1 + M.exp(-x)), 0.8),
    (ag.arctan, M.atan, 0.3),
    (ag.arcsin, M.asin, 0.2),
    (lambda x: ag.logsumexp([x, x * x, 1.0]), lambda x: M.log(M.exp(x) + M.exp(x * x) + M.e), 0.6),
    (lambda x: ag.norm([x, 1.0, 2 * x]), lambda x: M.sqrt(5 * x * x + 1), 0.7),
    (lambda x: ag.prod([x, x + 1, 2.0]) + ag.dot([x, 2.0], [x, x]), lambda x: 2 * x * (x + 1) + x * x + 2 * x, 0.7),
]


@pytest.mark.parametrize(("f", "truth", "x"), FUNCTIONS)
def test_sixteen_orders_against_fifty_digits(f: Any, truth: Any, x: float) -> None:
    """taylor and derivative agree with mpmath to 1e-12 of the largest term that a coefficient is made of, up to order 16."""
    with mpmath.workdps(50):
        expected = mpmath.taylor(truth, mpmath.mpf(x), 16)
    got = taylor(f, x, 16)
    for k, c in enumerate(expected):
        # What cancels in a coefficient was rounded at the size of its neighbours.
        scale = float(max(abs(e) for e in expected[max(0, k - 2) : k + 3]))
        assert got[k] == pytest.approx(float(c), rel=1e-12, abs=1e-13 * scale)
        assert derivative(f, k)(x) == pytest.approx(
            float(c) * math.factorial(k), rel=1e-12, abs=1e-13 * scale * math.factorial(k)
        )


def test_an_example_of_order_16(work: Callable[[Callable[[], object]], int]) -> None:
    """Order 16 of exp(sin(x)) * tanh(x): each coefficient has a relative error below 1e-12, in at most 40,000 lines run."""
    with mpmath.workdps(50):
        expected = mpmath.taylor(lambda x: M.exp(M.sin(x)) * M.tanh(x), mpmath.mpf(0.7), 16)
    for got in (taylor(example, 0.7, 16), [derivative(example, k)(0.7) / math.factorial(k) for k in range(17)]):
        assert max(abs(a / b - 1) for a, b in zip(got, expected, strict=True)) < 1e-12
    assert 0 < work(lambda: derivative(example, 16)(0.7)) < 40_000


# A whole power is made of lower ones until they come to an end.
@pytest.mark.parametrize(("f", "x"), [(f, x) for f, _, x in FUNCTIONS if x != 1.1])
def test_the_work_is_quadratic(f: Any, x: float) -> None:
    """Order 40 makes as many series as order 10: partials that were met before are found again. So only coefficients grow."""
    made = []
    for order in (10, 40):
        run = Run(order, factorials=False)
        f(run.variable(x)).coefficients()
        made.append(len(run._known))
    assert made[0] == made[1]


@pytest.mark.parametrize("name", ag.primitives())
def test_every_primitive_agrees_with_dual_numbers(name: str) -> None:
    """Along a curve through its operands, derivatives 1 to 4 of every primitive are those of dual numbers nested as deep."""
    record = ag.primitives()[name]
    rng = random.Random(name)
    count = 4 if record.arity is None else record.arity
    base = 1.2 if name == "arccosh" else 0.3
    starts = [rng.uniform(base, base + 0.5) for _ in range(count)]
    slopes = [rng.uniform(0.1, 0.4) for _ in range(count)]
    # A parameter is a plain number: 1, 2, ...
    fixed = {i: float(i) for i in range(count) if record.arity is not None and record.partials[i] is None}

    def along(t: Any) -> Any:
        xs = [fixed.get(i, x + ag.sin(t * a)) for i, (x, a) in enumerate(zip(starts, slopes, strict=True))]
        found = record(xs[:2], xs[2:]) if name == "dot" else record(xs) if record.arity is None else record(*xs)
        return ag.sin(found[0] if isinstance(found, list) else found)

    for order in range(1, 5):
        truth = nested(along, 0.1, order)
        assert derivative(along, order)(0.1) == pytest.approx(truth, rel=1e-10, abs=1e-12)
        assert taylor(along, 0.1, order)[order] * math.factorial(order) == pytest.approx(truth, rel=1e-10, abs=1e-12)


@settings(max_examples=30)
@given(expressions(smooth=False))
def test_random_expressions_agree_with_dual_numbers(e: Any) -> None:
    """Along a line through its point, any expression, kinks included, has the derivatives that nested dual numbers find."""
    slopes = [math.sin(i + 1.3) for i in range(len(e.point))]

    def along(t: Any) -> Any:
        return e.fn(*[x + a * t for x, a in zip(e.point, slopes, strict=True)])

    for order in (2, 3):
        truth = nested(along, 0.0, order)
        assert derivative(along, order)(0.0) == pytest.approx(truth, rel=1e-9, abs=1e-9, nan_ok=True)


def test_polynomials_are_exact() -> None:
    """Derivatives of a polynomial with whole coefficients are exact whole numbers, and zero beyond its degree."""

    def polynomial(x: Any) -> Any:
        return 7 * x**5 - 3 * x**4 + x * x - x / 2 + 11

    for x in (2.0, -3.0, 0.5):
        c = [Fraction(n) for n in (11, Fraction(-1, 2), 1, 0, -3, 7)]
        for order in range(9):
            assert derivative(polynomial, order)(x) == sum(n * Fraction(x) ** k for k, n in enumerate(c))
            c = [k * n for k, n in enumerate(c)][1:]


@pytest.mark.parametrize("order", [5, 20, 100, 170, 171, 250])
def test_derivatives_that_are_exact_stay_exact(order: int) -> None:
    """Every derivative of exp at 0 is 1.0, and those of sin at 1 go round, to the last bit, far beyond where k! overflows."""
    assert derivative(ag.exp, order)(0.0) == 1.0
    cycle = [math.sin(1.0), math.cos(1.0), -math.sin(1.0), -math.cos(1.0)]
    assert derivative(ag.sin, order)(1.0) == cycle[order % 4]


def test_the_range_of_floats() -> None:
    """Derivatives don't underflow where k! is large, and coefficients don't overflow where k! is."""
    assert derivative(lambda x: ag.exp(0.01 * x), 150)(0.0) == pytest.approx(1e-300, rel=1e-12)
    assert taylor(lambda x: 1 / (1 - x), 0.0, 300) == [1.0] * 301
    assert taylor(ag.log, 0.01, 90)[90] == pytest.approx(-(100.0**90) / 90, rel=1e-12)
    assert derivative(lambda x: 1 / x, 60)(1e-8) == math.inf
    assert derivative(lambda x: x * x, 1000)(3.0) == 0.0  # the highest order there is


def test_orders_at_the_edge() -> None:
    """Order 0 calls f with a plain number, order 1 gives what grad gives, and a constant function has zeros."""
    assert taylor(lambda x: [type(x) is float, x][1], 2.0, 0) == [2.0]
    assert derivative(lambda x: 3.0 if type(x) is float else math.nan, 0)(2.0) == 3.0
    for order in (0, 1, 2, 5):
        assert taylor(lambda x: 5, 2.0, order) == [5.0, *[0.0] * order]
        assert taylor(lambda x: x, 2, order) == [2.0, 1.0, 0.0, 0.0, 0.0, 0.0][: order + 1]
    assert taylor(example, 0.7, 1) == [example(0.7), grad(example)(0.7)]
    assert taylor(example, 0.7, 1) == taylor(example, 0.7, 2)[:2]
    assert taylor(lambda x, k: k * x, 2.0, 2, k=3) == [6.0, 3.0, 0.0]
    assert derivative(lambda x, k: k * x * x, 2)(2.0, k=3) == 6.0


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: taylor(3, 1.0, 2), TypeError, "taylor takes a function"),
    (lambda: taylor(example, "a", 2), TypeError, "taylor: the argument needs one real number"),
    (lambda: taylor(example, [1.0], 2), TypeError, "taylor: the argument needs one real number"),
    (lambda: taylor(example, 1.0, 2.0), TypeError, "taylor: order takes an int, got float"),
    (lambda: taylor(example, 1.0, True), TypeError, "taylor: order takes an int, got bool"),
    (lambda: taylor(example, 1.0, -1), ValueError, "taylor: order must be 0 or more, got -1"),
    (lambda: taylor(lambda x: [x], 1.0, 2), TypeError, "taylor needs a function that returns one number"),
    (lambda: derivative(example, 1001), ValueError, "must be 1000 or less, got 1001; taylor has no limit"),
    (lambda: derivative(lambda x: "a", 2)(1.0), TypeError, "derivative needs a function that returns one number"),
    (lambda: derivative(lambda x: ag.clamp(x, x, 2.0), 2)(1.0), TypeError, "lo is a parameter"),
    (lambda: derivative(lambda x: x + "a", 2)(1.0), TypeError, "unsupported operand"),
    (lambda: derivative(lambda x: ag.add(x, "a"), 2)(1.0), TypeError, r"add\(\) needs one real number"),
    (lambda: derivative(lambda x: math.exp(x), 2)(1.0), TypeError, r"v\.exp\(\)"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    """Bad input raises an error that says what came and what to write."""
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("f", "x"), [(lambda x: 1 / x, 0.0), (lambda x: ag.log(x - 2), 1.0), (ag.exp, 1000.0), (lambda x: x**0.5, -1.0)]
)
def test_errors_are_those_of_reverse_mode(f: Any, x: float) -> None:
    """A pole, a domain left and an overflow raise the same error with the same words in each mode."""
    words = []
    for call in (grad(f), derivative(f), derivative(f, 2), lambda x, f=f: taylor(f, x, 3)):
        with pytest.raises((ArithmeticError, ValueError)) as caught:
            call(x)
        words.append((caught.type, str(caught.value)))
    assert words == words[:1] * 4


def test_kinks_and_constants() -> None:
    """At a kink the subgradient of least norm is constant, and what is constant stops even where a partial is infinite."""
    for order in (2, 3, 7):
        assert derivative(ag.relu, order)(0.0) == 0.0
        assert derivative(abs, order)(0.0) == 0.0
        assert derivative(lambda x: ag.leaky_relu(x * x - 3, 0.5), order)(1.0) == (1.0 if order == 2 else 0.0)
    assert derivative(lambda x: ag.max([x * x, x]), 2)(1.0) == 1.0
    assert derivative(lambda x: ag.maximum(x * x, 2.0 * x), 2)(3.0) == 2.0
    assert derivative(lambda x: x % 2.0 * x, 2)(2.5) == 2.0
    assert derivative(lambda x: x * x * ag.sqrt(ag.stop_gradient(x)), 2)(0.0) == 0.0
    assert taylor(ag.sqrt, 0.0, 2) == [0.0, math.inf, -math.inf]
    assert derivative(lambda x: x.floor() * x * x, 2)(2.5) == 4.0
    assert derivative(lambda x: ag.softmax([x, x])[0], 2)(1.0) == 0.0


def test_infinite_and_undefined_coefficients() -> None:
    """Coefficients that overflow are inf, those that are inf - inf are nan, and zero times inf is zero."""
    assert taylor(lambda x: x * 1e300 * x * 1e300, 1.0, 2) == [math.inf] * 3
    run = Run(2, factorials=False)
    both = run.leaf([1.0, 1e308, -1e308]) + run.leaf([1.0, 1e308, -1e308])
    assert both.coefficients() == [2.0, math.inf, -math.inf]
    apart = run.leaf([1.0, math.inf]) - run.leaf([1.0, math.inf])
    assert math.isnan(apart.coefficients()[1])
    still = run.leaf([1.0, 0.0, 1.0]) * run.leaf([math.inf, 0.0, 0.0])
    assert still.coefficients() == [math.inf, 0.0, math.inf]
    assert (run.variable(1.0) * run.leaf([2.0, math.inf])).coefficients()[1] == math.inf


def test_powers_on_the_way_to_the_edges() -> None:
    """Powers of 0, of huge and tiny numbers and with an exponent that moves agree with what their records say."""
    assert derivative(lambda x: x**1.5, 1)(0.0) == 0.0
    assert taylor(lambda x: x**2.5, 1e-200, 1) == taylor(lambda x: x**2.5, 1e-200, 2)[:2]
    for n in (-0.5, 0.5, -2.0):
        assert taylor(lambda x, n=n: x**n, math.inf, 1) == taylor(lambda x, n=n: x**n, math.inf, 2)[:2]
    assert taylor(lambda x: (x - 1.0) ** x, 1.0, 1) == taylor(lambda x: (x - 1.0) ** x, 1.0, 2)[:2]
    assert taylor(lambda x: (x - 2.0) ** -3, 1.0, 3) == [-1.0, -3.0, -6.0, -10.0]
    assert taylor(lambda x: x**-1, -2.0, 2) == [-0.5, -0.25, -0.125]
    assert all(map(math.isnan, taylor(lambda x: (-2.0) ** x, 2.0, 2)[1:]))
    assert taylor(lambda x: x**1, 3.0, 2) == [3.0, 1.0, 0.0]


def test_all_nestings_agree() -> None:
    """Third derivatives by any mixture of grad, dual numbers, series and hessian are one number."""
    along = lambda f: lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    twice = lambda f: derivative(f, 2)  # noqa: E731
    second = lambda f: lambda x: 2 * taylor(f, x, 2)[2]  # noqa: E731
    truth = 6 * taylor(example, 0.7, 3)[3]
    for two in (twice, second, hessian, lambda f: grad(grad(f)), lambda f: along(along(f))):
        for one in (grad, derivative, along, jacfwd):
            assert one(two(example))(0.7) == pytest.approx(truth, rel=1e-13)
            assert two(one(example))(0.7) == pytest.approx(truth, rel=1e-13)
    fifth = derivative(example, 5)(0.7)
    assert derivative(derivative(example, 3), 2)(0.7) == pytest.approx(fifth, rel=1e-12)
    assert derivative(twice(grad(example)), 2)(0.7) == pytest.approx(fifth, rel=1e-12)
    assert derivative(grad(twice(example)), 2)(0.7) == pytest.approx(fifth, rel=1e-12)


def test_no_confusion_of_perturbations() -> None:
    """Series nested in any mode keep apart: each of these is known to catch a mixed-up tangent."""
    twice = lambda f: derivative(f, 2)  # noqa: E731
    for outer in (grad, derivative, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]):
        assert outer(lambda x: x * twice(lambda y: x * y * y)(1.0))(3.0) == 12.0
        assert outer(lambda x: twice(lambda y: x * x * y * y)(x))(3.0) == 12.0
        assert twice(lambda x, d=outer: x * d(lambda y: x + y)(1.0))(1.0) == 0.0
        assert twice(lambda x, d=outer: x * d(lambda y: x * y)(1.0))(1.0) == 2.0
        assert twice(lambda x, d=outer: d(lambda y: x * x * y * y)(x))(3.0) == 36.0
        assert outer(lambda x: twice(lambda y: 3.0 * y)(1.0) * x)(1.0) == 0.0
        assert twice(lambda x, d=outer: d(lambda y: 5.0)(x) + x * x)(3.0) == 2.0


def test_values_go_in_and_come_out() -> None:
    """Of a Value, taylor and derivative return Values of its graph; of an array, arrays (in the tests of arrays)."""
    x = ag.Value(0.7, label="x")
    found = derivative(example, 2)(x)
    assert isinstance(found, ag.Value)
    assert ag.gradients(found, x) == pytest.approx(derivative(example, 3)(0.7), rel=1e-13)
    coefficients = taylor(example, x, 3)
    assert [c.data for c in coefficients] == pytest.approx(taylor(example, 0.7, 3), rel=1e-14)
    assert ag.gradients(coefficients[2], x) == pytest.approx(3 * coefficients[3].data, rel=1e-13)
    with ag.no_grad():
        assert derivative(example, 2)(x).is_leaf
    weight = ag.Value(3.0)
    assert taylor(lambda t: weight * t * t, 2.0, 2) == [12.0, 12.0, 3.0]
    with pytest.raises(ZeroDivisionError, match=r"cannot compute x / 0\.0 where x = 0\.7"):
        derivative(lambda t: t / 0.0, 2)(x)


def test_a_long_chain_needs_no_recursion() -> None:
    """10,000 operations in a row, each on the one before, have their derivatives of order 2."""

    def chain(x: Any) -> Any:
        y = x
        for _ in range(10_000):
            y = y + x * 1e-4
        return y * y

    assert derivative(chain, 2)(1.0) == pytest.approx(8.0, rel=1e-9)
    assert grad(lambda x: derivative(lambda y: y * y * x, 2)(1.0))(1.0) == 2.0


def test_partials_of_ones_own() -> None:
    """A primitive of one's own has its series from its partials, be they ints, other primitives or the result itself."""
    bell = ag.primitive(lambda x: math.exp(-x * x), lambda z, x: -2 * x * z, name="bell")
    triple = ag.primitive(lambda x: 3.0 * x, lambda z, x: 3, name="triple")
    with mpmath.workdps(50):
        expected = mpmath.taylor(lambda x: 3 * M.exp(-x * x), mpmath.mpf(0.4), 12)
    assert taylor(lambda x: triple(bell(x)), 0.4, 12) == pytest.approx([float(c) for c in expected], rel=1e-12)
    wrong = ag.primitive(lambda x: x, lambda z, x: "slope", name="wrong")
    with pytest.raises(TypeError, match="wrong"):
        taylor(wrong, 0.4, 2)
    assert taylor(bell, 0.4, 2) == pytest.approx([float(c) / 3 for c in expected[:3]], rel=1e-14)


def test_partials_beyond_the_order_are_not_computed() -> None:
    """Along x*x at 0 order 2 needs the first partial alone; that its own partial can't be computed matters beyond."""

    def no_more(z: Any, x: Any) -> Any:
        raise ArithmeticError("the second partial was asked for")

    slope = ag.primitive(math.cos, no_more, name="slope")
    wave = ag.primitive(math.sin, lambda z, x: slope(x), name="wave")
    assert taylor(lambda x: wave(x * x), 0.0, 2) == [0.0, 0.0, 1.0]
    with pytest.raises(ArithmeticError, match="second partial"):
        taylor(lambda x: wave(x * x), 0.0, 3)


def test_floats_stay_on_the_fast_way() -> None:
    """Coefficients that are all floats are known to be, however they came about, and one Value among them is noticed."""
    x = Run(3, factorials=False).variable(2.0)
    for y in (x, x * x, 1 / x, ag.exp(x), ag.relu(x) + 1, x.detach()):
        assert y.plain
        y.coefficients()
        assert y.plain
    for y in (x * ag.Value(2.0), x + ag.Value(2.0), ag.Value(2.0) / x):
        y.coefficients()
        assert not y.plain


def test_a_series_behaves_like_a_number() -> None:
    """Inside f, branches, comparisons, formats and labels work as on numbers, and nothing but the number is computed yet."""

    def f(x: Any) -> Any:
        assert isinstance(x, Series)
        assert (f"{x:.1f}", x.label, repr(x)) == ("2.0", "", "Series([2.0, 1.0, 0.0])")
        assert x > 1
        assert x == x.floor() == x.item() == x.data == 2.0
        assert repr(x * x) == "Series([4.0])"
        assert repr((x * x).detach()) == "Series([4.0, 0.0, 0.0])"
        return max(x, 1.0) * abs(-x)

    assert derivative(f, 2)(2.0) == 2.0
    assert derivative(lambda x: 0.0 if x.label == "here" else x, 2)(ag.Value(1.0, label="here")) == 0.0
