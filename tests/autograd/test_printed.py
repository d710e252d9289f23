"""Programs as text: names, and Python. The other languages have files of their own."""

from __future__ import annotations

import builtins
import math
from array import array
from typing import Any

import printing
import pytest

import autograd as ag
from autograd import kernels_exact, records
from autograd.printed import LANGUAGES, Names, UnprintableError
from autograd.printed_c import C
from autograd.printed_javascript import JavaScript
from autograd.printed_python import replay_function, shown, written
from autograd.program import Guard, Program, Stale, program_of, stop
from autograd.record import ListPrimitive, NaryPrimitive
from autograd.testing.expressions import OPERATIONS

MODULES = {"math", "decimal", "fractions", "functools"}


def executed(text: str) -> dict[str, Any]:
    """A text as a module that may import nothing but some of the standard library."""

    def imported(name: str, *rest: Any) -> Any:
        assert name in MODULES, name
        return __import__(name, *rest)

    namespace: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": imported}}
    exec(text, namespace)
    return namespace


@pytest.mark.parametrize("part", range(10))
def test_random_programs_have_the_bits_of_eager(part: int, thorough: bool) -> None:
    """Value and derivatives, by the text and by the function that replays, are those of a backward pass, bit by bit."""
    count = 50 if thorough else 8
    for seed in range(part * count, (part + 1) * count):
        program, point, expected = printing.drawn(seed)
        numbers = [*point, *[x.data for x in program.captured]]
        value, derivatives = replay_function(program, 0)(*numbers)
        assert printing.hexed([value, *derivatives]) == printing.hexed(expected), seed
        assert printing.hexed(replay_function(program)(*numbers)) == printing.hexed(expected[:1])
        if seed % 4 == 0:
            module = executed(written(program))
            value, derivatives = module["value_and_gradients"](*point)  # the captured ones have their numbers as defaults
            assert printing.hexed([value, *derivatives]) == printing.hexed(expected), seed
            assert module["value"](*numbers).hex() == expected[0].hex()


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_by_itself(name: str) -> None:
    """The text of each operation has the bits of eager at ordinary and at awkward points, and raises where eager does."""
    zones, call = OPERATIONS[name]
    start = 1.625 if name == "arccosh" else 0.625
    program, _, _ = printing.of_function(lambda *xs: call(ag, xs[0], xs[-1], 0.0), *[start] * len(zones))
    module = executed(written(program))
    for x in (0.625, -0.625, 0.0, -0.0, 1.0, 3.0, -3.0, 40.0, 1e-300, -1e300, math.inf, -math.inf, math.nan):
        point = [x, -0.375, 2.0][: len(zones)]
        inputs = [printing.V(x) for x in point]
        try:
            expected = printing.eager(program, inputs)[2]
        except (ArithmeticError, ValueError) as error:
            kinds = next(k for k in (ArithmeticError, ValueError) if isinstance(error, k))
            with pytest.raises(kinds):
                module["value_and_gradients"](*point)
            continue
        value, derivatives = module["value_and_gradients"](*point)
        assert printing.hexed([value, *derivatives]) == printing.hexed(expected), point


SMOOTH = [name for name, (zones, _) in OPERATIONS.items() if not {"kink", "apart"} & set(zones)]


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_as_programs(name: str) -> None:
    """The graph of a derivative, which has records of its own, is a program with the bits of eager too."""
    program, point, expected = printing.derivative_of(name)
    value, derivatives = executed(written(program))["value_and_gradients"](*point)
    assert printing.hexed([value, *derivatives]) == printing.hexed(expected)


def test_squares_are_plain() -> None:
    """x ** 2.0 is written with its operator, and so is its derivative; the bits are eager's at every kind of number."""
    program, _, _ = printing.of_function(lambda x, y: (x + y) ** 2.0, 1.0, 1.0)
    module = executed(written(program))
    assert "** 2.0" in module["__builtins__"]["str"](program)
    assert "power" not in written(program)
    for x in (1.5, -2.0, 0.0, -0.0, 1e-320, -1e-170, 1e150, math.inf, -math.inf, math.nan):
        inputs = [printing.V(x), printing.V(-0.0)]
        value, derivatives = module["value_and_gradients"](x, -0.0)
        assert printing.hexed([value, *derivatives]) == printing.hexed(printing.eager(program, inputs)[2])


