"""What makes a class behave like the float it wraps: operators, methods and refusals.

`Value` and the dual numbers of forward mode share this page. Everything here goes through the records in
`records`; a class that inherits from `Operators` brings ``data`` (its number) and ``interpret`` (what a
primitive does with it).
"""

from __future__ import annotations

import math
import numbers
import operator
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Self, SupportsFloat

from . import modes, records as p
from .record import Primitive, is_real, is_tracked, number_of

__all__ = ["Operators", "is_operand"]


def is_operand(x: Any) -> bool:
    """Whether x may be the other operand of an operator of a Value: a real number, or something of the same kind.

    >>> is_operand(1), is_operand("1")
    (True, False)
    """
    return is_real(x) or is_tracked(x)


def _operator(name: str, primitive: Primitive) -> tuple[Any, Any]:
    """The operator ``__name__`` and its reflection."""

    def forward(self: Any, other: Any) -> Any:
        return primitive.apply((self, other)) if is_operand(other) else NotImplemented

    def reflected(self: Any, other: Any) -> Any:
        return primitive.apply((other, self)) if is_operand(other) else NotImplemented

    return (
        _named(forward, f"__{name}__", f"Return self {primitive.symbol} other."),
        _named(reflected, f"__r{name}__", f"Return other {primitive.symbol} self."),
    )


def _named(method: Any, name: str, doc: str) -> Any:
    method.__name__, method.__qualname__, method.__doc__ = name, f"Operators.{name}", doc
    return method


