"""Where the numbers of an argument or a result are: in lists, tuples, dicts, and in NumPy's arrays.

The transformations take numbers out of such trees and put derivatives in the same places. An array is a leaf of its tree,
with a shape of its own. NumPy isn't imported here: where an array arrives, the caller has imported it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from . import tree

__all__ = ["Layout", "is_array", "items"]

Shape = tuple[int, ...] | None  # of an array; None for a single number


def is_array(x: Any) -> bool:
    """Whether x is an array of NumPy.

    >>> is_array([1.0])
    False
    """
    return isinstance(x, getattr(sys.modules.get("numpy"), "ndarray", ()))


def items(x: Any) -> Iterator[Any]:
    """Everything in a tree that may be more than a plain number: its leaves, and the elements of arrays of objects.

    >>> list(items([1.0, {"a": 2.0}]))
    [1.0, 2.0]
    """
    for leaf in (x,) if tree.is_leaf(x) else tree.leaves(x):
        if not is_array(leaf):
            yield leaf
        elif leaf.dtype == object:  # other arrays may be large, and hold plain numbers only
            yield from leaf.flat


class Layout:
    """The numbers of a tree, and their places.

    Args:
        x: a number, or lists, tuples, dicts and arrays of numbers. An array without dimensions counts as its element.

    Attributes:
        numbers: what the leaves hold, from left to right, as it is.
        shapes: for each leaf its shape as an array, or None.

    >>> layout = Layout({"w": [1.0, 2.0], "b": 3.0})
    >>> layout.numbers, layout.filled([10.0, 20.0, 30.0])
    ([1.0, 2.0, 3.0], {'w': [10.0, 20.0], 'b': 30.0})
    """

    __slots__ = ("_plain", "_treedef", "numbers", "shapes")

    def __init__(self, x: Any) -> None:
        leaves, self._treedef = tree.flatten(x)
        self.numbers: list[Any] = leaves
        self.shapes: list[Shape] = [None] * len(leaves)
        self._plain = not any(type(leaf) is not float and is_array(leaf) for leaf in leaves)
        if not self._plain:
            self.numbers = [x for leaf in leaves for x in (leaf.flat if is_array(leaf) else (leaf,))]
            self.shapes = [_shape(leaf) for leaf in leaves]

    @property
    def is_number(self) -> bool:
        """Whether this is one number, and no container or array at all."""
        return self.shapes == [None] and self._treedef.is_leaf

    @property
    def signature(self) -> tuple[Any, ...]:
        """What equal layouts have in common: can be a key of a dict."""
        return self._treedef.signature, tuple(self.shapes)

    @property
    def word(self) -> str | None:
        """In a word: "one" number, a "list" or a "tuple" of numbers; None for anything else."""
        if not self._plain:
            return None
        first, *rest = self._treedef.signature
        if first is None:
            return "one"
        return {list: "list", tuple: "tuple"}.get(first[0]) if not any(rest) else None

    @property
    def array_shape(self) -> Shape:
        """The shape of an array with dimensions, and no container around it; None for anything else."""
        return self.shapes[0] if len(self.shapes) == 1 and self._treedef.is_leaf else None

    def filled(self, numbers: Sequence[Any]) -> Any:
        """The tree with other numbers in their places.

        Args:
            numbers: as many as there are, from left to right.

        Returns:
            The same containers; an array of floats where all its numbers are floats, else an array of objects.
        """
        if self._plain:
            return tree.unflatten(self._treedef, numbers)
        left = iter(numbers)
        return tree.unflatten(self._treedef, [_taken(left, shape) for shape in self.shapes])

    def matched(self, x: Any) -> list[Any]:
        """The numbers of another tree, in the order of this one.

        Args:
            x: a tree of the same containers and arrays; dicts match by key.

        Raises:
            ValueError: the containers, or the shapes of their arrays, differ.
        """
        found: list[Any] = []
        for part, shape in zip(self._treedef.flatten_up_to(x), self.shapes, strict=True):
            layout = Layout(part)
            if layout.shapes != [shape] or not layout._treedef.is_leaf:
                raise ValueError(f"expected {_shape_in_words(shape)}, got {_in_words(part)}")
            found += layout.numbers
        return found

    def outer(self, rows: Sequence[Sequence[Any]], inner: Layout) -> Any:
        """A matrix of derivatives, in the shape of this layout and, in each of its leaves, of another one.

        Args:
            rows: for each number of this layout, the numbers of the inner one.
            inner: the layout of the inputs.

        Returns:
            This tree. Each leaf holds the inner tree; where either has an array, the shapes are joined into one.
        """
        left = iter(rows)
        return tree.unflatten(self._treedef, [inner._joined(list(islice(left, _size(s))), s) for s in self.shapes])

    def _joined(self, rows: list[Sequence[Any]], shape: Shape) -> Any:
        if shape is None:
            return self.filled(rows[0])
        parts, start = [], 0
        for own in self.shapes:
            stop = start + _size(own)
            parts.append(_taken(iter([x for row in rows for x in row[start:stop]]), shape + (own or ())))
            start = stop
        return tree.unflatten(self._treedef, parts)


def _shape(leaf: Any) -> Shape:
    return tuple(leaf.shape) or None if is_array(leaf) else None


def _size(shape: Shape) -> int:
    return math.prod(shape or ())


def _shape_in_words(shape: Shape) -> str:
    return "a number" if shape is None else f"an array of shape {shape}"


def _in_words(x: Any) -> str:
    return _shape_in_words(_shape(x)) if tree.is_leaf(x) else f"a {type(x).__name__} of {len(x)}"


def _taken(numbers: Iterator[Any], shape: Shape) -> Any:
    """The next number, or an array of the next numbers."""
    if shape is None:
        return next(numbers)
    numpy = sys.modules["numpy"]
    found = list(islice(numbers, _size(shape)))
    if all(type(x) is float for x in found):
        return numpy.array(found, dtype=float).reshape(shape)
    array = numpy.empty(len(found), dtype=object)
    for i, x in enumerate(found):
        array[i] = x
    return array.reshape(shape)
