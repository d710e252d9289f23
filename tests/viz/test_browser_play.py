"""The page to play with, in a real browser: drag, type, keys, steps, kinks, errors.

Skipped where Chromium, its driver or selenium is missing; with VIZ_TEST_BROWSER=require that is an error.
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import test_browser as pages

import autograd as ag
import nn
import viz
from viz.digits import short
from viz.scene.shapes import Heat
from viz.scene.themes import THEMES
from viz.views.play import Play

browser, pytestmark = pages.browser, pages.pytestmark


def neuron() -> Any:
    """A tanh neuron with a fork: x is used twice."""
    x, w, b = (ag.Value(v, label=n) for v, n in ((2.0, "x"), (-3.0, "w"), (6.5, "b")))
    f = (x * w + b + x).tanh() * 2
    f.label = "f"
    return f


class Page:
    """A page to play with, opened."""

    def __init__(self, driver: Any, folder: Path, play: Play) -> None:
        pages.show(driver, folder, play.page)
        self.driver, self.play = driver, play
        (self.root,) = driver.find_elements("css selector", "[data-kind=play]")

    def part(self, selector: str) -> Any:
        """The element that a selector finds."""
        return self.root.find_element("css selector", selector)

    def leaf(self, name: str) -> Any:
        """The picture's node of an input."""
        return self.part(f"[data-leaf][aria-label='{name}']")

    def click(self, what: str) -> None:
        """Press a button."""
        self.part(f"[data-act={what}]").click()

    def drawn(self) -> None:
        """Wait until the page has drawn what was changed: its own frame, and one after it."""
        self.driver.execute_async_script("requestAnimationFrame(()=>requestAnimationFrame(()=>arguments[0]()))")

    @property
    def values(self) -> dict[str, float]:
        """The inputs' numbers, once the page has drawn them."""
        self.drawn()
        found = self.driver.execute_script("return arguments[0].glassgrad.values.map(String)", self.root)
        numbers = [float(text.replace("Infinity", "inf")) for text in found]
        return dict(zip(self.play.inputs, numbers, strict=True))

    def written(self, kind: str) -> dict[str, str]:
        """What is written of each node that is drawn, in a class of texts."""
        script = (
            "return Array.from(arguments[0].querySelectorAll('.sheet > svg:first-child [data-node]')).map(n=>"
            "[n.querySelector('text.name').textContent,(n.querySelector('text.'+arguments[1])||{}).textContent])"
        )
        return dict(self.driver.execute_script(script, self.root, kind))

    def texts(self) -> list[list[str]]:
        """What is written in each node, in the boxes too, without the numbers before."""
        self.drawn()
        script = (
            "return Array.from(arguments[0].querySelectorAll('.sheet > svg:first-child [data-node]')).map(n=>"
            "Array.from(n.querySelectorAll('text:not(.ghost)'),t=>t.textContent))"
        )
        return list(self.driver.execute_script(script, self.root))

    def check(self) -> None:
        """What is written is what Python computes from these numbers."""
        values, gradients = self.play.computed(list(self.values.values()))
        names = [value.label or f"#{i + 1}" for i, value in enumerate(self.values_of())]
        assert self.written("value") == {name: short(x) for name, x in zip(names, values, strict=True)}
        assert self.written("gradient") == {name: f"∇ {short(x)}" for name, x in zip(names, gradients, strict=True)}

    def values_of(self) -> list[Any]:
        """The Values of a neuron, in topological order."""
        return list(ag.topological_order(neuron()))

    @property
    def said(self) -> str:
        """What is said of kinks and errors."""
        self.drawn()
        return str(self.part(".event").text)


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Callable[..., Page]:
    """Opens a page."""
    return lambda f, **options: Page(browser, tmp_path, viz.play(f, **options))


