"""The native engine's memory: nothing leaks, nothing is used after it was freed, nothing depends on the thread."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import autograd as ag

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
HERE = Path(__file__).parent
CHECKED = os.environ | {"PYTHONMALLOC": "debug", "AUTOGRAD_ENGINE": "native", "PYTHONPATH": str(HERE.parents[1])}


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
