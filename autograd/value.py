"""The reference engine: a number that remembers how it was computed.

A `Value` holds a float, the operands it came from, and a local-gradient closure. `Value.backward` walks the
graph from the result to the inputs and applies the chain rule at every node:

    gradient of a parent  +=  upstream gradient of the node  *  local gradient of the node to that parent

Names used throughout: *parents* are the Values a node was computed from; a *leaf* has none; a *local gradient*
is the partial derivative of a node with respect to one parent; an *adjoint* is the derivative of the root with
respect to a node, the upstream gradient as it arrives there; the *topological order* lists parents first.

The operations that make up most graphs are written out here, and held to their records by a test. All others
come from `records` alone.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, SupportsFloat

from . import modes, records as p
from .micrograd import Micrograd
from .operators import Operators
from .record import Primitive, to_float

__all__ = ["Value", "backward", "gradients", "topological_order"]


class Value(Micrograd, Operators):
    """A float that records how it was computed, so that `backward` can find its derivatives.

    Args:
        data: the number; anything real. inf and nan are legal.
        label: a name for messages and pictures.

    Raises:
        TypeError: data is no real number, or label is no string.
        OverflowError: data is too large for a float.

    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ("_data", "_grad", "_groups", "_label", "_local_gradients", "_operands", "_parents", "_primitive", "_source")

    _data: float
    _grad: float | None  # None until a backward pass comes by: "not yet" is not zero
    _parents: tuple[Value, ...]  # () for a leaf, and then the three below are unset
    _primitive: Primitive
    _operands: tuple[Any, ...]
    _local_gradients: Callable[[], tuple[float, ...]]
    _label: str  # this and the two below are unset where there is none, so that they cost nothing
    _source: str
    _groups: tuple[str, ...]

    def __init__(self, data: Any, label: str = "") -> None:
        _write_data(self, to_float(data))
        _write_grad(self, None)
        _write_parents(self, ())
        if label != "":
            self.label = label
        if modes.unusual:
            _mark(self, modes.current.get())

    # ---- building the graph ------------------------------------------------------------------------
    # A sum passes the gradient on, a product swaps its inputs. Each operation comes in three cases: with another
    # Value, with a plain number, and with whatever else is real, which the general path takes care of.

    def __add__(self, other: SupportsFloat) -> Value:
        """self + other; the local gradient of each is 1."""
        if isinstance(other, Value):
            both = (self, other)
            return _node(p.add, self._data + other._data, both, both, lambda: (1.0, 1.0))
        if isinstance(other, (int, float)):
            c = to_float(other, "add()")
            return _node(p.add, self._data + c, (self, c), (self,), lambda: (1.0,))
        return Operators.__add__(self, other)

    def __radd__(self, other: SupportsFloat) -> Value:
        """other + self, where other is a plain number."""
        if isinstance(other, (int, float)):
            c = to_float(other, "add()")
            return _node(p.add, c + self._data, (c, self), (self,), lambda: (1.0,))
        return Operators.__radd__(self, other)

    def __sub__(self, other: SupportsFloat) -> Value:
        """self - other; the local gradients are 1 and -1."""
        if isinstance(other, Value):
            both = (self, other)
            return _node(p.subtract, self._data - other._data, both, both, lambda: (1.0, -1.0))
        if isinstance(other, (int, float)):
            c = to_float(other, "subtract()")
            return _node(p.subtract, self._data - c, (self, c), (self,), lambda: (1.0,))
        return Operators.__sub__(self, other)

    def __mul__(self, other: SupportsFloat) -> Value:
        """self * other; the local gradient of each is the other."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            both = (self, other)
            return _node(p.multiply, x * y, both, both, lambda: (y, x))
        if isinstance(other, (int, float)):
            c = to_float(other, "multiply()")
            return _node(p.multiply, x * c, (self, c), (self,), lambda: (c,))
        return Operators.__mul__(self, other)

    def __rmul__(self, other: SupportsFloat) -> Value:
        """other * self, where other is a plain number."""
        if isinstance(other, (int, float)):
            c = to_float(other, "multiply()")
            return _node(p.multiply, c * self._data, (c, self), (self,), lambda: (c,))
        return Operators.__rmul__(self, other)

    def __truediv__(self, other: SupportsFloat) -> Value:
        """self / other; the local gradients are 1/other and -(self/other)/other."""
        x = self._data
        if isinstance(other, Value) and other._data:
            y = other._data
            both = (self, other)
            return _node(p.divide, x / y, both, both, lambda: (1.0 / y, p.divide_dy(x, y)))
        if isinstance(other, (int, float)) and other:
            c = to_float(other, "divide()")
            return _node(p.divide, x / c, (self, c), (self,), lambda: (1.0 / c,))
        return Operators.__truediv__(self, other)  # a divisor of zero is explained there

    def __pow__(self, other: SupportsFloat, modulus: None = None) -> Value:
        """self ** other, where other is a plain number: other * self**(other-1)."""
        if isinstance(other, (int, float)) and modulus is None:
            x, n = self._data, to_float(other, "power()")
            both = (self, n)
            return _node(p.power, p.power.evaluate((x, n), both), both, (self,), lambda: (p.power_dx(x, n),))
        return Operators.__pow__(self, other, modulus)

    def __neg__(self) -> Value:
        """-self; the local gradient is -1."""
        return _node(p.negative, -self._data, (self,), (self,), lambda: (-1.0,))

    # ---- every other operation is a record -----------------------------------------------------------

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Value:
        """Compute any primitive on Values and plain numbers, and record it.

        Args:
            primitive: what to compute.
            operands: its operands, at least one of them a Value.
            value: the result, where the caller has it already.

        Returns:
            The new node.
        """
        parents = tuple([x for x in operands if isinstance(x, Value)])
        positions = None
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

    # ---- walking it back -------------------------------------------------------------------------

    def backward(self, gradient: Any = 1.0) -> None:
        """Add d(self)/d(node) to ``node.grad`` for every node of the graph.

        Args:
            gradient: the seed, the gradient that arrives at this node from outside.

        Raises:
            TypeError: gradient is no real number.
            AnomalyError: inside `detect_anomaly`, something became inf or nan; all gradients stay as they were.

        >>> x = Value(3)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        _walk_back([self], [to_float(gradient, "backward(gradient)")])

    def zero_grad(self) -> None:
        """Forget the gradients of this node and of everything it was computed from.

        >>> x = Value(3)
        >>> y = x * x; y.backward(); y.zero_grad()
        >>> x.grad, x.has_grad
        (0.0, False)
        """
        for node in topological_order(self):
            _write_grad(node, None)

    # ---- what a user reads and writes --------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. A leaf's may be set; a computed one's may not, since its graph would no longer be true."""
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if self._parents:
            raise AttributeError(
                f"data of a computed Value can't be set: {self._primitive.describe(self._operands)} would no longer be "
                f"what it says; set the data of a leaf, or make a new leaf with v.detach()"
            )
        _write_data(self, to_float(number, "data"))

    @property
    def grad(self) -> float:
        """The gradient that `backward` has added up here so far; 0.0 at first."""
        return self._grad or 0.0

    @grad.setter
    def grad(self, number: Any) -> None:
        _write_grad(self, None if number is None else to_float(number, "grad"))

    @property
    def has_grad(self) -> bool:
        """Whether a backward pass has reached this node, or its gradient was set."""
        return self._grad is not None

    @property
    def label(self) -> str:
        """The name shown in messages and pictures; empty if it has none."""
        return getattr(self, "_label", "")

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a string, got {type(label).__name__} {label!r}; write label=str(...)")
        self._label = label

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values this one was computed from, in the order of the arguments; empty for a leaf."""
        return self._parents

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """All operands in order: the parents, and plain numbers where they stood. Empty for a leaf."""
        return self._operands if self._parents else ()

    @property
    def op(self) -> Primitive | None:
        """The primitive that computed this Value; None for a leaf."""
        return self._primitive if self._parents else None

    @property
    def is_leaf(self) -> bool:
        """Whether this Value was not computed from others."""
        return not self._parents

    @property
    def source(self) -> str:
        """The line of code that made this, if `record_sources` or `detect_anomaly` was on then; else empty."""
        return getattr(self, "_source", "")

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that this was made in, the outermost first; see `group`."""
        return getattr(self, "_groups", ())

    def local_gradients(self) -> tuple[float, ...]:
        """The partial derivative of this node with respect to each parent, as it was when it was computed.

        >>> (Value(2) * Value(5)).local_gradients()
        (5.0, 2.0)
        """
        return self._local_gradients() if self._parents else ()

    def detach(self) -> Value:
        """A new leaf with the same number and label, cut off from the graph."""
        return Value(self._data, self.label)

    def __setattr__(self, name: str, x: Any) -> None:
        """Set a field, or an attribute of a subclass; what a Value has no place for is refused."""
        try:
            _set_attribute(self, name, x)
        except AttributeError as error:
            raise _refusal(self, name, error) from None

    def __repr__(self) -> str:
        """The number, the gradient, and the label if there is one."""
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{label})"

    def __reduce__(self) -> Any:
        """Copy and pickle a leaf; a computed node refuses. A pickle opens on either engine."""
        if self._parents:
            raise TypeError(
                "a computed Value can't be copied or pickled: its graph would have to go along; "
                "use v.detach() for a leaf with the same number"
            )
        kind: Any = type(self)
        if kind is Value:
            kind = None if import_module("autograd").Value is Value else _ENGINE
        return _restored, (kind, self._data, self._grad, self.label), getattr(self, "__dict__", None) or None


