"""Why a gradient is what it is: the paths, their products, and a sum that is right."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
import viz
from autograd.testing import strategies
from viz.digits import count_text
from viz.layout import places
from viz.layout.ways import DASHES
from viz.scene.graphviz import RenderError
from viz.scene.shapes import Curve, Text
from viz.scene.themes import THEMES
from viz.views.explain import _bars


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


def doublings(count: int) -> tuple[Any, Any]:
    """x + x, and that with itself, so many times."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(count):
        y = y + y
    return y, x


def additions(count: int) -> tuple[Any, Any]:
    """x is added to itself, one after the other."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(count):
        y = y + x
    return y, x


def compound(count: int) -> tuple[Any, Any]:
    """A saving plan: each time all grows and x is added. The largest paths are the longest, of two nodes for each time."""
    x = y = ag.Value(1.0, label="x")
    for _ in range(count):
        y = y * 1.0001 + x
    return y, x


@pytest.mark.parametrize(
    ("make", "length", "count", "products", "edges"),
    [
        (doublings, 1000, 2**1000, [1.0] * 10, [1000] * 10),
        (additions, 10_000, 10_001, [1.0] * 10, [1, *range(2, 11)]),
        (compound, 5_000, 5_001, [1.0001 ** (5_000 - i) for i in range(10)], [10_000, *range(9_999, 9_981, -2)]),
    ],
    ids=["doublings", "additions", "compound"],
)
def test_thousands_of_paths(
    make: Callable[[int], tuple[Any, Any]], length: int, count: int, products: list[float], edges: list[int]
) -> None:
    """2**1000 paths of one size, and thousands of any, are counted, summed and written, the ten largest listed."""
    root, x = make(length)
    told = viz.explain(root, x)
    text = str(told)
    root.backward()
    assert told.path_count == count
    assert told.gradient == x.grad
    assert [path.product for path in told.paths] == pytest.approx(products, rel=1e-11)
    assert [len(path.places) - 1 for path in told.paths] == edges
    assert max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize(("make", "each"), [(doublings, 1000), (additions, 500), (compound, 1500)])
def test_the_work_grows_with_the_graph(
    make: Callable[[int], tuple[Any, Any]], each: int, work: Callable[[Callable[[], object]], int]
) -> None:
    """A graph twice as long, of any number of paths, takes twice the work: some hundred lines of Python for each step."""
    run = []
    for length in (500, 1000):
        root, x = make(length)
        run.append(work(lambda root=root, x=x: str(viz.explain(root, x))))  # type: ignore[misc]
    assert run[1] < 2.02 * run[0]
    assert run[1] < each * 1000


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
    bundle = told._repr_mimebundle_(exclude={"application/pdf"})
    assert bundle == {"text/html": told.html, "text/plain": str(told)}
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


def test_the_picture_has_the_first_paths_of_the_list() -> None:
    """Where more paths tie than are drawn, those that are drawn are the first of those that are listed."""
    x = ag.Value(0.109375)
    a = x + x
    b = a * a
    told = viz.explain((b * b) * b, x)
    assert len({path.product for path in told.paths}) == 1
    assert told.picture is not None
    drawn = [item.data["nodes"].split() for item in told.picture.scene.items if item.kind == "way"]
    assert drawn == [list(map(str, path.places[:-1])) for path in told.paths[:6]]


# ---- in the picture --------------------------------------------------------------------------------


def shown_of(html: str) -> dict[str, Any]:
    """What a page knows of each input that can be chosen, and which comes first."""
    data, _ = json.JSONDecoder().raw_decode(html[html.index("var facts=") + len("var facts=") :])
    return dict(data)


def branching() -> tuple[Any, Any, Any]:
    """A result with three inputs; a and b are used twice."""
    a, b, c = (ag.Value(x, label=name) for x, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c")))
    f = (a * b + c) * a.tanh() + (a - b) ** 2 * 0.1
    f.label = "f"
    return f, a, b


@settings(max_examples=25)
@given(expression=strategies.expressions())
def test_each_path_is_drawn_along_its_own_wires(expression: Any) -> None:
    """For any expression the lines of a path go from node to node as it does, beside the wires, into the right operands."""
    values = [ag.Value(x, label=f"x{i}") for i, x in enumerate(expression.point)]
    root = expression.fn(*values)
    if not isinstance(root, ag.Value) or viz.draw(root).graph.size > 40:
        return
    leaf = next(value for value in ag.topological_order(root) if value.label)
    told = viz.explain(root, leaf)
    picture = told.picture
    assert picture is not None
    ways = [item for item in picture.scene.items if item.kind == "way"]
    paths = told.paths[:6]
    assert len(ways) == len(paths)
    edges = {(item.data["to"], item.data["operand"]): item for item in picture.scene.items if item.kind == "edge"}
    assert len(picture.graph.nodes) == len(ag.topological_order(root))
    for k, (way, path) in enumerate(zip(ways, paths, strict=True)):
        assert way.data["nodes"].split() == [str(place) for place in path.places[:-1]]
        steps = list(zip(map(str, path.places[1:]), map(str, path.slots), strict=True))
        assert [tuple(step.split(".")) for step in way.data["edges"].split()] == steps
        lines = [shape for shape in way.shapes if isinstance(shape, Curve) and shape.tip]
        assert len(lines) == len(steps)
        for line, step in zip(lines, steps, strict=True):
            wire = next(shape for shape in edges[step].shapes if isinstance(shape, Curve))
            assert wire.tip is not None
            assert line.tip is not None
            assert math.dist(line.points[0], wire.points[0]) <= 9.1
            assert math.dist(line.tip, wire.tip) <= 9.1
            assert line.colour == f"path{k + 1}"
            assert wire.colour == "ground"  # so that the line alone is seen
    badges = [shape.content for way in ways for shape in way.shapes if isinstance(shape, Text)]
    assert badges == [str(k + 1) for k, path in enumerate(paths) if path.slots]


def test_paths_differ_in_colour_dashes_and_number() -> None:
    """No two of the six have the same dashes or colour; each colour has 4.5:1 against the ground, and so the number on it."""
    assert len(set(DASHES)) == len(DASHES)

    def light(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05

    for palette in THEMES.values():
        colours = [palette[f"path{k + 1}"] for k in range(len(DASHES))]
        assert len(set(colours)) == len(colours)
        for colour in colours:
            lights = sorted((light(colour), light(palette["ground"])))
            assert lights[1] / lights[0] >= 4.5


def test_nothing_is_drawn_over_a_path() -> None:
    """The wires that leave nodes are drawn before the paths, and in the ground's colour where a path goes along them."""
    f, a, _ = branching()
    picture = viz.explain(f, a).picture
    assert picture is not None
    kinds = [item.kind for item in picture.scene.items]
    first = kinds.index("way")
    assert "wire" in kinds[:first]
    assert "wire" not in kinds[first:]
    later = [shape for item in picture.scene.items[first:] if item.kind != "way" for shape in item.shapes]
    assert not any(isinstance(shape, Curve) for shape in later)
    nodes = {place for item in picture.scene.items if item.kind == "way" for place in item.data["nodes"].split()}
    for item in picture.scene.items:
        if item.kind == "wire":
            assert {shape.colour for shape in item.shapes} == {"ground" if item.data["wire"] in nodes else "line"}  # type: ignore[union-attr]


