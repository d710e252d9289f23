"""A scene as SVG, one group for each item.

Nothing depends on style sheets, scripts or fonts of this machine; the ground is opaque; every id begins with a
prefix made from the content, so that many drawings fit one page. Only a theme that follows the reader has a style sheet: where
it is taken out, the picture has the theme's colours for the day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape

from .shapes import Circle, Curve, Heat, Item, Point, Scene, Shape, Text
from .themes import NIGHT, THEMES, blended

__all__ = ["FADED", "write_items", "write_svg"]

FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
BASELINE = 0.34  # from the middle of a line of text down to its baseline, in units of the font size
FADED = 0.22


def write_svg(scene: Scene, prefix: str = "", scale: float = 1.0) -> str:
    """Write a picture.

    Args:
        scene: what is drawn.
        prefix: what all ids begin with; made from the content if empty.
        scale: how large it is shown where nothing else decides; 1 for a point a pixel.

    Returns:
        A complete SVG document.
    """
    palette = THEMES[scene.theme]
    title, description = escape(scene.title), escape(scene.description)
    body = "\n".join([_item(item, palette) for item in scene.items])
    prefix = prefix or "g" + hashlib.sha256(f"{title}{description}{body}".encode()).hexdigest()[:12]
    body = body.replace(' id="', f' id="{prefix}-')
    style = _by_night(scene.theme, prefix, body)
    scope = f' data-picture="{prefix}"' if style else ""
    w, h = _n(scene.width), _n(scene.height)
    return (
        f'<svg{scope} xmlns="http://www.w3.org/2000/svg" width="{_n(scale * scene.width)}" height="{_n(scale * scene.height)}" '
        f'viewBox="0 0 {w} {h}" role="img" aria-labelledby="{prefix}-title {prefix}-desc" style="max-width:100%;height:auto" '
        f'font-family="{escape(FONT, quote=False)}">\n'
        f'<title id="{prefix}-title">{title}</title>\n'
        f'<desc id="{prefix}-desc">{description}</desc>\n{style}'
        f'<rect width="100%" height="100%" fill="{palette["ground"]}"/>\n'
        f"{body}\n</svg>\n"
    )


def write_items(items: Sequence[Item], theme: str) -> str:
    """A part of a picture, for a page that puts it into one."""
    return "".join([_item(item, THEMES[theme]) for item in items])


def _by_night(theme: str, prefix: str, body: str) -> str:
    """The style sheet of a theme that follows the reader: another colour for each, where dark pages are preferred."""
    if theme not in NIGHT:
        return ""
    day, night = THEMES[theme], NIGHT[theme]
    colours = {day[name]: night[name] for name in day}  # all of them: a page may put more into the picture
    for name in ("rose", "fell"):  # as they are in the cells of heat maps
        for strength in range(1, 8):
            mixed, dark = (blended(part[name], part["number"], strength / 8) for part in (day, night))
            if f'"{mixed}"' in body:
                colours[mixed] = dark
    rules = [
        f'[data-picture="{prefix}"] [{what}="{colour}"]{{{what}:{colours[colour]}}}'
        for colour in colours
        for what in ("fill", "stroke")
    ]
    return f"<style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</style>\n"


def _n(x: float) -> str:
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _item(item: Item, palette: Mapping[str, str]) -> str:
    data = "".join([f' data-{key}="{value}"' for key, value in item.data.items()])
    title = f"<title>{escape(item.title)}</title>" if item.title else ""
    faded = f' opacity="{FADED}"' if item.faded else ""
    shapes = "".join([_shape(shape, palette) for shape in item.shapes])
    ident = f' id="{item.name}"' if item.name else ""
    return f'<g{ident} class="{item.kind}"{data}{faded}>{title}{shapes}</g>'


def _shape(shape: Shape, palette: Mapping[str, str]) -> str:
    if isinstance(shape, Text):
        return _text(shape, palette)
    if isinstance(shape, Curve):
        return _curve(shape, palette[shape.colour])
    if isinstance(shape, Circle):
        outline = f' stroke="{palette[shape.line]}" stroke-width="{_n(shape.width)}"'
        return f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" fill="{palette[shape.fill]}"{outline}/>'
    if isinstance(shape, Heat):
        return _heat(shape, palette)
    outline = f' stroke="{palette[shape.line]}" stroke-width="{_n(shape.stroke)}"' if shape.line else ""
    dash = f' stroke-dasharray="{shape.dash}"' if shape.dash else ""
    return (
        f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
        f'rx="{_n(shape.radius)}" fill="{palette[shape.fill] if shape.fill else "none"}"{outline}{dash}/>'
    )


def _heat(heat: Heat, palette: Mapping[str, str]) -> str:
    """A path for each strength."""
    paths: dict[int, str] = {}
    colours = {}
    for strength, rect in heat.cells():
        colours[strength] = blended(palette[rect.fill], palette["number"], abs(strength) / 8)
        corner = f"M{_n(rect.x)} {_n(rect.y)}h{_n(rect.width)}v{_n(rect.height)}h-{_n(rect.width)}z"
        paths[strength] = paths.get(strength, "") + corner
    ground = f'<rect x="{_n(heat.x)}" y="{_n(heat.y)}" width="{_n(heat.width)}" height="{_n(heat.height)}" '
    lines = [f'<path d="{paths[strength]}" fill="{colours[strength]}"/>' for strength in sorted(paths)]
    return f'<g><title>{escape(heat.title)}</title>{ground}fill="{palette["number"]}"/>{"".join(lines)}</g>'


def _text(text: Text, palette: Mapping[str, str]) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    bold = ' font-weight="bold"' if text.bold else ""
    italic = ' font-style="italic"' if text.italic else ""
    role = f' class="{text.role}"' if text.role else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y + text.size * BASELINE)}" font-size="{text.size:g}" '
        f'fill="{palette[text.colour]}"{anchor}{bold}{italic}{role}>{escape(text.content)}</text>'
    )


def _curve(curve: Curve, colour: str) -> str:
    start, *rest = [f"{_n(x)},{_n(y)}" for x, y in curve.points]
    dash = f' stroke-dasharray="{curve.dash}"' if curve.dash else ""
    line = f'<path d="M{start}C{" ".join(rest)}" fill="none" stroke="{colour}" stroke-width="{_n(curve.width)}"{dash}/>'
    if curve.tip is None:
        return line
    corners = " ".join([f"{_n(x)},{_n(y)}" for x, y in arrow_head(curve)])
    return f'{line}<polygon points="{corners}" fill="{colour}"/>'


def arrow_head(curve: Curve) -> list[Point]:
    """The three corners of the head at the tip of a curve."""
    tip = curve.tip or curve.points[-1]
    x, y = curve.points[-1]
    dx, dy = tip[0] - x, tip[1] - y
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    half = max(2.6, curve.width * 1.4)
    across = -dy / length * half, dx / length * half
    return [(x + across[0], y + across[1]), tip, (x - across[0], y - across[1])]
