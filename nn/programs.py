"""Samples by programs: a model and its loss are recorded for one sample, and run for many at once.

The results have the bits that sample by sample gives, dropout included. Where programs can't be used, nothing is computed here,
and ``why`` says in words what is in the way: the caller computes sample by sample then.
"""

from __future__ import annotations

import copy
import math
import random
import types
import warnings
import weakref
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import autograd as ag
from autograd import Value, leaves, no_grad, vmap
from autograd.mapped import Added, added

from .data import Rows, as_lists
from .layers import Dropout, factor_of, factors_given
from .module import Module, Watched, all_members

__all__ = ["Batches", "Outputs", "alone"]

FEWEST = 32  # samples, below which recording takes longer than it saves
CHUNK = 1024  # samples, of which the outputs are computed at once
ENOUGH = 3  # batches in a row for which there were no programs, after which none are looked for
TOO_MUCH = "the model or the loss does what a program can't, such as int() of a number, or takes too many ways"
TRIED = 4  # samples, by which it is found out whether a program still is what a user's code computes


class _Obstacle(Exception):  # noqa: N818  # it is words, and never reaches a user
    """Why programs can't be used."""


def alone(output: Any, single: bool) -> Any:
    """The one output of a model that returns a list, where the target is a single number."""
    return output[0] if single and isinstance(output, list) and len(output) == 1 else output


# ---- what may be recorded --------------------------------------------------------------------------


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in ("nn", "autograd")


def _check_recordable(model: Any) -> bool:
    """Whether all of the model's code is of this library. A module that draws random numbers of its own is an obstacle."""
    if not isinstance(model, Module):
        raise _Obstacle("the model isn't a Module")
    others = [module for module in model.modules() if not _is_ours(type(module))]
    for module in others:
        for name, x in vars(module).items():
            if _draws(x):
                raise _Obstacle(f"{type(module).__name__}.{name} draws random numbers, which a program would repeat")
    return not others


def _holds(function: Any) -> tuple[list[Any], list[Any]]:
    """The cells that a user's function closes over; and what is in them, its defaults, globals and attributes."""
    code = getattr(function, "__code__", None)
    if code is None and hasattr(function, "__wrapped__"):  # a compiled one, which keeps programs of its own
        return _holds(function.__wrapped__)
    if code is None:
        return [], [vars(function), *vars(function).values()] if hasattr(function, "__dict__") else []
    cells = [cell for cell in function.__closure__ or () if cell != _EMPTY]
    named = [function.__globals__[name] for name in code.co_names if name in function.__globals__]
    given = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return cells, [*[cell.cell_contents for cell in cells], *given, *named]


_EMPTY = types.CellType()


@contextmanager
def _unchanged(functions: Sequence[Any]) -> Iterator[None]:
    """A block in which a user's functions are tried out: what they change of what they hold is changed back.

    Raises:
        _Obstacle: they changed something, read an iterator, or draw random numbers.
    """
    cells, held = [], []
    for function in functions:
        more_cells, more = _holds(function)
        cells += [(cell, cell.cell_contents) for cell in more_cells]
        held += more
    for x in held:
        if _draws(x):
            raise _Obstacle("the loss or the model draws random numbers, which a program would repeat")
        if not isinstance(x, (type, Module)) and hasattr(type(x), "__next__"):
            raise _Obstacle("the loss or the model reads an iterator, which a program would not")
    boxes = [(x, [*x.items()] if isinstance(x, dict) else [*x]) for x in held if type(x) in (list, dict, set)]
    before = random.getstate()
    try:
        yield
        drawn = random.getstate() != before
        changed = any(cell == _EMPTY or cell.cell_contents is not x for cell, x in cells)
        for box, items in boxes:
            now = [*box.items()] if isinstance(box, dict) else [*box]
            changed = (
                changed
                or len(now) != len(items)
                or any(
                    a is not b and not (type(a) is type(b) is tuple and a[0] is b[0] and a[1] is b[1])
                    for a, b in zip(now, items, strict=True)
                )
            )
    finally:
        random.setstate(before)
        for cell, x in cells:
            cell.cell_contents = x
        for box, items in boxes:
            if isinstance(box, list):
                box[:] = items
            else:
                box.clear()
                box.update(items)
    if drawn:
        raise _Obstacle("the loss or the model draws random numbers, which a program would repeat")
    if changed:
        raise _Obstacle("the loss or the model changes what it reads, which a program would not")


def _draws(x: Any) -> bool:
    return isinstance(x, random.Random) or type(x).__module__.startswith("numpy.random")


@contextmanager
def _factors(take: Callable[[random.Random, float, int], Sequence[Any]]) -> Iterator[None]:
    """A block in which `Dropout` asks this for its factors."""
    token = factors_given.set(take)
    try:
        yield
    finally:
        factors_given.reset(token)


