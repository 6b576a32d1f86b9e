"""The learning-rate finder (Smith 2017): a short training with growing rates shows where the loss falls and diverges.

It runs on a copy: the network, its statistics and the optimizer do not change.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from fastcnn.arrays import Array
from fastcnn.checks import check_positive
from fastcnn.errors import FastcnnError
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.training.datasets import Dataset
from fastcnn.training.history import TrainingStep
from fastcnn.training.plots import rates_figure
from fastcnn.training.samples import Labels
from fastcnn.training.trainer import Trainer, TrainingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_STEPS = 10
BROKEN = 4.0  # times the smallest loss: a larger loss stops the search
SIDE = 5  # losses on each side in the smoothing; a mean of only earlier losses would be late


@dataclass(frozen=True, repr=False)
class LearningRates:
    """The result of `find_learning_rate`."""

    rates: tuple[float, ...]  # the rate of each step
    losses: tuple[float, ...]  # the loss of each step's batch, before the update

    def __repr__(self) -> str:
        return (
            f"LearningRates({len(self.rates)} steps from {self.rates[0]:.2g} to {self.rates[-1]:.2g}, "
            f"suggestion {self.suggestion:.2g})"
        )

    @property
    def smoothed(self) -> tuple[float, ...]:
        """For each step, the mean of its loss and of up to `SIDE` losses before and as many after it."""
        count = len(self.losses)
        sides = [min(SIDE, step, count - 1 - step) for step in range(count)]
        return tuple(fmean(self.losses[step - side : step + side + 1]) for step, side in enumerate(sides))

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss falls fastest, from `SIDE` steps before to `SIDE` steps after."""
        curve, last = self.smoothed, len(self.losses) - 1
        rises = [curve[min(step + SIDE, last)] - curve[max(step - SIDE, 0)] for step in range(last + 1)]
        return self.rates[rises.index(min(rises))]

    def plot(self) -> Figure:
        """The losses over the rates, as a matplotlib Figure; FastcnnError if matplotlib is not installed."""
        return rates_figure(self.rates, {"batch": self.losses, "smooth": self.smoothed}, self.suggestion)


def find_learning_rate(
    trainer: Trainer,
    images: Array | Dataset,
    labels: Labels | None = None,
    *,
    layout: str = "NCHW",
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    batch_size: int = 100,
    seed: int = 0,
) -> LearningRates:
    """Train a copy for some steps. The learning rate grows by the same factor in each step.

    Parameters
    ----------
    trainer : its network, optimizer and settings are used, but not changed
    images, labels, layout, batch_size, seed : as for `Trainer.fit`; no pictures are set aside
    lowest, highest : the rates of the first and of the last step
    steps : at least 10; fewer run if the loss diverges earlier

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    FastcnnError
        If the loss is not finite within the first steps.
    """
    if not isinstance(trainer, Trainer):
        raise TypeError(f"trainer must be a fastcnn.Trainer, not {shown(trainer)}")
    lowest, highest = check_positive("lowest", lowest), check_positive("highest", highest)
    if lowest >= highest:
        raise ValueError(f"lowest must be below highest, {highest}, not {lowest}")
    steps = integer("steps", steps, LEAST_STEPS)
    factor = (highest / lowest) ** (1 / (steps - 1))
    rates = [lowest * factor**step for step in range(steps)]
    losses: list[float] = []

    def note(step: TrainingStep) -> None:
        losses.append(float(step.loss))
        if len(losses) == steps or losses[-1] > BROKEN * min(losses):
            raise _EnoughError

    twin = Trainer(
        trainer.network.copy(), copy.deepcopy(trainer.optimizer), loss=trainer.loss,
        clip_norm=trainer.clip_norm, augmentation=trainer.augmentation,
    )  # fmt: skip
    try:
        twin.fit(
            images, labels, epochs=steps, batch_size=batch_size, schedule=rates.__getitem__, validation=0, seed=seed,
            layout=layout, on_step=note, progress=False,
        )  # fmt: skip
    except _EnoughError:
        pass
    except TrainingError as error:
        if len(losses) < LEAST_STEPS:
            raise FastcnnError(
                "the loss broke after {steps} steps: lowest is too high with {lowest}; give a smaller one",
                steps=len(losses),
                lowest=f"{lowest:.3g}",
            ) from error
    return LearningRates(tuple(rates[: len(losses)]), tuple(losses))


class _EnoughError(Exception):
    """All steps are done, or the loss diverges."""