def test_a_number_is_dragged(page: Callable[..., Page]) -> None:
    """Dragging an input sideways changes it in even steps; everything follows, and small numbers show what was there before."""
    from selenium.webdriver.common.action_chains import ActionChains

    shown = page(neuron())
    shown.check()
    assert set(shown.written("of-value").values()) == {""}
    drag = ActionChains(shown.driver, duration=20).click_and_hold(shown.leaf("w")).move_by_offset(20, 0).move_by_offset(20, 0)
    drag.perform()
    assert shown.values == {"x": 2.0, "w": -2.0, "b": 6.5}
    ActionChains(shown.driver, duration=20).move_by_offset(-60, 3).release().perform()
    assert shown.values == {"x": 2.0, "w": -3.5, "b": 6.5}
    shown.check()
    before, after = shown.play.computed()[0][-1], shown.play.computed([2.0, -3.5, 6.5])[0][-1]
    assert shown.written("of-value")["w"] == "▼ -3"
    assert shown.written("of-value")["b"] == ""
    assert shown.written("of-value")["f"] == f"▼ {short(before)}"
    assert shown.part(".result").text == f"f = {short(before)} → {short(after)}"
    assert shown.written("of-gradient")["b"].startswith("▲ 0.05318")
    shown.click("step")  # what is done next begins anew
    assert shown.written("of-value")["w"] == "▼ -3.5"
    assert shown.written("of-value")["f"] == f"▼ {short(after)}"


def test_a_number_is_typed(page: Callable[..., Page]) -> None:
    """Typing on an input replaces its number, inf and nan too; what is no number is marked, and changes nothing."""
    from selenium.webdriver.common.keys import Keys

    shown = page(neuron(), room=10)
    field = shown.part(".number")
    shown.leaf("b").send_keys("-0.25" + Keys.ENTER)
    assert shown.values == {"x": 2.0, "w": -3.0, "b": -0.25}
    shown.check()
    assert shown.driver.switch_to.active_element == shown.leaf("b")
    for text, x in (("inf", math.inf), ("nan", math.nan), ("-1e-3", -0.001), ("2,5", 2.5), ("−3", -3.0), (".5", 0.5)):
        field.clear()
        field.send_keys(text + Keys.ENTER)
        assert repr(shown.values["b"]) == repr(x), text
        shown.check()
    for text in ("two", "e5", "x", ""):
        field.clear()
        field.send_keys(text + Keys.ENTER)
        assert field.get_attribute("aria-invalid") == "true", text
        assert shown.values["b"] == 0.5
    field.send_keys(Keys.ESCAPE)
    assert field.get_attribute("aria-invalid") is None
    assert field.get_attribute("value") == "0.5"


def test_a_number_is_stepped_by_keys(page: Callable[..., Page]) -> None:
    """Arrows go a step, page keys ten, with shift a tenth, Home goes back; slider, buttons and menu change the chosen one."""
    from selenium.webdriver.common.keys import Keys

    shown = page(neuron(), room=10)
    leaf = shown.leaf("x")
    for keys, x in (
        (Keys.ARROW_UP, 2.1), (Keys.ARROW_RIGHT, 2.2), (Keys.ARROW_LEFT, 2.1), (Keys.PAGE_DOWN, 1.1),
        (Keys.SHIFT + Keys.ARROW_DOWN, 1.09), (Keys.HOME, 2.0), (Keys.PAGE_UP, 3.0),
    ):  # fmt: skip
        leaf.send_keys(keys)
        assert shown.values["x"] == x
        shown.check()
        assert leaf.get_attribute("aria-valuetext") == short(x)
    assert leaf.get_attribute("role") == "slider"
    assert float(leaf.get_attribute("aria-valuenow")) == 3.0
    shown.part("select").send_keys("w")
    shown.click("less")
    shown.click("more")
    shown.click("more")
    assert shown.values == {"x": 3.0, "w": -2.9, "b": 6.5}
    shown.part(".slide").send_keys(Keys.ARROW_RIGHT)
    assert shown.values["w"] > -2.9
    shown.check()


