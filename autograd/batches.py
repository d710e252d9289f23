"""The points of `vmap` by their form: which programs serve them, and what their sum is as a primitive."""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import leaves, modes, points, transforms
from .compiled import Compiled, Path
from .engines import chosen
from .graphs import gradients
from .layout import Layout
from .program import stop
from .record import NaryPrimitive
from .replay import number
from .samples import Form

__all__ = ["Batch", "Group", "Plan", "Reduction", "Side"]

# A compiled engine has its own.
Lanes: Any = getattr(chosen, "Lanes", points.Lanes)
MOST_FORMS = 64  # kinds of points for which a function is recorded


class Plan(NamedTuple):
    """How the points of a batch are added up by one program.

    Attributes:
        lanes: of the program.
        operands: the Values that the output depends on: arguments that all points share, and captured ones.
        held: they, as `leaves.Operands`.
        wanted: for each sum of the lanes whether it is that of an operand; None if all are.
        primitive: what becomes the ``op`` of the result.
    """

    lanes: Any
    operands: tuple[Any, ...]
    held: Any
    wanted: list[bool] | None
    primitive: Any


class Side(NamedTuple):
    """Where the derivatives with respect to an argument are, among all that lanes found.

    Attributes:
        layout: of the argument.
        start: how many columns the blocks before its block have.
        width: how many columns the block has, which is a matrix with a row for each point.
        columns: which of them are its derivatives.
    """

    layout: Layout
    start: int
    width: int
    columns: Sequence[int]


class Group:
    """The points of one form: the function of their numbers, compiled.

    Args:
        function: of one point; what is recorded.
        form: of the points.
        name: for messages.
    """

    def __init__(self, function: Callable[..., Any], form: Form, name: str) -> None:
        def flat(*numbers: Any) -> Any:
            args, named = form.filled(numbers)
            return function(*args, **named)

        flat.__name__ = flat.__qualname__ = name
        flat._transform = "vmap", function, 0, False  # type: ignore[attr-defined]  # says whose variables are compared
        self.form, self.name = form, name
        self.compiled = Compiled(flat)
        self.sides: tuple[bytes, list[Side], list[int]] | None = None  # of its points, where none of their numbers is a Value
        self._lanes: dict[Any, Any] = {}
        self._plans: dict[Any, Plan] = {}
        self._joined: tuple[list[Path], Path | None] = [], None
        self._keys: dict[Any, Any] = {}

    def _up_to_date(self) -> Compiled:
        """The compiled function, which forgets what it recorded if a variable of the function holds something else by now."""
        compiled = self.compiled
        if compiled._names.changed() and compiled._entries:
            compiled._forget()
        return compiled

    def paths(self, batch: Batch, mode: Any) -> list[Path] | None:
        """The programs that two recordings agreed on; None where the function is called as ever."""
        compiled = self._up_to_date()
        if compiled._reason is not None or any(_is_foreign(x) for _, x in compiled._names.cells):
            return None
        situation = mode.recording, modes.inside_derivative()
        key = None if batch.has_values else self._keys.get(situation)
        if key is None:
            key = self._keys[situation] = compiled._read(tuple(batch.numbers_at(0)), {}, mode).key
        entry = compiled._entries.get(key)
        if entry is None:
            return []
        if entry.reason is not None:
            return None
        plain = not batch.has_values
        return [
            path
            for path in entry.paths
            if path.agreed and not path.draws and ((plain and not (path.bound or path.attributes)) or path.fits(batch.inputs))
        ]

    def serves(self, path: Path, entry: Any) -> bool:
        """Whether a program that was agreed on is still that of the function.

        Args:
            path: with the program.
            entry: that it belongs to.
        """
        compiled = self._up_to_date()
        return compiled._reason is None and entry.reason is None and compiled._entries.get(path.key) is entry

    def lanes(self, path: Path, active: bytes, mapped: bytes, captured: bool) -> Any:
        """The lanes of a program."""
        key = path, active, mapped, captured
        found = self._lanes.get(key)
        if found is None:
            if len(self._lanes) >= MOST_FORMS:  # of programs that are forgotten by now
                self._lanes.clear()
            found = self._lanes[key] = Lanes(path.program, active, mapped, captured, others=path.others)
        return found

    def draws(self) -> bool:
        """Whether the function draws numbers: no program is computed in lanes then."""
        return any(path.draws for entry in self.compiled._entries.values() for path in entry.paths)

    def joined(self, paths: list[Path]) -> Path:
        """One path for the points of all of them, where their programs have the same code; else the first of them."""
        if len(paths) == 1:
            return paths[0]
        known, found = self._joined
        if found is None or known != paths:
            found = paths[0].joined(paths[1:]) or paths[0]
            self._joined = paths, found
        return found

    def plan(self, path: Path, batch: Batch, record: Any) -> Plan:
        """How points are added up by a program; the same for all batches without Values among their arguments."""
        key = path, batch.mapped
        found = None if batch.has_values else self._plans.get(key)
        if found is None:
            active = batch.values()
            program = path.program
            needed = program.needed(0)
            slots = [i for i, flag in enumerate(active) if flag] + [
                *range(program.inputs, program.inputs + len(program.captured))
            ]
            known = [*batch.inputs, *program.captured]
            operands = tuple([known[i] for i in slots if needed[i]])
            primitive = Reduction(self.name, operands, record)
            wanted = None if len(operands) == len(slots) else [bool(needed[i]) for i in slots]
            found = Plan(self.lanes(path, active, batch.mapped, True), operands, leaves.Operands(operands), wanted, primitive)
            if not batch.has_values:
                if len(self._plans) >= MOST_FORMS:
                    self._plans.clear()
                self._plans[key] = found
        return found


