"""Timing in turn: each contestant runs in a process of its own, one round each, so that a machine that slows down slows
all of them.

A benchmark's file has a function for each contestant. It prepares everything and returns what is to be timed, and
numbers that show that all contestants compute the same. A contestant may need another environment, such as
AUTOGRAD_ENGINE=python, or another interpreter; one that can't be imported is left out, with a note. Any other error
ends the run.

`race` times one function of each contestant. `collect` is for contestants that time the parts of a call themselves.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PHASES", "Contestant", "Race", "both_engines", "bytes_per_node", "collect", "duration", "engine_module", "phases",
           "parser", "positive", "race"]  # fmt: skip

PHASES = ("build", "backward", "free", "all")
SHORT = 5  # turns of a round: where other processes run, short ones next to each other meet the same of them


@dataclass(frozen=True)
class Contestant:
    """One of the programs that are timed.

    Args:
        name: how the table calls it.
        start: the function of the benchmark's file that prepares it.
        environment: what its process needs, beside what this one has.
        python: its interpreter.
        options: passed on to ``start`` by name.
    """

    name: str
    start: str
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Race:
    """What was measured: median seconds of one call by name; who could not take part, and why; each timing by its turn."""

    title: str
    reference: str
    seconds: dict[str, float]
    missing: dict[str, str]
    numbers: dict[str, list[float]]
    turns: dict[str, dict[int, float]] = field(default_factory=dict)

    def ratio(self, name: str, to: str) -> float | None:
        """How many times longer ``name`` takes than ``to``: the median over the turns that both had; None if one is missing."""
        if name not in self.seconds or to not in self.seconds:
            return None
        both = self.turns[name].keys() & self.turns[to].keys()
        return statistics.median([self.turns[name][turn] / self.turns[to][turn] for turn in both])

    def as_dict(self) -> dict[str, Any]:
        """What JSON holds of it."""
        ratios = {name: self.ratio(name, self.reference) for name in self.seconds}
        return {"title": self.title, "seconds": self.seconds, "reference": self.reference, "ratios": ratios,
                "missing": self.missing}  # fmt: skip

    def show(self, as_json: bool) -> None:
        """Print a table, or JSON."""
        if as_json:
            print(json.dumps(self.as_dict()))
            return
        width = max(map(len, [*self.seconds, *self.missing]))
        print(f"{self.title}: median, and its ratio to {self.reference}")
        for name, median in self.seconds.items():
            print(f"  {name:<{width}}  {duration(median):>12}  {self.ratio(name, self.reference):10.3g}")
        for name, reason in self.missing.items():
            print(f"  {name:<{width}}  left out: {reason}")


def duration(seconds: float) -> str:
    """Seconds as a person reads them."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def both_engines(start: str, **options: Any) -> list[Contestant]:
    """glassgrad on each of its engines."""
    return [
        Contestant(f"glassgrad, {engine}", start, {"AUTOGRAD_ENGINE": engine}, options=options)
        for engine in ("native", "python")
    ]


