"""The array type of annotations, and rows that are packed in place."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

ROWS = 1024  # that are moved at a time


def packed(array: Array, kept: Array) -> Array:
    """The rows with these numbers, which ascend. They are moved to the front of the array, and the result is a view."""
    if len(kept) < len(array):
        for start in range(0, len(kept), ROWS):
            rows = array[kept[start : start + ROWS]]
            array[start : start + len(rows)] = rows
    return array[: len(kept)]
