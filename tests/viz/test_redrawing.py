"""Pictures that follow their numbers: a layout that is kept, room for numbers, and a Graphviz of the user's own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from viz.cli import CommandError, inputs, run
from viz.graph.reading import read
from viz.layout import places
from viz.layout.dot import skeleton
from viz.layout.look import Look
from viz.layout.measure import measure
from viz.scene import graphviz

pytestmark = pytest.mark.graphviz
NEURON = "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
TEXTS = [
    NEURON,
    "q = x + y; f = q * z",
    "2 * (x*y + max(z, w))",
    "tanh(x1*w1 + x2*w2 + b)",
    "a * a + a",
    "dot([a, b, a], [c, 2, b])",
]
NUMBERS = st.one_of(st.integers(-9, 9).map(float), st.floats(-2, 2), st.floats(-1e6, 1e6), st.just(-1.25e-7))


def passed(text: str, *numbers: float, backward: bool = True) -> Any:
    """The result of a text on numbers, which are repeated where there are too few."""
    names = inputs(text)
    f = run(text, {name: numbers[i % len(numbers)] for i, name in enumerate(names)}).result.value
    if backward:
        f.backward()
    return f


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The layouts that are asked for from here on."""
    asked: list[str] = []

    def counted(source: str, *args: Any, **options: Any) -> bytes:
        asked.append(source)
        return graphviz.run_graphviz(source, *args, **options)

    monkeypatch.setattr(places, "run_graphviz", counted)
    return asked


@pytest.fixture
def unset() -> Iterator[None]:
    """None is set at first, and what was set before stays in the end."""
    before = viz.set_graphviz(None)
    yield
    viz.set_graphviz(before)


# ---- a layout that is kept -------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.sampled_from(TEXTS), st.lists(st.lists(NUMBERS, min_size=5, max_size=5), min_size=2, max_size=4), st.data())
def test_a_picture_like_another_has_the_bytes_of_a_whole_drawing(text: str, passes: list[list[float]], data: Any) -> None:
    """Whatever the numbers were before, a drawing `like` the one before equals a drawing without it, byte for byte."""
    look = {
        "style": data.draw(st.sampled_from(["circuit", "boxes"])),
        "direction": data.draw(st.sampled_from(["LR", "TB"])),
        "local_gradients": data.draw(st.booleans()),
        "room": data.draw(st.sampled_from([0, 7])),
    }
    drawing = None
    for numbers in passes:
        try:
            f = passed(text, *numbers)
        except CommandError:  # a number outside the domain: there is nothing to draw
            continue
        drawing = viz.draw(f, like=drawing, **look)
        assert drawing.svg == viz.draw(f, **look).svg


def test_a_layout_is_asked_for_once_where_all_widths_stay(layouts: list[str]) -> None:
    """Passes whose numbers take the same columns share one layout, also where they are not drawn one after another."""
    drawing = viz.draw(passed(NEURON, 2.5, -1.5, -3.5, -2.5, -3.5), room=10)
    drawing.svg  # the attribute is computed
    assert len(layouts) == 1
    for k in range(1, 20):
        drawing = viz.draw(passed(NEURON, 2.5 - k / 10, -1.5, -3.5 + k / 7, -2.5, -3.5), like=drawing, room=10)
        if k % 3 == 0:
            drawing.svg
    assert len(layouts) == 1
    assert drawing.svg == viz.draw(passed(NEURON, 2.5 - 19 / 10, -1.5, -3.5 + 19 / 7, -2.5, -3.5), room=10).svg


def test_a_wider_number_has_a_layout_of_its_own(layouts: list[str]) -> None:
    """A number that takes more columns than in the picture before moves what stands beside it, as in a whole drawing."""
    first = viz.draw(passed("x * y", 2, 3))
    width = first.scene.width
    second = viz.draw(passed("x * y", 2.125, 3), like=first)
    assert second.scene.width > width
    assert len(layouts) == 2


def test_the_picture_before_may_be_of_anything(layouts: list[str]) -> None:
    """A picture of another graph, in another theme or style is no obstacle: what fits is kept, and the rest laid out."""
    f = passed("x * y", 2, 3)
    other = viz.draw(passed(NEURON, 1))
    other.svg
    assert viz.draw(f, like=other).svg == viz.draw(f).svg
    boxes = viz.draw(f, style="boxes")
    boxes.svg
    assert viz.draw(f, like=boxes).svg == viz.draw(f).svg
    del layouts[:]
    light = viz.draw(f)
    light.svg
    assert viz.draw(f, theme="dark", like=light).svg == viz.draw(f, theme="dark").svg
    assert len(layouts) == 2


