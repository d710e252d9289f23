"""Pictures and players in marimo, in a real browser.

Skipped where Chromium, its driver, selenium or marimo is missing; with VIZ_TEST_BROWSER=require only where marimo is.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

NEEDED = {name: importlib.util.find_spec(name) for name in ("marimo", "selenium")} | {
    "chromedriver": shutil.which("chromedriver"), "chromium": shutil.which("chromium") or shutil.which("chromium-browser"),
}  # fmt: skip
MISSING = [name for name, there in NEEDED.items() if not there]
if set(MISSING) - {"marimo"} and os.environ.get("VIZ_TEST_BROWSER") == "require":
    raise pytest.UsageError(f"VIZ_TEST_BROWSER=require, and there is no {', '.join(MISSING)}")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")

NOTEBOOK = """
import marimo
app = marimo.App()


@app.cell
def _():
    import autograd as ag, marimo as mo, viz
    x, y, z = (ag.Value(v, label=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    f = (x + y) * z
    f.backward()
    return ag, f, mo, viz, x


@app.cell
def _(f, viz):
    viz.steps(f)
    return


@app.cell
def _(f, mo, viz, x):
    mo.Html(viz.steps(f).html + viz.draw(f).interactive().html + viz.play(f).html + viz.explain(f, x).html)
    return


@app.cell
def _(f, viz):
    viz.draw(f)
    return
"""


def test_marimo_shows_what_lives_and_what_is_still(browser: Any, served_by_marimo: Any, wait: Callable[..., Any]) -> None:
    """A player that ends a cell moves and is seen whole; where marimo strips scripts, there is a picture, and no control."""
    with served_by_marimo(NOTEBOOK) as address:
        browser.get(address)
        wait("the drawing", lambda: browser.find_elements("css selector", "svg[role=img]"))
        frame = wait("the player", lambda: browser.find_element("css selector", ".output iframe"))
        browser.switch_to.frame(frame)
        player = wait("its script", lambda: browser.find_element("css selector", "[data-kind=steps][data-step]"))
        player.find_element("css selector", "[data-act=forward]").click()
        assert player.get_attribute("data-step") == "1"
        browser.switch_to.default_content()
        size = "const f=arguments[0];return [f.contentDocument.body.scrollHeight,f.clientHeight]"
        needed, _ = wait("its height", lambda: (s := browser.execute_script(size, frame))[0] <= s[1] and s)
        assert needed > 420
        stripped = wait("the pages", lambda: browser.find_elements("css selector", ".output [data-glassgrad]"))
        assert [part.get_attribute("data-kind") for part in stripped] == ["steps", "interactive", "play", "explain"]
        for part in stripped:
            (image,) = part.find_elements("css selector", "img")
            assert image.size["height"] > 100
            assert browser.execute_script("return arguments[0].naturalWidth", image) == image.size["width"]
            assert not part.find_elements("css selector", "button, input, select")
        assert stripped[3].find_elements("css selector", "td")
