"""What the native engine's tape does beside replaying: one node, fast calls, threads, interrupts, damaged programs, memory."""

from __future__ import annotations

import contextlib
import functools
import gc
import math
import os
import pickle
import random
import signal
import sys
import threading
import types
import weakref
from array import array
from collections.abc import Callable
from typing import Any

import pytest
import reading

import autograd as ag
from autograd.program import Guard, Program, Stale
from autograd.testing.expressions import OPERATIONS, build

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
Value = native.Value
NAMES = list(OPERATIONS)
bits, written, read = reading.bits, reading.written, functools.partial(reading.read, native)


def expression(rng: random.Random) -> tuple[Any, tuple[float, ...]]:
    """A random function of one to three numbers, and a point inside its domain."""
    point = [rng.uniform(-3.0, 3.0) for _ in range(rng.randint(1, 3))]
    found = build(point, [(rng.choice(NAMES), rng.randrange(8), rng.randrange(8)) for _ in range(rng.randint(1, 14))])
    return found.fn, found.point


def tape_of(f: Callable[..., Any], *point: float) -> Any:
    """A tape of what f computes at a point."""
    return native.Tape(read(f, [Value(x) for x in point]))


def entry_of(tape: Any, what: str, takes: str = "numbers", gives: tuple[str, str] = ("one", "tuple"), names: Any = ()) -> Any:
    """An entry that says so when it falls back."""
    entry = native.Entry(lambda *args, **named: ("fallback", args, named))
    entry._arm(tape, what, takes, gives, names)
    return entry


# ---- one node ----------------------------------------------------------------------------------------


def test_one_node_has_the_bits_of_many(thorough: bool) -> None:
    """What a tape makes of Values, floats and captured leaves is one node; its backward gives what all would."""
    for seed in range(500 if thorough else 60):
        f, point = expression(random.Random(seed))
        w = Value(0.75)

        def g(*xs: Any, f: Any = f, w: Any = w) -> Any:
            return f(*xs) * w + xs[0]

        program = read(g, [Value(x) for x in point])
        active = bytes([i != 1 for i in range(len(point))])
        given = [Value(x) if on else x for x, on in zip(point, active, strict=True)]
        node = native.Tape(program, active).node(ag.exp, given)
        assert node.op is ag.exp
        assert node.operands == (*given, w)
        node.backward()
        found = [node.data, *[x.grad for x, on in zip(given, active, strict=True) if on], w.grad]
        w.grad = None
        leaves = [Value(x) if on else x for x, on in zip(point, active, strict=True)]
        root = g(*leaves)
        root.backward()
        wanted = [root.data, *[x.grad for x, on in zip(leaves, active, strict=True) if on], w.grad]
        assert [bits(x) for x in found] == [bits(x) for x in wanted]


def test_nodes_of_all_outputs() -> None:
    """`nodes` makes one node for each output, from one run; inside no_grad they are leaves."""
    tape = tape_of(lambda x, y: [x * y, x + y, x], 2.0, 3.0)
    x, y = Value(4.0), Value(5.0)
    nodes = tape.nodes([ag.add] * 3, [x, y])
    assert [(n.data, n.parents, n.local_gradients()) for n in nodes] == [
        (20.0, (x, y), (5.0, 4.0)), (9.0, (x, y), (1.0, 1.0)), (4.0, (x, y), (1.0, 0.0)),
    ]  # fmt: skip
    with ag.no_grad():
        assert [(n.data, n.is_leaf) for n in tape.nodes([ag.add] * 3, [x, y])] == [(20.0, True), (9.0, True), (4.0, True)]
    with ag.group("one"):
        assert tape.node(ag.add, [x, y]).groups == ("one",) if len(tape.program.outputs) == 1 else True


def test_one_node_of_a_subclass_is_seen_by_the_collector() -> None:
    """With a node of a user's own class among the operands the collector looks at the new one, and frees cycles."""

    class W(native.Value):  # type: ignore[misc]
        pass

    tape = tape_of(lambda x: x * x, 2.0)
    x = W(3.0)
    x.node = tape.node(ag.square, [x])
    seen = weakref.ref(x)
    del x
    gc.collect()
    assert seen() is None


