"""The colours of a picture, one palette for each theme.

A value is green and a gradient is red in all of them, each with at least 4.5:1 on every ground that it is written
on, as WCAG 2 counts contrast (tests/viz/test_picture.py computes it).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NIGHT", "THEMES", "blended"]

_COLOURS = {  # light, dark, print
    "ground": ("#ffffff", "#0d1117", "#ffffff"),
    "text": ("#1f2328", "#e6edf3", "#000000"),
    "muted": ("#57606a", "#9da7b3", "#333333"),
    "line": ("#6e7781", "#7d8590", "#000000"),
    "value": ("#116329", "#56d364", "#0b5a20"),
    "gradient": ("#b3141d", "#ff8f87", "#a3000f"),
    "leaf": ("#ddf1ff", "#10304a", "#ffffff"),
    "operation": ("#f0f2f5", "#262c36", "#ffffff"),
    "number": ("#ffffff", "#0d1117", "#ffffff"),
    "constant": ("#fbf6e3", "#33290f", "#ffffff"),
    "fold": ("#ece8f7", "#2d2545", "#ffffff"),
    "group": ("#8c959f", "#6e7681", "#555555"),
    "rose": ("#0550ae", "#79c0ff", "#003a8c"),
    "fell": ("#8a3c00", "#ffa657", "#6b2d00"),
    "changed": ("#fff3bf", "#4b3a08", "#ffffff"),
    "alarm": ("#a8430a", "#ffa657", "#8a3500"),
    "path1": ("#0550ae", "#79c0ff", "#003a8c"),
    "path2": ("#a40e7a", "#ff9bdc", "#85005e"),
    "path3": ("#00695e", "#4fd8c4", "#00554a"),
    "path4": ("#6639ba", "#d2a8ff", "#4a2391"),
    "path5": ("#7a4b00", "#f2cc60", "#5c3900"),
    "path6": ("#3d444d", "#c9d1d9", "#222222"),
}
THEMES: Mapping[str, Mapping[str, str]] = {
    theme: {name: colours[i] for name, colours in _COLOURS.items()}
    for theme, i in (("light", 0), ("dark", 1), ("print", 2), ("auto", 0))
}
NIGHT = {"auto": THEMES["dark"]}  # the colours of a theme where the reader prefers dark pages


def blended(colour: str, ground: str, share: float) -> str:
    """A colour as it looks when it is partly transparent.

    Args:
        colour: ``#rrggbb``.
        ground: ``#rrggbb``.
        share: 0 for the ground alone, 1 for the colour alone.

    >>> blended("#000000", "#ffffff", 0.25)
    '#bfbfbf'
    """
    mixed = [
        int(int(ground[i : i + 2], 16) + (int(colour[i : i + 2], 16) - int(ground[i : i + 2], 16)) * share) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
