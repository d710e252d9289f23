"""Optimisers and schedules against PyTorch's."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
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
    "sgd defaults": ("SGD", {}, -1.2782175072062676, 1.9641316269185782),
    "adam defaults": ("Adam", {}, -1.4512390454020163, 1.952354053900125),
    "adamw defaults": ("AdamW", {}, -1.4505238926480672, 1.9514333009319456),
    "rmsprop defaults": ("RMSprop", {}, -1.2303861128770819, 1.9544965970322707),
    "adagrad defaults": ("Adagrad", {}, -1.3871895441714936, 1.9110873770349968),
    "adam eps": ("Adam", {"lr": 0.05, "eps": 0.01}, -1.2323407683429801, 1.950683751864359),
    "adamw betas": ("AdamW", {"lr": 0.05, "eps": 0.01, "betas": (0.7, 0.95)}, -1.2299814824526685, 1.9542105705178776),
    "rmsprop alpha": ("RMSprop", {"lr": 0.05, "eps": 0.01, "alpha": 0.9, "centered": True},
                      -1.253991012905135, 1.9188987445892727),
    "rmsprop momentum": ("RMSprop", {"lr": 0.02, "momentum": 0.5}, -1.230386064853663, 1.9544966148674674),
    # These four are still on their way after 50 steps, so that every part of the rule shows in where they are.
    "adagrad on its way": ("Adagrad", {"lr": 0.02, "lr_decay": 0.1}, -1.3878426095027145, 1.9098774454042247),
    "adagrad decay": ("Adagrad", {"lr": 0.02, "lr_decay": 0.1, "weight_decay": 0.3}, -1.3874515879938807, 1.897714374753378),
    "rmsprop on its way": ("RMSprop", {"lr": 0.001, "momentum": 0.5, "weight_decay": 0.3, "centered": True},
                           -1.2921769646867067, 1.8711712131638376),
    "adam on its way": ("Adam", {"lr": 0.003, "weight_decay": 0.3}, -1.36402463337019, 1.8775525624907115),
    "adagrad eps": ("Adagrad", {"lr": 0.3, "eps": 0.01}, -1.2303860554151125, 1.9544966173589169),
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
    assert (a.grad, b.grad) == pytest.approx((2.9999997000000302, 3.9999996000000406), rel=1e-14)  # as PyTorch 2.13
    assert nn.clip_grad_norm_([a, b], 100.0) == pytest.approx(5.0, rel=1e-6)
    a.grad = math.nan
    with pytest.raises(ValueError, match="norm is nan"):
        nn.clip_grad_norm_([a, b], 1.0)
    with pytest.raises(ValueError, match="above 0"):
        nn.clip_grad_norm_([a, b], 0.0)


DEFAULTS: dict[str, dict[str, Any]] = {  # PyTorch 2.13's, of the options that are there
    "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False},
    "Adam": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0},
    "AdamW": {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2},
    "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0, "centered": False},
    "Adagrad": {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "eps": 1e-10},
    "StepLR": {"gamma": 0.1},
    "ExponentialLR": {},
    "CosineAnnealingLR": {"eta_min": 0.0},
    "LinearLR": {"start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 5},
    "Dropout": {"p": 0.5},
    "LayerNorm": {"eps": 1e-5},
    "RMSNorm": {"eps": 1e-5},  # LLaMA's; PyTorch's depends on the type of the numbers
    "Linear": {"bias": True},
    "huber": {"reduction": "mean", "delta": 1.0},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_pytorch(name: str) -> None:
    """What is left out is what PyTorch takes, by the recorded table, and by PyTorch itself where it is installed."""
    ours = inspect.signature(getattr(nn, name)).parameters
    given = {k: p.default for k, p in ours.items() if p.default is not inspect.Parameter.empty and k not in ("seed", "init")}
    assert given == DEFAULTS[name]
    if importlib.util.find_spec("torch") is not None and name not in ("RMSNorm", "huber"):
        torch = importlib.import_module("torch")
        place = next(m for m in (torch.optim, torch.optim.lr_scheduler, torch.nn) if hasattr(m, name))
        theirs = inspect.signature(getattr(place, name)).parameters
        assert {k: theirs[k].default for k in given} == given


OPTIMISERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"]


WRONG: list[tuple[str, Any, str]] = [
    ("lr", math.nan, "lr must be from 0 to below inf, got nan"),
    ("lr", math.inf, "lr must be from 0 to below inf, got inf"),
    ("lr", -1e-300, "lr must be from 0 to below inf, got -1e-300"),
    ("lr", "0.1", "lr must be a number from 0 to below inf, got str '0.1'"),
    ("lr", True, "lr must be a number .*, got bool True"),
    ("lr", None, "lr must be a number .*, got NoneType None"),
    ("lr", 10**400, "lr must be from 0 to below inf, got inf"),
    ("lr", Value(0.1), "lr must be a number .*, got Value"),
    ("weight_decay", math.nan, "weight_decay must be"),
    ("weight_decay", -1.0, "weight_decay must be"),
    ("eps", -1e-8, "eps must be"),
    ("eps", math.inf, "eps must be"),
    ("momentum", -0.1, "momentum must be"),
    ("momentum", math.nan, "momentum must be"),
    ("dampening", math.nan, "dampening must be"),
    ("dampening", -0.5, "dampening must be"),
    ("nesterov", "yes", "nesterov must be True or False, got 'yes'"),
    ("nesterov", True, "nesterov needs a momentum above 0 and no dampening"),
    ("centered", 2, "centered must be True or False, got 2"),
    ("alpha", 1.0, "alpha must be from 0 to below 1, got 1.0"),
    ("alpha", -0.1, "alpha must be"),
    ("lr_decay", -0.1, "lr_decay must be"),
    ("betas", (1.0, 0.9), "beta1 must be from 0 to below 1"),
    ("betas", (0.9, 1.0), "beta2 must be from 0 to below 1"),
    ("betas", (0.9, -0.1), "beta2 must be"),
    ("betas", (0.9,), r"betas must be two numbers, such as \(0.9, 0.999\), got \(0.9,\)"),
    ("betas", 0.9, "betas must be two numbers"),
]


@pytest.mark.parametrize(
    ("name", "option", "x", "words"),
    [(name, *rest) for rest in WRONG for name in OPTIMISERS if rest[0] in inspect.signature(getattr(nn, name)).parameters],
)
def test_options_are_checked(name: str, option: str, x: Any, words: str) -> None:
    """An option that can't be is refused when the optimizer is made, in a group, and when it is set before a step."""
    kind = getattr(nn, name)
    with pytest.raises((ValueError, TypeError), match=words):
        kind([Value(1.0)], **{option: x})
    if option == "betas":
        return
    with pytest.raises((ValueError, TypeError), match=words):
        kind([{"params": [Value(1.0)], option: x}])
    p = Value(1.0)
    optimizer = kind([p])
    (p * p).backward()
    optimizer.param_groups[0][option] = x
    with pytest.raises((ValueError, TypeError), match=words):
        optimizer.step()
    assert (p.data, optimizer.state) == (1.0, {})