def test_steps_go_downhill_as_in_python(page: Callable[..., Page]) -> None:
    """A step is x -= rate * gradient for each input that isn't fixed; run goes on, pause stops it, reset goes back."""
    f = neuron()
    leaves = {value.label: value for value in ag.topological_order(f) if value.is_leaf}
    shown = page(f, rate=0.125, fixed=leaves["x"])
    for _ in range(3):
        shown.click("step")
        again = (leaves["x"] * leaves["w"] + leaves["b"] + leaves["x"]).tanh() * 2
        slopes = ag.gradients(again, list(leaves.values()))
        for value, slope in zip(leaves.values(), slopes, strict=True):
            value.data -= 0.125 * slope * (value.label != "x")
        assert shown.values == pytest.approx({name: value.data for name, value in leaves.items()}, rel=1e-12)
    shown.check()
    assert shown.root.get_attribute("data-steps") == "3"
    assert len(shown.part(".curve polyline").get_attribute("points").split()) == 4
    result = float(shown.part(".result").text.split()[-1])
    shown.click("run")
    assert "pause" in shown.part("[data-act=run]").text
    until = time.monotonic() + 15
    while int(shown.root.get_attribute("data-steps")) < 8 and time.monotonic() < until:
        time.sleep(0.05)
    shown.click("run")
    taken = shown.root.get_attribute("data-steps")
    assert int(taken) >= 8
    assert float(shown.part(".result").text.split()[-1]) < result
    assert shown.values["x"] == 2.0
    shown.check()
    time.sleep(0.15)
    assert shown.root.get_attribute("data-steps") == taken
    assert "run" in shown.part("[data-act=run]").text
    shown.click("reset")
    assert list(shown.values.values()) == list(shown.play.start)
    assert shown.root.get_attribute("data-steps") == "0"
    assert set(shown.written("of-value").values()) == {""}
    shown.check()


def test_a_long_way_has_a_short_memory(page: Callable[..., Page]) -> None:
    """Of thousands of steps the curve keeps some at even distances, from the first number to the last, and counts them all."""
    shown = page(ag.Value(1.0, label="x") * 2.0)
    script = "for(var k=1;k<=4100;k++)arguments[0].glassgrad.set([1+k])"
    shown.driver.execute_script(script, shown.root)
    assert shown.root.get_attribute("data-steps") == "4100"
    points = [tuple(map(float, p.split(","))) for p in shown.part(".curve polyline").get_attribute("points").split()]
    assert len(points) < 400
    assert (points[0][0], points[-1][0]) == (3.0, 157.0)
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(points) if b[0] > a[0]]
    assert slopes == pytest.approx([(4.0 - 32.0) / 154.0] * len(slopes), abs=0.2)  # a line, as rounded
    assert "2 → 8202 (4100)" in shown.part(".curve").get_attribute("aria-label")


def test_the_rate_is_the_page_s(page: Callable[..., Page]) -> None:
    """The field changes the rate and the button's words; what is no positive number leaves it as it was."""
    shown = page(ag.Value(3.0, label="x") * 2.0, rate=0.5)
    field = shown.part(".rate")
    for text, rated in (("0.25", "0.25"), ("-1", "0.25"), ("fast", "0.25"), ("1e-2", "0.01")):
        field.clear()
        field.send_keys(text)
        assert shown.part(".rated").text == rated
        assert field.get_attribute("aria-invalid") == ("false" if text[0] in "01" else "true")
    shown.click("step")
    assert shown.values == {"x": 2.98}
    shown.part("[data-act=fixed]").click()
    shown.click("step")
    assert shown.values == {"x": 2.98}
    assert shown.said == "no number moves any more"