def test_a_picture_that_was_never_drawn_is_no_help_and_no_cost(layouts: list[str]) -> None:
    """`like` does not lay out the picture before; what that was like is still known."""
    first = viz.draw(passed("x * y", 2, 3))
    third = viz.draw(passed("x * y", 4, 2), like=viz.draw(passed("x * y", 5, 1), like=first))
    third.svg
    assert len(layouts) == 1
    first.svg
    viz.draw(passed("x * y", 4, 2), like=viz.draw(passed("x * y", 5, 1), like=first)).svg
    assert len(layouts) == 2


def test_the_layout_of_a_smaller_graph_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a layout took too long and part of the graph was left out, the next picture is tried whole again."""
    f = sum((ag.Value(k, label=f"v{k}") for k in range(12)), ag.Value(0.5))
    tries = []

    def slow_at_first(source: str, kind: str, size: int, **options: Any) -> bytes:
        tries.append(size)
        if len(tries) == 1:
            raise graphviz.LayoutTimeoutError("too long")
        return graphviz.run_graphviz(source, kind, size, **options)

    monkeypatch.setattr(places, "run_graphviz", slow_at_first)
    part = viz.draw(f)
    assert len(part.drawn.nodes) < len(part.graph.nodes)
    whole = viz.draw(f, like=part)
    assert whole.drawn is whole.graph
    assert whole.svg == viz.draw(f).svg


LOOKS = [Look(), Look("boxes"), Look(direction="TB"), Look(local_gradients=True, numbered=True), Look(room=6)]


@settings(max_examples=60)
@given(st.sampled_from(TEXTS), st.lists(NUMBERS, min_size=10, max_size=10), st.sampled_from(LOOKS), st.booleans())
def test_what_a_layout_depends_on(text: str, numbers: list[float], look: Look, backward: bool) -> None:
    """Two passes of a text have the same footprint exactly where Graphviz would be asked the same."""
    try:
        passes = [passed(text, *half, backward=backward) for half in (numbers[:5], numbers[5:])]
    except CommandError:  # as above
        return
    one, two = [measure(read(f), look) for f in passes]
    assert (one.footprint == two.footprint) == (skeleton(one, {}) == skeleton(two, {}))


@pytest.mark.parametrize("weights", ["lines", "numbers"])
def test_weights_and_frames_are_part_of_the_footprint(weights: str) -> None:
    """Folded neurons: other weights ask the same of Graphviz, unless their numbers are wider; other frames never do."""

    def net(weight: float, group: str) -> Any:
        x = ag.Value(0.5, label="x")
        with ag.group(group):
            y = ag.dot([x], [ag.Value(weight)]) + ag.Value(0.25)
        y.backward()
        return measure(read(y, collapse=True), Look(weights=weights, room=9))

    base, same, wide, named = net(0.5, "layer"), net(0.7, "layer"), net(-0.123, "layer"), net(0.5, "another layer")
    assert base.footprint == same.footprint
    assert skeleton(base, {}) == skeleton(same, {})
    assert (base.footprint == wide.footprint) == (weights == "lines") == (skeleton(base, {}) == skeleton(wide, {}))
    assert base.footprint != named.footprint


def test_a_walk_keeps_its_layout(layouts: list[str]) -> None:
    """The player's page of a pass `like` the one before is that of a whole walk, and asks for no layout."""
    first = viz.steps(passed(NEURON, 2, -1, -3, -2, -3), room=10)
    first.html
    f = passed(NEURON, 1.5, -1, -3, -2, -3)
    second = viz.steps(f, room=10, like=first).html
    assert len(layouts) == 2  # from left to right, and from the top down for a phone
    assert second == viz.steps(f, room=10).html


def test_an_explanation_keeps_its_layout(layouts: list[str]) -> None:
    """An explanation `like` the one before, of other numbers and another input, asks for no layout and is that without it."""
    f = passed(NEURON, 2, -1, -3, -2, -3)
    x, other = [leaf for leaf in ag.topological_order(f) if leaf.is_leaf][:2]
    first = viz.explain(f, x, room=10)
    first.html
    assert len(layouts) == 2
    assert viz.explain(f, other, room=10, like=first).html == viz.explain(f, other, room=10).html
    assert len(layouts) == 4


@pytest.mark.parametrize(
    ("view", "kind", "write"),
    [
        (viz.draw, "Drawing", "viz.draw(f)"),
        (viz.steps, "Steps", "viz.steps(f)"),
        (lambda f, like: viz.explain(f, f, like=like), "Explanation", "viz.explain(f, x)"),
    ],
)
def test_what_like_may_not_be(view: Any, kind: str, write: str) -> None:
    """`like` takes an earlier view of the same kind; the error says what came and how to get one."""
    f = ag.Value(2) * 3
    other = viz.steps(f) if view is viz.draw else viz.draw(f)
    words = f"like is an earlier viz.{kind}, got {type(other).__name__} "
    with pytest.raises(TypeError, match=rf"{re.escape(words)}.*; write like={re.escape(write)}"):
        view(f, like=other)


