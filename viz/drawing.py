"""What `draw` hands out: a picture as text, as a file, and as a notebook wants it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from . import dot, svg
from .model import Graph, read
from .numbers import short
from .render import RenderError, run_graphviz
from .text import aligned, shortened

__all__ = ["FORMATS", "Drawing", "DrawingTooLargeError", "check_suffix", "draw", "write_whole"]

MAX_NODES = 2_000  # constants included
MAX_EDGES = 4_000
FORMATS = (".svg", ".png", ".pdf", ".dot")
PNG_SIZE = 100  # a notebook is handed a PNG beside the SVG up to this number of nodes and edges
TABLE_ROWS = 60


class DrawingTooLargeError(ValueError):
    """The graph has more nodes or edges than a picture can show."""


def draw(value: Any) -> Drawing:
    """Draw the graph that a Value was computed by: each node once, with its value and its gradient.

    Args:
        value: the result to draw. The picture shows the numbers as they are now. At most 2,000 nodes
            (constants included) and 4,000 edges.

    Returns:
        The drawing. A notebook shows it by itself; `Drawing.save` writes it to a file.

    Raises:
        TypeError: value is no Value.
        DrawingTooLargeError: the graph is larger than a picture can show.

    >>> from autograd import Value
    >>> x = Value(3, label="x")
    >>> print(draw(x * x))
    node  formula  value
    x                  3
    #2    x * x        9
    backward() has not run
    """
    graph = read(value)
    nodes = len(graph.nodes) + graph.constant_count
    if nodes > MAX_NODES or graph.edge_count > MAX_EDGES:
        raise DrawingTooLargeError(
            f"the graph has {nodes:,} nodes and {graph.edge_count:,} edges; a picture holds at most "
            f"{MAX_NODES:,} and {MAX_EDGES:,}: draw a node further inside"
        )
    return Drawing(graph)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a picture's file name, in lower case.

    Raises:
        ValueError: it is none of the known ones; the message lists them.

    >>> check_suffix("graph.SVG")
    '.svg'
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        what = f"unknown suffix {suffix!r}" if suffix else "no suffix"
        raise ValueError(f"{what} in {os.fspath(path)!r}: a picture is written as one of {known}")
    return suffix


class Drawing:
    """A picture of a graph as it was when `draw` was called.

    The same graph gives the same bytes in any process.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        layout = run_graphviz(dot.skeleton(self._graph), "json0", self._size)
        return svg.write_svg(self._graph, layout)

    @cached_property
    def dot(self) -> str:
        """The picture as DOT text, for Graphviz's own programs."""
        return dot.source(self._graph)

    @property
    def _size(self) -> int:
        return len(self._graph.nodes) + self._graph.constant_count + self._graph.edge_count

    def to_bytes(self, suffix: str) -> bytes:
        """The content of a file of this kind.

        Args:
            suffix: one of ``.svg``, ``.png``, ``.pdf``, ``.dot``.

        Raises:
            ValueError: the suffix is unknown.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        suffix = check_suffix(f"picture{suffix}")
        if suffix == ".svg":
            return self.svg.encode("utf-8")
        if suffix == ".dot":
            return self.dot.encode("utf-8")
        if suffix == ".png":
            sharp = self.dot.replace("{\n", "{\n\tdpi=144\n", 1)
            return run_graphviz(sharp, "png", self._size)
        pdf = run_graphviz(self.dot, "pdf", self._size)
        # The same length keeps the file's table of offsets true; the same date keeps its bytes the same.
        return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)(\d+)", lambda m: m[1] + b"20000101000000"[: len(m[2])], pdf)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to; its suffix chooses .svg, .png, .pdf or .dot.

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

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str | bytes]:
        """What a notebook shows: the SVG, a PNG for hosts that want one, and a table as plain text.

        No text/html: JupyterLab and nbconvert would prefer it to the picture.
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
                bundle["image/svg+xml"] = self.svg
            if "image/png" in wanted and self._size <= PNG_SIZE:
                bundle["image/png"] = self.to_bytes(".png")
        except RenderError as error:
            # A cell must show what can be shown: the numbers, and why there is no picture.
            note = f"\n(no picture: {error})"
        if "text/plain" in wanted:
            bundle["text/plain"] = f"{self}{note}"
        return bundle

    def __str__(self) -> str:
        """A table of the nodes, in the order in which they were computed."""
        graph = self._graph
        gradients = any(node.gradient is not None for node in graph.nodes)
        rows = [["node", "formula", "value", "gradient"]]
        for place, node in enumerate(graph.nodes[:TABLE_ROWS]):
            gradient = "not yet" if node.gradient is None else short(node.gradient, 6)
            formula = shortened(graph.formula(place), 40)
            rows.append([shortened(graph.name(place), 40), formula, short(node.value, 6), gradient])
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
        graph = self._graph
        nodes = len(graph.nodes) + graph.constant_count
        return (
            f"<viz.Drawing of {graph.title}: {nodes} node{'s' * (nodes != 1)}, "
            f"{graph.edge_count} edge{'s' * (graph.edge_count != 1)}>"
        )


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Args:
        path: where to. A link is followed.
        data: the content.

    Raises:
        OSError: the file can't be written; whatever was there before is still there.
    """
    target = os.path.realpath(path)
    if os.path.isdir(target):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a directory")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"{os.fspath(path)!r} can't be written")
    # Made anew beside the target, so that replacing is one step, with the permissions that any new file gets.
    temporary = os.path.join(os.path.dirname(target), f".glassgrad-{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
