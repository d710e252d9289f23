"""`draw`: a picture as text, as a file, and for a notebook."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import autograd

from ..files import FORMATS
from ..graph.folding import DEFAULT
from ..graph.reading import read
from ..layout.dot import source
from ..layout.look import Look, check_count
from .interactive import Interactive
from .picture import Picture, check_like

__all__ = ["Drawing", "draw"]


def draw(
    value: Any,
    *,
    style: str = "circuit",
    local_gradients: bool = False,
    path: Any = None,
    collapse: bool | str | Collection[str] = False,
    direction: str = "LR",
    theme: str = "light",
    max_nodes: int | None = None,
    precision: int = 4,
    weights: str = "lines",
    language: str = "en",
    room: int = 0,
    like: Drawing | None = None,
) -> Drawing:
    """Draw the graph that a Value was computed by: each node once, with its value and its gradient.

    A node whose value or gradient is inf or nan has an outline. The first such value, or the first such gradient on the way
    back where all values are finite, has a solid one with an exclamation mark, and is named below the picture, on hover and in
    the table.

    Args:
        value: the result to draw, or several in a list or tuple. The picture shows the numbers as they are now.
        style: ``"circuit"``: round gates, and wires with the value above and the gradient below; ``"boxes"``: one box
            for a node, with label or operation, value and gradient.
        local_gradients: write the chain rule on every edge: the local gradient in symbols and numbers, and upstream
            times local, which is what flows back; where a node is used more than once, its gradient as a sum.
        path: a Value; only what lies between it and the result is drawn at full strength.
        collapse: True folds every outermost group into one box; a name, or several, fold these groups (``*`` stands for
            anything). Groups come from ``autograd.group`` and from ``nn.Module.label_parameters``.
        direction: where the results are: ``"LR"`` (at the right), ``"RL"``, ``"TB"`` (at the bottom) or ``"BT"``.
        theme: ``"light"``, ``"dark"``, ``"print"``, or ``"auto"``: dark where the reader's system prefers dark pages, and else
            light; PNG, PDF and DOT, which can't know, are light then.
        max_nodes: a picture of more nodes than this, constants included, folds by itself and says so: long chains first, then
            what is alike becomes a stack, then groups fold, then what is farthest from the result is left out. At least 3. None
            is for as many as can be read on a page of 850 by 900 pixels, about 70.
        precision: significant digits of the numbers, 1 to 17; the exact ones are shown on hover.
        weights: how an edge shows the one weight of a folded neuron that it stands for: ``"lines"``, wide where the weight
            is large and dashed where it is negative, or ``"numbers"``, which writes the weight on the line as well.
        language: of the words in the picture, on hover and in the table: ``"en"``, ``"de"`` or ``"ko"``.
        room: how many columns every number has at least, 0 to 40: with 7, numbers of four digits can change without
            moving anything.
        like: an earlier drawing, such as that of the pass before. Where everything has the size that it has there, its
            layout is kept, which saves most of the time, as when numbers follow a slider. The bytes are those of a drawing
            without it.

    Returns:
        The drawing. A notebook shows it by itself; `Drawing.save` writes it to a file.

    Raises:
        TypeError: value, an item of it or path isn't a Value, collapse is neither a switch nor names, or like isn't a drawing.
        ValueError: value is an empty list, an option is unknown, no group has the name given, path isn't part of the graph,
            or numbers are wanted and no edge stands for a weight.

    >>> from autograd import Value
    >>> x = Value(3, label="x")
    >>> print(draw(x * x))
    node  formula  value
    x                  3
    #2    x * x        9
    backward() has not run

    Several results share one picture:

    >>> f, g = x * x, x + 1
    >>> f.label, g.label = "f", "g"
    >>> draw([f, g])
    <viz.Drawing of f = 9, g = 4: 4 nodes, 4 edges>
    """
    chain_rule = bool(local_gradients)
    look = Look(style, theme, direction, precision, local_gradients=chain_rule, numbered=chain_rule, weights=weights, room=room)
    if max_nodes is None:
        max_nodes = DEFAULT
    check_count("max_nodes", max_nodes, 3)
    if path is not None and not isinstance(path, autograd.Value):
        if hasattr(path, "local_gradients"):
            raise TypeError(
                f"path is a Value of another engine than the {autograd.engine()} engine, which runs; "
                f"let AUTOGRAD_ENGINE pick one for all"
            )
        raise TypeError(f"path is the Value to start from, got {type(path).__name__} {path!r:.60}; write path=x")
    check_like(like, Drawing)
    graph = read(value, collapse=collapse, max_nodes=max_nodes, focus=path, language=language)
    if weights == "numbers" and all(edge.weight is None for edge in graph.edges):
        raise ValueError(
            "weights='numbers' writes on edges that stand for one weight each, and this picture has none; call "
            "model.label_parameters() before the pass, and fold the neurons: collapse='*.neurons.*'"
        )
    return Drawing(graph, look, like=like)


class Drawing(Picture):
    """A picture of a graph as it was when `draw` was called.

    The same graph gives the same bytes in any process, and on any machine with the same Graphviz, which places the nodes.
    """

    suffixes = FORMATS

    @property
    def dot(self) -> str:
        """The picture as DOT text, for Graphviz's own programs."""
        return source(self.measured)

    def interactive(self) -> Interactive:
        """The picture as HTML: hover over a node to see its numbers and its wires; zoom and move.

        >>> from autograd import Value
        >>> draw(Value(2) * 3).interactive()
        <viz.Interactive of #1 * 3 = 6: 3 nodes, 2 edges>
        """
        return Interactive(self)

    def _content(self, suffix: str) -> bytes:
        if suffix == ".dot":
            return self.dot.encode("utf-8")
        return self.interactive().page.encode("utf-8")

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Drawing of {self.summary}>"