def test_reads_like_a_lecture() -> None:
    """Labels are the names, each result and each derivative has a line, and what is not needed is not there."""
    program, _, _ = printing.of_function(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0, labels="x y z")
    assert str(program) == "\n".join(
        [
            "def value_and_gradients(x, y, z):",
            "    # forward",
            "    t1 = x + y",
            "    t2 = t1 * z",
            "",
            "    # backward from t2",
            "    d_t2 = 1.0",
            "    d_t1 = z",
            "    d_x = 0.0 + d_t1",
            "    d_y = 0.0 + d_t1",
            "    d_z = 0.0 + t1",
            "    return t2, [d_x, d_y, d_z]",
        ]
    )
    assert executed(program.source())["value_and_gradients"](-2.0, 5.0, -4.0) == (-12.0, [-4.0, -4.0, 3.0])


def test_a_graph_as_a_program(Value: Any) -> None:
    """The graph of either engine is a program; inputs may be computed ones, other leaves are captured."""
    x, w = Value(0.5, "x"), Value(2.0, "w")
    y = ag.exp(x)
    y.label = "y"
    program = program_of([y * w + 1.0, y], [y])
    assert (program.inputs, program.captured, program.constants, len(program)) == (1, (w,), (1.0,), 2)
    assert executed(program.source())["value_and_gradients"](3.0) == ([7.0, 3.0], [[2.0, 3.0], [1.0, 0.0]])


def test_arguments_have_their_names() -> None:
    """A compiled function's program has the names of its arguments; those that have none have numbers."""

    def f(x: Any, ys: Any, *rest: Any, scale: Any) -> Any:
        return x * ys[0] + ys[1] * rest[0] + scale

    fast = ag.compile(f)
    for _ in range(3):
        assert fast(1.0, [2.0, 3.0], 4.0, scale=5.0) == 19.0
    assert "def value_and_gradients(x, ys_0, ys_1, x4, scale):" in str(fast.program)
    known = ag.compile(ag.tanh)  # whose signature is there as well
    for _ in range(3):
        known(0.5)
    assert "def value_and_gradients(x):" in str(known.program)
    unknown = ag.compile(max)
    for _ in range(3):
        assert unknown(1.0, 2.0) == 2.0
    assert "def value_and_gradients(x1, x2):" in str(unknown.program)


def test_long_programs_are_not_printed() -> None:
    """print() of a program of many instructions tells its sizes, and `source` still writes it; long lines are broken."""
    program, point, expected = printing.of_function(lambda x: ag.sum([x * float(i) for i in range(1200)]), 0.5)
    assert str(program) == repr(program)
    text = program.source()
    assert max(map(len, text.splitlines())) <= 120
    value, derivatives = executed(text)["value_and_gradients"](*point)
    assert [value, *derivatives] == expected


def test_names() -> None:
    """Names come from labels, are Python's, and are used once; functions make room for variables."""
    x, y = printing.V(0.5, "W[0] α"), printing.V(0.25, "lambda")
    power, value = printing.V(3.0, "power_dx"), printing.V(2.0, "value")
    root = (x * y) ** power + value * value
    text = written(program_of([root], [x, y, power, value]))
    assert "def value_and_gradients(W_0_α, lambda_2, power_dx, value_2):" in text
    assert "def power_dx_2(" in text
    assert len(executed(text)["value_and_gradients"](0.5, 0.25, 3.0, 2.0)[1]) == 4
    names = Names(["x"], ascii_only=True)
    assert [names.take(text) for text in ("α", "x", "ⅷ", "日", "?")] == ["alpha", "x_2", "viii", "ideograph_65e5", "x_3"]


def test_a_zero_upstream_stops() -> None:
    """An infinite local derivative doesn't count where nothing arrives, and nan does."""
    program, point, expected = printing.of_function(lambda x, y: ag.sqrt(x) * y, 0.0, 0.0)
    assert expected == [0.0, 0.0, 0.0]
    assert replay_function(program, 0)(*point) == (0.0, [0.0, 0.0])
    value, derivatives = replay_function(program, 0)(0.0, math.nan)
    assert math.isnan(value)
    assert math.isnan(derivatives[0])


