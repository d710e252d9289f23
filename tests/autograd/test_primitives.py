"""Every public primitive: on floats, Values and dual numbers, its partials and their partials, and under NumPy."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
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
    "sigmoid": (lambda x: 1 / (1 + M.exp(-x)), -9, 9), "logit": (lambda x: M.log(x / (1 - x)), 0.01, 0.99),
    "logsigmoid": (lambda x: -M.log1p(M.exp(-x)), -9, 9),
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
    """Every public primitive is in the table above."""
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
    """Object arrays broadcast over Values, np.dot and np.sum work, and NumPy scalars work on either side."""
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


# ---- graphs of derivatives where plain formulas would fail -------------------------------------------

LOGITS = [
    [1e16, 1e16], [1e16, 1e16 + 2], [-1e16, -1e16 + 4, -1e16], [1e6, 1e6 + 1.25, 1e6 - 3.5, 1e6 + 0.125], [1e6 + 0.1, 1e6 + 40],
    [0.0, -40.0, -41.0], [30.0, 0.3, -0.4], [-700.25, 0.0], [3.0], [0.7, 0.7, 0.7, -1e300],
]  # fmt: skip


def exact_shares(xs: list[float]) -> list[Any]:
    top = max(xs)
    parts = [M.exp(mpf(x) - top) for x in xs]
    return [p / M.fsum(parts) for p in parts]


def close(got: float, truth: Any, ulps: float) -> bool:
    """Within some units in the last place of the truth; where that underflows, of the smallest double."""
    return bool(abs(mpf(got) - truth) <= ulps * mpf(math.ulp(float(truth))))


@pytest.mark.parametrize("xs", LOGITS, ids=str)
def test_logsumexp_in_a_graph_of_derivatives(engine: Any, Value: Any, xs: list[float]) -> None:
    """However large the operands, gradients, Hessian and its products have their digits, which a rounded result lost."""
    leaves = [Value(x) for x in xs]
    first = engine.gradients(ag.logsumexp(leaves), leaves, create_graph=True)
    along = [(-0.75) ** i for i in range(len(xs))]
    product = ag.hvp(lambda v: ag.logsumexp(v), (xs,), (along,))
    with mpmath.workdps(60):
        p = exact_shares(xs)
        # A difference is rounded once, and its exponential is off by as much: by up to 700/2 ulp for a share of exp(-700).
        room = [8 - min(0.0, float(M.log(share))) for share in p]
        for i, g in enumerate(first):
            assert close(g.data, p[i], room[i])
            rest = M.fsum([share for j, share in enumerate(p) if j != i])
            for j, second in enumerate(engine.gradients(g, leaves)):
                assert close(second, p[i] * (rest if i == j else -p[j]), 4 * (room[i] + room[j]))
            terms = [p[i] * p[j] * (mpf(along[i]) - mpf(along[j])) for j in range(len(p))]
            assert abs(product[i] - M.fsum(terms)) <= 1e-14 * M.fsum(map(abs, terms)) + mpf(1e-320)


def test_the_hessian_of_logsumexp_is_that_of_the_issue(engine: Any, Value: Any) -> None:
    """At (1e16, 1e16), where the result is rounded to an operand, the shares are one half and the Hessian +-1/4."""
    leaves = [Value(1e16), Value(1e16)]
    x = leaves[0]
    first = engine.gradients(ag.logsumexp(leaves), leaves, create_graph=True)
    assert [g.data for g in first] == [0.5, 0.5]
    assert [engine.gradients(g, leaves) for g in first] == [[0.25, -0.25], [-0.25, 0.25]]
    assert ag.hvp(lambda v: ag.logsumexp(v), ([1e16, 1e16],), ([1.0, 0.0],)) == [0.25, -0.25]
    assert ag.hessian(lambda x, y: ag.logaddexp(x, y))(1e16, 1e16) == 0.25
    assert ag.hessian(lambda x: ag.logsumexp([x, 1e16, 3.0]))(1e16) == 0.25  # among plain numbers
    mixed = engine.gradients(ag.logsumexp([x, 1e16, 3.0]), x, create_graph=True)
    assert (mixed.data, engine.gradients(mixed, x)) == (0.5, 0.25)


@pytest.mark.parametrize("xs", [row for row in LOGITS if len(row) > 1], ids=str)
def test_hessians_of_cross_entropy_and_softmax(xs: list[float]) -> None:
    """Cross-entropy's Hessian is that of logsumexp, and softmax's Jacobian is it too; both agree with 60 digits."""
    cross_entropy = ag.hessian(lambda v: ag.logsumexp(v) - v[1])(xs)
    jacobian = ag.jacobian(lambda v: ag.softmax(v))(xs)
    third = ag.hessian(lambda v: ag.softmax(v)[1])(xs)
    with mpmath.workdps(60):
        p = exact_shares(xs)
        room = [8 - min(0.0, float(M.log(share))) for share in p]
        for i, j in [(i, j) for i in range(len(p)) for j in range(len(p))]:
            rest = M.fsum([share for k, share in enumerate(p) if k != i])
            exact = p[i] * (rest if i == j else -p[j])
            assert close(cross_entropy[i][j], exact, 4 * (room[i] + room[j]))
            assert close(jacobian[i][j], exact, 6)
            di, dj = (int(i == 1) - p[i], int(j == 1) - p[j])
            exact = p[1] * (di * dj - p[i] * (int(i == j) - p[j]))
            assert abs(third[i][j] - exact) <= 1e-15 * p[1] * (abs(di * dj) + p[i]) + mpf(1e-320)


FACTORS = [[1e200, 1e200, 1e-300, 1e-300], [1e-200, 1e-200, 1e-10, 1e250, 1e250], [0.0, 1e200, 1e200, 1e-300],
           [0.0, 0.0, 5.0, 2.0], [2.0, 3.0], [7.0], [1e200, 1e200, 1e-300]]  # fmt: skip


@pytest.mark.parametrize("xs", FACTORS, ids=str)
def test_prod_in_a_graph_of_derivatives(engine: Any, Value: Any, xs: list[float]) -> None:
    """First and second derivatives of a product don't overflow or underflow on the way; the exact ones are fractions."""

    def others(*left_out: int) -> float:
        exact = math.prod([Fraction(x) for i, x in enumerate(xs) if i not in left_out], start=Fraction(1))
        return float(exact) if abs(exact) < Fraction(1.7e308) else math.inf

    leaves = [Value(x) for x in xs]
    first = engine.gradients(ag.prod(leaves), leaves, create_graph=True)
    hessian = ag.hessian(lambda v: ag.prod(v))(xs)
    for i, g in enumerate(first):
        assert g.data == pytest.approx(others(i), rel=4e-16, abs=0)
        for j, second in enumerate(engine.gradients(g, leaves)):
            expected = others(i, j) if i != j else 0.0
            assert second == pytest.approx(expected, rel=4e-16, abs=0)
            assert hessian[i][j] == pytest.approx(expected, rel=4e-16, abs=0)
    if len(xs) > 2:
        a, b, c = (engine.gradients(first[0], leaves[1], create_graph=True), leaves[2], leaves[:2])
        assert engine.gradients(a, b) == pytest.approx(others(0, 1, 2), rel=4e-16, abs=0)
        assert engine.gradients(a, c) == [0.0, 0.0]


