"""Modules: parameters, names, state, files, and the layers."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd as ag
import nn
from autograd import Value

ROOT = Path(__file__).parents[2]


def test_parameters_have_stable_dotted_names() -> None:
    """Names are the way to a parameter, in the order of its making; one that occurs twice counts once."""
    model = nn.MLP(2, [2, 1], seed=0)
    names = [name for name, _ in model.named_parameters()]
    assert names == [
        "layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b",
        "layers.0.neurons.1.w.0", "layers.0.neurons.1.w.1", "layers.0.neurons.1.b",
        "layers.1.neurons.0.w.0", "layers.1.neurons.0.w.1", "layers.1.neurons.0.b",
    ]  # fmt: skip
    assert [p for _, p in model.named_parameters()] == model.parameters()
    shared = nn.Sequential(model.layers[0], model.layers[0])
    assert shared.num_parameters == 6
    assert [type(m).__name__ for m in shared.modules()] == ["Sequential", "Layer", "Neuron", "Neuron"]
    assert {p.label for p in shared.label_parameters("n.").parameters()} == {
        f"n.{name}" for name, _ in shared.named_parameters()
    }
    assert [m.group_name for m in shared.modules()] == ["", "n.layers.0", "n.layers.0.neurons.0", "n.layers.0.neurons.1"]
    tied = nn.Module()
    tied.table = {"a": Value(1.0), "b": (Value(2.0), [Value(3.0)])}  # type: ignore[attr-defined]
    assert [name for name, _ in tied.named_parameters()] == ["table.a", "table.b.0", "table.b.1.0"]
    assert tied.state_dict() == {"table.a": 1.0, "table.b": [2.0, [3.0]]}


def test_a_computed_value_is_no_parameter() -> None:
    """What a module keeps of its last call has no name, no label and no place in its state."""
    model = nn.Module()
    model.w = Value(2.0)  # type: ignore[attr-defined]
    model.last = model.w * 3.0  # type: ignore[attr-defined]
    model.both = [model.w, model.last]  # type: ignore[attr-defined]
    model.label_parameters()
    assert [name for name, _ in model.named_parameters()] == ["w"]
    assert model.state_dict() == {"w": 2.0, "both.0": 2.0}
    assert model.last.label == ""  # type: ignore[attr-defined]
    model.load_state_dict({"w": 5.0, "both.0": 5.0})
    assert model.w.data == 5.0  # type: ignore[attr-defined]


def test_modules_train_and_eval() -> None:
    """modules() lists the outer before the inner, and train() and eval() reach all of them and return the module."""
    model = nn.Sequential(nn.Linear(1, 2, seed=0), nn.Dropout(0.5, seed=0), nn.Sequential(nn.ReLU()))
    assert [type(m).__name__ for m in model.modules()] == ["Sequential", "Linear", "Dropout", "Sequential", "ReLU"]
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert all(m.training for m in model.train().modules())


def test_zero_grad_forgets() -> None:
    """zero_grad() leaves every parameter as if no backward pass had come by."""
    model = nn.Linear(2, 1, seed=0)
    model([1.0, 2.0])[0].backward()
    assert all(p.has_grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.has_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.MLP(2, [16, 16, 1], seed=0), "MLP([relu 2->16, relu 16->16, linear 16->1], 337 parameters)"),
        (nn.Layer(2, 3, "tanh", seed=0), "Layer(tanh 2->3)"),
        (nn.Neuron(2, "relu", seed=0), "Neuron(relu 2->1)"),
        (nn.Sequential(nn.Embedding(3, 4, seed=0), nn.RMSNorm(4), nn.LayerNorm(4), nn.Dropout(0.1), nn.Softmax()),
         "Sequential(Embedding(3, 4), RMSNorm(4), LayerNorm(4), Dropout(p=0.1), Softmax())"),
        (nn.Activation("tanh"), "Activation(tanh)"),
    ],
)  # fmt: skip
def test_reprs_show_the_architecture(module: nn.Module, text: str) -> None:
    """A repr names the parts and their sizes."""
    assert repr(module) == text


def test_one_output_is_a_value_several_are_a_list() -> None:
    """As in micrograd; a hidden layer of one neuron stays a list inside."""
    assert isinstance(nn.MLP(2, [3, 1], seed=0)([1.0, 2.0]), Value)
    assert [type(y) for y in nn.MLP(2, [3, 2], seed=0)([1.0, 2.0])] == [Value, Value]
    assert isinstance(nn.MLP(2, [1, 1, 1], seed=0)([1.0, 2.0]), Value)
    assert nn.MLP(1, [1], seed=0)([2.0]).data == nn.MLP(1, [1], seed=0)((Value(2.0),)).data


def forward_by_hand(model: nn.MLP, x: list[float]) -> list[float]:
    """The net on plain floats."""
    for layer in model.layers:
        x = [math.fsum([w.data * v for w, v in zip(n.w, x, strict=True)]) + n.b.data for n in layer.neurons]  # type: ignore[union-attr]
        if layer.activation == "tanh":
            x = [math.tanh(v) for v in x]
    return x


def test_the_net_computes_its_formula() -> None:
    """The forward pass equals the same formula on floats, to rounding."""
    model = nn.MLP(3, [4, 2], activation="tanh", seed=3)
    for p in model.parameters():
        p.data += 0.1
    got = [y.data for y in model([0.5, -1.0, 2.0])]
    assert got == pytest.approx(forward_by_hand(model, [0.5, -1.0, 2.0]), rel=1e-14)


def test_expand_gives_the_same_gradients() -> None:
    """Single additions and products compute what the dot node computes, to rounding, on a larger graph."""
    folded, expanded = (nn.MLP(3, [4, 1], activation="tanh", seed=5, expand=expand) for expand in (False, True))
    y, z = folded([0.5, -1.0, 2.0]), expanded([0.5, -1.0, 2.0])
    y.backward()
    z.backward()
    assert z.data == pytest.approx(y.data, rel=1e-14)
    assert [p.grad for p in expanded.parameters()] == pytest.approx([p.grad for p in folded.parameters()], rel=1e-13)
    assert len(ag.topological_order(z)) > len(ag.topological_order(y))
    assert {n.op.name for n in ag.topological_order(z) if n.op} == {"add", "multiply", "tanh"}


def test_the_same_seed_gives_the_same_bits_everywhere() -> None:
    """A seed, a Random, another process and the other engine draw the same weights and train to the same bits."""
    code = (
        "import nn, random\n"
        "model = nn.Sequential(nn.MLP(2, [3, 2], seed=7), nn.Linear(2, 1, seed=random.Random(8)))\n"
        "fitted = nn.fit(model, [[0, 1], [1, 0], [1, 1]], [[0.5], [1], [2]], epochs=5, batch_size=2, progress=False,\n"
        "                optimizer=nn.Adam(model.parameters(), lr=0.1))\n"
        "print(*[p.data.hex() for p in model.parameters()], fitted['loss'][-1].hex())\n"
    )
    said = set()
    for engine, hashes in (("python", "1"), ("auto", "2"), ("auto", "3")):
        environment = os.environ | {"AUTOGRAD_ENGINE": engine, "PYTHONHASHSEED": hashes}
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
        )
        said.add(run.stdout)
    assert len(said) == 1


@pytest.mark.parametrize("init", ["he", "he_uniform", "xavier", "xavier_uniform", "uniform", "normal", "zeros"])
def test_initial_weights_have_their_spread(init: str) -> None:
    """The variance of 20,000 weights is that of the named distribution, and the uniform ones keep within their bounds."""
    layer = nn.Linear(100, 200, init=init, seed=1)
    weights = [w.data for row in layer.weight for w in row]
    variance = math.fsum(w * w for w in weights) / len(weights)
    expected = {
        "he": 2 / 100,
        "he_uniform": 2 / 100,
        "xavier": 2 / 300,
        "xavier_uniform": 2 / 300,
        "uniform": 1 / 3,
        "normal": 1.0,
    }
    assert variance == pytest.approx(expected.get(init, 0.0), rel=0.05)
    bound = {"he_uniform": math.sqrt(6 / 100), "xavier_uniform": math.sqrt(6 / 300), "uniform": 1.0, "zeros": 0.0}.get(
        init, math.inf
    )
    assert max(map(abs, weights)) <= bound


def test_norms_do_what_they_say() -> None:
    """RMSNorm leaves a mean square of 1, LayerNorm a mean of 0 and a variance of 1; both learn a gain."""
    xs = [1.0, -2.0, 4.0]
    ys = [y.data for y in nn.RMSNorm(3, eps=0.0)(xs)]
    assert math.fsum(y * y for y in ys) / 3 == pytest.approx(1.0)
    zs = [z.data for z in nn.LayerNorm(3, eps=0.0)(xs)]
    assert math.fsum(zs) == pytest.approx(0.0, abs=1e-15)
    assert math.fsum(z * z for z in zs) / 3 == pytest.approx(1.0)
    assert (nn.RMSNorm(3).num_parameters, nn.LayerNorm(3).num_parameters) == (3, 6)
    assert [p.data for p in nn.LayerNorm(2).parameters()] == [1.0, 1.0, 0.0, 0.0]
    assert nn.RMSNorm(2).state_dict() == {"weight": [1.0, 1.0]}


def test_norms_are_those_of_pytorch() -> None:
    """With small numbers, where eps counts, a gain and an offset, both give PyTorch 2.13's recorded numbers."""
    xs, gain, offset = [0.005, -0.0125, 0.03], [1.5, -0.5, 2.0], [0.25, -1.0, 0.125]
    layer, rms = nn.LayerNorm(3), nn.RMSNorm(3)
    layer.load_state_dict({"weight": gain, "bias": offset})
    rms.load_state_dict({"weight": gain})
    expected = [0.03843139833720817, -0.43581706223255523, 2.6638232199535015]
    assert [y.data for y in layer(xs)] == pytest.approx(expected, rel=1e-13)
    assert [y.data for y in rms(xs)] == pytest.approx([0.38968707702174354, 0.32473923085145295, 3.1174966161739484], rel=1e-13)
    assert [y.data for y in nn.LayerNorm(3, eps=0.5)(xs)] == pytest.approx(
        [y / math.sqrt(0.5 + math.fsum((x - 0.0075) ** 2 for x in xs) / 3) for y in (-0.0025, -0.02, 0.0225)], rel=1e-13
    )


