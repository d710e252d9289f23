"""The eight groups of measurements that hold the engine and its checks to their word.

Each runs on a part of its count, and on all of it with --thorough or GLASSGRAD_THOROUGH=1.
"""

from __future__ import annotations

import collections
import math
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.errors import NoSuchExample

import autograd as ag
from autograd.testing import GradientError, certify, check_gradients, check_primitive
from autograd.testing.differences import differentiate
from autograd.testing.expressions import OPERATIONS, Expression, build
from autograd.testing.graphs import adjoints, engine_of, scale
from autograd.testing.strategies import expressions
from autograd.testing.subjects import Recorded
from autograd.testing.verdicts import verdict

# The verdicts are counted here; that an inconclusive one warns is tested where it belongs.
pytestmark = pytest.mark.filterwarnings("ignore::autograd.testing.InconclusiveWarning")

NAMES = list(OPERATIONS)


def drawn(rng: random.Random, **options: Any) -> Expression:
    """A random expression without Hypothesis, so that ten thousand take a second."""
    point = [rng.uniform(-3, 3) for _ in range(rng.randint(1, 3))]
    return build(point, [(rng.choice(NAMES), rng.randrange(8), rng.randrange(8)) for _ in range(rng.randint(1, 14))], **options)


class Subject:
    """An expression recorded on one engine: its gradients, their scales, and what differences say."""

    def __init__(self, f: Any, point: tuple[float, ...], Value: Any) -> None:
        recorded = Recorded(f, point, [f"x{i}" for i in range(len(point))], Value)
        self.nodes, self.leaves = recorded.orders[0], recorded.leaves
        self.gradients = recorded.gradients[0]
        self.found = [differentiate(lambda x, i=i: recorded.near(0, i, x), point[i], True) for i in range(len(point))]
        self.sized = [recorded.sized(0, i, found) for i, found in enumerate(self.found)]
        self.sizes = [size for _, size, _ in self.sized]

    def verdict(self, i: int, gradient: float) -> str:
        """The verdict on a gradient, right or wrong, of input i."""
        found, size, reach = self.sized[i]
        return verdict(gradient, size, found, None, reach)[0]


# ---- 1. partials -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(ag.primitives()))
def test_every_primitive_passes_its_check(name: str, thorough: bool) -> None:
    """Each primitive keeps 4 ulps to 50 digits, and its first and second derivatives agree with differences."""
    # x % y is a saw whose teeth, for a small y, are finer than any step; chance then looks like a slope, so it gets few points.
    report = check_primitive(ag.primitives()[name], points=1000 if thorough and name != "remainder" else 100)
    assert report.worst is not None
    assert report.worst <= 4.0
    assert report.verdicts["pass"] >= 3 * report.verdicts.get("inconclusive", 0)


# ---- 2. accumulation ---------------------------------------------------------------------------------


def test_the_certificate_raises_no_alarm(Value: Any, thorough: bool) -> None:
    """On 10,000 random graphs (200 by default) each value, local gradient and sum is right, and none is left out."""
    rng = random.Random(2)
    for _ in range(10_000 if thorough else 200):
        expression = drawn(rng, smooth=rng.random() < 0.8)
        certificate = certify(expression.fn(*map(Value, expression.point)), strict=True)
        assert certificate.checked >= 2
        assert certificate.worst <= 4.0


def test_graphs_of_derivatives_are_certified(Value: Any, thorough: bool) -> None:
    """The graph of a gradient, with the records that occur only there, is certified as well."""
    rng = random.Random(22)
    compared: collections.Counter[str] = collections.Counter()
    for _ in range(1000 if thorough else 50):
        expression = drawn(rng)
        leaves = [Value(x) for x in expression.point]
        root = expression.fn(*leaves)
        for derivative in engine_of(root).gradients(root, leaves, create_graph=True):
            if not derivative.is_leaf:
                certify(derivative, strict=True)
                compared.update(n.op.name for n in engine_of(root).topological_order(derivative) if n.op)
    assert {"chain", "power_dx", "divide_dy"} <= set(compared)


# ---- 3. power ----------------------------------------------------------------------------------------


