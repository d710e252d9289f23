"""Pictures of a computational graph: every value and every gradient, where they arise.

>>> import viz
>>> from autograd import Value
>>> x, y = Value(2, label="x"), Value(5, label="y")
>>> f = x * y
>>> f.backward()
>>> viz.draw(f)
<viz.Drawing of x * y = 10, gradients x 5, y 2: 3 nodes, 2 edges>

In a notebook the last line of a cell shows the picture itself. ``viz.draw(f).save("graph.svg")`` writes a file.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from . import _autograd  # noqa: F401  # first
from .scene.graphviz import GraphvizNotFoundError, RenderError, set_graphviz
from .views.compare import Comparison, compare
from .views.drawing import Drawing, draw
from .views.explain import Explanation, explain
from .views.image import Still
from .views.interactive import Interactive
from .views.play import Play, play
from .views.steps import Steps, steps
from .views.widget import widget

__all__ = [
    "Comparison",
    "Drawing",
    "Explanation",
    "GraphvizNotFoundError",
    "Interactive",
    "Play",
    "RenderError",
    "Steps",
    "Still",
    "compare",
    "draw",
    "explain",
    "play",
    "set_graphviz",
    "steps",
    "widget",
]

if not TYPE_CHECKING:  # so that a type checker still notices a name that isn't there

    def __getattr__(name: str) -> object:
        """A view that is not imported above: ``viz.NAME`` is what ``viz/views/NAME.py`` calls NAME."""
        if not name.startswith("_") and find_spec(f"{__name__}.views.{name}"):
            module = import_module(f"{__name__}.views.{name}")
            if name in module.__all__:
                return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
