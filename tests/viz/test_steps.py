"""The walk: forward in order, backward as `backward()` goes, each number where and when it arises."""

from __future__ import annotations

import itertools
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import autograd as ag
import viz
from autograd.testing import strategies
from viz.digits import short
from viz.scene.shapes import Curve, Rect, Text, text_width
from viz.views.view import script_json


def diamond() -> Any:
    """x is used three times; its gradient is a sum of three."""
    x = ag.Value(3.0, label="x")
    q = x * x
    q.label = "q"
    f = q + x
    f.label = "f"
    return f


def texts(svg: str) -> list[str]:
    """All visible texts of an SVG."""
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text]


@settings(max_examples=60)
@given(expression=strategies.expressions())
def test_the_last_step_has_the_gradients_of_backward(expression: Any) -> None:
    """After the last step every node has, to the last bit, the value and the gradient that a fresh backward pass gives it."""
    root = expression.fn(*[ag.Value(x) for x in expression.point])
    if not isinstance(root, ag.Value):
        return
    numbers: dict[tuple[int, str], float] = {}
    for frame in viz.steps(root).frames:
        for place, kind, number in frame.changes:
            numbers[place, kind] = number
    root.backward()
    for place, value in enumerate(ag.topological_order(root)):
        assert numbers[place, "value"].hex() == value.data.hex()
        assert (place, "gradient") in numbers or not value.has_grad
        if value.has_grad:
            assert numbers[place, "gradient"].hex() == value.grad.hex()


def test_the_order_is_the_one_that_backward_uses() -> None:
    """The backward steps come in the order in which the engine asks for local gradients, seen from inside of it.

    With create_graph the engine asks while it walks back; the plain walk goes over the same order.
    """
    seen: list[str] = []

    def spy(name: str) -> Any:
        def partial(z: Any, x: Any) -> float:
            seen.append(name)
            return 2.0

        return ag.primitive(lambda x: 2 * x, [partial], name=name)

    x = ag.Value(1.0, label="x")
    a, b, c = spy("a"), spy("b"), spy("c")
    f = a(b(x)) + c(b(x))
    names = {place: node.op.name for place, node in enumerate(ag.topological_order(f)) if node.op}
    walk = [names[frame.place] for frame in viz.steps(f).frames[1:] if frame.phase == "backward" and frame.rules]
    f = a(b(x)) + c(b(x))
    seen.clear()
    ag.gradients(f, [x], create_graph=True)
    assert [name for name in walk if name != "add"] == [name for name, _ in itertools.groupby(seen)]


