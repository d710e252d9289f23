"""Training, evaluating and predicting by programs: the same bits as sample by sample, and words where they can't be used."""

from __future__ import annotations

import gc
import math
import random
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import nn
from autograd import Value
from nn.data import read_rows
from nn.evaluation import evaluating
from nn.programs import Outputs

LOSSES = ["mse", "mae", "huber", "hinge", "bce", "bce of shares", "cross_entropy", "nll", "mse of rows", "huber object", "own"]
OPTIMISERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"]
WIDTH, COUNT = 4, 24


def samples(seed: int = 0, count: int = COUNT) -> list[list[float]]:
    """Random numbers."""
    rng = random.Random(seed)
    return [[rng.gauss(0.0, 1.0) for _ in range(WIDTH)] for _ in range(count)]


def own_loss(prediction: Any, target: Any) -> Any:
    """A loss with a branch."""
    d = prediction - target
    return d * d if d > 0.5 else abs(d)


def given_loss(name: str) -> Any:
    """What is passed to fit."""
    others = {"bce of shares": "bce", "mse of rows": "mse", "huber object": nn.HuberLoss(delta=0.5), "own": own_loss}
    return others.get(name, name)


def targets(loss: str, seed: int = 1) -> list[Any]:
    """Targets that the loss takes."""
    rng = random.Random(seed)
    drawn: dict[str, Callable[[], Any]] = {
        "cross_entropy": lambda: rng.randrange(3), "nll": lambda: rng.randrange(3), "hinge": lambda: rng.choice([-1, 1]),
        "bce": lambda: rng.choice([0, 1]), "bce of shares": lambda: rng.choice([0.0, 1.0, 0.25]),
        "mse of rows": lambda: [rng.gauss(0.0, 1.0) for _ in range(3)],
    }  # fmt: skip
    return [drawn.get(loss, lambda: rng.gauss(0.0, 1.0))() for _ in range(COUNT)]


def outputs(loss: str) -> int:
    """How many outputs a model needs."""
    return 3 if loss in ("cross_entropy", "nll", "mse of rows") else 1


class Branches(nn.Module):
    """A user's module that decides by its numbers."""

    def __init__(self, width: int) -> None:
        self.scale = Value(0.5)
        self.width = width

    def forward(self, x: Any) -> Any:
        """One of two ways, and the largest number first."""
        ordered = sorted(x, reverse=True)
        return [v * self.scale if v > 0.0 else v - self.scale for v in ordered]


NETS: dict[str, Callable[[int], nn.Module]] = {
    "mlp": lambda k: nn.MLP(WIDTH, [5, k], activation="tanh", seed=1),
    "dropout": lambda k: nn.Sequential(
        nn.Linear(WIDTH, 6, seed=1), nn.ReLU(), nn.Dropout(0.3, seed=2), nn.LayerNorm(6), nn.Linear(6, 5, seed=3),
        nn.Dropout(0.2, seed=4), nn.Linear(5, k, seed=5)),
    "frozen": lambda k: nn.Sequential(
        nn.Linear(WIDTH, 4, seed=1).requires_grad_(False), nn.GELU(), nn.RMSNorm(4),
        nn.Dropout(0.5, seed=1).requires_grad_(False), nn.Linear(4, k, seed=3)),
    "branches": lambda k: nn.Sequential(nn.Linear(WIDTH, 2, seed=1), Branches(2), nn.Linear(2, k, seed=3)),
    "expanded": lambda k: nn.MLP(WIDTH, [3, k], expand=True, bias=False, seed=1).label_parameters(),
}  # fmt: skip


