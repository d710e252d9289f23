"""Each language says everything that English says, in the same places, and nothing else."""

from __future__ import annotations

import ast
import html
import inspect
import itertools
import json
import os
import re
import string
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import looks
import pytest

import autograd as ag
import viz
from viz import languages
from viz.cli.main import main
from viz.graph.model import Graph
from viz.graph.reading import read
from viz.languages import LANGUAGES, say
from viz.views.drawing import Drawing
from viz.views.view import HTMLView

ROOT = Path(viz.__file__).parent
OTHERS = [name for name in LANGUAGES if name != "en"]
CATALOGUES = {name: json.loads((ROOT / "languages" / f"{name}.json").read_text(encoding="utf-8")) for name in OTHERS}
WORD = re.compile("[A-Za-z]+")
VIEWS = (viz.draw, viz.steps, viz.explain, viz.compare, viz.play)


def calls() -> Iterator[tuple[str, set[str]]]:
    """Each sentence that is said in the source, with the names of the parts that it is given."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "say":
                words = [
                    leaf for leaf in ast.walk(node.args[-1]) if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                ]
                if path.parent.name != "languages" and "sentence" not in ast.unparse(node.args[-1]):
                    assert words, f"{path.name}: {ast.unparse(node)} says what can't be found here"
                for leaf in words:
                    yield leaf.value, {str(word.arg) for word in node.keywords}


def in_files() -> set[str]:
    """The words that HTML and JavaScript have in double braces."""
    files = [path for path in ROOT.rglob("*") if path.suffix in (".html", ".js")]
    return {words for path in files for words in re.findall(r"\{\{(.+?)\}\}", path.read_text(encoding="utf-8"))}


def parts_of(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def net(label: str = "x") -> Any:
    """A graph with most kinds of nodes: products, copies, gates, a constant."""
    x, y = ag.Value(3.0, label=label), ag.Value(-4.0, label="y")
    f = (x * y).maximum(x).relu() * 2.0 + (x - y) + ag.mean([x, y]) + x.tanh()
    f.label = "f"
    return f


def everything(language: str) -> list[str]:
    """All that the views say of one graph, in a language."""
    f = net()
    x = next(value for value in ag.topological_order(f) if value.label == "x")
    walk = viz.steps(f, language=language)
    told = viz.explain(f, x, max_paths=2, language=language)
    early = viz.draw(f, language=language)
    f.backward()
    late = viz.draw(f, language=language, local_gradients=True)
    both = viz.compare(early, late, language=language)
    views = (walk.page, walk.text, walk.film_strip.svg, told.page, told.text, both.text, both.drawing.svg)
    return [*views, *(part for drawing in (early, late) for part in (drawing.text, drawing.dot, drawing.interactive().page))]


@pytest.mark.parametrize("language", OTHERS)
def test_each_catalogue_is_complete_and_has_nothing_stale(language: str) -> None:
    """A catalogue's keys are exactly the sentences that the source, the HTML and the scripts can say."""
    said = {sentence for sentence, _ in calls()} | in_files()
    assert len(said) > 100
    assert set(CATALOGUES[language]) == said


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_parts_of_its_sentence(language: str) -> None:
    """The names in braces are the same in both, and outer blanks too where pieces are joined."""
    for sentence, translation in CATALOGUES[language].items():
        assert translation.strip(), sentence
        assert parts_of(sentence) == parts_of(translation), sentence


def test_a_sentence_is_given_all_its_parts() -> None:
    """Each call that says a sentence hands over the parts that it names."""
    for sentence, given in calls():
        assert parts_of(sentence) <= given, sentence


@pytest.mark.parametrize("language", OTHERS)
def test_words_in_files_need_no_escape(language: str) -> None:
    """What goes into an attribute of HTML or a string of JavaScript has no quote, backslash or bracket."""
    for words in in_files():
        assert not parts_of(words)
        assert not set(CATALOGUES[language][words]) & set("'\"\\<>&\n"), words


@pytest.mark.parametrize("language", OTHERS)
def test_the_legend_stays_in_two_parts(language: str) -> None:
    """The legend is drawn as two texts in two colours, which a comma sets apart; no part has one itself."""
    for words in ("value above", "∇ gradient below", "value left of the wire", "∇ gradient right of it"):
        assert "," not in CATALOGUES[language][words]


def test_korean_has_no_particle_beside_a_name() -> None:
    """Particles whose form depends on the sound before them (은/는, 이/가, 을/를, 과/와, 으로/로) never follow a part."""
    for translation in CATALOGUES["ko"].values():
        assert not re.search(
            r"\}(은|는|이|가|을|를|과|와|으로|로|이나|나|이며|며|이고|고|아|야|이란|란)(?![가-힣])", translation
        )


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_english_is_the_default(view: Callable[..., Any]) -> None:
    """Each view takes `language`, by name, and it is English."""
    parameter = inspect.signature(view).parameters["language"]
    assert (parameter.kind, parameter.default) == (inspect.Parameter.KEYWORD_ONLY, "en")


