"""2,000 random graphs: values and gradients against PyTorch in double precision, where it is installed.

    python benchmarks/torch_agreement.py [--graphs 2000] [--seed 0]

A gradient is a sum over paths, so each is held to 1e-12 of the sum of the absolute path products (a backward pass
over absolute local gradients), which is the scale at which rounding shows. Exits with 1 if one disagrees.
"""

from __future__ import annotations

import argparse
import importlib
import math
import random
import sys
from typing import Any

import autograd
from autograd import Value

UNARY = ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "square", "arctan", "erf", "log1p"]
BINARY = ["+", "-", "*", "/", "maximum", "hypot"]


def program(rng: random.Random, inputs: int) -> list[tuple[str, int, int]]:
    """Instructions: an operation and which earlier results it takes; sharing is common."""
    return [
        (rng.choice(UNARY + BINARY), rng.randrange(inputs + i), rng.randrange(inputs + i)) for i in range(rng.randint(3, 25))
    ]


def run(instructions: list[tuple[str, int, int]], leaves: list[Any], functions: Any) -> Any:
    """Run a program on numbers of either kind; arguments are moved into the domain by operations of the graph."""
    results = list(leaves)
    for name, i, j in instructions:
        x, y = results[i], results[j]
        if name in ("exp", "sin", "cos", "square"):
            z = getattr(functions, name)(functions.tanh(x))
        elif name in ("log", "sqrt", "log1p"):
            z = getattr(functions, name)(x * x + 0.5)
        elif name == "+":
            z = x + y
        elif name == "-":
            z = x - y
        elif name == "*":
            z = functions.tanh(x) * y
        elif name == "/":
            z = x / (y * y + 1.0)
        elif name in ("maximum", "hypot"):
            z = getattr(functions, name)(x, y)
        else:
            z = getattr(functions, name)(x)
        results.append(z)
    total = results[len(leaves)]
    for z in results[len(leaves) + 1 :]:
        total = total + z
    return total


def scale_of(root: Value, inputs: list[Value]) -> list[float]:
    """The sums of absolute path products from each input to the root."""
    order = autograd.topological_order(root)
    sums = dict.fromkeys(order, 0.0)
    sums[root] = 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            sums[parent] += sums[node] * abs(local)
    return [sums.get(x, 0.0) for x in inputs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=2000, help="how many graphs (default 2,000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the programs (default 0)")
    options = parser.parse_args()
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        sys.exit("PyTorch is not installed; this comparison needs it")
    torch.set_num_threads(1)
    rng = random.Random(options.seed)
    worst_value = worst_gradient = 0.0
    checked = 0
    for _ in range(options.graphs):
        numbers = [rng.uniform(-2, 2) for _ in range(rng.randint(1, 3))]
        instructions = program(rng, len(numbers))
        ours = [Value(x) for x in numbers]
        root = run(instructions, ours, autograd)
        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
        other = run(instructions, theirs, torch)
        other.backward()
        found = autograd.gradients(root, ours)
        worst_value = max(worst_value, abs(root.data - other.item()) / max(1.0, abs(root.data)))
        for x, y, scale in zip(found, theirs, scale_of(root, ours), strict=True):
            expected = 0.0 if y.grad is None else y.grad.item()
            if math.isfinite(expected) or math.isfinite(x):
                worst_gradient = max(worst_gradient, abs(x - expected) / max(scale, 1e-300))
                checked += 1
    print(f"{options.graphs} graphs, {checked} gradients: worst value {worst_value:.1e} relative,")
    print(f"worst gradient {worst_gradient:.1e} of the sum of absolute path products")
    if not (worst_value <= 1e-12 and worst_gradient <= 1e-12):
        sys.exit("they disagree")


if __name__ == "__main__":
    main()
