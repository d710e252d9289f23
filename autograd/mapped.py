"""`vmap`: a function at many points at once.

The function is recorded as `compile` records it, of one point, and its program is computed at all points: by the native engine in
lanes, several points side by side. Points at which the program doesn't hold get another program of the function, or the function
itself.
"""

from __future__ import annotations

import inspect
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from math import prod
from typing import Any

from . import modes, points, records as p, tree, transforms
from .compiled import Compiled, Path, compile
from .engines import chosen
from .graphs import gradients
from .layout import Layout, is_array
from .program import Program, stop
from .record import NaryPrimitive, is_real, is_tracked, to_float
from .replay import number

__all__ = ["vmap"]

Lanes: Any = getattr(chosen, "Lanes", points.Lanes)
added_up: Any = getattr(chosen, "_added_up", points.added_up)
MOST_FORMS = 64  # kinds of points for which a function is recorded
NOWHERE = 0xFFFFFFFF


def vmap(f: Callable[..., Any], in_axes: Any = 0, reduce: str | None = None, threads: int = 1) -> Callable[..., Any]:
    """A function that computes f at many points: each point's result has the bits that a call of f has.

    Args:
        f: a function of floats, or of lists, tuples, dicts and arrays of them, for one point. May be what `grad` or
            `value_and_grad` returned, and a compiled function. It may close over Values, such as the parameters of a net.
        in_axes: along which axis the points of each argument lie: 0, another axis, or None for an argument that all points
            share; one for all arguments, or a tuple with one for each, which may be a tuple or dict of them for an argument that is
            one. Axis 0 of a list is the list itself, axis 1 goes through the lists in it. Tuples and dicts hold arguments. Keyword
            arguments have axis 0.
        reduce: "mean" or "sum" over all points; None for the result at each point. f then returns one number, and where it
            depends on Values the result is one node: a training step is ``vmap(loss, reduce="mean")(X, y).backward()``. Its
            gradients have the bits of ``mean([loss(x, y) for x, y in zip(X, y)])``.
        threads: how many threads compute at the same time, 1 or more. The result doesn't depend on it. The interpreter is free
            for other threads meanwhile.

    Returns:
        A function of as many arguments as f. It takes lists, NumPy arrays, and buffers of doubles (an ``array("d")``, a
        memoryview), and gives back the same kind: of arrays an array whose first axis is that of the points, of buffers a buffer,
        else a list. A tuple or dict that f returns comes back as one, with all points in each of its places. Where f depends on
        Values, results are Values; in `no_grad` they are floats.

    Raises:
        TypeError: f isn't a function, or an argument has no such axis.
        ValueError: reduce is something else, arguments have different numbers of points, or nothing is mapped.

    The program is recorded at two points, as `compile` says; what it can't see there can't be seen here. f gets an array's numbers as
    `grad` hands them over, an array of objects. A number that isn't a float, such as a label, is a constant of the program:
    points with the same label are computed together. So pass floats where there are many. What f raises at a point is raised as
    it is, with a note that says the place of the point.

    >>> from autograd import grad
    >>> vmap(lambda x, y: x * y)([1.0, 2.0], [10.0, 20.0]), vmap(grad(lambda x: x ** 3))([1.0, 2.0])
    ([10.0, 40.0], [3.0, 12.0])
    >>> vmap(lambda w, x: w * x, in_axes=(None, 0), reduce="mean")(2.0, [1.0, 2.0])
    3.0
    """
    if not callable(f):
        raise TypeError(f"vmap takes a function, got {type(f).__name__}; write vmap(lambda x: ...)")
    if reduce not in (None, "mean", "sum"):
        raise ValueError(f'vmap: reduce is {reduce!r}; write "mean", "sum" or None')
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise TypeError(f"vmap: threads takes an int, got {type(threads).__name__} {threads!r}")
    if threads < 1:
        raise ValueError(f"vmap: threads must be 1 or more, got {threads}")
    _check_axes(in_axes)
    mapped = _Mapped(f, in_axes, reduce, threads)

    def wrapped(*args: Any, **named: Any) -> Any:
        return mapped(args, named)

    name = getattr(f, "__name__", type(f).__name__)
    wrapped.__name__ = f"vmap_of_{name}" if name.isidentifier() else "vmap"
    wrapped.__doc__ = f"{name} at many points."
    return wrapped


