"""The error that the command reports to its user."""

from __future__ import annotations

__all__ = ["CommandError"]


class CommandError(Exception):
    """Something about the input is wrong; the text says what, and what to write instead."""
