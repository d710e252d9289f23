"""`compile`: no result differs from that of the function itself, whatever the function does."""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import random
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import (
    EagerWarning,
    Value,
    backward,
    compile as compiled,
    detect_anomaly,
    exp,
    grad,
    gradients,
    group,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    no_grad,
    record_sources,
    relu,
    softmax,
    stop_gradient,
    tanh,
    tree,
    value_and_grad,
    vjp,
    where,
)  # fmt: skip
from autograd.program import bits
from autograd.recording import COMPENSATED, draw

Function = Callable[..., Any]


def shown(x: Any) -> Any:
    """A result with its types and bits, nodes by their number and the class."""
    if isinstance(x, Value):
        return "Value", bits(x.data), x.is_leaf
    if isinstance(x, float):
        return type(x).__name__, bits(x)
    return (type(x).__name__, x) if tree.is_leaf(x) else repr(tree.map(shown, x))


def outcome(f: Function, *args: Any, **named: Any) -> Any:
    """What a call comes to: its result, or the error and its words."""
    try:
        return shown(f(*args, **named))
    except Exception as error:
        return type(error), str(error)


def agree(f: Function, calls: list[tuple[Any, ...]], fast: Any = None) -> Any:
    """Make calls of a function and of the compiled one in turn, and compare what they come to."""
    fast = fast or compiled(f)
    for args in calls:
        assert outcome(fast, *args) == outcome(f, *args), args
    return fast


def points(n: int, seed: int = 0) -> list[tuple[float, float]]:
    """Pairs of numbers."""
    rng = random.Random(seed)
    return [(rng.uniform(-3.0, 3.0), rng.uniform(-3.0, 3.0)) for _ in range(n)]


# ---- floats ------------------------------------------------------------------------------------------


def branches(x: Any, y: Any) -> Any:
    """Four ways."""
    if x < y:
        return x * y if x > 0.0 else exp(x) - y
    return tanh(x) if y else x


def converges(x: Any, y: Any) -> Any:
    """Newton's root of t**2 = 2 + y**2, from a start that depends on x, until it no longer moves."""
    t, before, steps = 1.5 + 0.01 * x, 0.0 * x, 0
    while abs(t - before) > 1e-9 and steps < 3:
        t, before, steps = t - (t * t - (2.0 + y * y)) / (2.0 * t), t, steps + 1
    return t


def in_order(x: Any, y: Any) -> Any:
    """The largest of three times the smallest, plus the middle."""
    a, b, c = sorted([x, y, x * y])
    return c * a + b


def rounded(x: Any, y: Any) -> Any:
    """All that rounds."""
    return (
        x * autograd.floor(y) + autograd.sign(x) + autograd.round(y, 1) + y // 2.0 + 7.0 // (abs(x) + 1.0) + autograd.trunc(y)
    )


@pytest.mark.parametrize("f", [branches, converges, in_order, lambda x, y: abs(x) * max(x, y, 0.5) + min(x, y)])
def test_floats_take_the_same_ways(f: Function) -> None:
    """Branches, loops to convergence and sorting give the bits of the function itself, in 200 calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EagerWarning)  # where there are more than eight ways
        agree(f, points(200))


def test_rounding_is_guarded() -> None:
    """Rounded numbers are checked again at each replay."""
    near = [(1.25 + 0.001 * i, 1.2 + 0.002 * i) for i in range(40)] + [(-2.0, 0.75), (-2.5, 0.6), (1.26, 1.21)] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EagerWarning)
        fast = agree(rounded, near)
    calls = [0]

    def counted(x: float) -> Any:
        calls[0] += 1
        return x * autograd.floor(x)

    del fast
    fast = agree(counted, [(1.5,), (1.25,), (1.75,), (2.5,), (2.25,), (2.75,), (1.1,)])
    assert calls[0] == 7 + 4  # two recordings of each way
    assert len(fast.programs) == 2


def test_whole_numbers_are_ints_as_of_floats() -> None:
    """round() and math.floor() of a float argument give ints, which may be indices; that of a Value stays a float."""
    agree(lambda x: ["a", "b", "c", "d"][math.floor(x)], [(1.5,), (1.25,), (1.75,), (3.0,), (4.5,)])
    agree(lambda x: (round(x), math.ceil(x), math.trunc(x), round(x, 1), x // 1.0), [(1.52,), (1.54,), (1.53,), (-5e-324,)])
    agree(lambda x: round(x), [(Value(1.5),), (Value(1.5),), (Value(1.6),)])
    agree(lambda x: math.floor(x), [(1.5,), (1.5,), (1.6,), (math.inf,), (math.nan,)])


def test_floats_in_floats_out() -> None:
    """A result is a float, a plain constant, an argument or a container of these, as the function returns it."""
    calls = [(1.0, 2.0), (3.0, 4.0), (-1.0, 0.5), (2.0, 2.0), (0.0, -0.0)]
    agree(lambda x, y: x, calls)
    agree(lambda x, y: 2.5, calls)
    agree(lambda x, y: {"a": [x + y, None, "text", 3, True], "b": (x * y, x)}, calls)
    agree(lambda x, y: [], calls)
    agree(lambda x, y: (z := x * y, z), calls)
    agree(lambda x, y: x > y, calls)
    made = compiled(lambda x, y: [Value(2.0), Value(3.0) * y + x, y * y])  # a Value that the function makes is Value to the end
    for x, y in calls:
        a, b, c = made(x, y)
        assert (a.data, b.data, c) == (2.0, 3.0 * y + x, y * y)
    one = compiled(lambda x: (x * x,) * 2)
    for _ in range(4):
        a, b = one(Value(3.0))
        assert a is b


def test_arguments_of_all_kinds() -> None:
    """Containers, names, ints, text and None go along; ints and text are constants of their own."""

    def f(p: Any, n: int = 1, kind: str = "", *, scale: Any = 2.0) -> Any:
        total = p["b"]
        for _ in range(n):
            total = total + p["w"][0] * p["w"][1] * scale
        return total if kind else -total

    fast = compiled(f)
    for i in range(4):
        p = {"w": [1.0 + i, 2.0], "b": 0.5}
        for named in ({}, {"n": 2}, {"n": 3, "kind": "x"}, {"scale": 0.1 * i}, {"n": True}, {"kind": None}):
            assert outcome(fast, p, **named) == outcome(f, p, **named)
    assert fast.__name__ == "f"
    assert fast.__wrapped__ is f


def test_errors_are_the_same() -> None:
    """What raises, raises the same words, in recorded and in replayed calls; so does what would be complex."""
    calls = [(1.0, 2.0), (1.5, 2.0), (0.5, 2.0), (0.0, 2.0), (-1.0, 2.0), (1e308, 10.0), (1.0, 0.0), (800.0, 1.0), (0.5, 3.0)]
    for f in (
        lambda x, y: x / y,
        lambda x, y: log(x) * y,
        lambda x, y: exp(x) + y,
        lambda x, y: x**0.5,
        lambda x, y: x ** (y - 2.5),
        lambda x, y: (log(x), y * y)[1],
        lambda x, y: x * "no",
        lambda x, y: x.nothing,
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EagerWarning)
            agree(f, calls)
            agree(f, [(Value(x), Value(y)) for x, y in calls])
            agree(grad(f, (0, 1)), calls, grad(compiled(f), (0, 1)))


def test_dead_code_can_raise() -> None:
    """What no result needs is computed again if it can raise, and the function's own error comes."""

    def f(x: Any) -> Any:
        log(x)
        return x * x

    agree(f, [(1.0,), (2.0,), (3.0,), (-1.0,), (0.0,), (2.0,)])


