"""Numerical derivatives that know their error: the table, the noise, the sides, the scales, and what is said of each."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import mpmath
import pytest

from autograd.testing import differences
from autograd.testing.differences import LEAST, UNIT, Derivative, Estimate, differentiate, noise_of

SMOOTH: dict[str, tuple[Any, Any, float]] = {
    "sine": (math.sin, mpmath.sin, 0.7), "exponential": (math.exp, mpmath.exp, -1.3), "far": (math.sin, mpmath.sin, 1e6),
    "cube": (lambda x: x**3, lambda x: x**3, 2.0), "cosine at 0": (math.cos, mpmath.cos, 0.0),
    "logarithm of little": (math.log, mpmath.log, 1e-5), "root of little": (math.sqrt, mpmath.sqrt, 3e-9),
}  # fmt: skip


def rounded(f: Any, noise: float = 2.0) -> Any:
    """A function with the noise of its own rounding, as `differentiate` takes it."""

    def sample(x: float) -> tuple[float, float] | None:
        try:
            value = f(x)
        except (ValueError, ZeroDivisionError):
            return None
        return value, noise * UNIT * abs(value)

    return sample


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("whole", [False, True])
def test_each_estimate_holds_its_error(name: str, whole: bool) -> None:
    """The derivative lies within the error that is told, a side's within five times of it, and the errors are small."""
    f, exact, x = SMOOTH[name]
    with mpmath.workdps(60):
        truth = float(mpmath.diff(exact, mpmath.mpf(x)))
    found = differentiate(rounded(f), x, whole)
    size = max(abs(truth), 1.0) if abs(x) < 1e3 else 1e-3
    assert found.central.converged
    for estimate, sharp, factor in ((found.central, 1e-11, 1.0), (found.right, 1e-8, 5.0), (found.left, 1e-8, 5.0)):
        assert abs(estimate.value - truth) <= factor * estimate.error
        assert estimate.error <= sharp * size * max(1.0, 1e-3 * abs(x))
        assert 0.0 < estimate.noise <= estimate.error
    assert not found.contradicted
    assert not found.sides_contradicted
    assert not found.constant
    assert found.unsettled == 0.0
    assert found.excess == 1.0
    assert not found.kink(max(abs(truth), 1.0))


def test_noise_as_large_as_told_stays_within_the_error() -> None:
    """With values that are off at random by as much as is told, errors are true; those of a side within a factor of ten."""
    rng = random.Random(1)
    for _ in range(300):
        a, x, noise = rng.uniform(-3, 3), rng.uniform(-2, 2), 10.0 ** rng.uniform(-14, -6)
        found = differentiate(lambda t, a=a, noise=noise: (math.sin(a * t) + rng.uniform(-noise, noise), noise), x)  # type: ignore[misc]
        for estimate, factor in ((found.central, 1.0), (found.right, 10.0), (found.left, 10.0)):
            assert abs(estimate.value - a * math.cos(a * x)) <= factor * estimate.error
        assert 0.3 * noise <= found.central.noise * found.central.step <= 30.0 * noise
        assert found.excess <= 2.0


@pytest.mark.parametrize("factor", [1e2, 1e5, 1e8])
def test_noise_that_is_underestimated_is_seen(factor: float) -> None:
    """Where values scatter by more than is told, the error grows to what it really is, and is still true."""
    rng = random.Random(2)
    noise = 1e-14 * factor
    for _ in range(40):
        x = rng.uniform(-2, 2)
        found = differentiate(lambda t: (math.sin(t) + rng.uniform(-noise, noise), 1e-14), x)
        assert abs(found.central.value - math.cos(x)) <= 4.0 * found.central.error
        assert found.central.error <= 300.0 * noise
        assert 0.02 * factor <= found.excess <= 4.0 * factor
        assert found.unsettled > 0.0


def table(ratio: float, differences_: list[float], noise: float = 0.0) -> Any:
    """A table with differences over steps 1, 1/2, 1/4 and so on; the noise is that of the first."""
    made = differences._Table(ratio)
    for k, difference in enumerate(differences_):
        made.add(difference, noise * 2.0**k, 2.0**-k)
    return made


