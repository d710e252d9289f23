"""Switches that hold for a block of code: recording or not, the watch for inf and nan, sources and groups.

Together they are one tuple, which the innermost open block of the running thread or task holds, so that a new node
asks once. ``open_blocks`` has the blocks that are open anywhere, so that the engine has one thing to look at when there
are none.

A signal's exception (Ctrl-C) can come between any two steps, and must leave no block open. So a block is open as long
as its lock is held, and nothing else says so: no counter that a missed step could leave too high. Leaving a block
releases its lock, which is one call in C. What else is to be put in order is done by whoever looks next.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import math
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from types import FrameType
from typing import Any, NamedTuple, TypeVar

__all__ = ["AnomalyError", "Block", "detect_anomaly", "enable_grad", "group", "no_grad", "record_sources"]

Function = TypeVar("Function", bound=Callable[..., Any])
_HERE = os.path.dirname(os.path.abspath(__file__))


class Modes(NamedTuple):
    """What holds just now."""

    recording: bool = True
    detecting: bool = False
    sourcing: bool = False
    groups: tuple[str, ...] = ()
    births: Any = None  # where the reference engine keeps the nodes that are made, for `compile`


USUAL = Modes()
open_blocks: set[Block] = set()  # open blocks, of all threads; some that were left may still be among them
entered: ContextVar[Block | None] = ContextVar("entered", default=None)  # the one entered last, open or not
_derivative: ContextVar[Block | None] = ContextVar("derivative", default=None)  # the same of those that `transforms` opens


class _Exit:
    """``__exit__`` of a block. The ``with`` statement is handed the lock's own method, which no signal can interrupt.

    A method in Python could be interrupted before its first line.
    """

    def __get__(self, block: Block | None, owner: type[Block]) -> Callable[..., None]:
        return self if block is None else block._lock.__exit__

    def __call__(self, block: Block, *error: Any) -> None:
        """Leave the block: `contextlib.ExitStack` takes this from the class."""
        block._lock.__exit__(*error)


class Block:
    """A block of code in which modes differ, for one ``with`` statement; or a decorator of any number of functions.

    Args:
        name: the call that made it, for messages.
        group: the group that it adds, if any.
        derivative: whether a derivative runs its function inside, so that `inside_derivative` says so.
        changed: fields of `Modes` and what they are inside.
    """

    __slots__ = ("_changed", "_derivative", "_group", "_lock", "_name", "is_open", "modes", "outer", "outer_derivative")

    is_open: Callable[[], bool]
    modes: Modes
    outer: Block | None
    outer_derivative: Block | None

    def __init__(self, name: str, group: str | None = None, derivative: bool = False, **changed: Any) -> None:
        self._name, self._group, self._derivative, self._changed = name, group, derivative, changed
        self._lock = Lock()
        self.is_open = self._lock.locked

    def __enter__(self) -> None:
        if hasattr(self, "modes"):
            raise RuntimeError(f"this {self._name} was entered before; write {self._name} again for each with statement")
        self.outer = innermost()
        before = USUAL if self.outer is None else self.outer.modes
        groups = before.groups if self._group is None else (*before.groups, self._group)
        self.modes = before._replace(groups=groups, **self._changed)
        if self._derivative:
            self.outer_derivative = _innermost_derivative()
        try:
            self._lock.acquire()
            if self._derivative:
                _derivative.set(self)
            if self.modes != before:  # `grad` asks for recording, which is nearly always on
                open_blocks.add(self)
                entered.set(self)
        except BaseException:
            if self.is_open():
                self._lock.release()
            raise

    __exit__ = _Exit()

    def __call__(self, function: Function) -> Function:
        """Decorate a function: each call of it runs in a block of its own.

        A generator's steps do, and not what runs between them; a coroutine does as a whole.

        Raises:
            TypeError: function can't be called, or is an asynchronous generator function.
        """
        if not callable(function):
            raise TypeError(f"@{self._name} decorates a function, got {type(function).__name__} {function!r:.60}")
        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"@{self._name} can't decorate the asynchronous generator function {function.__qualname__}: the block would "
                f"stay open between its items; write `with {self._name}:` inside it"
            )

        decorated: Any
        if inspect.iscoroutinefunction(function):

            async def decorated(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

        elif inspect.isgeneratorfunction(function):

            def decorated(*args: Any, **kwargs: Any) -> Any:
                return (yield from self._steps(function(*args, **kwargs)))

        else:

            def decorated(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return function(*args, **kwargs)

        wrapped: Any = functools.wraps(function)(decorated)
        return wrapped  # type: ignore[no-any-return]

    def _again(self) -> Block:
        return Block(self._name, self._group, self._derivative, **self._changed)

    def _steps(self, generator: Any) -> Any:
        """The items of a generator, each computed in a block of its own."""
        resume, sent = generator.send, None
        while True:
            try:
                with self._again():
                    item = resume(sent)
            except StopIteration as stop:
                return stop.value
            try:
                resume, sent = generator.send, (yield item)
            except GeneratorExit:
                with self._again():
                    generator.close()
                raise
            except BaseException as error:
                resume, sent = generator.throw, error


def innermost() -> Block | None:
    """The innermost block that is open in the running thread or task. Those that were left are forgotten on the way."""
    block = entered.get()
    if block is None or not block.is_open():
        for other in tuple(open_blocks):
            if not other.is_open():
                open_blocks.discard(other)
        while block is not None and not block.is_open():
            block = block.outer
        entered.set(block)
    return block


def inside_derivative() -> bool:
    """Whether the running thread or task is inside a derivative that runs its function."""
    return _innermost_derivative() is not None


def _innermost_derivative() -> Block | None:
    block = last = _derivative.get()
    while block is not None and not block.is_open():
        block = block.outer_derivative
    if block is not last:
        _derivative.set(block)
    return block


recorders: set[Any] = set()  # those that are on, of all threads; see `recording`
recorder: ContextVar[Any] = ContextVar("recorder", default=None)


def watching() -> Any:
    """The recorder of `compile` that is on in the running thread or task; None if there is none."""
    found = recorder.get()
    if found is not None and found.is_open():
        return found
    forget_left()
    return None


def stands_for_a_float(x: Any) -> bool:
    """Whether `compile` records here and x is a Value in the place of a plain number, so that code should treat it as one.

    Args:
        x: an operand.
    """
    return bool(recorders) and (recorder := watching()) is not None and recorder.stands_for_a_float(x)


def forget_left() -> None:
    """Switch off the recorders that a signal's exception has left, of all threads. One is on as long as its lock is held."""
    for other in tuple(recorders):
        if not other.is_open():
            other.births.stop()
            recorders.discard(other)


