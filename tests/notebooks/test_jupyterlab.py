"""Pictures and players where people meet them: in JupyterLab, in a real browser.

Skipped where Chromium, its driver, selenium or JupyterLab is missing; with VIZ_TEST_BROWSER=require that is an error.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import viz

Wait = Callable[..., Any]
NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
PROGRAMS = {
    "chromium": shutil.which("chromium") or shutil.which("chromium-browser"),
    "chromedriver": shutil.which("chromedriver"),
}
PACKAGES = ["selenium", "jupyterlab", "ipykernel", "nbformat"]
MISSING = [n for n, path in PROGRAMS.items() if not path] + [n for n in PACKAGES if not importlib.util.find_spec(n)]
if MISSING and os.environ.get("VIZ_TEST_BROWSER") == "require":
    raise pytest.UsageError(f"VIZ_TEST_BROWSER=require, and there is no {', '.join(MISSING)}")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, running: Any) -> Iterator[tuple[str, Path, dict[str, str]]]:
    """A JupyterLab of our own: its address, its folder, the environment it runs in."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "pages"
    folder.mkdir()
    environment = {**os.environ, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "JUPYTER_PLATFORM_DIRS": "1"}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        environment[f"JUPYTER_{name}_DIR"] = str(home / name.lower())
    command = [
        "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}", "--expose-app-in-browser", "--ServerApp.disable_check_xsrf=True",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with running(command, "/api", home, environment, cwd=folder) as address:
        yield address, folder, environment


def open_page(browser: Any, lab: tuple[str, Path, dict[str, str]], name: str, wait: Wait) -> None:
    """Open a notebook and wait until its cells are on the page."""
    browser.get(f"{lab[0]}/lab/tree/{name}?reset")
    wait("the notebook", lambda: browser.execute_script("return document.querySelectorAll('.jp-Notebook .jp-Cell').length"))
    time.sleep(1.0)


PICTURES = (
    "return Array.from(document.querySelectorAll('.jp-OutputArea-output')).map(o=>({type:o.getAttribute('data-mime-type'),"
    "images:Array.from(o.querySelectorAll('img')).map(i=>[i.src.slice(0,22),i.naturalWidth,i.naturalHeight]),"
    "svgs:o.querySelectorAll('svg[role=img]').length}))"
)


def page_with(*things: Any) -> str:
    """A notebook with the outputs that these things give, as if it had been run elsewhere."""
    import nbformat

    cells = []
    for i, thing in enumerate(things):
        bundle = thing._repr_mimebundle_()
        bundle, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}
        output = nbformat.v4.new_output("execute_result", data=data, metadata=metadata, execution_count=i + 1)
        cells.append(nbformat.v4.new_code_cell("f", outputs=[output], execution_count=i + 1, id=f"c{i}"))
    page = nbformat.v4.new_notebook(cells=cells)
    page.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return json.dumps(page)