def test_caught_errors_are_not_recorded() -> None:
    """A function that catches the error of an operation goes on in a way that no guard could tell: it is called as ever."""

    def f(x: Any) -> Any:
        try:
            return 1.0 / x
        except ZeroDivisionError:
            return 0.0

    with pytest.warns(EagerWarning, match="raises an error at .*; to go on after it, ask with if before$"):
        fast = agree(f, [(0.0,), (0.0,), (2.0,), (0.0,), (4.0,)])
    agree(f, [(2.0,), (4.0,)], fast)
    with pytest.warns(EagerWarning, match="raises an error"):
        agree(f, [(2.0,), (4.0,), (0.0,), (1.0,), (0.0,)])


def test_what_only_floats_can_do_is_done_by_the_function() -> None:
    """math.exp refuses Values; the function is called as ever, and one warning says so."""
    with pytest.warns(EagerWarning, match=r"float\(\) of a Value, .*\.py:\d+; write autograd.exp\(x\) and ") as caught:
        agree(lambda x: math.exp(x), [(1.0,), (2.0,), (3.0,)])
    assert len(caught) == 1
    with pytest.warns(EagerWarning, match="in the place of floats it raises KeyError"):
        agree(lambda x: {1.0: 3.0, 2.0: 4.0}[x], [(1.0,), (2.0,), (1.0,)])


def test_text_of_a_number() -> None:
    """A number as text is the function's own; with a format it is guarded."""
    with pytest.warns(EagerWarning, match="as text"):
        agree(lambda x: f"{x}", [(1.0,), (2.0,), (2.0,)])
    agree(lambda x: f"{x:.1f}", [(1.0,), (1.0,), (1.0,)])


def test_builtin_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sum() adds floats with compensation, as from Python 3.12 on, the function is called as ever."""
    if not COMPENSATED:
        agree(lambda x, y: sum([x, y, 0.5]), [(0.1, 0.2), (0.3, 0.4), (1e100, 1.0)])
    monkeypatch.setattr("autograd.recording.COMPENSATED", True)
    with pytest.warns(EagerWarning, match=r"autograd\.sum"):
        agree(lambda x, y: sum([x, y]), [(0.1, 0.2)])
    fast = agree(lambda x, y: autograd.sum([x, y]), [(0.1, 0.2)] * 3)
    assert fast.programs
    assert agree(lambda x, y: x * y, [(0.1, 0.2)] * 3).programs
    x = Value(1.0)
    with pytest.warns(EagerWarning, match=r"autograd\.sum"):
        agree(lambda x, y: sum([x, y]), [(x, 0.2)])
    assert agree(lambda x: sum([x, x]), [(x,)] * 3).programs
    with pytest.warns(EagerWarning, match=r"autograd\.sum"):
        grad(compiled(lambda x, y: sum([x, y])))(1.0, 2.0)


# ---- what changes outside ------------------------------------------------------------------------------


def test_leaks_are_caught() -> None:
    """Random numbers, counters and attributes that change between the first two calls: the function is called as ever."""

    class Box:
        number = 0.0

    def drift(x: Any) -> Any:
        Box.number += 1.0
        return x * Box.number

    source = random.Random(1)
    for leak in (lambda x: x * source.random(), drift):
        fast = compiled(leak)
        found = [fast(2.0)]
        with pytest.warns(EagerWarning, match="two recordings of it differ: .*; pass it as an argument$"):
            found.append(fast(2.0))
        found += [fast(2.0) for _ in range(4)]
        if leak is drift:
            assert found == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
        else:
            rng = random.Random(1)
            assert found == [2.0 * rng.random() for _ in range(6)]


RATE = 0.5


def test_variables_bound_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed-over or global variable that is bound to something else is seen at the next call; too often, and it is eager."""
    w, rate = Value(2.0), 1.0

    def f(x: Any) -> Any:
        return x * w * RATE + rate

    fast = compiled(f)
    for i in range(4):
        agree(f, [(1.0,), (2.0,), (3.0,), (4.0,)], fast)
        w = Value(3.0 + i)
        agree(f, [(1.0,), (2.0,), (3.0,)], fast)
        rate = 5.0 + i
        agree(f, [(1.0,), (2.0,), (3.0,)], fast)
        monkeypatch.setitem(globals(), "RATE", 0.25 * i)
    rate = float(str(rate))  # an equal one is no change
    count = len(fast.programs)
    agree(f, [(1.0,), (2.0,)], fast)
    assert len(fast.programs) == count
    for i in range(8):
        rate = 10.0 + i
        agree(f, [(1.0,)], fast)
    rate = 0.0
    with pytest.warns(EagerWarning, match="change again and again"):
        agree(f, [(1.0,)], fast)
    agree(f, [(1.0,), (2.0,), (3.0,)], fast)
    assert fast.programs == []


def test_the_quick_way_sees_variables() -> None:
    """So does the engine's quick way of a call with floats alone, of values and of derivatives, where equal objects follow."""
    scale = 2.0

    def f(x: Any) -> Any:
        return x * x * scale

    fast = compiled(f)
    for transform in (lambda f: f, grad, value_and_grad, hessian):
        made, reference = transform(fast), transform(f)
        for scale in (2.0, 3.0, float("3"), 4.0):  # noqa: B007
            for x in (1.0, 2.0, 3.0, 4.0):
                assert made(x) == reference(x)


def test_an_empty_variable() -> None:
    """A variable that holds nothing yet is no trouble."""

    def f(x: Any) -> Any:
        return x * late if x > 2.0 else x

    agree(f, [(1.0,), (1.0,), (1.5,)])
    fast = compiled(f)
    fast(1.0)
    late = 3.0
    agree(f, [(1.0,), (3.0,), (3.0,), (4.0,)], fast)


# ---- Values --------------------------------------------------------------------------------------------


def backed(f: Function, values: list[Value], *args: Any) -> Any:
    """The value of a call and the gradients that a backward pass leaves in some leaves."""
    for v in values:
        v.grad = None
    out = f(*args)
    if isinstance(out, Value):
        out.backward()
    return shown(out), [(bits(v.grad), v.has_grad) for v in values]


def net(w: list[Any], x: Any) -> Any:
    """Two layers."""
    hidden = [relu(w[0] * x + w[1]), tanh(w[2] * x + w[3])]
    return (w[4] * hidden[0] + w[5] * hidden[1] - 1.0) ** 2


def test_values_give_one_node() -> None:
    """Values in, a Value out: one node of what it depends on, with the function's own gradients, from the first call on."""
    x, y, unused = Value(1.5, label="x"), Value(-0.5), Value(7.0)
    f = lambda x, y, u: exp(x * y) * x + y / x  # noqa: E731
    fast = compiled(f)
    for i in range(5):
        assert backed(fast, [x, y, unused], x, y, unused) == backed(f, [x, y, unused], x, y, unused)
        out = fast(x, y, unused)
        assert out.parents == (x, y)
        assert out.op.name == "compiled"
        x.data += 0.25 * i
    x.data = 0.0
    assert outcome(fast, x, y, unused) == outcome(f, x, y, unused)


