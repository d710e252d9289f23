"""What is done to many leaves at once: reading, writing, forgetting gradients, and the steps of optimisers.

The functions here say what is done. The native engine does the same in C, with the same bits, where all leaves are plain
Values; the steps of optimisers are written in Python in `nn.optimizers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .engines import chosen

__all__ = [
    "Operands", "add_gradients", "assign", "clear_gradients", "first_not_finite", "gradients", "move", "numbers",
    "same_members", "scale_gradients",
]  # fmt: skip


def in_python(*arguments: Any) -> None:
    """What an engine without the function in C answers: that Python must do it."""


# What an engine keeps of Values, each of them once, that many nodes have for operands.
Operands: Any = getattr(chosen, "Operands", tuple)
_numbers = getattr(chosen, "_leaf_numbers", in_python)
_assign = getattr(chosen, "_assign_leaves", in_python)
_clear = getattr(chosen, "_clear_leaves", in_python)
_add = getattr(chosen, "_add_gradients", in_python)
_gradients = getattr(chosen, "_leaf_gradients", in_python)
_scale = getattr(chosen, "_scale_leaves", in_python)
_first_not_finite = getattr(chosen, "_first_not_finite", in_python)
_same_members = getattr(chosen, "_same_members", in_python)
_move = getattr(chosen, "_move_leaves", in_python)


def numbers(leaves: list[Any]) -> list[float]:
    """The number of each.

    >>> from autograd import Value
    >>> numbers([Value(1.0), Value(2.0)])
    [1.0, 2.0]
    """
    found: list[float] | None = _numbers(leaves)
    return [p.data for p in leaves] if found is None else found


def assign(leaves: list[Any], numbers: list[float]) -> None:
    """Give each leaf its number: to all of them, or to none if anything goes wrong.

    Args:
        leaves: leaves.
        numbers: as many numbers.

    Raises:
        ValueError: there are more or fewer.
        TypeError: one isn't a number.
        AttributeError: one isn't a leaf.

    >>> from autograd import Value
    >>> x = Value(1.0); assign([x], [3.0]); x.data
    3.0
    """
    _assign(leaves, numbers) or _assign_one_by_one(leaves, numbers)


def _assign_one_by_one(leaves: list[Any], numbers: list[float]) -> bool:
    before = [p.data for p in leaves]
    try:
        for p, x in zip(leaves, numbers, strict=True):
            p.data = x
    except BaseException:  # Ctrl-C, most likely
        for p, x in zip(leaves, before, strict=True):
            if p.is_leaf:
                p.data = x
        raise
    return True


def clear_gradients(leaves: Sequence[Any]) -> None:
    """Forget the gradient of each.

    >>> from autograd import Value
    >>> x = Value(1.0); x.grad = 2.0; clear_gradients([x]); x.has_grad
    False
    """
    for p in () if _clear(leaves) else leaves:
        p.grad = None


def add_gradients(operands: Any, sums: Sequence[float]) -> bool:
    """Add a number to the gradient of each, as a backward pass does; or do nothing and return False where it must do it.

    Args:
        operands: `Operands`.
        sums: an ``array("d")`` with as many numbers.

    >>> from array import array
    >>> from autograd import Value
    >>> x = Value(1.0); not add_gradients(Operands((x,)), array("d", [2.0])) or x.grad == 2.0
    True
    """
    return bool(_add(operands, sums))


def gradients(leaves: list[Any]) -> list[float]:
    """The gradient of each that has one.

    >>> from autograd import Value
    >>> x = Value(1.0); x.grad = 2.0; gradients([x, Value(1.0)])
    [2.0]
    """
    found: list[float] | None = _gradients(leaves)
    return [p.grad for p in leaves if p.has_grad] if found is None else found


def scale_gradients(leaves: list[Any], factor: float) -> None:
    """Multiply each gradient that is there.

    >>> from autograd import Value
    >>> x = Value(1.0); x.grad = 2.0; scale_gradients([x], 0.5); x.grad
    1.0
    """
    for p in () if _scale(leaves, factor) else leaves:
        if p.has_grad:
            p.grad = p.grad * factor


def first_not_finite(leaves: list[Any]) -> int:
    """The place of the first that is inf or nan; -1 if all are finite.

    >>> from autograd import Value
    >>> first_not_finite([Value(1.0), Value(math.inf)])
    1
    """
    found: int | None = _first_not_finite(leaves)
    return next((i for i, p in enumerate(leaves) if not math.isfinite(p.data)), -1) if found is None else found


def same_members(watched: list[tuple[Any, list[Any] | dict[Any, Any], tuple[Any, ...]]]) -> bool:
    """Whether lists and dicts hold what they held: for whoever keeps what was found in them.

    Args:
        watched: for each, the object whose ``__dict__`` it must still be, or None; the list or dict; and its members, or for a
            dict its keys and values in turn. A member may be known by its class alone, where any other of that class will do.

    >>> xs = ["a", 1.0]
    >>> watched = [(None, xs, ("a", float))]
    >>> xs[1] = 2.0; same_members(watched)
    True
    >>> xs[0] = "b"; same_members(watched)
    False
    """
    found: bool | None = _same_members(watched)
    return all(_same(*entry) for entry in watched) if found is None else found


def _same(owner: Any, box: list[Any] | dict[Any, Any], members: tuple[Any, ...]) -> bool:
    if owner is not None and vars(owner) is not box:
        return False
    now = [x for pair in box.items() for x in pair] if isinstance(box, dict) else box
    return len(now) == len(members) and all(x is y or type(x) is y for x, y in zip(now, members, strict=True))


def move(rule: str, groups: list[tuple[list[Any], tuple[float, ...]]], memory: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    """A step of an optimiser: all leaves that have a gradient move, or none.

    Args:
        rule: ``sgd``, ``adam``, ``rmsprop`` or ``adagrad``.
        groups: leaves, and the numbers that the rule depends on, in the order in which `nn.optimizers` lists them.
        memory: what is remembered: first a byte for each leaf, whose bits say which of the numbers it has; then these numbers
            as doubles, those of one name in a row. Empty before the first step.

    Returns:
        The new memory; or None, with nothing changed, where Python must make the step: on the reference engine, for leaves of a
        subclass, and where an error is to be raised.

    >>> from autograd import Value
    >>> x = Value(1.0); x.grad = 2.0
    >>> move("sgd", [([x], (0.5, 0.0, 0.0, 0.0, 0.0))], ()) is None or x.data == 0.0
    True
    """
    found: tuple[bytes, ...] | None = _move(rule, groups, memory)
    return found
