"""Worked examples from 'Deep Learning from Scratch', CS231n and micrograd's README.

The value is that of the same expression on plain floats, to the bit; gradients are those on paper, to 1e-12.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd


def micrograd_readme(a: Any, b: Any) -> Any:
    relu = autograd.relu
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    return f / 2.0 + 10.0 / f


def benchmark_graph(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b + b**3
    return (c - d) ** 2 / 2


def why_an_order(a: Any) -> Any:
    b = a + a
    return b + b


def squared_norm(*w_and_x: Any) -> Any:
    w11, w12, w21, w22, x1, x2 = w_and_x
    return (w11 * x1 + w12 * x2) ** 2 + (w21 * x1 + w22 * x2) ** 2


def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    return 1 / (1 + autograd.exp(-(w0 * x0 + w1 * x1 + w2)))


def gate_neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    return autograd.sigmoid(w0 * x0 + w1 * x1 + w2)


def staged(x: Any, y: Any) -> Any:
    return (x + autograd.sigmoid(y)) / (autograd.sigmoid(x) + (x + y) ** 2)


F = 1 / (1 + math.exp(-1.0))
S = F * (1 - F)
NEURON = [-S, 2 * S, -2 * S, -3 * S, S]

# name, function, inputs, value, gradients
ROWS: list[tuple[str, Any, list[float], float, list[float]]] = [
    ("apples", lambda a, n, t: a * n * t, [100, 2, 1.1], 220, [2.2, 110, 200]),
    ("apples and oranges", lambda a, n, o, m, t: (a * n + o * m) * t, [100, 2, 150, 3, 1.1], 715, [2.2, 110, 3.3, 165, 650]),
    ("drinks for ten", lambda w, k, j, m, p: (w * k + j * m) * p, [1500, 2, 1800, 1, 10], 48000, [20, 15000, 10, 18000, 4800]),
    ("add then multiply", lambda x, y, z: (x + y) * z, [100, 200, 4], 1200, [4, 4, 300]),
    ("multiply node", lambda x, y: x * y, [300, 4], 1200, [4, 300]),
    ("nested", lambda a, b, c, d: ((a * b) + c) * d, [2, 3, 4, 5], 50, [15, 10, 5, 10]),
    ("square of a sum", lambda x, y: (x + y) ** 2, [3, 4], 49, [14, 14]),
    ("lecture", lambda x, y, z: (x + y) * z, [-2, 5, -4], -12, [-4, -4, 3]),
    ("sigmoid neuron", neuron, [2, -1, -3, -2, -3], 0.7310585786300049, NEURON),
    ("sigmoid gate", gate_neuron, [2, -1, -3, -2, -3], 0.7310585786300049, NEURON),
    ("max gate", lambda x, y, z, w: 2 * (x * y + autograd.maximum(z, w)), [3, -4, 2, -1], -20, [-8, 6, 2, 0]),
    ("squared norm of W x", squared_norm, [0.1, 0.5, -0.3, 0.8, 0.2, 0.4], 0.116, [0.088, 0.176, 0.104, 0.208, -0.112, 0.636]),
    ("lecture's chain", lambda a, b, c, f: (a * b + c) * f, [2, -3, 10, -2], -8, [6, -4, -2, 4]),
    ("tanh neuron", lambda x1, x2, w1, w2, b: autograd.tanh(x1 * w1 + x2 * w2 + b), [2, 0, -3, 1, 6.8813735870195432],
     math.sqrt(0.5), [-1.5, 0.5, 1, 0, 0.5]),
    ("micrograd's README", micrograd_readme, [-4, 2], 24.70408163265306, [138.83381924198252, 645.5772594752186]),
    ("benchmark graph", benchmark_graph, [-41, 2], 612.5, [-35, 1050]),
    ("why an order is needed", why_an_order, [1], 4, [4]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "f", "inputs", "value", "gradients"), ROWS, ids=[row[0] for row in ROWS])
def test_scalar_row(Value: Any, name: str, f: Any, inputs: list[float], value: float, gradients: list[float]) -> None:
    """The value is the plain-float one to the bit and the paper's to 1e-12; so are the gradients, both ways."""
    leaves = [Value(x) for x in inputs]
    root = f(*leaves)
    assert root.data.hex() == float(f(*map(float, inputs))).hex()
    assert root.data == pytest.approx(value, rel=1e-12)
    root.backward()
    assert [x.grad for x in leaves] == pytest.approx(gradients, rel=1e-12, abs=1e-15)
    for i, expected in enumerate(gradients):
        unit = tuple(float(i == j) for j in range(len(inputs)))
        assert autograd.jvp(f, tuple(inputs), unit)[1] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_interior_gradients_of_the_lecture(Value: Any) -> None:
    """In (x + y) * z the sum q has gradient -4 and the result 1; the local gradients are the swapped inputs."""
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, q.grad, f.grad) == (3.0, -4.0, 1.0)
    assert f.local_gradients() == (-4.0, 3.0)
    assert q.local_gradients() == (1.0, 1.0)