def test_parameters_are_read_anew() -> None:
    """A training loop as micrograd writes it ends with the same bits, whether the loss is compiled or not."""
    data = [(0.1 * i, math.sin(0.1 * i)) for i in range(8)]

    def trained(make: Function) -> list[float]:
        rng = random.Random(3)
        w = [Value(rng.uniform(-1.0, 1.0)) for _ in range(6)]
        loss = make(lambda: sum([(net(w, x) - y) ** 2 for x, y in data]) / len(data))
        for _ in range(12):
            out = loss()
            for p in w:
                p.grad = 0.0
            out.backward()
            for p in w:
                p.data -= 0.1 * p.grad
        return [p.data for p in w] + [loss().data]

    assert trained(lambda f: f) == trained(compiled)


def test_the_same_value_twice() -> None:
    """One Value for two arguments, or for an argument and what the function closes over, has the function's own gradient."""
    w, u, v = Value(0.3), Value(0.7), Value(-1.1)
    f = lambda a, b: exp(a * w) * b + a * a * b * w + tanh(b) / (a * a + 1.0) + w * b  # noqa: E731
    orders = [(u, v), (u, u), (w, u), (u, w), (w, w), (v, v)]
    for first in orders:
        fast = compiled(f)
        for args in [first] * 3 + orders * 3:
            assert backed(fast, [w, u, v], *args) == backed(f, [w, u, v], *args), (first, args)


def test_variables_bound_anew_among_values() -> None:
    """A variable that is bound to another Value is seen where all arguments are Values, or where there are none."""
    w = Value(2.0)
    fast, step = compiled(lambda x, y: x * y + w), compiled(lambda: w * w if w > 0.0 else w)
    for i in range(6):
        for _ in range(4):
            x, y = Value(3.0), Value(4.0)
            assert (fast(x, y).data, fast(x, x).data, step().data) == (12.0 + w.data, 9.0 + w.data, w.data**2)
            with grad_inside():
                assert fast(x, y).parents == (x, y, w)
        w = Value(3.0 + i)
    w.data = -1.0
    assert step().data == -1.0


@contextlib.contextmanager
def grad_inside() -> Any:
    """A block in which a derivative runs a function."""
    with autograd.transforms.derivative_block():
        yield


def test_fresh_values_and_bound_ones() -> None:
    """A program that was recorded with one Value serves others once it is known that the function doesn't close over it."""
    w = Value(2.0)
    calls = [0]

    def f(x: Any) -> Any:
        calls[0] += 1
        return x * w

    fast = compiled(f)
    for x in [w, w, w, Value(3.0), Value(4.0), Value(5.0), Value(6.0), w, w]:
        calls[0] = 0
        assert fast(x).data == x.data * 2.0
    assert calls[0] == 0
    out = fast(x := Value(8.0))
    out.backward()
    assert (x.grad, w.grad) == (2.0, 8.0)


def test_outputs_that_are_arguments_or_captured() -> None:
    """What the function returns as it is comes back as it is."""
    x, w = Value(1.0), Value(2.0)
    fast = compiled(lambda x, t: (x, w, t, x * w, 3.0))
    for t in (1.0, 2.0, 3.0, 4.0):
        a, b, c, d, e = fast(x, t)
        assert a is x
        assert b is w
        assert c is t
        assert (d.data, e) == (2.0, 3.0)
    with pytest.warns(EagerWarning, match=r"returns a object at .*:\d+; return floats or Values, alone or in lists"):
        compiled(lambda x: object())(1.0)


def test_many_outputs() -> None:
    """Each output is a node of its own operands, with its own gradients."""
    a, b, c = Value(1.0), Value(2.0), Value(3.0)

    def f(a: Any, t: Any) -> Any:
        return {"p": a * b * t, "q": [b + t, softmax([a, b, c])], "r": t * 2.0}

    fast = compiled(f)
    for t in (1.0, 2.0, 3.0, 4.0):
        assert outcome(fast, a, t) == outcome(f, a, t)
        leaves, others = tree.leaves(fast(a, t)), tree.leaves(f(a, t))
        for x, y in zip(leaves, others, strict=True):
            if isinstance(x, Value):
                assert backed(lambda x=x: x, [a, b, c]) == backed(lambda y=y: y, [a, b, c])


def test_labels_of_results() -> None:
    """A result that the function labels has its label."""

    def f(x: Any) -> Any:
        y = x * x
        y.label = "square"
        return y

    fast = compiled(f)
    assert [fast(Value(2.0)).label for _ in range(4)] == ["square"] * 4


def test_modes(tmp_path: Any) -> None:
    """no_grad outside gives leaves; no_grad, detach and stop_gradient inside stop the gradient; groups mark the one node."""
    x, w = Value(2.0), Value(3.0)

    def f(x: Any) -> Any:
        with no_grad():
            scale = x * w
        return x * scale + x.detach() * w + stop_gradient(w * w) * x

    fast = compiled(f)
    for i in range(5):
        assert backed(fast, [x, w], x) == backed(f, [x, w], x)
        with no_grad():
            assert shown(fast(x)) == shown(f(x))
            assert fast(x).is_leaf
        with group("layer"):
            assert fast(x).groups == ("layer",)
        x.data += i
    for block in (detect_anomaly, record_sources):
        with block():
            assert len(autograd.topological_order(fast(x))) == len(autograd.topological_order(f(x)))
    with detect_anomaly(), pytest.raises(autograd.AnomalyError) as error:
        compiled(lambda x: (x * 1e300) * 1e300)(x)
    assert "1e+300" in str(error.value)
    with no_grad(), autograd.enable_grad():
        assert not fast(x).is_leaf
    inner = compiled(lambda x: autograd.enable_grad()(lambda: x * x)())
    for _ in range(4):
        with no_grad():
            assert not inner(x).is_leaf


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x, w: (x * w).backward(), "backward"), (lambda x, w: backward(x * w), "backward"),
        (lambda x, w: x * w.grad, "reads grad"), (lambda x, w: setattr(w, "grad", 0.0), "sets grad"),
        (lambda x, w: setattr(w, "data", 2.0), "sets the data"), (lambda x, w: x * w.has_grad, "has_grad"),
        (lambda x, w: (x * w).zero_grad(), "zero_grad"), (lambda x, w: (x * w).local_gradients(), "local gradients"),
        (lambda x, w: gradients(x * w, w), "derivative as a float"), (lambda x, w: repr(w), "as text"),
        (lambda x, w: copy.copy(w) * x, "copies"), (lambda x, w: grad(lambda t: t * w)(1.0), "derivative"),
    ],
)  # fmt: skip
def test_what_a_program_cannot_do(f: Function, words: str) -> None:
    """It is done by the function itself, with one warning that says what it was and where."""
    w = Value(2.0)
    with pytest.warns(EagerWarning, match=words) as caught:
        agree(lambda x: f(x, w), [(Value(3.0),)] * 4)
    assert len(caught) == 1
    assert ".py:" in str(caught[0].message)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agree(lambda x: f(x * w, w), [(3.0,)] * 4)


