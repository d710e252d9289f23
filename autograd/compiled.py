"""`compile`: a function is recorded as a program, and from then on the program is computed in its place.

A call is looked up by its *key*: the containers of its arguments, the places of floats and Values in them, and everything
else by its value. Each key has up to eight programs, one for each way through the function; the guards of a program say whether
it holds for the numbers of a call. Where none does, the function itself runs, and is recorded.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from . import modes, transforms, tree
from .dual import lifted
from .engines import chosen
from .graphs import gradients
from .layout import Layout, is_array
from .program import Guard, Program, Stale, bits, stop
from .record import NaryPrimitive, bare, is_tracked, to_float
from .recording import Attribute, Drawn, Recorder, drawn_next, given_again, times_changed
from .replay import number
from .transforms import Arguments, derivative_block, one_number

if TYPE_CHECKING:
    from .replay import Entry
    from .value import Value
else:
    Entry, Value = chosen.Entry, chosen.Value

__all__ = ["Compiled", "Derived", "EagerWarning", "compile"]

SUMS = "it may call the built-in sum(), which adds floats in another way (autograd.sum adds both alike)"
MOST_PROGRAMS = 8  # of one key
MOST_KEYS = 64
MOST_REBINDINGS = 8
LIKE_FLOATS = frozenset({"data", "floordiv", "floor", "ceil", "trunc", "round"})  # tests that are of floats ints, or raise
TROUBLE = (Stale, ArithmeticError, ValueError, TypeError)  # where a program can't be computed; the function itself says why


class EagerWarning(UserWarning):
    """A compiled function is computed as if it were not compiled, from now on. The message says why.

    >>> import math, warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     compile(math.exp)(0.0)
    1.0
    >>> print(caught[0].category.__name__, "float() of a Value" in str(caught[0].message))
    EagerWarning True
    """


@overload
def compile(f: Callable[..., Any], *, backend: str | None = None) -> Compiled: ...
@overload
def compile(*, backend: str | None = None) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(f: Callable[..., Any] | None = None, *, backend: str | None = None) -> Any:
    """A function that computes what f does, and much faster: f is recorded once, and replayed.

    It takes what f takes and returns what f returns, bit for bit, and raises what f raises. Floats in give floats out. Values
    in, or Values that f closes over, such as the parameters of a net, give Values: each is one node, whatever f computes
    inside, and its gradients are those of f. The numbers of Values are read anew at each call. As the root of a backward pass
    the result's gradients have the bits of f's own, if no argument or captured Value is computed from another one; inside a
    larger expression the last bit may differ, since the same products are multiplied in another order.

    The first two calls run f, with a Value in the place of each float, and what they record must agree. From then on f itself
    is no longer called: the recorded `Program` is computed. Whatever f looks at becomes a guard, and is checked again each
    time: comparisons, truth values, rounding (``floor``, ``//``, ...), and ``.data``. Where a guard comes to something else, f
    is recorded once more, up to eight programs for each kind of arguments; after that, f is called as ever, and an
    `EagerWarning` names the lines of the guards. The same happens where f does what a program can't: a backward pass, reading
    or setting ``grad``, setting ``data``, a derivative of its arguments where they are floats, making text of a Value.

    Args:
        f: a function of floats, Values, or lists, tuples and dicts of them. Anything else among its arguments, ints included,
            is a constant: another one is recorded on its own, so pass floats where the number varies. A NumPy array of floats
            is a constant too, but for the argument of a derivative. f may be a method, an object that can be called such as
            an `nn.Module`, or what `grad`, `value_and_grad`, `jacobian` or `hessian` returned: ``compile(grad(f))`` is
            ``grad(compile(f))``. Where it is left out, as in ``@compile(backend="c")``, the result is a decorator.
        backend: what computes the programs: the engine where it is left out; ``"c"`` for machine code by the system's own C
            compiler, as `Program.function` has it. That takes some tenths of a second for each program, once, and pays
            for large ones that are computed often.

    Returns:
        The compiled function; ``program`` is the program used last, or None, and ``programs`` are all. Its other attributes are
        those of f: a compiled net has ``parameters()`` and ``eval()``. `grad`,
        `value_and_grad`, `jacobian`, `hessian`, `jvp`, `hvp`, `vjp`, `jacfwd` and `derivative` of order 1 replay too, with the
        bits that they have for f; `taylor` and higher orders run f itself. So do, of a function that closes over Values, `jvp`,
        `vjp` and `jacfwd`, and wherever a keyword is passed, or something else than numbers is differentiated.

    Raises:
        TypeError: f can't be called.
        ValueError: the backend is an unknown one.

    With ``backend="c"`` a call that records raises a `CompilerError` where there is no C compiler, and an `UnprintableError`
    that names what can't be written in C.

    What can't be seen from outside is not guarded. A program goes on computing the same where f would not, if f uses a plain
    number from an attribute, a list or a global variable of another module, and it changes after the second call; or a random
    number, the time, or a counter. (Where such a number changes before, the two recordings disagree, and f is called as ever.
    The variables that f closes over, the global ones that it names, those of the functions of its module that it names, and
    ``training`` and ``requires_grad`` of each `nn.Module` that it calls are compared at each call.) Nor is it seen that
    another Value is put into an attribute or a list: set the ``data`` of the one that is there. What f does beside
    its result, such as printing, is done in the recorded calls only, and may be done twice in one of them. Where f asks for
    the type of its arguments, or uses one as a key, it sees a Value in the place of a float while it is recorded; what takes
    floats only raises there, and then f is called as ever. So it is where a signal handler raises an exception meanwhile,
    which can't be told from one of f's (Ctrl-C is raised as it is). The nodes inside are not made: they have no ``grad``.

    Inside `detect_anomaly` and `record_sources` f is called as ever, and inside another compiled function it is part of that.
    Threads may call it at once.

    >>> @compile
    ... def f(x, y):
    ...     return x * y if x > 0.0 else y
    >>> [f(2.0, y) for y in (1.0, 2.0, 3.0)], len(f.program)
    ([2.0, 4.0, 6.0], 1)
    """
    if backend not in (None, "c"):
        raise ValueError(f"compile: backend is 'c', or left out; got {backend!r:.60}")
    if f is None:
        return functools.partial(compile, backend=backend)
    if isinstance(f, (Compiled, Derived)) and backend in (None, f._backend):
        return f
    if isinstance(f, Compiled):
        f = f._function
    if not callable(f):
        raise TypeError(f"compile takes a function, got {type(f).__name__}; write compile(lambda x: ...)")
    transform = getattr(f, "_transform", None)
    if transform is None:
        return Compiled(f, backend)
    name, inner, argnums, has_aux = transform
    return getattr(transforms, name)(compile(inner, backend=backend), argnums, has_aux)


# ---- one call ----------------------------------------------------------------------------------------


class Call:
    """The arguments of a call, taken apart.

    Attributes:
        args: as they were passed.
        named: as they were passed.
        key: what calls have in common that the same programs may serve.
        inputs: the floats, and each Value once.
        wanted: which of the inputs are differentiated: 1 or 0; in a call of the function itself, its Values.
        leaves: all leaves, from left to right.
        places: for each leaf its place among the inputs, or -1.
        treedef: the shape of all arguments; None where they are numbers one by one.
        arguments: of a derivative, those that are differentiated.
        recording: whether results are nodes.
    """

    __slots__ = (
        "args", "arguments", "inputs", "key", "leaves", "named", "places", "recording", "standins", "treedef", "wanted",
    )  # fmt: skip

    key: Any
    leaves: Sequence[Any]
    standins: list[Any]
    treedef: Any
    arguments: Arguments
    recording: bool

    def __init__(self, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.args, self.named = args, named
        self.inputs: list[Any] = []
        self.wanted = bytearray()
        self.places: list[int] = []

    def take(self, x: Any, wanted: bool) -> None:
        """Make something an input."""
        self.places.append(len(self.inputs))
        self.inputs.append(x)
        self.wanted.append(wanted)

    def takes(self) -> str | None:
        """In how simple a way the inputs are passed: as "numbers", or as a "list" of numbers; None if in another way."""
        if self.named:
            return None
        if _are_same(self.args, self.inputs):
            return "numbers"
        return "list" if len(self.args) == 1 and type(self.args[0]) is list and _are_same(self.args[0], self.inputs) else None

    def numbers(self) -> list[float]:
        """The inputs' numbers."""
        return [x if type(x) is float else number(x) for x in self.inputs]

    def stand_in(self) -> list[Any]:
        """The inputs as Values. Those that stand for floats are new."""
        self.standins = [Value(x) if type(x) is float else x for x in self.inputs]
        return self.standins

    def replaced(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with what stands in for the inputs."""
        leaves = [leaf if place < 0 else self.standins[place] for leaf, place in zip(self.leaves, self.places, strict=True)]
        if self.treedef is None:
            return tuple(leaves), {}
        found: tuple[tuple[Any, ...], dict[str, Any]] = tree.unflatten(self.treedef, leaves)
        return found


def _are_same(xs: Sequence[Any], floats: Sequence[Any]) -> bool:
    return len(xs) == len(floats) and all(x is y and type(x) is float for x, y in zip(xs, floats, strict=True))


class _CannotKeyError(Exception):
    """Arguments that no program can be recorded for. The message says why, if it is worth a warning."""


def _code(call: Call, leaf: Any, known: dict[Any, int]) -> Any:
    """What a leaf counts as in the key; floats and Values become inputs."""
    if type(leaf) is float:
        call.take(leaf, False)
        return "float"
    if isinstance(leaf, Value):
        if leaf in known:
            call.places.append(known[leaf])
        else:
            known[leaf] = len(call.inputs)
            call.take(leaf, True)
        return known[leaf], type(leaf)
    if is_tracked(leaf) or isinstance(leaf, float):  # a dual number; a float of NumPy's, which computes in its own way
        raise _CannotKeyError
    call.places.append(-1)
    if is_array(leaf):
        if leaf.dtype == object:
            raise _CannotKeyError
        return "array", leaf.shape, leaf.dtype.str, leaf.tobytes()
    if hasattr(leaf, "__next__"):
        raise _CannotKeyError(f"an argument is a {type(leaf).__name__}, which can be read once only; pass a list")
    try:
        hash(leaf)
    except TypeError:
        raise _CannotKeyError(
            f"an argument is a {type(leaf).__name__}, which has no hash to be known again by; "
            f"pass its numbers, one by one or in a list, tuple or dict"
        ) from None
    return type(leaf), leaf


# ---- one path through the function -------------------------------------------------------------------


class Output(NamedTuple):
    """One leaf of a result.

    Attributes:
        kind: "out": an output of the program; "input": an argument itself; "same": the same object each time.
        what: the place of the output; that of the argument among the inputs; the object.
        valued: of an output, whether it is a Value where the arguments are floats.
    """

    kind: str
    what: Any
    valued: bool = False

    def same(self, other: Output) -> bool:
        """Whether another recording found the same. Floats count by their bits."""
        if self.kind != other.kind or self.valued != other.valued or type(self.what) is not type(other.what):
            return False
        if type(self.what) is float:
            return bits(self.what) == bits(other.what)
        return self.what is other.what or (not is_tracked(self.what) and bool(self.what == other.what))


def _all_same(outputs: Sequence[Output], others: Sequence[Output]) -> bool:
    return len(outputs) == len(others) and all(a.same(b) for a, b in zip(outputs, others, strict=True))


class Path:
    """One way through a function: a program, and how the result is put together."""

    def __init__(
        self, call: Call, program: Program, outputs: list[Output], layout: Any, draws: list[Any], make: Callable[..., Any]
    ) -> None:
        self._make = make
        self.key = call.key
        self.takes = call.takes()
        self.wanted = bytes(call.wanted) + bytes(len(draws))
        self.inner: str | None = None
        self.whole: Any = None  # the tape, where the result is one node of all arguments and captured Values
        self.slots: list[int] = []  # and theirs
        self.in_order = [(x.kind, x.what) for x in outputs] == [("out", i) for i in range(len(outputs))]
        self.program = program
        self.outputs = outputs
        self.layout = layout
        self.draws = draws
        self.agreed = False
        # An argument that is the same Value in all recordings may be one that the function closes over as well: no other may
        # take its place before a recording has shown that it isn't.
        self.bound: dict[int, Any] = {i: x for i, x in enumerate(call.inputs) if type(x) is not float}
        self.captured = set(program.captured)
        self._tapes: dict[bytes, Any] = {}
        self._primitives: dict[int, ProgramPrimitive] = {}
        self._operands: dict[int, tuple[list[int], list[int]]] = {}
        self.valued = any(output.valued for output in outputs)
        self.is_one_number = layout is None or (layout.is_number and outputs[0].kind == "out")
        self.others: tuple[tuple[Guard, ...], ...] = ()  # guards of ways with the same code, one of which will do as well
        self.attributes: list[Attribute] = []  # which the function read, and what they were
        self._seen = -1  # how often attributes had been set when these were compared

    def joined(self, others: Sequence[Path]) -> Path | None:
        """One path for points that go this way or other ones; None if they do not compute the same."""
        for other in others:
            if self.program.other_code(other.program) or not _all_same(self.outputs, other.outputs) or other.draws:
                return None
        found = copy.copy(self)
        found.others = tuple([other.program.guards for other in others])
        return found

    def holds(self, numbers: Sequence[float]) -> bool:
        """Whether the guards of one of its ways hold.

        Args:
            numbers: by slot.
        """
        return any(all(guard.holds(numbers) for guard in way) for way in (self.program.guards, *self.others))

    def fits(self, inputs: Sequence[Any]) -> bool:
        """Whether attributes, and which arguments the function closes over as well, are what they were when it was recorded."""
        if self.attributes and self._seen != times_changed() and not self._finds_attributes():
            return False
        for i, x in self.bound.items():
            if inputs[i] is not x:
                return False
        if self.captured:
            for i, x in enumerate(inputs):
                if type(x) is not float and x in self.captured and i not in self.bound:
                    return False
        return True

    def _finds_attributes(self) -> bool:
        seen = times_changed()
        if any((x := owner()) is not None and getattr(x, name) != was for owner, name, was in self.attributes):
            return False
        self._seen = seen
        return True

    def confirms(self, other: Path) -> bool:
        """Whether another recording of the same way found the same."""
        return (
            self.program.agrees(other.program)
            and _all_same(self.outputs, other.outputs)
            and len(self.draws) == len(other.draws)
        )

    def confuses(self, other: Path) -> bool:
        """Whether one has for an argument what the other closes over, or has for another one, so that they may differ."""
        mine, others = self.bound.values(), other.bound.values()
        if not (other.captured.isdisjoint(mine) and self.captured.isdisjoint(others)):
            return True
        places = {x: i for i, x in self.bound.items()}
        return any(places.get(x, i) != i for i, x in other.bound.items())

    def tape(self, active: bytes) -> Any:
        """A tape that differentiates with respect to some of the inputs."""
        found = self._tapes.get(active)
        if found is None:
            found = self._tapes[active] = self._make(self.program, active)
        return found

    def operands(self, k: int, wanted: bytes) -> tuple[list[int], list[int]]:
        """What output k depends on: the slots of Values, and their places in a row of derivatives."""
        found = self._operands.get(k)
        if found is None:
            program, inputs = self.program, self.program.inputs
            tape = self.tape(wanted)
            needed = tape.needed(k) if hasattr(tape, "needed") else program.needed(k)
            slots = [i for i in range(inputs) if wanted[i]] + list(range(inputs, inputs + len(program.captured)))
            places = [i for i, slot in enumerate(slots) if needed[slot]]
            found = self._operands[k] = [slots[i] for i in places], places
        return found

    def primitive(self, k: int, slots: Sequence[int], name: str, numbers: Sequence[float]) -> ProgramPrimitive:
        """Output k as a primitive of the Values that it depends on.

        Args:
            k: which output.
            slots: of these Values.
            name: of the function.
            numbers: of the inputs; those of floats stay as they are.
        """
        found = self._primitives.get(k)
        if found is None:
            found = self._primitives[k] = ProgramPrimitive(name, self.program, k, slots)
        return found if len(slots) == found.size else found.fixed(numbers)


class _Entry:
    """The programs of one key.

    Attributes:
        paths: those that were recorded.
        reason: why the function is called as ever; None while it isn't.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self.paths: list[Path] = []
        self.reason: str | None = None

    @property
    def programs(self) -> list[Program]:
        """Those that two recordings agreed on."""
        return [path.program for path in self.paths if path.agreed]

    @property
    def layout(self) -> Any:
        """The layout of the result, as it was recorded last."""
        return self.paths[-1].layout

    def numbers(self, args: tuple[Any, ...]) -> list[float]:
        """The numbers of a program's inputs.

        Args:
            args: the arguments of a call of this key.
        """
        found: list[float] = self._owner._read(args, {}, modes.USUAL).numbers()
        return found

    def record(self, args: tuple[Any, ...]) -> Program | None:
        """Run the function once more, and compare what is recorded.

        Args:
            args: the arguments of a call of this key.

        Returns:
            The program of the way that it went; None where it has to be called as ever.
        """
        self._owner._call(args, {}, again=True)
        return None if self.reason is not None else self._owner._last.program


# ---- what a function reads from outside ----------------------------------------------------------------


_MISSING = object()


class Names:
    """The variables that a function closes over, and the global ones that it names, with what they hold.

    So are those of the functions of the same module among them, and of the functions among those.

    Args:
        function: what is called; where it isn't written in Python, there are none.
    """

    def __init__(self, function: Any) -> None:
        function = _written_in_python(function)
        if not isinstance(function, types.FunctionType):
            kind = type(function)
            function = getattr(kind, "forward", kind.__call__)  # `nn.Module` calls that
            function = getattr(function, "__wrapped__", function)
        self.cells: list[tuple[Any, Any]] = []
        self.globals: list[tuple[str, Any]] = []
        self.moved = False
        self._function = function
        self._namespace: dict[str, Any] = getattr(function, "__globals__", {})
        self._look()

    def _look(self) -> None:
        """Find the variables anew: a function that one of them holds may be another one."""
        cells, names, seen, namespace = dict[int, tuple[Any, Any]](), dict[str, Any](), set[Any](), self._namespace
        is_ours = str(namespace.get("__name__")).partition(".")[0] in ("autograd", "nn")
        waiting = [self._function]
        while waiting:
            function = _written_in_python(waiting.pop())
            if not isinstance(function, types.FunctionType) or function in seen or function.__globals__ is not namespace:
                continue
            seen.add(function)
            cells |= {id(cell): (cell, _content(cell)) for cell in function.__closure__ or ()}
            names |= {name: namespace.get(name, _MISSING) for name in _names(function.__code__) if name != "__name__"}
            if not is_ours:
                waiting += [*[x for _, x in cells.values()], *names.values()]
        self.cells, self.globals = [*cells.values()], [*names.items()]

    def changed(self) -> bool:
        """Whether one of them holds something else by now; from then on, that is what counts."""
        found = self.moved = False
        for i, (cell, before) in enumerate(self.cells):
            now = _content(cell)
            if now is not before:
                self.cells[i] = cell, now
                self.moved = True
                found = found or not _equal(now, before)
        namespace = self._namespace
        for i, (name, before) in enumerate(self.globals):
            now = namespace.get(name, _MISSING)
            if now is not before:
                self.globals[i] = name, now
                self.moved = True
                found = found or not _equal(now, before)
        if found:
            self._look()
        return found

    def holds_the_same(self, other: Names) -> bool:
        """Whether the variables of the same function held the same objects when these and others were last looked at."""
        mine, others = self.held(), other.held()
        return len(mine) == len(others) and all(x[2] is y[2] for x, y in zip(mine, others, strict=True))

    def held(self) -> list[tuple[Any, Any, Any]]:
        """Where they are, and what they hold: cells, and the namespace with a name in it."""
        found = [(cell, None, x) for cell, x in self.cells if x is not _MISSING]
        return found + [(self._namespace, name, x) for name, x in self.globals if x is not _MISSING]


def _written_in_python(function: Any) -> Any:
    """What a partial function, a method or a compiled function calls; anything else as it is."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif isinstance(function, Compiled):
            function = function._function
        else:
            return function


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return _MISSING


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _equal(x: Any, y: Any) -> bool:
    """Whether two objects do the same to a function that reads them: plain data that is equal, to the bit."""
    if type(x) is not type(y):
        return False
    if type(x) is float:
        return bits(x) == bits(y)
    return type(x) in (int, bool, str, bytes) and bool(x == y)


# ---- a compiled function -----------------------------------------------------------------------------


class _Traced(Entry):
    """What `Compiled` and `Derived` have in common. The engine's `Entry` computes what is quick; `_general` does the rest."""

    def __init__(self, function: Callable[..., Any], words: Any, backend: str | None) -> None:
        super().__init__(self._general)
        self._backend = backend
        self._make = chosen.Tape if backend is None else import_module(f"{__package__}.compiling").Function
        self._derivatives: dict[Any, Derived] = {}
        self._said: set[str] = set()  # of warnings; shared with its derivatives
        self._function = function  # what is called where no program is computed
        self._entries: dict[Any, _Entry] = {}
        self._names = Names(_innermost(function))
        self._rebindings = 0
        self._reason: str | None = None  # why nothing is recorded any more
        self._lock = Lock()
        self._last: Path | None = None
        self._recorded_draws: list[Drawn] = []  # of the last recording, for `vmap`
        self._left: list[Drawn] = []  # numbers that a replay drew, and then had no use for: they are the next ones
        self._armed: tuple[_Entry, Path] | None = None
        self._whole: Path | None = None  # the path of calls with Values alone, all of them different ones
        self.__name__ = self.__qualname__ = type(words).__name__
        functools.update_wrapper(self, words, updated=())

    @property
    def program(self) -> Program | None:
        """The program that was used last; None if none was."""
        return None if self._last is None else self._last.program

    @property
    def programs(self) -> list[Program]:
        """All programs that two recordings agreed on."""
        return [program for entry in self._entries.values() for program in entry.programs]

    def __repr__(self) -> str:
        """The name of the function."""
        return f"<compiled {self.__name__}>"

    def _derived(self, name: str, argnums: Any, eager: Callable[..., Any], wrapped: Callable[..., Any]) -> Derived:
        """A derivative of it, for `transforms`: the same one each time, so that its programs are not recorded again."""
        found = self._known(name, argnums)
        if found is None:
            found = self._derivatives.setdefault(_derivative_key(name, argnums), Derived(self, name, argnums, eager, wrapped))
        return found

    def _known(self, name: str, argnums: Any) -> Derived | None:
        """A derivative of it that was asked for before."""
        return self._derivatives.get(_derivative_key(name, argnums))

    @functools.cached_property
    def _along(self) -> Callable[[Any, Any], Any]:
        """`jvp` of it, for `transforms`: takes the arguments and the direction."""
        found: Callable[[Any, Any], Any] = import_module(f"{__package__}.directions").Along(self)._general
        return found

    @functools.cached_property
    def _pulled(self) -> Callable[[Any], Any]:
        """`vjp` of it, likewise: takes the arguments."""
        found: Callable[[Any], Any] = import_module(f"{__package__}.directions").Pulled(self)._general
        return found

    def __reduce__(self) -> Any:
        """Copy and pickle: by its name where it is found there, as a function is, else by what it was made of."""
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        return self.__qualname__ if found is self else self._made_of()

    # What the two kinds do in their own ways.

    if TYPE_CHECKING:
        __qualname__: str

        def _made_of(self) -> Any:
            """A function and its arguments that make it again."""

        def _read(self, args: tuple[Any, ...], named: dict[str, Any], mode: Any) -> Call:
            """Take the arguments apart."""

        def _recorder(self, call: Call) -> Recorder:
            """What will write down a run with these arguments."""

        def _run(self, call: Call) -> Any:
            """Run the function."""

        def _path(self, call: Call, recorder: Recorder, result: Any) -> Path | None:
            """What was recorded; None if there is no program of it."""

        def _replayed(self, path: Path, call: Call, drawn: list[Drawn]) -> Any:
            """The result by a program."""

        def _shown(self, call: Call, recorder: Recorder, result: Any) -> Any:
            """What was recorded, as the caller would have got it."""

        def _way(self, path: Path) -> tuple[Any, str, str, tuple[str, str]] | None:
            """How a call with floats alone goes the quick way; None if it can't."""

    def _other_kind(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return self._function(*args, **named)

    # ---- one call ----------------------------------------------------------------------------------

    def _general(self, /, *args: Any, **named: Any) -> Any:
        path = self._whole
        if path is not None and len(args) == path.program.inputs and not (named or modes.open_blocks or modes.recorders):
            for x in args:
                if type(x) is not Value:
                    break
            else:
                if self._names.changed():
                    self._forget()
                elif (len(args) < 2 or len(set(args)) == len(args)) and path.fits(args) and not modes.inside_derivative():
                    try:
                        return path.whole.node(path.primitive(0, path.slots, self.__name__, ()), args)
                    except TROUBLE:
                        pass
        return self._call(args, named)

    def _call(self, args: tuple[Any, ...], named: dict[str, Any], again: bool = False) -> Any:
        """Compute it by a program where there is one, else by the function.

        Args:
            args: the arguments.
            named: those by name.
            again: record it in any case.
        """
        if self._reason is not None:
            return self._as_ever(args, named)
        if modes.recorders and modes.watching() is not None:  # it becomes part of what is recorded
            return self._other_kind(args, named)
        mode = modes.current.get() if modes.open_blocks else modes.USUAL
        if mode.detecting or mode.sourcing:
            return self._as_ever(args, named)
        try:
            call = self._read(args, named, mode)
        except _CannotKeyError as error:
            if not error.args:
                return self._other_kind(args, named)
            self._give_up(None, str(error))
            return self._as_ever(args, named)
        entry = self._entry_of(call)
        if entry is None:
            return self._as_ever(args, named)
        drawn, self._left = self._left, []
        if not again:
            if not entry.paths:
                self._borrow(entry, call)
            for path in entry.paths:
                if path.agreed and path.fits(call.inputs):
                    try:
                        result = self._replayed(path, call, drawn)
                    except TROUBLE:
                        continue
                    if path is not self._last:
                        self._last = path
                        self._take_up(entry, path)
                    if drawn:
                        self._left = drawn[len(path.draws) :]
                    return result
        if not self._lock.acquire(blocking=False):  # another thread records it
            self._left = drawn
            return self._as_ever(args, named)
        try:
            return self._recorded(entry, call, drawn)
        finally:
            self._lock.release()

    def _entry_of(self, call: Call) -> _Entry | None:
        """The programs for a call; None if the function is called as ever."""
        if self._names.changed():
            self._forget()
        elif self._names.moved and self._armed is not None:  # what they hold is equal, but other objects
            self._install(*self._armed)
        entry = self._entries.get(call.key)
        if entry is None and self._reason is None:
            if len(self._entries) >= MOST_KEYS:
                self._give_up(None, f"it was called with {MOST_KEYS} kinds of arguments; pass floats where the number varies")
                return None
            entry = self._entries.setdefault(call.key, _Entry(self))
        return None if entry is None or entry.reason is not None or self._reason is not None else entry

    def _borrow(self, entry: _Entry, call: Call) -> None:
        """Take over what another compiled function has recorded, where that is the same."""

    def _take_up(self, entry: _Entry, path: Path) -> None:
        """Go another way than in the call before."""

    def _entry(self, args: tuple[Any, ...]) -> _Entry | None:
        """The programs for a call with these arguments; None if the function is called as ever. For `vmap`."""
        try:
            return self._entry_of(self._read(args, {}, modes.current.get()))
        except _CannotKeyError:
            return None

    def _recorded(self, entry: _Entry, call: Call, drawn: list[Drawn]) -> Any:
        """Run the function, and keep what it computes as a program."""
        recorder, result, error = self._recorder(call), None, None
        block = given_again(drawn)
        try:
            with block:
                result = recorder.run(functools.partial(self._run, call))
        except Exception as raised:
            error = raised
        self._left = block.left
        path = self._path(call, recorder, result) if error is None and recorder.reason is None else None
        if path is not None:
            path.attributes = [attribute for attribute in recorder.attributes.values() if attribute[0]() is not None]
        drawn = [(function, number(x)) for function, x in recorder.drawn]
        self._recorded_draws = [*drawn]
        if path is not None:
            try:
                found = self._replayed(path, call, drawn)
            except TROUBLE:
                recorder.fail("its derivatives can't be computed along with it", differs=True)
            else:
                self._keep(entry, path)
                return found
        if error is None and not recorder.differs:
            result = self._shown(call, recorder, result)  # it has run, and isn't to run twice
        elif error is not None and self._is_eager(recorder):
            raise error
        else:
            self._left = drawn + self._left
            result = self._as_ever(call.args, call.named)  # which may raise
        words = f"with Values in the place of floats it raises {type(error).__name__}: {error}"
        self._give_up(entry, recorder.reason or words)
        return result

    def _draws(self, path: Path, drawn: list[Drawn]) -> list[float]:
        """The numbers that a program draws; those that were drawn for another one already come first."""
        left = [*drawn]
        drawn[: len(path.draws)] = [(function, drawn_next(left, function)) for function in path.draws]
        del drawn[len(path.draws) + len(left) :]
        return [x for _, x in drawn[: len(path.draws)]]

    def _as_ever(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What the function itself gives."""
        if not self._left:
            return self._function(*args, **named)
        block, self._left = given_again(self._left), []
        try:
            with block:
                return self._function(*args, **named)
        finally:
            self._left = block.left

    def _is_eager(self, recorder: Recorder) -> bool:
        """Whether what was raised while it was recorded is what the caller would have got."""
        return False

    def _keep(self, entry: _Entry, path: Path) -> None:
        """Put a new path among those of its key, or let it confirm an older one."""
        self._last = path
        for older in entry.paths:
            if not older.program.same_path(path.program) or older.attributes != path.attributes:
                continue
            if older.confirms(path):
                older.agreed = True
                older.bound = {i: x for i, x in older.bound.items() if path.bound[i] is x}
                self._last = older
                self._rebindings = 0
                self._install(entry, older)
                return
            if not older.confuses(path):
                words = "a number that it uses changed outside of it; pass it as an argument"
                self._give_up(entry, f"two recordings of it differ: {words}")
                return
        if len(entry.paths) == MOST_PROGRAMS:
            lines = dict.fromkeys([guard.line for older in entry.paths for guard in older.program.guards])
            words = f"it took more than {MOST_PROGRAMS} ways, by what it looks at in {', '.join([*lines][:8])}"
            if any(guard.test == "data" for older in entry.paths for guard in older.program.guards):
                words += "; each number of .data is a way of its own: return the Value, and read its data outside"
            self._give_up(entry, words)
            return
        entry.paths.append(path)

    def _install(self, entry: _Entry, path: Path) -> None:
        """Let calls with floats alone go the engine's quick way, where there is one."""
        self._armed = self._whole = None
        self._disarm()
        slow = path.draws or path.attributes or not path.outputs or self._backend or self._entries.get(path.key) is not entry
        way = None if slow else self._way(path)
        if way is not None:
            self._arm(*way, self._names.held())
            self._armed = entry, path
        if path.whole is not None and path.key == _key_of_values(path.program.inputs):
            self._whole = path

    def _forget(self) -> None:
        """Start again: a variable that the function reads was bound to something else."""
        self._entries.clear()
        self._armed = self._whole = None
        self._disarm()
        self._rebindings += 1
        if self._rebindings > MOST_REBINDINGS:
            self._give_up(None, "variables that it reads change again and again; make them its arguments")

    def _give_up(self, entry: _Entry | None, reason: str) -> None:
        """Call the function as ever from now on, and say so once."""
        if entry is None:
            self._reason = reason
        else:
            entry.reason = reason
            entry.paths.clear()
        self._armed = self._whole = None
        self._disarm()
        self._warn(reason)

    def _warn(self, reason: str) -> None:
        """Say once why it is called as ever."""
        if reason in self._said:
            return
        self._said.add(reason)
        warnings.warn(
            f"the compiled function {self.__name__} is computed as if it were not compiled: {reason}",
            EagerWarning,
            stacklevel=modes.stacklevel(),
        )


def _derivative_key(name: str, argnums: Any) -> Any:
    return name, tuple(argnums) if isinstance(argnums, list) else argnums, type(argnums)


def _innermost(function: Any) -> Any:
    """The function that a transformation was made from."""
    while (transform := getattr(function, "_transform", None)) is not None:
        function = transform[1]
    return function


@functools.cache
def _key_of_values(count: int) -> Any:
    """The key of a call with Values one by one, all of them different ones, outside of all blocks."""
    return None, tuple([(i, Value) for i in range(count)]), True, False


class Compiled(_Traced):
    """A compiled function; see `compile`.

    Args:
        function: what it computes.
        backend: what computes the programs.
    """

    def __init__(self, function: Callable[..., Any], backend: str | None = None) -> None:
        super().__init__(function, function, backend)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind as a function binds: a method of a class may be compiled."""
        return self if instance is None else types.MethodType(self, instance)

    if not TYPE_CHECKING:  # pragma: no branch  # else any name would pass

        def __getattr__(self, name: str) -> Any:
            """An attribute of what was compiled, such as ``parameters`` of a net."""
            is_public = name[0] != "_"
            if is_public and hasattr(self._function, name):
                return getattr(self._function, name)
            instead = f"; write .program.{name}, once it was called" if is_public and hasattr(Program, name) else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{instead}", name=name, obj=self)

    def _made_of(self) -> Any:
        return Compiled, (self._function, self._backend)

    def _read(self, args: tuple[Any, ...], named: dict[str, Any], mode: Any) -> Call:
        call = Call(args, named)
        signature = None
        if named or not all(type(x) is float or type(x) is Value for x in args):
            call.leaves, call.treedef = tree.flatten((args, named))
            signature = call.treedef.signature
        else:  # what is mostly passed, and needs no tree
            call.leaves, call.treedef = args, None
        known: dict[Any, int] = {}
        codes = tuple([_code(call, leaf, known) for leaf in call.leaves])
        call.recording = mode.recording
        call.key = signature, codes, mode.recording, modes.inside_derivative()
        return call

    def _recorder(self, call: Call) -> Recorder:
        standins = call.stand_in()
        return Recorder(chosen, standins, [x for x, given in zip(standins, call.inputs, strict=True) if x is not given])

    def _run(self, call: Call) -> Any:
        args, named = call.replaced()
        return self._function(*args, **named)

    def _is_eager(self, recorder: Recorder) -> bool:
        return not recorder.floats and not recorder.drawn

    def _shown(self, call: Call, recorder: Recorder, result: Any) -> Any:
        standins = dict(zip(call.standins, call.inputs, strict=True))

        def shown(x: Any) -> Any:
            if not isinstance(x, Value):
                return x
            return standins[x] if x in standins else x if recorder.has_values([x]) else number(x)

        return tree.map(shown, result) if recorder.floats or recorder.drawn else result

    def _path(self, call: Call, recorder: Recorder, result: Any) -> Path | None:
        try:
            layout = Layout(result)
        except ValueError:  # it contains itself
            recorder.fail("it returns something that contains itself", differs=True)
            return None
        inputs = {x: i for i, x in enumerate(call.standins)}
        drawn = {x for _, x in recorder.drawn}
        # Where there are no Values but those that stand for floats, all results are floats.
        mixed = any(call.wanted) or recorder.births.leaves > len(drawn)
        roots: dict[Any, int] = {}
        outputs: list[Output] = []
        for leaf in layout.numbers:
            if isinstance(leaf, Value):
                k = roots.setdefault(leaf, len(roots))
                if leaf in inputs:
                    outputs.append(Output("input", inputs[leaf]))
                elif leaf in recorder.births:
                    outputs.append(Output("out", k, not recorder.floats))
                else:
                    outputs.append(Output("same", leaf))
            elif leaf is None or type(leaf) in (float, int, bool, str, bytes, complex):
                outputs.append(Output("same", leaf))
            else:
                _strange(recorder, leaf)
                return None
        program = _program_of(recorder, roots)
        if program is None:
            return None
        for name, place in zip(_argument_names(self._function, call.args, call.named), call.places, strict=False):
            if name and place >= 0:
                program.labels.setdefault(place, name)
        if recorder.floats and (mixed or program.captured):
            valued = [recorder.has_values([x]) for x in roots]
            outputs = [x._replace(valued=valued[x.what]) if x.kind == "out" else x for x in outputs]
        path = Path(call, program, outputs, layout, [function for function, _ in recorder.drawn], self._make)
        if (
            call.recording
            and hasattr(path.tape(path.wanted), "node")
            and path.valued
            and path.in_order
            and layout.is_number
            and not path.draws
            and all(call.wanted)
            and not program.labels.get(program.outputs[0])
        ):
            slots, _ = path.operands(0, path.wanted)
            if len(slots) == program.inputs + len(program.captured):
                path.slots, path.whole = slots, path.tape(path.wanted)
        return path

    def _replayed(self, path: Path, call: Call, drawn: list[Drawn]) -> Any:
        numbers = call.numbers()
        if path.draws:
            numbers += self._draws(path, drawn)
        count = len(path.program.outputs)
        found: list[Any]
        if path.whole is not None:
            return path.whole.node(path.primitive(0, path.slots, self.__name__, numbers), call.inputs)
        if not path.valued:
            found = path.tape(bytes(path.program.inputs)).values(numbers)
        else:
            wanted = path.wanted
            tape = path.tape(wanted)
            if not call.recording and not any(path.operands(k, wanted)[0] for k in range(count)):
                found = tape.values(numbers)
                rows: list[list[float]] = [[]] * count
            elif count == 1:
                value, row = tape.sweep(numbers, 0)
                found, rows = [value], [row]
            else:
                found, rows = tape.jacobian(numbers)
            valued = {output.what for output in path.outputs if output.valued}
            found = [
                self._node(path, call, k, found[k], rows[k], wanted, numbers) if k in valued else found[k] for k in range(count)
            ]
        outputs = path.outputs
        if path.in_order and path.layout.is_number:
            return found[0]
        inputs = call.inputs
        return path.layout.filled(
            [found[x.what] if x.kind == "out" else inputs[x.what] if x.kind == "input" else x.what for x in outputs]
        )

    def _node(self, path: Path, call: Call, k: int, value: float, row: list[float], wanted: bytes, numbers: list[float]) -> Any:
        """One output as one node."""
        program = path.program
        slots, places = path.operands(k, wanted)
        if not slots:
            node = Value(value)
        else:
            inputs, captured, n = call.inputs, program.captured, program.inputs
            operands = tuple([inputs[s] if s < n else captured[s - n] for s in slots])
            primitive = path.primitive(k, slots, self.__name__, numbers)
            row = [row[i] for i in places]
            if call.recording:
                node = chosen._one_node(primitive, operands, value, row)
            else:  # it records inside of `no_grad`
                with modes.enable_grad():
                    node = chosen._one_node(primitive, operands, value, row)
        label = program.labels.get(program.outputs[k])
        if label:
            node.label = label
        return node

    def _way(self, path: Path) -> tuple[Any, str, str, tuple[str, str]] | None:
        outer = None if path.valued or not path.in_order else path.layout.word
        takes = path.takes
        if outer is None or takes is None or path.key[2:] != (True, False):
            return None
        return path.tape(bytes(path.program.inputs)), "values", takes, (outer, "one")


def _program_of(recorder: Recorder, roots: Mapping[Any, int]) -> Program | None:
    """What was recorded; None, with the reason noted, where it can't be trusted."""
    program = recorder.program([*roots])
    if recorder.sums_floats(program):
        recorder.fail(SUMS, differs=True)
        return None
    return program


def _strange(recorder: Recorder, result: Any) -> None:
    """Note that a program can't return this."""
    instead = "return floats or Values, alone or in lists, tuples and dicts"
    recorder.fail(f"it returns a {type(result).__name__}", differs=True, instead=instead)


def _argument_names(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Iterator[str]:
    """What the leaves of a call's arguments are called when its program is printed; empty where nothing is known."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # one written in C
        parameters = []
    words = [p.name if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) else "" for p in parameters]
    words += [""] * (len(args) - len(words))
    for name, x in [*zip(words, args, strict=False), *named.items()]:
        if tree.is_leaf(x):
            yield name
        else:
            yield from [f"{name}[{i}]" if name else "" for i in range(len(tree.flatten(x)[0]))]


# ---- a derivative of one -----------------------------------------------------------------------------


class Derived(_Traced):
    """What `grad`, `value_and_grad`, `jacobian` or `hessian` returns of a compiled function.

    Args:
        source: the compiled function, or what a transformation made of it.
        name: of the transformation.
        argnums: which arguments are differentiated.
        eager: the transformation of the function that isn't compiled.
        wrapped: the transformation as it works on any function, for Values and dual numbers.
    """

    def __init__(self, source: Any, name: str, argnums: Any, eager: Callable[..., Any], wrapped: Callable[..., Any]) -> None:
        self._transform = name, source, argnums, False  # `hessian` sets another one
        self._source = source
        super().__init__(eager, wrapped, source._backend)
        self._said = source._said
        self._plain = source._function
        self._kind, self._argnums, self._wrapped = name, argnums, wrapped
        twin = source._known({"grad": "value_and_grad", "value_and_grad": "grad"}.get(name, ""), argnums)
        if twin is not None:  # which needs the same programs
            self._entries, self._lock = twin._entries, twin._lock

    def _made_of(self) -> Any:
        name, source, argnums, _ = self._transform
        return getattr(transforms, name), (source, argnums)

    def _other_kind(self, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        return self._wrapped(*args, **named)

    def _read(self, args: tuple[Any, ...], named: dict[str, Any], mode: Any) -> Call:
        if modes.inside_derivative():
            raise _CannotKeyError
        call = Call(args, named)
        try:
            arguments = call.arguments = Arguments(args, self._argnums, "grad")
            numbers = [to_float(x) for x in arguments.numbers]
        except (TypeError, ValueError, ArithmeticError):  # said in better words where it is raised
            raise _CannotKeyError from None
        for x in numbers:
            call.take(x, True)
        codes: list[Any] = [(i, layout.signature) for i, layout in arguments.layouts.items()]
        others = tuple([None if i in arguments.layouts else x for i, x in enumerate(args)])
        call.leaves, call.treedef = tree.flatten((others, named))
        call.places = []
        known: dict[Any, int] = {}
        codes += [_code(call, leaf, known) for leaf in call.leaves]
        if known:
            raise _CannotKeyError
        call.key = call.treedef.signature, tuple(codes)
        return call

    def _borrow(self, entry: _Entry, call: Call) -> None:
        source = self._source
        if not isinstance(source, Compiled) or not source._names.holds_the_same(self._names):
            return
        numbers = [float(i) for i in range(len(call.arguments.numbers))]  # objects that show where they go
        theirs = source._read(tuple(call.arguments.replaced(numbers)), call.named, modes.USUAL)
        lender = source._entries.get(theirs.key)
        if lender is not None and _are_same(theirs.inputs, numbers + call.inputs[len(numbers) :]):
            entry.paths += [path for each in lender.paths if (path := self._as_mine(each, call)) is not None]

    def _as_mine(self, path: Path, call: Call) -> Path | None:
        """A way through the function, as this derivative goes it; None if it may go another one on Values than on floats."""
        one = self._kind in ("grad", "value_and_grad")
        whole = any(guard.test in LIKE_FLOATS for guard in path.program.guards)
        fit = all(x.kind != "same" or type(x.what) is float for x in path.outputs)
        if not path.agreed or path.draws or whole or not fit or (one and not path.layout.is_number):
            return None
        slots = path.program.outputs  # an argument that is returned is there by its slot
        outputs = [Output("out", slots.index(x.what)) if x.kind == "input" else x._replace(valued=False) for x in path.outputs]
        found = Path(call, path.program, outputs, None if one else path.layout, [], self._make)
        found.inner, found.agreed, found.attributes = call.arguments.shape.word, True, path.attributes
        return found

    def _take_up(self, entry: _Entry, path: Path) -> None:
        if self._armed is None:
            self._install(entry, path)

    def _recorder(self, call: Call) -> Recorder:
        standins = call.stand_in()
        return Recorder(chosen, standins, standins[len(call.arguments.numbers) :])

    def _run(self, call: Call) -> Any:
        with derivative_block():
            others, named = call.replaced()
            given = call.arguments.replaced(call.standins)
            output = self._plain(*[given[i] if i in call.arguments.layouts else others[i] for i in range(len(given))], **named)
            if self._kind in ("grad", "value_and_grad"):
                return None, [one_number(output, "grad")]
            layout = Layout(output)
            return layout, [lifted(y, "jacobian: a result") for y in layout.numbers]

    def _shown(self, call: Call, recorder: Recorder, result: Any) -> Any:
        layout, outputs = result
        variables, n = call.standins[: len(call.arguments.numbers)], len(call.arguments.numbers)
        rows = [gradients(y, variables) if isinstance(y, Value) else [0.0] * n for y in outputs]
        if layout is None:
            return self._put(call, bare(outputs[0]), rows[0])
        return layout.outer([call.arguments.ordered(row) for row in rows], call.arguments.shape)

    def _put(self, call: Call, value: float, row: list[float]) -> Any:
        gradient = call.arguments.shape.filled(call.arguments.ordered(row))
        return gradient if self._kind == "grad" else (value, gradient)

    def _path(self, call: Call, recorder: Recorder, result: Any) -> Path | None:
        layout, numbers = result
        roots: dict[Any, int] = {}
        outputs: list[Output] = []
        for x in numbers:
            if isinstance(x, Value):
                outputs.append(Output("out", roots.setdefault(x, len(roots))))
            elif type(x) is float:
                outputs.append(Output("same", x))
            else:
                _strange(recorder, x)
                return None
        program = _program_of(recorder, roots)
        if program is None:
            return None
        path = Path(call, program, outputs, layout, [function for function, _ in recorder.drawn], self._make)
        path.inner = call.arguments.shape.word
        return path

    def _replayed(self, path: Path, call: Call, drawn: list[Drawn]) -> Any:
        numbers = call.numbers()
        if path.draws:
            numbers += self._draws(path, drawn)
        tape = path.tape(path.wanted)
        arguments = call.arguments
        n = len(arguments.numbers)
        if path.layout is None:
            (output,) = path.outputs
            if output.kind == "out":
                value, row = tape.sweep(numbers, 0)
            else:
                tape.values(numbers)  # for the guards, and what may raise
                value, row = output.what, [0.0] * n
            return self._put(call, value, row[:n])
        _, rows = tape.jacobian(numbers)
        found = [rows[x.what][:n] if x.kind == "out" else [0.0] * n for x in path.outputs]
        return path.layout.outer([arguments.ordered(row) for row in found], arguments.shape)

    def _way(self, path: Path) -> tuple[Any, str, str, tuple[str, str]] | None:
        outer = "one" if path.layout is None else path.layout.word
        inner = path.inner
        if outer is None or inner is None or path.takes is None or not path.in_order or path.program.captured:
            return None
        kind = self._kind if self._kind in ("grad", "value_and_grad") else "jacobian"
        return path.tape(path.wanted), kind, path.takes, (outer, inner)


# ---- one output as a primitive -----------------------------------------------------------------------


class ProgramPrimitive(NaryPrimitive):
    """An output of a program as a function of the Values that it depends on: what ``op`` is of a compiled function's result.

    Args:
        name: of the function.
        program: what it computes.
        k: which output.
        slots: of the operands.
    """

    made_by = "compile"

    def __init__(self, name: str, program: Program, k: int, slots: Sequence[int]) -> None:
        name = name if name.isidentifier() else "compiled"
        super().__init__(
            name,
            self._value,
            [self._slopes],
            doc=f"What {name} computes, as one node.",
            signature=_SIGNATURE,
        )
        # The same program of which all that was captured is an input. The slots stay what they are.
        rest = program.__reduce__()[1]
        self.size = program.inputs + len(program.captured)
        self.program = Program(self.size, (), *rest[2:])
        self._k, self._slots = k, slots
        self._original = self
        self._numbers: list[float] = [0.0] * self.size  # those of operands don't count

    def fixed(self, numbers: Sequence[float]) -> ProgramPrimitive:
        """The same for other numbers in the place of the inputs that are floats.

        Args:
            numbers: of all inputs.
        """
        found: ProgramPrimitive = object.__new__(ProgramPrimitive)
        found.__dict__.update(self.__dict__)
        found._original = self  # which has the tape, and the derivatives as a compiled function, once they are asked for
        found._numbers = [*numbers, *self._numbers[len(numbers) :]]
        found.function, found.partials = found._value, (found._slopes,)
        return found

    @functools.cached_property
    def _tape(self) -> Any:
        wanted = bytearray(self.size)
        for slot in self._slots:
            wanted[slot] = 1
        return chosen.Tape(self.program, bytes(wanted))

    @functools.cached_property
    def _derivative(self) -> Compiled:
        return Compiled(_derivative_of(self.program, self._k, self._slots, self.name))

    def _filled(self, xs: Sequence[Any]) -> list[Any]:
        found: list[Any] = [*self._numbers]
        for slot, x in zip(self._slots, xs, strict=True):
            found[slot] = x
        return found

    def _value(self, xs: Sequence[float]) -> float:
        try:
            found: float = self._original._tape.values(self._filled(xs))[self._k]
        except Stale:
            raise ValueError("it takes another way through the function there") from None
        return found

    def _slopes(self, z: Any, xs: Sequence[Any]) -> Sequence[Any]:
        if all(type(x) is float for x in xs):
            try:
                found: list[float] = self._original._tape.sweep(self._filled(xs), self._k)[1]
            except Stale:
                raise ValueError("it takes another way through the function there") from None
            return found
        slopes: Sequence[Any] = self._original._derivative(*self._filled(xs))
        return slopes


_SIGNATURE = inspect.signature(lambda xs, /: None)


def _derivative_of(program: Program, k: int, slots: Sequence[int], name: str) -> Callable[..., Any]:
    """The partial derivatives of an output as a function on Values, recorded by way of the same instructions."""
    wanted = set(slots)

    def partials(*numbers: Any) -> Any:
        lifted_numbers = [x if is_tracked(x) or i not in wanted else Value(x) for i, x in enumerate(numbers)]
        found: list[Any] = [*lifted_numbers, *program.constants]
        for record, operands in program:
            xs = tuple([found[s] for s in operands])
            found.append(transforms.stop_gradient(xs[0]) if record is stop else record.apply(xs))
        output = found[program.outputs[k]]
        return gradients(output, [found[slot] for slot in slots], create_graph=True)

    partials.__name__ = f"{name}_dx"
    return partials


for _kind in (Compiled, Derived):
    chosen._hasten(_kind)
