"""The picture as HTML: hover over a node to read its numbers, zoom and move the whole, open and close what is folded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ..graph.model import Graph
from ..graph.opening import Source, State
from .picture import Picture
from .view import HTMLView, fragment

__all__ = ["Interactive"]

BYTES = 300_000  # of pictures in which something is open


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
        states: list[dict[str, Any]] = []
        if self._source is not None and picture.drawn is picture.graph:
            read = self._source.states(picture.graph)
            left = BYTES
            for k, state in enumerate(read if len(read) > 1 else ()):
                states.append(self._state(state, k) if left > 0 else {})
                left -= len(states[-1].get("svg", ""))
        return fragment(
            "", kind="interactive", theme=self.theme, label=self.title, picture=picture, narrow=picture.narrow, data=states,
            language=self.language,
        )  # fmt: skip

    def _state(self, state: State, k: int) -> dict[str, Any]:
        """What the page shows of a picture in which something is open; the first one is there already."""
        picture = self._picture if k == 0 else self._picture.on_stage(self._picture.look, state.graph)
        if picture.drawn is not state.graph:  # its layout took too long
            return {}
        marks = [
            {"place": place, "to": to, "sign": sign, "words": words}
            for sign, places in (("+", state.opens), ("−", state.closes))
            for place, to in places.items()
            for words in [_words(state.graph, place, sign)]
        ]
        about: Mapping[str, Any] = {} if k == 0 else {"svg": picture.svg, "about": picture.staged}
        return {"marks": marks, **about}

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


def _words(graph: Graph, place: int, sign: str) -> str:
    """What a mark does, for who can't see it."""
    name = graph.name(place)
    return graph.say("open {name}", name=name) if sign == "+" else graph.say("close what was opened at {name}", name=name)