def test_options_of_any_number_are_plain_floats() -> None:
    """NumPy's numbers, ints and fractions become floats, so that a state is always plain data; 0 and almost 1 are allowed."""
    adam = nn.Adam([Value(1.0)], lr=np.float32(0.5), betas=[0, 1 - 2**-53], eps=Fraction(1, 4), weight_decay=np.int64(0))
    options = {k: v for k, v in adam.param_groups[0].items() if k != "params"}
    assert options == {"lr": 0.5, "beta1": 0.0, "beta2": 1 - 2**-53, "eps": 0.25, "weight_decay": 0.0}
    assert {type(v) for v in options.values()} == {float}
    assert json.loads(json.dumps(adam.state_dict()))["param_groups"][0]["lr"] == 0.5
    sgd = nn.SGD([Value(1.0)], lr=0, momentum=2, nesterov=np.bool_(True))
    assert sgd.param_groups[0]["nesterov"] is True
    assert repr(sgd) == "SGD(1 parameters, lr=0.0, momentum=2.0, dampening=0.0, weight_decay=0.0, nesterov=True)"
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0"):
        nn.SGD([Value(1.0)], momentum=0.5, dampening=0.5, nesterov=True)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "Adagrad"])
def test_without_eps_zero_over_zero_is_no_step(name: str) -> None:
    """With eps=0 a parameter whose gradient is 0 stays where it is, and the others move as PyTorch moves them."""
    still, moving = Value(2.0), Value(2.0)
    kind = getattr(nn, name)
    optimizer = kind([still, moving], lr=0.5, eps=0.0, weight_decay=0.0)
    (still * 0.0 + moving * 3.0).backward()
    optimizer.step()
    assert still.data == 2.0
    first = {"RMSprop": 2.0 - 0.5 / math.sqrt(1 - 0.99)}.get(name, 1.5)  # the step is lr times the gradient's sign
    assert moving.data == pytest.approx(first, rel=1e-14)


