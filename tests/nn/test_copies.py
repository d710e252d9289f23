"""Nets, gates, optimisers and histories in copies, pickles and other processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import nn
from autograd import Value
from nn.layers import ACTIVATIONS

X = [[0.5, -1.0], [1.5, 0.25]]


class Own(nn.Module):
    """A user's module, with parameters in a tuple and a dict, one of which is in two places."""

    def __init__(self) -> None:
        shared = Value(0.5, label="shared")
        self.parts = {"a": shared, "b": (Value(2.0), [shared])}
        self.inner = nn.Neuron(2, "gelu", seed=1)

    def forward(self, x: Any) -> Any:
        """Some number."""
        return self.inner(x) * self.parts["a"] + self.parts["b"][0]  # type: ignore[index]


NETS: dict[str, Callable[[], nn.Module]] = {
    **{f"mlp {name}": lambda name=name: nn.MLP(2, [3, 1], name, name, seed=0) for name in ACTIVATIONS},  # type: ignore[misc]
    **{f"module {name}": lambda name=name: getattr(nn, name)()  # type: ignore[misc]
       for name in ("Identity", "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Softplus", "Tanh", "Softmax")},
    "activation": lambda: nn.Activation("linear"),
    "neuron": lambda: nn.Neuron(2, seed=0, expand=True),
    "layer": lambda: nn.Layer(2, 2, "linear", seed=0),
    "linear": lambda: nn.Linear(2, 3, bias=False, seed=0),
    "sequential": lambda: nn.Sequential(nn.Linear(2, 3, seed=0), nn.RMSNorm(3), nn.LayerNorm(3), nn.Softmax()),
    "own": Own,
}  # fmt: skip
COPIES = pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, *(lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1))],
    ids=["copy", "deepcopy", *(f"pickle{p}" for p in range(pickle.HIGHEST_PROTOCOL + 1))],
)


@COPIES
@pytest.mark.parametrize("name", NETS)
def test_every_net_can_be_copied_and_pickled(name: str, copied: Any) -> None:
    """A copy computes the same bits, has the same names and labels, and keeps what is shared; it is independent."""
    model = NETS[name]().label_parameters("net.").eval()
    for i, p in enumerate(model.parameters()):
        p.grad = float(i)
    other = copied(model)
    assert type(other) is type(model)
    assert repr(other) == repr(model)
    assert nn.predict(other, X) == nn.predict(model, X)
    assert [(n, p.data, p.grad, p.label) for n, p in other.named_parameters()] == [
        (n, p.data, p.grad, p.label) for n, p in model.named_parameters()
    ]
    assert [(m.training, m.group_name) for m in other.modules()] == [(m.training, m.group_name) for m in model.modules()]
    assert all(p.label.startswith("net.") for p in other.parameters())
    if copied is not copy.copy:
        assert not {id(p) for p in other.parameters()} & {id(p) for p in model.parameters()}


@COPIES
def test_dropout_draws_on_where_it_was(copied: Any) -> None:
    """A copy of a Dropout with a seed goes on with the same numbers; without one it draws from the module `random`."""
    drop = nn.Dropout(0.5, seed=3)
    drop([1.0] * 5)
    other = copied(drop)
    expected = copy.deepcopy(drop)([1.0] * 20)
    assert other([1.0] * 20) == expected
    unseeded = copied(nn.Dropout(0.5))
    before = random.getstate()
    try:
        random.seed(8)
        first = unseeded([1.0] * 20)
        random.seed(8)
        assert first == [v * (0.0 if random.random() < 0.5 else 2.0) for v in [1.0] * 20]
    finally:
        random.setstate(before)


