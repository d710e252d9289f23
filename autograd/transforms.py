"""Derivatives of plain Python functions: grad, jacobian, hessian, jvp, vjp, hvp, derivative, taylor.

Each takes a function of floats, or of lists, tuples, dicts and NumPy arrays of floats, and returns a function (or a result)
of the same shapes. They nest in any order and to any depth. The signatures are JAX's.

Reverse mode (`grad`, `value_and_grad`, `jacobian`, `hessian`, `vjp`) runs the function on Values; forward mode
(`jvp`, `jacfwd`, `derivative`) runs it on dual numbers, or on power series where the order is above 1; `hvp` is forward
mode over reverse mode.

Results are floats. Inside another derivative, or when the arguments are Values themselves, they are Values or
dual numbers, so that the outer derivative sees through them; inside `no_grad` they are constants to it.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import modes, tree
from .dual import Dual, detached, lifted, new_level
from .engines import chosen
from .graphs import gradients
from .layout import Layout, is_array, items
from .record import is_tracked, to_float
from .records import flow, sum as total
from .series import Run, Series

__all__ = [
    "derivative", "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "stop_gradient", "taylor",
    "value_and_grad", "vjp",
]  # fmt: skip

if TYPE_CHECKING:
    from .value import Value
else:
    Value = chosen.Value


def derivative_block() -> modes.Block:
    """A block in which a derivative runs its function."""
    return modes.Block("a derivative", derivative=True, recording=True)


# ---- what the caller gets ----------------------------------------------------------------------------


def _carries(x: Any) -> bool:
    return type(x) is not float and any(map(is_tracked, items(x)))


class _Caller:
    """Whether a derivative is computed inside another one, or at the outermost level.

    Args:
        arguments: what the caller passes; a Value in one of them asks for Values.
    """

    def __init__(self, arguments: Iterable[Any]) -> None:
        carries = any(map(_carries, arguments))
        self.nested = modes.inside_derivative() or carries
        if modes.recorders and (recorder := modes.watching()) is not None:
            recorder.differentiates(carries)
        self.recording = modes.current.get().recording

    def sees(self, x: Any) -> Any:
        """A result as the caller should see it: a float at the outermost level, a constant inside `no_grad`."""
        if not self.nested:
            return x.data if is_tracked(x) else to_float(x, "a result")
        return x if self.recording else detached(x)

    def sees_aux(self, aux: Any) -> Any:
        """What a function returns beside its result: numbers as above, and all else as it is."""
        return _map_tracked(self.sees, aux)


def _map_tracked(function: Callable[[Any], Any], x: Any) -> Any:
    """A tree with a function's results for all that carries derivatives; all else stays what it is."""

    def of_leaf(leaf: Any) -> Any:
        if not _carries(leaf):
            return leaf
        layout = Layout(leaf)
        return layout.filled([function(x) if is_tracked(x) else x for x in layout.numbers])

    return tree.map(of_leaf, x) if _carries(x) else x


def _lift(x: Any, what: str) -> tuple[Any, Any]:
    """A fresh variable with the number of x, and x with that variable in its place."""
    if isinstance(x, Dual):
        variable, primal = _lift(x.primal, what)
        return variable, Dual(primal, x.tangent, x.interpretation_level)
    if isinstance(x, Series):
        first, *rest = x.coefficients()
        variable, first = _lift(first, what)
        return variable, x.run.leaf([first, *rest])
    variable = +x if is_tracked(x) else Value(to_float(x, what))
    return variable, variable


def _pull_back(output: Any, variables: list[Any], nested: bool) -> list[Any]:
    """d(output)/d(variable) for each variable; where the output has several parts, each of them is differentiated."""
    if isinstance(output, Dual):
        primals = _pull_back(output.primal, variables, nested)
        tangents = _pull_back(output.tangent, variables, nested)
        return [Dual(a, b, output.interpretation_level) for a, b in zip(primals, tangents, strict=True)]
    if isinstance(output, Series):
        parts = [_pull_back(c, variables, nested) for c in output.coefficients()]
        return [output.run.leaf(coefficients) for coefficients in zip(*parts, strict=True)]
    if not is_tracked(output):
        return [0.0] * len(variables)
    result: list[Any] = gradients(output, variables, create_graph=nested)
    return result


