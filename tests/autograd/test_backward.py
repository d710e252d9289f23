"""The walk back: accumulation, order, size, and the modes."""

from __future__ import annotations

import copy
import math
import random
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import autograd as ag
from autograd.record import NaryPrimitive, Primitive

OPERATIONS = ["add", "multiply", "subtract", "maximum", "square", "tanh", "sin", "sigmoid", "hypot", "negative", "cos"]
programs = st.tuples(
    st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=14),
)


def run(instructions: list[tuple[str, int, int]], leaves: list[Any]) -> list[Any]:
    """Run instructions on numbers of any kind; operands are counted backwards, so that nodes are shared."""
    results = list(leaves)
    for name, i, j in instructions:
        operation = ag.primitives()[name]
        x, y = results[-1 - i % len(results)], results[-1 - j % len(results)]
        x = ag.tanh(x) if name in ("square", "multiply") else x
        results.append(operation(x) if operation.arity == 1 else operation(x, y))
    return results


@given(programs)
def test_values_are_those_of_floats(Value: Any, program: Any) -> None:
    """On any program the values equal the same program on plain floats, bit for bit, in either mode."""
    numbers, instructions = program
    plain = run(instructions, numbers)
    recorded = run(instructions, [Value(x) for x in numbers])
    assert [x.data.hex() for x in recorded[len(numbers) :]] == [x.hex() for x in plain[len(numbers) :]]
    value, _ = ag.jvp(lambda *xs: run(instructions, list(xs))[-1], tuple(numbers), (1.0,) * len(numbers))
    assert value.hex() == plain[-1].hex()


@given(programs)
def test_accumulation_is_exact_to_rounding(engine: Any, Value: Any, program: Any) -> None:
    """Every adjoint is the exact sum of upstream times local over its uses, within (m + 1) roundings."""
    numbers, instructions = program
    leaves = [Value(x) for x in numbers]
    root = run(instructions, leaves)[-1]
    root.backward()
    order = engine.topological_order(root)
    for node in order[:-1]:
        terms = [
            Fraction(user.grad) * Fraction(local)
            for user in order
            for parent, local in zip(user.parents, user.local_gradients(), strict=True)
            if parent is node
        ]
        bound = (len(terms) + 1) * Fraction(2) ** -53 * sum(map(abs, terms)) + Fraction(2) ** -1000
        assert abs(Fraction(node.grad) - sum(terms)) <= bound


@given(programs)
def test_forward_mode_equals_reverse_mode(engine: Any, Value: Any, program: Any) -> None:
    """Dual numbers give the gradient that the walk back gives, within the rounding of the sum over paths."""
    numbers, instructions = program
    leaves = [Value(x) for x in numbers]
    root = run(instructions, leaves)[-1]
    scale = dict.fromkeys(engine.topological_order(root), 0.0)
    scale[root] = 1.0
    for node in reversed(list(scale)):
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            scale[parent] += scale[node] * abs(local)
    found = engine.gradients(root, leaves)
    for i, x in enumerate(leaves):
        unit = tuple(float(i == j) for j in range(len(leaves)))
        _, tangent = ag.jvp(lambda *xs: run(instructions, list(xs))[-1], tuple(numbers), unit)
        assert abs(tangent - found[i]) <= 1e-13 * max(scale.get(x, 0.0), 1e-300)


@given(programs, st.integers(-20, 20))
def test_backward_is_linear(engine: Any, Value: Any, program: Any, k: int) -> None:
    """Two passes give exactly twice everywhere, and a seed of 2**k exactly 2**k times, unless digits underflow."""
    numbers, instructions = program
    leaves = [Value(x) for x in numbers]
    root = run(instructions, leaves)[-1]
    root.backward()
    once = [node.grad for node in engine.topological_order(root)]
    root.backward()
    assert [node.grad for node in engine.topological_order(root)] == [2 * g for g in once]
    root.zero_grad()
    assert not any(node.has_grad for node in engine.topological_order(root))
    root.backward(2.0**k)
    for node, g in zip(engine.topological_order(root), once, strict=True):
        assert node.grad == g * 2.0**k or abs(g) < 1e-290


