"""`vmap`: a function at many points at once.

The function is recorded as `compile` records it, of one point, and its program is computed at all points: by the native
engine in lanes, several points side by side. Points at which the program doesn't hold get another program of the function,
or the function itself.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Any

from . import leaves, modes, points, records as p, tree
from .batches import MOST_FORMS, Batch, Group, Side
from .compiled import Compiled, Path, compile
from .engines import chosen
from .layout import Layout, is_array
from .record import is_real, is_tracked
from .recording import Drawn, given_again
from .repeated import Repeated
from .replay import number
from .samples import Form, Samples, UnfitError, numbers_of_all, stacked

__all__ = ["Added", "added", "vmap"]

# A compiled engine has its own.
added_up: Any = getattr(chosen, "_added_up", points.added_up)
one_node: Any = getattr(chosen, "_node_of_sums", chosen._one_node)
number_of_many: Any = getattr(chosen, "_number_of_many", leaves.in_python)


def vmap(f: Callable[..., Any], in_axes: Any = 0, reduce: str | None = None, threads: int = 1) -> Callable[..., Any]:
    """A function that computes f at many points: each point's result has the bits that a call of f has.

    Args:
        f: a function of floats, or of lists, tuples, dicts and arrays of them, for one point. May be what `grad` or
            `value_and_grad` returned, and a compiled function. It may close over Values, such as the parameters of a net.
        in_axes: along which axis the points of each argument lie: 0, another axis, or None for an argument that all points
            share; one for all arguments, or a tuple with one for each. For an argument that is a tuple or dict of others, one
            for all of them, or a tuple or dict. Axis 0 of a list is the list itself, axis 1 goes through the lists in it.
            Keyword arguments have axis 0.
        reduce: "mean" or "sum" over all points; None for the result at each point. f then returns one number, and where it
            depends on Values the result is one node: a training step is ``vmap(loss, reduce="mean")(X, y).backward()``. Its
            gradients have the bits of ``mean([loss(x, y) for x, y in zip(X, y)])``.
        threads: how many threads compute at the same time, 1 or more. The result doesn't depend on it. The interpreter is free
            for other threads meanwhile.

    Returns:
        A function of as many arguments as f. It takes lists, NumPy arrays, and buffers of doubles (an ``array("d")``, a
        memoryview), and gives back the same kind: of arrays an array whose first axis is that of the points, of buffers a
        buffer, else a list. A tuple or dict that f returns comes back as one, with all points in each of its places. Where f
        depends on Values, results are Values; in `no_grad` they are floats.

    Raises:
        TypeError: f isn't a function, or an argument has no such axis.
        ValueError: reduce is something else, arguments have different numbers of points, or nothing is mapped.

    The program is recorded at two points, as `compile` says; what it can't see there can't be seen here. f gets an array's
    numbers as `grad` hands them over, in an array of objects. A number that isn't a float, such as a label, is a constant of
    the program: points with the same label are computed together. So pass floats where there are many. What f raises at a
    point is raised as it is, with a note that says the place of the point.

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
    mapped = Mapped(f, in_axes, reduce, threads)

    def wrapped(*args: Any, **named: Any) -> Any:
        return mapped(args, named)

    name = getattr(f, "__name__", type(f).__name__)
    wrapped.__name__ = f"vmap_of_{name}" if name.isidentifier() else "vmap"
    wrapped.__doc__ = f"{name} at many points."
    return wrapped


class Added:
    """What points come to, and its gradients: what one node of them knows, without the node.

    Args:
        data: the number.
        operands: the Values that it depends on, as `leaves.Operands`.
        sums: the derivative with respect to each.
        node: makes the node.
    """

    __slots__ = ("_node", "data", "operands", "sums")

    def __init__(self, data: float, operands: Any, sums: Any, node: Callable[[], Any]) -> None:
        self.data, self.operands, self.sums, self._node = data, operands, sums, node

    def backward(self) -> None:
        """Do what ``backward()`` of the node does to the operands."""
        if not leaves.add_gradients(self.operands, self.sums):  # pragma: no branch  # where leaves are Python's, a node does it
            self._node().backward()


