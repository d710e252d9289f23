"""The figures that the native engine set out to reach, measured now, on this machine.

    python benchmarks/targets.py [--rounds 9] [--hips PYTHON] [--json]

It runs the other benchmarks and puts each ratio beside its target. A figure that is missed, or whose peer is not
installed, is said and is no error.
"""

from __future__ import annotations

import json

import cheap_gradient
import gpt
import million_nodes
import readme_expression
from harness import Race, both_engines, parser, race

MICROGRAD_CALL = 55e-6  # seconds that micrograd's expression takes on the machine for which the quarter of a second was set


def rows(rounds: int, hips: str) -> list[tuple[str, float | None, float, bool]]:
    """What, the figure, the target, and whether the figure is to be at most (or else at least) the target."""
    readme = readme_expression.measure(rounds, hips)
    native, python = "glassgrad, native", "glassgrad, python"
    model = gpt.measure(max(3, rounds // 2))
    graphs = million_nodes.measure(1_000_000, 3)
    pairs = {
        name: race(name, cheap_gradient.__file__, both_engines("glassgrad", name=name), rounds, agree=1e-9)
        for name in ("products", "dot")
    }
    chain = graphs.get("native", {}).get("chain of 1,000,000", {})
    scale = MICROGRAD_CALL / readme.seconds.get("micrograd", MICROGRAD_CALL)
    minimal = "a minimal Value in Python"
    return [
        (
            "README expression, over the value alone on plain floats",
            readme.ratio(native, "plain floats, value alone"),
            2.2,
            True,
        ),
        ("README expression: micrograd over native", readme.ratio("micrograd", native), 40, False),
        ("README expression: PyTorch over native", readme.ratio("PyTorch, eager, one thread", native), 150, False),
        ("README expression: XAD over native", readme.ratio("XAD", native), 45, False),
        ("README expression: HIPS autograd over native", readme.ratio("HIPS autograd", native), 350, False),
        ("README expression: micrograd over python", readme.ratio("micrograd", python), 1, False),
        ("GPT step: minimal Value over native", model.ratio(minimal, native), 20, False),
        ("GPT step: minimal Value over native, n-ary nodes", model.ratio(minimal, f"{native}, nodes"), 20, False),
        ("100 products and additions over one dot node, native", _over(pairs, native), 5, False),
        ("bytes per binary node, native", chain.get("bytes per node"), 112, True),
        ("chain of a million, seconds at 55 us per micrograd expression", scale * chain["all"] if chain else None, 0.25, True),
    ]


def _over(pairs: dict[str, Race], engine: str) -> float | None:
    products, dot = (pairs[name].seconds.get(engine) for name in ("products", "dot"))
    return products / dot if products and dot else None


def main() -> None:
    options = parser(__doc__, rounds=9)
    options.add_argument(
        "--hips", default="", metavar="PYTHON", help="an interpreter in whose environment HIPS autograd is installed"
    )
    given = options.parse_args()
    found = rows(given.rounds, given.hips)
    if given.json:
        print(json.dumps([{"what": w, "found": f, "target": t, "at most": m} for w, f, t, m in found]))
        return
    print(f"{'what':<70} {'found':>8}  {'target':>14}")
    for what, figure, target, at_most in found:
        if figure is None:
            print(f"{what:<70} {'':>8}  not installed")
            continue
        reached = figure <= target if at_most else figure >= target
        print(f"{what:<70} {figure:>8.3g}  {'at most' if at_most else 'at least'} {target:<5g}  {'yes' if reached else 'NO'}")


if __name__ == "__main__":
    main()
