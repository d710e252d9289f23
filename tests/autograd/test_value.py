"""The class: what goes in, what comes out, what is refused."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd as ag

REAL = [3, True, 2.5, Fraction(1, 2), Decimal("0.5"), np.float32(1.5), np.float64(2.5), np.int64(3), np.bool_(True)]
UNREAL = ["3", b"3", None, 3j, [1.0], (1.0,), {}, np.array([1.0]), np.array(1.0), np.complex128(1j), object()]


@pytest.mark.parametrize("x", REAL, ids=lambda x: type(x).__name__)
def test_anything_real_converts(Value: Any, x: Any) -> None:
    """Real numbers of every kind become floats, as data and as operands on both sides."""
    assert type(Value(x).data) is float
    assert Value(x).data == float(x)
    v = Value(2.0)
    for got, expected in (
                          (v + x, 2 + float(x)), (x + v, 2 + float(x)), (v - x, 2 - float(x)), (x - v, float(x) - 2),
                          (v * x, 2 * float(x)), (x * v, 2 * float(x)), (v / x, 2 / float(x)), (x / v, float(x) / 2),
                          (v**x, 2 ** float(x)), (x**v, float(x) ** 2), (v % x, 2 % float(x)),
                          (x % v, float(x) % 2)):  # fmt: skip
        assert isinstance(got, Value)
        assert got.data == expected
        assert got.parents == (v,)


@pytest.mark.parametrize("x", UNREAL, ids=lambda x: type(x).__name__)
def test_anything_else_is_refused(Value: Any, x: Any) -> None:
    """Strings, None, complex numbers, arrays and containers raise a TypeError that says what came and what to write."""
    with pytest.raises(TypeError, match=r"needs one real number, got .*; "):
        Value(x)
    v = Value(1.0)
    for assign in ("data", "grad"):
        if x is not None or assign == "data":
            with pytest.raises(TypeError, match="needs one real number"):
                setattr(v, assign, x)
    assert (v.data, v.grad) == (1.0, 0.0)


def test_a_value_in_a_value_is_refused(Value: Any) -> None:
    """Value(v) says to use v.data or v.detach()."""
    with pytest.raises(TypeError, match=r"v\.data .* v\.detach\(\)"):
        Value(Value(1.0))


def test_too_large_an_integer(Value: Any) -> None:
    """An int beyond the floats is an OverflowError, as it is with floats."""
    with pytest.raises(OverflowError, match="too large"):
        Value(10**400)
    with pytest.raises(OverflowError, match="too large"):
        Value(1) + 10**400


@pytest.mark.parametrize("other", ["a", None, [1.0], 1j], ids=str)
def test_foreign_operands_are_left_to_the_other_side(Value: Any, other: Any) -> None:
    """With a foreign operand every operator returns NotImplemented, so that Python raises a TypeError or asks it."""
    v = Value(1.0)
    for name in ("add", "sub", "mul", "truediv", "mod", "pow"):
        assert getattr(v, f"__{name}__")(other) is NotImplemented
        assert getattr(v, f"__r{name}__")(other) is NotImplemented
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        assert getattr(v, f"__{name}__")(other) is NotImplemented
    assert v != other
    with pytest.raises(TypeError):
        v + other


def test_inf_and_nan_are_data(Value: Any) -> None:
    """Infinite numbers and nan are stored and flow through."""
    assert (Value(math.inf) * 2).data == math.inf
    assert math.isnan((Value(math.nan) + 1).data)


def test_parents_keep_order_and_repeats(Value: Any) -> None:
    """x * x has two parents; plain numbers are operands and not parents; a leaf has neither, nor an operation."""
    x = Value(3.0)
    y = x * x
    assert y.parents == (x, x)
    assert y.operands == (x, x)
    assert y.op is ag.multiply
    assert not y.is_leaf
    z = 2 - x
    assert z.operands == (2.0, x)
    assert z.parents == (x,)
    assert z.local_gradients() == (-1.0,)
    assert (x.parents, x.operands, x.op, x.is_leaf, x.local_gradients()) == ((), (), None, True, ())


def test_data_of_a_leaf_can_be_set_and_of_a_node_not(Value: Any) -> None:
    """A leaf's data may be set; a computed node refuses, names its operation, and stays."""
    x = Value(1, label="x")
    x.data -= Fraction(1, 2)
    assert x.data == 0.5
    y = x * 2
    with pytest.raises(AttributeError, match=r"x \* 2.0 where x = 0.5.*detach"):
        y.data = 3.0
    assert y.data == 1.0


