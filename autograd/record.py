"""What a primitive is: a function on floats with its derivatives, which every interpretation reads.

The decorator `record` makes one from a plain function. Name, docstring, defaults and signature are the function's, and the
rules for its derivatives stand beside it::

    @record(dx=lambda z, x: tanh_dx(x))
    def tanh(x):
        return kernels.tanh(x)

The rules are ordinary arithmetic, so the type of what they are handed decides what comes out: floats give numbers,
Values give a graph that can be differentiated again, dual numbers carry a tangent along, symbols spell themselves out.

A record is also the function that people call: ``autograd.exp`` *is* the record of exp, and because it
binds like a function, ``Value.exp`` is the same record again.
"""

from __future__ import annotations

import decimal
import inspect
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from itertools import chain
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec

from . import modes

__all__ = [
    "ListPrimitive", "NaryPrimitive", "Primitive", "bare", "flat", "is_real", "is_tracked", "listed", "number_of", "record",
    "to_float",
]  # fmt: skip

P = ParamSpec("P")


def to_float(x: Any, what: str = "a Value") -> float:
    """Convert anything real to a float, and refuse the rest with a remedy.

    Args:
        x: an int, bool, float, NumPy scalar, Fraction, Decimal or other real number.
        what: what the number is wanted for, as the message should call it.

    Returns:
        The nearest float. inf and nan pass.

    Raises:
        TypeError: x is not a real number (a string, None, complex, an array, a container, a Value).
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
    if what.endswith("()") and hasattr(x, "_engine"):  # an operation that doesn't know a Value
        raise TypeError(
            f"{what} takes Values of one engine, got one of the native engine and one of the python engine; "
            f"let AUTOGRAD_ENGINE pick one for all, or pass v.data for its number"
        )
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


def is_tracked(x: Any) -> bool:
    """Whether x carries a derivative: a Value of either engine, a dual number, a series or a symbol, and not a plain number.

    >>> from autograd import Value
    >>> is_tracked(Value(1.0)), is_tracked(1.0)
    (True, False)
    """
    return hasattr(x, "interpretation_level")


def number_of(x: Any) -> float:
    """The plain number of a real number of any kind, or of what carries a derivative.

    >>> from autograd import Value
    >>> number_of(Value(3.0)), number_of(2)
    (3.0, 2.0)
    """
    if type(x) is float:
        return x
    number: float = x.data if is_tracked(x) else to_float(x)
    return number


def bare(x: Any) -> float:
    """The plain number, as `number_of` gives it, where what is done with it doesn't depend on what it is.

    `compile` takes no notice of it.

    >>> bare(2.0)
    2.0
    """
    if not modes.recorders or (recorder := modes.watching()) is None:
        return number_of(x)
    return recorder.number_of(x)  # type: ignore[no-any-return]


def flat(test: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that looks at the numbers of its operands only: `compile` checks what it came to at each replay.

    Args:
        test: its name among the tests of a guard.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def asked(*operands: Any) -> Any:
            if modes.recorders and (recorder := modes.watching()) is not None and any(map(is_tracked, operands)):
                return recorder.ask(test, *operands)
            return function(*operands)

        return asked

    return decorate


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
    if hasattr(x, "backward") and hasattr(x, "item") and not is_tracked(x):
        return "use t.item() for a tensor of one element, or make one Value for each: [Value(x) for x in t.tolist()]"
    if hasattr(x, "backward") and hasattr(x, "data"):
        return "use v.data for its number, or v.detach() for a new leaf"
    if hasattr(x, "__array__") or hasattr(x, "ndim"):
        return "make one Value for each element: np.vectorize(Value, otypes=[object])(array)"
    if isinstance(x, Iterable):
        return "make one Value for each element: [Value(x) for x in xs]"
    return "pass an int or a float"


_PYTHON = ("+", "-", "*", "/", "%", "**")  # the operators


class Primitive:
    """One elementary function: its name, its value on floats, its derivatives, and how people write it.

    Calling it computes the function on whatever it is handed: floats give a float, Values give a Value
    that remembers how it came about.

    Args:
        name: the public name, such as ``"multiply"``.
        function: the function on floats.
        partials: for each operand a function ``(z, *operands)`` that returns dz/doperand, where ``z`` is
            the primitive's own result; None for a parameter, which is always a plain number.
        symbol: what a drawing shows, such as ``"*"``; if left out the name, or for a derivative ``tanh′`` and ``∂power/∂x``.
        sign: what stands between two operands, or before one, where the operation is written out; the symbol if left out,
            unless it is a word.
        remedy: what to do about an error, as the message says it.
        formula: how people write the result in terms of the operands, where the name says nothing to them.
        derivatives: how people write the derivatives, where the rules would spell out something longer: one text for each
            operand, or one for all operands of a sequence.
        kinks: a function ``(z, *operands)`` that tells whether the derivative there is a convention; None if it never is.
        inner: whether it only stands for a derivative, and is not part of the public face.
        doc: the docstring.
        signature: the names of the operands, and the defaults; those of the function if left out.

    Attributes:
        arity: the number of operands; None where it takes a whole sequence.
        options: what is fixed for an application of an n-ary primitive, such as ``{"ddof": 1.0}``; see `NaryPrimitive.bind`.
        has_parameters: whether some operands are parameters.

    >>> from autograd import Value, exp, multiply
    >>> exp(0.0), multiply(Value(2), 3).data, multiply.symbol
    (1.0, 6.0, '*')
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        partials: Sequence[Callable[..., Any] | None],
        *,
        symbol: str = "",
        sign: str = "",
        remedy: str = "",
        formula: str = "",
        derivatives: Sequence[str] = (),
        kinks: Callable[..., Any] | None = None,
        inner: bool = False,
        doc: str | None = None,
        signature: inspect.Signature | None = None,
    ) -> None:
        self.name = self.__name__ = self.__qualname__ = name
        self.__module__ = "autograd.records"
        self.__doc__ = doc
        self.__signature__ = signature or inspect.signature(function)
        self.function = function
        self.partials = tuple(partials)
        self.symbol = symbol or (_slope(name, len(partials)) if inner else name)
        self.sign = sign or ("" if not symbol or symbol[0].isalpha() else symbol)
        self.remedy = remedy
        self.formula = formula
        self.derivatives = derivatives
        self.kinks = kinks
        self.inner = inner
        self.options: Mapping[str, Any] = {}
        self.arity = self._count_operands()
        self.has_parameters = self.arity is not None and None in self.partials

    def _count_operands(self) -> int | None:
        return len(self.partials)

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
            operands: as many as the primitive takes: numbers, Values or dual numbers; those of a sequence one by one.
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

    def evaluate(self, plain: tuple[float, ...], operands: Sequence[Any]) -> Any:
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
        partials: Any = self.partials
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

    def at_kink(self, z: float, operands: Sequence[Any]) -> bool:
        """Whether the derivative at these operands is a convention, because the function has a kink there.

        Args:
            z: the result on them.
            operands: plain numbers.

        >>> from autograd import relu
        >>> relu.at_kink(0.0, (0.0,)), relu.at_kink(2.0, (2.0,))
        (True, False)
        """
        return self.kinks is not None and bool(self.kinks(z, *operands))

    # ---- words ---------------------------------------------------------------------------------

    def written(self, words: Sequence[str], *, symbol: str = "", python: bool = False) -> str:
        """An application of this primitive as text: the one place that knows how it is written.

        Args:
            words: the operands as text, in order. In the middle of a long sequence some may be left out.
            symbol: what stands for the operation; its own symbol if left out.
            python: write Python, with the functions of `autograd`, from all operands.

        >>> from autograd import add, exp, negative, var
        >>> add.written(["x", "y"]), exp.written(["x"]), negative.written(["x"])
        ('x + y', 'exp(x)', '-x')
        >>> var.bind(ddof=1.0).written(["x", "y"]), var.written(["x", "y"], python=True)
        ('var(x, y, ddof=1)', 'var([x, y])')
        """
        sign = self.sign if not symbol or symbol == self.symbol else "" if symbol[0].isalpha() else symbol
        if python and sign not in _PYTHON:
            sign = ""
        if sign and self.arity in (1, 2) and len(words) == self.arity:
            return f"{words[0]} {sign} {words[1]}" if self.arity == 2 else f"{sign}{words[0]}"
        return f"{self.name if python else symbol or self.symbol}({', '.join(words)})"

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
        text = self.written(names)
        return f"{text} where {', '.join(dict.fromkeys(where))}" if where else text

    def explained(self, error: Exception, operands: Sequence[Any]) -> Exception:
        """The same kind of error with the operation, the operands and a remedy in its message."""
        if modes.recorders and (recorder := modes.watching()) is not None:
            recorder.raises()
        kind = next(k for k in (ZeroDivisionError, OverflowError, ValueError, ArithmeticError) if isinstance(error, k))
        reason = error.args[-1] if error.args else kind.__name__
        remedy = self.remedy if kind is not OverflowError else "the result is too large for a float; scale it down"
        return kind(f"cannot compute {self.describe(operands)}: {reason}" + (f"; {remedy}" if remedy else ""))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> Any:
        return self.name


