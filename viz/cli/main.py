"""The command line: options, the run from text to table and picture, and what is said when something is wrong."""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, NoReturn

import autograd
from autograd.program import program_of

from ..files import FORMATS, check_suffix
from ..graph.folding import DEFAULT
from ..languages import LANGUAGES
from ..layout.look import DIRECTIONS, STYLES
from ..scene.graphviz import RenderError
from ..scene.themes import THEMES
from ..text import shortened, visible
from ..views.drawing import draw
from ..views.explain import Explanation, explain
from ..views.play import play
from ..views.steps import steps
from .errors import CommandError
from .language import MAX_CHAIN, MAX_DEPTH, MAX_NODES, Program, parse_inputs, run
from .source import MAX_CHARACTERS
from .table import as_json, as_table

__all__ = ["main"]

LANGUAGES_OF_CODE = ("c", "javascript", "python")
BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended

_DESCRIPTION = """\
Compute an expression, and the derivative of its result with respect to every node on the way.
Prints a table of values and gradients and draws the graph."""

_EPILOG = f"""\
examples:
  glassgrad "(x + y) * z" x=-2 y=5 z=-4
  glassgrad "q = x + y; f = q * z" x=-2 y=5 z=-4 -o lecture.svg
  echo "sigmoid(w * x + b)" | glassgrad - w=2 x=-1 b=1 --all --no-picture
  glassgrad -f neuron.txt w=2 x=-1 --json
  glassgrad "x * x + x" x=3 --explain x --steps walk.html --style boxes --theme dark
  glassgrad "(w * x - t) ** 2" w=3 x=2 t=1 --play page.html
  glassgrad "sin(x) * y" x=1 y=2 --source c

the language:
  Statements are separated by ; or newlines: name = expression, or an expression. The last one is the result.
  There are names, numbers, + - * / ** %, parentheses and calls: exp(x), max(x, y), sum([x, y, z]),
  dot([a, b], [c, d]), softmax([x, y])[0], leaky_relu(x, negative_slope=0.1).
  A name is assigned once. A number with a name (w = 2) is a node and has a gradient.
  pi and e are constants, unless you give them other numbers.
  At most {MAX_NODES:,} operations, names and numbers, {MAX_DEPTH} levels deep, {MAX_CHAIN:,} terms in one chain,
  {MAX_CHARACTERS:,} characters.

output:
  A gradient - means that the result does not depend on the node. In JSON that is null, and nan and infinite
  numbers are the strings "nan", "inf" and "-inf". Colour is used on a terminal only, unless NO_COLOR is set.

exit status: 0 if all went well, 2 if the input was bad or the picture could not be written."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}; glassgrad --help shows how to call it")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help like everything else, so that a full device is noticed."""
        del file
        _print(message.rstrip("\n"))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="glassgrad",
        usage='glassgrad "EXPRESSION" [NAME=NUMBER ...] [options]',
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar='"EXPRESSION" NAME=NUMBER ...',
        help="the statements in quotes, or - to read them from standard input; then a number for each input",
    )
    parser.add_argument("-f", "--file", metavar="FILE", help="read the statements from a file")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help=f"where the picture goes: {', '.join(FORMATS)} (default: graph.svg)"
    )
    parser.add_argument("--style", choices=STYLES, default="circuit", help="round gates and wires, or boxes (default: circuit)")
    parser.add_argument("--theme", choices=tuple(THEMES), default="light", help="the picture's colours (default: light)")
    parser.add_argument(
        "--direction", choices=DIRECTIONS, help="where the results are (default: LR, at the right; with --width in px also TB)"
    )
    parser.add_argument(
        "--precision", type=int, metavar="DIGITS", default=4, help="digits of the picture's numbers (default: 4)"
    )
    parser.add_argument(
        "--language", choices=LANGUAGES, default="en", help="the words of picture, pages and --explain (default: en)"
    )
    parser.add_argument("--local-gradients", action="store_true", help="write the local gradient on every edge of the picture")
    parser.add_argument("--path", metavar="NAME", help="fade what does not lie between this node and the result")
    parser.add_argument(
        "--max-nodes", type=int, metavar="N", help=f"fold what is more (default: {DEFAULT}, what a page has room for)"
    )
    parser.add_argument(
        "--open",
        action="append",
        metavar="NAME",
        help="open a box or a stack of the picture, as it is called there; several times",
    )
    parser.add_argument("--scale", type=float, metavar="FACTOR", default=1.0, help="how large the picture is (default: 1)")
    parser.add_argument("--font-size", type=float, metavar="POINTS", help="how large its numbers are, as 14 for slides")
    parser.add_argument(
        "--width", type=_width, metavar="CM",
        help="how wide it is; with --font-size at most, in as many rows as that takes. In pixels, as 850px: what it should "
        "fit, flowing down or in rows if need be",
    )  # fmt: skip
    parser.add_argument("--dpi", type=int, metavar="DOTS", help="dots per inch of a .png")
    parser.add_argument("--steps", metavar="FILE", help="write a page that walks forward and backward, step by step (.html)")
    parser.add_argument(
        "--play", metavar="FILE", help="write a page on which the inputs can be changed and all follows (.html)"
    )
    parser.add_argument("--explain", metavar="NAME", help="say why the gradient of this node is what it is, path by path")
    parser.add_argument("--no-picture", action="store_true", help="draw nothing")
    parser.add_argument("--all", action="store_true", help="show nodes without a name as well")
    parser.add_argument("--source", choices=LANGUAGES_OF_CODE, help="print a program that computes value and gradients instead")
    parser.add_argument("--json", action="store_true", help="print JSON with all digits instead of the table")
    parser.add_argument("--version", action="store_true", help="print the version and the engine, and stop")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the words after the command's name; those of this process if None.

    Returns:
        The exit status: 0, 2 for bad input or an unwritable picture, 130 when interrupted.
    """
    try:
        return _main(sys.argv[1:] if argv is None else list(argv))
    except CommandError as error:
        _complain(f"glassgrad: {error}")
        return BAD_INPUT
    except BrokenPipeError:
        _let_go_of(sys.stdout)
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:  # argparse, after --help
        return int(stop.code or 0)


def _main(argv: list[str]) -> int:
    parser = _parser()
    given, words = _sorted_out(argv, parser)
    options = parser.parse_args(given)
    options.words = words
    if options.version:
        _print(f"glassgrad {_version()}, {autograd.engine()} engine")
        return 0
    output = _output(options)
    for page in (options.steps, options.play):
        if page is not None:
            _check_name(page, (".html",), "page")
    text, words = _statements(options)
    inputs = parse_inputs(words)
    program = run(text, inputs)
    if options.source is not None:
        _print(_code(program, [*inputs], options))
        return 0
    _differentiate(program)
    explanation = _explained(program, options.explain, options.language)
    if output is not None:
        _draw(program, output, options)
    if options.steps is not None:
        _walk(program, options)
    if options.play is not None:
        _play(program, options)
    if options.json:
        pages = {"steps": options.steps, "play": options.play}
        _print(as_json(program, output, everything=options.all, pages=pages, explanation=explanation))
        return 0
    lines = [as_table(program, everything=options.all, colour=_wants_colour(sys.stdout))]
    if explanation is not None:
        lines += ["", str(explanation), ""]
    if output is not None:
        lines.append(f"picture: {visible(output)}")
    if options.steps is not None:
        lines.append(f"steps: {visible(options.steps)}")
    if options.play is not None:
        lines.append(f"play: {visible(options.play)}")
    _print("\n".join(lines).rstrip())
    return 0


def _code(program: Program, names: Sequence[str], options: argparse.Namespace) -> str:
    """The statements as a program in a language: the inputs are its arguments, and then numbers that have a name."""
    for option in ("json", "steps", "play", "explain", "output"):
        if getattr(options, option):
            raise CommandError(f"--source prints a program and nothing else; leave --{option} out, or --source")
    inputs = [_named(program, "--source", name) for name in names]
    return program_of([program.result.value], inputs).source(options.source).rstrip("\n")


def _sorted_out(argv: Sequence[str], parser: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """Separate the options and their values from the expression, which may begin with a minus, and the inputs."""
    known = {name: action for action in parser._actions for name in action.option_strings}
    given: list[str] = []
    words: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            words += rest
            break
        if word in known and known[word].nargs is None and rest and rest[0].split("=")[0] not in known:
            given.append(f"{word}={rest.pop(0)}")  # joined, so that a value may begin with a minus
        elif word.split("=")[0] in known:
            given.append(word)
        elif _is_joined(word):
            given.append(f"{word[:2]}={word[2:]}")
        else:
            words.append(word)
    if len(words) == 1:
        near = difflib.get_close_matches(words[0], known, 1, 0.8) if words[0].startswith("--") else []
        if near:
            shown = visible(words[0])
            raise CommandError(f"{shown} is not an option; the nearest is {near[0]}, and glassgrad --help lists all")
    return given, words


def _is_joined(word: str) -> bool:
    """Whether a word is a short option with its file, as -ograph.svg; -o*2 is an expression."""
    name = word[2:]
    return (word.startswith("-o") and name.lower().endswith(FORMATS)) or (word.startswith("-f") and os.path.isfile(name))


def _version() -> str:
    try:
        return importlib.metadata.version("glassgrad")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed; run from its source)"


def _output(options: argparse.Namespace) -> str | None:
    if options.no_picture:
        if options.output is not None:
            raise CommandError("-o names a picture and --no-picture wants none; give one of them")
        return None
    output: str = "graph.svg" if options.output is None else options.output
    _check_name(output, FORMATS, "picture")
    return output


def _check_name(name: str, known: Sequence[str], what: str) -> None:
    try:
        check_suffix(name, known)
    except ValueError as error:
        raise CommandError(visible(str(error))) from None
    if "\0" in name:
        raise CommandError(f"the {what}'s name holds a null byte")


def _statements(options: argparse.Namespace) -> tuple[str, list[str]]:
    words: list[str] = options.words
    inputs = words if options.file is not None else words[1:]
    for word in inputs:
        if word.startswith("-"):
            shown = visible(repr(shortened(word, 60))[1:-1])
            raise CommandError(f"{shown} is not an option, and inputs are written name=number; see glassgrad --help")
    if options.file is not None:
        return _read(options.file), inputs
    if not words:
        raise CommandError('there is no expression; write one in quotes, such as glassgrad "(x + y) * z" x=-2 y=5 z=-4')
    if words[0].startswith("--") and inputs and "=" not in inputs[0]:
        raise CommandError(f"{visible(shortened(words[0], 60))} is not an option; glassgrad --help lists the options")
    return _read("-") if words[0] == "-" else words[0], inputs


def _read(name: str) -> str:
    limit = 4 * MAX_CHARACTERS + 4  # bytes; a character takes at most four
    where = "standard input" if name == "-" else visible(repr(name)[1:-1])
    try:
        if name == "-":
            if sys.stdin is None:
                raise CommandError("standard input is closed")
            stream: Any = getattr(sys.stdin, "buffer", sys.stdin)
            data = stream.read(limit)
        else:
            with open(name, "rb") as file:
                data = file.read(limit)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name, or a closed stream
        raise CommandError(f"can't read {where}: {_reason(error)}") from None
    if isinstance(data, str):
        return data
    try:
        return bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) == limit:  # cut in the middle of a character: too long, which is said elsewhere
            return bytes(data).decode("utf-8", "replace")
        raise CommandError(f"{where} is not UTF-8 text: byte {error.start} is wrong") from None


def _differentiate(program: Program) -> None:
    try:
        program.result.value.backward()
    except (ArithmeticError, ValueError) as error:
        raise CommandError(f"can't compute the gradients: {visible(str(error))}") from None


def _explained(program: Program, name: str | None, language: str) -> Explanation | None:
    if name is None:
        return None
    node = _named(program, "--explain", name)
    try:
        return explain(program.result.value, node, language=language)
    except ValueError:
        raise CommandError(f"--explain {visible(name)}: the result does not depend on it, so its gradient is 0") from None


def _named(program: Program, option: str, name: str) -> Any:
    """The node that an option names."""
    named = {row.name: row.value for row in program.rows if row.name}
    if name not in named:
        raise CommandError(f"{option} {visible(name)}: no node has this name; there are {', '.join(map(visible, named))}")
    return named[name]


def _walk(program: Program, options: argparse.Namespace) -> None:
    look = {name: getattr(options, name) for name in ("style", "theme", "precision", "language")}
    look["direction"] = options.direction or "LR"
    with _written("steps", options.steps, "leave --steps out"):
        steps(program.result.value, **look).save(options.steps)


def _play(program: Program, options: argparse.Namespace) -> None:
    names = ("style", "theme", "direction", "precision", "max_nodes", "language")
    look = {name: getattr(options, name) for name in names}
    with _written("page", options.play, "leave --play out"):
        play(program.result.value, open=options.open or False, **look).save(options.play)


def _width(text: str) -> float | int:
    """The argument of --width: a whole number for pixels, any other for centimetres.

    >>> _width("850px"), _width("25")
    (850, 25.0)
    """
    try:
        return int(text[:-2]) if text.endswith("px") else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither centimetres, as 12.5, nor pixels, as 850px") from None


def _draw(program: Program, output: str, options: argparse.Namespace) -> None:
    names = ("style", "theme", "direction", "precision", "local_gradients", "max_nodes", "language")
    look = {name: getattr(options, name) for name in names}
    size = {name: getattr(options, name) for name in ("scale", "dpi", "font_size")}
    (look if isinstance(options.width, int) else size)["width"] = options.width
    path = None if options.path is None else _named(program, "--path", options.path)
    with _written("picture", output, "use --no-picture"), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        draw(program.result.value, path=path, open=options.open or False, **look).save(output, **size)
    for warning in told:
        _complain(f"glassgrad: {visible(str(warning.message))}")


@contextmanager
def _written(what: str, name: str, otherwise: str) -> Iterator[None]:
    """Turn what goes wrong while a file is made into a message."""
    try:
        yield
    except RenderError as error:
        raise CommandError(f"{visible(str(error))}; or {otherwise}") from None
    except ValueError as error:
        raise CommandError(f"the {what} {visible(name)}: {visible(str(error))}") from None
    except OSError as error:
        raise CommandError(f"can't write the {what} {visible(name)}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return visible(getattr(error, "strerror", None) or str(error))


def _wants_colour(stream: IO[str]) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _print(text: str) -> None:
    if sys.stdout is None:
        raise CommandError("standard output is closed")
    try:
        _say(sys.stdout, text)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        _let_go_of(sys.stdout)
        raise CommandError(f"can't write to standard output: {_reason(error)}") from None


def _complain(text: str) -> None:
    """Print the error; if that fails, the exit status alone tells it."""
    if sys.stderr is None:
        return
    try:
        _say(sys.stderr, text)
    except (OSError, ValueError):
        _let_go_of(sys.stderr)


def _say(stream: IO[str], text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal that can't show a letter gets it spelled out instead of a traceback.
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def _let_go_of(stream: IO[str]) -> None:
    """Python flushes what is left once more as it ends; let that go nowhere and say nothing."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):
        pass
