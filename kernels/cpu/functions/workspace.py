"""Memory for the copies that a public function makes, lent from one call to the next.

The operating system hands out fresh memory page by page, filled with zeros, at each first touch. In a virtual machine
that takes longer than the copy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.arrays import ALIGNMENT_BYTES, aligned_zeros, padded_count
from fastcnn.kernels.shapes import Array

MOST_BYTES = 16 << 20  # that are kept between calls

_spare: list[npt.NDArray[np.uint8]] = []  # Append and pop are atomic: two threads never get the same array.


@contextmanager
def lent(dtype: np.dtype[Any], *counts: int) -> Iterator[list[Array]]:
    """Arrays like those of `aligned_zeros`, of so many elements, until the end of the block."""
    slack = ALIGNMENT_BYTES // dtype.itemsize
    ends = list(accumulate(padded_count(count + slack, dtype) for count in counts))
    nbytes = ends[-1] * dtype.itemsize
    try:
        memory = _spare.pop()
    except IndexError:
        memory = np.empty(0, np.uint8)
    if memory.nbytes < nbytes:
        memory = aligned_zeros(nbytes, np.uint8)
    else:
        memory[:nbytes] = 0
    whole = memory[:nbytes].view(dtype)
    try:
        yield [
            whole[end - padded_count(count + slack, dtype) :][:count] for end, count in zip(ends, counts, strict=True)
        ]
    finally:
        if memory.nbytes <= MOST_BYTES and not _spare:
            _spare.append(memory)
