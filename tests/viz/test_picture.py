"""The picture: what it holds, that it is safe, the same every time, and written whole or not at all."""

from __future__ import annotations

import base64
import errno
import importlib.util
import os
import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import autograd as ag
import nn
import viz
from viz.layout import places
from viz.scene import graphviz as render
from viz.scene.shapes import Heat, Item, Scene, Text
from viz.scene.svg import write_svg
from viz.scene.themes import THEMES, blended
from viz.views import image, picture as pictures

INSTALLED = [
    name for name, module in (("python", "value"), ("native", "_native")) if importlib.util.find_spec(f"autograd.{module}")
]
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
    """In each theme values are green, gradients red, and all text has at least 4.5:1 on the grounds it is written on."""
    grounds = {
        "value": ("ground", "number", "changed"),
        "gradient": ("ground", "number", "changed", "fold"),
        "text": ("ground", "leaf", "operation", "fold", "changed"),
        "muted": ("ground", "operation", "leaf", "constant"),
        "rose": ("ground", "number", "changed"),
        "fell": ("ground", "number", "changed"),
    }
    for name, palette in THEMES.items():
        drawn = viz.draw(lecture(), theme=name).svg
        assert colours(drawn, "-12") == {palette["value"]}
        assert colours(drawn, "∇ 1") == {palette["gradient"]}
        red, green = palette["gradient"], palette["value"]
        assert int(green[3:5], 16) > 1.4 * int(green[1:3], 16)
        assert int(red[1:3], 16) > 1.4 * int(red[3:5], 16)
        for text, on in grounds.items():
            for place in on:
                one, two = sorted((luminance(palette[text]), luminance(palette[place])), reverse=True)
                assert (one + 0.05) / (two + 0.05) >= 4.5, (name, text, place)


def test_a_theme_that_follows_the_reader_is_the_light_one_and_a_style_sheet() -> None:
    """With theme="auto" the SVG without its style sheet is the light one; the sheet has a dark colour for each that occurs."""
    light, auto = (viz.draw(lecture(), theme=theme).svg for theme in ("light", "auto"))
    (sheet,) = re.findall(r"<style>.*</style>\n", auto)
    assert re.sub(r' data-picture="\w+"', "", auto.replace(sheet, "")) == light
    rules = dict(re.findall(r'"(#\w+)"\]\{fill:(#\w+)\}', sheet))
    assert set(re.findall(r'(?:fill|stroke)="(#\w+)"', light)) <= set(rules)
    assert all(THEMES["dark"][name] == rules[colour] for name, colour in THEMES["light"].items())
    assert viz.draw(lecture(), theme="auto").to_bytes(".pdf") == viz.draw(lecture()).to_bytes(".pdf")
    assert viz.draw(lecture(), theme="auto").dot == viz.draw(lecture()).dot


def test_without_a_backward_pass_no_gradient_is_shown() -> None:
    """Before backward() the picture shows values alone and says so; it shows no zeros as if they were gradients."""
    before = viz.draw(lecture(backward=False)).svg
    assert not [t for t in texts(before) if "∇" in t and t != "∇ gradient below"]
    assert "backward() has not run" in " ".join(texts(before))
    assert "backward() has not run" not in " ".join(texts(viz.draw(lecture()).svg))


def test_a_leaf_that_was_changed_afterwards() -> None:
    """Where a leaf was changed after the result was computed, picture, table and explanation say so, and name it."""
    x, w, b = (ag.Value(v, label=n) for v, n in ((2.0, "x"), (3.0, "w"), (1.0, "b")))
    f = (x * w + b).tanh() + x
    words = "changed after the result was computed; compute it again"
    assert words not in viz.draw(f).svg
    assert words not in str(viz.draw(f))
    b.data = 5.0
    for told in (texts(viz.draw(f).svg), str(viz.draw(f)).splitlines(), str(viz.explain(f, x)).splitlines()):
        assert told[-1] == f"b was {words}"
    assert f"<p>b was {words}</p>" in viz.explain(f, x).html
    assert viz.draw(f).scene.description.endswith(f"b was {words}.")
    w.data = -2.0
    assert f"\nx, w or b was {words}" in str(viz.draw(f))  # a product doesn't tell which of its factors it was
    many = [ag.Value(float(i), label=f"x{i}") for i in range(9)]
    total = ag.sum(many)
    many[0].data = -1.0
    assert f"\nx0, x1, x2, x3, x4, x5 or another one was {words}" in str(viz.draw(total))
    unnamed = ag.Value(2.0)
    root = unnamed.sqrt()
    unnamed.data = -1.0  # it has no root any more
    assert f"\nan input without a label was {words}" in str(viz.draw(root))


