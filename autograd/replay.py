"""The reference engine's side of programs: the nodes that are born while a function runs, read as a program, and replayed.

A compiled engine has the same three names: `Births`, ``_read_graph`` (here `read_graph`) and `Tape`.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import modes
from .program import SAFE, Program, Stale, bits, stop
from .record import Primitive, number_of
from .records import flow

__all__ = ["Births", "Entry", "Tape", "along", "hasten", "number", "read_graph"]

LONGEST = 2000  # instructions of a program that is written out as a function: compiling that takes its time

number: Callable[[Any], float] = operator.attrgetter("_data")  # of a Value of either engine, unseen by a recorder


class Births:
    """The nodes that are born in the running thread or task from `start` to `stop`, in order. It keeps them alive.

    Attributes:
        nodes: all of them, computed ones and leaves.
        sources: for a leaf that is the number of another node, where the gradient stops, that node.

    >>> from autograd.value import Value
    >>> x, births = Value(2.0), Births()
    >>> births.start(); y = x * x; births.stop()
    >>> len(births), y in births, x in births
    (1, True, False)
    """

    def __init__(self) -> None:
        self.nodes: dict[Any, None] = {}
        self.sources: dict[Any, Any] = {}
        self._block = modes.Block("recording", births=self)

    def start(self) -> None:
        """From now on they are kept."""
        self._block.__enter__()

    def stop(self) -> None:
        """Until here."""
        if self._block.is_open():
            self._block.__exit__(None, None, None)

    def born(self, node: Any) -> None:
        """Keep a node that has just been made."""
        self.nodes[node] = None

    def stopped(self, leaf: Any, source: Any) -> None:
        """Say that a leaf is the number of another node.

        Args:
            leaf: a leaf that was born.
            source: what it has its number of.
        """
        self.sources[leaf] = source

    @property
    def leaves(self) -> int:
        """How many of them are leaves, and not the number of another node."""
        return len([x for x in self.nodes if x.is_leaf]) - len(self.sources)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node: Any) -> bool:
        return node in self.nodes


def _ancestors_first(births: Births, roots: Iterable[Any], done: dict[Any, tuple[Any, ...]]) -> None:
    """Add to the nodes that are done, with their operands, all that the roots need of what was born, depth first."""
    born, sources = births.nodes, births.sources
    stack: list[Any] = [*roots][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # the mark below a node's operands: they are all done by now
            node = stack.pop()
            done[node] = stack.pop()
        elif node not in done and node in born:
            operands = (sources[node],) if node in sources else node.operands
            if operands:  # else it is a constant
                stack += (operands, node, None)
                stack += [x for x in operands if type(x) is not float][::-1]


def read_graph(
    births: Births, inputs: Sequence[Any], roots: Sequence[Any], watched: Sequence[Any], in_order: bool
) -> tuple[Any, ...]:
    """The graph of some Values as the arrays of a `Program`.

    Args:
        births: what was born while the function ran.
        inputs: Values: what the program's inputs stand for.
        roots: Values: its outputs.
        watched: Values and floats that guards look at.
        in_order: whether the instructions stand in the order in which they were computed; else depth first from the roots.

    Returns:
        ``(captured, constants, records, ops, starts, operands, slots, positions, labels)``: as in `Program`, and then the
        slots of the roots and of what is watched, and for each that is watched how many instructions come before it is known.
    """
    given = dict.fromkeys(inputs)
    born, sources = births.nodes, births.sources
    for x in given:
        born.pop(x, None)  # one that stands for a number was born, and is an input all the same
    code: dict[Any, tuple[Any, ...]] = {}
    _ancestors_first(births, roots, code)
    _ancestors_first(births, [x for x in watched if type(x) is not float], code)
    raising = [x for x in born if x not in code and x.op is not None and x.op not in SAFE]
    _ancestors_first(births, raising, code)
    if in_order:
        code = {x: code[x] for x in born if x in code}
    known = {*given, *code}
    captured: dict[Any, int] = {}
    numbers: dict[Any, int] = {}  # constants: of a leaf its own, of a plain number one for the same bits
    constants: list[float] = []
    for xs in (*code.values(), roots, watched):
        for x in xs:
            if type(x) is float:
                key: Any = bits(x)
                if key not in numbers:
                    numbers[key] = len(constants)
                    constants.append(x)
            elif x not in known:
                known.add(x)
                if x in born:
                    numbers[x] = len(constants)
                    constants.append(number(x))
                else:
                    captured[x] = len(given) + len(captured)
    middle = len(given) + len(captured)
    first = middle + len(constants)
    slots: dict[Any, int] = dict(zip(given, range(len(given)), strict=True)) | captured
    slots.update(zip(numbers, range(middle, first), strict=True))
    slots.update(zip(code, range(first, first + len(code)), strict=True))
    table: dict[Primitive, int] = {}
    ops, starts, operands = array("H"), array("I", [0]), array("I")
    for node, xs in code.items():
        ops.append(table.setdefault(stop if node in sources else node.op, len(table)))
        operands.extend([slots[bits(x) if type(x) is float else x] for x in xs])
        starts.append(len(operands))
    asked = [slots[bits(x) if type(x) is float else x] for x in (*roots, *watched)]
    positions = array("I", [max(0, slot - first + 1) for slot in asked[len(roots) :]])
    labels = {slot: x.label for x, slot in slots.items() if type(x) is not bytes and x.label}
    return tuple(captured), tuple(constants), tuple(table), ops, starts, operands, array("I", asked), positions, labels


# ---- replaying -------------------------------------------------------------------------------------


class Tape:
    """A program that is ready to be computed again.

    Args:
        program: what to compute.
        active: for each input whether it is differentiated: 1 or 0.

    The methods raise `Stale` where a guard doesn't hold, or where something can't be computed.
    """

    def __init__(self, program: Program, active: bytes) -> None:
        self.program = program
        self._active = active
        self._functions: dict[int | str | None, Callable[..., Any]] = {}
        self._runs = 0
        first, inputs, captured = program.first, program.inputs, len(program.captured)
        self._wanted = [i for i in range(inputs) if active[i]] + list(range(inputs, inputs + captured))
        moving = program.reached(self._wanted)
        self._guards: dict[int, list[int]] = {}
        for i, guard in enumerate(program.guards):
            self._guards.setdefault(guard.position, []).append(i)
        # For each instruction its function, slots, and how its local gradients are computed: the places of the operands that
        # are differentiated, and their slots.
        self._code: list[tuple[Callable[..., Any], Primitive, tuple[int, ...], list[int], list[int]]] = []
        for i, (record, slots) in enumerate(program):
            places = [k for k, s in enumerate(slots) if moving[s] and moving[first + i]]
            self._code.append((_function(record), record, slots, places, [slots[k] for k in places]))

    def _forward(self, numbers: Sequence[float]) -> list[float]:
        program = self.program
        if len(numbers) != program.inputs:
            raise ValueError(f"a program of {program.inputs} inputs got {len(numbers)} numbers")
        found = [*numbers, *map(number, program.captured), *program.constants]
        guards = self._guards
        i = 0
        try:
            for i, (function, _, slots, _, _) in enumerate(self._code):
                if i in guards:
                    self._check(guards[i], found)
                found.append(function(*[found[s] for s in slots]))
        except Stale:
            raise
        except Exception:
            raise Stale(instruction=i) from None
        self._check(guards.get(len(self._code), ()), found)
        return found

    def _check(self, guards: Sequence[int], numbers: Sequence[float]) -> None:
        for i in guards:
            if not self.program.guards[i].holds(numbers):
                raise Stale(guard=i)

    def _backward(self, found: list[float], k: int) -> list[float]:
        first, adjoints = self.program.first, [0.0] * len(found)
        adjoints[self.program.outputs[k]] = 1.0
        order = self.program.order(k)
        i = 0
        try:
            for i in reversed(range(len(self._code)) if order is None else order):
                upstream = adjoints[first + i]
                if upstream != 0.0:
                    _, record, slots, places, parents = self._code[i]
                    if places:
                        locals_ = record.local_gradients(found[first + i], tuple([found[s] for s in slots]), places)
                        for parent, local in zip(parents, locals_, strict=True):
                            adjoints[parent] += upstream * local
        except Exception:  # a custom primitive's rule may raise anything; then the function itself is asked, and raises it
            raise Stale(instruction=i) from None
        return [adjoints[slot] for slot in self._wanted]

    def _forward_along(self, found: list[float], tangents: Sequence[float]) -> list[float]:
        moved = [*tangents, *[0.0] * (self.program.first - len(tangents))]
        i = 0
        try:
            for i, (_, record, slots, places, parents) in enumerate(self._code, self.program.first):
                tangent = 0.0
                if places:
                    locals_ = record.local_gradients(found[i], tuple([found[s] for s in slots]), places)
                    for parent, local in zip(parents, locals_, strict=True):
                        step = flow(moved[parent], local)
                        tangent = step if tangent == 0.0 else tangent + step
                moved.append(tangent)
        except Exception:  # as above
            raise Stale(instruction=i - self.program.first) from None
        return [moved[slot] for slot in self.program.outputs]

    def written(self, what: int | str | None) -> Callable[..., Any] | None:
        """The program as a function of the inputs' numbers and then those of the captured Values.

        Args:
            what: None for the outputs, k for output k and its derivatives, -1 for all outputs and theirs; "along" for the
                outputs and their derivatives along a direction, which comes before what is captured.

        Returns:
            None until the program has been computed so often that writing it out pays.
        """
        from .printed_python import replay_function  # not before: it is long, and few need it

        self._runs += 1
        if not len(self._code) < self._runs or len(self._code) > LONGEST:
            return None
        if what not in self._functions:
            self._functions[what] = replay_function(self.program, what, self._active)
        return self._functions[what]

    def _run(self, function: Callable[..., Any], numbers: Sequence[float], *direction: float) -> Any:
        if len(numbers) != self.program.inputs:
            raise ValueError(f"a program of {self.program.inputs} inputs got {len(numbers)} numbers")
        try:
            return function(*numbers, *direction, *map(number, self.program.captured))
        except Stale:
            raise
        except Exception:  # of a custom primitive's rule, it may be any
            raise Stale from None

    def values(self, numbers: Sequence[float]) -> list[float]:
        """The outputs.

        Args:
            numbers: one for each input.
        """
        function = self.written(None)
        if function is not None:
            return self._run(function, numbers)  # type: ignore[no-any-return]
        found = self._forward(numbers)
        return [found[slot] for slot in self.program.outputs]

    def sweep(self, numbers: Sequence[float], k: int = 0) -> tuple[float, list[float]]:
        """Output k, and its derivatives with respect to the inputs that are differentiated, and then to the captured Values.

        Args:
            numbers: one for each input.
            k: which output.
        """
        function = self.written(k)
        if function is not None:
            return self._run(function, numbers)  # type: ignore[no-any-return]
        found = self._forward(numbers)
        return found[self.program.outputs[k]], self._backward(found, k)

    def needed(self, k: int) -> bytearray:
        """Which slots a derivative of output k reaches, as `Program.needed` finds them."""
        return self.program.needed(k)

    def node(self, primitive: Primitive, given: Sequence[Any]) -> Any:
        """Output 0 as one node of the inputs and the captured Values.

        Args:
            primitive: what its ``op`` is to be.
            given: a Value for each input, all of them differentiated.
        """
        operands = (*given, *self.program.captured)
        numbers = [number(x) for x in given]
        value, row = self.sweep(numbers, 0)
        return operands[0]._engine._one_node(primitive, operands, value, row)

    def jacobian(self, numbers: Sequence[float]) -> tuple[list[float], list[list[float]]]:
        """All outputs, and for each its derivatives, as `sweep` gives them.

        Args:
            numbers: one for each input.
        """
        function = self.written(-1)
        if function is not None:
            return self._run(function, numbers)  # type: ignore[no-any-return]
        found = self._forward(numbers)
        rows = [self._backward(found, k) for k in range(len(self.program.outputs))]
        return [found[slot] for slot in self.program.outputs], rows


def along(tape: Tape, numbers: Sequence[float], directions: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
    """All outputs, and their derivatives along some directions, as forward mode computes them.

    Args:
        tape: of a program that captured nothing, and of which all inputs are differentiated.
        numbers: one for each input.
        directions: each a number for each input.
    """
    function = tape.written("along")
    if function is not None:
        runs = [tape._run(function, numbers, *direction) for direction in directions]
        return runs[0][0], [tangents for _, tangents in runs]
    found = tape._forward(numbers)
    return [found[slot] for slot in tape.program.outputs], [tape._forward_along(found, direction) for direction in directions]


def _function(record: Primitive) -> Callable[..., Any]:
    """The function on floats, as a function of the operands one by one."""
    function: Callable[..., Any] = record.function
    if record.arity is not None:
        return function
    return lambda *xs: record.evaluate(xs, xs)


class Entry:
    """A function that replays a tape where that is possible, and is `fallback` in every other way.

    Args:
        fallback: takes the same arguments.
    """

    def __init__(self, fallback: Callable[..., Any]) -> None:
        self._fallback = fallback
        self._replay: Callable[..., Any] | None = None
        self._read_names: tuple[tuple[Any, Any, Any], ...] = ()

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute the function; see its own docstring."""
        replay = self._replay
        plain = not modes.open_blocks or modes.current.get() == modes.USUAL
        if replay is not None and plain and not (named or modes.recorders or modes.inside_derivative()):
            try:
                for container, key, expected in self._read_names:
                    if (container.cell_contents if key is None else container[key]) is not expected:
                        break
                else:
                    return replay(*args)
            except Exception:  # whatever it is, the fallback raises it in the right words
                pass
        return self._fallback(*args, **named)

    def buffered(self, numbers: Any, results: Any, listed: bool = False) -> Callable[[], None]:
        """The same function without arguments, which come from memory, as the results go into memory: no float is made.

        Args:
            numbers: the arguments: an array of doubles, such as ``array("d", [1.0, 2.0])``, or one of NumPy's, in one piece.
            results: where all numbers of the result are written, from left to right: such an array of as many.
            listed: whether the function takes one list of numbers.

        Returns:
            A function that takes nothing and returns None. The arrays must keep their size as long as it is there.

        Raises:
            TypeError: numbers or results is not such an array.
        """
        given, taken = _doubles(numbers), _doubles(results, writable=True)

        def run() -> None:
            found = self(given.tolist()) if listed else self(*given)
            flat = _numbers_in(found, [])
            if len(flat) != len(taken):
                raise ValueError(f"the result has {len(flat)} numbers, and the array for it has room for {len(taken)}")
            for i, x in enumerate(flat):
                taken[i] = x

        return run

    def _arm(
        self, tape: Tape, what: str, takes: str, gives: tuple[str, str], names: Iterable[tuple[Any, Any, Any]] = ()
    ) -> None:
        """From now on, calls with floats replay a tape.

        Args:
            tape: the tape.
            what: "values", "value_and_grad", "grad" or "jacobian".
            takes: "numbers" for as many floats as there are inputs, "list" for one list of them.
            gives: what outputs, and the numbers of a gradient, are put in: "one", "tuple" or "list".
            names: what the function reads from outside: (cell, None, object) or (dict, key, object), compared by identity.
        """
        captured = tape.program.captured
        outer, inner = _PUT_IN[gives[0]], _PUT_IN[gives[1]]
        which = {"values": None, "jacobian": -1}.get(what, 0)
        by_loop = tape.values if what == "values" else tape.jacobian if what == "jacobian" else tape.sweep
        function: Callable[..., Any] | None = None  # once it is written out

        def replay(*numbers: Any) -> Any:
            nonlocal function
            if function is None:
                function = tape.written(which)
            if takes == "list":
                (listed,) = numbers
                if type(listed) is not list:
                    raise TypeError
                numbers = tuple(listed)
            for x in numbers:
                if type(x) is not float:
                    raise TypeError
            found: Any
            if function is None:
                found = by_loop(numbers)
            else:
                found = function(*numbers, *map(number, captured)) if captured else function(*numbers)
            if what == "values":
                return outer(found)
            first, second = found
            if what == "jacobian":
                return outer([inner(row) for row in second])
            return inner(second) if what == "grad" else (first, inner(second))

        self._replay, self._read_names = replay, tuple(names)

    def _disarm(self) -> None:
        """From now on, all calls go to the fallback."""
        self._replay, self._read_names = None, ()


_PUT_IN: dict[str, Callable[[list[Any]], Any]] = {"one": operator.itemgetter(0), "tuple": tuple, "list": lambda xs: xs}


def _doubles(array: Any, writable: bool = False) -> Any:
    """A view of an array of doubles in one piece."""
    try:
        view = memoryview(array)
    except TypeError as error:
        raise TypeError(f"buffered() takes an array of doubles in one piece, got {type(array).__name__}: {error}") from None
    if view.format != "d" or not view.c_contiguous or (writable and view.readonly):
        raise TypeError(f"buffered() takes an array of doubles in one piece, got {view!r:.60} of {view.format}")
    return view.cast("B").cast("d")


def _numbers_in(x: Any, found: list[float]) -> list[float]:
    """The numbers in lists and tuples, from left to right."""
    if isinstance(x, (list, tuple)):
        for y in x:
            _numbers_in(y, found)
    else:
        found.append(number_of(x))
    return found


def hasten(kind: type[Entry]) -> type[Entry]:
    """Let instances of a subclass of `Entry` be called in a shorter way, where the engine has one; this one hasn't."""
    return kind
