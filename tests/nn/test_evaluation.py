"""Using a model: predict() and its probabilities, evaluate(), and what other libraries have as methods."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

import nn

X = [[0.5, -1.0], [1.5, 0.25], [0.0, 2.0]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fit", r"'MLP' object has no attribute 'fit'; write nn.fit\(model, X, y\)"),
        ("predict", r"write nn.predict\(model, X\)"),
        ("predict_proba", r"write nn.predict\(model, X, probabilities=True\)"),
        ("evaluate", r"write nn.evaluate\(model, X, y, loss="),
        ("compile", r"write nn.fit\(model, X, y, loss=..., optimizer=...\)"),
        ("backward", r"write backward\(\) of the loss"),
        ("layer", r"'MLP' object has no attribute 'layer'$"),
    ],
)
def test_methods_of_other_libraries_name_the_function(name: str, words: str) -> None:
    """model.fit, model.predict and the like are AttributeErrors that say what to write; hasattr() is False."""
    model = nn.MLP(2, [1], seed=0)
    with pytest.raises(AttributeError, match=words) as caught:
        getattr(model, name)
    assert (caught.value.name, caught.value.obj) == (name, model)
    assert not hasattr(model, name)
    assert not hasattr(pickle.loads(pickle.dumps(copy.deepcopy(model))), name)


def test_a_users_own_method_is_the_users() -> None:
    """A module of a user's may have a method predict."""

    class Net(nn.MLP):
        def predict(self, x: float) -> float:
            return x

    assert Net(2, [1]).predict(3.0) == 3.0


def test_probabilities_of_two_labels() -> None:
    """With one output probabilities are the sigmoid of the logit: what bce compares with the labels."""
    model = nn.MLP(2, [1], seed=0)
    logits, shares = nn.predict(model, X), nn.predict(model, X, probabilities=True)
    assert shares == pytest.approx([1.0 / (1.0 + math.exp(-z)) for z in logits], rel=1e-15)
    for z, p in zip(logits, shares, strict=True):
        assert nn.binary_cross_entropy_with_logits(z, 1) == pytest.approx(-math.log(p), rel=1e-12)
    listed = nn.Linear(2, 1, seed=0)
    assert nn.predict(listed, X, probabilities=True) == [
        [pytest.approx(1.0 / (1.0 + math.exp(-z)), rel=1e-15)] for (z,) in nn.predict(listed, X)
    ]


def test_probabilities_of_many_labels() -> None:
    """With several outputs they are the softmax; of logarithms of probabilities, those probabilities."""
    model = nn.MLP(2, [3], seed=0)
    rows = nn.predict(model, X, probabilities=True)
    for logits, row in zip(nn.predict(model, X), rows, strict=True):
        powers = [math.exp(z) for z in logits]
        assert row == pytest.approx([p / sum(powers) for p in powers], rel=1e-14)
    logs = nn.predict(lambda x: [math.log(p) for p in (0.5, 0.25, 0.25)], X, probabilities=True)
    assert logs == [pytest.approx([0.5, 0.25, 0.25], rel=1e-15)] * 3


def test_probabilities_arent_made_twice() -> None:
    """A model that ends with a Softmax has probabilities already, and asking for them is an error that says so."""
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Softmax())
    with pytest.raises(ValueError, match=r"are probabilities already, since they sum to 1; leave probabilities=True out"):
        nn.predict(model, X, probabilities=True)
    assert nn.predict(lambda x: [0.25, 0.5], X, probabilities=True)[0] == pytest.approx(
        [0.43782349911420193, 0.5621765008857981]
    )
