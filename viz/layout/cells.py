"""The room that each node takes, and what is drawn in it: one kind of cell for each style.

Sizes come from here and not from the machine's fonts, so that the same graph gives the same picture everywhere,
also where no font is installed. A cell is described along the flow (from operands to results) and across it; the
`Frame` turns that into points for any direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..digits import both, known, short
from ..graph.model import Edge, Graph, Node, inside
from ..scene.shapes import Circle, Path, Point, Rect, Shape, Text, text_width
from ..text import shortened

__all__ = [
    "NABLA",
    "NOT_YET",
    "SIZES",
    "BoxCell",
    "Cell",
    "CircuitCell",
    "Frame",
    "Look",
    "cells_of",
    "constant_size",
    "edge_lines",
]

SIZES = {"label": 15, "symbol": 13, "lone symbol": 17, "number": 14, "footer": 11.5, "edge": 11, "group": 12}
NABLA = "∇"  # marks a gradient, so that it can be told from a value without colour
NOT_YET = "not yet"
LABEL_COLUMNS = 32  # a longer label is cut in the picture and whole on hover
CONTRIBUTIONS = 4  # as many are added up in sight


@dataclass(frozen=True)
class Look:
    """How a picture is drawn.

    Attributes:
        style: ``"circuit"`` or ``"boxes"``.
        theme: a key of `viz.scene.themes.THEMES`.
        direction: ``"LR"``, ``"RL"``, ``"TB"`` or ``"BT"``: where the results are.
        local_gradients: whether the chain rule is written on every edge.
        precision: significant digits.
        numbered: whether a node without a label shows the number that stands for it in formulas, as ``#3``.
    """

    style: str = "circuit"
    theme: str = "light"
    direction: str = "LR"
    local_gradients: bool = False
    precision: int = 4
    numbered: bool = False

    @property
    def is_horizontal(self) -> bool:
        """Whether the flow goes from side to side."""
        return self.direction in ("LR", "RL")


@dataclass(frozen=True)
class Frame:
    """Where a cell lies: its middle, and the direction of the flow."""

    x: float
    y: float
    length: float
    direction: str

    def at(self, along: float, across: float = 0.0) -> Point:
        """The point at a distance along the flow from the cell's start, and across it from its middle line."""
        forward = along - self.length / 2
        return {
            "LR": (self.x + forward, self.y + across),
            "RL": (self.x - forward, self.y + across),
            "TB": (self.x + across, self.y + forward),
            "BT": (self.x + across, self.y - forward),
        }[self.direction]


def constant_size(number: float, look: Look) -> tuple[int, int]:
    """Width and height of a constant's pill."""
    return text_width(short(number, look.precision), SIZES["number"]) + 16, 24


