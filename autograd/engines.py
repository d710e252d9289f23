"""Which engine runs: the pure-Python reference, or a compiled twin where one is installed.

``AUTOGRAD_ENGINE`` is read once, at import: ``auto`` (the default) takes the compiled engine where it was built
and the reference engine elsewhere, ``python`` and ``native`` ask for one of them.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType

__all__ = ["chosen", "engine"]

_MODULES = {"native": "autograd._native", "python": "autograd.value"}


def _choose(wanted: str) -> tuple[str, ModuleType]:
    if wanted not in ("auto", "python", "native"):
        raise ImportError(f"AUTOGRAD_ENGINE is {wanted!r}; write auto, python or native")
    if wanted != "python":
        try:
            return "native", importlib.import_module(_MODULES["native"])
        except ModuleNotFoundError:
            if wanted == "native":
                raise ImportError(
                    "AUTOGRAD_ENGINE is 'native', and this installation has no compiled engine; "
                    "write auto or python, or leave the variable out"
                ) from None
    return "python", importlib.import_module(_MODULES["python"])


def _started(name: str, module: ModuleType) -> tuple[str, ModuleType]:
    if name == "native":
        module._install()
    return name, module


_name, chosen = _started(*_choose(os.environ.get("AUTOGRAD_ENGINE", "auto")))


def engine() -> str:
    """The name of the engine that runs: "python" or "native".

    >>> engine() in ("python", "native")
    True
    """
    return _name
