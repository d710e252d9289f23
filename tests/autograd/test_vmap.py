"""`vmap`: what goes in and comes out, and that each point's result has the bits of a call."""

from __future__ import annotations

import array
import gc
import math
import signal
import threading
import time
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import batches, mapped as mapped_module, points, samples
from autograd.mapped import Mapped

XS = [0.25 * i - 1.0 for i in range(11)]
Pair = namedtuple("Pair", "x y")


def cube(x: Any) -> Any:
    """A function of one number."""
    return x * x * x + ag.tanh(x)


def test_every_kind_in_comes_out_again() -> None:
    """Lists, arrays and buffers give a list, an array and a buffer with the numbers of single calls."""
    expected = [cube(x) for x in XS]
    mapped = ag.vmap(cube)
    for _ in range(3):
        assert mapped(XS) == expected
        found = mapped(array.array("d", XS))
        assert type(found) is array.array
        assert list(found) == expected
        view = mapped(memoryview(array.array("d", XS)))
        assert type(view) is memoryview
        assert view.tolist() == expected
        numbers = mapped(np.array(XS))
        assert (type(numbers), numbers.dtype, numbers.tolist()) == (np.ndarray, float, expected)


def test_other_kinds_of_floats() -> None:
    """Single precision, strided arrays and NumPy's floats in lists are the floats that they are equal to."""
    mapped = ag.vmap(cube)
    single = [float(np.float32(x)) for x in XS]
    expected = [cube(x) for x in single]
    for xs in (np.array(XS, dtype=np.float32), np.array(single)[::1], memoryview(array.array("f", XS)), array.array("f", XS)):
        assert list(mapped(xs)) == expected
    assert mapped([*np.array(single)]) == expected
    assert list(mapped(np.array(XS)[::2])) == [cube(x) for x in XS[::2]]
    assert mapped(np.array(XS, dtype=object)).tolist() == [cube(x) for x in XS]
    rows = memoryview(array.array("f", [1.0, 2.0, 3.0, 4.0])).cast("B").cast("f", (2, 2))
    assert ag.vmap(lambda row: row[0] * row[1])(rows).tolist() == [2.0, 12.0]


def test_matrices_in_and_out() -> None:
    """A point of a matrix is a row: a list of a list or a buffer, an array of an array; lists come back as rows."""
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    swap = ag.vmap(lambda row: [row[1], row[0] * 2.0])
    expected = [[2.0, 2.0], [4.0, 6.0], [6.0, 10.0]]
    for _ in range(3):
        assert swap(rows) == expected
        assert swap(np.array(rows)).tolist() == expected
        view = swap(memoryview(np.array(rows)))
        assert (view.shape, view.tolist()) == ((3, 2), expected)
        double = ag.vmap(lambda row: row * 2.0)(np.array(rows))
        assert (double.shape, double.tolist()) == ((3, 2), [[2.0 * x for x in row] for row in rows])


def test_axes() -> None:
    """in_axes chooses the axis of arrays and of lists in lists, None keeps an argument, a tuple has one for each argument."""
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    total = lambda row: row[0] + row[1]  # noqa: E731
    assert ag.vmap(total, in_axes=1)(rows) == [5.0, 7.0, 9.0]
    assert ag.vmap(total, in_axes=1)(np.array(rows)).tolist() == [5.0, 7.0, 9.0]
    assert ag.vmap(total, in_axes=-1)(np.array(rows)).tolist() == [5.0, 7.0, 9.0]
    assert ag.vmap(total, in_axes=1)(memoryview(np.array(rows))).tolist() == [5.0, 7.0, 9.0]
    cubes = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    assert ag.vmap(lambda m: m[0][1] + m[1][0], in_axes=2)(cubes) == [3.0 + 5.0, 4.0 + 6.0]
    assert ag.vmap(lambda x, y: x * y, in_axes=(0, None))([1.0, 2.0], 10.0) == [10.0, 20.0]
    assert ag.vmap(lambda x, y: x * y, in_axes=[None, 0])(10.0, [1.0, 2.0]) == [10.0, 20.0]
    assert ag.vmap(lambda x, *, y: x * y)([1.0, 2.0], y=[3.0, 4.0]) == [3.0, 8.0]


def test_tuples_and_dicts_are_containers() -> None:
    """A tuple or dict holds arguments and results, in_axes may go into it, and its kind stays."""
    product = lambda d: {"z": d["x"] * d["y"], "pair": (d["x"], d["y"])}  # noqa: E731
    assert ag.vmap(product)({"x": [1.0, 2.0], "y": [3.0, 4.0]}) == {"z": [3.0, 8.0], "pair": ([1.0, 2.0], [3.0, 4.0])}
    assert ag.vmap(product, in_axes=({"x": 0, "y": None},))({"x": [1.0, 2.0], "y": 5.0})["z"] == [5.0, 10.0]
    named = ag.vmap(lambda p: Pair(p.y, p.x + 1.0))(Pair([1.0, 2.0], [3.0, 4.0]))
    assert named == Pair([3.0, 4.0], [2.0, 3.0])
    assert ag.vmap(lambda p, q: p[0] * p[1] * q, in_axes=((0, None), None))(([1.0, 2.0], 3.0), 2.0) == [6.0, 12.0]
    assert ag.vmap(lambda d: d["a"])(OrderedDict(a=[1.0, 2.0])) == [1.0, 2.0]
    rows = [{"x": 1.0, "y": (2.0, 3.0)}, {"x": 4.0, "y": (5.0, 6.0)}, {"x": 7.0, "y": (8.0, 9.0)}]
    assert ag.vmap(lambda d: d["x"] * d["y"][1])(rows) == [3.0, 24.0, 63.0]
    assert ag.vmap(lambda row: row[0] * row[1])([(1.0, 2.0), (3.0, 4.0)]) == [2.0, 12.0]


