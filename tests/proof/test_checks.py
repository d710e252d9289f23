"""check_gradients: what it says of right and wrong gradients, and of functions that it can't check."""

from __future__ import annotations

import itertools
import math
import os
import re
import struct
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

import autograd as ag
from autograd.testing import GradientError, check_gradients, subjects
from autograd.testing.differences import Derivative, Estimate, differentiate, noise_of
from autograd.testing.graphs import as_python, at_a_kink
from autograd.testing.report import off_by, ulps_between
from autograd.testing.verdicts import verdict as verdict_on

# Many a test here asks what is inconclusive. That a warning says so has tests of its own.
pytestmark = pytest.mark.filterwarnings("ignore::autograd.testing.InconclusiveWarning")

RIGHT: dict[str, tuple[Any, float]] = {
    "square at 1e9": (lambda x: x**2, 1e9), "sine at 1e9": (lambda x: x.sin(), 1e9),
    "log at 1e-5": (lambda x: x.log(), 1e-5), "sqrt at 1e-5": (lambda x: x.sqrt(), 1e-5),
    "log at 1e-200": (lambda x: x.log(), 1e-200), "exp at 700": (lambda x: x.exp(), 700.0),
    "exp at -700": (lambda x: x.exp(), -700.0), "reciprocal at 1e-8": (lambda x: 1.0 / x, 1e-8),
    "a fast sine": (lambda x: (x * 30.0).sin(), 1e3), "small": (lambda x: x * 1e-300, 1.0),
    "large": (lambda x: x * 1e300, 1.0), "dead relu": (lambda x: x.relu() + 1.0, -2.0), "zero": (lambda x: x * x, 0.0),
    "odd power at 0": (lambda x: x**5, 0.0), "saturated": (lambda x: x.tanh(), 3.0),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(Value: Any, name: str) -> None:
    """Gradients that are right pass, also at the points where checkers with fixed tolerances fail them."""
    f, x = RIGHT[name]
    report = check_gradients(f, Value(x), strict=True)
    assert report.verdict == "pass"
    assert report.point == (x,)


@pytest.mark.parametrize("error", [9e-4, 1e-5, 2e-7])
@pytest.mark.parametrize("size", [1.0, 8e-6, 1e12])
def test_small_errors_are_found(error: float, size: float) -> None:
    """A gradient that is off by as little as 2e-7 is refused at every size."""
    with pytest.raises(GradientError, match="df/dx is wrong"):
        check_gradients(lambda x: size * math.sin(x), 0.7, gradients=[size * math.cos(0.7) * (1.0 + error)])
    assert check_gradients(lambda x: size * math.sin(x), 0.7, gradients=lambda x: size * math.cos(x)).verdict == "pass"


BAD_EXP = ag.primitive(math.exp, lambda z, x: z * (1.0 + 1e-6), name="bad_exp", domain=(-5, 5))


def test_a_failure_names_the_operation_and_is_short(Value: Any) -> None:
    """The message has at most ten lines: derivative, expected, got, distance, the guilty operation, and Python to paste."""
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x, y: BAD_EXP(x * y) + x, Value(1.5), Value(-0.5))
    text = str(caught.value)
    assert len(text.splitlines()) <= 10
    assert text.startswith("df/dx is wrong at f(1.5, -0.5)")
    assert text.splitlines()[0] == "df/dx is wrong at f(1.5, -0.5)"
    check = caught.value.report.checks[0]  # type: ignore[attr-defined]
    bounds = abs(check.got - check.expected) / check.error
    assert text.splitlines()[3] == f"  off by    {off_by(check.got, check.expected)}, {bounds:.3g} error bounds"
    assert bounds > 1e3
    assert "\n  culprit   local gradient of bad_exp(-0.75) to operand 0: expected " in text
    assert "check_gradients(lambda x, y: bad_exp((x * y)) + x, 1.5, -0.5)" in text
    assert "also      df/dy" in text
    assert [c.verdict for c in caught.value.report.checks] == ["fail", "fail"]  # type: ignore[attr-defined]


