"""Recording: a function runs as ever, and what it computes and asks is written down as a `Program`.

While a recorder is on in a thread, the engine keeps the nodes that are made there, and the hooks in `face`, `operators`,
`record` and `records` tell the recorder what the function looks at: each comparison, truth value, rounding and number that it
reads becomes a guard. What a program can't do, such as a backward pass inside of the function, makes the recording fail.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from threading import Lock
from typing import Any

from . import modes
from .dual import Dual
from .program import TESTS, Guard, Program
from .record import is_tracked
from .records import add
from .replay import number
from .series import Series

__all__ = [
    "Attribute", "Drawn", "Recorder", "changed", "draw", "drawn_next", "given_again", "noted", "recorders", "times_changed",
]  # fmt: skip

recorders = modes.recorders  # empty where nothing is recorded, so that there is nothing to be noted
MOST_GUARDS = 10_000
COMPENSATED = sys.version_info >= (3, 12)  # whether the built-in sum() adds floats in another way than Values


class Recorder:
    """What is written down of one run of a function.

    Args:
        engine: the engine whose Values the function computes with.
        inputs: the Values that it is handed, each once.
        floats: those of them that stand for floats of the caller's.

    Attributes:
        reason: why there is no program of it; None if there is one.
        differs: whether the run may have come to something else than one with the floats themselves.
        drawn: for each number that the function drew, the function that drew it and the Value that stands for it.
        attributes: by owner and name, the attributes that the function read by way of `noted`.
    """

    def __init__(self, engine: Any, inputs: Sequence[Any], floats: Sequence[Any]) -> None:
        self.engine = engine
        self.inputs = list(inputs)
        self.floats = dict.fromkeys(floats)
        self.births = engine.Births()
        self.reason: str | None = None
        self.differs = False
        self.drawn: list[tuple[Callable[[], float], Any]] = []
        self.attributes: dict[tuple[int, str], Attribute] = {}
        self._asked: list[tuple[str, tuple[Any, ...], Any, str]] = []
        self._lock = Lock()
        self.is_open = self._lock.locked

    def run(self, function: Callable[[], Any]) -> Any:
        """Call a function while everything is written down.

        Args:
            function: what to call.

        Returns:
            What it returns; raises what it raises.
        """
        modes.forget_left()
        with self._lock:
            modes.recorders.add(self)
            modes.recorder.set(self)
            self.births.start()
            try:
                return function()
            finally:
                self.births.stop()
                modes.recorder.set(None)
                modes.recorders.discard(self)

    # ---- what the hooks call -----------------------------------------------------------------------

    def fail(self, reason: str, differs: bool = False, instead: str = "") -> None:
        """Give up: the function goes on, and there will be no program.

        Args:
            reason: what it does, such as "it calls backward()".
            differs: whether it may go on in another way than with the floats themselves.
            instead: what to write.
        """
        self.differs = self.differs or (differs and bool(self.floats or self.drawn))
        if self.reason is None:
            self.reason = f"{reason} at {_place()}" + (f"; {instead}" if instead else "")

    def ask(self, test: str, *operands: Any) -> Any:
        """What a test comes to; it becomes a guard.

        Args:
            test: its name among `program.TESTS`.
            operands: Values, dual numbers, series or plain numbers.

        Returns:
            A bool or a float.
        """
        bases = tuple([self._base(x) for x in operands])
        numbers = [self.number_of(x) for x in bases]
        try:
            result = TESTS[test](*numbers)
        except ArithmeticError:
            self.raises()
            raise
        if any(type(x) is not float for x in bases):
            self._asked.append((test, bases, result, _place()))
            if len(self._asked) > MOST_GUARDS:
                self.fail(f"it looks at numbers more than {MOST_GUARDS} times")
        return result

    def _base(self, x: Any) -> Any:
        """The Value, or the float, that has the number of what carries a derivative."""
        while isinstance(x, (Dual, Series)):
            x = x.primal if isinstance(x, Dual) else x.known[0]
        if type(x) is float or isinstance(x, self.engine.Value):
            return x
        plain = float(x.data if is_tracked(x) else x)
        if is_tracked(x) or (plain != x and plain == plain):
            self.fail(f"it looks at a {type(x).__name__}", differs=True)
        return plain

    def number_of(self, x: Any) -> float:
        """The plain number of what carries a derivative, without a guard.

        Args:
            x: a Value, a dual number, a series or a float.
        """
        x = self._base(x)
        return x if type(x) is float else number(x)

    def stands_for_a_float(self, x: Any) -> bool:
        """Whether the function would have a float here, were it called without a recorder.

        Args:
            x: what an operation is about to look at.
        """
        return bool(self.floats) and not self.has_values([x])

    def settled(self, x: Any) -> Any:
        """A derivative as the chain rule takes it: itself.

        Args:
            x: what carries a derivative.
        """
        return x

    def has_values(self, roots: Sequence[Any]) -> bool:
        """Whether something here is computed from a Value that doesn't stand for a float."""
        pending, seen = [*roots], dict[Any, None]()
        while pending:
            x = pending.pop()
            if not is_tracked(x) or x in seen or x in self.floats:
                continue
            if not isinstance(x, self.engine.Value) or x not in self.births or (x.is_leaf and not self._is_drawn(x)):
                return True
            seen[x] = None
            pending += x.parents
        return False

    def _is_drawn(self, x: Any) -> bool:
        return any(x is standin for _, standin in self.drawn)

    def raises(self) -> None:
        """Take note of an error in an operation: the function may catch it, and look at its words."""
        self.fail("an operation in it raises an error", differs=True, instead="to go on after it, ask with if before")

    def refused(self, what: str) -> None:
        """Take note that a Value refuses what a float may do.

        Args:
            what: such as "float() of a Value".
        """
        if self.floats:
            reason = f"it calls {what}, which stands for a float while it is recorded,"
            self.fail(reason, differs=True, instead="write autograd.exp(x) and its like, not math.exp(x)")

    def differentiates(self, arguments: bool) -> None:
        """Take note of a derivative that the function computes.

        Args:
            arguments: whether its arguments are Values.
        """
        if arguments and self.floats and not modes.inside_derivative():
            instead = "compile what the transformation returns, as in compile(grad(f))"
            self.fail("it computes a derivative of its arguments", differs=True, instead=instead)

    # ---- reading it --------------------------------------------------------------------------------

    def program(self, roots: Sequence[Any]) -> Program:
        """What was written down, as a program.

        Args:
            roots: the Values that are its outputs.
        """
        inputs = [*self.inputs, *[x for _, x in self.drawn]]
        watched = [x for _, bases, _, _ in self._asked for x in bases]
        captured, constants, records, ops, starts, operands, slots, positions, labels = self.engine._read_graph(
            self.births, inputs, list(roots), watched, bool(self._asked)
        )
        guards, at, known = [], len(roots), 0
        for test, bases, result, line in self._asked:
            n = len(bases)
            position = max([*positions[known : known + n]])
            guards.append(Guard(position, test, tuple(slots[at : at + n]), result, line))
            at, known = at + n, known + n
        guards.sort(key=lambda guard: guard.position)
        outputs = tuple(slots[: len(roots)])
        return Program(len(inputs), captured, constants, records, ops, starts, operands, guards, outputs, labels)

    def sums_floats(self, program: Program) -> bool:
        """Whether the built-in sum() may have added floats here, which newer Pythons add with fewer roundings.

        Args:
            program: what was written down.
        """
        if not (COMPENSATED and self.floats):
            return False
        zeros = {len(program.captured) + program.inputs + i for i, c in enumerate(program.constants) if c == 0.0}
        return bool(zeros) and any(record is add and slots[0] in zeros for record, slots in program)