def test_every_planted_bug_is_found_and_nothing_else(Value: Any, mutants: dict[str, Any], thorough: bool) -> None:
    """A right gradient never fails, a wrong one never passes, and at most 0.1 % of either is inconclusive.

    A planted bug counts where it moves a gradient by more than 1e-7 of its scale.
    """
    rng = random.Random(3)
    right: collections.Counter[str] = collections.Counter()
    wrong: collections.Counter[str] = collections.Counter()
    caught: set[str] = set()
    for _ in range(5000 if thorough else 150):
        expression = drawn(rng)
        subject = Subject(expression.fn, expression.point, Value)
        for i, gradient in enumerate(subject.gradients):
            right[subject.verdict(i, gradient)] += 1
        for name, walk in mutants.items():
            found = dict(zip(subject.nodes, walk(subject.nodes[-1], subject.nodes), strict=True))
            for i, leaf in enumerate(subject.leaves):
                if abs(found[leaf] - subject.gradients[i]) > 1e-7 * subject.sizes[i]:
                    verdict = subject.verdict(i, found[leaf])
                    wrong[verdict] += 1
                    caught |= {name} if verdict == "fail" else set()
    assert right["fail"] == 0, right
    assert wrong["pass"] == wrong["kink"] == 0, wrong
    assert right["inconclusive"] + right["kink"] <= max(2, 1e-3 * right.total()), right
    assert wrong["inconclusive"] <= max(2, 1e-3 * wrong.total()), wrong
    assert caught == set(mutants)


# ---- 4. kinks ----------------------------------------------------------------------------------------

KINKED: dict[str, Any] = {
    "relu": lambda x, k: (x - k).relu(),
    "absolute": lambda x, k: abs(x - k) * x.exp(),
    "maximum": lambda x, k: ag.maximum(x.sin(), math.sin(k) + (x - k) * 2.0),
    "leaky": lambda x, k: (x - k).leaky_relu(0.2).exp() * x,
    "two": lambda x, k: (x - k).relu() * 3.0 + x.sin() * x - abs(x - k) * 0.1,
}


def test_near_a_kink_nothing_right_fails_and_nothing_outside_passes(Value: Any, thorough: bool) -> None:
    """At a kink and at a distance of 10**U(-16, -1): no false FAIL, and no PASS outside of the subdifferential."""
    rng = random.Random(4)
    verdicts: collections.Counter[str] = collections.Counter()
    for _ in range(4000 if thorough else 80):
        name = rng.choice(list(KINKED))
        k = rng.choice((0.0, rng.uniform(-2, 2)))
        x = k + rng.choice((0.0, rng.choice((-1, 1)) * 10.0 ** rng.uniform(-16, -1)))

        def f(v: Any, name: str = name, k: float = k) -> Any:
            return KINKED[name](v, k)

        verdict = check_gradients(f, Value(x)).verdict
        verdicts[verdict] += 1
        subject = Subject(f, (x,), Value)
        sides = [Subject(f, (k + d,), Value).gradients[0] for d in (-1e-9, 1e-9)]
        low, high = min(*sides, *subject.gradients), max(*sides, *subject.gradients)
        width = max(high - low, 1e-3)
        for wrong in (low - width, high + width, low - 1e-4 * width - 1e-6, high + 1e-4 * width + 1e-6):
            assert subject.verdict(0, wrong) in ("fail", "inconclusive"), (name, k, x, wrong)
    assert verdicts["pass"] > verdicts.total() // 4
    assert verdicts["kink"] > verdicts.total() // 4


# ---- 5. properties -----------------------------------------------------------------------------------


