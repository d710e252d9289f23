"""Running Graphviz: pygraphviz in this process, in a child with a time limit, the program ``dot``, or what a user has set."""

from __future__ import annotations

import html
import importlib
import importlib.resources
import os
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["GraphvizNotFoundError", "LayoutTimeoutError", "RenderError", "escaped", "run_graphviz", "set_graphviz"]

Backend = Callable[[str, str, str], bytes | str]

IN_PROCESS_SIZE = 150  # nodes and edges together; larger graphs go to a child that can be ended
FROZEN_SIZE = 300  # of what is laid out where there can be no child
TIME_LIMIT = 30.0  # seconds
_backend: Backend | None = None
_one_at_a_time = threading.Lock()  # Graphviz has global state, and file descriptor 2 is the process's


def escaped(text: str) -> str:
    """Escape one line of visible text for an HTML-like label in DOT.

    Records are not used at all: Graphviz silently drops a record label that holds ``{}|<>``.

    >>> escaped('a<b> & "c" \\\\N')
    'a&lt;b&gt; &amp; &quot;c&quot; \\\\N'
    """
    return html.escape(text).replace("&#x27;", "&#39;")


class RenderError(RuntimeError):
    """The picture could not be laid out or rendered."""


class GraphvizNotFoundError(RenderError):
    """Neither pygraphviz nor a system ``dot`` is there."""


class LayoutTimeoutError(RenderError):
    """The layout exceeded its time limit."""


def set_graphviz(backend: Backend | None) -> Backend | None:
    """Have another function run Graphviz, in place of pygraphviz and the program ``dot``.

    For where neither can be had: in a browser, the page hands over a function that asks Graphviz in WebAssembly.

    Args:
        backend: called with the DOT text, the output format (``"json0"`` for a layout, ``"png"`` or ``"pdf"``) and the layout
            engine (``"dot"``, or ``"nop2"`` for what has its positions); returns what Graphviz writes. It is called for
            every layout, in the thread that asks for it, and without a time limit. What it raises becomes a `RenderError`.
            None goes back to pygraphviz and ``dot``.

    Returns:
        The function that was set before; None if there was none.

    Raises:
        TypeError: the backend can't be called.

    >>> from autograd import Value
    >>> import viz
    >>> def no_room(source, kind, engine):
    ...     raise MemoryError("no room for a layout")
    >>> before = viz.set_graphviz(no_room)
    >>> viz.draw(Value(2) * 3).svg
    Traceback (most recent call last):
        ...
    viz.scene.graphviz.RenderError: Graphviz could not make json0 of this graph: no room for a layout
    >>> viz.set_graphviz(before) is no_room
    True
    """
    global _backend
    if backend is not None and not callable(backend):
        raise TypeError(
            f"set_graphviz takes a function of the DOT text, the format and the engine, or None; got "
            f"{type(backend).__name__} {backend!r:.60}"
        )
    before, _backend = _backend, backend
    return before


def run_graphviz(source: str, kind: str, size: int, *, engine: str = "dot", seconds: float | None = None) -> bytes:
    """Lay out DOT text and render it.

    Args:
        source: the DOT text.
        kind: one of Graphviz's output formats, such as ``"json0"``, ``"png"`` or ``"pdf"``.
        size: the number of nodes and edges; a large graph is rendered in a child process with a time limit.
        engine: ``"dot"`` computes a layout, ``"nop2"`` draws what has its positions.
        seconds: the time limit; `TIME_LIMIT` if None.

    Returns:
        What Graphviz made of it. Nothing is written to standard error.

    Raises:
        GraphvizNotFoundError: no Graphviz can be found; the message says what to install.
        LayoutTimeoutError: it took longer than the time limit.
        RenderError: Graphviz failed.
    """
    limit = TIME_LIMIT if seconds is None else seconds
    if _backend is not None:
        data = _handed_over(_backend, source, kind, engine)
    elif (pygraphviz := _pygraphviz()) is not None:
        # In a frozen application sys.executable is that application, which a child process would start once more.
        frozen = getattr(sys, "frozen", False)
        if frozen and engine == "dot" and size > FROZEN_SIZE:
            raise LayoutTimeoutError(
                f"{size} nodes and edges are too many to lay out inside a frozen application, where nothing can end a layout "
                f"that takes too long; draw a smaller part of the graph"
            )
        if size <= IN_PROCESS_SIZE or not sys.executable or frozen:
            data = _in_process(pygraphviz, source, kind, engine)
        else:
            worker = importlib.resources.files(__package__).joinpath("worker.py").read_text(encoding="utf-8")
            # As text, since the package may be in a zip file; -P keeps the working folder off the path.
            data = _in_child([sys.executable, "-P", "-W", "ignore", "-c", worker, kind, engine], source, limit)
    else:
        program = shutil.which("dot")
        if program is None:
            raise GraphvizNotFoundError(
                "no Graphviz found to lay out the picture: run `pip install pygraphviz`, or install your "
                "system's graphviz package so that the program `dot` is on the PATH"
            )
        data = _in_child([program, f"-K{engine}", f"-T{kind}"], source, limit)
    if not data:
        raise RenderError(f"Graphviz gave no {kind} for this graph")
    return data


def _handed_over(backend: Backend, source: str, kind: str, engine: str) -> bytes:
    try:
        data = backend(source, kind, engine)
        return data.encode("utf-8") if isinstance(data, str) else bytes(memoryview(data))
    except RenderError:
        raise
    except Exception as error:
        raise RenderError(f"Graphviz could not make {kind} of this graph: {error}") from error


def _pygraphviz() -> ModuleType | None:
    try:
        return importlib.import_module("pygraphviz")
    except (ImportError, OSError):  # not installed, or its shared library doesn't load
        return None


def _in_process(pygraphviz: ModuleType, source: str, kind: str, engine: str) -> bytes:
    with _one_at_a_time, _silent():
        try:
            data: bytes = pygraphviz.AGraph(string=source).draw(format=kind, prog=engine)
        except (ValueError, OSError, RuntimeError) as error:
            raise RenderError(f"Graphviz could not render this graph as {kind}: {error}") from error
    return data


def _in_child(command: list[str], source: str, limit: float) -> bytes:
    # The child must find what this process finds, also where sys.path was extended by hand.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        done = subprocess.run(
            command,
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=limit,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LayoutTimeoutError(
            f"the layout of this graph took longer than {limit:g} s and was ended; draw a smaller part of it"
        ) from None
    except OSError as error:
        raise RenderError(f"Graphviz could not be started: {error}") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RenderError(f"Graphviz failed with status {done.returncode}" + (f": {words[-1]}" if words else ""))
    return done.stdout


@contextmanager
def _silent() -> Iterator[None]:
    """Discard what C libraries write to standard error (missing fonts and the like) inside the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            saved = os.dup(2)
        except OSError:  # standard error is closed: there is nothing to silence
            yield
            return
        try:
            if sys.stderr is not None:
                sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
