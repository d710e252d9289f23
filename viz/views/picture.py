"""A graph on its way through the stages: measured, laid out, composed, written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..digits import short
from ..graph.model import Graph, Spread
from ..graph.reading import shrunk
from ..graph.sentences import repeated, warnings
from ..layout.compose import compose
from ..layout.look import Look
from ..layout.measure import Measured, measure
from ..layout.placed import Layout
from ..layout.places import lay_out
from ..scene.fit import PHONE, fitting, on_stage
from ..scene.graphviz import LayoutTimeoutError
from ..scene.shapes import Scene
from ..text import aligned, shortened
from .image import Image

__all__ = ["Picture", "check_like"]

TABLE_ROWS = 60
LAYOUT_SECONDS = (6.0, 4.0, 3.0, 3.0)  # for each attempt; after each, a third of the nodes are left


def check_like(like: object, kind: type) -> None:
    """Refuse what is no earlier view of the same kind.

    Raises:
        TypeError: with what it is.
    """
    if like is not None and not isinstance(like, kind):
        raise TypeError(
            f"like is an earlier viz.{kind.__name__}, got {type(like).__name__} {like!r:.60}; write like=viz."
            f"{ {'Drawing': 'draw(f)', 'Explanation': 'explain(f, x)'}.get(kind.__name__, 'steps(f)') }"
        )


def _range(spread: Spread | None) -> str:
    """The least, the median and the largest of the numbers of a stack; one where they are the same."""
    if spread is None:
        return ""
    words = [short(number, 4) for number in spread]
    return words[0] if len(set(words)) == 1 else " … ".join(words)


class Picture(Image):
    """A graph and how it is drawn; each stage is computed when it is first asked for.

    What needs a layout raises `RenderError` if Graphviz is missing, fails, or takes too long.

    Args:
        graph: what is drawn.
        look: how.
        marked: the places of the nodes to draw attention to.
        like: an earlier picture, whose layout is kept if it fits.
        width: the pixels that it should fit; None for no limit.
        may_turn: whether it may flow down where it doesn't fit a width otherwise.
        staged: whether it is for the stage of a page, which shows all of it; one with a width has that width there, too.
    """

    def __init__(
        self, graph: Graph, look: Look, marked: Collection[int] = (), like: Picture | None = None, *,
        width: int | None = None, may_turn: bool = False, staged: bool = False,
    ) -> None:  # fmt: skip
        self._graph = graph
        self._look = look
        self._marked = frozenset(marked)
        self.width = width
        self._may_turn = may_turn
        self._staged = staged
        self._earlier_turn = None if like is None else vars(like).get("_turned")
        self._known = None if like is None else like._fitting  # and not `like` itself, which may have been like others

    @property
    def _fitting(self) -> tuple[Measured, Layout] | None:
        """What is known of a layout without asking for one."""
        if "_laid_out" in vars(self) and self.drawn is self._graph:
            return self.measured, self.layout
        return self._known

    @property
    def graph(self) -> Graph:
        """The graph that the picture was asked for."""
        return self._graph

    @property
    def look(self) -> Look:
        """The options that it is drawn with."""
        return self._look

    def on_stage(self, look: Look) -> Picture:
        """The same picture with other options, for the stage of a page."""
        return Picture(self._graph, look, width=self.width, may_turn=self._may_turn, staged=True)

    @cached_property
    def measured(self) -> Measured:
        """All words and sizes of `graph`."""
        return measure(self._graph, self._look)

    @property
    def drawn(self) -> Graph:
        """The graph that is drawn: `graph`, or a smaller one if its layout took too long."""
        return self._laid_out[0]

    @property
    def layout(self) -> Layout:
        """Where everything in `drawn` is."""
        return self._laid_out[2]

    @cached_property
    def scene(self) -> Scene:
        """Everything at its place, before it is written as SVG; turned or in rows, if it has a width or a stage to fit."""
        if self.width is not None:
            return self.fitted(self.width)
        return on_stage(self._whole, self._turn) if self._staged else self._whole

    def fitted(self, width: float) -> Scene:
        """The picture for a page of this width in pixels: turned or in rows, if that makes it fit.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return fitting(self._whole, self._turn, width)

    @cached_property
    def _whole(self) -> Scene:
        """The picture in the direction of its look, however wide it is."""
        graph, measured, layout = self._laid_out
        return compose(measured, layout, self._marked if graph is self._graph else ())

    @property
    def narrow(self) -> Picture | None:
        """The same picture from the top down, for a phone; None where it fits one, flows as was asked for, or gets no narrower.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        turned = None if self.scene.width <= PHONE else self._turn()
        return self._turned if turned is not None and turned.width < self.scene.width else None

    def _turn(self) -> Scene | None:
        """The same with results at the bottom, unless the direction was asked for."""
        if not self._may_turn:
            return None
        turned = self._turned
        return turned.scene if turned.drawn.nodes == self.drawn.nodes else None

    @cached_property
    def _turned(self) -> Picture:
        return Picture(self._graph, replace(self._look, direction="TB"), self._marked, self._earlier_turn)

    @cached_property
    def _laid_out(self) -> tuple[Graph, Measured, Layout]:
        """The layout, or that of a smaller graph if it takes too long."""
        graph, measured = self._graph, self.measured
        if self._known is not None and self._known[0].footprint == measured.footprint:
            return graph, measured, self._known[1]
        for seconds in LAYOUT_SECONDS[:-1]:
            try:
                return graph, measured, lay_out(measured, seconds)
            except LayoutTimeoutError:
                if len(graph.nodes) < 10:
                    raise
            graph = shrunk(graph, max(8, len(graph.nodes) // 3))
            measured = measure(graph, self._look)
        return graph, measured, lay_out(measured, LAYOUT_SECONDS[-1])

    @property
    def staged(self) -> dict[str, Any]:
        """What a page knows of the picture beside its SVG: what each node is found by, and what is told of none."""
        graph = self.drawn
        names = []
        for node in graph.nodes:
            known = (node.label, node.fold and node.fold.name, node.symbol, node.op and node.op.name)
            names.append([node.order + 1, *dict.fromkeys([name for name in known if name])])
        hint = graph.say(
            "Rest the pointer on a node, or press n, to see its numbers and its wires. Zoom with Ctrl and the wheel, two "
            "fingers, or + and -."
        )
        return {"names": names, "hint": hint}

    @property
    def text(self) -> str:
        """A table of the nodes of `graph`, in the order in which they were computed."""
        graph = self._graph
        gradients = graph.has_gradients
        say = graph.say
        rows = [[say("node"), say("formula"), say("value"), say("gradient")]]
        for place, node in enumerate(graph.nodes[:TABLE_ROWS]):
            gradient = say("not yet") if node.gradient is None else short(node.gradient, 6)
            value = "" if node.value is None else short(node.value, 6)
            formula = shortened(graph.formula(place), 40)
            if node.fold is not None:
                formula = say("({count:,} folded)", count=node.fold.count) if node.fold.name else say("(folded)")
                formula = repeated(node.fold) or formula
                gradient = gradient if node.gradient is not None else ""
            name = shortened(graph.name(place), 40)
            if node.copies is not None:
                name = f"{name} × {node.copies.count:,}"
                value, gradient = (
                    _range(node.copies.values),
                    "" if gradient == "" else _range(node.copies.gradients) or gradient,
                )
            rows.append([name, formula, value, gradient])
        if not gradients:
            rows = [row[:3] for row in rows]
        lines = ["  ".join(row) for row in aligned(rows, "llrr" if gradients else "llr")]
        if len(graph.nodes) > TABLE_ROWS:
            lines.append(say("… and {count:,} more nodes", count=len(graph.nodes) - TABLE_ROWS))
        if graph.note:
            lines.append(graph.note)
        return "\n".join(lines + warnings(graph))

    @property
    def summary(self) -> str:
        """What is drawn and how large it is: ``f = 12: 3 nodes, 2 edges``."""
        nodes, edges = self._graph.size, len(self._graph.edges)
        return f"{self._graph.title}: {nodes} node{'s' * (nodes != 1)}, {edges} edge{'s' * (edges != 1)}"
