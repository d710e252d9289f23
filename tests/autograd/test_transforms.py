"""Derivatives of plain functions: shapes, nesting, forward against reverse, and bad input."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

import autograd as ag
from autograd import derivative, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, stop_gradient, taylor, value_and_grad, vjp


class Point(NamedTuple):
    """A named tuple of inputs."""

    x: float
    y: float


def cubic(v: Any) -> Any:
    return v[0] ** 2 * v[1] + ag.exp(v[0] * v[1]) + v[1] ** 3


def test_shapes_in_shapes_out() -> None:
    """A number, list, tuple, named tuple, dict or nested mixture comes back in the same shape, as floats."""
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert grad(lambda v: v[0] * v[1])([2, 3]) == [3.0, 2.0]
    assert grad(lambda v: v[0] * v[1])((2.0, 3.0)) == (3.0, 2.0)
    assert grad(lambda p: p.x * p.y)(Point(2.0, 3.0)) == Point(3.0, 2.0)
    nested = grad(lambda p: p["w"][0][0] * p["w"][1][0] + p["b"])({"w": [[2.0], [3.0]], "b": 1.0})
    assert nested == {"w": [[3.0], [2.0]], "b": 1.0}
    assert type(grad(lambda x: x * 2)(3)) is float
    assert grad(lambda x: 5.0)(1.0) == 0.0


def test_argnums() -> None:
    """argnums picks one argument or several, from either end; the others stay as they are."""
    f = lambda x, y, z: x * y**2 + z  # noqa: E731  # a function of three is clearer on one line
    assert grad(f, argnums=1)(2.0, 3.0, 1) == 12.0
    assert grad(f, argnums=-1)(2.0, 3.0, 1) == 1.0
    assert grad(f, argnums=(0, 2))(2.0, 3.0, 1) == (9.0, 1.0)
    assert grad(f, argnums=(1, 0))(2.0, 3.0, 1) == (12.0, 9.0)
    assert grad(lambda x, name: x * len(name))(2.0, "abc") == 3.0


def test_value_and_grad_and_aux() -> None:
    """The value comes along, and with has_aux anything else that the function returns."""
    assert value_and_grad(lambda x: x * x)(3.0) == (9.0, 6.0)
    assert value_and_grad(lambda x: (x * x, "note"), has_aux=True)(3.0) == ((9.0, "note"), 6.0)
    assert grad(lambda x: (x * x, "note"), has_aux=True)(3.0) == (6.0, "note")
    with pytest.raises(TypeError, match="pair"):
        grad(lambda x: x * x, has_aux=True)(3.0)


def test_jacobian_and_hessian() -> None:
    """The result has a gradient in the place of each number; the Hessian has the shape twice."""
    assert jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0]) == [[3.0, 2.0], [1.0, 1.0]]
    assert jacobian(lambda x: {"a": x * x, "b": 1.0})(3.0) == {"a": 6.0, "b": 0.0}
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 1.0, "b": 2.0}) == {
        "a": {"a": 4.0, "b": 2.0},
        "b": {"a": 2.0, "b": 0.0},
    }
    assert hessian(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0) == ((0.0, 1.0), (1.0, 0.0))
    (xx, xy), (yx, yy) = hessian(cubic)([0.5, 2.0])
    e = math.exp(1.0)
    assert xy == yx
    assert [xx, xy, yy] == pytest.approx([4.0 + 4 * e, 1.0 + 2 * e, 12.0 + 0.25 * e], rel=1e-14)


def test_products() -> None:
    """jvp, vjp and hvp equal the products with the full matrices; a pull-back may be called again."""
    f = lambda v: [cubic(v), ag.sin(v[0]) * v[1]]  # noqa: E731
    point, direction = [0.5, 2.0], [0.3, -0.7]
    matrix = jacobian(f)(point)
    value, tangent = jvp(f, (point,), (direction,))
    assert value == f(point)
    assert tangent == pytest.approx([row[0] * 0.3 - row[1] * 0.7 for row in matrix], rel=1e-14)
    value, pull_back = vjp(f, point)
    assert value == f(point)
    for seed in ([1.0, 0.0], [0.2, 5.0]):
        (pulled,) = pull_back(seed)
        assert pulled == pytest.approx([seed[0] * matrix[0][i] + seed[1] * matrix[1][i] for i in (0, 1)], rel=1e-14)
    rows = hessian(cubic)(point)
    assert hvp(cubic, (point,), (direction,)) == pytest.approx([row[0] * 0.3 - row[1] * 0.7 for row in rows], rel=1e-13)
    assert hvp(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)
    assert vjp(lambda x, y: x * y, 2.0, 3.0)[1](1.0) == (3.0, 2.0)


ORDERS: list[tuple[Any, float, list[float]]] = [
    (ag.exp, 0.5, [math.exp(0.5)] * 6),
    (ag.sin, 0.5, [math.sin(0.5), math.cos(0.5), -math.sin(0.5), -math.cos(0.5), math.sin(0.5), math.cos(0.5)]),
    (lambda x: x**5, 2.0, [32, 80, 160, 240, 240, 120, 0]),
    (lambda x: 1 / x, 2.0, [0.5, -0.25, 0.25, -0.375, 0.75, -1.875]),
    (lambda x: 7.0, 2.0, [7, 0, 0]),
]


@pytest.mark.parametrize(("f", "x", "expected"), ORDERS)
def test_derivatives_of_any_order(f: Any, x: float, expected: list[float]) -> None:
    """derivative(f, order) by forward mode, and grad nested as deep, give the known derivatives."""
    nested = f
    for order, truth in enumerate(expected):
        assert derivative(f, order)(x) == pytest.approx(truth, rel=1e-12, abs=1e-12)
        assert nested(x) == pytest.approx(truth, rel=1e-12, abs=1e-12)
        nested = grad(nested)


def test_no_confusion_of_perturbations() -> None:
    """Derivatives nested in any mode keep apart: each of these is known to catch a mixed-up tangent."""
    along = lambda f, x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    for outer in (lambda f: grad(f), lambda f: lambda x: along(f, x), derivative):
        for inner in (lambda f, x: grad(f)(x), along, lambda f, x: derivative(f)(x)):
            assert outer(lambda x, d=inner: x * d(lambda y: x + y, 1.0))(1.0) == 1.0
            assert outer(lambda x, d=inner: d(lambda y: x * y * y, x))(3.0) == 12.0
            assert outer(lambda x, d=inner: x * d(lambda y: x * y, 2.0))(5.0) == 10.0
            assert outer(lambda x, d=inner: d(lambda y: d(lambda z: x * y * z * z, y), x))(2.0) == pytest.approx(16.0)


def test_other_transformations_nest() -> None:
    """Hessians of gradients, jacobians of jvps, vjps inside grad."""
    third = jacobian(hessian(lambda v: v[0] ** 3 * v[1]))([2.0, 1.0])
    assert third == [[[6.0, 12.0], [12.0, 0.0]], [[12.0, 0.0], [0.0, 0.0]]]
    assert grad(lambda x: vjp(lambda y: y**3, x)[1](1.0)[0])(2.0) == 12.0
    assert grad(lambda s: vjp(lambda y: y**3, 2.0)[1](s)[0])(1.0) == 12.0
    assert jvp(hessian(lambda v: v[0] ** 3), ([2.0],), ([1.0],))[1] == [[6.0]]
    assert grad(lambda x: hvp(lambda y: y**3, (x,), (1.0,)))(2.0) == 6.0
    # A tangent that happens to be zero is a number all the same: its derivative isn't.
    assert grad(lambda v: jvp(lambda x, y: x * y, (2.0, 3.0), (v, 1.0))[1])(0.0) == 3.0


# Every way to the first derivative of a function of one number.
FIRST: dict[str, Callable[[Any], Callable[[float], Any]]] = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "jacobian": jacobian,
    "jacfwd": jacfwd,
    "derivative": derivative,
    "taylor": lambda f: lambda x: taylor(f, x, 3)[1],
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "gradients": lambda f: lambda x: of_a_leaf(f, x),
}


def of_a_leaf(f: Any, x: float) -> Any:
    leaf = ag.Value(x)
    return ag.gradients(f(leaf), leaf)


def times_square_under_no_grad(x: Any) -> Any:
    with ag.no_grad():
        c = x * x
    return c * x


def times_square_half_recorded(x: Any) -> Any:
    with ag.no_grad():
        c = x * x
        with ag.enable_grad():
            d = x * c
    return d * c


CUT: list[tuple[Any, float, float]] = [
    (times_square_under_no_grad, 9.0, 0.0),
    (times_square_half_recorded, 81.0, 0.0),
    (lambda x: x.detach() * x * x, 18.0, 6.0),
    (lambda x: (x * x).detach() * x, 9.0, 0.0),
    (lambda x: x.detach().exp() * 0.0 + x * x, 6.0, 2.0),
    (lambda x: stop_gradient(x * x) * x, 9.0, 0.0),
    (lambda x: stop_gradient({"a": [x * x, 1.0]})["a"][0] * x, 9.0, 0.0),
    (ag.no_grad()(lambda x: x * x), 0.0, 0.0),
]


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize(("f", "slope", "bend"), CUT)
def test_what_is_not_recorded_is_constant(f: Any, slope: float, bend: float, first: str) -> None:
    """no_grad, detach and stop_gradient inside f make constants in forward mode as in reverse mode, at every order."""
    assert FIRST[first](f)(3.0) == slope
    assert derivative(f, 2)(3.0) == bend
    if first != "gradients":
        assert derivative(FIRST[first](f))(3.0) == bend
        assert grad(FIRST[first](f))(3.0) == bend
        assert derivative(FIRST[first](f), 2)(3.0) == 0.0


def test_detached_numbers_keep_their_kind() -> None:
    """detach() of a number of forward mode is one with the same number, label and methods, which carries nothing on."""
    x = ag.Value(2.0, label="x")
    seen: list[Any] = []

    def f(t: Any) -> Any:
        seen.append((t.detach().label, t.detach().data, type(t.detach()) is type(t), t.detach() is t))
        return t

    for order in (1, 2):
        derivative(f, order)(x)
    assert seen == [("x", 2.0, True, False)] * 2
    assert stop_gradient(2.0) == 2.0
    tree = {"a": (1, "b")}
    assert stop_gradient(tree) is tree
    detached = stop_gradient([x * x, 3])
    assert (detached[0].is_leaf, detached[0].data, detached[1]) == (True, 4.0, 3)


@pytest.mark.parametrize("first", [name for name in FIRST if name != "gradients"])
def test_no_grad_around_a_derivative_makes_it_a_constant(first: str) -> None:
    """A derivative that is taken inside no_grad is right, and a constant to the derivative outside, in each mode."""

    def f(x: Any) -> Any:
        with ag.no_grad():
            slope = FIRST[first](lambda y: x * y * y)(x)
        return slope * x

    for outer in (grad, derivative, jacfwd, lambda f: lambda x: taylor(f, x, 2)[1]):
        assert outer(f)(3.0) == 18.0
    with ag.no_grad():
        assert FIRST[first](lambda y: y**3)(3.0) == 27.0
        assert FIRST[first](lambda y: y**3)(ag.Value(3.0)).is_leaf


def words_of(call: Any) -> str:
    with pytest.raises(ag.AnomalyError) as caught, ag.detect_anomaly():
        call()
    return str(caught.value)


ANOMALIES: list[tuple[Any, float, str]] = [
    (lambda x: x * 1e200 * 1e200, 1.0, "value is inf at 1e+200 * 1e+200; made by "),
    (lambda x: ag.sqrt(x - 2.0) * 3.0, 2.0, "local gradient is inf at sqrt(0.0); made by "),
    (lambda x: ag.arctan2(x, 1.0) + x * math.nan, 2.0, "value is nan at 2.0 * nan; made by "),
    (lambda x: ag.arcsin(x), 1.0, "local gradient is inf at arcsin(1.0); made by "),
    (lambda x: ag.sum([x, math.inf]), 1.0, "value is inf at sum(1.0, inf); made by "),
    (lambda x: ag.power(-x, x), 2.0, "local gradient is nan at -2.0 ** 2.0; made by "),
]


@pytest.mark.parametrize(("f", "x", "words"), ANOMALIES)
def test_forward_mode_is_watched(f: Any, x: float, words: str) -> None:
    """Inside detect_anomaly both modes raise at the same operation, in the same words, with the line of code that made it."""
    found = {words_of(lambda first=first: FIRST[first](f)(x)) for first in FIRST} | {
        words_of(lambda: derivative(f, 2)(x)),
        words_of(lambda: taylor(f, x, 2)),
    }
    assert len(found) == 1
    (message,) = found
    assert message.startswith(words)
    assert "test_transforms.py:" in message
    for first in FIRST:
        FIRST[first](f)(x)  # and nobody watches outside of it


def test_tangents_and_coefficients_are_watched() -> None:
    """A tangent, derivative or Taylor coefficient that overflows where the numbers themselves don't raises as well."""
    assert words_of(lambda: jvp(lambda x: x * 10.0, (1.0,), (1e308,))).startswith("tangent is inf at 1.0 * 10.0; made by ")
    assert words_of(lambda: derivative(lambda x: 1 / x, 60)(1e-8)).startswith(
        "derivative of order 33 is -inf at 1.0 / 1e-08; made"
    )
    assert words_of(lambda: taylor(lambda x: 1 / x, 1e-8, 60)).startswith(
        "Taylor coefficient 38 is inf at 1.0 / 1e-08; made by "
    )
    with ag.detect_anomaly():
        assert derivative(lambda x: x * x, 2)(1.0) == 2.0
        assert derivative(lambda x: x * x)(1.0) == 2.0
        with ag.no_grad():  # where nothing is recorded, there are no local gradients
            assert derivative(lambda x: ag.no_grad()(ag.sqrt)(x) + x)(0.0) == 1.0
            assert derivative(lambda x: ag.no_grad()(ag.sqrt)(x) + x, 2)(0.0) == 0.0