# On floats, by the formulas of their papers.
FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "tanh": math.tanh,
}
MODULES = dict(
    zip(FORMULAS, ["Identity", "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Sigmoid", "Softplus", "Tanh"], strict=True)
)


@pytest.mark.parametrize("name", FORMULAS)
def test_each_activation_is_what_its_name_says(name: str) -> None:
    """By name in a neuron and a net, as an Activation, and as a module of its own: all give the formula, and the usual init."""
    formula = FORMULAS[name]
    xs = [-2.0, -0.5, 0.5, 2.0]
    expected = pytest.approx([formula(x) for x in xs], rel=1e-13)
    neuron = nn.Neuron(1, name, seed=0)
    neuron.w[0].data = 1.0
    assert [neuron([x]).data for x in xs] == expected
    own = getattr(nn, MODULES[name])()
    for module in (nn.Activation(name), own):
        assert module(xs) == expected
        assert module(tuple(xs)) == expected
        assert [module(x) for x in xs] == expected
    assert repr(nn.Activation(name)) == f"Activation({name})"
    assert repr(own) == f"{MODULES[name]}()"
    assert (type(own).__name__, type(own).__module__) == (MODULES[name], "nn.layers")
    assert type(own).__doc__ == f"The activation {name} as a module."
    usual = "he" if name in ("relu", "leaky_relu", "elu", "gelu", "silu") else "xavier"
    assert nn.Neuron(3, name, seed=1).state_dict() == nn.Neuron(3, name, init=usual, seed=1).state_dict()
    assert nn.MLP(2, [2, 1], name, seed=1)([0.1, 0.2]).data == pytest.approx(
        nn.MLP(2, [2, 1], name, "linear", init=None, seed=1)([0.1, 0.2]).data
    )


