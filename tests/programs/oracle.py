"""The oracle of the proof of programs: a compiled function gives what the function itself gives, bit for bit.

`Pair` holds a function and its compiled twin and calls both: with floats, with Values, and under transformations. What they
give is compared as plain data: bits of floats, has_grad, the type and words of an error. `random_function` writes random
Python with
branches, loops, rounding and captured Values; `drawn` gives the proof's random expressions.
"""

from __future__ import annotations

import array
import importlib
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import autograd as ag
from autograd.testing.expressions import OPERATIONS, Expression, build
from autograd.testing.graphs import engine_of

__all__ = ["STRANGE", "Function", "Pair", "bits", "described", "drawn", "outcome", "random_function",
           "random_point", "read"]  # fmt: skip

STRANGE = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, 5e-324, -5e-324, 1e-310, 1e-160, 1e160, -1e160, 1.7e308, float("inf"),
           float("-inf"), float("nan"), 709.5, -745.5, 36.8, -36.8, 1.0 + 2.0**-52, 0.1)  # fmt: skip


def bits(x: float) -> str:
    """A float down to its sign; every nan is the same."""
    return "nan" if x != x else struct.pack(">d", x).hex()


def described(x: Any) -> Any:
    """A result as plain data that can be compared; a Value is its number, marked as one."""
    if ag.is_value(x) if hasattr(ag, "is_value") else hasattr(x, "interpretation_level"):
        return ("Value", bits(x.data))
    if type(x) is float:
        return bits(x)
    if isinstance(x, dict):
        return {key: described(each) for key, each in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [described(each) for each in x]
    if hasattr(x, "tolist"):  # an array or number of NumPy
        return type(x).__name__, str(x.dtype), described(x.tolist())
    return x


def numbers(x: Any) -> Any:
    """As `described`, without the difference between a float and a Value."""
    found = described(x)
    strip = lambda d: (  # noqa: E731
        d[1] if isinstance(d, tuple) and d and d[0] == "Value"
        else {k: strip(e) for k, e in d.items()} if isinstance(d, dict)
        else (d[0], [strip(e) for e in d[1]]) if isinstance(d, tuple) and len(d) == 2 and isinstance(d[1], list)
        else d
    )  # fmt: skip
    return strip(found)


def outcome(call: Callable[[], Any], of: Callable[[Any], Any] = described) -> Any:
    """What a call gives: its result as plain data, or its error's type and words."""
    try:
        return of(call())
    except (ArithmeticError, ValueError, TypeError, AttributeError, IndexError, KeyError, RuntimeError) as error:
        return "raises", type(error).__name__, str(error)


def leaves_of(x: Any) -> list[Any]:
    """The numbers of a result, in order."""
    if isinstance(x, dict):
        return [leaf for each in x.values() for leaf in leaves_of(each)]
    if isinstance(x, (list, tuple)):
        return [leaf for each in x for leaf in leaves_of(each)]
    return [x]


@dataclass
class Pair:
    """A function and its compiled twin.

    Args:
        f: the function.
        text: what to show of it where they differ.
        captured: Values that f reads from outside; both twins read the same ones.
        compiled: `autograd.compile(f)`, unless another twin is given.
    """

    f: Callable[..., Any]
    text: str = ""
    captured: Sequence[Any] = ()
    compiled: Any = None
    compared: int = field(default=0, init=False)
    transformed: dict[str, tuple[Any, Any]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.compiled is None:
            self.compiled = ag.compile(self.f)

    def same(self, what: str, point: Any, eager: Any, fast: Any) -> None:
        """Fail with a text to paste where two outcomes differ."""
        self.compared += 1
        assert fast == eager, f"{what} at {point!r}\neager    {eager}\ncompiled {fast}\n{self.text}"

    def on_floats(self, point: Sequence[Any]) -> Any:
        """Plain numbers in; what comes out must be numbers of the same type, with the bits of f."""
        eager = outcome(lambda: self.f(*point))
        self.same("floats", point, eager, outcome(lambda: self.compiled(*point)))
        return eager

    def gradient(self, point: Sequence[Any], transform: str = "value_and_grad", argnums: Any = None) -> None:
        """A transformation of the compiled function against the same of f."""
        key = f"{transform} {argnums}"
        if key not in self.transformed:
            make = getattr(ag, transform)
            positions = tuple(range(len(point))) if argnums is None else argnums
            self.transformed[key] = make(self.f, positions), make(self.compiled, positions)
        eager, fast = self.transformed[key]
        self.same(transform, point, outcome(lambda: eager(*point)), outcome(lambda: fast(*point)))

    def _walked(self, f: Callable[..., Any], point: Sequence[float], Value: Any, pattern: Sequence[int]) -> Any:
        """Values in, and backward from each number of the result, for itself: numbers and gradients, has_grad included."""
        fresh = [Value(x) for x in point]
        arguments = [fresh[i] for i in pattern]
        everything = [*fresh, *self.captured]
        result = f(*arguments)
        found = [described(result)]
        for y in leaves_of(result):
            if not hasattr(y, "backward"):
                continue
            for v in everything:
                v.grad = None
            try:
                y.backward()
            except ArithmeticError as error:
                found.append((type(error).__name__, str(error)))
            found.append([(bits(v.grad), v.has_grad) for v in everything])
        for v in everything:
            v.grad = None
        return found

    def on_values(self, point: Sequence[float], Value: Any, pattern: Sequence[int] | None = None) -> None:
        """Values in: numbers, and gradients of arguments and captured Values from each number of the result as the root.

        ``pattern`` says which of the Values each argument is, so that one Value may be passed twice.
        """
        places = range(len(point)) if pattern is None else pattern
        eager = outcome(lambda: self._walked(self.f, point, Value, places), lambda x: x)
        fast = outcome(lambda: self._walked(self.compiled, point, Value, places), lambda x: x)
        self.same(f"Values {list(places)}", point, eager, fast)


# ---- programs that are read here ------------------------------------------------------------------------


def read(roots: Sequence[Any], inputs: Sequence[Any], captured: Sequence[Any] = ()) -> Any:
    """The program of a graph: all nodes of all roots, parents first, in the order in which `topological_order` has them."""
    slots: dict[Any, int] = {leaf: i for i, leaf in enumerate([*inputs, *captured])}
    constants: list[float] = []
    nodes: dict[Any, None] = {}  # and no list, in which `in` would compare numbers
    for root in roots:
        for node in engine_of(root).topological_order(root):
            if node in slots or node in nodes:
                continue
            if node.parents:
                nodes[node] = None
            else:
                slots[node] = -1 - len(constants)
                constants.append(node.data)
    for node in nodes:
        for x in node.operands:
            if isinstance(x, float):
                slots[("constant", bits(x))] = -1 - len(constants)  # type: ignore[index]
                constants.append(x)
    before = len(inputs) + len(captured)
    slots = {key: slot if slot >= 0 else before - 1 - slot for key, slot in slots.items()}
    first = before + len(constants)
    table: list[Any] = []
    ops, starts, operands = array.array("H"), array.array("I", [0]), array.array("I")
    for i, node in enumerate(nodes):
        if node.op not in table:
            table.append(node.op)
        ops.append(table.index(node.op))
        operands.extend(slots[("constant", bits(x)) if isinstance(x, float) else x] for x in node.operands)  # type: ignore[index]
        starts.append(len(operands))
        slots[node] = first + i
    return importlib.import_module("autograd.program").Program(
        len(inputs), captured, constants, table, ops, starts, operands, (), [slots[root] for root in roots]
    )


# ---- random expressions and random Python ------------------------------------------------------------

NAMES = list(OPERATIONS)


def drawn(rng: random.Random, longest: int = 14, names: Sequence[str] = NAMES, **options: Any) -> Expression:
    """A random expression of the proof, without Hypothesis, so that thousands take a second."""
    point = [rng.uniform(-3, 3) for _ in range(rng.randint(1, 3))]
    steps = [(rng.choice(names), rng.randrange(8), rng.randrange(8)) for _ in range(rng.randint(1, longest))]
    return build(point, steps, **options)


def random_point(rng: random.Random, count: int, strange: float = 0.2) -> list[float]:
    """Numbers of all kinds: near 1, whole, and with some probability strange ones."""
    return [
        rng.choice(STRANGE)
        if rng.random() < strange
        else float(rng.randint(-3, 3))
        if rng.random() < 0.2
        else rng.gauss(0.0, 1.5)
        for _ in range(count)
    ]


# Operations as text: {a} and {b} are names. Those of UNSAFE raise at many points, so they are drawn rarely.
SAFE = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} * {a}", "-{a}", "+{a}", "{a} + 1.5", "2.0 - {a}", "0.75 * {a}", "{a} * 0.0",
    "{a} - {a}", "{a} / ({b} * {b} + 0.5)", "ag.sin({a})", "ag.cos({a})", "ag.tanh({a})", "ag.exp(ag.sin({a}))",
    "ag.log({a} * {a} + 0.25)", "ag.sqrt({a} * {a} + 0.25)", "ag.sigmoid({a})", "ag.softplus({a})", "ag.relu({a})",
    "abs({a})", "ag.maximum({a}, {b})", "ag.minimum({a}, {b})", "{a} ** 2", "{a} ** 3.0", "ag.square({a})",
    "ag.leaky_relu({a}, 0.125)", "ag.elu({a}, 1.0)", "ag.silu({a})", "ag.gelu({a})", "ag.arctan({a})", "ag.arctan2({a}, {b})",
    "ag.hypot({a}, {b})", "ag.logaddexp({a}, {b})", "ag.erf({a})", "ag.erfc({a})", "ag.copysign({a}, -1.0)", "ag.cbrt({a})",
    "ag.arcsinh({a})", "ag.logsigmoid({a})", "ag.expm1(ag.tanh({a}))", "ag.sum([{a}, {b}, {a}, 0.5])", "ag.mean([{a}, {b}])",
    "ag.dot([{a}, {b}, 1.5], [{b}, {a}, {a}])", "ag.dot([{a}, {a}], [{a}, 0.5])", "ag.prod([{a}, {b}, 2.0])",
    "ag.prod([{a}, {a}])", "ag.norm([{a}, {b}])", "ag.logsumexp([{a}, {b}, 0.0])", "ag.softmax([{a}, {b}, {a}])[1]",
    "ag.log_softmax([{a}, {b}])[0]", "ag.max([{a}, {b}, 0.25])", "ag.min([{a}, {b}, {a}])", "ag.var([{a}, {b}, 1.0])",
    "ag.std([{a}, {b}, 1.0])", "ag.where({a} > 0.25, {b}, 0.5)", "ag.where(1.0, {a}, {b})", "ag.clamp({a}, -1.0, 1.0)",
    "ag.stop_gradient({a}) * {b}", "{a} * ag.stop_gradient({a})", "sum([{a}, {b}, {a}])", "max({a}, {b})",
    "min({a}, {b}, 0.5)", "ag.sinc({a})", "ag.lgamma({a} * {a} + 0.5)", "ag.erfinv(ag.tanh({a}) * 0.875)",
    "{a} if {a} else {b}", "({a} and {b}) + 0.5", "sorted([{a}, {b}, 0.5])[1]", "{a} * ag.sign({b})",
    "{a} * float({b} > {a})", "{b} + ({a} == {b})", "{b} * (not {a})",
]  # fmt: skip
UNSAFE = [
    "{a} / {b}", "ag.log({a})", "ag.sqrt({a})", "{a} ** 0.5", "{a} ** {b}", "ag.exp({a})", "1.0 / {a}", "{a} % {b}",
    "ag.arcsin({a})", "ag.log1p({a})", "ag.gamma({a})", "ag.digamma({a})", "ag.arccosh({a})", "ag.exp2({a})", "ag.cosh({a})",
    "{a} ** -1", "ag.tan({a})", "{a} * ag.floor({b})", "{a} + ag.round({b})", "{a} * ag.ceil({b}) - ag.trunc({a})",
    "{a} + {a} // {b}", "{b} * ({a} // 0.5)", "divmod({a}, {b})[1]", "{a} % 0.75", "ag.power({a}, {b})", "2.0 ** {a}",
    "1.5 ** ag.tanh({a})",
]  # fmt: skip
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]