def test_one_node_refuses_what_does_not_fit() -> None:
    """A Value where a float belongs, the reverse, or too few of either, is an error, and nothing leaks."""
    tape = native.Tape(read(lambda x, y: x * y, [Value(1.0), Value(2.0)]), b"\1\0")
    x = Value(3.0)
    count = sys.getrefcount(x)
    for given in ([x, x], [1.0, 2.0], [x], [x, 1.0, 2.0], [x, "1"]):
        with pytest.raises((ValueError, TypeError)):
            tape.node(ag.add, given)
    del given
    assert sys.getrefcount(x) == count
    assert tape.node(ag.add, [x, 2.0]).data == 6.0
    node = native._one_node(ag.add, (x, 2.0), 5.0, [7.0])
    assert (node.data, node.operands, node.local_gradients()) == (5.0, (x, 2.0), (7.0,))
    with pytest.raises(ValueError, match="are not one for each Value"):
        native._one_node(ag.add, (x, 2.0), 5.0, [7.0, 8.0])
    with pytest.raises(TypeError, match="a Value or a float"):
        native._one_node(ag.add, (x, 2), 5.0, [7.0])


# ---- fast calls --------------------------------------------------------------------------------------


def test_entries_return_what_they_are_armed_for() -> None:
    """Values, gradients and Jacobians come as numbers, tuples or lists, and floats or one list go in."""
    tape = tape_of(lambda x, y: x * y + x, 2.0, 3.0)
    pair = tape_of(lambda x, y: [x * y, x - y], 2.0, 3.0)
    one = tape_of(lambda x: x * x, 2.0)
    assert entry_of(tape, "values")(2.0, 3.0) == 8.0
    assert entry_of(pair, "values", gives=("tuple", "one"))(2.0, 3.0) == (6.0, -1.0)
    assert entry_of(pair, "values", "list", ("list", "one"))([2.0, 3.0]) == [6.0, -1.0]
    assert entry_of(tape, "value_and_grad")(2.0, 3.0) == (8.0, (4.0, 2.0))
    assert entry_of(tape, "value_and_grad", "list", ("one", "list"))([2.0, 3.0]) == (8.0, [4.0, 2.0])
    assert entry_of(one, "value_and_grad", gives=("one", "one"))(3.0) == (9.0, 6.0)
    assert entry_of(one, "grad", gives=("one", "one"))(3.0) == 6.0
    assert entry_of(one, "jacobian", gives=("one", "one"))(3.0) == 6.0
    assert entry_of(pair, "jacobian", gives=("list", "tuple"))(2.0, 3.0) == [(3.0, 2.0), (1.0, -1.0)]


def test_entries_fall_back() -> None:
    """Ints, names, other counts, open blocks, a recorder, a derivative and a stale tape go to the fallback."""
    tape = tape_of(lambda x, y: ag.log(x) * y, 2.0, 3.0)
    entry = entry_of(tape, "value_and_grad")
    assert entry(1.0, 3.0) == (0.0, (3.0, 0.0))
    for args, named in [
        ((1, 3.0), {}),
        ((1.0,), {}),
        ((1.0, 2.0, 3.0), {}),
        ((1.0,), {"y": 2.0}),
        ((-1.0, 2.0), {}),
        (([1.0, 2.0],), {}),
    ]:
        assert entry(*args, **named) == ("fallback", args, named)
    with ag.group("g"):
        assert entry(1.0, 3.0)[0] == "fallback"
    births = native.Births()
    births.start()
    try:
        assert entry(1.0, 3.0)[0] == "fallback"
    finally:
        births.stop()
    assert entry(1.0, 3.0)[0] == 0.0
    inside: list[Any] = []
    ag.grad(lambda x: (inside.append(entry(1.0, 3.0)), x)[1])(1.0)
    assert inside[0][0] == "fallback"
    assert entry(1.0, 3.0)[0] == 0.0
    entry._disarm()
    assert entry(1.0, 3.0)[0] == "fallback"


def test_entries_compare_the_names_that_a_function_reads() -> None:
    """An entry falls back as soon as a cell or a global variable holds another object, or what was missing is there."""
    namespace: dict[str, Any] = {"a": 1.0}
    cell = types.CellType(2.0)
    tape = tape_of(lambda x: x * 2.0, 1.0)
    names = [(cell, None, cell.cell_contents), (namespace, "a", namespace["a"]), (namespace, "b")]
    entry = entry_of(tape, "values", names=names)
    assert entry(1.0) == 2.0
    namespace["b"] = 1
    assert entry(1.0)[0] == "fallback"
    del namespace["b"]
    assert entry(1.0) == 2.0
    cell.cell_contents = 3.0
    assert entry(1.0)[0] == "fallback"
    del cell.cell_contents
    assert entry(1.0)[0] == "fallback"
    entry._arm(tape, "values", "numbers", ("one", "one"), [(cell, None)])
    assert entry(1.0) == 2.0


