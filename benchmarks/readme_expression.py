"""The expression of micrograd's README: value and both gradients, on both engines and on every peer that is installed.

    python benchmarks/readme_expression.py [--rounds 15] [--hips PYTHON] [--json]

Plain floats compute the value alone: that is the lower limit. The others compute the value and both gradients each time,
from new leaves. CasADi is timed twice: building the expression, its gradient and a function of both; and evaluating
that function through its buffers. So is XAD: with a new tape each time, and with one tape that is recorded again,
which is how its authors use it in a loop.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from harness import Contestant, Race, both_engines, engine_module, parser, race

A, B = -4.0, 2.0
KEPT: list[Any] = []  # what a library reads from memory and does not hold on to
Prepared = tuple[Callable[[], object], Sequence[float]]


def expression(a: Any, b: Any) -> Any:
    """Micrograd's README expression on numbers that have a method relu."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def relu(x: float) -> float:
    """On a float, relu is a call as well."""
    return x if x > 0.0 else 0.0


def on_floats(a: float, b: float) -> float:
    """The same on floats."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def of_relu(relu: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """The same, for a library in which relu is a function."""

    def f(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c = c + (c + 1)
        c = c + (1 + c + (-a))
        d = d + (d * 2 + relu(b + a))
        d = d + (3 * d + relu(b - a))
        e = c - d
        f = e**2
        g = f / 2.0
        return g + 10.0 / f

    return f


def plain() -> Prepared:
    """The value alone, on floats."""
    return lambda: on_floats(A, B), [on_floats(A, B)]


def of_class(Value: Any) -> Prepared:
    """A class Value."""

    def call() -> Any:
        a, b = Value(A), Value(B)
        g = expression(a, b)
        g.backward()
        return g, a, b

    g, a, b = call()
    return call, (g.data, a.grad, b.grad)


def glassgrad() -> Prepared:
    """Either engine."""
    return of_class(engine_module().Value)


def micrograd() -> Prepared:
    """Micrograd, from which the expression comes."""
    from micrograd.engine import Value

    return of_class(Value)


def torch() -> Prepared:
    """PyTorch in eager mode, on one thread."""
    import torch

    torch.set_num_threads(1)
    f = of_relu(torch.relu)

    def call() -> tuple[float, float, float]:
        a = torch.tensor(A, dtype=torch.float64, requires_grad=True)
        b = torch.tensor(B, dtype=torch.float64, requires_grad=True)
        g = f(a, b)
        g.backward()
        return g.item(), a.grad.item(), b.grad.item()

    return call, call()


def hips() -> Prepared:
    """HIPS autograd, which has the same import name and so an environment of its own."""
    autograd = engine_module()
    if not hasattr(autograd, "elementwise_grad"):
        raise ImportError("HIPS autograd is not what `autograd` is in this environment; see --hips")
    np = importlib.import_module("autograd.numpy")

    f = autograd.value_and_grad(of_relu(lambda x: np.maximum(x, 0.0)), argnum=(0, 1))

    def call() -> tuple[float, float, float]:
        value, (da, db) = f(A, B)
        return value, da, db

    return call, call()


def xad(keep: bool) -> Prepared:
    """XAD's tape, through its Python module; made once or each time."""
    import xad.adj_1st as adjoint  # type: ignore[import-not-found]
    import xad.math  # type: ignore[import-not-found]

    f = of_relu(lambda x: xad.math.max(x, 0.0))

    def record(tape: Any) -> tuple[float, float, float]:
        a, b = adjoint.Real(A), adjoint.Real(B)
        tape.registerInput(a)
        tape.registerInput(b)
        tape.newRecording()
        g = f(a, b)
        tape.registerOutput(g)
        g.derivative = 1.0
        tape.computeAdjoints()
        return g.getValue(), a.derivative, b.derivative

    def anew() -> tuple[float, float, float]:
        with adjoint.Tape() as tape:
            return record(tape)

    if not keep:
        return anew, anew()
    kept = adjoint.Tape()
    kept.activate()
    KEPT.append(kept)

    def call() -> tuple[float, float, float]:
        kept.clearAll()
        return record(kept)

    return call, call()


def casadi_function() -> Any:
    """CasADi's function of both numbers: the value and the gradient."""
    import casadi  # type: ignore[import-not-found]

    a, b = casadi.SX.sym("a"), casadi.SX.sym("b")
    g = of_relu(lambda x: casadi.fmax(x, 0.0))(a, b)
    return casadi.Function("f", [a, b], [g, casadi.gradient(g, a), casadi.gradient(g, b)])


def casadi_building() -> Prepared:
    """CasADi, building."""
    return casadi_function, [float(x) for x in casadi_function()(A, B)]


def casadi_by_buffer(function: Any, numbers: list[Any], results: list[Any]) -> Callable[[], object]:
    """CasADi's function from memory to memory: it reads NumPy's arrays, and writes into others."""
    buffer, evaluate = function.buffer()
    for i, x in enumerate(numbers):
        buffer.set_arg(i, memoryview(x))
    for i, x in enumerate(results):
        buffer.set_res(i, memoryview(x))
    evaluate()
    KEPT.extend([function, buffer, *numbers, *results])
    found: Callable[[], object] = evaluate
    return found


def casadi_replaying() -> Prepared:
    """CasADi, evaluating through its buffers."""
    np = importlib.import_module("numpy")
    results = [np.zeros(1) for _ in range(3)]
    evaluate = casadi_by_buffer(casadi_function(), [np.array([A]), np.array([B])], results)
    return evaluate, [float(x[0]) for x in results]


def measure(rounds: int, hips_python: str) -> Race:
    """All that are there, in turn."""
    contestants = [
        *both_engines("glassgrad"),
        Contestant("plain floats, value alone", "plain"),
        Contestant("micrograd", "micrograd"),
        Contestant("PyTorch, eager, one thread", "torch"),
        # glassgrad on PYTHONPATH would hide it
        Contestant("HIPS autograd", "hips", {"PYTHONPATH": ""}, hips_python),
        Contestant("XAD, a new tape each time", "xad", options={"keep": False}),
        Contestant("XAD, one tape", "xad", options={"keep": True}),
        Contestant("CasADi, building", "casadi_building"),
        Contestant("CasADi, replaying", "casadi_replaying"),
    ]
    return race("micrograd's README expression, value and gradients", __file__, contestants, rounds)


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--hips", default="", metavar="PYTHON", help="an interpreter in whose environment HIPS autograd is installed"
    )
    given = options.parse_args()
    measure(given.rounds, given.hips).show(given.json)


if __name__ == "__main__":
    main()