def test_results_of_any_kind() -> None:
    """Arguments themselves, constants, words and ragged lists come back as they are."""
    xs = [1.0, 2.0, 3.0]
    assert ag.vmap(lambda x: (x, 2.0, "a", x * 2.0))(xs) == (xs, [2.0] * 3, ["a"] * 3, [2.0, 4.0, 6.0])
    assert ag.vmap(lambda x: 7.0)(xs) == [7.0] * 3
    assert ag.vmap(lambda x: 7.0)(np.array(xs)).tolist() == [7.0] * 3
    ragged = ag.vmap(lambda x: [x] if x < 1.5 else [x, x * x])
    assert ragged(xs) == [[1.0], [2.0, 4.0], [3.0, 9.0]]
    assert ragged(np.array(xs)).tolist() == [[1.0], [2.0, 4.0], [3.0, 9.0]]
    assert ragged(array.array("d", xs)) == [[1.0], [2.0, 4.0], [3.0, 9.0]]
    alike = ag.vmap(lambda x: (x, x) if x < 1.5 else (x,))
    assert alike(xs) == [(1.0, 1.0), (2.0,), (3.0,)]
    keys = ag.vmap(lambda x: {"a": x} if x < 1.5 else {"b": x})
    assert keys(xs) == [{"a": 1.0}, {"b": 2.0}, {"b": 3.0}]
    assert ag.vmap(lambda v: v * 2.0)(np.array([[1.0], [2.0]])).tolist() == [[2.0], [4.0]]
    assert ag.vmap(lambda x: [x, x + 1.0] if x < 9.0 else [x, x])(memoryview(np.array(xs))).tolist() == [
        [1.0, 2.0], [2.0, 3.0], [3.0, 4.0],
    ]  # fmt: skip


def test_whole_numbers_among_results() -> None:
    """Of arrays come arrays of NumPy's dtype for the numbers, whatever their types; of buffers a buffer, if one is a float."""
    clipped = ag.vmap(lambda x: x if x > 0.0 else 0)
    xs, whole = np.array([1.5, -1.5]), np.array([1, 2, 3])
    for f, given, dtype in [
        (clipped, xs, float), (ag.vmap(lambda x: x > 0.0), xs, bool), (ag.vmap(lambda x: x * x), whole, whole.dtype),
        (ag.vmap(lambda x: 1 / x), whole, float), (ag.vmap(lambda x: [x, 1]), xs, float), (ag.vmap(lambda x: 2**70), xs, "O"),
    ]:  # fmt: skip
        found = f(given)
        expected = f(given.tolist())
        assert (found.dtype, found.tolist()) == (dtype, expected), expected
    buffer = clipped(array.array("d", xs))
    assert (type(buffer), buffer.tolist()) == (array.array, [1.5, 0.0])
    assert clipped(array.array("d", [-1.0, -2.0])) == [0, 0]


def test_no_points() -> None:
    """Nothing in, nothing out; the mean of nothing is the error that `mean` raises."""
    assert ag.vmap(cube)([]) == []
    assert ag.vmap(cube)(np.array([])).shape == (0,)
    assert list(ag.vmap(cube)(array.array("d"))) == []
    assert ag.vmap(cube)(memoryview(array.array("d"))).tolist() == []
    assert ag.vmap(cube, reduce="sum")([]) == 0.0
    with pytest.raises(ValueError, match="there are no operands"):
        ag.vmap(cube, reduce="mean")([])


# ---- derivatives ------------------------------------------------------------------------------------------


def test_gradients_at_each_point() -> None:
    """vmap of grad and of value_and_grad is what they give at each point, in the kind of the arguments."""
    slopes = [ag.grad(cube)(x) for x in XS]
    for f in (cube, ag.compile(cube)):
        mapped, both = ag.vmap(ag.grad(f)), ag.vmap(ag.value_and_grad(f))
        for _ in range(3):
            assert mapped(XS) == slopes
            assert list(mapped(array.array("d", XS))) == slopes
            values, found = both(np.array(XS))
            assert (values.tolist(), found.tolist()) == ([cube(x) for x in XS], slopes)
    h = lambda v, w: v[0] * v[1] * w["a"] + ag.sin(v[0])  # noqa: E731
    rows, ws = [[1.0, 2.0], [3.0, 4.0], [0.5, 0.25]], {"a": [1.0, 2.0, 3.0]}
    eager = [ag.value_and_grad(h, (1, 0))(row, {"a": a}) for row, a in zip(rows, ws["a"], strict=True)]
    values, (second, first) = ag.vmap(ag.value_and_grad(h, (1, 0)))(rows, ws)
    assert values == [value for value, _ in eager]
    assert second == {"a": [g[0]["a"] for _, g in eager]}
    assert first == [g[1] for _, g in eager]
    assert ag.vmap(ag.grad(h, -2))(rows, ws) == first
    two = ag.vmap(ag.grad(lambda x, y: x * y + x, (0, 1)))
    for _ in range(2):
        assert two(XS, XS) == ([x + 1.0 for x in XS], XS)
    of_rows = ag.vmap(ag.grad(lambda v, x: v[0] * v[1] * x, (0, 1)))
    for kind in (list, np.array, list, np.array):
        v, x = of_rows(kind([[1.0, 2.0], [3.0, 4.0]]), kind([5.0, 6.0]))
        assert (np.array(v).tolist(), [*x]) == ([[10.0, 5.0], [24.0, 18.0]], [2.0, 12.0])
    pair = ag.vmap(ag.grad(lambda d: d["a"] * d["a"] if d["a"] < 2.0 else d["a"] * d["b"]))
    assert pair({"a": [1.0, 2.0, 1.5, 3.0], "b": [5.0, 6.0, 7.0, 8.0]}) == {
        "a": [2.0, 6.0, 3.0, 8.0],
        "b": [0.0, 2.0, 0.0, 3.0],
    }
    for _ in range(2):
        assert pair({"a": [1.0, 1.5], "b": [5.0, 6.0]}) == {"a": [2.0, 3.0], "b": [0.0, 0.0]}
    several = ag.vmap(ag.value_and_grad(lambda x: x * x if x < 0.0 else -x))
    assert several(XS) == ([x * x if x < 0.0 else -x for x in XS], [2.0 * x if x < 0.0 else -1.0 for x in XS])
    nested = ag.vmap(ag.grad(lambda v: v[0][0] * v[1][0]))([[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]])
    assert nested == [[[2.0], [1.0]], [[4.0], [3.0]], [[6.0], [5.0]]]