def exact_length_hessian(xs: list[float]) -> list[list[Any]]:
    m = [mpf(x) for x in xs]
    h = M.sqrt(M.fdot(m, m))
    return [[(M.fsum([c * c for k, c in enumerate(m) if k != i]) if i == j else -m[i] * m[j]) / h**3 for j in range(len(m))]
            for i in range(len(m))]  # fmt: skip


LENGTHS = [[5e-324, 5e-324], [3e-309, 4e-309], [3e-309, -4e-309], [1e-310, 2e-320], [5e-324, 0.0], [1.2e-308, 7e-309],
           [3e-300, 4e-300], [1e308, 1.5e308], [3.0, 4.0], [1e-308, 5e-324], [1e-290, 1e-291]]  # fmt: skip


@pytest.mark.parametrize("xs", LENGTHS, ids=str)
@pytest.mark.parametrize("name", ["hypot", "norm"])
def test_lengths_of_subnormals_and_of_the_largest(engine: Any, Value: Any, name: str, xs: list[float]) -> None:
    """Gradient (4 ulp, in a graph as well) and Hessian of a length have their digits where the length has few, or overflows."""
    length = (lambda v: ag.hypot(*v)) if name == "hypot" else ag.norm
    leaves = [Value(x) for x in xs]
    node = length(leaves)
    first = engine.gradients(node, leaves, create_graph=True)
    with mpmath.workdps(60):
        m = [mpf(x) for x in xs]
        h = M.sqrt(M.fdot(m, m))
        for local, g, x in zip(node.local_gradients(), first, m, strict=True):
            assert close(local, x / h, 4)
            assert close(g.data, x / h, 4)
        if max(xs) < 1e300:
            for g, row in zip(first, exact_length_hessian(xs), strict=True):
                for got, exact in zip(engine.gradients(g, leaves), row, strict=True):
                    if abs(exact) > 1.797e308:
                        assert got == math.copysign(math.inf, exact)
                    elif name == "hypot":
                        assert close(got, exact, 16)
                    else:  # 1/h - (x/h)**2/h may cancel
                        assert abs(got - exact) <= 1e-15 / h


def test_a_length_of_three_subnormals(engine: Any, Value: Any) -> None:
    """Of three equal subnormals each share of the length is 1/sqrt(3), and a length that overflows has shares as well."""
    for size in (5e-324, 1e-310, 1.5e308):
        leaves = [Value(size) for _ in range(3)]
        for g in (engine.gradients(ag.norm(leaves), leaves), ag.norm(leaves).local_gradients()):
            assert list(g) == pytest.approx([3**-0.5] * 3, rel=4e-16)
    assert ag.norm([Value(math.inf), Value(1.0)]).local_gradients()[1] == 0.0
