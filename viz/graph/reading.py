"""From Values to the graph that is drawn."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import autograd

from ..languages import check_language, say
from ..text import shortened, visible
from .folding import Groups, Key, constants_of, drawn_as, groups_of
from .model import Fold, Graph, Node

__all__ = ["MAX_NODES", "order_of", "read", "shrunk"]

T = TypeVar("T")
MAX_NODES = 300
NAMED_LEAVES = 6
SYMBOLIC = 64  # a node with more operands has its local gradients in numbers only
REST: Groups = ()  # the part that is left out because it is far from the root
CROWD = "\0"  # begins the key of a box for the constants of one node that has too many of them


def order_of(root: Any) -> list[Any]:
    """Every Value that ``root`` was computed from, parents before children, root last.

    Raises:
        TypeError: root is not a Value; for a net or another function the message says to call it first.
    """
    if callable(root):
        raise TypeError(
            f"a picture shows a Value with what it was computed from, and a {type(root).__name__} is called to compute one; "
            f"call it on a sample first, as in viz.draw(model([1.0, 2.0]))"
        )
    if isinstance(root, (list, tuple)) and root:
        raise TypeError(
            f"a picture shows one Value with what it was computed from, got a {type(root).__name__} of {len(root)}; "
            f"pick one of them, as in viz.draw(outputs[0])"
        )
    return autograd.topological_order(root)


def read(
    root: Any,
    *,
    collapse: bool | str | Collection[str] = False,
    max_nodes: int | None = None,
    focus: Any = None,
    language: str = "en",
) -> Graph:
    """Take a snapshot of everything that ``root`` was computed from.

    Args:
        root: a Value.
        collapse: True folds each outermost group into a box, and so the parameters of a part that computes nothing, such as an
            embedding; one or more names fold these groups. A name may have ``*`` in it.
        focus: a Value that a path is shown from, or None.
        max_nodes: more nodes than this, constants included, are folded until they are few enough; None folds nothing.
        language: of what is said about it.

    Returns:
        The graph. It does not change when the Values do.

    Raises:
        TypeError: root isn't a Value.
        ValueError: no group has a name given in ``collapse``, the focus isn't part of the graph, or the language is unknown.
    """
    check_language(language)
    order = order_of(root)
    if focus is not None and not any(value is focus for value in order):
        name = f"{focus.label!r}" if focus.label else f"the Value {focus.data!r}"
        raise ValueError(f"path={name} is not in this graph: the result does not depend on it")
    drawn, many = drawn_as(order, collapse, max_nodes)
    return _graph(order, drawn, focus, many, language)


def _graph(order: Sequence[Any], drawn: Sequence[tuple[int, Key]], focus: Any, many: float, language: str) -> Graph:
    """Build the nodes that are drawn; everything that is not in ``drawn`` becomes one box."""
    members: dict[Groups, list[int]] = {}
    for i, key in drawn:
        if not isinstance(key, int):
            members.setdefault(key, []).append(i)
    shown: list[Key] = [REST] if len(drawn) < len(order) else []
    for i, key in drawn:
        if isinstance(key, int):
            if constants_of(order[i]) > many:
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
    groups = dict(zip(single, groups_of([order[i] for i in single]), strict=True))
    rest = _left_out(order, drawn) if shown[0] == REST else []
    nodes: list[Node] = []
    for place, key in enumerate(shown):
        if isinstance(key, int):
            value = order[key]
            operands = index.operands(value, at.get((CROWD, str(key))))
            called = [names.get(id(parent), "…") for parent in value.parents]
            nodes.append(_node(value, operands, called, key, groups[key]))
        elif key == REST:
            nodes.append(_fold(key, order, rest, outlets[place], index, place))
        elif key[0] == CROWD:
            hidden = constants_of(order[int(key[1])]) - int(many)
            nodes.append(Node("", "", None, None, fold=Fold("", hidden, None, kind="constants")))
        else:
            nodes.append(_fold(key, order, members[key], outlets[place], index, place))
    return Graph(
        tuple(nodes),
        folded=len(rest) + sum(map(len, members.values())),
        left_out=len(rest),
        focus=None if focus is None else index.of(focus),
        outdated=_outdated([order[i] for i, _ in drawn], language),
        language=language,
    )


def _outdated(values: Sequence[Any], language: str) -> str:
    """A remark on leaves that were changed after what uses them was computed; empty if there are none.

    >>> from autograd import Value
    >>> x = Value(2, label="x")
    >>> y = x * x
    >>> x.data = 5.0
    >>> _outdated([x, y], "en")
    'x was changed after the result was computed; compute it again'
    """
    known = autograd.primitives()  # a user's own function may be slow, or random
    late = [value for value in values if value.op is not None and value.op.name in known and not _is_up_to_date(value)]
    leaves = list({id(leaf): leaf for value in late for leaf in value.parents if leaf.is_leaf}.values())
    if not leaves:
        return ""
    names = [shortened(visible(leaf.label), 24) or say(language, "an input without a label") for leaf in leaves[:NAMED_LEAVES]]
    if len(leaves) > len(names):
        names.append(say(language, "another one"))
    which = say(language, "{names} or {last}", names=", ".join(names[:-1]), last=names[-1]) if names[1:] else names[0]
    return say(language, "{names} was changed after the result was computed; compute it again", names=which)


def _is_up_to_date(value: Any) -> bool:
    """Whether a Value is what its operands give now; a computed one can't be changed, so only leaves are looked at."""
    if not any(parent.is_leaf for parent in value.parents):
        return True
    plain = tuple([operand if isinstance(operand, float) else operand.data for operand in value.operands])
    try:
        return repr(float(value.op.evaluate(plain, value.operands))) == repr(value.data)
    except (ArithmeticError, ValueError):
        return False