def test_a_users_primitive_is_not_asked_again() -> None:
    """Whether a leaf was changed is not found out with a user's own function, which may be slow or random."""
    calls = []
    double = ag.primitive(lambda x: calls.append(x) or 2 * x, lambda z, x: 2.0, name="double")
    f = double(ag.Value(2.0, label="x"))
    assert len(calls) == 1
    assert "changed after" not in str(viz.draw(f))
    assert len(calls) == 1


def edges(value: Any) -> list[tuple[str, str]]:
    """The edges of the DOT text, tail and head without ports, in order."""
    found = []
    for line in viz.draw(value).dot.splitlines():
        if "->" in line:
            tail, head = line.split("[")[0].split("->")
            found.append((tail.strip().split(":")[0], head.strip().split(":")[0]))
    return found


def test_every_edge_in_the_order_of_the_arguments() -> None:
    """x * x has two edges; a shared node is drawn once; a constant sits on the gate that uses it, and no edge leads there."""
    x = ag.Value(3.0, label="x")
    assert len(edges(x * x)) == 2
    assert len(set(edges(x * x))) == 1
    assert edges(x - ag.Value(1.0)) == [("n0", "n2"), ("n1", "n2")]
    assert edges((x * 2) + (x * 2)) == [("n0", "n1"), ("n0", "n2"), ("n1", "n3"), ("n2", "n3")]
    y = x + 1
    assert edges(y * y) == [("n0", "n1"), ("n1", "n2"), ("n1", "n2")]
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


@pytest.mark.graphviz
def test_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    """The same graph gives the same files in other processes, on either engine, with other hash seeds."""
    code = (
        "import hashlib, viz; from autograd import Value\n"
        "x = Value(-2, label='x'); y = Value(5); f = (x + y) * x * 2; f.backward(); d = viz.draw(f)\n"
        "print([hashlib.sha256(d.to_bytes(s)).hexdigest() for s in ('.svg', '.dot', '.png', '.pdf', '.html')])\n"
        "print(hashlib.sha256(viz.steps(f).html.encode() + viz.explain(f, x).html.encode()).hexdigest())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "AUTOGRAD_ENGINE": engine},
        ).stdout
        for seed, engine in (("0", "python"), ("1", INSTALLED[-1]))
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


@pytest.mark.graphviz
def test_what_a_notebook_gets() -> None:
    """The bundle holds SVG, PNG, PDF and a table as plain text, never text/html; include and exclude are heeded.

    The PNG has more dots than it is shown with: its metadata say that it is as large as the SVG. marimo gets the SVG alone.
    """
    drawing = viz.draw(lecture())
    bundle, metadata = drawing._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png", "application/pdf", "text/plain"}
    assert bytes(bundle["application/pdf"]).startswith(b"%PDF")  # type: ignore[arg-type]
    size = {"width": round(drawing.scene.width), "height": round(drawing.scene.height)}
    assert metadata == {"image/png": size}
    assert drawing._mime_() == ("image/svg+xml", drawing.svg)
    assert bundle["image/svg+xml"] == drawing.svg
    assert isinstance(bundle["image/png"], bytes)
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert "gradient" in str(bundle["text/plain"])
    assert drawing._repr_mimebundle_(include={"text/plain"}) == ({"text/plain": str(drawing)}, {})
    bundle, metadata = drawing._repr_mimebundle_(exclude={"image/png"})
    assert "image/png" not in {*bundle, *metadata}
    assert repr(drawing).startswith("<viz.Drawing of f")


