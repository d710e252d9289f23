"""Which module may import which, and what all modules and tests have in common, checked on the source text."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import autograd
from autograd import value as reference

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "autograd"
# What each module of autograd may import from autograd; a module that is missing here fails the test.
ALLOWED: dict[str, set[str]] = {
    "kernels": set(),
    "kernels_exact": {"kernels"},
    "record": {"modes"},
    "modes": set(),
    "deallocation": set(),
    "files": set(),
    "neighbours": set(),
    "records": {"kernels", "kernels_exact", "record", "modes"},
    "custom": {"record"},
    "operators": {"records", "record", "modes"},
    "micrograd": set(),
    "face": {"operators", "record", "modes", "micrograd"},
    "graphs": {"face", "records", "record", "modes"},
    "program": {"kernels", "records", "record"},
    "replay": {"modes", "printed_python", "program", "record", "records"},
    "value": {"deallocation", "face", "graphs", "records", "operators", "record", "modes", "replay"},
    "dual": {"records", "operators", "record", "modes"},
    "series": {"deallocation", "dual", "records", "operators", "record", "modes"},
    "tree": set(),
    "layout": {"tree"},
    "parsing": set(),
    "symbol": {"records", "operators", "parsing", "record"},
    "recording": {"program", "replay", "dual", "series", "records", "record", "modes"},
    "engines": {"value"},
    "printed": {"program", "record"},
    "elsewhere": {"printed", "program", "records", "record"},
    "printed_pairs": {"kernels", "kernels_exact"},
    "printed_walked": {"kernels", "kernels_exact", "printed", "printed_pairs", "program", "record", "records", "translate"},
    "printed_c": {"kernels", "printed", "printed_pairs", "printed_python", "printed_walked", "program", "translate"},
    "printed_javascript": {
        "kernels",
        "printed",
        "printed_c",
        "printed_pairs",
        "printed_python",
        "printed_walked",
        "program",
        "translate",
    },
    "compiling": {"printed", "printed_c", "program", "replay", "files"},
    "sequences": {"printed_c", "printed_pairs", "printed_walked", "translate"},
    "printed_python": {"printed", "translate", "parsing", "program", "kernels", "kernels_exact", "records", "record"},
    "leaves": {"engines"},
    "translate": {"files", "kernels", "parsing", "printed_pairs", "records", "record"},
    "compiled": {
        "program",
        "recording",
        "replay",
        "value",
        "transforms",
        "dual",
        "layout",
        "tree",
        "engines",
        "graphs",
        "record",
        "modes",
    },
    "directions": {"compiled", "recording", "program", "transforms", "dual", "layout", "engines", "records", "record", "modes"},
    "points": {"program", "replay"},  # the reference engine's too
    "samples": {"engines", "layout", "tree", "record"},
    "repeated": {"samples"},
    "batches": {"samples", "compiled", "points", "program", "replay", "transforms", "layout", "engines", "graphs"}
    | {"leaves", "record", "modes"},
    "mapped": {"batches", "samples", "compiled", "points", "replay", "layout", "tree", "engines"}
    | {"leaves", "records", "record", "recording", "repeated", "modes"},
    "transforms": {"records", "record", "modes", "dual", "series", "tree", "layout", "engines", "graphs", "value"},
}
# Modules of the engine whose public names the other packages may import, in addition to those of `autograd` itself.
OPEN = {"autograd.files", "autograd.leaves", "autograd.mapped", "autograd.program", "autograd.recording", "autograd.tree"}
# What each other package may import of ours.
PACKAGES = {
    "viz": {"viz", "autograd"},
    "nn": {"nn", "autograd"},
    "autograd/testing": {"autograd"},
    "benchmarks": {"harness", "autograd", "viz", "nn"},
}
# The folders of viz and its single files, each with what it may import of viz, beside itself.
PICTURES: dict[str, set[str]] = {
    "text": set(),
    "digits": set(),
    "files": set(),
    "languages": set(),
    "_autograd": set(),
    "graph": {"text", "digits", "languages"},
    "scene": {"text"},
    "layout": {"text", "digits", "languages", "graph", "scene"},
    "views": {"text", "digits", "files", "languages", "graph", "scene", "layout"},
    "cli": {"text", "digits", "files", "languages", "graph", "scene", "layout", "views"},
    "__init__": {"_autograd", "scene", "views"},
}
# Of layout, only what measures a graph may import the graph: what comes after has all in what was measured.
ASKS_THE_GRAPH = {"measure"}
PUBLIC = [name for name, x in vars(autograd).items() if name[0] != "_" and not isinstance(x, ModuleType)]
PUBLIC = [name for name in PUBLIC if name not in ("TYPE_CHECKING", "chosen")]
FILES = [(package, path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
OUTSIDE = pytest.mark.parametrize(("package", "path"), FILES, ids=[str(path.relative_to(ROOT)) for _, path in FILES])


def syntax(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, relative ones with a dot in front."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from [dots + node.module] if node.module else [dots + alias.name for alias in node.names]


def from_autograd(path: Path) -> Iterator[str]:
    """The names that a file takes from the package autograd, in either way of importing them."""
    tree = syntax(path)
    aliases = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == "autograd"}
        elif isinstance(node, ast.ImportFrom) and node.module == "autograd":
            yield from (alias.name for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield node.attr


@pytest.mark.parametrize("path", sorted(ENGINE.glob("[!_]*.py")), ids=lambda path: path.stem)
def test_imports_inside_autograd_run_one_way(path: Path) -> None:
    """Primitives come before engines, engines before everything else; only the standard library from outside."""
    found = set(imports(path))
    inside = {name.lstrip(".") for name in found if name.startswith(".")}
    assert inside <= ALLOWED[path.stem]
    outside = {name.split(".")[0] for name in found if not name.startswith(".")}
    assert outside <= set(sys.stdlib_module_names)


def test_the_allowed_order_has_no_cycle() -> None:
    """The table above is an order: what a module may import never leads back to it."""
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {name for name, needs in ALLOWED.items() if name not in done and needs <= done}
        assert ready
        done |= ready


@OUTSIDE
def test_packages_import_only_what_they_may(package: str, path: Path) -> None:
    """viz and nn import autograd and never each other; a file outside the engine imports from the open modules only."""
    ours = {"autograd", "nn", "viz", "benchmarks", "tests", "harness"}
    for name in imports(path):
        assert name.split(".")[0] not in ours - PACKAGES[package], name
        assert not name.startswith("autograd.") or name in OPEN, name


def test_modules_of_nn_import_one_another_one_way() -> None:
    """No module of nn leads back to itself, by an import at its top, in a function or for a type checker."""
    needs = {path.stem: {name.lstrip(".") for name in imports(path) if name.startswith(".")} for path in ROOT.glob("nn/*.py")}
    done: set[str] = set()
    while len(done) < len(needs):
        ready = {name for name, wanted in needs.items() if name not in done and wanted <= done}
        assert ready, f"a circle among {sorted(set(needs) - done)}"
        done |= ready


def viz_imports(path: Path) -> Iterator[tuple[str, str]]:
    """What a file of viz imports of viz: the folder or single file, and the module in it."""
    inside = path.relative_to(ROOT / "viz").parent.parts
    for name in imports(path):
        if name.startswith("."):
            dots = len(name) - len(name.lstrip("."))
            parts = [*inside[: len(inside) + 1 - dots], *name.lstrip(".").split(".")]
            yield parts[0], parts[-1]
        assert not name.startswith("viz."), "viz imports itself relatively"


def part_of_viz(path: Path) -> str:
    """The folder of viz that a file is in, or the file itself."""
    return path.relative_to(ROOT / "viz").with_suffix("").parts[0]


@pytest.mark.parametrize("path", sorted((ROOT / "viz").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_pictures_flow_one_way(path: Path) -> None:
    """Text, then graph and scene, then layout, views and the command; after `measure` no graph is asked."""
    part = part_of_viz(path)
    for found, _ in viz_imports(path):
        assert found == part or found in PICTURES[part], found
        assert part != "layout" or found != "graph" or path.stem in ASKS_THE_GRAPH


def test_the_folders_of_viz_have_no_cycle() -> None:
    """The table of viz's folders is an order, and inside of a folder no import leads back, not even one in a function."""
    done: set[str] = set()
    while len(done) < len(PICTURES):
        ready = {name for name, needs in PICTURES.items() if name not in done and needs <= done}
        assert ready
        done |= ready
    needs = {path.stem: {m for f, m in viz_imports(path) if f == part_of_viz(path) and (path.parent / f"{m}.py").exists()}
             for path in sorted((ROOT / "viz").rglob("[!_]*.py"))}  # fmt: skip
    while needs:
        ready = {name for name, found in needs.items() if not found & set(needs)}
        assert ready, needs
        needs = {name: found for name, found in needs.items() if name not in ready}


