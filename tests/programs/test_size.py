"""Programs of millions of instructions: they are recorded and replayed without recursion, in little memory.

Each measurement is a process of its own: 100,000 instructions by default, and 10 million with --thorough.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd as ag

ROOT = Path(__file__).parents[2]
SCRIPT = """
import gc, json, sys, time
import autograd as ag

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def f(x):
    y = x
    for _ in range(count // 2):
        y = y * 0.9999999 + x
    return y

count = int(sys.argv[1])
x = ag.Value(0.5)
y = f(x)
y.backward()
value, gradient = y.data, x.grad
del y
gc.collect()
fast = ag.compile(f)
g = ag.value_and_grad(fast)
start = time.perf_counter()
for _ in range(2):
    fast(0.5)
gc.collect()
recorded = time.perf_counter() - start
before = resident()
found = [g(0.5) for _ in range(2)]
gc.collect()
start = time.perf_counter()
found.append(g(0.5))
print(json.dumps({
    "right": all(pair == (value, gradient) for pair in found), "instructions": len(fast.program),
    "recorded": recorded, "swept": time.perf_counter() - start, "resident": resident(), "grown": resident() - before,
}))
"""


def measured(count: int, script: str = SCRIPT) -> dict[str, Any]:
    """What the script says of itself, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(count)], cwd=ROOT, capture_output=True, text=True, timeout=900,
        env=os.environ | {"AUTOGRAD_ENGINE": ag.engine(), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_a_long_chain(thorough: bool) -> None:
    """10 million instructions (100,000 by default) have the bits of eager code, and take at most 40 bytes each (native)."""
    native = ag.engine() == "native"
    count = (10_000_000 if native else 200_000) if thorough else 100_000 if native else 10_000
    small, large = measured(1000), measured(count)
    assert large["right"]
    assert large["instructions"] == count
    each = (held(count) - held(1000)) / (count - 1000)
    print(f"{count} instructions: {each:.1f} bytes each; recorded twice in {large['recorded']:.2f} s, "
          f"swept in {large['swept']:.3f} s; resident {large['resident'] / count:.0f} bytes an instruction, "
          f"small {small['resident'] / 2**20:.0f} MB")  # fmt: skip
    assert each <= (40 if native else 1000)  # the reference engine's floats are objects


HELD = """
import gc, json, sys, tracemalloc
import autograd as ag

def f(x):
    y = x
    for _ in range(count // 2):
        y = y * 0.9999999 + x
    return y

count = int(sys.argv[1])
warm = ag.value_and_grad(ag.compile(lambda x: x * x))
for _ in range(4):
    warm(1.0)
spare = f(ag.Value(1.0))  # uses up what the engine keeps of freed nodes
tracemalloc.start()
fast = ag.compile(f)
g = ag.value_and_grad(fast)
for _ in range(4):
    g(0.5)
gc.collect()
print(json.dumps({"held": tracemalloc.get_traced_memory()[0]}))
"""


def held(count: int) -> int:
    """Bytes that a compiled function holds between calls: its program, its tape, and room for a sweep."""
    return int(measured(count, HELD)["held"])


def test_many_shared_nodes_do_not_explode() -> None:
    """A graph in which each node is used twice, 60 deep, has 60 instructions and not 2**60; forward, back and second order."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(60):
            y = (y + y) * 0.5
        return y * x

    fast = ag.compile(f)
    for x in (1.0, 2.0, 3.0, 4.0):
        assert fast(x) == f(x)
        assert ag.grad(fast)(x) == 2 * x
        assert ag.hessian(fast)(x) == 2.0
    assert len(fast.program) == 121


def test_a_wide_node() -> None:
    """One sum and one dot of 20,000 operands, and a list of 20,000 arguments."""

    def f(xs: Any) -> Any:
        return ag.sum(xs) * ag.dot(xs, xs)

    fast = ag.compile(f)
    xs = [1.0 / (i + 1) for i in range(20_000)]
    for _ in range(4):
        assert fast(xs) == f(xs)
    assert ag.grad(fast)(xs) == ag.grad(f)(xs)
