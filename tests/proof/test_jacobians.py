"""Derivatives of several outputs at once, given as matrices; and five programs of engineers, and no false alarm."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings, strategies as st

import autograd as ag
from autograd.testing import GradientError, check_gradients
from autograd.testing.trees import rows


def polar(p: Sequence[Any]) -> list[Any]:
    """From polar to Cartesian coordinates; on floats and Values."""
    return [p[0] * ag.cos(p[1]), p[0] * ag.sin(p[1])]


def polar_jacobian(p: Sequence[float]) -> list[list[float]]:
    """By hand: a row for each output, a column for each input."""
    return [[math.cos(p[1]), -p[0] * math.sin(p[1])], [math.sin(p[1]), p[0] * math.cos(p[1])]]


# ---- shapes --------------------------------------------------------------------------------------------

NAMES = ["df[0]/dp[0]", "df[0]/dp[1]", "df[1]/dp[0]", "df[1]/dp[1]"]


def test_a_matrix_is_compared_entry_by_entry() -> None:
    """Each entry has a verdict, under a name that gives its output and its input, row by row."""
    point = [2.0, 0.7]
    for gradients in (polar_jacobian(point), polar_jacobian, [polar_jacobian(point)], np.array(polar_jacobian(point))):
        report = check_gradients(polar, point, gradients=gradients, strict=True)
        assert [c.name for c in report.checks] == NAMES
        assert [c.got for c in report.checks] == [g for row in polar_jacobian(point) for g in row]
        assert report.verdict == "pass"
    wrong = polar_jacobian(point)
    wrong[1][0] *= 1.0 + 1e-6
    with pytest.raises(GradientError) as caught:
        check_gradients(polar, point, gradients=wrong)
    assert str(caught.value).startswith("df[1]/dp[0] is wrong at f([2.0, 0.7])\n")
    assert [c.verdict for c in caught.value.report.checks] == ["pass", "pass", "fail", "pass"]  # type: ignore[attr-defined]
    with pytest.raises(GradientError, match=r"(?s)df\[0\]/dp\[1\] is wrong.*also      df\[1\]/dp\[0\]"):
        check_gradients(polar, point, gradients=list(zip(*polar_jacobian(point), strict=True)))  # transposed


def test_arrays_in_and_out() -> None:
    """f takes and returns NumPy arrays of any shape; the matrix is an array of both shapes, one after the other."""
    matrix = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
    q = np.array([0.3, -0.4, 2.0])
    seen = []

    def f(q: Any) -> Any:
        seen.append((type(q), q.dtype))
        return matrix @ q

    report = check_gradients(f, q, gradients=matrix, strict=True)
    assert [c.got for c in report.checks] == matrix.ravel().tolist()
    assert report.checks[4].name == "df[1]/dq[1]"
    assert set(seen) == {(np.ndarray, np.dtype(float))}
    outer = check_gradients(
        lambda a: np.outer(a, a), q[:2], gradients=np.array([[[0.6, 0.0], [-0.4, 0.3]], [[-0.4, 0.3], [0.0, -0.8]]])
    )
    assert [c.name for c in outer.checks[:3]] == ["df[0][0]/da[0]", "df[0][0]/da[1]", "df[0][1]/da[0]"]
    assert outer.verdict == "pass"
    one = check_gradients(lambda x: np.array([x, x * x]), 3.0, gradients=np.array([1.0, 6.0]), strict=True)
    assert [c.name for c in one.checks] == ["df[0]/dx", "df[1]/dx"]
    assert check_gradients(lambda q: np.array([q[0] * q[1]]), q[:2], gradients=[[-0.4, 0.3]], strict=True).verdict == "pass"
    assert check_gradients(lambda q: np.float64(q[0] * q[1]), q[:2], gradients=[-0.4, 0.3], strict=True).verdict == "pass"


def test_several_inputs_and_containers() -> None:
    """Plain numbers share one matrix; lists and arrays have one each; outputs in dicts are matched by key."""
    both = check_gradients(lambda x, y: (x * y, x + y), 2.0, 3.0, gradients=[[3.0, 2.0], [1.0, 1.0]], strict=True)
    assert [c.name for c in both.checks] == ["df[0]/dx", "df[0]/dy", "df[1]/dx", "df[1]/dy"]
    each = check_gradients(
        lambda a, b: [a[0] * b, a[1] + b], [2.0, 3.0], 5.0, gradients=[[[5.0, 0.0], [0.0, 1.0]], [[2.0], [1.0]]], strict=True
    )
    assert [c.got for c in each.checks] == [5.0, 0.0, 2.0, 0.0, 1.0, 1.0]
    named = check_gradients(
        lambda x: {"sum": x + 1.0, "square": x * x}, 3.0, gradients={"square": 6.0, "sum": 1.0}, strict=True
    )
    assert [c.name for c in named.checks] == ["df['sum']/dx", "df['square']/dx"]


def test_several_outputs_of_the_engine(Value: Any) -> None:
    """A function of Values may return several in a list, a dict or an array; each entry of its Jacobian is checked."""
    report = check_gradients(polar, [Value(2.0), 0.7], strict=True, order=2)
    assert [c.name for c in report.checks[:4]] == NAMES
    assert [c.name for c in report.checks[4:8]] == [
        "d2f[0]/dp[0]/dp[0]", "d2f[0]/dp[0]/dp[1]", "d2f[1]/dp[0]/dp[0]", "d2f[1]/dp[0]/dp[1]",
    ]  # fmt: skip
    assert len(report.checks) == 12
    array = check_gradients(lambda v: np.array([v[0] * v[1], v[0] - v[1]], dtype=object), [Value(2.0), Value(3.0)], strict=True)
    assert [c.got for c in array.checks] == [3.0, 2.0, 1.0, -1.0]
    constant = check_gradients(lambda x, y: {"a": x * y, "b": 7.0, "c": y}, Value(2.0), Value(3.0), strict=True)
    assert [c.got for c in constant.checks] == [3.0, 2.0, 0.0, 0.0, 0.0, 1.0]
    assert [c.note for c in constant.checks] == [""] * 6  # another output uses each input
    with pytest.raises(GradientError, match=r"(?s)df\[1\]/dx is wrong.*takes its number out, with \.data"):
        check_gradients(lambda x: [x * x, x.data * 3.0], Value(2.0))
    bad = ag.primitive(lambda x: x * x, lambda z, x: 2.001 * x, name="bad")
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: [x * 2.0, bad(x)], Value(2.0))
    assert "culprit   local gradient of bad(2.0) to operand 0" in str(caught.value)
    assert "paste     check_gradients(lambda x: bad(x), 2.0)" in str(caught.value)
    with pytest.raises(TypeError, match=r"returned list \[4\.0, 6\.0\], not a Value"):
        check_gradients(lambda x: [x.data * 2.0, x.data * 3.0], Value(2.0))


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "rows": (lambda: check_gradients(polar, [2.0, 0.7], gradients=[[1.0, 2.0]] * 3), ValueError, "3 rows, and f returns 2"),
    "no rows": (lambda: check_gradients(polar, [2.0, 0.7], gradients=1.0), ValueError, "holds one number, and f returns 2"),
    "columns": (lambda: check_gradients(polar, [2.0, 0.7], gradients=[[1.0] * 3] * 2), ValueError, "3 numbers, and there"),
    "keys": (lambda: check_gradients(lambda x: {"a": x}, 1.0, gradients={"b": 1.0}), ValueError, r"'b'\] where f returns"),
    "parts": (
        lambda: check_gradients(lambda a, b: [a[0] * b, b], [1.0], 2.0, gradients=[[[2.0], [0.0]]]),
        ValueError, "holds 1 parts, and f takes 2 inputs",
    ),
    "no list": (
        lambda: check_gradients(lambda a, b: [a[0] * b, b], [1.0], 2.0, gradients=3.0), ValueError, "0 parts, and f takes 2"
    ),
    "nothing": (lambda: check_gradients(lambda x: [], 1.0, gradients=[1.0]), TypeError, r"returned list \[\]; with gradients="),
    "a Value": (lambda: check_gradients(lambda x: [ag.Value(x)], 1.0, gradients=[1.0]), TypeError, "returned list .Value"),
    "inf": (lambda: check_gradients(lambda x: [x, x * math.inf], 1.0, gradients=[1.0, 1.0]), ValueError, r"\)\[1\] is inf"),
    "nan": (lambda: check_gradients(lambda x: [x, x * math.nan], ag.Value(1.0)), ValueError, r"f\(1.0\)\[1\] is nan"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_matrices_that_do_not_fit_are_refused(name: str) -> None:
    """A shape other than outputs by inputs, and outputs that are not finite, are errors that say so."""
    act, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        act()


def test_another_number_of_outputs_is_no_value() -> None:
    """Where f returns more numbers than at the point, it has no value that could be compared."""
    with pytest.raises(ValueError, match="f returned 1 numbers at first, and 2 at f"):
        check_gradients(_growing(), 1.0, gradients=[[1.0]])
    check_gradients(lambda x: [x] if x > 0.0 else [x, x], 0.25, gradients=[[1.0]], strict=True)


def _growing() -> Callable[[float], list[float]]:
    calls: list[float] = []

    def f(x: float) -> list[float]:
        calls.append(x)
        return [x] * min(len(calls), 2)

    return f


def test_rows() -> None:
    """What is given is taken apart by the outputs first and then by the inputs, in every container."""
    assert rows(0.0, [1.0], 5.0, 1) == rows(0.0, [1.0], [5.0], 1) == [[5.0]]
    assert rows(0.0, [[1.0, 2.0]], [3.0, 4.0], 2) == rows(0.0, [[1.0, 2.0]], [[3.0, 4.0]], 2) == [[3.0, 4.0]]
    assert rows([0.0], [[1.0, 2.0]], [[3.0, 4.0]], 2) == [[3.0, 4.0]]
    assert rows({"a": 0.0, "b": [0.0]}, [1.0, 2.0], {"b": [[3.0, 4.0]], "a": (1.0, 2.0)}, 2) == [[1.0, 2.0], [3.0, 4.0]]
    assert rows((0.0, 0.0), [{"x": 1.0, "y": 2.0}], [{"y": 2.0, "x": 1.0}, {"y": 4.0, "x": 3.0}], 2) == [[1.0, 2.0], [3.0, 4.0]]


# ---- subnormal inputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [5e-324, -5e-324, 1e-310, 2.225073858507e-311, 2.2250738585072014e-308, -0.0])
def test_subnormal_inputs_are_handled(Value: Any, x: float) -> None:
    """The smallest numbers, which Hypothesis tries at once, are points as any other: right is a pass, wrong is refused."""
    for f, derivative in (
        (lambda v: v * v, 2.0 * x), (lambda v: ag.sin(v) + 1.0, 1.0), (lambda v: 3.0 * v, 3.0),
        (lambda v: ag.exp(v) * 2.0, 2.0), (lambda v: ag.hypot(v, 1.0), x),
    ):  # fmt: skip
        assert check_gradients(f, Value(x), strict=True).verdict == "pass"
        assert check_gradients(f, x, gradients=[derivative], strict=True).verdict == "pass"
        with pytest.raises(GradientError, match="is wrong"):
            check_gradients(f, x, gradients=[derivative + 1e-6])


# ---- five programs -------------------------------------------------------------------------------------


def huber(r: float) -> float:
    """Huber's loss, quadratic up to the joint at 1."""
    return 0.5 * r * r if abs(r) <= 1.0 else abs(r) - 0.5


