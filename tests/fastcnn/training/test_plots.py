"""`History.plot`: the figure's curves, and that matplotlib is needed only there."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fastcnn.errors import FastcnnError
from fastcnn.training.history import Epoch, History

EMPTY = {"validation_loss": None, "validation_accuracy": None}


def history(*, validated=True):
    made = History()
    for number, (loss, of_validation, accuracy) in enumerate([(2.0, 1.5, 0.5), (1.0, 0.75, 0.75), (0.5, 1.25, 0.6)], 1):
        measured = {"validation_loss": of_validation, "validation_accuracy": accuracy} if validated else EMPTY
        times = {"images": 9, "train_s": 1.0, "elapsed_s": 1.0}
        made.add(Epoch(epoch=number, epochs=3, loss=loss, **measured, is_best=number < 3, lr=0.1, **times))
    return made


def curves(panel):
    return {line.get_label(): np.asarray(line.get_xydata()).T.tolist() for line in panel.lines}


def test_losses_and_accuracies_over_the_epochs():
    losses, accuracies = history().plot().axes
    epochs, kept = [1.0, 2.0, 3.0], [[2.0, 2.0], [0.0, 1.0]]
    assert curves(losses) == {
        "training": [epochs, [2.0, 1.0, 0.5]], "validation": [epochs, [1.5, 0.75, 1.25]], "epoch kept": kept,
    }  # fmt: skip
    assert curves(accuracies) == {"validation": [epochs, [0.5, 0.75, 0.6]], "epoch kept": kept}
    assert (losses.get_ylabel(), accuracies.get_ylabel(), losses.get_xlabel()) == ("loss", "accuracy", "epoch")


def test_without_validation_there_is_one_panel():
    (panel,) = history(validated=False).plot().axes
    assert set(curves(panel)) == {"training", "epoch kept"}


def test_it_can_be_written_and_leaves_pyplot_alone(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    history().plot().savefig(tmp_path / "history.png")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules


def test_nothing_is_not_plotted():
    with pytest.raises(FastcnnError, match="there is no finished epoch to plot; train for one first"):
        History().plot()


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(FastcnnError, match="a plot needs matplotlib, which is not installed; run pip install matplot"):
        history().plot()
