"""The face of a Value: what a user reads, writes and calls. Both engines inherit it, and bring the rest themselves.

An engine is a module. Its class `Value` inherits the fields of a node and this page, and these stand beside it:

- ``_record(primitive, operands, value)`` computes a primitive and records it, as a new node;
- ``_order_of(roots)`` lists everything that the roots were computed from, parents first;
- ``_walk_back(roots, seeds)`` adds the gradients;
- ``_derivatives(output, inputs)`` returns them, and leaves every ``grad`` as it is.

The fields are ``_data``, ``_grad`` (None before a backward pass, for "not yet" is not zero), ``_parents`` and ``_label``,
``_source``, ``_groups``; a computed node has ``_primitive``, ``_operands`` and the closure ``_local_gradients`` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

from . import modes
from .micrograd import Micrograd
from .operators import Operators
from .record import Primitive, to_float

__all__ = ["Face", "no_program_sweeps"]


class Face(Micrograd, Operators):
    """A float that records how it was computed, so that `backward` can find its derivatives.

    Args:
        data: the number; anything real. inf and nan are legal.
        label: a name for messages and pictures.

    Raises:
        TypeError: data is not a real number, or label is not a string.
        OverflowError: data is too large for a float.

    >>> from autograd import Value
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ()

    _engine: Any  # the module
    _begin: Callable[[float], None]  # makes it a leaf with that number
    _set: Callable[[str, Any], None]  # sets a field, or an attribute of a subclass, as `object.__setattr__` does
    _data: float
    _grad: float | None
    _parents: tuple[Any, ...]
    _primitive: Primitive
    _operands: tuple[Any, ...]
    _local_gradients: Callable[[], tuple[float, ...]]

    def __init__(self, data: Any, label: str = "") -> None:
        self._begin(to_float(data))
        if label != "":
            self.label = label
        if modes.open_blocks:
            self._apply_modes()

    # ---- the number and its gradient ---------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. A leaf's may be set; a computed one's may not, since its graph would no longer be true."""
        if modes.recorders and (recorder := modes.watching()) is not None:
            return recorder.ask("data", self)  # type: ignore[no-any-return]
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if self._parents:
            raise AttributeError(
                f"data of a computed Value can't be set: {self._primitive.describe(self._operands)} would no longer be "
                f"what it says; set the data of a leaf, or make a new leaf with v.detach()"
            )
        _stop_recording("it sets the data of a Value")
        self._set("_data", to_float(number, "data"))

    @property
    def grad(self) -> float:
        """The gradient that `backward` has added up here so far; 0.0 at first."""
        _stop_recording("it reads grad")
        return self._grad or 0.0

    @grad.setter
    def grad(self, number: Any) -> None:
        _stop_recording("it sets grad")
        self._set("_grad", None if number is None else to_float(number, "grad"))

    @property
    def has_grad(self) -> bool:
        """Whether a backward pass has reached this node, or its gradient was set."""
        _stop_recording("it asks for has_grad")
        return self._grad is not None

    def backward(self, gradient: Any = 1.0) -> None:
        """Add d(self)/d(node) to ``node.grad`` for every node of the graph.

        Args:
            gradient: the seed, the gradient that arrives at this node from outside.

        Raises:
            TypeError: gradient is not a real number.
            AnomalyError: inside `detect_anomaly`, something became inf or nan; all gradients stay as they were.

        >>> from autograd import Value
        >>> x = Value(3)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        no_program_sweeps()
        self._engine._walk_back([self], [to_float(gradient, "backward(gradient)")])

    def zero_grad(self) -> None:
        """Forget the gradients of this node and of everything it was computed from.

        >>> from autograd import Value
        >>> x = Value(3)
        >>> y = x * x; y.backward(); y.zero_grad()
        >>> x.grad, x.has_grad
        (0.0, False)
        """
        _stop_recording("it calls zero_grad()")
        for node in self._engine._order_of([self]):
            node._set("_grad", None)

    # ---- how it was computed -----------------------------------------------------------------------

    @property
    def parents(self) -> tuple[Self, ...]:
        """The Values this one was computed from, in the order of the arguments; empty for a leaf."""
        return self._parents

    @property
    def operands(self) -> tuple[Self | float, ...]:
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

    def local_gradients(self) -> tuple[float, ...]:
        """The partial derivative of this node with respect to each parent, as it was when it was computed.

        >>> from autograd import Value
        >>> (Value(2) * Value(5)).local_gradients()
        (5.0, 2.0)
        """
        _stop_recording("it asks for local gradients")
        return self._local_gradients() if self._parents else ()

    def _recorded(self) -> tuple[float, ...]:
        """The number and the local gradients, for a check that decides nothing."""
        return self._data, *self._local_gradients()

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Any:
        """Compute any primitive on Values and plain numbers, and record it.

        Args:
            primitive: what to compute.
            operands: its operands, at least one of them a Value.
            value: the result, where the caller has it already.

        Returns:
            The new node.
        """
        return self._engine._record(primitive, operands, value)

    def detach(self) -> Any:
        """A new leaf with the same number and label, cut off from the graph."""
        leaf = self._engine.Value(self._data, self.label)
        if modes.recorders and (recorder := modes.watching()) is not None:
            recorder.births.stopped(leaf, self)
        return leaf

    # ---- names -------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The name shown in messages and pictures; empty if it has none."""
        return getattr(self, "_label", "")

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a string, got {type(label).__name__} {label!r}; write label=str(...)")
        self._set("_label", label)

    @property
    def source(self) -> str:
        """The line of code that made this, if `record_sources` or `detect_anomaly` was on then; else empty."""
        return getattr(self, "_source", "")

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups that this was made in, the outermost first; see `group`."""
        return getattr(self, "_groups", ())

    def _apply_modes(self) -> Any:
        """This new node as the blocks of `modes` want it: marked, looked at, or a leaf in its place."""
        mode = modes.current.get()
        if mode.births is not None:
            mode.births.born(self)
        if not (mode.recording or mode.detecting or self.is_leaf):
            leaf = self._engine.Value(self._data)
            if mode.births is not None:
                mode.births.stopped(leaf, self)
            return leaf
        if mode.sourcing or mode.detecting:
            self._set("_source", modes.calling_line())
        if mode.groups:
            self._set("_groups", mode.groups)
        if self.is_leaf:
            return self
        if mode.detecting:
            modes.check(self._data, "value", self, self._primitive.describe(self._operands))
        return self if mode.recording else self._engine.Value(self._data)

    def _check(self, upstream: float) -> None:
        """Look at this node for inf and nan, as a backward pass comes to it: its number, local gradients and adjoint."""
        text = repr(self)
        if self._parents:  # a leaf may hold inf or nan: they are legal data
            text = self._primitive.describe(self._operands)
            modes.check(self._data, "value", self, text)
            for local in self._local_gradients():
                modes.check(local, "local gradient", self, text)
        modes.check(upstream, "adjoint", self, text)

    # ---- as an object of Python --------------------------------------------------------------------

    def __setattr__(self, name: str, x: Any) -> None:
        """Set a field, or an attribute of a subclass; any other attribute is refused."""
        try:
            self._set(name, x)
        except AttributeError:
            if hasattr(type(self), name):
                raise  # in the words of its property
            raise AttributeError(
                f"a {type(self).__name__} has no attribute {name!r} to set: it holds data, grad and label; "
                f"for attributes of your own write `class W(Value): pass` and make them W(...)",
                name=name,
                obj=self,
            ) from None

    def __repr__(self) -> str:
        """The number, the gradient, and the label if there is one."""
        _stop_recording("it writes a Value as text", differs=True, instead="print its result")
        label = f", label={self.label!r}" if self.label else ""
        return f"Value(data={self._data!r}, grad={self.grad!r}{label})"

    def __reduce__(self) -> Any:
        """Copy and pickle a leaf; a computed node refuses. A pickle opens on either engine."""
        if self._parents:
            raise TypeError(
                "a computed Value can't be copied or pickled: its graph would have to go along; "
                "use v.detach() for a leaf with the same number"
            )
        _stop_recording("it copies or pickles a Value", differs=True)
        kind: Any = type(self)
        if kind is self._engine.Value:
            kind = None if kind is import_module("autograd").Value else self._engine.__name__
        return restored, (kind, self._data, self._grad, self.label), getattr(self, "__dict__", None) or None


def _stop_recording(reason: str, differs: bool = False, instead: str = "") -> None:
    """Let `compile` know of something that a program can't do, or that a float does in another way."""
    if modes.recorders and (recorder := modes.watching()) is not None:
        recorder.fail(reason, differs, instead)


def no_program_sweeps() -> None:
    """Let `compile` know of a backward pass."""
    _stop_recording("it calls backward()", instead="compile what computes the loss, and call backward() on the result")


def restored(kind: type[Face] | str | None, data: float, grad: float | None, label: str) -> Any:
    """A leaf out of its pickle.

    Args:
        kind: a user's own class; or the name of an engine, for its Value; or None for that of the engine that runs.
        data: the number.
        grad: the gradient, or None.
        label: the name.
    """
    leaf = (kind if isinstance(kind, type) else import_module(kind or "autograd").Value)(data, label)
    leaf.grad = grad
    return leaf