def kepler(mean: float, e: float) -> float:
    """The eccentric anomaly, by Newton's method."""
    found = mean
    for _ in range(60):
        step = (found - e * math.sin(found) - mean) / (1.0 - e * math.cos(found))
        found -= step
        if abs(step) < 1e-16:
            break
    return found


def kepler_gradient(mean: float, e: float) -> list[float]:
    """By implicit differentiation of E - e sin E = M."""
    found = kepler(mean, e)
    return [1.0 / (1.0 - e * math.cos(found)), math.sin(found) / (1.0 - e * math.cos(found))]


# Denavit and Hartenberg's parameters of an arm with six joints: length, offset, twist.
ARM = [
    (0.0, 0.4, math.pi / 2),
    (0.5, 0.0, 0.0),
    (0.1, 0.0, math.pi / 2),
    (0.0, 0.45, -math.pi / 2),
    (0.0, 0.0, math.pi / 2),
    (0.0, 0.1, 0.0),
]


def frames(q: Any) -> list[Any]:
    """Where each joint is, and the hand at last."""
    found = [np.eye(4)]
    for (a, d, twist), angle in zip(ARM, q, strict=True):
        c, s, ca, sa = math.cos(angle), math.sin(angle), math.cos(twist), math.sin(twist)
        found.append(
            found[-1] @ np.array([[c, -s * ca, s * sa, a * c], [s, c * ca, -c * sa, a * s], [0, sa, ca, d], [0, 0, 0, 1]])
        )
    return found


