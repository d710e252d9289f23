"""CS231n's two-layer net on NumPy object arrays of Values, at growing sizes: time and memory per node.

    python benchmarks/object_arrays.py [--sizes 4,8,16,32] [--rounds 5] [--json]

The code is the lecture's: h = max(x w1, 0), y = h w2, loss = sum of (y - target) squared, with N samples of 2N
numbers, N hidden units and N/2 outputs. A node is what `topological_order` counts, leaves too. Times are medians over the
rounds, the engines in turn. Bytes are what tracemalloc counts per node, NumPy's arrays included, in a run of its own:
while the graph exists, and the peak during the backward pass. The last column is
`sys.getsizeof` of one product of two Values, without what it refers to.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from harness import both_engines, bytes_per_node, collect, engine_module, parser, phases

Figures = list[dict[str, float]]  # one row for each size
Prepared = tuple[Callable[[], Figures], Sequence[float]]


def loss(Value: Any, n: int) -> Any:
    """The loss on new leaves."""
    rng = random.Random(n)
    leaves = np.vectorize(lambda _: Value(rng.gauss(0.0, 1.0)), otypes=[object])
    x, target = leaves(np.empty((n, 2 * n))), leaves(np.empty((n, n // 2)))
    w1, w2 = leaves(np.empty((2 * n, n))), leaves(np.empty((n, n // 2)))
    hidden = np.vectorize(lambda v: v.relu(), otypes=[object])(x.dot(w1))
    return np.square(hidden.dot(w2) - target).sum()


def glassgrad(sizes: list[int]) -> Prepared:
    """Either engine; what is compared is the loss and the sum of its gradients' sizes, for each size of the net."""
    ag = engine_module()
    fixed: Figures = []
    numbers: list[float] = []
    for n in sizes:
        root = loss(ag.Value, n)
        root.backward()
        order = ag.topological_order(root)
        numbers += [root.data, sum(abs(node.grad) for node in order if node.is_leaf)]
        nodes = len(order)
        del root, order
        memory = bytes_per_node(lambda n=n: loss(ag.Value, n), nodes)  # type: ignore[misc]  # bound now, not at the call
        fixed.append({"size": n, "nodes": nodes, **memory, "object": sys.getsizeof(ag.Value(2.0) * ag.Value(3.0))})

    def call() -> Figures:
        rows = []
        for n, row in zip(sizes, fixed, strict=True):
            times = phases(lambda n=n: loss(ag.Value, n), int(row["nodes"]))  # type: ignore[misc]  # as above
            rows.append(row | {name: seconds / row["nodes"] * 1e9 for name, seconds in times.items()})
        return rows

    return call, numbers


def measure(sizes: list[int], rounds: int) -> tuple[dict[str, Figures], dict[str, str]]:
    """Median figures by engine, and who is missing, and why."""
    found, missing = collect(__file__, both_engines("glassgrad", sizes=sizes), rounds)
    return {
        name: [
            {column: statistics.median(turn[i][column] for turn in turns) for column in turns[0][i]} for i in range(len(sizes))
        ]
        for name, turns in found.items()
    }, missing


def size_list(text: str) -> list[int]:
    """Whole numbers from 2 on, for argparse."""
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) >= 2 for part in parts):
        raise argparse.ArgumentTypeError(f"expected whole numbers from 2 on, separated by commas, got {text!r}")
    return [int(part) for part in parts]


def main() -> None:
    options = parser(__doc__, rounds=5)
    options.add_argument("--sizes", type=size_list, default=[4, 8, 16, 32], help="N, separated by commas (default 4,8,16,32)")
    given = options.parse_args()
    found, missing = measure(given.sizes, given.rounds)
    if given.json:
        print(json.dumps({"figures": found, "missing": missing}))
        return
    print("CS231n's two-layer net on object arrays: nanoseconds per node, and bytes per node")
    print(
        f"{'engine':<18} {'N':>3} {'nodes':>7} {'build':>7} {'backward':>8} {'free':>5} {'bytes':>6} {'at most':>8} "
        f"{'object':>7}"
    )
    for engine, rows in found.items():
        for row in rows:
            print(
                f"{engine:<18} {row['size']:>3.0f} {row['nodes']:>7.0f} {row['build']:>7.0f} {row['backward']:>8.0f} "
                f"{row['free']:>5.0f} {row['bytes']:>6.0f} {row['bytes at most']:>8.0f} {row['object']:>7.0f}"
            )
    for name, reason in missing.items():
        print(f"{name:<18} left out: {reason}")


if __name__ == "__main__":
    main()
