"""What the page asks of Python: for a text and its numbers the picture, the table, the explanation and the player.

Runs in the page's worker, and anywhere else: it knows nothing of a browser. A text is in the command's language, or Python.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import io
import json
import math
import traceback
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import autograd
import viz
from autograd import Value
from viz.cli import CommandError, inputs, run

__all__ = ["Session", "free_names", "is_python"]

ROOM = 7  # columns of a number of four digits, such as -0.1966: while it changes, nothing moves
PRINTED = 10_000  # characters of a program's output that are shown
FILE = "<your text>"
PROVIDED: dict[str, Any] = {"autograd": autograd, "viz": viz, "math": math}
PROVIDED |= {name: getattr(autograd, name) for name in autograd.__all__}
LATER = {"nn"}  # is imported for a program that names it

# What Python has and the command's language hasn't. Other slips, such as x^2, are told as the command tells them.
ONLY_PYTHON = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Assert,
    ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Attribute, ast.IfExp, ast.Compare, ast.BoolOp,
    ast.AugAssign, ast.AnnAssign, ast.JoinedStr, ast.NamedExpr, ast.Dict, ast.Starred,
)  # fmt: skip


@dataclass
class Pass:
    """A text, computed once on its numbers.

    Attributes:
        result: the last Value.
        rows: the name or the text of each node of the table, and the node.
        constants: known constants that it uses.
        printed: what a program printed.
    """

    result: Any
    rows: list[tuple[str, Any]]
    constants: Mapping[str, float] = field(default_factory=dict)
    printed: str = ""


class TextError(Exception):
    """Something about the text is wrong; said as it is shown."""


def is_python(text: str) -> bool:
    """Whether a text has something that only Python has.

    >>> is_python("q = x + y; f = q * z"), is_python("f = x.tanh()")
    (False, True)
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return any(
            line.startswith(("def ", "for ", "import ", "from ", "class ", "while ", "if ")) for line in text.splitlines()
        )
    return any(
        isinstance(node, ONLY_PYTHON) or (isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name))
        for node in ast.walk(tree)
    )


def free_names(text: str) -> list[str]:
    """The names that a text uses without having them from anywhere, in the order of their first use.

    Raises:
        CommandError: the text is in the command's language, and wrong.
        TextError: it is Python, and can't be read.

    >>> free_names("h = [tanh(w * x) for w in (u, v)]; h[0] + h[1]")
    ['x', 'u', 'v']
    """
    if not is_python(text):
        return list(inputs(text))
    tree = _parsed(text)
    bound: set[str] = set()
    used: list[ast.Name] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                used.append(node)
            else:
                bound.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    used.sort(key=lambda name: (name.lineno, name.col_offset))
    known = bound | set(PROVIDED) | LATER | set(dir(builtins))
    return list(dict.fromkeys([name.id for name in used if name.id not in known]))


class Session:
    """Answers, each with the layout of the one before where that fits."""

    def __init__(self) -> None:
        self._drawing: viz.Drawing | None = None
        self._steps: viz.Steps | None = None
        self._explanation: viz.Explanation | None = None

    def answer(self, request: str) -> str:
        """Answer one request.

        Args:
            request: JSON with ``text``, ``numbers`` (by name), and how the answer is wanted: ``theme``, ``style``,
                ``direction``, ``local`` (local gradients on the edges), ``explain`` (what to explain: a name, or ``#3``),
                ``steps`` and ``play`` (whether the player, or the page to play with, is wanted), ``trusted`` (whether Python
                may be run).

        Returns:
            JSON with ``kind``, ``names``, ``numbers`` and either ``error`` or ``svg``, ``title``, ``rows``, ``places`` (the
            name of each node of the picture), ``constants``, ``printed``, ``explanation``, ``steps`` and ``play``, these three
            in HTML, ``inputs`` (the names of the numbers in ``play``), ``slots`` (where it has the numbers of each node, by
            its name) and ``shape``, which is another one for another graph. Of
            Python that isn't trusted ``held`` is true, and nothing of it is run.
        """
        asked = json.loads(request)
        answer: dict[str, Any] = {"kind": "python" if is_python(asked["text"]) else "expression", "names": [], "error": ""}
        try:
            names = free_names(asked["text"])
            numbers = {name: asked["numbers"].get(name, k) for k, name in enumerate(names, 1)}
            answer |= {"names": names, "numbers": numbers}
            if answer["kind"] == "python" and not asked["trusted"]:
                return json.dumps(answer | {"held": True})
            answer |= self._views(_computed(asked["text"], numbers, answer["kind"]), asked)
        except (CommandError, TextError, viz.RenderError) as error:
            answer["error"] = str(error)
        return json.dumps(answer)

    def _views(self, done: Pass, asked: Mapping[str, Any]) -> dict[str, Any]:
        f = done.result
        look = {"style": asked["style"], "theme": asked["theme"], "direction": asked["direction"], "room": ROOM}
        self._drawing = viz.draw(f, local_gradients=asked["local"], like=self._drawing, max_nodes=300, **look)
        order = autograd.topological_order(f)
        called = {id(value): value.label or f"#{k}" for k, value in enumerate(order, 1)}
        rows = []
        for name, value in done.rows:
            gradient = _shown(value.grad) if value.has_grad else "-"
            rows.append([name, _shown(value.data), gradient, called.get(id(value), "")])
        places = [called[id(order[node.order])] if node.order >= 0 else "" for node in self._drawing.drawn.nodes]
        wanted = next((value for value in order if called[id(value)] == asked["explain"]), None)
        explanation = steps = play = ""
        inputs: tuple[str, ...] = ()
        slots: dict[str, int] = {}
        if wanted is not None:
            self._explanation = viz.explain(f, wanted, theme=asked["theme"], room=ROOM, like=self._explanation)
            explanation = self._explanation.html
        if asked["steps"]:
            try:
                self._steps = viz.steps(f, like=self._steps, **look)
                steps = self._steps.html
            except ValueError as error:
                steps = f"<p>{escape(str(error))}</p>"
        if asked["play"]:
            try:
                played = viz.play(f, **look)
                play, inputs = played.html, played.inputs
                slots = {called[id(value)]: slot for value, slot in zip(order, played.slots, strict=True)}
            except ValueError as error:
                play = f"<p>{escape(str(error))}</p>"
        return {
            "svg": self._drawing.svg, "title": self._drawing.graph.title, "rows": rows, "places": places,
            "constants": {name: _shown(number) for name, number in done.constants.items()}, "printed": done.printed,
            "explanation": explanation, "steps": steps, "play": play, "inputs": inputs, "slots": slots, "shape": _shape(order),
        }  # fmt: skip


