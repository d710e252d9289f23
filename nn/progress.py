"""The progress of a training: a bar in a terminal or a notebook, or a line now and then. Both go to standard error."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["progress_shown"]

Show = Callable[[dict[str, float] | None], None]


def progress_shown(epochs: int, done: int, wanted: bool, each: bool = False) -> Show:
    """A function to call with each epoch's numbers, and with None at the end.

    Args:
        epochs: how many there will be.
        done: how many there were before.
        wanted: whether to show anything.
        each: whether to print a line for each epoch instead.
    """
    if not wanted:
        return lambda row: None
    if each:
        return _lines(epochs, 1)
    notebook = "ipykernel" in sys.modules
    if notebook or sys.stderr.isatty():
        try:
            tqdm = importlib.import_module("tqdm").tqdm
        except ImportError:
            pass
        else:
            return _bar(tqdm(total=epochs, initial=done, unit="epoch", file=sys.stderr, ascii=notebook, mininterval=0.2))
    return _lines(epochs, max(1, epochs // 10))


def _bar(bar: Any) -> Show:
    def advance(row: dict[str, float] | None) -> None:
        if row is None:
            bar.close()
        else:
            bar.set_postfix({k: f"{v:.4g}" for k, v in row.items() if k not in ("epoch", "lr")}, refresh=False)
            bar.update()

    return advance


def _lines(epochs: int, every: int) -> Show:
    def line(row: dict[str, float] | None) -> None:
        if row is not None and (row["epoch"] % every == 0 or row["epoch"] == epochs):
            numbers = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "epoch")
            print(f"epoch {row['epoch']:.0f}/{epochs}  {numbers}", file=sys.stderr, flush=True)

    return line
