"""What a primitive is: one record that every interpretation of an elementary function reads.

A record holds the function on plain floats and its partial derivatives. The partials are written as
ordinary arithmetic, so the type of what they are handed decides what comes out: floats give numbers,
Values give a graph that can be differentiated again, dual numbers carry a tangent along.

A record is also the function that people call: ``autograd.exp`` *is* the record of exp, and because it
binds like a function, ``Value.exp`` is the same record again.
"""

from __future__ import annotations

import decimal
import inspect
import numbers
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any

__all__ = ["NaryPrimitive", "Primitive", "is_real", "listed", "to_float"]


def to_float(x: Any, what: str = "a Value") -> float:
    """Convert anything real to a float, and refuse the rest with a remedy.

    Args:
        x: an int, bool, float, NumPy scalar, Fraction, Decimal or other real number.
        what: what the number is wanted for, as the message should call it.

    Returns:
        The nearest float. inf and nan pass.

    Raises:
        TypeError: x is no real number (a string, None, complex, an array, a container, a Value).
        OverflowError: x is a real number too large for a float.

    >>> to_float(True), to_float(decimal.Decimal("0.5"))
    (1.0, 0.5)
    """
    if type(x) is float:
        return x
    if is_real(x):
        try:
            return float(x)
        except OverflowError:
            raise OverflowError(
                f"{what} holds a float, and this {type(x).__name__} is too large for one "
                f"(the largest is about 1.8e308); scale it down first"
            ) from None
    raise TypeError(f"{what} needs one real number, got {_shown(x)}; {_remedy(x)}")


def is_real(x: Any) -> bool:
    """Whether x is a real number of any kind: Python's own, Fraction, Decimal, NumPy's scalars.

    >>> is_real(True), is_real(1j), is_real("1")
    (True, False, False)
    """
    if isinstance(x, (float, int, decimal.Decimal, numbers.Real)):
        return True
    # NumPy registers its numbers with the ABCs, but not its bool; NumPy itself is never imported here.
    return type(x).__module__ == "numpy" and type(x).__name__ in ("bool", "bool_")


def _shown(x: Any) -> str:
    if x is None:
        return "None"
    text = repr(x)
    return f"{type(x).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _remedy(x: Any) -> str:
    if isinstance(x, (str, bytes, bytearray)):
        return "convert the text first, as in Value(float(text))"
    if isinstance(x, complex):
        return "complex numbers are not supported; use x.real, x.imag or abs(x)"
    if x is None:
        return "write 0.0 if nothing is meant as zero"
    if hasattr(x, "backward") and hasattr(x, "item") and not hasattr(x, "interpretation_level"):
        return "use t.item() for a tensor of one element, or make one Value for each: [Value(x) for x in t.tolist()]"
    if hasattr(x, "backward") and hasattr(x, "data"):
        return "use v.data for its number, or v.detach() for a new leaf"
    if hasattr(x, "__array__") or hasattr(x, "ndim"):
        return "make one Value for each element: np.vectorize(Value, otypes=[object])(array)"
    if isinstance(x, Iterable):
        return "make one Value for each element: [Value(x) for x in xs]"
    return "pass an int or a float"


