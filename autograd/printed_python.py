"""Programs as Python: text to read, to keep and to run elsewhere, and functions for the reference engine to replay.

Both are the same lines. The text has the kernels that it needs written out above them, from their source, and imports nothing
but the standard library. The functions are handed the kernels themselves.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import inspect
import keyword
import math
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import kernels, kernels_exact, program as programs, records
from .parsing import parsed
from .printed import WIDTH, Names, Plan, Sweep, UnprintableError, foreign
from .record import ListPrimitive, NaryPrimitive, Primitive
from .translate import returned_by, rules_of

if TYPE_CHECKING:
    from .program import Guard, Program

__all__ = ["condition", "replay_function", "shown", "written"]

OURS = (kernels, kernels_exact, records, programs)  # the modules whose functions are written out
RESERVED = ("math", "value", "value_and_gradients", "replay", "Stale", "step")  # names that the texts have a use for
OPERATORS: dict[str, type[ast.cmpop]] = {
    "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE, "eq": ast.Eq, "ne": ast.NotEq,
}  # fmt: skip


# ---- small pieces of syntax --------------------------------------------------------------------------


def _name(text: str) -> ast.expr:
    tree: ast.Expression = parsed(text, "eval")
    return tree.body


def _number(x: float) -> ast.expr:
    if math.isfinite(x):
        size = ast.Constant(abs(x))
        return ast.UnaryOp(ast.USub(), size) if math.copysign(1.0, x) < 0.0 else size
    return _name("math.nan" if x != x else "math.inf" if x > 0.0 else "-math.inf")


def _constant(node: ast.expr) -> float | None:
    """The number that an expression is, if it is a number."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (float, int)):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        x = _constant(node.operand)
        return None if x is None else -x
    return None


def _call(function: ast.expr, *operands: ast.expr) -> ast.expr:
    return ast.Call(function, list(operands), [])


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


# ---- reading kernels and rules -----------------------------------------------------------------------


class Library:
    """The functions and constants that a text uses, each with its name and, if it is asked for, its source.

    Args:
        names: hands out all names of the text.
        written: whether the sources are wanted; else the objects themselves.

    Attributes:
        objects: by name what the text uses.
        sources: by name the source of each, those that are needed first.
        imports: names to import, by module.
    """

    def __init__(self, names: Names, written: bool) -> None:
        self.written = written
        self.names = names
        self.objects: dict[str, Any] = {"math": math}
        self.sources: dict[str, str] = {}
        self.imports: dict[str, set[str]] = {}
        self._known: dict[int, str] = {}
        self._ways: dict[Any, str] = {}

    def named(self, name: str, module: ModuleType) -> ast.expr:
        """What a global name of a module of ours is called in the text.

        Args:
            name: the name in the module.
            module: the module.
        """
        x = getattr(module, name)
        if isinstance(x, ModuleType):
            return _name(x.__name__)
        if isinstance(x, Primitive):
            return self.function(x)
        origin = _imported(module).get(name)
        if origin and origin[0] == "math" and (self.written or isinstance(x, float)):
            return _name(f"math.{origin[1]}")
        if isinstance(x, float) and not self.written:
            return _number(x)
        if origin is None and hasattr(x, "__name__"):  # a function, perhaps of another module of ours
            module, name = sys.modules[x.__module__], x.__name__
        if id(x) not in self._known:
            self._add(x, name, module)
        return _name(self._known[id(x)])

    def _add(self, x: Any, name: str, module: ModuleType) -> None:
        chosen = self._known[id(x)] = self.names.exactly(name)
        self.objects[chosen] = x
        if not self.written:
            return
        if name in _imported(module):
            self.imports.setdefault(_imported(module)[name][0], set()).add(name)
            return
        tree = Reader(self, module, {}).visit(copy.deepcopy(_statements(module)[name]))
        if isinstance(tree, ast.FunctionDef):
            tree.name = chosen
        else:
            tree = ast.Assign([ast.Name(chosen, ast.Store())], tree)
        self.sources[chosen] = ast.unparse(ast.fix_missing_locations(tree))

    def function(self, record: Primitive) -> ast.expr:
        """The kernel of a record."""
        match returned_by(record):
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
                return self.named(name, getattr(records, module))
        raise UnprintableError(f"{record.name} is not a kernel")  # pragma: no cover  # no rule calls such a record

    def value_of(self, record: Primitive) -> ast.expr:
        """A function on floats for the value of a record that isn't ours."""
        return self._handed(record, record, record.name, lambda *xs: record.evaluate(xs, xs))

    def slopes_of(self, record: Primitive, wanted: tuple[int, ...]) -> ast.expr:
        """A function of a result and its operands that returns the local derivatives, of a record that isn't ours."""
        name = f"slopes_of_{record.name}"
        return self._handed((record, wanted), record, name, lambda z, *xs: record.local_gradients(z, xs, wanted))

    def _handed(self, key: Any, record: Primitive, name: str, function: Callable[..., Any]) -> ast.expr:
        if self.written:
            raise UnprintableError(f"{record.name} can't be written in Python: {foreign(record)}")
        if key not in self._ways:
            self._ways[key] = self.names.exactly(name)
            self.objects[self._ways[key]] = function
        return _name(self._ways[key])


