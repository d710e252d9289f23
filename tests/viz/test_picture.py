"""The picture: what it holds, that it is safe, the same every time, and written whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import viz
from viz import render

ROOT = Path(__file__).parent.parent.parent


def lecture(backward: bool = True) -> Any:
    """The graph of (x + y) * z with a constant."""
    x, y, z = ag.Value(-2, label="x"), ag.Value(5, label="y"), ag.Value(-4, label="z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    if backward:
        f.backward()
    return f


def texts(svg: str) -> list[str]:
    """All visible texts of an SVG, which must be well-formed."""
    root = ElementTree.fromstring(svg)
    return [t.strip() for e in root.iter() if e.tag.endswith("text") for t in e.itertext() if t.strip()]


def colours(svg: str, text: str) -> set[str]:
    """The colours in which a text is written."""
    root = ElementTree.fromstring(svg)
    return {e.get("fill", "") for e in root.iter() if e.tag.endswith("text") and text in "".join(e.itertext())}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_labels_values_and_gradients_are_shown() -> None:
    """Every label, operation, value and gradient is in the picture; gradients carry a mark that values don't."""
    shown = texts(viz.draw(lecture()).svg)
    for text in ("x", "y", "z", "q", "f", "+", "*", "-2", "5", "-4", "3", "-12", "∇ 1", "∇ -4", "∇ 3"):
        assert text in shown


def test_green_values_and_red_gradients_can_be_read() -> None:
    """Values are green, gradients red, each with a contrast of at least 4.5 to 1 on the opaque white ground."""
    svg = viz.draw(lecture()).svg
    (green,), (red,) = colours(svg, "-12"), colours(svg, "∇ 1")
    r, g, b = (int(green[i : i + 2], 16) for i in (1, 3, 5))
    assert g > 1.5 * max(r, b)
    r, g, b = (int(red[i : i + 2], 16) for i in (1, 3, 5))
    assert r > 1.5 * max(g, b)
    for colour in (green, red):
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_without_a_backward_pass_no_gradient_is_shown() -> None:
    """Before backward() the picture shows values alone and says so; it shows no zeros as if they were gradients."""
    before = viz.draw(lecture(backward=False)).svg
    assert not [t for t in texts(before) if "∇" in t and t != "∇ gradient below"]
    assert "backward() has not run" in " ".join(texts(before))
    assert "backward() has not run" not in " ".join(texts(viz.draw(lecture()).svg))


def edges(value: Any) -> list[tuple[str, str]]:
    """The edges of the DOT text, tail and head without ports, in order."""
    found = []
    for line in viz.draw(value).dot.splitlines():
        if "->" in line:
            tail, head = line.split("[")[0].split("->")
            found.append((tail.strip().split(":")[0], head.strip().split(":")[0]))
    return found


def test_every_edge_in_the_order_of_the_arguments() -> None:
    """x * x has two edges; a constant is a node of its own for each use; a shared node is drawn once."""
    x = ag.Value(3.0, label="x")
    assert len(edges(x * x)) == 2
    assert len(set(edges(x * x))) == 1
    assert edges(x - ag.Value(1.0)) == [("n0", "n2"), ("n1", "n2")]
    assert len(edges((x * 2) + (x * 2))) == 6
    y = x + 1
    assert len(edges(y * y)) == 4
    assert texts(viz.draw(y * y).svg).count("x") == 1


@pytest.mark.parametrize(
    "label",
    ['"quoted"', "<b>bold</b>", "a & b", "back\\slash", "two\nlines", "\\N", "αβγ", "한글", "</svg><script>alert(1)</script>",
     "javascript:alert(1)", "{a|b}", "<TABLE>", "nul\x00bell\x07", "&amp;", "x" * 10_000, "\ud800", ""],
)  # fmt: skip
def test_any_label_stays_text(label: str) -> None:
    """Whatever a label holds, the SVG is well-formed, holds no element from it, and shows it as text."""
    drawing = viz.draw(ag.Value(1.0, label=label) * 2)
    root = ElementTree.fromstring(drawing.svg.encode("utf-8"))
    assert not [e for e in root.iter() if e.tag.split("}")[1] in ("script", "b", "TABLE", "a")]
    if label.isalpha() and len(label) < 10:
        assert label in texts(drawing.svg)