def test_which_layers_have_which_activation() -> None:
    """The first activation is that of all layers but the last; relu and linear if they are left out."""
    assert [layer.activation for layer in nn.MLP(1, [1, 1, 1], seed=0).layers] == ["relu", "relu", "linear"]
    model = nn.MLP(1, [1, 1, 1], "tanh", "sigmoid", seed=0)
    assert [layer.activation for layer in model.layers] == ["tanh", "tanh", "sigmoid"]
    assert (nn.Layer(1, 1, seed=0).activation, nn.Neuron(1, seed=0).activation) == ("linear", "linear")
    with pytest.raises(ValueError, match="there is no activation 'swish'"):
        nn.MLP(1, [1], "swish")
    with pytest.raises(ValueError, match="there is no activation False"):
        nn.Neuron(2, False)  # type: ignore[arg-type]


def test_defaults_of_nets() -> None:
    """Biases are there and 0, sums are one dot node, xavier counts one neuron for a Neuron that is in no layer."""
    draws = random.Random(3)
    expected = [draws.gauss(0.0, math.sqrt(2 / 5)) for _ in range(4)]
    neuron = nn.Neuron(4, "tanh", seed=3)
    assert [w.data for w in neuron.w] == expected
    assert neuron.b is not None
    assert neuron.b.data == 0.0
    wide, draws = nn.Neuron(4, "tanh", seed=3, fan_out=12), random.Random(3)
    assert [w.data for w in wide.w] == [draws.gauss(0.0, math.sqrt(2 / 16)) for _ in range(4)]
    draws = random.Random(3)
    layer = nn.Layer(4, 12, "tanh", seed=3)
    assert [w.data for n in layer.neurons for w in n.w] == [draws.gauss(0.0, math.sqrt(2 / 16)) for _ in range(48)]
    for model in (neuron, layer, nn.MLP(4, [2], seed=0)):
        y = model([1.0, 2.0, 3.0, 4.0])
        assert {n.op.name for n in ag.topological_order(y[0] if isinstance(y, list) else y) if n.op} <= {"dot", "add", "tanh"}
    for made in (nn.Neuron(4, bias=False, seed=0), nn.Layer(4, 2, bias=False, seed=0), nn.MLP(4, [2, 1], bias=False, seed=0),
                 nn.Linear(4, 2, False, seed=0)):  # fmt: skip
        assert not any("b" in name.split(".") or "bias" in name for name, _ in made.named_parameters())
        made([1.0, 2.0, 3.0, 4.0])
    assert [b.data for b in nn.Linear(2, 3, seed=0).bias or ()] == [0.0, 0.0, 0.0]
    unbiased = nn.Neuron(2, bias=False, expand=True, seed=0)
    assert unbiased([2.0, 3.0]).data == unbiased.w[0].data * 2.0 + unbiased.w[1].data * 3.0
    linear, draws = nn.Linear(3, 5, seed=2), random.Random(2)
    assert [w.data for row in linear.weight for w in row] == [draws.gauss(0.0, math.sqrt(2 / 8)) for _ in range(15)]
    embedding, draws = nn.Embedding(3, 2, seed=2), random.Random(2)
    assert [w.data for row in embedding.weight for w in row] == [draws.gauss(0.0, 1.0) for _ in range(6)]
    he, draws = nn.Embedding(3, 2, init="he", seed=2), random.Random(2)
    assert [w.data for row in he.weight for w in row] == [draws.gauss(0.0, math.sqrt(2 / 2)) for _ in range(6)]
    xavier, draws = nn.Embedding(3, 2, init="xavier", seed=2), random.Random(2)
    assert [w.data for row in xavier.weight for w in row] == [draws.gauss(0.0, math.sqrt(2 / 5)) for _ in range(6)]
    assert nn.Neuron(2, init="zeros", seed=0).w[1].data == 0.0
    assert nn.Layer(2, 1, init="zeros", seed=0).neurons[0].w[0].data == 0.0
    assert nn.Layer(2, 1, expand=True, seed=0).neurons[0].expand
    assert not nn.Layer(2, 1, seed=0).neurons[0].expand


