"""Local gradients in symbols: the third interpretation of the records, beside numbers and dual numbers.

Handed symbols, a partial derivative spells itself out: that of ``x * y`` with respect to x reads ``y``. A symbol
carries its number as well, so that a partial which chooses by the numbers, as at a kink, takes the branch that the
numbers take. Where people write something shorter than what the arithmetic spells, the record holds that formula, and it is
computed on symbols too, so that it contains the operands' own texts. The text is for people; the engine never reads it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import CodeType
from typing import Any

from . import records
from .operators import Operators
from .parsing import parsed
from .record import Primitive

__all__ = ["Symbol", "local_gradient_formulas"]

# How tightly a text holds together, so that there are parentheses only where they are needed.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
_INFIX = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "**": POWER}


class Symbol(Operators):
    """A text that stands for a number.

    Args:
        text: how it is written.
        number: the number it stands for.
        tightness: how tightly the text holds together, from `SUM` to `ATOM`.

    >>> x = Symbol("x", 3.0)
    >>> (2 * (x + 1)).text, (2 * (x + 1)).data
    ('2*(x + 1)', 8.0)
    """

    __slots__ = ("data", "text", "tightness")

    interpretation_level = 1 << 62  # above every dual number: no graph and no derivative comes of it

    def __init__(self, text: str, number: float, tightness: int = ATOM) -> None:
        self.text = text
        self.data = number
        self.tightness = tightness

    @property
    def label(self) -> str:
        """The text, for messages."""
        return self.text

    def detach(self) -> Symbol:
        """Itself: a text has no derivative that could be cut off."""
        return self

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Symbol:
        """Write a primitive of symbols down.

        Args:
            primitive: what to write.
            operands: its operands, symbols and plain numbers.
            value: the result as a plain number, where the caller has it already.
        """
        numbers = tuple([float(getattr(x, "data", x)) for x in operands])
        if value is None:
            try:
                value = primitive.evaluate(numbers, operands)
            except (ArithmeticError, ValueError):
                value = math.nan  # a pole: the text is right all the same
        text, tightness = _written(primitive, [_symbol(x) for x in operands])
        return Symbol(text, value, tightness)

    def __floordiv__(self, other: Any) -> Any:
        """Written down as well, since the quotient of numbers would hide where it comes from."""
        return Symbol(f"{_held(self, ATOM)}//{_held(_symbol(other), ATOM)}", self.data // _symbol(other).data, SUM)

    def __repr__(self) -> str:
        """Text and number."""
        return f"Symbol({self.text!r}, {self.data!r})"


def _symbol(x: Any) -> Symbol:
    return x if isinstance(x, Symbol) else Symbol(f"{x:g}", float(x), SIGN if x < 0 else ATOM)


def _held(x: Symbol, least: int) -> str:
    return x.text if x.tightness >= least else f"({x.text})"


def _written(primitive: Primitive, xs: Sequence[Symbol]) -> tuple[str, int]:
    if primitive.formula:
        whole = _computed(primitive.formula, dict(zip(primitive.__signature__.parameters, xs, strict=True)))
        return whole.text, whole.tightness
    if primitive is records.negative:
        return _negated(xs[0])
    if primitive.symbol in _INFIX and len(xs) == 2:
        return _written_infix(primitive.symbol, *xs)
    return primitive.written([x.text for x in xs]), ATOM


class _Literals(ast.NodeTransformer):
    """Makes the numbers in a formula symbols, so that ``sqrt(2)`` stays what it is."""

    def visit_Constant(self, node: ast.Constant) -> ast.Call:
        return ast.Call(ast.Name("number", ast.Load()), [node], [])


@cache
def _compiled(formula: str) -> CodeType:
    return compile(ast.fix_missing_locations(_Literals().visit(parsed(formula, "eval"))), formula, "eval")


def _computed(formula: str, names: Mapping[str, Any]) -> Symbol:
    """A formula of symbols, in the functions of `autograd`."""
    known = {**records.PUBLIC, "pi": Symbol("pi", math.pi), "number": _symbol, "times": _times, "len": len, **names}
    return _symbol(eval(_compiled(formula), known))


def _times(xs: Sequence[Any]) -> Any:
    product = _symbol(1.0)
    for x in xs:
        product = product * x
    return product


def _negated(x: Symbol) -> tuple[str, int]:
    if x.tightness == SIGN:  # it begins with a minus
        return x.text[1:], PRODUCT
    return f"-{_held(x, PRODUCT)}", SIGN


def _derivative(op: Primitive, operands: Sequence[Any], i: int) -> str:
    """The derivative with respect to operand i as the record says that people write it."""
    if op.arity is not None:
        return _computed(op.derivatives[i], dict(zip(op.__signature__.parameters, operands, strict=True))).text
    shares = [Symbol(f"p{k}", math.nan) for k in range(len(operands))]  # what the components of a softmax are called
    others = [*operands[:i], *operands[i + 1 :]]
    names = {"xs": list(operands), "i": i, "others": others, "p": shares, **op.options}
    return _computed(op.derivatives[0], names).text


def _written_infix(symbol: str, x: Symbol, y: Symbol) -> tuple[str, int]:
    if symbol == "*" and "1" in (x.text, y.text):
        rest = y if x.text == "1" else x
        return rest.text, rest.tightness
    if symbol == "*" and "-1" in (x.text, y.text):
        rest = y if x.text == "-1" else x
        return _negated(rest)
    if symbol in "+-" and _is_number(x) and _is_number(y):
        number = _symbol(x.data + y.data if symbol == "+" else x.data - y.data)
        return number.text, number.tightness
    if symbol in ("/", "**") and y.text == "1":
        return x.text, x.tightness
    if symbol == "**" and y.text == "0":
        return "1", ATOM
    tightness = _INFIX[symbol]
    if symbol == "**":
        return f"{_held(x, ATOM)}**{_held(y, ATOM)}", POWER
    left = _held(x, POWER if symbol == "%" else tightness)
    if tightness == PRODUCT:
        return f"{left}{symbol}{_held(y, POWER)}", SIGN if left.startswith("-") else PRODUCT
    if y.tightness == SIGN:
        symbol, right = "+" if symbol == "-" else "-", y.text[1:]
    else:
        right = _held(y, PRODUCT)
    return f"{left} {symbol} {right}", SUM


def _is_number(x: Symbol) -> bool:
    return x.text in (f"{x.data:g}", repr(x.data))


def local_gradient_formulas(value: Any, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """The local gradients of a Value in symbols, in the order of ``value.parents``.

    Args:
        value: a Value.
        names: what to call the parents; their labels, or ``x1``, ``x2``, ... where None.

    Returns:
        One text for each parent. Where the numbers choose a branch, as at a kink, the text is that of the branch
        taken. Empty for a derivative that can't be written down, as one that the owner of a custom primitive computes
        by other means than arithmetic.

    Raises:
        ValueError: there are not as many names as parents.

    >>> from autograd import Value
    >>> x, y = Value(3, label="x"), Value(4, label="y")
    >>> local_gradient_formulas(x * y), local_gradient_formulas(x / y)
    (('y', 'x'), ('1/y', '-x/y**2'))
    >>> local_gradient_formulas(x.tanh()), local_gradient_formulas(x ** 2)
    (('1 - tanh(x)**2',), ('2*x',))
    """
    parents = value.parents
    if names is None:
        names = [parent.label or f"x{i}" for i, parent in enumerate(parents, 1)]
    if len(names) != len(parents):
        raise ValueError(f"local_gradient_formulas: {len(parents)} parents need as many names, got {len(names)}")
    if value.op is None:
        return ()
    named = iter(names)
    operands = tuple([x if isinstance(x, float) else Symbol(next(named), x.data) for x in value.operands])
    places = [i for i, x in enumerate(operands) if isinstance(x, Symbol)]
    if value.op.derivatives:
        return tuple([_derivative(value.op, operands, i) for i in places])
    try:
        z = value.op.apply(operands, value.data)
        return tuple([_symbol(local).text for local in value.op.local_gradients(z, operands, places)])
    except Exception:  # a derivative of somebody else's may do anything with what it is given
        return ("",) * len(parents)
