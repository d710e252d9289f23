"""What the habits of PyTorch and Keras look for: losses as objects, children, freezing, summaries, splits, batches."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value

X = [[0.0], [1.0], [2.0], [3.0], [4.0]]
Y = [1.0, 3.0, 5.0, 7.0, 9.0]

# ---- losses as objects -----------------------------------------------------------------------------

OBJECTS = {
    nn.MSELoss: (nn.mean_squared_error, [0.5, 2.0], [1.0, 4.0]),
    nn.L1Loss: (nn.mean_absolute_error, [0.5, 2.0], [1.0, 4.0]),
    nn.HuberLoss: (nn.huber, [0.5, 9.0], [1.0, 4.0]),
    nn.HingeLoss: (nn.hinge, [0.5, 2.0], [1, -1]),
    nn.BCEWithLogitsLoss: (nn.binary_cross_entropy_with_logits, [0.5, 2.0], [1, 0]),
    nn.CrossEntropyLoss: (nn.cross_entropy, [[0.5, 2.0], [1.0, 0.0]], [1, 0]),
    nn.NLLLoss: (nn.negative_log_likelihood, [[-0.5, -2.0], [-1.0, -3.0]], [1, 0]),
}


@pytest.mark.parametrize("loss", OBJECTS, ids=lambda loss: loss.__name__)
def test_a_loss_as_an_object_is_the_function(loss: Any) -> None:
    """Each class gives the bits of its function, for both reductions, on Values too, and goes through a pickle."""
    function, prediction, target = OBJECTS[loss]
    assert loss()(prediction, target) == function(prediction, target)
    assert loss(reduction="sum")(prediction, target) == function(prediction, target, reduction="sum")
    assert pickle.loads(pickle.dumps(loss("sum")))(prediction, target) == function(prediction, target, "sum")
    leaves = ag.tree.map(Value, prediction)
    assert loss()(leaves, target).data == function(prediction, target)
    assert repr(loss("sum")).startswith(f"{loss.__name__}(reduction='sum'")
    with pytest.raises(ValueError, match="reduction is 'mean' or 'sum', got 'none'"):
        loss(reduction="none")


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss, nn.NLLLoss("sum")], ids=["object", "class", "sum"]
)
def test_fit_takes_a_loss_as_an_object(loss: Any) -> None:
    """fit() and evaluate() read targets as the loss's name says, from an object and from its class."""
    model = nn.Sequential(nn.Linear(1, 2, seed=0), LogSoftmax())
    other = nn.Sequential(nn.Linear(1, 2, seed=0), LogSoftmax())
    name = "nll" if isinstance(loss, nn.NLLLoss) else "cross_entropy"
    first = nn.fit(model, X, [0.0, 0.0, 1.0, 1.0, 1.0], loss=loss, epochs=2, progress=False)
    second = nn.fit(other, X, [0, 0, 1, 1, 1], loss=name, epochs=2, progress=False)
    assert first.epochs == second.epochs
    with pytest.raises(ValueError, match="it must be a label"):
        nn.evaluate(model, X, [0.5] * 5, loss=loss)


class LogSoftmax(nn.Module):
    """Logarithms of probabilities."""

    def forward(self, x: Any) -> Any:
        """Of one sample."""
        return ag.log_softmax(x)


def test_huber_has_its_delta() -> None:
    """HuberLoss(delta=) is huber(delta=), and a delta that can't be is refused when it is made."""
    assert nn.HuberLoss(delta=2.0)([3.0], [0.0]) == nn.huber([3.0], [0.0], delta=2.0) == 4.0
    assert repr(nn.HuberLoss(delta=2.0)) == "HuberLoss(reduction='mean', delta=2.0)"
    with pytest.raises(ValueError, match="delta must be above 0, got 0"):
        nn.HuberLoss(delta=0)


# ---- children, freezing, summaries -----------------------------------------------------------------


class Body(nn.Module):
    """Parameters of its own beside parts in a dict, one of which is in two places."""

    def __init__(self) -> None:
        self.scale = [Value(2.0), Value(3.0)]
        tanh = nn.Tanh()
        self.parts = {"first": nn.Linear(1, 2, seed=0), "rest": [tanh, nn.MLP(2, [1], seed=1), tanh]}

    def forward(self, x: Any) -> Any:
        """Through all of them."""
        first, (tanh, mlp, _) = self.parts["first"], self.parts["rest"]  # type: ignore[misc]
        return mlp(tanh(first(x))) * self.scale[0] + self.scale[1]  # type: ignore[operator]


def test_children_are_the_nearest_modules() -> None:
    """children() and named_children() go through lists and dicts and not into modules; named_modules() goes into all, once."""
    model = Body()
    assert [type(m).__name__ for m in model.children()] == ["Linear", "Tanh", "MLP", "Tanh"]
    assert [name for name, _ in model.named_children()] == ["parts.first", "parts.rest.0", "parts.rest.1", "parts.rest.2"]
    assert [name for name, _ in model.named_modules()] == [
        "", "parts.first", "parts.rest.0", "parts.rest.1", "parts.rest.1.layers.0", "parts.rest.1.layers.0.neurons.0",
    ]  # fmt: skip
    assert [m for _, m in model.named_modules()] == list(model.modules())
    assert list(nn.ReLU().children()) == []


