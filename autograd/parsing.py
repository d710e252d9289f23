"""Python's parser, for one thread at a time."""

from __future__ import annotations

import ast
from threading import Lock
from typing import Any

__all__ = ["parsed"]

_ONE_AT_A_TIME = Lock()


def parsed(text: str, mode: str = "exec") -> Any:
    """The syntax tree of a text.

    CPython 3.11 and 3.12 count how deep they are in a tree in one place for all threads, so that two parsers at once may raise
    "AST constructor recursion depth mismatch" (python/cpython#106905).

    Args:
        text: Python.
        mode: ``"exec"`` or ``"eval"``, as for the built-in compile.

    >>> ast.unparse(parsed("x+ y", "eval"))
    'x + y'
    """
    with _ONE_AT_A_TIME:
        return ast.parse(text, mode=mode)
