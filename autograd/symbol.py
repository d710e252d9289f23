"""Local gradients in symbols: the third interpretation of the records, beside numbers and dual numbers.

Handed symbols, a partial derivative spells itself out: that of ``x * y`` with respect to x reads ``y``. A symbol
carries its number as well, so that a partial which chooses by the numbers, as at a kink, takes the branch that the
numbers take. The text is for people; the engine never reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .operators import Operators
from .record import Primitive

__all__ = ["Symbol", "local_gradient_formulas"]

# How tightly a text holds together, so that parentheses stand where they are needed and nowhere else.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
_INFIX = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "**": POWER}
# The records that stand for a derivative, in the words of a textbook; {0} and {1} are the operands.
FORMULAS: dict[str, tuple[str, int]] = {
    "divide_dy": ("-{0}/{1}**2", SIGN),
    "power_dy": ("{0}**{1}*log({0})", PRODUCT),
    "sqrt_dx": ("1/(2*sqrt({0}))", PRODUCT),
    "hypot_dx": ("{0}/hypot({0}, {1})", PRODUCT),
    "cbrt_dx": ("1/(3*cbrt({0})**2)", PRODUCT),
    "tan_dx": ("1/cos({0})**2", PRODUCT),
    "tanh_dx": ("1 - tanh({0})**2", SUM),
    "arcsin_dx": ("1/sqrt(1 - {0}**2)", PRODUCT),
    "arctan_dx": ("1/(1 + {0}**2)", PRODUCT),
    "arctan2_dy": ("{1}/({0}**2 + {1}**2)", PRODUCT),
    "arctan2_dx": ("-{0}/({0}**2 + {1}**2)", SIGN),
    "arcsinh_dx": ("1/sqrt({0}**2 + 1)", PRODUCT),
    "arccosh_dx": ("1/sqrt({0}**2 - 1)", PRODUCT),
    "arctanh_dx": ("1/(1 - {0}**2)", PRODUCT),
    "erf_dx": ("2*exp(-{0}**2)/sqrt(pi)", PRODUCT),
    "sigmoid_dx": ("sigmoid({0})*(1 - sigmoid({0}))", PRODUCT),
    "silu_dx": ("sigmoid({0})*(1 + {0}*(1 - sigmoid({0})))", PRODUCT),
    "erfinv_dx": ("sqrt(pi)/2*exp(erfinv({0})**2)", PRODUCT),
    "gamma_dx": ("gamma({0})*digamma({0})", PRODUCT),
    "sinc_dx": ("(cos(pi*{0}) - sinc({0}))/{0}", PRODUCT),
    "gelu_dx": ("erfc(-{0}/sqrt(2))/2 + {0}*exp(-{0}**2/2)/sqrt(2*pi)", SUM),
}


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

    def __repr__(self) -> str:
        """Text and number."""
        return f"Symbol({self.text!r}, {self.data!r})"


def _symbol(x: Any) -> Symbol:
    return x if isinstance(x, Symbol) else Symbol(f"{x:g}", x, SIGN if x < 0 else ATOM)


def _held(x: Symbol, least: int) -> str:
    return x.text if x.tightness >= least else f"({x.text})"


def _written(primitive: Primitive, xs: Sequence[Symbol]) -> tuple[str, int]:
    name, symbol = primitive.name, primitive.symbol
    if name == "power_dx":
        return _written_power_dx(*xs)
    if name in FORMULAS:
        template, tightness = FORMULAS[name]
        if template.startswith("-{0}") and xs[0].tightness == SIGN:  # two minus signs
            first, tightness = _negated(xs[0])
            template = template.removeprefix("-{0}")
        else:
            first = ""
        return first + template.format(*[_held(x, ATOM) for x in xs]), tightness
    if name == "negative":
        return _negated(xs[0])
    if symbol in _INFIX and len(xs) == 2:
        return _written_infix(symbol, *xs)
    words = [x.text for x in xs]
    return f"{symbol}({', '.join(words)})", ATOM


def _negated(x: Symbol) -> tuple[str, int]:
    if x.tightness == SIGN:  # it begins with a minus
        return x.text[1:], PRODUCT
    return f"-{_held(x, PRODUCT)}", SIGN


def _softmax_gradient(operands: Sequence[Any], i: int) -> str:
    own, other = int(operands[0]), i - 1
    return f"p{own}*(1 - p{own})" if own == other else f"-p{own}*p{other}"


def _hypot_gradient(operands: Sequence[Any], i: int) -> str:
    x, y = map(_symbol, operands)
    return f"{_held((x, y)[i], POWER)}/hypot({x.text}, {y.text})"


def _logsumexp_gradient(operands: Sequence[Any], i: int) -> str:
    xs = [_symbol(x) for x in operands]
    whole = Symbol(f"logsumexp({', '.join([x.text for x in xs])})", 0.0)
    return f"exp({(xs[i] - whole).text})"


def _prod_gradient(operands: Sequence[Any], i: int) -> str:
    product = Symbol("1", 1.0)
    for x in (*operands[:i], *operands[i + 1 :]):
        product = product * x
    return product.text


def _log_softmax_gradient(operands: Sequence[Any], i: int) -> str:
    own, other = int(operands[0]), i - 1
    return f"1 - p{own}" if own == other else f"-p{other}"


def _spread_gradient(operands: Sequence[Any], i: int, *, root: bool) -> str:
    ddof, *xs = operands
    if root and all(x == xs[0] for x in xs):
        return "0"
    listed = ", ".join([_symbol(x).text for x in xs])
    left = len(xs) - ddof
    deviation = f"({_held(operands[i], PRODUCT)} - mean({listed}))"
    if not root:
        return f"2*{deviation}/{left:g}" if left != 1.0 else f"2*{deviation}"
    std = f"std({listed}{f', ddof={ddof:g}' if ddof else ''})"
    return f"{deviation}/({left:g}*{std})" if left != 1.0 else f"{deviation}/{std}"


# Local gradients that read better than what their arithmetic would spell.
_WHOLE: dict[str, Callable[[Sequence[Any], int], str]] = {
    "reciprocal": lambda operands, i: f"-1/{_held(operands[0], ATOM)}**2",
    "remainder": lambda operands, i: f"-({_held(_symbol(operands[0]), ATOM)}//{_held(operands[1], ATOM)})" if i else "1",
    "hypot": _hypot_gradient,
    "logsumexp": _logsumexp_gradient,
    "prod": _prod_gradient,
    "softmax": _softmax_gradient,
    "log_softmax": _log_softmax_gradient,
    "var": lambda operands, i: _spread_gradient(operands, i, root=False),
    "std": lambda operands, i: _spread_gradient(operands, i, root=True),
}


def _written_infix(symbol: str, x: Symbol, y: Symbol) -> tuple[str, int]:
    if symbol == "*" and "1" in (x.text, y.text):
        rest = y if x.text == "1" else x
        return rest.text, rest.tightness
    if symbol == "*" and "-1" in (x.text, y.text):
        rest = y if x.text == "-1" else x
        return _negated(rest)
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


def _written_power_dx(x: Symbol, y: Symbol) -> tuple[str, int]:
    base = _held(x, ATOM)
    if y.text not in (f"{y.data:g}", f"{y.data!r}"):
        return f"{_held(y, ATOM)}*{base}**({y.text} - 1)", PRODUCT
    less = _symbol(y.data - 1.0)
    power = base if less.text == "1" else "1" if less.text == "0" else f"{base}**{_held(less, ATOM)}"
    return _written_infix("*", y, Symbol(power, 0.0, ATOM if less.text in "01" else POWER))


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
    if value.op.name in _WHOLE:
        return tuple([_WHOLE[value.op.name](operands, i) for i in places])
    try:
        z = value.op.apply(operands, value.data)
        return tuple([_symbol(local).text for local in value.op.local_gradients(z, operands, places)])
    except Exception:  # a derivative of somebody else's may do anything with what it is given
        return ("",) * len(parents)
