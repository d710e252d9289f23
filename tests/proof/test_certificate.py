"""certify: each step of a recorded graph against 50 digits, with a name for what is wrong."""

from __future__ import annotations

import builtins
import itertools
import math
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mpmath
import pytest

import autograd as ag
from autograd import kernels
from autograd.testing import GradientError, certify
from autograd.testing.certificate import _distance, first_finding

ROOT = Path(__file__).parents[2]


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


def test_distances() -> None:
    """A number that is not finite is infinitely far from any but itself; else ulps of the right number, or of a least size."""
    assert _distance(math.inf, mpmath.mpf(1)) == math.inf
    assert _distance(1.0, mpmath.inf) == math.inf
    assert _distance(math.inf, mpmath.inf) == 0.0
    assert _distance(-math.inf, mpmath.inf) == math.inf
    assert _distance(math.nan, mpmath.mpf(1)) == math.inf
    assert _distance(1.0 + 2.0**-51, mpmath.mpf(1)) == 2.0
    assert _distance(1.0 - 2.0**-51, mpmath.mpf(1)) == 2.0
    assert _distance(1.0 + 2.0**-51, mpmath.mpf(1), 4.0) == 0.5
    assert _distance(4.0 + 2.0**-49, mpmath.mpf(4), 1.0) == 2.0


def test_what_stands_behind_a_zero_is_still_summed(Value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an upstream gradient of 0 meets an infinite local gradient nothing flows, and the leaf behind must hold 0."""
    x = Value(0.0, label="x")
    y = x.sqrt() * 0.0
    assert certify(y, strict=True).findings == ()
    monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes: [1.0, 0.0, 1.0])
    with pytest.raises(GradientError, match=r"adjoint of leaf x \(node 0 of 3\)"):
        certify(y)
    monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes: [math.inf, 1.0, 1.0])
    assert certify(x.sqrt() * 1.0).findings == ()  # inf times 1: no exact sum can be told


def test_sums_are_held_to_their_rounding(Value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient may be off by m + 1 units of the size of its m terms: here by two ulps, not by three; the root by one."""
    x = Value(3.0, label="x")
    y = x * x
    ulp = math.ulp(6.0)
    for off, right in ((2, True), (-2, True), (3, False), (-3, False)):
        monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes, off=off: [6.0 + off * ulp, 1.0])
        assert (_findings(y) == []) is right
    for off, right in ((1, True), (2, False)):
        seed = 1.0 + off * 2.0**-52
        monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes, seed=seed: [6.0 * seed, seed])
        found = _findings(y)
        assert (found == []) is right
        assert all(f.operation == "multiply(3.0, 3.0)" and f.where == "(node 1 of 2)" for f in found)
    assert found[0].allowed == "2.2e-16, the rounding of 1 terms"


