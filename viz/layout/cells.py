"""The words of a node and the cell that it is drawn in: what both styles share.

Sizes come from here and not from the machine's fonts, so that the same graph gives the same picture everywhere,
also where no font is installed. A cell is described along the flow (from operands to results) and across it;
`Cell.point` turns that into points for any direction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from ..scene.shapes import Circle, Heat, Point, Rect, Shape, Text, text_width

__all__ = ["CHIP", "LOCAL", "NABLA", "SIZES", "Cell", "Chip", "HeatMap", "Words", "lead", "sides"]

SIZES = {
    "label": 15, "symbol": 13, "lone symbol": 17, "number": 14, "constant": 12.5, "footer": 11.5, "edge": 11, "group": 12,
    "ghost": 11, "copies": 11,
}  # fmt: skip
NABLA = "∇"  # marks a gradient, so that it can be told from a value without colour
LINE = 12  # from one number of a stack to the next
SHEET = 3  # from one outline of a stack to the one behind it
CHIP = 17  # height of a constant
APART = 2  # from one constant to the next, and from the gate
ROOM = 110  # a row of constants is as wide as this, or has one
LOCAL = 15  # height of a local gradient
BETWEEN = 6  # from the weights of a layer to their gradients
HEAD = 8  # of an arrow, up to the local gradient before it


@dataclass(frozen=True)
class Chip:
    """A constant, which sits on the gate that uses it.

    Attributes:
        name: of its item in the picture.
        slot: which operand it is, from 0.
        words: what it says.
        title: what is told on hover.
    """

    name: str
    slot: int
    words: str
    title: str

    @property
    def width(self) -> int:
        """What it takes from side to side."""
        return max(CHIP, text_width(self.words, SIZES["constant"]) + 10)

    def shapes(self, centre: Point) -> list[Shape]:
        """A round frame, and the number in it."""
        x, y = centre
        return [
            Rect(x - self.width / 2, y - CHIP / 2, self.width, CHIP, CHIP / 2, "constant", dash="3 2"),
            Text(self.words, x, y, SIZES["constant"], "muted", role="constant"),
        ]


class Chips:
    """Constants in rows, all on one side of a gate.

    Args:
        chips: in the order of the operands.
    """

    def __init__(self, chips: Sequence[Chip]) -> None:
        self.rows: list[list[Chip]] = []
        for chip in chips:
            if self.rows and _row_width([*self.rows[-1], chip]) <= ROOM:
                self.rows[-1].append(chip)
            else:
                self.rows.append([chip])

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height."""
        return max(map(_row_width, self.rows), default=0), max(len(self.rows) * (CHIP + APART) - APART, 0)

    def room(self, *, horizontal: bool) -> int:
        """What they need beside the gate: below it where the flow is horizontal, to its right otherwise."""
        return self.extent[1 if horizontal else 0] + APART if self.rows else 0

    def places(self) -> list[tuple[Chip, Point]]:
        """Where the middle of each is, from the top left."""
        found = []
        for k, row in enumerate(self.rows):
            left = 0
            for chip in row:
                found.append((chip, (left + chip.width / 2, k * (CHIP + APART) + CHIP / 2)))
                left += chip.width + APART
        return found


def _row_width(row: Sequence[Chip]) -> int:
    return sum(chip.width + APART for chip in row) - APART


