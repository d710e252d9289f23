"""The blocks of `autograd.modes`: what interrupts, threads, tasks, generators and decorators leave behind, which is nothing."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dis
import inspect
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import autograd as ag
from autograd import modes

ROOT = Path(__file__).parents[2]
BLOCKS: dict[str, Callable[[], Any]] = {
    "no_grad": ag.no_grad, "enable_grad": ag.enable_grad, "detect_anomaly": ag.detect_anomaly,
    "record_sources": ag.record_sources, "group": lambda: ag.group("g"),
}  # fmt: skip


def holds(Value: Any) -> tuple[bool, bool, tuple[str, ...]]:
    """What a new node shows of the modes: whether it was recorded, whether its line was, its groups."""
    x = Value(2.0)
    y = x * x
    return not y.is_leaf, y.source != "", y.groups


USUAL = (True, False, ())


class Interrupt(BaseException):
    """What a signal's handler raises here, as KeyboardInterrupt is."""


def statement(Value: Any) -> None:
    """Blocks in each other."""
    x = Value(2.0)
    with ag.no_grad():
        x * x
        with ag.group("inner"), ag.enable_grad(), ag.enable_grad():
            x * x
        x * x
    x * x


@ag.no_grad()
def decorated(x: Any) -> Any:
    """A function in a block."""
    return x * x


@ag.group("steps")
def items(x: Any) -> Iterator[Any]:
    """A generator whose steps run in a block."""
    with contextlib.suppress(ValueError):
        yield x * x
    yield x + x


def generator(Value: Any) -> None:
    """Some of the ways in which a generator goes on and ends."""
    x = Value(2.0)
    list(items(x))
    one = items(x)
    next(one)
    one.throw(ValueError())
    one.close()


def transformed(Value: Any) -> None:
    """A decorated function, alone and in a block."""
    decorated(Value(2.0))
    with ag.group("outer"):
        decorated(Value(2.0))


def derivatives(Value: Any) -> None:
    """Derivatives in each other, of both modes."""
    ag.grad(lambda x: x * ag.grad(lambda y: x * y)(x))(1.0)
    ag.jvp(lambda x: x * x, (2.0,), (1.0,))
    ag.derivative(lambda x: x * x * x, order=2)(2.0)


def interrupted_at(place: int, program: Callable[[Any], None], Value: Any) -> bool:
    """Run a program and raise at one of the places where the interpreter looks for signals; whether there was such a place.

    They are the start of a function, the end of a call into C, and a jump backwards.
    """
    left = place

    def count() -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise Interrupt

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if event in ("call", "c_return"):
            count()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode" and "JUMP_BACKWARD" in dis.opname[frame.f_code.co_code[frame.f_lasti]]:
            count()
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        sys.setprofile(profile)
        program(Value)
    except Interrupt:
        pass
    finally:
        sys.setprofile(None)
        sys.settrace(before)
    return left < 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what interrupts a generator's own end
@pytest.mark.parametrize("program", [statement, generator, transformed, derivatives], ids=lambda f: f.__name__)
def test_an_interrupt_at_any_step_leaves_no_block_open(Value: Any, program: Callable[[Any], None]) -> None:
    """Wherever a signal's exception may come, afterwards nodes are recorded, in no group, and no block is open."""
    place = 0
    while interrupted_at(place, program, Value):
        assert holds(Value) == USUAL, place
        assert not modes.open_blocks, place
        assert not modes.inside_derivative(), place
        place += 1
    assert place > 60


def test_a_derivative_left_by_an_interrupt_leaves_floats(Value: Any) -> None:
    """A derivative whose function is interrupted, at any depth, does not make the next one give Values in place of floats."""

    def interrupted(x: Any) -> Any:
        assert modes.inside_derivative()
        raise Interrupt

    for outer in (ag.grad, lambda f: ag.grad(lambda x: ag.grad(f)(x)), ag.derivative):
        with pytest.raises(Interrupt):
            outer(interrupted)(1.0)
        assert not modes.inside_derivative()
        assert type(ag.grad(lambda x: x * x)(3.0)) is float


