"""Metrics: numbers beside the loss. Each is a function of the outputs and the targets that returns one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["METRICS", "Metric", "accuracy", "f1", "labels_of", "metrics_named", "precision", "r2", "recall"]

Metric = Callable[[list[Any], list[Any]], float]


def accuracy(outputs: list[Any], targets: list[Any]) -> float:
    """The share that is right: the largest output, or the side of 0 of a single one.

    >>> accuracy([0.5, -2.0, 1.0], [1.0, -1.0, -1.0]) == 2 / 3
    True
    """
    return sum(guess == label for guess, label in labels_of(outputs, targets)) / len(targets)


def labels_of(outputs: list[Any], targets: list[Any]) -> list[tuple[int, int]]:
    """For each sample the label that the outputs say, and the true one.

    Args:
        outputs: a list of numbers for each sample, where the largest counts; or one number, whose side of 0 counts.
        targets: labels 0, 1, 2, ...; or numbers, where what is above 0 is label 1 and the rest label 0.

    >>> labels_of([[0.1, 0.9], [0.7, 0.3]], [1, 1]), labels_of([-2.0, 0.5], [-1.0, 1.0])
    ([(1, 1), (0, 1)], [(0, 0), (1, 1)])
    """
    found = []
    for output, target in zip(outputs, targets, strict=True):
        if isinstance(output, list):
            found.append((output.index(max(output)), target))
        else:
            found.append((int(output > 0), int(target > 0)))
    return found


def precision(outputs: list[Any], targets: list[Any]) -> float:
    """How much of what is said to be label 1 is label 1; with several outputs, the mean of this over all labels.

    A label that is never said counts as 0, as in scikit-learn.

    >>> precision([1.0, 1.0, -1.0], [1.0, 0.0, 1.0])
    0.5
    """
    return _over_labels(outputs, targets, lambda both, said, true: both / said if said else 0.0)


def recall(outputs: list[Any], targets: list[Any]) -> float:
    """How much of label 1 is said to be label 1; with several outputs, the mean of this over all labels.

    >>> recall([1.0, 1.0, -1.0], [1.0, 0.0, 1.0])
    0.5
    """
    return _over_labels(outputs, targets, lambda both, said, true: both / true if true else 0.0)


def f1(outputs: list[Any], targets: list[Any]) -> float:
    """The harmonic mean of precision and recall of label 1; with several outputs, the mean of this over all labels.

    >>> f1([1.0, 1.0, -1.0, 1.0], [1.0, 0.0, 1.0, 1.0]) == 2 / 3
    True
    """
    return _over_labels(outputs, targets, lambda both, said, true: 2.0 * both / (said + true) if both else 0.0)


def _over_labels(outputs: list[Any], targets: list[Any], of_label: Callable[[int, int, int], float]) -> float:
    pairs = labels_of(outputs, targets)
    labels = sorted({label for pair in pairs for label in pair}) if isinstance(outputs[0], list) else [1]
    found = []
    for label in labels:
        said, true = (sum(pair[i] == label for pair in pairs) for i in (0, 1))
        found.append(of_label(pairs.count((label, label)), said, true))
    return math.fsum(found) / len(found)


def r2(outputs: list[Any], targets: list[Any]) -> float:
    """The coefficient of determination: 1 for perfect, 0 for no better than the mean.

    >>> r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    0.5
    """
    ys = [y for t in targets for y in (t if isinstance(t, list) else [t])]
    zs = [z for o in outputs for z in (o if isinstance(o, list) else [o])]
    mean = math.fsum(ys) / len(ys)
    spread = math.fsum((y - mean) ** 2 for y in ys)
    rest = math.fsum((y - z) ** 2 for y, z in zip(ys, zs, strict=True))
    return 1.0 - rest / spread if spread else (1.0 if rest == 0.0 else -math.inf)


METRICS: dict[str, Metric] = {"accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1, "r2": r2}


def metrics_named(names: str | Metric | Sequence[str | Metric]) -> dict[str, Metric]:
    """Metrics by the names under which a history has them.

    Args:
        names: one or several, each a name of `METRICS` or a function.

    Raises:
        ValueError: there is no metric of that name, or a name is taken.

    >>> list(metrics_named(["accuracy", "r2"]))
    ['accuracy', 'r2']
    """
    found: dict[str, Metric] = {}
    for name in [names] if isinstance(names, str) or callable(names) else names:
        if not callable(name) and name not in METRICS:
            raise ValueError(f"there is no metric {name!r}; write one of {', '.join(METRICS)}, or pass a function")
        word, metric = (getattr(name, "__name__", "metric"), name) if callable(name) else (name, METRICS[name])
        if word in ("epoch", "loss", "lr") or word.startswith("val_"):
            raise ValueError(f"a metric can't be called {word!r}, since the history has its own number of that name; rename it")
        if word in found:
            raise ValueError(f"two metrics are called {word!r}; give each function a name of its own")
        found[word] = metric
    return found
