"""A single picture as a file and in a notebook: SVG, PNG, PDF, TikZ."""

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
from ..layout.cells import SIZES
from ..layout.look import check_count
from ..scene.fit import fitting, shown
from ..scene.fonts import warning_about
from ..scene.graphviz import RenderError, run_graphviz
from ..scene.raster import positioned
from ..scene.rows import in_rows
from ..scene.shapes import Scene
from ..scene.svg import write_svg
from ..scene.tikz import write_tikz
from .view import View, wanted

__all__ = ["Image", "Still"]

DPI = 120
POINTS_PER_CM = 72 / 2.54
PIXELS_PER_POINT = 96 / 72  # in CSS, and so in SVG
PIXELS = 1_500_000  # of a PNG, unless more are asked for
MOST_PIXELS = 100_000_000
CELL_WIDTH = 850  # pixels: what JupyterLab gives a cell in a window of 1300


class Image(View):
    """A view that is one picture.

    Attributes:
        width: the pixels that it should fit; None where nothing limits it but the cell of a notebook.
    """

    suffixes: ClassVar[Sequence[str]] = IMAGES
    width: int | None = None

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
        return write_svg(self.scene, scale=self._shown)

    @property
    def _shown(self) -> float:
        """How large it is where nothing else is asked for."""
        return 1.0 if self.width is None else shown(self.scene, self.width)

    def fitted(self, width: float) -> Scene:
        """The picture for a page of this width in pixels: in rows, if that makes it fit.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        return fitting(self.scene, lambda: None, width)

    def to_bytes(
        self,
        suffix: str,
        *,
        scale: float = 1.0,
        dpi: int | None = None,
        font_size: float | None = None,
        width: float | None = None,
    ) -> bytes:
        """The content of a file of this kind; the arguments and errors are those of `save`."""
        suffix = check_suffix(f"picture{suffix}", self.suffixes)
        data = self._sized(suffix, scale, dpi, font_size, width)
        self._warn(suffix)
        return data

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        scale: float = 1.0,
        dpi: int | None = None,
        font_size: float | None = None,
        width: float | None = None,
    ) -> Path:
        """Write the picture to a file, whole or not at all.

        Args:
            path: where to; its suffix is one of `suffixes` and chooses the format. A ``.tex`` file is an environment
                ``tikzpicture`` to ``\\input`` in a LaTeX document that has ``\\usepackage{tikz}``.
            scale: how large it is; 2 for twice as wide and high. For .svg, .png, .pdf and .tex.
            dpi: for .png, how many dots an inch has; otherwise 120, or fewer where the picture is large.
            font_size: how large its numbers are, in points, 1 to 200: 14 for slides. Labels are a little larger; words on edges
                and below the picture are 4/5 of it. For .svg, .png, .pdf and .tex, instead of scale.
            width: in centimetres, 1 to 1000. Without font_size the picture is as wide as that; with it, it is at most as wide,
                and a wider one goes on in further rows, where a wire that is cut has the same letter at both of its ends.

        Returns:
            The path.

        Warns:
            UserWarning: for .png and .pdf, where no font of this machine has the glyphs of a label; with a remedy.

        Raises:
            ValueError: the suffix is another one, the size is out of its range, or the picture can't be cut into rows of
                this width; the message says what is possible.
            OSError: the file can't be written.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        suffix = check_suffix(path, self.suffixes)
        write_whole(path, self._sized(suffix, scale, dpi, font_size, width))
        self._warn(suffix)
        return Path(path)

    def _warn(self, suffix: str) -> None:
        """Warn the caller of the caller where a file shows boxes, since this machine's fonts lack glyphs."""
        if suffix in (".png", ".pdf"):
            words = warning_about([text.content for text in self.scene.texts], suffix)
            if words:
                warnings.warn(words, stacklevel=3)

    def _sized(
        self, suffix: str, scale: float, dpi: int | None, font_size: float | None = None, width: float | None = None
    ) -> bytes:
        _check_size("scale", scale, 0.01, 100)
        fitted = font_size is not None or width is not None
        if (scale != 1 or fitted) and suffix not in IMAGES:
            given = "scale=" if not fitted else "font_size=" if font_size is not None else "width="
            raise ValueError(f"{given} is for {', '.join(IMAGES)}, not for {suffix}")
        if dpi is not None:
            check_count("dpi", dpi, 8, 2400)
            if suffix != ".png":
                raise ValueError(f"dpi= is for .png, not for {suffix}")
        if suffix not in IMAGES:
            return self._content(suffix)
        if not fitted:
            if suffix == ".svg" and scale == 1:
                return self.svg.encode("utf-8")
            scene, scale = self.scene, scale * self._shown
        elif scale != 1:
            raise ValueError("scale= and font_size= or width= both say how large the picture is; give one of them")
        else:
            scene, scale = self._fitted(font_size, width)
        if suffix == ".svg":
            if fitted:
                scale *= PIXELS_PER_POINT
            return write_svg(scene, scale=scale).encode("utf-8")
        if suffix == ".tex":
            return write_tikz(scene, scale).encode("utf-8")
        return _png(scene, scale, dpi) if suffix == ".png" else _pdf(scene, scale)

    def _fitted(self, font_size: float | None, width: float | None) -> tuple[Scene, float]:
        """The picture, in rows where it must be, and its scale."""
        scene = self.scene
        if width is not None:
            _check_size("width", width, 1, 1000)
        if font_size is None:
            return scene, (width or 0.0) * POINTS_PER_CM / scene.width
        _check_size("font_size", font_size, 1, 200)
        scale = font_size / SIZES["number"]
        if width is None:
            return scene, scale
        rows = in_rows(scene, width * POINTS_PER_CM / scale)
        if rows is None:
            raise ValueError(
                f"with font_size={font_size:g} the picture can't be cut into rows of width={width:g} cm; ask for a smaller "
                f"font_size or a larger width, or draw it with direction='TB' or folded"
            )
        return rows, scale

    def _content(self, suffix: str) -> bytes:
        return self._sized(suffix, 1.0, None)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, str | bytes], dict[str, dict[str, int]]]:
        """What a notebook shows: the SVG, a PNG and a PDF for hosts that want one, and plain text.

        No text/html: JupyterLab and nbconvert would prefer it to the picture. They show the SVG as an image of the size that it
        asks for, so a wide one asks for less; the PNG, which has more dots, is shown as large as the SVG. The PDF is for
        nbconvert's LaTeX, which would need Inkscape for an SVG.
        """
        bundle: dict[str, str | bytes] = {}
        metadata: dict[str, dict[str, int]] = {}
        kinds = wanted(("text/plain", "image/svg+xml", "image/png", "application/pdf"), include, exclude)
        note = ""
        try:
            if kinds != ["text/plain"]:
                scene = self.fitted(CELL_WIDTH) if self.width is None else self.scene
                scale = shown(scene, self.width or CELL_WIDTH)
            if "image/svg+xml" in kinds:
                bundle["image/svg+xml"] = write_svg(scene, scale=scale)
            if "image/png" in kinds:
                bundle["image/png"] = _png(scene, 1.0, None)
                metadata["image/png"] = {"width": round(scale * scene.width), "height": round(scale * scene.height)}
            if "application/pdf" in kinds:
                bundle["application/pdf"] = _pdf(scene, 1.0)
        except RenderError as error:
            # A cell must show what can be shown: the numbers, and why there is no picture.
            note = f"\n(no picture: {error})"
        if "text/plain" in kinds:
            bundle["text/plain"] = f"{self}{note}"
        return bundle, metadata

    def _mime_(self) -> tuple[str, str]:
        """What marimo shows, which would show a choice of the SVG, the PNG and the PDF: the SVG alone."""
        try:
            return "image/svg+xml", self.svg
        except RenderError as error:
            return "text/plain", f"{self}\n(no picture: {error})"


def _check_size(what: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"{what}={value!r:.60} must be a number from {least:g} to {most:g}")


def _png(scene: Scene, scale: float, dpi: int | None) -> bytes:
    area = scene.width * scene.height  # in square points; a large picture gets fewer dots for each
    wanted = max(8, min(DPI, int(72 * math.sqrt(PIXELS / area)))) if dpi is None else dpi
    dots = max(1, round(wanted * scale))
    if area * (dots / 72) ** 2 > MOST_PIXELS:
        raise ValueError(
            f"{dots} dots per inch would make {area * (dots / 72) ** 2:,.0f} pixels of this picture, "
            f"and {MOST_PIXELS:,} are the most; ask for a smaller dpi or scale, or save it as .svg or .pdf"
        )
    return run_graphviz(positioned(scene, dots), "png", len(scene.texts), engine="nop2")


def _pdf(scene: Scene, scale: float) -> bytes:
    pdf = run_graphviz(positioned(scene, None if scale == 1 else 72 * scale), "pdf", len(scene.texts), engine="nop2")
    # The same length keeps the file's table of offsets true; the same date keeps its bytes the same.
    return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)(\d+)", lambda m: m[1] + b"20000101000000"[: len(m[2])], pdf)


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
