"""The language of the command: what it computes, held against Python's own floats, and each thing that it refuses."""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from viz.cli.errors import CommandError
from viz.cli.language import CONSTANTS, inputs, parse_inputs, run
from viz.cli.main import main
from viz.cli.source import Source

INPUTS = {"x": 0.5, "y": -2.0}
PART = "which has names, numbers, + - * / ** %, parentheses, and calls such as exp(x)"
OPERATOR = f"this operator is not part of the language, {PART}"
NESTED = "the expression is nested too deeply: at most 200 levels, and 1,000 terms in one chain; give parts of it names"
INDEX = "an index is a whole number written out, as in softmax([x, y])[0]"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# ---- free names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("q = x + y; f = q * z", ("x", "y", "z")),
        ("exp(b) + a * b", ("b", "a")),
        ("sum = x + y; f = sum(x, sum)", ("x", "y")),
        ("2 * pi * r + e", ("r",)),
        ("x * exp", ("x",)),
        ("asin", ()),
        ("w = 2; w * w", ()),
        ("leaky_relu(u, negative_slope=s)", ("u", "s")),
        ("softmax([x, y])[0]", ("x", "y")),
        ("ｘ * x", ("x",)),
    ],
)
def test_the_free_names_of_a_text(text: str, names: tuple[str, ...]) -> None:
    """They stand in the order of their first use, without constants, functions and what is assigned."""
    assert inputs(text) == names


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["x", "y", "z", "t", "pi", "exp(x)", "t * u", "max(y, 2)"]), min_size=1, max_size=6))
def test_a_text_runs_on_its_free_names_and_on_no_fewer(parts: list[str]) -> None:
    """With a number for each of them it can be computed, and without any one of them it can't."""
    text = f"t = 3; f = t + {' + '.join(parts)}"
    names = inputs(text)
    given = dict.fromkeys(names, 1.0)
    assert [row.name for row in run(text, given).rows if row.kind == "input"] == list(names)
    for name in names:
        with pytest.raises(CommandError, match=f"unknown name .*{name}"):
            run(text, {other: number for other, number in given.items() if other != name})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2x^2", r"2\*x\*\*2"),
        ("f = g + 1; g = 2", "g is used before it is assigned"),
        ("g = 1; g = 2", "g is assigned twice"),
        ("x if y else z", "if/else is not part of the language"),
        ("", "there is no expression"),
        ("(x", "syntax error"),
    ],
)
def test_a_text_outside_of_the_language_has_no_free_names(text: str, words: str) -> None:
    """It is refused with the words that the command has for it."""
    with pytest.raises(CommandError, match=words) as caught:
        inputs(text)
    with pytest.raises(CommandError) as ran:
        run(text, {})
    assert str(caught.value) == str(ran.value)


# ---- what is computed ------------------------------------------------------------------------------

ALLOWED = (ast.Module, ast.Expr, ast.Assign, ast.Name, ast.Load, ast.Store, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Call,
           ast.keyword, ast.List, ast.Tuple, ast.Subscript, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Mod, ast.USub,
           ast.UAdd)  # fmt: skip
PLAIN = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.operator, ast.unaryop, ast.expr_context)
REFUSED = object()
UNKNOWN = object()


