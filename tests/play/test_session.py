"""What the playground's page asks of Python, without a browser: texts, numbers, examples, errors."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import viz
from viz.cli import CommandError, run

PLAY = Path(__file__).parents[2] / "docs" / "play"
spec = importlib.util.spec_from_file_location("playground_session", PLAY / "session.py")
assert spec is not None
assert spec.loader is not None
session: Any = importlib.util.module_from_spec(spec)
sys.modules["playground_session"] = session  # where dataclasses look for their module
spec.loader.exec_module(session)

EXAMPLES = json.loads((PLAY / "examples.json").read_text(encoding="utf-8"))
LECTURE = "q = x + y; f = q * z"
ASKED = {
    "theme": "light",
    "style": "circuit",
    "direction": "LR",
    "local": False,
    "explain": "",
    "steps": False,
    "play": False,
    "trusted": True,
}


def answered(text: str, numbers: dict[str, float] | None = None, to: Any = None, **wanted: Any) -> dict[str, Any]:
    """The answer of a session, a new one if none is given."""
    asked = ASKED | {"text": text, "numbers": numbers or {}} | wanted
    answer: dict[str, Any] = json.loads((to or session.Session()).answer(json.dumps(asked)))
    return answer


def table(answer: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Value and gradient of each row, by its name."""
    return {
        name: (float(value), math.nan if gradient == "-" else float(gradient)) for name, value, gradient, _ in answer["rows"]
    }


# ---- expressions -----------------------------------------------------------------------------------


@pytest.mark.graphviz
def test_an_expression_is_answered_as_the_command_answers_it() -> None:
    """The numbers of the lecture, and the picture that viz draws of them with room for others."""
    answer = answered(LECTURE, {"x": -2, "y": 5, "z": -4})
    assert answer["kind"] == "expression"
    assert answer["names"] == ["x", "y", "z"]
    assert table(answer) == {"x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q": (3, -4), "f": (-12, 1)}
    f = run(LECTURE, {"x": -2, "y": 5, "z": -4}).result.value
    f.backward()
    assert answer["svg"] == viz.draw(f, room=7).svg
    assert answer["places"] == ["x", "y", "q", "z", "f"]
    assert answer["error"] == answer["explanation"] == answer["steps"] == answer["printed"] == ""


@pytest.mark.graphviz
def test_a_name_without_a_number_gets_one() -> None:
    """New names count from 1 in the order of their first use; those that the page has numbers for keep them."""
    answer = answered("a * b + c", {"b": -7})
    assert answer["numbers"] == {"a": 1, "b": -7, "c": 3}
    assert table(answer)["a"] == (1, -7)


@pytest.mark.parametrize(
    "text", ["2x^2", "f = g + 1; g = 2", "(x", "", "x if y else", "log(x)", "exp", "foo(x)", "x = 2; x = 3"]
)
def test_errors_are_the_commands(text: str) -> None:
    """What the command refuses is refused in its words, and nothing is drawn."""
    answer = answered(text, {"x": -1})
    numbers = {"x": -1.0} if "x" in answer["names"] else {}
    with pytest.raises(CommandError) as told:
        run(text, numbers)
    assert answer["error"] == str(told.value)
    assert "svg" not in answer


@pytest.mark.graphviz
def test_known_constants_are_told() -> None:
    """A constant that is used stands below the table."""
    assert answered("pi * r ** 2", {"r": 1})["constants"] == {"pi": "3.14159"}


@pytest.mark.graphviz
def test_what_the_result_does_not_depend_on() -> None:
    """Its gradient is a dash, and there is nothing to choose."""
    answer = answered("q = x + y; f = x * 2", {"x": 1, "y": 2})
    rows = {row[0]: row[1:] for row in answer["rows"]}
    assert rows["y"] == ["2", "-", ""]
    assert rows["x"] == ["1", "2", "x"]


# ---- Python ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "python"),
    [(LECTURE, False), ("tanh(x)", False), ("x.tanh()", True), ("[x for x in (a, b)][0]", True), ("c = x\nc += 1\nc", True),
     ("import math", True), ("x^2", False), ("2x", False), ("def f(x", True), ("a, b = c", True), ("x > 1", True)],
)  # fmt: skip
def test_which_texts_are_python(text: str, python: bool) -> None:
    """A text is Python if it has what only Python has; slips on paper are the command's to explain."""
    assert session.is_python(text) == python


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(t):\n    return t * w + b\nf(x).tanh()", ["w", "b", "x"]),
        ("import numpy as np\nfrom math import tau as t\nv = [k * t for k in range(n)]\nv[0]", ["n"]),
        ("try:\n    y = x.exp()\nexcept ValueError as e:\n    y = e\ny", ["x"]),
        ("class A:\n    z = q\nA.z + Value(2) + autograd.exp(s) + print.x", ["q", "s"]),
        ("(lambda a, *b, c=d: a)(u)", ["d", "u"]),
    ],
)
def test_the_free_names_of_a_program(text: str, names: list[str]) -> None:
    """They are what it takes from nowhere: not assigned, imported, built in, or of autograd."""
    assert session.free_names(text) == names


