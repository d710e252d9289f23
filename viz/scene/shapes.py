"""What a picture is made of: plain shapes in points, the origin at the top left, grouped by the thing they show.

A scene knows nothing of Graphviz and nothing of SVG; `viz.scene.svg` and `viz.scene.raster` each write it down in their way.
Colours are names of a theme's palette.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..text import columns_of

__all__ = ["Circle", "Curve", "Heat", "Item", "Point", "Rect", "Scene", "Shape", "Text", "on_curve", "text_width"]

COLUMN = 0.615  # width of a monospaced column in units of the font size; DejaVu Sans Mono has 0.602
Point = tuple[float, float]


def text_width(text: str, size: float) -> int:
    """The width of a line of monospaced text, in points.

    >>> text_width("abc", 10)
    19
    """
    return round(columns_of(text) * size * COLUMN + 0.5)


@dataclass(frozen=True)
class Text:
    """One line of text; x is where its anchor is, y its middle."""

    content: str
    x: float
    y: float
    size: float
    colour: str = "text"
    anchor: str = "middle"
    bold: bool = False
    italic: bool = False
    role: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the space that it takes."""
        width = text_width(self.content, self.size)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": float(width)}[self.anchor]
        return left, self.y - self.size * 0.55, left + width, self.y + self.size * 0.55


@dataclass(frozen=True)
class Curve:
    """A curve: a start, then three points for each piece (cubic Bezier); a tip makes it an arrow."""

    points: tuple[Point, ...]
    colour: str = "line"
    width: float = 1.0
    dash: str = ""
    tip: Point | None = None


def on_curve(points: Sequence[Point], steps: int = 12) -> list[Point]:
    """Points of a curve, so many from each of its pieces, and its end.

    >>> on_curve([(0, 0), (0, 1), (1, 2), (2, 2)], 2)
    [(0.0, 0.0), (0.625, 1.375), (2, 2)]
    """
    found = []
    for k in range(0, len(points) - 1, 3):
        a, b, c, d = points[k : k + 4]
        for i in range(steps):
            t = i / steps
            u = 1 - t
            p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            found.append((p * a[0] + q * b[0] + r * c[0] + s * d[0], p * a[1] + q * b[1] + r * c[1] + s * d[1]))
    return [*found, points[-1]]


@dataclass(frozen=True)
class Circle:
    """A filled circle with an outline."""

    x: float
    y: float
    radius: float
    fill: str
    line: str = "line"
    width: float = 1.0


@dataclass(frozen=True)
class Rect:
    """A filled rectangle with an outline (unless its line is empty) and round corners."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    line: str = "line"
    stroke: float = 1.0
    dash: str = ""


@dataclass(frozen=True)
class Heat(Rect):
    """A row of numbers as colours: blue above 0, orange and lower below it, the stronger the larger.

    Attributes:
        levels: the numbers, from -1 to 1.
        title: what is told on hover.
    """

    levels: tuple[float, ...] = ()
    title: str = ""

    def cells(self) -> Iterator[tuple[int, Rect]]:
        """A strength from -8 to 8 and a rectangle for each number but 0; those of numbers below 0 are lower."""
        side = self.width / len(self.levels)
        gap = 0.0 if side < 4 else 0.5
        for k, level in enumerate(self.levels):
            strength = round(8 * max(-1.0, min(1.0, level))) if level == level else 0
            if strength:
                inset = gap + (0.22 * self.height if strength < 0 else 0.0)
                yield (
                    strength,
                    Rect(
                        self.x + k * side + gap,
                        self.y + inset,
                        side - 2 * gap,
                        self.height - 2 * inset,
                        0,
                        "rose" if strength > 0 else "fell",
                        "",
                    ),
                )


Shape = Text | Curve | Circle | Rect


@dataclass
class Item:
    """One thing in a picture: a node, an edge, a constant, a frame."""

    name: str
    kind: str
    shapes: list[Shape] = field(default_factory=list)
    title: str = ""
    data: dict[str, str] = field(default_factory=dict)
    faded: bool = False

    def moved(self, dx: float, dy: float, prefix: str) -> Item:
        """The same elsewhere, under another name."""
        shapes = [_moved(shape, dx, dy) for shape in self.shapes]
        return Item(prefix + self.name, self.kind, shapes, self.title, dict(self.data), self.faded)


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    if isinstance(shape, Curve):
        tip = None if shape.tip is None else (shape.tip[0] + dx, shape.tip[1] + dy)
        return replace(shape, points=tuple([(x + dx, y + dy) for x, y in shape.points]), tip=tip)
    return replace(shape, x=shape.x + dx, y=shape.y + dy)


@dataclass
class Scene:
    """A whole picture."""

    width: float
    height: float
    theme: str
    items: list[Item]
    title: str = ""
    description: str = ""

    @property
    def texts(self) -> list[Text]:
        """All texts in it."""
        return [shape for item in self.items for shape in item.shapes if isinstance(shape, Text)]