@pytest.fixture
def global_random() -> Any:
    """The module `random`, put back as it was."""
    before = random.getstate()
    yield random
    random.setstate(before)


MAKERS: dict[str, Any] = {
    "neuron": lambda **seed: nn.Neuron(3, "tanh", **seed),
    "layer": lambda **seed: nn.Layer(3, 2, **seed),
    "mlp": lambda **seed: nn.MLP(3, [2, 1], **seed),
    "linear": lambda **seed: nn.Linear(3, 2, **seed),
    "embedding": lambda **seed: nn.Embedding(3, 2, **seed),
    "two layers": lambda **seed: nn.TwoLayerNet(3, 2, 2, **seed),
}


@pytest.mark.parametrize("name", MAKERS)
def test_without_a_seed_the_module_random_decides(name: str, global_random: Any) -> None:
    """After random.seed(1337) a net without a seed is that of Random(1337); with a seed the module `random` isn't touched."""

    def numbers(**seed: Any) -> list[float]:
        return [p.data for p in MAKERS[name](**seed).parameters()]

    random.seed(1337)
    first, second = numbers(), numbers()
    after = random.random()
    assert first != second
    own = random.Random(1337)
    assert (numbers(seed=own), numbers(seed=own), own.random()) == (first, second, after)
    random.seed(1337)
    assert numbers() == first
    assert numbers(seed=7) == numbers(seed=7) != first
    assert numbers(seed=None) == second


