"""A mapped function called again with arrays or buffers like those before: it goes straight to the lanes, and none can tell."""

from __future__ import annotations

import array
import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd import modes
from autograd.mapped import Mapped

np = pytest.importorskip("numpy")

XS = [0.25 * i - 1.0 for i in range(7)]


def smooth(x: Any, y: Any) -> Any:
    """A function of two numbers."""
    return ag.tanh(x) * y + x / (2.0 + y * y)


def branching(x: Any, y: Any) -> Any:
    """One that goes two ways."""
    return x * y if x > 0.0 else y - x


def rows(x: Any, y: Any) -> Any:
    """One of two rows of numbers."""
    return [ag.dot([*x], [*y]), x[0] * y[1]]


def first_alone(x: Any, y: Any) -> Any:
    """One that doesn't depend on its second argument."""
    return x * x * x


def plain(x: Any) -> Any:
    """Arrays and buffers as lists, so that they can be compared."""
    return ag.tree.map(lambda leaf: leaf.tolist() if hasattr(leaf, "tolist") else leaf, x)


def bits(x: Any) -> str:
    """What tells every float from every other one."""
    return repr(plain(x))


def is_repeated(mapped: Mapped, *args: Any) -> bool:
    """Whether a call of these arguments would go straight to the lanes."""
    return mapped._repeated is not None and mapped._repeated.of(args) is not None


def column(kind: str, numbers: list[float]) -> Any:
    """Numbers in one of the kinds that `vmap` takes."""
    whole = np.array(numbers)
    return {
        "array": lambda: whole,
        "strided": lambda: np.repeat(whole, 2)[::2],
        "single": lambda: whole.astype(np.float32),
        "swapped": lambda: whole.astype(whole.dtype.newbyteorder()),
        "fixed": lambda: np.frombuffer(whole.tobytes()),
        "buffer": lambda: array.array("d", numbers),
        "view": lambda: memoryview(array.array("d", numbers)),
        "short view": lambda: memoryview(array.array("f", numbers)),
        "list": lambda: numbers,
    }[kind]()


KINDS = ["array", "strided", "single", "swapped", "fixed", "buffer", "view", "short view", "list"]
DERIVATIVES: list[Callable[[Any], Any]] = [
    lambda f: f,
    ag.grad,
    lambda f: ag.grad(f, (1, 0)),
    lambda f: ag.value_and_grad(f, (0, 1)),
    lambda f: ag.value_and_grad(f, 1),
    lambda f: ag.grad(f, (0, 0)),
]


@pytest.mark.parametrize("how", range(len(DERIVATIVES)))
@pytest.mark.parametrize("f", [smooth, branching, first_alone])
def test_calls_of_any_kind_in_any_order(f: Any, how: int, thorough: bool) -> None:
    """Whatever it was called with before, a mapped function returns what a new one returns, bit for bit, in new memory."""
    g = DERIVATIVES[how](f)
    mapped = ag.vmap(g)
    rng = random.Random(how)
    kept = []
    for _ in range(400 if thorough else 40):
        numbers = [[rng.choice([0.0, -0.5, 1.5, rng.uniform(-3, 3)]) for _ in range(rng.choice([1, 3, 3, 3, 9]))]]
        numbers.append([rng.uniform(-3, 3) for _ in numbers[0]])
        kinds = [rng.choice(KINDS)] * 2 if rng.random() < 0.7 else rng.choices(KINDS, k=2)
        args = [column(kind, xs) for kind, xs in zip(kinds, numbers, strict=True)]
        for _ in range(rng.choice([1, 1, 2])):
            found, new = mapped(*args), ag.vmap(g)(*args)
            assert bits(found) == bits(new)
            assert [*map(type, ag.tree.leaves(found))] == [*map(type, ag.tree.leaves(new))]
            kept.append((found, bits(found)))
    for found, before in kept:
        assert bits(found) == before


