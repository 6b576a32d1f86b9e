"""The arguments of one training and its progress. A checkpoint has to match them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from fastcnn import kernels
from fastcnn.checks import check_flag
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.optim.schedules import Constant
from fastcnn.training.callback import OnStep
from fastcnn.training.history import History
from fastcnn.training.sources import Source

Schedule: TypeAlias = Constant | Callable[[int], float]


def check_schedule(schedule: object) -> None:
    """TypeError unless it is a schedule or another function from the step to the learning rate."""
    if not callable(schedule) or isinstance(schedule, type):
        raise TypeError(
            f"schedule must be one of fastcnn.schedules, or a function from the step to lr, not {shown(schedule)}"
        )


@dataclass(frozen=True)
class Fit:
    """The checked arguments of one `Trainer.fit`, and the state that only this call changes."""

    epochs: int
    batch_size: int
    schedule: Schedule
    validation: int  # number of pictures that choose the best epoch; 0 keeps the last epoch
    seed: int
    patience: int | None
    keep_last: bool
    rng: np.random.Generator
    on_step: OnStep | None = None
    history: History = field(default_factory=History)

    @classmethod
    def checked(
        cls,
        epochs: int,
        batch_size: int,
        schedule: Schedule,
        validation: int,
        seed: int,
        patience: int | None,
        keep_last: bool,
        on_step: OnStep | None,
    ) -> Fit:
        """From the arguments of `Trainer.fit`, `validation` as a count; TypeError or ValueError if one is wrong."""
        keep_last = check_flag("keep_last", keep_last)
        if patience is not None and validation == 0:
            raise ValueError("patience needs validation pictures to see which epoch is better; set validation")
        if patience is not None and keep_last:
            raise ValueError("patience keeps the best epoch, keep_last the last one; leave one of them out")
        seed = integer("seed", seed, 0)
        check_schedule(schedule)
        return cls(
            integer("epochs", epochs, 1),
            integer("batch_size", batch_size, 1),
            schedule,
            validation,
            seed,
            None if patience is None else integer("patience", patience, 1),
            keep_last,
            np.random.Generator(np.random.PCG64(seed)),
            on_step,
        )

    @property
    def done(self) -> int:
        """The number of finished epochs."""
        return len(self.history.epochs)

    def is_over(self) -> bool:
        """Whether the training ends here. If it ends before the last epoch, the history notes why."""
        history = self.history
        if self.patience is not None and self.done - history.best_epoch >= self.patience:
            history.stopped = f"{self.patience} epochs without a better one"
        return history.stopped is not None or self.done >= self.epochs

    def settings(self, trainer: dict[str, Any], source: Source, validation: Source | None) -> dict[str, Any]:
        """All that the bits of the result depend on; JSON-able. Threads are not among it."""
        if not isinstance(self.schedule, Constant):
            raise TypeError("schedule must be one of fastcnn.schedules where a checkpoint is kept or resumed")
        settings = {
            **trainer,
            "schedule": self.schedule.describe(),
            "data": source.fingerprint(),
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "validation": self.validation,
            "validation_data": None if validation is None else validation.fingerprint(),
            "seed": self.seed,
            "patience": self.patience,
            "keep_last": self.keep_last,
            "backend": kernels.backend(),
        }
        return dict(json.loads(json.dumps(settings)))  # as a file gives them: lists, no tuples
