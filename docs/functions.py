"""The pages of the functions, written from the records: domain, derivative, accuracy, and a plot of what has one operand."""

from __future__ import annotations

import importlib
import inspect
import math
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath

import autograd
import autograd.operators
from autograd import Value, records
from autograd.record import NaryPrimitive, Primitive
from autograd.testing import reference

POINTS = 300
WIDTH, HEIGHT, REACH = 560, 260, 4.0  # of a plot, in its own units; the numbers from -REACH to REACH
# A heading of a part of records.py, and what the page calls it.
PARTS = re.compile(r"^# ---- (.+?) -+$", flags=re.MULTILINE)


def section(primitive: Primitive, name: str) -> str:
    """What a section of a record's docstring says, on one line."""
    found = re.search(rf"^{name}:\n((?: +.*\n)+)", inspect.getdoc(primitive) or "", flags=re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


def domain(primitive: Primitive) -> str:
    """Where the operands may lie, from the docstring: what it says beyond "a number or a Value"."""
    found = re.findall(r"^    (\w+): (.+)$", inspect.getdoc(primitive) or "", flags=re.MULTILINE)
    operands = [(name, words) for name, words in found if name in inspect.signature(primitive).parameters]
    limits = [
        (name, re.sub(r"^(?:a number or a Value|numbers or Values)[,;]? ?", "", words).rstrip(".")) for name, words in operands
    ]
    said = [f"{name}: {words}" if len(operands) > 1 else words for name, words in limits if words]
    return "; ".join(said) or "every real number"


def application(primitive: Primitive, rng: random.Random) -> tuple[Any, list[float]] | None:
    """The primitive on random Values and the numbers of these; None outside of its domain."""
    size = rng.choice((1.0, 1.0, 10.0, 1e-3))
    signature = inspect.signature(primitive)
    fixed = {p.name for p, rule in zip(signature.parameters.values(), primitive.partials, strict=False) if rule is None}
    try:
        if isinstance(primitive, NaryPrimitive):
            count = 2 if primitive.name == "dot" else 1
            xs = [[Value(rng.uniform(-size, size)) for _ in range(3)] for _ in range(count)]
            made = primitive(*xs)
            return (made[0] if isinstance(made, list) else made), [x.data for row in xs for x in row]
        operands: list[Any] = []
        for place, parameter in enumerate(signature.parameters.values()):
            if primitive.name == "where" and place == 0:
                operands.append(rng.random() < 0.5)
            elif parameter.name in fixed:
                default = parameter.default
                operands.append(float(place) if default is inspect.Parameter.empty else default)
            else:
                operands.append(Value(rng.uniform(-size, size)))
        return primitive(*operands), [float(getattr(x, "data", x)) for x in operands]
    except (ArithmeticError, ValueError):
        return None


def ulps(got: float, exact: Any) -> float:
    """The distance of a number from the exact one, in units of the last place of that."""
    return float(abs(mpmath.mpf(got) - exact) / math.ulp(float(exact)))


def accuracy(primitive: Primitive) -> tuple[float, float] | None:
    """The worst distances of value and local gradient from 50 digits at random points of the domain, in ulps."""
    rng = random.Random(primitive.name)
    worst = [0.0, 0.0]
    found = 0
    for _ in range(POINTS):
        made = application(primitive, rng)
        if made is None or not isinstance(made[0], Value):
            continue
        node, numbers = made
        operands = [float(getattr(x, "data", x)) for x in node.operands]
        wanted = [i for i, x in enumerate(node.operands) if isinstance(x, Value)]
        exact = reference.truth(node.op, operands, wanted)
        if exact is None or not math.isfinite(node.data) or node.op.at_kink(node.data, numbers[: len(operands)]):
            continue
        found += 1
        with mpmath.workdps(60):
            worst[0] = max(worst[0], ulps(node.data, exact[0]))
            for got, partial in zip(node.local_gradients(), exact[1], strict=True):
                if partial is not None and mpmath.isfinite(partial):
                    worst[1] = max(worst[1], ulps(got, partial))
    return (worst[0], worst[1]) if found else None


def in_symbols(primitive: Primitive) -> list[str]:
    """The derivatives as people write them, one for each operand; empty for what takes sequences, and for a choice."""
    if isinstance(primitive, NaryPrimitive) or primitive.name == "where":
        return []
    parameters = inspect.signature(primitive).parameters.values()
    names = [parameter.name for parameter, rule in zip(parameters, primitive.partials, strict=True) if rule is not None]
    operands: list[Any] = []
    for place, (parameter, rule) in enumerate(zip(parameters, primitive.partials, strict=True)):
        number = float(place + 1) if rule is None else 1.5 if primitive.name == "arccosh" else 0.25 * (place + 1)
        operands.append(number if rule is None else Value(number, label=parameter.name))
    formulas = autograd.local_gradient_formulas(primitive(*operands))
    return [f"d{primitive.name}/d{name} = {words}" for name, words in zip(names, formulas, strict=True)]


def runs(function: Callable[[float], float]) -> Iterator[list[tuple[float, float]]]:
    """The pieces of a curve: where the function is defined, stays in the frame and doesn't jump."""
    piece: list[tuple[float, float]] = []
    last = 0.0
    for step in range(801):
        x = REACH * (step - 400) / 400.0 + 1e-9
        try:
            y = float(function(x))
        except (ArithmeticError, ValueError):
            y = math.nan
        if not abs(y) <= 1.5 * REACH or (piece and abs(y - last) > REACH):
            if len(piece) > 1:
                yield piece
            piece = []
        if abs(y) <= 1.5 * REACH:
            piece.append((x, y))
            last = y
    if len(piece) > 1:
        yield piece


def plot(primitive: Primitive) -> str:
    """The function and its derivative, as a picture in the page's own colours."""

    def place(x: float, y: float) -> str:
        return f"{WIDTH / 2 + x * WIDTH / (2 * REACH):.1f},{HEIGHT / 2 - y * HEIGHT / (REACH * 1.25):.1f}"

    def slope(x: float) -> float:
        leaf = Value(x)
        return primitive(leaf).local_gradients()[0]

    lines = []
    for kind, function in (("slope", slope), ("value", primitive)):
        pieces = [" ".join(place(x, y) for x, y in piece) for piece in runs(function)]
        lines += [f'<polyline class="{kind}" points="{points}"/>' for points in pieces]
    ticks = []
    for k in range(-3, 4):
        if k:
            x, y = place(k, 0).split(",")
            ticks.append(f'<text x="{x}" y="{float(y) + 14}" text-anchor="middle">{k}</text>')
            if abs(k) < 3:
                x, y = place(0, k).split(",")
                ticks.append(f'<text x="{float(x) - 6}" y="{float(y) + 4}" text-anchor="end">{k}</text>')
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{primitive.name} and its derivative from '
        f'{-REACH:g} to {REACH:g}"><path class="axis" d="M0 {HEIGHT / 2}H{WIDTH}M{WIDTH / 2} 0V{HEIGHT}"/>'
        f"{''.join(ticks)}{''.join(lines)}</svg>\n"
        f'<p class="legend"><span class="value">{primitive.name}</span> <span class="slope">its derivative</span></p>'
    )


