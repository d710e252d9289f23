"""Files: the suffixes that are known, and writing whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence

__all__ = ["FORMATS", "check_suffix", "write_whole"]

FORMATS = (".svg", ".png", ".pdf", ".dot", ".html")


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


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Args:
        path: where to. A link is followed.
        data: the content.

    Raises:
        OSError: the file can't be written; whatever was there before is still there.
    """
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a directory")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"{os.fspath(path)!r} can't be written")
    # Made anew beside the target, so that replacing is one step, with the permissions that any new file gets.
    temporary = os.path.join(os.path.dirname(target), f".glassgrad-{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
