"""Training: `fit`, and what belongs to it.

The order of things in an epoch: shuffle, then for each batch forward, backward, step; then validation, metrics, the
schedule, callbacks, early stopping, the checkpoint. Nothing is changed before the data have been looked at.
"""

from __future__ import annotations

import math
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import autograd as ag
from autograd.files import check_writable

from .arguments import whole_number
from .data import read_samples, read_targets
from .initial import as_random
from .layers import Dropout
from .losses import LOSSES
from .module import Module
from .optimizers import SGD, Optimizer
from .schedules import Schedule
from .stored import DamageError, as_number, described, numbers, read_stored, whole, write_stored

__all__ = ["History", "TrainingError", "evaluate", "fit", "predict"]

Metric = Callable[[list[Any], list[Any]], float]
KIND = "a checkpoint of fit()"
VERSION = 1
ENTRIES = {"glassgrad checkpoint", "model", "optimizer", "schedule", "random", "history", "best"}


class TrainingError(RuntimeError):
    """Training can't go on: the loss became inf or nan, or something raised; the message says where."""


# ---- metrics -------------------------------------------------------------------------------------------


def accuracy(outputs: list[Any], targets: list[Any]) -> float:
    """The share that is right: the largest output, or the side of 0 of a single one."""
    right = 0
    for output, target in zip(outputs, targets, strict=True):
        if isinstance(output, list):
            right += max(range(len(output)), key=output.__getitem__) == target
        else:
            right += (output > 0) == (target > 0)
    return right / len(targets)


def r2(outputs: list[Any], targets: list[Any]) -> float:
    """The coefficient of determination: 1 for perfect, 0 for no better than the mean."""
    ys = [y for t in targets for y in (t if isinstance(t, list) else [t])]
    zs = [z for o in outputs for z in (o if isinstance(o, list) else [o])]
    mean = math.fsum(ys) / len(ys)
    spread = math.fsum((y - mean) ** 2 for y in ys)
    rest = math.fsum((y - z) ** 2 for y, z in zip(ys, zs, strict=True))
    return 1.0 - rest / spread if spread else (1.0 if rest == 0.0 else -math.inf)


METRICS: dict[str, Metric] = {"accuracy": accuracy, "r2": r2}


def _metrics_named(names: Sequence[str | Metric]) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for name in [names] if isinstance(names, str) or callable(names) else names:
        if not callable(name) and name not in METRICS:
            raise ValueError(f"there is no metric {name!r}; write one of {', '.join(METRICS)}, or pass a function")
        word, metric = (getattr(name, "__name__", "metric"), name) if callable(name) else (name, METRICS[name])
        if word in ("epoch", "loss", "lr") or word.startswith("val_"):
            raise ValueError(f"a metric can't be called {word!r}, since the history has its own number of that name; rename it")
        if word in found:
            raise ValueError(f"two metrics are called {word!r}; give each function a name of its own")
        found[word] = metric
    return found


# ---- what happened ---------------------------------------------------------------------------------


class History:
    """What happened, epoch by epoch.

    Attributes:
        epochs: a dict of numbers for each epoch: ``epoch`` (from 1), ``loss``, ``lr``, metrics, and with validation data the
            same with ``val_`` before the name.
        best_epoch: the epoch with the lowest loss (on the validation data, where there are any); 0 before the first.
        stopped: why training ended: ``finished``, ``early stopping`` or ``interrupted``.

    >>> history = History()
    >>> history.epochs.append({"epoch": 1, "loss": 0.5})
    >>> history["loss"], len(history)
    ([0.5], 1)
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.best_epoch = 0
        self.stopped = ""

    def __getitem__(self, name: str) -> list[float]:
        if self.epochs and name not in self.epochs[0]:
            raise KeyError(f"{name!r}; this history has {', '.join(self.epochs[0])}")
        return [epoch[name] for epoch in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def plot(self) -> Any:
        """Draw the losses and metrics by matplotlib. Returns the figure.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from .plots import plot_history

        return plot_history(self)

    def __repr__(self) -> str:
        """The last epoch."""
        last = ", ".join(f"{k}={v:.4g}" for k, v in self.epochs[-1].items()) if self.epochs else "no epoch yet"
        return f"History({last}{f'; {self.stopped}' if self.stopped else ''})"


# ---- using a model -----------------------------------------------------------------------------------


