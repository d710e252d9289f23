"""Bugs that are planted in tapes and programs: the checks of derivatives refuse them through compile, the comparison too."""

from __future__ import annotations

import array
import importlib
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from oracle import Pair, drawn, random_function, random_point

import autograd as ag
from autograd.testing import GradientError, check_gradients

pytestmark = [
    pytest.mark.filterwarnings("ignore::autograd.EagerWarning"),
    pytest.mark.filterwarnings("ignore::autograd.testing.InconclusiveWarning"),
]

compiled = importlib.import_module("autograd.compiled")
recording = importlib.import_module("autograd.recording")
programs = importlib.import_module("autograd.program")


class WrongTape:
    """A tape that builds the graph and walks back along it in a wrong way."""

    def __init__(self, program: Any, active: bytes, walk: Callable[..., Any]) -> None:
        self.program, self.active, self.walk = program, active, walk

    def _graph(self, numbers: Sequence[float]) -> tuple[list[Any], list[Any]]:
        program = self.program
        given = [*numbers, *[v.data for v in program.captured]]
        flags = [*self.active, *([1] * len(program.captured))]
        leaves = [ag.Value(x) for x in given]
        slots: list[Any] = [v if on else v.data for v, on in zip(leaves, flags, strict=True)] + list(program.constants)
        for record, places in program:
            operands = tuple(slots[place] for place in places)
            plain = tuple(getattr(x, "data", x) for x in operands)
            first = next((x for x in operands if hasattr(x, "data")), None)
            if record is programs.stop:
                slots.append(plain[0])
            elif first is None:
                slots.append(record.evaluate(plain, plain))
            else:
                slots.append(first.interpret(record, operands))
        for guard in program.guards:
            if not guard.holds([getattr(x, "data", x) for x in slots]):
                raise programs.Stale(0)
        return slots, [v for v, on in zip(leaves, flags, strict=True) if on]

    def values(self, numbers: Sequence[float]) -> list[float]:
        slots, _ = self._graph(numbers)
        return [getattr(slots[k], "data", slots[k]) for k in self.program.outputs]

    def sweep(self, numbers: Sequence[float], k: int = 0) -> tuple[float, list[float]]:
        slots, wanted = self._graph(numbers)
        root = slots[self.program.outputs[k]]
        if not hasattr(root, "data"):
            return root, [0.0] * len(wanted)
        nodes = ag.topological_order(root)
        found = dict(zip(nodes, self.walk(root, nodes), strict=True))
        return root.data, [found.get(v, 0.0) for v in wanted]

    def jacobian(self, numbers: Sequence[float]) -> tuple[list[float], list[list[float]]]:
        pairs = [self.sweep(numbers, k) for k in range(len(self.program.outputs))]
        return [value for value, _ in pairs], [row for _, row in pairs]

    def node(self, primitive: Any, given: Sequence[Any]) -> Any:
        return self.nodes([primitive], given)[0]

    def nodes(self, primitives: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        operands = (*given, *self.program.captured)
        first = next(x for x in operands if hasattr(x, "data"))
        numbers = [getattr(x, "data", x) for x in given]
        wide = WrongTape(self.program, bytes(hasattr(x, "data") for x in given), self.walk)
        pairs = [wide.sweep(numbers, k) for k in range(len(primitives))]
        if not recording_is_on():
            return [ag.Value(value) for value, _ in pairs]
        return [first._engine._one_node(p, operands, value, row) for p, (value, row) in zip(primitives, pairs, strict=True)]


def recording_is_on() -> bool:
    """Whether nodes have parents just now."""
    return bool((ag.Value(1.0) * 2.0).parents)


def plant(monkeypatch: pytest.MonkeyPatch, walk: Callable[..., Any]) -> None:
    """From now on compiled functions are differentiated in this way."""
    monkeypatch.setattr(compiled.Path, "tape", lambda path, active: WrongTape(path.program, active, walk))
    monkeypatch.setattr(compiled._Traced, "_install", lambda traced, entry, path: None)


def right(root: Any, nodes: Sequence[Any]) -> list[float]:
    """The way back as it should be."""
    found = dict.fromkeys(nodes, 0.0)
    found[nodes[-1]] = 1.0
    for node in reversed(nodes):
        if found[node]:
            for parent, local in zip(node.parents, node.local_gradients(), strict=True):
                found[parent] += found[node] * local
    return [found[node] for node in nodes]


def refused(examples: Sequence[Any], check: Callable[[Any], Any]) -> bool:
    """Whether a check refuses one of the examples."""
    for example in examples:
        try:
            check(example)
        except (GradientError, AssertionError, RuntimeError):  # the last where a wrong way back does not even agree with itself
            return True
    return False


def by_differences(expression: Any) -> None:
    """check_gradients of the compiled function, once it replays."""
    fast = ag.compile(expression.fn)
    for _ in range(3):
        fast(*[ag.Value(x) for x in expression.point])
    check_gradients(fast, *expression.point)


def by_comparison(expression: Any) -> None:
    """The oracle of this folder."""
    pair = Pair(expression.fn, repr(expression))
    for _ in range(3):
        pair.gradient(expression.point)
        pair.on_values(expression.point, ag.Value)


@pytest.mark.parametrize("check", [by_differences, by_comparison])
def test_every_planted_bug_is_refused_through_compile(
    mutants: dict[str, Any], monkeypatch: pytest.MonkeyPatch, check: Callable[[Any], Any]
) -> None:
    """Each wrong way back of the proof, put into the tape, is refused on some of 60 graphs; the right one on none."""
    rng = random.Random(61)
    examples = [drawn(rng) for _ in range(60)]
    plant(monkeypatch, right)
    assert not refused(examples[:25], check)
    for name, walk in mutants.items():
        plant(monkeypatch, walk)
        assert refused(examples, check), name


def changed(program: Any, **parts: Any) -> Any:
    """A program with other parts."""
    names = ("inputs", "captured", "constants", "records", "ops", "starts", "operands", "guards", "outputs", "labels")
    return programs.Program(**{name: getattr(program, name) for name in names} | parts)


def without_guards(program: Any) -> Any:
    """All guards are lost."""
    return changed(program, guards=())


def without_the_last_guard(program: Any) -> Any:
    """One guard is lost."""
    return changed(program, guards=program.guards[:-1])


def frozen(program: Any) -> Any:
    """Captured Values become constants."""
    before, count = program.inputs, len(program.captured)
    return (
        changed(program, captured=(), constants=(*[v.data for v in program.captured], *program.constants))
        if count and before
        else program
    )


def off_by_a_bit(program: Any) -> Any:
    """The first constant is off by one unit in the last place."""
    if not program.constants:
        return program
    return changed(program, constants=(math.nextafter(program.constants[0], math.inf), *program.constants[1:]))


def swapped(program: Any) -> Any:
    """The operands of the last instruction of two are swapped."""
    operands = array.array("I", program.operands)
    for i in range(len(program) - 1, -1, -1):
        a, b = program.starts[i], program.starts[i + 1]
        if b - a == 2 and operands[a] != operands[a + 1]:
            operands[a], operands[a + 1] = operands[a + 1], operands[a]
            return changed(program, operands=operands)
    return program


def through_stops(program: Any) -> Any:
    """What should stop the gradient passes it on."""
    return changed(program, records=tuple(ag.primitives()["positive"] if r is programs.stop else r for r in program.records))


def another_output(program: Any) -> Any:
    """The result is that of the instruction before."""
    first = program.first
    return changed(program, outputs=tuple(max(k - 1, 0) if k > first else k for k in program.outputs))


CHANGES = [without_guards, without_the_last_guard, frozen, off_by_a_bit, swapped, through_stops, another_output]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_wrong_program_is_found(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """Each way to spoil a recorded program makes the comparison fail on some of 300 random functions."""
    record = recording.Recorder.program
    monkeypatch.setattr(recording.Recorder, "program", lambda recorder, roots: change(record(recorder, roots)))
    rng = random.Random(62)

    def compared(function: Any) -> None:
        pair = function.pair()
        for _ in range(5):
            for p in function.captured:
                p.data = rng.gauss(0.0, 1.0)
            pair.on_values(random_point(rng, function.arguments, 0.1), ag.Value)

    assert refused([random_function(rng, ag.Value) for _ in range(300)], compared)