def test_the_operation_is_named_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without mpmath the guilty operation is found by differences of each operation alone."""
    monkeypatch.setattr("autograd.testing.certificate._reference", lambda: (_ for _ in ()).throw(ImportError("no mpmath")))
    with pytest.raises(GradientError, match=r"culprit   local gradient of bad_exp\(0\.75\) to operand 0: expected 2\.117"):
        check_gradients(lambda x: BAD_EXP(x).sin() * x, 0.75)


def test_kinks_are_reported_and_raise_when_asked(Value: Any) -> None:
    """relu and abs at 0 are kinks, neither right nor wrong; strict=True raises, and a gradient outside fails."""
    for f in (lambda x: x.relu(), abs, lambda x: ag.maximum(x, 2.0 * x)):
        assert check_gradients(f, Value(0.0)).verdict == "kink"
        with pytest.raises(GradientError, match=r"not proved right \(kink\)"):
            check_gradients(f, Value(0.0), strict=True)
    with pytest.raises(GradientError, match="limits from the two sides are -1 and 1"):
        check_gradients(abs, 0.0, gradients=[1.5])
    assert check_gradients(abs, 0.0, gradients=[0.5]).verdict == "kink"


def test_conventions_that_add_up_are_no_failure(Value: Any) -> None:
    """3 relu(x) - |x|/10 at 0: the engine's 0 is not the limit of either side, but what its documented conventions give."""
    report = check_gradients(lambda x: 3.0 * x.relu() - 0.1 * abs(x), Value(0.0))
    assert report.verdict == "kink"
    assert "conventions at kinks" in str(report)


def test_rough_functions_are_inconclusive() -> None:
    """Where rounding or roughness hides the answer, or there is nothing around, the verdict is inconclusive."""
    assert check_gradients(lambda x: 1e20 + x, 1.0).verdict == "inconclusive"
    assert check_gradients(lambda x: x.sqrt(), 0.0).verdict == "inconclusive"
    assert check_gradients(lambda x: abs(x) ** 1.5 * (1.0 / x).sin(), 1e-3, gradients=None).verdict in ("pass", "inconclusive")
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: 1e20 + x, 1.0, strict=True)
    lines = str(caught.value).splitlines()
    assert lines[0] == "df/dx is not proved right (inconclusive) at f(1.0)"
    assert lines[4] == "  note      the error bound is too wide to tell: f is noisy or rough here"
    assert lines[5] == "  paste     check_gradients(lambda x: 1e+20 + x, 1.0)"
    assert len(lines) == 6  # nothing is known to be guilty


def test_nan_is_no_gradient() -> None:
    """A nan where the derivative exists is refused."""
    with pytest.raises(GradientError, match="got       nan"):
        check_gradients(lambda x: x * x, 1.0, gradients=[math.nan])


def test_a_tolerance_may_be_given() -> None:
    """tolerance=1e-3 lets a gradient pass that is off by half of that, and no more."""
    assert check_gradients(math.sin, 0.0, gradients=[1.0005], tolerance=1e-3).verdict == "pass"
    with pytest.raises(GradientError):
        check_gradients(math.sin, 0.0, gradients=[1.005], tolerance=1e-3)


ROUGH: dict[str, tuple[Any, float, Any]] = {
    **{
        f"sine in single precision at {x}": (lambda x: single(math.sin(x)), x, [math.cos(x)])
        for x in (0.3, 0.7, 1.0, 2.0, -1.3, 10.0)
    },
    "a slope that cancels": (
        lambda x: (1 - math.cos(x)) / x**2, 1e-7, lambda x: math.sin(x) / x**2 - 2 * (1 - math.cos(x)) / x**3
    ),
}  # fmt: skip


def single(x: float) -> float:
    """A number rounded to 24 binary digits, as single precision has."""
    return float(struct.unpack("f", struct.pack("f", x))[0])


@pytest.mark.parametrize("name", ROUGH)
def test_rounding_is_no_mistake(name: str) -> None:
    """Values that are rounded, because of single precision or because terms cancel, are neither a kink nor a failure."""
    f, x, gradients = ROUGH[name]
    assert check_gradients(f, x, gradients=gradients).verdict == "inconclusive"
    if isinstance(gradients, list):
        own = ag.primitive(f, lambda z, x: gradients[0] + 0.0 * x, name="own")
        assert check_gradients(own, x).verdict == "inconclusive"


