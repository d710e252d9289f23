"""Words below a picture, wrapped to its width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .shapes import Item, Scene, Text

__all__ = ["captioned"]

COLUMNS = 64  # at least, however narrow the picture is
LINE = 17  # from one line to the next
SIZE = 12


def captioned(scene: Scene, heading: str, lines: Sequence[str]) -> Scene:
    """A picture with a heading and lines below it.

    Args:
        scene: the picture.
        heading: a line in bold type.
        lines: what comes below it; one that is too long goes on in further lines, set in.
    """
    columns = max(COLUMNS, int(scene.width / 7.4))
    pieces = [piece for line in lines for piece in _broken(line, columns)]
    texts = [Text(heading, 12, scene.height + 6, SIZE, "muted", "start", bold=True, role="step")]
    for i, line in enumerate(pieces):
        texts.append(Text(line, 12, scene.height + 26 + LINE * i, SIZE, "text", "start", role="words"))
    height = scene.height + 26 + LINE * len(pieces)
    width = max([scene.width, *[text.box[2] + 12 for text in texts]])
    return replace(scene, width=width, height=height, items=[*scene.items, Item("words", "words", [*texts])])


def _broken(text: str, columns: int) -> list[str]:
    lines = [""]
    for word in re.split(r" (?=\S)", text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append("  ")
        lines[-1] += (" " if lines[-1].strip() else "") + word
    return lines
