"""`check_gradients`: the gradient of any function against differences that know their own error."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import autograd

from .certificate import first_finding
from .differences import Derivative, differentiate, noise_of
from .graphs import adjoints, as_python, at_a_kink, engine_of, is_value, noise, scale
from .report import GradientError, InputCheck, Report, off_by
from .trees import built_like, matched, numbers_of

__all__ = ["check_gradients"]

SHARP = 1e-6  # an estimate whose error is above this part of the gradient's scale proves nothing
SETTLED = 1e-3  # the limits from the two sides, which converge more slowly, must be known to this part of the scale
FINER = "a finer scale says something else: f has structure too fine for differences"
UNSETTLED = "the differences from one side do not settle: f is rough here"

TRIFLE = 1e-10  # a kink nearer than the finest step can hide a difference below this part of the scale


def check_gradients(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    gradients: Any = None,
    tolerance: float | None = None,
    strict: bool = False,
) -> Report:
    """Compare the gradient of a function with Richardson extrapolation, within a computed error bound.

    A function with jumps or kinks so dense that every step crosses some, such as ``x % 1e-7``, is beyond this method and may be
    refused wrongly; `certify` judges each operation at one point and is not misled.

    Args:
        f: takes as many inputs and returns a Value. With `gradients` it takes floats and returns one.
        inputs: where: real numbers, or Values, whose class is then used for the engine; also lists, tuples, dicts and NumPy
            arrays of them, as `grad` takes them, which f gets back in the same shape.
        order: 1, or 2 to check second derivatives as well.
        gradients: derivatives of your own to test in place of the engine's: one for each input, in its shape, or a function
            that takes the inputs and returns them.
        tolerance: how much the gradient may be off, as a part of its scale. None, the usual choice, allows no more than the
            computed error.
        strict: whether a kink, an inconclusive check or an input that f ignores raises as well.

    Returns:
        A report with a verdict for each derivative: "pass"; "kink" if the limits from the two sides differ and the gradient
        lies between them; or "inconclusive" if rounding, of the function or of the gradient itself, or a rough function hides
        the answer.

    Raises:
        GradientError: a derivative is wrong. The message names it, and the operation whose local gradient is wrong.
        TypeError: f or an input is of the wrong kind, or f returns no Value.
        ValueError: f returns inf or nan, changes its inputs, or does not return the same twice.

    >>> from autograd.testing import check_gradients
    >>> check_gradients(lambda x, y: x * y.exp(), 1.0, 2.0).verdict
    'pass'
    >>> print(check_gradients(lambda p: p["w"][0] * p["w"][1], {"w": [3.0, 4.0]}))  # doctest: +ELLIPSIS
    df/dp['w'][0]: pass, got 4.0, expected 4.0...
    df/dp['w'][1]: pass, got 3.0, expected 3.0...
    >>> check_gradients(lambda x: x ** 3, 2.0, gradients=[11.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.testing.report.GradientError: df/dx is wrong at f(2.0)...
    """
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    if not callable(f):
        raise TypeError(
            f"check_gradients(f) takes a function, got {type(f).__name__}; write check_gradients(lambda x: ..., 1.0)"
        )
    if not inputs:
        raise TypeError("check_gradients takes the inputs after the function; write check_gradients(f, 1.0, 2.0)")
    if order not in (1, 2) or isinstance(order, bool):
        raise ValueError(f"order is 1 or 2, got {order!r}")
    if order == 2 and gradients is not None:
        raise ValueError(
            "order=2 needs the engine's own graph; to check second derivatives of yours let f be one of your gradients"
        )
    if tolerance is not None and not tolerance >= 0.0:
        raise ValueError(f"tolerance is a number of at least 0 or None, got {tolerance!r}")
    called = _names(f, len(inputs))
    named = [found for x, name in zip(inputs, called, strict=True) for found in numbers_of(x, name)]
    if not named:
        raise TypeError(f"check_gradients found no number in its inputs, got {inputs!r:.60}")
    point = tuple(_number(x) for _, x in named)
    names = [name for name, _ in named]
    kind = next((type(x) for _, x in named if is_value(x)), autograd.Value)
    f = _Flat(f, inputs)
    subject = _Recorded(f, point, names, kind) if gradients is None else _Plain(f, point, names, gradients)
    checks = subject.check("df", tolerance)
    _raise_if_wrong(subject, checks, point, strict)
    if order == 2:
        for i, name in enumerate(names):
            second = _Recorded(_DerivativeOf(f, i, name), point, names, kind)
            found = second.check(f"d2f/d{name}", tolerance)
            _raise_if_wrong(second, found, point, strict)
            checks += found
    return Report(tuple(checks), point)


class _Flat:
    """A function of the numbers alone, whatever they stood in."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        self.f, self.inputs = f, inputs

    def rebuilt(self, numbers: Sequence[Any]) -> list[Any]:
        """The inputs with these numbers in them."""
        rest = iter(numbers)
        return [built_like(x, rest) for x in self.inputs]

    def __call__(self, *numbers: Any) -> Any:
        return self.f(*self.rebuilt(numbers))

    def text(self, point: Sequence[float]) -> str:
        """The call with its numbers."""
        return f"f({', '.join(map(repr, self.rebuilt(point)))})"


def _number(x: Any) -> float:
    number = float(x.data) if is_value(x) else autograd.Value(x).data
    if not math.isfinite(number):
        raise ValueError(f"check_gradients needs finite inputs, got {number!r}")
    return number


def _names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        given = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        given = ()  # type: ignore[assignment]  # nothing is known about some functions written in C
    names = [p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    return names if len(names) == count else [f"x{i}" for i in range(count)]


class _DerivativeOf:
    """One derivative of a function as a function of the same inputs."""

    def __init__(self, f: _Flat, i: int, name: str) -> None:
        self.f, self.i, self.name = f, i, name

    def __call__(self, *leaves: Any) -> Any:
        return engine_of(leaves[self.i]).gradients(self.f(*leaves), leaves[self.i], create_graph=True)

    def text(self, point: Sequence[float]) -> str:
        """The call with its numbers."""
        return f"d/d{self.name} {self.f.text(point)}"


class _Subject:
    """A function at a point: its gradient under test, and its values around."""

    def __init__(self, f: _Flat | _DerivativeOf, point: tuple[float, ...], names: list[str]) -> None:
        self.f, self.point, self.names = f, point, names
        self.gradients: list[float] = []
        self.scales: list[float] = []
        self.value = 0.0

    def near(self, i: int, x: float) -> tuple[float, float] | None:
        """Value and noise with input i moved to x; None where there is none."""
        try:
            value, noisy = self.sample((*self.point[:i], x, *self.point[i + 1 :]), i)
        except (ArithmeticError, ValueError):  # outside of the domain; at the point itself it has been looked at before
            return None
        return (value, noisy) if math.isfinite(value) and math.isfinite(noisy) else None

    def sample(self, point: tuple[float, ...], i: int) -> tuple[float, float]:
        raise NotImplementedError  # pragma: no cover

    def note(self, i: int, found: Derivative) -> str:
        """What else there is to say of an input."""
        raise NotImplementedError  # pragma: no cover

    def judged(self, i: int, tolerance: float | None, whole: bool) -> tuple[Derivative, float, str, str]:
        """Differences in input i, the gradient's scale, the verdict and why."""
        found = differentiate(lambda x: self.near(i, x), self.point[i], whole)
        size = self.scales[i]
        if size == 0.0:  # the engine says that nothing depends on it; then the function's own size is the measure
            size = max(abs(self.value) / max(1.0, abs(self.point[i])), found.steepest)
        return found, size, *_verdict(self.gradients[i], size, found, tolerance)

    def check(self, what: str, tolerance: float | None) -> list[InputCheck]:
        checks = []
        for i, name in enumerate(self.names):
            found, size, verdict, note = self.judged(i, tolerance, whole=False)
            if verdict == "fail":  # before that is said, every finer scale is asked as well
                found, size, verdict, note = self.judged(i, tolerance, whole=True)
            got, central = self.gradients[i], found.central
            if verdict == "fail" and abs(got - central.value) <= central.error + (blur := self.blur(i)):
                verdict, note = "inconclusive", f"the gradient's own rounding may be {blur:.1g} here: terms of it cancel"
            if verdict == "fail" and found.kink(size) and self.at_a_kink():
                verdict, note = "kink", f"{note}; conventions at kinks were added up, and lie outside of them"
            note = "; ".join(filter(None, [note, self.note(i, found)]))
            checks.append(
                InputCheck(f"{what}/d{name}", verdict, got, central.value, central.error, central.step, self.scales[i], note)
            )
        return checks

    def gradient_near(self, i: int, x: float) -> float | None:
        """The gradient under test with input i moved to x; None where there is none."""
        raise NotImplementedError  # pragma: no cover

    def blur(self, i: int) -> float:
        """How much rounding the gradient under test may have of its own, as far as its numbers around here show."""
        x = self.point[i]
        return noise_of(lambda x: self.gradient_near(i, x), x, [abs(x) * 2.0**-k for k in (32, 26, 20)])

    def at_a_kink(self) -> bool:
        """Whether an operation stands exactly at a kink."""
        return False

    def culprit(self) -> str:
        """Which operation is wrong, as text."""
        return ""

    def paste(self) -> str:
        """The call to paste."""
        return ""


class _Recorded(_Subject):
    """A function of Values."""

    def __init__(self, f: _Flat | _DerivativeOf, point: tuple[float, ...], names: list[str], kind: type[Any]) -> None:
        super().__init__(f, point, names)
        self.kind = kind
        self.leaves, root = self.run(point)
        self.order = engine_of(root).topological_order(root)
        self.value = root.data
        if not math.isfinite(self.value):
            raise ValueError(f"{self.called()} is {self.value!r}; check gradients where the function is finite")
        if self.run(point)[1].data.hex() != self.value.hex():
            raise ValueError(
                f"{self.called()} is not the same twice: f draws random numbers or keeps a state; "
                f"seed it inside f, or pass what varies as an input"
            )
        found = dict(zip(self.order, adjoints(root, self.order), strict=True))
        sizes = scale(self.order)
        self.gradients = [found.get(leaf, 0.0) for leaf in self.leaves]
        self.scales = [sizes.get(leaf, 0.0) for leaf in self.leaves]
        self.used = [leaf in found for leaf in self.leaves]

    def called(self) -> str:
        return self.f.text(self.point)

    def run(self, point: tuple[float, ...]) -> tuple[list[Any], Any]:
        leaves = [self.kind(x, label=name) for x, name in zip(point, self.names, strict=True)]
        try:
            root = self.f(*leaves)
        except Exception as error:
            if point == self.point:
                error.add_note(f"check_gradients called {self.called()} with Values; f must work there")
            raise
        if not is_value(root):
            raise TypeError(
                f"{self.called()} returned {type(root).__name__} {root!r:.60}, not a Value: it drops the gradient (.data, "
                f"float()) or does not depend on its inputs; to test derivatives of your own pass gradients=[...]"
            )
        for leaf, x, name in zip(leaves, point, self.names, strict=True):
            if leaf.data != x:
                raise ValueError(f"f changed its input {name} from {x!r} to {leaf.data!r}; compute a new Value instead")
        return leaves, root

    def sample(self, point: tuple[float, ...], i: int) -> tuple[float, float]:
        _, root = self.run(point)
        engine = engine_of(root)
        order = engine.topological_order(root)
        return root.data, noise(order, engine.gradients(root, order))

    def gradient_near(self, i: int, x: float) -> float | None:
        try:
            leaves, root = self.run((*self.point[:i], x, *self.point[i + 1 :]))
        except (ArithmeticError, ValueError):
            return None
        return float(engine_of(root).gradients(root, leaves[i]))

    def blur(self, i: int) -> float:
        """The rounding noise of the gradient, bounded from its own graph where one can be built."""
        leaves, root = self.run(self.point)
        engine = engine_of(root)
        try:
            gradient = engine.gradients(root, leaves[i], create_graph=True)
            order = engine.topological_order(gradient)
            bound = noise(order, engine.gradients(gradient, order))
        except (ArithmeticError, TypeError, ValueError):  # a partial that takes floats only, or that has no derivative here
            return super().blur(i)
        return bound if math.isfinite(bound) else 0.0

    def note(self, i: int, found: Derivative) -> str:
        if self.used[i]:
            return ""
        if found.constant:
            return "f ignores this input"
        return "f changes with it, and no way leads from the result to it: f takes its number out, with .data or item()"

    def at_a_kink(self) -> bool:
        return at_a_kink(self.order)

    def culprit(self) -> str:
        return first_finding(self.order)

    def paste(self) -> str:
        plain = all(map(str.isidentifier, self.names))
        names = self.names if plain else [f"x{i}" for i in range(len(self.names))]
        return f"check_gradients({as_python(self.order, self.leaves, names)}, {', '.join(map(repr, self.point))})"


class _Plain(_Subject):
    """A function of floats, with derivatives that the user gives."""

    def __init__(self, f: _Flat, point: tuple[float, ...], names: list[str], given: Any) -> None:
        super().__init__(f, point, names)
        self.rebuilt = f.rebuilt
        self.given = given
        self.gradients = self.gradients_at(point)
        self.scales = [abs(g) for g in self.gradients]
        self.value = self.call(point)
        if not math.isfinite(self.value):
            raise ValueError(f"{self.f.text(point)} is {self.value!r}; check gradients where the function is finite")
        if self.call(point).hex() != self.value.hex():
            raise ValueError(
                f"{self.f.text(point)} is not the same twice; seed what is random, or pass what varies as an input"
            )
        self.noises = [noise_of(lambda x, i=i: self.plain(i, x), point[i]) for i in range(len(point))]  # type: ignore[misc]

    def gradients_at(self, point: tuple[float, ...]) -> list[float]:
        """What the user gives for each number, in the order of the inputs."""
        inputs = self.rebuilt(point)
        found = self.given(*inputs) if callable(self.given) else self.given
        # One input may have its derivative alone, and not in a list of one.
        alone = len(inputs) == 1 and not (isinstance(found, Sequence) and len(found) == 1)
        numbers = matched(inputs, [found] if alone else found)
        if len(numbers) != len(point):
            raise ValueError(f"gradients holds {len(numbers)} numbers, and there are {len(point)} inputs; give one for each")
        return [autograd.Value(g).data for g in numbers]

    def gradient_near(self, i: int, x: float) -> float | None:
        if not callable(self.given):
            return None
        try:
            return self.gradients_at((*self.point[:i], x, *self.point[i + 1 :]))[i]
        except (ArithmeticError, ValueError):
            return None

    def call(self, point: tuple[float, ...]) -> float:
        try:
            result = self.f(*point)
        except Exception as error:
            if point == self.point:
                error.add_note(f"check_gradients called {self.f.text(point)} with floats, as it does when gradients are given")
            raise
        if is_value(result) or not hasattr(result, "__float__"):
            what = f"{type(result).__name__} {result!r:.60}"
            raise TypeError(f"{self.f.text(point)} returned {what}; with gradients=... return a float")
        return float(result)

    def plain(self, i: int, x: float) -> float | None:
        try:
            return self.call((*self.point[:i], x, *self.point[i + 1 :]))
        except (ArithmeticError, ValueError):
            return None

    def sample(self, point: tuple[float, ...], i: int) -> tuple[float, float]:
        value = self.call(point)
        return value, self.noises[i] * max(1.0, abs(value) / abs(self.value) if self.value else 1.0)

    def note(self, i: int, found: Derivative) -> str:
        return "f ignores this input" if found.constant else ""


def _verdict(got: float, size: float, found: Derivative, tolerance: float | None) -> tuple[str, str]:
    """Pass, kink, fail or inconclusive, and why."""
    central = found.central
    sharp = central.error <= SHARP * size
    if not math.isfinite(size):
        size = abs(central.value)
    settled = found.unsettled <= SETTLED * size
    passes = sharp and settled and not found.contradicted and not central.excludes(got)
    # A one-sided difference converges slowly; where the central one agrees, a small gap between the sides is no kink.
    # The same where the central one looked much closer than the others: they saw another scale.
    closer = passes and central.step < 0.1 * max(found.left.step, found.right.step)
    if not closer and found.kink(size, 1e-6 if passes else 1e-9):
        low, high = sorted((found.left, found.right), key=lambda e: e.value)
        limits = f"the limits from the two sides are {found.left.value:.6g} and {found.right.value:.6g}"
        if found.contradicted or found.sides_contradicted:
            return "inconclusive", f"{limits}, and a finer scale says something else"
        return ("kink" if low.value - low.error <= got <= high.value + high.error else "fail"), limits
    if tolerance is not None and abs(got - central.value) <= max(central.error, tolerance * size):
        return "pass", ""
    if not central.excludes(got):
        if passes or (found.constant and got == 0.0):
            return "pass", ""
        if sharp and found.contradicted:
            return "inconclusive", FINER
        return "inconclusive", UNSETTLED if sharp else "the error bound is too wide to tell: f is noisy or rough here"
    if central.error == math.inf:
        return "inconclusive", "f has no values around this point to compare with"
    if found.contradicted:
        return "inconclusive", FINER
    if found.seen_coarser(got) or abs(got - central.value) <= found.doubt:
        return "inconclusive", "a coarser scale says something else: f has steps, or its rounding shows"
    if not settled and not abs(got - central.value) > found.unsettled:
        return "inconclusive", UNSETTLED
    if not central.converged:
        return "inconclusive", "the differences do not converge: f is rough here"
    if abs(got - central.value) <= max(2.0 * central.error, TRIFLE * size):
        return "inconclusive", "just outside the error bound"
    if central.error > 1e-3 * max(abs(got), abs(central.value), size):
        return "inconclusive", "the error bound is too wide to tell: f is noisy or rough here"
    return "fail", ""


def _raise_if_wrong(subject: _Subject, checks: list[InputCheck], point: tuple[float, ...], strict: bool) -> None:
    __tracebackhide__ = True  # pytest then shows the test and the message, and not the inside of this
    bad = [c for c in checks if c.verdict == "fail"] or ([c for c in checks if c.verdict != "pass" or c.note] if strict else [])
    if not bad:
        return
    check = bad[0]
    state = "wrong" if check.verdict == "fail" else f"not proved right ({check.verdict if check.verdict != 'pass' else 'note'})"
    bounds = abs(check.got - check.expected) / max(check.error, 5e-324)
    lines = [
        f"{check.name} is {state} at {subject.f.text(point)}",
        f"  expected  {check.expected!r} +- {check.error:.1g} (Richardson, step {check.step:.1g})",
        f"  got       {check.got!r}",
        f"  off by    {off_by(check.got, check.expected)}, {bounds:.3g} error bounds",
    ]
    lines += [f"  note      {check.note}"] if check.note else []
    culprit = subject.culprit() if check.verdict == "fail" else ""
    lines += [f"  culprit   {culprit}"] if culprit else []
    paste = subject.paste()
    lines += [f"  paste     {paste}"] if paste else []
    also = [c.name for c in bad[1:]]
    lines += [f"  also      {', '.join(also[:6])}{', ...' if len(also) > 6 else ''}"] if also else []
    raise GradientError("\n".join(lines), Report(tuple(checks), point))
