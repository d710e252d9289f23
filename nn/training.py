"""Training: `fit`, in five stages.

1. Read: the data and the arguments are checked.
2. Try: one forward pass for each label, so that a wrong width or a label out of range is an error now.
3. Resume: a checkpoint is taken over whole, or not at all. Nothing is changed before.
4. Train: in each epoch the samples are shuffled, and each batch goes forward, backward, and makes a step; then come
   validation, metrics, the schedule, callbacks, early stopping and the checkpoint.
5. End: the history says why training ended; after an interrupt or an error the model has its best parameters.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import autograd as ag
from autograd.files import check_writable

from .arguments import real_number, whole_number
from .checkpoints import TrainingState
from .evaluation import Data, evaluating
from .history import History
from .layers import MLP, Layer, Neuron
from .metrics import Metric, metrics_named
from .module import Module
from .optimizers import Optimizer, clip_grad_norm_, optimizer_for
from .programs import FEWEST, Batches, Outputs
from .progress import progress_shown
from .schedules import Schedule
from .trouble import first_not_finite, operation, place

__all__ = ["TrainingError", "fit"]


PLAIN = (MLP, Layer, Neuron)  # whose shapes don't depend on the sample


class TrainingError(RuntimeError):
    """Training can't go on: the loss became inf or nan, or something raised; the message says where.

    The model has its best finite parameters again.

    Attributes:
        history: of the epochs before; ``history.stopped`` is ``failed``.
    """

    def __init__(self, message: str, history: History | None = None) -> None:
        super().__init__(message)
        self.history = History() if history is None else history


def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Callable[..., Any] = "mse",
    optimizer: str | Optimizer | None = None,
    lr: float | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int | random.Random | None = 0,
    validation: tuple[Any, Any] | None = None,
    validation_split: float | None = None,
    metrics: Sequence[Any] = (),
    schedule: Schedule | None = None,
    clip_grad_norm: float | None = None,
    early_stopping: int | None = None,
    callbacks: Sequence[Callable[[History], object]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    progress: bool = True,
    verbose: int | None = None,
    compiled: bool = True,
) -> History:
    """Train a model.

    Args:
        model: the module to train.
        X: samples: a list of rows, a NumPy array or a pandas frame.
        y: targets, as many: numbers, rows of numbers, or labels 0, 1, 2, ... for ``cross_entropy`` and ``nll``.
        loss: ``mse``, ``mae``, ``huber``, ``hinge`` (targets -1 and 1), ``bce`` (0 to 1, on logits), ``cross_entropy`` (on
            logits), ``nll`` (on logarithms of probabilities), an object such as ``MSELoss()``, or a function of one output and
            one target.
        optimizer: ``sgd``, ``adam``, ``adamw``, ``rmsprop`` or ``adagrad``; or one that was made before, to move all parameters
            or some of them; ``sgd`` if left out.
        lr: the learning rate of an optimizer by name; if left out, 0.1 for ``sgd`` and the class's own for the others.
        epochs: up to which epoch to train; when resuming, the epochs before count.
        batch_size: samples for each step; all of them if None.
        shuffle: whether the order is drawn again for each epoch.
        seed: of that order: an int, a `random.Random`, or None for the module `random`.
        validation: ``(X, y)`` to be watched.
        validation_split: a share of the samples to be held out and watched instead, above 0 and below 1: drawn at random, the
            same ones in every run.
        metrics: ``accuracy``, ``precision``, ``recall``, ``f1``, ``r2``, or functions of the lists of outputs and targets, each
            with a name of its own.
        schedule: a schedule of the learning rate, of an optimizer that was made before; it steps after each epoch.
        clip_grad_norm: how long all gradients together may be, above 0: longer ones are scaled down before each step.
        early_stopping: stop after this many epochs without a lower loss (on the validation data, where there are any), and go
            back to the best parameters.
        callbacks: functions of the history, called after each epoch; one that returns True ends the training.
        checkpoint: a file to write after each epoch; the file is written whole or stays as it was.
        resume: a checkpoint to go on from, to the bit as if there had been no break.
        progress: whether to show a bar (`tqdm`, in a terminal or notebook, where it is installed) or a line now and then.
        verbose: Keras's word for it, which counts instead of ``progress``: 0 for nothing, 1 for that, 2 for a line each epoch.
        compiled: whether model and loss are recorded once, as a program, and run for the samples of a batch at once. The
            numbers are the same to the bit. Where programs can't be used, each sample is computed by itself, and
            ``history.compiled`` says why. A model of your own that depends on something that changes during an epoch, and is
            neither a parameter nor an attribute of a module, needs False.

    Returns:
        The history. Ctrl-C ends the training as well: the history so far is returned, and the best parameters are kept.

    Raises:
        ValueError: an argument or the data are wrong, or the file to resume from is damaged; nothing has been changed then.
        TypeError: an argument or the data are of the wrong kind; nothing has been changed then, either.
        OSError: the checkpoint can't be written, which is found before the first epoch, or the file to resume from not read.
        TrainingError: the loss became inf or nan, or the model raised; the message says where, and what operation. Its
            ``history`` has the epochs before, and the model has its best finite parameters.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> X = [[0.0], [1.0], [2.0]]
    >>> history = fit(model, X, [1.0, 3.0, 5.0], optimizer="sgd", lr=0.1, epochs=200, progress=False)
    >>> [round(p.data, 2) for p in model.parameters()], history.stopped
    ([2.0, 1.0], 'finished')
    """
    # 1. Read.
    if not isinstance(model, Module):
        instead = "write a subclass of nn.Module with a forward()"
        if isinstance(getattr(model, "__wrapped__", None), Module):
            instead = "pass the model itself, which fit compiles"
        raise TypeError(f"fit takes a Module, got {type(model).__name__}; {instead}")
    data, held_out = _read(X, y, loss, validation, validation_split)
    if verbose is not None and verbose not in (0, 1, 2):
        raise ValueError(f"verbose must be 0, 1 or 2, got {verbose!r:.60}")
    epochs = whole_number(epochs, "epochs")
    size = len(data.samples) if batch_size is None else whole_number(batch_size, "batch_size")
    patience = math.inf if early_stopping is None else whole_number(early_stopping, "early_stopping")
    chosen = metrics_named(metrics)
    optimizer = optimizer_for(model.parameters(), optimizer, lr)
    _check_moves(optimizer, model, schedule)
    limit = None if clip_grad_norm is None else real_number(clip_grad_norm, "clip_grad_norm", math.ulp(0.0), math.inf)
    if resume is None and (wrong := first_not_finite(model)):
        raise ValueError(
            f"{wrong}: the model's parameters aren't finite, most likely since a training diverged; "
            f"make a new model, or load finite numbers into this one"
        )
    if checkpoint is not None:
        check_writable(checkpoint)
    # 2. Try.
    _try_each_label(model, data, held_out)
    # 3. Resume.
    state = TrainingState(model, optimizer, schedule, seed)
    why = "compiled=False" if not compiled else "there are few samples" if epochs * len(data.samples) < FEWEST else ""
    batches = Batches(model, data.samples, data.targets, data.loss, data.kind, why)
    outputs = Outputs(model) if compiled else None
    if resume is not None:
        state.load(resume)
    # 4. Train.
    history = state.history
    show = progress_shown(epochs, len(history), progress if verbose is None else verbose > 0, each=verbose == 2)
    try:
        while len(history) < epochs and not history.stopped:
            row = _epoch(state, data, batches, size, shuffle, limit)
            if chosen:
                row |= _measured(data, state, chosen, outputs) | {"loss": row["loss"]}
            if held_out is not None:
                row |= {f"val_{name}": x for name, x in _measured(held_out, state, chosen, outputs).items()}
            state.finish_epoch(row)
            answers = [callback(history) for callback in callbacks]
            if any(answer is True for answer in answers):
                history.stopped = "stopped by a callback"
            if len(history) - history.best_epoch >= patience:
                history.stopped = "early stopping"
                state.back_to_best()
            if checkpoint is not None:
                state.save(checkpoint)
            show(row)
        # 5. End.
        if wrong := first_not_finite(model):
            raise _Trouble(f"after epoch {len(history)} {wrong}{_advice(state)}")
        history.stopped = history.stopped or "finished"
    except KeyboardInterrupt:
        state.back_to_best()
        history.stopped = "interrupted"
    except _Trouble as trouble:
        raise TrainingError(f"{trouble}. The model's parameters are {state.fail()}", history) from trouble.__cause__
    finally:
        history.compiled = batches.words()
        show(None)
    return history


def _read(X: Any, y: Any, loss: Any, validation: Any, split: Any) -> tuple[Data, Data | None]:
    """The data to train with, and those to be watched."""
    data = Data.read(X, y, loss)
    if split is not None:
        if validation is not None:
            raise ValueError("pass validation= or validation_split=, and not both")
        return data.split(real_number(split, "validation_split", math.ulp(0.0), 1.0))
    if validation is None:
        return data, None
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise ValueError("validation takes a pair (X, y)")
    held_out = Data.read(*validation, loss, "validation ")
    columns, others = len(data.samples[0]), len(held_out.samples[0])
    if columns != others:
        raise ValueError(f"X has {columns} columns and the validation X has {others}")
    return data, held_out


def _check_moves(optimizer: Optimizer, model: Module, schedule: Schedule | None) -> None:
    if not any(module.requires_grad for module in model.modules()):
        raise ValueError("the whole model is frozen, so nothing would be learned; thaw a part of it by requires_grad_()")
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            "the optimizer holds none of this model's parameters, so nothing would be learned; "
            f"make a new optimizer for the new model, as in {type(optimizer).__name__}(model.parameters(), lr=0.1)"
        )
    if isinstance(schedule, Schedule) and schedule.optimizer is not optimizer:
        raise ValueError("the schedule drives another optimizer; make both, and pass fit(optimizer=..., schedule=...)")


def _try_each_label(model: Module, data: Data, held_out: Data | None) -> None:
    """A loss for each distinct label; targets that aren't labels count as one. A model of plain layers is computed once."""
    once = all(type(m) in PLAIN for m in model.modules())
    with evaluating(model):
        for part in (data, held_out) if held_out is not None else (data,):
            labels = [target if isinstance(target, int) else "" for target in part.targets]
            firsts = dict(zip(reversed(labels), reversed(range(len(labels))), strict=True))
            output = None
            for i in sorted(firsts.values()):
                with suppress(ArithmeticError):  # not a wrong shape or label: the training will say where
                    output = output if once and output is not None else model(part.samples[i])
                    part.loss_of(output, i)


