"""The result as an aligned table, and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ..digits import short
from ..graph.alarm import is_alarming
from ..graph.reading import read
from ..graph.sentences import alarm
from ..text import aligned, visible
from ..views.explain import Explanation
from .language import Program, Row

__all__ = ["as_json", "as_table"]

DIGITS = 6
NO_GRADIENT = "-"
GREEN, RED, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[0m"


def _rows(program: Program, *, everything: bool) -> list[Row]:
    return [row for row in program.rows if everything or row.kind != "intermediate"]


def as_table(program: Program, *, everything: bool, colour: bool) -> str:
    """Node, value and gradient: inputs first, then what was computed, the result last.

    Args:
        program: what was computed, after backward.
        everything: show nodes without a name as well.
        colour: values in green and gradients in red, for a terminal.

    Returns:
        The table, a line for the known constants that were used, and one that names the first number that is inf or nan.
        ``-`` stands where the result does not depend on a node.
    """
    rows = [("node", "value", "gradient")]
    for row in _rows(program, everything=everything):
        node = row.value
        gradient = short(node.grad, DIGITS) if node.has_grad else NO_GRADIENT
        rows.append((visible(row.name or row.expression), short(node.data, DIGITS), gradient))
    lines = []
    for i, (name, value, gradient) in enumerate(aligned(rows, "lrr")):
        if colour and i:
            value, gradient = f"{GREEN}{value}{PLAIN}", f"{RED}{gradient}{PLAIN}"
        lines.append(f"{name}  {value}  {gradient}")
    if program.constants:
        lines.append("constants: " + ", ".join(f"{name} = {short(x, DIGITS)}" for name, x in program.constants.items()))
    if any(is_alarming(row.value.data) or is_alarming(row.value.grad) for row in program.rows):
        lines.append(alarm(read(program.result.value)))
    return "\n".join([line for line in lines if line])


def as_json(
    program: Program,
    picture: str | None,
    *,
    everything: bool,
    pages: Mapping[str, str | None],
    explanation: Explanation | None,
) -> str:
    """The same as strict JSON, each number with all its digits.

    Args:
        program: what was computed, after backward.
        picture: the file that the picture was written to, or None.
        everything: list nodes without a name as well.
        pages: the files that the walk and the page to play with were written to, by option; None where none was asked for.
        explanation: why one gradient is what it is, or None.

    Returns:
        One object with ``nodes`` (each with name, expression, kind, value, gradient), ``result`` (the last of them) and
        ``picture``; ``constants`` where known ones were used; ``steps``, ``play`` and ``explanation`` where asked for.
        JSON has no nan and no inf: they are the strings ``"nan"``, ``"inf"`` and ``"-inf"``. A gradient
        is null where the result does not depend on the node; a name is null where there is none.
    """
    nodes = [_json_row(row) for row in _rows(program, everything=everything)]
    answer: dict[str, Any] = {"nodes": nodes, "result": nodes[-1], "picture": picture}
    if program.constants:
        answer["constants"] = program.constants
    answer |= {option: name for option, name in pages.items() if name is not None}
    if explanation is not None:
        paths = [{"nodes": list(path.names), "product": _json_number(path.product)} for path in explanation.paths]
        answer["explanation"] = {
            "gradient": _json_number(explanation.gradient), "path_count": explanation.path_count, "paths": paths,
            "rest": _json_number(explanation.rest),
        }  # fmt: skip
    return json.dumps(answer, indent=2, allow_nan=False)


def _json_row(row: Row) -> dict[str, Any]:
    node = row.value
    return {
        "name": row.name or None,
        "expression": row.expression,
        "kind": row.kind,
        "value": _json_number(node.data),
        "gradient": _json_number(node.grad) if node.has_grad else None,
    }


def _json_number(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
