"""Steps of optimisers in C as in Python; parameters and modules that are found once."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import weakref
from typing import Any

import pytest
from hypothesis import given, strategies as st

import nn
from autograd import Value, leaves
from nn.optimizers import IN_C

AWKWARD = [0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e308, -1e200, 1e-200]
NUMBERS = st.sampled_from(AWKWARD) | st.floats(-4.0, 4.0)
RATES = st.sampled_from([0.0, 1e-3, 0.5, 0.9, 0.999, 1 - 2**-53])
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": RATES, "momentum": RATES, "dampening": RATES, "weight_decay": RATES},
    "Adam": {"lr": RATES, "betas": st.tuples(RATES, RATES), "eps": RATES, "weight_decay": RATES},
    "AdamW": {"lr": RATES, "betas": st.tuples(RATES, RATES), "eps": RATES, "weight_decay": RATES},
    "RMSprop": {"lr": RATES, "alpha": RATES, "eps": RATES, "weight_decay": RATES, "momentum": RATES, "centered": st.booleans()},
    "Adagrad": {"lr": RATES, "lr_decay": RATES, "weight_decay": RATES, "eps": RATES},
}


def in_python(kind: type[Any]) -> type[Any]:
    """The same optimizer, with a formula that isn't in C."""

    class Same(kind):  # type: ignore[misc]
        def _moved(self, *arguments: Any) -> float:
            return float(super()._moved(*arguments))

    Same.__name__ = kind.__name__
    return Same


def told(optimizer: nn.Optimizer, parameters: list[Value], run: Any) -> tuple[Any, ...]:
    """What came of it, to the bit: an error, the numbers, the memory."""
    error = ""
    try:
        run()
    except (ArithmeticError, ValueError) as raised:
        error = f"{type(raised).__name__} {raised}"
    return error, [p.data.hex() for p in parameters], repr(optimizer.state_dict()["state"])


@pytest.mark.parametrize("count", [1, 129, 1000])
def test_nothing_has_moved_where_the_last_one_cannot(count: int) -> None:
    """Of many parameters those before are put back, be the last divided by zero, computed or of a class of its own."""

    class Own(Value):
        pass

    parameters = [Value(float(i)) for i in range(count)]
    for p in parameters:
        p.grad = 1.0
    last = Value(1.0)
    last.grad = 1e-200  # whose square is zero
    before = [p.data for p in parameters]
    with pytest.raises(ZeroDivisionError, match=f"at parameter {count}, "):
        nn.Adam([*parameters, last], eps=0.0).step()
    assert ([p.data for p in parameters], last.data) == (before, 1.0)
    for odd in (last * 1.0, Own(1.0)):
        odd.grad = 1.0
        for split in (1, count):  # in one group, and in two
            groups = [[*parameters, odd][:split], [*parameters, odd][split:]]
            assert leaves.move("sgd", [(group, (0.5, 0.0, 0.0, 0.0, 0.0)) for group in groups], ()) is None
            assert [p.data for p in parameters] == before


@pytest.mark.parametrize("name", OPTIONS)
@given(data=st.data())
def test_a_step_in_c_is_a_step_in_python(name: str, data: st.DataObject) -> None:
    """Steps on any numbers give the same bits, the same memory and the same errors by the formulas in C and in Python.

    Parameters without a gradient stay, groups have options of their own, and the state may be read, or changed, between steps.
    """
    kind = getattr(nn, name)
    options = data.draw(st.fixed_dictionaries(OPTIONS[name]))
    if name == "SGD" and data.draw(st.booleans()) and options["momentum"]:
        options |= {"nesterov": True, "dampening": 0.0}
    rate = data.draw(RATES)
    start = data.draw(st.lists(NUMBERS, min_size=3, max_size=3))
    both = []
    for chosen in (kind, in_python(kind)):
        parameters = [Value(x) for x in start]
        groups = [{"params": parameters[:2]}, {"params": parameters[2:], "lr": rate}]
        both.append((chosen(groups, **options), parameters))
    for _ in range(data.draw(st.integers(1, 4))):
        gradients = data.draw(st.lists(NUMBERS | st.none(), min_size=3, max_size=3))
        for _, parameters in both:
            for p, g in zip(parameters, gradients, strict=True):
                p.grad = g
        first, second = (told(optimizer, parameters, optimizer.step) for optimizer, parameters in both)
        assert first == second
        if data.draw(st.booleans()) and both[0][0].state_dict()["state"].get("0"):
            word = data.draw(st.sampled_from(sorted(both[0][0].state[0])))
            number = data.draw(NUMBERS)
            for optimizer, _ in both:
                optimizer.state[0][word] = number