class Batch:
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
        self, group: Group, numbers: list[Any], flags: list[bool], sources: list[Any], rows: int, places: list[int] | None
    ) -> None:
        self.group, self.numbers, self.flags = group, numbers, flags
        self.sources, self.rows, self.places = sources, rows, places
        self.has_values = any(type(x) is not float for x in numbers)
        if not self.has_values:
            self.inputs, self.mapped = numbers, bytes(flags)
            self.input_of: Sequence[int] = range(len(numbers))
            return
        # Each Value is one input, as `compile` has it; floats are one each.
        self.inputs = []
        mapped, known, found = bytearray(), dict[Any, int](), []
        for x, flag in zip(numbers, flags, strict=True):
            place = len(self.inputs) if type(x) is float else known.setdefault(x, len(self.inputs))
            found.append(place)
            if place == len(self.inputs):
                self.inputs.append(x)
                mapped.append(flag)
        self.mapped, self.input_of = bytes(mapped), found

    def others(self, sources: list[Any], rows: int) -> Batch:
        """The same with other points of the same form.

        Args:
            sources: their matrices.
            rows: how many there are.
        """
        found: Batch = object.__new__(Batch)
        found.__dict__.update(self.__dict__)
        found.sources, found.rows = sources, rows
        return found

    def shared(self) -> list[float]:
        """The numbers that all points share."""
        if 0 not in self.mapped:
            return []
        return [x if type(x) is float else number(x) for x, flag in zip(self.inputs, self.mapped, strict=True) if not flag]

    def values(self) -> bytes:
        """For each input whether it is a Value."""
        return bytes([type(x) is not float for x in self.inputs])

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
        return [*dict(zip(self.input_of, self.numbers_at(i), strict=True)).values()]

    def place(self, i: int) -> int:
        """Which point of the call the batch's point i is."""
        return i if self.places is None else self.places[i]

    def picked(self, mine: list[int] | None) -> tuple[array[int] | None, array[int] | None]:
        """Some of its points as rows of its sources, and as points of the call; None for all."""
        rows = None if mine is None else array("q", mine)
        if self.places is None:
            return rows, rows
        return rows, array("q", self.places if mine is None else [self.places[i] for i in mine])


def _is_foreign(x: Any) -> bool:
    """Whether x carries a derivative of another kind than Values do. As `is_tracked`, but quick where x is a Module."""
    name = "interpretation_level"
    return (hasattr(type(x), name) or name in getattr(x, "__dict__", ())) and not isinstance(x, chosen.Value)


# ---- the result of a reduction as a primitive ----------------------------------------------------------


class Reduction(NaryPrimitive):
    """What all points come to, as a function of the Values that they share: what ``op`` of the result is.

    Args:
        name: of the function.
        operands: the Values.
        record: that of the mean or the sum.
    """

    made_by = "vmap"

    def __init__(self, name: str, operands: Sequence[Any], record: Any) -> None:
        super().__init__(
            name, self._value, [self._slopes], doc="A function at many points, as one node.", signature=_SIGNATURE,
            derivatives=[f"{name}_dx(xs)"],
        )  # fmt: skip
        self._record, self._shared = record, operands
        self._parts: list[tuple[Batch, Path, list[int] | None]] = []
        self._count = 0

    def of(self, parts: list[tuple[Batch, Path, list[int] | None]], operands: Sequence[Any], count: int) -> Reduction:
        """The same for given points.

        Args:
            parts: batches with a program, and which of their points it computes; None for all.
            operands: the Values.
            count: of the points.
        """
        found: Reduction = object.__new__(Reduction)
        found.__dict__.update(self.__dict__)
        found.function, found.partials = found._value, (found._slopes,)
        found._parts, found._shared, found._count = parts, operands, count
        return found

    def _computed(self, xs: Sequence[Any]) -> Any:
        """The result from other numbers, or Values, in the place of the operands."""
        slots = {x: i for i, x in enumerate(self._shared)}
        found: list[Any] = [None] * self._count
        for batch, path, mine in self._parts:
            program = path.program
            captured = [xs[slots[x]] if x in slots else number(x) for x in program.captured]
            for i in range(batch.rows) if mine is None else mine:
                inputs = [x if type(x) is float else xs[slots[x]] if x in slots else number(x) for x in batch.inputs_at(i)]
                found[batch.place(i)] = _replayed(path, [*inputs, *captured, *program.constants])
        return self._record(found)

    def _value(self, xs: Sequence[float]) -> float:
        found: float = self._computed(xs)
        return found

    def _slopes(self, z: Any, xs: Sequence[Any]) -> Sequence[Any]:
        again = any(type(x) is not float for x in xs)
        values = [chosen.Value(x) if type(x) is float else x for x in xs]
        with modes.enable_grad():
            slopes: Sequence[Any] = gradients(self._computed(values), values, create_graph=again)
        return slopes


_SIGNATURE = inspect.signature(lambda xs, /: None)


def _replayed(path: Path, found: list[Any]) -> Any:
    """The output of a program from numbers or Values in the place of its inputs, captured Values and constants."""
    program = path.program
    for record, slots in program:
        xs = tuple([found[s] for s in slots])
        found.append(transforms.stop_gradient(xs[0]) if record is stop else record.apply(xs))
    plain = [x if type(x) is float else number(x) for x in found]
    if not path.holds(plain):
        raise ValueError("it takes another way through the function there")
    return found[program.outputs[0]]
