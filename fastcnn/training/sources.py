"""The data of a training: arrays in memory, arrays in a mapped file, or a `Dataset`, checked and in one form."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.answers import check_pictures
from fastcnn.network.losses import Loss, check_sample_weight
from fastcnn.network.sequential import Sequential
from fastcnn.training.augment import Augmentation
from fastcnn.training.batches import Batch, Batches, batches_for
from fastcnn.training.datasets import FEW, Dataset, DatasetSource, Parts, SourceBatches
from fastcnn.training.samples import Labels, count_set_aside, samples

Validation: TypeAlias = int | float | tuple[Array, Labels] | Dataset | None

CHUNK_BYTES = 1 << 26  # of an array that are hashed at a time: a chunk may be copied


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Checked arrays. is_mapped: the pictures are in a file, and are read only batch by batch."""

    network: Sequential
    images: Array
    targets: Array
    weights: Array | None
    is_mapped: bool
    name: str

    def __len__(self) -> int:
        return len(self.images)

    @property
    def first(self) -> Array:
        """All pictures, or the first few if they are in a mapped file."""
        return self.images[:FEW] if self.is_mapped else self.images

    def read(self, numbers: Array) -> Batch:
        """Pictures, targets, and weights if there are any. Pictures of a mapped file are checked here."""
        images = self.images[numbers]
        check_pictures(images, self.network.dtype, self.name, numbers)
        weights = [] if self.weights is None else [self.weights[numbers]]
        return (images, self.targets[numbers], *weights)

    def parts(self, numbers: Array | None = None) -> Iterable[tuple[Array, Array]]:
        """The pictures and targets with these numbers, or all: one part, or several for a mapped file."""
        if self.is_mapped:
            return Parts(self, np.arange(len(self)) if numbers is None else numbers)
        if numbers is None:
            return [(self.images, self.targets)]
        return [(self.images[numbers], self.targets[numbers])]

    def fingerprint(self) -> str:
        """The fingerprint of all bytes."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.images, self.targets, *([] if self.weights is None else [self.weights])):
            digest.update(f"{array.shape} {array.dtype.str}".encode())
            rows = max(1, CHUNK_BYTES // max(1, array[:1].nbytes))
            for start in range(0, len(array), rows):
                digest.update(np.ascontiguousarray(array[start : start + rows]).data)
        return digest.hexdigest()


Source: TypeAlias = ArraySource | DatasetSource


def source_of(
    network: Sequential, loss: Loss, images: Array | Dataset, labels: Labels | None, sample_weight: Array | None,
    layout: str,
) -> Source:  # fmt: skip
    """The checked data for `Trainer.fit`; TypeError, ValueError or DatasetError if they cannot be used."""
    if is_array(images):
        source = _arrays(network, loss, images, labels, layout, "")
        if sample_weight is None:
            return source
        weights = check_sample_weight(sample_weight, len(source))
        if not weights.any():
            raise ValueError("sample_weight must be more than 0 for one picture at least")
        return ArraySource(network, source.images, source.targets, weights, source.is_mapped, source.name)
    if not isinstance(images, Dataset):
        raise TypeError(f"images must be a uint8, float32 or float64 array or a fastcnn.Dataset, not {kind_of(images)}")
    for name, given in (("labels", labels), ("sample_weight", sample_weight)):
        if given is not None:
            raise ValueError(f"{name} come with each batch of a Dataset; leave out what is given here")
    return DatasetSource(network, loss, images, layout)


def validation_of(
    network: Sequential, loss: Loss, validation: Validation, count: int, layout: str
) -> tuple[Source | None, int]:
    """The validation pictures if they are given, and how many of `count` pictures are set aside.

    Raises the errors of `source_of` and `count_set_aside`.
    """
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError(f"validation must be (images, labels) or a number, not {shown(validation)}")
        return _arrays(network, loss, *validation, layout, "validation "), 0
    if isinstance(validation, Dataset):
        return DatasetSource(network, loss, validation, layout, "validation"), 0
    return None, count_set_aside(validation, count)


def source_batches(
    network: Sequential, source: Source, loss: Loss, batch_size: int,
    augmentation: Augmentation | None, seed: int,
) -> Batches:  # fmt: skip
    """The batches of a training on the backend in use."""
    there: Batches | None = None
    if isinstance(source, ArraySource) and not source.is_mapped:
        data = source.images, source.targets
        there = batches_for(network, *data, batch_size, augmentation, seed, source.weights, loss)
    return SourceBatches(source, augmentation, seed) if there is None else there


def _arrays(
    network: Sequential, loss: Loss, images: Array, labels: Labels | None, layout: str, name: str
) -> ArraySource:
    if labels is None:
        raise TypeError(f"{name}labels must be given with images that are an array, not None")
    mapped = is_array(images) and _is_mapped(images)
    images, targets = samples(network, images, labels, loss, name=name, layout=layout, look=not mapped)
    return ArraySource(network, images, targets, None, mapped, f"{name}images")


def _is_mapped(array: Array) -> bool:
    """Whether the array is in a file, which the system reads when the numbers are used."""
    base: object = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and getattr(base, "_mmap", None) is not None:
            return True
        base = base.base
    return isinstance(base, mmap.mmap)
