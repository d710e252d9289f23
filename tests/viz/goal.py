"""The graphs that every default picture must stay readable for: small ones, nets, a batch, a GPT, long chains, wide sums.

The gallery shows them, and tests measure them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import autograd as ag
import nn
from autograd import Value

Row = list[Any]


def named(value: Any, label: str) -> Any:
    """Give a node a name and hand it on."""
    value.label = label
    return value


def inputs(**numbers: float) -> list[Value]:
    """Leaves with these names."""
    return [Value(number, label=label) for label, number in numbers.items()]


def lecture() -> Any:
    """(x + y) z, from the lecture."""
    x, y, z = inputs(x=-2, y=5, z=-4)
    return named(named(x + y, "q") * z, "f")


def sigmoid() -> Any:
    """The sigmoid neuron in elementary gates."""
    w0, x0, w1, x1, w2 = inputs(w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    return 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())


def shop() -> Any:
    """Apples and oranges with tax."""
    apple, n, orange, m, tax = inputs(apple=100, n=2, orange=150, m=3, tax=1.1)
    return named((apple * n + orange * m) * tax, "price")


def softmax_loss() -> Any:
    """Softmax with cross-entropy of three scores."""
    scores = inputs(a=math.log(0.3), b=math.log(0.2), c=math.log(0.5))
    return named(-named(ag.softmax(scores)[1], "p").log(), "loss")


def net(*sizes: int, samples: int = 1) -> Any:
    """A net with its parameters labelled, on one sample, or its mean loss on several."""
    model = nn.MLP(sizes[0], list(sizes[1:]), seed=1)
    model.label_parameters()
    rng = random.Random(2)
    rows = [[Value(rng.uniform(-1, 1), label=f"x{k + 1}") for k in range(sizes[0])] for _ in range(samples)]
    outputs: list[Any] = [model(row) for row in rows]
    if samples == 1:
        return named(outputs[0], "out")
    return named(ag.mean([(out - rng.choice((-1.0, 1.0))) ** 2 for out in outputs]), "loss")


def digits() -> Any:
    """A net for pictures of 8 × 8 dots, and its loss on one of them."""
    model = nn.MLP(64, [32, 10], seed=1)
    model.label_parameters()
    rng = random.Random(3)
    scores: Any = model([rng.randint(0, 16) / 16 for _ in range(64)])
    return named(nn.cross_entropy([scores], [7]), "loss")


def gpt(tokens: int = 11, *, width: int = 16, heads: int = 4, letter_count: int = 27) -> Any:
    """A GPT of scalars, each product and each sum a node: some 80,000 of them. Its parameters are labelled."""
    rng = random.Random(4)

    def matrix(name: str, rows: int, columns: int) -> list[Row]:
        return [[Value(rng.gauss(0, 0.2), label=f"{name}.{i}.{j}") for j in range(columns)] for i in range(rows)]

    letters, places = matrix("letters", letter_count, width), matrix("places", tokens, width)
    query, key, value, seen = (matrix(name, width, width) for name in ("query", "key", "value", "seen"))
    wide, narrow, scores = (
        matrix("wide", 4 * width, width),
        matrix("narrow", width, 4 * width),
        matrix("scores", letter_count, width),
    )
    keys: list[Row] = []
    values: list[Row] = []
    losses = []
    size = width // heads
    for place in range(tokens):
        x = [a + b for a, b in zip(letters[rng.randrange(letter_count)], places[place], strict=True)]
        inside = normed(x)
        asked = times(query, inside)
        keys.append(times(key, inside))
        values.append(times(value, inside))
        found = []
        for start in range(0, width, size):
            part = slice(start, start + size)
            shares = softmax([product(asked[part], known[part]) / size**0.5 for known in keys])
            found += [product(shares, [known[i] for known in values]) for i in range(start, start + size)]
        x = [a + b for a, b in zip(x, times(seen, found), strict=True)]
        thought = [h.relu() for h in times(wide, normed(x))]
        x = [a + b for a, b in zip(x, times(narrow, thought), strict=True)]
        losses.append(-softmax(times(scores, x))[rng.randrange(letter_count)].log())
    return named(added(losses) / tokens, "loss")


def added(numbers: Sequence[Any]) -> Any:
    """A sum, one operation after the other."""
    total = numbers[0]
    for number in numbers[1:]:
        total = total + number
    return total


def product(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """An inner product, one operation after the other."""
    return added([x * y for x, y in zip(a, b, strict=True)])


def times(matrix: Sequence[Row], x: Row) -> Row:
    """A matrix times a vector."""
    return [product(row, x) for row in matrix]


def normed(x: Row) -> Row:
    """A vector over the root of its mean square."""
    scale = (added([a * a for a in x]) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(x: Row) -> Row:
    """Shares of one."""
    powers = [a.exp() for a in x]
    total = added(powers)
    return [power / total for power in powers]


def chain(length: int) -> Any:
    """A chain of `length` operations, in turn a product with 1.1 and a tanh."""
    y: Any = Value(0.5, label="x")
    for k in range(length):
        y = y.tanh() if k % 2 else y * 1.1
    return named(y, "y")


def fan_out(uses: int = 1000) -> Any:
    """One input that is used in a thousand products, and their sum."""
    x = Value(0.5, label="x")
    return named(ag.sum([x * (k / uses) for k in range(uses)]), "f")


def random_graph(nodes: int = 668) -> Any:
    """Operations of operands that are picked among the last ones, without any order that could be seen."""
    rng = random.Random(5)
    pool: list[Any] = [Value(rng.uniform(-1, 1), label=f"x{k}") for k in range(20)]
    while len(pool) < nodes - 1:
        a, b = rng.choice(pool[-40:]), rng.choice(pool[-40:])
        pool.append(rng.choice((a + b, a * b, a - b, a.tanh(), a.sin())))
    used = {id(parent) for value in pool for parent in value.parents}
    return named(ag.sum([value for value in pool if id(value) not in used]), "f")


GOAL: dict[str, Callable[[], Any]] = {
    "lecture": lecture,
    "sigmoid": sigmoid,
    "shop": shop,
    "softmax loss": softmax_loss,
    "MLP(2, [4, 4, 1])": lambda: net(2, 4, 4, 1),
    "MLP(2, [16, 16, 1])": lambda: net(2, 16, 16, 1),
    "a batch of 20": lambda: net(2, 4, 4, 1, samples=20),
    "digits": digits,
    "GPT": gpt,
    "a chain of 80": lambda: chain(80),
    "a chain of 10,000": lambda: chain(10_000),
    "a chain of 1,000,000": lambda: chain(1_000_000),
    "fan-out of 1,000": fan_out,
    "a random graph": random_graph,
}


def computed(name: str) -> Any:
    """A graph of the list, after its backward pass."""
    result = GOAL[name]()
    result.backward()
    return result
