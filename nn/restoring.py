"""Makes a model from a file, without the code that made it first."""

from __future__ import annotations

import math
import os
from typing import Any

from autograd import tree

from . import layers
from .architecture import Architecture, in_words
from .module import Module, read_model_file
from .stored import DamageError

__all__ = ["load"]

OWN: dict[str, type[Module]] = {f"nn.{name}": getattr(layers, name) for name in layers.__all__}


def load(path: str | os.PathLike[str]) -> Module:
    """A new model like the one that `Module.save` wrote: its architecture and its numbers.

    Only the classes of `nn` are made. A class of your own is named in the error and never imported on a file's word: make it in
    your code, and call its ``load(path)``. Dropout begins with random numbers of the module `random`.

    Args:
        path: the file.

    Returns:
        The model, in training mode.

    Raises:
        ValueError: the file isn't one of `Module.save`, is damaged, has no architecture (files of version 0.1.0 have none), or
            holds a class that isn't of `nn`.
        OSError: the file can't be read.

    >>> import os, tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.json")
    ...     MLP(2, [4, 1], activation="tanh", seed=0).save(path)
    ...     load(path)
    MLP([tanh 2->4, linear 4->1], 17 parameters)
    """
    place = os.fspath(path)
    content = read_model_file(path)
    architecture = content.get("architecture")
    if architecture is None:
        raise ValueError(
            f"{place} has no architecture, as files of glassgrad 0.1.0 have none; "
            f"make the model as it was, and write model.load({place!r})"
        )
    _check_own(architecture, place)
    try:
        model = _made(architecture, len(tree.leaves(content["state"])))
        model.load_state_dict(content["state"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place} is damaged: {error}") from None
    if model.num_parameters != content["parameters"]:
        raise ValueError(
            f"{place} holds a model whose parts share parameters, which a file can't tell; "
            f"make it in your code, and write model.load({place!r})"
        )
    return model


def _check_own(architecture: Architecture, place: str) -> None:
    name = architecture["module"]
    if name not in OWN:
        whose = (
            "this glassgrad doesn't have" if name.startswith("nn.") else "isn't a class of nn; it isn't imported from a file"
        )
        raise ValueError(
            f"{place} holds {name:.60}, which {whose}. Make the model in your code, and write model.load({place!r})"
        )
    for part in architecture["parts"].values():
        _check_own(part, place)


def _made(architecture: Architecture, count: int) -> Module:
    """A module of nn by its architecture. ``count`` numbers are there to fill it, so that a false file can't ask for more."""
    config: dict[str, Any] = architecture["config"]
    sizes = [x for x in config.values() if type(x) is int]
    if sizes and math.prod(sizes) > count:
        raise DamageError(f"it has {count} numbers, too few for {in_words(architecture):.100}")
    parts = [_made(part, count) for part in architecture["parts"].values()]
    model = OWN[architecture["module"]].from_config(config, parts)
    if model.architecture() != architecture:
        raise DamageError(f"{in_words(architecture):.200} can't be made")
    return model