_ENGINE = __name__


def _refusal(value: Value, name: str, error: AttributeError) -> AttributeError:
    """Why an attribute can't be set: what its property said, or that there is no place for it."""
    if hasattr(type(value), name):
        return error
    return AttributeError(
        f"a {type(value).__name__} has no attribute {name!r} to set: it holds data, grad and label; "
        f"for attributes of your own write `class W(Value): pass` and make them W(...)",
        name=name,
        obj=value,
    )


_set_attribute = object.__setattr__
# The fields, set past `__setattr__`, which would make each of them ten times slower.
_write_data: Callable[[Value, float], None] = vars(Value)["_data"].__set__
_write_parents: Callable[[Value, tuple[()]], None] = vars(Value)["_parents"].__set__
_read_grad: Callable[[Value], float | None] = vars(Value)["_grad"].__get__
_write_grad: Callable[[Value, float | None], None] = vars(Value)["_grad"].__set__
_NUMBERS: dict[float | None, float] = {None: 0.0, 0.0: 0.0}  # what a gradient counts as, where it is not itself


def _restored(kind: type[Value] | str | None, data: float, grad: float | None, label: str) -> Any:
    # Not a class of the user's own, but Value: that of the engine that runs, or of one by name.
    leaf: Value = (kind if isinstance(kind, type) else import_module(kind or "autograd").Value)(data, label)
    leaf.grad = grad
    return leaf


