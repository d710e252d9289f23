"""Programs: what `compile`, `vmap` and `fit` reach, row by row, beside eager code and other libraries; value and gradient.

    python benchmarks/programs.py [ROW ...] [--rounds 7] [--quick] [--json]
    python benchmarks/programs.py before --other CHECKOUT [--rounds 15]

The rows, each a race in turn (without names, all of them except `before`):

    point     micrograd's README expression and a Horner scheme of degree 20, at one point, called from Python
    points    both at 1,024 points, in nanoseconds for each node and point
    moons     a net of 2-16-16-1 on 100 points: gradient of the mean hinge loss, and a step of SGD
    digits    MLP(64, [32, 10]) on 1,437 digits in batches of 32, with Adam: an epoch
    gpt       the GPT of scalars of gpt.py: a step
    cs231n    CS231n's net, N, D_in, H, D_out = 64, 1000, 100, 10: a step
    images    MLP(784, [32, 10]) on 60,000 random images in batches of 64: an epoch of `fit`, with the memory it takes
    reference the README expression on the reference engine
    hessian   the Hessian of the README expression
    before    eager code of this checkout beside that of another one, such as the commit before; its engine must be built

Each race has its goals, which are printed with what was found. A goal that is missed is no error.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import random
import resource
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gpt
import moons
import readme_expression
from harness import Contestant, Race, engine_module, parser, race

A, B = -4.0, 2.0
DEGREE = 20
POINTS = 1024
NATIVE = {"AUTOGRAD_ENGINE": "native"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}  # fmt: skip
Prepared = tuple[Callable[[], object], Sequence[float]]


# ---- the two expressions -----------------------------------------------------------------------------


def horner(x: Any) -> Any:
    """A polynomial of degree 20 by Horner's scheme: 20 products and 20 additions."""
    y = 1.0
    for i in range(DEGREE):
        y = y * x + 1.0 / (i + 1)
    return y


def expressions(relu: Callable[[Any], Any]) -> dict[str, tuple[Callable[..., Any], tuple[float, ...]]]:
    """Both functions, for a library with this relu, and where they are computed."""
    return {"readme": (readme_expression.of_relu(relu), (A, B)), "horner": (horner, (0.9,))}


def grid(name: str, points: int) -> list[list[float]]:
    """For each argument its numbers at many points."""
    if name == "horner":
        return [[0.5 + i / points for i in range(points)]]
    return [[A + i / points for i in range(points)], [B + math.sin(i) / 8.0 for i in range(points)]]


def nodes(name: str) -> int:
    """How many operations a function has."""
    ag = engine_module()
    f, point = expressions(ag.relu)[name]
    return sum(not node.is_leaf for node in ag.topological_order(f(*map(ag.Value, point))))


def glassgrad_point(name: str, compiled: bool) -> Prepared:
    """value_and_grad of the function, compiled or not."""
    ag = engine_module()
    f, point = expressions(ag.relu)[name]
    g = ag.value_and_grad(ag.compile(f) if compiled else f, tuple(range(len(point))))

    def call() -> Any:
        return g(*point)

    value, gradient = call()
    for _ in range(5):
        call()
    return call, (value, *gradient)


def glassgrad_buffered(name: str) -> Prepared:
    """The compiled value_and_grad, from memory to memory."""
    ag = engine_module()
    f, point = expressions(ag.relu)[name]
    results = array("d", bytes(8 * (len(point) + 1)))
    g = ag.value_and_grad(ag.compile(f), tuple(range(len(point)))).buffered(array("d", point), results)
    g()
    return g, list(results)


def glassgrad_values(name: str) -> Prepared:
    """Eager code in micrograd's way: new leaves, the function, backward()."""
    ag = engine_module()
    f, point = expressions(ag.relu)[name]

    def call() -> Any:
        leaves = [ag.Value(x) for x in point]
        y = f(*leaves)
        y.backward()
        return y, leaves

    y, leaves = call()
    return call, (y.data, *[x.grad for x in leaves])


def glassgrad_value(name: str) -> Prepared:
    """The compiled function's value alone."""
    ag = engine_module()
    f, point = expressions(ag.relu)[name]
    fast = ag.compile(f)
    for _ in range(5):
        fast(*point)
    return lambda: fast(*point), [fast(*point)]


def jax_with_doubles() -> Any:
    """JAX, computing with doubles."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def jax_point(name: str) -> Prepared:
    """jax.jit of value_and_grad."""
    jax = jax_with_doubles()
    f, point = expressions(lambda x: jax.numpy.maximum(x, 0.0))[name]
    g = jax.jit(jax.value_and_grad(f, tuple(range(len(point)))))

    def call() -> Any:
        value, gradient = g(*point)
        return value.block_until_ready(), gradient

    value, gradient = call()
    return call, (float(value), *map(float, gradient))


def torch_point(name: str) -> Prepared:
    """PyTorch in eager mode, on one thread."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    f, point = expressions(torch.relu)[name]

    def call() -> tuple[float, ...]:
        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        y = f(*leaves)
        y.backward()
        return (y.item(), *[x.grad.item() for x in leaves])

    return call, call()


