"""A teacher's slides about one neuron: stills, a film strip, a player in the pupils' language, and one step of descent.

python teacher_slides.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import nn
import viz
from autograd import Value, exp


def neuron(weight: float) -> tuple[Value, list[Value]]:
    """The sigmoid of w*x + b, written out, after its backward pass; and its inputs."""
    inputs = [Value(weight, label="w"), Value(2.0, label="x"), Value(-3.0, label="b")]
    w, x, b = inputs
    y = 1 / (1 + exp(-(w * x + b)))
    y.label = "y"
    y.backward()
    return y, inputs


def main(folder: Path) -> None:
    """Make every picture of the talk."""
    y, inputs = neuron(2.0)
    walk = viz.steps(y)
    walk.first.save(folder / "1-forward.svg")
    walk.still(len(walk) // 2).save(folder / "2-middle.pdf")
    walk.last.save(folder / "3-backward.png", dpi=300)
    walk.film_strip.save(folder / "handout.pdf")
    viz.steps(y, language="ko").save(folder / "player.html")
    viz.explain(y, inputs[0], language="de").save(folder / "warum.html")

    before = viz.draw(y)
    after = viz.draw(neuron(2.0 - 0.5 * inputs[0].grad)[0])
    viz.compare(before, after).save(folder / "4-step.svg")

    net = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    answer = net([1.0, -2.0])
    answer.backward()
    viz.draw(answer, theme="print").save(folder / "5-net.png", scale=2)
    viz.draw(y).save(folder / "6-neuron.svg", font_size=14, width=25)
    print("\n".join(sorted(path.name for path in folder.iterdir())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
