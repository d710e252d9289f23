"""Initial weights: the usual distributions by name.

``fan_in`` is the number of inputs of a neuron, ``fan_out`` the number of neurons in its layer. Sources: Glorot and
Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010; He and others, "Delving
deep into rectifiers", 2015; micrograd draws uniformly from -1 to 1.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable

__all__ = ["INITIALS", "as_random", "draws"]

Draw = Callable[[random.Random, int, int], float]

INITIALS: dict[str, Draw] = {
    "he": lambda rng, fan_in, fan_out: rng.gauss(0.0, math.sqrt(2.0 / fan_in)),
    "he_uniform": lambda rng, fan_in, fan_out: _within(rng, math.sqrt(6.0 / fan_in)),
    "xavier": lambda rng, fan_in, fan_out: rng.gauss(0.0, math.sqrt(2.0 / (fan_in + fan_out))),
    "xavier_uniform": lambda rng, fan_in, fan_out: _within(rng, math.sqrt(6.0 / (fan_in + fan_out))),
    "uniform": lambda rng, fan_in, fan_out: _within(rng, 1.0),
    "normal": lambda rng, fan_in, fan_out: rng.gauss(0.0, 1.0),
    "zeros": lambda rng, fan_in, fan_out: 0.0,
}


def _within(rng: random.Random, bound: float) -> float:
    return rng.uniform(-bound, bound)


def as_random(seed: int | random.Random | None) -> random.Random:
    """The source of random numbers for a seed.

    Args:
        seed: a whole number, for a source of its own that gives the same numbers every time; a `random.Random`, which is
            returned as it is; or None, for the module `random`, so that ``random.seed(1337)`` decides.

    Raises:
        TypeError: seed is something else.

    >>> as_random(0).random() == as_random(0).random()
    True
    """
    if isinstance(seed, random.Random):
        return seed
    if seed is None:
        return random._inst  # whose methods random.seed(), random.random() and the others are
    try:
        if isinstance(seed, bool):
            raise TypeError
        return random.Random(operator.index(seed))
    except TypeError:
        raise TypeError(f"seed takes an int, a random.Random or None, got {type(seed).__name__} {seed!r:.60}") from None


def draws(init: str, seed: int | random.Random | None, fan_in: int, fan_out: int) -> Callable[[], float]:
    """A function that draws one weight at each call.

    Args:
        init: one of ``he``, ``he_uniform``, ``xavier``, ``xavier_uniform``, ``uniform`` (-1 to 1), ``normal``, ``zeros``.
        seed: see `as_random`.
        fan_in: inputs of a neuron, at least 1.
        fan_out: neurons of the layer, at least 1.

    Raises:
        ValueError: there is no such name.
    """
    if init not in INITIALS:
        raise ValueError(f"there is no initialisation {init!r}; write one of {', '.join(INITIALS)}")
    rng, draw = as_random(seed), INITIALS[init]
    return lambda: draw(rng, fan_in, fan_out)