def casadi_of(name: str) -> Any:
    """CasADi's function of the arguments: the value and the gradient."""
    casadi = importlib.import_module("casadi")
    f, point = expressions(lambda x: casadi.fmax(x, 0.0))[name]
    symbols = [casadi.SX.sym(f"x{i}") for i in range(len(point))]
    y = f(*symbols)
    return casadi.Function("f", symbols, [y, *[casadi.gradient(y, x) for x in symbols]])


def casadi_point(name: str) -> Prepared:
    """CasADi's function, called by its buffer."""
    np = importlib.import_module("numpy")
    _, point = expressions(abs)[name]
    results = [np.zeros(1) for _ in range(len(point) + 1)]
    evaluate = readme_expression.casadi_by_buffer(casadi_of(name), [np.array([x]) for x in point], results)
    return evaluate, [float(x[0]) for x in results]


def measure_point(rounds: int, quick: bool) -> list[Race]:
    """One point, called from Python."""
    return [
        race(f"{title}, one point", __file__, [
            Contestant("eager native, backward()", "glassgrad_values", NATIVE, options={"name": name}),
            Contestant("eager native, value_and_grad", "glassgrad_point", NATIVE, options={"name": name, "compiled": False}),
            Contestant("compiled", "glassgrad_point", NATIVE, options={"name": name, "compiled": True}),
            Contestant("compiled, value alone", "glassgrad_value", NATIVE, options={"name": name}),
            Contestant("compiled, by buffer", "glassgrad_buffered", NATIVE, options={"name": name}),
            Contestant("CasADi by buffer", "casadi_point", options={"name": name}),
            Contestant("jax.jit", "jax_point", ONE_THREAD, options={"name": name}),
            Contestant("PyTorch eager", "torch_point", ONE_THREAD, options={"name": name}),
        ], rounds)
        for name, title in (("readme", "README expression"), ("horner", "Horner of degree 20"))
    ]  # fmt: skip


# ---- many points -------------------------------------------------------------------------------------


def summed(value: Any, gradients: Any) -> list[float]:
    """The sums of what is computed at all points: numbers by which all contestants can be compared."""
    return [math.fsum(float(x) for x in row) for row in (value, *gradients)]


def glassgrad_points(name: str, points: int, threads: int = 1) -> Prepared:
    """vmap of value_and_grad, on NumPy's arrays."""
    np = importlib.import_module("numpy")
    ag = engine_module()
    f, point = expressions(ag.relu)[name]
    g = ag.vmap(ag.value_and_grad(f, tuple(range(len(point)))), threads=threads)
    columns = [np.array(column) for column in grid(name, points)]
    for _ in range(4):
        value, gradients = g(*columns)
    return lambda: g(*columns), summed(value, gradients)


def glassgrad_loop(name: str, points: int) -> Prepared:
    """Eager code in a loop."""
    ag = engine_module()
    f, _ = expressions(ag.relu)[name]
    rows = list(zip(*grid(name, points), strict=True))

    def call() -> Any:
        found = []
        for row in rows:
            leaves = [ag.Value(x) for x in row]
            y = f(*leaves)
            y.backward()
            found.append([y.data, *[x.grad for x in leaves]])
        return found

    value, *gradients = zip(*call(), strict=True)
    return call, summed(value, gradients)


def jax_points(name: str, points: int, at_once: bool = False, arrays: bool = False) -> Prepared:
    """jax.jit of vmap of value_and_grad.

    Args:
        name: of the expression.
        points: how many.
        at_once: whether it is computed in the thread that calls, which saves JAX the way to another one and back. JAX has to be
            told so; it is its quickest way here.
        arrays: whether NumPy's arrays go in and come out, as in `glassgrad_points`, and not arrays of JAX's own.
    """
    jax = jax_with_doubles()
    jax.config.update("jax_cpu_enable_async_dispatch", not at_once)
    np = importlib.import_module("numpy")
    f, point = expressions(lambda x: jax.numpy.maximum(x, 0.0))[name]
    g = jax.jit(jax.vmap(jax.value_and_grad(f, tuple(range(len(point))))))
    columns = [(np if arrays else jax.numpy).array(column) for column in grid(name, points)]

    def call() -> Any:
        value, gradients = g(*columns)
        if arrays:
            return np.asarray(value), [np.asarray(gradient) for gradient in gradients]
        return jax.block_until_ready((value, gradients))

    return call, summed(*call())