def test_several_roots(engine: Any, Value: Any) -> None:
    """Several roots start one walk; a root that is named twice counts twice; a root may lie below another."""
    x = Value(2.0)
    a = x * x
    b = 3 * a
    engine.backward([a, b])
    assert (x.grad, a.grad, b.grad) == (16.0, 4.0, 1.0)
    x.grad = 0
    engine.backward([a, a], [1.0, 10.0])
    assert x.grad == 44.0
    y = Value(1.0)
    engine.backward(y * 2, 5)
    assert y.grad == 10.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda y, _: y.backward("1"), TypeError),
        (lambda y, _: y.backward(None), TypeError),
        (lambda y, engine: engine.backward([y], [1.0, 2.0]), ValueError),
        (lambda y, engine: engine.backward([y, 3.0]), TypeError),
        (lambda y, engine: engine.backward(3.0), TypeError),
        (lambda y, engine: engine.backward([y], ["a"]), TypeError),
        (lambda y, engine: engine.gradients(3.0, y), TypeError),
        (lambda y, engine: engine.gradients(y, 3.0), TypeError),
        (lambda y, engine: engine.topological_order(3.0), TypeError),
    ],
)
def test_bad_arguments_leave_the_gradients(engine: Any, Value: Any, call: Any, error: type[Exception]) -> None:
    """A bad argument raises before any gradient has changed."""
    x = Value(2.0)
    y = x * x
    y.backward()
    with pytest.raises(error):
        call(y, engine)
    assert (x.grad, y.grad) == (4.0, 1.0)


def test_gradients_leaves_grad_alone(engine: Any, Value: Any) -> None:
    """gradients() returns floats or Values, for one input or a list, 0 for an input that is not there."""
    x, y, other = Value(2.0), Value(3.0), Value(1.0)
    z = x * y
    assert engine.gradients(z, x) == 3.0
    assert engine.gradients(z, (x, y, z, other)) == [3.0, 2.0, 1.0, 0.0]
    again = engine.gradients(z, [x, other, z], create_graph=True)
    assert [type(g) for g in again] == [Value] * 3
    assert [g.data for g in again] == [3.0, 0.0, 1.0]
    assert not any(v.has_grad for v in (x, y, z))
    assert engine.gradients(engine.gradients(x**4, x, create_graph=True), x) == 48.0


def test_the_recorded_pass_counts(engine: Any, Value: Any) -> None:
    """After a leaf's data has changed the gradients are still those of the pass that was recorded."""
    x, y = Value(2.0), Value(5.0)
    z = x * y
    x.data = 100.0
    z.backward()
    assert (x.grad, y.grad) == (5.0, 2.0)
    with pytest.raises(RuntimeError, match="was changed after"):
        engine.gradients(z, [x, y], create_graph=True)
    w = Value(1.0)
    s = w.cos()
    w.data = -1.0
    with pytest.raises(RuntimeError, match="was changed after"):
        engine.gradients(s, w, create_graph=True)


def test_a_vanishing_upstream_gradient_keeps_its_own_derivative(engine: Any, Value: Any) -> None:
    """In x * y**2 at x = 0 the mixed second derivative is 2*y, although the first one in y is zero."""
    x, y = Value(0.0), Value(3.0)
    dy = engine.gradients(x * y**2, y, create_graph=True)
    assert dy.data == 0.0
    assert engine.gradients(dy, x) == 6.0


def test_a_chain_of_a_million(engine: Any, Value: Any, thorough: bool) -> None:
    """A chain of 1,000,000 (100,000 on the reference engine) builds, differentiates and is freed, without recursion."""
    x = Value(1.0)
    y = x
    for _ in range(1_000_000 if thorough or "_native" in engine.__name__ else 100_000):
        y = y + 1e-6
    y.backward()
    assert x.grad == 1.0
    del y
    assert x.grad == 1.0


def test_a_hundred_thousand_parents(Value: Any) -> None:
    """One node with 100,000 parents works, as a sum and as a product."""
    xs = [Value(1.0) for _ in range(100_000)]
    total = ag.sum(xs)
    total.backward()
    assert total.data == 100_000.0
    assert {x.grad for x in xs} == {1.0}
    assert ag.prod(xs).local_gradients() == (1.0,) * 100_000