def test_a_recorded_run_is_the_run() -> None:
    """What a function does to a parameter happens once in each call, the recorded ones as well."""
    w, steps = Value(2.0), [0]

    def step(x: Any) -> Any:
        steps[0] += 1
        loss = (w * x - 1.0) ** 2
        loss.backward()
        w.data -= 0.1 * w.grad
        w.grad = 0.0
        return loss, x, x * 2.0, x

    fast, numbers = compiled(step), []
    with pytest.warns(EagerWarning, match=r"backward\(\) at .*:\d+; compile what computes the loss"):
        numbers.append(tree.map(shown, fast(1.5)))
    numbers += [tree.map(shown, fast(1.5)) for _ in range(3)]
    assert steps == [4]
    after, w.data = w.data, 2.0
    assert numbers == [tree.map(shown, step(1.5)) for _ in range(4)]
    assert w.data == after
    w.data = 2.0
    slope = grad(compiled(lambda x: x * x * w if x > 0.0 or w.grad else x))
    with pytest.warns(EagerWarning, match="grad"):
        assert slope(-1.0) == 1.0
    rows = jacobian(compiled(lambda x: [x * w.data, w.has_grad and x, 3.0 * x]))
    with pytest.warns(EagerWarning, match="has_grad"):
        assert rows(-1.0) == [2.0, 1.0, 3.0]


def test_derivatives_are_kept() -> None:
    """grad(fast), written anew for each call, replays as one that is kept does."""
    calls = [0]

    def f(x: Any) -> Any:
        calls[0] += 1
        return x * x

    fast = compiled(f)
    assert [grad(fast)(float(i)) for i in range(6)] == [2.0 * i for i in range(6)]
    assert calls[0] == 2
    assert grad(fast, [0]) is grad(fast, [0])
    assert grad(fast, 0) is not grad(fast, (0,))


def test_derivatives_inside_of_floats() -> None:
    """A derivative of an argument that is a float is the function's own; of a Value it is recorded."""
    f = lambda x: grad(lambda t: abs(t) * t + exp(t))(x) * x  # noqa: E731
    with pytest.warns(EagerWarning, match=r"derivative of its arguments at .*; compile what the transformation returns"):
        agree(f, [(1.0,), (-1.0,), (2.0,), (-2.0,)])
    fast = agree(f, [(Value(x),) for x in (1.0, -1.0, 2.0, -2.0, 1.5, -1.5, 2.5, -2.5)])
    assert len(fast.programs) == 2
    agree(grad(f), [(1.0,), (-1.0,), (2.0,), (-2.0,), (1.5,), (-1.5,)], grad(compiled(f)))


def test_too_many_ways() -> None:
    """A ninth way is one warning that names the lines; after it the function is called as ever, and is right."""
    f = lambda x: x * 2.0 if x == autograd.floor(x) else x  # noqa: E731
    with pytest.warns(EagerWarning, match="more than 8 ways") as caught:
        agree(f, [(float(i),) for i in range(12)])
    assert f"{__file__}:{f.__code__.co_firstlineno}" in str(caught[0].message)
    assert ".data" not in str(caught[0].message)
    assert len(caught) == 1
    w = Value(0.0)
    fast = compiled(lambda x: x if (2.0 * w).data > 3.0 else -x)

    def moved() -> list[float]:
        found = []
        for i in range(12):
            w.data = 0.25 * i
            found.append(fast(1.0))
        return found

    with pytest.warns(EagerWarning, match=r"more than 8 ways, .*; each number of \.data is a way of its own: return the Value"):
        assert moved() == [-1.0] * 7 + [1.0] * 5


def test_too_many_kinds_of_arguments() -> None:
    """So are 65 values of a constant."""
    with pytest.warns(EagerWarning, match="64 kinds of arguments"):
        fast = agree(lambda n: n * 2.0, [(i,) for i in range(70)])
    assert fast.program is None or len(fast.program) >= 0


def test_too_many_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that looks at numbers too often is called as ever."""
    monkeypatch.setattr("autograd.recording.MOST_GUARDS", 5)
    with pytest.warns(EagerWarning, match="more than 5 times"):
        agree(lambda x: [x > i for i in range(9)], [(1.0,), (2.0,)])


def test_arguments_that_no_program_knows() -> None:
    """Iterators and unhashable objects among the arguments: the function is called as ever, with a warning."""
    for argument, words in ((iter([1.0, 2.0]), "read once only; pass a list$"), ({1.0}, "is a set, .*; pass its numbers, ")):
        with pytest.warns(EagerWarning, match=words):
            assert compiled(lambda xs: len([*xs]))(argument) > 0


# ---- derivatives ---------------------------------------------------------------------------------------


def smooth(x: Any, y: Any) -> Any:
    """With a kink, powers and a quotient."""
    return relu(x) * y**3 + exp(x * y) / (1.0 + x * x) + where(x > y, x * y, log(1.0 + y * y))


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0), -1])
@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian])
def test_derivatives_of_compiled_functions(transform: Function, argnums: Any) -> None:
    """grad and its like of a compiled function, and the compiled grad, have the function's own bits."""
    for fast in (transform(compiled(smooth), argnums), compiled(transform(smooth, argnums))):
        agree(transform(smooth, argnums), points(12), fast)
        assert fast.program is not None
        assert len(fast.programs) >= 1
        assert fast.__name__ == transform(smooth).__name__
        assert "smooth" in repr(fast)


def test_derivatives_of_containers() -> None:
    """Lists, tuples, dicts and results of many numbers, with arguments that aren't differentiated."""
    f = lambda v, k: v[0] ** 2 * v[1] + v[1] * k + abs(v[0])  # noqa: E731
    g = lambda p, k=1.0: [p["w"][0] * p["b"] * k, {"c": p["b"] ** 2}, 2.0, p["w"][1]]  # noqa: E731
    fasts = {t: t(compiled(f)) for t in (grad, value_and_grad, hessian, jacobian)}
    many = {t: t(compiled(g)) for t in (jacobian,)}
    for a, b in points(8):
        for transform, fast in fasts.items():
            assert outcome(fast, [a, b], b) == outcome(transform(f), [a, b], b)
            assert outcome(fast, (a, b), b) == outcome(transform(f), (a, b), b)
            assert outcome(fast, [a, b], k=b) == outcome(transform(f), [a, b], k=b)
        for transform, fast in many.items():
            p = {"w": [a, 2], "b": b}
            assert outcome(fast, p) == outcome(transform(g), p)
            assert outcome(fast, p, a) == outcome(transform(g), p, a)


def test_derivatives_of_higher_order() -> None:
    """Third derivatives by grad of grad of grad, and Hessians of gradients, are the function's own."""
    f = lambda x: exp(x) * x**3 + relu(x) / (1.0 + x * x)  # noqa: E731
    calls = [(x,) for x, _ in points(10)]
    agree(grad(grad(grad(f))), calls, grad(grad(grad(compiled(f)))))
    agree(grad(grad(f)), calls, compiled(grad(grad(f))))
    agree(hessian(grad(f)), calls, hessian(grad(compiled(f))))