def test_gradients_are_never_minus_zero() -> None:
    """A derivative begins at 0.0, as eager's adjoints do."""
    program, point, expected = printing.of_function(lambda x: x * -0.0, 1.0)
    assert expected[1].hex() == (0.0).hex()
    assert replay_function(program, 0)(*point)[1][0].hex() == (0.0).hex()


def test_several_outputs() -> None:
    """Values and rows of derivatives, of outputs that share instructions, or are an input or a constant."""
    x, y = printing.V(0.5), printing.V(-2.0)
    p = ag.softmax([x, y])
    program = program_of([p[0] * y, p[1], x], [x, y])
    rows = [[ag.gradients(z, v) for v in (x, y)] for z in (p[0] * y, p[1])] + [[1.0, 0.0]]
    values = [p[0].data * y.data, p[1].data, 0.5]
    assert replay_function(program, -1)(0.5, -2.0) == (values, rows)
    assert [replay_function(program, k)(0.5, -2.0) for k in range(3)] == list(zip(values, rows, strict=True))
    assert executed(written(program))["value_and_gradients"](0.5, -2.0) == (values, rows)
    assert executed(written(program))["value"](0.5, -2.0) == values


def test_active_inputs_alone() -> None:
    """A derivative that isn't wanted isn't computed, though it might raise."""
    calls = []
    odd = ag.primitive(lambda x, y: x * y, [lambda z, x, y: y, lambda z, x, y: calls.append(y)], name="odd")
    program = printing.one(odd, 0, 1, inputs=2)
    assert replay_function(program, 0, active=[1, 0])(2.0, 3.0) == (6.0, [3.0])
    assert calls == []


