"""A teacher's slides: the script makes every picture, sharp enough for a wall; planted mistakes get the messages that help."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nn
import viz
from autograd import Value

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
pytestmark = pytest.mark.graphviz


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of pictures, and what the script printed; nothing on standard error."""
    folder = tmp_path_factory.mktemp("teacher")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(HERE / "teacher_slides.py"), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    return folder, run.stdout


def test_every_picture_is_there(slides: tuple[Path, str]) -> None:
    """Stills, a strip, a player, an explanation, a comparison and a net: each is a file of its kind."""
    folder, said = slides
    assert said.split() == [
        "1-forward.svg", "2-middle.pdf", "3-backward.png", "4-step.svg", "5-net.png", "6-neuron.svg",
        "handout.pdf", "player.html", "warum.html",
    ]  # fmt: skip
    beginnings = {".svg": b"<svg", ".pdf": b"%PDF", ".png": b"\x89PNG", ".html": b"<!DOCTYPE html>"}
    for name in said.split():
        content = (folder / name).read_bytes().lower()
        assert beginnings[Path(name).suffix].lower() in content[:200], name


def test_a_picture_for_the_wall_is_sharp(slides: tuple[Path, str]) -> None:
    """At 300 dots per inch the PNG of a still has at least twice the pixels of the default, in each direction."""
    width, height = struct.unpack(">II", (slides[0] / "3-backward.png").read_bytes()[16:24])
    walk = viz.steps(_sigmoid())
    default = struct.unpack(">II", walk.last.to_bytes(".png")[16:24])
    assert width >= 2 * default[0]
    assert height >= 2 * default[1]


def test_type_on_a_slide_has_the_size_that_was_asked_for(slides: tuple[Path, str]) -> None:
    """The sigmoid neuron fits a slide of 25 cm, and its numbers are 14 points high: 96 pixels and 72 points are an inch."""
    text = (slides[0] / "6-neuron.svg").read_text(encoding="utf-8")
    width = float(text.partition(' width="')[2].partition('"')[0])
    units = float(text.partition(' viewBox="0 0 ')[2].partition(" ")[0])
    size = float(text.partition(">0.7311</text>")[0].rpartition('font-size="')[2].partition('"')[0])
    assert width <= 25 / 2.54 * 96
    assert size * width / units * 72 / 96 == pytest.approx(14, rel=1e-3)


def test_pages_are_in_the_language_of_the_pupils(slides: tuple[Path, str]) -> None:
    """The player says Korean words and the explanation German ones, each in a page that names its language."""
    player = (slides[0] / "player.html").read_text(encoding="utf-8")
    why = (slides[0] / "warum.html").read_text(encoding="utf-8")
    assert '<html lang="ko"' in player
    assert "그래디언트" in player or "기울기" in player
    assert '<html lang="de"' in why
    assert "Pfad" in why


def _sigmoid() -> Value:
    y = (Value(2.0, label="w") * Value(2.0, label="x") - 3.0).sigmoid()
    y.backward()
    return y


def _stale() -> str:
    x = Value(4.0, label="x")
    y = x * 2
    y.backward()
    x.data = 5.0
    return str(viz.draw(y))


MISTAKES: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "the net itself": (lambda: viz.draw(nn.MLP(2, [1])), TypeError, r"call it on a sample first, as in viz\.draw\(model\(\["),
    "a plain number": (lambda: viz.draw(3.0), TypeError, r"expected a Value, got float; wrap the number in Value"),
    "a step too far": (lambda: viz.steps(_sigmoid()).still(99), IndexError, r"step 99 of a walk with \d+ steps"),
    "slides of an office": (
        lambda: viz.steps(_sigmoid()).first.save("slide.pptx"), ValueError, r"'\.pptx'.* one of \.svg, \.png, \.pdf",
    ),
    "dots of an SVG": (lambda: viz.draw(_sigmoid()).save("a.svg", dpi=300), ValueError, r"dpi= is for \.png, not for \.svg"),
    "type by a word": (lambda: viz.draw(_sigmoid()).save("a.svg", font_size="big"), ValueError, r"font_size='big' must be"),
    "type too large": (
        lambda: viz.draw(_sigmoid()).save("a.svg", font_size=40, width=2), ValueError, r"ask for a smaller font_size",
    ),
    "a country for a language": (
        lambda: viz.steps(_sigmoid(), language="kr"), ValueError, r"language='kr' is unknown; it is one of 'de', 'en', 'ko'",
    ),
    "a theme of LaTeX": (lambda: viz.draw(_sigmoid(), theme="beamer"), ValueError, r"theme='beamer' .* 'light', 'dark'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_the_message_that_helps(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each planted mistake is refused with what was received and what to write, and leaves no file."""
    monkeypatch.chdir(tmp_path)
    call, kind, message = MISTAKES[mistake]
    with pytest.raises(kind, match=message):
        call()
    assert list(tmp_path.iterdir()) == []


def test_a_number_changed_between_two_slides_is_told() -> None:
    """A picture whose input was changed after the pass says so, instead of showing 5 * 2 = 8 in silence."""
    assert "x was changed after the result was computed; compute it again" in _stale()