def _tried(model: Any, x: list[float], ours: bool) -> tuple[Any, list[tuple[random.Random, float, int]]]:
    """The outputs for one sample, and how many factors each `Dropout` asks for on the way; nothing is drawn or changed.

    Raises:
        _Obstacle: the model changes its attributes, or draws random numbers.
    """
    asked: list[tuple[random.Random, float, int]] = []

    def ones(rng: random.Random, p: float, count: int) -> list[float]:
        asked.append((rng, p, count))
        return [1.0] * count

    if ours:
        with no_grad(), _factors(ones):
            return as_lists(model(x)), asked
    memory: dict[int, Any] = {id(m.rng): m.rng for m in model.modules() if isinstance(m, Dropout)}  # not to be copied
    other = copy.deepcopy(model, memory)
    known = all_members(other)
    with _unchanged([type(m).forward for m in model.modules() if not _is_ours(type(m))]), no_grad(), _factors(ones):
        output = as_lists(other(x))
    if not leaves.same_members(known):
        raise _Obstacle("the model changes attributes of its modules when it computes, which a program would not")
    return output, asked


def _by_programs(run: Callable[..., Any], *arguments: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ag.EagerWarning)
        return run(*arguments)


def _words_of(error: Exception) -> str:
    return f"{error!s:.200}" if isinstance(error, (_Obstacle, Warning)) else f"{type(error).__name__}: {error!s:.200}"


# ---- targets ---------------------------------------------------------------------------------------


class _Losses(NamedTuple):
    """The loss of one sample on the numbers of `_Targets`.

    Attributes:
        loss: a function of an output and a target.
        single: whether a target is one number.
    """

    loss: Callable[[Any, Any], Any]
    single: bool

    def plain(self, output: Any, target: Any) -> Any:
        """The loss as it is."""
        return self.loss(alone(output, self.single), target)

    # The losses that look at their targets first, which the data have passed already.

    def cross_entropy(self, output: Any, shares: list[Any]) -> Any:
        """Of a label as a row with a single 1: its product is the logit of the label, to the bit."""
        logits = as_lists(output)
        return ag.logsumexp(logits) - ag.dot(shares, logits)

    def hinge(self, output: Any, target: Any) -> Any:
        """Of -1 or 1."""
        return ag.relu(1.0 - target * _number(output))

    def bce_of_labels(self, output: Any, sign: Any) -> Any:
        """Of 0 or 1, which come as 1 and -1."""
        return ag.softplus(sign * _number(output))

    def bce(self, output: Any, target: Any) -> Any:
        """Of anything between."""
        z = _number(output)
        return target * ag.softplus(-z) + (1 - target) * ag.softplus(z)


def _number(output: Any) -> Any:
    z = alone(as_lists(output), True)
    if not isinstance(z, Value):
        raise _Obstacle("the model's output isn't a Value")
    return z


class _Targets:
    """Targets as numbers that a program takes, and how the loss of one sample is computed of them, with the same bits.

    Args:
        loss: a function of an output and a target.
        kind: its name in `LOSSES`; empty for one that isn't there.
        targets: all of them.
        outputs: what the model gives for one sample.

    Raises:
        _Obstacle: they are of different kinds.
    """

    of: Callable[[Sequence[int]], Any]  # those of some samples
    way: Callable[[_Losses, Any, Any], Any]  # how the loss of a sample is computed

    def __init__(self, loss: Callable[[Any, Any], Any], kind: str, targets: list[Any], outputs: Any) -> None:
        self.targets = targets
        self.single = not isinstance(targets[0], list)
        self.of, self.way = self._numbers, _Losses.plain
        if not self.single:
            if any(not isinstance(t, list) or len(t) != len(targets[0]) for t in targets):
                raise _Obstacle("the targets are of different lengths")
            self.of = self._rows
        elif list in {*map(type, targets)}:
            raise _Obstacle("the targets are of different lengths")
        if kind == "cross_entropy":
            if not isinstance(outputs, list) or any(isinstance(z, list) for z in outputs):
                raise _Obstacle("the model's outputs aren't a list of Values")
            width = len(outputs)
            self.shares = [array("d", [float(i == label) for i in range(width)]).tobytes() for label in range(width)]
            self.of, self.way = self._labels, _Losses.cross_entropy
        elif kind == "nll":
            self.of = self._plain
        elif kind == "hinge":
            self.way = _Losses.hinge
        elif kind == "bce":
            self.way = _Losses.bce
            if set(targets) <= {0.0, 1.0}:
                self.of, self.way = self._signs, _Losses.bce_of_labels

    def _numbers(self, places: Sequence[int]) -> Any:
        return memoryview(array("d", [self.targets[i] for i in places]))

    def _rows(self, places: Sequence[int]) -> Any:
        rows = array("d", [x for i in places for x in self.targets[i]])
        return memoryview(rows).cast("B").cast("d", (len(places), len(self.targets[0])))

    def _labels(self, places: Sequence[int]) -> Any:
        return memoryview(b"".join([self.shares[self.targets[i]] for i in places])).cast("d", (len(places), len(self.shares)))

    def _plain(self, places: Sequence[int]) -> Any:
        return [self.targets[i] for i in places]

    def _signs(self, places: Sequence[int]) -> Any:
        return memoryview(array("d", [1.0 - 2.0 * self.targets[i] for i in places]))


