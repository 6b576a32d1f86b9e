"""What `Trainer.fit` tells of a training while it runs, and to whom: functions, and objects with a state.

A function in `callbacks` gets each finished `Epoch`; the function `on_step` gets each finished `TrainingStep`. A
`Callback` may want both, and the start too. It is told of the same records, by the same loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from fastcnn.kernels.values import shown
from fastcnn.network.sequential import Sequential
from fastcnn.optim.optimizers import Optimizer
from fastcnn.training.history import Epoch, History, TrainingStep

OnEpoch: TypeAlias = Callable[[Epoch], bool | None]
OnStep: TypeAlias = Callable[[TrainingStep], object]


class Trains(Protocol):
    """A trainer, as far as a callback may change it."""

    optimizer: Optimizer  # an `lr` that is set counts from the next step on


@dataclass(frozen=True)
class Training:
    """What a callback is given before the first step; it may keep it."""

    trainer: Trains
    network: Sequential  # what is validated: the averaged network where there is one
    history: History  # grows with each epoch; after a resume it begins with those before
    validates: bool  # whether there are validation pictures


class Callback:
    """The base of an object for `Trainer.fit(callbacks=[…])`; override what you need.

    An object may be used for one training after the other: `on_start` begins again. It keeps nothing in checkpoints.
    What it knows must follow from the epochs, which a checkpoint keeps: after a resume `on_resume` is given them.
    """

    def on_start(self, training: Training) -> None:
        """Before anything has changed: forget the last training, and raise where this one cannot work.

        It is too early to set `lr`; `on_step` and `on_epoch_end` may.
        """

    def on_resume(self, epochs: Sequence[Epoch]) -> bool | None:
        """After `on_start` of a training that is resumed: what was done before. False: train no further."""
        return None

    def on_step(self, step: TrainingStep) -> object:
        """After each step, before the function of `Trainer.fit(on_step=…)`; what it returns is ignored."""
        return None

    def on_epoch_end(self, epoch: Epoch) -> bool | None:
        """After each epoch, before its checkpoint, which so has the `lr` that is set here. False stops the training."""
        return None


@dataclass(frozen=True)
class Callbacks:
    """All that one training tells."""

    objects: tuple[Callback, ...]
    functions: tuple[OnEpoch, ...]
    on_step: OnStep | None  # of all of them; None where nobody listens

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
        """Tell of the start."""
        for each in self.objects:
            each.on_start(training)

    def resume(self, history: History) -> None:
        """Tell of what was done before; the history notes who asks to stop."""
        _note([each for each in self.objects if each.on_resume(tuple(history.epochs)) is False], history)

    def before_checkpoint(self, epoch: Epoch, history: History) -> None:
        """Tell the objects of an epoch."""
        _note([each for each in self.objects if each.on_epoch_end(epoch) is False], history)

    def after_checkpoint(self, epoch: Epoch, history: History) -> None:
        """Tell the functions."""
        _note([each for each in self.functions if each(epoch) is False], history)


def _is_callback(value: object) -> bool:
    return isinstance(value, Callback) or (callable(value) and not isinstance(value, type))


def _one_of(listeners: Sequence[OnStep]) -> OnStep | None:
    """One function in place of several."""
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