def test_the_neuron_on_the_slide(Value: Any) -> None:
    """Rounded to two digits the sigmoid neuron's gradients are those on the slide."""
    leaves = [Value(x) for x in (2, -1, -3, -2, -3)]
    neuron(*leaves).backward()
    assert [f"{x.grad:.2f}" for x in leaves] == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


def test_staged_expression(Value: Any) -> None:
    """The staged computation of CS231n: value and gradients as in the notes, and the gradient at the denominator."""
    x, y = Value(3), Value(-4)
    numerator, denominator = x + y.sigmoid(), x.sigmoid() + (x + y) ** 2
    f = numerator / denominator
    f.backward()
    assert f.data == pytest.approx(1.545645, abs=1e-6)
    assert (x.grad, y.grad) == pytest.approx((2.059570, 1.592233), abs=1e-6)
    assert (denominator.data, denominator.grad) == pytest.approx((1.952574, -0.791593), abs=1e-6)


def test_affine_layer_over_a_batch(engine: Any, Value: Any) -> None:
    """Y = X W + B: dX is upstream W^T, dW is X^T upstream, dB the sum of the columns."""
    X = [[Value(v) for v in row] for row in ([1, 2], [3, 4])]
    W = [[Value(v) for v in row] for row in ([1, 2, 3], [4, 5, 6])]
    B = [Value(v) for v in (0.1, 0.2, 0.3)]
    Y = [[autograd.dot(row, [w[j] for w in W]) + B[j] for j in range(3)] for row in X]
    assert [[y.data for y in row] for row in Y] == [pytest.approx([9.1, 12.2, 15.3]), pytest.approx([19.1, 26.2, 33.3])]
    engine.backward([y for row in Y for y in row], [1, 2, 3, 4, 5, 6])
    assert [[x.grad for x in row] for row in X] == [[14, 32], [32, 77]]
    assert [[w.grad for w in row] for row in W] == [[13, 17, 21], [18, 24, 30]]
    assert [b.grad for b in B] == [5, 7, 9]


def test_relu_layer(engine: Any, Value: Any) -> None:
    """ReLU passes where x is above 0, and stops elsewhere."""
    X = [Value(v) for v in (1.0, -0.5, -2.0, 3.0)]
    Y = [x.relu() for x in X]
    assert [y.data for y in Y] == [1, 0, 0, 3]
    engine.backward(Y)
    assert [x.grad for x in X] == [1, 0, 0, 1]


def test_softmax_with_cross_entropy(Value: Any) -> None:
    """The gradient of softmax with cross-entropy is y - t."""
    logits = [Value(math.log(p)) for p in (0.3, 0.2, 0.5)]
    loss = autograd.logsumexp(logits) - logits[1]
    loss.backward()
    assert loss.data == pytest.approx(-math.log(0.2), rel=1e-12)
    assert [x.grad for x in logits] == pytest.approx([0.3, -0.8, 0.5], rel=1e-12)
    logits = [Value(math.log(p)) for p in (0.01, 0.99, 1e-30)]
    loss = -autograd.softmax(logits)[1].log()
    loss.backward()
    assert loss.data == pytest.approx(-math.log(0.99), rel=1e-12)
    assert [x.grad for x in logits] == pytest.approx([0.01, -0.01, 1e-30], rel=1e-10, abs=1e-16)


def test_gradient_descent(Value: Any) -> None:
    """A hundred steps down x0^2 + x1^2 from (-3, 4) end at (-6.111e-10, 8.148e-10)."""
    assert autograd.grad(lambda v: v[0] ** 2 + v[1] ** 2)([3.0, 4.0]) == [6.0, 8.0]
    x = [Value(-3.0), Value(4.0)]
    for _ in range(100):
        (x[0] ** 2 + x[1] ** 2).backward()
        for p in x:
            p.data -= 0.1 * p.grad
            p.grad = 0
    assert [p.data for p in x] == pytest.approx([-6.111e-10, 8.148e-10], rel=1e-4)
