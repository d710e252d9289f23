"""The style ``"circuit"``: round gates, and wires that carry the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from ..scene.shapes import Circle, Curve, Point, Rect, Shape, Text, text_width
from .cells import LINE, LOCAL, SHEET, SIZES, Cell, Words, lead, sides

__all__ = ["CircuitCell"]

RADIUS = 17
PITCH = 16
WIRE = 28  # of a vertical wire, with a line of text
BEYOND = 13  # from a number to the one before
ASIDE = 7  # how far numbers go to make room for a local gradient on their wire


@dataclass(frozen=True)
class CircuitCell(Cell):
    """A round gate (or an input's name), and the wire that leaves it with its numbers: value above, gradient below.

    Attributes:
        gate: the size of the gate along and across the flow; of the name for an input.
        wire: the length of the wire with the numbers.
    """

    gate: tuple[int, int]
    wire: int

    has_wire = True

    @classmethod
    def measured(
        cls, words: Words, direction: str, slots: int, *, is_root: bool, is_fork: bool, before: int = 0, tag: int = 0
    ) -> Self:
        """The cell that these words need."""
        horizontal = direction in ("LR", "RL")
        pitch = max(PITCH, 0 if horizontal or not before else before + 4)
        along, across = gate = _gate(words, slots, pitch, horizontal=horizontal)
        is_named = bool(words.symbol and words.name)
        chips = sides(words, slots)
        above, below = (side.room(horizontal=horizontal) for side in chips)
        crowd = max(side.extent[0 if horizontal else 1] for side in chips)  # along the flow
        name_width = text_width(words.name, SIZES["symbol"])
        if not words.value and not words.gradient:
            wire = 0 if words.is_fold and not is_root else 16
        elif horizontal:
            wire = max(words.number_width + (24 if is_root else 14), name_width - along if is_named else 0)
        else:
            wire = _line(words, tag)
        half = across / 2 + (4 if words.is_fold else 0)
        clear = _clear(words, tag) if horizontal else 0
        if horizontal:
            wire = max(wire, crowd - along, tag + 10 if tag else 0)
            above, least = above + (17 if is_named else 0), (19, 19)
            if words.copies:
                above, below = above + 2 * SHEET, below + (0 if words.is_fold else 16)
                wire += _beside(words, along)
                least = (max(19, LINE * max(len(words.values), len(words.gradients)) + 5),) * 2
        else:
            wire += max(crowd - along, 0)
            below += name_width + 7 if is_named else 0
            value, gradient = words.number_widths
            least = max(value + 7, tag // 2 + 2), max(gradient + 7, tag // 2 + 2)
            if words.copies and not words.is_fold:
                above, below = above + text_width(words.copies, SIZES["group"]) + 6, below + 2 * SHEET
        above, below = (max(math.ceil(half + side), most) + clear for side, most in zip((above, below), least, strict=True))
        ahead = lead(before, horizontal=horizontal)
        return cls(
            words, direction, slots, is_root, is_fork, ahead + along + wire, above + below, (above - below) / 2,
            pitch, ahead, tag, gate, wire,
        )  # fmt: skip

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
        return _clear(self.words, self.tag)

    def outlet(self, centre: Point) -> Point:
        """The middle of the local gradient on the wire that leaves it: between the numbers, or after them."""
        if self.is_horizontal:
            return self.point(centre, self.end - self.wire / 2)
        return self.point(centre, self.end - 2 - LOCAL / 2)

    def shapes(self, centre: Point) -> list[Shape]:
        """The wire, the gate over it, and the words."""
        along = self.gate[0]
        shapes: list[Shape] = []
        if self.wire:
            start, end = self.point(centre, along), self.point(centre, along + self.wire - (9 if self.is_root else 0))
            tip = self.point(centre, along + self.wire) if self.is_root else None
            shapes.append(Curve((start, start, end, end), width=1.8 if self.is_root else 1.2, tip=tip))
            if self.is_fork:
                x, y = self.point(centre, self.end - 1)
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
        before, after = sides(self.words, self.slots)
        if not self.is_horizontal:
            beside = after.room(horizontal=False) + 5
            return Text(name, x + across / 2 + beside, y, size, colour, "start", bold=bold, role="name")
        anchor = "middle"
        middle, y = y, y - across / 2 - before.room(horizontal=True) - 9
        if max(text_width(name, size), before.extent[0]) > along:
            y -= self.clear
        if text_width(name, size) > along:  # it starts above the gate and goes on above the wire
            x, _ = self.point(centre, 0)
            if self.words.copies:
                y = min(y, middle - (len(self.words.values) - 1) * LINE - 17)  # above the numbers
            anchor = "start" if self.direction == "LR" else "end"
        return Text(name, x, y, size, colour, anchor, bold=bold, role="name")

    def _spread_shapes(self, centre: Point, x: float, y: float) -> list[Shape]:
        """The largest, the median and the least of a stack."""
        values, gradients = self.words.values, self.words.gradients
        if self.is_horizontal:
            x, _ = self.point(centre, self.end - (self.wire - _beside(self.words, self.gate[0])) / 2)
            top = y - 8 - (len(values) - 1) * LINE
            return [*self.spread(values, x, top, "value"), *self.spread(gradients, x, y + 9, "gradient")]
        first, second = (y - (len(lines) - 1) / 2 * LINE for lines in (values, gradients))
        return [*self.spread(values, x - 5, first, "value", "end"), *self.spread(gradients, x + 5, second, "gradient", "start")]

    def _number_shapes(self, centre: Point) -> list[Shape]:
        line = self.wire if self.is_horizontal else min(self.wire, _line(self.words, self.tag))  # beyond the constants
        end = self.end - (0 if self.is_horizontal else _after(self.tag)) - (10 if self.is_root else 0)
        x, y = self.point(centre, (self.end - line + end) / 2)
        size = SIZES["number"]
        if self.words.copies:
            return self._spread_shapes(centre, x, y)
        if self.is_horizontal:
            aside = 10 + (ASIDE if self.tag else 0)
            value = Text(self.words.value, x, y - aside, size, "value", role="value")
            gradient = Text(self.words.gradient, x, y + aside, size, "gradient", role="gradient")
        else:
            value = Text(self.words.value, x - 5, y, size, "value", "end", role="value")
            gradient = Text(self.words.gradient, x + 5, y, size, "gradient", "start", role="gradient")
        return [
            *[text for text in (value, gradient) if text.content or self.words.fills_in],
            *self.ghosts(value, gradient, BEYOND),
        ]


def _beside(words: Words, along: int) -> int:
    """What a stack takes of its wire: the outlines behind it, and what of the words below is wider than the gate."""
    return max(2 * SHEET, (text_width(words.copies, SIZES["group"]) - along) // 2 + 2)


def _clear(words: Words, tag: int) -> int:
    """How much farther than a gate the numbers on its wire reach."""
    return (BEYOND if words.ghosts else 0) + (ASIDE if tag else 0)


def _line(words: Words, tag: int) -> int:
    """The length of a vertical wire with its numbers and its local gradient."""
    if words.copies:
        return LINE * max(len(words.values), len(words.gradients)) + 8
    return WIRE + (2 * BEYOND if words.ghosts else 0) + _after(tag)


def _after(tag: int) -> int:
    """What a local gradient takes of a vertical wire, after the numbers."""
    return LOCAL if tag else 0


def _gate(words: Words, slots: int, pitch: int, *, horizontal: bool) -> tuple[int, int]:
    """The size of the gate along and across the flow; of the name for an input."""
    if words.kind == "operation":
        across = max(2 * RADIUS, pitch * slots + 2 if slots > 2 or pitch > PITCH else 0)
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
