"""`certify`: every step of a recorded graph against 50 digits, and the backward pass against exact sums.

Each operation is judged by itself, at the operands that it had. So no condition number gets in the way, no tolerance is
chosen, and what is wrong has a name.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import autograd

from .differences import UNIT, differentiate
from .graphs import adjoints, engine_of, is_value, operation
from .interpretations import again, direction, may_go_on
from .report import Finding, GradientError, ulps_between

__all__ = ["Certificate", "certify", "first_finding"]

VALUE_ULPS, PARTIAL_ULPS = 2.0, 4.0  # what the kernels promise
INNER_ULPS = 16.0  # the records that occur in graphs of derivatives only; their partials are plain formulas
CUSTOM_ULPS = 2.0**12  # a user's own formula is plain arithmetic and may lose a few digits: twelve must be right
SLOPE_ULPS = 2.0**12  # and so may the derivatives of partials, which are sums of products
TINY = Fraction(5e-324)  # each product may underflow by as much


@dataclass(frozen=True)
class Certificate:
    """What `certify` found.

    Attributes:
        nodes: how many nodes the graph has.
        checked: how many values and local gradients were compared.
        worst: the largest distance of a local gradient, in ulps.
        skipped: names of operations that nothing is known about, or that are not finite.
        findings: what is wrong; empty if all is right.
        floats_only: names of operations whose local gradients were compared as `backward` takes them, on floats, and not as a
            graph of derivatives does: they raise there, or have more than 64 operands.
    """

    nodes: int
    checked: int
    worst: float
    skipped: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    floats_only: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and four for each finding."""
        state = f"{len(self.findings)} wrong" if self.findings else "all right"
        head = f"{self.nodes} nodes, {self.checked} numbers compared, {state}; worst local gradient {self.worst:.2g} ulps"
        skipped = f"; not compared: {', '.join(self.skipped)}" if self.skipped else ""
        floats = f"; on floats only: {', '.join(self.floats_only)}" if self.floats_only else ""
        return "\n".join([head + skipped + floats, *map(str, self.findings)])


def certify(value: Any, *, strict: bool = False) -> Certificate:
    """Check each value, each local gradient and each sum of the backward pass of a recorded graph.

    Values must be within 2 ulps and local gradients within 4 of a reference in 50 digits (16 for the inner operations of a
    graph of derivatives, 4096 for a user's own primitive); the gradient of each node must be
    the exact sum of upstream times local gradient within the rounding of a sum of that length.

    Local gradients are computed on floats, on Values and on dual numbers, since derivatives of higher order take the latter
    two; there their own derivatives, along one direction, must have twelve right digits.

    Args:
        value: the result whose graph is checked. Its gradients, and those of all nodes, stay as they were.
        strict: whether an operation that could not be compared raises as well.

    Returns:
        A certificate that says how much was compared.

    Raises:
        GradientError: something is wrong; the message names the operation and its operands.
        ImportError: mpmath is not installed.
        TypeError: value is not a Value.

    >>> from autograd import Value
    >>> from autograd.testing import certify
    >>> x = Value(0.5)
    >>> certify(x.sin() * x).findings
    ()
    """
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    if not is_value(value):
        raise TypeError(f"certify takes a Value, the result of an expression, got {type(value).__name__}")
    reference = _reference()
    nodes = engine_of(value).topological_order(value)
    findings: list[Finding] = []
    skipped: set[str] = set()
    floats_only: set[str] = set()
    checked, worst = 0, 0.0
    for node in nodes:
        if not node.parents:
            continue
        compared = _compare(node, reference)
        if compared is None:
            skipped.add(node.op.name)
            continue
        checked += 1 + len(node.parents)
        worst = max(worst, compared[0])
        findings += compared[1]
        if not compared[1]:  # else the same would be said again
            again_found = _compare_again(node, reference)
            if again_found is None:
                floats_only.add(node.op.name)
            findings += again_found or []
    findings += _accumulation(nodes, adjoints(value, nodes))
    certificate = Certificate(len(nodes), checked, worst, tuple(sorted(skipped)), tuple(findings), tuple(sorted(floats_only)))
    if findings:
        more = f"\n  and       {len(findings) - 1} more; they are in error.report" if len(findings) > 1 else ""
        raise GradientError(f"{findings[0]}{more}", certificate)
    if skipped and strict:
        raise GradientError(f"nothing to compare with, or not finite: {', '.join(certificate.skipped)}", certificate)
    return certificate