def test_derivatives_need_no_recording_of_their_own() -> None:
    """What was recorded of the function serves its derivatives, and what `grad` recorded serves `value_and_grad`."""
    calls = []

    def f(x: Any, y: Any, p: Any = 0.5) -> Any:
        calls.append(x)
        return autograd.sin(x * y) * p if x > y else [x / y, 1.0, y]

    fast = compiled(f)
    for x, y in ((1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0)):
        fast(x, y)
        fast(x, y, 0.25)
    assert len(calls) == 8  # two for each way and each number of arguments
    cases: list[tuple[Any, Any, tuple[Any, ...]]] = [
        (grad, 0, (2.0, 1.0)), (value_and_grad, (0, 1), (2.0, 1.0)), (jacobian, (0, 1), (1.0, 2.0)),
        (jacobian, 0, (2.0, 1.0)), (grad, (0,), (2.0, 1.0, 0.75)), (value_and_grad, [0, 1, 2], (4.0, 3.0, 2.0)),
    ]  # fmt: skip
    expected = [shown(transform(f, argnums)(*args)) for transform, argnums, args in cases]
    before = len(calls)
    for _ in range(3):
        assert [shown(transform(fast, argnums)(*args)) for transform, argnums, args in cases] == expected
    assert len(calls) == before
    other = compiled(f)
    for transform in (grad, value_and_grad, grad, value_and_grad):
        transform(other, (1, 0))(2.0, 1.0)
    assert len(calls) == before + 2


def test_derivatives_that_need_a_recording_of_their_own() -> None:
    """Another order of arguments, whole numbers, ints, constants, drawn numbers, and variables that changed."""
    scale, outside = 2.0, [3.0]

    def f(x: Any, y: Any) -> Any:
        return x * y * scale / y

    def g(x: Any, y: Any) -> Any:
        return autograd.floor(x) * y

    def whole(x: Any, y: Any) -> Any:
        return x * y * len(range(math.floor(x)))  # a float has an int for its floor, a Value hasn't

    once = compiled(lambda x: x * outside[0])
    once(2.0)
    outside[0] = 4.0
    assert [grad(once)(2.0) for _ in range(3)] == [4.0] * 3
    drawn = compiled(lambda x: x * draw(random.random))
    drawn(1.0), drawn(1.0)
    assert len({grad(drawn)(1.0) for _ in range(3)}) == 3
    for function in (f, g, whole, lambda x, y: 1, lambda x, y: x, lambda x, y: [x, y * x], lambda x, y: [1, x * y]):
        fast = compiled(function)
        for transform, argnums, args in (
            (grad, 1, (2.5, 3.0)), (jacobian, (1, 0), (2.5, 3.0)), (value_and_grad, 0, (2, 3.0)), (jacobian, (0, 1), (2.5, 3)),
        ):  # fmt: skip
            for scale in (2.0, 2.0, 3.0):  # noqa: B007
                fast(2.5, 3.0)
            scale = 4.0
            for _ in range(3):
                assert outcome(transform(fast, argnums), *args) == outcome(transform(function, argnums), *args)


def test_other_transformations_have_the_bits_of_the_function() -> None:
    """jvp, vjp, hvp, jacfwd and derivative of a compiled function have the function's own bits; programs/test_directions.py."""
    fast, one = compiled(smooth), compiled(lambda x: smooth(x, 2.0))
    for x, y in points(4):
        assert jvp(fast, (x, y), (1.0, 0.5)) == jvp(smooth, (x, y), (1.0, 0.5))
        assert hvp(fast, (x, y), (1.0, 0.5)) == hvp(smooth, (x, y), (1.0, 0.5))
        assert vjp(fast, x, y)[1](2.5) == vjp(smooth, x, y)[1](2.5)
        assert autograd.jacfwd(fast, (0, 1))(x, y) == autograd.jacfwd(smooth, (0, 1))(x, y)
        assert autograd.derivative(one, 2)(x) == autograd.derivative(one._function, 2)(x)
        assert grad(fast, 0, has_aux=False)(x, y) == grad(smooth)(x, y)
    assert grad(compiled(lambda x: (x * x, x)), has_aux=True)(3.0) == (6.0, 3.0)


def test_derivatives_with_create_graph() -> None:
    """The one node can be differentiated again and again, as the function's own nodes."""
    x, w = Value(0.7), Value(1.3)
    f = lambda x: tanh(x * w) * relu(x) + w**3 * x  # noqa: E731
    fast = compiled(f)
    for i in range(5):
        found = []
        for function in (f, fast):
            dx, dw = gradients(function(x), [x, w], create_graph=True)
            again = gradients(dx, [x, w], create_graph=True)
            third = gradients(again[1], [x, w])
            found.append([shown(v.data) for v in (dx, dw, *again)] + [shown(v) for v in third])
        assert found[0] == found[1]
        x.data = 0.7 - 0.4 * i


def test_derivatives_inside_derivatives() -> None:
    """A compiled function, or its gradient, inside of a function that is differentiated."""
    g = lambda t: exp(t) * t + abs(t)  # noqa: E731
    fast, slope = compiled(g), grad(compiled(g))
    for x, y in points(6):
        assert grad(lambda x, y: fast(x) * y)(x, y) == pytest.approx(grad(lambda x, y: g(x) * y)(x, y), rel=1e-15)
        assert grad(slope)(x) == grad(grad(g))(x)
        assert grad(lambda t: slope(t) * 1.0)(x) == pytest.approx(grad(grad(g))(x), rel=1e-14)
        assert grad(lambda t, y: t * slope(y))(x, y) == grad(g)(y)
    v = Value(0.5)
    assert shown(slope(v).data) == shown(grad(g)(v).data)


def test_values_among_the_arguments_of_a_derivative() -> None:
    """A Value among the arguments, or closed over, is a Value to the derivative as ever."""
    w = Value(3.0)
    f = lambda x, t: x * x * w * t  # noqa: E731
    fast = grad(compiled(f))
    for t in (1.0, 2.0, 3.0, 4.0):
        assert shown(fast(2.0, t)) == shown(grad(f)(2.0, t))
        assert shown(fast(2.0, Value(t)).data) == shown(grad(f)(2.0, Value(t)).data)
        w.data += 1.0


def test_no_derivative_where_nothing_is_differentiable() -> None:
    """A constant result has the derivative zero, in the shape of the argument; an argument itself has one."""
    for f in (lambda x: 2.0, lambda x: x, lambda x: autograd.floor(x)):
        for transform in (grad, value_and_grad, jacobian, hessian):
            agree(transform(f), [(1.5,), (1.25,), (1.75,), (2.5,)], transform(compiled(f)))


def test_wrong_arguments_of_derivatives() -> None:
    """Errors of the transformations have their own words."""
    for f, args in ((smooth, ("x", 1.0)), (smooth, (1.0,)), (lambda x: [x], (1.0,)), (smooth, ())):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EagerWarning)
            agree(grad(f), [args] * 4, grad(compiled(f)))
    with pytest.raises(TypeError, match="compile takes a function, got int"):
        compiled(3)


# ---- other things that can be called -------------------------------------------------------------------


