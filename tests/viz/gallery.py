"""The textbook's examples as pictures: the snapshots that tests compare with, and a page to look at them.

    python tests/viz/gallery.py gallery.html      # all kinds of pictures on one page
    python tests/viz/gallery.py goal.html --goal  # the graphs of goal.py, as drawings and live, with their sizes and times
    ... --stripped                                # either page as a host shows it that lets no script and no style through
    python tests/viz/gallery.py --update          # write the snapshots again, after a look at the page

Run it from the top of the checkout, with the package installed.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import goal

import autograd as ag
import nn
import viz
from autograd import Value

SNAPSHOTS = Path(__file__).with_name("snapshots")
Example = tuple[Callable[..., Any], dict[str, float]]


def named(value: Any, label: str) -> Any:
    """Give a node a name and hand it on."""
    value.label = label
    return value


def micrograd_readme(a: Any, b: Any) -> Any:
    """The expression of micrograd's README."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    f = (c - d) ** 2
    return named(f / 2.0 + 10.0 / f, "g")


def benchmark_graph(a: Any, b: Any) -> Any:
    """A small graph of a benchmark."""
    c = named(a + b, "c")
    d = named(a * b + b**3, "d")
    return named((c - d) ** 2 / 2, "g")


def staged(x: Any, y: Any) -> Any:
    """The staged computation of CS231n's notes."""
    return named(x + y.sigmoid(), "num") / named(x.sigmoid() + (x + y) ** 2, "den")


def squared_norm(**w: Any) -> Any:
    """The squared norm of W x, its weights by name."""
    first = named(w["w11"] * w["x1"] + w["w12"] * w["x2"], "q1")
    second = named(w["w21"] * w["x1"] + w["w22"] * w["x2"], "q2")
    return named(first**2 + second**2, "f")


def softmax_loss(a: Any, b: Any, c: Any) -> Any:
    """Softmax with cross-entropy; the second is the right one."""
    return named(-named(ag.softmax([a, b, c])[1], "p").log(), "loss")


def neuron(w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    """The sigmoid neuron in elementary gates."""
    return 1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp())


def twice_twice(a: Any) -> Any:
    """Why an order is needed."""
    b = named(a + a, "b")
    return named(b + b, "c")


NEURON = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
EXAMPLES: dict[str, Example] = {
    "apples": (
        lambda apple, count, tax: named(named(apple * count, "all") * tax, "price"), {"apple": 100, "count": 2, "tax": 1.1},
    ),
    "apples_and_oranges": (
        lambda apple, n, orange, m, tax: named((apple * n + orange * m) * tax, "price"),
        {"apple": 100, "n": 2, "orange": 150, "m": 3, "tax": 1.1},
    ),
    "drinks": (
        lambda wine, n, juice, m, people: named((wine * n + juice * m) * people, "price"),
        {"wine": 1500, "n": 2, "juice": 1800, "m": 1, "people": 10},
    ),
    "add_then_multiply": (lambda x, y, z: named(named(x + y, "t") * z, "out"), {"x": 100, "y": 200, "z": 4}),
    "multiply_node": (lambda t, z: named(t * z, "out"), {"t": 300, "z": 4}),
    "nested": (lambda x1, x2, x3, x4: ((x1 * x2) + x3) * x4, {"x1": 2, "x2": 3, "x3": 4, "x4": 5}),
    "square_of_a_sum": (lambda x, y: named(named(x + y, "t") ** 2, "z"), {"x": 3, "y": 4}),
    "lecture": (lambda x, y, z: named(named(x + y, "q") * z, "f"), {"x": -2, "y": 5, "z": -4}),
    "sigmoid_neuron": (neuron, NEURON),
    "sigmoid_gate": (lambda w0, x0, w1, x1, w2: (w0 * x0 + w1 * x1 + w2).sigmoid(), NEURON),
    "max_gate": (lambda x, y, z, w: 2 * (x * y + z.maximum(w)), {"x": 3, "y": -4, "z": 2, "w": -1}),
    "squared_norm": (squared_norm, {"w11": 0.1, "w12": 0.5, "w21": -0.3, "w22": 0.8, "x1": 0.2, "x2": 0.4}),
    "relu_open": (lambda x: named(x.relu(), "y"), {"x": 3}),
    "relu_dead": (lambda x: named(x.relu(), "y"), {"x": -2}),
    "softmax_loss": (softmax_loss, {"a": math.log(0.3), "b": math.log(0.2), "c": math.log(0.5)}),
    "softmax_loss_sure": (softmax_loss, {"a": math.log(0.01), "b": math.log(0.99), "c": math.log(1e-30)}),
    "staged": (staged, {"x": 3, "y": -4}),
    "chain_of_a_lecture": (
        lambda a, b, c, f: named(named(named(a * b, "e") + c, "d") * f, "L"), {"a": 2, "b": -3, "c": 10, "f": -2},
    ),
    "tanh_neuron": (
        lambda x1, w1, x2, w2, b: named(named(x1 * w1 + x2 * w2 + b, "n").tanh(), "o"),
        {"x1": 2, "w1": -3, "x2": 0, "w2": 1, "b": 6.8813735870195432},
    ),
    "micrograd_readme": (micrograd_readme, {"a": -4, "b": 2}),
    "benchmark_graph": (benchmark_graph, {"a": -41, "b": 2}),
    "why_an_order": (twice_twice, {"a": 1}),
    "a_step_of_descent": (lambda x0, x1: named(x0**2 + x1**2, "f"), {"x0": 3, "x1": 4}),
}  # fmt: skip


