"""Pass, kink, fail or inconclusive: what differences say about one derivative, in words."""

from __future__ import annotations

import math

from .differences import Derivative

__all__ = ["BELOW", "ROUGH", "SHARP", "SINGLE", "TRIFLE", "verdict"]

SHARP = 1e-6  # an estimate whose error is above this part of the derivative's scale proves nothing
SETTLED = 1e-3  # the limits from the two sides, which converge more slowly, must be known to this part of the scale
TRIFLE = 1e-10  # a kink nearer than the finest step can hide a difference below this part of the scale

COARSER = "a coarser scale says something else: f has steps, or its rounding shows"
FINER = "a finer scale says something else: f has structure too fine for differences"
NEAR = "just outside the error bound"
NO_LIMIT = "the differences do not converge: f is rough here"
NO_VALUES = "f has no values around this point to compare with"
UNSETTLED = "the differences from one side do not settle: f is rough here"
WIDE = "the error bound is too wide to tell: f is noisy or rough here"
BELOW = "too small to be seen: numbers as large as the inputs are rounded by more"
SINGLE = "f computes in single precision, which hides the answer"
ROUGH = (
    "f isn't smooth at any scale where this gradient could be right: its values jump by about {jump:.1g} around here, and "
    "rounding explains {rounding:.1g}; that looks like a solver that has not converged, a table or arithmetic that loses digits"
)


def verdict(
    got: float, size: float, found: Derivative, tolerance: float | None = None, reach: float | None = None
) -> tuple[str, str]:
    """The verdict on a gradient, and the reason.

    Args:
        got: the gradient.
        size: its scale, the sum of the absolute values of its terms.
        found: what differences say.
        tolerance: how much the gradient may be off, as a part of its scale; None for no more than the computed error.
        reach: the scale that an estimate must be sharp beside, where it is larger than `size`: that of a whole row of
            derivatives, or of f's slope over large steps.
    """
    central = found.central
    if not math.isfinite(size):
        size, reach = abs(central.value), None
    reach = size if reach is None else max(size, reach)
    sharp = central.error <= SHARP * reach
    settled = found.unsettled <= SETTLED * reach
    contradicted = found.contradicted > SHARP * reach
    passes = sharp and settled and not contradicted and not central.excludes(got)
    if not passes and found.finest_agree(got, SHARP * size):  # a derivative is about the finest scale that can be seen
        return "pass", ""
    # A one-sided difference converges slowly; where the central one agrees, a small gap between the sides is not a kink.
    # The same where the central one looked much closer than the others: they saw another scale.
    closer = passes and central.step < 0.1 * max(found.left.step, found.right.step)
    if not closer and found.kink(reach, 1e-6 if passes else 1e-9):
        low, high = sorted((found.left, found.right), key=lambda e: e.value)
        limits = f"the limits from the two sides are {found.left.value:.6g} and {found.right.value:.6g}"
        if contradicted or found.sides_contradicted:
            return "inconclusive", f"{limits}, and a finer scale says something else"
        return ("kink" if low.value - low.error <= got <= high.value + high.error else "fail"), limits
    if tolerance is not None and abs(got - central.value) <= max(central.error, tolerance * size):
        return "pass", ""
    if not central.excludes(got):
        if passes or (found.constant and got == 0.0):
            return "pass", ""
        if sharp and contradicted:
            return "inconclusive", FINER
        return "inconclusive", UNSETTLED if sharp else WIDE
    if central.error == math.inf:
        return "inconclusive", NO_VALUES
    if contradicted:
        return "inconclusive", FINER
    if found.seen_coarser(got) or abs(got - central.value) <= found.doubt:
        return "inconclusive", COARSER
    if not settled and not abs(got - central.value) > found.unsettled:
        return "inconclusive", UNSETTLED
    if not central.converged:
        return "inconclusive", NO_LIMIT
    if abs(got - central.value) <= max(2.0 * central.error, TRIFLE * size):
        return "inconclusive", NEAR
    if central.error > 1e-3 * max(abs(got), abs(central.value), size):
        return "inconclusive", WIDE
    return "fail", ""
