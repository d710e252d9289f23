"""The style ``"boxes"``: one row for a node, as micrograd's readers know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ..scene.shapes import Point, Rect, Shape, Text, text_width
from .cells import LINE, LOCAL, SHEET, SIZES, Cell, Words, lead, sides

__all__ = ["BoxCell"]

PADDING = 11
SLOT_WIDTH = 7
PITCH = 14  # from one operand's place to the next, at least
BEYOND = 14  # from a number to the one before


@dataclass(frozen=True)
class BoxCell(Cell):
    """Label and operation | value over gradient.

    Attributes:
        number_width: the width of the part with the numbers.
        box: the size of the box along and across the flow.
    """

    number_width: int
    box: tuple[int, int]

    @classmethod
    def measured(
        cls, words: Words, direction: str, slots: int, *, is_root: bool, is_fork: bool, before: int = 0, tag: int = 0
    ) -> Self:
        """The cell that these words need."""
        numbers = words.number_width + 2 * PADDING if words.value or words.gradient or words.columns else 0
        width = SLOT_WIDTH + _name_width(words) + numbers
        height = max(46 + (2 * BEYOND if words.ghosts else 0), words.fold_height + 14)
        if words.copies:
            height = max(height + (0 if words.is_fold else 16), LINE * (len(words.values) + len(words.gradients)) + 14)
        horizontal = direction in ("LR", "RL")
        chips = sides(words, slots)
        crowd = max(side.extent[0 if horizontal else 1] for side in chips)  # along the flow
        along, across = (width, height) if horizontal else (height, width)
        pitch = max(PITCH, 0 if not before else LOCAL + 1 if horizontal else before + 4)
        across = max(across, pitch * slots)
        if words.chips:
            across += across % 2  # Graphviz rounds, and the middle line of a chain should be straight
        box = along, across = max(along, crowd), across
        above, below = (side.room(horizontal=horizontal) for side in chips)
        ahead = lead(before, horizontal=horizontal)
        return cls(
            words, direction, slots, is_root, is_fork, ahead + along, above + across + below, (above - below) / 2,
            pitch, ahead, tag, numbers, box,
        )  # fmt: skip

    def entry(self, slot: int) -> tuple[float, float]:
        """On the edge of the box, where the operands share the whole side."""
        return 0.0, self.offset(slot)

    def offset(self, slot: int) -> float:
        """How far from the middle line an operand's edge arrives."""
        return ((slot + 0.5) / self.slots - 0.5) * self.box[1]

    @property
    def body(self) -> tuple[int, int]:
        """The part with the name where the flow is from left to right, and else the whole box."""
        return (self.box[0] - self.number_width, self.box[1]) if self.direction == "LR" else self.box

    def shapes(self, centre: Point) -> list[Shape]:
        """The tinted part with the name, the white one with the numbers, the outline."""
        words = self.words
        x, y = self.point(centre, self.box[0] / 2)
        width, height = self.box if self.is_horizontal else self.box[::-1]
        left, top = x - width / 2, y - height / 2
        named = width - self.number_width
        shapes: list[Shape] = [Rect(left + 4, top - 4, width, height, 5, "fold")] if words.is_fold else []
        if words.copies and not words.is_fold:
            shapes = [Rect(left + k * SHEET, top - k * SHEET, width, height, 5, "number") for k in (2, 1)]
        shapes += [
            Rect(left, top, width, height, 5, "number"),
            Rect(left, top, named, height, 5, words.kind, line=""),
            *self._name(left + named / 2, y - (8 if words.copies and not words.is_fold else 0)),
            Rect(left, top, width, height, 5, "", "text" if self.is_root else "line", 2 if self.is_root else 1),
        ]
        end = left + width - PADDING
        if words.copies:
            if not words.is_fold:
                shapes.append(Text(words.copies, left + named / 2, top + height - 11, SIZES["group"], "muted"))
            first = y - (len(words.values) + len(words.gradients) - 1) / 2 * LINE
            shapes += self.spread(words.values, end, first - 2, "value", "end")
            return shapes + self.spread(words.gradients, end, first + len(words.values) * LINE + 2, "gradient", "end")
        split = 10 if words.gradient or words.fills_in else 0
        value = Text(words.value, end, y - split, SIZES["number"], "value", "end", role="value")
        gradient = Text(words.gradient, end, y + 10, SIZES["number"], "gradient", "end", role="gradient")
        shapes += [text for text in (value, gradient) if text.content or words.fills_in]
        return [*shapes, *self.ghosts(value, gradient, BEYOND)]

    def _name(self, x: float, y: float) -> list[Shape]:
        words = self.words
        if words.is_fold:
            return self.fold_texts(x, y)
        if not words.name:
            return [Text(words.symbol, x, y, SIZES["lone symbol"], role="symbol")]
        above = y - (10 if words.symbol else 0)
        if words.labelled:
            texts: list[Shape] = [Text(words.name, x, above, SIZES["label"], bold=True, role="name")]
        else:
            texts = [Text(words.name, x, above, SIZES["symbol"], "muted", italic=True, role="name")]
        return [*texts, Text(words.symbol, x, y + 10, SIZES["symbol"], "muted", role="symbol")] if words.symbol else texts


def _name_width(words: Words) -> int:
    if words.is_fold:
        return words.fold_width + 2 * PADDING
    if words.name:
        widest = max(text_width(words.name, SIZES["label"]), text_width(words.symbol, SIZES["symbol"]))
    else:
        widest = text_width(words.symbol, SIZES["lone symbol"])
    return max(widest + 2 * PADDING - SLOT_WIDTH, 30)
