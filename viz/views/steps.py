"""Forward and backward, one node at a time: as a player in HTML, and as still pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import autograd
from autograd.files import write_whole

from ..digits import known, short
from ..files import check_suffix
from ..graph.folding import read
from ..graph.lessons import lesson
from ..graph.model import Graph
from ..layout.cells import NABLA, Cell, Look, cells_of
from ..layout.compose import compose
from ..scene.shapes import Item, Scene, Text
from ..scene.svg import write_svg
from .drawing import Drawing, look_of
from .page import Shown, coloured, fragment, inline, script_json

__all__ = ["MAX_NODES", "Frame", "Steps", "steps"]

MAX_NODES = 150


@dataclass(frozen=True)
class Frame:
    """One step of the walk.

    Attributes:
        phase: ``"forward"`` or ``"backward"``.
        words: what happens.
        rules: the arithmetic of it, one line for each operand.
        place: the node that it happens at, or None where it is all of them.
        parents: the places of the nodes that give or get a number.
        changes: what is written: place, ``"value"`` or ``"gradient"``, and the number.
    """

    phase: str
    words: str
    rules: tuple[str, ...] = ()
    place: int | None = None
    parents: tuple[int, ...] = ()
    changes: tuple[tuple[int, str, float], ...] = field(default=(), repr=False)


def steps(value: Any, *, style: str = "circuit", theme: str = "light", direction: str = "LR", precision: int = 4) -> Steps:
    """Walk through a graph: the forward pass, then the backward pass, one node at a time.

    The backward pass is a fresh one, from a gradient of 1 at the result, in the order that ``backward()`` goes: from
    the last node to the first. It is computed from the recorded local gradients, whether or not ``backward()`` has run, and
    leaves the Values as they are.

    Args:
        value: the result. Its graph has at most 150 nodes, constants included.
        style: as for `draw`.
        theme: as for `draw`.
        direction: as for `draw`.
        precision: as for `draw`.

    Returns:
        The walk. A notebook shows a player; `Steps.save` writes it as a page.

    Raises:
        TypeError: value is no Value.
        ValueError: the graph is larger, or an option is unknown.

    >>> from autograd import Value
    >>> x, y = Value(3, label="x"), Value(4, label="y")
    >>> for frame in steps(x * y).frames:
    ...     print(frame.phase, "|", frame.words)
    forward | The inputs: x = 3, y = 4.
    forward | #3 = x * y = 12
    backward | The gradient of the result with respect to itself is 1.
    backward | A product swaps: x gets upstream times y, and y gets upstream times x.
    """
    look = replace(look_of(style, theme, direction, precision), numbered=True)
    order = autograd.topological_order(value)
    if len(order) <= MAX_NODES:
        graph = read(value)
    if len(order) > MAX_NODES or len(graph.nodes) + graph.constant_count > MAX_NODES:
        raise ValueError(
            f"a walk shows at most {MAX_NODES} nodes, constants included, and this graph has {len(order):,} without them; "
            f"walk through a node further inside, or draw it all with viz.draw"
        )
    names = [node.op.name if node.op is not None else "" for node in order]
    return Steps(graph, names, look)


class Steps(Shown):
    """A walk through a graph, as `steps` makes it."""

    def __init__(self, graph: Graph, names: Sequence[str], look: Look) -> None:
        self._look = look
        frames, gradients = _walk(graph, names, look)
        widest: dict[int, int] = {}
        for frame in frames:
            for place, kind, number in frame.changes:
                if kind == "gradient":
                    widest[place] = max(widest.get(place, 0), len(short(number, look.precision)) + 2)
        nodes = [
            replace(node, gradient=gradients.get(place), room=widest.get(place, 0)) for place, node in enumerate(graph.nodes)
        ]
        self._graph = replace(graph, nodes=tuple(nodes), pending=True)
        self.frames: tuple[Frame, ...] = tuple(frames)

    def __len__(self) -> int:
        """The number of steps."""
        return len(self.frames)

    @cached_property
    def _drawing(self) -> Drawing:
        return Drawing(self._graph, self._look)

    # ---- still pictures ------------------------------------------------------------------------

    def _at(self, k: int) -> Graph:
        """The graph as it is after step k."""
        numbers: dict[int, tuple[float | None, float | None]] = dict.fromkeys(range(len(self._graph.nodes)), (None, None))
        for frame in self.frames[: k + 1]:
            for place, kind, number in frame.changes:
                value, gradient = numbers[place]
                numbers[place] = (number, gradient) if kind == "value" else (value, number)
        return self._graph.with_numbers(numbers, pending=True)

    def _scene(self, k: int) -> Scene:
        frame = self.frames[k]
        scene = compose(
            self._at(k), self._drawing.layout, self._look, marked=() if frame.place is None else (frame.place,),
            cells=self._cells,
        )  # fmt: skip
        return _captioned(scene, f"step {k + 1} of {len(self)}, {frame.phase}", frame)

    @cached_property
    def _cells(self) -> list[Cell]:
        return cells_of(self._graph, self._look)

    def still(self, k: int) -> str:
        """One step as an SVG document, with its words below the picture.

        Args:
            k: from 0; negative numbers count from the end.

        Raises:
            IndexError: there is no such step.
        """
        if not -len(self) <= k < len(self):
            raise IndexError(f"step {k} of a walk with {len(self)} steps")
        return write_svg(self._scene(k % len(self)))

    @property
    def first(self) -> str:
        """The first step as an SVG document."""
        return self.still(0)

    @property
    def last(self) -> str:
        """The last step as an SVG document."""
        return self.still(-1)

    @cached_property
    def film_strip(self) -> str:
        """All steps below one another as one SVG document, for hosts that strip scripts."""
        items: list[Item] = []
        top = 0.0
        width = 0.0
        for k in range(len(self)):
            scene = self._scene(k)
            items += [item.moved(0.0, top, f"f{k}-") for item in scene.items]
            top += scene.height + 8
            width = max(width, scene.width)
        title = f"The {len(self)} steps of {self._graph.title}"
        return write_svg(Scene(width, top, self._look.theme, items, title, self.text))

    # ---- the player ----------------------------------------------------------------------------

    @cached_property
    def html(self) -> str:
        """One self-contained HTML fragment: the player.

        Where scripts are stripped it shows the last step and lists all of them.

        Raises:
            RenderError: Graphviz is missing, failed, or took too long.
        """
        data = [self._data(frame) for frame in self.frames]
        last = self._graph
        svg = inline(write_svg(compose(last, self._drawing.layout, self._look, cells=self._cells)))
        items = "".join([f"<li>{escape(_line(frame))}</li>" for frame in self.frames])
        parts = {"SVG": svg, "COUNT": str(len(self) - 1), "ITEMS": items}
        body = re.sub("|".join(parts), lambda word: parts[word[0]], _BODY)  # in one pass: a label may be one of these words
        script = coloured(_SCRIPT, self._look.theme).replace("DATA", script_json(data))
        label = f"Step by step: {self._graph.title}"
        return fragment(body, theme=self._look.theme, kind="steps", style=_STYLE, script=script, label=label)

    def _data(self, frame: Frame) -> dict[str, Any]:
        edges = []
        if frame.place is not None:
            edges = [k for k, edge in enumerate(self._graph.edges) if edge.head == frame.place]
        changes = []
        for place, kind, number in frame.changes:
            text = short(number, self._look.precision)
            changes.append([place, kind, text if kind == "value" else f"{NABLA} {text}"])
        return {
            "phase": frame.phase, "words": frame.words, "rules": list(frame.rules), "place": frame.place,
            "parents": list(frame.parents), "edges": edges, "changes": changes,
        }  # fmt: skip

    @property
    def text(self) -> str:
        """All steps as plain text, one line each."""
        return "\n".join([f"{k}. {_line(frame)}" for k, frame in enumerate(self.frames, 1)])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the player (.html) or the film strip (.svg) to a file, whole or not at all.

        Args:
            path: where to; its suffix is .html or .svg.

        Returns:
            The path.

        Raises:
            ValueError: the suffix is another one.
            OSError: the file can't be written.
            RenderError: Graphviz is missing, failed, or took too long.
        """
        if check_suffix(path, (".html", ".svg")) == ".html":
            return super().save(path)
        write_whole(path, self.film_strip.encode("utf-8"))
        return Path(path)

    def _about(self) -> tuple[str, str]:
        return f"Step by step: {self._graph.title}", self._look.theme

    def __repr__(self) -> str:
        """What is walked through and how many steps that takes."""
        return f"<viz.Steps of {self._graph.title}: {len(self)} steps>"


