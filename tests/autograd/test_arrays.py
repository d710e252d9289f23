"""NumPy's arrays in the transformations: an array in, arrays out, and programs written for other libraries run on them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import derivative, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, stop_gradient, taylor, value_and_grad, vjp
from autograd.layout import Layout, items


def rosenbrock(v: Any) -> Any:
    return np.sum(100.0 * (v[1:] - v[:-1] ** 2) ** 2 + (1.0 - v[:-1]) ** 2)


def rosenbrock_gradient(v: Any) -> Any:
    """By hand."""
    g = np.zeros_like(v)
    g[:-1] += -400.0 * v[:-1] * (v[1:] - v[:-1] ** 2) - 2.0 * (1.0 - v[:-1])
    g[1:] += 200.0 * (v[1:] - v[:-1] ** 2)
    return g


def rosenbrock_hessian(v: Any) -> Any:
    """By hand."""
    h = np.diag(np.append(-400.0 * v[1:] + 1200.0 * v[:-1] ** 2 + 2.0, 0.0) + np.append(0.0, np.full(len(v) - 1, 200.0)))
    for i in range(len(v) - 1):
        h[i, i + 1] = h[i + 1, i] = -400.0 * v[i]
    return h


class Tagged(np.ndarray):
    """An array of a type of its own."""


START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def is_floats(array: Any, shape: tuple[int, ...]) -> bool:
    return type(array) is np.ndarray and array.dtype == np.float64 and array.shape == shape


def test_an_array_in_an_array_out() -> None:
    """grad, value_and_grad, hessian and hvp of an array give arrays of floats with the derivatives found by hand."""
    value, gradient = value_and_grad(rosenbrock)(START)
    assert type(value) is float
    assert value == pytest.approx(rosenbrock(START), rel=1e-14)
    assert is_floats(gradient, (5,))
    np.testing.assert_allclose(gradient, rosenbrock_gradient(START), rtol=1e-13)
    assert (grad(rosenbrock)(START) == gradient).all()
    matrix = hessian(rosenbrock)(START)
    assert is_floats(matrix, (5, 5))
    np.testing.assert_allclose(matrix, rosenbrock_hessian(START), rtol=1e-13)
    direction = np.array([1.0, 0.0, -2.0, 0.5, 3.0])
    product = hvp(rosenbrock, (START,), (direction,))
    assert is_floats(product, (5,))
    np.testing.assert_allclose(product, rosenbrock_hessian(START) @ direction, rtol=1e-12)


def test_shapes_are_joined_as_in_jax() -> None:
    """A jacobian has the result's shape, then the argument's, in both modes; a hessian the argument's twice."""
    w = np.arange(6.0).reshape(2, 3)
    x = np.array([1.0, -2.0, 0.5])
    f = lambda w, x: np.sin(np.dot(w, x))  # noqa: E731
    for mode in (jacobian, jacrev, jacfwd):
        assert is_floats(mode(f)(w, x), (2, 2, 3))
        of_both = mode(f, argnums=(0, 1))(w, x)
        assert [part.shape for part in of_both] == [(2, 2, 3), (2, 3)]
        slopes = np.cos(w @ x)
        np.testing.assert_allclose(of_both[1], slopes[:, None] * w, rtol=1e-13)
        np.testing.assert_allclose(of_both[0], np.einsum("i,ij,k->ijk", slopes, np.eye(2), x), rtol=1e-13)
        assert is_floats(mode(lambda t: np.array([t, t * t]))(3.0), (2,))
        assert is_floats(mode(lambda v: v[0] * v[1])(x), (3,))
        lists = mode(lambda v: [v[0] * v[1], v[2]])(x)
        assert [row.tolist() for row in lists] == [[-2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        columns = mode(lambda v: np.array([v[0], v[0] * v[1]]))([2.0, 3.0])
        assert [column.tolist() for column in columns] == [[1.0, 3.0], [0.0, 2.0]]
        tree = mode(lambda p: {"y": p["w"] * p["b"]})({"w": x, "b": 2.0})
        assert (tree["y"]["w"] == 2 * np.eye(3)).all()
        assert (tree["y"]["b"] == x).all()
        assert is_floats(mode(lambda v: v)(np.zeros(0)), (0, 0))
        assert mode(lambda v: [])([]) == []
    assert is_floats(hessian(lambda w: np.sum(w**3))(w), (2, 3, 2, 3))


def test_products_with_arrays() -> None:
    """jvp and vjp take directions and cotangents of the arrays' shapes, and no others."""
    f = lambda v: v[:2] * v[1:]  # noqa: E731
    x, t, c = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0]), np.array([3.0, 4.0])
    matrix = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 2.0]])
    value, tangent = jvp(f, (x,), (t,))
    assert is_floats(value, (2,))
    assert (value == [2.0, 6.0]).all()
    assert (tangent == matrix @ t).all()
    value, pull_back = vjp(f, x)
    assert is_floats(value, (2,))
    (pulled,) = pull_back(c)
    assert is_floats(pulled, (3,))
    assert (pulled == c @ matrix).all()
    with pytest.raises(ValueError, match=r"the cotangent .* expected an array of shape \(2,\), got an array of shape \(3,\)"):
        pull_back(x)
    with pytest.raises(ValueError, match=r"expected an array of shape \(2,\), got a list of 2"):
        pull_back([1.0, 2.0])
    with pytest.raises(ValueError, match=r"the tangents .* expected an array of shape \(3,\), got a number"):
        jvp(f, (x,), (1.0,))
    with pytest.raises(ValueError, match=r"expected a number, got an array of shape \(3,\)"):
        jvp(lambda x: x, (1.0,), (x,))
    with pytest.raises(TypeError, match=r"one number, got an array of shape \(2,\); use jacobian"):
        grad(f)(x)


