"""What programs that were not written for us expect of a number: NumPy, pytest, text, and the standard library."""

from __future__ import annotations

import bisect
import copy
import heapq
import json
import logging
import math
import numbers
import operator
import random
import statistics
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd as ag

# ---- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "wrap"),
    [("%.4f", None), ("%8.3e|", None), ("%g", None), ("%d", None), ("%i", None), (b"%.2f", None),
     ("%.1f and %d", lambda v: (v, v)), ("%(a).2f", lambda v: {"a": v})],
)  # fmt: skip
def test_the_percent_of_a_text(Value: Any, template: Any, wrap: Any) -> None:
    """`"%.4f" % v` is the text that it is of the plain number, also of a tuple, a dict and bytes, and by %=."""
    v = Value(-3.14159)
    wrap = wrap or (lambda x: x)
    expected = template % wrap(-3.14159)
    assert template % wrap(v) == expected
    template %= wrap(v)
    assert template == expected


def test_text_that_is_made_elsewhere(Value: Any, caplog: pytest.LogCaptureFixture) -> None:
    """logging, format() and f-strings format a Value; the % of an object of one's own that asks for a float is refused."""
    v = Value(0.123456)
    with caplog.at_level(logging.INFO):
        logging.getLogger("loss").info("loss %.3f at %d", v, 3)
    assert caplog.messages == ["loss 0.123 at 3"]
    assert format(v, ".2f") == f"{v:.2f}" == "0.12"

    class Mine:
        def __mod__(self, other: Any) -> float:
            return float(other)

    with pytest.raises(TypeError, match="would drop the gradient"):
        Mine() % v


