"""A scene as DOT with a position for everything, from which Graphviz draws PNG and PDF: the same picture as the SVG.

Text is the only thing that looks for a font of the machine. Shapes become nodes without edges, curves become edges
between points that can't be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .graphviz import escaped
from .shapes import Circle, Curve, Heat, Point, Rect, Scene, Shape, Text, text_width
from .svg import FADED, arrow_head
from .themes import THEMES, blended

__all__ = ["positioned"]


def positioned(scene: Scene, dpi: float | None = None) -> str:
    """DOT text for Graphviz's engine ``nop2``.

    Args:
        scene: what is drawn.
        dpi: dots per inch of a PNG; of a PDF, 72 times its scale. Graphviz's own if None.
    """
    resolution = f"dpi={dpi:g}, " if dpi else ""
    colours = THEMES[scene.theme]
    # Wires end at circles; the numbers on weights, and those of paths, hide what passes below them.
    order = "edgesfirst" if any(item.kind in ("edge weight", "way") for item in scene.items) else "nodesfirst"
    lines = [
        "digraph glassgrad {",
        f'graph [{resolution}pad=0, margin=0, outputorder={order}, bgcolor="{colours["ground"]}"]',
        'node [label="", fixedsize=true, width=0, height=0, margin=0, shape=none, fontname=monospace]',
        "edge [arrowhead=none]",
        # Two corners make the frame as large as the SVG's.
        f'corner0 [pos="0,{scene.height:.2f}", shape=point, style=invis, width=0.001, height=0.001]',
        f'corner1 [pos="{scene.width:.2f},0", shape=point, style=invis, width=0.001, height=0.001]',
    ]
    writer = _Writer(scene.height)
    # Edges come before nodes in a scene; here everything is a node or an edge, and one kind is drawn first.
    for item in scene.items:
        palette = {name: blended(c, colours["ground"], FADED) for name, c in colours.items()} if item.faded else colours
        for shape in item.shapes:
            lines += writer.lines(shape, palette)
    return "\n".join([*lines, "}"]) + "\n"


class _Writer:
    """Gives each shape a name; Graphviz's y axis points up."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.count = 0

    def lines(self, shape: Shape, palette: Mapping[str, str]) -> Iterator[str]:
        """The DOT statements of one shape."""
        self.count += 1
        name = f"s{self.count}"
        if isinstance(shape, Text):
            yield self._text(name, shape, palette)
        elif isinstance(shape, Curve):
            yield from self._curve(name, shape, palette[shape.colour])
        elif isinstance(shape, Circle):
            look = f'shape=circle, style=filled, fillcolor="{palette[shape.fill]}", color="{palette[shape.line]}"'
            size = f"{2 * shape.radius / 72:.4f}"
            yield f"{name} [{self._at(shape.x, shape.y)}, {look}, penwidth={shape.width:g}, width={size}, height={size}]"
        else:
            yield self._rect(name, shape, palette)
            for k, (strength, rect) in enumerate(shape.cells() if isinstance(shape, Heat) else ()):
                colour = blended(palette[rect.fill], palette["number"], abs(strength) / 8)
                yield self._rect(f"{name}h{k}", rect, {rect.fill: colour})

    def _at(self, x: float, y: float) -> str:
        return f'pos="{x:.2f},{self.height - y:.2f}"'

    def _rect(self, name: str, rect: Rect, palette: Mapping[str, str]) -> str:
        styles = ["rounded"] if rect.radius else []
        styles += ["dashed"] if rect.dash else []
        fill = ""
        if rect.fill:
            styles.append("filled")
            fill = f', fillcolor="{palette[rect.fill]}"'
        line = f'color="{palette[rect.line]}", penwidth={rect.stroke:g}' if rect.line else "penwidth=0"
        middle = self._at(rect.x + rect.width / 2, rect.y + rect.height / 2)
        size = f"width={rect.width / 72:.4f}, height={rect.height / 72:.4f}"
        return f'{name} [{middle}, shape=box, style="{",".join(styles)}", {line}{fill}, {size}]'

    def _text(self, name: str, text: Text, palette: Mapping[str, str]) -> str:
        left, _, right, _ = text.box
        inner = escaped(text.content)
        inner = f"<B>{inner}</B>" if text.bold else f"<I>{inner}</I>" if text.italic else inner
        if not text.content:
            return ""
        width = f"width={text_width(text.content, text.size) / 72:.4f}, height={text.size / 72:.4f}"
        font = f'<FONT POINT-SIZE="{text.size:g}" COLOR="{palette[text.colour]}">{inner}</FONT>'
        return f"{name} [{self._at((left + right) / 2, text.y)}, {width}, label=<{font}>]"

    def _curve(self, name: str, curve: Curve, colour: str) -> Iterator[str]:
        ends = (curve.points[0], curve.points[-1])
        for end, (x, y) in zip("ab", ends, strict=True):
            yield f"{name}{end} [{self._at(x, y)}, shape=point, style=invis, width=0.001, height=0.001]"
        dash = ", style=dashed" if curve.dash else ""
        yield (f'{name}a -> {name}b [pos="{self._points(curve.points)}", color="{colour}", penwidth={curve.width:g}{dash}]')
        if curve.tip is not None:
            yield self._head(name, arrow_head(curve), colour)

    def _points(self, points: tuple[Point, ...]) -> str:
        return " ".join([f"{x:.2f},{self.height - y:.2f}" for x, y in points])

    def _head(self, name: str, corners: list[Point], colour: str) -> str:
        # An arrow's head that Graphviz draws: an edge of no length with a tip.
        (x0, y0), (x, y), (x1, y1) = corners
        base = ((x0 + x1) / 2, (y0 + y1) / 2)
        start = f"{base[0]:.2f},{self.height - base[1]:.2f}"
        points = " ".join([start] * 4)
        return (
            f'{name}a -> {name}b [pos="e,{x:.2f},{self.height - y:.2f} {points}", arrowhead=normal, arrowsize=0.6, '
            f'color="{colour}", penwidth=1]'
        )
