"""How a number is written where people read it."""

from __future__ import annotations

__all__ = ["short"]


def short(x: float, digits: int = 4) -> str:
    """Write a number as a person would: ``-12``, ``0.7311``, ``48000``, ``1.6e-09``.

    Args:
        x: any float; -0.0, inf and nan each have a form of their own.
        digits: how many significant digits to keep, 1 to 17. Whole digits before the point are never
            dropped below a million.

    Returns:
        The text.

    >>> short(-12.0), short(0.731058578), short(48123.7), short(1.6e-9), short(-0.0)
    ('-12', '0.7311', '48124', '1.6e-09', '-0')
    """
    text = f"{x:.{digits}g}"
    if "e+" in text and abs(x) < 1e6:
        text = f"{x:.0f}"
    return text