def has_plot(primitive: Primitive) -> bool:
    """Whether a curve says something: one operand, and it is a number."""
    return (
        primitive.arity is not None
        and sum(rule is not None for rule in primitive.partials) == 1
        and not primitive.has_parameters
    )


def page(name: str, primitive: Primitive) -> str:
    """The page of one function."""
    rows = [("Domain", domain(primitive)), ("Derivative", section(primitive, "Derivative"))]
    formulas = in_symbols(primitive)
    if formulas and not (
        primitive.kinks and not any(map(str.isalpha, "".join(words.partition(" = ")[2] for words in formulas)))
    ):
        rows.append(("In symbols", "<br>".join(f"`{words}`" for words in formulas)))
    measured = accuracy(primitive)
    if measured:
        rows.append(
            (
                "Accuracy",
                f"value within {measured[0]:.2f} ulp, derivative within {measured[1]:.2f} ulp, the worst of {POINTS} random "
                f"points compared with 50 digits; promised over the whole range are 2 and 4",
            )
        )
    if hasattr(Value, name):
        rows.append(("As a method", f"`x.{name}()`" if primitive.arity == 1 else f"`x.{name}(...)`"))
    if primitive.symbol != name:
        rows.append(("In pictures", f"`{primitive.symbol}`"))
    aliases = [other for other, made in vars(autograd).items() if made is primitive and other != name]
    if aliases:
        rows.append(("Also called", ", ".join(f"`{other}`" for other in aliases)))
    if primitive.kinks is not None:
        rows.append(("Kinks", "there are some; the derivative at one is a subgradient of least norm"))
    table = "\n".join(f"| {head} | {escaped(words)} |" for head, words in rows)
    curve = f"```{{raw}} html\n{plot(primitive)}\n```\n\n" if has_plot(primitive) else ""
    return (
        f"# {name}\n\n{curve}| | |\n| --- | --- |\n{table}\n\n"
        f"```{{eval-rst}}\n.. autofunction:: autograd.{name}\n```\n\n## Its record\n\n"
        f"The function and its rule, as they stand in the source:\n\n```python\n{source(primitive)}```\n"
    )