def torch_points(name: str, points: int) -> Prepared:
    """PyTorch, the points in a tensor, on one thread."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    f, _ = expressions(torch.relu)[name]
    columns = [torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in grid(name, points)]

    def call() -> Any:
        for column in columns:
            column.grad = None
        y = f(*columns)
        y.sum().backward()
        return y

    y = call()
    return call, summed(y.tolist(), [column.grad.tolist() for column in columns])


def casadi_points(name: str, points: int) -> Prepared:
    """CasADi's map, called by its buffer."""
    np = importlib.import_module("numpy")
    columns = [np.array(column) for column in grid(name, points)]
    results = [np.zeros(points) for _ in range(len(columns) + 1)]
    evaluate = readme_expression.casadi_by_buffer(casadi_of(name).map(points), columns, results)
    return evaluate, summed(results[0], results[1:])


def numpy_points(name: str, points: int) -> Prepared:
    """Value and derivatives written by hand with NumPy."""
    np = importlib.import_module("numpy")
    columns = [np.array(column) for column in grid(name, points)]

    def of_horner(x: Any) -> Any:
        y, slope = np.ones_like(x), np.zeros_like(x)
        for i in range(DEGREE):
            slope = slope * x + y
            y = y * x + 1.0 / (i + 1)
        return y, (slope,)

    def of_readme(a: Any, b: Any) -> Any:
        # d = a*b + b**3; d = 3*d + relu(b+a); d = 4*d + relu(b-a); c = 4*(a+b) + ... as in the expression, multiplied out
        c = a + b
        c = c + (c + 1)
        c = c + (1 + c + (-a))
        plus, minus = b + a, b - a
        d = a * b + b * b * b
        d = d + (d * 2 + np.maximum(plus, 0.0))
        d = d + (3 * d + np.maximum(minus, 0.0))
        e = c - d
        f = e * e
        g = f / 2.0 + 10.0 / f
        de = (0.5 - 10.0 / (f * f)) * 2.0 * e
        up, down = (plus > 0.0).astype(float), (minus > 0.0).astype(float)
        da = de * (3.0 - (12.0 * b + 4.0 * up - down))
        db = de * (4.0 - (12.0 * (a + 3.0 * b * b) + 4.0 * up + down))
        return g, (da, db)

    f = of_horner if name == "horner" else of_readme
    return lambda: f(*columns), summed(*f(*columns))


def measure_points(rounds: int, quick: bool) -> list[Race]:
    """1,024 points."""
    points = 128 if quick else POINTS
    return [
        race(f"{title}, {points:,} points, each node and point", __file__, [
            Contestant("eager native", "glassgrad_loop", NATIVE, options={"name": name, "points": points}),
            Contestant("vmap", "glassgrad_points", NATIVE, options={"name": name, "points": points}),
            Contestant("NumPy by hand", "numpy_points", ONE_THREAD, options={"name": name, "points": points}),
            Contestant("CasADi's map", "casadi_points", options={"name": name, "points": points}),
            Contestant("jax.jit", "jax_points", ONE_THREAD, options={"name": name, "points": points}),
            Contestant("jax.jit, at once", "jax_points", ONE_THREAD, options={"name": name, "points": points, "at_once": True}),
            Contestant("jax.jit, at once, NumPy's arrays", "jax_points", ONE_THREAD,
                       options={"name": name, "points": points, "at_once": True, "arrays": True}),
            Contestant("PyTorch", "torch_points", ONE_THREAD, options={"name": name, "points": points}),
        ], rounds, per=points * nodes(name), agree=1e-6)
        for name, title in (("readme", "README expression"), ("horner", "Horner of degree 20"))
    ]  # fmt: skip


# ---- nets --------------------------------------------------------------------------------------------

Layers = list[tuple[list[list[float]], list[float]]]


def layers_of(model: Any) -> Layers:
    """The weights and biases of an MLP, as plain numbers."""
    return [
        ([[w.data for w in neuron.w] for neuron in layer.neurons], [neuron.b.data for neuron in layer.neurons])
        for layer in model.layers
    ]


def mlp(inputs: int, sizes: list[int]) -> Any:
    """The net with which all begin."""
    nn = importlib.import_module("nn")
    return nn.MLP(inputs, sizes, activation="relu", seed=0)


def moons_data() -> tuple[list[tuple[float, float]], list[int]]:
    """The points of moons.py."""
    return moons.moons(random.Random(1337))


RATE = 0.05


def moons_glassgrad(how: str) -> Prepared:
    """The net of `nn`: eager, with its loss compiled, or mapped over the samples; SGD of `nn`."""
    ag, nn = engine_module(), importlib.import_module("nn")
    samples, y = moons_data()
    model = mlp(2, [16, 16, 1])
    sgd = nn.SGD(model.parameters(), lr=RATE)

    def one(x: Any, label: Any) -> Any:
        return nn.hinge(model(x), label)

    def mean() -> Any:
        return ag.mean([one(x, label) for x, label in zip(samples, y, strict=True)])

    mapped = ag.vmap(one, reduce="mean") if how == "mapped" else None
    if mapped:
        np = importlib.import_module("numpy")
        inputs, labels = np.array(samples), np.array(y, dtype=float)
    run = {"eager": mean, "compiled": ag.compile(mean) if how == "compiled" else mean}.get(how)

    def step() -> float:
        loss = mapped(inputs, labels) if mapped else run()  # type: ignore[misc]
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return float(loss.data)

    return step, [step(), step(), step()]