def _line(frame: Frame) -> str:
    rules = "; ".join(frame.rules)
    return f"{frame.words} {rules}" if rules else frame.words


def _walk(graph: Graph, names: Sequence[str], look: Look) -> tuple[list[Frame], dict[int, float]]:
    """The steps, and the gradients at the end."""
    leaves = [place for place, node in enumerate(graph.nodes) if node.is_leaf]
    given = [f"{graph.name(place)} = {_number(graph.nodes[place].value, look)}" for place in leaves]
    listed = ", ".join(given[:12]) + (f" and {len(given) - 12} more" if len(given) > 12 else "")
    opening = tuple([(place, "value", known(graph.nodes[place].value)) for place in leaves])
    frames = [Frame("forward", f"The inputs: {listed}." if leaves else "There are no inputs.", changes=opening)]
    for place, node in enumerate(graph.nodes):
        if node.is_leaf:
            continue
        value = known(node.value)
        words = f"{graph.name(place)} = {graph.formula(place)} = {short(value, look.precision)}"
        frames.append(Frame("forward", words, (), place, _parents(graph, place), ((place, "value", value),)))
    root = len(graph.nodes) - 1
    adjoint: dict[int, float] = {root: 1.0}
    opening_words = "The gradient of the result with respect to itself is 1."
    frames.append(Frame("backward", opening_words, (), root, (), ((root, "gradient", 1.0),)))
    for place in range(root, -1, -1):
        if graph.nodes[place].is_leaf or place not in adjoint:
            continue
        rules, changes = _back(graph, place, adjoint, look)
        words = lesson(graph, place, names[place], adjoint[place])
        frames.append(Frame("backward", words, tuple(rules), place, _parents(graph, place), tuple(changes)))
    return frames, adjoint