def _check_axes(axes: Any) -> None:
    for axis in tree.leaves(axes):
        if axis is not None and (isinstance(axis, bool) or not isinstance(axis, int)):
            raise TypeError(f"vmap: in_axes takes ints and None, got {type(axis).__name__} {axis!r}")


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
        self.where = where
        if is_array(x):
            self.kind = "array"
            if not -x.ndim <= axis < x.ndim:
                raise TypeError(f"vmap: {where} is an array of {x.ndim} dimensions, which has no axis {axis}")
            self._x = sys.modules["numpy"].moveaxis(x, axis, 0)
        elif isinstance(x, (memoryview, array)):
            self.kind = "buffer" if isinstance(x, array) else "memoryview"
            view = memoryview(x)
            plain = axis == 0 and view.ndim in (1, 2) and view.format in ("d", "f") and view.c_contiguous
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
        if isinstance(x, memoryview) and x.ndim == 2:
            width = x.shape[1]
            return x.cast("B").cast(x.format)[i * width : (i + 1) * width].tolist()  # type: ignore[call-overload]
        return x[i]

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
        if isinstance(x, memoryview):
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


class _Arguments:
    """The arguments of a call: for each point, and as matrices."""

    def __init__(self, args: tuple[Any, ...], named: dict[str, Any], axes: Any) -> None:
        if isinstance(axes, (tuple, list)):
            if len(axes) != len(args):
                raise ValueError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        else:
            axes = (axes,) * len(args)
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
                parts = tree.structure(axis) and _children(x, axis)
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


class _UnfitError(Exception):
    """A point that no program can be recorded for."""


class _Form:
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

    def __init__(self, arguments: _Arguments, i: int, differentiated: Sequence[int]) -> None:
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
            if leaf.dtype == object:
                raise _UnfitError
            return "same", leaf.shape, leaf.dtype.str, leaf.tobytes()
        if is_tracked(leaf):
            raise _UnfitError
        try:
            hash(leaf)
        except TypeError:
            raise _UnfitError from None
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


class _Group:
    """The points of one form: the function of their numbers, compiled.

    Args:
        function: of one point; what is recorded.
        form: of the points.
        name: for messages.
    """

    def __init__(self, function: Callable[..., Any], form: _Form, name: str) -> None:
        def flat(*numbers: Any) -> Any:
            args, named = form.filled(numbers)
            return function(*args, **named)

        flat.__name__ = flat.__qualname__ = name
        flat._transform = "vmap", function, 0, False  # type: ignore[attr-defined]  # says whose variables are compared
        self.form = form
        self.compiled = Compiled(flat)
        self._lanes: dict[Any, Any] = {}
        self._keys: dict[Any, Any] = {}

    def paths(self, batch: _Batch, mode: Any) -> list[Path] | None:
        """The programs that two recordings agreed on, the last used first; None where the function is called as ever."""
        compiled = self.compiled
        if compiled._names.changed() and compiled._entries:
            compiled._forget()
        if compiled._reason is not None:
            return None
        situation = mode.recording, modes.inside_derivative()
        key = None if batch.has_values else self._keys.get(situation)
        if key is None:
            key = self._keys[situation] = compiled._read(tuple(batch.numbers_at(0)), {}, mode).key
        entry = compiled._entries.get(key)
        if entry is None:
            return []
        inputs = batch.inputs
        found = [path for path in entry.paths if path.agreed and not path.draws and path.fits(inputs)]
        return None if entry.reason is not None else found

    def lanes(self, path: Path, active: bytes, mapped: bytes, captured: bool) -> Any:
        """The lanes of a program."""
        key = path, active, mapped, captured
        found = self._lanes.get(key)
        if found is None:
            if len(self._lanes) >= MOST_FORMS:  # of programs that are forgotten by now
                self._lanes.clear()
            found = self._lanes[key] = Lanes(path.program, active, mapped, captured)
        return found