def moons_micrograd() -> Prepared:
    """Micrograd, with the same net and loss."""
    from micrograd.engine import Value

    samples, y = moons_data()
    weights = [
        [[Value(w) for w in row] + [Value(b)] for row, b in zip(*layer, strict=True)]
        for layer in layers_of(mlp(2, [16, 16, 1]))
    ]
    parameters = [w for layer in weights for neuron in layer for w in neuron]

    def step() -> float:
        losses = [(1 + -label * moons.forward(weights, x, None)).relu() for x, label in zip(samples, y, strict=True)]
        loss = sum(losses) * (1.0 / len(losses))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad
        return float(loss.data)

    return step, [step(), step(), step()]


def moons_numpy() -> Prepared:
    """Forward and backward by hand."""
    np = importlib.import_module("numpy")
    samples, y = (np.array(x, dtype=float) for x in moons_data())
    (w1, b1), (w2, b2), (w3, b3) = ([np.array(part) for part in layer] for layer in layers_of(mlp(2, [16, 16, 1])))
    n = len(samples)

    def step() -> float:
        z1 = samples @ w1.T + b1
        h1 = np.maximum(z1, 0.0)
        z2 = h1 @ w2.T + b2
        h2 = np.maximum(z2, 0.0)
        margin = 1.0 - y * (h2 @ w3.T + b3)[:, 0]
        loss = np.maximum(margin, 0.0).mean()
        d3 = (np.where(margin > 0.0, -y, 0.0) / n)[:, None]
        d2 = (d3 @ w3) * (z2 > 0.0)
        d1 = (d2 @ w2) * (z1 > 0.0)
        for p, g in ((w3, d3.T @ h2), (b3, d3.sum(0)), (w2, d2.T @ h1), (b2, d2.sum(0)), (w1, d1.T @ samples), (b1, d1.sum(0))):
            p -= RATE * g
        return float(loss)

    return step, [step(), step(), step()]


def moons_torch() -> Prepared:
    """PyTorch's dense layers with doubles, and its SGD."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    samples, y = (torch.tensor(x, dtype=torch.float64) for x in moons_data())
    net = torch_net(torch, layers_of(mlp(2, [16, 16, 1])))
    sgd = torch.optim.SGD(net.parameters(), lr=RATE)

    def step() -> float:
        loss = torch.relu(1.0 - y * net(samples)[:, 0]).mean()
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        return float(loss.item())

    return step, [step(), step(), step()]


def torch_net(torch: Any, layers: Layers) -> Any:
    """Dense layers with these weights and relu between them."""
    parts: list[Any] = []
    for weights, biases in layers:
        dense = torch.nn.Linear(len(weights[0]), len(weights), dtype=torch.float64)
        with torch.no_grad():
            dense.weight.copy_(torch.tensor(weights, dtype=torch.float64))
            dense.bias.copy_(torch.tensor(biases, dtype=torch.float64))
        parts += [dense, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1])


def moons_jax() -> Prepared:
    """jax.jit of the whole step."""
    jax = jax_with_doubles()
    np = jax.numpy
    samples, y = (np.array(x, dtype=float) for x in moons_data())
    start = [(np.array(w), np.array(b)) for w, b in layers_of(mlp(2, [16, 16, 1]))]

    def loss(layers: Any) -> Any:
        h = samples
        for w, b in layers[:-1]:
            h = np.maximum(h @ w.T + b, 0.0)
        w, b = layers[-1]
        return np.maximum(1.0 - y * (h @ w.T + b)[:, 0], 0.0).mean()

    def descend(layers: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(layers)
        return value, jax.tree_util.tree_map(lambda p, g: p - RATE * g, layers, gradient)

    descended = jax.jit(descend)
    state = [start]

    def step() -> float:
        value, state[0] = descended(state[0])
        return float(value)

    return step, [step(), step(), step()]


def measure_moons(rounds: int, quick: bool) -> list[Race]:
    """One full training step on two moons."""
    contestants = [
        Contestant("eager native", "moons_glassgrad", NATIVE, options={"how": "eager"}),
        Contestant("compiled", "moons_glassgrad", NATIVE, options={"how": "compiled"}),
        Contestant("vmap, reduce", "moons_glassgrad", NATIVE, options={"how": "mapped"}),
        Contestant("NumPy by hand", "moons_numpy", ONE_THREAD),
        Contestant("PyTorch", "moons_torch", ONE_THREAD),
        Contestant("jax.jit", "moons_jax", ONE_THREAD),
        Contestant("micrograd", "moons_micrograd"),
    ]
    return [
        race("moons, 100 samples, a step of SGD", __file__, contestants, min(rounds, 5) if quick else rounds, at_least=0.05)
    ]


def digits_data(count: int) -> tuple[list[list[float]], list[int]]:
    """Scikit-learn's digits where it is installed, or else random pixels and labels, as many."""
    try:
        pixels, labels = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
    except ImportError:
        rng = random.Random(0)
        return [[rng.randint(0, 16) / 16.0 for _ in range(64)] for _ in range(count)], [rng.randrange(10) for _ in range(count)]
    return (pixels[:count] / 16.0).tolist(), [int(label) for label in labels[:count]]


