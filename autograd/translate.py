"""Translates the records into Cython, for the native engine: ``python -m autograd.translate`` writes ``_rules.pxi``.

The kernels and the partials of the records are a few lines of arithmetic on floats each, so they are read from
their source and written again with C doubles. What can't be translated (a loop, a list, a decimal) and whatever
would raise in Python is not computed in C at all: the translated rule clears a flag, and the native engine asks
the record itself. So every number comes from the same formula, and every error from the same line, on either engine.

A test holds the file to its source, and another one holds each rule to its record bit by bit.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

from . import kernels, records
from .files import write_whole
from .record import NaryPrimitive, Primitive

__all__ = ["rules_source"]

TARGET = Path(__file__).with_name("_rules.pxi")
# What `math` takes from the C library as it is. Each is called through a wrapper that lets finite results pass only;
# hypot and fsum are not here, since Python has its own.
C_FUNCTIONS = frozenset({
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "erf", "exp", "exp2", "expm1",
    "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
})  # fmt: skip
# Functions whose translation is written by hand in _native.pyx.
BY_HAND = {kernels._power_or_inf: "c_pow"}
ASK = "ask(ok)"


class _CannotTranslateError(Exception):
    """This piece stays in Python."""


class _Translator:
    """Translates functions of floats, and the functions that they call, into Cython."""

    def __init__(self) -> None:
        self.names: dict[FunctionType, str] = {}
        self.texts: dict[str, str] = {}
        self.asking: set[str] = set()

    def function(self, function: Any) -> str:
        """The C name of a translated function; translates it first if need be."""
        if function in BY_HAND:
            return BY_HAND[function]
        if function in self.names:
            return self.names[function]
        source = inspect.getsource(function)
        (tree,) = ast.parse(source).body
        assert isinstance(tree, ast.FunctionDef)
        arguments = [a.arg for a in tree.args.args]
        name = ("k_" if function.__module__ == kernels.__name__ else "p_") + tree.name.lstrip("_")
        self.names[function] = name  # before its body, which may call it
        try:
            body = _Body(self, function.__globals__, arguments)
            lines = body.block(tree.body[1:] if ast.get_docstring(tree) else tree.body)
            declared = sorted(body.assigned - set(arguments))
            if declared:
                lines.insert(0, f"cdef double {', '.join(declared)}")
        except _CannotTranslateError:
            lines = [f"return {ASK}"]
        if lines == [f"return {ASK}"]:
            self.asking.add(name)
            return name
        head = f"cdef double {name}({''.join(f'double {a}, ' for a in arguments)}int* ok) noexcept nogil:"
        self.texts[name] = "\n".join([head, *["    " + line for line in lines]])
        return name

    def expression(self, tree: ast.expr, namespace: dict[str, Any], arguments: list[str]) -> str:
        """One expression of the named doubles."""
        return _Body(self, namespace, arguments).expression(tree)


class _Body:
    """The inside of one function."""

    def __init__(self, translator: _Translator, namespace: dict[str, Any], arguments: list[str]) -> None:
        self.translator = translator
        self.namespace = namespace
        self.assigned = set(arguments)

    # ---- statements --------------------------------------------------------------------------------

    def block(self, statements: list[ast.stmt]) -> list[str]:
        lines: list[str] = []
        for statement in statements:
            lines += self.statement(statement)
            if lines[-1].endswith(f"= {ASK}"):  # nothing that depends on it is worth computing
                return [*lines[:-1], f"return {ASK}"]
        return lines

    def statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Return(value=ast.expr() as value):
                return [f"return {self.expression(value)}"]
            case ast.Raise():
                return [f"return {ASK}"]
            case ast.Assign(targets=[target], value=value):
                return [self.assignment(target, value)]
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return [self.assignment(target, value)]
            case ast.AugAssign(target=ast.Name(id=name)):
                value = ast.BinOp(ast.Name(name, ast.Load()), node.op, node.value)
                return [f"{name} = {self.expression(value)}"]
            case ast.If():
                return self.choice(node)
            case _:
                raise _CannotTranslateError

    def assignment(self, target: ast.expr, value: ast.expr) -> str:
        match target, value:
            case ast.Name(id=name), _:
                text = self.expression(value)
                self.assigned.add(name)
                return f"{name} = {text}"
            case ast.Tuple(elts=targets), ast.Tuple(elts=values):
                texts = [self.expression(v) for v in values]
                names = [ast.unparse(t) for t in targets]
                self.assigned.update(names)
                return f"{', '.join(names)} = {', '.join(texts)}"
        raise _CannotTranslateError

    def choice(self, node: ast.If) -> list[str]:
        lines = [f"if {self.expression(node.test)}:", *["    " + line for line in self.block(node.body)]]
        if node.orelse:
            lines += ["else:", *["    " + line for line in self.block(node.orelse)]]
        return lines

    # ---- expressions -------------------------------------------------------------------------------

    def expression(self, node: ast.expr) -> str:
        try:
            return self._expression(node)
        except _CannotTranslateError:
            return ASK

    def _expression(self, node: ast.expr) -> str:
        if self.is_constant(node):
            return self.constant(node)
        match node:
            case ast.Name(id=name) if name in self.assigned:
                return name
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self._expression(operand)})"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"(not {self._expression(operand)})"
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(left, op, right)
            case ast.Compare(left=ast.Call(func=ast.Name(id="type"), args=[ast.Name()]), ops=[ast.Is()]):
                return "True"  # `type(x) is float`, and here it is
            case ast.Compare(left=left, ops=ops, comparators=others):
                text = self._expression(left)
                for sign, other in zip(ops, others, strict=True):
                    text += f" {self.sign(sign)} {self._expression(other)}"
                return f"({text})"
            case ast.BoolOp(op=op, values=values):
                joint = " and " if isinstance(op, ast.And) else " or "
                texts = [self._expression(value) for value in values]
                if set(texts) == {"True"}:
                    return "True"
                return f"({joint.join(texts)})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self._expression(test)
                if condition == "True":
                    return self._expression(body)
                return f"({self.expression(body)} if {condition} else {self.expression(orelse)})"
            case ast.Call(func=ast.Attribute(value=value, attr="is_integer"), args=[]):
                text = self._expression(value)
                return f"(c_floor({text}) == {text})"
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self.call(self.evaluated(function), arguments)
            case _:
                raise _CannotTranslateError

    def arithmetic(self, left: ast.expr, op: ast.operator, right: ast.expr) -> str:
        a, b = self._expression(left), self._expression(right)
        match op:
            case ast.Add():
                return f"({a} + {b})"
            case ast.Sub():
                return f"({a} - {b})"
            case ast.Mult():
                return f"({a} * {b})"
            case ast.Div() if self.is_constant(right) and float(b) != 0.0:
                return f"({a} / {b})"
            case ast.Div():
                return f"c_div({a}, {b}, ok)"  # Python raises where the divisor is zero
            case ast.Pow():
                return f"c_pow({a}, {b}, ok)"
            case _:
                raise _CannotTranslateError

    def sign(self, op: ast.cmpop) -> str:
        signs: dict[type[ast.cmpop], str] = {
            ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
        }  # fmt: skip
        return signs[type(op)]

    def call(self, function: Any, arguments: list[ast.expr]) -> str:
        texts: list[str] = []
        for argument in arguments:
            if isinstance(argument, ast.Starred):
                if not self.is_constant(argument.value):
                    raise _CannotTranslateError
                texts += [_literal(x) for x in self.evaluated(argument.value)]
            else:
                texts.append(self._expression(argument))
        inside = ", ".join(texts)
        if function is abs:
            return f"c_fabs({inside})"
        if function is math.copysign:
            return f"c_copysign({inside})"
        if function is math.isfinite:
            return f"c_isfinite({inside})"
        if isinstance(function, Primitive):
            function = _kernel(function)
        if isinstance(function, FunctionType) and function.__module__ in (kernels.__name__, records.__name__):
            name = self.translator.function(function)
            return ASK if name in self.translator.asking else f"{name}({inside}, ok)"
        name = getattr(function, "__name__", "")
        if name in C_FUNCTIONS and getattr(math, name) is function:
            return f"c_{name}({inside}, ok)"
        raise _CannotTranslateError

    # ---- names and constants -----------------------------------------------------------------------

    def is_constant(self, node: ast.expr) -> bool:
        """Whether it holds no variable and no call, so that it can be evaluated now."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and not self.is_constant_call(part):
                return False
            if isinstance(part, ast.Name) and (part.id in self.assigned or not self.is_known(part.id)):
                return False
        return True

    def is_known(self, name: str) -> bool:
        """Whether it is a name of the module, or a builtin."""
        return name in self.namespace or hasattr(builtins, name)

    def is_constant_call(self, node: ast.Call) -> bool:
        match node.func:
            case ast.Attribute(value=ast.Name(id="math")):
                return all(self.is_constant(a) for a in node.args)
        return False

    def evaluated(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "constant", "eval"), self.namespace)

    def constant(self, node: ast.expr) -> str:
        return _literal(float(self.evaluated(node)))