@functools.cache
def _statements(module: ModuleType) -> dict[str, ast.AST]:
    """What a module defines at its top, by name: a function, or the expression of a constant."""
    found: dict[str, ast.AST] = {}
    for statement in parsed(inspect.getsource(module)).body:
        match statement:
            case ast.FunctionDef(name=name):
                found[name] = statement
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found[name] = value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                found.update({ast.unparse(n): value for n, value in zip(names, values, strict=True)})
    return found


@functools.cache
def _imported(module: ModuleType) -> dict[str, tuple[str, str]]:
    """From which module of the standard library each name was imported, and what it is called there."""
    found = {}
    for statement in parsed(inspect.getsource(module)).body:
        if isinstance(statement, ast.ImportFrom) and not statement.level:
            found.update({alias.asname or alias.name: (str(statement.module), alias.name) for alias in statement.names})
    return found


class Reader(ast.NodeTransformer):
    """Rewrites a piece of a module of ours for the text: other names, plain floats where Values might stand, no annotations.

    Args:
        library: knows the names.
        module: whose piece it is.
        operands: what stands for the variables of the piece.
    """

    def __init__(self, library: Library, module: ModuleType, operands: dict[str, ast.expr]) -> None:
        self.library = library
        self.module = module
        self.operands = operands
        self.local: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function without its annotations, and without the decorator that made it a record."""
        self.local |= {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        self.local |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        node.returns = None
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        node.decorator_list = [d for d in node.decorator_list if isinstance(d, ast.Name)]
        self.generic_visit(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        """A function without a name."""
        self.local |= {argument.arg for argument in node.args.args}
        self.generic_visit(node)
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.ListComp:
        """A comprehension has variables of its own."""
        self._comprehended(node.generators)
        self.generic_visit(node)
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        """Whether something holds of all."""
        self._comprehended(node.generators)
        self.generic_visit(node)
        return node

    def _comprehended(self, generators: Sequence[ast.comprehension]) -> None:
        for generator in generators:
            self.local |= {part.id for part in ast.walk(generator.target) if isinstance(part, ast.Name)}

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign:
        """A variable without its type."""
        assert node.value
        return ast.Assign([node.target], self.visit(node.value))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A variable, or a name of the module."""
        if node.id in self.operands:
            return self.operands[node.id]
        if node.id in self.local or not hasattr(self.module, node.id):
            return node
        return self.library.named(node.id, self.module)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """What is in another module of ours."""
        owner = getattr(self.module, node.value.id, None) if isinstance(node.value, ast.Name) else None
        if isinstance(owner, ModuleType) and owner in OURS:
            return self.library.named(node.attr, owner)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """A call; of a plain float there is nothing to ask."""
        match node:
            case ast.Call(func=ast.Name(id="number_of"), args=[x]):
                number: ast.expr = self.visit(x)
                return number
            case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp(elt=test)]) if _asks_for_floats(test):
                return ast.Constant(True)
        self.generic_visit(node)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """A comparison; every type is float."""
        if _asks_for_floats(node):
            return ast.Constant(True)
        self.generic_visit(node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """What is true anyway is left out."""
        self.generic_visit(node)
        rest = [x for x in node.values if not _is_true(x)]
        if len(rest) == len(node.values):
            return node
        if isinstance(node.op, ast.Or) or not rest:
            return ast.Constant(True)
        return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """A choice that is known is made."""
        test: ast.expr = self.visit(node.test)
        known = _constant(test)
        if known is not None:
            chosen: ast.expr = self.visit(node.body if known else node.orelse)
            return chosen
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def visit_If(self, node: ast.If) -> Any:
        """Likewise."""
        test = self.visit(node.test)
        if _is_true(test):
            return self._block(node.body)
        return ast.If(test, self._block(node.body), self._block(node.orelse))

    def _block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new]
        return found


