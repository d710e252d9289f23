"""The page to play with as a widget: numbers go both ways between the page and Python.

anywidget brings it into JupyterLab, Notebook, VS Code, Colab and marimo. It is imported when a widget is made, not before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ..graph.reading import order_of
from .play import Play, play
from .view import asset

__all__ = ["widget"]


def widget(value: Any, **options: Any) -> Any:
    """A graph to play with, as `play` makes it, that Python and the page change together.

    Its trait ``values`` is a dict of the inputs' numbers by name: a label, or ``#3`` for the third node; ``w #3`` where several
    inputs have one label. A number that is changed in the page arrives there, and in the data of the Value, and observers are
    called: ``widget.observe(f, "values")``. A number that is written there (``widget.values = {"x": 2.0}``; names
    that are left out stay) goes to the Value and to the page. ``widget.update()`` shows what a training loop has changed.

    Args:
        value: the result, as for `play`.
        options: as for `play`.

    Returns:
        The widget, an ``anywidget.AnyWidget``, with ``values`` and ``update()``; ``play``, what it shows; ``result`` and
        ``gradients``, a number and a dict by name, as Python computes them from ``values``. A notebook shows it.

    Raises:
        ImportError: anywidget is not installed.
        TypeError: as for `play`.
        ValueError: as for `play`.

    >>> from autograd import Value
    >>> x = Value(3, label="x")
    >>> shown = widget(x * x)  # doctest: +SKIP
    >>> shown.values = {"x": 4.0}  # doctest: +SKIP
    >>> x.data, shown.result, shown.gradients  # doctest: +SKIP
    (4.0, 16.0, {'x': 8.0})
    """
    make = _widget_class()
    shown = play(value, **options)
    return make(shown, {i: node for i, node in enumerate(order_of(value), 1) if node.is_leaf})


def _plain(numbers: Mapping[str, float], _: Any = None) -> dict[str, Any]:
    """Numbers as JSON can hold them."""
    return {name: x if math.isfinite(x) and repr(x) != "-0.0" else repr(x) for name, x in numbers.items()}


def _numbers(numbers: Mapping[str, Any], _: Any = None) -> dict[str, float]:
    """Numbers as they arrive from the page."""
    return {name: float(x) for name, x in numbers.items()}


@cache
def _widget_class() -> type:
    """The class, which can't be made before anywidget is there.

    Raises:
        ImportError: it is not.
    """
    try:
        anywidget, traitlets = import_module("anywidget"), import_module("traitlets")
    except ImportError as error:
        raise ImportError(
            f"viz.widget needs anywidget: pip install 'glassgrad[widget]' ({error}); viz.play(f) shows the same page "
            f"without it, and without a way back to Python"
        ) from None

    class Widget(anywidget.AnyWidget):  # type: ignore[misc, name-defined]
        """A graph to play with, in a notebook and in Python. See `widget`."""

        _esm = asset("widget.js")
        _html = traitlets.Unicode().tag(sync=True)
        _script = traitlets.Unicode().tag(sync=True)
        _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
        values = traitlets.Dict().tag(sync=True, to_json=_plain, from_json=_numbers)

        def __init__(self, shown: Play, leaves: Mapping[int, Any]) -> None:
            html, script = shown.assembled
            counts = Counter(shown.inputs)
            names = [name if counts[name] == 1 else f"{name} #{i}" for i, name in zip(leaves, shown.inputs, strict=True)]
            self.play = shown
            self._leaves = dict(zip(names, leaves.values(), strict=True))
            super().__init__(
                _html=html, _script=f"export default function(root){{{script}}}", _names=names,
                values=dict(zip(names, shown.start, strict=True)),
            )  # fmt: skip

        @traitlets.validate("values")  # type: ignore[untyped-decorator]
        def _checked(self, proposal: Any) -> dict[str, float]:
            """All numbers, with the new ones among them.

            Raises:
                ValueError: no input has such a name.
                TypeError: it is no number.
            """
            whole = {name: float(leaf.data) for name, leaf in self._leaves.items()}
            for name, x in proposal["value"].items():
                if name not in whole:
                    known = ", ".join(list(whole)[:12])
                    raise ValueError(f"values: no input is called {name!r:.60}; there are {known}")
                if isinstance(x, bool) or not isinstance(x, (int, float)):
                    raise TypeError(f"values[{name!r}] is a number, got {type(x).__name__} {x!r:.60}; write {{{name!r}: 2.0}}")
                whole[name] = float(x)
            return whole

        @traitlets.observe("values")  # type: ignore[untyped-decorator]
        def _changed(self, change: Any) -> None:
            """Give the Values their numbers."""
            for name, x in change["new"].items():
                leaf = self._leaves[name]
                if repr(leaf.data) != repr(x):
                    leaf.data = x

        def update(self, *_: Any) -> None:
            """Show the numbers that the Values have now: in a training loop, after each step or every few."""
            self.values = {name: leaf.data for name, leaf in self._leaves.items()}

        @property
        def result(self) -> float:
            """The result, as Python computes it from ``values``."""
            return self.play.computed(list(self.values.values()))[0][-1]

        @property
        def gradients(self) -> dict[str, float]:
            """The derivative of the result with respect to each input, by name."""
            found = self.play.computed(list(self.values.values()))[1]
            inputs = [g for g, slot in zip(found, self.play.slots, strict=True) if slot < self.play.program.inputs]
            return dict(zip(self.values, inputs, strict=True))

    return Widget
