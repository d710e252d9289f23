"""The tapes of both engines run on programs that are read from graphs here, by code of its own: the same bits as `backward`."""

from __future__ import annotations

import array
import importlib
import math
import random
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from oracle import STRANGE, bits, drawn, outcome, read

import autograd as ag

program = importlib.import_module("autograd.program")


def tape_of(engine: ModuleType) -> Any:
    """The class Tape of an engine."""
    found = getattr(engine, "Tape", None)
    return importlib.import_module("autograd.replay").Tape if found is None else found


def eager(f: Any, point: Sequence[float], Value: Any) -> Any:
    """The number and the gradients of the function itself."""
    leaves = [Value(x) for x in point]
    root = f(*leaves)
    root.backward()
    return bits(root.data), [bits(x.grad) for x in leaves]


def replayed(tape: Any, point: Sequence[float]) -> Any:
    """The same from a tape."""
    value, gradients = tape.sweep(list(point), 0)
    assert [bits(x) for x in tape.values(list(point))] == [bits(value)]
    return bits(value), [bits(x) for x in gradients]


def test_random_graphs(engine: ModuleType, thorough: bool) -> None:
    """3,000 random graphs (150 by default), read at one point and replayed at others, strange ones among them."""
    rng = random.Random(31)
    Value, Tape = engine.Value, tape_of(engine)
    stale = 0
    for _ in range(3000 if thorough else 150):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        leaves = [Value(x) for x in expression.point]
        tape = Tape(read([expression.fn(*leaves)], leaves), bytes([1] * len(leaves)))
        for turn in range(6):
            point = [x + rng.gauss(0, 0.2) if turn else x for x in expression.point]
            if turn > 3:
                point[rng.randrange(len(point))] = rng.choice(STRANGE)
            try:
                found = replayed(tape, point)
            except program.Stale:
                stale += 1
                continue
            assert found == eager(expression.fn, point, Value), (expression, point)
    assert stale < (1500 if thorough else 80)  # of a fourteenth or so, at the strange points


def test_only_what_is_asked_for(engine: ModuleType) -> None:
    """Inputs that aren't differentiated get no derivative, and those of the others keep their bits."""
    rng = random.Random(32)
    for _ in range(100):
        expression = drawn(rng)
        leaves = [engine.Value(x) for x in expression.point]
        found = read([expression.fn(*leaves)], leaves)
        _, gradients = eager(expression.fn, expression.point, engine.Value)
        for number in range(2 ** len(leaves)):
            active = bytes(number >> i & 1 for i in range(len(leaves)))
            _, derivatives = tape_of(engine)(found, active).sweep(list(expression.point), 0)
            assert [bits(x) for x in derivatives] == [g for g, wanted in zip(gradients, active, strict=True) if wanted]


def test_several_outputs(engine: ModuleType) -> None:
    """Each output is swept in its own order, and the jacobian has a row for each, though they share nodes."""
    rng = random.Random(33)
    for _ in range(60):
        expression = drawn(rng)
        leaves = [engine.Value(x) for x in expression.point]
        nodes = [node for node in engine.topological_order(expression.fn(*leaves)) if node.parents]
        roots = [*rng.sample(nodes, min(3, len(nodes))), nodes[-1], nodes[0], leaves[0]]
        tape = tape_of(engine)(read(roots, leaves), bytes([1] * len(leaves)))
        values, rows = tape.jacobian(list(expression.point))
        assert [bits(x) for x in values] == [bits(root.data) for root in roots]
        for k, root in enumerate(roots):
            for x in leaves:
                x.grad = None
            root.backward()
            expected = [bits(x.grad) for x in leaves]
            assert [bits(x) for x in rows[k]] == expected
            value, row = tape.sweep(list(expression.point), k)
            assert (bits(value), [bits(x) for x in row]) == (bits(root.data), expected)


