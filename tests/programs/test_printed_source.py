"""The printed Python of random programs, run by Python itself: the numbers and gradients of eager code, bit for bit."""

from __future__ import annotations

import random
from typing import Any

import pytest
from oracle import STRANGE, bits, drawn, outcome, random_function, random_point, read

import autograd as ag


def run(text: str) -> dict[str, Any]:
    """The functions of a printed program, in a namespace that has nothing else."""
    space: dict[str, Any] = {}
    exec(compile(text, "<printed>", "exec"), space)
    return space


def eager(f: Any, point: Any, Value: Any) -> Any:
    """The number and the gradients of the function itself."""
    leaves = [Value(x) for x in point]
    root = f(*leaves)
    root.backward()
    return bits(root.data), [bits(x.grad) for x in leaves]


def test_random_graphs(thorough: bool) -> None:
    """1,000 random graphs (25 by default): value and value_and_gradients of the printed text, at points near and strange."""
    rng = random.Random(41)
    for _ in range(1000 if thorough else 25):
        expression = drawn(rng, longest=10, smooth=rng.random() < 0.7)
        leaves = [ag.Value(x) for x in expression.point]
        space = run(read([expression.fn(*leaves)], leaves).source("python"))
        assert not {"autograd", "ag", "Value"} & set(space)
        for turn in range(6):
            point = [x + rng.gauss(0, 0.2) if turn else x for x in expression.point]
            if turn > 3:
                point[rng.randrange(len(point))] = rng.choice(STRANGE)
            expected = outcome(lambda p=point, e=expression: eager(e.fn, p, ag.Value), lambda x: x)
            if expected[0] == "raises":
                with pytest.raises((ArithmeticError, ValueError)):
                    space["value_and_gradients"](*point)
                continue
            value, gradients = space["value_and_gradients"](*point)
            assert (bits(value), [bits(g) for g in gradients]) == expected, (expression, point)
            assert bits(space["value"](*point)) == expected[0]


def test_recorded_functions(thorough: bool) -> None:
    """300 random functions (20 by default), as recorded: where the guards hold the text gives the bits, else it raises."""
    rng = random.Random(42)
    held = 0
    for _ in range(300 if thorough else 20):
        function = random_function(rng, ag.Value, unsafe=0.0, captured=0)
        fast = ag.compile(function.function)
        point = random_point(rng, function.arguments, 0.1)
        for _ in range(3):
            result = outcome(lambda p=point, f=fast: f(*p))
        if fast.program is None or not isinstance(result, str) or len(fast.program.outputs) != 1:
            continue
        space = run(fast.program.source("python"))
        for turn in range(6):
            other = random_point(rng, function.arguments, 0.1) if turn else point
            try:
                value, gradients = space["value_and_gradients"](*other)
            except (ArithmeticError, ValueError):
                continue
            held += 1
            leaves = [ag.Value(x) for x in other]
            root = function.function(*leaves)
            expected = [0.0] * len(leaves) if not isinstance(root, ag.Value) else ag.gradients(root, leaves)
            assert bits(value) == bits(getattr(root, "data", root)), (function.text, other)
            assert [bits(g) for g in gradients] == [bits(g) for g in expected], (function.text, other)
    assert held > (600 if thorough else 30)


def test_it_reads_like_a_lecture() -> None:
    """print(program) names variables, goes forward, then backward, and a captured Value has its label."""
    w = ag.Value(3.0, label="weight")

    def f(x: Any, y: Any) -> Any:
        return (x + y) * w

    fast = ag.compile(f)
    for _ in range(3):
        fast(1.0, 2.0)
    lines = str(fast.program).splitlines()
    text = "\n".join(lines)
    assert text.index("# forward") < text.index("# backward")
    assert "weight" in text
    assert "d_weight = " in text
    assert text.startswith("def value_and_gradients(")
    assert max(map(len, lines)) <= 120