@dataclass(frozen=True)
class HeatMap:
    """The weights of a dense layer as colours, and beside them the result of each neuron.

    Attributes:
        weights: from -1 to 1, a row for each neuron.
        results: the same for the results.
        titles: what is told on hover, for each neuron.
        below: another one below it, of their gradients.
    """

    weights: tuple[tuple[float, ...], ...]
    results: tuple[float, ...]
    titles: tuple[str, ...]
    below: HeatMap | None = None

    @property
    def side(self) -> int:
        """The side of a weight's square."""
        return max(2, min(12, 168 // len(self.weights[0]), 132 // len(self.weights)))

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height."""
        height = self.side * len(self.weights)
        if self.below is not None:
            height += BETWEEN + self.below.extent[1]
        return self.side * len(self.weights[0]) + 5 + max(self.side, 6), height

    def shapes(self, left: float, top: float) -> list[Shape]:
        """The rows, from their top left corner on."""
        side, width = self.side, self.side * len(self.weights[0])
        found: list[Shape] = []
        for k, (row, result, title) in enumerate(zip(self.weights, self.results, self.titles, strict=True)):
            y = top + k * side
            found.append(Heat(left, y, width, side, 0, "number", "", levels=row, title=title))
            found.append(Heat(left + width + 5, y, max(side, 6), side, 0, "number", "", levels=(result,), title=title))
        if self.below is not None:
            found += self.below.shapes(left, top + side * len(self.weights) + BETWEEN)
        return found


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
        chips: the constants among its operands.
        copies: ``"× 20"`` where it is one of a stack.
        values: the largest, the median and the least value of a stack, as written; one where all are the same.
        gradients: the same of the gradients.
        heat: the weights of a dense layer as colours.
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
    chips: tuple[Chip, ...] = ()
    copies: str = ""
    values: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    heat: HeatMap | None = None

    @property
    def is_fold(self) -> bool:
        """Whether it stands for many nodes."""
        return self.kind == "fold"

    @property
    def number_width(self) -> int:
        """The width of the widest of its numbers, or of the columns that are kept free."""
        return max(self.number_widths)

    @property
    def number_widths(self) -> tuple[int, int]:
        """The widths of its value and of its gradient, or of the columns that are kept free."""
        if self.copies:
            value, gradient = (
                max([text_width(line, SIZES["copies"]) for line in lines], default=0) for lines in (self.values, self.gradients)
            )
            return value, gradient
        free = text_width("0" * self.columns, SIZES["number"]) if self.columns else 0
        return max(text_width(self.value, SIZES["number"]), free), max(text_width(self.gradient, SIZES["number"]), free)

    @property
    def fold_width(self) -> int:
        """The width of what is written and drawn in a fold."""
        widest = max(text_width(line, SIZES["symbol"]) for line in self.lines)
        return widest if self.heat is None else max(widest, self.heat.extent[0])

    @property
    def fold_height(self) -> int:
        """The height of it."""
        return 17 * len(self.lines) + (0 if self.heat is None else self.heat.extent[1] + 8)


@dataclass(frozen=True)
class Cell(ABC):
    """How large a node is, and what is drawn in it.

    Attributes:
        words: what it says.
        direction: of the flow.
        slots: the number of places where edges arrive: one for each operand that isn't a constant; a fold has one for all.
        is_root: whether it is the result.
        is_fork: whether it is used more than once.
        length: the size along the flow.
        breadth: the size across the flow.
        shift: how far across the middle line is from the middle of the cell: below 0 where constants hang below the gate.
        pitch: from one operand's place to the next.
        lead: what the local gradients of its operands need before it, along the flow; 0 if there are none.
        tag: the width of the local gradient on the wire that leaves it; 0 if there is none.
    """

    words: Words
    direction: str
    slots: int
    is_root: bool
    is_fork: bool
    length: int
    breadth: int
    shift: float
    pitch: int
    lead: int
    tag: int

    has_wire = False  # whether its numbers stand on a wire, where a local gradient can stand as well

    @classmethod
    @abstractmethod
    def measured(
        cls, words: Words, direction: str, slots: int, *, is_root: bool, is_fork: bool, before: int = 0, tag: int = 0
    ) -> Self:
        """The cell that these words need.

        Args:
            words: what it says.
            direction: of the flow.
            slots: how many edges arrive.
            is_root: whether it is the result.
            is_fork: whether it is used more than once.
            before: the width of the widest local gradient before it; 0 if there is none.
            tag: the width of the local gradient on its wire; 0 if there is none.
        """

    @abstractmethod
    def entry(self, slot: int) -> tuple[float, float]:
        """Where an operand's edge ends: along and across."""

    @property
    @abstractmethod
    def body(self) -> tuple[int, int]:
        """The size along and across of what the constants sit on."""

    @abstractmethod
    def shapes(self, centre: Point) -> list[Shape]:
        """What is drawn."""

    def chips(self, centre: Point) -> list[tuple[Chip, Point]]:
        """The constants, and where the middle of each is.

        The first of two operands is above the gate, the second one below it; where the flow is vertical, left and right of it.
        """
        found = []
        along, across = self.body
        for side, chips in zip((-1, 1), sides(self.words, self.slots), strict=True):
            width, height = chips.extent
            beyond = self.clear if self.is_horizontal and width > along else 0
            x, y = self.point(centre, along / 2, side * (across / 2 + APART + beyond))
            if self.is_horizontal:
                left = x - _start(width, along, is_reversed=self.is_reversed)
                top = y if side > 0 else y - height
            else:
                left = x if side > 0 else x - width
                top = y - _start(height, along, is_reversed=self.is_reversed)
            found += [(chip, (left + dx, top + dy)) for chip, (dx, dy) in chips.places()]
        return found

    @property
    def clear(self) -> int:
        """How much farther than a gate the numbers on its wire reach."""
        return 0

    @property
    def is_horizontal(self) -> bool:
        """Whether the flow goes from side to side."""
        return self.direction in ("LR", "RL")

    @property
    def is_reversed(self) -> bool:
        """Whether the flow goes to the left or up."""
        return self.direction in ("RL", "BT")

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height."""
        return (self.length, self.breadth) if self.is_horizontal else (self.breadth, self.length)

    def point(self, centre: Point, along: float, across: float = 0.0) -> Point:
        """The point at a distance along the flow from the start of the gate or box, and across it from its middle line."""
        x, y = centre
        across += self.shift
        forward = along + self.lead - self.length / 2
        return {
            "LR": (x + forward, y + across),
            "RL": (x - forward, y + across),
            "TB": (x + across, y + forward),
            "BT": (x + across, y - forward),
        }[self.direction]

    @property
    def end(self) -> int:
        """How far its end, where edges leave, is from the start of the gate or box."""
        return self.length - self.lead

    def inlet(self, centre: Point, slot: int, width: int) -> Point:
        """The middle of a local gradient before an operand's place."""
        return self.point(centre, -HEAD - (width if self.is_horizontal else LOCAL) / 2, self.offset(slot))

    def outlet(self, centre: Point) -> Point:
        """The middle of the local gradient on the wire that leaves it."""
        return self.point(centre, self.end)

    def offset(self, slot: int) -> float:
        """How far from the middle line an operand's edge arrives."""
        return (slot - (self.slots - 1) / 2) * self.pitch

    def fold_texts(self, x: float, y: float) -> list[Shape]:
        """The lines of a fold, one below the other; above them the weights of a dense layer."""
        lines, heat = self.words.lines, self.words.heat
        shapes: list[Shape] = []
        if heat is not None:
            width, height = heat.extent
            shapes += heat.shapes(x - width / 2, y - self.words.fold_height / 2)
            y += (height + 8) / 2
        return shapes + [
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

    def spread(self, lines: Sequence[str], x: float, y: float, colour: str, anchor: str = "middle") -> list[Shape]:
        """The numbers of a stack, one below the other, the first one at y."""
        return [Text(line, x, y + k * LINE, SIZES["copies"], colour, anchor, role=colour) for k, line in enumerate(lines)]

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


def _start(size: float, along: float, *, is_reversed: bool) -> float:
    """From the start of the constants to the middle of what they sit on: centred if they are shorter, and else as it begins."""
    if size <= along:
        return size / 2
    return size - along / 2 if is_reversed else along / 2


def sides(words: Words, slots: int) -> tuple[Chips, Chips]:
    """The constants before the gate's middle line, and those after it."""
    first = [chip for chip in words.chips if chip.slot == 0 and slots + len(words.chips) == 2]
    return Chips(first), Chips([chip for chip in words.chips if chip not in first])


def lead(before: int, *, horizontal: bool) -> int:
    """What local gradients before a gate need along the flow, with the arrow's head and a part of the wire.

    Args:
        before: the width of the widest; 0 if there is none.
        horizontal: whether the flow goes from side to side.
    """
    return HEAD + 2 + (before if horizontal else LOCAL) if before else 0
