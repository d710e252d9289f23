"""What a training remembers from one epoch to the next, and the checkpoints that hold it."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from typing import Any

from autograd import leaves

from .architecture import State, check_architecture
from .history import History
from .initial import as_random
from .layers import Dropout
from .module import Module
from .optimizers import Optimizer
from .schedules import Schedule
from .stored import DamageError, as_number, described, numbers, read_stored, whole, write_stored

__all__ = ["TrainingState"]

KIND = "a checkpoint of fit()"
VERSION = 1
ENTRIES = {"glassgrad checkpoint", "model", "optimizer", "schedule", "random", "history", "best"}
SINCE = {"architecture"}  # the entries that checkpoints of version 0.1.0 don't have


class TrainingState:
    """All that the next epoch depends on.

    Args:
        model: what is trained.
        optimizer: what moves its parameters.
        schedule: of the learning rate, or None.
        seed: of the order of the samples.
    """

    def __init__(self, model: Module, optimizer: Optimizer, schedule: Schedule | None, seed: Any) -> None:
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        self.history = History()
        self.rng = as_random(seed)
        self.parameters = model.parameters()
        self.best = leaves.numbers(self.parameters)
        self.best_loss = math.inf
        self.begun = self.best, optimizer.snapshot()  # what the epoch began with
        self.safe = (*self.begun, "those from before the training")  # what to go back to if training can't go on
        self.safe_loss = math.inf
        self.recent: deque[float] = deque(maxlen=6)  # losses, of the last batches

    def begin_epoch(self) -> int:
        """Keep what the epoch begins with. Returns its number, from 1."""
        self.begun = leaves.numbers(self.parameters), self.optimizer.snapshot()
        return len(self.history) + 1

    def finish_epoch(self, row: dict[str, float]) -> None:
        """Keep what an epoch gave, and its parameters if they are finite and the best so far; go on in the schedule."""
        self.history.epochs.append(row)
        watched, data = row.get("val_loss", row["loss"]), leaves.numbers(self.parameters)
        if watched < self.best_loss and all(map(math.isfinite, data)):
            self.best_loss, self.history.best_epoch, self.best = watched, len(self.history), data
        # The loss on the training data is that of the parameters before the epoch's steps.
        found = (data, self.optimizer.snapshot()) if "val_loss" in row else self.begun
        if watched < self.safe_loss and all(map(math.isfinite, found[0])):
            words = f"those {'after' if 'val_loss' in row else 'before'} epoch {len(self.history)}, where the loss was lowest"
            self.safe, self.safe_loss = (*found, words), watched
        if self.schedule is not None:
            self.schedule.step()

    def back_to_best(self) -> None:
        """The parameters of the best epoch; before the first one, those of the beginning."""
        leaves.assign(self.parameters, self.best)

    def fail(self) -> str:
        """End a training that can't go on: go back to the best parameters, with the optimizer's memory. Says which they are."""
        self.history.stopped = "failed"
        data, memory, words = self.safe
        leaves.assign(self.parameters, data)
        self.optimizer.recall(memory)
        return words

    # ---- files -------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: the file is written whole, or stays as it was.

        Raises:
            OSError: the file can't be written.
        """
        write_stored(path, self._as_dict())

    def _generators(self) -> Iterator[Any]:
        yield self.rng
        for module in self.model.modules():
            if isinstance(module, Dropout):
                yield as_random(module.rng)

    def _as_dict(self) -> dict[str, Any]:
        model = self.model.state_dict()
        return {
            "glassgrad checkpoint": VERSION,
            "architecture": model.architecture,
            "model": model,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "random": [list(rng.getstate()[1]) for rng in self._generators()],
            "history": self.history.epochs,
            "best": [self.history.best_epoch, self.best_loss if math.isfinite(self.best_loss) else None, self.best],
        }

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint. Everything is taken over, or nothing.

        Raises:
            ValueError: it isn't a checkpoint, is damaged, or does not fit.
            OSError: it can't be read.
        """
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
            saved = "; load a file of save() by model.load(path), or by nn.load(path)" if "state" in state else ""
            raise DamageError(f"it isn't {KIND}{saved}")
        if (version := state["glassgrad checkpoint"]) != VERSION or isinstance(version, bool):
            raise DamageError(f"its version is {described(version)}, and this glassgrad reads version {VERSION}")
        if set(state) - SINCE != ENTRIES:
            missing, others = sorted(ENTRIES - set(state)), sorted(set(state) - ENTRIES - SINCE)
            raise DamageError(f"its entries are wrong: missing {missing}, unknown {others!r:.100}")
        epochs, best_epoch, best_loss, best = self._read_history(state["history"], state["best"])
        generators = list(self._generators())
        if not isinstance(state["random"], list) or len(generators) != len(state["random"]):
            raise DamageError("it was written with other Dropout layers")
        if (state["schedule"] is None) != (self.schedule is None):
            raise DamageError(f"it was written {'without a' if state['schedule'] is None else 'with a'} schedule")
        model = state["model"]
        if "architecture" in state and isinstance(model, dict):
            model = State(model, check_architecture(state["architecture"]))
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        for i, (rng, words) in enumerate(zip(generators, state["random"], strict=True)):
            if not isinstance(words, list) or any(type(x) is not int for x in words):
                raise DamageError(f"random[{i}] isn't the state of a generator")
            rng.setstate((3, tuple(words), None))
        self.history.epochs, self.history.best_epoch, self.best_loss, self.best = epochs, best_epoch, best_loss, best
        self.safe = leaves.numbers(self.parameters), self.optimizer.snapshot(), "those of the checkpoint"

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
        optimizer = self.optimizer.snapshot(), [dict(group) for group in self.optimizer.param_groups]
        schedule = dict(vars(self.schedule)) if self.schedule is not None else {}
        return leaves.numbers(self.parameters), optimizer, schedule, [(rng, rng.getstate()) for rng in self._generators()]

    def _restore(self, before: tuple[Any, ...]) -> None:
        data, (memory, groups), schedule, generators = before
        leaves.assign(self.parameters, data)
        self.optimizer.recall(memory)
        for group, options in zip(self.optimizer.param_groups, groups, strict=True):
            group.update(options)
        if self.schedule is not None:
            vars(self.schedule).update(schedule)
        for rng, words in generators:
            rng.setstate(words)
