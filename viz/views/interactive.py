"""The picture as HTML: hover over a node to read its numbers, zoom and move the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from .picture import Picture
from .view import HTMLView, fragment

__all__ = ["Interactive"]


class Interactive(HTMLView):
    """A drawing with hover, zoom, drag and keyboard. `Drawing.interactive` makes it."""

    def __init__(self, picture: Picture) -> None:
        # Names in the told words and in formulas are those of the picture, so a node without a label shows its number.
        look = replace(picture.look, numbered=True)
        self._picture = picture if look == picture.look else Picture(picture.graph, look)
        self.title = picture.graph.say("Graph of {title}", title=picture.graph.title)
        self.language = picture.graph.language
        self.theme = picture.look.theme

    @cached_property
    def html(self) -> str:
        """One self-contained HTML fragment.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return fragment(
            "", kind="interactive", theme=self.theme, label=self.title, picture=self._picture, data={}, language=self.language
        )

    @property
    def text(self) -> str:
        """The table of the picture's nodes."""
        return self._picture.text

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Interactive of {self._picture.summary}>"
