"""Programs as text: what is the same in every language. `printed_python` and its like know one language each.

A printed program reads like the staged backpropagation of a lecture: first each result by its name, in the order in which it is
computed, then each derivative of the output, from the output back to the inputs. The derivative with respect to ``t`` is called
``d_t``. It is one line: the sum over all that was computed from ``t`` of upstream derivative times local derivative, in the
order in which an eager backward pass adds them, so that the bits are the same.

Two things keep them the same. Where an upstream derivative is exactly zero, its local derivative does not count, even
if that is infinite. And an input's sum begins with 0.0, so that it is never -0.0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .program import Guard, Program
    from .record import Primitive

__all__ = [
    "LANGUAGES", "WIDTH", "Names", "Plan", "Sweep", "Term", "UnprintableError", "condition", "foreign", "shown", "source",
]  # fmt: skip


LANGUAGES = ("python", "c", "javascript")
WIDTH = 110  # of a line, roughly


class UnprintableError(RuntimeError):
    """A program holds something that can't be written in the language asked for. The message names it."""


# ---- names -------------------------------------------------------------------------------------------


class Names:
    """Names that are used once each.

    Args:
        reserved: names that are taken already.
        ascii_only: whether letters of other alphabets are spelled out.

    >>> names = Names(["if"])
    >>> names.take("W[0]"), names.take("W[0]"), names.take("if"), names.take("2 x"), names.take("?")
    ('W_0', 'W_0_2', 'if_2', 'x2_x', 'x')
    """

    def __init__(self, reserved: Iterable[str] = (), ascii_only: bool = False) -> None:
        self.taken = set(reserved)
        self._ascii_only = ascii_only

    def take(self, text: str, otherwise: str = "x") -> str:
        """A new name that is close to a text.

        Args:
            text: what it should be called.
            otherwise: what it is called where nothing of the text can be in a name.
        """
        base = re.sub(r"\W+", "_", self._spelled(text)).strip("_") or otherwise
        if not base[0].isalpha():
            base = f"{otherwise}{base}"
        name, count = base, 1
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self.taken.add(name)
        return name

    def exactly(self, name: str) -> str:
        """A name as it is; another one that is close to it if it is taken."""
        if name in self.taken:
            return self.take(name)
        self.taken.add(name)
        return name

    def _spelled(self, text: str) -> str:
        text = unicodedata.normalize("NFKC", text)
        if not self._ascii_only:
            return text
        return "".join([c if c.isascii() else unicodedata.name(c, "_").rpartition(" ")[2].lower() for c in text])


# ---- what is printed ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """One summand of a derivative: what one operand of one instruction contributes.

    Attributes:
        instruction: the number of the instruction.
        place: the operand, counted from 0.
    """

    instruction: int
    place: int


@dataclass(frozen=True)
class Sweep:
    """The way back from one output.

    Attributes:
        output: the slot that it begins at.
        order: the instructions that it comes by, the last one first.
        terms: for each slot its summands, in the order in which they are added.
    """

    output: int
    order: Sequence[int]
    terms: dict[int, list[Term]]


class Plan:
    """A program with a name for each slot, and its ways back.

    Args:
        program: the program.
        names: hands out the names; those of the functions are taken already.
        constant: how the language writes a number.
        active: for each input whether it is differentiated; all are if None.

    Attributes:
        first: the slot of the first instruction's result.
        names: the name, or the number, of each slot.
        active: for each slot whether it depends on an input that is differentiated, or on a captured Value.
        arguments: the slots of inputs and captured Values.
    """

    def __init__(
        self, program: Program, names: Names, constant: Callable[[float], str], active: Sequence[Any] | None = None
    ) -> None:
        self.program = program
        captured = len(program.captured)
        self.first = program.inputs + captured + len(program.constants)
        self.arguments = range(program.inputs + captured)
        self.code = [
            (program.records[op], tuple(program.operands[program.starts[i] : program.starts[i + 1]]))
            for i, op in enumerate(program.ops)
        ]
        flags = [True] * program.inputs if active is None else [bool(a) for a in active]
        self.active = [*flags, *[True] * captured, *[False] * len(program.constants)]
        for record, operands in self.code:
            self.active.append(record.name != "stop" and any(self.active[s] for s in operands))
        self.names: list[str] = []
        labels = program.labels
        for slot in range(self.first + len(self.code)):
            if slot < program.inputs:
                name = names.take(labels.get(slot, ""), f"x{slot + 1}")
            elif slot < program.inputs + captured:
                name = names.take(labels.get(slot, ""), f"w{slot - program.inputs + 1}")
            elif slot < self.first:
                name = constant(program.constants[slot - program.inputs - captured])
            else:
                name = names.take(labels.get(slot, ""), f"t{slot - self.first + 1}")
            self.names.append(name)
        self.derivatives = {
            slot: names.take(f"d_{self.names[slot]}") for slot, is_active in enumerate(self.active) if is_active
        }

    def forward(self, computed: Callable[[int], list[str]], checked: Callable[[int, Guard], list[str]]) -> list[str]:
        """The lines of all instructions in turn, and of each guard where it stands.

        Args:
            computed: the lines of an instruction, by its number.
            checked: the lines of a guard, by its number and itself.
        """
        lines: list[str] = []
        guards = list(enumerate(self.program.guards))
        for i in range(len(self.code) + 1):
            while guards and guards[0][1].position <= i:
                lines += checked(*guards.pop(0))
            if i < len(self.code):
                lines += computed(i)
        return lines

    def sweep(self, output: int) -> Sweep:
        """The way back from the slot of an output: the reversed depth-first order, along what is active."""
        order: list[int] = []
        seen: set[int] = set()
        stack = [output]
        while stack:
            slot = stack.pop()
            if slot < 0:  # the mark of an instruction whose operands are all in the order by now
                order.append(~slot - self.first)
            elif slot >= self.first and slot not in seen and self.active[slot]:
                seen.add(slot)
                stack.append(~slot)
                stack += self.code[slot - self.first][1][::-1]
        order.reverse()
        terms: dict[int, list[Term]] = {}
        for i in order:
            for place, slot in enumerate(self.code[i][1]):
                if self.active[slot]:
                    terms.setdefault(slot, []).append(Term(i, place))
        return Sweep(output, order, terms)


def source(program: Program, language: str, every: bool = False) -> str:
    """A program as text in a language; see `Program.source`."""
    if language not in LANGUAGES:
        raise ValueError(f"a program is written in 'python', 'c' or 'javascript', got {language!r:.60}")
    if every and language != "javascript":
        raise ValueError(f"every=True is for 'javascript', got {language!r}; leave it out")
    module = import_module(f".printed_{language}", __package__)
    text: str = module.written(program, True) if every else module.written(program)
    return text


def foreign(record: Primitive) -> str:
    """Why a record that isn't one of glassgrad's own can't be written."""
    maker = getattr(record, "made_by", "")
    if maker:
        return f"it is one node, which {maker} made of a function; compute it without {maker}"
    return "it is a primitive of your own"


def condition(program: Program, guard: Guard) -> str:
    """What is the case where a guard holds, in Python, and the line of code that asked; for messages."""
    true: str = import_module(".printed_python", __package__).condition(program, guard)
    return f"{true} ({guard.line})" if guard.line else true


def shown(program: Program) -> str:
    """A program as people read it, in Python."""
    text: str = import_module(".printed_python", __package__).shown(program)
    return text