@pytest.mark.parametrize(
    ("f", "start", "to", "said"),
    [
        (lambda x: ag.relu(x - 1), 2.0, 0.5, "#3 = relu(#2) crossed its kink (#2 = 0)"),
        (lambda x: abs(x), 2.0, -0.5, "#2 = abs(x) crossed its kink (x = 0)"),
        (lambda x: 1 / x, 2.0, -0.5, "#2 = 1 / x crossed its pole (x = 0)"),
        (lambda x: x**-3.0, 2.0, -0.5, "#2 = x ** -3 crossed its pole (x = 0)"),
        (lambda x: x.reciprocal(), 2.0, -0.5, "#2 = reciprocal(x) crossed its pole (x = 0)"),
        (lambda x: ag.maximum(x, 3), 2.0, 4.0, "#2 = maximum(x, 3) crossed its kink (x = 3)"),
        (lambda x: ag.max([x, 3, 1]), 2.0, 4.0, "#2 = max(x, 3, 1) crossed its kink (max: i → j)"),
        (lambda x: ag.min([x, 3, 1]), 2.0, 0.5, "#2 = min(x, 3, 1) crossed its kink (min: i → j)"),
        (lambda x: ag.clamp(x, 0, 1), 0.5, 2.0, "#2 = clamp(x, 0, 1) crossed its kink (x ∈ {0, 1})"),
        (lambda x: x % 3, 2.0, 4.0, "#2 = x % 3 jumped (x % 3 = 0)"),
        (lambda x: ag.tan(x), 1.0, 4.25, "#2 = tan(x) crossed its pole (cos(x) = 0)"),
        (lambda x: ag.copysign(3, x), 1.0, -2.0, "#2 = copysign(3, x) jumped (x = 0)"),
    ],
)
def test_what_is_crossed_is_named(page: Callable[..., Page], f: Any, start: float, to: float, said: str) -> None:
    """A kink, a pole or a jump between the number before and the one now is named, and its node has a frame; not so nearby."""
    from selenium.webdriver.common.keys import Keys

    shown = page(f(ag.Value(start, label="x")))
    shown.leaf("x").send_keys(f"{start + (to - start) / 1024}" + Keys.ENTER)
    assert shown.said == ""
    shown.leaf("x").send_keys(f"{to}" + Keys.ENTER)
    assert shown.said == said
    assert len(shown.root.find_elements("css selector", ".crossed")) == 1


def test_what_can_t_be_computed_is_named(page: Callable[..., Page]) -> None:
    """Outside of a domain the node is named, what depends on it shows a question mark, and back inside all is there again."""
    from selenium.webdriver.common.keys import Keys

    x = ag.Value(2.0, label="x")
    shown = page(ag.log(x * 3.0) + x)
    leaf = shown.leaf("x")
    leaf.send_keys("-1" + Keys.ENTER)
    assert shown.said == "It can't be computed with these numbers: #3 = log(#2)"
    assert shown.written("value") == {"x": "-1", "#2": "-3", "#3": "?", "#4": "?"}
    assert set(shown.written("gradient").values()) == {"∇ ?"}
    assert shown.part(".result").text.endswith("?")
    shown.click("step")
    assert shown.values == {"x": -1.0}
    leaf.send_keys("1" + Keys.ENTER)
    assert shown.said == ""
    assert shown.written("value")["#3"] == short(math.log(3.0))


def test_inf_and_nan_are_outlined(page: Callable[..., Page]) -> None:
    """Each node whose value or gradient is inf or nan has an outline while it is so; the first result among them is named."""
    from selenium.webdriver.common.keys import Keys

    x = ag.Value(math.inf, label="x")
    shown = page(ag.exp(-x) * 2.0)
    script = "return Array.from(arguments[0].querySelectorAll('.alarmed')).filter(r=>r.style.display!=='none').length"

    def outlined() -> int:
        return int(shown.driver.execute_script(script, shown.root))

    assert shown.said == "#2 = -x = -inf"
    assert outlined() == 2  # x and -x; the exponential is 0
    shown.leaf("x").send_keys("1" + Keys.ENTER)
    assert shown.said == ""
    assert outlined() == 0
    shown.part(".number").clear()
    shown.part(".number").send_keys("nan" + Keys.ENTER)
    assert shown.said == "#2 = -x = nan"
    assert outlined() == 4


