"""Why a gradient is what it is: the paths, their products, and a sum that is right."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from autograd.testing import strategies
from viz.digits import count_text


def all_paths(root: Any, leaf: Any) -> list[float]:
    """The product of local gradients along each path, found by plain recursion."""
    if root is leaf:
        return [1.0]
    found = []
    for parent, local in zip(root.parents, root.local_gradients(), strict=True):
        found += [local * rest for rest in all_paths(parent, leaf)]
    return found


@settings(max_examples=80)
@given(expression=strategies.expressions())
def test_paths_add_up_to_the_gradient(expression: Any) -> None:
    """For any expression: as many paths as a plain recursion finds, the largest listed first, their sum the gradient."""
    values = [ag.Value(x, label=f"x{i}") for i, x in enumerate(expression.point)]
    root = expression.fn(*values)
    if not isinstance(root, ag.Value):
        return
    root.backward()
    for leaf in values:
        if not leaf.has_grad:
            with pytest.raises(ValueError, match="is not in this graph"):
                viz.explain(root, leaf)
            continue
        products = all_paths(root, leaf)
        told = viz.explain(root, leaf, max_paths=5)
        assert told.path_count == len(products)
        assert told.gradient.hex() == leaf.grad.hex()
        if all(map(math.isfinite, products)):
            expected = sorted(map(abs, products), reverse=True)[:5]
            assert [abs(path.product) for path in told.paths] == pytest.approx(expected, rel=1e-9)
            total = math.fsum([*[path.product for path in told.paths], told.rest])
            assert total == pytest.approx(told.gradient, rel=1e-9, abs=1e-12 * max(expected))


def ways(root: Any, leaf: Any) -> list[tuple[float, tuple[int, ...]]]:
    """Each path by plain recursion, in the order of the graph from the leaf on: the product's size, the places on it."""
    place = {id(value): i for i, value in enumerate(ag.topological_order(root))}
    uses: dict[int, list[tuple[Any, float]]] = {}
    for value in ag.topological_order(root):
        for parent, local in zip(value.parents, value.local_gradients(), strict=True):
            uses.setdefault(id(parent), []).append((value, local))

    def from_here(value: Any) -> list[tuple[float, tuple[int, ...]]]:
        here = place[id(value)]
        if value is root:
            return [(1.0, (here,))]
        return [(abs(local) * size, (here, *way)) for head, local in uses[id(value)] for size, way in from_here(head)]

    return from_here(leaf)


@settings(max_examples=100)
@given(st.data())
def test_the_largest_paths_are_listed_in_a_fixed_order(data: st.DataObject) -> None:
    """The paths listed are the largest by size of product; equal ones the shortest first, then in the order of the graph.

    The factors are powers of two, so that products are exact and many of them tie.
    """
    values = [ag.Value(1.0, label="x")]
    for _ in range(data.draw(st.integers(2, 7))):
        pick = st.sampled_from(values[-3:])
        factor = st.sampled_from([1.0, 1.0, 2.0, -2.0, 0.5])
        values.append(data.draw(pick) * data.draw(factor) + data.draw(pick) * data.draw(factor))
    x, root = values[0], values[-1]
    if not any(value is x for value in ag.topological_order(root)):
        return
    told = viz.explain(root, x, max_paths=data.draw(st.sampled_from([1, 3, 10, 1000])))
    expected = sorted(ways(root, x), key=lambda way: (-way[0], len(way[1])))
    assert told.path_count == len(expected)
    count = len(told.paths)
    assert [(abs(path.product), path.places) for path in told.paths] == expected[:count]
    assert told.rest == told.gradient - sum(path.product for path in told.paths)


def doublings() -> tuple[Any, Any]:
    """x + x, and that with itself, a thousand times."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(1000):
        y = y + y
    return y, x


def additions() -> tuple[Any, Any]:
    """x is added ten thousand times, one after the other."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(10_000):
        y = y + x
    return y, x