def _number(output: Any) -> Any:
    if isinstance(output, (list, tuple)):
        return [_number(x) for x in output]
    return output.data if isinstance(output, ag.Value) else float(output)


def predict(model: Any, X: Any) -> list[Any]:
    """The outputs for samples, as plain numbers; nothing is recorded, and `Dropout` is off.

    Args:
        model: a module, or any function of a sample.
        X: samples; see `fit`.

    Returns:
        A float for each sample, or a list of floats where the model has several outputs.

    >>> predict(lambda x: 2 * x[0], [[1.0], [2.0]])
    [2.0, 4.0]
    """
    samples = read_samples(X)
    with _evaluating(model), ag.no_grad():
        return [_number(model(x)) for x in samples]


class _evaluating:  # noqa: N801  # it is used like a function
    def __init__(self, model: Any) -> None:
        self.modules = [m for m in model.modules() if m.training] if isinstance(model, Module) else []

    def __enter__(self) -> None:
        for module in self.modules:
            module.training = False

    def __exit__(self, *_: object) -> None:
        for module in self.modules:
            module.training = True


def evaluate(
    model: Any, X: Any, y: Any, loss: str | Callable[..., Any] = "mse", metrics: Sequence[Any] = ()
) -> dict[str, float]:
    """The mean loss and metrics of a model on data.

    Args:
        model: a module, or any function of a sample.
        X: samples; see `fit`.
        y: targets; see `fit`.
        loss: see `fit`.
        metrics: see `fit`.

    Returns:
        ``{"loss": ..., ...}``.

    >>> evaluate(lambda x: x[0], [[1.0], [2.0]], [1.0, 4.0])
    {'loss': 2.0}
    """
    function, name = _loss_named(loss)
    samples = read_samples(X)
    targets = read_targets(y, len(samples), name)
    return _evaluated(model, samples, targets, function, _metrics_named(metrics))


def _evaluated(
    model: Any, samples: Any, targets: Any, loss: Callable[..., Any], metrics: dict[str, Metric]
) -> dict[str, float]:
    outputs = [_alone(o, t) for o, t in zip(predict(model, samples), targets, strict=True)]
    found = {"loss": math.fsum(_number(loss(o, t)) for o, t in zip(outputs, targets, strict=True)) / len(targets)}
    for name, metric in metrics.items():
        answer = metric(outputs, targets)
        try:
            found[name] = float(_number(answer))
        except (TypeError, ValueError):
            raise TypeError(f"the metric {name!r} must return a number, got {answer!r:.60}") from None
    return found


def _alone(output: Any, target: Any) -> Any:
    """The one output of a model that returns a list, where the target is one number."""
    return output[0] if isinstance(output, list) and len(output) == 1 and isinstance(target, float) else output