def test_an_interrupt_while_a_block_is_entered(Value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while a block is entered, before its lock is held or after, passes on and leaves the block closed."""

    def interrupted(*anything: Any) -> None:
        raise Interrupt

    class Interrupting(set[Any]):
        add = interrupted

    one, two = ag.no_grad(), ag.no_grad()
    monkeypatch.setattr(one, "_lock", type("Lock", (), {"acquire": interrupted, "__exit__": interrupted})())
    with pytest.raises(Interrupt), one:
        pass
    with monkeypatch.context() as patch:
        patch.setattr(modes, "open_blocks", Interrupting())
        with pytest.raises(Interrupt), two:
            pass
    assert not one.is_open()
    assert not two.is_open()
    assert holds(Value) == USUAL


SIGNALS = """
import importlib, random, signal, sys
import autograd as ag
from autograd import modes

Value = importlib.import_module(sys.argv[1]).Value
wanted = int(sys.argv[2])
rng = random.Random(0)
leaked = came = 0

class Interrupt(BaseException):
    pass

def handler(number, frame):
    raise Interrupt

@ag.no_grad()
def decorated(x):
    return x * x

def run(x):
    for _ in range(100):  # not for ever: an exception that comes at an object's end is lost
        with ag.no_grad():
            x * x
            with ag.group("inner"), ag.enable_grad(), ag.enable_grad():
                x * x
            x * x
        decorated(x)

signal.signal(signal.SIGALRM, handler)
while came < wanted:
    try:
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-5, 2e-4))
        run(Value(2.0))
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except Interrupt:
        came += 1
        y = Value(2.0) * 3
        leaked += y.is_leaf or y.groups != () or bool(modes.open_blocks)
