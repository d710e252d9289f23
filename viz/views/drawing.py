"""What `draw` hands out: a picture as text, as a file, and as a notebook wants it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any

import autograd

from ..files import FORMATS
from ..graph.reading import MAX_NODES, read
from ..layout.dot import source
from ..layout.look import check_count, look_of
from ..scene.graphviz import RenderError, run_graphviz
from ..scene.raster import positioned
from ..scene.svg import write_svg
from .interactive import Interactive
from .picture import Picture
from .view import View

__all__ = ["Drawing", "draw"]

DPI = 120
PIXELS = 1_500_000  # no PNG has more
CELL_WIDTH = 850  # pixels: what JupyterLab gives a cell in a window of 1300
SMALLEST = 0.6  # a picture that would have to be smaller to fit a cell is scrolled: its words could not be read


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
    check_count("max_nodes", max_nodes, 3)
    if path is not None and not isinstance(path, autograd.Value):
        raise TypeError(f"path is the Value to start from, got {type(path).__name__} {path!r:.60}; write path=x")
    return Drawing(read(value, collapse=collapse, max_nodes=max_nodes, focus=path), look)


class Drawing(Picture, View):
    """A picture of a graph as it was when `draw` was called.

    The same graph gives the same bytes in any process.
    """

    suffixes = FORMATS

    @property
    def dot(self) -> str:
        """The picture as DOT text, for Graphviz's own programs."""
        return source(self.measured)

    @property
    def text(self) -> str:
        """A table of the nodes, in the order in which they were computed."""
        return self.table

    def interactive(self) -> Interactive:
        """The picture as HTML: rest the pointer on a node to see its numbers and its wires; zoom and move.

        >>> from autograd import Value
        >>> draw(Value(2) * 3).interactive()
        <viz.Interactive of #1 * 3 = 6: 3 nodes, 2 edges>
        """
        return Interactive(self)

    def _content(self, suffix: str) -> bytes:
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
                scale = min(1.0, max(CELL_WIDTH / self.scene.width, SMALLEST))
                bundle["image/svg+xml"] = write_svg(self.scene, scale=scale)
            if "image/png" in wanted:
                bundle["image/png"] = self.to_bytes(".png")
        except RenderError as error:
            # A cell must show what can be shown: the numbers, and why there is no picture.
            note = f"\n(no picture: {error})"
        if "text/plain" in wanted:
            bundle["text/plain"] = f"{self}{note}"
        return bundle

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Drawing of {self.summary}>"