def _literal(x: float) -> str:
    if x != x:
        return "NAN"
    if math.isinf(x):
        return "INFINITY" if x > 0 else "(-INFINITY)"
    return repr(x) if x >= 0 and math.copysign(1.0, x) > 0 else f"({x!r})"


# ---- from records to rules -------------------------------------------------------------------------


def rules_source() -> str:
    """The text of ``_rules.pxi``.

    >>> "cdef inline void b_multiply(" in rules_source()
    True
    """
    translator = _Translator()
    rules: list[str] = []
    register: list[str] = []
    left_out: list[str] = []
    for name, definition in _written_records().items():
        record = vars(records)[name]
        before = dict(translator.names), dict(translator.texts), set(translator.asking)
        rule = None if isinstance(record, NaryPrimitive) else _rule(translator, name, record, definition)
        if rule is None:
            translator.names, translator.texts, translator.asking = before
            left_out.append(name)
            continue
        rules.append(rule)
        kind = "unary" if record.arity == 1 else "binary"
        register.append(f'    set_{kind}("{name}", {kind[0]}_{name})')
    head = [
        "# Written by `python -m autograd.translate` from kernels.py and records.py. Change those, not this.",
        "#",
        "# k_* is a kernel, p_* a piece of a partial, u_* and b_* a rule: the value and the partials of one record.",
        "# What ask() stands for, and all that these records do, is computed by the record itself, in Python:",
        *_wrapped(left_out),
    ]
    load = "\n".join(["cdef void load_rules() noexcept:", *register])
    return "\n\n".join(["\n".join(head), *_c_library(), *translator.texts.values(), *rules, load]) + "\n"


