"""What glassgrad has that others don't: each claim of README.md's table is tried out, in each library that is installed.

    python benchmarks/beside.py [--hips PYTHON]

A probe does it in the way that the library's own documentation describes, and checks the resulting number; where the
documentation describes no way there is no probe, and the table has a dash. Each library runs in a process of its own.
Exits with 1 if glassgrad lacks something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap

CLAIMS = {
    "inner": "every inner node has its gradient after `backward()`",
    "local": "the local gradients of a node can be read",
    "second": "second derivatives",
    "forward": "forward mode",
    "deep": "a chain of 100,000 operations",
    "own": "functions of one's own, with their derivative",
    "picture": "the package draws the graph with values and gradients",
    "anomaly": "names the operation that made a nan",
    "alone": "imports the standard library alone",
}
# Each probe is a program that fails, or ends with an assertion that holds.
PROBES: dict[str, dict[str, str]] = {
    "glassgrad": {
        "inner": "from autograd import Value\nx = Value(3.0); q = x * x; f = q * 2; f.backward(); assert q.grad == 2",
        "local": "from autograd import Value\nx = Value(3.0); assert (x * Value(4.0)).local_gradients() == (4.0, 3.0)",
        "second": "from autograd import derivative\nassert derivative(lambda x: x**3, order=2)(2.0) == 12",
        "forward": "from autograd import jvp\nassert jvp(lambda x: x * x, (3.0,), (1.0,)) == (9.0, 6.0)",
        "deep": """
            from autograd import Value
            x = y = Value(1.0)
            for _ in range(100_000): y = y + 1.0
            y.backward(); assert x.grad == 1
            """,
        "own": """
            from autograd import Value, primitive
            cube = primitive(lambda x: x**3, lambda z, x: 3 * x * x, name="cube")
            x = Value(2.0); cube(x).backward(); assert x.grad == 12
            """,
        "picture": """
            import viz
            from autograd import Value
            x = Value(3.0, label="x"); f = x * x; f.backward()
            svg = viz.draw(f).svg; assert ">9<" in svg and "6<" in svg
            """,
        "anomaly": """
            from autograd import AnomalyError, Value, detect_anomaly
            try:
                with detect_anomaly():
                    Value(float("inf")) - Value(float("inf"))
            except AnomalyError as error:
                assert "-" in str(error)
            else:
                raise AssertionError
            """,
        "alone": "import autograd, sys\nassert not {'numpy', 'graphviz', 'pygraphviz'} & set(sys.modules)",
    },
    "micrograd": {
        "inner": "from micrograd.engine import Value\nx = Value(3.0); q = x * x; f = q * 2; f.backward(); assert q.grad == 2",
        "deep": """
            from micrograd.engine import Value
            x = y = Value(1.0)
            for _ in range(100_000): y = y + 1.0
            y.backward(); assert x.grad == 1
            """,
        "alone": "import micrograd.engine, sys\nassert 'numpy' not in sys.modules",
    },
    "PyTorch": {
        "inner": """
            import torch
            x = torch.tensor(3.0, requires_grad=True); q = x * x; q.retain_grad(); f = q * 2; f.backward()
            assert q.grad == 2; print("if asked for before")
            """,
        "second": """
            import torch
            x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
            (g,) = torch.autograd.grad(x**3, x, create_graph=True); (h,) = torch.autograd.grad(g, x); assert h == 12
            """,
        "forward": """
            import torch
            _, t = torch.func.jvp(lambda x: x * x, (torch.tensor(3.0),), (torch.tensor(1.0),)); assert t == 6
            """,
        "deep": """
            import torch
            x = torch.tensor(1.0, requires_grad=True); y = x
            for _ in range(100_000): y = y + 1.0
            y.backward(); assert x.grad == 1
            """,
        "own": """
            import torch
            class Cube(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    ctx.save_for_backward(x); return x**3
                @staticmethod
                def backward(ctx, upstream):
                    (x,) = ctx.saved_tensors; return upstream * 3 * x * x
            x = torch.tensor(2.0, requires_grad=True); Cube.apply(x).backward(); assert x.grad == 12
            """,
        "anomaly": """
            import warnings, torch
            warnings.simplefilter("ignore")
            try:
                with torch.autograd.detect_anomaly():
                    torch.sqrt(torch.tensor(-1.0, requires_grad=True)).backward()
            except RuntimeError as error:
                assert "Sqrt" in str(error); print("of a gradient")
            else:
                raise AssertionError
            """,
        "alone": "import torch, sys\nassert not {'typing_extensions', 'sympy', 'numpy', 'torch._C'} & set(sys.modules)",
    },
    "HIPS autograd": {
        "second": "from autograd import elementwise_grad as g\nassert g(g(lambda x: x**3))(2.0) == 12",
        "forward": "from autograd import make_jvp\nassert make_jvp(lambda x: x * x)(3.0)(1.0)[1] == 6",
        "deep": """
            from autograd import grad
            def f(x):
                for _ in range(100_000): x = x + 1.0
                return x
            assert grad(f)(1.0) == 1
            """,
        "own": """
            from autograd import grad
            from autograd.extend import defvjp, primitive
            @primitive
            def cube(x): return x**3
            defvjp(cube, lambda z, x: lambda upstream: upstream * 3 * x * x)
            assert grad(cube)(2.0) == 12
            """,
        "alone": "import autograd, sys\nassert 'numpy' not in sys.modules",
    },
    "CasADi": {
        "second": """
            import casadi
            x = casadi.SX.sym("x"); h, _ = casadi.hessian(x**3, x); assert casadi.Function("h", [x], [h])(2.0) == 12
            """,
        "forward": """
            import casadi
            x = casadi.SX.sym("x"); t = casadi.jtimes(x * x, x, 1); assert casadi.Function("t", [x], [t])(3.0) == 6
            """,
        "deep": """
            import casadi
            x = y = casadi.SX.sym("x")
            for _ in range(100_000): y = y + casadi.sin(y) * 0 + 1.0
            assert casadi.Function("g", [x], [casadi.gradient(y, x)])(1.0) == 1
            """,
        "own": "import casadi\nassert hasattr(casadi.Callback, 'has_jacobian'); print('Callback')",
        "alone": "import casadi, sys\nassert 'numpy' not in sys.modules",
    },
}  # fmt: skip
MODULES = {"glassgrad": "autograd", "micrograd": "micrograd.engine", "PyTorch": "torch", "CasADi": "casadi"}


def tried(program: str, python: str) -> str:
    """``yes``, with a reservation if the probe printed one, or ``no``."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=300, check=False
    )
    said = done.stdout.strip()
    return "no" if done.returncode else f"yes, {said}" if said else "yes"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hips", metavar="PYTHON", help="an interpreter with HIPS autograd")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found: dict[str, dict[str, str]] = {}
    for name, probes in PROBES.items():
        python = options.hips if name == "HIPS autograd" else sys.executable
        if not python or (name in MODULES and tried(f"import {MODULES[name]}", python) == "no"):
            print(f"left out: {name} is not here", file=sys.stderr)
            continue
        if name == "HIPS autograd":
            os.environ.pop("PYTHONPATH", None)
        found[name] = {claim: tried(probes[claim], python) if claim in probes else "-" for claim in CLAIMS}
    if options.json:
        print(json.dumps(found))
    else:
        print("| | " + " | ".join(found) + " |")
        print("| --- |" + " --- |" * len(found))
        for claim, words in CLAIMS.items():
            print(f"| {words} | " + " | ".join(answers[claim] for answers in found.values()) + " |")
    return 0 if all(answer.startswith("yes") for answer in found["glassgrad"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