def test_a_frozen_module_gets_no_gradient() -> None:
    """The output has the same bits, no gradient reaches frozen parameters, and what comes before has the same gradient."""
    model = Body().label_parameters("net.")
    x = Value(0.5)
    plain = model([x])
    plain.backward()
    expected = {name: p.grad for name, p in model.named_parameters()}
    slope = x.grad
    model.zero_grad()
    x.zero_grad()
    model.parts["rest"][1].requires_grad_(False)  # type: ignore[index]
    frozen = model([x])
    frozen.backward()
    assert (frozen.data, x.grad) == (plain.data, slope)
    for name, p in model.named_parameters():
        if name.startswith("parts.rest.1"):
            assert not p.has_grad
        else:
            assert p.grad == expected[name]
    labels = {v.label for v in ag.topological_order(frozen) if v.is_leaf}
    assert "net.parts.rest.1.layers.0.neurons.0.w.0" in labels
    model.requires_grad_()
    model.zero_grad()
    model([x]).backward()
    assert {name: p.grad for name, p in model.named_parameters()} == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", nn.RMSprop])
def test_no_optimizer_moves_what_is_frozen(optimizer: Any) -> None:
    """fit() by name, fit() with an optimizer of all parameters, and a loop of one's own leave what is frozen as it was."""
    model = nn.Sequential(nn.Linear(1, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))
    nn.fit(model, X, Y, epochs=1, progress=False)  # so that there are gradients from before
    model[0].requires_grad_(False)
    before = model.state_dict()
    made = optimizer if isinstance(optimizer, str) else optimizer(model.parameters(), weight_decay=0.5)
    nn.fit(model, X, Y, optimizer=made, epochs=2, progress=False)
    sgd = nn.SGD(model.parameters(), lr=0.1, weight_decay=0.5)
    sgd.zero_grad()
    nn.mean_squared_error(model(X[1]), [Y[1]]).backward()
    sgd.step()
    after = model.state_dict()
    assert {name for name in before if before[name] == after[name]} == {"layers.0.weight", "layers.0.bias"}


def test_a_frozen_module_reads_its_numbers_anew() -> None:
    """Numbers that are set or loaded after freezing count; what is shared inside stays shared; Dropout draws on."""
    layer = nn.Linear(1, 1, seed=0).requires_grad_(False)
    layer.weight[0][0].data = 7.0
    assert layer([1.0])[0].data == 7.0
    shared = Value(3.0)
    product = nn.Module()
    product.pair = [shared, shared]  # type: ignore[attr-defined]
    product.forward = lambda x: product_of(product)  # type: ignore[method-assign]
    product.requires_grad_(False)
    assert product(1.0).data == 9.0
    drop, other = (nn.Sequential(nn.Dropout(0.5, seed=1)) for _ in range(2))
    drop.requires_grad_(False)
    assert [drop([1.0] * 8) for _ in range(2)] == [other([1.0] * 8) for _ in range(2)]


def product_of(module: Any) -> Any:
    """The product of a pair."""
    return module.pair[0] * module.pair[1]


def test_a_frozen_model_is_refused_by_fit_and_kept_by_copies() -> None:
    """fit() says that nothing would be learned; a copy and a pickle are frozen too; a file isn't."""
    model = nn.MLP(1, [1], seed=0).requires_grad_(False)
    with pytest.raises(ValueError, match=r"the whole model is frozen, so nothing would be learned; thaw a part"):
        nn.fit(model, X, Y, progress=False)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert not any(m.requires_grad for m in other.modules())
    nn.MLP(1, [1], seed=1).load_state_dict(model.state_dict())
    with ag.no_grad():
        assert model([1.0]).is_leaf


def test_a_summary_is_a_table() -> None:
    """A row for each layer with its shape, activation and parameters, thousands apart; what is frozen says so."""
    model = nn.Sequential(
        nn.Embedding(40, 30, seed=0), nn.RMSNorm(30), nn.Layer(30, 2, "gelu", seed=0), nn.Neuron(2, "tanh", seed=0),
        nn.Activation("silu"), nn.Dropout(0.5),
    )  # fmt: skip
    model[1].requires_grad_(False)
    assert str(model.summary()).splitlines() == [
        "layer              module      shape     activation  parameters",
        "layers.0           Embedding   40 -> 30                   1,200",
        "layers.1 (frozen)  RMSNorm     30 -> 30                      30",
        "layers.2           Layer       30 -> 2   gelu                62",
        "layers.3           Neuron      2 -> 1    tanh                 3",
        "layers.4           Activation            silu                 0",
        "layers.5           Dropout                                    0",
        "total                                                     1,295",
    ]
    table = Body().summary()
    assert repr(table) == str(table)
    assert [line.split()[0] for line in table.splitlines()[1:]] == [
        "Body", "parts.first", "parts.rest.0", "parts.rest.1.layers.0", "parts.rest.2", "total",
    ]  # fmt: skip
    assert table.splitlines()[1].split() == ["Body", "2"]
    assert table.splitlines()[-1].split() == ["total", "9"]