def _reference() -> Any:
    try:
        return importlib.import_module("autograd.testing.reference")
    except ModuleNotFoundError as error:
        if error.name != "mpmath":
            raise
        raise ImportError('certify needs mpmath for its 50 digits; pip install "glassgrad[proof]"') from None


def _plain(node: Any) -> tuple[list[float], list[int]]:
    """The numbers of a node's operands, and which of them are Values."""
    numbers = [x.data if is_value(x) else x for x in node.operands]
    return numbers, [i for i, x in enumerate(node.operands) if is_value(x)]


def _allowed(op: Any) -> tuple[float, float]:
    """How many ulps a value and a local gradient may be off."""
    if hasattr(op, "domain"):
        return CUSTOM_ULPS, CUSTOM_ULPS
    return (VALUE_ULPS, PARTIAL_ULPS) if op.name in autograd.primitives() else (INNER_ULPS, INNER_ULPS)


def _least(node: Any, number: float) -> float:
    """The size that a local gradient is measured by at least."""
    # A partial of an inner operation may be a difference that cancels; then the operation's own size is the measure.
    return abs(node.data / number) if _allowed(node.op)[1] == INNER_ULPS and number else 0.0


def _compare(node: Any, reference: Any) -> tuple[float, list[Finding]] | None:
    numbers, positions = _plain(node)
    known = reference.truth(node.op, numbers, positions)
    if known is None or not math.isfinite(node.data):
        return None
    exact, partials = known
    findings = []
    where = f"(node {node.label!r})" if node.label else ""
    value_ulps, partial_ulps = _allowed(node.op)
    if _distance(node.data, exact) > value_ulps:
        hint = "" if not any(p.is_leaf for p in node.parents) else "; or the data of a leaf was changed since"
        findings.append(Finding("value", operation(node), where, float(exact), node.data, f"{value_ulps:g} ulps{hint}"))
    worst = 0.0
    for i, local, partial in zip(positions, node.local_gradients(), partials, strict=True):
        if partial is None:  # no real derivative there; the engine says nan or follows a convention
            continue
        distance = _distance(local, partial, _least(node, numbers[i]))
        if distance > partial_ulps:
            text = " ".join(filter(None, [f"to operand {i}", where]))
            findings.append(Finding("local gradient", operation(node), text, float(partial), local, f"{partial_ulps:g} ulps"))
        worst = max(worst, distance)
    return worst, findings


def _compare_again(node: Any, reference: Any) -> list[Finding] | None:
    """The local gradients on Values and on dual numbers, and their derivatives; None where they take floats only."""
    numbers, positions = _plain(node)
    found = again(node, numbers, positions)
    if not found:
        return None
    _, partials = reference.truth(node.op, numbers, positions)
    slopes: list[Any] = [None] * len(partials)
    if may_go_on(node, numbers, node.local_gradients()):
        slopes = reference.slopes(node.op, numbers, positions, direction(numbers, positions))
    lost = reference.LOST.get(node.op.name, lambda xs, i: 0.0)
    findings = []
    for other in found:
        for k, i in enumerate(positions):
            text = " ".join(filter(None, [f"to operand {i} {other.how}", f"(node {node.label!r})" if node.label else ""]))
            exact, got = partials[k], other.partials[k]
            if exact is None:
                continue
            allowed = _allowed(node.op)[1] + lost(numbers, i)
            if _distance(got, exact, _least(node, numbers[i])) > allowed:
                findings.append(Finding("local gradient", operation(node), text, float(exact), got, f"{allowed:.3g} ulps"))
            elif slopes[k] is not None and _distance(other.slopes[k], slopes[k], max(abs(got), found[0].sizes[k])) > SLOPE_ULPS:
                what = "derivative of the local gradient"
                findings.append(Finding(what, operation(node), text, float(slopes[k]), other.slopes[k], f"{SLOPE_ULPS:g} ulps"))
    return findings