def test_partial_gradients_are_seen_as_they_arise() -> None:
    """Where a node is used more than once its gradient grows step by step, and the words say that a copy adds up."""
    walk = viz.steps(diamond())
    grown = [number for frame in walk.frames for place, kind, number in frame.changes if (place, kind) == (0, "gradient")]
    assert grown == [1.0, 7.0]
    (adding,) = [rule for frame in walk.frames for rule in frame.rules if "adds up: 4 + 3 = 7" in rule]
    assert adding.startswith("∇x: upstream 1 × local 3 = 3, as d(x * x)/dx = x = 3")
    assert "∇ 1" in texts(walk.still(4).svg)
    assert "∇ 7" not in texts(walk.still(4).svg)
    assert "∇ 7" in texts(walk.last.svg)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x, y: x + y, "An addition distributes: the gradient goes on unchanged to x and y."),
        (lambda x, y: x - y, "A subtraction distributes too: unchanged to x, with its sign turned to y."),
        (lambda x, y: x * y, "A product swaps: x gets upstream times y, and y gets upstream times x."),
        (lambda x, y: x * 2, "A product swaps: x gets upstream times the constant."),
        (lambda x, y: 3 - x, "A subtraction distributes too, with the sign turned for what is subtracted."),
        (lambda x, y: x.maximum(y), "A max gate routes: the whole gradient goes to y, and nothing to the others."),
        (lambda x, y: x.minimum(y), "A min gate routes: the whole gradient goes to x, and nothing to the others."),
        (lambda x, y: x.maximum(5.0), "A max gate routes the gradient, here to a constant: it stops."),
        (lambda x, y: ag.max([x, x * 1.0]), "A max gate routes the gradient; x and #2 tie and share it."),
        (lambda x, y: x.relu(), "This ReLU is open: its input 3 is above 0, so the gradient passes unchanged."),
        (lambda x, y: (-x).relu(), "This ReLU is dead: its input -3 is not above 0, so the gradient stops here."),
        (lambda x, y: x.clamp(0.0, 1.0), "The clamp holds its input at a bound, so the gradient stops here."),
        (lambda x, y: x.clamp(0.0, 9.0), "Inside its bounds a clamp passes the gradient; at them and outside it stops."),
        (lambda x, y: -x, "A negation turns the sign of the gradient."),
        (lambda x, y: ag.mean([x, y]), "A mean shares the gradient in equal parts among its 2 operands."),
        (
            lambda x, y: ag.dot([x], [y]),
            "Each factor gets upstream times what it was multiplied by: products swap their inputs.",
        ),
        (
            lambda x, y: (x * 9).tanh(),
            "This tanh is saturated: its curve is nearly flat here, and the gradient all but vanishes.",
        ),
        (lambda x, y: x.exp(), "The gradient is multiplied by the slope of exp at this point."),
        (lambda x, y: x * x, "A product swaps its inputs, and here both are x: it gets upstream times itself, twice."),
    ],
)
def test_the_words_for_what_a_gate_does(f: Any, words: str) -> None:
    """Each kind of gate is described with CS231n's name for what it does, in this very case."""
    frames = viz.steps(f(ag.Value(3.0, label="x"), ag.Value(4.0, label="y"))).frames
    first = next(frame for frame in frames if frame.phase == "backward" and frame.rules)
    assert first.words == words


def test_a_zero_gradient_stops() -> None:
    """Below a dead ReLU the words say that nothing flows, and the gradients are 0, also times an infinite slope."""
    x = ag.Value(0.0, label="x")
    walk = viz.steps((x.sqrt() - 1).relu())
    assert walk.frames[-1].words == "The gradient that arrives is 0, so nothing flows back from here."
    assert walk.frames[-1].changes == ((0, "gradient", 0.0),)


def test_the_values_stay_as_they_are() -> None:
    """A walk reads the graph and leaves its gradients alone, whether backward() has run or not."""
    f = diamond()
    viz.steps(f).html  # the attribute is computed
    assert not any(value.has_grad for value in ag.topological_order(f))
    f.backward(10.0)
    assert viz.steps(f).frames[-1].changes == ((0, "gradient", 7.0),)
    assert f.parents[1].grad == 70.0