@pytest.mark.graphviz
def test_a_wide_picture_is_laid_out_for_a_cell_in_a_notebook() -> None:
    """In a notebook a picture too wide for a cell of 850 pixels flows down or goes on in rows; a file doesn't."""
    w0, x0, w1, x1, w2 = [ag.Value(v, label=k) for k, v in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items()]
    f = 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())
    f.backward()
    y = ag.Value(0.5, label="y")
    for _ in range(8):
        y = (y + 1).tanh()
    for result, rows in ((f, False), (y, True)):
        drawing = viz.draw(result)
        assert drawing.scene.width > 1100
        assert f'width="{drawing.scene.width:g}"' in drawing.to_bytes(".svg").decode("utf-8")
        data, metadata = drawing._repr_mimebundle_()
        asked = ElementTree.fromstring(data["image/svg+xml"])
        assert float(asked.get("width", "")) <= 850
        assert round(float(asked.get("width", ""))) == metadata["image/png"]["width"]
        assert set(texts(data["image/svg+xml"])) >= (
            {item.content for item in drawing.scene.texts} - {"value above", "∇ gradient below"}
        )
        assert (b"leaves0" in data["image/svg+xml"].encode("utf-8")) == rows
        assert data["image/svg+xml"] == viz.draw(result, width=850).svg
        assert "leaves" not in viz.draw(result, direction="TB")._repr_mimebundle_()[0]["image/svg+xml"]
        assert "leaves0" in viz.draw(result, direction="LR")._repr_mimebundle_()[0]["image/svg+xml"]


def test_saving(tmp_path: Path) -> None:
    """save() writes what the suffix says; an unknown suffix lists the known ones and writes nothing."""
    drawing = viz.draw(lecture())
    for suffix, start in (
        (".svg", b"<"),
        (".png", b"\x89PNG"),
        (".pdf", b"%PDF"),
        (".dot", b"digraph"),
        (".html", b"<!DOCTYPE"),
    ):
        path = drawing.save(tmp_path / f"graph{suffix}")
        assert path.read_bytes().lstrip().startswith(start)
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.tex, \.dot, \.html"):
        drawing.save(tmp_path / "graph.gif")
    with pytest.raises(ValueError, match="no suffix"):
        drawing.save(tmp_path / "graph")
    assert len(list(tmp_path.iterdir())) == 5


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels."""
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


@pytest.mark.graphviz
def test_the_size_of_a_file(tmp_path: Path) -> None:
    """`scale` makes SVG, PNG and PDF so much larger; `dpi` is the PNG's dots for each inch."""
    drawing = viz.draw(lecture())
    width, height = drawing.scene.width, drawing.scene.height
    svg = ElementTree.fromstring(drawing.save(tmp_path / "f.svg", scale=2.5).read_text(encoding="utf-8"))
    assert float(svg.get("width", "")) == pytest.approx(2.5 * width, abs=0.01)
    assert svg.get("viewBox") == ElementTree.fromstring(drawing.svg).get("viewBox")
    for dpi, scale, dots in ((None, 1.0, 120), (300, 1.0, 300), (None, 0.5, 60), (200, 1.5, 300)):
        size = png_size(drawing.to_bytes(".png", scale=scale, dpi=dpi))
        assert size == pytest.approx((width * dots / 72, height * dots / 72), abs=dots / 72 + 2)
    for scale in (1.0, 1.5):
        box = re.search(rb"/MediaBox \[ 0 0 (\d+) (\d+) ]", drawing.to_bytes(".pdf", scale=scale))
        assert box is not None
        assert (int(box[1]), int(box[2])) == pytest.approx((scale * width, scale * height), abs=scale + 1)


@pytest.mark.parametrize(
    ("suffix", "size", "words"),
    [
        (".svg", {"scale": 0.001}, "scale=0.001 must be a number from 0.01 to 100"),
        (".svg", {"scale": True}, "scale=True must be a number"),
        (".svg", {"scale": "2"}, "scale='2' must be a number"),
        (".dot", {"scale": 2}, r"scale= is for \.svg, \.png, \.pdf, \.tex, not for \.dot"),
        (".html", {"scale": 2}, r"not for \.html"),
        (".png", {"dpi": 3}, "dpi=3 must be a whole number from 8 to 2400"),
        (".pdf", {"dpi": 300}, r"dpi= is for \.png, not for \.pdf"),
        (".png", {"dpi": 2400, "scale": 100}, r"and 100,000,000 are the most; ask for a smaller dpi or scale"),
    ],
)
def test_a_size_that_can_not_be(suffix: str, size: dict[str, Any], words: str, tmp_path: Path) -> None:
    """A size out of its range, or of a format that has none, is refused with what is possible; nothing is written."""
    drawing = viz.draw(lecture())
    with pytest.raises(ValueError, match=words):
        drawing.save(tmp_path / f"f{suffix}", **size)
    assert list(tmp_path.iterdir()) == []


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
    bundle, metadata = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert metadata == {}
    assert "pip install pygraphviz" in str(bundle["text/plain"])
    assert drawing._mime_() == ("text/plain", bundle["text/plain"])


