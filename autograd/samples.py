"""What `vmap` takes and returns: the numbers of many points, in lists, arrays and buffers.

An argument is taken apart into what all points share and `Points`, which have something for each. Points of one `Form` differ
in their numbers only, so that one program serves them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import prod
from typing import Any

from . import tree
from .engines import chosen
from .layout import Layout, is_array
from .record import is_real, is_tracked, to_float

__all__ = ["Form", "Points", "Samples", "UnfitError", "numbers_of_all", "stacked"]


# ---- arguments -----------------------------------------------------------------------------------------


class Points:
    """An argument, or a part of one, with something of its own for each point.

    Args:
        x: a list, an array or a buffer.
        axis: along which the points lie.
        where: what to call it in messages.

    Attributes:
        count: how many points there are.
        kind: "list", "array", "buffer" or "memoryview".

    >>> points = Points([[1.0, 2.0], [3.0, 4.0]], 1, "args[0]")
    >>> points.count, points.at(0)
    (2, [1.0, 3.0])
    """

    def __init__(self, x: Any, axis: int, where: str) -> None:
        self.where, self._axis = where, axis
        self._x: Any
        self._is_view = False
        if is_array(x):
            self.kind = "array"
            if not -x.ndim <= axis < x.ndim:
                raise TypeError(f"vmap: {where} is an array of {x.ndim} dimensions, which has no axis {axis}")
            self._x = sys.modules["numpy"].moveaxis(x, axis, 0) if axis else x
        elif isinstance(x, (memoryview, array)):
            self.kind = "buffer" if isinstance(x, array) else "memoryview"
            view = memoryview(x)
            plain = axis == 0 and view.ndim in (1, 2) and view.format in ("d", "f") and view.c_contiguous
            self._is_view = plain
            self._x = view if plain else _along(view.tolist(), axis, where)
        else:
            self.kind = "list"
            self._x = _along(x, axis, where)
        self.count = len(self._x)

    def at(self, i: int) -> Any:
        """What point i has: numbers are Python's own, an array is one of objects."""
        x = self._x
        if is_array(x):
            return x[i].astype(object) if x.ndim > 1 else x[i : i + 1].tolist()[0]
        if self._is_view and x.ndim == 2:
            width = x.shape[1]
            return x.cast("B").cast(x.format)[i * width : (i + 1) * width].tolist()
        return x[i]

    def plain(self) -> tuple[int, ...] | None:
        """The shape of what each point has, where the numbers are doubles that can be read where they are; else None."""
        x = self._x
        if self.kind == "array":
            plain = type(x) is sys.modules["numpy"].ndarray and x.dtype == float and x.flags.c_contiguous and not self._axis
        else:
            plain = self._is_view and x.format == "d"
        return tuple(x.shape[1:]) if plain and prod(x.shape[1:]) else None

    def matrix(self) -> tuple[Any, Any, int] | None:
        """The numbers of all points, if they are floats that lie alike at each.

        Returns:
            ``(doubles, shape, width)``: a flat buffer; what a point looks like, for comparison; how many numbers it has.
        """
        x = self._x
        if is_array(x):
            if x.dtype.kind != "f":
                return None
            flat = sys.modules["numpy"].ascontiguousarray(x, dtype=float).reshape(-1)
            return flat, ("array", x.shape[1:]), prod(x.shape[1:])
        if self._is_view:
            shape = tuple(x.shape[1:])
            flat = x.cast("B").cast("d") if x.format == "d" else array("d", chain.from_iterable(x.tolist()) if shape else x)
            return flat, ("buffer", shape), prod(shape)
        found = _flattened(x)
        return None if found is None else (found[0], found[1], len(found[0]) // self.count)


def _along(x: Any, axis: int, where: str) -> list[Any]:
    """A list of what each point has."""
    if not isinstance(x, list):
        remedy = "write in_axes=None for what all points share"
        raise TypeError(f"vmap: {where} is {_described(x)}, which has no axis {axis}; pass a list, or {remedy}")
    if axis < 0:
        raise TypeError(f"vmap: an axis of lists counts from 0, got {axis} for {where}")
    if axis == 0:
        return x
    rows = [_along(row, axis - 1, where) for row in x]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"vmap: the lists in {where} don't have the same length, so that they have no axis {axis}")
    return [list(column) for column in zip(*rows, strict=True)]


def _described(x: Any) -> str:
    return "None" if x is None else f"a {type(x).__name__}"


def _flattened(xs: list[Any]) -> tuple[array[float], Any] | None:
    """The floats of a list of floats, or of lists or tuples of one length of them; None if it isn't one."""
    kinds = set(map(type, xs))
    if kinds == {float}:
        return array("d", xs), "float"
    if kinds not in ({list}, {tuple}):
        return None
    sizes = set(map(len, xs))
    if len(sizes) != 1 or 0 in sizes:
        return None
    inner = _flattened([*chain.from_iterable(xs)])
    return None if inner is None else (inner[0], (kinds.pop(), sizes.pop(), inner[1]))