class _Batch:
    """Points of one form in one call.

    Args:
        group: of the form.
        numbers: of one of them.
        flags: for each of its numbers whether it is mapped.
        sources: matrices of the numbers that are mapped.
        rows: how many points there are.
        places: which points of the call they are; None for all.
    """

    def __init__(
        self, group: _Group, numbers: list[Any], flags: list[bool], sources: list[Any], rows: int, places: list[int] | None
    ) -> None:
        self.group, self.numbers, self.flags, self.sources, self.rows, self.places = group, numbers, flags, sources, rows, places
        # Each Value is one input, as `compile` has it; floats are one each.
        self.inputs: list[Any] = []
        mapped = bytearray()
        self.input_of: list[int] = []
        known: dict[Any, int] = {}
        for x, flag in zip(numbers, flags, strict=True):
            place = len(self.inputs) if type(x) is float else known.setdefault(x, len(self.inputs))
            self.input_of.append(place)
            if place == len(self.inputs):
                self.inputs.append(x)
                mapped.append(flag)
        self.mapped = bytes(mapped)
        self.has_values = bool(known)

    def shared(self) -> list[float]:
        """The numbers that all points share."""
        return [x if type(x) is float else number(x) for x, flag in zip(self.inputs, self.mapped, strict=True) if not flag]

    def numbers_at(self, i: int) -> list[Any]:
        """All numbers of point i of the batch."""
        mine: list[float] = []
        for source in self.sources:
            width = len(source) // self.rows
            mine += source[i * width : (i + 1) * width].tolist()
        left = iter(mine)
        return [next(left) if flag else x for x, flag in zip(self.numbers, self.flags, strict=True)]

    def inputs_at(self, i: int) -> list[Any]:
        """The inputs of the program at point i of the batch."""
        found: dict[int, Any] = {}
        for place, x in zip(self.input_of, self.numbers_at(i), strict=True):
            found[place] = x
        return [*found.values()]

    def place(self, i: int) -> int:
        """Which point of the call the batch's point i is."""
        return i if self.places is None else self.places[i]


# ---- all of them ---------------------------------------------------------------------------------------


def _taken_apart(f: Any) -> tuple[str, Any, Any]:
    """What is computed of which function: ``("values", f, 0)``, or a derivative with its argnums; "other" for other derivatives."""
    name, inner, argnums, has_aux = getattr(f, "_transform", ("", None, 0, False))
    if isinstance(f, Compiled):
        return "values", f._function, 0
    if not name:
        return "values", f, 0
    if isinstance(inner, Compiled):
        inner = inner._function
    if name not in ("grad", "value_and_grad") or has_aux or hasattr(inner, "_transform"):
        return "other", f, argnums
    return name, inner, argnums


