"""Nets in PyTorch and JAX and back: same numbers in, outputs and gradients within a computed rounding bound."""

from __future__ import annotations

import importlib
import importlib.util
import math
import pickle
import random
from typing import Any

import pytest

import autograd as ag
import nn
from autograd import Value, tree
from nn import Dropout, Embedding, Layer, LayerNorm, Linear, Module, Neuron, ReLU, RMSNorm, Sequential, Softmax

ACTIVATIONS = ["linear", "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "softplus", "tanh"]
CLASSES = dict(
    zip(
        ACTIVATIONS,
        [nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Softplus, nn.Tanh],
        strict=True,
    )
)
# As benchmarks/agreement.py has it: two engines, each off by at most 8 units of 2**-53 in a step. A matrix product of theirs
# adds up to 10 numbers here in any order, where `dot` is exact, so that a step of theirs counts for ten.
ROUNDING = 10 * 2 * 8 * 2.0**-53


def random_net(rng: random.Random) -> tuple[Module, int]:
    """A net of every kind of layer, in training mode where nothing drops, and how many numbers it takes."""
    width = inputs = rng.randint(1, 5)
    if rng.random() < 0.3:
        sizes = [rng.randint(1, 5) for _ in range(rng.randint(1, 3))]
        return nn.MLP(
            inputs, sizes, rng.choice(ACTIVATIONS), rng.choice(ACTIVATIONS), bias=rng.random() < 0.8, seed=rng
        ), inputs
    modules: list[Module] = []
    for _ in range(rng.randint(1, 5)):
        out = rng.randint(1, 5)
        kind = rng.choice(["Linear", "Layer", "LayerNorm", "RMSNorm", "activation", "Softmax", "Sequential", "Dropout"])
        if kind == "Linear":
            modules.append(Linear(width, out, bias=rng.random() < 0.7, init="normal", seed=rng))
        elif kind in ("Layer", "Sequential"):
            layer = Layer(width, out, rng.choice(ACTIVATIONS), bias=rng.random() < 0.7, init="normal", seed=rng)
            modules.append(Sequential(layer) if kind == "Sequential" else layer)
        elif kind in ("LayerNorm", "RMSNorm"):
            modules.append((LayerNorm if kind == "LayerNorm" else RMSNorm)(width, eps=rng.choice([1e-5, 1e-2])))
        elif kind == "activation":
            modules.append(CLASSES[rng.choice(ACTIVATIONS)]())
        else:
            modules.append(Softmax() if kind == "Softmax" else Dropout(0.3, seed=0).eval())
        width = out if kind in ("Linear", "Layer", "Sequential") else width
    model = Sequential(Linear(inputs, inputs, seed=rng), *modules)
    for p in model.parameters():  # gains and offsets too
        p.data = rng.uniform(-1.5, 1.5)
    return model, inputs


def bound(result: Value) -> float:
    """How far rounding can move a number that this graph computes, to first order."""
    order = ag.topological_order(result)
    adjoints = ag.gradients(result, order)
    return ROUNDING * math.fsum(abs(a) * max(1.0, abs(t.data)) for a, t in zip(adjoints, order, strict=True))


def loss_of(output: Any) -> Any:
    """One number of all outputs, each with a weight of its own."""
    outputs = tree.leaves(output)
    return ag.sum([(i + 1) * y * y for i, y in enumerate(outputs)])


def numbers_by_name(model: Module) -> dict[str, list[Value]]:
    """The parameters of a net by the names that they have elsewhere, matrices row by row."""
    found: dict[str, list[Value]] = {}
    for name, p in model.named_parameters():
        head, _, tail = name.rpartition(".")
        while tail.isdigit() and not head.endswith("layers"):
            head, _, tail = head.rpartition(".")
        if head.rpartition(".")[2].isdigit() and head.rpartition(".")[0].endswith("neurons"):
            head = head.removesuffix("." + head.rpartition(".")[2]).removesuffix("neurons").removesuffix(".")
            tail = {"w": "weight", "b": "bias"}[tail]
        found.setdefault(f"{head}.{tail}" if head else tail, []).append(p)
    return found


@pytest.fixture
def torch() -> Any:
    """PyTorch, where it is installed."""
    return pytest.importorskip("torch")


@pytest.fixture
def jax() -> Any:
    """JAX in double precision, where it is installed, and as it was afterwards."""
    module = pytest.importorskip("jax")
    before = module.config.jax_enable_x64
    module.config.update("jax_enable_x64", True)
    yield module
    module.config.update("jax_enable_x64", before)


def compare(model: Module, x: list[float], outputs: Any, gradients: dict[str, Any]) -> None:
    """Outputs and gradients of the loss against those of a net of glass."""
    result = model(x)
    for mine, theirs in zip(tree.leaves(result), tree.leaves(outputs), strict=True):
        assert abs(mine.data - theirs) <= bound(mine), (model, x)
    own = numbers_by_name(model)
    assert set(own) == set(gradients)
    flat = {name: tree.leaves(g) for name, g in gradients.items()}
    places = [(name, i) for name in own for i in range(len(own[name]))]
    assert [len(own[name]) for name in own] == [len(flat[name]) for name in own]
    chosen = random.Random(len(places)).sample(places, min(4, len(places)))  # each needs a graph of its own
    found = ag.gradients(loss_of(result), [own[name][i] for name, i in chosen], create_graph=True)
    for (name, i), mine in zip(chosen, found, strict=True):
        assert abs(mine.data - flat[name][i]) <= bound(mine), (model, x, name)


@pytest.mark.parametrize("seed", range(50))
def test_random_nets_in_pytorch_and_back(torch: Any, seed: int) -> None:
    """Outputs and gradients agree within the bound; what comes back has the same classes, numbers and outputs to the bit."""
    rng = random.Random(seed)
    model, inputs = random_net(rng)
    x = [rng.uniform(-2, 2) for _ in range(inputs)]
    there = nn.to_torch(model)
    output = there(torch.tensor(x, dtype=torch.float64))
    flat = output.reshape(-1)
    (flat * flat * torch.arange(1, len(flat) + 1)).sum().backward()
    gradients = {n: p.grad.tolist() for n, p in there.named_parameters()}
    compare(model, x, output.tolist(), gradients)
    back = nn.from_torch(there)
    assert back.architecture() == model.architecture()
    assert [p.data for p in back.parameters()] == [p.data for p in model.parameters()]
    assert [y.data for y in tree.leaves(back(x))] == [y.data for y in tree.leaves(model(x))]
    assert [m.training for m in back.modules()] == [m.training for m in model.modules()]


@pytest.mark.parametrize("seed", range(100, 125))
def test_random_nets_in_jax_and_back(jax: Any, seed: int) -> None:
    """Outputs and gradients agree within the bound, under jit too; what comes back has the same numbers to the bit."""
    rng = random.Random(seed)
    model, inputs = random_net(rng)
    x = [rng.uniform(-2, 2) for _ in range(inputs)]
    params, apply = nn.to_jax(model)
    run = jax.jit(apply) if seed % 10 == 0 else apply  # compiling takes most of the time

    def loss(params: Any) -> Any:
        flat = run(params, x).reshape(-1)
        return (flat * flat * jax.numpy.arange(1, len(flat) + 1)).sum()

    compare(
        model, x, run(params, x).tolist(), {name: g.tolist() for name, g in jax.grad(loss)(params).items()} if params else {}
    )
    back = nn.from_jax(params, model)
    assert back is not model
    assert [p.data for p in back.parameters()] == [p.data for p in model.parameters()]


def test_many_samples_at_once(torch: Any, jax: Any) -> None:
    """Axes before the last one are samples, for a matrix, for a neuron, and for an embedding's indices."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
    X = [[0.5, -1.0], [2.0, 0.0], [0.0, 0.0]]
    expected = [model(x).data for x in X]
    params, apply = nn.to_jax(model)
    assert nn.to_torch(model)(torch.tensor(X).double()).tolist() == pytest.approx(expected)
    assert apply(params, X).tolist() == pytest.approx(expected)
    assert jax.vmap(apply, (None, 0))(params, jax.numpy.asarray(X)).tolist() == pytest.approx(expected)
    neuron = Neuron(2, "relu", seed=0)
    params, apply = nn.to_jax(neuron)
    assert list(params) == ["w", "b"]
    assert nn.to_torch(neuron)(torch.tensor(X).double()).tolist() == pytest.approx([neuron(x).data for x in X])
    assert apply(params, X).tolist() == pytest.approx([neuron(x).data for x in X])
    words = Sequential(Embedding(5, 3, seed=0), Linear(3, 2, seed=1))
    params, apply = nn.to_jax(words)
    expected_rows = [[y.data for y in words(i)] for i in (4, 0)]
    assert nn.to_torch(words)(torch.tensor([4, 0])).tolist() == [pytest.approx(row) for row in expected_rows]
    assert apply(params, jax.numpy.asarray([4, 0])).tolist() == [pytest.approx(row) for row in expected_rows]
    assert [p.data for p in nn.from_torch(nn.to_torch(words)).parameters()] == [p.data for p in words.parameters()]


def test_kinks_are_taken_as_here(torch: Any, jax: Any) -> None:
    """At 0 the derivatives of the activations with a kink are those of CONVENTIONS in both libraries."""
    for name in ("relu", "leaky_relu", "elu"):
        neuron = Neuron(1, name, bias=False, init="zeros")
        (here,) = ag.gradients(neuron([3.0]), [neuron.w[0]])
        there = nn.to_torch(neuron)
        there(torch.tensor([3.0]).double()).backward()
        params, apply = nn.to_jax(neuron)
        in_jax = jax.grad(lambda params, apply=apply: apply(params, [3.0]))(params)
        assert there.w.grad.tolist() == in_jax["w"].tolist() == [here]


def test_frozen_and_shared_modules(torch: Any, jax: Any) -> None:
    """A frozen module gets no gradient there either, and a module that is in two places stays one."""
    shared = Linear(2, 2, seed=0)
    model = Sequential(shared, ReLU(), shared, Linear(2, 1, seed=1).requires_grad_(False))
    there = nn.to_torch(model)
    assert there.layers[0] is there.layers[2]
    assert [p.requires_grad for p in there.parameters()] == [True, True, False, False]
    back = nn.from_torch(there)
    assert isinstance(back, Sequential)
    assert back[0] is back[2]
    assert [m.requires_grad for m in back.modules()] == [m.requires_grad for m in model.modules()]
    params, apply = nn.to_jax(model)
    assert list(params) == ["layers.0.weight", "layers.0.bias", "layers.3.weight", "layers.3.bias"]
    gradients = jax.grad(lambda params: apply(params, [1.0, 2.0])[0])(params)
    assert gradients["layers.3.weight"].tolist() == [[0.0, 0.0]]
    (here,) = ag.gradients(model([1.0, 2.0])[0], [shared.weight[0][0]])
    assert gradients["layers.0.weight"].tolist()[0][0] == pytest.approx(here)


def test_random_states_are_left_alone(torch: Any) -> None:
    """Neither direction draws a random number, of PyTorch's, of Python's."""
    model = nn.MLP(2, [3, 1], seed=0)
    before = torch.random.get_rng_state().tolist(), random.getstate()
    nn.from_torch(nn.to_torch(model))
    assert (torch.random.get_rng_state().tolist(), random.getstate()) == before


def test_pytorchs_own_nets_come_over(torch: Any) -> None:
    """A net that was written in PyTorch, in single precision, computes the same here; softplus is exact here."""
    T = torch.nn
    theirs = T.Sequential(
        T.Linear(3, 4),
        T.GELU(),
        T.LayerNorm(4),
        T.Sequential(T.Linear(4, 4, bias=False), T.Softplus()),
        T.RMSNorm(4),
        T.Softmax(-1),
    )
    ours = nn.from_torch(theirs)
    x = [0.5, -1.0, 2.0]
    assert [y.data for y in ours(x)] == pytest.approx(theirs(torch.tensor(x)).tolist(), abs=1e-6)
    assert [name for name, _ in ours.named_children()] == [f"layers.{i}" for i in range(6)]
    assert ours[4].eps == torch.finfo(torch.float32).eps  # type: ignore[index]


def test_modules_pickle_there(torch: Any) -> None:
    """What `to_torch` makes can be pickled, so that it goes to other processes."""
    there = nn.to_torch(Sequential(Layer(2, 2, "softplus", seed=0), Neuron(2, seed=1)))
    x = torch.tensor([1.0, 2.0]).double()
    assert pickle.loads(pickle.dumps(there))(x).item() == there(x).item()


class Own(Module):
    """A class of a user's."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def forward(self, x: Any) -> Any:
        """Something only Python knows."""
        return self.w * x


def uneven(change: str) -> Layer:
    """A layer of neurons that differ."""
    layer = Layer(2, 2, "relu", seed=0)
    if change == "bias":
        layer.neurons[0].b = None
    else:
        layer.neurons[0] = Neuron(2, "tanh", seed=0)
    return layer


def tied() -> Sequential:
    """Two modules that share a parameter."""
    first, second = Linear(1, 1, seed=0), Linear(1, 1, seed=1)
    second.bias = first.bias
    return Sequential(first, second)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Sequential(ReLU(), Own()), "the layer layers.1 over: Own is a class of your own"),
        (Own, "this model over: Own"),
        (lambda: Sequential(nn.MulLayer()), "the layer layers.0 over: MulLayer has no counterpart"),
        (lambda: type("Wide", (nn.MLP,), {})(1, [1]), "Wide is a class of your own"),
        (lambda: uneven("bias"), "neurons differ in activation or bias"),
        (lambda: uneven("activation"), "neurons differ in activation or bias"),
        (tied, "two modules share: layers.0.bias and layers.1.bias"),
        (lambda: 3, "takes a Module of nn, got int"),
    ],
)
@pytest.mark.parametrize("convert", ["to_torch", "to_jax"])
def test_what_cannot_go_over_is_named(make: Any, words: str, convert: str) -> None:
    """The message names the layer and what is wrong; neither library is needed to find it."""
    with pytest.raises(TypeError, match=words):
        getattr(nn, convert)(make())