@dataclass
class Function:
    """A random function in Python: its text, how many arguments it takes, and its captured Values."""

    text: str
    arguments: int
    function: Callable[..., Any]
    captured: list[Any]

    def pair(self) -> Pair:
        """With its compiled twin."""
        return Pair(self.function, self.text, self.captured)


class _Writer:
    def __init__(self, rng: random.Random, names: list[str], unsafe: float) -> None:
        self.rng, self.unsafe = rng, unsafe
        self.lines: list[str] = []
        self.count = 0
        self.names = names

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def pick(self) -> str:
        return self.rng.choice(self.names[-5:] if self.rng.random() < 0.7 else self.names)

    def operation(self) -> str:
        text = self.rng.choice(UNSAFE if self.rng.random() < self.unsafe else SAFE)
        return text.format(a=self.pick(), b=self.pick())

    def condition(self) -> str:
        right = self.pick() if self.rng.random() < 0.5 else repr(self.rng.choice([0.0, 0.5, -1.0, 1.0, -0.0]))
        return f"{self.pick()} {self.rng.choice(COMPARISONS)} {right}"

    def write(self, depth: int, statements: int) -> None:
        pad = "    " * (depth + 1)
        for _ in range(statements):
            kind = self.rng.random()
            if depth < 2 and kind < 0.16:  # a branch: both ways set the same name, and what is inside stays inside
                name, before = self.fresh(), list(self.names)
                self.lines.append(f"{pad}if {self.condition()}:")
                self.write(depth + 1, self.rng.randint(0, 2))
                self.lines.append(f"{pad}    {name} = {self.operation()}")
                self.names[:] = before
                self.lines.append(f"{pad}else:")
                self.write(depth + 1, self.rng.randint(0, 1))
                self.lines.append(f"{pad}    {name} = {self.operation() if self.rng.random() < 0.7 else self.pick()}")
                self.names[:] = [*before, name]
            elif depth < 2 and kind < 0.21:  # a loop of a fixed number of turns
                name = self.fresh()
                self.lines.append(f"{pad}{name} = {self.pick()}")
                self.lines.append(f"{pad}for _ in range({self.rng.randint(1, 3)}):")
                self.names.append(name)
                self.lines.append(f"{pad}    {name} = {self.operation()}")
            elif depth < 2 and kind < 0.26:  # a loop until a condition holds, within a limit
                name = self.fresh()
                self.lines += [f"{pad}{name}, turns = {self.pick()}, 0", f"{pad}while abs({name}) > 0.5 and turns < 6:",
                               f"{pad}    {name}, turns = {name} * 0.5, turns + 1"]  # fmt: skip
                self.names.append(name)
            elif kind < 0.29:
                self.lines.append(f"{pad}{self.operation()}  # its result is not used")
            elif kind < 0.32:
                name = self.fresh()
                self.lines += [f"{pad}with ag.no_grad():", f"{pad}    {name} = {self.operation()}"]
                self.names.append(name)
            elif kind < 0.35:
                name = self.fresh()
                self.lines += [f"{pad}with ag.group('part'):", f"{pad}    {name} = {self.operation()}"]
                self.names.append(name)
            else:
                name, text = self.fresh(), self.operation()
                self.lines.append(f"{pad}{name} = {text}")
                self.names.append(name)


