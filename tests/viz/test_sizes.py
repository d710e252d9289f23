"""The goal: every default picture fits a page of 850 by 900 pixels, with words that can be read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

import goal
import pytest

import viz
from viz.graph.folding import DEFAULT
from viz.graph.model import Node
from viz.scene.shapes import Scene

THOROUGH = bool(os.environ.get("GLASSGRAD_THOROUGH"))
WIDTH, HEIGHT, TYPE = 850, 900, 10
SLOW = {"GPT": lambda: goal.gpt(2), "a chain of 1,000,000": lambda: goal.chain(20_000)}  # by default in small


@cache
def shown(name: str) -> viz.Drawing:
    """The default picture of a graph of the goal."""
    result = goal.GOAL[name]() if THOROUGH or name not in SLOW else SLOW[name]()
    result.backward()
    return viz.draw(result)


def smallest_type(scene: Scene) -> float:
    """The height of the smallest words of a picture on a page, in pixels."""
    scale = min(1.0, WIDTH / scene.width, HEIGHT / scene.height)
    return min(text.size for text in scene.texts) * scale


@pytest.mark.graphviz
@pytest.mark.parametrize("name", goal.GOAL)
def test_every_default_picture_fits_a_page(name: str) -> None:
    """On 850 by 900 pixels the words of each graph are 10 pixels high or more; a GPT and a long chain are small by default."""
    assert smallest_type(shown(name).fitted(WIDTH)) >= TYPE


@pytest.mark.parametrize("name", goal.GOAL)
def test_more_nodes_are_never_fewer(name: str) -> None:
    """max_nodes=2000 doesn't show less than the default, whatever of the graph is folded."""
    drawing = shown(name)
    source = drawing.source
    assert drawing.graph.size <= DEFAULT
    if source is not None:
        more = viz.draw(source.value, max_nodes=2000).graph
        assert more.size >= drawing.graph.size
        assert told_apart(more.nodes) >= told_apart(drawing.graph.nodes)


def told_apart(nodes: Iterable[Node]) -> int:
    """How many nodes are drawn by themselves, or as one of a stack, and not in a box."""
    return sum(node.fold is None for node in nodes)