def _positions(argnums: Any, count: int, name: str) -> list[int]:
    many = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    for i in many:
        if isinstance(i, bool) or not isinstance(i, int):
            raise TypeError(f"{name}: argnums takes an int or a tuple of ints, got {argnums!r}")
        if not -count <= i < count:
            given = f"{count} positional argument{'s' * (count != 1)}"
            raise ValueError(f"{name}: argnums={argnums!r}, but the function was called with {given}")
    return [i % count for i in many]


def _check_function(f: Any, name: str) -> None:
    if not callable(f):
        raise TypeError(f"{name} takes a function, got {type(f).__name__}; write {name}(lambda x: ...)")


def one_number(output: Any, name: str) -> Any:
    """The result of a function that returns one number.

    Args:
        output: what it returned.
        name: of the transformation, for messages.

    Raises:
        TypeError: it isn't one number.
    """
    layout = Layout(output)
    if not layout.is_number:
        got = f"an array of shape {output.shape}" if is_array(output) else f"a {type(output).__name__}"
        raise TypeError(f"{name} needs a function that returns one number, got {got}; use jacobian for many")
    try:
        return lifted(layout.numbers[0], "the result of the function")
    except TypeError as error:
        raise TypeError(f"{name} needs a function that returns one number: {error}") from None


def _split(output: Any, has_aux: bool) -> tuple[Any, Any]:
    """The result of a function, and what it returns beside it."""
    if not has_aux:
        return output, None
    if not isinstance(output, tuple) or len(output) != 2:
        raise TypeError("has_aux=True needs a function that returns a pair (number, extra)")
    return output


class Arguments:
    """The arguments of a call, and those of them that are differentiated.

    Args:
        args: the arguments.
        argnums: which of them: a position, or a tuple of them.
        name: of the transformation, for messages.

    Attributes:
        layouts: by position, of those that are differentiated.
        shape: the layout of a gradient.
        numbers: what is differentiated, from left to right.
    """

    def __init__(self, args: tuple[Any, ...], argnums: Any, name: str) -> None:
        many = isinstance(argnums, (tuple, list))
        self._args = args
        self._positions = _positions(argnums, len(args), name)
        self.layouts = {i: Layout(args[i]) for i in dict.fromkeys(self._positions)}
        self.shape = Layout(tuple([args[i] for i in self._positions])) if many else self.layouts[self._positions[0]]
        self.numbers = [x for layout in self.layouts.values() for x in layout.numbers]

    def replaced(self, numbers: Iterable[Any]) -> list[Any]:
        """The arguments with other numbers in place of those that are differentiated."""
        args, left = list(self._args), iter(numbers)
        for i, layout in self.layouts.items():
            args[i] = layout.filled([next(left) for _ in layout.numbers])
        return args

    def ordered(self, derivatives: Iterable[Any]) -> list[Any]:
        """A derivative for each of the numbers, put in the order of ``shape``, where an argument may occur twice."""
        left = iter(derivatives)
        found = {i: [next(left) for _ in layout.numbers] for i, layout in self.layouts.items()}
        return [x for i in self._positions for x in found[i]]


class _Run:
    """One run of a function on fresh variables: the arguments lifted, the result, and its derivatives."""

    def __init__(self, f: Callable[..., Any], arguments: Arguments, named: dict[str, Any], name: str) -> None:
        self._arguments = arguments
        lifted_numbers = [_lift(x, f"{name}: an argument") for x in arguments.numbers]
        self._variables = [variable for variable, _ in lifted_numbers]
        self.output = f(*arguments.replaced([x for _, x in lifted_numbers]), **named)

    def row(self, output: Any, caller: _Caller) -> list[Any]:
        """The derivatives of one number of the output, in the order of the arguments asked for."""
        found = _pull_back(output, self._variables, caller.nested)
        return self._arguments.ordered([caller.sees(g) for g in found])


# ---- reverse mode ------------------------------------------------------------------------------------


