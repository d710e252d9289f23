"""A program for `test_native_memory`: it does to native Values whatever can be done to them, with the reference beside it.

Run it as ``python fuzz_native.py ROUNDS SEED``, best with PYTHONMALLOC=debug. It prints how many nodes it built.
"""

from __future__ import annotations

import copy
import gc
import pickle
import random
import sys
from fractions import Fraction
from typing import Any

import autograd as ag
from autograd import _native, value

ENGINES: tuple[Any, Any] = (_native, value)
PRIMITIVES = [r for r in ag.primitives().values() if r.arity in (1, 2)]
SERIES = [ag.sum, ag.prod, ag.mean, ag.max, ag.min, ag.logsumexp, ag.norm]


class Leaf(_native.Value):
    """A subclass, with attributes of its own."""


class Twin(value.Value):
    """The same on the reference engine."""


def same(a: Any, b: Any) -> bool:
    """Whether two results are the same: bits of floats, and what can be read of Values."""
    if hasattr(a, "data"):
        return bits(a) == bits(b) and [bits(x) for x in a.parents] == [bits(x) for x in b.parents]
    return repr(a) == repr(b)


def bits(x: Any) -> tuple[str, str, str]:
    """All that a Value shows of itself."""
    return repr(x.data).replace("-nan", "nan"), repr(x.grad).replace("-nan", "nan"), x.label


def attempt(calls: list[Any]) -> list[Any]:
    """The results of the same call on both engines, or nothing where both raise the same."""
    results, errors = [], []
    for call in calls:
        try:
            results.append(call())
        except (ArithmeticError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            errors.append((type(error), str(error)))
    if errors:
        assert len(errors) == 2, errors
        assert errors[0] == errors[1] or issubclass(errors[0][0], ag.AnomalyError), errors
        return []
    assert same(*results), results
    return results


def play(rounds: int, seed: int) -> int:
    """Build, change, drop, pickle and differentiate; returns the number of nodes built."""
    rng = random.Random(seed)
    pool: list[list[Any]] = [[_native.Value(x), value.Value(x)] for x in (0.5, -1.5, 2.0)]
    built = 0
    for i in range(rounds):
        pick = lambda: rng.choice(pool[-12:] if rng.random() < 0.8 else pool)  # noqa: E731
        x, y, act = pick(), pick(), rng.randrange(24)
        number = rng.choice([2, 0.5, -1.25, 0, True, 1e200, 2**70, Fraction(1, 3)])
        new: list[Any] = []
        if act < 6:
            name = rng.choice(["__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__radd__", "__rsub__", "__rmul__"])
            other = y if rng.random() < 0.7 else [number, number]
            new = attempt([lambda k=k, n=name, o=other, x=x: getattr(x[k], n)(o[k]) for k in (0, 1)])
        elif act < 10:
            record = rng.choice(PRIMITIVES)
            new = attempt([lambda k=k, r=record, x=x, y=y: r(x[k]) if r.arity == 1 else r(x[k], y[k]) for k in (0, 1)])
        elif act < 12:
            record, many = rng.choice(SERIES), [pick() for _ in range(rng.randrange(1, 9))]
            new = attempt([lambda k=k, r=record, m=many, n=number: r([*[v[k] for v in m], n]) for k in (0, 1)])
        elif act == 12 and i % 2:
            many, kind = [pick() for _ in range(rng.randrange(1, 9))], rng.choice([iter, list, tuple, dict.fromkeys])
            new = attempt([lambda k=k, m=many, n=number, t=kind: ag.softmax(t([*[v[k] for v in m], n]))[-1] for k in (0, 1)])
        elif act == 12:
            many = [pick() for _ in range(rng.randrange(1, 9))]
            new = attempt([lambda k=k, m=many: ag.dot([v[k] for v in m], [v[k] for v in reversed(m)]) for k in (0, 1)])
        elif act == 13:
            new = [engine.Value(number, label=rng.choice(["", "x"]) if k else "") for k, engine in enumerate(ENGINES)]
            new[0].label = new[1].label
        elif act == 14:
            new = [Leaf(number), Twin(number)]
            new[0].extra, new[1].extra = x
            if rng.random() < 0.5:  # a cycle
                new[0].me, new[1].me = [[v * number, v] for v in new]
        elif act == 15:
            seed_number = rng.choice([1.0, 0.0, -2.5])
            attempt([lambda k=k, x=x, s=seed_number: x[k].backward(s) for k in (0, 1)])
        elif act == 16:
            attempt([lambda k=k, x=x, n=number, s=("data", "grad")[i % 2]: setattr(x[k], s, n) for k in (0, 1)])
        elif act == 17:
            new = attempt([lambda k=k, x=x: copy.copy(pickle.loads(pickle.dumps(x[k]))) for k in (0, 1)])
        elif act == 18:
            new = attempt([lambda k=k, x=x: x[k].detach() for k in (0, 1)])
        elif act == 19:
            small = [v for v in (x, y) if len(value.topological_order(v[1])) < 200]
            for v in small[:1]:
                new = attempt(
                    [lambda k=k, v=v, y=y, e=e: e.gradients(v[k], y[k], create_graph=True) for k, e in enumerate(ENGINES)]
                )
        elif act == 20:
            with rng.choice([ag.no_grad, ag.detect_anomaly, ag.record_sources])():
                new = attempt([lambda k=k, x=x, y=y: x[k] * y[k] + 1 for k in (0, 1)])
        elif act == 21:
            attempt([lambda k=k, x=x: x[k].zero_grad() for k in (0, 1)])
        elif act == 22:
            del pool[rng.randrange(len(pool))]
        elif rng.random() < 0.1:
            gc.collect()
            gc.set_threshold(rng.choice([1, 10, 700]), 10, 10)
            _native._keep(rng.choice([0, 1, 100, 4096]))
        if new:
            pool.append(new)
            built += 1
        if len(pool) > 400 or (len(pool) > 20 and len(value.topological_order(pool[-1][1])) > 2000):
            del pool[rng.randrange(1, 5) :: rng.randrange(1, 4)]
        if not pool:
            pool.append([_native.Value(0.5), value.Value(0.5)])
    for v in pool:
        assert same(*v), v
    return built


if __name__ == "__main__":
    print(play(int(sys.argv[1]), int(sys.argv[2])))