class Cell:
    """What all styles share."""

    pitch = 14  # from one operand's place to the next
    numbers_in_one_line = False

    def __init__(self, graph: Graph, place: int, look: Look) -> None:
        self.graph = graph
        self.place = place
        self.node: Node = graph.nodes[place]
        self.look = look
        self.is_root = place == len(graph.nodes) - 1

    @cached_property
    def name(self) -> str:
        """What the node is called; empty if only the operation is known."""
        if self.node.label:
            return shortened(inside(self.node.label, self.node.groups), LABEL_COLUMNS)
        if self.look.numbered and self.node.fold is None:
            return self.graph.name(self.place)
        return "leaf" if self.node.is_leaf else ""

    @property
    def symbol(self) -> str:
        """The operation."""
        return shortened(self.node.symbol, LABEL_COLUMNS)

    @cached_property
    def value(self) -> str:
        """The value as written; empty where there is none."""
        if self.node.earlier is not None:
            return both(self.node.earlier[0], self.node.value, self.look.precision, "→")
        return "" if self.node.value is None else short(self.node.value, self.look.precision)

    @cached_property
    def gradient(self) -> str:
        """The gradient as written, at a fork as the sum that it is; empty in a picture without gradients."""
        if self.node.earlier is not None and self.node.earlier[1] != self.node.gradient:
            return f"{NABLA} {both(self.node.earlier[1], self.node.gradient, self.look.precision, '→')}"
        if self.node.gradient is None:
            silent = self.graph.pending or not self.graph.has_gradients or self.node.value is None
            return "" if silent else f"{NABLA} {NOT_YET}"
        total = f"{NABLA} {short(self.node.gradient, self.look.precision)}"
        if not self.look.local_gradients:
            return total
        uses = self.graph.uses[self.place]
        if len(uses) < 2:
            return total
        if len(uses) > CONTRIBUTIONS:
            return f"{NABLA} sum of {len(uses)} = {total[2:]}"
        parts = [self.graph.contribution(use) for use in uses]
        if any(part is None for part in parts):
            return total
        return f"{NABLA} {added([short(known(part), self.look.precision) for part in parts])} = {total[2:]}"

    @cached_property
    def fold_lines(self) -> list[str]:
        """What is written in a fold."""
        fold = self.node.fold
        if fold is None:
            return []
        name = shortened(inside(fold.name, self.node.groups), LABEL_COLUMNS)
        what = "constant" if fold.kind == "constants" else "node"
        more = "more " if fold.kind == "rest" else ""
        lines = [f"{fold.count:,} {more}{what}{'s' * (fold.count != 1)}"]
        if fold.gradient_norm is not None:
            lines.append(f"|{NABLA}| {short(fold.gradient_norm, self.look.precision)}")
        return [name, *lines] if name else lines

    @property
    def slots(self) -> int:
        """The number of places where edges arrive: one for each operand; a fold has one for all."""
        return min(1, len(self.node.operands)) if self.node.fold is not None else len(self.node.operands)

    def slot_of(self, edge: Edge) -> int:
        """The place where an edge arrives."""
        return 0 if self.node.fold is not None else edge.slot

    @property
    def length(self) -> int:
        """The size along the flow."""
        raise NotImplementedError

    @property
    def breadth(self) -> int:
        """The size across the flow."""
        raise NotImplementedError

    def entry(self, slot: int) -> tuple[float, float]:
        """Where an operand's edge ends: along and across."""
        raise NotImplementedError

    def shapes(self, frame: Frame) -> list[Shape]:
        """What is drawn."""
        raise NotImplementedError

    def slot_place(self, slot: int) -> float:
        """How far from the middle line an operand's place is."""
        return (slot - (self.slots - 1) / 2) * self.pitch

    def take_size(self, other: Cell) -> None:
        """Keep the size of another cell, that of the same node with other numbers."""
        raise NotImplementedError

    def _fold_shapes(self, frame: Frame, along: float, length: float, breadth: float) -> list[Shape]:
        """Two sheets, one behind the other: there is more in here."""
        x, y = frame.at(along)
        width, height = (length, breadth) if self.look.is_horizontal else (breadth, length)
        return [
            Rect(x - width / 2 + 4, y - height / 2 - 4, width, height, 6, "fold"),
            Rect(x - width / 2, y - height / 2, width, height, 6, "fold", stroke=1.2),
            *self._fold_texts(x, y),
        ]

    def _fold_texts(self, x: float, y: float) -> list[Shape]:
        lines = self.fold_lines
        named = self.node.fold is not None and bool(self.node.fold.name)
        shapes: list[Shape] = []
        for i, line in enumerate(lines):
            colour = "gradient" if line.startswith(f"|{NABLA}|") else "text"
            at = y + (i - (len(lines) - 1) / 2) * 17
            shapes.append(Text(line, x, at, SIZES["symbol"], colour, bold=named and i == 0))
        return shapes


def added(words: Sequence[str]) -> str:
    """Numbers as a sum.

    >>> added(["3", "-4", "1"])
    '3 - 4 + 1'
    """
    return " ".join([words[0], *[f"- {word[1:]}" if word.startswith("-") else f"+ {word}" for word in words[1:]]])


