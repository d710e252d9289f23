"""`vmap` called again: arrays and buffers like those of the call before go straight to the lanes."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from .samples import numbers_of_all

__all__ = ["Repeated"]


class Repeated(NamedTuple):
    """What a call did for arrays or buffers of doubles, to be done again for others of the same kinds and shapes.

    Attributes:
        serves: whether the program is still that of the function.
        fill: of the lanes of the program.
        kinds: the types of the arguments.
        shapes: of what a point has in each argument.
        results: the shapes of what a point has in each result, the outputs first; None where they are not wanted.
        kind: of the results, as `numbers_of_all` has it.
        output: which output is differentiated; none if it is -1.
        threads: how many compute at the same time.
        put: puts the result together from a list of those.
    """

    serves: Callable[[], bool]
    fill: Callable[..., bool]
    kinds: list[type]
    shapes: tuple[tuple[int, ...], ...]
    results: list[tuple[int, ...] | None]
    kind: str
    output: int
    threads: int
    put: Callable[[list[Any]], Any]

    def of(self, args: tuple[Any, ...]) -> Any:
        """The result for other arguments; None where they are others than before, or the program doesn't hold for them."""
        if [*map(type, args)] != self.kinds or not self.serves():
            return None
        try:
            count = len(args[0])
        except TypeError:  # of an array without dimensions
            return None
        if not count:
            return None
        found = _room(count, self.results, self.kind)
        if not self.fill(args, self.shapes, found, self.output, self.threads):
            return None
        if self.kind != "array":
            found = [
                None if shape is None else numbers_of_all(x, self.kind, shape)
                for x, shape in zip(found, self.results, strict=True)
            ]
        return self.put(found)


def _room(count: int, shapes: Sequence[tuple[int, ...] | None], kind: str) -> list[Any]:
    """For each shape a buffer for the doubles of so many points."""
    if kind == "array":
        empty = sys.modules["numpy"].empty
        return [None if shape is None else empty((count, *shape)) for shape in shapes]
    return [None if shape is None else array("d", bytes(8 * count * prod(shape))) for shape in shapes]
