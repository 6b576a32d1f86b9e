"""The table of a network's layers."""

from collections.abc import Sequence
from math import prod

from fastcnn.layers.base import Layer

HEADER = ("layer", "output shape", "parameters", "MFLOP")


def summary_table(input_shape: tuple[int, ...], layers: Sequence[Layer]) -> str:
    """One line for each layer and one for the totals; MFLOP of one picture's forward, two for a multiply-add."""
    return text_table(summary_rows(input_shape, layers))


def summary_rows(input_shape: tuple[int, ...], layers: Sequence[Layer]) -> list[tuple[str, ...]]:
    """The cells of `summary_table`: the header first, the totals last."""
    rows: list[tuple[str, ...]] = [HEADER, ("input", _shape(input_shape), "", "")]
    counts = [sum(prod(d.shape) for d in layer.declarations if d.trained) for layer in layers]
    for index, (layer, count) in enumerate(zip(layers, counts, strict=True)):
        name = f"{index} {type(layer).__name__}"
        rows.append((name, _shape(layer.out_shape), f"{count:,}", _mflop(layer.multiply_adds)))
    rows.append(("total", "", f"{sum(counts):,}", _mflop(sum(layer.multiply_adds for layer in layers))))
    return rows


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Aligned lines of rows of cells, with rules below the first row and above the last: header and totals."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    rule = "-" * len(lines[0])
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _shape(shape: tuple[int, ...]) -> str:
    return f"(N, {', '.join(map(str, shape))})"


def _mflop(multiply_adds: int) -> str:
    return f"{2 * multiply_adds / 1e6:.3f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    cells = [f"{cell:<{width}}" for cell, width in zip(row[:2], widths[:2], strict=True)]
    cells += [f"{cell:>{width}}" for cell, width in zip(row[2:], widths[2:], strict=True)]
    return "  ".join(cells)
