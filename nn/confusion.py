"""Which label a model takes for which."""

from __future__ import annotations

from typing import Any

from .data import as_lists
from .metrics import labels_of
from .plots import plot_confusion

__all__ = ["ConfusionMatrix", "confusion_matrix"]


class ConfusionMatrix:
    """How often each label was taken for each. Printed, it is a table; ``plot()`` draws it.

    Attributes:
        labels: the labels, in order.
        counts: for each true label, how often each label was said.
    """

    def __init__(self, labels: list[Any], counts: list[list[int]]) -> None:
        self.labels, self.counts = labels, counts

    def plot(self) -> Any:
        """Draw it by matplotlib. Returns the figure.

        Raises:
            ImportError: matplotlib is not installed.
        """
        return plot_confusion([f"{label:g}" for label in self.labels], self.counts)

    def __repr__(self) -> str:
        """A row for each true label, a column for each that was said."""
        names = [f"{label:g}" for label in self.labels]
        width = max(len(text) for text in [*names, *(str(n) for row in self.counts for n in row)]) + 2
        first = max(4, *map(len, names))
        rows = [("true", names), *zip(names, [[str(n) for n in row] for row in self.counts], strict=True)]
        lines = [name.rjust(first) + "".join(text.rjust(width) for text in texts) for name, texts in rows]
        return "\n".join([f"{'':{first}}  predicted", *lines])


def confusion_matrix(outputs: Any, targets: Any) -> ConfusionMatrix:
    """How often each label was taken for each.

    Args:
        outputs: what `predict` returned: several numbers for each sample, where the largest counts, or one, whose side of 0
            counts. (Not probabilities of one label, which are all above 0.)
        targets: the true labels: 0, 1, 2, ...; with one output two labels, of which one is above 0.

    Raises:
        ValueError: there are no outputs, not as many targets, or labels that can't be.

    >>> confusion_matrix([0.5, -1.0, 2.0, -0.5], [1, -1, -1, -1])
          predicted
    true  -1   1
      -1   2   1
       1   0   1
    """
    rows, given = as_lists(outputs), as_lists(targets)
    if not isinstance(rows, list) or not isinstance(given, list) or not rows or len(rows) != len(given):
        raise ValueError("confusion_matrix takes outputs of predict() and as many labels, at least one of each")
    if isinstance(rows[0], list):
        count = len(rows[0])
        if any(label not in range(count) for label in given):
            raise ValueError(f"with {count} outputs the labels are 0 to {count - 1}, got {sorted(set(given))!r:.100}")
        labels: list[Any] = list(range(count))
    else:
        low, high = min(given), max(given)
        labels = [low if low <= 0 else min(0, low), high if high > 0 else 1]
        if set(given) - set(labels):
            raise ValueError(f"with one output there are two labels, of which one is above 0, got {sorted(set(given))!r:.100}")
    pairs = labels_of(rows, given)
    places = range(len(labels))
    return ConfusionMatrix(labels, [[pairs.count((said, true)) for said in places] for true in places])
