"""Opening and closing in a real browser; skipped where there is none, as in `test_browser.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import test_browser as pages

import autograd as ag
import viz

browser, pytestmark, show = pages.browser, pages.pytestmark, pages.show


def marks(browser: Any) -> list[str]:
    """What the marks on the page say."""
    return [mark.get_attribute("aria-label") for mark in browser.find_elements("css selector", ".mark")]


def active(browser: Any) -> Any:
    """What has the focus."""
    return browser.switch_to.active_element


def test_a_click_opens_and_a_key_closes(browser: Any, tmp_path: Path) -> None:
    """A + opens a stack in place and hands the focus to the −, which closes it by Enter; search knows what is there."""
    rng = [0.1 * k for k in range(20)]
    w = ag.Value(0.5, label="w")
    loss = ag.mean([((w * ag.Value(x, label=f"x{k}")).tanh() - 1) ** 2 for k, x in enumerate(rng)] + [w.sin()] * 3)
    loss.backward()
    show(browser, tmp_path, viz.draw(loss).interactive().page)
    first = marks(browser)
    assert "open x0 … x19" in first
    before = browser.find_elements("css selector", "[data-node]")
    mark = next(m for m in browser.find_elements("css selector", ".mark") if m.get_attribute("aria-label") == "open x0 … x19")
    mark.click()
    assert active(browser).get_attribute("aria-label").startswith("close what was opened at")
    assert len(browser.find_elements("css selector", "[data-node]")) > len(before)
    (opened,) = [g for g in browser.find_elements("css selector", ".mark") if g.get_attribute("data-sign") == "−"]
    assert opened == active(browser)
    search = browser.find_element("css selector", ".tools input")
    search.send_keys("x1")
    assert browser.find_element("css selector", ".told").text.startswith("x1: value 0.1")
    search.clear()
    close = next(m for m in browser.find_elements("css selector", ".mark") if m.get_attribute("data-sign") == "−")
    browser.execute_script("arguments[0].focus()", close)
    active(browser).send_keys("\n")
    assert marks(browser) == first
    assert [e for e in browser.get_log("browser") if "favicon" not in e["message"]] == []


def test_marks_stand_where_they_belong_once_they_are_seen(browser: Any, tmp_path: Path) -> None:
    """On a page that is hidden at first, as in a folded cell, each + is at the corner of its box when it appears."""
    f = viz.draw(ag.mean([(ag.Value(0.1 * k, label=f"x{k}") * 2.0).tanh() ** 2 for k in range(30)])).interactive().html
    show(browser, tmp_path, pages.body(f'<div id="cell" style="display:none">{f}</div>'))
    assert marks(browser) == []
    browser.execute_async_script(
        "document.getElementById('cell').style.display='';requestAnimationFrame(()=>requestAnimationFrame(()=>arguments[0]()))"
    )
    assert marks(browser)
    off = browser.execute_script(
        "return Array.from(document.querySelectorAll('.mark'),g=>{var m=g.querySelector('circle').getBoundingClientRect(),"
        "x=(m.left+m.right)/2,y=(m.top+m.bottom)/2;return Math.min(...Array.from(document.querySelectorAll('[data-node] rect,"
        "[data-node] circle'),r=>{var b=r.getBoundingClientRect();return Math.hypot(b.right-x,b.top-y)}))})"
    )
    assert max(off) < 2.0
