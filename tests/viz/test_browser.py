"""Pictures and players in a real browser: Chromium without a window.

Skipped where Chromium, its driver or selenium is missing; with VIZ_TEST_BROWSER=require that is an error.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import goal
import pytest

import autograd as ag
import viz
from viz.scene.themes import THEMES

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
MISSING = [
    name
    for name, there in (("chromium", BROWSER), ("chromedriver", DRIVER), ("selenium", importlib.util.find_spec("selenium")))
    if not there
]
if MISSING and os.environ.get("VIZ_TEST_BROWSER") == "require":
    raise pytest.UsageError(f"VIZ_TEST_BROWSER=require, and there is no {', '.join(MISSING)}")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")


# The words of a page that are hardest to read: contrast, and what they are. In a picture they stand on the last shape below
# them; faded ones are left out, which are what is not told of.
CONTRAST = """
const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number), memo = new Map();
const light = c => {
  const [r, g, b] = rgb(c).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const full = c => { const v = rgb(c); return v.length === 3 || v[3] === 1 };
const ground = e => {
  for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (full(c)) return c }
  return getComputedStyle(document.documentElement).colorScheme.includes('dark') &&
    matchMedia('(prefers-color-scheme:dark)').matches ? 'rgb(18,18,18)' : 'rgb(255,255,255)';
};
const faded = e => { for (; e && e.tagName !== 'svg'; e = e.parentElement) if (getComputedStyle(e).opacity < 1) return true };
const below = text => {
  const svg = text.ownerSVGElement, box = text.getBBox(), at = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
  if (!memo.has(svg)) memo.set(svg, Array.from(svg.querySelectorAll('rect,circle,polygon,path')).filter(s =>
    getComputedStyle(s).fill !== 'none' && full(getComputedStyle(s).fill)));
  const under = memo.get(svg).filter(s => s.compareDocumentPosition(text) & 4 && s.isPointInFill(at)).pop();
  return under ? getComputedStyle(under).fill : ground(svg.parentElement);
};
const seen = Array.from(document.querySelectorAll('[data-glassgrad] *, svg text')).filter(e => !e.disabled &&
  e.getClientRects().length && Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim()) &&
  e.tagName !== 'title' && !(e.ownerSVGElement && faded(e)));
return seen.map(e => {
  const svg = e.ownerSVGElement, own = getComputedStyle(e);
  const [a, b] = [light(svg ? own.fill : own.color), light(svg ? below(e) : ground(e))];
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.textContent.trim().slice(0, 30)];
}).sort((a, b) => a[0] - b[0])[0];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests of this file."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    profile = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,900",
        "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--force-color-profile=srgb",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def neuron() -> Any:
    """A tanh neuron with a fork: x1 is used twice."""
    x1, w1, b = (ag.Value(v, label=n) for v, n in ((2.0, "x1"), (-3.0, "w1"), (6.5, "b")))
    n = x1 * w1 + b + x1
    n.label = "n"
    f = n.tanh() * 2
    f.backward()
    return f


def show(browser: Any, folder: Path, html: str) -> None:
    """Open a page; it must load without a word in the browser's log."""
    page = folder / "page.html"
    page.write_text(html, encoding="utf-8")
    browser.get(page.as_uri())
    assert [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]] == []


def body(*parts: str) -> str:
    """A page with these parts."""
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{"".join(parts)}</body></html>'


def shown(browser: Any, root: Any) -> dict[tuple[str, str], str]:
    """What is written at each node of a picture: (place, class) to text."""
    script = (
        "return Array.from(arguments[0].querySelectorAll('[data-node] text.value,[data-node] text.gradient')).map("
        "t=>[t.closest('[data-node]').getAttribute('data-node'),t.getAttribute('class'),t.textContent])"
    )
    return {(place, kind): text for place, kind, text in browser.execute_script(script, root) if text}


def players(browser: Any) -> list[Any]:
    """The players on the page."""
    return list(browser.find_elements("css selector", "[data-kind=steps]"))


def click(player: Any, what: str) -> None:
    """Press one of a player's buttons."""
    player.find_element("css selector", f"[data-act={what}]").click()


def landed(player: Any) -> None:
    """Wait until what a step sends back has arrived."""
    until = time.monotonic() + 20
    while player.get_attribute("data-moving") is not None:
        assert time.monotonic() < until
        time.sleep(0.05)


def go_to(browser: Any, player: Any, step: int) -> None:
    """Move the slider of a player."""
    script = "arguments[0].value=arguments[1];arguments[0].dispatchEvent(new Event('input'))"
    browser.execute_script(script, player.find_element("css selector", ".bar input"), step)


def notes(browser: Any, player: Any) -> list[str]:
    """What is written where shares of gradients are, or have arrived."""
    script = "return Array.from(arguments[0].querySelectorAll('.flow text')).map(t=>t.textContent)"
    return list(browser.execute_script(script, player))


def heads(browser: Any, player: Any) -> list[bool]:
    """For each wire whether its arrow points back: the visible head is nearer to where the wire begins."""
    script = (
        "return Array.from(arguments[0].querySelectorAll('.edge')).map(e=>{var l=e.querySelector('path'),n=l.getTotalLength(),"
        "h=Array.from(e.querySelectorAll('polygon')).filter(p=>getComputedStyle(p).display!=='none');"
        "if(h.length!==1)return null;"
        "var t=h[0].points[1],a=l.getPointAtLength(0),b=l.getPointAtLength(n);"
        "return Math.hypot(t.x-a.x,t.y-a.y)<Math.hypot(t.x-b.x,t.y-b.y)})"
    )
    return list(browser.execute_script(script, player))


def test_on_the_way_back_arrows_point_back(browser: Any, tmp_path: Path) -> None:
    """Each wire has one visible head: at its end in the forward half, at its beginning in the backward half."""
    walk = viz.steps(neuron())
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    wires = 8
    for k, frame in enumerate(walk.frames):
        go_to(browser, player, k)
        assert heads(browser, player) == [frame.phase == "backward"] * wires


def test_shares_travel_to_the_parents_and_are_added(browser: Any, tmp_path: Path) -> None:
    """A step forward lets upstream × local travel; the parent keeps its gradient until the share is there, and then adds it."""
    walk = viz.steps(neuron())
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    last = len(walk) - 1
    go_to(browser, player, last - 1)
    (x1,) = [place for place, node in enumerate(viz.draw(neuron()).graph.nodes) if node.label == "x1"]
    before = shown(browser, player)[str(x1), "gradient"]
    click(player, "forward")
    assert player.get_attribute("data-moving") is not None
    assert shown(browser, player)[str(x1), "gradient"] == before
    script = "return Array.from(arguments[0].querySelectorAll('.flow g')).map(g=>g.getAttribute('transform'))"
    time.sleep(0.3)
    early, words = browser.execute_script(script, player), notes(browser, player)
    assert sorted(words) == sorted(way for way, _ in walk._shares(last))
    time.sleep(0.25)
    assert browser.execute_script(script, player) != early
    landed(player)
    assert sorted(notes(browser, player)) == sorted(end for _, end in walk._shares(last))
    assert any(" += " in words for words in notes(browser, player))
    assert shown(browser, player)[str(x1), "gradient"] != before
    # another step before the shares have arrived: they are there at once, and nothing of them is left
    go_to(browser, player, last - 1)
    click(player, "forward")
    click(player, "back")
    assert player.get_attribute("data-moving") is None
    assert shown(browser, player)[str(x1), "gradient"] == before


