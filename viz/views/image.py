"""A single picture as a file and in a notebook: SVG, PNG, PDF."""

from __future__ import annotations

import math
import os
import re
import warnings
from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from autograd.files import write_whole

from ..files import IMAGES, check_suffix
from ..layout.look import check_count
from ..scene.fonts import warning_about
from ..scene.graphviz import RenderError, run_graphviz
from ..scene.raster import positioned
from ..scene.shapes import Scene
from ..scene.svg import write_svg
from .view import View

__all__ = ["Image", "Still"]

DPI = 120
PIXELS = 1_500_000  # of a PNG, unless more are asked for
MOST_PIXELS = 100_000_000
CELL_WIDTH = 850  # pixels: what JupyterLab gives a cell in a window of 1300
SMALLEST = 0.6  # a picture that would have to be smaller to fit a cell is scrolled: its words could not be read


class Image(View):
    """A view that is one picture."""

    suffixes: ClassVar[Sequence[str]] = IMAGES

    @property
    @abstractmethod
    def scene(self) -> Scene:
        """Everything at its place, before it is written as SVG.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return write_svg(self.scene)

    def to_bytes(self, suffix: str, *, scale: float = 1.0, dpi: int | None = None) -> bytes:
        """The content of a file of this kind; the arguments and errors are those of `save`."""
        suffix = check_suffix(f"picture{suffix}", self.suffixes)
        data = self._sized(suffix, scale, dpi)
        self._warn(suffix)
        return data

    def save(self, path: str | os.PathLike[str], *, scale: float = 1.0, dpi: int | None = None) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to; its suffix is one of `suffixes` and chooses the format.
            scale: how large it is; 2 for twice as wide and high. For .svg, .png and .pdf.
            dpi: for .png, how many dots an inch has; otherwise 120, or fewer where the picture is large.

        Returns:
            The path.

        Warns:
            UserWarning: for .png and .pdf, where no font of this machine has the glyphs of a label; with a remedy.

        Raises:
            ValueError: the suffix is another one, or the size is out of its range; the message says what is possible.
            OSError: the file can't be written.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        suffix = check_suffix(path, self.suffixes)
        write_whole(path, self._sized(suffix, scale, dpi))
        self._warn(suffix)
        return Path(path)

    def _warn(self, suffix: str) -> None:
        """Warn the caller of the caller where a file shows boxes, since this machine's fonts lack glyphs."""
        if suffix in (".png", ".pdf"):
            words = warning_about([text.content for text in self.scene.texts], suffix)
            if words:
                warnings.warn(words, stacklevel=3)

    def _sized(self, suffix: str, scale: float, dpi: int | None) -> bytes:
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0.01 <= scale <= 100:
            raise ValueError(f"scale={scale!r:.60} must be a number from 0.01 to 100")
        if scale != 1 and suffix not in IMAGES:
            raise ValueError(f"scale= is for {', '.join(IMAGES)}, not for {suffix}")
        if dpi is not None:
            check_count("dpi", dpi, 8, 2400)
            if suffix != ".png":
                raise ValueError(f"dpi= is for .png, not for {suffix}")
        if suffix == ".svg":
            return (self.svg if scale == 1 else write_svg(self.scene, scale=scale)).encode("utf-8")
        if suffix == ".png":
            return self._png(scale, dpi)
        if suffix == ".pdf":
            return self._pdf(scale)
        return self._content(suffix)

    def _png(self, scale: float, dpi: int | None) -> bytes:
        area = self.scene.width * self.scene.height  # in square points; a large picture gets fewer dots for each
        wanted = max(8, min(DPI, int(72 * math.sqrt(PIXELS / area)))) if dpi is None else dpi
        dots = max(1, round(wanted * scale))
        if area * (dots / 72) ** 2 > MOST_PIXELS:
            raise ValueError(
                f"{dots} dots per inch would make {area * (dots / 72) ** 2:,.0f} pixels of this picture, "
                f"and {MOST_PIXELS:,} are the most; ask for a smaller dpi or scale, or save it as .svg or .pdf"
            )
        return run_graphviz(positioned(self.scene, dots), "png", len(self.scene.texts), engine="nop2")

    def _pdf(self, scale: float) -> bytes:
        source = positioned(self.scene, None if scale == 1 else 72 * scale)
        pdf = run_graphviz(source, "pdf", len(self.scene.texts), engine="nop2")
        # The same length keeps the file's table of offsets true; the same date keeps its bytes the same.
        return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)(\d+)", lambda m: m[1] + b"20000101000000"[: len(m[2])], pdf)

    def _content(self, suffix: str) -> bytes:
        return self._sized(suffix, 1.0, None)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str | bytes]:
        """What a notebook shows: the SVG, a PNG for hosts that want one, and plain text.

        No text/html: JupyterLab and nbconvert would prefer it to the picture. They show the SVG as an image of the size that it
        asks for, so a wide one asks for less.
        """
        bundle: dict[str, str | bytes] = {}
        wanted = [
            kind
            for kind in ("text/plain", "image/svg+xml", "image/png")
            if (not include or kind in include) and not (exclude and kind in exclude)
        ]
        note = ""
        try:
            if "image/svg+xml" in wanted:
                scale = min(1.0, max(CELL_WIDTH / self.scene.width, SMALLEST))
                bundle["image/svg+xml"] = write_svg(self.scene, scale=scale)
            if "image/png" in wanted:
                bundle["image/png"] = self._sized(".png", 1.0, None)
        except RenderError as error:
            # A cell must show what can be shown: the numbers, and why there is no picture.
            note = f"\n(no picture: {error})"
        if "text/plain" in wanted:
            bundle["text/plain"] = f"{self}{note}"
        return bundle


class Still(Image):
    """One step of a walk, or all of them below one another, as `Steps` makes it."""

    def __init__(self, compose: Callable[[], Scene], title: str, text: str) -> None:
        self._compose = compose
        self._title = title
        self._text = text

    @cached_property
    def scene(self) -> Scene:
        """The picture, with the words of its step below it."""
        return self._compose()

    @property
    def text(self) -> str:
        """The words."""
        return self._text

    def __repr__(self) -> str:
        """Which step it is, and of what."""
        return f"<viz.Still of {self._title}>"
