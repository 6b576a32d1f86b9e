"""Pictures that are not in memory: the user's `Dataset` gives each batch, and each batch is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import counted, shown
from fastcnn.network.losses import Loss, check_sample_weight
from fastcnn.network.sequential import Sequential
from fastcnn.training.augment import Augmentation
from fastcnn.training.batches import Batch
from fastcnn.training.samples import samples

FEW = 32  # pictures read at the start, for the dtype; the fingerprint uses the first and last ones
PART = 1024  # validation pictures in memory at the same time
LONGEST = 200


@runtime_checkable
class Dataset(Protocol):
    """Pictures and labels by number, instead of arrays: `trainer.fit(dataset, epochs=3)`.

    It may also have a `fingerprint`, a string that is different for different data: a checkpoint can only be resumed
    with the same data. Without it, the length and the first and last 32 pictures must be the same.
    """

    def __len__(self) -> int:
        """The number of pictures; the same at all times."""

    def batch(self, indices: Array, /) -> tuple[Array, Array] | tuple[Array, Array, Array]:
        """The pictures and labels with these numbers, in this order; and their weights, in all batches or in none.

        Parameters
        ----------
        indices : (n,) int64, from 0 to len - 1, in any order

        Returns
        -------
        images, labels : n of each, in any form that `Trainer.fit` takes; the dtype is the same in all batches
        sample_weight : (n,) numbers, at least 0
        """


class DatasetError(FastcnnError, ValueError):
    """A user's dataset raised an error, or returned unusable data; nothing was trained on it."""


class DatasetSource:
    """A dataset for one network and loss; each batch is checked. It has the methods of `sources.ArraySource`."""

    def __init__(self, network: Sequential, loss: Loss, dataset: Dataset, layout: str, name: str = "dataset") -> None:
        self._network, self._loss, self._dataset, self._layout, self._name = network, loss, dataset, layout, name
        self._count = _length(dataset, name)
        self._kind: tuple[np.dtype[Any], int] | None = None
        self._begin = tuple(map(np.copy, self.read(np.arange(min(FEW, self._count)))))
        self.first = self._begin[0]
        self.targets: Array | None = None

    def __len__(self) -> int:
        return self._count

    def read(self, numbers: Array) -> Batch:
        """The pictures, targets and perhaps weights with these numbers; DatasetError if something is wrong."""
        who = f"{self._name}.batch of {len(numbers)} indices from {numbers.min()} to {numbers.max()}"
        try:
            given = self._dataset.batch(numbers.astype(np.int64))
        except Exception as error:
            raise DatasetError(_sentence(who, f"raised {type(error).__name__}: {error}")) from error
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise DatasetError(_sentence(who, f"must give (images, labels), not {shown(given)}"))
        try:
            images, targets = samples(self._network, given[0], given[1], self._loss, layout=self._layout)
            if len(images) != len(numbers):
                raise ValueError(f"it gave {counted(len(images), 'picture')}")
            weights = [check_sample_weight(each, len(images)) for each in given[2:]]
            kind = images.dtype, len(weights)
            if self._kind not in (None, kind):
                raise ValueError(f"it gave {_words(*kind)}, and {_words(*self._kind)} before")
        except (TypeError, ValueError) as error:
            raise DatasetError(_sentence(who, str(error))) from error
        self._kind = kind
        return (images, targets, *weights)

    def parts(self, numbers: Array | None = None) -> Iterable[tuple[Array, Array]]:
        """The pictures and targets with these numbers, or all, in several parts. It can be iterated again."""
        return Parts(self, np.arange(self._count) if numbers is None else numbers)

    def fingerprint(self) -> str:
        """The dataset's own fingerprint if it has one; else that of its length and its first and last pictures."""
        own = getattr(self._dataset, "fingerprint", None)
        own = own() if callable(own) else own
        if own is not None:
            return f"{self._count} {own}"
        digest = hashlib.blake2b(f"{self._count}".encode(), digest_size=16)
        for array in (*self._begin, *self.read(np.arange(max(0, self._count - FEW), self._count))):
            digest.update(f"{array.shape} {array.dtype.str}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


class Parts:
    """The pictures and targets of a source by their numbers, in parts of PART pictures."""

    def __init__(self, source: Any, numbers: Array) -> None:
        self._source, self._numbers = source, numbers

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for start in range(0, len(self._numbers), PART):
            images, targets, *_ = self._source.read(self._numbers[start : start + PART])
            yield images, targets


class SourceBatches:
    """Batches that are read from a source one by one, and augmented on the host."""

    def __init__(self, source: Any, augmentation: Augmentation | None, seed: int) -> None:
        self._source, self._augmentation, self._seed = source, augmentation, seed

    def start_epoch(self, order: Array, epoch: int) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""
        self._order, self._epoch = order, epoch

    def batch(self, begin: int, count: int) -> Batch:
        """Pictures, targets and perhaps weights of `count` pictures of the epoch, from number `begin` on."""
        chosen = self._order[begin : begin + count]
        images, *more = self._source.read(chosen)
        if self._augmentation is not None:
            plain, images = np.ascontiguousarray(images), np.empty(images.shape, images.dtype)
            self._augmentation.apply(plain, chosen, seed=self._seed, epoch=self._epoch, out=images)
        return (images, *more)


def _length(dataset: Dataset, name: str) -> int:
    try:
        return integer(f"len({name})", len(dataset), 1)
    except Exception as error:
        raise DatasetError(_sentence(f"len({name}) must be a number of pictures, at least 1", str(error))) from error


def _words(dtype: np.dtype[Any], weights: int) -> str:
    return f"{dtype} pictures with{'' if weights else 'out'} weights"


def _sentence(who: str, what: str) -> str:
    text = f"{who}: {' '.join(what.split())}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
