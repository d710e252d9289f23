"""Every public primitive: on floats, Values and dual numbers, its partials and their partials, and under NumPy."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import autograd as ag

M = mpmath


def ncdf(x: Any) -> Any:
    return M.erfc(-x / M.sqrt(2)) / 2


# What each primitive is, in mpmath, and where to look: (truth, low, high) of every operand, away from kinks.
TRUTH: dict[str, tuple[Callable[..., Any], float, float]] = {
    "add": (lambda x, y: x + y, -5, 5), "subtract": (lambda x, y: x - y, -5, 5),
    "multiply": (lambda x, y: x * y, -5, 5), "divide": (lambda x, y: x / y, 0.3, 5),
    "power": (lambda x, y: x**y, 0.3, 4), "remainder": (lambda x, y: x - y * M.floor(x / y), 0.3, 5),
    "negative": (lambda x: -x, -5, 5), "positive": (lambda x: x, -5, 5), "absolute": (abs, 0.1, 5),
    "exp": (M.exp, -5, 5), "exp2": (lambda x: mpf(2) ** x, -5, 5), "expm1": (M.expm1, -5, 5),
    "log": (M.log, 0.1, 9), "log2": (lambda x: M.log(x, 2), 0.1, 9), "log10": (M.log10, 0.1, 9),
    "log1p": (M.log1p, -0.9, 9), "sqrt": (M.sqrt, 0.1, 9), "cbrt": (M.cbrt, 0.1, 9),
    "square": (lambda x: x * x, -5, 5), "reciprocal": (lambda x: 1 / x, 0.1, 5),
    "sin": (M.sin, -5, 5), "cos": (M.cos, -5, 5), "tan": (M.tan, -1.4, 1.4),
    "arcsin": (M.asin, -0.95, 0.95), "arccos": (M.acos, -0.95, 0.95), "arctan": (M.atan, -5, 5),
    "arctan2": (M.atan2, 0.2, 5), "sinh": (M.sinh, -5, 5), "cosh": (M.cosh, -5, 5), "tanh": (M.tanh, -5, 5),
    "arcsinh": (M.asinh, -5, 5), "arccosh": (M.acosh, 1.1, 9), "arctanh": (M.atanh, -0.95, 0.95),
    "hypot": (lambda x, y: M.sqrt(x * x + y * y), 0.2, 5), "erf": (M.erf, -3, 3), "erfc": (M.erfc, -3, 5),
    "sigmoid": (lambda x: 1 / (1 + M.exp(-x)), -9, 9), "logsigmoid": (lambda x: -M.log1p(M.exp(-x)), -9, 9),
    "softplus": (lambda x: M.log1p(M.exp(x)), -9, 9), "relu": (lambda x: x, 0.1, 5),
    "leaky_relu": (lambda x: x / 100 * mpf(1), -5, -0.1), "elu": (M.expm1, -5, -0.1),
    "gelu": (lambda x: x * ncdf(x), -5, 5), "silu": (lambda x: x / (1 + M.exp(-x)), -9, 9),
    "maximum": (max, -5, 5), "minimum": (min, -5, 5), "clamp": (lambda x: x, 0.1, 0.9),
    "logaddexp": (lambda x, y: M.log(M.exp(x) + M.exp(y)), -5, 5),
    "sum": (lambda *xs: sum(xs), -5, 5), "prod": (lambda *xs: M.fprod(xs), -5, 5),
    "dot": (lambda a, b, c, d: a * c + b * d, -5, 5), "mean": (lambda *xs: sum(xs) / len(xs), -5, 5),
    "max": (max, -5, 5), "min": (min, -5, 5), "norm": (lambda *xs: M.sqrt(sum(x * x for x in xs)), 0.2, 5),
    "logsumexp": (lambda *xs: M.log(sum(map(M.exp, xs))), -5, 5),
    "softmax": (lambda *xs: M.exp(xs[0]) / sum(map(M.exp, xs)), -5, 5),
    "erfinv": (M.erfinv, -0.99, 0.99), "gamma": (M.gamma, -3.9, 6), "lgamma": (lambda x: M.log(abs(M.gamma(x))), -3.9, 9),
    "digamma": (lambda x: M.psi(0, x), -3.9, 9), "polygamma": (lambda x: M.psi(2, x), -3.9, 9),
    "sinc": (lambda x: M.sin(M.pi * x) / (M.pi * x), -4, 4), "where": (lambda x, y: x, -5, 5),
    "copysign": (lambda x, y: abs(x) * M.sign(y), -5, -0.1),
    "log_softmax": (lambda *xs: xs[0] - M.log(sum(map(M.exp, xs))), -5, 5),
    "var": (lambda *xs: sum((x - sum(xs) / len(xs)) ** 2 for x in xs) / (len(xs) - 1), -5, 5),
    "std": (lambda *xs: M.sqrt(sum((x - sum(xs) / len(xs)) ** 2 for x in xs) / len(xs)), -5, 5),
}  # fmt: skip


def called(name: str, xs: list[Any]) -> Any:
    """The primitive on a flat list of operands, however it takes them."""
    if name == "dot":
        return ag.dot(xs[:2], xs[2:])
    if name in ("softmax", "log_softmax"):
        return ag.primitives()[name](xs)[0]
    if name == "polygamma":
        return ag.polygamma(2, *xs)
    if name == "where":
        return ag.where(True, *xs)
    if name == "var":
        return ag.var(xs, ddof=1)
    if name == "clamp":
        return ag.clamp(*xs, 0.0, 1.0)
    record = ag.primitives()[name]
    return record(xs) if record.arity is None else record(*xs)


def width(name: str) -> int:
    """How many operands to try."""
    if name in ("leaky_relu", "elu", "clamp", "polygamma"):
        return 1
    if name == "where":
        return 2
    return 4 if name == "dot" else ag.primitives()[name].arity or 3


def test_the_table_is_complete() -> None:
    """Every public primitive stands in the table above."""
    assert set(TRUTH) == set(ag.primitives())


@pytest.mark.parametrize("name", TRUTH)
def test_value_and_partials(Value: Any, name: str) -> None:
    """At 40 points: float and Value agree to the bit, value within 2 ulp, partials within 4, in both modes."""
    truth, lo, hi = TRUTH[name]
    rng = random.Random(name)
    n = width(name)
    for _ in range(40):
        xs = [rng.uniform(lo, hi) for _ in range(n)]
        plain = called(name, xs)
        leaves = [Value(x) for x in xs]
        node = called(name, leaves)
        assert type(plain) is float
        assert node.data.hex() == plain.hex()
        with mpmath.workdps(50):
            exact = [mpf(x) for x in xs]
            assert abs(mpf(plain) - truth(*exact)) <= 2 * math.ulp(plain) or name == "leaky_relu"
            for i, local in enumerate(node.local_gradients()):
                partial = mpmath.diff(truth, tuple(exact), tuple(int(i == j) for j in range(n)))
                assert abs(mpf(local) - partial) <= 4 * math.ulp(float(partial)) + 1e-30
                unit = tuple(float(i == j) for j in range(n))
                assert ag.jvp(lambda *a: called(name, list(a)), tuple(xs), unit) == (plain, local)


@pytest.mark.parametrize("name", TRUTH)
def test_second_and_third_derivatives(engine: Any, Value: Any, name: str) -> None:
    """Second and third derivatives through a graph of derivatives and through dual numbers agree with mpmath."""
    truth, lo, hi = TRUTH[name]
    rng = random.Random(name)
    n = width(name)
    for _ in range(3):
        xs = [rng.uniform(lo, hi) for _ in range(n)]
        leaves = [Value(x) for x in xs]
        first = engine.gradients(called(name, leaves), leaves, create_graph=True)
        for i in range(n):
            second = engine.gradients(first[i], leaves, create_graph=True)
            for j in range(n):
                order = tuple(int(i == k) + int(j == k) for k in range(n))
                with mpmath.workdps(60):
                    expected = float(mpmath.diff(truth, tuple(map(mpf, xs)), order))
                assert second[j].data == pytest.approx(expected, rel=1e-9, abs=1e-9)
            third = engine.gradients(second[i], leaves[i])
            with mpmath.workdps(60):
                expected = float(mpmath.diff(truth, tuple(map(mpf, xs)), tuple(3 * int(i == k) for k in range(n))))
            assert third == pytest.approx(expected, rel=1e-7, abs=1e-7)
            one = lambda x, i=i, xs=xs: called(name, [*xs[:i], x, *xs[i + 1 :]])  # noqa: E731
            assert ag.derivative(one, 3)(xs[i]) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "negative"])
def test_hot_paths_equal_the_record(Value: Any, name: str) -> None:
    """What Value writes out for speed is what the record says, bit for bit, with a Value and with a number."""
    record = ag.primitives()[name]
    operator: dict[str, Callable[..., Any]] = {
        "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
        "divide": lambda x, y: x / y, "power": lambda x, y: x**y, "negative": lambda x, y: -x,
    }  # fmt: skip
    rng = random.Random(5)
    for _ in range(300):
        x, y = rng.uniform(0.1, 9) * 10.0 ** rng.randint(-30, 30), rng.uniform(-3, 3)
        for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y)), (Value(x), int(y) or 1)):
            if record.arity == 1:
                a, b = Value(x), 0.0
            node = operator[name](a, b)
            operands = (a, b)[: record.arity]
            plain = tuple(v.data if isinstance(v, Value) else float(v) for v in operands)
            assert node.op is record
            assert node.data.hex() == record.function(*plain).hex()
            wanted = [i for i, v in enumerate(operands) if isinstance(v, Value)]
            assert node.local_gradients() == record.local_gradients(node.data, plain, wanted)


UFUNCS = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square", "reciprocal", "sin", "cos",
          "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh", "negative", "positive",
          "absolute"]  # fmt: skip


@pytest.mark.parametrize("name", UFUNCS)
def test_numpy_ufuncs(Value: Any, name: str) -> None:
    """NumPy's ufunc on an object array of Values is our primitive on each element."""
    got = getattr(np, name)(np.array([Value(0.3), Value(0.7)], dtype=object))
    for v, x in zip(got, (0.3, 0.7), strict=True):
        assert isinstance(v, Value)
        assert v.data == pytest.approx(float(getattr(np, name)(x)), rel=1e-15)
        (slope,) = v.local_gradients()[:1] if name != "square" else (sum(v.local_gradients()),)
        (expected,) = ag.primitives()[name](Value(x)).local_gradients()
        assert slope == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", ["arctan2", "hypot"])
