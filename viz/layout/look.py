"""How a picture is drawn: its options, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..scene.themes import THEMES

__all__ = ["DIRECTIONS", "STYLES", "WEIGHTS", "Look", "check_count"]

STYLES = ("circuit", "boxes")
DIRECTIONS = ("LR", "RL", "TB", "BT")
WEIGHTS = ("lines", "numbers")


@dataclass(frozen=True)
class Look:
    """How a picture is drawn.

    Attributes:
        style: ``"circuit"`` or ``"boxes"``.
        theme: a key of `viz.scene.themes.THEMES`.
        direction: ``"LR"``, ``"RL"``, ``"TB"`` or ``"BT"``: where the results are.
        precision: significant digits, 1 to 17.
        local_gradients: whether the local gradient is written on every edge.
        numbered: whether a node without a label shows the number that stands for it in formulas, as ``#3``.
        weights: ``"lines"``, wide where a weight is large and dashed where it is negative, or ``"numbers"`` on these lines.
        room: how many columns every number has at least, 0 to 40, so that nothing moves when it gets longer.
        ghosts: whether each number has room beside it for a small one, which a page fills in.
        flow: whether a page makes each wire as wide as what flows back along it, and not as a weight.

    Raises:
        ValueError: an option is unknown; the message lists the known ones.
    """

    style: str = "circuit"
    theme: str = "light"
    direction: str = "LR"
    precision: int = 4
    local_gradients: bool = False
    numbered: bool = False
    weights: str = "lines"
    room: int = 0
    ghosts: bool = False
    flow: bool = False

    def __post_init__(self) -> None:
        """Check the options."""
        _check_choice("style", self.style, STYLES)
        _check_choice("theme", self.theme, tuple(THEMES))
        _check_choice("direction", self.direction, DIRECTIONS)
        _check_choice("weights", self.weights, WEIGHTS)
        check_count("precision", self.precision, 1, 17)
        check_count("room", self.room, 0, 40)

    @property
    def is_horizontal(self) -> bool:
        """Whether the flow goes from side to side."""
        return self.direction in ("LR", "RL")


def check_count(what: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number in a range.

    Raises:
        ValueError: with the range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        limit = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise ValueError(f"{what}={value!r:.60} must be a whole number {limit}")


def _check_choice(what: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{what}={value!r} is unknown; it is one of {', '.join(repr(k) for k in known)}")
