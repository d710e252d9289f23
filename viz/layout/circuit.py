"""The style ``"circuit"``: round gates, and wires that carry the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from ..scene.shapes import Circle, Curve, Point, Rect, Shape, Text, text_width
from .cells import LINE, SHEET, SIZES, Cell, Words, sides

__all__ = ["CircuitCell"]

RADIUS = 17
PITCH = 16
WIRE = 28  # of a vertical wire, with a line of text
BEYOND = 13  # from a number to the one before


@dataclass(frozen=True)
class CircuitCell(Cell):
    """A round gate (or an input's name), and the wire that leaves it with its numbers: value above, gradient below.

    Attributes:
        gate: the size of the gate along and across the flow; of the name for an input.
        wire: the length of the wire with the numbers.
    """

    gate: tuple[int, int]
    wire: int

    pitch = PITCH

    @classmethod
    def measured(cls, words: Words, direction: str, slots: int, *, is_root: bool, is_fork: bool) -> Self:
        """The cell that these words need."""
        horizontal = direction in ("LR", "RL")
        along, across = gate = _gate(words, slots, horizontal=horizontal)
        is_named = bool(words.symbol and words.name)
        chips = sides(words, slots)
        before, after = (side.room(horizontal=horizontal) for side in chips)
        crowd = max(side.extent[0 if horizontal else 1] for side in chips)  # along the flow
        name_width = text_width(words.name, SIZES["symbol"])
        if not words.value and not words.gradient:
            wire = 0 if words.is_fold and not is_root else 16
        elif horizontal:
            wire = max(words.number_width + (24 if is_root else 14), name_width - along if is_named else 0)
        else:
            wire = _upright(words)
        half = across / 2 + (4 if words.is_fold else 0)
        if horizontal:
            wire = max(wire, crowd - along)
            before, least = before + (17 if is_named else 0), 19
            if words.copies:
                before, after = before + 2 * SHEET, after + (0 if words.is_fold else 16)
                wire += 2 * SHEET
                least = max(least, LINE * max(len(words.values), len(words.gradients)) + 5)
        else:
            wire += max(crowd - along, 0)
            after, least = after + (name_width + 4 if is_named else 0), words.number_width + 7
            if words.copies and not words.is_fold:
                before, after = before + text_width(words.copies, SIZES["group"]) + 6, after + 2 * SHEET
        above, below = max(math.ceil(half + before), least), max(math.ceil(half + after), least)
        if horizontal:
            above, below = above + _clear(words), below + _clear(words)
        return cls(words, direction, slots, is_root, is_fork, along + wire, above + below, (above - below) / 2, gate, wire)

    def entry(self, slot: int) -> tuple[float, float]:
        """On the outline of the gate, also where it is round."""
        across = self.offset(slot)
        if not self.words.symbol:
            return 0.0, across
        beyond = abs(across) - (self.gate[1] / 2 - RADIUS)  # a gate is at least as long and as wide as two radii
        return (RADIUS - math.sqrt(max(RADIUS**2 - beyond**2, 0.0)) if beyond > 0 else 0.0), across

    @property
    def body(self) -> tuple[int, int]:
        """The gate."""
        return self.gate

    @property
    def clear(self) -> int:
        """How much farther than a gate the numbers on its wire reach."""
        return _clear(self.words)

    def shapes(self, centre: Point) -> list[Shape]:
        """The wire, the gate over it, and the words."""
        along = self.gate[0]
        shapes: list[Shape] = []
        if self.wire:
            start, end = self.point(centre, along), self.point(centre, along + self.wire - (9 if self.is_root else 0))
            tip = self.point(centre, along + self.wire) if self.is_root else None
            shapes.append(Curve((start, start, end, end), width=1.8 if self.is_root else 1.2, tip=tip))
            if self.is_fork:
                x, y = self.point(centre, self.length - 1)
                shapes.append(Circle(x, y, 2.6, "line"))
        return shapes + self._gate_shapes(centre) + self._number_shapes(centre)

    def _gate_shapes(self, centre: Point) -> list[Shape]:
        along, across = self.gate
        x, y = self.point(centre, along / 2)
        width, height = (along, across) if self.is_horizontal else (across, along)
        left, top = x - width / 2, y - height / 2
        words = self.words
        if words.copies and not words.is_fold:
            return self._stack_shapes(centre, x, y)
        if words.is_fold:  # two sheets, one behind the other
            behind = Rect(left + 4, top - 4, width, height, 6, "fold")
            return [behind, Rect(left, top, width, height, 6, "fold", stroke=1.2), *self.fold_texts(x, y)]
        if words.kind == "leaf":
            if not words.labelled:
                return [Text(words.name, x, y, SIZES["symbol"], "muted", italic=True, role="name")]
            return [Text(words.name, x, y, SIZES["label"], bold=True, role="name")]
        shapes = [self._outline(x, y, 1.8 if self.is_root else 1.2, "text" if self.is_root else "line")]
        shapes.append(Text(words.symbol, x, y, _symbol_size(words), role="symbol"))
        if words.name:
            shapes.append(self._name(centre, x, y))
        return shapes

    def _outline(self, x: float, y: float, stroke: float = 1.2, outline: str = "line") -> Shape:
        """The gate without words."""
        if self.gate == (2 * RADIUS, 2 * RADIUS):
            return Circle(x, y, RADIUS, "operation", outline, stroke)
        width, height = self.gate if self.is_horizontal else self.gate[::-1]
        is_gate = self.words.kind == "operation"
        left, top = x - width / 2, y - height / 2
        return Rect(left, top, width, height, RADIUS if is_gate else 6, "operation" if is_gate else "leaf", outline, stroke)

    def _stack_shapes(self, centre: Point, x: float, y: float) -> list[Shape]:
        """Three outlines, one behind the other, and how many they stand for."""
        words = self.words
        shapes = [self._outline(x + k * SHEET, y - k * SHEET) for k in (2, 1, 0)]
        if words.symbol:
            shapes.append(Text(words.symbol, x, y, _symbol_size(words), role="symbol"))
            if words.name:
                shapes.append(self._name(centre, x, y))
        else:
            shapes.append(Text(words.name, x, y, SIZES["symbol"], bold=words.labelled, italic=not words.labelled, role="name"))
        across = self.gate[1] / 2
        before, after = (side.room(horizontal=self.is_horizontal) for side in sides(words, self.slots))
        if self.is_horizontal:
            return [*shapes, Text(words.copies, x, y + across + after + 9, SIZES["group"], "muted")]
        return [*shapes, Text(words.copies, x - across - before - 5, y, SIZES["group"], "muted", "end")]

    def _name(self, centre: Point, x: float, y: float) -> Text:
        """The name of a gate, above it or beside it."""
        along, across = self.gate
        name, size, bold = self.words.name, SIZES["symbol"], self.words.labelled
        colour = "text" if bold else "muted"
        before, after = (side.room(horizontal=self.is_horizontal) for side in sides(self.words, self.slots))
        if not self.is_horizontal:
            return Text(name, x + across / 2 + after + 5, y, size, colour, "start", bold=bold, role="name")
        anchor = "middle"
        if text_width(name, size) > along:  # it starts above the gate and goes on above the wire
            x, _ = self.point(centre, 0)
            y -= self.clear
            if self.words.copies:
                y = min(y, y + across / 2 + before - (len(self.words.values) - 1) * LINE - 8)  # above the numbers
            anchor = "start" if self.direction == "LR" else "end"
        return Text(name, x, y - across / 2 - before - 9, size, colour, anchor, bold=bold, role="name")

    def _spread_shapes(self, centre: Point, x: float, y: float) -> list[Shape]:
        """The largest, the median and the least of a stack."""
        values, gradients = self.words.values, self.words.gradients
        if self.is_horizontal:
            x, _ = self.point(centre, self.length - (self.wire - 2 * SHEET) / 2)
            top = y - 8 - (len(values) - 1) * LINE
            return [*self.spread(values, x, top, "value"), *self.spread(gradients, x, y + 9, "gradient")]
        first, second = (y - (len(lines) - 1) / 2 * LINE for lines in (values, gradients))
        return [*self.spread(values, x - 5, first, "value", "end"), *self.spread(gradients, x + 5, second, "gradient", "start")]

    def _number_shapes(self, centre: Point) -> list[Shape]:
        wire = self.wire if self.is_horizontal else min(self.wire, _upright(self.words))  # beyond the constants
        x, y = self.point(centre, self.length - wire + (wire - (10 if self.is_root else 0)) / 2)
        size = SIZES["number"]
        if self.words.copies:
            return self._spread_shapes(centre, x, y)
        if self.is_horizontal:
            value = Text(self.words.value, x, y - 10, size, "value", role="value")
            gradient = Text(self.words.gradient, x, y + 10, size, "gradient", role="gradient")
        else:
            value = Text(self.words.value, x - 5, y, size, "value", "end", role="value")
            gradient = Text(self.words.gradient, x + 5, y, size, "gradient", "start", role="gradient")
        return [
            *[text for text in (value, gradient) if text.content or self.words.fills_in],
            *self.ghosts(value, gradient, BEYOND),
        ]


def _upright(words: Words) -> int:
    """The length of a vertical wire with its numbers."""
    if words.copies:
        return LINE * max(len(words.values), len(words.gradients)) + 8
    return WIRE + 2 * _clear(words)


def _clear(words: Words) -> int:
    return BEYOND if words.ghosts else 0


def _gate(words: Words, slots: int, *, horizontal: bool) -> tuple[int, int]:
    """The size of the gate along and across the flow; of the name for an input."""
    if words.kind == "operation":
        across = max(2 * RADIUS, PITCH * slots + 2 if slots > 2 else 0)
        width = max(2 * RADIUS, text_width(words.symbol, _symbol_size(words)) + 18)
        return (width, across) if horizontal else (2 * RADIUS, max(width, across))
    if words.is_fold:
        width, height = words.fold_width + 20, words.fold_height + 14
    elif words.copies:
        width = max(text_width(words.name, SIZES["symbol"]) + 14, text_width(words.copies, SIZES["group"]))
        height = 24
    else:
        width, height = text_width(words.name, SIZES["label"] if words.labelled else SIZES["symbol"]) + 6, 20
    return (width, height) if horizontal else (height, max(width, PITCH * slots + 8))


def _symbol_size(words: Words) -> float:
    return SIZES["lone symbol"] if len(words.symbol) <= 2 else SIZES["symbol"]
