"""What each Value is drawn as: itself, a box for its group, or nothing, where there is too much to draw.

Groups fold first, the innermost before the outermost; then the parts farthest from the root. Each Value is
visited a few times only, so that a graph of a million nodes can be drawn too.
"""

from __future__ import annotations

import fnmatch
import math
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["CONSTANTS", "Groups", "Key", "constants_of", "drawn_as", "groups_of"]

Groups = tuple[str, ...]
Key = int | Groups  # what a Value is drawn as: itself, by its place in the order, or the group that it folds into
CONSTANTS = 24  # the most that are drawn for one node


def drawn_as(
    order: Sequence[Any], roots: Sequence[Any], collapse: bool | str | Collection[str], max_nodes: int | None
) -> tuple[list[tuple[int, Key]], float]:
    """Choose what is drawn.

    Args:
        order: all Values, in the order in which they were computed.
        roots: the results among them.
        collapse: True, or the names of groups, as for `viz.draw`.
        max_nodes: the most boxes; None for any number.

    Returns:
        For each Value that is drawn its place in the order and what it is drawn as; and how many constants of one node are
        drawn before the others share a box.

    Raises:
        TypeError: collapse is neither a switch nor names.
        ValueError: no group has a name given in ``collapse``.
    """
    _check_collapse(collapse)
    limit = math.inf if max_nodes is None else max_nodes
    many = math.inf if max_nodes is None else min(CONSTANTS, (max_nodes - 2) // 2)
    keys: Sequence[Key] = range(len(order))
    if collapse is not False:
        keys = _folded_by_name(order, groups_of(order), collapse)
    if not _fits(order, keys, limit, many):
        groups = groups_of(order)
        if any(groups):
            keys = _folded_by_depth(order, groups, keys, limit, many)
        if not _fits(order, keys, limit, many):
            return _nearest(order, roots, keys, limit, many), many
    return list(enumerate(keys)), many


def groups_of(order: Sequence[Any]) -> list[Groups]:
    """The groups of each Value; a parameter belongs to the group whose name its label begins with.

    >>> from autograd import Value, group
    >>> w = Value(2, label="net.w")
    >>> with group("net"):
    ...     f = w * 3
    >>> groups_of([w, f])
    [('net',), ('net',)]
    """
    paths: list[Groups] = [value.groups for value in order]
    named = {path[-1]: path for path in set(paths) if path}
    if named:
        for i, value in enumerate(order):
            if not paths[i] and value.label and value.is_leaf:
                name: str = value.label
                while "." in name:
                    name = name.rpartition(".")[0]
                    if name in named:
                        paths[i] = named[name]
                        break
    return paths


def _check_collapse(collapse: bool | str | Collection[str]) -> None:
    """Refuse what is neither a switch nor names."""
    if isinstance(collapse, (bool, str)):
        return
    try:
        if all(isinstance(name, str) for name in collapse):
            return
    except TypeError:
        pass
    raise TypeError(f"collapse is True, a group's name, or several names in a list; got {collapse!r:.60}")


def _folded_by_name(order: Sequence[Any], paths: Sequence[Groups], collapse: bool | str | Collection[str]) -> list[Key]:
    known = {name for path in set(paths) for name in path}
    if collapse is True:
        if not known:
            raise ValueError(
                "collapse=True folds groups, and this graph has none; compute it inside `with autograd.group('layer 1'):`, "
                "or call label_parameters() of the module first"
            )
        outermost: list[Key] = [path[:1] or i for i, path in enumerate(paths)]
        _fold_families(order, outermost)
        return outermost
    patterns = [collapse] if isinstance(collapse, str) else list(collapse if not isinstance(collapse, bool) else ())
    chosen = {name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in known):
            listed = ", ".join(repr(name) for name in sorted(known)[:8]) + (", ..." if len(known) > 8 else "")
            raise ValueError(f"collapse: no group is called {pattern!r}; this graph has {listed or 'no groups'}")
    folded: list[Key] = []
    for i, path in enumerate(paths):
        depth = next((d for d, name in enumerate(path, 1) if name in chosen), 0)
        folded.append(path[:depth] if depth else i)
    return folded


def _fold_families(order: Sequence[Any], folded: list[Key]) -> None:
    """Fold parameters outside of all groups into the part that their labels begin with.

    The rows of an embedding are such: ``letters.weight.3.0`` and its like become the box ``letters``.
    """
    families: dict[str, list[int]] = {}
    for i, value in enumerate(order):
        if isinstance(folded[i], int) and value.is_leaf and "." in value.label:
            names = value.label.split(".")
            while names and names[-1].isdigit():  # the place in a row or a matrix
                names.pop()
            families.setdefault(".".join(names[:-1] or names), []).append(i)
    for name, members in families.items():
        if name and len(members) > 1:
            for i in members:
                folded[i] = (name,)


def _folded_by_depth(
    order: Sequence[Any], paths: Sequence[Groups], folded: Sequence[Key], limit: float, many: float
) -> list[Key]:
    """Fold groups until the rest fits, the innermost first."""
    keys: list[Key] = list(range(len(order)))
    for depth in range(max(len(path) for path in paths), 0, -1):
        keys = [
            path[:depth] if isinstance(folded[i], int) and len(path) >= depth else folded[i] for i, path in enumerate(paths)
        ]
        if _fits(order, keys, limit, many):
            break
    return keys


def constants_of(value: Any) -> int:
    """How many of a Value's operands are plain numbers."""
    operands = value.operands
    return len(operands) - len(value.parents) if operands else 0


def _cost(value: Any, many: float) -> float:
    """How many boxes the constants of a node take: one each up to ``many``, and one for the others."""
    count = constants_of(value)
    return count if count <= many else many + 1


def _fits(order: Sequence[Any], keys: Sequence[Key], limit: float, many: float) -> bool:
    """Whether the boxes are within the limit; constants count, unless they are in a fold."""
    boxes = len(set(keys))
    if boxes > limit:  # the constants of a large graph need not be counted
        return False
    return boxes + sum(_cost(order[key], many) for key in keys if isinstance(key, int)) <= limit


def _nearest(
    order: Sequence[Any], roots: Sequence[Any], keys: Sequence[Key], limit: float, many: float
) -> list[tuple[int, Key]]:
    """The Values nearest to the results, level by level; the others are left out. The first result is always there."""
    grouped: dict[int, Key] = {}
    members: dict[Key, list[Any]] = {}
    if not isinstance(keys, range):
        for value, key in zip(order, keys, strict=True):
            if not isinstance(key, int):
                grouped[id(value)] = key
                members.setdefault(key, []).append(value)
    kept: set[Key] = set()
    left = limit - 1  # the box for the rest
    waiting: deque[Any] = deque()

    def keep(value: Any) -> None:
        nonlocal left
        key = grouped.get(id(value), id(value))
        if key in kept:
            return
        cost = 1 + (0 if key in members else _cost(value, many))
        if cost <= left or not kept:
            kept.add(key)
            left -= cost
            waiting.extend(members.get(key, [value]))

    for root in roots:
        keep(root)
    while waiting and left > 0:
        for parent in waiting.popleft().parents:
            keep(parent)
    return [(i, keys[i]) for i, value in enumerate(order) if grouped.get(id(value), id(value)) in kept]
