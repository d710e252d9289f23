"""Programs in languages that `translate` writes the kernels in: what C and JavaScript have in common.

Sums, dots and the other primitives of sequences work on lists, which the walk doesn't translate. Each language has a table of
helpers for them, written by hand, and a text holds those that it needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from . import kernels, printed_pairs, program as programs, records
from .printed import WIDTH, Names, Plan, Sweep, UnprintableError, foreign
from .record import ListPrimitive, NaryPrimitive, Primitive
from .translate import Dialect, UntranslatableError, Walk

if TYPE_CHECKING:
    from .program import Guard, Program

__all__ = ["Braces", "Walked", "bare", "in_turn", "needed"]

SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
# What the helpers call of the kernels.
PIECES = {
    "k_product_error": kernels._product_error,
    "k_difference_error": kernels._difference_error,
    "k_quotient": kernels._quotient,
    "k_gauss": kernels._gauss,
}


def bare(text: str) -> str:
    """A text without the parentheses around all of it.

    >>> bare("(x + y)"), bare("(x) + (y)"), bare("-x")
    ('x + y', '(x) + (y)', '-x')
    """
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and i < len(text) - 1:
            return text
    return text[1:-1]


def in_turn(names: Sequence[str], xs: Sequence[str]) -> None:
    """Make sure that names may be given their values one after the other, although Python does it all at once.

    Raises:
        UntranslatableError: a value needs a name that has got a new one before.

    >>> in_turn(["x", "y"], ["a + b", "y + 1.0"])
    >>> in_turn(["x", "y"], ["y", "x"])
    Traceback (most recent call last):
        ...
    autograd.translate.UntranslatableError: x
    """
    for i, x in enumerate(xs):
        if any(re.search(rf"\b{name}\b", x) for name in names[:i]):
            raise UntranslatableError(x)


def constant(text: str) -> float | None:
    """The number that a text is, if it is one, and finite.

    >>> constant("(-2.0)"), constant("x"), constant("INFINITY")
    (-2.0, None, None)
    """
    text = bare(text)
    return float(text) if re.fullmatch(r"-?\d[\d.]*(e[+-]?\d+)?", text) else None


def needed(texts: Iterable[str], pieces: Mapping[str, str]) -> list[str]:
    """The pieces that texts name, and those that these name, each behind what it needs.

    Args:
        texts: where it begins.
        pieces: functions and tables by name.
    """
    found: dict[str, None] = {}

    def visit(text: str, above: tuple[str, ...]) -> None:
        for name in re.findall(r"[A-Za-z_]\w*", re.sub(r"(?s)/\*.*?\*/|//[^\n]*", "", text)):
            if name in pieces and name not in found and name not in above:
                visit(pieces[name], (*above, name))
                found[name] = None

    for text in texts:
        visit(text, ())
    return [pieces[name] for name in found]


class Braces(Dialect):
    """How languages with C's signs and braces write expressions and statements.

    Attributes:
        infinity: the name of inf.
        nan: the name of nan.
        indent: what stands before the lines of a block.
        signs: comparisons that have other signs.
        functions: what takes the place of operators; that of a quotient stands only where the divisor may be zero.
    """

    conjunction, disjunction, no = " && ", " || ", "!"
    infinity = ""
    nan = ""
    indent = "    "
    signs: Mapping[str, str] = {}
    functions: Mapping[str, str] = {}

    def number(self, x: float) -> str:
        """A constant, by its name where it isn't finite."""
        if x != x:
            return self.nan
        return super().number(x) if math.isfinite(x) else self.infinity if x > 0 else f"(-{self.infinity})"

    def arithmetic(self, sign: str, x: str, y: str, *, safe: bool) -> str:
        """x + y and the like; by a function where Python might raise or the language's own is another one."""
        if sign in self.functions and not (sign == "/" and safe):
            return self.call(self.functions[sign], [x, y])
        return super().arithmetic(sign, x, y, safe=safe)

    def comparison(self, xs: Sequence[str], signs: Sequence[str]) -> str:
        """x < y; two of them where Python has a chain."""
        return self.both([f"{x} {self.signs.get(sign, sign)} {y}" for x, sign, y in zip(xs, signs, xs[1:], strict=False)])

    def choice(self, test: str, x: str, y: str) -> str:
        """x if the test holds, else y."""
        return f"({test} ? {x} : {y})"

    def assigned(self, names: Sequence[str], xs: Sequence[str]) -> str:
        """One statement for each name; none of the later ones may need an earlier name."""
        in_turn(names, xs)
        return " ".join([f"{name} = {bare(x)};" for name, x in zip(names, xs, strict=True)])

    def returned(self, x: str) -> str:
        """A statement: x is the result."""
        return f"return {bare(x)};"

    def branch(self, test: str, body: Sequence[str], otherwise: Sequence[str]) -> list[str]:
        """A statement: the lines of the body if the test holds, else the others, which may be none."""
        lines = [f"if ({bare(test)}) {{", *[f"{self.indent}{line}" for line in body]]
        return [*lines, "} else {", *[f"{self.indent}{line}" for line in otherwise], "}"] if otherwise else [*lines, "}"]


