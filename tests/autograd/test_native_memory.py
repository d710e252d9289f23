"""The native engine's memory: nothing leaks, nothing is used after it was freed, nothing depends on the thread."""

from __future__ import annotations

import abc
import gc
import os
import random
import subprocess
import sys
import threading
import tracemalloc
import weakref
from array import array
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
HERE = Path(__file__).parent
# A sanitizer wants PYTHONMALLOC=malloc; see tests/README.md.
ALLOCATOR = os.environ.get("PYTHONMALLOC", "debug")
CHECKED = os.environ | {"PYTHONMALLOC": ALLOCATOR, "AUTOGRAD_ENGINE": "native", "PYTHONPATH": str(HERE.parents[1])}


@pytest.mark.parametrize("seed", range(4))
def test_random_use_under_the_debug_allocator(seed: int) -> None:
    """Building, changing, dropping, pickling and differentiating at random disturbs no memory and agrees with the reference."""
    run = subprocess.run(
        [sys.executable, "-X", "dev", str(HERE / "fuzz_native.py"), "20000", str(seed)],
        capture_output=True, text=True, env=CHECKED, cwd=HERE, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert int(run.stdout) > 10_000


def rounds(count: int) -> None:
    """Everything that makes nodes, with errors on the way."""
    Value = native.Value
    for i in range(count):
        x, y = Value(0.5 + i % 3, label="x"), Value(2.0)
        z = (x * y + 1).tanh() / y + ag.dot([x, y, 3.0], [y, x, y]) + ag.softmax([x, y])[0] + x.clamp(0, 1) + x % 2
        z.backward()
        native.gradients(z, [x, y], create_graph=True)[0].backward()
        x.data = 3.0
        for call in (lambda x=x: x / 0, lambda x=x: x + "1", lambda z=z: z.backward("1"), lambda z=z: ag.log(z - 1e9)):
            try:
                call()
            except (ArithmeticError, TypeError, ValueError):
                continue
            raise AssertionError("no error")


def test_memory_and_reference_counts_stay_level() -> None:
    """After 10,000 rounds of everything, references and memory are where they were after the first hundred."""
    kept = native.Value(1.5, label="kept")
    watched = [kept, native.Value, ag.add, ag.dot, ag.clamp, ag.softmax]
    before = native._keep(0)  # so that every node goes back to the allocator
    try:
        rounds(100)
        gc.collect()
        counts, blocks = [sys.getrefcount(x) for x in watched], sys.getallocatedblocks()
        for _ in range(100):
            rounds(100)
            (kept * kept + ag.sum([kept, kept, 1])).backward()
        gc.collect()  # what errors leave behind in tracebacks
        grown = sys.getallocatedblocks() - blocks
        moved = [sys.getrefcount(x) - count for x, count in zip(watched, counts, strict=True)]
    finally:
        native._keep(before)
    assert grown < 1_000  # a block that is lost in each round would make it 10,000
    assert max(moved) <= 1, moved  # the pair that zip holds


def test_a_million_nodes_leave_nothing_behind() -> None:
    """A chain of a million is freed whole, without recursion, and so is a node of 100,000 operands."""
    before = native._keep(0)
    tracemalloc.start()
    try:
        x = native.Value(0.5)
        start, _ = tracemalloc.get_traced_memory()
        y = x
        for _ in range(1_000_000):
            y = y * x + 0.25 if y.data < 0.4 else y * x
        wide = ag.sum([y * 1.0 for _ in range(100_000)])
        wide.backward()
        held, _ = tracemalloc.get_traced_memory()
        assert held - start > 80_000_000
        del y, wide
        end, _ = tracemalloc.get_traced_memory()
        assert end - start < 10_000
    finally:
        tracemalloc.stop()
        native._keep(before)


def test_without_memory_there_is_an_error_and_no_crash() -> None:
    """Wherever an allocation fails, MemoryError comes out, and the graph is as it was and works afterwards."""
    pytest.importorskip("_testcapi", reason="this Python was built without its test modules")
    # Only what runs in C: CPython 3.12 itself crashes where there is no memory for a new function.
    code = """
import _testcapi, autograd as ag
from autograd import _native
_native._keep(0)
def act(leaves):
    x, y = leaves
    z = ((x * y).tanh() + 1).exp() + ag.sum([x, 1.5] * 300) + ag.softmax([x, y, 2])[0] + ag.dot([x] * 300, [y] * 300)
    for _ in range(1500):
        z = z * 1.0 + x
    z.label = "z"
    z.backward()
    return z.data
leaves = _native.Value(0.5), _native.Value(2.0)
expected = act(leaves)
gradient = leaves[0].grad
failed = 0
for start in [*range(60), *range(60, 4000, 37)]:
    for leaf in leaves:
        leaf.grad = 0.0
    _testcapi.set_nomemory(start, start + 1)
    try:
        act(leaves)
    except MemoryError:
        failed += 1
        _testcapi.remove_mem_hooks()
        assert leaves[0].grad == 0.0 and leaves[1].grad == 0.0, start
    finally:
        _testcapi.remove_mem_hooks()
assert failed > 50, failed
leaves[0].grad = 0.0
assert act(leaves) == expected and leaves[0].grad == gradient
print("sound")
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=CHECKED, cwd=HERE.parents[1], timeout=300
    )
    assert (run.returncode, run.stdout.strip()) == (0, "sound"), run.stderr


def work(engine: Any, seed: int, results: list[Any] | None = None) -> list[float]:
    """The gradients of a graph of one's own."""
    rng = random.Random(seed)
    leaves = [engine.Value(rng.uniform(-1, 1)) for _ in range(20)]
    for _ in range(30):
        y = engine.Value(0.0)
        for _ in range(300):
            y = (y + rng.choice(leaves) * rng.choice(leaves)).tanh()
        y.backward()
    found = [x.grad for x in leaves]
    if results is not None:
        results[seed] = found
    return found


def test_threads_with_graphs_of_their_own() -> None:
    """Eight threads, switched as often as can be, find the gradients that each would find alone."""
    results: list[Any] = [None] * 8
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(native, i, results)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert results == [work(native, i) for i in range(8)]


def test_threads_over_one_graph() -> None:
    """Threads that walk back over the same graph at once, build on it and free it, lose no gradient: no walk is cut in two."""
    x = native.Value(1.0)
    y = x
    for _ in range(2000):
        y = y * 1.0 + x

    def walk() -> None:
        for _ in range(50):
            y.backward()
            (y * y + x).tanh()
            ag.sum([y, x, y * 0.5])

    threads = [threading.Thread(target=walk) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad == 6 * 50 * 2001.0


# ---- Python that runs in the middle ------------------------------------------------------------------
# Each of these programs runs in a process of its own under the debug allocator, which fills freed memory with rubbish.

BEGIN = """
import gc, numbers, sys, threading, autograd as ag
from autograd import _native, value
_native._keep(0)
Value = _native.Value

class Late:
    # A number that runs Python where it is converted.
    def __init__(self, act):
        self.act = act
    def __float__(self):
        self.act()
        return 2.0
numbers.Real.register(Late)

def lately(act):
    # A primitive x -> x whose partial raises when the node is made, and is `act` later.
    calls = []
    def partial(z, x):
        calls.append(x)
        if len(calls) == 1:
            raise ValueError("not yet")
        return act()
    return ag.primitive(lambda x: x, lambda z, x: partial(z, x), name="lately")

def walked(x, count):
    # A graph of its own over x, walked back: every node has another place in it.
    y = Value(0.0)
    for _ in range(count):
        y = y + Value(0.25) * x
    y.backward()
    ag.gradients(y, x)
    return 2.0
"""
PROGRAMS = {
    "a list that is emptied while its softmax is recorded": """
xs = [Value(0.1 * i) for i in range(200)] + [0.5]
expected = [x.data for x in ag.softmax(list(xs))]
def change(frame, event, argument):
    if frame.f_code.co_name == "calling_line" and xs:
        xs.clear()
        xs.extend([Value(9.0)] * 7)
for block in ag.record_sources, ag.detect_anomaly:
    xs[:] = [Value(0.1 * i) for i in range(200)] + [0.5]
    sys.setprofile(change)
    with block():
        found = ag.softmax(xs)
    sys.setprofile(None)
    assert len(xs) == 7 and [x.data for x in found] == expected
    found[3].backward()
    assert sum(len(x.parents) for x in found) == 201 * 200
""",
    "a list that another thread changes": """
sys.setswitchinterval(1e-6)
xs, stop = [], False
def change():
    while not stop:
        xs[:] = [Value(0.5) for _ in range(50)]
        xs.clear()
threads = [threading.Thread(target=change) for _ in range(2)]
for thread in threads:
    thread.start()
for i in range(200):
    with ag.record_sources():
        for act in ag.softmax, ag.sum, ag.logsumexp, ag.max, lambda xs: ag.dot(xs, xs):
            try:
                found = act(xs)
            except ValueError:
                continue
            if isinstance(found, list):
                found = found[0]
            if isinstance(found, Value):
                found.backward()
stop = True
for thread in threads:
    thread.join()
""",
    "numbers that change the list that they are in": """
for act in ag.softmax, ag.sum, ag.logsumexp, ag.max, lambda xs: ag.dot(xs, xs):
    xs = []
    xs += [Value(0.5) for _ in range(40)] + [Late(xs.clear)] + [Value(1.5) for _ in range(40)]
    found = act(xs)
    found = found[0] if isinstance(found, list) else found
    assert len(found.parents) in (80, 160) and xs == []
    found.backward()
""",
    "a partial that walks over the same nodes": """
for count in 1, 3, 700:
    x, w = Value(0.5), Value(3.0)
    p = lately(lambda: walked(x, count))
    y = (p(x) * w + x) * p(x * 1.0)
    leaves = [Value(0.5) for _ in range(3)]
    for walk in y.backward, lambda: ag.backward([y, y * x], [1.0, 2.0]), lambda: ag.gradients(y, [x, w]):
        before = w.grad
        walk()
        assert w.grad >= before
    # d/dw of (0.5 w + 0.5) * 0.5 is 0.25, and twice that times 0.5 once more
    assert w.grad == 0.25 + 0.25 + 2.0 * 0.25 * 0.5, w.grad
""",
    "a partial whose number walks when it is converted": """
x, w = Value(0.5), Value(3.0)
seen = []
def partial(z, x, y):
    seen.append(x)
    if len(seen) == 1:
        raise ValueError("not yet")
    return Late(lambda: walked(w, 700))
p = ag.primitive(lambda x, y: x * y, [partial, lambda z, x, y: 5.0], name="p")
y = p(x, w) * w
before = w.grad
y.backward()
assert x.grad == 6.0  # as often as the partial says 2
assert ag.gradients(y, [x, w]) == [6.0, 16.5]
""",
    "a partial that drops the graph it is in": """
x = Value(0.5)
holder = []
def drop():
    holder.clear()
    gc.collect()
    return 2.0
holder.append(lately(drop)(x * 1.0) * 3.0)
holder[0].backward()
assert x.grad == 6.0 and holder == []
holder += [lately(drop)(x * 1.0) * 3.0, x * 2]
ag.backward(holder)
assert x.grad == 14.0 and holder == []
""",
    "walks inside walks": """
x = Value(0.5)
def nested():
    p = lately(nested)
    (p(x) * 2.0).backward()
    return 2.0
try:
    nested()
    raise SystemExit("no error")
except RecursionError:
    pass
(x * 2).backward()
""",
    "finalizers that run wherever memory is asked for": """
class Sub(Value):
    def __init__(self, number, act):
        super().__init__(number)
        self.me, self.act = self * 2.0, act
    def __del__(self):
        self.act()
lists = []
def act():
    for xs in lists:
        del xs[::2]
gc.set_threshold(1, 1, 1)
for i in range(150):
    Sub(1.0, act)
    x = Sub(2.0, lambda: None)
    xs = [x * 1.0, Value(1.5), 2, x] * 5
    lists[:] = [xs]
    series = [ag.sum, ag.mean, ag.logsumexp, ag.max, ag.prod, ag.norm]
    for act_on in *series, lambda xs: ag.dot(xs, xs), lambda xs: ag.softmax(xs)[0]:
        try:
            y = act_on(xs)
        except ValueError:
            continue
        if isinstance(y, Value):
            (y * x.me + 1.0 / y).tanh().backward()
            with ag.no_grad():
                y * 2.0
            with ag.group("g"):
                y * x
            ag.gradients(y, [x, y], create_graph=True)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_that_runs_in_the_middle(name: str) -> None:
    """Python code that changes lists, drops graphs or walks over the same nodes meanwhile costs no memory and no number."""
    run = subprocess.run(
        [sys.executable, "-X", "dev", "-c", BEGIN + PROGRAMS[name]],
        capture_output=True, text=True, env=CHECKED, cwd=HERE.parents[1], timeout=300,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")


# ---- subclasses, whose attributes can close a cycle --------------------------------------------------


class Named(native.Value):  # type: ignore[misc]
    """A subclass as a user writes it."""


class Slotted(native.Value):  # type: ignore[misc]
    """One without a dictionary."""

    __slots__ = ("__weakref__", "me")


CYCLES: dict[str, Any] = {
    "one": lambda s: s.exp(),
    "both": lambda s: (s * 2.0) * (s + 1.0),
    "a number on the right": lambda s: s - 1,
    "a number on the left": lambda s: 1 / s,
    "itself": lambda s: s,
    "sum": lambda s: ag.sum([1.0, s * 2.0, native.Value(3.0)]),
    "logsumexp": lambda s: ag.logsumexp([s, 1.0]),
    "dot": lambda s: ag.dot([s], [s * s]),
    "softmax": lambda s: ag.softmax([s * 1.0, 2.0])[1],
    "prod": lambda s: ag.prod([s, s * 1.0, 2.0]),
    "shared operands": lambda s: native._node_of_sums(ag.sum, native.Operands((s, s * 1.0)), 1.0, array("d", [1.0, 2.0])),
    "a parameter": lambda s: (s * 1.0).clamp(-1.0, 1.0),
    "in a list": lambda s: [{"deep": s * 1.0}],
    "derivatives": lambda s: native.gradients((s * 1.0).tanh(), s, create_graph=True),
    "a chain": lambda s: ag.sum([(s * 1.0).tanh().sin() * i for i in range(300)]),
    "late": lambda s: ag.primitive(lambda x: x, lambda z, x: 1.0 / 0.0, name="p")(s * 1.0),
    "in a group": lambda s: ag.group("g")(lambda: s * 1.0)(),
    "with its source": lambda s: ag.record_sources()(lambda: s * 1.0)(),
}


@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.parametrize("kind", [Named, Slotted])
def test_a_cycle_through_an_attribute_is_freed(kind: Any, name: str) -> None:
    """An instance of a subclass that holds what was computed from it is freed by the collector, and not too early."""
    s = kind(0.5, label="s")
    s.me = CYCLES[name](s)
    other = kind(2.0)
    other.me, s.me = s.me, [s.me, other * s]  # and a cycle of two
    gone = [weakref.ref(x) for x in (s, other)]
    kept = other * 3.0
    del s, other
    gc.collect()
    assert gone[1]() is not None, "it is still an operand"
    assert kept.parents[0] is gone[1]()
    kept.backward()
    assert gone[1]().grad == 3.0
    assert gone[0]() is not None, "the other one's attribute holds it"
    del kept
    gc.collect()
    assert [x() for x in gone] == [None, None]


def test_the_collector_looks_at_what_was_computed_from_a_subclass_only() -> None:
    """Plain nodes are not tracked and have no header; nodes computed from an instance of a subclass are, however far away."""
    x, s = native.Value(1.0), Named(2.0)
    plain, tracked = [x * x, ag.sum([x, 1.0, x]), x + 1, -x, native.Value(3), s.detach()], []
    y = s * 1.0
    for _ in range(5):
        tracked += [y := y + x, ag.sum([x, y, 1]), ag.softmax([x, y])[0], 2.0 - y, y.exp(), ag.prod([x, y])]
    with ag.no_grad():
        plain += [y * 2.0, y + x, ag.sum([y])]
    assert not any(gc.is_tracked(v) for v in plain)
    assert all(gc.is_tracked(v) for v in tracked)
    assert gc.is_tracked(s)
    assert gc.get_referents(x * x) == []
    assert gc.get_referents(y)[1:] == [*y.parents]
    assert (x.__sizeof__(), (x * x).__sizeof__(), y.__sizeof__()) == (48, 80, 80)


def test_many_cycles_leave_nothing_behind() -> None:
    """10,000 instances that hold graphs of their own, and one graph of 20,000 nodes, are freed to the last block."""

    def make(count: int) -> None:
        for i in range(count):
            s = Named(0.5)
            s.me = ag.sum([s * 2.0, (s + i).tanh(), 1.0])
            s.me.backward()
        s = Named(0.5)
        s.me = y = s * 1.0
        for _ in range(2 * count):
            y = y + s
        s.last = y

    before = native._keep(0)
    try:
        make(10)
        gc.collect()
        blocks = sys.getallocatedblocks()
        make(10_000)
        gc.collect()
        assert sys.getallocatedblocks() - blocks < 200
    finally:
        native._keep(before)


def test_a_long_chain_of_subclasses_is_freed_without_recursion() -> None:
    """100,000 instances, each holding a node of the one before, are freed at once; closed to a ring, by the collector."""
    for ring in (False, True):
        s = first = Named(0.0)
        gone = weakref.ref(first)
        for _ in range(100_000):
            following = Named(1.0)
            following.before = s * 1.0
            s = following
        if ring:
            first.last = s * 2.0
        del first, following, s
        assert ring == (gone() is not None)
        gc.collect()
        assert gone() is None


def test_a_long_chain_of_shared_operands_is_freed_without_recursion() -> None:
    """200,000 nodes, each holding the tuple of its operands and the array of its local gradients, leave nothing behind."""
    before = native._keep(0)
    try:
        for count in (10, 200_000):
            gc.collect()
            blocks = sys.getallocatedblocks()
            y = x = native.Value(1.0)
            for _ in range(count):
                y = native._node_of_sums(ag.sum, native.Operands((y,)), 2.0, array("d", [-1.0]))
            y.backward()
            assert (x.grad, y.operands[0].data, y.local_gradients()) == (1.0, 2.0, (-1.0,))
            del x, y
            gc.collect()
            assert sys.getallocatedblocks() - blocks < 200
    finally:
        native._keep(before)


def test_a_node_becomes_no_subclass() -> None:
    """A node has no header, so Python may not make it an instance of a subclass, nor one of those a plain Value."""
    slots = type("Slots", (native.Value,), {"__slots__": ()})
    for v, kind in ((native.Value(1.0), slots), (slots(1.0), native.Value), (native.Value(1.0) * 2, slots)):
        with pytest.raises(TypeError, match="__class__ assignment"):
            v.__class__ = kind
    made = native.Value.__new__(native.Value)
    assert (made.data, gc.is_tracked(made), gc.is_tracked(slots(1.0) * 2.0)) == (0.0, False, True)
    with pytest.raises(TypeError, match="abstract"):
        type("Abstract", (native.Value, abc.ABC), {"f": abc.abstractmethod(lambda self: 1)})(1.0)


# ---- sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [iter, lambda xs: np.array(xs, object), dict.fromkeys, lambda xs: [*xs, np.float64(1.0)]])
def test_softmax_is_as_much_work_however_its_operands_come(given: Any, work: Callable[[Callable[[], object]], int]) -> None:
    """A softmax of 400 from an iterator, an array, a dictionary or beside a NumPy scalar is no more work than of a list.

    Counted in lines of Python, of which the native engine runs none but the function's own.
    """
    xs = [native.Value(i / 400) for i in range(400)]
    assert [y.data for y in ag.softmax(given(xs))][:3] == [y.data for y in ag.softmax(list(given(xs)))][:3]
    lines = work(lambda: ag.softmax(xs))
    assert lines < 20 or ag.engine() == "python"
    assert work(lambda: ag.softmax(given(xs))) <= 1.1 * lines + 100


def test_softmax_of_what_c_leaves_to_python_is_computed_when_asked() -> None:
    """Where C can't compute the softmax, beside a Fraction, local gradients are computed when they are asked for."""
    calls: list[Any] = []
    component = ag.softmax.bind(component=0)
    (rule,) = partials = component.partials
    component.partials = (lambda z, xs: calls.append(1) or rule(z, xs),)
    try:
        found = ag.softmax([native.Value(0.5), Fraction(1, 2), native.Value(0.5)])
        assert calls == []
        assert found[0].local_gradients() == pytest.approx((2 / 9, -1 / 9), rel=1e-15)
        assert calls == [1]
    finally:
        component.partials = partials