# ---- training --------------------------------------------------------------------------------------


class _Sample(NamedTuple):
    """What is recorded. The model isn't held, since this is kept for as long as it lives.

    Attributes:
        model: a weak reference to it.
        losses: of one sample.
        way: which of them.
        asked: how many factors each `Dropout` asks for.
    """

    model: weakref.ref[Module]
    losses: _Losses
    way: Callable[[_Losses, Any, Any], Any]
    asked: list[tuple[random.Random, float, int]]

    def loss(self, x: Any, target: Any, factors: Any = ()) -> Any:
        """The loss of one sample, on numbers that aren't known yet."""
        calls = iter(self.asked)
        place = 0

        def given(rng: random.Random, p: float, count: int) -> Any:
            nonlocal place
            if next(calls, None) != (rng, p, count):
                raise _Obstacle("which of its Dropouts the model uses depends on the sample")
            place += count
            return factors[place - count : place]

        model: Any = self.model()
        with _factors(given):
            return self.way(self.losses, model(x), target)


class _Kept(NamedTuple):
    """The programs of a model of this library, for the next `fit`: as long as it holds what it held, they are right."""

    known: Watched
    losses: _Losses
    way: Callable[[_Losses, Any, Any], Any]
    asked: list[tuple[random.Random, float, int]]
    run: Any


_KEPT: dict[int, tuple[weakref.ref[Module], _Kept]] = {}


def _keep(model: Module, kept: _Kept) -> None:
    place, known = id(model), kept.known
    known = [(None, *known[0][1:]), *known[1:]]  # which doesn't hold the model
    _KEPT[place] = weakref.ref(model, lambda _: _KEPT.pop(place, None)), kept._replace(known=known)


def _kept_of(model: Module) -> _Kept | None:
    _, kept = _KEPT.get(id(model), (None, None))
    return kept if kept is not None and vars(model) is kept.known[0][1] and leaves.same_members(kept.known) else None


