"""How accurate local gradients are: PyTorch and JAX, where installed, and glassgrad, compared with 50 digits.

    python benchmarks/outsiders.py [--points 2000] [--seed 0] [--ulps 16] [--json]

A row for each function of one number: the point where the other library is furthest off, its number there, glassgrad's
number, the exact one, and the largest error of each over all points, in ulps. Points are drawn over magnitudes from
1e-8 to 700, as far as the function is finite; where the true derivative is below the normal numbers it is left out. Exits
with 1 if glassgrad is off by more than 4 ulps somewhere.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import random
import sys
from collections.abc import Callable
from typing import Any

import autograd
from autograd import Value

LIMIT = 4.0
Derivative = Callable[[str, float], float]


def torch_derivative() -> Derivative:
    """The derivative of one function by PyTorch in double precision."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    named = ("logsigmoid", "softplus", "silu", "gelu")

    def derivative(name: str, x: float) -> float:
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        (getattr(torch.nn.functional, name) if name in named else getattr(torch, name))(t).backward()
        return float(t.grad)

    return derivative


def jax_derivative() -> Derivative:
    """The derivative of one function by JAX in double precision."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    special = {"erf": jax.scipy.special.erf, "erfc": jax.scipy.special.erfc, "logsigmoid": jax.nn.log_sigmoid}
    special |= {name: getattr(jax.nn, name) for name in ("sigmoid", "softplus", "silu")}
    special["gelu"] = lambda x: jax.nn.gelu(x, approximate=False)
    gradients: dict[str, Any] = {}

    def derivative(name: str, x: float) -> float:
        if name not in gradients:
            gradients[name] = jax.jit(jax.grad(special[name] if name in special else getattr(jax.numpy, name)))
        return float(gradients[name](x))

    return derivative


OTHERS: dict[str, Callable[[], Derivative]] = {"torch": torch_derivative, "jax": jax_derivative}


def truths(mpmath: Any) -> dict[str, Callable[[Any], Any]]:
    """The derivatives, written for mpmath and independently of autograd."""
    m = mpmath

    def logistic(x: Any) -> Any:
        return 1 / (1 + m.exp(-x))

    def bell(x: Any) -> Any:
        return 2 / m.sqrt(m.pi) * m.exp(-x * x)

    return {
        "exp": m.exp, "exp2": lambda x: m.mpf(2) ** x * m.log(2), "expm1": m.exp,
        "log": lambda x: 1 / x, "log2": lambda x: 1 / (x * m.log(2)), "log10": lambda x: 1 / (x * m.log(10)),
        "log1p": lambda x: 1 / (1 + x), "sqrt": lambda x: 1 / (2 * m.sqrt(x)),
        "sin": m.cos, "cos": lambda x: -m.sin(x), "tan": lambda x: m.sec(x) ** 2,
        "arcsin": lambda x: 1 / m.sqrt((1 - x) * (1 + x)), "arccos": lambda x: -1 / m.sqrt((1 - x) * (1 + x)),
        "arctan": lambda x: 1 / (1 + x * x), "sinh": m.cosh, "cosh": m.sinh, "tanh": lambda x: m.sech(x) ** 2,
        "arcsinh": lambda x: 1 / m.sqrt(1 + x * x), "arccosh": lambda x: 1 / m.sqrt((x - 1) * (x + 1)),
        "arctanh": lambda x: 1 / ((1 - x) * (1 + x)), "erf": bell, "erfc": lambda x: -bell(x),
        "sigmoid": lambda x: logistic(x) * logistic(-x), "logsigmoid": lambda x: logistic(-x), "softplus": logistic,
        "silu": lambda x: logistic(x) * (1 + x * logistic(-x)),
        "gelu": lambda x: m.erfc(-x / m.sqrt(2)) / 2 + x * m.exp(-x * x / 2) / m.sqrt(2 * m.pi),
        "square": lambda x: 2 * x, "reciprocal": lambda x: -1 / (x * x),
    }  # fmt: skip


def distance(got: float, truth: Any) -> float:
    """The distance from the truth, in ulps of the correctly rounded number."""
    rounded = float(truth)
    return float(abs(truth - got) / math.ulp(rounded)) if math.isfinite(got) else math.inf


def draw(rng: random.Random, name: str) -> float:
    """A point of any magnitude; those of the inverse functions crowd toward the ends of their domain."""
    x: float = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-8.0, 2.84)
    if name in ("arcsin", "arccos", "arctanh"):
        return math.copysign(1.0 - 10.0 ** rng.uniform(-12.0, 0.0), x)
    return 1.0 + abs(x) if name == "arccosh" else abs(x) if name in ("log", "log2", "log10", "sqrt") else x


def ours(name: str, x: float) -> float | None:
    """The derivative by glassgrad; None outside of the domain."""
    leaf = Value(x)
    try:
        autograd.primitives()[name](leaf).backward()
    except (ArithmeticError, ValueError):
        return None
    return float(leaf.grad)


def table(
    name: str, truth: Callable[[Any], Any], others: dict[str, Derivative], mpmath: Any, rng: random.Random, points: int
) -> Any:
    """For each other engine its worst point; and the worst distance of glassgrad."""
    worst: dict[str, dict[str, float]] = {}
    own = 0.0
    for _ in range(points):
        x = draw(rng, name)
        mine = ours(name, x)
        if mine is None:
            continue
        with mpmath.workdps(60):
            exact = truth(mpmath.mpf(x))
            if not sys.float_info.min < abs(exact) < sys.float_info.max:
                continue
            own = max(own, distance(mine, exact))
            for other, derivative in others.items():
                theirs = derivative(name, x)
                ulps = distance(theirs, exact)
                if other not in worst or ulps > worst[other]["ulps"]:
                    worst[other] = {"point": x, "theirs": theirs, "ours": mine, "truth": float(exact), "ulps": ulps}
    return {"primitive": name, "glassgrad": own, "others": worst}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=2000, help="points for each function (default 2,000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the points (default 0)")
    parser.add_argument(
        "--ulps", type=float, default=16.0, help="print rows in which another engine is off by more (default 16)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        mpmath = importlib.import_module("mpmath")
    except ImportError:
        sys.exit("mpmath is not installed; this comparison needs it for the truth")
    others: dict[str, Derivative] = {}
    for other, load in OTHERS.items():
        try:
            others[other] = load()
        except ImportError:
            print(f"{other} is not installed and left out", file=sys.stderr)
    rng = random.Random(options.seed)
    rows = [table(name, truth, others, mpmath, rng, options.points) for name, truth in truths(mpmath).items()]
    if options.json:
        print(json.dumps({"points": options.points, "rows": rows}))
    else:
        print(
            f"{'primitive':<11}{'engine':<8}{'point':>24}{'theirs':>25}{'ours':>25}{'truth':>25}{'their ulps':>11}{'ours':>6}"
        )
        for row in rows:
            for other, w in row["others"].items():
                if w["ulps"] > options.ulps:
                    numbers = f"{w['point']!r:>24}{w['theirs']!r:>25}{w['ours']!r:>25}{w['truth']!r:>25}"
                    print(f"{row['primitive']:<11}{other:<8}{numbers}{w['ulps']:>11.3g}{row['glassgrad']:>6.2f}")
        for other in others:
            count = sum(row["others"][other]["ulps"] > options.ulps for row in rows)
            print(f"{other}: more than {options.ulps:g} ulps off in {count} of {len(rows)} functions")
        print(f"glassgrad: at most {max(row['glassgrad'] for row in rows):.2f} ulps off in all {len(rows)}")
    if max(row["glassgrad"] for row in rows) > LIMIT:
        sys.exit(f"glassgrad is off by more than {LIMIT:g} ulps")


if __name__ == "__main__":
    main()
