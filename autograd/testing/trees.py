"""Numbers in lists, tuples, dicts and arrays, as `grad` takes them: read out with a name for each, and put back."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["built_like", "matched", "numbers_of", "rows"]


def _is_array(x: Any) -> bool:
    return hasattr(x, "tolist") and hasattr(x, "flat")


def _parts(tree: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, each with the text that picks it; None where there is no container."""
    if isinstance(tree, dict):
        return [(f"[{key!r}]", part) for key, part in tree.items()]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{field}", part) for field, part in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, (list, tuple)):
        return [(f"[{i}]", part) for i, part in enumerate(tree)]
    if _is_array(tree) and tree.shape:
        return _parts(tree.tolist())
    return None


def numbers_of(tree: Any, name: str = "") -> list[tuple[str, Any]]:
    """The numbers of a tree from left to right, each with its name.

    Args:
        tree: a number, or lists, tuples, dicts and NumPy arrays of them, nested as you like.
        name: what the tree is called.

    >>> numbers_of({"w": [1.0, 2.0], "b": 3.0}, "p")
    [("p['w'][0]", 1.0), ("p['w'][1]", 2.0), ("p['b']", 3.0)]
    """
    parts = _parts(tree)
    if parts is None:
        return [(name, tree.item() if _is_array(tree) else tree)]
    return [found for pick, part in parts for found in numbers_of(part, name + pick)]


def built_like(tree: Any, numbers: Iterator[Any]) -> Any:
    """A tree of the same shape and kinds that holds other numbers.

    Args:
        tree: the shape.
        numbers: as many as the tree holds; an array gets them as floats, or as objects where one is not a float.

    >>> built_like([1.0, (2.0, 3.0)], iter("abc"))
    ['a', ('b', 'c')]
    """
    if isinstance(tree, dict):
        like = copy.copy(tree)  # keeps what an OrderedDict or a defaultdict has besides
        like.update([(key, built_like(part, numbers)) for key, part in tree.items()])
        return like
    if isinstance(tree, (list, tuple)):
        parts = [built_like(part, numbers) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if _is_array(tree) and tree.shape:
        array = sys.modules["numpy"].empty(tree.shape, dtype=object)
        for place in range(tree.size):
            array.flat[place] = next(numbers)
        return array.astype(float) if all(type(x) is float for x in array.flat) else array
    return next(numbers)


def matched(tree: Any, given: Any) -> list[Any]:
    """The numbers of another tree in the order of this one: dicts are matched by key, all else by place.

    Raises:
        ValueError: two dicts have as many keys, and not the same.

    >>> matched({"a": 1.0, "b": 2.0}, {"b": 20.0, "a": 10.0})
    [10.0, 20.0]
    """
    ours, theirs = _parts(tree), _parts(given)
    if ours is None or theirs is None or len(ours) != len(theirs):
        return [number for _, number in numbers_of(given)]
    if isinstance(tree, dict) and isinstance(given, dict):
        if tree.keys() != given.keys():
            keys = f"{list(given)!r:.60} where the inputs have {list(tree)!r:.60}"
            raise ValueError(f"gradients has the keys {keys}; give one for each")
        theirs = [("", given[key]) for key in tree]
    return [number for (_, a), (_, b) in zip(ours, theirs, strict=True) for number in matched(a, b)]


def rows(output: Any, inputs: list[Any], given: Any, count: int) -> list[list[Any]]:
    """The derivatives that were given, one row for each number of the output and in it one number for each of the inputs.

    Args:
        output: what the function returns.
        inputs: its inputs.
        given: of one input, or where all inputs are plain numbers: in the shape of the output, and for each of its numbers in
            the shape of the inputs (a matrix with a row for each output). Else such a matrix for each of the inputs.
        count: how many numbers the inputs hold.

    Raises:
        ValueError: the shapes don't fit.

    >>> rows([0.0, 0.0], [1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]], 2)
    [[3.0, 4.0], [5.0, 6.0]]
    >>> rows([0.0, 0.0], [[1.0], [2.0]], [[[3.0], [5.0]], [[4.0], [6.0]]], 2)
    [[3.0, 4.0], [5.0, 6.0]]
    """
    outputs = _parts(output)
    if len(inputs) == 1:
        # One input may have its derivatives alone, and not in a list of one.
        wrapped = isinstance(given, Sequence) and len(given) == 1 and (outputs is None or len(outputs) != 1)
        found = [matched(inputs[0], part) for part in _blocks(output, given[0] if wrapped else given)]
    elif outputs is None or all(_parts(x) is None for x in inputs):
        found = [matched(inputs, part) for part in _blocks(output, given)]
    else:
        parts = _parts(given) or []
        if len(parts) != len(inputs):
            raise ValueError(f"gradients holds {len(parts)} parts, and f takes {len(inputs)} inputs; give one for each")
        blocks = [[matched(x, row) for row in _blocks(output, part)] for x, (_, part) in zip(inputs, parts, strict=True)]
        found = [[number for block in row for number in block] for row in zip(*blocks, strict=True)]
    for row in found:
        if len(row) != count:
            raise ValueError(f"gradients holds {len(row)} numbers, and there are {count} inputs; give one for each")
    return found


def _blocks(output: Any, given: Any) -> list[Any]:
    """What is given for each number of the output."""
    ours = _parts(output)
    if ours is None:
        return [given]
    theirs = _parts(given)
    if theirs is None or len(theirs) != len(ours):
        have = "one number" if theirs is None else f"{len(theirs)} rows"
        raise ValueError(f"gradients holds {have}, and f returns {len(ours)}; give a row for each output")
    if isinstance(output, dict) and isinstance(given, dict):
        if output.keys() != given.keys():
            raise ValueError(f"gradients has the keys {list(given)!r:.60} where f returns {list(output)!r:.60}")
        theirs = [("", given[key]) for key in output]
    return [block for (_, a), (_, b) in zip(ours, theirs, strict=True) for block in _blocks(a, b)]
