"""The table of a network's layers."""

from collections.abc import Sequence
from math import prod

from fastcnn import pages
from fastcnn.layers.base import Layer, walk

HEADER = ("layer", "output shape", "parameters", "MFLOP")


class Table(str):
    """A table as text, which notebooks show as a table."""

    rows: tuple[tuple[str, ...], ...] = ()
    texts = 2

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return pages.table(self.rows, texts=self.texts)


def summary_table(input_shape: tuple[int, ...], layers: Sequence[Layer]) -> str:
    """A line for each layer and one for the totals. MFLOP: forward of one picture, two FLOP for a multiply-add."""
    return text_table(summary_rows(input_shape, layers))


def summary_rows(input_shape: tuple[int, ...], layers: Sequence[Layer]) -> list[tuple[str, ...]]:
    """The cells of `summary_table`: the header first, the totals last.

    The numbers of a layer that contains layers are the sums over these.
    """
    rows: list[tuple[str, ...]] = [HEADER, ("input", _shape(input_shape), "", "")]
    for layer in walk(layers):
        name = f"{'  ' * layer.name.count('.')}{layer.name} {type(layer).__name__}"
        rows.append((name, _shape(layer.out_shape), f"{_trained(layer):,}", _mflop(layer.multiply_adds)))
    rows.append(("total", "", f"{sum(map(_trained, layers)):,}", _mflop(sum(layer.multiply_adds for layer in layers))))
    return rows


def text_table(rows: Sequence[Sequence[str]], *, texts: int = 2) -> Table:
    """Rows of cells as aligned lines, with rules after the first row (header) and before the last row (totals).

    texts : the number of columns with text, aligned left; the others are numbers, aligned right
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    sides = ["<"] * texts + [">"] * (len(widths) - texts)
    lines = ["  ".join(map("{:{}{}}".format, row, sides, widths)) for row in rows]
    rule = "-" * len(lines[0])
    table = Table("\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]]))
    table.rows, table.texts = tuple(map(tuple, rows)), texts
    return table


def _shape(shape: tuple[int, ...]) -> str:
    return f"(N, {', '.join(map(str, shape))})"


def _mflop(multiply_adds: int) -> str:
    return f"{2 * multiply_adds / 1e6:.3f}"


def _trained(layer: Layer) -> int:
    return sum(prod(each.shape) for each in layer.declarations if each.trained)
