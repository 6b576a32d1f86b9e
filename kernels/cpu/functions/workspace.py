"""Memory for the copies that a public function makes, lent from one call to the next.

The operating system hands out fresh memory page by page, filled with zeros, at each first touch. In a virtual machine
that takes longer than the copy.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.arrays import ALIGNMENT_BYTES, aligned_zeros, padded_count
from fastcnn.kernels.shapes import Array

MOST_BYTES = 16 << 20  # that are kept between calls

_spare: list[npt.NDArray[np.uint8]] = []  # Append and pop are atomic: two threads never get the same array.


class lent:  # noqa: N801  # it is used like a function
    """Arrays like those of `aligned_zeros`, of so many elements, until the end of the block.

    The first ones are filled with zeros. The others hold anything, for what is overwritten anyway.
    """

    def __init__(self, dtype: np.dtype[Any], cleared: Sequence[int], others: Sequence[int] = ()) -> None:
        self._dtype, self._cleared, self._others = dtype, cleared, others

    def __enter__(self) -> list[Array]:
        dtype = self._dtype
        slack = ALIGNMENT_BYTES // dtype.itemsize
        places, end, cleared = [], 0, 0
        for count in self._cleared:
            places.append((end, end + count))
            cleared = end = end + padded_count(count + slack, dtype)
        for count in self._others:
            places.append((end, end + count))
            end += padded_count(count + slack, dtype)
        try:
            self._memory = _spare.pop()
        except IndexError:
            self._memory = np.empty(0, np.uint8)
        if self._memory.nbytes < end * dtype.itemsize:
            self._memory = aligned_zeros(end * dtype.itemsize, np.uint8)
        else:
            self._memory[: cleared * dtype.itemsize] = 0
        whole = self._memory[: end * dtype.itemsize].view(dtype)
        return [whole[start:stop] for start, stop in places]

    def __exit__(self, *_: object) -> None:
        if self._memory.nbytes <= MOST_BYTES and not _spare:
            _spare.append(self._memory)
