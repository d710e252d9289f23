"""CS231n's two-layer net on NumPy object arrays of Values, at growing sizes: time and memory per node.

    python benchmarks/object_arrays.py [--sizes 4,8,16,32] [--json]

The code is the lecture's: h = max(x w1, 0), y = h w2, loss = sum of (y - target) squared, with N samples of 2N
numbers, N hidden units and N/2 outputs. A node is what `topological_order` counts. Memory is what tracemalloc counts
between an empty and a built graph.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import numpy as np
from harness import engine_module, parser

ENGINES = ("native", "python")


def loss(Value: Any, n: int) -> Any:
    """The loss on new leaves."""
    rng = random.Random(n)
    leaves = np.vectorize(lambda _: Value(rng.gauss(0.0, 1.0)), otypes=[object])
    x, target = leaves(np.empty((n, 2 * n))), leaves(np.empty((n, n // 2)))
    w1, w2 = leaves(np.empty((2 * n, n))), leaves(np.empty((n, n // 2)))
    hidden = np.vectorize(lambda v: v.relu(), otypes=[object])(x.dot(w1))
    return np.square(hidden.dot(w2) - target).sum()


def one_engine(sizes: list[int]) -> list[dict[str, float]]:
    """Nanoseconds and bytes per node on the engine that runs."""
    ag = engine_module()
    rows = []
    for n in sizes:
        tracemalloc.start()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        root = loss(ag.Value, n)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        nodes = len(ag.topological_order(root))
        del root
        times: dict[str, list[float]] = {"build": [], "backward": [], "free": []}
        for _ in range(5 if nodes < 100_000 else 3):
            start = time.perf_counter()
            root = loss(ag.Value, n)
            built = time.perf_counter()
            root.backward()
            walked = time.perf_counter()
            del root
            freed = time.perf_counter()
            for name, taken in zip(times, (built - start, walked - built, freed - walked), strict=True):
                times[name].append(taken)
        per_node = {name: sorted(found)[len(found) // 2] / nodes * 1e9 for name, found in times.items()}
        rows.append({"size": n, "nodes": nodes, **per_node, "bytes": held / nodes})
    return rows


def measure(sizes: list[int]) -> dict[str, list[dict[str, float]]]:
    """Each engine in a process of its own."""
    found = {}
    for engine in ENGINES:
        command = [sys.executable, __file__, "--sizes", ",".join(map(str, sizes)), "--one"]
        run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"AUTOGRAD_ENGINE": engine})
        if run.returncode == 0:
            found[engine] = json.loads(run.stdout)
        else:
            print(f"{engine}: left out: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sizes", default="4,8,16,32", help="N, separated by commas (default 4,8,16,32)")
    options.add_argument("--one", action="store_true", help="this process's engine alone, as JSON")
    given = options.parse_args()
    sizes = [int(n) for n in given.sizes.split(",")]
    if given.one:
        print(json.dumps(one_engine(sizes)))
        return
    found = measure(sizes)
    if given.json:
        print(json.dumps(found))
        return
    print("CS231n's two-layer net on object arrays: nanoseconds per node, and bytes per node")
    print(f"{'engine':>8} {'N':>4} {'nodes':>8} {'build':>8} {'backward':>9} {'free':>7} {'bytes':>7}")
    for engine, rows in found.items():
        for row in rows:
            print(f"{engine:>8} {row['size']:>4} {row['nodes']:>8} {row['build']:>8.0f} {row['backward']:>9.0f} "
                  f"{row['free']:>7.0f} {row['bytes']:>7.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
