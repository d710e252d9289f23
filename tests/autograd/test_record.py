"""What a record is: a function with its rules, its names and signature, its options, and how it is written."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import math
import pickle
import random
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import kernels, operators, records
from autograd.record import ListPrimitive, NaryPrimitive, is_tracked, number_of, record

EVERY = {name: r for name, r in vars(records).items() if isinstance(r, ag.Primitive)}


@pytest.mark.parametrize("name", EVERY)
def test_a_record_is_its_function(name: str) -> None:
    """A record has the name, the docstring, the signature and the defaults of a function, and computes what that returns."""
    made = EVERY[name]
    function: Any = inspect.unwrap(made)
    assert type(function) is type(test_a_record_is_its_function)
    assert (made.__name__, made.__doc__) == (function.__name__, function.__doc__)
    assert f"def {name}(" in inspect.getsource(made)
    parameters, own = inspect.signature(made).parameters, inspect.signature(function).parameters
    assert [(p.name, p.kind, p.default) for p in parameters.values()] == [(p.name, p.kind, p.default) for p in own.values()]
    rng = random.Random(name)
    xs = [rng.uniform(0.1, 0.9) for _ in range(3)]
    operands: list[Any] = [2.0] * (name in ("polygamma", "sinc_dn")) + xs
    if made.arity is None:
        sequences = [xs] * (2 if name == "dot" else 1)
        assert made(*sequences) == function(*sequences)
    elif name == "clamp":
        assert made(0.5, 0.0, 1.0) == function(0.5, 0.0, 1.0)
    else:
        operands = [x + 1.0 for x in operands[: made.arity]] if name.startswith("arccosh") else operands[: made.arity]
        assert made(*operands) == function(*operands)


def test_a_record_that_only_calls_a_kernel_is_that_kernel() -> None:
    """Where a record does nothing but call a kernel, it saves that call; a function that does more stays what it is."""
    assert ag.exp.function is math.exp
    assert ag.clamp.function is kernels.clamp
    assert ag.arctan2.function is math.atan2
    assert ag.sum.function is kernels.total
    assert ag.add.function is inspect.unwrap(ag.add)
    own = lambda x: math.sqrt(x)  # noqa: E731  # what a user hands over is called as it is
    assert ag.primitive(own, lambda z, x: 0.5 / z, name="own").function is own


@pytest.mark.parametrize("name", ag.primitives())
def test_help_reads_as_a_function_of_a_library(name: str) -> None:
    """help() shows the signature, the derivative, each operand, what is returned, what is raised, and an example.

    The derivative comes before the arguments: tools that read docstrings take a section that they don't know, after
    "Returns", for a part of that one.
    """
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        help(getattr(ag, name))
    text = shown.getvalue()
    made = ag.primitives()[name]
    assert f"\n{name}{inspect.signature(made)}\n" in text
    head, rest = text.split("    Args:\n")
    assert re.search(r"    Derivative:\n        .*\S\n", head)
    for parameter in inspect.signature(made).parameters:
        assert f"        {parameter}: " in rest
    for part in ("    Returns:\n", f"    >>> from autograd import {name}\n"):
        assert part in rest
    assert ("    Raises:\n" in rest) or not made.remedy


def test_what_a_rule_is_for_must_be_an_operand() -> None:
    """A rule for a name that the function doesn't have is refused."""
    with pytest.raises(TypeError, match=r"^twice has no operand for the rule dy; its rules are \['dx'\]$"):

        @record(dy=lambda z, x: 2.0)
        def twice(x: Any) -> Any:
            return 2.0 * x