def by_python(text: str) -> Any:
    """What Python makes of a line of plain arithmetic on floats; REFUSED where there is none, UNKNOWN where there is more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except (SyntaxError, ValueError):
        return REFUSED
    if not tree.body or not all(isinstance(node, ALLOWED) for node in ast.walk(tree)):
        return REFUSED
    if len(tree.body) > 1 or not isinstance(tree.body[0], ast.Expr):
        return UNKNOWN
    whole = ast.Expression(tree.body[0].value)
    if not all(isinstance(node, PLAIN) for node in ast.walk(whole)):
        return UNKNOWN
    for node in ast.walk(whole):
        if isinstance(node, ast.Constant):
            if type(node.value) not in (int, float) or math.isinf(float(node.value)):
                return REFUSED
            node.value = float(node.value)
        if isinstance(node, ast.Name) and node.id not in INPUTS | CONSTANTS:
            return REFUSED
    try:
        answer = eval(compile(whole, "", "eval"), INPUTS | CONSTANTS)
    except (ArithmeticError, ValueError, TypeError):  # the last: % of a complex number, from a power on the way
        return REFUSED
    return REFUSED if isinstance(answer, complex) else answer


def used(text: str) -> list[str]:
    """The inputs that a text uses, as words of the command."""
    return [f"{name}={number}" for name, number in INPUTS.items() if re.search(rf"(?<!\w){name}(?!\w)", text)]


def arithmetic() -> st.SearchStrategy[str]:
    """Text of plain arithmetic, sometimes with something in it that the language does not have."""
    atoms = st.sampled_from(
        ["x", "y", "2", "0", "3.0", "1e-3", ".5", "1e400", "0x10", "1_000", "zz", "True", "1j", "'s'", "x.y"]
    )
    mostly = st.one_of(*[st.sampled_from(["x", "y", "2", "0", "3.0", "1e-3", "0.5", "7"])] * 7, atoms)
    operators = st.sampled_from(["+", "-", "*", "/", "**", "%"] * 4 + ["//", "@", "<", "&", ",", "", "^"])

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pairs = st.tuples(inner, operators, inner).map(" ".join)
        return st.one_of(pairs, pairs.map("({})".format), inner.map("-{}".format), inner.map("+({})".format))

    return st.recursive(mostly, larger, max_leaves=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(text=st.one_of(arithmetic(), st.text(max_size=40), st.text("xy+-*/%()[]., =;019expsinmaxlogsoft\n", max_size=40)))
def test_any_text_is_computed_as_python_does_or_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the place of the expression: plain arithmetic gives Python's number, and all else one message.

    Plain arithmetic that Python can't compute, or computes to a complex number, and whatever Python can't read or the language
    does not have, ends with status 2. Nothing ends with a traceback.
    """
    status = main(["--no-picture", "--json", "--", text, *used(text)])
    out, err = capsys.readouterr()
    assert status in (0, 2)
    assert bool(err) == (status == 2)
    assert bool(out) == (status == 0)
    assert err == "" or err.startswith("glassgrad: ")
    expected = by_python(text)
    if expected is REFUSED:
        assert status == 2
    elif expected is not UNKNOWN and text.strip() != "-":
        assert status == 0
        found = json.loads(out)["result"]["value"]
        assert repr(float(found)) == repr(float(expected)) or float(found) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sum(x, y, 1)", -0.5),
        ("sum([x, y])", -1.5),
        ("sum(x)", 0.5),
        ("max([x, y])", 0.5),
        ("min(x, y, -3)", -3.0),
        ("dot([x, 2], (y, 5))", 9.0),
        ("softmax([x, x])[0]", 0.5),
        ("softmax([x, x, x + 1])[-3]", 1 / (2 + math.e)),
        ("sum(softmax([x, y]))", 1.0),
        ("p = softmax([x, x, y]); p[0] / p[1]", 1.0),
        ("[x, y][1]", -2.0),
        ("[x, y, 3][-1]", 3.0),
        ("leaky_relu(y, negative_slope=0.5)", -1.0),
        ("leaky_relu(y, 0.25)", -0.5),
        ("clamp(y, lo=0, hi=1)", 0.0),
        ("abs(y)", 2.0),
        ("absolute(y)", 2.0),
        ("sum = x + y; max = sum + 1; max(sum, max)", -0.5),
        ("w = 2; w * x", 1.0),
        ("q = x\nf = q * 2", 1.0),
        ("  q = x\n  q + 1", 1.5),
        ("\tx ** 2", 0.25),
        ("x+\\\n1", 1.5),
        ("x\r\n", 0.5),
        ("q = x; q", 0.5),
        ("(x,)[0]", 0.5),
        ("x  # a remark", 0.5),
        ("hypot(3, 4) + 0*x", 5.0),
        ("exp = x; exp(exp) - exp", math.exp(0.5) - 0.5),
        ("pi * x + e ** y", 0.5 * math.pi + math.e**-2.0),
        ("q = pi; q + 0 * x", math.pi),
        ("e = 2 * x; e", 1.0),
        ("max([e, pi, x])", math.pi),
    ],
)
def test_what_statements_mean(text: str, value: float) -> None:
    """Functions take numbers one by one or as a list, names and functions are told apart, lists have parts."""
    inputs = {name: number for name, number in INPUTS.items() if re.search(rf"\b{name}\b", text)}
    assert run(text, inputs).result.value.data == pytest.approx(value, rel=1e-15)


# ---- what is refused -------------------------------------------------------------------------------