def test_a_step_that_divides_by_zero_moves_nothing() -> None:
    """Where something must be divided by zero, no parameter is moved and nothing is remembered; the message names it."""
    a, b = Value(1.0), Value(3.0, label="w")
    optimizer = nn.RMSprop([a, b], alpha=0.0, eps=0.0, centered=True, lr=0.5)
    a.grad, b.grad = None, 2.0  # the variance of one gradient is 0
    with pytest.raises(
        ZeroDivisionError, match=r"RMSprop.step\(\) divides by zero at parameter 1, Value\(.*'w'\).*eps above 0"
    ):
        optimizer.step()
    assert (a.data, b.data, optimizer.state) == (1.0, 3.0, {})
    c, d = Value(1.0), Value(3.0)
    optimizer = nn.RMSprop([c, d], alpha=0.5, eps=0.0, centered=True)
    c.grad, d.grad = 1.0, 1.0
    optimizer.step()
    optimizer.param_groups[0]["alpha"] = 0.0
    before = c.data, d.data, json.dumps(optimizer.state_dict())
    with pytest.raises(ZeroDivisionError, match="at parameter 0"):
        optimizer.step()
    assert (c.data, d.data, json.dumps(optimizer.state_dict())) == before


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_interrupted_step_is_no_step(name: str) -> None:
    """Ctrl-C, or any error, between two parameters leaves all of them and the memory as before the step."""

    class Stubborn(Value):  # type: ignore[misc,valid-type]
        refusing = False

        def __setattr__(self, attribute: str, x: Any) -> None:
            if attribute == "data" and self.refusing:
                type(self).refusing = False
                raise KeyboardInterrupt
            super().__setattr__(attribute, x)

    first, second, third = Value(1.0), Stubborn(2.0), Value(3.0)
    optimizer = getattr(nn, name)([first, second, third], lr=0.1)
    for p in (first, second, third):
        p.grad = 1.0
    optimizer.step()
    before = [first.data, second.data, third.data], json.dumps(optimizer.state_dict())
    Stubborn.refusing = True
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert ([first.data, second.data, third.data], json.dumps(optimizer.state_dict())) == before
    optimizer.step()
    assert [first.data, second.data, third.data] != before[0]


class Drifting(nn.Optimizer):
    """A user's own optimizer, which remembers what it likes."""

    def __init__(self, params: Any, lr: float = 0.5, wind: str = "west") -> None:
        super().__init__(params, lr=lr, wind=wind)  # type: ignore[arg-type]

    def _moved(self, x: float, g: float, group: Any, memory: dict[str, float]) -> float:
        memory["gusts"] = memory.get("gusts", 0.0) + g
        return x - group["lr"] * memory["gusts"]


def test_an_optimizer_of_ones_own() -> None:
    """Its options and its memory are its own, go through a state, and only the names that are known are looked at."""
    x = Value(1.0)
    own = Drifting([x])
    x.grad = 1.0
    own.step()
    own.step()
    assert x.data == 1.0 - 0.5 - 1.0
    other = Drifting([x], lr=3.0, wind="east")
    other.load_state_dict(json.loads(json.dumps(own.state_dict())))
    assert repr(other) == "Drifting(1 parameters, lr=0.5, wind='west')"
    assert other.state == {0: {"gusts": 2.0}}
    with pytest.raises(ValueError, match="its group 0 has the options lr, wind, and this optimizer has lr, momentum"):
        nn.SGD([x]).load_state_dict(own.state_dict())
    with pytest.raises(NotImplementedError):
        optimizer = nn.Optimizer([x], lr=0.1)
        optimizer.step()


