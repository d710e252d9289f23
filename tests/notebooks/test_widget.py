"""The widget where people meet it: in JupyterLab and in marimo, in a real browser, with a kernel.

Skipped where Chromium, its driver, selenium, anywidget, JupyterLab or marimo is missing; with VIZ_TEST_BROWSER=require
that is an error.
"""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import test_jupyterlab as pages

lab = pages.lab
MISSING = [*pages.MISSING, *[name for name in ("anywidget", "marimo") if not importlib.util.find_spec(name)]]
if MISSING and os.environ.get("VIZ_TEST_BROWSER") == "require":
    raise pytest.UsageError(f"VIZ_TEST_BROWSER=require, and there is no {', '.join(MISSING)}")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}")

MAKE = """\
import json, time, viz
from pathlib import Path
from autograd import Value
x, w = Value(3.0, label="x"), Value(2.0, label="w")
f = x * w + x
f.label = "f"
"""
LOOP = """\
for k in range(20):
    x.data = 3.0 + k
    shown.update()
    time.sleep(0.02)
Path("done").write_text(str(x.data))
"""
ROOT = """\
function root() {
  const waiting = [document];
  while (waiting.length) {
    const here = waiting.pop(), found = here.querySelector('[data-kind=play]');
    if (found && found.glassgrad) return found;
    here.querySelectorAll('*').forEach(e => { if (e.shadowRoot) waiting.push(e.shadowRoot) });
  }
}
"""


def asked(driver: Any, expression: str) -> Any:
    """What an expression comes to on the page, with `root` as the widget's element."""
    return driver.execute_script(f"{ROOT} const r = root(); return r ? {expression} : null")


def result(driver: Any) -> str:
    """The line that says the result."""
    return str(asked(driver, "r.querySelector('.result').textContent"))


def test_in_jupyterlab(browser: Any, lab: tuple[str, Path, dict[str, str]], wait: Any) -> None:
    """The page shows the numbers, sends a change to observers and to the Value, and follows a loop in the kernel."""
    import nbformat

    observed = 'shown = viz.widget(f)\nshown.observe(lambda c: Path("seen").write_text(json.dumps(c["new"])), "values")\nshown'
    cells = [nbformat.v4.new_code_cell(code, id=f"c{i}") for i, code in enumerate((MAKE + observed, LOOP))]
    page = nbformat.v4.new_notebook(cells=cells)
    page.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    (lab[1] / "widget.ipynb").write_text(json.dumps(page), encoding="utf-8")
    pages.open_page(browser, lab, "widget.ipynb", wait)

    def run(cell: int) -> None:
        browser.execute_script(
            "const app=window.jupyterapp;app.shell.currentWidget.content.activeCellIndex=arguments[0];"
            "app.commands.execute('notebook:run-cell')",
            cell,
        )

    wait("the kernel", lambda: browser.execute_script(
        "return window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status==='idle'"
    ))  # fmt: skip
    run(0)
    wait("the widget", lambda: asked(browser, "r.querySelector('.stage svg').getBoundingClientRect().width > 100"))
    assert result(browser) == "f = 9"
    browser.execute_script(f"{ROOT} root().querySelector('[data-act=more]').click()")
    wait("the page", lambda: result(browser) == "f = 9 → 9.3")
    seen = wait("the observer", lambda: (lab[1] / "seen").exists() and json.loads((lab[1] / "seen").read_text()))
    assert seen == {"x": 3.1, "w": 2.0}
    run(1)
    wait("the loop", lambda: (lab[1] / "done").exists())
    wait("the last number", lambda: result(browser).endswith("→ 66"))
    assert asked(browser, "r.glassgrad.values") == [22.0, 2.0]
    assert int(asked(browser, "r.getAttribute('data-steps')")) > 3


@pytest.fixture(scope="module")
def marimo(served_by_marimo: Any) -> Iterator[str]:
    """A page of marimo's, served: its address."""
    cells = [
        MAKE + "import marimo as mo",
        "made = viz.widget(f)\n    shown = mo.ui.anywidget(made)\n    shown",
        "mo.md(f\"told: {shown.value['values']['x']:g}, data: {x.data:g}, result: {made.result:g}\")",
        "go = mo.ui.run_button(label='go on')\n    go",
        "for k in range(5 if go.value else 0):\n        x.data = 10.0 + k\n        made.update()\n        time.sleep(0.02)",
    ]
    bodies = [cells[0].replace("\n", "\n    "), *cells[1:]]
    heads = ["", "Value, f, mo, viz", "made, mo, shown, x", "mo", "go, made, time, x"]
    tails = ["Value, f, json, mo, time, viz, w, x", "made, shown", "", "go", ""]
    text = "import marimo\n\napp = marimo.App()\n\n\n" + "\n\n\n".join([
        f"@app.cell\ndef _({head}):\n    {body}\n    return{f' ({tail},)' if tail else ''}"
        for head, body, tail in zip(heads, bodies, tails, strict=True)
    ])  # fmt: skip
    with served_by_marimo(f"{text}\n") as address:
        yield address


def test_in_marimo(browser: Any, marimo: str, wait: Any) -> None:
    """The same in marimo: a change in the page runs the cells that use the widget, and a loop is followed."""
    browser.get(marimo)
    wait("the widget", lambda: asked(browser, "r.querySelector('.stage svg').getBoundingClientRect().width > 100"))
    assert result(browser) == "f = 9"
    browser.execute_script(f"{ROOT} root().querySelector('[data-act=more]').click()")
    wait("the page", lambda: result(browser) == "f = 9 → 9.3")
    wait("the cell below", lambda: "told: 3.1, data: 3.1, result: 9.3" in browser.find_element("tag name", "body").text)
    time.sleep(0.5)
    script = (
        "function all(here,found){here.querySelectorAll('*').forEach(e=>{if(e.tagName==='BUTTON'&&/go on/.test(e.textContent))"
        "found.push(e);if(e.shadowRoot)all(e.shadowRoot,found)});return found}all(document,[])[0].click()"
    )
    browser.execute_script(script)
    wait("the last number", lambda: result(browser).endswith("→ 42"))