def test_a_larger_graph_is_rendered_in_a_child() -> None:
    """A graph of a few hundred nodes is laid out outside of this process, and holds all of its values."""
    x = ag.Value(1.0, label="x")
    y = x
    for _ in range(120):
        y = (y * x).tanh()
    y.label = "last"
    assert {"x", "last"} <= set(texts(viz.draw(y).svg))


@pytest.mark.graphviz
def test_a_slow_layout_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that takes too long is ended; a small graph, which can't be folded, gives a clear error."""
    monkeypatch.setattr(pictures, "LAYOUT_SECONDS", (0.001, 0.001))
    monkeypatch.setattr(render, "IN_PROCESS_SIZE", 0)
    with pytest.raises(RuntimeError, match="took longer than"):
        viz.draw(lecture()).svg  # the attribute is computed


def test_a_graph_whose_layout_is_too_slow_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the layout takes too long, a smaller picture comes instead, and says what it left out."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(60):
        y = (y * x).tanh()
    y.backward()
    tries = []

    def slow_at_first(source: str, kind: str, size: int, **options: Any) -> bytes:
        tries.append(size)
        if len(tries) < 3:
            raise render.LayoutTimeoutError("too slow")
        return render.run_graphviz(source, kind, size, **options)

    monkeypatch.setattr(places, "run_graphviz", slow_at_first)
    picture = viz.draw(y, max_nodes=300)
    shown = texts(picture.svg)
    assert tries == sorted(tries, reverse=True)
    assert len(picture.drawn.nodes) < 20
    (left,) = [text for text in shown if "are not drawn" in text]
    assert int(left.split()[0]) + len(picture.drawn.nodes) - 1 == 121  # all but the box are nodes


def test_each_attempt_at_a_layout_has_a_third_of_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layout that takes too long is followed by one of a third of the nodes, until the last or fewer than ten nodes."""
    y = ag.Value(1.0, label="x")
    for _ in range(99):
        y = y.tanh()
    tries = []

    def slow(source: str, kind: str, size: int, *, seconds: float) -> bytes:
        tries.append((size, seconds))
        raise render.LayoutTimeoutError("too slow")

    monkeypatch.setattr(places, "run_graphviz", slow)
    with pytest.raises(render.LayoutTimeoutError):
        viz.draw(y, max_nodes=300).svg  # the attribute is computed
    nodes = [100, 34, 12, 9]  # a third, but not fewer than eight, and the box for the others
    assert tries == [(2 * count - 1, seconds) for count, seconds in zip(nodes, (6.0, 4.0, 3.0, 3.0), strict=True)]
    tries.clear()
    with pytest.raises(render.LayoutTimeoutError):
        viz.draw(lecture()).svg  # the attribute is computed
    assert len(tries) == 1


@pytest.mark.parametrize(("size", "child"), [(150, False), (151, True)])
def test_which_layouts_are_made_in_a_child(size: int, child: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to 150 nodes and edges are laid out in this process, more in another one that can be ended."""
    asked = []
    monkeypatch.setattr(render, "_pygraphviz", lambda: render)
    monkeypatch.setattr(render, "_in_process", lambda *arguments: asked.append("here") or b"{}")
    monkeypatch.setattr(render, "_in_child", lambda *arguments: asked.append("child") or b"{}")
    assert render.run_graphviz("graph {}", "json0", size) == b"{}"
    assert asked == ["child" if child else "here"]


