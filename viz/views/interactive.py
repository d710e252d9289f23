"""The picture as HTML: hover over a node to read its numbers, zoom and move the whole, open and close what is folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..graph.model import Graph
from ..graph.opening import Source, State
from .opening import opened
from .picture import Picture
from .view import HTMLView, fragment

__all__ = ["Interactive"]


class Interactive(HTMLView):
    """A drawing with hover, zoom, drag and keyboard. `Drawing.interactive` makes it.

    Args:
        picture: the drawing.
        source: where it came from, if what is folded in it can be opened.
    """

    def __init__(self, picture: Picture, source: Source | None = None) -> None:
        # Names in the told words and in formulas are those of the picture, so a node without a label shows its number.
        self._picture = picture.on_stage(replace(picture.look, numbered=True))
        self._source = source
        self.title = picture.graph.say("Graph of {title}", title=picture.graph.title)
        self.language = picture.graph.language
        self.theme = picture.look.theme

    @cached_property
    def html(self) -> str:
        """One self-contained HTML fragment.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        picture = self._picture
        states: list[State] = []
        if self._source is not None and picture.drawn is picture.graph:
            states = self._source.states(picture.graph)
        return fragment(
            "", kind="interactive", theme=self.theme, label=self.title, picture=picture, narrow=picture.narrow, data={},
            states=opened(states, self._opened), language=self.language,
        )  # fmt: skip

    def _opened(self, graph: Graph) -> Mapping[str, Any] | None:
        # In rows where it is too wide, but not turned: that would take a second layout of each.
        picture = Picture(graph, self._picture.look, staged=True)
        return {"svg": picture.svg, "about": picture.staged} if picture.drawn is graph else None

    @property
    def _paper(self) -> Picture:
        """The picture."""
        return self._picture

    @property
    def text(self) -> str:
        """The table of the picture's nodes."""
        return self._picture.text

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Interactive of {self._picture.summary}>"