def test_entries_refuse_what_does_not_fit() -> None:
    """An entry is not armed for a shape that the tape doesn't have, nor with names that lie in no cell or dict."""
    tape = tape_of(lambda x, y: [x, y], 1.0, 2.0)
    entry = native.Entry(None)
    for what, gives in (("values", ("one", "one")), ("grad", ("tuple", "one")), ("jacobian", ("one", "tuple"))):
        with pytest.raises(ValueError, match="doesn't fit"):
            entry._arm(tape, what, "numbers", gives)
    with pytest.raises(ValueError, match="takes is"):
        entry._arm(tape, "values", "tuple", ("list", "one"))
    with pytest.raises(TypeError, match="a cell or a dict"):
        entry._arm(tape, "values", "list", ("list", "one"), [([], None, 1)])
    with pytest.raises(TypeError, match="not a class of entries"):
        native._hasten(int)


def test_a_subclass_written_in_python_is_called_as_fast() -> None:
    """A class that inherits from Entry has its attributes and its fast call, and a cycle through its fallback is freed."""

    @native._hasten
    class Mine(native.Entry):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(self.slowly)
            self.calls = 0

        def slowly(self, *args: Any) -> Any:
            self.calls += 1
            return args

    mine = Mine()
    assert mine(1.0) == (1.0,)
    mine._arm(tape_of(lambda x: x * 2.0, 1.0), "values", "numbers", ("one", "one"))
    assert (mine(1.0), mine(2.0), mine.calls) == (2.0, 4.0, 1)
    seen = weakref.ref(mine)
    del mine
    gc.collect()
    assert seen() is None


# ---- threads, interrupts, reentrance -----------------------------------------------------------------


def test_a_tape_may_replay_itself_while_it_asks() -> None:
    """A primitive that is called back may replay the same tape: that run has memory of its own."""
    depth = []

    def value(x: float) -> float:
        if len(depth) < 3:
            depth.append(x)
            assert tape.sweep((x + 1.0,), 0) == (2.0 * (x + 1.0), [2.0])
        return 2.0 * x

    twice = ag.primitive(value, lambda z, x: 2.0, name="twice")
    depth.extend([0.0] * 3)
    tape = tape_of(twice, 1.0)
    depth.clear()
    assert tape.sweep((5.0,), 0) == (10.0, [2.0])
    assert len(depth) == 3


