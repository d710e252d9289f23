"""The steps of micrograd's two lecture notebooks, written afresh: by hand, by one's own walk, by backward()."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest


def neuron(Value: Any) -> dict[str, Any]:
    """The lecture's neuron, with a bias that makes its numbers come out round."""
    v = {name: Value(x, label=name) for name, x in (("x1", 2.0), ("x2", 0.0), ("w1", -3.0), ("w2", 1.0))}
    v["b"] = Value(6.8813735870195432, label="b")
    v["x1w1"], v["x2w2"] = v["x1"] * v["w1"], v["x2"] * v["w2"]
    v["sum"] = v["x1w1"] + v["x2w2"]
    v["n"] = v["sum"] + v["b"]
    v["o"] = v["n"].tanh()
    return v


EXPECTED = {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0, "n": 0.5, "b": 0.5, "sum": 0.5}


def built(root: Any) -> list[Any]:
    """A topological order by recursion, as the lecture writes it."""
    order, visited = [], set()

    def build(v: Any) -> None:
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build(child)
            order.append(v)

    build(root)
    return order


def test_backward_step_by_step(Value: Any) -> None:
    """Called node by node from the output on, _backward() gives the lecture's gradients."""
    v = neuron(Value)
    assert v["o"].data == pytest.approx(math.sqrt(0.5), abs=1e-12)
    v["o"].grad = 1.0
    for name in ("o", "n", "b", "sum", "x2w2", "x1w1"):
        assert v[name]._backward() is None
    for name, expected in EXPECTED.items():
        assert v[name].grad == pytest.approx(expected, abs=1e-12), name


def test_a_walk_of_ones_own(Value: Any) -> None:
    """Backwards over a hand-written topological order, _backward() gives what backward() gives, but for rounding."""
    for make in (neuron, shared):
        v, w = make(Value), make(Value)
        v["o"].grad = 1.0
        for node in reversed(built(v["o"])):
            node._backward()
        w["o"].backward()
        for name, x in v.items():
            assert x.grad == pytest.approx(w[name].grad, rel=1e-14, abs=1e-15), name


def shared(Value: Any) -> dict[str, Any]:
    """Nodes that are used more than once."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    return {"a": a, "b": b, "c": c, "d": d, "e": e, "f": f, "o": g + 10.0 / f}


def test_the_expression_of_its_readme(Value: Any) -> None:
    """micrograd's first example gives 24.7041, 138.8338 and 645.5773."""
    v = shared(Value)
    v["o"].backward()
    assert [f"{x:.4f}" for x in (v["o"].data, v["a"].grad, v["b"].grad)] == ["24.7041", "138.8338", "645.5773"]


def test_a_node_used_twice_gets_both_shares(Value: Any) -> None:
    """In a + a, _prev has one parent, and _backward() adds both of its uses to what is there."""
    a = Value(3.0)
    a.grad = 10.0
    b = a + a
    b.grad = 2.0
    b._backward()
    assert b._prev == {a}
    assert (a.grad, b.grad) == (14.0, 2.0)


def test_a_gradient_of_zero_stops(Value: Any) -> None:
    """A node without a gradient adds nothing, and zero times an infinite local gradient is not nan."""
    a = Value(0.0)
    b = a.sqrt()
    b._backward()
    assert (a.grad, a.has_grad) == (0.0, False)
    b.grad = 0.5
    b._backward()
    assert a.grad == math.inf


def test_tracing_a_graph(Value: Any) -> None:
    """The lecture's trace finds every node and edge by _prev, and _op is the symbol of each operation, "" for a leaf."""
    v = neuron(Value)
    nodes, edges = set(), set()

    def trace(node: Any) -> None:
        nodes.add(node)
        for child in node._prev:
            edges.add((child, node))
            trace(child)

    trace(v["o"])
    assert nodes == set(v.values())
    assert len(edges) == 9
    assert {name: x._op for name, x in v.items()} == {
        **dict.fromkeys(("x1", "x2", "w1", "w2", "b"), ""), "x1w1": "*", "x2w2": "*", "sum": "+", "n": "+", "o": "tanh",
    }  # fmt: skip
    assert type(v["o"]._prev) is set
    assert v["b"]._prev == set()


def test_the_names_can_only_be_read(Value: Any) -> None:
    """Setting _prev or _op is an AttributeError on either engine."""
    for name in ("_prev", "_op"):
        with pytest.raises(AttributeError):
            setattr(Value(1.0), name, None)


class Neuron:
    """A learner's neuron."""

    def __init__(self, Value: Any, rng: random.Random, nin: int) -> None:
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(rng.uniform(-1, 1))

    def __call__(self, x: Any) -> Any:
        return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b).tanh()

    def parameters(self) -> list[Any]:
        return [*self.w, self.b]


class Layer:
    """A learner's layer."""

    def __init__(self, Value: Any, rng: random.Random, nin: int, nout: int) -> None:
        self.neurons = [Neuron(Value, rng, nin) for _ in range(nout)]

    def __call__(self, x: Any) -> Any:
        outs = [n(x) for n in self.neurons]
        return outs[0] if len(outs) == 1 else outs

    def parameters(self) -> list[Any]:
        return [p for n in self.neurons for p in n.parameters()]


class MLP:
    """A learner's net."""

    def __init__(self, Value: Any, rng: random.Random, nin: int, nouts: list[int]) -> None:
        sizes = [nin, *nouts]
        self.layers = [Layer(Value, rng, sizes[i], sizes[i + 1]) for i in range(len(nouts))]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Any]:
        return [p for layer in self.layers for p in layer.parameters()]


def test_a_net_of_ones_own_trains(Value: Any) -> None:
    """A learner's MLP(3, [4, 4, 1]) learns the lecture's four samples, by backward() and by a walk of one's own alike."""
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    ends = []
    for own in (False, True):
        net = MLP(Value, random.Random(1337), 3, [4, 4, 1])
        assert len(net.parameters()) == 41
        losses = []
        for _ in range(60):
            loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, [net(x) for x in xs], strict=True))
            for p in net.parameters():
                p.grad = 0.0
            if own:
                loss.grad = 1.0
                for node in reversed(built(loss)):
                    node._backward()
            else:
                loss.backward()
            for p in net.parameters():
                p.data += -0.1 * p.grad
            losses.append(loss.data)
        assert losses[-1] < 0.05 < losses[0]
        ends.append(losses[-1])
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)
