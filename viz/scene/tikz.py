r"""A scene as TikZ, for ``\input`` in a LaTeX document: the same picture as the SVG, its names and formulas in math mode.

It needs ``\usepackage{tikz}`` and nothing else. Letters that LaTeX's own fonts lack, such as Korean ones, need XeLaTeX or
LuaLaTeX and a font that has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .shapes import Circle, Curve, Heat, Item, Point, Scene, Shape, Text
from .svg import BASELINE, FADED, arrow_head
from .themes import THEMES

__all__ = ["in_math", "write_tikz"]

ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
PROSE = {"group", "step", "words", ""}  # the roles of texts that are sentences
FUNCTIONS = {
    "arg", "cos", "cosh", "cot", "coth", "csc", "det", "exp", "log", "max", "min", "sec", "sin", "sinh", "tan", "tanh",
}  # fmt: skip
GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "omicron", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
]  # fmt: skip
LETTERS = {chr(0x3B1 + k): rf"\{name}" for k, name in enumerate(GREEK)} | {
    chr(0x391 + k): rf"\{name.capitalize()}" for k, name in enumerate(GREEK)
    if name in ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega")
} | {"ο": "o"}  # fmt: skip
SIGNS = {
    "*": r"\cdot ", "**": r"\mathord{*}\mathord{*}", "∇": r"\nabla\,", "×": r"\times ", "·": r"\cdot ", "→": r"\to ",
    "…": r"\ldots ", "∂": r"\partial ", "′": "'", "²": "^{2}", "³": "^{3}", "√": r"\surd ", "≤": r"\le ", "≥": r"\ge ",
    "≈": r"\approx ", "−": "-", "∞": r"\infty ", "±": r"\pm ", "σ": r"\sigma ",
}  # fmt: skip
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "∇": r"$\nabla$", "×": r"$\times$", "→": r"$\to$", "…": r"\ldots{}", "′": "$'$", "−": "$-$",
    "∂": r"$\partial$", "≈": r"$\approx$", "·": r"$\cdot$",
}  # fmt: skip
TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?P<name>[^\W\d][\w.]*)|(?P<power>\*\*\s*(?=\(?-?\w))|(?P<sign>\*\*|\S)|\s+"
)


def write_tikz(scene: Scene, scale: float = 1.0) -> str:
    """Write a picture as an environment ``tikzpicture``.

    Args:
        scene: what is drawn.
        scale: 1 for a big point (1/72 inch) a unit, which is what a PDF of it has.
    """
    colours = THEMES[scene.theme]
    heading = " ".join(scene.title.split())
    lines = [
        f"% {heading}",
        r"% \usepackage{tikz} in the preamble, then \input this file.",
        r"\begin{tikzpicture}[x=1bp, y=-1bp, inner sep=0pt, outer sep=0pt]",
        *[rf"\definecolor{{glassgrad-{name}}}{{HTML}}{{{code[1:].upper()}}}" for name, code in colours.items()],
        rf"\fill[glassgrad-ground] (0,0) rectangle ({_n(scene.width * scale)},{_n(scene.height * scale)});",
    ]
    for item in scene.items:
        lines += _item(item, scale)
    return "\n".join([*lines, r"\end{tikzpicture}"]) + "\n"


def _item(item: Item, scale: float) -> Iterable[str]:
    shapes = [line for shape in item.shapes for line in _shape(shape, scale)]
    return [rf"\begin{{scope}}[opacity={FADED}]", *shapes, r"\end{scope}"] if item.faded else shapes


def _n(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".") if abs(x) >= 0.005 else "0"


def _shape(shape: Shape, scale: float) -> list[str]:
    """The statements that draw one shape."""

    def at(point: Point) -> str:
        return f"({_n(point[0] * scale)},{_n(point[1] * scale)})"

    if isinstance(shape, Text):
        return [_text(shape, at((shape.x, shape.y + shape.size * BASELINE)), scale)] if shape.content else []
    if isinstance(shape, Curve):
        style = [f"glassgrad-{shape.colour}", f"line width={_n(shape.width * scale)}bp", *_dashes(shape.dash, scale)]
        points = [at(point) for point in shape.points]
        pieces = [f" .. controls {points[k]} and {points[k + 1]} .. {points[k + 2]}" for k in range(1, len(points), 3)]
        lines = [rf"\draw[{', '.join(style)}] {points[0]}{''.join(pieces)};"]
        if shape.tip is not None:
            corners = " -- ".join([at(corner) for corner in arrow_head(shape)])
            lines.append(rf"\fill[glassgrad-{shape.colour}] {corners} -- cycle;")
        return lines
    if isinstance(shape, Circle):
        style = [f"fill=glassgrad-{shape.fill}", f"draw=glassgrad-{shape.line}", f"line width={_n(shape.width * scale)}bp"]
        return [rf"\path[{', '.join(style)}] {at((shape.x, shape.y))} circle[radius={_n(shape.radius * scale)}bp];"]
    style = [f"fill=glassgrad-{shape.fill}"] if shape.fill else []
    if shape.line:
        style += [f"draw=glassgrad-{shape.line}", f"line width={_n(shape.stroke * scale)}bp", *_dashes(shape.dash, scale)]
    if shape.radius:
        style.append(f"rounded corners={_n(min(shape.radius, shape.height / 2, shape.width / 2) * scale)}bp")
    opposite = at((shape.x + shape.width, shape.y + shape.height))
    lines = [rf"\path[{', '.join(style)}] {at((shape.x, shape.y))} rectangle {opposite};"]
    for strength, cell in shape.cells() if isinstance(shape, Heat) else ():
        end = at((cell.x + cell.width, cell.y + cell.height))
        colour = f"glassgrad-{cell.fill}!{12.5 * abs(strength):g}!glassgrad-number"
        lines.append(rf"\fill[{colour}] {at((cell.x, cell.y))} rectangle {end};")
    return lines


def _dashes(dash: str, scale: float) -> list[str]:
    if not dash:
        return []
    pairs = zip(("on", "off") * 4, dash.split(), strict=False)
    return [f"dash pattern={' '.join([f'{word} {_n(float(length) * scale)}bp' for word, length in pairs])}"]


def _text(text: Text, place: str, scale: float) -> str:
    words = _prose(text.content) if text.role in PROSE else f"${in_math(text.content, lone=text.role == 'symbol')}$"
    weight = (r"\bfseries\boldmath" if text.bold else "") + (r"\itshape" if text.italic and text.role in PROSE else "")
    style = [f"anchor={ANCHORS[text.anchor]}", f"text=glassgrad-{text.colour}", f"scale={_n(text.size * scale / 10)}"]
    style.append(rf"font={{\normalfont\fontsize{{10}}{{12}}\selectfont{weight}}}")
    return rf"\node[{', '.join(style)}] at {place} {{{words}}};"


def _prose(text: str) -> str:
    """A sentence, its special characters escaped.

    >>> _prose("100 % of #3")
    '100 \\\\% of \\\\#3'
    """
    return "".join([ESCAPES.get(letter) or (f"${LETTERS[letter]}$" if letter in LETTERS else letter) for letter in text])


def in_math(text: str, *, lone: bool = False) -> str:
    r"""A name, a number, an operation or a formula as it stands between dollars.

    Args:
        text: as it is in a picture.
        lone: whether it is the symbol of an operation, where a product is a cross.

    >>> print(in_math("x1"), in_math("θ"), in_math("price"), in_math("layers.0.w"), in_math("∇ -1.5e-07"))
    x_{1} \theta  \mathit{price} \mathit{layers.0.w} \nabla\, {-}1.5\cdot 10^{-7}
    >>> print(in_math("d(x**2)/dx = 2*x - 1"), in_math("*", lone=True), in_math("relu", lone=True))
    d(x^{2})/\mathit{dx} = 2\cdot x - 1 \times  \mathrm{relu}
    """
    if lone and text == "*":
        return r"\times "
    if lone and text.isascii() and text.isalpha() and text not in FUNCTIONS:
        return rf"\mathrm{{{text}}}"
    parts: list[str] = []
    raised, before = False, ""
    for token in TOKEN.finditer(text):
        kind, word = token.lastgroup, token[0]
        if kind == "power":
            raised = True
            continue
        part = {"number": _number, "name": _name, "sign": _sign}[kind](word) if kind else " "
        if word in ("-", "−") and before not in ("number", "name", ")"):
            part = "{-}"
        if raised and kind != "sign":
            part, raised = f"^{{{part}}}", False
        elif raised:  # ** before a bracket or a minus
            part, raised = f"{SIGNS['**']}{part}", False
        parts.append(part)
        before = (word if kind == "sign" else kind) or before
    return "".join(parts)


def _number(word: str) -> str:
    digits, _, power = word.partition("e")
    return rf"{digits}\cdot 10^{{{int(power)}}}" if power else digits


def _name(word: str) -> str:
    if word in FUNCTIONS:
        return rf"\{word} "
    if word == "inf":
        return r"\infty "
    if word in LETTERS:
        return f"{LETTERS[word]} "
    found = re.fullmatch(r"([^\W\d_]+)_?(\d+)", word)
    if found is not None:
        return f"{_name(found[1]).rstrip()}_{{{found[2]}}}"
    if len(word) == 1 and word.isalpha():
        return word if word.isascii() else rf"\mbox{{{word}}}"
    if word.isascii():
        return rf"\mathit{{{_prose(word)}}}"
    return rf"\mbox{{{_prose(word)}}}"


def _sign(word: str) -> str:
    if word in SIGNS:
        return SIGNS[word]
    if word in '\\{}$&#%_^~"':
        return rf"\mbox{{{ESCAPES[word]}}}"
    return word if word.isascii() else rf"\mbox{{{word}}}"
