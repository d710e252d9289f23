"""Writing files whole: a reader sees the old content or the new, and never half of it.

Nets, checkpoints, pictures and translated rules are all written here. The content goes to a temporary file beside the
target, which then takes the target's place in one step. A process that is killed in between leaves its temporary file behind,
and the next write into that folder removes it. What is still being written is kept: a writer holds a lock on its temporary
file, and the system lets go of the lock when the process ends, however it ends.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

__all__ = ["check_writable", "write_whole"]

locks: ModuleType | None
try:
    import fcntl as locks
except ImportError:  # pragma: no cover  (Windows, where a file that is open can't be removed or renamed)
    locks = None

_OURS = re.compile(r"\.glassgrad-[0-9a-f]{16}\.part")
_ABANDONED = 60.0  # seconds without a change after which a file counts as abandoned, where there are no locks

Path = str | os.PathLike[str]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it's there whole or not at all.

    A file that exists keeps its permissions, and a symbolic link stays a link: the file that it points to is written. A device
    or a pipe can't be replaced, so it's written to directly.

    Args:
        path: where to.
        content: all of it; text is written in UTF-8, its line ends as they are.

    Raises:
        OSError: the file can't be written; whatever was there before is still there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "note.txt")
    ...     write_whole(path, "whole")
    ...     with open(path) as file:
    ...         file.read(), os.listdir(folder)
    ('whole', ['note.txt'])
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    target, found = _target(path)
    if found is not None and not stat.S_ISREG(found.st_mode):
        with open(target, "wb") as device:
            device.write(data)
        return
    _remove_abandoned(os.path.dirname(target))
    with _temporary(path, target, found) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if locks is None:
            file.close()
        os.replace(file.name, target)


def check_writable(path: Path) -> None:
    """Raise what `write_whole` would raise for this path, and leave everything as it is.

    Args:
        path: where something is to be written later.

    Raises:
        OSError: no file can be written there.

    >>> check_writable("no/such/folder/note.txt")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no/such/folder/note.txt'
    """
    target, found = _target(path)
    if found is None or stat.S_ISREG(found.st_mode):
        with _temporary(path, target, found):
            pass


def _target(path: Path) -> tuple[str, os.stat_result | None]:
    """The file itself, behind any links, and what is known of it: None if there is none yet."""
    target = os.path.realpath(os.fsdecode(path))
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return target, None
    except OSError as error:
        raise _about_path(error, path) from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a directory; name a file in it")
    if not os.access(target, os.W_OK):
        raise PermissionError(f"{os.fspath(path)!r} can't be written: its permissions don't allow it")
    return target, found


@contextmanager
def _temporary(path: Path, target: str, found: os.stat_result | None) -> Iterator[Any]:
    """A file of our own beside the target, locked, with the permissions of the target; gone at the end, unless renamed."""
    try:
        file = _created(os.path.dirname(target))
        try:
            if found is not None:
                with suppress(OSError):  # some file systems have no permissions to set
                    os.chmod(file.name, stat.S_IMODE(found.st_mode))
            yield file
        finally:
            with suppress(OSError):  # what could not be flushed has been an error already
                file.close()
            with suppress(OSError):  # it has taken the target's place
                os.unlink(file.name)
    except OSError as error:
        raise _about_path(error, path) from None


def _created(folder: str) -> Any:
    while True:
        file = open(os.path.join(folder, f".glassgrad-{secrets.token_hex(8)}.part"), "xb")  # noqa: SIM115  # closed by _temporary
        if locks is not None:
            with suppress(OSError):  # a file system without locks; then nothing is removed on it, either
                locks.flock(file, locks.LOCK_EX)
        if os.path.exists(file.name):
            return file
        file.close()  # another writer took it for abandoned, before it was locked


def _remove_abandoned(folder: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):  # locked, or somebody else's
                    _remove_if_abandoned(entry.path)


def _remove_if_abandoned(name: str) -> None:
    if locks is None:
        if time.time() - os.stat(name).st_mtime > _ABANDONED:
            os.unlink(name)
        return
    with open(name, "r+b") as file:
        locks.flock(file, locks.LOCK_EX | locks.LOCK_NB)
        os.unlink(name)


def _about_path(error: OSError, path: Path) -> OSError:
    """The same error, about the path that was asked for."""
    return error if error.errno is None else OSError(error.errno, error.strerror, os.fspath(path))