class CircuitCell(Cell):
    """A round gate (or an input's name), and the wire that leaves it with its numbers: value above, gradient below."""

    radius = 17
    pitch = 16

    @cached_property
    def gate(self) -> tuple[int, int]:
        """The size of the gate along and across the flow; of the name for an input."""
        if self.node.fold is not None:
            width = max(text_width(line, SIZES["symbol"]) for line in self.fold_lines) + 20
            return self._turned(width, 17 * len(self.fold_lines) + 14)
        if self.node.is_leaf:
            size = text_width(self.name, SIZES["label"] if self.node.label else SIZES["symbol"])
            return self._turned(size + 6, 20)
        across = max(2 * self.radius, self.pitch * self.slots + 2 if self.slots > 2 else 0)
        width = max(2 * self.radius, text_width(self.symbol, self._symbol_size) + 18)
        return (width, across) if self.look.is_horizontal else (2 * self.radius, max(width, across))

    def _turned(self, width: int, height: int) -> tuple[int, int]:
        return (width, height) if self.look.is_horizontal else (height, max(width, self.pitch * self.slots + 8))

    @property
    def _symbol_size(self) -> float:
        return SIZES["lone symbol"] if len(self.symbol) <= 2 else SIZES["symbol"]

    @cached_property
    def wire(self) -> int:
        """The length of the wire with the numbers."""
        if not self.value and not self.gradient:
            return 0 if self.node.fold is not None and not self.is_root else 16
        if not self.look.is_horizontal:
            return 28
        widest = max(text_width(self.value, SIZES["number"]), text_width(self.gradient, SIZES["number"]), self._room)
        named = text_width(self.name, SIZES["symbol"]) - self.gate[0] if self._is_named_gate else 0
        return max(widest + (24 if self.is_root else 14), named)

    @property
    def _room(self) -> int:
        return text_width("0" * self.node.room, SIZES["number"]) if self.node.room else 0

    @cached_property
    def length(self) -> int:
        """The size along the flow."""
        return self.gate[0] + self.wire

    @cached_property
    def breadth(self) -> int:
        """The size across the flow."""
        across = self.gate[1] + (8 if self.node.fold is not None else 0)
        if self.look.is_horizontal:
            return max(across + (2 * 17 if self._is_named_gate else 0), 38)
        widest = max(text_width(self.value, SIZES["number"]), text_width(self.gradient, SIZES["number"]), self._room)
        named = 2 * text_width(self.name, SIZES["symbol"]) + 8 if self._is_named_gate else 0
        return max(across + named, 2 * widest + 14)

    @property
    def _is_named_gate(self) -> bool:
        return bool(self.node.symbol and self.name)

    @property
    def _is_round(self) -> bool:
        return self.gate == (2 * self.radius, 2 * self.radius)

    def take_size(self, other: Cell) -> None:
        """The wire is as long as the other's."""
        self.__dict__.update({name: getattr(other, name) for name in ("gate", "wire", "length", "breadth")})

    def entry(self, slot: int) -> tuple[float, float]:
        """On the outline of the gate, so that the wire meets it also where it curves."""
        across = self.slot_place(slot)
        if not self.node.symbol:
            return 0.0, across
        beyond = abs(across) - (self.gate[1] / 2 - self.radius)  # a gate is at least as long and as wide as two radii
        return (self.radius - math.sqrt(max(self.radius**2 - beyond**2, 0.0)) if beyond > 0 else 0.0), across

    def shapes(self, frame: Frame) -> list[Shape]:
        """The wire, the gate over it, and the words."""
        along, across = self.gate
        shapes: list[Shape] = []
        if self.wire:
            start, end = frame.at(along), frame.at(along + self.wire - (9 if self.is_root else 0))
            tip = frame.at(along + self.wire) if self.is_root else None
            shapes.append(Path((start, start, end, end), width=1.8 if self.is_root else 1.2, tip=tip))
            if len(self.graph.uses[self.place]) > 1:
                x, y = frame.at(self.length - 1)
                shapes.append(Circle(x, y, 2.6, "line"))
        shapes += self._gate_shapes(frame, along, across)
        return shapes + self._number_shapes(frame, along)

    def _gate_shapes(self, frame: Frame, along: float, across: float) -> list[Shape]:
        x, y = frame.at(along / 2)
        if self.node.fold is not None:
            return self._fold_shapes(frame, along / 2, along, across)
        if self.node.is_leaf:
            if not self.node.label:
                return [Text(self.name, x, y, SIZES["symbol"], "muted", italic=True, role="name")]
            return [Text(self.name, x, y, SIZES["label"], bold=True, role="name")]
        stroke = 1.8 if self.is_root else 1.2
        outline = "text" if self.is_root else "line"
        if self._is_round:
            shapes: list[Shape] = [Circle(x, y, self.radius, "operation", outline, stroke)]
        else:
            width, height = (along, across) if self.look.is_horizontal else (across, along)
            shapes = [Rect(x - width / 2, y - height / 2, width, height, self.radius, "operation", outline, stroke)]
        shapes.append(Text(self.symbol, x, y, self._symbol_size, role="symbol"))
        if self.name:
            size, bold = SIZES["symbol"], bool(self.node.label)
            colour = "text" if bold else "muted"
            if self.look.is_horizontal:
                anchor = "middle"
                if text_width(self.name, size) > along:  # it begins with the gate, and goes on over the wire
                    x, _ = frame.at(0)
                    anchor = "start" if self.look.direction == "LR" else "end"
                shapes.append(Text(self.name, x, y - across / 2 - 9, size, colour, anchor, bold=bold, role="name"))
            else:
                shapes.append(Text(self.name, x + across / 2 + 5, y, size, colour, "start", bold=bold, role="name"))
        return shapes

    def _number_shapes(self, frame: Frame, along: float) -> list[Shape]:
        room = self.wire - (10 if self.is_root else 0)
        x, y = frame.at(along + room / 2)
        size = SIZES["number"]
        if self.look.is_horizontal:
            value = Text(self.value, x, y - 10, size, "value", role="value")
            gradient = Text(self.gradient, x, y + 10, size, "gradient", role="gradient")
        else:
            value = Text(self.value, x - 5, y, size, "value", "end", role="value")
            gradient = Text(self.gradient, x + 5, y, size, "gradient", "start", role="gradient")
        return [text for text in (value, gradient) if text.content or self.graph.pending]