def value_and_grad(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns f's value and its gradient together.

    Args:
        f: a function that returns one number; with ``has_aux`` a pair of that number and anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(number, extra)``.

    Returns:
        A function ``(*args, **named) -> (value, gradient)``, or ``((value, extra), gradient)`` with ``has_aux``. The
        gradient has the shape of the argument: a number, list, tuple, dict or NumPy array; a tuple of them where argnums
        is a tuple. Keyword arguments pass through to f. Values in extra become floats at the outermost level.

    Raises:
        TypeError: f isn't a function or doesn't return one number, or an argument holds something other than numbers.
        ValueError: argnums names an argument that wasn't passed.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, 4.0)
    """
    _check_function(f, "value_and_grad")

    def wrapped(*args: Any, **named: Any) -> Any:
        caller = _Caller((*args, *named.values()))
        arguments = Arguments(args, argnums, "grad")
        with derivative_block():
            run = _Run(f, arguments, named, "grad")
            output, aux = _split(run.output, has_aux)
            output = one_number(output, "grad")
            gradient = arguments.shape.filled(run.row(output, caller))
            value = caller.sees(output)
            return ((value, caller.sees_aux(aux)), gradient) if has_aux else (value, gradient)

    return _as_transform(wrapped, f, "value_and_grad", value_and_grad, argnums, has_aux)


def grad(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of f. Arguments and errors are those of `value_and_grad`.

    Args:
        f: a function that returns one number; with ``has_aux`` a pair of that number and anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(number, extra)``; the result is then ``(gradient, extra)``.

    Returns:
        A function of the same arguments, keywords included. Its result has the shape of the argument that is differentiated.
        Of a NumPy array it is an array of floats, and f gets an array of Values.

    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["b"])({"w": 2.0, "b": 5.0})
    {'w': 5.0, 'b': 2.0}
    """
    _check_function(f, "grad")
    known = None if has_aux else getattr(f, "_known", None)
    if known is not None and (found := known("grad", argnums)) is not None:
        return found  # type: ignore[no-any-return]
    with_value = value_and_grad(f, argnums, has_aux)

    def wrapped(*args: Any, **named: Any) -> Any:
        value, gradient = with_value(*args, **named)
        return (gradient, value[1]) if has_aux else gradient

    return _as_transform(wrapped, f, "grad", grad, argnums, has_aux)


def jacobian(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns all first derivatives of f, by reverse mode: for each number of the result, its gradient.

    It runs f once, and walks back once for each number of the result. Where there are fewer arguments than results, `jacfwd`
    is faster. ``jacrev`` is the same function, as in JAX.

    Args:
        f: a function that returns a number, or a list, tuple, dict or array of numbers; with ``has_aux`` a pair of that and
            anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(result, extra)``; the result is then ``(jacobian, extra)``.

    Returns:
        A function whose result has the shape of f's result, with a gradient in the place of each number. For an array of an
        array it is one array, of the result's shape and then the argument's. Keyword arguments pass through to f.

    Raises:
        TypeError: f isn't a function, or returns something other than numbers.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    _check_function(f, "jacobian")

    def wrapped(*args: Any, **named: Any) -> Any:
        caller = _Caller((*args, *named.values()))
        arguments = Arguments(args, argnums, "jacobian")
        with derivative_block():
            run = _Run(f, arguments, named, "jacobian")
            output, aux = _split(run.output, has_aux)
            outputs = Layout(output)
            rows = [run.row(lifted(y, "jacobian: a result"), caller) for y in outputs.numbers]
            aux = caller.sees_aux(aux)
        found = outputs.outer(rows, arguments.shape)
        return (found, aux) if has_aux else found

    return _as_transform(wrapped, f, "jacobian", jacobian, argnums, has_aux)


jacrev = jacobian


def hessian(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns all second derivatives of f. Arguments and errors are those of `grad`.

    Args:
        f: a function that returns one number; with ``has_aux`` a pair of that number and anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(number, extra)``; the result is then ``(hessian, extra)``.

    Returns:
        A function whose result is a list of lists for a list, a dict of dicts for a dict, a number for a number, and for an
        array an array of its shape twice. Keyword arguments pass through to f.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([1.0, 2.0])
    [[4.0, 2.0], [2.0, 0.0]]
    """
    _check_function(f, "hessian")
    found = jacobian(grad(f, argnums, has_aux), argnums, has_aux)
    found._transform = "hessian", f, argnums, has_aux  # type: ignore[attr-defined]
    return _named(found, f, "hessian")


def vjp(f: Callable[..., Any], *primals: Any, **named: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f, and a function that pulls a cotangent back: a vector-Jacobian product, by reverse mode.

    Args:
        f: a function that returns a number, or a list, tuple, dict or array of numbers.
        primals: its arguments.
        named: keyword arguments, which pass through to f.

    Returns:
        ``(value, pull_back)``; ``pull_back(cotangent)`` takes something of the shape of the value and returns a
        tuple with one gradient for each argument. It may be called many times.

    Raises:
        TypeError: f isn't a function, or returns something other than numbers.
        ValueError: a cotangent has another shape than the value.

    >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pull_back([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    _check_function(f, "vjp")
    pulled = getattr(f, "_pulled", None)
    if pulled is not None and not named:
        result: tuple[Any, Callable[[Any], tuple[Any, ...]]] = pulled(primals)
        return result
    f = getattr(f, "_function", f)
    outside = _Caller((*primals, *named.values()))
    arguments = Arguments(primals, tuple(range(len(primals))), "vjp")
    with derivative_block():
        run = _Run(f, arguments, named, "vjp")
        layout = Layout(run.output)
        outputs = [lifted(y, "vjp: a result") for y in layout.numbers]
    value = layout.filled([outside.sees(y) for y in outputs])

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        given = _matched(layout, cotangent, "vjp: the cotangent", value, "value")
        seeds = [lifted(c, "vjp: a cotangent") for c in given]
        caller = _Caller(seeds)
        caller.nested = caller.nested or outside.nested
        with derivative_block():
            weighed = total([flow(seed, y) for seed, y in zip(seeds, outputs, strict=True)])
            gradient: tuple[Any, ...] = arguments.shape.filled(run.row(weighed, caller))
        return gradient

    return value, pull_back


def _matched(layout: Layout, x: Any, what: str, other: Any, name: str) -> list[Any]:
    """The numbers of x, in the order of another tree of the same shape; the words are for the message about one that isn't."""
    try:
        return layout.matched(x)
    except ValueError as error:
        shown = f"{what} {reprlib.repr(x)} has another shape than the {name} {reprlib.repr(other)}"
        raise ValueError(f"{shown}: {error}") from None


# ---- forward mode ------------------------------------------------------------------------------------


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **named: Any) -> tuple[Any, Any]:
    """The value of f and its derivative along a direction: a Jacobian-vector product, by forward mode.

    Args:
        f: a function that returns a number, or a list, tuple, dict or array of numbers.
        primals: a tuple or list with f's arguments.
        tangents: the direction: as many, of the same shapes; dicts match by key.
        named: keyword arguments, which pass through to f.

    Returns:
        ``(value, tangent)``, both of the shape of f's result.

    Raises:
        TypeError: f isn't a function, or primals and tangents aren't tuples or lists.
        ValueError: the tangents have another shape than the primals.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    _check_function(f, "jvp")
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError("jvp takes the arguments and the direction as tuples: jvp(f, (x,), (1.0,))")
    if not named and (along := getattr(f, "_along", None)) is not None:
        result: tuple[Any, Any] = along(primals, tangents)
        return result
    layout = Layout(primals)
    steps = _matched(layout, tangents, "jvp: the tangents", primals, "primals")
    caller = _Caller((primals, tangents, *named.values()))
    level = new_level()
    moving = [
        Dual(lifted(x, "jvp: a primal"), lifted(t, "jvp: a tangent"), level) for x, t in zip(layout.numbers, steps, strict=True)
    ]
    with derivative_block():
        outputs = Layout(f(*layout.filled(moving), **named))
        parts = [_parts(lifted(y, "jvp: a result"), level) for y in outputs.numbers]
        value, tangent = [outputs.filled([caller.sees(y) for y in numbers]) for numbers in _columns(parts, 2)]
    return value, tangent


def _replayed_along(f: Any, caller: _Caller) -> Callable[[Any, Any], Any] | None:
    """`jvp` of a compiled function, where its results are floats."""
    return None if caller.nested or (modes.recorders and modes.watching() is not None) else getattr(f, "_along", None)


def _parts(y: Any, level: int) -> tuple[Any, Any]:
    mine = isinstance(y, Dual) and y.interpretation_level == level
    return (y.primal, y.tangent) if mine else (y, 0.0)


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    return [[row[i] for row in rows] for i in range(count)]


def jacfwd(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """`jacobian` by forward mode: it runs f once for each number of the arguments. Takes, returns and raises the same.

    >>> jacfwd(lambda x: [x, x * x, x ** 3])(2.0)
    [1.0, 4.0, 12.0]
    """
    _check_function(f, "jacfwd")

    def wrapped(*args: Any, **named: Any) -> Any:
        caller = _Caller((*args, *named.values()))
        arguments = Arguments(args, argnums, "jacfwd")
        primals = [lifted(x, "jacfwd: an argument") for x in arguments.numbers]
        columns = []
        along = None if named or has_aux or [*arguments.layouts] != [*range(len(args))] else _replayed_along(f, caller)
        if along is not None:
            whole = Layout(args)
            for i in range(max(1, len(primals))):
                value, tangent = along(args, whole.filled([float(i == k) for k in range(len(primals))]))
                columns.append(Layout(tangent).numbers)
            rows = [arguments.ordered(row) for row in _columns(columns, len(columns[0]))]
            return Layout(value).outer(rows, arguments.shape)
        with derivative_block():
            for i in range(max(1, len(primals))):  # once at least, to see the shape of the result
                level = new_level()
                moving = [Dual(x, float(i == k), level) for k, x in enumerate(primals)]
                output, aux = _split(f(*arguments.replaced(moving), **named), has_aux)
                outputs = Layout(output)
                parts = [_parts(lifted(y, "jacfwd: a result"), level) for y in outputs.numbers]
                columns.append([caller.sees(tangent) for _, tangent in parts])
            aux = caller.sees_aux(_map_tracked(lambda x: _parts(x, level)[0], aux))
        rows = [arguments.ordered(row) for row in _columns(columns, len(outputs.numbers))]
        found = outputs.outer(rows, arguments.shape)
        return (found, aux) if has_aux else found

    return _as_transform(wrapped, f, "jacfwd")


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], **named: Any) -> Any:
    """The Hessian of f times a vector, without the Hessian: forward mode over reverse mode. Raises what `grad` and `jvp` raise.

    Args:
        f: a function that returns one number.
        primals: a tuple or list with f's arguments.
        tangents: the vector: as many, of the same shapes.
        named: keyword arguments, which pass through to f.

    Returns:
        The product, in the shape of the argument; a tuple of such shapes where f takes several.

    >>> hvp(lambda v: v[0] ** 2 * v[1], ([1.0, 2.0],), ([1.0, 0.0],))
    [4.0, 2.0]
    """
    _check_function(f, "hvp")
    many = isinstance(primals, (tuple, list)) and len(primals) != 1
    return jvp(grad(f, tuple(range(len(primals))) if many else 0), primals, tangents, **named)[1]


# ---- any order ---------------------------------------------------------------------------------------


_HIGHEST = 1000  # the binomial coefficients of orders above 1029 are beyond the range of a float


def derivative(f: Callable[..., Any], order: int = 1) -> Callable[..., Any]:
    """The derivative of a function of one number, of any order: by forward mode, and above order 1 by power series.

    Args:
        f: a function of one number that returns one number.
        order: how often to differentiate, from 0 (the value) to 1000. The cost grows with its square.

    Returns:
        A function of one number, or of an array of numbers, for each of which f is called. Keyword arguments pass through to f.

    Raises:
        TypeError: f isn't a function, order isn't an int, or f doesn't return one number.
        ValueError: order is negative or above 1000.

    >>> derivative(lambda x: x ** 3)(2.0), derivative(lambda x: x ** 3, order=3)(2.0)
    (12.0, 6.0)
    """
    _check_function(f, "derivative")
    _check_order(order, "derivative")
    if order > _HIGHEST:
        raise ValueError(f"derivative: order must be {_HIGHEST} or less, got {order}; taylor has no limit")

    def wrapped(x: Any, **named: Any) -> Any:
        caller = _Caller((x, *named.values()))
        layout = _elements(x, "derivative")
        return layout.filled(
            [caller.sees(_expanded(f, each, order, named, "derivative", caller)[order]) for each in layout.numbers]
        )

    return _as_transform(wrapped, f, f"derivative of order {order}")


def taylor(f: Callable[..., Any], x: Any, order: int, **named: Any) -> list[Any]:
    """The coefficients c of f's Taylor series at x.

    ``f(x + t) = c[0] + c[1]*t + c[2]*t**2 + ...``, where coefficient k is the derivative of order k, divided by k!.

    Args:
        f: a function of one number that returns one number.
        x: the point; an array asks for the series at each of its elements.
        order: the highest power of t, 0 or more. The cost grows with its square.
        named: keyword arguments, which pass through to f.

    Returns:
        A list of order + 1 coefficients, each a float; each an array of x's shape where x is an array.

    Raises:
        TypeError: f isn't a function, x isn't a number, order isn't an int, or f doesn't return one number.
        ValueError: order is negative.

    >>> taylor(lambda x: 1 / (1 - x), 0.0, 4)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    _check_function(f, "taylor")
    _check_order(order, "taylor")
    caller = _Caller((x, *named.values()))
    layout = _elements(x, "taylor")
    rows = [[caller.sees(c) for c in _expanded(f, each, order, named, "taylor", caller)] for each in layout.numbers]
    return [layout.filled(coefficients) for coefficients in _columns(rows, order + 1)]


def _check_order(order: Any, name: str) -> None:
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"{name}: order takes an int, got {type(order).__name__} {order!r}")
    if order < 0:
        raise ValueError(f"{name}: order must be 0 or more, got {order}")


def _elements(x: Any, name: str) -> Layout:
    """The layout of an array, or of one number."""
    return Layout(x if is_array(x) else lifted(x, f"{name}: the argument"))


def _expanded(f: Callable[..., Any], x: Any, order: int, named: dict[str, Any], name: str, caller: _Caller) -> list[Any]:
    """The derivatives of f at x (or, for `taylor`, its coefficients) up to an order."""
    primal = lifted(x, f"{name}: the argument")
    if order == 1 and not named and (along := _replayed_along(f, caller)) is not None:
        value, tangent = along((primal,), (1.0,))
        if type(value) is float:
            return [value, tangent]
    with derivative_block():
        if order == 0:
            return [one_number(f(primal, **named), name)]
        if order == 1:
            level = new_level()
            return [*_parts(one_number(f(Dual(primal, 1.0, level), **named), name), level)]
        run = Run(order, factorials=name == "derivative")
        result = one_number(f(run.variable(primal), **named), name)
        mine = isinstance(result, Series) and result.run is run
        return result.coefficients() if mine else [result, *[0.0] * order]


def stop_gradient(x: Any) -> Any:
    """The same numbers as constants: no derivative of any mode or order sees where they came from.

    Args:
        x: a number, a Value, or lists, tuples, dicts and arrays of them.

    Returns:
        The same, detached. What doesn't carry a derivative comes back as it is.

    >>> from autograd import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return _map_tracked(detached, x)


def _as_transform(
    wrapped: Callable[..., Any], f: Any, what: str, transform: Any = None, argnums: Any = None, has_aux: bool = False
) -> Callable[..., Any]:
    """What a transformation returns, with its name; of a compiled function something that is compiled as well."""
    if transform is not None:
        derived = None if has_aux else getattr(f, "_derived", None)
        if derived is not None:
            wrapped = derived(transform.__name__, argnums, transform(f._function, argnums), wrapped)
        else:
            wrapped._transform = transform.__name__, f, argnums, has_aux  # type: ignore[attr-defined]  # for `compile`
    return _named(wrapped, f, what)


def _named(wrapped: Callable[..., Any], f: Any, what: str) -> Callable[..., Any]:
    name = getattr(f, "__name__", type(f).__name__)
    wrapped.__name__ = f"{what.split()[0]}_of_{name}" if name.isidentifier() else what.split()[0]
    wrapped.__doc__ = f"The {what} of {name}."
    return wrapped
