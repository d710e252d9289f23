"""Files of nets and of trainings that are damaged, old, or can't be written."""

from __future__ import annotations

import copy
import functools
import json
import math
import random
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import files
from nn.stored import described, read_stored, write_stored

X, Y = [[0.0, 1.0], [1.0, 0.5], [0.5, 0.25]], [1.0, -1.0, 1.0]


class Parts:
    """A model with everything that a checkpoint holds, and what can be seen of it."""

    def __init__(self, lr: float = 0.1) -> None:
        self.drop = nn.Dropout(0.3, seed=5)
        self.model = nn.Sequential(nn.Linear(2, 2, seed=0), nn.Tanh(), self.drop, nn.Linear(2, 1, seed=1))
        self.adam = nn.Adam(self.model.parameters(), lr=lr)
        self.schedule = nn.WarmUp(self.adam, 2, nn.ExponentialLR(self.adam, 0.9))

    def fit(self, epochs: int = 4, **options: Any) -> nn.History:
        """Train, or go on."""
        return nn.fit(self.model, X, Y, loss="hinge", optimizer=self.adam, schedule=self.schedule, epochs=epochs,
                      progress=False, batch_size=2, metrics=["accuracy"], **options)  # fmt: skip

    def seen(self) -> str:
        """All of it, as text."""
        return json.dumps([self.model.state_dict(), self.adam.state_dict(), self.schedule.state_dict(),
                           [[m.training for m in self.model.modules()], [p.grad for p in self.model.parameters()]],
                           self.drop.rng.getstate()])  # type: ignore[union-attr]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a checkpoint after two epochs."""
    path = tmp_path_factory.mktemp("checkpoints") / "check.json"
    Parts().fit(2, checkpoint=path)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def refused(tmp_path: Path) -> Any:
    """Asserts that a text is refused with certain words and changes nothing."""
    parts = Parts()
    parts.fit(1)
    before = parts.seen()
    path = tmp_path / "damaged.json"

    def check(content: str | bytes, words: str = "") -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ValueError, match=r"damaged\.json.*" + words) as caught:
            parts.fit(resume=path)
        assert "Traceback" not in str(caught.value)
        assert len(str(caught.value)) < 700
        assert parts.seen() == before

    return check