def test_groups_are_numbered_through() -> None:
    """Parameters are numbers from the first group to the last, in the state and in the memory, also without a gradient."""
    a, b, c = (Value(float(i)) for i in (1, 2, 3))
    optimizer = nn.Adagrad([{"params": [a, b]}, {"params": (c,), "lr": 0.5}])
    b.grad = c.grad = 2.0
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0, 1], [2]]
    assert {k: v["sum"] for k, v in state["state"].items()} == {"1": 4.0, "2": 4.0}
    assert repr(optimizer) == (
        "Adagrad(2 parameters, lr=0.01, lr_decay=0.0, weight_decay=0.0, eps=1e-10; "
        "1 parameters, lr=0.5, lr_decay=0.0, weight_decay=0.0, eps=1e-10)"
    )
    d, e, f = (Value(float(i)) for i in (1, 2, 3))
    other = nn.Adagrad([{"params": [d, e]}, {"params": [f]}])
    other.load_state_dict({**state, "state": {int(k): v for k, v in state["state"].items()}})
    assert other.state == optimizer.state
    assert other.param_groups[1]["lr"] == 0.5
    for broken, words in (
        ({**state, "state": {"3": {"step": 1.0, "sum": 1.0}}}, "remembers a parameter '3', and there are 3"),
        ({**state, "state": []}, "its state is a list of 0 entries"),
        ({**state, "param_groups": {}}, "its param_groups aren't a list of groups"),
        ({**state, "param_groups": [{"params": 3}]}, "its param_groups aren't a list of groups"),
        ({**state, "more": 1}, "isn't a state_dict"),
        ({**state, "state": {"1": {"step": 1.0}}}, r"its state\[1\] remembers step, and not step, sum"),
        ({**state, "state": {"1": {}}}, r"its state\[1\] remembers nothing, and not step, sum"),
        ({**state, "state": {"1": {"step": 1.0, "sum": -1.0}}}, r"its state\[1\]\['sum'\] is -1.0, which can't be"),
        ({**state, "param_groups": [state["param_groups"][0], {**state["param_groups"][1], "params": [1]}]},
         "the params of its group 1 aren't the numbers from 2 on"),
    ):  # fmt: skip
        before = json.dumps(other.state_dict())
        with pytest.raises(ValueError, match="doesn't fit this Adagrad, and nothing was changed: .*" + words):
            other.load_state_dict(broken)
        assert json.dumps(other.state_dict()) == before


def rates(make: Any, epochs: int = 6) -> list[float]:
    """The rates of so many epochs, from 0.8."""
    optimizer = nn.SGD([Value(1.0)], lr=0.8)
    schedule = make(optimizer)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    return found


# By PyTorch 2.13, from 0.8 on.
RATES: dict[str, tuple[Any, list[float]]] = {
    "step": (lambda o, m: m.StepLR(o, 2), [0.8, 0.8, 0.08, 0.08, 0.008, 0.008]),
    "step gamma": (lambda o, m: m.StepLR(o, 3, 0.5), [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]),
    "exponential": (lambda o, m: m.ExponentialLR(o, 0.9), [0.8, 0.72, 0.648, 0.5832]),
    "cosine": (lambda o, m: m.CosineAnnealingLR(o, 3), [0.8, 0.6, 0.2, 0.0]),
    "cosine eta_min": (lambda o, m: m.CosineAnnealingLR(o, 4, 0.1),
                       [0.8, 0.6974873734152917, 0.45, 0.20251262658470842, 0.1]),
    "linear": (lambda o, m: m.LinearLR(o),
               [0.26666666666666666, 0.37333333333333335, 0.48, 0.5866666666666668, 0.6933333333333335, 0.8, 0.8, 0.8]),
    "linear down": (lambda o, m: m.LinearLR(o, 0.5, 0.25, 2), [0.4, 0.3, 0.2, 0.2]),
}  # fmt: skip


@pytest.mark.parametrize("name", RATES)
def test_rates_are_those_of_pytorch(name: str) -> None:
    """The rates by epoch are the recorded ones of PyTorch, and its own where it is installed."""
    make, expected = RATES[name]
    assert rates(lambda o: make(o, nn), len(expected)) == pytest.approx(expected, rel=1e-14, abs=1e-15)
    if importlib.util.find_spec("torch") is not None:
        torch = importlib.import_module("torch")
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
        schedule, theirs = make(optimizer, torch.optim.lr_scheduler), []
        for _ in expected:
            theirs.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        assert theirs == pytest.approx(expected, rel=1e-14, abs=1e-15)


def test_a_warm_up_alone_and_before_another_schedule() -> None:
    """The rate rises to its base in so many epochs, and stays there, or goes on with the schedule that comes then."""
    assert rates(lambda o: nn.WarmUp(o, 4)) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert rates(lambda o: nn.WarmUp(o, 1), 3) == [0.8, 0.8, 0.8]
    assert rates(lambda o: nn.WarmUp(o, 2, nn.StepLR(o, 2, 0.5))) == pytest.approx([0.4, 0.8, 0.8, 0.8, 0.4, 0.4])
    # Making the schedule that comes then has changed the rate already; the base is the one before that.
    rising = rates(lambda o: nn.WarmUp(o, 2, nn.LinearLR(o, 0.5, 1.0, 2)), 5)
    assert rising == pytest.approx([0.4, 0.8, 0.4, 0.6, 0.8])


