"""Labels whose glyphs no font has: a warning where a picture would show boxes, and none where that can't be known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import autograd as ag
import viz
from viz.cli.main import main
from viz.scene import fonts

ROOT = Path(__file__).parent.parent.parent
LATIN = "20-7e a0-17f 2026\n20-7e 2207 1f600\n"  # two fonts as fc-list writes them


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """Fonts are asked for once a process: forget what other tests were told, and what these are."""
    fonts._characters.cache_clear()
    yield
    fonts._characters.cache_clear()


def lookup(monkeypatch: pytest.MonkeyPatch, listed: str = LATIN) -> list[list[str]]:
    """Let fc-list answer so; returns the list of calls."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        calls.append(command)
        return SimpleNamespace(stdout=listed.encode())

    monkeypatch.setattr(fonts, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(fonts, "shutil", SimpleNamespace(which=lambda name: f"/bin/{name}"))
    monkeypatch.setattr(fonts, "subprocess", SimpleNamespace(run=run, SubprocessError=subprocess.SubprocessError))
    return calls


def test_the_glyphs_that_no_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each missing character is named once; the ends of a range belong to it; fonts are asked for once."""
    calls = lookup(monkeypatch)
    assert fonts.missing("값 x = 값한 ∇…😀") == "값한"
    assert fonts.missing("\xa0\u017f\u2026\u2207") == ""
    assert fonts.missing("\u0180\u2027\u2206") == "\u0180\u2027\u2206"
    assert calls == [["/bin/fc-list", "--format", "%{charset}\n"]]


def test_what_needs_no_glyph_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accents are put together first; spaces, joiners and variation selectors are never missing."""
    lookup(monkeypatch)
    assert fonts.missing("e\u0301 \u3000\u200d\ufe0f\u0332") == ""


def test_an_ascii_picture_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text that every font has costs no lookup; the first text with a missing glyph is the one that is named."""
    calls = lookup(monkeypatch)
    assert fonts.warning_about(["x + y", ""], ".png") == ""
    assert calls == []
    words = fonts.warning_about(["x", "é", "무게", "한"], ".pdf")
    assert words.startswith("no font of this machine has '무게' of '무게': the .pdf shows a box instead; install a font")
    assert words.endswith("or save as .svg, which uses the reader's fonts")


@pytest.mark.graphviz
def test_saving_warns_where_boxes_are_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PNG and PDF name the label at the caller's line and are written; SVG, DOT, HTML and a notebook say nothing."""
    lookup(monkeypatch)
    drawing = viz.draw(ag.Value(2, label="무게") * 3)
    for suffix in (".png", ".PDF"):
        with pytest.warns(UserWarning, match=rf"'무게' of '무게': the {suffix.lower()} shows a box") as told:
            drawing.save(tmp_path / f"f{suffix}")
        assert (tmp_path / f"f{suffix}").stat().st_size > 500
        assert told[0].filename == __file__
        with pytest.warns(UserWarning, match="shows a box") as told:
            drawing.to_bytes(suffix)
        assert told[0].filename == __file__
    for suffix in (".svg", ".dot", ".html"):
        drawing.save(tmp_path / f"f{suffix}")
    assert "image/png" in drawing._repr_mimebundle_()[0]
    viz.draw(ag.Value(2, label="é") * 3).save(tmp_path / "f.png")


@pytest.mark.graphviz
def test_the_command_says_it_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command writes the picture, ends with 0, and says in one line which name can't be read in it."""
    lookup(monkeypatch)
    assert main(["값 * 2", "값=3", "-o", str(tmp_path / "f.png")]) == 0
    out, err = capsys.readouterr()
    assert "picture: " in out
    assert err.startswith("glassgrad: no font of this machine has '값' of '값'")
    assert err.count("\n") == 1


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_where_graphviz_asks_others_for_fonts(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows and macOS fontconfig doesn't know all fonts: nothing is asked, and nothing is missing."""
    calls = lookup(monkeypatch)
    monkeypatch.setattr(fonts, "sys", SimpleNamespace(platform=platform))
    assert fonts.missing("값") == ""
    assert calls == []


@pytest.mark.parametrize("answer", ["", "no such option\n", "20-\x80", "failed", "slow", "absent"])
def test_an_answer_that_tells_nothing(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program, no fonts, an answer of another kind, a failure, a long wait: nothing is called missing."""
    lookup(monkeypatch, answer)
    if answer == "absent":
        monkeypatch.setattr(fonts, "shutil", SimpleNamespace(which=lambda _: None))
    elif answer in ("failed", "slow"):
        error = subprocess.CalledProcessError(1, "fc-list") if answer == "failed" else subprocess.TimeoutExpired("fc-list", 5)

        def fail(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(fonts.subprocess, "run", fail)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fonts.missing("값") == ""


@pytest.mark.graphviz
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="fontconfig doesn't choose the fonts of this system")
def test_a_real_machine_with_one_font(tmp_path: Path) -> None:
    """With DejaVu Sans Mono alone, fontconfig tells that Korean is missing, and that Greek and a nabla are not."""
    program = shutil.which("fc-match")
    if program is None or shutil.which("fc-list") is None:
        pytest.skip("no fontconfig programs: what fonts have can't be known here")
    found = subprocess.run([program, "--format", "%{file}", "DejaVu Sans Mono"], capture_output=True, check=True, text=True)
    font = Path(found.stdout)
    if font.name != "DejaVuSansMono.ttf":
        pytest.skip("DejaVu Sans Mono isn't installed, and what another font has is not known here")
    shutil.copy(font, tmp_path)
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    code = (
        "import viz, warnings; from autograd import Value\n"
        "for label in ('값', 'σ∇'):\n"
        "    with warnings.catch_warnings(record=True) as told:\n"
        "        warnings.simplefilter('always')\n"
        "        viz.draw(Value(2, label=label) * 3).to_bytes('.png')\n"
        "    print(['uac12' in ascii(str(w.message)) for w in told])\n"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(config), "FONTCONFIG_PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT, env=environment, text=True)
    assert done.stdout.split() == ["[True]", "[]"]
