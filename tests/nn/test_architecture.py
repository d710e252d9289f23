"""Architectures in states and files: what is refused, what is made again, and what is named and never imported."""

from __future__ import annotations

import copy
import json
import pickle
import random
import sys
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import Value

X = [[0.5, -1.0], [1.5, 0.25], [0.0, 2.0]]
OLD = '{"module": "MLP", "state": {"layers.0.neurons.0.w": [0.25, -0.5], "layers.0.neurons.0.b": 0.125}}'


class Net(nn.Module):
    """A user's module."""

    def __init__(self, activation: str = "tanh") -> None:
        self.hidden = [nn.Layer(2, 3, activation, seed=0)]
        self.scale = Value(1.0)

    def forward(self, x: Any) -> Any:
        """The first hidden number, scaled."""
        return self.hidden[0](x)[0] * self.scale


def sequential() -> nn.Sequential:
    """One of everything that takes two numbers."""
    return nn.Sequential(
        nn.Linear(2, 3, bias=False, seed=0), nn.RMSNorm(3), nn.Activation("gelu"), nn.LayerNorm(3, eps=0.5), nn.Dropout(0.25),
        nn.Layer(3, 2, "silu", bias=False, seed=1), nn.Identity(), nn.Sequential(nn.Tanh(), nn.LeakyReLU()),
        nn.Neuron(2, "sigmoid", expand=True, seed=2),
    )  # fmt: skip


MODELS: dict[str, Any] = {
    "mlp": lambda: nn.MLP(2, [4, 3, 1], "tanh", seed=0),
    "classes": lambda: nn.MLP(2, [3], output_activation="sigmoid", bias=False, expand=True, seed=0),
    "sequential": sequential,
    "softmax": lambda: nn.Sequential(nn.Linear(2, 2, seed=0), nn.Softmax()),
    "activations": lambda: nn.Sequential(nn.ReLU(), nn.ELU(), nn.GELU(), nn.SiLU(), nn.Softplus(), nn.Sigmoid()),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_made_anew_from_its_file(name: str, tmp_path: Path) -> None:
    """nn.load() makes a model with the same architecture, names, bits and predictions, and draws no random number."""
    path = tmp_path / "model.json"
    model = MODELS[name]()
    model.save(path)
    before = random.getstate()
    again = nn.load(path)
    assert random.getstate() == before
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    assert again.architecture() == model.architecture()
    assert [(n, p.data) for n, p in again.named_parameters()] == [(n, p.data) for n, p in model.named_parameters()]
    assert nn.predict(again, X) == nn.predict(model, X)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_an_embedding_is_made_anew(tmp_path: Path) -> None:
    """An Embedding, whose sample is an index, comes back from its file too."""
    model = nn.Embedding(3, 2, seed=0)
    model.save(tmp_path / "model.json")
    assert nn.load(tmp_path / "model.json").state_dict() == model.state_dict()


def test_another_activation_is_refused_everywhere(tmp_path: Path) -> None:
    """A tanh net's numbers in a relu net: load(), load_state_dict() and resume= name both and change nothing."""
    saved, check = tmp_path / "model.json", tmp_path / "check.json"
    there = nn.MLP(2, [4, 1], "tanh", seed=0)
    there.save(saved)
    nn.fit(there, X, [1.0, 2.0, 3.0], epochs=1, checkpoint=check, progress=False)
    model = nn.MLP(2, [4, 1], seed=1)
    before = model.state_dict()
    words = (
        r"of MLP\(Layer\(inputs=2, outputs=4, activation='tanh'\), Layer\(.*\)\), and this model is MLP\(Layer\(inputs=2, "
        r"outputs=4, activation='relu'\).*, and nothing was changed: activation of layers.0 is 'tanh' there and 'relu' here"
    )
    for take in (
        lambda: model.load(saved),
        lambda: model.load_state_dict(there.state_dict()),
        lambda: model.load_state_dict(pickle.loads(pickle.dumps(there.state_dict()))),
        lambda: model.load_state_dict(copy.deepcopy(there.state_dict())),
        lambda: nn.fit(model, X, [1.0, 2.0, 3.0], epochs=2, resume=check, progress=False),
    ):
        with pytest.raises(ValueError, match=words):
            take()
        assert model.state_dict() == before
    model.load_state_dict(dict(there.state_dict()))
    assert model.state_dict() == there.state_dict() != before


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        (nn.Linear(2, 2, seed=0), nn.Linear(2, 2, bias=False, seed=0), "bias is not set there and False here"),
        (nn.Layer(2, 1, seed=0), nn.Linear(2, 1, seed=0), "it is nn.Layer there and nn.Linear here"),
        (nn.LayerNorm(2, eps=0.5), nn.LayerNorm(2), "eps is 0.5 there and 1e-05 here"),
        (nn.Sequential(nn.Tanh()), nn.Sequential(nn.ReLU()), "layers.0 is nn.Tanh there and nn.ReLU here"),
        (nn.Sequential(nn.Dropout(0.5)), nn.Sequential(), "the parts are layers.0 there and none here"),
        (nn.Sequential(nn.Dropout(0.5)), nn.Sequential(nn.Dropout(0.25)), "p of layers.0 is 0.5 there and 0.25 here"),
        (Net(), Net("relu"), "activation of hidden.0 is 'tanh' there and 'relu' here"),
        (nn.MLP(2, [3, 1], "relu", seed=0), nn.MLP(2, [3, 1], "relu", "tanh"), "activation of layers.1 is 'linear' there"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, nn.Module) else "",
)  # fmt: skip
def test_differences_are_named(there: nn.Module, here: nn.Module, words: str) -> None:
    """Whatever differs is named with its place, and with what it is on either side."""
    with pytest.raises(ValueError, match=words):
        here.load_state_dict(there.state_dict())