def test_orders_beyond_the_one_asked_for_are_not_watched() -> None:
    """A third derivative that is infinite raises where order 3 is asked for, and not where order 2 is, in either mode."""
    infinite = ag.primitive(lambda x: x, lambda z, x: math.inf, name="infinite")
    second = ag.primitive(lambda x: x, lambda z, x: infinite(x), name="second")
    first = ag.primitive(lambda x: x, lambda z, x: second(x), name="first")
    with ag.detect_anomaly():
        assert derivative(first, 2)(3.0) == derivative(derivative(first))(3.0) == 3.0
        assert taylor(first, 3.0, 2) == [3.0, 3.0, 1.5]
    assert words_of(lambda: derivative(first, 3)(3.0)).startswith("derivative of order 1 is inf at infinite(3.0); made by ")
    assert words_of(lambda: derivative(derivative(derivative(first)))(3.0)).startswith(
        "local gradient is inf at infinite(3.0); made"
    )


def test_watched_operands_carry_their_labels() -> None:
    """The message about a number of forward mode over a labelled Value shows the label, as that of reverse mode does."""
    x = ag.Value(0.0, label="x")
    for call in (lambda: derivative(ag.sqrt)(x), lambda: derivative(ag.sqrt, 2)(x), lambda: ag.sqrt(x).backward()):
        assert words_of(call).startswith("local gradient is inf at sqrt(x) where x = 0.0; made by ")


