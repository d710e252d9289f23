"""The file formats, by suffix."""

from __future__ import annotations

import os
from collections.abc import Sequence

__all__ = ["FORMATS", "IMAGES", "check_suffix"]

IMAGES = (".svg", ".png", ".pdf", ".tex")
FORMATS = (*IMAGES, ".dot", ".html")


def check_suffix(path: str | os.PathLike[str], known: Sequence[str] = FORMATS) -> str:
    """The suffix of a file name, in lower case.

    Args:
        path: the file's name.
        known: the suffixes that may be.

    Raises:
        ValueError: it is none of the known ones; the message lists them.

    >>> check_suffix("graph.SVG")
    '.svg'
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in known:
        what = f"unknown suffix {suffix!r}" if suffix else "no suffix"
        listed = f"one of {', '.join(known)}" if len(known) > 1 else known[0]
        raise ValueError(f"{what} in {os.fspath(path)!r}: it is written as {listed}")
    return suffix
