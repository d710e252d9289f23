"""What people write for other libraries, in their style: it runs through compile and vmap with the bits it has without."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import bits, described

import autograd as ag

# A function that computes a derivative inside, or has more ways than are recorded, is computed eagerly, and says so.
pytestmark = pytest.mark.filterwarnings("ignore::autograd.EagerWarning")

# ---- micrograd's demo --------------------------------------------------------------------------------


class Neuron:
    """As in micrograd: products and additions one by one."""

    def __init__(self, rng: random.Random, Value: Any, inputs: int, bends: bool) -> None:
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0)
        self.bends = bends

    def __call__(self, x: Any) -> Any:
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.bends else act

    def parameters(self) -> list[Any]:
        return [*self.w, self.b]


class Net:
    """Layers of them."""

    def __init__(self, rng: random.Random, Value: Any, sizes: list[int]) -> None:
        self.layers = [
            [Neuron(rng, Value, a, i < len(sizes) - 2) for _ in range(b)] for i, (a, b) in enumerate(itertools.pairwise(sizes))
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self) -> list[Any]:
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


def demo(Value: Any, wrap: Callable[[Any], Any], steps: int) -> list[str]:
    """Micrograd's demo with its loss and its schedule: bits of the losses, and of the parameters at the end."""
    rng = random.Random(1337)
    model = Net(rng, Value, [2, 6, 5, 1])
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(12)]
    y = [1 if a * b > 0 else -1 for a, b in X]

    def loss() -> Any:
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    run = wrap(loss)
    found = []
    for k in range(steps):
        total = run()
        for p in model.parameters():
            p.grad = 0
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        found.append(bits(total.data))
    return found + [bits(p.data) for p in model.parameters()]


def test_micrograds_demo(Value: Any) -> None:
    """The demo with its loss compiled: every loss and every parameter after 8 steps has the bits that it has without."""
    assert demo(Value, ag.compile, 8) == demo(Value, lambda f: f, 8)


# ---- JAX's tutorials ---------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """As written in tutorials."""
    return 0.5 * (ag.tanh(x / 2) + 1)


def predict(W: Any, b: Any, inputs: Any) -> Any:
    """One number for each sample."""
    return [sigmoid(sum(w * x for w, x in zip(W, row, strict=True)) + b) for row in inputs]


INPUTS = [[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]]
TARGETS = [True, True, False, True]


def loss(W: Any, b: Any) -> Any:
    """The likelihood of the labels."""
    preds = predict(W, b, INPUTS)
    return -sum(ag.log(p * t + (1 - p) * (1 - t)) for p, t in zip(preds, TARGETS, strict=True))


def test_logistic_regression_as_in_a_tutorial() -> None:
    """grad with argnums, value_and_grad, jacobian and hessian of a logistic regression, compiled, over a descent."""
    W, b = [0.1, -0.2, 0.3], 0.05
    fast = ag.compile(loss)
    g = ag.value_and_grad(fast, (0, 1))
    for _ in range(6):
        assert described(g(W, b)) == described(ag.value_and_grad(loss, (0, 1))(W, b))
        assert described(ag.hessian(fast)(W, b)) == described(ag.hessian(loss)(W, b))
        assert described(ag.grad(fast, argnums=1)(W, b)) == described(ag.grad(loss, argnums=1)(W, b))
        _, (dW, db) = g(W, b)
        W, b = [w - 0.1 * d for w, d in zip(W, dW, strict=True)], b - 0.1 * db


