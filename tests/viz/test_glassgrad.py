"""The command glassgrad: an expression in, a table and a picture out, and one clear message for anything bad."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd
import viz
from viz.cli.main import main

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(text: str) -> list[list[str]]:
    """The table's rows as lists of words."""
    return [line.split() for line in text.splitlines()]


@pytest.mark.graphviz
def test_the_main_job(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The lecture's expression prints inputs first, then the result, and draws graph.svg; stderr stays silent."""
    assert main(["(x + y) * z", "x=-2", "y=5", "z=-4"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert rows(out)[:4] == [["node", "value", "gradient"], ["x", "-2", "-4"], ["y", "5", "-4"], ["z", "-4", "3"]]
    assert rows(out)[4][-2:] == ["-12", "1"]
    assert rows(out)[5] == ["picture:", "graph.svg"]
    assert "<svg" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert "\x1b" not in out


def test_statements_from_everywhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semicolons, newlines, a file and standard input say the same."""
    assert main(["q = x + y; f = q * z", "x=-2", "y=5", "z=-4", "--no-picture"]) == 0
    first = capsys.readouterr().out
    (tmp_path / "statements.txt").write_text("q = x + y\nf = q * z\n")
    assert main(["-f", "statements.txt", "x=-2", "y=5", "z=-4", "--no-picture"]) == 0
    assert capsys.readouterr().out == first
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"q = x + y\nf = q * z")))
    assert main(["-", "x=-2", "y=5", "z=-4", "--no-picture"]) == 0
    assert capsys.readouterr().out == first
    assert not (tmp_path / "graph.svg").exists()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".tex", ".dot"])
@pytest.mark.graphviz
def test_the_picture_goes_where_it_is_told(suffix: str, tmp_path: Path) -> None:
    """-o names the picture, and its suffix the kind."""
    assert main(["x * x", "x=3", "-o", f"lecture{suffix}"]) == 0
    assert [p.name for p in tmp_path.iterdir()] == [f"lecture{suffix}"]


def test_json_has_all_digits(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints strict JSON alone, with full precision, and the strings nan and inf for what JSON lacks."""
    assert main(["s = x / 3; t = s * big", "x=1", "big=inf", "--json", "--no-picture"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(word))
    nodes = {node["name"]: node for node in found["nodes"]}
    assert nodes["s"]["value"] == 1 / 3
    assert nodes["t"]["value"] == nodes["big"]["value"] == "inf"
    assert found["result"]["name"] == "t"


def test_all_shows_unnamed_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    """--all adds a row for each unnamed node, with its expression."""
    main(["exp(x * x)", "x=2", "--no-picture"])
    few = rows(capsys.readouterr().out)
    main(["exp(x * x)", "x=2", "--no-picture", "--all"])
    many = rows(capsys.readouterr().out)
    assert len(many) == len(few) + 1
    assert many[2][-2:] == ["4", "54.5982"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [("sum(x, y, 1)", 6.0), ("max([x, y])", 3.0), ("dot([x, y], [y, x])", 12.0), ("softmax([x, x])[1]", 0.5),
     ("leaky_relu(-x, negative_slope=0.5)", -1.0), ("clamp(x, 0, 1)", 1.0), ("abs(-x) ** y % 5", 3.0), ("+x - -y", 5.0),
     ("2 ** x", 4.0), ("1e-3 * x", 0.002), ("max(x, y, 1)", 3.0), ("min([x, y])", 2.0), ("var(x, y)", 0.25),
     ("var([x, y], ddof=1)", 0.5), ("std(x, y, 1, ddof=1)", 1.0), ("log_softmax([x, x])[1]", -0.6931471805599453),
     ("asin(x / 4) + acos(x / 4)", 1.5707963267948966), ("4 * atan(x - 1)", 3.141592653589793), ("atan2(y - 3, x)", 0.0),
     ("sinh(asinh(x)) + cosh(acosh(y))", 5.0), ("atanh(tanh(0.5)) * x", 1.0), ("gamma(y) + lgamma(x)", 2.0),
     ("polygamma(0, x) - digamma(x)", 0.0), ("where(0, x, y)", 3.0), ("sinc(x)", 0.0), ("erf(erfinv(0.5))", 0.5)],
)  # fmt: skip
def test_the_language(expression: str, value: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Operators, numbers and calls of the primitives mean what they mean in Python."""
    assert main([f"({expression}) + 0 * x * y", "x=2", "y=3", "--json", "--no-picture"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["value"] == pytest.approx(value, rel=1e-15)


BAD: list[Any] = [
    (["x + * y", "x=1", "y=2"], "^"),
    (["(x", "x=1"], "^"),
    (["foo(x)", "x=1"], "unknown function foo"),
    (["sinh(x) + yy", "x=1", "y=2"], "nearest is y"),
    (["x + y", "x=1"], "y=..."),
    (["x", "x=1", "x=2"], "given twice"),
    (["x", "x=abc"], "not a number"),
    (["x", "x="], "not a number"),
    (["x", "x=1", "y=2"], "never used"),
    (["x / (y - y)", "x=1", "y=2"], "x / (y - y)"),
    (["log(x)", "x=-1"], "log(x)"),
    (["exp(x)", "x=710"], "exp(x)"),
    (["x.real", "x=1"], "not part of the language"),
    (["__import__('os').system('true')"], "^"),
    (["(lambda: 1)()"], "^"),
    (["[x for x in y]", "y=1"], "^"),
    (["x if x else x", "x=1"], "^"),
    (["x < 1", "x=1"], "^"),
    (["f'{x}'", "x=1"], "^"),
    (["(x := 2)", "x=1"], "^"),
    (["x @ x", "x=1"], "^"),
    (["'text'"], "^"),
    (["1j * x", "x=1"], "^"),
    (["import os"], "^"),
    (["exp(x, x)", "x=1"], "exp"),
    (["var(x, axis=0)", "x=1"], "write var(x, y, ..., ddof=...)"),
    (["var(ddof=0)"], "write var(x, y, ..., ddof=...)"),
    (["var(x, ddof=x)", "x=1"], "ddof of autograd.var needs one real number"),
    (["var(x, ddof=1)", "x=1"], "cannot compute var(x, ddof=1) where x = 1.0: the divisor n - ddof = 1 - 1 is not above 0"),
    (["sum(x, start=0)", "x=1"], "write sum(x, y, ...)"),
    (["dot([x])", "x=1"], "write dot([...], [...])"),
    (["asin + x", "x=1"], "asin is a function: call it"),
    (["digama(x)", "x=1"], "nearest is digamma"),
    (["lgamma(x)", "x=0"], "there is a pole at 0"),
    (["exp(*x)", "x=1"], "^"),
    (["q = x; q = 2 * x", "x=1"], "q"),
    (["9" * 5000 + " * x", "x=1"], "glassgrad"),
    (["1" + "0" * 400 + " * x", "x=1"], "glassgrad"),
    (["x\x00", "x=1"], "glassgrad"),
    (["(" * 300 + "x" + ")" * 300, "x=1"], "nested"),
    (["-" * 100_000 + "x", "x=1"], "glassgrad"),
    (["exp(" * 250 + "x" + ")" * 250, "x=1"], "nested"),
    ([";".join(f"a{i} = x * {i}" for i in range(20_000)), "x=1"], "100,000"),
    ([""], "no expression"),
    (["x", "x=1", "-o", "graph.gif"], ".svg, .png, .pdf, .tex, .dot"),
    pytest.param(["x", "x=1", "-o", "nowhere/graph.svg"], "can't write", marks=pytest.mark.graphviz),
    (["-f", "no-such-file", "x=1"], f"glassgrad: can't read no-such-file: {os.strerror(errno.ENOENT)}\n"),
    (["-f", "a\0b", "x=1"], "glassgrad: can't read a\\x00b: "),
    (["x", "x=1", "--no-such-option"], "--no-such-option is not an option, and inputs are written name=number"),
    (["--no-such-option", "x", "x=1"], "--no-such-option is not an option; glassgrad --help lists the options"),
    (["--no-pictures"], "--no-pictures is not an option; the nearest is --no-picture, and glassgrad --help lists all"),
    (["x", "x=1", "-o"], "argument -o/--output: expected one argument; glassgrad --help shows how to call it"),
    (["x", "x=1", "-o", "--json"], "argument -o/--output: expected one argument"),
    (["x", "x=1", "-o", ""], "no suffix in ''"),
    ([], "expression"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda v: str(v)[:30] if isinstance(v, list) else "")
def test_bad_input(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Bad input gives one message on standard error and status 2, prints nothing, and draws nothing."""
    try:
        status = main(arguments)
    except SystemExit as stop:  # argparse stops by itself
        status = int(stop.code or 0)
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_too_many_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    """More than 10,000 operations, names and numbers is an error that states the limit."""
    assert main([";".join(f"a{i}=x*x" for i in range(5_000)), "x=1", "--no-picture"]) == 2
    assert "10,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-h*2", "h=3"], "-h*2", "-6"),
        (["-o*2", "o=3"], "-o*2", "-6"),
        (["-f*2", "f=3"], "-f*2", "-6"),
        (["--x", "x=3"], "--x", "3"),
        (["--", "-h", "h=3"], "-h", "-3"),
        (["--", "--json", "json=3"], "--json", "3"),
        (["--all", "--", "-f", "f=3"], "-f", "-3"),
        (["-(x)", "x=3"], "-(x)", "-3"),
        (["-(x\n+ x)", "x=3"], "-(x + x)", "-6"),
        (["-1e3*x", "x=3"], "-1e3*x", "-3000"),
        (["-", "x=3"], "x + 1", "4"),
    ],
    ids=str,
)
def test_an_expression_may_begin_with_a_minus(
    words: list[str], name: str, value: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What begins with a minus and isn't a known option is the expression, and so is what follows --; a - alone is stdin."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x + 1")))
    assert main(["--no-picture", *words]) == 0
    assert re.search(rf"^{re.escape(name)} +{re.escape(value)} +\S+$", capsys.readouterr().out, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (["-o", "-a.dot"], "-a.dot"),
        (["-o-b.DOT"], "-b.DOT"),
        (["-o", "-c=1.dot"], "-c=1.dot"),
        (["--output", "-d.dot"], "-d.dot"),
        (["-oe=1.dot"], "e=1.dot"),
    ],
)
def test_a_value_may_begin_with_a_minus(words: list[str], file: str, tmp_path: Path) -> None:
    """The word after -o is its value, whatever it begins with, and so is what stands in one word with it."""
    assert main([*words, "-x", "x=3"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_file_stands_in_one_word_with_its_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """-fNAME reads the file if there is one, and is an expression otherwise; --output=NAME names the picture."""
    (tmp_path / "statements").write_text("x * 5")
    assert main(["-fstatements", "x=2", "--output=a.dot"]) == 0
    assert rows(capsys.readouterr().out)[2][-2:] == ["10", "1"]
    assert (tmp_path / "a.dot").read_text(encoding="utf-8").startswith("digraph")
    assert main(["-fstatement", "fstatement=2", "--no-picture"]) == 0
    assert rows(capsys.readouterr().out)[2] == ["-fstatement", "-2", "1"]


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["x", "x=1", "--no-picture"], ["x", "x=1", "--no-picture", "--json"]], ids=str
)
def test_a_full_device_is_noticed(words: list[str], tmp_path: Path) -> None:
    """What can't be printed, the help included, ends with status 2 and a message that says why."""
    with FULL.open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "viz.cli", *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
    assert (run.returncode, run.stderr) == (2, f"glassgrad: can't write to standard output: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_message_that_nobody_can_read(tmp_path: Path) -> None:
    """Where standard error is full as well, or both are closed, the status is all the same 2."""
    command = f"{shlex.quote(sys.executable)} -m viz.cli"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for redirected in ("'x +' 2>/dev/full", "--help >/dev/full 2>/dev/full", "'x +' 2>&-", "--help >&- 2>&-"):
        run = subprocess.run(
            ["sh", "-c", f"{command} {redirected}"], cwd=tmp_path, env=environment, capture_output=True, check=False
        )
        assert (run.returncode, run.stdout, run.stderr) == (2, b"", b""), redirected


@pytest.mark.graphviz
def test_as_a_process(tmp_path: Path) -> None:
    """Run as a program it prints the table, nothing on standard error, and leaves the picture; bad input ends with 2."""
    command = [sys.executable, "-m", "viz.cli"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([*command, "x * x", "x=3"], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert run.stderr == ""
    assert "picture: graph.svg" in run.stdout
    assert (tmp_path / "graph.svg").exists()
    run = subprocess.run([*command, "x *"], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("glassgrad: ")


def test_colour_on_a_terminal_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal values and gradients are coloured, unless NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    main(["x * x", "x=3", "--no-picture"])
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["x * x", "x=3", "--no-picture"])
    assert "\x1b[" not in capsys.readouterr().out


def test_the_version_names_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says which engine runs, since pip does not show what a build said about it."""
    assert main(["--version"]) == 0
    version = r"(\d+\.\d+\.\d+|\(not installed; run from its source\))"
    assert re.fullmatch(rf"glassgrad {version}, {autograd.engine()} engine\n", capsys.readouterr().out)


def test_numbers_have_six_significant_digits(capsys: pytest.CaptureFixture[str]) -> None:
    """Values and gradients are written with six significant digits."""
    main(["exp(x)", "x=1.23456789", "--no-picture"])
    assert rows(capsys.readouterr().out)[1:] == [["x", "1.23457", f"{math.exp(1.23456789):.6g}"], ["exp(x)", "3.43689", "1"]]


@pytest.mark.graphviz
def test_style_theme_and_local_gradients(tmp_path: Path) -> None:
    """The options reach the picture: boxes have no round gate, dark has a dark ground, and the chain rule is on the edges."""
    assert main(["x * y", "x=2", "y=3", "-o", "a.svg", "--style", "boxes", "--theme", "dark", "--local-gradients"]) == 0
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "<circle" not in drawn
    assert 'fill="#0d1117"' in drawn
    assert "d(x * y)/dx = y = 3" in drawn
    assert main(["x * y", "x=2", "y=3", "-o", "b.svg"]) == 0
    assert "<circle" in (tmp_path / "b.svg").read_text(encoding="utf-8")


@pytest.mark.graphviz
def test_each_option_of_a_picture(tmp_path: Path) -> None:
    """The command draws what `viz.draw` draws with the same options, of the same size."""
    words = ["q = x * y; f = q + 1/3", "x=2", "y=3"]
    options = ["--direction", "TB", "--precision", "2", "--path", "x", "--max-nodes", "20", "--scale", "1.5"]
    assert main([*words, "-o", "a.svg", *options]) == 0
    x, y = autograd.Value(2, label="x"), autograd.Value(3, label="y")
    q = x * y
    q.label = "q"
    f = q + 1 / 3
    f.label = "f"
    f.backward()
    viz.draw(f, direction="TB", precision=2, path=x, max_nodes=20).save(tmp_path / "b.svg", scale=1.5)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert main([*words, "-o", "a.png", "--dpi", "200"]) == 0
    assert (tmp_path / "a.png").read_bytes() == viz.draw(f).to_bytes(".png", dpi=200)
    assert main([*words, "--no-picture", "--steps", "a.html", "--direction", "BT", "--precision", "2"]) == 0
    viz.steps(f, direction="BT", precision=2).save(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--precision", "99"], "the picture graph.svg: precision=99 must be a whole number from 1 to 17"),
        (["--max-nodes", "2"], "max_nodes=2 must be a whole number of at least 3"),
        (["--path", "z"], "--path z: no node has this name; there are x, f"),
        (["--direction", "up"], "invalid choice: 'up'"),
        (["--dpi", "300"], "dpi= is for .png, not for .svg"),
        (["-o", "f.dot", "--scale", "2"], "scale= is for .svg, .png, .pdf, .tex, not for .dot"),
    ],
)
def test_bad_options_of_a_picture(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    """An option out of its range ends with status 2 and one message that says what may be written."""
    assert main(["f = x * 2", "x=3", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


@pytest.mark.graphviz
def test_a_walk_and_an_explanation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--steps writes the player, --explain prints the paths; in JSON both are told as data."""
    arguments = ["q = x * x; f = q + x", "x=3", "--no-picture", "--steps", "walk.html", "--explain", "x"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "df/dx = 7, the sum over 3 paths from x to f" in out
    assert out.splitlines()[-1] == "steps: walk.html"
    assert "<script>" in (tmp_path / "walk.html").read_text(encoding="utf-8")
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == "walk.html"
    assert found["explanation"]["path_count"] == 3
    assert found["explanation"]["paths"][0] == {"nodes": ["x", "q", "f"], "product": 3.0}
    assert found["explanation"]["gradient"] == 7.0
    assert found["explanation"]["rest"] == 0.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "walk.svg"], "it is written as .html"),
        (["--explain", "y"], "no node has this name; there are x, f"),
        (["--style", "round"], "invalid choice: 'round'"),
        pytest.param(["--steps", "no/such/folder/walk.html"], "can't write the steps", marks=pytest.mark.graphviz),
    ],
)
def test_bad_options_of_pictures(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    """An unknown name, suffix or style ends with status 2 and one message that says what may be written."""
    assert main(["f = x * 2", "x=3", "--no-picture", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_what_the_result_does_not_depend_on_can_not_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """--explain of a name that the result does not depend on says so: its gradient is 0."""
    assert main(["a = x * 2; f = y + 1; g = a * 0 + f; f + 1", "x=3", "y=1", "--no-picture", "--explain", "x"]) == 2
    assert "does not depend on it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "head"),
    [
        ("python", "def value_and_gradients(b, x, w=2.0):"),
        ("c", "int value_and_gradients(const double *in, double *out, double *gradients) {"),
        ("javascript", "function valueAndGradients(b, x, w = 2.0) {"),
    ],
)
def test_the_statements_as_a_program(language: str, head: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--source prints a program, its arguments in the order of the command, and neither table nor picture."""
    assert main(["w = 2; f = tanh(w * x + b)", "b=1", "x=-1", "--source", language]) == 0
    printed = capsys.readouterr().out
    assert head in printed.splitlines()
    assert "picture" not in printed
    if language == "python":
        namespace: dict[str, Any] = {}
        exec(printed, namespace)
        x, b, w = map(autograd.Value, (-1.0, 1.0, 2.0))
        f = autograd.tanh(w * x + b)
        f.backward()
        assert namespace["value_and_gradients"](1.0, -1.0) == (f.data, [b.grad, x.grad, w.grad])
    assert main(["x", "x=2", "--source", language]) == 0


def test_source_and_other_options(capsys: pytest.CaptureFixture[str]) -> None:
    """--source writes functions that Python computes with decimals, too; options that ask for something else are refused."""
    assert main(["polygamma(2, x) + std([x, 1, 4])", "x=2", "--source", "c"]) == 0
    assert "polygamma(2.0, x, ok)" in capsys.readouterr().out
    for option in (["--json"], ["--steps", "walk.html"], ["--explain", "x"], ["-o", "x.svg"]):
        assert main(["x * x", "x=2", "--source", "c", *option]) == 2
        assert "--source prints a program and nothing else; leave --" in capsys.readouterr().err