def test_a_layout_in_this_process_is_silent(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """What Graphviz writes to standard error isn't seen, what is written before and after is, and no file stays open."""

    class Loud:
        def __init__(self, string: str) -> None:
            os.write(2, b"no fonts")

        def draw(self, **options: str) -> bytes:
            os.write(2, b"no fonts at all")
            warnings.warn("no fonts", stacklevel=1)
            return b"{}"

    def next_free() -> list[int]:
        numbers = [os.dup(2) for _ in range(3)]
        for number in numbers:
            os.close(number)
        return numbers

    monkeypatch.setattr(render, "_pygraphviz", lambda: SimpleNamespace(AGraph=Loud))
    free = next_free()
    with open(2, "w", closefd=False) as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", stream)
        stream.write("before, ")
        assert render.run_graphviz("graph {}", "json0", 1) == b"{}"
        os.write(2, b"after")
    assert capfd.readouterr().err == "before, after"
    assert not [warning for warning in recwarn if "no fonts" in str(warning.message)]
    assert next_free() == free


def test_a_layout_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has no standard error, or has closed it, draws all the same."""

    def closed(number: int) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    graphs = SimpleNamespace(AGraph=lambda string: SimpleNamespace(draw=lambda **options: b"{}"))
    monkeypatch.setattr(render, "_pygraphviz", lambda: graphs)
    monkeypatch.setattr(sys, "stderr", None)
    assert render.run_graphviz("graph {}", "json0", 1) == b"{}"
    monkeypatch.setattr(os, "dup", closed)
    assert render.run_graphviz("graph {}", "json0", 1) == b"{}"


@pytest.mark.parametrize(
    ("width", "height", "dpi"), [(50, 50, 120), (1500, 1000, 72), (1500, 1000.0005, 71), (30_000, 20_000, 8)]
)
def test_how_many_dots_a_png_has(width: float, height: float, dpi: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PNG has 120 dots per inch, or as many as make no more than 1,500,000 of it, and at least eight."""
    asked = []
    monkeypatch.setattr(image, "run_graphviz", lambda source, kind, size, **options: asked.append(source) or b"png")
    picture = viz.draw(lecture())
    picture.__dict__["scene"] = Scene(width, height, "light", [])
    assert picture.to_bytes(".png") == b"png"
    assert f"[dpi={dpi}, " in asked[0]


@pytest.mark.parametrize("style", ["circuit", "boxes"])
def test_the_lines_below_a_picture(style: str) -> None:
    """Lines below a picture stand sixteen points apart, the last always at the same distance from the bottom."""
    x = ag.Value(1.0, label="x")
    first, second = ag.Value(2.0, label="w") * x, ag.Value(3.0, label="w") * x
    one = viz.draw(first, style=style).scene
    two = viz.compare(first, second, style=style).drawing.scene
    words = ["backward() has not run", "what changed is framed: before → after"]
    for scene, lines in ((one, words[:1]), (two, words)):
        below = [text for text in scene.texts if text.italic and text.content in lines]
        assert [text.content for text in below] == lines
        assert [scene.height - text.y for text in below] == pytest.approx([17 + 16 * k for k in reversed(range(len(lines)))])


def test_a_system_dot_is_the_second_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without pygraphviz the program dot is asked, and its failure is reported."""
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho nothing works >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(render, "_pygraphviz", lambda: None)
    monkeypatch.setattr(render.shutil, "which", lambda name: str(program))
    with pytest.raises(RuntimeError, match="status 3: nothing works"):
        viz.draw(lecture()).svg  # the attribute is computed


@pytest.mark.parametrize("show", [viz.draw, viz.steps, lambda x: viz.explain(x, ag.Value(1))], ids=["draw", "steps", "explain"])
def test_a_net_or_its_outputs_instead_of_a_value(show: Any) -> None:
    """The messages say to call a net or a function on a sample first, and to pick one of several outputs."""
    for function, kind in ((nn.MLP(2, [1]), "MLP"), (lambda x: x, "function"), (ag.exp, "Primitive")):
        with pytest.raises(TypeError, match=rf"a {kind} is called to compute one; call it on a sample first, as in viz.draw\("):
            show(function)
    if show is not viz.draw:
        with pytest.raises(
            TypeError, match=r"got a list of 2; pick one of them, as in outputs\[0\], or draw them all with viz\.draw"
        ):
            show([ag.Value(1), ag.Value(2)])


def test_what_can_not_be_drawn() -> None:
    """A number, an unknown option and a path from elsewhere are refused, with what may be written."""
    with pytest.raises(TypeError, match="Value"):
        viz.draw(3.0)
    f = lecture()
    for option, wrong, words in (
        ("style", "round", "'circuit', 'boxes'"), ("theme", "blue", "'light', 'dark', 'print'"), ("direction", "up", "'LR'"),
        ("precision", 0, "from 1 to 17"), ("precision", 2.0, "whole number"), ("max_nodes", 2, "at least 3"),
        ("max_nodes", True, "whole number"), ("collapse", "layer 1", "no groups"), ("collapse", True, "has none"),
        ("path", ag.Value(1.0, label="w"), "'w' is not in this graph"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            viz.draw(f, **{option: wrong})
    for option, wrong in (("path", 3.0), ("collapse", 3), ("collapse", [3])):
        with pytest.raises(TypeError, match=option):
            viz.draw(f, **{option: wrong})


def test_special_numbers_read_differently() -> None:
    """1e-9, 1e12, nan, inf and -0.0 each have a text of their own."""
    xs = [ag.Value(x, label=f"v{i}") for i, x in enumerate((1e-9, 1e12, float("nan"), float("inf"), -0.0, 0.0))]
    shown = texts(viz.draw(ag.sum(xs)).svg)
    for text in ("1e-09", "1e+12", "nan", "inf", "-0", "0"):
        assert text in shown


def test_precision_and_the_exact_value_on_hover() -> None:
    """`precision` sets the digits that are written; the exact number, the formula and the local gradients are in the title."""
    x = ag.Value(1 / 3, label="x")
    y = x.tanh()
    y.backward()
    assert "0.3333" in texts(viz.draw(y).svg)
    assert "0.33" in texts(viz.draw(y, precision=2).svg)
    titles = [e.text or "" for e in ElementTree.fromstring(viz.draw(y).svg).iter() if e.tag.endswith("title")]
    (hover,) = [title for title in titles if title.startswith("#2 =")]
    assert repr(y.data) in hover
    assert f"d(tanh(x))/dx = 1 - tanh(x)**2 = {y.local_gradients()[0]!r}" in hover


def test_the_line_that_made_a_node_is_told() -> None:
    """With `record_sources()` on, the hover text names the file and the line; without, it names none."""
    with ag.record_sources():
        y = ag.Value(2.0) * 3
    assert "made at" in viz.draw(y).svg
    assert "test_picture.py" in viz.draw(y).svg
    assert "made at" not in viz.draw(ag.Value(2.0) * 3).svg


def test_the_chain_rule_on_every_edge() -> None:
    """With local_gradients each edge shows the local gradient, on hover the formula too; at a fork the shares and their sum."""
    x = ag.Value(3.0, label="x")
    q = x * x
    q.label = "q"
    f = q + x
    f.backward()
    drawn = viz.draw(f, local_gradients=True)
    shown = texts(drawn.svg)
    assert sorted(text for text in shown if "×" in text) == ["× 1", "× 1", "× 3", "× 3"]
    assert "∇ 3 + 3 + 1 = 7" in shown
    told = [item.title.splitlines()[1:] for item in drawn.scene.items if item.kind == "edge"]
    assert told == [["d(x * x)/dx = x = 3", "∇ 1 × 3 = 3"]] * 2 + [
        ["d(q + x)/dq = 1", "∇ 1 × 1 = 1"],
        ["d(q + x)/dx = 1", "∇ 1 × 1 = 1"],
    ]
    before = viz.draw(ag.Value(2.0, label="y") * 3, local_gradients=True)
    assert "× 3" in texts(before.svg)
    assert [item.title.splitlines()[1:] for item in before.scene.items if item.kind == "edge"] == [["d(y * 3)/dy = 3"]]


def test_a_path_keeps_its_nodes_and_fades_the_rest() -> None:
    """`path=x` fades exactly what does not lie between x and the result."""
    x, y, z = (ag.Value(v, label=n) for v, n in ((1.0, "x"), (2.0, "y"), (3.0, "z")))
    f = (x * y + z) * 2
    picture = viz.draw(f, path=y)
    root = ElementTree.fromstring(picture.svg)
    faded = {g.get("data-node") for g in root.iter() if g.get("data-node") and g.get("opacity")}
    names = {picture.graph.nodes[int(place or 0)].label for place in faded}
    assert names == {"x", "z"}
    assert len(faded) == 2
    strong = {(g.get("data-from"), g.get("data-to")) for g in root.iter() if g.get("data-operand") and not g.get("opacity")}
    at = {node.label or node.symbol: str(place) for place, node in enumerate(picture.graph.nodes)}
    assert (at["y"], "2") in strong
    assert (at["x"], "2") not in strong


def test_a_path_of_another_engine_is_refused() -> None:
    """A Value of the engine that doesn't run is in no graph of the one that does: the message names the engine."""
    others = {"native": "autograd.value", "python": "autograd._native"}
    other = pytest.importorskip(others[ag.engine()])
    with pytest.raises(TypeError, match=f"path is a Value of another engine than the {ag.engine()} engine"):
        viz.draw(ag.Value(2.0) * 3, path=other.Value(2.0))


@pytest.mark.parametrize("style", ["circuit", "boxes"])
@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
def test_styles_and_directions(style: str, direction: str) -> None:
    """In each style and direction everything is written, and the result lies where the direction says."""
    picture = viz.draw(lecture(), style=style, direction=direction)
    assert {"x", "y", "z", "q", "f", "-12", "∇ 1", "∇ -4", "3"} <= set(texts(picture.svg))
    places = {text.content: (text.x, text.y) for text in picture.scene.texts if text.role == "name"}
    (x0, y0), (x1, y1) = places["x"], places["f"]
    ahead = {"LR": x1 - x0, "RL": x0 - x1, "TB": y1 - y0, "BT": y0 - y1}[direction]
    assert ahead > 50


def test_a_value_and_a_gradient_are_told_apart_without_colour() -> None:
    """On every wire the value is above and the gradient below, and only the gradient has the mark."""
    for style in ("circuit", "boxes"):
        for item in viz.draw(lecture(), style=style).scene.items:
            roles = {t.role: t for t in item.shapes if isinstance(t, Text) and t.role in ("value", "gradient")}
            if roles:
                assert roles["value"].y < roles["gradient"].y
                assert roles["gradient"].content.startswith("∇")
                assert not roles["value"].content.startswith("∇")


@pytest.mark.graphviz
def test_without_any_font_the_svg_is_the_same(tmp_path: Path) -> None:
    """On a machine without fonts the SVG has the same bytes, and nothing is written to standard error."""
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    code = (
        "import sys, viz; from autograd import Value\nsys.stdout.buffer.write(viz.draw(Value(2, label='값') * 3).svg.encode())"
    )
    found = []
    for more in ({}, {"FONTCONFIG_FILE": str(fonts), "FONTCONFIG_PATH": str(tmp_path)}):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, env={**os.environ, **more}
        )
        assert done.stderr == b""
        found.append(done.stdout)
    assert found[0] == found[1]


