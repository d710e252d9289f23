"""Freeing a long chain of Values where the interpreter would recurse.

When the last Value of a chain dies, it drops its parents, which drop theirs. CPython ends such a recursion in time, by its
trashcan, except on WebAssembly: a chain of some 3,000 Values exhausts the stack there and ends the interpreter. So on
WebAssembly, and nowhere else, a dying Value hands its parents over to a list, and the outermost of the dying ones empties it.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["prepare"]

_waiting: list[tuple[Any, ...]] = []  # what the dead referred to; WebAssembly has one thread
_emptying = False


def prepare(kind: type, *fields: str) -> None:
    """Give a class the finalizer that keeps its chains from recursing, on WebAssembly.

    Args:
        kind: the class of the chain's links.
        fields: the names of the attributes that refer to other links, each a tuple, None or unset.
    """
    if sys.platform == "emscripten":
        kind.__del__ = lambda self: _hand_over(self, fields)  # type: ignore[attr-defined]


def _hand_over(self: Any, fields: tuple[str, ...]) -> None:
    global _emptying
    for field in fields:
        others = getattr(self, field, None)
        if others:
            _waiting.append(others)
            object.__setattr__(self, field, ())
    others = None
    if _waiting and not _emptying:
        _emptying = True
        try:
            while _waiting:
                _waiting.pop()
        finally:
            _emptying = False
