"""Plots of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fastcnn.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curves = Mapping[str, Sequence[float]]  # by the name in the legend


def history_figure(losses: Curves, accuracies: Curves, best_epoch: int) -> Figure:
    """The losses over the epochs, with the accuracies next to them if there are any. The kept epoch is marked.

    losses, accuracies : a number for each epoch
    """
    figure, axes = new_figure(2 if accuracies else 1)
    for panel, curves, label in zip(axes, (losses, accuracies), ("loss", "accuracy"), strict=False):
        for name, numbers in curves.items():
            panel.plot(range(1, len(numbers) + 1), numbers, marker=".", label=name)
        panel.axvline(best_epoch, color="grey", linestyle=":", label="epoch kept")
        panel.set(xlabel="epoch", ylabel=label)
        panel.locator_params(axis="x", integer=True)
        panel.legend()
    return figure


def rates_figure(rates: Sequence[float], losses: Curves, suggestion: float) -> Figure:
    """The losses over the learning rates, on a logarithmic axis. The suggestion is marked."""
    figure, (panel,) = new_figure(1)
    for name, numbers in losses.items():
        panel.plot(rates, numbers, label=name)
    panel.axvline(suggestion, color="grey", linestyle=":", label=f"suggestion {suggestion:.2g}")
    panel.set(xscale="log", xlabel="learning rate", ylabel="loss")
    panel.legend()
    return figure
