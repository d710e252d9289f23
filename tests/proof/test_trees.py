"""Numbers in lists, tuples, dicts and arrays: their names, their order, and trees of the same kinds with other numbers."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd.testing.trees import built_like, matched, numbers_of


class Point(NamedTuple):
    """Two numbers with names."""

    x: Any
    y: Any


class Row(list[Any]):
    """A list of a user's own."""


TREE = [1.0, (2.0, {"b": 3.0, "a": [4.0, Point(5.0, 6.0)]}), np.array([[7.0, 8.0]]), [], np.array(9.0)]


def test_numbers_and_their_names() -> None:
    """Each number comes with the text that picks it, from left to right, a dict's in its own order; what is empty has none."""
    names = ["t[0]", "t[1][0]", "t[1][1]['b']", "t[1][1]['a'][0]", "t[1][1]['a'][1].x", "t[1][1]['a'][1].y"]
    assert numbers_of(TREE, "t") == list(
        zip([*names, "t[2][0][0]", "t[2][0][1]", "t[4]"], map(float, range(1, 10)), strict=True)
    )
    assert numbers_of(2.5, "x") == [("x", 2.5)]
    assert numbers_of({}) == []
    assert type(numbers_of(np.array(9.0))[0][1]) is float


def test_a_tree_of_the_same_kinds() -> None:
    """Other numbers come in containers of the same kinds, and the tree that gave the shape stays as it was."""
    kept = defaultdict(lambda: 7.0, {"k": 1.0})
    tree = [TREE, OrderedDict(z=1.0, a=2.0), kept, Row([3.0])]
    before = numbers_of(tree)
    found = built_like(tree, iter([float(i) for i in range(100, 200)]))
    assert [number for _, number in numbers_of(found)] == [float(100 + i) for i in range(len(before))]
    assert numbers_of(tree) == before
    assert type(found[0][1][1]["a"][1]) is Point
    assert type(found[1]) is OrderedDict
    assert list(found[1]) == ["z", "a"]
    assert (type(found[2]), found[2]["missing"]) == (defaultdict, 7.0)
    assert "missing" not in kept
    assert type(found[3]) is Row
    assert type(found[0][1]) is tuple
    assert (found[0][2].dtype, found[0][2].shape) == (np.dtype(float), (1, 2))
    assert built_like(2.0, iter("x")) == "x"
    mixed = built_like(np.zeros((2, 1)), iter([1.0, "x"]))
    assert (mixed.dtype, mixed.tolist()) == (np.dtype(object), [[1.0], ["x"]])
    assert built_like(np.array(9.0), iter([4.0])) == 4.0


def test_numbers_are_matched() -> None:
    """Dicts are matched by key at every depth, everything else by place; where shapes differ all numbers come in order."""
    assert matched({"a": 1.0, "b": {"c": 2.0, "d": 3.0}}, {"b": {"d": 30.0, "c": 20.0}, "a": 10.0}) == [10.0, 20.0, 30.0]
    assert matched([1.0, 2.0], (10.0, 20.0)) == [10.0, 20.0]
    assert matched(Point(1.0, 2.0), [10.0, 20.0]) == [10.0, 20.0]
    assert matched([1.0, 2.0], np.array([10.0, 20.0])) == [10.0, 20.0]
    assert matched(1.0, 10.0) == [10.0]
    assert matched([1.0], [10.0, 20.0]) == [10.0, 20.0]
    assert matched(1.0, [10.0]) == [10.0]
    assert matched([1.0], 10.0) == [10.0]
    assert matched({"a": 1.0, "b": 2.0}, [10.0, 20.0]) == [10.0, 20.0]
    assert matched([1.0, 2.0], {"b": 10.0, "a": 20.0}) == [10.0, 20.0]
    with pytest.raises(ValueError, match=r"gradients has the keys \['b'\] where the inputs have \['a'\]; give one for each"):
        matched({"a": 1.0}, {"b": 10.0})
    assert matched([{"a": 1.0, "b": 2.0}], [{"b": 20.0, "a": 10.0}]) == [10.0, 20.0]