def test_two_shares_of_one_step_are_added_one_after_the_other(browser: Any, tmp_path: Path) -> None:
    """x * x sends two shares to x: the second is added to what x has after the first."""
    x = ag.Value(3.0, label="x")
    walk = viz.steps(x * x)
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    go_to(browser, player, len(walk) - 2)
    click(player, "forward")
    seen = []
    until = time.monotonic() + 20
    while player.get_attribute("data-moving") is not None and time.monotonic() < until:
        seen.append(shown(browser, player).get(("0", "gradient"), ""))
    landed(player)
    seen.append(shown(browser, player)["0", "gradient"])
    assert list(dict.fromkeys(seen)) == ["", "∇ 3", "∇ 6"]
    assert notes(browser, player) == ["= 1 × 3", "3 += 1 × 3"]


def test_a_click_moves_the_player(browser: Any, tmp_path: Path) -> None:
    """It starts at the inputs; forward and back go one step, first and last to the ends; buttons at an end are off."""
    walk = viz.steps(neuron())
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    assert player.get_attribute("data-step") == "0"
    assert player.find_element("css selector", ".words").text == walk.frames[0].words
    assert set(shown(browser, player).values()) == {"2", "-3", "6.5"}
    click(player, "forward")
    click(player, "forward")
    assert player.get_attribute("data-step") == "2"
    assert player.find_element("css selector", ".words").text == walk.frames[2].words
    click(player, "back")
    assert player.get_attribute("data-step") == "1"
    click(player, "last")
    assert player.get_attribute("data-step") == str(len(walk) - 1)
    assert not player.find_element("css selector", "[data-act=forward]").is_enabled()
    assert player.find_element("css selector", ".rules").text.splitlines() == list(walk.frames[-1].rules)
    click(player, "first")
    assert player.get_attribute("data-step") == "0"
    assert not player.find_element("css selector", "[data-act=back]").is_enabled()


def test_each_step_shows_what_its_still_picture_shows(browser: Any, tmp_path: Path) -> None:
    """At every step the player and the still picture have the same numbers; the last has those of the static picture."""
    f = neuron()
    walk = viz.steps(f)
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    for k in range(len(walk)):
        texts = {
            (place, kind): text
            for place, piece in re.findall(r'data-node="(\d+)"(.*?)</g>', walk.still(k).svg, flags=re.DOTALL)
            for kind, text in re.findall(r'class="(value|gradient)">([^<]+)<', piece)
        }
        assert texts
        go_to(browser, player, k)
        assert shown(browser, player) == texts
    last = shown(browser, player)
    show(browser, tmp_path, body(viz.draw(f).svg))
    assert shown(browser, browser.find_element("css selector", "svg")) == last


def test_two_players_on_one_page(browser: Any, tmp_path: Path) -> None:
    """Three players, two of them the same, move one by one: a click in one changes nothing in the others."""
    first = viz.steps(neuron()).html
    second = viz.steps(ag.Value(2.0, label="x") * 3).html
    show(browser, tmp_path, body(first, second, first))
    a, b, c = players(browser)
    click(a, "forward")
    click(b, "last")
    assert [p.get_attribute("data-step") for p in (a, b, c)] == ["1", "3", "0"]
    assert shown(browser, c) != shown(browser, a)
    click(c, "last")
    assert [p.get_attribute("data-step") for p in (a, b)] == ["1", "3"]
    names = browser.execute_script(
        "var f=document.createElement('iframe');document.body.appendChild(f);var k=Object.keys(f.contentWindow);"
        "return Object.keys(window).filter(n=>k.indexOf(n)<0&&isNaN(n))"
    )
    assert not [name for name in names if not name.startswith(("$", "cdc_", "ret_", "se_"))]


def test_the_keyboard_moves_it_too(browser: Any, tmp_path: Path) -> None:
    """Arrows, Home, End and space work where the player has the focus, and nowhere else."""
    from selenium.webdriver.common.keys import Keys

    walk = viz.steps(neuron())
    show(browser, tmp_path, body(walk.html, '<input id="other">'))
    (player,) = players(browser)
    browser.execute_script("arguments[0].focus()", player)
    for key, step in (
        (Keys.ARROW_RIGHT, 1),
        (Keys.ARROW_RIGHT, 2),
        (Keys.ARROW_LEFT, 1),
        (Keys.END, len(walk) - 1),
        (Keys.HOME, 0),
    ):
        browser.switch_to.active_element.send_keys(key)
        assert player.get_attribute("data-step") == str(step)
    browser.find_element("id", "other").send_keys(Keys.ARROW_RIGHT)
    assert player.get_attribute("data-step") == "0"
    browser.execute_script("arguments[0].focus()", player)
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    play = player.find_element("css selector", "[data-act=play]")
    assert play.get_attribute("aria-label") == "pause"
    until = time.monotonic() + 15
    while player.get_attribute("data-step") == "0" and time.monotonic() < until:
        time.sleep(0.1)
    assert int(player.get_attribute("data-step")) >= 1
    click(player, "play")
    assert play.get_attribute("aria-label") == "play"
    slider = player.find_element("css selector", "input[type=range]")
    slider.send_keys(Keys.ARROW_LEFT)
    assert player.find_element("css selector", "[aria-live]")


def test_the_node_its_parents_and_the_wires_are_marked(browser: Any, tmp_path: Path) -> None:
    """At a step the wires into the node are thick, one frame is around the node and one around each parent."""
    walk = viz.steps(neuron())
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    click(player, "forward")
    thick = browser.execute_script(
        "return Array.from(arguments[0].querySelectorAll('.edge')).filter(e=>e.querySelector('path').style.strokeWidth)"
        ".map(e=>e.getAttribute('data-to'))",
        player,
    )
    assert thick == [str(walk.frames[1].place)] * 2
    frames = browser.execute_script("return arguments[0].querySelectorAll('svg:first-child > rect').length", player)
    assert frames == 1 + 1 + 2  # the ground, the node, its two parents