def test_a_record_of_ones_own(Value: Any) -> None:
    """The decorator makes a primitive of any function: one of a sequence with an option, and one that returns a list."""

    @record(kind=NaryPrimitive, dxs=lambda z, xs, times: [times] * len(xs), kinks=lambda z, xs: z == 0.0)
    def scaled(xs: Sequence[float], /, *, times: float = 2.0) -> float:
        return times * math.fsum(xs)

    @record(kind=ListPrimitive, dxs=lambda z, xs, component: [1.0 if i <= component else 0.0 for i in range(len(xs))])
    def running(xs: Sequence[float], /) -> list[float]:
        return [math.fsum(xs[: i + 1]) for i in range(len(xs))]

    x = Value(3.0)
    assert (scaled([x, 1.0]).data, scaled([x, 1.0]).local_gradients(), scaled([x], times=5).local_gradients()) == (
        8.0,
        (2.0,),
        (5.0,),
    )
    assert (scaled.at_kink(0.0, [0.0]), scaled.at_kink(1.0, [1.0]), running.at_kink(0.0, [0.0])) == (True, False, False)
    sums = running([x, 1.0, x])
    assert [s.data for s in sums] == [3.0, 4.0, 7.0]
    assert [s.local_gradients() for s in sums] == [(1.0, 0.0), (1.0, 0.0), (1.0, 1.0)]
    assert running([1, 2]) == [1.0, 3.0]


def test_options_are_no_operands(Value: Any) -> None:
    """A node's operands are what was handed over: no component and no ddof, which its op knows."""
    x = Value(1.0)
    node = ag.softmax([x, 2.0])[1]
    assert node.operands == (x, 2.0)
    assert (node.op.options, node.op.origin, node.op.name) == ({"component": 1}, ag.softmax, "softmax")
    assert node.op is ag.softmax.bind(component=1) is not ag.softmax
    assert ag.var([x, 2.0]).op is ag.var.bind(ddof=0.0) is ag.var
    assert (ag.var([x, 2.0], ddof=1).op.origin, ag.var.options) == (ag.var, {"ddof": 0.0})
    assert node.op([0.0, 0.0]) == 0.5
    assert node.op.bind(component=0) is ag.softmax.bind(component=0)
    assert ag.dot([x, 2.0], [3.0, 4.0]).operands == (x, 2.0, 3.0, 4.0)


def test_what_is_bound_pickles_and_shows_its_options() -> None:
    """A bound primitive pickles to itself, and its repr says what is fixed."""
    for bound in (ag.softmax.bind(component=2), ag.var.bind(ddof=0.5), ag.var):
        assert pickle.loads(pickle.dumps(bound)) is bound
    assert [repr(op) for op in (ag.softmax.bind(component=2), ag.std.bind(ddof=0.5), ag.std)] == [
        "<primitive softmax, component=2>", "<primitive std, ddof=0.5>", "<primitive std>",
    ]  # fmt: skip


WRITTEN: list[tuple[Any, list[str], str, str]] = [
    (ag.add, ["x", "y"], "x + y", "x + y"),
    (ag.power, ["x", "2"], "x ** 2", "x ** 2"),
    (ag.negative, ["x"], "-x", "-x"),
    (ag.absolute, ["x"], "abs(x)", "absolute(x)"),
    (ag.exp, ["x"], "exp(x)", "exp(x)"),
    (ag.clamp, ["x", "0", "1"], "clamp(x, 0, 1)", "clamp(x, 0, 1)"),
    (ag.sum, ["x", "y"], "sum(x, y)", "sum([x, y])"),
    (ag.dot, ["a", "b", "c", "d"], "dot(a, b, c, d)", "dot([a, b], [c, d])"),
    (ag.softmax, ["x", "y"], "softmax(x, y)", "softmax([x, y])"),
    (ag.softmax.bind(component=1), ["x", "y"], "softmax(x, y)[1]", "softmax([x, y])[1]"),
    (ag.var, ["x", "y"], "var(x, y)", "var([x, y])"),
    (ag.var.bind(ddof=1.0), ["x", "y"], "var(x, y, ddof=1)", "var([x, y], ddof=1.0)"),
    (ag.primitive(math.sqrt, lambda z, x: 0.5 / z, symbol="√"), ["x"], "√x", "sqrt(x)"),
    (ag.primitive(math.hypot, [lambda z, x, y: x / z] * 2, symbol="⊕"), ["x", "y"], "x ⊕ y", "hypot(x, y)"),
]


