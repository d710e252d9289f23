"""The command ``glassgrad``: an expression goes in; a table of values and gradients and a picture come out.

Its language, for programs that read texts in it:

>>> from viz.cli import inputs, run
>>> inputs("q = x + y; f = q * z")
('x', 'y', 'z')
>>> f = run("q = x + y; f = q * z", {"x": -2, "y": 5, "z": -4}).result.value
>>> f.backward()
>>> f.data
-12.0
"""

from .errors import CommandError
from .language import Program, Row, inputs, run

__all__ = ["CommandError", "Program", "Row", "inputs", "run"]