class Samples:
    """The arguments of a call: for each point, and as matrices."""

    def __init__(self, args: tuple[Any, ...], named: dict[str, Any], axes: Any) -> None:
        if isinstance(axes, (tuple, list)):
            if len(axes) != len(args):
                raise ValueError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        else:
            axes = (axes,) * len(args)
        self.given = args
        self.mapped: list[Points] = []
        self.args = [self._taken(x, axis, f"args[{i}]") for i, (x, axis) in enumerate(zip(args, axes, strict=True))]
        self.named = {key: self._taken(x, 0, key) for key, x in named.items()}
        if not self.mapped:
            raise ValueError("vmap: no argument is mapped; give one an axis, as in in_axes=0")
        self.count = self.mapped[0].count
        for other in self.mapped:
            if other.count != self.count:
                first = self.mapped[0]
                raise ValueError(f"vmap: {first.where} has {first.count} points, and {other.where} has {other.count}")
        self.all_mapped = all(isinstance(x, Points) for x in self.args) and not named
        kinds = {points.kind for points in self.mapped}
        self.kind = next(kind for kind in ("array", "memoryview", "buffer", "list") if kind in kinds)

    def _taken(self, x: Any, axis: Any, where: str) -> Any:
        """The argument with `Points` in it; what all points share stays as it is."""
        if axis is None:
            return x
        if isinstance(axis, (tuple, list, dict)):
            try:
                parts = _children(x, axis)
            except ValueError as error:
                raise ValueError(f"vmap: in_axes doesn't have the shape of {where}: {error}") from None
            return _rebuilt(x, [self._taken(part, a, f"{where}[{key!r}]") for key, part, a in parts])
        if isinstance(x, dict):
            return _rebuilt(x, [self._taken(part, axis, f"{where}[{key!r}]") for key, part in x.items()])
        if isinstance(x, tuple):
            return _rebuilt(x, [self._taken(part, axis, f"{where}[{i}]") for i, part in enumerate(x)])
        self.mapped.append(Points(x, axis, where))
        return self.mapped[-1]

    def at(self, i: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of one point."""
        return tuple([_at(x, i) for x in self.args]), {key: _at(x, i) for key, x in self.named.items()}


def _children(x: Any, axis: Any) -> list[tuple[Any, Any, Any]]:
    if isinstance(axis, dict):
        if not isinstance(x, dict) or x.keys() != axis.keys():
            raise ValueError(f"expected the keys {list(axis)!r:.60}")
        return [(key, x[key], axis[key]) for key in x]
    if not isinstance(x, (list, tuple)) or len(x) != len(axis):
        raise ValueError(f"expected {len(axis)} items")
    return [(i, *pair) for i, pair in enumerate(zip(x, axis, strict=True))]


class _Parts(tuple[Any, Any]):
    """A tuple, list or dict with `Points` somewhere in it, and its parts."""

    __slots__ = ()


def _rebuilt(x: Any, parts: list[Any]) -> Any:
    return _Parts((x, parts))


def _at(x: Any, i: int) -> Any:
    if isinstance(x, Points):
        return x.at(i)
    if not isinstance(x, _Parts):
        return x
    container, parts = x
    found = [_at(part, i) for part in parts]
    if isinstance(container, dict):
        return dict(zip(container, found, strict=True))
    return type(container)._make(found) if hasattr(container, "_make") else type(container)(found)


def _flags(part: Any, i: int) -> Iterator[bool]:
    """For each leaf of an argument of point i whether it is mapped."""
    if isinstance(part, Points):
        yield from [True] * len(tree.leaves(part.at(i)))
    elif isinstance(part, _Parts):
        for inner in part[1]:
            yield from _flags(inner, i)
    else:
        yield from [False] * len(tree.leaves(part))


# ---- one point -----------------------------------------------------------------------------------------


class UnfitError(Exception):
    """A point that no program can be recorded for."""


class Form:
    """What points have in common that the same programs may serve: where their numbers are, and everything else.

    Args:
        arguments: of a call.
        i: a point.
        differentiated: the positions of the arguments that are differentiated, whose numbers are floats whatever they are.

    Attributes:
        key: equal for points of one form.
        numbers: of this point: floats and Values.
        flags: for each number whether it is mapped.
        spans: for each argument, where its numbers begin and end.
        count: of the arguments without a name.
        layouts: of those that are differentiated.
    """

    def __init__(self, arguments: Samples, i: int, differentiated: Sequence[int]) -> None:
        self.numbers: list[Any] = []
        self.flags: list[bool] = []
        self.spans: list[tuple[int, int]] = []
        self._leaves: list[tuple[str, Any]] = []  # of a number, of an array with its shape, of something else
        self._defs = []
        codes: list[Any] = []
        for k, part in enumerate((*arguments.args, *arguments.named.values())):
            begin = len(self.numbers)
            leaves, treedef = tree.flatten(_at(part, i))
            codes.append(treedef.signature)
            self._defs.append((len(leaves), treedef))
            for leaf, flag in zip(leaves, _flags(part, i), strict=True):
                codes.append(self._take(leaf, k in differentiated))
                self.flags += [flag] * (len(self.numbers) - len(self.flags))
            self.spans.append((begin, len(self.numbers)))
        self.count = len(arguments.args)
        self.layouts = {k: Layout(_at(arguments.args[k], i)) for k in differentiated}
        self._names = tuple(arguments.named)
        self.key = self._names, tuple(codes), tuple(self.flags)

    def _take(self, leaf: Any, differentiated: bool) -> Any:
        if is_array(leaf) and leaf.dtype.kind in "fO":
            if not leaf.shape:
                return self._take(leaf.item(), differentiated)
            inner = [self._number(x, differentiated) for x in leaf.flat]
            if None not in inner:
                self.numbers += inner
                self._leaves.append(("array", leaf.shape))
                return "array", leaf.shape
        elif (x := self._number(leaf, differentiated)) is not None:
            self.numbers.append(x)
            self._leaves.append(("number", None))
            return "number"
        self._leaves.append(("same", leaf))
        if is_array(leaf):
            elements = leaf.ravel().tolist()
            if not all(type(x) in (float, int, bool, str) for x in elements):
                raise UnfitError
            return "same", leaf.shape, leaf.dtype.str, tuple([(type(x), x) for x in elements])
        if is_tracked(leaf):
            raise UnfitError
        try:
            hash(leaf)
        except TypeError:
            raise UnfitError from None
        return type(leaf), leaf

    def _number(self, x: Any, differentiated: bool) -> Any:
        """A float, or a Value of this engine; None for anything else."""
        if type(x) is float or type(x) is chosen.Value:
            return x
        if isinstance(x, float) or (differentiated and is_real(x)):
            return to_float(x)
        return None

    def filled(self, numbers: Iterable[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a point with these numbers."""
        left, leaves = iter(numbers), iter(self._leaves)
        found = [tree.unflatten(treedef, [_filled(next(leaves), left) for _ in range(n)]) for n, treedef in self._defs]
        count = len(found) - len(self._names)
        return tuple(found[:count]), dict(zip(self._names, found[count:], strict=True))


def _filled(leaf: tuple[str, Any], numbers: Iterator[Any]) -> Any:
    kind, what = leaf
    if kind == "number":
        return next(numbers)
    if kind == "same":
        return what
    found = sys.modules["numpy"].empty(prod(what), dtype=object)
    for i in range(len(found)):
        found[i] = next(numbers)
    return found.reshape(what)


# ---- what comes out ------------------------------------------------------------------------------------


def numbers_of_all(found: array[float], kind: str, shape: tuple[int, ...]) -> Any:
    """Numbers of all points, each of which has so many, in the kind of the arguments."""
    if kind == "array":
        return sys.modules["numpy"].asarray(found).reshape(-1, *shape)
    if not shape:
        return found if kind == "buffer" else memoryview(found) if kind == "memoryview" else found.tolist()
    if kind == "list":
        numbers, (width,) = found.tolist(), shape
        return [numbers[i : i + width] for i in range(0, len(numbers), width)]
    return memoryview(found).cast("B").cast("d", (len(found) // shape[0], shape[0])) if found else memoryview(found)


def stacked(results: list[Any], kind: str) -> Any:
    """The results of all points as one: tuples and dicts outside, the points inside."""
    first = results[0] if results else 0.0
    if isinstance(first, tuple) and _alike(results, tuple):
        columns = [stacked([*column], kind) for column in zip(*results, strict=True)]
        return type(first)._make(columns) if hasattr(first, "_make") else tuple(columns)
    if isinstance(first, dict) and _alike(results, dict):
        return {key: stacked([result[key] for result in results], kind) for key in first}
    if kind == "array":
        return _stacked_arrays(results)
    if kind == "list":
        return results
    kinds = set(map(type, results))
    if kinds <= {float} or kinds == {float, int}:
        return numbers_of_all(array("d", results), kind, ())
    flat = _flattened(results) if isinstance(first, list) else None
    if flat is not None and flat[1][2] == "float":
        return numbers_of_all(flat[0], kind, (flat[1][1],))
    return results


def _alike(results: list[Any], kind: Any) -> bool:
    keys = results[0].keys() if kind is dict else len(results[0])
    return all(isinstance(x, kind) and (x.keys() if kind is dict else len(x)) == keys for x in results)


def _stacked_arrays(results: list[Any]) -> Any:
    numpy = sys.modules["numpy"]
    rows = [numpy.array(x, dtype=object) if isinstance(x, list) else x for x in results]
    shapes = {numpy.shape(x) if not is_tracked(x) else () for x in rows}
    (shape,) = shapes if len(shapes) == 1 else [()]
    found = numpy.empty((len(results), *shape), dtype=object)
    for i, x in enumerate(rows if len(shapes) == 1 else results):
        found[i] = x
    kinds = set(map(type, found.flat))
    if kinds <= {float}:
        return found.astype(float)
    return numpy.array(found.tolist()) if kinds <= {float, int, bool} else found  # NumPy's dtype for these numbers
