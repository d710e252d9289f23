"""What is folded opens: by name, and in a page by a click."""

from __future__ import annotations

import json
import random
import re
import shutil
import string
import subprocess
from pathlib import Path
from typing import Any

import goal
import pytest

import autograd as ag
import nn
import viz
from viz.cli.main import main
from viz.graph import opening
from viz.graph.folding import DEFAULT
from viz.graph.model import Graph, Node
from viz.graph.reading import Reading, read
from viz.views.opening import packed
from viz.views.view import script_json


def batch(samples: int = 20) -> Any:
    """A mean over samples of one neuron."""
    rng = random.Random(0)
    w, b = ag.Value(0.5, label="w"), ag.Value(0.1, label="b")
    loss = ag.mean([((w * ag.Value(rng.uniform(-1, 1), label=f"x{k}") + b).tanh() - 1) ** 2 for k in range(samples)])
    loss.backward()
    return loss


def net() -> Any:
    """A loss of a net of two dense layers, labelled."""
    model = nn.MLP(30, [20, 12], activation="tanh", seed=0)
    model.label_parameters()
    scores: Any = model([0.01 * k for k in range(30)])
    loss = ag.logsumexp(scores) - scores[0]
    loss.backward()
    return loss


def counts(graph: Graph) -> list[int]:
    """How many the stacks of a picture hold."""
    return [node.copies.count for node in graph.nodes if node.copies is not None]


def seen(nodes: tuple[Node, ...]) -> set[tuple[str, str, int]]:
    """What of a picture can be told from anything else."""
    return {(node.label, node.fold.name if node.fold else node.symbol, node.order) for node in nodes}


def test_a_stack_opens() -> None:
    """Of a stack of twenty three are drawn one by one, and the others stay on a stack; a small one is drawn one by one."""
    f = batch()
    closed, opened = viz.draw(f).graph, viz.draw(f, open="x0 … x19").graph
    assert counts(closed) == [20] * 6
    assert sorted(counts(opened)) == [17] * 6
    assert [node.label for node in opened.nodes if node.is_leaf] == ["w", "x0", "b", "x1", "x2", "x3 … x19"]
    assert viz.draw(f, open="x*").graph == opened
    small = ag.sum([ag.Value(1.0) * ag.Value(2.0) * float(k) for k in range(5)] + [batch(80)])
    whole = viz.draw(small, open="stack").graph
    assert 5 not in counts(whole)


def test_a_group_and_a_layer_open() -> None:
    """A tile opens to what is in it, a group to what is next inside; the rest of the picture stays as it is."""
    f = net()
    closed, opened = viz.draw(f).graph, viz.draw(f, open="layers.1").graph
    assert [node.fold.name for node in closed.nodes if node.fold is not None] == ["layers.0", "layers.1"]
    assert [node.fold.name for node in opened.nodes if node.fold is not None] == ["layers.0"]
    assert seen(closed.nodes) - {("", "layers.1", -1)} <= seen(opened.nodes)
    assert any(node.groups[:1] == ("layers.1",) for node in opened.nodes)
    assert viz.draw(f, open="tile").graph == viz.draw(f, open=["layers.0", "layers.1"]).graph == viz.draw(f, open=True).graph
    folded = viz.draw(f, collapse=True, max_nodes=300).graph
    inside = viz.draw(f, collapse=True, max_nodes=300, open="layers.1").graph
    assert len(folded.nodes) == 4
    assert {node.fold.name for node in inside.nodes if node.fold} == {"layers.0"} | {f"layers.1.neurons.{k}" for k in range(12)}
    deeper = viz.draw(f, collapse=True, max_nodes=300, open=["layers.1", "layers.1.neurons.3"]).graph
    assert "layers.1.neurons.3" not in {node.fold.name for node in deeper.nodes if node.fold}


def test_a_chain_opens() -> None:
    """A chain shows five more of its steps at each end; a short one is whole."""
    y: Any = ag.Value(0.5, label="x")
    for _ in range(100):
        y = y.tanh()
    assert len(viz.draw(y).graph.nodes) == 1 + 3 + 1 + 3
    assert len(viz.draw(y, open="chain").graph.nodes) == 1 + 8 + 1 + 8
    for _ in range(2000):
        y = y.tanh()
    assert len(viz.draw(y, open=["chain"]).graph.nodes) == 1 + 8 + 1 + 8