def test_grad_and_has_grad(Value: Any) -> None:
    """grad is 0.0 before any pass, and has_grad tells a missing gradient from a zero one."""
    x = Value(1.0)
    assert (x.grad, x.has_grad) == (0.0, False)
    (x * 0).backward()
    assert (x.grad, x.has_grad) == (0.0, True)
    x.grad = None
    assert not x.has_grad
    x.grad = 0
    assert type(x.grad) is float
    assert x.has_grad


def test_comparing_and_hashing(Value: Any) -> None:
    """Ordering and == compare the numbers, with numbers of any kind; hashing is by identity; bool is the number's."""
    a, b = Value(1.0), Value(1.0)
    assert a == b == 1 == a
    assert a != 2
    assert a < 2
    assert a <= b
    assert 2 > a
    assert a >= Decimal(1)
    assert a > Fraction(1, 2)
    assert Decimal("0.5") < a
    assert len({a, b}) == 2
    assert not Value(0.0)
    assert Value(math.nan)
    assert Value(math.nan) != Value(math.nan)
    assert type(a == b) is bool


@pytest.mark.parametrize("convert", [float, int, complex, math.exp, math.sqrt], ids=lambda f: f.__name__)
def test_what_would_lose_the_gradient_is_refused(Value: Any, convert: Any) -> None:
    """float(v), int(v) and math.exp(v) raise a TypeError that names v.data, v.exp() and autograd.exp."""
    with pytest.raises(TypeError, match=r"v\.data.*v\.exp\(\).*autograd\.exp"):
        convert(Value(1.0))


def test_text(Value: Any) -> None:
    """Format specs format the number; repr shows number, gradient and label."""
    v = Value(3.14159, label="pi")
    assert f"{v:.3f}" == "3.142"
    assert f"{v:>8.1f}" == "     3.1"
    assert f"{v}" == str(v) == repr(v) == "Value(data=3.14159, grad=0.0, label='pi')"
    assert repr(Value(1)) == "Value(data=1.0, grad=0.0)"
    assert v.item() == 3.14159


def test_labels(Value: Any) -> None:
    """A label is any string, empty if there is none; anything else is a TypeError."""
    v = Value(1.0)
    assert v.label == ""
    v.label = "α & <b>"
    assert v.label == "α & <b>"
    with pytest.raises(TypeError, match="a label is a string, got int 3"):
        v.label = 3
    with pytest.raises(TypeError, match="a label is a string"):
        Value(1.0, label=["x"])
    with pytest.raises(TypeError, match="a label is a string"):
        Value(1.0, label=[])


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_leaves_copy_and_nodes_refuse(Value: Any, way: Any) -> None:
    """A leaf copies, deep-copies and pickles with number, gradient and label; a node refuses and names detach()."""
    x = Value(2.0, label="x")
    x.grad = 3.0
    twin = way(x)
    assert twin is not x
    assert (twin.data, twin.grad, twin.label) == (2.0, 3.0, "x")
    assert not way(Value(1.0)).has_grad
    with pytest.raises(TypeError, match=r"detach\(\)"):
        way(x * 2)
    assert way((x * 2).detach()).data == 4.0


def test_a_subclass_keeps_its_attributes(Value: Any) -> None:
    """A subclass of Value computes Values, and its own attributes are copied."""

    class Named(Value):  # type: ignore[misc]  # the fixture's type is not known to mypy
        pass

    v = Named(2.0)
    v.note = "kept"
    assert copy.copy(v).note == "kept"
    assert (v * v).parents == (v, v)
    assert (v * v).data == 4.0


def test_detach(Value: Any) -> None:
    """detach() gives a leaf with the number and the label."""
    y = Value(2.0) * 3
    y.label = "y"
    z = y.detach()
    assert (z.data, z.label, z.is_leaf) == (6.0, "y", True)


