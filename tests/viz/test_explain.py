"""Why a gradient is what it is: the paths, their products, and a sum that is right."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import autograd as ag
import viz
from autograd.testing import strategies


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
    assert "<script" not in html


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
