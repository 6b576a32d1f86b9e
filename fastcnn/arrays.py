"""The array type of annotations, what an array is in an error's sentence, and the kernels' aligned arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernels.arrays import aligned_zeros, padded_count

__all__ = ["Array", "aligned_zeros", "kind_of", "padded_count"]

Array = NDArray[Any]


def kind_of(value: object) -> str:
    """What a value is, for an error's sentence: an array's dtype, else the type's name."""
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
