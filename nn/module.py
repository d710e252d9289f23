"""`Module`, the base of every part of a net, with PyTorch's habits.

A module's parameters are the leaves among its attributes: Values, modules, and lists, tuples and dicts of those, in
the order in which they were set. A parameter's name is the path to it: ``layers.0.neurons.3.w.1``.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Never, Self

from autograd import Value, group, leaves, tree
from autograd.recording import changed, noted, recorders

from .architecture import Architecture, State, check_architecture, differences, in_words
from .stored import described, read_stored, write_stored
from .summary import Summary, summary_row, summary_table

__all__ = ["Module", "Watched", "all_members", "read_model_file"]

KIND = "a file of Module.save()"
FUNCTIONS = {
    "fit": "nn.fit(model, X, y)",
    "compile": "nn.fit(model, X, y, loss=..., optimizer=...)",
    "predict": "nn.predict(model, X)",
    "predict_proba": "nn.predict(model, X, probabilities=True)",
    "evaluate": "nn.evaluate(model, X, y, loss=..., metrics=[...])",
    "score": "nn.evaluate(model, X, y, metrics=[...])",
    "backward": "backward() of the loss",
}
MODES = "training", "requires_grad"
BEFORE = {"module", "state"}  # the entries of a file of version 0.1.0


class Module:
    """A part of a net. Subclasses set their parameters as attributes and write ``forward``.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data, [name for name, _ in line.named_parameters()], line.num_parameters
    (7.0, ['slope', 'offset'], 2)
    """

    training = True
    requires_grad = True  # set by `requires_grad_`
    takes_init = False  # whether the class has init=, by which its weights are drawn
    config_has_parts = False  # whether get_config() says all about the modules inside, too
    group_name = ""  # set by `label_parameters`: what is computed here belongs to a group of that name

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Never:
            """Name the function, for what is a method in other libraries."""
            instead = f"; write {FUNCTIONS[name]}" if name in FUNCTIONS else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{instead}", name=name, obj=self)

    def forward(self, *inputs: Any) -> Any:
        """Compute the outputs from the inputs. Each subclass has its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(); write one that takes the inputs and returns the outputs"
        )

    def __setattr__(self, name: str, x: Any) -> None:
        """Set an attribute; of a mode functions that are compiled take notice."""
        super().__setattr__(name, x)
        if name in MODES:
            changed()

    def __call__(self, *inputs: Any) -> Any:
        """Compute ``forward``."""
        if recorders:
            noted(self, *MODES)
        if not self.requires_grad:
            return _detached(self, {})(*inputs)
        if not self.group_name:
            return self.forward(*inputs)
        with group(self.group_name):
            return self.forward(*inputs)

    # ---- parameters --------------------------------------------------------------------------------

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its dotted name, once, in a stable order.

        >>> from nn import MLP
        >>> [name for name, _ in MLP(1, [1], seed=0).named_parameters()]
        ['layers.0.neurons.0.w.0', 'layers.0.neurons.0.b']
        """
        seen: set[int] = set()
        for name, value in _walk(self, ""):
            if isinstance(value, Value) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the name ``""``, and all those inside it with their dotted names, the outer before the inner.

        >>> from nn import MLP
        >>> [name for name, _ in MLP(1, [1], seed=0).named_modules()]
        ['', 'layers.0', 'layers.0.neurons.0']
        """
        seen: set[int] = set()
        for name, part in _walk(self, ""):
            if isinstance(part, Module) and id(part) not in seen:
                seen.add(id(part))
                yield name, part

    def parameters(self) -> list[Value]:
        """All parameters.

        >>> from nn import MLP
        >>> len(MLP(2, [16, 16, 1], seed=0).parameters())
        337
        """
        if type(self).named_parameters is not Module.named_parameters:
            return [value for _, value in self.named_parameters()]
        return [*_found(self).parameters]

    @property
    def num_parameters(self) -> int:
        """How many numbers are learned."""
        return len(self.parameters())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, or in its lists, tuples and dicts, with their dotted names.

        >>> from nn import MLP
        >>> [name for name, _ in MLP(1, [2, 1], seed=0).named_children()]
        ['layers.0', 'layers.1']
        """
        return ((name, part) for name, part in _parts(self, "") if isinstance(part, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly inside this one, or in its lists, tuples and dicts.

        >>> from nn import ReLU, Sequential, Tanh
        >>> list(Sequential(ReLU(), Tanh()).children())
        [ReLU(), Tanh()]
        """
        return (part for _, part in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This module and all those inside it, the outer before the inner."""
        if type(self).named_modules is not Module.named_modules:
            return (module for _, module in self.named_modules())
        return iter([self, *_found(self).modules])

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        leaves.clear_gradients(self.parameters())

    def label_parameters(self, prefix: str = "") -> Self:
        """Name everything, so that pictures and messages can: parameters by labels, and what modules compute by groups.

        Args:
            prefix: the text before each name.

        Returns:
            The module.

        >>> from nn import MLP
        >>> model = MLP(1, [1], seed=0).label_parameters("net.")
        >>> model.parameters()[1].label, model([2.0]).groups
        ('net.layers.0.neurons.0.b', ('net.layers.0', 'net.layers.0.neurons.0'))
        """
        seen: set[int] = set()
        for name, part in _walk(self, ""):
            if id(part) not in seen:  # what is in two places has the name of the first, as in named_parameters()
                seen.add(id(part))
                if isinstance(part, Value):
                    part.label = prefix + name
                elif name:
                    part.group_name = prefix + name
        return self

    # ---- training or not ---------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze this module and all inside it, or thaw them. Returns the module.

        Called while it is frozen, a module computes with copies of its parameters. So no gradient reaches the parameters
        themselves, and every optimizer leaves them alone; gradients flow through to what comes before. A parameter that is used
        without calling its module isn't frozen, and what ``forward`` sets on a frozen module is forgotten.

        Args:
            requires_grad: False to freeze.

        >>> from nn import Linear, Sequential
        >>> model = Sequential(Linear(1, 1, seed=0).requires_grad_(False), Linear(1, 1, seed=1))
        >>> model([2.0])[0].backward()
        >>> [p.has_grad for p in model.parameters()]
        [False, False, True, True]
        """
        for module in self.modules():
            module.requires_grad = bool(requires_grad)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch to training, where `Dropout` drops. Returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation, where nothing is random. Returns the module."""
        return self.train(False)

    # ---- architecture ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What this module depends on beside its numbers and the modules inside it: plain data that JSON can hold.

        Files hold it, and `load` refuses a file with another one. That of a class of your own is empty, unless you write it:

        >>> class Scaled(Module):
        ...     def __init__(self, scale):
        ...         self.scale, self.w = scale, Value(1.0)
        ...     def get_config(self):
        ...         return {"scale": self.scale}
        >>> Scaled(2.0).architecture()
        {'module': 'Scaled', 'config': {'scale': 2.0}, 'parts': {}}
        """
        return {}

    def architecture(self) -> Architecture:
        """The class, its `get_config`, and the architectures of the modules inside, as plain data.

        >>> from nn import ReLU
        >>> ReLU().architecture()
        {'module': 'nn.ReLU', 'config': {}, 'parts': {}}
        """
        return _architecture(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], parts: list[Module]) -> Module:
        """A module with this config and these parts, for `nn.load`, which makes the classes of `nn` only."""
        if parts:
            raise ValueError(f"{cls.__name__} takes no modules")
        return cls(**config, **({"init": "zeros"} if cls.takes_init else {}))  # which draws no random numbers

    # ---- state -------------------------------------------------------------------------------------

    def state_dict(self) -> State:
        """The numbers by name: a float for a single parameter, lists for lists of them; and the architecture, as an attribute.

        >>> from nn import Linear
        >>> state = Linear(2, 1, seed=0).state_dict()
        >>> sorted(state), state.architecture["config"]
        (['bias', 'weight'], {'in_features': 2, 'out_features': 1})
        """
        return State({name: _numbers(tensor) for name, tensor in _tensors(self, "")}, _architecture(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the numbers of `state_dict`.

        Args:
            state: as `state_dict` gives it, from a module of the same architecture; or a plain dict, such as ``dict(state)``,
                which has no architecture and needs the same names and shapes only.

        Raises:
            ValueError: the architecture differs, or names are missing, unknown or of another shape; nothing is changed then.
            TypeError: state isn't a dict, or holds something that isn't a number; nothing is changed then, either.
        """
        if not isinstance(state, dict):
            raise TypeError(f"load_state_dict takes a dict as state_dict() gives it, got {type(state).__name__}")
        there = getattr(state, "architecture", None)
        here = _architecture(self)
        unlike = [] if there is None else list(differences(there, here))
        if there is not None and unlike:
            raise ValueError(
                f"this state is of {in_words(there):.160}, and this model is {in_words(here):.160}, and nothing was changed: "
                f"{'; '.join(unlike[:2]):.240}. Make the model as it was (nn.load does, from a file of save()), "
                f"or take the numbers alone, from dict(state)"
            )
        own = dict(_tensors(self, ""))
        wrong = []
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        if missing:
            wrong.append(f"missing {_first_names(missing)}")
        if unexpected:
            wrong.append(f"unexpected {_first_names(unexpected)}")
        moves: list[tuple[Value, float]] = []
        for name in own:
            if name in state:
                ours = _shape(own[name])
                theirs = _shape(state[name], ours.count("x") + 2)
                if ours != theirs:
                    wrong.append(f"{name} has the shape {theirs or 'of a number'} instead of {ours or 'a number'}")
                else:
                    parameters, shape = tree.flatten(own[name])
                    numbers = shape.flatten_up_to(state[name])
                    moves += [(p, _as_float(x, name)) for p, x in zip(parameters, numbers, strict=True)]
        if wrong:
            raise ValueError(f"this state does not fit {type(self).__name__}, and nothing was changed: {'; '.join(wrong)}")
        for p, number in moves:
            p.data = number

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write numbers and architecture to a JSON file, exact to the bit. The file is written whole, or stays as it was.

        ``model.load(path)`` reads it into a model of the same architecture, and ``nn.load(path)`` makes a new model.

        A file that is there keeps its permissions, and a link is followed.

        Args:
            path: where to; usually ends in ``.json``.

        Raises:
            OSError: the file can't be written.
        """
        state = self.state_dict()
        content = {"architecture": state.architecture, "parameters": self.num_parameters, "state": state}
        write_stored(path, {"module": type(self).__name__, **content})

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. Returns the module.

        Args:
            path: the file. One of version 0.1.0 has no architecture, and needs the same names and shapes only.

        Raises:
            ValueError: the file isn't one of `save`, is damaged, or is of another architecture; nothing is changed then.
            OSError: the file can't be read.
        """
        content = read_model_file(path)
        try:
            self.load_state_dict(content["state"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None
        return self

    # ---- words -------------------------------------------------------------------------------------

    def describe(self) -> str:
        """The text between the parentheses of the repr."""
        return ", ".join([repr(part) for _, part in _parts(self, "") if isinstance(part, Module)])

    def summary(self) -> Summary:
        """A table of the layers: shape, activation, and how many numbers each learns. Text that a notebook shows as it is.

        >>> from nn import MLP
        >>> MLP(2, [16, 1], activation="tanh", seed=0).summary()
        layer     module  shape    activation  parameters
        layers.0  Layer   2 -> 16  tanh                48
        layers.1  Layer   16 -> 1  linear              17
        total                                          65
        """
        return summary_table(list(_summary_rows(self, "")), self.num_parameters)

    def __repr__(self) -> str:
        """The architecture."""
        return f"{type(self).__name__}({self.describe()})"


def read_model_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The entries of a file of `Module.save`, checked for their form; the state knows its architecture.

    Raises:
        ValueError: it isn't such a file, or is damaged.
        OSError: it can't be read.
    """
    content = read_stored(path, KIND)
    if set(content) not in (BEFORE, BEFORE | {"architecture", "parameters"}):
        place = os.fspath(path)
        if "glassgrad checkpoint" in content:
            raise ValueError(f"{place} isn't {KIND}, but a checkpoint; make the model, and write fit(..., resume={place!r})")
        raise ValueError(f"{place} isn't {KIND}: its entries are {_first_names(sorted(content)) or 'none'}")
    if "architecture" in content:
        try:
            architecture = check_architecture(content["architecture"])
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{os.fspath(path)} isn't {KIND}, or is damaged: {error}") from None
        if isinstance(content["state"], dict):
            content["state"] = State(content["state"], architecture)
    return content


Watched = list[tuple[Any, Any, tuple[Any, ...]]]


def _members(thing: Any, name: str, watched: Watched | None = None) -> Iterator[tuple[str, Any]]:
    """The attributes of a module, or the items of a container, with their dotted names.

    Args:
        thing: a module or a container.
        name: its name.
        watched: what is looked at is noted here, for `leaves.same_members`.
    """
    found: Any = vars(thing) if isinstance(thing, Module) else thing
    if watched is not None and not isinstance(found, tuple):
        if isinstance(found, dict):
            noted = [x for key, member in found.items() for x in (key, _noted(member))]
        else:
            noted = [_noted(member) for member in found]
        watched.append((thing if isinstance(thing, Module) else None, found, tuple(noted)))
    if isinstance(found, (list, tuple)):
        found = dict(enumerate(found))
    if isinstance(found, dict):
        for key, member in found.items():
            yield f"{name}.{key}" if name else str(key), member


def _noted(member: Any) -> Any:
    """What is noted of a member: itself where there may be parameters in it; its class where that alone counts."""
    return member if isinstance(member, (Module, Value, list, tuple, dict)) else type(member)


def _parts(thing: Any, name: str, watched: Watched | None = None) -> Iterator[tuple[str, Any]]:
    """The nearest modules and parameters, through lists, tuples and dicts. A computed Value isn't a parameter."""
    for place, member in _members(thing, name, watched):
        if isinstance(member, Module) or (isinstance(member, Value) and member.is_leaf):
            yield place, member
        elif not tree.is_leaf(member):
            yield from _parts(member, place, watched)


def _walk(module: Module, name: str, watched: Watched | None = None) -> Iterator[tuple[str, Any]]:
    """This module, and every module and parameter inside it, depth first."""
    yield name, module
    for place, part in _parts(module, name, watched):
        if isinstance(part, Module):
            yield from _walk(part, place, watched)
        else:
            yield place, part


def all_members(module: Module) -> Watched:
    """All that a module and what is inside of it holds, for `leaves.same_members`: whether anything was exchanged since."""
    watched: Watched = []
    for _ in _walk(module, "", watched):
        pass
    return [
        (owner, box, tuple([x for pair in box.items() for x in pair] if isinstance(box, dict) else box))
        for owner, box, _ in watched
    ]


class _Found(NamedTuple):
    """What a walk through a module found, and where it looked."""

    parameters: list[Value]
    modules: list[Module]  # without the module itself, which must not live on by this
    watched: Watched


_FOUND: dict[int, tuple[weakref.ref[Module], _Found]] = {}


def _found(module: Module) -> _Found:
    """The parameters and modules inside a module, each once: found anew only where something was exchanged since."""
    _, kept = _FOUND.get(id(module), (None, None))
    if kept is not None and vars(module) is kept.watched[0][1] and leaves.same_members(kept.watched):
        return kept
    watched: Watched = []
    parts = {id(part): part for _, part in _walk(module, "", watched)}
    watched[0] = (None, *watched[0][1:])
    parameters = [part for part in parts.values() if isinstance(part, Value)]
    found = _Found(parameters, [part for part in parts.values() if isinstance(part, Module) and part is not module], watched)
    if all(type(container) in (dict, list) for _, container, _ in watched):  # a class of its own may have an order of its own
        place = id(module)
        _FOUND[place] = weakref.ref(module, lambda _: _FOUND.pop(place, None)), found
    return found


# Functions rather than methods, so that a subclass may use any of the names above for attributes of its own.


def _architecture(module: Module) -> Architecture:
    kind = type(module)
    home = sys.modules.get(kind.__module__)
    own = getattr(home, "__package__", "") == "nn" and getattr(home, kind.__name__, None) is kind
    try:
        config = json.loads(json.dumps(kind.get_config(module)))  # as a file gives it back: with lists for tuples
    except (TypeError, ValueError) as error:
        raise TypeError(f"{kind.__name__}.get_config() must return plain data that JSON can hold: {error}") from None
    inner = () if kind.config_has_parts else _parts(module, "")
    parts = {name: _architecture(part) for name, part in inner if isinstance(part, Module)}
    return {"module": f"{'nn.' if own else ''}{kind.__name__}", "config": config, "parts": parts}


def _summary_rows(module: Module, name: str) -> Iterator[tuple[str, ...]]:
    """A row for each module that has no others inside, or parameters of its own beside them."""
    inner = [] if module.config_has_parts else [found for found in _parts(module, "") if isinstance(found[1], Module)]
    own = sum(isinstance(part, Value) for _, part in _parts(module, "")) if inner else module.num_parameters
    if own or not inner:
        frozen = "" if module.requires_grad else " (frozen)"
        yield summary_row(f"{name}{frozen}".strip(), type(module).__name__, module.get_config(), own)
    for place, child in inner:
        yield from _summary_rows(child, f"{name}.{place}" if name else place)


def _detached(thing: Any, copies: dict[int, Any]) -> Any:
    """A module with copies of its parameters, and of the modules inside; what is shared stays shared."""
    if not isinstance(thing, (Module, Value)):
        return thing if tree.is_leaf(thing) else tree.map(lambda leaf: _detached(leaf, copies), thing)
    if id(thing) not in copies:
        if isinstance(thing, Value):
            copies[id(thing)] = thing.detach() if thing.is_leaf else thing
        else:
            if recorders:
                noted(thing, *MODES)
            copies[id(thing)] = other = copy.copy(thing)
            vars(other).update({name: _detached(x, copies) for name, x in vars(thing).items()}, requires_grad=True)
    return copies[id(thing)]


def _tensors(thing: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The outermost lists that hold nothing but parameters, and single parameters."""
    for place, member in _members(thing, name):
        if _is_tensor(member):
            yield place, member
        elif isinstance(member, Module) or not tree.is_leaf(member):
            yield from _tensors(member, place)


def _is_tensor(thing: Any) -> bool:
    if isinstance(thing, Value):
        return thing.is_leaf
    return isinstance(thing, (list, tuple)) and len(thing) > 0 and all(map(_is_tensor, thing))


def _numbers(tensor: Any) -> Any:
    return tensor.data if isinstance(tensor, Value) else [_numbers(x) for x in tensor]


def _as_float(x: Any, name: str) -> float:
    if not isinstance(x, bool):
        try:
            return Value(x).data
        except (TypeError, OverflowError):
            pass
    raise TypeError(f"{name} holds {described(x)}, which isn't a number that fits a float; nothing was changed")


def _shape(tensor: Any, depth: int = 99) -> str:
    """3x2 for three lists of two; ragged where they differ; empty for a single number; dots where it is too deep."""
    if not isinstance(tensor, (list, tuple)):
        return ""
    if depth == 0:
        return "..."
    inside = {_shape(x, depth - 1) for x in tensor}
    if len(inside) > 1:
        return f"{len(tensor)}x({', '.join(sorted(inside))})"
    rest = inside.pop() if inside else ""
    return f"{len(tensor)}x{rest}" if rest else str(len(tensor))


def _first_names(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