def test_power_with_a_modulus_is_refused(Value: Any) -> None:
    """pow(v, 2, 5) is a TypeError with a remedy."""
    with pytest.raises(TypeError, match=r"\(x \*\* y\) % m"):
        pow(Value(2.0), 2, 5)


def test_parameters_take_plain_numbers(Value: Any) -> None:
    """A Value for a bound of clamp, or for a slope, is refused with a remedy; keywords and defaults work."""
    v = Value(-1.0)
    with pytest.raises(TypeError, match=r"lo is a parameter.*lo=v\.data"):
        v.clamp(Value(0.0), 1.0)
    assert v.clamp(lo=0, hi=1).data == 0.0
    assert v.leaky_relu().data == -0.01
    assert v.leaky_relu(negative_slope=0.5).operands == (v, 0.5)
    with pytest.raises(TypeError, match=r"exp\(x\): too many positional arguments"):
        v.exp(1)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min", "logsumexp", "softmax", "norm",
                                  "log_softmax", "var", "std"])  # fmt: skip
def test_n_ary_calls(Value: Any, name: str) -> None:
    """An n-ary primitive takes one iterable of real numbers or Values; anything else is a TypeError."""
    f = getattr(ag, name)
    v = Value(1.0)
    result = f(x for x in (v, 2, Fraction(3)))
    node = result[0] if isinstance(result, list) else result
    assert node.operands[-3:] == (v, 2.0, 3.0)
    several = ([v, 1.0], [v, 2.0]) if name in ("max", "min") else (1.0, 2.0)  # which take several operands as well
    for bad in ((v,), several, (3,), ("abc",), ([v, "a"],), ([v, [1.0]],), ()):
        with pytest.raises(TypeError):
            f(*bad)
    with pytest.raises(TypeError):
        f(xs=[v])


def test_max_and_min_of_several_operands(Value: Any) -> None:
    """max and min take their operands one by one as well, as Python's do, and record one node; a name is refused."""
    v, w = Value(1.0), Value(2.0)
    assert (ag.max(v, w, 0).operands, ag.max(v, w, 0).data) == ((v, w, 0.0), 2.0)
    assert (ag.min(3, v).operands, ag.min(v, v).local_gradients()) == ((3.0, v), (0.5, 0.5))
    assert (ag.max(1, 3, 2), ag.min(1.5, 2)) == (3.0, 1.5)
    with pytest.raises(TypeError, match="takes one iterable"):
        ag.max(v, w, key=abs)
    with pytest.raises(TypeError, match=r"max\(\) needs one real number, got str"):
        ag.max(v, "2")


def test_var_and_std_take_ddof_by_name(Value: Any) -> None:
    """ddof is 0 by default and goes by its name; a Value, text, or another name is a TypeError that says what to write."""
    xs = [Value(1.0), 2.0, Value(6.0)]
    assert (ag.var(xs).data, ag.var(xs, ddof=1).data, ag.std(xs, ddof=-1).data) == (14 / 3, 7.0, math.sqrt(3.5))
    assert ag.var(xs, ddof=1).operands == ag.var(xs).operands == tuple(xs)
    assert (ag.var(xs).op, ag.var(xs, ddof=1).op.options) == (ag.var, {"ddof": 1.0})
    assert ag.var([1.0, 2.0, 6.0], ddof=True) == 7.0
    words = r"takes one iterable of operands, and ddof by its name, as in autograd\.(var|std)\(\["
    for given, named in (((xs, 1), {}), ((xs,), {"axis": 0}), ((xs[0],), {}), ((), {}), ((), {"xs": xs})):
        for f in (ag.var, ag.std):
            with pytest.raises(TypeError, match=words):
                f(*given, **named)
    with pytest.raises(TypeError, match=r"got 1 argument and axis="):
        ag.std(xs, axis=0)
    with pytest.raises(TypeError, match=r"got 2 arguments$"):
        ag.var(xs, 1)
    with pytest.raises(TypeError, match=r"ddof of autograd\.var needs one real number.*v\.data"):
        ag.var(xs, ddof=xs[0])
    with pytest.raises(ValueError, match=r"cannot compute std\(1\.0, 2\.0, 6\.0, ddof=3\): the divisor n - ddof = 3 - 3"):
        ag.std(xs, ddof=3)
    assert ag.std.describe((Value(1.0, label="a"),)) == "std(a) where a = 1.0"
    assert ag.var.bind(ddof=0.5).describe((Value(1.0, label="f(x)"), 2.0)) == "var(f(x), 2.0, ddof=0.5) where f(x) = 1.0"


