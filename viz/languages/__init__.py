"""The languages that pictures and players speak: English in the source, one catalogue file for each other language.

A catalogue, ``NAME.json`` beside this file, has a translation for each English sentence, with the same names in braces. To add
a language, copy one, translate its right-hand side, and run ``tests/viz/test_languages.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["LANGUAGES", "check_language", "say", "translated"]

SOURCE = "en"
LANGUAGES = tuple(
    sorted([SOURCE, *[file.name.removesuffix(".json") for file in files(__name__).iterdir() if file.name.endswith(".json")]])
)


def say(language: str, sentence: str, /, **parts: object) -> str:
    """A sentence in a language.

    Args:
        language: one of `LANGUAGES`.
        sentence: in English, with a name in braces for each part.
        parts: what stands in place of these names.

    >>> say("en", "{count:,} constants", count=1200), say("de", "{count:,} constants", count=12)
    ('1,200 constants', '12 Konstanten')
    """
    text = sentence if language == SOURCE else _catalogue(language)[sentence]
    return text.format(**parts)


def translated(language: str, text: str) -> str:
    """A file of HTML or JavaScript with its words, which stand in double braces, in a language.

    >>> translated("en", "<b>{{play}}</b>"), translated("ko", "<b>{{play}}</b>")
    ('<b>play</b>', '<b>재생</b>')
    """
    return re.sub(r"\{\{(.+?)\}\}", lambda words: say(language, words[1]), text)


def check_language(language: Any) -> None:
    """Refuse a language without a catalogue.

    Raises:
        ValueError: with the known ones.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language={language!r:.60} is unknown; it is one of {', '.join(map(repr, LANGUAGES))}")


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    """The translations of all sentences."""
    catalogue: dict[str, str] = json.loads(files(__name__).joinpath(f"{language}.json").read_text(encoding="utf-8"))
    return catalogue