def compound() -> tuple[Any, Any]:
    """A saving plan: each time all grows and x is added. The largest paths are the longest, of ten thousand nodes."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(5_000):
        y = y * 1.0001 + x
    return y, x


@pytest.mark.parametrize(
    ("make", "count", "products", "edges"),
    [
        (doublings, 2**1000, [1.0] * 10, [1000] * 10),
        (additions, 10_001, [1.0] * 10, [1, *range(2, 11)]),
        (compound, 5_001, [1.0001 ** (5_000 - i) for i in range(10)], [10_000, *range(9_999, 9_981, -2)]),
    ],
    ids=["doublings", "additions", "compound"],
)
def test_thousands_of_paths_take_less_than_a_second(
    make: Callable[[], tuple[Any, Any]], count: int, products: list[float], edges: list[int]
) -> None:
    """2**1000 paths of one size, and thousands of any, are counted, summed and written in under a second, ten listed."""
    root, x = make()
    took = math.inf
    for _ in range(3):
        start = time.process_time()
        told = viz.explain(root, x)
        text = str(told)
        took = min(took, time.process_time() - start)
        if took < 1:
            break
    assert took < 1
    root.backward()
    assert told.path_count == count
    assert told.gradient == x.grad
    assert [path.product for path in told.paths] == pytest.approx(products, rel=1e-11)
    assert [len(path.places) - 1 for path in told.paths] == edges
    assert max(map(len, text.splitlines())) < 400


def test_more_paths_than_can_be_written_out() -> None:
    """So many paths that their number has thousands of digits are told to three digits; the number itself is exact."""
    x = y = ag.Value(1e-3, label="x")
    for _ in range(14_500):
        y = y + y
    told = viz.explain(y, x, max_paths=1)
    assert told.path_count == 2**14_500
    exponent = int(14_500 * math.log10(2))
    expected = f"about {10 ** (14_500 * math.log10(2) - exponent):.2f}e+{exponent}"
    assert str(told).splitlines()[0] == f"d#14501/dx = inf, the sum over {expected} paths from x to #14501"
    assert f" + inf from {expected} smaller paths" in str(told)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (10**21 - 1, "999,999,999,999,999,999,999"),
        (10**21, "about 1.00e+21"),
        (9_996 * 10**20, "about 1.00e+24"),
        (9_994 * 10**20, "about 9.99e+23"),
    ],
)
def test_a_number_of_paths_in_words(count: int, words: str) -> None:
    """Up to 21 digits a number of paths is written out; of a larger one three digits, rounded, and the power of ten."""
    assert count_text(count) == words


def test_zeros_and_infinite_slopes_among_the_paths() -> None:
    """Infinite products come before all others, paths with a factor of 0 after them, as deep as underflow and overflow go."""
    x = ag.Value(0.0, label="x")
    tiny, huge = ((x * 1e-200) * 1e-200, (x * 1e200) * 1e200)
    f = ag.sum([x * 0.0, tiny, x * -3.0, x.sqrt(), huge, x * 1e-300, tiny * 1e-200])
    told = viz.explain(f, x, max_paths=8)
    assert [path.product for path in told.paths] == [math.inf, math.inf, -3.0, 1e-300, 0.0, 0.0, 0.0]
    names = [path.names[-2] for path in told.paths]
    order = {value.label or f"#{i}": value for i, value in enumerate(ag.topological_order(f), 1)}
    kinds = [order[name].op.name for name in names]
    assert kinds[0] == "sqrt"
    assert [len(path.names) for path in told.paths] == [3, 4, 3, 3, 4, 5, 3]
    rest = viz.explain(f, x, max_paths=4)
    assert math.isnan(rest.rest)
    assert [path.product for path in rest.paths] == [math.inf, math.inf, -3.0, 1e-300]


def test_the_rest_where_infinite_paths_cancel() -> None:
    """Where listed products are inf and -inf, or add up beyond the largest float, the rest is told all the same."""
    x = ag.Value(0.0, label="x")
    apart = viz.explain(ag.sum([x.sqrt(), -(x.sqrt()), x * 2.0]), x, max_paths=2)
    assert sorted(path.product for path in apart.paths) == [-math.inf, math.inf]
    assert math.isnan(apart.rest)
    y = ag.Value(1.0, label="y")
    large = viz.explain(ag.sum([y * 1.5e308, y * 1.5e308, y * -1.5e308]), y, max_paths=2)
    assert [path.product for path in large.paths] == [1.5e308, 1.5e308]
    assert large.rest == -math.inf or large.rest == large.gradient - math.inf


def test_the_words_of_the_lecture() -> None:
    """(x + y) * z: one path, its factors from the result to the input, each with symbols and numbers."""
    x, y, z = (ag.Value(v, label=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    assert str(viz.explain(f, x)) == (
        "df/dx = -4, the only path from x to f\n"
        "  -4 × 1 = -4   x -> q -> f\n"
        "where\n  x = -2\n  q = x + y = 3\n  f = q * z = -12\n"
        "local gradients\n  d(q * z)/dq = z = -4\n  d(x + y)/dx = 1"
    )
    html = viz.explain(f, x).html
    for text in ("x → q → f", "d(q * z)/dq = z = -4", "-4 × 1 = -4", "q = x + y = 3"):
        assert text in html
    assert "<script" not in viz.explain(f, f).html  # of the result itself there is nothing to choose


def test_more_paths_than_can_be_listed() -> None:
    """With 2**60 paths the number is exact, the largest are listed at once, and the rest is one number."""
    x = ag.Value(1.0, label="x")
    y = x
    for _ in range(60):
        y = y * 0.5 + y * 0.25
    told = viz.explain(y, x, max_paths=3)
    y.backward()
    assert told.path_count == 2**60
    assert [path.product for path in told.paths] == [0.5**60, *[0.5**59 * 0.25] * 2]
    assert told.gradient == x.grad
    assert f"from {2**60 - 3:,} smaller paths" in str(told)
    assert told.rest == x.grad - 2 * 0.5**60


def test_parallel_edges_are_paths_of_their_own() -> None:
    """x * x has two paths from x, a square of a square four."""
    x = ag.Value(3.0, label="x")
    q = x * x
    assert viz.explain(q, x).path_count == 2
    assert viz.explain(q * q, x).path_count == 4
    assert viz.explain(q * q, q).path_count == 2


def test_the_result_and_itself() -> None:
    """The derivative of the result by itself is 1, in words."""
    x = ag.Value(3.0, label="x")
    told = viz.explain(x, x)
    assert str(told) == "dx/dx = 1: the result with respect to itself"
    assert "1: the result" in told.html


def test_long_paths_are_shown_by_their_ends() -> None:
    """A path of a hundred nodes is shortened in the middle, in text and in HTML; the numbers stay."""
    y = x = ag.Value(1.0, label="x")
    for _ in range(100):
        y = y * 2
    text = str(viz.explain(y, x))
    assert "…" in text
    assert max(map(len, text.splitlines())) < 250
    assert viz.explain(y, x).gradient == 2.0**100


def test_zero_and_infinite_slopes() -> None:
    """A path through a zero has the product 0, also times an infinite slope, as backward() has it."""
    x = ag.Value(0.0, label="x")
    f = x.sqrt() * 0.0
    f.backward()
    told = viz.explain(f, x)
    assert told.paths[0].product == told.gradient == x.grad == 0.0


def test_bad_input_and_files(tmp_path: Path) -> None:
    """Numbers, options out of range and other suffixes are refused; save writes the page."""
    x = ag.Value(3.0, label="x")
    f = x * 2
    with pytest.raises(TypeError, match="the second is float"):
        viz.explain(f, 3.0)
    with pytest.raises(TypeError, match="Value"):
        viz.explain(3.0, x)
    for wrong in (0, 1001, True, 2.5):
        with pytest.raises(ValueError, match="max_paths"):
            viz.explain(f, x, max_paths=wrong)
    told = viz.explain(f, x)
    assert told._repr_mimebundle_() == {"text/html": told.html, "text/plain": str(told)}
    assert told.html in told.save(tmp_path / "why.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"written as \.html"):
        told.save(tmp_path / "why.svg")
    assert repr(told) == "<viz.Explanation: d#2/dx = 2, the only path from x to #2>"


def test_the_order_of_ties_is_fixed() -> None:
    """Paths of the same size are listed in the order of the graph, each time."""
    x = ag.Value(1.0, label="x")
    f = ag.sum([x * float(i % 3) for i in range(12)])
    found = {tuple(path.names for path in viz.explain(f, x).paths) for _ in range(3)}
    assert len(found) == 1
    (order,) = found
    assert [names[1] for names in order] == ["#4", "#7", "#10", "#13", "#3", "#6", "#9", "#12", "#2", "#5"]
