"""From Values to the graph that is drawn."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, TypeVar

import autograd

from ..digits import short
from ..languages import check_language, say
from ..text import shortened, visible
from .alarm import Alarm, first_alarm
from .chains import step
from .folding import REST, Box, Groups, Key, Opened, Part, Plan, Plans, groups_of
from .model import Copies, Fold, Graph, Matrix, Node, Spread, elided
from .sameness import constants_of

__all__ = ["MAX_NODES", "Reading", "check_single", "matrix", "order_of", "read", "reduced", "roots_of", "shrunk", "spread"]

T = TypeVar("T")
MAX_NODES = 300
NAMED_LEAVES = 6
SINGLE, FIRST = 6, 3  # of a stack of at most so many all are opened, and else the first few
SYMBOLIC = 64  # a node with more operands has its local gradients in numbers only
STEP = 24  # columns of what is in a part
CROWD = "\0"  # begins the key of a box for the constants of one node that has too many of them


def order_of(root: Any) -> list[Any]:
    """Every Value that one result was computed from, parents before children, the result last.

    Raises:
        TypeError: root is not a Value; for a net or another function the message says to call it first.
    """
    check_single(root)
    _check_computed(root)
    return autograd.topological_order(root)


def check_single(root: Any) -> None:
    """Refuse several results, where a view is of one.

    Raises:
        TypeError: with what may be written.
    """
    if isinstance(root, (list, tuple)):
        raise TypeError(
            f"this view is of one result, a Value, got a {type(root).__name__} of {len(root)}; pick one of them, as in "
            f"outputs[0], or draw them all with viz.draw(outputs)"
        )


def roots_of(root: Any) -> list[Any]:
    """The results to draw: one Value, or those of a list or tuple, each once.

    Raises:
        TypeError: root, or an item of it, is not a Value.
        ValueError: it is an empty list or tuple.
    """
    if not isinstance(root, (list, tuple)):
        _check_computed(root)
        return [root]
    if not root:
        raise ValueError(
            f"viz.draw draws a Value, or a list of Values, got an empty {type(root).__name__}; write viz.draw([f, g])"
        )
    for i, value in enumerate(root):
        _check_computed(value)
        if not hasattr(value, "local_gradients"):  # of whichever engine
            raise TypeError(
                f"viz.draw draws a Value, or a list of Values; item {i} of this {type(root).__name__} is "
                f"{type(value).__name__} {value!r:.60}"
            )
    return list({id(value): value for value in root}.values())


def _check_computed(root: Any) -> None:
    """Refuse a net or another function, which has to be called first."""
    if callable(root):
        raise TypeError(
            f"a picture shows a Value with what it was computed from, and a {type(root).__name__} is called to compute one; "
            f"call it on a sample first, as in viz.draw(model([1.0, 2.0]))"
        )


def read(
    root: Any,
    *,
    collapse: bool | str | Collection[str] = False,
    max_nodes: int | None = None,
    page: bool = False,
    opened: Opened | None = None,
    focus: Any = None,
    language: str = "en",
) -> Graph:
    """Take a snapshot of everything that ``root`` was computed from.

    Args:
        root: a Value, or a list or tuple of several.
        collapse: True folds each outermost group into a box, and so the parameters of a part that computes nothing, such as an
            embedding; one or more names fold these groups. A name may have ``*`` in it.
        focus: a Value that a path is shown from, or None.
        max_nodes: more nodes than this, constants included, are folded until they are few enough; None folds nothing.
        page: whether a graph of more nodes than that folds until it can be read on a page of 850 by 900 pixels.
        opened: what is drawn although it would be folded; `Graph.openable` says what there is.
        language: of what is said about it.

    Returns:
        The graph. It does not change when the Values do.

    Raises:
        TypeError: root isn't a Value, or an item of it isn't.
        ValueError: root is an empty list, no group has a name given in ``collapse``, the focus isn't part of the graph, or the
            language is unknown.
    """
    return Reading(root, collapse=collapse, max_nodes=max_nodes, page=page, focus=focus, language=language).graph(opened)


class Reading:
    """What is read more than once, with something else opened each time: what these have in common is computed once.

    Args, Raises: as for `read`. The Values must not change meanwhile.

    Attributes:
        size: how many Values there are.
    """

    def __init__(
        self,
        root: Any,
        *,
        collapse: bool | str | Collection[str] = False,
        max_nodes: int | None = None,
        page: bool = False,
        focus: Any = None,
        language: str = "en",
    ) -> None:
        check_language(language)
        self._roots = roots = roots_of(root)
        self._order = order = autograd.topological_order(roots if len(roots) > 1 else roots[0])
        if focus is not None and not any(value is focus for value in order):
            name = f"{focus.label!r}" if focus.label else f"the Value {focus.data!r}"
            raise ValueError(f"path={name} is not in this graph: the result does not depend on it")
        self._focus, self._language, self.size = focus, language, len(order)
        self._plans = Plans(order, roots, collapse, max_nodes, page=page)
        self._outdated: dict[int, bool] = {}  # by id, whether a Value's operands were changed later on

    def graph(self, opened: Opened | None = None) -> Graph:
        """The graph with something opened, or as it is."""
        return _graph(self._order, self._roots, self._plans.plan(opened), self._focus, self._language, self._outdated)


def _graph(
    order: Sequence[Any], roots: Sequence[Any], plan: Plan, focus: Any, language: str, outdated: dict[int, bool]
) -> Graph:
    """Build the nodes that are drawn; everything that is not in the plan becomes one box."""
    drawn, many, alike = plan.drawn, plan.many, plan.alike
    members: dict[Key, list[int]] = {}
    for i, key in drawn:
        members.setdefault(key, []).append(i)
    standing = {key: _stands_at(key, places, plan) for key, places in members.items()}
    rest = _left_out(order, plan)
    shown: list[Key] = [REST] if rest else []
    for key in sorted(members, key=standing.__getitem__):
        if isinstance(key, int) and constants_of(order[key]) > many:
            shown.append((CROWD, str(key)))
        shown.append(key)
    at = {key: place for place, key in enumerate(shown)}
    shared = {at[key] for key in shown if not isinstance(key, int) or len(members[key]) > 1}
    index = _Index({id(order[i]): at[key] for key, places in members.items() for i in places}, at, shared, many)
    called_so = {key: visible(order[key].label) or f"#{key + 1}" for key in members if isinstance(key, int)}
    names = {id(order[i]): name for key, name in called_so.items() for i in members[key]}
    outlets: dict[int, set[int]] = {at[key]: set() for key in shown if not isinstance(key, int)}
    sources: dict[Key, dict[int, None]] = {key: {} for key in shown if len(members.get(key, ())) > 1}
    for key, places in members.items():
        here, several = at[key], sources.get(key)
        for i in places:
            for parent in plan.inputs(order, i, key):
                place = index.of(parent)
                if place != here and place in outlets:
                    outlets[place].add(id(parent))
                if several is not None:
                    several[place] = None
    results = [index.of(root) for root in roots]
    for root in roots:
        if index.of(root) in outlets:
            outlets[index.of(root)].add(id(root))
    single = [key for key in shown if isinstance(key, int)]
    groups = dict(zip(single, groups_of([order[i] for i in single]), strict=True))
    nodes: list[Node] = []
    for place, key in enumerate(shown):
        if isinstance(key, int):
            crowd = at.get((CROWD, str(key)))
            value, operands = _shown(order, members[key], index, crowd, sources.get(key, ()))
            called = [names.get(id(parent), "…") for parent in value.parents]
            node = _node(value, operands, called, key, groups[key])
            nodes.append(node if len(members[key]) == 1 else _stack(node, order, members[key], [i for _, _, i in operands]))
        elif key == REST:
            nodes.append(_fold(key, order, rest, outlets[place], index, place))
        elif isinstance(key, Box):
            if key in plan.tiles:
                nodes.append(_tile(key, order, plan, index, place))
            else:
                nodes.append(_box(key, order, plan, index, place, sources.get(key, ())))
        elif key[0] == CROWD:
            hidden = constants_of(order[int(key[1])]) - int(many)
            nodes.append(Node("", "", None, None, fold=Fold("", hidden, None, kind="constants")))
        else:
            firsts = [i for i in members[key] if i not in alike]
            nodes.append(_fold(key, order, firsts, outlets[place], index, place, members[key]))
    nodes = _nested(nodes, order, plan)
    return Graph(
        tuple(nodes),
        folded=len(rest)
        + sum([len(node.fold.members) for node in nodes if node.fold is not None and node.fold.kind != "rest"]),
        left_out=len(rest),
        stacked=sum([node.copies.count - 1 for node in nodes if node.copies is not None and node.fold is None]),
        focus=None if focus is None else _place_of(focus, order, plan, index, at),
        outdated=_outdated([order[i] for i, _ in drawn], language, outdated),
        language=language,
        roots=tuple(results) if results != [len(nodes) - 1] else (),
        openable={place: what for place, key in enumerate(shown) if (what := _opens(key, members.get(key, ()), plan))},
        alarm=_alarm(order, plan, index, at),
    )


def _nested(nodes: list[Node], order: Sequence[Any], plan: Plan) -> list[Node]:
    """Nodes whose stacks know how many of them belong to each copy of the last stack, as heads of attention do to a letter."""
    added = {i for rows in plan.rows.values() for row in rows for i in row}  # which are one for another reason
    first = next((plan.alike[i] for i in range(len(order) - 1, -1, -1) if i in plan.alike and i not in added), None)
    if first is None:
        return nodes
    own = {first, *[i for i, at in plan.alike.items() if at == first]}
    of: dict[int, int | None] = {id(order[i]): i for i in own}  # which copy alone uses it; None for several
    for i in range(len(order) - 1, -1, -1):
        copy = i if i in own else of.get(id(order[i]))
        for parent in order[i].parents:
            of[id(parent)] = copy if of.get(id(parent), copy) == copy else None
    found = []
    for node in nodes:
        copies = node.copies
        if copies is not None:
            owners = Counter([of[id(order[i])] for i in copies.members])
            each = set(owners.values())
            if None not in owners and len(owners) > 1 and len(each) == 1:
                node = replace(node, copies=replace(copies, each=each.pop()))
        found.append(node)
    return found


def _shown(
    order: Sequence[Any], members: Sequence[int], index: _Index, crowd: int | None, sources: Iterable[int]
) -> tuple[Any, list[tuple[int | float, int, int]]]:
    """The Value that a node shows, and its operands: those of the first of a stack, and what only others have.

    Args:
        order: all Values.
        members: the places of those that the node stands for.
        index: where each Value is drawn.
        crowd: where the constants are that are too many.
        sources: of a stack, where the operands of all of it are drawn.
    """
    value = order[members[0]]
    operands = index.operands(value, crowd)
    if set(sources) - _places(operands):
        value = max([order[i] for i in members], key=lambda one: len({index.of(parent) for parent in one.parents}))
        operands = index.operands(value, crowd)
        operands += [(place, 1, -1) for place in sources if place not in _places(operands)]
    return value, operands


def _places(operands: Iterable[tuple[int | float, int, int]]) -> set[int]:
    return {place for place, _, _ in operands if type(place) is int}


def _opens(key: Key, members: Sequence[int], plan: Plan) -> Opened | None:
    """What would be opened with a box or a stack: of a stack, and of additions, the first few, if there are many."""
    if isinstance(key, Box) and key in plan.rows:
        members = plan.rows[key][0]
    elif isinstance(key, Box):
        at = frozenset([key.at])
        return {"chain": Opened(chains=at), "tile": Opened(tiles=at), "part": Opened(parts=at)}.get(key.kind)
    if isinstance(key, tuple):
        return None if key == REST or key[0] == CROWD else Opened(groups=frozenset([key]))
    if len(members) == 1:
        return None
    return Opened(alone=frozenset(members if len(members) <= SINGLE else members[:FIRST]))


def _stands_at(key: Key, members: Sequence[int], plan: Plan) -> int:
    """The place in the order where something is drawn: after what it is computed from, before what uses it."""
    if isinstance(key, int):
        return key  # a stack stands where its first stood
    if isinstance(key, Box) and key in plan.rows:
        return plan.rows[key][0][-1]
    if isinstance(key, Box) and key in plan.parts:
        return _stands_at(plan.parts[key].keys[-1], plan.parts[key].places[-1], plan)
    return members[-1]  # a fold stands where its last member stood


def _place_of(focus: Any, order: Sequence[Any], plan: Plan, index: _Index, at: Mapping[Key, int]) -> int:
    """Where a Value is drawn, also inside of a chain."""
    for box, chain in plan.chains.items():
        if box in at and any(order[i] is focus for i in chain.places):
            return at[box]
    return index.of(focus)


def spread(numbers: Sequence[float]) -> Spread:
    """The least, the lower median and the largest; nan comes last."""
    ordered = sorted(numbers, key=lambda number: (math.isnan(number), number))
    return ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1]


def _copies(order: Sequence[Any], places: Sequence[int]) -> Copies:
    """What one of several Values stands for."""
    values = [order[i] for i in places]
    gradients = spread([value.grad for value in values]) if all(value.has_grad for value in values) else None
    return Copies(tuple(places), spread([value.data for value in values]), gradients)


def _from_to(first: str, last: str) -> str:
    """The labels of a stack: ``x1 … x64``, and ``w.0.0 … 9.31`` where both begin alike."""
    shared = "".join([f"{part}." for part in _common([first.split(".")[:-1], last.split(".")[:-1]])])
    return f"{first} … {last.removeprefix(shared)}"


def _stack(node: Node, order: Sequence[Any], places: Sequence[int], slots: Sequence[int]) -> Node:
    """One node for several that are alike: with their names, and the medians of their numbers.

    Args:
        node: the first of them.
        order: all Values.
        places: of the several.
        slots: which operand of the Value each operand of the node is; -1 where it stands for several.
    """
    constants = [
        spread([x for i in places for x in order[i].operands[slot : slot + 1] if isinstance(x, float)])
        if isinstance(operand, float)
        else None
        for operand, slot in zip(node.operands, slots, strict=True)
    ]
    copies = replace(_copies(order, places), constants=tuple(constants))
    labels = list(dict.fromkeys([order[i].label for i in places]))
    label = node.label if len(labels) == 1 else _from_to(visible(labels[0]), visible(labels[-1])) if all(labels) else ""
    return replace(
        node,
        label=label,
        value=copies.values[1],
        gradient=None if copies.gradients is None else copies.gradients[1],
        local_gradients=(),
        partials=(),
        source="",
        copies=copies,
    )


def _box(box: Box, order: Sequence[Any], plan: Plan, index: _Index, here: int, sources: Iterable[int] = ()) -> Node:
    """The middle of a chain, additions one after the other, or a part.

    Args:
        box: which.
        order: all Values.
        plan: what is in it.
        index: where each Value is drawn.
        here: where the box is.
        sources: of additions, where the operands of all of them are drawn.
    """
    repeats = shortest = 1
    lasts: Sequence[int]
    if box in plan.chains:
        chain = plan.chains[box]
        lasts, repeats, shortest, steps = [chain.places[-1]], chain.repeats, chain.repeats, chain.steps
        node = _fold((), order, chain.places, set(), index, here, inputs=chain.inputs(order))
    elif box in plan.rows:
        rows = plan.rows[box]
        lasts, repeats, shortest = [row[-1] for row in rows], max(map(len, rows)), min(map(len, rows))
        steps = (visible(order[lasts[0]].op.symbol),)
        node = _fold((), order, rows[0], {id(order[lasts[0]])}, index, here, [i for row in rows for i in row])
        more = [place for place in sources if place != here and place not in node.operands]
        node = replace(node, operands=(*node.operands, *more), counts=(*node.counts, *[1] * len(more)))
    else:
        part = plan.parts[box]
        lasts, steps = _outlets(part, plan), _steps(part, order, plan)
        node = _fold((), order, sorted([i for places in part.places for i in places]), set(), index, here)
        node = replace(node, counts=_along(node, order, index, len(lasts)))
    assert node.fold is not None
    last = order[lasts[0]]
    node = replace(
        node,
        label="" if len(lasts) > 1 else visible(last.label),
        value=last.data,
        gradient=last.grad if last.has_grad else None,
        groups=tuple([visible(name) for name in last.groups]),
        fold=replace(node.fold, kind=box.kind, repeats=repeats, shortest=shortest, steps=steps),
    )
    if len(lasts) == 1:
        return node
    copies = _copies(order, lasts)
    return replace(
        node, value=copies.values[1], gradient=None if copies.gradients is None else copies.gradients[1], copies=copies
    )


def _outlets(part: Part, plan: Plan) -> Sequence[int]:
    """The places of a part's results."""
    last, places = part.keys[-1], part.places[-1]
    if not isinstance(last, Box):
        return places
    if last in plan.tiles:
        return plan.tiles[last].outlets
    return [row[-1] for row in plan.rows[last]] if last in plan.rows else places[-1:]