@pytest.mark.parametrize("x", [1e-7, 1e-6, 1e-5, 3e-5, 1e-4])
def test_rounding_of_the_gradient_itself_is_no_mistake(Value: Any, x: float) -> None:
    """Where the engine's gradient loses its digits by cancellation it is not called wrong; a mistake beside that is."""
    check = check_gradients(lambda x: (1.0 - x.cos()) / x**2, Value(x)).checks[0]
    assert check.verdict == "inconclusive"
    assert re.fullmatch(r"the gradient's own rounding may be \S+ here: terms of it cancel", check.note)
    exact = float(mpmath.diff(lambda x: (1 - mpmath.cos(x)) / x**2, mpmath.mpf(x)))
    assert abs(check.expected - exact) <= check.error
    with pytest.raises(GradientError, match="culprit   local gradient of bad_exp"):
        check_gradients(lambda x: (1.0 - x.cos()) / x**2 * 1e-9 + BAD_EXP(x), Value(1e-5))


def test_rounding_of_a_gradient_for_floats_only_is_seen(Value: Any) -> None:
    """Where partials take floats only, or the gradient is a function that was given, its scatter shows how it is rounded."""
    cancelling = ag.primitive(
        lambda x: x * 1.0, lambda z, x: (1.0 + float(x) * 1e-9 - 1.0) * 1e9 / float(x), name="cancelling", domain=(1, 2)
    )
    with pytest.raises(TypeError):
        ag.gradients(cancelling(v := ag.Value(1.3)), v, create_graph=True)
    check = check_gradients(cancelling, Value(1.3)).checks[0]
    assert check.verdict == "inconclusive"
    assert "the gradient's own rounding may be" in check.note
    given = check_gradients(lambda x: x, 1.3, gradients=lambda x: (1.0 + x * 1e-9 - 1.0) * 1e9 / x).checks[0]
    assert given.verdict == "inconclusive"
    assert "the gradient's own rounding may be" in given.note
    with pytest.raises(GradientError):
        check_gradients(lambda x: x, 1.3, gradients=[(1.0 + 1.3e-9 - 1.0) * 1e9 / 1.3])


class Pair(NamedTuple):
    """Two inputs in one."""

    left: Any
    right: Any


def test_inputs_in_lists_and_dicts(Value: Any) -> None:
    """Inputs may be lists, tuples and dicts, nested; f gets them in their kinds, and each derivative names its place."""
    seen: list[Any] = []

    def f(w: Any, p: Any, t: Any) -> Any:
        seen.extend((w, p, t))
        return w[0] * w[1][0] + p["a"] * p["b"] + t.left * t.right**2

    inputs = [Value(2.0), (3.0,)], OrderedDict(a=4.0, b=5), Pair(6.0, 7.0)
    report = check_gradients(f, *inputs, strict=True)
    assert [c.name for c in report.checks] == [f"df/d{n}" for n in ("w[0]", "w[1][0]", "p['a']", "p['b']", "t.left", "t.right")]
    assert [c.got for c in report.checks] == [3.0, 2.0, 5.0, 4.0, 49.0, 84.0]
    assert report.point == (2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert type(seen[0][0]) is Value
    assert [type(x) for x in seen[:3]] == [list, OrderedDict, Pair]
    assert [type(x) for x in inputs[0]] == [Value, tuple]  # as they were
    second = check_gradients(lambda v: v[0] * v[1] ** 2, [Value(2.0), 3.0], order=2).checks
    assert [c.name for c in second[2:]] == [f"d2f/dv[{i}]/dv[{j}]" for i in (0, 1) for j in (0, 1)]
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda v: BAD_EXP(v[0] * v[1]), [1.5, -0.5])
    assert str(caught.value).startswith("df/dv[0] is wrong at f([1.5, -0.5])")
    assert "check_gradients(lambda x0, x1: bad_exp((x0 * x1)), 1.5, -0.5)" in str(caught.value)


def test_gradients_in_lists_and_dicts() -> None:
    """Gradients that are given have the shapes of the inputs; dicts are matched by key."""

    def f(v: Any, d: Any) -> float:
        return float(v[0] * v[1] + d["a"] * d["b"] ** 2)

    point = [2.0, 3.0], {"a": 5.0, "b": 7.0}
    for given in ([[3.0, 2.0], {"b": 70.0, "a": 49.0}], lambda v, d: (v[::-1], {"b": 2 * d["a"] * d["b"], "a": d["b"] ** 2})):
        assert check_gradients(f, *point, gradients=given, strict=True).verdict == "pass"
    for one in ([3.0, 2.0], [[3.0, 2.0]], lambda v: [v[1], v[0]]):
        assert check_gradients(lambda v: v[0] * v[1], [2.0, 3.0], gradients=one, strict=True).verdict == "pass"
    assert check_gradients(lambda d: d["a"] ** 2, {"a": 3.0}, gradients={"a": 6.0}, strict=True).verdict == "pass"
    assert check_gradients(lambda x: x * x, 3.0, gradients=6.0, strict=True).verdict == "pass"
    with pytest.raises(ValueError, match="gradients holds 3 numbers, and there are 4 inputs"):
        check_gradients(f, *point, gradients=[[3.0, 2.0], {"a": 49.0}])