def test_attributes_of_what_was_compiled() -> None:
    """An object's own are found on what was compiled of it; for those of programs the error says where they are."""

    class Line:
        def __init__(self) -> None:
            self.w = Value(2.0)

        def __call__(self, x: Any) -> Any:
            return self.w * x

        def parameters(self) -> list[Any]:
            return [self.w]

    line = Line()
    fast = compiled(line)
    assert fast.parameters() == [line.w]
    assert fast.w is line.w
    assert not hasattr(fast, "_w")
    with pytest.raises(AttributeError, match=r"^'Compiled' object has no attribute 'bias'$"):
        _ = fast.bias
    for name in ("source", "function", "to_jax", "to_torch", "guards"):
        with pytest.raises(AttributeError, match=rf"^'Compiled' object has no attribute '{name}'; write .program.{name},"):
            getattr(fast, name)
    again = copy.deepcopy(fast)
    assert (type(again), repr(again)) == (type(fast), repr(fast))
    assert again(3.0).data == 6.0
    assert again.w is not fast.w


def test_methods_and_objects() -> None:
    """A decorated method binds as a function does; objects that can be called, partial functions and built-in records work."""

    class Model:
        def __init__(self, w: float) -> None:
            self.w = Value(w)

        @compiled
        def loss(self, x: Any) -> Any:
            """The loss."""
            return (self.w * x - 1.0) ** 2

        def __call__(self, x: Any) -> Any:
            return self.w * x

    a, b = Model(2.0), Model(3.0)
    for _ in range(4):
        assert (a.loss(2.0).data, b.loss(2.0).data) == (9.0, 25.0)
        assert Model.loss(a, x=3.0).data == 25.0
    assert Model.loss.__doc__ == "The loss."
    bound = compiled(b.loss._function.__get__(b))
    assert [bound(2.0).data for _ in range(3)] == [25.0] * 3
    fast = compiled(a)
    assert [fast(x).data for x in (1.0, 2.0, 3.0, 4.0)] == [2.0, 4.0, 6.0, 8.0]
    assert fast.__name__ == "Model"
    assert compiled(fast) is fast
    agree(exp, [(1.0,), (2.0,), (3.0,), (1000.0,)])
    agree(max, [(1.0, 2.0), (3.0, 4.0), (2.0, 1.0), (5.0, 6.0)])  # which doesn't tell its signature
    import functools

    agree(functools.partial(smooth, 2.0), [(1.0,), (2.0,), (-3.0,)])


def test_compiled_inside_compiled() -> None:
    """It becomes part of the outer program, as if it weren't compiled."""
    inner = compiled(lambda x, y: x * y if x > 0.0 else y)
    outer = compiled(lambda x: inner(x, 2.0) + inner(x, 3.0))
    agree(outer._function, [(1.0,), (2.0,), (-1.0,), (-2.0,), (3.0,)], outer)
    assert len(outer.programs[0]) == 3
    gradient = grad(inner)
    agree(lambda x: gradient(x, 2.0), [(Value(1.0),), (Value(2.0),), (Value(3.0),)])


def test_subclasses_of_value() -> None:
    """A Value of a user's own class is an input as any other."""

    class Named(Value):
        pass

    x = Named(3.0)
    fast = compiled(lambda x: x * x)
    for _ in range(4):
        out = fast(x)
    out.backward()
    assert (out.data, x.grad) == (9.0, 6.0)


def test_threads() -> None:
    """Threads that call one compiled function at once get the function's own results."""
    fast, wrong = compiled(branches), []
    w = Value(2.0)
    node = compiled(lambda x: x * w if x > 0.0 else w)

    def work(seed: int) -> None:
        for x, y in points(150, seed):
            if fast(x, y) != branches(x, y) or node(x).data != (x * 2.0 if x > 0.0 else 2.0):
                wrong.append((x, y))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EagerWarning)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(fast.programs) == 3


def test_interrupted_recordings() -> None:
    """An interrupt while a function is recorded leaves no recorder on."""
    stop = [True]

    def f(x: Any) -> Any:
        if stop[0]:
            raise KeyboardInterrupt
        return x * x

    fast = compiled(f)
    with pytest.raises(KeyboardInterrupt):
        fast(1.0)
    assert autograd.modes.watching() is None
    stop[0] = False
    assert [fast(2.0) for _ in range(4)] == [4.0] * 4


def test_programs_pickle() -> None:
    """The program of a compiled function pickles, and its copy computes the same."""
    w = Value(2.0, label="w")
    fast = compiled(lambda x: tanh(x * w) if x > 0.0 else w)
    for x in (1.0, 2.0, 3.0):
        fast(x)
    program = pickle.loads(pickle.dumps(fast.program))
    assert program == fast.program
    tape = Value._engine.Tape(program, b"\1")
    assert tape.values([0.5]) == [tanh(1.0)]


# ---- numbers that a function draws ---------------------------------------------------------------------


@compiled
def by_name(x: Any) -> Any:
    """A function that is found by its name."""
    return x * x


def test_compiled_functions_pickle_and_copy() -> None:
    """By name, as functions do, or by the function that they were made of; derivatives by what they are derivatives of."""
    assert copy.copy(by_name) is by_name
    for fast, result in ((compiled(exp), 1.0), (grad(compiled(exp), 0), 1.0), (hessian(compiled(exp)), 1.0)):
        for other in (pickle.loads(pickle.dumps(fast)), copy.deepcopy(fast)):
            assert [other(0.0) for _ in range(4)] == [result] * 4
            assert other.__name__ == fast.__name__
            assert type(other) is type(fast)


def test_drawn_numbers_are_drawn_again() -> None:
    """What `draw` gives is drawn anew at each call, in order, and once only where another way has to be tried."""

    def make(rng: random.Random) -> Function:
        def f(x: Any) -> Any:
            a = draw(rng.random)
            if x > 0.0:
                return x * a * draw(rng.random)
            return x - a

        return f

    calls = [(x,) for x, _ in points(60)]
    reference = make(random.Random(5))
    for fast in (compiled(make(random.Random(5))),):
        assert [fast(*args) for args in calls] == [reference(*args) for args in calls]
    assert len(fast.programs) == 2
    reference, slope = grad(make(random.Random(6))), grad(compiled(make(random.Random(6))))
    assert [slope(*args) for args in calls] == [reference(*args) for args in calls]
    w = Value(3.0)
    rng, other = random.Random(7), random.Random(7)
    fast = compiled(lambda: w * draw(rng.random) + draw(rng.random))
    for _ in range(5):
        out = fast()
        assert out.data == 3.0 * (a := other.random()) + other.random()
        w.grad = 0.0
        out.backward()
        assert w.grad == a
    raising = compiled(lambda x: log(x) * draw(rng.random))
    for x in (1.0, 2.0, -1.0, 3.0):
        if x < 0.0:
            with pytest.raises(ValueError, match="log"):
                raising(x)
        else:
            assert raising(x) == log(x) * other.random()


# ---- rarer things ----------------------------------------------------------------------------------------


