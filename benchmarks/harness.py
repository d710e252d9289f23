"""Timing in turn: each contestant once a round, so that a machine that slows down slows all of them."""

from __future__ import annotations

import importlib
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["in_turn", "micrograd_value", "report"]


def in_turn(contestants: dict[str, Callable[[], object]], rounds: int, calls: int) -> dict[str, float]:
    """Median seconds of one call for each contestant, measured in turn.

    Args:
        contestants: functions of no arguments by name.
        rounds: how often each is timed, after one round that does not count.
        calls: how many calls make one timing.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, function in contestants.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            if turn:
                times[name].append((time.perf_counter() - start) / calls)
    return {name: statistics.median(found) for name, found in times.items()}


def micrograd_value() -> Any:
    """Micrograd's class, or None where it is not installed."""
    try:
        return importlib.import_module("micrograd.engine").Value
    except ImportError:
        return None


def report(title: str, seconds: dict[str, float], reference: str, missing: list[str], as_json: bool) -> None:
    """Print a table of times and of ratios to one contestant, or JSON.

    Args:
        title: what was measured.
        seconds: median seconds by name.
        reference: the contestant whose time is 1 in the ratios.
        missing: contestants that are not installed.
        as_json: whether to print JSON.
    """
    ratios = {name: median / seconds[reference] for name, median in seconds.items()}
    if as_json:
        found = {"title": title, "seconds": seconds, "reference": reference, "ratios": ratios, "missing": missing}
        print(json.dumps(found))
        return
    width = max(map(len, seconds))
    print(f"{title}: median of one call, and its ratio to {reference}")
    for name, median in seconds.items():
        print(f"  {name:<{width}}  {median * 1e6:10.2f} us  {ratios[name]:8.3f}")
    for name in missing:
        print(f"  {name:<{width}}  not installed")