def _back(graph: Graph, place: int, adjoint: dict[int, float], look: Look) -> tuple[list[str], list[tuple[int, str, float]]]:
    """Let one node pass its gradient on, as the engine does: operand by operand."""
    node = graph.nodes[place]
    upstream = adjoint[place]
    rules = []
    changed: dict[int, float] = {}
    for slot, operand in enumerate(node.operands):
        if type(operand) is not int:
            continue
        local = node.local_gradients[slot] if slot < len(node.local_gradients) else None
        if local is None:
            continue
        part = upstream if local == 1.0 else 0.0 if upstream == 0.0 else upstream * local
        name = graph.name(operand)
        symbol = node.partials[slot] if slot < len(node.partials) else ""
        number = short(local, look.precision)
        middle = f" = {symbol}" if symbol and symbol != number else ""
        rule = f"{NABLA}{name}: upstream {short(upstream, look.precision)} × local {number} = {short(part, look.precision)}"
        rule += f", as d({graph.formula(place)})/d{name}{middle} = {number}"
        if operand in adjoint:
            total = adjoint[operand] + part
            rule += f"; a copy adds up: {short(adjoint[operand], look.precision)} + {short(part, look.precision)} = "
            rule += short(total, look.precision)
            adjoint[operand] = total
        else:
            adjoint[operand] = 0.0 + part  # as the engine adds up: -0.0 becomes 0.0
        rules.append(rule)
        changed[operand] = adjoint[operand]
    return rules, [(operand, "gradient", number) for operand, number in changed.items()]


def _parents(graph: Graph, place: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys([o for o in graph.nodes[place].operands if type(o) is int]))


def _number(number: float | None, look: Look) -> str:
    return "" if number is None else short(number, look.precision)


def _captioned(scene: Scene, heading: str, frame: Frame) -> Scene:
    """A picture with the words of its step below it, broken into lines that fit."""
    columns = max(64, int(scene.width / 7.4))
    lines = [piece for text in (frame.words, *frame.rules) for piece in _broken(text, columns)]
    shapes: list[Any] = [Text(heading, 12, scene.height + 6, 12, "muted", "start", bold=True, role="step")]
    for i, line in enumerate(lines):
        shapes.append(Text(line, 12, scene.height + 26 + 17 * i, 12, "text", "start", role="words"))
    height = scene.height + 26 + 17 * len(lines)
    width = max([scene.width, *[shape.box[2] + 12 for shape in shapes]])
    return replace(scene, width=width, height=height, items=[*scene.items, Item("words", "words", shapes)])