def _distance(got: float, exact: Any, least: float = 0.0) -> float:
    """The distance in ulps of the correctly rounded number, or of ``least`` if that is larger."""
    rounded = float(exact)
    if not (math.isfinite(rounded) and math.isfinite(got)):
        return ulps_between(got, rounded)
    return float(abs(exact - got) / max(math.ulp(rounded), math.ulp(least)))


def _accumulation(nodes: Sequence[Any], gradients: Sequence[float]) -> list[Finding]:
    """Nodes whose gradient is not the sum of upstream times local gradient, within the rounding of such a sum."""
    found = dict(zip(nodes, gradients, strict=True))
    terms: dict[Any, list[Fraction]] = {node: [] for node in nodes}
    known = dict.fromkeys(nodes, True)
    terms[nodes[-1]].append(Fraction(1))
    for node in reversed(nodes):
        upstream = found[node]
        if upstream == 0.0:
            continue
        for parent, local in zip(node.parents, node.local_gradients(), strict=True):
            if math.isfinite(upstream) and math.isfinite(local):
                terms[parent].append(Fraction(upstream) * Fraction(local))
            else:
                known[parent] = False
    findings = []
    for number, node in enumerate(nodes):
        if not known[node]:
            continue
        exact = sum(terms[node], Fraction(0))
        size = sum(map(abs, terms[node]), Fraction(0))
        bound = (len(terms[node]) + 1) * (Fraction(UNIT) * size + TINY)
        got = found[node]
        if not (abs(Fraction(got) - exact) <= bound if math.isfinite(got) else size > Fraction(1.7e308)):
            text = operation(node) if node.parents else f"leaf {node.label or repr(node.data)}"
            allowed = f"{float(bound):.2g}, the rounding of {len(terms[node])} terms"
            findings.append(Finding("adjoint", text, f"(node {number} of {len(nodes)})", float(exact), got, allowed))
    return findings


def first_finding(nodes: Sequence[Any]) -> str:
    """In one line the first operation of a graph that is wrong; empty if none is seen to be.

    Against 50 digits where mpmath is installed, else by differences of the primitive's own function.
    """
    try:
        reference = _reference()
    except ImportError:
        reference = None
    for node in nodes:
        if not node.parents:
            continue
        compared = _compare(node, reference) if reference else None
        findings = compared[1] if compared else _by_differences(node)
        for f in findings:
            return f"{f.what} of {f.operation} {f.where}: expected {f.expected!r}, got {f.got!r}"
    for f in _accumulation(nodes, adjoints(nodes[-1], nodes)):
        return f"every local gradient is right; adjoint of {f.operation} {f.where}: expected {f.expected!r}, got {f.got!r}"
    return ""


def _by_differences(node: Any) -> list[Finding]:
    """The local gradients of one node against differences of its function, where nothing better is known."""
    op = node.op
    numbers, positions = _plain(node)
    findings = []
    for i, local in zip(positions, node.local_gradients(), strict=True):

        def sample(x: float, i: int = i) -> tuple[float, float] | None:
            operands = (*numbers[:i], x, *numbers[i + 1 :])
            try:
                value = op.evaluate(operands, operands)
            except (ArithmeticError, ValueError):
                return None
            return (value, 4.0 * UNIT * abs(value)) if math.isfinite(value) else None

        found = differentiate(sample, numbers[i])
        central = found.central
        told = central.converged and not found.contradicted and not found.kink(abs(local))
        if told and 2.0 * central.error < min(abs(local - central.value), 2e-3 * abs(central.value)):
            allowed = f"{central.error:.1g}, the error of differences"
            findings.append(Finding("local gradient", operation(node), f"to operand {i}", central.value, local, allowed))
    return findings
