"""Translates the records into other languages: Cython is the one that the native engine is built from.

The kernels and the rules of the records are a few lines of arithmetic on floats each, so they are read from
their source and written again. That takes two things that know nothing of each other: a `Walk`, which reads Python and knows
what each part of it means, and a `Dialect`, which knows how a language writes that.

What can't be translated (a loop, a list, a decimal) is not computed in the other language at all, and neither is what would
raise in Python: the text asks. For Cython that clears a flag, and the native engine asks
the record itself. So every number comes from the same formula, and every error from the same line, on either engine.

``python -m autograd.translate`` writes ``_rules.pxi``, which stays in the repository: building the package then needs neither
this module nor the package itself, and a change of a kernel shows what it does to the compiled code. A test holds the file to
its source, and another one holds each rule to its record bit by bit.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from . import kernels, printed_pairs, records
from .files import write_whole
from .parsing import parsed
from .record import Primitive

__all__ = ["Cython", "Dialect", "UntranslatableError", "Walk", "rules_source"]

TARGET = Path(__file__).with_name("_rules.pxi")
MODULES = {kernels.__name__: "k_", records.__name__: "p_"}  # whose functions are translated, and how their names begin
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.Mod: "%",
    ast.FloorDiv: "//",
}


class UntranslatableError(Exception):
    """This piece of a function can't be written in another language."""


# ---- a language --------------------------------------------------------------------------------------


class Dialect:
    """How a language writes what the walk finds: here as Python does. Another language changes what it writes differently.

    The text of an expression holds together by itself, in parentheses if need be.

    Attributes:
        ask: the expression for a number that can't be computed here.
        true: the expression for what is always the case.
        conjunction: what stands between conditions that all hold.
        disjunction: between those of which one holds.
        no: before one that doesn't.
        named: functions that the language has itself, and what it calls them.
    """

    conjunction, disjunction, no = " and ", " or ", "not "
    ask = "ask()"
    true = "True"
    named: Mapping[Any, str] = {}

    def number(self, x: float) -> str:
        """A constant."""
        return repr(x) if math.copysign(1.0, x) > 0 else f"({x!r})"

    def negative(self, x: str) -> str:
        """-x."""
        return f"(-{x})"

    def arithmetic(self, sign: str, x: str, y: str, *, safe: bool) -> str:
        """x + y and the like; safe where a divisor is a constant that isn't zero."""
        return f"({x} {sign} {y})"

    def comparison(self, xs: Sequence[str], signs: Sequence[str]) -> str:
        """x < y, x < y <= z."""
        rest = "".join([f" {sign} {x}" for sign, x in zip(signs, xs[1:], strict=True)])
        return f"({xs[0]}{rest})"

    def both(self, xs: Sequence[str]) -> str:
        """Whether all hold."""
        return f"({self.conjunction.join(xs)})"

    def either(self, xs: Sequence[str]) -> str:
        """Whether one holds."""
        return f"({self.disjunction.join(xs)})"

    def negation(self, x: str) -> str:
        """Whether x does not hold."""
        return f"({self.no}{x})"

    def choice(self, test: str, x: str, y: str) -> str:
        """x if the test holds, else y."""
        return f"({x} if {test} else {y})"

    def is_whole(self, x: str) -> str:
        """Whether x is a whole number."""
        return f"{x}.is_integer()"

    def call(self, name: str, xs: Sequence[str]) -> str:
        """A call of a function that was translated, or that the language has."""
        return f"{name}({', '.join(xs)})"

    def assigned(self, names: Sequence[str], xs: Sequence[str]) -> str:
        """A statement: names are given values, all at once."""
        return f"{', '.join(names)} = {', '.join(xs)}"

    def returned(self, x: str) -> str:
        """A statement: x is the result."""
        return f"return {x}"

    def branch(self, test: str, body: Sequence[str], otherwise: Sequence[str]) -> list[str]:
        """A statement: the lines of the body if the test holds, else the others, which may be none."""
        lines = [f"if {test}:", *_indented(body)]
        return [*lines, "else:", *_indented(otherwise)] if otherwise else lines

    def definition(self, name: str, operands: Sequence[str], variables: Sequence[str], body: Sequence[str]) -> str:
        """A function, with the variables that its body assigns."""
        return "\n".join([f"def {name}({', '.join(operands)}):", *_indented(body)])


