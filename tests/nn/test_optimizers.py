"""Optimisers and schedules against PyTorch's."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
from typing import Any

import pytest

import autograd as ag
import nn
from autograd import Value

# 50 steps from (-1.5, 2.0) on the function below, by PyTorch 2.13 in double precision: class, options, where x and y end.
TRAJECTORIES: dict[str, tuple[str, dict[str, Any], float, float]] = {
    "sgd": ("SGD", {"lr": 0.05}, -1.2303860554153832, 1.9544966173554585),
    "momentum": ("SGD", {"lr": 0.02, "momentum": 0.9}, 0.6137723391478873, -0.15428347067542497),
    "nesterov": ("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True}, -1.2303972724978582, 1.954353941504547),
    "dampening": ("SGD", {"lr": 0.02, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
                  0.45871790286685504, -0.03850158510437055),
    "adam": ("Adam", {"lr": 0.1}, -1.227603031012743, 1.9771141016610962),
    "adam decay": ("Adam", {"lr": 0.1, "weight_decay": 0.1, "betas": (0.8, 0.99)}, -1.227750273895951, 1.9283939997875073),
    "adamw": ("AdamW", {"lr": 0.1, "weight_decay": 0.2}, 0.4879362632627462, 0.04974826851125796),
    "rmsprop": ("RMSprop", {"lr": 0.05}, 0.5555928151511027, -0.024406459941586387),
    "rmsprop centered": ("RMSprop", {"lr": 0.02, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
                         -1.2300897840023415, 1.9520981612343111),
    "adagrad": ("Adagrad", {"lr": 0.3, "lr_decay": 0.01, "weight_decay": 0.01}, -1.2300897741214334, 1.9520981610205845),
}  # fmt: skip


def hills(x: Any, y: Any, sin: Any) -> Any:
    """Rosenbrock's valley with waves in it."""
    return (1 - x) ** 2 + 5 * (y - x * x) ** 2 / 4 + 0.5 * sin(3 * x * y)


def walked(name: str) -> tuple[float, float]:
    """Where glassgrad ends."""
    kind, options, _, _ = TRAJECTORIES[name]
    x, y = Value(-1.5), Value(2.0)
    optimizer = getattr(nn, kind)([x, y], **options)
    for _ in range(50):
        optimizer.zero_grad()
        hills(x, y, ag.sin).backward()
        optimizer.step()
    return x.data, y.data


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_trajectories_are_those_of_pytorch(name: str) -> None:
    """50 steps end where PyTorch's 50 steps end, to 1e-12 relative."""
    _, _, x, y = TRAJECTORIES[name]
    assert walked(name) == pytest.approx((x, y), rel=1e-12)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("name", TRAJECTORIES)
def test_trajectories_against_pytorch_itself(name: str) -> None:
    """The same, against the PyTorch that is installed."""
    torch = importlib.import_module("torch")
    kind, options, _, _ = TRAJECTORIES[name]
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (-1.5, 2.0))
    optimizer = getattr(torch.optim, kind)([x, y], **options)
    for _ in range(50):
        optimizer.zero_grad()
        hills(x, y, torch.sin).backward()
        optimizer.step()
    assert walked(name) == pytest.approx((x.item(), y.item()), rel=1e-12)


