"""Pictures for LaTeX: the same shapes at the same places, names and formulas in math mode, and a document that compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import viz
from viz.scene.shapes import Circle, Curve, Rect, Text
from viz.scene.tikz import in_math, write_tikz

DOCUMENT = r"""\documentclass{article}
\usepackage[paperwidth=200cm,paperheight=200cm,margin=1cm]{geometry}
\usepackage{tikz}
\begin{document}
BODY
\end{document}
"""


def neuron(label: str = "x1") -> Any:
    """A tanh neuron with a fork and a constant."""
    x1, w1, b = (ag.Value(v, label=n) for v, n in ((2.0, label), (-3.0, "w_1"), (6.5, "θ")))
    n = x1 * w1 + b + x1
    f = n.tanh() ** 2 * 1e-7
    f.backward()
    return f


def test_every_shape_is_there_at_its_place() -> None:
    """Each text, line, circle and box of the scene is a statement with the same coordinates, also at another scale."""
    scene = viz.draw(neuron()).scene
    shapes = [shape for item in scene.items for shape in item.shapes]
    for scale in (1.0, 2.0):
        text = write_tikz(scene, scale)
        places = [(float(x), float(y)) for x, y in re.findall(r"\\node\[[^\]]*\] at \((.+?),(.+?)\)", text)]
        texts = [shape for shape in shapes if isinstance(shape, Text) and shape.content]
        assert len(places) == len(texts)
        for (x, y), shape in zip(places, texts, strict=True):
            assert x == pytest.approx(scale * shape.x, abs=0.01)
            assert 0 < y - scale * shape.y < scale * shape.size / 2  # from the middle down to the baseline
        assert text.count("\\draw[") == sum(isinstance(shape, Curve) for shape in shapes)
        assert text.count(" circle[") == sum(isinstance(shape, Circle) for shape in shapes)
        assert text.count(" rectangle ") == 1 + sum(isinstance(shape, Rect) for shape in shapes)
        assert text.count("-- cycle") == sum(isinstance(shape, Curve) and shape.tip is not None for shape in shapes)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("w_1", "w_{1}"),
        ("x12", "x_{12}"),
        ("theta", r"\mathit{theta}"),
        ("θ", r"\theta "),
        ("a_b", r"\mathit{a\_b}"),
        ("#3", r"\mbox{\#}3"),
        ("∇ -4", r"\nabla\, {-}4"),
        ("3 - 4 + 1 = 0", "3 - 4 + 1 = 0"),
        ("1.25e+12", r"1.25\cdot 10^{12}"),
        ("-inf", r"{-}\infty "),
        ("nan", r"\mathit{nan}"),
        ("d(tanh(n))/dn = 1 - tanh(n)**2", r"d(\tanh (n))/\mathit{dn} = 1 - \tanh (n)^{2}"),
        ("2**(x+1)", r"2\mathord{*}\mathord{*}(x+1)"),
        ("값", r"\mbox{값}"),
        ("50%", r"50\mbox{\%}"),
    ],
)
def test_names_and_formulas_are_mathematics(text: str, wanted: str) -> None:
    """Names have their indices below, numbers their powers of ten above, functions and Greek letters their commands."""
    assert in_math(text) == wanted


def test_sizes_are_those_of_the_pdf(tmp_path: Path) -> None:
    """A .tex file takes scale=, font_size= and width= as a .pdf does: its ground is as large as the PDF's page."""
    drawing = viz.draw(neuron())
    for options in ({}, {"scale": 2}, {"font_size": 7}, {"width": 5}):
        ground = re.search(r"ground\] \(0,0\) rectangle \(([\d.]+),([\d.]+)\)", drawing.to_bytes(".tex", **options).decode())
        page = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", drawing.to_bytes(".pdf", **options))
        assert ground is not None
        if page is not None:  # not hidden in a compressed part of the file
            assert [float(x) for x in ground.groups()] == pytest.approx([float(x) for x in page.groups()], abs=1.5)
    assert viz.steps(neuron()).film_strip.save(tmp_path / "strip.tex").read_text(encoding="utf-8").count("step ") >= 5


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX: there is no program pdflatex")
def test_latex_takes_it(tmp_path: Path) -> None:
    """pdflatex compiles pictures of every kind without an error or a warning about a font; no label is more than a label."""
    x = ag.Value(1.0, label=r"\input{/etc/hostname} % $ & # _ ^ ~ { } \ < > | ' `")
    pictures = [
        viz.draw(neuron(), local_gradients=True), viz.draw(neuron(), style="boxes", theme="dark", direction="TB"),
        viz.draw(x * x), viz.steps(neuron()).film_strip, viz.draw(x.tanh(), theme="auto"),
    ]  # fmt: skip
    for k, picture in enumerate(pictures):
        picture.save(tmp_path / f"p{k}.tex")
    body = "\\newpage\n".join(rf"\input{{p{k}.tex}}" for k in range(len(pictures)))
    (tmp_path / "all.tex").write_text(DOCUMENT.replace("BODY", body), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    words = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, words[-2000:]
    assert "Warning: Font" not in words
    assert (tmp_path / "all.pdf").stat().st_size > 5000