def test_wires_are_as_wide_as_the_gradient(page: Callable[..., Page]) -> None:
    """Where more flows back along a wire it is wider, and follows the numbers; nothing flows back into a constant."""
    from selenium.webdriver.common.keys import Keys

    x, w = ag.Value(0.5, label="x"), ag.Value(4.0, label="w")
    shown = page(x * w + 0.0 * x)
    script = "return Object.fromEntries(Array.from(arguments[0].querySelectorAll('.edge[data-from]')).map(e=>[e.getAttribute('data-from')+' '+e.getAttribute('data-to'),+e.querySelector('path').getAttribute('stroke-width')]))"  # noqa: E501

    def widths() -> dict[str, float]:
        return dict(shown.driver.execute_script(script, shown.root))

    places = {name: str(i) for i, name in enumerate(["x", "w"])}
    product = next(key for key in widths() if key.startswith(places["w"])).split()[1]
    before = widths()
    assert before[f"{places['x']} {product}"] > before[f"{places['w']} {product}"] > 0.8
    shown.leaf("w").send_keys("0.1" + Keys.ENTER)
    shown.drawn()
    after = widths()
    assert after[f"{places['x']} {product}"] < after[f"{places['w']} {product}"] == before[f"{places['w']} {product}"]


def test_large_graphs_are_followed_too(page: Callable[..., Page]) -> None:
    """Boxes, stacks, chains and rows show the numbers of now: those of a page that is made with these numbers."""
    from selenium.webdriver.common.keys import Keys

    def made(x: float) -> Any:
        inputs = [ag.Value(x, label="x"), *[ag.Value(i / 7.0, label=f"w{i}") for i in range(12)]]
        with ag.group("chain"):
            f = inputs[0]
            for _ in range(30):
                f = (f * 1.1).tanh()
        return f + ag.sum([(f * w + 0.5).tanh() for w in inputs[1:]])

    for options in ({"max_nodes": 24}, {"collapse": True, "max_nodes": 40}, {"max_nodes": 500}):
        shown = page(made(0.25), **options)
        shown.part(".number").clear()
        shown.part("select").send_keys("x")
        shown.part(".number").clear()
        shown.part(".number").send_keys("0.75" + Keys.ENTER)
        assert shown.values["x"] == 0.75
        followed = shown.texts()
        assert followed == page(made(0.75), **options).texts(), options


def net(samples: int = 1, layers: Sequence[int] = (4, 1)) -> Any:
    """A net of two inputs, labelled; its mean square on several samples."""
    model = nn.MLP(2, list(layers), seed=1)
    model.label_parameters()
    rows = [[ag.Value(math.sin(7 * k + j), label=f"x{j}") for j in range(2)] for k in range(samples)]
    outputs: Any = [model(row) for row in rows]
    return outputs[0] if samples == 1 else ag.mean([out * out for out in outputs])


