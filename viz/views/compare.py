"""Two passes of the same expression side by side: what changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from ..digits import before_after
from ..files import FORMATS
from ..graph.model import Graph
from ..graph.reading import MAX_NODES, read
from ..graph.sentences import warnings
from ..languages import check_language
from ..layout.look import Look
from ..scene.shapes import Scene
from ..text import aligned, shortened
from .drawing import Drawing
from .image import Image

__all__ = ["Comparison", "compare"]

ROWS = 60


def compare(
    before: Any,
    after: Any,
    *,
    style: str = "circuit",
    theme: str = "light",
    direction: str = "LR",
    precision: int = 4,
    language: str = "en",
) -> Comparison:
    """Show what changed between two passes of the same expression.

    Args:
        before: the earlier result: a Value, or a drawing of it. Values change when they are trained; a drawing
            (``viz.draw(f)``) keeps the numbers as they were.
        after: the later result, likewise. Its graph has the same operations in the same order.
        style: as for `draw`.
        theme: as for `draw`.
        direction: as for `draw`.
        precision: as for `draw`.
        language: as for `draw`.

    Returns:
        The comparison; ``print`` shows a table of what changed, a notebook the picture with both numbers.

    Raises:
        TypeError: one of them is neither a Value nor a drawing.
        ValueError: the graphs differ in shape (the message names the first difference), or are too large.

    >>> from autograd import Value
    >>> def run(w):
    ...     x, w = Value(3, label="x"), Value(w, label="w")
    ...     f = x * w
    ...     f.backward()
    ...     return f
    >>> print(compare(run(2), run(5)))
    node  value    gradient
    x     3        2 -> 5
    w     2 -> 5   3
    #3    6 -> 15  1
    3 of 3 nodes changed
    """
    look = Look(style, theme, direction, precision)
    first, second = _graph_of(before, "before", language), _graph_of(after, "after", language)
    _check_same(first, second)
    return Comparison(first, second, look)


def _graph_of(thing: Any, name: str, language: str) -> Graph:
    if isinstance(thing, Drawing):
        check_language(language)
        graph = replace(thing.graph, language=language)
    else:
        try:
            graph = read(thing, language=language)
        except TypeError:
            raise TypeError(
                f"compare takes Values or drawings; {name} is {type(thing).__name__} {thing!r:.60}; write compare(f1, f2)"
            ) from None
    if graph.size > MAX_NODES:
        raise ValueError(f"compare shows at most {MAX_NODES} nodes, constants included; {name} has {graph.size:,}")
    return graph


def _check_same(before: Graph, after: Graph) -> None:
    for place, (first, second) in enumerate(zip(before.nodes, after.nodes, strict=False)):
        here = f"node {place + 1} is {_shape(before, place)} before and {_shape(after, place)} after"
        if first.symbol != second.symbol or (first.fold is None) != (second.fold is None):
            raise ValueError(f"compare takes two passes of the same expression; {here}")
        if [edge.tail for edge in before.inputs[place]] != [edge.tail for edge in after.inputs[place]]:
            raise ValueError(f"compare takes two passes of the same expression; {here}, with other operands")
    if len(before.nodes) != len(after.nodes):
        raise ValueError(
            f"compare takes two passes of the same expression; there are {len(before.nodes):,} nodes before and "
            f"{len(after.nodes):,} after"
        )


def _shape(graph: Graph, place: int) -> str:
    node = graph.nodes[place]
    what = f"an input {node.label}".strip() if node.is_leaf else f"{graph.name(place)} = {graph.formula(place)}"
    return repr(shortened(what, 60))


class Comparison(Image):
    """Two passes side by side, as `compare` puts them."""

    suffixes = FORMATS

    def __init__(self, before: Graph, after: Graph, look: Look) -> None:
        self._before = before
        self._after = after
        self._look = look

    @cached_property
    def changed(self) -> tuple[int, ...]:
        """The places of the nodes whose value or gradient changed in any bit."""
        pairs = zip(self._before.nodes, self._after.nodes, strict=True)
        return tuple([i for i, (a, b) in enumerate(pairs) if repr((a.value, a.gradient)) != repr((b.value, b.gradient))])

    @cached_property
    def drawing(self) -> Drawing:
        """The picture: both numbers where they differ, and a frame around each node that changed."""
        return Drawing(self._after.with_earlier(self._before), self._look, marked=self.changed)

    @property
    def scene(self) -> Scene:
        """The picture before it is written as SVG."""
        return self.drawing.scene

    @cached_property
    def text(self) -> str:
        """A table: each node with its value and gradient, both numbers where they differ."""
        precision = max(self._look.precision, 4)
        say = self._after.say
        rows = [[say("node"), say("value"), say("gradient")]]
        missing = say("not yet")
        for place, (a, b) in enumerate(zip(self._before.nodes, self._after.nodes, strict=True)):
            if place >= ROWS:
                break
            name = shortened(self._after.name(place), 40)
            pairs = ((a.value, b.value), (a.gradient, b.gradient))
            rows.append([name, *[before_after(*pair, precision, missing=missing) for pair in pairs]])
        lines = ["  ".join(row).rstrip() for row in aligned(rows, "lll")]
        if len(self._after.nodes) > ROWS:
            lines.append(say("… and {count:,} more nodes", count=len(self._after.nodes) - ROWS))
        lines.append(say("{count} of {total} nodes changed", count=len(self.changed), total=len(self._after.nodes)))
        return "\n".join(lines + warnings(self.drawing.graph))

    def _content(self, suffix: str) -> bytes:
        return self.drawing.to_bytes(suffix)

    def __repr__(self) -> str:
        """How much changed."""
        return f"<viz.Comparison of {self._after.title}: {len(self.changed)} of {len(self._after.nodes)} nodes changed>"
