"""What all views share: text, files, notebook output, and HTML.

A fragment of HTML is self-contained: no network, no library, no global name. Styles and scripts, which are files
beside this one, find their elements by an attribute whose value is made from the content, so that any number of fragments
fit one page, also the same one twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Protocol

from autograd.files import write_whole

from ..files import check_suffix
from ..languages import translated
from ..scene.themes import NIGHT, THEMES

__all__ = ["HTMLView", "Staged", "View", "asset", "assembled", "filled", "fragment", "script_json", "wanted"]


class Staged(Protocol):
    """A picture that can stand on a page's stage."""

    @property
    def svg(self) -> str:
        """The picture as an SVG document."""

    @property
    def staged(self) -> dict[str, Any]:
        """What stage.js knows of it, as ``STAGE``."""


class OnPaper(Protocol):
    """A picture that a notebook shows."""

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, str | bytes], dict[str, dict[str, int]]]:
        """Its kinds, and what is known of them."""


def wanted(kinds: Sequence[str], include: Collection[str] | None, exclude: Collection[str] | None) -> list[str]:
    """What a notebook asks for of these kinds of data.

    >>> wanted(["text/html", "text/plain"], None, {"text/plain"})
    ['text/html']
    """
    return [kind for kind in kinds if (not include or kind in include) and not (exclude and kind in exclude)]


class View(ABC):
    """Something to look at: text on a terminal, a file, the output of a cell."""

    suffixes: ClassVar[Sequence[str]]

    @property
    @abstractmethod
    def text(self) -> str:
        """The view as plain text."""

    @abstractmethod
    def _content(self, suffix: str) -> bytes:
        """The content of a file with one of `suffixes`."""

    def to_bytes(self, suffix: str) -> bytes:
        """The content of a file of this kind.

        Args:
            suffix: one of `suffixes`.

        Raises:
            ValueError: the suffix is another one; the message lists the known ones.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return self._content(check_suffix(f"picture{suffix}", self.suffixes))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file, whole or not at all.

        Args:
            path: where to; its suffix is one of `suffixes` and chooses the format.

        Returns:
            The path.

        Raises:
            ValueError: the suffix is another one; the message lists the known ones.
            OSError: the file can't be written.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        write_whole(path, self._content(check_suffix(path, self.suffixes)))
        return Path(path)

    def __str__(self) -> str:
        """The plain text."""
        return self.text


class HTMLView(View):
    """A view that a notebook shows as HTML: an explanation, a player, an interactive picture.

    A new one is a module of this folder: a class with `text`, `html`, `title` and `theme`, and a function of the module's
    name that makes it, which users call as ``viz.NAME``.

    Attributes:
        title: what it is of, in a line.
        theme: a key of `viz.scene.themes.THEMES`.
        language: one of `viz.languages.LANGUAGES`.
    """

    title: str
    theme: str
    language: str = "en"

    suffixes: ClassVar[Sequence[str]] = (".html",)

    @property
    @abstractmethod
    def html(self) -> str:
        """One self-contained HTML fragment."""

    @property
    def page(self) -> str:
        """The fragment as a whole page."""
        return _document(self.title, self.html, self.theme, self.language)

    def _content(self, suffix: str) -> bytes:
        return self.page.encode("utf-8")

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str | bytes]:
        """What a notebook shows: the HTML, the plain text, and a PDF of its picture for nbconvert's LaTeX."""
        kinds = wanted(("text/html", "text/plain", "application/pdf"), include, exclude)
        bundle: dict[str, str | bytes] = {}
        if "text/html" in kinds:
            bundle["text/html"] = self.html
        if "text/plain" in kinds:
            bundle["text/plain"] = self.text
        if "application/pdf" in kinds and self._paper is not None:
            pdf = self._paper._repr_mimebundle_(include={"application/pdf"})[0]
            bundle |= pdf
        return bundle

    @property
    def _paper(self) -> OnPaper | None:
        """What is left of it on paper, where there is no HTML; None if that is its text."""
        return None

    def _repr_html_(self) -> str:
        """The HTML, for hosts that ask for it alone: marimo runs its script, in a frame that it makes as high as the page.

        It can do so only where the page says which HTML it is.
        """
        return f"<!DOCTYPE html>\n{self.html}"


def filled(name: str, language: str, **parts: str) -> str:
    """An HTML file in a language, with its words in capitals replaced by HTML."""
    # In one pass: a user's label may be one of these words.
    return re.sub("|".join(parts), lambda word: parts[word[0]], translated(language, asset(name)).strip())


def fragment(body: str, *, kind: str, **parts: Any) -> str:
    """A self-contained fragment: what `assembled` puts together from the same arguments, and its script, which runs by itself.

    Raises:
        RenderError: there is a picture, and Graphviz is missing, failed, or took too long.
    """
    html, script, ident = assembled(body, kind=kind, **parts)
    if not script:
        return html
    run = asset("page.js").replace("\n", "").replace("IDENT", ident)
    return f"{html}<script>{run.replace('SCRIPT', script, 1)}</script>\n"


