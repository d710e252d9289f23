"""Change the source in one place at a time and see whether a test notices: ``python .ci/mutation.py``.

For each module of autograd, nn and viz it draws the same few changes in every run (an operator, a number, a condition, a
statement), puts each into a copy of the checkout, and runs the tests that belong to the module until one fails. A change
that no test notices has survived. Fewer than 97 % noticed is a failure.

``python .ci/mutation.py nn/losses.py --per-module 1000`` tries every change of one module. The copy has no native engine: what
is compared is the Python source with its tests.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

PACKAGES = ("autograd", "nn", "viz")
GOAL = 0.97
PER_MODULE = 6
LARGE = 1000  # a whole number from here on is a limit: it is doubled, where a smaller one is raised by 1
SLACK = 60  # seconds that a run of tests may take longer than four times the run without a change

# The tests that belong to a folder. Not those that compare a file with what is generated from it, which notice any change
# without knowing what it does, and not those that need a browser.
TESTS = {
    "autograd/testing": ["tests/proof"],
    "autograd": ["tests/autograd", "tests/proof/test_custom.py", "tests/test_house.py"],
    "nn": ["tests/nn"],
    "viz/cli": ["tests/viz/test_language.py", "tests/viz/test_glassgrad.py"],
    "viz": ["tests/viz/test_snapshots.py", "tests/viz", "tests/test_readme.py"],
}
# Hypothesis is imported before pytest starts, and pytest says so.
OPTIONS = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
LEFT_OUT = {"tests/autograd/test_native_memory.py", "tests/autograd/test_translate.py", "tests/viz/test_browser.py"}
# Where the name of a module doesn't lead to the tests to be asked first.
ASKED_FIRST = {
    "autograd/kernels_exact.py": ["tests/autograd/test_kernels_exact.py"],
    "autograd/layout.py": ["tests/autograd/test_arrays.py"],
    "autograd/face.py": ["tests/autograd/test_value.py", "tests/autograd/test_strangers.py"],
    "autograd/graphs.py": ["tests/autograd/test_backward.py", "tests/autograd/test_transforms.py"],
    "autograd/testing/expressions.py": ["tests/proof/test_strategies.py"],
    "autograd/testing/graphs.py": ["tests/proof/test_graphs_and_reports.py", "tests/proof/test_checks.py"],
    "autograd/testing/primitives.py": ["tests/proof/test_custom.py"],
    "autograd/testing/reference.py": ["tests/proof/test_certificate.py"],
    "autograd/testing/subjects.py": [
        "tests/proof/test_inconclusive.py",
        "tests/proof/test_jacobians.py",
        "tests/proof/test_checks.py",
    ],
    "autograd/testing/trees.py": ["tests/proof/test_trees.py", "tests/proof/test_jacobians.py"],
    "autograd/testing/verdicts.py": ["tests/proof/test_checks.py", "tests/proof/test_inconclusive.py"],
    "autograd/custom.py": ["tests/proof/test_custom.py"],
    "autograd/dual.py": ["tests/autograd/test_transforms.py"],
    "autograd/engines.py": ["tests/autograd/test_engines.py", "tests/test_house.py"],
    "autograd/modes.py": ["tests/autograd/test_backward.py"],
    "autograd/operators.py": ["tests/autograd/test_value.py", "tests/autograd/test_primitives.py"],
    "autograd/record.py": [
        "tests/autograd/test_record.py",
        "tests/autograd/test_primitives.py",
        "tests/autograd/test_value.py",
    ],
    "autograd/records.py": ["tests/autograd/test_conventions.py", "tests/autograd/test_primitives.py"],
    "autograd/translate.py": ["tests/autograd/test_translate.py"],
    "nn/arguments.py": ["tests/nn/test_modules.py", "tests/nn/test_training.py"],
    "nn/confusion.py": ["tests/nn/test_metrics.py"],
    "nn/data.py": ["tests/nn/test_training.py"],
    "nn/evaluation.py": ["tests/nn/test_evaluation.py", "tests/nn/test_habits.py", "tests/nn/test_training.py"],
    "nn/history.py": ["tests/nn/test_training.py"],
    "nn/initial.py": ["tests/nn/test_modules.py"],
    "nn/layers.py": ["tests/nn/test_modules.py"],
    "nn/metrics.py": ["tests/nn/test_metrics.py", "tests/nn/test_training.py"],
    "nn/progress.py": ["tests/nn/test_training.py", "tests/nn/test_habits.py"],
    "nn/restoring.py": ["tests/nn/test_architecture.py"],
    "nn/schedules.py": ["tests/nn/test_optimizers.py"],
    "nn/summary.py": ["tests/nn/test_habits.py"],
    "nn/stored.py": ["tests/nn/test_checkpoints.py"],
    "viz/graph/backward.py": ["tests/viz/test_steps.py", "tests/viz/test_explain.py"],
    "viz/graph/paths.py": ["tests/viz/test_explain.py"],
    "viz/graph/reading.py": ["tests/viz/test_folding.py"],
    "viz/scene/raster.py": ["tests/viz/test_shapes.py"],
    "viz/scene/svg.py": ["tests/viz/test_shapes.py"],
}

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


class Change(NamedTuple):
    """One change: where it is, in words that stay when other lines move, and the whole text of the changed module."""

    module: str
    line: int
    words: str  # "function: before -> after"
    text: str

    @property
    def key(self) -> str:
        """A number that decides whether the change is drawn; it depends on nothing but the change itself."""
        return hashlib.sha256(f"{self.module} {self.words}".encode()).hexdigest()


# ---- changes ---------------------------------------------------------------------------------------


def changes(module: str, source: str) -> list[Change]:
    """Every change of a module, each made to the tree and printed again."""
    tree = ast.parse(source)
    found: list[Change] = []
    counted: dict[str, int] = {}
    for where, node, field, index, new in places(tree, ""):
        holder = getattr(node, field)
        old = holder if index is None else holder[index]
        before, after = shown(node, old), ""
        put(node, field, index, new)
        try:
            after = shown(node, new)
            text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        finally:
            put(node, field, index, old)
        words = f"{where or 'module'}: {before} -> {after}"
        counted[words] = counted.get(words, 0) + 1
        if counted[words] > 1:
            words += f" ({counted[words]})"
        line = getattr(old, "lineno", None) or getattr(node, "lineno", 0)
        found.append(Change(module, line, words, text))
    return found


def put(node: ast.AST, field: str, index: int | None, new: Any) -> None:
    """Set a field of a node, or one item of it."""
    if index is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[index] = new


def shown(node: ast.AST, changed: ast.AST) -> str:
    """The code around a change on one line: for a number or an operator the expression around it, for an `if` its condition."""
    if isinstance(changed, (ast.If, ast.While)):
        text = f"{type(changed).__name__.lower()} {ast.unparse(changed.test)}"
    elif isinstance(changed, (ast.operator, ast.cmpop, ast.boolop, ast.Constant)) and isinstance(node, ast.expr):
        text = ast.unparse(node)
    else:
        text = ast.unparse(changed)
    return re.sub(r"\s+", " ", text)[:100]


def places(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, str, int | None, Any]]:
    """Where a change can be made below a node: (function, node, field, index in the field, what to put there)."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        where = f"{where}.{node.name}" if where else node.name
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_comment", "decorator_list", "type_params") or declares(node, field):
            continue
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            yield from ((where, node, field, index, new) for new in replacements(item, node))
            if isinstance(item, ast.AST) and not skipped(item):
                yield from places(item, where)