def test_keyword_arguments_pass_through() -> None:
    """Keyword arguments reach f untouched, through every transformation; a Value among them asks for Values."""

    def f(x: Any, *, k: Any, names: Any = ()) -> Any:
        assert names in ((), "abc")
        return k * x**3

    assert grad(f)(2.0, k=3.0) == 36.0
    assert value_and_grad(f)(2.0, k=3.0, names="abc") == (24.0, 36.0)
    assert jacobian(f)(2.0, k=3.0) == jacfwd(f)(2.0, k=3.0) == 36.0
    assert hessian(f)(2.0, k=3.0) == 36.0
    assert jvp(f, (2.0,), (1.0,), k=3.0) == (24.0, 36.0)
    assert vjp(f, 2.0, k=3.0)[1](1.0) == (36.0,)
    assert hvp(f, (2.0,), (1.0,), k=3.0) == 36.0
    assert derivative(f)(2.0, k=3.0) == derivative(f, 2)(2.0, k=3.0) == 36.0
    assert taylor(f, 2.0, 1, k=3.0) == [24.0, 36.0]
    k = ag.Value(3.0)
    for slope in (grad(f)(2.0, k=k), jacfwd(f)(2.0, k=k), derivative(f)(2.0, k=k), vjp(f, 2.0, k=k)[1](1.0)[0]):
        assert ag.gradients(slope, k) == 12.0