def test_a_blended_colour() -> None:
    """A share of 1 is the colour, a share of 0 the ground, and faded text in a PNG is between them."""
    assert blended("#b3141d", "#ffffff", 1.0) == "#b3141d"
    assert blended("#b3141d", "#ffffff", 0.0) == "#ffffff"


def test_a_local_gradient_that_fails_does_not_take_the_picture_with_it() -> None:
    """A custom primitive whose derivative raises is drawn, without its local gradient."""

    def broken(z: float, x: float) -> float:
        raise ValueError("no derivative")

    f = ag.primitive(lambda x: x + 1, [broken], name="odd_one")(ag.Value(2.0, label="x"))
    assert {"odd_one", "x", "2", "3"} <= set(texts(viz.draw(f, local_gradients=True).svg))


def test_components_and_spreads_are_written_as_they_are_called() -> None:
    """A component is written with its number behind, a variance with its ddof by name where it isn't 0, in titles and paths."""
    x, y = ag.Value(2.0, label="x"), ag.Value(3.0, label="y")
    for value, text in (
        (ag.softmax([x, y])[1], "softmax(x, y)[1] = 0.7311"),
        (ag.log_softmax([x, y])[1], "log_softmax(x, y)[1] = -0.3133"),
        (ag.var([x, y]), "var(x, y) = 0.25"),
        (ag.var([x, y], ddof=1), "var(x, y, ddof=1) = 0.5"),
        (ag.std([x, y], ddof=0.5), "std(x, y, ddof=0.5) = 0.5774"),
        (ag.polygamma(1, x), "polygamma(1, x) = 0.6449"),
    ):
        value.backward()
        assert text in str(viz.explain(value, x))
        assert text.split(" = ")[0] in viz.draw(value).svg


