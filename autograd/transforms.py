"""Derivatives of plain Python functions: grad, jacobian, hessian, jvp, vjp, hvp, derivative.

Each takes a function of floats, or of lists, tuples and dicts of floats, and returns a function (or a result) of
the same shapes. They nest in any order and to any depth. The signatures are JAX's.

Reverse mode (`grad`, `value_and_grad`, `jacobian`, `hessian`, `vjp`) runs the function on Values; forward mode
(`jvp`, `derivative`) runs it on dual numbers; `hvp` is forward mode over reverse mode.

What comes out is floats. Inside another derivative, or when the arguments are Values themselves, it is Values or
dual numbers, so that the outer derivative sees through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from . import modes
from .dual import Dual, new_level
from .engines import chosen
from .record import to_float
from .records import flow
from .records import sum as total

__all__ = ["derivative", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

if TYPE_CHECKING:
    from .value import Value, gradients
else:
    Value, gradients = chosen.Value, chosen.gradients

_depth: ContextVar[int] = ContextVar("depth", default=0)


@contextmanager
def _inside() -> Iterator[None]:
    token = _depth.set(_depth.get() + 1)
    try:
        with modes.enable_grad():
            yield
    finally:
        _depth.reset(token)


# ---- shapes: numbers in lists, tuples and dicts ------------------------------------------------------


def _is_number(x: Any) -> bool:
    return not isinstance(x, (list, tuple, dict))


def _flatten(tree: Any) -> list[Any]:
    """The numbers of a tree, from left to right."""
    numbers: list[Any] = []
    stack = [tree]
    while stack:
        x = stack.pop()
        if isinstance(x, dict):
            stack.extend(reversed(x.values()))
        elif isinstance(x, (list, tuple)):
            stack.extend(reversed(x))
        else:
            numbers.append(x)
    return numbers


def _rebuild(tree: Any, numbers: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _rebuild(x, numbers) for key, x in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_rebuild(x, numbers) for x in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)([_rebuild(x, numbers) for x in tree])
    return next(numbers)


def _like(tree: Any, numbers: Sequence[Any]) -> Any:
    """The numbers in the shape of the tree."""
    return _rebuild(tree, iter(numbers))


def _same_shape(a: Any, b: Any) -> bool:
    if isinstance(a, dict) or isinstance(b, dict):
        return isinstance(a, dict) and isinstance(b, dict) and list(a) == list(b) and all(_same_shape(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
        both = isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b)
        return both and all(_same_shape(x, y) for x, y in zip(a, b, strict=True))
    return True


# ---- numbers of all kinds ----------------------------------------------------------------------------


def _tracked(x: Any) -> bool:
    return hasattr(x, "interpretation_level")


def _nested(arguments: Any) -> bool:
    return _depth.get() > 0 or any(_tracked(x) for x in _flatten(arguments))


def _released(x: Any, nested: bool) -> Any:
    """A result as the caller should see it: a float at the outermost level."""
    if nested:
        return x
    return x.data if _tracked(x) else to_float(x, "a result")


def _checked(x: Any, what: str) -> Any:
    return x if _tracked(x) else to_float(x, what)


def _lift(x: Any, what: str) -> tuple[Any, Any]:
    """A fresh variable with the number of x, and x with that variable in its place."""
    if isinstance(x, Dual):
        variable, primal = _lift(x.primal, what)
        return variable, Dual(primal, x.tangent, x.interpretation_level)
    variable = +x if _tracked(x) else Value(to_float(x, what))
    return variable, variable


def _pull_back(output: Any, variables: list[Any], nested: bool) -> list[Any]:
    """d(output)/d(variable) for each variable; where the output is dual, both of its parts are differentiated."""
    if isinstance(output, Dual):
        primals = _pull_back(output.primal, variables, nested)
        tangents = _pull_back(output.tangent, variables, nested)
        return [Dual(a, b, output.interpretation_level) for a, b in zip(primals, tangents, strict=True)]
    if not _tracked(output):
        return [0.0] * len(variables)
    result: list[Any] = gradients(output, variables, create_graph=nested)
    return result


def _positions(argnums: Any, count: int, name: str) -> list[int]:
    many = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    for i in many:
        if isinstance(i, bool) or not isinstance(i, int):
            raise TypeError(f"{name}: argnums takes an int or a tuple of ints, got {argnums!r}")
        if not -count <= i < count:
            raise ValueError(f"{name}: argnums={argnums!r}, but the function was called with {count} arguments")
    return [i % count for i in many]


def _check_function(f: Any, name: str) -> None:
    if not callable(f):
        raise TypeError(f"{name} takes a function, got {type(f).__name__}; write {name}(lambda x: ...)")


def _check_scalar(output: Any, name: str) -> Any:
    if not _is_number(output):
        raise TypeError(
            f"{name} needs a function that returns one number, got a {type(output).__name__}; use jacobian for many"
        )
    try:
        return _checked(output, "the result of the function")
    except TypeError as error:
        raise TypeError(f"{name} needs a function that returns one number: {error}") from None


class _Run:
    """One run of a function on fresh variables: the arguments lifted, the result, and its derivatives."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Any, name: str, nested: bool) -> None:
        self.nested = nested
        self.argnums = argnums
        self.args = args
        self.positions = _positions(argnums, len(args), name)
        what = f"{name}: an argument"
        lifted = {i: [_lift(x, what) for x in _flatten(args[i])] for i in dict.fromkeys(self.positions)}
        self.variables = [variable for i in lifted for variable, _ in lifted[i]]
        shaped = [_like(x, [w for _, w in lifted[i]]) if i in lifted else x for i, x in enumerate(args)]
        self.output = f(*shaped)

    def gradient_of(self, output: Any, nested: bool = False) -> Any:
        """The derivatives of one number of the output, in the shape of the arguments asked for."""
        nested = nested or self.nested
        flat = iter([_released(g, nested) for g in _pull_back(output, self.variables, nested)])
        shaped = {i: _rebuild(self.args[i], flat) for i in dict.fromkeys(self.positions)}
        if isinstance(self.argnums, (tuple, list)):
            return tuple([shaped[i] for i in self.positions])
        return shaped[self.positions[0]]


