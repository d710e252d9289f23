"""What a check found, and how it says so: in few lines that a person can act on."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Finding", "GradientError", "InconclusiveWarning", "InputCheck", "Report", "off_by", "ulps_between"]


class GradientError(AssertionError):
    """A derivative is wrong; the message says which, and `report` holds everything that was found.

    Args:
        message: what is wrong, in at most ten lines.
        report: the `Report` or the `Certificate` of the check.
    """

    def __init__(self, message: str, report: object = None) -> None:
        super().__init__(message)
        self.report = report


class InconclusiveWarning(UserWarning):
    """A derivative was neither shown to be right nor to be wrong; the message says which, and why."""


@dataclass(frozen=True)
class Finding:
    """One operation that is wrong, or a step of the backward pass that is.

    Attributes:
        what: the kind: "value", "local gradient" or "adjoint".
        operation: the operation with its operands, as text.
        where: which operand or node it is about.
        expected: the right number.
        got: the number that was found.
        allowed: how many ulps, or how much, it may be off.
    """

    what: str
    operation: str
    where: str
    expected: float
    got: float
    allowed: str

    def __str__(self) -> str:
        """Four lines: the operation, expected, got, distance."""
        where = f" {self.where}" if self.where else ""
        return (
            f"{self.what} of {self.operation}{where}\n"
            f"  expected  {self.expected!r}\n"
            f"  got       {self.got!r}\n"
            f"  off by    {off_by(self.got, self.expected)}; allowed: {self.allowed}"
        )


@dataclass(frozen=True)
class InputCheck:
    """The verdict on one derivative.

    Attributes:
        name: which derivative, such as ``"df/dx"``.
        verdict: "pass", "fail", "kink" or "inconclusive".
        got: the gradient under test.
        expected: the derivative by Richardson extrapolation.
        error: a bound for the error of `expected`.
        step: the smallest step it was computed from.
        scale: the sum of the absolute values of all terms of the gradient.
        note: what else there is to say; may be empty.
    """

    name: str
    verdict: str
    got: float
    expected: float
    error: float
    step: float
    scale: float
    note: str = ""

    def __str__(self) -> str:
        """One line."""
        expected = f"expected {self.expected!r} +- {self.error:.1g} (step {self.step:.1g})"
        text = f"{self.name}: {self.verdict}, got {self.got!r}, {expected}"
        return f"{text}; {self.note}" if self.note else text


@dataclass(frozen=True)
class Report:
    """What `check_gradients` found: one `InputCheck` for each derivative.

    Attributes:
        checks: the verdicts, in the order of the inputs; second derivatives follow.
        point: where.
    """

    checks: tuple[InputCheck, ...]
    point: tuple[float, ...]

    @property
    def verdict(self) -> str:
        """The worst verdict: "fail", "inconclusive", "kink" or "pass"."""
        found = {check.verdict for check in self.checks}
        return next((v for v in ("fail", "inconclusive", "kink") if v in found), "pass")

    def __str__(self) -> str:
        """One line for each derivative."""
        return "\n".join(map(str, self.checks))


def ulps_between(got: float, expected: float) -> float:
    """How many units in the last place of ``expected`` lie between the two.

    >>> ulps_between(1.0 + 2**-51, 1.0)
    2.0
    """
    if got == expected:
        return 0.0
    if not (math.isfinite(got) and math.isfinite(expected)):
        return math.inf
    return abs(got - expected) / math.ulp(expected)


def off_by(got: float, expected: float) -> str:
    """The distance of two numbers in words.

    >>> off_by(1.0 + 2**-51, 1.0)
    '4.44e-16, 2 ulps'
    """
    return f"{abs(got - expected):.3g}, {ulps_between(got, expected):.3g} ulps"
