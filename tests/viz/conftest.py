"""For the tests of pictures: what a fragment of HTML is made of."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable

import pytest


@pytest.fixture
def still_of() -> Callable[[str], str]:
    """The SVG in a fragment's image, which its script puts on the stage; empty if there is none."""

    def read(html: str) -> str:
        found = re.search(r'<img class="still" src="data:image/svg\+xml;base64,([^"]*)"', html)
        return b64decode(found[1]).decode() if found else ""

    return read


@pytest.fixture
def live_of() -> Callable[[str], str]:
    """The HTML that a fragment's script puts in the image's place; empty if there is none."""

    def read(html: str) -> str:
        found = re.search(r'live\.innerHTML=("(?:[^"\\]|\\.)*")', html)
        return str(json.loads(found[1])) if found else ""

    return read
