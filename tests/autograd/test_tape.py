"""A program that is replayed computes what the nodes did, to the last bit: values, sweeps, Jacobians, on both engines."""

from __future__ import annotations

import math
import random
import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import reading

import autograd as ag
from autograd import program as programs
from autograd.program import Guard, Stale
from autograd.testing.expressions import OPERATIONS, build

NAMES = list(OPERATIONS)
STRANGE = (0.0, -0.0, 1.0, -1.0, 1e-3, 1e3, -2.5, 1e-310, 1e200, math.inf, -math.inf, math.nan)
bits, read, written = reading.bits, reading.read, reading.written


def eagerly(Value: Any, f: Callable[..., Any], point: Sequence[float]) -> list[str] | None:
    """Value and gradients by nodes; None where something raises."""
    leaves = [Value(x) for x in point]
    try:
        root = f(*leaves)
        root.backward()
    except (ArithmeticError, ValueError):
        return None
    return [bits(x) for x in (root.data, *[x.grad for x in leaves])]


def replayed(tape: Any, point: Sequence[float]) -> list[str] | None:
    """The same by a tape; its three methods agree."""
    try:
        value, gradient = tape.sweep(point, 0)
    except Stale:
        return None
    assert [bits(x) for x in tape.values(point)] == [bits(value)]
    values, rows = tape.jacobian(point)
    assert [bits(x) for x in (*values, *rows[0])] == [bits(x) for x in (value, *gradient)]
    return [bits(x) for x in (value, *gradient)]


def expression(rng: random.Random) -> tuple[Any, tuple[float, ...]]:
    """A random function of one to three numbers, and a point inside its domain."""
    point = [rng.uniform(-3.0, 3.0) for _ in range(rng.randint(1, 3))]
    found = build(point, [(rng.choice(NAMES), rng.randrange(8), rng.randrange(8)) for _ in range(rng.randint(1, 14))])
    return found.fn, found.point


def test_random_graphs_have_the_bits_of_nodes(engine: Any, Value: Any, thorough: bool) -> None:
    """Values and gradients of random expressions have the bits of nodes by a tape, also far from where it was recorded."""
    compared = 0
    for seed in range(3000 if thorough else 150):
        rng = random.Random(seed)
        f, point = expression(rng)
        tape = engine.Tape(read(engine, f, [Value(x) for x in point], in_order=seed % 2 == 1), b"\1" * len(point))
        points = [point, *[[x * rng.choice((1.0, 0.5, -1.0)) for x in point] for _ in range(2)]]
        points += [[rng.choice(STRANGE) for _ in point]]
        for numbers in points:
            wanted = eagerly(Value, f, numbers)
            assert replayed(tape, numbers) == wanted, (seed, numbers)
            compared += wanted is not None
    assert compared > 300


def test_both_engines_read_the_same_program(thorough: bool) -> None:
    """The arrays, constants, records and labels that are read off a graph are the same on both engines."""
    pytest.importorskip("autograd._native", reason="the native engine is not built here")
    engines = [sys.modules["autograd.value"], sys.modules["autograd._native"]]
    for seed in range(1000 if thorough else 100):
        f, point = expression(random.Random(seed))
        found = []
        for engine in engines:
            captured = engine.Value(0.5, label="w")

            def g(*xs: Any, f: Any = f, engine: Any = engine, captured: Any = captured) -> Any:
                leaf = engine.Value(2.0, label="leaf")
                with ag.no_grad():
                    stopped = captured * xs[0] + 0.0
                return [leaf * f(*xs) * (captured + 1.0), stopped - xs[0] * captured]

            inputs = [engine.Value(x, label=f"x{i}") for i, x in enumerate(point)]
            program = read(engine, g, inputs, in_order=seed % 2 == 1)
            assert [x.label for x in program.captured] == ["w"]
            found.append((*program._code(), program.labels))
        assert found[0] == found[1]


def test_only_what_is_active_has_a_derivative(engine: Any, Value: Any) -> None:
    """Inputs that aren't differentiated get none, and a partial that only they need is not computed: a pole is no trouble."""
    program = read(engine, lambda x, y: x * ag.sqrt(y) + x, [Value(3.0), Value(4.0)])
    assert engine.Tape(program, b"\1\0").sweep((3.0, 0.0), 0) == (3.0, [1.0])
    assert engine.Tape(program, b"\0\1").sweep((3.0, 4.0), 0) == (9.0, [0.75])
    assert engine.Tape(program, b"\1\1").sweep((0.0, 0.0), 0)[1][0] == 1.0
    assert engine.Tape(program, b"\0\0").sweep((3.0, 4.0), 0) == (9.0, [])


def test_captured_numbers_are_read_anew(engine: Any, Value: Any) -> None:
    """A captured leaf's number is what it is at each replay, and its derivative comes after those of the inputs."""
    w = Value(2.0)
    tape = engine.Tape(read(engine, lambda x: x * w + w, [Value(3.0)]), b"\1")
    assert tape.sweep((3.0,), 0) == (8.0, [2.0, 4.0])
    w.data = 10.0
    assert tape.sweep((3.0,), 0) == (40.0, [10.0, 4.0])