def test_dropout_without_a_seed(global_random: Any) -> None:
    """Dropout draws from the module `random` as well, when it is called; and not where it has a seed, or in evaluation."""
    drop, seeded = nn.Dropout(), nn.Dropout(seed=3)
    assert (drop.p, seeded.p) == (0.5, 0.5)
    random.seed(1337)
    draws = random.Random(1337)
    assert drop([3.0] * 8) == [0.0 if draws.random() < 0.5 else 6.0 for _ in range(8)]
    state = random.getstate()
    seeded([1.0] * 8)
    drop.eval()([1.0] * 8)
    nn.Dropout(0.0)([1.0] * 8)
    assert random.getstate() == state
    draws = random.Random(3)
    assert nn.Dropout(seed=3)([1.0] * 8) == [0.0 if draws.random() < 0.5 else 2.0 for _ in range(8)]
    assert nn.Dropout(0.0, seed=3)([1.0, 2.0]) == [1.0, 2.0]


def test_dropout_keeps_the_mean() -> None:
    """In training about the share p is dropped and the rest scaled up; in evaluation everything passes; the seed decides."""
    drop = nn.Dropout(0.25, seed=3)
    ys = drop([1.0] * 4000)
    assert set(ys) == {0.0, 1.0 / 0.75}
    assert ys.count(0.0) / 4000 == pytest.approx(0.25, abs=0.03)
    assert nn.Dropout(0.25, seed=3)([1.0] * 4000) == ys
    assert drop.eval()([1.0, 2.0]) == [1.0, 2.0]


def test_labels_and_groups_by_name() -> None:
    """label_parameters() names parameters by labels and what modules compute by groups; without it there are none."""
    model = nn.MLP(1, [2, 1], seed=0)
    assert model([1.0]).groups == ()
    assert model.parameters()[0].label == ""
    model.label_parameters()
    y = model([1.0])
    assert y.groups == ("layers.1", "layers.1.neurons.0")
    assert model.layers[1].neurons[0].w[1].label == "layers.1.neurons.0.w.1"
    assert any(node.groups == ("layers.0", "layers.0.neurons.1") for node in ag.topological_order(y))


# ---- state -----------------------------------------------------------------------------------------