def test_lines_that_share_a_wire_stand_side_by_side() -> None:
    """x * x + x: three lines leave x at heights of their own, and the two through x * x stay apart."""
    x = ag.Value(3.0, label="x")
    picture = viz.explain(x * x + x, x).picture
    assert picture is not None
    ways = [item for item in picture.scene.items if item.kind == "way"]
    starts = [next(shape for shape in way.shapes if isinstance(shape, Curve)).points[0][1] for way in ways]
    assert len(set(starts)) == 3
    assert max(starts) - min(starts) < 2 * 5  # the numbers begin there
    titles = [way.title for way in ways]
    assert titles == ["path 1: 1 × 3 = 3", "path 2: 1 × 3 = 3", "path 3: 1"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7))
def test_the_bar_goes_on_where_it_ended(parts: list[float]) -> None:
    """Each part's bar begins where the one before ended, and the last one, from 0, ends where they all do."""
    bars = [[float(x) for x in re.findall(r"[\d.]+(?=%)", bar)] for bar in _bars(parts)]
    if not bars:
        assert max(map(abs, parts)) == 0.0
        return
    low = min(0.0, *itertools.accumulate(parts))
    whole = max(0.0, *itertools.accumulate(parts)) - low
    ends = [0.0, *itertools.accumulate(parts)]
    for (left, width), a, b in zip(bars, [*ends[:-1], 0.0], [*ends[1:], ends[-1]], strict=True):
        assert left == pytest.approx(100 * (min(a, b) - low) / whole, abs=0.06)
        assert left + width == pytest.approx(100 * (max(a, b) - low) / whole, abs=0.06)
    assert _bars([math.inf, 1.0]) == _bars([math.nan]) == _bars([0.0]) == []