def added(f: Callable[..., Any]) -> Mapped:
    """``vmap(f, reduce="mean")`` for a tuple of arguments; its result is an `Added` where it would be one node.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> mean = added(lambda x: w * x)(([1.0, 2.0],), {})
    >>> mean.backward(); mean.data, w.grad
    (3.0, 1.5)
    """
    return Mapped(f, 0, "mean", 1, Added)


def _check_axes(axes: Any) -> None:
    for axis in tree.leaves(axes):
        if axis is not None and (isinstance(axis, bool) or not isinstance(axis, int)):
            raise TypeError(f"vmap: in_axes takes ints and None, got {type(axis).__name__} {axis!r}")


# ---- all of them ---------------------------------------------------------------------------------------


def _taken_apart(f: Any) -> tuple[str, Any, Any]:
    """What is computed, of which function, and its argnums: "values", "grad", "value_and_grad", or another derivative."""
    if isinstance(f, Compiled):
        return "values", f._function, 0
    name, inner, argnums, has_aux = getattr(f, "_transform", ("", None, 0, False))
    if not name:
        return "values", f, 0
    if isinstance(inner, Compiled):
        inner = inner._function
    if name not in ("grad", "value_and_grad") or has_aux or hasattr(inner, "_transform"):
        return "other", f, argnums
    return name, inner, argnums