def test_a_tree_of_parameters() -> None:
    """A net whose parameters are a list of dicts, updated by a compiled step function that returns new ones."""

    def forward(params: Any, x: Any) -> Any:
        *hidden, last = params
        for layer in hidden:
            x = [ag.relu(ag.dot(row, x) + b) for row, b in zip(layer["w"], layer["b"], strict=True)]
        return [ag.dot(row, x) + b for row, b in zip(last["w"], last["b"], strict=True)]

    def mse(params: Any, xs: Any, ys: Any) -> Any:
        return ag.mean([(forward(params, x)[0] - y) ** 2 for x, y in zip(xs, ys, strict=True)])

    def update(params: Any, xs: Any, ys: Any) -> Any:
        grads = ag.grad(mse)(params, xs, ys)
        from_tree = lambda p, g: (  # noqa: E731
            {k: from_tree(p[k], g[k]) for k in p} if isinstance(p, dict)
            else [from_tree(a, b) for a, b in zip(p, g, strict=True)] if isinstance(p, list)
            else p - 0.05 * g
        )  # fmt: skip
        return from_tree(params, grads)

    rng = random.Random(3)
    new = lambda a, b: {"w": [[rng.gauss(0, 0.5) for _ in range(a)] for _ in range(b)], "b": [0.0] * b}  # noqa: E731
    params = twin = [new(1, 5), new(5, 4), new(4, 1)]
    xs = [[rng.uniform(-1, 1)] for _ in range(6)]
    ys = [x[0] ** 2 for x in xs]
    fast, compiled_loss = ag.compile(update), ag.compile(mse)
    for _ in range(6):
        params, twin = update(params, xs, ys), fast(twin, xs, ys)
        assert described(params) == described(twin)
        assert described(compiled_loss(params, xs, ys)) == described(mse(params, xs, ys))
        assert described(ag.grad(compiled_loss)(params, xs, ys)) == described(ag.grad(mse)(params, xs, ys))


def test_hessian_vector_products_and_newton() -> None:
    """Rosenbrock's function: hvp, forward over reverse, reverse over forward, and Newton's method on the compiled function."""

    def rosenbrock(x: Any) -> Any:
        return sum(100.0 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))

    fast = ag.compile(rosenbrock)
    x = [-1.2, 1.0]
    for _ in range(8):
        g, H = ag.grad(fast)(x), ag.hessian(fast)(x)
        assert described((g, H)) == described((ag.grad(rosenbrock)(x), ag.hessian(rosenbrock)(x)))
        assert described(ag.jacfwd(ag.grad(fast))(x)) == described(ag.jacfwd(ag.grad(rosenbrock))(x))
        assert described(ag.hvp(fast, (x,), ([1.0, 2.0],))) == described(ag.hvp(rosenbrock, (x,), ([1.0, 2.0],)))
        det = H[0][0] * H[1][1] - H[0][1] * H[1][0]
        x = [x[0] - (H[1][1] * g[0] - H[0][1] * g[1]) / det, x[1] - (H[0][0] * g[1] - H[1][0] * g[0]) / det]
    assert x == pytest.approx([1.0, 1.0])


def test_per_example_gradients() -> None:
    """vmap(grad(loss), in_axes=(None, 0, 0)), the idiom for gradients per example, equals a loop."""

    def one(W: Any, x: Any, y: Any) -> Any:
        return (sigmoid(ag.dot(W, x)) - y) ** 2

    W, xs, ys = [0.1, -0.2, 0.3], INPUTS, [1.0, 1.0, 0.0, 1.0]
    found = ag.vmap(ag.grad(one), in_axes=(None, 0, 0))(np.array(W), np.array(xs), np.array(ys))
    assert described(np.asarray(found).tolist()) == described([ag.grad(one)(W, x, y) for x, y in zip(xs, ys, strict=True)])


# ---- HIPS autograd's examples ------------------------------------------------------------------------


def test_tanh_and_its_derivatives() -> None:
    """elementwise derivatives of tanh to the fourth order, by nesting, of a compiled function."""

    def tanh(x: Any) -> Any:
        return (1.0 - ag.exp(-2 * x)) / (1.0 + ag.exp(-2 * x))

    eager, fast = tanh, ag.compile(tanh)
    for _ in range(4):
        for x in (-2.0, 0.0, 0.3, 1.7):
            assert described(fast(x)) == described(eager(x))
        eager, fast = ag.grad(eager), ag.grad(fast)


def test_an_ode_by_runge_kutta() -> None:
    """The gradient of where a pendulum swings to, through 40 steps of Runge and Kutta in a loop."""

    def swung(length: Any, angle: Any) -> Any:
        state = (angle, angle * 0.0)
        f = lambda s: (s[1], -9.81 / length * ag.sin(s[0]))  # noqa: E731
        h = 0.02
        for _ in range(40):
            a = f(state)
            b = f(tuple(x + h / 2 * d for x, d in zip(state, a, strict=True)))
            c = f(tuple(x + h / 2 * d for x, d in zip(state, b, strict=True)))
            d = f(tuple(x + h * k for x, k in zip(state, c, strict=True)))
            state = tuple(x + h / 6 * (p + 2 * q + 2 * r + s) for x, p, q, r, s in zip(state, a, b, c, d, strict=True))
        return state[0]

    fast = ag.compile(swung)
    for length in (1.0, 1.5, 0.7, 1.0):
        assert described(fast(length, 0.5)) == described(swung(length, 0.5))
        assert described(ag.value_and_grad(fast, (0, 1))(length, 0.5)) == described(
            ag.value_and_grad(swung, (0, 1))(length, 0.5)
        )


