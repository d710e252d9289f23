"""Views as such: a new one is one file, and what a page is made of comes along wherever the package is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import autograd as ag
import viz
import viz.views
from viz.scene.themes import THEMES

ROOT = Path(__file__).parent.parent.parent
OUTLINE = '''
"""The names of a graph, one below the other."""

from functools import cached_property

from ..graph.reading import read
from .view import HTMLView, fragment

__all__ = ["outline"]


def outline(value):
    """List the names."""
    return Outline(read(value))


class Outline(HTMLView):
    theme = "light"
    title = "Outline"

    def __init__(self, graph):
        self.graph = graph

    @cached_property
    def text(self):
        return "\\n".join([self.graph.name(place) for place in range(len(self.graph.nodes))])

    @property
    def html(self):
        return fragment(f"<pre>{self.text}</pre>", kind="outline", theme=self.theme, label=self.title)
'''


def test_a_new_view_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file put into viz/views is a view: viz.NAME makes it, a notebook shows it, it saves itself, nothing else."""
    (tmp_path / "outline.py").write_text(OUTLINE, encoding="utf-8")
    monkeypatch.setattr(viz.views, "__path__", [*viz.views.__path__, str(tmp_path)])
    f = ag.Value(2.0, label="x") * ag.Value(3.0, label="y")
    try:
        shown = viz.outline(f)
        assert str(shown) == "x\ny\n#3"
        assert shown._repr_mimebundle_() == {"text/html": shown.html, "text/plain": str(shown)}
        assert shown._repr_html_() == f"<!DOCTYPE html>\n{shown.html}"
        assert shown.html.startswith('<div data-glassgrad="g')
        assert "<pre>x\ny\n#3</pre>" in shown.save(tmp_path / "outline.html").read_text(encoding="utf-8")
        with pytest.raises(ValueError, match=r"it is written as \.html"):
            shown.save(tmp_path / "outline.svg")
    finally:
        sys.modules.pop("viz.views.outline", None)
        vars(viz.views).pop("outline", None)


@pytest.mark.parametrize("name", ["no_such_view", "page", "_private", "read"])
def test_what_is_not_a_view_is_not_there(name: str) -> None:
    """A name that no file of viz/views has, or that its file doesn't offer, is an AttributeError like any other."""
    with pytest.raises(AttributeError, match=f"module 'viz' has no attribute '{name}'"):
        getattr(viz, name)


@pytest.mark.graphviz
def test_pages_come_out_of_a_zip_file(tmp_path: Path) -> None:
    """With the packages in a zip file a player has its script and its styles, as from a folder."""
    archive = tmp_path / "glassgrad.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("autograd", "viz"):
            for path in sorted((ROOT / package).rglob("*")):
                if path.suffix in (".py", ".js", ".css", ".html"):
                    packed.write(path, path.relative_to(ROOT))
    code = (
        "import json, viz; from autograd import Value\n"
        "f = Value(2, label='x') * 3\n"
        "print(json.dumps([viz.__file__, viz.explain(f, f.parents[0]).html, viz.draw(f).svg, viz.steps(f).html]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(archive), "AUTOGRAD_ENGINE": "python"},
    )  # fmt: skip
    file, *pictures = json.loads(run.stdout)
    assert file.startswith(str(archive))
    f = ag.Value(2, label="x") * 3
    assert pictures == [viz.explain(f, f.parents[0]).html, viz.draw(f).svg, viz.steps(f).html]


def test_styles_name_colours_that_each_theme_has() -> None:
    """Each var(--NAME) in a style or a script is a colour of every theme; each selector is inside of the fragment."""
    for path in sorted((ROOT / "viz" / "views").glob("*.[cj]s*")):
        names = {part.split(")")[0] for part in path.read_text(encoding="utf-8").split("var(--")[1:]} - {"NAME"}
        for theme in THEMES.values():
            assert names <= set(theme), path.name
