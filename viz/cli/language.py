"""The little language of the command: parsed with `ast`, walked by a whitelist, never evaluated by Python.

Statements are ``name = expression`` or an expression. An expression has names, numbers, ``+ - * / ** %``, parentheses
and calls of autograd's primitives. What was decided here:

- A name is bound once; binding it again, or binding an input's name, is an error.
- A number that is given a name (``w = 2``) becomes a node with a gradient; other plain numbers are constants.
- ``pi`` and ``e`` are constants, unless they are inputs or assigned.
- Variables and functions are told apart by the call: ``sum = x + y; f = sum(x, sum)`` is fine.
- A function of many numbers takes them one by one or as a list: ``max(a, b)``, ``max([a, b])``, ``dot([a, b], [c, d])``.
- ``softmax([a, b])`` is a list: take ``[0]`` of it, give it a name, or hand it to a function that takes a list.

Nothing here recurses, so that nested expressions don't hit the recursion limit.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import keyword
import math
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import autograd
from autograd import Value

from ..digits import short
from ..text import shortened, visible
from .errors import CommandError
from .slips import find_slip
from .source import Source

__all__ = ["CONSTANTS", "MAX_CHAIN", "MAX_DEPTH", "MAX_NODES", "Program", "Row", "inputs", "parse_inputs", "run"]

CONSTANTS = {"pi": math.pi, "e": math.e}
MAX_DEPTH = 200  # operators, signs, calls and lists inside one another
MAX_CHAIN = 1_000  # terms of one flat a + b + c + ...
MAX_NODES = 10_000  # operations, names and numbers of the whole program

_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Mod: "remainder",
}
_UNARY = {ast.USub: "negative", ast.UAdd: "positive"}
_ALIASES = {
    "abs": "absolute",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}
_LANGUAGE = "names, numbers, + - * / ** %, parentheses, and calls such as exp(x)"
# What people call what they wrote, where the class name of `ast` would not help them.
_REFUSED = {
    ast.Attribute: "a dot after a name",
    ast.Compare: "a comparison",
    ast.BoolOp: "and/or",
    ast.IfExp: "if/else",
    ast.Lambda: "lambda",
    ast.NamedExpr: "the operator :=",
    ast.JoinedStr: "a string",
    ast.Starred: "a star before an argument",
    ast.Dict: "a dict",
    ast.Set: "a set",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Slice: "a slice",
}


@dataclass
class Row:
    """One line of the result.

    Attributes:
        name: its name; empty if it has none.
        expression: the text that computed it.
        kind: ``"input"``, ``"assigned"``, ``"intermediate"`` or ``"result"``.
        value: the node.
    """

    name: str
    expression: str
    kind: str
    value: Value


@dataclass
class Program:
    """What a run has computed.

    Attributes:
        rows: in the order in which they were computed, the result last.
        constants: the known constants that the statements use.
    """

    rows: list[Row] = field(default_factory=list)
    constants: dict[str, float] = field(default_factory=dict)

    @property
    def result(self) -> Row:
        """The last assigned name or the last expression."""
        return self.rows[-1]


def parse_inputs(words: Sequence[str]) -> dict[str, float]:
    """Read inputs such as ``x=-2``.

    Args:
        words: each ``name=number``, the number in Python's float syntax, inf and nan included.

    Raises:
        CommandError: a word is not name=number with a valid name and a number, or a name comes twice.

    >>> parse_inputs(["x=-2", "y=1e-3"])
    {'x': -2.0, 'y': 0.001}
    """
    inputs: dict[str, float] = {}
    for word in words:
        name, equals, number = word.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads names
        shown = visible(shortened(name, 60))
        if not equals:
            raise CommandError(
                f"'{visible(shortened(word, 60))}' is not an input; write name=number, such as x=-2 "
                f"(the expression comes first, in quotes)"
            )
        if not name.isidentifier():
            raise CommandError(f"'{shown}' can't be a name; use letters, digits and _, such as x1=2")
        if keyword.iskeyword(name):
            raise CommandError(f"'{shown}' is a keyword of Python and can't be a name; choose another")
        if name in inputs:
            raise CommandError(f"the input {shown} is given twice; give it once")
        inputs[name] = _read_number(shown, number)
    return inputs


def _read_number(name: str, text: str) -> float:
    shown = visible(shortened(text, 60))
    try:
        number = float(text)
    except ValueError:
        raise CommandError(f"the value of {name} is not a number: '{shown}'; write one, such as {name}=-2.5") from None
    if number in (float("inf"), float("-inf")) and "inf" not in text.lower():
        raise CommandError(f"the value of {name} is too large for a float: '{shown}'; write inf if you mean it")
    return number


def run(text: str, inputs: Mapping[str, float]) -> Program:
    """Compute the statements on the inputs.

    Args:
        text: statements separated by ``;`` or newlines.
        inputs: a number for each name that the statements use and don't assign.

    Returns:
        What was computed. `backward` has not been run.

    Raises:
        CommandError: anything about the statements or the inputs is wrong. For mathematics as it is written on paper,
            such as ``2x^2``, the message has the line to write.
    """
    machine = _Machine(Source(text), inputs)
    with machine.slips_told():
        return machine.run()


def inputs(text: str) -> tuple[str, ...]:
    """The free names of a text: what its statements use and don't assign, each of which `run` takes a number for.

    Known constants such as pi are not among them, and neither are names of functions: `run` says how to call these.

    Args:
        text: statements separated by ``;`` or newlines.

    Returns:
        The names, in the order in which they are first used.

    Raises:
        CommandError: the statements are not in the language, or a name is used before it is assigned or assigned twice.

    >>> inputs("q = x + y; f = q * z * pi")
    ('x', 'y', 'z')
    """
    machine = _Machine(Source(text), {})
    with machine.slips_told():
        missing, _ = machine.free(machine.plans())
    return tuple([name for name in missing if _ALIASES.get(name, name) not in machine.functions])


def _parse(source: Source) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings such as "invalid escape sequence" are about Python
        try:
            return ast.parse(source.text)
        except SyntaxError as error:
            raise _syntax_error(error, source) from None
        except (RecursionError, MemoryError):
            raise CommandError(_too_deep()) from None
        except ValueError as error:  # an integer with more digits than Python reads
            raise CommandError(f"syntax error: {visible(str(error))}") from None


def _syntax_error(error: SyntaxError, source: Source) -> CommandError:
    reason = error.msg or "invalid syntax"
    if "too many nested" in reason:
        return CommandError(_too_deep())
    if "integer string conversion" in reason:
        reason = "this number has too many digits"
    if error.lineno is None:
        return CommandError(f"syntax error: {visible(reason)}")
    return source.error_at(f"syntax error: {visible(reason)}", error.lineno, (error.offset or 1) - 1)


def _too_deep() -> str:
    return (
        f"the expression is nested too deeply: at most {MAX_DEPTH} levels, and {MAX_CHAIN:,} terms in one chain; "
        f"give parts of it names, as in q = x + y; f = q * z"
    )


_Step = Callable[[list[Any]], None]
_Plan = tuple[ast.Name | None, ast.expr, list[_Step]]


class _Machine:
    """Turns statements into steps for a stack and carries them out."""

    def __init__(self, source: Source, inputs: Mapping[str, float]) -> None:
        self.source = source
        self.inputs = inputs
        self.names: dict[str, Any] = {}
        self.used: set[str] = set()
        self.program = Program()
        self.size = 0
        self.functions = autograd.primitives()
        self.seen: set[int] = set()  # ids of the Values that have a row; the rows keep them alive

    # ---- the statements ------------------------------------------------------------------------

    @contextmanager
    def slips_told(self) -> Iterator[None]:
        """Turn an error into the line to write, where the text is mathematics as it is written on paper."""
        try:
            yield
        except CommandError:
            slip = find_slip(self.source.text, self.inputs, CONSTANTS, {*self.functions, *_ALIASES})
            if slip is None:
                raise
        else:
            return
        raise self.source.error_at(slip.message, slip.line, slip.column)

    def plans(self) -> list[_Plan]:
        """For each statement the name that it assigns, if any, its expression, and the steps that compute it."""
        statements = _parse(self.source).body
        if not statements:
            raise CommandError('there is no expression; write one in quotes, such as "(x + y) * z" x=-2 y=5 z=-4')
        return [self._plan(statement) for statement in statements]

    def run(self) -> Program:
        plans = self.plans()
        self._check_names(plans)
        for name, number in self.inputs.items():
            value = Value(number, label=name)
            self.names[name] = value
            self._add_row(name, name, "input", value)
        for i, (target, expression, steps) in enumerate(plans):
            result = self._carry_out(steps)
            if target is not None:
                self._bind(target, result, expression)
            if i == len(plans) - 1:
                self._finish(target, result, expression)
        return self.program

    def _plan(self, statement: ast.stmt) -> _Plan:
        if isinstance(statement, ast.Expr):
            return None, statement.value, self._compile(statement.value)
        if isinstance(statement, ast.Assign):
            if len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
                return statement.targets[0], statement.value, self._compile(statement.value)
            raise self.source.error("an expression is assigned to one name, as in q = x + y", statement)
        if isinstance(statement, ast.AugAssign):
            raise self.source.error("a name is assigned once and never changed; use a new one, as in y = x + 1", statement)
        raise self.source.error(
            "this statement is not part of the language; write name = expression, or an expression", statement
        )

    def free(self, plans: list[_Plan]) -> tuple[dict[str, ast.Name], set[str]]:
        """The names that are used and neither given nor assigned, each where it is first used; and all that are known.

        Raises:
            CommandError: a name is used before it is assigned, or assigned a second time.
        """
        assigned = [target.id for target, _, _ in plans if target is not None]
        known = set(self.inputs)
        missing: dict[str, ast.Name] = {}
        for target, expression, _ in plans:
            for name in _variables(expression):
                self.used.add(name.id)
                if name.id in known or name.id in missing:
                    continue
                if name.id in assigned:
                    raise self.source.error(f"{visible(name.id)} is used before it is assigned", name)
                if name.id in CONSTANTS:
                    self.names[name.id] = self.program.constants[name.id] = CONSTANTS[name.id]
                else:
                    missing[name.id] = name
            if target is not None:
                if target.id in self.inputs:
                    raise self.source.error(
                        f"{visible(target.id)} is an input already and can't be assigned; use another name", target
                    )
                if target.id in known:
                    raise self.source.error(
                        f"{visible(target.id)} is assigned twice; a name is assigned once, so use another one", target
                    )
                known.add(target.id)
        return missing, known

    def _check_names(self, plans: list[_Plan]) -> None:
        """Check, before anything is computed, that every name is known where it is used, and every input is used."""
        missing, known = self.free(plans)
        if missing:
            raise self._missing(missing, sorted(known))
        unused = [name for name in self.inputs if name not in self.used]
        if unused:
            raise CommandError(
                f"the input {visible(shortened(unused[0], 60))} is never used in the expression; leave it out, or use it"
            )

    def _missing(self, missing: dict[str, ast.Name], known: list[str]) -> CommandError:
        first = next(iter(missing.values()))
        shown = visible(shortened(first.id, 60))
        if _ALIASES.get(first.id, first.id) in self.functions and len(missing) == 1:
            return self.source.error(f"{shown} is a function: call it, as in {shown}(...)", first)
        wanted = " ".join(f"{visible(shortened(name, 60))}=..." for name in list(missing)[:20])
        listed = f"; known names: {_listing(known)}" if known else ""
        near = difflib.get_close_matches(first.id[:60], [name[:60] for name in known], 1, 0.4)
        nearest = f"; the nearest is {visible(near[0])}" if near else ""
        return self.source.error(
            f"unknown name {shown}: give it a number after the expression, {wanted}{listed}{nearest}", first
        )

    def _bind(self, target: ast.Name, result: Any, expression: ast.expr) -> None:
        text = self.source.short_piece(expression)
        if isinstance(result, list):
            if not isinstance(expression, ast.Call):
                raise self.source.error(
                    "a list can't be assigned to a name; hand it to a function, as in sum([x, y])", expression
                )
            values = [v if isinstance(v, Value) else Value(v) for v in result]
            for i, value in enumerate(values):
                self._name(f"{target.id}[{i}]", f"{text}[{i}]", value)
            self.names[target.id] = values
            return
        value = result if isinstance(result, Value) else Value(result)
        self._name(target.id, text, value)
        self.names[target.id] = value

    def _name(self, name: str, text: str, value: Value) -> None:
        # q = x gives one node two names.
        value.label = f"{value.label}, {name}" if value.label else name
        if id(value) in self.seen:
            for row in self.program.rows:
                if row.value is value and row.kind == "intermediate":
                    row.name, row.kind = name, "assigned"
                    return
        self._add_row(name, text, "assigned", value)

    def _finish(self, target: ast.Name | None, result: Any, expression: ast.expr) -> None:
        rows = self.program.rows
        if isinstance(result, list):
            raise self.source.error(
                f"the result is a list of {len(result)} numbers; pick one with [0], or combine them, as in sum(...)",
                expression,
            )
        value = self.names[target.id] if target is not None else result
        if not isinstance(value, Value):
            value = Value(value)
        for i, row in enumerate(rows):
            # An input or a name that is the result keeps its row; nothing else is called the result.
            if row.value is value and (row.kind == "intermediate" or row.name == (target.id if target else row.name)):
                rows.append(rows.pop(i))
                break
        else:
            self._add_row("", self.source.short_piece(expression), "result", value)
        rows[-1].kind = "result"

    def _add_row(self, name: str, text: str, kind: str, value: Value) -> None:
        self.program.rows.append(Row(name, text, kind, value))
        self.seen.add(id(value))

    # ---- an expression becomes steps -----------------------------------------------------------

    def _compile(self, expression: ast.expr) -> list[_Step]:
        """The steps in the order in which Python would evaluate them, checked against the whitelist and the limits."""
        steps: list[_Step] = []
        stack: list[tuple[Any, int, int]] = [(expression, 1, 1)]
        while stack:
            item, depth, chain = stack.pop()
            if not isinstance(item, ast.expr):
                steps.append(item)
                continue
            self.size += 1
            if self.size > MAX_NODES:
                raise CommandError(f"the expression is too large: at most {MAX_NODES:,} operations, names and numbers")
            if depth > MAX_DEPTH or chain >= MAX_CHAIN:  # a chain of so many operators has one term more
                raise CommandError(_too_deep())
            step, children = self._take(item)
            stack.append((step, 0, 0))
            for i, child in reversed(list(enumerate(children))):
                # The left side of a flat chain lies no deeper: a + b + c is (a + b) + c.
                flat = i == 0 and isinstance(item, ast.BinOp) and isinstance(child, ast.BinOp)
                stack.append((child, depth, chain + 1) if flat else (child, depth + 1, 1))
        return steps

    def _take(self, node: ast.expr) -> tuple[_Step, list[ast.expr]]:
        if isinstance(node, ast.Constant):
            number = self._constant(node)
            return lambda stack: stack.append(number), []
        if isinstance(node, ast.Name):
            return lambda stack: stack.append(self.names[node.id]), []
        if isinstance(node, ast.BinOp):
            return self._take_call(node, self._operator(_BINARY, node, node.op), [node.left, node.right], [])
        if isinstance(node, ast.UnaryOp):
            return self._take_call(node, self._operator(_UNARY, node, node.op), [node.operand], [])
        if isinstance(node, ast.Call):
            return self._take_call(node, self._function(node), node.args, node.keywords)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._take_list(node)
        if isinstance(node, ast.Subscript):
            return self._take_index(node)
        what = _REFUSED.get(type(node), "this")
        raise self.source.error(f"{what} is not part of the language, which has {_LANGUAGE}", node)

    def _constant(self, node: ast.Constant) -> float:
        if type(node.value) not in (int, float):
            shown = self.source.short_piece(node)
            raise self.source.error(f"{shown} is not a real number; the language has {_LANGUAGE}", node)
        try:
            number = float(node.value)  # type: ignore[arg-type]  # an int or a float, by the line above
        except OverflowError:
            number = float("inf")
        if number == float("inf"):
            raise self.source.error("this number is too large for a float (the largest is about 1.8e308)", node)
        return number

    def _operator(self, table: Mapping[Any, str], node: ast.expr, op: ast.AST) -> str:
        if type(op) not in table:
            raise self.source.error(f"this operator is not part of the language, which has {_LANGUAGE}", node)
        return table[type(op)]

    def _function(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self.source.error("only functions known by name can be called, such as exp(x)", node.func)
        name = _ALIASES.get(node.func.id, node.func.id)
        if name in self.functions:
            return name
        known = sorted({*self.functions, *_ALIASES} - {"absolute"})
        near = difflib.get_close_matches(name[:60], known, 1, 0.4)
        nearest = f"; the nearest is {near[0]}" if near else ""
        raise self.source.error(
            f"unknown function {visible(shortened(name, 60))}{nearest}; known functions: {', '.join(known)}", node.func
        )

    def _take_call(
        self, node: ast.expr, name: str, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]
    ) -> tuple[_Step, list[ast.expr]]:
        for word in keywords:
            if word.arg is None:
                raise self.source.error("two stars before an argument are not part of the language", word.value)
        count = len(args)
        words = [word.arg or "" for word in keywords]
        function = self.functions[name]
        self._check_arguments(node, name, function, count, words)

        def step(stack: list[Any]) -> None:
            total = count + len(words)
            values = stack[len(stack) - total :]
            del stack[len(stack) - total :]
            result = self._apply(node, name, values[:count], dict(zip(words, values[count:], strict=True)))
            stack.append(result)
            for value in result if isinstance(result, list) else [result]:
                if isinstance(value, Value) and id(value) not in self.seen:
                    self._add_row("", self.source.short_piece(node), "intermediate", value)

        return step, [*args, *(word.value for word in keywords)]

    def _check_arguments(self, node: ast.expr, name: str, function: Any, count: int, words: list[str]) -> None:
        signature = inspect.signature(function)
        if function.arity is None:
            lists, options = _lists_and_options(function)
            enough = count >= len(lists) and set(words) <= set(options) and len(set(words)) == len(words)
        else:
            try:
                signature.bind(*range(count), **dict.fromkeys(words))
                enough = len(set(words)) == len(words)
            except TypeError:
                enough = False
        if not enough:
            if function.arity is None:
                rest = "".join(f", {option}=..." for option in options)
                usage = f"{name}([...], [...])" if len(lists) > 1 else f"{name}(x, y, ...{rest})"
            else:
                usage = f"{name}{signature}"
            raise self.source.error(f"these are not the arguments of {name}; write {usage}", node)

    def _take_list(self, node: ast.List | ast.Tuple) -> tuple[_Step, list[ast.expr]]:
        count = len(node.elts)

        def step(stack: list[Any]) -> None:
            items = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            if any(isinstance(item, list) for item in items):
                raise self.source.error("a list of lists is not part of the language", node)
            stack.append(items)

        return step, node.elts

    def _take_index(self, node: ast.Subscript) -> tuple[_Step, list[ast.expr]]:
        place = node.slice
        sign = 1
        if isinstance(place, ast.UnaryOp) and isinstance(place.op, ast.USub):
            place, sign = place.operand, -1
        if not isinstance(place, ast.Constant) or type(place.value) is not int:
            raise self.source.error("an index is a whole number written out, as in softmax([x, y])[0]", node.slice)
        index = sign * place.value

        def step(stack: list[Any]) -> None:
            items = stack.pop()
            if not isinstance(items, list):
                raise self.source.error("only a list has elements, as in softmax([x, y])[0]; this is one number", node)
            if not -len(items) <= index < len(items):
                raise self.source.error(f"there is no element [{index}] in a list of {len(items)}", node)
            stack.append(items[index])

        return step, [node.value]

    # ---- steps become Values -------------------------------------------------------------------

    def _carry_out(self, steps: list[_Step]) -> Any:
        stack: list[Any] = []
        for step in steps:
            step(stack)
        return stack.pop()

    def _apply(self, node: ast.expr, name: str, args: list[Any], named: dict[str, Any]) -> Any:
        function = self.functions[name]
        if function.arity is None:
            args = self._lists(node, name, function, args)
        else:
            for argument in [*args, *named.values()]:
                if isinstance(argument, list):
                    raise self.source.error(f"{name} takes numbers, and this is a list; pick an element with [0]", node)
        try:
            return function(*args, **named)
        except (ArithmeticError, ValueError, TypeError) as error:
            numbers = ", ".join(_numbers([*args, *named.values()]))
            raise self.source.error(
                f"can't compute {self.source.short_piece(node, 60)} with {shortened(numbers, 200)}: "
                f"{visible(shortened(str(error), 600))}",
                node,
            ) from None

    def _lists(self, node: ast.expr, name: str, function: Any, args: list[Any]) -> list[Any]:
        wanted = len(_lists_and_options(function)[0])
        if len(args) == wanted and all(isinstance(a, list) for a in args):
            return args
        if wanted == 1 and not any(isinstance(a, list) for a in args):
            return [args]
        usage = f"{name}([x, y], [z, w])" if wanted > 1 else f"{name}(x, y) or {name}([x, y])"
        raise self.source.error(f"{name} takes {'lists' if wanted > 1 else 'numbers or one list'}; write {usage}", node)


def _lists_and_options(function: Any) -> tuple[list[str], list[str]]:
    """The names of a function's lists, and of what it takes by name."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    by_name = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    return [p.name for p in parameters if p.name not in by_name], by_name


def _numbers(args: Sequence[Any]) -> list[str]:
    found = []
    for a in args:
        if isinstance(a, list):
            found.append("[" + ", ".join(_numbers(a[:20])) + (", …]" if len(a) > 20 else "]"))
        elif isinstance(a, Value):
            found.append(f"{a.label} = {short(a.data, 6)}" if a.label else short(a.data, 6))
        else:
            found.append(short(a, 6))
    return found


def _variables(expression: ast.expr) -> list[ast.Name]:
    """The names used as variables, in the order of the text; what is called is a function."""
    found: list[ast.Name] = []
    stack: list[ast.AST] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            found.append(node)
        elif isinstance(node, ast.Call):
            stack += reversed([*node.args, *(word.value for word in node.keywords)])
        else:
            stack += reversed(list(ast.iter_child_nodes(node)))
    return found


def _listing(names: Sequence[str]) -> str:
    shown = [visible(shortened(name, 60)) for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