def test_reduced_motion_is_respected(browser: Any, tmp_path: Path) -> None:
    """Without the wish nodes fade softly; with it there is no transition at all."""
    show(browser, tmp_path, viz.steps(neuron()).page)
    duration = "return getComputedStyle(document.querySelector('.node')).transitionDuration"
    assert browser.execute_script(duration) == "0.2s"
    wish = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    try:
        assert browser.execute_script(duration) == "0s"
        walk = viz.steps(neuron())
        show(browser, tmp_path, walk.page)
        (player,) = players(browser)
        go_to(browser, player, len(walk) - 2)
        click(player, "forward")
        assert player.get_attribute("data-moving") is None  # shares have arrived at once, and say so
        assert sorted(notes(browser, player)) == sorted(end for _, end in walk._shares(len(walk) - 1))
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize(
    ("language", "forward", "backward", "play", "pause"),
    [
        ("ko", "순전파, 단계 1 / 12", "역전파, 단계 12 / 12", "▶ 재생", "❚❚ 일시정지"),
        ("de", "Vorwärtslauf, Schritt 1 von 12", "Rückwärtslauf, Schritt 12 von 12", "▶ abspielen", "❚❚ anhalten"),
    ],
)
def test_the_player_speaks_another_language(
    browser: Any, tmp_path: Path, language: str, forward: str, backward: str, play: str, pause: str
) -> None:
    """Its script counts the steps, names the passes and labels its buttons in that language, and marks wires as before."""
    walk = viz.steps(neuron(), language=language)
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    assert browser.execute_script("return document.documentElement.lang") == language

    def stroke() -> str:
        return str(browser.execute_script(
            "return Array.from(arguments[0].querySelectorAll('.edge path')).map(p=>p.style.stroke).find(s=>s)", player
        ))  # fmt: skip

    count, button = [player.find_element("css selector", name) for name in (".count", "[data-act=play]")]
    assert count.text == forward
    assert button.text == play
    click(player, "forward")
    forwards = stroke()
    button.click()
    assert button.text == pause
    assert button.get_attribute("aria-label") == pause.split()[1]
    click(player, "last")
    assert count.text == backward
    assert player.find_element("css selector", ".words").text == walk.frames[-1].words
    assert forwards != stroke()


