"""The records of a training: one for each step, one for each epoch, and the history of all epochs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, SupportsFloat

from fastcnn import pages
from fastcnn.errors import FastcnnError
from fastcnn.network.summary import text_table
from fastcnn.training.plots import history_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_ROWS = 20  # epochs in the table


@dataclass(frozen=True)
class TrainingStep:
    """One finished step of `Trainer.fit`, the argument of `on_step`."""

    number: int  # 0 is the first step of the whole training; a resumed training goes on counting
    epoch: int  # the present epoch; 1 is the first
    images: int  # pictures in its batch
    loss: SupportsFloat  # mean over the batch, before the update; float(loss) waits for the GPU and copies from it


@dataclass(frozen=True)
class Epoch:
    """One finished epoch, for callbacks and the history. Losses are in nats, accuracies fractions, times in seconds.

    `validation_loss` and `validation_accuracy` are None where no pictures were set aside; the second also where
    targets are no classes.
    """

    epoch: int  # 1 is the first
    epochs: int  # asked for
    loss: float  # mean over the epoch's training pictures, with label smoothing and weights, before each update
    validation_loss: float | None
    validation_accuracy: float | None
    is_best: bool  # better than all epochs before it
    lr: float  # learning rate of the epoch's last step
    images: int  # number of pictures trained on in this epoch
    train_s: float  # time of the batches
    elapsed_s: float  # time of the batches and the validation

    @property
    def images_per_second(self) -> float:
        """Training throughput."""
        return self.images / self.train_s if self.train_s > 0 else 0.0

    @property
    def validated(self) -> str:
        """The validation in words, after two spaces; "" where no pictures were set aside."""
        if self.validation_accuracy is not None:
            return f"  validation accuracy {self.validation_accuracy:.2%}"
        return "" if self.validation_loss is None else f"  validation loss {self.validation_loss:.4g}"

    def line(self) -> str:
        """The epoch in one line."""
        head = f"epoch {self.epoch}/{self.epochs}  loss {self.loss:.4f}{self.validated}"
        return f"{head}  {self.images_per_second:,.0f} images/s"


@dataclass(repr=False)
class History:
    """The history of a training. It prints as a table.

    epochs : a record of each finished epoch, also of those before a resume
    best_epoch : the number of the epoch that gave the network its weights; the last one without validation pictures
    stopped : why the training ended before the last epoch, or None. After an interruption the network has the weights
        of the last finished step
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str | None = None

    def __repr__(self) -> str:
        return f"{text_table(self._rows(), texts=0)}\n{self._end}" if self.epochs else "History of no finished epoch"

    def _repr_html_(self) -> str:
        """For notebooks: the same table."""
        return f"<div>{pages.table(self._rows(), texts=0, caption=self._end)}</div>"

    @property
    def _end(self) -> str:
        kept = f"kept: epoch {self.best_epoch}" if self.epochs else "no finished epoch"
        return kept if self.stopped is None else f"{kept}; stopped: {self.stopped}"

    def _rows(self) -> list[tuple[str, ...]]:
        """The header, the last epochs, and all epochs together."""
        header = ("epoch", "loss", "validation loss", "validation accuracy", "learning rate", "s")
        rows = [_cells(epoch) for epoch in self.epochs[-MOST_ROWS:]]
        return [header, *rows, ("all", "", "", "", "", f"{self.train_seconds:.1f}")]

    def add(self, record: Epoch) -> None:
        """Append a finished epoch."""
        self.epochs.append(record)
        if record.is_best:
            self.best_epoch = record.epoch

    def is_best(self, record: Epoch) -> bool:
        """Whether an epoch is better than all so far: by validation accuracy and, for ties or without it, by loss.

        Without validation pictures the latest epoch is the best.
        """
        if record.validation_loss is None or not self.best_epoch:
            return True
        best = self.epochs[self.best_epoch - 1]
        assert best.validation_loss is not None
        accuracy, best_accuracy = record.validation_accuracy or 0.0, best.validation_accuracy or 0.0
        return (accuracy, -record.validation_loss) > (best_accuracy, -best.validation_loss)

    @property
    def validation_accuracy(self) -> float | None:
        """The validation accuracy of the weights that the network has now."""
        return self.epochs[self.best_epoch - 1].validation_accuracy if self.epochs else None

    @property
    def train_seconds(self) -> float:
        """The time of all epochs, with validation."""
        return sum(epoch.elapsed_s for epoch in self.epochs)

    @property
    def images_per_second(self) -> float:
        """The number of pictures trained on, divided by the time of their batches."""
        train_s = sum(epoch.train_s for epoch in self.epochs)
        return sum(epoch.images for epoch in self.epochs) / train_s if train_s > 0 else 0.0

    def plot(self) -> Figure:
        """Losses and accuracies over the epochs, as a matplotlib Figure: `.savefig(path)` writes it.

        FastcnnError where matplotlib is not installed, or no epoch is finished.
        """
        if not self.epochs:
            raise FastcnnError("there is no finished epoch to plot; train for one first")
        validation = [epoch.validation_loss for epoch in self.epochs if epoch.validation_loss is not None]
        accuracy = [epoch.validation_accuracy for epoch in self.epochs if epoch.validation_accuracy is not None]
        losses = {"training": [epoch.loss for epoch in self.epochs]}
        if not accuracy:
            return history_figure(losses, {}, self.best_epoch)
        return history_figure({**losses, "validation": validation}, {"validation": accuracy}, self.best_epoch)


def _cells(epoch: Epoch) -> tuple[str, ...]:
    accuracy, loss = epoch.validation_accuracy, epoch.validation_loss
    validated = ["" if loss is None else f"{loss:.4f}", "" if accuracy is None else f"{accuracy:.2%}"]
    return str(epoch.epoch), f"{epoch.loss:.4f}", *validated, f"{epoch.lr:.3g}", f"{epoch.elapsed_s:.1f}"