def test_still_pictures() -> None:
    """The first picture has the inputs alone, the last all numbers; the film strip has each step; all are the same size."""
    walk = viz.steps(diamond())
    first, last = texts(walk.first.svg), texts(walk.last.svg)
    assert "3" in first
    assert "9" not in first
    assert "∇ 1" not in first
    assert {"3", "9", "12", "∇ 1", "∇ 7"} <= set(last)
    assert "step 1 of 6, forward" in first
    assert [text for text in texts(walk.film_strip.svg) if text.startswith("step ")] == [
        f"step {k} of 6, {phase}" for k, phase in enumerate(["forward"] * 3 + ["backward"] * 3, 1)
    ]
    ids = [e.get("id") for e in ElementTree.fromstring(walk.film_strip.svg).iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    sizes = {re.search(r'width="[\d.]+"', walk.still(k).svg)[0] for k in range(2)}  # type: ignore[index]
    assert len(sizes) == 1
    assert len(walk) == 6
    for k in (6, -7):
        with pytest.raises(IndexError, match="6 steps"):
            walk.still(k)


def test_the_fragment_stands_alone() -> None:
    """The HTML names nothing from elsewhere, sets no global name, and embeds its numbers as JSON that can't end the script."""
    html = viz.steps(diamond()).html
    assert re.findall(r"""src\s*=\s*.{26}""", html) == ['src="data:image/svg+xml;base64']
    assert not re.findall(r"""href\s*=|url\(|@import|https?://(?!www\.w3\.org/2000/svg)""", html)
    script = html.split("<script>")[1].split("</script>")[0]
    assert script.startswith("(function(){")
    assert script.endswith("})()")
    assert "window." not in script
    assert html.count("</script>") == 1
    style = html.split("<style>")[1].split("</style>")[0]
    for selector in re.findall(r"^([^{}@\n]+)\{", style, flags=re.MULTILINE):
        for part in selector.split(","):
            assert part.startswith('[data-glassgrad="'), part


@pytest.mark.parametrize(
    "label", ["</script><script>alert(1)</script>", "javascript:alert(1)", "nul\x00", "\u2028", "a" * 10_000, "<!--", "값"]
)
def test_hostile_labels_stay_text(label: str) -> None:
    """Whatever a label holds, it stays text in the player, in the explanation and in the interactive picture."""
    x = ag.Value(2.0, label=label)
    f = x * x
    f.backward()
    for html in (viz.steps(f).html, viz.explain(f, x).html, viz.draw(f).interactive().html):
        assert html.count("<script") == html.count("</script>") <= 1
        assert "<!--" not in html
        assert "\x00" not in html
        assert "alert(1)</script><" not in html
    script = viz.steps(f).html.split("var frames=")[1].split(",svg=")[0]
    assert json.loads(script)[0]["words"].startswith("The inputs: ")


def test_the_data_of_a_script_are_ascii() -> None:
    """Data in a script are JSON in ASCII without < > &, so that neither the page's encoding nor its markup can change them."""
    data = {"값": ["π<b>&amp;", "\ud800", 0.1]}
    text = script_json(data)
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == data


@pytest.mark.parametrize("label", ["SVG", "COUNT", "ITEMS", "DATA", "VALUE", "TEXT"])
def test_a_label_may_be_any_word(label: str, still_of: Callable[[str], str], live_of: Callable[[str], str]) -> None:
    """A label that is a word of the player's own template is shown as it is: in the picture, in the words, in the list."""
    html = viz.steps(ag.Value(2.0, label=label) * 3).html
    assert still_of(html).count(f">{label}</text>") == 1
    assert f"<ol><li>The inputs: {label} = 2.</li>" in html
    assert html.count("<img ") == html.count("<ol>") == 1
    assert json.loads(html.split("var frames=")[1].split(",svg=")[0])[0]["words"] == f"The inputs: {label} = 2."
    assert '<input type="range" min="0" max="3" value="3" aria-label="step">' in live_of(html)


def test_each_gradient_fits_on_its_wire() -> None:
    """A wire is as long as the widest gradient that the walk shows on it, also where the sum is shorter than its parts."""
    x = ag.Value(3.0, label="x")
    walk = viz.steps(x * (1 / 3) + x * (2 / 3))
    seen = set()
    for k in range(len(walk)):
        root = ElementTree.fromstring(walk.still(k).svg)
        (item,) = [e for e in root.iter() if e.get("data-node") == "0"]
        text = next((e for e in item if e.get("class") == "gradient"), None)
        if text is not None and text.text:
            wire = next(e.get("d", "") for e in item if e.tag.endswith("path"))
            start, end = (float(point.split(",")[0]) for point in (wire[1:].split("C")[0], wire.split(" ")[-1]))
            assert text_width(text.text, float(text.get("font-size", ""))) <= end - start
            seen.add(text.text)
    assert seen == {"∇ 0.6667", "∇ 1"}


def test_what_a_notebook_gets_and_what_is_saved(tmp_path: Path) -> None:
    """The bundle has the player and the text; .html saves the page, .svg the film strip; another suffix is refused."""
    walk = viz.steps(diamond())
    assert walk._repr_mimebundle_(exclude={"application/pdf"}) == {"text/html": walk.html, "text/plain": str(walk)}
    assert walk._repr_mimebundle_(include={"text/plain"}) == {"text/plain": str(walk)}
    assert str(walk).splitlines()[1] == "2. q = x * x = 9"
    assert walk.save(tmp_path / "f.html").read_text(encoding="utf-8") == walk.page
    assert walk.save(tmp_path / "f.svg").read_text(encoding="utf-8") == walk.film_strip.svg
    with pytest.raises(ValueError, match=r"one of \.html, \.svg"):
        walk.save(tmp_path / "f.png")
    assert walk.page.startswith("<!DOCTYPE html>")
    assert repr(walk) == "<viz.Steps of f = 12, gradients x 7: 6 steps>"


@pytest.mark.graphviz
def test_stills_are_pictures(tmp_path: Path) -> None:
    """A step and the film strip show themselves in a notebook, and are saved as SVG, PNG and PDF, of any size."""
    walk = viz.steps(diamond())
    for still, title, words in (
        (walk.first, "step 1 of 6, forward: f = 12, gradients x 7", "The inputs: x = 3."),
        (walk.last, "step 6 of 6, backward: f = 12, gradients x 7", "A product swaps its inputs"),
        (walk.film_strip, "the 6 steps of f = 12, gradients x 7", "1. The inputs: x = 3."),
    ):
        assert isinstance(still, viz.Still)
        assert repr(still) == f"<viz.Still of {title}>"
        assert str(still).startswith(words)
        bundle, _ = still._repr_mimebundle_()
        assert set(bundle) == {"image/svg+xml", "image/png", "application/pdf", "text/plain"}
        assert bundle["text/plain"] == str(still)
        for suffix, start in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".tex", b"% ")):
            assert still.save(tmp_path / f"still{suffix}", scale=0.5).read_bytes().startswith(start)
    with pytest.raises(ValueError, match=r"one of \.svg, \.png, \.pdf, \.tex$"):
        walk.first.save(tmp_path / "still.html")