@pytest.mark.parametrize(("op", "words", "paper", "python"), WRITTEN, ids=[row[2] for row in WRITTEN])
def test_an_application_is_written_in_one_way(op: Any, words: list[str], paper: str, python: str) -> None:
    """On paper with the symbol, and as Python with the name and the brackets; another symbol takes the place of its own."""
    assert op.written(words) == paper
    assert op.written(words, python=True) == python
    assert op.written(words, symbol="f").startswith("f(")


@pytest.mark.parametrize("name", [name for name, r in EVERY.items() if r.inner])
def test_what_stands_for_a_derivative_reads_as_one(name: str) -> None:
    """In the graph of a derivative nothing has a Python name such as ``tanh_dx``, and nothing is written infix by it."""
    op = EVERY[name]
    assert "_" not in op.symbol
    words = ["a", "b"][: op.arity or 1]
    function, _, operand = name.partition("_d")
    if name not in ("chain", "deviation", "sinc_dn"):
        assert op.symbol == (f"{function}′" if op.arity == 1 else f"∂{function}/∂{operand}")
        assert op.written(words) == f"{op.symbol}({', '.join(words)})"
        assert op.written(words, python=True) == f"{name}({', '.join(words)})"


def test_the_graph_of_a_derivative_reads_as_mathematics(Value: Any) -> None:
    """In both engines the nodes of a derivative say tanh′ and ∂power/∂x, in error messages too."""
    x = Value(0.5, label="x")
    order = ag.topological_order(ag.gradients(x.tanh() ** 3, x, create_graph=True))
    assert [node.op.symbol for node in order if node.op] == ["tanh", "∂power/∂x", "tanh′", "*"]
    assert [node._op for node in order] == ["", "tanh", "∂power/∂x", "tanh′", "*"]
    assert records.sqrt_dx.describe((x,)) == "sqrt′(x) where x = 0.5"


def test_a_type_checker_sees_the_methods() -> None:
    """The signatures in `Operators` that only a type checker reads are those of the methods that are there."""
    (tree,) = [n for n in ast.parse(inspect.getsource(operators)).body if isinstance(n, ast.ClassDef) and n.name == "Operators"]
    (block,) = [n for n in tree.body if isinstance(n, ast.If)]
    seen = {n.name: n.args for n in block.body if isinstance(n, ast.FunctionDef)}
    methods = {name: x for name, x in vars(operators.Operators).items() if isinstance(x, ag.Primitive)}
    assert set(methods) <= set(seen)
    for name, made in methods.items():
        parameters = [*inspect.signature(made).parameters.values()][1:]
        assert len(seen[name].args) - 1 == len(parameters), name
        defaults = [ast.literal_eval(x) for x in seen[name].defaults]
        assert defaults == [p.default for p in parameters if p.default is not p.empty]
    assert {"exp", "hypot", "clamp", "pow", "abs"} <= set(methods)
    assert not {"add", "where", "sum", "absolute", "tanh_dx"} & set(methods)


def test_numbers_and_what_carries_a_derivative(Value: Any) -> None:
    """is_tracked tells a Value and a dual number from a plain number, and number_of gives the number of each."""
    seen: list[Any] = []
    ag.jvp(lambda x: seen.append((is_tracked(x), number_of(x))) or x, (2.0,), (1.0,))  # type: ignore[func-returns-value]
    assert seen == [(True, 2.0)]
    assert [is_tracked(x) for x in (Value(1.0), 1.0, np.float64(1.0), "1", None)] == [True, False, False, False, False]
    assert [number_of(x) for x in (Value(1.5), 2.5, 3, np.float64(4.5))] == [1.5, 2.5, 3.0, 4.5]
    with pytest.raises(TypeError, match="convert the text first"):
        number_of("1")