def hand(q: Any) -> Any:
    """The position of the hand."""
    return frames(q)[-1][:3, 3]


def hand_jacobian(q: Any) -> Any:
    """The geometric Jacobian: each joint turns what lies beyond it about its axis."""
    *joints, last = frames(q)
    return np.array([np.cross(joint[:3, 2], last[:3, 3] - joint[:3, 3]) for joint in joints]).T


def softmax_loss(z: Sequence[float], label: int) -> float:
    """Cross-entropy of logits, as it is written everywhere."""
    top = max(z)
    return top + math.log(sum(math.exp(v - top) for v in z)) - z[label]


def softmax_gradient(z: Sequence[float], label: int) -> list[float]:
    """Softmax, less 1 at the label."""
    top = max(z)
    terms = [math.exp(v - top) for v in z]
    return [t / sum(terms) - (i == label) for i, t in enumerate(terms)]


MARK = (3.0, -2.0)


def seen_from(pose: Any) -> Any:
    """Distance and bearing of a mark from a pose: x, y and heading."""
    dx, dy = MARK[0] - pose[0], MARK[1] - pose[1]
    return np.array([math.hypot(dx, dy), math.atan2(dy, dx) - pose[2]])


def seen_jacobian(pose: Any) -> Any:
    """By hand."""
    dx, dy = MARK[0] - pose[0], MARK[1] - pose[1]
    square = dx * dx + dy * dy
    r = math.sqrt(square)
    return np.array([[-dx / r, -dy / r, 0.0], [dy / square, -dx / square, -1.0]])