def test_arrays() -> None:
    """A NumPy array among the arguments is a constant, or what is differentiated; NumPy's floats compute in their own way."""
    np = pytest.importorskip("numpy")
    f = lambda v, c: autograd.dot(list(v), list(c)) + exp(v[0])  # noqa: E731
    data, fast, plain = np.array([2.0, 3.0]), grad(compiled(f)), compiled(f)
    for i in range(5):
        v = np.array([0.5 * i, -1.0])
        assert (fast(v, data) == grad(f)(v, data)).all()
        assert shown(plain([1.0, 2.0], data)) == shown(f([1.0, 2.0], data))
        assert type(plain(v, data)) is type(f(v, data))
        assert (hessian(fast._transform[1])(v, data) == hessian(f)(v, data)).all()
    data[0] = 7.0
    assert (fast(v, data) == grad(f)(v, data)).all()
    agree(lambda x: x * x, [(np.float64(1.5),)] * 4)
    objects = np.array([Value(1.0), Value(2.0)])
    assert plain(objects, data).data == f(objects, data).data
    made = compiled(lambda x: np.array([x, x * x]))
    for x in (1.0, 2.0, 3.0):
        assert made(x).tolist() == [x, x * x]
        assert made(x).dtype == float


def test_what_vmap_asks_for() -> None:
    """The programs of a key, the numbers of a call, and a recording by request."""
    calls = [0]

    def f(x: Any, n: int) -> Any:
        calls[0] += 1
        return [x * n, x] if x > 0.0 else [x, x]

    fast = compiled(f)
    entry = fast._entry((1.0, 2))
    assert entry.programs == []
    assert entry.numbers((3.0, 2)) == [3.0]
    assert len(entry.record((1.0, 2))) == 1
    assert entry.record((4.0, 2)) is entry.programs[0]
    assert entry.record((5.0, 2)) is entry.programs[0]
    assert len(entry.record((-5.0, 2))) == 0
    assert entry.layout.filled([1.0, 2.0]) == [1.0, 2.0]
    assert calls == [4]
    assert fast._entry((1.0, {2})) is None
    leaky = compiled(lambda x: x * (steps := next(count)))  # noqa: F841
    count = iter(range(9))
    entry = leaky._entry((1.0,))
    assert entry.record((1.0,)) is not None
    with pytest.warns(EagerWarning, match="differ"):
        assert entry.record((1.0,)) is None
    assert leaky._entry((1.0,)) is None


def test_backends() -> None:
    """An unknown backend is an error, and a function that is compiled in one way can be compiled in another."""
    with pytest.raises(ValueError, match="backend is 'c'"):
        compiled(exp, backend="fortran")
    fast = compiled(lambda x: x * x)
    assert compiled(fast, backend=None) is fast
    assert compiled(fast, backend="c") is not fast


@pytest.mark.parametrize("options", [{}, {"backend": None}, {"backend": "c"}])
def test_a_decorator_with_options(options: dict[str, Any]) -> None:
    """Without a function it makes a decorator, which does what it does with one."""

    @compiled(**options)
    def square(x: Any) -> Any:
        return x * x

    other = compiled(square.__wrapped__, **options)
    assert (type(square), square._backend, square.__name__) == (type(other), other._backend, other.__name__)
    with pytest.raises(TypeError, match="compile takes a function, got float"):
        compiled(**options)(3.0)
    with pytest.raises(ValueError, match="backend is 'c'"):
        compiled(backend="fortran")


def test_other_kinds_of_numbers() -> None:
    """Numbers that are no floats, in comparisons and results."""
    fractions = pytest.importorskip("fractions")
    third = fractions.Fraction(1, 3)
    with pytest.warns(EagerWarning, match="looks at a Fraction"):
        agree(lambda x: x if x < third else -x, [(0.25,), (1.0 / 3.0,), (0.5,)])
    agree(lambda x: x if x < fractions.Fraction(1, 2) else -x, [(0.25,), (0.3,), (0.5,), (0.5,)])
    agree(lambda x: x if x < 3 else -x, [(2.0,), (2.5,), (3.0,), (math.nan,)] * 3)
    agree(lambda x: x == "text" or x != None, [(2.0,), (2.5,), (3.0,)])  # noqa: E711
    with pytest.warns(EagerWarning, match="raises an error"):
        agree(lambda x: divided(x), [(1.0,), (2.0,), (0.0,)])


def divided(x: Any) -> Any:
    """A floor division that may raise, and be caught."""
    try:
        return 1.0 // x
    except ZeroDivisionError:
        return 0.0


def test_results_that_no_program_makes() -> None:
    """A result that contains itself, or holds what isn't a number, is the function's own."""

    def circle(x: Any) -> Any:
        found = [x]
        found.append(found)
        return found

    with pytest.warns(EagerWarning, match="contains itself"):
        assert compiled(circle)(1.0)[0] == 1.0
    with pytest.warns(EagerWarning, match="returns a object"):
        compiled(lambda x: [x, object()])(1.0)
    v = autograd.dual.Dual(1.0, 2.0, 3)
    with pytest.warns(EagerWarning, match="returns a Dual"):
        assert compiled(lambda x: v)(1.0) is v
    with pytest.warns(EagerWarning, match="returns a Dual"):
        assert jacobian(compiled(lambda x: [x, v]))(1.0) == jacobian(lambda x: [x, v])(1.0)


def test_partials_that_raise() -> None:
    """Where a local gradient can't be computed, the nodes are the function's own, and raise when backward comes by."""
    shy = autograd.primitive(lambda x: x * x, lambda z, x: {}[x], name="shy")
    x = Value(3.0)
    with pytest.warns(EagerWarning, match="can't be computed along with it"):
        out = compiled(shy)(x)
    assert out.data == 9.0
    with pytest.raises(KeyError):
        out.backward()
    agree(shy, [(1.0,), (2.0,), (3.0,)])
    picky = autograd.primitive(lambda x: x * x, lambda z, x: 2.0 * x if x < 2.0 else {}[x], name="picky")
    slope = grad(compiled(picky))
    agree(grad(picky), [(1.0,), (1.5,), (1.25,), (3.0,), (1.0,)] * 8, slope)


