"""Derivatives of plain functions: shapes, nesting, forward against reverse, and bad input."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


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
    """A gradient stands in the place of each number of the result; the Hessian has the shape twice."""
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
    (lambda: grad(3), TypeError, "takes a function"),
    (lambda: grad(lambda x: [x])(1.0), TypeError, "use jacobian"),
    (lambda: grad(lambda x: None)(1.0), TypeError, "returns one number"),
    (lambda: grad(lambda x: "a")(1.0), TypeError, "returns one number"),
    (lambda: grad(lambda x: x)("a"), TypeError, "an argument needs one real number"),
    (lambda: grad(lambda x: x, argnums=1)(1.0), ValueError, "called with 1 arguments"),
    (lambda: grad(lambda x: x, argnums=1.5)(1.0), TypeError, "argnums takes an int"),
    (lambda: grad(lambda x: x, argnums=True)(1.0), TypeError, "argnums takes an int"),
    (lambda: jacobian(lambda x: ["a"])(1.0), TypeError, "a result"),
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
