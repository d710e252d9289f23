"""fit() and its kin: what is learned, what is refused, and what stays after a stop."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value


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
        ([["a"]], [1.0], {}, r"X\[0\]\[0\] is 'a', which is no number"),
        ("ab", [1.0], {}, "X takes a list, a NumPy array or a pandas frame, got str"),
        ([[1.0], [2.0]], [0, 3], {"loss": "cross_entropy"}, "from 0 to 2, got 3"),
        ([[1.0]], [-1], {"loss": "cross_entropy"}, "it must be a label: 0, 1, 2"),
        ([[1.0]], [0.5], {"loss": "nll"}, "it must be a label"),
        ([[1.0]], [0], {"loss": "hinge"}, "must be -1 or 1"),
        ([[1.0]], [2], {"loss": "bce"}, "must be from 0 to 1"),
        ([[1.0]], [0], {"loss": "l2"}, "there is no loss 'l2'; write one of mse"),
        ([[1.0]], [0], {"loss": "cross_entropy", "metrics": ["f1"]}, "there is no metric 'f1'"),
        ([[1.0]], [0], {"loss": "cross_entropy", "epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ([[1.0]], [0], {"loss": "cross_entropy", "batch_size": 1.5}, "batch_size must be"),
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
        with pytest.raises(ValueError, match=r"no checkpoint of fit|nothing was changed"):
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