def random_function(rng: random.Random, Value: Any, unsafe: float = 0.06, captured: int | None = None) -> Function:
    """A random function with branches, loops, rounding, dead code, blocks and captured Values."""
    inputs = rng.randint(1, 3)
    held = [Value(rng.gauss(0.0, 1.0)) for _ in range(rng.randint(0, 2) if captured is None else captured)]
    names = [f"x{i}" for i in range(inputs)] + [f"p{i}" for i in range(len(held))]
    writer = _Writer(rng, list(names), unsafe)
    writer.write(0, rng.randint(2, 9))
    last = writer.pick
    shape = rng.random()
    if shape < 0.72:
        result = writer.names[-1]
    elif shape < 0.8:
        result = f"[{last()}, {last()}]"
    elif shape < 0.86:
        result = f"({last()}, {{'one': {last()}, 'two': 0.5}})"
    elif shape < 0.92:
        result = " + ".join(names)
    else:
        result = last()
    text = "\n".join(
        [f"def f({', '.join(f'x{i}' for i in range(inputs))}):", *writer.lines, f"    return {result}"]
        + [f"# p{i} = Value({p.data!r})" for i, p in enumerate(held)]
    )
    space: dict[str, Any] = {"ag": ag} | {f"p{i}": p for i, p in enumerate(held)}
    exec(compile(text, "<random>", "exec"), space)
    return Function(text, inputs, space["f"], held)
