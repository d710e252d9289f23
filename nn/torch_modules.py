"""What `to_torch` makes, and `from_torch` reads: classes of PyTorch, which pickle and move between processes like its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn as T  # noqa: N812  # as short as its names deserve

from . import layers
from .module import Module

__all__ = ["MLP", "Dense", "Neuron", "Sequential", "Softplus", "glass_of", "module_of"]


class Softplus(T.Module):
    """log(1 + exp(x)), without the threshold of ``torch.nn.Softplus``, above which that is x itself."""

    def forward(self, x: Any) -> Any:
        """Of each number."""
        return torch.logaddexp(x, torch.zeros_like(x))


ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "linear": T.Identity,
    "relu": T.ReLU,
    "leaky_relu": T.LeakyReLU,
    "elu": T.ELU,
    "gelu": T.GELU,
    "silu": T.SiLU,
    "sigmoid": T.Sigmoid,
    "softplus": Softplus,
    "tanh": T.Tanh,
}


class Dense(T.Linear):
    """A `Layer`: activation(W x + b), with the neurons' weights as rows."""

    def __init__(self, inputs: int, outputs: int, activation: str, **options: Any) -> None:
        super().__init__(inputs, outputs, **options)
        self.activation = activation
        self._function = ACTIVATIONS[activation]()

    def forward(self, x: Any) -> Any:
        """Samples along any axes before the last one."""
        return self._function(super().forward(x))

    def extra_repr(self) -> str:
        """As PyTorch's, and the activation."""
        return f"{super().extra_repr()}, activation={self.activation}"


class Neuron(T.Module):
    """A `Neuron`: activation(w . x + b), one number for each sample."""

    def __init__(self, w: Any, b: Any, activation: str) -> None:
        super().__init__()
        self.w = T.Parameter(w)
        self.b = None if b is None else T.Parameter(b)
        self.activation = activation
        self._function = ACTIVATIONS[activation]()

    def forward(self, x: Any) -> Any:
        """Samples along any axes before the last one."""
        total = x @ self.w
        return self._function(total if self.b is None else total + self.b)


class Sequential(T.Module):
    """A `Sequential`, whose modules have the names that they have there."""

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        self.layers = T.ModuleList(modules)

    def forward(self, x: Any) -> Any:
        """Through all of them."""
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Sequential):
    """An `MLP`: one number for each sample where the net has one output."""

    def forward(self, x: Any) -> Any:
        """Through all layers."""
        y = super().forward(x)
        return y.squeeze(-1) if y.shape[-1] == 1 else y


# ---- from glass --------------------------------------------------------------------------------------


def module_of(part: Any, numbers: Callable[[Any], Any]) -> Any:
    """A net of PyTorch.

    Args:
        part: what `elsewhere` has read.
        numbers: gives the numbers of a tensor.
    """
    return _made(part, numbers, {})


def _made(part: Any, numbers: Callable[[Any], Any], made: dict[int, Any]) -> Any:
    if id(part.module) not in made:  # a module that is in two places is one there, too
        tensors = {name: torch.tensor(numbers(tensor), dtype=torch.float64) for name, tensor in part.tensors.items()}
        inner = [_made(each, numbers, made) for each in part.parts.values()]
        made[id(part.module)] = module = _MAKERS[part.kind](part.options, tensors, inner)
        for p in module.parameters(recurse=False):
            p.requires_grad_(part.module.requires_grad)
        for each in module.modules():
            if each is module or not inner:
                each.training = part.module.training
    return made[id(part.module)]


def _filled(module: Any, tensors: dict[str, Any]) -> Any:
    module.load_state_dict(tensors)
    return module


def _make_dense(options: dict[str, Any], tensors: dict[str, Any], inner: list[Any]) -> Any:
    outputs, inputs = tensors["weight"].shape
    switches = {"bias": "bias" in tensors, "dtype": torch.float64, "device": "meta"}  # where nothing is drawn at random
    own = options["activation"]
    module = T.Linear(inputs, outputs, **switches) if own is None else Dense(inputs, outputs, own, **switches)
    return _filled(module.to_empty(device="cpu"), tensors)


