"""Nets as estimators of scikit-learn, an extra: ``pip install "glassgrad[sklearn]"``, and then ``import nn.sklearn``.

They work wherever scikit-learn takes an estimator: pipelines, ``cross_val_score``, ``GridSearchCV``. Scikit-learn's own
``check_estimator`` passes. Scale the samples first, as with every net:

>>> from sklearn.model_selection import cross_val_score
>>> from sklearn.pipeline import make_pipeline
>>> from sklearn.preprocessing import StandardScaler
>>> net = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(4,), lr=0.1, epochs=30, random_state=0))
>>> X, y = [[0, 0], [0, 9], [9, 0], [9, 9]] * 4, ["same", "other", "other", "same"] * 4
>>> cross_val_score(net, X, y, cv=2).tolist()
[1.0, 1.0]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .evaluation import predict
from .layers import MLP
from .training import fit

__all__ = ["MLPClassifier", "MLPRegressor"]


class _Net(BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """What both estimators share: an `MLP` and the options of `fit`."""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (16,),
        activation: str = "relu",
        *,
        optimizer: str = "adam",
        lr: float | None = 0.01,
        epochs: int = 100,
        batch_size: int | None = 32,
        early_stopping: int | None = None,
        clip_grad_norm: float | None = None,
        verbose: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.clip_grad_norm = clip_grad_norm
        self.verbose = verbose
        self.random_state = random_state

    def _train(self, X: Any, y: Any, outputs: int, loss: str) -> Self:
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        self.model_ = MLP(X.shape[1], [*self.hidden_layer_sizes, outputs], activation=self.activation, seed=seeds[0])
        self.history_ = fit(
            self.model_, X, y, loss=loss, optimizer=self.optimizer, lr=self.lr, epochs=self.epochs, batch_size=self.batch_size,
            seed=seeds[1], early_stopping=self.early_stopping, clip_grad_norm=self.clip_grad_norm, progress=self.verbose,
        )  # fmt: skip
        self.n_iter_ = len(self.history_)
        return self

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=float)


class MLPClassifier(ClassifierMixin, _Net):  # type: ignore[misc]
    """A net that tells classes apart, for scikit-learn.

    It learns by binary cross-entropy where there are two classes, and by cross-entropy where there are more.

    Args:
        hidden_layer_sizes: the sizes of the layers between the inputs and the outputs; ``()`` for none.
        activation: of those layers, by name; see `Activation`.
        optimizer: by name; see `fit`.
        lr: the learning rate; see `fit`.
        epochs: how often to go through the samples, at least 1.
        batch_size: samples for each step; all of them if None.
        early_stopping: stop after this many epochs without a lower loss, and go back to the best parameters.
        clip_grad_norm: see `fit`.
        verbose: whether to show progress.
        random_state: an int for the same weights and order every time, a ``numpy.random.RandomState``, or None.

    Attributes:
        classes_: the labels.
        model_: the `MLP`.
        history_: the `History` of the training.

    >>> net = MLPClassifier(lr=0.1, random_state=0).fit([[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"])
    >>> net.predict([[0.5], [4.5]]).tolist(), net.predict_proba([[0.5]]).shape
    (['low', 'high'], (1, 2))
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new net.

        Args:
            X: samples: an array, a frame or a list of rows.
            y: a label for each.

        Raises:
            ValueError: the data are wrong, or there is one class only.
            TrainingError: the loss became inf or nan.
        """
        samples, targets = validate_data(self, X, y, dtype=float)
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"MLPClassifier needs at least 2 classes, got 1 class: {self.classes_[0]!r}")
        binary = len(self.classes_) == 2
        return self._train(samples, labels, 1 if binary else len(self.classes_), "bce" if binary else "cross_entropy")

    def predict_proba(self, X: Any) -> Any:
        """How probable each class is, a row for each sample and a column for each of ``classes_``."""
        samples = self._checked(X)
        shares = np.array(predict(self.model_, samples, probabilities=True))
        return np.column_stack([1.0 - shares, shares]) if shares.ndim == 1 else shares

    def predict(self, X: Any) -> Any:
        """The most probable class of each sample."""
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]


class MLPRegressor(RegressorMixin, _Net):  # type: ignore[misc]
    """A net that predicts a number, for scikit-learn. It learns by the mean squared error.

    Arguments and attributes are those of `MLPClassifier`, but for ``classes_``.

    >>> net = MLPRegressor(hidden_layer_sizes=(), lr=0.1, epochs=300, random_state=0)
    >>> net.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(2).tolist()
    [7.0]
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new net.

        Args:
            X: samples: an array, a frame or a list of rows.
            y: a number for each.

        Raises:
            ValueError: the data are wrong.
            TrainingError: the loss became inf or nan.
        """
        samples, targets = validate_data(self, X, y, dtype=float, y_numeric=True)
        return self._train(samples, targets, 1, "mse")

    def predict(self, X: Any) -> Any:
        """A number for each sample."""
        samples = self._checked(X)
        return np.array(predict(self.model_, samples))