class _Trouble(Exception):  # noqa: N818  # it becomes a TrainingError
    """Why training can't go on."""


def _epoch(
    state: TrainingState, data: Data, batches: Batches, size: int, shuffle: bool, limit: float | None
) -> dict[str, float]:
    """One pass over all samples, in batches of a size."""
    number = state.begin_epoch()
    batches.begin_epoch()
    order = list(range(len(data.samples)))
    if shuffle:
        state.rng.shuffle(order)
    rate = state.optimizer.param_groups[0]["lr"]
    losses = []
    for batch, start in enumerate(range(0, len(order), size), start=1):
        places = order[start : start + size]
        losses.append(_step(state, data, batches, places, _Place(number, batch, data, places), limit) * len(places))
    return {"epoch": float(number), "loss": math.fsum(losses) / len(order), "lr": rate}


class _Place(NamedTuple):
    """Where a training is, for messages."""

    epoch: int
    batch: int
    data: Data
    places: Sequence[int]

    def __str__(self) -> str:
        shown = ", ".join(str(self.data.rows[i]) for i in self.places[:4]) + (", ..." if len(self.places) > 4 else "")
        return f"epoch {self.epoch}, batch {self.batch} (samples {shown})"


def _step(
    state: TrainingState, data: Data, batches: Batches, places: Sequence[int], where: _Place, limit: float | None
) -> float:
    """Forward, backward, and a step, for one batch. Returns its mean loss."""

    def forward() -> Any:
        return ag.mean([data.sample_loss(state.model, i) for i in places])

    try:
        loss = batches.mean_loss(places)
        if loss is None:
            loss = forward()
    except (ArithmeticError, ValueError) as error:
        words = f"the forward pass failed in {where}: {error}{place(error, state.model)}"
        raise _Trouble(words + _advice(state)) from error
    if not math.isfinite(loss.data):
        words = f"the loss became {loss.data!r} in {where}: {first_not_finite(state.model) or operation(forward, state.model)}"
        raise _Trouble(words + _advice(state, loss.data))
    state.recent.append(loss.data)
    state.optimizer.zero_grad()
    loss.backward()
    try:
        if limit is not None:
            clip_grad_norm_(state.parameters, limit)
    except ValueError as error:
        raise _Trouble(f"the gradients can't be clipped in {where}: {error}{_advice(state)}") from error
    try:
        state.optimizer.step()
    except (ArithmeticError, ValueError) as error:
        raise _Trouble(f"the step failed in {where}: {error}") from error
    return float(loss.data)


def _measured(data: Data, state: TrainingState, metrics: dict[str, Metric], outputs: Outputs | None) -> dict[str, float]:
    try:
        return data.measured(state.model, metrics, outputs)
    except ArithmeticError as error:
        words = f"the evaluation after epoch {len(state.history) + 1} failed: {error}{place(error, state.model)}"
        raise _Trouble(words + _advice(state)) from error


def _advice(state: TrainingState, *last: float) -> str:
    """How the loss went, and what may help."""
    if not state.recent:
        return ". No step was taken before, so look at the data and at the numbers that the model begins with"
    went = ", ".join(f"{loss:.4g}" for loss in (*state.recent, *last))
    rate = state.optimizer.param_groups[0]["lr"]
    return f". The loss went {went}; lower lr (it is {rate:g}), or clip the gradients, as in fit(..., clip_grad_norm=1.0)"