def digits_glassgrad(compiled: bool, count: int) -> Prepared:
    """An epoch of `fit`."""
    nn = importlib.import_module("nn")
    samples, y = digits_data(count)
    model = mlp(64, [32, 10])
    adam = nn.Adam(model.parameters(), lr=0.01)
    kept = importlib.import_module("numpy").array(samples)

    def epoch() -> float:
        options = {} if compiled else {"compiled": False}
        told = nn.fit(model, kept, y, loss="cross_entropy", optimizer=adam, epochs=1, batch_size=32, progress=False,
                      shuffle=False, **options)  # fmt: skip
        return float(told["loss"][-1])

    return epoch, [epoch(), epoch()]


def digits_torch(count: int) -> Prepared:
    """PyTorch's loop over batches of tensors, with its Adam."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    data, labels = digits_data(count)
    samples, y = torch.tensor(data, dtype=torch.float64), torch.tensor(labels)
    net = torch_net(torch, layers_of(mlp(64, [32, 10])))
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    cost = torch.nn.CrossEntropyLoss()

    def epoch() -> float:
        total = 0.0
        for i in range(0, len(samples), 32):
            adam.zero_grad()
            loss = cost(net(samples[i : i + 32]), y[i : i + 32])
            loss.backward()
            adam.step()
            total += loss.item() * len(samples[i : i + 32])
        return total / len(samples)

    return epoch, [epoch(), epoch()]


def digits_jax(count: int) -> Prepared:
    """jax.jit of a step, in a loop over batches; Adam written in it."""
    jax = jax_with_doubles()
    np = jax.numpy
    data, labels = digits_data(count)
    samples, y = np.array(data), np.array(labels)
    layers = [(np.array(w), np.array(b)) for w, b in layers_of(mlp(64, [32, 10]))]
    zero = jax.tree_util.tree_map(np.zeros_like, layers)
    state = [(layers, zero, zero, 0.0)]
    each = jax.tree_util.tree_map

    def loss(layers: Any, samples: Any, y: Any) -> Any:
        h = samples
        for w, b in layers[:-1]:
            h = np.maximum(h @ w.T + b, 0.0)
        w, b = layers[-1]
        z = h @ w.T + b
        return (jax.nn.logsumexp(z, axis=1) - z[np.arange(len(y)), y]).mean()

    def descend(state: Any, samples: Any, y: Any) -> Any:
        layers, mean, square, t = state
        value, gradient = jax.value_and_grad(loss)(layers, samples, y)
        t = t + 1.0
        mean = each(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = each(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
        a, b = 1.0 - 0.9**t, 1.0 - 0.999**t
        layers = each(lambda p, m, v: p - 0.01 * (m / a) / (np.sqrt(v / b) + 1e-8), layers, mean, square)
        return value, (layers, mean, square, t)

    batches = [(samples[i : i + 32], y[i : i + 32]) for i in range(0, len(samples), 32)]
    descended = jax.jit(descend)

    def epoch() -> float:
        total = 0.0
        for xs, ys in batches:
            value, state[0] = descended(state[0], xs, ys)
            total += float(value) * len(xs)
        return total / len(samples)

    return epoch, [epoch(), epoch()]


def digits_sklearn(count: int) -> Prepared:
    """Scikit-learn's MLPClassifier, which begins with weights of its own, one pass of partial_fit."""
    np = importlib.import_module("numpy")
    classifier = importlib.import_module("sklearn.neural_network").MLPClassifier
    data, labels = digits_data(count)
    samples, y = np.array(data), np.array(labels)
    model = classifier((32,), batch_size=32, learning_rate_init=0.01, alpha=0.0, shuffle=False, random_state=0)
    model.partial_fit(samples, y, classes=list(range(10)))
    return lambda: model.partial_fit(samples, y), []


def measure_digits(rounds: int, quick: bool) -> list[Race]:
    """An epoch on the digits."""
    count = 160 if quick else 1437
    contestants = [
        Contestant("fit(compiled=False)", "digits_glassgrad", NATIVE, options={"compiled": False, "count": count}),
        Contestant("fit", "digits_glassgrad", NATIVE, options={"compiled": True, "count": count}),
        Contestant("PyTorch's loop", "digits_torch", ONE_THREAD, options={"count": count}),
        Contestant("jax.jit's loop", "digits_jax", ONE_THREAD, options={"count": count}),
        Contestant("scikit-learn", "digits_sklearn", ONE_THREAD, options={"count": count}),
    ]
    title = f"digits, {count:,} samples in batches of 32, Adam, an epoch"
    return [race(title, __file__, contestants, min(rounds, 5), at_least=0.05, agree=1e-6)]