def _make_norm(kind: Any) -> Callable[..., Any]:
    return lambda options, tensors, inner: _filled(
        kind(len(tensors["weight"]), eps=options["eps"], dtype=torch.float64), tensors
    )


_MAKERS: dict[str, Callable[[dict[str, Any], dict[str, Any], list[Any]], Any]] = {
    "sequence": lambda options, tensors, inner: (MLP if options["squeeze"] else Sequential)(*inner),
    "dense": _make_dense,
    "neuron": lambda options, tensors, inner: Neuron(tensors["w"], tensors.get("b"), options["activation"]),
    "activation": lambda options, tensors, inner: ACTIVATIONS[options["activation"]](),
    "softmax": lambda options, tensors, inner: T.Softmax(dim=-1),
    "embedding": lambda options, tensors, inner: T.Embedding.from_pretrained(tensors["weight"], freeze=False),
    "layer_norm": _make_norm(T.LayerNorm),
    "rms_norm": _make_norm(T.RMSNorm),
    "dropout": lambda options, tensors, inner: T.Dropout(options["p"]),
}


# ---- to glass ----------------------------------------------------------------------------------------


def glass_of(module: Any) -> Module:
    """A net of glass; see `nn.from_torch`."""
    if not isinstance(module, T.Module):
        raise TypeError(f"from_torch takes a torch.nn.Module, got {type(module).__name__}")
    owners: dict[int, tuple[Any, str]] = {}
    for name, part in module.named_modules():
        for own, p in part.named_parameters(recurse=False):
            full = f"{name}.{own}" if name else own
            owner, first = owners.setdefault(id(p), (part, full))
            if owner is not part:
                raise TypeError(
                    f"from_torch can't take a parameter over that two modules share: {first} and {full}; "
                    f"give each its own, or use the same module in both places"
                )
    return _read(module, "", {})


def _read(module: Any, name: str, found: dict[int, Module]) -> Module:
    if id(module) not in found:
        place = f"the layer {name}" if name else "this module"
        reader = _READERS.get(type(module))
        if reader is None:
            raise TypeError(
                f"from_torch can't take {place} over: {type(module).__name__} has no counterpart in nn; "
                f"what goes over is {', '.join(sorted({kind.__name__ for kind in _READERS}))}"
            )
        inner = []
        if isinstance(module, (T.Sequential, Sequential)):
            prefix = f"{name}." if name else ""
            parts = module.layers if isinstance(module, Sequential) else module
            between = "layers." if isinstance(module, Sequential) else ""
            inner = [_read(part, f"{prefix}{between}{i}", found) for i, part in enumerate(parts)]
        try:
            glass: Module = reader(module, inner)
        except ValueError as error:
            raise TypeError(f"from_torch can't take {place} over: {error}") from None
        frozen = {not p.requires_grad for p in module.parameters(recurse=False)}
        if len(frozen) > 1:
            raise TypeError(
                f"from_torch can't take {place} over: some of its parameters are frozen, and a layer is frozen as a whole"
            )
        if frozen == {True}:
            glass.requires_grad = False
        glass.training = module.training
        found[id(module)] = glass
    return found[id(module)]


def _take(parameters: Any, tensor: Any) -> None:
    """Give parameters, which may be nested lists, the numbers of a tensor."""
    numbers = tensor.detach().double().tolist()
    pairs = [(parameters, numbers)]
    while pairs:
        p, x = pairs.pop()
        if isinstance(p, list):
            pairs.extend(zip(p, x, strict=True))
        else:
            p.data = x


def _only(module: Any, **wanted: Any) -> None:
    """Refuse an option that nn doesn't have."""
    for name, x in wanted.items():
        got = getattr(module, name)
        if got != x:
            raise ValueError(f"{type(module).__name__} has {name}={got!r}, and in nn it is {x!r} always")


def _read_linear(module: Any, inner: list[Module]) -> Module:
    linear = layers.Linear(module.in_features, module.out_features, module.bias is not None, init="zeros")
    _take(linear.weight, module.weight)
    if module.bias is not None:
        _take(linear.bias, module.bias)
    return linear