def test_inputs_in_arrays(Value: Any) -> None:
    """An array of floats or Values comes to f as one of Values of its shape, and of floats where gradients are given."""
    kinds = []

    def f(a: Any) -> Any:
        kinds.append((type(a), a.shape, a.dtype))
        return (a * a).sum()

    for array in (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[Value(1.0), Value(2.0)], [3.0, 4.0]], dtype=object)):
        report = check_gradients(f, array, strict=True)
        assert [c.got for c in report.checks] == [2.0, 4.0, 6.0, 8.0]
        assert report.checks[2].name == "df/da[1][0]"
    assert set(kinds) == {(np.ndarray, (2, 2), np.dtype(object))}
    kinds.clear()
    assert check_gradients(f, np.array([1.0, 2.0]), gradients=lambda a: 2.0 * a, strict=True).verdict == "pass"
    assert set(kinds) == {(np.ndarray, (2,), np.dtype(float))}
    zero = np.empty((), dtype=object)
    zero[()] = Value(3.0)
    assert check_gradients(lambda x: x * x, zero).checks[0].got == 6.0


def test_second_derivatives(Value: Any) -> None:
    """order=2 checks the Hessian: each row, mixed derivatives too; a wrong derivative of a partial is found."""
    report = check_gradients(lambda x, y: x.exp() * y.sin() + x * y, Value(0.3), Value(0.4), order=2)
    assert report.verdict == "pass"
    assert [c.name for c in report.checks] == ["df/dx", "df/dy", "d2f/dx/dx", "d2f/dx/dy", "d2f/dy/dx", "d2f/dy/dy"]
    flat = ag.primitive(
        lambda x: x**3, lambda z, x: 3.0 * ag.Value(x.data) ** 2.0 if hasattr(x, "data") else 3.0 * x * x, name="flat"
    )
    assert check_gradients(lambda x: flat(x) * x, 1.5).verdict == "pass"
    with pytest.raises(GradientError, match="d2f/dx/dx is wrong"):
        check_gradients(lambda x: flat(x) * x, 1.5, order=2)


def test_an_input_that_is_ignored(Value: Any) -> None:
    """An ignored input passes with a note and raises in strict mode; one that was unwrapped on the way fails."""
    report = check_gradients(lambda x, y: x * 2.0, Value(1.0), Value(3.0))
    assert report.verdict == "pass"
    assert report.checks[1].note == "f ignores this input"
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x, y: x * 2.0, Value(1.0), Value(3.0), strict=True)
    assert str(caught.value).startswith("df/dy is not proved right (note) at f(1.0, 3.0)\n  expected  0.0 +- ")
    assert "\n  note      f ignores this input\n" in str(caught.value)
    with pytest.raises(GradientError, match=r"takes its number out, with \.data"):
        check_gradients(lambda x, y: x * y.data, Value(1.0), Value(3.0))
    assert check_gradients(lambda x, y: x * 2.0, 1.0, 3.0, gradients=[2.0, 0.0]).checks[1].note == "f ignores this input"


def _mutating(x: Any) -> Any:
    x.data = x.data + 1.0
    return x * x


