"""Notices at import what shares a name with glassgrad: a local ``nn.py`` or ``viz.py``, and HIPS autograd.

Python imports whichever module of a name comes first on its path. So ``import viz`` gives a script of that name instead of the
pictures, and both packages ``autograd`` are installed into one folder. Neither can be put right from here; but a warning with
the paths in it is easier to understand than the AttributeError that follows. Where another ``autograd`` comes first, nothing
in this folder runs: ``nn/_autograd.py`` and ``viz/_autograd.py`` notice that.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence

__all__ = ["warn_of_neighbours"]

OWN = os.path.dirname(os.path.abspath(__file__))
ONLY_IN_HIPS = "tracer.py"  # a file that glassgrad's package of this name doesn't have


def warn_of_neighbours(path: Sequence[object] | None = None) -> None:
    """Warn of modules that hide glassgrad's packages, and of HIPS autograd in the same environment.

    Args:
        path: where to look for HIPS autograd; ``sys.path`` if left out.
    """
    for name in ("nn", "viz"):
        ours = os.path.join(os.path.dirname(OWN), name, "__init__.py")
        found = _origin(name)
        if found is not None and os.path.isfile(ours) and os.path.isfile(found) and not os.path.samefile(found, ours):
            warnings.warn(
                f"`import {name}` gives {found}, which hides glassgrad's package {name}; "
                f"rename that file if you want glassgrad's",
                stacklevel=3,
            )
    folders = [os.path.join(entry, "autograd") for entry in (sys.path if path is None else path) if isinstance(entry, str)]
    for folder in folders:
        if os.path.isfile(os.path.join(folder, ONLY_IN_HIPS)):
            warnings.warn(
                f"HIPS autograd, which has glassgrad's import name, is installed in this environment as well ({folder}), "
                f"and each breaks the other; run `pip uninstall autograd glassgrad`, then install the one you want here",
                stacklevel=3,
            )
            break


def _origin(name: str) -> str | None:
    """The file that ``import name`` runs, or ran; None if there is none."""
    if sys.modules.get(name) is not None:
        return getattr(sys.modules[name], "__file__", None)
    spec = importlib.util.find_spec(name)
    return spec.origin if spec is not None else None
