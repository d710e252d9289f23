"""Trainings that go wrong: what the error says, what it carries, and what the model has then."""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
import nn
from autograd import Value

X = [[0.0], [1.0], [2.0], [3.0]]
Y = [1.0, 3.0, 5.0, 7.0]


class Steep(nn.Module):
    """A user's model with a line that overflows as soon as its weight has grown."""

    def __init__(self) -> None:
        self.inner = nn.Linear(1, 1, seed=0)

    def forward(self, x: Any) -> Any:
        """Some number."""
        grown = self.inner(x)[0] * 1e3
        return ag.exp(grown) - 1.0  # the line that raises


def test_the_error_has_the_history_and_says_what_people_need() -> None:
    """The operation, the neuron by its name, how the loss grew, what to try, and which parameters the model has now."""
    model = nn.MLP(1, [4, 1], "linear", seed=0)
    with pytest.raises(nn.TrainingError) as caught:
        nn.fit(model, X, Y, lr=50.0, epochs=30, progress=False)
    history = caught.value.history
    losses = history["loss"]
    assert 2 <= len(losses) < 30
    assert losses[-1] > 1e6 * losses[0]
    assert history.stopped == "failed"
    assert "failed" in repr(history)
    text = str(caught.value)
    went = ", ".join(f"{loss:.4g}" for loss in losses[-6:])
    for words in (
        f"in epoch {len(losses) + 1}, batch 1 (samples ", f"The loss went {went}", "lower lr (it is 50)",
        "clip the gradients, as in fit(..., clip_grad_norm=1.0)", "The model's parameters are those before epoch 1, where",
    ):  # fmt: skip
        assert words in text
    assert "nn/layers.py" not in text
    assert ".pyx" not in text


def test_the_neuron_is_named() -> None:
    """A value that overflows inside a net is placed in its neuron."""
    model = nn.MLP(1, [2, 1], "linear", init="zeros")
    model.layers[0].neurons[1].w[0].data = 1e200
    model.layers[1].neurons[0].w[1].data = 1e200
    with pytest.raises(
        nn.TrainingError, match=r"the loss became inf in epoch 1, .*: value is inf at .*, in layers.1.neurons.0\. No"
    ):
        nn.fit(model, X, Y, progress=False)


def test_samples_are_named_as_the_user_counts_them() -> None:
    """With a share held out, the message still has the rows of the X that was passed."""
    held = random.Random(6).sample(range(6), 3)
    model = nn.MLP(1, [1], "linear", seed=0)
    left = ", ".join(str(i) for i in range(6) if i not in held)
    with pytest.raises(nn.TrainingError, match=rf"in epoch 1, batch 1 \(samples {left}\)"):
        nn.fit(
            model, [[1.0]] * 6, [1.0] * 6, validation_split=0.5, shuffle=False, loss=lambda p, t: p * math.inf, progress=False
        )


def test_the_users_own_line_is_shown() -> None:
    """The message has the file, number and text of the line in the user's code, on either way of failing."""
    model = Steep()
    model.inner.bias[0].data = 1.0  # type: ignore[index]
    with pytest.raises(
        nn.TrainingError, match=r"cannot compute exp.*test_trouble.py:\d+: return ag.exp\(grown\) - 1.0  # the line"
    ):
        nn.fit(model, X, Y, progress=False)
    model = Steep()
    model.inner.weight[0][0].data = 0.0
    model.inner.bias[0].data = 0.4  # type: ignore[index]
    with pytest.raises(nn.TrainingError, match=r"value is inf at .*test_trouble.py:\d+: return ag.exp\(grown\)|became inf"):
        nn.fit(model, X, Y, loss=lambda p, t: p * p * p * p, progress=False)


def test_the_first_step_isnt_blamed_on_lr() -> None:
    """Where nothing was trained before, the message sends to the data and the model, and not to the learning rate."""
    model = Steep()
    model.inner.bias[0].data = 1.0  # type: ignore[index]
    with pytest.raises(nn.TrainingError, match="No step was taken before, so look at the data") as caught:
        nn.fit(model, X, Y, progress=False)
    assert "lower lr" not in str(caught.value)
    assert (len(caught.value.history), caught.value.history.best_epoch) == (0, 0)


class Scripted(nn.SGD):
    """Sets the parameters as a script says."""

    script: list[float] = []  # noqa: RUF012  # one for each test

    def step(self) -> None:
        """The next number of the script."""
        self.state = {0: {"momentum": self.script[0]}}
        self.param_groups[0]["params"][0].data = self.script.pop(0)