class _Current:
    """The modes that hold in the running thread or task."""

    def get(self) -> Modes:
        """What holds just now."""
        block = entered.get()
        if block is None or not block.is_open():
            block = innermost()
        return USUAL if block is None else block.modes


current = _Current()


class AnomalyError(ArithmeticError):
    """Inside `detect_anomaly`: a value, a local gradient or an adjoint became inf or nan."""


def no_grad() -> Block:
    """A block in which nothing is recorded: results are leaves. Also a decorator.

    >>> from autograd import Value
    >>> with no_grad():
    ...     y = Value(2) * 3
    >>> y.data, y.is_leaf
    (6.0, True)
    """
    return Block("no_grad()", recording=False)


def enable_grad() -> Block:
    """A block in which operations are recorded again, inside `no_grad`. Also a decorator.

    >>> from autograd import Value
    >>> with no_grad(), enable_grad():
    ...     y = Value(2) * 3
    >>> y.is_leaf
    False
    """
    return Block("enable_grad()", recording=True)


def detect_anomaly() -> Block:
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
    return Block("detect_anomaly()", detecting=True)


def record_sources() -> Block:
    """A block in which each Value keeps the line of code that made it, as ``source``. Also a decorator.

    >>> from autograd import Value
    >>> with record_sources():
    ...     y = Value(2) * 3
    >>> y.source.rpartition(":")[0] != ""
    True
    """
    return Block("record_sources()", sourcing=True)


def group(name: str) -> Block:
    """A block whose Values belong together: a drawing can frame them, or fold them into one box. Also a decorator.

    Args:
        name: what the frame is called. Blocks nest; ``value.groups`` has the names, the outermost first.

    Raises:
        TypeError: name is not a string.

    >>> from autograd import Value
    >>> with group("layer 1"):
    ...     y = Value(2) * 3
    >>> y.groups
    ('layer 1',)
    """
    if not isinstance(name, str):
        raise TypeError(f"a group's name is a string, got {type(name).__name__} {name!r:.60}; write group(str(...))")
    return Block(f"group({name!r})", name)


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
    frame = _calling_frame()
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number, frame.f_globals).strip()
    return f"{name}:{number}" + (f": {text}" if text else "")


def calling_place() -> tuple[str, int]:
    """File and line number of the nearest line of code outside of this package."""
    frame = _calling_frame()
    return frame.f_code.co_filename, frame.f_lineno


def stacklevel() -> int:
    """How far away the nearest line of code outside of this package is, as `warnings.warn` counts."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == _HERE:
        frame, level = frame.f_back, level + 1
    return level


def _calling_frame() -> FrameType:
    frame = sys._getframe(2)
    while os.path.dirname(frame.f_code.co_filename) == _HERE and frame.f_back is not None:
        frame = frame.f_back
    return frame