class Tops(gpt.Scalars):
    """One operation at a time. The largest score is taken as a node: its number, read by Python, would be that of one step."""

    def __init__(self, ag: Any) -> None:
        self.ag = ag

    def softmax(self, xs: gpt.Row) -> gpt.Row:
        """Shares that sum to 1."""
        top = self.ag.stop_gradient(self.ag.max(xs))
        powers = [(x - top).exp() for x in xs]
        whole = sum(powers)
        return [p / whole for p in powers]


def gpt_step(nodes: bool, compiled: bool) -> Prepared:
    """The model of gpt.py with Adam of `nn`; its loss compiled or not: then there is a program for each name."""
    ag, nn = engine_module(), importlib.import_module("nn")
    places = gpt.names()
    model = gpt.Model(ag.Value, gpt.Nodes(ag) if nodes else Tops(ag), "".join(sorted(set("".join(places)))))
    adam = nn.Adam(model.parameters, lr=0.01, betas=(0.9, 0.95))
    loss_of = ag.compile(model.loss) if compiled else model.loss

    def step(name: str) -> float:
        loss = loss_of(name)
        loss.backward()
        adam.step()
        adam.zero_grad()
        return float(loss.data)

    def steps() -> list[float]:
        return [step(name) for name in places[: gpt.NAMES]]

    first = steps() + steps()
    steps()
    return steps, first


def measure_gpt(rounds: int, quick: bool) -> list[Race]:
    """A step of the GPT of scalars."""
    contestants = [
        Contestant("eager native", "gpt_step", NATIVE, options={"nodes": False, "compiled": False}),
        Contestant("eager native, nodes", "gpt_step", NATIVE, options={"nodes": True, "compiled": False}),
        Contestant("compiled", "gpt_step", NATIVE, options={"nodes": False, "compiled": True}),
        Contestant("compiled, nodes", "gpt_step", NATIVE, options={"nodes": True, "compiled": True}),
    ]
    return [race("a GPT of scalars, a step", __file__, contestants, min(rounds, 5), at_least=0.1, per=gpt.NAMES, agree=1e-6)]


def cs231n_sizes(scale: float) -> tuple[int, int, int, int]:
    """N, D_in, H, D_out."""
    n, d_in, h, d_out = (max(1, int(scale * size)) for size in (64, 1000, 100, 10))
    return n, d_in, h, d_out


def cs231n_numbers(scale: float) -> tuple[Any, Any, Any, Any]:
    """Inputs, targets and both matrices, one row for each neuron."""
    np = importlib.import_module("numpy")
    n, d_in, h, d_out = cs231n_sizes(scale)
    rng = np.random.default_rng(0)
    sizes = (n, d_in), (n, d_out), (h, d_in), (d_out, h)
    x, y, w1, w2 = (rng.standard_normal(size) for size in sizes)
    return x, y, w1, w2


def cs231n_numpy(scale: float) -> Prepared:
    """The lecture's code by NumPy, on one thread."""
    np = importlib.import_module("numpy")
    x, y, w1, w2 = cs231n_numbers(scale)

    def step() -> float:
        h = 1.0 / (1.0 + np.exp(-x @ w1.T))
        off = h @ w2.T - y
        slope = 2.0 * off
        back = (slope @ w2) * h * (1.0 - h)
        loss = np.square(off).sum()
        w2[:] -= 1e-6 * (slope.T @ h)
        w1[:] -= 1e-6 * (back.T @ x)
        return float(loss)

    return step, [step(), step()]


def cs231n_glassgrad(scale: float) -> Prepared:
    """vmap over the samples; a neuron is a dot."""
    ag, nn = engine_module(), importlib.import_module("nn")
    x, y, w1, w2 = cs231n_numbers(scale)
    v1, v2 = ([[ag.Value(float(w)) for w in row] for row in w] for w in (w1, w2))
    sgd = nn.SGD([w for rows in (v1, v2) for row in rows for w in row], lr=1e-6)

    def one(xs: Any, ys: Any) -> Any:
        h = [ag.sigmoid(ag.dot(row, xs)) for row in v1]
        return ag.sum([(ag.dot(row, h) - target) ** 2 for row, target in zip(v2, ys, strict=True)])

    mapped = ag.vmap(one, reduce="sum")

    def step() -> float:
        sgd.zero_grad()
        loss = mapped(x, y)
        loss.backward()
        sgd.step()
        return float(loss.data)

    return step, [step(), step()]


