"""The README says what is true: its Python blocks print what stands below them, its table is what the command prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.DOTALL)


def test_there_are_examples() -> None:
    """The README has two Python blocks, each with its output, and no Python block without."""
    assert len(EXAMPLES) == README.count("```python") == 2


@pytest.mark.parametrize(("code", "printed"), EXAMPLES, ids=["values", "functions"])
def test_python_blocks_print_what_they_say(code: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block runs as it stands and prints the text block below it."""
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    assert out.getvalue() == printed


def test_the_table_is_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first text block is the output of the first command, and readme.svg is the picture that it draws."""
    from viz.cli.main import main

    monkeypatch.chdir(tmp_path)
    assert main(["q = x + y; f = q * z", "x=-2", "y=5", "z=-4", "-o", "lecture.svg"]) == 0
    printed = capsys.readouterr().out
    assert f"```text\n{printed}```" in README
    drawn = (tmp_path / "lecture.svg").read_text(encoding="utf-8")
    assert drawn == (Path(__file__).parent.parent / "readme.svg").read_text(encoding="utf-8")