def lecture() -> Any:
    """(x + y) * z with its gradients."""
    x, y, z = (ag.Value(v, label=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    f = (x + y) * z
    f.backward()
    return f


def test_a_notebook_from_elsewhere_shows_its_pictures(browser: Any, lab: Any, wait: Wait) -> None:
    """Not trusted, JupyterLab shows the PNG, whole; trusted, the SVG as an image; never the table in their place."""
    _, folder, environment = lab
    f = lecture()
    (folder / "foreign.ipynb").write_text(page_with(viz.draw(f)))
    open_page(browser, lab, "foreign.ipynb", wait)
    (output,) = wait("the picture", lambda: browser.execute_script(PICTURES))
    assert output["type"] == "image/png"
    ((source, width, height),) = output["images"]
    assert source == "data:image/png;base64,"
    scene = viz.draw(f).scene
    assert width > 1.5 * scene.width
    assert height > 1.5 * scene.height
    size = browser.find_element("css selector", ".jp-OutputArea-output img").size
    assert (size["width"], size["height"]) == pytest.approx((scene.width, scene.height), abs=1)
    (folder / "known.ipynb").write_text(page_with(viz.draw(f)))
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", "known.ipynb"], cwd=folder, env=environment, check=True, capture_output=True
    )
    open_page(browser, lab, "known.ipynb", wait)
    (output,) = wait("the picture", lambda: browser.execute_script(PICTURES))
    assert output["type"] == "image/svg+xml"
    assert output["svgs"] or output["images"][0][1] > 100


def test_pages_from_elsewhere_show_a_still_picture(browser: Any, lab: Any, wait: Wait, tmp_path: Path) -> None:
    """Not trusted, JupyterLab shows the picture of each live page and no control; trusted, they live."""
    _, folder, environment = lab
    f = lecture()
    things = (viz.steps(f), viz.draw(f).interactive(), viz.play(f), viz.explain(f, f.parents[1]))
    for name in ("strange.ipynb", "ours.ipynb"):
        (folder / name).write_text(page_with(*things))
    open_page(browser, lab, "strange.ipynb", wait)
    outputs = ".jp-OutputArea-output"
    wait("the pages", lambda: len(browser.find_elements("css selector", outputs)) == len(things))
    player, drawing, toy, why = browser.find_elements("css selector", outputs)
    for output in (player, drawing, toy, why):
        (image,) = output.find_elements("css selector", "img")
        natural = browser.execute_script("return [arguments[0].naturalWidth,arguments[0].naturalHeight]", image)
        assert min(natural) > 100
        assert (image.size["width"], image.size["height"]) == pytest.approx(natural, abs=1)
    for output in (player, drawing, toy, why):
        assert not output.find_elements("css selector", "button, input, select, script, style, [tabindex]")
    assert len(player.find_elements("css selector", "li")) == len(things[0])
    assert why.find_elements("css selector", "td")
    browser.save_screenshot(str(tmp_path / "strange.png"))
    command = [sys.executable, "-m", "jupyter", "trust", "ours.ipynb"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    open_page(browser, lab, "ours.ipynb", wait)
    live = wait("the player", lambda: browser.find_element("css selector", "[data-kind=steps][data-step]"))
    assert not live.find_elements("css selector", "img")
    browser.execute_script("arguments[0].querySelector('[data-act=forward]').click()", live)
    assert live.get_attribute("data-step") == "1"
    # The host's rules for tables put words to the right and stripe the rows.
    style = "const s=getComputedStyle(document.querySelector('[data-kind=explain] td'));return [s.textAlign,s.whiteSpace]"
    assert browser.execute_script(style) == ["left", "normal"]


def test_a_wide_picture_fits_the_cell(browser: Any, lab: Any, wait: Wait) -> None:
    """Trusted, JupyterLab shows an SVG as wide as it asks to be; one that is somewhat too wide for the cell is shown whole."""
    _, folder, environment = lab
    y = ag.Value(2.0, label="x")
    while viz.draw(y).scene.width < 1100:
        y = (y + 1).tanh()
    (folder / "wide.ipynb").write_text(page_with(viz.draw(y)))
    command = [sys.executable, "-m", "jupyter", "trust", "wide.ipynb"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    open_page(browser, lab, "wide.ipynb", wait)
    wait("the picture", lambda: browser.execute_script(PICTURES))
    room, needed = browser.execute_script(
        "const o=document.querySelector('.jp-OutputArea-output');return [o.clientWidth,o.scrollWidth]"
    )
    assert needed <= room


def run_all(browser: Any, wait: Wait, seconds: float = 240.0) -> None:
    """Run all cells and wait until the kernel is idle and every code cell has a number."""
    wait("the application", lambda: browser.execute_script("return !!window.jupyterapp"))
    kernel = (
        "var p=window.jupyterapp.shell.currentWidget,s=p&&p.sessionContext&&p.sessionContext.session;"
        "return s&&s.kernel&&s.kernel.status==='idle'"
    )
    wait("the kernel", lambda: browser.execute_script(kernel))
    browser.set_script_timeout(seconds)
    browser.execute_async_script(
        "var done=arguments[arguments.length-1];"
        "window.jupyterapp.commands.execute('notebook:run-all-cells').then(()=>done(1),e=>done(String(e)))"
    )


@pytest.mark.parametrize("name", ["01_first_gradient.ipynb", "04_train_a_net.ipynb"])
def test_a_notebook_of_ours_runs(name: str, browser: Any, lab: Any, tmp_path: Path, wait: Wait) -> None:
    """It opens, runs from first cell to last without an error, shows its pictures, and its players answer to a click."""
    _, folder, _ = lab
    page = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))
    wanted = [
        output for cell in page["cells"] for output in cell.get("outputs", ()) if "image/svg+xml" in output.get("data", {})
    ]
    for cell in page["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    (folder / name).write_text(json.dumps(page))
    open_page(browser, lab, name, wait)
    run_all(browser, wait)
    cells = browser.execute_script(
        "return window.jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
        ".filter(c=>c.cell_type==='code')"
        ".map(c=>[c.execution_count,c.outputs.map(o=>[o.output_type,Object.keys(o.data||{})])])"
    )
    assert all(count for count, _ in cells)
    kinds = [kind for _, outputs in cells for kind, _ in outputs]
    assert "error" not in kinds
    pictures = [keys for _, outputs in cells for _, keys in outputs if "image/svg+xml" in keys]
    assert len(pictures) == len(wanted) > 0
    scroll_through(browser)
    seen = [output for output in browser.execute_script(PICTURES) if output["type"] == "image/svg+xml"]
    assert seen
    assert all(output["svgs"] or output["images"][0][1] > 100 for output in seen)
    browser.save_screenshot(str(tmp_path / "page.png"))
    pixels = pytest.importorskip("PIL.Image").open(tmp_path / "page.png").convert("RGB")
    greens = sum(count for count, (r, g, b) in pixels.getcolors(1 << 24) if g > r + 40 and g > b + 30)
    assert greens > 20  # a value is written in green somewhere on the screen
    players = browser.find_elements("css selector", "[data-kind=steps]")
    for player in players:
        browser.execute_script("arguments[0].scrollIntoView({block:'center'})", player)
        browser.execute_script("arguments[0].querySelector('[data-act=forward]').click()", player)
        assert player.get_attribute("data-step") == "1"
    assert players or name != "01_first_gradient.ipynb"


def scroll_through(browser: Any) -> None:
    """JupyterLab draws a cell when it comes into sight; so look at each of them, and stop at a picture."""
    for i in range(browser.execute_script("return window.jupyterapp.shell.currentWidget.content.widgets.length")):
        browser.execute_script(f"window.jupyterapp.shell.currentWidget.content.scrollToItem({i})")
        time.sleep(0.15)
    picture = "[data-kind=steps], [data-mime-type='image/svg+xml']"
    player = browser.execute_script("return document.querySelector(arguments[0])", picture)
    if player:
        browser.execute_script("arguments[0].scrollIntoView({block:'center'})", player)
        time.sleep(0.5)
