"""Many points at once: `vmap` and its reductions give what the function gives for each point, bit for bit."""

from __future__ import annotations

import array
import math
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from oracle import STRANGE, bits, described, drawn, outcome, random_function, random_point

import autograd as ag
from autograd.mapped import Added, added

# Lanes come in groups, and the last group is filled up: these counts cut them everywhere.
COUNTS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33)


# A random function may have more ways than are recorded; it then says so, and is computed eagerly.
pytestmark = pytest.mark.filterwarnings("ignore::autograd.EagerWarning")


def each(f: Callable[..., Any], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """The eager results, point by point; None where f raises."""
    found = []
    for row in rows:
        try:
            found.append(f(*row))
        except (ArithmeticError, ValueError, TypeError):
            found.append(None)
    return found


def good(f: Callable[..., Any], rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """The points at which f, and its gradient, raise nothing."""
    return [row for row, y in zip(rows, each(f, rows), strict=True) if y is not None and not isinstance(y, complex)]


def columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    """One list for each argument."""
    return [[row[i] for row in rows] for i in range(count)]


def test_random_graphs_at_many_points(thorough: bool) -> None:
    """3,000 random graphs (60 by default) at 1 to 33 points near and far: values and gradients of each point are eager's."""
    rng = random.Random(21)
    for _ in range(3000 if thorough else 60):
        expression = drawn(rng, smooth=rng.random() < 0.7)
        f, count = expression.fn, len(expression.point)
        rows = [[x + rng.gauss(0, rng.choice([0.01, 0.5])) for x in expression.point] for _ in range(rng.choice(COUNTS))]
        rows += [random_point(rng, count, 0.5) for _ in range(rng.choice([0, 0, 3]))]
        rng.shuffle(rows)
        g = ag.value_and_grad(f, tuple(range(count)))
        rows = good(g, good(f, rows))
        if rows:
            many = columns(rows, count)
            assert described(ag.vmap(f)(*many)) == described([f(*row) for row in rows]), (expression, rows)
            values, gradients = ag.vmap(g)(*many)
            eager = [g(*row) for row in rows]
            assert described(values) == described([value for value, _ in eager]), (expression, rows)
            assert described(gradients) == described(tuple(columns([row for _, row in eager], count))), (expression, rows)


def test_random_functions_at_many_points(thorough: bool) -> None:
    """3,000 random functions (80 by default): lanes whose guards fail, or that ask for Python, have eager's bits as well."""
    rng = random.Random(22)
    for _ in range(3000 if thorough else 80):
        function = random_function(rng, ag.Value, captured=0)
        f, count = function.function, function.arguments
        rows = good(f, [random_point(rng, count, 0.1) for _ in range(rng.choice(COUNTS))])
        if rows:
            found = outcome(lambda f=f, rows=rows, n=count: list_of(ag.vmap(f)(*columns(rows, n)), len(rows)))
            assert found == described([f(*row) for row in rows]), (function.text, rows)


def list_of(stacked: Any, count: int) -> list[Any]:
    """The results of the single points, out of a result of lists."""

    def at(x: Any, i: int) -> Any:
        if isinstance(x, dict):
            return {key: at(each, i) for key, each in x.items()}
        if isinstance(x, tuple):
            return tuple(at(each, i) for each in x)
        if isinstance(x, list) and x and isinstance(x[0], (list, tuple)) and len(x) != count:
            return [at(each, i) for each in x]
        return x[i]

    return [at(stacked, i) for i in range(count)]


def reduced(f: Callable[..., Any], rows: Sequence[Sequence[Any]], how: str) -> Any:
    """The eager reduction."""
    return {"mean": ag.mean, "sum": ag.sum}[how]([f(*row) for row in rows])


def gradients_of(root: Any, captured: Sequence[Any]) -> list[Any]:
    """Bits of the root and of all gradients, which are forgotten."""
    for p in captured:
        p.grad = None
    root.backward()
    found = [bits(root.data), *[(bits(p.grad), p.has_grad) for p in captured]]
    for p in captured:
        p.grad = None
    return found


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_reductions_of_random_functions(Value: Any, how: str, thorough: bool) -> None:
    """2,000 random functions (80 by default) reduced over samples: parameter gradients have eager's order of additions."""
    rng = random.Random(23)
    for _ in range(2000 if thorough else 80):
        function = random_function(rng, Value, unsafe=0.0, captured=rng.randint(1, 3))
        f, count = function.function, function.arguments
        rows = good(f, [random_point(rng, count, 0.05) for _ in range(rng.choice(COUNTS))])
        if not rows or not all(isinstance(f(*row), (float, Value)) for row in rows):
            continue
        eager = reduced(f, rows, how)
        if isinstance(eager, float):
            continue
        expected = gradients_of(eager, function.captured)
        mapped = ag.vmap(f, reduce=how)
        for _ in range(2):
            found = gradients_of(mapped(*columns(rows, count)), function.captured)
            assert found == expected, (function.text, rows, how)
        for p in function.captured:
            p.data += 0.125
        rows = good(f, rows)
        eager = reduced(f, rows, how) if rows else 0.0
        if not isinstance(eager, float):  # as where each point gives a plain number by now
            expected = gradients_of(eager, function.captured)
            assert gradients_of(mapped(*columns(rows, count)), function.captured) == expected, (function.text, rows, how)


def test_every_strange_number_in_every_lane(thorough: bool) -> None:
    """Each primitive of one operand at all strange numbers at once, and rotated through the lanes, has eager's bits."""
    for name, record in ag.primitives().items():
        if record.arity != 1:
            continue
        f = lambda x, r=record: r(x) * 1.0  # noqa: E731
        points = [row[0] for row in good(ag.value_and_grad(f), good(f, [[x] for x in STRANGE]))]
        for shift in range(0, len(points), 1 if thorough else 5):
            turned = points[shift:] + points[:shift]
            assert described(ag.vmap(f)(turned)) == described([f(x) for x in turned]), name
            assert described(ag.vmap(ag.grad(f))(turned)) == described([ag.grad(f)(x) for x in turned]), name


def test_every_pair_of_strange_numbers(thorough: bool) -> None:
    """Each primitive of two operands at all pairs of strange numbers: values and gradients of each lane are eager's."""
    pairs = [[a, b] for a in STRANGE for b in STRANGE]
    rng = random.Random(24)
    for name, record in ag.primitives().items():
        if record.arity != 2:
            continue
        for f in (lambda x, y, r=record: r(x, y), lambda x, y, r=record: r(y, x) * x):
            g = ag.value_and_grad(f, (0, 1))
            rows = pairs if thorough else rng.sample(pairs, 60)
            try:
                rows = good(g, good(f, rows))
            except TypeError:
                continue
            rows = [row for row in rows if outcome(lambda row=row, f=f: f(*map(ag.Value, row)))[0] != "raises"]
            if rows:
                xs, ys = columns(rows, 2)
                values, gradients = ag.vmap(g)(xs, ys)
                eager = [g(*row) for row in rows]
                assert described(values) == described([v for v, _ in eager]), name
                assert described(gradients) == described(tuple(columns([d for _, d in eager], 2))), name


SERIES = {
    "dot": lambda a, b, c: ag.dot([a, b, c, a, 1.5], [c, a, a, b, b]), "sum": lambda a, b, c: ag.sum([a, b, c, a, 1e-30]),
    "mean": lambda a, b, c: ag.mean([a, b, c]), "prod": lambda a, b, c: ag.prod([a, b, c, a]),
    "norm": lambda a, b, c: ag.norm([a, b, c]),
    "max": lambda a, b, c: ag.max([a, b, c, a]), "min": lambda a, b, c: ag.min([a, b, c, 0.0]),
    "var": lambda a, b, c: ag.var([a, b, c]),
    "std": lambda a, b, c: ag.std([a, b, c, 1.0]), "logsumexp": lambda a, b, c: ag.logsumexp([a, b, c, b]),
    "softmax": lambda a, b, c: ag.dot(ag.softmax([a, b, c]), [a, 1.0, c]),
    "log_softmax": lambda a, b, c: ag.log_softmax([a, b, c, 0.0])[2],
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
def test_series_in_lanes(name: str, thorough: bool) -> None:
    """Nodes of many operands: numbers that cancel, ties of rounding, subnormals, infinities, of very different sizes."""
    rng = random.Random(25)
    f = SERIES[name]
    g = ag.value_and_grad(f, (0, 1, 2))

    def number() -> float:
        kind = rng.randrange(6)
        if kind == 0:
            return rng.choice(STRANGE)
        if kind == 1:
            return float(rng.randint(-4, 4)) * 2.0 ** rng.randint(-60, 60)
        if kind == 2:
            return rng.choice([1.0, -1.0]) * (1.0 + rng.randint(0, 3) * 2.0**-52)
        if kind == 3:
            return rng.gauss(0, 1) * 10.0 ** rng.randint(-320, 150)
        return rng.gauss(0, 1)

    for _ in range(400 if thorough else 30):
        rows = [[number() for _ in range(3)] for _ in range(rng.choice(COUNTS))]
        rows += [[x, -x, rng.choice([x, 2.0**-53 * x, 0.0])] for x in (number() for _ in range(4))]
        rows = good(g, good(f, rows))
        if rows:
            many = columns(rows, 3)
            assert described(ag.vmap(f)(*many)) == described([f(*row) for row in rows]), rows
            values, gradients = ag.vmap(g)(*many)
            eager = [g(*row) for row in rows]
            assert described(values) == described([v for v, _ in eager]), rows
            assert described(gradients) == described(tuple(columns([d for _, d in eager], 3))), rows


def test_a_long_dot_in_lanes(Value: Any) -> None:
    """Dots of 1 to 200 operands whose terms cancel to the last bit, over samples: values and gradients are eager's."""
    rng = random.Random(26)
    for length in (1, 2, 3, 7, 16, 64, 200):
        ws = [Value(rng.gauss(0, 1) * 10.0 ** rng.randint(-8, 8)) for _ in range(length)]

        def f(xs: Any, ws: Any = ws) -> Any:
            return ag.dot(ws, xs)

        X = [[rng.gauss(0, 1) * 10.0 ** rng.randint(-8, 8) for _ in range(length)] for _ in range(9)]
        for i in range(0, length - 1, 2):
            X[0][i + 1] = -ws[i].data * X[0][i] / ws[i + 1].data  # the pairs cancel
        eager = ag.mean([f(x) for x in X])
        expected = gradients_of(eager, ws)
        assert gradients_of(ag.vmap(f, reduce="mean")(X), ws) == expected
        plain = ag.vmap(f)(X)
        assert [bits(y.data) for y in plain] == [bits(f(x).data) for x in X]


# ---- in_axes, kinds of input, errors -----------------------------------------------------------------


def net(p: Any, x: Any) -> Any:
    """A small net of plain numbers."""
    hidden = [ag.tanh(ag.dot(row, x)) for row in p["w"]]
    return ag.dot(p["v"], hidden)


P = {"w": [[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]], "v": [1.0, -1.0, 0.5]}
X = [[0.1 * i - 1, math.sin(i)] for i in range(19)]


def test_in_axes() -> None:
    """in_axes says which arguments are mapped, as in JAX: 0 or None for each, and None holds for a whole dict."""
    eager = [net(P, x) for x in X]
    assert described(ag.vmap(net, in_axes=(None, 0))(P, X)) == described(eager)
    gradients = ag.vmap(ag.grad(net), in_axes=(None, 0))(P, X)
    rows = [ag.grad(net)(P, x) for x in X]
    assert described(gradients["v"]) == described([row["v"] for row in rows]) or described(gradients["v"]) == described(
        [[row["v"][i] for row in rows] for i in range(3)]
    )


def test_kinds_of_input() -> None:
    """Lists, NumPy arrays, array.array and memoryviews in; the same kind out, with the same bits."""
    f = lambda x: ag.sin(x) * x  # noqa: E731
    xs = [0.1 * i for i in range(11)]
    eager = [f(x) for x in xs]
    assert described(ag.vmap(f)(xs)) == described(eager)
    found = ag.vmap(f)(np.array(xs))
    assert isinstance(found, np.ndarray)
    assert (found.shape, found.dtype) == ((11,), np.dtype(float))
    assert described(found.tolist()) == described(eager)
    assert described(ag.vmap(f)(np.array(xs)[::2]).tolist()) == described(eager[::2])
    assert described(list(ag.vmap(f)(array.array("d", xs)))) == described(eager)
    assert described(list(ag.vmap(f)(memoryview(array.array("d", xs))))) == described(eager)
    table = np.array(X)
    rows = ag.vmap(net, in_axes=(None, 0))(P, table)
    assert described(rows.tolist()) == described([net(P, x) for x in X])
    assert described(ag.vmap(net, in_axes=(None, 0))(P, np.asfortranarray(table)).tolist()) == described(rows.tolist())
    assert described(ag.vmap(f)(np.array(xs, dtype=np.float32)).tolist()) == described([f(float(np.float32(x))) for x in xs])
    assert described(ag.vmap(f)(np.arange(4)).tolist()) == described([f(float(x)) for x in range(4)])


def test_values_in(Value: Any) -> None:
    """Values in: their gradients are eager's, also where one Value occurs several times."""
    x = Value(0.5)
    xs = [Value(0.1 * i) for i in range(7)] + [x, x]
    f = lambda x: ag.sin(x) * x  # noqa: E731
    both = []
    for ys in ([f(v) for v in xs], ag.vmap(f)(xs)):
        for v in xs:
            v.grad = None
        ag.sum(ys).backward()
        both.append([bits(v.grad) for v in xs])
        both[-1] += [bits(y.data) for y in ys]
    assert both[0] == both[1]


def test_no_points_and_wrong_lengths() -> None:
    """Lengths that differ, an axis that isn't there: an error, which says what is wrong."""
    f = lambda x, y: x * y  # noqa: E731
    with pytest.raises((ValueError, TypeError)):
        ag.vmap(f)([1.0, 2.0], [1.0])
    with pytest.raises((ValueError, TypeError)):
        ag.vmap(f)(1.0, [1.0])
    with pytest.raises((ValueError, TypeError)):
        ag.vmap(f, in_axes=(0,))([1.0], [1.0])
    with pytest.raises((ValueError, TypeError)):
        ag.vmap(f, reduce="median")
    with pytest.raises(TypeError):
        ag.vmap(3)  # type: ignore[arg-type]


def test_the_error_of_one_point() -> None:
    """Where one point raises, vmap raises the function's error, and its text says which point it was."""
    f = lambda x: ag.log(x) + ag.sqrt(x)  # noqa: E731
    points = [0.5 + i for i in range(20)]
    for bad, number in ((3, -1.0), (0, 0.0), (19, -0.5)):
        xs = list(points)
        xs[bad] = number
        with pytest.raises(ValueError, match="cannot compute log") as raised:
            ag.vmap(f)(xs)
        text = str(raised.value) + " ".join(getattr(raised.value, "__notes__", []))
        assert str(bad) in text
        with pytest.raises(ValueError, match="cannot compute log"):
            ag.vmap(ag.grad(f))(xs)
        with pytest.raises(ValueError, match="cannot compute log"):
            ag.vmap(f, reduce="mean")(xs)
    assert described(ag.vmap(f)(points)) == described([f(x) for x in points])


def test_compiled_and_mapped_functions_nest() -> None:
    """vmap of compile, compile of vmap, vmap of vmap and of hessian: each has the bits of plain loops."""
    f = lambda x, y: ag.sin(x * y) if x > 0 else x * y  # noqa: E731
    xs, ys = [0.3 * i - 1 for i in range(9)], [0.1 * i for i in range(9)]
    eager = [f(x, y) for x, y in zip(xs, ys, strict=True)]
    for _ in range(3):
        assert described(ag.vmap(ag.compile(f))(xs, ys)) == described(eager)
    compiled = ag.compile(ag.vmap(f))
    for _ in range(4):
        assert described(compiled(xs, ys)) == described(eager)
    outer = ag.vmap(ag.vmap(f, in_axes=(None, 0)), in_axes=(0, None))(xs, ys)
    assert described(outer) == described([[f(x, y) for y in ys] for x in xs])
    assert described(ag.vmap(ag.hessian(f))(xs, ys)) == described([ag.hessian(f)(x, y) for x, y in zip(xs, ys, strict=True)])
    total = lambda xs: ag.sum(ag.vmap(lambda x: ag.sin(x) * x)(xs))  # noqa: E731
    plain = lambda xs: ag.sum([ag.sin(x) * x for x in xs])  # noqa: E731
    assert described(ag.grad(total)(xs)) == described(ag.grad(plain)(xs))


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_change_no_bit(Value: Any, threads: int) -> None:
    """However many threads share the points, values and parameter gradients are those of one."""
    ws = [[Value(math.sin(3 * i + j)) for j in range(3)] for i in range(4)]
    flat = [w for row in ws for w in row]

    def loss(x: Any, y: Any) -> Any:
        hidden = [ag.relu(ag.dot(row, [*x, 1.0])) for row in ws]
        return (ag.tanh(ag.sum(hidden)) - y) ** 2

    X = [[math.cos(i), math.sin(7 * i)] for i in range(301)]
    y = [math.sin(i) for i in range(301)]
    expected = gradients_of(ag.mean([loss(a, b) for a, b in zip(X, y, strict=True)]), flat)
    mapped = ag.vmap(loss, reduce="mean", threads=threads)
    for _ in range(3):
        assert gradients_of(mapped(X, y), flat) == expected


def test_mapped_functions_in_threads() -> None:
    """One mapped function called by four threads at once."""
    f = ag.vmap(lambda x, y: ag.exp(-x * x) * y if x > 0 else x * y)
    xs, ys = [0.01 * i - 2 for i in range(500)], [math.sin(i) for i in range(500)]
    expected = described(f(xs, ys))
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.extend(described(f(xs, ys)) == expected for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


def test_ways_of_the_same_code_are_one(Value: Any) -> None:
    """Points that differ in what guards find, and not in what is computed, are added up as one batch: bits as one by one."""
    w = [Value(0.3), Value(-1.2)]

    def loss(x: Any, label: Any) -> Any:
        if label not in (-1.0, 1.0):
            raise ValueError("a label")
        return ag.relu(1.0 - label * ag.dot(w, [x, x * x]))

    rng = random.Random(7)
    mapped = ag.vmap(loss, reduce="mean")
    for _ in range(4):
        xs, labels = [rng.gauss(0, 1) for _ in range(30)], [rng.choice([-1.0, 1.0]) for _ in range(30)]
        found, expected = mapped(xs, labels), ag.mean([loss(x, y) for x, y in zip(xs, labels, strict=True)])
        assert gradients_of(found, w) == gradients_of(expected, w)
    assert found.op is not ag.mean
    assert len(found.op._parts) == 1
    assert ag.gradients(found, w, create_graph=True)[0].data == pytest.approx(ag.gradients(expected, w[0]))
    labels[3] = 0.5
    with pytest.raises(ValueError, match="a label"):
        mapped(xs, labels)


def test_what_came_before_makes_no_difference(Value: Any) -> None:
    """A call returns, or raises, what it would as the first one, whatever came before it in arrays, buffers or lists."""
    np = pytest.importorskip("numpy")
    w = [Value(0.3), Value(-1.2)]

    def loss(xs: Any, y: Any) -> Any:
        d = ag.dot(w, list(xs)[:2]) - y
        return d * d if d > 0.0 else -d

    def told(mapped: Any, args: Any) -> Any:
        for p in w:
            p.grad = None
        try:
            result = mapped(*args)
        except (TypeError, ValueError) as error:
            return type(error), str(error)
        result.backward()
        return [bits(x) for x in (result.data, *[p.grad for p in w])]

    x, y = np.arange(12.0).reshape(6, 2) - 5.0, np.arange(6.0)
    flat, targets = memoryview(array.array("d", x.ravel().tolist())), array.array("d", y.tolist())
    calls = [
        (x, y), (x[:4], y[:4]), (x[::2], y[::2]), (np.asfortranarray(x), y), (x.astype("f4"), y), (x.astype(">f8"), y),
        (x, y[:5]), (x[:5], y), (x[:0], y[:0]), (x,), (x, y, y), (x[:, 0], y), (np.hstack([x, x]), y), (np.array(3.0), y),
        (x.astype(int), y), (x.tolist(), y.tolist()), (x.tolist(), y), (flat.cast("B").cast("d", (6, 2)), targets),
        (flat.cast("B").cast("d", (6, 2))[::-1], targets), (flat[:6], targets), (-x, y), (x, 2.0), (np.zeros((6, 0)), y),
    ]  # fmt: skip
    for before in (calls[0], calls[15], calls[17]):
        mapped = ag.vmap(loss, reduce="mean")
        for args in calls:
            for _ in range(2):
                mapped(*before)
            assert told(mapped, args) == told(ag.vmap(loss, reduce="mean"), args), args


def test_added_up_without_a_node(Value: Any) -> None:
    """`added` gives the number and the gradients of `vmap(f, reduce="mean")`; at once where its programs hold, else nothing."""
    w = [Value(0.3), Value(-1.2)]

    def loss(xs: Any, y: Any) -> Any:
        d = ag.dot(w, xs) - y
        return d * d if d > 0.0 else -d

    def rows(count: int, sign: float) -> list[Any]:
        numbers = array.array("d", [sign * (i + 1) for i in range(2 * count)])
        return [memoryview(numbers).cast("B").cast("d", (count, 2)), memoryview(array.array("d", [0.0] * count))]

    run = added(loss)
    assert run.at_once(rows(3, -1.0)) is None
    for _ in range(3):
        run(tuple(rows(5, -1.0)), {})
    for args in (rows(5, -1.0), rows(9, -0.5)):
        found, node = run.at_once(args), ag.vmap(loss, reduce="mean")(*args)
        assert isinstance(found, Added)
        assert gradients_of(found, w) == gradients_of(node, w)
    assert run.at_once(rows(5, 1.0)) is None
    assert run.at_once([*rows(5, 1.0), memoryview(b"")]) is None
    with ag.detect_anomaly():
        assert run.at_once(rows(5, -1.0)) is None
    other = added(lambda xs, y: xs[0] * float(y))
    with pytest.warns(ag.EagerWarning):  # noqa: PT031  # which of the calls warns doesn't matter
        for _ in range(3):
            other(tuple(rows(5, -1.0)), {})
    assert other.at_once(rows(5, -1.0)) is None
