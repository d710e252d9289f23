"""Trees: lists, tuples and dicts taken apart and put together, of any type and any depth."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

from autograd import grad, tree


class Pair(NamedTuple):
    """A named tuple."""

    left: Any
    right: Any


class Row(list[Any]):
    """A list of a type of its own."""


class Checked(NamedTuple):
    """A named tuple with a default, which its own `_make` must not fall back to."""

    x: Any
    y: Any = "default"


trees = st.recursive(
    st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.tuples(inner, inner).map(lambda both: Pair(*both))
    ),
    max_leaves=12,
)


def depth(x: Any) -> tuple[int, Any]:
    """How many lists of one lie around a leaf, and the leaf."""
    found = 0
    while isinstance(x, list):
        (x,) = x
        found += 1
    return found, x


@given(trees)
def test_taken_apart_and_put_together(x: Any) -> None:
    """flatten and unflatten are each other's inverse, with the same types, and repr lists the leaves in the same order."""
    leaves, shape = tree.flatten(x)
    again = tree.unflatten(shape, leaves)
    assert repr(again) == repr(x)
    assert shape.num_leaves == len(leaves)
    assert tree.leaves(x) == leaves
    assert shape.flatten_up_to(x) == leaves
    assert tree.unflatten(tree.structure(x), [2 * n for n in leaves]) == tree.map(lambda n: 2 * n, x)


def test_types_are_kept() -> None:
    """OrderedDict, defaultdict with its factory, Counter, named tuples and lists of one's own come back as they were."""
    double = lambda x: 2 * x  # noqa: E731
    ordered = tree.map(double, OrderedDict(b=1, a=2))
    assert type(ordered) is OrderedDict
    assert list(ordered.items()) == [("b", 2), ("a", 4)]
    counts = defaultdict(list, a=1)
    made = tree.map(double, counts)
    assert (type(made), made.default_factory, dict(made), dict(counts)) == (defaultdict, list, {"a": 2}, {"a": 1})
    assert tree.map(double, Counter("aab")) == Counter({"a": 4, "b": 2})
    assert type(tree.map(double, Counter("aab"))) is Counter
    assert tree.map(double, Pair(1, [2])) == Pair(2, [4])
    assert tree.map(double, Checked(1)) == Checked(2, "defaultdefault")
    assert type(tree.map(double, Row([1]))) is Row
    assert type(tree.map(double, {"a": 1})) is dict
    assert tree.map(double, "ab") == "abab"


def test_what_is_flattened_may_change_later() -> None:
    """A shape is what it was when the tree was taken apart, even if the tree is changed since."""
    x = defaultdict(list, a=1)
    plain: dict[str, int] = {"b": 2}
    shapes = tree.structure(x), tree.structure(plain)
    x["c"] = plain["d"] = 3
    assert tree.unflatten(shapes[0], [5]) == {"a": 5}
    assert tree.unflatten(shapes[1], [5]) == {"b": 5}


def test_several_trees_match_by_key() -> None:
    """map finds a leaf's place in the others by key in dicts and by position elsewhere; a list will do for a tuple."""
    add = lambda *xs: sum(xs)  # noqa: E731
    assert tree.map(add, {"a": 1, "b": (2, 3)}, {"b": [20, 30], "a": 10}, {"a": 100, "b": (200, 300)}) == {
        "a": 111,
        "b": (222, 333),
    }
    assert tree.structure([0, 0]).flatten_up_to([[1, 2], {"x": 3}]) == [[1, 2], {"x": 3}]


@pytest.mark.parametrize(
    ("shape", "other", "words"),
    [
        ([1, 2], [1], "expected a list of 2, got a list of 1"),
        ((1,), 1.0, "expected a tuple of 1, got a leaf of type float"),
        ({"a": 1}, {"b": 1}, r"expected the keys \['a'\], got \['b'\]"),
        ({"a": 1}, [1], "expected a dict of 1, got a list of 1"),
        ([1], {"a": 1}, "expected a list of 1, got a dict of 1"),
        ({"a": 1, "b": 2}, {"a": 1}, "expected a dict of 2, got a dict of 1"),
        ([1], "a", "got a leaf of type str"),
    ],
)
def test_another_shape_is_refused(shape: Any, other: Any, words: str) -> None:
    """Containers that differ are a ValueError that says what was expected and what came."""
    with pytest.raises(ValueError, match=words):
        tree.structure(shape).flatten_up_to(other)
    with pytest.raises(ValueError, match=words):
        tree.map(lambda x, y: x, shape, other)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_leaves_as_places(count: int) -> None:
    """Too few or too many leaves are a ValueError with both numbers."""
    with pytest.raises(ValueError, match=f"got {count} leaves for a tree of 2"):
        tree.unflatten(tree.structure([1, 2]), [0] * count)


def test_what_contains_itself_is_refused() -> None:
    """A list or dict inside itself is a ValueError and no endless loop; the same list twice side by side is fine."""
    twice = [1, 2]
    assert tree.leaves([twice, {"a": twice}, (twice, [])]) == [1, 2] * 3
    around: Any = [1, {"a": [2]}]
    around[1]["a"].append(around)
    other: Any = {"b": 1}
    other["a"] = [other]
    for x, name in ((around, "list"), (other, "dict"), ([0, other], "dict")):
        for call in (tree.flatten, tree.leaves, tree.structure, grad(lambda x: 1.0)):
            with pytest.raises(ValueError, match=f"a {name} that contains itself isn't a tree; take a copy"):
                call(x)


def test_no_tree_is_too_deep() -> None:
    """A tree nested 100,000 deep is taken apart, mapped, matched and put together without recursion."""
    x: Any = 1.0
    for _ in range(100_000):
        x = [x]
    assert depth(tree.map(lambda a, b: a + b, x, x)) == (100_000, 2.0)
    assert tree.structure(x).is_leaf is False
    assert tree.structure(1.0).is_leaf is True
    assert tree.structure([]).is_leaf is False