def test_gradients_that_overflow_are_no_mistake(Value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the exact sum is beyond the largest float, inf is right; where it is not, inf is named."""
    x = Value(1e-300, label="x")
    assert certify(x * 1e308 * 1e308).findings == ()
    y = x * 1e308
    monkeypatch.setattr("autograd.testing.certificate.adjoints", lambda root, nodes: [math.inf, 1.0])
    with pytest.raises(GradientError, match=r"(?s)adjoint of leaf x .*got       inf"):
        certify(y)


def test_what_can_not_be_compared_is_said(Value: Any) -> None:
    """An unknown primitive and an infinite result are listed, and raise in strict mode; infinite edges are compared."""
    unknown = ag.primitive(lambda x: x * 2.0, lambda z, x: 2.0, name="unknown")
    certificate = certify(unknown(Value(1.0)) * Value(math.inf))
    assert certificate.skipped == ("multiply", "unknown")
    assert str(certificate) == (
        "4 nodes, 0 numbers compared, all right; worst local gradient 0 ulps; not compared: multiply, unknown"
    )
    with pytest.raises(GradientError, match="nothing to compare with"):
        certify(unknown(Value(1.0)), strict=True)
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
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = extras[str(caught.value).partition("[")[2].partition("]")[0]]
    assert any(requirement.startswith("mpmath") for requirement in named)
    monkeypatch.delitem(sys.modules, "autograd.testing.reference", raising=False)
    missing = "other"
    with pytest.raises(ModuleNotFoundError, match="none"):
        certify(ag.Value(1.0) * 2.0)


def test_what_has_no_derivative_is_left_out(Value: Any) -> None:
    """0 to a power is compared with the convention; a reference that fails or turns complex is no evidence of a mistake."""
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
    kinked = ag.primitive(abs, lambda z, x: 0.3, name="kinked")
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


# ---- local gradients on Values and on dual numbers ---------------------------------------------------


def _old_logsumexp(z: Any, xs: Sequence[Any]) -> Sequence[Any]:
    """The rule that was wrong: the shares from the rounded result, where they are no floats."""
    return kernels.softmax(xs) if all(type(x) is float for x in xs) else [ag.exp(x - z) for x in xs]


def _old_prod(z: Any, xs: Sequence[Any]) -> Sequence[Any]:
    """The rule that was wrong: products from the left and from the right, which overflow on the way."""
    if all(type(x) is float for x in xs):
        return kernels.products_without(xs)
    before = itertools.accumulate(xs[:-1], lambda a, b: a * b, initial=1.0)
    after = list(itertools.accumulate(xs[:0:-1], lambda a, b: a * b, initial=1.0))
    return [a * b for a, b in zip(before, reversed(after), strict=True)]


OLD_RULES: dict[str, tuple[Any, tuple[float, ...], int, float, float]] = {
    "logsumexp": (_old_logsumexp, (1e16, 1e16), 0, 0.5, 1.0),
    "prod": (_old_prod, (1e200, 1e200, 1e-300, 1e-300), 2, 1e100, math.inf),
}


@pytest.mark.parametrize("name", OLD_RULES)
def test_a_rule_that_is_wrong_on_values_only_is_refused(Value: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that are right on floats and wrong in a graph of derivatives, as two once were, are refused and named."""
    rule, point, place, expected, got = OLD_RULES[name]
    monkeypatch.setattr(ag.primitives()[name], "partials", rule)
    root = ag.primitives()[name]([Value(x) for x in point])
    assert all(map(math.isfinite, root.local_gradients()))
    with pytest.raises(GradientError) as caught:
        certify(root)
    finding = caught.value.report.findings[0]  # type: ignore[attr-defined]
    assert finding.what == "local gradient"
    assert finding.where == f"to operand {place} on Values"
    assert finding.operation.startswith(f"{name}({point[0]!r}, {point[1]!r}")
    assert (finding.expected, finding.got) == (expected, got)
    kinds = {f.where.partition(" on ")[2] for f in caught.value.report.findings}  # type: ignore[attr-defined]
    assert kinds == {"Values", "dual numbers"}


def test_a_mild_loss_of_digits_is_seen_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old rule of logsumexp loses eleven digits' worth at 1e6, five below its bound nowhere: it is refused there too."""
    monkeypatch.setattr(ag.logsumexp, "partials", _old_logsumexp)
    with pytest.raises(GradientError, match=r"on Values\n  expected  0\.26894142136999"):
        certify(ag.logsumexp([ag.Value(1e6), ag.Value(1e6 + 1.0), 2.0]))


def _cubed(on_values: Any, on_duals: Any) -> Any:
    """x**3 with a partial that goes another way for each kind of number."""

    def partial(z: Any, x: Any) -> Any:
        if type(x) is float:
            return 3.0 * x * x
        return on_duals(x) if hasattr(x, "tangent") else on_values(x)

    return ag.primitive(lambda x: x**3, partial, name="cubed", reference=lambda x: x**3)


def _right(x: Any) -> Any:
    return 3.0 * x * x


def test_each_interpretation_is_judged_by_itself(Value: Any) -> None:
    """A partial is refused that is wrong on Values alone or on dual numbers alone, in its number or its derivative alone."""
    x = Value(1.5, label="x")
    certify(_cubed(_right, _right)(x), strict=True)
    for wrong, words in (
        (lambda x: 3.0 * x * x * (1.0 + 2.0**-39), r"local gradient of cubed\(1\.5\) to operand 0 on {}\n  expected  6\.75\n"),
        (
            lambda x: 6.75,
            r"derivative of the local gradient of cubed\(1\.5\) to operand 0 on {}\n  expected  13\.5\n  got       0",
        ),
        (lambda x: _right(x) + (x - 1.5) * 2.0**-35, r"derivative of the local gradient .* on {}\n  expected  13\.5\n  got"),
    ):
        for ways, how in (((wrong, _right), "Values"), ((_right, wrong), "dual numbers")):
            with pytest.raises(GradientError, match=words.format(how)) as caught:
                certify(_cubed(*ways)(x))
            assert len(caught.value.report.findings) == 1  # type: ignore[attr-defined]
    slightly = _cubed(lambda x: 3.0 * x * x * (1.0 + 2.0**-42), lambda x: _right(x) + (x - 1.5) * 2.0**-42)
    assert certify(slightly(x)).findings == ()  # a user's own partial may lose some digits
    y = _cubed(lambda x: 6.75, _right)(x)
    y.label = "y"
    with pytest.raises(GradientError, match=r"on Values \(node 'y'\)"):
        certify(y)


def test_built_in_partials_keep_four_ulps_on_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A built-in partial that loses 6 ulps on Values is refused, one that loses 3 is not."""
    for lost, refused in ((6.0, True), (3.0, False)):
        rule = lambda z, x, lost=lost: 1.0 if type(x) is float else x * 0.0 + (1.0 + lost * 2.0**-52)  # noqa: E731
        monkeypatch.setattr(ag.positive, "partials", (rule,))
        root = ag.positive(ag.Value(1.5))
        if refused:
            with pytest.raises(GradientError, match="allowed: 4 ulps"):
                certify(root)
        else:
            certify(root)


def test_shares_far_apart_may_lose_what_their_difference_rounds_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share exp(x - top) may be off by an ulp for each unit of the difference, and not by four times as much."""
    point = [600.0, -10.3]
    for factor, refused in ((500.0, False), (2500.0, True)):

        def rule(z: Any, xs: Sequence[Any], factor: float = factor) -> Sequence[Any]:
            shares = kernels.softmax([getattr(x, "data", x) for x in xs])
            if type(xs[0]) is float:
                return shares
            return [shares[0], shares[1] * (1.0 + factor * 2.0**-53)]

        monkeypatch.setattr(ag.logsumexp, "partials", rule)
        root = ag.logsumexp([ag.Value(x) for x in point])
        found = [f for f in _findings(root) if f.what == "local gradient"]
        assert bool(found) is refused
    monkeypatch.undo()
    assert _findings(ag.logaddexp(ag.Value(600.0), ag.Value(-10.3))) == []


def _findings(root: Any) -> list[Any]:
    try:
        return list(certify(root).findings)
    except GradientError as error:
        return list(error.report.findings)  # type: ignore[attr-defined]


def test_what_takes_floats_only_is_said(Value: Any) -> None:
    """A partial written with math, or an operation of more than 64 operands, is compared on floats, as the certificate says."""
    sine = ag.primitive(math.sin, lambda z, x: math.cos(x), name="sine", reference=mpmath.sin)
    certificate = certify(sine(Value(0.5)) * 2.0, strict=True)
    assert certificate.floats_only == ("sine",)
    assert str(certificate).endswith("; on floats only: sine")
    assert certify(Value(0.5).sin()).floats_only == ()
    assert "floats only" not in str(certify(Value(0.5).sin()))
    assert certify(ag.prod([Value(1.0)] * 64)).floats_only == ()
    assert certify(ag.prod([Value(1.0)] * 65)).floats_only == ("prod",)


def test_modes_around_it_change_nothing(Value: Any) -> None:
    """Inside no_grad, a certificate is the same, and a wrong derivative of a partial is still seen."""
    good, bad = (_cubed(way, way)(Value(1.5)) for way in (_right, lambda x: 6.75))
    with ag.no_grad():
        assert certify(good) == certify(good)
        with pytest.raises(GradientError, match="derivative of the local gradient"):
            certify(bad)


EDGES: dict[str, Any] = {
    "relu": lambda x: x.relu(), "abs": abs, "cbrt": lambda x: (x + 0.0).cbrt(), "sqrt": lambda x: (x * x).sqrt(),
    "hypot": lambda x: ag.hypot(x, 0.0), "norm": lambda x: ag.norm([x, x]), "max": lambda x: ag.max([x, 0.0, 1.0]),
    "maximum": lambda x: ag.maximum(x, 1.0), "clamp": lambda x: x.clamp(-1.0, 1.0), "square": lambda x: x**2,
    "remainder": lambda x: x % (x * 0.0 + 1.0), "arctan2": lambda x: ag.arctan2(x, 0.0 * x),
    "silu": lambda x: x.silu(), "elu": lambda x: x.elu(), "leaky": lambda x: x.leaky_relu(),
    "prod": lambda x: ag.prod([x, x, 2.0]),
    "softmax": lambda x: ag.softmax([x, x, 0.0])[1], "large": lambda x: (x * 1e200).arctan(), "small": lambda x: x * 1e-300 * x,
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_no_alarm_at_an_edge(Value: Any, name: str) -> None:
    """Kinks, ties, zeros, poles of derivatives, and numbers at which products of derivatives fail, raise no alarm."""
    for x in (0.0, -0.0, 1.0, -1.0, 3.0):
        assert certify(EDGES[name](Value(x)), strict=True).findings == ()