def test_a_graph_that_is_too_large_is_refused() -> None:
    """Beyond 150 nodes a walk is refused with the number of nodes; a number isn't a Value."""
    y = x = ag.Value(1.0)
    for _ in range(200):
        y = y * x
    with pytest.raises(ValueError, match="at most 150 nodes, constants included, and this graph has 201"):
        viz.steps(y)
    with pytest.raises(TypeError, match="Value"):
        viz.steps(2.0)
    with pytest.raises(ValueError, match="theme='blue'"):
        viz.steps(x, theme="blue")


def test_a_single_leaf() -> None:
    """A Value without operations has two steps: its value, and the gradient 1."""
    walk = viz.steps(ag.Value(2.0, label="x"))
    assert [frame.words for frame in walk.frames] == [
        "The inputs: x = 2.",
        "The gradient of the result with respect to itself is 1.",
    ]


def test_numbers_are_written_as_in_pictures() -> None:
    """`precision` holds for the words as well as for the picture."""
    x = ag.Value(1 / 3, label="x")
    walk = viz.steps(x.exp(), precision=2)
    assert walk.frames[0].words == f"The inputs: x = {short(1 / 3, 2)}."
    assert "∇ 1.4" in texts(walk.last.svg)


@settings(max_examples=25)
@given(expression=strategies.expressions())
def test_what_flows_back_adds_up(expression: Any) -> None:
    """For any expression each share is upstream × local, goes into an operand, and is added with += to what was there."""
    values = [ag.Value(x, label=f"x{i}") for i, x in enumerate(expression.point)]
    root = expression.fn(*values)
    if not isinstance(root, ag.Value) or len(ag.topological_order(root)) > 40:
        return
    walk = viz.steps(root, precision=17)
    totals: dict[int, float] = {}
    for k, frame in enumerate(walk.frames):
        data = walk._data(k)
        assert data["back"] == (frame.phase == "backward")
        assert len(data["flows"]) == len(frame.flows)
        for (place, _, on_its_way, at_its_end, total), flow in zip(data["flows"], frame.flows, strict=True):
            product, part = on_its_way.split(" = ")
            upstream, local = product.split(" × ")
            before, _, rest = at_its_end.rpartition("= ")
            assert rest == product
            assert (float(local), float(part)) == pytest.approx((flow.local, flow.part), nan_ok=True)
            expected = 0.0 if float(upstream) == 0.0 else float(upstream) * float(local)
            assert float(part) == pytest.approx(expected, nan_ok=True)
            if before:
                assert before.endswith(" +")
                assert float(before[:-2]) == pytest.approx(totals[place], nan_ok=True)
            else:
                assert place not in totals
            totals[place] = totals.get(place, 0.0) + flow.part
            assert float(total.removeprefix("∇ ")) == pytest.approx(totals[place], nan_ok=True)


