"""Data that the ranks of a job read together: each reads its part, and the ranks of a host share one copy.

The copy is a mapped file whose name is gone. A rank has in its memory only the pages that it uses. Hosts exchange what
their ranks have read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from math import prod
from typing import Any, TypeVar

import numpy as np

from fastcnn.arrays import Array, packed
from fastcnn.cluster.jobs import meet
from fastcnn.errors import FastcnnError

T = TypeVar("T")

EXCHANGED_BYTES = 1 << 26  # at a time


class RankReaders:
    """The ranks as readers of one set of data. All ranks make it, and call its methods, at the same time."""

    def __init__(self, world: Any) -> None:
        from mpi4py import MPI

        self.number, self.count = world.Get_rank(), world.Get_size()
        self._world, self._host = world, world.Split_type(MPI.COMM_TYPE_SHARED)
        self._is_first = self._host.Get_rank() == 0  # of its host
        self._firsts = world.Split(0 if self._is_first else MPI.UNDEFINED, self.number)
        self._hosts: list[int] = world.allgather(  # the number of each rank's host
            self._host.bcast(self._firsts.Get_rank() if self._is_first else None)
        )

    def gathered(self, part: T) -> list[T]:
        """The parts of all ranks, in their order."""
        meet(self._world)
        parts: list[T] = self._world.allgather(part)
        return parts

    def room(self, shape: tuple[int, ...]) -> Array:
        """Room for pictures (N, C, H, W) uint8 that all ranks of this host share."""
        return self._mapped(shape, np.dtype(np.uint8))

    def filled(self, images: Array, kept: Array) -> Array:
        """The pictures with these numbers, which ascend, once all ranks have filled their rows."""
        meet(self._world)
        self._exchange(images, self.count)
        if self._is_first:
            packed(images, kept)
        meet(self._world)
        images.flags.writeable = False
        return images[: len(kept)]

    def once(self, read: Callable[[], T]) -> T:
        """What rank 0 reads, on all ranks; its arrays are shared by those of a host, and cannot be written to."""
        arrays: list[Array] = []

        def place(array: Array) -> _Place:
            arrays.append(array)
            return _Place(len(arrays) - 1)

        value = _changed(read(), np.ndarray, place) if self.number == 0 else None
        meet(self._world)
        value, layouts = self._world.bcast((value, [(array.shape, array.dtype) for array in arrays]), root=0)
        shared = [self._mapped(*layout) for layout in layouts]
        for to, array in zip(shared, arrays, strict=False):
            to[...] = array
        for array in shared:
            self._exchange(array, 1)
        meet(self._world)
        for array in shared:
            array.flags.writeable = False
        made: T = _changed(value, _Place, lambda there: shared[there.number])
        return made

    def _mapped(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """An array that all ranks of this host share."""
        nbytes = prod(shape) * dtype.itemsize
        if nbytes == 0:
            return np.empty(shape, dtype)
        path: str = self._host.bcast(_file_of(nbytes) if self._is_first else None, root=0)
        try:
            array: Array = np.memmap(path, dtype, "r+", shape=shape)
            self._host.Barrier()
        finally:
            if self._is_first:
                os.unlink(path)
        return array

    def _exchange(self, array: Array, readers: int) -> None:
        """Copy rows among the hosts, after a meeting. Row i is right on the host of rank i % readers."""
        if not self._is_first or self._firsts.Get_size() == 1 or array.size == 0:
            return
        for reader in range(readers):
            rows, root = array[reader::readers], self._hosts[reader]
            step = max(1, EXCHANGED_BYTES // max(1, rows[:1].nbytes))
            for start in range(0, len(rows), step):
                part = np.ascontiguousarray(rows[start : start + step])
                self._firsts.Bcast(part.reshape(-1).view(np.uint8), root=root)
                rows[start : start + step] = part


def _file_of(nbytes: int) -> str:
    """A new file with room for so many bytes; FastcnnError if there is none."""
    file, path = tempfile.mkstemp(prefix="fastcnn-data-")
    try:
        if sys.platform == "linux":
            os.posix_fallocate(file, 0, nbytes)  # a full device would kill the process that writes to the map
        else:
            os.truncate(file, nbytes)
    except OSError as error:
        os.unlink(path)
        raise FastcnnError(
            "the ranks cannot share {size} GB of data in {folder} ({detail}); name a folder with room by TMPDIR",
            size=f"{nbytes / 1e9:.3g}",
            folder=tempfile.gettempdir(),
            detail=error.strerror,
        ) from None
    finally:
        os.close(file)
    return path


@dataclass(frozen=True)
class _Place:
    """Where an array of a value was."""

    number: int


def _changed(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A value with each part of a kind changed, also in tuples and dataclasses."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_changed(each, kind, change) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{own.name: _changed(getattr(value, own.name), kind, change) for own in fields(value)})
    return value