# The place that the caret must point to is marked with ‸ (or the caret stands at the very beginning); inputs follow; then the
# words, whole or as they begin.
REFUSALS: list[tuple[str, list[str], str]] = [
    # names
    ("x + ‸zz", ["x=1"], "unknown name zz: give it a number after the expression, zz=...; known names: x\n"),
    ("x + ‸zz*b*zz", ["x=1"], "unknown name zz: give it a number after the expression, zz=... b=...; known names: x\n"),
    (
        "‸xs + lengt",
        ["length=1"],
        "unknown name xs: give it a number after the expression, xs=... lengt=...; known names: length\n",
    ),
    (
        "‸lengt * 2",
        ["length=1"],
        "unknown name lengt: give it a number after the expression, lengt=...; known names: length; the nearest is length\n",
    ),
    ("‸a", [], "unknown name a: give it a number after the expression, a=...\n"),
    (
        "x + ‸" + "y" * 100,
        ["x=1"],
        f"unknown name {'y' * 59}…: give it a number after the expression, {'y' * 59}…=...; known names: x\n",
    ),
    ("‸exp + x", ["x=1"], "exp is a function: call it, as in exp(...)\n"),
    ("‸abs", [], "abs is a function: call it, as in abs(...)\n"),
    ("‸exp + zz", [], "unknown name exp: give it a number after the expression, exp=... zz=...\n"),
    ("q = ‸q + x", ["x=1"], "q is used before it is assigned\n"),
    ("q = ‸r; r = x", ["x=1"], "r is used before it is assigned\n"),
    ("‸x = 2; x", ["x=1"], "x is an input already and can't be assigned; use another name\n"),
    ("q = x; ‸q = x", ["x=1"], "q is assigned twice; a name is assigned once, so use another one\n"),
    ("값 * 2 + ‸zz", ["값=1"], "unknown name zz: give it a number after the expression, zz=...; known names: 값\n"),
    # statements
    ("‸a = b = x", ["x=1"], "an expression is assigned to one name, as in q = x + y\n"),
    ("‸a, b = x", ["x=1"], "an expression is assigned to one name, as in q = x + y\n"),
    ("‸x += 1", ["x=1"], "a name is assigned once and never changed; use a new one, as in y = x + 1\n"),
    ("x; ‸del x", ["x=1"], "this statement is not part of the language; write name = expression, or an expression\n"),
    ("‸import os", [], "this statement is not part of the language; write name = expression, or an expression\n"),
    ("q = ‸[x, 1]; sum(q)", ["x=1"], "a list can't be assigned to a name; hand it to a function, as in sum([x, y])\n"),
    ("‸[x, 1]", ["x=1"], "the result is a list of 2 numbers; pick one with [0], or combine them, as in sum(...)\n"),
    (
        "x; ‸softmax([x, 1, 2])",
        ["x=1"],
        "the result is a list of 3 numbers; pick one with [0], or combine them, as in sum(...)\n",
    ),
    # numbers
    ("x + ‸1e400", ["x=1"], "this number is too large for a float (the largest is about 1.8e308)\n"),
    ("x + ‸1" + "0" * 400, ["x=1"], "this number is too large for a float (the largest is about 1.8e308)\n"),
    ("x + ‸True", ["x=1"], f"True is not a real number; the language has {PART[10:]}\n"),
    ("x + ‸1j", ["x=1"], f"1j is not a real number; the language has {PART[10:]}\n"),
    ("x + ‸'a'", ["x=1"], f"'a' is not a real number; the language has {PART[10:]}\n"),
    ("‸None + x", ["x=1"], f"None is not a real number; the language has {PART[10:]}\n"),
    # what Python has and the language has not
    ("1 + ‸x // 2", ["x=1"], f"{OPERATOR}\n"),
    ("‸x @ x", ["x=1"], f"{OPERATOR}\n"),
    ("‸~x", ["x=1"], f"{OPERATOR}\n"),
    ("‸not x", ["x=1"], f"{OPERATOR}\n"),
    ("‸x and x", ["x=1"], f"and/or is not part of the language, {PART}\n"),
    ("1 + (‸x < 2)", ["x=1"], f"a comparison is not part of the language, {PART}\n"),
    ("‸x if x else 1", ["x=1"], f"if/else is not part of the language, {PART}\n"),
    ("‸lambda: x", ["x=1"], f"lambda is not part of the language, {PART}\n"),
    ("(‸y := x)", ["x=1", "y=1"], f"the operator := is not part of the language, {PART}\n"),
    ("‸f'{x}'", ["x=1"], f"a string is not part of the language, {PART}\n"),
    ("‸{x: 1}", ["x=1"], f"a dict is not part of the language, {PART}\n"),
    ("‸{x}", ["x=1"], f"a set is not part of the language, {PART}\n"),
    ("‸[x for x in x]", ["x=1"], f"a comprehension is not part of the language, {PART}\n"),
    ("‸{x for x in x}", ["x=1"], f"a comprehension is not part of the language, {PART}\n"),
    ("‸{x: x for x in x}", ["x=1"], f"a comprehension is not part of the language, {PART}\n"),
    ("sum‸(x for x in x)", ["x=1"], f"a comprehension is not part of the language, {PART}\n"),
    ("‸x.real", ["x=1"], f"a dot after a name is not part of the language, {PART}\n"),
    ("(‸yield)", [], f"yield is not part of the language, {PART}\n"),
    ("(‸yield from x)", ["x=1"], f"yield is not part of the language, {PART}\n"),
    ("‸await x", ["x=1"], f"await is not part of the language, {PART}\n"),
    # calls
    ("1 + ‸foo(x)", ["x=1"], "unknown function foo; known functions: abs, acos, "),
    ("‸sqroot(x)", ["x=1"], "unknown function sqroot; the nearest is sqrt; known functions: abs, acos, "),
    (f"‸{'q' * 70}(x)", ["x=1"], f"unknown function {'q' * 59}…; known functions: abs, "),
    ("‸(x, x)()", ["x=1"], "only functions known by name can be called, such as exp(x)\n"),
    ("x + exp(**‸x)", ["x=1"], "two stars before an argument are not part of the language\n"),
    ("exp(‸*x)", ["x=1"], f"a star before an argument is not part of the language, {PART}\n"),
    ("x + ‸exp(x, x)", ["x=1"], "these are not the arguments of exp; write exp(x)\n"),
    ("‸exp()", [], "these are not the arguments of exp; write exp(x)\n"),
    (
        "‸leaky_relu(x, slope=1)",
        ["x=1"],
        "these are not the arguments of leaky_relu; write leaky_relu(x, negative_slope=0.01)\n",
    ),
    (
        "‸leaky_relu(x, negative_slope=1, negative_slope=2)",
        ["x=1"],
        "these are not the arguments of leaky_relu; write leaky_relu(x, negative_slope=0.01)\n",
    ),
    ("‸max()", [], "these are not the arguments of max; write max(x, y, ...)\n"),
    ("‸max(x, y=1)", ["x=1"], "these are not the arguments of max; write max(x, y, ...)\n"),
    ("‸dot([x])", ["x=1"], "these are not the arguments of dot; write dot([...], [...])\n"),
    # lists and numbers mixed
    ("‸dot([x], x)", ["x=1"], "dot takes lists; write dot([x, y], [z, w])\n"),
    ("‸dot(x, x)", ["x=1"], "dot takes lists; write dot([x, y], [z, w])\n"),
    ("‸dot([x], [x], [x])", ["x=1"], "dot takes lists; write dot([x, y], [z, w])\n"),
    ("‸max([x], x)", ["x=1"], "max takes numbers or one list; write max(x, y) or max([x, y])\n"),
    ("‸max(x, [x])", ["x=1"], "max takes numbers or one list; write max(x, y) or max([x, y])\n"),
    ("sum(‸[x, [x]])", ["x=1"], "a list of lists is not part of the language\n"),
    ("x + ‸exp([x])", ["x=1"], "exp takes numbers, and this is a list; pick an element with [0]\n"),
    ("‸[x] + x", ["x=1"], "add takes numbers, and this is a list; pick an element with [0]\n"),
    ("‸x + softmax([x, 1])", ["x=1"], "add takes numbers, and this is a list; pick an element with [0]\n"),
    ("‸leaky_relu(x, negative_slope=[x])", ["x=1"], "leaky_relu takes numbers, and this is a list; pick an element with [0]\n"),
    # parts of lists
    ("‸x[0]", ["x=1"], "only a list has elements, as in softmax([x, y])[0]; this is one number\n"),
    ("‸softmax([x, 1])[2]", ["x=1"], "there is no element [2] in a list of 2\n"),
    ("‸softmax([x, 1])[-3]", ["x=1"], "there is no element [-3] in a list of 2\n"),
    ("softmax([x, 1])[‸x]", ["x=1"], f"{INDEX}\n"),
    ("softmax([x, 1])[‸0.0]", ["x=1"], f"{INDEX}\n"),
    ("softmax([x, 1])[‸True]", ["x=1"], f"{INDEX}\n"),
    ("softmax([x, 1])[‸0:1]", ["x=1"], f"{INDEX}\n"),
    ("softmax([x, 1])[‸+1]", ["x=1"], f"{INDEX}\n"),
    ("softmax([x, 1])[‸- -1]", ["x=1"], f"{INDEX}\n"),
    # what can't be computed
    ("1 + ‸log(x)", ["x=-1"], "can't compute log(x) with x = -1: cannot compute log(x) where x = -1.0: "),
    ("q = x - x; ‸1 / q", ["x=1"], "can't compute 1 / q with 1, q = 0: cannot compute 1.0 / q"),
    ("‸exp(1234567.8 * x)", ["x=1"], "can't compute exp(1234567.8 * x) with 1.23457e+06: cannot compute exp("),
    ("‸x ** 0.5", ["x=-1"], "can't compute x ** 0.5 with x = -1, 0.5: "),
    ("‸dot([x,x],[x])", ["x=1"], "can't compute dot([x,x],[x]) with [x = 1, x = 1], [x = 1]: "),
    (
        f"‸dot([x],[{'x,' * 21}])",
        ["x=1"],
        f"can't compute dot([x],[{'x,' * 21}]) with [x = 1], [{'x = 1, ' * 20}…]: autograd.dot takes two iterables",
    ),
    ("‸clamp(x, lo=2, hi=1)", ["x=1"], "can't compute clamp(x, lo=2, hi=1) with x = 1, 2, 1: "),
    (
        "‸log(-(x + 1000000 + 1000000 + 1000000 + 1000000 + 1000000 + 0))",
        ["x=1"],
        "can't compute log(-(x + 1000000 + 1000000 + 1000000 + 1000000 + 1000000 +… with -5e+06: ",
    ),
    # the text
    ("‸" + "9" * 5000, [], "syntax error: this number has too many digits\n"),
    ("x + ‸* x", ["x=1"], "syntax error: "),
    ("‸(x", ["x=1"], "syntax error: '(' was never closed\n"),
]


