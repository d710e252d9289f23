"""Mathematics as people write it on paper, and the line that the command reads instead.

``2x^2 + |ln(y)|`` becomes ``2*x**2 + abs(log(y))``. Nothing is computed from such a text: the error shows the line to write.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass

from ..text import shortened, visible

__all__ = ["Slip", "find_slip"]

LONGEST_LINE = 300  # columns of a corrected line that are shown

# What books, calculators and other languages call a function, where autograd has another name for it.
_FUNCTIONS = {"arctg": "arctan", "fabs": "abs", "lg": "log10", "ln": "log", "pow": "power", "tg": "tan"}
_SIGNS = {"^": "**", "²": "**2", "³": "**3", "×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-"}
_POWERS = ("^", "**", "²", "³")
_TOKENS = re.compile(
    r"(?P<blank>\\\n|\s|#[^\n]*)"
    r"|(?P<number>0[xXbBoO][0-9a-fA-F]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?(?:[jJ](?!\w))?)"
    r"|(?P<name>(?![²³])[^\W0-9](?:(?![²³])\w)*)"
    r"|(?P<sign>\*\*|//|.)"
)


@dataclass(frozen=True)
class Slip:
    """The first thing in a text that is written in another way here.

    Attributes:
        message: what was found, and the line to write.
        line: the line where it was found, counted from 1.
        column: its place in the line, in characters from 0.
    """

    message: str
    line: int
    column: int


def find_slip(text: str, given: Collection[str], constants: Collection[str], functions: Collection[str]) -> Slip | None:
    """Find what a refused text says as people write it on paper: ``2x``, ``x^2``, ``|x|``, ``ln(x)``, ``x²``, ``2·x``.

    Args:
        text: the statements.
        given: the names of the inputs.
        constants: the names of known constants.
        functions: the names of functions.

    Returns:
        The first of these, with its line as the command reads it; None if there is none, or if the text can't be read
        for another reason as well.

    >>> slip = find_slip("q = 2x^2", ["x"], ["pi"], ["exp"])
    >>> slip.message, slip.line, slip.column
    ("a product needs its *: write 'q = 2*x**2'", 1, 5)
    """
    given = {*given, *re.findall(r"(?<!\w)([^\W0-9]\w*)[ \t]*=(?!=)", text)}
    found = _rewritten(text, given, constants, functions)
    if found is None or not found.reason or not _can_be_read(found.text):
        return None
    line = text.count("\n", 0, found.place)
    texts = [found.text]
    if found.divided:
        grouped = _rewritten(text, given, constants, functions, grouping=True)
        texts += [grouped.text] if grouped is not None else []
    lines = [visible(shortened(one.split("\n")[line].strip(), LONGEST_LINE)) for one in texts]
    listed = " or ".join(f"'{one}'" for one in lines)
    return Slip(f"{found.reason} {listed}", line + 1, found.place - (text.rfind("\n", 0, found.place) + 1))


def _can_be_read(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


@dataclass
class _Rewritten:
    """A text put right, and the first thing that was wrong with it.

    Attributes:
        text: the corrected text; it has the lines of the original.
        reason: what was found first, up to the word before the line to write; empty if nothing was.
        place: where in the original text that is.
        divided: whether something such as 1/2x is in it, which people mean in two ways.
    """

    text: str = ""
    reason: str = ""
    place: int = 0
    divided: bool = False

    def note(self, reason: str, place: int) -> None:
        if not self.reason:
            self.reason, self.place = reason, place


def _rewritten(
    text: str, given: Collection[str], constants: Collection[str], functions: Collection[str], *, grouping: bool = False
) -> _Rewritten | None:
    """Put every slip right; None where parentheses or bars don't match, or something else stands in the text.

    With ``grouping`` a product without its sign is one divisor: 1/2x becomes 1/(2*x), and not 1/2*x.
    """
    tokens = [(str(m.lastgroup), m.group(), m.start()) for m in _TOKENS.finditer(text)]
    following = iter([word for kind, word, _ in tokens if kind != "blank"][1:])
    numbers = {*given, *constants}
    found = _Rewritten()
    pieces: list[str] = []
    blanks: list[str] = []  # since the last piece
    closers: list[str] = []  # what ends each open parenthesis, bracket or bar
    group: int | None = None  # how many of these were open where a divisor of several factors began
    complete = False  # whether an operand has just ended, so that an operator must follow
    before = last = ""
    end = 0  # of the last word
    for kind, word, place in [*tokens, ("end", "", len(text))]:
        if kind == "blank":
            blanks.append(word)
            complete = complete and (word != "\n" or bool(closers))
            continue
        after = next(following, "")
        if word in ("'", '"', "@", ":", ".", "{", "}") or keyword.iskeyword(word) or (complete and kind == "number"):
            return None
        closes = word == "|" and complete and closers[-1:] == ["|"]
        opens = (word == "|" and not closes) or (word == "(" and after != ")")
        if complete and (kind == "name" or opens):
            found.note("a product needs its *: write", end)
            if before == "/":
                found.divided = True
                if grouping and group is None:
                    pieces[-1], group = f"({pieces[-1]}", len(closers)
            pieces.append("*")
            blanks = [blank for blank in blanks if blank not in " \t"]
        elif group == len(closers) and word not in (*_POWERS, "(", "[") and (complete or kind == "end"):
            pieces.append(")")
            group = None
        pieces += blanks
        blanks = []
        before, last, end = last, word, place + len(word)
        if kind == "name":
            called = after == "(" and (word in functions or word not in numbers)
            if called and word not in functions and word in _FUNCTIONS:
                found.note(f"there is no function {word}: write", place)
                word = _FUNCTIONS[word]
            elif not called and word not in numbers and all(letter in given for letter in word):
                word = "*".join(word)
            complete = not called
        elif kind == "number":
            complete = True
        elif word == "|":
            found.note("bars are not part of the language: write", place)
            if closes:
                closers.pop()
            else:
                closers.append(word)
            word = ")" if closes else "abs("
            complete = closes
        elif word in ("(", "["):
            closers.append(")" if word == "(" else "]")
            complete = False
        elif word in (")", "]"):
            if closers[-1:] != [word]:
                return None
            closers.pop()
            complete = True
        elif word in _SIGNS:
            found.note(f"{word} is not {'the power operator' if word == '^' else 'part of the language'}: write", place)
            complete = word in ("²", "³")
            word = _SIGNS[word]
        else:
            complete = False
        pieces.append(word)
    found.text = "".join(pieces)
    return None if closers else found