def test_f_sees_values_in_arrays() -> None:
    """f gets an array of the same shape that holds Values, and arrays that it isn't differentiated by as they are."""
    seen: list[Any] = []

    def f(v: Any, data: Any) -> Any:
        seen.append((type(v), v.shape, v.dtype, type(v[0, 0]), data))
        return np.sum(v * data)

    data = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert (grad(f)(np.ones((2, 2)), data) == data).all()
    assert seen[0][:4] == (np.ndarray, (2, 2), object, ag.Value)
    assert seen[0][4] is data


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool", "float32", "float64", "object"])
def test_numbers_of_all_types_become_floats(dtype: str) -> None:
    """Arrays of ints, bools and shorter floats are taken, and the gradient is an array of floats."""
    gradient = grad(lambda v: np.sum(v * v))(np.array([1, 0, 1]).astype(dtype))
    assert is_floats(gradient, (3,))
    assert gradient.tolist() == [2.0, 0.0, 2.0]


def test_arrays_that_hold_no_numbers() -> None:
    """Text, complex numbers and None in an array are refused by name, before f runs."""
    for bad, words in ((["a"], "str"), ([1j], "complex"), ([None], "None")):
        with pytest.raises(TypeError, match=f"grad: an argument needs one real number, got .*{words}"):
            grad(lambda v: pytest.fail("f ran"))(np.array(bad))


def test_views_and_orders_of_memory() -> None:
    """Transposed, strided and Fortran-ordered arrays keep their numbers in their places."""
    x = np.arange(12.0).reshape(3, 4)
    weights = np.arange(12.0).reshape(3, 4) ** 2
    for view, w in ((x.T, weights.T), (np.asfortranarray(x), weights), (x[::-1, ::2], weights[::-1, ::2])):
        assert (grad(lambda v, w=w: np.sum(v * w))(view) == w).all()
    tagged = np.array([[1.0, 2.0]]).view(Tagged)
    assert is_floats(grad(lambda v: np.sum(v * v))(tagged), (1, 2))


def test_arrays_without_dimensions_are_numbers() -> None:
    """A 0-d array counts as its element, as an argument and as a result, whether it holds a float or a Value."""
    assert grad(lambda x: x * x)(np.array(3.0)) == 6.0
    assert type(grad(lambda x: x * x)(np.array(3.0))) is float
    wrapped = lambda x: np.array(x * x)  # noqa: E731
    assert value_and_grad(wrapped)(3.0) == (9.0, 6.0)
    assert (hessian(wrapped)(3.0), derivative(wrapped)(3.0), derivative(wrapped, 2)(3.0)) == (2.0, 6.0, 2.0)
    assert (jacobian(wrapped)(3.0), jacfwd(wrapped)(3.0), jvp(wrapped, (3.0,), (1.0,))) == (6.0, 6.0, (9.0, 6.0))
    assert vjp(wrapped, 3.0)[1](np.array(2.0)) == (12.0,)
    assert grad(lambda x: x * x)(np.float64(3.0)) == 6.0
    assert derivative(np.sin)(np.array(0.0)) == 1.0