@pytest.mark.parametrize(("marked", "inputs", "words"), REFUSALS, ids=[marked[:40] for marked, _, _ in REFUSALS])
@pytest.mark.parametrize("before", ["", "first = 1\n"], ids=["", "on line 2"])
def test_a_refusal_says_what_and_where(
    marked: str, inputs: list[str], words: str, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each thing that the language does not have is refused in its own words, with the caret under the place, and its line."""
    text = marked.replace("‸", "")
    if before and "known names" in words:
        words = re.sub(r"(?<=known names: )", "first, ", words)
    if before and words.endswith("=...\n"):
        words = words[:-1] + "; known names: first\n"
    status = main(["--no-picture", before + text, *inputs])
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    message, line, caret, end = err.split("\n")
    assert end == ""
    assert "Traceback" not in err
    where = " (line 2)" if before else ""
    assert message.endswith(where)
    message = message.removesuffix(where) + "\n"
    assert message.startswith(f"glassgrad: {words}")
    at = marked.index("‸")
    columns = at + text[:at].count("값")  # a wide letter takes two columns
    assert caret == " " * (4 + columns) + "^"
    assert line.startswith("    " + text[:60])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x=1e400"], "the value of x is too large for a float: '1e400'; write inf if you mean it"),
        (["x=-1e400"], "the value of x is too large for a float: '-1e400'; write inf if you mean it"),
        (["x=1_0x"], "the value of x is not a number: '1_0x'; write one, such as x=-2.5"),
        (["x="], "the value of x is not a number: ''; write one, such as x=-2.5"),
        (["x=" + "9x" * 60], f"the value of x is not a number: '{('9x' * 60)[:59]}…'; write one, such as x=-2.5"),
        (["x=1=2"], "the value of x is not a number: '1=2'; write one, such as x=-2.5"),
        (["x=1", "x=1"], "the input x is given twice; give it once"),
        (["x=1", "2"], "'2' is not an input; write name=number, such as x=-2 (the expression comes first, in quotes)"),
        (["a\nb"], "'a\\nb' is not an input; write name=number, such as x=-2 (the expression comes first, in quotes)"),
        (["z" * 70], f"'{'z' * 59}…' is not an input; write name=number, such as x=-2 (the expression comes first, in quotes)"),
        (["=1"], "'' can't be a name; use letters, digits and _, such as x1=2"),
        (["2x=1"], "'2x' can't be a name; use letters, digits and _, such as x1=2"),
        (["2" + "x" * 70 + "=1"], f"'2{'x' * 58}…' can't be a name; use letters, digits and _, such as x1=2"),
        (["if=1"], "'if' is a keyword of Python and can't be a name; choose another"),
    ],
)
def test_inputs_that_are_refused(words: list[str], message: str) -> None:
    """A number that is none or too large, a name that is none, and a name that comes twice, each in its own words."""
    with pytest.raises(CommandError) as told:
        parse_inputs(words)
    assert str(told.value) == message


def test_inputs_that_are_taken() -> None:
    """Inputs are Python's floats, inf and nan written out; blanks around a name don't count, and letters are Python's."""
    found = parse_inputs(["x=-2", " y =1_000.5", "z=inf", "w=-Infinity", "n=nan", "ﬁ=3", "_=1e-400"])
    assert {k: repr(v) for k, v in found.items()} == {
        "x": "-2.0", "y": "1000.5", "z": "inf", "w": "-inf", "n": "nan", "fi": "3.0", "_": "0.0",
    }  # fmt: skip
    assert math.isnan(run("n * 2", {"n": math.nan}).result.value.data)


def test_an_input_that_is_never_used() -> None:
    """An input that the statements don't use is refused by name, the first of them; a function's name does not use it."""
    for text in ("x", "exp(x)", "q = x"):
        with pytest.raises(CommandError) as told:
            run(text, {"x": 1.0, "exp": 2.0, "w": 3.0})
        assert str(told.value) == "the input exp is never used in the expression; leave it out, or use it"
    with pytest.raises(CommandError, match="the input wwwww"):
        run("x", {"x": 1.0, "w" * 70: 2.0})


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("-" * 199 + "x", True),
        ("-" * 200 + "x", False),
        ("exp(-" * 99 + "x" + ")" * 99, True),
        ("(" * 150 + "x" + ")" * 150, True),
        ("+".join(["x"] * 1_000), True),
        ("+".join(["x"] * 1_001), False),
        ("x*(" * 198 + "x" + ")" * 198, True),
        ("x*(" * 200 + "x" + ")" * 200, False),
        ("[" * 199 + "x" + "]" * 199 + "[0]" * 199, False),
        (";".join(["x + x"] * 3_333), True),
        (";".join(["x + x"] * 3_333) + "; x", True),
        (";".join(["x + x"] * 3_333) + "; -x", False),
        (";".join(["x + x"] * 3_334), False),
        ("x + " * 2_000 + "x", False),
    ],
    ids=range(14),
)
def test_the_limits_of_an_expression(text: str, allowed: bool) -> None:
    """200 levels, 1,000 terms of a chain and 10,000 operations, names and numbers are computed; one more is refused."""
    if allowed:
        assert run(text, {"x": 0.0}).rows
    else:
        with pytest.raises(
            CommandError,
            match=r"at most 200 levels, and 1,000 terms in one chain|too large: at most 10,000 operations, names and numbers$",
        ):
            run(text, {"x": 0.0})