ANGLE = st.floats(-math.pi, math.pi)
NEAR = st.one_of(st.just(0.0), st.floats(-1e-3, 1e-3), st.floats(-16.0, -1.0).map(lambda n: 10.0**n))
PROGRAMS: dict[str, tuple[Any, Any, Any, int]] = {
    "Huber at its joint": (
        st.tuples(st.tuples(st.sampled_from((-1.0, 1.0)), NEAR).map(lambda p: p[0] * (1.0 + p[1]))),
        huber, lambda r: [min(max(r, -1.0), 1.0)], 150,
    ),
    "Kepler's equation": (st.tuples(st.floats(0.0, 2.0 * math.pi), st.floats(0.0, 0.9)), kepler, kepler_gradient, 100),
    "an arm with six joints": (st.tuples(st.lists(ANGLE, min_size=6, max_size=6).map(np.array)), hand, hand_jacobian, 20),
    "softmax loss": (
        st.tuples(st.lists(st.floats(-30.0, 30.0), min_size=2, max_size=5)),
        lambda z: softmax_loss(z, 1), lambda z: [softmax_gradient(z, 1)], 50,
    ),
    "a pose by atan2": (
        st.tuples(st.tuples(st.floats(-2.0, 2.0), st.floats(-1.0, 5.0), ANGLE).map(np.array)), seen_from, seen_jacobian, 60
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::autograd.testing.InconclusiveWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_right_code_is_never_refused(name: str, thorough: bool) -> None:
    """In 1,000 examples (a part by default) no derivative by hand that is right fails, and at most 1 % is unknown."""
    points, f, derivative, count = PROGRAMS[name]
    verdicts: list[str] = []

    @seed(15)
    @settings(max_examples=1000 if thorough else count, suppress_health_check=list(HealthCheck))
    @given(points)
    def check(point: Any) -> None:
        verdicts.extend(c.verdict for c in check_gradients(f, *point, gradients=derivative(*point)).checks)

    check()
    assert set(verdicts) <= {"pass", "inconclusive"}
    assert verdicts.count("inconclusive") <= max(1, len(verdicts) // 100)


def test_a_saturated_loss_is_no_mistake() -> None:
    """A derivative of 4e-18 that f's values can't show passes with a note; one that they would show is refused."""
    z = [20.0, -20.0]
    report = check_gradients(lambda z: softmax_loss(z, 0), z, gradients=[softmax_gradient(z, 0)], strict=True)
    assert [c.verdict for c in report.checks] == ["pass", "pass"]
    assert 0.0 < report.checks[1].got < 1e-17
    assert report.checks[1].note.startswith("too small to be seen: numbers as large as the inputs are rounded by more")
    with pytest.raises(GradientError, match="is wrong"):
        check_gradients(lambda z: softmax_loss(z, 0), z, gradients=[0.0, 1e-9])


def test_wrong_code_is_refused() -> None:
    """Of the same programs, mistakes in the derivatives are found: signs, terms, indices, and one part in a million."""
    rng = random.Random(8)
    q = np.array([rng.uniform(-3, 3) for _ in range(6)])
    slightly = hand_jacobian(q)
    slightly[1, 2] *= 1.0 + 1e-6
    for f, point, gradients in (
        (huber, (1.5,), [1.5]),
        (kepler, (1.2, 0.4), [1.0 / (1.0 + 0.4 * math.cos(kepler(1.2, 0.4))), kepler_gradient(1.2, 0.4)[1]]),
        (hand, (q,), slightly),
        (hand, (q,), hand_jacobian(q)[::-1]),
        (lambda z: softmax_loss(z, 1), ([0.5, -1.0],), [softmax_gradient([0.5, -1.0], 0)]),
        (seen_from, (np.array([0.5, 1.0, 0.2]),), np.abs(seen_jacobian(np.array([0.5, 1.0, 0.2])))),
    ):
        with pytest.raises(GradientError, match="is wrong"):
            check_gradients(f, *point, gradients=gradients)