def test_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    """The same graph gives the same SVG, DOT, PNG and PDF in other processes, with other hash seeds."""
    code = (
        "import hashlib, viz; from autograd import Value\n"
        "x = Value(-2, label='x'); y = Value(5); f = (x + y) * x * 2; f.backward(); d = viz.draw(f)\n"
        "print([hashlib.sha256(d.to_bytes(s)).hexdigest() for s in ('.svg', '.dot', '.png', '.pdf')])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert len(outputs) == 1


def test_the_svg_is_accessible_and_safe_beside_others() -> None:
    """The SVG has a role, a title and a description; ids differ between drawings, so that many fit one page."""
    one, two = viz.draw(lecture()).svg, viz.draw(lecture(backward=False)).svg
    root = ElementTree.fromstring(one)
    assert root.get("role") == "img"
    tags = [e.tag.split("}")[1] for e in root.iter()]
    assert "title" in tags
    assert "desc" in tags
    assert "style" not in tags
    ids = [{e.get("id") for e in ElementTree.fromstring(s).iter() if e.get("id")} for s in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert "<!--" not in one
    assert "0x" not in one


def test_what_a_notebook_gets() -> None:
    """The bundle holds the SVG, a PNG and a table as plain text, never text/html; include and exclude are heeded."""
    drawing = viz.draw(lecture())
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png", "text/plain"}
    assert bundle["image/svg+xml"] == drawing.svg
    assert isinstance(bundle["image/png"], bytes)
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert "gradient" in str(bundle["text/plain"])
    assert set(drawing._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert "image/png" not in drawing._repr_mimebundle_(exclude={"image/png"})
    assert repr(drawing).startswith("<viz.Drawing of f")


def test_saving(tmp_path: Path) -> None:
    """save() writes what the suffix says; an unknown suffix lists the known ones and writes nothing."""
    drawing = viz.draw(lecture())
    for suffix, start in ((".svg", b"<"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".dot", b"digraph")):
        path = drawing.save(tmp_path / f"graph{suffix}")
        assert path.read_bytes().lstrip().startswith(start)
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        drawing.save(tmp_path / "graph.gif")
    with pytest.raises(ValueError, match="no suffix"):
        drawing.save(tmp_path / "graph")
    assert len(list(tmp_path.iterdir())) == 4


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails, the old file is still whole and no temporary file stays."""
    target = tmp_path / "graph.svg"
    target.write_text("old")

    def broken(*args: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk is full"):
        viz.draw(lecture()).save(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_without_graphviz_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """With neither pygraphviz nor dot the error names both; the DOT text is there all the same, and a cell shows the table."""
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    monkeypatch.setattr(render.shutil, "which", lambda name: None)
    drawing = viz.draw(lecture())
    assert drawing.dot.startswith("digraph")
    with pytest.raises(RuntimeError, match=r"pip install pygraphviz.*`dot`"):
        drawing.svg  # the attribute is computed
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "pip install pygraphviz" in str(bundle["text/plain"])


def test_a_larger_graph_is_rendered_in_a_child() -> None:
    """A graph of a few hundred nodes is laid out outside of this process, and holds all of its values."""
    x = ag.Value(1.0, label="x")
    y = x
    for _ in range(120):
        y = (y * x).tanh()
    y.label = "last"
    assert {"x", "last"} <= set(texts(viz.draw(y).svg))


def test_a_slow_layout_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that takes too long is ended with a clear error."""
    monkeypatch.setattr(render, "TIME_LIMIT", 0.001)
    monkeypatch.setattr(render, "IN_PROCESS_SIZE", 0)
    with pytest.raises(RuntimeError, match="took longer than"):
        viz.draw(lecture()).svg  # the attribute is computed


def test_a_system_dot_is_the_second_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without pygraphviz the program dot is asked, and its failure is reported."""
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho nothing works >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    monkeypatch.setattr(render.shutil, "which", lambda name: str(program))
    with pytest.raises(RuntimeError, match="status 3: nothing works"):
        viz.draw(lecture()).svg  # the attribute is computed


def test_what_can_not_be_drawn() -> None:
    """A number is refused with a TypeError; a graph that is too large says how large it may be."""
    with pytest.raises(TypeError, match="Value"):
        viz.draw(3.0)
    x = y = ag.Value(1.0)
    for _ in range(3000):
        y = y + x
    with pytest.raises(ValueError, match="at most 2,000"):
        viz.draw(y)


def test_special_numbers_read_differently() -> None:
    """1e-9, 1e12, nan, inf and -0.0 each have a text of their own."""
    xs = [ag.Value(x, label=f"v{i}") for i, x in enumerate((1e-9, 1e12, float("nan"), float("inf"), -0.0, 0.0))]
    shown = texts(viz.draw(ag.sum(xs)).svg)
    for text in ("1e-09", "1e+12", "nan", "inf", "-0", "0"):
        assert text in shown