@pytest.mark.parametrize("name", OPTIONS)
def test_the_formulas_in_c_are_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the native engine a step asks no formula in Python, and a subclass with a formula of its own asks only that."""
    kind, p = getattr(nn, name), Value(1.0)
    p.grad = 2.0
    asked = []
    original = kind._moved
    optimizer = kind([p])
    assert IN_C[original].names == kind.remembers[0] + tuple(n for n in IN_C[original].names if n in kind.remembers[1])
    found = leaves.move(IN_C[original].rule, [([Value(1.0)], (0.5,) * len(IN_C[original].options))], ())
    if found is not None:
        monkeypatch.setattr(optimizer, "_moved", lambda *_: asked.append(1), raising=False)
        optimizer.step()
        assert not asked
        assert p.data != 1.0

    class Own(kind):  # type: ignore[misc,valid-type]
        def _moved(self, *_: Any) -> float:
            return 7.0

    Own([p]).step()
    assert p.data == 7.0


def test_memory_can_be_read_and_written_between_steps() -> None:
    """`state` is a dict of dicts as ever; what is written there counts in the next step, and an old one stays as it was."""
    x = Value(1.0)
    optimizer = nn.SGD([x], lr=1.0, momentum=0.5)
    x.grad = 1.0
    optimizer.step()
    before = optimizer.state
    assert before == {0: {"momentum": 1.0}}
    before[0]["momentum"] = 4.0
    optimizer.step()
    assert optimizer.state == {0: {"momentum": 3.0}}
    assert (before, x.data) == ({0: {"momentum": 4.0}}, -3.0)
    kept = optimizer.snapshot()
    optimizer.step()
    optimizer.recall(kept)
    assert optimizer.state == {0: {"momentum": 3.0}}
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert (other.state, other.lr if hasattr(other, "lr") else "") == (optimizer.state, "")
        assert set(vars(nn.SGD([x]))) == set(vars(other))


def test_memory_that_isnt_ours_is_left_to_python() -> None:
    """Names that no formula knows, ints, and parameters that come later are kept, and the steps go on from them."""
    x, y = Value(1.0), Value(1.0)
    optimizer = nn.Adam([x], lr=0.5)
    x.grad = y.grad = 1.0
    optimizer.step()
    optimizer.param_groups[0]["params"].append(y)
    optimizer.step()
    assert [memory["step"] for memory in optimizer.state.values()] == [2.0, 1.0]
    optimizer.state[0]["mine"] = 1
    optimizer.step()
    assert optimizer.state[0]["mine"] == 1
    assert [memory["step"] for memory in optimizer.state.values()] == [3.0, 2.0]


# ---- what is found in a module -----------------------------------------------------------------------


class Odd(nn.Module):
    """Parameters in all kinds of places."""

    def __init__(self) -> None:
        self.single: Any = Value(1.0)
        self.listed: Any = [Value(2.0), [Value(3.0)], (Value(4.0), [Value(5.0)])]
        self.named: Any = {"a": Value(6.0), 1: [Value(7.0)]}
        self.inner: Any = [nn.Linear(1, 1, seed=0), {"deep": nn.Linear(1, 1, seed=1)}]
        self.note: Any = "text"


CHANGES = {
    "another Value with the same number": lambda m: setattr(m, "single", Value(1.0)),
    "a Value for a text": lambda m: setattr(m, "note", Value(1.0)),
    "a new attribute": lambda m: setattr(m, "more", [Value(1.0)]),
    "an attribute less": lambda m: delattr(m, "single"),
    "an item of a list": lambda m: m.listed.__setitem__(0, Value(2.0)),
    "a longer list": lambda m: m.listed.append(Value(1.0)),
    "a shorter list": lambda m: m.listed.pop(),
    "the order of a list": lambda m: m.listed.reverse(),
    "a list in a list": lambda m: m.listed[1].append(Value(1.0)),
    "a list in a tuple": lambda m: m.listed[2][1].clear(),
    "an item of a dict": lambda m: m.named.__setitem__("a", Value(6.0)),
    "another key": lambda m: m.named.__setitem__(2, m.named.pop(1)),
    "a module": lambda m: m.inner.__setitem__(0, nn.Linear(1, 1, seed=0)),
    "a parameter of a module": lambda m: m.inner[1]["deep"].bias.__setitem__(0, Value(0.0)),
    "no bias": lambda m: setattr(m.inner[0], "bias", None),
    "the dictionary of a module": lambda m: setattr(m.inner[0], "__dict__", {"w": Value(1.0)}),
    "the module's own dictionary": lambda m: setattr(m, "__dict__", {"w": Value(1.0)}),
    "nothing": lambda m: setattr(m, "note", "another text"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_parameters_are_those_that_are_there_now(change: str) -> None:
    """Whatever is exchanged in a module, parameters() and modules() find what a walk finds, and zero_grad() reaches all."""
    model = Odd()
    model.zero_grad()
    model.parameters()
    CHANGES[change](model)
    found, walked = model.parameters(), [p for _, p in model.named_parameters()]
    assert [*map(id, found)] == [*map(id, walked)]
    assert [*map(id, model.modules())] == [id(m) for _, m in model.named_modules()]
    for p in walked:
        p.grad = 1.0
    model.zero_grad()
    assert not any(p.has_grad for p in walked)
    found.clear()
    assert len(model.parameters()) == len(walked)


def test_a_copy_has_parameters_of_its_own() -> None:
    """After parameters() was asked for, a copy of a module finds its own ones."""
    model = Odd()
    model.parameters()
    other = copy.deepcopy(model)
    assert not {*map(id, model.parameters())} & {*map(id, other.parameters())}
    shallow = copy.copy(model)
    shallow.single = Value(1.0)
    assert shallow.parameters()[0] is shallow.single
    assert model.parameters()[0] is model.single


def test_a_module_dies_when_nobody_needs_it() -> None:
    """What was found in a module doesn't keep it, without the garbage collector."""
    gc.disable()
    try:
        model = nn.MLP(2, [2, 1], seed=0)
        model.parameters()
        gone = weakref.ref(model)
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_a_method_of_ones_own_is_asked() -> None:
    """A subclass that lists its own parameters or modules is asked by parameters(), modules() and zero_grad()."""
    hidden = Value(1.0)

    class Listing(nn.Module):
        def named_parameters(self) -> Any:
            yield "hidden", hidden

        def named_modules(self) -> Any:
            yield "itself", self

    hidden.grad = 1.0
    model = Listing()
    assert (model.parameters(), list(model.modules())) == ([hidden], [model])
    model.zero_grad()
    assert not hidden.has_grad