def _counting() -> Any:
    counter = itertools.count()
    return lambda x: x * float(next(counter))


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "no function": (lambda: check_gradients(3.0, 1.0), TypeError, "takes a function, got float"),
    "no inputs": (lambda: check_gradients(lambda: 1.0), TypeError, "takes the inputs after the function"),
    "order 3": (lambda: check_gradients(abs, 1.0, order=3), ValueError, "order is 1 or 2, got 3"),
    "order 2 of given": (
        lambda: check_gradients(abs, 1.0, order=2, gradients=[1.0]),
        ValueError,
        "^order=2 needs the engine's own graph; to check second derivatives of yours let f be one of your gradients$",
    ),
    "tolerance": (lambda: check_gradients(abs, 1.0, tolerance=-1.0), ValueError, "at least 0 or None, got -1.0"),
    "an empty list": (lambda: check_gradients(ag.sum, []), TypeError, r"found no number in its inputs, got \(\[\],\)"),
    "a string in a list": (lambda: check_gradients(ag.sum, [1.0, "2"]), TypeError, "convert the text first"),
    "a string": (lambda: check_gradients(abs, "1"), TypeError, "convert the text first"),
    "nan in": (lambda: check_gradients(abs, math.nan), ValueError, "finite inputs, got nan"),
    "no Value": (lambda: check_gradients(lambda x: x.data, 1.0), TypeError, "returned float 1.0, not a Value"),
    "None": (lambda: check_gradients(lambda x: None, 1.0), TypeError, "returned NoneType None, not a Value"),
    "nan out": (lambda: check_gradients(lambda x: x * math.nan, 1.0), ValueError, r"f\(1.0\) is nan; check gradients where"),
    "inf out": (lambda: check_gradients(lambda x: x * math.inf, 1.0, gradients=[1.0]), ValueError, "is inf; check"),
    "mutates": (lambda: check_gradients(_mutating, 1.0), ValueError, "changed its input x from 1.0 to 2.0"),
    "random": (lambda: check_gradients(_counting(), 1.0), ValueError, "is not the same twice: f draws random numbers"),
    "random floats": (lambda: check_gradients(_counting(), 1.0, gradients=[1.0]), ValueError, "is not the same twice"),
    "too few": (lambda: check_gradients(math.hypot, 1.0, 2.0, gradients=[1.0]), ValueError, "holds 1 numbers, and there are 2"),
    "no float": (lambda: check_gradients(lambda x: "a", 1.0, gradients=[1.0]), TypeError, "returned str 'a'; with gradients="),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_has_a_message_of_its_own(name: str) -> None:
    """Each kind of bad input raises what it should, with a message that says what was received."""
    act, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        act()


def test_what_f_raises_comes_through_with_a_note() -> None:
    """An error inside of f at the point keeps its type, and a note says how f was called; further away it is not an error."""
    with pytest.raises(ValueError, match="cannot compute") as caught:
        check_gradients(lambda x: x.log(), -1.0)
    assert caught.value.__notes__ == ["check_gradients called f(-1.0) with Values; f must work there"]
    with pytest.raises(ZeroDivisionError) as caught_floats:
        check_gradients(lambda x: 1.0 / x, 0.0, gradients=[1.0])
    assert "with floats" in caught_floats.value.__notes__[0]
    assert check_gradients(lambda x: (x - 1.0).sqrt() * (1.5 - x).sqrt(), 1.1).verdict == "pass"


def test_gradients_of_what_f_closes_over_stay(Value: Any) -> None:
    """Weights that the function uses keep their gradients and do not appear among the inputs."""
    weight = Value(2.0)
    (weight * 3.0).backward()
    assert check_gradients(lambda x: x * weight, Value(1.0)).verdict == "pass"
    assert weight.grad == 3.0


def test_words() -> None:
    """Reports, distances and graphs read well."""
    assert str(check_gradients(lambda x: x * 3.0, 1.0)).startswith("df/dx: pass, got 3.0, expected 3.0 +- ")
    assert ulps_between(math.inf, 1.0) == math.inf
    assert ulps_between(2.0, 2.0) == 0.0
    assert off_by(1.5, 1.0) == "0.5, 2.25e+15 ulps"
    assert noise_of(lambda x: None, 1.0) == 0.0
    assert noise_of(lambda x: float(f"{math.sin(x):.6f}"), 1.0) >= 0.0
    x = ag.Value(2.0)
    y = ag.dot([x, -x], [ag.Value(-1.0), 3.0]) + ag.softmax([x, 1.0])[1] - ag.max([x, 0.5])
    text = as_python(ag.topological_order(y), [x], ["x"])
    assert eval(text, vars(ag).copy())(x).data == y.data
    assert as_python(ag.topological_order(y), [x], ["x"], longest=2) == "a graph of 8 nodes"
    assert as_python([ag.Value(-2.0)], [], []) == "lambda: -2.0"


