"""Pictures for slides: type of so many points at a width, in rows where one row is too wide."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import nn
import viz
from viz.cli.main import main
from viz.scene.rows import LETTERS, in_rows
from viz.scene.shapes import Curve, Item, Rect, Scene, Text

POINTS = 72 / 2.54  # of a centimetre


def neuron() -> Any:
    """The sigmoid neuron in elementary gates, as lectures show it."""
    w0, x0, w1, x1, w2 = [ag.Value(v, label=k) for k, v in {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}.items()]
    f = 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())
    f.label = "f"
    f.backward()
    return f


def contents(scene: Scene) -> list[str]:
    """All texts, sorted."""
    return sorted(text.content for text in scene.texts)


@pytest.mark.graphviz
@pytest.mark.parametrize("style", ["circuit", "boxes"])
def test_the_sigmoid_neuron_on_a_slide(style: str, tmp_path: Path) -> None:
    """14-point type on 25 cm: SVG and PDF are at most that wide, and their numbers are of 14 points."""
    drawing = viz.draw(neuron(), style=style)
    assert drawing.scene.width > 25 * POINTS
    svg = ElementTree.fromstring(drawing.save(tmp_path / "f.svg", font_size=14, width=25).read_text(encoding="utf-8"))
    left, top, width, height = map(float, svg.get("viewBox", "").split())
    assert (left, top) == (0, 0)
    assert width <= 25 * POINTS
    shown = float(svg.get("width", "")) / width * 72 / 96  # points for each unit of the picture
    sizes = {e.text: float(e.get("font-size", "")) * shown for e in svg.iter() if e.tag.endswith("text")}
    assert sizes["0.7311"] == pytest.approx(14, abs=0.01)
    assert sizes["∇ 0.1966"] == pytest.approx(14, abs=0.01)
    assert min(sizes.values()) >= 11 * shown - 1e-9
    box = re.search(rb"/MediaBox \[ 0 0 (\d+) (\d+) ]", drawing.to_bytes(".pdf", font_size=14, width=25))
    assert box is not None
    assert int(box[1]) <= 25 * POINTS + 1
    assert int(box[2]) == pytest.approx(height, abs=2)


@pytest.mark.graphviz
@pytest.mark.parametrize(("style", "width"), [("circuit", 709), ("circuit", 400), ("boxes", 709), ("boxes", 450)])
def test_rows_hold_the_whole_picture(style: str, width: float) -> None:
    """Each text is there once, inside the picture, over no other; a cut wire has its letter at both ends; no name twice."""
    scene = viz.draw(neuron(), style=style).scene
    rows = in_rows(scene, width)
    assert rows is not None
    assert rows.width <= width
    letters = [t.content for i in rows.items if "leaves" in i.name for t in i.shapes if isinstance(t, Text)]
    assert letters == list(LETTERS[: len(letters)])
    assert letters
    assert contents(rows) == sorted([*contents(scene), *letters, *letters])
    names = [item.name for item in rows.items]
    assert len(set(names)) == len(names)
    for text in rows.texts:
        left, top, right, bottom = text.box
        assert 0 <= left <= right <= rows.width
        assert 0 <= top <= bottom <= rows.height
    for a, b in itertools.combinations(rows.texts, 2):
        apart = a.box[2] <= b.box[0] or b.box[2] <= a.box[0] or a.box[3] <= b.box[1] or b.box[3] <= a.box[1]
        assert apart, (a.content, b.content)


def test_a_narrow_picture_stays_as_it_is() -> None:
    """A picture that fits is not changed, to the byte of its scene."""
    scene = Scene(100, 50, "light", [Item("n0", "node", [Rect(10, 10, 80, 30, 4, "leaf")])])
    assert in_rows(scene, 100) is scene


def chain(wires: int, *, tip: bool = True) -> Scene:
    """Two boxes in a frame, with straight wires from the one to the other, and a legend."""
    boxes = [Item(f"n{k}", "node", [Rect(20 + 180 * k, 20, 100, 60, 4, "leaf")]) for k in range(2)]
    y = [30 + 0.5 * k for k in range(wires)]
    curves = [Curve(((120, v), (140, v), (160, v), (190, v)), tip=(200, v) if tip else None) for v in y]
    edges = [Item(f"e{k}", "edge", [curve], "x", {"to": "1"}) for k, curve in enumerate(curves)]
    frame = Item("g0", "group", [Rect(10, 10, 310, 80, 9, "", "group"), Text("g", 19, 15, 12, anchor="start")])
    return Scene(
        330, 120, "light", [frame, *edges, *boxes, Item("legend", "legend", [Text("v", 12, 105, 11.5, anchor="start")])]
    )


def test_where_a_wire_and_a_frame_are_cut() -> None:
    """A wire is cut in the gap between its boxes: the tip is at the second part; frames end there."""
    rows = in_rows(chain(1), 220)
    assert rows is not None
    found = {item.name: item for item in rows.items}
    assert sorted(found) == sorted(["g0", "g0-row1", "e0", "e0-row1", "e0-leaves0", "e0-enters0", "n0", "n1", "legend"])
    first, second = found["e0"].shapes[0], found["e0-row1"].shapes[0]
    assert isinstance(first, Curve)
    assert isinstance(second, Curve)
    assert (first.tip is None, second.tip is None) == (True, False)
    assert found["e0-row1"].data == {"to": "1"}
    lengths = [curve.points[-1][0] - curve.points[0][0] for curve in (first, second)]
    assert lengths == pytest.approx([35, 35])  # the gap is from 120 to 190, where the arrow's head begins
    frames = [found[name].shapes[0] for name in ("g0", "g0-row1")]
    assert [frame.width for frame in frames if isinstance(frame, Rect)] == pytest.approx([145, 165])
    assert found["n1"].shapes[0].y > found["n0"].shapes[0].y + 80  # type: ignore[union-attr]
    legend = found["legend"].shapes[0]
    assert isinstance(legend, Text)
    assert rows.height - legend.y == pytest.approx(120 - 105)


def test_what_can_not_be_cut() -> None:
    """None where a box or the legend is wider than a row, and where more wires are cut than there are letters, which is 52."""
    assert in_rows(chain(1), 120) is None
    many = in_rows(chain(52), 220)
    assert many is not None
    for kind in ("leaves", "enters"):  # wires half a point apart, and letters below one another, in the order of the wires
        letters = [t for item in many.items if kind in item.name for t in item.shapes if isinstance(t, Text)]
        assert "".join([letter.content for letter in letters]) == LETTERS
        assert all(a.y + 11 <= b.y + 1e-9 for a, b in itertools.pairwise(letters))
    assert in_rows(chain(53), 220) is None
    wide = chain(1)
    wide.items[-1].shapes[0] = Text("v" * 60, 12, 105, 11.5, anchor="start")
    assert in_rows(wide, 220) is None


@pytest.mark.graphviz
@pytest.mark.parametrize(
    ("suffix", "size", "words"),
    [
        (".svg", {"font_size": 0}, "font_size=0 must be a number from 1 to 200"),
        (".svg", {"width": "25"}, "width='25' must be a number from 1 to 1000"),
        (".svg", {"width": True, "font_size": 14}, "width=True must be a number"),
        (".png", {"font_size": 14, "scale": 2}, "scale= and font_size= or width= both say how large the picture is"),
        (".dot", {"font_size": 14}, r"font_size= is for \.svg, \.png, \.pdf, \.tex, not for \.dot"),
        (".html", {"width": 25}, r"width= is for \.svg, \.png, \.pdf, \.tex, not for \.html"),
        (".svg", {"font_size": 40, "width": 5}, "with font_size=40 the picture can't be cut into rows of width=5 cm; ask for"),
    ],
)
def test_a_size_that_can_not_be(suffix: str, size: dict[str, Any], words: str, tmp_path: Path) -> None:
    """What is out of range, contradicts another size or can't be is refused with what is possible; nothing is written."""
    with pytest.raises(ValueError, match=words):
        viz.draw(neuron()).save(tmp_path / f"f{suffix}", **size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.graphviz
def test_one_size_alone() -> None:
    """`font_size` alone scales the picture; `width` alone makes it as wide as that, in one row."""
    drawing = viz.draw(neuron())
    unit = drawing.scene.width
    for size, points in (({"font_size": 28}, 2 * unit), ({"width": 10}, 10 * POINTS)):
        svg = ElementTree.fromstring(drawing.to_bytes(".svg", **size))
        assert float(svg.get("width", "")) == pytest.approx(points * 96 / 72, abs=0.01)
        assert svg.get("viewBox") == ElementTree.fromstring(drawing.svg).get("viewBox")
    assert drawing.to_bytes(".pdf", font_size=14) == drawing.to_bytes(".pdf")
    assert drawing.to_bytes(".png", font_size=14, dpi=72) == drawing.to_bytes(".png", dpi=72)


@pytest.mark.graphviz
def test_other_pictures_on_a_slide() -> None:
    """Stills, comparisons and nets in frames are cut too; a film strip, which has words across it, says that it can't be."""
    walk = viz.steps(neuron())
    assert b"leaves0" in walk.still(3).to_bytes(".svg", font_size=14, width=25)
    assert b"leaves0" in viz.compare(neuron(), neuron()).to_bytes(".svg", font_size=14, width=25)
    model = nn.MLP(2, [3, 1], seed=1)
    model.label_parameters()
    out: Any = model([ag.Value(1.0, label="x"), ag.Value(2.0, label="y")])
    drawing = viz.draw(out[0] if isinstance(out, list) else out, collapse="*.neurons.*", weights="numbers")
    rows = in_rows(drawing.scene, 600)
    assert rows is not None
    assert rows.width <= 600
    letters = [text.content for item in rows.items if "-leaves" in item.name for text in item.shapes if isinstance(text, Text)]
    assert letters == list("abc")  # from the three neurons to the result
    assert contents(rows) == sorted([*contents(drawing.scene), *letters, *letters])
    with pytest.raises(ValueError, match="can't be cut into rows of width=25 cm"):
        walk.film_strip.to_bytes(".pdf", font_size=14, width=25)
    assert walk.film_strip.to_bytes(".pdf", width=25)


@pytest.mark.graphviz
def test_the_command(tmp_path: Path) -> None:
    """The command's --font-size and --width make the file that `save` makes."""
    statements = "f = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))"
    inputs = ["w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
    assert main([statements, *inputs, "-o", str(tmp_path / "a.svg"), "--font-size", "14", "--width", "25"]) == 0
    viz.draw(neuron()).save(tmp_path / "b.svg", font_size=14, width=25)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.graphviz
def test_the_command_fits_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command's --width 500px makes the file that `draw` makes with that width; what is no width is refused."""
    statements = ["f = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]
    for options, look in (([], {}), (["--direction", "LR"], {"direction": "LR"})):
        assert main([*statements, "-o", str(tmp_path / "a.svg"), "--width", "500px", *options]) == 0
        viz.draw(neuron(), width=500, **look).save(tmp_path / "b.svg")
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    capsys.readouterr()
    for text in ("wide", "8.5px", "px"):
        assert main([*statements, "-o", str(tmp_path / "c.svg"), "--width", text]) == 2
        assert f"{text!r} is neither centimetres, as 12.5, nor pixels, as 850px" in capsys.readouterr().err
    assert main([*statements, "-o", str(tmp_path / "c.svg"), "--width", "100px"]) == 2
    assert "width=100 must be a whole number from 200 to 10000" in capsys.readouterr().err
    assert main([*statements, "-o", str(tmp_path / "c.svg"), "--steps", str(tmp_path / "s.html"), "--width", "850px"]) == 0