@pytest.mark.parametrize("language", ["fr", "EN", "", None, 3, ["ko"]])
def test_an_unknown_language_is_an_error(language: Any) -> None:
    """The message has what was given and names the known languages; nothing is drawn."""
    f = net()
    for make in (
        lambda: viz.draw(f, language=language),
        lambda: viz.steps(f, language=language),
        lambda: viz.explain(f, f, language=language),
        lambda: viz.compare(f, f, language=language),
        lambda: viz.compare(viz.draw(f), viz.draw(f), language=language),
    ):
        with pytest.raises(ValueError, match=r"^language=.* is unknown; it is one of 'de', 'en', 'ko'$"):
            make()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_names_its_language(language: str) -> None:
    """``lang`` is on the page, and on the fragment where a notebook's page may have another."""
    f = net()
    for view in (
        viz.steps(f, language=language),
        viz.explain(f, f, language=language),
        viz.draw(f, language=language).interactive(),
    ):
        assert f'<html lang="{language}">' in view.page
        assert (f' lang="{language}"' in view.html) == (language != "en")


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left(language: str) -> None:
    """No sentence of more than one word that has a translation of its own is seen in a view of another language."""
    seen = html.unescape("\n".join(everything(language)))
    english = html.unescape("\n".join(everything("en")))
    found = 0
    for sentence, translation in CATALOGUES[language].items():
        for piece in re.split(r"\{.*?\}", sentence):
            if len(re.findall("[A-Za-z]{2,}", piece)) > 1 and piece not in translation and piece in english:
                found += 1
                assert piece not in seen
    assert found > 20


@pytest.mark.parametrize("language", OTHERS)
def test_the_numbers_and_the_structure_are_the_same(language: str) -> None:
    """A language changes words only: steps, what they write and where, gradients and paths stay."""
    f = net()
    english, other = viz.steps(f), viz.steps(f, language=language)
    assert [frame.phase for frame in english.frames] == [frame.phase for frame in other.frames]
    assert [(a.place, a.parents, a.changes) for a in english.frames] == [(b.place, b.parents, b.changes) for b in other.frames]
    assert all(a.words != b.words for a, b in itertools.islice(zip(english.frames, other.frames, strict=True), 1))
    a, b = viz.explain(f, f), viz.explain(f, f, language=language)
    assert (a.gradient, a.paths, a.path_count) == (b.gradient, b.paths, b.path_count)


def test_what_a_walk_says() -> None:
    """A product, a copy and the inputs, in German and in Korean."""
    x = ag.Value(3.0, label="x")
    f = x * x
    assert viz.steps(f, language="de").text.splitlines() == [
        "1. Die Eingaben: x = 3.",
        "2. #2 = x * x = 9",
        "3. Die Ableitung des Ergebnisses nach sich selbst ist 1.",
        "4. Ein Produkt vertauscht seine Eingänge, und hier sind beide x: also zweimal der eingehende Gradient mal x. "
        "∇x: eingehend 1 × lokal 3 = 3, denn d(x * x)/dx = x = 3; "
        "∇x: eingehend 1 × lokal 3 = 3, denn d(x * x)/dx = x = 3; mehrfach verwendet, also addiert: 3 + 3 = 6",
    ]
    assert viz.steps(f, language="ko").text.splitlines()[:3] == [
        "1. 입력: x = 3.",
        "2. #2 = x * x = 9",
        "3. 결과를 자기 자신으로 미분한 기울기는 1입니다.",
    ]
    assert "step 2 of 4, forward" in viz.steps(f).still(1).svg
    assert "Schritt 2 von 4, Vorwärtslauf" in viz.steps(f, language="de").still(1).svg
    assert "4단계 중 2단계, 순전파" in viz.steps(f, language="ko").still(1).svg


def test_a_comparison_speaks_one_language() -> None:
    """The picture and the table are in the language asked for, also where drawings of another are compared."""
    f = net()
    before = viz.draw(f)
    f.backward()
    text = str(viz.compare(before, f, language="ko"))
    assert text.splitlines()[0].split() == ["노드", "값", "기울기"]
    assert text.splitlines()[-1].endswith("바뀌었습니다")
    assert "아직 없음 -> " in text


def test_a_label_is_never_translated(still_of: Callable[[str], str]) -> None:
    """A label that looks like a word of ours, or like a part in braces, stays as it is."""
    for label in ("play", "value", "{names}", "{{play}}", "leaf"):
        page = viz.steps(net(label), language="ko").page
        assert f">{label}</text>" in still_of(page)
        assert f"{label} = 3" in page