@given(st.lists(st.floats(), min_size=9, max_size=9))
def test_state_goes_round_to_the_bit(numbers: list[float]) -> None:
    """state_dict() of any numbers, through JSON, gives the same bits in another module."""
    model, other = nn.MLP(2, [2, 1], seed=0), nn.MLP(2, [2, 1], seed=1)
    for p, x in zip(model.parameters(), numbers, strict=True):
        p.data = x
    other.load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert [repr(p.data) for p in other.parameters()] == [repr(x) for x in numbers]


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    """Missing, unexpected and mis-shaped entries are all named, in one error, and every parameter stays."""
    model = nn.Linear(2, 1, seed=0)
    before = model.state_dict()
    assert before["bias"] == [0.0]
    for state, words in (
        ({}, ["missing weight, bias"]),
        ({**before, "extra": 1.0}, ["unexpected extra"]),
        (
            {"weight": [[1.0, 2.0, 3.0]], "gain": 1.0},
            ["missing bias", "unexpected gain", "weight has the shape 1x3 instead of 1x2"],
        ),
        (
            {"weight": [[1.0], [2.0, 3.0]], "bias": 0.0},
            ["weight has the shape 2x(1, 2)", "bias has the shape of a number instead of 1"],
        ),
    ):
        with pytest.raises(ValueError, match="nothing was changed") as caught:
            model.load_state_dict(state)
        assert all(word in str(caught.value) for word in words)
        assert model.state_dict() == before
    with pytest.raises(TypeError):
        model.load_state_dict({"weight": [["a", 2.0]], "bias": [0.0]})
    with pytest.raises(TypeError, match="takes a dict"):
        model.load_state_dict([1.0])  # type: ignore[arg-type]
    assert model.state_dict() == before


def test_words_of_states_and_modules() -> None:
    """Five names are listed and the rest counted; shapes are told as they are; a repr shows modules in lists and dicts."""
    model = nn.MLP(1, [4, 1], seed=0)
    names = list(model.state_dict())
    with pytest.raises(ValueError, match=f"missing {', '.join(names[:5])} and {len(names) - 5} more"):
        model.load_state_dict({})
    five = nn.Module()
    five.list = [{"a": Value(1.0)}, {"b": Value(2.0)}]  # type: ignore[attr-defined]
    five.inner = {"first": nn.ReLU(), "rest": (nn.Tanh(), [nn.Dropout(0.25)])}  # type: ignore[attr-defined]
    assert repr(five) == "Module(ReLU(), Tanh(), Dropout(p=0.25))"
    assert five.state_dict() == {"list.0.a": 1.0, "list.1.b": 2.0}
    with pytest.raises(ValueError, match=r"list.0.a has the shape 1x2 instead of a number; list.1.b has the shape 0 instead"):
        five.load_state_dict({"list.0.a": [[1.0, 2.0]], "list.1.b": []})
    with pytest.raises(ValueError, match=r"missing list.0.a, list.1.b; unexpected x$"):
        five.load_state_dict({"x": 1.0})
    with pytest.raises(TypeError, match=r"list.1.b holds True, which isn't a number that fits a float; nothing was changed"):
        five.load_state_dict({"list.0.a": 5.0, "list.1.b": True})
    with pytest.raises(TypeError, match=r"list.1.b holds an int of more than 64 bits, which isn't"):
        five.load_state_dict({"list.0.a": 5.0, "list.1.b": 10**400})
    with pytest.raises(TypeError, match="load_state_dict takes a dict as state_dict\\(\\) gives it, got list"):
        five.load_state_dict([])  # type: ignore[arg-type]
    assert five.state_dict() == {"list.0.a": 1.0, "list.1.b": 2.0}
    five.load_state_dict({"list.0.a": 5, "list.1.b": np.float32(0.5)})
    assert five.state_dict() == {"list.0.a": 5.0, "list.1.b": 0.5}
    deep = nn.Module()
    deep.w = [[[Value(1.0)], [Value(2.0)]]]  # type: ignore[attr-defined]
    deep.load_state_dict({"w": (([3.0], (4.0,)),)})
    assert deep.state_dict() == {"w": [[[3.0], [4.0]]]}