def _node(
    value: Any, operands: Sequence[tuple[int | float, int, int]], names: Sequence[str], order: int, groups: Sequence[str]
) -> Node:
    """Take a snapshot of one Value.

    Args:
        value: the Value.
        operands: what is drawn for its operands: a place or a constant, how many edges it stands for, and which
            of the Value's operands it is, -1 for a fold.
        names: what its parents are called, for the local gradients in symbols.
        order: its place in the topological order.
        groups: the names of the groups that it is drawn in, the outermost first.
    """
    numbers: dict[int, float] = {}
    texts: dict[int, str] = {}
    if value.op is not None:
        moving = [i for i, operand in enumerate(value.operands) if not isinstance(operand, float)]
        try:
            numbers = dict(zip(moving, value.local_gradients(), strict=True))
        except (ArithmeticError, ValueError, TypeError):  # the picture is drawn even if a derivative fails
            numbers = {}
        if len(moving) <= SYMBOLIC:
            texts = dict(zip(moving, autograd.local_gradient_formulas(value, names), strict=True))
    return Node(
        label=visible(value.label),
        symbol=(visible(value.op.symbol) or "?") if value.op is not None else "",
        value=value.data,
        gradient=value.grad if value.has_grad else None,
        operands=tuple([operand for operand, _, _ in operands]),
        counts=tuple([count for _, count, _ in operands]) if any(count > 1 for _, count, _ in operands) else (),
        local_gradients=tuple([numbers.get(i) for _, _, i in operands]),
        partials=tuple([visible(texts.get(i, "")) for _, _, i in operands]),
        source=visible(value.source or ""),
        groups=tuple([visible(name) for name in groups]),
        op=value.op,
        order=order,
    )


def _fold(key: Groups, order: Sequence[Any], places: Sequence[int], outlets: set[int], index: _Index, here: int) -> Node:
    """A box for the Values at some places of the whole order, which are folded."""
    members = [order[i] for i in places]
    gradients = [value.grad for value in members if value.has_grad]
    leaves = [value.label for value in members[:10_000] if value.op is None and value.label]
    outside: dict[int, int] = {}
    weights: dict[int, float | None] = {}
    place_of, rest = index.place_of, index.rest
    for value in members:
        for parent in value.parents:
            place = place_of.get(id(parent), rest)
            if place != here:
                outside[place] = outside.get(place, 0) + 1
                weights[place] = _weight(value, parent, index, here) if key and outside[place] == 1 else None
    outlet = next((value for value in members if id(value) in outlets), None) if len(outlets) == 1 else None
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
            len(members),
            math.hypot(*gradients) if gradients else None,
            tuple([visible(shortened(label, 24)) for label in leaves[:NAMED_LEAVES]]),
            "group" if key else "rest",
            tuple(places),
        ),
    )


def _weight(value: Any, parent: Any, index: _Index, here: int) -> float | None:
    """The weight that an input of a fold is multiplied by, if that is a leaf or a constant of the fold."""
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


def _left_out(order: Sequence[Any], drawn: Sequence[tuple[int, Key]]) -> list[int]:
    """The places of what is not drawn."""
    left: list[int] = []
    start = 0
    for i, _ in drawn:
        left += range(start, i)
        start = i + 1
    return [*left, *range(start, len(order))]


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
        """What is drawn for a Value's operands; operands in the same fold become one, with a count."""
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


# ---- less of a graph, for a layout that took too long ----------------------------------------------


def shrunk(graph: Graph, limit: int) -> Graph:
    """A graph with fewer nodes: what is far from the root goes into one box."""
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
    members = tuple([i for node in boxes for i in (node.fold.members if node.fold else (node.order,))])
    fold = Fold("", count, norm, tuple(leaves[:NAMED_LEAVES]), "rest", members)
    rest = Node("", "", None, None, tuple(into), fold=fold)
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
    """Keep the property of each edge; an edge that stands for several has none."""
    return tuple([things[slots[0]] if len(slots) == 1 else none for slots in groups]) if things else ()
