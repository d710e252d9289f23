"""The README says what is true: its Python blocks print what stands below them, its table is what the command prints."""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import shlex
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

from autograd.testing import GradientError
from viz.cli.main import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.DOTALL)


FENCED = re.compile(r"^```\w+\n.*?^```$", flags=re.MULTILINE | re.DOTALL)


def words_of(picture: Path) -> list[str]:
    """The texts of an SVG, in their order."""
    texts = (text.strip() for text in ElementTree.parse(picture).getroot().itertext())
    return [text for text in texts if text]


def test_there_are_examples() -> None:
    """The README has five Python blocks, each with its output, and no Python block without."""
    assert len(EXAMPLES) == README.count("```python") == 5


@pytest.mark.parametrize(("code", "printed"), EXAMPLES, ids=["values", "functions", "pictures", "nets", "proof"])
def test_python_blocks_print_what_they_say(code: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block runs as it stands and prints the text block below it."""
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue() == printed


def test_the_recipe_finds_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test that README.md proposes for derivatives of one's own passes for right ones, and fails for a wrong entry."""
    (recipe,) = re.findall(r"```py\n(.*?)```", README, flags=re.DOTALL)
    arm = ModuleType("arm")
    arm.position = lambda q: [q[0] * q[1], math.sin(q[0])]
    monkeypatch.setitem(sys.modules, "arm", arm)
    usual = "ci" if os.environ.get("CI") else "dev"  # as tests/conftest.py loads it
    settings.register_profile("few", settings(), max_examples=5, phases=[Phase.generate])
    settings.load_profile("few")  # the recipe takes over what holds when it is run
    try:
        for entry, wrong in ((0.0, False), (1e-3, True)):
            arm.jacobian = lambda q, entry=entry: [[q[1], q[0]], [math.cos(q[0]), entry]]
            names: dict[str, Any] = {}
            exec(compile(recipe, "<recipe>", "exec"), names)
            with pytest.raises(GradientError, match=r"df\[1\]/dq\[1\]") if wrong else contextlib.nullcontext():
                names["test_jacobian"]()
    finally:
        settings.load_profile(usual)


@pytest.mark.graphviz
def test_the_first_command_prints_the_table_and_draws_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's first command prints the text block below it, and its picture says what readme.svg says.

    To the byte the two are compared in CI only: another version of Graphviz may place a box elsewhere.
    """
    found = re.search(r"```sh\n[^\n]* && (glassgrad [^\n]*)\n```\n\n```text\n(.*?)```", README, flags=re.DOTALL)
    assert found
    command, table = found.groups()
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == table
    assert words_of(tmp_path / "lecture.svg") == words_of(ROOT / "readme.svg")


def test_the_options_that_it_names_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option that the README gives the command is in the command's help."""
    assert main(["--help"]) == 0
    known = set(re.findall(r"--?[a-z][a-z-]*", capsys.readouterr().out))
    section = README.split("## The command")[1].split("\n## ")[0]
    assert set(re.findall(r"(?<=`)--?[a-z][a-z-]*", section)) <= known


def test_the_korean_page_shows_the_same_commands_and_code() -> None:
    """README.ko.md has the blocks of README.md in its order, and in its prose the same commands, names and options."""
    assert FENCED.findall(KOREAN) == FENCED.findall(README)
    english, korean = (
        {" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCED.sub("", page))} for page in (README, KOREAN)
    )
    assert korean == english


def test_the_korean_page_has_the_same_parts() -> None:
    """README.ko.md has as many sections and list items, the same pictures and links, and in a table's row the same numbers."""
    for part in (r"^## ", r"^- ", r"^!\[[^]]*\](.*)", r"\]\(((?!README)[^)]*)\)"):
        assert re.findall(part, KOREAN, flags=re.MULTILINE) == re.findall(part, README, flags=re.MULTILINE)
    english, korean = (re.findall(r"^\|.*\|$", FENCED.sub("", page), flags=re.MULTILINE) for page in (README, KOREAN))
    for ours, theirs in zip(english, korean, strict=True):
        assert sorted(re.findall(r"\d[\d.,]*", theirs)) == sorted(re.findall(r"\d[\d.,]*", ours)), theirs


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README.ko.md",
        "CONTRIBUTING.md",
        "tests/README.md",
        "benchmarks/README.md",
        "docs/decisions.md",
        "docs/how_it_works.md",
    ],
)
def test_the_files_that_it_names_exist(name: str) -> None:
    """Each file that a page names with its folder is there, seen from the page or from the top."""
    page = ROOT / name
    named = r"\b(?:autograd|nn|viz|tests|benchmarks|notebooks)/[\w/]*\w\.(?:py|pyx|pxi|md|ipynb)\b"
    for path in re.findall(named, page.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file() or (page.parent / path).is_file(), path