def test_a_symbol_of_ones_own_before_its_operand() -> None:
    """An operation of one operand whose symbol is a sign is written with the sign before it, in titles and in the table."""
    root = ag.primitive(lambda x: x**0.5, lambda z, x: 0.5 / z, name="root", symbol="√")(ag.Value(4.0, label="x"))
    assert viz.draw(root).graph.formula(1) == "√x"
    assert "√x" in str(viz.draw(root))
    assert repr(viz.draw(root)) == "<viz.Drawing of √x = 2: 2 nodes, 1 edge>"


def test_an_interactive_picture_in_words() -> None:
    """As text it is the table of the drawing; its repr has the drawing's words, whatever is drawn."""
    picture = viz.draw(ag.Value(2.0, label="viz.Drawing") * 3)
    assert str(picture.interactive()) == str(picture)
    assert (
        repr(viz.draw(ag.Value(2.0, label="viz.Drawing")).interactive())
        == "<viz.Interactive of viz.Drawing = 2: 1 node, 0 edges>"
    )


def test_a_long_description_ends_with_a_number() -> None:
    """The description spells out a hundred nodes and counts the others."""
    y = ag.Value(1.0, label="x")
    for _ in range(102):
        y = y.tanh()
    told = viz.draw(y, max_nodes=300).scene.description
    assert told.startswith("x: value 1.0, no gradient yet. #2 = tanh(x): value 0.7615941559557649, no gradient yet. #3 = ")
    assert told.endswith(". and 3 more nodes. backward() has not run.")
    assert told.count("no gradient yet") == 100