def test_the_limits_of_a_text() -> None:
    """100,000 characters are read; one more, a null byte and half a letter are refused, each in its own words."""
    assert Source("x" + " " * 99_998 + "1").text[-1] == "1"
    for text, words in (
        ("x" * 100_001, "the expression is longer than 100,000 characters"),
        ("x\0", "the expression holds a null byte; write plain text"),
        ("x\ud800", "the expression is not valid UTF-8 text"), ("\udfff", "the expression is not valid UTF-8 text"),
    ):  # fmt: skip
        with pytest.raises(CommandError) as told:
            Source(text)
        assert str(told.value) == words
    assert Source("\ue000 \ud7ff").text == "\ue000 \ud7ff"
    for text in ("", "  ", "\n\n", "# nothing"):
        with pytest.raises(CommandError, match=r"^there is no expression; write one in quotes, such as "):
            run(text, {})
    with pytest.raises(CommandError, match=f"^{re.escape(NESTED)}"):
        run("(" * 300 + "x" + ")" * 300, {"x": 1.0})


def test_a_long_line_is_shown_around_the_place() -> None:
    """Sixty characters are shown before the place and sixty from it on, with an ellipsis where there are more."""
    text = "1" * 57 + " + log(-x) + " + "2" * 70
    with pytest.raises(CommandError) as told:
        run(text, {"x": 1.0})
    _, line, caret = str(told.value).split("\n")
    assert line == "    " + text[:60] + text[60:120] + "…"
    assert caret == " " * 64 + "^"
    with pytest.raises(CommandError) as told:
        run("1" * 61 + text[57:60] + "log(-x) + " + "2" * 50, {"x": 1.0})
    _, line, caret = str(told.value).split("\n")
    assert line == "    …" + ("1" * 61 + text[57:60])[-60:] + "log(-x) + " + "2" * 50
    assert caret == " " * 65 + "^"


