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

from .drawing import Drawing, DrawingTooLargeError, draw
from .render import GraphvizNotFoundError, RenderError

__all__ = ["Drawing", "DrawingTooLargeError", "GraphvizNotFoundError", "RenderError", "draw"]