class Primitive:
    """One elementary function: its name, its symbol, its value on floats and its partial derivatives.

    Calling it computes the function on whatever it is handed: floats give a float, Values give a Value
    that remembers how it came about.

    Attributes:
        name: the public name, such as ``"multiply"``.
        symbol: what a drawing shows, such as ``"*"``.
        function: the function on floats.
        partials: for each operand a function ``(z, *operands)`` that returns dz/doperand, where ``z`` is
            the primitive's own result; ``None`` for a parameter, which is a plain number always.
        arity: the number of operands; ``None`` where it takes a whole sequence.
        has_parameters: whether some operands are parameters, which are plain numbers always.
        remedy: what to do about an error, as the message says it.

    >>> from autograd import Value, exp, multiply
    >>> exp(0.0), multiply(Value(2), 3).data, multiply.symbol
    (1.0, 6.0, '*')
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., float],
        partials: Any,
        *,
        symbol: str = "",
        doc: str = "",
        remedy: str = "",
        defaults: tuple[float, ...] = (),
    ) -> None:
        self.name = self.__name__ = self.__qualname__ = name
        self.__module__ = "autograd.records"
        self.__doc__ = doc
        self.symbol = symbol or name
        self.function = function
        self.partials = partials
        self.remedy = remedy
        self.defaults = defaults
        self.arity = self._count_operands()
        self.has_parameters = self.arity is not None and None in partials
        self.infix = not (symbol or name)[0].isalpha() and self.arity == 2
        self.__signature__ = self._signature()

    def _count_operands(self) -> int | None:
        return len(self.partials)

    def _signature(self) -> inspect.Signature:
        names = list(inspect.signature(next(p for p in self.partials if p)).parameters)[1:]
        missing = len(names) - len(self.defaults)
        return inspect.Signature(
            [
                inspect.Parameter(
                    operand,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=self.defaults[i - missing] if i >= missing else inspect.Parameter.empty,
                )
                for i, operand in enumerate(names)
            ]
        )

    # ---- calling -------------------------------------------------------------------------------

    def __call__(self, *operands: Any, **named: Any) -> Any:
        """Compute the primitive; see the record's own docstring."""
        if named or len(operands) != self.arity:
            try:
                bound = self.__signature__.bind(*operands, **named)
            except TypeError as error:
                raise TypeError(f"{self.name}{self.__signature__}: {error}") from None
            bound.apply_defaults()
            operands = bound.args
        return self.apply(operands)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # Binding as a function binds: this is what makes `Value.exp = exp` a method.
        return self if instance is None else MethodType(self, instance)

    def apply(self, operands: tuple[Any, ...], value: float | None = None) -> Any:
        """Compute the primitive on operands of any kind: the most deeply wrapped of them interprets it.

        Args:
            operands: as many as the primitive takes: numbers, Values or dual numbers.
            value: the result on plain numbers, where the caller has it already.

        Returns:
            A float if all operands are plain numbers, else whatever the interpreting operand makes of it.

        Raises:
            TypeError: an operand is neither a real number nor something that interprets primitives.
        """
        interpreter = None
        level = -1
        plain = True
        for x in operands:
            if type(x) is not float:
                plain = False
                rank = getattr(x, "interpretation_level", -1)
                if rank > level:
                    interpreter, level = x, rank
        if interpreter is not None:
            return interpreter.interpret(self, operands, value)
        if not plain:
            operands = tuple([to_float(x, f"{self.name}()") for x in operands])
        return self.evaluate(operands, operands) if value is None else value

    def evaluate(self, plain: tuple[float, ...], operands: Sequence[Any]) -> float:
        """The function on floats; an error names the operation, the operands and a remedy.

        Args:
            plain: the operands' numbers.
            operands: the operands themselves, for their labels in a message.
        """
        try:
            return self.function(*plain)
        except (ArithmeticError, ValueError) as error:
            raise self.explained(error, operands) from None

    def local_gradients(self, z: Any, operands: tuple[Any, ...], wanted: Sequence[int] | None = None) -> tuple[Any, ...]:
        """The partial derivatives of the result ``z`` with respect to the operands.

        Args:
            z: the primitive's result on these operands, of the same kind as they are.
            operands: floats give floats; Values give Values.
            wanted: the positions of the operands asked for; all of them if None.

        Returns:
            One derivative for each position in ``wanted``.

        >>> from autograd import multiply
        >>> multiply.local_gradients(6.0, (2.0, 3.0))
        (3.0, 2.0)
        """
        partials = self.partials
        if wanted is None:
            return tuple([partial(z, *operands) for partial in partials])
        return tuple([partials[i](z, *operands) for i in wanted])

    def check_parameters(self, wanted: Sequence[int]) -> None:
        """Refuse a Value in a parameter's place, where no derivative is defined."""
        for i in wanted:
            if self.partials[i] is None:
                parameter = list(self.__signature__.parameters)[i]
                raise TypeError(
                    f"{self.name}: {parameter} is a parameter and takes a plain number, not a Value; "
                    f"write {parameter}=v.data, or build the expression from maximum, minimum and arithmetic"
                )

    # ---- words ---------------------------------------------------------------------------------

    def describe(self, operands: Sequence[Any]) -> str:
        """The operation as text, labels where there are any, and the numbers behind the labels.

        >>> from autograd import Value, divide
        >>> divide.describe((Value(1, label="a"), 0.0))
        'a / 0.0 where a = 1.0'
        """
        names = [getattr(x, "label", "") or _number_text(x) for x in operands]
        where = [f"{name} = {_number_text(x)}" for name, x in zip(names, operands, strict=True) if getattr(x, "label", "")]
        if len(names) > 8:
            names = [*names[:6], f"... {len(names)} operands"]
            where = where[:6]
        text = f" {self.symbol} ".join(names) if self.infix else f"{self.symbol}({', '.join(names)})"
        return f"{text} where {', '.join(dict.fromkeys(where))}" if where else text

    def explained(self, error: Exception, operands: Sequence[Any]) -> Exception:
        """The same kind of error with the operation, the operands and a remedy in its message."""
        kind = next(k for k in (ZeroDivisionError, OverflowError, ValueError, ArithmeticError) if isinstance(error, k))
        reason = error.args[-1] if error.args else kind.__name__
        remedy = self.remedy if kind is not OverflowError else "the result is too large for a float; scale it down"
        return kind(f"cannot compute {self.describe(operands)}: {reason}" + (f"; {remedy}" if remedy else ""))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> str:
        return self.name


