"""What the checks know of a recorded graph, and the words in which they report."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autograd as ag
from autograd.testing import Finding, GradientError, InputCheck, Report
from autograd.testing.graphs import adjoints, as_python, at_a_kink, engine_of, is_value, noise, operation, scale
from autograd.testing.report import off_by, ulps_between


def test_values_and_their_engines(engine: Any, Value: Any) -> None:
    """Values of either engine are Values, numbers and dual numbers are not; each belongs to an engine that made it."""
    assert is_value(Value(1.0))
    assert not is_value(1.0)
    seen: list[Any] = []
    ag.derivative(lambda x: (seen.append(is_value(x)), x)[1])(1.0)
    assert seen == [False]
    assert engine_of(Value(1.0)).Value is Value
    assert engine_of(ag.Value(1.0)) is ag


def test_adjoints_leave_no_trace(Value: Any) -> None:
    """The gradients of a backward pass come out, and each node has the gradient again, or none, that it had before."""
    x, y = Value(3.0), Value(5.0)
    z = x * y
    x.grad = 7.0
    assert adjoints(z, [x, y, z]) == [5.0, 3.0, 1.0]
    assert (x.grad, x.has_grad, y.has_grad, z.has_grad) == (7.0, True, False, False)
    with pytest.raises(AttributeError):
        adjoints(None, [x])
    assert x.grad == 7.0


def test_scale_and_noise(Value: Any) -> None:
    """The scale adds up absolute products over all ways; the noise is four units of each adjoint times value."""
    x = Value(3.0)
    y = x * x - 5.0 * x
    nodes = engine_of(y).topological_order(y)
    assert scale(nodes)[x] == 3.0 + 3.0 + 5.0
    assert scale(nodes)[y] == 1.0
    square, five = (node for node in nodes if node.op and node.op.name == "multiply")
    given = {x: 1.0, square: 1.0, five: -1.0, y: 1.0}
    assert noise(nodes, [given[n] for n in nodes]) == 4.0 * 2.0**-53 * (9.0 + 15.0 + 6.0)
    assert noise([x], [1.0]) == 4.0 * 2.0**-53 * 3.0  # the root counts even as a leaf
    assert noise([x, y], [9.0, 1.0]) == 4.0 * 2.0**-53 * 6.0
    assert noise([x, y], [0.0, 0.0]) == 0.0
    dead = (x * 0.0).sqrt() * 0.0
    assert scale(engine_of(dead).topological_order(dead))[x] == 0.0  # 0 times an infinite slope stops


KINKS: dict[str, tuple[Any, float, float]] = {
    "relu": (lambda x: x.relu(), 0.0, 1.0), "leaky_relu": (lambda x: x.leaky_relu(0.1), 0.0, 0.1),
    "elu": (lambda x: x.elu(), 0.0, 1.0), "absolute": (abs, 0.0, -1.0), "sqrt": (lambda x: x.sqrt(), 0.0, 1.0),
    "norm": (lambda x: ag.norm([x, x]), 0.0, 1.0), "hypot": (lambda x: ag.hypot(x, 0.0), 0.0, 1.0),
    "clamp below": (lambda x: x.clamp(-1.0, 1.0), -1.0, 0.0), "clamp above": (lambda x: x.clamp(-1.0, 1.0), 1.0, 2.0),
    "maximum": (lambda x: ag.maximum(x, 2.0), 2.0, 1.0), "minimum": (lambda x: ag.minimum(x, 2.0), 2.0, 3.0),
    "max": (lambda x: ag.max([x, 2.0, 1.0]), 2.0, 1.0), "min": (lambda x: ag.min([x, 2.0, 3.0]), 2.0, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_each_kink_is_known(Value: Any, name: str) -> None:
    """An operation with a kink is at it at that number and not beside it; one that ties below the largest is not."""
    f, at, beside = KINKS[name]
    for number, expected in ((at, True), (beside, False)):
        node = f(Value(number))
        assert at_a_kink([*node.parents, node]) is expected
    assert not at_a_kink([Value(0.0)])
    assert not at_a_kink([Value(0.0).exp()])
    assert not at_a_kink([ag.max([Value(1.0), 1.0, 5.0])])
    assert not at_a_kink([Value(0.0).sin()])  # a result of zero makes no kink


def test_operations_in_words(Value: Any) -> None:
    """An operation is written with the numbers of its operands, four at most."""
    x = Value(1.5)
    assert operation(x * 2.0) == "multiply(1.5, 2.0)"
    assert operation(ag.sum([x, 2.0, 3.0, 4.0])) == "sum(1.5, 2.0, 3.0, 4.0)"
    assert operation(ag.sum([x, 2.0, 3.0, 4.0, 5.0])) == "sum(1.5, 2.0, 3.0, 4.0, ...)"


def test_graphs_as_python(Value: Any) -> None:
    """Every form of operation, negative numbers, shared nodes and leaves from outside are written so that they can be run."""
    x, y, outside = Value(0.5), Value(-2.0), Value(-3.0)
    cases = {
        "lambda x, y: x + y": x + y, "lambda x, y: -x": -x, "lambda x, y: x * (-2.5)": x * -2.5,
        "lambda x, y: x * 0.0": x * 0.0, "lambda x, y: x ** (-0.0)": x ** -0.0, "lambda x, y: x + 0.0": x + Value(0.0),
        "lambda x, y: x + (-0.0)": x + Value(-0.0),
        "lambda x, y: x * (-3.0)": x * outside, "lambda x, y: exp(x)": x.exp(), "lambda x, y: hypot(x, y)": ag.hypot(x, y),
        "lambda x, y: dot([x, y], [y, 2.0])": ag.dot([x, y], [y, 2.0]), "lambda x, y: sum([x, y])": ag.sum([x, y]),
        "lambda x, y: softmax([x, y])[1]": ag.softmax([x, y])[1], "lambda x, y: x": x,
        "lambda x, y: clamp(x, (-1.0), 1.0)": x.clamp(-1.0, 1.0),
        "lambda x, y: (a := x * y, a + a)[-1]": (s := x * y) + s,
    }  # fmt: skip
    for text, root in cases.items():
        order = engine_of(root).topological_order(root)
        found = as_python(order, [x, y], ["x", "y"])
        assert found == text
        assert eval(found, vars(ag).copy())(ag.Value(0.5), ag.Value(-2.0)).data == root.data
    shared = x * y
    for _ in range(30):
        shared = shared + shared
    order = engine_of(shared).topological_order(shared)
    text = as_python(order, [x, y], ["a", "b"])
    assert "c := a * b" in text
    assert "a0 := " in text
    assert eval(text, vars(ag).copy())(0.5, -2.0) == shared.data
    assert as_python(order, [x, y], ["x", "y"], longest=len(order)).startswith("lambda x, y: (a := x * y, ")
    assert as_python(order, [x, y], ["x", "y"], longest=len(order) - 1) == f"a graph of {len(order)} nodes"
    many = x
    for _ in range(39):
        many = many + 1.0
    assert as_python(engine_of(many).topological_order(many), [x], ["x"]).startswith("lambda x: ")
    more = many + 1.0
    assert as_python(engine_of(more).topological_order(more), [x], ["x"]) == "a graph of 41 nodes"


def test_findings_and_checks_in_words() -> None:
    """A finding is four lines, a check is one, a report one for each check."""
    finding = Finding("value", "exp(1.0)", "(node 'y')", 2.0, 2.5, "2 ulps")
    assert str(finding).splitlines() == [
        "value of exp(1.0) (node 'y')", "  expected  2.0", "  got       2.5", "  off by    0.5, 1.13e+15 ulps; allowed: 2 ulps",
    ]  # fmt: skip
    assert str(Finding("value", "exp(1.0)", "", 2.0, 2.5, "2 ulps")).startswith("value of exp(1.0)\n")
    check = InputCheck("df/dx", "pass", 1.0, 1.0, 1.24e-12, 0.0216, 1.0)
    assert str(check) == "df/dx: pass, got 1.0, expected 1.0 +- 1e-12 (step 0.02)"
    noted = InputCheck("df/dy", "kink", 1.0, 1.0, 1.24e-12, 0.0216, 1.0, "a note")
    assert str(noted) == "df/dy: kink, got 1.0, expected 1.0 +- 1e-12 (step 0.02); a note"
    assert str(Report((check, noted), (1.0,))) == f"{check}\n{noted}"
    error = GradientError("wrong", finding)
    assert (str(error), error.report) == ("wrong", finding)
    assert isinstance(error, AssertionError)
    assert GradientError("wrong").report is None


def test_the_worst_verdict_counts() -> None:
    """fail before inconclusive before kink before pass; no check at all is a pass."""
    order = ["fail", "inconclusive", "kink", "pass"]
    for i, worst in enumerate(order):
        checks = tuple(InputCheck("df/dx", v, 1.0, 1.0, 0.0, 0.0, 1.0) for v in reversed(order[i:]))
        assert Report(checks, (1.0,)).verdict == worst
    assert Report((), ()).verdict == "pass"


def test_ulps() -> None:
    """Ulps are those of the expected number; equal numbers are 0 apart, and what is not finite is infinitely far."""
    assert ulps_between(4.0 + 2.0**-49, 4.0) == 2.0
    assert ulps_between(4.0 - 2.0**-51, 4.0) == 0.5
    assert ulps_between(math.inf, math.inf) == 0.0
    for pair in ((math.inf, 1.0), (1.0, math.inf), (math.nan, 1.0), (1.0, math.nan), (math.inf, -math.inf)):
        assert ulps_between(*pair) == math.inf
    assert off_by(1.0, 1.5) == "0.5, 2.25e+15 ulps"