def _shape(order: Sequence[Any]) -> int:
    """A number that is nearly always another one for another graph, whatever the numbers of its leaves."""
    at = {id(value): i for i, value in enumerate(order)}
    return zlib.crc32(repr([(v.label, v.op and v.op.name, [at.get(id(x), x) for x in v.operands]) for v in order]).encode())


def _shown(number: float) -> str:
    """A number with six digits, as the command's table has it."""
    return f"{number:.6g}" if number or math.isnan(number) else "0"


def _computed(text: str, numbers: Mapping[str, float], kind: str) -> Pass:
    if kind == "python":
        return _executed(text, numbers)
    program = run(text, numbers)
    try:
        program.result.value.backward()
    except (ArithmeticError, ValueError) as error:
        raise TextError(f"can't compute the gradients: {error}") from None
    rows = [(row.name or row.expression, row.value) for row in program.rows if row.kind != "intermediate"]
    return Pass(program.result.value, rows, program.constants)


# ---- Python ----------------------------------------------------------------------------------------


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text, FILE)
    except (SyntaxError, ValueError) as error:
        raise TextError(f"{type(error).__name__}: {error}") from None


def _executed(text: str, numbers: Mapping[str, float]) -> Pass:
    """Run a program; its result is its last line's."""
    tree = _parsed(text)
    given = {name: Value(number, label=name) for name, number in numbers.items()}
    names: dict[str, Any] = {**PROVIDED, **given, "__name__": "__main__"}
    for name in LATER & {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
        names[name] = importlib.import_module(name)
    *before, last = tree.body or [ast.Pass()]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), _told():
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), FILE, "exec"), names)
            result = eval(compile(ast.Expression(last.value), FILE, "eval"), names)
        else:
            exec(compile(tree, FILE, "exec"), names)
            result = names.get(_target(last), last)
    if not isinstance(result, Value):
        got = "none" if result is last else f"{type(result).__name__} {result!r:.60}"
        raise TextError(f"the last line must have the result, one Value, such as f; it has {got}")
    mine = [(name, value) for name, value in names.items() if isinstance(value, Value) and name not in PROVIDED]
    for name, value in mine:
        if not value.label:
            value.label = name
    with _told():
        if not result.has_grad:
            result.backward()
    rows = [(name, value) for name, value in mine if value is not result or name in given]
    return Pass(result, [*rows, (result.label or "result", result)], printed=printed.getvalue()[:PRINTED])


def _target(statement: ast.stmt) -> str:
    """The name that a statement assigns; empty if it is none."""
    if isinstance(statement, ast.Assign):
        target = statement.targets[-1]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        target = statement.target
    else:
        return ""
    return target.id if isinstance(target, ast.Name) else ""


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what a program raises into its name, its words and the line."""
    try:
        yield
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
        where = f" (line {lines[-1]})" if lines else ""
        raise TextError(f"{type(error).__name__}: {error}{where}") from None