def test_a_users_primitive_is_called_or_named() -> None:
    """What replays calls a primitive of the user's own, by its value and its derivatives; the text names it in an error."""
    bell = ag.primitive(lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell")
    program, point, expected = printing.of_function(lambda x: bell(x) + bell(2.0 * x), 0.5)
    value, derivatives = replay_function(program, 0)(*point)
    assert [value, *derivatives] == expected
    assert "bell(x1)" in shown(program)
    with pytest.raises(UnprintableError, match=r"^bell can't be written in Python"):
        program.source()


def test_a_parameter_has_no_derivative() -> None:
    """Where a parameter of a record is an input, there is an error that names both."""
    with pytest.raises(UnprintableError, match="leaky_relu: negative_slope is a parameter"):
        written(printing.one(records.leaky_relu, 0, 1, inputs=2))


def test_nothing_flows_through_a_stop() -> None:
    """A stop hands the number on, and no derivative back."""
    program = Program(
        1, (), (), (records.exp, stop, records.multiply), array("H", [0, 1, 2]), array("I", [0, 1, 2, 4]),
        array("I", [0, 1, 2, 0]), (), (3,),
    )  # fmt: skip
    assert replay_function(program, 0)(0.5) == (math.exp(0.5) * 0.5, [math.exp(0.5)])


def test_constants_that_are_not_finite() -> None:
    """inf, nan and -0.0 stand in the text as numbers."""
    for c, shape in ((math.inf, "math.inf"), (-math.inf, "-math.inf"), (math.nan, "math.nan"), (-0.0, "-0.0")):
        text = written(printing.one(records.maximum, 0, 1, constants=(c,)))
        assert f"maximum(x1, {shape})" in text
        assert executed(text)["value"](2.0).hex() == records.maximum(2.0, c).hex()


GUARDS = [
    ("lt", (0, 1), True, 0.5, 1.5, "x1 < 1.0"),
    ("lt", (0, 1), False, 1.5, 0.5, "not x1 < 1.0"),
    ("eq", (0, 1), True, 1.0, math.nan, "x1 == 1.0"),
    ("bool", (0,), True, 2.0, 0.0, "x1 != 0.0"),
    ("bool", (0,), False, -0.0, math.nan, "not x1 != 0.0"),
    ("data", (0,), 2.5, 2.5, 2.0, "x1 == 2.5"),
    ("data", (0,), -0.0, -0.0, 0.0, "x1 == -0.0 and math.copysign(1.0, x1) == -1.0"),
    ("data", (0,), math.nan, math.nan, 0.0, "x1 != x1"),
    ("floordiv", (0, 1), 2.0, 2.5, 3.5, "x1 // 1.0 == 2.0"),
    ("sign", (0,), -1.0, -3.0, 3.0, "_sign(x1) == -1.0"),
    ("floor", (0,), 0.0, 0.5, -0.5, "math.floor(x1) == 0.0"),
    ("ceil", (0,), 0.0, -0.5, 0.5, "math.ceil(x1) == 0.0"),
    ("trunc", (0,), math.inf, math.inf, 1.0, "x1 == math.inf"),
    ("round", (0, 1), 0.5, 0.52, 0.58, "round(x1, 1) == 0.5"),
    ("signbit", (0,), -1.0, -0.0, 0.0, "math.copysign(1.0, x1) == -1.0"),
    ("has_predecessor", (0,), True, 3.0, 0.1, "has_predecessor(x1)"),
]


@pytest.mark.parametrize(("test", "slots", "result", "good", "bad", "said"), GUARDS)
def test_guards(test: str, slots: tuple[int, ...], result: Any, good: float, bad: float, said: str) -> None:
    """Each guard lets pass what it was recorded with, and nothing else; the text says what must hold."""
    guard = Guard(1, test, slots, result, "")
    program = printing.one(records.positive, 0, constants=(1.0,), guards=(Guard(0, "ge", (0, 0), False, ""), guard)[1:])
    assert guard.holds([good, 1.0])
    assert not guard.holds([bad, 1.0])
    module = executed(written(program))
    assert module["value"](good).hex() == good.hex()
    with pytest.raises(ValueError, match=r"^this was recorded where ") as error:
        module["value"](bad)
    assert str(error.value) == f"this was recorded where {said}"
    with pytest.raises(Stale) as stale:
        replay_function(program)(bad)
    assert stale.value.guard == 0
    assert replay_function(program)(good) == [good] or good != good


@pytest.mark.parametrize("language", ["c", "javascript"])
def test_what_can_t_be_written_is_named(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is public is written in C and in JavaScript; primitives of one's own, of one number or many, are errors, and so
    would be those that decimals compute and the language has no function for.
    """
    for name, (zones, call) in OPERATIONS.items():
        start = 1.625 if name == "arccosh" else 0.625
        program, _, _ = printing.of_function(lambda *xs, call=call: call(ag, xs[0], xs[-1], 0.0), *[start] * len(zones))
        assert program.source(language)
    total = NaryPrimitive("total", lambda xs: math.fsum(xs), [lambda z, xs: [1.0] * len(xs)])
    pair = ListPrimitive("pair", lambda xs: list(xs), [lambda z, xs, component: [1.0] * len(xs)])
    for record in (total, pair.bind(component=0)):
        with pytest.raises(UnprintableError, match=rf"(?i)^{record.name} can't be written in {language}: it is a primitive of"):
            printing.one(record, 0, 1, inputs=2).source(language)
    dialect = {"c": C, "javascript": JavaScript}[language]
    for function, record in ((kernels_exact.gamma, ag.gamma), (kernels_exact.erfinv_dx, ag.erfinv)):
        monkeypatch.setattr(dialect, "named", {key: name for key, name in dialect.named.items() if key is not function})
        with pytest.raises(
            UnprintableError, match=rf"(?i)^{record.name} can't be written in {language}: it is computed with dec"
        ):
            printing.one(record, 0).source(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_node_of_a_function_names_its_maker(language: str) -> None:
    """A graph with the result of a compiled or mapped function in it: the error says what to compute it without."""
    x = ag.Value(0.5)
    for maker, result in (("compile", ag.compile(ag.exp)(x)), ("vmap", ag.vmap(lambda t: x * t, reduce="sum")([1.0, 2.0]))):
        with pytest.raises(UnprintableError, match=rf": it is one node, which {maker} made of a function; compute it without "):
            program_of([2.0 * result], [x]).source(language)


def test_the_language_must_be_known() -> None:
    """An unknown language is refused with the known ones."""
    with pytest.raises(ValueError, match=r"^a program is written in 'python'.*, got 'fortran'$"):
        printing.one(records.exp, 0).source("fortran")