def test_threads_share_a_tape() -> None:
    """Threads that replay one tape at once, with a primitive that lets others run in between, all get their own numbers."""
    pause = threading.Event()
    slow = ag.primitive(lambda x: (pause.wait(1e-4), 3.0 * x)[1], lambda z, x: 3.0, name="slow")
    tape = tape_of(lambda x: ag.exp(slow(x)) * x, 0.5)
    wrong: list[Any] = []

    def run(k: int) -> None:
        for i in range(30):
            x = 0.01 * k + 0.001 * i
            e = math.exp(3.0 * x)
            value, (slope,) = tape.sweep((x,), 0)
            if value != e * x or not math.isclose(slope, e + 3.0 * e * x):
                wrong.append((x, value, slope))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nodes_of_other_threads_are_not_born() -> None:
    """Births keep the nodes of the thread that started them, and nobody else's; two in one thread both keep them."""
    first, second = native.Births(), native.Births()
    first.start()
    x = Value(1.0)
    second.start()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(Value(2.0) * 3.0))
    thread.start()
    thread.join()
    y = x + 1.0
    second.stop()
    z = y * 2.0
    first.stop()
    after = z * 2.0
    assert (len(first), len(second)) == (3, 1)
    assert [node in first for node in (x, y, z, after, found[0])] == [True, True, True, False, False]
    assert [node in second for node in (x, y, z, after, found[0])] == [False, True, False, False, False]
    native._order_of([z])
    assert [node in second for node in (x, y, z)] == [False, True, False]
    assert [node in first for node in (x, y, z)] == [True, True, True]
    with pytest.raises(RuntimeError, match="already"):
        first.start(), first.start()
    first.stop()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_ctrl_c_ends_a_long_run() -> None:
    """A signal's exception comes out of a run of a million instructions, and the tape is whole afterwards."""

    def f(x: Any) -> Any:
        for _ in range(500_000):
            x = x * 1.0 + 0.0
        return x

    tape = tape_of(f, 1.0)

    class StoppedError(Exception):
        pass

    def stop(*_: Any) -> None:
        raise StoppedError

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(StoppedError):
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            for _ in range(1000):
                tape.sweep((2.0,), 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert tape.sweep((2.0,), 0) == (2.0, [1.0])


# ---- programs that can't be --------------------------------------------------------------------------


def test_damaged_programs_are_refused() -> None:
    """A program that refers to what it doesn't have raises ValueError or TypeError, and never reads beyond its arrays."""
    good = read(lambda x, y: ag.tanh(x * y) + ag.sum([x, y, 1.0]), [Value(1.0), Value(2.0)])
    native.Tape(good)
    bad: list[dict[str, Any]] = [
        {"ops": array("H", [9, 1, 2, 3])}, {"ops": array("H", [0])}, {"ops": array("I", good.ops)},
        {"starts": array("I", [1, 2, 3, 6, 8])}, {"starts": array("I", [0, 2, 9, 6, 8])}, {"starts": array("I", [0])},
        {"starts": array("I", [0, 2, 3, 6, 7])}, {"starts": array("H", good.starts)}, {"operands": array("I", [0, 1])},
        {"operands": array("I", [0, 3, *good.operands[2:]])}, {"operands": array("I", [0, 4_000_000_000, *good.operands[2:]])},
        {"operands": array("d", good.operands)}, {"outputs": (99,)}, {"outputs": (-1,)}, {"inputs": 1}, {"captured": (1.0,)},
        {"guards": (Guard(9, "lt", (0, 1), True, ""),)}, {"guards": (Guard(0, "lt", (0, 5), True, ""),)},
        {"guards": (Guard(2, "lt", (0, 1), True, ""), Guard(1, "lt", (0, 1), True, ""))},
        {"guards": (Guard(0, "lt", (0,), True, ""),)},
        {"records": good.records[::-1]}, {"constants": ("1",)},
    ]  # fmt: skip
    for changed in bad:
        with pytest.raises((ValueError, TypeError, IndexError)):
            native.Tape(written(good, **changed))
    with pytest.raises(ValueError, match="2 inputs takes as many flags, got 1"):
        native.Tape(good, b"\1")
    tape = native.Tape(good)
    with pytest.raises(ValueError, match="got 1 numbers"):
        tape.values((1.0,))
    with pytest.raises(IndexError, match="no output 1"):
        tape.sweep((1.0, 2.0), 1)
    with pytest.raises(TypeError):
        tape.values((1.0, "2"))
    assert tape.sweep((1.0, 2.0), 0)[0] == math.tanh(2.0) + 4.0


def test_a_program_keeps_its_arrays_while_a_tape_reads_them() -> None:
    """The arrays of a program can't be resized while a tape looks at them, and can be again when it is gone."""
    program = read(lambda x: x * x, [Value(1.0)])
    tape = native.Tape(program)
    with pytest.raises(BufferError):
        program.operands.append(1)
    assert tape.values((3.0,)) == [9.0]
    del tape
    program.operands.append(1)


def test_memory_of_a_deep_program_and_its_tape() -> None:
    """A chain of products and sums takes at most 40 bytes an instruction, arrays, numbers, adjoints and partials together."""
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    count = 2_000_000
    ops = array("H", [0, 1, 2] * (count // 3 + 1))[:count]
    starts = array("I", [0])
    operands = array("I")
    widths = (2, 2, 1)
    for start in range(0, count, 3000):  # slots: input 0, constants 1 and 2
        for i in range(start, min(start + 3000, count)):
            operands.extend((2 + i if i else 0, 1 + i % 3)[: widths[i % 3]])
            starts.append(len(operands))
    program = Program(1, (), (1.0000001, 1e-9), (ag.multiply, ag.add, ag.tanh), ops, starts, operands, (), (2 + count,))
    arrays = sum(len(x) * x.itemsize for x in (ops, starts, operands))
    before = resident()
    tape = native.Tape(program)
    tape.sweep((0.5,), 0)
    assert (resident() - before + arrays) / count < 40.0


def test_tapes_and_recordings_do_not_leak() -> None:
    """Recording, replaying, failing and making nodes, again and again, leave no objects and no memory behind."""
    w = Value(1.5)

    def f(x: Any, y: Any) -> Any:
        return ag.sum([ag.tanh(x * w), ag.softmax([x, y, w])[1], ag.hypot(x, y) ** 2, ag.digamma(x)])

    def once() -> None:
        program = read(f, [Value(0.5), Value(2.0)])
        tape = native.Tape(pickle.loads(pickle.dumps(program)) if len(program) % 2 else program)
        tape.jacobian((0.5, 2.0))
        tape.node(ag.add, [Value(0.5), Value(2.0)]).backward()
        for bad in ((0.0, 1.0), ("x", 1.0)):
            with contextlib.suppress(Stale, TypeError):
                tape.sweep(bad, 0)

    once()
    gc.collect()
    counts = []
    for _ in range(3):
        for _ in range(20):
            once()
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[0] == counts[2]
    assert sys.getrefcount(w) < 12
