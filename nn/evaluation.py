"""Using a model: its outputs as plain numbers, and its loss and metrics on data."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

from autograd import Value, no_grad, sigmoid, softmax, tree

from .data import Rows, as_lists, read_rows, read_targets
from .losses import loss_named
from .metrics import Metric, metrics_named
from .module import Module
from .programs import Outputs, alone

__all__ = ["Data", "evaluate", "evaluating", "predict"]

Loss = Callable[..., Any]


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """A block without recording, in which `Dropout` is off; afterwards each module is in the mode that it was in."""
    modules = [m for m in model.modules() if m.training] if isinstance(model, Module) else []
    for module in modules:
        module.training = False
    try:
        with no_grad():
            yield
    finally:
        for module in modules:
            module.training = True


def _as_number(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def predict(model: Any, X: Any, *, probabilities: bool = False, compiled: bool = True) -> list[Any]:
    """The outputs for samples, as plain numbers; nothing is recorded, and `Dropout` is off.

    Args:
        model: a module, or any function of a sample.
        X: samples; see `fit`.
        probabilities: whether to return probabilities instead of outputs, for a model that was trained with ``bce`` (of label
            1, by sigmoid) or with ``cross_entropy`` or ``nll`` (of each label, by softmax).
        compiled: whether a module computes many samples at once, by a program; see `fit`. The numbers are the same.

    Returns:
        A float for each sample, or a list of floats where the model has several outputs.

    Raises:
        ValueError: there are no samples or wrong ones, or the outputs are probabilities already.

    >>> predict(lambda x: 2 * x[0], [[1.0], [2.0]])
    [2.0, 4.0]
    >>> predict(lambda x: [x[0], -x[0]], [[0.0]], probabilities=True)
    [[0.5, 0.5]]
    """
    outputs = _outputs(model, read_rows(X), Outputs(model) if compiled else None)
    if not probabilities:
        return outputs
    if all(isinstance(row, list) and min(row) >= 0.0 and abs(math.fsum(row) - 1.0) < 1e-9 for row in outputs):
        raise ValueError("the model's outputs are probabilities already, since they sum to 1; leave probabilities=True out")
    return [softmax(row) if isinstance(row, list) and len(row) > 1 else tree.map(sigmoid, row) for row in outputs]


def _outputs(model: Any, samples: Rows, programs: Outputs | None) -> list[Any]:
    with evaluating(model):
        found = None if programs is None else programs.of(samples)
        return [tree.map(_as_number, as_lists(model(x))) for x in samples] if found is None else found


class Data(NamedTuple):
    """Samples and targets that have been checked, and the loss that compares them with a model's outputs."""

    samples: Rows
    targets: list[Any]
    loss: Loss
    kind: str  # the name of the loss; empty for one of the user's own
    rows: Sequence[int]  # the number of each sample among those that the user passed

    @classmethod
    def read(cls, X: Any, y: Any, loss: str | Loss, name: str = "") -> Self:
        """Check what a user passes; ``name`` comes before X and y in messages."""
        function, kind = loss_named(loss)
        samples = read_rows(X, f"{name}X")
        return cls(samples, read_targets(y, len(samples), kind, f"{name}y"), function, kind, range(len(samples)))

    def split(self, share: float) -> tuple[Self, Self]:
        """All but a share of the samples, and that share: drawn at random, and always the same ones for the same number."""
        total = len(self.samples)
        count = max(1, round(share * total))
        if count == total:
            raise ValueError(f"validation_split={share:g} of {total} samples leaves none to train with")
        drawn = set(random.Random(total).sample(range(total), count))
        return self._only([i for i in range(total) if i not in drawn]), self._only(sorted(drawn))

    def _only(self, rows: list[int]) -> Self:
        return self._replace(samples=self.samples.only(rows), targets=[self.targets[i] for i in rows], rows=rows)

    def sample_loss(self, model: Any, i: int) -> Any:
        """The loss of one sample, as a Value."""
        return self.loss_of(model(self.samples[i]), i)

    def loss_of(self, output: Any, i: int) -> Any:
        """The loss of an output for one sample, as a Value."""
        target = self.targets[i]
        return self.loss(alone(output, isinstance(target, float)), target)

    def measured(self, model: Any, metrics: dict[str, Metric], programs: Outputs | None = None) -> dict[str, float]:
        """The mean loss of a model, and each metric; its outputs by programs, if they are given."""
        found_outputs = _outputs(model, self.samples, programs)
        outputs = [alone(o, isinstance(t, float)) for o, t in zip(found_outputs, self.targets, strict=True)]
        losses = [_as_number(self.loss(o, t)) for o, t in zip(outputs, self.targets, strict=True)]
        found = {"loss": math.fsum(losses) / len(losses)}
        for name, metric in metrics.items():
            answer = metric(outputs, self.targets)
            try:
                found[name] = _as_number(answer)
            except (TypeError, ValueError):
                raise TypeError(f"the metric {name!r} must return a number, got {answer!r:.60}") from None
        return found


def evaluate(
    model: Any, X: Any, y: Any, loss: str | Loss = "mse", metrics: Sequence[Any] = (), *, compiled: bool = True
) -> dict[str, float]:
    """The mean loss and metrics of a model on data.

    Args:
        model: a module, or any function of a sample.
        X: samples; see `fit`.
        y: targets; see `fit`.
        loss: see `fit`.
        metrics: see `fit`.
        compiled: see `predict`.

    Returns:
        ``{"loss": ..., ...}``.

    >>> evaluate(lambda x: x[0], [[1.0], [2.0]], [1.0, 4.0])
    {'loss': 2.0}
    """
    return Data.read(X, y, loss).measured(model, metrics_named(metrics), Outputs(model) if compiled else None)
