"""What all views share: a text, files, and what a notebook shows."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

from autograd.files import write_whole

from ..files import check_suffix
from .page import document

__all__ = ["HTMLView", "View"]


class View(ABC):
    """Something to look at: a text on a terminal, a file, the output of a cell."""

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
    """

    suffixes: ClassVar[Sequence[str]] = (".html",)

    @property
    @abstractmethod
    def html(self) -> str:
        """One self-contained HTML fragment."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is of, in a line."""

    @property
    @abstractmethod
    def theme(self) -> str:
        """A key of `viz.scene.themes.THEMES`."""

    @property
    def page(self) -> str:
        """The fragment as a whole page."""
        return document(self.title, self.html, self.theme)

    def _content(self, suffix: str) -> bytes:
        return self.page.encode("utf-8")

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows: the HTML, and the plain text."""
        return {"text/html": self.html, "text/plain": self.text}