def _number_text(x: Any) -> str:
    number = getattr(x, "data", x)
    return repr(number) if isinstance(number, float) else str(number)


class NaryPrimitive(Primitive):
    """A primitive of a whole sequence of operands: one node, however many there are.

    ``function`` takes the sequence of floats, and ``partials`` is one function ``(z, operands)`` that
    returns all the derivatives, because they share most of their work.

    >>> from autograd import Value, sum
    >>> sum([Value(1), 2, 3.5]).data
    6.5
    """

    def _count_operands(self) -> None:
        return None

    def _signature(self) -> inspect.Signature:
        return inspect.Signature([inspect.Parameter("xs", inspect.Parameter.POSITIONAL_ONLY)])

    def __call__(self, *operands: Any, **named: Any) -> Any:
        """Compute the primitive of one iterable; see the record's own docstring."""
        if named or len(operands) != 1 or hasattr(operands[0], "interpretation_level"):
            raise TypeError(
                f"autograd.{self.name} takes one iterable of operands, as in autograd.{self.name}([a, b, c]); "
                f"got {len(operands) + len(named)} argument{'s' * (len(operands) + len(named) != 1)}"
            )
        return self.apply(listed(self.name, operands[0]))

    def evaluate(self, plain: tuple[float, ...], operands: Sequence[Any]) -> float:
        """The function on the sequence of floats, as `Primitive.evaluate` computes it."""
        try:
            return self.function(plain)
        except (ArithmeticError, ValueError) as error:
            raise self.explained(error, operands) from None

    def local_gradients(self, z: Any, operands: tuple[Any, ...], wanted: Sequence[int] | None = None) -> tuple[Any, ...]:
        """The partial derivatives of the result ``z``, as `Primitive.local_gradients` gives them."""
        everything = self.partials(z, operands)
        return tuple(everything) if wanted is None else tuple([everything[i] for i in wanted])

    def check_parameters(self, wanted: Sequence[int]) -> None:
        """Nothing to refuse: every operand of an n-ary primitive has a derivative."""


def listed(name: str, xs: Any) -> tuple[Any, ...]:
    """The operands of an n-ary primitive as a tuple.

    Args:
        name: the primitive's name, for the message.
        xs: an iterable.

    Raises:
        TypeError: xs is no iterable, or a string.
    """
    if isinstance(xs, (str, bytes)):
        raise TypeError(f"autograd.{name} takes an iterable of numbers or Values, got {_shown(xs)}")
    try:
        return tuple(xs)
    except TypeError:
        raise TypeError(
            f"autograd.{name} takes an iterable of numbers or Values, got {_shown(xs)}; write autograd.{name}([...])"
        ) from None
