"""Build the documentation: ``python docs/build.py FOLDER [--play FOLDER]``.

It lays out the pages, the notebooks and the pages of the functions in a temporary folder, calls Sphinx, which takes every
warning for an error, and then reads every page that was made: each link inside leads somewhere, and no page asks another host
for anything. ``--play`` names what ``docs/play/build.py`` made; the home page then has it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

os.environ["AUTOGRAD_ENGINE"] = "python"  # its functions know their signatures

import functions
from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).parent
ROOT = HERE.parent
MEMBERS = re.compile(r"^<!-- members of (\w+) -->$", flags=re.MULTILINE)
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "video": "src", "object": "data", "embed": "src"}


def lay_out(folder: Path, play: bool) -> None:
    """Put everything that Sphinx reads into a folder."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("play", "__pycache__", "*.pyc"))
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    (folder / "pictures").mkdir()
    for picture in (ROOT / "readme.svg", *(ROOT / "tests" / "viz" / "snapshots").glob("*.svg")):
        shutil.copy(picture, folder / "pictures")
    functions.write(folder / "functions")
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(MEMBERS.sub(lambda found: functions.members(found[1]), text), encoding="utf-8")
    home = folder / "index.md"
    text = home.read_text(encoding="utf-8")
    if not play:
        text = re.sub(r"<!-- play -->.*?<!-- end of play -->\n", "", text, flags=re.DOTALL)
    home.write_text(text, encoding="utf-8")


class Page(HTMLParser):
    """What a page links to and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one tag."""
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and not {"canonical", "next", "prev", "index", "search", "genindex", "author"} & set(
            given.get("rel", "").split()
        ):
            self.loads.append(given.get("href", ""))
        if tag in LOADED and given.get(LOADED[tag]):
            self.loads.append(given[LOADED[tag]])


def read(path: Path) -> Page:
    """A page that was made."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def complaints(folder: Path) -> list[str]:
    """Links that lead nowhere, and what is asked of other hosts."""
    pages = {path.resolve(): read(path) for path in folder.rglob("*.html") if "play" not in path.relative_to(folder).parts}
    found = []
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        found += [f"{name} loads {address}" for address in page.loads if urlsplit(address).netloc]
        for address in page.links + page.loads:
            split = urlsplit(address)
            if split.scheme or split.netloc or not address:
                continue
            target = (path.parent / unquote(split.path)).resolve() if split.path else path
            target = target / "index.html" if target.is_dir() else target
            fragment = unquote(split.fragment)
            if not target.is_file():
                found.append(f"{name} leads to {address}, which is not there")
            elif fragment and target in pages and fragment not in pages[target].ids:
                found.append(f"{name} leads to {address}, which has no such place")
    for style in folder.rglob("*.css"):
        outside = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)", style.read_text(encoding="utf-8"))
        found += [f"{style.relative_to(folder)} loads {address}" for address in outside]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Build, check, and say what is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the pages go; it must not exist, or be empty")
    parser.add_argument("--play", type=Path, help="the playground, as docs/play/build.py made it")
    given = parser.parse_args(arguments)
    if given.folder.exists() and any(given.folder.iterdir()):
        parser.error(f"{given.folder} is not empty; name a new folder")
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "docs")
        lay_out(source, given.play is not None)
        if given.play:
            shutil.copytree(given.play, given.folder / "play")
        status = sphinx(["-q", "-W", "--keep-going", "-d", f"{work}/cache", "-b", "html", str(source), str(given.folder)])
    if status:
        return status
    shutil.rmtree(given.folder / "_sphinx_design_static", ignore_errors=True)
    (given.folder / ".buildinfo").unlink(missing_ok=True)
    wrong = complaints(given.folder)
    print(
        "\n".join(wrong) or f"documentation: {len(list(given.folder.rglob('*.html')))} pages, every link inside leads somewhere"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
