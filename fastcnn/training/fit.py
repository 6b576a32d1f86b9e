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
from fastcnn.kernels.values import counted, shown
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


@dataclass
class Fit:
    """The arguments of one `Trainer.fit`, checked, and the state that only this call changes.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """

    epochs: int
    batch_size: int
    schedule: Schedule
    validation: int  # number of pictures that choose the best epoch; 0 keeps the last epoch
    seed: int
    patience: int | None
    keep_last: bool
    on_step: OnStep | None
    rng: np.random.Generator = field(init=False)
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self.keep_last = check_flag("keep_last", self.keep_last)
        if self.patience is not None and self.validation == 0:
            raise ValueError("patience needs validation pictures to see which epoch is better; set validation")
        if self.patience is not None and self.keep_last:
            raise ValueError("patience keeps the best epoch, keep_last the last one; leave one of them out")
        self.seed = integer("seed", self.seed, 0)
        check_schedule(self.schedule)
        self.epochs, self.batch_size = integer("epochs", self.epochs, 1), integer("batch_size", self.batch_size, 1)
        self.patience = None if self.patience is None else integer("patience", self.patience, 1)
        self.rng = np.random.Generator(np.random.PCG64(self.seed))

    @property
    def done(self) -> int:
        """The number of finished epochs."""
        return len(self.history.epochs)

    def is_over(self) -> bool:
        """Whether the training ends here. If it ends before the last epoch, the history notes why."""
        history = self.history
        if self.patience is not None and self.done - history.best_epoch >= self.patience:
            history.stopped = f"{counted(self.patience, 'epoch')} without a better one"
        return history.stopped is not None or self.done >= self.epochs

    def numbers(self) -> dict[str, Any]:
        """The arguments that are numbers."""
        names = ("epochs", "batch_size", "validation", "seed", "patience", "keep_last")
        return {name: getattr(self, name) for name in names}

    def settings(self, trainer: dict[str, Any], source: Source, validation: Source | None) -> dict[str, Any]:
        """All that the bits of the result depend on; JSON-able. Threads are not among it."""
        if not isinstance(self.schedule, Constant):
            raise TypeError("schedule must be one of fastcnn.schedules where a checkpoint is kept or resumed")
        settings = {
            **trainer,
            "schedule": self.schedule.describe(),
            "data": source.fingerprint(),
            **self.numbers(),
            "validation_data": None if validation is None else validation.fingerprint(),
            "backend": kernels.backend(),
        }
        return dict(json.loads(json.dumps(settings)))  # as a file gives them: lists, no tuples