def _loss_named(loss: str | Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    if callable(loss):
        return loss, next((name for name, f in LOSSES.items() if f is loss), "")
    if loss not in LOSSES:
        raise ValueError(f"there is no loss {loss!r}; write one of {', '.join(LOSSES)}, or pass a function")
    return LOSSES[loss], loss


# ---- training ----------------------------------------------------------------------------------------


def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Callable[..., Any] = "mse",
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int | random.Random | None = 0,
    validation: tuple[Any, Any] | None = None,
    metrics: Sequence[Any] = (),
    schedule: Schedule | None = None,
    early_stopping: int | None = None,
    callbacks: Sequence[Callable[[History], object]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> History:
    """Train a model.

    Args:
        model: the module to train.
        X: samples: a list of rows, a NumPy array or a pandas frame.
        y: targets, as many: numbers, rows of numbers, or labels 0, 1, 2, ... for ``cross_entropy`` and ``nll``.
        loss: ``mse``, ``mae``, ``huber``, ``hinge`` (targets -1 and 1), ``bce`` (0 to 1, on logits), ``cross_entropy`` (on
            logits), ``nll`` (on logarithms of probabilities), or a function of one output and one target.
        optimizer: what moves the parameters, or some of them; ``SGD(model.parameters(), lr=0.1)`` if left out.
        epochs: up to which epoch to train; when resuming, the epochs before count.
        batch_size: samples for each step; all of them if None.
        shuffle: whether the order is drawn anew for each epoch.
        seed: of that order: an int, a `random.Random`, or None for the module `random`.
        validation: ``(X, y)`` to be watched.
        metrics: ``accuracy``, ``r2``, or functions of the lists of outputs and targets, each with a name of its own.
        schedule: a schedule of the learning rate; it steps after each epoch.
        early_stopping: stop after so many epochs without a lower loss (on the validation data, where there are any), and go
            back to the best parameters.
        callbacks: functions of the history, called after each epoch; one that returns True ends the training.
        checkpoint: a file to write after each epoch; the file is written whole or stays as it was.
        resume: a checkpoint to go on from, to the bit as if there had been no break.
        progress: whether to show a bar (`tqdm`, in a terminal or notebook, where it is installed) or a line now and then.

    Returns:
        The history. Ctrl-C ends the training as well: the history so far is returned, and the best parameters are kept.

    Raises:
        ValueError: an argument or the data are wrong, or the file to resume from is damaged; nothing has been changed then.
        TypeError: an argument or the data are of the wrong kind; nothing has been changed then, either.
        OSError: the checkpoint can't be written, which is found before the first epoch, or the file to resume from not read.
        TrainingError: the loss became inf or nan, or the model raised; the message says where, and what operation.

    >>> from nn import MLP, SGD
    >>> model = MLP(1, [1], seed=0)
    >>> X = [[0.0], [1.0], [2.0]]
    >>> history = fit(model, X, [1.0, 3.0, 5.0], optimizer=SGD(model.parameters(), lr=0.1), epochs=200, progress=False)
    >>> [round(p.data, 2) for p in model.parameters()], history.stopped
    ([2.0, 1.0], 'finished')
    """
    if not isinstance(model, Module):
        raise TypeError(f"fit takes a Module, got {type(model).__name__}; write a subclass of nn.Module with a forward()")
    function, name = _loss_named(loss)
    samples = read_samples(X)
    targets = read_targets(y, len(samples), name)
    watched: tuple[Any, Any] | None = None
    if validation is not None:
        if not isinstance(validation, tuple) or len(validation) != 2:
            raise ValueError("validation takes a pair (X, y)")
        rows = read_samples(validation[0], "validation X")
        if len(rows[0]) != len(samples[0]):
            raise ValueError(f"X has {len(samples[0])} columns and the validation X has {len(rows[0])}")
        watched = rows, read_targets(validation[1], len(rows), name, "validation y")
    epochs = whole_number(epochs, "epochs")
    size = len(samples) if batch_size is None else whole_number(batch_size, "batch_size")
    patience = math.inf if early_stopping is None else whole_number(early_stopping, "early_stopping")
    chosen = _metrics_named(metrics)
    optimizer = SGD(model.parameters(), lr=0.1) if optimizer is None else optimizer
    _check_moves(optimizer, model, schedule)
    if checkpoint is not None:
        check_writable(checkpoint)
    _try_one(model, samples, targets, watched, function)
    run = _Run(model, optimizer, schedule, seed, History())
    if resume is not None:
        run.load(resume)
    show = _progress(epochs, len(run.history), progress)
    try:
        while len(run.history) < epochs and not run.history.stopped:
            row = run.epoch(samples, targets, function, size, shuffle)
            if chosen:
                row |= _evaluated(model, samples, targets, function, chosen) | {"loss": row["loss"]}
            if watched:
                row |= {f"val_{k}": v for k, v in _evaluated(model, *watched, function, chosen).items()}
            run.finish(row)
            said = [callback(run.history) for callback in callbacks]
            if any(answer is True for answer in said):
                run.history.stopped = "stopped by a callback"
            if len(run.history) - run.history.best_epoch >= patience:
                run.history.stopped = "early stopping"
                run.back_to_best()
            if checkpoint is not None:
                write_stored(checkpoint, run.state())
            show(row)
        run.history.stopped = run.history.stopped or "finished"
    except KeyboardInterrupt:
        run.back_to_best()
        run.history.stopped = "interrupted"
    finally:
        show(None)
    return run.history


def _check_moves(optimizer: Optimizer, model: Module, schedule: Schedule | None) -> None:
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            "the optimizer holds none of this model's parameters, so nothing would be learned; "
            "make it anew, as in SGD(model.parameters(), lr=0.1)"
        )
    if isinstance(schedule, Schedule) and schedule.optimizer is not optimizer:
        raise ValueError("the schedule drives another optimizer; make both, and pass fit(optimizer=..., schedule=...)")


def _try_one(model: Module, samples: Any, targets: Any, watched: Any, loss: Callable[..., Any]) -> None:
    """One forward pass for each distinct label, before anything changes: a wrong width or a label out of range shows here."""
    firsts = {(t if isinstance(t, int) else 0): (x, t) for x, t in reversed(list(zip(samples, targets, strict=True)))}
    if watched:
        firsts |= {(t if isinstance(t, int) else -1): (x, t) for x, t in zip(*watched, strict=True)}
    with _evaluating(model), ag.no_grad():
        for x, t in firsts.values():
            loss(_alone(model(x), t), t)


class _Run:
    """A training that is under way."""

    def __init__(self, model: Module, optimizer: Optimizer, schedule: Schedule | None, seed: Any, history: History) -> None:
        self.model, self.optimizer, self.schedule, self.history = model, optimizer, schedule, history
        self.rng = as_random(seed)
        self.parameters = model.parameters()
        self.best = [p.data for p in self.parameters]
        self.best_loss = math.inf

    def epoch(self, samples: Any, targets: Any, loss: Callable[..., Any], size: int, shuffle: bool) -> dict[str, float]:
        """One pass over all samples."""
        number = len(self.history) + 1
        order = list(range(len(samples)))
        if shuffle:
            self.rng.shuffle(order)
        rate = self.optimizer.param_groups[0]["lr"]
        losses = []
        for batch, start in enumerate(range(0, len(order), size), start=1):
            places = order[start : start + size]
            where = (
                f"epoch {number}, batch {batch} (samples {', '.join(map(str, places[:4]))}{', ...' if len(places) > 4 else ''})"
            )

            def forward(places: Sequence[int] = places) -> Any:
                return ag.mean([loss(_alone(self.model(samples[i]), targets[i]), targets[i]) for i in places])

            try:
                total = forward()
            except (ArithmeticError, ValueError) as error:
                raise TrainingError(f"the forward pass failed in {where}: {error}") from error
            if not math.isfinite(total.data):
                raise TrainingError(f"the loss became {total.data!r} in {where}: {_culprit(forward)}")
            self.optimizer.zero_grad()
            total.backward()
            try:
                self.optimizer.step()
            except (ArithmeticError, ValueError) as error:
                raise TrainingError(f"the step failed in {where}: {error}") from error
            losses.append(total.data * len(places))
        return {"epoch": float(number), "loss": math.fsum(losses) / len(order), "lr": rate}

    def finish(self, row: dict[str, float]) -> None:
        """Keep what an epoch gave."""
        self.history.epochs.append(row)
        watched = row.get("val_loss", row["loss"])
        if watched < self.best_loss:
            self.best_loss, self.history.best_epoch = watched, len(self.history)
            self.best = [p.data for p in self.parameters]
        if self.schedule is not None:
            self.schedule.step()

    def back_to_best(self) -> None:
        """The parameters of the best epoch."""
        for p, number in zip(self.parameters, self.best, strict=True):
            p.data = number

    def _generators(self) -> Iterator[Any]:
        yield self.rng
        for module in self.model.modules():
            if isinstance(module, Dropout):
                yield as_random(module.rng)

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, as plain data."""
        return {
            "glassgrad checkpoint": VERSION,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "random": [list(rng.getstate()[1]) for rng in self._generators()],
            "history": self.history.epochs,
            "best": [self.history.best_epoch, self.best_loss if math.isfinite(self.best_loss) else None, self.best],
        }

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a file that holds such a state. Everything is taken over, or nothing."""
        state = read_stored(path, KIND)
        before = self._everything()
        try:
            self._take(state)
        except BaseException as error:
            self._restore(before)
            if isinstance(error, (TypeError, ValueError, ArithmeticError)):
                raise ValueError(f"can't resume from {os.fspath(path)}, and nothing was changed: {error}") from None
            raise

    def _take(self, state: dict[str, Any]) -> None:
        if "glassgrad checkpoint" not in state:
            raise DamageError(f"it isn't {KIND}")
        if (version := state["glassgrad checkpoint"]) != VERSION or isinstance(version, bool):
            raise DamageError(f"its version is {described(version)}, and this glassgrad reads version {VERSION}")
        if set(state) != ENTRIES:
            missing, others = sorted(ENTRIES - set(state)), sorted(set(state) - ENTRIES)
            raise DamageError(f"its entries are wrong: missing {missing}, unknown {others!r:.100}")
        epochs, best_epoch, best_loss, best = self._read_history(state["history"], state["best"])
        generators = list(self._generators())
        if not isinstance(state["random"], list) or len(generators) != len(state["random"]):
            raise DamageError("it was written with other Dropout layers")
        if (state["schedule"] is None) != (self.schedule is None):
            raise DamageError(f"it was written {'without a' if state['schedule'] is None else 'with a'} schedule")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        for i, (rng, words) in enumerate(zip(generators, state["random"], strict=True)):
            if not isinstance(words, list) or any(type(x) is not int for x in words):
                raise DamageError(f"random[{i}] isn't the state of a generator")
            rng.setstate((3, tuple(words), None))
        self.history.epochs, self.history.best_epoch, self.best_loss, self.best = epochs, best_epoch, best_loss, best

    def _read_history(self, rows: Any, best: Any) -> tuple[list[dict[str, float]], int, float, list[float]]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DamageError(f"history is {described(rows)} instead of a list of epochs")
        found = [{name: as_number(x, f"history[{i}].{name:.60}") for name, x in row.items()} for i, row in enumerate(rows)]
        for i, row in enumerate(found):
            if not {"epoch", "loss", "lr"} <= set(row) or set(row) != set(found[0]) or row["epoch"] != i + 1:
                raise DamageError(f"history[{i}] isn't what fit() writes for epoch {i + 1}: {described(rows[i])}")
        if not isinstance(best, list) or len(best) != 3:
            raise DamageError(f"best is {described(best)} instead of an epoch, its loss and its parameters")
        epoch = whole(best[0], "the best epoch", 0, len(found))
        if (best[1] is None) != (epoch == 0):
            raise DamageError(f"the loss of the best epoch, {epoch}, is {described(best[1])}")
        loss = math.inf if best[1] is None else as_number(best[1], "the loss of the best epoch")
        return found, epoch, loss, numbers(best[2], len(self.parameters), "the best parameters")

    def _everything(self) -> tuple[Any, ...]:
        """All that `_take` may change."""
        optimizer = self.optimizer.state, [dict(group) for group in self.optimizer.param_groups]
        schedule = dict(vars(self.schedule)) if self.schedule is not None else {}
        return [p.data for p in self.parameters], optimizer, schedule, [(rng, rng.getstate()) for rng in self._generators()]

    def _restore(self, before: tuple[Any, ...]) -> None:
        data, (memory, groups), schedule, generators = before
        for p, x in zip(self.parameters, data, strict=True):
            p.data = x
        self.optimizer.state = memory
        for group, options in zip(self.optimizer.param_groups, groups, strict=True):
            group.update(options)
        if self.schedule is not None:
            vars(self.schedule).update(schedule)
        for rng, words in generators:
            rng.setstate(words)


def _culprit(forward: Callable[[], Any]) -> str:
    """The operation that made an inf or nan, found by computing once more."""
    try:
        with ag.detect_anomaly():
            forward()
    except (ag.AnomalyError, ArithmeticError, ValueError) as error:
        return str(error)
    return "an input or a parameter is inf or nan"


def _progress(epochs: int, done: int, wanted: bool) -> Callable[[dict[str, float] | None], None]:
    """What is called with each epoch's numbers, and with None at the end."""
    if not wanted:
        return lambda row: None
    notebook = "ipykernel" in sys.modules
    if notebook or sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            pass
        else:
            bar = tqdm(total=epochs, initial=done, unit="epoch", file=sys.stderr, ascii=notebook, mininterval=0.2)

            def advance(row: dict[str, float] | None) -> None:
                if row is None:
                    bar.close()
                else:
                    bar.set_postfix({k: f"{v:.4g}" for k, v in row.items() if k not in ("epoch", "lr")}, refresh=False)
                    bar.update()

            return advance
    every = max(1, epochs // 10)

    def line(row: dict[str, float] | None) -> None:
        if row is not None and (row["epoch"] % every == 0 or row["epoch"] == epochs):
            numbers = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k != "epoch")
            print(f"epoch {row['epoch']:.0f}/{epochs}  {numbers}", file=sys.stderr, flush=True)

    return line