class BoxCell(Cell):
    """One row: label and operation | value over gradient, as micrograd's readers know it."""

    padding = 11
    slot_room = 7

    @cached_property
    def name_width(self) -> int:
        """The width of the part with label and operation."""
        if self.node.fold is not None:
            return max(text_width(line, SIZES["symbol"]) for line in self.fold_lines) + 2 * self.padding
        if not self.name:
            widest = text_width(self.symbol, SIZES["lone symbol"])
        else:
            widest = max(text_width(self.name, SIZES["label"]), text_width(self.symbol, SIZES["symbol"]))
        return max(widest + 2 * self.padding - self.slot_room, 30)

    @cached_property
    def number_width(self) -> int:
        """The width of the part with the numbers."""
        if not self.value and not self.gradient and not self.node.room:
            return 0
        widest = max(text_width(self.value, SIZES["number"]), text_width(self.gradient, SIZES["number"]))
        room = text_width("0" * self.node.room, SIZES["number"]) if self.node.room else 0
        return max(widest, room) + 2 * self.padding

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        width = self.slot_room + self.name_width + self.number_width
        height = max(46, 17 * len(self.fold_lines) + 14)
        needed = self.pitch * self.slots
        return (width, max(height, needed)) if self.look.is_horizontal else (max(width, needed), height)

    @property
    def length(self) -> int:
        """The size along the flow."""
        return self.size[0] if self.look.is_horizontal else self.size[1]

    @property
    def breadth(self) -> int:
        """The size across the flow."""
        return self.size[1] if self.look.is_horizontal else self.size[0]

    def take_size(self, other: Cell) -> None:
        """The parts are as wide as the other's."""
        self.__dict__.update({name: getattr(other, name) for name in ("name_width", "number_width", "size")})

    def entry(self, slot: int) -> tuple[float, float]:
        """On the edge of the box."""
        if not self.slots:
            return 0.0, 0.0
        return 0.0, ((slot + 0.5) / self.slots - 0.5) * self.breadth

    def slot_place(self, slot: int) -> float:
        """The operands share the whole side of the box."""
        return self.entry(slot)[1]

    def shapes(self, frame: Frame) -> list[Shape]:
        """The tinted part with the name, the white one with the numbers, the outline."""
        width, height = self.size
        left, top = frame.x - width / 2, frame.y - height / 2
        named = width - self.number_width
        fill = "fold" if self.node.fold is not None else "leaf" if self.node.is_leaf else "operation"
        shapes: list[Shape] = [
            Rect(left, top, width, height, 5, "number"),
            Rect(left, top, named, height, 5, fill, line=""),
            *self._words(left + named / 2, frame.y),
        ]
        if self.node.fold is not None:
            shapes.insert(0, Rect(left + 4, top - 4, width, height, 5, "fold"))
        shapes.append(Rect(left, top, width, height, 5, "", "text" if self.is_root else "line", 2 if self.is_root else 1))
        end = left + width - self.padding
        split = 10 if self.gradient or self.graph.pending else 0
        if self.value or self.graph.pending:
            shapes.append(Text(self.value, end, frame.y - split, SIZES["number"], "value", "end", role="value"))
        if self.gradient or self.graph.pending:
            shapes.append(Text(self.gradient, end, frame.y + 10, SIZES["number"], "gradient", "end", role="gradient"))
        return shapes

    def _words(self, x: float, y: float) -> list[Shape]:
        if self.node.fold is not None:
            return self._fold_texts(x, y)
        if not self.name:
            return [Text(self.symbol, x, y, SIZES["lone symbol"], role="symbol")]
        shift = 10 if self.symbol else 0
        if self.node.label:
            words: list[Shape] = [Text(self.name, x, y - shift, SIZES["label"], bold=True, role="name")]
        else:
            words = [Text(self.name, x, y - shift, SIZES["symbol"], "muted", italic=True, role="name")]
        return [*words, Text(self.symbol, x, y + 10, SIZES["symbol"], "muted", role="symbol")] if self.symbol else words


