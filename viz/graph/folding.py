"""From Values to the graph that is drawn, and what is folded where there is too much to draw.

Groups fold first, the innermost before the outermost; then the parts farthest from the root. Nothing here costs more
than a few looks at each Value, so that a graph of a million nodes can be drawn too.
"""

from __future__ import annotations

import fnmatch
import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import autograd

from ..text import shortened, visible
from .model import Fold, Graph, Node, node_of

__all__ = ["MAX_NODES", "check_collapse", "read", "shrunk"]

T = TypeVar("T")
MAX_NODES = 300
NAMED_LEAVES = 6
Path = tuple[str, ...]
Key = int | Path  # what a Value is drawn as: itself, by its place in the order, or the group that it folds into
REST: Path = ()  # the part that is left out because it is far from the root
CROWD = "\0"  # begins the path of a box for the constants of one node that has too many of them
CONSTANTS = 24


def read(
    root: Any, *, collapse: bool | str | Collection[str] = False, max_nodes: int | None = None, focus: Any = None
) -> Graph:
    """Take a snapshot of everything that ``root`` was computed from.

    Args:
        root: a Value.
        collapse: True folds each outermost group into a box, and so the parameters of a part that computes nothing, such as an
            embedding; one or more names fold these groups. A name may have ``*`` in it.
        focus: a Value that a path is shown from, or None.
        max_nodes: more nodes than this, constants included, are folded until they are few enough; None folds nothing.

    Returns:
        The graph. It does not change when the Values do.

    Raises:
        TypeError: root is no Value.
        ValueError: no group has a name given in ``collapse``, or the focus is no part of the graph.
    """
    order = autograd.topological_order(root)
    if focus is not None and not any(value is focus for value in order):
        name = f"{focus.label!r}" if focus.label else f"the Value {focus.data!r}"
        raise ValueError(f"path={name} is not in this graph: the result does not depend on it")
    limit = math.inf if max_nodes is None else max_nodes
    many = math.inf if max_nodes is None else min(CONSTANTS, (max_nodes - 2) // 2)
    keys: Sequence[Key] = range(len(order))
    if collapse is not False:
        keys = _folded_by_name(order, _paths(order), collapse)
    if not _fits(order, keys, limit, many):
        paths = _paths(order)
        if any(paths):
            keys = _folded_by_depth(order, paths, keys, limit, many)
        if not _fits(order, keys, limit, many):
            return _graph(order, _nearest(order, keys, limit, many), focus, many)
    return _graph(order, list(enumerate(keys)), focus, many)


def check_collapse(collapse: bool | str | Collection[str]) -> None:
    """Refuse what is neither a switch nor names.

    Raises:
        TypeError: with what was received and what to write.
    """
    if isinstance(collapse, (bool, str)):
        return
    try:
        if all(isinstance(name, str) for name in collapse):
            return
    except TypeError:
        pass
    raise TypeError(f"collapse is True, a group's name, or several names in a list; got {collapse!r:.60}")


def _paths(order: Sequence[Any]) -> list[Path]:
    """The groups of each Value; a parameter belongs to the group whose name its label begins with.

    >>> from autograd import Value
    >>> w = Value(2, label="net.w")
    >>> with autograd.group("net"):
    ...     f = w * 3
    >>> _paths([w, f])
    [('net',), ('net',)]
    """
    paths: list[Path] = [value.groups for value in order]
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


def _folded_by_name(order: Sequence[Any], paths: Sequence[Path], collapse: bool | str | Collection[str]) -> list[Key]:
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
    """Fold parameters that no group has computed with into the part that their labels begin with.

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
    order: Sequence[Any], paths: Sequence[Path], folded: Sequence[Key], limit: float, many: float
) -> list[Key]:
    """Fold groups until there is room, the innermost first."""
    keys: list[Key] = list(range(len(order)))
    for depth in range(max(len(path) for path in paths), 0, -1):
        keys = [
            path[:depth] if isinstance(folded[i], int) and len(path) >= depth else folded[i] for i, path in enumerate(paths)
        ]
        if _fits(order, keys, limit, many):
            break
    return keys


def _constants(value: Any) -> int:
    operands = value.operands
    return len(operands) - len(value.parents) if operands else 0


def _cost(value: Any, many: float) -> float:
    """How many boxes the constants of a node take: one each, and one for those that are too many."""
    count = _constants(value)
    return count if count <= many else many + 1


def _fits(order: Sequence[Any], keys: Sequence[Key], limit: float, many: float) -> bool:
    """Whether so many boxes may be drawn; constants count, unless they are in a fold."""
    boxes = len(set(keys))
    if boxes > limit:  # the constants of a large graph need not be counted
        return False
    return boxes + sum(_cost(order[key], many) for key in keys if isinstance(key, int)) <= limit


def _nearest(order: Sequence[Any], keys: Sequence[Key], limit: float, many: float) -> list[tuple[int, Key]]:
    """Keep what is nearest to the root, level by level; what is not in the answer is left out."""
    grouped: dict[int, Key] = {}
    members: dict[Key, list[Any]] = {}
    if not isinstance(keys, range):
        for value, key in zip(order, keys, strict=True):
            if not isinstance(key, int):
                grouped[id(value)] = key
                members.setdefault(key, []).append(value)
    root = order[-1]
    first = grouped.get(id(root), id(root))
    kept: set[Key] = {first}
    room = limit - 2 - (0 if id(root) in grouped else _cost(root, many))  # the root, the box for the rest
    waiting = deque(members.get(first, [root]))
    while waiting and room > 0:
        for parent in waiting.popleft().parents:
            key = grouped.get(id(parent), id(parent))
            if key in kept:
                continue
            cost = 1 + (0 if key in members else _cost(parent, many))
            if cost <= room:
                kept.add(key)
                room -= cost
                waiting.extend(members.get(key, [parent]))
    return [(i, keys[i]) for i, value in enumerate(order) if grouped.get(id(value), id(value)) in kept]


def _graph(order: Sequence[Any], drawn: Sequence[tuple[int, Key]], focus: Any, many: float) -> Graph:
    """Build the nodes that are drawn; what is not among ``drawn`` is left out and stands in one box."""
    members: dict[Path, list[int]] = {}
    for i, key in drawn:
        if not isinstance(key, int):
            members.setdefault(key, []).append(i)
    shown: list[Key] = [REST] if len(drawn) < len(order) else []
    for i, key in drawn:
        if isinstance(key, int):
            if _constants(order[i]) > many:
                shown.append((CROWD, str(i)))
            shown.append(i)
        elif members[key][-1] == i:  # a fold stands where its last member stood
            shown.append(key)
    at = {key: place for place, key in enumerate(shown)}
    index = _Index({id(order[i]): at[key] for i, key in drawn}, at, many)
    names = {id(order[i]): visible(order[i].label) or f"#{i + 1}" for i, key in drawn if isinstance(key, int)}
    outlets: dict[int, set[int]] = {at[key]: set() for key in shown if not isinstance(key, int)}
    for i, key in drawn:
        for parent in order[i].parents:
            place = index.of(parent)
            if place in outlets and place != at[key]:
                outlets[place].add(id(parent))
    if not isinstance(drawn[-1][1], int):
        outlets[at[drawn[-1][1]]].add(id(order[-1]))
    single = [i for i, key in drawn if isinstance(key, int)]
    groups = dict(zip(single, _paths([order[i] for i in single]), strict=True))
    rest = _left_out(order, drawn) if shown[0] == REST else []
    nodes: list[Node] = []
    for place, key in enumerate(shown):
        if isinstance(key, int):
            value = order[key]
            operands = index.operands(value, at.get((CROWD, str(key))))
            called = [names.get(id(parent), "…") for parent in value.parents]
            nodes.append(node_of(value, operands, called, key, groups[key]))
        elif key == REST:
            nodes.append(_fold(key, rest, outlets[place], index, place))
        elif key[0] == CROWD:
            nodes.append(
                Node("", "", None, None, fold=Fold("", _constants(order[int(key[1])]) - CONSTANTS, None, kind="constants"))
            )
        else:
            nodes.append(_fold(key, [order[i] for i in members[key]], outlets[place], index, place))
    return Graph(
        tuple(nodes),
        folded=len(rest) + sum(map(len, members.values())),
        left_out=len(rest),
        focus=None if focus is None else index.of(focus),
    )


def shrunk(graph: Graph, limit: int) -> Graph:
    """A graph with fewer nodes, for a layout that took too long: what is far from the root goes into one box."""
    kept = {len(graph.nodes) - 1}
    waiting = deque(kept)
    while waiting and len(kept) < limit:
        for operand in graph.nodes[waiting.popleft()].operands:
            if type(operand) is int and operand not in kept and len(kept) < limit:
                kept.add(operand)
                waiting.append(operand)
    gone = [place for place in range(len(graph.nodes)) if place not in kept]
    at = {place: i for i, place in enumerate(sorted(kept), 1)}
    boxes = [graph.nodes[place] for place in gone]
    gradients = [node.fold.gradient_norm if node.fold else node.gradient for node in boxes]
    known = [gradient for gradient in gradients if gradient is not None]
    leaves = [node.label for node in boxes if node.is_leaf and node.label]
    count = sum(node.fold.count if node.fold else 1 for node in boxes)
    into = sorted({at[o] for node in boxes for o in node.operands if type(o) is int and o in at})
    norm = math.hypot(*known) if known else None
    rest = Node("", "", None, None, tuple(into), fold=Fold("", count, norm, tuple(leaves[:NAMED_LEAVES]), "rest"))
    nodes = [rest]
    for place in sorted(kept):
        node = graph.nodes[place]
        slots: dict[object, list[int]] = {}
        for slot, operand in enumerate(node.operands):
            slots.setdefault("rest" if type(operand) is int and operand not in at else slot, []).append(slot)
        first = [group[0] for group in slots.values()]
        counts = [sum(node.counts[slot] if node.counts else 1 for slot in group) for group in slots.values()]
        operands = [node.operands[slot] for slot in first]
        nodes.append(
            replace(
                node,
                operands=tuple([at.get(o, 0) if type(o) is int else o for o in operands]),
                counts=tuple(counts) if max(counts, default=1) > 1 else (),
                local_gradients=_picked(node.local_gradients, slots.values(), None),
                partials=_picked(node.partials, slots.values(), ""),
                weights=_picked(node.weights, slots.values(), None),
            )
        )
    focus = None if graph.focus is None else at.get(graph.focus, 0)
    folds = sum(node.fold.count for node in nodes if node.fold is not None and node.fold.kind != "constants")
    return replace(graph, nodes=tuple(nodes), folded=folds, left_out=count, focus=focus)


def _picked(things: tuple[T, ...], groups: Collection[list[int]], none: T) -> tuple[T, ...]:
    """For each edge what it had before; an edge that stands for several has none."""
    return tuple([things[slots[0]] if len(slots) == 1 else none for slots in groups]) if things else ()


def _left_out(order: Sequence[Any], drawn: Sequence[tuple[int, Key]]) -> list[Any]:
    left: list[Any] = []
    start = 0
    for i, _ in drawn:
        left += order[start:i]
        start = i + 1
    return left + list(order[start:])


class _Index:
    """Where each Value is drawn."""

    def __init__(self, place_of: dict[int, int], at: dict[Key, int], many: float) -> None:
        self.many = many
        self.place_of = place_of
        self.rest = at.get(REST, -1)
        self.folds = {place for key, place in at.items() if not isinstance(key, int)}

    def of(self, value: Any) -> int:
        """The place of the node or the box that shows a Value."""
        return self.place_of.get(id(value), self.rest)

    def operands(self, value: Any, crowd: int | None) -> list[tuple[int | float, int, int]]:
        """What is drawn for a Value's operands: those in the same fold are one, with their number."""
        drawn: list[tuple[int | float, int, int]] = []
        seen: dict[int, int] = {}
        constants = 0
        for i, operand in enumerate(value.operands):
            if isinstance(operand, float):
                constants += 1
                if crowd is None or constants <= self.many:
                    drawn.append((operand, 1, i))
                    continue
                place = crowd
            else:
                place = self.of(operand)
            if place not in self.folds:
                drawn.append((place, 1, i))
            elif place in seen:
                _, count, _ = drawn[seen[place]]
                drawn[seen[place]] = (place, count + 1, -1)
            else:
                seen[place] = len(drawn)
                drawn.append((place, 1, -1))
        return drawn


def _fold(key: Path, inside: Sequence[Any], outlets: set[int], index: _Index, here: int) -> Node:
    """A box for Values that are folded."""
    gradients = [value.grad for value in inside if value.has_grad]
    leaves = [value.label for value in inside[:10_000] if value.op is None and value.label]
    outside: dict[int, int] = {}
    weights: dict[int, float | None] = {}
    place_of, rest = index.place_of, index.rest
    for value in inside:
        for parent in value.parents:
            place = place_of.get(id(parent), rest)
            if place != here:
                outside[place] = outside.get(place, 0) + 1
                weights[place] = _weight(value, parent, index, here) if key and outside[place] == 1 else None
    outlet = next((value for value in inside if id(value) in outlets), None) if len(outlets) == 1 else None
    return Node(
        label="",
        symbol="",
        value=outlet.data if outlet is not None else None,
        gradient=outlet.grad if outlet is not None and outlet.has_grad else None,
        operands=tuple(outside),
        counts=tuple(outside.values()),
        weights=tuple([weights[place] for place in outside]) if any(w is not None for w in weights.values()) else (),
        groups=tuple([visible(name) for name in key[:-1]]),
        fold=Fold(
            visible(key[-1]) if key else "",
            len(inside),
            math.hypot(*gradients) if gradients else None,
            tuple([visible(shortened(label, 24)) for label in leaves[:NAMED_LEAVES]]),
            "group" if key else "rest",
        ),
    )


def _weight(value: Any, parent: Any, index: _Index, here: int) -> float | None:
    """The weight that a number from outside meets in a fold: its partner in a product, if that is a leaf in there."""
    operands = value.operands
    if value.op is autograd.multiply:
        partner = operands[1] if operands[0] is parent else operands[0]
    elif value.op is autograd.dot:
        at = next(i for i, operand in enumerate(operands) if operand is parent)
        half = len(operands) // 2
        partner = operands[at - half if at >= half else at + half]
    else:
        return None
    if isinstance(partner, float):
        return partner
    return float(partner.data) if partner.op is None and index.of(partner) == here else None
