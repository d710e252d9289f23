"""The translation of the records for the native engine. It needs no native engine."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
from autograd import kernels, records, sequences, translate
from autograd.translate import Cython, Dialect, UntranslatableError, Walk

RECORDS = {name: r for name, r in vars(records).items() if isinstance(r, ag.Primitive) and r.arity}
RULES = [(name, operand) for name, r in RECORDS.items() for operand in r.__signature__.parameters]


class Python(Dialect):
    """Python that calls the records themselves, so that a rule needs nothing else."""

    named = {abs: "abs", math.copysign: "copysign", kernels.share: "share"} | {r: r.name for r in RECORDS.values()}


def executed(walk: Walk, expression: str, names: Sequence[str]) -> Any:
    """The function that an expression is, beside all that was translated for it."""
    known: dict[str, Any] = {**RECORDS, "nan": math.nan, "inf": math.inf, "copysign": math.copysign, "share": kernels.share}
    for text in walk.texts.values():
        exec(text, known)
    return eval(f"lambda {', '.join(names)}: {expression}", known)


@pytest.mark.parametrize(("name", "operand"), RULES)
def test_each_rule_keeps_to_the_subset(name: str, operand: str) -> None:
    """A rule, written again by the walk as Python that calls the records, computes the same bits: nothing in it is left out."""
    record = RECORDS[name]
    walk = Walk(Python())
    text = walk.slope(record, operand)
    place = list(record.__signature__.parameters).index(operand)
    rule = record.partials[place]
    assert (text is None) == (rule is None)
    if rule is None or text is None:
        return
    assert not [t for t in (text, *walk.texts.values()) if walk.dialect.ask in t]
    again = executed(walk, text, ["z", *record.__signature__.parameters])
    rng = random.Random(name)
    for _ in range(200):
        operands = tuple(
            [rng.choice((0.0, 0.5, 1.0, -1.0, rng.uniform(-3.0, 3.0), rng.uniform(0.0, 1.0))) for _ in record.partials]
        )
        try:
            z = record(*operands)
            expected = rule(z, *operands)
        except (ArithmeticError, ValueError):
            continue
        assert float(again(z, *operands)).hex() == float(expected).hex(), operands


def loops(x: float) -> float:
    """Takes its sum in a loop."""
    total = 0.0
    for _ in range(3):
        total += x
    return total


def starred(x: float) -> float:
    """Hands on a list that isn't constant."""
    return math.fsum([*(x, x)]) if x > 0.0 else kernels.power(*(x, x))


def named(x: float) -> float:
    """Gives a name what can't be computed there, and uses it."""
    if x > 0.0:
        return x
    total = math.fsum((x, x))
    return total * x


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("lambda z, x: sum([x, x])", "sum([x, x])"),
        ("lambda z, x: [x][0]", "[x][0]"),
        ("lambda z, x: x if x in (1.0, 2.0) else z", "x in (1.0, 2.0)"),
        ("lambda z, x: x @ z", "x @ z"),
        ("lambda z, x: math.fsum(x)", "math.fsum"),
        ("lambda z, x: power(x, y=2.0)", "power(x, y=2.0)"),
        ("lambda z, x: hypot(*x)", "*x"),
    ],
)
def test_what_is_outside_of_the_subset_is_refused(
    rule: str, left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule with a list, a call by name or an operator that no other language has is refused."""
    source = f"@record(dx={rule})\ndef odd(x):\n    '''Odd.'''\n    return x\n"
    monkeypatch.setattr(translate, "_tree", lambda function: translate.ast.parse(source).body[0])
    with pytest.raises(UntranslatableError):
        Walk(Python()).slope(records.exp, "x")


def test_functions_outside_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop, and a function of another module, can't be translated; what only calls one of them asks there."""
    for function in (loops, math.fsum):
        with pytest.raises(UntranslatableError):
            Walk(Cython()).function(function)
    monkeypatch.setitem(translate.MODULES, __name__, "t_")
    for function in (loops, loops):  # the second time it is known
        with pytest.raises(UntranslatableError):
            Walk(Cython()).function(function)
    walk = Walk(Cython())
    assert "return (ask(ok) if (x > 0.0) else ask(ok))" in walk.texts[walk.function(starred)]
    lines = walk.texts[walk.function(named)].splitlines()
    assert lines[-3:] == ["    if (x > 0.0):", "        return x", "    return ask(ok)"]  # the rest needs what wasn't computed


def test_numbers_and_words_of_a_dialect() -> None:
    """Constants keep their sign, and what isn't finite has its name in C."""
    assert [Cython().number(x) for x in (1.5, -0.0, math.inf, -math.inf, math.nan)] == [
        "1.5", "(-0.0)", "INFINITY", "(-INFINITY)", "NAN",
    ]  # fmt: skip
    assert [Dialect().number(x) for x in (0.0, -2.0)] == ["0.0", "(-2.0)"]
    assert Dialect().is_whole("x") == "x.is_integer()"


def test_the_rules_are_up_to_date() -> None:
    """_rules.pxi is what the translation of today's kernels and records gives, and _sequences.c what programs in C call."""
    assert translate.TARGET.read_text(encoding="utf-8") == translate.rules_source()
    assert translate.main(["--check"]) == 0
    assert sequences.TARGET.read_text(encoding="utf-8") == sequences.source()
    assert sequences.main(["--check"]) == 0


def test_a_changed_record_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that does not match the records fails the check, and is written again without it."""
    stale = tmp_path / "_rules.pxi"
    stale.write_text("cdef double k_square(double x, int* ok) noexcept nogil:\n    return x\n", encoding="utf-8")
    monkeypatch.setattr(translate, "TARGET", stale)
    assert translate.main(["--check"]) == 1
    assert "run python -m autograd.translate" in capsys.readouterr().err
    assert translate.main(["--force"]) == 2
    assert translate.main([]) == 0
    assert translate.main(["--check"]) == 0


def test_the_table_of_rules() -> None:
    """Each rule has a number, its record's name and a place in the table; a node keeps the number in a byte, 255 for none."""
    source = translate.rules_source()
    rules = re.findall(r"^cdef inline void r_(\w+)\(", source, re.MULTILINE)
    assert 40 < len(rules) < 255
    assert re.findall(r"^    RULE_(\w+)$", source, re.MULTILINE) == [*(name.upper() for name in rules), "COUNT"]
    assert re.findall(r'^    "(\w+)",$', source, re.MULTILINE) == rules
    for name in rules:
        arity = vars(records)[name].arity
        assert f"    RULES[RULE_{name.upper()}], ARITIES[RULE_{name.upper()}] = r_{name}, {arity}\n" in source


def asks(x: float) -> float:
    """Nothing is computed here."""
    raise ValueError(x)


def test_what_only_asks_is_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that computes nothing in the other language has no text there."""
    monkeypatch.setattr(asks, "__module__", kernels.__name__)
    walk = Walk(Cython())
    with pytest.raises(UntranslatableError):
        walk.function(asks)
    assert not walk.texts
