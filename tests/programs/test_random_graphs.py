"""Thousands of random graphs and random functions through compile: no bit differs from the function itself.

Each runs on a part of its count, and on all of it with --thorough or GLASSGRAD_THOROUGH=1.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from oracle import Pair, drawn, random_function, random_point

import autograd as ag

# A random function may have more ways than are recorded; it then says so, and is computed eagerly.
pytestmark = pytest.mark.filterwarnings("ignore::autograd.EagerWarning")


def near(rng: random.Random, point: tuple[float, ...]) -> list[float]:
    """A point beside another one; sometimes far away from it, where the function may raise."""
    spread = rng.choice([0.0, 1e-3, 0.3, 2.0])
    return [x + rng.uniform(-spread, spread) for x in point]


def test_random_graphs_on_floats(thorough: bool) -> None:
    """3,000 random graphs (150 by default), each at 6 points: values, gradients and errors are those of the function."""
    rng = random.Random(14)
    compared = 0
    for _ in range(3000 if thorough else 150):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        pair = Pair(expression.fn, repr(expression))
        for turn in range(6):
            point = list(expression.point) if turn < 2 else near(rng, expression.point)
            if rng.random() < 0.1:
                point = random_point(rng, len(point), strange=0.7)
            pair.on_floats(point)
            pair.gradient(point)
        compared += pair.compared
    assert compared == 12 * (3000 if thorough else 150)


def test_random_graphs_on_values(Value: Any, thorough: bool) -> None:
    """3,000 random graphs (100 by default) on Values: numbers and gradients, one Value passed twice now and then."""
    rng = random.Random(15)
    for _ in range(3000 if thorough else 100):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        pair = Pair(expression.fn, repr(expression))
        count = len(expression.point)
        for turn in range(5):
            point = near(rng, expression.point)
            pattern = [rng.randrange(count) for _ in range(count)] if turn >= 3 else None
            pair.on_values(point, Value, pattern)


def test_random_functions(Value: Any, thorough: bool) -> None:
    """3,000 random functions (150 by default) with branches, loops, rounding, captured Values that change: nothing differs."""
    rng = random.Random(16)
    for _ in range(3000 if thorough else 150):
        function = random_function(rng, Value)
        pair = function.pair()
        for _ in range(7):
            point = random_point(rng, function.arguments, strange=0.15)
            if rng.random() < 0.3:
                for p in function.captured:
                    p.data = rng.gauss(0.0, 1.0)
            pair.on_values(point, Value)
            if not function.captured:
                pair.on_floats(point)
                pair.gradient(point, rng.choice(["value_and_grad", "jacobian"]))


def test_second_derivatives_of_random_graphs(thorough: bool) -> None:
    """500 random graphs (15 by default): Hessians of a compiled function have the bits of the function's."""
    rng = random.Random(17)
    for _ in range(500 if thorough else 15):
        expression = drawn(rng, longest=8)
        pair = Pair(expression.fn, repr(expression))
        for _ in range(4):
            point = near(rng, expression.point)
            pair.gradient(point, "hessian")


def test_a_compiled_transformation_is_the_transformation(thorough: bool) -> None:
    """compile(grad(f)), compile(jacobian(f)) and compile(hessian(f)) give what the transformations of f give, bit for bit."""
    rng = random.Random(18)
    for _ in range(300 if thorough else 12):
        expression = drawn(rng, longest=8)
        everything = tuple(range(len(expression.point)))
        for transform in (ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian, ag.jacfwd):
            pair = Pair(transform(expression.fn, everything), f"{transform.__name__} of {expression!r}")
            for _ in range(4):
                pair.on_floats(near(rng, expression.point))
