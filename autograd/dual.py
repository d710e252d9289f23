"""Forward mode: dual numbers, which carry a derivative along with the number.

A dual number is ``primal + tangent * epsilon`` with ``epsilon**2 = 0``. Any primitive of dual numbers is the
primitive of the primals, and its tangent is the sum of local gradients times the operands' tangents; the local
gradients come from the same records that reverse mode reads. Primal and tangent may be floats, Values, or dual
numbers of a lower level, so that every nesting of forward and reverse mode works.

Each run of forward mode has a level of its own. An operation belongs to the highest level among its operands and
takes everything of a lower level for a constant; that keeps the perturbations of nested derivatives apart.
See Siskind and Pearlmutter, "Nesting forward-mode AD in a functional framework", 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

from . import modes
from .operators import Operators
from .record import Primitive, is_tracked, number_of, to_float
from .records import flow, settled

__all__ = ["Dual", "Origin", "detached", "lifted", "new_level", "watched"]

_levels = count(1)


def new_level() -> int:
    """A level above all earlier ones, for one run of forward mode."""
    return next(_levels)


def lifted(x: Any, what: str) -> Any:
    """An operand as forward mode takes it: what carries derivatives as it is, any other number as a float.

    Args:
        x: a number, a Value or a dual number.
        what: what the number is wanted for, as the message should call it.

    Raises:
        TypeError: x is none of these.
    """
    return x if is_tracked(x) else to_float(x, what)


def detached(x: Any) -> Any:
    """The same number as a constant, of the same kind.

    >>> detached(2.0), detached(Dual(3.0, 1.0, new_level()))
    (2.0, Dual(primal=3.0, tangent=0.0))
    """
    return x.detach() if is_tracked(x) else x


class Origin(NamedTuple):
    """An operation inside `detect_anomaly`, in the words that its messages need.

    Attributes:
        text: the operation and its operands.
        source: the line of code that called for it.
        label: of its result, which has none.
    """

    text: str
    source: str
    label: str = ""

    def check(self, x: Any, what: str) -> None:
        """Raise an AnomalyError if a number is inf or nan.

        Args:
            x: a float, a Value or a dual number.
            what: the word for it, such as "tangent".
        """
        modes.check(number_of(x), what, self, self.text)


def watched(primitive: Primitive, operands: tuple[Any, ...], z: Any, moving: Sequence[int]) -> Origin:
    """Look at a result and its local gradients, as `backward` does inside `detect_anomaly`.

    Args:
        primitive: what was computed.
        operands: its operands, without what this run of forward mode carries along.
        z: the result.
        moving: the positions of the operands whose local gradients are to be looked at.

    Returns:
        What later messages about the result need.

    Raises:
        AnomalyError: one of the numbers is inf or nan.
    """
    origin = Origin(primitive.describe(operands), modes.calling_line())
    origin.check(z, "value")
    for local in primitive.local_gradients(number_of(z), tuple([number_of(x) for x in operands]), moving):
        origin.check(local, "local gradient")
    return origin


class Dual(Operators):
    """A number with its derivative along one direction.

    Args:
        primal: the number: a float, a Value, or a dual number of a lower level.
        tangent: its derivative, of the same kinds.
        level: which run of forward mode it belongs to.

    >>> x = Dual(3.0, 1.0, new_level())
    >>> (x * x).primal, (x * x).tangent
    (9.0, 6.0)
    """

    __slots__ = ("interpretation_level", "primal", "tangent")

    def __init__(self, primal: Any, tangent: Any, level: int) -> None:
        self.primal = primal
        self.tangent = tangent
        self.interpretation_level = level

    @property
    def data(self) -> float:  # type: ignore[override]  # read-only here
        """The plain number."""
        primal = self.primal
        while type(primal) is Dual:  # as many as there are nested runs
            primal = primal.primal
        return number_of(primal)

    @property
    def label(self) -> str:
        """The primal's label, for messages."""
        return getattr(self.primal, "label", "")

    def detach(self) -> Dual:
        """The same number without its derivative: a constant to every derivative."""
        return type(self)(detached(self.primal), 0.0, self.interpretation_level)

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Any:
        """Compute a primitive on the primals, and carry the tangents through its local gradients.

        Args:
            primitive: what to compute.
            operands: its operands; this dual number has the highest level among them.
            value: the result as a plain number, where the caller has it already.

        Raises:
            AnomalyError: inside `detect_anomaly`, a value, local gradient or tangent is inf or nan.
        """
        level = self.interpretation_level
        what = f"{primitive.name}()"
        mine = [isinstance(x, Dual) and x.interpretation_level == level for x in operands]
        moving = [i for i, is_mine in enumerate(mine) if is_mine]
        primals = tuple([x.primal if is_mine else lifted(x, what) for x, is_mine in zip(operands, mine, strict=True)])
        primitive.check_parameters(moving)
        z = primitive.apply(primals, value)
        mode = modes.current.get()
        origin = watched(primitive, primals, z, moving if mode.recording else ()) if mode.detecting else None
        tangent = self._tangent(primitive, z, primals, operands, moving) if mode.recording else 0.0
        if origin and mode.recording:
            origin.check(tangent, "tangent")
        return type(self)(z, tangent, level)

    def _tangent(
        self, primitive: Primitive, z: Any, primals: tuple[Any, ...], operands: tuple[Any, ...], moving: Sequence[int]
    ) -> Any:
        """The sum of local gradients times the operands' tangents."""
        tangent: Any = 0.0
        for i, local in zip(moving, primitive.local_gradients(z, primals, moving), strict=True):
            step = flow(operands[i].tangent, local)
            if modes.recorders:
                tangent = settled(tangent)
            tangent = step if type(tangent) is float and tangent == 0.0 else tangent + step
        return tangent

    def __repr__(self) -> str:
        """The two parts."""
        return f"Dual(primal={self.primal!r}, tangent={self.tangent!r})"
