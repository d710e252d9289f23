"""Neurons, layers and nets, and the parts to build others from.

A layer takes one sample: a sequence of numbers or Values. A sample of the wrong width is an error; nothing is cut off
silently.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from itertools import pairwise
from typing import Any, Never

import autograd as ag
from autograd import Value
from autograd.recording import draw

from .arguments import whole_number
from .initial import as_random, draws
from .module import Module

__all__ = [
    "ELU", "GELU", "MLP", "Activation", "Dropout", "Embedding", "Identity", "Layer", "LayerNorm", "LeakyReLU", "Linear",
    "Neuron", "RMSNorm", "ReLU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh",
]  # fmt: skip

Seed = int | random.Random | None

# ---- activations -----------------------------------------------------------------------------------


def _itself(x: Any) -> Any:  # with a name, so that nets can be pickled
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": _itself,
    "relu": ag.relu,
    "leaky_relu": ag.leaky_relu,
    "elu": ag.elu,
    "gelu": ag.gelu,
    "silu": ag.silu,
    "sigmoid": ag.sigmoid,
    "softplus": ag.softplus,
    "tanh": ag.tanh,
}


def activation_named(name: str) -> Callable[[Any], Any]:
    """The function of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"there is no activation {name!r}; write one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


class Activation(Module):
    """An activation as a module: one number, or each number of a list.

    Args:
        name: ``linear``, ``relu``, ``leaky_relu``, ``elu``, ``gelu``, ``silu``, ``sigmoid``, ``softplus`` or ``tanh``.

    >>> Activation("relu")([-1.0, 2.0])
    [0.0, 2.0]
    """

    def __init__(self, name: str) -> None:
        self.function = activation_named(name)
        self.name = name

    def forward(self, x: Any) -> Any:
        """The activation of x, or of each x."""
        if not isinstance(x, (list, tuple)):
            return self.function(x)
        return [self.function(v) for v in _one_sample(x, f"this {type(self).__name__}")]

    def get_config(self) -> dict[str, Any]:
        """The name, unless the class implies it."""
        return {"name": self.name} if type(self) is Activation else {}

    def describe(self) -> str:
        """The name, unless the class implies it."""
        return self.name if type(self) is Activation else ""


def _activation(class_name: str, name: str) -> type[Activation]:
    def __init__(self: Activation) -> None:  # noqa: N807  # it becomes the class's own
        Activation.__init__(self, name)

    return type(
        class_name,
        (Activation,),
        {"__init__": __init__, "__doc__": f"The activation {name} as a module.", "__module__": __name__},
    )


Identity = _activation("Identity", "linear")
ReLU = _activation("ReLU", "relu")
LeakyReLU = _activation("LeakyReLU", "leaky_relu")
ELU = _activation("ELU", "elu")
GELU = _activation("GELU", "gelu")
SiLU = _activation("SiLU", "silu")
Sigmoid = _activation("Sigmoid", "sigmoid")
Softplus = _activation("Softplus", "softplus")
Tanh = _activation("Tanh", "tanh")


class Softmax(Module):
    """The softmax of a list, as a module.

    >>> Softmax()([0.0, 0.0])
    [0.5, 0.5]
    """

    def forward(self, x: Sequence[Any]) -> Any:
        """A list of shares that sum to 1."""
        return ag.softmax(_one_sample(list(x), "this Softmax"))


# ---- neurons and layers ----------------------------------------------------------------------------


def _one_sample(xs: Sequence[Any], who: str) -> Sequence[Any]:
    if xs and (isinstance(xs[0], (list, tuple)) or getattr(xs[0], "ndim", 0) > 0):
        raise ValueError(
            f"{who} takes one sample at a time, got a batch of {len(xs)}; "
            f"use nn.predict(model, X) for numbers, or [model(x) for x in X] for Values"
        )
    return xs


