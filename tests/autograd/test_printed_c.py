"""Programs as C: compiled by the system's compiler, and held to eager bit by bit."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import math
import os
import random
import re
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import printing
import pytest

import autograd as ag
from autograd import compiling, kernels, printed_c, records
from autograd.compiling import CompilerError, Function, library
from autograd.printed import UnprintableError
from autograd.program import Guard, Program, Stale, stop
from autograd.testing.expressions import OPERATIONS

NEEDS_COMPILER = pytest.mark.usefixtures("compiler_that_works")


@pytest.fixture(scope="session")
def compiler_that_works() -> None:
    """A C compiler: the one that programs would be compiled by is tried, since a command may be there and compile nothing."""
    if sys.platform == "win32":
        pytest.skip("programs are compiled for Unix's loader")
    try:
        tried = subprocess.run(
            [*compiling.compiler(), "-shared", "-fPIC", "-o", os.devnull, "-xc", "-"],
            input="int one = 1;", capture_output=True, text=True, check=False,
        )  # fmt: skip
    except CompilerError as error:
        pytest.skip(str(error))
    if tried.returncode:
        pytest.skip(f"the C compiler, {tried.args[0]}, compiles nothing")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Libraries go to a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiling.sys, "platform", "linux")
    return tmp_path / "glassgrad"


def together(programs: Sequence[Program], names: Sequence[str] = ("value", "value_and_gradients")) -> list[Function]:
    """The functions of several programs, by one run of the compiler: what their texts have in common is compiled once."""
    pieces: dict[str, None] = {}
    for i, program in enumerate(programs):
        for piece in re.split(r"\n\n(?=\S)", program.source("c")):
            own = re.match(r"int (value\w*)", piece)
            if not own or own[1] in names:
                pieces[re.sub(r"^int (value\w*)", rf"int \1_{i}", piece)] = None
    path = library("\n\n".join(pieces))
    loaded = ctypes.CDLL(str(path))
    functions = []
    for i, program in enumerate(programs):
        found = {name: getattr(loaded, f"{name}_{i}", None) for name in ("value", "value_and_gradients")}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiling, "library", lambda text: path)
            patch.setattr(compiling.ctypes, "CDLL", lambda path, found=found: SimpleNamespace(**found))
            functions.append(Function(program))
    return functions


def told(function: Function, point: Sequence[float]) -> list[float] | None:
    """The value and the derivatives; None where the function hands the point back."""
    try:
        value, derivatives = function.sweep(point)
    except Stale:
        return None
    return [value, *derivatives]


def by_native(program: Program, point: Sequence[float]) -> list[float]:
    """What the native engine says, if there is one."""
    engine = importlib.import_module("autograd._native")
    inputs = [engine.Value(x) for x in point]
    captured = [engine.Value(x.data) for x in program.captured]
    root = printing.replayed(program, inputs, captured)
    assert type(root) is engine.Value
    root.backward()
    return [root.data, *[x.grad for x in [*inputs, *captured]]]


@NEEDS_COMPILER
def test_random_programs_have_the_bits_of_eager(thorough: bool) -> None:
    """Value and derivatives are those of a backward pass of each engine, bit by bit, and none is handed back."""
    has_native = importlib.util.find_spec("autograd._native") is not None
    count = 25 if thorough else 12
    for first in range(0, 500 if thorough else count, count):
        drawn = [printing.drawn(seed) for seed in range(first, first + count)]
        for function, (program, point, expected) in zip(together([program for program, _, _ in drawn]), drawn, strict=True):
            assert printing.hexed(told(function, point) or []) == printing.hexed(expected), program
            assert printing.hexed(function.values(point)) == printing.hexed(expected[:1]), program
            if has_native:
                assert printing.hexed(by_native(program, point)) == printing.hexed(expected), program


AWKWARD = (0.625, -0.625, 0.03, 0.0, -0.0, 1.0, 3.0, -3.0, 40.0, 1e-300, -1e300, 1e-12, 1.0 + 1e-12, math.inf, -math.inf)


@NEEDS_COMPILER
def test_each_operation_and_its_derivative() -> None:
    """Each operation has the bits of eager, at awkward points as well; where Python raises, the point is handed back. So have
    the graphs of the derivatives, with records of their own.
    """
    programs = []
    for name, (zones, call) in OPERATIONS.items():
        start = 1.625 if name == "arccosh" else 0.625
        programs.append(printing.of_function(lambda *xs, call=call: call(ag, xs[0], xs[-1], 0.0), *[start] * len(zones))[0])
    derivatives = [printing.derivative_of(name) for name in OPERATIONS]
    for n, x in itertools.product((3.0, 8.0), (0.3, -0.0, 6.75, 1e-90)):
        derivatives.append(printing.of_function(lambda x, n=n: records.sinc_dn(n, x), x))
    functions = together([*programs, *[program for program, _, _ in derivatives]], ["value_and_gradients"])
    handed_back = {}
    for name, function in zip(OPERATIONS, functions, strict=False):
        for point in itertools.product((*AWKWARD, math.nan), *[(-0.375, 2.0, 1e-300)] * (function.program.inputs - 1)):
            found = told(function, point)
            try:
                expected = printing.eager(function.program, list(map(printing.V, point)))[2]
            except (ArithmeticError, ValueError):
                assert found is None, (name, point)
                continue
            if found is None:
                handed_back[name] = point
            else:
                assert printing.hexed(found) == printing.hexed(expected), (name, point)
    assert handed_back.keys() <= {"dot", "gamma", "var", "prod"}, handed_back
    for function, (program, point, expected) in zip(functions[len(OPERATIONS) :], derivatives, strict=True):
        assert printing.hexed(told(function, point) or []) == printing.hexed(expected), program


@NEEDS_COMPILER
def test_lengths_many_terms_and_squares() -> None:
    """norm has the bits of Python's hypot at large and small numbers; a derivative of many terms is added in eager's order, in
    several lines; and that of x ** 2.0 is 2.0 * x.
    """
    rng = random.Random(5)
    drawn = [
        printing.of_function(lambda *xs: ag.norm(xs), 1.0, 2.0, 3.0),
        printing.of_function(lambda x: ag.sum([x * (i / 7.0) for i in range(60)]), 0.3),
        printing.of_function(lambda x: ag.exp(x) ** 2.0, 0.3),
    ]
    norm, *functions = together([program for program, _, _ in drawn])
    for _ in range(3000):
        scale = 10.0 ** rng.choice((0.0, 1.0, -5.0, -200.0, 200.0, rng.uniform(-290.0, 290.0)))
        xs = [
            scale * rng.choice((rng.gauss(0.0, 1.0), rng.uniform(-1.0, 1.0) * 10.0 ** rng.uniform(-9.0, 0.0))) for _ in range(3)
        ]
        assert norm(*xs) == math.hypot(*xs), xs
    for function, (_, point, expected) in zip(functions, drawn[1:], strict=True):
        value, derivatives = function.value_and_gradients(*point)
        assert printing.hexed([value, *derivatives]) == printing.hexed(expected)
    assert "2.0 * t1" in drawn[2][0].source("c")


@NEEDS_COMPILER
def test_spreads_of_any_scale() -> None:
    """var and std have the bits of eager far from 0, near both ends of the range, and where the result lies between doubles."""
    rng = random.Random(6)
    drawn = [
        printing.of_function(f, *[0.3 * i for i in range(n)])[0]
        for n in (2, 3, 5)
        for f in (lambda *xs: ag.var(xs, ddof=1), lambda *xs: ag.std(xs), lambda *xs: ag.std(xs, ddof=0.5))
    ]
    for function in together(drawn, ["value_and_gradients"]):
        for _ in range(60):
            scale = 10.0 ** rng.choice((0, 0, 5, -100, 100, -140, 150, 300))
            centre = rng.choice((0.0, 0.0, 1e8, -1e15))
            point = [
                scale * (centre + rng.choice((rng.gauss(0.0, 1.0), rng.randint(-5, 5), round(rng.uniform(-3.0, 3.0), 2))))
                for _ in range(function.program.inputs)
            ]
            expected = printing.eager(function.program, list(map(printing.V, point)))[2]
            found = told(function, point)
            assert found is None or printing.hexed(found) == printing.hexed(expected), point
            assert found is not None or min(map(abs, expected)) < 2.3e-308, point


@NEEDS_COMPILER
def test_sums_and_products_of_awkward_numbers() -> None:
    """Sums and dots are rounded once, and inf and nan come out as in Python."""
    big, small = 1e16, 1.0
    cases: list[list[float]] = [
        [big, small, -big], [0.1] * 10, [math.inf, 1.0], [math.inf, -math.inf], [math.nan], [-0.0, -0.0],
        [2.0**53, 1.0, 2.0**-60],
    ]  # fmt: skip
    chosen = [ag.sum, ag.mean, ag.max, ag.min, ag.prod, ag.norm, ag.dot, ag.dot]
    programs = []
    for n in map(len, cases):
        own, others, zeros = [*range(n)], [*range(n, 2 * n)], [2 * n] * n
        slots = array("I", [*own * 6, *own, *others, *own, *zeros])
        starts = array("I", [i * n for i in range(7)] + [8 * n, 10 * n])
        outputs = range(2 * n + 1, 2 * n + 9)
        programs.append(Program(2 * n, (), (0.0,), chosen, array("H", range(8)), starts, slots, (), outputs))
    *functions, of_none = together([*programs, printing.one(ag.sum, inputs=1)])
    for xs, f in zip(cases, functions, strict=True):
        ys = [1.0 + i / 7.0 for i in range(len(xs))]
        expected = [*[record(xs) for record in chosen[:6]], ag.dot(xs, ys), ag.dot(xs, [0.0] * len(xs))]
        assert printing.hexed(f(*xs, *ys)) == printing.hexed(map(float, expected)), xs
    assert of_none(1.0) == 0.0


@NEEDS_COMPILER
def test_what_would_raise_is_handed_back() -> None:
    """Where Python raises, and where a dot needs fractions, the function raises a ValueError, and a tape is stale."""
    cases = [
        (records.divide, (1.0, 0.0)), (records.log, (-1.0,)), (records.exp, (1000.0,)), (records.power, (-2.0, 0.5)),
        (records.power, (0.0, -1.0)), (records.remainder, (1.0, 0.0)), (records.sin, (math.inf,)), (records.arccosh, (0.5,)),
        (records.dot, (1e200, 1e200)), (records.mean, ()), (records.max, ()), (records.logsumexp, ()),
    ]  # fmt: skip
    functions = together([printing.one(record, *range(len(xs)), inputs=len(xs)) for record, xs in cases])
    for f, (_, xs) in zip(functions, cases, strict=True):
        with pytest.raises(ValueError, match=r"outside of the domain there, or too large, or needs decimals$"):
            f(*xs)
        with pytest.raises(Stale):
            f.values(xs)
    log, exp = functions[1:3]
    assert math.isnan(log(math.nan))
    assert exp(-math.inf) == 0.0


GUARDS = [
    ("lt", (0, 1), True, 0.5, 1.5),
    ("lt", (0, 1), False, 1.5, 0.5),
    ("ne", (0, 1), True, math.nan, 1.0),
    ("bool", (0,), True, 2.0, 0.0),
    ("bool", (0,), False, -0.0, math.nan),
    ("data", (0,), 2.5, 2.5, 2.0),
    ("data", (0,), -0.0, -0.0, 0.0),
    ("data", (0,), math.nan, math.nan, 0.0),
    ("data", (0,), math.inf, math.inf, -math.inf),
    ("floordiv", (0, 1), 2.0, 2.5, 3.5),
    ("floordiv", (0, 1), -3.0, -2.5, -2.0),
    ("floordiv", (0, 1), 0.0, 0.5, -0.5),
    ("sign", (0,), -1.0, -3.0, 3.0),
    ("floor", (0,), 0.0, 0.5, -0.5),
    ("ceil", (0,), 1.0, 0.5, -0.5),
    ("trunc", (0,), math.inf, math.inf, 1.0),
    ("round", (0, 2), 2.0, 2.5, 3.5),
    ("signbit", (0,), -1.0, -0.0, 0.0),
    ("has_predecessor", (0,), True, 3.0, 0.1),
]


@NEEDS_COMPILER
def test_guards() -> None:
    """Each guard lets pass what it was recorded with, and tells its number where something else comes."""
    n = len(GUARDS)
    guards = [
        Guard(1, test, (i, *[n + slot - 1 for slot in slots[1:]]), result, f"line {i}")
        for i, (test, slots, result, _, _) in enumerate(GUARDS)
    ]
    program = printing.one(records.positive, 0, inputs=n, constants=(1.0, 0.0), guards=guards)
    f = program.function("c")
    good = [case[3] for case in GUARDS]
    assert f(*good) == good[0]
    for i, (*_, bad) in enumerate(GUARDS):
        numbers = [*good[:i], bad, *good[i + 1 :]]
        assert [guard.holds([*numbers, 1.0, 0.0]) for guard in guards] == [k != i for k in range(n)]
        with pytest.raises(ValueError, match=rf"^the program was recorded where .* \(line {i}\)$") as error:
            f(*numbers)
        said = str(error.value).removeprefix("the program was recorded where ").rpartition(" (")[0]
        for xs, expected in ((good, True), (numbers, False)):
            names = {f"x{k}": x for k, x in enumerate(xs, 1)}
            known = {"math": math, "_sign": records.sign, "has_predecessor": kernels.has_predecessor}
            assert bool(eval(said, known, names)) is expected, said
        with pytest.raises(Stale) as stale:
            f.values(numbers)
        assert stale.value.guard == i


@NEEDS_COMPILER
def test_several_outputs_captured_values_and_stops() -> None:
    """Rows of derivatives for several outputs; captured Values are read anew; nothing flows through a stop."""
    x, y, w = printing.V(0.5, "x"), printing.V(-2.0, "y"), printing.V(3.0, "W[0]")
    p = ag.softmax([x, y, w])
    outputs = [p[0] * w, p[1], x]
    program = printing.program_of(outputs, [x, y])
    f = program.function("c")
    rows = [[ag.gradients(z, v) for v in (x, y, w)] for z in outputs[:2]] + [[1.0, 0.0, 0.0]]
    assert f.value_and_gradients(0.5, -2.0) == ([z.data for z in outputs], rows)
    assert "W_0 (3.0 when this was written)" in f.source
    w.data = 4.0
    assert f(0.5, -2.0) == printing.program_of([ag.softmax([x, y, w])[0] * w, ag.softmax([x, y, w])[1], x], [x, y]).function(
        "c"
    )(0.5, -2.0)
    stopped = Program(
        1, (), (), (records.exp, stop, records.multiply), array("H", [0, 1, 2]), array("I", [0, 1, 2, 4]),
        array("I", [0, 1, 2, 0]), (), (3,),
    )  # fmt: skip
    assert stopped.function("c").value_and_gradients(0.5) == (math.exp(0.5) * 0.5, [math.exp(0.5)])
    with pytest.raises(TypeError, match=r"^the program takes 2 numbers, one by one, got 1$"):
        f(1.0)
    assert repr(f) == f"<function in C of {program!r}>"


@NEEDS_COMPILER
def test_inactive_inputs_have_no_derivative() -> None:
    """What isn't differentiated is not computed, so that a parameter may be an input."""
    f = Function(printing.one(records.leaky_relu, 0, 1, inputs=2), [1, 0])
    assert f.sweep([-2.0, 0.25]) == (-0.5, [0.25])


