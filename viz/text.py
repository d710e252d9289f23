"""Text that is safe to show: no control characters, known widths, aligned columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["aligned", "columns_of", "local_name", "shortened", "visible"]

# Unassigned characters (Cn) and lone surrogates (Cs) too: neither can stand in an XML file.
_INVISIBLE = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def visible(text: str) -> str:
    """Spell out characters that can't be seen: controls, bidi marks, surrogates.

    Args:
        text: any string.

    Returns:
        One line of text that is safe in a terminal, in XML and in a DOT file once it is escaped there.

    >>> visible("a\\nb"), visible("\\x1b[31m"), visible("θ 값 <b>")
    ('a\\\\nb', '\\\\x1b[31m', 'θ 값 <b>')
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_character(c) for c in text)


def _visible_character(c: str) -> str:
    if c in _NAMED:
        return _NAMED[c]
    if unicodedata.category(c) not in _INVISIBLE:
        return c
    code = ord(c)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns_of(text: str) -> int:
    """How many columns of a terminal a line takes: wide letters two, combining marks none.

    >>> columns_of("abc"), columns_of("값"), columns_of("e\u0301")
    (3, 2, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def shortened(text: str, columns: int) -> str:
    """Cut a line that is too long, and mark the cut.

    >>> shortened("abcdefgh", 5), shortened("abc", 5)
    ('abcd…', 'abc')
    """
    if columns_of(text) <= columns:
        return text
    kept, used = [], 0
    for c in text:
        used += columns_of(c)
        if used > columns - 1:
            break
        kept.append(c)
    return "".join(kept) + "…"


def local_name(name: str, groups: Sequence[str]) -> str:
    """A dotted name without the prefix that the frame around it shows.

    >>> local_name("layers.0.w.1", ["layers.0"])
    'w.1'
    """
    for group in reversed(groups):
        if name.startswith(group + "."):
            return name[len(group) + 1 :]
    return name


def aligned(rows: Sequence[Sequence[str]], alignment: str) -> list[list[str]]:
    """Pad the cells of a table so that its columns line up.

    Args:
        rows: rows of the same length, each cell one visible line.
        alignment: one letter for each column, ``l`` or ``r``.

    Returns:
        The padded cells. The last column carries no blanks at its end.

    >>> for row in aligned([["node", "value"], ["x", "-2"]], "lr"):
    ...     print("  ".join(row))
    node  value
    x        -2
    """
    widths = [max(columns_of(row[i]) for row in rows) for i in range(len(alignment))]
    padded = []
    for row in rows:
        cells = []
        for i, (cell, side) in enumerate(zip(row, alignment, strict=True)):
            blanks = " " * (widths[i] - columns_of(cell))
            last = i == len(alignment) - 1
            cells.append(blanks + cell if side == "r" else cell if last else cell + blanks)
        padded.append(cells)
    return padded