def test_captured_numbers_are_read_anew(engine: ModuleType) -> None:
    """A captured Value's number is the one that it has now, and its derivative comes after those of the inputs."""
    x, w = engine.Value(2.0), engine.Value(3.0)
    tape = tape_of(engine)(read([ag.sin(x * w) * w], [x], [w]), b"\1")
    for data in (3.0, 0.0, -0.0, math.inf, 1e307, 5e-324):
        w.data = data
        try:
            value, derivatives = tape.sweep([2.0], 0)
        except program.Stale:
            assert math.isinf(data)
            continue
        v, u = engine.Value(2.0), engine.Value(data)
        y = ag.sin(v * u) * u
        y.backward()
        assert [bits(z) for z in (value, *derivatives)] == [bits(y.data), bits(v.grad), bits(u.grad)]


@pytest.mark.parametrize("test", sorted(program.TESTS))
def test_guards(engine: ModuleType, test: str) -> None:
    """Each test of a guard holds where it gave the recorded result, down to the sign of zero, and nowhere else."""
    two = test in ("lt", "le", "gt", "ge", "eq", "ne", "floordiv", "round")
    right = (0.0, 1.0, 2.0) if test == "round" else STRANGE
    x, y = engine.Value(2.0), engine.Value(3.0)
    plain = read([x * y + x], [x, y])
    Tape = tape_of(engine)
    for a in STRANGE:
        for b in right if two else (0.0,):
            number = (b,) if test == "round" else ()  # how many digits is a constant
            try:
                result = program.TESTS[test](*((a, b) if two else (a,)))
            except (ArithmeticError, ValueError):
                continue
            if result != result:  # the sign of a nan says nothing
                continue
            guard = program.Guard(1, test, (0, 2) if number else (0, 1) if two else (0,), result, "line")
            shifted = array.array("I", [s + len(number) if s > 1 else s for s in plain.operands])
            parts = plain.records, plain.ops, plain.starts, shifted
            tape = Tape(program.Program(2, (), number, *parts, [guard], [s + len(number) for s in plain.outputs]), b"\1\1")
            assert [bits(z) for z in tape.values([a, b])] == [bits(a * b + a)]
            for c in STRANGE[::3] if two else STRANGE:
                holds = guard.holds([c, b, *number])
                try:
                    tape.values([c, b])
                except program.Stale as stale:
                    agreed = not holds and stale.guard <= 0
                else:
                    agreed = holds
                assert agreed, (a, b, c)


def test_a_stale_tape_can_be_used_again(engine: ModuleType) -> None:
    """After an instruction raised, the next run is right."""
    x = engine.Value(2.0)
    tape = tape_of(engine)(read([ag.log(x) * x], [x]), b"\1")
    for _ in range(3):
        with pytest.raises(program.Stale) as raised:
            tape.sweep([-1.0], 0)
        assert raised.value.guard == -1
        assert replayed(tape, [2.0]) == eager(lambda v: ag.log(v) * v, [2.0], engine.Value)


def test_orders_that_are_not_that_of_the_code(engine: ModuleType) -> None:
    """Code in another order than depth first is swept depth first, as `backward` walks: bits of sums depend on it."""
    rng = random.Random(34)
    differs = 0
    for _ in range(300):
        expression = drawn(rng, longest=30)
        leaves = [engine.Value(x) for x in expression.point]
        root = expression.fn(*leaves)
        straight = read([root], leaves)
        n, first = len(straight), straight.first
        # A random order in which operands still come first.
        done: list[int] = []
        waiting = list(range(n))
        while waiting:
            ready = [i for i in waiting if all(s < first or s - first in done for s in straight.operands_of(i))]
            done.append(rng.choice(ready))
            waiting.remove(done[-1])
        differs += done != sorted(done)
        new = {first + i: first + place for place, i in enumerate(done)}
        ops, starts, operands = array.array("H"), array.array("I", [0]), array.array("I")
        for i in done:
            ops.append(straight.ops[i])
            operands.extend(new.get(s, s) for s in straight.operands_of(i))
            starts.append(len(operands))
        mixed = program.Program(straight.inputs, (), straight.constants, straight.records, ops, starts, operands, (),
                                [new.get(s, s) for s in straight.outputs])  # fmt: skip
        tape = tape_of(engine)(mixed, bytes([1] * len(leaves)))
        assert replayed(tape, expression.point) == eager(expression.fn, expression.point, engine.Value), expression
    assert differs > 50