def test_verdicts_at_the_edge_of_knowing() -> None:
    """Off by 3e-11 is inconclusive, so is a function whose noise has no bound; given derivatives work near a domain's end."""
    slightly = check_gradients(math.sin, 0.7, gradients=[math.cos(0.7) * (1.0 + 3e-11)])
    assert slightly.checks[0].note == "just outside the error bound"
    assert check_gradients(lambda x: (x * 1e200 - 1e200) * 1e150, 1.0).checks[0].error == math.inf
    assert check_gradients(math.log, 0.1, gradients=[10.0]).verdict == "pass"
    assert check_gradients(lambda x: x * 1e308, 1.5, gradients=[1e308]).verdict in ("pass", "inconclusive")


def test_where_kinks_are(Value: Any) -> None:
    """clamp, hypot, relu and max know their kinks; an operation that has none is never at one."""
    for node in (Value(1.0).clamp(0.0, 1.0), ag.hypot(Value(0.0), 0.0), Value(0.0).relu(), ag.max([Value(1.0), 1.0])):
        assert at_a_kink([node.parents[0], node])
    for node in (Value(0.5).clamp(0.0, 1.0), Value(0.0).exp(), ag.max([Value(1.0), 2.0])):
        assert not at_a_kink([node.parents[0], node])


def test_differences_that_fail_prove_nothing() -> None:
    """Slow convergence, differences that overflow and a point at the domain's end are inconclusive, never a failure."""
    slow = check_gradients(lambda x: max(x, 0.0) ** 1.5, 0.0, gradients=[5.0])
    assert slow.checks[0].note == "the differences do not converge: f is rough here"
    assert check_gradients(lambda x: 1e308 * math.sin(x * 1e24), 0.0, gradients=[1e300]).verdict == "inconclusive"
    assert check_gradients(math.sqrt, 0.0, gradients=[1.0]).verdict == "inconclusive"
    assert check_gradients(lambda x: 1e20 + x, 1.0, gradients=[1e9]).verdict == "inconclusive"
    assert differentiate(lambda x: (math.copysign(1e308, x), 0.0), 0.0).central.error == math.inf


def test_pytest_shows_a_failure_in_ten_lines(tmp_path: Path) -> None:
    """A failing check in a user's test prints at most ten lines of message and shows no line of ours."""
    (tmp_path / "test_theirs.py").write_text(
        "from autograd import primitive\n"
        "from autograd.testing import check_gradients\n"
        "def test_it():\n"
        "    bad = primitive(lambda x: x * x, lambda z, x: 2.001 * x, name='bad')\n"
        "    check_gradients(lambda x, y: bad(x * y), 0.5, 2.0)\n",
        encoding="utf-8",
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path(ag.__file__).parents[1])},
    )  # fmt: skip
    assert run.returncode == 1
    shown = [line for line in run.stdout.splitlines() if line.startswith("E  ")]
    assert 4 <= len(shown) <= 10
    assert "culprit   local gradient of bad(1.0) to operand 0" in run.stdout
    assert "checks.py" not in run.stdout


def verdict(got: float, **changed: Any) -> tuple[str, str]:
    """What is said of a gradient where differences say 1 +- 1e-12 from both sides and from each, but for what is changed."""
    size, tolerance = changed.pop("size", 1.0), changed.pop("tolerance", None)
    sharp = Estimate(1.0, 1e-12, 1e-3)
    named = {"central": sharp, "right": sharp, "left": sharp, "contradicted": False, "constant": False} | changed
    return verdict_on(got, size, Derivative(**named), tolerance)


FINER = "a finer scale says something else: f has structure too fine for differences"
WIDE = "the error bound is too wide to tell: f is noisy or rough here"
UNSETTLED = "the differences from one side do not settle: f is rough here"
COARSER = "a coarser scale says something else: f has steps, or its rounding shows"


