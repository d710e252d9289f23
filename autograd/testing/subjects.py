"""What is under test: a function at a point, with gradients that are the engine's or the user's, and its values around.

A function has one output or several, in lists, tuples, dicts and arrays; each pair of an output and an input is checked alone.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import autograd

from .certificate import first_finding
from .differences import UNIT, Derivative, differentiate, noise_of, scatter
from .graphs import adjoints, as_python, at_a_kink, engine_of, is_value, noise, scale
from .report import InputCheck
from .trees import built_like, numbers_of, rows
from .verdicts import BELOW, ROUGH, SHARP, SINGLE, TRIFLE, verdict

__all__ = ["DerivativeOf", "Function", "Given", "Recorded", "Subject"]

EXPLAINED = 2.0**-32  # of a value: scatter that arithmetic may explain which loses six digits
ASIDE = 2.0**-20
GRAIN = 2.0**-49  # of the inputs and the values: what is coarser is not their rounding
SINGLE_ROUNDING = 2.0**-20  # of a value: scatter that single precision explains
ROUGH_SCALES = 3  # a jump at one place is seen at one scale of each side; more scales mean jumps everywhere


class Function:
    """A function of the numbers alone, whatever they stood in."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        self.f, self.inputs = f, inputs

    def rebuilt(self, numbers: Sequence[Any]) -> list[Any]:
        """The inputs with these numbers in them."""
        rest = iter(numbers)
        return [built_like(x, rest) for x in self.inputs]

    def __call__(self, *numbers: Any) -> Any:
        """The function of these numbers."""
        return self.f(*self.rebuilt(numbers))

    def text(self, point: Sequence[float]) -> str:
        """The call with its numbers."""
        return f"f({', '.join(map(repr, self.rebuilt(point)))})"


class DerivativeOf:
    """The derivatives of all outputs in one input, as a function of the same inputs."""

    def __init__(self, f: Function, i: int, name: str) -> None:
        self.f, self.i, self.name = f, i, name

    def __call__(self, *leaves: Any) -> Any:
        """The derivatives of all outputs, as graphs."""
        leaf = leaves[self.i]
        result = self.f(*leaves)
        found = [
            engine_of(y).gradients(y, leaf, create_graph=True) if is_value(y) else 0.0 * leaf for _, y in numbers_of(result)
        ]
        return built_like(result, iter(found))

    def text(self, point: Sequence[float]) -> str:
        """The call with its numbers."""
        return f"d/d{self.name} {self.f.text(point)}"


