"""Pictures of training by matplotlib, an extra: ``pip install "glassgrad[plots]"``.

Colours are those of Okabe and Ito, 2008, which everybody can tell apart; besides, every curve has its own dash or mark.
"""

from __future__ import annotations

import importlib
from typing import Any

from .data import read_samples, read_targets
from .evaluation import predict

__all__ = ["plot_confusion", "plot_decision_boundary", "plot_history"]

BLUE, ORANGE = "#0072B2", "#E69F00"


def _pyplot() -> Any:
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError:
        raise ImportError('plots need matplotlib; install it with pip install "glassgrad[plots]"') from None


def plot_history(epochs: list[dict[str, float]]) -> Any:
    """The loss and the metrics by epoch, training and validation side by side.

    Args:
        epochs: those of a `History`.

    Returns:
        A matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the history is empty.
    """
    if not epochs:
        raise ValueError("this history has no epoch to draw")
    plt = _pyplot()
    names = [n for n in epochs[0] if n not in ("epoch", "lr") and not n.startswith("val_")]
    figure, axes = plt.subplots(1, len(names), figsize=(5 * len(names), 3.6), squeeze=False, layout="constrained")
    for axis, name in zip(axes[0], names, strict=True):
        for full, label, colour, dash in ((name, "training", BLUE, "-"), (f"val_{name}", "validation", ORANGE, "--")):
            if full in epochs[0]:
                xs, ys = ([row[column] for row in epochs] for column in ("epoch", full))
                axis.plot(xs, ys, dash, color=colour, label=label)
        axis.set_xlabel("epoch")
        axis.set_ylabel(name)
        axis.grid(alpha=0.3)
        axis.legend()
    return _shown_once(figure)


def plot_confusion(names: list[str], counts: list[list[int]]) -> Any:
    """How often each label was taken for each, as a table of shaded numbers.

    Args:
        names: the labels.
        counts: for each true label, how often each label was said.

    Returns:
        A matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed.
    """
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(2.5 + 0.5 * len(names), 2 + 0.5 * len(names)), layout="constrained")
    axis.imshow(counts, cmap="cividis")
    middle = max(map(max, counts)) / 2
    for true, row in enumerate(counts):
        for said, count in enumerate(row):
            axis.text(said, true, str(count), ha="center", va="center", color="black" if count > middle else "white")
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
    return _shown_once(figure)


def _shown_once(figure: Any) -> Any:
    """A figure that a notebook shows once: as the last line of a cell, or else with what pyplot shows at the cell's end.

    Without this, a figure on the last line would be shown by IPython and by pyplot.
    """
    plt = _pyplot()

    def display() -> None:
        del figure._ipython_display_  # from now on it is shown as any figure
        importlib.import_module("IPython.display").display(figure)
        plt.close(figure)

    figure._ipython_display_ = display
    return figure


def plot_decision_boundary(model: Any, X: Any, y: Any, resolution: int = 60) -> Any:
    """Which class a model of two inputs sees where, with the samples on top.

    Args:
        model: a module, or a function of two numbers; one output is judged by its side of 0, several by the largest.
        X: samples of two numbers.
        y: their labels.
        resolution: how many points to ask along each side, at least 2.

    Returns:
        A matplotlib figure.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: samples have not two numbers.
    """
    samples = read_samples(X)
    if len(samples[0]) != 2:
        raise ValueError(f"plot_decision_boundary draws samples of two numbers, got {len(samples[0])}")
    labels = read_targets(y, len(samples), "")
    plt = _pyplot()
    xs, ys = ([row[i] for row in samples] for i in (0, 1))
    grid = [[low - 0.1 * (high - low or 1.0) + 1.2 * (high - low or 1.0) * i / (resolution - 1) for i in range(resolution)]
            for low, high in ((min(xs), max(xs)), (min(ys), max(ys)))]  # fmt: skip
    outputs = predict(model, [[a, b] for b in grid[1] for a in grid[0]])
    seen = [max(range(len(o)), key=o.__getitem__) if isinstance(o, list) else float(o > 0) for o in outputs]
    rows = [seen[i : i + resolution] for i in range(0, len(seen), resolution)]
    figure, axis = plt.subplots(figsize=(5, 4.2), layout="constrained")
    axis.contourf(grid[0], grid[1], rows, levels=max(1, len(set(seen)) - 1), cmap="cividis", alpha=0.35)
    marks = ["o", "^", "s", "D", "v", "P", "X", "*", "<", ">"]
    for i, label in enumerate(sorted(set(labels))):
        at = [k for k, found in enumerate(labels) if found == label]
        colour = plt.get_cmap("cividis")(i / max(1, len(set(labels)) - 1))
        style = {"marker": marks[i % len(marks)], "color": colour, "edgecolor": "black", "linewidth": 0.6}
        axis.scatter([xs[k] for k in at], [ys[k] for k in at], label=f"{label:g}", **style)
    axis.legend(title="label")
    return _shown_once(figure)
