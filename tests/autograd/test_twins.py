"""The two engines are one: names, signatures, words, and every bit."""

from __future__ import annotations

import gc
import inspect
import itertools
import math
import os
import pickle
import random
import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

import autograd as ag
from autograd import record, records, value

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
ROOT = Path(__file__).parents[2]
ENGINES: list[Any] = [value, native]
# What the language itself puts into a class that is written in Python, or in one that is not.
LANGUAGE = {"__slots__", "__annotations__", "__dict__", "__weakref__", "__module__", "__static_attributes__", "__firstlineno__",
            "__delattr__", "__pyx_vtable__", "__annotate__", "__annotate_func__", "__annotations_cache__"}  # fmt: skip
EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, 1e-200, 1e200, -1e200, 5e-324, 1.7e308, math.inf, -math.inf, math.nan,
            40.0, -40.0, 709.0, 745.0, -745.0, 1000.0, -1000.0, 0.7, -1.2784645427610737, -0.7517915246935645]  # fmt: skip


def members(kind: type) -> dict[str, Any]:
    """What a class offers, its bases included; private names aside."""
    names = [name for name in dir(kind) if name.startswith("__") or not name.startswith("_")]
    return {name: getattr(kind, name) for name in names if name not in LANGUAGE}


def bits(x: float) -> str:
    """A float down to its sign; every nan is the same."""
    return "nan" if x != x else x.hex()


def test_the_compiled_file_is_what_runs() -> None:
    """The native module is an extension, its operators are C's, and engine() says which of the two is chosen."""
    assert native.__file__.endswith((".so", ".pyd"))
    assert Path(native.__file__).parent == Path(value.__file__).parent
    assert isinstance(native.__loader__, ExtensionFileLoader)
    chosen = {"native": native, "python": value}[ag.engine()]
    assert (ag.Value, ag.backward, ag.gradients) == (chosen.Value, chosen.backward, chosen.gradients)
    assert native.Value is not value.Value
    assert not hasattr(native.Value(1.0), "__dict__")


def test_names() -> None:
    """Each has the public names of the other: the class, its methods and properties, and the module's functions."""
    assert set(members(native.Value)) == set(members(value.Value))
    assert native.__all__ == value.__all__
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(native.Value, name) == getattr(value.Value, name)
    assert repr(native.Value) == repr(value.Value)


@pytest.mark.parametrize("name", sorted({*members(value.Value), *value.__all__} - {"__sizeof__"}))
def test_signatures_and_docstrings(name: str) -> None:
    """A member of one has the kind, the signature and the docstring that it has in the other; but native leaves are smaller."""
    ours, theirs = (getattr(e, name) if name in value.__all__ else getattr(e.Value, name) for e in (native, value))
    assert type(ours) is type(theirs)
    if name not in ("__class__", "__subclasshook__", "__init_subclass__", "__new__"):
        assert getattr(ours, "__doc__", None) == getattr(theirs, "__doc__", None)
        assert getattr(ours, "__qualname__", None) == getattr(theirs, "__qualname__", None)
    if callable(theirs) and name not in ("__class__", "__init_subclass__", "__subclasshook__", "__new__"):
        try:
            expected = inspect.signature(theirs)
        except ValueError:
            return  # a slot of object's, which has none
        assert inspect.signature(ours) == expected


def test_a_bound_method_looks_the_same() -> None:
    """Methods bind to a method with the record's or the function's name, signature and text."""
    for name in ("exp", "backward", "leaky_relu", "detach", "item", "local_gradients", "interpret"):
        ours, theirs = getattr(native.Value(2.0), name), getattr(value.Value(2.0), name)
        assert type(ours) is type(theirs) is types.MethodType
        assert repr(ours).replace("native", "") == repr(theirs)
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert ours.__doc__ == theirs.__doc__


# ---- every rule, bit by bit --------------------------------------------------------------------------


def outcome(call: Any) -> Any:
    """What a call gives: a description of the result down to the bits, or the error and its words."""
    try:
        return described(call())
    except Exception as error:
        return type(error), str(error)