# ---- room ------------------------------------------------------------------------------------------


def test_with_room_nothing_moves() -> None:
    """Numbers of up to `room` columns, a sign and a point among them, leave every shape where it is."""

    def bones(*numbers: float) -> str:
        svg = viz.draw(passed(NEURON, *numbers), room=7).svg
        return re.sub(r"(?s)<title.*?</title>|<desc.*?</desc>|>[^<]*</text>|g[0-9a-f]{12}", "", svg)

    assert bones(2, -1, -3, -2, -3) == bones(0.1234, -1.234, 0, 1.5, 0.25)
    assert bones(2, -1, -3, -2, -3) != bones(-1.234e-9, -1.234, 0, 1.5, 0.25)


def test_room_is_at_least(layouts: list[str]) -> None:
    """Room that the numbers don't need makes a picture wider, room that they exceed changes nothing, and 0 is none."""
    f = passed("x * y", 2.125, 3)
    plain = viz.draw(f).svg
    assert viz.draw(f, room=0).svg == plain
    assert viz.draw(f, room=1).svg == plain
    assert viz.draw(f, room=9).scene.width > viz.draw(f).scene.width
    assert viz.draw(f.detach() * 2, room=9).scene.width > 0


@pytest.mark.parametrize("room", [-1, 41, 2.5, True, "7"])
def test_room_is_a_small_whole_number(room: Any) -> None:
    """Room outside of 0 to 40 is refused."""
    with pytest.raises(ValueError, match=r"room=.* must be a whole number from 0 to 40"):
        viz.draw(ag.Value(1), room=room)


# ---- a Graphviz of the user's own ------------------------------------------------------------------


@pytest.mark.usefixtures("unset")
def test_a_function_of_the_user_lays_out() -> None:
    """What is set is asked for layouts and files alike, with the text, the format and the engine; None goes back."""
    f = passed("x * y", 2, 3)
    wanted = viz.draw(f).svg
    asked: list[tuple[str, str]] = []

    def mine(source: str, kind: str, engine: str) -> str | bytes:
        asked.append((kind, engine))
        if kind != "json0":
            return bytearray(b"a picture")
        viz.set_graphviz(None)
        data = graphviz.run_graphviz(source, kind, 1, engine=engine)
        viz.set_graphviz(mine)
        return data.decode()

    assert viz.set_graphviz(mine) is None
    drawing = viz.draw(f)
    assert drawing.svg == wanted
    assert drawing.to_bytes(".png") == b"a picture"
    assert asked == [("json0", "dot"), ("png", "nop2")]
    assert viz.set_graphviz(None) is mine
    assert viz.draw(f).to_bytes(".png")[:4] == b"\x89PNG"
    assert len(asked) == 2


@pytest.mark.usefixtures("unset")
@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "memoryview: a bytes-like object is required, not 'NoneType'"), (7, "not 'int'"), ("", "Graphviz gave no json0")],
)
def test_what_a_function_of_the_user_may_not_return(answer: Any, words: str) -> None:
    """Neither text nor bytes, or nothing at all, is a RenderError that says so."""
    viz.set_graphviz(lambda source, kind, engine: answer)
    with pytest.raises(viz.RenderError, match=words):
        viz.draw(ag.Value(2) * 3).svg  # the attribute is computed


@pytest.mark.usefixtures("unset")
def test_errors_of_a_function_of_the_user() -> None:
    """Its RenderError passes as it is, any other exception becomes one with its words, and an interrupt stays one."""
    mine = viz.RenderError("no layout today")

    def fails(error: BaseException) -> Any:
        def ask(source: str, kind: str, engine: str) -> bytes:
            raise error

        return ask

    viz.set_graphviz(fails(mine))
    with pytest.raises(viz.RenderError) as caught:
        viz.draw(ag.Value(math.pi) * 3).svg  # as above
    assert caught.value is mine
    viz.set_graphviz(fails(OSError("the worker is gone")))
    with pytest.raises(viz.RenderError, match="could not make json0 of this graph: the worker is gone"):
        viz.draw(ag.Value(2) * 3).svg  # as above
    viz.set_graphviz(fails(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        viz.draw(ag.Value(2) * 3).svg  # as above


@pytest.mark.usefixtures("unset")
def test_what_is_no_function_is_refused() -> None:
    """The name of a program is not a function, and nothing is set."""
    with pytest.raises(TypeError, match=r"set_graphviz takes a function of the DOT text.*got str 'dot'"):
        viz.set_graphviz("dot")  # type: ignore[arg-type]
    assert viz.set_graphviz(None) is None
