"""Optimisers, with PyTorch's names, defaults and results.

A parameter that no backward pass has reached is left alone, as in PyTorch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import Value

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm_"]

Group = dict[str, Any]


class Optimizer:
    """What all optimisers share: groups of parameters, and a memory for each parameter.

    Attributes:
        param_groups: dicts with ``params`` and the options of the group, such as ``lr``; they may be changed between steps.
        state: for each parameter, by its number, what the optimiser remembers of it.
    """

    def __init__(self, params: Iterable[Value] | Iterable[Group], **defaults: float) -> None:
        given: list[Any] = list(params)
        if not given:
            raise ValueError("an optimizer needs at least one parameter, and there is none; pass model.parameters()")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[Group] = []
        seen: set[int] = set()
        for group in groups:
            unknown = set(group) - set(defaults) - {"params"}
            if unknown:
                raise ValueError(f"a group has the options {', '.join(defaults)}, got {', '.join(sorted(unknown))}")
            own = list(group["params"])
            for p in own:
                if not isinstance(p, Value) or not p.is_leaf:
                    raise TypeError(
                        f"an optimizer takes parameters, which are leaf Values, got {p!r:.60}; pass model.parameters()"
                    )
                if id(p) in seen:
                    raise ValueError(f"a parameter stands twice among the groups: {p!r:.60}")
                seen.add(id(p))
            options = {**defaults, **{k: v for k, v in group.items() if k != "params"}}
            self._check(options)
            self.param_groups.append({"params": own, **options})
        self.state: dict[int, dict[str, float]] = {}

    def _check(self, options: Group) -> None:
        for name, low, high in (
            ("lr", 0.0, math.inf), ("momentum", 0.0, math.inf), ("weight_decay", 0.0, math.inf), ("eps", 0.0, math.inf),
            ("beta1", 0.0, 1.0), ("beta2", 0.0, 1.0), ("alpha", 0.0, 1.0), ("lr_decay", 0.0, math.inf),
        ):  # fmt: skip
            if name in options and not low <= options[name] < high:
                raise ValueError(f"{name} must be from {low:g} to below {high:g}, got {options[name]!r:.60}")

    def step(self) -> None:
        """Move every parameter by its gradient."""
        number = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.has_grad:
                    p.data = self._moved(p.data, p.grad, group, self.state.setdefault(number, {}))
                number += 1

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """What is remembered, as plain data for JSON; parameters are numbers in it."""
        groups, start = [], 0
        for group in self.param_groups:
            count = len(group["params"])
            groups.append({**{k: v for k, v in group.items() if k != "params"}, "params": list(range(start, start + count))})
            start += count
        return {"state": {str(k): dict(v) for k, v in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: it comes from other groups of parameters; nothing is changed then.
        """
        try:
            sizes = [len(group["params"]) for group in state["param_groups"]]
            memory = {int(k): {n: float(x) for n, x in v.items()} for k, v in state["state"].items()}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"this is no state_dict() of an optimizer: {error!r}") from None
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise ValueError(
                f"this state has groups of {sizes} parameters, and this optimizer groups of {own}; nothing was changed"
            )
        self.state = memory
        for group, loaded in zip(self.param_groups, state["param_groups"], strict=True):
            group.update(copy.deepcopy({k: v for k, v in loaded.items() if k != "params"}))

    def __repr__(self) -> str:
        """The options, of each group."""
        shown = []
        for group in self.param_groups:
            options = [f"{k}={v!r}" for k, v in group.items() if k != "params"]
            shown.append(", ".join([f"{len(group['params'])} parameters", *options]))
        return f"{type(self).__name__}({'; '.join(shown)})"