def escaped(words: str) -> str:
    """Text for a cell of a table: no bar ends the cell, and no asterisk outside of code is emphasis."""
    pieces = re.split(r"(`[^`]*`)", words.replace("|", "\\|"))
    return "".join(piece if piece.startswith("`") else piece.replace("*", "\\*") for piece in pieces)


def source(primitive: Primitive) -> str:
    """The record's source without its docstring, which stands above it."""
    text = inspect.getsource(primitive)
    return re.sub(r'    """.*?"""\n', "", text, count=1, flags=re.DOTALL)


def parts() -> dict[str, list[str]]:
    """The names of the public records, by the headings of records.py."""
    text = Path(inspect.getfile(records)).read_text(encoding="utf-8")
    heads = [(match.start(), match[1]) for match in PARTS.finditer(text)]
    found: dict[str, list[str]] = {}
    for name, primitive in autograd.primitives().items():
        if primitive.inner or not hasattr(autograd, name):
            continue
        defined = re.search(rf"^def {name}\(", text, flags=re.MULTILINE)
        assert defined, name
        head = [words for start, words in heads if start < defined.start()][-1]
        found.setdefault(head, []).append(name)
    return found


def write(folder: Path) -> None:
    """Write the pages: one for each function, and the one that lists them."""
    folder.mkdir()
    made = autograd.primitives()
    lines = [
        "# Functions\n",
        "Every elementary function is one record: its value on floats, the rule for its derivative, its words. These pages are "
        "written from the records, and the accuracy is measured while they are written. Each function takes floats and Values, "
        "is a method of `Value`, and answers NumPy's function of its name.\n",
    ]
    toctree = []
    for head, names in parts().items():
        lines.append(f"## {head[0].upper()}{head[1:]}\n")
        lines.append("| | what it is | derivative | domain |\n| --- | --- | --- | --- |")
        for name in names:
            primitive = made[name]
            (folder / f"{name}.md").write_text(page(name, primitive), encoding="utf-8")
            first = re.split(r"(?<=\.)\s", " ".join((inspect.getdoc(primitive) or "").split("\n\n")[0].split()))[0]
            cells = [escaped(words) for words in (first, section(primitive, "Derivative"), domain(primitive))]
            lines.append(f"| [{name}]({name}.md) | {' | '.join(cells)} |")
            toctree.append(name)
        lines.append("")
    lines.append("```{toctree}\n:hidden:\n\n" + "\n".join(toctree) + "\n```\n")
    (folder / "index.md").write_text("\n".join(lines), encoding="utf-8")


def members(package: str) -> str:
    """Directives for the public names of a package, in the order of its ``__all__``; the functions have pages of their own."""
    module = importlib.import_module(package.replace("_testing", ".testing"))
    # A name such as round is public, too, and only left out for the sake of `from autograd import *`.
    others = [n for n, x in vars(module).items() if n[0] != "_" and getattr(x, "__module__", "").startswith("autograd")]
    names = list(module.__all__) + (sorted(set(others) - set(module.__all__)) if package == "autograd" else [])
    records = ", ".join(n for n, x in vars(autograd.operators.Operators).items() if isinstance(x, Primitive))
    lines = []
    for name in names:
        made = getattr(module, name)
        if isinstance(made, Primitive):
            continue
        if isinstance(made, type):
            lines += [f".. autoclass:: {module.__name__}.{name}", "   :members:"]
            if issubclass(made, Exception):
                lines.append("   :show-inheritance:")
            if made is autograd.Value:
                lines += ["   :inherited-members: object", f"   :exclude-members: {records}"]
        else:
            lines.append(f".. autofunction:: {module.__name__}.{name}")
        lines.append("")
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```"