def test_plain_numbers_come_along() -> None:
    """With has_aux, Values anywhere in what comes along are floats at the outermost level, and Values inside."""
    f = lambda x: (x * x, {"y": [x + 1, "note"], "z": (x, 5)})  # noqa: E731
    for mode in (grad, jacobian, jacfwd):
        slope, aux = mode(f, has_aux=True)(3.0)
        assert (slope, aux) == (6.0, {"y": [4.0, "note"], "z": (3.0, 5)})
        assert {type(aux["y"][0]), type(aux["z"][0])} == {float}
        assert type(aux["z"][1]) is int
        assert derivative(lambda x, m=mode: m(f, has_aux=True)(x)[1]["y"][0] * 2)(3.0) == 2.0
    assert hessian(f, has_aux=True)(3.0) == (2.0, {"y": [4.0, "note"], "z": (3.0, 5)})
    for mode in (grad, jacobian, jacfwd):
        with pytest.raises(TypeError, match="pair"):
            mode(lambda x: (x, x, x), has_aux=True)(3.0)
        with pytest.raises(TypeError, match="pair"):
            mode(lambda x: [x, x], has_aux=True)(3.0)


def test_jacfwd_is_jacobian() -> None:
    """jacfwd gives what jacobian gives, in any shape and for several arguments; jacrev is jacobian."""
    assert jacrev is jacobian
    f = lambda p, y: {"a": [p["w"][0] * y, p["w"][1] ** 2], "b": p["b"] / y}  # noqa: E731
    p = {"b": 3.0, "w": (2.0, 5.0)}
    for argnums in (0, 1, -1, (0,), (1, 0), (0, 0), ()):
        assert jacfwd(f, argnums)(p, 4.0) == jacobian(f, argnums)(p, 4.0)
    assert jacfwd(f)(p, 4.0)["a"] == [{"b": 0.0, "w": (4.0, 0.0)}, {"b": 0.0, "w": (0.0, 10.0)}]
    assert grad(lambda x, y: x * y, argnums=(0, 0))(2.0, 3.0) == (3.0, 3.0)
    assert jacfwd(lambda x: [5.0, x])(1) == [0.0, 1.0]
    assert jacfwd(lambda v: [1.0])([]) == [[]]
    assert jacfwd(cubic).__name__ == "jacfwd_of_cubic"


