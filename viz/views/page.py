"""What all HTML of this package shares: escaping, a scope of its own for styles and scripts, the whole page.

A fragment brings everything along: no network, no library, no global name. Styles and scripts find their elements by
an attribute whose value is made from the content, so that any number of fragments fit one page, also the same one
twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from typing import Any

from autograd.files import write_whole

from ..files import check_suffix
from ..scene.themes import THEMES

__all__ = ["Shown", "coloured", "document", "fragment", "inline", "script_json"]

_COMMON = """
S{box-sizing:border-box;max-width:100%;background:GROUND;color:TEXT;border:1px solid LINE;border-radius:8px;padding:12px;
margin:4px 0;font:14px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;text-align:left}
S *{box-sizing:border-box}
S svg{display:block;max-width:100%;height:auto}
S pre,S code,S .mono,S table{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace}
S button{font:inherit;color:TEXT;background:OPERATION;border:1px solid LINE;border-radius:6px;padding:4px 10px;
min-width:40px;cursor:pointer}
S button:focus-visible,S input:focus-visible,S [tabindex]:focus-visible{outline:3px solid VALUE;outline-offset:2px}
S button:disabled{opacity:.45;cursor:default}
S .v{color:VALUE}
S .g{color:GRADIENT}
S .m{color:MUTED}
"""


def script_json(data: Any) -> str:
    """JSON that may stand in a script element, whatever the strings in it hold.

    >>> script_json(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def inline(svg: str) -> str:
    """An SVG document as it stands inside HTML."""
    return svg.strip()


def coloured(text: str, theme: str) -> str:
    """Put a theme's colours in place of their names in capitals; for our own text, never for a user's.

    >>> coloured("fill:GROUND", "light")
    'fill:#ffffff'
    """
    palette = THEMES[theme]
    return re.sub("[A-Z]+", lambda word: palette.get(word[0].lower(), word[0]), text)


def fragment(body: str, *, theme: str, kind: str, style: str = "", script: str = "", label: str = "") -> str:
    """Put a body, its styles and its script together.

    Args:
        body: HTML.
        theme: a key of `viz.scene.themes.THEMES`.
        kind: a word for what it is, for people who read the page's source.
        style: CSS in which ``S`` at the beginning of a selector stands for the fragment, and names of the palette in
            capitals for their colours.
        script: the body of a JavaScript function with one argument, ``root``, the fragment's element.
        label: what a screen reader calls it.
    """
    css = coloured(_COMMON + style, theme)
    ident = "g" + hashlib.sha256(f"{body}{css}{script}{kind}".encode()).hexdigest()[:12]
    css = "\n".join([_scoped(line, f'[data-glassgrad="{ident}"]') for line in css.strip().splitlines()])
    run = (
        "(function(){var all=document.querySelectorAll('[data-glassgrad=\"" + ident + "\"]:not([data-ready])');"
        "for(var i=0;i<all.length;i++){all[i].setAttribute('data-ready','');(function(root){" + script + "})(all[i])}})()"
    )
    name = f' role="group" aria-label="{escape(label)}"' if label else ""
    parts = [f'<div data-glassgrad="{ident}" data-kind="{kind}"{name}>', f"<style>{css}</style>", body, "</div>"]
    if script:
        parts.append(f"<script>{run}</script>")
    return "\n".join(parts) + "\n"


def _scoped(line: str, scope: str) -> str:
    if not line.startswith("S"):
        return line
    selectors, brace, rest = line.partition("{")
    return ",".join([scope + part[1:] if part.startswith("S") else part for part in selectors.split(",")]) + brace + rest


def document(title: str, body: str, theme: str) -> str:
    """A whole page around a fragment."""
    palette: Mapping[str, str] = THEMES[theme]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n</head>\n"
        f'<body style="margin:16px;background:{palette["ground"]}">\n{body}</body>\n</html>\n'
    )


class Shown(ABC):
    """What a notebook shows as HTML: an explanation, a player, an interactive picture."""

    @property
    @abstractmethod
    def html(self) -> str:
        """One self-contained HTML fragment."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The same as plain text."""

    @abstractmethod
    def _about(self) -> tuple[str, str]:
        """The title of the page, and its theme."""

    @property
    def page(self) -> str:
        """The fragment as a whole page."""
        title, theme = self._about()
        return document(title, self.html, theme)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, whole or not at all.

        Args:
            path: where to; its suffix is .html.

        Returns:
            The path.

        Raises:
            ValueError: the suffix is another one.
            OSError: the file can't be written.
            RenderError: a picture in it can't be drawn.
        """
        check_suffix(path, (".html",))
        write_whole(path, self.page.encode("utf-8"))
        return Path(path)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows: the HTML, and the plain text."""
        del include, exclude
        return {"text/html": self.html, "text/plain": self.text}

    def __str__(self) -> str:
        """The plain text."""
        return self.text