def _place() -> str:
    name, line = modes.calling_place()
    return f"{name}:{line}"


# ---- attributes that a function reads ----------------------------------------------------------------

# An object, the name of an attribute, and what it was. It is not kept alive: nobody reads what is gone.
Attribute = tuple[weakref.ref[Any], str, Any]

_changes = 0


def noted(owner: Any, *names: str) -> None:
    """Let `compile` know of attributes that decide what is computed: where they are others, a program is not right.

    Whoever sets one calls `changed`.

    Args:
        owner: an object.
        names: of its attributes.
    """
    recorder = modes.watching()
    if recorder is not None:
        for name in names:
            recorder.attributes.setdefault((id(owner), name), (weakref.ref(owner), name, getattr(owner, name)))


def changed() -> None:
    """Say that an attribute was set which may have been `noted`."""
    global _changes
    _changes += 1


def times_changed() -> int:
    """How often `changed` was called."""
    return _changes


# ---- numbers that a function draws itself ------------------------------------------------------------

Drawn = tuple[Callable[[], float], float]  # a number, and what drew it

_given: ContextVar[list[Drawn] | None] = ContextVar("given", default=None)


class given_again:  # noqa: N801  # a block, as contextlib's are
    """A block in which `draw` hands out numbers that were drawn already, before it draws others.

    Args:
        drawn: those that a replay drew before it turned out that the function itself must run.

    Attributes:
        left: what of them wasn't asked for.
    """

    def __init__(self, drawn: Sequence[Drawn]) -> None:
        self.left = [*drawn]

    def __enter__(self) -> None:
        self._token = _given.set(self.left)

    def __exit__(self, *error: object) -> None:
        _given.reset(self._token)


def drawn_next(left: list[Drawn], function: Callable[[], float]) -> float:
    """A number: the first of those that are left, if the same function drew it, else a new one.

    Args:
        left: numbers that were drawn before; the one that is returned is taken from them.
        function: draws one.
    """
    if left and _key(left[0][0]) == _key(function):
        return left.pop(0)[1]
    left.clear()
    return function()


def _key(function: Callable[[], float]) -> Any:
    return getattr(function, "key", function)


def draw(function: Callable[[], float]) -> Any:
    """A number that a function draws itself, such as one element of a dropout mask.

    Where the function is compiled, each replay draws the number again, in the order of the recording. Elsewhere this only calls
    ``function``.

    Args:
        function: takes nothing and returns a float. One that is made anew each time has an attribute ``key``, which is equal
            for those that draw the same.

    >>> draw(lambda: 0.5)
    0.5
    """
    given = _given.get()
    x = drawn_next(given, function) if given else function()
    recorder = modes.watching() if modes.recorders else None
    if recorder is None:
        return x
    standin = recorder.engine.Value(x)
    recorder.drawn.append((function, standin))
    return standin