def test_dicts_match_by_key() -> None:
    """Directions and cotangents find their numbers by key, whatever the order of the keys."""
    f = lambda p: {"y": p["a"] * p["b"], "z": p["a"] ** 2}  # noqa: E731
    value, tangent = jvp(f, ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 0.0},))
    assert (value, tangent) == ({"y": 6.0, "z": 4.0}, {"y": 2.0, "z": 0.0})
    assert vjp(f, {"a": 2.0, "b": 3.0})[1]({"z": 1.0, "y": 10.0}) == ({"a": 34.0, "b": 20.0},)
    with pytest.raises(ValueError, match=r"the tangents .* expected the keys \['a', 'b'\], got \['a', 'c'\]"):
        jvp(f, ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "c": 1.0},))


def test_containers_keep_their_type() -> None:
    """f sees, and its caller gets back, the types that were handed over: OrderedDict, defaultdict, Counter, named tuples."""
    for p in (OrderedDict(y=3.0, x=2.0), defaultdict(int, x=2.0, y=3.0), Counter(x=2, y=3)):
        seen: list[Any] = []
        gradient = grad(lambda q, seen=seen: [seen.append(q), q["x"] * q["y"]][1])(p)
        assert type(gradient) is type(seen[0]) is type(p)
        assert list(gradient.items()) == [(k, 5.0 - p[k]) for k in p]
    assert gradient["missing"] == 0
    assert grad(lambda q: q["x"] * q["new"])(defaultdict(lambda: 7.0, x=2.0))["new"] == 7.0
    bent = hessian(lambda p: p.x**2 * p.y)(Point(2.0, 3.0))
    assert bent == Point(Point(6.0, 4.0), Point(4.0, 0.0))
    assert type(bent.x) is Point