class Subject:
    """A function at a point: the gradients under test, and its values around.

    Attributes:
        outputs: the text that picks each output; of a function that returns one number "" alone.
        values: each output at the point.
        gradients: for each output its derivative in each input.
    """

    def __init__(self, f: Function | DerivativeOf, point: tuple[float, ...], names: list[str]) -> None:
        self.f, self.point, self.names = f, point, names
        self.outputs: list[str] = []
        self.values: list[float] = []
        self.gradients: list[list[float]] = []
        self._around: dict[tuple[int, float], list[tuple[float, float]] | None] = {}

    # ---- what depends on where the gradients come from

    def sample(self, point: tuple[float, ...], i: int) -> list[tuple[float, float]]:
        """Each output at a point where input i was moved, and a bound of its rounding noise."""
        raise NotImplementedError  # pragma: no cover

    def gradient_near(self, k: int, i: int, x: float) -> float | None:
        """The gradient under test with input i moved to x; None where there is none."""
        raise NotImplementedError  # pragma: no cover

    def sized(self, k: int, i: int, found: Derivative) -> tuple[Derivative, float, float]:
        """What differences say of an entry, with what its gradient may be off by itself; its scale; its reach."""
        raise NotImplementedError  # pragma: no cover

    def explained(self, value: float, noisy: float) -> float:
        """How far arithmetic alone may throw a value off."""
        raise NotImplementedError  # pragma: no cover

    def note(self, k: int, i: int, found: Derivative) -> str:
        """What else there is to say of an entry."""
        raise NotImplementedError  # pragma: no cover

    def coarsened(self, k: int, word: str) -> bool:
        """Whether the values of output k may be rounded by more than was assumed, so that another look may help."""
        return False

    def unseen(self, i: int, got: float, found: Derivative) -> bool:
        """Whether the gradient is off by nothing that could be seen in f's values, and differences see nothing either."""
        return False

    def blur(self, k: int, i: int) -> float:
        """How much rounding the gradient under test may have of its own, as far as its numbers around here show."""
        x = self.point[i]
        return noise_of(lambda x: self.gradient_near(k, i, x), x, [abs(x) * 2.0**-n for n in (32, 26, 20)])

    def at_a_kink(self, k: int) -> bool:
        """Whether an operation is exactly at a kink."""
        return False

    def culprit(self, k: int) -> str:
        """Which operation is wrong, as text."""
        return ""

    def paste(self, k: int) -> str:
        """The call to paste."""
        return ""

    # ---- values and verdicts

    def moved(self, i: int, x: float) -> tuple[float, ...]:
        """The point with input i moved to x."""
        return (*self.point[:i], x, *self.point[i + 1 :])

    def near(self, k: int, i: int, x: float) -> tuple[float, float] | None:
        """Output k and its noise with input i moved to x; None where there is none."""
        if (i, x) not in self._around:
            try:
                self._around[i, x] = self.sample(self.moved(i, x), i)
            except (ArithmeticError, ValueError):  # outside of the domain; at the point itself it has been looked at before
                self._around[i, x] = None
        found = self._around[i, x]
        return found[k] if found and math.isfinite(sum(found[k])) else None

    def check(self, what: str, by: str, tolerance: float | None) -> list[InputCheck]:
        """A verdict on each derivative, output by output, named such as df[0]/dx, or d2f[0]/dx/dy where `by` is /dx."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, from points around that lie outside of the domain
            return [
                self._checked(f"{what}{output}{by}/d{name}", k, i, tolerance)
                for k, output in enumerate(self.outputs)
                for i, name in enumerate(self.names)
            ]

    def _checked(self, what: str, k: int, i: int, tolerance: float | None) -> InputCheck:
        got = self.gradients[k][i]
        found, size, reach, word, why = self._judged(k, i, tolerance, whole=False)
        while word in ("fail", "inconclusive") and self.coarsened(k, word):
            again = self._judged(k, i, tolerance, whole=False)
            if word == "fail" or again[3] != "fail":
                found, size, reach, word, why = again
        if word == "fail":  # before that is said, every finer scale is asked as well
            found, size, reach, word, why = self._judged(k, i, tolerance, whole=True)
        central = found.central
        if word == "fail" and abs(got - central.value) <= central.error + (blur := self.blur(k, i)):
            word, why = "inconclusive", f"the gradient's own rounding may be {blur:.1g} here: terms of it cancel"
        if word == "fail" and found.kink(size) and self.at_a_kink(k):
            word, why = "kink", f"{why}; conventions at kinks were added up, and lie outside of them"
        if word in ("fail", "inconclusive") and self.unseen(i, got, found):
            word, why = "pass", BELOW
        if word == "inconclusive":
            word, why = self._rough(k, i, reach) or (word, why)
        why = "; ".join(filter(None, [why, self.note(k, i, found)]))
        return InputCheck(what, word, got, central.value, central.error, central.step, size, why)

    def _judged(self, k: int, i: int, tolerance: float | None, whole: bool) -> tuple[Derivative, float, float, str, str]:
        """Differences of output k in input i, the gradient's scale and reach, the verdict and why."""
        found = differentiate(lambda x: self.near(k, i, x), self.point[i], whole)
        found, size, reach = self.sized(k, i, found)
        return found, size, reach, *verdict(self.gradients[k][i], size, found, tolerance, reach)

    def _rough(self, k: int, i: int, reach: float) -> tuple[str, str] | None:
        """What to say instead where f's values jump about; None where the gradient could be right at a smooth scale."""
        x, got = self.point[i], self.gradients[k][i]
        seen = differentiate(lambda x: self.near(k, i, x), x, whole=True).seen
        jumps = self._jumps(k, i, reach)
        if not seen or not jumps:
            return None
        jump = max(level for level, _ in jumps)
        values = [found[k][0] for found in self._around.values() if found]
        if jump <= SINGLE_ROUNDING * max(map(abs, values)) and max(map(_digits, values)) in (23, 24):
            return "inconclusive", SINGLE
        if len(jumps) < ROUGH_SCALES:
            return None
        blur = self.blur(k, i)
        for estimate in seen:
            if abs(got - estimate.value) <= estimate.error + blur:
                level, rounding = self._level(k, i, x, estimate.step)
                if level <= max(rounding, SHARP * reach * estimate.step):
                    return None
        return "fail", ROUGH.format(jump=jump, rounding=min(rounding for _, rounding in jumps))

    def _jumps(self, k: int, i: int, reach: float) -> list[tuple[float, float]]:
        """How much the values scatter, and how much of it rounding explains, at distances from x where that hides a slope."""
        x, found = self.point[i], []
        for n in range(2, 10):  # large distances: close to x a function may be singular, or lose digits
            distance = max(1.0, abs(x)) * math.ldexp(1417.0 / 1024.0, -n)
            level, rounding = max(self._level(k, i, x + side * distance, distance / 64.0) for side in (1.0, -1.0))
            if level > max(rounding, SHARP * reach * distance):
                found.append((level, rounding))
        return found

    def _level(self, k: int, i: int, x: float, step: float) -> tuple[float, float]:
        """How much the values around x scatter, and how much of that rounding explains."""
        samples = [self.near(k, i, x + n * step) for n in range(-4, 5)]
        rounding = max([self.explained(*s) for s in samples if s], default=0.0)
        return scatter(lambda t: s[0] if (s := self.near(k, i, t)) else None, x, step), rounding


