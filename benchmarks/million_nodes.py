"""A chain of a million operations: seconds to build, differentiate and free it, and bytes per node.

    python benchmarks/million_nodes.py [--nodes 1000000] [--json]

Beside it micrograd, where it is installed, at a length that its recursion survives. Bytes are what tracemalloc
counts while the chain stands, divided by its nodes; that run is apart from the timed one.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
import tracemalloc
from typing import Any

import autograd


def chain(value: Any, nodes: int) -> tuple[Any, Any]:
    """A leaf, and the end of a chain of additions and multiplications that starts there."""
    x = value(1.0)
    y = x
    for _ in range(nodes // 2):
        y = (y + x) * x
    return x, y


def measured(value: Any, nodes: int) -> dict[str, float]:
    """Seconds and bytes for one engine's class."""
    start = time.perf_counter()
    x, y = chain(value, nodes)
    built = time.perf_counter()
    y.backward()
    differentiated = time.perf_counter()
    del x, y
    freed = time.perf_counter()
    tracemalloc.start()
    kept = chain(value, min(nodes, 100_000))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return {
        "nodes": nodes,
        "build": built - start,
        "backward": differentiated - built,
        "free": freed - differentiated,
        "ns_per_node": (freed - start) / nodes * 1e9,
        "bytes_per_node": held / min(nodes, 100_000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="length of the chain (default 1,000,000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    rows = {f"glassgrad ({autograd.engine()})": measured(autograd.Value, options.nodes)}
    try:
        micrograd = importlib.import_module("micrograd.engine").Value
    except ImportError:
        pass
    else:
        rows["micrograd"] = measured(micrograd, 600)
    if options.json:
        print(json.dumps(rows))
        return
    for name, row in rows.items():
        print(
            f"{name}: {row['nodes']:,.0f} nodes; build {row['build']:.4f} s, backward {row['backward']:.4f} s, "
            f"free {row['free']:.4f} s; {row['ns_per_node']:.0f} ns and {row['bytes_per_node']:.0f} bytes a node"
        )


if __name__ == "__main__":
    main()
