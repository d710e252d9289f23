"""What a gradient costs: value and gradient by glassgrad, relative to the same function on plain floats.

    python benchmarks/cheap_gradient.py [--rounds 9] [--json]

The 'cheap gradient principle' says that reverse mode costs a small multiple of the function (Griewank and Walther,
"Evaluating Derivatives", 2008, chapter 4). Here this multiple is measured, with Python's own arithmetic for the function.
The last rows compare 100 products and additions with one `dot` node; on floats both are the same sum of products. The
readme row is micrograd's README expression on existing leaves; `readme_expression.py` makes new ones each time.
"""

from __future__ import annotations

import json
import math
import operator
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from harness import Contestant, Race, both_engines, engine_module, parser, race
from readme_expression import A, B, of_relu, relu

Prepared = tuple[Callable[[], object], Sequence[float]]


def rosenbrock(xs: Sequence[Any], of: Any) -> Any:
    """Ten variables, products and sums."""
    total = 0.0
    for x, y in pairwise(xs):
        d, e = y - x * x, 1.0 - x
        total = total + 100.0 * (d * d) + e * e
    return total


def polynomial(xs: Sequence[Any], of: Any) -> Any:
    """Horner's scheme of degree 20 in one variable."""
    y = 1.0
    for i in range(20):
        y = y * xs[0] + i
    return y


def waves(xs: Sequence[Any], of: Any) -> Any:
    """Elementary functions, one inside the other."""
    y = xs[0]
    for _ in range(5):
        y = of.tanh(of.sin(y) + of.exp(y * -0.5))
    return y


def net(xs: Sequence[Any], of: Any) -> Any:
    """Ten inputs, four tanh units, one output, the inputs as weights too."""
    hidden = [of.tanh(sum(map(operator.mul, xs, [*xs[k:], *xs[:k]]))) for k in range(4)]
    return sum(map(operator.mul, hidden, xs))


def readme(xs: Sequence[Any], of: Any) -> Any:
    """Micrograd's README expression."""
    return of_relu(of.relu)(*xs)


def products(pair: Sequence[Sequence[Any]], of: Any) -> Any:
    """100 products and 100 additions."""
    total = 0.0
    for w, x in zip(*pair, strict=True):
        total = total + w * x
    return total


def dot(pair: Sequence[Sequence[Any]], of: Any) -> Any:
    """The same by one node."""
    return of.dot(*pair)


FUNCTIONS = {"readme": (readme, 2), "rosenbrock": (rosenbrock, 10), "polynomial": (polynomial, 1), "waves": (waves, 1),
             "net": (net, 10), "products": (products, 200), "dot": (dot, 200)}  # fmt: skip


class Floats:
    """Functions of floats, where `autograd` has those of Values."""

    tanh, sin, exp, relu = math.tanh, math.sin, math.exp, relu

    @staticmethod
    def dot(ws: Sequence[float], xs: Sequence[float]) -> Any:
        """What a script without NumPy writes."""
        return sum(map(operator.mul, ws, xs))


def numbers(name: str) -> list[float]:
    """Where a function is taken."""
    count = FUNCTIONS[name][1]
    rng = random.Random(count)
    return [A, B] if name == "readme" else [rng.uniform(-1.0, 1.0) for _ in range(count)]


def arguments(name: str, xs: list[Any]) -> Any:
    """As a function takes them: two rows of 100 are made into two lists once, before the clock runs."""
    return (xs[:100], xs[100:]) if name in ("products", "dot") else xs


def plain(name: str) -> Prepared:
    """The function on floats."""
    f, _ = FUNCTIONS[name]
    xs = arguments(name, numbers(name))
    return lambda: f(xs, Floats), [f(xs, Floats)]


def glassgrad(name: str) -> Prepared:
    """Value and gradient; the leaves are there already, as parameters are."""
    ag = engine_module()
    f, _ = FUNCTIONS[name]
    leaves = [ag.Value(x) for x in numbers(name)]
    xs = arguments(name, leaves)

    def call() -> Any:
        y = f(xs, ag)
        y.backward()
        return y

    return call, [call().data, *[leaf.grad for leaf in leaves]]


def measure(rounds: int) -> dict[str, Race]:
    """Each function."""
    found = {}
    for name, (f, _) in FUNCTIONS.items():
        contestants = [Contestant("plain floats", "plain", options={"name": name}), *both_engines("glassgrad", name=name)]
        found[name] = race(f.__doc__ or name, __file__, contestants, rounds)
    return found


def main() -> None:
    given = parser(__doc__, rounds=9).parse_args()
    races = measure(given.rounds)
    if given.json:
        print(json.dumps({name: r.as_dict() for name, r in races.items()}))
        return
    print("value and gradient over the value alone on plain floats")
    print(f"{'function':<12} {'floats':>10} {'native':>10} {'times':>7} {'python':>10} {'times':>7}")
    for name, found in races.items():
        row = [f"{found.seconds['plain floats'] * 1e6:>7.2f} us"]
        for engine in ("glassgrad, native", "glassgrad, python"):
            if engine in found.seconds:
                row.append(f"{found.seconds[engine] * 1e6:>7.1f} us {found.ratio(engine, 'plain floats'):>7.3g}")
            else:
                row.append(f"{'left out':>10} {'':>7}")
        print(f"{name:<12} {' '.join(row)}")
    for engine in ("native", "python"):
        a, b = (races[name].seconds.get(f"glassgrad, {engine}") for name in ("products", "dot"))
        if a and b:
            print(f"one dot node of 100 pairs is {a / b:.2f} times faster than 100 products and additions ({engine})")


if __name__ == "__main__":
    main()
