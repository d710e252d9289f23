"""Forward and backward, one node at a time: as a player in HTML, and as still pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

from ..digits import or_zero, short
from ..graph.backward import Flow, Visit, backward
from ..graph.lessons import lesson
from ..graph.model import Graph
from ..graph.reading import order_of, read
from ..graph.sentences import derivative
from ..layout.cells import NABLA
from ..layout.compose import compose
from ..layout.flow import with_flow
from ..layout.look import Look
from ..layout.measure import measure
from ..scene.captions import captioned
from ..scene.shapes import Item, Scene, Text
from .image import Still
from .picture import Picture, check_like
from .view import HTMLView, filled, fragment

__all__ = ["MAX_NODES", "Frame", "Steps", "steps"]

MAX_NODES = 150


@dataclass(frozen=True)
class Frame:
    """One step of the walk.

    Attributes:
        phase: ``"forward"`` or ``"backward"``.
        words: what happens.
        rules: the arithmetic of it, one line for each operand.
        place: the node that is computed or passes its gradient back; None for the inputs.
        parents: the places of the nodes that give or get a number.
        changes: what is written: place, ``"value"`` or ``"gradient"``, and the number.
        flows: what flows back, in order: for each operand upstream times local, and the sum that it is added to.
    """

    phase: str
    words: str
    rules: tuple[str, ...] = ()
    place: int | None = None
    parents: tuple[int, ...] = ()
    changes: tuple[tuple[int, str, float], ...] = field(default=(), repr=False)
    flows: tuple[Flow, ...] = field(default=(), repr=False)


def steps(
    value: Any,
    *,
    style: str = "circuit",
    theme: str = "light",
    direction: str | None = None,
    precision: int = 4,
    language: str = "en",
    room: int = 0,
    like: Steps | None = None,
) -> Steps:
    """Walk through a graph: the forward pass, then the backward pass, one node at a time.

    The backward pass is a fresh one, from a gradient of 1 at the result, in the order that ``backward()`` goes: from
    the last node to the first. It is computed from the recorded local gradients, whether or not ``backward()`` has run, and
    leaves the Values as they are.

    Args:
        value: the result. Its graph has at most 150 nodes, constants included.
        style: as for `draw`.
        theme: as for `draw`.
        direction: as for `draw`. None is LR, and TB on a phone.
        precision: as for `draw`.
        language: as for `draw`.
        room: as for `draw`.
        like: an earlier walk, whose layout is kept if it fits; as for `draw`.

    Returns:
        The walk. A notebook shows a player; `Steps.save` writes it as a page.

    Raises:
        TypeError: value isn't a Value, or like isn't a walk.
        ValueError: the graph is larger, or an option is unknown.

    >>> from autograd import Value
    >>> x, y = Value(3, label="x"), Value(4, label="y")
    >>> for frame in steps(x * y).frames:
    ...     print(frame.phase, "|", frame.words)
    forward | The inputs: x = 3, y = 4.
    forward | #3 = x * y = 12
    backward | The gradient of the result with respect to itself is 1.
    backward | A product swaps: x gets upstream times y, and y gets upstream times x.
    """
    look = Look(style, theme, direction or "LR", precision, numbered=True, room=room, ghosts=True)
    check_like(like, Steps)
    order = order_of(value)
    if len(order) <= MAX_NODES:
        graph = read(value, language=language)
    if len(order) > MAX_NODES or graph.size > MAX_NODES:
        raise ValueError(
            f"a walk shows at most {MAX_NODES} nodes, constants included, and this graph has {len(order):,} without them; "
            f"walk through a node further inside, or draw it all with viz.draw"
        )
    return Steps(graph, look, like, may_turn=direction is None)


class Steps(HTMLView):
    """A walk through a graph, as `steps` makes it."""

    suffixes = (".html", ".svg")

    def __init__(self, graph: Graph, look: Look, like: Steps | None = None, *, may_turn: bool = False) -> None:
        self._look = look
        earlier: Picture | None = None if like is None else like._picture
        visits, gradients = backward(graph)
        self.frames: tuple[Frame, ...] = (*_forward_frames(graph, look), *_backward_frames(graph, visits, look))
        widest = dict.fromkeys(range(len(graph.nodes)), 0)
        for frame in self.frames:
            for place, kind, number in frame.changes:
                if kind == "gradient":
                    widest[place] = max(widest[place], len(short(number, look.precision)) + 2)
        nodes = [replace(node, gradient=gradients.get(place), columns=widest[place]) for place, node in enumerate(graph.nodes)]
        ended = replace(graph, nodes=tuple(nodes), pending=True).with_alarm()
        self._picture: Picture = Picture(ended, look, like=earlier, may_turn=may_turn)
        self.title = graph.say("Step by step: {title}", title=self._picture.graph.title)
        self.language = graph.language
        self.theme = look.theme

    @property
    def _phases(self) -> dict[str, str]:
        say = self._picture.graph.say
        return {"forward": say("forward"), "backward": say("backward")}

    def __len__(self) -> int:
        """The number of steps."""
        return len(self.frames)

    # ---- still pictures ------------------------------------------------------------------------

    def _at(self, k: int) -> Graph:
        """The graph as it is after step k."""
        graph = self._picture.graph
        numbers: dict[tuple[int, str], float] = {}
        for frame in self.frames[: k + 1]:
            numbers.update({(place, kind): number for place, kind, number in frame.changes})
        places = range(len(graph.nodes))
        known = [(numbers.get((place, "value")), numbers.get((place, "gradient"))) for place in places]
        return graph.with_numbers(known).with_alarm()

    def _scene(self, k: int) -> Scene:
        frame = self.frames[k]
        measured = measure(self._at(k), self._look, like=self._picture.measured)
        scene = compose(measured, self._picture.layout, () if frame.place is None else (frame.place,))
        if frame.phase == "backward":
            shares = [(flow.edge.tail or 0, words) for flow, (_, words) in zip(frame.flows, self._shares(k), strict=True)]
            scene = with_flow(scene, shares)
        for item in scene.items:  # the room that a player fills is needed no more
            item.shapes = [s for s in item.shapes if not (isinstance(s, Text) and s.role.startswith("ghost"))]
        return captioned(scene, self._heading(k), (frame.words, *frame.rules))

    def _shares(self, k: int) -> list[tuple[str, str]]:
        """For each share of a step what is written on its way, ``1 × 3 = 3``, and where it arrives, ``3 += 1 × 3``."""
        place, precision = self.frames[k].place, self._look.precision
        gradients = [node.gradient for node in self._picture.graph.nodes]
        upstream = "" if place is None else short(or_zero(gradients[place]), precision)
        shares = []
        for flow in self.frames[k].flows:
            product = f"{upstream} × {short(flow.local, precision)}"
            before = "" if flow.before is None else f"{short(flow.before, precision)} +"
            shares.append((f"{product} = {short(flow.part, precision)}", f"{before}= {product}"))
        return shares

    def _heading(self, k: int) -> str:
        say, phase = self._picture.graph.say, self._phases[self.frames[k].phase]
        return say("step {number} of {count}, {phase}", number=k + 1, count=len(self), phase=phase)

    def still(self, k: int) -> Still:
        """One step as a picture, with its words below it.

        Args:
            k: from 0; negative numbers count from the end.

        Raises:
            IndexError: there is no such step.
        """
        if not -len(self) <= k < len(self):
            raise IndexError(f"step {k} of a walk with {len(self)} steps")
        at = k % len(self)
        title = f"{self._heading(at)}: {self._picture.graph.title}"
        return Still(lambda: self._scene(at), title, _line(self.frames[at]))

    @property
    def first(self) -> Still:
        """The first step as a picture."""
        return self.still(0)

    @property
    def last(self) -> Still:
        """The last step as a picture."""
        return self.still(-1)

    @cached_property
    def film_strip(self) -> Still:
        """All steps below one another as one picture, for hosts that strip scripts."""
        graph = self._picture.graph
        return Still(self._strip, graph.say("the {count} steps of {title}", count=len(self), title=graph.title), self.text)

    def _strip(self) -> Scene:
        items: list[Item] = []
        top = 0.0
        width = 0.0
        for k in range(len(self)):
            scene = self._scene(k)
            items += [item.moved(0.0, top, f"f{k}-") for item in scene.items]
            top += scene.height + 8
            width = max(width, scene.width)
        graph = self._picture.graph
        title = graph.say("The {count} steps of {title}", count=len(self), title=graph.title)
        return Scene(width, top, self._look.theme, items, title, self.text)

    # ---- the player ----------------------------------------------------------------------------

    @cached_property
    def html(self) -> str:
        """One self-contained HTML fragment: the player.

        Where scripts are stripped it shows the last step and lists all of them.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        items = "".join([f"<li>{escape(_line(frame))}</li>" for frame in self.frames])
        heading = escape(self._picture.graph.say("All steps as text"))
        body = f"<details open><summary>{heading}</summary><ol>{items}</ol></details>"
        return fragment(
            body, kind="steps", theme=self.theme, label=self.title, picture=self._picture,
            narrow=self._picture.narrow, live=filled("steps.html", self.language, COUNT=str(len(self) - 1)),
            data=[self._data(k) for k in range(len(self))], language=self.language,
        )  # fmt: skip

    @property
    def _paper(self) -> Still:
        """The last step: all numbers, and its words."""
        return self.last

    def _data(self, k: int) -> dict[str, Any]:
        frame, precision = self.frames[k], self._look.precision
        changes = []
        for place, kind, number in frame.changes:
            text = short(number, precision)
            changes.append([place, kind, text if kind == "value" else f"{NABLA} {text}"])
        flows = [
            [flow.edge.tail, flow.edge.slot, way, end, f"{NABLA} {short(flow.total, precision)}"]
            for flow, (way, end) in zip(frame.flows, self._shares(k), strict=True)
        ]
        return {
            "phase": self._phases[frame.phase], "back": frame.phase == "backward", "flows": flows,
            "words": frame.words, "rules": list(frame.rules), "place": frame.place,
            "parents": list(frame.parents),
            "edges": [k for k, edge in enumerate(self._picture.graph.edges) if edge.head == frame.place], "changes": changes,
        }  # fmt: skip

    @property
    def text(self) -> str:
        """All steps as plain text, one line each."""
        return "\n".join([f"{k}. {_line(frame)}" for k, frame in enumerate(self.frames, 1)])

    def _content(self, suffix: str) -> bytes:
        return self.film_strip.to_bytes(suffix) if suffix == ".svg" else super()._content(suffix)

    def __repr__(self) -> str:
        """What is walked through and how many steps that takes."""
        return f"<viz.Steps of {self._picture.graph.title}: {len(self)} steps>"