def test_schedules_move_each_group_from_its_own_rate() -> None:
    """Groups with rates of their own keep their proportion, through a warm-up and a state as well."""
    a, b = Value(1.0), Value(1.0)
    sgd = nn.SGD([{"params": [a], "lr": 0.2}, {"params": [b]}], lr=0.8)
    schedule = nn.WarmUp(sgd, 2, nn.ExponentialLR(sgd, 0.5))
    assert schedule.base_rates == [0.2, 0.8]
    for _ in range(3):
        schedule.step()
    assert [g["lr"] for g in sgd.param_groups] == [0.1, 0.4]
    state = json.loads(json.dumps(schedule.state_dict()))
    assert state == {"epoch": 3, "base_rates": [0.2, 0.8]}
    state["base_rates"].append(7.0)
    assert schedule.base_rates == [0.2, 0.8]
    del state["base_rates"][-1]
    other_sgd = nn.SGD([{"params": [a]}, {"params": [b]}], lr=123.0)
    other = nn.WarmUp(other_sgd, 2, nn.ExponentialLR(other_sgd, 0.5))
    other.load_state_dict(state)
    assert [g["lr"] for g in other_sgd.param_groups] == [0.1, 0.4]
    assert (other.epoch, other.base_rates) == (3, [0.2, 0.8])
    for epoch, rates_there in ((0, [0.1, 0.4]), (2**53, [0.0, 0.0]), (3, [0.1, 0.4])):
        other.load_state_dict({**state, "epoch": epoch})
        assert [g["lr"] for g in other_sgd.param_groups] == rates_there
    before = json.dumps(other.state_dict())
    for broken, words in (
        ([], "isn't a state_dict"),
        ({"epoch": 3}, "isn't a state_dict"),
        ({**state, "epoch": 1.0}, "epoch of the schedule is 1.0"),
        ({**state, "base_rates": [0.2]}, "base_rates of the schedule is a list of 1 entries"),
        ({**state, "base_rates": [0.2, math.nan]}, "the rate of epoch 3 must be from 0 to below inf, got nan"),
    ):
        with pytest.raises(ValueError, match=words):
            other.load_state_dict(broken)  # type: ignore[arg-type]
        assert json.dumps(other.state_dict()) == before
        assert [g["lr"] for g in other_sgd.param_groups] == [0.1, 0.4]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda o: nn.StepLR(o, 0), "step_size must be a whole number of at least 1, got 0"),
        (lambda o: nn.StepLR(o, 1, -0.5), "gamma must be from 0 to below inf, got -0.5"),
        (lambda o: nn.ExponentialLR(o, math.nan), "gamma must be"),
        (lambda o: nn.CosineAnnealingLR(o, 0), "T_max must be a whole number"),
        (lambda o: nn.CosineAnnealingLR(o, 1, -1.0), "eta_min must be"),
        (lambda o: nn.LinearLR(o, -0.1), "start_factor must be"),
        (lambda o: nn.LinearLR(o, 0.1, math.inf), "end_factor must be"),
        (lambda o: nn.LinearLR(o, total_iters=0), "total_iters must be"),
        (lambda o: nn.WarmUp(o, 0), "epochs must be a whole number"),
        (lambda o: nn.WarmUp(o, 1, nn.ExponentialLR(nn.SGD([Value(1.0)]), 0.5)), "must drive the same optimizer"),
    ],
)
def test_bad_schedules_are_named(make: Any, words: str) -> None:
    """What can't be is refused, and the optimizer keeps its rate."""
    optimizer = nn.SGD([Value(1.0)], lr=0.8)
    with pytest.raises(ValueError, match=words):
        make(optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.8


def test_a_rate_that_grows_too_large_changes_nothing() -> None:
    """A schedule that overflows is an error at the step, which leaves epoch and rate as they were."""
    optimizer = nn.SGD([Value(1.0)], lr=1.0)
    schedule = nn.ExponentialLR(optimizer, 1e200)
    schedule.step()
    with pytest.raises(ValueError, match="the rate of epoch 2 must be from 0 to below inf, got inf"):
        schedule.step()
    assert (schedule.epoch, optimizer.param_groups[0]["lr"]) == (1, 1e200)
    with pytest.raises(NotImplementedError):
        nn.Schedule(optimizer)


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
        (lambda: nn.SGD([x := Value(1.0), x]), "in the groups twice"),
        (lambda: nn.SGD([Value(1.0)]).load_state_dict({}), r"isn't a state_dict\(\) of an optimizer"),
        (lambda: nn.SGD([Value(1.0)]).load_state_dict(nn.SGD([Value(1.0), Value(2.0)]).state_dict()), "nothing was changed"),
    ],
)
def test_bad_options_are_named(call: Any, words: str) -> None:
    """The message says what was received."""
    with pytest.raises((ValueError, TypeError), match=words):
        call()