def test_deep_diamonds(engine: Any, Value: Any) -> None:
    """Sixty doublings take linear time, and the gradient is 2**60."""
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60
    assert len(engine.topological_order(y)) == 61
    assert engine.gradients(engine.gradients(y * x, x, create_graph=True), x) == 2.0**61


@given(programs)
def test_topological_order(engine: Any, Value: Any, program: Any) -> None:
    """Every node once, parents before children, the root last; the order is the same every time."""
    numbers, instructions = program
    root = run(instructions, [Value(x) for x in numbers])[-1]
    order = engine.topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    assert all(place[parent] < place[node] for node in order for parent in node.parents)
    assert [id(x) for x in engine.topological_order(root)] == [id(x) for x in order]


def test_no_grad(Value: Any) -> None:
    """Inside no_grad() results are leaves, for every kind of operation; enable_grad() records again; errors restore."""
    x = Value(2.0)
    with ag.no_grad():
        assert all(y.is_leaf for y in (x * x, x + 1, x.exp(), ag.sum([x, x]), -x))
        with ag.enable_grad():
            assert not (x * x).is_leaf
        assert (x * x).is_leaf
    with pytest.raises(ZeroDivisionError), ag.no_grad():
        x / 0
    assert not (x * x).is_leaf

    @ag.no_grad()
    def step() -> Any:
        return x * x

    assert step().is_leaf
    assert step().data == 4.0


def test_modes_inside_each_other(Value: Any) -> None:
    """What no_grad() cuts off keeps its groups and its line, and is watched for nan all the same, for each kind of node."""
    x = Value(2.0)
    with ag.group("outside"), ag.no_grad():
        made = (x * x, x + 1, 1 - x, x.exp(), ag.sum([x, x]), *ag.softmax([x, x]), ag.dot([x], [x]), Value(3.0))
        assert all(y.is_leaf and y.groups == ("outside",) and y.source == "" for y in made)
        with ag.enable_grad(), ag.group("inside"):
            assert (x * x).parents == (x, x)
            assert (x * x).groups == ("outside", "inside")
        with ag.record_sources():
            assert "(x * x).source" in (x * x).source
            assert (x * x).is_leaf
        with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match=r"value is inf at 2.0 \* inf"):
            x * math.inf
    assert (x * x).groups == ()


def test_modes_belong_to_their_thread(Value: Any) -> None:
    """no_grad() in one thread leaves another one recording."""
    x = Value(2.0)
    seen: list[bool] = []
    with ag.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * x).is_leaf))
        thread.start()
        thread.join()
    assert seen == [False]