@OUTSIDE
def test_packages_use_the_public_face(package: str, path: Path) -> None:
    """What a file outside the engine takes from `autograd`, or from an open module of it, is a public name there."""
    assert set(from_autograd(path)) <= {*PUBLIC, *(name.removeprefix("autograd.") for name in OPEN)}
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.ImportFrom) and node.module in OPEN:
            assert {alias.name for alias in node.names} <= set(importlib.import_module(node.module).__all__)


@pytest.mark.parametrize("path", [path for name in ("autograd", "nn", "viz") for path in sorted((ROOT / name).rglob("*.py"))],
                         ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_one_function_writes_files(path: Path) -> None:
    """Only `autograd.files` opens a file for writing, makes a temporary one, or puts one in another's place."""
    if path == ENGINE / "files.py":
        return
    refused = {"write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "replace", "rename", "fdopen"}
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            where = getattr(getattr(node.func, "value", None), "id", "")
            assert not (name in refused and (where == "os" or name not in ("replace", "rename"))), f"{path}:{node.lineno}"
            if name == "open" and where != "os":
                mode = node.args[1].value if len(node.args) > 1 else "r"  # type: ignore[attr-defined]
                assert not set(mode) & set("wax+"), f"{path}:{node.lineno}"


def test_only_the_engine_reaches_into_a_value() -> None:
    """No other file names a slot of Value on anything but itself, so that a compiled twin can take its place."""
    slots = {name for name in reference.Node.__slots__ if name.startswith("_")}
    assert len(slots) > 3
    inside = [path for path in ENGINE.glob("*.py") if path.stem != "value"]
    for path in [*inside, *(path for _, path in FILES)]:
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Attribute) and node.attr in slots:
                assert isinstance(node.value, ast.Name), f"{path.name}:{node.lineno}"
                assert node.value.id in ("self", "cls"), f"{path.name}:{node.lineno}"


def test_the_engine_is_one_page() -> None:
    """The reference engine fits on a page of 250 lines, and the native engine takes nothing from it but the walk in Python."""
    assert len((ENGINE / "value.py").read_text(encoding="utf-8").splitlines()) < 250
    taken = [
        line
        for line in (ENGINE / "_native.pyx").read_text(encoding="utf-8").splitlines()
        if "import" in line and "value" in line
    ]
    assert [line.partition("  #")[0] for line in taken] == ["from .value import _adjoints"]


def test_importing_autograd_needs_the_standard_library_only() -> None:
    """A fresh interpreter that imports autograd loads the standard library and autograd, and nothing else."""
    code = "import sys; before = set(sys.modules); import autograd; print(*sorted(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    cython = {name for name in loaded if name.startswith(("_cython_", "cython_"))}  # empty ones, which a compiled engine makes
    assert loaded - cython - set(sys.stdlib_module_names) == {"autograd"}


def test_the_list_of_public_names_is_complete() -> None:
    """`autograd.__all__` holds each public name of the package that isn't a built-in's as well, and nothing else."""
    assert set(autograd.__all__) == {name for name in PUBLIC if not hasattr(builtins, name)}
    assert len(set(autograd.__all__)) == len(autograd.__all__)
    assert {"sum", "max", "min", "round"} <= set(PUBLIC)
    for name, record in autograd.primitives().items():
        assert name in PUBLIC
        assert getattr(autograd, name) is record


ALIASES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
}  # fmt: skip


