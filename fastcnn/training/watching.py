"""Callbacks that follow one number of each epoch: a lower learning rate on a plateau, and early stopping."""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn.checks import check_fraction, check_nonnegative, check_positive
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.training.callback import Callback, Training
from fastcnn.training.history import Epoch

# The numbers that can be followed, and whether larger or smaller is better.
MONITORS = {"loss": -1, "validation_loss": -1, "validation_accuracy": 1}
LEAST_CHANGE = 1e-8  # the learning rate is not changed by less than this, as in torch


class Watching(Callback):
    """A callback that follows one number of each epoch."""

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
        if self.monitor == "validation_accuracy" and not training.trainer.loss.is_of_classes:
            raise ValueError(
                f"{type(self).__name__} watches validation_accuracy, which a training with "
                f"{type(training.trainer.loss).__name__} has not: give monitor='validation_loss'"
            )
        self._training = training
        self._forget()

    def on_resume(self, epochs: Sequence[Epoch]) -> bool | None:
        for epoch in epochs:
            self._note(epoch)
        return None

    def _forget(self) -> None:
        self._best: float | None = None
        self._bad = 0  # epochs after the best one

    def _note(self, epoch: Epoch) -> bool:
        """Whether the epoch is better than all epochs before it."""
        value = getattr(epoch, self.monitor)
        better = self._best is None or self._is_better(value, self._best)
        self._best, self._bad = (value, 0) if better else (self._best, self._bad + 1)
        return better

    def _is_better(self, value: float, best: float) -> bool:
        return MONITORS[self.monitor] * (value - best) > 0


class ReduceLROnPlateau(Watching):
    """Lower the learning rate if there is no progress, as torch.optim.lr_scheduler.ReduceLROnPlateau does.

    Parameters
    ----------
    monitor : "validation_loss", "loss" or "validation_accuracy"
    factor : the learning rate is multiplied by this number, in (0, 1)
    patience : the number of epochs without progress that change nothing; the next one lowers the rate
    threshold : progress is a change of the best value by more than threshold * best value, in [0, 1)
    cooldown : the number of epochs after a change that do not count
    min_lr : the smallest learning rate

    After the first change its rate replaces `fit`'s schedule, and the optimizer keeps this rate after the training.
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
        self._cooling = 0  # the number of coming epochs that do not count
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
    """Stop the training after `patience` epochs without a better value of `monitor`.

    Parameters
    ----------
    monitor : "validation_loss", "loss" or "validation_accuracy"
    patience : at least 1; `fit(patience=…)` does the same by `validation_accuracy`
    min_delta : a value is better only if it changes by more than this, at least 0
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
