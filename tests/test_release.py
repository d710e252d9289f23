"""What is released: metadata that agree with one another, a long description that stands alone, and frozen applications."""

from __future__ import annotations

import importlib.metadata
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import viz
from autograd import Value
from viz.scene import graphviz

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
METADATA = PROJECT["project"]
WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
REPOSITORY = METADATA["urls"]["Repository"]


def long_description() -> str:
    """What setup.py makes of README.md."""
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    (made,) = re.findall(r"^def long_description.*?(?=^class )", text, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"re": re, "tomllib": tomllib, "Path": lambda name: ROOT / name}
    exec(compile(made, "setup.py", "exec"), names)
    found: str = names["long_description"]()
    return found


def test_the_long_description_stands_alone() -> None:
    """Each picture and link of the long description has an absolute address, and each leads to a file of this checkout."""
    text = long_description()
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 12
    raw = REPOSITORY.replace("https://github.com/", "https://raw.githubusercontent.com/")
    for target in targets:
        assert target.startswith("https://"), target
        if target.startswith((REPOSITORY, raw)):
            path = re.sub(rf"^({re.escape(REPOSITORY)}/blob/main|{re.escape(raw)}/main)/", "", target).partition("#")[0]
            assert (ROOT / path).is_file(), target
    assert f"]({raw}/main/readme.svg)" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(r"\]\([^)]+\)", "", text) == re.sub(r"\]\([^)]+\)", "", readme)


def test_what_is_tested_is_what_is_promised() -> None:
    """The Pythons of the classifiers, the wheels and the workflow's tests are the same, from the oldest that is required."""
    classified = {c.rpartition(" ")[2] for c in METADATA["classifiers"] if re.fullmatch(r".* :: 3\.\d+", c)}
    wheels = {f"3.{minor}" for minor in re.findall(r"cp3(\d+)-", PROJECT["tool"]["cibuildwheel"]["build"])}
    (tested,) = re.findall(r"^ +python: \[(.*)\]$", WORKFLOW, flags=re.MULTILINE)
    assert classified == wheels == set(re.findall(r"\d\.\d+", tested))
    assert METADATA["requires-python"] == f">={min(classified, key=lambda version: int(version[2:]))}"


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff names the version, licence and repository of pyproject.toml, and the date that the changelog has."""
    citation = dict(
        re.findall(r"^([\w-]+): \"?([^\"\n]+)\"?$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    )
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["version"] == METADATA["version"]
    assert citation["license"] == METADATA["license"]
    assert citation["repository-code"] == REPOSITORY
    assert f"## {citation['version']} ({citation['date-released']})" in changelog


def test_addresses_have_one_source() -> None:
    """Every address of the project that a committed text names begins with one of pyproject.toml's."""
    known = (REPOSITORY, METADATA["urls"]["Documentation"].rstrip("/"))
    texts = [ROOT / "CITATION.cff", *(ROOT / ".github").rglob("*.yml"), *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for path in texts:
        for address in re.findall(r"https://[\w./-]*glassgrad[\w./-]*", path.read_text(encoding="utf-8")):
            assert address.startswith(known), (path.name, address)


def test_packages_are_all_there() -> None:
    """Each folder of the packages with Python in it is installed: setuptools is told by name."""
    folders = {path.parent for package in ("autograd", "nn", "viz") for path in (ROOT / package).rglob("__init__.py")}
    named = {ROOT.joinpath(*name.split(".")) for name in PROJECT["tool"]["setuptools"]["packages"]}
    assert folders == named


def test_pyinstaller_is_told_of_the_hooks() -> None:
    """The entry point that PyInstaller reads gives a folder with a hook for each package that needs one, and they compile."""
    (point,) = [
        e
        for e in importlib.metadata.distribution("glassgrad").entry_points
        if (e.group, e.name) == ("pyinstaller40", "hook-dirs")
    ]
    (folder,) = point.load()()
    hooks = sorted(path.name for path in Path(folder).glob("hook-*.py"))
    assert hooks == ["hook-autograd.py", "hook-viz.py"]
    for name in hooks:
        compile((Path(folder) / name).read_text(encoding="utf-8"), name, "exec")


def test_the_hooks_collect_what_imports_do_not_show() -> None:
    """Where PyInstaller is installed: the native engine, where it is built, the views, their pages and words are collected."""
    pytest.importorskip("PyInstaller")
    folder = ROOT / "viz" / "_pyinstaller"
    engine = runpy.run_path(str(folder / "hook-autograd.py"))
    pictures = runpy.run_path(str(folder / "hook-viz.py"))
    assert {"autograd.value", "autograd.records"} <= set(engine["hiddenimports"])
    assert {"viz.views.steps", "viz.views.explain"} <= set(pictures["hiddenimports"])
    names = {Path(source).name for source, _ in pictures["datas"]}
    assert {"steps.js", "steps.css", "ko.json"} <= names


@pytest.mark.graphviz
def test_a_frozen_application_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With sys.frozen set a larger picture is laid out in this process; sys.executable is never run."""
    pytest.importorskip("pygraphviz")

    def refuse(*args: Any, **named: Any) -> Any:
        raise AssertionError(f"a frozen application ran {args}")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    y = Value(1.5, label="x")
    for _ in range(90):
        y = y.tanh()
    assert graphviz.IN_PROCESS_SIZE < 91 + 90 < graphviz.FROZEN_SIZE
    assert viz.draw(y, max_nodes=300).svg.count("<title>") > 90


def test_a_frozen_application_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """There a layout that nothing could end is not begun: the picture is of a smaller graph, and the error says why."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(graphviz, "_pygraphviz", lambda: pytest)  # never asked
    with pytest.raises(viz.RenderError, match="301 nodes and edges are too many to lay out inside a frozen application"):
        graphviz.run_graphviz("digraph {}", "json0", 301)