@pytest.mark.parametrize("ratio", [4.0, 2.0])
def test_extrapolation_removes_three_terms(ratio: float) -> None:
    """Four differences d + a r + b r**2 + c r**3 give d, exactly but for rounding; three give nothing yet."""
    values = [3.0 + 0.5 * q + 0.25 * q**2 - 0.125 * q**3 for q in (ratio**-k for k in range(4))]
    assert table(ratio, values[:3]).best() is differences.NOTHING
    best = table(ratio, values).best()
    assert best.value == pytest.approx(3.0, abs=1e-14)
    assert best.step == 0.125
    fourth = table(ratio, [3.0 + ratio ** (-4 * k) for k in range(4)]).best()
    assert abs(fourth.value - 3.0) > 1e-7  # a fourth term stays


def test_the_error_of_an_entry_is_what_moved_and_the_noise() -> None:
    """The error is the larger move from the two entries beside, the noise through the same weights, and 8 units of rounding."""
    rows = [1.0, 0.5, 0.375, 0.3125]
    made = table(4.0, rows, noise=1e-3)
    columns = [rows, [], [], []]
    noises = [[1e-3 * 2.0**k for k in range(4)], [], [], []]
    for j in range(1, 4):
        factor = 4.0**j
        columns[j] = [(factor * b - a) / (factor - 1.0) for a, b in zip(columns[j - 1], columns[j - 1][1:], strict=False)]
        noises[j] = [(factor * b + a) / (factor - 1.0) for a, b in zip(noises[j - 1], noises[j - 1][1:], strict=False)]
    value = columns[3][0]
    noise = noises[3][0] + 8.0 * UNIT * abs(value)
    missed = max(abs(value - columns[2][1]), abs(value - columns[2][0]))
    best = made.best()
    assert best.value == pytest.approx(value, rel=1e-15)
    assert best.noise == pytest.approx(noise, rel=1e-12)
    assert best.error == pytest.approx(missed + noise, rel=1e-12)


def test_a_step_that_is_not_half_of_the_last_begins_anew() -> None:
    """After restart three more differences give nothing, and the fourth does."""
    made = table(4.0, [1.0, 1.0, 1.0])
    made.restart()
    for count in range(4):
        assert not made.found
        made.add(2.0, 0.0, 2.0**-count)
    assert made.best().value == 2.0


def test_convergence_is_told_from_its_absence() -> None:
    """Differences that approach by the ratio converge, also where only noise is left; by less than 0.6 of it they don't."""
    assert table(4.0, [1.0 + 4.0**-k for k in range(4)]).best().converged
    assert table(4.0, [1.0 + 2.5**-k for k in range(4)]).best().converged
    assert not table(4.0, [1.0 + 2.3**-k for k in range(4)]).best().converged
    assert table(2.0, [1.0 + 1.3**-k for k in range(4)]).best().converged
    assert not table(2.0, [1.0 + 1.1**-k for k in range(4)]).best().converged
    assert table(5.0, [7.0, 4.0, 1.0, 0.0]).best().converged  # 0.6 * 5 is 3: just enough
    wild = [1.0, 1.0, 1.0, 1.0 + 11.9e-3]  # the last two have noise of 2e-3 and 1e-3 each, four times over
    assert not table(4.0, [1.0, 1.0, 1.0, 1.0 + 1e-2]).best().converged
    made = differences._Table(4.0)
    for value, noise in zip(wild, (1e-3, 1e-3, 1e-3, 2e-3), strict=True):
        made.add(value, noise, 1.0)
    assert made.best().converged
    made = differences._Table(4.0)
    for value, noise in zip([*wild[:3], 1.0 + 12.1e-3], (1e-3, 1e-3, 1e-3, 2e-3), strict=True):
        made.add(value, noise, 1.0)
    assert not made.best().converged


def entries(*pairs: tuple[float, float, float], ratio: float = 4.0) -> Any:
    """A table that has found these: value, what it missed, and noise; over halved steps."""
    made = differences._Table(ratio)
    made.found = [Estimate(value, missed + noise, 2.0**-k, True, noise) for k, (value, missed, noise) in enumerate(pairs)]
    return made