def _node(
    op: Primitive,
    data: float,
    operands: tuple[Any, ...],
    parents: tuple[Value, ...],
    local_gradients: Callable[[], tuple[float, ...]],
) -> Value:
    node: Any = _new(_Unfinished)
    node._data = data
    node._grad = None
    node._parents = parents
    node._primitive = op
    node._operands = operands
    node._local_gradients = local_gradients
    node.__class__ = Value
    return _unusual(node) if modes.unusual else node


def _unusual(node: Value) -> Value:
    """A new node inside one of the blocks of `modes`: marked, looked at, or cut off from its operands."""
    mode = modes.current.get()
    if mode.recording or mode.detecting:
        _mark(node, mode)
    if mode.detecting:
        modes.check(node._data, "value", node, node._primitive.describe(node._operands))
    return node if mode.recording else Value(node._data)


def _mark(value: Value, mode: modes.Modes) -> None:
    if mode.sourcing or mode.detecting:
        value._source = modes.calling_line()
    if mode.groups:
        value._groups = mode.groups


# What a node is until its fields are set: the same fields without `__setattr__`.
_Unfinished: Any = type("_Unfinished", Value.__bases__, {"__slots__": Value.__slots__})
_new: Any = object.__new__


def topological_order(root: Value) -> list[Value]:
    """Every node that ``root`` was computed from, parents before children, ``root`` last.

    A depth-first walk with a stack of its own, so that a chain of a million nodes needs no recursion.

    >>> x = Value(1, label="x"); y = x + x; y.label = "y"
    >>> [node.label for node in topological_order(y * x)]
    ['x', 'y', '']
    """
    if not isinstance(root, Value):
        raise TypeError(f"expected a Value, got {type(root).__name__}; wrap the number in Value(...)")
    return _order_of([root])