def test_how_a_graph_looks_is_no_difference() -> None:
    """A net that is expanded to be looked at takes the numbers of one that isn't."""
    there, here = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], expand=True, seed=1)
    here.load_state_dict(there.state_dict())
    assert nn.predict(here, X) == pytest.approx(nn.predict(there, X), rel=1e-14)


def test_a_neuron_that_was_changed_is_told() -> None:
    """A layer whose neurons were given different activations has them all in its architecture."""
    layer = nn.Layer(2, 2, "tanh", seed=0)
    layer.neurons[1] = nn.Neuron(2, "relu", seed=0, bias=False)
    assert layer.get_config() == {"inputs": 2, "outputs": 2, "activation": ["tanh", "relu"], "bias": [True, False]}


def test_a_users_module_is_named_and_never_imported(tmp_path: Path) -> None:
    """nn.load() names the class and imports nothing; the class itself reads its file."""
    path = tmp_path / "model.json"
    model = Net()
    model.scale.data = 3.0
    model.save(path)
    words = r"model.json holds Net, which isn't a class of nn; it isn't imported .* write model.load\('.*model.json'\)"
    for inner in (model, nn.Sequential(model)):
        inner.save(path)
        with pytest.raises(ValueError, match=words):
            nn.load(path)
    nn.Sequential(Net()).load(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["sha256"]
    content["architecture"] = {"module": "this.Zen", "config": {}, "parts": {}}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds this\.Zen, which isn't a class of nn"):
        nn.load(path)
    assert "this" not in sys.modules


def test_a_subclass_and_a_namesake_are_a_users_own(tmp_path: Path) -> None:
    """A user's class that is called MLP, or is a subclass of ours, isn't taken for ours."""
    namesake = type("MLP", (nn.MLP,), {})
    model = namesake(2, [1], seed=0)
    assert model.architecture()["module"] == "MLP"
    model.save(tmp_path / "model.json")
    with pytest.raises(ValueError, match="holds MLP, which isn't a class of nn"):
        nn.load(tmp_path / "model.json")


def test_the_config_of_a_users_own() -> None:
    """What a user's get_config() says is compared; what JSON can't hold is an error that names the class."""

    class Scaled(nn.Module):
        def __init__(self, scale: Any) -> None:
            self.scale, self.w = scale, Value(1.0)

        def get_config(self) -> dict[str, Any]:
            return {"scale": self.scale}

    Scaled((1, 2)).load_state_dict(Scaled([1, 2]).state_dict())
    with pytest.raises(ValueError, match=r"scale is 2 there and 3 here"):
        Scaled(3).load_state_dict(Scaled(2).state_dict())
    with pytest.raises(TypeError, match=r"Scaled.get_config\(\) must return plain data that JSON can hold"):
        Scaled(object()).state_dict()


def test_files_of_the_first_release(tmp_path: Path) -> None:
    """A file of 0.1.0 is read by the model; nn.load() says that it has no architecture, and what to write."""
    path = tmp_path / "model.json"
    path.write_text(OLD, encoding="utf-8")
    model = nn.MLP(2, [1], seed=0)
    assert [p.data for p in model.load(path).parameters()] == [0.25, -0.5, 0.125]
    with pytest.raises(
        ValueError, match=r"has no architecture, as files of glassgrad 0.1.0 .* write model.load\('.*model.json'\)"
    ):
        nn.load(path)


def test_shared_parameters_are_not_torn_apart(tmp_path: Path) -> None:
    """A model whose parts share a parameter can't be made from a file silently; loading into the model itself works."""
    path = tmp_path / "model.json"
    shared = nn.Linear(2, 2, seed=0)
    model = nn.Sequential(shared, shared)
    model.save(path)
    with pytest.raises(ValueError, match="whose parts share parameters, which a file can't tell"):
        nn.load(path)
    model.load(path)


LINEAR, RELU = {"module": "nn.Linear", "parts": {}}, {"module": "nn.ReLU", "config": {}, "parts": {}}


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        (3, "the architecture is 3 instead of a module, its config and its parts"),
        ({"module": "nn.MLP", "config": {}}, "instead of a module"),
        ({"module": "nn.MLP", "config": [], "parts": {}}, "isn't a name, a config and parts"),
        ({"module": "nn.MLP", "config": {}, "parts": {"a": 1}}, "the architecture of a is 1 instead of"),
        ({"module": "nn.MLP", "config": {}, "parts": {}}, "MLP takes layers"),
        ({"module": "nn.Rocket", "config": {}, "parts": {}}, "holds nn.Rocket, which this glassgrad doesn't have"),
        ({**LINEAR, "config": {"in_features": 10**9, "out_features": 10**9}}, "it has 3 numbers, too few"),
        ({**LINEAR, "config": {"in_features": -1, "out_features": 1}}, "in_features must be a whole number"),
        ({**LINEAR, "config": {"color": "red"}}, "unexpected keyword argument 'color'"),
        ({**LINEAR, "config": {"in_features": 2, "out_features": 1, "seed": 1}}, "can't be made"),
        ({**LINEAR, "config": {"in_features": 1, "out_features": 1}}, "weight has the shape 1x2"),
        ({**RELU, "parts": {"x": RELU}}, "takes no modules"),
    ],
)
def test_a_false_architecture_makes_nothing(architecture: Any, words: str, tmp_path: Path) -> None:
    """An architecture that can't be is an error with the file's name, however large a net it asks for."""
    path = tmp_path / "model.json"
    nn.Linear(2, 1, seed=0).save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["sha256"]
    path.write_text(json.dumps({**content, "architecture": architecture}), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"model\.json.*{words}"):
        nn.load(path)


