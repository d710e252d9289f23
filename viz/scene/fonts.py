"""Whether the machine's fonts have the glyphs of a text, as far as fontconfig can tell."""

from __future__ import annotations

import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache

__all__ = ["warning_about"]

SECONDS = 5.0
Ranges = tuple[tuple[int, int], ...]


def warning_about(texts: Iterable[str], suffix: str) -> str:
    """A warning that names the first text with a glyph that no font has; empty if there is none, or it can't be known.

    Args:
        texts: what is written in a picture.
        suffix: of the picture's file.
    """
    for text in texts:
        # ASCII is what every font has, so that most pictures ask for nothing
        absent = "" if text.isascii() else missing(text)
        if absent:
            return (
                f"no font of this machine has {absent!r} of {text!r}: the {suffix} shows a box instead; install a font that "
                f"has it (Noto Sans CJK for Chinese, Japanese and Korean), or save as .svg, which uses the reader's fonts"
            )
    return ""


def missing(text: str) -> str:
    """The characters of a text that no font of this machine has, each once; empty where that can't be known.

    Accents, spaces and what can't be seen are left out: they may be drawn without a glyph of their own.
    """
    fonts = _characters()
    if not fonts:
        return ""
    seen = [c for c in dict.fromkeys(unicodedata.normalize("NFC", text)) if unicodedata.category(c)[0] not in "CMZ"]
    return "".join([c for c in seen if not any(first <= ord(c) <= last for first, last in fonts)])


@cache
def _characters() -> Ranges:
    """The characters of all fonts, as fontconfig lists them; empty where it isn't there or can't be read.

    Graphviz asks fontconfig on Linux and the like; Windows and macOS have their own lists.
    """
    program = None if sys.platform in ("win32", "darwin") else shutil.which("fc-list")
    if program is None:
        return ()
    try:
        done = subprocess.run([program, "--format", "%{charset}\n"], capture_output=True, timeout=SECONDS, check=True)
        return tuple(sorted({_range(word) for word in done.stdout.decode("ascii").split()}))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _range(word: str) -> tuple[int, int]:
    """One entry of a list of characters: ``20-7e``, or ``a0``."""
    first, _, last = word.partition("-")
    return int(first, 16), int(last or first, 16)