def test_a_users_primitive_is_named() -> None:
    """So is a primitive of the user's own, a parameter with a derivative asked of it, and rounding to digits."""
    bell = ag.primitive(lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell")
    program, _, _ = printing.of_function(bell, 0.5)
    with pytest.raises(UnprintableError, match=r"^bell can't be written in C: it is a primitive of your own"):
        program.source("c")
    with pytest.raises(UnprintableError, match=r"^leaky_relu: negative_slope is a parameter"):
        printing.one(records.leaky_relu, 0, 1, inputs=2).source("c")
    with pytest.raises(UnprintableError, match=r"^round to digits behind the point can't be written in C"):
        printing.one(records.exp, 0, constants=(2.0,), guards=(Guard(0, "round", (0, 1), 1.0, ""),)).source("c")
    with pytest.raises(ValueError, match=r"^a program is compiled from 'c', got 'cobol'; source\('cobol'\) is the text$"):
        program.function("cobol")


def test_names_in_c() -> None:
    """Labels become names of C, in letters that every compiler takes; none is that of a function or a keyword."""
    inputs = [printing.V(x, label) for x, label in ((1.0, "λ"), (2.0, "log"), (3.0, "int"), (4.0, "ok"), (5.0, "k_tanh"))]
    text = printing.program_of([ag.sum(inputs)], inputs).source("c")
    assert "const double lamda = in[0], log_2 = in[1], int_2 = in[2], ok_2 = in[3], k_tanh_2 = in[4];" in text


def test_kernels_and_nothing_else() -> None:
    """A text holds the functions that it needs, and none beside them."""
    text = printing.one(records.square, 0).source("c")
    assert "k_square" in text
    assert "k_tanh" not in text
    assert "Exact" not in text
    assert "ERFCX" not in text
    assert "ERFCX" in printing.one(records.gelu, 0).source("c")


# ---- compile with backend="c" ------------------------------------------------------------------------


@NEEDS_COMPILER
def test_compile_by_c() -> None:
    """Values, branches, derivatives and nodes have the bits of eager, each call from the library."""

    def f(x: Any, y: Any) -> Any:
        return x * ag.exp(y) + ag.sqrt(x) if x > 1.0 else x * y

    fast = ag.compile(f, backend="c")
    for x, y in [(2.0, 0.5), (3.0, -1.0), (4.0, 0.1), (0.5, 2.0), (0.25, 3.0), (0.75, 1.0), (2.5, 0.5)]:
        expected = f(ag.Value(x), ag.Value(y)).data
        assert fast(x, y).hex() == expected.hex()
        assert ag.value_and_grad(fast, (0, 1))(x, y) == ag.value_and_grad(f, (0, 1))(x, y)
        a, b, c, d = map(ag.Value, (x, y, x, y))
        fast(a, b).backward()
        f(c, d).backward()
        assert (a.grad, b.grad) == (c.grad, d.grad)
    assert len(fast.programs) >= 2
    assert ag.compile(fast) is fast
    assert ag.compile(fast, backend="c") is fast
    assert ag.compile(ag.grad(f), backend="c")(2.0, 0.5) == ag.grad(f)(2.0, 0.5)
    other = ag.compile(ag.compile(f), backend="c")
    assert [other(2.0, y) for y in (1.0, 1.5, 2.0)] == [f(ag.Value(2.0), ag.Value(y)).data for y in (1.0, 1.5, 2.0)]


@NEEDS_COMPILER
def test_compile_by_c_raises_as_eager() -> None:
    """An error is the function's own, and a primitive that can't be written is named."""
    fast = ag.compile(lambda x: ag.log(x), backend="c")
    assert [fast(x) for x in (1.0, 2.0, 3.0)] == [math.log(x) for x in (1.0, 2.0, 3.0)]
    with pytest.raises(ValueError, match=r"^cannot compute log\(-1.0"):
        fast(-1.0)
    bell = ag.primitive(lambda x: math.exp(-x * x), lambda z, x: -2.0 * x * z, name="bell")
    with pytest.raises(UnprintableError, match=r"^bell can't be written in C"):
        ag.compile(lambda x: bell(x) + x, backend="c")(2.0)
    with pytest.raises(ValueError, match=r"^compile: backend is 'c', or left out; got 'rust'$"):
        ag.compile(math.sqrt, backend="rust")


# ---- compiling -----------------------------------------------------------------------------------------


@NEEDS_COMPILER
def test_a_library_is_compiled_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is found again, in the cache folder, and nothing but libraries stays there."""
    program = printing.one(records.tanh, 0)
    path = program.function("c").path
    assert path.parent == cache
    monkeypatch.setattr(compiling.subprocess, "run", lambda *args, **named: pytest.fail("compiled again"))
    assert program.function("c").path == path
    assert [p.suffix for p in cache.iterdir()] == [".so"]


@NEEDS_COMPILER
def test_a_home_that_can_t_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the library is kept for as long as the process runs."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    f = printing.one(records.exp, 0).function("c")
    assert f(0.0) == 1.0
    assert tmp_path not in f.path.parents


def test_where_libraries_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each system has a folder for it."""
    monkeypatch.setattr(compiling.sys, "platform", "darwin")
    assert compiling.cache_folder() == Path.home() / "Library" / "Caches" / "glassgrad"
    monkeypatch.setattr(compiling.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", os.fspath(Path("C:") / "Local"))
    assert compiling.cache_folder() == Path("C:") / "Local" / "glassgrad"


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, the error says what to install, and what needs none."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    with pytest.raises(CompilerError, match=r"needs a C compiler: there is none on the path; install gcc or clang"):
        printing.one(records.exp, 0).function("c")
    monkeypatch.setenv("CC", "tcc -x")
    with pytest.raises(CompilerError, match=r"CC is 'tcc -x', and there is no such program; "):
        printing.one(records.exp, 0).function("c")


@NEEDS_COMPILER
def test_a_compiler_that_refuses() -> None:
    """What the compiler said is in the error, and nothing is kept."""
    with pytest.raises(CompilerError, match=r"(?s)could not compile a program: .*error"):
        library("int value(")
    assert printed_c.FLAGS[:2] == ("-O2", "-ffp-contract=off")