def _asks_for_floats(node: ast.expr) -> bool:
    match node:
        case ast.Compare(left=ast.Call(func=ast.Name(id="type")), ops=[ast.Is()]):
            return True
    return False


# ---- a program ---------------------------------------------------------------------------------------


class Printer:
    """Writes the lines of one program.

    Args:
        program: the program.
        written: whether the functions that the lines use are written out; else they are handed over.
        active: for each input whether it is differentiated; all are if None.
        failing: the statement for a guard that doesn't hold, from its place and from what does hold then; an error if None.
    """

    def __init__(
        self,
        program: Program,
        *,
        written: bool,
        active: Sequence[Any] | None = None,
        failing: Callable[[int, str], str] | None = None,
    ) -> None:
        names = Names([*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *RESERVED])
        self.program = program
        self.plan = Plan(program, names, lambda x: ast.unparse(_number(x)), active)
        self.texts = [_name(name) for name in self.plan.names]
        self.library = Library(names, written)
        self.failing = failing or _raised
        self._lists: dict[Any, str] = {}  # what a function that returns a list has returned, by function and operands
        self._computed_lists: set[Any] = set()  # those among them that there is a line for

    def forward(self) -> list[str]:
        """The lines that compute all results."""
        self._computed_lists.clear()
        return self.plan.forward(self._computed, self._checked)

    def conditions(self, guard: Guard) -> tuple[str, str]:
        """What is the case where a guard holds, and where it doesn't."""
        test = self._tested(guard.test, [self.texts[slot] for slot in guard.slots], guard.result)
        true, false = ast.unparse(test), ast.unparse(ast.UnaryOp(ast.Not(), test))
        return (false, true) if guard.result is False else (true, false)

    def _checked(self, place: int, guard: Guard) -> list[str]:
        true, false = self.conditions(guard)
        return [f"if {false}:", f"    {self.failing(place, true)}"]

    def _tested(self, test: str, xs: list[ast.expr], result: Any) -> ast.expr:
        """What is the case where a guard holds, or where it doesn't if its result is False."""
        if test in OPERATORS:
            return ast.Compare(xs[0], [OPERATORS[test]()], [xs[1]])
        if test == "bool":
            return ast.Compare(xs[0], [ast.NotEq()], [_number(0.0)])
        if test in ("floor", "ceil", "trunc"):
            if not math.isfinite(result):  # then the number itself
                return _agrees(xs[0], result)
            return ast.Compare(_call(_name(f"math.{test}"), xs[0]), [ast.Eq()], [_number(result)])  # a whole number: no -0.0
        if test == "data":
            found = xs[0]
        elif test == "floordiv":
            found = ast.BinOp(xs[0], ast.FloorDiv(), xs[1])
        elif test == "round":
            found = _call(_name("round"), xs[0], ast.Constant(int(_constant(xs[1]) or 0)))
        elif test == "signbit":
            found = _call(_name("math.copysign"), _number(1.0), xs[0])
        else:
            name, module = {"sign": ("_sign", records), "has_predecessor": ("has_predecessor", kernels)}[test]
            found = _call(self.library.named(name, module), xs[0])
        return _agrees(found, result)

    def _computed(self, i: int) -> list[str]:
        record, slots = self.plan.code[i]
        name = self.plan.names[self.plan.first + i]
        xs = [self.texts[slot] for slot in slots]
        if record is programs.stop:
            return [f"{name} = {ast.unparse(xs[0])}"]
        if not _is_ours(record):
            return [f"{name} = {ast.unparse(_call(self.library.value_of(record), *xs))}"]
        if isinstance(record, ListPrimitive):
            found, lines = self._listed(record.origin, slots)
            return [*lines, f"{name} = {found}[{record.options['component']}]"]
        if record is records.power and self._is_whole(slots[1]):
            return [f"{name} = {ast.unparse(ast.BinOp(xs[0], ast.Pow(), xs[1]))}"]  # it can't be complex
        return [f"{name} = {ast.unparse(self._read(returned_by(record), record, xs))}"]

    def _constant_in(self, slot: int) -> float | None:
        """The number of a slot that holds a constant."""
        constants = self.program.constants
        return constants[slot - self.plan.first] if self.plan.first - len(constants) <= slot < self.plan.first else None

    def _is_whole(self, slot: int) -> bool:
        number = self._constant_in(slot)
        return number is not None and number.is_integer()

    def _listed(self, record: Primitive, slots: Sequence[int]) -> tuple[str, list[str]]:
        """The name of the list that a function returns, and the line that calls it if there is none yet."""
        key = record, slots
        if key not in self._lists:
            self._lists[key] = self.library.names.take(f"{record.name}es" if record.name[-1] == "x" else f"{record.name}s")
        if key in self._computed_lists:
            return self._lists[key], []
        self._computed_lists.add(key)
        xs = [self.texts[slot] for slot in slots]
        return self._lists[key], [f"{self._lists[key]} = {ast.unparse(self._read(returned_by(record), record, xs))}"]

    def _read(
        self, tree: ast.expr, record: Primitive, xs: Sequence[ast.expr], z: ast.expr | None = None, shares: str = ""
    ) -> ast.expr:
        """A piece of a record with the operands put in."""
        names = [name for name in record.__signature__.parameters if name not in record.options]
        operands: dict[str, ast.expr] = {}
        if isinstance(record, NaryPrimitive):
            operands |= zip(names, [ast.List(list(part), ast.Load()) for part in record.sequences_in(xs)], strict=False)
            operands |= {name: ast.Constant(x) for name, x in record.options.items()}
        else:
            operands |= zip(names, xs, strict=True)
        if z is not None:
            operands["z"] = z
        if shares:
            operands["shares"] = _name(shares)
        read: ast.expr = Reader(self.library, records, operands).visit(copy.deepcopy(tree))
        return read

    # ---- the way back ------------------------------------------------------------------------------

    def backward(self, sweep: Sweep) -> list[str]:
        """The lines that compute the derivatives of one output."""
        plan = self.plan
        derivatives: dict[int, ast.expr] = {}
        slopes: dict[int, Callable[[int], ast.expr]] = {}
        lines = []
        for slot in [*[plan.first + i for i in sweep.order], *[s for s in plan.arguments if plan.active[s]]]:
            terms = [_product(derivatives[t.instruction], slopes[t.instruction](t.place)) for t in sweep.terms.get(slot, [])]
            if slot == sweep.output:
                terms = [_number(1.0)]
            elif slot < plan.first:
                terms = [_number(0.0), *terms]
            lines += _summed(plan.derivatives[slot], terms)
            if slot >= plan.first:
                i = slot - plan.first
                is_known = len(terms) == 1 and _constant(terms[0]) is not None
                derivatives[i] = terms[0] if is_known else _name(plan.derivatives[slot])
                before, slopes[i] = self._slopes(i, derivatives[i])
                lines += before
        return lines

    def along(self) -> list[str]:
        """The lines that compute the derivatives of all results along a direction, as `Dual` carries them."""
        plan = self.plan
        lines = []
        for i, (_, slots) in enumerate(plan.code):
            name = plan.derivatives.get(plan.first + i)
            if name is None:
                continue
            before, slope = self._slopes(i, _number(1.0))
            lines += before
            steps = [_step(plan.derivatives[s], slope(place)) for place, s in enumerate(slots) if plan.active[s]]
            lines.append(f"{name} = {steps[0]}")
            for step in steps[1:]:
                lines += [f"step = {step}", f"{name} = {name} + step if {name} else step"]
        return lines

    def _slopes(self, i: int, upstream: ast.expr) -> tuple[list[str], Callable[[int], ast.expr]]:
        """The local derivatives of an instruction: lines that come first, and the expression for each operand."""
        record, slots = self.plan.code[i]
        xs = [self.texts[slot] for slot in slots]
        z = self.texts[self.plan.first + i]
        if not _is_ours(record):
            wanted = [place for place, slot in enumerate(slots) if self.plan.active[slot]]
            call = _call(self.library.slopes_of(record, tuple(wanted)), z, *xs)
            return self._kept(i, upstream, call, wanted.index)
        if record is records.power and self._constant_in(slots[1]) == 2.0:
            return [], lambda place: ast.BinOp(_number(2.0), ast.Mult(), xs[0])
        if not isinstance(record, NaryPrimitive):
            return [], lambda place: self._read(_rule(record, place), record, xs, z)
        if record.name == "sum":
            return [], lambda place: _number(1.0)
        if record.name == "mean":
            return [], lambda place: _number(1.0 / len(xs))
        if record.name == "dot":
            half = len(xs) // 2
            return [], lambda place: xs[place - half if place >= half else place + half]
        before: list[str] = []
        rule, shares = _rule(record, 0), ""
        if isinstance(record, ListPrimitive) and "softmax(xs)" in (text := ast.unparse(rule)):  # which may be there already
            shares, before = self._listed(records.softmax, slots)
            rule = _name(text.replace("softmax(xs)", "shares"))
        lines, slope = self._kept(i, upstream, self._read(rule, record, xs, z, shares), lambda place: place)
        return [*before, *lines], slope

    def _kept(
        self, i: int, upstream: ast.expr, slopes: ast.expr, position: Callable[[int], int]
    ) -> tuple[list[str], Callable[[int], ast.expr]]:
        name = self.library.names.take(f"slopes_of_{self.plan.names[self.plan.first + i]}")
        if _constant(upstream) is None:
            slopes = ast.BoolOp(ast.And(), [upstream, slopes])
        return [f"{name} = {ast.unparse(slopes)}"], lambda place: _name(f"{name}[{position(place)}]")