def test_rows_are_what_was_named_and_computed() -> None:
    """Inputs first, then each node with the text that made it; the result is last, whatever it was before."""

    def told(text: str, **inputs: float) -> list[tuple[str, str, str]]:
        return [(row.name, row.expression, row.kind) for row in run(text, inputs).rows]

    assert told("q = x + y; f = q * 2", x=1, y=2) == [
        ("x", "x", "input"), ("y", "y", "input"), ("q", "x + y", "assigned"), ("f", "q * 2", "result"),
    ]  # fmt: skip
    assert told("exp(x   *\tx) + 1", x=1) == [
        ("x", "x", "input"),
        ("", "x * x", "intermediate"),
        ("", "exp(x * x)", "intermediate"),
        ("", "exp(x * x) + 1", "result"),
    ]
    assert told("q = x * 2; q", x=1) == [("x", "x", "input"), ("q", "x * 2", "result")]
    assert told("x", x=1) == [("x", "x", "result")]
    assert told("q = x", x=1) == [("x", "x", "input"), ("q", "x", "result")]
    assert told("w = 2; x * w", x=1) == [("x", "x", "input"), ("w", "2", "assigned"), ("", "x * w", "result")]
    assert told("3") == [("", "3", "result")]
    assert told("p = softmax([x, 1]); p[0]", x=1) == [
        ("x", "x", "input"), ("p[1]", "softmax([x, 1])", "assigned"), ("p[0]", "softmax([x, 1])", "result"),
    ]  # fmt: skip
    assert told("a = x + 1; b = a; c = b * 2; a", x=1) == [
        ("x", "x", "input"), ("b", "a", "assigned"), ("c", "b * 2", "assigned"), ("a", "x + 1", "result"),
    ]  # fmt: skip
    assert run("a = x + 1; b = a", {"x": 1.0}).result.value.label == "a, b"
    assert told("x + " + "1" * 60, x=1)[1] == ("", "x + " + "1" * 35 + "…", "result")