def _broken(text: str, columns: int) -> list[str]:
    lines = [""]
    for word in re.split(r" (?=\S)", text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > columns:
            lines.append("  ")
        lines[-1] += (" " if lines[-1].strip() else "") + word
    return lines


_STYLE = """
S .bar{display:flex;flex-wrap:wrap;gap:6px;align-items:center;margin:10px 0 6px}
S .bar input{flex:1 1 160px;min-width:120px;accent-color:VALUE}
S .bar[hidden]{display:none}
S .count{min-width:11em;text-align:right}
S .words{min-height:3em;margin:6px 0 0;font-size:15px}
S .rules{min-height:3.2em;margin:4px 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px}
S .picture{overflow-x:auto}
S details{margin-top:8px}
S summary{cursor:pointer}
S li{margin:2px 0;overflow-wrap:anywhere}
S .node,S .edge{transition:opacity .2s}
@media (prefers-reduced-motion:reduce){
S .node,S .edge{transition:none}
}
"""

_BODY = """<div class="picture">SVG</div>
<div class="bar" hidden>
<button type="button" data-act="first" aria-label="first step">|◀</button>
<button type="button" data-act="back" aria-label="one step back">◀</button>
<button type="button" data-act="play" aria-label="play">▶ play</button>
<button type="button" data-act="forward" aria-label="one step forward">▶</button>
<button type="button" data-act="last" aria-label="last step">▶|</button>
<input type="range" min="0" max="COUNT" value="COUNT" aria-label="step">
<span class="count m"></span>
</div>
<div class="said" aria-live="polite"><p class="words"></p>
<pre class="rules"></pre></div>
<details open><summary>All steps as text</summary><ol>ITEMS</ol></details>"""

_SCRIPT = """
var frames=DATA,svg=root.querySelector('svg'),k=0,timer=null,marks=[];
var bar=root.querySelector('.bar'),slider=bar.querySelector('input'),count=bar.querySelector('.count');
var words=root.querySelector('.words'),rules=root.querySelector('.rules'),play=bar.querySelector('[data-act=play]');
var nodes={},edges=[],ground=svg.querySelector('rect');
svg.querySelectorAll('[data-node]').forEach(function(n){nodes[n.getAttribute('data-node')]=n});
svg.querySelectorAll('.edge').forEach(function(e){edges[+e.id.replace(/^.*-e/,'')]=e});
bar.hidden=false;root.querySelector('details').open=false;
function write(place,kind,text){var t=nodes[place].querySelector('text.'+kind);if(t)t.textContent=text}
function halo(node,strong){
var b=node.getBBox(),r=document.createElementNS('http://www.w3.org/2000/svg','rect');
r.setAttribute('x',b.x-3);r.setAttribute('y',b.y-3);r.setAttribute('width',b.width+6);r.setAttribute('height',b.height+6);
r.setAttribute('rx',8);r.setAttribute('fill',strong?'CHANGED':'none');r.setAttribute('stroke','TEXT');
r.setAttribute('stroke-width',strong?1.5:1);if(!strong)r.setAttribute('stroke-dasharray','4 3');
ground.parentNode.insertBefore(r,ground.nextSibling);marks.push(r)}
function show(to){
k=Math.max(0,Math.min(frames.length-1,to));
marks.forEach(function(m){m.parentNode.removeChild(m)});marks=[];
var known={};
for(var p in nodes){write(p,'value','');write(p,'gradient','')}
for(var i=0;i<=k;i++)frames[i].changes.forEach(function(c){write(c[0],c[1],c[2]);known[c[0]]=1});
var f=frames[k];
for(var q in nodes)nodes[q].style.opacity=known[q]?'':'.35';
edges.forEach(function(e,j){var on=f.edges.indexOf(j)>=0,a=e.getAttribute('data-from'),b=e.getAttribute('data-to');
e.style.opacity=known[b]?'':'.25';
e.querySelectorAll('path').forEach(function(s){s.style.stroke=on?(f.phase==='forward'?'VALUE':'GRADIENT'):'';s.style.strokeWidth=on?'3':''});
e.querySelectorAll('polygon').forEach(function(s){s.style.fill=on?(f.phase==='forward'?'VALUE':'GRADIENT'):''})});
if(f.place!==null)halo(nodes[f.place],true);
f.parents.forEach(function(p){if(p!==f.place)halo(nodes[p],false)});
words.textContent=f.words;rules.textContent=f.rules.join('\\n');
count.textContent=f.phase+', step '+(k+1)+' of '+frames.length;
slider.value=k;slider.setAttribute('aria-valuetext',count.textContent);
bar.querySelector('[data-act=first]').disabled=bar.querySelector('[data-act=back]').disabled=k===0;
bar.querySelector('[data-act=last]').disabled=bar.querySelector('[data-act=forward]').disabled=k===frames.length-1;
root.setAttribute('data-step',k)}
function stop(){if(timer)clearInterval(timer);timer=null;play.textContent='▶ play';play.setAttribute('aria-label','play')}
function toggle(){if(timer){stop();return}
if(k===frames.length-1)show(0);
play.textContent='❚❚ pause';play.setAttribute('aria-label','pause');
timer=setInterval(function(){if(!root.isConnected||k===frames.length-1){stop();return}show(k+1);if(k===frames.length-1)stop()},1400)}
function act(what){if(what==='play'){toggle();return}stop();
show(what==='first'?0:what==='last'?frames.length-1:what==='back'?k-1:k+1)}
bar.querySelectorAll('button').forEach(function(b){b.addEventListener('click',function(){act(b.getAttribute('data-act'))})});
slider.addEventListener('input',function(){stop();show(+slider.value)});
root.tabIndex=0;
root.addEventListener('keydown',function(e){
var what={ArrowRight:'forward',ArrowLeft:'back',Home:'first',End:'last',' ':'play'}[e.key];
if(!what||e.ctrlKey||e.metaKey||e.altKey||(e.key===' '&&e.target!==root))return;
e.preventDefault();e.stopPropagation();act(what)});
show(0);
"""
