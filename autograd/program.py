"""A Program: what a function computed, as a list of instructions that can be computed again with other numbers.

It is plain data. Its numbers lie in slots: first those of the inputs, then those of the Values that were there before (their
numbers are read anew each time), then constants, and then one for each instruction, which is a primitive and the slots of its
operands. A guard says what a comparison, or a rounded number, came to when the program was recorded: where it comes to
something else, the program is not what the function would have computed.
"""

from __future__ import annotations

import math
import operator
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from . import kernels, records
from .record import Primitive

__all__ = ["SAFE", "TESTS", "Guard", "Program", "Stale", "bits", "counted", "program_of", "stop"]

stop = Primitive("stop", lambda x: x, [lambda z, x: 0.0], inner=True, doc="The number of x, to which no derivative flows.")
stop.__module__ = __name__  # where its pickle looks for it

SAFE = frozenset({
    stop, records.add, records.subtract, records.multiply, records.negative, records.positive, records.absolute, records.relu,
    records.chain, records.maximum, records.minimum, records.sigmoid, records.tanh, records.sigmoid_dx, records.tanh_dx,
})  # fmt: skip
"""Primitives that raise for no numbers. Another one is computed again even where no output needs it: it might raise."""


def bits(x: float) -> bytes:
    """The eight bytes of a float: -0.0 is not 0.0, and nan is nan.

    >>> bits(0.0) == bits(-0.0)
    False
    """
    return struct.pack("d", x)


TESTS: dict[str, Callable[..., Any]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "bool": bool,
    "data": operator.pos,  # the number itself
    "floordiv": operator.floordiv,
    "sign": records.sign,
    "floor": records.floor,
    "ceil": records.ceil,
    "trunc": records.trunc,
    "round": lambda x, ndigits: records.round(x, int(ndigits)),
    "signbit": lambda x: math.copysign(1.0, x),  # of nan too
    "has_predecessor": kernels.has_predecessor,  # the derivatives of powers ask for it
}
"""What a guard may test: the name, and the function of one or two floats. Two floats agree where their bits are equal."""


class Guard(NamedTuple):
    """What one look at the numbers came to.

    Attributes:
        position: it is checked once that many instructions were computed.
        test: a key of `TESTS`.
        slots: of the numbers that it tests.
        result: what it came to: a bool or a float.
        line: the line of code that asked, for messages.

    >>> Guard(0, "lt", (0, 1), True, "").holds([1.0, 2.0])
    True
    """

    position: int
    test: str
    slots: tuple[int, ...]
    result: Any
    line: str

    def holds(self, numbers: Sequence[float]) -> bool:
        """Whether it comes to the same with other numbers.

        Args:
            numbers: by slot, as many as are known at its position.
        """
        try:
            found = TESTS[self.test](*[numbers[slot] for slot in self.slots])
        except ArithmeticError:
            return False
        return found is self.result if isinstance(self.result, bool) else bits(found) == bits(self.result)

    def same(self, other: Guard) -> bool:
        """Whether another guard tests the same, with the same result. Lines don't matter."""
        return self[:3] == other[:3] and type(self.result) is type(other.result) and bits(self.result) == bits(other.result)


def counted(n: int, word: str) -> str:
    """A number of things, in words.

    >>> counted(1, "input"), counted(2, "input")
    ('1 input', '2 inputs')
    """
    return f"{n} {word}{'s' * (n != 1)}"


class Stale(Exception):  # noqa: N818  # it is no error: something else is computed instead
    """A program can't be replayed with these numbers.

    Args:
        guard: the place of the guard that doesn't hold; -1 if none.
        instruction: the place of the instruction that raised, or that needs Python; -1 if none.
    """

    def __init__(self, guard: int = -1, instruction: int = -1) -> None:
        super().__init__(guard, instruction)
        self.guard, self.instruction = guard, instruction