def trained(net: Callable[[], nn.Module], X: Any, y: Any, compiled: bool, **options: Any) -> tuple[Any, ...]:
    """All that a training leaves behind, to the bit, and what the history says of programs."""
    random.seed(7)
    model = net()
    if not isinstance(options.get("optimizer", ""), str):
        options["optimizer"] = options["optimizer"](model.parameters())
    if "schedule" in options:
        options["schedule"] = options["schedule"](options["optimizer"])
    error, words = "", ""
    try:
        history = nn.fit(model, X, y, progress=False, compiled=compiled, **options)
        words = history.compiled
        rows = history.epochs
    except nn.TrainingError as raised:
        error, rows, words = str(raised), raised.history.epochs, raised.history.compiled
    numbers = [(p.data.hex(), p.grad.hex(), p.has_grad) for p in model.parameters()]
    drawn = [random.random(), *[m.rng.random() for m in model.modules() if isinstance(m, nn.Dropout) and m.rng]]
    return error, repr(rows), numbers, drawn, words


def compare(net: Callable[[], nn.Module], X: Any, y: Any, **options: Any) -> str:
    """Train both ways; what came of it must be the same. Returns what the history says."""
    *eager, no = trained(net, X, y, False, **options)
    *found, words = trained(net, X, y, True, **options)
    assert found == eager
    assert no == "no: compiled=False"
    return str(words)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_has_the_same_bits(loss: str, net: str) -> None:
    """Histories, parameters, gradients and random numbers are those of computing sample by sample."""
    words = compare(
        lambda: NETS[net](outputs(loss)), samples(), targets(loss), loss=given_loss(loss), optimizer="adam", lr=0.05, epochs=3,
        batch_size=7, validation_split=0.2, metrics=["r2"] if outputs(loss) == 1 else [],
    )  # fmt: skip
    assert words == "yes" or (net == "branches" and "takes too many ways" in words and loss not in ("mse", "bce"))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_each_optimizer_with_all_that_fit_offers(name: str) -> None:
    """So are they with each optimiser, with a schedule, clipping, early stopping, metrics and validation data."""
    words = compare(
        lambda: NETS["dropout"](3), samples(), targets("cross_entropy"), loss="cross_entropy", epochs=6, batch_size=16,
        optimizer=lambda ps: getattr(nn, name)(ps, lr=0.3, weight_decay=0.01), early_stopping=2, clip_grad_norm=0.5,
        schedule=lambda optimizer: nn.ExponentialLR(optimizer, 0.9), metrics=["accuracy", "f1"],
        validation=(samples(5), targets("cross_entropy", 6)),
    )  # fmt: skip
    assert words == "yes"


@settings(max_examples=12)
@given(data=st.data())
def test_any_architecture(data: st.DataObject) -> None:
    """So are they for random stacks of layers, activations, dropout and losses, and any size of batch."""
    loss = data.draw(st.sampled_from(LOSSES))
    parts: list[Callable[[], nn.Module]] = []
    width = WIDTH
    for i in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["linear", "layer", "activation", "norm", "dropout", "layernorm"]))
        if kind in ("linear", "layer"):
            before, width = width, data.draw(st.integers(1, 5))
            bias = data.draw(st.booleans())
            frozen = data.draw(st.booleans())
            word = data.draw(st.sampled_from(["relu", "tanh", "sigmoid", "elu", "silu", "softplus", "leaky_relu"]))
            if kind == "linear":
                parts.append(lambda n=before, m=width, b=bias, f=frozen, i=i: nn.Linear(n, m, b, seed=i).requires_grad_(not f))
            else:
                parts.append(lambda n=before, m=width, b=bias, w=word, i=i: nn.Layer(n, m, w, bias=b, seed=i))
        elif kind == "dropout":
            p, seed = data.draw(st.sampled_from([0.0, 0.2, 0.7])), data.draw(st.integers(0, 3) | st.none())
            parts.append(lambda p=p, seed=seed: nn.Dropout(p, seed=seed))
        else:
            made = {"activation": nn.SiLU, "norm": lambda n=width: nn.RMSNorm(n), "layernorm": lambda n=width: nn.LayerNorm(n)}
            parts.append(made[kind])
    last = width

    def net() -> nn.Module:
        return nn.Sequential(*[part() for part in parts], nn.Linear(last, outputs(loss), seed=9))

    options = {"batch_size": data.draw(st.integers(1, COUNT) | st.none()), "lr": 0.01, "epochs": 2}
    assert compare(net, samples(), targets(loss), loss=given_loss(loss), **options) == "yes"


