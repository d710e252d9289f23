"""CONTRIBUTING.md is a map of one screen that names every module, and docs/decisions.md gives each decision with its reason."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DECISIONS = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")


def places() -> list[str]:
    """The files and folders that the map's table names; one without a folder is in the folder of the one before it."""
    found = []
    for row in re.findall(r"^\|.*\| ([^|]*) \|$", MAP, flags=re.MULTILINE):
        folder = PurePosixPath()
        for name in re.findall(r"`([\w./]+)`", row):
            if "/" in name:
                folder = PurePosixPath(name).parent if not name.endswith("/") else PurePosixPath(name)
                found.append(name)
            else:
                found.append(str(folder / name) if not (ROOT / name).exists() else name)
    return found


def sources() -> list[Path]:
    """The source files of the packages."""
    files = [path for package in ("autograd", "nn", "viz") for path in (ROOT / package).rglob("*")]
    return [path for path in files if path.suffix in (".py", ".pyx", ".pxi")]


def test_every_place_on_the_map_exists() -> None:
    """Each file that the table names is a file, and each folder, written with a slash at its end, a folder."""
    assert len(places()) > 40
    for place in places():
        assert (ROOT / place).is_dir() if place.endswith("/") else (ROOT / place).is_file(), place


def test_every_module_is_on_the_map() -> None:
    """Each module of autograd, nn and viz is named by the table, or the folder that it is in; no module is named twice."""
    named = places()
    assert len(named) == len(set(named))
    modules = [path for path in sources() if path.name != "__init__.py"]
    assert len(modules) > 50
    for module in modules:
        path = module.relative_to(ROOT).as_posix()
        assert path in named or any(place.endswith("/") and path.startswith(place) for place in named), path


def test_the_map_fits_a_screen() -> None:
    """CONTRIBUTING.md has at most 72 lines, none of them wider than 160 characters."""
    lines = MAP.splitlines()
    assert len(lines) <= 72
    assert max(map(len, lines)) <= 160


def test_each_decision_has_a_reason() -> None:
    """Each entry of docs/decisions.md states the decision in bold and goes on with why; each is under a heading."""
    head, *parts = re.split(r"^## ", DECISIONS, flags=re.MULTILINE)
    assert not re.search(r"^- ", head, flags=re.MULTILINE)
    for part in parts:
        entries = re.split(r"^- ", part, flags=re.MULTILINE)[1:]
        assert entries, part
        for entry in entries:
            assert re.match(r"\*\*.+?\*\*[.,;:]? .{20}", " ".join(entry.split())), entry


def test_the_code_that_decisions_name_exists() -> None:
    """Each name in code font that looks like a name of ours is in the source."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*sources(), ROOT / "setup.py"])
    for name in re.findall(r"`(\w*_\w+)[`(=]", DECISIONS):
        assert re.search(rf"\b{name}\b", text), name