def _comparison(name: str) -> Any:
    compare = getattr(operator, name)

    def compared(self: Any, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        if modes.recorders and (recorder := modes.watching()) is not None:
            return recorder.ask(name, self, other)
        return bool(compare(self.data, other.data if is_tracked(other) else other))

    return _named(compared, f"__{name}__", "Compare the numbers.")


def _fmod(x: Any, y: Any) -> Any:
    size = y if number_of(y) >= 0.0 else -y
    return x % size if math.copysign(1.0, number_of(x)) == 1.0 else -((-x) % size)  # -0.0 stays -0.0


def _floor_division(x: Any, y: Any) -> float:
    if modes.recorders and (recorder := modes.watching()) is not None:
        return recorder.ask("floordiv", x, y)  # type: ignore[no-any-return]
    return number_of(x) // number_of(y)


def _as_asked(x: Any, whole: float) -> float:
    """A whole number: a float, but where `compile` records with a Value in the place of a float, an int as of a float."""
    return int(whole) if modes.stands_for_a_float(x) else whole


def _remainder_instructions() -> frozenset[bytes]:
    """What ``x % y`` and ``x %= y`` are to the interpreter that runs: the two bytes that differ from ``x + y``."""
    found = set()
    for operation in ("x % y", "x %= y"):
        code, other = (compile(text, "", "exec").co_code for text in (operation, operation.replace("%", "+")))
        found |= {code[i : i + 2] for i in range(0, len(code), 2) if code[i : i + 2] != other[i : i + 2]}
    return frozenset(found)


_REMAINDER = _remainder_instructions()


def _formats(frame: FrameType) -> bool:
    """Whether a frame is at ``x % y``."""
    at = frame.f_lasti
    return frame.f_code.co_code[at : at + 2] in _REMAINDER


class Operators:
    """Arithmetic, comparison and the elementary functions as methods, under NumPy's names."""

    __slots__ = ()

    interpretation_level = 0
    data: float

    if TYPE_CHECKING:  # what a type checker and an editor see of all that is put together below

        def __add__(self, other: SupportsFloat) -> Self: ...
        def __radd__(self, other: SupportsFloat) -> Self: ...
        def __sub__(self, other: SupportsFloat) -> Self: ...
        def __rsub__(self, other: SupportsFloat) -> Self: ...
        def __mul__(self, other: SupportsFloat) -> Self: ...
        def __rmul__(self, other: SupportsFloat) -> Self: ...
        def __truediv__(self, other: SupportsFloat) -> Self: ...
        def __rtruediv__(self, other: SupportsFloat) -> Self: ...
        def __mod__(self, other: SupportsFloat) -> Self: ...
        def __rmod__(self, other: SupportsFloat) -> Self: ...
        def __rpow__(self, other: SupportsFloat) -> Self: ...
        def pow(self, other: SupportsFloat) -> Self: ...
        def arctan2(self, other: SupportsFloat) -> Self: ...
        def hypot(self, other: SupportsFloat = 0.0) -> Self: ...
        def logaddexp(self, other: SupportsFloat) -> Self: ...
        def maximum(self, other: SupportsFloat) -> Self: ...
        def minimum(self, other: SupportsFloat) -> Self: ...
        def __pow__(self, other: SupportsFloat, modulus: None = None) -> Self: ...
        def __neg__(self) -> Self: ...
        def __pos__(self) -> Self: ...
        def __abs__(self) -> Self: ...
        def abs(self) -> Self: ...
        def fabs(self) -> Self: ...
        def exp(self) -> Self: ...
        def exp2(self) -> Self: ...
        def expm1(self) -> Self: ...
        def log(self) -> Self: ...
        def log2(self) -> Self: ...
        def log10(self) -> Self: ...
        def log1p(self) -> Self: ...
        def sqrt(self) -> Self: ...
        def cbrt(self) -> Self: ...
        def square(self) -> Self: ...
        def reciprocal(self) -> Self: ...
        def sin(self) -> Self: ...
        def cos(self) -> Self: ...
        def tan(self) -> Self: ...
        def arcsin(self) -> Self: ...
        def arccos(self) -> Self: ...
        def arctan(self) -> Self: ...
        def sinh(self) -> Self: ...
        def cosh(self) -> Self: ...
        def tanh(self) -> Self: ...
        def arcsinh(self) -> Self: ...
        def arccosh(self) -> Self: ...
        def arctanh(self) -> Self: ...
        def erf(self) -> Self: ...
        def erfc(self) -> Self: ...
        def erfinv(self) -> Self: ...
        def gamma(self) -> Self: ...
        def lgamma(self) -> Self: ...
        def digamma(self) -> Self: ...
        def sinc(self) -> Self: ...
        def copysign(self, other: SupportsFloat) -> Self: ...
        def polygamma(self, n: int) -> Self: ...
        def sigmoid(self) -> Self: ...
        def logit(self) -> Self: ...
        def logsigmoid(self) -> Self: ...
        def softplus(self) -> Self: ...
        def relu(self) -> Self: ...
        def gelu(self) -> Self: ...
        def silu(self) -> Self: ...
        def clamp(self, lo: float, hi: float) -> Self: ...
        def leaky_relu(self, negative_slope: float = 0.01) -> Self: ...
        def elu(self, alpha: float = 1.0) -> Self: ...
        def __lt__(self, other: SupportsFloat) -> bool: ...
        def __le__(self, other: SupportsFloat) -> bool: ...
        def __gt__(self, other: SupportsFloat) -> bool: ...
        def __ge__(self, other: SupportsFloat) -> bool: ...
    else:
        # ---- arithmetic ----------------------------------------------------------------------------

        __add__, __radd__ = _operator("add", p.add)
        __sub__, __rsub__ = _operator("sub", p.subtract)
        __mul__, __rmul__ = _operator("mul", p.multiply)
        __truediv__, __rtruediv__ = _operator("truediv", p.divide)
        __mod__, __rmod__ = _operator("mod", p.remainder)
        __rpow__ = _operator("pow", p.power)[1]

        def __pow__(self, other: Any, modulus: None = None) -> Any:
            """Return self ** other."""
            if modulus is not None:
                raise TypeError("pow() of a Value takes no modulus; write (x ** y) % m")
            return p.power.apply((self, other)) if is_operand(other) else NotImplemented

        def __neg__(self) -> Any:
            """Return -self."""
            return p.negative.apply((self,))

        def __pos__(self) -> Any:
            """Return +self, a node of its own."""
            return p.positive.apply((self,))

        def __abs__(self) -> Any:
            """Return abs(self)."""
            return p.absolute.apply((self,))

        # ---- comparing: by number; hashing: by identity, as PyTorch does ----------------------------

        __lt__, __le__ = _comparison("lt"), _comparison("le")
        __gt__, __ge__ = _comparison("gt"), _comparison("ge")
        __eq__, __ne__ = _comparison("eq"), _comparison("ne")

        # ---- the elementary functions; those with a name of their own are set below ------------------

        pow, abs, fabs = p.power, p.absolute, p.absolute

        def polygamma(self, n: int) -> Any:
            """The derivative of order n of digamma at this number; the function autograd.polygamma takes n first."""
            return p.polygamma(n, self)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        """Return bool(self.data)."""
        if modes.recorders and (recorder := modes.watching()) is not None:
            return recorder.ask("bool", self)  # type: ignore[no-any-return]
        return bool(self.data)

    # ---- what rounds is a plain number ---------------------------------------------------------

    def sign(self) -> float:
        """The sign as a plain float, a constant to the derivative."""
        return p.sign(self)  # type: ignore[no-any-return]

    def floor(self) -> float:
        """The largest whole number not above, as a plain float, a constant to the derivative."""
        return p.floor(self)  # type: ignore[no-any-return]

    def ceil(self) -> float:
        """The smallest whole number not below, as a plain float, a constant to the derivative."""
        return p.ceil(self)  # type: ignore[no-any-return]

    def trunc(self) -> float:
        """The number without its fraction, as a plain float, a constant to the derivative."""
        return p.trunc(self)  # type: ignore[no-any-return]

    def round(self, ndigits: int = 0) -> float:
        """The number rounded half to even, as a plain float, a constant to the derivative."""
        return p.round(self, ndigits)

    def __round__(self, ndigits: int | None = None) -> float:
        """What round() gives: as the method of that name."""
        found = p.round(self, ndigits or 0)
        return found if ndigits is not None else _as_asked(self, found)

    def __floor__(self) -> float:
        """What math.floor() gives: as the method of that name."""
        return _as_asked(self, p.floor(self))

    def __ceil__(self) -> float:
        """What math.ceil() gives: as the method of that name."""
        return _as_asked(self, p.ceil(self))

    def __trunc__(self) -> float:
        """What math.trunc() gives: as the method of that name."""
        return _as_asked(self, p.trunc(self))

    def __floordiv__(self, other: SupportsFloat) -> float:
        """self // other as a plain float, a constant to the derivative."""
        return _floor_division(self, other) if is_operand(other) else NotImplemented

    def __rfloordiv__(self, other: SupportsFloat) -> float:
        """Return other // self, as a plain float."""
        return _floor_division(other, self) if is_operand(other) else NotImplemented

    def __divmod__(self, other: SupportsFloat) -> tuple[float, Self]:
        """Return self // other and self % other: a plain float, and a remainder that can be differentiated."""
        return (self // other, self % other) if is_operand(other) else NotImplemented

    def __rdivmod__(self, other: SupportsFloat) -> tuple[float, Self]:
        """Return other // self and other % self."""
        return (other // self, other % self) if is_operand(other) else NotImplemented

    rint = round  # noqa: A003  # the method above

    # ---- what NumPy's functions ask the elements of an array for -----------------------------------

    @property
    def real(self) -> Self:
        """The number itself: it is real."""
        return self

    @property
    def imag(self) -> float:
        """0.0: the number is real."""
        return 0.0

    def conjugate(self) -> Self:
        """The number itself: it is real."""
        return self

    def radians(self) -> Self:
        """The angle in radians, of one in degrees."""
        return self * (math.pi / 180.0)

    def degrees(self) -> Self:
        """The angle in degrees, of one in radians."""
        return self * (180.0 / math.pi)

    deg2rad, rad2deg = radians, degrees

    def fmod(self, other: SupportsFloat) -> Self:
        """The remainder with the sign of self, as C and NumPy have it; % has the sign of other."""
        rest: Self = _fmod(self, other)
        return rest

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """What a NumPy function does with a Value that is not in an array.

        arctan2, hypot and their like are NumPy's names of methods, which NumPy would ask the operand on the left for.
        """
        function = _fmod if ufunc.__name__ == "fmod" else p.primitives().get(ufunc.__name__)
        if function is not None and method == "__call__" and not options and all(is_operand(x) for x in inputs):
            return function(*inputs)
        array = sys.modules["numpy"].array
        wrapped = [array(x, dtype=object) if is_tracked(x) else x for x in inputs]
        return getattr(ufunc, method)(*wrapped, **options)

    # ---- what would lose the gradient silently is refused ------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        if modes.recorders and (recorder := modes.watching()) is not None:
            recorder.refused(what)
        raise TypeError(
            f"{what} would drop the gradient; write v.data for the plain number, or stay differentiable "
            f"with a method such as v.exp() or a function such as autograd.exp(v)"
        )

    # ``"%.4f" % v`` is text, as f"{v:.4f}" is, and asks for a float in the same way as math.exp(v). Which of them it is
    # shows in the instruction that the caller is at: no number's own % asks the operand on its right.

    def __float__(self) -> float:
        """Refused: write v.data. Only a text's own %, as in "%.4f" % v, is answered."""
        if not _formats(sys._getframe(1)):
            self._refuse(f"float() of a {type(self).__name__}")
        return self.data

    def __int__(self) -> int:
        """Refused: write int(v.data). Only a text's own %, as in "%d" % v, is answered."""
        if not _formats(sys._getframe(1)):
            self._refuse(f"int() of a {type(self).__name__}")
        return int(self.data)

    def __complex__(self) -> complex:
        """Refused: write complex(v.data)."""
        self._refuse(f"complex() of a {type(self).__name__}")

    # ---- as text -------------------------------------------------------------------------------

    def __format__(self, spec: str) -> str:
        """Format the number by ``spec``; without one, as str() does."""
        return format(self.data, spec) if spec else str(self)

    def item(self) -> float:
        """The plain number, as NumPy and PyTorch call it."""
        return self.data


# Every record whose symbol is its name, and whose first operand is not a parameter, is a method of that name.
for _record in p.PUBLIC.values():
    if _record.arity and _record.partials[0] and _record.symbol == _record.name:
        setattr(Operators, _record.name, _record)

# As NumPy and pytest.approx ask. Not Real: that would promise that float(v) works.
numbers.Complex.register(Operators)