def described(result: Any) -> Any:
    """A result as plain data that can be compared; Values by all that a user can read of them.

    A local gradient may raise: those of some nodes inside a graph of derivatives overflow. Then the error is what can be read.
    """
    if hasattr(result, "interpretation_level"):
        return (
            bits(result.data), bits(result.grad), result.has_grad, result.label, result.op, result.is_leaf,
            [x if isinstance(x, str) else bits(x.data if hasattr(x, "data") else x) for x in result.operands],
            outcome(result.local_gradients), repr(result).replace("-nan", "nan"),
        )  # fmt: skip
    if isinstance(result, float):
        return bits(result)
    if isinstance(result, (list, tuple)):
        return [described(x) for x in result]
    return result


RECORDS = {name: r for name, r in vars(records).items() if isinstance(r, record.Primitive) and r.arity}


def points(rng: random.Random, count: int) -> Iterator[float]:
    """Numbers of every size, near and far from zero."""
    for i in range(count):
        kind = i % 4
        if kind == 0:
            yield rng.uniform(-3.0, 3.0)
        elif kind == 1:
            yield rng.uniform(-800.0, 800.0)
        elif kind == 2:
            yield math.copysign(math.exp(rng.uniform(-700.0, 700.0)), rng.uniform(-1.0, 1.0))
        else:
            yield struct.unpack("d", rng.randbytes(8))[0]


def recorded(record: Any, engine: Any, operands: tuple[float, ...], numbers: int) -> Any:
    """A record on Values of one engine, with plain numbers in the places whose bit is set in ``numbers``."""
    wrapped = [x if numbers >> i & 1 else engine.Value(x) for i, x in enumerate(operands)]
    try:
        node = record(*wrapped)
    except (ArithmeticError, ValueError, TypeError) as error:
        return type(error), str(error)
    return node.op.name, bits(node.data), outcome(node.local_gradients)