class Cython(Dialect):
    """C doubles. What raises in Python, and what isn't finite in a function of the C library, clears the flag ``ok``."""

    ask = "ask(ok)"
    # What `math` takes from the C library as it is. Each is called through a wrapper that lets finite results pass only.
    library = (
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "exp", "exp2", "expm1",
        "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
    )  # fmt: skip
    safe: Mapping[Any, str] = {
        abs: "c_fabs", math.copysign: "c_copysign", math.isfinite: "c_isfinite", math.fmod: "c_fmod",
    }  # fmt: skip
    # What is written by hand: Python's own functions, kernels with a table or a loop, and those that take decimals.
    by_hand: Mapping[Any, str] = {
        math.hypot: "c_hypot", kernels._power_or_inf: "c_pow",
        **{function: f"c_{function.__name__}" for function in (
            kernels.logaddexp, kernels.share, kernels.erfc, kernels.gelu, kernels.gelu_dx,
        )},
        **printed_pairs.NATIVE,
    }  # fmt: skip
    named: Mapping[Any, str] = {**safe, **by_hand, **{getattr(math, name): f"c_{name}" for name in library}}

    def number(self, x: float) -> str:
        """A constant, by the names of C where it isn't finite."""
        if x != x:
            return "NAN"
        return super().number(x) if math.isfinite(x) else "INFINITY" if x > 0 else "(-INFINITY)"

    def arithmetic(self, sign: str, x: str, y: str, *, safe: bool) -> str:
        """x + y and the like; a quotient or power that might raise in Python by a function, and so a remainder."""
        if sign in ("%", "//", "**"):
            return self.call({"%": "c_mod", "//": "c_floordiv", "**": "c_pow"}[sign], [x, y])
        return super().arithmetic(sign, x, y, safe=safe) if safe or sign != "/" else self.call("c_div", [x, y])

    def is_whole(self, x: str) -> str:
        """Whether x is a whole number."""
        return f"(c_floor({x}) == {x})"

    def call(self, name: str, xs: Sequence[str]) -> str:
        """A call, which hands the flag on."""
        return super().call(name, xs if name in self.safe.values() else [*xs, "ok"])

    def definition(self, name: str, operands: Sequence[str], variables: Sequence[str], body: Sequence[str]) -> str:
        """A function of doubles."""
        head = f"cdef double {name}({''.join(f'double {x}, ' for x in operands)}int* ok) noexcept nogil:"
        declared = [f"cdef double {', '.join(variables)}"] if variables else []
        return "\n".join([head, *_indented([*declared, *body])])


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


# ---- the walk ----------------------------------------------------------------------------------------