def computed(name: str) -> tuple[Any, dict[str, Any]]:
    """An example's result after its backward pass, and its inputs."""
    function, inputs = EXAMPLES[name]
    values = {label: Value(number, label=label) for label, number in inputs.items()}
    result = function(**values)
    result.backward()
    return result, values


def update() -> None:
    """Write all snapshots."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for name in EXAMPLES:
        viz.draw(computed(name)[0]).save(SNAPSHOTS / f"{name}.svg")


def page() -> str:
    """All kinds of pictures on one page."""
    parts = []

    def show(title: str, html: str) -> None:
        parts.append(f"<section><h2>{escape(title)}</h2>\n{html}</section>")

    for name in EXAMPLES:
        show(name, viz.draw(computed(name)[0]).svg)
    lecture, inputs = computed("lecture")
    sigmoid, parameters = computed("sigmoid_neuron")
    order, _ = computed("square_of_a_sum")
    show("boxes", viz.draw(sigmoid, style="boxes").svg)
    show("dark", viz.draw(sigmoid, theme="dark").svg)
    show("print, boxes", viz.draw(lecture, theme="print", style="boxes").svg)
    show("top to bottom", viz.draw(lecture, direction="TB").svg)
    show("local gradients", viz.draw(lecture, local_gradients=True).svg)
    show("local gradients at a fork", viz.draw(computed("why_an_order")[0], local_gradients=True).svg)
    show("a path", viz.draw(sigmoid, path=parameters["x1"]).svg)
    show("before backward()", viz.draw(Value(3, label="x") * Value(4, label="y")).svg)
    special = [Value(x, label=label) for label, x in {"tiny": 1e-9, "large": 1e12, "nan": math.nan, "inf": math.inf}.items()]
    show("numbers that read differently", viz.draw(ag.sum([*special, Value(-0.0, label="minus zero")])).svg)
    model = nn.MLP(2, [4, 4, 1])
    model.label_parameters()
    out: Any = model([Value(1.0, label="x1"), Value(-2.0, label="x2")])
    out.backward()
    show("a net, folded into neurons", viz.draw(out, collapse="layers.*.neurons.*").svg)
    show("a net, folded into layers", viz.draw(out, collapse=True).svg)
    show("explain", viz.explain(order, ag.topological_order(order)[0]).html)
    show("steps", viz.steps(sigmoid).html)
    show("the film strip", viz.steps(lecture).film_strip.svg)
    show("interactive", viz.draw(sigmoid).interactive().html)
    later = (inputs["x"].detach() + 6) * inputs["z"]
    later.backward()
    show("compare", viz.compare((Value(-2, label="x") + 5) * inputs["z"], later).svg)
    return document(parts)


def document(parts: Sequence[str]) -> str:
    """A page of these parts, dark where the reader prefers dark pages."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>glassgrad: gallery</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        "</head>\n"
        '<body style="font-family:system-ui,sans-serif;max-width:1200px;margin:24px auto;padding:0 8px">\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def goal_page() -> str:
    """The graphs that every default picture must stay readable for: each as a drawing and live, with sizes and times."""
    parts = []
    for name in goal.GOAL:
        f = goal.computed(name)
        start = time.perf_counter()
        drawing = viz.draw(f, theme="auto")
        svg = drawing._repr_mimebundle_(include={"image/svg+xml"})[0]["image/svg+xml"]  # as a notebook shows it
        width, height = re.findall(r'(?:width|height)="([\d.]+)"', str(svg))[:2]
        drawn = time.perf_counter() - start
        live = drawing.interactive().html
        taken = time.perf_counter() - start - drawn
        words = (
            f"{float(width):.0f} × {float(height):.0f}, {drawing.graph.size} nodes; the SVG has {len(svg):,} bytes and took "
            f"{drawn:.2f} s, the page {len(live):,} bytes and {taken:.2f} s"
        )
        print(f"{name}: {words}", flush=True)
        parts.append(f"<section><h2>{escape(name)}</h2>\n<p>{words}</p>\n{svg}\n{live}</section>")
        if len(order := ag.topological_order(f)) <= 20:
            inner = next(value for value in order if not value.parents)
            views = (viz.steps(f, theme="auto"), viz.explain(f, inner, theme="auto"), viz.play(f, theme="auto"))
            parts += [view.html for view in views]
    return document(parts)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Pictures of the textbook's examples.")
    parser.add_argument("page", nargs="?", help="write the gallery to this file")
    parser.add_argument("--goal", action="store_true", help="the graphs of goal.py instead of the textbook's")
    parser.add_argument("--stripped", action="store_true", help="without scripts and styles")
    parser.add_argument("--update", action="store_true", help="write the snapshots again")
    options = parser.parse_args()
    if not options.page and not options.update:
        parser.error("name a file for the page, or say --update")
    if options.update:
        update()
    if options.page:
        text = goal_page() if options.goal else page()
        if options.stripped:
            text = re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
        Path(options.page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
