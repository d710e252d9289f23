"""What pictures that open have in common: what was asked for, and the pictures that a page opens into, laid out in advance."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..graph.folding import DEFAULT
from ..graph.model import Graph
from ..graph.opening import Source, State, read_open
from ..layout.look import check_count
from .view import script_json

__all__ = ["asked", "opened", "packed"]

BYTES = 600_000  # of pictures in which something is open
SIGNS = string.ascii_letters  # of the words of a text


def asked(
    value: Any, names: bool | str | Collection[str], *, max_nodes: int | None, width: int | None, **options: Any
) -> tuple[Graph, Source]:
    """Read what is to be drawn.

    Args:
        value: the result, or several.
        names: of what is open, as for `viz.graph.opening.read_open`.
        max_nodes: the most nodes; None for as many as can be read on a page.
        width: the pixels that the picture should fit, or None.
        options: further ones of `viz.graph.reading.read`.

    Returns:
        The graph, and where it came from.

    Raises:
        TypeError: as for `read_open`.
        ValueError: as for `read_open`, or max_nodes or width is out of range.
    """
    if width is not None:
        check_count("width", width, 200, 10_000)
    if max_nodes is not None:
        check_count("max_nodes", max_nodes, 3)
    options = {**options, "max_nodes": max_nodes or DEFAULT, "page": max_nodes is None}
    graph, opened = read_open(value, names, **options)
    return graph, Source(value, options, opened)


def opened(states: Sequence[State], shown: Callable[[Graph], Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """What opening.js has as ``STATES``: what one click opens comes first, and small pictures before large ones, up to a size.

    Args:
        states: the pictures, first the one that is on the page already.
        shown: what the page has to know of any other one: ``svg``, ``about``, and what else a view needs; None where its layout
            took too long.

    Raises:
        RenderError: Graphviz is missing, failed, or took too long.
    """
    if len(states) < 2:
        return []
    found: list[dict[str, Any]] = [{"marks": _marks(states[0])}, *[{} for _ in states[1:]]]
    left = BYTES
    at_once = states[0].opens.values()
    for k in sorted(range(1, len(states)), key=lambda k: (k not in at_once, states[k].graph.size)):
        more = shown(states[k].graph) if left > 0 else None
        if more is not None:
            found[k] = {"marks": _marks(states[k]), **more, "svg": packed(more["svg"])}
            left -= len(script_json(found[k]))
    return found


def packed(svg: str) -> list[str]:
    """A text in about half of its length: itself, and the words for which it has ``~a``, ``~b``, and so on.

    The words are what stands between numbers, where that comes often. The last one is put in first when the text is read. A
    text that has a tilde stays as it is.

    >>> packed("".join([f'<rect x="{x}" width="12"/>' for x in range(4)]))
    ['<rect x="0~b12~a1~b12~a2~b12~a3~b12"/>', '"/><rect x="', '" width="']
    """
    if "~" in svg:
        return [svg]
    counts = Counter(re.split(r'(?:(?<=[" MC,])|(?<=-[ecgn]))-?[\d.]+', svg))
    gains = {word: (len(script_json(word)) - 4) * count - len(script_json(word)) for word, count in counts.items()}
    best = [word for word in sorted(gains, key=lambda word: -gains[word])[: len(SIGNS)] if gains[word] > 0]
    words = sorted(best, key=len, reverse=True)
    for sign, word in zip(SIGNS, words, strict=False):
        svg = svg.replace(word, f"~{sign}")
    return [svg, *words]


def _marks(state: State) -> list[dict[str, Any]]:
    name, say = state.graph.name, state.graph.say
    return [
        *[{"place": place, "to": to, "sign": "+", "words": say("open {name}", name=name(place))}
          for place, to in state.opens.items()],
        *[{"place": place, "to": to, "sign": "−", "words": say("close what was opened at {name}", name=name(place))}
          for place, to in state.closes.items()],
    ]  # fmt: skip
