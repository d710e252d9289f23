"""Switches that hold for a block of code: recording or not, the watch for inf and nan, sources and groups.

Each is a context of the running thread or task. ``unusual`` counts the blocks that are open anywhere, so that
the engine has one global to look at when none is.
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
from typing import Any

__all__ = ["AnomalyError", "detect_anomaly", "enable_grad", "group", "no_grad", "record_sources"]

unusual = 0
watchers: list[Callable[[int], None]] = []  # told when `unusual` changes; a compiled engine keeps a copy of it
_lock = Lock()
_recording: ContextVar[bool] = ContextVar("recording", default=True)
_detecting: ContextVar[bool] = ContextVar("detecting", default=False)
_sourcing: ContextVar[bool] = ContextVar("sourcing", default=False)
_groups: ContextVar[tuple[str, ...]] = ContextVar("groups", default=())
_HERE = os.path.dirname(os.path.abspath(__file__))


class AnomalyError(ArithmeticError):
    """Inside `detect_anomaly`: a value, a local gradient or an adjoint became inf or nan."""


def recording() -> bool:
    """Whether operations are recorded just now.

    >>> with no_grad(): recording()
    False
    """
    return _recording.get()


def detecting() -> bool:
    """Whether inf and nan raise just now.

    >>> detecting()
    False
    """
    return _detecting.get()


def sourcing() -> bool:
    """Whether each Value keeps the line of code that made it.

    >>> with record_sources(): sourcing()
    True
    """
    return _sourcing.get()


def groups() -> tuple[str, ...]:
    """The names of the groups that are open just now, the outermost first.

    >>> with group("layer 1"), group("neuron 3"): groups()
    ('layer 1', 'neuron 3')
    """
    return _groups.get()


@contextmanager
def _switched(switch: ContextVar[Any], state: Any) -> Iterator[None]:
    _count(1)
    token = switch.set(state)
    try:
        yield
    finally:
        switch.reset(token)
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
    return _switched(_recording, False)


def enable_grad() -> Any:
    """A block in which operations are recorded again, inside `no_grad`. Also a decorator.

    >>> from autograd import Value
    >>> with no_grad(), enable_grad():
    ...     y = Value(2) * 3
    >>> y.is_leaf
    False
    """
    return _switched(_recording, True)


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
    return _switched(_detecting, True)


def record_sources() -> Any:
    """A block in which each Value keeps the line of code that made it, as ``source``. Also a decorator.

    >>> from autograd import Value
    >>> with record_sources():
    ...     y = Value(2) * 3
    >>> y.source.rpartition(":")[0] != ""
    True
    """
    return _switched(_sourcing, True)


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
    with _switched(_groups, (*_groups.get(), name)):
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