@pytest.mark.parametrize("f", [rows, lambda x, y: rows(x, y)[0]], ids=["a list", "a number"])
def test_matrices(f: Any) -> None:
    """Rows of numbers may have other shapes and another layout in the next call."""
    mapped = ag.vmap(f)
    slopes = ag.vmap(ag.grad(lambda x, y: rows(x, y)[0], (0, 1)))
    for shape in [(3, 4), (3, 4), (5, 4), (5, 4), (4, 3), (3, 4), (2, 6), (3, 4), (3, 4)]:
        x = np.arange(1.0, 1.0 + shape[0] * shape[1]).reshape(shape)
        for y in (x, x + 1.0, np.asfortranarray(x), np.tile(x, 2)[:, : shape[1]], memoryview(x), [*map(list, x.tolist())]):
            for g in (mapped, slopes):
                lists = g(x.tolist(), y if isinstance(y, list) else y.tolist())
                assert bits(g(x, y)) == bits(lists)
    cubes = np.arange(24.0).reshape(4, 3, 2)
    total = ag.vmap(lambda x: ag.sum([*x.flat]))
    for _ in range(4):
        assert total(cubes).tolist() == cubes.sum(axis=(1, 2)).tolist()
        assert total(cubes.reshape(4, 2, 3)).tolist() == cubes.sum(axis=(1, 2)).tolist()


def test_it_goes_straight_to_the_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the third call on neither the function nor what takes arguments apart is run, for arrays and buffers."""
    for kind in ("array", "fixed", "buffer", "view"):
        mapped = Mapped(ag.value_and_grad(smooth, (0, 1)), 0, None, 2)
        args = column(kind, XS), column(kind, XS[::-1])
        expected = [mapped(args, {}) for _ in range(3)]
        with monkeypatch.context() as patched:
            patched.setattr("autograd.mapped.Samples", None)
            for _ in range(2):
                assert bits(mapped(args, {})) == bits(expected[0]) == bits(expected[2])
            more = column(kind, [*XS, 0.5]), column(kind, [*XS, 0.5])
            assert len(mapped(more, {})[0]) == len(XS) + 1
        assert bits(mapped((XS, XS[::-1]), {})) == bits(expected[0])


def test_results_are_arrays_of_their_own() -> None:
    """Results can be written to, and share no memory with each other or with the arguments."""
    mapped = ag.vmap(ag.value_and_grad(lambda x: x))
    xs = np.array(XS)
    for _ in range(4):
        value, slope = mapped(xs)
        assert value.flags.writeable
        assert slope.flags.writeable
        assert not np.shares_memory(value, xs)
        value[:] = slope[:] = 7.0
        assert mapped(xs)[0].tolist() == XS
        assert mapped(xs)[1].tolist() == [1.0] * len(XS)


def test_what_is_not_repeated() -> None:
    """Shared arguments, other axes, names, tuples, labels, Values and other results take the general way, each time."""
    xs, w = np.array(XS), ag.Value(2.0)
    pairs = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for f, axes, args, named in [
        (smooth, (0, None), (xs, 2.0), {}),
        (smooth, 0, (xs,), {"y": xs}),
        (lambda pair: pair[0] * pair[1], 0, ((xs, xs),), {}),
        (lambda row: row[0] * row[1], 1, (pairs,), {}),
        (lambda x: x * w, 0, (xs,), {}),
        (lambda x: (x * x, 2.0 * x), 0, (xs,), {}),
        (lambda x: x, 0, (xs,), {}),
        (lambda x, y: x * y, 0, (xs, np.arange(len(XS))), {}),
        (ag.grad(lambda x, y: x * y), 0, (xs, np.array([w] * len(XS), dtype=object)), {}),
        (lambda row: ag.sum([*row]) if len(row) else 0.0, 0, (np.empty((3, 0)),), {}),
        (lambda x: x * 2.0, 0, (xs.view(type("Other", (np.ndarray,), {})),), {}),
        (ag.grad(lambda row: row["a"][0]), 0, ({"a": pairs},), {}),
        (ag.grad(lambda row: row[0][0] * row[1][1]), 0, (memoryview(np.zeros((2, 2, 2))),), {}),
    ]:
        mapped = Mapped(f, axes, None, 1)
        for _ in range(4):
            assert bits(mapped(args, named)) == bits(Mapped(f, axes, None, 1)(args, named))
            assert mapped._repeated is None


def test_points_at_which_the_program_does_not_hold() -> None:
    """A guard that differs and an error at a point are seen in calls that repeat others."""
    mapped = Mapped(branching, 0, None, 1)
    above, mixed = np.array([0.5, 1.0, 2.0]), np.array([0.5, -1.0, 2.0])
    for xs in (above, above, above, mixed, above, above, mixed, mixed, -above, -above, -above, above):
        assert mapped((xs, above), {}).tolist() == [branching(x, y) for x, y in zip(xs.tolist(), above.tolist(), strict=True)]
    logarithm = ag.vmap(ag.log)
    for _ in range(3):
        logarithm(above)
    for _ in range(2):
        with pytest.raises(ValueError, match="log") as caught:
            logarithm(mixed)
        assert caught.value.__notes__ == ["This is point 1 of a vmap."]
    assert logarithm(above).tolist() == [ag.log(x) for x in above.tolist()]


def test_variables_and_parameters_are_read_anew() -> None:
    """What the function closes over counts as it is at each call."""
    scale, w = 2.0, ag.Value(3.0)
    mapped = ag.vmap(ag.value_and_grad(lambda x: x * x * scale * w))
    xs = np.array([1.0, 2.0])
    for scale, number in [(2.0, 3.0)] * 4 + [(2.0, 4.0)] * 2 + [(5.0, 4.0)] * 4 + [(2.0, 3.0)] * 2:
        w.data = number
        value, slope = mapped(xs)
        assert value.tolist() == [scale * number, 4.0 * scale * number]
        assert slope.tolist() == [2.0 * scale * number, 4.0 * scale * number]


def test_blocks_are_seen() -> None:
    """Inside no_grad, another function's recording or a derivative, a call is what it is there."""
    mapped = Mapped(lambda x: x * x, 0, None, 1)
    xs = np.array(XS)
    for _ in range(3):
        mapped((xs,), {})
    assert is_repeated(mapped, xs)
    with ag.no_grad():
        assert mapped((xs,), {}).tolist() == [x * x for x in XS]
    assert not modes.open_blocks or not any(block.is_open() for block in modes.open_blocks)
    whole = ag.compile(lambda s: s * float(mapped((xs,), {})[0]))
    assert [whole(2.0) for _ in range(4)] == [2.0 * XS[0] ** 2] * 4
    for _ in range(3):
        assert ag.grad(lambda s: s * s * mapped((xs,), {})[0])(3.0) == 6.0 * XS[0] ** 2
    assert mapped((xs,), {}).tolist() == [x * x for x in XS]