def _read_dense(module: Any, inner: list[Module]) -> Module:
    layer = layers.Layer(module.in_features, module.out_features, module.activation, bias=module.bias is not None, init="zeros")
    _take([neuron.w for neuron in layer.neurons], module.weight)
    if module.bias is not None:
        _take([neuron.b for neuron in layer.neurons], module.bias)
    return layer


def _read_neuron(module: Any, inner: list[Module]) -> Module:
    neuron = layers.Neuron(len(module.w), module.activation, bias=module.b is not None, init="zeros")
    _take(neuron.w, module.w)
    if module.b is not None:
        _take(neuron.b, module.b)
    return neuron


def _read_mlp(module: Any, inner: list[Module]) -> Module:
    model = layers.MLP.__new__(layers.MLP)
    model.layers = inner  # type: ignore[assignment]  # whatever they are, each takes what the one before it gives
    return model


def _read_softmax(module: Any, inner: list[Module]) -> Module:
    _only(module, dim=-1)
    return layers.Softmax()


def _read_embedding(module: Any, inner: list[Module]) -> Module:
    _only(module, padding_idx=None, max_norm=None, scale_grad_by_freq=False, sparse=False)
    embedding = layers.Embedding(module.num_embeddings, module.embedding_dim, init="zeros")
    _take(embedding.weight, module.weight)
    return embedding


def _size(module: Any) -> int:
    if len(module.normalized_shape) != 1:
        raise ValueError(f"it normalises over the shape {tuple(module.normalized_shape)}, and in nn a sample is one list")
    return int(module.normalized_shape[0])


def _read_layer_norm(module: Any, inner: list[Module]) -> Module:
    norm = layers.LayerNorm(_size(module), module.eps)
    if module.weight is None or module.bias is None:
        raise ValueError("it learns no gain or no offset, and in nn it learns both; make it with elementwise_affine and bias")
    _take(norm.weight, module.weight)
    _take(norm.bias, module.bias)
    return norm


def _read_rms_norm(module: Any, inner: list[Module]) -> Module:
    if module.weight is None:
        raise ValueError("it learns no gain, and in nn it does; make it with elementwise_affine")
    norm = layers.RMSNorm(_size(module), torch.finfo(module.weight.dtype).eps if module.eps is None else module.eps)
    _take(norm.weight, module.weight)
    return norm


def _read_activation(name: str, **wanted: Any) -> Callable[[Any, list[Module]], Module]:
    def read(module: Any, inner: list[Module]) -> Module:
        _only(module, **wanted)
        return CLASSES[name]()

    return read


CLASSES: dict[str, Callable[[], Module]] = {
    "linear": layers.Identity, "relu": layers.ReLU, "leaky_relu": layers.LeakyReLU, "elu": layers.ELU, "gelu": layers.GELU,
    "silu": layers.SiLU, "sigmoid": layers.Sigmoid, "softplus": layers.Softplus, "tanh": layers.Tanh,
}  # fmt: skip
_READERS: dict[type[Any], Callable[[Any, list[Module]], Module]] = {
    MLP: _read_mlp,
    Sequential: lambda module, inner: layers.Sequential(*inner),
    T.Sequential: lambda module, inner: layers.Sequential(*inner),
    Dense: _read_dense,
    T.Linear: _read_linear,
    Neuron: _read_neuron,
    T.Identity: _read_activation("linear"),
    T.ReLU: _read_activation("relu"),
    T.LeakyReLU: _read_activation("leaky_relu", negative_slope=0.01),
    T.ELU: _read_activation("elu", alpha=1.0),
    T.GELU: _read_activation("gelu", approximate="none"),
    T.SiLU: _read_activation("silu"),
    T.Sigmoid: _read_activation("sigmoid"),
    T.Softplus: _read_activation("softplus", beta=1.0, threshold=20.0),
    Softplus: _read_activation("softplus"),
    T.Tanh: _read_activation("tanh"),
    T.Softmax: _read_softmax,
    T.LayerNorm: _read_layer_norm,
    T.RMSNorm: _read_rms_norm,
    T.Embedding: _read_embedding,
    T.Dropout: lambda module, inner: layers.Dropout(module.p),
}
