"""Programs in JAX and PyTorch, held to eager: values, derivatives, conventions at kinks, and what can't go over."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import printing
import pytest

import autograd as ag
from autograd import elsewhere, records
from autograd.printed import UnprintableError
from autograd.program import Guard, Program, program_of, stop
from autograd.testing.expressions import OPERATIONS

# As benchmarks/agreement.py has it: two engines, each off by at most 8 units of 2**-53 in a step.
ROUNDING = 2 * 8 * 2.0**-53
ROUGH = ("digamma", "polygamma", "gamma", "lgamma")


@pytest.fixture(params=["jax", "torch"])
def library(request: pytest.FixtureRequest) -> str:
    """Each library that is installed."""
    module = pytest.importorskip(request.param)
    if request.param == "jax":
        module.config.update("jax_enable_x64", True)
    name: str = request.param
    return name


def computed(library: str, program: Program, point: Sequence[float], jitted: bool = False) -> list[float]:
    """The value and the derivatives, by the library's own autodiff, with respect to the inputs and the captured Values."""
    numbers = [*point, *[x.data for x in program.captured]]
    n = program.inputs
    if library == "jax":
        import jax

        f = program.to_jax()

        def of_all(xs: Any) -> Any:
            return f(*xs[:n], captured=xs[n:])

        value, slopes = (jax.jit(jax.value_and_grad(of_all)) if jitted else jax.value_and_grad(of_all))(numbers)
        return [float(value), *map(float, slopes)]
    import torch

    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    value = program.to_torch()(*xs[:n], captured=xs[n:])
    value.backward()
    return [float(value.detach()), *[0.0 if x.grad is None else float(x.grad) for x in xs]]


def bounds(program: Program, point: Sequence[float]) -> list[float]:
    """How far rounding can move the value and each derivative, to first order, as `benchmarks/agreement.py` computes it."""
    inputs = [printing.V(x) for x in point]
    root = printing.replayed(program, inputs)
    found = []
    for z in [root, *ag.gradients(root, [*inputs, *program.captured], create_graph=True)]:
        nodes = printing.reference._order_of([z])
        adjoints = printing.reference._adjoints(nodes, [z], [1.0])
        found.append(ROUNDING * math.fsum([abs(adjoint) * max(1.0, abs(node.data)) for node, adjoint in adjoints.items()]))
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation(library: str, name: str, thorough: bool) -> None:
    """Value and derivatives agree, at kinks and ties as well."""
    zones, call = OPERATIONS[name]
    points = [[1.625, -0.375], [0.0, 0.0], [0.3, 0.3], [0.625, -0.375], [-0.5, 0.7], [2.0, -3.0], [0.0, 1.0], [-2.5, 2.0]]
    for point in points if thorough else points[:3]:
        point = point[: len(zones)]
        try:
            program, point, expected = printing.of_function(lambda *xs: call(ag, xs[0], xs[-1], 0.0), *point)
        except (ValueError, ArithmeticError):
            continue
        found = computed(library, program, point)
        for x, y in zip(found, expected, strict=True):
            assert (
                x == y
                or (math.isnan(x) and math.isnan(y))
                or abs(x - y) <= (1e-8 if name in ROUGH else 1e-13) * max(1.0, abs(y))
            ), (point, found, expected)


def test_random_programs(library: str, thorough: bool) -> None:
    """Value and derivatives of random programs agree within the bound of rounding, away from where a derivative is infinite."""
    names = [name for name in OPERATIONS if name not in ROUGH]
    for seed in range(300 if thorough else 10):
        program, point, expected = printing.drawn(seed, names)
        found = computed(library, program, point, jitted=seed % 5 == 0)
        for x, y, limit in zip(found, expected, bounds(program, point), strict=True):
            assert abs(x - y) <= limit, (seed, found, expected)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "power", "divide", "arctan", "softplus", "exp", "arcsin", "hypot", "var"])
def test_derivatives_go_over(library: str, name: str) -> None:
    """The graph of a derivative has records of its own, and they go over by their formulas."""
    zones, call = OPERATIONS[name]
    inputs = [printing.V(x) for x in (0.625, 0.75)[: len(zones)]]
    slopes = printing.reference.gradients(call(ag, inputs[0], inputs[-1], 0.0), inputs, create_graph=True)
    total = ag.sum([g * (1.0 + i) for i, g in enumerate(slopes)])
    program, point, expected = printing.eager(program_of([total], inputs), inputs, total)
    for x, y in zip(computed(library, program, point), expected, strict=True):
        assert abs(x - y) <= 1e-12 * max(1.0, abs(y))


def test_clamp_and_its_like_at_their_kinks(library: str) -> None:
    """The derivative of clamp is 0 at its bounds, and ties of max are shared, as in glassgrad."""
    cases: list[tuple[Any, list[float]]] = [
        (lambda x: ag.clamp(x, 0.0, 1.0), [1.0]), (lambda x: ag.clamp(x, 0.0, 1.0), [0.5]), (ag.relu, [0.0]), (ag.relu, [-0.0]),
        (lambda x, y: ag.max([x, y, x]), [2.0, 2.0]), (ag.hypot, [0.0, 0.0]), (lambda x, y: ag.norm([x, y]), [0.0, 0.0]),
        (lambda x, y: ag.std([x, y]), [3.0, 3.0]), (ag.arctan2, [0.0, -0.0]), (lambda x: x**3.0, [0.0]),
        (lambda x: abs(x) + 0.0, [0.0]), (lambda x, y: x % y, [-7.0, 3.0]),
        (lambda x, y: ag.where(1.0, x, y), [1.0, 2.0]), (ag.sqrt, [4.0]),
    ]  # fmt: skip
    for f, point in cases:
        program, point, expected = printing.of_function(f, *point)
        assert computed(library, program, point) == pytest.approx(expected, abs=1e-15), (f, point)