def test_a_function_that_is_recorded_sees_inside() -> None:
    """A compiled function that calls a mapped one notices what the mapped function reads."""
    w = ag.Value(2.0)
    mapped = Mapped(ag.grad(lambda x: x * x * w), 0, None, 1)
    xs = np.array([1.0, 2.0])
    for _ in range(3):
        mapped((xs,), {})
    assert is_repeated(mapped, xs)
    whole = ag.compile(lambda s: s * mapped((xs,), {})[1])
    with pytest.warns(ag.EagerWarning, match="a derivative as a float"):
        whole(3.0)
    for number in (2.0, 2.0, 2.0, 5.0, 5.0, 2.0):
        w.data = number
        mapped((xs,), {})
        assert whole(3.0) == 3.0 * 4.0 * number


def test_arguments_of_no_use() -> None:
    """No points, an array without dimensions, one of dates, and arguments of different lengths do what they do at first."""
    mapped = Mapped(smooth, 0, None, 1)
    xs = np.array(XS)
    dates = np.array(["2026-01-01"] * len(XS), dtype="datetime64[D]")
    for args in [(np.array(1.0), xs), (dates, xs), (xs, xs[:2]), (xs,), (xs, xs, xs)]:
        for _ in range(3):
            mapped((xs, xs), {})
        assert is_repeated(mapped, xs, xs)
        assert not is_repeated(mapped, *args)
        with pytest.raises((TypeError, ValueError)) as new:
            Mapped(smooth, 0, None, 1)(args, {})
        with pytest.raises(type(new.value)) as again:
            mapped(args, {})
        assert str(again.value) == str(new.value)
    mapped((xs, xs), {})
    empty = mapped((xs[:0], xs[:0]), {})
    assert (empty.shape, empty.dtype) == ((0,), float)


def test_buffers_for_results_have_room_for_them() -> None:
    """Lanes refuse to fill a buffer of another size."""
    mapped = Mapped(ag.value_and_grad(smooth, (0, 1)), 0, None, 1)
    xs = np.array(XS)
    for _ in range(3):
        mapped((xs, xs), {})
    repeated = mapped._repeated
    assert repeated is not None
    n = len(XS)
    for sizes in [(n, n, n + 1), (n, n, 2 * n), (n, 2 * n, n), (n, n, 0), (2 * n, n, n), (n, n, n, n), (n, n)]:
        with pytest.raises(ValueError, match=r".") as caught:
            repeated.fill((xs, xs), ((), ()), [np.empty(size) for size in sizes], 0, 1)
        assert type(caught.value) is ValueError
