"""How the rooms of the house stand to each other, checked on the source text."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "autograd"
# What each module of autograd may import from autograd; a module that is missing here fails the test.
ALLOWED = {
    "kernels": set(),
    "primitive": set(),
    "modes": set(),
    "records": {"kernels", "primitive"},
    "operators": {"records", "primitive"},
    "value": {"records", "operators", "primitive", "modes"},
    "dual": {"records", "operators", "primitive"},
    "engine": {"value"},
    "transforms": {"records", "primitive", "modes", "dual", "engine", "value"},
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, relative ones with a dot in front."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            found |= {dots + node.module} if node.module else {dots + alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(ENGINE.glob("[!_]*.py")), ids=lambda p: p.stem)
def test_imports_inside_autograd_run_one_way(path: Path) -> None:
    """Primitives come before engines, engines before everything else; only the standard library from outside."""
    found = imports(path)
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


@pytest.mark.parametrize("path", sorted((ROOT / "viz").rglob("*.py")), ids=lambda p: p.stem)
def test_viz_sees_only_the_public_face(path: Path) -> None:
    """viz imports `autograd` itself, never a module inside it, never nn, and touches no private name of a Value."""
    found = imports(path)
    assert not {name for name in found if name.startswith("autograd.") or name.split(".")[0] == "nn"}
    source = path.read_text(encoding="utf-8")
    slots = [name for name in autograd.topological_order(autograd.Value(1))[0].__slots__ if name.startswith("_")]
    assert slots
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("value", "node"):
            assert node.attr not in slots


def test_only_the_engine_reaches_into_a_value() -> None:
    """No other module of autograd names a slot of Value, so that a compiled twin can take its place."""
    slots = {name for name in autograd.Value.__slots__ if name.startswith("_")}
    for path in ENGINE.glob("*.py"):
        if path.stem != "value":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)} & slots, path.name


def test_importing_autograd_needs_the_standard_library_only() -> None:
    """A fresh interpreter that imports autograd has loaded neither NumPy nor mpmath, Hypothesis or graphviz."""
    code = "import sys, autograd; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "mpmath", "hypothesis", "graphviz", "pygraphviz", "viz"} & set(run.stdout.split())


def test_the_public_face_is_complete_and_documented() -> None:
    """Every public name has a docstring with an example, and every public primitive is exported under its name."""
    for name in autograd.__all__:
        assert ">>>" in getattr(autograd, name).__doc__ or name == "AnomalyError", name
    for name, record in autograd.primitives().items():
        assert name in autograd.__all__
        assert getattr(autograd, name) is record


def test_every_test_states_its_claim() -> None:
    """Each test function has a docstring."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


@pytest.mark.parametrize(
    ("setting", "status", "words"),
    [("python", 0, "python"), ("auto", 0, ""), ("fast", 1, "write auto, python or native")],
)
def test_the_engine_is_picked_by_its_variable(setting: str, status: int, words: str) -> None:
    """AUTOGRAD_ENGINE picks at import, and a word that it doesn't know is an error that lists the known ones."""
    run = subprocess.run(
        [sys.executable, "-c", "import autograd; print(autograd.engine())"],
        capture_output=True, text=True, cwd=ROOT, env={"AUTOGRAD_ENGINE": setting, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == status
    assert words in run.stdout + run.stderr
