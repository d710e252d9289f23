"""Programs read off an engine's nodes, and floats compared to the last bit: what the tests of tapes share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.program import Program


def bits(x: float) -> str:
    """A float down to its sign; every nan is the same."""
    return "nan" if x != x else x.hex()


def read(engine: Any, f: Callable[..., Any], inputs: Sequence[Any], in_order: bool = False) -> Program:
    """What f computes from Values of an engine, as a program."""
    births = engine.Births()
    births.start()
    try:
        found = f(*inputs)
    finally:
        births.stop()
    roots = list(found) if isinstance(found, (list, tuple)) else [found]
    captured, constants, table, ops, starts, operands, slots, _, labels = engine._read_graph(
        births, inputs, roots, [], in_order
    )
    return Program(len(inputs), captured, constants, table, ops, starts, operands, (), tuple(slots), labels)


def written(program: Program, **changed: Any) -> Program:
    """A program with some parts changed."""
    names = ("inputs", "captured", "constants", "records", "ops", "starts", "operands", "guards", "outputs", "labels")
    parts = {name: getattr(program, name) for name in names}
    return Program(**{**parts, **changed})