def test_a_sum_opens() -> None:
    """Of many additions in a row the first three are drawn one by one, of five all; of copies only the first opens."""
    x = [ag.Value(float(k), label=f"x{k}") for k in range(20)]

    def additions(f: Any, **options: Any) -> list[tuple[int, int]]:
        nodes = viz.draw(f, max_nodes=20, **options).graph.nodes
        sums = [node for node in nodes if node.op is ag.add or (node.fold and node.fold.kind == "sum")]
        return [(node.fold.repeats if node.fold else 0, node.copies.count if node.copies else 1) for node in sums]

    long = sum(a * 2.0 for a in x) * 3.0
    assert additions(long) == [(20, 1)]
    assert additions(long, open="sum") == [(0, 1), (0, 1), (0, 1), (17, 1)]
    short = ag.mean([sum(a * float(k) for a in x[:5]) for k in range(1, 13)])
    assert additions(short) == [(5, 12)]
    assert additions(short, open="sum") == [(0, 1)] * 5 + [(5, 11)]


def test_what_cannot_be_opened() -> None:
    """A name that nothing has, or that is no name, is an error that says what there is; a whole picture has nothing."""
    with pytest.raises(ValueError, match=r"open: nothing folded is called 'y'; this picture has 'x0 … x19', "):
        viz.draw(batch(), open="y")
    with pytest.raises(ValueError, match="this picture has nothing to open"):
        viz.draw(ag.Value(1.0) * 2, open="stack")
    with pytest.raises(TypeError, match="open is True, the name of a box or a stack, or several names in a list; got 3"):
        viz.draw(batch(), open=3)  # type: ignore[arg-type]
    assert viz.draw(ag.Value(1.0) * 2, open=True).graph.size == 3


def test_the_states_of_a_page() -> None:
    """Everything that can be opened in the first picture is laid out in advance; what is closed again is the picture before."""
    drawing = viz.draw(batch())
    assert drawing.source is not None
    states = drawing.source.states(drawing.graph)
    assert states[0].graph == drawing.graph
    assert set(states[0].opens) == set(drawing.graph.openable)
    assert states[0].closes == {}
    for state in states[1:]:
        assert state.closes
    for place, to in states[0].opens.items():
        name = drawing.graph.name(place)
        assert states[to].graph == viz.draw(drawing.source.value, open=name).graph
        assert list(states[to].closes.values()) == [0]


def test_every_plus_leads_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no picture has both open, a + opens its box alone: what the first picture opens can be opened from any other."""
    monkeypatch.setattr(opening, "STATES", 4)
    model = nn.MLP(2, [4, 4, 1], seed=0)
    model.label_parameters()
    drawing = viz.draw(model([0.5, 2.0]))
    assert drawing.source is not None
    states = drawing.source.states(drawing.graph)
    alone = {drawing.graph.name(place): to for place, to in states[0].opens.items()}
    assert len(alone) == 4
    for k, state in enumerate(states[1:], 1):
        others = {place for place in state.graph.openable if alone.get(state.graph.name(place), k) != k}
        assert others
        assert {place: state.opens[place] for place in others} == {place: alone[state.graph.name(place)] for place in others}


def test_a_page_reads_a_graph_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much can be opened, and however large it would be, a graph is read for 3 pictures, and once to compare."""
    monkeypatch.setattr(opening, "STATES", 3)
    drawing = viz.draw(batch())
    assert drawing.source is not None
    assert len(drawing.graph.openable) > 3
    reads: list[Any] = []
    graph = Reading.graph
    monkeypatch.setattr(Reading, "graph", lambda self, opened: reads.append(opened) or graph(self, opened))
    monkeypatch.setattr(opening, "NODES", 30)
    assert len(drawing.source.states(drawing.graph)) < 4
    assert len(reads) == 4


@pytest.mark.parametrize("make", [batch, net, lambda: goal.gpt(3, width=6, heads=3, letter_count=5), lambda: goal.chain(300)])
def test_what_readings_share_changes_nothing(make: Any) -> None:
    """A graph that is read once more with something else opened is that of a fresh reading, whatever was opened before."""
    f = make()
    options: dict[str, Any] = {"max_nodes": DEFAULT, "page": True}
    shared = Reading(f, **options)
    first = shared.graph()
    assert first == read(f, **options)
    assert first.openable
    for what in [*first.openable.values(), *list(first.openable.values())[::-1]]:
        opened = shared.graph(what)
        assert opened == read(f, **options, opened=what)
        for more in list(opened.openable.values())[:3]:
            assert shared.graph(what | more) == read(f, **options, opened=what | more)
    assert shared.graph() == first


