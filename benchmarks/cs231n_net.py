"""CS231n's two-layer net at full size, N=64, D_in=1000, H=100, D_out=10, on NumPy object arrays of Values: one step.

    python benchmarks/cs231n_net.py [--scale 1.0] [--json]

The code is the lecture's NumPy code with a sigmoid and the squared error; only the arrays hold Values. The gradients must equal
the hand-written ones, computed by NumPy on floats, to 1e-12 of the largest entry. At full size the graph has 12.9 million nodes
and takes about 2 GB on the native engine; ``--scale 0.25`` takes a quarter of each side.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

import numpy as np

import autograd as ag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="of N, D_in and H (default 1.0)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    n, d_in, h, d_out = (max(1, int(given.scale * size)) for size in (64, 1000, 100, 10))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, d_in)), rng.standard_normal((n, d_out))
    w1, w2 = rng.standard_normal((d_in, h)), rng.standard_normal((h, d_out))

    hidden = 1 / (1 + np.exp(-x.dot(w1)))
    predicted = hidden.dot(w2)
    slope = 2.0 * (predicted - y)
    by_hand = x.T.dot(slope.dot(w2.T) * hidden * (1 - hidden)), hidden.T.dot(slope)

    value = np.vectorize(ag.Value, otypes=[object])
    v1, v2 = value(w1), value(w2)
    start = time.perf_counter()
    loss = np.square((1 / (1 + np.exp(-x.dot(v1)))).dot(v2) - y).sum()
    built = time.perf_counter()
    loss.backward()
    walked = time.perf_counter()
    gradient = np.vectorize(lambda v: v.grad)
    difference = max(float(np.abs(gradient(v) - g).max() / np.abs(g).max()) for v, g in zip((v1, v2), by_hand, strict=True))
    for v in (v1, v2):
        for p in v.flat:
            p.data -= 1e-4 * p.grad
    n1, n2 = (np.vectorize(lambda v: v.data)(v) for v in (v1, v2))
    after = float(np.square((1 / (1 + np.exp(-x.dot(n1)))).dot(n2) - y).sum())
    found = {"engine": ag.engine(), "sizes": [n, d_in, h, d_out], "build": built - start, "backward": walked - built,
             "difference": difference, "loss before": loss.data, "loss after": after,
             "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip
    if given.json:
        print(json.dumps(found))
    else:
        print(f"N, D_in, H, D_out = {n}, {d_in}, {h}, {d_out} on the engine {ag.engine()!r}: build {found['build']:.2f} s, "
              f"backward {found['backward']:.2f} s, at most {found['megabytes']:.0f} MB")  # fmt: skip
        print(f"gradients differ from NumPy's by {difference:.1e} of the largest; loss {loss.data:.1f}, then {after:.1f}")
    if not difference <= 1e-12:
        sys.exit("the gradients disagree")


if __name__ == "__main__":
    main()