def arrows(scene: Any) -> dict[tuple[str, str], Curve]:
    """The arrows, by the node and the operand where the forward pass arrives."""
    return {
        (item.data["to"], item.data["operand"]): next(shape for shape in item.shapes if isinstance(shape, Curve))
        for item in scene.items
        if item.kind == "edge"
    }


@pytest.mark.parametrize("style", ["circuit", "boxes"])
@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
def test_on_the_way_back_arrows_point_back(style: str, direction: str) -> None:
    """In stills of the backward pass each arrow's tip is where its wire began, and shares stand beside their gradients."""
    f = diamond()
    walk = viz.steps(f, style=style, direction=direction)
    first = arrows(walk.first.scene)
    for k, frame in enumerate(walk.frames):
        scene = walk.still(k).scene
        notes = [item for item in scene.items if item.kind == "flow"]
        if frame.phase == "forward":
            assert arrows(scene) == first
            assert not notes
            continue
        for key, arrow in arrows(scene).items():
            assert arrow.tip == first[key].points[0]
            assert arrow.points[0] == first[key].tip
            assert arrow.tip is not None
            assert math.dist(arrow.points[-1], arrow.tip) == pytest.approx(6.0)
        words = [shape.content for item in notes for shape in item.shapes if isinstance(shape, Text)]
        assert sorted(words) == sorted(end for _, end in walk._shares(k))
        boxes = [shape for item in notes for shape in item.shapes if isinstance(shape, Rect)]
        assert len(boxes) == len({flow.edge.tail for flow in frame.flows})
        gradients = [
            shape for item in scene.items if "node" in item.data for shape in item.shapes
            if isinstance(shape, Text) and shape.role == "gradient" and shape.content
        ]  # fmt: skip
        for box in boxes:
            assert box.x >= 0
            assert box.x + box.width <= scene.width
            for text in gradients:
                left, top, right, bottom = text.box
                beside = right <= box.x or box.x + box.width <= left
                assert beside or bottom - 3 <= box.y or box.y + box.height <= top + 3


def test_many_shares_of_one_node() -> None:
    """Of more than three shares that one step gives one node, three are written and a mark; the player counts them all."""
    x = ag.Value(2.0, label="x")
    walk = viz.steps(ag.prod([x] * 6))
    words = [
        shape.content
        for item in walk.last.scene.items
        if item.kind == "flow"
        for shape in item.shapes
        if isinstance(shape, Text)
    ]
    assert words == ["= 1 × 32", "32 += 1 × 32", "64 += 1 × 32", "…"]
    assert len(walk._data(len(walk) - 1)["flows"]) == 6