def _raised(place: int, true: str) -> str:
    return f"raise ValueError({f'this was recorded where {true}'!r})"


def _is_ours(record: Primitive) -> bool:
    """Whether a record is one of glassgrad's own, whose source can be read."""
    return getattr(records, record.name, None) is getattr(record, "origin", record)


def _rule(record: Primitive, place: int) -> ast.expr:
    """The body of the rule for an operand, or for a sequence."""
    name = [n for n in record.__signature__.parameters if n not in record.options][place]
    rule = rules_of(getattr(record, "origin", record)).get(f"d{name}")
    if rule is None:
        raise UnprintableError(f"{record.name}: {name} is a parameter and has no derivative")
    return rule.body


def _agrees(x: ast.expr, result: Any) -> ast.expr:
    """Whether a number has the bits of another one, or whether something is true."""
    if isinstance(result, bool):
        return x
    if result != result:
        return ast.Compare(x, [ast.NotEq()], [x])
    same = ast.Compare(x, [ast.Eq()], [_number(result)])
    if result != 0.0:
        return same
    sign = ast.Compare(_call(_name("math.copysign"), _number(1.0), x), [ast.Eq()], [_number(math.copysign(1.0, result))])
    return ast.BoolOp(ast.And(), [same, sign])


def _product(upstream: ast.expr, local: ast.expr) -> ast.expr:
    """Upstream times local derivative; an upstream of zero stops, unless the local one is a finite number."""
    known, factor = _constant(upstream), _constant(local)
    if known == 1.0 or factor == -1.0 == known:
        return local if known == 1.0 else _number(1.0)
    if factor == 1.0:
        return upstream
    if factor == -1.0:
        return ast.UnaryOp(ast.USub(), upstream)
    if known == -1.0:
        return ast.UnaryOp(ast.USub(), local)
    product = ast.BinOp(upstream, ast.Mult(), local)
    return product if known or factor is not None else ast.BoolOp(ast.And(), [upstream, product])


