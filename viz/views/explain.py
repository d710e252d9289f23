"""Why a gradient is what it is: the paths from an input to the result, their products of local gradients, and the sum."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import islice
from typing import Any

import autograd

from ..digits import count_text, or_zero, short
from ..graph.backward import backward, propagated
from ..graph.model import Edge, Graph
from ..graph.paths import counted, ranked
from ..graph.reading import check_single, read
from ..graph.sentences import derivative, warnings
from ..layout.look import Look, check_count
from ..text import columns_of, shortened
from .view import HTMLView, fragment

__all__ = ["Explanation", "GradientPath", "explain"]

MAX_PATHS = 10
RULES = 24
MAX_STEPS = 12  # the middle of a longer path is left out


@dataclass(frozen=True)
class GradientPath:
    """One way from the input to the result.

    Attributes:
        names: what it goes through, the input first.
        rules: the local gradients along it in symbols and numbers, the input's first.
        local_gradients: their numbers.
        product: their product, which is this path's share of the gradient.
        places: the places of what it goes through, in the order of ``Drawing.graph.nodes``.
    """

    names: tuple[str, ...]
    rules: tuple[str, ...]
    local_gradients: tuple[float, ...]
    product: float
    places: tuple[int, ...] = ()


def explain(
    result: Any, value: Any, *, max_paths: int = MAX_PATHS, precision: int = 4, theme: str = "light", language: str = "en"
) -> Explanation:
    """Say why the gradient of ``result`` with respect to ``value`` is what it is.

    A gradient is a sum over paths: along each path from the value to the result the local gradients are multiplied,
    and the products are added up. The paths are counted first, and only the largest are listed; the others are one
    number, so that the sum is right.

    Args:
        result: the Value whose derivative is taken.
        value: the Value it is taken by.
        max_paths: how many paths are listed, 1 to 1000.
        precision: significant digits, 1 to 17.
        theme: of the HTML.
        language: of the words: ``"en"``, ``"de"`` or ``"ko"``.

    Returns:
        The explanation; ``print`` shows it as text, a notebook as HTML.

    Raises:
        TypeError: result or value isn't a Value.
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
    look = Look(theme=theme, precision=precision)
    check_count("max_paths", max_paths, 1, 1000)
    if not isinstance(value, autograd.Value):
        raise TypeError(
            f"explain takes two Values, the result and the input; the second is {type(value).__name__} {value!r:.60}"
        )
    check_single(result)
    graph = read(result, focus=value, language=language)
    return Explanation(graph, max_paths, look)


class Explanation(HTMLView):
    """Why a gradient is what it is, as `explain` finds it.

    Attributes:
        paths: the largest paths from the value to the result, the largest first.
        path_count: the number of all of them.
        gradient: the derivative, as a fresh backward pass with a gradient of 1 at the result gives it.
    """

    def __init__(self, graph: Graph, max_paths: int, look: Look) -> None:
        self._graph = graph
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
            names, tuple([rule for _, rule, _ in steps]), numbers, product, (self._focus, *[e.head for e in edges])
        )

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

    @cached_property
    def html(self) -> str:
        """The explanation as one self-contained HTML fragment: a table with a row for each path."""
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
        body = f'<p><b>{escape(self.title)}</b></p>\n<div class="wide">{table}</div>\n{total}'
        return fragment(body, kind="explain", theme=self.theme, label=self.title, language=self.language)

    def __repr__(self) -> str:
        """The gradient and the number of paths."""
        return f"<viz.Explanation: {self.title}>"


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
