"""Compatibility with micrograd: the names under which its lecture and its learners' notebooks know a graph.

Nothing else in this project uses them: `Value.parents`, `Value.op` and `Value.local_gradients` are the real names.
See Karpathy, micrograd, 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Micrograd"]


class Micrograd:
    """micrograd's names on a Value, to be read: a walk over the graph that somebody writes by hand needs no others."""

    __slots__ = ()

    if TYPE_CHECKING:
        parents: Any
        op: Any
        grad: Any
        local_gradients: Any

    @property
    def _prev(self) -> set[Any]:
        """The parents as a set; empty for a leaf."""
        return set(self.parents)

    @property
    def _op(self) -> str:
        """The symbol of the operation, such as "+" or "tanh"; empty for a leaf."""
        return self.op.symbol if self.op else ""

    def _backward(self) -> None:
        """Add this node's share to its parents' ``grad``: its own ``grad`` times each local gradient."""
        if self.grad != 0.0:  # zero stops here, as in `backward`
            for parent, local in zip(self.parents, self.local_gradients(), strict=True):
                parent.grad += self.grad * local