class Program:
    """What was recorded of a function. See the module's docstring.

    Args:
        inputs: how many there are; their slots are 0, 1, 2, ...
        captured: Values that were there before; the next slots.
        constants: floats; the next slots.
        records: the primitives that the instructions name.
        ops: for each instruction its place in ``records``.
        starts: where the operands of each instruction begin in ``operands``; one more at the end.
        operands: slots.
        guards: in the order of their positions.
        outputs: the slots of the results.
        labels: names of slots.

    Attributes:
        first: the slot of the first instruction's result; that of instruction i is first + i.

    >>> from array import array
    >>> from autograd import add, multiply
    >>> ops, starts, operands = array("H", [0, 1]), array("I", [0, 2, 4]), array("I", [0, 1, 2, 0])
    >>> program = Program(2, (), (), (multiply, add), ops, starts, operands, (), outputs=(3,))
    >>> len(program), program.first, list(program)[1]
    (2, 2, (<primitive add>, (2, 0)))
    """

    __slots__ = (
        "_orders", "captured", "constants", "first", "guards", "inputs", "labels", "operands", "ops", "outputs", "records",
        "starts",
    )  # fmt: skip

    def __init__(
        self,
        inputs: int,
        captured: Sequence[Any],
        constants: Sequence[float],
        records: Sequence[Primitive],
        ops: array[int],
        starts: array[int],
        operands: array[int],
        guards: Sequence[Guard] = (),
        outputs: Sequence[int] = (),
        labels: Mapping[int, str] | None = None,
    ) -> None:
        self.inputs = inputs
        self.captured = tuple(captured)
        self.constants = tuple(constants)
        self.records = tuple(records)
        self.ops, self.starts, self.operands = ops, starts, operands
        self.guards = tuple(guards)
        self.outputs = tuple(outputs)
        self.labels = dict(labels or {})
        self.first = inputs + len(self.captured) + len(self.constants)
        self._orders: dict[int, array[int] | None] = {}

    def __len__(self) -> int:
        """How many instructions there are."""
        return len(self.ops)

    def __iter__(self) -> Iterator[tuple[Primitive, tuple[int, ...]]]:
        """The instructions in order: each primitive with the slots of its operands."""
        table, operands, starts = self.records, self.operands, self.starts
        for i, op in enumerate(self.ops):
            yield table[op], tuple(operands[starts[i] : starts[i + 1]])

    def operands_of(self, i: int) -> tuple[int, ...]:
        """The slots of the operands of instruction i."""
        return tuple(self.operands[self.starts[i] : self.starts[i + 1]])

    def order(self, k: int) -> array[int] | None:
        """The instructions that output k is computed from, in the order that `backward` walks back along.

        Returns:
            Their places, parents first, depth first, as `topological_order` has them; None where the code itself is in this
            order, so that a walk back over all of it does the same.
        """
        if k not in self._orders:
            order = self._depth_first(self.outputs[k])
            in_order = all(order[i] < order[i + 1] for i in range(len(order) - 1))
            self._orders[k] = None if in_order else order
        return self._orders[k]

    def _depth_first(self, output: int) -> array[int]:
        first, starts, operands = self.first, self.starts, self.operands
        stops = {i for i, record in enumerate(self.records) if record is stop}
        order: array[int] = array("I")
        seen = bytearray(len(self.ops))
        stack = [output - first] if output >= first else []
        while stack:
            i = stack.pop()
            if i < 0:  # the mark of one whose parents are in the order by now
                order.append(~i)
            elif not seen[i]:
                seen[i] = 1
                stack.append(~i)
                if self.ops[i] not in stops:
                    stack.extend([s - first for s in reversed(operands[starts[i] : starts[i + 1]]) if s >= first])
        return order

    def reached(self, slots: Sequence[int]) -> bytearray:
        """Which slots depend on the given ones, those included; nothing passes a `stop`.

        Returns:
            For each slot 1 or 0.
        """
        first, starts, operands = self.first, self.starts, self.operands
        stops = [record is stop for record in self.records]
        found = bytearray(first + len(self.ops))
        for slot in slots:
            found[slot] = 1
        for i, op in enumerate(self.ops):
            if not stops[op] and 1 in map(found.__getitem__, operands[starts[i] : starts[i + 1]]):
                found[first + i] = 1
        return found

    def needed(self, k: int) -> bytearray:
        """Which slots a derivative of output k reaches, on the way back from it.

        Returns:
            For each slot 1 or 0.
        """
        first, starts, operands = self.first, self.starts, self.operands
        stops = [record is stop for record in self.records]
        found = bytearray(first + len(self.ops))
        found[self.outputs[k]] = 1
        for i in range(len(self.ops) - 1, -1, -1):
            if found[first + i] and not stops[self.ops[i]]:
                for s in operands[starts[i] : starts[i + 1]]:
                    found[s] = 1
        return found

    # ---- comparing and keeping ---------------------------------------------------------------------

    def _code(self) -> tuple[Any, ...]:
        """All that is compared, but for the captured Values and the guards."""
        return (
            self.inputs,
            self.outputs,
            self.records,
            self.ops.tobytes(),
            self.starts.tobytes(),
            self.operands.tobytes(),
            array("d", self.constants).tobytes(),
        )

    def agrees(self, other: Program) -> bool:
        """Whether another recording found the same: code, constants, guards and results, and the same captured Values."""
        return self.same_path(other) and not self.other_code(other)

    def other_code(self, other: Program) -> bool:
        """Whether another program computes something else, whatever the guards say, or captured other Values."""
        return (
            len(self.captured) != len(other.captured)
            or not all(map(operator.is_, self.captured, other.captured))
            or self._code() != other._code()
        )

    def same_path(self, other: Program) -> bool:
        """Whether another recording asked the same questions in order, with the same results."""
        return len(self.guards) == len(other.guards) and all(
            a.test == b.test and bits(a.result) == bits(b.result) for a, b in zip(self.guards, other.guards, strict=True)
        )

    def __eq__(self, other: object) -> bool:
        """Whether another program computes the same from the same; its captured Values may be others of equal numbers."""
        if not isinstance(other, Program):
            return NotImplemented
        return (
            [bits(x.data) for x in self.captured] == [bits(x.data) for x in other.captured]
            and len(self.guards) == len(other.guards)
            and all(a.same(b) for a, b in zip(self.guards, other.guards, strict=True))
            and self._code() == other._code()
        )

    __hash__ = None  # type: ignore[assignment]  # the captured Values may change

    def __reduce__(self) -> Any:
        """Copy and pickle; captured leaves go along."""
        parts = self.inputs, self.captured, self.constants, self.records, self.ops, self.starts, self.operands
        return Program, (*parts, self.guards, self.outputs, self.labels)

    # ---- as text -----------------------------------------------------------------------------------

    def source(self, language: str = "python", *, every: bool = False) -> str:
        """The program as text in another language, with its derivatives, and with nothing left that it would need.

        Args:
            language: ``"python"``, ``"c"`` or ``"javascript"``.
            every: for a page that shows each number on the way, in JavaScript only and for one output: the function is
                ``everything(values, gradients, parts)`` then. It reads the inputs and the captured Values from ``values``,
                and writes the number of each slot into it, the derivative of each slot into ``gradients``, and what each
                operand gets back into ``parts``, in the order of `operands`.

        Returns:
            Two functions, ``value`` and ``value_and_gradients`` (``valueAndGradients`` in JavaScript), and the kernels that
            they use, and nothing else. Python and C have the bits of this engine; C does if it is compiled with
            ``-ffp-contract=off`` and ``-fno-builtin``, as `function` does. JavaScript computes each
            operation and each of its slopes within 4 units in the last place of Python's.

        Raises:
            ValueError: the language is another one, or every number is wanted where that can't be.
            UnprintableError: the program holds what can't be written in it; the message names it.

        >>> from array import array
        >>> from autograd import multiply
        >>> code = array("H", [0]), array("I", [0, 2]), array("I", [0, 1])
        >>> program = Program(2, (), (), (multiply,), *code, (), (2,), {0: "x", 1: "y", 2: "f"})
        >>> print(program.source())
        def value(x, y):
            f = x * y
            return f
        <BLANKLINE>
        <BLANKLINE>
        def value_and_gradients(x, y):
            # forward
            f = x * y
        <BLANKLINE>
            # backward from f
            d_f = 1.0
            d_x = 0.0 + y
            d_y = 0.0 + x
            return f, [d_x, d_y]
        <BLANKLINE>
        """
        text: str = import_module(f"{__package__}.printed").source(self, language, every)
        return text

    def function(self, language: str = "c") -> Any:
        """The program as a function of plain numbers, computed by machine code: written in C, compiled, and loaded.

        The library is kept in the user's cache folder, so that the same program is compiled once.

        Args:
            language: ``"c"``.

        Returns:
            A function of as many numbers as there are inputs. Its method ``value_and_gradients`` gives the derivatives too,
            ``source`` is what was compiled, and ``path`` is the library.

        Raises:
            ValueError: the language is another one.
            UnprintableError: the program holds what can't be written in it; the message names it.
            CompilerError: there is no C compiler, or it refused the program.
        """
        if language != "c":
            raise ValueError(f"a program is compiled from 'c', got {language!r:.60}; source({language!r:.60}) is the text")
        return import_module(f"{__package__}.compiling").Function(self)

    def to_jax(self, *, guards: bool = True) -> Any:
        """The program as a function of JAX's arrays, with JAX's own derivatives: `jax.grad`, `jax.jit` and `jax.vmap` take it.

        Args:
            guards: whether a program with guards is refused. Without them the function is the one way that was recorded.

        Returns:
            A function of one array, or number, for each input: a point, or many at once, since each instruction is elementwise.
            ``captured=[...]`` takes arrays in the place of the captured Values, so that they can be differentiated too;
            otherwise their numbers are read at each call, or when it is traced. Its precision is that of its arguments: switch
            ``jax_enable_x64`` on for that of Python. Derivatives at kinks are those of glassgrad; where one is infinite
            and nothing arrives, it is nan in JAX.

        Raises:
            ImportError: JAX is not installed.
            UnprintableError: the program has guards, or a primitive that JAX doesn't have; the message names it.
        """
        return import_module(f"{__package__}.elsewhere").to_jax(self, guards=guards)

    def to_torch(self, *, guards: bool = True) -> Any:
        """The program as a function of PyTorch's tensors, with PyTorch's own derivatives, as in `to_jax`.

        Args:
            guards: whether a program with guards is refused.

        Returns:
            A function of one tensor, or number, for each input; ``captured=[...]`` takes tensors for the captured Values.

        Raises:
            ImportError: PyTorch is not installed.
            UnprintableError: the program has guards, or a primitive that PyTorch doesn't have; the message names it.
        """
        return import_module(f"{__package__}.elsewhere").to_torch(self, guards=guards)

    def __str__(self) -> str:
        """Forward and backward pass as Python, each result with its name; the sizes alone where it is long."""
        if len(self) > 1000:
            return repr(self)
        text: str = import_module(f"{__package__}.printed").shown(self)
        return text

    def __repr__(self) -> str:
        """Its sizes."""
        counts = [
            (self.inputs, "input"), (len(self.captured), "captured Value"), (len(self.constants), "constant"),
            (len(self), "instruction"), (len(self.guards), "guard"), (len(self.outputs), "output"),
        ]  # fmt: skip
        return f"<program: {', '.join([counted(n, word) for n, word in counts])}>"


