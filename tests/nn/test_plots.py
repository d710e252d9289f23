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


class Recorder:
    """Stands for matplotlib: remembers what it was asked to do, and gives itself for whatever is made."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            self.calls.append((name, args, options))
            return self

        return call

    def subplots(self, rows: int = 1, columns: int = 1, *, squeeze: bool = True, **options: Any) -> Any:
        """A figure and its panels."""
        self.calls.append(("subplots", (rows, columns), options))
        return self, self if squeeze else [[self] * columns for _ in range(rows)]

    def get_cmap(self, name: str) -> Any:
        """A colour map that tells what it was asked."""
        return lambda x: (name, x)

    def all(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        """The calls of one name."""
        return [(args, options) for called, args, options in self.calls if called == name]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """In the place of matplotlib, so that this runs without it."""
    stand_in = Recorder()
    monkeypatch.setattr(plots, "_pyplot", lambda: stand_in)
    return stand_in


def test_what_is_asked_of_matplotlib_for_a_history(recorder: Recorder) -> None:
    """A panel of 5 by 3.6 inches for each number that isn't epoch or lr, a solid blue line, a dashed orange one, a legend."""
    history = nn.History()
    history.epochs = [{"epoch": float(i), "loss": 1 / i, "lr": 0.1, "r2": i / 2, "val_loss": 2 / i} for i in (1, 2)]
    assert history.plot() is recorder
    (subplots,) = recorder.all("subplots")
    assert subplots == ((1, 2), {"figsize": (10, 3.6), "layout": "constrained"})
    assert recorder.all("plot") == [
        (([1.0, 2.0], [1.0, 0.5], "-"), {"color": "#0072B2", "label": "training"}),
        (([1.0, 2.0], [2.0, 1.0], "--"), {"color": "#E69F00", "label": "validation"}),
        (([1.0, 2.0], [0.5, 1.0], "-"), {"color": "#0072B2", "label": "training"}),
    ]
    assert recorder.all("set_xlabel") == [(("epoch",), {})] * 2
    assert recorder.all("set_ylabel") == [(("loss",), {}), (("r2",), {})]
    assert recorder.all("grid") == [((), {"alpha": 0.3})] * 2
    assert len(recorder.all("legend")) == 2


def test_what_is_asked_of_matplotlib_for_a_boundary(recorder: Recorder) -> None:
    """The ground reaches a tenth beyond the samples, the model is asked at each point, and each label has a mark and colour."""
    asked: list[Any] = []

    def model(x: Any) -> Any:
        asked.append(x)
        return [x[0], x[1], -100.0]

    X, y = [[0.0, 5.0], [10.0, 5.0], [5.0, 5.0], [2.0, 5.0]], [2, 0, 2, 7]
    assert nn.plot_decision_boundary(model, X, y, resolution=3) is recorder
    ((across, up, rows), options) = recorder.all("contourf")[0]
    assert across == pytest.approx([-1.0, 5.0, 11.0])
    assert up == pytest.approx([4.9, 5.5, 6.1])  # all at one height: as if they reached one up
    assert asked == [[a, b] for b in up for a in across]
    assert rows == [[float(b > a) for a in across] for b in up]
    assert options == {"levels": 1, "cmap": "cividis", "alpha": 0.35}
    style = {"edgecolor": "black", "linewidth": 0.6}
    assert recorder.all("scatter") == [
        (([10.0], [5.0]), {"label": "0", "marker": "o", "color": ("cividis", 0.0), **style}),
        (([0.0, 5.0], [5.0, 5.0]), {"label": "2", "marker": "^", "color": ("cividis", 0.5), **style}),
        (([2.0], [5.0]), {"label": "7", "marker": "s", "color": ("cividis", 1.0), **style}),
    ]
    assert recorder.all("legend") == [((), {"title": "label"})]
    assert recorder.all("subplots") == [((1, 1), {"figsize": (5, 4.2), "layout": "constrained"})]


def test_a_boundary_of_one_output_and_of_many_labels(recorder: Recorder) -> None:
    """One output is judged by its side of 0, at 60 points along each side; marks repeat after ten labels."""
    labels = list(range(12))
    nn.plot_decision_boundary(lambda x: x[0], [[float(i), float(-i)] for i in labels], labels)
    ((across, up, rows), options) = recorder.all("contourf")[0]
    assert (len(across), len(up), len(rows), len(rows[0])) == (60, 60, 60, 60)
    assert rows[0] == [float(a > 0) for a in across]
    assert options["levels"] == 1
    assert [o["marker"] for _, o in recorder.all("scatter")] == ["o", "^", "s", "D", "v", "P", "X", "*", "<", ">", "o", "^"]
    other = Recorder()
    plots._pyplot = lambda: other  # type: ignore[assignment]  # put back by the fixture
    nn.plot_decision_boundary(lambda x: [x[0], 0.3, -x[0]], [[-1.0, 0.0], [1.0, 0.0]], [0, 0], resolution=5)
    assert other.all("contourf")[0][1]["levels"] == 2
    assert [o["color"] for _, o in other.all("scatter")] == [("cividis", 0.0)]
