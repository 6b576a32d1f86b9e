"""Memory for the copies that a public function makes, lent from one call to the next.

The operating system hands out fresh memory page by page, filled with zeros, at each first touch. In a virtual machine
that takes longer than the copy.
"""

from collections.abc import Iterator, Sequence
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
def lent(dtype: np.dtype[Any], cleared: Sequence[int], others: Sequence[int] = ()) -> Iterator[list[Array]]:
    """Arrays like those of `aligned_zeros`, of so many elements, until the end of the block.

    The first ones are filled with zeros. The others hold anything, for what is overwritten anyway.
    """
    slack = ALIGNMENT_BYTES // dtype.itemsize
    sizes = [padded_count(count + slack, dtype) for count in (*cleared, *others)]
    ends = [0, *accumulate(sizes)]
    nbytes = ends[-1] * dtype.itemsize
    try:
        memory = _spare.pop()
    except IndexError:
        memory = np.empty(0, np.uint8)
    if memory.nbytes < nbytes:
        memory = aligned_zeros(nbytes, np.uint8)
    else:
        memory[: ends[len(cleared)] * dtype.itemsize] = 0
    whole = memory[:nbytes].view(dtype)
    try:
        yield [whole[start:][:count] for start, count in zip(ends[:-1], (*cleared, *others), strict=True)]
    finally:
        if memory.nbytes <= MOST_BYTES and not _spare:
            _spare.append(memory)