@pytest.mark.parametrize(
    ("script", "watched", "kept", "words"),
    [
        ([2.0, 1.0, math.inf], False, 1.0, "those before epoch 3, where the loss was lowest"),
        ([2.0, 1.0, 9.0, math.nan, 0.0], True, 1.0, "those after epoch 2, where the loss was lowest"),
        ([math.nan], False, 5.0, "those before epoch 1"),
        ([2.0, math.inf], False, 2.0, "after epoch 2 the parameter weight.0.0 is inf.* those before epoch 2"),
        ([7.0, 8.0, math.inf], False, 5.0, "those before epoch 1"),
    ],
)
def test_the_best_finite_parameters_are_kept(script: list[float], watched: bool, kept: float, words: str) -> None:
    """After an error the model has the finite parameters with the lowest loss, and the optimizer the memory of then."""
    model = nn.Linear(1, 1, bias=False, seed=0)
    model.weight[0][0].data = 5.0
    optimizer = Scripted(model.parameters(), lr=0.1, momentum=0.5)
    optimizer.script = script
    with pytest.raises(nn.TrainingError, match=words) as caught:
        nn.fit(model, [[1.0]], [0.0], optimizer=optimizer, epochs=2 if "after epoch 2 the" in words else 9, progress=False,
               validation=([[1.0]], [0.0]) if watched else None)  # fmt: skip
    assert model.weight[0][0].data == kept
    assert optimizer.state == ({0: {"momentum": kept}} if kept != 5.0 else {})
    assert "the parameter weight.0.0 is" in str(caught.value)
    nn.fit(model, [[1.0]], [0.0], lr=0.01, epochs=1, progress=False)


def test_what_was_kept_is_finite_though_the_loss_was() -> None:
    """Parameters of which one is inf aren't gone back to, even if it isn't used and the loss was lowest with them."""
    model = nn.Linear(1, 2, bias=False, seed=0)
    used, unused = model.parameters()
    used.data, unused.data = 5.0, 1.0

    class Moving(nn.SGD):
        def step(self) -> None:
            used.data, unused.data = {5.0: (3.0, 2.0), 3.0: (2.0, math.inf), 2.0: (math.nan, math.inf)}[used.data]

    with pytest.raises(nn.TrainingError, match="those before epoch 2, where the loss was lowest"):
        nn.fit(
            model, [[1.0]], [[0.0, 0.0]], loss=lambda p, t: p[0] * p[0], optimizer=Moving(model.parameters()), progress=False
        )
    assert (used.data, unused.data) == (3.0, 2.0)


def test_an_evaluation_that_fails_is_told() -> None:
    """A model that overflows on validation data alone stops with the epoch, the line and the history."""
    model = Steep()
    model.inner.weight[0][0].data, model.inner.bias[0].data = 0.1, 0.0  # type: ignore[index]
    with pytest.raises(
        nn.TrainingError, match=r"the evaluation after epoch 1 failed: cannot compute exp.*return ag.exp\(grown\)"
    ):
        nn.fit(model, [[0.0], [-1.0]], [0.0, 0.0], validation=([[100.0]], [0.0]), lr=0.0, progress=False)


def test_a_model_that_isnt_finite_is_refused() -> None:
    """fit() on a model with a nan names the parameter and what to do, and changes nothing."""
    model = nn.MLP(1, [2, 1], seed=0)
    model.layers[0].neurons[1].b.data = math.nan  # type: ignore[union-attr]
    with pytest.raises(
        ValueError, match=r"the parameter layers.0.neurons.1.b is nan: the model's parameters aren't finite, most"
    ):
        nn.fit(model, X, Y, progress=False)


def test_a_checkpoint_mends_what_isnt_finite(tmp_path: Path) -> None:
    """resume= takes over finite numbers, so that a model that diverged can go on from there."""
    path = tmp_path / "check.json"
    model = nn.MLP(1, [1], seed=0)
    nn.fit(model, X, Y, epochs=2, checkpoint=path, progress=False)
    model.parameters()[0].data = math.inf
    history = nn.fit(model, X, Y, epochs=3, resume=path, progress=False)
    assert len(history) == 3
    model.parameters()[0].data = math.inf
    with pytest.raises(nn.TrainingError, match="those of the checkpoint"):
        nn.fit(model, X, Y, epochs=4, resume=path, lr=1e200, loss=lambda p, t: (p + 1e9) * 1e300, progress=False)


