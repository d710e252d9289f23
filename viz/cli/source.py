"""The text of an expression, and errors that point at a place in it."""

from __future__ import annotations

import ast
import textwrap

from ..text import columns_of, shortened, visible
from .errors import CommandError

__all__ = ["MAX_CHARACTERS", "Source"]

MAX_CHARACTERS = 100_000
WINDOW = 60  # characters shown on either side of the place


class Source:
    """The statements as they were given.

    Args:
        text: the statements; a common indentation is taken off.

    Raises:
        CommandError: it is too long, or holds something that is not text.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            raise CommandError(f"the expression is longer than {MAX_CHARACTERS:,} characters")
        if "\0" in text:
            raise CommandError("the expression holds a null byte; write plain text")
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise CommandError("the expression is not valid UTF-8 text")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        if len(lines) == 1:
            text = text.strip()
        self.text = textwrap.dedent(text)
        self._lines = self.text.split("\n")

    def piece(self, node: ast.AST) -> str:
        """The text of one part, on one line.

        Args:
            node: an expression that was parsed from this text.
        """
        first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]  # every expr has them
        begin, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
        lines = [line.encode() for line in self._lines[first : last + 1]]
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][begin:]
        return visible(" ".join(b" ".join(lines).decode().split()))

    def short_piece(self, node: ast.AST, columns: int = 40) -> str:
        """The text of one part, cut where it is long."""
        return shortened(self.piece(node), columns)

    def column(self, node: ast.AST) -> int:
        """Where in its line a part begins, in characters from 0; the parser counts bytes."""
        line = self._lines[node.lineno - 1].encode()  # type: ignore[attr-defined]
        return len(line[: node.col_offset].decode(errors="ignore"))  # type: ignore[attr-defined]

    def error(self, message: str, node: ast.AST) -> CommandError:
        """An error that shows the line with a caret under the place."""
        return self.error_at(message, node.lineno, self.column(node))  # type: ignore[attr-defined]

    def error_at(self, message: str, line: int, column: int) -> CommandError:
        """An error that shows the line with a caret under the place.

        Args:
            message: what is wrong.
            line: counted from 1.
            column: counted from 0, in characters.
        """
        if not 1 <= line <= len(self._lines):
            line, column = len(self._lines), len(self._lines[-1])
        shown = self._lines[line - 1]
        column = max(0, min(column, len(shown)))
        before = visible(shown[max(0, column - WINDOW) : column])
        after = visible(shown[column : column + WINDOW])
        if column > WINDOW:
            before = "…" + before
        if column + WINDOW < len(shown):
            after += "…"
        where = f" (line {line})" if len(self._lines) > 1 else ""
        return CommandError(f"{message}{where}\n    {before}{after}\n    {' ' * columns_of(before)}^")
