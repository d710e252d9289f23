"""2,000 random graphs: values and gradients against PyTorch or JAX in double precision, where they are installed.

    python benchmarks/agreement.py [--peer torch|jax] [--graphs 2000] [--seed 0] [--json]

Two correct engines differ by rounding, so the bound is computed for each number, not chosen. Every number t that is
computed on the way, in the forward and in the backward pass, may be off by ROUNDING * max(1, |t|), and moves the
result by its adjoint times that. The graph of the gradient itself (``create_graph=True``) holds all those numbers and
gives their adjoints, so the bound is a sum over it. Exits with 1 if a number is outside its bound, or is nan.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import random
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import autograd
from autograd import Value

# Two engines, each off by at most 8 units of 2**-53 in a step. glassgrad's own limit is 4 ulp, which is 8 units; the others
# state none, and PyTorch's 1 - tanh(x)**2 is off by so much of 1 rather than of itself, hence max(1, |t|) above.
ROUNDING = 2 * 8 * 2.0**-53
MARGIN = 1e-9  # a kink nearer than this, though not at it, may be taken on either side: such a graph is drawn again

UNARY = "exp exp2 expm1 log log1p sqrt sin cos tanh sinh cosh arcsinh arctan sigmoid logsigmoid relu square reciprocal erf erfc"
BINARY = "add subtract multiply divide power maximum minimum hypot arctan2 logaddexp"
NARY = "sum mean prod logsumexp norm dot softmax"
NAMES = [*UNARY.split(), *BINARY.split(), *NARY.split()]
KINKED = ("relu", "maximum", "minimum")


def program(rng: random.Random, inputs: int) -> list[tuple[str, list[int]]]:
    """Instructions: an operation and the four earlier results it may take, often the same; sharing is common."""
    length = rng.randint(3, 25)
    return [(rng.choice(NAMES), [rng.randrange(inputs + i) for _ in range(4)]) for i in range(length)]


def step(name: str, operands: list[Any], f: Any) -> Any:
    """One instruction on numbers of either kind; operands are first moved into the domain by operations of the graph."""
    x, y = operands[:2]
    small = f.tanh(x)
    if name in ("exp", "exp2", "expm1", "sin", "cos", "sinh", "cosh", "square"):
        return getattr(f, name)(small)
    if name in ("log", "sqrt", "log1p", "reciprocal"):
        return getattr(f, name)(x * x + 0.5)
    if name in ("multiply", "divide", "power"):
        positive = f.tanh(y) ** 2 + 0.5
        return small * y if name == "multiply" else x / positive if name == "divide" else positive**small
    if name in ("hypot", "arctan2"):
        return getattr(f, name)(x, y * y + 0.5)
    if name == "dot":
        return f.dot([f.tanh(z) for z in operands[:2]], [f.tanh(z) for z in operands[2:]])
    if name in ("prod", "norm"):
        return getattr(f, name)([f.tanh(z) + 1.5 for z in operands])
    if name == "softmax":
        return f.softmax(operands)[1]
    if name in NARY.split():
        return getattr(f, name)(operands)
    return getattr(f, name)(*(operands[:2] if name in BINARY.split() else [x]))


def run(instructions: list[tuple[str, list[int]]], leaves: list[Any], f: Any) -> Any:
    """Run a program; its result is the mean of all that it computed, so that nothing is left out."""
    results = list(leaves)
    for name, places in instructions:
        results.append(step(name, [results[i] for i in places], f))
    return f.mean(results[len(leaves) :])


def torch_functions(torch: Any) -> SimpleNamespace:
    """PyTorch's functions under the names and with the arguments of autograd's."""
    same = {name: getattr(torch, name) for name in NAMES if hasattr(torch, name)}
    return SimpleNamespace(**same | {
        "logsigmoid": torch.nn.functional.logsigmoid,
        "sum": lambda xs: torch.stack(xs).sum(),
        "mean": lambda xs: torch.stack(xs).mean(),
        "prod": lambda xs: torch.stack(xs).prod(),
        "norm": lambda xs: torch.stack(xs).norm(),
        "logsumexp": lambda xs: torch.stack(xs).logsumexp(0),
        "softmax": lambda xs: torch.stack(xs).softmax(0),
        "dot": lambda xs, ys: torch.stack(xs).dot(torch.stack(ys)),
    })  # fmt: skip


Peer = Callable[[list[tuple[str, list[int]]], list[float]], tuple[float, list[float]]]


def torch_peer() -> tuple[str, Peer]:
    """PyTorch's value and gradients of a program."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    functions = torch_functions(torch)

    def compute(instructions: list[tuple[str, list[int]]], numbers: list[float]) -> tuple[float, list[float]]:
        leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
        root = run(instructions, leaves, functions)
        root.backward()
        return root.item(), [0.0 if x.grad is None else x.grad.item() for x in leaves]

    return f"PyTorch {torch.__version__}", compute


