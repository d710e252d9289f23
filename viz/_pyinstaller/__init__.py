"""PyInstaller's hooks for glassgrad, which it finds through the entry point ``pyinstaller40``.

An application frozen without them would run on the reference engine and draw no picture: what the packages import by name
while they run, and the files that they read, show in no import statement.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """The folder with the hooks, as PyInstaller asks for it.

    >>> [Path(folder).name for folder in hook_folders()]
    ['_pyinstaller']
    """
    return [str(Path(__file__).parent)]