class Walk:
    """Reads functions of floats, and the functions that they call, and writes them in another language.

    Args:
        dialect: the language.

    Attributes:
        texts: the functions that were translated on the way, by name, those that are called first.

    >>> from autograd.kernels import leaky_relu
    >>> walk = Walk(Cython())
    >>> print(walk.texts[walk.function(leaky_relu)])
    cdef double k_leaky_relu(double x, double negative_slope, int* ok) noexcept nogil:
        return (x if (x > 0.0) else (negative_slope * x))
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.texts: dict[str, str] = {}
        self._names: dict[Any, str] = {}
        self._asking: set[str] = set()  # the functions that compute nothing here, whatever they are handed

    def function(self, function: Any) -> str:
        """The name of a function in the other language; translates it first if need be.

        Raises:
            UntranslatableError: the function is not one of the kernels or the records, or always asks.
        """
        if function in self.dialect.named:
            return self.dialect.named[function]
        if isinstance(function, Primitive):
            return self.function(function.function)
        if not isinstance(function, FunctionType) or function.__module__ not in MODULES:
            raise UntranslatableError(function)
        if function not in self._names:
            self._translate(function)
        if self._names[function] in self._asking:
            raise UntranslatableError(function)
        return self._names[function]

    def _translate(self, function: FunctionType) -> None:
        tree = _tree(function)
        operands = [a.arg for a in tree.args.args]
        self._names[function] = name = MODULES[function.__module__] + tree.name.lstrip(
            "_"
        )  # before its body, which may call it
        body = _Body(self, inspect.unwrap(function).__globals__, operands)
        try:
            lines = body.block(tree.body[1:] if ast.get_docstring(tree) else tree.body)
        except UntranslatableError:
            self._asking.add(name)
            return
        variables = sorted(body.assigned - set(operands))
        if not variables and lines == [self.dialect.returned(self.dialect.ask)]:
            self._asking.add(name)
        else:
            self.texts[name] = self.dialect.definition(name, operands, variables, lines)

    def value(self, record: Primitive, operands: Sequence[str] = ()) -> str:
        """The value of a record as an expression of its operands.

        Args:
            record: the record.
            operands: the text of each operand; their own names if left out.

        Raises:
            UntranslatableError: it can't be written.
        """
        names = _operands(record)
        return self._expression(returned_by(record), names, operands)

    def slope(self, record: Primitive, operand: str, operands: Sequence[str] = ()) -> str | None:
        """The rule for an operand of a record as an expression of z and the operands; None where there is none.

        Args:
            record: the record.
            operand: the name of the operand.
            operands: the text of z and of each operand; their own names if left out.

        Raises:
            UntranslatableError: it can't be written.
        """
        rule = rules_of(record).get(f"d{operand}")
        return None if rule is None else self._expression(rule.body, [a.arg for a in rule.args.args], operands)

    def _expression(self, tree: ast.expr, names: Sequence[str], operands: Sequence[str]) -> str:
        body = _Body(self, vars(records), names)
        body.texts = dict(zip(names, operands, strict=bool(operands)))
        text = body.expression(tree)
        if text == self.dialect.ask:
            raise UntranslatableError(ast.unparse(tree))
        return text

    def kept(self) -> Callable[[], None]:
        """A function that forgets what is translated from now on: for a record of which one part can't be."""
        before = dict(self.texts), dict(self._names), set(self._asking)

        def forget() -> None:
            self.texts, self._names, self._asking = before

        return forget


