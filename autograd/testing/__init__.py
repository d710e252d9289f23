"""Tests of derivatives: yours, ours, and those of any function.

>>> from autograd.testing import check_gradients
>>> print(check_gradients(lambda x: x * x, 3.0))  # doctest: +ELLIPSIS
df/dx: pass, got 6.0, expected 6.0...

`check_gradients` compares any function with Richardson extrapolation, `certify` a recorded graph with 50 digits, and
`check_primitive` tests a primitive over its whole domain. `autograd.testing.strategies` draws expressions for Hypothesis.
"""

from .certificate import Certificate, certify
from .checks import check_gradients
from .primitives import check_primitive
from .report import Finding, GradientError, InconclusiveWarning, InputCheck, Report

__all__ = [
    "Certificate", "Finding", "GradientError", "InconclusiveWarning", "InputCheck", "Report",
    "certify", "check_gradients", "check_primitive",
]  # fmt: skip