@pytest.mark.graphviz
def test_the_command_has_a_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--language`` is for the picture, ``--steps`` and ``--explain``; an unknown one is refused with the known ones."""
    page, picture = tmp_path / "walk.html", tmp_path / "f.svg"
    words = ["x * y", "x=3", "y=4", "--explain", "x", "--steps", str(page), "-o", str(picture)]
    assert main([*words, "--language", "de"]) == 0
    assert "der einzige Pfad von x nach" in capsys.readouterr().out
    assert '<html lang="de">' in page.read_text(encoding="utf-8")
    assert "Wert oben" in picture.read_text(encoding="utf-8")
    assert main([*words, "--language", "fr"]) == 2
    told = capsys.readouterr().err
    assert all(repr(name) in told or name in told for name in LANGUAGES)


def test_one_says_what_is_in_the_catalogue() -> None:
    """A number of many digits is written as the language writes it; names are put in as they are."""
    assert say("en", "{count:,} nodes", count=12345) == "12,345 nodes"
    assert say("de", "{count:,} nodes", count=12345) == "12345 Knoten"
    assert say("ko", "{names} and {last}", names="{x}", last="y") == "{x}, y"


def test_the_catalogues_are_read_from_an_archive(tmp_path: Path) -> None:
    """A package in a zip file, as zipapps have it, knows the same languages; and the build is told to pack the catalogues."""
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted((ROOT / "languages").glob("*.*")):
            packed.write(path, f"languages/{path.name}")
    script = "import languages; print(languages.__file__, *languages.LANGUAGES, languages.say('ko', 'pause'), sep='\\n')"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", cwd=tmp_path, check=False,
        env=os.environ | {"PYTHONPATH": str(archive), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    where, *known, words = run.stdout.splitlines()
    assert "packed.zip" in where
    assert known == list(LANGUAGES)
    assert words == CATALOGUES["ko"]["pause"]
    project = ROOT.parent / "pyproject.toml"
    if project.exists():
        setuptools = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["setuptools"]
        assert "viz.languages" in setuptools["packages"]
        assert setuptools["package-data"]["viz.languages"] == ["*.json"]


class Unreadable(dict[str, str]):
    """A catalogue for any sentence, which leaves no letter of it: what can still be read was not translated."""

    def __missing__(self, sentence: str) -> str:
        """Dots for letters; the parts stay."""
        pieces = re.split(r"(\{.*?\})", sentence)
        return "".join([piece if piece.startswith("{") else re.sub("[A-Za-z]", "·", piece) for piece in pieces])


def users_words(graph: Graph) -> set[str]:
    """What is in no language: labels, groups, operations and formulas."""
    texts = [graph.formula(place) for place in range(len(graph.nodes))]
    for node in graph.nodes:
        fold = (node.fold.name, *node.fold.leaves) if node.fold is not None else ()
        texts += [node.label, node.symbol, *node.groups, *node.partials, *fold, *([node.op.name] if node.op else [])]
    return {"nan", "inf", "max", "min", *WORD.findall(" ".join(texts))}


def words_in(page: str) -> set[str]:
    """The words that a page or picture shows or reads out."""
    page = re.sub(r"<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    spoken = re.findall(r'aria-label="(.*?)"', page)
    shown = re.sub(r"<.*?>", " ", page, flags=re.DOTALL)
    return set(WORD.findall(html.unescape(" ".join([shown, *spoken]))))


def untranslated(seen: set[str], known: set[str]) -> set[str]:
    """The words that are not the user's own; of these a long one may be cut, and ``dx`` is written for x."""
    mine = [*known, *(f"d{word}" for word in known)]
    return {word for word in seen if len(word) > 1 and not any(own.startswith(word) for own in mine)}


@pytest.mark.parametrize("name", looks.LOOKS)
def test_every_word_of_a_picture_is_translated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a language without letters, all that can be read in a picture, its table and its page are the user's own words."""
    monkeypatch.setattr(languages, "_catalogue", lambda language: Unreadable())
    picture = looks.LOOKS[name]()
    graph = replace(picture.graph, language="xx", remark="", outdated="")
    drawing = Drawing(graph, picture.look)
    seen = words_in(drawing.svg) | words_in(drawing.interactive().page) | set(WORD.findall(str(drawing)))
    assert untranslated(seen, users_words(graph) | users_words(drawing.drawn)) == set()


def test_every_word_of_the_other_views_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of players, explanations, comparisons and remarks, also of long ones."""
    monkeypatch.setattr(languages, "_catalogue", lambda language: Unreadable())
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "xx"))
    xs = [ag.Value(float(i), label=f"v{i}") for i in range(70)]
    wide = ag.sum(xs)
    f = net()
    x, stale = f, ag.Value(2.0, label="s")
    while x.parents:
        x = x.parents[0]
    power = x
    for _ in range(90):
        power = power + power
    late = stale * stale
    stale.data = 5.0
    views = [
        *(viz.steps(g, language="xx") for g in (f, wide, ag.Value(1.0, label="v"), 0 - x.relu())),
        *(viz.explain(g, y, max_paths=2, language="xx") for g, y in ((f, x), (f, f), (wide, xs[0]), (power, x))),
        viz.compare(f, f, language="xx"), viz.compare(wide, wide, language="xx"), viz.compare(late, late, language="xx"),
        viz.draw(late, language="xx"), viz.explain(late, stale, language="xx"),
    ]  # fmt: skip
    for view in views:
        known = set().union(*[users_words(read(g)) for g in (f, wide, late)], {"relu", "ReLU"})
        page = view.page if isinstance(view, HTMLView) else view.svg
        assert untranslated(words_in(page) | set(WORD.findall(view.text)), known) == set()
        if isinstance(view, viz.Steps):
            assert untranslated(words_in(view.last.svg) | words_in(view.film_strip.svg), known) == set()
