"""Pictures in every look: styles, directions, themes, frames, folds, the chain rule, a path, two passes, one step.

Each is a snapshot in `snapshots/looks`, as SVG, and as text: what it says of itself, its table and its DOT. After a change that
is meant, look at them, then write them again:

    python tests/viz/looks.py --update
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd as ag
import nn
import viz
from autograd import Value
from viz.graph.reading import read, shrunk
from viz.graph.sentences import details, edge_title
from viz.layout.dot import skeleton
from viz.layout.look import Look
from viz.views.drawing import Drawing

SNAPSHOTS = Path(__file__).with_name("snapshots") / "looks"


def named(value: Any, label: str) -> Any:
    """Give a node a name and hand it on."""
    value.label = label
    return value


def grouped(backward: bool = True) -> tuple[Any, Any]:
    """Nested groups with names inside names, what stands outside, a fork, a constant; the result and an input."""
    x, w, b = Value(2.0, label="x"), Value(-0.75, label="net.layer.w"), Value(0.5, label="net.layer.inner.b")
    with ag.group("net"):
        with ag.group("net.layer"):
            h = named(x * w, "net.layer.product")
            with ag.group("net.layer.inner"):
                h = (h + b).tanh()
        out = named(h * 3.0, "net.out")
    with ag.group("loss"):
        f = named((out - x) ** 2, "loss.value")
    if backward:
        f.backward()
    return f, x


def with_path() -> Any:
    """The way from one input to the result."""
    f, x = grouped()
    return viz.draw(f, path=x)


def fork(uses: int) -> Any:
    """A node that is used several times, with constants."""
    x = Value(1.5, label="x")
    f = named(ag.sum([x * float(k) for k in range(1, uses)] + [x]), "f")
    f.backward()
    return f


def layered() -> Any:
    """A net of two layers, labelled."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    model.label_parameters()
    out: Any = model([Value(0.5, label="x1"), Value(-2.0, label="x2")])
    out.backward()
    return out


def long_chain() -> Any:
    """A chain with a weight that is used in all of it."""
    w = Value(1.125, label="w")
    y = Value(2.0, label="start")
    for _ in range(12):
        y = (y * w).tanh()
    y.backward()
    return named(y, "end")


def passes() -> Any:
    """Two passes of one expression, of which one input differs."""

    def once(w: float) -> Any:
        x, v = Value(3.0, label="x"), Value(w, label="w")
        f = named(named(x * v, "q") + x, "f")
        f.backward()
        return f

    return viz.compare(once(2.0), once(5.25)).drawing


