"""Optimisers, with PyTorch's names, defaults and results.

A parameter that no backward pass has reached is left alone, as in PyTorch.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from autograd import Value, leaves

from .arguments import real_number
from .remembered import packed, unpacked
from .stored import DamageError, as_number, described

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm_", "optimizer_for"]

Group = dict[str, Any]

# What an option may be: from the first number to below the second.
LIMITS = {
    "lr": (0.0, math.inf), "momentum": (0.0, math.inf), "dampening": (0.0, math.inf), "weight_decay": (0.0, math.inf),
    "eps": (0.0, math.inf), "beta1": (0.0, 1.0), "beta2": (0.0, 1.0), "alpha": (0.0, 1.0), "lr_decay": (0.0, math.inf),
}  # fmt: skip
SWITCHES = ("nesterov", "centered")
Snapshot = tuple[dict[int, dict[str, float]], tuple[bytes, ...] | None]


class Optimizer:
    """What all optimisers share: groups of parameters, and a memory for each parameter.

    Attributes:
        param_groups: dicts with ``params`` and the options of the group, such as ``lr``; they may be changed between steps.
        state: for each parameter, by its number, what the optimiser remembers of it.
        remembers: the names of what it remembers always, and sometimes. With none, a state that is loaded may have any.

    The formulas are in the methods ``_moved``. The native engine has those of the classes here in C, too, with the same bits.
    """

    remembers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    # What is remembered: in the dict, or packed as a step in C left it. Each step makes a new one and leaves the old one.
    _state: dict[int, dict[str, float]]
    _packed: tuple[bytes, ...] | None = None
    _seen: Sequence[Any] = ()  # the options, group by group, when they were last found to be right

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
                    raise ValueError(f"a parameter is in the groups twice: {p!r:.60}")
                seen.add(id(p))
            options = {**defaults, **{k: v for k, v in group.items() if k != "params"}}
            self.param_groups.append({"params": own, **self._checked(options)})
        self.state = {}

    @property
    def state(self) -> dict[int, dict[str, float]]:
        """What is remembered of each parameter, by its number. It may be changed; the next step goes on from there."""
        self._state, self._packed = self._unpacked(), None
        return self._state

    @state.setter
    def state(self, state: dict[int, dict[str, float]]) -> None:
        self._state, self._packed = state, None

    def snapshot(self) -> Snapshot:
        """What is remembered now, for `recall`; later steps don't change it."""
        return self._state, self._packed

    def recall(self, snapshot: Snapshot) -> None:
        """Remember again what a `snapshot` holds."""
        self._state, self._packed = snapshot

    def __getstate__(self) -> dict[str, Any]:
        """With ``state`` as a dict, however it is held."""
        return {**{k: v for k, v in vars(self).items() if k not in ("_state", "_packed", "_seen")}, "state": self.state}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        for name, x in attributes.items():
            setattr(self, name, x)

    def _unpacked(self) -> dict[int, dict[str, float]]:
        return self._state if self._packed is None else unpacked(self._packed, IN_C[type(self)._moved].names)

    def _checked(self, options: Group) -> Group:
        """The options as plain numbers, which JSON can hold; one that is out of its range is an error."""
        found: Group = {}
        for name, x in options.items():
            if name in LIMITS:
                found[name] = real_number(x, name, *LIMITS[name])
            elif name in SWITCHES:
                if x not in (True, False):
                    raise ValueError(f"{name} must be True or False, got {x!r:.60}")
                found[name] = bool(x)
            else:
                found[name] = x
        return found

    def step(self) -> None:
        """Move every parameter by its gradient: all of them, or none if anything goes wrong.

        Raises:
            ValueError: an option was changed to what it can't be.
            ZeroDivisionError: eps is 0 and something must be divided by it.
        """
        now = [x for group in self.param_groups for pair in group.items() for x in pair]
        if len(now) != len(self._seen) or not all(map(operator.is_, now, self._seen)):
            for group in self.param_groups:
                self._checked({name: x for name, x in group.items() if name != "params"})
            self._seen = now if {*map(type, now)} <= {str, list, float, int, bool} else ()  # others might change in place
        if self._step_in_c():
            return
        moves: list[tuple[Value, float, float]] = []
        remembered, memories = self.state, dict(self.state)
        number = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.has_grad:
                    memory = dict(remembered[number]) if number in remembered else {}
                    x = p.data
                    try:
                        moves.append((p, x, self._moved(x, p.grad, group, memory)))
                    except ZeroDivisionError:
                        raise ZeroDivisionError(
                            f"{type(self).__name__}.step() divides by zero at parameter {number}, {p!r:.60}: "
                            f"nothing was moved; give it an eps above 0"
                        ) from None
                    if memory:
                        memories[number] = memory
                number += 1
        try:
            for p, _, x in moves:
                p.data = x
            self.state = {i: memories[i] for i in range(number) if i in memories} | memories
        except BaseException:  # Ctrl-C, most likely
            for p, x, _ in moves:
                p.data = x
            self.state = remembered
            raise

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        raise NotImplementedError

    def _step_in_c(self) -> bool:
        """Make the step in C, with the same bits, where that can be; else do nothing and return False."""
        formula = IN_C.get(type(self)._moved)
        if formula is None:
            return False
        groups = []
        for group in self.param_groups:
            options = [group[name] if name in group else getattr(self, name) for name in formula.options]
            if not {*map(type, options)} <= {float, int, bool}:  # NumPy's would make numbers of their own kind
                return False
            groups.append((group["params"], tuple(map(float, options))))
        memory = self._packed
        if memory is None:
            memory = packed(self._state, formula.names, sum([len(params) for params, _ in groups]))
        moved = None if memory is None else leaves.move(formula.rule, groups, memory)
        if moved is None:
            return False
        self._state, self._packed = {}, moved
        return True

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            leaves.clear_gradients(group["params"])

    def state_dict(self) -> dict[str, Any]:
        """What is remembered, as plain data for JSON; parameters are numbers in it."""
        groups, start = [], 0
        for group in self.param_groups:
            count = len(group["params"])
            groups.append({**group, "params": list(range(start, start + count))})
            start += count
        return {"state": {str(k): dict(v) for k, v in self._unpacked().items()}, "param_groups": groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises:
            ValueError: it comes from another optimizer or other groups of parameters, or is damaged; nothing is changed then.
        """
        try:
            options, memories = self._read(state)
        except (TypeError, ValueError) as error:
            raise ValueError(f"this state doesn't fit this {type(self).__name__}, and nothing was changed: {error}") from None
        self.state = memories
        for group, found in zip(self.param_groups, options, strict=True):
            group.update(found)

    def _read(self, state: Any) -> tuple[list[Group], dict[int, dict[str, float]]]:
        if not isinstance(state, dict) or set(state) != {"state", "param_groups"}:
            raise DamageError(f"it isn't a state_dict() of an optimizer, but {described(state)}")
        groups, memories = state["param_groups"], state["state"]
        if not isinstance(groups, list) or not all(isinstance(g, dict) and isinstance(g.get("params"), list) for g in groups):
            raise DamageError("its param_groups aren't a list of groups with params")
        sizes, own = ([len(group["params"]) for group in given] for given in (groups, self.param_groups))
        if sizes != own:
            raise DamageError(f"it has groups of {sizes} parameters, and this optimizer groups of {own}")
        options: list[Group] = []
        start = 0
        for i, (group, mine) in enumerate(zip(groups, self.param_groups, strict=True)):
            if set(group) != set(mine):
                theirs, ours = (", ".join(str(k) for k in g if k != "params") for g in (group, mine))
                raise DamageError(f"its group {i} has the options {theirs:.200}, and this optimizer has {ours}")
            if group["params"] != list(range(start, start + len(mine["params"]))):
                raise DamageError(f"the params of its group {i} aren't the numbers from {start} on")
            start += len(mine["params"])
            options.append(self._checked({k: copy.deepcopy(v) for k, v in group.items() if k != "params"}))
        if not isinstance(memories, dict):
            raise DamageError(f"its state is {described(memories)} instead of an object")
        places = {str(i): i for i in range(start)}
        found: dict[int, dict[str, float]] = {}
        for key, memory in memories.items():
            if str(key) not in places:
                raise DamageError(f"its state remembers a parameter {key!r:.60}, and there are {start}, from 0 on")
            found[places[str(key)]] = self._recalled(memory, f"state[{key}]")
        return options, found

    def _recalled(self, memory: Any, where: str) -> dict[str, float]:
        """What is remembered of one parameter, checked."""
        if not isinstance(memory, dict):
            raise DamageError(f"its {where} is {described(memory)} instead of an object")
        found = {name: as_number(x, f"its {where}[{name!r:.60}]") for name, x in memory.items()}
        always, sometimes = self.remembers
        if always + sometimes and not set(always) <= set(found) <= {*always, *sometimes}:
            raise DamageError(
                f"its {where} remembers {', '.join(found) or 'nothing':.100}, and not {', '.join(always + sometimes)}"
            )
        for name, x in found.items():
            if (name == "step" and not (x >= 1.0 and x.is_integer())) or (name in ("square", "sum") and x < 0.0):
                raise DamageError(f"its {where}[{name!r}] is {x!r}, which can't be")
        return found

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

    remembers = (), ("momentum",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)

    def _checked(self, options: Group) -> Group:
        found = super()._checked(options)
        if found["nesterov"] and (found["momentum"] == 0.0 or found["dampening"] != 0.0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        return found

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
    remembers = ("step", "mean", "square"), ()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas must be two numbers, such as (0.9, 0.999), got {betas!r:.60}")
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
        return float(x - _ratio(lr / (1.0 - beta1**step) * mean, root))


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

    remembers = ("square",), ("mean", "momentum")

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
        step = _ratio(g, math.sqrt(square) + group["eps"])
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

    remembers = ("step", "sum"), ()

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0, eps: float = 1e-10
    ) -> None:
        super().__init__(params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)

    def _moved(self, x: float, g: float, group: Group, memory: dict[str, float]) -> float:
        g += group["weight_decay"] * x
        step = memory["step"] = memory.get("step", 0.0) + 1.0
        total = memory["sum"] = memory.get("sum", 0.0) + g * g
        rate = group["lr"] / (1.0 + (step - 1.0) * group["lr_decay"])
        return float(x - _ratio(rate * g, math.sqrt(total) + group["eps"]))


class Formula(NamedTuple):
    """What `autograd.leaves.move` must know of a ``_moved`` that it has in C."""

    rule: str
    options: tuple[str, ...]
    names: tuple[str, ...]  # of what is remembered


IN_C: dict[Any, Formula] = {
    SGD._moved: Formula("sgd", ("lr", "momentum", "dampening", "weight_decay", "nesterov"), ("momentum",)),
    Adam._moved: Formula("adam", ("lr", "beta1", "beta2", "eps", "weight_decay", "decoupled"), ("step", "mean", "square")),
    RMSprop._moved: Formula(
        "rmsprop", ("lr", "alpha", "eps", "weight_decay", "momentum", "centered"), ("square", "mean", "momentum")
    ),
    Adagrad._moved: Formula("adagrad", ("lr", "lr_decay", "weight_decay", "eps"), ("step", "sum")),
}
OPTIMIZERS: dict[str, type[Any]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "adagrad": Adagrad}


def optimizer_for(parameters: Sequence[Value], optimizer: Any = None, lr: float | None = None) -> Optimizer:
    """The optimizer of a training, as `fit` takes it.

    Args:
        parameters: what a new optimizer moves.
        optimizer: a name of `OPTIMIZERS`, an optimizer that was made before, or None for ``sgd``.
        lr: the learning rate, 0 or more, for an optimizer by name; 0.1 for ``sgd`` if left out, and the class's own for others.

    Raises:
        ValueError: there is no such name, lr is out of its range, or lr comes with an optimizer that has its own.
        TypeError: optimizer is something else.

    >>> optimizer_for([Value(1.0)], "adam", lr=0.01)
    Adam(1 parameters, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.0)
    """
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise ValueError(
                f"lr= goes with an optimizer's name, and this {type(optimizer).__name__} has its own rate; "
                f"write {type(optimizer).__name__}(model.parameters(), lr={lr!r:.20}), or optimizer='adam', lr={lr!r:.20}"
            )
        return optimizer
    name = "sgd" if optimizer is None else optimizer
    if not isinstance(name, str):
        got = f"the class {name.__name__}" if isinstance(name, type) else type(name).__name__
        raise TypeError(f"optimizer takes a name such as 'adam', or an optimizer such as Adam(model.parameters()), got {got}")
    if name.lower() not in OPTIMIZERS:
        raise ValueError(f"there is no optimizer {name!r}; write one of {', '.join(OPTIMIZERS)}, or make one")
    rate = 0.1 if lr is None and name.lower() == "sgd" else lr
    made: Optimizer = OPTIMIZERS[name.lower()](parameters, **({} if rate is None else {"lr": rate}))
    return made


def _ratio(a: float, b: float) -> float:
    """a / b, and 0 for 0 / 0: where eps is 0, a parameter that had no slope yet stays where it is."""
    return 0.0 if a == b == 0.0 else a / b


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
    given = list(parameters)
    length = math.hypot(*leaves.gradients(given))
    if not math.isfinite(length):
        raise ValueError(f"clip_grad_norm_: the gradients' norm is {length!r}; autograd.detect_anomaly() finds the operation")
    scale = max_norm / (length + 1e-6)
    if scale < 1.0:
        leaves.scale_gradients(given, scale)
    return length
