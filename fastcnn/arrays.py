"""The array type for annotations, and functions of the kernels for rooms that must not import the kernels."""

from typing import Any

from numpy.typing import NDArray

from fastcnn.kernels.arrays import aligned_zeros, padded_count
from fastcnn.kernels.values import check_named, is_array, kind_of, shown

__all__ = ["Array", "aligned_zeros", "check_named", "is_array", "kind_of", "padded_count", "shown"]

Array = NDArray[Any]
