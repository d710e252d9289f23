"""The reference engine's side of `vmap`: a program at many points, one point after the other.

A compiled engine has the same two names, `Lanes` and ``_added_up`` (here `added_up`), and computes several points at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from .program import Guard, Program, Stale, stop
from .replay import Tape, number

__all__ = ["Lanes", "added_up"]

Numbers = Any  # a buffer of doubles: a matrix with a row for each point


class Lanes:
    """A program that is computed at many points.

    Args:
        program: what to compute.
        active: for each input whether it is differentiated: 1 or 0.
        mapped: for each input whether it has a number of its own at each point.
        captured: whether captured Values are differentiated.
        others: the guards of other programs with the same code: it holds where those of one of them hold.

    >>> from array import array
    >>> from autograd import multiply
    >>> product = Program(2, (), (), (multiply,), array("H", [0]), array("I", [0, 2]), array("I", [0, 1]), (), (2,))
    >>> Lanes(product, b"\\1\\0", b"\\1\\0").gradients([array("d", [2.0, 3.0])], [10.0], 2)
    (array('d', [20.0, 30.0]), array('d', [10.0, 10.0]), [])
    """

    def __init__(
        self, program: Program, active: bytes, mapped: bytes, captured: bool = False, others: tuple[tuple[Guard, ...], ...] = ()
    ) -> None:
        self.program = program
        self._ways = program.guards, *others
        self._mapped = mapped
        self._kept = [i for i, slot in enumerate([i for i in range(program.inputs) if active[i]]) if mapped[slot]]
        self._tape = Tape(program, active)
        # What is differentiated and shared by all points, in the order of its sums.
        self._wanted = [i for i in range(program.inputs) if active[i] and not mapped[i]]
        if captured:
            self._wanted += range(program.inputs, program.inputs + len(program.captured))
        moving = program.reached([i for i in range(program.inputs) if active[i] or i in self._wanted] + self._wanted)
        self._code: list[tuple[Any, tuple[int, ...], list[int]]] = []
        for i, (record, slots) in enumerate(program):
            places = [k for k, s in enumerate(slots) if moving[s]] if moving[program.first + i] else []
            self._code.append((record, slots, places))

    def numbers(self, sources: Sequence[Numbers], shared: Sequence[float], points: int, i: int) -> list[float]:
        """The numbers of all inputs at point i; see `values` for the arguments."""
        row: list[float] = []
        for source in sources:
            width = len(source) // points
            row += source[i * width : (i + 1) * width].tolist()
        mine, others = iter(row), iter(shared)
        return [next(mine) if flag else next(others) for flag in self._mapped]

    def values(
        self,
        sources: Sequence[Numbers],
        shared: Sequence[float],
        points: int,
        picked: Iterable[int] | None = None,
        threads: int = 1,
    ) -> tuple[array[float], list[int]]:
        """The outputs at all points.

        Args:
            sources: arrays of doubles, each a matrix with a row for each point; their columns are the mapped inputs in order.
            shared: the numbers of the inputs that aren't mapped.
            points: how many points there are.
            picked: the rows to compute; all of them if None.
            threads: means nothing here.

        Returns:
            (outputs, failed): the outputs point by point, and the places of the points for which the program doesn't hold.
        """
        found, _, failed = self._each(lambda numbers: (self._tape.values(numbers), ()), sources, shared, points, picked)
        return found, failed

    def gradients(
        self,
        sources: Sequence[Numbers],
        shared: Sequence[float],
        points: int,
        picked: Iterable[int] | None = None,
        k: int = 0,
        threads: int = 1,
        blocks: Sequence[int] | None = None,
    ) -> tuple[array[float], array[float], list[int]]:
        """The outputs, and the derivatives of output k with respect to the inputs that are mapped and active.

        Args:
            sources: see `values`.
            shared: see `values`.
            points: see `values`.
            picked: see `values`.
            k: which output. The program has no other.
            threads: means nothing here.
            blocks: the derivatives are a matrix of so many columns, and then one of so many; one for all if None.

        Returns:
            (outputs, derivatives, failed), as `values` has them.
        """

        def sweep(numbers: list[float]) -> tuple[list[float], list[float]]:
            value, row = self._tape.sweep(numbers, k)
            return [value], [row[i] for i in self._kept]

        outputs, derivatives, failed = self._each(sweep, sources, shared, points, picked)
        width = len(self._kept)
        if blocks is None or len(blocks) < 2:
            return outputs, derivatives, failed
        found, start = array("d"), 0
        for size in blocks:
            for i in range(0, len(derivatives), width):
                found += derivatives[i + start : i + start + size]
            start += size
        return outputs, found, failed

    def fill(
        self, sources: Sequence[Any], shapes: Sequence[tuple[int, ...]], results: Sequence[Any], k: int = -1, threads: int = 1
    ) -> bool:
        """Compute all points from the buffers of a call into buffers for its results, where all inputs are mapped.

        Args:
            sources: for each of `values`' sources an object that holds it: an array, or another buffer.
            shapes: for each source the shape of what a point has there.
            results: what is written to: a buffer for the outputs (None: they are not wanted), and one for the derivatives of
                output k with respect to the inputs of each source that is differentiated.
            k: which output is differentiated; none if it is -1.
            threads: means nothing here.

        Returns:
            Whether that was done: the sources hold doubles in one piece, of these shapes, and the program holds at all points.
            Where it was not, the results mean nothing.
        """
        try:
            views = [memoryview(x) for x in sources]
        except ValueError:  # an array of what no buffer has
            return False
        points = len(views[0])
        for view, shape in zip(views, shapes, strict=True):
            if view.format != "d" or not view.c_contiguous or view.shape != (points, *shape):
                return False
        matrices: list[Any] = [_flat(view) for view in views]
        rooms: list[Any] = [None if x is None else _flat(x) for x in results]
        widths = [len(room) // points for room in rooms[1:]]
        if sum(widths) != (0 if k < 0 else len(self._kept)):
            raise ValueError(f"the results are buffers for {sum(widths)} derivatives of each point")
        if k < 0:
            found, failed = self.values(matrices, (), points)
            columns = array("d")
        else:
            found, columns, failed = self.gradients(matrices, (), points, None, k, blocks=widths)
        if rooms[0] is not None:
            rooms[0][:] = found
        begin = 0
        for room in rooms[1:]:
            room[:] = columns[begin : begin + len(room)]
            begin += len(room)
        return not failed

    def _each(
        self, compute: Any, sources: Sequence[Numbers], shared: Sequence[float], points: int, picked: Iterable[int] | None
    ) -> tuple[array[float], array[float], list[int]]:
        outputs, derivatives, failed = array("d"), array("d"), []
        count = len(self.program.outputs)
        for place, i in enumerate(range(points) if picked is None else picked):
            try:
                values, row = compute(self.numbers(sources, shared, points, i))
            except Stale:
                failed.append(place)
                values, row = [0.0] * count, [0.0] * len(self._kept)
            outputs.extend(values)
            derivatives.extend(row)
        return outputs, derivatives, failed

    # ---- a sum over points ---------------------------------------------------------------------------

    def forward(self, numbers: Sequence[float]) -> list[float] | None:
        """The numbers of all slots; None where the program doesn't hold.

        Args:
            numbers: of the inputs.
        """
        program = self.program
        found = [*numbers, *map(number, program.captured), *program.constants]
        try:
            for record, slots, _ in self._code:
                xs = tuple([found[s] for s in slots])
                found.append(record.evaluate(xs, xs))
            return found if any(all(guard.holds(found) for guard in way) for way in self._ways) else None
        except (ArithmeticError, ValueError, TypeError):
            return None

    def back(self, found: Sequence[float], seed: float, sums: list[float], to: Sequence[int] | None) -> bool:
        """Add one point's derivatives to the sums, use by use; False where one can't be computed.

        Args:
            found: what `forward` returned.
            seed: the derivative of the result with respect to the program's output.
            sums: what they are added to.
            to: for each shared number that is differentiated its place among the sums.
        """
        program, first = self.program, self.program.first
        place = dict(zip(self._wanted, range(len(self._wanted)) if to is None else to, strict=True))
        adjoints: dict[int, float] = {}

        def add(slot: int, x: float) -> None:
            if slot in place:
                sums[place[slot]] += x
            else:
                adjoints[slot] = adjoints.get(slot, 0.0) + x

        add(program.outputs[0], seed)
        order = program.order(0)
        try:
            for i in reversed(range(len(self._code)) if order is None else order):
                upstream = adjoints.get(first + i, 0.0)
                record, slots, places = self._code[i]
                if upstream != 0.0 and places and record is not stop:
                    locals_ = record.local_gradients(found[first + i], tuple([found[s] for s in slots]), places)
                    for k, local in zip(places, locals_, strict=True):
                        add(slots[k], upstream * local)
        except Exception:  # a custom primitive's rule may raise anything
            return False
        return True


def _flat(x: Any) -> Any:
    return memoryview(x).cast("B").cast("d")


def added_up(
    parts: Sequence[tuple[Any, ...]], points: int, seed: float, size: int, threads: int = 1
) -> tuple[array[float], array[float], list[int]]:
    """The outputs at all points, and the derivatives of their sum with respect to the numbers that they share.

    They are added up as `backward` does it: the last point first, and in each point use by use.

    Args:
        parts: for each program its lanes, the numbers of its inputs that aren't mapped, for each of its sums where it goes
            (None: in their order), its sources (see `Lanes.values`) and how many rows they have, which rows are computed, and
            which points these are; None for all.
        points: how many there are.
        seed: the derivative of the result with respect to each point's output.
        size: how many sums there are.
        threads: means nothing here.

    Returns:
        (outputs, sums, failed). Where a point failed, the sums mean nothing.
    """
    outputs, sums, failed = array("d", bytes(8 * points)), [0.0] * size, []
    owners: dict[int, tuple[Any, int]] = {}
    for part in parts:
        picked = range(part[4]) if part[5] is None else part[5]
        for i, place in zip(picked, picked if part[6] is None else part[6], strict=True):
            owners[place] = part, i
    for place in reversed(range(points)):
        (lanes, shared, to, sources, rows, _, _), i = owners[place]
        found = lanes.forward(lanes.numbers(sources, shared, rows, i))
        if found is None or not lanes.back(found, seed, sums, to):
            failed.append(place)
        else:
            outputs[place] = found[lanes.program.outputs[0]]
    return outputs, array("d", sums), failed[::-1]
