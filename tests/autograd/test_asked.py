"""What the native engine asks records for, in Python: none of one to three operands at ordinary numbers."""

from __future__ import annotations

import contextlib
import math
import random
import sys
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import reading

import autograd as ag
from autograd import record, records, value as reference
from autograd.program import Stale

native: Any = pytest.importorskip("autograd._native", reason="the native engine is not built here")
Value = native.Value
bits = reading.bits

SCALARS = {name: r for name, r in vars(records).items() if isinstance(r, ag.Primitive) and r.arity}
IN_DECIMALS = ("erfinv", "erfinv_dx", "gamma", "gamma_dx", "lgamma", "digamma", "polygamma", "sinc", "sinc_dx", "sinc_dn",
               "power_dx", "power_dy")  # fmt: skip
EXTREMES = (0.0, 1.0, 2.0, 0.5, 1.4616321449683622, 1e-9, 5e-324, 2.2250738585072014e-308, 1e-250, 1e-100, 1e-50, 171.7,
            171.62437695630272, 180.0, 190.0, 190.5, 2.0**53, 1e290, 2.5e305, 1.7e308, math.inf, math.nan)  # fmt: skip


def count_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that gets a name for each record that computes its number or its partials in Python from now on."""
    asked: list[str] = []
    for method in ("evaluate", "local_gradients"):
        before = getattr(record.Primitive, method)

        def noted(self: Any, *args: Any, before: Any = before) -> Any:
            asked.append(self.name)
            return before(self, *args)

        monkeypatch.setattr(record.Primitive, method, noted)
    return asked


def placed(primitive: Any, xs: Sequence[float], numbers: Sequence[Any]) -> list[Any]:
    """Operands: those of a rule are the numbers in turn, and the parameters are plain."""
    rest = iter(numbers)
    return [x if partial is None else next(rest) for partial, x in zip(primitive.partials, xs, strict=True)]


def expected(primitive: Any, xs: Sequence[float]) -> list[str]:
    """The number and the derivatives as the record has them in Python, after a walk back, which makes -0.0 of none."""
    z = primitive.function(*xs)
    return [bits(z), *[bits(0.0 + partial(z, *xs)) for partial in primitive.partials if partial]]


def ordinary(primitive: Any, rng: random.Random) -> tuple[float, ...]:
    """Operands between -3 and 3 inside of the domain."""
    while True:
        xs = [rng.uniform(-3.0, 3.0) for _ in range(primitive.arity)]
        if primitive.name == "clamp":
            xs[1:] = sorted(xs[1:])
        elif primitive.name in ("polygamma", "sinc_dn"):
            xs[0] = float(rng.randint(1, 6))
        elif primitive.name == "where":
            xs[0] = rng.choice((0.0, 1.0))
        try:
            expected(primitive, xs)
        except (ArithmeticError, ValueError):
            continue
        return tuple(xs)


@pytest.mark.parametrize("name", SCALARS)
def test_ordinary_numbers_ask_nothing(name: str, thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """No record of one to three operands is asked in nodes, on a tape, or in lanes; and the bits are those of the record."""
    primitive, rng = SCALARS[name], random.Random(name)
    inputs = sum(partial is not None for partial in primitive.partials)
    flags = bytes([1] * inputs)
    for _ in range(50 if thorough else 3):
        held = ordinary(primitive, rng)  # whose parameters all points have
        rows: list[list[float]] = []
        while len(rows) < 5:
            row = placed(primitive, held, ordinary(primitive, rng)[-inputs:] if name != "clamp" else [rng.uniform(-3.0, 3.0)])
            with contextlib.suppress(ArithmeticError, ValueError):
                rows.append(row if expected(primitive, row) else [])
        wanted = [expected(primitive, row) for row in rows]
        points = [[x for x, partial in zip(row, primitive.partials, strict=True) if partial] for row in rows]

        def f(*numbers: Any, held: Any = held) -> Any:
            return primitive.apply(tuple(placed(primitive, held, numbers)))

        asked = count_asked(monkeypatch)
        roots = []
        for point in points:
            primitive(*placed(primitive, held, [Value(x) for x in point]))  # the way of `where` leaves one out
            roots.append(f(*[Value(x) for x in point]))
        program = reading.read(native, f, [Value(x) for x in points[0]])
        tape, lanes = native.Tape(program), native.Lanes(program, flags, flags)
        swept = [tape.sweep(point) for point in points]
        outputs, slopes, failed = lanes.gradients([array("d", [x for point in points for x in point])], [], len(points))
        assert (asked, list(failed)) == ([], [])
        monkeypatch.undo()
        assert [[bits(0.0 + x if i else x) for i, x in enumerate((r.data, *r.local_gradients()))] for r in roots] == wanted
        assert [[bits(x) for x in (z, *gradient)] for z, gradient in swept] == wanted
        assert [[bits(x) for x in (outputs[i], *slopes[i * inputs : (i + 1) * inputs])] for i in range(5)] == wanted


def awkward(rng: random.Random) -> float:
    """A number beside a zero, a pole or an end of a range, of any size, or like most."""
    how = rng.randrange(6)
    if how == 0:
        return rng.uniform(-30.0, 30.0)
    if how == 1:
        return rng.uniform(-1.0, 1.0)
    if how == 2:
        return math.copysign(math.exp(rng.uniform(-700.0, 700.0)), rng.uniform(-1.0, 1.0))
    if how == 3:
        return rng.randint(-24, 24) * 0.5 + math.copysign(math.exp(rng.uniform(-36.0, -1.0)), rng.uniform(-1.0, 1.0))
    if how == 4:
        return rng.uniform(-200.0, 200.0)
    x = math.copysign(rng.choice(EXTREMES), rng.uniform(-1.0, 1.0))
    return math.nextafter(x, rng.choice((-math.inf, x, math.inf)))


@pytest.mark.parametrize("name", IN_DECIMALS)
def test_what_takes_decimals(name: str, thorough: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Awkward numbers have the record's bits on a tape, or its errors; three of four that don't raise ask nothing."""
    primitive, rng = SCALARS[name], random.Random(name)
    tapes: dict[float, Any] = {}
    asked = count_asked(monkeypatch)
    computed = done = 0
    for _ in range(10_000 if thorough else 60):
        row = [awkward(rng) for _ in primitive.partials]
        order = 0.0
        if primitive.has_parameters:
            row[0] = order = float(rng.randint(1, 8))
        elif primitive.arity == 2:
            row = [rng.uniform(0.5, 2.0) ** rng.uniform(-40.0, 40.0), rng.uniform(-60.0, 60.0)]
        numbers = row[1:] if primitive.has_parameters else row
        if order not in tapes:
            head = [order] * primitive.has_parameters
            tapes[order] = native.Tape(
                reading.read(native, lambda *xs, head=head: primitive(*head, *xs), [Value(0.75) for _ in numbers])
            )
        asked.clear()
        try:
            z, gradient = tapes[order].sweep(numbers)
            found = [bits(x) for x in (z, *gradient)]
        except Stale:
            found = []
        count = len(asked)
        try:
            wanted = expected(primitive, row)
        except (ArithmeticError, ValueError):
            wanted = []
        assert found == wanted, row
        computed += wanted != []
        done += wanted != [] and not count
    assert done >= 0.75 * computed > 0