def test_no_tree_is_too_deep() -> None:
    """Arguments, results and extras that are nested 2,000 deep go through every transformation, errors included."""

    def wrapped(x: Any, layers: int = 2000) -> Any:
        for i in range(layers):
            x = ([x], (x,), {"k": x})[i % 3]
        return x

    def core(x: Any) -> tuple[int, Any]:
        layers = 0
        while isinstance(x, (list, tuple, dict)):
            (x,) = x.values() if isinstance(x, dict) else x
            layers += 1
        return layers, x

    deep = wrapped(3.0)
    f = lambda x: core(x)[1] ** 2  # noqa: E731
    assert core(grad(f)(deep)) == (2000, 6.0)
    assert core(hessian(f)(deep)) == (4000, 2.0)
    for mode in (jacobian, jacfwd):
        assert core(mode(lambda x: wrapped(f(x)))(deep)) == (4000, 6.0)
    assert core(grad(lambda x: (x, wrapped(x * x)), has_aux=True)(3.0)[1]) == (2000, 9.0)
    value, tangent = jvp(lambda x: wrapped(f(x)), (deep,), (deep,))
    assert (core(value), core(tangent)) == ((2000, 9.0), (2000, 18.0))
    assert core(vjp(lambda x: wrapped(f(x)), deep)[1](value)[0]) == (2000, 54.0)
    assert core(hvp(f, (deep,), (deep,))) == (2000, 6.0)
    assert core(stop_gradient(deep)) == (2000, 3.0)
    with pytest.raises(ValueError, match="another shape"):
        jvp(f, (deep,), (wrapped(3.0, 1999),))
    with pytest.raises(ValueError, match="another shape"):
        vjp(lambda x: deep, 1.0)[1](3.0)


def test_values_as_arguments_stay_in_the_graph(Value: Any) -> None:
    """Called on a Value, a transformation returns Values, and their graph reaches back to it."""
    if Value is not ag.Value:
        pytest.skip("transformations run on the chosen engine")
    x = Value(3.0)
    g = grad(lambda y: y**3)(x)
    g.backward()
    assert (g.data, x.grad) == (27.0, 18.0)
    with ag.no_grad():
        assert grad(lambda y: y**3)(3.0) == 27.0


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_product_rule(x: float, y: float) -> None:
    """(f*g)' = f'*g + f*g' for f and g of two variables."""
    f = lambda a, b: ag.tanh(a * b) + a  # noqa: E731
    g = lambda a, b: ag.sin(a) - b * b  # noqa: E731
    left = grad(lambda a, b: f(a, b) * g(a, b))(x, y)
    assert left == pytest.approx(grad(f)(x, y) * g(x, y) + f(x, y) * grad(g)(x, y), rel=1e-12, abs=1e-12)


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda: grad(3), TypeError, "^grad takes a function, got int; write grad"),
    (lambda: value_and_grad(3), TypeError, "^value_and_grad takes a function"),
    (lambda: derivative(3), TypeError, "^derivative takes a function"),
    (lambda: taylor(3, 1.0, 2), TypeError, "^taylor takes a function"),
    (lambda: grad(lambda x: [x])(1.0), TypeError, "use jacobian"),
    (lambda: grad(lambda x: None)(1.0), TypeError, "returns one number"),
    (lambda: grad(lambda x: "a")(1.0), TypeError, "returns one number"),
    (lambda: grad(lambda x: x)("a"), TypeError, "an argument needs one real number"),
    (
        lambda: grad(lambda x: x, argnums=1)(1.0),
        ValueError,
        "argnums=1, but the function was called with 1 positional argument$",
    ),
    (lambda: grad(lambda x, y: x, argnums=-3)(1.0, 2.0), ValueError, "argnums=-3, but .* called with 2 positional arguments$"),
    (lambda: grad(lambda x: x)(x=1.0), ValueError, "argnums=0, but the function was called with 0 positional arguments$"),
    (lambda: grad(lambda x: x, argnums=1.5)(1.0), TypeError, "argnums takes an int"),
    (lambda: grad(lambda x: x, argnums=True)(1.0), TypeError, "argnums takes an int"),
    (lambda: jacobian(lambda x: ["a"])(1.0), TypeError, "jacobian: a result"),
    (lambda: jacfwd(lambda x: ["a"])(1.0), TypeError, "jacfwd: a result"),
    (lambda: jacfwd(lambda x: x)("a"), TypeError, "jacfwd: an argument"),
    (lambda: jacfwd(3), TypeError, "^jacfwd takes a function"),
    (lambda: jacobian(3), TypeError, "jacobian takes a function"),
    (lambda: hessian(3), TypeError, "^hessian takes a function"),
    (lambda: jacfwd(lambda x: x, argnums=1)(1.0), ValueError, "jacfwd: argnums=1, but"),
    (lambda: jvp(lambda x: "a", (1.0,), (1.0,)), TypeError, "jvp: a result"),
    (lambda: jvp(lambda x: x, (1.0,), ("a",)), TypeError, "jvp: a tangent"),
    (lambda: jvp(3, (1.0,), (1.0,)), TypeError, "jvp takes a function"),
    (lambda: vjp(lambda x: "a", 1.0), TypeError, "vjp: a result"),
    (lambda: vjp(lambda x: x, "a"), TypeError, "vjp: an argument"),
    (lambda: vjp(3, 1.0), TypeError, "vjp takes a function"),
    (lambda: hvp(3, (1.0,), (1.0,)), TypeError, "^hvp takes a function"),
    (lambda: derivative(lambda x: x)([1.0]), TypeError, "derivative: the argument needs one real number, got list"),
    (lambda: grad(lambda x: {"a": x})(1.0), TypeError, "one number, got a dict; use jacobian"),
    (lambda: jvp(lambda x: x, 1.0, 1.0), TypeError, "as tuples"),
    (lambda: jvp(lambda x: x, (1.0,), (1.0, 2.0)), ValueError, "another shape"),
    (lambda: jvp(lambda x: x, ({"a": 1.0},), ({"b": 1.0},)), ValueError, "another shape"),
    (lambda: jvp(lambda x: x, ([1.0],), (1.0,)), ValueError, "another shape"),
    (lambda: jvp(lambda x: x, ("a",), (1.0,)), TypeError, "a primal"),
    (lambda: vjp(lambda x: [x, x], 1.0)[1]([1.0]), ValueError, "another shape"),
    (lambda: vjp(lambda x: x, 1.0)[1]("a"), TypeError, "a cotangent"),
    (lambda: hvp(lambda x: [x], (1.0,), (1.0,)), TypeError, "use jacobian"),
    (lambda: derivative(lambda x: x, order=-1), ValueError, "0 or more"),
    (lambda: derivative(lambda x: x, order=1.0), TypeError, "order takes an int"),
    (lambda: derivative(lambda x: [x])(1.0), TypeError, "returns one number"),
    (lambda: derivative(lambda x: math.exp(x))(1.0), TypeError, r"v\.exp\(\)"),
    (lambda: derivative(lambda x: x.clamp(x, 2.0))(1.0), TypeError, "lo is a parameter"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD)
