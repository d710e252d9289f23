"""certify: local gradients on Values and on dual numbers, as graphs of derivatives compute them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import mpmath
import pytest

import autograd as ag
from autograd import kernels
from autograd.testing import GradientError, certify, reference
from autograd.testing.interpretations import again, direction, may_go_on


def _old_logsumexp(z: Any, xs: Sequence[Any]) -> Sequence[Any]:
    """The rule that was wrong: the shares from the rounded result, where they aren't floats."""
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
    monkeypatch.setattr(ag.primitives()[name], "partials", (rule,))
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
    monkeypatch.setattr(ag.logsumexp, "partials", (_old_logsumexp,))
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

        monkeypatch.setattr(ag.logsumexp, "partials", (rule,))
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


def test_the_direction() -> None:
    """Operands move by parts of themselves, of 1 where they are 0, no neighbours alike; the others by nothing."""
    assert direction([2.0, 0.0, -4.0, 8.0, 8.0, 2.0], [0, 1, 2, 3, 4, 5]) == [2.0, -0.75, -2.0, -5.0, 7.0, 2.0]
    assert direction([2.0, 3.0], [1]) == [0.0, -2.25]


def test_both_interpretations_in_numbers(Value: Any) -> None:
    """For x*x*y: partials 2xy and x*x; their slopes along the direction; on Values also the scale, the sum without signs."""
    record = ag.primitive(lambda x, y: x * x * y, [lambda z, x, y: 3.0 * x * y - x * y, lambda z, x, y: x * x], name="xxy")
    node = record(Value(3.0), Value(5.0))
    on_values, on_duals = again(node, [3.0, 5.0], [0, 1])
    assert (on_values.how, on_duals.how) == ("on Values", "on dual numbers")
    dx, dy = 3.0, -3.75
    for found in (on_values, on_duals):
        assert found.partials == (30.0, 9.0)
        assert found.slopes == (2.0 * 5.0 * dx + 2.0 * 3.0 * dy, 2.0 * 3.0 * dx)
    assert on_values.sizes == (4.0 * 5.0 * dx + 4.0 * 3.0 * -dy, 2.0 * 3.0 * dx)
    assert on_duals.sizes == (0.0, 0.0)
    alone = record(Value(3.0), 5.0)
    assert [found.slopes for found in again(alone, [3.0, 5.0], [0])] == [(2.0 * 5.0 * dx,)] * 2
    flat = ag.primitive(lambda x: 2.0 * x, lambda z, x: 2.0, name="flat")(Value(3.0))
    assert [(f.partials, f.slopes) for f in again(flat, [3.0], [0])] == [((2.0,), (0.0,))] * 2


def test_where_the_derivatives_of_partials_are_told() -> None:
    """At a kink they are not, nor where an operand, the result or a partial lies beyond 1e-80 or 1e80; zeros do not matter."""
    x = ag.Value(2.0)
    assert may_go_on(x.exp(), [2.0], [1.0])
    assert may_go_on(x * 0.0, [2.0, 0.0], [0.0])
    assert not may_go_on(ag.Value(0.0).relu(), [0.0], [0.0])
    for bound, beyond in ((1e80, 1.01e80), (1e-80, 0.99e-80)):
        for sign in (1.0, -1.0):
            assert may_go_on(x.exp(), [sign * bound], [sign * bound])
            assert not may_go_on(x.exp(), [sign * beyond], [1.0])
            assert not may_go_on(x.exp(), [1.0], [sign * beyond])
    assert not may_go_on(x * 1e90, [1.0], [1.0])


@pytest.mark.parametrize("size", [1e3, 1e9, 1e26])
def test_slopes_are_told_far_out(size: float) -> None:
    """The reference knows the slopes of fast waves far out: those of sine are minus the sine, times the direction."""
    (slope,) = reference.slopes(ag.sin, [size], [0], [size])
    with mpmath.workdps(80):
        assert abs(slope / (-mpmath.sin(mpmath.mpf(size)) * mpmath.mpf(size)) - 1) < 1e-17
    tall = reference.slopes(ag.maximum, [1.0, 1.0], [0, 1], [1.0, -1.0])
    assert tall == [None, None]  # a jump has none
    assert reference.slopes(ag.remainder, [5.0, 3.0], [0, 1], [1.0, 1.0]) == [0, 0]
    assert reference.slopes(ag.sqrt, [0.0], [0], [1.0]) == [None]
    nowhere_else = ag.primitive(math.sin, lambda z, x: ag.cos(x), name="here", reference=lambda x: 1 / (x == 0.5) * x)
    assert reference.slopes(nowhere_else, [0.5], [0], [1.0]) == [None]  # what raises beside the point has none
