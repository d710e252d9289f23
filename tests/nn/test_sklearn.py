"""Nets as estimators of scikit-learn, where it is installed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import autograd as ag
import nn
from nn.sklearn import MLPClassifier, MLPRegressor

QUICK: dict[str, Any] = {"hidden_layer_sizes": (8,), "lr": 0.05, "epochs": 25}


SLOW = pytest.mark.skipif(ag.engine() == "python", reason="takes minutes on the reference engine")


@SLOW
@parametrize_with_checks([MLPClassifier(**QUICK), MLPRegressor(**QUICK)])
def test_scikit_learns_own_checks_pass(estimator: Any, check: Any) -> None:
    """Each check of scikit-learn's check_estimator passes."""
    check(estimator)


@SLOW
def test_iris_in_a_pipeline() -> None:
    """Three kinds of iris by cross-validation in a pipeline, a grid over learning rates, and the classes by their names."""
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    net = make_pipeline(StandardScaler(), MLPClassifier((6,), lr=0.05, epochs=15, random_state=0))
    assert cross_val_score(net, X, names, cv=3).mean() > 0.9
    search = GridSearchCV(net, {"mlpclassifier__lr": [0.0, 0.05]}, cv=2).fit(X, names)
    assert search.best_params_ == {"mlpclassifier__lr": 0.05}
    assert set(search.predict(X)) <= set(names)
    assert search.predict_proba(X).sum(axis=1) == pytest.approx(1.0)


def test_the_net_inside_is_that_of_fit() -> None:
    """The same weights, epochs and predictions as MLP and fit() give; a seed repeats them, pickles and clones keep them."""
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 4.0, 9.0])
    net = MLPRegressor((4,), "tanh", epochs=5, random_state=3).fit(X, y)
    assert (type(net.model_), len(net.history_), net.n_iter_) == (nn.MLP, 5, 5)
    assert net.predict(X).tolist() == nn.predict(net.model_, X)
    for other in (clone(net).fit(X, y), pickle.loads(pickle.dumps(net))):
        assert other.predict(X).tolist() == net.predict(X).tolist()
    with pytest.raises(NotFittedError):
        clone(net).predict(X)


def test_two_classes_have_probabilities_of_both() -> None:
    """With two classes the columns are those of classes_, and the larger one decides."""
    net = MLPClassifier((), lr=0.2, epochs=60, random_state=0).fit([[0.0], [1.0], [4.0], [5.0]], [7, 7, 3, 3])
    shares = net.predict_proba([[0.0], [5.0]])
    assert net.classes_.tolist() == [3, 7]
    assert shares[:, 1].tolist() == nn.predict(net.model_, [[0.0], [5.0]], probabilities=True)
    assert net.predict([[0.0], [5.0]]).tolist() == [7, 3]
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        net.fit([[0.0], [1.0]], [7, 7])
