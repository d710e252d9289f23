"""What a recording can't see, and must not get wrong: branches, loops, rounding, numbers from outside, mutable state."""

from __future__ import annotations

import functools
import math
import random
import warnings
import weakref
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from oracle import Pair, bits, described, outcome

import autograd as ag
from autograd import recording


def newton(a: Any) -> Any:
    """The square root by Newton's method, until it no longer changes."""
    x = a + 1.0
    while True:
        y = 0.5 * (x + a / x)
        if abs(y - x) < 1e-12 * y:
            return y
        x = y


def bisected(a: Any) -> Any:
    """The cube root of a number from 0 to 8 by halving an interval 20 times."""
    low, high = a * 0.0, a * 0.0 + 2.0
    for _ in range(20):
        middle = (low + high) / 2
        if middle**3 < a:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def collatz(a: Any) -> Any:
    """Turns with rounding in them: the path depends on the number."""
    steps = 0.0
    while a > 1.5 and steps < 12:
        a = a / 2 if int(ag.floor(a)) % 2 == 0 else a * 1.5 - 0.5
        steps += 1.0
    return a + steps


def huber(a: Any) -> Any:
    """A branch."""
    return 0.5 * a * a if abs(a) <= 1.0 else abs(a) - 0.5


def chained(a: Any) -> Any:
    """A chained comparison, and a conditional expression."""
    return a * a if -1 < a < 1 else (a if a > 0 else -a) * 2


def table(a: Any) -> Any:
    """A number that picks from a list."""
    return [a, a * a, a**3, ag.sin(a)][int(ag.floor(abs(a))) % 4] * 1.25


def formatted(a: Any) -> Any:
    """A number that is written as text, and read again."""
    return a * len(f"{a:.3f}")


def by_match(a: Any) -> Any:
    """A match statement."""
    match a > 0, a > 1:
        case True, True:
            return a * 3
        case True, False:
            return a * a
        case _:
            return -a


def by_dict(a: Any) -> Any:
    """A comparison as a key."""
    return {True: a * a, False: -a}[a < 0.5]


def caught(a: Any) -> Any:
    """An error that f itself catches."""
    try:
        return ag.log(a)
    except ValueError:
        return a * a


def any_of(a: Any) -> Any:
    """Comparisons in a generator that stops early."""
    return a * (2 if any(a > limit for limit in (-1.0, 0.0, 1.0)) else 3) + sum(a >= limit for limit in (-0.5, 0.5))


pytestmark = pytest.mark.filterwarnings("ignore::autograd.EagerWarning")  # where there are more ways than are recorded

ONE = {f.__name__: f for f in (newton, bisected, collatz, huber, chained, table, formatted, by_match, by_dict, caught, any_of)}


@pytest.mark.parametrize("f", ONE.values(), ids=ONE)
def test_control_flow_of_one_number(f: Callable[..., Any], Value: Any) -> None:
    """Along whichever way the number goes, values, gradients and errors are those of the function."""
    rng = random.Random(1)
    pair = Pair(f, f.__name__)
    for i in range(200):
        x = rng.choice([0.25, 0.5, 1.0, 2.0, 4.0, 7.5]) if i % 5 == 0 else rng.uniform(0.01, 8.0)
        if f not in (newton, bisected) and i % 3 == 0:
            x = rng.choice([-x, 0.0, -0.0, x])
        pair.on_floats([x])
        pair.gradient([x])
        pair.on_values([x], Value)


def ranked(xs: Any) -> Any:
    """Sorted, and weighted by rank."""
    return sum(w * x for w, x in zip((0.5, 2.0, -1.0, 3.0), sorted(xs), strict=True))