def test_what_cannot_come_back_is_named(torch: Any) -> None:
    """A layer or an option of PyTorch's that has no counterpart is an error that names the layer."""
    T = torch.nn
    tied = T.Sequential(T.Linear(2, 2), T.Linear(2, 2))
    tied[1].weight = tied[0].weight
    half = T.Linear(2, 2)
    half.bias.requires_grad_(False)
    cases = [
        (T.Sequential(T.ReLU(), T.Conv1d(1, 1, 1)), "the layer 1 over: Conv1d"),
        (T.Sequential(T.Sequential(T.LeakyReLU(0.2))), "the layer 0.0 over: LeakyReLU has negative_slope=0.2"),
        (T.ELU(2.0), "alpha=2.0"),
        (T.GELU("tanh"), "approximate='tanh'"),
        (T.Softmax(0), "dim=0"),
        (T.Softplus(2.0), "beta=2.0"),
        (T.LayerNorm((2, 2)), r"over the shape \(2, 2\)"),
        (T.LayerNorm(2, elementwise_affine=False), "learns no gain"),
        (T.LayerNorm(2, bias=False), "learns no gain or no offset"),
        (T.RMSNorm(2, elementwise_affine=False), "learns no gain"),
        (T.Embedding(3, 2, padding_idx=0), "padding_idx=0"),
        (tied, "share: 0.weight and 1.weight"),
        (half, "frozen as a whole"),
        (3, "takes a torch.nn.Module, got int"),
    ]
    for module, words in cases:
        with pytest.raises(TypeError, match=words):
            nn.from_torch(module)


