"""A chain of a million operations: time to build, differentiate and free it, and bytes per node.

    python benchmarks/million_nodes.py [--nodes 1000000] [--json]

Beside it, in turn, glassgrad and micrograd (pip install ".[bench]") on a chain of 600, a length that micrograd's
recursion survives. Bytes are what tracemalloc counts per node, in a run apart from the timed one: while the built
chain stands, and at the most during the backward pass.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from typing import Any

from harness import micrograd_value

import autograd

SHORT = 600


def chain(value: Any, nodes: int) -> tuple[Any, Any]:
    """A leaf, and the end of a chain of additions and multiplications that starts there."""
    x = value(1.0)
    y = x
    for _ in range(nodes // 2):
        y = (y + x) * 0.5
    return x, y


def timed(value: Any, nodes: int) -> tuple[float, float, float]:
    """Seconds to build a chain, to walk it back, and to free it."""
    start = time.perf_counter()
    x, y = chain(value, nodes)
    built = time.perf_counter()
    y.backward()
    differentiated = time.perf_counter()
    del x, y
    return built - start, differentiated - built, time.perf_counter() - differentiated


def traced(value: Any, nodes: int) -> tuple[float, float]:
    """Bytes per node: while the chain stands, and at the most during its backward pass.

    Many short chains stand at once, since the first objects come from memory that Python had put by.
    """
    copies = max(1, 60_000 // nodes)
    tracemalloc.start()
    chains = [chain(value, nodes) for _ in range(copies)]
    standing = tracemalloc.get_traced_memory()[0]
    for _, end in chains:
        end.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return standing / (nodes * copies), peak / (nodes * copies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="length of the chain (default 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    ours, theirs = f"glassgrad ({autograd.engine()})", micrograd_value()
    cases = [(ours, autograd.Value, options.nodes, 3), (ours, autograd.Value, SHORT, 200)]
    if theirs is not None:
        cases.append(("micrograd", theirs, SHORT, 200))
    times: list[list[tuple[float, float, float]]] = [[] for _ in cases]
    for turn in range(max(rounds for *_, rounds in cases)):
        for (_, value, nodes, rounds), found in zip(cases, times, strict=True):
            if turn < rounds:
                found.append(timed(value, nodes))
    rows = []
    for (name, value, nodes, _), found in zip(cases, times, strict=True):
        build, walk, free = (statistics.median(column) for column in zip(*found, strict=True))
        standing, peak = traced(value, nodes)
        each = (build + walk + free) / nodes
        row = {"engine": name, "nodes": nodes, "build": build, "backward": walk, "free": free, "each": each}
        rows.append({**row, "bytes": standing, "peak_bytes": peak})
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'engine':<20} {'nodes':>9} {'build s':>9} {'back s':>9} {'free s':>9} {'ns/node':>8} {'bytes':>6} {'at most':>8}")
    for row in rows:
        print(
            f"{row['engine']:<20} {row['nodes']:>9,} {row['build']:>9.5f} {row['backward']:>9.5f} {row['free']:>9.5f} "
            f"{row['each'] * 1e9:>8.0f} {row['bytes']:>6.0f} {row['peak_bytes']:>8.0f}"
        )
    if theirs is None:
        print("micrograd is not installed")


if __name__ == "__main__":
    main()