def gradient(f: Any, point: tuple[float, ...], Value: Any) -> tuple[list[float], list[float]]:
    """The gradient of f, and the scale of each part."""
    leaves = [Value(x) for x in point]
    root = f(*leaves)
    nodes = engine_of(root).topological_order(root)
    sizes = scale(nodes)
    found = engine_of(root).gradients(root, leaves)
    return found, [sizes.get(leaf, 0.0) for leaf in leaves]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_forward_mode_equals_reverse_mode(Value: Any, expr: Expression) -> None:
    """Dual numbers and the walk back agree within the rounding of their sums."""
    found, sizes = gradient(expr.fn, expr.point, Value)
    nodes = 4 * len(ag.topological_order(expr.fn(*map(ag.Value, expr.point))))
    for i, (got, size) in enumerate(zip(found, sizes, strict=True)):
        unit = tuple(float(i == j) for j in range(len(found)))
        assert abs(ag.jvp(expr.fn, expr.point, unit)[1] - got) <= nodes * 2.0**-53 * size


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(expressions(max_inputs=1, max_ops=8), expressions(max_inputs=1, max_ops=8))
def test_linearity_and_the_product_rule(Value: Any, f: Expression, g: Expression) -> None:
    """grad(3f - 2g) is 3 grad f - 2 grad g, and grad(f*g) is g grad f + f grad g, within rounding."""
    point = f.point
    try:
        value_f, value_g = f.fn(*point), g.fn(*point)
        ((df,), (size_f,)), ((dg,), (size_g,)) = gradient(f.fn, point, Value), gradient(g.fn, point, Value)
    except (ArithmeticError, ValueError):  # the point of f may lie outside of the domain of g
        return
    if not all(map(math.isfinite, (value_f, value_g, size_f, size_g))):  # it may lie on the edge of it
        return
    (linear,), _ = gradient(lambda x: 3.0 * f.fn(x) - 2.0 * g.fn(x), point, Value)
    assert abs(linear - (3.0 * df - 2.0 * dg)) <= 1e-13 * (3.0 * size_f + 2.0 * size_g)
    (product,), _ = gradient(lambda x: f.fn(x) * g.fn(x), point, Value)
    assert abs(product - (df * value_g + value_f * dg)) <= 1e-13 * (size_f * abs(value_g) + abs(value_f) * size_g)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_a_power_of_two_passes_through_to_the_bit(Value: Any, expr: Expression) -> None:
    """grad(2**k * f) is 2**k * grad(f), bit by bit."""
    plain, sizes = gradient(expr.fn, expr.point, Value)
    for power in (-7, 9):
        scaled, _ = gradient(lambda *xs, p=power: expr.fn(*xs) * 2.0**p, expr.point, Value)
        for a, b, size in zip(scaled, plain, sizes, strict=True):
            if size == 0.0 or 1e-250 < abs(b):
                assert a == b * 2.0**power


# ---- 6. second order ---------------------------------------------------------------------------------


def test_the_hessian_is_symmetric_and_agrees_with_differences(Value: Any, thorough: bool) -> None:
    """The Hessian is symmetric to 1e-12 of its scale, and agrees with Richardson on the gradient to 1e-9 of it."""
    rng = random.Random(6)
    for _ in range(500 if thorough else 30):
        expression = drawn(rng)
        report = check_gradients(expression.fn, *map(Value, expression.point), order=2)
        rows = len(expression.point)
        second = report.checks[rows:]
        assert all(abs(c.got - c.expected) <= 1e-9 * max(c.scale, 1e-300) for c in second)
        for i in range(rows):
            for j in range(i):
                a, b = second[i * rows + j], second[j * rows + i]
                assert abs(a.got - b.got) <= 1e-12 * max(a.scale, b.scale)


# ---- 7. state ----------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(expressions())
def test_two_backward_passes_give_exactly_twice(Value: Any, expr: Expression) -> None:
    """The second backward pass adds the same gradients again, at every node, to the bit."""
    root = expr.fn(*map(Value, expr.point))
    nodes = engine_of(root).topological_order(root)
    root.backward()
    once = [node.grad for node in nodes]
    root.backward()
    assert [node.grad for node in nodes] == [2.0 * g for g in once]
    assert adjoints(root, nodes) == once
    assert [node.grad for node in nodes] == [2.0 * g for g in once]


def test_x_times_x(Value: Any) -> None:
    """x * x gives 2x, for one node that is a parent twice."""
    x = Value(1.7)
    (x * x).backward()
    assert x.grad == 3.4


# ---- 8. the strategy ---------------------------------------------------------------------------------


def shares(expr: Expression) -> bool:
    """Whether a computed node has two children, or one child twice."""
    root = expr.fn(*map(ag.Value, expr.point))
    uses = collections.Counter(parent for node in ag.topological_order(root) for parent in node.parents)
    return any(count > 1 and not node.is_leaf for node, count in uses.items())