def _c_library() -> list[str]:
    """The declarations and the wrappers of the C library's functions."""
    declared, wrapped = ['cdef extern from "<math.h>" nogil:'], []
    for name in sorted(C_FUNCTIONS):
        names = ["y", "x"] if name == "atan2" else ["x"]
        typed = ", ".join(f"double {n}" for n in names)
        declared.append(f'    double libm_{name} "{name}"({typed})')
        wrapped.append(
            f"cdef inline double c_{name}({typed}, int* ok) noexcept nogil:\n"
            f"    return finite(libm_{name}({', '.join(names)}), ok)"
        )
    return ["\n".join(declared), *wrapped]


def _written_records() -> dict[str, ast.FunctionDef]:
    """The definition of each record in records.py, with its rules in the decorator."""
    found: dict[str, ast.FunctionDef] = {}
    for node in ast.parse(Path(records.__file__).read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef(name=name, decorator_list=[ast.Call(func=ast.Name(id="record"))]):
                found[name] = node
    return found


def _kernel(record: Primitive) -> Any:
    """The function that computes a record's value, where the record does nothing but call it."""
    (definition,) = ast.parse(inspect.getsource(record)).body
    match definition:
        case ast.FunctionDef(args=arguments, body=[_, ast.Return(value=ast.Call(func=function, args=given))]):
            if [ast.unparse(x) for x in given] == [a.arg for a in arguments.args]:
                return eval(compile(ast.Expression(function), "kernel", "eval"), vars(records))
    raise _CannotTranslateError


def _rule(translator: _Translator, name: str, record: Primitive, definition: ast.FunctionDef) -> str | None:
    """The rule of one record, or None where it asks Python whatever the operands are."""
    operands = [a.arg for a in definition.args.args]
    if len(operands) > 2:
        return None
    (decorator,) = definition.decorator_list
    assert isinstance(decorator, ast.Call)
    rules = {keyword.arg: keyword.value for keyword in decorator.keywords}
    partials = [rules.get(f"d{operand}") for operand in operands]
    first = next(p for p in partials if isinstance(p, ast.Lambda))
    z = first.args.args[0].arg
    returned = definition.body[-1]
    assert isinstance(returned, ast.Return)
    assert returned.value
    value = translator.expression(returned.value, vars(records), operands)
    texts = [
        translator.expression(p.body, vars(records), [a.arg for a in p.args.args]) if isinstance(p, ast.Lambda) else None
        for p in partials
    ]
    if ASK in (value, *texts):
        return None
    arguments = ", ".join(f"double {o}" for o in operands)
    if len(operands) == 1:
        return (
            f"cdef inline void u_{name}({arguments}, double* value, double* partial, int* ok) noexcept nogil:\n"
            f"    cdef double {z} = {value}\n    value[0] = {z}\n    partial[0] = {texts[0]}"
        )
    lines = [
        f"cdef inline void b_{name}({arguments}, int wanted, double* value, double* first, double* second, int* ok) "
        "noexcept nogil:",
        f"    cdef double {z} = {value}",
        f"    value[0] = {z}",
    ]
    for bit, pointer, text in ((1, "first", texts[0]), (2, "second", texts[1])):
        lines.append(f"    if wanted & {bit}:")
        # A parameter takes no Value, and the record says so in its own words.
        lines.append(f"        {pointer}[0] = {text}" if text else "        ask(ok)")
    return "\n".join(lines)


def _wrapped(names: list[str]) -> list[str]:
    lines = ["#"]
    for name in names:
        if len(lines[-1]) + len(name) > 110:
            lines.append("#")
        lines[-1] += f" {name}"
    return lines


def main(arguments: list[str]) -> int:
    """Write the file; with ``--check`` compare it and return 1 if it is out of date."""
    text = rules_source()
    if arguments == ["--check"]:
        if TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.name} is out of date; run python -m autograd.translate", file=sys.stderr)
            return 1
        return 0
    if arguments:
        print("usage: python -m autograd.translate [--check]", file=sys.stderr)
        return 2
    write_whole(TARGET, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