def _slope(name: str, operands: int) -> str:
    """How people write a derivative that is a record of its own.

    >>> _slope("tanh_dx", 1), _slope("power_dy", 2), _slope("deviation", 1)
    ('tanh′', '∂power/∂y', 'deviation')
    """
    function, _, operand = name.partition("_d")
    if not operand:
        return name
    return f"{function}′" if operands == 1 else f"∂{function}/∂{operand}"


def _number_text(x: Any) -> str:
    number = getattr(x, "data", x)
    return repr(number) if isinstance(number, float) else str(number)


class NaryPrimitive(Primitive):
    """A primitive of one or two whole sequences: one node, however many operands they hold.

    ``function`` takes the sequences of floats. There is one rule for each sequence: a function ``(z, *sequences)`` that
    returns the derivatives with respect to all of its operands at once, because they share most of their work. Two
    sequences are of equal length, and the operands of a node are those of the first, then those of the second.

    What the function takes by keyword only, such as ``ddof``, is not an operand: it is fixed for an application, and `bind`
    gives the primitive for which it is.

    Attributes:
        sequences: how many it takes.
        origin: the primitive that this one was bound from; itself if none of its options was changed.
        statics: the options that were fixed for it, such as ``{"ddof": 1.0}``.
        options: all of them, with their defaults.

    >>> from autograd import Value, sum
    >>> sum([Value(1), 2, 3.5]).data
    6.5
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        partials: Sequence[Any],
        *,
        statics: Mapping[str, Any] | None = None,
        **words: Any,
    ) -> None:
        super().__init__(name, function, partials, **words)
        self._made_from = function, partials, {**words, "signature": self.__signature__}
        self._bound: dict[tuple[Any, ...], NaryPrimitive] = {}  # as many as a softmax has components
        parameters = self.__signature__.parameters.values()
        self.sequences = len(self.partials)
        self._several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self._defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.origin: NaryPrimitive = self
        self.statics = statics or {}
        self.options = {**self._defaults, **self.statics}
        self._fix()

    def _fix(self) -> None:
        """Hand function and rules the options."""
        if self.options:
            self.function = partial(self.function, **self.options)
            self.partials = tuple([partial(rule, **self.options) for rule in self.partials if rule])

    def _count_operands(self) -> None:
        return None

    def bind(self, **statics: Any) -> NaryPrimitive:
        """The same primitive with its options fixed: what ``op`` is of a node that was computed with them.

        >>> from autograd import Value, var
        >>> var([Value(1), 2, 6], ddof=1).op is var.bind(ddof=1.0)
        True
        """
        origin = self.origin
        if statics == origin._defaults:
            return origin
        key = tuple(statics.items())
        if key not in origin._bound:
            function, partials, words = origin._made_from
            origin._bound[key] = bound = type(self)(self.name, function, partials, statics=statics, **words)
            bound.origin = origin
        return origin._bound[key]

    def __call__(self, *sequences: Any, **options: Any) -> Any:
        """Compute the primitive of iterables; see the record's own docstring."""
        if not options:
            if self.sequences == 1 == len(sequences) and type(sequences[0]) in (list, tuple):  # what is mostly handed over
                return self.apply((*sequences[0],))
            if self._several and len(sequences) > 1:
                return self.apply(sequences)
            return self.apply(self.operands_of(sequences, options))
        operands = self.operands_of(sequences, options)
        return self.bind(**{k: to_float(x, f"{k} of autograd.{self.name}") for k, x in options.items()}).apply(operands)

    def operands_of(self, sequences: Sequence[Any], options: Mapping[str, Any]) -> tuple[Any, ...]:
        """The operands of all sequences in a row.

        Raises:
            TypeError: there are more or fewer arguments than it takes, or one is not an iterable.
            ValueError: the sequences differ in length.
        """
        count = self.sequences
        if len(sequences) != count or (options and not options.keys() <= self._defaults.keys()):
            raise TypeError(self._usage(len(sequences), options))
        if count == 1:
            if is_tracked(sequences[0]):
                raise TypeError(self._usage(1, options))
            return listed(self.name, sequences[0])
        xs, ys = listed(self.name, sequences[0]), listed(self.name, sequences[1])
        if len(xs) != len(ys):
            raise ValueError(f"autograd.{self.name} takes two iterables of equal length, got {len(xs)} and {len(ys)} operands")
        return xs + ys

    def _usage(self, count: int, named: Mapping[str, Any]) -> str:
        takes, example = "one iterable of operands", "[a, b, c]"
        if self.sequences > 1:
            takes, example = "two iterables of equal length", "[a, b], [c, d]"
        for option in self._defaults:
            takes, example = f"{takes}, and {option} by its name,", f"{example}, {option}=1"
        names = f" and {', '.join(named)}=" if named else ""
        return (
            f"autograd.{self.name} takes {takes} as in autograd.{self.name}({example}); "
            f"got {count} argument{'s' * (count != 1)}{names}"
        )

    def sequences_in(self, operands: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The operands of a node as the sequences that they were."""
        if self.sequences == 1:
            return (operands,)
        half = len(operands) // 2
        return operands[:half], operands[half:]

    def evaluate(self, plain: tuple[float, ...], operands: Sequence[Any]) -> Any:
        """The function on the sequences of floats, as `Primitive.evaluate` computes it."""
        try:
            return self.function(plain) if self.sequences == 1 else self.function(*self.sequences_in(plain))
        except (ArithmeticError, ValueError) as error:
            raise self.explained(error, operands) from None

    def local_gradients(self, z: Any, operands: tuple[Any, ...], wanted: Sequence[int] | None = None) -> tuple[Any, ...]:
        """The partial derivatives of the result ``z``, as `Primitive.local_gradients` gives them."""
        rules: Any = self.partials
        sequences = self.sequences_in(operands)
        everything = tuple(chain.from_iterable([rule(z, *sequences) for rule in rules]))
        return everything if wanted is None else tuple([everything[i] for i in wanted])

    def check_parameters(self, wanted: Sequence[int]) -> None:
        """Nothing to refuse: every operand of an n-ary primitive has a derivative."""

    def at_kink(self, z: float, operands: Sequence[Any]) -> bool:
        """Whether the derivative at these operands is a convention, as `Primitive.at_kink` tells."""
        return super().at_kink(z, self.sequences_in(operands))

    def written(self, words: Sequence[str], *, symbol: str = "", python: bool = False) -> str:
        """An application as text, as `Primitive.written` gives it."""
        name = self.name if python else symbol or self.symbol
        if python:
            words = [f"[{', '.join(xs)}]" for xs in self.sequences_in(words)]
        changed = {k: x for k, x in self.statics.items() if x != self._defaults.get(k)}
        return f"{name}({', '.join([*words, *[f'{k}={x!r}' if python else f'{k}={x:g}' for k, x in changed.items()]])})"

    def __repr__(self) -> str:
        return f"<primitive {self.name}{''.join([f', {k}={x:g}' for k, x in self.statics.items()])}>"

    def __reduce__(self) -> Any:
        return (_rebound, (self.origin, dict(self.statics))) if self is not self.origin else self.name


def _rebound(origin: NaryPrimitive, statics: dict[str, Any]) -> NaryPrimitive:
    return origin.bind(**statics)


class ListPrimitive(NaryPrimitive):
    """A primitive of a sequence that returns a list: one node for each component.

    ``function`` returns the list, and its rules take the number of a component by the name ``component``. The components are
    bound to that number, and know no other option.

    >>> from autograd import Value, softmax
    >>> p = softmax([Value(1, label="x"), 1.0])[1]
    >>> p.op, p.op.describe(p.operands)
    (<primitive softmax, component=1>, 'softmax(x, 1.0)[1] where x = 1.0')
    """

    def _fix(self) -> None:
        function = self.function
        super()._fix()
        if self.options:
            self.function = lambda xs: function(xs)[self.options["component"]]

    def __call__(self, *sequences: Any, **options: Any) -> Any:
        """Compute all components; see the record's own docstring."""
        operands = self.operands_of(sequences, options)
        if self.statics:
            return self.apply(operands)
        tracked = [is_tracked(x) for x in operands]
        numbers = tuple([bare(x) if t else to_float(x, f"{self.name}()") for x, t in zip(operands, tracked, strict=True)])
        values = self.evaluate(numbers, operands)
        if True not in tracked:
            return values
        operands = tuple([x if t else number for x, t, number in zip(operands, tracked, numbers, strict=True)])
        return [self.bind(component=i).apply(operands, value) for i, value in enumerate(values)]

    def written(self, words: Sequence[str], *, symbol: str = "", python: bool = False) -> str:
        """An application as text, as `Primitive.written` gives it, and the component behind it."""
        name = self.name if python else symbol or self.symbol
        inside = ", ".join(words)
        component = f"[{self.statics['component']}]" if self.statics else ""
        return f"{name}({f'[{inside}]' if python else inside}){component}"


def listed(name: str, xs: Any) -> tuple[Any, ...]:
    """The operands of an n-ary primitive as a tuple.

    Args:
        name: the primitive's name, for the message.
        xs: an iterable.

    Raises:
        TypeError: xs is not an iterable, or is a string.
    """
    if isinstance(xs, (str, bytes)):
        raise TypeError(f"autograd.{name} takes an iterable of numbers or Values, got {_shown(xs)}")
    try:
        return (*xs,)  # and not tuple(xs): before 3.12 that copies a list that a finalizer may shorten meanwhile, and crashes
    except TypeError:
        raise TypeError(
            f"autograd.{name} takes an iterable of numbers or Values, got {_shown(xs)}; write autograd.{name}([...])"
        ) from None


if TYPE_CHECKING:

    class Record(Primitive, Generic[P]):
        """A primitive as a type checker and an editor see it: with the signature of its function."""

        def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...


# What functions are compiled to that only pass their one, two or three operands on to a function of a module.
_PASSING_ON = {
    f.__code__.co_code
    for f in (
        lambda x: inspect.unwrap(x),
        lambda x, y: inspect.getattr_static(x, y),
        lambda x, y, z: inspect.getattr_static(x, y, z),
    )
}


def _kernel(function: Any) -> Any:
    """The kernel of a record that only calls it, which saves a call each time; else the function itself."""
    if function.__code__.co_code not in _PASSING_ON:
        return function
    module, name = function.__code__.co_names
    return getattr(function.__globals__[module], name)


def record(
    *,
    symbol: str = "",
    sign: str = "",
    remedy: str = "",
    formula: str = "",
    derivatives: Sequence[str] = (),
    kinks: Callable[..., Any] | None = None,
    inner: bool = False,
    kind: type[Primitive] = Primitive,
    **rules: Callable[..., Any],
) -> Callable[[Callable[P, Any]], Record[P]]:
    """Make a function on floats a primitive, which takes Values too. The arguments but `rules` are those of `Primitive`.

    Args:
        symbol: what a drawing shows.
        sign: what stands between two operands, or before one.
        remedy: what to do about an error.
        formula: how people write the result.
        derivatives: how people write the derivatives.
        kinks: where the derivative is a convention.
        inner: whether it only stands for a derivative.
        kind: the class: `NaryPrimitive` for a function of sequences, `ListPrimitive` for one that returns a list as well.
        rules: for each operand its derivative, keyed by ``d`` and its name: ``dx=lambda z, x: ...``. An operand without one is
            a parameter.

    Returns:
        A decorator.

    Raises:
        TypeError: a rule is for something that is not an operand.
    """

    def decorate(function: Callable[P, Any]) -> Any:
        signature = inspect.signature(function)
        parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        operands = [f"d{p.name}" for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)]
        if unknown := rules.keys() - set(operands):
            raise TypeError(f"{function.__name__} has no operand for the rule {unknown.pop()}; its rules are {operands}")
        made: Any = kind(
            function.__name__,
            _kernel(function),
            [rules.get(operand) for operand in operands],
            symbol=symbol,
            sign=sign,
            remedy=remedy,
            formula=formula,
            derivatives=derivatives,
            kinks=kinks,
            inner=inner,
            doc=function.__doc__,
            signature=signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty),
        )
        made.__wrapped__ = function  # so that inspect.getsource shows the record
        return made

    return decorate