def engine_module() -> Any:
    """glassgrad's package, which holds the engine that the environment asks for."""
    return importlib.import_module("autograd")


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def phases(build: Callable[[], Any], nodes: int) -> dict[str, float]:
    """Median seconds of building a graph, of walking it back, of freeing it, and of all three.

    Args:
        build: makes the graph.
        nodes: how many nodes it has, about; a small graph is timed many times over.
    """
    found: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for _ in range(max(1, 30_000 // nodes)):
        start = time.perf_counter()
        root = build()
        built = time.perf_counter()
        root.backward()
        walked = time.perf_counter()
        del root
        freed = time.perf_counter()
        for phase, taken in zip(PHASES, (built - start, walked - built, freed - walked, freed - start), strict=True):
            found[phase].append(taken)
    return {phase: statistics.median(taken) for phase, taken in found.items()}


def bytes_per_node(build: Callable[[], Any], nodes: int) -> dict[str, float]:
    """What tracemalloc counts for each node: while the graph exists, and the peak during the backward pass.

    Engines and Python keep freed objects for the next graph, and tracemalloc would not see those again. So as much is built
    before and kept alive: it uses up what was kept. Small graphs are built many times over.

    Args:
        build: makes a graph of new nodes.
        nodes: how many nodes it has.
    """
    copies = -(-60_000 // nodes)
    spare = [build() for _ in range(copies)]
    roots: list[Any] = [None] * copies
    tracemalloc.start()
    try:
        for i in range(copies):
            roots[i] = build()
        standing, _ = tracemalloc.get_traced_memory()
        for root in roots:
            root.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del spare
    return {"bytes": standing / (nodes * copies), "bytes at most": peak / (nodes * copies)}


def parser(description: str | None, rounds: int = 15) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--rounds", type=positive, default=rounds, help=f"how many timings each (default {rounds})")
    found.add_argument("--json", action="store_true", help="print JSON")
    return found


# ---- the parent: it says whose turn it is --------------------------------------------------------------


class _Worker:
    def __init__(self, file: str, contestant: Contestant, at_least: float) -> None:
        command = [contestant.python, __file__, file, contestant.start, json.dumps(contestant.options), str(at_least)]
        environment = os.environ | contestant.environment
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a contestant ended with status {self.process.wait()}: {self.process.args!r:.200}")
        return json.loads(line)

    def ask(self) -> Any:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise SystemExit(f"a contestant died: {self.process.args!r:.200}") from None
        return self.answer()

    def stop(self) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        finally:
            self.process.wait()


@contextmanager
def _workers(
    file: str, contestants: Sequence[Contestant], at_least: float
) -> Iterator[tuple[dict[str, _Worker], dict[str, list[float]], dict[str, str]]]:
    """The processes of all who can take part, the numbers they compute, and why the others can't."""
    workers: dict[str, _Worker] = {}
    missing: dict[str, str] = {}
    numbers: dict[str, list[float]] = {}
    try:
        for contestant in contestants:
            if shutil.which(contestant.python) is None:
                missing[contestant.name] = (
                    f"no interpreter at {contestant.python!r}" if contestant.python else "no interpreter given"
                )
                continue
            workers[contestant.name] = worker = _Worker(file, contestant, at_least)
            said = worker.answer()
            if "missing" in said:
                missing[contestant.name] = said["missing"]
                workers.pop(contestant.name).stop()
            else:
                numbers[contestant.name] = said["numbers"]
        yield workers, numbers, missing
    finally:
        for worker in workers.values():
            worker.stop()


def collect(file: str, contestants: Sequence[Contestant], rounds: int) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """What all contestants say in turn: their functions time themselves and return something that JSON can hold.

    Args:
        file: the benchmark's ``__file__``.
        contestants: who takes part.
        rounds: how often each is asked.

    Returns:
        What each said, round by round, and who could not take part, and why.
    """
    with _workers(file, contestants, 0.0) as (workers, numbers, missing):
        _check_agreement(numbers, 1e-9)
        found: dict[str, list[Any]] = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.ask())
        return found, missing


def race(
    title: str,
    file: str,
    contestants: Sequence[Contestant],
    rounds: int,
    agree: float = 1e-9,
    at_least: float = 0.03,
    per: int = 1,
) -> Race:
    """Time all contestants in turn.

    Args:
        title: what is measured.
        file: the benchmark's ``__file__``.
        contestants: the first one that takes part is the one whose ratio is 1.
        rounds: how often each is timed, after one round that does not count; those that are quick have `SHORT` turns a round.
        agree: how far, relatively, the numbers of two contestants may be apart.
        at_least: seconds that the timings of a round take at least; a quick function is called many times in them.
        per: how many of what the title names a function does in one call.
    """
    with _workers(file, contestants, at_least / SHORT) as (workers, numbers, missing):
        _check_agreement(numbers, agree)
        times: dict[str, dict[int, float]] = {name: {} for name in workers}
        first = {name: worker.ask() for name, worker in workers.items()}
        for turn in range(SHORT * rounds):
            for name, worker in workers.items():
                if turn % SHORT == 0 or first[name] < at_least:
                    times[name][turn] = worker.ask() / per
    seconds = {name: statistics.median(found.values()) for name, found in times.items()}
    return Race(title, next(iter(seconds)), seconds, missing, numbers, times)


def _check_agreement(numbers: dict[str, list[float]], agree: float) -> None:
    """Compare all with the one that gives most numbers; one that gives fewer (a value alone) gives the first of them."""
    most = max(numbers, key=lambda name: len(numbers[name]), default="")
    for name, found in numbers.items():
        expected = numbers[most][: len(found)]
        if not all(math.isclose(x, y, rel_tol=agree, abs_tol=agree) for x, y in zip(found, expected, strict=True)):
            raise SystemExit(f"{name} computes {found}, {most} computes {expected}")


# ---- the worker: it prepares one contestant and waits for its turn -------------------------------------


def work(file: str, start: str, options: dict[str, Any], at_least: float) -> None:
    """Prepare one contestant, say so, and time it whenever a line comes in."""
    spec = importlib.util.spec_from_file_location("contestants", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        function, numbers = getattr(module, start)(**options)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"numbers": [float(x) for x in numbers]}), flush=True)
    if not at_least:  # see `collect`
        for _ in sys.stdin:
            print(json.dumps(function()), flush=True)
        return
    calls = 1
    while True:
        taken = _timed(function, calls)
        if taken >= at_least or calls >= 1_000_000:
            break
        calls = max(2 * calls, int(1.2 * calls * at_least / max(taken, 1e-9)))
    for _ in sys.stdin:
        if calls > 1:  # the others' turns have emptied the caches, which matters to those that take milliseconds
            _timed(function, calls)
        print(json.dumps(_timed(function, calls) / calls), flush=True)


def _timed(function: Callable[[], object], calls: int) -> float:
    turns = range(calls)
    start = time.perf_counter()
    for _ in turns:
        function()
    return time.perf_counter() - start


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), float(sys.argv[4]))