class _Mapped:
    """What `vmap` returns does this."""

    def __init__(self, f: Callable[..., Any], axes: Any, reduce: str | None, threads: int) -> None:
        name = getattr(f, "__name__", type(f).__name__)
        self.axes, self.reduce, self.threads = axes, reduce, threads
        self.name = f"vmap_of_{name}" if name.isidentifier() else "vmap"
        self.kind, self.function, self.argnums = _taken_apart(f)
        self.f = compile(f) if self.kind == "other" else f
        if reduce and self.kind != "values":
            raise TypeError(
                f"vmap: with reduce the function returns one number, and {name} returns gradients; "
                f'differentiate what comes out instead, as in vmap(f, reduce="{reduce}")(xs).backward()'
            )
        self._groups: dict[Any, _Group] = {}
        self._last: tuple[Any, _Group] | None = None

    def __call__(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        arguments = _Arguments(args, named, self.axes)
        mode = modes.current.get() if modes.open_blocks else modes.USUAL
        batches = None
        if arguments.count and self.kind != "other" and not (mode.detecting or mode.sourcing or self._is_inside()):
            try:
                batches = self._batches(arguments)
            except _UnfitError:
                pass
        if self.reduce:
            return self._reduced(arguments, batches, mode)
        return self._results(arguments, batches, mode)

    def _is_inside(self) -> bool:
        """Whether this is part of something that is recorded, or of a derivative whose gradients are Values."""
        return bool(modes.recorders and modes.watching() is not None) or (self.kind != "values" and modes.inside_derivative())

    # ---- the points by their form --------------------------------------------------------------------

    def _batches(self, arguments: _Arguments) -> list[_Batch]:
        """The points, those of one form together.

        Raises:
            _UnfitError: no program can be recorded.
        """
        matrices: Any = [points.matrix() for points in arguments.mapped]
        if None in matrices:
            return self._sorted(arguments)
        shapes = None  # by which the form is known again, if that is all there is
        if arguments.all_mapped:
            shapes = [shape for _, shape, _ in matrices]
            if self._last is not None and self._last[0] == shapes:
                form = self._last[1].form
                return [_Batch(self._last[1], form.numbers, form.flags, [m[0] for m in matrices], arguments.count, None)]
        form = self._form(arguments, 0)
        group = self._group(form)
        if not all(form.flags[i] for i in self._differentiated_numbers(form)):
            return self._sorted(arguments)
        if shapes is not None:
            self._last = shapes, group
        return [_Batch(group, form.numbers, form.flags, [m[0] for m in matrices], arguments.count, None)]

    def _sorted(self, arguments: _Arguments) -> list[_Batch]:
        found: dict[Any, tuple[_Form, list[bool], array[float], list[int]]] = {}
        for i in range(arguments.count):
            form = self._form(arguments, i)
            if form.key not in found:
                flags = [*form.flags]
                for k in self._differentiated_numbers(form):
                    flags[k] = True  # with a derivative of its own at each point
                found[form.key] = form, flags, array("d"), []
                if len(found) > MOST_FORMS:
                    raise _UnfitError
            _, flags, rows, places = found[form.key]
            for x, flag in zip(form.numbers, flags, strict=True):
                if flag:
                    if type(x) is not float:  # a Value of its own for each point
                        raise _UnfitError
                    rows.append(x)
            places.append(i)
        return [
            _Batch(self._group(form), form.numbers, flags, [rows], len(places), places if len(found) > 1 else None)
            for form, flags, rows, places in found.values()
        ]

    def _form(self, arguments: _Arguments, i: int) -> _Form:
        return _Form(arguments, i, self._positions(len(arguments.args)))

    def _positions(self, count: int) -> list[int]:
        """The arguments that are differentiated."""
        if self.kind == "values":
            return []
        positions = self.argnums if isinstance(self.argnums, (tuple, list)) else (self.argnums,)
        return [i % count for i in positions if isinstance(i, int) and -count <= i < count]

    def _differentiated_numbers(self, form: _Form) -> list[int]:
        return [k for i in self._positions(form.count) for k in range(*form.spans[i])]

    def _group(self, form: _Form) -> _Group:
        found = self._groups.get(form.key)
        if found is None:
            if len(self._groups) >= MOST_FORMS:
                raise _UnfitError
            found = self._groups[form.key] = _Group(self.function, form, self.name)
        return found

    # ---- a result for each point ---------------------------------------------------------------------

    def _alone(self, arguments: _Arguments, i: int) -> Any:
        """The function itself at one point."""
        args, named = tree.map(_plain, arguments.at(i))
        try:
            return self.f(*args, **named)
        except Exception as error:
            error.add_note(f"This is point {i} of a vmap.")
            raise

    def _results(self, arguments: _Arguments, batches: list[_Batch] | None, mode: Any) -> Any:
        if batches is None:
            return _stacked([self._alone(arguments, i) for i in range(arguments.count)], arguments.kind)
        results: list[Any] = [None] * arguments.count
        errors: dict[int, Exception] = {}
        for batch in batches:
            pending = [*range(batch.rows)]
            tried: list[Path] = []
            while pending:
                paths = batch.group.paths(batch, mode)
                new = [path for path in paths or () if path not in tried]
                if new:
                    tried.append(new[0])
                    whole = len(batches) == 1 and len(pending) == arguments.count
                    found, pending = self._by_path(batch, new[0], pending, mode, arguments.kind if whole else "")
                    if whole and not pending:
                        return found
                    for i, result in found:
                        results[batch.place(i)] = result
                    continue
                i = pending.pop(0)
                place = batch.place(i)
                try:
                    if paths is None:
                        results[place] = self._alone(arguments, place)
                        continue
                    result = batch.group.compiled(*batch.numbers_at(i))
                    results[place] = result if self.kind == "values" else self._alone(arguments, place)
                except Exception as error:
                    errors[place] = error
                    break
        if errors:
            raise _noted(errors[min(errors)], min(errors))
        return _stacked(results, arguments.kind)

    def _by_path(self, batch: _Batch, path: Path, pending: list[int], mode: Any, kind: str) -> tuple[Any, list[int]]:
        """The results at some points of a batch by one program.

        Args:
            batch: of the points.
            path: with the program.
            pending: which points.
            mode: that is on.
            kind: of the arguments, where these are all points of the call; else empty.

        Returns:
            (results, pending): pairs of a point and its result, and the points at which the program doesn't hold. With a kind, and if
            it holds everywhere, the result of the call.
        """
        if self.kind == "values" and path.valued and mode.recording:
            return [(i, batch.group.compiled(*batch.numbers_at(i))) for i in pending], []
        if self.kind != "values" and not (path.layout.is_number and path.outputs[0].kind == "out"):
            return [], pending
        active = self._active(batch) if self.kind != "values" else bytes(len(batch.mapped))
        lanes = batch.group.lanes(path, active, batch.mapped, False)
        picked = None if len(pending) == batch.rows else array("q", pending)
        if self.kind == "values":
            outputs, failed = lanes.values(batch.sources, batch.shared(), batch.rows, picked, self.threads)
            if kind and not failed and (whole := _packed(path, outputs, batch.rows, kind)) is not None:
                return whole, []
            rows: Any = self._value_rows(batch, path, outputs, pending)
        else:
            outputs, slopes, failed = lanes.gradients(batch.sources, batch.shared(), batch.rows, picked, 0, self.threads)
            rows = self._gradient_rows(batch, outputs, slopes, len(pending))
        bad = set(failed)
        found = [(i, row) for k, (i, row) in enumerate(zip(pending, rows, strict=True)) if k not in bad]
        left = [pending[k] for k in failed]
        return (_stacked([row for _, row in found], kind), []) if kind and not left else (found, left)

    def _active(self, batch: _Batch) -> bytes:
        wanted = {batch.input_of[k] for k in self._differentiated_numbers(batch.group.form)}
        return bytes([i in wanted for i in range(len(batch.inputs))])

    def _value_rows(self, batch: _Batch, path: Path, outputs: Any, pending: Sequence[int]) -> Iterator[Any]:
        count = len(path.program.outputs)
        given = any(output.kind == "input" for output in path.outputs)
        for k, i in enumerate(pending):
            row = outputs[k * count : (k + 1) * count]
            inputs = batch.inputs_at(i) if given else []
            yield path.layout.filled(
                [row[x.what] if x.kind == "out" else inputs[x.what] if x.kind == "input" else x.what for x in path.outputs]
            )

    def _gradient_rows(self, batch: _Batch, outputs: Any, slopes: Any, count: int) -> Iterator[Any]:
        form = batch.group.form
        wanted = sorted({batch.input_of[k] for k in self._differentiated_numbers(form)})
        column = {slot: k for k, slot in enumerate(wanted)}
        many = isinstance(self.argnums, (tuple, list))
        # For each argument asked for: its columns, and how they make its gradient.
        parts = [
            (form.layouts[i], [column[batch.input_of[k]] for k in range(*form.spans[i])]) for i in self._positions(form.count)
        ]
        for i in range(count):
            row = slopes[i * len(wanted) : (i + 1) * len(wanted)]
            found = [layout.filled([row[k] for k in columns]) for layout, columns in parts]
            gradient = tuple(found) if many else found[0]
            yield gradient if self.kind == "grad" else (outputs[i], gradient)

    # ---- one result for all points -------------------------------------------------------------------

    def _reduced(self, arguments: _Arguments, batches: list[_Batch] | None, mode: Any) -> Any:
        record = p.mean if self.reduce == "mean" else p.sum
        for sure in (False, True):
            parts = self._parts(batches, mode, sure) if batches else None
            found = self._added_up(arguments, parts, record, mode) if parts else None
            if found is not None:
                return found
        results = [self._alone(arguments, i) for i in range(arguments.count)]
        for i, x in enumerate(results):
            if not (is_tracked(x) or is_real(x)):
                raise TypeError(f"vmap: with reduce the function returns one number, got {type(x).__name__} {x!r:.60} at point {i}")
        return record(results)

    def _parts(self, batches: list[_Batch], mode: Any, sure: bool) -> list[tuple[_Batch, Path, list[int] | None]] | None:
        """Which points are computed by which program; None where some need the function itself.

        Args:
            batches: the points.
            mode: that is on.
            sure: whether to find out at which points each program holds, and not to hope that the first one does at all.
        """
        parts: list[tuple[_Batch, Path, list[int] | None]] = []
        for batch in batches:
            pending: list[int] | None = None  # all
            tried: list[Path] = []
            runs = 0
            while pending is None or pending:
                paths = batch.group.paths(batch, mode)
                if paths is None:
                    return None
                new = [path for path in paths if path not in tried]
                if not new:
                    if runs == 2:
                        return None
                    left = pending if pending is not None else range(batch.rows)
                    try:
                        batch.group.compiled(*batch.numbers_at(left[min(runs, len(left) - 1)]))
                    except Exception:  # which is raised again by the function itself
                        return None
                    runs += 1
                    continue
                runs = 0
                path = new[0]
                tried.append(path)
                if not (path.layout.is_number and path.outputs[0].kind == "out"):
                    return None
                if not sure:
                    parts.append((batch, path, None))
                    break
                lanes = batch.group.lanes(path, self._values_of(batch), batch.mapped, True)
                picked = None if pending is None else array("q", pending)
                _, failed = lanes.values(batch.sources, batch.shared(), batch.rows, picked, self.threads)
                if pending is None and not failed:
                    parts.append((batch, path, None))
                    break
                each = [*range(batch.rows)] if pending is None else pending
                bad = set(failed)
                mine = [i for k, i in enumerate(each) if k not in bad]
                if mine:
                    parts.append((batch, path, mine))
                pending = [each[k] for k in failed]
        return parts

    def _values_of(self, batch: _Batch) -> bytes:
        return bytes([type(x) is not float for x in batch.inputs])

    def _added_up(
        self, arguments: _Arguments, parts: list[tuple[_Batch, Path, list[int] | None]], record: Any, mode: Any
    ) -> Any:
        count = arguments.count
        valued = any(path.valued for _, path, _ in parts)
        operands: dict[Any, int] = {}
        tasks = []
        for batch, path, mine in parts:
            active = self._values_of(batch)
            lanes = batch.group.lanes(path, active, batch.mapped, valued and mode.recording)
            to = array("I")
            if valued and mode.recording:
                needed = path.program.needed(0)
                shared = [(i, x) for i, x in enumerate(batch.inputs) if active[i]]
                shared += enumerate(path.program.captured, path.program.inputs)
                to.extend([operands.setdefault(x, len(operands)) if needed[i] else NOWHERE for i, x in shared])
            picked = None if mine is None else array("q", mine)
            places = picked if batch.places is None else array("q", [batch.place(i) for i in (mine or range(batch.rows))])
            tasks.append((lanes, batch.shared(), to, batch.sources, batch.rows, picked, places))
        size = len(operands)
        for _, _, to, *_ in tasks:  # what no output depends on goes to a sum that is left out
            for k, place in enumerate(to):
                to[k] = min(place, size)
        if not (valued and mode.recording):
            outputs, failed = _values_alone(tasks, count, self.threads)
        else:
            seed = 1.0 / count if self.reduce == "mean" else 1.0
            outputs, sums, failed = added_up(tasks, count, seed, size + 1, self.threads)
        if failed:
            return None
        value = record.evaluate((*outputs,), outputs)
        if not valued:
            return value
        if not (mode.recording and operands):
            return chosen.Value(value)
        primitive = _Reduction(self.name, parts, [*operands], record, count)
        return chosen._one_node(primitive, tuple(operands), value, sums[:size])


def _values_alone(tasks: Sequence[Any], count: int, threads: int) -> tuple[array[float], list[int]]:
    """The outputs of all points, where no derivatives are wanted."""
    found, bad = array("d", bytes(8 * count)), []
    for lanes, shared, _, sources, rows, picked, places in tasks:
        outputs, failed = lanes.values(sources, shared, rows, picked, threads)
        bad += failed
        if places is None:
            found = outputs
        else:
            for place, x in zip(places, outputs, strict=True):
                found[place] = x
    return found, bad


def _plain(leaf: Any) -> Any:
    """A float of NumPy's as one of Python's, as the program has it."""
    return float(leaf) if isinstance(leaf, float) else leaf


def _noted(error: Exception, place: int) -> Exception:
    note = f"This is point {place} of a vmap."
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error


# ---- what comes out ------------------------------------------------------------------------------------


def _packed(path: Path, outputs: array[float], points: int, kind: str) -> Any:
    """The result of a call from the outputs as they are, where each point has one number or a list of numbers; else None."""
    if any([output.kind != "out" or output.what != i for i, output in enumerate(path.outputs)]):
        return None
    if path.layout.is_number:
        return _numbers(outputs, kind, ())
    if path.layout.word == "list":
        return _numbers(outputs, kind, (len(path.outputs),))
    return None


def _numbers(found: array[float], kind: str, shape: tuple[int, ...]) -> Any:
    """Numbers of all points, each of which has so many, in the kind of the arguments."""
    if kind == "array":
        return sys.modules["numpy"].array(found).reshape(-1, *shape)
    if not shape:
        return found if kind == "buffer" else memoryview(found) if kind == "memoryview" else found.tolist()
    if kind == "list":
        numbers, (width,) = found.tolist(), shape
        return [numbers[i : i + width] for i in range(0, len(numbers), width)]
    return memoryview(found).cast("B").cast("d", (len(found) // shape[0], shape[0])) if found else memoryview(found)


def _stacked(results: list[Any], kind: str) -> Any:
    """The results of all points as one: tuples and dicts outside, the points inside."""
    first = results[0] if results else 0.0
    if isinstance(first, tuple) and _alike(results, tuple):
        columns = [_stacked([*column], kind) for column in zip(*results, strict=True)]
        return type(first)._make(columns) if hasattr(first, "_make") else tuple(columns)
    if isinstance(first, dict) and _alike(results, dict):
        return {key: _stacked([result[key] for result in results], kind) for key in first}
    if kind == "array":
        return _stacked_arrays(results)
    if kind == "list":
        return results
    if all([type(x) is float for x in results]):
        return _numbers(array("d", results), kind, ())
    if _flattened(results) is not None and isinstance(first, list) and type(first[0]) is float:
        return _numbers(_flattened(results)[0], kind, (len(first),))  # type: ignore[index]
    return results


def _alike(results: list[Any], kind: type) -> bool:
    keys = results[0].keys() if kind is dict else len(results[0])
    return all([isinstance(x, kind) and (x.keys() if kind is dict else len(x)) == keys for x in results])


def _stacked_arrays(results: list[Any]) -> Any:
    numpy = sys.modules["numpy"]
    rows = [numpy.array(x, dtype=object) if isinstance(x, list) else x for x in results]
    shapes = {numpy.shape(x) if not is_tracked(x) else () for x in rows}
    (shape,) = shapes if len(shapes) == 1 else [()]
    found = numpy.empty((len(results), *shape), dtype=object)
    for i, x in enumerate(rows if len(shapes) == 1 else results):
        found[i] = x
    if all([type(x) is float for x in found.flat]):
        return found.astype(float)
    return found


# ---- the result of a reduction as a primitive ----------------------------------------------------------


class _Reduction(NaryPrimitive):
    """What all points come to, as a function of the Values that they share: what ``op`` of the result is.

    Args:
        name: of the function.
        parts: batches with a program, and which of their points it computes.
        operands: the Values.
        record: that of the mean or the sum.
        count: of the points.
    """

    def __init__(
        self, name: str, parts: list[tuple[_Batch, Path, list[int] | None]], operands: Sequence[Any], record: Any, count: int
    ) -> None:
        super().__init__(
            name, self._value, [self._slopes], doc="A function of many points, as one node.", signature=_SIGNATURE,
            derivatives=[f"{name}_dx(xs)"],
        )  # fmt: skip
        self._parts, self._record, self._count = parts, record, count
        self._slots = {x: i for i, x in enumerate(operands)}

    def _computed(self, xs: Sequence[Any]) -> Any:
        """The result from other numbers, or Values, in the place of the operands."""
        found: list[Any] = [None] * self._count
        for batch, path, mine in self._parts:
            program = path.program
            captured = [xs[self._slots[x]] if x in self._slots else number(x) for x in program.captured]
            for i in range(batch.rows) if mine is None else mine:
                inputs = [x if type(x) is float else xs[self._slots[x]] for x in batch.inputs_at(i)]
                found[batch.place(i)] = _replayed(program, [*inputs, *captured, *program.constants])
        return self._record(found)

    def _value(self, xs: Sequence[float]) -> float:
        found: float = self._computed(xs)
        return found

    def _slopes(self, z: Any, xs: Sequence[Any]) -> Sequence[Any]:
        again = any(type(x) is not float for x in xs)
        if again:
            values = [x if is_tracked(x) else chosen.Value(x) for x in xs]
        else:
            values = [chosen.Value(x) for x in xs]
        with modes.enable_grad():
            slopes: Sequence[Any] = gradients(self._computed(values), values, create_graph=again)
        return slopes


_SIGNATURE = inspect.signature(lambda xs, /: None)


def _replayed(program: Program, found: list[Any]) -> Any:
    """The output of a program from numbers or Values in the place of its inputs, captured Values and constants."""
    for record, slots in program:
        xs = tuple([found[s] for s in slots])
        found.append(transforms.stop_gradient(xs[0]) if record is stop else record.apply(xs))
    if not all([guard.holds([number(x) if is_tracked(x) else x for x in found]) for guard in program.guards]):
        raise ValueError("it takes another way through the function there")
    return found[program.outputs[0]]