def test_heat_maps_follow_the_reader_too() -> None:
    """With theme="auto" each colour of a heat map has a dark one, and the darker the cell by day the brighter by night."""
    scene = Scene(100, 20, "auto", [Item("n0", "node fold", [Heat(0, 0, 90, 10, 0, "number", levels=(-1, -0.5, 0.25, 1))])])
    svg = write_svg(scene)
    rules = dict(re.findall(r'"(#\w+)"\]\{fill:(#\w+)\}', svg))
    cells = re.findall(r'<path d="[^"]*" fill="(#\w+)"', svg)
    assert len(cells) == 4
    assert set(cells) <= set(rules)
    by_day, by_night = ([luminance(colour) for colour in colours] for colours in (cells, [rules[cell] for cell in cells]))
    assert [sorted(range(4), key=by_day.__getitem__)[-1], sorted(range(4), key=by_night.__getitem__)[0]] == [2, 2]


@pytest.mark.graphviz
@pytest.mark.parametrize("view", ["draw", "interactive", "steps", "explain", "play"])
def test_latex_gets_the_pdf(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """nbconvert's LaTeX takes the PDF of a picture or of a live page's, and no Inkscape, which could turn the SVG into one."""
    nbformat = pytest.importorskip("nbformat")
    exporters = pytest.importorskip("nbconvert.exporters")
    f = lecture()
    shown: Any = {
        "interactive": lambda: viz.draw(f).interactive(), "explain": lambda: viz.explain(f, f.parents[0]),
    }.get(view, lambda: getattr(viz, view)(f))()  # fmt: skip
    found = shown._repr_mimebundle_()
    bundle, metadata = found if isinstance(found, tuple) else (found, {})
    monkeypatch.setenv("PATH", "")
    data = {kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in bundle.items()}
    output = nbformat.v4.new_output("execute_result", data=data, metadata=metadata, execution_count=1)
    cell = nbformat.v4.new_code_cell("viz.draw(f)", outputs=[output], execution_count=1, id="one")
    text, resources = exporters.LatexExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    (name,) = [name for name in resources["outputs"] if name.endswith(".pdf")]
    assert resources["outputs"][name] == bundle["application/pdf"]
    assert name in text
