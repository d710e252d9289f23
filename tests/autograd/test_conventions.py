"""The derivative at awkward points, a test for each row of the table.

The derivative where there is one; at a kink the subgradient of least norm; where arguments tie a symmetric share;
inf at a pole on the boundary of the domain; errors as float and math raise them.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

import autograd as ag

INF, NAN = math.inf, math.nan


def same(got: Any, expected: float) -> bool:
    """Equal as numbers, or both nan; a float in either case."""
    return type(got) is float and (got == expected or (got != got and expected != expected))


def slope(x: Any, n: float) -> Any:
    return x**n


# name, function, inputs, value, local gradients
POINTS: list[tuple[str, Any, list[float], float, list[float]]] = [
    ("relu(0)", ag.relu, [0.0], 0.0, [0.0]),
    ("relu(-0.0)", ag.relu, [-0.0], 0.0, [0.0]),
    ("relu(nan)", ag.relu, [NAN], NAN, [NAN]),
    ("leaky_relu(0)", lambda x: ag.leaky_relu(x, 0.1), [0.0], 0.0, [0.1]),
    ("elu(0)", lambda x: ag.elu(x, 1.0), [0.0], 0.0, [1.0]),
    ("softplus(0)", ag.softplus, [0.0], math.log(2), [0.5]),
    ("gelu(0)", ag.gelu, [0.0], 0.0, [0.5]),
    ("silu(0)", ag.silu, [0.0], 0.0, [0.5]),
    ("abs(0)", abs, [0.0], 0.0, [0.0]),
    ("maximum tie", ag.maximum, [2.0, 2.0], 2.0, [0.5, 0.5]),
    ("minimum tie", ag.minimum, [2.0, 2.0], 2.0, [0.5, 0.5]),
    ("max, two of three", lambda *xs: ag.max(xs), [3.0, 1.0, 3.0], 3.0, [0.5, 0.0, 0.5]),
    ("min, three of three", lambda *xs: ag.min(xs), [3.0, 3.0, 3.0], 3.0, [1 / 3] * 3),
    ("max(nan, 1)", lambda *xs: ag.max(xs), [NAN, 1.0], NAN, [NAN, NAN]),
    ("clamp at lo", lambda x: ag.clamp(x, 0.0, 1.0), [0.0], 0.0, [0.0]),
    ("clamp at hi", lambda x: ag.clamp(x, 0.0, 1.0), [1.0], 1.0, [0.0]),
    ("clamp below", lambda x: ag.clamp(x, 0.0, 1.0), [-5.0], 0.0, [0.0]),
    ("clamp above", lambda x: ag.clamp(x, 0.0, 1.0), [5.0], 1.0, [0.0]),
    ("clamp inside", lambda x: ag.clamp(x, 0.0, 1.0), [0.5], 0.5, [1.0]),
    ("clamp nan", lambda x: ag.clamp(x, 0.0, 1.0), [NAN], NAN, [NAN]),
    ("sqrt(0)", ag.sqrt, [0.0], 0.0, [INF]),
    ("sqrt(-0.0)", ag.sqrt, [-0.0], 0.0, [INF]),
    ("hypot(x) at 0", ag.hypot, [0.0], 0.0, [0.0]),
    ("cbrt(0)", ag.cbrt, [0.0], 0.0, [INF]),
    ("cbrt(-8)", ag.cbrt, [-8.0], -2.0, [1 / 12]),
    ("x**0 at 0", lambda x: x**0, [0.0], 1.0, [0.0]),
    ("x**1 at 0", lambda x: x**1, [0.0], 0.0, [1.0]),
    ("x**2 at 0", lambda x: x**2, [0.0], 0.0, [0.0]),
    ("x**0.5 at 0", lambda x: x**0.5, [0.0], 0.0, [INF]),
    ("x**3 at -2", lambda x: x**3, [-2.0], -8.0, [12.0]),
    ("x**-2 at -2", lambda x: x**-2, [-2.0], 0.25, [0.25]),
    ("x**y", lambda x, y: x**y, [2.0, 3.0], 8.0, [12.0, 8 * math.log(2)]),
    ("x**y at 0, 2", lambda x, y: x**y, [0.0, 2.0], 0.0, [0.0, 0.0]),
    ("x**y at 0, 1", lambda x, y: x**y, [0.0, 1.0], 0.0, [1.0, 0.0]),
    ("x**y at 0, 0.5", lambda x, y: x**y, [0.0, 0.5], 0.0, [INF, 0.0]),
    ("x**y at -2, 3", lambda x, y: x**y, [-2.0, 3.0], -8.0, [12.0, NAN]),
    ("2**y", lambda y: 2**y, [3.0], 8.0, [8 * math.log(2)]),
    ("exp(-1000)", ag.exp, [-1000.0], 0.0, [0.0]),
    ("a/b at 1e-200", lambda a, b: a / b, [3e-200, 2e-200], 1.5, [5e199, -7.5e199]),
    ("a/b at 1e200", lambda a, b: a / b, [3e200, 2e200], 1.5, [5e-201, -7.5e-201]),
    ("arctan2(0, 0)", ag.arctan2, [0.0, 0.0], 0.0, [0.0, 0.0]),
    ("arctan2 at 1e-200", ag.arctan2, [1e-200, 1e-200], math.pi / 4, [5e199, -5e199]),
    ("arctan2 at 1e200", ag.arctan2, [1e200, 1e200], math.pi / 4, [5e-201, -5e-201]),
    ("hypot(0, 0)", ag.hypot, [0.0, 0.0], 0.0, [0.0, 0.0]),
    ("hypot at 1e200", ag.hypot, [3e200, 4e200], 5e200, [0.6, 0.8]),
    ("hypot at 1e-200", ag.hypot, [3e-200, 4e-200], 5e-200, [0.6, 0.8]),
    ("norm of zeros", lambda *xs: ag.norm(xs), [0.0, 0.0, 0.0], 0.0, [0.0, 0.0, 0.0]),
    ("norm at 1e-200", lambda *xs: ag.norm(xs), [3e-200, 4e-200], 5e-200, [0.6, 0.8]),
    ("norm at 1e200", lambda *xs: ag.norm(xs), [3e200, 4e200], 5e200, [0.6, 0.8]),
    ("logsumexp(1000, 1000)", lambda *xs: ag.logsumexp(xs), [1000.0, 1000.0], 1000 + math.log(2), [0.5, 0.5]),
    ("logsumexp(1000, -1000)", lambda *xs: ag.logsumexp(xs), [1000.0, -1000.0], 1000.0, [1.0, 0.0]),
    ("logsumexp(-inf, -inf)", lambda *xs: ag.logsumexp(xs), [-INF, -INF], -INF, [0.5, 0.5]),
    ("logaddexp(-inf, -inf)", ag.logaddexp, [-INF, -INF], -INF, [0.5, 0.5]),
    ("prod(0, 2, 3)", lambda *xs: ag.prod(xs), [0.0, 2.0, 3.0], 0.0, [6.0, 0.0, 0.0]),
    ("prod(0, 0, 3)", lambda *xs: ag.prod(xs), [0.0, 0.0, 3.0], 0.0, [0.0, 0.0, 0.0]),
    ("arcsin(1)", ag.arcsin, [1.0], math.pi / 2, [INF]),
    ("arccos(1)", ag.arccos, [1.0], 0.0, [-INF]),
    ("arccosh(1)", ag.arccosh, [1.0], 0.0, [INF]),
    ("x % 3", lambda x: x % 3, [-7.0], 2.0, [1.0]),
    ("x % -3", lambda x: x % -3, [7.0], -2.0, [1.0]),
    ("x % y", lambda x, y: x % y, [7.5, 2.0], 1.5, [1.0, -3.0]),
    ("sinc(0)", ag.sinc, [0.0], 1.0, [0.0]),
    ("sinc(1)", ag.sinc, [1.0], 0.0, [-1.0]),
    ("sinc(inf)", ag.sinc, [INF], 0.0, [0.0]),
    ("lgamma(1)", ag.lgamma, [1.0], 0.0, [-0.5772156649015329]),
    ("lgamma(inf)", ag.lgamma, [INF], INF, [INF]),
    ("lgamma(-inf)", ag.lgamma, [-INF], INF, [NAN]),
    ("lgamma beside the pole at 0", ag.lgamma, [5e-324], 744.4400719213812, [-INF]),
    ("gamma beside the pole at 0", ag.gamma, [1e-200], 1e200, [-INF]),
    ("digamma beside the pole at -1", ag.digamma, [-1 + 2.0**-53], -9007199254740992.0, [2.0**106]),
    ("polygamma(1, inf)", lambda x: ag.polygamma(1, x), [INF], 0.0, [-0.0]),
    ("erfinv(0)", ag.erfinv, [0.0], 0.0, [math.sqrt(math.pi) / 2]),
    ("where, of nan as in NumPy", lambda x: ag.where(NAN, x, 2.0), [1.0], 1.0, [1.0]),
    ("where, a number chosen", lambda y: ag.where(True, 3.0, y), [1.0], 3.0, [0.0]),
    ("copysign(x, -0.0)", lambda x: ag.copysign(x, -0.0), [3.0], -3.0, [-1.0]),
    ("copysign(0, -1)", lambda x, y: ag.copysign(x, y), [0.0, -1.0], -0.0, [0.0, 0.0]),
    ("copysign(1, y) at 0", lambda y: ag.copysign(1, y), [0.0], 1.0, [0.0]),
    ("copysign(x, nan)", lambda x, y: ag.copysign(x, y), [1.0, NAN], NAN, [NAN, NAN]),
    ("copysign(x, -nan)", lambda x, y: ag.copysign(x, y), [1.0, -NAN], NAN, [NAN, NAN]),
    ("copysign(nan, -1)", lambda x: ag.copysign(x, -1), [NAN], NAN, [NAN]),
    ("var of one", lambda *xs: ag.var(xs), [5.0], 0.0, [0.0]),
    ("var of equals", lambda *xs: ag.var(xs, ddof=1), [2.0, 2.0], 0.0, [0.0, 0.0]),
    ("std of one", lambda *xs: ag.std(xs), [5.0], 0.0, [0.0]),
    ("std of equals", lambda *xs: ag.std(xs, ddof=1), [2.0, 2.0], 0.0, [0.0, 0.0]),
    ("std with an offset", lambda *xs: ag.std(xs), [1e16, 1e16 + 2.0], 1.0, [-0.5, 0.5]),
    ("std of nan", lambda *xs: ag.std(xs), [NAN, 1.0], NAN, [NAN, NAN]),
    ("log_softmax, saturated", lambda x, y: ag.log_softmax([x, y])[1], [1000.0, -1000.0], -2000.0, [-1.0, 1.0]),
    ("log_softmax(-inf, -inf)", lambda x, y: ag.log_softmax([x, y])[0], [-INF, -INF], -math.log(2), [0.5, -0.5]),
    ("max(a, b, b)", ag.max, [1.0, 2.0, 2.0], 2.0, [0.0, 0.5, 0.5]),
    ("min(a, b)", ag.min, [1.0, 2.0], 1.0, [1.0, 0.0]),
    ("sigmoid(40)", ag.sigmoid, [40.0], 1.0, [4.248354255291589e-18]),
]


@pytest.mark.parametrize(("name", "f", "inputs", "value", "locals_"), POINTS, ids=[row[0] for row in POINTS])
def test_point(engine: Any, Value: Any, name: str, f: Any, inputs: list[float], value: float, locals_: list[float]) -> None:
    """Value and local gradients are those of the table, and a graph of derivatives gives the same numbers."""
    leaves = [Value(x) for x in inputs]
    node = f(*leaves)
    assert same(node.data, value) or node.data == pytest.approx(value, rel=1e-15)
    for got, expected in zip(node.local_gradients(), locals_, strict=True):
        assert same(got, expected) or got == pytest.approx(expected, rel=1e-15)
    recorded = engine.gradients(node, leaves, create_graph=True)
    for got, expected in zip(recorded, locals_, strict=True):
        assert same(got.data, expected) or got.data == pytest.approx(expected, rel=1e-15)


RAISES: list[tuple[str, Any, list[float], type[Exception]]] = [
    ("sqrt(-1)", ag.sqrt, [-1.0], ValueError),
    ("0**-1", lambda x: x**-1, [0.0], ZeroDivisionError),
    ("(-8)**(1/3)", lambda x: x ** (1 / 3), [-8.0], ValueError),
    ("x**y, complex", lambda x, y: x**y, [-8.0, 0.5], ValueError),
    ("log(0)", ag.log, [0.0], ValueError),
    ("log(-1)", ag.log, [-1.0], ValueError),
    ("log1p(-1)", ag.log1p, [-1.0], ValueError),
    ("1/0", lambda x: 1 / x, [0.0], ZeroDivisionError),
    ("x/0", lambda x: x / 0, [1.0], ZeroDivisionError),
    ("x/y", lambda x, y: x / y, [1.0, 0.0], ZeroDivisionError),
    ("x%0", lambda x: x % 0, [1.0], ZeroDivisionError),
    ("exp(710)", ag.exp, [710.0], OverflowError),
    ("arctanh(1)", ag.arctanh, [1.0], ValueError),
    ("arccosh(0.5)", ag.arccosh, [0.5], ValueError),
    ("lgamma(0)", ag.lgamma, [0.0], ValueError),
    ("lgamma(-2)", ag.lgamma, [-2.0], ValueError),
    ("lgamma(1e306)", ag.lgamma, [1e306], OverflowError),
    ("gamma(0)", ag.gamma, [0.0], ValueError),
    ("gamma(172)", ag.gamma, [172.0], OverflowError),
    ("digamma(-1)", ag.digamma, [-1.0], ValueError),
    ("polygamma(1, 0)", lambda x: ag.polygamma(1, x), [0.0], ValueError),
    ("polygamma(0.5, 1)", lambda x: ag.polygamma(0.5, x), [1.0], ValueError),
    ("erfinv(1)", ag.erfinv, [1.0], ValueError),
    ("erfinv(-1)", ag.erfinv, [-1.0], ValueError),
    ("var of one, ddof=1", lambda x: ag.var([x], ddof=1), [3.0], ValueError),
    ("std of one, ddof=1", lambda x: ag.std([x], ddof=1), [3.0], ValueError),
]


@pytest.mark.parametrize(("name", "f", "inputs", "error"), RAISES, ids=[row[0] for row in RAISES])
def test_raises_in_the_forward_pass(Value: Any, name: str, f: Any, inputs: list[float], error: type[Exception]) -> None:
    """The error is of the type that float or math raises; it names the numbers and labels, and leaves Values alone."""
    leaves = [Value(x, label=f"input{i}") for i, x in enumerate(inputs)]
    with pytest.raises(error) as caught:
        f(*leaves)
    assert type(caught.value) is error
    message = str(caught.value)
    assert message.startswith("cannot compute")
    assert "input0 = " + repr(inputs[0]) in message
    assert "; " in message
    assert [(x.data, x.grad, x.has_grad, x.is_leaf) for x in leaves] == [(x, 0.0, False, True) for x in inputs]


def test_square_root_of_a_square_at_zero(Value: Any) -> None:
    """sqrt(x*x) at 0 is inf times 0: a visible nan, and the anomaly mode names the square root."""
    x = Value(0.0)
    (x * x).sqrt().backward()
    assert math.isnan(x.grad)
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match=r"local gradient is inf at sqrt\(0.0\)"):
        (Value(0.0) * 1).sqrt().backward()


def test_a_zero_adjoint_stops(engine: Any, Value: Any) -> None:
    """0 times an infinite local gradient is 0, in both modes and in a graph of derivatives."""
    x = Value(0.0)
    (x.sqrt() * 0.0).backward()
    assert x.grad == 0.0
    assert engine.gradients(x.sqrt() * 0.0, x, create_graph=True).data == 0.0
    assert engine.gradients(x.sqrt() * Value(0.0), x, create_graph=True).data == 0.0
    assert ag.jvp(lambda y: (ag.relu(y) * 0.0).sqrt(), (-1.0,), (1.0,)) == (0.0, 0.0)
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="sqrt"):
        (x.sqrt() * 0.0).backward()


def test_builtin_max_picks_the_first(Value: Any) -> None:
    """Python's max on equal Values returns the first operand itself, and it gets all of the gradient."""
    a, b = Value(2.0), Value(2.0)
    assert max(a, b) is a
    (max(a, b) * 3).backward()
    assert (a.grad, b.grad) == (3.0, 0.0)


