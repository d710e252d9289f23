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

from itertools import count
from typing import Any

from .operators import Operators
from .record import Primitive, to_float
from .records import flow

__all__ = ["Dual", "new_level"]

_levels = count(1)


def new_level() -> int:
    """A level above all earlier ones, for one run of forward mode."""
    return next(_levels)


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
        while type(primal) is not float:
            primal = primal.primal if isinstance(primal, Dual) else primal.data
        return primal

    @property
    def label(self) -> str:
        """The primal's label, for messages."""
        return getattr(self.primal, "label", "")

    def interpret(self, primitive: Primitive, operands: tuple[Any, ...], value: float | None = None) -> Any:
        """Compute a primitive on the primals, and carry the tangents through its local gradients.

        Args:
            primitive: what to compute.
            operands: its operands; this dual number has the highest level among them.
            value: the result as a plain number, where the caller has it already.
        """
        level = self.interpretation_level
        mine = [isinstance(x, Dual) and x.interpretation_level == level for x in operands]
        moving = [i for i, is_mine in enumerate(mine) if is_mine]
        primitive.check_parameters(moving)
        primals = tuple([x.primal if is_mine else _lifted(x) for x, is_mine in zip(operands, mine, strict=True)])
        z = primitive.apply(primals, value)
        tangent: Any = 0.0
        for i, local in zip(moving, primitive.local_gradients(z, primals, moving), strict=True):
            step = flow(operands[i].tangent, local)
            tangent = step if type(tangent) is float and tangent == 0.0 else tangent + step
        return Dual(z, tangent, level)

    def __repr__(self) -> str:
        """The two parts."""
        return f"Dual(primal={self.primal!r}, tangent={self.tangent!r})"


def _lifted(x: Any) -> Any:
    return x if hasattr(x, "interpretation_level") else to_float(x)
