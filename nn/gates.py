"""The textbook's layers, which compute forward and pass gradients back: `Gate` makes one of any function of Values.

"Deep Learning from Scratch" (Saito, 2016), chapter 5, writes each of these by hand, with ``forward(...)`` and
``backward(dout)``. Here the engine finds what ``backward`` must return, so that each is one line.

A copy or pickle of a gate is without its last forward pass. Pickle takes a function by its name, so a gate of a lambda can be
copied, and not pickled.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import autograd as ag
from autograd import Value, tree

from .data import as_lists
from .initial import as_random
from .losses import cross_entropy

__all__ = [
    "AddLayer", "Affine", "Gate", "MulLayer", "ReluLayer", "SigmoidLayer", "SoftmaxWithLoss", "TwoLayerNet",
    "numerical_gradient",
]  # fmt: skip


def _as_value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(x)


def _as_number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


class Gate:
    """A layer with ``forward`` and ``backward``, made of any function of Values.

    Args:
        function: takes and returns numbers, lists, or lists of lists.

    >>> mul = Gate(lambda x, y: x * y)
    >>> mul.forward(100, 2), mul.backward(1.1)
    (200.0, (2.2, 110.00000000000001))
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"Gate takes a function of Values, got {type(function).__name__}")
        self.function = function
        self.inputs: tuple[Any, ...] | None = None
        self.output: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the last forward pass, whose graph can't be copied."""
        return {**vars(self), "inputs": None, "output": None}

    def forward(self, *inputs: Any) -> Any:
        """Compute, and remember what ``backward`` needs.

        Args:
            inputs: numbers, lists, lists of lists, or NumPy arrays.

        Returns:
            The output as plain numbers, in the shape that the function gives it.
        """
        leaves = tuple([tree.map(_as_value, as_lists(x)) for x in inputs])
        self.output = as_lists(self.function(*leaves))
        self.inputs = leaves
        return tree.map(_as_number, self.output)

    def backward(self, dout: Any = 1.0) -> Any:
        """The gradients of the inputs, from that of the output.

        Args:
            dout: the upstream gradient, of the shape of the output.

        Returns:
            A gradient of the shape of the input; a tuple of them where there are several inputs.

        Raises:
            RuntimeError: forward() has not run.
            ValueError: dout has another shape than the output.
        """
        if self.inputs is None:
            raise RuntimeError("backward() needs a forward() before it")
        dout = as_lists(dout)
        if _shape(dout) != _shape(self.output):
            raise ValueError(f"dout has the shape {_shape(dout)} and the output {_shape(self.output)}; they must be the same")
        pulled = ag.sum([y * s for y, s in zip(tree.leaves(self.output), tree.leaves(dout), strict=True)])
        leaves, shape = tree.flatten(self.inputs)
        found = ag.gradients(pulled, leaves) if isinstance(pulled, Value) else [0.0] * len(leaves)
        results: tuple[Any, ...] = tree.unflatten(shape, found)
        return results[0] if len(results) == 1 else results


def _shape(x: Any) -> tuple[Any, ...]:
    return (len(x), *(_shape(x[0]) if x else ())) if isinstance(x, list) else ()


# What gates compute are functions with names, so that gates can be pickled.


def _product(x: Any, y: Any) -> Any:
    return x * y


def _sum(x: Any, y: Any) -> Any:
    return x + y


def _relu(x: Any) -> Any:
    return tree.map(ag.relu, x)


def _sigmoid(x: Any) -> Any:
    return tree.map(ag.sigmoid, x)


def _affine(x: Any, w: Any, b: Any) -> Any:
    if x and isinstance(x[0], list):
        return [_affine(row, w, b) for row in x]
    return [ag.dot(x, column) + bias for column, bias in zip(zip(*w, strict=True), b, strict=True)]


def _mean_loss(scores: Any, t: Any) -> Any:
    """The cross-entropy of a sample or a batch; a label is a number or one-hot."""
    rows, labels = (scores, t) if isinstance(scores[0], list) else ([scores], [t])
    return cross_entropy(rows, [label.index(max(label)) if isinstance(label, list) else int(label) for label in labels])


class MulLayer(Gate):
    """x * y: the gradients are the upstream gradient times the other input.

    >>> apple = MulLayer()
    >>> apple.forward(100, 2), apple.backward(1.1)
    (200.0, (2.2, 110.00000000000001))
    """

    def __init__(self) -> None:
        super().__init__(_product)


class AddLayer(Gate):
    """x + y: both get the upstream gradient.

    >>> add = AddLayer(); add.forward(2, 3), add.backward(1.5)
    (5.0, (1.5, 1.5))
    """

    def __init__(self) -> None:
        super().__init__(_sum)


class ReluLayer(Gate):
    """relu of each number: gradients pass where it is positive.

    >>> relu = ReluLayer(); relu.forward([[1.0, -0.5], [-2.0, 3.0]]), relu.backward([[1, 1], [1, 1]])
    ([[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]])
    """

    def __init__(self) -> None:
        super().__init__(_relu)


class SigmoidLayer(Gate):
    """sigmoid of each number: gradients times y*(1-y).

    >>> sigmoid = SigmoidLayer(); sigmoid.forward(0.0), sigmoid.backward(1.0)
    (0.5, 0.25)
    """

    def __init__(self) -> None:
        super().__init__(_sigmoid)


