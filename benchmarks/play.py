"""How often a page of viz.play can be computed and drawn again, in Chromium.

    python benchmarks/play.py [--rounds 5] [--json]

For each size a random graph of additions, products and activations is put on a page, whole and folded as by default. The page
then gets other numbers for its inputs, again and again for a second: once as fast as it can (values, gradients, texts, wires,
and the browser's layout of them), and once for each frame that the browser paints. The first says what the page costs, the
second what a reader sees, which is never more than the screen's 60. The median of the rounds is shown. It needs Chromium, its
driver and selenium.
"""

from __future__ import annotations

import importlib
import json
import random
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from harness import parser

import autograd as ag
import viz

ROWS = ((200, 300), (200, None), (2000, None))  # nodes, max_nodes
COMPUTED = """\
const root = document.querySelector('[data-kind=play]'), page = root.glassgrad, xs = page.values, start = performance.now();
let n = 0;
while (performance.now() - start < 1000) {
  xs[n % xs.length] += 0.013;
  page.set(xs);
  root.getBoundingClientRect();
  n++;
}
return 1000 * n / (performance.now() - start);"""
PAINTED = """\
const done = arguments[0], root = document.querySelector('[data-kind=play]'), page = root.glassgrad, xs = page.values;
let n = 0, start = performance.now();
requestAnimationFrame(function next() {
  const passed = performance.now() - start;
  if (passed > 1000) return done(1000 * n / passed);
  xs[n % xs.length] -= 0.013;
  page.set(xs);
  n++;
  requestAnimationFrame(next);
});"""


def graph(nodes: int) -> ag.Value:
    """A random graph of about as many nodes, a tenth of them inputs."""
    rng = random.Random(1)
    known = [ag.Value(rng.uniform(-1.0, 1.0), label=f"x{i}") for i in range(nodes // 10)]
    waiting = list(known)
    while len(known) < nodes - 1:
        a, b = waiting.pop(0), rng.choice(known[-40:])
        operations = (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a.tanh(), ag.maximum)
        known.append(rng.choice(operations)(a, b))
        waiting.append(known[-1])
    total: ag.Value = ag.sum(waiting)
    return total


def browser(folder: str) -> Any:
    """Chromium without a window."""
    webdriver = importlib.import_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}"):
        options.add_argument(argument)
    service = importlib.import_module("selenium.webdriver.chrome.service").Service(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def measure(driver: Any, nodes: int, most: int | None, rounds: int, folder: Path) -> dict[str, float]:
    """One row."""
    page = viz.play(graph(nodes), max_nodes=most).save(folder / "page.html")
    driver.get(page.as_uri())
    drawn = driver.execute_script("return document.querySelectorAll('[data-kind=play] .sheet [data-node]').length")
    computed = [driver.execute_script(COMPUTED) for _ in range(rounds)]
    painted = [driver.execute_async_script(PAINTED) for _ in range(rounds)]
    return {
        "nodes": nodes, "drawn": drawn, "computed": statistics.median(computed), "painted": statistics.median(painted),
        "kilobytes": round(page.stat().st_size / 1000),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    options = parser(__doc__ or "", rounds=5).parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        driver = browser(folder)
        try:
            rows = [measure(driver, nodes, most, options.rounds, Path(folder)) for nodes, most in ROWS]
        finally:
            driver.quit()
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'nodes':>6} {'drawn':>6} {'computed per s':>15} {'painted per s':>14} {'kB':>6}")
    for row in rows:
        print(f"{row['nodes']:6} {row['drawn']:6} {row['computed']:15.0f} {row['painted']:14.0f} {row['kilobytes']:6}")


if __name__ == "__main__":
    main()
