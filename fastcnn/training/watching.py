"""Callbacks that follow one number of each epoch: the learning rate on a plateau, and the early stop."""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn.checks import check_fraction, check_nonnegative, check_positive
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.training.callback import Callback, Training
from fastcnn.training.history import Epoch

# What can be watched, and which way is better.
MONITORS = {"loss": -1, "validation_loss": -1, "validation_accuracy": 1}
LEAST_CHANGE = 1e-8  # of a learning rate: a smaller one is not made, as by torch


class Watching(Callback):
    """Follows one number of each epoch."""

    def __init__(self, monitor: str) -> None:
        if not isinstance(monitor, str) or monitor not in MONITORS:
            raise ValueError(f"monitor must be one of {', '.join(MONITORS)}, not {shown(monitor)}")
        self.monitor = monitor
        self._forget()

    def on_start(self, training: Training) -> None:
        if self.monitor != "loss" and not training.validates:
            raise ValueError(
                f"{type(self).__name__} watches {self.monitor}, but no pictures are set aside: give validation, or "
                "monitor='loss'"
            )
        self._training = training
        self._forget()

    def on_resume(self, epochs: Sequence[Epoch]) -> bool | None:
        for epoch in epochs:
            self._note(epoch)
        return None

    def _forget(self) -> None:
        self._best: float | None = None
        self._bad = 0  # epochs since the best

    def _note(self, epoch: Epoch) -> bool:
        """Whether the epoch is better than all before."""
        value = getattr(epoch, self.monitor)
        better = self._best is None or self._is_better(value, self._best)
        self._best, self._bad = (value, 0) if better else (self._best, self._bad + 1)
        return better

    def _is_better(self, value: float, best: float) -> bool:
        return MONITORS[self.monitor] * (value - best) > 0


class ReduceLROnPlateau(Watching):
    """Lowers the learning rate where the training makes no progress, as torch.optim.lr_scheduler.ReduceLROnPlateau.

    Parameters
    ----------
    monitor : "validation_loss", "loss" or "validation_accuracy"
    factor : what the learning rate is multiplied by, in (0, 1)
    patience : epochs without progress that are borne; the one after them lowers the rate
    threshold : progress is a change of the best value by more than this share of it, in [0, 1)
    cooldown : epochs after a change that are not counted
    min_lr : the rate is not lowered below it

    From the first change on its rate counts in place of `fit`'s schedule, and the optimizer keeps it afterwards.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        self.factor = check_fraction("factor", check_positive("factor", factor))
        self.patience = integer("patience", patience, 0)
        self.threshold = check_fraction("threshold", threshold)
        self.cooldown = integer("cooldown", cooldown, 0)
        self.min_lr = check_nonnegative("min_lr", min_lr)
        super().__init__(monitor)

    def on_epoch_end(self, epoch: Epoch) -> None:
        self._note(epoch)
        if self._lowers:
            optimizer = self._training.trainer.optimizer
            lr = max(optimizer.lr * self.factor, self.min_lr)
            if optimizer.lr - lr > LEAST_CHANGE:
                optimizer.lr = lr

    def _forget(self) -> None:
        super()._forget()
        self._cooling = 0  # epochs left that are not counted
        self._lowers = False  # whether the last epoch asks for a lower rate

    def _note(self, epoch: Epoch) -> bool:
        better = super()._note(epoch)
        if self._cooling > 0:
            self._cooling, self._bad = self._cooling - 1, 0
        self._lowers = self._bad > self.patience
        if self._lowers:
            self._cooling, self._bad = self.cooldown, 0
        return better

    def _is_better(self, value: float, best: float) -> bool:
        sign = MONITORS[self.monitor]
        return sign * value > sign * best * (1 + sign * self.threshold)


class EarlyStopping(Watching):
    """Stops the training after `patience` epochs without a better one, by any number of the epochs.

    Parameters
    ----------
    monitor : "validation_loss", "loss" or "validation_accuracy"
    patience : at least 1; `fit(patience=…)` does the same by `validation_accuracy`
    min_delta : a change by no more than this is not better, at least 0
    """

    def __init__(self, monitor: str = "validation_loss", *, patience: int = 10, min_delta: float = 0.0) -> None:
        self.patience = integer("patience", patience, 1)
        self.min_delta = check_nonnegative("min_delta", min_delta)
        super().__init__(monitor)

    def on_resume(self, epochs: Sequence[Epoch]) -> bool | None:
        super().on_resume(epochs)
        return self._bad < self.patience

    def on_epoch_end(self, epoch: Epoch) -> bool:
        self._note(epoch)
        return self._bad < self.patience

    def _is_better(self, value: float, best: float) -> bool:
        return MONITORS[self.monitor] * (value - best) > self.min_delta
