"""How large a picture will be, before anything is laid out: enough to choose how much of a graph is drawn.

Sizes are in points and are those of the style ``"circuit"``; the layers are counted from the results, as the layout does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Extent", "fits_a_page"]

WIDTH, HEIGHT = 935.0, 890.0  # of 850 by 900 pixels, where words of 11 points are 10 high, without 6 lines below the picture
GAP = 24.0  # from one layer to the next
K = TypeVar("K", bound=Hashable)
PITCH = 16.0  # from one wire to the next at a box
PASSING = 22.0  # between two wires beside one another
ROW = 52.0  # from one row of a wrapped picture to the next
CROSSING = 420  # wires; more can't be followed


@dataclass(frozen=True)
class Extent:
    """The room that a box takes.

    Attributes:
        length: along the flow from left to right.
        breadth: across it.
    """

    length: float
    breadth: float


def fits_a_page(extents: Mapping[K, Extent], operands: Mapping[K, Sequence[K]]) -> bool:
    """Whether a picture can be read on a page, from left to right or from the top down.

    Args:
        extents: of all boxes, operands before what is computed from them.
        operands: the boxes that each box is computed from.

    >>> row = {k: Extent(100, 50) for k in range(12)}
    >>> chain = {k: [k - 1] if k else [] for k in row}
    >>> fits_a_page(row, chain), fits_a_page({k: row[0] for k in range(60)}, {})
    (True, False)
    """
    if sum(map(len, operands.values())) > CROSSING:
        return False
    layers: dict[K, int] = {}
    for key in reversed(list(extents)):
        layer = layers.setdefault(key, 0)
        for operand in operands.get(key, ()):
            layers[operand] = max(layers.get(operand, 0), layer + 1)
    columns: dict[int, list[Extent]] = {}
    standing: dict[int, list[K]] = {}
    for key, layer in layers.items():
        columns.setdefault(layer, []).append(extents[key])
        standing.setdefault(layer, []).append(key)
    # a wire that goes past a layer takes room there too
    passing = Counter(
        [between for key, several in operands.items() for o in several for between in range(layers[key] + 1, layers[o])]
    )
    breadths = {
        layer: sum(max(extents[key].breadth, PITCH * len(operands.get(key, ()))) for key in keys)
        for layer, keys in standing.items()
    }
    across = max(breadth + PASSING * passing[layer] for layer, breadth in breadths.items())
    along = sum(max(extent.length for extent in column) + GAP for column in columns.values())
    if along <= WIDTH and across <= HEIGHT:
        return True
    rows = -(-along // WIDTH)
    if rows * (across + ROW) <= HEIGHT:
        return True
    downwards = sum(max(extent.breadth for extent in column) + 20 for column in columns.values())
    beside = max(sum(extent.length for extent in column) + PASSING * passing[layer] for layer, column in columns.items())
    return beside <= WIDTH and downwards <= HEIGHT
