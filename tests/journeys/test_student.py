"""A student's two days with a net: both scripts run, and each planted mistake gets the message that helps."""

from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nn

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def ran(script: str, folder: Path) -> str:
    """What a script prints, run as a student runs it: in a folder of its own, with nothing on standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(HERE / script), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The first day's folder, and what its script printed."""
    folder = tmp_path_factory.mktemp("student")
    return folder, ran("student_monday.py", folder)


def test_monday(monday: tuple[Path, str]) -> None:
    """From a CSV to a net that knows nearly all flowers, with a summary, a confusion matrix and a file."""
    folder, said = monday
    assert "layers.0  Layer   2 -> 8  tanh                24" in said
    assert float(said.partition("held out: ")[2].split()[0]) >= 0.9
    assert float(said.partition("'accuracy': ")[2].rstrip("}").split("}")[0]) >= 0.95
    assert "true   0   1   2" in said
    assert sorted(path.name for path in folder.iterdir()) == ["flowers.csv", "flowers.json", "predictions.json"]


def test_tuesday(monday: tuple[Path, str]) -> None:
    """The next day another process makes the net from its file, with the same answers to the bit, and trains on."""
    said = ran("student_tuesday.py", monday[0]).splitlines()
    assert said[0] == "MLP([tanh 2->8, linear 8->3], 51 parameters)"
    assert said[1] == "the same as yesterday, to the last bit: True"
    assert said[2].startswith("the new flower is a rose, with probability ")
    assert float(said[3].rpartition(" ")[2]) >= 0.95


@pytest.fixture
def flowers(monday: tuple[Path, str]) -> tuple[list[list[str]], list[str]]:
    """The measurements and the kinds, as the CSV has them: as text."""
    with open(monday[0] / "flowers.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [row[:2] for row in rows], [row[2] for row in rows]


def net(outputs: int = 3) -> nn.MLP:
    """The student's net."""
    return nn.MLP(2, [8, outputs], activation="tanh", seed=0)


MISTAKES: dict[str, tuple[Any, type[Exception], str]] = {
    "labels as words": (
        lambda X, y, path: nn.fit(net(), X, y, loss="cross_entropy"), TypeError,
        r"y\[0\] is 'iris', which isn't a number; number the labels: names = sorted\(set\(y\)\), and then y = \[names.index",
    ),
    "an empty cell": (
        lambda X, y, path: nn.fit(net(), [*X[:3], ["", "1.0"]], [0, 1, 2, 0], loss="cross_entropy"), TypeError,
        r"X\[3\]\[0\] is '', which isn't a number; fill it in or leave the row out",
    ),
    "a nan in a cell": (
        lambda X, y, path: nn.fit(net(), [*X[:3], ["nan", "1.0"]], [0, 1, 2, 0], loss="cross_entropy"), ValueError,
        r"X\[3\]\[0\] is nan; fill it in or leave the row out",
    ),
    "too few outputs": (
        lambda X, y, path: nn.fit(net(2), X[:3], [0, 1, 2], loss="cross_entropy"), ValueError,
        "a label is a whole number from 0 to 1, got 2; a model needs 3 outputs for that label",
    ),
    "one output for many labels": (
        lambda X, y, path: nn.fit(net(1), X[:3], [0, 1, 2], loss="cross_entropy"), ValueError,
        "cross_entropy takes a list of numbers .* got Value; give the model an output for each label, or write loss='bce'",
    ),
    "0 and 1 for hinge": (
        lambda X, y, path: nn.fit(net(1), X[:2], [0, 1], loss="hinge"), ValueError,
        "it must be -1 or 1; for labels 0 and 1 write loss='bce', or make them -1 and 1",
    ),
    "another word for a loss": (
        lambda X, y, path: nn.fit(net(), X[:2], [0, 1], loss="crossentropy"), ValueError,
        "there is no loss 'crossentropy'; write one of mse, mae, huber, hinge, bce, cross_entropy, nll",
    ),
    "the old net's optimizer": (
        lambda X, y, path: nn.fit(net(), X[:2], [0, 1], loss="cross_entropy", optimizer=nn.Adam(net().parameters())),
        ValueError,
        r"holds none of this model's parameters.*make a new optimizer for the new model, as in Adam\(model.parameters\(\)",
    ),
    "a method of Keras": (
        lambda X, y, path: net().fit(X, y), AttributeError,  # type: ignore[attr-defined]
        r"'MLP' object has no attribute 'fit'; write nn.fit\(model, X, y\)",
    ),
    "all samples at once": (
        lambda X, y, path: net()([[1.0, 2.0], [3.0, 4.0]]), ValueError,
        r"takes one sample at a time, got a batch of 2; use nn.predict\(model, X\) for numbers",
    ),
    "three columns for two": (
        lambda X, y, path: nn.predict(net(), [[1.0, 2.0, 3.0]]), ValueError, "this Layer takes 2 inputs, got 3",
    ),
    "yesterday's numbers in another net": (
        lambda X, y, path: nn.MLP(2, [8, 3]).load(path), ValueError,
        r"flowers.json: this state is of MLP\(.*'tanh'.* this model is MLP\(.*'relu'.*nothing was changed.*nn.load",
    ),
    "yesterday's numbers in a larger net": (
        lambda X, y, path: nn.MLP(2, [9, 3], "tanh").load(path), ValueError, "outputs of layers.0 is 8 there and 9 here",
    ),
    "a table for a file": (
        lambda X, y, path: nn.load(path.with_suffix(".csv")), ValueError, "flowers.csv isn't a file of Module.save",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_gets_its_message(mistake: str, flowers: Any, monday: tuple[Path, str]) -> None:
    """The message of each planted mistake says what was received and what to write instead."""
    call, kind, words = MISTAKES[mistake]
    with pytest.raises(kind, match=words):
        call(*flowers, monday[0] / "flowers.json")


def test_too_large_a_step(flowers: Any) -> None:
    """A rate far too large ends in a TrainingError with the history and advice, after which the same model trains on."""
    X, model = flowers[0], nn.MLP(2, [8, 8, 1], "linear", seed=0)
    y = [10.0 * float(row[0]) for row in X]
    with pytest.raises(
        nn.TrainingError, match=r"value is -?inf at .*, in .*The loss went .*lower lr \(it is 5\), or clip the gr"
    ) as caught:
        nn.fit(model, X, y, lr=5.0, epochs=50, verbose=0)
    assert caught.value.history["loss"]
    assert all(math.isfinite(p.data) for p in model.parameters())
    history = nn.fit(model, X, y, lr=0.001, epochs=3, verbose=0)
    assert history["loss"][-1] < history["loss"][0]


def test_a_net_that_was_lost(flowers: Any) -> None:
    """In a loop of one's own that diverged, the next fit() names the parameter that isn't finite."""
    model = net(1)
    model.layers[0].neurons[2].w[1].data = math.nan
    with pytest.raises(ValueError, match=r"the parameter layers.0.neurons.2.w.1 is nan: the model's parameters aren't finite"):
        nn.fit(model, flowers[0], [1.0] * 60, verbose=0)
