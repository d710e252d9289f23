"""What users write, as their own `mypy --strict` reads it. Run it as well: it asserts what it says.

mypy --strict tests/types/user_examples.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, assert_type

import autograd as ag
import nn
import viz
from autograd import Value
from autograd.testing import certify, check_gradients


def expression() -> None:
    """Operators, functions, and what can be read from a node."""
    x, y = Value(-2, label="x"), Value(5.0)
    f = (x + y) * x / 2 - y**2 + 3 * x % 2
    assert_type(f, Value)
    assert_type(-f, Value)
    assert_type(abs(f), Value)
    assert_type(f.tanh(), Value)
    assert_type(x.maximum(y), Value)
    f.backward()
    assert_type(f.data, float)
    assert_type(x.grad, float)
    assert_type(x.has_grad, bool)
    assert_type(f.parents, tuple[Value, ...])
    assert_type(f.local_gradients(), tuple[float, ...])
    assert_type(f > 0, bool)
    assert_type(x.label, str)
    assert_type(ag.topological_order(f), list[Value])
    assert_type(f.detach(), Value)
    x.data = 3.0
    x.zero_grad()


def train() -> None:
    """A loop of one's own, and `fit`."""
    model = nn.MLP(2, [4, 1], activation="tanh", seed=0)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        loss = nn.mean_squared_error(model([1.0, 2.0]), 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert_type([p.data for p in model.parameters()], list[float])
    history = nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [1.0, -1.0], loss="hinge", epochs=2, progress=False)
    assert_type(history["loss"], list[float])
    labels = nn.DataLoader([[0.0, 1.0], [1.0, 0.0]], [0, 1], batch_size=2, shuffle=True, seed=0)
    nn.fit(model, labels.samples, labels.targets, loss=nn.BCEWithLogitsLoss(), optimizer="adam", lr=0.01, epochs=2, verbose=0)
    assert_type([name for name, _ in model.requires_grad_(False).named_children()], list[str])
    print(model.summary(), nn.confusion_matrix(nn.predict(model, labels.samples, probabilities=False), labels.targets))
    with TemporaryDirectory() as folder:
        model.save(f"{folder}/model.json")
        assert_type(nn.load(f"{folder}/model.json"), nn.Module)


class Square(nn.Module):
    """A module of one's own."""

    def __init__(self) -> None:
        self.w = Value(2.0)

    def forward(self, x: Value) -> Value:
        """One number in, one number out."""
        return self.w * x * x


def look() -> None:
    """Pictures, walks and explanations."""
    x = Value(3, label="x")
    f = x * x
    f.backward()
    drawing = viz.draw(f, style="boxes", local_gradients=True, path=x, theme="dark", max_nodes=100)
    assert_type(drawing, viz.Drawing)
    assert_type(drawing.svg, str)
    with TemporaryDirectory() as folder:
        assert_type(drawing.save(f"{folder}/f.svg"), Path)
        assert_type(viz.steps(f).save(Path(folder) / "f.html"), Path)
    assert_type(viz.explain(f, x).gradient, float)
    assert_type(viz.compare(f, f).changed, tuple[int, ...])


def prove() -> None:
    """Checks, and a function of one's own."""
    check_gradients(lambda x, y: x * y, 1.0, 2.0)
    certify(Value(2.0).exp())
    cube = ag.primitive(lambda x: x**3, lambda z, x: 3 * x * x, name="cube")
    Square()(cube(Value(2.0))).backward()
    with ag.no_grad(), ag.group("layer 1"):
        Value(2.0).exp()


def transform() -> None:
    """Derivatives of plain functions, series, trees and arrays."""

    def f(x: Any) -> Any:
        return ag.exp(ag.sin(x)) * ag.tanh(x)

    assert_type(ag.taylor(f, 0.7, 16), list[Any])
    assert ag.derivative(f, order=2)(0.7) == 2 * ag.taylor(f, 0.7, 2)[2]
    assert ag.jacfwd(lambda v: [v[0] * v[1]])([2.0, 3.0]) == ag.jacrev(lambda v: [v[0] * v[1]])([2.0, 3.0])
    assert ag.grad(lambda x, k: k * x * ag.stop_gradient(x))(3.0, k=2.0) == 6.0
    gradient, extra = ag.grad(lambda x: (x * x, {"x": x}), has_aux=True)(3.0)
    assert (gradient, extra) == (6.0, {"x": 3.0})
    value, pull_back = ag.vjp(lambda x, k: k * x, 2.0, k=3.0)
    assert_type(pull_back(1.0), tuple[Any, ...])
    assert ag.jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"b": 0.0, "a": 1.0},)) == (value, 3.0)
    leaves, shape = ag.tree.flatten({"w": [1.0, 2.0], "b": 3.0})
    assert_type(leaves, list[Any])
    assert_type(shape, ag.tree.TreeDef)
    assert ag.tree.map(lambda x: 2 * x, ag.tree.unflatten(shape, leaves)) == {"w": [2.0, 4.0], "b": 6.0}


if __name__ == "__main__":
    for example in (expression, train, look, prove, transform):
        example()
