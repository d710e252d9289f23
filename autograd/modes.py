"""Switches that hold for a block of code: recording or not, the watch for inf and nan, sources and groups.

Together they are one tuple of the running thread or task, so that a new node asks once. ``unusual`` counts the blocks
that are open anywhere, so that the engine has one global to look at when none is.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from types import FrameType
from typing import Any, NamedTuple

__all__ = ["AnomalyError", "detect_anomaly", "enable_grad", "group", "no_grad", "record_sources"]

unusual = 0
watchers: list[Callable[[int], None]] = []  # told when `unusual` changes; a compiled engine keeps a copy of it
_lock = Lock()
_HERE = os.path.dirname(os.path.abspath(__file__))


class Modes(NamedTuple):
    """What holds just now. The native engine reads the fields by their places."""

    recording: bool = True
    detecting: bool = False
    sourcing: bool = False
    groups: tuple[str, ...] = ()


USUAL = Modes()
current: ContextVar[Modes] = ContextVar("modes", default=USUAL)


class AnomalyError(ArithmeticError):
    """Inside `detect_anomaly`: a value, a local gradient or an adjoint became inf or nan."""


@contextmanager
def _switched(**changed: Any) -> Iterator[None]:
    before = current.get()
    after = before._replace(**changed)
    if after == before:  # `grad` asks for recording, which is nearly always on
        yield
        return
    _count(1)
    token = current.set(after)
    try:
        yield
    finally:
        current.reset(token)
        _count(-1)


def _count(step: int) -> None:
    global unusual
    with _lock:
        unusual += step
        for tell in watchers:
            tell(unusual)


def no_grad() -> Any:
    """A block in which nothing is recorded: results are leaves. Also a decorator.

    >>> from autograd import Value
    >>> with no_grad():
    ...     y = Value(2) * 3
    >>> y.data, y.is_leaf
    (6.0, True)
    """
    return _switched(recording=False)


def enable_grad() -> Any:
    """A block in which operations are recorded again, inside `no_grad`. Also a decorator.

    >>> from autograd import Value
    >>> with no_grad(), enable_grad():
    ...     y = Value(2) * 3
    >>> y.is_leaf
    False
    """
    return _switched(recording=True)


def detect_anomaly() -> Any:
    """A block in which the first value, local gradient or adjoint that is inf or nan raises. Also a decorator.

    Values are checked as they are computed, local gradients and adjoints as `backward` comes to them.

    Raises:
        AnomalyError: with the operation, its operands and the line of code that made it.

    >>> from autograd import Value
    >>> x = Value(0.0, label="x")
    >>> with detect_anomaly():
    ...     (x * x).sqrt().backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.modes.AnomalyError: local gradient is inf at sqrt(0.0)...
    """
    return _switched(detecting=True)


def record_sources() -> Any:
    """A block in which each Value keeps the line of code that made it, as ``source``. Also a decorator.

    >>> from autograd import Value
    >>> with record_sources():
    ...     y = Value(2) * 3
    >>> y.source.rpartition(":")[0] != ""
    True
    """
    return _switched(sourcing=True)


@contextmanager
def group(name: str) -> Iterator[None]:
    """A block whose Values belong together: a drawing can frame them, or fold them into one box. Also a decorator.

    Args:
        name: what the frame is called. Blocks nest; ``value.groups`` has the names, the outermost first.

    Raises:
        TypeError: name is no string.

    >>> from autograd import Value
    >>> with group("layer 1"):
    ...     y = Value(2) * 3
    >>> y.groups
    ('layer 1',)
    """
    if not isinstance(name, str):
        raise TypeError(f"a group's name is a string, got {type(name).__name__} {name!r:.60}; write group(str(...))")
    with _switched(groups=(*current.get().groups, name)):
        yield


def check(number: float, what: str, node: Any, text: str) -> None:
    """Raise an AnomalyError if ``number`` is inf or nan.

    Args:
        number: what to look at.
        what: the word for it: "value", "local gradient" or "adjoint".
        node: the Value it belongs to.
        text: the operation in words.
    """
    if not math.isfinite(number):
        where = node.source or "a line outside of detect_anomaly(); put the forward pass inside it to see the line"
        label = f" (label {node.label!r})" if node.label else ""
        raise AnomalyError(f"{what} is {number!r} at {text}{label}; made by {where}")


def calling_line() -> str:
    """File, line number and text of the nearest line of code outside of this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == _HERE:
        frame = frame.f_back
    if frame is None:  # pragma: no cover  (the package never runs without a caller)
        return ""
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number, frame.f_globals).strip()
    return f"{name}:{number}" + (f": {text}" if text else "")
