"""The files of nets and of trainings: JSON with a checksum, so that damage is found before anything is changed.

The checksum is that of everything else in the file, as `json.dumps` writes it. A file without one, as version 0.1.0 wrote
it, is read all the same; to edit a file by hand, remove its checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from autograd.files import write_whole

__all__ = ["DamageError", "as_number", "described", "numbers", "read_stored", "whole", "write_stored"]

CHECKSUM = "sha256"


class DamageError(ValueError):
    """What was read is not what was written; the message says where."""


def write_stored(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Write a file whole, with a checksum.

    Args:
        path: where to.
        content: what JSON can hold, and at least one entry.

    Raises:
        OSError: the file can't be written; it is as it was.
    """
    text = json.dumps(content)
    write_whole(path, f'{text[:-1]}, "{CHECKSUM}": "{_checksum(text)}"}}')


def read_stored(path: str | os.PathLike[str], what: str) -> dict[str, Any]:
    """Read what `write_stored` wrote.

    Args:
        path: the file.
        what: what it should be, for messages, as in "a checkpoint of fit()".

    Returns:
        The content, without the checksum.

    Raises:
        ValueError: it isn't such a file, or is damaged.
        OSError: it can't be read.
    """
    place = os.fspath(path)
    data = Path(path).read_bytes()
    try:
        content = json.loads(data.decode("utf-8"))
        if not isinstance(content, dict):
            raise DamageError(f"it holds {described(content)} instead of an object")
        checksum = content.pop(CHECKSUM, None)
        if checksum is not None and checksum != _checksum(json.dumps(content)):
            raise DamageError(
                f"its content has changed since it was written (the checksum differs); "
                f'if you changed it on purpose, take the entry "{CHECKSUM}" out'
            )
    except RecursionError:
        raise ValueError(f"{place} isn't {what}: its lists are nested too deeply") from None
    except ValueError as error:  # not UTF-8, not JSON, a number of too many digits, or the above
        raise ValueError(f"{place} isn't {what}, or is damaged: {error}") from None
    return content


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


# ---- looking at what was read ----------------------------------------------------------------------


def described(x: Any) -> str:
    """A wrong entry in a few words, however large it is."""
    if isinstance(x, (dict, list)):
        kind = "an object" if isinstance(x, dict) else "a list"
        return f"{kind} of {len(x)} entries"
    if isinstance(x, int) and abs(x) > 1 << 64:
        return "an int of more than 64 bits"
    return f"{x!r:.60}"


def as_number(x: Any, where: str) -> float:
    """A real number as a float; a bool doesn't count as one.

    Raises:
        DamageError: it is something else; the message names ``where``.

    >>> as_number(2, "lr")
    2.0
    """
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        try:
            return float(x)
        except OverflowError:
            raise DamageError(f"{where} is too large for a float") from None
    raise DamageError(f"{where} is {described(x)}, which isn't a number")


def whole(x: Any, where: str, low: int, high: int) -> int:
    """A whole number from low to high, both included. Errors as `as_number`.

    >>> whole(3, "epoch", 0, 3)
    3
    """
    if isinstance(x, bool) or not isinstance(x, int) or not low <= x <= high:
        raise DamageError(f"{where} is {described(x)}; it must be a whole number from {low} to {high}")
    return x


def numbers(xs: Any, count: int, where: str) -> list[float]:
    """A list of this many numbers. Errors as `as_number`.

    >>> numbers([1, 2.5], 2, "rates")
    [1.0, 2.5]
    """
    if not isinstance(xs, list) or len(xs) != count:
        raise DamageError(f"{where} is {described(xs)} instead of a list of {count} numbers")
    return [as_number(x, f"{where}[{i}]") for i, x in enumerate(xs)]
