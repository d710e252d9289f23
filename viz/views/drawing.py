"""`draw`: a picture as text, as a file, and for a notebook."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import autograd

from ..files import FORMATS
from ..graph.opening import Source
from ..layout.dot import source as dot_text
from ..layout.look import Look
from .interactive import Interactive
from .opening import asked
from .picture import Picture, check_like

__all__ = ["Drawing", "draw"]


def draw(
    value: Any,
    *,
    style: str = "circuit",
    local_gradients: bool = False,
    path: Any = None,
    collapse: bool | str | Collection[str] = False,
    direction: str | None = None,
    theme: str = "light",
    max_nodes: int | None = None,
    precision: int = 4,
    weights: str = "lines",
    width: int | None = None,
    language: str = "en",
    room: int = 0,
    like: Drawing | None = None,
    open: bool | str | Collection[str] = False,  # noqa: A002  # as users say it: what is folded is opened
) -> Drawing:
    """Draw the graph that a Value was computed by: each node once, with its value and its gradient.

    A node whose value or gradient is inf or nan has an outline. The first such value, or the first such gradient on the way
    back where all values are finite, has a solid one with an exclamation mark, and is named below the picture, on hover and in
    the table.

    Args:
        value: the result to draw, or several in a list or tuple. The picture shows the numbers as they are now.
        style: ``"circuit"``: round gates, and wires with the value above and the gradient below; ``"boxes"``: one box
            for a node, with label or operation, value and gradient.
        local_gradients: write the local gradient on every edge, as ``× 2``: what the gradient is multiplied by on its way back.
            Hovering over it shows its formula, and upstream times local. Where a node is used more than once, its gradient is
            written as a sum.
        path: a Value; only what lies between it and the result is drawn at full strength.
        collapse: True folds every outermost group into one box; a name, or several, fold these groups (``*`` stands for
            anything). Groups come from ``autograd.group`` and from ``nn.Module.label_parameters``.
        direction: where the results are: ``"LR"`` (at the right), ``"RL"``, ``"TB"`` (at the bottom) or ``"BT"``. None is LR,
            or TB where the picture has to fit a width and does so only then.
        theme: ``"light"``, ``"dark"``, ``"print"``, or ``"auto"``: dark where the reader's system prefers dark pages, and else
            light; PNG, PDF and DOT, which can't know, are light then.
        max_nodes: a picture of more nodes than this, constants included, folds by itself and says so: long chains first, then
            what is alike becomes a stack, then groups fold, then what is farthest from the result is left out. At least 3. None
            is for as many as can be read on a page of 850 by 900 pixels, about 60; there boxes are joined before any is
            left out.
        precision: significant digits of the numbers, 1 to 17; the exact ones are shown on hover.
        weights: how an edge shows the one weight of a folded neuron that it stands for: ``"lines"``, wide where the weight
            is large and dashed where it is negative, or ``"numbers"``, which writes the weight on the line as well.
        width: the pixels that the picture should fit, 200 to 10,000. One that is wider flows down, or goes on in further rows,
            where a wire that is cut has the same letter at both of its ends; what doesn't fit like that becomes smaller, down
            to 6/10. Up to 480, which is a phone, type is not made smaller. None is 850 in a notebook, and no limit in a file.
        language: of the words in the picture, on hover and in the table: ``"en"``, ``"de"`` or ``"ko"``.
        room: how many columns every number has at least, 0 to 40: with 7, numbers of four digits can change without
            moving anything.
        like: an earlier drawing, such as that of the pass before. Where everything has the size that it has there, its
            layout is kept, which saves most of the time, as when numbers follow a slider. The bytes are those of a drawing
            without it.
        open: what is drawn in full although there is too much of it: the name of a box or of a stack in the picture (``*``
            stands for anything), or several; ``"stack"``, ``"chain"``, ``"sum"``, ``"tile"``, ``"part"`` or ``"group"`` for
            all of a kind; True: all. Of a large stack, and of a long sum, the first three are drawn one by one, of a long
            chain five more steps at each end.

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
    towards = "LR" if direction is None else direction
    look = Look(style, theme, towards, precision, local_gradients=chain_rule, numbered=chain_rule, weights=weights, room=room)
    if path is not None and not isinstance(path, autograd.Value):
        if hasattr(path, "local_gradients"):
            raise TypeError(
                f"path is a Value of another engine than the {autograd.engine()} engine, which runs; "
                f"let AUTOGRAD_ENGINE pick one for all"
            )
        raise TypeError(f"path is the Value to start from, got {type(path).__name__} {path!r:.60}; write path=x")
    check_like(like, Drawing)
    graph, source = asked(value, open, max_nodes=max_nodes, width=width, collapse=collapse, focus=path, language=language)
    if weights == "numbers" and all(edge.weight is None for edge in graph.edges):
        raise ValueError(
            "weights='numbers' writes on edges that stand for one weight each, and this picture has none; call "
            "model.label_parameters() before the pass, and fold the neurons: collapse='*.neurons.*'"
        )
    drawing = Drawing(graph, look, like=like, width=width, may_turn=direction is None)
    if graph.openable:  # only then is the graph kept alive
        drawing.source = source
    return drawing


class Drawing(Picture):
    """A picture of a graph as it was when `draw` was called.

    The same graph gives the same bytes in any process, and on any machine with the same Graphviz, which places the nodes.
    """

    suffixes = FORMATS
    source: Source | None = None

    @property
    def dot(self) -> str:
        """The picture as DOT text, for Graphviz's own programs."""
        return dot_text(self.measured)

    def interactive(self) -> Interactive:
        """The picture as HTML: hover over a node to see its numbers and its wires; zoom and move.

        Where something is folded, + opens it in place and − closes it, as long as no Value has changed since it was drawn.

        >>> from autograd import Value
        >>> draw(Value(2) * 3).interactive()
        <viz.Interactive of #1 * 3 = 6: 3 nodes, 2 edges>
        """
        return Interactive(self, self.source)

    def _content(self, suffix: str) -> bytes:
        if suffix == ".dot":
            return self.dot.encode("utf-8")
        return self.interactive().page.encode("utf-8")

    def __repr__(self) -> str:
        """What is drawn and how large it is."""
        return f"<viz.Drawing of {self.summary}>"