def test_params_that_do_not_fit(jax: Any) -> None:
    """Names and shapes that differ are an error that names them, and the model stays as it was."""
    model = Linear(2, 1, seed=0)
    before = [p.data for p in model.parameters()]
    params, _ = nn.to_jax(model)
    with pytest.raises(ValueError, match=r"missing bias; unexpected biass"):
        nn.from_jax({"weight": params["weight"], "biass": params["bias"]}, model)
    with pytest.raises(ValueError, match=r"weight: expected a list of 2, got a list of 3"):
        nn.from_jax({**params, "weight": jax.numpy.zeros((1, 3))}, model)
    found = nn.from_jax({**params, "bias": jax.numpy.asarray([7.0])}, model)
    assert found.bias[0].data == 7.0  # type: ignore[attr-defined]
    assert [p.data for p in model.parameters()] == before


@pytest.mark.parametrize(("convert", "library"), [("to_torch", "torch"), ("from_torch", "torch"), ("to_jax", "jax")])
def test_without_the_library(monkeypatch: pytest.MonkeyPatch, convert: str, library: str) -> None:
    """Where the library is not installed the message says what to install."""
    if importlib.util.find_spec(library) is not None:
        monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(ImportError, match=rf'nn.{convert} needs {library}.* pip install "glassgrad\[{library}\]"'):
        getattr(nn, convert)(Linear(1, 1, seed=0))
