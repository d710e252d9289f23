"""A smaller graph, for a layout that took too long."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from .model import Fold, Graph, Node
from .reading import NAMED_LEAVES

__all__ = ["shrunk"]

T = TypeVar("T")


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
