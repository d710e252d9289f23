"""What every part of a net is: a `Module`, with PyTorch's habits.

A module's parameters are the leaves among its attributes: Values, modules, and lists, tuples and dicts of those, in
the order in which they were set. A parameter's name is the way to it: ``layers.0.neurons.3.w.1``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Self

from autograd import Value, group, tree

from .stored import described, read_stored, write_stored

__all__ = ["Module"]

State = dict[str, Any]
KIND = "a file of Module.save()"


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
    group_name = ""  # set by `label_parameters`: what is computed here belongs to a group of that name

    def forward(self, *inputs: Any) -> Any:
        """Compute; each subclass does it in its own way."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(); write one that takes the inputs and returns the outputs"
        )

    def __call__(self, *inputs: Any) -> Any:
        """Compute ``forward``."""
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

    def parameters(self) -> list[Value]:
        """All parameters.

        >>> from nn import MLP
        >>> len(MLP(2, [16, 16, 1], seed=0).parameters())
        337
        """
        return [value for _, value in self.named_parameters()]

    @property
    def num_parameters(self) -> int:
        """How many numbers are learned."""
        return len(self.parameters())

    def modules(self) -> Iterator[Module]:
        """This module and all those inside it, the outer before the inner."""
        seen: set[int] = set()
        for _, value in _walk(self, ""):
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield value

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.grad = None  # no gradient yet

    def label_parameters(self, prefix: str = "") -> Self:
        """Name everything, so that pictures and messages can: parameters by labels, and what modules compute by groups.

        Args:
            prefix: what stands before each name.

        Returns:
            The module.

        >>> from nn import MLP
        >>> model = MLP(1, [1], seed=0).label_parameters("net.")
        >>> model.parameters()[1].label, model([2.0]).groups
        ('net.layers.0.neurons.0.b', ('net.layers.0', 'net.layers.0.neurons.0'))
        """
        seen: set[int] = set()
        for name, part in _walk(self, ""):
            if id(part) not in seen:  # what stands in two places has the name of the first, as in named_parameters()
                seen.add(id(part))
                if isinstance(part, Value):
                    part.label = prefix + name
                elif name:
                    part.group_name = prefix + name
        return self

    # ---- training or not ---------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch to training, where `Dropout` drops. Returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation, where nothing is random. Returns the module."""
        return self.train(False)

    # ---- state -------------------------------------------------------------------------------------

    def state_dict(self) -> State:
        """The numbers by name: a float for a single parameter, lists for lists of them.

        >>> from nn import Linear
        >>> sorted(Linear(2, 1, seed=0).state_dict())
        ['bias', 'weight']
        """
        return {name: _numbers(tensor) for name, tensor in _tensors(self, "")}

    def load_state_dict(self, state: State) -> None:
        """Take over the numbers of `state_dict`.

        Args:
            state: as `state_dict` gives it, from a module of the same shape.

        Raises:
            ValueError: names are missing, unknown or of another shape; nothing is changed then.
            TypeError: state isn't a dict, or holds something that isn't a number; nothing is changed then, either.
        """
        if not isinstance(state, dict):
            raise TypeError(f"load_state_dict takes a dict as state_dict() gives it, got {type(state).__name__}")
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
        """Write the numbers to a JSON file, exact to the bit. The file is written whole, or stays as it was.

        A file that is there keeps its permissions, and a link is followed.

        Args:
            path: where to; usually ends in ``.json``.

        Raises:
            OSError: the file can't be written.
        """
        write_stored(path, {"module": type(self).__name__, "state": self.state_dict()})

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. Returns the module.

        Args:
            path: the file.

        Raises:
            ValueError: the file isn't one of `save`, is damaged, or does not fit; nothing is changed then.
            OSError: the file can't be read.
        """
        content = read_stored(path, KIND)
        if set(content) != {"module", "state"}:
            raise ValueError(f"{os.fspath(path)} isn't {KIND}: its entries are {_first_names(sorted(content)) or 'none'}")
        try:
            self.load_state_dict(content["state"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)}: {error}") from None
        return self

    # ---- words -------------------------------------------------------------------------------------

    def describe(self) -> str:
        """What stands in the parentheses of the repr."""
        return ", ".join([repr(part) for _, part in _parts(self, "") if isinstance(part, Module)])

    def __repr__(self) -> str:
        """The architecture."""
        return f"{type(self).__name__}({self.describe()})"


def _members(thing: Any, name: str) -> Iterator[tuple[str, Any]]:
    """What stands one step further inside, with its dotted name."""
    found: Any = vars(thing) if isinstance(thing, Module) else thing
    if isinstance(found, (list, tuple)):
        found = dict(enumerate(found))
    if isinstance(found, dict):
        for key, member in found.items():
            yield f"{name}.{key}" if name else str(key), member


def _parts(thing: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The nearest modules and parameters, through lists, tuples and dicts. A computed Value isn't a parameter."""
    for place, member in _members(thing, name):
        if isinstance(member, Module) or (isinstance(member, Value) and member.is_leaf):
            yield place, member
        elif not tree.is_leaf(member):
            yield from _parts(member, place)


def _walk(module: Module, name: str) -> Iterator[tuple[str, Any]]:
    """This module, and every module and parameter inside it, depth first."""
    yield name, module
    for place, part in _parts(module, name):
        if isinstance(part, Module):
            yield from _walk(part, place)
        else:
            yield place, part


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
