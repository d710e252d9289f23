"""The reference engine: a number that remembers how it was computed.

A `Value` holds a float, the operands it came from, and a local-gradient closure. `Value.backward` walks the
graph from the result to the inputs and applies the chain rule at every node:

    gradient of a parent  +=  upstream gradient of the node  *  local gradient of the node to that parent

Names used throughout: *parents* are the Values a node was computed from; a *leaf* has none; a *local gradient*
is the partial derivative of a node with respect to one parent; an *adjoint* is the derivative of the root with
respect to a node, the upstream gradient as it arrives there; the *topological order* lists parents first.

What a user reads and writes is in `face`, and so is what the compiled engine shares with this one.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import deallocation, modes, records as p
from .face import Face, restored as _restored  # noqa: F401  # by this name the pickles of 0.1.0 ask for it
from .graphs import backward, gradients, topological_order
from .operators import Operators
from .record import Primitive, to_float
from .replay import Births, Entry, Tape, along as _along, hasten as _hasten, read_graph as _read_graph  # noqa: F401  # its side of programs

__all__ = ["Value", "backward", "gradients", "topological_order"]

# ---- the node --------------------------------------------------------------------------------------


class Node:
    """What a Value holds."""

    __slots__ = ("_data", "_grad", "_groups", "_label", "_local_gradients", "_operands", "_parents", "_primitive", "_source")

    _data: float
    _grad: float | None  # None until a backward pass comes by: "not yet" is not zero
    _parents: tuple[Value, ...]  # () for a leaf, and then the three below are unset
    _primitive: Primitive
    _operands: tuple[Any, ...]  # the parents, and floats where plain numbers stood
    _local_gradients: Callable[[], tuple[float, ...]]  # one for each parent
    _label: str  # this and the two below are unset where there is none, so that they cost nothing
    _source: str
    _groups: tuple[str, ...]

    _set = object.__setattr__  # sets a field past the `__setattr__` of `Face`

    def _begin(self, data: float) -> None:
        _write_data(self, data)
        _write_grad(self, None)
        _write_parents(self, ())


_read_grad = operator.attrgetter("_grad")
_write_data: Callable[[Node, float], None] = vars(Node)["_data"].__set__  # as `_set` does, only faster
_write_grad: Callable[[Node, float | None], None] = vars(Node)["_grad"].__set__
_write_parents: Callable[[Node, tuple[()]], None] = vars(Node)["_parents"].__set__


def _node(
    primitive: Primitive,
    data: float,
    operands: tuple[Any, ...],
    parents: tuple[Value, ...],
    local_gradients: Callable[[], tuple[float, ...]],
) -> Value:
    """A computed Value. It becomes one once its fields are set, since each attribute that is set on a Value costs time."""
    node: Any = Node()
    node._data = data
    node._grad = None
    node._parents = parents
    node._primitive = primitive
    node._operands = operands
    node._local_gradients = local_gradients
    node.__class__ = Value
    return node._apply_modes() if modes.open_blocks else node  # type: ignore[no-any-return]


# ---- computing it ----------------------------------------------------------------------------------


def _operators(name: str, primitive: Primitive, compute: Callable[[float, float], tuple[float, Callable[[], Any]]]) -> Any:
    """An operator and its reflection, from the result on floats and a closure for the local gradients of both operands.

    Beside a Value both operands are parents; beside one of Python's own numbers, which is a constant, only ``self`` is. Any
    other operand goes the general way, and so does what raises, since the general way explains errors.
    """
    general, reflect = vars(Operators)[f"__{name}__"], vars(Operators)[f"__r{name}__"]

    @functools.wraps(general)
    def forward(self: Value, other: Any) -> Any:
        kind = type(other)
        try:
            if kind is Value:
                z, both = compute(self._data, other._data)
                operands = (self, other)
                return _node(primitive, z, operands, operands, both)
            if kind is float or kind is int or isinstance(other, (float, int)):  # isinstance alone takes longer
                c = to_float(other)
                z, both = compute(self._data, c)
                return _node(primitive, z, (self, c), (self,), lambda: (both()[0],))
        except ArithmeticError:
            pass
        return general(self, other)

    @functools.wraps(reflect)
    def reflected(self: Value, other: Any) -> Any:
        try:
            if isinstance(other, (float, int)):
                c = to_float(other)
                z, both = compute(c, self._data)
                return _node(primitive, z, (c, self), (self,), lambda: (both()[1],))
        except ArithmeticError:
            pass
        return reflect(self, other)

    return forward, reflected


class Value(Node, Face):  # noqa: D101  # its docstring is that of its face
    __doc__ = Face.__doc__
    __slots__ = ()

    if TYPE_CHECKING:

        def detach(self) -> Value: ...  # noqa: D102  # as above

    else:
        # A sum passes the gradient on, a product swaps its inputs. A test compares each of these with its record; every other
        # operation is computed from its record alone, by `_record`.
        __add__, __radd__ = _operators("add", p.add, lambda x, y: (x + y, lambda: (1.0, 1.0)))
        __sub__, __rsub__ = _operators("sub", p.subtract, lambda x, y: (x - y, lambda: (1.0, -1.0)))
        __mul__, __rmul__ = _operators("mul", p.multiply, lambda x, y: (x * y, lambda: (y, x)))
        __truediv__, __rtruediv__ = _operators("truediv", p.divide, lambda x, y: (x / y, lambda: (1.0 / y, p.divide_dy(x, y))))

        @functools.wraps(Operators.__pow__)
        def __pow__(self, other, modulus=None):
            if isinstance(other, (float, int)) and modulus is None:  # an exponent with a gradient goes the general way
                x, n = self._data, to_float(other, "power()")
                z = p.power.evaluate((x, n), (self, n))
                return _node(p.power, z, (self, n), (self,), lambda: (p.power_dx(x, n),))
            return Operators.__pow__(self, other, modulus)

        @functools.wraps(Operators.__neg__)
        def __neg__(self):
            return _node(p.negative, -self._data, (self,), (self,), lambda: (-1.0,))


deallocation.prepare(Value, "_parents", "_operands")


def _record(primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Value:
    """Compute any primitive on Values and plain numbers, and record it; `Face.interpret` calls this."""
    parents = tuple([x for x in operands if isinstance(x, Value)])
    positions = None  # of the parents among the operands: all
    if len(parents) < len(operands):
        operands = tuple([x if isinstance(x, Value) else to_float(x, f"{primitive.name}()") for x in operands])
        positions = [i for i, x in enumerate(operands) if isinstance(x, Value)]
        primitive.check_parameters(positions)
        plain = tuple([x._data if isinstance(x, Value) else x for x in operands])
    else:
        if primitive.has_parameters:
            primitive.check_parameters(range(len(operands)))
        plain = tuple([x._data for x in operands])
    z = primitive.evaluate(plain, operands) if value is None else value
    return _node(primitive, z, operands, parents, lambda: primitive.local_gradients(z, plain, positions))


def _one_node(primitive: Primitive, operands: tuple[Value, ...], value: float, local_gradients: Sequence[float]) -> Value:
    """A node whose number and local gradients are known: what a compiled function returns."""
    return _node(primitive, value, operands, operands, lambda: tuple(local_gradients))


# ---- walking it back -------------------------------------------------------------------------------


def _order_of(roots: Sequence[Value]) -> list[Value]:
    """Everything that the roots were computed from, parents first. A stack of its own, so that nothing recurses."""
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node is None:  # the mark below a node's parents: they are all in the order by now
            order.append(stack.pop())  # type: ignore[arg-type]  # a mark always lies on its node
        elif node not in seen:
            seen.add(node)
            if node._parents:
                stack += (node, None)
                stack += node._parents[::-1]
            else:
                order.append(node)
    return order


def _adjoints(order: list[Value], roots: Sequence[Value], seeds: Sequence[float]) -> dict[Value, float]:
    """d(roots)/d(node) for every node: the chain rule, from the roots back to the leaves."""
    adjoints = dict.fromkeys(order, 0.0)
    for root, seed in zip(roots, seeds, strict=True):
        adjoints[root] += seed
    watch = modes.open_blocks and modes.current.get().detecting
    for node in reversed(order):
        upstream = adjoints[node]
        if watch:
            node._check(upstream)
        if upstream != 0.0 and node._parents:  # zero stops here: 0 times an infinite local gradient is 0, not nan
            for parent, local in zip(node._parents, node._local_gradients(), strict=True):
                adjoints[parent] += upstream * local
    return adjoints


def _walk_back(roots: Sequence[Value], seeds: Sequence[float]) -> None:
    """Add the adjoint of each node to its gradient."""
    order = _order_of(roots)
    adjoints = _adjoints(order, roots, seeds)
    # Only now, so that an error on the way leaves every gradient as it was. All in one call, which runs in C from end to end:
    # neither the handler of a signal nor another thread can come between two of the gradients.
    before = map(_NUMBERS.get, map(_read_grad, order), map(_read_grad, order))
    deque(map(_write_grad, order, map(operator.add, before, adjoints.values())), maxlen=0)


_NUMBERS: dict[float | None, float] = {None: 0.0, 0.0: 0.0}  # what a gradient counts as, where it is not itself


def _derivatives(output: Value, inputs: list[Value]) -> list[float]:
    """d(output)/d(input) for each input; 0.0 where the output does not depend on it."""
    adjoints = _adjoints(_order_of([output]), [output], [1.0])
    return [adjoints.get(x, 0.0) for x in inputs]


Value._engine = sys.modules[__name__]
