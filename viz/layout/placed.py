"""The answer to where everything stands."""

from __future__ import annotations

from dataclasses import dataclass

from ..scene.shapes import Point

__all__ = ["MARGIN", "Layout"]

MARGIN = 12


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in points from the top left.

    Attributes:
        width: of the whole.
        height: of the whole.
        centres: by DOT name.
        edges: for each edge its curve and the tip of its arrow.
        labels: for each edge the middle of its label, where it has one.
        clusters: for each framed group left, top, right and bottom.
    """

    width: float
    height: float
    centres: dict[str, Point]
    edges: dict[int, tuple[tuple[Point, ...], Point]]
    labels: dict[int, Point]
    clusters: dict[int, tuple[float, float, float, float]]