def _step(upstream: str, local: ast.expr) -> str:
    """Upstream times local derivative as `records.flow` computes it for floats: the sign of zero counts."""
    factor = _constant(local)
    if factor == 1.0:
        return upstream
    text = ast.unparse(local)
    nothing = "0.0" if factor is not None else f"{upstream} if ({text}) == 1.0 else 0.0"
    return f"{upstream} * ({text}) if {upstream} else {nothing}"


def _summed(name: str, terms: Sequence[ast.expr]) -> list[str]:
    """The line that adds terms up from the left; several where there are many."""
    texts = [ast.unparse(terms[0])]
    if len(terms) > 1:
        texts = [f"({ast.unparse(t)})" if isinstance(t, (ast.BoolOp, ast.IfExp)) else ast.unparse(t) for t in terms]
    lines, line = [], f"{name} = {texts[0]}"
    for text in texts[1:]:
        if len(line) + len(text) > WIDTH and " + " in line:
            lines.append(line)
            line = f"{name} = {name}"
        line += f" + {text}"
    return [*lines, line]


# ---- the functions -----------------------------------------------------------------------------------


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {part}" for line in lines for part in wrapped(line)]


def wrapped(line: str) -> list[str]:
    """A line in pieces of no more than `WIDTH` characters, broken behind commas between brackets."""
    if len(line) <= WIDTH or '"' in line or "'" in line:  # a text stays in one piece
        return [line]
    found, indent = [], " " * (len(line) - len(line.lstrip()))
    while len(line) > WIDTH:
        cut = line.rfind(", ", 0, WIDTH)
        if cut <= len(indent) + 4:
            break
        found.append(line[: cut + 1])
        line = f"{indent}    {line[cut + 2 :]}"
    return [*found, line]


