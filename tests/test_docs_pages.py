"""The pages in docs/ say what is true: their Python blocks run in their order, and print what stands below them."""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import math
import os
import random
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

import autograd as ag
from autograd.testing import GradientError
from viz.cli.main import main

ROOT = Path(__file__).parent.parent
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "play" not in path.relative_to(ROOT / "docs").parts)
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", flags=re.DOTALL | re.MULTILINE)
WITH_CODE = [path for path in PAGES if BLOCK.search(path.read_text(encoding="utf-8"))]


def text_of(name: str) -> str:
    """A page."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def run(page: Path) -> list[tuple[str, str]]:
    """What the page says that each of its blocks prints, and what it prints; the blocks of a page are one script."""
    names: dict[str, Any] = {}
    found = []
    for code, said in BLOCK.findall(page.read_text(encoding="utf-8")):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, str(page.relative_to(ROOT)), "exec"), names)
        found.append((said, out.getvalue()))
    return found


def test_there_are_pages_with_code() -> None:
    """At least eight pages have Python blocks, and no output stands without the block that prints it."""
    assert len(WITH_CODE) >= 8
    for page in WITH_CODE:
        text = page.read_text(encoding="utf-8")
        assert text.count("\n```text\n") == sum(bool(said) for _, said in BLOCK.findall(text)), page


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_python_blocks_print_what_they_say(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Python block of a page runs after those before it, and prints the text block below it, or nothing."""
    monkeypatch.chdir(tmp_path)
    for said, printed in run(page):
        assert printed == said


def test_the_recipe_finds_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test file that testing.md proposes passes for right derivatives, and fails for a wrong entry."""
    recipe = re.findall(r"```py\n(.*?)```", text_of("testing.md"), flags=re.DOTALL)[0]
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


def test_the_intervals_hold_what_they_enclose() -> None:
    """The interval that interpretation.md computes for a function contains the function's value at every point tried, and
    its ends are values: for each record of one or two operands, on boxes inside its domain.
    """
    names: dict[str, Any] = {}
    exec(BLOCK.findall(text_of("interpretation.md"))[0][0], names)
    interval = names["Interval"]
    rng = random.Random(0)
    tried = 0
    for name, primitive in ag.primitives().items():
        if primitive.arity not in (1, 2) or primitive.has_parameters or name == "remainder":
            continue
        low, high = (1.1, 1.9) if name == "arccosh" else (0.15, 0.85)
        boxes = [sorted(rng.uniform(low, high) for _ in range(2)) for _ in range(primitive.arity)]
        found = primitive(*[interval(*box) for box in boxes])
        points = [tuple(rng.uniform(*box) for box in boxes) for _ in range(40)]
        assert all(found.low <= primitive(*point) <= found.high for point in points), name
        corners = [primitive(*point) for point in itertools.product(*boxes)]
        assert found.low <= min(corners)
        assert found.high >= max(corners)
        assert found.high - found.low <= 1.0001 * (max(corners) - min(corners)) or name in ("gamma", "power"), name
        tried += 1
    assert tried > 40


def test_the_intervals_take_thirty_lines_more_than_a_class_needs() -> None:
    """What interprets the operation, `interpret`, has at most 30 lines."""
    code = BLOCK.findall(text_of("interpretation.md"))[0][0]
    body = code[code.index("    def interpret") : code.index("    def __repr__")]
    assert len([line for line in body.splitlines() if line.strip()]) <= 30


def test_every_notebook_is_listed() -> None:
    """notebooks.md has a row and a place in the menu for each notebook, and the README says how many there are."""
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    text = text_of("notebooks.md")
    assert re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \|", text, flags=re.MULTILINE) == names
    assert re.findall(r"^notebooks/(\w+)$", text, flags=re.MULTILINE) == names
    words = ["Eight", "Nine", "Ten", "Eleven", "Twelve"]
    assert f"[{words[len(names) - 8]} notebooks]" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_options_of_the_command_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option on the command's page is in the command's help."""
    assert main(["--help"]) == 0
    known = set(re.findall(r"--?[a-z][a-z-]*", capsys.readouterr().out))
    assert set(re.findall(r"(?<=`)--?[a-z][a-z-]*", text_of("api/command.md"))) <= known | {"--help"}


def test_a_level_of_ones_own_is_between_those_that_exist() -> None:
    """The level that interpretation.md gives to intervals is above dual numbers and below symbols."""
    from autograd.symbol import Symbol

    level = re.search(r"interpretation_level = (1 << \d+)", text_of("interpretation.md"))
    assert level
    assert 1_000_000 < eval(level[1]) < Symbol.interpretation_level
    assert ag.Value.interpretation_level == 0


def test_what_a_page_calls_a_name_is_one() -> None:
    """Each name of ours that coming_from.md writes with its module exists."""
    import nn
    import viz

    modules = {"autograd": ag, "nn": nn, "viz": viz}
    found = re.findall(r"`(autograd|nn|viz)\.(\w+)", text_of("coming_from.md"))
    assert len(found) > 10
    for module, name in found:
        assert hasattr(modules[module], name) or name in ("numpy", "tree", "engine"), (module, name)
    assert inspect.signature(nn.MLP)
