"""Programs to print, for the tests of each language: of random expressions, and of every primitive."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import autograd as ag
from autograd import value as reference
from autograd.program import Program, program_of
from autograd.testing.expressions import OPERATIONS, build

V = reference.Value
AWKWARD = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0)


def of_function(f: Callable[..., Any], *point: float, labels: str = "") -> tuple[Program, list[float], list[float]]:
    """A function as a program, the point as its inputs, and what eager says: the value, and the derivatives."""
    inputs = [V(x, label) for x, label in zip(point, labels.split() or [""] * len(point), strict=True)]
    return eager(program_of([f(*inputs)], inputs), inputs)


def one(record: Any, *slots: int, inputs: int = 1, constants: tuple[float, ...] = (), guards: Any = ()) -> Program:
    """A program of one instruction."""
    code = array("H", [0]), array("I", [0, len(slots)]), array("I", slots)
    return Program(inputs, (), constants, (record,), *code, guards, (inputs + len(constants),))


def eager(program: Program, inputs: Sequence[Any], root: Any = None) -> tuple[Program, list[float], list[float]]:
    """A program, its inputs' numbers, and what eager says: the value, and the derivatives."""
    again = root if root is not None else replayed(program, inputs)
    before = [x.grad for x in program.captured]
    for x in [*inputs, *program.captured]:
        x.grad = None
    again.backward()
    found = [again.data, *[x.grad for x in [*inputs, *program.captured]]]
    for x, grad in zip(program.captured, before, strict=True):
        x.grad = grad
    return program, [x.data for x in inputs], found


def replayed(program: Program, inputs: Sequence[Any], captured: Sequence[Any] | None = None) -> Any:
    """The first output of a program, computed on Values; on others than were captured, if there are some."""
    slots = [*inputs, *(program.captured if captured is None else captured), *program.constants]
    for record, operands in program:
        slots.append(record.apply(tuple([slots[s] for s in operands])))
    return slots[program.outputs[0]]


def drawn(seed: int, names: Iterable[str] = OPERATIONS) -> tuple[Program, list[float], list[float]]:
    """A random program, its inputs, and what eager says of it."""
    rng = random.Random(seed)
    choices = list(names)
    point = [
        rng.choice((rng.uniform(-2.0, 2.0), rng.uniform(-2.0, 2.0), rng.choice(AWKWARD))) for _ in range(rng.randint(1, 4))
    ]
    steps = []
    for _ in range(rng.randint(2, 14)):
        name = rng.choice(choices)
        steps.append((name, *[rng.randint(0, 6) for _ in OPERATIONS[name][0]]))
    expression = build(point, steps, smooth=False)  # type: ignore[arg-type]
    leaves = [V(x) for x in point]
    root = expression.fn(*leaves)
    captured = rng.randint(0, len(leaves) - 1)
    inputs = leaves[: len(leaves) - captured]
    return eager(program_of([root], inputs), inputs, root)


def derivative_of(name: str) -> tuple[Program, list[float], list[float]]:
    """The derivative of an operation, which has records of its own, as a program."""
    zones, call = OPERATIONS[name]
    inputs = [V(x) for x in ((0.625,) if "unit" in zones else (1.625, 0.75))[: len(zones)]]
    slopes = reference.gradients(call(ag, inputs[0], inputs[-1], 0.0), inputs, create_graph=True)
    total = ag.sum([g * (1.0 + i) for i, g in enumerate(slopes)])
    return eager(program_of([total], inputs), inputs, total)


def hexed(numbers: Iterable[float]) -> list[str]:
    """Numbers by their bits."""
    return [x.hex() for x in numbers]