def test_series_at_each_element() -> None:
    """derivative and taylor of an array call f for each element, and give arrays of its shape."""
    x = np.array([[0.1, 0.2], [0.3, 0.4]])
    for order, truth in enumerate((np.sin(x), np.cos(x), -np.sin(x), -np.cos(x))):
        found = derivative(np.sin, order)(x)
        assert is_floats(found, (2, 2))
        np.testing.assert_allclose(found, truth, rtol=1e-14)
    coefficients = taylor(np.exp, x, 2)
    assert [is_floats(c, (2, 2)) for c in coefficients] == [True] * 3
    np.testing.assert_allclose(coefficients[2], np.exp(x) / 2, rtol=1e-14)


def test_nested_in_one_another() -> None:
    """Inside another derivative the arrays hold Values or dual numbers, so that all orders and mixtures agree."""
    x = np.array([0.3, 0.7])
    f = lambda v: np.sin(v[0]) * v[1] ** 3  # noqa: E731
    third = jacobian(hessian(f))(x)
    assert is_floats(third, (2, 2, 2))
    for other in (jacfwd(jacobian(grad(f))), jacobian(jacfwd(jacfwd(f))), jacfwd(hessian(f))):
        np.testing.assert_allclose(other(x), third, rtol=1e-13)
    along = derivative(lambda t: grad(f)(np.array([t, 0.7]))[1], 2)(0.3)
    assert along == pytest.approx(third[0, 0, 1], rel=1e-13)
    leaves = np.array([ag.Value(0.3), ag.Value(0.7)])
    gradient = grad(f)(leaves)
    assert gradient.dtype == object
    assert ag.gradients(gradient[0], leaves[1]) == pytest.approx(hessian(f)(x)[0, 1], rel=1e-14)


def test_what_comes_along_is_plain() -> None:
    """With has_aux, arrays, dicts and numbers of Values beside the result become floats, and all else stays what it is."""
    note = object()

    def f(v: Any) -> Any:
        y = v * v
        return np.sum(y), {"y": y, "first": y[0], "note": note, "data": START, "list": [1, "a"]}

    (value, aux), gradient = value_and_grad(f, has_aux=True)(START)
    assert value == np.sum(START * START)
    assert (gradient == 2 * START).all()
    for mode in (grad, jacobian, jacfwd, hessian):
        derivatives, other = mode(f, has_aux=True)(START)
        assert (derivatives == (2 * np.eye(5) if mode is hessian else 2 * START)).all()
        for found in (aux, other):
            assert is_floats(found["y"], (5,))
            assert (found["y"] == START * START).all()
            assert found["first"] == START[0] ** 2
            assert type(found["first"]) is float
            assert found["note"] is note
            assert found["data"] is START
            assert found["list"] == [1, "a"]
    assert grad(lambda x: (x, START), has_aux=True)(1.0)[1] is START
    inner = grad(lambda x: grad(lambda y: (x * y, {"seen": y * x}), has_aux=True)(2.0)[1]["seen"])
    assert inner(3.0) == 2.0
    assert grad(lambda x: jacfwd(lambda y: (x * y, {"seen": y * x}), has_aux=True)(2.0)[1]["seen"])(3.0) == 2.0


def test_stop_gradient_of_arrays() -> None:
    """stop_gradient detaches what is in an array of Values, and hands an array of data back as it is."""
    assert stop_gradient(START) is START
    assert stop_gradient([START, ag.Value(1.0)])[0] is START
    assert (grad(lambda v: np.sum(v * stop_gradient(v)))(START) == START).all()
    assert (jacfwd(lambda v: np.sum(v * stop_gradient(v)))(START) == START).all()


