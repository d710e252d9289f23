"""Schedules of the learning rate, with PyTorch's names.

Each is a factor on the rate that the optimiser began with, by the epoch.
"""

from __future__ import annotations

import math
from typing import Any

from .optimizers import Optimizer

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LinearLR", "Schedule", "StepLR", "WarmUp"]


class Schedule:
    """What all schedules share. ``step()`` comes after each epoch.

    Attributes:
        epoch: how many steps were taken.
        base_rates: the rates at the beginning, one for each group.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.base_rates: list[float] = [group["lr"] for group in optimizer.param_groups]
        self.epoch = 0
        self._apply()

    def rate(self, base: float, epoch: int) -> float:
        """The rate of an epoch, from that at the beginning."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on to the next epoch."""
        self.epoch += 1
        self._apply()

    def _apply(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_rates, strict=True):
            group["lr"] = self.rate(base, self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, as plain data."""
        return {"epoch": self.epoch, "base_rates": list(self.base_rates)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.epoch, self.base_rates = int(state["epoch"]), [float(x) for x in state["base_rates"]]
        self._apply()


class StepLR(Schedule):
    """The rate times gamma after every ``step_size`` epochs.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = StepLR(SGD([Value(1.0)], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.rate(1.0, epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * gamma**(epoch // step_size)."""
        return base * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """The rate times gamma after each epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * gamma**epoch."""
        return base * self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """Half a cosine from the rate down to ``eta_min`` in ``T_max`` epochs. Loshchilov and Hutter, "SGDR", 2017."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # PyTorch's name
        self.length, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2."""
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.length)) / 2.0


class LinearLR(Schedule):
    """A straight line from ``start_factor`` to ``end_factor`` times the rate, in ``total_iters`` epochs; level after that."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3.0, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start, self.end, self.length = start_factor, end_factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * (start + (end - start) * min(epoch, total_iters) / total_iters)."""
        return base * (self.start + (self.end - self.start) * min(epoch, self.length) / self.length)


class WarmUp(Schedule):
    """A straight line from 0 up to the rate in so many epochs, and then another schedule, or none.

    Args:
        optimizer: whose rate.
        epochs: how long the way up is; the first epoch has 1/epochs of the rate.
        then: a schedule for the time after, which counts its epochs from there.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, then: Schedule | None = None) -> None:
        self.length, self.then = epochs, then
        if then is not None:
            for group, base in zip(optimizer.param_groups, then.base_rates, strict=True):
                group["lr"] = base
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * (epoch + 1) / epochs, then what comes then."""
        if epoch < self.length:
            return base * (epoch + 1) / self.length
        return base if self.then is None else self.then.rate(base, epoch - self.length)