def test_what_scatters_beyond_the_noise_counts() -> None:
    """Beyond the sharpest entry, moves of more than four times the noise, above its own error, raise every entry's noise."""
    calm = entries((1.0, 1e-3, 1e-6), (1.0, 1e-6, 1e-6), (1.0, 9e-6, 2e-6), (1.0, 17e-6, 4e-6))
    assert calm.excess() == 1.0
    assert calm.best().error == 2e-6
    loud = entries((1.0, 1e-3, 1e-6), (1.0, 1e-6, 1e-6), (1.0, 42e-6, 2e-6), (1.0, 17e-6, 4e-6))
    assert loud.excess() == pytest.approx(5.0)
    assert loud.best().error == pytest.approx(2e-6 + 4.0 * 1e-6)
    assert loud.best().step == 0.5
    before = entries((1.0, 1.0, 1e-6), (1.0, 1e-6, 1e-6), (1.0, 1e-6, 2e-6))
    assert before.excess() == 1.0  # what coarse steps miss is not noise
    assert entries((1.0, 1e-6, 0.0), (1.0, 1.0, 0.0)).excess() == 1.0  # of no noise at all there is no multiple
    elsewhere = entries((1.0, 50e-6, 1e-7), (1.0, 1e-5, 2e-5), (1.0, 9e-3, 2e-5))
    assert elsewhere.best().step == 1.0  # once noise is known to be large, another entry is the best
    assert differences._Table(4.0).excess() == 1.0


def test_when_a_ladder_may_end() -> None:
    """Eight entries at least, three after the best, the best bounded by noise, and no scatter that the noise forbids."""
    good = [(1.0, 1e-6, 1e-6)] + [(1.0, 1e-6, 2e-6 * k) for k in range(1, LEAST)]
    assert entries(*good).done()
    assert LEAST == 8
    assert entries(*good[:-1]).done() is False
    assert not entries(*good[1:][::-1], good[0]).done()
    assert entries(*good[1:5], good[0], *good[5:]).done()
    assert not entries(*good[1:6], good[0], *good[6:]).done()
    assert not entries((1.0, 1e-6, 1e-7), *good[1:]).done()  # a tenth of the error is noise: finer may be sharper
    assert entries((1.0, 1e-6, 3e-7), *good[1:]).done()
    assert not entries(*good[:-1], (1.0, 1.0, 2e-5)).done()


def test_a_finer_entry_contradicts() -> None:
    """An entry over a finer step contradicts the best if it lies apart by more than both errors; a coarser one does not."""
    assert not entries((1.0, 0.0, 1e-6), (1.001, 0.0, 1e-3)).contradicted()
    assert entries((1.0, 0.0, 1e-6), (1.0011, 0.0, 1e-3)).contradicted()
    assert not entries((1.0011, 0.0, 1e-3), (1.0, 0.0, 1e-6)).contradicted()
    assert [e.step for e in entries((2.0, 0.0, 1e-3), (1.0, 0.0, 1e-6), (1.0, 0.0, 1e-3)).coarser()] == [1.0]


def test_estimates_exclude_what_lies_beyond_their_error() -> None:
    """At the error itself a number is not excluded; beyond it on either side it is, and nan always."""
    estimate = Estimate(1.0, 0.25, 0.1)
    assert estimate.converged
    assert not estimate.excludes(1.25)
    assert not estimate.excludes(0.75)
    assert estimate.excludes(1.2500001)
    assert estimate.excludes(0.7499999)
    assert estimate.excludes(math.nan)
    assert not differences.NOTHING.excludes(1e300) or math.isnan(differences.NOTHING.value)


def sides(right: float, left: float, error: float = 0.0) -> Derivative:
    """A derivative with these limits, each with this error."""
    return Derivative(Estimate(0.0, 0.0, 1.0), Estimate(right, error, 1.0), Estimate(left, error, 1.0), False, False)


def test_a_kink_is_a_gap_beyond_the_errors() -> None:
    """The limits make a kink where they differ by more than four times both errors, and by a part of the scale."""
    assert sides(1.0, -1.0).kink(1.0)
    assert not sides(1.0, 1.0).kink(1.0)
    assert sides(1.0, 0.0, error=0.12).kink(1.0)
    assert not sides(1.0, 0.0, error=0.126).kink(1.0)
    assert sides(0.0, 2e-9).kink(1.0)
    assert not sides(0.0, 0.9e-9).kink(1.0)
    assert not sides(0.0, 2e-9).kink(4.0)
    assert sides(0.0, 2e-6).kink(1.0, 1e-6)
    assert not sides(0.0, 2e-6).kink(1.0, 1e-5)


