"""Where everything stands: the question to Graphviz, and its answer."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..scene.graphviz import run_graphviz
from ..scene.shapes import Point
from .columns import columns
from .dot import skeleton
from .measure import Measured
from .placed import MARGIN, Layout

__all__ = ["lay_out"]


def lay_out(measured: Measured, seconds: float | None = None) -> Layout:
    """Ask Graphviz where everything goes: in one, or each neuron of a net whose layers then stand side by side.

    Args:
        measured: what is to be laid out.
        seconds: the time that one layout may take.

    Raises:
        RenderError: Graphviz is missing, failed, or took too long.
    """

    def part(measured: Measured, first: Sequence[int]) -> Layout:
        return _laid_out(measured, seconds, first)

    return columns(measured, part) or _laid_out(measured, seconds)


def _laid_out(measured: Measured, seconds: float | None, first: Sequence[int] = ()) -> Layout:
    """Ask Graphviz, and once more if it changed the order of a layer's neurons."""

    def ask(instead: Mapping[int, int]) -> Layout:
        return _read(run_graphviz(skeleton(measured, instead, first), "json0", measured.size, seconds=seconds))

    layout = ask({})
    instead = _misplaced(measured, layout)
    return ask(instead) if instead else layout


def _read(data: bytes) -> Layout:
    """Read Graphviz's ``json0``."""
    raw: dict[str, Any] = json.loads(data)
    left, bottom, right, top = (float(x) for x in raw["bb"].split(","))

    def point(text: str) -> Point:
        x, y = text.split(",")
        return float(x) - left + MARGIN, top - float(y) + MARGIN  # Graphviz's y axis points up

    edges = {}
    labels = {}
    for edge in raw.get("edges", ()):
        k = int(edge["id"][1:])
        tip, *points = edge["pos"].split()
        # "e,": where the curve ends is its tip; "s,": where it begins, as with some edges to a rank before
        forward = points if tip.startswith("e,") else points[::-1]
        edges[k] = tuple([point(p) for p in forward]), point(tip[2:])
        if "lp" in edge:
            labels[k] = point(edge["lp"])
    centres = {}
    clusters = {}
    for thing in raw.get("objects", ()):
        if "pos" in thing:
            centres[thing["name"]] = point(thing["pos"])
        elif thing.get("name", "").startswith("cluster_") and "bb" in thing:
            x0, y0, x1, y1 = (float(x) for x in thing["bb"].split(","))
            clusters[int(thing["name"][8:])] = (*point(f"{x0},{y1}"), *point(f"{x1},{y0}"))
    return Layout(right - left, top - bottom, centres, edges, labels, clusters)


def _misplaced(measured: Measured, layout: Layout) -> dict[int, int]:
    """For each fold that is not where it should be, the fold that should stand there.

    The neurons of a layer read the same nodes and are read by the same ones, so that Graphviz may put them into any order. They
    belong into theirs, from the top down or from left to right.
    """
    read: defaultdict[int, Counter[int]] = defaultdict(Counter)
    readers: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for arrow in measured.arrows:
        read[arrow.head][arrow.tail] += 1
        readers[arrow.tail][arrow.head] += 1
    columns: defaultdict[object, list[int]] = defaultdict(list)
    for place, (cell, groups) in enumerate(zip(measured.cells, measured.groups, strict=True)):
        if cell.words.is_fold and groups:
            columns[groups, frozenset(read[place].items()), frozenset(readers[place].items())].append(place)
    across = 1 if measured.look.is_horizontal else 0
    found: dict[int, int] = {}
    for column in columns.values():
        standing = sorted(column, key=lambda place: layout.centres[f"n{place}"][across])
        found.update((there, place) for there, place in zip(standing, column, strict=True) if there != place)
    return found