def partly() -> Any:
    """A result whose own backward pass has not run, with gradients from elsewhere."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    (x * 5).backward()
    return named((x * y).exp(), "f")


def small(limit: int) -> Any:
    """What is drawn of a chain after its layout has taken too long."""
    f = long_chain()
    return Drawing(shrunk(read(f, focus=ag.topological_order(f)[0]), limit), Look("boxes"))


def shrunk_folds() -> Any:
    """The same of a graph that has folds and constants in it."""
    return Drawing(shrunk(read(layered(), collapse="layers.*.neurons.*"), 3), Look())


def special() -> Any:
    """Numbers that read differently, and a label that is too long."""
    xs = [Value(x, label=label) for label, x in {"tiny": 1e-9, "large": 1.25e12, "nan": math.nan, "inf": math.inf}.items()]
    return ag.sum([*xs, Value(-0.0, label="a label that goes on beyond thirty-two columns"), Value(1 / 3)])


def sourced() -> Any:
    """Many operands, and the lines that made them."""
    xs = [Value(float(i), label=f"x{i}") for i in range(14)]
    f = ag.dot(xs[:7], xs[7:])
    f.backward()
    return f


LOOKS: dict[str, Callable[[], Any]] = {
    "frames": lambda: viz.draw(grouped()[0]),
    "frames_boxes_dark": lambda: viz.draw(grouped()[0], style="boxes", theme="dark", direction="TB"),
    "frames_chain_rule": lambda: viz.draw(grouped()[0], local_gradients=True, precision=3),
    "frames_path": with_path,
    "frames_folded": lambda: viz.draw(grouped()[0], collapse="net.layer.inner", direction="RL"),
    "frames_folded_outermost": lambda: viz.draw(grouped()[0], collapse=True, theme="print", style="boxes"),
    "frames_not_yet": lambda: viz.draw(grouped(backward=False)[0], collapse="net.layer", local_gradients=True),
    "fork_of_three": lambda: viz.draw(fork(3), local_gradients=True, style="boxes"),
    "fork_of_six": lambda: viz.draw(fork(6), local_gradients=True, direction="TB"),
    "neurons": lambda: viz.draw(layered(), collapse="layers.*.neurons.*"),
    "neurons_downwards": lambda: viz.draw(
        layered(), collapse="layers.*.neurons.*", direction="TB", style="boxes", theme="dark"
    ),
    "layers": lambda: viz.draw(layered(), collapse=True, direction="BT"),
    "left_out": lambda: viz.draw(long_chain(), max_nodes=8),
    "left_out_boxes": lambda: viz.draw(long_chain(), max_nodes=6, style="boxes", direction="BT"),
    "crowd": lambda: viz.draw(named(ag.sum([Value(1.0, label="x"), *[0.5] * 40]), "s"), max_nodes=300),
    "upwards": lambda: viz.draw(fork(3), direction="BT"),
    "passes": passes,
    "partly": lambda: viz.draw(partly(), local_gradients=True),
    "partly_boxes": lambda: viz.draw(partly(), style="boxes", direction="RL"),
    "shrunk": lambda: small(5),
    "shrunk_folds": shrunk_folds,
    "special": lambda: viz.draw(special(), precision=6),
    "many_operands": lambda: viz.draw(sourced(), direction="TB"),
}


def text_of(picture: Any) -> str:
    """All that a picture says of itself that needs no layout."""
    graph = picture.graph
    told = ["\n".join(details(graph, place)) for place in range(len(graph.nodes))]
    edges = [edge_title(graph, edge) for edge in graph.edges]
    return "\n\n".join([repr(picture), str(picture), *told, *edges, picture.dot, skeleton(picture.measured, {})]) + "\n"


def stills() -> dict[str, str]:
    """SVG of the player's steps, and of all of them in one."""
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    walk = viz.steps(named((x * y).maximum(x) + 2.0, "f"))
    down = viz.steps(named(x * y, "f"), direction="TB", style="boxes", theme="dark", precision=2)
    return {
        "step_3": walk.still(2).svg, "step_last": walk.last.svg,
        "film_strip": walk.film_strip.svg, "film_strip_down": down.film_strip.svg,
    }  # fmt: skip


def pages() -> dict[str, str]:
    """The pages of a player, an explanation and an interactive picture, without their SVG, their scope by one name."""
    x, y = Value(3.0, label="x & y"), Value(-4.0, label="y")
    f = named((x * y + x).relu() * 0.5 + x * 2.0, "f")
    f.backward()
    shown = {
        "player": viz.steps(f, precision=3),
        "explanation": viz.explain(f, x, max_paths=2, theme="dark"),
        "interactive": viz.draw(f, theme="print").interactive(),
    }
    found = {}
    for name, thing in shown.items():
        page = re.sub(r'(?<=src="data:image/svg\+xml;base64,)[^"]*', "(the picture)", thing.page)
        found[name] = re.sub(r'data-glassgrad="g[0-9a-f]{12}"', 'data-glassgrad="scope"', page)
    return found


def update() -> None:
    """Write all snapshots again."""
    SNAPSHOTS.mkdir(parents=True, exist_ok=True)
    for name, make in LOOKS.items():
        picture = make()
        (SNAPSHOTS / f"{name}.svg").write_text(picture.svg, encoding="utf-8")
        (SNAPSHOTS / f"{name}.txt").write_text(text_of(picture), encoding="utf-8")
    for name, svg in stills().items():
        (SNAPSHOTS / f"{name}.svg").write_text(svg, encoding="utf-8")
    for name, page in pages().items():
        (SNAPSHOTS / f"{name}.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("look at the pictures, then say --update")
    update()