def memory_of(start: str, **options: Any) -> float:
    """Megabytes that a process takes at most that runs a contestant a few times."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport programs, resource\n"
        f"call, _ = programs.{start}(**{options!r})\ncall()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | NATIVE)
    return float(done.stdout)


def measure_cs231n(rounds: int, quick: bool) -> list[Race]:
    """CS231n's net."""
    scale = 0.1 if quick else 1.0
    contestants = [
        Contestant("vmap, reduce", "cs231n_glassgrad", NATIVE, options={"scale": scale}),
        Contestant("NumPy by hand", "cs231n_numpy", ONE_THREAD, options={"scale": scale}),
    ]
    found = race(f"CS231n's net, {cs231n_sizes(scale)}, a step", __file__, contestants, min(rounds, 5), at_least=0.05)
    if "vmap, reduce" in found.seconds:
        found.title += f"; vmap takes {memory_of('cs231n_glassgrad', scale=scale):.0f} MB"
    return [found]


def images(count: int) -> None:
    """An epoch on random images in this process: seconds, megabytes and losses, as JSON."""
    nn, np = importlib.import_module("nn"), importlib.import_module("numpy")
    rng = np.random.default_rng(0)
    samples, y = rng.integers(0, 256, (count, 784), dtype=np.uint8), rng.integers(0, 10, count)
    model = nn.MLP(784, [32, 10], seed=0)
    adam = nn.Adam(model.parameters(), lr=0.001)
    start = time.perf_counter()
    told = nn.fit(model, samples, y, loss="cross_entropy", optimizer=adam, epochs=1, batch_size=64, progress=False)
    found = {"seconds": time.perf_counter() - start, "loss": told["loss"][-1], "compiled": str(getattr(told, "compiled", "")),
             "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip
    print(json.dumps(found))


def measure_images(rounds: int, quick: bool) -> list[Race]:
    """60,000 images: one epoch, once."""
    count = 500 if quick else 60_000
    done = subprocess.run(
        [sys.executable, __file__, "--images", str(count)], capture_output=True, text=True, env=os.environ | NATIVE
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    title = f"{count:,} random images of 784, MLP(784, [32, 10]), an epoch of fit; {found['megabytes']:.0f} MB at most"
    return [Race(title, "fit", {"fit": found["seconds"]}, {}, {}, {"fit": {0: found["seconds"]}})]


# ---- the reference engine, second derivatives, and before ----------------------------------------------


def measure_reference(rounds: int, quick: bool) -> list[Race]:
    """The reference engine."""
    python = {"AUTOGRAD_ENGINE": "python"}
    return [
        race(f"{title}, one point, reference engine", __file__, [
            Contestant("eager", "glassgrad_values", python, options={"name": name}),
            Contestant("compiled", "glassgrad_point", python, options={"name": name, "compiled": True}),
            Contestant("compiled, value alone", "glassgrad_value", python, options={"name": name}),
        ], rounds)
        for name, title in (("readme", "README expression"), ("horner", "Horner of degree 20"))
    ]  # fmt: skip


def hessian_of(compiled: bool) -> Prepared:
    """All second derivatives of the README expression."""
    ag = engine_module()
    f, point = expressions(ag.relu)["readme"]
    g = ag.hessian(ag.compile(f) if compiled else f, (0, 1))
    for _ in range(5):
        g(*point)
    return lambda: g(*point), [x for row in g(*point) for x in row]


def hessian_casadi() -> Prepared:
    """CasADi's, called by its buffer."""
    casadi, np = importlib.import_module("casadi"), importlib.import_module("numpy")
    f, point = expressions(lambda x: casadi.fmax(x, 0.0))["readme"]
    v = casadi.SX.sym("v", 2)
    second, _ = casadi.hessian(f(v[0], v[1]), v)
    results = np.zeros(4)
    function = casadi.Function("h", [v], [casadi.densify(second)])
    evaluate = readme_expression.casadi_by_buffer(function, [np.array(point)], [results])
    return evaluate, [float(x) for x in results]


def hessian_jax() -> Prepared:
    """jax.jit of jax.hessian."""
    jax = jax_with_doubles()
    f, point = expressions(lambda x: jax.numpy.maximum(x, 0.0))["readme"]
    g = jax.jit(jax.hessian(f, (0, 1)))

    def call() -> Any:
        return jax.block_until_ready(g(*point))

    return call, [float(x) for row in call() for x in row]


def measure_hessian(rounds: int, quick: bool) -> list[Race]:
    """Second derivatives."""
    contestants = [
        Contestant("eager native", "hessian_of", NATIVE, options={"compiled": False}),
        Contestant("compiled", "hessian_of", NATIVE, options={"compiled": True}),
        Contestant("CasADi by buffer", "hessian_casadi"),
        Contestant("jax.jit", "hessian_jax", ONE_THREAD),
    ]
    return [race("Hessian of the README expression", __file__, contestants, rounds, agree=1e-6)]


def eager_of(what: str, checkout: str) -> Prepared:
    """Eager code of one checkout."""
    ag = engine_module()
    if not Path(ag.__file__).is_relative_to(Path(checkout).resolve()):
        raise SystemExit(f"{ag.__file__} is not in {checkout}; is its engine built?")
    if what == "readme":
        return readme_expression.of_class(ag.Value)
    if what == "horner":
        return glassgrad_values("horner")
    if what == "gpt":
        return gpt.training(ag.Value, gpt.Scalars())
    nn = importlib.import_module("nn")
    net = nn.MLP(16, [16, 16, 1], activation="tanh", seed=0)
    row = [math.sin(i) for i in range(16)]

    def call() -> Any:
        y = net(row)
        y.backward()
        return y

    return call, [call().data]


def measure_before(other: str, rounds: int) -> list[Race]:
    """This checkout beside another one, in turn, for several kinds of eager code."""
    folders = {"the other checkout": str(Path(other).resolve()), "this checkout": str(Path(__file__).resolve().parent.parent)}
    return [
        race(f"eager native, {what}: another checkout, and this one", __file__, [
            Contestant(name, "eager_of", NATIVE | {"PYTHONPATH": folder}, options={"what": what, "checkout": folder})
            for name, folder in folders.items()
        ], rounds)
        for what in ("readme", "horner", "net", "gpt")
    ]  # fmt: skip


# ---- goals -------------------------------------------------------------------------------------------

# The row; of which race; slower; faster; how many times at least. A goal below 1 lets "faster" take 1/goal times as long.
GOALS: list[tuple[str, int, str, str, float]] = [
    ("point", 0, "eager native, backward()", "compiled", 4.0), ("point", 1, "eager native, backward()", "compiled", 4.0),
    ("point", 0, "CasADi by buffer", "compiled, by buffer", 1.0),
    ("point", 1, "CasADi by buffer", "compiled, by buffer", 1.0),
    ("points", 0, "jax.jit", "vmap", 1.0), ("points", 1, "jax.jit", "vmap", 1.0),
    ("points", 0, "CasADi's map", "vmap", 3.0), ("points", 1, "CasADi's map", "vmap", 5.0),
    ("moons", 0, "PyTorch", "vmap, reduce", 3.0), ("moons", 0, "jax.jit", "vmap, reduce", 1.0),
    ("moons", 0, "NumPy by hand", "vmap, reduce", 1 / 1.6), ("moons", 0, "micrograd", "vmap, reduce", 3000.0),
    ("digits", 0, "fit(compiled=False)", "fit", 17.5), ("digits", 0, "PyTorch's loop", "fit", 1.0),
    ("digits", 0, "scikit-learn", "fit", 1.0), ("gpt", 0, "eager native", "compiled", 10.0),
    ("gpt", 0, "eager native, nodes", "compiled, nodes", 10.0), ("cs231n", 0, "NumPy by hand", "vmap, reduce", 0.2),
    ("reference", 0, "eager", "compiled", 20.0), ("hessian", 0, "eager native", "compiled", 100.0),
]  # fmt: skip
ROWS: dict[str, Callable[[int, bool], list[Race]]] = {
    "point": measure_point, "points": measure_points, "moons": measure_moons, "digits": measure_digits, "gpt": measure_gpt,
    "cs231n": measure_cs231n, "images": measure_images, "reference": measure_reference, "hessian": measure_hessian,
}  # fmt: skip


def goals_of(row: str, found: Sequence[Race]) -> list[dict[str, Any]]:
    """What a row should reach, and what it does."""
    told = []
    for name, place, slower, faster, at_least in GOALS:
        ratio = found[place].ratio(slower, faster) if name == row else None
        if ratio is not None:
            told.append({"title": found[place].title, "goal": f"{slower} over {faster}", "at least": at_least, "found": ratio})
    return told


def main() -> None:
    options = parser(__doc__, rounds=7)
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {' '.join(ROWS)}, before")
    options.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    options.add_argument("--other", metavar="CHECKOUT", help="the folder of another checkout, for the row before")
    options.add_argument("--images", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.images:
        images(given.images)
        return
    for row in given.rows:
        if row not in (*ROWS, "before"):
            options.error(f"there is no row {row!r}; the rows are {' '.join(ROWS)}, before")
    if "before" in given.rows and not given.other:
        options.error("the row before needs --other CHECKOUT, with the folder of another checkout whose engine is built")
    for row in given.rows or ROWS:
        found = measure_before(given.other, given.rounds) if row == "before" else ROWS[row](given.rounds, given.quick)
        goals = goals_of(row, found)
        if given.json:
            print(json.dumps({"row": row, "races": [each.as_dict() for each in found], "goals": goals}), flush=True)
            continue
        for each in found:
            each.show(False)
        for goal in goals:
            reached = "yes" if goal["found"] >= goal["at least"] else "NO"
            print(f"  {goal['goal']:<58} {goal['found']:8.3g}  at least {goal['at least']:g}  {reached}", flush=True)


if __name__ == "__main__":
    main()