def test_large_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are too long to be written out, which the reference engine runs by a loop, have the same bits."""
    monkeypatch.setattr("autograd.replay.LONGEST", 50)

    def f(x: Any, y: Any) -> Any:
        z = x
        for i in range(60):
            z = z * 0.999 + y * 0.001 if i % 3 else tanh(z) + 0.1 * i / 60.0
        return z if z > -10.0 else log(z)

    agree(f, points(4), fast := compiled(f))
    agree(grad(f), points(4), grad(fast))
    agree(
        lambda x, y: jacobian(lambda a, b: [f(a, b), a], (0, 1))(x, y),
        points(3),
        jacobian(compiled(lambda a, b: [f(a, b), a]), (0, 1)),
    )
    w = Value(0.5)
    loss = compiled(lambda x: f(w, x) / (x - 1.0))
    agree(loss._function, [(2.0,), (3.0,), (4.0,), (1.0,), (5.0,)], loss)


def test_the_one_node_as_a_primitive() -> None:
    """The primitive of a compiled result computes and differentiates at other numbers, where its program holds."""
    w = Value(2.0)
    fast = compiled(lambda x, t: w * x * t if x > 0.0 else w)
    out = [fast(Value(3.0), 4.0) for _ in range(3)][-1]
    assert out.op.evaluate((5.0, 7.0), out.operands) == 5.0 * 4.0 * 7.0
    assert out.op.local_gradients(0.0, (5.0, 7.0)) == (28.0, 20.0)
    for go in (lambda: out.op.evaluate((-5.0, 7.0), out.operands), lambda: out.op.local_gradients(0.0, (-5.0, 7.0))):
        with pytest.raises(ValueError, match="another way"):
            go()
    assert "compiled(" in out.op.describe(out.operands)
    moved = jvp(lambda x: out.op.apply((x, 7.0)), (5.0,), (1.0,))
    assert moved == (140.0, 28.0)
    assert autograd.local_gradient_formulas(out) == ("", "")  # they can't be written down


def test_the_quick_way_of_lists() -> None:
    """Floats in one list go the quick way as well; what else is passed there is computed as ever."""
    w = Value(2.0)
    f = lambda v: v[0] * v[1] + exp(v[0]) if w > 0.0 else v[1]  # noqa: E731
    fast, slope, curve = compiled(f), grad(compiled(f)), hessian(compiled(lambda v: v[0] * v[1] ** 2 + exp(v[0])))
    for i in range(8):
        for v in ([0.5 * i, 2.0], (0.5 * i, 2.0), [i, 2.0], [0.5, 2]):
            assert outcome(fast, v) == outcome(f, v)
            assert outcome(slope, v) == outcome(grad(f), v)
            assert outcome(curve, v) == outcome(hessian(lambda v: v[0] * v[1] ** 2 + exp(v[0])), v)
        w.data = -w.data
    g = lambda x: x if w > 0.0 else -x  # noqa: E731
    fast = compiled(g)
    for i in range(12):
        agree(g, [(1.0,), (2.0,), (3,), (True,)], fast)
        w.data = -w.data if i % 4 == 3 else w.data


def test_a_tape_takes_as_many_numbers_as_it_has_inputs() -> None:
    """Any other count is an error, and a constant or another result in the second recording is a difference."""
    fast = compiled(lambda x: x * x)
    for x in (1.0, 2.0, 3.0):
        fast(x)
    tape = Value._engine.Tape(fast.program, b"\1")
    for _ in range(3):
        for compute in (tape.values, tape.sweep, tape.jacobian):
            with pytest.raises(ValueError, match="1 input"):
                compute([1.0, 2.0])
            compute([1.0])
    changing = iter([1, "a", 2.0, None])
    leaky = compiled(lambda x: [x, next(changing)])
    found = [leaky(1.0)[1]]
    with pytest.warns(EagerWarning, match="differ"):
        found.append(leaky(1.0)[1])
    assert [*found, leaky(1.0)[1], leaky(1.0)[1]] == [1, "a", 2.0, None]


def test_dual_numbers_and_series_ask_for_their_own_number() -> None:
    """Inside forward mode a comparison is a guard on the Value that the dual number or series is made of."""
    bend = lambda t: t * t * t if t > 0.0 else -t * (2.0 if autograd.floor(t) < -1.0 else 3.0)  # noqa: E731
    for f in (
        lambda x: jvp(bend, (x,), (1.0,))[1],
        lambda x: autograd.derivative(bend, 2)(x),
        lambda x: autograd.taylor(bend, x, 2)[1],
    ):
        agree(f, [(Value(x),) for x in (1.0, 2.0, -0.5, -1.5, 3.0, -0.25, -2.5, 1.5)])
        agree(grad(f), [(1.0,), (2.0,), (-0.5,), (-0.5,), (-1.5,), (3.0,)], grad(compiled(f)))


def test_leftovers_of_signals() -> None:
    """A recorder that an interrupt left among those that are on does no harm, and is gone after the next recording."""
    from autograd import modes
    from autograd.recording import Recorder

    stale = Recorder(Value._engine, [], [])
    modes.recorders.add(stale)
    assert [compiled(lambda x: x * x)(x) for x in (1.0, 2.0)] == [1.0, 4.0]
    assert stale not in modes.recorders


def test_another_thread_is_recording() -> None:
    """While one thread records, another one gets the function's own result and doesn't wait."""
    inside, go = threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            go.wait(10)
        return x * x

    fast = compiled(f)
    thread = threading.Thread(target=fast, args=(2.0,))
    thread.start()
    inside.wait(10)
    assert fast(3.0) == 9.0
    w = Value(2.0)
    assert (w < 3.0, bool(w), w.data, w.floor(), w // 1.0, round(w), w.detach().data) == (True, True, 2.0, 2.0, 2.0, 2.0, 2.0)
    go.set()
    thread.join()
    assert fast(4.0) == 16.0


def test_looks_that_need_no_guard() -> None:
    """Arguments of other kinds after Values, a refusal that a float shares, constants compared, and two recordings at once."""
    product = compiled(lambda x, y: x * y)
    for args in [(Value(2.0), Value(3.0))] * 3 + [(2.0, 3.0), (Value(2.0), 3.0)] * 4:
        out = product(*args)
        assert (out.data if isinstance(out, Value) else out) == 6.0

    def refused(x: Any) -> Any:
        try:
            return math.exp(x)
        except TypeError:
            return x * x

    fast = agree(refused, [(Value(x),) for x in (1.0, 2.0, 3.0)])
    assert len(fast.programs) == 1
    dual = autograd.dual.Dual(2.0, 1.0, 1)
    fast = agree(lambda x: x if dual > 1.0 else -x, [(1.0,), (2.0,), (3.0,)])
    assert fast.program.guards == ()
    inside, go = threading.Event(), threading.Event()

    def slow(x: Any) -> Any:
        inside.set()
        go.wait(10)
        return x * x

    thread = threading.Thread(target=compiled(slow), args=(2.0,))
    thread.start()
    inside.wait(10)
    assert [compiled(lambda x: x + 1.0)(x) for x in (1.0, 2.0)] == [2.0, 3.0]
    go.set()
    thread.join()
    asks = compiled(lambda x, w: x * 2.0 if w.has_grad else x)
    with pytest.warns(EagerWarning, match="has_grad") as caught:
        assert [asks(1.0, Value(1.0)), asks(Value(1.0), Value(1.0)).data] == [1.0, 1.0]  # two keys, one reason
    assert len(caught) == 1


def test_a_node_of_leaves_hands_its_gradients_on() -> None:
    """In one pass where all operands are leaves; where one is computed, or has gradients already, as any graph: same bits."""
    leaves = [Value(x) for x in (0.5, -0.0, math.inf, 3.0, 1e200)]

    def f(*xs: Any) -> Any:
        y = xs[0] * xs[3] - autograd.maximum(xs[1], xs[3]) * xs[4]
        return y / (xs[0] + 1.0)

    fast, closed = autograd.compile(f), autograd.compile(lambda: f(*leaves))
    inner = Value(2.0)
    for xs in (leaves, [*leaves[:4], inner * inner], [leaves[0], *leaves[:4]]):
        for run in (fast, closed if xs is leaves else fast):
            for _ in range(3):
                rows = []
                for g in (run, f):
                    for x in (*leaves, inner):
                        x.grad = None
                    leaves[3].grad = 0.25
                    (g() if g is closed else g(*xs)).backward()
                    rows.append([x.grad.hex() if x.has_grad else None for x in (*leaves[:2], *leaves[3:], inner)])
                assert rows[0] == rows[1]