def test_names_of_groups_have_their_prefix() -> None:
    """The prefix is in front of every name, and the outermost module has no group of its own."""
    model = nn.Sequential(nn.Linear(1, 1, seed=0)).label_parameters("net/")
    assert [p.label for p in model.parameters()] == ["net/layers.0.weight.0.0", "net/layers.0.bias.0"]
    assert model([1.0])[0].groups == ("net/layers.0",)
    assert (model.group_name, model[0].group_name, len(model)) == ("", "net/layers.0", 1)


def test_files_are_whole_or_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """save() and load() go round; a killed save leaves the old file alone; a wrong file changes nothing."""
    path = tmp_path / "model.json"
    model = nn.MLP(2, [3, 1], seed=0)
    model.save(path)
    saved = path.read_text(encoding="utf-8")
    other = nn.MLP(2, [3, 1], seed=1).load(path)
    assert other.state_dict() == model.state_dict()

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        other.save(path)
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == saved
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]
    for text in ("{", "[]", '{"module": "MLP"}'):
        (tmp_path / "wrong.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"isn't a file of Module\.save"):
            other.load(tmp_path / "wrong.json")
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.MLP(2, [3, 1], seed=0)([1.0]), "this Layer takes 2 inputs, got 1"),
        (lambda: nn.Linear(1, 1, seed=0)([1.0, 2.0]), "this Linear takes 1 input, got 2"),
        (lambda: nn.Neuron(2, seed=0)(3.0), "this Neuron takes 2 inputs, got 1"),
        (lambda: nn.MLP(2, 3), r"sizes of its layers as a list, such as \[16, 16, 1\], got 3"),
        (lambda: nn.MLP(2, []), "sizes of its layers"),
        (lambda: nn.MLP(2, [0]), "outputs must be a whole number of at least 1, got 0"),
        (lambda: nn.Linear(1.5, 2), "in_features must be a whole number"),
        (lambda: nn.MLP(2, [1], activation="swish"), "there is no activation 'swish'; write one of linear, relu"),
        (lambda: nn.MLP(2, [1], init="random"), "there is no initialisation 'random'; write one of he"),
        (lambda: nn.MLP(2, [1], seed="a"), "seed takes an int"),
        (lambda: nn.Embedding(3, 2, seed=0)(3), "has rows 0 to 2, got 3"),
        (lambda: nn.Dropout(1.0), "probability from 0 to below 1"),
        (lambda: nn.Dropout(-0.1), "probability from 0 to below 1, got -0.1"),
        (lambda: nn.Dropout(math.nan), "probability from 0 to below 1, got nan"),
        (lambda: nn.Embedding(3, 2, seed=0)(-1), "has rows 0 to 2, got -1"),
        (lambda: nn.Embedding(3, 2, seed=0)(1.0), "has rows 0 to 2, got 1.0"),
        (lambda: nn.Embedding(3, 2, seed=0)(True), "has rows 0 to 2, got True"),
        (lambda: nn.Embedding(0, 2), "num_embeddings must be a whole number of at least 1, got 0"),
        (lambda: nn.Embedding(2, 0), "embedding_dim must be"),
        (lambda: nn.Linear(2, 0), "out_features must be"),
        (lambda: nn.Linear(2, True), "out_features must be a whole number of at least 1, got True"),
        (lambda: nn.Neuron(0), "inputs must be a whole number"),
        (lambda: nn.Neuron(2, fan_out=0), "fan_out must be a whole number"),
        (lambda: nn.Layer(0, 1), "inputs must be"),
        (lambda: nn.RMSNorm(0), "size must be"),
        (lambda: nn.LayerNorm(0), "size must be"),
        (lambda: nn.LayerNorm(2)([1.0]), "this LayerNorm takes 2 inputs, got 1"),
        (lambda: nn.Neuron(2, init=""), "there is no initialisation ''"),
        (lambda: nn.Linear(2, 1, seed=True), "seed takes an int, a random.Random or None, got bool True"),
        (lambda: nn.Linear(2, 1, seed=1.5), "seed takes an int, a random.Random or None, got float 1.5"),
        (lambda: nn.Neuron(2, nonlin=False), "Neuron takes no nonlin=; write activation='relu' for nonlin=True, and 'linear'"),
        (lambda: nn.Layer(2, 2, nonlin=True), "Layer takes no nonlin=; write activation="),
        (lambda: nn.MLP(2, [2], nonlin=True), "MLP takes no nonlin=; write activation="),
        (lambda: nn.MLP(2, [2], aktivation="relu"), r"MLP\(\) got an unexpected keyword argument 'aktivation'"),
        (lambda: nn.Layer(2, 2, size=3), r"Layer\(\) got an unexpected keyword argument 'size'"),
        (lambda: nn.Neuron(2, size=3), r"Neuron\(\) got an unexpected keyword argument 'size'"),
        (lambda: nn.RMSNorm(2)([1.0]), "this RMSNorm takes 2 inputs, got 1"),
        (lambda: nn.Module()(1.0), r"Module has no forward\(\)"),
    ],
)
def test_bad_input_is_named(call: Any, words: str) -> None:
    """The message says what was received and what to write instead."""
    with pytest.raises((ValueError, TypeError, IndexError, NotImplementedError), match=words):
        call()


