"""A GPT of scalars: one block, 16 wide, 4 heads, character by character, trained on names of places; one training step.

    python benchmarks/gpt.py [--rounds 5] [--steps N] [--json]

The names are the last parts of the time zones' names (`zoneinfo`: "Asia/Kathmandu" gives kathmandu). A step is one
name: the forward pass over all its letters with attention over those before, cross-entropy, the backward pass, and Adam.
What is timed is the mean of the steps over four names. The losses of the first two passes over them must fall, and be
the same for all.

All run the same code, one scalar operation at a time, except for the row that says nodes: there dot, logsumexp
and softmax are one node each. ``--steps N`` trains for N steps on the engine that is installed, prints the loss as it
falls, and invents ten names.

The layers are those of GPT-2 with RMS normalisation and without biases (Radford and others, 2019; Zhang and Sennrich,
2019).
"""

from __future__ import annotations

import operator
import random
import zoneinfo
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

from harness import Contestant, Race, both_engines, engine_module, parser, positive, race

WIDTH, HEADS, CONTEXT = 16, 4, 12
NAMES = 4  # that are timed: how often the garbage collector looks through everything differs from one name to another
Prepared = tuple[Callable[[], object], Sequence[float]]
Row = list[Any]


def names() -> list[str]:
    """Places, in lower case, of letters alone and of at most as many as fit; shuffled in the same way every time."""
    zones = zoneinfo.available_timezones()
    if not zones:
        raise SystemExit("this machine has no time zone data; install the package tzdata")
    places = {
        zone.rpartition("/")[2].lower()
        for zone in zones
        if zone.count("/") == 1 and not zone.startswith(("Etc", "SystemV", "US"))
    }
    found = sorted(place for place in places if place.isascii() and place.isalpha() and 3 <= len(place) < CONTEXT)
    random.Random(7).shuffle(found)
    return found


class Scalars:
    """The operations on rows of scalars, one scalar operation at a time."""

    def dot(self, ws: Row, xs: Row) -> Any:
        """The inner product."""
        return sum(map(operator.mul, ws, xs))

    def softmax(self, xs: Row) -> Row:
        """Shares that sum to 1, from the largest down so that no exponential overflows."""
        top = max(x.data for x in xs)
        powers = [(x - top).exp() for x in xs]
        whole = sum(powers)
        return [p / whole for p in powers]

    def loss(self, scores: Row, answer: int) -> Any:
        """Minus the logarithm of the answer's share."""
        return -self.softmax(scores)[answer].log()


class Nodes(Scalars):
    """The same by glassgrad's n-ary nodes."""

    def __init__(self, ag: Any) -> None:
        self.dot = ag.dot  # type: ignore[method-assign]
        self.softmax = ag.softmax  # type: ignore[method-assign]
        self.ag = ag

    def loss(self, scores: Row, answer: int) -> Any:
        """By logsumexp."""
        return self.ag.logsumexp(scores) - scores[answer]