class Walked:
    """Writes the lines of a program in one language; the language overrides what it writes differently.

    Args:
        program: the program.
        dialect: how the language writes expressions.
        active: for each input whether it is differentiated; all are if None.

    Attributes:
        language: its name, for messages.
        reserved: names that the text has a use for.
        declared: what stands before a variable's name where it is given its number.
        declared_anew: likewise, where it is given another one later.
    """

    language = ""
    reserved: tuple[str, ...] = ()
    declared = ""
    declared_anew = ""

    def __init__(self, program: Program, dialect: Dialect, active: Sequence[Any] | None = None) -> None:
        names = Names(self.reserved, ascii_only=True)
        names.taken |= {
            prefix + name.lstrip("_") for module in (kernels, records) for name in vars(module) for prefix in ("k_", "p_")
        }
        self.program = program
        self.names = names
        self.dialect = dialect
        self.walk = Walk(dialect)
        self.plan = Plan(program, names, dialect.number, active)
        self._lists: dict[Any, str] = {}
        self._computed_lists: set[Any] = set()

    # ---- what a language writes its own way --------------------------------------------------------

    if TYPE_CHECKING:

        def array(self, xs: Sequence[str]) -> str:
            """The arguments that a sequence is to a helper."""

        def array_of(self, name: str, count: int) -> str:
            """The arguments that a list is to a helper."""

        def listed(self, name: str, helper: str, count: int, arguments: Sequence[str]) -> str:
            """The line that gives a name to the list that a helper makes."""

        def helper(self, name: str, arguments: Sequence[str]) -> str:
            """A call of a helper."""

        def many(self, helper: str, parts: Sequence[Sequence[str]]) -> str:
            """A call of a helper of one or two sequences."""

        def failed(self, place: int, true: str) -> str:
            """The statement for a guard that doesn't hold."""

    def condition(self, x: str) -> str:
        """Whether a number isn't zero."""
        return self.dialect.comparison([x, self.dialect.number(0.0)], ["!="])

    def stopping(self, upstream: str, product: str) -> str:
        """A product, unless what arrives is zero."""
        return self.dialect.choice(self.condition(upstream), product, self.dialect.number(0.0))

    # ---- forward -----------------------------------------------------------------------------------

    def refused(self, record: Primitive) -> UnprintableError:
        """The error for a record that the language has no words for."""
        if getattr(records, record.name, None) is not getattr(record, "origin", record):
            why = foreign(record)
        else:
            why = "it is computed with decimals, or with whole numbers of any length"
        return UnprintableError(f"{record.name} can't be written in {self.language}: {why}")

    def line(self, name: str, text: str) -> str:
        """A variable with its number."""
        return f"{self.declared}{name} = {bare(text)};"

    def forward(self) -> list[str]:
        """The lines that compute all results."""
        self._computed_lists.clear()
        return self.plan.forward(self._computed, self._checked)

    def _checked(self, place: int, guard: Guard) -> list[str]:
        xs = [self.plan.names[slot] for slot in guard.slots]
        test = self._tested(guard.test, xs, guard.result)
        negated = self.dialect.negation(test)
        true, false = (negated, test) if guard.result is False else (test, negated)
        return self.dialect.branch(false, [self.failed(place, bare(true))], [])

    def _tested(self, test: str, xs: list[str], result: Any) -> str:
        """What is the case where a guard holds, or where it doesn't if its result is False."""
        if test in SIGNS:
            return self.dialect.comparison(xs, [SIGNS[test]])
        if test == "bool":
            return self.condition(xs[0])
        if test == "has_predecessor":
            return self.dialect.call(self.walk.function(kernels.has_predecessor), xs)
        if test == "data":
            found = xs[0]
        elif test == "sign":
            found = self.dialect.call(self.walk.function(records._sign), xs)
        elif test == "floordiv":
            found = self.dialect.arithmetic("//", *xs, safe=False)
        elif test == "round" and constant(xs[1]) != 0.0:
            raise UnprintableError(f"round to digits behind the point can't be written in {self.language}")
        else:
            found = self.helper({"signbit": "sign_of", "round": "round_even"}.get(test, test), xs[:1])
        return self.agrees(found, result)

    def agrees(self, x: str, result: float) -> str:
        """Whether a number has the bits of another one."""
        if result != result:
            return self.dialect.comparison([x, x], ["!="])
        same = self.dialect.comparison([x, self.dialect.number(result)], ["=="])
        if result != 0.0:
            return same
        sign = self.dialect.number(-1.0 if str(result)[0] == "-" else 1.0)
        return self.dialect.both([same, self.dialect.comparison([self.helper("sign_of", [x]), sign], ["=="])])

    def _computed(self, i: int) -> list[str]:
        record, slots = self.plan.code[i]
        name = self.plan.names[self.plan.first + i]
        xs = [self.plan.names[slot] for slot in slots]
        if record is programs.stop:
            return [self.line(name, xs[0])]
        if isinstance(record, ListPrimitive):
            found, lines = self._list_of(record.origin, slots)
            return [*lines, self.line(name, f"{found}[{int(record.options['component'])}]")]
        if isinstance(record, NaryPrimitive):
            return [self.line(name, self._many(record, xs))]
        try:
            return [self.line(name, self.walk.value(record, self._operands(record, xs)))]
        except (UntranslatableError, OSError, TypeError):  # of one's own, whose source may be anywhere
            raise self.refused(record) from None

    def _operands(self, record: Primitive, xs: Sequence[str]) -> list[str]:
        return [self.condition(xs[0]), *xs[1:]] if record.name == "where" else list(xs)

    def _many(self, record: NaryPrimitive, xs: Sequence[str]) -> str:
        if getattr(records, record.name, None) is not record.origin:
            raise self.refused(record)
        if record.name in printed_pairs.SPREADS:
            return self.helper(printed_pairs.SPREADS[record.name][0], [self.array(xs), *self._freedom(record, len(xs))])
        parts = record.sequences_in(xs)
        helper = {"sum": "total", "max": "largest", "min": "smallest", "prod": "product"}.get(record.name, record.name)
        return self.many(helper, parts)

    def _freedom(self, record: Primitive, count: int) -> list[str]:
        """The number of operands less ddof, as a pair of numbers."""
        left = count - Fraction(record.options["ddof"])
        high = float(left)
        return [self.dialect.number(high), self.dialect.number(float(left - Fraction(high)))]

    def _list_of(self, record: Primitive, slots: Sequence[int]) -> tuple[str, list[str]]:
        """The name of a softmax or the like, and the line that computes it if there is none yet."""
        if getattr(records, record.name, None) is not record:
            raise self.refused(record)
        key = record, tuple(slots)
        name = "deviations" if record.name == "deviation" else record.name
        if key not in self._lists:
            self._lists[key] = self.names.take(name if name[-1] == "s" else f"{name}es")
        if key in self._computed_lists:
            return self._lists[key], []
        self._computed_lists.add(key)
        xs = self.array([self.plan.names[slot] for slot in slots])
        return self._lists[key], [self.listed(self._lists[key], name, len(slots), [xs])]

    # ---- backward ----------------------------------------------------------------------------------

    def backward(self, sweep: Sweep) -> list[str]:
        """The lines that compute the derivatives of one output."""
        plan = self.plan
        derivatives: dict[int, str] = {}
        slopes: dict[int, Callable[[int], str]] = {}
        lines = []
        for slot in [*[plan.first + i for i in sweep.order], *[s for s in plan.arguments if plan.active[s]]]:
            terms = [
                self._product(derivatives[t.instruction], slopes[t.instruction](t.place)) for t in sweep.terms.get(slot, [])
            ]
            if slot == sweep.output:
                terms = [self.dialect.number(1.0)]
            elif slot < plan.first:
                terms = [self.dialect.number(0.0), *terms]
            lines += self.summing(sweep, slot, terms)
            if slot >= plan.first:
                i = slot - plan.first
                is_known = len(terms) == 1 and constant(terms[0]) is not None
                derivatives[i] = terms[0] if is_known else plan.derivatives[slot]
                before, slopes[i] = self._slopes(i)
                lines += before
        return lines

    def summing(self, sweep: Sweep, slot: int, terms: Sequence[str]) -> list[str]:
        """The lines that compute the derivative of a slot from its summands."""
        del sweep
        return self._summed(self.plan.derivatives[slot], terms)

    def _summed(self, name: str, terms: Sequence[str]) -> list[str]:
        """The line that adds terms up from the left; several where there are many."""
        lines, line = [], f"{name} = {terms[0] if len(terms) > 1 else bare(terms[0])}"
        for term in terms[1:]:
            if len(line) + len(term) > WIDTH and " + " in line:
                lines.append(f"{line};")
                line = f"{name} = {name}"
            line += f" + {term}"
        lines.append(f"{line};")
        return [(self.declared_anew if len(lines) > 1 else self.declared) + lines[0], *lines[1:]]

    def _product(self, upstream: str, local: str) -> str:
        """Upstream times local derivative; an upstream of zero stops, unless the local one is a finite number."""
        known, factor = constant(upstream), constant(local)
        if known == 1.0:
            return local
        if factor == 1.0:
            return upstream
        if factor == -1.0:
            return self.dialect.number(-known) if known is not None else self.dialect.negative(upstream)
        product = self.dialect.arithmetic("*", upstream, local, safe=True)
        return product if known or factor is not None else self.stopping(upstream, product)

    def _slopes(self, i: int) -> tuple[list[str], Callable[[int], str]]:
        """The local derivatives of an instruction: lines that come first, and the expression for each operand."""
        record, slots = self.plan.code[i]
        xs = [self.plan.names[slot] for slot in slots]
        z = self.plan.names[self.plan.first + i]
        if not isinstance(record, NaryPrimitive):
            return [], lambda place: self._slope(record, place, z, xs)
        if record.name == "sum":
            return [], lambda place: self.dialect.number(1.0)
        if record.name == "mean":
            return [], lambda place: self.dialect.number(1.0 / len(xs))
        if record.name == "dot":
            half = len(xs) // 2
            return [], lambda place: xs[place - half if place >= half else place + half]
        if record.name == "deviation":
            n, own = len(xs), int(record.options["component"])
            return [], lambda place: self.dialect.number((n - 1) / n if place == own else -1.0 / n)
        helper = {
            "max": "tied_shares", "min": "tied_shares", "logsumexp": "softmax", "softmax": "softmax_slopes",
            "log_softmax": "log_softmax_slopes", "prod": "products_without", "norm": "direction",
            **{name: both[1] for name, both in printed_pairs.SPREADS.items()},
        }[record.name]  # fmt: skip
        before: list[str] = []
        arguments = [self.array(xs)]
        if isinstance(record, ListPrimitive):
            shares, before = self._list_of(records.softmax, slots)
            arguments = [
                self.array_of(shares, len(xs)),
                str(int(record.options["component"])),
                *[z] * (helper == "softmax_slopes"),
            ]
        elif helper in ("tied_shares", "direction"):
            arguments.append(z)
        elif record.name in printed_pairs.SPREADS:
            arguments += self._freedom(record, len(xs))
        name = self.names.take(f"slopes_of_{z}")
        return [*before, self.listed(name, helper, len(xs), arguments)], lambda place: f"{name}[{place}]"

    def _slope(self, record: Primitive, place: int, z: str, xs: Sequence[str]) -> str:
        operand = list(record.__signature__.parameters)[place]
        operands = self._operands(record, xs)
        if record is records.power and constant(xs[1]) == 2.0:
            return self.dialect.arithmetic("*", self.dialect.number(2.0), xs[0], safe=True)
        try:
            text = self.walk.slope(record, operand, [z, *operands])
        except UntranslatableError:
            raise self.refused(record) from None
        if text is None:
            raise UnprintableError(f"{record.name}: {operand} is a parameter and has no derivative")
        return text