def _order_of(roots: Sequence[Value]) -> list[Value]:
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


def _walk_back(roots: Sequence[Value], seeds: Sequence[float]) -> None:
    order = _order_of(roots)
    adjoints = _adjoints(order, roots, seeds)
    # Only now, so that an error on the way leaves every gradient as it was. All in one call, which runs in C from end to end:
    # neither the handler of a signal nor another thread can come between two of the gradients.
    before = map(_NUMBERS.get, map(_read_grad, order), map(_read_grad, order))
    deque(map(_write_grad, order, map(operator.add, before, adjoints.values())), maxlen=0)


def _adjoints(order: list[Value], roots: Sequence[Value], seeds: Sequence[float]) -> dict[Value, float]:
    """d(roots)/d(node) for every node: the chain rule, from the roots back to the leaves."""
    adjoints = dict.fromkeys(order, 0.0)
    for root, seed in zip(roots, seeds, strict=True):
        adjoints[root] += seed
    watch = modes.unusual and modes.current.get().detecting
    for node in reversed(order):
        upstream = adjoints[node]
        if watch:
            _check_node(node, upstream)
        if upstream != 0.0 and node._parents:  # zero stops here: 0 times an infinite local gradient is 0, not nan
            for parent, local in zip(node._parents, node._local_gradients(), strict=True):
                adjoints[parent] += upstream * local
    return adjoints


def _check_node(node: Value, upstream: float) -> None:
    text = repr(node)
    if node._parents:  # a leaf may hold inf or nan: they are legal data
        text = node._primitive.describe(node._operands)
        modes.check(node._data, "value", node, text)
        for local in node._local_gradients():
            modes.check(local, "local gradient", node, text)
    modes.check(upstream, "adjoint", node, text)


def backward(outputs: Any, gradients: Any = None) -> None:
    """Walk back from one or several roots at once, and add to every node's ``grad``.

    Args:
        outputs: a Value, or an iterable of Values.
        gradients: a seed for each output; 1.0 each if None.

    Raises:
        TypeError: an output is no Value, or a seed no real number.
        ValueError: there are not as many seeds as outputs.

    >>> x = Value(2)
    >>> backward([x * x, 3 * x])
    >>> x.grad
    7.0
    """
    roots = _listed_values(outputs, "backward(outputs)")
    if gradients is None:
        seeds = [1.0] * len(roots)
    else:
        given = [gradients] if isinstance(outputs, Value) and not isinstance(gradients, Iterable) else list(gradients)
        seeds = [to_float(g, "backward(gradients)") for g in given]
        if len(seeds) != len(roots):
            raise ValueError(f"backward() got {len(roots)} outputs and {len(seeds)} gradients; give one for each")
    _walk_back(roots, seeds)