def test_a_gaussian_mixture_with_numpy() -> None:
    """NumPy object arrays inside the function: matrices of Values, np.dot and ufuncs."""

    def likelihood(theta: Any) -> Any:
        data = np.array([[0.1, 0.2], [1.5, -0.3], [-0.7, 0.9]])
        means = np.array(theta, dtype=object).reshape(2, 2)
        total = 0.0
        for row in data:
            squares = [np.dot(row - m, row - m) for m in means]
            total = total + ag.logsumexp([s * -0.5 for s in squares])
        return total + np.sum(np.exp(means * 0.1))

    fast = ag.compile(likelihood)
    theta = [0.1, 0.5, -0.2, 0.3]
    for _ in range(5):
        value, gradient = ag.value_and_grad(likelihood)(theta)
        assert described(ag.value_and_grad(fast)(theta)) == described((value, gradient))
        theta = [t + 0.1 * g for t, g in zip(theta, gradient, strict=True)]


def test_adam_by_hand_on_arrays() -> None:
    """A training loop with NumPy arrays of parameters and value_and_grad of a compiled function."""
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((6, 4)), rng.standard_normal(6)

    def objective(x: Any) -> Any:
        residual = A @ x - b
        return residual @ residual / len(b) + 0.01 * ag.sum([abs(v) for v in x])

    def optimised(f: Any) -> Any:
        x, m, v = np.zeros(4), np.zeros(4), np.zeros(4)
        found = []
        for t in range(1, 12):
            value, g = ag.value_and_grad(f)(x)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            x = x - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            found.append(value)
        return described(found), described(x.tolist())

    assert optimised(ag.compile(objective)) == optimised(objective)


# ---- others ------------------------------------------------------------------------------------------


def test_a_perceptron_by_tuples_and_recursion() -> None:
    """Recursion, generators, enumerate, zip, min and max with keys, string keys, and early returns."""

    def tree(x: Any, depth: int) -> Any:
        if depth == 0:
            return x
        left, right = tree(x * 0.5, depth - 1), tree(x + 1, depth - 1)
        return ag.maximum(left, right) if left < right else left * right

    def viterbi(scores: Any) -> Any:
        best = [scores[0][0], scores[0][1]]
        for row in scores[1:]:
            best = [max(best[0] + row[0], best[1] * 0.5 + row[0]), max(best[1] + row[1], best[0] * 0.5 + row[1])]
        return max(best)

    fast, quick = ag.compile(tree), ag.compile(viterbi)
    rng = random.Random(4)
    for _ in range(30):
        x = rng.gauss(0, 1)
        assert described(fast(x, 3)) == described(tree(x, 3))
        assert described(ag.grad(fast)(x, 3)) == described(ag.grad(tree)(x, 3))
        scores = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(2)]
        assert described(quick(scores)) == described(viterbi(scores))
        assert described(ag.grad(quick)(scores)) == described(ag.grad(viterbi)(scores))


def test_attention_by_hand(Value: Any) -> None:
    """A head of attention over a growing list of keys, as in a GPT of scalars: each length is a program of its own."""
    rng = random.Random(5)
    W = [[Value(rng.gauss(0, 0.5)) for _ in range(4)] for _ in range(4)]
    flat = [w for row in W for w in row]

    def attended(xs: Any) -> Any:
        keys = [[ag.dot(row, x) for row in W] for x in xs]
        query = keys[-1]
        weights = ag.softmax([ag.dot(query, key) * 0.5 for key in keys])
        mixed = [ag.dot(weights, [x[i] for x in xs]) for i in range(4)]
        return ag.logsumexp(mixed) - mixed[len(xs) % 4]

    fast = ag.compile(attended)
    for _ in range(4):
        for n in (1, 2, 5):
            xs = [[math.sin(i * j + n) for j in range(4)] for i in range(n)]
            both = []
            for f in (attended, fast):
                for w in flat:
                    w.grad = None
                y = f(xs)
                y.backward()
                both.append([bits(y.data), *[bits(w.grad) for w in flat]])
            assert both[0] == both[1]