def test_what_is_folded_opens_and_follows(page: Callable[..., Page]) -> None:
    """A + opens a box in place, where an input is dragged; all is as in a page that begins with these numbers; − closes it."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def moved(**numbers: float) -> Any:
        f = net(20, (4, 4, 1))
        for leaf in ag.topological_order(f):
            if leaf.label in numbers:
                leaf.data = numbers[leaf.label]
        return f

    def opened(shown: Page, where: str) -> None:
        shown.part(f".mark[aria-label='open {where}']").click()
        assert shown.driver.switch_to.active_element.get_attribute("data-sign") == "−"

    shown = page(moved())
    folded = shown.texts()
    opened(shown, "layers.1.neurons.2")
    bias = shown.leaf("layers.1.neurons.2.b")
    size = shown.driver.execute_script("return arguments[0].querySelector('text').getBoundingClientRect().height", bias)
    assert size >= 10.0
    ActionChains(shown.driver, duration=20).click_and_hold(bias).move_by_offset(20, 0).release().perform()
    bias.send_keys(Keys.ARROW_UP)
    assert shown.values["layers.1.neurons.2.b"] == 0.6
    followed = shown.texts()
    shown.part(".mark[data-sign='−']").send_keys(Keys.ENTER)
    assert shown.driver.switch_to.active_element.get_attribute("aria-label") == "open layers.1.neurons.2"
    closed = shown.texts()
    assert len(closed) == len(folded) < len(followed)
    assert closed != folded
    opened(shown, "layers.0.neurons.1")
    assert len(shown.texts()) > len(closed)
    begun = page(moved(**{"layers.1.neurons.2.b": 0.6}))
    assert begun.texts() == closed
    opened(begun, "layers.1.neurons.2")
    assert begun.texts() == followed


def test_what_is_chosen_and_what_is_crossed_is_framed_where_it_is(page: Callable[..., Page]) -> None:
    """The menu's choice is framed, also in a box, and the input itself once that is open; so is what was crossed."""
    from selenium.webdriver.common.keys import Keys

    shown = page(net(20, (4, 4, 1)))

    def framed(kind: str) -> list[str]:
        script = "return Array.from(arguments[0].querySelectorAll(arguments[1]),n=>n.textContent||n.outerHTML)"
        return list(shown.driver.execute_script(script, shown.root, f".sheet > svg:first-child {kind}"))

    name = "layers.0.neurons.1.b"
    shown.driver.execute_script(
        "arguments[0].value=arguments[1];arguments[0].dispatchEvent(new Event('change'))", shown.part("select"),
        str(shown.play.inputs.index(name)),
    )  # fmt: skip
    (box,) = framed(".chosen")
    assert box.startswith("neurons.1")
    shown.part(".number").clear()
    shown.part(".number").send_keys("-5" + Keys.ENTER)  # its relu lets nothing through any more
    assert "crossed its kink" in shown.said
    assert 1 <= len(framed(".crossed")) == len(set(framed(".crossed")))  # a box once, whatever was crossed in it
    shown.part(".mark[aria-label='open layers.0.neurons.1']").click()
    (leaf,) = framed(".chosen")
    assert leaf.startswith("b")
    assert framed(".crossed")


def test_the_squares_of_a_layer_follow(page: Callable[..., Page]) -> None:
    """A dense layer's squares are those of a picture of the numbers now, and so its gradients; one is dragged, and told."""
    from selenium.webdriver.common.action_chains import ActionChains

    model: Any = nn.MLP(9, [12, 5], seed=2)
    model.label_parameters()
    x = [0.1 * k for k in range(9)]
    shown = page(ag.logsumexp(model(x)))
    script = (
        "return Array.from(arguments[0].querySelectorAll('.sheet > svg:first-child [data-node] g:not(.mark)'),g=>{"
        "var r=g.querySelector('rect');"
        "return [+r.getAttribute('x'),+r.getAttribute('y'),Array.from(g.querySelectorAll('path'),p=>"
        "[(p.getAttribute('fill')===arguments[1]?8:-8)*p.getAttribute('fill-opacity'),p.getAttribute('d')])]})"
    )

    def painted(shown: Page) -> list[set[tuple[int, float, float]]]:
        """For each row of squares their strengths and places from its corner."""
        found = []
        for left, top, paths in shown.driver.execute_script(script, shown.root, THEMES["light"]["rose"]):
            corners = [(s, re.findall(r"M([-\d.]+) ([-\d.]+)", d)) for s, d in paths]
            found.append(
                {(s, round(float(a) - left, 1), round(float(b) - top, 1)) for s, several in corners for a, b in several}
            )
        return found

    def expected(play: Play) -> list[set[tuple[int, float, float]]]:
        heats = [cell.words.heat for cell in play._picture.measured.cells if cell.words.heat is not None]
        rows = [heat for each in heats for heat in each.shapes(0.0, 0.0)]
        return [
            {(strength, round(rect.x - row.x, 1), round(rect.y - row.y, 1)) for strength, rect in row.cells()}
            for row in rows
            if isinstance(row, Heat)
        ]

    assert painted(shown) == expected(shown.play)
    row = shown.part(".sheet [data-node] g:not(.mark)")
    slots = shown.play._data()["drawn"]["nodes"][0]["heat"][0]
    wide = row.rect["width"] / len(slots)
    reach = ActionChains(shown.driver, duration=20).move_to_element_with_offset(row, (2.5 - len(slots) / 2) * wide, 0)
    reach.perform()
    weight = shown.play.start[slots[2]]
    told = shown.part(".told").text
    assert told.startswith("layers.0: layers.0.neurons.0.w.2\nvalue " + short(weight, 17))
    reach.click_and_hold().move_by_offset(80, 0).release().perform()
    name = shown.play.inputs[slots[2]]
    numbers = list(shown.values.values())
    assert numbers[slots[2]] > weight
    assert len(shown.root.find_elements("css selector", ".square")) == 1
    assert shown.part("select").get_attribute("value") == str(slots[2])
    for leaf in model.parameters():
        leaf.data = shown.values[leaf.label]
    after = painted(shown)
    again = viz.play(ag.logsumexp(model(x)))
    assert name == "layers.0.neurons.0.w.2"
    assert after == expected(again) != expected(shown.play)