@pytest.mark.parametrize("argnums", [(0, 1), (1, 0), (0, 2), (2, 1, 0), (1,), 2])
def test_gradients_of_arguments_in_any_order(argnums: Any) -> None:
    """Gradients with respect to some arguments, in the order that was asked for, are those of calls of the gradient."""

    def f(x: Any, row: Any, y: Any) -> Any:
        return x * row[0] + row[1] * y * y + ag.sin(x * row[2])

    rows = np.arange(33.0).reshape(11, 3) / 7.0
    gradient = ag.grad(f, argnums)
    mapped = ag.vmap(gradient)
    one = not isinstance(argnums, tuple)
    for _ in range(3):
        for columns in ((np.array(XS), rows, np.array(XS[::-1])), (XS, rows.tolist(), XS[::-1])):
            found = mapped(*columns)
            for i, (x, row, y) in enumerate(zip(XS, rows.tolist(), XS[::-1], strict=True)):
                expected = gradient(x, row, y)
                for mine, other in zip((found,) if one else found, (expected,) if one else expected, strict=True):
                    assert np.array_equal(mine[i], other)


def test_gradients_of_what_all_points_share() -> None:
    """An argument with in_axes=None has a gradient of its own at each point."""
    found = ag.vmap(ag.grad(lambda w, x: w * x * x, 0), in_axes=(None, 0))(3.0, [1.0, 2.0, 3.0])
    assert found == [1.0, 4.0, 9.0]
    values, (dw, dx) = ag.vmap(ag.value_and_grad(lambda w, x: w * x * x, (0, 1)), in_axes=(None, 0))(3.0, np.array([1.0, 2.0]))
    assert (values.tolist(), dw.tolist(), dx.tolist()) == ([3.0, 12.0], [1.0, 4.0], [6.0, 12.0])
    whole = ag.vmap(ag.grad(lambda x: x**2))([1, 2, 3])
    assert whole == [2.0, 4.0, 6.0]
    rows = ag.vmap(ag.grad(lambda v, x: v[0] * v[1] * x), in_axes=(None, 0))(np.array([2.0, 3.0]), [1.0, 2.0])
    assert [row.tolist() for row in rows] == [[3.0, 2.0], [6.0, 4.0]]


def test_gradients_where_nothing_is_recorded() -> None:
    """`no_grad` stops a gradient no more than it stops `grad`; results that depend on a Value argument are floats there."""
    w = ag.Value(3.0)
    shared = ag.vmap(ag.grad(lambda x, v: x * x * v), in_axes=(0, None))
    closed = ag.vmap(ag.value_and_grad(lambda x: x * x * w))
    for _ in range(4):
        with ag.no_grad():
            found = shared([1.0, 2.0], w)
            assert (found, [type(x) for x in found]) == ([6.0, 12.0], [float, float])
            assert closed([1.0, 2.0]) == ([3.0, 12.0], [6.0, 12.0])
        found = shared([1.0, 2.0], w)
        assert [(type(x), x.data) for x in found] == [(ag.Value, 6.0), (ag.Value, 12.0)]
        assert ag.gradients(found[1], w) == 4.0


def test_gradients_of_functions_without_a_program() -> None:
    """A function that returns its argument or a constant, or draws, has the gradients that `grad` gives."""
    assert ag.vmap(ag.grad(lambda x: x))(XS) == [1.0] * len(XS)
    assert ag.vmap(ag.value_and_grad(lambda x: 2.0))(XS) == ([2.0] * len(XS), [0.0] * len(XS))
    assert ag.vmap(ag.grad(lambda x: abs(x) if x < 0 else x * x))(XS) == [
        ag.grad(lambda x: abs(x) if x < 0 else x * x)(x) for x in XS
    ]
    with pytest.raises(TypeError, match="one number"):
        ag.vmap(ag.grad(lambda x: [x]))(XS)
    with pytest.raises(ValueError, match="argnums=3"):
        ag.vmap(ag.grad(cube, 3))(XS)