class Batches:
    """The mean loss of a batch, as one Value.

    Args:
        model: the module.
        samples: its samples.
        targets: their targets.
        loss: a function of an output and a target.
        kind: its name in `LOSSES`; empty for one that isn't there.
        why: why programs can't be used, where that is known already.
    """

    def __init__(
        self, model: Module, samples: Rows, targets: list[Any], loss: Callable[[Any, Any], Any], kind: str, why: str = ""
    ) -> None:
        self.model, self.samples, self.targets, self.loss, self.kind = model, samples, targets, loss, kind
        self.why, self.exceptions = why, ""
        self.by_programs = self.eagerly = 0
        self._run: Any = None
        self._known: Watched = []
        self._ours = True
        self._asked: list[tuple[random.Random, float, int]] = []
        self._in_a_row = 0

    def begin_epoch(self) -> None:
        """Record anew where something else than numbers was changed since."""
        if self.why:
            return
        try:
            if self._run is None or not leaves.same_members(self._known) or not (self._ours or self._agrees()):
                self._record()
        except Exception as error:  # of any kind: it is the user's code that runs
            self._run, self.exceptions = None, _words_of(error)
            if isinstance(error, (_Obstacle, Warning)):
                self.why = self.exceptions

    def _record(self) -> None:
        self._ours = _check_recordable(self.model) and (bool(self.kind) or _is_ours(self.loss))
        if not self.samples.width:
            raise _Obstacle("the samples have no numbers")
        kept = _kept_of(self.model) if self._ours else None
        self._known = all_members(self.model) if kept is None else kept.known
        output, self._asked = _tried(self.model, self.samples[0], self._ours)
        self._targets = _Targets(self.loss, self.kind, self.targets, output)
        losses = _Losses(self.loss, self._targets.single)
        if kept is not None and (kept.losses, kept.way, kept.asked) == (losses, self._targets.way, self._asked):
            self._run = kept.run
            return
        if not self._ours:
            with _unchanged([self.loss]), no_grad():
                self.loss(alone(output, self._targets.single), self.targets[0])
        sample = _Sample(weakref.ref(self.model), losses, self._targets.way, self._asked)
        self._run = added(sample.loss)
        if not self._ours and not self._agrees():
            raise _Obstacle("the loss of the same sample isn't the same each time it is computed")
        if self._ours:
            _keep(self.model, _Kept(self._known, losses, self._targets.way, self._asked, self._run))

    def _agrees(self) -> bool:
        """Whether the first losses are those of the model as it is now: a user's code may read anything."""
        ones = [1.0] * sum([count for _, _, count in self._asked])
        for i in range(min(TRIED, len(self.samples))):
            with no_grad(), _factors(lambda rng, p, count: [1.0] * count):
                expected = self.loss(alone(self.model(self.samples[i]), self._targets.single), self.targets[i])
            if repr(ag.mean([expected]).data) != repr(self._mean([i], array("d", ones)).data):
                return False
        return True

    def _mean(self, places: Sequence[int], factors: array[float]) -> Any:
        arguments = [self.samples.block(places), self._targets.of(places)]
        if self._asked:
            arguments.append(memoryview(factors).cast("B").cast("d", (len(places), len(factors) // len(places))))
        found = self._run.at_once(arguments) if all(type(x) is memoryview for x in arguments) else None
        return _by_programs(self._run, tuple(arguments), {}) if found is None else found

    def mean_loss(self, places: Sequence[int]) -> Any:
        """The mean loss of these samples, with ``data`` and ``backward()``; None where it must be computed sample by sample.

        Nothing is drawn then.
        """
        if self._run is None:
            self.eagerly += 1
            return None
        generators = {id(rng): rng for rng, _, _ in self._asked}
        before = [(rng, rng.getstate()) for rng in generators.values()]
        try:
            draws = [one for rng, p, count in self._asked for one in [factor_of(rng, p)] * count]
            factors = array("d", [one() for _ in places for one in draws])
            found = self._mean(places, factors)
            if isinstance(found, (Value, Added)) and math.isfinite(found.data):
                self._count(isinstance(found, Value))
                return found
            self.exceptions = "a loss was inf or nan"
        except Exception as error:  # of any kind, as above; sample by sample it is raised again, if it is the model's
            self._drop(_words_of(error))
        for rng, state in before:
            rng.setstate(state)
        self.eagerly += 1
        return None

    def _drop(self, why: str) -> None:
        self._run, self.why = None, why
        _KEPT.pop(id(self.model), None)

    def _count(self, by_itself: bool) -> None:
        """Count a batch, of which each sample was computed by itself, or not."""
        self.eagerly, self.by_programs = self.eagerly + by_itself, self.by_programs + (not by_itself)
        self._in_a_row = self._in_a_row + 1 if by_itself else 0
        if by_itself:
            self.exceptions = TOO_MUCH
        if self._in_a_row == ENOUGH:
            self._drop(TOO_MUCH)

    def words(self) -> str:
        """What computed the batches, for the history."""
        if not self.by_programs:
            return f"no: {self.why or self.exceptions or 'there was no batch'}"
        return (
            f"yes, except for {self.eagerly} of {self.by_programs + self.eagerly} batches: {self.why or self.exceptions}"
            if self.eagerly
            else "yes"
        )


# ---- evaluation ------------------------------------------------------------------------------------


class Outputs:
    """The outputs of a model for many samples, and their losses, as plain numbers. To be used inside `evaluating`.

    Args:
        model: what is used; only of a module programs are made.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._run: Any = None
        self._known: Watched = []
        self._ours = True

    def of(self, samples: Rows) -> list[Any] | None:
        """A float for each sample, or a list of floats where there are several outputs; None if programs can't be used."""
        if len(samples) < FEWEST or not samples.width:
            return None
        try:
            if self._run is None or not leaves.same_members(self._known):
                self._record(samples)
            found: list[Any] = []
            for start in range(0, len(samples), CHUNK):
                block = samples.block(range(start, min(start + CHUNK, len(samples))))
                found += _by_programs(self._run, block).tolist()
            if not self._ours and not all(repr(found[i]) == repr(self._one(samples[i])) for i in (*range(TRIED), -1)):
                return None
            return found
        except Exception:  # of any kind: it is the user's code that runs; one by one it is raised again, if it is the model's
            self._run = None
            return None

    def _record(self, samples: Rows) -> None:
        self._ours = _check_recordable(self.model)
        self._known = all_members(self.model)
        output, asked = _tried(self.model, samples[0], self._ours)
        if asked or not all(isinstance(x, Value) for x in (output if isinstance(output, list) else [output])):
            raise _Obstacle("the outputs aren't a Value or a list of Values")
        self._run = vmap(self._forward)

    def _forward(self, x: Any) -> Any:
        return as_lists(self.model(x))

    def _one(self, x: list[float]) -> Any:
        output = as_lists(self.model(x))
        return [z.data for z in output] if isinstance(output, list) else output.data
