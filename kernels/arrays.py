"""Arrays for vector code: aligned, filled with zeros, and readable a little past their end.

They are ordinary arrays of NumPy, no new type.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# One cache line, and one AVX-512 vector.
ALIGNMENT_BYTES = 64


def aligned_zeros(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that start on a 64-byte boundary and are followed by at least 64 readable bytes.

    Parameters
    ----------
    count : number of elements
    dtype : any dtype whose size divides 64

    Returns
    -------
    (count,) array of dtype, C-contiguous

    The slack lets a kernel read whole vectors up to the last element without leaving the allocation.
    """
    size_bytes = count * np.dtype(dtype).itemsize
    raw = np.zeros(size_bytes + 2 * ALIGNMENT_BYTES, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT_BYTES
    return raw[start : start + size_bytes].view(dtype)


def padded_count(count: int, dtype: DTypeLike) -> int:
    """The smallest number of elements, at least count, that fills whole 64-byte lines."""
    per_line = ALIGNMENT_BYTES // np.dtype(dtype).itemsize
    return -(-count // per_line) * per_line


def is_on_device(array: object) -> bool:
    """Whether it is an array in the memory of a device, from any library."""
    return not isinstance(array, np.ndarray) and hasattr(array, "copy_to_host")
