"""Numbers as people read them."""

from __future__ import annotations

import math

__all__ = ["before_after", "count_text", "or_zero", "short"]

WRITTEN_OUT = 21  # digits of a whole number; a longer one can't be read


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


def count_text(count: int, about: str = "about") -> str:
    """Write a count; of a very long one, three digits and the power of ten.

    >>> count_text(10_001), count_text(2**1000)
    ('10,001', 'about 1.07e+301')
    """
    if count < 10**WRITTEN_OUT:
        return f"{count:,}"
    logarithm = math.log10(count)  # of a whole number of any size; float(count) and str(count) have their limits
    digits, _, carried = f"{10 ** (logarithm % 1):.2e}".partition("e+")
    return f"{about} {digits}e+{int(logarithm) + int(carried)}"


def or_zero(x: float | None) -> float:
    """The number, or 0.0 where there is none.

    >>> or_zero(None), or_zero(-0.0)
    (0.0, -0.0)
    """
    return 0.0 if x is None else x


def before_after(before: float | None, after: float | None, precision: int, arrow: str = "->", missing: str = "not yet") -> str:
    """Two numbers as ``2 -> 5``, or one where they are the same.

    >>> before_after(2.0, 5.0, 4), before_after(2.0, 2.0, 4)
    ('2 -> 5', '2')
    >>> before_after(None, 1.0, 4), before_after(0.1, 0.1000001, 4)
    ('not yet -> 1', '0.1 -> 0.1000001')
    """
    if repr(before) == repr(after):
        return missing if after is None else short(after, precision)
    texts = [missing if number is None else short(number, precision) for number in (before, after)]
    if texts[0] == texts[1] and before is not None and after is not None:
        texts = [f"{number:.{precision + 3}g}" for number in (before, after)]
        if texts[0] == texts[1]:
            texts = [repr(before), repr(after)]
    return f"{texts[0]} {arrow} {texts[1]}"
