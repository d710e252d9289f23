"""certify: each step of a recorded graph against 50 digits, with a name for what is wrong."""

from __future__ import annotations

import builtins
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import mpmath
import pytest

import autograd as ag
from autograd.testing import GradientError, certify
from autograd.testing.certificate import first_finding
from autograd.testing.expressions import Expression
from autograd.testing.graphs import at_a_kink, engine_of


def test_a_right_graph(Value: Any) -> None:
    """A right graph gets a certificate that counts what was compared, and its gradients stay as they were."""
    x = Value(0.5, label="x")
    y = ag.softmax([x.sin() * x, x, 2.0])[0] / x
    y.backward()
    before = x.grad
    certificate = certify(y, strict=True)
    assert certificate.nodes == 5
    assert certificate.checked == 4 + 2 + 1 + 2 + 2
    assert x.grad == before
    assert str(certificate) == f"5 nodes, 11 numbers compared, all right; worst local gradient {certificate.worst:.2g} ulps"
    assert 0.0 < certificate.worst < 4.0
    assert certify(Value(1.0)).checked == 0


def test_a_wrong_operation_is_named(Value: Any) -> None:
    """A local gradient that is wrong is named with its operation, operand, node, expected, got and ulps, in few lines."""
    bad = ag.primitive(math.sin, lambda z, x: ag.cos(x) * 1.00001, name="bad_sin", reference=mpmath.sin)
    x = Value(0.25, label="x")
    y = bad(x * 2.0)
    y.label = "y"
    with pytest.raises(GradientError) as caught:
        certify(y * y + bad(x))
    lines = str(caught.value).splitlines()
    assert len(lines) <= 10
    assert lines[0] == "local gradient of bad_sin(0.5) to operand 0 (node 'y')"
    assert lines[1] == "  expected  0.8775825618903728"
    assert lines[2] == f"  got       {math.cos(0.5) * 1.00001!r}"
    assert lines[3].endswith(" ulps; allowed: 4096 ulps")
    assert "and       1 more" in lines[-1]
    assert len(caught.value.report.findings) == 2  # type: ignore[attr-defined]
    assert "6 nodes, 12 numbers compared, 2 wrong; worst local gradient " in str(caught.value.report)


def test_a_wrong_value_is_named(Value: Any) -> None:
    """A value that is off is named as such, and so is a leaf whose data was changed after the pass."""
    bad = ag.primitive(lambda x: math.exp(x) * (1 + 1e-9), lambda z, x: ag.exp(x), name="off", reference=mpmath.exp)
    with pytest.raises(GradientError, match=r"value of off\(1\.0\)") as caught:
        certify(bad(Value(1.0) * 1.0))
    assert str(caught.value).endswith("allowed: 4096 ulps")  # no leaf was changed
    x = Value(2.0)
    y = x.exp()
    x.data = 3.0
    with pytest.raises(GradientError) as caught:
        certify(y)
    assert str(caught.value).splitlines()[3].endswith("; allowed: 2 ulps; or the data of a leaf was changed since")


