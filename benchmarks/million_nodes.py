"""Large graphs: a chain of a million, 100,000 terms by one sum node and by additions, diamonds 100,000 deep.

    python benchmarks/million_nodes.py [--nodes 1000000] [--rounds 3] [--json]

Each graph is built, differentiated and freed by each engine in a process of its own, in turn. Micrograd runs the chain of
600, which its recursion can handle; it has no longer graphs, and no sums of many terms in one node. Times are medians.
Bytes are what tracemalloc counts per node, in a run of its own: while the chain exists, and the peak during the backward
pass.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

from harness import PHASES, Contestant, both_engines, bytes_per_node, collect, duration, engine_module, parser, phases

SHALLOW = 600  # nodes that micrograd's recursion can handle
START = 0.999999  # of the chain; its millionth power is still not tiny
TRACED = 100_000  # nodes in the runs that count bytes: tracemalloc makes them slow
Figures = dict[str, dict[str, float]]  # by graph and column
Prepared = tuple[Callable[[], Figures], Sequence[float]]


def chain(x: Any, nodes: int) -> Any:
    """x times itself, one product after the other."""
    y = x
    for _ in range(nodes):
        y = y * x
    return y


def fan_in(ag: Any, terms: int) -> Any:
    """One node of many operands."""
    return ag.sum([ag.Value(1.0) for _ in range(terms)])


def additions(ag: Any, terms: int) -> Any:
    """The same by one addition after the other."""
    return sum(ag.Value(1.0) for _ in range(terms))


def diamonds(ag: Any, depth: int) -> Any:
    """Each sum is of two halves of the sum before: 2**depth ways from the root to the leaf, three nodes a diamond."""
    x = ag.Value(1.0)
    for _ in range(depth):
        x = x * 0.5 + x * 0.5
    return x


def checked(Value: Any) -> list[float]:
    """The value and the gradient of the short chain, by which the contestants are compared."""
    x = Value(START)
    y = chain(x, SHALLOW)
    y.backward()
    return [y.data, x.grad]


def glassgrad(nodes: int) -> Prepared:
    """Either engine."""
    ag = engine_module()
    many = max(2, nodes // 10)
    traced = min(nodes, TRACED)
    memory = {
        f"chain of {nodes:,}": bytes_per_node(lambda: chain(ag.Value(START), traced), traced),
        f"chain of {SHALLOW}": bytes_per_node(lambda: chain(ag.Value(START), SHALLOW), SHALLOW),
    }
    graphs: dict[str, tuple[Callable[[], Any], int]] = {
        f"chain of {nodes:,}": (lambda: chain(ag.Value(START), nodes), nodes),
        f"chain of {SHALLOW}": (lambda: chain(ag.Value(START), SHALLOW), SHALLOW),
        f"sum of {many:,}, one node": (lambda: fan_in(ag, many), many),
        f"sum of {many:,}, additions": (lambda: additions(ag, many), many),
        f"diamonds {many:,} deep": (lambda: diamonds(ag, many), 3 * many),
    }
    return lambda: {name: phases(*graph) | memory.get(name, {}) for name, graph in graphs.items()}, checked(ag.Value)


def micrograd() -> Prepared:
    """The chain that it can handle."""
    from micrograd.engine import Value

    sys.setrecursionlimit(10 * SHALLOW)
    memory = bytes_per_node(lambda: chain(Value(START), SHALLOW), SHALLOW)
    return lambda: {f"chain of {SHALLOW}": phases(lambda: chain(Value(START), SHALLOW), SHALLOW) | memory}, checked(Value)


def measure(nodes: int, rounds: int, names: Sequence[str] = ()) -> tuple[dict[str, Figures], dict[str, str]]:
    """Median figures by contestant, and who is missing, and why.

    Args:
        nodes: of the longest chain.
        rounds: how often each graph is timed.
        names: only these contestants; all if empty.
    """
    contestants = [*both_engines("glassgrad", nodes=nodes), Contestant("micrograd", "micrograd")]
    wanted = [c for c in contestants if not names or c.name in names]
    found, missing = collect(__file__, wanted, rounds)
    return {
        name: {
            graph: {column: statistics.median(turn[graph][column] for turn in turns) for column in turns[0][graph]}
            for graph in turns[0]
        }
        for name, turns in found.items()
    }, missing


def main() -> None:
    options = parser(__doc__, rounds=3)
    options.add_argument("--nodes", type=int, default=1_000_000, help="nodes of the chain, from 1,000 on (default 1,000,000)")
    given = options.parse_args()
    if given.nodes < 1000:
        options.error(f"--nodes starts at 1000, got {given.nodes}")
    found, missing = measure(given.nodes, given.rounds)
    if given.json:
        print(json.dumps({"figures": found, "missing": missing}))
        return
    head = " ".join(f"{column:>9}" for column in PHASES)
    print(f"{'engine':<18} {'graph':<27} {head}  {'bytes':>5}  {'at most':>7}")
    for name, graphs in found.items():
        for graph, row in graphs.items():
            times = " ".join(f"{duration(row[column]):>9}" for column in PHASES)
            memory = f"  {row['bytes']:>5.0f}  {row['bytes at most']:>7.0f}" if "bytes" in row else ""
            print(f"{name:<18} {graph:<27} {times}{memory}")
    for name, reason in missing.items():
        print(f"{name:<18} left out: {reason}")


if __name__ == "__main__":
    main()
