"""Programs as machine code: written in C, compiled by the system's own compiler, and loaded.

A library that was compiled once is kept in the user's cache folder, under a name made of all that it depends on: the text, the
compiler and its flags. So it is found again by another process, and never out of date.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import printed_c
from .files import write_whole
from .printed import condition
from .program import Program, Stale, counted
from .replay import number

__all__ = ["CompilerError", "Function", "library"]

Double = ctypes.c_double


class CompilerError(RuntimeError):
    """There is no C compiler, or it refused a program."""


def compiler() -> list[str]:
    """The command of the C compiler: what the environment variable ``CC`` says, or the one that Python was built with, or cc.

    Raises:
        CompilerError: none of them is there.
    """
    asked = os.environ.get("CC")
    for command in (asked, sysconfig.get_config_var("CC"), "cc", "gcc", "clang"):
        words = shlex.split(command) if command else []
        if words and (found := shutil.which(words[0])):
            return [found, *words[1:]]
        if asked:
            break
    looked = f"CC is {asked!r}, and there is no such program" if asked else "there is none on the path"
    raise CompilerError(
        f"a program in C needs a C compiler: {looked}; install gcc or clang, or set CC to one. "
        f'program.source("python") and compile(f) need none'
    )


def cache_folder() -> Path:
    """Where libraries are kept: a folder of the user's."""
    if sys.platform == "darwin":
        above = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        above = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        above = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return above / "glassgrad"


def library(text: str) -> Path:
    """A text in C as a library that can be loaded; compiled unless it was before.

    Args:
        text: the text of one file.

    Returns:
        Its path.

    Raises:
        CompilerError: there is no compiler, or it refused the text.
    """
    command = [*compiler(), "-std=c99", *printed_c.FLAGS, "-shared", "-fPIC"]
    key = hashlib.sha256("\0".join([*command, sys.platform, sysconfig.get_platform(), text]).encode()).hexdigest()[:40]
    path = cache_folder() / f"{key}.so"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as work:
        made = Path(work, "program.so")
        done = subprocess.run(
            [*command, "-o", str(made), "-xc", "-", "-lm"],
            input=text, capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
        if done.returncode:
            raise CompilerError(f"{command[0]} could not compile a program: {done.stderr.strip()[:2000]}")
        content = made.read_bytes()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError:  # a home that can't be written to: it is kept for as long as the process runs
        path = Path(_own_folder().name, path.name)
        write_whole(path, content)
    return path


@functools.cache
def _own_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="glassgrad-")


class Function:
    """A program as a function of plain numbers, computed by machine code.

    Args:
        program: the program.
        active: for each input whether it is differentiated; all are if None.

    Attributes:
        program: the program.
        source: what was compiled.
        path: where the library is.

    >>> from array import array
    >>> from autograd import multiply
    >>> code = array("H", [0]), array("I", [0, 2]), array("I", [0, 1])
    >>> f = Function(Program(2, (), (), (multiply,), *code, (), (2,)))  # doctest: +SKIP
    >>> f(2.0, 3.0), f.value_and_gradients(2.0, 3.0)  # doctest: +SKIP
    (6.0, (6.0, [3.0, 2.0]))
    """

    def __init__(self, program: Program, active: Sequence[Any] | None = None) -> None:
        self.program = program
        self.source = printed_c.written(program, active)
        self.path = library(self.source)
        loaded = ctypes.CDLL(str(self.path))
        self._value, self._both = loaded.value, loaded.value_and_gradients
        captured = len(program.captured)
        flags = [True] * program.inputs if active is None else active
        self._row = sum([bool(a) for a in flags]) + captured
        self._takes = Double * (program.inputs + captured)
        self._gives = Double * len(program.outputs)
        self._slopes = Double * (self._row * len(program.outputs))

    def __repr__(self) -> str:
        """The sizes of the program."""
        return f"<function in C of {self.program!r}>"

    def __call__(self, *numbers: float) -> Any:
        """The result; a list where the program has several.

        Args:
            numbers: one for each input. Those of captured Values are read anew.

        Raises:
            TypeError: there are more or fewer numbers than inputs.
            ValueError: Python would raise an error there, or the program isn't true of the numbers; the message says which.
        """
        return self._one(self._checked(self.values, numbers))

    def value_and_gradients(self, *numbers: float) -> tuple[Any, Any]:
        """The result, and its derivatives with respect to the inputs, and then to the captured Values.

        Args:
            numbers: one for each input.

        Raises:
            TypeError: there are more or fewer numbers than inputs.
            ValueError: as in a call.
        """
        values, rows = self._checked(self.jacobian, numbers)
        return self._one(values), self._one(rows)

    def _one(self, found: list[Any]) -> Any:
        return found[0] if len(self.program.outputs) == 1 else found

    def _checked(self, compute: Any, numbers: Sequence[float]) -> Any:
        if len(numbers) != self.program.inputs:
            raise TypeError(f"the program takes {counted(self.program.inputs, 'number')}, one by one, got {len(numbers)}")
        try:
            return compute(numbers)
        except Stale as stale:
            if stale.guard < 0:
                raise ValueError("the result is outside of the domain there, or too large, or needs decimals") from None
            where = condition(self.program, self.program.guards[stale.guard])
            raise ValueError(f"the program was recorded where {where}") from None

    # ---- as the engines' tapes have it -------------------------------------------------------------

    def _run(self, function: Any, numbers: Sequence[float], *filled: Any) -> None:
        status: int = function(self._takes(*numbers, *map(number, self.program.captured)), *filled)
        if status:
            raise Stale(guard=status - 1) if status > 0 else Stale(instruction=0)

    def values(self, numbers: Sequence[float]) -> list[float]:
        """The outputs.

        Args:
            numbers: one for each input.

        Raises:
            Stale: a guard doesn't hold, or Python would raise.
        """
        found = self._gives()
        self._run(self._value, numbers, found)
        return list(found)

    def jacobian(self, numbers: Sequence[float]) -> tuple[list[float], list[list[float]]]:
        """The outputs, and for each its derivatives: in the inputs that are differentiated, then in the captured Values.

        Args:
            numbers: one for each input.

        Raises:
            Stale: as in `values`.
        """
        found, slopes, row = self._gives(), self._slopes(), self._row
        self._run(self._both, numbers, found, slopes)
        flat = list(slopes)
        return list(found), [flat[k * row : (k + 1) * row] for k in range(len(found))]

    def sweep(self, numbers: Sequence[float], k: int = 0) -> tuple[float, list[float]]:
        """Output k and its derivatives, as in `jacobian`.

        Args:
            numbers: one for each input.
            k: which output.

        Raises:
            Stale: as in `values`.
        """
        values, rows = self.jacobian(numbers)
        return values[k], rows[k]
