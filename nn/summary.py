"""A net as a table: each layer with its shape, its activation and how many numbers it learns."""

from __future__ import annotations

from typing import Any

__all__ = ["Summary", "summary_row", "summary_table"]

SIZES = (("inputs", "outputs"), ("in_features", "out_features"), ("num_embeddings", "embedding_dim"), ("size", "size"))


class Summary(str):
    """A table as text, which a notebook and the prompt show as it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def summary_row(name: str, kind: str, config: dict[str, Any], parameters: int) -> tuple[str, ...]:
    """The row of one layer.

    >>> summary_row("layers.0", "Layer", {"inputs": 2, "outputs": 4, "activation": "tanh"}, 12)
    ('layers.0', 'Layer', '2 -> 4', 'tanh', '12')
    """
    shape = next((f"{config[a]} -> {config.get(b, 1)}" for a, b in SIZES if a in config), "")
    return name, kind, shape, str(config.get("activation", config.get("name", ""))), f"{parameters:,}"


def summary_table(rows: list[tuple[str, ...]], total: int) -> Summary:
    """A table of such rows, with the sum of all parameters, each counted once.

    >>> summary_table([summary_row("0", "Linear", {"in_features": 2, "out_features": 1}, 3)], 3)
    layer  module  shape   activation  parameters
    0      Linear  2 -> 1                       3
    total                                       3
    """
    lines = [("layer", "module", "shape", "activation", "parameters"), *rows, ("total", "", "", "", f"{total:,}")]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [[text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in lines]
    return Summary("\n".join("  ".join([*text[:-1], text[-1].strip().rjust(widths[-1])]) for text in texts))