def test_other_transformations() -> None:
    """jacobian, hessian, a gradient of a gradient and one with extra results are computed point by point."""
    xs = [0.5, 1.0, 1.5]
    assert ag.vmap(ag.compile(cube))(xs) == [cube(x) for x in xs]
    assert ag.vmap(ag.hessian(cube))(xs) == [ag.hessian(cube)(x) for x in xs]
    assert ag.vmap(ag.grad(ag.grad(cube)))(xs) == [ag.grad(ag.grad(cube))(x) for x in xs]
    assert ag.vmap(ag.jacobian(lambda x: [x, x * x]))(xs) == [[1.0, 2.0 * x] for x in xs]
    assert ag.vmap(ag.grad(lambda x: (x * x, "extra"), has_aux=True))(xs) == ([1.0, 2.0, 3.0], ["extra"] * 3)
    with pytest.warns(ag.EagerWarning, match="derivative of its arguments"):
        assert ag.vmap(ag.derivative(cube))(xs) == [ag.derivative(cube)(x) for x in xs]


def test_it_nests() -> None:
    """vmap of vmap, grad through vmap, and the second derivative through a reduction."""
    table = ag.vmap(ag.vmap(lambda x, y: x * y, in_axes=(None, 0)), in_axes=(0, None))
    assert table([1.0, 2.0], [3.0, 4.0, 5.0]) == [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]
    mean = lambda w: ag.vmap(lambda x: w**3 * x, reduce="mean")([1.0, 2.0])  # noqa: E731
    assert (ag.grad(mean)(2.0), ag.hessian(mean)(2.0)) == (18.0, 18.0)
    through = lambda w: ag.vmap(lambda w, x: w**3 * x, in_axes=(None, 0), reduce="sum")(w, [1.0, 2.0])  # noqa: E731
    assert (ag.grad(through)(2.0), ag.hessian(through)(2.0)) == (36.0, 36.0)
    assert ag.jvp(through, (2.0,), (1.0,)) == (24.0, 36.0)
    inner = lambda x: ag.sum(ag.vmap(ag.grad(lambda y: y * y * x))([1.0, 2.0]))  # noqa: E731
    assert ag.grad(inner)(3.0) == 6.0
    compiled = ag.compile(lambda x: ag.sum(ag.vmap(lambda y: y * x)([1.0, 2.0])))
    assert [compiled(x) for x in (1.0, 2.0, 3.0)] == [3.0, 6.0, 9.0]
    assert ag.grad(lambda xs: ag.sum(ag.vmap(lambda x: x * x)(xs)))([1.0, 2.0]) == [2.0, 4.0]


# ---- Values -----------------------------------------------------------------------------------------------


def gradients_of(root: Any, leaves: list[Any]) -> list[Any]:
    """The root's number and the gradients that it gives to leaves."""
    for x in leaves:
        x.grad = None
    root.backward()
    return [root.data, *[(x.grad, x.has_grad) for x in leaves]]


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_a_reduction_is_one_node(how: str) -> None:
    """With parameters a reduction is one node whose gradients have the bits of the mean or sum of all calls."""
    w, b, unused = ag.Value(0.3), ag.Value(-0.2), ag.Value(1.0)

    def loss(x: Any, y: Any) -> Any:
        if x < -9.0:
            return unused * x
        e = ag.tanh(w * x + b) * w - y + b * w
        return e * e

    ys = [0.1 * x * x for x in XS]
    mapped = ag.vmap(loss, reduce=how)
    record = {"mean": ag.mean, "sum": ag.sum}[how]
    for _ in range(4):
        found = mapped(np.array(XS), ys)
        assert set(found.parents) == {w, b}
        assert found.op.name == "vmap_of_loss"
        expected = gradients_of(record([loss(x, y) for x, y in zip(XS, ys, strict=True)]), [w, b, unused])
        assert gradients_of(found, [w, b, unused]) == expected
        w.data -= 0.01 * w.grad
    assert found.op.evaluate((w.data, b.data), found.operands) == mapped(XS, ys).data
    assert ag.gradients(mapped(XS, ys), [w, b]) == [
        x.data for x in ag.gradients(mapped(XS, ys), [w, b], create_graph=True)
    ]  # fmt: skip


def test_guards_that_differ_by_point() -> None:
    """Points take their own way through the function, and are added up in eager's order all the same."""
    a, b = ag.Value(2.0), ag.Value(-0.7)

    def f(x: Any) -> Any:
        if x < -0.5:
            return a * x * a
        if x * b.data < 0.0:
            return b * x + a
        return a * b * ag.exp(x) + a

    mapped = ag.vmap(f, reduce="mean")
    alone = ag.vmap(f)
    for xs in (XS, XS[::-1], XS[4:], [*XS, *XS]):
        for _ in range(2):
            assert gradients_of(mapped(xs), [a, b]) == gradients_of(ag.mean([f(x) for x in xs]), [a, b])
            assert [y.data for y in alone(xs)] == [f(x).data for x in xs]
    assert mapped(XS).op.name == "vmap_of_f"
    a.data, b.data = 1.5, 0.9
    assert gradients_of(mapped(XS), [a, b]) == gradients_of(ag.mean([f(x) for x in XS]), [a, b])
    twice = mapped(XS)
    for create in (False, True):
        found = ag.gradients(twice, [a, b], create_graph=create)
        assert [float(ag.stop_gradient(g).data if create else g) for g in found] == pytest.approx(
            ag.gradients(ag.mean([f(x) for x in XS]), [a, b])
        )
    a.data = 100.0
    b.data = -0.9
    with pytest.raises(ValueError, match="another way"):
        twice.op.evaluate((a.data, b.data), twice.operands)


