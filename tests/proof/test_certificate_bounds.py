"""certify: how far a number may be off, and what the sums of the backward pass are held to."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import pytest

from autograd.testing import GradientError, certify
from autograd.testing.certificate import _distance


def _findings(root: Any) -> list[Any]:
    try:
        return list(certify(root).findings)
    except GradientError as error:
        return list(error.report.findings)  # type: ignore[attr-defined]


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
