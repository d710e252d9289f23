"""Run as a script in a child process: DOT comes in on standard input, the rendered bytes go out.

A layout can take minutes and ignores interrupts; a child can be ended. It imports nothing of this package.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Render standard input; the arguments are the format and the layout engine."""
    pygraphviz = importlib.import_module("pygraphviz")
    source = sys.stdin.buffer.read().decode("utf-8")
    data = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog=sys.argv[2])
    sys.stdout.buffer.write(data)


if __name__ == "__main__":
    main()
