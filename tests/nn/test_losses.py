"""Losses: their formulas, their shapes, and their digits far out."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd as ag
import nn
from autograd import Value

mpmath.mp.dps = 50
FORMULAS = {
    "mse": (nn.mean_squared_error, lambda p, t: (p - t) ** 2, [0.5, -2.0]),
    "mae": (nn.mean_absolute_error, lambda p, t: abs(p - t), [0.5, -2.0]),
    "huber": (nn.huber, lambda p, t: (p - t) ** 2 / 2 if abs(p - t) <= 1 else abs(p - t) - mpmath.mpf(1) / 2, [0.5, -2.0]),
    "hinge": (nn.hinge, lambda p, t: max(0, 1 - t * p), [1, -1]),
    "bce": (nn.binary_cross_entropy_with_logits,
            lambda p, t: mpmath.log(1 + mpmath.exp(-p)) * t + mpmath.log(1 + mpmath.exp(p)) * (1 - t), [0, 1, 0.25]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=4), st.integers(0, 3))
def test_each_loss_is_its_formula(name: str, xs: list[float], i: int) -> None:
    """Value and gradient of one prediction, and the mean and the sum of a batch, agree with 50 digits."""
    loss, formula, targets = FORMULAS[name]
    ts = [targets[(i + k) % len(targets)] for k in range(len(xs))]
    expected = [formula(mpmath.mpf(x), t) for x, t in zip(xs, ts, strict=True)]
    leaves = [Value(x) for x in xs]
    assert loss(leaves[0], ts[0]).data == pytest.approx(float(expected[0]), rel=1e-14, abs=1e-300)
    assert loss(leaves, ts).data == pytest.approx(float(mpmath.fsum(expected) / len(xs)), rel=1e-14, abs=1e-300)
    assert loss([[x] for x in leaves], [[t] for t in ts], reduction="sum").data == pytest.approx(
        float(mpmath.fsum(expected)), rel=1e-14
    )


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=6), st.integers(0, 5))
def test_cross_entropy_is_minus_the_logarithm_of_the_share(logits: list[float], label: int) -> None:
    """Cross-entropy and its gradient, softmax minus one-hot, agree with 50 digits for logits up to 1000 and beyond overflow."""
    label %= len(logits)
    xs = [Value(x) for x in logits]
    loss = nn.cross_entropy(xs, label)
    loss.backward()
    powers = [mpmath.exp(mpmath.mpf(x)) for x in logits]
    whole = mpmath.fsum(powers)
    assert loss.data == pytest.approx(float(-mpmath.log(powers[label] / whole)), rel=1e-12, abs=1e-12)
    for i, (x, power) in enumerate(zip(xs, powers, strict=True)):
        assert x.grad == pytest.approx(float(power / whole - (i == label)), rel=1e-12, abs=1e-15)


def test_far_out_nothing_overflows() -> None:
    """Logits of plus and minus 1000 give finite losses and gradients, on the right and on the wrong side."""
    for z, t, expected in ((1000.0, 1, 0.0), (-1000.0, 0, 0.0), (1000.0, 0, 1000.0), (-1000.0, 1, 1000.0)):
        x = Value(z)
        loss = nn.binary_cross_entropy_with_logits(x, t)
        loss.backward()
        assert loss.data == expected
        assert x.grad == (0.0 if expected == 0.0 else math.copysign(1.0, z))
    assert nn.cross_entropy([1000.0, -1000.0], 1) == 2000.0
    assert nn.binary_cross_entropy_with_logits(-math.inf, 0) == nn.binary_cross_entropy_with_logits(math.inf, 1) == 0.0
    assert nn.binary_cross_entropy_with_logits(40.0, 1) == pytest.approx(4.248354255291589e-18, rel=1e-14)
    x = Value(0.0)
    nn.binary_cross_entropy_with_logits(x, 0.25).backward()
    assert x.grad == 0.25


def test_batches_of_logits() -> None:
    """A batch of samples is the mean over them, of labels or of one label each; the sum is the sum."""
    rows, labels = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.0]], [2, 0]
    single = [nn.cross_entropy(row, label) for row, label in zip(rows, labels, strict=True)]
    assert nn.cross_entropy(rows, labels) == pytest.approx(sum(single) / 2, rel=1e-15)
    assert nn.cross_entropy(rows, labels, reduction="sum") == pytest.approx(sum(single), rel=1e-15)
    logs = [[ag.log(p) for p in ag.softmax(row)] for row in rows]
    assert nn.negative_log_likelihood(logs, labels) == pytest.approx(nn.cross_entropy(rows, labels), rel=1e-14)


@given(st.permutations(range(6)))
def test_the_order_of_a_batch_does_not_matter(order: list[int]) -> None:
    """Permuting a batch leaves the mean loss's gradient as it was, to rounding."""
    X, y = [[0.1 * i, 1.0 - i] for i in range(6)], [1, -1, 1, 1, -1, -1]
    gradients = []
    for places in (range(6), order):
        model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
        nn.hinge([model(X[i]) for i in places], [y[i] for i in places]).backward()
        gradients.append([p.grad for p in model.parameters()])
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.mean_squared_error([1.0], [1.0, 2.0]), "same shape: expected a list of 1, got a list of 2"),
        (lambda: nn.mean_squared_error([1.0], 1.0), "same shape: expected a list of 1, got a leaf of type float"),
        (lambda: nn.mean_squared_error([], []), "at least one prediction"),
        (lambda: nn.mean_squared_error(1.0, 1.0, reduction="none"), "'mean' or 'sum', got 'none'"),
        (lambda: nn.hinge(1.0, 0), "hinge takes the targets -1 and 1, got 0"),
        (lambda: nn.binary_cross_entropy_with_logits(1.0, 2), "targets from 0 to 1, got 2"),
        (lambda: nn.cross_entropy([1.0, 2.0], 2), "from 0 to 1, got 2"),
        (lambda: nn.cross_entropy([1.0, 2.0], 0.5), "a whole number from 0 to 1, got 0.5"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [0, 1]), "got 1 samples and 2 labels"),
        (lambda: nn.cross_entropy(1.0, 0), "takes a list of numbers for each sample"),
        (lambda: nn.huber(1.0, 0.0, delta=0), "delta must be above 0"),
    ],
)
def test_bad_targets_are_named(call: Any, words: str) -> None:
    """What does not fit is an error that says what was received."""
    with pytest.raises(ValueError, match=words):
        call()


