"""The native engine's targets, and what is measured now, on this machine.

    python benchmarks/targets.py [--rounds 9] [--nodes 1000000] [--hips PYTHON] [--json]

It runs the other benchmarks and compares each ratio with its target. A target that is missed, or a library that is not
installed, is reported and is not an error. The seconds of the chain are stated for a machine on which micrograd's README
expression takes 55 us; here they are scaled by what it takes on this machine. With fewer nodes than a million the
target shrinks in proportion.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import cheap_gradient
import gpt
import million_nodes
import readme_expression
from harness import Race, both_engines, parser, race

MICROGRAD_CALL = 55e-6  # seconds that micrograd's expression takes on the machine for which the quarter of a second was set
NATIVE, PYTHON = "glassgrad, native", "glassgrad, python"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        what: what was measured.
        found: the figure; None where something is missing.
        target: what it should reach.
        at_most: whether the target is an upper limit, or else a lower one.
        missing: why there is no figure.
    """

    what: str
    found: float | None
    target: float
    at_most: bool = False
    missing: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is no figure."""
        if self.found is None:
            return None
        return self.found <= self.target if self.at_most else self.found >= self.target


def over(what: str, found: Race, slower: str, faster: str, target: float, at_most: bool = False) -> Row:
    """A ratio of two contestants of a race."""
    reasons = [f"{name}: {found.missing[name]}" for name in (slower, faster) if name in found.missing]
    return Row(what, found.ratio(slower, faster), target, at_most, "; ".join(reasons))


def rows(rounds: int, nodes: int, hips: str) -> list[Row]:
    """The whole table."""
    readme = readme_expression.measure(rounds, hips)
    model = gpt.measure(rounds)
    graphs, missing = million_nodes.measure(nodes, min(rounds, 5), [NATIVE])
    pairs = {
        name: race(name, cheap_gradient.__file__, both_engines("glassgrad", name=name), rounds)
        for name in ("products", "dot")
    }  # fmt: skip
    seconds = {name: found.seconds[NATIVE] for name, found in pairs.items() if NATIVE in found.seconds}
    chain = graphs.get(NATIVE, {}).get(f"chain of {nodes:,}")
    micrograd = readme.seconds.get("micrograd")
    unbuilt = missing.get(NATIVE, "")
    return [
        over(
            "README expression: native over plain floats, value alone", readme, NATIVE, "plain floats, value alone", 2.2, True
        ),
        over("README expression: micrograd over native", readme, "micrograd", NATIVE, 40),
        over("README expression: PyTorch over native", readme, "PyTorch, eager, one thread", NATIVE, 150),
        over("README expression: XAD over native, a new tape each time", readme, "XAD, a new tape each time", NATIVE, 45),
        over("README expression: XAD over native, one tape", readme, "XAD, one tape", NATIVE, 45),
        over("README expression: HIPS autograd over native", readme, "HIPS autograd", NATIVE, 350),
        over("README expression: micrograd over python", readme, "micrograd", PYTHON, 1),
        over("GPT step: a minimal Value over native", model, "a minimal Value in Python", NATIVE, 20),
        Row(
            "100 products and additions over one dot node, native",
            seconds["products"] / seconds["dot"] if seconds else None,
            5,
            missing=unbuilt,
        ),
        Row("bytes per binary node, native", chain["bytes"] if chain else None, 112, True, unbuilt),
        Row(
            f"chain of {nodes:,}, native: build, backward, free, in scaled seconds",
            chain["all"] * MICROGRAD_CALL / micrograd if chain and micrograd else None,
            0.25 * nodes / 1_000_000,
            True,
            unbuilt or readme.missing.get("micrograd", ""),
        ),
    ]


def main() -> None:
    options = parser(__doc__, rounds=9)
    options.add_argument("--nodes", type=int, default=1_000_000, help="nodes of the chain, from 1,000 on (default 1,000,000)")
    options.add_argument(
        "--hips", default="", metavar="PYTHON", help="an interpreter in whose environment HIPS autograd is installed"
    )
    given = options.parse_args()
    if given.nodes < 1000:
        options.error(f"--nodes starts at 1000, got {given.nodes}")
    found = rows(given.rounds, given.nodes, given.hips)
    if given.json:
        print(json.dumps([asdict(row) | {"reached": row.reached} for row in found]))
        return
    print(f"{'what':<72} {'found':>7}  {'target':>15}")
    for row in found:
        if row.found is None:
            print(f"{row.what:<72} {'':>7}  left out: {row.missing}")
            continue
        target = f"{'at most' if row.at_most else 'at least'} {row.target:g}"
        print(f"{row.what:<72} {row.found:>7.3g}  {target:>15}  {'yes' if row.reached else 'NO'}")


if __name__ == "__main__":
    main()
