"""The transformations of trees of arrays, beside JAX, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import hessian, jacfwd, jacobian, jvp, vjp


def test_against_jax(thorough: bool) -> None:
    """Values and shapes of jacobian, hessian, jvp and vjp of trees of arrays are those of JAX."""
    if not thorough:
        pytest.skip("JAX takes its time; run with --thorough")
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        p = {"w": np.arange(6.0).reshape(2, 3) / 7, "b": (np.array([0.1, -0.2]), 0.5)}

        def net(np_: Any, p: Any, x: Any) -> Any:
            return {"y": np_.tanh(np_.dot(p["w"], x) + p["b"][0]) * p["b"][1], "n": p["b"][1] ** 2}

        x = np.array([0.3, -0.7, 1.1])
        ours = lambda p: net(np, p, x)  # noqa: E731
        theirs = lambda p: net(jax.numpy, p, x)  # noqa: E731
        loss = lambda f: lambda p: f(p)["y"].sum() * f(p)["n"]  # noqa: E731
        pairs = [
            (jacobian(ours)(p), jax.jacrev(theirs)(p)),
            (jacfwd(ours)(p), jax.jacfwd(theirs)(p)),
            (hessian(loss(ours))(p), jax.hessian(loss(theirs))(p)),
            (jvp(ours, (p,), (p,)), jax.jvp(theirs, (p,), (p,))),
            (
                vjp(ours, p)[1]({"n": 2.0, "y": np.array([1.0, -3.0])}),
                jax.vjp(theirs, p)[1]({"n": 2.0, "y": np.array([1.0, -3.0])}),
            ),
        ]
        for got, expected in pairs:
            mine, shape = jax.tree.flatten(got)
            other, expected_shape = jax.tree.flatten(expected)
            assert shape == expected_shape
            for a, b in zip(mine, other, strict=True):
                assert np.shape(a) == np.shape(b)
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