def test_bad_input(call: Any, error: type[Exception], words: str) -> None:
    """Bad input raises an error that says what came and what to write."""
    with pytest.raises(error, match=words):
        call()


def test_names_and_docstrings() -> None:
    """What comes out is named after what went in, also where that has no proper name."""
    assert grad(cubic).__name__ == "grad_of_cubic"
    assert hessian(lambda x: x).__name__ == "hessian"
    assert derivative(ag.exp, 2).__doc__ == "The derivative of order 2 of exp."


def test_dual_numbers_behave_like_numbers() -> None:
    """Inside forward mode branches, comparisons, formats, constants and errors work as on numbers."""

    def f(x: Any) -> Any:
        assert f"{x:.1f}" == "2.0"
        assert x > 1
        assert x == 2
        assert x.floor() == x.item() == 2.0
        assert bool(x)
        assert repr(x) == "Dual(primal=2.0, tangent=1.0)"
        assert x.label == ""
        return max(x, 1.0) * abs(-x) + ag.sum([x, 1, x]) - ag.softmax([x, x])[0]

    assert derivative(f)(2.0) == 6.0
    with pytest.raises(ZeroDivisionError, match=r"cannot compute 1\.0 / 0\.0"):
        derivative(lambda x: 1 / x)(0.0)
    assert derivative(lambda x: 2 % x + x % 2 + 2**x - (-x) + (+x))(1.5) == pytest.approx(-1 + 1 + 2**1.5 * math.log(2) + 2)
    assert derivative(lambda x: x**2 + pow(x, x))(1.0) == pytest.approx(3.0)