def test_shapes_of_losses() -> None:
    """Arrays, arrays without dimensions, tuples and nested lists pair up; one number is its own mean and sum."""
    assert nn.mean_squared_error(np.array([1.0, 2.0]), (1.0, 4.0)) == 2.0
    assert nn.mean_squared_error(np.array(3.0), 1.0) == 4.0
    assert nn.mean_squared_error([[1.0], [2.0, 3.0]], [[0.0], [0.0, 0.0]]) == pytest.approx(14 / 3)
    assert nn.mean_squared_error([[1.0], [2.0]], [[0.0], [0.0]], reduction="sum") == 5.0
    assert nn.mean_absolute_error([-1.0, 3.0], [0.0, 0.0]) == 2.0
    assert nn.mean_absolute_error([-1.0, 3.0], [0.0, 0.0], "sum") == 4.0
    assert nn.hinge([2.0, 0.0], [1, 1]) == 0.5
    assert nn.binary_cross_entropy_with_logits([0.0, 0.0], [0, 1], "sum") == pytest.approx(2 * math.log(2))
    assert nn.huber([3.0], [0.0], delta=2.0) == 4.0
    assert nn.huber([2.0], [0.0], delta=2.0) == 2.0
    assert nn.huber([1.0, 3.0], [0.0, 0.0], delta=4.0) == 2.5
    assert nn.negative_log_likelihood([[-1.0, -2.0], [-3.0, -4.0]], [0, 1]) == 2.5
    assert nn.negative_log_likelihood([[-1.0, -2.0], [-3.0, -4.0]], [0, 1], "sum") == 5.0
    assert nn.cross_entropy(np.array([[0.0, 0.0]]), np.array([1])) == pytest.approx(math.log(2))
    assert nn.cross_entropy([[0.0, 0.0]], 0) == pytest.approx(math.log(2))
    x = Value(0.25)
    nn.huber(x, 0.0).backward()
    assert x.grad == 0.25
    for call, words in (
        (lambda: nn.cross_entropy([1.0, 2.0], True), "a label is a whole number from 0 to 1, got True"),
        (lambda: nn.cross_entropy([1.0, 2.0], -1), "a whole number from 0 to 1, got -1"),
        (lambda: nn.negative_log_likelihood([1.0, 2.0], 2), "negative_log_likelihood: a label is"),
        (lambda: nn.negative_log_likelihood(1.0, 2), "negative_log_likelihood takes a list"),
        (lambda: nn.cross_entropy([], 0), "a label is a whole number"),
        (lambda: nn.cross_entropy([[0.0]], [0], reduction="max"), "'mean' or 'sum', got 'max'"),
        (lambda: nn.binary_cross_entropy_with_logits(0.0, -0.1), "targets from 0 to 1, got -0.1"),
        (lambda: nn.huber(1.0, 0.0, delta=math.nan), "delta must be above 0, got nan"),
        (lambda: nn.mean_squared_error(1.0, [1.0]), "same shape: expected a number, got a list"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()
