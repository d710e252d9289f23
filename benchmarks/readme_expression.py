"""The expression of micrograd's README: value and gradient, on every engine that is installed.

    python benchmarks/readme_expression.py [--rounds 15] [--json]

Contestants take turns in one process: the value alone on plain floats, glassgrad, and micrograd where it is
installed (pip install ".[bench]"). Read the ratios; the times are those of the machine.
"""

from __future__ import annotations

import argparse
import importlib
import math
from collections.abc import Callable
from typing import Any

from harness import in_turn, report

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


def gradient(value: Callable[[float], Any]) -> tuple[float, float]:
    """Both gradients, by the engine that the class belongs to."""
    a, b = value(-4.0), value(2.0)
    expression(a, b, lambda x: x.relu()).backward()
    return a.grad, b.grad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how many timings each (default 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()

    ours = f"glassgrad ({autograd.engine()})"
    contestants: dict[str, Callable[[], object]] = {
        "plain floats, value only": lambda: expression(-4.0, 2.0, lambda x: x if x > 0.0 else 0.0),
        ours: lambda: gradient(autograd.Value),
    }
    try:
        micrograd = importlib.import_module("micrograd.engine").Value
    except ImportError:
        print("micrograd is not installed; pip install '.[bench]' brings it")
    else:
        if not all(map(math.isclose, gradient(micrograd), gradient(autograd.Value))):
            raise SystemExit(f"gradients differ: {gradient(micrograd)} and {gradient(autograd.Value)}")
        contestants["micrograd"] = lambda: gradient(micrograd)
    seconds = in_turn(contestants, options.rounds, calls=300)
    report("micrograd's README expression, value and gradient", seconds, ours, options.json)


if __name__ == "__main__":
    main()
