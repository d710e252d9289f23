"""The README says what is true: its Python blocks print what stands below them, its table is what the command prints."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

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
    """The README's Python block has its output below it, and there is no Python block without."""
    assert len(EXAMPLES) == README.count("```python") == 1


def test_it_is_short() -> None:
    """The README, tables and code included, has fewer than 900 words; its first paragraph has two sentences."""
    assert len(README.split()) < 900
    opening = README.split("\n\n")[2]
    assert re.findall(r"[.!?](?=\s|$)", re.sub(r"`[^`]*`", "", opening)) == [".", "."]


@pytest.mark.parametrize(("code", "printed"), EXAMPLES)
def test_python_blocks_print_what_they_say(code: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block runs as it stands and prints the text block below it."""
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue() == printed


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


def test_its_links_lead_somewhere() -> None:
    """Each relative link and picture of the README is a file here, and each place in a page is a heading of that page."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert len(targets) > 12
    for target in targets:
        path, _, place = target.partition("#")
        assert (ROOT / path).is_file(), target
        if place:
            heads = re.findall(r"^#+ (.*)$", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert place in [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads], target


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
