"""The lanes of the native engine on programs that are read here: any width of vector gives each point eager code's bits."""

from __future__ import annotations

import array
import importlib
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from oracle import STRANGE, bits, drawn, read

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
reference = importlib.import_module("autograd.value")
kernels = importlib.import_module("autograd.kernels")
record = importlib.import_module("autograd.record")
Value = native.Value
WIDTHS = []
for _width in (1, 2, 4):
    try:
        native.Lanes(read([Value(1.0) * 2.0], []), b"", b"", False, _width)
        WIDTHS.append(_width)
    except ValueError:  # this processor has none of these
        pass


def eager(f: Any, row: Sequence[float]) -> tuple[str, list[str]]:
    """The number and the gradients of the function itself."""
    leaves = [Value(x) for x in row]
    root = f(*leaves)
    root.backward()
    return bits(root.data), [bits(x.grad) for x in leaves]


def flat(rows: Sequence[Sequence[float]]) -> array.array[float]:
    """A matrix in a row."""
    return array.array("d", [x for row in rows for x in row])


def test_the_widest_is_chosen() -> None:
    """Without a width the widest that the processor has is taken, and a width that there isn't is an error."""
    chosen = native.Lanes(read([Value(1.0) * 2.0], []), b"", b"")
    widest = native.Lanes(read([Value(1.0) * 2.0], []), b"", b"", False, WIDTHS[-1])
    assert chosen.instructions == widest.instructions
    with pytest.raises(ValueError, match="3 doubles"):
        native.Lanes(read([Value(1.0) * 2.0], []), b"", b"", False, 3)


@pytest.mark.parametrize("width", WIDTHS)
def test_random_graphs(width: int, thorough: bool) -> None:
    """3,000 random graphs (100 by default) at 1 to 40 points: each point that doesn't fail has eager's bits, and few fail."""
    rng = random.Random(51)
    computed = failing = 0
    for _ in range(3000 if thorough else 100):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        leaves = [Value(x) for x in expression.point]
        lanes = native.Lanes(
            read([expression.fn(*leaves)], leaves), bytes([1] * len(leaves)), bytes([1] * len(leaves)), False, width
        )
        rows = [[x + rng.gauss(0, 0.2) for x in expression.point] for _ in range(rng.randint(1, 40))]
        for row in rows:
            if rng.random() < 0.1:
                row[rng.randrange(len(row))] = rng.choice(STRANGE)
        outputs, gradients, failed = lanes.gradients([flat(rows)], [], len(rows))
        plain, failed_alone = lanes.values([flat(rows)], [], len(rows))
        assert set(failed_alone) <= set(failed)
        n = len(leaves)
        for i, row in enumerate(rows):
            if i not in failed_alone:
                try:
                    expected = bits(expression.fn(*map(Value, row)).data)
                except (ArithmeticError, ValueError) as error:
                    pytest.fail(f"{error} at {row} in {expression!r}, and the lane gives {plain[i]}")
                assert bits(plain[i]) == expected, (expression, row)
            if i in failed:
                failing += 1
                continue
            computed += 1
            found = bits(outputs[i]), [bits(g) for g in gradients[i * n : i * n + n]]
            assert found == eager(expression.fn, row), (expression, row)
    assert failing < 0.1 * computed