def places(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every entry; of long lists the first, one in the middle and the last."""
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree))) if isinstance(tree, list) else []
    for key in keys if len(keys) < 9 else [keys[0], keys[len(keys) // 2], keys[-1]]:
        yield (*way, key)
        yield from places(tree[key], (*way, key))


def changed(tree: Any, way: tuple[Any, ...], entry: Any = None, *, delete: bool = False) -> Any:
    """A copy with one entry changed or deleted."""
    tree = copy.copy(tree)
    if len(way) > 1:
        tree[way[0]] = changed(tree[way[0]], way[1:], entry, delete=delete)
    elif delete:
        del tree[way[0]]
    else:
        tree[way[0]] = entry
    return tree


def test_a_cut_checkpoint_is_refused(written: str, refused: Any) -> None:
    """Cut at any place, a checkpoint changes nothing."""
    for length in [*range(0, len(written), 211), len(written) - 1]:
        refused(written[:length])


def test_a_checkpoint_with_a_wrong_byte_is_refused(written: str, refused: Any) -> None:
    """A byte changed at any place is found, whatever it is changed to, unless the numbers are still the same."""
    rng = random.Random(0)
    whole, data = json.loads(written), written.encode()
    tried = 0
    for place in [*range(0, len(data), 83), *(data.index(b'"' + key.encode()) + 2 for key in whole)]:
        wrong = data[:place] + bytes([data[place] ^ rng.randrange(1, 256)]) + data[place + 1 :]
        try:
            same = json.loads(wrong) == whole
        except ValueError:
            same = False
        if not same:
            refused(wrong)
            tried += 1
    assert tried > 150


def test_every_change_is_found_by_the_checksum(written: str, refused: Any) -> None:
    """A deleted entry, another number and another type are found at every place of a checkpoint."""
    whole = json.loads(written)
    for way in places(whole):
        if way != ("sha256",):  # without it the file reads like one of 0.1.0, see below
            refused(json.dumps(changed(whole, way, delete=True)))
        old = whole
        for key in way:
            old = old[key]
        refused(json.dumps(changed(whole, way, old + 1 if isinstance(old, (int, float)) else 3)))


@pytest.mark.parametrize("wrong", ["x", None, True, [], {}, [[]], {"a": 1}, 10**400, -1.5e300], ids=lambda x: f"{x!r:.9}")
def test_a_wrong_type_is_found_without_a_checksum(written: str, refused: Any, wrong: Any) -> None:
    """Also in a file without a checksum, an entry of another type is refused wherever it is."""
    whole = json.loads(written)
    del whole["sha256"]
    for way in places(whole):
        number_may_stand = isinstance(wrong, float) and way[0] in ("model", "best", "history") and way[-1] != "epoch"
        memory = way[:2] == ("optimizer", "state") and (wrong == {} or way[-1] == "mean")
        if number_may_stand or (memory and isinstance(wrong, (dict, float)) and len(way) in (2, 4)):
            continue  # nothing is wrong with such a number there, nor with an optimizer that remembers nothing
        if functools.reduce(lambda tree, key: tree[key], way, whole) == wrong != 1:
            continue  # a part of the architecture that has no options or no parts
        refused(json.dumps(changed(whole, way, wrong)))


def test_a_missing_entry_is_found_without_a_checksum(written: str, refused: Any) -> None:
    """Also in a file without a checksum, what is missing is missed, but for the memory of a whole parameter."""
    whole = json.loads(written)
    del whole["sha256"]
    for way in places(whole):
        if way[:2] == ("optimizer", "state") and len(way) == 3:
            continue  # which is what a parameter looks like that no gradient has reached
        if way == ("history", 1):
            continue  # which is what a checkpoint looked like one epoch before
        if way == ("architecture",):
            continue  # which is what a checkpoint of 0.1.0 looks like
        refused(json.dumps(changed(whole, way, delete=True)))


@pytest.mark.parametrize(
    ("way", "entry", "words"),
    [
        (("glassgrad checkpoint",), 2, "its version is 2, and this glassgrad reads version 1"),
        (("glassgrad checkpoint",), 1.5, "its version is 1.5"),
        (("glassgrad checkpoint",), True, "its version is True"),
        (("surplus",), 2, r"missing \[\], unknown \['surplus'\]"),
        (("model", "layers.0.bias"), [1.0], "layers.0.bias has the shape 1 instead of 2"),
        (("model", "layers.0.bias"), ["a", 1.0], r"layers.0.bias holds 'a', which isn't a number"),
        (("optimizer", "param_groups", 0, "lr"), math.nan, "lr must be from 0 to below inf, got nan"),
        (("optimizer", "param_groups", 0, "beta1"), 1.0, "beta1 must be from 0 to below 1, got 1.0"),
        (("optimizer", "param_groups", 0, "momentum"), 0.9, "has the options lr.*, momentum, and this optimizer has lr"),
        (("optimizer", "param_groups", 0, "params"), [0, 1, 2, 3, 4, 5, 6, 7, 9], "the params of its group 0 aren't"),
        (("optimizer", "param_groups", 0, "params"), [0, 1], r"has groups of \[2\] parameters, and .* groups of \[9\]"),
        (("optimizer", "state", "9"), {}, "remembers a parameter '9', and there are 9"),
        (("optimizer", "state", "0", "step"), 1.5, r"its state\[0\]\['step'\] is 1.5"),
        (("optimizer", "state", "0", "step"), 0, r"its state\[0\]\['step'\] is 0.0"),
        (("optimizer", "state", "0", "square"), -0.5, r"its state\[0\]\['square'\] is -0.5"),
        (("optimizer", "state", "0", "momentum"), 0.5, "remembers step, mean, square, momentum, and not step, mean, square"),
        (("optimizer", "state", "0", "mean"), "x", r"its state\[0\]\['mean'\] is 'x', which isn't a number"),
        (("optimizer", "state", "0"), 3, r"its state\[0\] is 3 instead of an object"),
        (("schedule",), None, "it was written without a schedule"),
        (("schedule", "epoch"), -1, "epoch of the schedule is -1; it must be a whole number from 0"),
        (("schedule", "epoch"), 2**53 + 1, "it must be a whole number from 0 to 9007199254740992"),
        (("schedule", "base_rates"), [0.1, 0.1], "base_rates of the schedule is a list of 2 entries"),
        (("schedule", "base_rates"), [-0.1], "the rate of epoch 2 must be from 0"),
        (("random",), [], "other Dropout layers"),
        (("random", 1), [1, 2], "nothing was changed"),
        (("random", 1, 7), 1.0, r"random\[1\] isn't the state of a generator"),
        (("history",), [3], "history is a list of 1 entries instead of a list of epochs"),
        (("history", 1, "epoch"), 3, r"history\[1\] isn't what fit\(\) writes for epoch 2"),
        (("history", 1, "loss"), "x", r"history\[1\].loss is 'x'"),
        (("history", 1, "more"), 1.0, r"history\[1\] isn't what"),
        (("best", 0), 3, "the best epoch is 3; it must be a whole number from 0 to 2"),
        (("best", 0), 0, "the loss of the best epoch, 0, is"),
        (("best", 1), None, "the loss of the best epoch, [12], is None"),
        (("best",), [1, 2.0], "best is a list of 2 entries"),
        (("best", 2), [1.0], "the best parameters is a list of 1 entries instead of a list of 9 numbers"),
    ],
)
def test_the_message_says_what_is_wrong(written: str, refused: Any, way: tuple[Any, ...], entry: Any, words: str) -> None:
    """The message names what is wrong, and what is there."""
    whole = json.loads(written)
    del whole["sha256"]
    refused(json.dumps(changed(whole, way, entry)), words)


def test_a_changed_file_names_its_checksum(written: str, refused: Any) -> None:
    """The message for a file that was edited names the entry to take out, and without it the file is read."""
    whole = json.loads(written)
    whole["model"]["layers.0.bias"][0] = 0.25
    refused(json.dumps(whole), 'isn\'t a checkpoint of fit.*the checksum differs.*take the entry "sha256" out')
    refused("[3]", r"isn't a checkpoint of fit\(\), or is damaged: it holds a list of 1 entries")
    refused('{"module": "MLP"}', "it isn't a checkpoint of fit")


def test_deep_lists_are_an_error_of_value(refused: Any, tmp_path: Path) -> None:
    """Lists nested ever so deep are a ValueError, in checkpoints, in files of save() and in a state itself."""
    deep = "[" * 200_000
    refused(deep, "nested too deeply")
    refused('{"model": ' + "[" * 900 + "]" * 900 + "}")
    path = tmp_path / "model.json"
    model = nn.Linear(1, 1, seed=0)
    before = model.state_dict()
    nested: Any = []
    for _ in range(5000):
        nested = [nested]
    for text in (deep, '{"module": "Linear", "state": {"bias": ' + "[" * 900 + "]" * 900 + ', "weight": [[1.0]]}}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"model\.json"):
            model.load(path)
    with pytest.raises(ValueError, match=r"bias has the shape 1x1x\.\.\. instead of 1"):
        model.load_state_dict({"bias": nested, "weight": [[1.0]]})
    assert model.state_dict() == before


def test_damaged_files_of_save(tmp_path: Path) -> None:
    """A file of save() that is cut or has a wrong byte changes nothing; one of 0.1.0, without a checksum, is read."""
    path = tmp_path / "model.json"
    model, other = nn.Linear(2, 1, seed=0), nn.Linear(2, 1, seed=1)
    model.save(path)
    data = path.read_bytes()
    before = other.state_dict()
    whole = json.loads(data)
    assert set(whole) == {"module", "architecture", "parameters", "state", "sha256"}
    assert whole["module"] == "Linear"
    for place in range(len(data)):
        for wrong in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], data[:place] + b"\xff"):
            path.write_bytes(wrong)
            try:
                same = json.loads(wrong) == whole  # the last digit of a float can be another without a difference
            except ValueError:
                same = False
            if not same:
                with pytest.raises(ValueError, match=r"model\.json"):
                    other.load(path)
    assert other.state_dict() == before
    del whole["sha256"]
    for way in places(whole["state"]):
        for wrong_entry in ("x", None, True, {}, [], 10**400):
            path.write_text(json.dumps({**whole, "state": changed(whole["state"], way, wrong_entry)}), encoding="utf-8")
            with pytest.raises(ValueError, match="nothing was changed"):
                other.load(path)
    for content in ({**whole, "more": 1}, {"module": "Linear"}, {}):
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(ValueError, match=rf"its entries are {', '.join(sorted(content)) or 'none'}$"):
            other.load(path)
    path.write_text(json.dumps({**whole, "state": [1]}), encoding="utf-8")
    with pytest.raises(ValueError, match="takes a dict"):
        other.load(path)
    assert other.state_dict() == before
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert other.load(path) is other
    assert other.state_dict() == model.state_dict()
    with pytest.raises(FileNotFoundError):
        other.load(tmp_path / "none.json")
    path.write_text("{")
    with pytest.raises(ValueError, match=r"model\.json isn't a file of Module\.save\(\), or is damaged: Expecting"):
        other.load(path)


def test_a_checkpoint_of_the_first_release_is_read(written: str, tmp_path: Path) -> None:
    """Without its checksum and its architecture a checkpoint goes on to the same bits."""
    ends = []
    for drop in (False, True):
        path = tmp_path / "check.json"
        whole = json.loads(written)
        if drop:
            del whole["sha256"], whole["architecture"]
        path.write_text(json.dumps(whole), encoding="utf-8")
        parts = Parts(lr=7.0)
        parts.fit(resume=path)
        ends.append(parts.seen())
    assert ends[0] == ends[1]
    straight = Parts()
    straight.fit()
    assert ends[0] == straight.seen()


def test_no_generator_draws_on_after_a_refusal(tmp_path: Path) -> None:
    """Where the last generator's state is damaged, the Dropout before it goes on as if nothing had been read."""
    path = tmp_path / "check.json"
    drops = [nn.Dropout(0.5, seed=1), nn.Dropout(0.5, seed=2)]
    model = nn.Sequential(nn.Linear(2, 2, seed=0), *drops, nn.Linear(2, 1, seed=1))
    nn.fit(model, X, Y, epochs=1, checkpoint=path, progress=False)
    whole = json.loads(path.read_text(encoding="utf-8"))
    del whole["sha256"]
    path.write_text(json.dumps(changed(whole, ("random", 2, 5), "x")), encoding="utf-8")
    model([0.0, 1.0])
    before = [drop.rng.getstate() for drop in drops]  # type: ignore[union-attr]
    with pytest.raises(ValueError, match=r"random\[2\] isn't the state of a generator"):
        nn.fit(model, X, Y, resume=path, progress=False)
    assert [drop.rng.getstate() for drop in drops] == before  # type: ignore[union-attr]


def test_files_are_written_by_the_one_function(tmp_path: Path) -> None:
    """save() and checkpoint= keep permissions, follow links, and remove what a killed process left."""
    if files.locks is None:
        pytest.skip("permissions and links are those of POSIX")
    for name, write in (("model", Parts().model.save), ("check", lambda path: Parts().fit(1, checkpoint=path))):
        path, link = tmp_path / f"{name}.json", tmp_path / f"{name}.link"
        path.write_text("old")
        path.chmod(0o604)
        link.symlink_to(path)
        left = tmp_path / ".glassgrad-0123456789abcdef.part"
        left.write_text("half")
        write(link)
        assert link.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
        assert json.loads(path.read_text())
        assert not left.exists()


@pytest.mark.parametrize(("name", "error"), [("no/such/check.json", FileNotFoundError), (".", IsADirectoryError)])
def test_a_checkpoint_that_cannot_be_written_is_found_first(tmp_path: Path, name: str, error: type[OSError]) -> None:
    """A path that can't be written is an error before the model is called at all, and nothing is left there."""
    parts = Parts()
    calls: list[Any] = []
    parts.model.layers.append(nn.Activation("linear"))
    before = parts.seen()
    parts.model.layers[-1].forward = lambda x: calls.append(x) or x  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(error):
        parts.fit(checkpoint=tmp_path / name)
    assert calls == []
    assert parts.seen() == before
    assert list(tmp_path.iterdir()) == []


def test_what_was_best_is_known_after_a_resume(tmp_path: Path) -> None:
    """The best loss comes back with the best parameters, so that worse epochs after a resume end there again."""
    path = tmp_path / "check.json"
    model = nn.MLP(1, [1], seed=0)
    first = nn.fit(model, [[0.0], [1.0]], [1.0, 3.0], epochs=6, checkpoint=path, progress=False)
    best = model.state_dict()
    assert first.best_epoch == 6
    assert json.loads(path.read_text())["best"][1] == first["loss"][-1]
    other = nn.MLP(1, [1], seed=1)
    sgd = nn.SGD(other.parameters(), lr=0.1)
    start = []

    def worse(history: nn.History) -> None:
        start.append([p.data for p in other.parameters()])
        sgd.param_groups[0]["lr"] = 3.0

    resumed = nn.fit(other, [[0.0], [1.0]], [1.0, 3.0], optimizer=sgd, epochs=60, resume=path, early_stopping=2,
                     callbacks=[worse], progress=False)  # fmt: skip
    assert resumed.stopped == "early stopping"
    assert resumed["loss"][:6] == first["loss"]
    assert resumed.best_epoch == 8  # the loss of an epoch is that of its forward passes, and the bad rate came with its step
    assert [p.data for p in other.parameters()] == start[1]
    assert other.state_dict() != best
    # And where even the first one is worse, the parameters of the checkpoint itself come back.
    whole = json.loads(path.read_text())
    del whole["sha256"]
    whole["best"][1] = 1e-9
    path.write_text(json.dumps(whole))
    third = nn.MLP(1, [1], seed=2)
    again = nn.fit(third, [[0.0], [1.0]], [1.0, 3.0], epochs=60, resume=path, early_stopping=3, progress=False)
    assert (again.best_epoch, len(again)) == (6, 9)
    assert third.state_dict() == best


def test_before_the_first_epoch_there_is_no_best_loss(tmp_path: Path) -> None:
    """Where no epoch had a finite loss, the checkpoint says null, which comes back as none."""
    path = tmp_path / "check.json"
    model = nn.MLP(1, [1], seed=0)
    options: dict[str, Any] = {"validation": ([[1.0]], [1e300]), "progress": False}
    first = nn.fit(model, [[0.0]], [1.0], epochs=1, checkpoint=path, loss=lambda p, t: p * 0.0 + t * t, **options)
    assert first["val_loss"] == [math.inf]
    assert json.loads(path.read_text())["best"][:2] == [0, None]
    resumed = nn.fit(model, [[0.0]], [1.0], epochs=2, resume=path, validation=([[1.0]], [1.0]), progress=False)
    assert resumed.best_epoch == 2


def test_the_module_random_is_part_of_a_checkpoint(tmp_path: Path) -> None:
    """Dropout without a seed draws from the module `random`, whose state goes into the checkpoint, so resuming is exact."""
    before = random.getstate()
    try:
        ends = []
        for broken in (False, True):
            random.seed(11)
            model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
            path = tmp_path / "check.json"
            if broken:
                nn.fit(model, X, Y, epochs=2, checkpoint=path, seed=None, progress=False)
                random.seed(99)
                model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
            nn.fit(model, X, Y, epochs=5, resume=path if broken else None, seed=None, progress=False)
            ends.append((model.state_dict(), random.random()))
        assert ends[0] == ends[1]
    finally:
        random.setstate(before)


def test_an_interrupt_while_resuming_changes_nothing(written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of taking a checkpoint over leaves everything as it was."""
    path = tmp_path / "check.json"
    path.write_text(written)
    parts = Parts()
    parts.fit(1)
    before = parts.seen()
    real = nn.Schedule.load_state_dict

    def interrupted(self: Any, state: Any) -> None:
        real(self, state)
        raise KeyboardInterrupt

    monkeypatch.setattr(nn.Schedule, "load_state_dict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        parts.fit(resume=path)
    assert parts.seen() == before


def test_stored_files_are_json_with_a_checksum(tmp_path: Path) -> None:
    """What is written is read back without its checksum, whatever the numbers are."""
    path = tmp_path / "a.json"
    content = {"a": [1, -0.0, 5e-324, math.inf, "é"], "b": {}}
    write_stored(path, content)
    assert read_stored(path, "a file") == content
    assert list(json.loads(path.read_text())) == ["a", "b", "sha256"]
    for wrong in ('{"a": 1' + "0" * 5000 + "}", '{"a": 1, "sha256": 3}', '"text"', "3"):
        path.write_text(wrong)
        with pytest.raises(ValueError, match=r"a\.json isn't a file, or is damaged"):
            read_stored(path, "a file")


@pytest.mark.parametrize(
    ("entry", "words"),
    [({"a": 1}, "an object of 1 entries"), ([], "a list of 0 entries"), (1 << 64, str(1 << 64)),
     (-(1 << 64) - 1, "an int of more than 64 bits"), ("x" * 99, "'" + "x" * 59), (None, "None")],
)  # fmt: skip
def test_entries_are_described_briefly(entry: Any, words: str) -> None:
    """A wrong entry is told in a few words."""
    assert described(entry) == words
