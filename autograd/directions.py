"""`jvp` and `vjp` of compiled functions, and what is built on them, replayed with the bits of the functions themselves.

There are three ways. The derivative of a compiled function along a direction is computed by the program of the function:
dual numbers of floats go through it, with the local gradients of floats. That of its gradient, which `hvp` asks for, is
recorded itself, as the graph that forward mode over reverse mode makes of Values, so that its own program is computed. And
`vjp` walks back along the program of the function, with a sum at its end that weighs the results.

Where something can't be replayed, the function itself runs, without a word: its result is the same.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from . import modes, records, transforms
from .compiled import TROUBLE, Call, Derived, Names, Output, Path, _CannotKeyError, _Entry, _innermost, _strange, _Traced
from .dual import Dual, lifted, new_level
from .engines import chosen
from .layout import Layout
from .program import Program, bits, stop
from .record import Primitive, to_float
from .recording import Drawn, Recorder
from .records import flow
from .transforms import derivative_block

__all__ = ["Along", "Pulled"]

Value = chosen.Value
MOST_WEIGHED = 16  # tapes of one path


class _Primal(Dual):
    """A dual number without a derivative: a function that is recorded sees what forward mode would hand to it."""

    __slots__ = ()

    def _tangent(
        self, primitive: Primitive, z: Any, primals: tuple[Any, ...], operands: tuple[Any, ...], moving: Sequence[int]
    ) -> Any:
        return 0.0


class _Directed(Call):
    """A call, taken apart.

    Attributes:
        layout: of the arguments.
        tangents: the direction.
    """

    __slots__ = ("layout", "tangents")

    layout: Layout
    tangents: list[float]


class _FirstOrder(Recorder):
    """Writes a function down whose derivatives are computed from floats."""

    def __init__(self, inputs: Sequence[Any]) -> None:
        super().__init__(chosen, inputs, ())
        self.differs = True  # whatever it can't do, the function itself does

    def differentiates(self, arguments: bool) -> None:
        """Take note of a derivative that the function computes: that would be differentiated on Values."""
        self.fail("it computes a derivative")


class _SecondOrder(Recorder):
    """Writes a derivative down that is computed from Values, along a direction of floats.

    The numbers of the direction are Values here. Where forward and reverse mode do something else for the floats 0 and 1, it is
    asked whether they are that, and what is computed from them alone.
    """

    def __init__(self, inputs: Sequence[Any], floats: Sequence[Any]) -> None:
        super().__init__(chosen, inputs, floats)
        self.differs = True
        self._plain: dict[Any, bool] = dict.fromkeys(inputs, False) | dict.fromkeys(floats, True)
        self._settled: dict[Any, Any] = {}

    def settled(self, x: Any) -> Any:
        """A derivative as the chain rule takes it: 0.0 or 1.0 where it would be a float, and is that."""
        if type(x) is not Value or not self._is_plain(x):
            return x
        if x not in self._settled:
            found = x
            if self.ask("eq", x, 0.0):
                found = 0.0  # with its sign
            elif self.ask("eq", x, 1.0):
                found = 1.0
            self._settled[x] = found
        return self._settled[x]

    def _is_plain(self, x: Any) -> bool:
        """Whether it would be a float: computed from numbers of the direction, and constants."""
        stack = [x]
        while stack:
            node = stack[-1]
            parents = [parent for parent in node.parents if parent not in self._plain]
            if node in self._plain or not parents:
                self._plain.setdefault(node, bool(node.parents) and all(self._plain[parent] for parent in node.parents))
                stack.pop()
            else:
                stack += parents
        return self._plain[x]


class _Transformed(_Traced):
    """What the two have in common. The first of their arguments is a tuple or list of those of the function.

    Args:
        source: the compiled function, or the derivative of one.
        eager: what is computed where nothing is replayed, of the function that isn't compiled.
    """

    def __init__(self, source: Any, eager: Callable[..., Any]) -> None:
        self._plain = source._function
        super().__init__(functools.partial(eager, self._plain), source, None)
        self._names = Names(_innermost(self._plain))
        self._source = source

    def _read(self, args: tuple[Any, ...], named: dict[str, Any], mode: Any) -> Call:
        if modes.inside_derivative():
            raise _CannotKeyError
        call = _Directed(args, named)
        try:
            layout = call.layout = Layout(args[0])
            numbers = [to_float(x) for x in layout.numbers]
            call.tangents = [to_float(t) for t in layout.matched(args[1])] if len(args) > 1 else []
        except (TypeError, ValueError, ArithmeticError):  # said in better words where it is raised
            raise _CannotKeyError from None
        for x in numbers:
            call.take(x, True)
        call.key = layout.signature
        return call

    def _path(self, call: Any, recorder: Recorder, result: Any) -> Path | None:
        layout, numbers = result
        roots: dict[Any, int] = {}
        outputs = []
        for x in numbers:
            if isinstance(x, Value):
                outputs.append(Output("out", roots.setdefault(x, len(roots))))
            elif type(x) is float:
                outputs.append(Output("same", x))
            else:
                _strange(recorder, x)
                return None
        program = recorder.program([*roots])
        if recorder.drawn or not self._replays(program):
            recorder.fail("its derivatives are computed in another way")
            return None
        path = _DirectedPath(call, program, outputs, layout, [], self._make)
        path.inner, path.count = call.layout.word, len(call.layout.numbers)
        return path

    def _replays(self, program: Program) -> bool:
        """Whether a replay of this program gives the derivatives. Numbers that were captured may change after it."""
        return not program.captured

    def _install(self, entry: _Entry, path: Path) -> None:
        """The engine's quick way takes the arguments of the function one by one."""

    def _warn(self, reason: str) -> None:
        """Nothing is wrong."""