def test_polygamma_as_function_and_method(Value: Any) -> None:
    """The function takes the order first, as scipy's and sympy's do, the method as its argument; a Value can't be the order."""
    x = Value(2.0)
    assert ag.polygamma(1, x).data.hex() == x.polygamma(1).data.hex() == ag.polygamma(1, 2.0).hex()
    assert ag.polygamma(0, 2.0) == ag.digamma(2.0)
    assert x.polygamma(n=2).operands == (2.0, x)
    with pytest.raises(TypeError, match=r"n is a parameter.*n=v\.data"):
        ag.polygamma(x, 1.0)
    with pytest.raises(ValueError, match=r"write polygamma\(n, x\) with n from 0 to 200"):
        x.polygamma(-1)


def test_empty_sequences(Value: Any) -> None:
    """An empty sum is 0, an empty product 1, an empty norm 0; the others raise ValueError with a remedy."""
    assert (ag.sum([]), ag.prod([]), ag.norm([]), ag.dot([], [])) == (0.0, 1.0, 0.0, 0.0)
    for f in (ag.mean, ag.max, ag.min, ag.logsumexp, ag.softmax, ag.log_softmax):
        with pytest.raises(ValueError, match="at least one operand"):
            f([])
    for f in (ag.var, ag.std):
        with pytest.raises(ValueError, match="there are no operands; give it more operands than ddof"):
            f([])


def test_dot_needs_two_of_a_length(Value: Any) -> None:
    """dot takes two iterables of equal length."""
    v = Value(2.0)
    assert ag.dot([v, 1.0], [3.0, v]).local_gradients() == (3.0, 1.0)
    with pytest.raises(ValueError, match="got 1 and 2 operands"):
        ag.dot([v], [1.0, 2.0])
    with pytest.raises(TypeError, match="two iterables"):
        ag.dot([v])
    with pytest.raises(TypeError, match="takes an iterable"):
        ag.dot("ab", [1, 2])


def test_long_messages_are_cut(Value: Any) -> None:
    """An error over many operands names the first of them and how many there are."""
    with pytest.raises(ZeroDivisionError) as caught:
        ag.divide(Value(1.0, label="a"), Value(0.0))
    assert "a / 0.0 where a = 1.0" in str(caught.value)
    assert "... 20 operands" in ag.sum.describe([Value(1.0, label=f"x{i}") for i in range(20)])
    assert ag.exp.describe((1.0,)) == "exp(1.0)"
    with pytest.raises(TypeError, match=r"got list \[0, 1, .*\.\.\.; make one Value"):
        ag.exp(list(range(1000)))


def test_plain_floats_raise_the_same_words() -> None:
    """The functions raise on plain floats as they do on Values."""
    with pytest.raises(ValueError, match=r"cannot compute log\(-1.0\).*clamp"):
        ag.log(-1.0)
    with pytest.raises(OverflowError, match="too large for a float"):
        ag.exp(710)


def test_a_pickle_of_the_first_version_opens() -> None:
    """A leaf that version 0.1.0 pickled comes back with its number, gradient and label."""
    data = (
        b"\x80\x04\x95<\x00\x00\x00\x00\x00\x00\x00\x8c\x0eautograd.value\x94\x8c\t_restored\x94\x93\x94(NG@\x04\x00\x00\x00"
        b"\x00\x00\x00G\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x01w\x94t\x94R\x94."
    )
    leaf = pickle.loads(data)
    assert (type(leaf), leaf.data, leaf.grad, leaf.label) == (ag.Value, 2.5, -1.5, "w")


def test_primitives_pickle_by_name_and_show_it() -> None:
    """A record pickles to itself, and its repr is its name."""
    assert pickle.loads(pickle.dumps(ag.exp)) is ag.exp
    assert repr(ag.exp) == "<primitive exp>"
    assert ag.multiply.local_gradients(6.0, (2.0, 3.0)) == (3.0, 2.0)
    assert ag.sum.local_gradients(6.0, (2.0, 4.0)) == (1.0, 1.0)
