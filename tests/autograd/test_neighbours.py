"""What shares a name with glassgrad is noticed at import: local scripts called viz or nn, and HIPS autograd."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from autograd.neighbours import OWN, warn_of_neighbours

ROOT = Path(__file__).parent.parent.parent


def run(script: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a user does, with glassgrad behind the script's own folder on the path."""
    return subprocess.run(
        [sys.executable, *options, script.name], capture_output=True, text=True, cwd=script.parent, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def written(path: Path, text: str) -> Path:
    """The file, with its folder, after the text was written into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["viz", "nn"])
def test_a_script_that_hides_a_package_is_named(name: str, tmp_path: Path) -> None:
    """A script called viz.py that imports viz imports itself; before its AttributeError a warning names file and remedy."""
    script = written(tmp_path / f"{name}.py", f"from autograd import Value\nimport {name}\n{name}.MLP, {name}.draw\n")
    ended = run(script)
    assert ended.returncode == 1
    first, *_, last = ended.stderr.splitlines()
    assert f"{script}:1: UserWarning: `import {name}` gives {script}, which hides glassgrad's package {name}; rename" in first
    assert "AttributeError" in last


@pytest.mark.parametrize("file", ["viz.py", "viz/__init__.py"])
@pytest.mark.parametrize("line", ["import autograd", "import nn"])
def test_a_module_beside_the_script_is_named(file: str, line: str, tmp_path: Path) -> None:
    """A module or a package called viz beside the script is noticed when autograd or nn is imported."""
    hiding = written(tmp_path / file, "")
    for text in (f"{line}\n", f"import viz\n{line}\n"):
        ended = run(written(tmp_path / "homework.py", text))
        assert ended.returncode == 0
        assert ended.stderr.count("UserWarning") == 1
        assert f"`import viz` gives {hiding}, which hides" in ended.stderr


def test_nothing_is_said_where_nothing_is_hidden(tmp_path: Path) -> None:
    """There is no warning for other modules, a folder without code called viz, or a module that is blocked."""
    written(tmp_path / "net.py", "")
    written(tmp_path / "viz" / "notes.txt", "")
    script = written(tmp_path / "homework.py", "import sys; sys.modules['nn'] = None\nimport autograd, viz, net\nviz.draw\n")
    ended = run(script, "-W", "error")
    assert (ended.returncode, ended.stderr) == (0, "")


HIPS = {"__init__.py": "elementwise_grad = grad = None\n", "tracer.py": "", "numpy/__init__.py": ""}


@pytest.mark.parametrize("line", ["import viz", "import nn", "from viz.cli.main import main"])
def test_another_autograd_that_comes_first_is_an_error(line: str, tmp_path: Path) -> None:
    """Where `import autograd` gives another package, importing nn, viz or the command raises with its path and a remedy."""
    for name, text in HIPS.items():
        written(tmp_path / "autograd" / name, text)
    ended = run(written(tmp_path / "homework.py", f"{line}\n"))
    assert ended.returncode == 1
    message = ended.stderr.splitlines()[-1]
    assert message.startswith("ImportError: ")
    assert f"`import autograd` gives {tmp_path / 'autograd' / '__init__.py'}; if that is a file of yours" in message
    assert "HIPS autograd" in message


def test_a_script_called_autograd_is_named(tmp_path: Path) -> None:
    """A script called autograd.py that imports viz gets the error that names it."""
    script = written(tmp_path / "autograd.py", "import viz\n")
    ended = run(script)
    assert ended.returncode == 1
    assert f"viz needs glassgrad's package autograd, and `import autograd` gives {script}" in ended.stderr.splitlines()[-1]


def test_another_autograd_that_comes_later_is_a_warning(tmp_path: Path) -> None:
    """Where glassgrad comes first and HIPS autograd is installed as well, importing autograd warns with its folder."""
    for name, text in HIPS.items():
        written(tmp_path / "site" / "autograd" / name, text)
    script = written(tmp_path / "homework.py", "import sys; sys.path.append('site')\nimport autograd\nautograd.Value(1)\n")
    ended = run(script)
    assert ended.returncode == 0
    folder = os.path.join("site", "autograd")
    assert "homework.py:2: UserWarning: HIPS autograd, which has glassgrad's import name, is installed" in ended.stderr
    assert f"({folder})" in ended.stderr
    assert "pip uninstall autograd glassgrad" in ended.stderr


def test_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the subprocesses show, with modules and paths as arguments; path entries that aren't text are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_neighbours([tmp_path, str(tmp_path), os.path.dirname(OWN)])
        monkeypatch.setitem(sys.modules, "nn", ModuleType("nn"))  # without a file
        warn_of_neighbours([])
        monkeypatch.setitem(sys.modules, "nn", None)  # blocked
        warn_of_neighbours([])
        monkeypatch.delitem(sys.modules, "nn")
        warn_of_neighbours([])
    mine = ModuleType("viz")
    mine.__file__ = str(written(tmp_path / "viz.py", ""))
    monkeypatch.setitem(sys.modules, "viz", mine)
    with pytest.warns(UserWarning, match="hides glassgrad's package viz"):
        warn_of_neighbours([])
    monkeypatch.undo()
    for name, text in HIPS.items():
        written(tmp_path / "autograd" / name, text)
    with pytest.warns(UserWarning, match="HIPS autograd") as told:
        warn_of_neighbours([str(tmp_path), str(tmp_path)])
    assert len(told) == 1
