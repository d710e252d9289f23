"""What `draw` hands out: a picture as text, as a file, and as a notebook wants it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import autograd
from autograd.files import write_whole

from ..digits import short
from ..files import check_suffix
from ..graph.folding import MAX_NODES, check_collapse, read, shrunk
from ..graph.model import Graph
from ..layout import dot
from ..layout.cells import Cell, Look, cells_of
from ..layout.compose import Layout, compose, read_layout
from ..scene.graphviz import LayoutTimeoutError, RenderError, run_graphviz
from ..scene.raster import positioned
from ..scene.shapes import Scene
from ..scene.svg import write_svg
from ..scene.themes import THEMES
from ..text import aligned, shortened

if TYPE_CHECKING:
    from .interactive import Interactive

__all__ = ["DIRECTIONS", "STYLES", "Drawing", "check_choice", "draw", "look_of"]

STYLES = ("circuit", "boxes")
DIRECTIONS = ("LR", "RL", "TB", "BT")
TABLE_ROWS = 60
DPI = 120
PIXELS = 1_500_000  # no PNG has more
CELL_WIDTH = 850  # pixels: what JupyterLab gives a cell in a window of 1300
SMALLEST = 0.6  # a picture that would have to be smaller to fit a cell is scrolled: its words could not be read
LAYOUT_SECONDS = (6.0, 4.0, 3.0, 3.0)  # for each attempt; after each, a third of the nodes are left


def check_choice(what: str, value: object, known: Sequence[str]) -> None:
    """Refuse an option that is none of the known ones.

    Raises:
        ValueError: with the known ones.
    """
    if value not in known:
        raise ValueError(f"{what}={value!r} is unknown; it is one of {', '.join(repr(k) for k in known)}")


def _check_count(what: str, value: object, least: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        limit = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise ValueError(f"{what}={value!r:.60} must be a whole number {limit}")


def look_of(style: str, theme: str, direction: str, precision: int, *, local_gradients: bool = False) -> Look:
    """The options of a picture, checked.

    Raises:
        ValueError: an option is unknown; the message lists the known ones.
    """
    check_choice("style", style, STYLES)
    check_choice("theme", theme, tuple(THEMES))
    check_choice("direction", direction, DIRECTIONS)
    _check_count("precision", precision, 1, 17)
    return Look(style, theme, direction, bool(local_gradients), precision, numbered=bool(local_gradients))


def draw(
    value: Any,
    *,
    style: str = "circuit",
    local_gradients: bool = False,
    path: Any = None,
    collapse: bool | str | Collection[str] = False,
    direction: str = "LR",
    theme: str = "light",
    max_nodes: int = MAX_NODES,
    precision: int = 4,
) -> Drawing:
    """Draw the graph that a Value was computed by: each node once, with its value and its gradient.

    Args:
        value: the result to draw. The picture shows the numbers as they are now.
        style: ``"circuit"``: round gates, and wires with the value above and the gradient below; ``"boxes"``: one box
            for a node, with label or operation, value and gradient.
        local_gradients: write the chain rule on every edge: the local gradient in symbols and numbers, and upstream
            times local, which is what flows back; where a node is used more than once, its gradient as a sum.
        path: a Value; only what lies between it and the result is drawn at full strength.
        collapse: True folds every outermost group into one box; a name, or several, fold these groups (``*`` stands for
            anything). Groups come from ``autograd.group`` and from ``nn.Module.label_parameters``.
        direction: where the results are: ``"LR"`` (at the right), ``"RL"``, ``"TB"`` (at the bottom) or ``"BT"``.
        theme: ``"light"``, ``"dark"`` or ``"print"``.
        max_nodes: a picture of more nodes than this, constants included, folds by itself and says so: groups first,
            then what is farthest from the result. At least 3.
        precision: significant digits of the numbers, 1 to 17; the exact ones are shown on hover.

    Returns:
        The drawing. A notebook shows it by itself; `Drawing.save` writes it to a file.

    Raises:
        TypeError: value or path is no Value, or collapse is neither a switch nor names.
        ValueError: an option is unknown, no group has the name given, or path is no part of the graph.

    >>> from autograd import Value
    >>> x = Value(3, label="x")
    >>> print(draw(x * x))
    node  formula  value
    x                  3
    #2    x * x        9
    backward() has not run
    """
    look = look_of(style, theme, direction, precision, local_gradients=local_gradients)
    _check_count("max_nodes", max_nodes, 3)
    check_collapse(collapse)
    if path is not None and not isinstance(path, autograd.Value):
        raise TypeError(f"path is the Value to start from, got {type(path).__name__} {path!r:.60}; write path=x")
    return Drawing(read(value, collapse=collapse, max_nodes=max_nodes, focus=path), look)


class Drawing:
    """A picture of a graph as it was when `draw` was called.

    The same graph gives the same bytes in any process.
    """

    def __init__(self, graph: Graph, look: Look, marked: Collection[int] = ()) -> None:
        self._asked = graph
        self._look = look
        self._marked = frozenset(marked)

    @property
    def graph(self) -> Graph:
        """What is to be seen: nodes, edges and numbers."""
        return self._asked

    @property
    def drawn(self) -> Graph:
        """What is seen: `graph`, or less where its layout took too long.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return self._laid_out[0]

    @property
    def layout(self) -> Layout:
        """Where everything is."""
        return self._laid_out[1]

    @property
    def look(self) -> Look:
        """The options that it is drawn with."""
        return self._look

    @cached_property
    def _laid_out(self) -> tuple[Graph, Layout]:
        """The layout; where it takes too long, that of a smaller graph."""
        graph = self._asked
        for attempt, seconds in enumerate(LAYOUT_SECONDS):
            cells = cells_of(graph, self._look)
            try:
                layout = self._lay_out(graph, cells, {}, seconds)
                instead = dot.misplaced(graph, layout.centres, self._look)
                return graph, self._lay_out(graph, cells, instead, seconds) if instead else layout
            except LayoutTimeoutError:
                if attempt == len(LAYOUT_SECONDS) - 1 or len(graph.nodes) < 10:
                    raise
                graph = shrunk(graph, max(8, len(graph.nodes) // 3))
        raise AssertionError("the loop returns or raises")

    def _lay_out(self, graph: Graph, cells: Sequence[Cell], instead: Mapping[int, int], seconds: float) -> Layout:
        skeleton = dot.skeleton(graph, cells, self._look, instead)
        return read_layout(run_graphviz(skeleton, "json0", graph.size, seconds=seconds))

    @cached_property
    def scene(self) -> Scene:
        """Everything at its place, before it is written as SVG.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        graph, layout = self._laid_out
        bright = graph.on_path if graph.focus is not None else None
        marked = self._marked if graph is self._asked else ()
        return compose(graph, layout, self._look, bright=bright, marked=marked)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return write_svg(self.scene)

    @cached_property
    def dot(self) -> str:
        """The picture as DOT text, for Graphviz's own programs."""
        return dot.source(self._asked, cells_of(self._asked, self._look), self._look)

    def interactive(self) -> Interactive:
        """The picture as HTML: rest the pointer on a node to see its numbers and its wires; zoom and move.

        >>> from autograd import Value
        >>> draw(Value(2) * 3).interactive()
        <viz.Interactive of #1 * 3 = 6: 3 nodes, 2 edges>
        """
        from .interactive import Interactive  # here, because that module draws with this one

        return Interactive(self)

    def to_bytes(self, suffix: str) -> bytes:
        """The content of a file of this kind.

        Args:
            suffix: one of ``.svg``, ``.png``, ``.pdf``, ``.dot``, ``.html``.

        Raises:
            ValueError: the suffix is unknown.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        suffix = check_suffix(f"picture{suffix}")
        if suffix == ".svg":
            return self.svg.encode("utf-8")
        if suffix == ".dot":
            return self.dot.encode("utf-8")
        if suffix == ".html":
            return self.interactive().page.encode("utf-8")
        size = len(self.scene.texts)
        if suffix == ".png":
            area = self.scene.width * self.scene.height  # in square points; a large picture gets fewer dots for each
            dpi = max(8, min(DPI, int(72 * math.sqrt(PIXELS / area))))
            return run_graphviz(positioned(self.scene, dpi), "png", size, engine="nop2")
        pdf = run_graphviz(positioned(self.scene), "pdf", size, engine="nop2")
        # The same length keeps the file's table of offsets true; the same date keeps its bytes the same.
        return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)(\d+)", lambda m: m[1] + b"20000101000000"[: len(m[2])], pdf)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to; its suffix chooses .svg, .png, .pdf, .dot or .html (the interactive picture).

        Returns:
            The path.

        Raises:
            ValueError: the suffix is unknown; the message lists the known ones.
            OSError: the file can't be written.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        suffix = check_suffix(path)
        write_whole(path, self.to_bytes(suffix))
        return Path(path)

    @property
    def _scale_in_a_cell(self) -> float:
        return min(1.0, max(CELL_WIDTH / self.scene.width, SMALLEST))

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str | bytes]:
        """What a notebook shows: the SVG, a PNG for hosts that want one, and a table as plain text.

        No text/html: JupyterLab and nbconvert would prefer it to the picture. They show the SVG as an image of the size that it
        asks for, so a wide one asks for less.
        """
        bundle: dict[str, str | bytes] = {}
        wanted = [
            kind
            for kind in ("text/plain", "image/svg+xml", "image/png")
            if (not include or kind in include) and not (exclude and kind in exclude)
        ]
        note = ""
        try:
            if "image/svg+xml" in wanted:
                bundle["image/svg+xml"] = write_svg(self.scene, scale=self._scale_in_a_cell)
            if "image/png" in wanted:
                bundle["image/png"] = self.to_bytes(".png")
        except RenderError as error:
            # A cell must show what can be shown: the numbers, and why there is no picture.
            note = f"\n(no picture: {error})"
        if "text/plain" in wanted:
            bundle["text/plain"] = f"{self}{note}"
        return bundle

    def __str__(self) -> str:
        """A table of the nodes, in the order in which they were computed."""
        graph = self._asked
        gradients = graph.has_gradients
        rows = [["node", "formula", "value", "gradient"]]
        for place, node in enumerate(graph.nodes[:TABLE_ROWS]):
            gradient = "not yet" if node.gradient is None else short(node.gradient, 6)
            value = "" if node.value is None else short(node.value, 6)
            formula = shortened(graph.formula(place), 40)
            if node.fold is not None:
                formula = f"({node.fold.count:,} folded)" if node.fold.name else "(folded)"
                gradient = gradient if node.gradient is not None else ""
            rows.append([shortened(graph.name(place), 40), formula, value, gradient])
        if not gradients:
            rows = [row[:3] for row in rows]
        lines = ["  ".join(row) for row in aligned(rows, "llrr" if gradients else "llr")]
        if len(graph.nodes) > TABLE_ROWS:
            lines.append(f"… and {len(graph.nodes) - TABLE_ROWS:,} more nodes")
        if graph.note:
            lines.append(graph.note)
        return "\n".join(lines)

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        graph = self._asked
        nodes = len(graph.nodes) + graph.constant_count
        return (
            f"<viz.Drawing of {graph.title}: {nodes} node{'s' * (nodes != 1)}, "
            f"{graph.edge_count} edge{'s' * (graph.edge_count != 1)}>"
        )