# ---- reverse mode ------------------------------------------------------------------------------------


def value_and_grad(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns f's value and its gradient together.

    Args:
        f: a function that returns one number; with ``has_aux`` a pair of that number and anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(number, extra)``.

    Returns:
        A function ``(*args) -> (value, gradient)``, or ``((value, extra), gradient)`` with ``has_aux``. The gradient
        has the shape of the argument: a number, list, tuple or dict; a tuple of them where argnums is a tuple.

    Raises:
        TypeError: f is no function or returns no number, or an argument holds no numbers.
        ValueError: argnums names an argument that is not there.

    >>> value_and_grad(lambda x, y: x * y)(3.0, 4.0)
    (12.0, 4.0)
    """
    _check_function(f, "value_and_grad")

    def wrapped(*args: Any) -> Any:
        nested = _nested(args)
        with _inside():
            run = _Run(f, args, argnums, "grad", nested)
            output, aux = run.output, None
            if has_aux:
                if not isinstance(output, tuple) or len(output) != 2:
                    raise TypeError("has_aux=True needs a function that returns a pair (number, extra)")
                output, aux = output
            output = _check_scalar(output, "grad")
            gradient = run.gradient_of(output)
            value = _released(output, nested)
        return ((value, aux), gradient) if has_aux else (value, gradient)

    return _named(wrapped, f, "value_and_grad")


def grad(f: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of f.

    Args:
        f: a function that returns one number; with ``has_aux`` a pair of that number and anything else.
        argnums: which arguments to differentiate: a position, or a tuple of them.
        has_aux: whether f returns ``(number, extra)``; the result is then ``(gradient, extra)``.

    Returns:
        A function of the same arguments. Its result has the shape of the argument that is differentiated.

    Raises:
        TypeError: f is no function or returns no number, or an argument holds no numbers.
        ValueError: argnums names an argument that is not there.

    >>> grad(lambda x: x ** 3)(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["b"])({"w": 2.0, "b": 5.0})
    {'w': 5.0, 'b': 2.0}
    """
    _check_function(f, "grad")
    both = value_and_grad(f, argnums, has_aux)

    def wrapped(*args: Any) -> Any:
        value, gradient = both(*args)
        return (gradient, value[1]) if has_aux else gradient

    return _named(wrapped, f, "grad")


def jacobian(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """A function that returns all first derivatives of f: for each number of the result, its gradient.

    Args:
        f: a function that returns a number, or a list, tuple or dict of numbers.
        argnums: which arguments to differentiate: a position, or a tuple of them.

    Returns:
        A function whose result has the shape of f's result, with a gradient in the place of each number.

    Raises:
        TypeError: f is no function or returns something else than numbers.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    _check_function(f, "jacobian")

    def wrapped(*args: Any) -> Any:
        nested = _nested(args)
        with _inside():
            run = _Run(f, args, argnums, "jacobian", nested)
            rows = [run.gradient_of(_checked(y, "jacobian: a result")) for y in _flatten(run.output)]
        return _like(run.output, rows)

    return _named(wrapped, f, "jacobian")


def hessian(f: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """A function that returns all second derivatives of f.

    Args:
        f: a function that returns one number.
        argnums: which arguments to differentiate: a position, or a tuple of them.

    Returns:
        A function whose result is a list of lists for a list, a dict of dicts for a dict, a number for a number.

    Raises:
        TypeError: f is no function or returns no number.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([1.0, 2.0])
    [[4.0, 2.0], [2.0, 0.0]]
    """
    _check_function(f, "hessian")
    return _named(jacobian(grad(f, argnums), argnums), f, "hessian")


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f, and a function that pulls a cotangent back: a vector-Jacobian product, by reverse mode.

    Args:
        f: a function that returns a number, or a list, tuple or dict of numbers.
        primals: its arguments.

    Returns:
        ``(value, pull_back)``; ``pull_back(cotangent)`` takes something of the shape of the value and returns a
        tuple with one gradient for each argument. It may be called many times.

    Raises:
        TypeError: f is no function or returns something else than numbers.
        ValueError: a cotangent has another shape than the value.

    >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> value, pull_back([1.0, 10.0])
    ([6.0, 5.0], (13.0, 12.0))
    """
    _check_function(f, "vjp")
    nested = _nested(primals)
    with _inside():
        run = _Run(f, primals, tuple(range(len(primals))), "vjp", nested)
        outputs = [_checked(y, "vjp: a result") for y in _flatten(run.output)]
    value = _like(run.output, [_released(y, nested) for y in outputs])

    def pull_back(cotangent: Any) -> tuple[Any, ...]:
        if not _same_shape(cotangent, value):
            raise ValueError(f"vjp: the cotangent {cotangent!r:.80} has another shape than the value {value!r:.80}")
        seeds = [_checked(c, "vjp: a cotangent") for c in _flatten(cotangent)]
        seen_from_outside = _nested(seeds)
        with _inside():
            pulled = total([flow(seed, y) for seed, y in zip(seeds, outputs, strict=True)])
            result: tuple[Any, ...] = run.gradient_of(pulled, seen_from_outside)
        return result

    return value, pull_back


# ---- forward mode ------------------------------------------------------------------------------------


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f and its derivative along a direction: a Jacobian-vector product, by forward mode.

    Args:
        f: a function that returns a number, or a list, tuple or dict of numbers.
        primals: a tuple or list with f's arguments.
        tangents: the direction: as many, of the same shapes.

    Returns:
        ``(value, tangent)``, both of the shape of f's result.

    Raises:
        TypeError: f is no function, or primals and tangents are no tuples or lists.
        ValueError: the tangents have another shape than the primals.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    _check_function(f, "jvp")
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError("jvp takes the arguments and the direction as tuples: jvp(f, (x,), (1.0,))")
    if not _same_shape(primals, tangents):
        raise ValueError(f"jvp: the tangents {tangents!r:.80} have another shape than the primals {primals!r:.80}")
    nested = _nested((primals, tangents))
    level = new_level()
    moving = [
        Dual(_checked(x, "jvp: a primal"), _checked(t, "jvp: a tangent"), level)
        for x, t in zip(_flatten(primals), _flatten(tangents), strict=True)
    ]
    with _inside():
        output = f(*_like(primals, moving))
    parts = [_parts(_checked(y, "jvp: a result"), level) for y in _flatten(output)]
    value = _like(output, [_released(y, nested) for y, _ in parts])
    return value, _like(output, [_released(t, nested) for _, t in parts])


def _parts(y: Any, level: int) -> tuple[Any, Any]:
    mine = isinstance(y, Dual) and y.interpretation_level == level
    return (y.primal, y.tangent) if mine else (y, 0.0)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Hessian of f times a vector, without the Hessian: forward mode over reverse mode.

    Args:
        f: a function that returns one number.
        primals: a tuple or list with f's arguments.
        tangents: the vector: as many, of the same shapes.

    Returns:
        The product, in the shape of the argument; a tuple of such shapes where f takes several.

    Raises:
        TypeError: f is no function or returns no number, or primals and tangents are no tuples or lists.
        ValueError: the tangents have another shape than the primals.

    >>> hvp(lambda v: v[0] ** 2 * v[1], ([1.0, 2.0],), ([1.0, 0.0],))
    [4.0, 2.0]
    """
    _check_function(f, "hvp")
    many = isinstance(primals, (tuple, list)) and len(primals) != 1
    return jvp(grad(f, tuple(range(len(primals))) if many else 0), primals, tangents)[1]


def derivative(f: Callable[[Any], Any], order: int = 1) -> Callable[[Any], Any]:
    """The derivative of a function of one number, of any order, by forward mode.

    Args:
        f: a function of one number that returns one number.
        order: how often to differentiate; 0 gives the value. The cost doubles with each order.

    Returns:
        A function of one number.

    Raises:
        TypeError: f is no function, order is no int, or f returns no number.
        ValueError: order is negative.

    >>> derivative(lambda x: x ** 3)(2.0), derivative(lambda x: x ** 3, order=3)(2.0)
    (12.0, 6.0)
    """
    _check_function(f, "derivative")
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"derivative: order takes an int, got {type(order).__name__} {order!r}")
    if order < 0:
        raise ValueError(f"derivative: order must be 0 or more, got {order}")

    def wrapped(x: Any) -> Any:
        nested = _nested((x,))
        levels = [new_level() for _ in range(order)]
        moving = _checked(x, "derivative: the argument")
        for level in levels:
            moving = Dual(moving, 1.0, level)
        with _inside():
            result = _check_scalar(f(moving), "derivative")
        for level in reversed(levels):
            result = _parts(result, level)[1]
        return _released(result, nested)

    return _named(wrapped, f, f"derivative of order {order}")


def _named(wrapped: Callable[..., Any], f: Any, what: str) -> Callable[..., Any]:
    name = getattr(f, "__name__", type(f).__name__)
    wrapped.__name__ = f"{what.split()[0]}_of_{name}" if name.isidentifier() else what.split()[0]
    wrapped.__doc__ = f"The {what} of {name}."
    return wrapped
