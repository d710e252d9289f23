"""The expression of micrograd's README: value and both gradients, on every engine that is installed.

    python benchmarks/readme_expression.py [--rounds 15] [--json]

Contestants take turns in one process: plain floats (the value alone, as the floor), glassgrad, micrograd
(pip install ".[bench]") and PyTorch, where they are installed. Read the ratios; the times are the machine's.
All must agree on the gradients before any is timed.
"""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from typing import Any

from harness import in_turn, micrograd_value, report

import autograd


def expression(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """Micrograd's README expression on numbers of any kind."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def gradient(leaf: Callable[[float], Any]) -> tuple[float, float]:
    """Both gradients, by the engine whose leaves are handed in."""
    a, b = leaf(-4.0), leaf(2.0)
    expression(a, b, lambda x: x.relu()).backward()
    return float(a.grad), float(b.grad)


def torch_leaf() -> Callable[[float], Any] | None:
    """What makes a leaf of PyTorch, or None where it is not installed."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return None
    torch.set_num_threads(1)
    return lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how many timings each (default 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    ours = f"glassgrad ({autograd.engine()})"
    leaves = {ours: autograd.Value, "micrograd": micrograd_value(), "PyTorch": torch_leaf()}
    contestants: dict[str, Callable[[], object]] = {
        "plain floats, value alone": lambda: expression(-4.0, 2.0, lambda x: x if x > 0.0 else 0.0)
    }
    expected = gradient(autograd.Value)
    for name, leaf in leaves.items():
        if leaf is None:
            continue
        found = gradient(leaf)
        if not all(math.isclose(x, y, rel_tol=1e-14) for x, y in zip(found, expected, strict=True)):
            raise SystemExit(f"{name} finds the gradients {found}, {ours} finds {expected}")
        contestants[name] = lambda leaf=leaf: gradient(leaf)  # type: ignore[misc]  # bound now, not at the call
    seconds = in_turn(contestants, options.rounds, calls=300)
    missing = [name for name, leaf in leaves.items() if leaf is None]
    report("micrograd's README expression, value and gradients", seconds, ours, missing, options.json)


if __name__ == "__main__":
    main()
