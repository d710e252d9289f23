"""Micrograd's demo: a net of 2-16-16-1 on 100 points of two moons, hinge loss with L2; one training step.

    python benchmarks/moons.py [--rounds 5] [--json]

The net is written here in micrograd's style, for any class Value: one addition or product at a time. A step is the
forward pass over all 100 points, the backward pass, and the update of all 337 parameters. The last contestant is the same
net with one `dot` node for each neuron.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from harness import Contestant, Race, both_engines, engine_module, parser, race

POINTS = 100
SIZES = (2, 16, 16, 1)
Prepared = tuple[Callable[[], object], Sequence[float]]
Weights = list[list[list[Any]]]  # by layer and neuron, the bias last


def moons(rng: random.Random) -> tuple[list[tuple[float, float]], list[int]]:
    """Two interlocking half circles, as scikit-learn's make_moons draws them with noise of 0.1; labels 1, -1."""
    points, labels = [], []
    for i in range(POINTS):
        angle = math.pi * (i // 2) / (POINTS // 2 - 1)
        x, y = (math.cos(angle), math.sin(angle)) if i % 2 else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
        points.append((x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)))
        labels.append(-1 if i % 2 else 1)
    return points, labels


def forward(weights: Weights, xs: Sequence[Any], dot: Callable[..., Any] | None) -> Any:
    """The score of one point; relu in all layers but the last."""
    for depth, layer in enumerate(weights):
        if dot is None:
            ys = [sum((w * x for w, x in zip(neuron, xs, strict=False)), neuron[-1]) for neuron in layer]
        else:
            ys = [dot(neuron[:-1], xs) + neuron[-1] for neuron in layer]
        xs = ys if depth == len(weights) - 1 else [y.relu() for y in ys]
    return xs[0]


def training(Value: Any, dot: Callable[..., Any] | None = None) -> Prepared:
    """A step of training, and the losses of the first two."""
    rng = random.Random(1337)
    points, labels = moons(rng)
    weights: Weights = [
        [[Value(rng.uniform(-1, 1)) for _ in range(n)] + [Value(0.0)] for _ in range(m)] for n, m in pairwise(SIZES)
    ]
    parameters = [w for layer in weights for neuron in layer for w in neuron]

    def step() -> float:
        scores = [forward(weights, point, dot) for point in points]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        loss = sum(losses) * (1.0 / POINTS) + 1e-4 * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data -= 0.05 * p.grad
        return float(loss.data)

    return step, [step(), step()]


def glassgrad() -> Prepared:
    """Either engine, one operation at a time."""
    return training(engine_module().Value)


def glassgrad_dot() -> Prepared:
    """With n-ary nodes."""
    ag = engine_module()
    return training(ag.Value, ag.dot)


def micrograd() -> Prepared:
    """Micrograd."""
    from micrograd.engine import Value

    return training(Value)


def measure(rounds: int) -> Race:
    """All that are there, in turn."""
    contestants = [
        *both_engines("glassgrad"),
        Contestant("glassgrad, native, dot nodes", "glassgrad_dot", {"AUTOGRAD_ENGINE": "native"}),
        Contestant("micrograd", "micrograd"),
    ]
    return race("micrograd's demo, one training step", __file__, contestants, rounds, at_least=0.2)


def main() -> None:
    given = parser(__doc__, rounds=5).parse_args()
    measure(given.rounds).show(given.json)


if __name__ == "__main__":
    main()