@cache
def _tree(function: Any) -> ast.FunctionDef:
    (tree,) = parsed(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    return tree


def _function(record: Primitive) -> Any:
    """The function that a record was made from."""
    return inspect.unwrap(record)


def returned_by(record: Primitive) -> ast.expr:
    """What the function of a record returns, as a tree."""
    (statement,) = _tree(_function(record)).body[1:]
    assert isinstance(statement, ast.Return)
    assert statement.value
    return statement.value


def _operands(record: Primitive) -> tuple[str, ...]:
    return tuple(record.__signature__.parameters)


def rules_of(record: Primitive) -> dict[str, ast.Lambda]:
    """The rules of a record as trees, by the names that its decorator takes them by."""
    (decorator,) = _tree(_function(record)).decorator_list
    assert isinstance(decorator, ast.Call)
    return {k.arg: k.value for k in decorator.keywords if k.arg and isinstance(k.value, ast.Lambda) and k.arg != "kinks"}


class _Body:
    """The inside of one function."""

    def __init__(self, walk: Walk, namespace: dict[str, Any], operands: Sequence[str]) -> None:
        self.walk = walk
        self.dialect = walk.dialect
        self.namespace = namespace
        self.assigned = set(operands)
        self.texts: dict[str, str] = {}  # what stands for an operand, where that is not its name
        self.asks = False  # whether the statement just read gives a name a number that can't be computed here

    # ---- statements --------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> list[str]:
        """The lines of statements; where a number can't be computed here, the block asks and ends."""
        lines: list[str] = []
        for statement in statements:
            lines += self.statement(statement)
            if self.asks:  # nothing that depends on it is worth computing
                self.asks = False
                return [*lines, self.dialect.returned(self.dialect.ask)]
        return lines

    def statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Return(value=ast.expr() as value):
                return [self.dialect.returned(self.expression(value))]
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                return self.assignment([ast.unparse(t) for t in targets], values)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                return self.assignment([name], [value])
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                return self.assignment([name], [ast.BinOp(ast.Name(name, ast.Load()), op, value)])
            case ast.If(test=test, body=body, orelse=orelse):
                return self.dialect.branch(self.expression(test), self.block(body), self.block(orelse))
            case ast.Raise():
                return [self.dialect.returned(self.dialect.ask)]
            case _:  # a loop, a try
                raise UntranslatableError(ast.unparse(node))

    def assignment(self, names: Sequence[str], values: Sequence[ast.expr]) -> list[str]:
        texts = [self.expression(value) for value in values]
        self.assigned.update(names)
        self.asks = self.dialect.ask in texts
        return [] if self.asks else [self.dialect.assigned(names, texts)]

    # ---- expressions -------------------------------------------------------------------------------

    def expression(self, node: ast.expr) -> str:
        """An expression, or the words that ask where it can't be written."""
        try:
            return self.written(node)
        except UntranslatableError:
            return self.dialect.ask

    def written(self, node: ast.expr) -> str:
        if self.is_constant(node):
            return self.dialect.number(float(self.evaluated(node)))
        match node:
            case ast.Name(id=name) if name in self.assigned:
                return self.texts.get(name, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.dialect.negative(self.written(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.dialect.negation(self.written(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                safe = self.is_constant(right) and self.evaluated(right) != 0.0
                return self.dialect.arithmetic(ARITHMETIC[type(op)], self.written(left), self.written(right), safe=safe)
            case ast.Compare(left=ast.Call(func=ast.Name(id="type"), args=[ast.Name()]), ops=[ast.Is()]):
                return self.dialect.true  # `type(x) is float`, and here it is
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in COMPARISONS for op in ops):
                return self.dialect.comparison(
                    [self.written(x) for x in (left, *others)], [COMPARISONS[type(op)] for op in ops]
                )
            case ast.BoolOp(op=op, values=values):
                return self.joined(op, [self.written(value) for value in values])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self.written(test)
                if condition == self.dialect.true:
                    return self.written(body)
                return self.dialect.choice(condition, self.expression(body), self.expression(orelse))
            case ast.Call(func=ast.Name(id="number_of"), args=[operand]):
                return self.written(operand)  # likewise
            case ast.Call(func=ast.Attribute(value=value, attr="is_integer"), args=[]):
                return self.dialect.is_whole(self.written(value))
            case ast.Call(func=function, args=operands, keywords=[]):
                texts = [text for x in operands for text in self.operand(x)]
                return self.dialect.call(self.walk.function(self.evaluated(function)), texts)
            case _:
                raise UntranslatableError(ast.unparse(node))

    def joined(self, op: ast.boolop, texts: Sequence[str]) -> str:
        if set(texts) == {self.dialect.true}:
            return self.dialect.true
        return self.dialect.both(texts) if isinstance(op, ast.And) else self.dialect.either(texts)

    def operand(self, node: ast.expr) -> Iterator[str]:
        """One argument, or several constants with a star before them."""
        if not isinstance(node, ast.Starred):
            yield self.written(node)
        elif self.is_constant(node.value):
            yield from map(self.dialect.number, self.evaluated(node.value))
        else:
            raise UntranslatableError(ast.unparse(node))

    # ---- names and constants -----------------------------------------------------------------------

    def is_constant(self, node: ast.expr) -> bool:
        """Whether it holds no variable and no call but those of `math`, so that it can be evaluated now."""
        for part in ast.walk(node):
            match part:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="math")), args=operands):
                    if not all(self.is_constant(x) for x in operands):
                        return False
                case ast.Call():
                    return False
                case ast.Name(id=name):
                    if name in self.assigned or not (name in self.namespace or hasattr(builtins, name)):
                        return False
        return True

    def evaluated(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "constant", "eval"), self.namespace)


# ---- the rules of the native engine ------------------------------------------------------------------


def rules_source() -> str:
    """The text of ``_rules.pxi``.

    >>> "cdef inline void r_multiply(" in rules_source()
    True
    """
    walk = Walk(Cython())
    rules: dict[str, str] = {}
    left_out: list[str] = []
    for name, record in vars(records).items():
        if isinstance(record, Primitive):
            forget = walk.kept()
            try:
                rules[name] = _rule(walk, record)
            except UntranslatableError:
                forget()
                left_out.append(name)
    head = [
        "# Written by `python -m autograd.translate` from kernels.py and records.py. Change those, not this.",
        "#",
        "# k_* is a kernel, p_* a piece of a partial, r_* a rule: the value of one record, and the partials that are wanted.",
        "# What ask() stands for is computed by the record itself, in Python. These have no rule:",
        f"# {' '.join(left_out)}",
    ]
    return "\n\n".join(["\n".join(head), *_c_library(), *walk.texts.values(), *rules.values(), *_tables(rules)]) + "\n"


def _tables(names: Iterable[str]) -> list[str]:
    """The numbers of the rules, and by number their records' names, how many operands they take, and the rules themselves."""
    numbers = "\n".join(["cdef enum:", *[f"    RULE_{name.upper()}" for name in names], "    RULE_COUNT"])
    listed = "\n".join(["cdef tuple RULE_NAMES = (", *[f'    "{name}",' for name in names], ")"])
    rows = [
        f"    RULES[RULE_{name.upper()}], ARITIES[RULE_{name.upper()}] = r_{name}, {vars(records)[name].arity}"
        for name in names
    ]
    tables = "cdef rule_function RULES[RULE_COUNT]\ncdef int ARITIES[RULE_COUNT]"
    return [numbers, listed, tables, "\n".join(["cdef void load_rules() noexcept:", *rows])]


def _c_library() -> list[str]:
    """The declarations and the wrappers of the C library's functions, and the declarations of what ``_sequences.c`` has."""
    declared, wrapped = ['cdef extern from "<math.h>" nogil:'], []
    for name in Cython.library:
        names = ["y", "x"] if name == "atan2" else ["x"]
        typed = ", ".join(f"double {n}" for n in names)
        declared.append(f'    double libm_{name} "{name}"({typed})')
        wrapped.append(
            f"cdef inline double c_{name}({typed}, int* ok) noexcept nogil:\n"
            f"    return finite(libm_{name}({', '.join(names)}), ok)"
        )
    exact = ['cdef extern from "_sequences.h" nogil:']
    for function, name in printed_pairs.NATIVE.items():
        exact.append(f"    double {name}({''.join(f'double {x}, ' for x in inspect.signature(function).parameters)}int* ok)")
    return ["\n".join(declared), "\n".join(exact), *wrapped]


def _rule(walk: Walk, record: Primitive) -> str:
    """The rule of one record: its value, and the partials that are wanted."""
    if record.arity not in (1, 2):
        raise UntranslatableError(record)
    operands = _operands(record)
    value, slopes = walk.value(record), [walk.slope(record, operand) for operand in operands]
    arguments = ", ".join(f"double {x}" for x in (*operands, "unused")[:2])
    lines = [
        f"cdef inline void r_{record.name}({arguments}, int wanted, double* value, double* first, double* second, int* ok) "
        "noexcept nogil:",
        f"    cdef double z = {value}",
        "    value[0] = z",
    ]
    for bit, pointer, slope in zip((1, 2), ("first", "second"), slopes, strict=False):
        lines.append(f"    if wanted & {bit}:")
        # A parameter takes no Value, and the record says so in its own words.
        lines.append(f"        {pointer}[0] = {slope}" if slope else f"        {Cython.ask}")
    return "\n".join(lines)


def written_file(arguments: list[str], target: Path, text: str, module: str) -> int:
    """What a module does that writes a file: write it; with ``--check`` compare it and return 1 if it is out of date.

    Args:
        arguments: of the command.
        target: the file.
        text: what belongs into it.
        module: whose command it is.
    """
    if arguments == ["--check"]:
        if target.read_text(encoding="utf-8") != text:
            print(f"{target.name} is out of date; run python -m autograd.{module}", file=sys.stderr)
            return 1
        return 0
    if arguments:
        print(f"usage: python -m autograd.{module} [--check]", file=sys.stderr)
        return 2
    write_whole(target, text)
    return 0


def main(arguments: list[str]) -> int:
    """Write ``_rules.pxi``, or check it; see `written_file`."""
    return written_file(arguments, TARGET, rules_source(), "translate")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