def test_many_points_at_once(library: str) -> None:
    """A function takes arrays of points, beside constants and captured Values, and is mapped and jitted."""
    w = printing.V(0.75, "w")
    program = program_of(
        [z := ag.tanh((x := printing.V(0.5)) * w + 1.0) + ag.max([x, 0.25]) + ag.dot([x, w], [x, 2.0]), x], [x]
    )
    points = [0.1 * i for i in range(7)]
    expected = [printing.replayed(program, [printing.V(p)]).data for p in points]
    assert z.data == printing.replayed(program, [x]).data
    module = importlib.import_module("jax.numpy" if library == "jax" else "torch")
    xs = module.asarray(points, dtype=module.float64)
    f = program.to_jax() if library == "jax" else program.to_torch()
    found, same = f(xs)
    assert found.tolist() == pytest.approx(expected, rel=1e-14)
    assert same.tolist() == points
    if library == "jax":
        jax = importlib.import_module("jax")
        assert jax.jit(jax.vmap(f))(xs)[0].tolist() == pytest.approx(expected, rel=1e-14)
    else:
        torch = importlib.import_module("torch")
        assert torch.func.vmap(f)(xs)[0].tolist() == pytest.approx(expected, rel=1e-14)
        assert f(xs.to(torch.float32))[0].dtype == torch.float32
    w.data = 0.0  # read anew
    assert f(xs)[0].tolist() == pytest.approx([1.0 * math.tanh(1.0) + max(p, 0.25) + p * p for p in points], rel=1e-14)
    with pytest.raises(TypeError, match=r"^the program takes 1 argument, one by one, got 0$"):
        f()
    assert f(xs, captured=[0.5])[0].tolist() == f(xs, captured=(0.5,))[0].tolist()
    for captured in ([], [1.0, 2.0], 1.0):
        with pytest.raises(TypeError, match=rf"^captured= takes a list of 1 number, got {re.escape(repr(captured))}$"):
            f(xs, captured=captured)
    assert repr(f).startswith("<function program at ")


ON_DEVICES = """
import jax
from autograd import compile
f = compile(lambda x, y: (x * y).tanh() + 2.0 * max(x, y) ** 3.0)
for _ in range(3):
    f(0.5, 0.25)
computed = f.program.to_jax(guards=False)
there = jax.devices()[1]
x, y = jax.device_put(jax.numpy.ones(3), there), jax.device_put(jax.numpy.zeros(3), there)
for g in (computed, jax.jit(computed), jax.vmap(jax.grad(computed))):
    assert g(x, y).devices() == {there}
"""


def test_on_the_device_of_its_arguments(library: str) -> None:
    """A function computes where its arguments are, and takes its constants there."""
    if library == "torch":
        import torch

        w = printing.V(2.0, "w")
        program, _, _ = printing.of_function(lambda x: ag.tanh(x * w) + 2.0 * ag.max([x, 0.25]) + ag.sum([x, w]), 0.5)
        found = program.to_torch()(torch.ones(3, device="meta"))
        assert (found.device.type, found.shape) == ("meta", (3,))
    else:
        around = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
        folder = Path(__file__).parents[2]
        done = subprocess.run([sys.executable, "-c", ON_DEVICES], env=around, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_nothing_flows_through_a_stop(library: str) -> None:
    """A stop hands the number on, and no derivative back."""
    program = Program(
        1, (), (), (records.exp, stop, records.multiply), array("H", [0, 1, 2]), array("I", [0, 1, 2, 4]),
        array("I", [0, 1, 2, 0]), (), (3,),
    )  # fmt: skip
    assert computed(library, program, [0.5]) == pytest.approx([math.exp(0.5) * 0.5, math.exp(0.5)])


def test_what_can_t_go_over_is_named(library: str) -> None:
    """A primitive of the user's own, and a guard, are errors; without its guards a program is the way that was recorded."""
    bell = ag.primitive(lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell")
    program, _, _ = printing.of_function(bell, 0.5)
    convert = getattr(elsewhere, f"to_{library}")
    with pytest.raises(UnprintableError, match=r"^bell has no counterpart in .*: it is a primitive of your own$"):
        convert(program)
    code = array("H", [0]), array("I", [0, 1]), array("I", [0])
    guarded = Program(1, (), (1.0,), (records.exp,), *code, (Guard(0, "lt", (0, 1), True, "f.py:3"),), (2,))
    with pytest.raises(UnprintableError, match=r"^the program is true only where x1 < 1\.0 \(f.py:3\), which a function of "):
        convert(guarded)
    assert float(convert(guarded, guards=False)(0.0)) == 1.0


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a library isn't installed, the error says how to install it."""
    program, _, _ = printing.of_function(ag.exp, 0.5)
    for name in ("jax", "jax.numpy", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"needs jax; install it with pip install 'glassgrad\[jax\]'"):
        program.to_jax()
    with pytest.raises(ImportError, match=r"needs torch; install it with pip install 'glassgrad\[torch\]'"):
        program.to_torch()