@pytest.mark.parametrize(
    "left", [5.0, 5, True, np.float64(5), np.float32(5), np.int64(5), Decimal(5), Fraction(5), np.array([5.0, 6.0])],
    ids=lambda x: type(x).__name__,
)  # fmt: skip
def test_the_percent_of_a_number_keeps_the_gradient(Value: Any, left: Any) -> None:
    """The % of a number or an array, with a Value on its right, is a remainder with a gradient and no float."""
    v = Value(3.0)
    results = np.ravel(np.array(left % v, dtype=object))
    for y, x in zip(results, np.ravel(left), strict=True):
        assert isinstance(y, Value)
        assert y.data == float(x) % 3.0
        assert y.local_gradients() == (-float(float(x) // 3.0),)


@pytest.mark.parametrize(
    "convert", [float, int, math.exp, math.floor(2.5).__class__, operator.methodcaller("__float__"), "%.2f".__mod__,
                lambda v: math.isclose(v, 1.0), lambda v: math.fsum([v]), lambda v: [0.0].__setitem__(int(v), 1)],
)  # fmt: skip
def test_every_other_float_is_refused(Value: Any, convert: Any) -> None:
    """What asks for a float and isn't the % of a text is a TypeError that names v.data."""
    with pytest.raises(TypeError, match=r"v\.data"):
        convert(Value(1.0))


# ---- // and divmod ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "y"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (0.0, 3.0), (1.0, math.inf)])
def test_floor_division(Value: Any, x: float, y: float) -> None:
    """// is a plain float, and divmod that and the remainder, on either side and with numbers of any kind."""
    v, w = Value(x), Value(y)
    for got in (v // w, v // y, x // w, v // Decimal(y), operator.floordiv(Fraction(x), w)):
        assert type(got) is float
        assert got == x // y
    for quotient, rest in (divmod(v, w), divmod(v, y), divmod(x, w)):
        assert (type(quotient), quotient) == (float, x // y)
        assert isinstance(rest, Value)
        assert rest.data == x % y
    assert divmod(v, w)[1].parents == (v, w)


def test_floor_division_refuses(Value: Any) -> None:
    """A divisor of zero raises as floats do; text and None are left to Python."""
    v = Value(1.0)
    for call in (lambda: v // 0, lambda: 1 // Value(0.0), lambda: divmod(v, 0), lambda: divmod(1, Value(0.0))):
        with pytest.raises(ZeroDivisionError):
            call()
    for other in ("a", None, 1j):
        for name in ("__floordiv__", "__rfloordiv__", "__divmod__", "__rdivmod__"):
            assert getattr(v, name)(other) is NotImplemented
        with pytest.raises(TypeError, match="unsupported operand"):
            v // other


# ---- NumPy -----------------------------------------------------------------------------------------

POINTS = [0.3, -1.7, 2.5, 0.9]
UFUNCS = ["absolute", "fabs", "conjugate", "conj", "deg2rad", "radians", "rad2deg", "degrees", "positive", "negative", "exp",
          "tanh", "square", "cbrt"]  # fmt: skip


@pytest.mark.parametrize("name", UFUNCS)
def test_functions_of_one_array(Value: Any, name: str) -> None:
    """NumPy's function on an array of Values is what it is on floats, and its gradient is the derivative."""
    function = getattr(np, name)
    for x in POINTS:
        v = Value(x)
        alone, within = function(v), function(np.array([v], dtype=object))[0]
        for y in (alone, within):
            assert y.data == pytest.approx(float(function(x)), rel=1e-15)
            v.grad = None
            y.backward()
            slope = (float(function(x + 1e-6)) - float(function(x - 1e-6))) / 2e-6
            assert v.grad == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("name", ["rint", "floor", "ceil", "trunc"])
def test_functions_that_round(Value: Any, name: str) -> None:
    """What rounds gives plain floats, of a Value alone and in an array."""
    for x in [*POINTS, 2.5, -0.5]:
        expected = float(getattr(np, name)(x))
        for got in (getattr(np, name)(Value(x)), getattr(np, name)(np.array([Value(x)], dtype=object))[0]):
            assert (type(got), got) == (float, expected)
    assert list(np.round(np.array([Value(1.26), Value(2.5)], dtype=object))) == [1.0, 2.0]


@pytest.mark.parametrize("name", ["arctan2", "hypot", "fmod", "remainder", "floor_divide", "power", "maximum", "logaddexp"])
def test_functions_of_two(Value: Any, name: str) -> None:
    """NumPy's function of a Value and a float, in either order, or of two Values, is what it is on floats."""
    function = getattr(np, name)
    for x, y in [(2.0, 3.0), (7.5, 2.0), (1.0, 1.5)]:
        for got in (
            function(Value(x), Value(y)),
            function(x, Value(y)),
            function(Value(x), y),
            function(np.float64(x), Value(y)),
        ):
            assert getattr(got, "data", got) == pytest.approx(float(function(x, y)), rel=1e-15)
            assert isinstance(got, float if name == "floor_divide" else Value)
    if name in ("arctan2", "hypot", "fmod"):
        both = np.array([Value(7.5)], dtype=object), np.array([2.0])
        assert function(*both)[0].data == pytest.approx(float(function(7.5, 2.0)), rel=1e-15)


@pytest.mark.parametrize(
    ("x", "y"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (-7.5, -2.0), (0.5, 2.0), (0.0, 2.0), (-0.0, 2.0), (7.5, 0.7)]
)
def test_fmod(Value: Any, x: float, y: float) -> None:
    """v.fmod(y) is C's remainder, to the bit; its derivatives are 1 and minus the quotient without its fraction."""
    for divisor in (y, Value(y), Fraction(y)):
        v = Value(x)
        z = v.fmod(divisor)
        assert z.data.hex() == math.fmod(x, y).hex()
        z.backward()
        assert v.grad == 1.0
        if isinstance(divisor, Value):
            assert divisor.grad == -math.trunc(x / y)
    with pytest.raises(ZeroDivisionError):
        Value(x).fmod(0)
    with pytest.raises(TypeError):
        Value(x).fmod("a")


def test_variances(Value: Any) -> None:
    """np.var, np.std, np.mean and np.ptp of Values are those of the floats, and var's gradient is 2/n times the deviation."""
    xs = [Value(x) for x in POINTS]
    array = np.array(xs, dtype=object)
    for function in (np.mean, np.var, np.std, np.ptp):
        assert function(array).data == pytest.approx(float(function(np.array(POINTS))), rel=1e-14)
    np.var(xs).backward()
    for x in xs:
        assert x.grad == pytest.approx(2 / 4 * (x.data - np.mean(POINTS)), rel=1e-12)


def test_arrays_beside_a_value(Value: Any) -> None:
    """An array and a Value beside each other compute element by element, with options and methods of ufuncs too."""
    v = Value(2.0)
    row = np.array([1.0, 2.0, 3.0])
    for result in (row * v, v * row, np.multiply(row, v), np.multiply(v, row, dtype=object), np.multiply.outer(row, v)):
        assert [y.data for y in result] == [2.0, 4.0, 6.0]
        assert all(y.parents == (v,) for y in result)
    assert (np.float64(3.0) * v).parents == (v,)
    out = np.empty(3, dtype=object)
    assert np.add(row, v, out=out) is out
    assert [y.data for y in out] == [3.0, 4.0, 5.0]
    with pytest.raises(TypeError):
        np.isnan(v)


def test_other_names(Value: Any) -> None:
    """pow, abs, fabs, real, imag and conjugate are the power, the absolute value, and a real number's own parts."""
    v = Value(-2.0)
    assert v.pow(3).data == -8.0
    assert v.pow(3).op is ag.power
    assert v.abs().op is v.fabs().op is ag.absolute
    assert (v.real, v.conjugate(), v.imag) == (v, v, 0.0)
    assert v.real is v.conjugate() is v
    assert v.rint() == -2.0
    with pytest.raises(AttributeError):
        v.real = 1.0


# ---- pytest, and the standard library ----------------------------------------------------------------


def test_approx(Value: Any) -> None:
    """A Value beside pytest.approx(number) is compared with a tolerance, in lists and dicts too; approx(v) refuses."""
    v = Value(0.1) + 0.2
    assert v == pytest.approx(0.3)
    assert v != pytest.approx(0.31)
    assert [v, v] == pytest.approx([0.3, 0.3])
    assert {"a": v} == pytest.approx({"a": 0.3})
    assert v != 0.3
    with pytest.raises(TypeError, match=r"v\.data"):
        assert pytest.approx(v) == 0.3


def test_what_kind_of_number(Value: Any) -> None:
    """A Value is a Number and a Complex, as NumPy asks, and no Real, which would have a float()."""
    v = Value(0.5)
    assert isinstance(v, numbers.Number)
    assert isinstance(v, numbers.Complex)
    assert not isinstance(v, numbers.Real)
    assert np.isscalar(v)
    assert Fraction(1, 2) == v == Decimal("0.5")
    assert Fraction(1, 3) != v
    with pytest.raises(TypeError, match=r"v\.data"):
        Value(v)
    ag.jvp(lambda x: (isinstance(x, numbers.Complex), x * x)[1], (1.0,), (1.0,))


def test_the_standard_library(Value: Any) -> None:
    """Sorting, heaps, bisection, sums, random draws and copies take Values; json and statistics refuse them."""
    xs = [Value(x) for x in POINTS]
    assert [x.data for x in sorted(xs)] == sorted(POINTS)
    assert min(xs).data == min(POINTS)
    heap = list(xs)
    heapq.heapify(heap)
    assert heapq.heappop(heap).data == min(POINTS)
    assert bisect.bisect(sorted(xs), 0.5) == 2
    assert sum(xs).data == sum(POINTS)
    assert math.prod(xs).data == math.prod(POINTS)
    rng, twin = random.Random(0), random.Random(0)
    assert rng.uniform(Value(1.0), 2.0).data == twin.uniform(1.0, 2.0)
    assert copy.deepcopy({"w": xs})["w"][0].data == POINTS[0]
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"loss": xs[0]})
    for refused in (statistics.fmean, statistics.mean):
        with pytest.raises(TypeError):
            refused(xs)


# ---- messages --------------------------------------------------------------------------------------


def test_a_tensor_is_told_of_item(Value: Any) -> None:
    """Value(tensor) names item() and tolist(); another library's scalar with data and without item() names v.data."""
    tensor = SimpleNamespace(backward=None, data=None, item=None)
    with pytest.raises(TypeError, match=r"use t\.item\(\) for a tensor of one element, .*t\.tolist\(\)"):
        Value(tensor)
    with pytest.raises(TypeError, match=r"use v\.data for its number, or v\.detach\(\)"):
        Value(SimpleNamespace(backward=None, data=None))
    with pytest.raises(TypeError, match=r"use v\.data for its number, or v\.detach\(\)"):
        Value(Value(1.0))


def test_a_tensor_of_torch() -> None:
    """PyTorch's own tensor gets that message."""
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"use t\.item\(\)"):
        ag.Value(torch.tensor(1.0, requires_grad=True))


def test_softmax_speaks_of_its_operands(Value: Any) -> None:
    """softmax([]) speaks of no operands, and a component's description has its number behind the sequence."""
    with pytest.raises(ValueError, match=r"^cannot compute softmax\(\): there are no operands; give it at least one"):
        ag.softmax([])
    with pytest.raises(ValueError, match=r"^cannot compute softmax\(\): "):
        ag.softmax(Value(1.0) for _ in ())
    node = ag.softmax([Value(1.0, label="a"), 2.0])[1]
    assert node.op.describe(node.operands) == "softmax(a, 2.0)[1] where a = 1.0"


def test_covariances(Value: Any) -> None:
    """np.cov of Values with weights is that of the floats (without any, NumPy's own code fails for each array of objects)."""
    rows = [[1.0, 2.0, 4.0], [2.0, 1.0, 0.0]]
    found = np.cov([[Value(x) for x in row] for row in rows], aweights=np.ones(3))
    expected = np.cov(rows, aweights=np.ones(3))
    for got, x in zip(np.ravel(found), np.ravel(expected), strict=True):
        assert got.data == pytest.approx(float(x), rel=1e-14)


def test_an_attribute_that_a_value_has_no_place_for(Value: Any) -> None:
    """Setting an unknown attribute names it and the subclass to write, changes nothing, and a subclass takes it."""

    class W(Value):  # type: ignore[misc]
        """A class of the user's own."""

    class Slotted(Value):  # type: ignore[misc]
        __slots__ = ("note",)

    x = Value(2.0, label="x")
    for value in (x, x * x):
        with pytest.raises(AttributeError) as caught:
            value.name = "x"
        assert str(caught.value) == (
            "a Value has no attribute 'name' to set: it holds data, grad and label; "
            "for attributes of your own write `class W(Value): pass` and make them W(...)"
        )
        assert (caught.value.name, caught.value.obj) == ("name", value)
        assert not hasattr(value, "name")
    w, slotted = W(3.0), Slotted(4.0)
    w.name = slotted.note = "own"
    assert (w.name, vars(w), slotted.note) == ("own", {"name": "own"}, "own")
    with pytest.raises(AttributeError, match="a Slotted has no attribute 'name' to set"):
        slotted.name = "y"


def test_an_attribute_that_can_only_be_read(Value: Any) -> None:
    """The message of a property is kept: parents and op have no setter, data of a computed Value has its own message."""
    x = Value(2.0)
    for name in ("parents", "operands", "op", "is_leaf", "has_grad", "groups", "source"):
        with pytest.raises(AttributeError, match=f"property '{name}' of .* object has no setter"):
            setattr(x, name, 1)
    with pytest.raises(AttributeError, match="data of a computed Value can't be set"):
        (x * x).data = 1.0
    with pytest.raises(TypeError, match="data needs one real number"):
        x.data = "2"
    assert x.data == 2.0
