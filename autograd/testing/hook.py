"""What Hypothesis calls when it starts: `st.from_type(Value)` shall work. The strategies are imported when first asked for."""

from __future__ import annotations

from typing import Any

__all__ = ["register"]


def register() -> None:
    """Tell Hypothesis how to draw a Value; its entry point names this function.

    >>> register()
    """
    from hypothesis import strategies as st  # by now Hypothesis is there: it calls this

    import autograd

    st.register_type_strategy(autograd.Value, _values)


def _values(_: type[Any]) -> Any:
    from .strategies import values  # late, so that a run of tests that draws no Value does not pay for it

    return values()