class Mapped:
    """What `vmap` returns does this; the arguments are those of `vmap`, and what makes a result in the place of a node."""

    def __init__(
        self, f: Callable[..., Any], axes: Any, reduce: str | None, threads: int, result: Callable[..., Any] | None = None
    ) -> None:
        name = getattr(f, "__name__", type(f).__name__)
        self.axes, self.reduce, self.threads, self._result = axes, reduce, threads, result
        self.name = f"vmap_of_{name}" if name.isidentifier() else "vmap"
        self.kind, self.function, self.argnums = _taken_apart(f)
        self.f = compile(f) if self.kind == "other" else f
        self.record = p.sum if reduce == "sum" else p.mean
        if reduce and self.kind != "values":
            raise TypeError(
                f"vmap: with reduce the function returns one number, and {name} returns gradients; "
                f'differentiate what comes out, as in vmap(f, reduce="{reduce}")(xs).backward()'
            )
        self._groups: dict[Any, Group] = {}
        self._last: tuple[Any, Batch] | None = None
        self._repeated: Repeated | None = None

    def __call__(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        repeated = self._repeated
        if repeated is not None and not (named or modes.open_blocks or modes.recorders or modes.inside_derivative()):
            found = repeated.of(args)
            if found is not None:
                return found
            self._repeated = None
        mode = modes.current.get() if modes.open_blocks else modes.USUAL
        usual = self.kind != "other" and not (mode.detecting or mode.sourcing or self._is_inside())
        again = self._again(args) if usual and self.reduce and not named else None
        if again is not None:
            found = self._by_programs([again], mode)
            return self._one_by_one(Samples(args, named, self.axes), [again]) if found is None else found
        samples = Samples(args, named, self.axes)
        batches: list[Batch] = []
        if samples.count and usual:
            with suppress(UnfitError):
                batches = self._batches(samples)
        if not self.reduce:
            return self._results(samples, batches, mode)
        found = self._by_programs(batches, mode) if batches else None
        return self._one_by_one(samples, batches) if found is None else found

    def at_once(self, args: Sequence[Any]) -> Any:
        """The result for points as there were in the call before, if the programs that there are hold for all; else None.

        Args:
            args: of the call.
        """
        batch = self._again(args)
        mode = modes.current.get() if modes.open_blocks else modes.USUAL
        if batch is None or mode.detecting or mode.sourcing or self._is_inside():
            return None
        paths = batch.group.paths(batch, mode)
        if not paths or not paths[0].is_one_number:
            return None
        return self._added_up(batch.rows, [(batch, batch.group.joined(paths), None)], mode)

    def _again(self, args: Sequence[Any]) -> Batch | None:
        """Points in arrays and buffers that look like those of the call before; None where that isn't seen at once."""
        last = self._last
        if last is None or self.axes != 0 or len(args) != len(last[0]):
            return None
        sources: list[Any] = []
        rows = 0
        for x, shape in zip(args, last[0], strict=True):
            kind = "array" if is_array(x) else "buffer"
            if x.dtype.char != "d" if kind == "array" else not isinstance(x, (array, memoryview)):
                return None
            view: Any = memoryview(x)
            if view.format != "d" or not view.c_contiguous or (kind, view.shape[1:]) != shape or 0 in view.shape:
                return None
            if sources and len(view) != rows:
                return None
            rows = len(view)
            sources.append(view if view.ndim == 1 else view.cast("B").cast("d"))
        return last[1].others(sources, rows)

    def _is_inside(self) -> bool:
        """Whether this is part of something that is recorded, or of a derivative whose gradients are Values."""
        return bool(modes.recorders and modes.watching() is not None) or (self.kind != "values" and modes.inside_derivative())

    # ---- the points by their form --------------------------------------------------------------------

    def _batches(self, samples: Samples) -> list[Batch]:
        """The points, those of one form together; raises where no program can be recorded."""
        matrices: Any = [each.matrix() for each in samples.mapped]
        if None in matrices:
            return self._sorted(samples)
        sources = [matrix for matrix, _, _ in matrices]
        shapes = [shape for _, shape, _ in matrices] if samples.all_mapped else None  # by which the form is known again
        if shapes is not None and self._last is not None and self._last[0] == shapes:
            return [self._last[1].others(sources, samples.count)]
        form = self._form(samples, 0)
        group = self._group(form)
        if not all(form.flags[i] for i in self._differentiated(form)):
            return self._sorted(samples)
        batch = Batch(group, form.numbers, form.flags, sources, samples.count, None)
        if shapes is not None:
            self._last = shapes, batch.others([], 0)
        return [batch]

    def _sorted(self, samples: Samples) -> list[Batch]:
        found: dict[Any, tuple[Form, list[bool], array[float], list[int]]] = {}
        for i in range(samples.count):
            form = self._form(samples, i)
            if form.key not in found:
                flags = [*form.flags]
                for k in self._differentiated(form):
                    flags[k] = True  # with a derivative of its own at each point
                found[form.key] = form, flags, array("d"), []
                if len(found) > MOST_FORMS:
                    raise UnfitError
            _, flags, rows, places = found[form.key]
            for x, flag in zip(form.numbers, flags, strict=True):
                if flag:
                    if type(x) is not float:  # a Value of its own for each point
                        raise UnfitError
                    rows.append(x)
            places.append(i)
        return [
            Batch(self._group(form), form.numbers, flags, [rows], len(places), places if len(found) > 1 else None)
            for form, flags, rows, places in found.values()
        ]

    def _form(self, samples: Samples, i: int) -> Form:
        return Form(samples, i, self._positions(len(samples.args)))

    def _positions(self, count: int) -> list[int]:
        """The arguments that are differentiated."""
        if self.kind == "values":
            return []
        positions = self.argnums if isinstance(self.argnums, (tuple, list)) else (self.argnums,)
        return [i % count for i in positions if isinstance(i, int) and -count <= i < count]

    def _differentiated(self, form: Form) -> list[int]:
        """The numbers that are differentiated."""
        return [k for i in self._positions(form.count) for k in range(*form.spans[i])]

    def _group(self, form: Form) -> Group:
        found = self._groups.get(form.key)
        if found is None:
            if len(self._groups) >= MOST_FORMS:
                raise UnfitError
            found = self._groups[form.key] = Group(self.function, form, self.name)
        return found

    # ---- a result for each point ---------------------------------------------------------------------

    def _alone(self, samples: Samples, i: int) -> Any:
        """The function itself at one point."""
        args, named = tree.map(_plain, samples.at(i))
        try:
            return self.f(*args, **named)
        except Exception as error:
            raise _noted(error, i) from error.__cause__

    def _results(self, samples: Samples, batches: list[Batch], mode: Any) -> Any:
        if not batches:
            return self._stacked([self._alone(samples, i) for i in range(samples.count)], samples.kind, mode)
        results: list[Any] = [None] * samples.count
        errors: dict[int, Exception] = {}
        differentiating = self.kind != "values"
        seen = mode._replace(recording=True) if differentiating else mode  # by the function: `no_grad` doesn't stop a gradient
        for batch in batches:
            # A gradient that depends on a Value among the arguments is a Value.
            by_program = not (differentiating and batch.has_values and mode.recording)
            pending: Sequence[int] = range(batch.rows)
            tried: list[Path] = []
            while pending:
                paths = batch.group.paths(batch, seen) if by_program else None
                new = [path for path in paths or () if path not in tried]
                if new:
                    tried.append(new[0])
                    whole = len(batches) == 1 and len(pending) == samples.count
                    found, pending = self._by_path(batch, new[0], pending, mode, samples.kind if whole else "")
                    if whole and not pending:
                        self._repeated = self._repeatable(samples, batch, new[0], mode)
                        return found
                    for i, result in found:
                        results[batch.place(i)] = result
                    continue
                if not isinstance(pending, deque):
                    pending = deque(pending)
                i = pending.popleft()
                place = batch.place(i)
                # Where a program without guards doesn't hold, something raises or asks: another recording wouldn't help.
                recordable = paths is not None and all(path.program.guards for path in tried)
                try:
                    if recordable:
                        with modes.enable_grad() if differentiating else nullcontext():
                            results[place] = batch.group.compiled(*batch.numbers_at(i))
                    if not recordable or differentiating:
                        results[place] = self._alone(samples, place)
                except Exception as error:
                    errors[place] = error
                    break
        if errors:
            raise _noted(errors[min(errors)], min(errors))
        return self._stacked(results, samples.kind, mode)

    def _stacked(self, results: list[Any], kind: str, mode: Any) -> Any:
        if not mode.recording and not self._is_inside():
            results = [tree.map(_number_of, result) for result in results]
        return stacked(results, kind)

    def _by_path(self, batch: Batch, path: Path, pending: Sequence[int], mode: Any, kind: str) -> tuple[Any, Sequence[int]]:
        """The results at some points of a batch by one program.

        Args:
            batch: of the points.
            path: with the program.
            pending: which points.
            mode: that is on.
            kind: of the arguments, where these are all points of the call; else empty.

        Returns:
            (results, pending): pairs of a point and its result, and the points at which the program doesn't hold. With a kind,
            and if it holds everywhere, the result of the call.
        """
        picked = None if len(pending) == batch.rows else array("q", pending)
        if self.kind == "values":
            if path.valued and mode.recording:
                return self._as_nodes(batch, pending, kind), []
            lanes = batch.group.lanes(path, bytes(len(batch.mapped)), batch.mapped, False)
            outputs, failed = lanes.values(batch.sources, batch.shared(), batch.rows, picked, self.threads)
            if kind and not failed and (whole := _packed(path, outputs, kind)) is not None:
                return whole, []
            rows = _value_rows(batch, path, outputs, pending)
        else:
            if not path.is_one_number:
                return [], pending
            wanted, parts, blocks = (None if batch.has_values else batch.group.sides) or self._sides(batch)
            lanes = batch.group.lanes(path, wanted, batch.mapped, False)
            shared = batch.shared()
            outputs, slopes, failed = lanes.gradients(batch.sources, shared, batch.rows, picked, 0, self.threads, blocks)
            if kind and not failed and (whole := self._packed_gradient(parts, outputs, slopes, kind)) is not None:
                return whole, []
            rows = self._gradient_rows(parts, outputs, slopes, len(pending))
        bad = set(failed)
        found = [(i, row) for k, (i, row) in enumerate(zip(pending, rows, strict=True)) if k not in bad]
        left = [pending[k] for k in failed]
        return (self._stacked([row for _, row in found], kind, mode), []) if kind and not left else (found, left)

    def _as_nodes(self, batch: Batch, pending: Sequence[int], kind: str) -> Any:
        found = [(i, batch.group.compiled(*batch.numbers_at(i))) for i in pending]
        return stacked([result for _, result in found], kind) if kind else found

    def _sides(self, batch: Batch) -> tuple[bytes, list[Side], list[int]]:
        """Which inputs are differentiated, where the derivatives of each argument will be, and the widths of the blocks."""
        form = batch.group.form
        positions = self._positions(form.count)
        inputs = [[batch.input_of[k] for k in range(*form.spans[i])] for i in positions]
        wanted = sorted({k for mine in inputs for k in mine})
        flags = bytes([i in wanted for i in range(len(batch.inputs))])
        if [k for mine in inputs for k in mine] == wanted:  # a block for each argument
            blocks = [len(mine) for mine in inputs]
            columns: list[Sequence[int]] = [range(width) for width in blocks]
        else:
            blocks, place = [len(wanted)], {k: i for i, k in enumerate(wanted)}
            columns = [[place[k] for k in mine] for mine in inputs]
        found = []
        for k, i in enumerate(positions):
            start, width = (sum(blocks[:k]), blocks[k]) if len(blocks) > 1 else (0, len(wanted))
            found.append(Side(form.layouts[i], start, width, columns[k]))
        sides = flags, found, blocks
        if not batch.has_values:
            batch.group.sides = sides
        return sides

    def _gradient_rows(self, parts: list[Side], outputs: Any, slopes: Any, count: int) -> Iterator[Any]:
        """The result at each point."""
        for i in range(count):
            found = []
            for layout, start, width, columns in parts:
                begin = start * count + i * width
                found.append(layout.filled([slopes[begin + k] for k in columns]))
            gradient = tuple(found) if isinstance(self.argnums, (tuple, list)) else found[0]
            yield gradient if self.kind == "grad" else (outputs[i], gradient)

    def _repeatable(self, samples: Samples, batch: Batch, path: Path, mode: Any) -> Repeated | None:
        """How a call that a program served is done again; None where that takes more than lanes."""
        shapes: list[Any] = [points.plain() for points in samples.mapped]
        if not samples.all_mapped or None in shapes or batch.has_values or path.bound or path.draws or path.attributes:
            return None
        if mode is not modes.USUAL or modes.inside_derivative():
            return None
        group, kind = batch.group, samples.kind
        results: list[Any]
        if self.kind == "values":
            if path.valued or not path.in_order:
                return None
            results, wanted, output = [_shape_of(path.layout, kind)], bytes(len(batch.mapped)), -1
        else:
            wanted, sides, _ = self._sides(batch)
            if any(side.columns != range(side.width) for side in sides):
                return None
            results = [_shape_of(side.layout, kind) for side in sides]
            output = 0
        if None in results:
            return None
        if self.kind != "values":
            results.insert(0, () if self.kind == "value_and_grad" else None)
        lanes = group.lanes(path, wanted, batch.mapped, False)
        kinds = [type(x) for x in samples.given]
        serves = partial(group.serves, path, group.compiled._entries.get(path.key))
        return Repeated(serves, lanes.fill, kinds, tuple(shapes), results, kind, output, self.threads, self._put)

    def _put(self, found: list[Any]) -> Any:
        """The result of a call: of its outputs, and then of the derivatives with respect to each argument."""
        if self.kind == "values":
            return found[0]
        gradient = tuple(found[1:]) if isinstance(self.argnums, (tuple, list)) else found[1]
        return gradient if self.kind == "grad" else (found[0], gradient)

    def _packed_gradient(self, parts: list[Side], outputs: Any, slopes: Any, kind: str) -> Any:
        """The result of a call, where each argument is one number, a list of numbers or an array at each point; else None."""
        found = [numbers_of_all(outputs, kind, ())]
        count = len(outputs)
        for layout, start, width, columns in parts:
            shape = _shape_of(layout, kind)
            if shape is None:
                return None
            block = slopes if len(slopes) == width * count else slopes[start * count : (start + width) * count]
            if len(columns) != width:
                whole = block
                block = array("d", bytes(8 * len(columns) * count))
                for k, column in enumerate(columns):
                    block[k :: len(columns)] = whole[column::width]
            found.append(numbers_of_all(block, kind, shape))
        return self._put(found)

    # ---- one result for all points -------------------------------------------------------------------

    def _one_by_one(self, samples: Samples, batches: list[Batch]) -> Any:
        """The result where no programs give it: by the function itself."""
        drawn: list[Drawn] = []
        for compiled in [batch.group.compiled for batch in batches]:  # numbers that a recording drew are the first ones
            drawn += compiled._recorded_draws
            compiled._recorded_draws = []
        with given_again(drawn):
            results = [self._alone(samples, i) for i in range(samples.count)]
        for i, x in enumerate(results):
            if not (is_tracked(x) or is_real(x)):
                raise TypeError(
                    f"vmap: with reduce the function returns one number, got {type(x).__name__} {x!r:.60} at point {i}"
                )
        return self.record(results)

    def _by_programs(self, batches: list[Batch], mode: Any) -> Any:
        """The result by programs, some of which may be recorded for it; None where some points need the function itself."""
        count = sum([batch.rows for batch in batches])
        for sure in (False, True):
            parts = self._parts(batches, mode, sure)
            found = self._added_up(count, parts, mode) if parts else None
            if found is not None:
                return found
        return None

    def _parts(self, batches: list[Batch], mode: Any, sure: bool) -> list[tuple[Batch, Path, list[int] | None]] | None:
        """Which points are computed by which program; None where some need the function itself.

        Args:
            batches: the points.
            mode: that is on.
            sure: whether to find out at which points each program holds, and not to hope that the first one does at all, or
                all of them together.
        """
        parts: list[tuple[Batch, Path, list[int] | None]] = []
        for batch in batches:
            pending = [*range(batch.rows)] if sure else []
            tried: list[Path] = []
            runs = 0
            while pending or not (sure or tried):
                if batch.group.draws():
                    return None
                paths = batch.group.paths(batch, mode)
                new = [path for path in paths or () if path not in tried]
                if paths is None or (not new and (runs == 2 or not all(path.program.guards for path in tried))):
                    return None
                if not new:
                    try:
                        batch.group.compiled(
                            *batch.numbers_at(pending[min(runs, len(pending) - 1)] if pending else min(runs, batch.rows - 1))
                        )
                    except Exception:  # which the function itself raises again
                        return None
                    runs += 1
                    continue
                path, runs = new[0], 0
                tried.append(path)
                if not path.is_one_number:
                    return None
                if not sure:
                    parts.append((batch, batch.group.joined(new), None))
                    continue
                lanes = batch.group.lanes(path, batch.values(), batch.mapped, True)
                _, failed = lanes.values(batch.sources, batch.shared(), batch.rows, array("q", pending), self.threads)
                bad = set(failed)
                mine = [i for k, i in enumerate(pending) if k not in bad]
                if mine:
                    parts.append((batch, path, mine))
                pending = [pending[k] for k in failed]
        return parts

    def _number(self, outputs: array[float]) -> float:
        """The sum or the mean of these."""
        found: float | None = number_of_many(self.record, outputs)
        return self.record.evaluate((*outputs,), outputs) if found is None else found

    def _added_up(self, count: int, parts: list[tuple[Batch, Path, list[int] | None]], mode: Any) -> Any:
        """The result of the points by their programs; None where one doesn't hold."""
        if not mode.recording or not any(path.valued for _, path, _ in parts):
            outputs = array("d", bytes(8 * count))
            for batch, path, mine in parts:
                rows, places = batch.picked(mine)
                lanes = batch.group.lanes(path, batch.values(), batch.mapped, True)
                found, failed = lanes.values(batch.sources, batch.shared(), batch.rows, rows, self.threads)
                if failed:
                    return None
                for i, x in zip(range(count) if places is None else places, found, strict=True):
                    outputs[i] = x
            value = self._number(outputs)
            return chosen.Value(value) if any(path.valued for _, path, _ in parts) else value
        plans = [batch.group.plan(path, batch, self.record) for batch, path, _ in parts]
        operands, held = plans[0].operands, plans[0].held
        if len(plans) > 1:
            operands = tuple(dict.fromkeys([x for plan in plans for x in plan.operands]))
            held = leaves.Operands(operands)
        tasks = []
        for (batch, _, mine), plan in zip(parts, plans, strict=True):
            to = None
            if len(plans) > 1 or plan.wanted is not None:
                place_of = {x: i for i, x in enumerate(operands)}
                mine_of = iter([place_of[x] for x in plan.operands])
                wanted = plan.wanted or [True] * len(plan.operands)
                to = array("I", [next(mine_of) if flag else len(operands) for flag in wanted])
            tasks.append((plan.lanes, batch.shared(), to, batch.sources, batch.rows, *batch.picked(mine)))
        seed = 1.0 / count if self.reduce == "mean" else 1.0
        outputs, sums, failed = added_up(tasks, count, seed, len(operands) + 1, self.threads)
        if failed:
            return None
        value = self._number(outputs)
        sums = sums if len(sums) == len(operands) else sums[: len(operands)]

        def node() -> Any:
            return one_node(plans[0].primitive.of(parts, operands, count), held, value, sums)

        return node() if self._result is None else self._result(value, held, sums, node)


def _value_rows(batch: Batch, path: Path, outputs: Any, pending: Sequence[int]) -> Iterator[Any]:
    """The result at each point."""
    count = len(path.program.outputs)
    given = any(output.kind == "input" for output in path.outputs)
    for k, i in enumerate(pending):
        row = outputs[k * count : (k + 1) * count]
        inputs = batch.inputs_at(i) if given else []
        yield path.layout.filled(
            [row[x.what] if x.kind == "out" else inputs[x.what] if x.kind == "input" else x.what for x in path.outputs]
        )


def _packed(path: Path, outputs: array[float], kind: str) -> Any:
    """The result of a call from the outputs as they are, where each point has one number or a list of numbers; else None."""
    shape = _shape_of(path.layout, kind) if path.in_order else None
    return None if shape is None else numbers_of_all(outputs, kind, shape)


def _shape_of(layout: Layout, kind: str) -> tuple[int, ...] | None:
    """The shape of one number, of a list of numbers, or of an array among arrays; None for anything else."""
    if layout.is_number:
        return ()
    if layout.word == "list":
        return (len(layout.numbers),)
    return layout.array_shape if kind == "array" else None


def _number_of(leaf: Any) -> Any:
    """The number of a Value; anything else as it is."""
    return number(leaf) if isinstance(leaf, chosen.Value) else leaf


def _plain(leaf: Any) -> Any:
    """A float of NumPy's as one of Python's, as the program has it."""
    return float(leaf) if isinstance(leaf, float) else leaf


def _noted(error: Exception, place: int) -> Exception:
    note = f"This is point {place} of a vmap."
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error
