"""The textbook's examples look as they did when a person last looked at them."""

from __future__ import annotations

import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import gallery
import looks
import pytest

import viz

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
PLACES = ("x", "y", "d", "points", "cx", "cy", "width", "height", "viewBox")


def shape_of(svg: str) -> tuple[list[object], list[float]]:
    """What an SVG says, without places and ids; and its places, as numbers."""
    said: list[object] = []
    places: list[float] = []
    for element in ElementTree.fromstring(svg).iter():
        attributes = dict(element.attrib)
        attributes.pop("aria-labelledby", None)
        if "id" in attributes:
            attributes["id"] = attributes["id"].partition("-")[2]
        for name in PLACES:
            numbers = NUMBER.findall(attributes.pop(name, ""))
            places += map(float, numbers)
            said.append((name, len(numbers)))
        said.append((element.tag, sorted(attributes.items()), element.text))
    return said, places


def words_of(svg: str) -> tuple[list[str], list[float]]:
    """The texts and tooltips of an SVG without their numbers, sorted; and the numbers."""
    texts = [text for text in (element.text for element in ElementTree.fromstring(svg).iter()) if text and text.strip()]
    return sorted(NUMBER.sub("0", text) for text in texts), sorted(float(x) for text in texts for x in NUMBER.findall(text))


def same_picture(now: str, before: Path) -> None:
    """The same elements, words, colours and numbers, each thing within a point of its place.

    Where the program dot lays out, which may be of any version, only words and numbers: the latter within the last digits,
    in which C libraries differ.
    """
    then = before.read_text(encoding="utf-8")
    if importlib.util.find_spec("pygraphviz") is None:
        words, numbers = words_of(now)
        words_before, numbers_before = words_of(then)
        assert words == words_before
        assert numbers == pytest.approx(numbers_before, rel=1e-14, abs=1e-300)
        return
    said, places = shape_of(now)
    said_before, places_before = shape_of(then)
    assert said == said_before
    assert places == pytest.approx(places_before, abs=1.0)


@pytest.mark.parametrize("name", gallery.EXAMPLES)
def test_a_picture_is_as_it_was(name: str) -> None:
    """The SVG holds the same elements, words, colours and numbers as the snapshot, each thing within a point of its place.

    After a change that is meant: look at `python tests/viz/gallery.py page.html`, then run it with --update.
    """
    same_picture(viz.draw(gallery.computed(name)[0]).svg, gallery.SNAPSHOTS / f"{name}.svg")


@pytest.mark.parametrize("name", looks.LOOKS)
def test_a_picture_in_each_look_is_as_it_was(name: str) -> None:
    """Styles, directions, themes, frames, folds, the chain rule, a path, two passes: the SVG is that of the snapshot.

    After a change that is meant: look at the pictures, then run `python tests/viz/looks.py --update`.
    """
    same_picture(looks.LOOKS[name]().svg, looks.SNAPSHOTS / f"{name}.svg")


@pytest.mark.parametrize("name", looks.LOOKS)
def test_the_words_and_the_dot_of_each_look_are_as_they_were(name: str) -> None:
    """What a picture says of itself, its table, its DOT text, and what Graphviz is asked, are those of the snapshot."""
    before = (looks.SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert looks.text_of(looks.LOOKS[name]()) == before


def test_the_steps_are_as_they_were() -> None:
    """Two steps of a player and two film strips, with their sizes and words, are those of the snapshots."""
    for name, svg in looks.stills().items():
        same_picture(svg, looks.SNAPSHOTS / f"{name}.svg")


def test_the_pages_are_as_they_were() -> None:
    """The HTML of a player, an explanation and an interactive picture: styles, script and words are those of the snapshots.

    What the scripts do is tested in a browser, where there is one; here, that nobody changes them without a look.
    """
    for name, page in looks.pages().items():
        assert page == (looks.SNAPSHOTS / f"{name}.html").read_text(encoding="utf-8"), name


def test_there_is_a_snapshot_of_each_example_and_no_other() -> None:
    """The folders hold what the examples and the looks give and nothing else, none of it large."""
    files = {path.stem: path.stat().st_size for path in gallery.SNAPSHOTS.glob("*.*")}
    assert set(files) == set(gallery.EXAMPLES)
    assert max(files.values()) < 60_000
    sizes = {path.name: path.stat().st_size for path in looks.SNAPSHOTS.iterdir()}
    stills = ["step_3", "step_last", "film_strip", "film_strip_down"]
    pages = {"player.html", "explanation.html", "interactive.html"}
    assert set(sizes) == pages | {f"{name}.svg" for name in [*looks.LOOKS, *stills]} | {f"{name}.txt" for name in looks.LOOKS}
    assert max(sizes.values()) < 60_000


def test_the_gallery_is_made_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gallery.py page.html` writes one page with all examples and kinds of pictures, and no two pictures share an id."""
    monkeypatch.setattr(sys, "argv", ["gallery.py", str(tmp_path / "page.html")])
    gallery.main()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for name in gallery.EXAMPLES:
        assert f"<h2>{name}</h2>" in page
    assert page.count("<svg ") >= len(gallery.EXAMPLES) + 12
    pictures = set(re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL))
    ids = [set(re.findall(r' id="([^"]+)"', picture)) for picture in pictures]
    assert sum(map(len, ids)) == len(set().union(*ids)) > 500