def test_threads_with_graphs_of_their_own(Value: Any) -> None:
    """Disjoint graphs in several threads give what one thread gives."""

    def work(seed: int) -> float:
        rng = random.Random(seed)
        x = Value(rng.random())
        y = x
        for _ in range(300):
            y = y * rng.random() + x
        y.backward()
        return x.grad

    expected = [work(i) for i in range(8)]
    found: list[float] = [0.0] * 8
    threads = [threading.Thread(target=lambda i=i: found.__setitem__(i, work(i))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_detect_anomaly_names_the_line(Value: Any) -> None:
    """A value, a local gradient or an adjoint of inf or nan raises, and names operation, operands, file and line."""
    x = Value(1e200, label="big")
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError) as caught:
        x * x  # the culprit
    message = str(caught.value)
    assert message.startswith("value is inf at big * big where big = 1e+200; made by ")
    assert Path(__file__).name in message
    assert "# the culprit" in message
    with ag.detect_anomaly():
        y = x * 1.0
        y.label = "y"
        assert Path(__file__).name in y.source
        with pytest.raises(ag.AnomalyError, match=r"adjoint is inf at big \* 1\.0.*\(label 'y'\)"):
            y.backward(math.inf)
        with pytest.raises(ag.AnomalyError, match=r"adjoint is inf at Value\(data=1e\+200"):
            x.backward(math.inf)
    assert not x.has_grad
    assert not y.has_grad
    outside = x.sqrt()
    assert outside.source == ""
    z = Value(0.0).sqrt()
    with ag.detect_anomaly(), pytest.raises(ag.AnomalyError, match="outside of detect_anomaly"):
        z.backward()
    Value(math.inf).backward()  # outside, inf is only data


def test_inf_in_a_leaf_is_no_anomaly(Value: Any) -> None:
    """Inside detect_anomaly() a leaf may hold inf; the first operation on it is what raises."""
    with ag.detect_anomaly():
        x = Value(math.inf)
        x.backward()
        with pytest.raises(ag.AnomalyError, match="value is inf"):
            x + 1
        with ag.no_grad():
            assert (Value(1.0) + 1).is_leaf


def test_a_partial_that_fails(Value: Any) -> None:
    """A primitive whose partials raise, or are too few or too many, computes; the walk back raises and changes no gradient."""

    def fails(z: Any, x: Any) -> Any:
        raise ValueError("no derivative here")

    broken = Primitive("broken", lambda x: 2.0 * x, (fails,))
    series = [
        NaryPrimitive("few", lambda xs: 1.0, [lambda z, xs: [1.0]]),
        NaryPrimitive("many", lambda xs: 1.0, [lambda z, xs: [1.0] * 9]),
    ]
    x = Value(3.0)
    x.grad = 5.0
    assert (broken(x) * 0.0 + x).data == 3.0
    for y in (broken(x), *[record([x, x]) for record in series]):
        z = y * 2 + x
        with pytest.raises(ValueError, match=r"no derivative here|zip\(\) argument"):
            z.backward()
        assert (x.grad, z.has_grad, y.has_grad) == (5.0, False, False)
    stopped = broken(x) * 0.0 + x
    stopped.backward()  # an upstream gradient of zero stops before it asks
    assert x.grad == 6.0


def test_a_partial_that_works_later(engine: Any, Value: Any) -> None:
    """Partials that raised at first and work when the walk back asks for them give the gradient, other walks between or not."""
    ready: list[int] = []
    other = Value(2.0)

    def slope(z: Any, x: Any) -> float:
        if not ready:
            raise ValueError("not yet")
        (other * other + x).backward() if isinstance(x, Value) else (other * other).backward()
        return 7.0

    x = Value(3.0)
    y = Primitive("late", lambda x: x, (slope,))(x)
    z = y * y + x * other
    ready.append(1)
    assert engine.gradients(z, [x, other]) == [2 * 3.0 * 7.0 + 2.0, 3.0]
    z.backward()
    assert x.grad == 44.0


def interrupted(at: int, act: Any, names: tuple[str, ...]) -> bool:
    """Run `act` with a KeyboardInterrupt before bytecode number `at` of those functions, where a signal's would come.

    Whether there are so many.
    """
    left = at

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_name not in names:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 asks at settrace whether anybody wants bytecodes
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


WALKS: dict[str, Any] = {
    "backward": lambda engine, y, z: y.backward(),
    "several roots": lambda engine, y, z: engine.backward([y, z], [1.0, 3.0]),
    "watched": lambda engine, y, z: ag.detect_anomaly()(y.backward)(),
    "late": lambda engine, y, z: z.backward(),
}


@pytest.mark.parametrize("name", WALKS)
def test_an_interrupt_leaves_no_gradient_half_added(engine: Any, name: str) -> None:
    """Wherever Ctrl-C comes in a backward pass, every gradient is as it was, or every one has its whole share."""
    known: list[float] = []
    p = ag.primitive(lambda x: 3.0 * x, lambda z, x: known[0], name="p")  # raises until it is known
    a, b = engine.Value(2.0), engine.Value(-0.5)
    c = a * b
    y = (c + a).tanh() * a
    z = p(c) * b + y
    known.append(3.0)
    if name != "late":
        z = c * 2.0
    nodes = engine.topological_order(ag.sum([y, z]))
    WALKS[name](engine, y, z)
    whole = [x.grad for x in nodes]
    moved = [x for x in nodes if x.grad]
    assert len(moved) > 4
    for names, step in ((("_walk_back", "backward"), 1), (("_adjoints", "_order_of", "_check_node", "interpret"), 97)):
        at = 1
        reached = True
        while reached:
            for x in nodes:
                x.grad = None
            reached = interrupted(at, lambda: WALKS[name](engine, y, z), names)
            assert [x.grad for x in nodes] in (whole, [0.0] * len(nodes)), at
            at += step
        assert [x.grad for x in nodes] == whole
        assert at > 30 or engine.__name__ == "autograd._native"


def test_backward_of_nothing(engine: Any) -> None:
    """No roots: nothing is walked, and nothing is wrong."""
    assert engine.backward([]) is engine.backward([], []) is None


def test_what_is_added_to_a_gradient(engine: Any, Value: Any) -> None:
    """A gradient that was set is added to, in one rounding; none counts as 0, and so does -0."""
    for start, seed, end in [(None, -0.0, "0.0"), (-0.0, -0.0, "0.0"), (0.0, 2.5, "2.5"), (0.1, 0.2, repr(0.1 + 0.2)),
                             (math.inf, 1.0, "inf"), (math.nan, 1.0, "nan"), (-1.0, 1.0, "0.0")]:  # fmt: skip
        x = Value(1.0)
        x.grad = start
        x.backward(seed)
        assert (repr(x.grad), x.has_grad) == (end, True)
        engine.backward([x, x], [1.0, 2.0])
        assert repr(x.grad) == repr(float(end) + 3.0)


def test_record_sources(Value: Any) -> None:
    """Inside record_sources() leaves and nodes of every kind keep file, line and text of what made them; outside none does."""
    with ag.record_sources():
        x = Value(2.0)  # the leaf
        y = x * 3  # the node
        z = ag.softmax([x, y])[0]  # the series
        w = x.exp()  # the method
    for made, words in ((x, "the leaf"), (y, "the node"), (z, "the series"), (w, "the method")):
        assert made.source.startswith(__file__)
        assert made.source.endswith(f"# {words}")
    assert (x * y).source == Value(1.0).source == ""
    y.backward()
    assert x.grad == 3.0


def test_groups(Value: Any) -> None:
    """Inside group() leaves and nodes carry the names of the open groups, the outermost first, each thread its own."""
    seen: list[Any] = []
    with ag.group("layer 1"):
        x = Value(2.0)
        with ag.group("neuron 3"):
            y = x * x
            thread = threading.Thread(target=lambda: seen.append((x * x).groups))
            thread.start()
            thread.join()
        with ag.no_grad():
            z = y + 1
        with (
            pytest.raises(TypeError, match=r"a group's name is a string, got int 3; write group\(str\(\.\.\.\)\)"),
            ag.group(3),
        ):
            pass
        assert (x * 1).groups == ("layer 1",)
    assert (x.groups, y.groups, z.groups) == (("layer 1",), ("layer 1", "neuron 3"), ("layer 1",))
    assert (x * y).groups == Value(1.0).groups == ()
    assert seen == [()]

    @ag.group("head")
    def head(v: Any) -> Any:
        return v * 2

    assert head(x).groups == ("head",)
    assert copy.copy(x).groups == ()


def test_a_script_written_for_micrograd(Value: Any) -> None:
    """A loop in micrograd's habits trains: zero, forward, backward, step; the loss falls."""
    ws = [Value(-0.5), Value(0.25), Value(0.0)]
    data = [((1.0, 2.0), 1.0), ((2.0, -1.0), -1.0), ((-1.0, 1.0), 1.0)]
    losses = []
    for _ in range(60):
        scores = [sum((w * x for w, x in zip(ws, xs, strict=False)), ws[2]).tanh() for xs, _ in data]
        loss = sum((s - t) ** 2 for s, (_, t) in zip(scores, data, strict=True)) * (1.0 / len(data))
        for w in ws:
            w.grad = 0
        loss.backward()
        for w in ws:
            w.data += -0.2 * w.grad
        losses.append(loss.data)
    assert losses[-1] < 0.05 < losses[0]