# What people write on paper, with the place of the first slip marked as above; the reason, and the lines to write instead.
PAPER = [
    ("‸ln(x)", "there is no function ln: write", ["log(x)"]),
    ("1 + ‸lg(x)", "there is no function lg: write", ["1 + log10(x)"]),
    ("‸pow(x, 2)", "there is no function pow: write", ["power(x, 2)"]),
    ("2‸x", "a product needs its *: write", ["2*x"]),
    ("q = 2‸ x", "a product needs its *: write", ["q = 2*x"]),
    ("3‸(x + 1)", "a product needs its *: write", ["3*(x + 1)"]),
    ("(x + 1)‸(x - 1)", "a product needs its *: write", ["(x + 1)*(x - 1)"]),
    ("x‸(y + 1)", "a product needs its *: write", ["x*(y + 1)"]),
    ("exp(x)‸(x)", "a product needs its *: write", ["exp(x)*(x)"]),
    ("2‸exp(x)", "a product needs its *: write", ["2*exp(x)"]),
    ("2‸pi x", "a product needs its *: write", ["2*pi*x"]),
    ("2‸xy", "a product needs its *: write", ["2*x*y"]),
    ("q = x + y; f = 2‸q; f", "a product needs its *: write", ["q = x + y; f = 2*q; f"]),
    ("0‸x + 0x10", "a product needs its *: write", ["0*x + 0x10"]),
    ("1/2‸x", "a product needs its *: write", ["1/2*x", "1/(2*x)"]),
    ("1/2‸xy + 1", "a product needs its *: write", ["1/2*x*y + 1", "1/(2*x*y) + 1"]),
    ("(1/2‸x^2)/3y", "a product needs its *: write", ["(1/2*x**2)/3*y", "(1/(2*x**2))/(3*y)"]),
    ("exp(1/2‸exp(x)) # note", "a product needs its *: write", ["exp(1/2*exp(x)) # note", "exp(1/(2*exp(x))) # note"]),
    ("1/2‸x; y", "a product needs its *: write", ["1/2*x; y", "1/(2*x); y"]),
    ("(2‸\nx)", "a product needs its *: write", ["(2*"]),
    ("‸|x|", "bars are not part of the language: write", ["abs(x)"]),
    ("‸||x - 1| - |y||", "bars are not part of the language: write", ["abs(abs(x - 1) - abs(y))"]),
    ("‸|x||y|", "bars are not part of the language: write", ["abs(x)*abs(y)"]),
    ("2‸|x|", "a product needs its *: write", ["2*abs(x)"]),
    ("x‸^2", "^ is not the power operator: write", ["x**2"]),
    ("x‸^-2y", "^ is not the power operator: write", ["x**-2*y"]),
    ("x‸² + y³", "² is not part of the language: write", ["x**2 + y**3"]),
    ("2‸·x", "· is not part of the language: write", ["2*x"]),
    ("2 ‸× x ÷ y − 1", "× is not part of the language: write", ["2 * x / y - 1"]),
    ("2‸x^2 + |ln(x)|", "a product needs its *: write", ["2*x**2 + abs(log(x))"]),
    ("x; y; 2‸" + "x" * 400, "a product needs its *: write", ["x; y; 2*" + "x*" * 145 + "x…"]),
]