def test_verdicts_one_by_one() -> None:
    """Each verdict follows from the estimates as the table says, at both sides of each bound, with its reason."""

    def around(error: float, value: float = 1.0, **more: Any) -> Estimate:
        return Estimate(value, error, more.pop("step", 1e-3), **more)

    # pass: within an error that is at most a millionth of the scale, and settled on both sides
    assert verdict(1.0 + 0.9e-12) == ("pass", "")
    assert verdict(1.0, central=around(1e-6)) == ("pass", "")
    assert verdict(1.0, central=around(1.1e-6)) == ("inconclusive", WIDE)
    assert verdict(1.0, central=around(1.1e-6), size=2.0) == ("pass", "")
    assert verdict(1.0, central=around(0.9e-6), size=math.inf) == ("pass", "")
    assert verdict(1.0, unsettled=1e-3) == ("pass", "")
    assert verdict(1.0, unsettled=1.1e-3) == ("inconclusive", UNSETTLED)
    assert verdict(1.0, contradicted=True) == ("inconclusive", FINER)
    assert verdict(1.0, contradicted=True, central=around(1e-5)) == ("inconclusive", WIDE)
    assert verdict(0.0, central=around(1.0, 0.0), constant=True) == ("pass", "")
    assert verdict(0.1, central=around(1.0, 0.0), constant=True) == ("inconclusive", WIDE)
    # a tolerance that was asked for
    assert verdict(1.01, tolerance=0.02) == ("pass", "")
    assert verdict(1.01, tolerance=0.002) == ("fail", "")
    assert verdict(1.01, tolerance=0.002, size=10.0) == ("pass", "")
    assert verdict(1.0 + 5e-6, tolerance=0.0, central=around(1e-5)) == ("pass", "")
    assert verdict(1.0, tolerance=0.0) == ("pass", "")
    # fail, and what stands in its way
    assert verdict(2.0) == ("fail", "")
    assert verdict(math.nan) == ("fail", "")
    assert verdict(2.0, central=Estimate(-1e308, math.inf, 1e-3)) == ("inconclusive", WIDE)
    assert verdict(2.0, central=around(math.inf, math.nan))[1].startswith("f has no values around this point")
    assert verdict(math.nan, central=around(math.inf)) == ("inconclusive", "f has no values around this point to compare with")
    assert verdict(2.0, contradicted=True) == ("inconclusive", FINER)
    assert verdict(2.0, coarser=(around(1e-3, 2.0),)) == ("inconclusive", COARSER)
    assert verdict(2.0, coarser=(around(1e-3, 3.0),)) == ("fail", "")
    assert verdict(2.0, doubt=1.0) == ("inconclusive", COARSER)
    assert verdict(2.0, doubt=0.99) == ("fail", "")
    assert verdict(2.0, unsettled=1.0) == ("inconclusive", UNSETTLED)
    assert verdict(2.0, unsettled=0.99) == ("fail", "")
    assert verdict(1.0005, unsettled=9e-4) == ("fail", "")
    assert verdict(2.0, central=around(1e-12, converged=False))[1] == "the differences do not converge: f is rough here"
    for off, size in ((1.9e-12, 1e-3), (0.9e-10, 1.0)):
        assert verdict(1.0 + off, size=size) == ("inconclusive", "just outside the error bound")
    assert verdict(1.0 + 2.1e-12, size=1e-3) == ("fail", "")
    assert verdict(1.0 + 1.1e-10) == ("fail", "")
    assert verdict(0.5, central=around(1.1e-3)) == ("inconclusive", WIDE)
    assert verdict(0.5, central=around(0.9e-3)) == ("fail", "")
    assert verdict(2.0, central=around(1.9e-3)) == ("fail", "")
    assert verdict(0.5, central=around(1.9e-3), size=2.0) == ("fail", "")


