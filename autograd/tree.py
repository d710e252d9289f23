"""Nested lists, tuples and dicts, taken apart into their leaves and put together again.

The words are JAX's: a *tree* is a leaf or a container of trees, and whatever isn't a list, a tuple or a dict is a leaf.
Containers keep their type: a named tuple, an OrderedDict and a defaultdict come back as what they were. Nothing here
recurses, so deep trees don't hit the recursion limit.

>>> from autograd import tree
>>> parameters, gradients = {"w": [1.0, 2.0], "b": 0.5}, {"w": [0.5, 0.5], "b": 1.0}
>>> tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)
{'w': [0.95, 1.95], 'b': 0.4}
"""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = ["TreeDef", "flatten", "is_leaf", "leaves", "map", "structure", "unflatten"]


class _Node(NamedTuple):
    """One container, without what it contains."""

    kind: type
    size: int
    keys: tuple[Any, ...]  # of a dict; else ()
    prototype: Any  # a copy, where a dict is of a type that holds more than its items; else None

    def built(self, children: list[Any]) -> Any:
        if self.prototype is not None:
            made = copy.copy(self.prototype)
            for key, x in zip(self.keys, children, strict=True):
                made[key] = x
            return made
        if self.kind is dict:
            return dict(zip(self.keys, children, strict=True))
        return self.kind._make(children) if hasattr(self.kind, "_make") else self.kind(children)


_END = object()  # marks the end of a container on the stack


def _node(x: Any) -> _Node:
    kind = type(x)
    if not isinstance(x, dict):
        return _Node(kind, len(x), (), None)
    return _Node(kind, len(x), tuple(x), None if kind is dict else copy.copy(x))


class TreeDef:
    """The shape of a tree: its containers, without its leaves.

    >>> structure({"a": [1, 2]}).num_leaves
    2
    """

    __slots__ = ("_nodes",)

    def __init__(self, nodes: list[_Node | None]) -> None:
        self._nodes = nodes  # a container, then what it holds; None for a leaf

    @property
    def num_leaves(self) -> int:
        """How many leaves the tree has."""
        return self._nodes.count(None)

    @property
    def is_leaf(self) -> bool:
        """Whether the tree is one leaf and no container."""
        return self._nodes == [None]

    @property
    def signature(self) -> tuple[Any, ...]:
        """What equal shapes have in common: can be a key of a dict."""
        return tuple([None if node is None else node[:3] for node in self._nodes])

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """What another tree has where this one has its leaves, in the order of this one.

        Args:
            tree: a tree with the same containers: dicts with equal keys in any order, and a list or a tuple of equal length for
                either of the two. A leaf's place may hold anything.

        Raises:
            ValueError: the containers differ.

        >>> structure({"a": 1, "b": 2}).flatten_up_to({"b": 20, "a": 10})
        [10, 20]
        """
        found = []
        pending = [tree]
        for node in self._nodes:
            x = pending.pop()
            if node is None:
                found.append(x)
                continue
            is_dict = issubclass(node.kind, dict)
            if not isinstance(x, dict if is_dict else (list, tuple)) or len(x) != node.size:
                raise ValueError(f"expected a {node.kind.__name__} of {node.size}, got {_described(x)}")
            if is_dict and any(key not in x for key in node.keys):
                raise ValueError(f"expected the keys {list(node.keys)!r:.60}, got {list(x)!r:.60}")
            pending.extend([x[key] for key in reversed(node.keys)] if is_dict else reversed(x))
        return found


def _described(x: Any) -> str:
    name = type(x).__name__
    return f"a leaf of type {name}" if is_leaf(x) else f"a {name} of {len(x)}"


def is_leaf(x: Any) -> bool:
    """Whether x is a leaf: anything but a list, a tuple or a dict.

    >>> is_leaf(1.0), is_leaf("ab"), is_leaf([])
    (True, True, False)
    """
    return not isinstance(x, (list, tuple, dict))


def flatten(tree: Any) -> tuple[list[Any], TreeDef]:
    """The leaves of a tree from left to right, and its shape.

    Args:
        tree: lists, tuples and dicts of anything, nested to any depth. A dict's order is the order of its keys.

    Returns:
        ``(leaves, shape)``; `unflatten` puts them together again.

    Raises:
        ValueError: a container contains itself.

    >>> flatten({"w": [1, 2], "b": 3})[0]
    [1, 2, 3]
    """
    found = []
    nodes: list[_Node | None] = []
    pending = [tree]
    around: dict[int, Any] = {}  # the containers that are open, the innermost last
    while pending:
        x = pending.pop()
        if x is _END:
            around.popitem()
        elif is_leaf(x):
            found.append(x)
            nodes.append(None)
        elif id(x) in around:
            raise ValueError(
                f"a {type(x).__name__} that contains itself isn't a tree; take a copy without the part that leads back"
            )
        else:
            around[id(x)] = x
            nodes.append(_node(x))
            pending.append(_END)
            pending.extend(reversed(list(x.values()) if isinstance(x, dict) else x))
    return found, TreeDef(nodes)


def unflatten(treedef: TreeDef, leaves: Iterable[Any]) -> Any:
    """A tree of a given shape.

    Args:
        treedef: the shape, from `flatten` or `structure`.
        leaves: as many leaves as it has, from left to right.

    Raises:
        ValueError: there are more or fewer leaves than the shape has.

    >>> unflatten(structure({"w": [1, 2], "b": 3}), "xyz")
    {'w': ['x', 'y'], 'b': 'z'}
    """
    left = list(leaves)
    if len(left) != treedef.num_leaves:
        raise ValueError(f"unflatten got {len(left)} leaves for a tree of {treedef.num_leaves}")
    built: list[Any] = []
    for node in reversed(treedef._nodes):
        built.append(left.pop() if node is None else node.built([built.pop() for _ in range(node.size)]))
    return built.pop()


def leaves(tree: Any) -> list[Any]:
    """The leaves of a tree from left to right.

    >>> leaves([1, (2, [3])])
    [1, 2, 3]
    """
    return flatten(tree)[0]


def structure(tree: Any) -> TreeDef:
    """The shape of a tree.

    >>> structure([1, (2, [3])]).num_leaves
    3
    """
    return flatten(tree)[1]


def map(function: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """A tree of the same shape, with a function's results for leaves.

    Args:
        function: takes a leaf of the tree and what is in the same place of each tree in ``rest``.
        tree: the tree that gives the shape.
        rest: more trees with the same containers; dicts match by key.

    Raises:
        ValueError: the containers of the trees differ.

    >>> map(lambda p, g: p - 0.5 * g, {"w": [1.0], "b": 2.0}, {"b": 1.0, "w": [2.0]})
    {'w': [0.0], 'b': 1.5}
    """
    first, treedef = flatten(tree)
    others = [treedef.flatten_up_to(other) for other in rest]
    return unflatten(treedef, builtins.map(function, first, *others))