@pytest.mark.parametrize("width", WIDTHS)
def test_some_inputs_are_shared_and_some_differentiated(width: int, thorough: bool) -> None:
    """Whichever inputs all points share and whichever are differentiated, if any, what is computed has eager's bits."""
    rng = random.Random(57)
    found_none = 0
    for _ in range(2000 if thorough else 100):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        n = len(expression.point)
        leaves = [Value(x) for x in expression.point]
        mapped, active = bytes(rng.choices((0, 1), k=n)), bytes(rng.choices((0, 1), k=n))
        lanes = native.Lanes(read([expression.fn(*leaves)], leaves), active, mapped, False, width)
        points = rng.randint(1, 20)
        rows = [[x + rng.gauss(0, 0.2) for x in expression.point] for _ in range(points)]
        rows = [[row[i] if mapped[i] else rows[0][i] for i in range(n)] for row in rows]
        sources = [flat([[x] for x in column]) for column, flag in zip(zip(*rows, strict=True), mapped, strict=True) if flag]
        shared = [x for x, flag in zip(rows[0], mapped, strict=True) if not flag]
        kept = [i for i in range(n) if mapped[i] and active[i]]
        found_none += not kept
        for _ in range(2):
            plain, failed_alone = lanes.values(sources, shared, points)
            outputs, gradients, failed = lanes.gradients(sources, shared, points)
            for i, row in enumerate(rows):
                if i not in failed_alone:
                    assert bits(plain[i]) == bits(expression.fn(*map(Value, row)).data), (expression, row)
                if i not in failed:
                    value, slopes = eager(expression.fn, row)
                    mine = gradients[i * len(kept) : (i + 1) * len(kept)]
                    assert (bits(outputs[i]), [bits(x) for x in mine]) == (value, [slopes[k] for k in kept]), (expression, row)
    assert found_none > 5


@pytest.mark.parametrize("width", WIDTHS)
def test_shared_numbers_and_sums(width: int, thorough: bool) -> None:
    """1,000 random graphs (100 by default) with mapped and with shared inputs: sums over the points are eager code's."""
    rng = random.Random(52)
    for _ in range(1000 if thorough else 100):
        expression = drawn(rng)
        count = len(expression.point)
        if count == 1:
            continue
        held = Value(expression.point[0])
        leaves = [Value(x) for x in expression.point[1:]]
        program = read([expression.fn(held, *leaves)], leaves, [held])
        lanes = native.Lanes(program, bytes(count - 1), bytes([1] * (count - 1)), True, width)
        points = rng.randint(1, 30)
        rows = [[x + rng.gauss(0, 0.1) for x in expression.point[1:]] for _ in range(points)]
        try:
            outputs = [expression.fn(held, *map(Value, row)) for row in rows]
            mean = importlib.import_module("autograd").mean(outputs)
            held.grad = None
            mean.backward()
        except (ArithmeticError, ValueError):
            continue
        for size in (0, width, 3 * width):
            if size and size % lanes_step(lanes):
                continue
            for threads in (1, 3):
                found = lanes.reduced([flat(rows)], [], points, 1.0 / points, 0, threads, size)
                if found[2]:
                    continue
                assert [bits(x) for x in found[0]] == [bits(y.data) for y in outputs]
                assert [bits(x) for x in found[1]] == [bits(held.grad)], (expression, rows, size, threads)


@pytest.mark.parametrize("width", WIDTHS)
def test_layers_of_neurons(width: int, thorough: bool) -> None:
    """Neurons that share their inputs are computed together: eager's bits, in ties, at zeros, and far from 1 in size."""
    ag = importlib.import_module("autograd")
    rng = random.Random(55)
    draws = {
        "plain": lambda: rng.gauss(0, 1),
        "ties": lambda: rng.randrange(-8, 9) / 16 + rng.choice([0.0, 2.0**-53, 2.0**-54]),
        "zeros": lambda: rng.choice([0.0, -0.0, 1.0]),
        "sizes": lambda: rng.gauss(0, 1) * 10.0 ** rng.randrange(-160, 140),
        "strange": lambda: rng.choice([*STRANGE, 0.5, -2.0]),
    }
    certain = 0
    for trial in range(200 if thorough else 10):
        draw, other = draws[[*draws][trial % 5]], draws[rng.choice([*draws])]
        easy = {draw, other} <= {draws["plain"], draws["ties"], draws["zeros"]}
        inputs, points = rng.choice([1, 2, 7, 16, 33, 45]), rng.randint(1, 40 if easy else 12)
        hidden = rng.randint(1, 70 if easy else 5)
        first = [[Value(draw()) for _ in range(inputs)] for _ in range(hidden)]
        last = [Value(draw()) for _ in range(hidden)]
        shared = [w for row in (*first, last) for w in row]
        squash = rng.choice([ag.relu, ag.tanh])

        def net(*xs: Any, first: Any = first, last: Any = last, squash: Any = squash) -> Any:
            return ag.dot([squash(ag.dot(row, xs) + 0.5) for row in first], last)

        rows = [[other() for _ in range(inputs)] for _ in range(points)]
        leaves = [Value(x) for x in rows[0]]
        flags = bytes([1] * inputs)
        try:
            outputs = [net(*[Value(x) for x in row]) for row in rows]
            program = read([net(*leaves)], leaves, shared)
            for w in shared:
                w.grad = None
            ag.mean(outputs).backward()
        except (ArithmeticError, ValueError):
            continue
        lanes = native.Lanes(program, bytes(inputs), flags, True, width)
        for size in (0, 8, 64):
            found = lanes.reduced([flat(rows)], [], points, 1.0 / points, 0, rng.choice([1, 3]), size)
            if not found[2]:
                certain += 1
                assert [bits(x) for x in found[0]] == [bits(y.data) for y in outputs]
                assert [bits(x) for x in found[1]] == [bits(w.grad) for w in program.captured], (inputs, hidden, points)
        forward = native.Lanes(program, bytes(inputs), flags, False, width)  # with no way back, rows are soon free again
        found = forward.values([flat(rows)], [], points)
        if not found[1]:
            assert [bits(x) for x in found[0]] == [bits(y.data) for y in outputs], (inputs, hidden, points)
    assert certain > 10
    with pytest.raises(ValueError, match="at most 256, got 264"):
        lanes.values([flat(rows)], [], points, None, 1, 264)


