"""`check_primitive`: one primitive over its whole domain, its partials, their derivatives, and the edges."""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import autograd

from .certificate import certify
from .checks import report_of
from .report import GradientError

__all__ = ["PrimitiveReport", "check_primitive"]


@dataclass(frozen=True)
class PrimitiveReport:
    """What `check_primitive` found.

    Attributes:
        name: the primitive.
        points: at how many points value and partials were computed.
        verdicts: how many derivatives, first and second, got which verdict from differences.
        worst: the largest distance of a partial from 50 digits, in ulps; None where there is no reference.
        edges: what happens at the finite ends of the domain.
    """

    name: str
    points: int
    verdicts: dict[str, int]
    worst: float | None
    edges: tuple[str, ...]

    def __str__(self) -> str:
        """Three lines."""
        exact = "no reference in 50 digits" if self.worst is None else f"partials within {self.worst:.3g} ulps of 50 digits"
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        return (
            f"{self.name}: {self.points} points, {exact}\n  derivatives: {counts}\n  edges: {'; '.join(self.edges) or 'none'}"
        )


def check_primitive(primitive: Any, *, points: int = 200, seed: int = 0) -> PrimitiveReport:
    """Check that a primitive is finite on its domain, and that its partials and their derivatives are right.

    Partials are compared with 50 digits where the primitive has a reference and mpmath is installed, and with Richardson
    extrapolation, like the second derivatives, at a tenth of the points.

    Args:
        primitive: what `autograd.primitive` returned, or a built-in one. Outside of its domain a built-in one raises, and such
            points are left out; a domain that was given must hold.
        points: how many points to draw.
        seed: which points.

    Returns:
        A report.

    Raises:
        GradientError: a value or a derivative is wrong.
        TypeError: this is not a primitive, or a partial can't be differentiated again.

    >>> from autograd import exp
    >>> check_primitive(exp, points=20).worst < 4
    True
    """
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    if not isinstance(primitive, autograd.Primitive):
        raise TypeError(f"check_primitive takes what autograd.primitive(...) returned, got {type(primitive).__name__}")
    fixed = dict(_fixed(primitive))
    count = primitive.arity or {"dot": 4}.get(primitive.name, 3)
    declared = getattr(primitive, "domain", None)
    domain = declared or ((-math.inf, math.inf),) * count
    rng = random.Random(seed)

    def applied(*operands: Any) -> Any:
        rest = iter(operands)
        every = [fixed[i] if i in fixed else next(rest) for i in range(count)]
        if primitive.name in ("softmax", "log_softmax"):
            return primitive(every)[0]
        if primitive.name == "dot":
            return primitive(every[:2], every[2:])
        return primitive(every) if primitive.arity is None else primitive(*every)

    free = [ends for i, ends in enumerate(domain) if i not in fixed]
    verdicts: dict[str, int] = {}
    worst: float | None = None
    done = 0
    proved = False
    for _ in range(points):
        point = [_draw(rng, *ends) for ends in free]
        leaves = [autograd.Value(x) for x in point]
        try:
            node = applied(*leaves)
        except OverflowError:
            continue
        except (ArithmeticError, ValueError) as error:
            if declared is None:
                continue
            raise GradientError(f"{primitive.name}{tuple(point)!r} raises inside its domain {domain!r}: {error}") from error
        if math.isnan(node.data):
            raise GradientError(f"{primitive.name}{tuple(point)!r} is nan inside its domain {domain!r}; narrow the domain")
        done += 1
        try:
            worst = _against_digits(node, worst)
            if done % 10 == 1 and math.isfinite(node.data):
                checks = report_of(applied, *point, order=2)[0].checks
                proved = proved or any(check.verdict == "pass" for check in checks[: len(point)])
                for check in checks:
                    verdicts[check.verdict] = verdicts.get(check.verdict, 0) + 1
        except (TypeError, ArithmeticError) as error:
            error.add_note(
                f"a partial of {primitive.name} can't be computed at {tuple(point)!r}; write it with operators and the "
                f"functions of autograd, not with math, so that it takes Values"
            )
            raise
    if not proved:
        raise GradientError(f"{primitive.name}: no derivative could be proved right at {done} points; narrow its domain")
    edges = [text for i, ends in enumerate(free) for edge in ends if (text := _edge(applied, free, i, edge, primitive.name))]
    return PrimitiveReport(primitive.name, done, verdicts, worst, tuple(edges))


def _fixed(primitive: Any) -> list[tuple[int, float]]:
    """The places of parameters, with a number for each: its default, or one that clamp can use."""
    if primitive.arity is None:
        return []
    defaults = [p.default for p in inspect.signature(primitive).parameters.values()]
    fixed = [i for i, partial in enumerate(primitive.partials) if partial is None]
    return [(i, float(i) if defaults[i] is inspect.Parameter.empty else defaults[i]) for i in fixed]


def _draw(rng: random.Random, low: float, high: float) -> float:
    """Half of the points everyday ones, the others over magnitudes, or close to an end of the domain."""
    floor, ceiling = max(low, -5.0), min(high, 5.0)
    if floor >= ceiling:  # the domain lies far from zero
        floor, ceiling = low, high if math.isfinite(high) else 2.0 * abs(low)
        floor = floor if math.isfinite(floor) else -2.0 * abs(high)
    if rng.random() < 0.5:
        return rng.uniform(floor, ceiling)
    size = 10.0 ** rng.uniform(-8.0, 3.0)
    ends = [x for x in (low + size, high - size) if math.isfinite(x)] or [size, -size]
    x = rng.choice(ends)
    return x if low < x < high else rng.uniform(floor, ceiling)


def _against_digits(node: Any, worst: float | None) -> float | None:
    """One node against 50 digits; where there is no reference or no mpmath, differences must do."""
    try:
        found = certify(node)
    except ImportError:
        return worst
    return worst if found.skipped else max(worst or 0.0, found.worst)


def _edge(applied: Any, domain: Sequence[tuple[float, float]], i: int, edge: float, name: str) -> str:
    """What happens where operand i is at an end of its domain; a nan there is an error."""
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    if not math.isfinite(edge):
        return ""
    point = [_middle(*ends) for ends in domain]
    point[i] = edge
    call = f"{name}({', '.join(map(repr, point))})"
    try:
        node = applied(*[autograd.Value(x) for x in point])
        partials = node.local_gradients()
    except (ArithmeticError, ValueError) as error:
        return f"{call} raises {type(error).__name__}"
    if any(map(math.isnan, (node.data, *partials))):
        raise GradientError(f"{call} is {node.data!r} with partials {partials!r} at the edge of its domain; nan hides mistakes")
    return f"{call} = {node.data:.6g}, partials {', '.join(f'{p:.6g}' for p in partials)}"


def _middle(low: float, high: float) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2.0
    return low + 1.0 if math.isfinite(low) else high - 1.0 if math.isfinite(high) else 0.5