def median(xs: Any) -> Any:
    """The one in the middle, by the key of a comparison function."""
    return sorted(xs, key=functools.cmp_to_key(lambda a, b: -1 if a < b else int(a > b)))[len(xs) // 2]


def largest(xs: Any) -> Any:
    """Python's own max and min, which pick an operand."""
    return max(xs) * 2 - min(xs) + max(xs, key=lambda x: x * x)


def where_index(xs: Any) -> Any:
    """`in` and `index`, which ask for equality."""
    return xs[0] * (xs[1] in xs[2:]) + xs.index(xs[1])


MANY = {f.__name__: f for f in (ranked, median, largest, where_index)}


@pytest.mark.parametrize("f", MANY.values(), ids=MANY)
def test_control_flow_of_a_list(f: Callable[..., Any]) -> None:
    """Sorted, max, min and `in`, ties included."""
    rng = random.Random(2)
    pair = Pair(f, f.__name__)
    for _ in range(120):
        xs = [float(rng.randint(0, 3)) if rng.random() < 0.5 else rng.gauss(0, 1) for _ in range(4)]
        pair.on_floats([xs])
        pair.gradient([xs])


def test_it_replays_along_ways_it_knows() -> None:
    """After its ways were recorded, a compiled function no longer runs the Python function; a new way is recorded."""
    runs: list[str] = []

    def f(x: Any) -> Any:
        runs.append("")
        return x * x if x > 0 else -x

    fast = ag.compile(f)
    for x in (1.0, 2.0, 3.0, -1.0, -2.0, -3.0):
        fast(x)
    before = len(runs)
    assert [fast(x) for x in (5.0, -5.0, 0.5, -0.0)] == [25.0, 5.0, 0.25, 0.0]
    assert len(runs) == before == 4
    assert len(fast.programs) == 2
    assert fast.program in fast.programs
    for transform, expected in ((ag.value_and_grad, (16.0, 8.0)), (ag.grad, 8.0), (ag.hessian, 2.0)):
        for _ in range(3):
            assert transform(fast)(4.0) == expected
        before = len(runs)
        assert transform(fast)(4.0) == expected  # made anew each time, as in a loop
        assert len(runs) == before, transform


def test_too_many_ways_end_in_one_warning(Value: Any) -> None:
    """With more than 8 ways it stays right, and says once, and its gradient once, which lines branch."""

    def f(x: Any) -> Any:
        for i in range(40):
            if x < i:
                return x * i
        return x

    fast = ag.compile(f)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for i in range(30):
            for _ in range(3):
                assert fast(i + 0.25) == f(i + 0.25)
                assert ag.grad(fast)(i + 0.25) == ag.grad(f)(i + 0.25)
    assert len(said) <= 2
    assert all("test_guards.py" in str(warning.message) for warning in said)
    assert len(fast.programs) <= 8


def test_a_kink_that_asks_for_equality(Value: Any) -> None:
    """`x == 0.0` holds for -0.0 too, nan equals nothing, and reading the number tells the two zeros apart."""

    def by_equality(x: Any) -> Any:
        return x * 2 if x == 0.0 else x * 3

    def by_number(x: Any) -> Any:
        return x * math.copysign(1.0, x.data if hasattr(x, "data") else x)

    for f in (by_equality, by_number):
        pair = Pair(f, f.__name__)
        for x in (0.0, 0.0, 0.0, -0.0, 1.0, -1.0, math.nan, math.nan, math.nan, -0.0, 0.0):
            pair.on_values([x], Value)
            pair.on_floats([x])


# ---- numbers from outside ----------------------------------------------------------------------------


def test_a_number_from_outside_that_changes() -> None:
    """A global, a closure cell, a default, an attribute read at each call: after a change the result is that of the function.

    What can't be seen (an attribute) is caught where it changes between the first two calls.
    """
    rate = 0.5

    def f(x: Any) -> Any:
        return x * rate

    fast = ag.compile(f)
    for rate in (0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.5, 2, 2):
        assert fast(3.0) == f(3.0)
        assert ag.grad(fast)(3.0) == rate


RATE: Any = 1.5


def scaled(x: Any) -> Any:
    """Reads a global."""
    return x * RATE + (RATE if x > 0 else 0.0)


def test_a_global_that_changes(monkeypatch: pytest.MonkeyPatch, Value: Any) -> None:
    """A global number, then a global Value, then another Value."""
    fast = ag.compile(scaled)
    for rate in (1.5, 1.5, 1.5, 2.5, 2.5, Value(3.0), Value(3.0), 1.5):
        monkeypatch.setitem(globals(), "RATE", rate)
        for x in (2.0, 2.0, 2.0, -2.0):
            assert outcome(lambda x=x: fast(x)) == outcome(lambda x=x: scaled(x))


def doubly_scaled(x: Any) -> Any:
    """Reads a global by way of another function."""
    return 2.0 * scaled(x)


class Scaling:
    """So does an object that is called."""

    def __call__(self, x: Any) -> Any:
        """The same."""
        return doubly_scaled(x)


@pytest.mark.parametrize("read", ["named", "closed over", "partial", "compiled", "object", "method"])
def test_variables_of_functions_that_it_calls(read: str, monkeypatch: pytest.MonkeyPatch, Value: Any) -> None:
    """A global that a function of the same module reads, called by way of others; and the function itself is bound anew."""
    inner, plain = ag.compile(doubly_scaled), functools.partial(doubly_scaled)
    f: Any = {
        "named": doubly_scaled, "closed over": lambda x: inner(x), "partial": lambda x: plain(x), "compiled": inner,
        "object": Scaling(), "method": Scaling().__call__,
    }[read]  # fmt: skip
    fast, was = ag.compile(f), scaled
    for change in (
        ("RATE", 1.5), ("RATE", 2.5), ("RATE", Value(3.0)), ("scaled", lambda x: x * x), ("scaled", lambda x: x * RATE),
        ("RATE", 0.5), ("scaled", was), ("RATE", 4.0),
    ):  # fmt: skip
        monkeypatch.setitem(globals(), *change)
        for x in (2.0, 2.0, 2.0, -2.0):
            assert outcome(lambda x=x: fast(x)) == outcome(lambda x=x: 2.0 * scaled(x)), change
            assert outcome(lambda x=x: ag.grad(fast)(x)) == outcome(lambda x=x: ag.grad(lambda t: 2.0 * scaled(t))(x)), change


def test_functions_that_call_each_other() -> None:
    """The variables of functions that call each other are found once each."""
    scale = 2.0

    def even(x: Any, n: int) -> Any:
        return x if n == 0 else odd(x, n - 1)

    def odd(x: Any, n: int) -> Any:
        return scale * even(x, n - 1)

    fast = ag.compile(even)
    for scale in (2.0, 2.0, 2.0, 3.0, 3.0):  # noqa: B007
        assert fast(1.5, 4) == even(1.5, 4)


def test_random_numbers_and_counters_are_noticed() -> None:
    """A function that draws random numbers or counts its calls is never replayed: two recordings disagree. It warns once."""
    rng, count = random.Random(3), iter(range(1000))

    def noisy(x: Any) -> Any:
        return x * rng.random()

    def counting(x: Any) -> Any:
        return x * next(count)

    for f in (noisy, counting):
        fast = ag.compile(f)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = {fast(1.0) for _ in range(20)}
        assert len(found) == 20
        assert len(said) == 1


def test_static_arguments_are_part_of_the_key() -> None:
    """Ints, bools, strings and None choose the way; each has programs of its own, and 1 is not True and not 1.0."""

    def f(x: Any, n: Any, how: Any = None) -> Any:
        total = x
        if how == "twice":
            total = total * 2
        if n is True:
            return total + 100
        if isinstance(n, int):
            for _ in range(n):
                total = total * x
        return total + (n if isinstance(n, int) else n * 0.5)

    pair = Pair(f)
    for _ in range(4):
        for n in (1, True, 1.0, 2, 3, False, 0, 0.0, 2.0):
            pair.on_floats([1.5, n])
            pair.on_floats([1.5, n, "twice"])
            assert described(pair.compiled(0.5, n=n, how=None)) == described(f(0.5, n=n, how=None))


def test_containers_in_and_out(Value: Any) -> None:
    """Lists, tuples and dicts keep their kind, length and order; another length is another program."""

    def f(p: Any, xs: Any) -> Any:
        return {
            "y": sum((w * x for w, x in zip(p["w"], xs, strict=True)), p["b"]),
            "all": tuple(xs),
            "none": None,
            "text": "ok",
        }

    pair = Pair(f)
    for _ in range(4):
        for n in (1, 2, 3):
            pair.on_floats([{"w": [0.5] * n, "b": 1.0}, [2.0] * n])
            pair.on_floats([{"b": 1.0, "w": [0.5] * n}, tuple([2.0] * n)])
    g = lambda p, xs: f(p, xs)["y"]  # noqa: E731
    twin = Pair(g)
    for _ in range(4):
        twin.gradient([{"w": [0.5, 1.5], "b": 1.0}, [2.0, 3.0]])


def test_what_f_returns_of_its_arguments(Value: Any) -> None:
    """An output that is an argument is that object; a constant is a constant; the same result twice is one object twice."""
    x, p = Value(1.0), Value(2.0)

    def f(a: Any) -> Any:
        y = a * p
        return a, 0.5, y, y, p

    fast = ag.compile(f)
    for _ in range(4):
        a, constant, y, z, captured = fast(x)
        assert a is x
        assert type(constant) is float
        assert constant == 0.5
        assert y is z
        assert captured is p
        assert described(y) == described(f(x)[2])


def test_arguments_of_other_kinds(Value: Any) -> None:
    """Fractions, NumPy numbers and arrays, and wrong arguments: results and errors are the function's."""
    import numpy as np

    def f(x: Any) -> Any:
        return x * x + 1

    def total(xs: Any) -> Any:
        return ag.sum([x * x for x in xs])

    pair, arrays = Pair(f), Pair(total)
    for _ in range(4):
        for x in (np.float64(1.5), np.float32(0.1), 3, True, "text", None, [1.0], 1j, {}, b"a"):
            pair.on_floats([x])
        arrays.on_floats([np.array([1.0, 2.0, 3.0])])
        arrays.gradient([np.array([1.0, 2.0, 3.0])])
        arrays.on_floats([np.array([1, 2, 3])])
        arrays.on_floats([np.array([[1.0, 2.0]])])
    assert outcome(lambda: ag.compile(3)) == outcome(lambda: ag.compile(3))
    assert outcome(lambda: ag.compile(3))[1] == "TypeError"
    fast = ag.compile(f)
    assert outcome(lambda: fast())[1:] == ("TypeError", outcome(lambda: f())[2])  # type: ignore[call-arg]
    assert outcome(lambda: fast(1.0, 2.0))[1:] == ("TypeError", outcome(lambda: f(1.0, 2.0))[2])  # type: ignore[call-arg]


def test_generated_functions_of_a_class(Value: Any) -> None:
    """Methods, callable objects, partials and generators compile."""

    class Model:
        def __init__(self) -> None:
            self.w = Value(0.5)

        def __call__(self, x: Any) -> Any:
            return self.w * x

        def loss(self, x: Any) -> Any:
            return (self(x) - 1.0) ** 2

        compiled = ag.compile(loss)

    model = Model()
    for f in (model, model.loss, functools.partial(model.loss)):
        pair = Pair(f, repr(f), [model.w])
        for x in (1.0, 2.0, 3.0, 4.0):
            model.w.data = x / 3
            pair.on_values([x], Value)
            pair.on_floats([x])
    for x in (1.0, 2.0, 3.0, 4.0):
        assert described(model.compiled(x)) == described(model.loss(x))  # as a decorator of a method


def test_bits_of_a_captured_value_that_is_computed(Value: Any) -> None:
    """A captured Value that was computed before passes its gradient on to what it came from."""
    w = Value(0.5)
    u = w * w + 1.0

    def f(x: Any) -> Any:
        return x * u + w

    fast = ag.compile(f)
    for x in (1.0, 2.0, 3.0, 4.0):
        w.zero_grad(), u.zero_grad()
        leaf = Value(x)
        f(leaf).backward()
        eager = [bits(v.grad) for v in (w, u, leaf)]
        w.zero_grad(), u.zero_grad()
        leaf = Value(x)
        fast(leaf).backward()
        assert [bits(v.grad) for v in (w, u, leaf)] == eager


# ---- attributes, and numbers that are drawn ----------------------------------------------------------------


class Switch:
    """Something with an attribute that functions take note of."""

    def __init__(self) -> None:
        self.on = True

    def of(self, x: Any) -> Any:
        """Two functions, one for each position."""
        if recording.recorders:
            recording.noted(self, "on")
        return ag.exp(x) if self.on else x * x

    def turn(self) -> None:
        """Set the attribute, and say so."""
        self.on = not self.on
        recording.changed()


@pytest.mark.parametrize("how", ["compile", "grad", "jvp", "vjp", "hvp", "vmap", "reduced", "buffers"])
def test_attributes_that_are_noted(how: str) -> None:
    """Where an attribute was noted and is another one, the program is another one; each is recorded twice and kept."""
    switch, runs = Switch(), [0]

    def f(x: Any) -> Any:
        runs[0] += 1
        return switch.of(x)

    fast: Any = {
        "compile": lambda: ag.compile(f), "grad": lambda: ag.grad(ag.compile(f)),
        "jvp": lambda: (lambda fast: lambda x: ag.jvp(fast, (x,), (1.0,))[1])(ag.compile(f)),
        "vjp": lambda: (lambda fast: lambda x: ag.vjp(fast, x)[1](1.0)[0])(ag.compile(f)),
        "hvp": lambda: (lambda fast: lambda x: ag.hvp(fast, (x,), (1.0,)))(ag.compile(f)),
        "vmap": lambda: (lambda mapped: lambda x: mapped([x, x])[0])(ag.vmap(f)),
        "reduced": lambda: (lambda mapped: lambda x: mapped([x]))(ag.vmap(f, reduce="sum")),
        "buffers": lambda: (lambda mapped: lambda x: mapped(array("d", [x, x]))[0])(ag.vmap(f)),
    }[how]()  # fmt: skip
    for step in range(12):
        x = 0.5 + step
        expected = ag.Value(x)
        switch.of(expected).backward()
        second = ag.hvp(switch.of, (x,), (1.0,)) if how == "hvp" else None
        assert fast(x) == (second or (expected.grad if how in ("grad", "jvp", "vjp") else switch.of(x))), step
        if step % 3 == 2:
            switch.turn()
    assert runs[0] <= 6


def test_an_attribute_of_something_that_is_gone() -> None:
    """What was made inside of the function and is gone can't change: its program goes on; nor is it kept alive."""
    alive: list[Any] = []

    def f(x: Any) -> Any:
        alive.append(weakref.ref(switch := Switch()))
        return switch.of(x)

    recording.noted(Switch(), "on")  # where nothing is recorded, nothing is noted
    fast = ag.compile(f)
    found = [fast(1.0) for _ in range(4)]
    recording.changed()
    assert [*found, fast(1.0)] == [math.exp(1.0)] * 5
    assert len(alive) == 2
    assert alive[0]() is alive[1]() is None


class Noise:
    """Draws numbers by functions that are made anew each time."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def __call__(self, x: Any) -> Any:
        """A sum that depends on a number that is drawn, with a branch behind it."""

        def one() -> float:
            return self.rng.gauss(0.0, 1.0)

        one.key = self.rng  # type: ignore[attr-defined]
        y = x * recording.draw(one)
        return y if y > 0.0 else y * y * recording.draw(one)


@pytest.mark.parametrize("how", ["compile", "reduced", "several"])
def test_numbers_are_drawn_in_the_order_of_eager(how: str) -> None:
    """Where a program doesn't hold, or none is computed in lanes, the function gets the numbers that were drawn already."""
    fast: Any = {
        "compile": ag.compile, "reduced": lambda f: (lambda mapped: lambda x: mapped([x]))(ag.vmap(f, reduce="sum")),
        "several": lambda f: (lambda mapped: lambda x: mapped([x, x + 1.0, -x]))(ag.vmap(f, reduce="sum")),
    }[how](Noise(3))  # fmt: skip
    noise = Noise(3)
    for step in range(30):
        x = 0.25 + step
        points = [x, x + 1.0, -x] if how == "several" else [x]
        assert fast(x) == ag.sum([noise(point) for point in points]), step


@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("number", [float, ag.Value])
def test_where_leaves_out_what_eager_leaves_out(number: Any, condition: bool) -> None:
    """What isn't chosen has a gradient of 0.0 beside a plain number, and none beside a Value, compiled or not."""
    w = ag.Value(3.0)

    def f(a: Any) -> Any:
        return ag.where(condition, a * 2.0, w * 2.0) if condition else ag.where(condition, w * 2.0, a * 2.0)

    fast = ag.compile(f)
    found = []
    for g in (f, fast, fast, fast):
        w.grad = None
        result = g(number(1.5))
        result.backward()
        found.append((result.data, w.has_grad, w.grad))
    assert found == [(3.0, number is float, 0.0)] * 4