def test_nodes_of_where_and_clamp() -> None:
    """A call of `where` takes the number of what it leaves out; of subclasses and inside blocks, on both engines."""

    class Mine(Value):  # type: ignore[misc]
        pass

    for kind in (Value, Mine, reference.Value):
        x, y = kind(2.0, label="x"), kind(-3.0, label="y")
        for condition in (True, 0, 2.5, math.nan, np.bool_(False), np.float64(1.0)):
            chosen, other = (x, y) if condition else (y, x)
            node = ag.where(condition, x, y)
            assert (node.data, node.parents, node.local_gradients()) == (chosen.data, (chosen,), (1.0,))
            assert [bits(z) for z in node.operands if z is not chosen] == [bits(float(condition)), bits(other.data)]
            node = ag.where(condition, x, 7)
            assert (node.data, node.parents, node.local_gradients()) == (
                2.0 if condition else 7.0,
                (x,),
                (float(bool(condition)),),
            )
            assert node.op is ag.where
        for node in (ag.clamp(y, -1, 1.5), y.clamp(-1, True), ag.clamp(y, lo=np.float64(-1.0), hi=3)):
            assert (node.data, node.parents, node.local_gradients(), node.op) == (-1.0, (y,), (0.0,), ag.clamp)
            assert node.operands[:2] == (y, -1.0)
        with ag.no_grad():
            assert ag.where(True, x, y).is_leaf
            assert y.clamp(-1.0, 1.0).is_leaf
        with pytest.raises(ValueError, match=r"lo = 2\.0 is above hi = 1\.0"):
            x.clamp(2.0, 1.0)
        with pytest.raises(TypeError, match="lo is a parameter and takes a plain number"):
            ag.clamp(x, y, 1.0)
        with pytest.raises(TypeError, match="condition is a parameter"):
            ag.where(x, x, y)
    assert ag.where(True, 1.0, 2.0) == ag.clamp(5.0, 0.0, 1.0) == 1.0


def test_where_of_leaves_that_go() -> None:
    """Nodes of `where` and `clamp` hold what they were made of, and let it go with them."""
    count = sys.getrefcount(x := Value(2.0))
    for _ in range(1000):
        ag.where(True, x, x)
        x.clamp(0.0, 1.0)
    assert sys.getrefcount(x) == count
    node = ag.where(False, 1.0, x)
    assert sys.getrefcount(x) == count + 1
    del node
    assert sys.getrefcount(x) == count