def test_each_primitive_has_one_name_or_a_known_second_one() -> None:
    """A public name that isn't its record's own stands in the table of aliases, and there is the same record."""
    named = {n: x for n, x in vars(autograd).items() if isinstance(x, autograd.Primitive)}
    assert {alias: record.name for alias, record in named.items() if alias != record.name} == ALIASES
    for alias, name in ALIASES.items():
        assert named[alias] is named[name]
        assert alias in autograd.__all__
        assert alias not in autograd.primitives()


def test_a_star_leaves_the_built_ins_alone() -> None:
    """After `from autograd import *` sum, max, min, round, abs and pow are Python's own, and Value is there."""
    names: dict[str, object] = {}
    exec("from autograd import *", names)
    assert names["Value"] is autograd.Value
    assert not [name for name in names if not name.startswith("__") and hasattr(builtins, name)]


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "AnomalyError"])
def test_each_public_name_has_an_example(name: str) -> None:
    """Each public name has a docstring with an example that runs and prints what it says."""
    docstring = getattr(autograd, name).__doc__
    assert docstring
    example = doctest.DocTestParser().get_doctest(docstring, vars(autograd) | {"autograd": autograd}, name, None, 0)
    assert example.examples
    said: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(example, out=said.append).failed == 0, "".join(said)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_states_its_claim(path: Path) -> None:
    """Each test function has a docstring."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize(
    ("module", "tests", "which"),
    [("views/explain", "explain", "lecture"), ("views/drawing", "picture", "slow_layout")],
)
def test_a_module_may_be_named_before_the_tests(module: str, tests: str, which: str) -> None:
    """The doctests of one module and the tests after it pass in one run: pytest does not run a second copy of the module.

    A copy would stand in the package's place of that name: `viz.views.drawing` would not be the module that draws.
    """
    files = [f"viz/{module}.py", f"tests/viz/test_{tests}.py"]
    command = [sys.executable, "-m", "pytest", "-q", *files, "-k", f"viz.{module.replace('/', '.')} or {which}"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
    assert " passed" in run.stdout


@pytest.mark.parametrize(
    ("setting", "status", "words"),
    [("python", 0, "python"), ("auto", 0, ""), ("fast", 1, "write auto, python or native")],
)
def test_the_engine_is_picked_by_its_variable(setting: str, status: int, words: str) -> None:
    """AUTOGRAD_ENGINE picks at import, and a word that it doesn't know is an error that lists the known ones."""
    run = subprocess.run(
        [sys.executable, "-c", "import autograd; print(autograd.engine())"],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"AUTOGRAD_ENGINE": setting},
    )  # fmt: skip
    assert run.returncode == status
    assert words in run.stdout + run.stderr
