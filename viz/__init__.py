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

from . import _autograd  # noqa: F401  # first
from .scene.graphviz import GraphvizNotFoundError, RenderError
from .views.compare import Comparison, compare
from .views.drawing import Drawing, draw
from .views.explain import Explanation, explain
from .views.interactive import Interactive
from .views.steps import Steps, steps

__all__ = [
    "Comparison",
    "Drawing",
    "Explanation",
    "GraphvizNotFoundError",
    "Interactive",
    "RenderError",
    "Steps",
    "compare",
    "draw",
    "explain",
    "steps",
]