def test_nothing_flows_through_a_stop(engine: Any, Value: Any) -> None:
    """What no_grad cuts off is computed anew, and no derivative goes through it."""

    def f(x: Any) -> Any:
        with ag.no_grad():
            y = x * x
        return x * y

    program = read(engine, f, [Value(3.0)])
    assert programs.stop in program.records
    assert engine.Tape(program, b"\1").sweep((2.0,), 0) == (8.0, [4.0])


def test_several_outputs_each_in_its_order(engine: Any, Value: Any, thorough: bool) -> None:
    """Each output of a program is swept in the order in which its own backward pass would walk, whatever order the code has."""
    for seed in range(300 if thorough else 40):
        rng = random.Random(seed)
        (f, point), (g, _) = expression(rng), expression(rng)

        def both(*xs: Any, f: Any = f, g: Any = g) -> list[Any]:
            u, v = f(*xs), xs[0] * 0.5 + ag.tanh(xs[-1])
            return [u * v + u, v - u * xs[0], v, xs[-1] * xs[-1] * u]

        leaves = [Value(x) for x in point]
        tape = engine.Tape(read(engine, both, leaves, in_order=seed % 2 == 1), b"\1" * len(point))
        values, rows = tape.jacobian(point)
        for k, row in enumerate(rows):
            inputs = [Value(x) for x in point]
            root = both(*inputs)[k]
            root.backward()
            assert [bits(x) for x in (values[k], *row)] == [bits(x) for x in (root.data, *[x.grad for x in inputs])], (seed, k)
            assert [bits(x) for x in tape.sweep(point, k)[1]] == [bits(x) for x in row]


# ---- sequences ---------------------------------------------------------------------------------------

SEQUENCES: list[Callable[[Sequence[Any]], Any]] = [
    ag.sum, ag.mean, ag.max, ag.min, ag.logsumexp, ag.norm, ag.prod, ag.var, ag.std,
    lambda xs: ag.softmax(xs)[len(xs) // 2], lambda xs: ag.log_softmax(xs)[0], lambda xs: ag.dot(xs, xs[::-1]),
    lambda xs: ag.dot(xs, [0.25] * len(xs)), lambda xs: ag.sum([p * (i + 0.5) for i, p in enumerate(ag.softmax(xs))]),
    lambda xs: ag.where(1.0, xs[0], xs[-1]) + ag.clamp(xs[0], -0.5, 0.5), lambda xs: ag.sum([]) + xs[0],
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(SEQUENCES)))
def test_sequences_have_the_bits_of_nodes(place: int, engine: Any, Value: Any) -> None:
    """n-ary records of numbers, inputs and captured Values, with ties and strange numbers, have the same bits by a tape."""
    rng = random.Random(place)
    for count in (1, 2, 3, 7, 40):
        w = [Value(rng.uniform(-1, 1)) for _ in range(2)]

        def f(*xs: Any, w: Any = w) -> Any:
            return SEQUENCES[place]([*xs, 0.25, *w]) * xs[0]

        point = [rng.choice((rng.uniform(-3, 3), 0.25, -0.5)) for _ in range(count)]
        tape = engine.Tape(read(engine, f, [Value(x) for x in point]), b"\1" * count)
        for numbers in (point, [0.25] * count, [rng.choice(STRANGE) for _ in point], [rng.uniform(-800, 800) for _ in point]):
            for leaf in w:
                leaf.grad = None
            wanted = eagerly(Value, f, numbers)
            try:
                value, gradient = tape.sweep(numbers, 0)
            except Stale:
                assert wanted is None or any(x != x for x in numbers), numbers
            else:
                assert wanted is not None
                used = [x.grad for x in tape.program.captured]
                assert [bits(x) for x in (value, *gradient)] == [*wanted, *map(bits, used)], numbers


def test_a_custom_primitive_is_called_back(engine: Any, Value: Any) -> None:
    """A primitive without a rule is computed by its own functions, and what they raise makes the program stale."""
    asked = []

    def partial(z: float, x: float, y: float) -> float:
        asked.append(x)
        return y

    scaled = ag.primitive(lambda x, y: x * y if x < 9.0 else 1 / 0, (partial, lambda z, x, y: x), name="scaled")
    program = read(engine, lambda x, y: scaled(x, y) + x, [Value(2.0), Value(3.0)])
    asked.clear()
    tape = engine.Tape(program, b"\1\1")
    assert tape.sweep((4.0, 5.0), 0) == (24.0, [6.0, 4.0])
    assert asked == [4.0] * len(asked) != []
    with pytest.raises(Stale) as caught:
        tape.values((10.0, 1.0))
    assert caught.value.guard == -1