def test_larger_steps_may_say_it() -> None:
    """A number was seen over larger steps if one estimate holds it, within a hundredth of its distance from the best."""
    found = Derivative(
        Estimate(0.0, 0.0, 1.0), *[Estimate(0.0, 0.0, 1.0)] * 2, False, False, coarser=(Estimate(1.0, 0.01, 2.0),)
    )
    assert found.seen_coarser(1.0)
    assert found.seen_coarser(1.005)
    assert not found.seen_coarser(1.02)
    assert not found.seen_coarser(0.995)  # 0.01 is more than a hundredth of that
    assert not found.seen_coarser(math.nan)


def test_kinks_jumps_and_their_sides() -> None:
    """abs, relu and a steeper right side have the limits that they have, and abs near 0 has those of where it is."""
    for f, right, left in ((abs, 1.0, -1.0), (lambda x: max(x, 0.0), 1.0, 0.0), (lambda x: 3 * x if x > 0 else x, 3.0, 1.0)):
        found = differentiate(rounded(f), 0.0)
        assert found.right.value == pytest.approx(right, abs=1e-12)
        assert found.left.value == pytest.approx(left, abs=1e-12)
        assert found.kink(1.0)
        assert found.steepest == pytest.approx(max(abs(right), abs(left)))
    near = differentiate(rounded(abs), 1e-5)
    assert near.central.value == pytest.approx(1.0, abs=1e-9)
    assert not near.kink(1.0)


def test_one_side_alone() -> None:
    """Where f has no values on one side, the other has its limit, and the one in the middle is not known."""
    found = differentiate(rounded(lambda x: math.sqrt(x) ** 3), 0.0)
    assert found.left.error == math.inf
    assert found.central is differences.NOTHING
    assert found.right.error < 1.0
    other = differentiate(rounded(lambda x: math.sqrt(-x) ** 3), 0.0)
    assert other.right.error == math.inf
    assert other.left.error < 1.0
    assert differentiate(rounded(math.sqrt), -1.0).central is differences.NOTHING
    assert not differentiate(rounded(math.sqrt), -1.0).constant
    assert differentiate(rounded(math.sqrt), -1.0).steepest == 0.0
    log = differentiate(rounded(math.log), 0.1)  # coarse steps leave the domain, fine ones do not
    assert abs(log.central.value - 10.0) <= log.central.error < 1e-9


@pytest.mark.parametrize("x", [0.0, 1.0, 1e-4])
def test_constant_means_every_value_was_the_same(x: float) -> None:
    """A constant function is constant; one that moves on one side only, by however little, is not."""
    assert differentiate(rounded(lambda t: 3.0), x).constant
    for f in (lambda t: max(t, x), lambda t: min(t, x), lambda t: x + (t - x) * 1e-12 + 1.0):
        assert not differentiate(rounded(f), x).constant
    assert differentiate(rounded(lambda t: 3.0), x).steepest == 0.0


def test_the_steps() -> None:
    """Steps begin at a sixth or less of max(1, |x|), halve exactly, and end well above the last place of x."""
    for x in (0.0, 0.3, 1.0, -5.0, 1e6):
        (steps,) = [list(ladder) for ladder in differences._ladders(x)]
        large = max(1.0, abs(x))
        assert steps[0] == 1417 / 2048 * 2.0 ** (math.frexp(large)[1] - 3)
        assert 0.04 * large < steps[0] < 0.18 * large
        assert all(a == 2.0 * b for a, b in itertools.pairwise(steps))
        assert 2.0**12 * math.ulp(large) <= steps[-1] < 2.0**13 * math.ulp(large)
        assert all((x + step) - x == step or x == 0.3 for step in steps)
    coarse, fine = (list(ladder) for ladder in differences._ladders(-1e-3))
    assert coarse[0] == 1417 / 2048 / 4
    assert fine[0] == 1417 / 2048 * 2.0**-12
    assert 1e-3 * 2.0**-40 <= fine[-1] < 1e-3 * 2.0**-39
    assert len(list(differences._ladders(2.0**-6))) == 1
    assert len(list(differences._ladders(0.99 * 2.0**-6))) == 2
    assert [len(list(ladder)) for ladder in differences._ladders(1e-299)][1] == 4
    assert min(min(ladder, default=1.0) for ladder in differences._ladders(1e-300)) >= 2.0**-1000


