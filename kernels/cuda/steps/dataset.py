"""The pictures and labels of a training on the GPU. The order of an epoch is copied there once; the GPU picks batches.

A step then copies nothing to the GPU, or 29 numbers for each picture if the pictures are augmented.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fastcnn.kernels.cuda.functions.augment import move_pixels
from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.toolchain.compiler import cuda, told
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, empty, fill, upload
from fastcnn.kernels.cuda.toolchain.sizes import MAX_ELEMENTS, line_grid
from fastcnn.kernels.protocols import Numbers
from fastcnn.kernels.shapes import Array

# The rest is for activations, which grow with the batch, and for other programs that use the GPU.
SHARE_OF_FREE_MEMORY = 0.5


class Picks(NamedTuple):
    """Element i of a batch is array[order[first + i]]."""

    array: DeviceArray
    order: DeviceArray
    first: int


@dataclass(frozen=True)
class Batch:
    """A batch on the GPU: the places of its pictures and its labels."""

    pictures: Picks
    labels: Picks
    count: int

    def __len__(self) -> int:
        return self.count


def why_not(images: Array) -> str:
    """The reason why the GPU cannot keep these pictures, as the words after a colon; "" if it can."""
    if images.dtype != np.uint8:
        return f"only uint8 pictures are kept there, not {images.dtype}"
    if images.size > MAX_ELEMENTS:
        return "it has more pixels than 32 bits can number"
    with told():
        free = cuda.current_context().get_memory_info()[0]
    if images.nbytes > SHARE_OF_FREE_MEMORY * free:
        return f"its {images.nbytes / 1e9:.1f} GB are more than half of the {free / 1e9:.1f} GB that are free there"
    return ""


class TrainingSet:
    """images (N, C, H, W) uint8 and labels (N,) integers, and memory for one augmented batch."""

    def __init__(self, images: Array, labels: Numbers, batch_size: int) -> None:
        self.shape, self.pixels = tuple(map(int, images.shape[1:])), int(np.prod(images.shape[1:]))
        self.images, self.labels = upload(images), upload(labels.astype(np.int32))
        self.order = empty(len(images), np.int32)
        self.in_turn = upload(np.arange(batch_size, dtype=np.int32))
        self._changed: tuple[DeviceArray, ...] = ()
        self._batch_size = batch_size

    def start_epoch(self, order: Numbers) -> None:
        """order : the numbers of the pictures, in the order of this epoch"""
        fill(self.order, order.astype(np.int32))

    def batch(self, first: int, count: int) -> Batch:
        """`count` pictures of the epoch; the first one has the number `first`."""
        return Batch(Picks(self.images, self.order, first), Picks(self.labels, self.order, first), count)

    def augmented(self, first: int, count: int, numbers: Array, waves: tuple[Array, Array]) -> Batch:
        """The same pictures, augmented; numbers, waves: see `kernels.reference.augment`. One batch at a time."""
        if not self._changed:
            size = self._batch_size * self.pixels
            rows = empty(self._batch_size * numbers.shape[1], np.float32)
            self._changed = empty(size, np.uint8), empty(size, np.uint8), rows, *map(upload, waves)
        plain, changed, rows, *there = self._changed
        size = count * self.pixels
        elementwise.gather_bytes(*line_grid(size), plain, self.images, self.order, first, size, self.pixels)
        move_pixels(*line_grid(size), changed, plain, fill(rows, numbers), *there, size, *self.shape, 1)
        return Batch(Picks(changed, self.in_turn, 0), self.batch(first, count).labels, count)
