"""The picture as HTML: hover over a node to read its numbers, zoom and move the whole."""

from __future__ import annotations

from functools import cached_property
from html import escape

from .picture import Picture
from .view import HTMLView, filled, fragment

__all__ = ["Interactive"]


class Interactive(HTMLView):
    """A drawing with hover, zoom, drag and keyboard. `Drawing.interactive` makes it."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
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
        say, title = picture.drawn.say, picture.drawn.title
        hint = say(
            "Rest the pointer on a node to see its numbers and its wires. Zoom with the wheel or + and -, move by dragging or "
            "with the arrow keys, step through the nodes with n and p."
        )
        svg, label = picture.svg.strip(), escape(say("graph of {title}", title=title))
        body = filled("interactive.html", self.language, LABEL=label, SVG=svg, HINT=escape(hint))
        data = {"nodes": picture.told, "hint": hint}
        label = say("Graph of {title}", title=title)
        return fragment(body, kind="interactive", theme=self.theme, label=label, data=data, language=self.language)

    @property
    def text(self) -> str:
        """The table of the picture's nodes."""
        return self._picture.text

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Interactive of {self._picture.summary}>"