def test_whole_looks_at_every_step() -> None:
    """Without whole the steps end where finer ones bring noise only; with it f is asked at each, on both sides."""
    asked: list[float] = []

    def f(x: float) -> tuple[float, float]:
        asked.append(x)
        return math.sin(x), 2.0 * UNIT

    differentiate(f, 1.0)
    few = len(asked)
    asked.clear()
    differentiate(f, 1.0, whole=True)
    (steps,) = [list(ladder) for ladder in differences._ladders(1.0)]
    assert sorted(asked) == sorted([1.0, *[1.0 + h for h in steps], *[1.0 - h for h in steps]])
    assert 2 * LEAST < few < 0.8 * len(asked)


def test_structure_at_two_scales() -> None:
    """A fast small wave on a slope: the finest scale counts, and coarse steps that say something else are remembered."""
    found = differentiate(lambda x: (x + 1e-9 * math.sin(1e7 * x), 2.0 * UNIT), 0.5, whole=True)
    assert found.contradicted or abs(found.central.value - (1.0 + 1e-2 * math.cos(5e6))) <= found.central.error
    stairs = differentiate(lambda x: (math.floor(x * 2.0**20) / 2.0**20, 2.0 * UNIT), 0.3, whole=True)
    assert stairs.excess > 1e3
    small = differentiate(rounded(lambda x: (1.0 - math.cos(x)) / x**2), 1e-7)
    assert small.doubt > abs(small.central.value)
    calm = differentiate(rounded(math.log), 1e-5)
    assert calm.doubt <= calm.central.error


def test_a_small_x_is_looked_at_twice() -> None:
    """Steps that are parts of a small x are believed where they are sharp; else those of one, unless they disagree."""
    fast = differentiate(rounded(lambda x: math.sin(1e4 * x)), 1e-3)
    assert abs(fast.central.value - 1e4 * math.cos(10.0)) <= fast.central.error < 1e-3
    flat = differentiate(lambda x: (1.0 + x, 2.0 * UNIT), 1e-12)  # from parts of x nothing is left but noise
    assert flat.central.value == pytest.approx(1.0, abs=1e-12)
    assert flat.central.step > 1e-6
    assert not flat.contradicted
    assert differentiate(lambda x: (3.0, UNIT), 1e-9).constant
    assert not differentiate(lambda x: (3.0 + (abs(x) > 1e-4), UNIT), 1e-9).constant
    assert not differentiate(lambda x: (3.0 + 1e-15 * (x > 1e-9), UNIT), 1e-9).constant


def test_the_finest_scale_wins_where_the_two_disagree() -> None:
    """A slope seen sharply over parts of a small x is believed, even if that over larger steps has the smaller error."""
    found = differentiate(lambda x: (x + 1e-12 * math.sin(1e9 * x), 1e-17), 1e-9)
    assert abs(found.central.value - (1.0 + 1e-3 * math.cos(1.0))) <= found.central.error < 1e-6
    assert found.central.step < 1e-9


def test_a_gap_among_the_steps() -> None:
    """Where one step has no value the table starts again after it, on both sides and in the middle."""
    for gone in ((1, -1), (1,), (-1,)):

        def f(t: float, gone: tuple[int, ...] = gone) -> tuple[float, float] | None:
            hole = 0.009 < abs(t - 0.5) < 0.016 and (1 if t > 0.5 else -1) in gone
            return None if hole else (math.exp(t), 2.0 * UNIT)

        found = differentiate(f, 0.5)
        for estimate in (found.central, found.right, found.left):
            assert abs(estimate.value - math.exp(0.5)) <= 5.0 * estimate.error < 1e-7
        assert found.central.step < 0.009


def test_one_side_may_be_contradicted() -> None:
    """A slope that changes very near to the point on one side only is told of the sides."""

    def f(t: float) -> tuple[float, float]:
        return t + (1e-12 * min(t / 1e-9, 1.0) if t > 0.0 else 0.0), 1e-16

    assert differentiate(f, 0.0, whole=True).sides_contradicted
    assert differentiate(lambda t: f(-t), 0.0, whole=True).sides_contradicted
    assert not differentiate(lambda t: (t, 1e-16), 0.0, whole=True).sides_contradicted


