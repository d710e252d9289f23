"""The one kind of error that the command tells its user about."""

from __future__ import annotations

__all__ = ["CommandError"]


class CommandError(Exception):
    """Something about the input is wrong; the text says what, and what to write instead."""