def test_labels_make_programs_of_their_own() -> None:
    """A whole number is a constant: points with the same label share a program, and the sum has eager's order."""
    w = [ag.Value(0.1 * i - 0.3) for i in range(3)]

    def loss(x: Any, label: int) -> Any:
        z = [p * x + p for p in w]
        return ag.logsumexp(z) - z[label]

    labels = [(i * i) % 3 for i in range(len(XS))]
    mapped = ag.vmap(loss, reduce="mean")
    for _ in range(3):
        expected = gradients_of(ag.mean([loss(x, y) for x, y in zip(XS, labels, strict=True)]), w)
        found = mapped(XS, labels)
        assert found.op.name == "vmap_of_loss"
        assert gradients_of(found, w) == expected
        with ag.no_grad():
            assert mapped(XS, labels).data == expected[0]
    assert ag.vmap(lambda x, n: x**n)(XS, labels) == [x**n for x, n in zip(XS, labels, strict=True)]
    assert ag.vmap(lambda x, n: x * n)([1.0] * 70, list(range(70))) == [float(n) for n in range(70)]
    scaled = ag.vmap(lambda v, x, n: v * x * n, in_axes=(None, 0, 0))
    assert [scaled(2.0, [1.0, 2.0, 3.0], [1, 2, 1]) for _ in range(3)] == [[2.0, 8.0, 6.0]] * 3
    words = ag.vmap(lambda x, how: x if how == "same" else -x)
    assert words([1.0, 2.0, 3.0], ["same", "other", "same"]) == [1.0, -2.0, 3.0]
    by_row = ag.vmap(lambda x, i: x * i[0] + i[1])
    for _ in range(3):
        assert by_row([1.0, 2.0, 3.0], np.array([[1, 5], [2, 7], [1, 5]])).tolist() == [6.0, 11.0, 8.0]


def test_more_forms_than_are_kept() -> None:
    """Beyond so many kinds of points the function itself is called, with the same result."""
    mapped = ag.vmap(lambda x, n: x * n)
    for start in (0, 40, 80):
        ns = list(range(start, start + 40))
        assert mapped([1.0] * 40, ns) == [float(n) for n in ns]


def test_results_that_are_values() -> None:
    """Without reduce, a function that closes over Values gives a Value at each point; plain numbers in no_grad."""
    w = ag.Value(2.0)
    mapped = ag.vmap(lambda x: [w * x, x * 2.0])
    for _ in range(3):
        found = mapped(XS)
        assert [y[0].data for y in found] == [2.0 * x for x in XS]
        assert gradients_of(found[3][0], [w])[1] == (XS[3], True)
        assert mapped(np.array(XS)).dtype == object
    single = ag.vmap(lambda x: w * x)
    for _ in range(3):
        assert [type(y) for y in single(memoryview(np.array(XS)))] == [ag.Value] * len(XS)
        with ag.no_grad():
            assert single(memoryview(np.array(XS))).tolist() == [2.0 * x for x in XS]
            total = ag.vmap(lambda x: w * x, reduce="sum")(XS)
            assert (total.data, total.is_leaf) == (ag.sum([2.0 * x for x in XS]), True)
    assert ag.vmap(lambda x: w)([1.0, 2.0]) == [w, w]


def test_values_that_all_points_share() -> None:
    """Values among the arguments with in_axes=None are operands; the same Value may stand in two places."""
    w, v = ag.Value(1.5), ag.Value(-0.5)
    f = lambda p, x: p["w"] * x * p["w"] + p["v"] * x + w  # noqa: E731
    mapped = ag.vmap(f, in_axes=(None, 0), reduce="mean")
    for given in ({"w": w, "v": v}, {"w": v, "v": v}, {"w": w, "v": w}, {"w": w, "v": v}):
        for _ in range(3):
            expected = gradients_of(ag.mean([f(given, x) for x in XS]), [w, v])
            assert gradients_of(mapped(given, XS), [w, v]) == expected
    plain = ag.vmap(lambda p, x: p * x, in_axes=(None, 0))
    for _ in range(3):
        assert [y.data for y in plain(w, [1.0, 2.0])] == [1.5, 3.0]
    assert ag.vmap(lambda p, x: ag.sum(p) * x, in_axes=(None, 0), reduce="sum")(np.array([w, v]), [1.0, 2.0]).data == 3.0


def test_values_at_each_point() -> None:
    """Values among what is mapped are differentiated as in plain calls."""
    xs = [ag.Value(x) for x in XS]
    ys = ag.vmap(cube)(xs)
    assert [y.data for y in ys] == [cube(x) for x in XS]
    total = ag.vmap(cube, reduce="sum")(xs)
    expected = gradients_of(ag.sum([cube(x) for x in xs]), xs)
    assert gradients_of(total, xs) == expected
    assert ag.vmap(cube)(np.array(xs)).dtype == object


def test_blocks_are_seen() -> None:
    """Under detect_anomaly and record_sources each call is an ordinary one."""
    w = ag.Value(2.0)
    mapped = ag.vmap(lambda x: w * x, reduce="sum")
    mapped([1.0, 2.0])
    with ag.detect_anomaly():
        assert mapped([1.0, 2.0]).op is ag.sum
    with ag.record_sources():
        assert "test_vmap" in mapped([1.0, 2.0]).parents[0].source


