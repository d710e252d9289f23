"""Metrics: what is watched beside the loss. Each is a function of the outputs and the targets that returns one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["METRICS", "Metric", "accuracy", "metrics_named", "r2"]

Metric = Callable[[list[Any], list[Any]], float]


def accuracy(outputs: list[Any], targets: list[Any]) -> float:
    """The share that is right: the largest output, or the side of 0 of a single one.

    >>> accuracy([0.5, -2.0, 1.0], [1.0, -1.0, -1.0]) == 2 / 3
    True
    """
    right = 0
    for output, target in zip(outputs, targets, strict=True):
        if isinstance(output, list):
            right += output.index(max(output)) == target
        else:
            right += (output > 0) == (target > 0)
    return right / len(targets)


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


METRICS: dict[str, Metric] = {"accuracy": accuracy, "r2": r2}


def metrics_named(names: str | Metric | Sequence[str | Metric]) -> dict[str, Metric]:
    """Metrics by the names under which a history has them.

    Args:
        names: one or several, each a name of `METRICS` or a function.

    Raises:
        ValueError: there is no metric of a name, or a name is taken.

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
