"""Which layout of a picture fits a width: as it is, turned by a quarter, or in rows."""

from __future__ import annotations

from collections.abc import Callable

from .rows import cut_wires, in_rows
from .shapes import Scene

__all__ = ["PHONE", "fitting", "on_stage", "shown"]

PHONE = 480  # pixels: a width up to this is a phone's, where a picture is moved with a finger and its type is not made smaller
READABLE = 10 / 11  # the smallest type of a picture has 11 points, and 10 can still be read
SMALLEST = 0.6  # a picture that would have to be smaller to fit is scrolled: its words could not be read
HEIGHT = 18 / 17  # of a page, for its width: 900 pixels for 850
STAGE = 820, 418  # pixels that the stage of a page has in a notebook of 850, wide and high
GAIN = 1.2  # how much larger a picture that was turned, or cut into rows, must be shown to be worth it
CUTS = 8  # wires that are cut between two rows; more can't be followed from letter to letter


def fitting(scene: Scene, turned: Callable[[], Scene | None], width: float) -> Scene:
    """The first of three that fits a page of this width at a size that can be read, or else what comes nearest to that.

    On a phone, where fingers move the picture up and down more easily, that is the turned one, unless it is wider.

    Args:
        scene: the picture as it is.
        turned: makes the same picture with its flow turned by a quarter; None where it must not be turned.
        width: of the page, in pixels.
    """
    most = width if width <= PHONE else width / READABLE
    if scene.width <= most and scene.height <= most * HEIGHT:
        return scene
    found = [scene]
    other = turned()
    if other is not None:
        if other.width < scene.width if width <= PHONE else (other.width <= most and other.height <= most * HEIGHT):
            return other
        found.append(other)
    found += _rows(scene, most)
    return min(found, key=lambda each: (max(each.width / most, 1.0), max(each.height / (most * HEIGHT), 1.0)))


def _rows(scene: Scene, width: float) -> list[Scene]:
    """The picture in rows, if it is wider than this and can be followed from row to row."""
    rows = in_rows(scene, width) if scene.width > width else None
    return [] if rows is None or max(cut_wires(rows), default=0) > CUTS else [rows]


def on_stage(scene: Scene, turned: Callable[[], Scene | None]) -> Scene:
    """The one of three that the stage of a page, which shows the whole picture, shows largest; as it is, if that can be read.

    Args:
        scene: the picture as it is.
        turned: as for `fitting`.
    """

    def size(each: Scene) -> float:
        return min(1.0, STAGE[0] / each.width, STAGE[1] / each.height)

    if size(scene) >= READABLE:
        return scene
    other = turned()
    found = [*([] if other is None else [other]), *_rows(scene, STAGE[0])]
    best = max(found, key=size, default=scene)
    return best if size(best) > GAIN * size(scene) else scene


def shown(scene: Scene, width: float) -> float:
    """How large a picture is shown where it has this width, in pixels for a point: not larger than it is, and not too small.

    >>> shown(Scene(1000, 100, "light", []), 850), shown(Scene(500, 980, "light", []), 850) * 980
    (0.85, 900.0)
    """
    if width <= PHONE:
        return 1.0
    scale = min(1.0, max(width / scene.width, SMALLEST))
    lower = width * HEIGHT / scene.height
    return lower if READABLE <= lower < scale else scale