def test_noise_of_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    """The noise of a difference is that of its values over the step; where x + step was rounded, curvature is added."""
    added: list[tuple[float, ...]] = []
    monkeypatch.setattr(differences._Table, "add", lambda self, *row: added.append((self.ratio, *row)))
    x = math.nextafter(0.5, 0.0)  # x + step has a digit less
    differentiate(lambda t: (3.0 * t * t, 1e-18), x)
    (steps,) = differences._ladders(x)
    seen_uneven = 0
    for step, (right, left, central) in zip(steps, zip(*[iter(added)] * 3, strict=True), strict=True):
        a, b = (x + step) - x, x - (x - step)
        up, down, f0 = (3.0 * t * t for t in (x + step, x - step, x))
        assert right == (2.0, (up - f0) / a, 2e-18 / a, a)
        assert left == (2.0, (f0 - down) / b, 2e-18 / b, b)
        uneven = abs(up - 2.0 * f0 + down) / a * (abs(a - b) / b) / 2.0
        assert central == pytest.approx((4.0, (up - down) / (a + b), 2e-18 / (a + b) + uneven, step), rel=1e-13)
        seen_uneven += uneven > 1e-9 * central[2]
    assert seen_uneven
    monkeypatch.undo()
    alone = table(4.0, [3.0] * 4).best()
    assert alone.noise == 8.0 * UNIT * 3.0
    assert alone.error == alone.noise


# ---- noise -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1e-12, 1e-6, 1.0])
@pytest.mark.parametrize("x", [0.0, 1.0, -300.0, 1e9])
def test_the_noise_table_finds_the_noise(level: float, x: float) -> None:
    """Noise of a known size on a smooth function is found, never less than half of its spread nor more than twenty times it."""
    rng = random.Random(3)
    for _ in range(20):
        found = noise_of(lambda t: math.sin(t) + rng.gauss(0.0, level), x)
        assert 0.5 * level <= found - 4.0 * UNIT <= 20.0 * level


def test_the_noise_of_what_is_smooth_is_its_rounding() -> None:
    """A smooth function has four units of its largest value near by, and at most a few of rounding more."""
    for f in (math.exp, math.sin, lambda x: x**3, lambda x: 5.0):
        for x in (0.0, 0.7, -3.0):
            assert 4.0 * UNIT * abs(f(x)) <= noise_of(f, x) <= 16.0 * UNIT * abs(f(x)) + 1e-30
    assert noise_of(lambda x: 5.0, 1.0) == 4.0 * UNIT * 5.0
    assert noise_of(lambda x: -5.0, 1.0) == 4.0 * UNIT * 5.0
    assert noise_of(lambda x: None, 1.0) == 0.0
    assert noise_of(lambda x: 5.0 if x <= 1.0 else None, 1.0) == 4.0 * UNIT * 5.0


def test_the_noise_table_is_hammings() -> None:
    """For one wrong value among nine the levels are those of R. W. Hamming's table: binomials, squared and normed."""
    step = math.ulp(1.0) * 2.0**6
    spike = noise_of(lambda x: 1.0 if x == 1.0 else 0.0, 1.0)
    expected = 0.0
    for order in (4, 5, 6):
        row = [math.comb(order, k) * (-1) ** k for k in range(order + 1)]
        places = [row[4 - start] if 0 <= 4 - start <= order else 0 for start in range(9 - order)]
        norm = math.factorial(order) ** 2 / math.factorial(2 * order)
        expected = max(expected, math.sqrt(norm * sum(p * p for p in places) / len(places)))
    assert spike == pytest.approx(4.0 * expected + 4.0 * UNIT, rel=1e-12)
    seen: list[float] = []
    noise_of(lambda x: seen.append(x) or 0.0, 1.0)  # type: ignore[func-returns-value]
    assert seen == [1.0 + k * step for k in range(-4, 5)]
    seen.clear()
    noise_of(lambda x: seen.append(x) or 0.0, 0.0)  # type: ignore[func-returns-value]
    assert seen[5] == 2.0**-52 * 2.0**-10 * 2.0**6


def test_larger_steps_show_noise_that_tiny_ones_hide() -> None:
    """Stairs of 1e-9 are flat over tiny steps; over larger ones their height shows, and a smooth function shows nothing new."""
    stairs = lambda x: math.floor(x * 1e9) / 1e9  # noqa: E731
    x = 0.3000000005
    assert noise_of(stairs, x) < 1e-15
    assert 2e-10 < noise_of(stairs, x, [1.737e-8]) < 1e-8
    assert noise_of(stairs, x, [1.737e-8, 1e-17]) > 2e-10
    assert noise_of(math.sin, 0.3, [1e-3]) < 1e-13
    assert noise_of(math.sin, 0.3, [1.0]) > 1e-3
