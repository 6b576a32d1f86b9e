"""The batches of a training: read from their source (`datasets`), or picked from a set in the GPU's memory.

On the cuda backend a uint8 training set is copied to the GPU once, if it fits. A step then sends nothing, or only the
numbers of its augmentation. If the set does not fit, each step sends its batch, and a line in the log says why.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

from fastcnn.arrays import Array
from fastcnn.kernels.backends import device
from fastcnn.kernels.protocols import TrainingSet
from fastcnn.network.losses import CrossEntropy, Loss
from fastcnn.network.sequential import Sequential
from fastcnn.training.augment import Augmentation, waves

# Pictures, targets, and the weights of the pictures or None.
Batch: TypeAlias = tuple[Array, ...]


class Batches(Protocol):
    """The batches of a training."""

    def start_epoch(self, order: Array, epoch: int) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""

    def batch(self, begin: int, count: int) -> Any:
        """The `count` pictures from number `begin` of the epoch on: a `Batch`, or one on the GPU (`DeviceBatches`)."""


def batch_starts(count: int, batch_size: int, least: int) -> list[tuple[int, int]]:
    """The start and the size of each batch in an epoch of `count` pictures.

    The last batch may be smaller. If it has fewer than `least` pictures, they join the batch before.

    Raises ValueError if even the first batch is too small.
    """
    if min(count, batch_size) < least:
        wrong = "batch_size must be" if batch_size < least else "the pictures to train on must be"
        raise ValueError(
            f"{wrong} at least {least}: batch normalisation has one value a channel of each and needs more"
        )
    starts = list(range(0, count, batch_size))
    if count - starts[-1] < least:
        starts.pop()
    return [(start, stop - start) for start, stop in pairwise([*starts, count])]


class DeviceBatches:
    """Batches that are picked and augmented on the GPU. `there` is the backend's training set."""

    def __init__(
        self, there: TrainingSet, plane: tuple[int, ...], augmentation: Augmentation | None, seed: int
    ) -> None:
        self._there, self._augmentation, self._seed = there, augmentation, seed
        self._plane, self._waves = plane, (waves(plane[0]), waves(plane[1]))

    def start_epoch(self, order: Array, epoch: int) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""
        self._order, self._epoch = order, epoch
        self._there.start_epoch(order)

    def batch(self, begin: int, count: int) -> Any:
        """A batch for `Sequential.loss_and_gradients_of`."""
        if self._augmentation is None:
            return self._there.batch(begin, count)
        chosen = self._order[begin : begin + count]
        numbers = self._augmentation.numbers(chosen, self._plane, seed=self._seed, epoch=self._epoch)
        return self._there.augmented(begin, count, numbers, self._waves)


@dataclass(frozen=True)
class FitData:
    """The pictures that one `Trainer.fit` trains and validates on."""

    trained: Array  # the numbers of the training pictures
    spans: list[tuple[int, int]]  # the start and the size of each batch in an epoch
    batches: Batches
    held_out: Any  # pictures and targets, in one or several parts; by ranks: a `ranks.HeldOut`


def batches_for(
    network: Sequential,
    images: Array,
    labels: Array,
    batch_size: int,
    augmentation: Augmentation | None,
    seed: int,
    weights: Array | None = None,
    loss: Loss | None = None,
) -> DeviceBatches | None:
    """Batches of checked pictures in memory, on the device of the backend in use; None if each step sends its batch."""
    memory = device()
    if memory is not None:
        reason = "" if network.has_plan else "this network runs layer by layer"
        if weights is not None or not (loss is None or (isinstance(loss, CrossEntropy) and loss.is_plain)):
            reason = "only cross-entropy without weights has its labels there"
        reason = reason or memory.why_not(images)
        if not reason:
            there = memory.TrainingSet(images, labels, batch_size)
            return DeviceBatches(there, images.shape[2:], augmentation, seed)
        logging.getLogger("fastcnn").warning("each step sends its batch to the GPU, not the whole set once: %s", reason)
    return None
