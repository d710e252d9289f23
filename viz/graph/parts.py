"""Parts of a graph that are drawn as one box, where its stacks and layers are still too many for a page.

A box that is used by one other box alone goes into that: so no cycle can come about, and a part has one outlet. The smallest
are joined first, so that all parts are about as large; a dense layer, and what has a name, is kept as long as there is
something else.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

__all__ = ["parts"]

K = TypeVar("K", bound=Hashable)


def parts(
    operands: Mapping[K, Iterable[K]], weights: Mapping[K, float], counts: Mapping[K, int]
) -> Iterator[Mapping[K, Sequence[K]]]:
    """Join boxes, one more at a time.

    Args:
        operands: the boxes that each box is computed from.
        weights: how much each says; boxes without a weight stay by themselves.
        counts: how many copies each stands for. Boxes of as many are joined sooner.

    Yields:
        All parts by now, always the same dict: what is in each, by its outlet, which is the last of it.

    >>> below = {"x": [], "*": ["x"], "+": ["*"], "exp": ["+"], "/": ["exp", "+"]}
    >>> for found in parts(below, dict.fromkeys(below, 1.0), dict.fromkeys(below, 1)):
    ...     print(found)
    {'*': ['x', '*']}
    {'*': ['x', '*'], '/': ['exp', '/']}
    {'/': ['exp', '/'], '+': ['x', '*', '+']}
    {'/': ['x', '*', '+', 'exp', '/']}
    """
    below = {key: dict.fromkeys(several) for key, several in operands.items()}
    users: dict[K, dict[K, None]] = {key: {} for key in below}
    for key, several in below.items():
        for operand in several:
            users[operand][key] = None
    weight = dict(weights)
    found: dict[K, list[K]] = {}
    while True:
        pairs = [
            (weight[key] + weight[user] + (counts[key] != counts[user]), k, key, user)
            for k, key in enumerate(below)
            for user in users[key]
            if len(users[key]) == 1 and key in weight and user in weight
        ]
        if not pairs:
            return
        _, _, key, user = min(pairs, key=lambda pair: pair[:2])
        weight[user] += weight.pop(key)
        found[user] = [*found.pop(key, [key]), *found.get(user, [user])]
        for operand in below.pop(key):
            del users[operand][key]
            users[operand][user] = None
            below[user][operand] = None
        del below[user][key]
        yield found
