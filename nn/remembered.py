"""What an optimiser remembers of its parameters: a dict for each, or all of it packed for a step in C.

Packed, it is a tuple of bytes: a byte for each parameter, whose bits say which of the numbers it has, and then a row of doubles
for each name. `autograd.leaves.move` reads and writes that.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

__all__ = ["packed", "unpacked"]

State = dict[int, dict[str, float]]


def packed(state: State, names: Sequence[str], count: int) -> tuple[bytes, ...] | None:
    """What is remembered, packed; None if it holds anything else than floats of these names, of parameters below ``count``.

    >>> packed({1: {"momentum": 0.5}}, ["momentum"], 2)[0]
    b'\\x00\\x01'
    """
    if not state:
        return ()
    known = bytearray(count)
    rows = [array("d", bytes(8 * count)) for _ in names]
    places = {name: i for i, name in enumerate(names)}
    for number, memory in state.items():
        if type(number) is not int or not 0 <= number < count:
            return None
        for name, x in memory.items():
            if name not in places or type(x) is not float:
                return None
            known[number] |= 1 << places[name]
            rows[places[name]][number] = x
    return (bytes(known), *(row.tobytes() for row in rows))


def unpacked(memory: tuple[bytes, ...], names: Sequence[str]) -> State:
    """The opposite of `packed`.

    >>> unpacked(packed({1: {"momentum": 0.5}}, ["momentum"], 2), ["momentum"])
    {1: {'momentum': 0.5}}
    """
    if not memory:
        return {}
    rows = [array("d", row) for row in memory[1:]]
    return {
        number: {name: row[number] for bit, (name, row) in enumerate(zip(names, rows, strict=True)) if known >> bit & 1}
        for number, known in enumerate(memory[0])
        if known
    }