def program_of(outputs: Sequence[Any], inputs: Sequence[Any]) -> Program:
    """The program of a graph that is there already.

    Args:
        outputs: Values, what the program computes.
        inputs: Values. They may be leaves or not; what they were computed from is left out.

    Returns:
        A program in the order of a backward pass from the outputs. All leaves beside the inputs are captured.

    >>> from autograd import Value
    >>> x = Value(3.0, "x"); f = x * x + x; f.label = "f"
    >>> print(program_of([f], [x]))
    def value_and_gradients(x):
        # forward
        t1 = x * x
        f = t1 + x
    <BLANKLINE>
        # backward from f
        d_f = 1.0
        d_t1 = 1.0
        d_x = 0.0 + 1.0 + x + x
        return f, [d_x]
    """
    given = dict.fromkeys(inputs)
    code: dict[Any, None] = {}
    captured: dict[Any, None] = {}
    stack: list[Any] = [*outputs][::-1]
    while stack:
        node = stack.pop()
        if node is None:  # the mark below a node's parents: they are all in the code by now
            code[stack.pop()] = None
        elif node in given or node in code or node in captured:
            continue
        elif node.is_leaf:
            captured[node] = None
        else:
            stack += (node, None, *node.parents[::-1])
    numbers = {bits(c): c for x in code for c in x.operands if type(c) is float}
    slots: dict[Any, int] = {x: i for i, x in enumerate([*given, *captured, *numbers, *code])}
    table: dict[Primitive, int] = {}
    ops, starts, operands = array("H"), array("I", [0]), array("I")
    for node in code:
        ops.append(table.setdefault(node.op, len(table)))
        operands.extend([slots[bits(x) if type(x) is float else x] for x in node.operands])
        starts.append(len(operands))
    labels = {slot: x.label for x, slot in slots.items() if not isinstance(x, bytes) and x.label}
    wanted = [slots[x] for x in outputs]
    return Program(len(given), [*captured], [*numbers.values()], [*table], ops, starts, operands, (), wanted, labels)
