"""Where the numbers of weights stand on their lines, so that no two of them overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..scene.shapes import Point
from .measure import Arrow

__all__ = ["Line", "number_places", "numbers_gap"]

Line = tuple[Point, Point, tuple[int, int]]  # its two ends, and the width and height of its number
STEPS = 24  # places that are tried on each half of a line
ENDS = 0.06  # of a line, kept free at each end: all the lines of a neuron meet there


def numbers_gap(arrows: Sequence[Arrow]) -> float:
    """How far layers stand from one another, in points: the more lines meet at a neuron, the more numbers stand in a row."""
    most = max(Counter(arrow.head for arrow in arrows if arrow.weight is not None).values())
    return 60.0 + max(arrow.words_extent[0] for arrow in arrows if arrow.words) * (1 + most / 3)


def number_places(lines: Sequence[Line]) -> list[Point]:
    """The middle of the number on each line: as near to the line's own middle as it overlaps no earlier number.

    >>> crossing = [((0, 0), (100, 0), (20, 10)), ((0, -50), (100, 50), (20, 10))]
    >>> number_places(crossing)[0]
    (50.0, 0.0)
    >>> x, y = number_places(crossing)[1]
    >>> abs(y) >= 10 or abs(x - 50) >= 20
    True
    """
    taken: list[tuple[Point, tuple[int, int]]] = []
    for start, end, size in lines:
        candidates = [_at(start, end, part) for part in _parts()]
        free = (centre for centre in candidates if not any(_overlap(centre, size, *other) for other in taken))
        taken.append((next(free, candidates[0]), size))
    return [centre for centre, _ in taken]


def _parts() -> list[float]:
    """Parts of a line, from its middle to its ends."""
    steps = [(0.5 - ENDS) * k / STEPS for k in range(STEPS + 1)]
    return [0.5, *[part for step in steps[1:] for part in (0.5 - step, 0.5 + step)]]


def _at(start: Point, end: Point, part: float) -> Point:
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _overlap(a: Point, size: tuple[int, int], b: Point, other: tuple[int, int]) -> bool:
    return abs(a[0] - b[0]) * 2 < size[0] + other[0] and abs(a[1] - b[1]) * 2 < size[1] + other[1]
