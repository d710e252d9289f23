"""Metrics over labels, and the confusion matrix, as text and drawn."""

from __future__ import annotations

import importlib.util
import random
import sys
from typing import Any

import numpy as np
import pytest

import nn
from nn import metrics, plots


def test_metrics_of_two_labels_are_their_formulas() -> None:
    """Of 3 said to be label 1 are 2 right, and of 4 that are label 1 are 2 said: 2/3, 1/2, and their harmonic mean."""
    outputs, targets = [1.0, 2.0, 0.5, -1.0, 0.0, -3.0], [1.0, 1.0, -1.0, 1.0, 1.0, -1.0]
    assert metrics.precision(outputs, targets) == 2 / 3
    assert metrics.recall(outputs, targets) == 1 / 2
    assert metrics.f1(outputs, targets) == pytest.approx(4 / 7, rel=1e-15)
    assert metrics.f1(outputs, [float(t > 0) for t in targets]) == metrics.f1(outputs, targets)


def test_what_is_never_said_or_never_true_counts_as_nothing() -> None:
    """Without anything said to be label 1 precision is 0, without any label 1 recall is 0, and f1 is 0 with either."""
    assert (metrics.precision([-1.0], [1.0]), metrics.recall([1.0], [-1.0])) == (0.0, 0.0)
    assert metrics.f1([-1.0], [1.0]) == metrics.f1([1.0], [-1.0]) == metrics.f1([-1.0], [-1.0]) == 0.0
    assert metrics.precision([[1.0, 0.0], [1.0, 0.0]], [0, 1]) == 1 / 4


def test_metrics_agree_with_scikit_learn() -> None:
    """Random labels of two and of four kinds: accuracy, precision, recall, f1 and the confusion matrix are scikit-learn's."""
    theirs = pytest.importorskip("sklearn.metrics")
    rng = random.Random(3)
    for count in (2, 4):
        targets = [rng.randrange(count) for _ in range(50)]
        said = [t if rng.random() < 0.6 else rng.randrange(count) for t in targets]
        outputs: Any = [float(s) - 0.5 for s in said] if count == 2 else [[float(s == k) for k in range(count)] for s in said]
        average = "binary" if count == 2 else "macro"
        assert metrics.accuracy(outputs, targets) == pytest.approx(theirs.accuracy_score(targets, said), rel=1e-15)
        for ours, other in ((metrics.precision, theirs.precision_score), (metrics.recall, theirs.recall_score),
                            (metrics.f1, theirs.f1_score)):  # fmt: skip
            assert ours(outputs, targets) == pytest.approx(other(targets, said, average=average), rel=1e-14)
        assert nn.confusion_matrix(outputs, targets).counts == theirs.confusion_matrix(targets, said).tolist()


def test_metrics_go_by_name_in_fit_and_evaluate() -> None:
    """precision, recall and f1 are in the history and in evaluate()."""
    X, y = [[0.0], [1.0], [2.0], [3.0]], [-1, -1, 1, 1]
    model = nn.Linear(1, 1, seed=0)
    history = nn.fit(model, X, y, loss="hinge", epochs=50, metrics=["f1", "precision", "recall"], progress=False)
    found = nn.evaluate(model, X, y, loss="hinge", metrics=["f1", "precision", "recall"])
    assert {name: history[name][-1] for name in ("f1", "precision", "recall")} == {
        name: found[name] for name in ("f1", "precision", "recall")
    } == {"f1": 1.0, "precision": 1.0, "recall": 1.0}  # fmt: skip


def test_a_confusion_matrix_reads_as_a_table() -> None:
    """A row for each true label and a column for each that was said, with the labels that were given."""
    matrix = nn.confusion_matrix([[0.1, 0.9, 0.0], [0.7, 0.2, 0.1], [0.0, 0.4, 0.6]], [1, 0, 1])
    assert (matrix.labels, matrix.counts) == ([0, 1, 2], [[1, 0, 0], [0, 1, 1], [0, 0, 0]])
    assert repr(matrix).splitlines() == [
        "      predicted",
        "true  0  1  2",
        "   0  1  0  0",
        "   1  0  1  1",
        "   2  0  0  0",
    ]
    many = nn.confusion_matrix(np.array([1.0] * 12 + [-1.0]), np.array([1.0] * 12 + [-1.0]))
    assert repr(many).splitlines() == ["      predicted", "true  -1   1", "  -1   1   0", "   1   0  12"]
    assert nn.confusion_matrix([[1.0, 0.0]], [1.0]).counts == [[0, 0], [1, 0]]
    assert nn.confusion_matrix([1.0, -1.0], [1, 1]).labels == [0, 1]
    assert nn.confusion_matrix([1.0, -1.0], [0, 0]).labels == [0, 1]


@pytest.mark.parametrize(
    ("outputs", "targets", "words"),
    [
        ([], [], "at least one of each"),
        ([1.0], [1, 0], "outputs of predict"),
        (1.0, 1, "outputs of predict"),
        ([1.0, 2.0, 3.0], [1, 2, 0], r"there are two labels, of which one is above 0, got \[0, 1, 2\]"),
        ([[1.0, 0.0]], [2], r"with 2 outputs the labels are 0 to 1, got \[2\]"),
        ([[1.0, 0.0]], [0.5], r"with 2 outputs the labels are 0 to 1, got \[0.5\]"),
    ],
)
def test_a_confusion_matrix_refuses(outputs: Any, targets: Any, words: str) -> None:
    """What isn't outputs and labels is an error that says so."""
    with pytest.raises(ValueError, match=words):
        nn.confusion_matrix(outputs, targets)


def test_a_confusion_matrix_is_drawn() -> None:
    """Where matplotlib is installed: the counts as an image with a number in each cell, the true labels upwards."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    figure = nn.confusion_matrix([1.0, -1.0, -1.0, 2.0], [1, -1, 1, 1]).plot()
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["1", "0", "1", "2"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["-1", "1"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")
    assert [text.get_color() for text in axis.texts] == ["white", "white", "white", "black"]
    plots._pyplot().close("all")


def test_a_plot_on_the_last_line_of_a_cell_appears_once() -> None:
    """In a notebook a figure is shown once, whether a cell ends with it or goes on, and again when it is asked for again."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    if not (importlib.util.find_spec("ipykernel") and importlib.util.find_spec("matplotlib")):
        pytest.skip("needs ipykernel and matplotlib")
    cells = [
        "%matplotlib inline\nimport nn\nhistory = nn.History()\nhistory.epochs = [{'epoch': 1.0, 'loss': 1.0, 'lr': 0.1}]",
        "figure = history.plot()\nfigure",
        "history.plot()\nNone",
        "figure",
        "nn.plot_decision_boundary(lambda x: x[0], [[0, 1], [1, 0]], [0, 1], resolution=3);",
        "nn.confusion_matrix([1.0], [1]).plot()",
    ]
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    before = set(sys.modules)
    nbclient.NotebookClient(page, timeout=120, extra_arguments=["--IPKernelApp.log_level=ERROR"]).execute()
    if "ipykernel" not in before:  # nbclient imports it, and fit() would take this process for a notebook's
        sys.modules.pop("ipykernel", None)
    pictures = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in page.cells]
    assert pictures == [0, 1, 1, 1, 1, 1]