@pytest.mark.graphviz
def test_every_input_of_a_small_graph_can_be_chosen() -> None:
    """The page has each input's paths, and the sum that they add up to is its gradient; the one asked for comes first."""
    f, _, b = branching()
    f.backward()
    told = viz.explain(f, b)
    shown = shown_of(told.html)
    order = [node for node in ag.topological_order(f) if node.is_leaf]
    graph = viz.draw(f).graph
    inputs = {graph.name(int(place)): what for place, what in shown["inputs"].items()}
    assert set(inputs) == {node.label for node in order}
    assert graph.nodes[shown["first"]].label == "b"
    for node in order:
        alone = viz.explain(f, node)
        assert inputs[node.label]["title"] == alone.title
        assert inputs[node.label]["rows"].count("<button") == len(alone.paths)
        drawn = [ways.count('class="way"') for ways in inputs[node.label]["ways"]]
        assert drawn == [len(alone.paths)] * 2  # from left to right, and for a phone
        assert f"= {node.grad:.4g}<" in inputs[node.label]["rows"]
        assert len(inputs[node.label]["lit"]) == len(alone._graph.on_path)


@pytest.mark.graphviz
def test_more_paths_than_lines_and_more_inputs_than_buttons() -> None:
    """Of ten paths six have a line, and a row says what the others add; of forty inputs the twelve largest can be chosen."""
    x = ag.Value(1.0, label="x")
    f = ag.sum([x * float(k) for k in range(1, 11)])
    shown = shown_of(viz.explain(f, x).html)
    (rows,) = [what["rows"] for what in shown["inputs"].values()]
    assert rows.count("data-row") == 6
    assert "4 smaller paths" in rows
    assert ">10</span>" in rows  # 1 + 2 + 3 + 4
    xs = [ag.Value(float(k), label=f"x{k}") for k in range(20)]
    g = ag.dot(xs, xs[::-1])
    shown = shown_of(viz.explain(g, xs[3]).html)
    assert len(shown["inputs"]) == 12
    assert {"3"} < set(shown["inputs"])


@pytest.mark.graphviz
def test_of_a_large_graph_the_paths_are_drawn_and_no_more() -> None:
    """In a net the nodes off the largest paths are one box; paths too long to be drawn are told in words alone."""
    x = ag.Value(0.5, label="x")
    f = ag.sum([(x * float(k)).tanh() + float(k) for k in range(60)])
    told = viz.explain(f, x)
    assert told.picture is not None
    graph = told.picture.graph
    assert graph.size <= 60
    assert graph.nodes[0].fold is not None
    assert len({place for path in told.paths[:6] for place in path.places}) == len(graph.nodes) - 1
    shown = shown_of(told.html)
    assert len(shown["inputs"]) == 1
    root, y = doublings(1000)
    long = viz.explain(root, y)
    assert long.picture is None
    assert "<script" not in long.html
    assert "<table>" in long.html


def test_without_graphviz_the_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Graphviz the explanation is the table, and says why there is no picture."""

    def missing(*_: Any, **__: Any) -> bytes:
        raise RenderError("Graphviz is missing")

    monkeypatch.setattr(places, "run_graphviz", missing)
    f, a, _ = branching()
    html = viz.explain(f, a).html
    assert "no picture: Graphviz is missing" in html
    assert "<table>" in html
    assert "<script" not in html
    assert "<details" not in html
