"""The words of a node and the cell that it is drawn in: what both styles share.

Sizes come from here and not from the machine's fonts, so that the same graph gives the same picture everywhere,
also where no font is installed. A cell is described along the flow (from operands to results) and across it;
`Cell.point` turns that into points for any direction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from ..scene.shapes import Circle, Point, Rect, Shape, Text, text_width

__all__ = ["NABLA", "SIZES", "Cell", "Words"]

SIZES = {"label": 15, "symbol": 13, "lone symbol": 17, "number": 14, "footer": 11.5, "edge": 11, "group": 12, "ghost": 11}
NABLA = "∇"  # marks a gradient, so that it can be told from a value without colour


@dataclass(frozen=True)
class Words:
    """The words of a node.

    Attributes:
        kind: ``"leaf"``, ``"operation"`` or ``"fold"``.
        name: what it is called; empty if only the operation is known.
        labelled: whether the name, or the first line of a fold, is the user's own.
        symbol: the operation.
        value: the value as written; empty where there is none.
        gradient: the gradient as written; empty where there is none.
        lines: what is written in a fold.
        title: what is told on hover.
        fills_in: whether empty numbers are written as well, for a player to fill them in.
        columns: columns of text that its numbers have at least.
        alarm: ``"first"`` at the first number that is inf or nan, ``"later"`` at any further one, else empty.
        ghosts: whether there is a place for the number before beside each number.
    """

    kind: str
    name: str
    labelled: bool
    symbol: str
    value: str
    gradient: str
    lines: tuple[str, ...]
    title: str
    fills_in: bool
    columns: int
    alarm: str = ""
    ghosts: bool = False

    @property
    def is_fold(self) -> bool:
        """Whether it stands for many nodes."""
        return self.kind == "fold"

    @property
    def number_width(self) -> int:
        """The width of the wider of its two numbers, or of the columns that are kept free."""
        widest = max(text_width(self.value, SIZES["number"]), text_width(self.gradient, SIZES["number"]))
        return max(widest, text_width("0" * self.columns, SIZES["number"])) if self.columns else widest

    @property
    def fold_width(self) -> int:
        """The width of the widest line of a fold."""
        return max(text_width(line, SIZES["symbol"]) for line in self.lines)


@dataclass(frozen=True)
class Cell(ABC):
    """How large a node is, and what is drawn in it.

    Attributes:
        words: what it says.
        direction: of the flow.
        slots: the number of places where edges arrive: one for each operand; a fold has one for all.
        is_root: whether it is the result.
        is_fork: whether it is used more than once.
        length: the size along the flow.
        breadth: the size across the flow.
    """

    words: Words
    direction: str
    slots: int
    is_root: bool
    is_fork: bool
    length: int
    breadth: int

    pitch = 14  # from one operand's place to the next

    @classmethod
    @abstractmethod
    def measured(cls, words: Words, direction: str, slots: int, *, is_root: bool, is_fork: bool) -> Self:
        """The cell that these words need."""

    @abstractmethod
    def entry(self, slot: int) -> tuple[float, float]:
        """Where an operand's edge ends: along and across."""

    @abstractmethod
    def shapes(self, centre: Point) -> list[Shape]:
        """What is drawn."""

    @property
    def is_horizontal(self) -> bool:
        """Whether the flow goes from side to side."""
        return self.direction in ("LR", "RL")

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height."""
        return (self.length, self.breadth) if self.is_horizontal else (self.breadth, self.length)

    def point(self, centre: Point, along: float, across: float = 0.0) -> Point:
        """The point at a distance along the flow from the cell's start, and across it from its middle line."""
        x, y = centre
        forward = along - self.length / 2
        return {
            "LR": (x + forward, y + across),
            "RL": (x - forward, y + across),
            "TB": (x + across, y + forward),
            "BT": (x + across, y - forward),
        }[self.direction]

    def offset(self, slot: int) -> float:
        """How far from the middle line an operand's edge arrives."""
        return (slot - (self.slots - 1) / 2) * self.pitch

    def fold_texts(self, x: float, y: float) -> list[Shape]:
        """The lines of a fold, one below the other."""
        lines = self.words.lines
        return [
            Text(
                line, x, y + (i - (len(lines) - 1) / 2) * 17, SIZES["symbol"],
                "gradient" if line.startswith(f"|{NABLA}|") else "text", bold=self.words.labelled and i == 0,
            )
            for i, line in enumerate(lines)
        ]  # fmt: skip

    def alarm(self, centre: Point) -> list[Shape]:
        """An outline around a number that is inf or nan: dashed, and at the first one solid with an exclamation mark."""
        width, height = self.extent
        left, top = centre[0] - width / 2 - 4, centre[1] - height / 2 - 4
        if self.words.alarm != "first":
            return [Rect(left, top, width + 8, height + 8, 8, "", "alarm", 1.6, "5 3")]
        x, y = left + width + 5, top + 3
        outline = Rect(left, top, width + 8, height + 8, 8, "", "alarm", 2.6)
        return [outline, Circle(x, y, 8, "alarm", "ground", 1.5), Text("!", x, y, SIZES["symbol"], "ground", bold=True)]

    def ghosts(self, value: Text, gradient: Text, beyond: float) -> list[Text]:
        """Empty texts for the numbers before: beyond a value and its gradient, away from the line between them."""
        if not self.words.ghosts:
            return []
        size, both_up = SIZES["ghost"], value.y == gradient.y
        return [
            replace(value, content="", y=value.y - beyond, size=size, colour="muted", role="ghost of-value"),
            replace(gradient, content="", y=gradient.y + (-beyond if both_up else beyond), size=size, colour="muted",
                    role="ghost of-gradient"),
        ]  # fmt: skip

    def halo(self, centre: Point) -> Shape:
        """A frame that draws attention to the cell."""
        width, height = self.extent
        return Rect(centre[0] - width / 2 - 3, centre[1] - height / 2 - 3, width + 6, height + 6, 8, "changed", "text", 1.5)