def _listed_values(given: Any, what: str) -> list[Value]:
    values = [given] if isinstance(given, Value) or not isinstance(given, Iterable) else list(given)
    for x in values:
        if not isinstance(x, Value):
            raise TypeError(f"{what} takes Values, got {type(x).__name__} {x!r:.60}; wrap the number in Value(...)")
    return values


def gradients(output: Any, inputs: Any, create_graph: bool = False) -> Any:
    """The derivatives of ``output`` with respect to ``inputs``; every ``grad`` stays as it was.

    Args:
        output: a Value.
        inputs: a Value, or an iterable of Values; any nodes, leaves or not.
        create_graph: return Values that can be differentiated again instead of floats.

    Returns:
        One derivative if ``inputs`` is a Value, else a list of them; 0.0 for an input that the output does not
        depend on. Floats, or Values with ``create_graph=True``.

    Raises:
        TypeError: output or an input is no Value.
        RuntimeError: with ``create_graph=True``, the data of a leaf was changed after the forward pass.

    >>> x = Value(3)
    >>> dy = gradients(x ** 3, x, create_graph=True)
    >>> dy.data, gradients(dy, x)
    (27.0, 18.0)
    """
    if not isinstance(output, Value):
        raise TypeError(f"gradients(output) takes a Value, got {type(output).__name__}; wrap the number in Value(...)")
    wanted = _listed_values(inputs, "gradients(inputs)")
    if create_graph:
        with modes.enable_grad():
            found: dict[Value, Any] = _adjoint_graph(_order_of([output]), wanted)
            results: list[Any] = [g if isinstance(g := found.get(x, 0.0), Value) else Value(g) for x in wanted]
    else:
        results = _derivatives(output, wanted)
    return results[0] if isinstance(inputs, Value) else results


def _derivatives(output: Value, inputs: list[Value]) -> list[float]:
    adjoints = _adjoints(_order_of([output]), [output], [1.0])
    return [adjoints.get(x, 0.0) for x in inputs]


def _adjoint_graph(order: list[Value], wanted: Sequence[Value]) -> dict[Value, Any]:
    """As `_adjoints`, with Values for adjoints: the chain rule recorded, along the ways to the inputs only."""
    leads: set[Value] = set(wanted)
    for node in order:
        if not leads.isdisjoint(node._parents):
            leads.add(node)
    adjoints: dict[Value, Any] = {order[-1]: 1.0}
    for node in reversed(order):
        upstream = adjoints.get(node, 0.0)
        if not node._parents or node not in leads or (type(upstream) is float and upstream == 0.0):
            continue
        _check_unchanged(node)
        positions = [i for i, x in enumerate(node._operands) if isinstance(x, Value) and x in leads]
        parents = [node._operands[i] for i in positions]
        local_gradients = node._primitive.local_gradients(node, node._operands, positions)
        for parent, local in zip(parents, local_gradients, strict=True):
            step = p.flow(upstream, local)
            adjoints[parent] = adjoints[parent] + step if parent in adjoints else step
    return adjoints


def _check_unchanged(node: Value) -> None:
    # A graph of derivatives is built from the operands as they are now; the recorded pass must still be true of them.
    if not any(parent.is_leaf for parent in node._parents):
        return
    plain = tuple([x if type(x) is float else x._data for x in node._operands])
    positions = [i for i, x in enumerate(node._operands) if isinstance(x, Value)]
    value = node._primitive.evaluate(plain, node._operands)
    now = (value, *node._primitive.local_gradients(value, plain, positions))
    if repr(now) != repr((node._data, *node._local_gradients())):
        raise RuntimeError(
            f"the data of a leaf was changed after {node._primitive.describe(node._operands)} was computed, so a graph of "
            f"its derivatives can't be built; compute the expression again first"
        )