def _of_width(x: Any, width: int, who: str) -> Sequence[Any]:
    if getattr(x, "ndim", 1) > 1:  # before listing it: a frame would list its columns
        x = list(x.to_numpy() if hasattr(x, "to_numpy") else x)
    xs = x if isinstance(x, (list, tuple)) else list(x) if isinstance(x, Iterable) else [x]
    if len(_one_sample(xs, who)) != width:
        raise ValueError(f"{who} takes {width} input{'s' * (width != 1)}, got {len(xs)}")
    return xs


def _no_others(who: str, others: dict[str, Any]) -> None:
    """Refuse unknown options; for micrograd's nonlin= the message has ours."""
    if "nonlin" in others:
        raise TypeError(f"{who} takes no nonlin=; write activation='relu' for nonlin=True, and 'linear' for nonlin=False")
    for name in others:
        raise TypeError(f"{who}() got an unexpected keyword argument {name!r}")


def _weighted_sum(w: Sequence[Value], x: Sequence[Any], b: Value | None, expand: bool) -> Any:
    if not expand:
        total = ag.dot(w, x)
        return total if b is None else total + b
    terms = [wi * xi for wi, xi in zip(w, x, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total if b is None else total + b


class Neuron(Module):
    """activation(w . x + b): one unit.

    Args:
        inputs: how many inputs, at least 1.
        activation: by name; see `Activation`.
        init: how the weights are drawn; if left out, ``he`` for the relu family and ``xavier`` for the others. Biases are 0.
        bias: whether there is one.
        expand: whether the sum is built from single products and additions, for pictures, instead of one ``dot`` node.
        seed: an int, a `random.Random`, or None for the module `random`.
        fan_out: how many neurons the layer has, for ``xavier``.

    >>> neuron = Neuron(2, activation="tanh", seed=0)
    >>> neuron.num_parameters, abs(neuron([0.5, -1.0]).data) < 1
    (3, True)
    """

    takes_init = True

    def __init__(
        self,
        inputs: int,
        activation: str = "linear",
        *,
        init: str | None = None,
        bias: bool = True,
        expand: bool = False,
        seed: Seed = None,
        fan_out: int = 1,
        **others: Never,
    ) -> None:
        _no_others("Neuron", others)
        self.function = activation_named(activation)
        inputs, fan_out = whole_number(inputs, "inputs"), whole_number(fan_out, "fan_out")
        draw = draws(_usual(activation) if init is None else init, seed, inputs, fan_out)
        self.w = [Value(draw()) for _ in range(inputs)]
        self.b = Value(0.0) if bias else None
        self.activation = activation
        self.expand = expand

    def forward(self, x: Any) -> Any:
        """One sample in, one Value out."""
        return self.function(_weighted_sum(self.w, _of_width(x, len(self.w), "this Neuron"), self.b, self.expand))

    def get_config(self) -> dict[str, Any]:
        """What it was made with, except for init and seed."""
        return {"inputs": len(self.w), "activation": self.activation, **_switches(self.b is not None, self.expand)}

    def describe(self) -> str:
        """Activation and width."""
        return f"{self.activation} {len(self.w)}->1"


def _switches(bias: bool, expand: bool) -> dict[str, Any]:
    return ({} if bias else {"bias": False}) | ({"expand": True} if expand else {})


def _usual(activation: str) -> str:
    return "he" if activation in ("relu", "leaky_relu", "elu", "gelu", "silu") else "xavier"


class Layer(Module):
    """Neurons side by side.

    Args:
        inputs: how many inputs each has.
        outputs: how many neurons.
        activation: by name; see `Activation`.
        init: see `Neuron`.
        bias: see `Neuron`.
        expand: see `Neuron`.
        seed: see `Neuron`.

    >>> Layer(2, 3, activation="relu", seed=0)
    Layer(relu 2->3)
    """

    takes_init = True
    config_has_parts = True

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: str = "linear",
        *,
        init: str | None = None,
        bias: bool = True,
        expand: bool = False,
        seed: Seed = None,
        **others: Never,
    ) -> None:
        _no_others("Layer", others)
        rng = as_random(seed)
        inputs, outputs = whole_number(inputs, "inputs"), whole_number(outputs, "outputs")
        self.neurons = [
            Neuron(inputs, activation, init=init, bias=bias, expand=expand, seed=rng, fan_out=outputs) for _ in range(outputs)
        ]
        self.shape = (inputs, outputs)
        self.activation = activation

    def forward(self, x: Any) -> list[Any]:
        """One sample in, a list of Values out."""
        xs = _of_width(x, self.shape[0], "this Layer")
        return [neuron(xs) for neuron in self.neurons]

    def get_config(self) -> dict[str, Any]:
        """What it was made with. If the neurons were changed since, a list with the activation of each."""
        activations = [neuron.activation for neuron in self.neurons]
        biases = [neuron.b is not None for neuron in self.neurons]
        config = {"inputs": self.shape[0], "outputs": len(self.neurons), "activation": self.activation}
        if len(set(activations)) > 1 or activations[:1] != [self.activation]:
            config["activation"] = activations
        if any(biases) != all(biases):
            return {**config, "bias": biases}
        return {**config, **_switches(all(biases), any(neuron.expand for neuron in self.neurons))}

    def describe(self) -> str:
        """Activation and shape."""
        return f"{self.activation} {self.shape[0]}->{self.shape[1]}"


class MLP(Module):
    """A net of layers, fully connected, as micrograd writes it.

    Args:
        inputs: how many numbers a sample has.
        outputs: the sizes of the layers; the last is the number of outputs.
        activation: of all layers but the last, by name; see `Activation`.
        output_activation: of the last.
        init: how weights are drawn; see `Neuron`. ``uniform`` is micrograd's.
        bias: whether neurons have one.
        expand: see `Neuron`.
        seed: an int, a `random.Random`, or None for the module `random`.

    Returns (when called):
        One Value where the net has one output, else a list.

    >>> model = MLP(2, [16, 16, 1], activation="relu", seed=0)
    >>> model
    MLP([relu 2->16, relu 16->16, linear 16->1], 337 parameters)
    >>> type(model([0.5, -1.2])).__name__
    'Value'
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: str = "relu",
        output_activation: str = "linear",
        *,
        init: str | None = None,
        bias: bool = True,
        expand: bool = False,
        seed: Seed = None,
        **others: Never,
    ) -> None:
        _no_others("MLP", others)
        if not isinstance(outputs, Iterable) or not (outputs := list(outputs)):
            raise ValueError(f"MLP takes the sizes of its layers as a list, such as [16, 16, 1], got {outputs!r:.60}")
        activation_named(activation)  # also where there is no hidden layer to use it
        rng = as_random(seed)
        sizes = [inputs, *outputs]
        last = len(outputs) - 1
        self.layers = [
            Layer(n, m, activation if i < last else output_activation, init=init, bias=bias, expand=expand, seed=rng)
            for i, (n, m) in enumerate(pairwise(sizes))
        ]

    def forward(self, x: Any) -> Any:
        """One sample in."""
        for layer in self.layers:
            x = layer(x)
        return x[0] if len(x) == 1 else x

    @classmethod
    def from_config(cls, config: dict[str, Any], parts: list[Module]) -> Module:
        """A net of these layers."""
        if config or not parts or not all(isinstance(part, Layer) for part in parts):
            raise ValueError("MLP takes layers")
        model = cls.__new__(cls)
        model.layers = [part for part in parts if isinstance(part, Layer)]
        return model

    def describe(self) -> str:
        """Layers, and how much is learned."""
        return f"[{', '.join(layer.describe() for layer in self.layers)}], {self.num_parameters} parameters"


class Linear(Module):
    """y = W x + b, as PyTorch's: ``weight`` has a row for each output.

    Args:
        in_features: how many inputs.
        out_features: how many outputs.
        bias: whether there is one; it begins at 0.
        init: see `Neuron`; ``xavier`` if left out.
        seed: an int, a `random.Random`, or None for the module `random`.

    >>> Linear(3, 2, seed=0)
    Linear(3->2)
    """

    takes_init = True

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, init: str = "xavier", seed: Seed = None
    ) -> None:
        n, m = whole_number(in_features, "in_features"), whole_number(out_features, "out_features")
        draw = draws(init, seed, n, m)
        self.weight = [[Value(draw()) for _ in range(n)] for _ in range(m)]
        self.bias = [Value(0.0) for _ in range(m)] if bias else None

    def forward(self, x: Any) -> list[Any]:
        """One sample in, a list of Values out."""
        xs = _of_width(x, len(self.weight[0]), "this Linear")
        biases: Sequence[Value | None] = self.bias or [None] * len(self.weight)
        return [_weighted_sum(row, xs, b, False) for row, b in zip(self.weight, biases, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """What it was made with, except for init and seed."""
        sizes = {"in_features": len(self.weight[0]), "out_features": len(self.weight)}
        return {**sizes, **_switches(self.bias is not None, False)}

    def describe(self) -> str:
        """The shape."""
        return f"{len(self.weight[0])}->{len(self.weight)}"


class Sequential(Module):
    """Modules one after the other.

    Args:
        modules: in the order in which they are called.

    >>> Sequential(Linear(2, 3, seed=0), ReLU(), Linear(3, 1, seed=1))
    Sequential(Linear(2->3), ReLU(), Linear(3->1))
    """

    def __init__(self, *modules: Module) -> None:
        self.layers = list(modules)

    def forward(self, x: Any) -> Any:
        """Through all of them."""
        for module in self.layers:
            x = module(x)
        return x

    @classmethod
    def from_config(cls, config: dict[str, Any], parts: list[Module]) -> Module:
        """These modules one after the other."""
        return cls(*parts, **config)

    def __getitem__(self, i: int) -> Module:
        return self.layers[i]

    def __len__(self) -> int:
        return len(self.layers)


class Embedding(Module):
    """A row of learned numbers for each of a set of things.

    Args:
        num_embeddings: how many things.
        embedding_dim: how many numbers each.
        init: see `Neuron`; ``normal`` if left out.
        seed: an int, a `random.Random`, or None for the module `random`.

    >>> len(Embedding(27, 16, seed=0)(3))
    16
    """

    takes_init = True

    def __init__(self, num_embeddings: int, embedding_dim: int, *, init: str = "normal", seed: Seed = None) -> None:
        n, m = whole_number(num_embeddings, "num_embeddings"), whole_number(embedding_dim, "embedding_dim")
        draw = draws(init, seed, m, n)
        self.weight = [[Value(draw()) for _ in range(m)] for _ in range(n)]

    def forward(self, i: int) -> list[Value]:
        """The row of the i-th thing."""
        if isinstance(i, (list, tuple)) or getattr(i, "ndim", 0) > 0:
            raise ValueError("this Embedding takes one index at a time, got a batch; use [embedding(i) for i in batch]")
        if isinstance(i, bool) or not hasattr(i, "__index__") or not 0 <= i < len(self.weight):
            raise IndexError(f"this Embedding has rows 0 to {len(self.weight) - 1}, got {i!r:.60}")
        return list(self.weight[i])

    def get_config(self) -> dict[str, Any]:
        """What it was made with, except for init and seed."""
        return {"num_embeddings": len(self.weight), "embedding_dim": len(self.weight[0])}

    def describe(self) -> str:
        """The shape."""
        return f"{len(self.weight)}, {len(self.weight[0])}"


class RMSNorm(Module):
    """x over the root of its mean square, times a learned gain. Zhang and Sennrich, "Root mean square ...", 2019.

    Args:
        size: how many numbers.
        eps: added to the mean square.

    >>> [y.data for y in RMSNorm(2, eps=0.0)([3.0, 3.0])]
    [1.0, 1.0]
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        self.weight = [Value(1.0) for _ in range(whole_number(size, "size"))]
        self.eps = eps

    def forward(self, x: Any) -> list[Any]:
        """One sample in, as many out."""
        xs = _of_width(x, len(self.weight), "this RMSNorm")
        scale = (ag.dot(xs, xs) / len(xs) + self.eps) ** -0.5
        return [g * (v * scale) for g, v in zip(self.weight, xs, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"size": len(self.weight), "eps": float(self.eps)}

    def describe(self) -> str:
        """The size."""
        return str(len(self.weight))


class LayerNorm(Module):
    """x without its mean, over its deviation, times a gain, plus an offset. Ba and others, "Layer normalization", 2016.

    Args:
        size: how many numbers.
        eps: added to the variance.

    >>> [y.data for y in LayerNorm(2, eps=0.0)([1.0, 3.0])]
    [-1.0, 1.0]
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        self.weight = [Value(1.0) for _ in range(whole_number(size, "size"))]
        self.bias = [Value(0.0) for _ in range(size)]
        self.eps = eps

    def forward(self, x: Any) -> list[Any]:
        """One sample in, as many out."""
        xs = _of_width(x, len(self.weight), "this LayerNorm")
        mean = ag.mean(xs)
        centred = [v - mean for v in xs]
        scale = (ag.dot(centred, centred) / len(xs) + self.eps) ** -0.5
        return [g * (v * scale) + b for g, v, b in zip(self.weight, centred, self.bias, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"size": len(self.weight), "eps": float(self.eps)}

    def describe(self) -> str:
        """The size."""
        return str(len(self.weight))


def factor_of(rng: random.Random, p: float) -> Callable[[], float]:
    """A function that draws what `Dropout` multiplies a number by.

    >>> draw_one = factor_of(random.Random(0), 0.5)
    >>> draw_one(), draw_one(), draw_one()
    (2.0, 2.0, 0.0)
    """
    keep = 1.0 / (1.0 - p)

    def one() -> float:
        return 0.0 if rng.random() < p else keep

    one.key = rng, p  # type: ignore[attr-defined]  # by which `draw` tells that another one draws the same
    return one


# While this is set, it gives the factors instead, to whoever computes in other ways than sample by sample.
factors_given: ContextVar[Callable[[random.Random, float, int], Sequence[Any]] | None] = ContextVar("factors", default=None)


class Dropout(Module):
    """In training each number is 0 with probability p and 1/(1-p) times itself otherwise; in evaluation it is itself.

    Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Args:
        p: from 0 to below 1.
        seed: an int, a `random.Random`, or None for the module `random`.

    >>> Dropout(0.5, seed=0).eval()([1.0, 2.0])
    [1.0, 2.0]
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"Dropout takes a probability from 0 to below 1, got {p!r:.60}")
        self.p = p
        self.rng = None if seed is None else as_random(seed)  # None stays None, so that copies draw from the module random, too

    def forward(self, x: Any) -> Any:
        """One sample in, as many out."""
        if not self.training or self.p == 0.0:
            return x
        xs = _one_sample(x if isinstance(x, (list, tuple)) else list(x), "this Dropout")
        rng, given = as_random(self.rng), factors_given.get()
        one = factor_of(rng, self.p)
        factors = [draw(one) for _ in xs] if given is None else given(rng, self.p, len(xs))
        return [v * factor for v, factor in zip(xs, factors, strict=True)]

    def get_config(self) -> dict[str, Any]:
        """The probability."""
        return {"p": float(self.p)}

    def describe(self) -> str:
        """The probability."""
        return f"p={self.p}"
