"""Shapes as SVG and as positioned DOT: a scene with each kind of shape, written out by hand and compared letter by letter."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree

import pytest

import autograd as ag
from viz.graph.reading import read
from viz.layout.look import Look
from viz.layout.measure import measure
from viz.scene.raster import positioned
from viz.scene.shapes import Circle, Curve, Item, Point, Rect, Scene, Text
from viz.scene.svg import arrow_head, write_svg

FLOW = Curve(((10, 40), (20, 40), (30, 50.5), (40, 50)), width=1.2, dash="2 2", tip=(46, 50))
PILL = Rect(1, 2, 30, 18, 4, "ground", line="")
WORD = Text("∇ 1", 16, 11, 11, "gradient", "end", role="flow")
EDGE = Item("e0", "edge", [FLOW, PILL, WORD], "x to y & z", {"to": "1", "operand": "0"}, faded=True)
FRAME = Rect(10, 20, 100, 50, 9, "", "group", 1.0, "6 3")
GROUP = Item("g0", "group", [FRAME, Text("a <b>", 19, 31, 12, "muted", "start", italic=True, role="group")], "group a")
GATE = [Circle(60, 45, 17, "operation", "text", 1.8), Text("+", 60, 45, 17, role="symbol"), Text("x", 60, 20, 15, bold=True)]
WIRE = Curve(((77, 45), (77, 45), (90, 45), (90, 45)))
NODE = Item("n1", "node leaf", [*GATE, Text("", 1, 1, 9), WIRE])
SCENE = Scene(200.126, 100.0, "light", [GROUP, EDGE, NODE], "T & t", "D < d")

BODY = (
    '<g id="p-g0" class="group"><title>group a</title><rect x="10" y="20" width="100" height="50" rx="9"'
    ' fill="none" stroke="#8c959f" stroke-width="1" stroke-dasharray="6 3"/><text x="19" y="35.08"'
    ' font-size="12" fill="#57606a" font-style="italic" class="group">a &lt;b&gt;</text></g>\n'
    '<g id="p-e0" class="edge" data-to="1" data-operand="0" opacity="0.22"><title>x to y &amp;'
    ' z</title><path d="M10,40C20,40 30,50.5 40,50" fill="none" stroke="#6e7781" stroke-width="1.2"'
    ' stroke-dasharray="2 2"/><polygon points="40,52.6 46,50 40,47.4" fill="#6e7781"/><rect x="1" y="2"'
    ' width="30" height="18" rx="4" fill="#ffffff"/><text x="16" y="14.74" font-size="11" fill="#b3141d"'
    ' text-anchor="end" class="flow">∇ 1</text></g>\n'
    '<g id="p-n1" class="node leaf"><circle cx="60" cy="45" r="17" fill="#f0f2f5" stroke="#1f2328"'
    ' stroke-width="1.8"/><text x="60" y="50.78" font-size="17" fill="#1f2328" text-anchor="middle"'
    ' class="symbol">+</text><text x="60" y="25.1" font-size="15" fill="#1f2328" text-anchor="middle"'
    ' font-weight="bold">x</text><text x="1" y="4.06" font-size="9" fill="#1f2328"'
    ' text-anchor="middle"></text><path d="M77,45C77,45 90,45 90,45" fill="none" stroke="#6e7781"'
    ' stroke-width="1"/></g>\n'
    "</svg>\n"
)
# 72 points are an inch, and y counts upwards from the bottom; what is faded is mixed with the ground by .22.
DOT = (
    "digraph glassgrad {\n"
    'graph [pad=0, margin=0, outputorder=nodesfirst, bgcolor="#ffffff"]\n'
    'node [label="", fixedsize=true, width=0, height=0, margin=0, shape=none, fontname=monospace]\n'
    "edge [arrowhead=none]\n"
    'corner0 [pos="0,100.00", shape=point, style=invis, width=0.001, height=0.001]\n'
    'corner1 [pos="200.13,0", shape=point, style=invis, width=0.001, height=0.001]\n'
    's1 [pos="60.00,55.00", shape=box, style="rounded,dashed", color="#8c959f", penwidth=1,'
    " width=1.3889, height=0.6944]\n"
    's2 [pos="37.50,69.00", width=0.5139, height=0.1667, label=<<FONT POINT-SIZE="12"'
    ' COLOR="#57606a"><I>a &lt;b&gt;</I></FONT>>]\n'
    's3a [pos="10.00,60.00", shape=point, style=invis, width=0.001, height=0.001]\n'
    's3b [pos="40.00,50.00", shape=point, style=invis, width=0.001, height=0.001]\n'
    's3a -> s3b [pos="10.00,60.00 20.00,60.00 30.00,49.50 40.00,50.00", color="#dfe1e3", penwidth=1.2,'
    " style=dashed]\n"
    's3a -> s3b [pos="e,46.00,50.00 40.00,50.00 40.00,50.00 40.00,50.00 40.00,50.00", arrowhead=normal,'
    ' arrowsize=0.6, color="#dfe1e3", penwidth=1]\n'
    's4 [pos="16.00,89.00", shape=box, style="rounded,filled", penwidth=0, fillcolor="#ffffff",'
    " width=0.4167, height=0.2500]\n"
    's5 [pos="5.50,89.00", width=0.2917, height=0.1528, label=<<FONT POINT-SIZE="11" COLOR="#eecbcd">∇'
    " 1</FONT>>]\n"
    's6 [pos="60.00,55.00", shape=circle, style=filled, fillcolor="#f0f2f5", color="#1f2328",'
    " penwidth=1.8, width=0.4722, height=0.4722]\n"
    's7 [pos="60.00,55.00", width=0.1528, height=0.2361, label=<<FONT POINT-SIZE="17"'
    ' COLOR="#1f2328">+</FONT>>]\n'
    's8 [pos="60.00,80.00", width=0.1389, height=0.2083, label=<<FONT POINT-SIZE="15"'
    ' COLOR="#1f2328"><B>x</B></FONT>>]\n'
    "\n"
    's10a [pos="77.00,55.00", shape=point, style=invis, width=0.001, height=0.001]\n'
    's10b [pos="90.00,55.00", shape=point, style=invis, width=0.001, height=0.001]\n'
    's10a -> s10b [pos="77.00,55.00 77.00,55.00 90.00,55.00 90.00,55.00", color="#6e7781", penwidth=1]\n'
    "}\n"
)


def test_each_shape_as_svg() -> None:
    """Rectangles, circles, curves with and without a tip, and texts are written with their places, colours and escapes."""
    whole = write_svg(SCENE, "p")
    assert whole[whole.index("<g ") :] == BODY
    head = whole[: whole.index("<g ")]
    assert head == (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200.13" height="100" viewBox="0 0 200.13 100" role="img" '
        'aria-labelledby="p-title p-desc" style="max-width:100%;height:auto" font-family="ui-monospace, Menlo, Consolas, '
        "'DejaVu Sans Mono', 'Liberation Mono', monospace\">\n"
        '<title id="p-title">T &amp; t</title>\n<desc id="p-desc">D &lt; d</desc>\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n'
    )


def test_the_prefix_of_ids_and_the_size() -> None:
    """Without a prefix one is made from the content; a scale changes the size that is asked for, and nothing else."""
    body = BODY.replace('id="p-', 'id="').removesuffix("\n</svg>\n")
    prefix = "g" + hashlib.sha256(f"T &amp; tD &lt; d{body}".encode()).hexdigest()[:12]
    assert write_svg(SCENE) == write_svg(SCENE, prefix)
    half = write_svg(SCENE, "p", 0.5)
    assert half == write_svg(SCENE, "p").replace('width="200.13" height="100" v', 'width="100.06" height="50" v')
    dark = write_svg(Scene(10, 10, "dark", []))
    assert 'fill="#0d1117"/>\n\n</svg>' in dark


def test_numbers_are_short() -> None:
    """Two decimals at most, no zeros at the end, and no minus before a zero."""
    svg = write_svg(Scene(1, 1, "light", [Item("i", "k", [Circle(-0.001, 0.999, 10.10, "leaf")])]))
    circle = next(e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("circle"))
    assert [circle.get(name) for name in ("cx", "cy", "r", "stroke-width")] == ["0", "1", "10.1", "1"]


def test_each_shape_as_positioned_dot() -> None:
    """The same scene for PNG and PDF: everything at its place, in inches where Graphviz wants them."""
    assert positioned(SCENE) == DOT
    assert positioned(SCENE, 96) == DOT.replace("[pad=0", "[dpi=96, pad=0")


@pytest.mark.parametrize(("width", "half"), [(1.0, 2.6), (1.8, 2.6), (3.3, 4.62)])
def test_the_head_of_an_arrow(width: float, half: float) -> None:
    """A head is as wide as its line needs, across its direction, with the tip where it was asked for."""
    across = arrow_head(Curve(((0, 0), (0, 0), (0, 0), (10, 10)), width=width, tip=(10, 16)))
    assert [x for point in across for x in point] == pytest.approx([10 - half, 10, 10, 16, 10 + half, 10])
    aslant = arrow_head(Curve(((0, 0), (0, 0), (0, 0), (0, 0)), width=width, tip=(3, 4)))
    assert [x for point in aslant for x in point] == pytest.approx([-0.8 * half, 0.6 * half, 3, 4, 0.8 * half, -0.6 * half])
    nowhere = arrow_head(Curve(((0, 0), (0, 0), (0, 0), (7, 8))))
    assert nowhere == [(7, 8), (7, 8), (7, 8)]


def test_an_item_elsewhere() -> None:
    """Moved, each shape of an item is where it was and so much further; all else is the same, under a name of its own."""
    moved = EDGE.moved(5, -2, "f1-")
    assert moved == Item(
        "f1-e0", "edge",
        [
            Curve(((15, 38), (25, 38), (35, 48.5), (45, 48)), width=1.2, dash="2 2", tip=(51, 48)),
            Rect(6, 0, 30, 18, 4, "ground", line=""), Text("∇ 1", 21, 9, 11, "gradient", "end", role="flow"),
        ],
        "x to y & z", {"to": "1", "operand": "0"}, True,
    )  # fmt: skip
    moved.data["to"] = "9"
    assert EDGE.data["to"] == "1"
    assert Item("w", "k", [WIRE]).moved(1, 1, "").shapes == [Curve(((78, 46), (78, 46), (91, 46), (91, 46)))]


def test_the_room_of_a_text() -> None:
    """A text of three columns at size 10 takes 19 points, from its anchor on, around it or up to it."""
    assert Text("abc", 100, 50, 10, anchor="start").box == pytest.approx((100, 44.5, 119, 55.5))
    assert Text("abc", 100, 50, 10).box == pytest.approx((90.5, 44.5, 109.5, 55.5))
    assert Text("abc", 100, 50, 10, anchor="end").box == pytest.approx((81, 44.5, 100, 55.5))
    assert Text("값", 0, 0, 10, anchor="start").box[2] == 13
    assert SCENE.texts == [GROUP.shapes[1], WORD, *GATE[1:], NODE.shapes[3]]


BOX_TEXTS = [(-24, -10, "q"), (-24, 10, "*"), (31.5, -10, "12"), (31.5, 10, "∇ 1")]


@pytest.mark.parametrize(
    ("style", "direction", "extent", "entries", "texts"),
    [
        ("circuit", "LR", (74, 53), [(2, -8), (2, 8)], [(-20, 0, "*"), (-20, -26, "q"), (17, -10, "12"), (17, 10, "∇ 1")]),
        ("circuit", "TB", (58, 62), [(2, -8), (2, 8)], [(0, -14, "*"), (22, -14, "q"), (-5, 17, "12"), (5, 17, "∇ 1")]),
        ("boxes", "LR", (85, 46), [(0, -11.5), (0, 11.5)], BOX_TEXTS),
        ("boxes", "BT", (85, 46), [(0, -21.25), (0, 21.25)], BOX_TEXTS),
    ],
)  # fmt: skip
def test_where_things_are_in_a_cell(
    style: str, direction: str, extent: tuple[int, int], entries: list[Point], texts: list[tuple[float, float, str]]
) -> None:
    """In points around the middle line of a cell, without any layout: its size, where the operands arrive, and its texts."""
    x, y = ag.Value(3.0, label="x"), ag.Value(4.0, label="y")
    q = x * y
    q.label = "q"
    f = q + 1.0
    f.backward()
    cell = measure(read(f), Look(style, direction=direction)).cells[2]
    assert cell.extent == extent
    assert [cell.entry(slot) for slot in range(cell.slots)] == [pytest.approx(entry, abs=0.01) for entry in entries]
    x0, y0 = cell.point((0.0, 0.0), cell.length / 2)
    found = [(shape.x - x0, shape.y - y0, shape.content) for shape in cell.shapes((0.0, 0.0)) if isinstance(shape, Text)]
    assert found == texts


def test_other_numbers_keep_the_sizes() -> None:
    """Measured like another graph, cells have the new words and the old sizes, as the steps of a player need it."""
    graph = read((ag.Value(3.0, label="x") * ag.Value(4.0, label="y")).exp())
    longer = graph.with_numbers([(1234.5, None)] * 4)
    for style in ("circuit", "boxes"):
        whole = measure(graph, Look(style))
        other = measure(longer, Look(style), like=whole)
        assert [cell.words.value for cell in other.cells] == ["1234"] * 4
        assert [cell.extent for cell in other.cells] == [cell.extent for cell in whole.cells]
        assert measure(longer, Look(style)).cells[0].extent > whole.cells[0].extent