@pytest.mark.graphviz
def test_a_program_is_run() -> None:
    """Its last line is the result, its Values are labelled by their names, and what it prints is shown."""
    answer = answered("h = [tanh(w * x) for w in (u, v)]\nprint('two units')\ns = h[0] + h[1]\ns", {"x": 0.5, "u": 1, "v": -1})
    assert answer["kind"] == "python"
    assert answer["printed"] == "two units\n"
    slope = 1 - math.tanh(0.5) ** 2
    wanted = {"x": (0.5, 0.0), "u": (1, 0.5 * slope), "v": (-1, 0.5 * slope), "s": (0, 1)}
    found = table(answer)
    assert found.keys() == wanted.keys()
    for name, pair in wanted.items():
        assert found[name] == pytest.approx(pair, rel=1e-5)


@pytest.mark.graphviz
def test_a_program_may_use_nets() -> None:
    """The package nn is there for a program that names it, and is no free name."""
    answer = answered("net = nn.MLP(2, [3, 1], seed=1)\nnet([x, y])", {"x": 0.5, "y": -1})
    assert answer["names"] == ["x", "y"]
    assert answer["error"] == ""


@pytest.mark.graphviz
@pytest.mark.parametrize(
    "text",
    ["y = x.exp()", "y = x\ny *= x.exp()", "y: Value = x.exp()", "y = x.exp()\ny.backward()\ny", "import math\nx + math.pi"],
)
def test_how_a_program_may_end(text: str) -> None:
    """With an expression or an assignment, after a backward pass or before."""
    answer = answered(text, {"x": 1.0})
    assert answer["error"] == ""
    assert answer["rows"][-1][2] == "1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y = x.exp()\ny.nothing\ny", "AttributeError: .*nothing.* (line 2)"),
        ("def f(t):\n    return t / 0\nf(x.exp())", "ZeroDivisionError: .* (line 2)"),
        ("import math\nx = 3", "the last line must have the result, one Value, such as f; it has int 3"),
        ("[y.exp() for y in (x, x)]", "it has list "),
        ("for k in (1, 2):\n    pass", "it has none"),
        ("def f(:", "SyntaxError: "),
        ("import glassgrad_of_nowhere\nx", "ModuleNotFoundError: .* (line 1)"),
    ],
)
def test_errors_of_a_program(text: str, words: str) -> None:
    """They are told as Python names them, with the line of the text."""
    pattern = words.replace("(line", r"\(line").replace("2)", r"2\)").replace("1)", r"1\)")
    answer = answered(text, {"x": 1})
    assert re.search(pattern, answer["error"]), answer["error"]


