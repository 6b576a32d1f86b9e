"""Who reads a set of data: one process alone, or the ranks of a job, each of which reads a part of the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from fastcnn.arrays import Array, packed

T = TypeVar("T")


class Readers(Protocol):
    """The processes that read one set of data together. All of them call the same methods in the same order."""

    number: int  # of this reader
    count: int

    def gathered(self, part: T) -> list[T]:
        """The parts of all readers, in their order."""

    def room(self, shape: tuple[int, ...]) -> Array:
        """Room for pictures (N, C, H, W) uint8. This reader fills the rows number, number + count, ..."""

    def filled(self, images: Array, kept: Array) -> Array:
        """The pictures with these numbers, which ascend, once all readers have filled their rows of the room."""

    def once(self, read: Callable[[], T]) -> T:
        """What one reader reads, for all."""


class Alone:
    """One process, which reads all."""

    number, count = 0, 1

    def gathered(self, part: T) -> list[T]:
        """Its part."""
        return [part]

    def room(self, shape: tuple[int, ...]) -> Array:
        """Room in memory."""
        return np.empty(shape, np.uint8)

    def filled(self, images: Array, kept: Array) -> Array:
        """The pictures with these numbers."""
        return packed(images, kept)

    def once(self, read: Callable[[], T]) -> T:
        """What it reads."""
        return read()


ALONE = Alone()