def _digits(x: float) -> int:
    """How many binary digits a number has, without the zeros at its end."""
    n, _ = abs(x).as_integer_ratio()
    return (n // (n & -n)).bit_length() if n else 0


class Recorded(Subject):
    """A function of Values, with the engine's gradients."""

    def __init__(self, f: Function | DerivativeOf, point: tuple[float, ...], names: list[str], kind: type[Any]) -> None:
        super().__init__(f, point, names)
        self.kind = kind
        self.leaves, roots = self.run(point)
        self.outputs = [pick for pick, _ in roots]
        self.orders = [engine_of(root).topological_order(root) for _, root in roots]
        self.values = [root.data for _, root in roots]
        for pick, value in zip(self.outputs, self.values, strict=True):
            if not math.isfinite(value):
                raise ValueError(f"{f.text(point)}{pick} is {value!r}; check gradients where the function is finite")
        if [root.data.hex() for _, root in self.run(point)[1]] != [value.hex() for value in self.values]:
            raise ValueError(
                f"{f.text(point)} is not the same twice: f draws random numbers or keeps a state; "
                f"seed it inside f, or pass what varies as an input"
            )
        self.scales, self.used = [], []
        for order in self.orders:
            found = dict(zip(order, adjoints(order[-1], order), strict=True))
            sizes = scale(order)
            self.gradients.append([found.get(leaf, 0.0) for leaf in self.leaves])
            self.scales.append([sizes.get(leaf, 0.0) for leaf in self.leaves])
            self.used.append([leaf in found for leaf in self.leaves])

    def run(self, point: tuple[float, ...]) -> tuple[list[Any], list[tuple[str, Any]]]:
        """The leaves of a new graph, and its outputs, each with the text that picks it."""
        leaves = [self.kind(x, label=name) for x, name in zip(point, self.names, strict=True)]
        try:
            result = self.f(*leaves)
        except Exception as error:
            if point == self.point:
                error.add_note(f"check_gradients called {self.f.text(point)} with Values; f must work there")
            raise
        roots = numbers_of(result)
        if not any(is_value(root) for _, root in roots):
            raise TypeError(
                f"{self.f.text(point)} returned {type(result).__name__} {result!r:.60}, not a Value: it drops the gradient "
                f"(.data, float()) or does not depend on its inputs; to test derivatives of your own pass gradients=[...]"
            )
        for leaf, x, name in zip(leaves, point, self.names, strict=True):
            if leaf.data != x:
                raise ValueError(f"f changed its input {name} from {x!r} to {leaf.data!r}; compute a new Value instead")
        return leaves, [(pick, root if is_value(root) else self.kind(root)) for pick, root in roots]

    def sample(self, point: tuple[float, ...], i: int) -> list[tuple[float, float]]:
        """Each output with the noise that its graph explains."""
        found = []
        for _, root in self.run(point)[1]:
            engine = engine_of(root)
            order = engine.topological_order(root)
            found.append((root.data, noise(order, engine.gradients(root, order))))
        return found

    def gradient_near(self, k: int, i: int, x: float) -> float | None:
        """The engine's gradient there."""
        try:
            leaves, roots = self.run(self.moved(i, x))
        except (ArithmeticError, ValueError):
            return None
        root = roots[k][1]
        return float(engine_of(root).gradients(root, leaves[i]))

    def sized(self, k: int, i: int, found: Derivative) -> tuple[Derivative, float, float]:
        """The scale comes from the graph."""
        size, central = self.scales[k][i], found.central
        if size == 0.0:  # the engine says that nothing depends on it; then the function's own size is the measure
            size = max(abs(self.values[k]) / max(1.0, abs(self.point[i])), found.steepest)
        # A gradient that is zero as far as anyone can see is small beside the slope of f, not beside its own terms.
        zero = not central.excludes(0.0) and abs(self.gradients[k][i]) <= central.error
        return found, size, found.slope if zero else size

    def explained(self, value: float, noisy: float) -> float:
        """Some times what the graph explains, since its bound is one of single steps."""
        return 64.0 * noisy

    def blur(self, k: int, i: int) -> float:
        """The rounding noise of the gradient, bounded from its own graph where one can be built."""
        leaves, roots = self.run(self.point)
        root = roots[k][1]
        engine = engine_of(root)
        try:
            gradient = engine.gradients(root, leaves[i], create_graph=True)
            order = engine.topological_order(gradient)
            bound = noise(order, engine.gradients(gradient, order))
        except (ArithmeticError, TypeError, ValueError):  # a partial that takes floats only, or that has no derivative here
            return super().blur(k, i)
        return bound if math.isfinite(bound) else 0.0

    def note(self, k: int, i: int, found: Derivative) -> str:
        """Whether f ignores the input, or drops its gradient."""
        if self.used[k][i]:
            return ""
        if not found.constant:
            return "f changes with it, and no way leads from the result to it: f takes its number out, with .data or item()"
        return "" if any(used[i] for used in self.used) else "f ignores this input"

    def at_a_kink(self, k: int) -> bool:
        """Whether an operation of the graph of output k does."""
        return at_a_kink(self.orders[k])

    def culprit(self, k: int) -> str:
        """The first operation that differs from 50 digits."""
        return first_finding(self.orders[k])

    def paste(self, k: int) -> str:
        """The graph of output k as a lambda, in a call."""
        plain = all(map(str.isidentifier, self.names))
        names = self.names if plain else [f"x{i}" for i in range(len(self.names))]
        return f"check_gradients({as_python(self.orders[k], self.leaves, names)}, {', '.join(map(repr, self.point))})"


class Given(Subject):
    """A function of floats, with derivatives that the user gives."""

    def __init__(self, f: Function, point: tuple[float, ...], names: list[str], given: Any) -> None:
        super().__init__(f, point, names)
        self.rebuilt = f.rebuilt
        self.given = given
        self.rounding = 16.0 * UNIT * max(1.0, *map(abs, point))
        self.result, found = self.call(point)
        self.outputs = [pick for pick, _ in found]
        self.values = [value for _, value in found]
        self.grains = [0.0] * len(found)  # what the values are multiples of, where that is coarser than their own rounding
        self.least = [0.0] * len(found)  # noise that is allowed for besides
        self._called: dict[tuple[float, ...], list[tuple[str, float]] | None] = {}
        self.gradients = self.gradients_at(point)
        for pick, value in found:
            if not math.isfinite(value):
                raise ValueError(f"{f.text(point)}{pick} is {value!r}; check gradients where the function is finite")
        if [value.hex() for _, value in self.call(point)[1]] != [value.hex() for value in self.values]:
            raise ValueError(f"{f.text(point)} is not the same twice; seed what is random, or pass what varies as an input")
        measured = [[self._noise(k, i) for i in range(len(point))] for k in range(len(found))]
        self.noises = [[noisy for noisy, _ in row] for row in measured]
        self.sizes = [[size for _, size in row] for row in measured]

    def _noise(self, k: int, i: int) -> tuple[float, float]:
        """The rounding noise of an output, as values show it that move with one input, and the size of those values."""

        def value(x: float) -> float | None:
            return self.plain(k, i, x)

        x, size = self.point[i], abs(self.values[k])
        noisy = noise_of(value, x)
        if abs(x) < ASIDE:  # over a tiny step from a tiny x sums don't change, nor does their rounding: a step aside shows it
            for part in (26, 20, 14):
                sides = [scatter(value, x + side * ASIDE, ASIDE * 2.0**-part) for side in (1.0, -1.0)]
                noisy = max(noisy, 4.0 * min(sides))
            size = max(size, min(abs(value(x + side * ASIDE) or 0.0) for side in (1.0, -1.0)))
        return noisy, size

    def gradients_at(self, point: tuple[float, ...]) -> list[list[float]]:
        """What the user gives: for each output a number for each input, in the order of the inputs."""
        inputs = self.rebuilt(point)
        found = self.given(*inputs) if callable(self.given) else self.given
        return [[autograd.Value(g).data for g in row] for row in rows(self.result, inputs, found, len(point))]

    def gradient_near(self, k: int, i: int, x: float) -> float | None:
        """What the user's function of gradients gives there."""
        if not callable(self.given):
            return None
        try:
            return self.gradients_at(self.moved(i, x))[k][i]
        except (ArithmeticError, ValueError):
            return None

    def call(self, point: tuple[float, ...]) -> tuple[Any, list[tuple[str, float]]]:
        """What f returns, and its numbers, each with the text that picks it."""
        try:
            result = self.f(*point)
        except Exception as error:
            if point == self.point:
                error.add_note(f"check_gradients called {self.f.text(point)} with floats, as it does when gradients are given")
            raise
        found = numbers_of(result)
        if not found or any(is_value(y) or not hasattr(y, "__float__") for _, y in found):
            what = f"{type(result).__name__} {result!r:.60}"
            kind = TypeError if point == self.point else ValueError  # a root of a negative number around may be complex
            raise kind(f"{self.f.text(point)} returned {what}; with gradients=... return a float, or several")
        if self.outputs and [pick for pick, _ in found] != self.outputs:
            raise ValueError(f"f returned {len(self.outputs)} numbers at first, and {len(found)} at {self.f.text(point)}")
        return result, [(pick, float(y)) for pick, y in found]

    def plain(self, k: int, i: int, x: float) -> float | None:
        """Output k with input i moved to x; None where there is none."""
        point = self.moved(i, x)
        if point not in self._called:
            try:
                self._called[point] = self.call(point)[1]
            except (ArithmeticError, ValueError):
                self._called[point] = None
        found = self._called[point]
        return found[k][1] if found else None

    def sample(self, point: tuple[float, ...], i: int) -> list[tuple[float, float]]:
        """Each output, with noise in proportion to its size."""
        found = []
        for k in range(len(self.outputs)):
            value = self.plain(k, i, point[i])
            if value is None:
                raise ValueError("f has no value there")
            noisy, size = self.noises[k][i], self.sizes[k][i]
            noisy *= max(1.0, abs(value) / size) if size else 1.0
            found.append((value, max(noisy, 4.0 * self.grains[k], self.least[k])))
        return found

    def sized(self, k: int, i: int, found: Derivative) -> tuple[Derivative, float, float]:
        """The scale comes from the numbers around the entry, which is given rounding of its own."""
        x = self.point[i]
        large = max(1.0, abs(x))
        size = abs(self.gradients[k][i]) or max(abs(self.values[k]) / large, found.steepest)
        # The terms of a given number are not known. Its row, and f's slope over large steps, show how large they may be.
        rows = [max(abs(g) * max(1.0, abs(at)) for g, at in zip(row, self.point, strict=True)) for row in self.gradients]
        # The values are multiples of a grain if numbers of such a size were added and taken away again.
        added = max(self.grains[k] * 2.0**50, self.least[k] * 2.0**30) / large
        reach = max([s for s in (size, rows[k] / large, found.slope, added) if math.isfinite(s)], default=size)
        # What the rounding of the number itself may be: a few units of the largest, or as much as that of the value.
        own = max(16.0 * UNIT * max(rows) / large, min(4.0 * max(self.noises[k]) / large, TRIFLE * reach))
        if found.central.step:  # f is rounded as if its inputs were, at the least
            terms = math.fsum(abs(g * at) for g, at in zip(self.gradients[k], self.point, strict=True))
            own = max(own, min(8.0 * UNIT * terms / found.central.step, TRIFLE * reach))
        own = own if math.isfinite(own) else 0.0
        return replace(found, central=replace(found.central, error=2.0 * found.central.error + own)), size, reach

    def coarsened(self, k: int, word: str) -> bool:
        """First whether all values are multiples of a power of two; then whether they are rounded as the inputs are."""
        values = {abs(found[k][1]) for found in self._called.values() if found} - {0.0, math.inf}
        if not self.grains[k] and len(values) > 1:
            grain = min((n & -n) / d for n, d in (value.as_integer_ratio() for value in values))
            if 2.0 * UNIT * min(values) < grain <= GRAIN * max(1.0, *map(abs, self.point), *values):
                self.grains[k] = grain
                self._around.clear()
                return True
        if self.least[k] or word == "fail":
            return False
        self.least[k] = self.rounding / 16.0
        self._around.clear()
        return True

    def unseen(self, i: int, got: float, found: Derivative) -> bool:
        """Whether what it is off by changes f, over a large step, by less than the rounding of numbers like the inputs."""
        central = found.central
        known = central.error <= SHARP * abs(central.value)
        off = abs(got - central.value) + central.error
        return not known and off * max(1.0, abs(self.point[i])) / 4.0 <= self.rounding

    def explained(self, value: float, noisy: float) -> float:
        """A part of the value, or the rounding of the inputs: nothing is known of how it was computed."""
        return max(EXPLAINED * abs(value), self.rounding)

    def note(self, k: int, i: int, found: Derivative) -> str:
        """Whether f ignores the input."""
        return "f ignores this input" if found.constant else ""