class Along(_Transformed):
    """`jvp` of a compiled function, or of a derivative of one: takes the arguments and the direction.

    Args:
        source: the compiled function or derivative.
    """

    def __init__(self, source: Any) -> None:
        super().__init__(source, transforms.jvp)
        self._first_order = not isinstance(source, Derived)
        self._quick: Any = None  # the path of calls with tuples of floats

    def _general(self, /, *args: Any, **named: Any) -> Any:
        path = self._quick
        if path is not None and not (modes.open_blocks or modes.recorders):
            primals, tangents = args
            if type(primals) is tuple and type(tangents) is tuple and len(primals) == len(tangents) == path.count:
                for x in primals + tangents:
                    if type(x) is not float:
                        break
                else:
                    if self._names.changed():
                        self._forget()
                    elif self._first_order or path.key[1] == _pattern(tangents):
                        try:
                            return self._computed(path, primals, tangents)
                        except TROUBLE:
                            pass
        return self._call(args, named)

    def _disarm(self) -> None:
        self._quick = None

    def _install(self, entry: _Entry, path: Path) -> None:
        plain = path.inner == "tuple" and not path.attributes
        self._quick = path if plain and self._entries.get(path.key) is entry else None

    def _read(self, args: tuple[Any, ...], named: dict[str, Any], mode: Any) -> Call:
        if not self._is_of_all(len(args[0])):
            raise _CannotKeyError
        call: Call = super()._read(args, named, mode)
        assert isinstance(call, _Directed)
        if not self._first_order:
            for t in call.tangents:
                call.take(t, False)
            call.key = call.key, _pattern(call.tangents)
        return call

    def _is_of_all(self, count: int) -> bool:
        """Whether a derivative, and what it is a derivative of, are those of all arguments."""
        source = self._source
        while isinstance(source, Derived):
            _, source, argnums, _ = source._transform
            many = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
            if {i % count for i in many if type(i) is int and -count <= i < count} != {*range(count)}:
                return False
        return True

    def _recorder(self, call: Any) -> Recorder:
        standins, n = call.stand_in(), len(call.layout.numbers)
        return _FirstOrder(standins) if self._first_order else _SecondOrder(standins, standins[n:])

    def _run(self, call: Any) -> Any:
        level, n = new_level(), len(call.layout.numbers)
        primals, kind = call.standins[:n], Dual
        if self._first_order:
            tangents, kind = [0.0] * n, _Primal
        else:  # what is 0 or 1 for all directions of the key is a float
            tangents = [t if t in (0.0, 1.0) else x for t, x in zip(call.tangents, call.standins[n:], strict=True)]
        moving = [kind(x, t, level) for x, t in zip(primals, tangents, strict=True)]
        with derivative_block():
            layout = Layout(self._plain(*call.layout.filled(moving)))
            parts = [transforms._parts(lifted(y, "jvp: a result"), level) for y in layout.numbers]
        return layout, [x for x, _ in parts] + ([] if self._first_order else [t for _, t in parts])

    def _replays(self, program: Program) -> bool:
        """Whether forward mode takes all local gradients from floats, and those only that a tape has."""
        if not self._first_order:
            return True  # its derivatives are results
        stopped = {program.first + i for i, (record, _) in enumerate(program) if record is stop}
        after_stops = any(stopped.intersection(slots) for record, slots in program if record is not records.where)
        return not (program.captured or after_stops)

    def _replayed(self, path: Any, call: Any, drawn: list[Drawn]) -> Any:
        return self._computed(path, tuple(call.inputs[: path.count]), tuple(call.tangents))

    def _computed(self, path: Any, primals: tuple[float, ...], tangents: tuple[float, ...]) -> tuple[Any, Any]:
        """The result by a program, from the numbers of the arguments and of the direction."""
        tape, outputs, layout = path.tape(path.wanted), path.outputs, path.layout
        if self._first_order:
            found, (row,) = chosen._along(tape, primals, (tangents,))
            if path.in_order and layout.is_number:
                return found[0], row[0]
            values = [found[x.what] if x.kind == "out" else x.what for x in outputs]
            derivatives = [row[x.what] if x.kind == "out" else 0.0 for x in outputs]
        else:
            found = tape.values(primals + tangents)
            values = [found[x.what] if x.kind == "out" else x.what for x in outputs]
            values, derivatives = values[: len(values) // 2], values[len(values) // 2 :]
        return layout.filled(values), layout.filled(derivatives)


def _pattern(tangents: Sequence[float]) -> tuple[Any, ...]:
    """Which numbers of a direction the chain rule takes for something special."""
    return tuple([bits(t) if t in (0.0, 1.0) else None for t in tangents])


class Pulled(_Transformed):
    """`vjp` of a compiled function, or of a derivative of one: takes the arguments.

    Args:
        source: the compiled function or derivative.
    """

    def __init__(self, source: Any) -> None:
        super().__init__(source, lambda plain, primals: transforms.vjp(plain, *primals))

    def _recorder(self, call: Any) -> Recorder:
        found = Recorder(chosen, call.stand_in(), ())
        found.differs = True
        return found

    def _run(self, call: Any) -> Any:
        with derivative_block():
            layout = Layout(self._plain(*call.layout.filled(call.standins)))
            return layout, [lifted(y, "vjp: a result") for y in layout.numbers]

    def _replayed(self, path: Any, call: Any, drawn: list[Drawn]) -> Any:
        layout, arguments, numbers = path.layout, call.layout, tuple(call.inputs)
        found = path.tape(path.wanted).values(numbers)
        value = layout.filled([found[x.what] if x.kind == "out" else x.what for x in path.outputs])

        def pull_back(cotangent: Any) -> tuple[Any, ...]:
            seeds = transforms._matched(layout, cotangent, "vjp: the cotangent", value, "value")
            mode = modes.current.get()
            watched = mode.detecting or modes.inside_derivative() or (modes.recorders and modes.watching() is not None)
            if not watched and all(type(x) is float for x in seeds):
                try:
                    result: tuple[Any, ...] = arguments.filled(path.pulled(numbers, seeds))
                    return result
                except TROUBLE:
                    pass
            return self._function(call.args[0])[1](cotangent)  # type: ignore[no-any-return]

        return value, pull_back


class _DirectedPath(Path):
    """One way through a function.

    Attributes:
        count: of the numbers of its arguments.
        weighed: tapes of the weighed sum of the results, by which of the weights are 0 and 1.
    """

    count = 0

    def pulled(self, numbers: tuple[float, ...], seeds: Sequence[float]) -> list[float]:
        """The derivatives of the sum of all results times their seeds.

        Args:
            numbers: of the arguments.
            seeds: one for each result.
        """
        kinds = tuple([0 if s == 0.0 else 1 if s == 1.0 else 2 for s in seeds])
        weighed = self.__dict__.setdefault("weighed", {})
        if kinds not in weighed:
            if len(weighed) == MOST_WEIGHED:
                weighed.clear()
            weighed[kinds] = self._make(self._weighed(kinds), bytes([1] * self.count + [0] * len(kinds)))
        weights = [
            flow(s, x.what) if x.kind == "same" else s if kind else 0.0
            for s, x, kind in zip(seeds, self.outputs, kinds, strict=True)
        ]
        row: list[float] = weighed[kinds].sweep((*numbers, *weights), 0)[1]
        return row

    def _weighed(self, kinds: Sequence[int]) -> Program:
        """The program, with further inputs for the weights of the results, and the sum of the results times these weights."""
        program, n, more = self.program, self.count, len(kinds)

        def moved(slot: int) -> int:
            return slot if slot < n else slot + more

        ops, starts, operands = program.ops[:], program.starts[:], array("I", map(moved, program.operands))
        table, terms = len(program.records), []

        def computed(op: int, slots: Sequence[int]) -> int:
            ops.append(op)
            operands.extend(slots)
            starts.append(len(operands))
            return program.first + more + len(ops) - 1

        for k, (output, kind) in enumerate(zip(self.outputs, kinds, strict=True)):
            if output.kind == "same" or kind == 0:
                terms.append(n + k)
            else:
                slot = moved(program.outputs[output.what])
                terms.append(slot if kind == 1 else computed(table, (n + k, slot)))
        root = computed(table + 1, terms)
        guards = [guard._replace(slots=tuple(map(moved, guard.slots))) for guard in program.guards]
        table_of_records = (*program.records, records.chain, records.sum)
        return Program(n + more, (), program.constants, table_of_records, ops, starts, operands, guards, (root,))