def test_verdicts_at_kinks_one_by_one() -> None:
    """Limits that differ make a kink for what lies between, a failure for what does not, neither if a finer scale differs."""
    apart = {"right": Estimate(2.0, 1e-9, 1e-3), "left": Estimate(1.0, 1e-9, 1e-3), "central": Estimate(1.5, 1e-12, 1e-3)}
    limits = "the limits from the two sides are 1 and 2"
    for got in (1.0 - 0.9e-9, 1.5, 2.0 + 0.9e-9):
        assert verdict(got, **apart) == ("kink", limits)
    for got in (1.0 - 1.1e-9, 2.0 + 1.1e-9, math.nan):
        assert verdict(got, **apart) == ("fail", limits)
    mirrored = apart | {"right": apart["left"], "left": apart["right"]}
    assert verdict(1.2, **mirrored) == ("kink", "the limits from the two sides are 2 and 1")
    for name in ("contradicted", "sides_contradicted"):
        assert verdict(1.5, **apart, **{name: True}) == ("inconclusive", f"{limits}, and a finer scale says something else")
        assert verdict(9.0, **apart, **{name: True})[0] == "inconclusive"
    near = {"right": Estimate(1.0 + 2e-9, 1e-12, 1e-3), "left": Estimate(1.0, 1e-12, 1e-3)}
    assert verdict(1.0, **near) == ("pass", "")  # what passes is not called a kink for less than a millionth
    assert verdict(1.0 + 1e-9, **near)[0] == "kink"
    wide = {"right": Estimate(1.0 + 2e-6, 1e-12, 1e-3), "left": Estimate(1.0, 1e-12, 1e-3)}
    assert verdict(1.0, **wide)[0] == "kink"
    narrow = {"right": Estimate(1.0 + 1.2e-6, 1e-12, 1e-3), "left": Estimate(1.0, 1e-12, 1e-3)}
    assert verdict(1.0, **narrow)[0] == "kink"
    assert verdict(1.0, **(narrow | {"right": Estimate(1.0 + 0.9e-6, 1e-12, 1e-3)})) == ("pass", "")
    closer = wide | {"central": Estimate(1.0, 1e-12, 0.9e-4)}
    assert verdict(1.0, **closer) == ("pass", "")
    for side in ("right", "left"):
        one = {"right": Estimate(1.0 + 2e-6, 1e-12, 1e-5), "left": Estimate(1.0, 1e-12, 1e-5)}
        one[side] = Estimate(one[side].value, 1e-12, 1e-3)
        assert verdict(1.0, **one, central=Estimate(1.0, 1e-12, 0.9e-4)) == ("pass", "")
    assert verdict(1.0, **wide, central=Estimate(1.0, 1e-12, 1.1e-4))[0] == "kink"


def test_before_a_failure_every_scale_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient is called wrong only after differences over every scale; one that passes needs the first ones only."""
    asked: list[bool] = []
    monkeypatch.setattr(subjects, "differentiate", lambda f, x, whole: asked.append(whole) or differentiate(f, x, whole))
    check_gradients(math.sin, 0.7, gradients=[math.cos(0.7)])
    assert asked == [False]
    with pytest.raises(GradientError):
        check_gradients(math.sin, 0.7, gradients=[1.0])
    assert asked == [False, False, True]


def test_the_noise_of_given_functions_grows_with_their_values() -> None:
    """The noise found at the point is that of all values up to the one there, and in proportion for larger ones."""
    plain = subjects.Given(subjects.Function(math.exp, (0.0,)), (0.0,), ["x"], [1.0])
    assert plain.sample((5.0,), 0) == [(math.exp(5.0), plain.noises[0][0] * math.exp(5.0))]
    assert plain.sample((-5.0,), 0) == [(math.exp(-5.0), plain.noises[0][0])]
    zero = subjects.Given(subjects.Function(math.sin, (0.0,)), (0.0,), ["x"], [1.0])
    aside = math.sin(subjects.ASIDE)  # where the value is zero, those a step aside tell in proportion to what
    assert zero.sample((1.0,), 0) == [(math.sin(1.0), zero.noises[0][0] * (math.sin(1.0) / aside))]


def test_the_message_names_what_else_is_wrong() -> None:
    """Up to six further derivatives are listed, then dots; the guilty operation is looked for where something failed."""
    for count, end in ((7, "df/dxs[6]"), (8, "df/dxs[6], ...")):
        with pytest.raises(GradientError) as caught:
            check_gradients(lambda xs: BAD_EXP(ag.sum(xs)), [0.1] * count)
        assert str(caught.value).splitlines()[-1] == f"  also      {', '.join(f'df/dxs[{i}]' for i in range(1, 6))}, {end}"
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: 1e20 + BAD_EXP(x), 1.0, strict=True)
    assert "culprit" not in str(caught.value)


def test_scatter_is_looked_for_near_the_end_of_a_domain(Value: Any) -> None:
    """Where the gradient has no value at some of the points at which its scatter is looked for, a wrong one is still wrong."""
    floats_only = ag.primitive(lambda x: math.sqrt(x - 1.0), lambda z, x: 0.6 / math.sqrt(float(x) - 1.0), name="floats_only")
    x = 1.0 + 1e-6
    with pytest.raises(GradientError, match="culprit   local gradient of floats_only"):
        check_gradients(floats_only, Value(x))
    with pytest.raises(GradientError, match="df/dx is wrong"):
        check_gradients(floats_only.function, x, gradients=lambda x: 0.6 / math.sqrt(x - 1.0))