GATES: dict[str, tuple[Callable[[], nn.Gate], tuple[Any, ...], Any]] = {
    "mul": (nn.MulLayer, (3.0, 4.0), 2.0),
    "add": (nn.AddLayer, (3.0, 4.0), 2.0),
    "relu": (nn.ReluLayer, ([[1.0, -1.0]],), [[1.0, 1.0]]),
    "sigmoid": (nn.SigmoidLayer, ([0.5, 1.0],), [1.0, 2.0]),
    "affine": (lambda: nn.Affine([[1.0, 2.0], [3.0, 4.0]], [0.5, 0.25]), ([1.0, 2.0],), [1.0, 1.0]),
    "softmax with loss": (nn.SoftmaxWithLoss, ([0.5, 1.0, 2.0], 1), 1.0),
}


@COPIES
@pytest.mark.parametrize("name", GATES)
def test_gates_can_be_copied_and_pickled(name: str, copied: Any) -> None:
    """A copy of a gate computes the same bits, without the pass that was before; the gate itself still has it."""
    make, inputs, dout = GATES[name]
    gate = make()
    expected = gate.forward(*inputs)
    other = copied(gate)
    with pytest.raises(RuntimeError, match=r"needs a forward\(\)"):
        other.backward(dout)
    slopes = gate.backward(dout)
    assert other.forward(*inputs) == expected
    assert other.backward(dout) == slopes


def test_gates_of_lambdas_can_be_copied() -> None:
    """A gate of a lambda has no name to be pickled by, and is copied all the same; TwoLayerNet is pickled whole."""
    gate = nn.Gate(lambda x: x * 3)
    gate.forward(2.0)
    assert copy.deepcopy(gate).forward(5.0) == 15.0
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(gate)
    net = nn.TwoLayerNet(2, 3, 2, seed=0)
    assert pickle.loads(pickle.dumps(net)).predict(X) == net.predict(X)


def test_histories_and_optimisers_can_be_pickled() -> None:
    """A model, its optimizer, its schedule and its history go through one pickle and train on to the same bits."""
    model = nn.MLP(2, [2, 1], "tanh", seed=0)
    adam = nn.Adam(model.parameters(), lr=0.1)
    schedule = nn.WarmUp(adam, 3, nn.ExponentialLR(adam, 0.9))
    history = nn.fit(model, X, [1.0, -1.0], optimizer=adam, schedule=schedule, epochs=2, metrics=["r2"], progress=False)
    for again in (
        pickle.loads(pickle.dumps((model, adam, schedule, history))),
        copy.deepcopy((model, adam, schedule, history)),
    ):
        model2, adam2, schedule2, history2 = again
        assert (history2.epochs, history2.best_epoch, history2.stopped) == (history.epochs, 2, "finished")
        assert repr(history2) == repr(history)
        nn.fit(model2, X, [1.0, -1.0], optimizer=adam2, schedule=schedule2, epochs=3, progress=False)
    nn.fit(model, X, [1.0, -1.0], optimizer=adam, schedule=schedule, epochs=3, progress=False)
    assert model2.state_dict() == model.state_dict()
    assert adam2.state_dict() == adam.state_dict()


def test_other_processes_take_nets() -> None:
    """A net goes to a process of its own and back, predicts the same bits there, and comes back trained."""
    model = nn.MLP(2, [3, 1], "linear", seed=0).label_parameters()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(nn.predict, model, X).result(60) == nn.predict(model, X)
        there = pool.submit(nn.fit, model, X, [1.0, -1.0], epochs=3, progress=False).result(60)
        back = pool.submit(copy.deepcopy, model).result(60)
    here = nn.fit(copy.deepcopy(model), X, [1.0, -1.0], epochs=3, progress=False)
    assert there.epochs == here.epochs
    assert [(p.data, p.label) for p in back.parameters()] == [(p.data, p.label) for p in model.parameters()]


def test_joblib_takes_nets() -> None:
    """joblib hashes, dumps and loads a net, and hands it to its workers."""
    joblib = pytest.importorskip("joblib")
    model = nn.MLP(2, [3, 1], seed=0)
    assert joblib.hash(model) == joblib.hash(copy.deepcopy(model))
    found = joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(nn.predict)(model, X) for _ in range(3))
    assert found == [nn.predict(model, X)] * 3