@pytest.mark.graphviz
@pytest.mark.parametrize("text", ["{1: ｅxec('print(1)')}", "x.exp()", "import os\nx", "[print(x) for x in (1,)]", "lambda: x"])
def test_a_program_that_is_not_trusted_is_not_run(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """However it is written, Python is held back, and an expression isn't."""
    answer = answered(text, {"x": 1}, trusted=False)
    assert answer["held"]
    assert "rows" not in answer
    assert capsys.readouterr().out == ""
    assert "held" not in answered("tanh(x)", {"x": 1}, trusted=False)


# ---- what else is asked for ------------------------------------------------------------------------


@pytest.mark.graphviz
def test_an_explanation_and_a_player() -> None:
    """Both are those of viz, by a name or by the number of a node without one; the player has a limit, which is told."""
    numbers = {"x": -2, "y": 5, "z": -4}
    answer = answered(LECTURE, numbers, explain="x", steps=True, theme="dark")
    f = run(LECTURE, numbers).result.value
    f.backward()
    order = {value.label: value for value in (f, *f.parents, *f.parents[0].parents)}
    assert answer["explanation"] == viz.explain(f, order["x"], theme="dark", room=7).html
    assert answer["steps"] == viz.steps(f, theme="dark", room=7).html
    assert "the only path from #2" in answered("exp(x * 2)", {"x": 1}, explain="#2")["explanation"]
    assert answered(LECTURE, numbers, explain="nobody")["explanation"] == ""
    assert "at most 150 nodes" in answered("+".join(["x"] * 200), {"x": 1}, steps=True)["steps"]


@pytest.mark.graphviz
def test_a_page_to_play_with() -> None:
    """It is that of viz, with the names of its inputs, and its shape tells graphs apart; what can't be played with is told."""
    answer = answered(LECTURE, {"x": -2, "y": 5, "z": -4}, play=True, style="boxes")
    f = run(LECTURE, {"x": -2, "y": 5, "z": -4}).result.value
    assert answer["play"] == viz.play(f, style="boxes", direction="LR", room=7).html
    assert answer["inputs"] == ["x", "y", "z"]
    assert answer["slots"] == {"x": 0, "y": 1, "z": 2, "q": 3, "f": 4}
    assert answered(LECTURE, {"x": 1})["shape"] == answer["shape"] != answered(LECTURE.replace("+", "-"), {"x": 1})["shape"]
    program = "odd = autograd.primitive(lambda x: 2 * x, lambda z, x: 2.0, name='odd')\nodd(u)"
    assert "odd can&#x27;t be written in JavaScript" in answered(program, {"u": 1}, play=True)["play"]


@pytest.mark.graphviz
def test_a_session_follows_its_numbers() -> None:
    """Answer after answer is that of a new session, whatever was asked before; an error in between does no harm."""
    one = session.Session()
    for text, x in (("tanh(w * x)", 0.5), ("tanh(w * x)", -0.25), ("log(w * x)", -1), ("exp(x) * w", 2), ("tanh(w * x)", 1)):
        for wanted in ({}, {"steps": True}, {"play": True}, {"style": "boxes", "local": True, "explain": "x"}):
            numbers = {"w": 3, "x": x}
            assert answered(text, numbers, one, **wanted) == answered(text, numbers, **wanted)


# ---- the textbook ----------------------------------------------------------------------------------

NEURON = {"w0": -0.196612, "x0": 0.393224, "w1": -0.393224, "x1": -0.589836, "w2": 0.196612}
# As on paper; the names of the page's examples.
TEXTBOOK = {
    "Add, then multiply": (-12, {"x": -4, "y": -4, "z": 3, "q": -4}),
    "Two apples with tax": (220, {"apple": 2.2, "number": 110, "tax": 200}),
    "Apples and oranges": (715, {"n": 110, "a": 2.2, "o": 3.3, "m": 165, "tax": 650}),
    "Drinks for ten": (48000, {"w": 20, "n": 15000, "j": 10, "m": 18000, "people": 4800}),
    "A sum, then a product": (1200, {"x": 4, "y": 4, "z": 300}),
    "A chain of gates": (50, {"x1": 15, "x2": 10, "x3": 5, "x4": 10}),
    "A square of a sum": (49, {"x": 14, "y": 14}),
    "A lecture's chain": (-8, {"a": 6, "b": -4, "c": -2, "f": 4}),
    "The sigmoid neuron, gate by gate": (0.731059, NEURON),
    "The sigmoid neuron with one gate": (0.731059, NEURON),
    "The max gate routes": (-20, {"x": -8, "y": 6, "z": 2, "w": 0}),
    "A tanh neuron": (0.707107, {"x1": -1.5, "w1": 1, "x2": 0.5, "w2": 0}),
    "Squared norm of W x": (0.116, {"w00": 0.088, "w01": 0.176, "w10": 0.104, "w11": 0.208, "x0": -0.112, "x1": 0.636}),
    "Softmax with cross-entropy": (1.60944, {"a1": 0.3, "a2": -0.8, "a3": 0.5}),
    "Staged computation": (1.54564, {"x": 2.05957, "y": 1.59223}),
    "Why an order is needed": (4, {"a": 4, "b": 2}),
    "A small graph of a benchmark": (612.5, {"a": -35, "b": 1050}),
    "micrograd's README, in Python": (24.7041, {"a": 138.834, "b": 645.577}),
}  # fmt: skip


@pytest.mark.graphviz
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_the_menu_has_the_textbooks_numbers(example: dict[str, Any]) -> None:
    """Each example of the menu gives the value and the gradients of its book, and has a number for each free name."""
    answer = answered(example["text"], example["numbers"])
    assert answer["error"] == ""
    assert sorted(answer["names"]) == sorted(example["numbers"])
    if example["title"] in TEXTBOOK:
        value, gradients = TEXTBOOK[example["title"]]
        found = table(answer)
        assert list(found.values())[-1] == pytest.approx((value, 1), rel=1e-5)
        for name, gradient in gradients.items():
            assert found[name][1] == pytest.approx(gradient, rel=1e-5, abs=1e-9)
    else:
        assert example["title"] == "Eight tanh units, in Python"
        assert len(answer["places"]) > 60


def test_every_example_of_the_book_is_in_the_menu() -> None:
    """No row of the table above has lost its example."""
    assert set(TEXTBOOK) <= {example["title"] for example in EXAMPLES}