def _steps(part: Part, order: Sequence[Any], plan: Plan) -> tuple[str, ...]:
    """What is in a part, in words: names, and the operations of what has none."""
    words = []
    for key, places in zip(part.keys, part.places, strict=True):
        values = [order[i] for i in places]
        tile = plan.tiles.get(key) if isinstance(key, Box) else None
        if tile is not None:
            name = _part([order[i].label for row in tile.rows for i in row])
            words.append(name or " ".join([f"{len(tile.rows[0])} → {len(tile.rows)}", tile.activation]).rstrip())
        elif isinstance(key, int):
            name = values[0].label if len(values) == 1 else _part([value.label for value in values])
            words.append(name or (step(values) if values[0].op is not None else ""))
        elif isinstance(key, Box):
            words.append(f"… {len(places):,} …" if key in plan.chains else "Σ" if values[-1].op is autograd.add else "Π")
    return tuple([shortened(visible(word), STEP) for word in words if word])


def _along(node: Node, order: Sequence[Any], index: _Index, several: int) -> tuple[int, ...]:
    """How many Values come along each edge of a box, however often they are used there; for one of several copies."""
    assert node.fold is not None
    into: dict[int, set[int]] = {}
    for i in node.fold.members:
        for parent in order[i].parents:
            into.setdefault(index.of(parent), set()).add(id(parent))
    return tuple([max(1, len(into[place]) // several) for place in node.operands if isinstance(place, int)])


def _tile(box: Box, order: Sequence[Any], plan: Plan, index: _Index, here: int) -> Node:
    """A dense layer."""
    tile = plan.tiles[box]
    node = _fold((), order, tile.members, {id(order[i]) for i in tile.outlets}, index, here)
    assert node.fold is not None
    several = len(tile.outlets) // len(tile.rows)
    steps = (visible(tile.activation),) if tile.activation else ()
    name = visible(_part([order[i].label for row in tile.rows for i in row]))
    groups = tuple([visible(part) for part in _common([order[i].groups for i in tile.outlets])])
    return replace(
        node,
        counts=_along(node, order, index, several),
        label=visible(order[tile.outlets[0]].label) if len(tile.outlets) == 1 else "",
        groups=groups[:-1] if groups and groups[-1] == name else groups,
        fold=replace(
            node.fold,
            name=name,
            kind="tile",
            repeats=several,
            steps=steps,
            matrix=matrix(tile.rows, tile.sums, lambda i: order[i].data),
        ),
    )


def matrix(rows: tuple[tuple[int, ...], ...], sums: tuple[tuple[int, ...], ...], number: Callable[[int], float]) -> Matrix:
    """The numbers of a dense layer, by the places of its weights and of its results.

    Args:
        rows: of the weights, a row for each neuron.
        sums: of the results of each neuron.
        number: what stands at a place.
    """
    weights = tuple([tuple(map(number, row)) for row in rows])
    return Matrix(weights, tuple([spread(list(map(number, places)))[1] for places in sums]), rows, sums)


def _common(paths: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What all of some lists begin with."""
    first, last = min(paths, key=tuple), max(paths, key=tuple)
    same = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return tuple(first[:same])


def _part(labels: Sequence[str]) -> str:
    """The part that the labels of all weights begin with: ``layers.0`` for ``layers.0.neurons.3.w.1`` and its like."""
    shared = _common([label.split(".")[:-1] for label in labels])
    while shared and (shared[-1] in ("neurons", "weight", "w")):
        shared = shared[:-1]
    return ".".join(shared)


def _alarm(order: Sequence[Any], plan: Plan, index: _Index, at: Mapping[Key, int]) -> Alarm | None:
    """The first number of the whole graph that is inf or nan, and where it is drawn."""
    if all(map(math.isfinite, map(attrgetter("data"), order))) and all(map(math.isfinite, map(attrgetter("grad"), order))):
        return None  # of a million nodes, soon
    found = first_alarm([value.data for value in order], [value.grad for value in order])
    if found is None:
        return None
    i, kind = found
    value = order[i]
    number = value.data if kind == "value" else value.grad
    formula = ""
    if value.op is not None:
        places = {id(parent): 0 for parent in value.parents}
        places.update([(id(node), k) for k, node in enumerate(order[:i], 1) if id(node) in places])
        words = [short(x, 6) if isinstance(x, float) else _called(x, places[id(x)]) for x in value.operands]
        formula = visible(value.op.written(elided(words), symbol=visible(value.op.symbol) or "?"))
    return Alarm(_place_of(value, order, plan, index, at), kind, _called(value, i + 1), formula, number)


def _called(value: Any, number: int) -> str:
    """A Value's label, or ``#3`` for the third of the graph."""
    return visible(value.label) or f"#{number}"


def _outdated(values: Sequence[Any], language: str, seen: dict[int, bool]) -> str:
    """A remark on leaves that were changed after what uses them was computed; empty if there are none.

    Args:
        values: what is drawn.
        language: of the remark.
        seen: by id, whether a Value was found outdated before; it gets those that are looked at now.

    >>> from autograd import Value
    >>> x = Value(2, label="x")
    >>> y = x * x
    >>> x.data = 5.0
    >>> _outdated([x, y], "en", {})
    'x was changed after the result was computed; compute it again'
    """
    known = autograd.primitives()  # a user's own function may be slow, or random
    for value in values:
        if id(value) not in seen:
            seen[id(value)] = value.op is not None and value.op.name in known and not _is_up_to_date(value)
    late = [value for value in values if seen[id(value)]]
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


def _fold(
    key: Groups,
    order: Sequence[Any],
    places: Sequence[int],
    outlets: set[int],
    index: _Index,
    here: int,
    everything: Sequence[int] | None = None,
    inputs: Sequence[Any] | None = None,
) -> Node:
    """A box for the Values at some places of the whole order, which are folded.

    Args:
        key: the group; empty for no group.
        order: all Values.
        places: of those that the wires are taken from.
        outlets: the ids of those that are used outside.
        index: where each Value is drawn.
        here: where the box is.
        everything: the places of all that are folded, where there are more of them.
        inputs: the operands from outside, where they are known.
    """
    members = [order[i] for i in places]
    everything = places if everything is None else everything
    gradients = [
        value.grad for value in (members if everything is places else [order[i] for i in everything]) if value.has_grad
    ]
    named = members[:10_000] if inputs is None else ()
    leaves = [value.label for value in named if value.op is None and value.label]
    outside: dict[int, int] = {}
    weights: dict[int, float | None] = {}
    place_of, rest = index.place_of, index.rest
    inside = {id(value) for value in members} if inputs is None else set()
    for parent in inputs or ():
        outside[index.of(parent)] = outside.get(index.of(parent), 0) + 1
    for value in members if inputs is None else ():
        for parent in value.parents:
            place = here if id(parent) in inside else place_of.get(id(parent), rest)
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
            len(everything),
            math.hypot(*gradients) if gradients else None,
            tuple([visible(shortened(label, 24)) for label in leaves[:NAMED_LEAVES]]),
            "group" if key else "rest",
            tuple(everything),
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


def _left_out(order: Sequence[Any], plan: Plan) -> list[int]:
    """The places of what is not drawn."""
    there = [i for i, _ in plan.drawn]
    for _, key in plan.drawn:
        if isinstance(key, Box) and key in plan.chains:
            there += plan.chains[key].places[:-1]
    if len(there) == len(order):
        return []
    missing = bytearray(b"\1") * len(order)
    for i in there:
        missing[i] = 0
    return [i for i, is_missing in enumerate(missing) if is_missing]


class _Index:
    """Where each Value is drawn."""

    def __init__(self, place_of: dict[int, int], at: dict[Key, int], shared: set[int], many: float) -> None:
        self.many = many
        self.place_of = place_of
        self.rest = at.get(REST, -1)
        self.shared = shared  # places where several Values are drawn

    def of(self, value: Any) -> int:
        """The place of the node or the box that shows a Value."""
        return self.place_of.get(id(value), self.rest)

    def operands(self, value: Any, crowd: int | None) -> list[tuple[int | float, int, int]]:
        """What is drawn for a Value's operands; operands at the same place become one, with a count."""
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
            if place not in self.shared:
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
    """A graph with fewer nodes: what is far from the results goes into one box."""
    waiting = deque(list(dict.fromkeys(graph.results))[:limit])
    kept = set(waiting)
    while waiting and len(kept) < limit:
        for operand in graph.nodes[waiting.popleft()].operands:
            if type(operand) is int and operand not in kept and len(kept) < limit:
                kept.add(operand)
                waiting.append(operand)
    return reduced(graph, kept)


def reduced(graph: Graph, kept: Collection[int]) -> Graph:
    """A graph with some of its nodes, a result among them; all others go into one box."""
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
    alarm = None if graph.alarm is None else replace(graph.alarm, place=at.get(graph.alarm.place, 0))
    roots = tuple([at.get(place, 0) for place in graph.roots])
    folds = sum(node.fold.count for node in nodes if node.fold is not None and node.fold.kind != "constants")
    return replace(graph, nodes=tuple(nodes), openable={}, folded=folds, left_out=count, focus=focus, roots=roots, alarm=alarm)


def _picked(things: tuple[T, ...], groups: Collection[list[int]], none: T) -> tuple[T, ...]:
    """Keep the property of each edge; an edge that stands for several has none."""
    return tuple([things[slots[0]] if len(slots) == 1 else none for slots in groups]) if things else ()