def test_layout_of_large_data_is_cheap() -> None:
    """Arrays of data beside the arguments are not looked into: only those of objects may hold a Value."""
    assert list(items([START, 1.0, {"a": np.array([2, "x"], dtype=object)}])) == [1.0, 2, "x"]
    assert list(items(np.zeros((2, 2)))) == []
    layout = Layout([1.0, START])
    assert (layout.shapes, layout.is_number, Layout(2.0).is_number, Layout([2.0]).is_number) == (
        [None, (5,)],
        False,
        True,
        False,
    )
    assert Layout(START).is_number is False


def test_numpy_is_not_imported_by_us() -> None:
    """A program that hands over lists runs all transformations without NumPy being imported."""
    code = (
        "import sys, autograd as ag; f = lambda v: v[0] * v[1]\n"
        "ag.hessian(f)([1.0, 2.0]); ag.jacfwd(f)([1.0, 2.0]); ag.taylor(ag.exp, 0.0, 3); ag.vjp(f, [1.0, 2.0])[1](1.0)\n"
        "print('numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


# ---- programs written for other libraries ------------------------------------------------------------


METHODS = ["BFGS", "L-BFGS-B", "CG", "SLSQP", "Newton-CG", "trust-ncg", "trust-exact"]


@pytest.mark.parametrize("method", METHODS)
def test_scipy_minimizes(method: str) -> None:
    """scipy's minimize takes value_and_grad with jac=True and hessian as hess, and finds the end of Rosenbrock's valley."""
    optimize = pytest.importorskip("scipy.optimize")
    more = {"hess": hessian(rosenbrock)} if method[:5] in ("Newto", "trust") else {}
    found = optimize.minimize(value_and_grad(rosenbrock), START, jac=True, method=method, **more)
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-3)
    assert type(found.x) is np.ndarray


def test_scipy_solves() -> None:
    """least_squares, fsolve and root take jacobian(f), hvp serves as hessp, and integers to start from are taken as floats."""
    optimize = pytest.importorskip("scipy.optimize")
    residuals = lambda v, a: np.array([10 * (v[1] - v[0] ** 2), a - v[0]])  # noqa: E731
    found = optimize.least_squares(residuals, np.array([-1, 2]), jac=jacobian(residuals), args=(1.0,))
    np.testing.assert_allclose(found.x, [1.0, 1.0], rtol=1e-9)
    equations = lambda v: np.array([v[0] * np.cos(v[1]) - 4, v[1] * v[0] - v[1] - 5])  # noqa: E731
    for mode in (jacobian, jacfwd):
        x = optimize.fsolve(equations, [1, 1], fprime=mode(equations))
        np.testing.assert_allclose(equations(x), [0.0, 0.0], atol=1e-9)
        assert optimize.root(equations, np.array([1, 1]), jac=mode(equations)).success
    along = lambda x, p: hvp(rosenbrock, (x,), (p,))  # noqa: E731
    integers = optimize.minimize(value_and_grad(rosenbrock), np.array([0, 0]), jac=True, hessp=along, method="Newton-CG")
    np.testing.assert_allclose(integers.x, [1.0, 1.0], atol=1e-3)
    root = optimize.newton(
        lambda x: x**3 - 2, 1.0, fprime=derivative(lambda x: x**3 - 2), fprime2=derivative(lambda x: x**3, 2)
    )
    assert root == pytest.approx(2 ** (1 / 3), rel=1e-12)


def predict(w: Any, b: Any, inputs: Any) -> Any:
    return 0.5 * (np.tanh((np.dot(inputs, w) + b) / 2) + 1)


INPUTS = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
TARGETS = np.array([True, True, False, True])


def likelihood(w: Any, b: Any) -> Any:
    p = predict(w, b, INPUTS)
    return -np.sum(np.log(p * TARGETS + (1 - p) * (1 - TARGETS)))