def test_one_tape_in_threads(engine: ModuleType) -> None:
    """Four threads replay one tape at once."""
    expression = drawn(random.Random(35), longest=60)
    leaves = [engine.Value(x) for x in expression.point]
    tape = tape_of(engine)(read([expression.fn(*leaves)], leaves), bytes([1] * len(leaves)))
    points = [[x + 0.001 * i for x in expression.point] for i in range(30)]
    expected = [outcome(lambda p=p: eager(expression.fn, p, engine.Value), lambda x: x) for p in points]
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(10):
            for point, right in zip(points, expected, strict=True):
                try:
                    found = replayed(tape, point)
                except program.Stale:
                    continue
                if found != right:
                    wrong.append(point)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_reentrance(engine: ModuleType) -> None:
    """A record that is asked in Python, and replays the tape it is asked for, gets a workspace of its own."""
    depth: list[int] = []
    holder: list[Any] = []

    def twice(x: float) -> float:
        if holder and len(depth) < 3:
            depth.append(1)
            holder[0].values([x + 1.0])
        return 2.0 * x

    record = ag.primitive(twice, lambda z, x: 2.0, name="twice_reentrant")
    x = engine.Value(1.5)
    tape = tape_of(engine)(read([record(x) * x + ag.sin(x)], [x]), b"\1")
    holder.append(tape)
    for _ in range(3):
        depth.clear()
        assert replayed(tape, [0.5]) == eager(lambda v: record(v) * v + ag.sin(v), [0.5], engine.Value)
    assert depth


def test_a_program_that_is_broken_is_refused() -> None:
    """Slots, starts, records and guards that don't exist raise in the native engine: nothing is read past an end."""
    engine = pytest.importorskip("autograd._native", reason="the native engine is not built here")
    x = engine.Value(2.0)
    right = read([ag.sin(x) * x], [x])
    parts = {"inputs": 1, "captured": (), "constants": (), "records": right.records, "ops": right.ops, "starts": right.starts,
             "operands": right.operands, "guards": (), "outputs": right.outputs}  # fmt: skip
    Tape = tape_of(engine)
    wrong: list[dict[str, Any]] = [
        {"outputs": (9,)}, {"outputs": (-1,)}, {"ops": array.array("H", [0, 7])}, {"operands": array.array("I", [0, 9, 0])},
        {"operands": array.array("I", [2, 0, 0])}, {"starts": array.array("I", [0, 1, 9])},
        {"starts": array.array("I", [0, 2, 1])},
        {"starts": array.array("I", [0, 1])}, {"starts": array.array("I", [0, 0, 3])}, {"operands": array.array("I", [0, 1])},
        {"guards": (program.Guard(9, "lt", (0, 0), True, ""),)}, {"guards": (program.Guard(0, "lt", (0, 2), True, ""),)},
        {"guards": (program.Guard(0, "lt", (0,), True, ""),)}, {"guards": (program.Guard(1, "bool", (99,), True, ""),)},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises((ValueError, IndexError, KeyError, program.Stale)):
            Tape(program.Program(**{**parts, **change}), b"\1").sweep([1.0], 0)
    for numbers in ([], [1.0, 2.0]):
        with pytest.raises((ValueError, TypeError)):
            Tape(right, b"\1").values(numbers)
    with pytest.raises((ValueError, TypeError)):
        Tape(right, b"\1\1")
    with pytest.raises(IndexError):
        Tape(right, b"\1").sweep([1.0], 1)
