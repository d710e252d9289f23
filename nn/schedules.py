"""Schedules of the learning rate, with PyTorch's names.

Each multiplies the rate that the optimiser began with by a factor that depends on the epoch.
"""

from __future__ import annotations

import math
from typing import Any

from .arguments import real_number, whole_number
from .optimizers import Optimizer
from .stored import described, numbers, whole

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LinearLR", "Schedule", "StepLR", "WarmUp"]


class Schedule:
    """What all schedules share. ``step()`` comes after each epoch.

    Attributes:
        epoch: how many steps were taken.
        base_rates: the rates at the beginning, one for each group.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._go(0, [group["lr"] for group in optimizer.param_groups])

    def rate(self, base: float, epoch: int) -> float:
        """The rate of an epoch, from that at the beginning."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on to the next epoch.

        Raises:
            ValueError: the schedule gives a rate that can't be; nothing is changed then.
        """
        self._go(self.epoch + 1, self.base_rates)

    def _go(self, epoch: int, bases: list[float]) -> None:
        try:
            found = [self.rate(base, epoch) for base in bases]
        except OverflowError:
            found = [math.inf]
        rates = [real_number(x, f"the rate of epoch {epoch}", 0.0, math.inf) for x in found]
        self.epoch, self.base_rates = epoch, bases
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """The state of the schedule, as plain data."""
        return {"epoch": self.epoch, "base_rates": list(self.base_rates)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: it isn't a state of a schedule with as many groups, or is damaged; nothing is changed then.
        """
        if not isinstance(state, dict) or set(state) != {"epoch", "base_rates"}:
            raise ValueError(f"this isn't a state_dict() of a schedule, but {described(state)}; nothing was changed")
        epoch = whole(state["epoch"], "epoch of the schedule", 0, 2**53)
        self._go(epoch, numbers(state["base_rates"], len(self.base_rates), "base_rates of the schedule"))


def _factor(x: float, what: str) -> float:
    return real_number(x, what, 0.0, math.inf)


class StepLR(Schedule):
    """The rate times gamma after every ``step_size`` epochs.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = StepLR(SGD([Value(1.0)], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.rate(1.0, epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = whole_number(step_size, "step_size"), _factor(gamma, "gamma")
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * gamma**(epoch // step_size)."""
        return base * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """The rate times gamma after each epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = _factor(gamma, "gamma")
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * gamma**epoch."""
        return base * self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """Half a cosine from the rate down to ``eta_min`` in ``T_max`` epochs. Loshchilov and Hutter, "SGDR", 2017."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # PyTorch's name
        self.length, self.eta_min = whole_number(T_max, "T_max"), _factor(eta_min, "eta_min")
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2."""
        return self.eta_min + (base - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.length)) / 2.0


class LinearLR(Schedule):
    """A straight line from ``start_factor`` to ``end_factor`` times the rate, in ``total_iters`` epochs; level after that."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3.0, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start, self.end = _factor(start_factor, "start_factor"), _factor(end_factor, "end_factor")
        self.length = whole_number(total_iters, "total_iters")
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * (start + (end - start) * min(epoch, total_iters) / total_iters)."""
        return base * (self.start + (self.end - self.start) * min(epoch, self.length) / self.length)


class WarmUp(Schedule):
    """A straight line from 0 up to the rate in the first epochs, and then another schedule, or none.

    Args:
        optimizer: whose rate.
        epochs: how long the way up is; the first epoch has 1/epochs of the rate.
        then: a schedule for the time after, which counts its epochs from there.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, then: Schedule | None = None) -> None:
        self.length, self.then = whole_number(epochs, "epochs"), then
        if then is not None:
            if then.optimizer is not optimizer:
                raise ValueError("WarmUp and the schedule that comes then must drive the same optimizer")
            for group, base in zip(optimizer.param_groups, then.base_rates, strict=True):
                group["lr"] = base
        super().__init__(optimizer)

    def rate(self, base: float, epoch: int) -> float:
        """base * (epoch + 1) / epochs, then what comes then."""
        if epoch < self.length:
            return base * (epoch + 1) / self.length
        return base if self.then is None else self.then.rate(base, epoch - self.length)
