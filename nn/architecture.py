"""Architectures as plain data, so that a file can hold one and a net can be compared with it.

An architecture is a dict of three: ``module`` (the class, ``nn.Layer`` for one of ours and ``Net`` for a user's), ``config``
(what the class was made with), and ``parts`` (the architectures of the modules inside, by their dotted names).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .stored import DamageError, described

__all__ = ["Architecture", "State", "check_architecture", "differences", "in_words"]

Architecture = dict[str, Any]
LOOKS = {"expand"}  # what changes the graph and not what it computes


class State(dict[str, Any]):
    """What `Module.state_dict` returns: the numbers by name, and the architecture that they belong to.

    Attributes:
        architecture: of the module, or None if it isn't known. ``dict(state)`` leaves it out, and so fits any module with the
            same names and shapes.
    """

    def __init__(self, numbers: dict[str, Any], architecture: Architecture | None = None) -> None:
        super().__init__(numbers)
        self.architecture = architecture


def check_architecture(x: Any, place: str = "") -> Architecture:
    """An architecture from a file, checked for its form and not for what it says.

    Args:
        x: what was read.
        place: the dotted name of the part, for messages.

    Raises:
        DamageError: it isn't one.
    """
    where = f"the architecture{f' of {place}' if place else ''}"
    if not isinstance(x, dict) or set(x) != {"module", "config", "parts"}:
        raise DamageError(f"{where} is {described(x)} instead of a module, its config and its parts")
    if not isinstance(x["module"], str) or not isinstance(x["config"], dict) or not isinstance(x["parts"], dict):
        raise DamageError(f"{where} isn't a name, a config and parts")
    for name, part in x["parts"].items():
        check_architecture(part, f"{place}.{name}" if place else name)
    return x


def in_words(architecture: Architecture) -> str:
    """An architecture as one would write it in Python.

    >>> in_words({"module": "nn.Layer", "config": {"inputs": 2, "outputs": 1}, "parts": {}})
    'Layer(inputs=2, outputs=1)'
    """
    config = [f"{name}={x!r:.60}" for name, x in architecture["config"].items()]
    parts = [in_words(part) for part in architecture["parts"].values()]
    return f"{architecture['module'].removeprefix('nn.'):.60}({', '.join(config + parts)})"


def differences(there: Architecture, here: Architecture, place: str = "") -> Iterator[str]:
    """Where two architectures differ, in words. ``expand`` may differ, since it changes the graph and not the numbers.

    Args:
        there: that of a file or a state.
        here: that of the model.
        place: the dotted name of the part.
    """
    of = f" of {place}" if place else ""
    if there["module"] != here["module"]:
        yield f"{place or 'it'} is {there['module']:.60} there and {here['module']:.60} here"
        return
    theirs, ours = there["config"], here["config"]
    for name in [*theirs, *(name for name in ours if name not in theirs)]:
        if name not in LOOKS and not (name in theirs and name in ours and _equal(theirs[name], ours[name])):
            a, b = (f"{config[name]!r:.60}" if name in config else "not set" for config in (theirs, ours))
            yield f"{name}{of} is {a} there and {b} here"
    if list(there["parts"]) != list(here["parts"]):
        a, b = (", ".join(parts) or "none" for parts in (there["parts"], here["parts"]))
        yield f"the parts{of} are {a:.100} there and {b:.100} here"
        return
    for name, part in there["parts"].items():
        yield from differences(part, here["parts"][name], f"{place}.{name}" if place else name)


def _equal(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)
