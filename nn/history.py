"""What happened in a training, epoch by epoch."""

from __future__ import annotations

from typing import Any

from .plots import plot_history

__all__ = ["History"]


class History:
    """What happened, epoch by epoch.

    Attributes:
        epochs: a dict of numbers for each epoch: ``epoch`` (from 1), ``loss``, ``lr``, metrics, and with validation data the
            same with ``val_`` before the name.
        best_epoch: the epoch with the lowest loss (on the validation data, where there are any); 0 before the first.
        stopped: why training ended: ``finished``, ``early stopping``, ``stopped by a callback``, ``interrupted`` or ``failed``.
        compiled: ``yes`` if programs computed all batches; otherwise, in words, why not. Empty before the end.

    >>> history = History()
    >>> history.epochs.append({"epoch": 1, "loss": 0.5})
    >>> history["loss"], len(history)
    ([0.5], 1)
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.best_epoch = 0
        self.stopped = ""
        self.compiled = ""

    def __getitem__(self, name: str) -> list[float]:
        if self.epochs and name not in self.epochs[0]:
            raise KeyError(f"{name!r}; this history has {', '.join(self.epochs[0])}")
        return [epoch[name] for epoch in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def plot(self) -> Any:
        """Draw the losses and metrics by matplotlib. Returns the figure.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: there is no epoch yet.
        """
        return plot_history(self.epochs)

    def __repr__(self) -> str:
        """The last epoch."""
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.epochs[-1].items()) if self.epochs else "no epoch yet"
        return f"History({last}{f'; {self.stopped}' if self.stopped else ''})"
