"""Pictures and players in marimo, in a real browser.

Skipped where Chromium, its driver, selenium or marimo is missing; with VIZ_TEST_BROWSER=require only where marimo is.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
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
def _(f, mo, viz):
    mo.Html(viz.steps(f).html + viz.draw(f).interactive().html)
    return


@app.cell
def _(f, viz, x):
    viz.explain(f, x)
    return


@app.cell
def _(f, viz):
    viz.draw(f)
    return
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, wait: Callable[..., Any]) -> Iterator[str]:
    """The notebook, run by a marimo of our own."""
    home = tmp_path_factory.mktemp("marimo")
    (home / "page.py").write_text(NOTEBOOK, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "marimo", "run", "page.py", "--headless", "--no-token", "--host", "127.0.0.1"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=log, stderr=log, cwd=home)
        try:
            wait("marimo", lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5).status == 200)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def test_marimo_shows_what_lives_and_what_is_still(browser: Any, address: str, wait: Callable[..., Any]) -> None:
    """A player as the last line of a cell moves; where marimo strips its script, its picture is there, and no control."""
    browser.get(address)
    wait("the drawing", lambda: browser.find_elements("css selector", "svg[role=img]"))
    frame = wait("the player", lambda: browser.find_element("css selector", ".output iframe"))
    browser.switch_to.frame(frame)
    player = wait("its script", lambda: browser.find_element("css selector", "[data-kind=steps][data-step]"))
    player.find_element("css selector", "[data-act=forward]").click()
    assert player.get_attribute("data-step") == "1"
    browser.switch_to.default_content()
    stripped = wait("the pages", lambda: browser.find_elements("css selector", ".output [data-glassgrad]"))
    assert [part.get_attribute("data-kind") for part in stripped] == ["steps", "interactive", "explain"]
    for part in stripped[:2]:
        (image,) = part.find_elements("css selector", "img")
        assert image.size["height"] > 100
        assert browser.execute_script("return arguments[0].naturalWidth", image) == image.size["width"]
    for part in stripped:
        assert not part.find_elements("css selector", "button, input, select")
    assert stripped[2].find_elements("css selector", "td")
