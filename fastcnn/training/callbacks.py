"""Callbacks for `Trainer.fit(callbacks=[…])`: learning rate, early stopping, best weights, and a log.

They compute their state from the epochs in the checkpoint. So a resumed training gives the same bits with them.
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
    """Keep the network of the best epoch in a file, which `load_network` reads. The file is replaced as a whole.

    Parameters
    ----------
    path : the file; an existing file that is not a network is not replaced
    monitor : "validation_loss", "loss" or "validation_accuracy"

    `fit` itself gives the network the weights of the best `validation_accuracy`. Use this class for another number, or
    if you need a file during the training.
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
    """Write a table of all epochs to a CSV file. The file is replaced as a whole after each epoch, and after a resume.

    Parameters
    ----------
    path : the file; the log of an earlier training is replaced, another file is not
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


def __dir__() -> list[str]:
    return __all__