def assembled(
    body: str, *, kind: str, theme: str, label: str, picture: Staged | None = None, narrow: Staged | None = None,
    live: str = "", data: Any = None, states: Sequence[Mapping[str, Any]] | None = None, language: str = "en", code: str = "",
) -> tuple[str, str, str]:  # fmt: skip
    """Put a picture, a body, its styles and its script together.

    Where a host strips scripts, or styles as well, what is left is the picture as an image, and the body. A script puts the
    stage (stage.html, stage.css, stage.js: the picture with zoom, hover and search) and what is live in the image's place, so
    that no control is there that nothing answers to.

    Args:
        body: HTML that is there with and without scripts.
        kind: a word for what it is. KIND.css beside this file, if there is one, holds its styles: ``S`` at the beginning of a
            selector stands for the fragment, ``var(--NAME)`` for a colour of the theme.
        theme: a key of `viz.scene.themes.THEMES`.
        label: what a screen reader calls it.
        picture: what is seen, above the body.
        narrow: what is seen in its place on a phone, where a script puts it there.
        live: HTML that only the script shows, below the stage: buttons and what they change.
        data: what the script KIND.js, if there is one, knows as ``DATA``, beside ``root``, the fragment's element, and
            ``stage``, if there is a picture; stage.js says what that is. None where there is no script.
        states: pictures that the one on the stage opens into, as opening.js has them; the script then knows ``opening`` too.
        language: one of `viz.languages.LANGUAGES`; HTML and scripts have their words in ``{{double braces}}``.
        code: JavaScript that stands in the script for ``CODE``.

    Returns:
        The fragment's HTML, the script that makes it live, which knows it as ``root``, and the fragment's name.

    Raises:
        RenderError: there is a picture, and Graphviz is missing, failed, or took too long.
    """
    script, names, still = "", [kind], ""
    if picture is not None:
        still = _still(picture.svg, label)
    if data is not None:
        source, parts = asset(f"{kind}.js"), {"DATA": script_json(data), "CODE": code}
        if picture is not None:
            shared = ["stage"] if states is None else ["stage", "opening"]
            names = [*shared, *names]
            source = "".join([asset(f"{name}.js") for name in shared]) + source
            shown = filled("stage.html", language, LABEL=escape(label))
            parts |= {"LIVE": script_json(f"{shown}\n{live}"), "STAGE": script_json(_staged(picture, narrow))}
            parts["STATES"] = script_json(states)
        source = _coloured(translated(language, source), theme)
        # In one pass: a user's label may be one of these words.
        script = "\n" + re.sub(rf"\b({'|'.join(parts)})\b", lambda word: parts[word[0]], source)
    css = _coloured("\n".join(["", *[asset(f"{name}.css") for name in ("page", *names)]]), theme) + _palettes(theme)
    ident = "g" + hashlib.sha256(f"{still}{body}{css}{script}{kind}".encode()).hexdigest()[:12]
    # Two attributes, so that a host's rules for tables, images and buttons, which name a class and an element, come second.
    scope = f'[data-glassgrad="{ident}"][data-kind]'
    css = re.sub("^S|,S", lambda found: f"{found[0][:-1]}{scope}", css.strip(), flags=re.MULTILINE)
    spoken = "" if language == "en" else f' lang="{language}"'
    lines = [
        f'<div data-glassgrad="{ident}" data-kind="{kind}" role="group" aria-label="{escape(label)}"{spoken}>',
        f"<style>{css}</style>",
        still,
        body,
        "</div>",
    ]
    return "\n".join([line for line in lines if line]) + "\n", script, ident


def _staged(picture: Staged, narrow: Staged | None) -> dict[str, Any]:
    return picture.staged | ({"narrow": {"svg": narrow.svg, "about": narrow.staged}} if narrow is not None else {})


def _still(svg: str, label: str) -> str:
    """A picture as an image that holds it: what a host shows that lets neither styles nor scripts nor SVG through."""
    found = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None
    width, height = (round(float(size)) for size in found.groups())
    source = b64encode(svg.encode()).decode()
    return (
        f'<img class="still" src="data:image/svg+xml;base64,{source}" width="{width}" height="{height}" alt="{escape(label)}" '
        f'style="max-width:100%;height:auto">'
    )


def _document(title: str, body: str, theme: str, language: str) -> str:
    """A whole page around a fragment."""
    night = ""
    if theme in NIGHT:
        night = f"<style>@media (prefers-color-scheme:dark){{body{{background:{NIGHT[theme]['ground']}!important}}}}</style>\n"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{night}</head>\n"
        f'<body style="margin:16px;background:{THEMES[theme]["ground"]}">\n{body}</body>\n</html>\n'
    )


def script_json(data: Any) -> str:
    """JSON that may stand in a script element, whatever the strings in it hold.

    >>> script_json(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def asset(name: str) -> str:
    """A file of this folder as it goes into a page, without comments and indentation; empty if there is none.

    >>> asset("explain.css").splitlines()[0]
    'S table{border-collapse:collapse;font-size:13px}'
    """
    file = files(__package__).joinpath(name)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return re.sub(r"/\*.*?\*/\n|^ +", "", text, flags=re.DOTALL | re.MULTILINE)


def _coloured(text: str, theme: str) -> str:
    """Put a theme's colours in place of their names, unless they depend on the reader: `_palettes` says them then.

    >>> _coloured("fill:var(--ground)", "light")
    'fill:#ffffff'
    """
    if theme in NIGHT:
        return text
    return re.sub(r"var\(--(\w+)\)", lambda name: THEMES[theme][name[1]], text)


def _palettes(theme: str) -> str:
    """The colours of a theme that follows the reader, by day and by night; empty for any other theme."""
    if theme not in NIGHT:
        return ""
    day, night = [";".join([f"--{name}:{colour}" for name, colour in part.items()]) for part in (THEMES[theme], NIGHT[theme])]
    return f"\nS{{{day}}}\n@media (prefers-color-scheme:dark){{\nS{{{night}}}\n}}"
