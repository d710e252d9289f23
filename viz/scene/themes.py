"""The colours of a picture, one palette for each theme.

A value is green and a gradient is red in all of them, each with at least 4.5:1 on every ground that it is written
on, as WCAG 2 counts contrast (tests/viz/test_picture.py computes it).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["THEMES", "blended"]

THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "ground": "#ffffff",
        "text": "#1f2328",
        "muted": "#57606a",
        "line": "#6e7781",
        "value": "#116329",
        "gradient": "#b3141d",
        "leaf": "#ddf1ff",
        "operation": "#f0f2f5",
        "number": "#ffffff",
        "constant": "#fbf6e3",
        "fold": "#ece8f7",
        "group": "#8c959f",
        "changed": "#fff3bf",
    },
    "dark": {
        "ground": "#0d1117",
        "text": "#e6edf3",
        "muted": "#9da7b3",
        "line": "#7d8590",
        "value": "#56d364",
        "gradient": "#ff8f87",
        "leaf": "#10304a",
        "operation": "#262c36",
        "number": "#0d1117",
        "constant": "#33290f",
        "fold": "#2d2545",
        "group": "#6e7681",
        "changed": "#4b3a08",
    },
    "print": {
        "ground": "#ffffff",
        "text": "#000000",
        "muted": "#333333",
        "line": "#000000",
        "value": "#0b5a20",
        "gradient": "#a3000f",
        "leaf": "#ffffff",
        "operation": "#ffffff",
        "number": "#ffffff",
        "constant": "#ffffff",
        "fold": "#ffffff",
        "group": "#555555",
        "changed": "#ffffff",
    },
}


def blended(colour: str, ground: str, share: float) -> str:
    """A colour as it looks when it covers the ground by a share only.

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
