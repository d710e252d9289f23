"""Large graphs: a chain of a million, a sum of 100,000, deep diamonds. Build, walk back, free.

    python benchmarks/million_nodes.py [--nodes 1000000] [--rounds 3] [--json]

Each engine runs in a process of its own. Micrograd takes part in the chain with as many nodes as its recursion bears,
and in the sum as one node of 100,000 operands it has none: there glassgrad stands alone. Seconds are medians; bytes
are what tracemalloc counts for the built chain, and the garbage collector is on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from harness import duration, engine_module, parser

SHALLOW = 600  # nodes that micrograd's recursion bears


def chain(Value: Any, nodes: int) -> Any:
    """x times itself, one product after the other."""
    x = Value(0.999999)
    y = x
    for _ in range(nodes):
        y = y * x
    return y


def fan_in(ag: Any, nodes: int) -> Any:
    """One node of many operands."""
    return ag.sum([ag.Value(1.0) for _ in range(nodes)])


def fan_in_by_additions(ag: Any, nodes: int) -> Any:
    """As many additions."""
    return sum(ag.Value(1.0) for _ in range(nodes))


def diamonds(ag: Any, nodes: int) -> Any:
    """Each pair of nodes depends twice on the pair before: 2**(nodes/3) paths."""
    x = ag.Value(1.0)
    for _ in range(nodes // 3):
        x = x * 0.5 + x * 0.5
    return x


def timed(build: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Median seconds of building, walking back and freeing."""
    found: dict[str, list[float]] = {"build": [], "backward": [], "free": []}
    for _ in range(rounds):
        start = time.perf_counter()
        root = build()
        built = time.perf_counter()
        root.backward()
        walked = time.perf_counter()
        del root
        freed = time.perf_counter()
        for name, taken in zip(found, (built - start, walked - built, freed - walked), strict=True):
            found[name].append(taken)
    medians = {name: sorted(taken)[len(taken) // 2] for name, taken in found.items()}
    return medians | {"all": sum(medians.values())}


def memory(build: Callable[[], Any], nodes: int) -> float:
    """Bytes per node of what is built."""
    tracemalloc.start()
    root = build()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del root
    return held / nodes


def one_engine(nodes: int, rounds: int) -> dict[str, dict[str, float]]:
    """All graphs on the engine that runs."""
    ag = engine_module()
    many = nodes // 10
    return {
        f"chain of {nodes:,}": timed(lambda: chain(ag.Value, nodes), rounds)
        | {"bytes per node": memory(lambda: chain(ag.Value, many), many)},
        f"chain of {SHALLOW}": timed(lambda: chain(ag.Value, SHALLOW), 20 * rounds),
        f"sum of {many:,}, one node": timed(lambda: fan_in(ag, many), rounds),
        f"sum of {many:,}, additions": timed(lambda: fan_in_by_additions(ag, many), rounds),
        f"diamonds, {many:,} nodes": timed(lambda: diamonds(ag, many), rounds),
    }


def micrograd(rounds: int) -> dict[str, dict[str, float]]:
    """The chain that it bears."""
    from micrograd.engine import Value

    sys.setrecursionlimit(10 * SHALLOW)
    return {
        f"chain of {SHALLOW}": timed(lambda: chain(Value, SHALLOW), 20 * rounds)
        | {"bytes per node": memory(lambda: chain(Value, SHALLOW), SHALLOW)}
    }


def measure(nodes: int, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Each contestant in a process of its own."""
    found = {}
    for name, environment in (
        ("native", {"AUTOGRAD_ENGINE": "native"}),
        ("python", {"AUTOGRAD_ENGINE": "python"}),
        ("micrograd", {}),
    ):
        command = [sys.executable, __file__, "--nodes", str(nodes), "--rounds", str(rounds), "--one", name]
        run = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
        if run.returncode == 0:
            found[name] = json.loads(run.stdout)
        else:
            print(f"{name}: left out: {run.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return found


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--nodes", type=int, default=1_000_000, help="nodes of the chain (default 1,000,000)")
    options.add_argument("--one", default="", help="this contestant alone, as JSON")
    given = options.parse_args()
    if given.one:
        print(json.dumps(micrograd(given.rounds) if given.one == "micrograd" else one_engine(given.nodes, given.rounds)))
        return
    found = measure(given.nodes, given.rounds)
    if given.json:
        print(json.dumps(found))
        return
    print(f"{'':<10} {'graph':<26} {'build':>10} {'backward':>10} {'free':>10} {'all':>10}  bytes per node")
    for name, graphs in found.items():
        for graph, row in graphs.items():
            times = " ".join(f"{duration(row[k]):>10}" for k in ("build", "backward", "free", "all"))
            print(f"{name:<10} {graph:<26} {times}  {row.get('bytes per node', ''):.5}" if "bytes per node" in row else
                  f"{name:<10} {graph:<26} {times}")  # fmt: skip


if __name__ == "__main__":
    main()