def test_a_wrong_walk_is_named(Value: Any, mutants: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each operation is right and the sum is not, the node with the wrong sum is named."""
    monkeypatch.setattr("autograd.testing.certificate.adjoints", mutants["walk: parents in a set"])
    x = Value(3.0, label="x")
    with pytest.raises(GradientError, match=r"(?s)adjoint of leaf x \(node 0 of 2\).*expected  6\.0.*got       3\.0.*2 terms"):
        certify(x * x)
    assert first_finding([x, x * x]).startswith("every local gradient is right; adjoint of leaf x")
    monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes: [math.nan, 1.0])
    with pytest.raises(GradientError, match="got       nan"):
        certify(x * x)


def test_what_can_not_be_compared_is_said(Value: Any) -> None:
    """An unknown primitive and an infinite result are listed, and raise in strict mode; infinite edges are compared."""
    unknown = ag.primitive(lambda x: x * 2.0, lambda z, x: 2.0, name="unknown")
    certificate = certify(unknown(Value(1.0)) * Value(math.inf))
    assert certificate.skipped == ("multiply", "unknown")
    assert str(certificate) == (
        "4 nodes, 0 numbers compared, all right; worst local gradient 0 ulps; not compared: multiply, unknown"
    )
    with pytest.raises(GradientError, match=r"^nothing to compare with, or not finite: multiply, unknown$"):
        certify(unknown(Value(1.0)) * Value(math.inf), strict=True)
    for edge in (
        Value(0.0).sqrt(),
        Value(0.0).cbrt(),
        Value(1.0).arcsin(),
        Value(-2.0) ** Value(3.0),
        ag.hypot(Value(0.0), 0.0),
    ):
        assert certify(edge * 2.0, strict=True).findings == ()


def test_only_a_value_is_certified() -> None:
    """A float is refused with its type."""
    with pytest.raises(TypeError, match="certify takes a Value, the result of an expression, got float"):
        certify(1.0)


def test_without_mpmath_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """certify without mpmath names the extra that brings it; any other missing module comes through as it is."""
    monkeypatch.delitem(sys.modules, "autograd.testing.reference", raising=False)
    original = builtins.__import__
    missing = "mpmath"

    def refusing(name: str, *rest: Any, **named: Any) -> Any:
        if name == "mpmath":
            raise ModuleNotFoundError("none", name=missing)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(
        ImportError, match=r'^certify needs mpmath for its 50 digits; pip install "glassgrad\[\w+\]"$'
    ) as caught:
        certify(ag.Value(1.0) * 2.0)
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    named = extras[str(caught.value).partition("[")[2].partition("]")[0]]
    assert any(requirement.startswith("mpmath") for requirement in named)
    monkeypatch.delitem(sys.modules, "autograd.testing.reference", raising=False)
    missing = "other"
    with pytest.raises(ModuleNotFoundError, match="none"):
        certify(ag.Value(1.0) * 2.0)


def test_what_has_no_derivative_is_left_out(Value: Any) -> None:
    """0 to a power is compared with the convention; a reference that fails or turns complex is not evidence of a mistake."""
    assert certify(Value(0.0) ** Value(2.0), strict=True).worst == 0.0
    failing = ag.primitive(math.exp, lambda z, x: z, name="failing", reference=lambda x: 1 / (x - 1))
    assert certify(failing(Value(1.0))).skipped == ("failing",)
    root = ag.primitive(math.sqrt, lambda z, x: math.inf, name="root", reference=mpmath.sqrt)
    assert certify(root(Value(0.0)), strict=True).checked == 2


def test_differences_name_an_operation_near_the_end_of_its_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mpmath, an operation is still judged where some steps would leave its domain."""

    def absent() -> None:
        raise ImportError("no mpmath")

    monkeypatch.setattr("autograd.testing.certificate._reference", absent)
    bad = ag.primitive(math.log, lambda z, x: 1.001 / x, name="bad_log")
    x = ag.Value(0.1)
    found = re.fullmatch(
        r"local gradient of bad_log\(0\.1\) to operand 0: expected (.*), got 10\.0\d+", first_finding([x, bad(x)])
    )
    assert found
    assert float(found[1]) == pytest.approx(10.0, rel=1e-12)
    coarse = ag.primitive(lambda x: 1e13 + x, lambda z, x: 1.3, name="coarse")
    assert first_finding([x, coarse(x)]) == ""  # differences are sure of the slope 1 to a fiftieth only
    finer = ag.primitive(lambda x: 1e10 + x, lambda z, x: 1.3, name="finer")
    assert first_finding([x, finer(x)]).startswith("local gradient of finer(0.1) to operand 0: expected ")
    slight = ag.primitive(lambda x: 1e10 + x, lambda z, x: 1.0005, name="slight")
    assert first_finding([x, slight(x)]) == ""  # the differences know the slope to 7e-4 only
    kinked = ag.primitive(lambda x: 3.0 * x if x > 0.0 else x, lambda z, x: 2.5, name="kinked")
    zero = ag.Value(0.0)
    assert first_finding([zero, kinked(zero)]) == ""


def test_the_first_finding_is_exact_where_it_can_be() -> None:
    """With mpmath the guilty operation's right number has all its digits; what has no reference is judged by differences."""
    x = ag.Value(0.5)
    for reference, expected in ((mpmath.sin, "0.8775825618903728"), (None, "0.87758256189")):
        bad = ag.primitive(math.sin, lambda z, x: ag.cos(x) * 1.01, name="bad", reference=reference)
        words = f"local gradient of bad(0.5) to operand 0: expected {expected}"
        assert first_finding([x, bad(x)]).startswith(words)
        assert first_finding([x, bad(x)]).endswith(f", got {math.cos(0.5) * 1.01!r}")
    labelled = ag.primitive(math.sin, lambda z, x: ag.cos(x) * 1.01, name="bad", reference=mpmath.sin)(x)
    labelled.label = "y"
    assert "to operand 0 (node 'y'): expected" in first_finding([x, labelled])
    assert first_finding([x, x * 2.0, x.sin()]) == ""
    assert first_finding([x, x.log()]) == ""


SPECIAL: dict[str, tuple[Any, tuple[float, ...]]] = {
    "lgamma": (ag.lgamma, (0.3, 1.0 + 2.0**-40, -2.4570247382208006, -30.5, 1e10)),
    "digamma": (ag.digamma, (0.3, 1.4616321449683623, -0.504083008264455, -1e6 - 0.25)),
    "polygamma": (lambda x: ag.polygamma(2, x), (0.3, -7.25, -1e6 - 0.25, 50.0)),
    "gamma": (ag.gamma, (0.3, -3.7, 20.0)),
    "erfinv": (ag.erfinv, (0.0, 1e-50, 0.3, -0.999999, 1 - 2.0**-53)),
    "sinc": (ag.sinc, (0.0, 1e-9, 0.3, -2.0, 7.3, 1000.25, -(2.0**40) - 0.25)),
    "log_softmax": (lambda x: ag.log_softmax([x, 2.0 * x, -1.0])[1], (0.3, 40.0, -300.0)),
    "var": (lambda x: ag.var([x, x * x, 1e8 + 1.0 * x], ddof=1), (0.3, -7.0)),
    "std": (lambda x: ag.std([x, x * x, 3.0]), (0.3, -7.0)),
    "std of equals": (lambda x: ag.std([x, x]), (0.3,)),
    "copysign": (lambda x: ag.copysign(x, -1.5) * ag.copysign(2.0, x), (0.3, -0.3)),
    "where": (lambda x: ag.where(x > 0.5, x * x, x) * ag.where(False, x, 1.0), (0.3, 0.7)),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions_and_their_derivatives_are_certified(engine: Any, Value: Any, name: str) -> None:
    """Beside zeros and poles, near 0 and far out: each step of the value and of three orders of derivatives is certified."""
    f, points = SPECIAL[name]
    for point in points:
        x = Value(point)
        y = f(x)
        for _ in range(4):
            assert certify(y, strict=math.isfinite(y.data)).worst <= 4.0
            y = engine.gradients(y, x, create_graph=True)


@pytest.mark.parametrize("name", ["lgamma", "digamma", "polygamma", "gamma", "erfinv", "sinc"])
def test_derivatives_of_order_six(name: str) -> None:
    """The sixth derivative at ordinary points agrees with the Taylor coefficients of mpmath."""
    truth: dict[str, Any] = {
        "lgamma": mpmath.loggamma, "digamma": lambda t: mpmath.psi(0, t), "polygamma": lambda t: mpmath.psi(2, t),
        "gamma": mpmath.gamma, "erfinv": mpmath.erfinv, "sinc": lambda t: mpmath.sinc(mpmath.pi * t),
    }  # fmt: skip
    for point in (0.3, 0.75):
        with mpmath.workdps(60):
            expected = mpmath.taylor(truth[name], mpmath.mpf(point), 6)[6] * 720
        assert ag.derivative(SPECIAL[name][0], 6)(point) == pytest.approx(float(expected), rel=1e-11)


def test_steps_that_can_be_pasted(Value: Any) -> None:
    """A program with components, variances and parameters is written so that it runs when pasted."""
    for program in (
        "lambda x0: log_softmax([x0, 1.0])[1]",
        "lambda x0: var([x0, 1.0])",
        "lambda x0: std([x0, 1.0], ddof=0.5)",
        "lambda x0: polygamma(2.0, x0)",
        "lambda x0: where(1.0, x0, 2.0)",
        "lambda x0: copysign(x0, (-1.0))",
    ):
        assert Expression(eval(program, vars(ag)), 0.3).program == program


@pytest.mark.parametrize(
    ("f", "kink"),
    [
        (lambda x: ag.std([x, 1.0]), True),
        (lambda x: ag.copysign(x - 1.0, 2.0), True),
        (lambda x: ag.copysign(2.0, x - 1.0) * x, True),
        (lambda x: ag.var([x, 1.0]), False),
    ],
)
def test_new_kinks_are_known(Value: Any, f: Any, kink: bool) -> None:
    """At zero spread std is at a kink, and so is copysign where an operand is zero; var has none."""
    assert at_a_kink([*engine_of(f(Value(1.0))).topological_order(f(Value(1.0)))]) is kink
    assert not at_a_kink([*engine_of(f(Value(1.5))).topological_order(f(Value(1.5)))])


@pytest.mark.parametrize("name", [name for name, record in ag.primitives().items() if record.arity == 1])
def test_each_step_of_first_and_second_derivatives_is_compared(engine: Any, Value: Any, name: str) -> None:
    """Of every function of one number the graphs of two derivatives are certified, with what occurs in them alone."""
    record, x = ag.primitives()[name], Value(1.3 if name == "arccosh" else 0.4)
    y = record(x)
    for _ in range(3):
        if not y.is_leaf:
            certificate = certify(y, strict=True)
            assert certificate.checked > 0
        y = engine.gradients(y, x, create_graph=True)
        if not isinstance(y, Value):
            break
