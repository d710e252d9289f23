"""Inf and nan in a picture: what is outlined, and which number is named as the first."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from viz.languages import LANGUAGES, say
from viz.scene.shapes import Rect, Text
from viz.scene.themes import THEMES

HUGE = [0.0, 1.0, -2.0, 1e308, -1e308, 1e-308, math.inf, math.nan]
ACTS = [ag.add, ag.subtract, ag.multiply, ag.maximum, lambda x, y: (x * x).sqrt() + y, lambda x, y: x.cbrt() * y]


@st.composite
def graphs(draw: Any) -> Any:
    """A result of numbers that overflow, cancel and have infinite slopes, with gradients or without."""
    values = [ag.Value(draw(st.sampled_from(HUGE)), label=f"v{i}") for i in range(3)]
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.sampled_from(values[-4:])), draw(st.sampled_from(values[-4:]))
        values.append(draw(st.sampled_from(ACTS))(x, y))
    if draw(st.booleans()):
        values[-1].backward()
    return values[-1]


@settings(max_examples=150)
@given(root=graphs())
def test_the_culprit_is_not_finite_and_what_it_comes_from_is(root: Any) -> None:
    """The node that is named is inf or nan, its operands are finite; of a gradient, those of all nodes that use it."""
    order = ag.topological_order(root)
    picture = viz.draw(root)
    alarm = picture.graph.alarm
    place_of = {id(node): place for place, node in enumerate(order)}  # Values of the same number are equal
    operands = [{place_of[id(parent)] for parent in node.parents} for node in order]
    bad = {place for place, node in enumerate(order) if not math.isfinite(node.data)}
    slopes = {place for place, node in enumerate(order) if node.has_grad and not math.isfinite(node.grad)}
    outlined = {place for place, cell in enumerate(picture.measured.cells) if cell.words.alarm}
    assert outlined == bad | slopes
    if alarm is None:
        assert not bad | slopes
        return
    assert alarm.kind == ("value" if bad else "gradient")
    if bad:
        assert alarm.place in bad
        assert not operands[alarm.place] & bad
    else:
        assert alarm.place in slopes
        assert not {user for user in range(len(order)) if alarm.place in operands[user]} & slopes
    firsts = [place for place, cell in enumerate(picture.measured.cells) if cell.words.alarm == "first"]
    assert firsts == [alarm.place]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_named_below_the_picture_on_hover_and_in_the_table(language: str) -> None:
    """The same sentence stands in the note, in the culprit's tooltip alone, and in the tables of draw, explain and compare."""
    x = ag.Value(1e308, label="x")
    y = x * 10 + 1
    y.backward()
    words = say(language, "{what} is {number}, the first value that is not finite", what="#2 = x * 10", number="inf")
    picture = viz.draw(y, language=language)
    assert words in picture.measured.footer
    assert [words in cell.words.title for cell in picture.measured.cells] == [False, True, False]
    for view in (picture, viz.explain(y, x, language=language), viz.compare(y, y, language=language)):
        assert words in str(view).splitlines()
    assert picture.measured.cells[1].words.name == "#2"  # so that it can be found in the picture


def test_an_infinite_slope_is_named_with_the_gradient() -> None:
    """Where all values are finite the local gradient that did it is told in symbols; an input's own value needs no formula."""
    x = ag.Value(0.0, label="x")
    y = 3 * x.sqrt()
    y.backward()
    sentence = "∇x is inf, the first gradient that is not finite: d(sqrt(x))/dx = 1/(2*sqrt(x)) = inf"
    assert str(viz.draw(y)).splitlines()[-1] == sentence
    z = 3 * (x * 2).sqrt()
    z.backward()  # now that of #2 is infinite too, and it comes first on the way back
    assert str(viz.draw(z)).splitlines()[-1] == sentence.replace("x", "#2")
    assert str(viz.draw(ag.Value(math.nan, label="w") * 2)).splitlines()[-1] == "w is nan, the first value that is not finite"


def test_the_first_is_solid_with_a_mark_and_the_others_are_dashed() -> None:
    """Colour isn't the only channel: the first outline is solid and has an exclamation mark, further ones are dashed."""
    x = ag.Value(1e308, label="x")
    for style, direction in itertools.product(("circuit", "boxes"), ("LR", "TB")):
        scene = viz.draw(x * 10 - 1, style=style, direction=direction).scene
        first, later = [item for item in scene.items if item.kind == "alarm"]
        assert [item.data["alarm"] for item in (first, later)] == ["1", "2"]
        assert [shape.content for shape in first.shapes if isinstance(shape, Text)] == ["!"]
        dashes = [[shape.dash for shape in item.shapes if isinstance(shape, Rect)] for item in (first, later)]
        assert dashes[0] == [""]
        assert dashes[1] != [""]
        for item, place in ((first, 1), (later, 2)):
            node = next(other for other in scene.items if other.data.get("node") == str(place))
            outline = next(shape for shape in item.shapes if isinstance(shape, Rect))
            for left, top, right, bottom in [shape.box for shape in node.shapes if isinstance(shape, Text)]:
                assert outline.x < left < right < outline.x + outline.width
                assert outline.y - 2 < top < bottom < outline.y + outline.height + 2


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", THEMES)
def test_the_outline_can_be_seen(theme: str) -> None:
    """In each theme the alarm's colour has 4.5:1 against the ground, and so has the mark on it."""
    lights = sorted(luminance(THEMES[theme][name]) for name in ("alarm", "ground"))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def test_a_culprit_that_is_folded_is_named_all_the_same() -> None:
    """In a fold, and far from the result, the number is named by its place in the whole graph; the box has the outline."""
    x = ag.Value(1e308, label="x")
    with ag.group("inside"):
        y = x * 10 - 1
    z = y * 0.5 + 1
    picture = viz.draw(z, collapse="inside")
    words = "#2 = x * 10 is inf, the first value that is not finite"
    assert picture.measured.footer[-1] == words
    (box,) = [place for place, node in enumerate(picture.graph.nodes) if node.fold]
    assert picture.measured.cells[box].words.alarm == "first"
    for _ in range(400):
        z = z + 1
    far = viz.draw(z, max_nodes=4)
    assert far.measured.footer[-1] == words
    (box,) = [place for place, cell in enumerate(far.measured.cells) if cell.words.alarm == "first"]
    assert far.graph.nodes[box].fold is not None
    from viz.graph.reading import read, shrunk

    assert shrunk(read(z), 10).alarm.place == 0  # type: ignore[union-attr]


def test_in_a_walk_the_alarm_waits_for_its_number() -> None:
    """A step shows an outline once the number is there; the walk finds the first gradient of its own backward pass."""
    x = ag.Value(0.0, label="x")
    walk = viz.steps(x.sqrt() * 2)
    counts = [sum(item.kind == "alarm" for item in walk.still(k).scene.items) for k in range(len(walk))]
    assert counts == [0] * (len(walk) - 1) + [1]
    assert any("∇x is inf, the first gradient" in text.content for text in walk.last.scene.texts)


def test_the_command_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The command's table ends with the first number that is inf or nan, also where its node isn't in the table."""
    from viz.cli.main import main

    assert main(["f = x*1e308*0", "x=100", "--no-picture"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "#2 = x * 1e+308 is inf, the first value that is not finite"
    assert main(["f = x*1e300*0", "x=100", "--no-picture"]) == 0
    assert "finite" not in capsys.readouterr().out