def stripped(html: str, *what: str) -> str:
    """A fragment as a host leaves it that takes out these elements."""
    return re.sub(rf"<({'|'.join(what)})>.*?</\1>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("what", [("script",), ("script", "style")])
def test_without_scripts_a_still_picture_is_left(what: tuple[str, ...], browser: Any, tmp_path: Path) -> None:
    """Where a host strips scripts, and styles too, each live view shows its picture, and nothing looks like a control.

    The player's list of steps and the explanation's table are there as well.
    """
    f = neuron()
    walk = viz.steps(f)
    views = [walk, viz.draw(f).interactive(), viz.play(f), viz.explain(f, f.parents[0])]
    show(browser, tmp_path, body(*[stripped(view.html, *what) for view in views]))
    roots = browser.find_elements("css selector", "[data-glassgrad]")
    assert len(roots) == len(views)
    for root in roots:
        (image,) = root.find_elements("css selector", "img")
        natural = browser.execute_script("return [arguments[0].naturalWidth,arguments[0].naturalHeight]", image)
        assert min(natural) > 50
        assert image.size["height"] == pytest.approx(image.size["width"] * natural[1] / natural[0], abs=1.5)
        assert image.get_attribute("alt") == root.get_attribute("aria-label")
    assert not browser.find_elements("css selector", "button, input, select, [tabindex]")
    assert len([item for item in roots[0].find_elements("css selector", "li") if item.is_displayed()]) == len(walk)
    assert roots[3].find_elements("css selector", "td")


def test_the_svg_without_its_styles_is_the_same(browser: Any, tmp_path: Path) -> None:
    """With every style, class, script and animation taken out, not one pixel of the static picture changes."""
    for options in ({}, {"style": "boxes", "theme": "dark"}, {"local_gradients": True}):
        svg = viz.draw(neuron(), **options).svg
        assert not re.search(r"<(style|script|animate|set|foreignObject|image|use)\b", svg)
        bare = re.sub(r' (?:style|class)="[^"]*"', "", svg)
        pictures = []
        for text in (svg, bare):
            show(browser, tmp_path, f'<body style="margin:0;width:4000px">{text}</body>')
            pictures.append(browser.find_element("css selector", "svg").screenshot_as_png)
        assert pictures[0] == pictures[1]


def test_value_and_gradient_are_told_apart_in_greyscale(browser: Any, tmp_path: Path) -> None:
    """With all colour taken out each value still stands above its gradient, and the mark tells which is which."""
    show(browser, tmp_path, f'<body style="filter:grayscale(1)">{viz.draw(neuron()).svg}</body>')
    pairs = browser.execute_script(
        "return Array.from(document.querySelectorAll('[data-node]')).map(g=>['value','gradient'].map(k=>{"
        "var t=g.querySelector('text.'+k),r=t.getBoundingClientRect();return [t.textContent,r.top,r.bottom]}))"
    )
    assert pairs
    for (value, _, bottom), (gradient, top, _) in pairs:
        assert gradient.startswith("∇")
        assert not value.startswith("∇")
        assert bottom <= top + 6


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_themes_have_a_ground_of_their_own(theme: str, browser: Any, tmp_path: Path) -> None:
    """On a pink page the picture and the player keep their own opaque ground."""
    html = body(viz.draw(neuron(), theme=theme).svg, viz.steps(neuron(), theme=theme).html)
    show(browser, tmp_path, html.replace("<body>", '<body style="background:pink">'))
    ground = THEMES[theme]["ground"]
    rgb = tuple(int(ground[i : i + 2], 16) for i in (1, 3, 5))
    assert browser.execute_script("return document.querySelector('svg > rect').getAttribute('fill')") == ground
    colour = browser.execute_script("return getComputedStyle(document.querySelector('[data-kind=steps]')).backgroundColor")
    assert colour == f"rgb({rgb[0]}, {rgb[1]}, {rgb[2]})"
    pixels = pytest.importorskip("PIL.Image")
    picture = pixels.open(io.BytesIO(browser.find_element("css selector", "svg").screenshot_as_png)).convert("RGB")
    assert picture.getpixel((3, 3)) == rgb


def test_a_theme_that_follows_the_reader(browser: Any, tmp_path: Path) -> None:
    """With theme="auto" a page, its picture, what hover adds, and an image of it are dark where the reader prefers that."""
    drawing = viz.draw(neuron(), theme="auto")
    pixels = pytest.importorskip("PIL.Image")
    (tmp_path / "f.svg").write_text(drawing.svg, encoding="utf-8")
    colours = (
        "const over=new PointerEvent('pointerover',{bubbles:true});document.querySelector('[data-node] *').dispatchEvent(over);"
        "const of=(s,w)=>getComputedStyle(document.querySelector(s))[w];"
        "return [of('body','backgroundColor'),of('[data-kind]','backgroundColor'),of('.sheet svg > rect','fill'),"
        "of('text.value','fill'),of('.sheet svg+svg path[stroke]','stroke'),of('.sheet svg+svg > path','fill')]"
    )
    for scheme in ("light", "dark"):
        wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
        try:
            show(browser, tmp_path, drawing.interactive().page)
            found = browser.execute_script(colours)
            show(browser, tmp_path, body(f'<img src="{(tmp_path / "f.svg").as_uri()}">'))
            image = pixels.open(io.BytesIO(browser.find_element("css selector", "img").screenshot_as_png)).convert("RGB")
        finally:
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        names = ("ground", "ground", "ground", "value", "line", "ground")
        rgb = [tuple(int(THEMES[scheme][name][i : i + 2], 16) for i in (1, 3, 5)) for name in names]
        assert found == [f"rgb({r}, {g}, {b})" for r, g, b in rgb]
        assert image.getpixel((3, 3)) == rgb[0]


def test_texts_stay_inside_and_apart_as_rendered(browser: Any, tmp_path: Path) -> None:
    """With the fonts of this browser, too, no text leaves the picture and none lies over another."""
    for options in ({}, {"style": "boxes"}, {"local_gradients": True}, {"direction": "TB"}):
        show(browser, tmp_path, f'<body style="margin:0;width:4000px">{viz.draw(neuron(), **options).svg}</body>')
        boxes = browser.execute_script(
            "var s=document.querySelector('svg').getBoundingClientRect();"
            "return [[s.left,s.top,s.right,s.bottom]].concat(Array.from(document.querySelectorAll('svg text')).map(t=>{"
            "var r=t.getBoundingClientRect(),h=r.height*.2;return [r.left,r.top+h,r.right,r.bottom-h]}))"
        )
        whole, *texts = boxes
        assert len(texts) > 10
        for i, (left, top, right, bottom) in enumerate(texts):
            assert left >= whole[0] - 1
            assert right <= whole[2] + 1
            assert bottom <= whole[3] + 1
            for a, b, c, d in texts[:i]:
                assert not (left < c and a < right and top < d and b < bottom)


def wide_graph(nodes: int = 40) -> Any:
    """A graph that is too wide for any window, with a constant at each of its nodes."""
    y = ag.Value(2.0, label="start")
    for _ in range(nodes // 2):
        y = (y + 1).tanh()
    return y


def staged(browser: Any, folder: Path, view: Any) -> Any:
    """Open a view that has a stage."""
    show(browser, folder, view.page)
    return browser.find_element("css selector", ".stage")


def lit(browser: Any) -> list[str]:
    """What is left at full strength by the veil, in the words of its nodes' and constants' first texts."""
    script = (
        "const veil=document.querySelector('.sheet svg+svg path');if(!veil||!veil.getClientRects().length)return [];"
        "return Array.from(document.querySelectorAll('.sheet svg:first-child .node,.sheet g.constant')).filter(n=>{"
        "const b=n.getBBox();return !veil.isPointInFill(new DOMPoint(b.x+b.width/2,b.y+b.height/2))})"
        ".map(n=>n.querySelector('text').textContent)"
    )
    return sorted(browser.execute_script(script))


def test_the_interactive_picture(browser: Any, tmp_path: Path) -> None:
    """A node under the pointer tells its numbers and dims all that isn't near, constants too."""
    from selenium.webdriver import ActionChains

    f = neuron()
    staged(browser, tmp_path, viz.draw(f).interactive())
    told = browser.find_element("css selector", ".told")
    assert told.text.startswith("Rest the pointer on a node")
    assert lit(browser) == []
    ActionChains(browser).move_to_element(browser.find_element("css selector", '[data-node="0"] text')).perform()
    assert told.text.startswith("x1: value 2.0, gradient")
    near = lit(browser)
    assert "x1" in near
    assert "2" not in near
    root = browser.find_elements("css selector", ".stage svg:first-child [data-node]")[-1]
    ActionChains(browser).move_to_element(root.find_element("css selector", "circle")).perform()
    assert "2" in lit(browser)
    assert "x1" not in lit(browser)
    ActionChains(browser).move_to_element(told).perform()
    assert lit(browser) == []
    assert told.text.startswith("Rest the pointer on a node")


def test_a_node_without_a_label_has_its_number_on_the_page(
    browser: Any, tmp_path: Path, still_of: Callable[[str], str]
) -> None:
    """What is told on hover calls a node #3; so does the picture, which without hover has no need to."""
    x = ag.Value(2.0, label="x")
    f = (x * 3).tanh() + x
    assert ">#2<" not in viz.draw(f).svg
    assert all(f">#{k}<" in still_of(viz.draw(f).interactive().html) for k in (2, 3, 4))


def test_the_stage_fits_and_never_holds_the_page(browser: Any, tmp_path: Path) -> None:
    """It opens with all of the picture in at most 420 px; the wheel scrolls the page, and with Ctrl zooms at the pointer."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    tall = ag.sum([ag.Value(float(k), label=f"x{k}") for k in range(30)])
    page = (
        viz.draw(tall)
        .interactive()
        .page.replace("<body", "<body data-tall")
        .replace("</body>", "<p style='height:3000px'></body>")
    )
    show(browser, tmp_path, page)
    stage = browser.find_element("css selector", ".stage")
    shape = (
        "const v=document.querySelector('.stage'),s=v.querySelector('svg').getBoundingClientRect();"
        "return [v.clientWidth,v.clientHeight,s.width,s.height,v.scrollLeft,v.scrollTop,window.scrollY]"
    )
    width, height, w, h, *_ = browser.execute_script(shape)
    assert height <= 420
    assert w <= width
    assert h <= height + 1
    ActionChains(browser).scroll_from_origin(ScrollOrigin.from_element(stage), 0, 120).perform()
    deadline = time.monotonic() + 5
    while browser.execute_script(shape)[-1] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert browser.execute_script(shape)[-1] > 0
    assert browser.execute_script(shape)[2:6] == [w, h, 0, 0]
    stage = staged(browser, tmp_path, viz.draw(wide_graph(), max_nodes=200).interactive())
    width, height, w, h, *_ = browser.execute_script(shape)
    assert max(w / width, h / height) == pytest.approx(1, abs=0.01)
    text = browser.find_element("css selector", '[data-node="3"] text')
    place = "return (r=>[r.left+r.width/2,r.top+r.height/2])(arguments[0].getBoundingClientRect())"
    zoom = (
        "arguments[0].dispatchEvent(new WheelEvent('wheel',{ctrlKey:true,deltaY:-40,clientX:arguments[1],clientY:arguments[2],"
        "bubbles:true,cancelable:true}))"
    )
    for _ in range(4):
        browser.execute_script(zoom, stage, *browser.execute_script(place, text))
    assert browser.execute_script(shape)[2] > width  # what is smaller than the stage stands in its middle
    before = browser.execute_script(place, text)
    for _ in range(4):
        browser.execute_script(zoom, stage, *before)
    assert browser.execute_script(shape)[2] > 4 * w
    assert browser.execute_script(place, text) == pytest.approx(before, abs=3)
    browser.find_element("css selector", "[data-zoom=all]").click()
    assert browser.execute_script(shape)[2:6] == pytest.approx([w, h, 0, 0], abs=0.5)


def test_a_long_picture_opens_in_rows(browser: Any, tmp_path: Path) -> None:
    """On the stage of a page as wide as a notebook's a chain wraps like text; hover lights a wire in both of its rows."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 880, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        page = viz.draw(wide_graph(16), max_nodes=60).interactive()
        staged(browser, tmp_path, page)
        types, scroll, rows, cut = browser.execute_script(
            "const v=document.querySelector('.stage'),s=v.querySelector('svg'),k=s.getBoundingClientRect().width/"
            "s.viewBox.baseVal.width,tops=new Set([...s.querySelectorAll('.node circle')].map(c=>c.getAttribute('cy')));"
            "return [[...s.querySelectorAll('text')].map(t=>k*t.getAttribute('font-size')),"
            "[v.scrollWidth-v.clientWidth,v.scrollHeight-v.clientHeight],tops.size,"
            "[...s.querySelectorAll('[data-to][id*=-enters]')].map(e=>+e.getAttribute('data-to'))]"
        )
        assert rows == len(cut) + 1 > 1
        assert min(types) >= 10
        assert scroll == [0, 0]
        node = browser.find_element("css selector", f'[data-node="{cut[0]}"] *')
        browser.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerover',{bubbles:true}))", node)
        words = "return [...document.querySelectorAll('.sheet svg+svg text')].map(t=>t.textContent)"
        assert browser.execute_script(words)[:2] == ["a", "a"]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_keys_move_the_stage(browser: Any, tmp_path: Path) -> None:
    """Plus and minus zoom, arrows move what doesn't fit, n and p go from node to node, / searches, 0 shows all; Tab leaves."""
    from selenium.webdriver.common.keys import Keys

    stage = staged(browser, tmp_path, viz.draw(wide_graph(), max_nodes=200).interactive())
    width = "return document.querySelector('.stage svg').getBoundingClientRect().width"
    left = "return document.querySelector('.stage').scrollLeft"
    told = browser.find_element("css selector", ".told")
    whole = browser.execute_script(width)
    for _ in range(4):
        stage.send_keys("+")
    assert browser.execute_script(width) == pytest.approx(whole * 1.3**4, abs=0.1)
    at = browser.execute_script(left)
    stage.send_keys(Keys.ARROW_RIGHT)
    assert browser.execute_script(left) == at + 60
    stage.send_keys("-")
    assert browser.execute_script(width) == pytest.approx(whole * 1.3**3, abs=0.1)
    stage.send_keys("0")
    assert browser.execute_script(width) == pytest.approx(whole, abs=0.1)
    stage.send_keys("n")
    assert told.text.startswith("start: value 2.0")
    stage.send_keys("p")
    assert told.text.startswith("#41 = tanh(#40)")
    stage.send_keys(Keys.ESCAPE)
    assert told.text.startswith("Rest the pointer")
    stage.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("type") == "search"
    browser.switch_to.active_element.send_keys(Keys.TAB, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") != "stage"


def test_the_search_box_finds_nodes(browser: Any, tmp_path: Path) -> None:
    """A label, an operation by symbol or name, or #7 tells of that node and brings it into sight; Enter goes to the next."""
    from selenium.webdriver.common.keys import Keys

    stage = staged(browser, tmp_path, viz.draw(wide_graph(), max_nodes=200).interactive())
    search = browser.find_element("css selector", ".tools input")
    told, hits = [browser.find_element("css selector", name) for name in (".told", ".hits")]
    for _ in range(6):
        stage.send_keys("+")
    for asked, answer, count in (
        ("#7", "#7 = tanh(#6)", "1 of 1"),
        ("sta", "start: value 2.0", "1 of 1"),
        ("tanh", "#3 = tanh(#2)", "1 of 20"),
        ("add", "#2 = start + 1", "1 of 20"),
        ("+", "#2 = start + 1", "1 of 20"),
        ("no such thing", "Rest the pointer", "not found"),
        ("#40", "#40 = #39 + 1", "1 of 1"),
    ):
        search.clear()
        search.send_keys(asked)
        assert (told.text.startswith(answer), hits.text) == (True, count), (asked, told.text)
    inside = browser.execute_script(
        "var n=document.querySelector('[data-node=\"39\"]').getBoundingClientRect(),"
        "v=document.querySelector('.stage').getBoundingClientRect();return n.left>=v.left&&n.right<=v.right"
    )
    assert inside
    search.clear()
    search.send_keys("tanh", Keys.ENTER)
    assert (told.text[:2], hits.text) == ("#5", "2 of 20")
    search.send_keys(Keys.ESCAPE)
    assert told.text.startswith("Rest the pointer")
    assert browser.switch_to.active_element.get_attribute("class") == "stage"


def test_hover_costs_what_is_near(browser: Any, tmp_path: Path) -> None:
    """In a picture of 1,000 nodes a hover changes nothing in it, and makes a veil, one path of all lines, one of all heads.

    That is so at a node with one wire and at a sum with 250. Where things are is asked of the browser once for each. How long a
    hover takes, script and layout, is printed: the first one at the sum 4 to 5 ms, others 0.3 to 2 ms.
    """
    f = ag.sum([(ag.Value(k / 10, label=f"x{k}") * 2.0).tanh().exp() for k in range(250)])
    drawing = viz.draw(f, max_nodes=2000)
    assert len(drawing.graph.nodes) == 1001
    staged(browser, tmp_path, drawing.interactive())
    found = browser.execute_script(
        "const picture=document.querySelector('.sheet svg'),seen=new MutationObserver(()=>0),asks={};"
        "seen.observe(picture,{attributes:true,childList:true,subtree:true,characterData:true});"
        "[[SVGGraphicsElement,'getBBox'],[Element,'setAttribute'],[Document,'createElementNS'],[Node,'cloneNode']].forEach("
        "([kind,name])=>{const was=kind.prototype[name];"
        "kind.prototype[name]=function(...all){asks[name]=(asks[name]||0)+1;return was.apply(this,all)}});"
        "const hover=e=>{for(const n in asks)delete asks[n];var t=performance.now();"
        "e.dispatchEvent(new PointerEvent('pointerover',{bubbles:true}));"
        "document.querySelector('.told').getBoundingClientRect();return [performance.now()-t,{...asks}]};"
        "return [7,307,604,991,1000].map(p=>{"
        "const node=document.querySelector('[data-node=\"'+p+'\"] *'),sheet=document.querySelector('.sheet');"
        "const first=hover(node);hover(sheet);const again=hover(node);"
        "const made=document.querySelectorAll('.sheet svg+svg > *').length;hover(sheet);"
        "return {first,again,made,changed:seen.takeRecords().length}})"
    )
    for place, hover in zip((7, 307, 604, 991, 1000), found, strict=True):
        ends = [(edge.tail, edge.head) for edge in drawing.graph.edges]
        near = {place, *[end for pair in ends for end in pair if place in pair]}
        assert (hover["made"], hover["changed"]) == (3, 0)
        (_, first), (_, again) = hover["first"], hover["again"]
        assert first.pop("getBBox") <= len(near) + 1  # and a constant
        assert first == again
        assert set(again) == {"setAttribute", "createElementNS"}
        assert again["createElementNS"] == 3
        assert again["setAttribute"] < 20
    print("a hover takes", [f"{hover[which][0]:.1f} ms" for hover in found for which in ("first", "again")])


def test_all_of_it_works_by_keyboard_and_can_be_read(browser: Any, tmp_path: Path) -> None:
    """Tab reaches each control of each live view, in the order of the page, and all have a name; words have a contrast of 4.5.

    By day and by night.
    """
    from selenium.webdriver.common.keys import Keys

    f = neuron()
    views = [viz.draw(f, theme="auto").interactive(), viz.steps(f, theme="auto"), viz.play(f, theme="auto"),
             viz.explain(f, f.parents[0], theme="auto")]  # fmt: skip
    page = body(*[view.html for view in views])
    show(browser, tmp_path, page.replace("<head>", '<head><meta name="color-scheme" content="light dark">'))
    controls = (
        "Array.from(document.querySelectorAll('button,input,select,summary,[tabindex]'))"
        ".filter(e=>!e.disabled&&e.tabIndex>=0&&e.getClientRects().length)"
    )
    wanted, names = browser.execute_script(
        f"const all={controls};all.forEach((e,i)=>e.setAttribute('data-k',i));"
        "return [all.length,all.map(e=>e.getAttribute('aria-label')||e.textContent.trim()||e.labels&&e.labels.length||'')]"
    )
    assert wanted > 40
    assert all(names)
    reached = []
    for _ in range(wanted):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        script = "const e=document.activeElement;return e.getAttribute('data-k')||e.outerHTML.slice(0,90)"
        reached.append(browser.execute_script(script))
    # The explanation writes its rows anew when the focus comes to an input.
    assert all("data-row" in k for k in reached if not k.isdigit())
    assert [k if k.isdigit() else str(i) for i, k in enumerate(reached)] == [str(k) for k in range(wanted)]
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        try:
            least, words = browser.execute_script(CONTRAST)
        finally:
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        assert least >= 4.5, (scheme, words)


def test_the_mouse_drags_what_does_not_fit(browser: Any, tmp_path: Path) -> None:
    """Pressed and moved, the picture follows the pointer."""
    from selenium.webdriver import ActionChains

    stage = staged(browser, tmp_path, viz.draw(wide_graph(), max_nodes=200).interactive())
    for _ in range(4):
        browser.find_element("css selector", "[data-zoom=in]").click()
    left = "return document.querySelector('.stage').scrollLeft"
    at = browser.execute_script(left)
    ActionChains(browser).move_to_element(stage).click_and_hold().move_by_offset(-30, 0).move_by_offset(
        -50, 0
    ).release().perform()
    assert browser.execute_script(left) == pytest.approx(at + 80, abs=2)
    ActionChains(browser).move_by_offset(40, 0).perform()
    assert browser.execute_script(left) == pytest.approx(at + 80, abs=2)


def test_hostile_labels_do_nothing(browser: Any, tmp_path: Path) -> None:
    """Labels that try to be markup or script are shown as text, in the SVG, the player and the explanation."""
    label = '</svg><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
    x = ag.Value(2.0, label=label)
    f = x * x
    f.backward()
    parts = (viz.draw(f).svg, viz.steps(f).html, viz.explain(f, x).html, viz.draw(f).interactive().html)
    show(browser, tmp_path, body(*parts))
    time.sleep(0.2)
    assert browser.title != "owned"
    assert browser.execute_script("return document.querySelectorAll('img:not(.still)').length") == 0
    assert label[:20] in browser.execute_script("return document.body.textContent")


def test_a_browser_knows_each_style(browser: Any, tmp_path: Path) -> None:
    """Each selector, property and value of the pages' style sheets is one that a browser takes; none is dropped silently."""
    x = ag.Value(2.0, label="x")
    f = x * 3
    declared = "[A-Za-z-]+:[^;{}]+"
    for view in (viz.steps(f), viz.explain(f, x), viz.draw(f).interactive()):
        show(browser, tmp_path, view.page)
        (sheet,) = re.findall("<style>(.*?)</style>", view.page, flags=re.DOTALL)
        found = re.findall(declared, re.sub(r"!important|[^{};]+\{|@media[^{]*\{", "{", sheet))
        assert len(found) > 30
        for property_and_value in found:
            name, _, value = property_and_value.partition(":")
            assert browser.execute_script("return CSS.supports(arguments[0],arguments[1])", name, value), property_and_value
        for selector in re.findall(r"^([^@{}]+)\{", sheet, flags=re.MULTILINE):
            assert browser.execute_script("return CSS.supports('selector('+arguments[0]+')')", selector.split(",")[0]), selector


def test_an_exported_notebook_shows_the_same_pictures(browser: Any, tmp_path: Path) -> None:
    """nbconvert's HTML has the SVG, not the table in its place, and a player that answers to a click."""
    nbformat = pytest.importorskip("nbformat")
    exporters = pytest.importorskip("nbconvert.exporters")
    import base64

    f = neuron()
    cells = []
    for thing in (viz.draw(f), viz.steps(f)):
        bundle: Any = thing._repr_mimebundle_()
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        data = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}
        output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("viz", outputs=[output], execution_count=1))
    html, _ = exporters.HTMLExporter(template_name="basic").from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    show(browser, tmp_path, f'<!DOCTYPE html><meta charset="utf-8">{html}')
    pictures = browser.find_elements("css selector", 'svg[role="img"], img[src^="data:image/svg+xml"]')
    assert len(pictures) == 2
    assert all(picture.is_displayed() and picture.size["height"] > 50 for picture in pictures)
    assert "not yet" not in browser.find_element("css selector", "body").text  # the table is not in the picture's place
    (player,) = players(browser)
    click(player, "forward")
    assert player.get_attribute("data-step") == "1"


def ways(browser: Any) -> list[list[str]]:
    """The paths that are drawn: number, colour and dashes of each."""
    script = (
        "return Array.from(document.querySelectorAll('.way')).filter(w=>+(w.getAttribute('opacity')||1)>.5).map(w=>"
        "[w.querySelector('text').textContent,w.querySelector('path').getAttribute('stroke'),"
        "w.querySelector('path').getAttribute('stroke-dasharray')])"
    )
    return list(browser.execute_script(script))


def branching() -> tuple[Any, Any]:
    """A result with three inputs, of which a is used three times."""
    a, b, c = (ag.Value(x, label=name) for x, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c")))
    f = (a * b + c) * a.tanh() + (a - b) ** 2 * 0.1
    f.label = "f"
    return f, a


def test_the_paths_of_an_input_light_up(browser: Any, tmp_path: Path) -> None:
    """The pointer on an input, the focus on its button, and n in the picture show its paths; what is not on them is faded."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    f, a = branching()
    show(browser, tmp_path, viz.explain(f, a).page)
    title = browser.find_element("css selector", ".chosen")
    assert title.text == "df/da = -1.609, the sum over 3 paths from a to f"
    lit = ways(browser)
    assert [number for number, _, _ in lit] == ["1", "2", "3"]
    assert len({colour for _, colour, _ in lit}) == len({str(dash) for _, _, dash in lit}) == 3
    faded = "return Array.from(document.querySelectorAll('[data-node]')).filter(n=>n.getAttribute('opacity')<1).length"
    assert browser.execute_script(faded) == 2
    graph = viz.draw(f).graph
    (c,) = [place for place, node in enumerate(graph.nodes) if node.label == "c"]
    ActionChains(browser).move_to_element(browser.find_element("css selector", f'[data-node="{c}"] text')).perform()
    assert title.text == "df/dc = 0.964, the only path from c to f"
    assert len(ways(browser)) == 1
    buttons = browser.find_elements("css selector", "[data-input]")
    assert [button.get_attribute("aria-pressed") for button in buttons] == ["false", "false", "true"]
    browser.execute_script("arguments[0].focus()", buttons[0])
    assert title.text.startswith("df/da")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert title.text.startswith("df/db = ")
    stage = browser.find_element("css selector", ".stage")
    browser.execute_script("arguments[0].focus()", stage)
    seen = set()
    for _ in graph.nodes:
        browser.switch_to.active_element.send_keys("n")
        seen.add(title.text.split(" = ")[0])
    assert seen == {"df/da", "df/db", "df/dc"}
    veil = "return getComputedStyle(document.querySelectorAll('.sheet svg')[1]).display"
    assert browser.execute_script(veil) == "none"  # nothing is drawn over the paths


def test_the_paths_add_up_in_a_bar(browser: Any, tmp_path: Path) -> None:
    """3 + 3 + 1 = 7: each row's bar begins where the one above ends; the focus on a row shows its path alone."""
    x = ag.Value(3.0, label="x")
    y = x * x + x
    y.label = "y"
    show(browser, tmp_path, viz.explain(y, x).page)
    rows = [row.text for row in browser.find_elements("css selector", ".rows li")]
    assert [re.sub(r"\s+", " ", row) for row in rows] == [
        "1 x → #2 → y 1 × 3 = 3", "2 x → #2 → y 1 × 3 = 3", "3 x → y 1", "sum: 3 + 3 + 1 = 7"
    ]  # fmt: skip
    bars = browser.execute_script(
        "return Array.from(document.querySelectorAll('.track span')).map(s=>{"
        "var r=s.getBoundingClientRect();return [r.left,r.right]})"
    )
    for (_, end), (start, _) in itertools.pairwise(bars[:-1]):
        assert end == pytest.approx(start, abs=1)
    whole = bars[-1][1] - bars[-1][0]
    assert [(right - left) / whole for left, right in bars] == pytest.approx([3 / 7, 3 / 7, 1 / 7, 1], abs=0.01)
    assert len(ways(browser)) == 3
    row = browser.find_elements("css selector", "[data-row]")[1]
    browser.execute_script("arguments[0].focus()", row)
    assert [number for number, _, _ in ways(browser)] == ["2"]
    browser.execute_script("arguments[0].blur()", row)
    assert len(ways(browser)) == 3
    colours = browser.execute_script(
        "return Array.from(document.querySelectorAll('.rows .line path')).map(p=>getComputedStyle(p).stroke)"
    )
    assert len(set(colours)) == 3
    hidden = "return Array.from(document.querySelectorAll('.edge path')).map(p=>p.style.stroke)"
    assert browser.execute_script(hidden) == ["none"] * 4  # the paths alone are seen


def test_an_explanation_without_scripts(browser: Any, tmp_path: Path) -> None:
    """Where scripts are stripped the picture with its paths and the whole table are there, and nothing to press."""
    f, a = branching()
    show(browser, tmp_path, body(re.sub(r"<script>.*?</script>", "", viz.explain(f, a).html, flags=re.DOTALL)))
    assert browser.find_element("css selector", "img.still").size["height"] > 50
    assert not browser.find_elements("css selector", "button")
    assert len([row for row in browser.find_elements("css selector", "tbody tr") if row.is_displayed()]) == 3


def test_an_alarm_waits_for_its_number(browser: Any, tmp_path: Path) -> None:
    """In the player the outline of an infinite gradient appears with it, and goes when the player goes back."""
    x = ag.Value(0.0, label="x")
    walk = viz.steps(x.sqrt() * 2)
    show(browser, tmp_path, walk.page)
    (player,) = players(browser)
    outline = player.find_element("css selector", ".alarm")
    for k in (*range(len(walk)), 0):
        go_to(browser, player, k)
        assert outline.is_displayed() == (k == len(walk) - 1)


def test_a_phone_gets_the_picture_from_the_top_down(browser: Any, tmp_path: Path) -> None:
    """At 390 px a wide picture flows down, its smallest type has 11 px, the stage moves, and search knows what is there."""
    x, w = ag.Value(0.5, label="x"), ag.Value(-1.5, label="w")
    f = 1 / ((w * x + 3).exp() + 1)
    f.backward()
    for look in ({}, {"direction": "LR"}):
        picture = viz.draw(f, **look)  # type: ignore[arg-type]
        assert picture.scene.width > 800
        metrics = {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            show(browser, tmp_path, picture.interactive().page)
            width, height, types, seen, page = browser.execute_script(
                "const v=document.querySelector('.stage'),s=v.querySelector('svg'),b=s.viewBox.baseVal,"
                "k=s.getBoundingClientRect().width/b.width;return [b.width,b.height,"
                "Array.from(s.querySelectorAll('text')).map(t=>k*t.getAttribute('font-size')),"
                "[v.clientWidth,v.scrollWidth],[document.documentElement.scrollWidth,innerWidth]]"
            )
            assert page[0] <= page[1] == 390
            assert min(types) > 10.99
            assert (height > width) is (look == {})
            assert (seen[1] > seen[0]) is (width > seen[0])
            browser.find_element("css selector", ".tools input").send_keys("w")
            assert browser.find_element("css selector", ".told").text.startswith("w: value -1.5")
        finally:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    small = viz.draw(x * w).interactive().page
    assert '"narrow"' not in small


def test_a_phone_gets_walks_and_explanations_from_the_top_down(browser: Any, tmp_path: Path) -> None:
    """At 390 px the player's and the explanation's pictures flow down, too, in type of 11 px or more, and follow what is shown.

    Shares of gradients arrive beside the nodes they go to, and paths lie on the wires of that picture.
    """
    x, w = ag.Value(0.5, label="x"), ag.Value(-1.5, label="w")
    f = 1 / ((w * x + 3).exp() + x)
    walk, why = viz.steps(f), viz.explain(f, x)
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    types = (
        "const v=document.querySelector('.stage'),s=v.querySelector('svg'),b=s.viewBox.baseVal,"
        "k=s.getBoundingClientRect().width/b.width;return [b.height>b.width,Math.min("
        "...Array.from(s.querySelectorAll('text')).map(t=>k*t.getAttribute('font-size'))),"
        "document.documentElement.scrollWidth]"
    )
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        show(browser, tmp_path, walk.page)
        high, least, wide = browser.execute_script(types)
        assert (high, least > 10.99, wide) == (True, True, 390)
        (player,) = players(browser)
        for k, frame in enumerate(walk.frames):
            go_to(browser, player, k)
            assert sorted(notes(browser, player)) == sorted(end for _, end in walk._shares(k))
            far = browser.execute_script(
                "const v=document.querySelector('.stage').getBoundingClientRect(),[p,ends]=arguments;"
                "const at=n=>document.querySelector('[data-node=\"'+n+'\"]').getBoundingClientRect();"
                "const near=(a,b)=>Math.max(0,b.left-a.right,a.left-b.right,b.top-a.bottom,a.top-b.bottom);"
                "return [p===null?0:near(at(p),v),...Array.from(document.querySelectorAll('.flow g')).map("
                "g=>Math.min(...ends.map(n=>near(at(n),g.getBoundingClientRect()))))]", frame.place, frame.parents,
            )  # fmt: skip
            assert max(far) < 12
        show(browser, tmp_path, why.page)
        high, least, wide = browser.execute_script(types)
        assert (high, wide) == (True, 390)
        off = browser.execute_script(
            "const svg=document.querySelector('.stage svg'),wires=Array.from(svg.querySelectorAll('.wire path,.edge path'));"
            "const d=(a,b)=>Math.hypot(a.x-b.x,a.y-b.y),middle=p=>p.getPointAtLength(p.getTotalLength()/2);"
            "return Array.from(svg.querySelectorAll('.way path')).map(p=>Math.min(...wires.map(w=>d(middle(p),middle(w)))))"
        )
        assert len(off) > 10
        assert max(off) < 6
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_fingers_zoom_and_move_the_stage(browser: Any, tmp_path: Path) -> None:
    """Two fingers zoom about the point between them; one moves the picture, and the page where the picture is at its end.

    Nothing else zooms: the page itself stays as large as it is.
    """
    touch = {"enabled": True, "maxTouchPoints": 2}
    metrics = {"width": 700, "height": 800, "deviceScaleFactor": 1, "mobile": True}

    def fingers(*ways: tuple[tuple[float, float], tuple[float, float]], steps: int = 12) -> None:
        """Move fingers at once, each from one point to another, and lift them."""
        for k in range(steps + 1):
            points = [
                {"x": a + (c - a) * k / steps, "y": b + (d - b) * k / steps, "id": i} for i, ((a, b), (c, d)) in enumerate(ways)
            ]
            kind = "touchMove" if k else "touchStart"
            browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def seen() -> list[float]:
        """How large the picture is, how far it is scrolled, how far the page is, and how large the page is."""
        state = "return [s.width,v.scrollLeft,v.scrollTop,scrollY,visualViewport.scale]"
        script = "const v=document.querySelector('.stage'),s=v.querySelector('svg').getBoundingClientRect();" + state
        last: list[float] = []
        until = time.monotonic() + 10
        while time.monotonic() < until:  # a scroll goes on for a while
            now = list(browser.execute_script(script))
            if now == last:
                break
            last = now
            time.sleep(0.2)
        return last

    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", touch)
    try:
        page = viz.draw(wide_graph(), max_nodes=200).interactive().page
        show(browser, tmp_path, page.replace("</body>", "<p style='height:3000px'></body>"))
        left, top, width, height = browser.execute_script(
            "const r=document.querySelector('.stage').getBoundingClientRect();return [r.left,r.top,r.width,r.height]"
        )
        x, y = left + width / 2, top + height / 2
        under = (
            "const s=document.querySelector('.stage svg'),p=new DOMPoint(...arguments).matrixTransform("
            "s.getScreenCTM().inverse());return [p.x,p.y]"
        )
        whole, *_ = seen()
        fingers(((x - 20, y), (x - 80, y)), ((x + 20, y), (x + 80, y)))
        wide, *_, page_size = seen()
        assert wide == pytest.approx(4 * whole, rel=0.02)
        assert page_size == 1
        before = browser.execute_script(under, x + 30, y - 40)
        fingers(((x - 10, y - 40), (x + 5, y - 40)), ((x + 70, y - 40), (x + 55, y - 40)))
        assert seen()[0] == pytest.approx(wide * 50 / 80, rel=0.02)
        assert browser.execute_script(under, x + 30, y - 40) == pytest.approx(before, abs=3)
        _, across, down, scrolled, _ = seen()
        fingers(((x + 60, y + 60), (x - 60, y - 60)))
        _, right, low, page_at, _ = seen()
        assert right > across + 60
        assert low > down + 60
        assert page_at == scrolled == 0
        for _ in range(12):
            fingers(((x, y + 150), (x, y - 150)), steps=4)
        assert seen()[3] > 0  # at its end the picture hands the movement on to the page
        browser.execute_script("scrollTo(0,0)")
        browser.find_element("css selector", "[data-zoom=all]").click()
        fingers(((x - 80, y), (x - 20, y)), ((x + 80, y), (x + 20, y)))
        assert seen()[0] == pytest.approx(whole)  # not smaller than what fits
        assert [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]] == []
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_goal_can_be_read_and_worked_by_keyboard_at_any_size(browser: Any, tmp_path: Path, thorough: bool) -> None:
    """The graphs of goal.py, drawn and live, at 1300, 850 and 390 px, light and dark: nothing is written to the console.

    No page is wider than its window, words have a contrast of 4.5 or more, pictures' too, and each control and each mark can
    have the focus and has a name. GPT and the longest chain are there with --thorough.
    """
    large = {"GPT", "a chain of 1,000,000", "digits", "a random graph"}
    names = [name for name in goal.GOAL if thorough or name not in large]
    parts = []
    for name in names:
        f = goal.computed(name)
        drawing = viz.draw(f, theme="auto", width=850)
        views: list[Any] = [drawing.interactive()]
        if name in {"lecture", "sigmoid", "shop", "softmax loss"}:
            leaf = next(node for node in ag.topological_order(f) if node.is_leaf)
            views += [viz.steps(f, theme="auto"), viz.explain(f, leaf, theme="auto"), viz.play(f, theme="auto")]
        parts += [f'<div style="overflow-x:auto">{drawing.svg}</div>', *[view.html for view in views]]
    meta = '<head><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width">'
    page = body(*parts).replace("<head>", meta)
    unnamed = (
        "return Array.from(document.querySelectorAll('button,input,select,summary,[tabindex],[role=button],.mark')).filter(e=>"
        "e.getClientRects().length&&(e.tabIndex<0||!(e.getAttribute('aria-label')||e.textContent.trim()||e.labels&&"
        "e.labels.length))).map(e=>e.outerHTML.slice(0,90))"
    )
    try:
        for width, scheme in itertools.product((1300, 850, 390), ("light", "dark")):
            metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 480}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
            show(browser, tmp_path, page)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert browser.execute_script(unnamed) == []
            least, words = browser.execute_script(CONTRAST)
            assert least >= 4.5, (width, scheme, words)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
