"""Callbacks: `Trainer.fit` reports a training to functions, and to objects with a state.

A function in `callbacks` gets each finished `Epoch`; the function `on_step` gets each finished `TrainingStep`. A
`Callback` object can get both, and the start too. It gets the same records, from the same loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from fastcnn.kernels.values import shown
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential
from fastcnn.optim.optimizers import Optimizer
from fastcnn.training.history import Epoch, History, TrainingStep

OnEpoch: TypeAlias = Callable[[Epoch], bool | None]
OnStep: TypeAlias = Callable[[TrainingStep], object]


class Trains(Protocol):
    """The part of a trainer that a callback may change."""

    optimizer: Optimizer  # a new `lr` is used from the next step on
    loss: Loss


@dataclass(frozen=True)
class Training:
    """The argument of a callback before the first step; the callback may keep it."""

    trainer: Trains
    network: Sequential  # the network that is validated: the averaged network if there is one
    history: History  # grows with each epoch; after a resume it begins with the earlier epochs
    validates: bool  # whether there are validation pictures


class Callback:
    """The base of an object for `Trainer.fit(callbacks=[…])`; override the methods that you need.

    An object may be used for several trainings, one after the other: `on_start` begins again. Checkpoints do not hold
    its state. It must compute the state from the epochs, which a checkpoint holds. `on_resume` gets them after a
    resume.
    """

    def on_start(self, training: Training) -> None:
        """Called before anything has changed. Forget the last training, and raise an error if this one cannot work.

        It is too early to set `lr` here; `on_step` and `on_epoch_end` may set it.
        """

    def on_resume(self, epochs: Sequence[Epoch]) -> bool | None:
        """Called after `on_start` if a training is resumed, with the earlier epochs. Return False to stop."""
        return None

    def on_step(self, step: TrainingStep) -> object:
        """Called after each step, before the function of `Trainer.fit(on_step=…)`. The result is ignored."""
        return None

    def on_epoch_end(self, epoch: Epoch) -> bool | None:
        """Called after each epoch. Its checkpoint is written later and has the `lr` set here. Return False to stop."""
        return None


@dataclass(frozen=True)
class Callbacks:
    """All callbacks of one training."""

    objects: tuple[Callback, ...]
    functions: tuple[OnEpoch, ...]
    on_step: OnStep | None  # calls all functions and objects; None if there are none

    @classmethod
    def checked(cls, callbacks: Sequence[Callback | OnEpoch], on_step: OnStep | None) -> Callbacks:
        """The arguments of `Trainer.fit`; TypeError where one is wrong."""
        if not isinstance(callbacks, Sequence) or not all(map(_is_callback, callbacks)):
            raise TypeError(
                "callbacks must be a list of functions that take an Epoch, or of objects such as EarlyStopping(), "
                f"not {shown(callbacks)}"
            )
        if on_step is not None and (not callable(on_step) or isinstance(on_step, type)):
            raise TypeError(f"on_step must be a function that takes a TrainingStep, or None, not {shown(on_step)}")
        objects = tuple(each for each in callbacks if isinstance(each, Callback))
        functions = tuple(each for each in callbacks if not isinstance(each, Callback))
        listeners = [each.on_step for each in objects if type(each).on_step is not Callback.on_step]
        return cls(objects, functions, _one_of([*listeners, *([] if on_step is None else [on_step])]))

    def start(self, training: Training) -> None:
        """Call the objects at the start."""
        for each in self.objects:
            each.on_start(training)

    def resume(self, history: History) -> None:
        """Give the earlier epochs to the objects; the history notes a request to stop."""
        _note([each for each in self.objects if _stops(each.on_resume(tuple(history.epochs)))], history)

    def before_checkpoint(self, epoch: Epoch, history: History) -> None:
        """Give an epoch to the objects."""
        _note([each for each in self.objects if _stops(each.on_epoch_end(epoch))], history)

    def after_checkpoint(self, epoch: Epoch, history: History) -> None:
        """Give an epoch to the functions."""
        _note([each for each in self.functions if _stops(each(epoch))], history)


def _stops(answer: object) -> bool:
    """Whether it is False, also as NumPy's comparisons give it; None, 0 and others go on."""
    return isinstance(answer, bool | np.bool_) and not answer


def _is_callback(value: object) -> bool:
    return isinstance(value, Callback) or (callable(value) and not isinstance(value, type))


def _one_of(listeners: Sequence[OnStep]) -> OnStep | None:
    """One function that calls several."""
    if len(listeners) < 2:
        return listeners[0] if listeners else None

    def tell(step: TrainingStep) -> None:
        for each in listeners:
            each(step)

    return tell


def _note(stopping: Sequence[object], history: History) -> None:
    if stopping:
        who = type(stopping[0]).__name__ if isinstance(stopping[0], Callback) else "a callback"
        history.stopped = f"{who} asked to stop"