@pytest.mark.parametrize(("marked", "reason", "lines"), PAPER, ids=[marked[:40] for marked, _, _ in PAPER])
@pytest.mark.parametrize("before", ["", "first = 1\n"], ids=["", "on line 2"])
def test_mathematics_as_on_paper_is_refused_with_the_line_to_write(
    marked: str, reason: str, lines: list[str], before: str
) -> None:
    """The message has the corrected line, the caret is under the first slip, and the corrected text is computed."""
    text = marked.replace("‸", "")
    inputs = {name: number for name, number in {"x": 2.0, "y": 3.0}.items() if name in re.sub(r"exp|#.*", "", text)}
    with pytest.raises(CommandError) as told:
        run(before + text, inputs)
    where = " (line 2)" if before else " (line 1)" if "\n" in text else ""
    message, _, caret = str(told.value).split("\n")
    assert message == f"{reason} {' or '.join(repr(line) for line in lines)}{where}"
    assert caret == " " * (4 + marked.index("‸")) + "^"
    for line in lines:
        if "\n" not in text and "…" not in line:
            assert math.isfinite(run(before + line, inputs).result.value.data)


@pytest.mark.parametrize("text", ["x // y", "x | y", "(x", "|x", "|x) + |y|", "x 2", "x + * 2y", "'2x'", "2x if y else x",
                                  "x.real(2x)", "{2x}", "foo(x)", "x + xy", "x @ 2y", "(x]2y", "2x = = y", "\\"])  # fmt: skip
def test_no_line_is_made_up(text: str) -> None:
    """Where a text has another mistake as well, or nothing from paper in it, the message proposes no line."""
    with pytest.raises(CommandError) as told:
        run(text, {"x": 2.0, "y": 3.0})
    assert ": write '" not in str(told.value)


@pytest.mark.parametrize(
    "text", ["|" * 100_000, "2x" * 50_000, "2(" * 50_000, "x^" * 50_000, "1/2x*" * 20_000 + "x", "|2x|" * 25_000]
)
def test_long_texts_with_slips(text: str) -> None:
    """A text of the greatest length is refused at once, whatever slips it is made of."""
    with pytest.raises(CommandError):
        run(text, {"x": 2.0})


def test_a_slip_after_an_empty_line() -> None:
    """A slip's line counts from the first line of the text, also if that is empty."""
    with pytest.raises(CommandError, match=re.escape("write '2*x' (line 2)\n    2x\n     ^")):
        run("\n2x", {"x": 1.0})


def test_the_constants(capsys: pytest.CaptureFixture[str]) -> None:
    """pi and e are plain numbers where nothing else has their name; the table and the JSON say that they were used."""
    assert main(["--no-picture", "f = 2 * pi * x", "x=3"]) == 0
    assert (
        capsys.readouterr().out
        == "node    value  gradient\nx           3   6.28319\nf     18.8496         1\nconstants: pi = 3.14159\n"
    )
    assert main(["--no-picture", "--json", "e * x", "x=3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["constants"] == {"e": math.e}
    assert [node["name"] for node in found["nodes"]] == ["x", None]
    assert main(["--no-picture", "e * pi", "e=2", "pi=3"]) == 0
    assert "constants" not in capsys.readouterr().out
    assert run("e * pi", {"e": 2.0}).constants == {"pi": math.pi}
    with pytest.raises(CommandError, match="e is used before it is assigned"):
        run("q = e; e = 2", {})
    assert run("pi", {}).result.value.data == math.pi