class Affine(Gate):
    """x W + b for one sample or a batch; called as the textbook calls it, with the weights given once.

    Args:
        W: a row for each input.
        b: a number for each output.

    Attributes:
        dW, db: after ``backward``, the gradients of the weights and of the offsets.

    >>> affine = Affine([[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3])
    >>> _ = affine.forward([[1, 2], [3, 4]]); affine.backward([[1, 2, 3], [4, 5, 6]]), affine.db
    ([[14.0, 32.0], [32.0, 77.0]], [5.0, 7.0, 9.0])
    """

    def __init__(self, W: Any, b: Any) -> None:
        super().__init__(_affine)
        self.W, self.b = as_lists(W), as_lists(b)
        self.dW: Any = None
        self.db: Any = None

    def forward(self, *inputs: Any) -> Any:
        """x W + b."""
        return super().forward(*inputs, self.W, self.b)

    def backward(self, dout: Any = 1.0) -> Any:
        """The gradient of x; those of W and b become attributes."""
        dx, self.dW, self.db = super().backward(dout)
        return dx


class SoftmaxWithLoss(Gate):
    """Softmax and cross-entropy in one: the gradient of the scores is y - t, over the size of the batch.

    >>> import math
    >>> layer = SoftmaxWithLoss()
    >>> round(layer.forward([math.log(0.3), math.log(0.2), math.log(0.5)], 1), 5)
    1.60944
    >>> [round(g, 12) for g in layer.backward()]
    [0.3, -0.8, 0.5]
    """

    def __init__(self) -> None:
        super().__init__(partial(_mean_loss, t=None))
        self.t: Any = None

    def forward(self, *inputs: Any) -> Any:
        """The mean loss of scores and labels; a label is a number or one-hot."""
        scores, self.t = inputs[0], as_lists(inputs[1])
        self.function = partial(_mean_loss, t=self.t)
        return super().forward(scores)


def numerical_gradient(f: Callable[[], float], parameters: Sequence[Value], h: float = 1e-4) -> list[float]:
    """The gradient by central differences, as the textbook's chapter 4 computes it: two evaluations for each parameter.

    Args:
        f: computes the loss from the parameters as they are.
        parameters: leaves; they are as before afterwards.
        h: the step.

    Returns:
        (f(p + h) - f(p - h)) / (2 h) for each parameter.

    >>> p = Value(3.0)
    >>> round(numerical_gradient(lambda: p.data ** 2, [p])[0], 6)
    6.0
    """
    found = []
    for p in parameters:
        x = p.data
        try:
            p.data = x + h
            above = f()
            p.data = x - h
            found.append((above - f()) / (2.0 * h))
        finally:
            p.data = x
    return found


class TwoLayerNet:
    """The textbook's net: affine, relu, affine, softmax with cross-entropy.

    Args:
        input_size: numbers of a sample.
        hidden_size: neurons in between.
        output_size: classes.
        weight_init_std: the spread of the first weights; the offsets begin at 0.
        seed: an int, a `random.Random`, or None for the module `random`.

    >>> net = TwoLayerNet(3, 4, 2, seed=0)
    >>> sorted(net.params), len(net.predict([[1.0, 2.0, 3.0]])[0])
    (['W1', 'W2', 'b1', 'b2'], 2)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        seed: int | random.Random | None = None,
    ) -> None:
        rng = as_random(seed)

        def matrix(n: int, m: int) -> list[list[Value]]:
            return [[Value(rng.gauss(0.0, weight_init_std)) for _ in range(m)] for _ in range(n)]

        self.params: dict[str, Any] = {
            "W1": matrix(input_size, hidden_size), "b1": [Value(0.0) for _ in range(hidden_size)],
            "W2": matrix(hidden_size, output_size), "b2": [Value(0.0) for _ in range(output_size)],
        }  # fmt: skip

    def parameters(self) -> list[Value]:
        """All of them, in the order of ``params``."""
        return tree.leaves(self.params)

    def _scores(self, x: Any) -> Any:
        p = self.params
        hidden = _relu(_affine(as_lists(x), p["W1"], p["b1"]))
        return _affine(hidden, p["W2"], p["b2"])

    def predict(self, x: Any) -> list[list[float]]:
        """The scores of a batch, as numbers."""
        with ag.no_grad():
            found: list[list[float]] = tree.map(_as_number, self._scores(x))
        return found

    def loss(self, x: Any, t: Any) -> Any:
        """The mean loss of a batch, as a Value."""
        return _mean_loss(self._scores(x), as_lists(t))

    def accuracy(self, x: Any, t: Any) -> float:
        """The share of a batch that it gets right."""
        rows, labels = self.predict(x), as_lists(t)
        right = [row.index(max(row)) == label for row, label in zip(rows, labels, strict=True)]
        return float(sum(right) / len(right))

    def gradient(self, x: Any, t: Any) -> dict[str, Any]:
        """The gradients of a batch's loss by backpropagation, by the names and in the shapes of ``params``."""
        return self._in_place(ag.gradients(self.loss(x, t), self.parameters()))

    def numerical_gradient(self, x: Any, t: Any) -> dict[str, Any]:
        """The same by `numerical_gradient`; slower by as many times as there are parameters."""

        def loss() -> float:
            with ag.no_grad():
                return float(self.loss(x, t).data)

        return self._in_place(numerical_gradient(loss, self.parameters()))

    def _in_place(self, gradients: list[float]) -> dict[str, Any]:
        found: dict[str, Any] = tree.unflatten(tree.structure(self.params), gradients)
        return found