def test_random_numbers_come_from_the_source_that_is_passed() -> None:
    """A Random that is handed in is drawn from, so that two modules after each other differ and a copy of it repeats both."""
    a, b = (random.Random(4) for _ in range(2))
    first = [nn.Linear(2, 2, seed=a).state_dict() for _ in range(2)]
    assert first == [nn.Linear(2, 2, seed=b).state_dict() for _ in range(2)]
    assert first[0] != first[1]


BATCH = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "kind", [list, tuple, np.array, lambda x: [np.array(row) for row in x], lambda x: [tuple(r) for r in x]]
)
@pytest.mark.parametrize(
    ("model", "who"),
    [
        (nn.MLP(2, [3, 1], seed=0), "Layer"), (nn.Layer(2, 3, seed=0), "Layer"), (nn.Neuron(2, seed=0), "Neuron"),
        (nn.Linear(2, 3, seed=0), "Linear"), (nn.RMSNorm(2), "RMSNorm"), (nn.LayerNorm(2), "LayerNorm"),
        (nn.Sequential(nn.Linear(2, 3, seed=0)), "Linear"), (nn.Softmax(), "Softmax"), (nn.Dropout(seed=0), "Dropout"),
    ],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)  # fmt: skip
def test_a_batch_is_told_from_a_sample(kind: Any, model: nn.Module, who: str) -> None:
    """A net that is handed a batch says that it takes one sample at a time, and what to write; both ways of writing work."""
    words = rf"this {who} takes one sample at a time, got a batch of 2; use nn.predict\(model, X\) for numbers, or \[model\(x\)"
    with pytest.raises(ValueError, match=words):
        model(kind(BATCH))
    with pytest.raises(ValueError, match=words.replace("batch of 2", "batch of 1")):
        model(kind(BATCH[:1]))
    if who != "Dropout":
        values = [model(x) for x in BATCH]
        plain = [[float(getattr(v, "data", v)) for v in y] if isinstance(y, list) else y.data for y in values]
        assert nn.predict(model, BATCH) == plain


def test_other_batches_are_told_too() -> None:
    """Activations, embeddings and frames; one sample as an array is fine."""
    with pytest.raises(ValueError, match="this ReLU takes one sample at a time, got a batch of 2"):
        nn.ReLU()(BATCH)
    with pytest.raises(ValueError, match=r"this Embedding takes one index at a time, got a batch; use \[embedding\(i\)"):
        nn.Embedding(3, 2, seed=0)([0, 1])
    with pytest.raises(ValueError, match="this Embedding takes one index at a time"):
        nn.Embedding(3, 2, seed=0)(np.array([0, 1]))
    model = nn.MLP(2, [1], seed=0)
    assert model(np.array([1.0, 2.0])).data == model([1.0, 2.0]).data
    assert nn.Dropout(seed=0)(np.array([1.0, 2.0])) == nn.Dropout(seed=0)([1.0, 2.0])
    with pytest.raises(ValueError, match="takes 2 inputs, got 0"):
        model([])
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="got a batch of 2"):
        model(pandas.DataFrame(BATCH))
