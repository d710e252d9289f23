"""What a training remembers from one epoch to the next, and the checkpoints that hold it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

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
        self.best = [p.data for p in self.parameters]
        self.best_loss = math.inf

    def finish_epoch(self, row: dict[str, float]) -> None:
        """Keep what an epoch gave, and its parameters if they are the best so far; go on in the schedule."""
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