# ---- fit: splits and words --------------------------------------------------------------------------


def test_a_share_is_held_out() -> None:
    """validation_split= holds so many samples out, the same ones in every run, and trains and watches as validation= would."""
    X10, Y10 = [[i / 10] for i in range(10)], [i / 5 for i in range(10)]
    model, other = nn.MLP(1, [2, 1], seed=0), nn.MLP(1, [2, 1], seed=0)
    held = sorted(random.Random(10).sample(range(10), 3))
    rest = [i for i in range(10) if i not in held]
    first = nn.fit(model, X10, Y10, validation_split=0.3, epochs=3, seed=5, metrics="r2", progress=False)
    second = nn.fit(other, [X10[i] for i in rest], [Y10[i] for i in rest], epochs=3, seed=5, metrics="r2", progress=False,
                    validation=([X10[i] for i in held], [Y10[i] for i in held]))  # fmt: skip
    assert first.epochs == second.epochs
    assert model.state_dict() == other.state_dict()
    assert "val_r2" in first.epochs[0]
    for options, words in (
        ({"validation_split": 0.3, "validation": (X10, Y10)}, "validation= or validation_split=, and not both"),
        ({"validation_split": 0.0}, "validation_split must be from"),
        ({"validation_split": 1.0}, "validation_split must be from"),
        ({"validation_split": 0.99}, "validation_split=0.99 of 10 samples leaves none to train with"),
    ):
        with pytest.raises(ValueError, match=words):
            nn.fit(model, X10, Y10, progress=False, **options)


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 10), (2, 30), (False, 0), (True, 10)])
def test_verbose_is_keras_word(verbose: Any, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    """0 is silent, 1 is about ten lines in a log, 2 is one for each epoch, whatever progress= says."""
    nn.fit(nn.MLP(1, [1], seed=0), X, Y, epochs=30, verbose=verbose, progress=verbose == 0)
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_verbose_is_one_of_three() -> None:
    """Another number is refused before anything changes."""
    with pytest.raises(ValueError, match="verbose must be 0, 1 or 2, got 3"):
        nn.fit(nn.MLP(1, [1], seed=0), X, Y, verbose=3)


# ---- batches ---------------------------------------------------------------------------------------


def test_batches_hold_every_sample_once() -> None:
    """The batches of a pass hold all samples with their targets, in the order of the rows or of random.Random(seed)."""
    assert list(nn.DataLoader(X, Y, batch_size=2)) == [(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:], Y[4:])]
    loader = nn.DataLoader(X, Y, batch_size=2, shuffle=True, seed=3)
    rng, order = random.Random(3), list(range(5))
    for _ in range(2):
        order = list(range(5))
        rng.shuffle(order)
        batches = list(loader)
        assert [x for xs, _ in batches for x in xs] == [X[i] for i in order]
        assert [y for _, ys in batches for y in ys] == [Y[i] for i in order]
    assert [len(nn.DataLoader(X, Y, batch_size=n)) for n in (1, 2, 5, 9)] == [5, 3, 1, 1]
    dropped = nn.DataLoader(X, Y, batch_size=2, drop_last=True)
    assert (len(dropped), list(dropped)) == (2, [(X[:2], Y[:2]), (X[2:4], Y[2:4])])


def test_batches_of_arrays_have_labels() -> None:
    """Arrays become lists; labels stay whole numbers, so that cross_entropy takes them; rows stay rows."""
    ((samples, labels),) = nn.DataLoader(np.eye(2), np.array([1, 0]), batch_size=2)
    assert (samples, labels) == ([[1.0, 0.0], [0.0, 1.0]], [1, 0])
    assert [type(label) for label in labels] == [int, int]
    assert nn.cross_entropy(samples, labels) > 0
    assert next(iter(nn.DataLoader([[1.0]], [[1, 2]])))[1] == [[1.0, 2.0]]
    for call, words in (
        (lambda: nn.DataLoader([], []), "X is empty"),
        (lambda: nn.DataLoader(X, [1.0]), "X has 5 rows and y has 1"),
        (lambda: nn.DataLoader(X, Y, batch_size=0), "batch_size must be a whole number of at least 1"),
        (lambda: nn.DataLoader(X, Y, seed="a"), "seed takes an int"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()


def test_a_loop_of_ones_own_trains_as_fit() -> None:
    """The same batches in a loop of one's own end with the same bits as fit()."""
    model, other = nn.MLP(1, [2, 1], seed=0), nn.MLP(1, [2, 1], seed=0)
    nn.fit(model, X, Y, lr=0.05, epochs=3, batch_size=2, seed=4, progress=False)
    optimizer = nn.SGD(other.parameters(), lr=0.05)
    loader = nn.DataLoader(X, Y, batch_size=2, shuffle=True, seed=4)
    for _ in range(3):
        for samples, targets in loader:
            optimizer.zero_grad()
            nn.mean_squared_error([other(x) for x in samples], targets).backward()
            optimizer.step()
    assert other.state_dict() == model.state_dict()
