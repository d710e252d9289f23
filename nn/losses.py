"""Losses: how far predictions are from their targets, as one Value.

Each takes a prediction and a target, or batches of both, and a ``reduction``: ``mean`` (over all numbers, or over all
samples where a sample is a list of logits) or ``sum``. Definitions are PyTorch's; each is computed in a form that
neither overflows nor cancels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd as ag
from autograd import tree

from .data import as_lists

__all__ = [
    "LOSSES", "BCEWithLogitsLoss", "CrossEntropyLoss", "HingeLoss", "HuberLoss", "L1Loss", "Loss", "MSELoss", "NLLLoss",
    "binary_cross_entropy_with_logits", "cross_entropy", "hinge", "huber", "loss_named", "mean_absolute_error",
    "mean_squared_error", "negative_log_likelihood",
]  # fmt: skip


def mean_squared_error(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """(prediction - target)**2.

    Args:
        prediction: a number, or a (nested) list of them.
        target: of the same shape.
        reduction: ``mean`` or ``sum``.

    Raises:
        ValueError: the shapes differ.

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return _reduced([ag.square(p - t) for p, t in _pairs(prediction, target)], reduction)


def mean_absolute_error(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """abs(prediction - target). Arguments as `mean_squared_error`.

    >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _reduced([ag.absolute(p - t) for p, t in _pairs(prediction, target)], reduction)


def huber(prediction: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """d*d/2 where d = abs(prediction - target) is below delta, else delta*(d - delta/2). Huber, 1964. Arguments as above.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="sum")
    2.625
    """
    if not delta > 0:
        raise ValueError(f"huber: delta must be above 0, got {delta!r:.60}")
    return _reduced([_huber(p - t, delta) for p, t in _pairs(prediction, target)], reduction)


def _huber(d: Any, delta: float) -> Any:
    size = abs(d)
    return 0.5 * ag.square(d) if size <= delta else delta * (size - 0.5 * delta)


def hinge(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - target*prediction), with targets -1 and 1: micrograd's max-margin loss. Arguments as above.

    Raises:
        ValueError: a target is neither -1 nor 1, or the shapes differ.

    >>> hinge([0.5, -2.0], [1, -1], reduction="sum")
    0.5
    """
    pairs = _pairs(prediction, target)
    for _, t in pairs:
        if t not in (-1, 1):
            others = "; for 0 and 1 use binary_cross_entropy_with_logits, or make them -1 and 1" if t == 0 else ""
            raise ValueError(f"hinge takes the targets -1 and 1, got {t!r:.60}{others}")
    return _reduced([ag.relu(1.0 - t * p) for p, t in pairs], reduction)