print(came, leaked)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
def test_signals_leave_no_block_open(engine: Any, thorough: bool) -> None:
    """A real signal's exception, at any moment, leaves no block open: 300 of them, or 20,000 with --thorough.

    In a process of its own, since what interrupts the tracer that counts lines may stop it for good.
    """
    wanted = 20_000 if thorough else 300
    run = subprocess.run(
        [sys.executable, "-c", SIGNALS, engine.__name__, str(wanted)], capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert run.stdout.split() == [str(wanted), "0"], run.stderr


def suspended(block: Any) -> Iterator[None]:
    """A generator that waits inside a block."""
    with block:
        yield


@pytest.mark.parametrize("make", BLOCKS.values(), ids=BLOCKS)
def test_a_generator_closed_in_another_context(Value: Any, make: Callable[[], Any]) -> None:
    """A block that a generator entered in one context and left in another is open in neither, and raises nothing."""
    one, two = contextvars.copy_context(), contextvars.copy_context()
    waiting = suspended(make())
    one.run(next, waiting)
    inside = one.run(holds, Value)
    assert (inside == USUAL) == (make is ag.enable_grad)
    assert two.run(holds, Value) == holds(Value) == USUAL
    two.run(waiting.close)
    assert one.run(holds, Value) == two.run(holds, Value) == holds(Value) == USUAL
    assert not modes.open_blocks


def test_a_generator_closed_in_another_thread(Value: Any) -> None:
    """A block that one thread leaves for another is left."""
    waiting = suspended(ag.no_grad())
    next(waiting)
    assert holds(Value) != USUAL
    thread = threading.Thread(target=waiting.close)
    thread.start()
    thread.join()
    assert holds(Value) == USUAL


def test_blocks_left_out_of_order(Value: Any) -> None:
    """A block left before one that was entered in it leaves that one as it is, and nothing when that ends too."""
    outer, inner = suspended(ag.group("outer")), suspended(ag.group("inner"))
    next(outer)
    next(inner)
    assert holds(Value)[2] == ("outer", "inner")
    outer.close()
    assert holds(Value)[2] == ("outer", "inner")
    inner.close()
    assert holds(Value) == USUAL
    assert not modes.open_blocks


def test_another_threads_block_changes_nothing_here(Value: Any) -> None:
    """While another thread is in a block, and after it has ended inside one, nodes here are as usual."""
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        with ag.no_grad():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait(10)
    assert holds(Value) == USUAL
    with ag.group("here"):
        assert holds(Value) == (True, False, ("here",))
    assert len(modes.open_blocks) >= 1
    leave.set()
    thread.join()
    assert holds(Value) == USUAL
    assert not modes.open_blocks


def test_tasks_have_modes_of_their_own(Value: Any) -> None:
    """Tasks that wait in blocks don't see each other's, and one begun in a block is in it as long as the block is open."""

    async def work(name: str, seen: dict[str, Any]) -> None:
        with ag.group(name):
            for _ in range(3):
                await asyncio.sleep(0)
            seen[name] = holds(Value)[2]

    async def main() -> dict[str, Any]:
        seen: dict[str, Any] = {}
        with ag.group("all"):
            await asyncio.gather(*(work(name, seen) for name in "abc"))
        seen["after"] = holds(Value)
        return seen

    assert asyncio.run(main()) == {**{name: ("all", name) for name in "abc"}, "after": USUAL}
    assert not modes.open_blocks


def test_decorated_generators_run_their_steps_inside(Value: Any) -> None:
    """Each step of a decorated generator runs in the block, what runs between them does not; sent and returned values pass."""
    x = Value(2.0)

    @ag.no_grad()
    def running(start: Any) -> Any:
        """Sums."""
        total = start * 1
        while total.data < 100.0:
            try:
                total = total + (yield total)
            except KeyError:
                yield x * 7
        return x * 3

    assert inspect.isgeneratorfunction(running)
    assert (running.__name__, running.__doc__) == ("running", "Sums.")
    steps = running(x)
    made = [next(steps)]
    assert not (x * x).is_leaf
    made += [steps.send(5.0), steps.throw(KeyError()), next(steps), steps.send(1.0)]
    assert all(y.is_leaf for y in made)
    assert [y.data for y in made] == [2.0, 7.0, 14.0, 7.0, 8.0]
    with pytest.raises(StopIteration) as stopped:
        steps.send(99.0)
    assert (stopped.value.value.data, stopped.value.value.is_leaf) == (6.0, True)
    assert holds(Value) == USUAL


def test_a_decorated_generator_is_closed_inside(Value: Any) -> None:
    """Closing a decorated generator runs its clean-up in the block; an error of its own comes out of it."""
    x = Value(2.0)
    seen: list[Any] = []

    @ag.no_grad()
    def waiting() -> Iterator[int]:
        try:
            yield 1
        finally:
            seen.append((x * x).is_leaf)

    steps = waiting()
    next(steps)
    steps.close()
    assert seen == [True]

    @ag.no_grad()
    def failing() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        list(failing())
    assert holds(Value) == USUAL


def test_decorated_coroutines_run_inside(Value: Any) -> None:
    """A decorated coroutine function stays one, and its whole run is in the block, in its own task only."""
    x = Value(2.0)

    @ag.no_grad()
    async def work() -> bool:
        first = (x * x).is_leaf
        await asyncio.sleep(0)
        return bool(first and (x * x).is_leaf)

    async def other() -> bool:
        await asyncio.sleep(0)
        return bool((x * x).is_leaf)

    async def main() -> tuple[bool, bool]:
        return await asyncio.gather(work(), other())

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(main()) == [True, False]


def test_what_cannot_be_decorated_is_refused() -> None:
    """An asynchronous generator function, and what can't be called, are refused in words that name the block."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match=r"@no_grad\(\) can't decorate the asynchronous generator function .*numbers: .*"
                                        r"write `with no_grad\(\):` inside it"):  # fmt: skip
        ag.no_grad()(numbers)
    with pytest.raises(TypeError, match=r"@group\('a'\) decorates a function, got int 3"):
        ag.group("a")(3)  # type: ignore[type-var]


@pytest.mark.parametrize(("name", "make"), BLOCKS.items(), ids=BLOCKS)
def test_a_block_is_entered_once(Value: Any, name: str, make: Callable[[], Any]) -> None:
    """A second `with` on the same block is refused, inside the first or after it, and changes nothing."""
    again = pytest.raises(RuntimeError, match=rf"this {name}\(.*\) was entered before; write {name}\(.*\) again")
    block = make()
    with block:
        before = holds(Value)
        with again, block:
            pass
        assert holds(Value) == before
    with again, block:
        pass
    assert holds(Value) == USUAL


def test_a_decorator_serves_many_functions_and_calls(Value: Any) -> None:
    """One decorator can be put on several functions, which may call themselves and each other."""
    cut = ag.no_grad()

    @cut
    def down(x: Any, n: int) -> Any:
        return x * 1 if n == 0 else down(x, n - 1)

    @cut
    def twice(x: Any) -> Any:
        return down(x, 3) * 2

    assert twice(Value(2.0)).is_leaf
    assert twice(Value(2.0)).data == 4.0
    assert holds(Value) == USUAL


def test_blocks_in_a_stack(Value: Any) -> None:
    """contextlib.ExitStack enters and leaves blocks, also when an error passes."""
    with pytest.raises(ZeroDivisionError), contextlib.ExitStack() as stack:
        stack.enter_context(ag.no_grad())
        stack.enter_context(ag.group("inner"))
        assert holds(Value) == (False, False, ("inner",))
        Value(1.0) / 0
    assert holds(Value) == USUAL


def test_no_block_open_costs_nothing_more() -> None:
    """After blocks have come and gone, the first node puts the set of open blocks in order, and it stays empty."""
    x = ag.Value(2.0)
    for _ in range(100):
        with ag.no_grad(), ag.group("a"):
            pass
    x * x
    assert modes.open_blocks == set()
    assert modes.entered.get() is None
    with ag.enable_grad():  # nothing changes, so that nothing is to be looked at
        assert modes.open_blocks == set()
