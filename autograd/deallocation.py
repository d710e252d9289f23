"""Freeing a long chain of Values where the interpreter would recurse.

When the last Value of a chain dies, it drops its parents, which drop theirs. CPython ends such a recursion in time, by its
trashcan, except on WebAssembly: a chain of some 3,000 Values exhausts the stack there and ends the interpreter. So on
WebAssembly, and nowhere else, a dying Value hands its operands over to a list, and the outermost of the dying ones empties it.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["prepare"]

_waiting: list[tuple[Any, ...]] = []  # operands of Values that have died; WebAssembly has one thread
_emptying = False


def prepare(value: type) -> None:
    """Give a class of Values the finalizer that keeps it from recursing, on WebAssembly.

    Args:
        value: the class; its instances have ``_parents``, and ``_operands`` where they were computed.
    """
    if sys.platform == "emscripten":
        value.__del__ = _hand_over  # type: ignore[attr-defined]


def _hand_over(self: Any) -> None:
    global _emptying
    operands = getattr(self, "_operands", None)
    if operands is None:  # a leaf, or one whose construction failed
        return
    object.__setattr__(self, "_parents", ())
    object.__delattr__(self, "_operands")
    _waiting.append(operands)
    del operands
    if not _emptying:
        _emptying = True
        try:
            while _waiting:
                _waiting.pop()
        finally:
            _emptying = False