def binary_cross_entropy_with_logits(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """-(t*log(s) + (1-t)*log(1-s)) with s = sigmoid(prediction), by softplus. Arguments as above.

    Raises:
        ValueError: a target lies outside of 0 to 1, or the shapes differ.

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1, 0])
    0.0
    """
    pairs = _pairs(prediction, target)
    for _, t in pairs:
        if not 0 <= t <= 1:
            raise ValueError(f"binary_cross_entropy_with_logits takes targets from 0 to 1, got {t!r:.60}")
    return _reduced([_bce(z, t) for z, t in pairs], reduction)


def _bce(z: Any, t: Any) -> Any:
    # -log(sigmoid(z)) is softplus(-z): no difference of large numbers, unlike softplus(z) - t*z.
    if t == 1:
        return ag.softplus(-z)
    return ag.softplus(z) if t == 0 else t * ag.softplus(-z) + (1 - t) * ag.softplus(z)


def cross_entropy(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """-log(softmax(logits)[label]), as logsumexp(logits) - logits[label].

    Args:
        prediction: the logits of one sample, a list; or a list of such lists.
        target: the label, an int from 0 to one less than there are logits; or a list of labels.
        reduction: ``mean`` or ``sum``, over the samples.

    Raises:
        ValueError: a label is out of range, or there are not as many as samples.

    >>> round(cross_entropy([0.0, 0.0], 1), 6)
    0.693147
    """
    samples = _samples(prediction, target, "cross_entropy")
    return _reduced([ag.logsumexp(logits) - logits[label] for logits, label in samples], reduction)


def negative_log_likelihood(prediction: Any, target: Any, reduction: str = "mean") -> Any:
    """-log_probabilities[label]. Arguments as `cross_entropy`, with logarithms of probabilities for logits.

    >>> negative_log_likelihood([-0.5, -1.5], 1)
    1.5
    """
    return _reduced([-p[label] for p, label in _samples(prediction, target, "negative_log_likelihood")], reduction)


def _reduced(losses: list[Any], reduction: str) -> Any:
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r:.60}")
    if not losses:
        raise ValueError("a loss needs at least one prediction, and there is none")
    return losses[0] if len(losses) == 1 else ag.mean(losses) if reduction == "mean" else ag.sum(losses)


def _pairs(prediction: Any, target: Any) -> list[tuple[Any, Any]]:
    """Each number of the prediction with its target."""
    predictions, shape = tree.flatten(as_lists(prediction))
    try:
        targets = shape.flatten_up_to(as_lists(target))
        if not all(map(tree.is_leaf, targets)):
            raise ValueError("expected a number, got a list")
    except ValueError as error:
        raise ValueError(f"the prediction and the target must have the same shape: {error}") from None
    return list(zip(predictions, targets, strict=True))


def _samples(prediction: Any, target: Any, who: str) -> list[tuple[list[Any], int]]:
    """Each sample's numbers with its label."""
    rows, label = as_lists(prediction), as_lists(target)
    if not isinstance(rows, list):
        raise ValueError(
            f"{who} takes a list of numbers for each sample, got {type(prediction).__name__}; "
            f"give the model an output for each label, or write loss='bce' for two labels"
        )
    batch = bool(rows) and isinstance(rows[0], list)
    samples = rows if batch else [rows]
    labels = label if batch and isinstance(label, list) else [label]
    if len(samples) != len(labels):
        raise ValueError(f"{who} got {len(samples)} samples and {len(labels)} labels")
    for xs, label in zip(samples, labels, strict=True):
        if isinstance(label, bool) or not hasattr(label, "__index__") or not 0 <= label < len(xs):
            more = isinstance(label, int) and label >= len(xs)
            needed = f"; a model needs {label + 1} outputs for that label" if more and not isinstance(label, bool) else ""
            raise ValueError(f"{who}: a label is a whole number from 0 to {len(xs) - 1}, got {label!r:.60}{needed}")
    return list(zip(samples, labels, strict=True))


# ---- as objects ------------------------------------------------------------------------------------


class Loss:
    """A loss as an object, with PyTorch's names: made with its options, called with a prediction and a target.

    Args:
        reduction: ``mean`` or ``sum``; see the function.

    >>> MSELoss(reduction="sum")([1.0, 2.0], [1.0, 4.0])
    4.0
    """

    function: Callable[..., Any]

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r:.60}")
        self.reduction = reduction

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss."""
        return self.function(prediction, target, self.reduction)

    def __repr__(self) -> str:
        """As it was made."""
        return f"{type(self).__name__}({', '.join(f'{name}={x!r}' for name, x in vars(self).items())})"


class MSELoss(Loss):
    """`mean_squared_error` as an object."""

    function = staticmethod(mean_squared_error)


class L1Loss(Loss):
    """`mean_absolute_error` as an object."""

    function = staticmethod(mean_absolute_error)


class HuberLoss(Loss):
    """`huber` as an object.

    Args:
        reduction: ``mean`` or ``sum``.
        delta: above 0: where the parabola ends.

    >>> HuberLoss(delta=2.0)(3.0, 0.0)
    4.0
    """

    function = staticmethod(huber)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta
        self(0.0, 0.0)  # refuses a delta that can't be

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss."""
        return huber(prediction, target, self.reduction, self.delta)


class HingeLoss(Loss):
    """`hinge` as an object."""

    function = staticmethod(hinge)


class BCEWithLogitsLoss(Loss):
    """`binary_cross_entropy_with_logits` as an object."""

    function = staticmethod(binary_cross_entropy_with_logits)


class CrossEntropyLoss(Loss):
    """`cross_entropy` as an object."""

    function = staticmethod(cross_entropy)


class NLLLoss(Loss):
    """`negative_log_likelihood` as an object."""

    function = staticmethod(negative_log_likelihood)


LOSSES: dict[str, Callable[..., Any]] = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "huber": huber,
    "hinge": hinge,
    "bce": binary_cross_entropy_with_logits,
    "cross_entropy": cross_entropy,
    "nll": negative_log_likelihood,
}


def loss_named(loss: Any) -> tuple[Callable[..., Any], str]:
    """A loss as a function of a prediction and a target, and its name in `LOSSES`: empty for one that isn't there.

    Args:
        loss: a name, a function, an object such as ``MSELoss()``, or its class.

    Raises:
        ValueError: there is no loss of that name.

    >>> loss_named(MSELoss())[1], loss_named("nll")[1], loss_named(max)[1]
    ('mse', 'nll', '')
    """
    if isinstance(loss, type) and issubclass(loss, Loss):
        loss = loss()
    if not callable(loss) and loss not in LOSSES:
        raise ValueError(f"there is no loss {loss!r}; write one of {', '.join(LOSSES)}, or pass a function")
    function = loss if callable(loss) else LOSSES[loss]
    known = function.function if isinstance(function, Loss) else function
    return function, next((name for name, f in LOSSES.items() if f is known), "")
