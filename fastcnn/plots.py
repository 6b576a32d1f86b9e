"""Plots. matplotlib is imported only when a plot is drawn; pyplot and its state are not used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NUMBERS = 20  # classes up to which each cell shows its number
MOST_NAMES = 50  # classes up to which all have a name at the sides


def new_figure(panels: int, height: float = 3.5) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels in a row; height in inches. FastcnnError where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise FastcnnError("a plot needs matplotlib, which is not installed; run pip install matplotlib") from None
    from fastcnn.plotted import Plot

    figure = Plot(figsize=(5 * panels, height), layout="constrained")
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def confusion_figure(confusion: npt.NDArray[np.int64], names: Sequence[str]) -> Figure:
    """How often each class (row) was taken for which (column). The colour is the share of the row's pictures."""
    figure, (panel,) = new_figure(1, 4.5)
    count = len(names)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if count <= MOST_NAMES:
        short = [name[:12] for name in names]
        panel.set_xticks(range(count), short, rotation=90 if max(map(len, short)) > 2 else 0)
        panel.set_yticks(range(count), short)
    if count <= MOST_NUMBERS:
        for row, column in zip(*confusion.nonzero(), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            panel.text(column, row, str(confusion[row, column]), ha="center", va="center", color=colour, fontsize=7)
    panel.set(xlabel="answer", ylabel="class")
    return figure