def test_clipping_keeps_what_diverged() -> None:
    """The same training that ends in an error learns the line with its gradients clipped, as clip_grad_norm_ would do it."""
    with pytest.raises(nn.TrainingError):
        nn.fit(nn.MLP(1, [1], seed=0), X, Y, lr=0.5, epochs=2000, progress=False)
    model, other = nn.MLP(1, [1], seed=0), nn.MLP(1, [1], seed=0)
    nn.fit(model, X, Y, lr=0.5, epochs=3, clip_grad_norm=0.25, shuffle=False, progress=False)
    sgd = nn.SGD(other.parameters(), lr=0.5)
    for _ in range(3):
        sgd.zero_grad()
        ag.mean([nn.mean_squared_error(other(x), y) for x, y in zip(X, Y, strict=True)]).backward()
        nn.clip_grad_norm_(other.parameters(), 0.25)
        sgd.step()
    assert model.state_dict() == other.state_dict()
    for wrong in (0.0, -1.0, math.inf):
        with pytest.raises(ValueError, match="clip_grad_norm must be from"):
            nn.fit(model, X, Y, clip_grad_norm=wrong, progress=False)


def test_an_error_can_be_pickled() -> None:
    """A TrainingError goes to another process with its history."""
    error = nn.TrainingError("words", nn.History())
    error.history.stopped = "failed"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.history.stopped) == ("words", "failed")
    assert len(nn.TrainingError("words").history) == 0


@pytest.mark.parametrize("name", ["sgd", "Adam", "adamw", "rmsprop", "adagrad"])
def test_optimizers_by_name(name: str) -> None:
    """A name with lr= trains to the same bits as the optimizer itself."""
    made = {"sgd": nn.SGD, "adam": nn.Adam, "adamw": nn.AdamW, "rmsprop": nn.RMSprop, "adagrad": nn.Adagrad}[name.lower()]
    for rate in (0.05, None):
        model, other = nn.MLP(1, [2, 1], seed=0), nn.MLP(1, [2, 1], seed=0)
        first = nn.fit(model, X, Y, optimizer=name, lr=rate, epochs=3, progress=False)
        rates = {"lr": rate} if rate else {"lr": 0.1} if made is nn.SGD else {}
        second = nn.fit(other, X, Y, optimizer=made(other.parameters(), **rates), epochs=3, progress=False)
        assert first.epochs == second.epochs
        assert model.state_dict() == other.state_dict()


def test_wrong_optimizers_are_refused() -> None:
    """A wrong name, a class, lr= with an optimizer, a bad rate, and the optimizer of another model have words of their own."""
    model, other = nn.MLP(1, [1], seed=0), nn.MLP(1, [1], seed=0)
    before = model.state_dict()
    for options, words in (
        ({"optimizer": "adm"}, "there is no optimizer 'adm'; write one of sgd, adam, adamw, rmsprop, adagrad, or make one"),
        ({"optimizer": nn.Adam}, r"such as Adam\(model.parameters\(\)\), got the class Adam"),
        ({"optimizer": 3}, "optimizer takes a name .* got int"),
        ({"optimizer": nn.Adam(model.parameters()), "lr": 0.5}, r"this Adam has its own rate; write Adam\(.*lr=0.5\), or opt"),
        ({"lr": -1.0}, "lr must be from 0 to below inf, got -1.0"),
        ({"lr": "fast"}, "lr must be a number"),
        ({"optimizer": nn.Adam(other.parameters())}, "make a new optimizer for the new model, as in Adam"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            nn.fit(model, X, Y, progress=False, **options)
    assert model.state_dict() == before


def test_labels_of_the_other_loss_are_told() -> None:
    """0 and 1 with hinge, and -1 and 1 with bce: the message names the loss that takes them."""
    model = nn.MLP(1, [1], seed=0)
    with pytest.raises(ValueError, match=r"y\[0\] is 0; .*; for labels 0 and 1 write loss='bce', or make them -1 and 1"):
        nn.fit(model, X, [0, 1, 0, 1], loss="hinge", progress=False)
    with pytest.raises(ValueError, match=r"y\[1\] is -1; .*; for labels -1 and 1 write loss='hinge', or make them 0 and 1"):
        nn.fit(model, X, [1, -1, 1, 1], loss="bce", progress=False)
    with pytest.raises(ValueError, match=r"got 0; for 0 and 1 use binary_cross_entropy_with_logits"):
        nn.hinge(Value(1.0), 0)
