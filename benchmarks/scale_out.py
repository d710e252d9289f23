"""When do I leave? Training steps of nets of growing width, from scalars to JAX on eight devices: samples a second.

    python benchmarks/scale_out.py [--rounds 3] [--widths 4,16,64,256] [--batch 256] [--json]

A step is the loss of a batch of points of two moons, its gradients, and the update of a net of 2-WIDTH-WIDTH-1 with relu.
All contestants begin with the same parameters, and must find the same losses. The eight devices of JAX are threads of this
machine (``--xla_force_host_platform_device_count=8``), which share its cores: they show what sharding costs, not what eight
machines would bring.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from harness import Contestant, parser, positive, race

RATE = 0.1
DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
Prepared = tuple[Callable[[], object], Sequence[float]]


def samples(batch: int) -> tuple[list[list[float]], list[float]]:
    """Points of two interlocking half circles, and which of the two each belongs to."""
    rng = random.Random(1337)
    points, classes = [], []
    for i in range(batch):
        angle = math.pi * (i // 2) / max(batch // 2 - 1, 1)
        x, y = (math.cos(angle), math.sin(angle)) if i % 2 else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        classes.append(float(i % 2))
    return points, classes


def net(width: int) -> Any:
    """The net, with the same parameters for everybody."""
    import nn

    return nn.MLP(2, [width, width, 1], seed=0)


def scalars(width: int, batch: int, compiled: bool) -> Prepared:
    """The net of scalars: a graph for each sample, or one program for all."""
    import nn
    from autograd import mean, softplus, vmap

    model, (points, classes) = net(width), samples(batch)
    optimizer = nn.SGD(model.parameters(), lr=RATE)

    def sample_loss(x: Any, t: Any) -> Any:
        z = model(x)
        return softplus(z) - t * z

    def eager(xs: Any, ts: Any) -> Any:
        return mean([*map(sample_loss, xs, ts)])

    batch_loss: Callable[..., Any] = vmap(sample_loss, reduce="mean") if compiled else eager

    def step() -> float:
        loss = batch_loss(points, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.data)

    return step, [step() for _ in range(3)]


def arrays(width: int, batch: int, devices: int) -> Prepared:
    """The same net in JAX, its batch on one device or on several."""
    import jax
    import jax.numpy as jnp

    import nn

    jax.config.update("jax_enable_x64", True)
    params, apply = nn.to_jax(net(width))
    points, classes = map(jnp.asarray, samples(batch))
    if devices > 1:
        mesh = jax.make_mesh((devices,), ("data",))
        rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
        everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        points, classes = jax.device_put(points, rows), jax.device_put(classes, rows)
        params = jax.device_put(params, everywhere)

    def loss(params: Any, xs: Any, ts: Any) -> Any:
        z = apply(params, xs)
        return jnp.mean(jax.nn.softplus(z) - ts * z)

    @jax.jit  # type: ignore[untyped-decorator]
    def update(params: Any, xs: Any, ts: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(params, xs, ts)
        return jax.tree.map(lambda p, g: p - RATE * g, params, slopes), value

    state = [params]

    def step() -> float:
        state[0], value = update(state[0], points, classes)
        return float(value)

    return step, [step() for _ in range(3)]


def contestants(width: int, batch: int) -> list[Contestant]:
    """All of them, for one width; the eight devices take part in batches that they can share out."""
    sizes = {"width": width, "batch": batch}
    found = [
        Contestant("scalars, eager", "scalars", options={**sizes, "compiled": False}),
        Contestant("scalars, compiled", "scalars", options={**sizes, "compiled": True}),
        Contestant("JAX, one device", "arrays", options={**sizes, "devices": 1}),
    ]
    if batch % 8 == 0:
        found.append(Contestant("JAX, eight devices", "arrays", DEVICES, options={**sizes, "devices": 8}))
    return found


def crossing(widths: Sequence[int], rates: Sequence[dict[str, float]], name: str, other: str) -> str:
    """From which width on the other one is faster."""
    for width, found in zip(widths, rates, strict=True):
        if name in found and other in found and found[other] > found[name]:
            return f"{other} is faster than {name} from a width of {width} on"
    return f"{other} is not faster than {name} at any of these widths"


def main() -> None:
    """The command."""
    options = parser(__doc__, rounds=3)
    options.add_argument("--widths", default="4,16,64,256", help="of the two hidden layers")
    options.add_argument("--batch", type=positive, default=256, help="samples in a step (default 256)")
    given = options.parse_args()
    widths = [int(word) for word in given.widths.split(",")]
    rates = []
    for width in widths:
        found = race(
            f"2-{width}-{width}-1, a step", __file__, contestants(width, given.batch), given.rounds, agree=1e-8, per=given.batch
        )
        rates.append({name: 1.0 / seconds for name, seconds in found.seconds.items()})
    if given.json:
        print(json.dumps(dict(zip(map(str, widths), rates, strict=True))))
        return
    print(f"samples a second, batches of {given.batch}, nets of 2-WIDTH-WIDTH-1")
    for name in dict.fromkeys([name for found in rates for name in found]):
        print(f"  {name:<20}", *[f"{found.get(name, math.nan):>12,.0f}" for found in rates])
    print(f"  {'width':<20}", *[f"{width:>12}" for width in widths])
    print(crossing(widths, rates, "scalars, compiled", "JAX, one device"))
    if given.batch % 8 == 0:
        print(crossing(widths, rates, "JAX, one device", "JAX, eight devices"))


if __name__ == "__main__":
    main()
