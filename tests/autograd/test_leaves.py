"""What is done to many leaves at once: all of it or nothing, in C as in Python."""

from __future__ import annotations

import math
from array import array
from typing import Any

import pytest

from autograd import Value, leaves

AWKWARD = [0.0, -0.0, 1.0, -1.5, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e308, -1e200, 1e-200]


class Own(Value):  # type: ignore[misc,valid-type]
    """A subclass, which is left to Python."""


@pytest.mark.parametrize("kind", [Value, Own])
def test_many_leaves_at_once(kind: type[Any]) -> None:
    """Each function of `autograd.leaves` does to all leaves what its name says, for Values and for instances of subclasses."""
    xs = [kind(x) for x in AWKWARD]
    assert [x.hex() for x in leaves.numbers(xs)] == [x.hex() for x in AWKWARD]
    assert leaves.first_not_finite(xs) == 4
    assert leaves.first_not_finite(xs[:4]) == -1
    leaves.assign(xs, AWKWARD[::-1])
    assert [x.data.hex() for x in xs] == [x.hex() for x in AWKWARD[::-1]]
    for x, g in zip(xs[1:], AWKWARD, strict=False):
        x.grad = g
    assert [g.hex() for g in leaves.gradients(xs)] == [(g + 0.0).hex() for g in AWKWARD[:-1]]
    leaves.scale_gradients(xs, -0.5)
    assert not xs[0].has_grad
    assert [g.hex() for g in leaves.gradients(xs)] == [(((g + 0.0) * -0.5) + 0.0).hex() for g in AWKWARD[:-1]]
    leaves.clear_gradients(tuple(xs[:3]))
    leaves.clear_gradients(xs[2:])
    assert not any(x.has_grad for x in xs)


def test_numbers_are_added_to_gradients() -> None:
    """As `backward` adds them, -0.0 included; where one isn't a plain leaf nothing is done, and the caller is told."""
    xs, ys = (tuple([Value(1.0) for _ in AWKWARD]) for _ in range(2))
    for x, y in zip(xs[::2], ys[::2], strict=True):
        x.grad = y.grad = -0.0
    sums = array("d", AWKWARD)
    done = leaves.add_gradients(leaves.Operands(xs), sums)
    for y, g in zip(ys, AWKWARD, strict=True):
        y.backward(g)
    assert not done or [x.grad.hex() for x in xs] == [y.grad.hex() for y in ys]
    before = xs[0].grad.hex()
    for others in ((xs[0], xs[1] * 2.0), (xs[0], Own(1.0)), (xs[0],)):
        assert not leaves.add_gradients(leaves.Operands(others), array("d", [1.0, 1.0]))
    assert xs[0].grad.hex() == before


@pytest.mark.parametrize("kind", [Value, Own])
@pytest.mark.parametrize(
    ("numbers", "error"),
    [([2.0], ValueError), ([2.0, "3"], TypeError), ([2.0, 3.0, 4.0], ValueError), ([2.0, None], TypeError)],
)
def test_all_leaves_are_assigned_or_none(kind: type[Any], numbers: list[Any], error: type[Exception]) -> None:
    """Too few numbers, too many, or one that isn't a number change nothing; nor does a Value that isn't a leaf."""
    xs = [kind(0.0), kind(1.0)]
    with pytest.raises(error):
        leaves.assign(xs, numbers)
    assert [x.data for x in xs] == [0.0, 1.0]
    with pytest.raises(AttributeError, match="computed"):
        leaves.assign([xs[0], xs[1] + 1.0], [5.0, 5.0])
    assert [x.data for x in xs] == [0.0, 1.0]


def test_what_a_dict_or_a_list_holds_is_noticed() -> None:
    """A member counts as the same by identity, or by its class where that was noted; keys and their order count, too."""
    x, box = Value(1.0), {"a": 1, "b": "text"}
    members = ("a", int, "b", box["b"])

    class Holder:
        pass

    owner = Holder()
    owner.x = x  # type: ignore[attr-defined]
    watched = [(None, box, members), (owner, vars(owner), ("x", x)), (None, [x], (x,))]
    assert leaves.same_members(watched)
    box["a"] = 2
    assert leaves.same_members(watched)
    for other in (
        {"a": 1.0, "b": box["b"]},
        {"b": box["b"], "a": 1},
        {"a": 1},
        {"a": 1, "b": "other"},
        {"c": 1, "b": box["b"]},
    ):
        assert not leaves.same_members([(None, other, members)])
    assert not leaves.same_members([(None, [x, x], (x,))])
    assert not leaves.same_members([(None, [Value(1.0)], (x,))])
    owner.__dict__ = {"x": x}
    assert not leaves.same_members(watched)