def written(program: Program) -> str:
    """A program as Python that needs nothing else: `value` and `value_and_gradients`, and the kernels that they use.

    Args:
        program: the program.

    Returns:
        The text of a module. Its functions take the inputs, and then the captured Values, whose numbers are the defaults.

    Raises:
        UnprintableError: it holds a primitive of the user's own.
    """
    printer = Printer(program, written=True)
    functions = [_value(printer), _value_and_gradients(printer)]
    library = printer.library
    sources = list(library.sources.values())
    imports = [(module, f"from {module} import {', '.join(sorted(names))}") for module, names in library.imports.items()]
    if any("math." in text for text in [*sources, *functions]):
        imports.append(("math", "import math"))
    constants = [text for text in sources if not text.startswith(("def ", "@"))]
    kernels_used = [text for text in sources if text.startswith(("def ", "@"))]
    head = ["\n".join([line for _, line in sorted(imports)]), "\n".join(constants)]
    return "\n\n\n".join([part for part in [*head, *kernels_used, *functions] if part]) + "\n"


def shown(program: Program) -> str:
    """A program as people read it: `value_and_gradients` alone, in the functions of the kernels."""
    return _value_and_gradients(Printer(program, written=False))


def condition(program: Program, guard: Guard) -> str:
    """What is the case where a guard of a program holds."""
    return Printer(program, written=False).conditions(guard)[0]


