"""The textbook's layers: every row of its examples that speaks of layers and nets."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from autograd.testing import check_gradients


def close(found: Any, expected: Any) -> None:
    """Equal to 1e-12 relative, at any depth."""
    if isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            close(a, b)
    else:
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_the_apple_shop_by_gates_and_by_values() -> None:
    """Two apples at 100 with a tax of 1.1 cost 220; the gradients are 2.2, 110 and 200, by layers and by Values alike."""
    apple, tax = nn.MulLayer(), nn.MulLayer()
    price = tax.forward(apple.forward(100, 2), 1.1)
    d_total, d_tax = tax.backward(1)
    d_apple, d_count = apple.backward(d_total)
    close([price, d_apple, d_count, d_tax], [220, 2.2, 110, 200])
    a, n, t = Value(100), Value(2), Value(1.1)
    total = a * n * t
    total.backward()
    assert [total.data, a.grad, n.grad, t.grad] == [price, d_apple, d_count, d_tax]


def test_the_orange_shop() -> None:
    """Apples and oranges: 715, and the gradients of the slide."""
    apple, orange, both, tax = nn.MulLayer(), nn.MulLayer(), nn.AddLayer(), nn.MulLayer()
    price = tax.forward(both.forward(apple.forward(100, 2), orange.forward(150, 3)), 1.1)
    d_all, d_tax = tax.backward(1)
    d_apples, d_oranges = both.backward(d_all)
    d_apple, d_apple_count = apple.backward(d_apples)
    d_orange, d_orange_count = orange.backward(d_oranges)
    close([price, d_apple_count, d_apple, d_orange, d_orange_count, d_tax], [715, 110, 2.2, 3.3, 165, 650])


def test_small_gates() -> None:
    """The multiply node, the add node, relu and sigmoid, as the slides have them."""
    mul = nn.Gate(lambda x, y: x * y)
    assert mul.forward(300, 4) == 1200
    assert mul.backward() == (4.0, 300.0)
    relu = nn.ReluLayer()
    assert relu.forward([[1.0, -0.5], [-2.0, 3.0]]) == [[1, 0], [0, 3]]
    assert relu.backward([[5.0, 6.0], [7.0, 8.0]]) == [[5, 0], [0, 8]]
    sigmoid = nn.SigmoidLayer()
    f = sigmoid.forward(1.0)
    close([f, sigmoid.backward(1.0)], [1 / (1 + math.exp(-1)), (1 - f) * f])


def test_affine_for_one_and_for_a_batch() -> None:
    """Y = X W + B: dX is the upstream gradient times W's transpose, dW X's transpose times it, and dB its column sums."""
    W, b = [[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3]
    affine = nn.Affine(W, b)
    close(affine.forward([[1, 2], [3, 4]]), [[9.1, 12.2, 15.3], [19.1, 26.2, 33.3]])
    close(affine.backward([[1, 2, 3], [4, 5, 6]]), [[14, 32], [32, 77]])
    close(affine.dW, [[13, 17, 21], [18, 24, 30]])
    close(affine.db, [5, 7, 9])
    close(affine.forward([1, 2]), [9.1, 12.2, 15.3])
    close(affine.backward([1, 2, 3]), [14, 32])
    close(affine.dW, [[1, 2, 3], [2, 4, 6]])


@pytest.mark.parametrize(
    ("shares", "label", "loss"), [((0.3, 0.2, 0.5), 1, 1.6094379124341003), ((0.01, 0.99, 1e-9), 1, 0.01005033585350145)]
)
def test_softmax_with_cross_entropy_gives_y_minus_t(shares: tuple[float, ...], label: int, loss: float) -> None:
    """The gradient of the scores is the softmax minus one-hot; a batch's is over its size; one-hot labels do as well."""
    layer = nn.SoftmaxWithLoss()
    scores = [math.log(p) for p in shares]
    whole = sum(shares)
    assert layer.forward(scores, label) == pytest.approx(loss + math.log(whole), rel=1e-9)
    expected = [p / whole - (i == label) for i, p in enumerate(shares)]
    close(layer.backward(), expected)
    one_hot = [float(i == label) for i in range(3)]
    assert layer.forward([scores, scores], [one_hot, one_hot]) == pytest.approx(loss + math.log(whole), rel=1e-9)
    close(layer.backward(), [[e / 2 for e in expected]] * 2)