# ---- errors -----------------------------------------------------------------------------------------------


def test_the_error_of_the_first_point() -> None:
    """What f raises at a point is raised as it is, of the first such point, and a note says which it is."""
    for f in (ag.log, ag.grad(ag.log)):
        for kind in (list, np.array):
            mapped = ag.vmap(f)
            mapped(kind([1.0, 2.0, 3.0]))
            with pytest.raises(ValueError, match=r"cannot compute log\(-1.0\)") as raised:
                mapped(kind([1.0, 2.0, 3.0, -1.0, 5.0, 0.0]))
            assert raised.value.__notes__ == ["This is point 3 of a vmap."]
    with pytest.raises(ZeroDivisionError) as other:
        ag.vmap(lambda x, n: n / x, reduce="mean")([1.0, 2.0, 0.0], [1, 2, 1])
    assert other.value.__notes__ == ["This is point 2 of a vmap."]
    with pytest.raises(ZeroDivisionError) as labelled:
        ag.vmap(lambda x, n: n / x)([1.0, 0.0, 0.0], [1, 2, 1])
    assert labelled.value.__notes__ == ["This is point 1 of a vmap."]
    with pytest.raises(KeyError) as raised:
        ag.vmap(lambda x: {}["missing"])(XS)
    assert raised.value.__notes__ == ["This is point 0 of a vmap."]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: ag.vmap(3), TypeError, "vmap takes a function, got int"),  # type: ignore[arg-type]
        (lambda: ag.vmap(cube, reduce="max"), ValueError, 'write "mean", "sum" or None'),
        (lambda: ag.vmap(cube, threads=1.0), TypeError, "threads takes an int, got float"),  # type: ignore[arg-type]
        (lambda: ag.vmap(cube, threads=True), TypeError, "threads takes an int"),
        (lambda: ag.vmap(cube, threads=0), ValueError, "threads must be 1 or more, got 0"),
        (lambda: ag.vmap(cube, in_axes="x"), TypeError, "in_axes takes ints and None, got str"),
        (lambda: ag.vmap(cube, in_axes=True), TypeError, "in_axes takes ints and None, got bool"),
        (lambda: ag.vmap(ag.grad(cube), reduce="sum"), TypeError, r'vmap\(f, reduce="sum"\)\(xs\).backward'),
        (lambda: ag.vmap(cube)(1.0), TypeError, "args.0. is a float, which has no axis 0; pass a list"),
        (lambda: ag.vmap(cube)(None), TypeError, "args.0. is None, which has no axis 0"),
        (lambda: ag.vmap(cube)((1.0, 2.0)), TypeError, r"args\[0\]\[0\] is a float"),
        (lambda: ag.vmap(cube, in_axes=None)([1.0]), ValueError, "no argument is mapped"),
        (lambda: ag.vmap(cube, in_axes=(0, 0))([1.0]), ValueError, "in_axes has 2 entries for 1 arguments"),
        (lambda: ag.vmap(cube, in_axes=(("a",),)), TypeError, "got str"),
        (lambda: ag.vmap(cube, in_axes=({"a": 0},))([1.0]), ValueError, "expected the keys"),
        (lambda: ag.vmap(cube, in_axes=((0, 0),))([1.0]), ValueError, "expected 2 items"),
        (lambda: ag.vmap(cube, in_axes=1)([[1.0], [1.0, 2.0]]), ValueError, "same length"),
        (lambda: ag.vmap(cube, in_axes=1)([1.0]), TypeError, "has no axis"),
        (lambda: ag.vmap(cube, in_axes=-1)([1.0]), TypeError, "counts from 0, got -1"),
        (lambda: ag.vmap(cube, in_axes=1)(np.array([1.0])), TypeError, "an array of 1 dimensions, which has no axis 1"),
        (lambda: ag.vmap(cube)(np.array(1.0)), TypeError, "0 dimensions"),
        (
            lambda: ag.vmap(lambda x, y: x)([1.0], [1.0, 2.0]),
            ValueError,
            r"args\[0\] has 1 points, and args\[1\] has 2",
        ),
        (lambda: ag.vmap(lambda x: [x, x], reduce="mean")([1.0, 2.0]), TypeError, "returns one number, got list"),
        (lambda: ag.vmap(lambda x: "a", reduce="mean")([1.0]), TypeError, "returns one number, got str 'a' at point 0"),
    ],
)
def test_errors_say_what_to_write(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    """A wrong function, option or argument is an error that says what was received."""
    with pytest.raises(kind, match=words):
        call()


def test_arguments_that_no_program_can_be_recorded_for() -> None:
    """What can't be compared, and dual numbers, go to the function itself."""
    assert ag.vmap(lambda x, s: x + len(s), in_axes=(0, None))([1.0, 2.0], {1, 2}) == [3.0, 4.0]
    assert ag.vmap(lambda x, s: x + len(s))([1.0, 2.0], [{1}, {1, 2}]) == [2.0, 4.0]
    for third in (3.0, None):
        pair = np.array(["a", third], dtype=object)
        assert ag.vmap(lambda x, a: x * len(a[0]), in_axes=(0, None))([1.0, 2.0], pair) == [1.0, 2.0]
    assert ag.vmap(lambda x, a: x * a, in_axes=(0, None))([1.0, 2.0], np.array(3.0)) == [3.0, 6.0]
    assert ag.jvp(lambda w: ag.vmap(lambda x: w * x)([1.0, 2.0]), (3.0,), (1.0,)) == ([3.0, 6.0], [1.0, 2.0])
    assert (
        ag.jvp(lambda xs: ag.vmap(cube, reduce="sum")(xs), ([1.0, 2.0],), ([1.0, 0.0],))[1] == ag.jvp(cube, (1.0,), (1.0,))[1]
    )


@pytest.mark.filterwarnings("ignore::autograd.EagerWarning")
def test_functions_that_are_called_as_ever() -> None:
    """Where `compile` gives up, vmap calls the function: too many ways, a backward pass inside, numbers that it draws."""
    many = ag.vmap(lambda x: x * float(int(ag.stop_gradient(x).data if isinstance(x, ag.Value) else x)))
    xs = [i + 0.5 for i in range(30)]
    for _ in range(2):
        assert many(xs) == [x * float(int(x)) for x in xs]
    w = ag.Value(1.0)

    def ways(x: Any) -> Any:
        return w * x * len([k for k in range(30) if x > k])

    for _ in range(2):
        assert ag.vmap(ways, reduce="sum")(xs).data == ag.sum([ways(x) for x in xs]).data

    def walks(x: Any) -> Any:
        y = ag.Value(float(x)) if isinstance(x, float) else x * x
        y.backward()
        return 2.0

    assert ag.vmap(walks)([1.0, 2.0, 3.0]) == [2.0] * 3
    assert ag.vmap(ag.grad(lambda x: x * len([k for k in range(30) if x > k])))(xs) == [float(i + 1) for i in range(30)]
    with pytest.raises(ValueError, match="cannot compute log"):
        ag.vmap(lambda x: w * ag.log(x), reduce="mean")([1.0, -1.0])
    with pytest.raises(ValueError, match=r"math domain|expected a positive input"):
        ag.vmap(lambda x: w * ag.log(x), reduce="mean")([-1.0])
    logs = ag.vmap(lambda x: w * ag.log(x), reduce="mean")
    for _ in range(2):
        with ag.no_grad(), pytest.raises(ValueError, match=r"math domain|expected a positive input"):
            logs([1.0, 2.0, -1.0])


def test_caches_that_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more programs come than are kept ready, those that were ready are made again."""
    for module in (batches, mapped_module):
        monkeypatch.setattr(module, "MOST_FORMS", 1)
    w = ag.Value(2.0)
    f = lambda x: w * x if x < 0.0 else w * w * x  # noqa: E731
    mapped, slopes = ag.vmap(f, reduce="sum"), ag.vmap(ag.grad(lambda x: x * x if x < 0.0 else -x))
    for _ in range(3):
        assert gradients_of(mapped(XS), [w]) == gradients_of(ag.sum([f(x) for x in XS]), [w])
        assert slopes(XS) == [2.0 * x if x < 0.0 else -1.0 for x in XS]


def test_a_partial_that_fails() -> None:
    """A point whose value is there and whose derivative is not: the values come, and the gradient raises as it does alone."""
    odd = ag.primitive(lambda x: x * 0.5, lambda z, x: 1.0 / (x - 2.0), name="odd")
    w = ag.Value(3.0)
    xs = [1.0, 4.0, 2.0 / 3.0, 5.0]
    mapped = ag.vmap(lambda x: odd(x * w), reduce="sum")
    for _ in range(3):
        with ag.no_grad():
            assert mapped(xs).data == ag.sum([0.5 * (3.0 * x) for x in xs])
        root = mapped(xs)
        with pytest.raises(ZeroDivisionError):
            root.backward()
    slopes = ag.vmap(ag.grad(odd))
    assert slopes([1.0, 3.0, 4.0]) == [-1.0, 1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        slopes([1.0, 3.0, 2.0])


def test_nan_in_some_points() -> None:
    """max and min of nan have the derivatives that they have alone, at the points where there is a nan."""
    xs, ys = [1.0, 2.0, 3.0, 0.5], [2.0, 3.0, math.nan, 0.0]
    for f in (ag.max, ag.min, ag.logsumexp, ag.mean):
        g = ag.value_and_grad(lambda a, b, f=f: f([a, b]) * a, (0, 1))
        eager = [g(x, y) for x, y in zip(xs, ys, strict=True)]
        for _ in range(2):
            values, slopes = ag.vmap(g)(xs, ys)
            assert repr(values) == repr([value for value, _ in eager])
            assert repr(slopes) == repr(tuple(map(list, zip(*[slope for _, slope in eager], strict=True))))


def test_names_that_change() -> None:
    """A variable that the function closes over is read again where it is bound anew."""
    scale = 2.0
    f = lambda x: x * scale  # noqa: E731
    mapped, reduced = ag.vmap(f), ag.vmap(f, reduce="sum")
    for _ in range(2):
        assert (mapped([1.0, 2.0, 3.0]), reduced([1.0, 2.0])) == ([2.0, 4.0, 6.0], 6.0)
    scale = 3.0
    for _ in range(2):
        assert (mapped([1.0, 2.0, 3.0]), reduced([1.0, 2.0])) == ([3.0, 6.0, 9.0], 9.0)


def test_other_shapes_in_turn() -> None:
    """The same function may be called with arguments of other shapes, and comes back to the first."""
    mapped = ag.vmap(lambda v: ag.sum(v) * 2.0)
    for rows in ([[1.0, 2.0]] * 3, [[1.0, 2.0, 3.0]] * 3, [[1.0, 2.0]] * 4, [[1.0]], [[1.0, 2.0]] * 3):
        for _ in range(2):
            assert mapped(rows) == [2.0 * sum(row) for row in rows]
    shared = ag.vmap(lambda v, w: ag.sum(v) * w, in_axes=(0, None))
    for w in (1.0, 2.0, 3.0):
        assert shared([[1.0, 2.0]] * 3, w) == [3.0 * w] * 3


def test_the_name_and_the_documentation() -> None:
    """The function that comes back is named after f."""
    mapped = ag.vmap(cube)
    assert (mapped.__name__, mapped.__doc__) == ("vmap_of_cube", "cube at many points.")
    assert ag.vmap(lambda x: x).__name__ == "vmap"


# ---- threads and Ctrl-C -----------------------------------------------------------------------------------


def test_threads_change_nothing() -> None:
    """One, two and three threads give the same bits: values, gradients and reductions."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(700, 2))
    w = [ag.Value(x) for x in (0.3, -0.8, 0.1)]
    f = lambda v: ag.tanh(ag.dot(w[:2], [v[0], v[1]]) + w[2]) * w[0]  # noqa: E731
    g = lambda v: ag.exp(v[0]) * v[1] if v[0] > 0.0 else v[1]  # noqa: E731
    found = []
    for threads in (1, 2, 3):
        for _ in range(2):
            values, slopes = ag.vmap(ag.value_and_grad(g), threads=threads)(X)
            root = ag.vmap(f, reduce="mean", threads=threads)(X)
        found.append((values.tobytes(), slopes.tobytes(), gradients_of(root, w)))
    assert found[0] == found[1] == found[2]


def test_several_callers_at_once() -> None:
    """One mapped function may be called from several threads."""
    mapped = ag.vmap(cube)
    mapped(XS)
    expected, wrong = [cube(x) for x in XS], []

    def work() -> None:
        wrong.extend([1 for _ in range(50) if mapped(XS) != expected])

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer of signals here")
@pytest.mark.skipif(ag.engine() == "python", reason="between two lines of Python every program can be interrupted")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("how", [None, "mean"])
def test_it_can_be_interrupted(threads: int, how: str | None) -> None:
    """Ctrl-C ends a run in lanes within a moment, and the function works afterwards."""
    w = ag.Value(1.0)

    def f(x: Any) -> Any:
        for _ in range(200):
            x = ag.sin(x) * (w if how else 1.0)
        return x

    mapped = ag.vmap(f, reduce=how, threads=threads)
    few = mapped(np.array(XS))
    few = mapped(np.array(XS))
    points = np.zeros(300_000)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            mapped(points)
        assert time.monotonic() - started < 3.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    again = mapped(np.array(XS))
    assert again.data == few.data if how else again.tolist() == few.tolist()


# ---- the parts --------------------------------------------------------------------------------------------


def test_cycles_through_a_mapped_function_are_freed() -> None:
    """A function that refers to its own mapped form is freed by the garbage collector, with its lanes."""
    w = ag.Value(2.0)

    def made() -> Any:
        holder: list[Any] = [ag.vmap(lambda x: w * x, reduce="sum")]
        holder.append(ag.vmap(lambda x: x * float(len(holder))))
        for mapped in holder:
            for _ in range(2):
                mapped(XS)
        return weakref.ref(holder[1])

    gone = made()
    gc.collect()
    assert gone() is None


def test_points_are_what_each_point_has() -> None:
    """`Points` gives rows of lists, arrays of objects, and rows of buffers as lists."""
    assert samples.Points(np.array([[1.0, 2.0]]), 0, "x").at(0).dtype == object
    assert samples.Points(memoryview(np.array([[1.0, 2.0], [3.0, 4.0]])), 0, "x").at(1) == [3.0, 4.0]
    assert type(samples.Points(np.array([1.0]), 0, "x").at(0)) is float
    assert type(samples.Points(np.array([1]), 0, "x").at(0)) is int
    assert samples.Points([[], []], 0, "x").matrix() is None
    assert samples.Points([1.0, 2], 0, "x").matrix() is None


def test_one_reference_for_lanes() -> None:
    """The lanes of the reference engine add up by several programs as by one, and name the points where one doesn't hold."""
    f = lambda x, w: ag.log(x) * w * w + w  # noqa: E731
    mapped = Mapped(f, (0, None), "sum", 1)
    w = ag.Value(3.0)
    xs = [1.0, 2.0, 3.0, 4.0, 5.0]
    for _ in range(2):
        mapped((xs, w), {})
    (group,) = mapped._groups.values()
    (entry,) = group.compiled._entries.values()
    program = entry.paths[0].program
    lanes = points.Lanes(program, b"\0\1", b"\1\0", True)
    data = array.array("d", xs)
    whole = points.added_up([(lanes, [3.0], None, [data], 5, None, None)], 5, 1.0, 1)
    odd, even = array.array("q", [1, 3]), array.array("q", [0, 2, 4])
    split = points.added_up(
        [(lanes, [3.0], [0], [data], 5, odd, odd), (lanes, [3.0], [0], [data], 5, even, even)], 5, 1.0, 1
    )  # fmt: skip
    assert whole == split
    assert whole[2] == []
    assert lanes.values([array.array("d", [1.0, -1.0, 2.0])], [3.0], 3)[1] == [1]
    assert points.added_up([(lanes, [3.0], None, [array.array("d", [1.0, -1.0])], 2, None, None)], 2, 1.0, 1)[2] == [1]