def _signature(printer: Printer) -> str:
    program, plan = printer.program, printer.plan
    captured = [f"{plan.names[program.inputs + i]}={ast.unparse(_number(x.data))}" for i, x in enumerate(program.captured)]
    return ", ".join([*plan.names[: program.inputs], *captured])


def _results(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _defined(name: str, arguments: str, lines: Sequence[str], result: str) -> str:
    head = wrapped(f"def {name}({arguments}):")
    return "\n".join([*head, *_indented([*lines, f"return {result}"])]).replace("    \n", "\n")


def _value(printer: Printer) -> str:
    outputs = [printer.plan.names[slot] for slot in printer.program.outputs]
    return _defined("value", _signature(printer), printer.forward(), _results(outputs))


def _value_and_gradients(printer: Printer) -> str:
    program, plan = printer.program, printer.plan
    lines = ["# forward", *printer.forward()]
    rows = []
    for k, slot in enumerate(program.outputs):
        lines += ["", f"# backward from {plan.names[slot]}", *printer.backward(plan.sweep(slot))]
        rows.append(f"[{', '.join([plan.derivatives[s] for s in plan.arguments])}]")
        if len(program.outputs) > 1:
            name = printer.library.names.take(f"gradients_{k + 1}")
            lines.append(f"{name} = {rows[-1]}")
            rows[-1] = name
    outputs = [plan.names[slot] for slot in program.outputs]
    return _defined("value_and_gradients", _signature(printer), lines, f"{_results(outputs)}, {_results(rows)}")


def replay_function(program: Program, what: int | str | None = None, active: Sequence[Any] | None = None) -> Callable[..., Any]:
    """A program as a function of plain floats: the inputs' numbers, then those of the captured Values.

    Args:
        program: the program.
        what: the output that derivatives are wanted of; None for the values alone, -1 for the derivatives of all outputs,
            "along" for those along a direction, whose numbers come after those of the inputs.
        active: for each input whether it is differentiated; all are if None.

    Returns:
        A function that returns the list of outputs; or one output and the list of its derivatives, for each active input,
        then for each captured Value; or the list of outputs and a list of such lists, or of their derivatives along the
        direction. It raises `Stale` where a guard doesn't hold, and what the kernels raise.
    """
    printer = Printer(program, written=False, active=active, failing=lambda place, true: f"raise Stale({place})")
    plan = printer.plan
    lines = printer.forward()
    values = f"[{', '.join([plan.names[slot] for slot in program.outputs])}]"
    row = f"[{', '.join([plan.derivatives[slot] for slot in plan.arguments if plan.active[slot]])}]"
    arguments = [plan.names[slot] for slot in plan.arguments]
    if what is None:
        result = values
    elif isinstance(what, str):
        lines += printer.along()
        arguments += [plan.derivatives[slot] for slot in plan.arguments]
        result = f"{values}, [{', '.join([plan.derivatives.get(slot, '0.0') for slot in program.outputs])}]"
    elif what >= 0:
        lines += printer.backward(plan.sweep(program.outputs[what]))
        result = f"{plan.names[program.outputs[what]]}, {row}"
    else:
        rows = printer.library.names.take("rows")
        lines.append(f"{rows} = []")
        for slot in program.outputs:
            lines += [*printer.backward(plan.sweep(slot)), f"{rows}.append({row})"]
        result = f"{values}, {rows}"
    text = _defined("replay", ", ".join(arguments), lines, result)
    namespace = {**printer.library.objects, "Stale": programs.Stale}
    exec(compile(text, "<program>", "exec"), namespace)
    function: Callable[..., Any] = namespace["replay"]
    return function