def _line(frame: Frame) -> str:
    rules = "; ".join(frame.rules)
    return f"{frame.words} {rules}" if rules else frame.words


def _forward_frames(graph: Graph, look: Look) -> list[Frame]:
    leaves = [place for place, node in enumerate(graph.nodes) if node.is_leaf]
    given = [f"{graph.name(place)} = {short(or_zero(graph.nodes[place].value), look.precision)}" for place in leaves]
    inputs = ", ".join(given[:12]) + (graph.say(" and {count} more", count=len(given) - 12) if len(given) > 12 else "")
    first = graph.say("The inputs: {inputs}.", inputs=inputs) if leaves else graph.say("There are no inputs.")
    opening = tuple([(place, "value", or_zero(graph.nodes[place].value)) for place in leaves])
    frames = [Frame("forward", first, changes=opening)]
    for place, node in enumerate(graph.nodes):
        if not node.is_leaf:
            value = or_zero(node.value)
            words = f"{graph.name(place)} = {graph.formula(place)} = {short(value, look.precision)}"
            frames.append(Frame("forward", words, (), place, _parents(graph, place), ((place, "value", value),)))
    return frames


def _backward_frames(graph: Graph, visits: Sequence[Visit], look: Look) -> list[Frame]:
    root = len(graph.nodes) - 1
    opening = graph.say("The gradient of the result with respect to itself is 1.")
    frames = [Frame("backward", opening, (), root, (), ((root, "gradient", 1.0),))]
    for visit in visits:
        rules = tuple([_rule(graph, flow, visit.upstream, look) for flow in visit.flows])
        totals = {flow.edge.tail: flow.total for flow in visit.flows}
        changes = tuple([(place, "gradient", total) for place, total in totals.items() if place is not None])
        words = lesson(graph, visit.place, visit.upstream)
        frames.append(Frame("backward", words, rules, visit.place, _parents(graph, visit.place), changes, visit.flows))
    return frames


def _rule(graph: Graph, flow: Flow, upstream: float, look: Look) -> str:
    """The arithmetic of one operand's share."""
    edge = flow.edge
    name = graph.name(edge.tail or 0)
    local, part = short(flow.local, look.precision), short(flow.part, look.precision)
    rule = graph.say(
        "∇{name}: upstream {upstream} × local {local} = {part}, as {derivative}", name=name,
        upstream=short(upstream, look.precision), local=local, part=part,
        derivative=derivative(graph.formula(edge.head), name, edge.partial, local),
    )  # fmt: skip
    if flow.before is None:
        return rule
    before, total = short(flow.before, look.precision), short(flow.total, look.precision)
    return rule + graph.say("; a copy adds up: {before} + {part} = {total}", before=before, part=part, total=total)


def _parents(graph: Graph, place: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys([edge.tail for edge in graph.inputs[place] if edge.tail is not None]))