def test_boxes_of_a_large_graph_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was joined to fit a page opens at a tenth of a reading; the rest twice at least; of too large a graph nothing."""
    f = goal.gpt(3, width=6, heads=3, letter_count=5)
    size = len(ag.topological_order(f))
    drawing = viz.draw(f)
    assert drawing.source is not None
    boxes = {place for place, what in drawing.graph.openable.items() if not what.unfolds}
    assert len(boxes) > 4
    for visits, least in ((0, 2), (size, len(boxes))):
        monkeypatch.setattr(opening, "VISITED", visits)
        opens = drawing.source.states(drawing.graph)[0].opens
        assert len(opens) >= least
        assert visits == 0 or boxes <= set(opens)
    monkeypatch.setattr(opening, "LARGEST", size - 1)
    assert len(drawing.source.states(drawing.graph)) == 1


def test_nothing_opens_once_a_value_has_changed() -> None:
    """A picture shows the numbers as they were; once one is another, a page has no + that would mix them with today's."""
    drawing = viz.draw(batch())
    assert drawing.source is not None
    leaf = next(v for v in ag.topological_order(drawing.source.value) if v.label == "w")
    before = drawing.interactive().html
    leaf.data = 3.0
    (state,) = drawing.source.states(drawing.graph)
    assert (state.opens, state.closes) == ({}, {})
    after = drawing.interactive().html
    assert (marks(before) > 0, marks(after)) == (True, 0)


def marks(html: str) -> int:
    """How many + and − a page has in advance."""
    found = re.search(r",states=(\[.*\]),it=", html)
    assert found is not None
    return sum(len(state.get("marks", ())) for state in json.loads(found[1]))


def test_pictures_are_packed() -> None:
    """A picture is written in less than three quarters of its length, and read again as it was; so is one with a tilde."""
    for text in (viz.draw(batch()).svg, viz.draw(net()).svg, viz.draw(ag.Value(1.0, label="a~b") * 2).svg, "", "~a"):
        short, *words = packed(text)
        assert not words or len(script_json([short, *words])) < 0.75 * len(script_json(text))
        for sign, word in list(zip(string.ascii_letters, words, strict=False))[::-1]:
            short = short.replace(f"~{sign}", word)
        assert short == text
    assert words == []
    assert len(packed(viz.draw(net()).svg)) > 20


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
def test_the_page_unpacks_what_python_packs() -> None:
    """The script reads random texts as they were, also where a word begins with the sign of another one."""
    rng = random.Random(0)
    texts = []
    for _ in range(200):
        parts = ["".join(rng.choices('abc" ', k=rng.randint(4, 12))) + '"' for _ in range(6)]
        texts.append("".join([rng.choice(parts) + rng.choice(parts) + rng.choice(("", "7")) for _ in range(60)]))
    script = (Path(viz.__file__).parent / "views" / "opening.js").read_text(encoding="utf-8")
    signs = re.search(r"SIGNS='\w+'", script)
    assert signs is not None
    function = script[script.index("function unpacked") : script.index("function turn")]
    texts.append("xxxxxx")
    packs = [*map(packed, texts[:-1]), ["~~b", "xxxx", "axx"]]  # ~a, which stands for xxxx, lost its letter to another word
    program = f"const {signs[0]};{function}console.log(JSON.stringify({script_json(packs)}.map(unpacked)))"
    done = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == texts


def test_a_picture_in_which_nothing_is_folded_holds_no_graph() -> None:
    """Only where something can be opened does a drawing keep its Values."""
    assert viz.draw(ag.Value(1.0) * 2).source is None


@pytest.mark.graphviz
def test_the_command_opens(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--open takes the names that open= takes, and complains as it does."""
    words = [" + ".join(["tanh(x) * y"] * 40), "x=1", "y=2"]
    sizes = []
    for more in ([], ["--open", "stack"]):
        assert main([*words, "-o", str(tmp_path / "a.svg"), *more]) == 0
        sizes.append((tmp_path / "a.svg").read_text().count('class="node'))
    assert sizes[0] < sizes[1]
    capsys.readouterr()
    assert main([*words, "-o", str(tmp_path / "a.svg"), "--open", "q"]) == 2
    assert "open: nothing folded is called 'q'; this picture has " in capsys.readouterr().err


def test_a_stack_and_a_tile_as_dot() -> None:
    """DOT text for people has how many a stack holds, its three numbers, and the size of a layer."""
    dot = viz.draw(batch()).dot
    low, *_, high = sorted(v.data for v in ag.topological_order(batch()) if v.label.startswith("x"))
    for word in ("× 20", f"{low:.4g}", f"{high:.4g}"):
        assert f">{word}</FONT>" in dot
    assert ">30 → 20 tanh</FONT>" in viz.draw(net()).dot