def test_it_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    """The page makes no request, has no global name, logs nothing, and two of them, also the same one, go their own ways."""
    first, second = viz.play(neuron()).html, viz.play(ag.Value(2.0, label="x") * 3, theme="dark", language="ko").html
    pages.show(browser, tmp_path, pages.body(first, second, first))
    a, b, c = browser.find_elements("css selector", "[data-kind=play]")
    for root in (a, b, b):
        root.find_element("css selector", "[data-act=step]").click()
    assert [root.get_attribute("data-steps") for root in (a, b, c)] == ["1", "2", "0"]
    assert browser.execute_script("return performance.getEntriesByType('resource').map(e=>e.name)") == []
    names = browser.execute_script(
        "var f=document.createElement('iframe');document.body.appendChild(f);var k=Object.keys(f.contentWindow);"
        "return Object.keys(window).filter(n=>k.indexOf(n)<0&&isNaN(n))"
    )
    assert not [name for name in names if not name.startswith(("$", "cdc_", "ret_", "se_"))]
    assert [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]] == []


def test_without_scripts_the_picture_is_there(browser: Any, tmp_path: Path) -> None:
    """Where a host strips scripts there is the picture as an image, and no control that nothing answers to."""
    html = re.sub(r"<script>.*?</script>", "", viz.play(neuron()).html, flags=re.DOTALL)
    pages.show(browser, tmp_path, pages.body(html))
    (root,) = browser.find_elements("css selector", "[data-kind=play]")
    assert root.find_elements("css selector", "button, input, select, svg") == []
    assert browser.execute_script("return arguments[0].querySelector('img').naturalWidth", root) > 300


def test_words_have_contrast_and_a_phone_has_room(browser: Any, tmp_path: Path) -> None:
    """On a window of 390 px nothing is wider than the window; each control has a name for a screen reader."""
    pages.show(browser, tmp_path, viz.play(neuron(), language="de").page)
    browser.set_window_size(390, 800)
    try:
        wide = browser.execute_script("return [document.documentElement.scrollWidth,window.innerWidth]")
        assert wide[0] <= wide[1]
        unnamed = browser.execute_script(
            "return Array.from(document.querySelectorAll('button,input,select,[tabindex]')).filter(e=>!("
            "e.getAttribute('aria-label')||e.textContent.trim()||e.labels&&e.labels.length&&e.labels[0].textContent.trim())).map(e=>e.outerHTML)"
        )
        assert unnamed == []
    finally:
        browser.set_window_size(1200, 900)