class SGD(Optimizer):
    """Stochastic gradient descent. Sutskever and others, "On the importance of initialization and momentum ...", 2013.

    Args:
        params: parameters, or groups of them as dicts with ``params`` and options.
        lr: the learning rate.
        momentum: how much of the last step goes on.
        dampening: how much less the new gradient counts then.
        weight_decay: how strongly parameters are pulled to 0: added to the gradient, times the parameter.
        nesterov: Nesterov's momentum.

    >>> x = Value(1.0); (x * x).backward()
    >>> SGD([x], lr=0.25).step(); x.data
    0.5
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        g += group["weight_decay"] * x
        momentum = group["momentum"]
        if momentum:
            buffer = momentum * memory["momentum"] + (1.0 - group["dampening"]) * g if "momentum" in memory else g
            memory["momentum"] = buffer
            g = g + momentum * buffer if group["nesterov"] else buffer
        return float(x - group["lr"] * g)


class Adam(Optimizer):
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015.

    Args:
        params: see `SGD`.
        lr: the learning rate.
        betas: how slowly the mean of the gradients and that of their squares forget.
        eps: added to the root.
        weight_decay: added to the gradient, times the parameter.

    >>> x = Value(1.0); (x * x).backward()
    >>> Adam([x], lr=0.5).step(); round(x.data, 6)
    0.5
    """

    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, beta1=betas[0], beta2=betas[1], eps=eps, weight_decay=weight_decay)

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        lr, beta1, beta2 = group["lr"], group["beta1"], group["beta2"]
        if self.decoupled:
            x *= 1.0 - lr * group["weight_decay"]
        else:
            g += group["weight_decay"] * x
        step = memory["step"] = memory.get("step", 0.0) + 1.0
        mean = memory["mean"] = beta1 * memory.get("mean", 0.0) + (1.0 - beta1) * g
        square = memory["square"] = beta2 * memory.get("square", 0.0) + (1.0 - beta2) * g * g
        root = math.sqrt(square) / math.sqrt(1.0 - beta2**step) + group["eps"]
        return float(x - lr / (1.0 - beta1**step) * mean / root)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient. Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    Args:
        params: see `SGD`.
        lr: the learning rate.
        betas: see `Adam`.
        eps: see `Adam`.
        weight_decay: each step multiplies a parameter by 1 - lr * weight_decay first.

    >>> x = Value(1.0); (x * 0.0).backward()
    >>> AdamW([x], lr=0.5, weight_decay=0.5).step(); x.data
    0.75
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


class RMSprop(Optimizer):
    """Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012.

    Args:
        params: see `SGD`.
        lr: the learning rate.
        alpha: how slowly the mean of the squares forgets.
        eps: added to the root.
        weight_decay: see `SGD`.
        momentum: see `SGD`.
        centered: whether the mean of the gradients is taken off, so that the root is that of a variance.

    >>> x = Value(1.0); (x * x).backward()
    >>> RMSprop([x], lr=0.1).step(); round(x.data, 6)
    0.0
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered)

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        alpha = group["alpha"]
        g += group["weight_decay"] * x
        square = memory["square"] = alpha * memory.get("square", 0.0) + (1.0 - alpha) * g * g
        if group["centered"]:
            mean = memory["mean"] = alpha * memory.get("mean", 0.0) + (1.0 - alpha) * g
            square = max(square - mean * mean, 0.0)
        step = g / (math.sqrt(square) + group["eps"])
        if group["momentum"]:
            step = memory["momentum"] = group["momentum"] * memory.get("momentum", 0.0) + step
        return float(x - group["lr"] * step)


class Adagrad(Optimizer):
    """Duchi and others, "Adaptive subgradient methods", 2011.

    Args:
        params: see `SGD`.
        lr: the learning rate.
        lr_decay: how the rate falls: by 1 + steps * lr_decay.
        weight_decay: see `SGD`.
        eps: added to the root.

    >>> x = Value(1.0); (x * x).backward()
    >>> Adagrad([x], lr=0.5).step(); round(x.data, 6)
    0.5
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0, eps: float = 1e-10
    ) -> None:
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        g += group["weight_decay"] * x
        step = memory["step"] = memory.get("step", 0.0) + 1.0
        total = memory["sum"] = memory.get("sum", 0.0) + g * g
        rate = group["lr"] / (1.0 + (step - 1.0) * group["lr_decay"])
        return float(x - rate * g / (math.sqrt(total) + group["eps"]))


def clip_grad_norm_(parameters: Sequence[Value], max_norm: float) -> float:
    """Scale all gradients so that together they are at most so long.

    Args:
        parameters: whose gradients.
        max_norm: the length they may have, above 0.

    Returns:
        The length they had.

    Raises:
        ValueError: max_norm is not above 0, or the length is inf or nan; nothing is changed then.

    >>> x = Value(3.0); (x * x).backward()
    >>> clip_grad_norm_([x], 1.0), round(x.grad, 5)
    (6.0, 1.0)
    """
    if not max_norm > 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be above 0, got {max_norm!r:.60}")
    reached = [p for p in parameters if p.has_grad]
    length = math.hypot(*[p.grad for p in reached])
    if not math.isfinite(length):
        raise ValueError(f"clip_grad_norm_: the gradients' norm is {length!r}; autograd.detect_anomaly() finds the operation")
    scale = max_norm / (length + 1e-6)
    if scale < 1.0:
        for p in reached:
            p.grad = p.grad * scale
    return length