def cells_of(graph: Graph, look: Look) -> list[Cell]:
    """The cell of each node."""
    kind = CircuitCell if look.style == "circuit" else BoxCell
    return [kind(graph, place, look) for place in range(len(graph.nodes))]


def edge_lines(graph: Graph, edge: Edge, look: Look) -> list[str]:
    """What is written on an edge: how many it stands for, or the chain rule.

    That is the local gradient in symbols and numbers, and upstream times local, which flows back. Empty where there
    is nothing to say.
    """
    if edge.count > 1:
        return [f"×{edge.count:,}"]
    head = graph.nodes[edge.head]
    if not look.local_gradients:
        return []
    if edge.tail is None or edge.slot >= len(head.local_gradients):
        return []
    local = head.local_gradients[edge.slot]
    if local is None:
        return []
    number = short(local, look.precision)
    formula = shortened(graph.formula(edge.head, drawn=True), 24)
    text = graph.drawn_partial(edge)
    middle = f" = {shortened(text, 28)}" if text and text != number else ""
    lines = [f"d({formula})/d{shortened(graph.name(edge.tail, drawn=True), 12)}{middle} = {number}"]
    part = graph.contribution(edge)
    if part is not None and head.gradient is not None:
        lines.append(f"{NABLA} {short(head.gradient, look.precision)} × {number} = {short(part, look.precision)}")
    return lines