def test_gates_take_arrays_and_refuse_what_does_not_fit() -> None:
    """NumPy arrays go in as lists; backward before forward and an upstream gradient of another shape are errors."""
    double = nn.Gate(lambda xs: [2 * x for x in xs])
    with pytest.raises(RuntimeError, match=r"needs a forward\(\)"):
        double.backward()
    assert double.forward(np.array([1.0, 2.0])) == [2.0, 4.0]
    assert double.backward(np.array([1.0, 10.0])) == [2.0, 20.0]
    with pytest.raises(ValueError, match=r"dout has the shape \(3,\) and the output \(2,\)"):
        double.backward([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="takes a function"):
        nn.Gate(3)  # type: ignore[arg-type]


def digits(count: int) -> tuple[list[list[float]], list[int]]:
    """Something like digits, where scikit-learn's are not there: ten patterns with noise."""
    rng = random.Random(5)
    patterns = [[rng.random() for _ in range(16)] for _ in range(10)]
    y = [i % 10 for i in range(count)]
    return [[v + rng.gauss(0.0, 0.1) for v in patterns[label]] for label in y], y


def test_the_two_layer_net_agrees_with_the_numerical_gradient() -> None:
    """Backpropagation equals central differences on a batch, to 1e-7 of the largest, and is of the shapes of the parameters."""
    X, y = digits(4)
    net = nn.TwoLayerNet(16, 6, 10, weight_init_std=0.3, seed=0)
    found, expected = net.gradient(X, y), net.numerical_gradient(X, y)
    for name in net.params:
        a, b = np.array(found[name]), np.array(expected[name])
        assert a.shape == np.array(net.params[name]).shape
        assert np.abs(a - b).max() <= 1e-7 * np.abs(b).max()


def test_the_two_layer_net_learns() -> None:
    """Plain gradient descent in the textbook's loop: the loss falls and the accuracy rises."""
    X, y = digits(20)
    net = nn.TwoLayerNet(16, 10, 10, weight_init_std=0.3, seed=0)
    before = net.loss(X, y).data, net.accuracy(X, y)
    for _ in range(40):
        gradients = net.gradient(X, y)
        for name, tensor in net.params.items():
            rows, slopes = (tensor, gradients[name]) if isinstance(tensor[0], list) else ([tensor], [gradients[name]])
            for row, slope in zip(rows, slopes, strict=True):
                for p, g in zip(row, slope, strict=True):
                    p.data -= 0.5 * g
    assert net.loss(X, y).data < 0.3 * before[0]
    assert net.accuracy(X, y) > max(0.9, before[1])


def test_cs231ns_net_on_object_arrays() -> None:
    """The lecture's two-layer net, on arrays of Values, gives NumPy's hand-written gradients to 1e-12 relative."""
    rng = np.random.default_rng(0)
    n, d_in, h, d_out = 4, 10, 6, 3
    x, y = rng.standard_normal((n, d_in)), rng.standard_normal((n, d_out))
    w1, w2 = rng.standard_normal((d_in, h)), rng.standard_normal((h, d_out))
    hidden = 1 / (1 + np.exp(-x.dot(w1)))
    predicted = hidden.dot(w2)
    slope = 2.0 * (predicted - y)
    dw2 = hidden.T.dot(slope)
    dw1 = x.T.dot(slope.dot(w2.T) * hidden * (1 - hidden))
    value = np.vectorize(Value, otypes=[object])
    v1, v2 = value(w1), value(w2)
    loss = np.square((1 / (1 + np.exp(-x.dot(v1)))).dot(v2) - y).sum()
    loss.backward()
    gradient = np.vectorize(lambda v: v.grad)
    assert np.abs(gradient(v1) - dw1).max() <= 1e-12 * np.abs(dw1).max()
    assert np.abs(gradient(v2) - dw2).max() <= 1e-12 * np.abs(dw2).max()
    assert loss.data == pytest.approx(np.square(predicted - y).sum(), rel=1e-13)


def test_a_nets_gradients_against_differences() -> None:
    """The gradient of a small net's loss passes check_gradients, and agrees with the textbook's central differences."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=2)
    X, y = [[0.3, -0.7], [1.0, 0.5]], [1.0, -1.0]

    def loss() -> Any:
        return nn.mean_squared_error([model(x) for x in X], y)

    def loss_of(weights: Any) -> Any:  # a net of the same shape with these for its weights
        other, rest = nn.MLP(2, [3, 1], activation="tanh", seed=2), iter(weights)
        for layer in other.layers:
            for neuron in layer.neurons:
                neuron.w, neuron.b = [next(rest) for _ in neuron.w], next(rest)
        return nn.mean_squared_error([other(x) for x in X], y)

    check_gradients(lambda *weights: loss_of(weights), *[p.data for p in model.parameters()])
    found = ag.gradients(loss(), model.parameters())
    expected = nn.numerical_gradient(lambda: loss().data, model.parameters(), h=1e-5)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_the_textbooks_numerical_gradient() -> None:
    """Central differences with a step of 1e-4 if it is left out; the parameters are as before, also after an error."""
    p, q = Value(2.0), Value(-1.0)

    def f() -> float:
        return p.data**4 + q.data

    assert nn.numerical_gradient(f, [p, q]) == [((2 + 1e-4) ** 4 - (2 - 1e-4) ** 4) / 2e-4, pytest.approx(1.0)]
    assert nn.numerical_gradient(f, [p], h=0.5) == [(2.5**4 - 1.5**4) / 1.0]
    assert (p.data, q.data) == (2.0, -1.0)
    with pytest.raises(ZeroDivisionError):
        nn.numerical_gradient(lambda: 1 / (p.data - 3.0), [p], h=1.0)
    assert p.data == 2.0


def test_the_two_layer_net_begins_as_in_the_textbook() -> None:
    """Weights are normal with a deviation of 0.01 if it is left out, offsets 0, in the order of W1, b1, W2, b2."""
    net, rng = nn.TwoLayerNet(3, 2, 2, seed=5), random.Random(5)
    expected = [[rng.gauss(0.0, 0.01) for _ in range(2)] for _ in range(3)]
    assert [[v.data for v in row] for row in net.params["W1"]] == expected
    assert [[v.data for v in row] for row in net.params["W2"]] == [[rng.gauss(0.0, 0.01) for _ in range(2)] for _ in range(2)]
    assert [v.data for v in net.params["b1"] + net.params["b2"]] == [0.0] * 4
    assert list(net.params) == ["W1", "b1", "W2", "b2"]
    assert len(net.parameters()) == 6 + 2 + 4 + 2
    for name, numbers in {"W1": [[1, 0], [0, 1], [1, 1]], "b1": [0.5, -3], "W2": [[1, 2], [3, 4]], "b2": [0, 1]}.items():
        for row, given in zip(net.params[name], numbers, strict=True):
            for v, x in zip(
                row if isinstance(row, list) else [row], given if isinstance(given, list) else [given], strict=True
            ):
                v.data = float(x)
    x = np.array([[1.0, 1.0, 1.0], [-5.0, 4.0, 0.0]])  # hidden by hand: relu([2.5, -1]) and relu([-4.5, 1])
    assert net.predict(x) == [[2.5, 6.0], [3.0, 5.0]]
    assert not any(v.has_grad for v in net.parameters())
    assert net.accuracy(x, np.array([1, 1])) == 1.0
    assert net.accuracy(x, [1, 0]) == 0.5
    loss = [math.log(1 + math.exp(-3.5)), math.log(1 + math.exp(-2.0))]
    assert net.loss(x, [1, 1]).data == pytest.approx(sum(loss) / 2, rel=1e-13)


def test_gates_of_many_shapes() -> None:
    """Several outputs, constants, tuples, Values and no operands at all: a gradient of the shape of each input."""
    gate = nn.Gate(lambda x, y: [x[0] * y, x[1] + y, y * 0.0 + 7.0])
    assert gate.forward((2.0, 3.0), 5.0) == [10.0, 8.0, 7.0]
    assert gate.backward((1.0, 10.0, 100.0)) == ([5.0, 10.0], 12.0)
    constant = nn.Gate(lambda x: [3.0, 4.0])
    assert constant.forward([1.0, 2.0]) == [3.0, 4.0]
    assert constant.backward([1.0, 1.0]) == [0.0, 0.0]
    inner = Value(3.0)
    square = nn.Gate(lambda x: x * x)
    assert square.forward(inner) == 9.0
    assert square.inputs == (inner,)
    assert (square.backward(), square.backward(2.0), inner.has_grad) == (6.0, 12.0, False)
    assert square.forward(4) == 16.0
    assert square.backward() == 8.0
    for gate, dout, words in (
        (square, [1.0], r"dout has the shape \(1,\) and the output \(\); they must be the same"),
        (constant, 1.0, r"dout has the shape \(\) and the output \(2,\)"),
        (nn.ReluLayer(), [[1.0, 2.0]], r"dout has the shape \(1, 2\) and the output \(2, 1\)"),
    ):
        if isinstance(gate, nn.ReluLayer):
            gate.forward([[1.0], [2.0]])
        with pytest.raises(ValueError, match=words):
            gate.backward(dout)
    empty = nn.Gate(lambda xs: [])
    assert empty.forward([]) == []
    assert nn.Affine([[1.0]], [2.0]).W == [[1.0]]
    array = nn.Affine(np.array([[1.0, 2.0]]), np.array([0.5, 0.25]))
    assert array.forward(np.array([[2.0]])) == [[2.5, 4.25]]
    assert (array.dW, array.db) == (None, None)
    loss = nn.SoftmaxWithLoss()
    assert loss.t is None
    found = loss.forward(np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([0, 1]))
    assert found == pytest.approx(math.log(2.0))
    assert loss.t == [0, 1]
    with pytest.raises(ValueError):
        loss.forward([[0.0, 0.0]], [0, 1])
    with pytest.raises(ValueError):
        nn.Affine([[1.0], [2.0]], [1.0, 2.0]).forward([1.0, 2.0])