def test_expressions_are_finite_and_share_nodes(thorough: bool) -> None:
    """No example is rejected, all are finite within the magnitude, half of them share a computed node.

    Hypothesis itself fails a strategy that is slow.
    """
    examples: list[Expression] = []
    count = 2000 if thorough else 300

    @seed(8)
    @settings(max_examples=count, phases=[Phase.generate], derandomize=False, database=None)
    @given(expressions())
    def collect(expr: Expression) -> None:
        examples.append(expr)

    collect()
    assert len(examples) == count
    assert all(math.isfinite(e.fn(*e.point)) and abs(e.fn(*e.point)) <= 260.0 for e in examples)
    assert sum(map(shares, examples)) >= 0.5 * count


def wrong(expr: Expression, walk: Any) -> bool:
    """Whether a faulty walk back gives a gradient that the certificate's exact sums refuse."""
    nodes = ag.topological_order(expr.fn(*map(ag.Value, expr.point)))
    pairs = zip(walk(nodes[-1], nodes), adjoints(nodes[-1], nodes), strict=True)
    return any(abs(a - b) > 1e-8 * max(abs(a), abs(b)) for a, b in pairs)


def test_every_planted_bug_is_found_by_the_strategy(mutants: dict[str, Any], thorough: bool) -> None:
    """Each bug is found in 1,000 examples from each of ten seeds; the median shrinks to 5 operations. Default: each fourth."""
    lengths = []
    for number in range(10 if thorough else 1):
        for name, walk in list(mutants.items())[:: 1 if thorough else 4]:
            try:
                smallest = find(
                    expressions(), lambda e, w=walk: wrong(e, w), random=random.Random(number),
                    settings=settings(max_examples=1000, database=None, derandomize=False, deadline=None),
                )  # fmt: skip
            except NoSuchExample:
                pytest.fail(f"{name} was not found from seed {number}")
            root = smallest.fn(*map(ag.Value, smallest.point))
            lengths.append(sum(not node.is_leaf for node in ag.topological_order(root)))
    assert sorted(lengths)[len(lengths) // 2] <= 5, lengths


def test_every_planted_bug_is_refused_by_both_checks(
    Value: Any, mutants: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put in the engine's place, each planted bug makes both check_gradients and certify raise on some of 100 graphs."""
    rng = random.Random(9)
    examples = [drawn(rng) for _ in range(100)]
    for name, walk in mutants.items():
        monkeypatch.setattr("autograd.testing.subjects.adjoints", walk)
        monkeypatch.setattr("autograd.testing.certificate.adjoints", walk)
        refused: collections.Counter[str] = collections.Counter()
        for expression in examples:
            leaves = [Value(x) for x in expression.point]
            for what, check in (
                ("check_gradients", lambda e=expression, v=leaves: check_gradients(e.fn, *v)),
                ("certify", lambda e=expression, v=leaves: certify(e.fn(*v))),
            ):
                try:
                    check()
                except GradientError:
                    refused[what] += 1
            if len(refused) == 2:
                break
        assert len(refused) == 2, (name, refused)


def test_fractions_hold_the_walk_to_its_bound(Value: Any) -> None:
    """Where all numbers are small whole ones, gradients are exact: they equal those in fractions."""
    rng = random.Random(10)
    for _ in range(100):
        steps = [
            (rng.choice(("add", "multiply", "subtract", "negative")), rng.randrange(4), rng.randrange(4)) for _ in range(5)
        ]
        expression = build([float(rng.randint(-2, 2)), float(rng.randint(-2, 2))], steps, max_magnitude=1e9)
        leaves = [Value(x) for x in expression.point]
        root = expression.fn(*leaves)
        root.backward()
        nodes = engine_of(root).topological_order(root)
        exact = dict.fromkeys(nodes, Fraction(0))
        exact[root] = Fraction(1)
        for node in reversed(nodes):
            for parent, local in zip(node.parents, node.local_gradients(), strict=True):
                exact[parent] += exact[node] * Fraction(local)
        assert all(Fraction(node.grad) == exact[node] for node in nodes)