def test_gradient_descent_of_the_textbook() -> None:
    """x0**2 + x1**2 from (-3, 4) at rate 0.1 ends after 100 steps at (-6.111e-10, 8.148e-10)."""
    xs = [Value(-3.0), Value(4.0)]
    optimizer = nn.SGD(xs, lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        (xs[0] ** 2 + xs[1] ** 2).backward()
        optimizer.step()
    assert [x.data for x in xs] == pytest.approx([-6.111107929e-10, 8.148143905e-10], rel=1e-9)


def test_groups_have_options_of_their_own() -> None:
    """Each group moves by its own rate, and a parameter without a gradient stays."""
    a, b, c = Value(1.0), Value(1.0), Value(1.0)
    optimizer = nn.SGD([{"params": [a, c], "lr": 0.5}, {"params": [b]}], lr=0.1)
    (a * 1.0 + b * 1.0).backward()
    optimizer.step()
    assert (a.data, b.data, c.data) == (0.5, 0.9, 1.0)
    optimizer.zero_grad()
    assert not a.has_grad
    assert repr(optimizer).startswith("SGD(2 parameters, lr=0.5, momentum=0.0")


@pytest.mark.parametrize("name", TRAJECTORIES)
def test_state_goes_on_to_the_bit(name: str) -> None:
    """25 steps, the state through JSON into a new optimizer, and 25 more steps end where 50 steps end, bit for bit."""
    kind, options, _, _ = TRAJECTORIES[name]
    x, y = Value(-1.5), Value(2.0)
    optimizer = getattr(nn, kind)([x, y], **options)
    for i in range(50):
        if i == 25:
            state = json.loads(json.dumps(optimizer.state_dict()))
            optimizer = getattr(nn, kind)([x, y], lr=123.0)
            optimizer.load_state_dict(state)
        optimizer.zero_grad()
        hills(x, y, ag.sin).backward()
        optimizer.step()
    assert (x.data, y.data) == walked(name)


def test_clipping() -> None:
    """Gradients are scaled to the norm that is allowed, as PyTorch does, and stay where they are shorter; nan is refused."""
    a, b = Value(3.0), Value(4.0)
    (a * a + b * b).backward()
    assert nn.clip_grad_norm_([a, b], 5.0) == 10.0
    assert (a.grad, b.grad) == pytest.approx((3.0, 4.0), rel=1e-6)
    assert nn.clip_grad_norm_([a, b], 100.0) == pytest.approx(5.0, rel=1e-6)
    a.grad = math.nan
    with pytest.raises(ValueError, match="norm is nan"):
        nn.clip_grad_norm_([a, b], 1.0)
    with pytest.raises(ValueError, match="above 0"):
        nn.clip_grad_norm_([a, b], 0.0)


def test_schedules() -> None:
    """Rates by epoch are those of PyTorch's formulas; a warm-up leads into another schedule."""

    def rates(make: Any, epochs: int = 6) -> list[float]:
        optimizer = nn.SGD([Value(1.0)], lr=0.8)
        schedule = make(optimizer)
        found = []
        for _ in range(epochs):
            found.append(optimizer.param_groups[0]["lr"])
            schedule.step()
        return found

    assert rates(lambda o: nn.StepLR(o, 2, 0.5)) == [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]
    assert rates(lambda o: nn.ExponentialLR(o, 0.5), 3) == [0.8, 0.4, 0.2]
    cosine = [0.8 * (1 + math.cos(math.pi * i / 4)) / 2 for i in range(5)]
    assert rates(lambda o: nn.CosineAnnealingLR(o, 4), 5) == pytest.approx(cosine, rel=1e-15)
    assert rates(lambda o: nn.LinearLR(o, 0.5, 1.0, 2), 4) == pytest.approx([0.4, 0.6, 0.8, 0.8])
    assert rates(lambda o: nn.WarmUp(o, 2, nn.StepLR(o, 2, 0.5))) == pytest.approx([0.4, 0.8, 0.8, 0.8, 0.4, 0.4])


def test_a_schedule_goes_on_where_it_was() -> None:
    """The state of a schedule, loaded into a new one, gives the same rates from there."""
    optimizer = nn.SGD([Value(1.0)], lr=1.0)
    schedule = nn.ExponentialLR(optimizer, 0.5)
    schedule.step()
    other = nn.SGD([Value(1.0)], lr=1.0)
    later = nn.ExponentialLR(other, 0.5)
    later.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
    later.step()
    assert other.param_groups[0]["lr"] == 0.25


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.SGD([]), "at least one parameter"),
        (lambda: nn.SGD([1.0]), "takes parameters, which are leaf Values"),
        (lambda: nn.SGD([Value(1.0) * 2]), "leaf Values"),
        (lambda: nn.SGD([Value(1.0)], lr=-1.0), "lr must be from 0"),
        (lambda: nn.SGD([Value(1.0)], nesterov=True), "nesterov needs a momentum"),
        (lambda: nn.Adam([Value(1.0)], betas=(1.0, 0.9)), "beta1 must be from 0 to below 1"),
        (lambda: nn.SGD([{"params": [Value(1.0)], "rate": 1.0}]), "got rate"),
        (lambda: nn.SGD([x := Value(1.0), x]), "stands twice"),
        (lambda: nn.SGD([Value(1.0)]).load_state_dict({}), r"isn't a state_dict\(\) of an optimizer"),
        (lambda: nn.SGD([Value(1.0)]).load_state_dict(nn.SGD([Value(1.0), Value(2.0)]).state_dict()), "nothing was changed"),
    ],
)
def test_bad_options_are_named(call: Any, words: str) -> None:
    """What was received stands in the message."""
    with pytest.raises((ValueError, TypeError), match=words):
        call()
