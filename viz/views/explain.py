"""Why a gradient is what it is: the paths from an input to the result, their products of local gradients, and the sum."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import accumulate, islice, pairwise
from typing import Any

import autograd

from ..digits import count_text, or_zero, short
from ..graph.backward import backward, propagated
from ..graph.model import Edge, Graph
from ..graph.paths import counted, ranked
from ..graph.reading import check_single, read, reduced
from ..graph.sentences import derivative, warnings
from ..layout.compose import compose
from ..layout.look import Look, check_count
from ..layout.ways import DASHES, Way, with_bare_wires, with_ways
from ..scene.captions import captioned
from ..scene.graphviz import RenderError
from ..scene.shapes import Item, Scene
from ..scene.svg import write_items
from ..text import columns_of, shortened
from .image import Still
from .picture import Picture, check_like
from .view import HTMLView, fragment

__all__ = ["Explanation", "GradientPath", "explain"]

MAX_PATHS = 10
RULES = 24
MAX_STEPS = 12  # the middle of a longer path is left out
INPUTS = 12  # whose paths are in the page
DRAWN = 60  # nodes, constants included: of a larger graph only the paths are drawn, or nothing if they are too long


@dataclass(frozen=True)
class GradientPath:
    """One way from the input to the result.

    Attributes:
        names: what it goes through, the input first.
        rules: the local gradients along it in symbols and numbers, the input's first.
        local_gradients: their numbers.
        product: their product, which is this path's share of the gradient.
        places: the places of what it goes through, in the order of ``Drawing.graph.nodes``.
        slots: for each step, which operand of the next node it arrives at, from 0.
    """

    names: tuple[str, ...]
    rules: tuple[str, ...]
    local_gradients: tuple[float, ...]
    product: float
    places: tuple[int, ...] = ()
    slots: tuple[int, ...] = ()


def explain(
    result: Any,
    value: Any,
    *,
    max_paths: int = MAX_PATHS,
    precision: int = 4,
    theme: str = "light",
    language: str = "en",
    room: int = 0,
    like: Explanation | None = None,
) -> Explanation:
    """Say why the gradient of ``result`` with respect to ``value`` is what it is.

    A gradient is a sum over paths: along each path from the value to the result the local gradients are multiplied,
    and the products are added up. The paths are counted first, and only the largest are listed; the others are one
    number, so that the sum is right.

    In a notebook the six largest paths are drawn along the wires, each with its own colour and dashes, above a bar to which
    they add up. The paths of other inputs, of up to twelve, are shown while the pointer or the focus is there.

    Args:
        result: the Value whose derivative is taken.
        value: the Value it is taken by.
        max_paths: how many paths are listed, 1 to 1000.
        precision: significant digits, 1 to 17.
        theme: of the HTML.
        language: of the words: ``"en"``, ``"de"`` or ``"ko"``.
        room: as for `draw`.
        like: an earlier explanation, whose layout is kept if it fits; as for `draw`.

    Returns:
        The explanation; ``print`` shows it as text, a notebook as HTML.

    Raises:
        TypeError: result or value isn't a Value, or like isn't an explanation.
        ValueError: value isn't part of the graph, or an option is out of its range.

    >>> from autograd import Value
    >>> x = Value(3, label="x")
    >>> y = x * x + x
    >>> y.label = "y"
    >>> print(explain(y, x))
    dy/dx = 7, the sum over 3 paths from x to y
      1 × 3 = 3   x -> #2 -> y
      1 × 3 = 3   x -> #2 -> y
      1           x -> y
    sum: 3 + 3 + 1 = 7
    where
      x = 3
      #2 = x * x = 9
      y = #2 + x = 12
    local gradients
      d(#2 + x)/d#2 = 1
      d(x * x)/dx = x = 3
      d(#2 + x)/dx = 1
    """
    look = Look(theme=theme, precision=precision, room=room)
    check_like(like, Explanation)
    check_count("max_paths", max_paths, 1, 1000)
    if not isinstance(value, autograd.Value):
        raise TypeError(
            f"explain takes two Values, the result and the input; the second is {type(value).__name__} {value!r:.60}"
        )
    check_single(result)
    graph = read(result, focus=value, language=language)
    return Explanation(graph, max_paths, look, like)


class Explanation(HTMLView):
    """Why a gradient is what it is, as `explain` finds it.

    Attributes:
        paths: the largest paths from the value to the result, the largest first.
        path_count: the number of all of them.
        gradient: the derivative, as a fresh backward pass with a gradient of 1 at the result gives it.
    """

    def __init__(self, graph: Graph, max_paths: int, look: Look, like: Explanation | None = None) -> None:
        self._graph = graph
        self._like = None if like is None else vars(like).get("picture")
        self._look = replace(look, numbered=True)
        self._precision = look.precision
        assert graph.focus is not None
        self._focus = graph.focus
        self._steps: dict[tuple[int, int], tuple[str, str, float]] = {}
        self.path_count = counted(graph, self._focus)
        self.gradient = backward(graph)[1].get(self._focus, 0.0)
        self.paths: tuple[GradientPath, ...] = tuple(self._found(max_paths))
        self.title = self._heading()
        self.theme = look.theme
        self.language = graph.language

    @property
    def rest(self) -> float:
        """What the paths that are not listed add up to; 0.0 if all are listed."""
        return self.gradient - _added(path.product for path in self.paths) if self.path_count > len(self.paths) else 0.0

    def _found(self, limit: int) -> list[GradientPath]:
        """The paths with the largest products first; of equal ones the shortest first, then in the order of the graph."""
        paths = [self._path(edges) for edges in islice(ranked(self._graph, self._focus), limit)]
        # The ranking compares exact sums of logarithms; the list is sorted by the rounded products that it shows.
        return sorted(paths, key=_rank_of_product)

    def _path(self, edges: tuple[Edge, ...]) -> GradientPath:
        steps = [self._steps.get((edge.head, edge.slot)) or self._step(edge) for edge in edges]
        numbers = tuple([local for _, _, local in steps])
        product = 1.0
        for local in reversed(numbers):  # from the result, as the chain rule goes
            product = propagated(product, local)
        names = (self._graph.name(self._focus), *[name for name, _, _ in steps])
        return GradientPath(
            names, tuple([rule for _, rule, _ in steps]), numbers, product,
            (self._focus, *[e.head for e in edges]), tuple([e.slot for e in edges]),
        )  # fmt: skip

    def _step(self, edge: Edge) -> tuple[str, str, float]:
        """Where an edge leads, and its local gradient as a rule and as a number."""
        graph = self._graph
        local = or_zero(edge.local)
        number = short(local, self._precision)
        rule = derivative(graph.formula(edge.head), graph.name(edge.tail or 0), edge.partial, number)
        step = graph.name(edge.head), rule, local
        self._steps[edge.head, edge.slot] = step
        return step

    # ---- as text -------------------------------------------------------------------------------

    def _heading(self) -> str:
        graph = self._graph
        top, bottom = graph.name(len(graph.nodes) - 1), graph.name(self._focus)
        number = short(self.gradient, self._precision)
        count = self.path_count
        if self._focus == len(graph.nodes) - 1:
            return graph.say("{derivative} = 1: the result with respect to itself", derivative=f"d{top}/d{bottom}")
        return graph.say(
            "{derivative} = {number}, the only path from {start} to {end}" if count == 1 else
            "{derivative} = {number}, the sum over {count} paths from {start} to {end}",
            derivative=f"d{top}/d{bottom}", number=number, count=self._count(count), start=bottom, end=top,
        )  # fmt: skip

    def _count(self, count: int) -> str:
        return count_text(count, self._graph.say("about"))

    @cached_property
    def _sum(self) -> str:
        words = [short(path.product, self._precision) for path in self.paths]
        hidden = self.path_count - len(self.paths)
        if len(words) + bool(hidden) < 2:
            return ""
        text = " + ".join(words)
        if hidden:
            text += self._graph.say(
                " + {number} from {count} smaller path" if hidden == 1 else " + {number} from {count} smaller paths",
                number=short(self.rest, self._precision), count=self._count(hidden),
            )  # fmt: skip
        total = short(self.gradient, self._precision)
        return self._graph.say("sum: {terms} = {total}", terms=text, total=total).replace("+ -", "- ")

    @cached_property
    def text(self) -> str:
        """The explanation as plain text."""
        if self._focus == len(self._graph.nodes) - 1:
            return self.title
        shares = [self._share(path) for path in self.paths]
        ways = [" -> ".join(_ends(path.names, 30)) for path in self.paths]
        wide = max(map(columns_of, shares))
        lines = [f"  {share}{' ' * (wide - columns_of(share))}   {way}" for share, way in zip(shares, ways, strict=True)]
        if self._sum:
            lines.append(self._sum)
        say = self._graph.say
        for heading, more in ((say("where"), self._where), (say("local gradients"), self._rules)):
            lines += [heading, *[f"  {line}" for line in more]]
        return "\n".join([self.title, *lines, *warnings(self._graph)])

    def _share(self, path: GradientPath) -> str:
        """A path's product as it is multiplied, from the result to the input: ``1 × 3 = 3``."""
        factors = [short(number, self._precision) for number in reversed(path.local_gradients)]
        product = short(path.product, self._precision)
        return f"{' × '.join(_ends(factors, 30))} = {product}" if len(factors) > 1 else product

    @cached_property
    def _where(self) -> list[str]:
        """What the nodes on the listed paths are."""
        graph = self._graph
        places = sorted({place for path in self.paths for place in path.places})
        lines = []
        for place in places[:RULES]:
            formula = graph.formula(place)
            number = short(or_zero(graph.nodes[place].value), self._precision)
            lines.append(f"{shortened(graph.name(place), 40)} = {formula + ' = ' if formula else ''}{number}")
        return lines + ([graph.say("and {count} more", count=len(places) - RULES)] if len(places) > RULES else [])

    @cached_property
    def _rules(self) -> list[str]:
        """The local gradients along the listed paths, each once."""
        rules = list(dict.fromkeys([rule for path in self.paths for rule in reversed(path.rules)]))
        more = [self._graph.say("and {count} more", count=len(rules) - RULES)] if len(rules) > RULES else []
        return [shortened(rule, 200) for rule in rules[:RULES]] + more

    # ---- as a picture --------------------------------------------------------------------------

    @cached_property
    def picture(self) -> Picture | None:
        """The graph with the largest paths along its wires; None if they are too long to be drawn."""
        drawn = self._drawn
        return None if drawn is None else _PathPicture(drawn, self._look, self._ways(drawn), self._like)

    @property
    def _paper(self) -> Still | None:
        """The picture with its paths, their products and their sum below it; None where the text says more."""
        picture = self.picture
        if picture is None or not self.paths[0].slots:
            return None
        shares = [f"{k}: {self._share(path)}" for k, path in enumerate(self._lit.paths, 1)]
        lines = [*shares, *filter(None, [self._lit._sum])]
        return Still(lambda: captioned(picture.scene, self.title, lines), self.title, self.text)

    @cached_property
    def _drawn(self) -> Graph | None:
        """The whole graph, or of a large one what the largest paths go through, with the gradients of a fresh pass."""
        graph = self._graph
        kept = {place for path in self._lit.paths for place in path.places}
        if graph.size > DRAWN < 2 * len(kept):
            return None
        gradients = backward(graph)[1]
        nodes = [replace(node, gradient=gradients.get(place)) for place, node in enumerate(graph.nodes)]
        graph = replace(graph, nodes=tuple(nodes), pending=True).with_alarm()
        if graph.size <= DRAWN:
            return graph
        part = reduced(graph, kept)
        others = replace(part.nodes[0], operands=())  # they may use what is on the paths, and it would be a circle
        return replace(part, nodes=(others, *part.nodes[1:]), left_out=0)

    @cached_property
    def _lit(self) -> Explanation:
        """The same with as many paths, the first ones, as can be told apart in a picture."""
        if len(self.paths) <= len(DASHES):
            return self
        lit = Explanation(self._graph, 0, self._look)
        lit.paths = self.paths[: len(DASHES)]  # not those of another search, which may find others where many tie
        return lit

    def _of(self, focus: int) -> Explanation:
        """The same result explained for another input."""
        return Explanation(replace(self._graph, focus=focus), len(DASHES), self._look) if focus != self._focus else self._lit

    def _ways(self, drawn: Graph) -> list[Way]:
        """The largest paths in the graph that is drawn."""
        places = {node.order: place for place, node in enumerate(drawn.nodes) if node.fold is None}
        ways = []
        for k, path in enumerate(self._lit.paths, 1):
            nodes = [places[self._graph.nodes[place].order] for place in path.places]
            slots = []
            for (before, after), (tail, head), slot in zip(pairwise(path.places), pairwise(nodes), path.slots, strict=True):
                same = [edge.slot for edge in self._graph.inputs[after] if edge.tail == before]
                slots.append([edge.slot for edge in drawn.inputs[head] if edge.tail == tail][same.index(slot)])
            title = self._graph.say("path {number}: {product}", number=k, product=self._share(path))
            ways.append(Way(tuple(nodes), tuple(slots), title))
        return ways

    def _shown(self, drawn: Graph, picture: _PathPicture) -> dict[str, Any]:
        """What a page shows when this input is chosen: the paths, their rows, their sum, and what is not faded.

        The paths are those in the picture, and those in the one for a phone if there is one.
        """
        places = {node.order: place for place, node in enumerate(drawn.nodes) if node.fold is None}
        on_path = [self._graph.nodes[place].order for place in self._graph.on_path]
        lit = [places[order] for order in on_path if order in places]
        ways = self._ways(drawn)
        lines = [write_items(each.along(ways), self.theme) for each in (picture, picture.narrow) if each is not None]
        return {"title": self.title, "ways": lines, "rows": self._rows_of_bar, "lit": sorted(lit)}

    @property
    def _rows_of_bar(self) -> str:
        """A row for each path: its line, its number, its way, its product; and a bar that goes on where the one before ends."""
        paths, say = self._lit.paths, self._graph.say
        rest, hidden = self._lit.rest, self.path_count - len(paths)
        parts = [path.product for path in paths] + ([rest] if hidden else [])
        bars = _bars(parts)
        rows = []
        for k, path in enumerate(paths):
            dash = f' stroke-dasharray="{DASHES[k]}"' if DASHES[k] else ""
            line = (
                f'<svg class="line" width="44" height="10" aria-hidden="true"><path class="s{k + 1}" d="M0,5H44"{dash}/></svg>'
            )
            way = " → ".join([escape(name) for name in _ends(path.names, 30)])
            share = escape(self._share(path))
            bar = f'<span class="track"><span class="p{k + 1}" style="{bars[k]}"></span></span>' if bars else ""
            rows.append(
                f'<li><button type="button" data-row="{k}">{line}<b>{k + 1}</b><span class="names">{way}</span>'
                f'<span class="g">{share}</span></button>{bar}</li>'
            )
        if hidden:
            words = say("{count} smaller path" if hidden == 1 else "{count} smaller paths", count=self._count(hidden))
            bar = f'<span class="track"><span class="rest" style="{bars[-2]}"></span></span>' if bars else ""
            number = short(rest, self._precision)
            rows.append(f'<li><span class="more">{escape(words)} <span class="g">{number}</span></span>{bar}</li>')
        total = self._lit._sum or f"= {short(self.gradient, self._precision)}"
        bar = f'<span class="track"><span class="whole" style="{bars[-1]}"></span></span>' if bars else ""
        return f'{"".join(rows)}<li class="total"><span class="more">{escape(total)}</span>{bar}</li>'

    def _live(self, drawn: Graph, chosen: Sequence[int]) -> str:
        """Buttons for the inputs; what is chosen with them comes below."""
        say = self._graph.say
        buttons = []
        for place in chosen:
            name = escape(shortened(drawn.name(place), 24))
            number = short(or_zero(drawn.nodes[place].gradient), self._precision)
            gradient = f'<span class="g">∇ {number}</span>'
            buttons.append(f'<button type="button" data-input="{place}" aria-pressed="false">{name} {gradient}</button>')
        label = escape(say("the gradient with respect to"))
        return (
            f'<div class="inputs" role="group" aria-label="{label}"><span class="m">{label}</span>{"".join(buttons)}</div>'
            f'<p class="chosen" aria-live="polite"></p><ol class="rows"></ol>'
        )

    @cached_property
    def html(self) -> str:
        """The explanation as one self-contained HTML fragment: the paths in the picture, and a table with a row for each.

        Without Graphviz, or where the paths are too long to be drawn, it is the table alone.
        """
        body, drawn, picture = self._body, self._drawn, self.picture
        options: dict[str, Any] = {}
        if drawn is not None and isinstance(picture, _PathPicture) and self.paths[0].slots:
            try:
                inputs = self._inputs(drawn)
                shown = {place: self._of(focus)._shown(drawn, picture) for place, focus in inputs.items()}
                first = next(place for place, focus in inputs.items() if focus == self._focus)
                data = {"inputs": shown, "first": first}
                options = {"picture": picture, "narrow": picture.narrow, "live": self._live(drawn, list(inputs)), "data": data}
                heading = escape(self._graph.say("All paths as text"))
                body = f"<details open><summary>{heading}</summary>{body}</details>"
            except RenderError as error:
                body += f'<p class="m">{escape(self._graph.say("no picture: {reason}", reason=error))}</p>'
        return fragment(body, kind="explain", theme=self.theme, label=self.title, language=self.language, **options)

    def _inputs(self, drawn: Graph) -> dict[int, int]:
        """What can be chosen: the places in the picture, each with that in the graph. Of a part of a graph the input alone."""
        nodes = self._graph.nodes
        known = {nodes[self._focus].order: self._focus}
        if len(drawn.nodes) == len(nodes):
            leaves = [place for place, node in enumerate(nodes) if node.is_leaf and place != self._focus]
            leaves.sort(key=lambda place: -abs(or_zero(drawn.nodes[place].gradient)))
            known |= {nodes[place].order: place for place in leaves[: INPUTS - 1]}
        return {place: known[node.order] for place, node in enumerate(drawn.nodes) if node.order in known}

    @property
    def _body(self) -> str:
        """The explanation as a table with a row for each path."""
        rows = []
        for path in self.paths:
            way = " → ".join([escape(name) for name in _ends(path.names, 30)])
            rules = "<br>".join([escape(rule) for rule in _ends(path.rules[::-1], 200)])
            share = f'<span class="g">{escape(self._share(path))}</span>'
            rows.append(f"<tr><td>{way}</td><td>{rules}</td><td>{share}</td></tr>")
        say = self._graph.say
        heads = (say("path"), say("local gradients, from the result"), say("multiplied"))
        head = f"<tr>{''.join([f'<th>{escape(word)}</th>' for word in heads])}</tr>"
        table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>" if self.paths[0].names[1:] else ""
        total = f'<p class="mono">{escape(self._sum)}</p>' if self._sum else ""
        where = "".join([f"<li>{escape(line)}</li>" for line in self._where])
        total += f'<p>{escape(say("where"))}</p><ul class="mono">{where}</ul>' if where else ""
        total += "".join([f"<p>{escape(line)}</p>" for line in warnings(self._graph)])
        return f'<p><b>{escape(self.title)}</b></p>\n<div class="wide">{table}</div>\n{total}'

    def __repr__(self) -> str:
        """The gradient and the number of paths."""
        return f"<viz.Explanation: {self.title}>"


class _PathPicture(Picture):
    """A picture with paths along its wires."""

    def __init__(self, graph: Graph, look: Look, ways: Sequence[Way], like: Picture | None) -> None:
        super().__init__(graph, look, like=like, may_turn=True)
        self._along = ways

    @property
    def narrow(self) -> _PathPicture | None:
        """The same from the top down, for a phone, with its paths."""
        turned = super().narrow
        return None if turned is None else self._down

    @cached_property
    def _down(self) -> _PathPicture:
        return _PathPicture(self.graph, self._turned.look, self._along, self._turned)

    def along(self, ways: Sequence[Way]) -> list[Item]:
        """Paths, for this picture."""
        return with_ways(compose(self.measured, self.layout), ways, horizontal=self.look.is_horizontal)

    @cached_property
    def scene(self) -> Scene:
        """Everything at its place, the paths above the wires and below the nodes."""
        scene = super().scene
        items = with_bare_wires(scene.items, self._along)
        at = next(i for i, item in enumerate(items) if item.kind.startswith("node"))
        return replace(scene, items=[*items[:at], *self.along(self._along), *items[at:]])


def _bars(parts: Sequence[float]) -> list[str]:
    """Where the bar of each part is, and last that of the sum, as CSS; nothing if they can't be drawn.

    >>> _bars([3.0, -1.0])
    ['left:0%;width:100%', 'left:66.7%;width:33.3%', 'left:0%;width:66.7%']
    """
    ends = [0.0, *accumulate(parts)]
    low, high = min(ends), max(ends)
    if not math.isfinite(high - low) or high == low:
        return []

    def bar(a: float, b: float) -> str:
        left, right = [round(100 * (x - low) / (high - low), 1) for x in sorted((a, b))]
        return f"left:{left:g}%;width:{round(right - left, 1):g}%"

    return [*[bar(a, b) for a, b in pairwise(ends)], bar(0.0, ends[-1])]


def _ends(words: Sequence[str], columns: int) -> list[str]:
    """Shorten long words, and leave out the middle of a long list."""
    if len(words) > MAX_STEPS:
        words = [*words[: MAX_STEPS // 2], "…", *words[-MAX_STEPS // 2 :]]
    return [shortened(word, columns) for word in words]


def _rank_of_product(path: GradientPath) -> tuple[float, int]:
    """The largest first, nan among the infinite; products that have underflowed or overflowed keep their order."""
    size = math.inf if math.isnan(path.product) else abs(path.product)
    return -size, len(path.places) if 0.0 < size < math.inf else 0


def _added(numbers: Iterable[float]) -> float:
    """A sum rounded once, or added up one by one if there are infinite numbers."""
    numbers = list(numbers)
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return sum(numbers)