def test_deep_programs_are_small(engine: Any, Value: Any) -> None:
    """A chain of 20,000 instructions needs no recursion, and its sweep has the derivative of the closed form."""

    def f(x: Any) -> Any:
        for _ in range(10_000):
            x = x * 1.0001 + 0.25
        return x

    program = read(engine, f, [Value(1.0)])
    assert (len(program), len(program.constants)) == (20_000, 2)
    value, (slope,) = engine.Tape(program, b"\1").sweep((1.0,), 0)
    assert math.isclose(slope, 1.0001**10_000, rel_tol=1e-9)
    assert math.isclose(value, slope + 0.25 * (slope - 1.0) / 0.0001, rel_tol=1e-9)


# ---- guards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", list(programs.TESTS))
def test_guards_agree_with_their_functions(test: str, engine: Any, Value: Any) -> None:
    """A tape passes a guard exactly where its function gives the recorded result, for each test and strange numbers."""
    base = read(engine, lambda x: x + 0.5, [Value(1.0)])
    two = test in ("lt", "le", "gt", "ge", "eq", "ne", "floordiv", "round")
    xs = (*STRANGE, 2.5, -3.5, 1e16, 0.3, 2.0**53)
    passed = 0
    for y in (0.0, 2.0, -2.0, 1e300) if two else (0.0,):
        for x in xs:
            try:
                result = programs.TESTS[test](*((x, abs(y) % 7.0 if test == "round" else y) if two else (x,)))
            except (ArithmeticError, ValueError):
                continue
            if result != result and test != "ne":  # the sign of nan may be any
                continue
            constant = abs(y) % 7.0 if test == "round" else y
            guard = Guard(0, test, (0, 2) if two else (0,), result, "")
            tape = engine.Tape(written(base, constants=(0.5, constant), guards=(guard,), outputs=(3,)), b"\1")
            for other in xs:
                if guard.holds((other, 0.5, constant)):
                    tape.values((other,))
                    passed += 1
                else:
                    with pytest.raises(Stale) as caught:
                        tape.values((other,))
                    assert caught.value.guard == (0 if engine.__name__ == "autograd._native" else caught.value.guard)
    assert passed


def test_a_guard_is_checked_before_what_it_protects(engine: Any, Value: Any) -> None:
    """A guard at a position stops the run there: a record behind it isn't computed for numbers that it isn't for."""
    base = read(engine, lambda x: ag.log(x) * 2.0, [Value(1.0)])
    tape = engine.Tape(
        written(base, guards=(Guard(0, "gt", (0, 1), True, ""),), constants=(0.0, 2.0), operands=array("I", [0, 3, 2])), b"\1"
    )
    assert tape.values((1.0,)) == [0.0]
    with pytest.raises(Stale) as caught:
        tape.sweep((-1.0,), 0)
    assert caught.value.instruction == -1


# ---- from memory to memory -----------------------------------------------------------------------------


def test_buffered_calls_write_what_calls_return(engine: Any, Value: Any) -> None:
    """A buffered function reads its array anew at each call, and writes the numbers of what an ordinary call returns."""

    def slowly(*xs: Any) -> Any:
        xs = tuple(xs[0]) if type(xs[0]) is list else xs
        return (xs[0] * xs[1], [xs[1], xs[0]])

    tape = engine.Tape(read(engine, lambda x, y: x * y, [Value(1.0), Value(2.0)]), b"\1\1")
    for listed in (False, True):
        entry = engine.Entry(slowly)
        numbers, results = array("d", [3.0, 4.0]), array("d", [0.0] * 3)
        run = entry.buffered(numbers, results, listed=listed)
        assert run() is None
        assert results.tolist() == [12.0, 4.0, 3.0]
        entry._arm(tape, "value_and_grad", "list" if listed else "numbers", ("one", "list"))
        numbers[0] = 5.0
        run()
        assert results.tolist() == [20.0, 4.0, 5.0]
        for what, wanted in (("values", [20.0]), ("grad", [4.0, 5.0]), ("jacobian", [4.0, 5.0])):
            entry._arm(tape, what, "list" if listed else "numbers", ("list", "list"))
            results = array("d", [0.0] * len(wanted))
            entry.buffered(memoryview(numbers), results, listed)()
            assert results.tolist() == wanted
        with pytest.raises(ValueError, match=r"has \d numbers, and the array for it has room for 1$"):
            engine.Entry(slowly).buffered(numbers, array("d", [0.0]), listed)()
    for bad in ([1.0], array("f", [1.0]), b"12345678", memoryview(array("d", [0.0] * 4))[::2]):
        with pytest.raises(TypeError, match=r"buffered\(\) takes an array of doubles"):
            entry.buffered(bad, numbers)
    with pytest.raises(TypeError, match=r"buffered\(\) takes an array of doubles"):
        entry.buffered(numbers, memoryview(bytes(8)).cast("d"))
    with pytest.raises(TypeError):
        run(1.0)