def test_numpy_ufuncs_of_two(Value: Any, name: str) -> None:
    """The ufuncs of two operands find our methods as well."""
    got = getattr(np, name)(np.array([Value(0.3)], dtype=object), np.array([Value(0.7)], dtype=object))
    assert isinstance(got[0], Value)
    assert got[0].data.hex() == getattr(ag, name)(0.3, 0.7).hex()
    assert got[0].data == pytest.approx(float(getattr(np, name)(0.3, 0.7)), rel=1e-15)


def test_numpy_arithmetic(Value: Any) -> None:
    """Object arrays broadcast over Values, np.dot and np.sum work, and NumPy scalars stand on either side."""
    a = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], dtype=object)
    v = Value(10.0)
    for got in (a + v, v + a):
        assert [x.data for x in got.ravel()] == [11.0, 12.0, 13.0, 14.0]
    assert [x.data for x in (v * np.array([1.0, 2.0]))] == [10.0, 20.0]
    assert [x.data for x in np.dot(a, np.array([1.0, 10.0]))] == [21.0, 43.0]
    assert np.sum(a).data == 10.0
    assert [x.data for x in a.sum(axis=0)] == [4.0, 6.0]
    for got in (np.float64(2.0) * v, v * np.float64(2.0), np.int64(2) * v):
        assert isinstance(got, Value)
        assert got.data == 20.0
    assert (a > 2).tolist() == [[False, False], [True, True]]
    assert np.maximum(a, 2.5).ravel()[3].data == 4.0


def test_cs231n_two_layer_net(Value: Any) -> None:
    """The lecture's net runs on object arrays of Values, with the gradients that the lecture writes by hand."""
    rng = np.random.default_rng(0)
    N, D_in, H, D_out = 4, 6, 5, 3
    x, y = rng.standard_normal((N, D_in)), rng.standard_normal((N, D_out))
    w1, w2 = rng.standard_normal((D_in, H)), rng.standard_normal((H, D_out))
    V1, V2 = (np.vectorize(Value, otypes=[object])(w) for w in (w1, w2))
    h = 1 / (1 + np.exp(-x.dot(V1)))
    y_pred = h.dot(V2)
    loss = np.square(y_pred - y).sum()
    loss.backward()

    hidden = 1 / (1 + np.exp(-x.dot(w1)))
    grad_y_pred = 2.0 * (hidden.dot(w2) - y)
    grad_w2 = hidden.T.dot(grad_y_pred)
    grad_w1 = x.T.dot(grad_y_pred.dot(w2.T) * hidden * (1 - hidden))
    for V, expected in ((V1, grad_w1), (V2, grad_w2)):
        got = np.array([v.grad for v in V.ravel()]).reshape(V.shape)
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)
