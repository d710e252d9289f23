"""fit(), evaluate() and predict(): what is learned, what is refused, and what stays after a stop."""

from __future__ import annotations

import json
import math
import random
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value
from nn import metrics
from nn.data import read_samples, read_targets


def moons(count: int, seed: int) -> tuple[list[list[float]], list[int]]:
    """Two half circles that reach into each other, with noise of 0.1; labels 1 and -1."""
    rng = random.Random(seed)
    X, y = [], []
    for i in range(count):
        t = math.pi * (i // 2) / (count // 2 - 1)
        a, b = (math.cos(t), math.sin(t)) if i % 2 else (1.0 - math.cos(t), 0.5 - math.sin(t))
        X.append([a + rng.gauss(0.0, 0.1), b + rng.gauss(0.0, 0.1)])
        y.append(-1 if i % 2 else 1)
    return X, y


LINE = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]


@pytest.mark.skipif(ag.engine() == "python", reason="ten nets of 337 parameters take minutes on the reference engine")
def test_micrograds_demo_finds_every_moon(thorough: bool) -> None:
    """100 points of two moons, a net of 2-16-16-1, hinge loss with L2, 100 steps: all right for 9 of 10 seeds, for 2 of 2."""
    right = 0
    for seed in range(10 if thorough else 2):
        X, y = moons(100, seed)
        model = nn.MLP(2, [16, 16, 1], activation="relu", init="uniform", seed=seed)
        sgd = nn.SGD(model.parameters(), lr=1.0, weight_decay=2e-4)
        schedule = nn.LinearLR(sgd, 1.0, 0.1, 100)
        fitted = nn.fit(
            model, X, y, loss="hinge", optimizer=sgd, schedule=schedule, epochs=100, metrics=["accuracy"], progress=False
        )
        right += fitted["accuracy"][-1] == 1.0
    assert right >= (9 if thorough else 2)


def test_a_line_is_learned_and_the_history_tells() -> None:
    """fit() finds slope and offset; the history holds a row for each epoch, with validation and metrics."""
    model = nn.MLP(1, [1], seed=0)
    fitted = nn.fit(model, *LINE, validation=([[4.0]], [9.0]), metrics=["r2"], epochs=300, progress=False,
                    optimizer=nn.SGD(model.parameters(), lr=0.1), batch_size=2)  # fmt: skip
    assert [p.data for p in model.parameters()] == pytest.approx([2.0, 1.0], abs=1e-6)
    assert len(fitted) == 300
    assert set(fitted.epochs[0]) == {"epoch", "loss", "lr", "r2", "val_loss", "val_r2"}
    assert fitted["epoch"] == [float(i) for i in range(1, 301)]
    assert fitted["r2"][-1] == pytest.approx(1.0)
    assert fitted.stopped == "finished"
    assert nn.predict(model, [[10.0]]) == pytest.approx([21.0], abs=1e-4)
    assert nn.evaluate(model, *LINE, metrics=["r2"])["r2"] == pytest.approx(1.0)
    assert "finished" in repr(fitted)
    with pytest.raises(KeyError, match="this history has epoch, loss"):
        fitted["accuracy"]


def test_labels_are_learned() -> None:
    """Cross-entropy over three classes: all right at the end."""
    rng = random.Random(0)
    X = [[rng.gauss(k, 0.2), rng.gauss(k * k, 0.2)] for k in range(3) for _ in range(10)]
    y = [k for k in range(3) for _ in range(10)]
    model = nn.MLP(2, [8, 3], activation="tanh", seed=1)
    fitted = nn.fit(model, X, y, loss="cross_entropy", optimizer=nn.Adam(model.parameters(), lr=0.1), epochs=30, batch_size=6,
                    metrics=["accuracy"], progress=False)  # fmt: skip
    assert fitted["accuracy"][-1] == 1.0
    assert fitted["loss"][-1] < 0.1 * fitted["loss"][0]


def test_arrays_and_frames_are_read() -> None:
    """NumPy arrays, tuples and pandas frames train to the same bits as lists."""

    def trained(X: Any, y: Any) -> list[float]:
        model = nn.MLP(1, [1], seed=0)
        nn.fit(model, X, y, epochs=3, progress=False)
        return [p.data for p in model.parameters()]

    expected = trained(*LINE)
    assert trained(np.array(LINE[0]), np.array(LINE[1])) == expected
    assert trained(tuple(map(tuple, LINE[0])), [[v] for v in LINE[1]]) == expected
    assert trained([x[0] for x in LINE[0]], LINE[1]) == expected
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [x[0] for x in LINE[0]], "y": LINE[1]})
    assert trained(frame[["x"]], frame["y"]) == expected