@pytest.mark.parametrize("name", RECORDS)
def test_every_rule_is_its_record(name: str) -> None:
    """Of each record, those inside derivatives too, values and partials are the same bits at 10,000 points and the extremes.

    This fails when a kernel or a partial changes and the translation does not: it compares what was compiled with what stands
    in records.py now.
    """
    record = RECORDS[name]
    rng = random.Random(name)
    width = record.arity
    count = 10_000 if width == 1 else 3_000
    cases = [*zip(*(points(rng, count) for _ in range(width)), strict=True)]
    cases += [tuple(rng.uniform(-2.0, 2.0) for _ in range(width)) for _ in range(count // 4)]
    cases += (
        list(itertools.product(EXTREMES, repeat=width))
        if width < 3
        else [tuple(rng.choices(EXTREMES, k=3)) for _ in range(500)]
    )
    for operands in cases:
        for numbers in range(2**width - 1):
            expected = recorded(record, value, operands, numbers)
            assert recorded(record, native, operands, numbers) == expected, (operands, numbers)


@pytest.mark.parametrize("name", ["sum", "mean", "dot", "max", "min", "prod", "logsumexp", "softmax", "norm",
                                  "log_softmax", "var", "std"])  # fmt: skip
def test_every_series_is_its_record(name: str) -> None:
    """n-ary primitives give the same bits on both engines: of any length and size, with cancellation, ties and numbers."""
    rng = random.Random(name)
    function = ag.primitives()[name]
    for i in range(1_500 if name != "log_softmax" else 300):  # which both engines ask the record for
        n = rng.choice([0, 1, 2, 3, 5, 8, 20, 300 if i % 50 == 0 and name != "log_softmax" else 7])
        n += n % 2
        draw = [lambda: rng.uniform(-1, 1), lambda: float(rng.randint(-3, 3)), lambda: rng.choice(EXTREMES),
                lambda: math.ldexp(rng.uniform(-1, 1), rng.randint(-60, 60))][i % 4]  # fmt: skip
        xs = [draw() for _ in range(n)]
        if i % 5 == 0:
            xs += [-x for x in xs]  # sums that cancel to nothing, or to their rounding errors
        keep = [rng.random() < 0.8 for _ in xs]

        def run(engine: Any, xs: list[float] = xs, keep: list[bool] = keep) -> Any:
            operands = [engine.Value(x) if wrap else x for x, wrap in zip(xs, keep, strict=True)]
            half = len(operands) // 2
            return function(operands[:half], operands[half : 2 * half]) if name == "dot" else function(operands)

        assert outcome(lambda: run(native)) == outcome(lambda: run(value)), xs


# ---- programs ----------------------------------------------------------------------------------------

numbers = st.one_of(st.floats(-4, 4), st.floats(), st.sampled_from(EXTREMES))
plain = st.one_of(numbers, st.integers(-5, 5), st.booleans(), st.just(10**400), st.just(Fraction(1, 3)),
                  st.just(np.float64(0.25)), st.sampled_from(["1", None, 1j]))  # fmt: skip
UNARY = [name for name, r in ag.primitives().items() if r.arity == 1]
BINARY = [name for name, r in ag.primitives().items() if r.arity == 2]
OPERATORS = ["+", "-", "*", "/", "%", "**"]
instructions = st.tuples(
    st.sampled_from([*OPERATORS, *OPERATORS, *BINARY, *UNARY, "sum", "max", "softmax", "clamp"]),
    st.integers(0, 6), st.integers(0, 6), st.one_of(st.none(), plain), st.booleans(),
)  # fmt: skip
programs = st.tuples(st.lists(numbers, min_size=1, max_size=3), st.lists(instructions, min_size=1, max_size=10))


def step(name: str, x: Any, y: Any, z: Any) -> Any:
    """One instruction."""
    if name in OPERATORS:
        return eval(f"x {name} y", {"x": x, "y": y})
    if name in UNARY:
        return ag.primitives()[name](x)
    if name in BINARY:
        return ag.primitives()[name](x, y)
    if name == "clamp":
        return ag.clamp(x, -1.0, 1.0)
    if name == "softmax":
        return ag.softmax([x, y, z])[0]
    return ag.primitives()[name]([x, y, z])


def run(program: Any, engine: Any) -> list[Any]:
    """All that a program gives on one engine: errors with their words, or values, gradients, and gradients of gradients."""
    starts, todo = program
    results: list[Any] = [engine.Value(x, label=f"x{i}") for i, x in enumerate(starts)]
    leaves = list(results)
    trace: list[Any] = []
    for name, i, j, number, swapped in todo:
        x, y = results[-1 - i % len(results)], results[-1 - j % len(results)]
        if number is not None:
            x, y = (number, x) if swapped else (x, number)
        try:
            result = step(name, x, y, results[0])
        except Exception as error:
            trace.append((type(error), str(error)))
            continue
        trace.append(described(result))
        if isinstance(result, engine.Value):
            results.append(result)
    root = results[-1]
    trace.append(outcome(root.backward))
    trace += [described(x) for x in engine.topological_order(root)]
    trace.append(outcome(lambda: engine.gradients(root, leaves)))
    try:
        first = engine.gradients(root, leaves, create_graph=True)
    except Exception as error:
        return [*trace, type(error), str(error)]
    return [*trace, *[described(g) for g in first], *[outcome(lambda g=g: engine.gradients(g, leaves)) for g in first]]


@given(programs)
@example(([1.0], [("**", 0, 0, 10**400, True)]))
@example(([0.0, 0.0], [("/", 0, 0, None, False), ("arctan2", 0, 1, None, False)]))
@example(([1.7e-302, -1.0], [("**", 1, 0, None, False)]))  # whose second derivatives overflow
def test_programs_agree_to_the_bit_and_to_the_word(program: Any) -> None:
    """On any program both engines give the same bits for values, gradients and second derivatives, and the same errors."""
    assert run(program, native) == run(program, value)


FOREIGN = [3, -(2**53) - 1, 2**63, 2**63 - 1, -(2**63), 10**300, 10**400, True, False, np.True_, np.float64(0.1),
           np.float64(-0.0), np.float64("nan"), np.float32(0.1), np.float16(2.5), np.longdouble("0.1"), np.int8(-3),
           np.uint64(2**64 - 1), np.int64(2**53 + 1), Fraction(1, 3), Fraction(10**400), Decimal("0.1"), Decimal("1e999"),
           Decimal("sNaN"),
           type("Int", (int,), {})(3), type("Float", (float,), {"__float__": lambda self: 7.0})(3.0),
           None, "1", 1j, np.complex64(1), np.zeros(()), np.timedelta64(1, "s"), [1.0], object]  # fmt: skip


@pytest.mark.parametrize("number", FOREIGN, ids=lambda x: f"{type(x).__name__} {x!r:.24}")
def test_foreign_numbers_agree(number: Any) -> None:
    """Whatever is combined with a Value, wrapped in one, or written to a field, gives the same bits or words on both."""

    def write(field: str, V: Any) -> Any:
        x = V(1.5, label="x")
        setattr(x, field, number)
        return x, type(x.data), type(x.grad)

    calls: list[Any] = [
        lambda V: V(1.5) + number, lambda V: number + V(1.5), lambda V: V(1.5) * number, lambda V: number / V(1.5),
        lambda V: V(1.5) - number, lambda V: V(1.5) ** number, lambda V: V(number, label="v"), lambda V: V(number),
        lambda V: write("data", V), lambda V: write("grad", V), lambda V: ag.hypot(V(1.5), number),
        lambda V: ag.sum([V(1.5), number, V(2.0)]), lambda V: ag.dot([V(1.5), number], [number, V(2.0)]),
        lambda V: ag.max((V(1.5), number)), lambda V: ag.softmax([V(1.5), number]),
        lambda V: ag.logsumexp(iter([V(1.5), number])),
        lambda V: V(1.5).backward(number), lambda V: (V(1.5) < number, V(1.5) == number),
    ]  # fmt: skip
    for i, call in enumerate(calls):
        assert outcome(lambda call=call: call(native.Value)) == outcome(lambda call=call: call(value.Value)), i


def test_fields_are_the_properties_of_the_reference() -> None:
    """`data` and `grad` are read, written, refused and deleted as on the reference engine, on subclasses and by hand too."""
    for V in (native.Value, value.Value):
        kind = type("Mine", (V,), {"data": property(lambda self: 42.0)})
        assert kind(1.0).data == 42.0
        assert isinstance(V.data, property)
        assert (V.grad.fget(V(1.0)), V.data.__get__(V(2.0))) == (0.0, 2.0)
        x = type("Other", (V,), {})(1)
        x.data, x.grad = 2, True
        assert (repr(x.data), repr(x.grad), x.has_grad) == ("2.0", "1.0", True)
        x.grad = None
        assert (repr(x.grad), x.has_grad) == ("0.0", False)
        x.grad = -0.0
        assert (repr(x.grad), x.has_grad) == ("0.0", True)
        y = x * 2
        y.grad = 5
        assert y.grad == 5.0
        with pytest.raises(AttributeError, match="data of a computed Value can't be set"):
            y.data = 1
        assert y.data == 4.0
        with pytest.raises(AttributeError):
            del x.data
        with pytest.raises(TypeError):
            V.grad.__set__(V(1.0), "1")
    field = vars(native.Value)["grad"]
    assert field.__get__(None, native.Value) is native.Value.grad
    assert field.__get__(native.Value(1.0), native.Value) == 0.0
    with pytest.raises(AttributeError):
        field.__get__(3, int)
    with pytest.raises(TypeError):
        field.__set__(3, 1.0)


@pytest.mark.parametrize("engine", ENGINES, ids=["python", "native"])
def test_a_field_of_a_subclass_is_its_own(engine: Any) -> None:
    """A subclass that defines `grad` itself is asked for it, on writing too; a refused attribute is refused in its name."""
    seen: list[Any] = []
    grad = property(lambda self: 7.0, lambda self, x: seen.append(x))
    x = type("Mine", (engine.Value,), {"__slots__": (), "grad": grad})(1.0)
    x.grad = 5
    assert (x.grad, seen) == (7.0, [5])
    with pytest.raises(AttributeError, match="a Mine has no attribute 'extra' to set"):
        x.extra = 1


@pytest.mark.parametrize(("engine", "other"), [ENGINES, ENGINES[::-1]], ids=["python", "native"])
def test_engines_do_not_mix(engine: Any, other: Any) -> None:
    """A graph belongs to one engine: roots or inputs of the other one are refused, and every gradient stays as it was."""
    x, stranger = engine.Value(2.0), other.Value(3.0)
    y = x * x
    calls: list[Any] = [
        lambda: ag.backward([y, stranger]),
        lambda: ag.gradients(y, [x, stranger]),
        lambda: ag.gradients(y, stranger, create_graph=True),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="takes Values of one engine, got one of the native"):
            call()
    for name, mixed in (("multiply", lambda: x * stranger), ("sum", lambda: ag.sum([x, stranger]))):
        with pytest.raises(TypeError, match=rf"^{name}\(\) takes Values of one engine, got one of the native"):
            mixed()
    assert not x.has_grad
    assert not stranger.has_grad
    assert engine.topological_order(y) == ag.topological_order(y) == [x, y]


APPLIED = {
    "unary with two": lambda V: ag.exp.apply((V(1.0), V(2.0))),
    "binary with one": lambda V: ag.add.apply((V(1.0),)),
    "binary with three": lambda V: ag.add.apply((V(1.0), 1.0, V(2.0))),
    "a parameter is left out": lambda V: ag.clamp.apply((V(1.0), 2.0)),
    "none": lambda V: ag.exp.apply(()),
    "None": lambda V: ag.exp.apply(None),
    "no Value": lambda V: V(1.0).interpret(ag.add, (1.0, 2.0)).data,
    "no operands": lambda V: V(1.0).interpret(ag.sum, ()).data,
    "two for one": lambda V: V(1.0).interpret(ag.exp, (V(1.0), V(2.0)), 3.0).data,
}


@pytest.mark.parametrize("call", APPLIED.values(), ids=APPLIED)
def test_records_with_a_wrong_number_of_operands(call: Any) -> None:
    """A record applied by hand to too few or too many operands says on both engines what Python says, and nothing crashes."""
    assert outcome(lambda: call(native.Value)) == outcome(lambda: call(value.Value))


BAD = {
    "no number": lambda V: V(),
    "two numbers": lambda V: V(1.0, "a", "b"),
    "an unknown word": lambda V: V(1.0, name="x"),
    "text": lambda V: V("1"),
    "None": lambda V: V(None),
    "complex": lambda V: V(1j),
    "an array": lambda V: V(np.zeros(3)),
    "another Value": lambda V: V(V(1.0)),
    "too large": lambda V: V(10**400),
    "a label that is none": lambda V: V(1.0, 3),
    "setting a label": lambda V: setattr(V(1.0), "label", 3),
    "data as text": lambda V: setattr(V(1.0), "data", "1"),
    "data of a node": lambda V: setattr(V(1.0, label="x") * 2, "data", 3.0),
    "grad as text": lambda V: setattr(V(1.0), "grad", "1"),
    "setting parents": lambda V: setattr(V(1.0), "parents", ()),
    "setting op": lambda V: setattr(V(1.0), "op", None),
    "setting source": lambda V: setattr(V(1.0), "source", ""),
    "setting groups": lambda V: setattr(V(1.0), "groups", ()),
    "deleting data": lambda V: delattr(V(1.0), "data"),
    "deleting grad": lambda V: delattr(V(1.0), "grad"),
    "deleting label": lambda V: delattr(V(1.0), "label"),
    "a new attribute": lambda V: setattr(V(1.0), "extra", 1),
    "a missing attribute": lambda V: V(1.0).extra,
    "float()": lambda V: float(V(1.0)),
    "int()": lambda V: int(V(1.0)),
    "complex()": lambda V: complex(V(1.0)),
    "math.exp": lambda V: math.exp(V(1.0)),
    "math.floor": lambda V: math.floor(V(1.5)),
    "index": lambda V: [1, 2][V(1.0)],
    "len": lambda V: len(V(1.0)),
    "call": lambda V: V(1.0)(),
    "iter": lambda V: list(V(1.0)),
    "//": lambda V: V(1.0) // 2,
    "divmod": lambda V: divmod(V(1.0), 2),
    "@": lambda V: V(1.0) @ V(2.0),
    "and": lambda V: V(1.0) & 1,
    "+ text": lambda V: V(1.0) + "1",
    "text +": lambda V: "1" + V(1.0),
    "+ None": lambda V: V(1.0) + None,
    "* list": lambda V: [1] * V(1.0),
    "< text": lambda V: V(1.0) < "1",
    "< None": lambda V: V(1.0) < None,
    "== text": lambda V: V(1.0) == "1",
    "== a huge int": lambda V: V(1.0) == 10**400,
    "== numpy": lambda V: V(1.0) == np.float64(1.0),
    "pow with modulus": lambda V: pow(V(2.0), 2, 3),
    "reflected pow with modulus": lambda V: pow(2, V(2.0), 3),
    "1/0": lambda V: 1 / V(0.0, label="zero"),
    "x/0": lambda V: V(1.0, label="x") / 0,
    "x%0": lambda V: V(1.0) % 0,
    "log(-1)": lambda V: V(-1.0, label="x").log(),
    "exp(710)": lambda V: V(710.0).exp(),
    "root of a negative": lambda V: V(-8.0) ** (1 / 3),
    "too many arguments": lambda V: V(1.0).exp(2),
    "a named argument": lambda V: V(1.0).exp(y=2),
    "leaky_relu of three": lambda V: V(1.0).leaky_relu(1, 2),
    "leaky_relu by a Value": lambda V: V(1.0).leaky_relu(V(0.1)),
    "leaky_relu by name": lambda V: V(-1.0).leaky_relu(negative_slope=0.5),
    "clamp upside down": lambda V: V(1.0).clamp(2, 1),
    "class method without self": lambda V: V.exp(),
    "class method": lambda V: V.exp(2.0),
    "backward of text": lambda V: V(1.0).backward("1"),
    "backward of two": lambda V: V(1.0).backward(1, 2),
    "backward by a wrong name": lambda V: V(1.0).backward(seed=1),
    "backward of None": lambda V: V(1.0).backward(None),
    "local_gradients of one": lambda V: (V(1.0) * 2).local_gradients(1),
    "detach of one": lambda V: V(1.0).detach(1),
    "zero_grad of one": lambda V: V(1.0).zero_grad(1),
    "interpret": lambda V: V(1.0).interpret(ag.exp, ("a", V(1.0))),
    "pickle of a node": lambda V: pickle.dumps(V(1.0) * 2),
    "format": lambda V: f"{V(1.0):d}",
    "round": lambda V: round(V(2.5)),
    "round to text": lambda V: round(V(2.5), "a"),
    "sum of text": lambda V: ag.sum([V(1.0), "a"]),
    "sum of a Value": lambda V: ag.sum(V(1.0)),
    "dot of two lengths": lambda V: ag.dot([V(1.0)], [1, 2]),
    "mean of none": lambda V: ag.mean([]),
    "bool": lambda V: bool(V(0.0)),
    "hash differs": lambda V: len({hash(x) for x in [V(1.0), V(1.0)]}),
    "the other engine's": lambda V: V(1.0) + next(e.Value for e in ENGINES if e.Value is not V)(1.0),
    "the other engine's on the left": lambda V: next(e.Value for e in ENGINES if e.Value is not V)(1.0) * V(1.0),
    "subclass": lambda V: type("Mine", (V,), {})(1.0) * V(2.0) + type("Mine", (V,), {})(3.0),
    "subclass on the right": lambda V: V(2.0) - type("Mine", (V,), {})(3.0),
    "subclass with a number": lambda V: (1 - type("Mine", (V,), {})(3.0)).tanh(),
    "subclass repr": lambda V: repr(type("Mine", (V,), {})(3.0, label="m")),
}


@pytest.mark.parametrize("call", BAD.values(), ids=BAD)
def test_awkward_uses_agree_to_the_word(call: Any) -> None:
    """Whatever one engine says to an awkward use, the other says in the same words."""
    ours, theirs = outcome(lambda: call(native.Value)), outcome(lambda: call(value.Value))
    assert ours == theirs


# ---- what is different: the cost ---------------------------------------------------------------------


def test_a_node_is_small_and_not_tracked() -> None:
    """A binary node takes at most 112 bytes, and the garbage collector does not look at nodes."""
    x = native.Value(1.0)
    y = x * x
    assert sys.getsizeof(y) <= 112
    assert not gc.is_tracked(x)
    assert not gc.is_tracked(y)
    assert not gc.is_tracked(ag.sum([y, x, x]))


def test_pickles_open_on_either_engine() -> None:
    """A leaf of the engine that runs is pickled without the engine's name; one of the other comes back as it was."""
    for engine in ENGINES:
        leaf = engine.Value(0.1, label="w")
        leaf.grad = -2.5
        data = pickle.dumps(leaf)
        back = pickle.loads(data)
        assert (type(back), back.data, back.grad, back.label) == (engine.Value, 0.1, -2.5, "w")
        assert (b"_native" in data) == (engine is native and ag.engine() == "python")
    data = pickle.dumps(ag.Value(2.0, label="w"))
    code = "import pickle, sys, autograd as ag; v = pickle.load(sys.stdin.buffer); print(ag.engine(), type(v) is ag.Value, v)"
    for engine in ("python", "native"):
        run = subprocess.run(
            [sys.executable, "-c", code], input=data, capture_output=True, check=True, cwd=ROOT,
            env=os.environ | {"AUTOGRAD_ENGINE": engine},
        )  # fmt: skip
        assert run.stdout.decode().strip() == f"{engine} True Value(data=2.0, grad=0.0, label='w')"