def lanes_step(lanes: Any) -> int:
    """The least number of lanes in a group."""
    return {"one by one": 1}.get(lanes.instructions, 8)


@pytest.mark.parametrize("width", WIDTHS)
def test_picked_points(width: int) -> None:
    """Some of the points, in any order and more than once, give what they give among all."""
    expression = drawn(random.Random(53), longest=10)
    leaves = [Value(x) for x in expression.point]
    flags = bytes([1] * len(leaves))
    lanes = native.Lanes(read([expression.fn(*leaves)], leaves), flags, flags, False, width)
    rng = random.Random(54)
    rows = [[x + rng.gauss(0, 0.1) for x in expression.point] for _ in range(25)]
    everything, _ = lanes.values([flat(rows)], [], 25)
    for picked in ([], [0], [24], [3, 3, 3], list(range(24, -1, -1)), [rng.randrange(25) for _ in range(60)]):
        found, _ = lanes.values([flat(rows)], [], 25, array.array("q", picked))
        assert [bits(x) for x in found] == [bits(everything[i]) for i in picked]
    for wrong in ([25], [-1]):
        with pytest.raises(IndexError):
            lanes.values([flat(rows)], [], 25, array.array("q", wrong))


def near_ties(rng: random.Random, exponent: int, count: int) -> list[float]:
    """Numbers whose power lies in the middle of two doubles, or next to it: of 54 bits or a few more, the last one set."""
    found = []
    while len(found) < count:
        number = rng.randrange(round(2.0 ** (54 / exponent)), round(2.0 ** (57 / exponent))) | 1
        found.append(math.ldexp(number, rng.randint(-40, 20)) * rng.choice((-1.0, 1.0)))
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_powers_are_those_of_the_c_library(width: int, thorough: bool) -> None:
    """Lanes compute small whole powers themselves, and nothing differs from pow: millions (thousands by default)."""
    rng = random.Random(55)
    count = 100_000 if thorough else 1000
    for exponent in range(2, 10):
        x = Value(1.5)
        lanes = native.Lanes(read([x**exponent], [x]), b"\1", b"\1", False, width)
        numbers = [*STRANGE, *(-z for z in STRANGE), *near_ties(rng, exponent, count)]
        numbers += [rng.gauss(0.0, 1.0) for _ in range(count)]
        numbers += [math.ldexp(rng.uniform(-1.0, 1.0), rng.randint(-1070 // exponent, 1020 // exponent)) for _ in range(count)]
        found, slopes, failed = lanes.gradients([array.array("d", numbers)], [], len(numbers))
        values, failed_alone = lanes.values([array.array("d", numbers)], [], len(numbers))
        assert set(failed_alone) <= set(failed) <= {i for i, z in enumerate(numbers[: 2 * len(STRANGE)])}
        for i, z in enumerate(numbers):
            if i not in failed:
                value, slope = kernels.power(z, float(exponent)), kernels.power_dx(z, float(exponent))
                assert bits(found[i]) == bits(values[i]) == bits(value), (z.hex(), exponent)
                assert bits(slopes[i]) == bits(0.0 + slope), (z.hex(), exponent)


def sequences_of(rng: random.Random) -> list[tuple[Any, int]]:
    """Functions of what has no rule, and how many numbers they take."""
    ag = importlib.import_module("autograd")
    n = rng.choice((1, 2, 3, 7, 20))
    k = rng.randrange(n)
    return [
        (lambda *xs: ag.norm(xs), n),
        (lambda *xs: ag.prod(xs), n),
        (lambda *xs: ag.var(xs), n),
        (lambda *xs: ag.var([xs[0], *xs], ddof=0.75), n),
        (lambda *xs: ag.std(xs), n),
        (lambda *xs: ag.std([*xs, 1.5], ddof=1.0), n),
        (lambda *xs: ag.log_softmax(xs)[k], n),
        (lambda *xs: ag.logsumexp(xs), n),
        (lambda x, y, z: ag.where(k == 0, y, z * z) / x, 3),
        (lambda x, y: ag.clamp(x * y, -1.0, 2.0) * y, 2),
    ]


def numbers_of(rng: random.Random, n: int) -> list[float]:
    """Some numbers: of one size or of all sizes, in a cluster, or a little below log(1/n), where a logsumexp cancels."""
    how = rng.randrange(6)
    if how == 0:
        return [math.ldexp(rng.uniform(-1.0, 1.0), rng.randint(-300, 300)) for _ in range(n)]
    if how == 1:
        middle = rng.gauss(0.0, 10.0)
        return [middle + rng.gauss(0.0, 1e-6) for _ in range(n)]
    if how == 2:
        return [-math.log(n) + rng.gauss(0.0, rng.choice((0.1, 1e-5))) for _ in range(n)]
    if how == 3:
        return [rng.choice(STRANGE) if rng.random() < 0.3 else rng.gauss(0.0, 2.0) for _ in range(n)]
    return [rng.gauss(0.0, rng.choice((0.3, 1.0, 20.0))) for _ in range(n)]


@pytest.mark.parametrize("width", WIDTHS)
def test_sequences_without_a_rule(width: int, thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """norm, prod, var, std, log_softmax, where and clamp have eager code's bits, by the tape and in lanes, and seldom ask."""
    rng = random.Random(56)
    asked = computed = 0
    for _ in range(300 if thorough else 8):
        for f, n in sequences_of(rng):
            leaves = [Value(x) for x in (1.0, 1.5, -2.0, *(rng.gauss(0, 1) for _ in range(17)))[:n]]
            flags = bytes([1] * n)
            program = read([f(*leaves)], leaves)
            lanes = native.Lanes(program, flags, flags, False, width)
            tape = native.Tape(program, flags)
            rows = [numbers_of(rng, n) for _ in range(11)]
            expected = []
            for row in rows:
                try:
                    expected.append(eager(f, row))
                except (ArithmeticError, ValueError):
                    expected.append(None)
            with monkeypatch.context() as patch:
                for kind in (record.Primitive, record.NaryPrimitive):
                    before = kind.evaluate

                    def counted(self: Any, *args: Any, before: Any = before) -> Any:
                        nonlocal asked
                        asked += 1
                        return before(self, *args)

                    patch.setattr(kind, "evaluate", counted)
                outputs, slopes, failed = lanes.gradients([flat(rows)], [], len(rows))
                for row, wanted in zip(rows, expected, strict=True):
                    try:
                        z, gradient = tape.sweep(row)
                    except native.Stale:
                        assert wanted is None or "nan" in map(str, row), (f, row)
                        continue
                    assert (bits(z), [bits(g) for g in gradient]) == wanted, (program, row)
            computed += len(rows)
            for i, row in enumerate(rows):
                if i not in failed:
                    assert (bits(outputs[i]), [bits(g) for g in slopes[i * n : i * n + n]]) == expected[i], (program, row)
    assert asked < 0.3 * computed, asked / computed