class Model:
    """The weights, and what is computed with them."""

    def __init__(self, Value: Any, algebra: Scalars, letters: str, seed: int = 42) -> None:
        rng = random.Random(seed)
        self.letters = letters
        self.algebra = algebra

        def matrix(rows: int, columns: int, spread: float) -> list[Row]:
            return [[Value(rng.gauss(0.0, spread)) for _ in range(columns)] for _ in range(rows)]

        tokens = len(letters) + 1  # and the one that begins and ends a name
        self.weights = {
            "tokens": matrix(tokens, WIDTH, 0.2),
            "places": matrix(CONTEXT, WIDTH, 0.2),
            "queries": matrix(WIDTH, WIDTH, 0.2),
            "keys": matrix(WIDTH, WIDTH, 0.2),
            "values": matrix(WIDTH, WIDTH, 0.2),
            "attended": matrix(WIDTH, WIDTH, 0.05),
            "up": matrix(4 * WIDTH, WIDTH, 0.2),
            "down": matrix(WIDTH, 4 * WIDTH, 0.05),
            "scores": matrix(tokens, WIDTH, 0.2),
        }
        self.parameters = [w for rows in self.weights.values() for row in rows for w in row]

    def times(self, name: str, xs: Row) -> Row:
        """A matrix times a row."""
        return [self.algebra.dot(row, xs) for row in self.weights[name]]

    def normalised(self, xs: Row) -> Row:
        """Scaled so that the mean square is 1."""
        scale = (self.algebra.dot(xs, xs) * (1.0 / len(xs)) + 1e-5) ** -0.5
        return [x * scale for x in xs]

    def scores(self, token: int, keys: list[Row], values: list[Row]) -> Row:
        """How likely each token comes next; what is remembered grows by one."""
        place = self.weights["places"][len(keys)]
        xs = self.normalised([a + b for a, b in zip(self.weights["tokens"][token], place, strict=True)])
        inside = self.normalised(xs)
        query = self.times("queries", inside)
        keys.append(self.times("keys", inside))
        values.append(self.times("values", inside))
        size = WIDTH // HEADS
        seen: Row = []
        for head in range(0, WIDTH, size):
            part = slice(head, head + size)
            weights = self.algebra.softmax([self.algebra.dot(query[part], key[part]) * size**-0.5 for key in keys])
            seen += [self.algebra.dot(weights, [value[i] for value in values]) for i in range(head, head + size)]
        xs = [x + y for x, y in zip(xs, self.times("attended", seen), strict=True)]
        hidden = [h.relu() for h in self.times("up", self.normalised(xs))]
        xs = [x + y for x, y in zip(xs, self.times("down", hidden), strict=True)]
        return self.times("scores", xs)

    def loss(self, name: str) -> Any:
        """The mean over a name's letters of what its next letter costs."""
        tokens = [len(self.letters), *[self.letters.index(c) for c in name], len(self.letters)]
        keys: list[Row] = []
        values: list[Row] = []
        losses = [self.algebra.loss(self.scores(a, keys, values), b) for a, b in pairwise(tokens)]
        return sum(losses) * (1.0 / len(losses))

    def invented(self, rng: random.Random) -> str:
        """A name that the model thinks of."""
        keys: list[Row] = []
        values: list[Row] = []
        token, name = len(self.letters), ""
        while len(keys) < CONTEXT:
            shares = self.algebra.softmax([s * 1.4 for s in self.scores(token, keys, values)])
            (token,) = rng.choices(range(len(shares)), [s.data for s in shares])
            if token == len(self.letters):
                break
            name += self.letters[token]
        return name


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015."""

    def __init__(self, parameters: Row, rate: float = 0.01) -> None:
        self.parameters, self.rate, self.time = parameters, rate, 0
        self.means = [0.0] * len(parameters)
        self.squares = [0.0] * len(parameters)

    def step(self) -> None:
        """Move every parameter, and forget its gradient."""
        self.time += 1
        gradients = [p.grad for p in self.parameters]
        self.means = [0.9 * m + 0.1 * g for m, g in zip(self.means, gradients, strict=True)]
        self.squares = [0.95 * s + 0.05 * g * g for s, g in zip(self.squares, gradients, strict=True)]
        rate, unbiased = self.rate / (1.0 - 0.9**self.time), 1.0 / (1.0 - 0.95**self.time)
        for p, m, s in zip(self.parameters, self.means, self.squares, strict=True):
            p.data -= rate * m / (sqrt(s * unbiased) + 1e-8)
            p.grad = 0.0


def training(Value: Any, algebra: Scalars) -> Prepared:
    """A step for each of a few names, the same each time, so that the rounds can be compared; and the first losses."""
    places = names()
    model = Model(Value, algebra, "".join(sorted(set("".join(places)))))
    adam = Adam(model.parameters)

    def step(name: str) -> float:
        loss = model.loss(name)
        loss.backward()
        adam.step()
        return float(loss.data)

    def steps() -> list[float]:
        return [step(name) for name in places[:NAMES]]

    before, after = steps(), steps()
    if not sum(after) < sum(before):
        raise SystemExit(f"{Value.__module__}.Value: the loss does not fall: {before}, then {after}")
    return steps, before + after


def glassgrad() -> Prepared:
    """Either engine, one operation at a time."""
    return training(engine_module().Value, Scalars())


def glassgrad_nodes() -> Prepared:
    """By n-ary nodes."""
    ag = engine_module()
    return training(ag.Value, Nodes(ag))


def minimal() -> Prepared:
    """The class of `minimal_value.py`."""
    from minimal_value import Value

    return training(Value, Scalars())


def measure(rounds: int) -> Race:
    """All, in turn."""
    contestants = [
        *both_engines("glassgrad"),
        Contestant("glassgrad, native, nodes", "glassgrad_nodes", {"AUTOGRAD_ENGINE": "native"}),
        Contestant("a minimal Value in Python", "minimal"),
    ]
    return race("a GPT of scalars, one training step", __file__, contestants, rounds, at_least=0.2, per=NAMES)


def train(steps: int) -> None:
    """Show that it learns."""
    ag = engine_module()
    places = names()
    model = Model(ag.Value, Scalars(), "".join(sorted(set("".join(places)))))
    adam = Adam(model.parameters)
    total = 0.0
    for i in range(steps):
        loss = model.loss(places[i % len(places)])
        loss.backward()
        adam.rate = 0.01 * (1.0 - i / steps)
        adam.step()
        total += loss.data
        if (i + 1) % max(1, steps // 10) == 0:
            print(f"step {i + 1:6}  mean loss of the last {max(1, steps // 10)} names: {total / max(1, steps // 10):.3f}")
            total = 0.0
    rng = random.Random(0)
    with ag.no_grad():
        print("invented:", *[model.invented(rng) for _ in range(10)])


def main() -> None:
    options = parser(__doc__, rounds=5)
    options.add_argument("--steps", type=positive, help="train for this many steps instead, and show what it learned")
    given = options.parse_args()
    if given.steps:
        train(given.steps)
    else:
        measure(given.rounds).show(given.json)


if __name__ == "__main__":
    main()