@pytest.mark.parametrize("x", [40.0, -40.0, 745.0, -745.0, 1000.0, -1000.0])
def test_saturation_keeps_the_digits(Value: Any, x: float) -> None:
    """In the tails sigmoid, tanh, softplus and logsigmoid never raise, and their slope is the true tiny number."""
    with mpmath.workdps(50):
        m = mpmath.mpf(x)
        truths = {
            "sigmoid": mpmath.exp(-abs(m)) / (1 + mpmath.exp(-abs(m))) ** 2,
            "tanh": mpmath.sech(m) ** 2,
            "softplus": 1 / (1 + mpmath.exp(-m)),
            "logsigmoid": 1 / (1 + mpmath.exp(m)),
        }
        for name, truth in truths.items():
            (local,) = getattr(Value(x), name)().local_gradients()
            assert abs(mpmath.mpf(local) - truth) <= 4 * math.ulp(float(truth))


@pytest.mark.parametrize(
    ("name", "expected"), [("sign", -1.0), ("floor", -3.0), ("ceil", -2.0), ("trunc", -2.0), ("round", -2.0)]
)
def test_what_rounds_is_a_plain_number(Value: Any, name: str, expected: float) -> None:
    """sign, floor, ceil, trunc and round return plain floats, as methods, functions and through Python's own."""
    v = Value(-2.5)
    results = [getattr(v, name)(), getattr(ag, name)(v), getattr(ag, name)(-2.5)]
    if name != "sign":
        results.append({"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round}[name](v))
    assert results == [expected] * len(results)
    assert all(type(x) is float for x in results)
    assert getattr(ag, name)(Value(INF)) == (1.0 if name == "sign" else INF)


LOG2 = math.log(2)


@pytest.mark.parametrize(
    ("x", "y", "mixed", "twice"),
    [(0.0, 3.0, 0.0, 0.0), (0.0, 0.5, NAN, 0.0), (-2.0, 3.0, NAN, NAN), (2.0, 3.0, 4 + 12 * LOG2, 8 * LOG2**2)],
)
def test_second_derivatives_of_a_power(engine: Any, Value: Any, x: float, y: float, mixed: float, twice: float) -> None:
    """In x**y the derivatives by the exponent are limits at x = 0 where there is one, and nan where there is none."""
    a, b = Value(x), Value(y)
    dx, dy = engine.gradients(a**b, [a, b], create_graph=True)
    for got, expected in ((engine.gradients(dx, b), mixed), (engine.gradients(dy, a), mixed), (engine.gradients(dy, b), twice)):
        assert same(got, expected) or got == pytest.approx(expected, rel=1e-15)


# ---- powers at 0, every order ------------------------------------------------------------------------


def falling(n: float, k: int) -> float:
    """n*(n-1)*...*(n-k+1), the factor of the k-th derivative of x**n."""
    return math.prod(n - i for i in range(k))


def of_the_polynomial(n: int, k: int, x: float) -> float:
    """The k-th derivative of x**n, n a whole number."""
    return float(falling(n, k) * x ** (n - k)) if k <= n else 0.0


def in_every_way(engine: Any, Value: Any, f: Any, x: float, order: int) -> dict[str, float]:
    """The derivative of one order: forward, forward over reverse, reverse over reverse, and in graphs on one engine."""
    in_graphs = leaf = Value(x)
    node = f(leaf)
    for _ in range(order):
        in_graphs = node = engine.gradients(node, leaf, create_graph=True)
    nested = f
    for _ in range(order):
        nested = ag.grad(nested)
    found = {"derivative": ag.derivative(f, order)(x), "graphs": in_graphs.data, "grad": nested(x)}
    if order >= 2:
        inner = f
        for _ in range(order - 2):
            inner = ag.grad(inner)
        found |= {"hessian": ag.hessian(inner)(x), "hvp": ag.hvp(inner, (x,), (1.0,))}
        found |= {"jvp": ag.jvp(ag.grad(inner), (x,), (1.0,))[1], "jacobian": ag.jacobian(ag.grad(inner))(x)}
    return found


@pytest.mark.parametrize("x", [0.0, -0.0, 2.0, -3.0])
@pytest.mark.parametrize("n", range(6))
def test_whole_powers_are_polynomials(engine: Any, Value: Any, n: int, x: float) -> None:
    """Every derivative of x**n, n a whole number, is the polynomial's in both modes, at 0 too, and 0 beyond order n."""
    for order in range(1, 7):
        expected = of_the_polynomial(n, order, x)
        for way, got in in_every_way(engine, Value, lambda x: x**n, x, order).items():
            assert got == expected, (way, order)
        if n >= 1:  # an exponent that is a Value, and held
            assert ag.derivative(lambda x: x ** Value(n), order)(x) == expected


@pytest.mark.parametrize("n", [0.5, 1.5, 2.5, 4.5, 1 / 3, 0.1, 1e-17, 2.0000000000000004])
def test_fractional_powers_at_zero_are_limits_from_the_right(engine: Any, Value: Any, n: float) -> None:
    """At 0 every derivative of x**n, n not whole, is 0 below order n and infinite above, with the sign of n*(n-1)*..."""
    for order in range(1, 7):
        expected = 0.0 if order < n else math.copysign(INF, falling(n, order))
        for way, got in in_every_way(engine, Value, lambda x: x**n, 0.0, order).items():
            assert got == expected, (way, order)
        if n == 0.5:
            assert ag.derivative(ag.sqrt, order)(0.0) == expected


def test_a_polynomial_at_zero(engine: Any, Value: Any) -> None:
    """A polynomial written with powers has its Taylor coefficients at 0, and no nan beyond its degree."""
    assert [ag.derivative(lambda x: 1 + 2 * x + 3 * x**2, order)(0.0) for order in range(6)] == [1.0, 2.0, 6.0, 0.0, 0.0, 0.0]
    assert ag.hessian(lambda x: 1 + x**0 + x**2)(0.0) == 2.0
    assert ag.grad(ag.grad(lambda x: x**0))(0.0) == 0.0
    assert ag.hessian(lambda v: v[0] ** 2 * v[1] ** 0 + v[1] ** 3)([0.0, 0.0]) == [[2.0, 0.0], [0.0, 0.0]]
    for n in (0.0, 1.0, 2.0):
        x, y = Value(0.0), Value(n)  # the exponent is differentiated as well
        second = engine.gradients(engine.gradients(x**y, x, create_graph=True), x, create_graph=True)
        assert second.data == (2.0 if n == 2.0 else 0.0)
        assert engine.gradients(second, x) == 0.0


@pytest.mark.parametrize("y", [2.0**53, 2.0**53 + 2, 2.0**54, 1e16, 3e16, 1e300, 2.0**53 - 1, 2.0**53 - 2])
@pytest.mark.parametrize("x", [1.0, -1.0])
def test_large_whole_exponents(engine: Any, Value: Any, x: float, y: float) -> None:
    """Where doubles can't hold n-1, the derivative of x**n still has the sign of an odd power, and the next an even one's."""
    leaf = Value(x)
    odd = x if y % 2 == 0 else 1.0  # x**(n-1)
    (local,) = (leaf**y).local_gradients()
    assert local == y * odd
    first = engine.gradients(leaf**y, leaf, create_graph=True)
    assert first.data == y * odd
    if y < 1e150:
        second = engine.gradients(first, leaf)
        assert second == pytest.approx(y * (y - 1) * (odd * x), rel=1e-15)


@pytest.mark.parametrize("x", [1 + 2.0**-44, -1 - 2.0**-44, 1 - 2.0**-45, -1 + 2.0**-45])
@pytest.mark.parametrize("y", [1e16, 1.1e16, 9007199254740994.0, 2.35e16])
def test_large_exponents_keep_the_digits(Value: Any, x: float, y: float) -> None:
    """Near 1 and -1 the local gradient of a power with an exponent above 2**53 is within 4 ulp, tiny powers included."""
    with mpmath.workdps(60):
        truth = mpmath.mpf(y) * mpmath.mpf(x) ** (int(y) - 1)
        if abs(truth) < 1.7e308 and abs(truth * x / y) < 1.7e308:
            (local,) = (Value(x) ** y).local_gradients()
            assert abs(mpmath.mpf(local) - truth) <= 4 * math.ulp(float(truth))


@pytest.mark.parametrize(("x", "y"), [(1e80, 0.1), (1e80, -0.3), (3e90, 1e-10), (3e-80, 0.3), (5.0, -1.3)])
def test_second_derivatives_where_the_exponent_less_1_is_rounded(x: float, y: float) -> None:
    """Where y-1 is not a double, a large or small x doesn't blow its rounding up in the second and third derivative."""
    with mpmath.workdps(60):
        m, n = mpmath.mpf(x), mpmath.mpf(y)
        for order, factor in ((2, n * (n - 1)), (3, n * (n - 1) * (n - 2))):
            expected = float(factor * m ** (n - order))
            assert ag.derivative(lambda x: x**y, order)(x) == pytest.approx(expected, rel=4e-15, abs=0)
        dxdy = float(m ** (n - 1) * (1 + n * mpmath.log(m)))
    assert ag.hessian(lambda v: v[0] ** v[1])([x, y])[0][1] == pytest.approx(dxdy, rel=4e-15, abs=0)


def test_where_stops_what_it_leaves_out(engine: Any, Value: Any) -> None:
    """An infinite derivative in the branch left out does not turn the gradient into nan, in any mode."""
    x = Value(0.0)
    ag.where(x > 0, x.sqrt(), 3.0 * x).backward()
    assert x.grad == 3.0
    y = Value(0.0)
    assert engine.gradients(ag.where(y > 0, y.sqrt(), 3.0 * y), y, create_graph=True).data == 3.0
    assert ag.jvp(lambda v: ag.where(v > 0, ag.sqrt(v), 3.0 * v), (0.0,), (1.0,)) == (0.0, 3.0)
    z, left_out = Value(0.0), Value(2.0)
    root = ag.where(True, z, left_out)
    root.sqrt().backward()
    assert (z.grad, left_out.grad, root.operands) == (INF, 0.0, (1.0, z, 2.0))
    other = ag.where(condition=False, x=z, y=left_out)
    assert (other.data, other.operands, other.local_gradients()) == (2.0, (0.0, 0.0, left_out), (1.0,))
    with pytest.raises(TypeError, match=r"where\(condition, x, y\): missing a required argument: 'y'"):
        ag.where(True, z)
    with pytest.raises(TypeError, match=r"where\(\) needs one real number, got list"):
        ag.where([1], z, left_out)
    with pytest.raises(TypeError, match=r"condition is a parameter.*condition=v\.data"):
        ag.where(x, 1.0, 2.0)


@pytest.mark.parametrize("name", ["var", "std"])
def test_second_derivatives_keep_the_digits_of_an_offset(engine: Any, Value: Any, name: str) -> None:
    """In a graph of derivatives the deviations from the mean are exact: an offset of 1e15 changes no derivative."""
    results = []
    for offset in (0.0, 1e15):
        xs = [Value(offset + x) for x in (1.0, 2.0, 6.0)]
        first = engine.gradients(getattr(ag, name)(xs, ddof=1), xs, create_graph=True)
        results.append([[g.data for g in first], [engine.gradients(g, xs) for g in first]])
    assert results[0] == results[1]
    if name == "var":
        assert results[0][0] == pytest.approx([-2.0, -1.0, 3.0], rel=1e-15)
        assert results[0][1][0] == pytest.approx([2 / 3, -1 / 3, -1 / 3], rel=1e-15)


def test_derivatives_of_std_at_zero_spread_are_zero(engine: Any, Value: Any) -> None:
    """Where all operands are equal, std has derivatives 0 of first and second order in a graph of derivatives as well."""
    xs = [Value(2.0), Value(2.0)]
    first = engine.gradients(ag.std(xs), xs, create_graph=True)
    assert [g.data for g in first] == [0.0, 0.0]
    assert engine.gradients(first[0], xs) == [0.0, 0.0]
    assert engine.gradients(ag.var(xs), xs, create_graph=True)[0].data == 0.0