def test_a_users_own_names_are_in_nobodys_way(tmp_path: Path) -> None:
    """A module whose attributes are called as methods of Module are is saved, loaded, shown and trained."""

    class Busy(nn.Module):
        def __init__(self) -> None:
            self.summary = self.architecture = self.get_config = "mine"  # type: ignore[method-assign,assignment]
            self.children = self.named_children = [nn.Linear(2, 1, seed=0)]  # type: ignore[method-assign,assignment]

        def forward(self, x: Any) -> Any:
            return self.children[0](x)  # type: ignore[index]

    model = Busy()
    nn.fit(model, X, [1.0, 2.0, 3.0], epochs=1, checkpoint=tmp_path / "check.json", progress=False)
    model.save(tmp_path / "model.json")
    assert Busy().load(tmp_path / "model.json").state_dict() == model.state_dict()
    assert repr(model) == "Busy(Linear(2->1), Linear(2->1))"
    nn.fit(model, X, [1.0, 2.0, 3.0], epochs=2, resume=tmp_path / "check.json", progress=False)


def test_a_checkpoint_and_a_file_of_save_are_told_apart(tmp_path: Path) -> None:
    """A checkpoint for nn.load() and load(), and a file of save() for resume=, name the call that takes them."""
    saved, check = tmp_path / "model.json", tmp_path / "check.json"
    model = nn.MLP(2, [1], seed=0)
    model.save(saved)
    nn.fit(model, X, [1.0, 2.0, 3.0], epochs=1, checkpoint=check, progress=False)
    for call in (nn.load, model.load):
        with pytest.raises(ValueError, match=r"but a checkpoint; make the model, and write fit\(..., resume='.*check.json'\)"):
            call(check)
    with pytest.raises(ValueError, match=r"isn't a checkpoint of fit\(\); load a file of save\(\) by model.load"):
        nn.fit(model, X, [1.0, 2.0, 3.0], resume=saved, progress=False)