def test_checkpoints_are_the_same_and_go_on(tmp_path: Path) -> None:
    """A checkpoint is the same file, and a training that begins without programs may go on with them, to the bit."""
    X, y = samples(), targets("bce")
    files = {}
    for compiled in (True, False):
        nn.fit(NETS["dropout"](1), X, y, loss="bce", optimizer="adam", epochs=2, batch_size=8, compiled=compiled,
               progress=False, checkpoint=tmp_path / f"{compiled}.json")  # fmt: skip
        files[compiled] = (tmp_path / f"{compiled}.json").read_bytes()
    assert files[True] == files[False]
    whole = trained(lambda: NETS["dropout"](1), X, y, True, loss="bce", optimizer="adam", epochs=4, batch_size=8)
    for first in (True, False):
        model = NETS["dropout"](1)
        again = nn.fit(model, X, y, loss="bce", optimizer="adam", epochs=4, batch_size=8, compiled=not first, progress=False,
                       resume=tmp_path / f"{first}.json")  # fmt: skip
        assert [(p.data.hex(), p.grad.hex(), p.has_grad) for p in model.parameters()] == whole[2]
        assert repr(again.epochs) == whole[1]


# ---- evaluating --------------------------------------------------------------------------------------


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("k", [1, 3])
def test_predictions_have_the_same_bits(net: str, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """predict and evaluate give the numbers that they give sample by sample, whatever holds the samples."""
    monkeypatch.setattr("nn.programs.CHUNK", 32)
    model = NETS[net](k)
    X, y = samples(count=70), [0.5] * 70 if k == 1 else [i % 3 for i in range(70)]
    loss = "mse" if k == 1 else "cross_entropy"
    expected = nn.predict(model, X, compiled=False)
    with evaluating(model):
        assert repr(Outputs(model).of(read_rows(X))) == repr(expected)  # so programs are used
    for held in (X, np.array(X), np.array(X, order="F"), tuple(map(tuple, X))):
        assert repr(nn.predict(model, held)) == repr(expected)
    assert nn.evaluate(model, X, y, loss) == nn.evaluate(model, X, y, loss, compiled=False)
    assert repr(nn.predict(model, X, probabilities=True)) == repr(nn.predict(model, X, probabilities=True, compiled=False))
    assert not any(p.has_grad for p in model.parameters())
    for p in model.parameters():
        p.data *= 1.5
    assert repr(nn.predict(model, X)) == repr(nn.predict(model, X, compiled=False)) != repr(expected)


class Noisy(nn.Module):
    """Draws numbers of its own."""

    def __init__(self, source: str) -> None:
        self.inner = nn.Linear(WIDTH, 1, seed=0)
        self.source = source
        if source == "attribute":
            self.rng = random.Random(3)
        elif source == "numpy":
            self.rng = np.random.default_rng(3)  # type: ignore[assignment]

    def forward(self, x: Any) -> Any:
        """With noise."""
        draws = {"module": random.gauss, "attribute": getattr(self, "rng", random).gauss} if self.source != "numpy" else {}
        noise = draws[self.source](0.0, 1.0) if draws else float(self.rng.normal(0.0, 1.0))
        return [v + noise for v in self.inner(x)]


class Counting(nn.Module):
    """Changes as it is used."""

    def __init__(self) -> None:
        self.inner = nn.Linear(WIDTH, 1, seed=0)
        self.calls = 0

    def forward(self, x: Any) -> Any:
        """Stronger each time."""
        self.calls += 1
        return [v * float(self.calls) for v in self.inner(x)]


class Choosing(nn.Module):
    """Uses one Dropout or another."""

    def __init__(self) -> None:
        self.inner = nn.Linear(WIDTH, 1, seed=0)
        self.drops = [nn.Dropout(0.2, seed=0), nn.Dropout(0.4, seed=1)]

    def forward(self, x: Any) -> Any:
        """By the first number."""
        return self.drops[x[0] > 0.0](self.inner(x))


def by_index(prediction: Any, target: Any) -> Any:
    """A loss that needs a plain number."""
    return (prediction - [0.0, 1.0][int(target > 0.0)]) * 2.0 ** int(target)


def counting_loss() -> Any:
    """A loss that depends on how often it was computed."""
    calls = 0

    def loss(prediction: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        return (prediction - target) ** 2 * float(calls)

    return loss


def listing_loss() -> Any:
    """A loss that remembers its targets."""
    seen: list[float] = []

    def loss(prediction: Any, target: Any) -> Any:
        seen.append(target)
        return (prediction - target) ** 2 * float(len(seen))

    return loss


def reading_loss() -> Any:
    """A loss that reads an iterator."""
    numbers = iter(range(1, 10**6))
    return lambda prediction, target: (prediction - target) ** 2 * float(next(numbers))


class Weighing:
    """A loss as an object of a user's own, which draws random numbers."""

    def __init__(self) -> None:
        self.rng = random.Random(5)

    def __call__(self, prediction: Any, target: Any) -> Any:
        """Weighted."""
        return (prediction - target) ** 2 * self.rng.random()


@pytest.mark.parametrize(
    ("net", "loss", "words"),
    [
        (lambda: NETS["mlp"](1), counting_loss, "no: the loss or the model changes what it reads"),
        (lambda: NETS["mlp"](1), listing_loss, "no: the loss or the model changes what it reads"),
        (lambda: NETS["mlp"](1), reading_loss, "no: the loss or the model reads an iterator"),
        (lambda: NETS["mlp"](1), Weighing, "no: the loss or the model draws random numbers"),
        (lambda: NETS["mlp"](1), lambda: lambda p, t: (p - t) ** 2 * random.random(), "draws random numbers"),
        (lambda: Noisy("module"), "mse", "no: the loss or the model draws random numbers, which a program would repeat"),
        (lambda: Noisy("attribute"), "mse", "no: Noisy.rng draws random numbers"),
        (lambda: Noisy("numpy"), "mse", "no: Noisy.rng draws random numbers"),
        (Counting, "mse", "no: the model changes attributes of its modules"),
        (Choosing, "mse", "which of its Dropouts the model uses depends on the sample"),
        (lambda: NETS["mlp"](1), by_index, "does what a program can't, such as int() of a number"),
    ],
)
def test_what_a_program_cant_tell_is_computed_sample_by_sample(net: Any, loss: Any, words: str) -> None:
    """Random numbers, counters, and losses that need plain numbers give the same results, and the history says why."""
    made = loss if isinstance(loss, str) or loss is by_index else None
    options = {"epochs": 2, "batch_size": 8, "lr": 0.001, "seed": 3}
    *eager, _ = trained(net, samples(), targets("mse"), False, loss=made or loss(), **options)
    *found, said = trained(net, samples(), targets("mse"), True, loss=made or loss(), **options)
    assert found == eager
    assert words in said


def test_few_samples_are_not_worth_a_program() -> None:
    """Where fewer than 32 samples are computed in all, nothing is recorded."""
    assert compare(lambda: NETS["mlp"](1), samples()[:15], [0.0] * 15, epochs=2) == "no: there are few samples"


class Tempered(nn.Module):
    """A user's module, with numbers that aren't parameters."""

    def __init__(self) -> None:
        self.inner = nn.Linear(WIDTH, 1, seed=0)
        self.temperature: Any = 1.0
        self.table = {"shift": [0.0]}

    def forward(self, x: Any) -> Any:
        """Divided by the temperature."""
        return [v / self.temperature + self.table["shift"][0] + SETTINGS["offset"] for v in self.inner(x)]


SETTINGS = {"offset": 0.0}


@pytest.mark.parametrize("what", ["attribute", "inside", "global", "layer", "layer of ours", "training"])
def test_what_a_callback_changes_counts_from_the_next_epoch_on(what: str) -> None:
    """An attribute, a number in a dict of a module, a global, a layer or a mode that a callback changes is noticed."""

    def run(compiled: bool) -> list[str]:
        SETTINGS["offset"] = 0.0
        first = nn.Linear(WIDTH, 1, seed=0) if what == "layer of ours" else Tempered()
        model: Any = nn.Sequential(first, nn.Linear(1, 1, seed=3), nn.Dropout(0.5, seed=0))

        def change(history: nn.History) -> None:
            if what == "attribute":
                model[0].temperature = 1.0 + len(history)
            elif what == "inside":
                model[0].table["shift"][0] = float(len(history))
            elif what == "global":
                SETTINGS["offset"] = float(len(history))
            elif what.startswith("layer"):
                model.layers.insert(1, nn.Tanh())
            else:
                model.train(len(history) % 2 == 0)

        history = nn.fit(model, samples() * 5, targets("mse") * 5, epochs=4, batch_size=40, lr=0.01, callbacks=[change],
                         progress=False, compiled=compiled, validation_split=0.3)  # fmt: skip
        assert not compiled or history.compiled == "yes"
        return [repr(history.epochs), *[p.data.hex() for p in model.parameters()]]

    assert run(True) == run(False)


# ---- errors --------------------------------------------------------------------------------------------


class Logarithm(nn.Module):
    """Fails at some samples."""

    def __init__(self) -> None:
        self.inner = nn.Linear(WIDTH, 1, bias=False, init="zeros")
        self.drop = nn.Dropout(0.5, seed=0)

    def forward(self, x: Any) -> Any:
        """The logarithm of a number that isn't always above 0."""
        return ag.log(self.drop(self.inner(x))[0] + x[0])


@pytest.mark.parametrize("wrong", [-1.0, 0.0])
def test_errors_have_the_same_words(wrong: float) -> None:
    """A sample that fails ends the training with the same words, history and parameters as without programs."""
    X = [[1.0 + i, *row[1:]] for i, row in enumerate(samples())]
    X[17][0] = wrong
    words = trained(Logarithm, X, [0.0] * COUNT, True, epochs=3, batch_size=8, lr=0.001)
    assert words[0].startswith("the forward pass failed in epoch ")
    compare(Logarithm, X, [0.0] * COUNT, epochs=3, batch_size=8, lr=0.001)


@pytest.mark.parametrize("net", ["mlp", "dropout", "branches"])
def test_losses_that_become_inf_have_the_same_words(net: str) -> None:
    """A training that diverges names the same operation, layer and losses as without programs."""
    options: dict[str, Any] = {"loss": "mse", "lr": 1e30, "epochs": 9, "batch_size": 8}
    error = trained(lambda: NETS[net](1), samples(), targets("mse"), True, **options)[0]
    assert "became" in error or "failed" in error
    compare(lambda: NETS[net](1), samples(), targets("mse"), **options)


def test_an_infinite_logit_of_another_label() -> None:
    """A logit of -inf that isn't the label's gives a finite loss, though its product with 0 isn't finite."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(WIDTH, 2, seed=0)

        def forward(self, x: Any) -> Any:
            return [*self.inner(x), -math.inf if x[0] < -1.0 else 0.0]

    X = sorted(samples(), reverse=True)  # the first ones have no such logit
    words = compare(Masked, X, [i % 2 for i in range(COUNT)], loss="cross_entropy", epochs=2, batch_size=4)
    assert words.startswith("yes, except for ")
    assert words.endswith("a loss was inf or nan")


# ---- samples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "uint8", "int64", "uint64", "bool", "object"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_lists_are(dtype: str, order: Any) -> None:
    """A NumPy array of any kind gives the floats that its rows as lists give, one by one and many at once."""
    X = (np.arange(12).reshape(4, 3) * 1.7).astype(dtype, order=order)
    rows, expected = read_rows(X), [[float(x) for x in row] for row in X.tolist()]
    assert [*rows] == expected
    assert {type(x) for row in rows for x in row} == {float}
    assert rows.block([2, 0]).tolist() == [expected[2], expected[0]]
    some = rows.only([3, 1])
    assert ([*some], some.block([1]).tolist(), [*some[:1]]) == ([expected[3], expected[1]], [expected[1]], [expected[3]])


def test_a_large_array_is_not_copied() -> None:
    """A NumPy array of numbers is used where it is, without a float object for each of its numbers."""
    X = np.zeros((10, 3), dtype="uint8")
    assert read_rows(X).numbers is X
    X[2, 1] = 7
    assert read_rows(X)[2] == [0.0, 7.0, 0.0]


def test_programs_are_kept_for_the_next_training() -> None:
    """A second fit of a model records nothing, and what was exchanged in between counts: bits as sample by sample."""
    X, y = samples(), targets("cross_entropy")
    nets = [nn.MLP(WIDTH, [5, 3], seed=0) for _ in range(2)]
    recorded = []

    def trained(loss: Any, labels: list[Any]) -> None:
        found = []
        for net, compiled in zip(nets, (True, False), strict=True):
            told = nn.fit(net, X, labels, loss=loss, lr=0.05, epochs=2, batch_size=5, progress=False, compiled=compiled)
            found.append([told["loss"], [p.data for p in net.parameters()], [p.grad for p in net.parameters()]])
            if compiled:
                assert told.compiled == "yes"
        assert repr(found[0]) == repr(found[1])

    forward = nn.Neuron.forward

    def counted(self: Any, x: Any) -> Any:
        recorded.append(self)
        return forward(self, x)

    trained("cross_entropy", y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Neuron, "forward", counted)
        told = nn.fit(nets[0], X, y, loss="cross_entropy", lr=0.05, epochs=2, batch_size=5, progress=False)
        assert told.compiled == "yes"
        tries = 2 * 8  # once for the labels and once for the outputs, by each neuron
        assert len(recorded) == tries
        nn.fit(nets[1], X, y, loss="cross_entropy", lr=0.05, epochs=2, batch_size=5, progress=False, compiled=False)
    trained("nll", [0] * COUNT)
    trained("mse", targets("mse of rows"))
    trained("cross_entropy", y)
    for net in nets:
        net.layers[0].neurons[1].b = Value(0.5)
        net.layers[1] = nn.Layer(5, 4, "tanh", seed=3)
    trained("cross_entropy", [*y[1:], 3])
    watched = weakref.ref(nets[0])
    nets.clear()
    gc.collect()
    assert watched() is None


def test_a_label_out_of_range_is_found_however_many_there_are() -> None:
    """Each label is tried before the first epoch, also where the model is computed once for all of them."""
    for y in ([0, 1, 3, 0], [3, 0, 0, 0], [0, 0, 0, 3]):
        with pytest.raises(ValueError, match="0 to 2, got 3"):
            nn.fit(nn.MLP(WIDTH, [3]), samples(count=4), y, loss="cross_entropy", epochs=10, progress=False)


# ---- compile and vmap of modules -------------------------------------------------------------------------


def steps_in_modes(wrap: Any, how: str) -> list[Any]:
    """What a net gives, and the gradients that it gets, while its modes change."""
    model = nn.Sequential(nn.Linear(WIDTH, 3, seed=0), nn.Tanh(), nn.Dropout(0.5, seed=1), nn.Linear(3, 1, seed=2))
    f = wrap(lambda x: model(x)[0])
    found = []
    for step in range(24):
        if how == "eval":
            model.train(step // 4 % 2 == 0)
        elif how == "dropout":
            model.layers[2].training = step % 6 < 4
        elif how == "frozen":
            model.layers[0].requires_grad_(step // 4 % 2 == 0)
        else:  # for a while only, by those who are asked
            nn.predict(model, samples()[:3])
        model.zero_grad()
        y = f(samples()[step % 5])
        y.backward()
        found.append((y.data.hex(), [(p.has_grad, p.grad.hex()) for p in model.parameters()]))
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    return found


@pytest.mark.parametrize("wrap", [ag.compile, lambda f: lambda x: ag.vmap(f, reduce="sum")([x])], ids=["compile", "vmap"])
@pytest.mark.parametrize("how", ["eval", "dropout", "frozen", "predict"])
def test_modes_of_modules_count_at_each_call(wrap: Any, how: str) -> None:
    """train(), eval() and requires_grad_() are noticed by functions that were compiled before: all bits are those of eager."""
    assert steps_in_modes(wrap, how) == steps_in_modes(lambda f: f, how)


@pytest.mark.parametrize("wrap", [ag.compile, lambda f: lambda x: ag.vmap(f, reduce="sum")([x])], ids=["compile", "vmap"])
def test_a_dropout_before_a_branch_draws_as_eager(wrap: Any) -> None:
    """Where a program turns out to be that of another branch, the function goes on with the numbers that were drawn."""
    states = []
    for f_of in (wrap, lambda f: f):
        rng = random.Random(5)
        model = nn.Sequential(nn.Linear(WIDTH, 3, seed=0), nn.Dropout(0.5, seed=rng), nn.Linear(3, 1, seed=2))

        def branches(x: Any, model: Any = model) -> Any:
            y = model(x)[0]
            return y * y if y > 0.0 else y

        f = f_of(branches)
        states.append([f(x).data.hex() for x in samples(3, 30)] + [rng.getstate()])
    assert states[0] == states[1]


def test_programs_of_both_modes_are_kept() -> None:
    """A net that goes to and fro between two modes is recorded twice in each, and then not run any more."""
    model, runs = nn.Linear(WIDTH, 1, seed=0), [0]

    def f(x: Any) -> Any:
        runs[0] += 1
        return model(x)[0] * 2.0

    fast = ag.compile(f)
    for step in range(12):
        model.train(step % 2 == 0)
        assert fast(samples()[step]).data == f(samples()[step]).data
    assert runs == [12 + 4]
    assert len(fast.programs) == 2


def test_a_compiled_function_keeps_no_module_alive() -> None:
    """A module that a function made, and nobody holds any more, is gone; the program that used it is right without it."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        layer = nn.Linear(1, 1, seed=0).requires_grad_(False)
        kept[:] = [weakref.ref(layer)]
        return layer([x])[0]

    fast = ag.compile(f)
    expected = [f(x).data for x in (1.0, 2.0, 3.0, 4.0)]
    found = [y.data if isinstance(y := fast(x), ag.Value) else y for x in (1.0, 2.0, 3.0, 4.0)]
    nn.Linear(1, 1).eval()  # attributes of others are set
    assert [*found, fast(4.0) if type(fast(4.0)) is float else fast(4.0).data] == [*expected, expected[-1]]
    gc.collect()
    assert kept[0]() is None


def test_fit_takes_a_net_whose_forward_is_compiled() -> None:
    """It is part of what fit records: programs are used, and the parameters are those of the net without it."""
    trained = []
    for wrap in (ag.compile, lambda f: f):

        class Net(nn.Module):
            def __init__(self) -> None:
                self.inner = nn.Linear(WIDTH, 1, seed=0)

            @wrap
            def forward(self, x: Any) -> Any:
                return ag.tanh(self.inner(x)[0])

        model = Net()
        history = nn.fit(model, samples(), targets("mse"), epochs=3, batch_size=8, progress=False)
        assert history.compiled == "yes"
        trained.append([p.data.hex() for p in model.parameters()])
    assert trained[0] == trained[1]


def test_buffers_one_after_the_other_follow_the_mode() -> None:
    """A mapped net without parameters, which gives floats, notices eval() too, where buffers of one shape follow each other."""
    model = nn.Sequential(nn.Tanh(), nn.Dropout(0.5, seed=1))
    mapped, rows = ag.vmap(model), memoryview(np.array(samples()))
    for mode in (False, True, False, True, False):
        model.train(mode)
        for _ in range(3):
            state = model[1].rng.getstate()
            found = mapped(rows).tolist()
            model[1].rng.setstate(state)
            assert found == [model(row) for row in rows.tolist()]
