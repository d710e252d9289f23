"""Nets in PyTorch and JAX, with the same numbers, and back again: for whoever outgrows scalars.

A net of glass is read into parts, which say what is computed without saying by what. Each library has a table of what it makes
of a part, and a part that is in no table is an error that names the layer. The dense layers of `Layer` and `Linear` become one
matrix each; everything else stays what it is.

Neither library is needed by anything else: ``pip install "glassgrad[torch]"``, ``pip install "glassgrad[jax]"``.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from autograd import Value, tree

from . import layers
from .module import Module

__all__ = ["from_jax", "from_torch", "to_jax", "to_torch"]


class Part(NamedTuple):
    """One module, as what it computes.

    Attributes:
        kind: what it is: a key of the tables.
        name: its dotted name, as `Module.named_modules` has it.
        module: the module itself.
        options: plain data that the kind needs.
        tensors: its parameters: Values, or lists of them, or lists of lists, by name.
        parts: those inside, by the names that come after its own.
    """

    kind: str
    name: str
    module: Any
    options: dict[str, Any]
    tensors: dict[str, Any]
    parts: dict[str, Any]  # Parts


def _joined(*names: str) -> str:
    return ".".join([name for name in names if name])


# ---- reading a net of glass --------------------------------------------------------------------------


def _read(model: Any, caller: str) -> Part:
    """A net as parts.

    Raises:
        TypeError: it isn't a module, or a part of it can't go over.
    """
    if not isinstance(model, Module):
        raise TypeError(f"{caller} takes a Module of nn, got {type(model).__name__}; write {caller}(MLP(2, [16, 1]))")
    part = _part(model, "", caller)
    owners: dict[int, tuple[Any, str]] = {}
    for each in _all_parts(part):
        for name, tensor in each.tensors.items():
            for p in tree.leaves(tensor):
                module, first = owners.setdefault(id(p), (each.module, _joined(each.name, name)))
                if module is not each.module:
                    raise TypeError(
                        f"{caller} can't take a parameter over that two modules share: {first} and {_joined(each.name, name)}; "
                        f"give each its own, or use the same module in both places"
                    )
    return part


def _all_parts(part: Part) -> Iterator[Part]:
    yield part
    for inner in part.parts.values():
        yield from _all_parts(inner)


def _named_tensors(part: Part) -> dict[str, Any]:
    """The parameters of all parts, by their dotted names; those of a module in two places once."""
    seen: set[int] = set()
    found = {}
    for each in _all_parts(part):
        if id(each.module) not in seen:
            seen.add(id(each.module))
            found.update({_joined(each.name, name): tensor for name, tensor in each.tensors.items()})
    return found


def _part(module: Module, name: str, caller: str) -> Part:
    read = READERS.get(type(module))
    if read is None:
        raise TypeError(f"{caller} can't take {_place(name)} over: {_why(module)}; {_known()}")
    try:
        kind, options, tensors, inner = read(module)
    except ValueError as error:
        raise TypeError(f"{caller} can't take {_place(name)} over: {error}") from None
    parts = {place: _part(each, _joined(name, place), caller) for place, each in inner.items()}
    return Part(kind, name, module, options, tensors, parts)


def _place(name: str) -> str:
    return f"the layer {name}" if name else "this model"


def _why(module: Module) -> str:
    kind = type(module)
    if type(module).__module__.partition(".")[0] != "nn":
        return f"{kind.__name__} is a class of your own, whose forward() only Python knows"
    return f"{kind.__name__} has no counterpart there"


def _known() -> str:
    return f"what goes over is {', '.join(sorted(kind.__name__ for kind in READERS))}"


Found = tuple[str, dict[str, Any], dict[str, Any], dict[str, Module]]


def _read_mlp(module: layers.MLP) -> Found:
    return "sequence", {"squeeze": True}, {}, _numbered(module.layers)


def _read_sequential(module: layers.Sequential) -> Found:
    return "sequence", {"squeeze": False}, {}, _numbered(module.layers)


def _numbered(modules: list[Any]) -> dict[str, Module]:
    return {f"layers.{i}": module for i, module in enumerate(modules)}


def _read_layer(module: layers.Layer) -> Found:
    activations = {neuron.activation for neuron in module.neurons}
    biases = {neuron.b is not None for neuron in module.neurons}
    if len(activations) > 1 or len(biases) > 1:
        raise ValueError("its neurons differ in activation or bias, and a matrix has one for all; make them alike")
    tensors: dict[str, Any] = {"weight": [neuron.w for neuron in module.neurons]}
    if biases == {True}:
        tensors["bias"] = [neuron.b for neuron in module.neurons]
    return "dense", {"activation": activations.pop()}, tensors, {}


def _read_neuron(module: layers.Neuron) -> Found:
    tensors: dict[str, Any] = {"w": module.w} | ({} if module.b is None else {"b": module.b})
    return "neuron", {"activation": module.activation}, tensors, {}


def _read_linear(module: layers.Linear) -> Found:
    tensors: dict[str, Any] = {"weight": module.weight} | ({} if module.bias is None else {"bias": module.bias})
    return "dense", {"activation": None}, tensors, {}


def _read_activation(module: layers.Activation) -> Found:
    return "activation", {"activation": module.name}, {}, {}


READERS: dict[type[Any], Callable[[Any], Found]] = {
    layers.MLP: _read_mlp,
    layers.Sequential: _read_sequential,
    layers.Layer: _read_layer,
    layers.Neuron: _read_neuron,
    layers.Linear: _read_linear,
    layers.Softmax: lambda module: ("softmax", {}, {}, {}),
    layers.Embedding: lambda module: ("embedding", {}, {"weight": module.weight}, {}),
    layers.RMSNorm: lambda module: ("rms_norm", {"eps": float(module.eps)}, {"weight": module.weight}, {}),
    layers.LayerNorm: lambda module: (
        "layer_norm",
        {"eps": float(module.eps)},
        {"weight": module.weight, "bias": module.bias},
        {},
    ),
    layers.Dropout: lambda module: ("dropout", {"p": float(module.p)}, {}, {}),
    **dict.fromkeys((layers.Activation, *layers.Activation.__subclasses__()), _read_activation),
}


def _numbers(tensor: Any) -> Any:
    return tensor.data if isinstance(tensor, Value) else [_numbers(x) for x in tensor]


def _library(name: str, extra: str, caller: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in (extra, "torch", "jax"):
            raise
        raise ImportError(f'{caller} needs {extra}, which is not installed; pip install "glassgrad[{extra}]"') from None


# ---- PyTorch -----------------------------------------------------------------------------------------


def to_torch(model: Module) -> Any:
    """The same net in PyTorch: a ``torch.nn.Module`` of dense layers with the same parameters, in double precision.

    Modules have the same names. A `Layer` of neurons becomes one matrix ``weight``, with a row for each neuron, and one
    vector ``bias``. The result takes one sample, or samples along any axes before the last one; an `Embedding` takes indices.
    Outputs and gradients differ by rounding only. `Dropout` draws by PyTorch's random numbers, so switch it off with
    ``eval()`` to compare. What is frozen stays frozen.

    Args:
        model: of the modules of `nn`: MLP, Sequential, Layer, Neuron, Linear, the activations, Softmax, LayerNorm, RMSNorm,
            Embedding, Dropout.

    Returns:
        The module. Write ``.float()`` for single precision, ``.to(device)`` for another device.

    Raises:
        TypeError: a layer can't go over; the message names it.
        ImportError: PyTorch is not installed.

    >>> from nn import MLP
    >>> to_torch(MLP(2, [3, 1], seed=0)).state_dict().keys()  # doctest: +SKIP
    odict_keys(['layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'layers.1.bias'])
    """
    part = _read(model, "to_torch")
    _library("torch", "torch", "nn.to_torch")
    return importlib.import_module(".torch_modules", __package__).module_of(part, _numbers)


def from_torch(module: Any) -> Module:
    """The same net in glass: what `to_torch` made, or a net of PyTorch's own layers.

    Numbers are taken over exactly, from any precision. ``torch.nn.Softplus`` computes x itself above its threshold of 20,
    where it is up to 2e-9 off; here it is exact.

    Args:
        module: made by `to_torch`, or a ``torch.nn.Sequential`` of ``Linear``, the activations, ``Softmax`` over the last axis,
            ``LayerNorm`` and ``RMSNorm`` of one axis, ``Embedding``, ``Dropout``, and such sequences; or one of those alone.

    Returns:
        A module of `nn`. A sequence of PyTorch's becomes a `Sequential`, whose layers are named ``layers.0``, ``layers.1``, ...

    Raises:
        TypeError: a layer, or one of its options, can't go over; the message names it.
        ImportError: PyTorch is not installed.
    """
    _library("torch", "torch", "nn.from_torch")
    model: Module = importlib.import_module(".torch_modules", __package__).glass_of(module)
    return model


# ---- JAX ---------------------------------------------------------------------------------------------


def to_jax(model: Module) -> tuple[dict[str, Any], Callable[[Mapping[str, Any], Any], Any]]:
    """The same net in JAX: its parameters, and a pure function of parameters and input.

    Args:
        model: see `to_torch`.

    Returns:
        ``(params, apply)``. params is a dict of arrays with the names that `to_torch` gives them, so it is a pytree.
        ``apply(params, x)`` computes the output for one sample, or for samples along any axes before the last one; an
        `Embedding` takes indices. It works under ``jit``, ``grad`` and ``vmap``, and nothing is dropped by `Dropout`. Arrays
        are in double precision where the owner has set ``jax_enable_x64``, which comparing needs, and else in single.

    Raises:
        TypeError: a layer can't go over; the message names it.
        ImportError: JAX is not installed.

    >>> from nn import MLP
    >>> params, apply = to_jax(MLP(2, [3, 1], seed=0))  # doctest: +SKIP
    >>> apply(params, [[0.5, -1.0], [2.0, 0.0]]).shape  # doctest: +SKIP
    (2,)
    """
    part = _read(model, "to_jax")
    jax = _library("jax", "jax", "nn.to_jax")
    params = {name: jax.numpy.asarray(_numbers(tensor), dtype=float) for name, tensor in _named_tensors(part).items()}
    names = {id(each.module): each.name for each in reversed(list(_all_parts(part)))}  # the first of a module in two places
    forward = _in_jax(part, names, jax)

    def apply(params: Mapping[str, Any], x: Any) -> Any:
        """The output for one sample or for many."""
        return forward(params, jax.numpy.asarray(x))

    return params, apply


def from_jax(params: Mapping[str, Any], model: Module) -> Module:
    """A copy of a net of glass with other numbers: the way back from `to_jax`.

    Args:
        params: arrays, by the names of `to_jax`.
        model: the net that went over; it is not changed.

    Returns:
        The copy.

    Raises:
        TypeError: the model can't go over.
        ValueError: names or shapes differ from those of the model.
    """
    found = copy.deepcopy(model)
    wanted = _named_tensors(_read(found, "from_jax"))
    words = {"missing": wanted.keys() - params.keys(), "unexpected": params.keys() - wanted.keys()}
    wrong = [f"{word} {', '.join(sorted(names)[:5])}" for word, names in words.items() if names]
    for name in wanted.keys() & params.keys():
        parameters, shape = tree.flatten(wanted[name])
        numbers = params[name].tolist() if hasattr(params[name], "tolist") else params[name]
        try:
            for p, x in zip(parameters, shape.flatten_up_to(numbers), strict=True):
                p.data = x
        except (TypeError, ValueError) as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ValueError(f"these params don't fit this {type(model).__name__}: {'; '.join(wrong)}")
    return found


def _jax_activations(jax: Any) -> dict[str, Callable[[Any], Any]]:
    """At their kinks as here: the left slope for leaky_relu, 0 for relu."""
    np = jax.numpy
    return {
        "linear": lambda x: x,
        "relu": jax.nn.relu,
        "leaky_relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
        "elu": jax.nn.elu,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "silu": jax.nn.silu,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "tanh": np.tanh,
    }


def _in_jax(part: Part, names: dict[int, str], jax: Any) -> Callable[[Any, Any], Any]:
    """A function of parameters and an array."""
    options, activations = part.options, _jax_activations(jax)
    name = names[id(part.module)]

    def own(params: Mapping[str, Any], tensor: str) -> Any:
        p = params[_joined(name, tensor)]
        return p if part.module.requires_grad else jax.lax.stop_gradient(p)

    if part.kind == "sequence":
        steps = [_in_jax(inner, names, jax) for inner in part.parts.values()]

        def run(params: Any, x: Any) -> Any:
            for step in steps:
                x = step(params, x)
            return x[..., 0] if options["squeeze"] and x.shape[-1] == 1 else x

        return run
    if part.kind in ("dense", "neuron"):
        weight, bias = ("weight", "bias") if part.kind == "dense" else ("w", "b")
        act = activations[options["activation"] or "linear"]
        biased = bias in part.tensors
        return lambda params, x: act(x @ own(params, weight).T + (own(params, bias) if biased else 0.0))
    if part.kind == "activation":
        act = activations[options["activation"]]
        return lambda params, x: act(x)
    if part.kind == "softmax":
        return lambda params, x: jax.nn.softmax(x, axis=-1)
    if part.kind == "embedding":
        return lambda params, i: own(params, "weight")[i]
    if part.kind == "dropout":
        return lambda params, x: x

    def normalised(params: Any, x: Any) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True) if part.kind == "layer_norm" else x
        y = own(params, "weight") * (centred * ((centred * centred).mean(axis=-1, keepdims=True) + options["eps"]) ** -0.5)
        return y + own(params, "bias") if part.kind == "layer_norm" else y

    return normalised
