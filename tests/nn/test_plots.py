"""Pictures of training, where matplotlib is installed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import nn
from nn import plots


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    history = nn.History()
    with pytest.raises(ValueError, match="no epoch to draw"):
        history.plot()
    history.epochs.append({"epoch": 1.0, "loss": 1.0})
    with pytest.raises(ImportError, match=r"glassgrad\[plots\]"):
        history.plot()
    with pytest.raises(ValueError, match="samples of two numbers, got 1"):
        nn.plot_decision_boundary(lambda x: x[0], [[1.0]], [1])


@pytest.fixture
def pyplot() -> Any:
    """Matplotlib without a window, and without figures left open."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    plt = plots._pyplot()
    yield plt
    plt.close("all")


def test_a_history_is_drawn(pyplot: Any) -> None:
    """One panel for each number, training and validation told apart by dash as well as by colour."""
    history = nn.History()
    for i in (1.0, 2.0, 3.0):
        history.epochs.append({"epoch": i, "loss": 1 / i, "lr": 0.1, "accuracy": 0.5, "val_loss": 2 / i, "val_accuracy": 0.4})
    figure = history.plot()
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss", "accuracy"]
    training, validation = figure.axes[0].get_lines()
    assert list(validation.get_ydata()) == [2.0, 1.0, 2.0 / 3]
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_color() != validation.get_color()


def test_a_boundary_is_drawn(pyplot: Any) -> None:
    """The classes' samples have marks of their own, and the ground is what the model says there."""
    figure = nn.plot_decision_boundary(lambda x: x[0] - x[1], [[0.0, 1.0], [1.0, 0.0], [2.0, 0.5]], [-1, 1, 1], resolution=8)
    (axis,) = figure.axes
    scatters = [c for c in axis.collections if type(c).__name__ == "PathCollection"]
    assert sorted(len(c.get_offsets()) for c in scatters) == [1, 2]
    assert len({tuple(map(tuple, c.get_paths()[0].vertices)) for c in scatters}) == 2
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["-1", "1"]
