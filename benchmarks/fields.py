"""What reading and writing a field costs compared with a slot, and a number of another type compared with a float.

    python benchmarks/fields.py [--rounds 15] [--json]

All rows run in one process, one timing each in turn. A row's ratio is to the row above it: to the same access on a
class with ``__slots__``, or to the same operation with a float. Times are those of ``python -m timeit``, including its
loop, whose cost the empty statement shows. Rows with NumPy's scalars are left out where NumPy is not installed.

CPython 3.11 and later read a slot without looking it up, which they do for no other descriptor. So ``(1j).real``, which costs
as much as `data`, is there as well.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import statistics
import timeit
from typing import Any

from harness import duration, engine_module, parser

CALLS = 20_000
# The statement to compare with, and those that are compared with it; `s` has slots, `v` is a Value.
GROUPS = {
    "pass": [],
    "t = s.data": ["t = v.data", "t = v.grad", "t = z.real"],
    "s.data = 1.0": ["v.data = 1.0", "v.grad = 0.0", "v.data = 1", "v.grad = 0", "v.grad = False"],
    "v.data = 1.0": ["v.data = float64", "v.data = float32", "v.data = int64"],
    "v + 1.0": ["v + 1", "v + True", "v + float64", "v + float32", "v + int64"],
    "v * 1.0": ["v * 1", "v * True", "v * float64", "v * float32", "v * int64"],
}


class Slots:
    """What a field is compared with."""

    __slots__ = ("data", "grad")

    def __init__(self) -> None:
        self.data = self.grad = 0.5


def names() -> dict[str, Any]:
    """What the statements name."""
    found: dict[str, Any] = {"s": Slots(), "v": engine_module().Value(1.5), "z": 0.5 + 1j}
    if importlib.util.find_spec("numpy"):
        np = importlib.import_module("numpy")
        found |= {name: getattr(np, name)(2) for name in ("float64", "float32", "int64")}
    return found


def measure(rounds: int) -> dict[str, float]:
    """Median seconds of each statement."""
    known = names()
    statements = [x for first, rest in GROUPS.items() for x in (first, *rest)]
    statements = [x for x in dict.fromkeys(statements) if x.split()[-1] in known or not x.endswith(("32", "64"))]
    timers = {x: timeit.Timer(x, globals=known) for x in statements}
    taken: dict[str, list[float]] = {x: [] for x in statements}
    for turn in range(rounds + 1):
        for x, timer in timers.items():
            seconds = timer.timeit(CALLS) / CALLS
            if turn:
                taken[x].append(seconds)
    return {x: statistics.median(found) for x, found in taken.items()}


def main() -> None:
    """Print the table, or JSON."""
    options = parser(__doc__).parse_args()
    seconds = measure(options.rounds)
    ratios = {x: seconds[x] / seconds[first] for first, rest in GROUPS.items() for x in rest if x in seconds}
    if options.json:
        print(json.dumps({"engine": engine_module().engine(), "seconds": seconds, "ratios": ratios}))
        return
    print(f"fields and foreign numbers, engine {engine_module().engine()}: median, and its ratio to the first row of its group")
    for first, rest in GROUPS.items():
        print(f"  {first:<18}  {duration(seconds[first]):>10}")
        for x in rest:
            if x in seconds:
                print(f"    {x:<16}  {duration(seconds[x]):>10}  {ratios[x]:8.3g}")


if __name__ == "__main__":
    main()