def declares(node: ast.AST, field: str) -> bool:
    """Whether a field says something to a reader or a type checker alone, as ``__all__`` does."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and field == "value":
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Name) and target.id.startswith("__") for target in targets)
    return (
        isinstance(node, ast.Subscript) and field == "slice" and isinstance(node.value, ast.Name) and node.value.id[0].isupper()
    )


def skipped(item: ast.AST) -> bool:
    """What isn't changed: text, imports, what only a type checker reads."""
    if isinstance(item, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
        return True
    if isinstance(item, ast.If):
        return isinstance(item.test, ast.Name) and item.test.id == "TYPE_CHECKING"
    if isinstance(item, ast.Call):
        return isinstance(item.func, ast.Name) and item.func.id in ("TypeVar", "cast", "overload")
    return False


def replacements(item: Any, parent: ast.AST) -> list[Any]:
    """What a node can be replaced with."""
    if type(item) in SWAPPED:
        return [SWAPPED[type(item)]()]
    if isinstance(item, ast.Constant):
        if isinstance(item.value, bool):
            return [ast.Constant(not item.value)]
        if isinstance(item.value, int):
            return [ast.Constant(item.value + 1 if abs(item.value) < LARGE else 2 * item.value)]
        if isinstance(item.value, float):
            return [ast.Constant(item.value * 1.5 if item.value else 1.0)]
        return []
    if isinstance(item, ast.UnaryOp) and isinstance(item.op, (ast.Not, ast.USub)):
        return [copy.copy(item.operand)]
    if isinstance(item, ast.IfExp):
        return [ast.IfExp(item.test, item.orelse, item.body)]
    if isinstance(item, (ast.If, ast.While)) and not skipped(item):
        changed = copy.copy(item)
        changed.test = ast.UnaryOp(ast.Not(), item.test)
        return [changed]
    if isinstance(item, ast.Return) and item.value is not None and not isinstance(item.value, ast.Constant):
        return [ast.Return(ast.Constant(None))]
    text = isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
    if isinstance(item, (ast.AugAssign, ast.Raise, ast.Continue, ast.Break)) or (isinstance(item, ast.Expr) and not text):
        return [ast.Pass()]
    if isinstance(item, ast.Assign) and isinstance(parent, ast.FunctionDef) and isinstance(item.targets[0], ast.Attribute):
        return [ast.Pass()]
    return []


def drawn(modules: list[str], per_module: int) -> list[Change]:
    """The changes of this run: from each module those with the smallest keys."""
    picked: list[Change] = []
    for module in modules:
        everything = changes(module, Path(module).read_text(encoding="utf-8"))
        picked += sorted(everything, key=lambda change: change.key)[:per_module]
    return picked


# ---- tests -----------------------------------------------------------------------------------------


def folder_of(module: str) -> str:
    """The row of `TESTS` that a module belongs to."""
    return next(name for name in TESTS if module.startswith(name + "/"))


def tests_in(folder: str) -> list[str]:
    """The test files that belong to a folder."""
    found: list[str] = []
    for name in TESTS[folder]:
        found += [name] if Path(name).is_file() else sorted(map(str, Path(name).glob("test_*.py")))
    return [name for name in dict.fromkeys(found) if name not in LEFT_OUT]


def tests_of(module: str) -> list[str]:
    """The test files that belong to a module, those that are about it first, and its own doctests."""
    files = tests_in(folder_of(module))
    stem = Path(module).stem.strip("_")
    own = [module] if Path(module).name != "__main__.py" else []
    return list(dict.fromkeys([*ASKED_FIRST.get(module, []), *(f for f in files if stem in Path(f).stem), *own, *files]))


class Worker:
    """A process with a copy of the checkout, in which it forks once for each run of tests."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "--quiet", str(checkout), str(folder)], check=True)
        names = subprocess.run(["git", "diff", "--name-only", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True)
        for name in names.stdout.split():  # what is changed and not committed yet
            if (checkout / name).is_file():
                (folder / name).write_bytes((checkout / name).read_bytes())
        environment = os.environ | {
            "AUTOGRAD_ENGINE": "python", "CI": "true", "HYPOTHESIS_NO_PLUGINS": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(folder),
        }  # fmt: skip
        environment.pop("AUTOGRAD_TEST_TWIN", None)
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, tests: list[str], limit: float) -> dict[str, Any]:
        """Run test files until one fails: {"code": pytest's status or None after the limit, "seconds":, "said":}."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps({"tests": tests, "limit": limit}), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def tried(self, change: Change, tests: list[str], limit: float) -> dict[str, Any]:
        """Run the tests with the change in place."""
        path = self.folder / change.module
        before = path.read_text(encoding="utf-8")
        path.write_text(change.text, encoding="utf-8")
        try:
            return self.run(tests, limit)
        finally:
            path.write_text(before, encoding="utf-8")


def serve() -> None:
    """The process of a worker: what is slow to import is imported once, and each run of tests is a fork."""
    import hypothesis.strategies
    import mpmath
    import numpy
    import pytest

    assert all((hypothesis, mpmath, numpy))  # imported for the forks
    os.environ.pop("HYPOTHESIS_NO_PLUGINS")
    # An editable install knows where its compiled module is; here there is none.
    sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryFile("w+") as said:
            start = time.monotonic()
            child = os.fork()
            if child == 0:
                os.setsid()
                for stream in (0, 1, 2):
                    os.dup2(said.fileno(), stream)
                hypothesis.entry_points.run()
                os._exit(pytest.main([*OPTIONS, *job["tests"]]))
            code = wait(child, job["limit"])
            said.seek(0)
            lines = said.read().splitlines()[-12:]
        print(json.dumps({"code": code, "seconds": time.monotonic() - start, "said": lines}), flush=True)


def wait(child: int, limit: float) -> int | None:
    """The exit status of a child; None, and the child with all that it started is gone, after the limit."""
    end = time.monotonic() + limit
    status = None
    while status is None and time.monotonic() < end:
        pid, raw = os.waitpid(child, os.WNOHANG)
        if pid:
            status = os.waitstatus_to_exitcode(raw)
        else:
            time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status


# ---- the run ---------------------------------------------------------------------------------------


def main() -> int:
    """Draw, try, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="modules to change; all of them if none is named")
    parser.add_argument("--per-module", type=int, default=PER_MODULE, help=f"changes per module ({PER_MODULE})")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="list the changes and try none")
    options = parser.parse_args()
    os.chdir(Path(__file__).parent.parent)
    everything = [str(path) for package in PACKAGES for path in sorted(Path(package).rglob("*.py"))]
    jobs = drawn(options.modules or everything, options.per_module)
    if options.list:
        for change in jobs:
            print(f"{change.module}:{change.line} {change.words}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        workers: Queue[Worker] = Queue()
        for i in range(options.processes):
            workers.put(Worker(Path.cwd(), Path(folder, f"copy{i}")))
        limits = unchanged(workers, sorted({folder_of(change.module) for change in jobs}))

        def attempt(change: Change) -> tuple[Change, dict[str, Any]]:
            worker = workers.get()
            try:
                return change, worker.tried(change, tests_of(change.module), limits[folder_of(change.module)])
            finally:
                workers.put(worker)

        survived = []
        with ThreadPoolExecutor(options.processes) as pool:
            for done in as_completed([pool.submit(attempt, change) for change in jobs]):
                change, answer = done.result()
                if answer["code"] == 0:
                    survived.append(change)
                if answer["code"] in (0, None):  # what takes too long is noticed, as a loop without an end is
                    word = "SURVIVED" if answer["code"] == 0 else "TOOK TOO LONG"
                    print(f"{word} {change.module}:{change.line} {change.words}", flush=True)
        while not workers.empty():
            workers.get().process.kill()
    noticed = 1.0 - len(survived) / len(jobs)
    print(f"{len(jobs)} changes tried, {len(survived)} survived: {noticed:.1%} noticed, at least {GOAL:.0%} wanted")
    return 0 if noticed >= GOAL else 1


def unchanged(workers: Queue[Worker], folders: list[str]) -> dict[str, float]:
    """Run the tests of each folder without a change: how long a run may take; an error if one fails."""
    limits = {}
    for folder in folders:
        worker = workers.get()
        tests = tests_in(folder)
        answer = worker.run(tests, 1800.0)
        workers.put(worker)
        if answer["code"] != 0:
            words = "\n".join(answer["said"])
            sys.exit(f"these tests fail without a change (status {answer['code']}): {' '.join(tests)}\n{words}")
        limits[folder] = 4.0 * answer["seconds"] + SLACK
    return limits


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        sys.exit(main())
