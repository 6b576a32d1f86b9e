"""Callbacks for `Trainer.fit(callbacks=[…])`: learning rate, early stop, best weights, and a log.

A resumed training ends in the same bits with them: they work out their state from the epochs in the checkpoint.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from fastcnn.checks import check_path
from fastcnn.errors import FastcnnError
from fastcnn.ours import LOG, LOG_COLUMNS, NETWORK, Kind
from fastcnn.storage import atomic_write
from fastcnn.training.callback import Callback, Training
from fastcnn.training.history import Epoch
from fastcnn.training.watching import EarlyStopping, ReduceLROnPlateau, Watching

__all__ = ["BestWeights", "CSVLog", "Callback", "EarlyStopping", "ReduceLROnPlateau", "Training"]


class BestWeights(Watching):
    """Keeps the network of the best epoch so far in a file, which `load_network` reads; replaced whole or not at all.

    Parameters
    ----------
    path : where to; what is there and no network is not replaced
    monitor : "validation_loss", "loss" or "validation_accuracy"

    `fit` itself leaves the network with the weights of the best `validation_accuracy`. This is for another number, and
    for a file that is there while the training goes on.
    """

    def __init__(self, path: str | os.PathLike[str], monitor: str = "validation_loss") -> None:
        self.path = check_path("path", path)
        super().__init__(monitor)

    def on_start(self, training: Training) -> None:
        super().on_start(training)
        _check_replaceable(self.path, NETWORK)

    def on_epoch_end(self, epoch: Epoch) -> None:
        if self._note(epoch):
            self._training.network.save(self.path)


class CSVLog(Callback):
    """A table of all epochs in a CSV file: replaced whole or not at all after each epoch, also after a resume.

    Parameters
    ----------
    path : where to; a log of an earlier training is replaced, another file is not
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_path("path", path)

    def on_start(self, training: Training) -> None:
        _check_replaceable(self.path, LOG)
        self._history = training.history

    def on_epoch_end(self, epoch: Epoch) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(LOG_COLUMNS)
        writer.writerows([getattr(each, name) for name in LOG_COLUMNS] for each in self._history.epochs)
        atomic_write(self.path, text.getvalue().encode())


def _check_replaceable(path: Path, kind: Kind) -> None:
    if not path.parent.is_dir():
        raise FastcnnError("cannot write {path}: its folder does not exist; make it or choose another place", path=path)
    if path.exists() and not kind.may_replace(path):
        raise FastcnnError(
            "{path} exists and is no {kind} that fastcnn wrote; choose another name", path=path, kind=kind.name
        )
