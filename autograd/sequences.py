"""Writes ``_sequences.c``: what the native engine computes by the functions that programs printed in C have.

These are what the records of sequences compute, and what takes more digits than a double has. They stand in ``printed_c.py``
and ``printed_pairs.py``. Where a result is not certain to have Python's bits they say so, and the record is asked.
``python -m autograd.sequences`` writes the file, which stays in the repository as ``_rules.pxi`` does.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from . import printed_pairs
from .printed_c import C, pieces
from .printed_walked import needed
from .translate import Walk, written_file

__all__ = ["source"]

TARGET = Path(__file__).with_name("_sequences.c")

HEAD = """\
/* Written by `python -m autograd.sequences` from printed_c.py and printed_pairs.py. Change those, not this. */

#include "_sequences.h"
#include <math.h>"""

FUNCTIONS = """\
int sequence_cancelling(const double *xs, int n, double top, double *z) {
    int ok = 1;
    *z = cancelling(xs, n, top, &ok);
    return ok;
}

int sequence_value(int which, const double *xs, int n, double more, double *room, double *z) {
    int ok = 1;
    double high = n - more;
    switch (which) {
    case SEQUENCE_NORM:
        *z = norm(xs, n, &ok);
        break;
    case SEQUENCE_PRODUCT:
        *z = product(xs, n);
        break;
    case SEQUENCE_VAR:
        *z = variance(xs, n, high, k_difference_error(n, more, high), &ok);
        break;
    case SEQUENCE_STD:
        *z = standard_deviation(xs, n, high, k_difference_error(n, more, high), &ok);
        break;
    case SEQUENCE_LOG_SOFTMAX:
        log_softmax(room, xs, n, &ok);
        *z = room[(int)more];
        break;
    default:
        ok = 0;
    }
    return ok && isfinite(*z);
}

int sequence_slopes(int which, const double *xs, int n, double more, double *room, double z, double *slopes) {
    int ok = 1;
    double high = n - more;
    switch (which) {
    case SEQUENCE_NORM:
        direction(slopes, xs, n, z, &ok);
        break;
    case SEQUENCE_PRODUCT:
        products_without(slopes, xs, n);
        break;
    case SEQUENCE_VAR:
        variance_slopes(slopes, xs, n, high, k_difference_error(n, more, high), &ok);
        break;
    case SEQUENCE_STD:
        deviation_slopes(slopes, xs, n, high, k_difference_error(n, more, high), &ok);
        break;
    case SEQUENCE_LOG_SOFTMAX:
        softmax(room, xs, n, &ok);
        log_softmax_slopes(slopes, room, n, (int)more, &ok);
        break;
    default:
        ok = 0;
    }
    return ok;
}"""


def source() -> str:
    """The text of ``_sequences.c``.

    >>> "int sequence_value(" in source()
    True
    """
    functions = [FUNCTIONS, *[_exact(function, name) for function, name in printed_pairs.NATIVE.items()]]
    return "\n\n".join([HEAD, *needed(functions, pieces(Walk(C()), "\n".join(functions))), *functions]) + "\n"


def _exact(function: Callable[..., float], name: str) -> str:
    """A function of floats under the name by which the native engine calls it."""
    names = list(inspect.signature(function).parameters)
    takes = "".join(f"double {x}, " for x in names)
    return f"double {name}({takes}int *ok) {{\n    return {printed_pairs.NAMED[function]}({', '.join(names)}, ok);\n}}"


def main(arguments: list[str]) -> int:
    """Write ``_sequences.c``, or check it; see `translate.written_file`."""
    return written_file(arguments, TARGET, source(), "sequences")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