def test_targets_by_loss() -> None:
    """What each loss takes as a target, its bounds included; a row of one number is the number."""
    assert read_targets([0, 0.5, 1, True], 4, "bce") == [0.0, 0.5, 1.0, 1.0]
    assert read_targets([-1, 1.0], 2, "hinge") == [-1.0, 1.0]
    assert read_targets([[2], 0.0, np.int64(3)], 3, "nll") == [2, 0, 3]
    assert [type(t) for t in read_targets([2.0], 1, "cross_entropy")] == [int]
    assert read_targets([[1, 2], (3,), -5], 3, "mse") == [[1.0, 2.0], 3.0, -5.0]
    assert read_targets(np.array([[1, 2], [3, 4]]), 2, "") == [[1.0, 2.0], [3.0, 4.0]]
    assert read_samples([1, (2,), np.array([3.0])]) == [[1.0], [2.0], [3.0]]
    assert read_samples(np.arange(4).reshape(2, 2)) == [[0.0, 1.0], [2.0, 3.0]]
    assert read_samples(range(2)) == [[0.0], [1.0]]
    assert read_targets(["1"], 1, "mse") == [1.0]  # a text that is a number is read
    for call, words in (
        (lambda: read_samples([]), "^X is empty; give it at least one row$"),
        (lambda: read_samples([[1.0], ["b"]]), r"^X\[1\]\[0\] is 'b', which isn't a number$"),
        (lambda: read_samples([[1.0], {1.0: 2.0}]), r"^X\[1\] takes a list, a NumPy array or a pandas frame, got dict$"),
        (lambda: read_samples([None]), r"^X\[0\]\[0\] is None, which isn't a number$"),
        (lambda: read_targets([1.0], 2, "mse"), "^X has 2 rows and y has 1; they must be equal in number$"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()


def classifier() -> nn.MLP:
    """A small net of three classes."""
    return nn.MLP(1, [2, 3], seed=0)


@pytest.mark.parametrize(
    ("X", "y", "options", "words"),
    [
        ([], [], {}, "X is empty"),
        ([[1.0], [1.0, 2.0]], [1, 2], {}, r"X is ragged: row 0 has 1 numbers and row 1 has 2"),
        ([[1.0, 2.0]], [1.0], {}, "takes 1 input, got 2"),
        ([[1.0]], [1.0, 2.0], {}, "X has 1 rows and y has 2"),
        ([[math.nan]], [0], {"loss": "cross_entropy"}, r"X\[0\]\[0\] is nan; fill it in or leave the row out"),
        ([[1.0]], [math.inf], {}, r"y\[0\] is inf"),
        ([["a"]], [1.0], {}, r"X\[0\]\[0\] is 'a', which isn't a number"),
        ("ab", [1.0], {}, "X takes a list, a NumPy array or a pandas frame, got str"),
        ([[1.0], [2.0]], [0, 3], {"loss": "cross_entropy"}, "from 0 to 2, got 3"),
        ([[1.0]], [-1], {"loss": "cross_entropy"}, "it must be a label: 0, 1, 2"),
        ([[1.0]], [0.5], {"loss": "nll"}, "it must be a label"),
        ([[1.0]], [0], {"loss": "hinge"}, "must be -1 or 1"),
        ([[1.0]], [2], {"loss": "bce"}, "must be from 0 to 1"),
        ([[1.0]], [0], {"loss": "l2"}, "there is no loss 'l2'; write one of mse"),
        ([[1.0]], [0], {"loss": "cross_entropy", "metrics": ["f2"]}, "there is no metric 'f2'"),
        ([[1.0]], [0], {"loss": "cross_entropy", "epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ([[1.0]], [0], {"loss": "cross_entropy", "batch_size": 1.5}, "batch_size must be"),
        ([[1.0]], [0], {"loss": "cross_entropy", "batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ([[1.0]], [0], {"loss": "cross_entropy", "batch_size": False}, "batch_size must be .*, got False"),
        (
            [[1.0]],
            [0],
            {"loss": "cross_entropy", "early_stopping": 0},
            "early_stopping must be a whole number of at least 1, got 0",
        ),
        ([[1.0]], [0], {"loss": "cross_entropy", "early_stopping": -1}, "early_stopping must be"),
        ([[1.0]], [0], {"loss": "cross_entropy", "epochs": True}, "epochs must be"),
        ([[1.0]], [0], {"loss": "cross_entropy", "seed": "a"}, "seed takes an int"),
        ([[10**400]], [1.0], {}, r"X\[0\]\[0\] is a number too large for a float"),
        ([[1.0]], [10**400], {}, r"y\[0\] is a number too large for a float"),
        ([[1.0]], [[1.0, 10**400]], {}, r"y\[0\]\[1\] is a number too large"),
        ([[1.0]], [[1.0, math.nan]], {}, r"y\[0\]\[1\] is nan"),
        ([[1.0]], ["a"], {}, r"y\[0\] is 'a', which isn't a number"),
        ([[1.0]], [[0, 1]], {"loss": "cross_entropy"}, "it must be a label"),
        ([[1.0]], [[0.5, 0.5]], {"loss": "bce"}, "must be from 0 to 1"),
        ([[1.0]], [-0.1], {"loss": "bce"}, "must be from 0 to 1"),
        ([[1.0]], {"a": 1}, {}, "y takes a list, a NumPy array or a pandas frame, got dict"),
        ([[1.0]], 3.0, {}, "y takes a list, .* got float"),
        (b"ab", [1.0], {}, "X takes a list, .* got bytes"),
        ([[1.0]], [1.0], {"validation": ([[1.0]], [1.0], [2.0])}, r"validation takes a pair"),
        ([[1.0]], [1.0], {"validation": ([], [])}, "validation X is empty"),
        ([[1.0]], [1.0], {"validation": ([[1.0]], [1.0, 2.0])}, "X has 1 rows and validation y has 2"),
        ([[1.0]], [1.0], {"validation": ([[math.inf]], [1.0])}, r"validation X\[0\]\[0\] is inf"),
        ([[1.0]], [0], {"loss": "cross_entropy", "validation": [[1.0]]}, r"validation takes a pair \(X, y\)"),
        (
            [[1.0]],
            [0],
            {"loss": "cross_entropy", "validation": ([[1.0, 2.0]], [0])},
            "X has 1 columns and the validation X has 2",
        ),
        ([[1.0]], [0], {"loss": "cross_entropy", "validation": ([[1.0]], [7])}, "from 0 to 2, got 7"),
    ],
)
def test_bad_data_change_nothing(X: Any, y: Any, options: dict[str, Any], words: str) -> None:
    """Each has an error of its own, before any parameter has changed."""
    model = classifier() if options.get("loss") in ("cross_entropy", "nll") else nn.MLP(1, [1], seed=0)
    before = model.state_dict()
    with pytest.raises((ValueError, TypeError), match=words):
        nn.fit(model, X, y, progress=False, **options)
    assert model.state_dict() == before
    assert not any(p.has_grad for p in model.parameters())


def named(name: str, answer: Any = 0.0) -> Any:
    """A metric of that name, which always says the same."""

    def metric(outputs: list[Any], targets: list[Any]) -> Any:
        return answer

    metric.__name__ = name
    return metric


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ([named("epoch")], "a metric can't be called 'epoch'"),
        ([named("loss")], "a metric can't be called 'loss'"),
        ([named("lr")], "a metric can't be called 'lr'"),
        ([named("val_f1")], "a metric can't be called 'val_f1'"),
        ([named("f1"), named("f1")], "two metrics are called 'f1'"),
        (["r2", named("r2")], "two metrics are called 'r2'"),
        ("f2", "there is no metric 'f2'; write one of accuracy, precision, recall, f1, r2, or pass a function"),
    ],
)
def test_a_metric_has_a_name_of_its_own(metrics: Any, words: str) -> None:
    """A name that the history has already, twice the same name, and an unknown one are refused before anything changes."""
    model = nn.MLP(1, [1], seed=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=words):
        nn.fit(model, *LINE, metrics=metrics, progress=False)
    with pytest.raises(ValueError, match=words):
        nn.evaluate(model, *LINE, metrics=metrics)
    assert model.state_dict() == before


def test_metrics_by_name_and_by_function() -> None:
    """One name, one function, and lists of both will do; a function's answer becomes a float, and must be a number."""
    model = nn.MLP(1, [1], seed=0)
    assert set(nn.evaluate(model, *LINE, metrics="r2")) == {"loss", "r2"}
    assert nn.evaluate(model, *LINE, metrics=named("f1"))["f1"] == 0.0
    found = nn.evaluate(model, *LINE, metrics=["accuracy", lambda o, t: np.float32(0.5), named("f1")])
    assert found["<lambda>"] == 0.5
    assert {type(x) for x in found.values()} == {float}
    assert nn.evaluate(model, *LINE, metrics=lambda o, t: Value(2.0))["<lambda>"] == 2.0
    for answer in (None, "x"):
        with pytest.raises(TypeError, match=f"the metric 'f1' must return a number, got {answer!r}"):
            nn.evaluate(model, *LINE, metrics=named("f1", answer))


def test_accuracy_and_r2_are_their_formulas() -> None:
    """The share that is right, by the largest output or the side of 0; and 1 - residual/spread, at its edges, too."""
    accuracy, r2 = metrics.METRICS["accuracy"], metrics.METRICS["r2"]
    assert accuracy([[0.1, 0.9], [0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], [1, 0, 0, 0]) == 0.75
    assert accuracy([0.5, -0.5, 0.0, 2.0], [1.0, -1.0, 1.0, -1.0]) == 0.5
    assert accuracy([0.5, 0.0, 0.5], [1.0, 0.0, 0.0]) == pytest.approx(2 / 3)
    assert r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0]) == 0.5
    assert r2([[1.0, 2.0], [4.0, 4.0]], [[1.0, 2.0], [3.0, 6.0]]) == pytest.approx(1 - 5 / 14)
    assert r2([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert r2([2.0, 3.0], [2.0, 2.0]) == -math.inf


def test_numpy_integers_are_whole_numbers() -> None:
    """epochs, batch_size, early_stopping, seed and the sizes of a net may be NumPy's integers."""

    def trained(kind: Any) -> list[float]:
        model = nn.MLP(kind(1), [kind(2), kind(1)], seed=kind(4))
        fitted = nn.fit(model, *LINE, epochs=kind(3), batch_size=kind(3), early_stopping=kind(2), seed=kind(1), progress=False)
        assert len(fitted) == 3
        return [p.data for p in model.parameters()]

    assert trained(np.int64) == trained(np.uint8) == trained(int)
    assert len(nn.Embedding(np.int32(3), np.int32(2), seed=0)(np.int64(2))) == 2


def test_batches_are_of_their_size() -> None:
    """So many samples make a step, the last batch has the rest, all of them make one if there is no batch_size."""
    for size, steps in ((None, [4]), (1, [1, 1, 1, 1]), (3, [3, 1]), (4, [4]), (9, [4])):
        model = nn.MLP(1, [1], seed=0)
        seen: list[int] = []
        calls: list[float] = []

        class Counting(nn.SGD):
            def step(self, seen: Any = seen, calls: Any = calls) -> None:
                seen.append(len(calls))
                calls.clear()

        def loss(p: Any, t: Any, calls: Any = calls) -> Any:
            calls.append(t)
            return p * 0.0 + t

        def clear(history: Any, calls: Any = calls) -> None:
            calls.clear()

        fitted = nn.fit(model, *LINE, optimizer=Counting(model.parameters()), loss=loss, epochs=2, batch_size=size,
                        callbacks=[clear], progress=False)  # fmt: skip
        seen[0] -= 1  # the one that is tried before anything changes
        assert seen == steps * 2
        assert fitted["loss"] == [4.0, 4.0]  # the mean over samples, not over batches


def test_the_order_is_drawn_for_each_epoch() -> None:
    """The order is that of random.Random(seed).shuffle, epoch after epoch; without shuffling it is the order of the rows."""

    def order(**options: Any) -> list[float]:
        seen: list[float] = []
        model = nn.MLP(1, [1], seed=0)
        nn.fit(model, *LINE, loss=lambda p, t: (seen.append(t), p * 0.0)[1], epochs=3, progress=False, **options)
        return seen[1:]

    def expected(rng: random.Random) -> list[float]:
        found = []
        for _ in range(3):
            places = list(range(4))
            rng.shuffle(places)
            found += [LINE[1][i] for i in places]
        return found

    assert order() == order(seed=0) == expected(random.Random(0))
    assert order(seed=random.Random(5)) == expected(random.Random(5))
    assert order(shuffle=False) == LINE[1] * 3
    before = random.getstate()
    try:
        random.seed(7)
        found = order(seed=None)
        assert found == expected(random.Random(7))
    finally:
        random.setstate(before)


def test_an_optimizer_of_another_model_is_refused() -> None:
    """One that holds none of the model's parameters is an error before anything changes; one that holds some trains those."""
    model, other = nn.MLP(1, [2, 1], seed=0), nn.MLP(1, [2, 1], seed=0)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"holds none of this model's parameters.*SGD\(model.parameters\(\), lr=0.1\)"):
        nn.fit(model, *LINE, optimizer=nn.SGD(other.parameters()), progress=False)
    sgd = nn.SGD(model.parameters(), lr=0.1)
    for optimizer in (None, nn.SGD(model.parameters())):
        with pytest.raises(ValueError, match="the schedule drives another optimizer"):
            nn.fit(model, *LINE, optimizer=optimizer, schedule=nn.ExponentialLR(sgd, 0.5), progress=False)
    with pytest.raises(TypeError, match=r"fit takes a Module, got Compiled; pass the model itself, which fit compiles$"):
        nn.fit(ag.compile(nn.Linear(1, 1)), [[1.0]], [1.0])
    with pytest.raises(TypeError, match="fit takes a Module, got function"):
        nn.fit(lambda x: x[0], *LINE, progress=False)  # type: ignore[arg-type]
    assert model.state_dict() == before
    last = model.layers[1].parameters()
    nn.fit(model, *LINE, optimizer=nn.SGD([*other.parameters(), *last], lr=0.1), epochs=1, progress=False)
    assert model.state_dict()["layers.0.neurons.0.w"] == before["layers.0.neurons.0.w"]
    assert model.state_dict()["layers.1.neurons.0.w"] != before["layers.1.neurons.0.w"]


def test_data_are_read_before_the_model_is_called() -> None:
    """Everything about the data, the validation data and the options is looked at before the model sees a sample."""
    calls: list[Any] = []

    class Watching(nn.MLP):
        def forward(self, x: Any) -> Any:
            calls.append((x, self.training))
            return super().forward(x)

    model = Watching(1, [3], seed=0)
    labels = [0, 1, 2, 1]
    for options in ({"validation": ([[1.0]], [0.5])}, {"validation": [[1.0]]}, {"batch_size": 0}, {"metrics": ["f2"]},
                    {"optimizer": nn.SGD([Value(1.0)])}):  # fmt: skip
        with pytest.raises(ValueError):
            nn.fit(model, LINE[0], labels, loss="cross_entropy", progress=False, **options)  # type: ignore[arg-type]
    assert calls == []
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        nn.fit(model, LINE[0], labels, loss="cross_entropy", validation=([[9.0]], [3]), progress=False)
    other = nn.MLP(1, [3], seed=0)
    before = other.state_dict()
    with pytest.raises(ValueError, match="from 0 to 2, got 3"):
        nn.fit(other, LINE[0], labels, loss="cross_entropy", validation=([[9.0], [8.0]], [3, 0]), progress=False)
    assert other.state_dict() == before  # each label of the validation data was tried, and not only the last
    assert sorted(calls) == [([0.0], False), ([1.0], False), ([2.0], False), ([9.0], False)]  # each label once, in evaluation
    assert model.training


def test_a_step_that_fails_is_named() -> None:
    """An optimizer that can't step stops the training with the epoch and the batch, and nothing was moved."""
    model = nn.MLP(1, [1], seed=0)
    before = model.state_dict()

    class Broken(nn.SGD):
        def step(self) -> None:
            raise ZeroDivisionError("by zero")

    with pytest.raises(nn.TrainingError, match=r"the step failed in epoch 1, batch 1 \(samples .*\): by zero"):
        nn.fit(model, *LINE, optimizer=Broken(model.parameters()), progress=False)
    assert model.state_dict() == before


def test_early_stopping_goes_back_to_the_best() -> None:
    """Training that gets worse stops after so many epochs, with the parameters of the best one."""
    model = nn.MLP(1, [1], seed=0)
    seen: list[list[float]] = []
    sgd = nn.SGD(model.parameters(), lr=0.01)

    def worse(history: nn.History) -> None:
        seen.append([p.data for p in model.parameters()])
        if len(history) == 5:
            sgd.param_groups[0]["lr"] = 5.0

    fitted = nn.fit(model, *LINE, optimizer=sgd, epochs=100, early_stopping=3, callbacks=[worse], progress=False)
    assert fitted.stopped == "early stopping"
    assert fitted.best_epoch == min(range(len(fitted)), key=fitted["loss"].__getitem__) + 1
    assert [p.data for p in model.parameters()] == seen[fitted.best_epoch - 1]
    assert len(fitted) == fitted.best_epoch + 3


def test_a_callback_that_returns_true_stops() -> None:
    """And one that returns anything else does not."""
    fitted = nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=9, callbacks=[lambda h: 1, lambda h: len(h) == 4], progress=False)
    assert (len(fitted), fitted.stopped) == (4, "stopped by a callback")


def test_ctrl_c_keeps_the_history_and_the_best() -> None:
    """KeyboardInterrupt in the middle of an epoch returns the history so far, with the parameters of the best epoch."""
    model = nn.MLP(1, [1], seed=0)
    kept: list[list[float]] = []
    calls = 0

    class Interrupting(nn.SGD):
        def step(self) -> None:
            nonlocal calls
            calls += 1
            super().step()
            if calls == 8:  # after the first of the two batches of the fourth epoch
                raise KeyboardInterrupt

    fitted = nn.fit(model, *LINE, optimizer=Interrupting(model.parameters(), lr=0.05), epochs=50, batch_size=2, progress=False,
                    callbacks=[lambda h: kept.append([p.data for p in model.parameters()])])  # fmt: skip
    assert (fitted.stopped, len(fitted)) == ("interrupted", 3)
    assert [p.data for p in model.parameters()] == kept[fitted.best_epoch - 1]


def test_resuming_is_exact(tmp_path: Path) -> None:
    """Five epochs, a checkpoint, and five more in a new model end bit for bit where ten epochs end, dropout included."""
    X, y = moons(12, 0)

    def parts() -> Any:
        model = nn.Sequential(nn.Linear(2, 4, seed=0), nn.Tanh(), nn.Dropout(0.3, seed=5), nn.Linear(4, 1, seed=1))
        adam = nn.Adam(model.parameters(), lr=0.1)
        return model, {"optimizer": adam, "schedule": nn.ExponentialLR(adam, 0.9), "loss": "hinge", "batch_size": 5,
                       "validation": (X, y), "progress": False, "seed": 3}  # fmt: skip

    whole, options = parts()
    straight = nn.fit(whole, X, y, epochs=10, **options)
    path = tmp_path / "check.json"
    first, options = parts()
    nn.fit(first, X, y, epochs=5, checkpoint=path, **options)
    second, options = parts()
    resumed = nn.fit(second, X, y, epochs=10, resume=path, **options)
    assert second.state_dict() == whole.state_dict()
    assert resumed.epochs == straight.epochs
    assert resumed.best_epoch == straight.best_epoch
    assert [p.name for p in tmp_path.iterdir()] == ["check.json"]


def test_a_checkpoint_that_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    """A checkpoint of another model, or no checkpoint at all, is an error, and model and optimizer stay as they were."""
    path = tmp_path / "check.json"
    nn.fit(nn.MLP(1, [3, 1], seed=0), *LINE, epochs=1, checkpoint=path, progress=False)
    model = nn.MLP(1, [1], seed=0)
    adam = nn.Adam(model.parameters())
    before = model.state_dict(), json.dumps(adam.state_dict())
    for text in (None, "{}", "nothing"):
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"isn't a checkpoint of fit|nothing was changed"):
            nn.fit(model, *LINE, optimizer=adam, resume=path, progress=False)
        assert (model.state_dict(), json.dumps(adam.state_dict())) == before


class Broken(nn.Module):
    """A model whose logarithm leaves its domain after a step, or whose product overflows."""

    def __init__(self, start: float, power: bool) -> None:
        self.w = Value(start, label="w")
        self.power = power

    def forward(self, x: Any) -> Any:
        """log(w), or w**4 squared."""
        return (self.w * self.w) * (self.w * self.w) if self.power else self.w.log() * x[0]


def test_trouble_is_named_by_epoch_batch_and_operation() -> None:
    """A loss that becomes inf and a forward pass that raises stop with epoch, batch and operation."""
    model = Broken(1e60, power=True)
    with pytest.raises(nn.TrainingError, match=r"the loss became inf in epoch 1, batch 1 \(samples .*: value is inf at"):
        nn.fit(model, [[1.0]], [0.0], loss=lambda p, t: p * p, progress=False)
    assert model.w.data == 1e60
    model = Broken(0.5, power=False)
    with pytest.raises(
        nn.TrainingError, match=r"the forward pass failed in epoch 2, batch 1 .*cannot compute log\(w\) where w = -"
    ):
        nn.fit(model, [[1.0]], [0.0], loss=lambda p, t: p, optimizer=nn.SGD(model.parameters(), lr=1.0), progress=False)


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log there are about ten lines on standard error; progress=False is silent; standard output stays empty."""
    nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=50)
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split()[1] for line in said.err.splitlines()] == [f"{i}/50" for i in range(5, 51, 5)]
    nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=50, progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where standard error is a terminal and tqdm is installed, a bar counts the epochs and shows the loss."""
    pytest.importorskip("tqdm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=7)
    said = capsys.readouterr().err
    assert "7/7" in said
    assert "loss=" in said


@pytest.mark.parametrize(
    ("epochs", "said"),
    [(1, [1]), (3, [1, 2, 3]), (19, list(range(1, 20))), (25, [*range(2, 26, 2), 25]), (30, list(range(3, 31, 3)))],
)
def test_lines_come_about_ten_times(epochs: int, said: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """A line for every tenth of the epochs and for the last one, with the epoch's numbers to four digits."""
    history = nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=epochs, metrics=["r2"])
    lines = capsys.readouterr().err.splitlines()
    rows = [history.epochs[i - 1] for i in said]
    assert lines == [f"epoch {r['epoch']:.0f}/{epochs}  loss {r['loss']:.4g}  lr 0.1  r2 {r['r2']:.4g}" for r in rows]


@pytest.mark.parametrize(("notebook", "terminal", "bar"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_bar_counts_what_is_left(
    notebook: bool,
    terminal: bool,
    bar: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """tqdm gets the total, the epochs that were done before, and each epoch's numbers; in a notebook it draws in ASCII."""
    calls: list[Any] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            calls.append(options)

        def set_postfix(self, numbers: Any, refresh: bool = True) -> None:
            calls.append((numbers, refresh))

        def update(self) -> None:
            calls.append("update")

        def close(self) -> None:
            calls.append("close")

    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=Bar))
    (monkeypatch.setitem if notebook else monkeypatch.delitem)(  # type: ignore[operator]
        sys.modules,
        "ipykernel",
        *([types.ModuleType("ipykernel")] if notebook else []),
        **({} if notebook else {"raising": False}),
    )
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    path, model = tmp_path / "check.json", nn.MLP(1, [1], seed=0)
    nn.fit(model, *LINE, epochs=1, checkpoint=path, progress=False)
    assert calls == []
    history = nn.fit(model, *LINE, epochs=3, resume=path)
    if not bar:
        assert calls == []
        assert capsys.readouterr().err.count("epoch ") == 2
        return
    first, *rest = calls
    assert {k: first[k] for k in ("total", "initial", "unit", "ascii")} == {
        "total": 3, "initial": 1, "unit": "epoch", "ascii": notebook
    }  # fmt: skip
    assert first["file"] is sys.stderr
    postfix = [({"loss": f"{r['loss']:.4g}"}, False) for r in history.epochs[1:]]
    assert rest == [postfix[0], "update", postfix[1], "update", "close"]
    assert capsys.readouterr().err == ""


def test_without_tqdm_there_are_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a terminal where tqdm is not installed, the lines of a log are printed."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    nn.fit(nn.MLP(1, [1], seed=0), *LINE, epochs=2)
    assert capsys.readouterr().err.count("epoch ") == 2


def test_losses_as_functions_are_known_by_name() -> None:
    """nn.cross_entropy itself makes labels of the targets as its name does, and nn.hinge refuses what isn't -1 or 1."""
    ends = []
    for loss in ("cross_entropy", nn.cross_entropy):
        model = nn.MLP(1, [2], seed=0)
        nn.fit(model, [[0.0], [1.0]], [0.0, 1.0], loss=loss, epochs=3, progress=False)
        ends.append(model.state_dict())
    assert ends[0] == ends[1]
    with pytest.raises(ValueError, match="with loss 'hinge' it must be -1 or 1"):
        nn.fit(nn.MLP(1, [1], seed=0), [[0.0]], [0.0], loss=nn.hinge, progress=False)


def test_defaults_of_fit() -> None:
    """A hundred epochs of all samples at once, by SGD at 0.1 on the mean squared error."""
    model, other = nn.MLP(1, [2, 1], seed=0), nn.MLP(1, [2, 1], seed=0)
    history = nn.fit(model, *LINE, progress=False)
    again = nn.fit(other, *LINE, optimizer=nn.SGD(other.parameters(), lr=0.1), epochs=100, batch_size=4, loss="mse", seed=0,
                   shuffle=True, metrics=["r2"], progress=False)  # fmt: skip
    assert model.state_dict() == other.state_dict()
    assert len(history) == 100
    assert history["loss"] == again["loss"]  # with metrics, too, the loss is that of the epoch's own forward passes
    assert history["lr"] == [0.1] * 100
    assert set(history.epochs[0]) == {"epoch", "loss", "lr"}
    assert nn.evaluate(model, *LINE) == {"loss": nn.evaluate(model, *LINE, loss=nn.mean_squared_error)["loss"]}


def test_the_rate_of_an_epoch_stands_in_its_row() -> None:
    """lr is what the epoch was trained with; the schedule steps after it."""
    model = nn.MLP(1, [1], seed=0)
    sgd = nn.SGD(model.parameters(), lr=0.08)
    history = nn.fit(model, *LINE, optimizer=sgd, schedule=nn.ExponentialLR(sgd, 0.5), epochs=3, progress=False)
    assert history["lr"] == [0.08, 0.04, 0.02]
    assert sgd.param_groups[0]["lr"] == 0.01


def test_the_best_epoch_is_that_of_the_validation() -> None:
    """With validation data their loss decides, as it is after the epoch; an equal one isn't better."""
    model = nn.MLP(1, [1], seed=0)
    losses = iter([3.0, 1.0, 2.0, 1.0, 1.5])  # the first is for the sample that is tried
    kept: list[Any] = []

    def loss(p: Any, t: Any) -> Any:
        return p * p if t == 1.0 else Value(next(losses, 9.0))

    history = nn.fit(model, [[1.0]], [1.0], loss=loss, validation=([[1.0]], [2.0]), epochs=6, early_stopping=3, progress=False,
                     callbacks=[lambda h: kept.append(model.state_dict())])  # fmt: skip
    assert history["val_loss"] == [1.0, 2.0, 1.0, 1.5]
    assert history.best_epoch == 1
    assert model.state_dict() == kept[0] != kept[1]


def test_an_interrupt_in_the_first_epoch() -> None:
    """Ctrl-C before any epoch has ended gives an empty history and the parameters of the beginning."""
    model = nn.MLP(1, [1], seed=0)
    before = model.state_dict()

    class Interrupting(nn.SGD):
        def step(self) -> None:
            super().step()
            raise KeyboardInterrupt

    history = nn.fit(model, *LINE, optimizer=Interrupting(model.parameters(), lr=0.1), progress=False)
    assert (len(history), history.best_epoch, history.stopped) == (0, 0, "interrupted")
    assert model.state_dict() == before
    assert history["loss"] == []
    assert repr(history) == "History(no epoch yet; interrupted)"
    history.stopped = ""
    history.epochs.append({"epoch": 1.0, "loss": 0.123456})
    assert repr(history) == "History(epoch=1, loss=0.1235)"


def test_trouble_names_its_samples() -> None:
    """Up to four samples of the batch are named; where the trouble doesn't come again, inputs and parameters are suspected."""
    for count, words in ((4, r"\(samples 0, 1, 2, 3\)"), (5, r"\(samples 0, 1, 2, 3, \.\.\.\)"), (1, r"\(samples 0\)")):
        numbers = iter([0.0, *[math.nan] * count])

        def loss(p: Any, t: Any, numbers: Any = numbers) -> Any:
            return p * 0.0 + next(numbers, 0.0)

        with pytest.raises(nn.TrainingError, match=rf"nan in epoch 1, batch 1 {words}: an input or a parameter is inf or nan"):
            nn.fit(nn.MLP(1, [1], seed=0), [[0.5]] * count, [1.0] * count, loss=loss, shuffle=False, progress=False)


def test_models_of_one_output_in_a_list() -> None:
    """A model that returns a list of one number trains and is evaluated as one that returns the number; two stay a list."""
    listed, single = nn.Linear(1, 1, init="zeros", seed=0), nn.MLP(1, [1], init="zeros", seed=0)
    first, second = (nn.fit(m, *LINE, epochs=3, metrics=["r2"], progress=False) for m in (listed, single))
    assert first.epochs == second.epochs
    assert nn.predict(listed, [[2.0]]) == [nn.predict(single, [[2.0]])]
    double = nn.Linear(1, 2, init="zeros", seed=0)
    found = nn.fit(double, LINE[0], [[v, -v] for v in LINE[1]], epochs=2, metrics=["r2"], progress=False)
    assert found["loss"][1] < found["loss"][0]
    assert nn.predict(lambda x: (x[0], 1), [[2.0]]) == [[2.0, 1.0]]


def test_predict_records_nothing_and_drops_nothing() -> None:
    """predict() gives floats, leaves the training mode as it was, and with a part in evaluation leaves that, too."""
    model = nn.Sequential(nn.Linear(1, 2, seed=0), nn.Dropout(0.9, seed=0), nn.Dropout(0.5, seed=0))
    model.layers[2].training = False
    first = nn.predict(model, [[1.0], [2.0]])
    assert first == nn.predict(model, [[1.0], [2.0]])
    assert all(type(v) is float for row in first for v in row)
    assert [m.training for m in model.modules()] == [True, True, True, False]


def test_handwritten_digits() -> None:
    """MLP(64, [32, 10]) on scikit-learn's digits reaches 93 % on a held-out fifth."""
    datasets = pytest.importorskip("sklearn.datasets")
    if ag.engine() == "python":
        pytest.skip("takes minutes on the reference engine")
    X, y = datasets.load_digits(return_X_y=True)
    order = list(range(len(y)))
    random.Random(0).shuffle(order)
    cut = len(order) // 5
    held, rest = order[:cut], order[cut:]
    scaled = X / 16.0
    model = nn.MLP(64, [32, 10], activation="relu", seed=0)
    adam = nn.Adam(model.parameters(), lr=0.01)
    nn.fit(model, scaled[rest], y[rest], loss="cross_entropy", optimizer=adam, epochs=8, batch_size=32, progress=False)
    assert nn.evaluate(model, scaled[held], y[held], loss="cross_entropy", metrics=["accuracy"])["accuracy"] >= 0.93