def jax_peer() -> tuple[str, Peer]:
    """JAX's value and gradients of a program."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    np, special = jax.numpy, importlib.import_module("jax.scipy.special")
    same = {name: getattr(np, name) for name in NAMES if hasattr(np, name)}
    functions = SimpleNamespace(**same | {
        "sigmoid": jax.nn.sigmoid, "logsigmoid": jax.nn.log_sigmoid, "relu": jax.nn.relu,
        "erf": special.erf, "erfc": special.erfc,
        "sum": lambda xs: np.stack(xs).sum(),
        "mean": lambda xs: np.stack(xs).mean(),
        "prod": lambda xs: np.stack(xs).prod(),
        "norm": lambda xs: np.linalg.norm(np.stack(xs)),
        "logsumexp": lambda xs: special.logsumexp(np.stack(xs)),
        "softmax": lambda xs: jax.nn.softmax(np.stack(xs)),
        "dot": lambda xs, ys: np.dot(np.stack(xs), np.stack(ys)),
    })  # fmt: skip

    def compute(instructions: list[tuple[str, list[int]]], numbers: list[float]) -> tuple[float, list[float]]:
        def f(leaves: list[Any]) -> Any:
            return run(instructions, leaves, functions)

        value, gradients = jax.value_and_grad(f)(list(numbers))
        return float(value), [float(g) for g in gradients]

    return f"JAX {jax.__version__}", compute


def near_a_kink(root: Value) -> bool:
    """Whether an operand is so close to a kink that rounding may decide on which side it is."""
    for node in autograd.topological_order(root):
        if node.op is not None and node.op.name in KINKED:
            first, second = (*(p.data for p in node.parents), 0.0)[:2]
            if 0.0 < abs(first - second) < MARGIN:
                return True
    return False


def bound(result: Value) -> float:
    """How far rounding can move a number that this graph computes, to first order."""
    order = autograd.topological_order(result)
    adjoints = autograd.gradients(result, order)
    moved = (abs(a) * max(1.0, abs(t.data)) for a, t in zip(adjoints, order, strict=True) if not t.is_leaf)
    return ROUNDING * math.fsum(moved)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=["torch", "jax"], default="torch", help="whom to compare with (default torch)")
    parser.add_argument("--graphs", type=int, default=2000, help="how many graphs (default 2,000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the programs (default 0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        name, peer = {"torch": torch_peer, "jax": jax_peer}[options.peer]()
    except ImportError as error:
        sys.exit(f"this comparison needs what is not installed: {error}")

    rng = random.Random(options.seed)
    kinds = {"value": [0, 0.0, 0.0], "gradient": [0, 0.0, 0.0]}  # how many, worst difference, worst share of its bound
    wrong: list[str] = []
    redrawn = graph = 0
    while graph < options.graphs:
        numbers = [rng.uniform(-2, 2) for _ in range(rng.randint(1, 3))]
        instructions = program(rng, len(numbers))
        ours = [Value(x) for x in numbers]
        root = run(instructions, ours, autograd)
        if near_a_kink(root):
            redrawn += 1
            continue
        other, theirs = peer(instructions, numbers)
        root.backward()
        pairs = [("value", root.data, other, root)]
        for x, y, graph_of_x in zip(ours, theirs, autograd.gradients(root, ours, create_graph=True), strict=True):
            pairs.append(("gradient", x.grad, y, graph_of_x))
        for kind, mine, expected, of in pairs:
            difference, allowed = abs(mine - expected), bound(of)
            worst = kinds[kind]
            worst[0] += 1
            if not difference <= allowed:  # so that nan is wrong too
                wrong.append(f"graph {graph}: {kind} {mine!r}, {name} {expected!r}, bound {allowed:.1e}: {instructions}")
            elif difference:
                worst[1:] = max(worst[1], difference), max(worst[2], difference / allowed)
        graph += 1

    if options.json:
        print(json.dumps({"graphs": graph, "redrawn": redrawn, "kinds": kinds, "wrong": wrong, "peer": name}))
    else:
        print(f"{graph} graphs, {name}, {redrawn} drawn again for a kink within {MARGIN}")
        for kind, (count, difference, share) in kinds.items():
            print(f"  {count} {kind}s: differ by at most {difference:.1e}, and by {share:.0%} of the computed bound")
        print(*wrong[:5], sep="\n", end="\n" if wrong else "")
    if wrong:
        sys.exit(f"{len(wrong)} numbers disagree")


if __name__ == "__main__":
    main()