def test_a_logistic_regression() -> None:
    """The classifier of many a tutorial: gradients by position, as a dict, and a step of Newton's, as the formulas say."""
    w, b = np.array([0.3, -0.2, 0.7]), 0.1
    errors = predict(w, b, INPUTS) - TARGETS
    of_w, of_b = grad(likelihood, (0, 1))(w, b)
    np.testing.assert_allclose(of_w, errors @ INPUTS, rtol=1e-13)
    assert of_b == pytest.approx(errors.sum(), rel=1e-13)
    named = grad(lambda p: likelihood(p["w"], p["b"]))({"w": w, "b": b})
    assert (named["w"] == of_w).all()
    assert named["b"] == of_b
    p = predict(w, b, INPUTS)
    np.testing.assert_allclose(
        hessian(likelihood)(w, b), np.einsum("n,ni,nj->ij", p * (1 - p), INPUTS, INPUTS), rtol=1e-12, atol=1e-15
    )
    f = lambda w: predict(w, b, INPUTS)  # noqa: E731
    np.testing.assert_allclose(jacfwd(f)(w), jacrev(f)(w), rtol=1e-13)
    v, u = np.array([1.0, 2.0, -1.0]), np.array([1.0, 0.0, 2.0, -1.0])
    np.testing.assert_allclose(jvp(f, (w,), (v,))[1], jacfwd(f)(w) @ v, rtol=1e-13)
    np.testing.assert_allclose(vjp(f, w)[1](u)[0], u @ jacrev(f)(w), rtol=1e-13)


def test_hessians_three_ways() -> None:
    """Forward over reverse, reverse over forward and reverse over reverse give one Hessian, and hvp its products."""
    f = lambda v: np.sum(np.tanh(v) * v[::-1] ** 2)  # noqa: E731
    x, v = np.array([0.2, -0.4, 0.9]), np.array([1.0, -1.0, 0.5])
    forward_over_reverse = jacfwd(jacrev(f))(x)
    for other in (jacrev(jacfwd(f)), jacrev(jacrev(f)), jacfwd(jacfwd(f)), hessian(f)):
        np.testing.assert_allclose(other(x), forward_over_reverse, rtol=1e-12, atol=1e-14)
    for product in (
        hvp(f, (x,), (v,)),
        jvp(grad(f), (x,), (v,))[1],
        grad(lambda x: np.dot(grad(f)(x), v))(x),
        grad(lambda x: jvp(f, (x,), (v,))[1])(x),
        vjp(grad(f), x)[1](v)[0],
    ):
        np.testing.assert_allclose(product, forward_over_reverse @ v, rtol=1e-12)


NUMPY: list[Any] = [
    lambda v: np.sum(v * v), lambda v: np.mean(v) * 3, lambda v: np.dot(v, v[::-1]), lambda v: np.prod(v),
    lambda v: np.sum(np.outer(v, v)), lambda v: np.sum(np.cumsum(v) ** 2), lambda v: np.sum(np.diff(v) ** 2),
    lambda v: np.sum(np.concatenate([v, v * 2])), lambda v: np.sum(np.stack([v, v]) ** 2), lambda v: v.reshape(2, 2)[1] @ v[:2],
    lambda v: np.trace(v.reshape(2, 2) @ v.reshape(2, 2)), lambda v: np.sum(np.where(v > 0.5, v * v, -v)),
    lambda v: np.max(v) * np.min(v), lambda v: np.sum(np.maximum(v, 0.5)), lambda v: np.sum(np.sort(v)[1:]),
    lambda v: np.sum(np.roll(v, 1) * v), lambda v: np.sum(np.tile(v, 3)), lambda v: np.sum(v[[0, 0, 3]]),
    lambda v: np.sum(np.expand_dims(v, 0) * v[:, None]), lambda v: np.sum(np.abs(v - 0.5)), lambda v: np.sum(np.sqrt(v)),
    lambda v: np.sum(np.einsum("ij,j->i", v.reshape(2, 2), v[2:])), lambda v: np.sum(np.kron(v[:2], v[2:])),
    lambda v: np.sum(v[::2] ** v[1::2]), lambda v: np.sum(np.linspace(0, 1, 4) * v), lambda v: np.polyval(v, 0.3),
]  # fmt: skip


@pytest.mark.parametrize("f", NUMPY, ids=range(len(NUMPY)))
def test_numpy_code_runs_on_values(f: Any) -> None:
    """What works on arrays of objects is differentiated in both modes, as central differences of it confirm."""
    x = np.array([0.3, 0.9, 0.6, 1.4])
    h = 1e-6
    truth = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(4)]
    reverse = grad(f)(x)
    np.testing.assert_allclose(reverse, truth, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(jacfwd(f)(x), reverse, rtol=1e-13, atol=1e-14)
