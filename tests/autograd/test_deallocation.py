"""Freeing long chains on WebAssembly, where the interpreter would recurse; .ci/wasm.py frees a million Values there."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest

from autograd import deallocation
from autograd.series import Series
from autograd.value import Node, Value

HERE = sys.platform != "emscripten"


class Link:
    """Has what the finalizer looks at."""

    __slots__ = ("__weakref__", "_operands", "_parents")

    def __init__(self, *operands: Any) -> None:
        self._parents = tuple([x for x in operands if isinstance(x, Link)])
        if operands:
            self._operands = operands


@pytest.fixture(autouse=True)
def _on_wasm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What WebAssembly has; the engine was imported before, and is as it is on this platform."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    deallocation.prepare(Link, "_parents", "_operands")


def test_a_chain_is_freed_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """All links die at once, without the collector: each inside of the finalizer of the last one, and in no other's."""
    depth = 0
    depths: list[int] = []
    finalizer = vars(Link)["__del__"]

    def watched(self: Link) -> None:
        nonlocal depth
        depth += 1
        depths.append(depth)
        finalizer(self)
        depth -= 1

    monkeypatch.setattr(Link, "__del__", watched)
    chain: Any = Link()
    for _ in range(50_000):
        chain = Link(chain, 2.0)
    gc.disable()
    try:
        del chain
        assert depths == [1] + [2] * 50_000
    finally:
        gc.enable()
    assert deallocation._waiting == []


def test_what_is_still_used_stays_whole() -> None:
    """A link that something else refers to keeps its operands when a link that was made from it dies."""
    leaf = Link()
    kept = Link(leaf, 3.0, leaf)
    top = Link(kept, kept)
    del top
    assert kept._operands == (leaf, 3.0, leaf)
    assert kept._parents == (leaf, leaf)


def test_a_link_that_was_never_made_whole() -> None:
    """An object whose construction failed has nothing to hand over, and dies in silence."""
    with pytest.raises(TypeError):
        Link.__init__(Link.__new__(Link), nothing=1)
    assert deallocation._waiting == []


def test_it_fits_the_engine() -> None:
    """Nodes and series have the fields that the finalizer takes, and no finalizer where they need none."""
    assert {"_parents", "_operands"} <= set(Node.__slots__)
    assert {"operands", "partials"} <= set(Series.__slots__)
    assert not HERE or not hasattr(Value, "__del__")
    assert not HERE or not hasattr(Series, "__del__")

    class Dying(Value):
        __slots__ = ("__weakref__",)

    deallocation.prepare(Dying, "_parents", "_operands")
    x = Value(2.0)
    product = x * x
    dying = Dying(0.0)
    for name in ("_parents", "_operands", "_primitive", "_local_gradients"):
        object.__setattr__(dying, name, getattr(product, name))
    gone = weakref.ref(dying)
    del dying
    assert gone() is None
    assert product.parents == (x, x)
