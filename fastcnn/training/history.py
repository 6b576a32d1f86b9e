"""What is known of a training while it runs and afterwards: a record of each step and epoch, and all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import SupportsFloat


@dataclass(frozen=True)
class TrainingStep:
    """One finished step of `Trainer.fit`; `on_step` gets these."""

    number: int  # 0 is the first of the whole training; a resume goes on counting
    epoch: int  # the one under way; 1 is the first
    images: int  # pictures in its batch
    loss: SupportsFloat  # mean over the batch, before the update; float(loss) waits for a GPU and fetches it from there


@dataclass(frozen=True)
class Epoch:
    """One finished epoch; callbacks and the history get these. Losses are in nats, accuracies fractions, times seconds.

    `validation_loss` and `validation_accuracy` are None where no pictures were set aside; the second also where
    targets are no classes.
    """

    epoch: int  # 1 is the first
    epochs: int  # asked for
    loss: float  # mean over the epoch's training pictures, with label smoothing and weights, before each update
    validation_loss: float | None
    validation_accuracy: float | None
    is_best: bool  # better than all epochs before it
    lr: float  # of the epoch's last step
    images: int  # trained on in this epoch
    train_s: float  # in batches only
    elapsed_s: float  # with validation and checkpoint, without the later writing of this record

    @property
    def images_per_second(self) -> float:
        """Training throughput."""
        return self.images / self.train_s if self.train_s > 0 else 0.0

    def line(self) -> str:
        """The epoch in one line."""
        parts = [f"epoch {self.epoch}/{self.epochs}", f"loss {self.loss:.4f}"]
        if self.validation_accuracy is not None:
            parts.append(f"validation accuracy {self.validation_accuracy:.2%}")
        elif self.validation_loss is not None:
            parts.append(f"validation loss {self.validation_loss:.4g}")
        return "  ".join([*parts, f"{self.images_per_second:,.0f} images/s"])


@dataclass
class History:
    """How a training went.

    epochs : a record of each finished epoch, also of those before a resume
    best_epoch : the epoch whose weights the network has now; the last one where no pictures were set aside
    stopped : why it ended before the last epoch, or None
    """

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str | None = None

    def add(self, record: Epoch) -> None:
        """Append a finished epoch."""
        self.epochs.append(record)
        if record.is_best:
            self.best_epoch = record.epoch

    def is_best(self, record: Epoch) -> bool:
        """Whether an epoch is better than all so far: by validation accuracy and, for ties or without it, by loss.

        Without validation pictures the latest is the best.
        """
        if record.validation_loss is None or not self.best_epoch:
            return True
        best = self.epochs[self.best_epoch - 1]
        assert best.validation_loss is not None
        accuracy, best_accuracy = record.validation_accuracy or 0.0, best.validation_accuracy or 0.0
        return (accuracy, -record.validation_loss) > (best_accuracy, -best.validation_loss)

    @property
    def validation_accuracy(self) -> float | None:
        """Of the weights that the network has now."""
        return self.epochs[self.best_epoch - 1].validation_accuracy if self.epochs else None

    @property
    def train_seconds(self) -> float:
        """Wall time of all epochs, with validation and checkpoints."""
        return sum(epoch.elapsed_s for epoch in self.epochs)

    @property
    def images_per_second(self) -> float:
        """Pictures trained on over the time that their batches took."""
        train_s = sum(epoch.train_s for epoch in self.epochs)
        return sum(epoch.images for epoch in self.epochs) / train_s if train_s > 0 else 0.0
