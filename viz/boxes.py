"""The boxes of a picture: what is written in each, and how large it is.

Sizes come from here and not from the machine's fonts, so that the same graph gives the same picture everywhere,
also where no font is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .model import Graph, Node
from .numbers import short
from .text import columns_of, shortened

__all__ = [
    "COLOURS",
    "CONSTANT_HEIGHT",
    "FOOTER",
    "LABEL_COLUMNS",
    "NABLA",
    "NOT_YET",
    "SIZES",
    "SLOT_WIDTH",
    "Box",
    "boxes_of",
    "constant_width",
]

# Every text colour has at least 4.5:1 on every ground it is used on (tests/viz/test_picture.py computes it).
COLOURS = {
    "ground": "#ffffff",
    "text": "#1f2328",
    "muted": "#57606a",
    "line": "#6e7781",
    "value": "#116329",
    "gradient": "#b3141d",
    "leaf": "#ddf1ff",
    "operation": "#f0f2f5",
    "number": "#ffffff",
    "constant": "#fbf6e3",
}
SIZES = {"label": 15, "symbol": 13, "lone symbol": 17, "number": 14, "footer": 11.5}
NABLA = "∇"  # marks a gradient, so that it can be told from a value without colour
NOT_YET = "not yet"
FOOTER = "value above, ∇ gradient below"
LABEL_COLUMNS = 32  # a longer label is cut in the box and whole on hover
SLOT_WIDTH = 7
ROW_HEIGHT = 23
SLOT_HEIGHT = 14
CONSTANT_HEIGHT = 24
PADDING = 11
COLUMN = 0.615  # width of a monospaced column in units of the font size; DejaVu Sans Mono has 0.602


def text_width(text: str, size: float) -> int:
    """The room that a line of monospaced text needs, in points."""
    return round(columns_of(text) * size * COLUMN + 0.5)


def constant_width(number: float) -> int:
    """The width of a constant's box."""
    return text_width(short(number), SIZES["number"]) + 16


@dataclass(frozen=True)
class Box:
    """One node as it is drawn: slots for the arguments | label and operation | value over gradient."""

    node: Node
    has_gradients: bool  # whether any node of the picture has a gradient

    @cached_property
    def label(self) -> str:
        """What the box is called; empty if only the operation is known."""
        if self.node.label:
            return shortened(self.node.label, LABEL_COLUMNS)
        return "" if self.node.symbol else "leaf"

    @property
    def is_anonymous(self) -> bool:
        """Whether it is a leaf without a label."""
        return self.node.is_leaf and not self.node.label

    @cached_property
    def value(self) -> str:
        """The value as written in the box."""
        return short(self.node.value)

    @cached_property
    def gradient(self) -> str:
        """The gradient as written in the box; empty in a picture without gradients."""
        if not self.has_gradients:
            return ""
        return f"{NABLA} {NOT_YET if self.node.gradient is None else short(self.node.gradient)}"

    @property
    def slot_count(self) -> int:
        """The number of arguments, each with its own place at the left edge; at least 1 for the layout."""
        return max(1, len(self.node.operands))

    @cached_property
    def height(self) -> int:
        """The height of the whole box in points."""
        return max(2 * ROW_HEIGHT, SLOT_HEIGHT * self.slot_count)

    @cached_property
    def slot_heights(self) -> list[int]:
        """The heights of the arguments' places, top to bottom; they add up to the height."""
        each, rest = divmod(self.height, self.slot_count)
        return [each + (i < rest) for i in range(self.slot_count)]

    @cached_property
    def name_width(self) -> int:
        """The width of the cell with label and operation."""
        if not self.label:
            widest = text_width(self.node.symbol, SIZES["lone symbol"])
        else:
            widest = max(text_width(self.label, SIZES["label"]), text_width(self.node.symbol, SIZES["symbol"]))
        return max(widest + 2 * PADDING - SLOT_WIDTH, 30)

    @cached_property
    def number_width(self) -> int:
        """The width of the cell with the numbers."""
        widest = max(text_width(self.value, SIZES["number"]), text_width(self.gradient, SIZES["number"]))
        return widest + 2 * PADDING

    @property
    def width(self) -> int:
        """The width of the whole box in points."""
        return SLOT_WIDTH + self.name_width + self.number_width


def boxes_of(graph: Graph) -> list[Box]:
    """A box for each node, in the graph's order."""
    has_gradients = any(node.gradient is not None for node in graph.nodes)
    return [Box(node, has_gradients) for node in graph.nodes]
