"""Arrays of numbers as pictures: (N, C, H, W) uint8 from all usual layouts and ranges."""

from __future__ import annotations

import math

import numpy as np

from fastcnn.arrays import Array
from fastcnn.data.dataset import DataError

WHITE = 255
WIDE = 65_535
CHANNELS = (1, 3, 4)  # the usual numbers of channels
BLOCK = 1000  # pictures that are converted at a time


def as_pictures(values: Array, source: str, like: Array | None = None) -> Array:
    """Pictures (N, C, H, W) uint8, contiguous.

    Parameters
    ----------
    values : (N, H, W), (N, C, H, W), (N, H, W, C) or (N, H*W) of square pictures. With four axes, the channels are the
        second or the last axis: the one of size 1, 3 or 4, else the shorter one. The numbers are from 0 to 255; or from
        0 to 1, where 1 becomes 255; or uint16, where 65535 becomes 255
    source : the name of the data, for errors
    like : the numbers of the training part, whose range decides the scale; None uses `values`

    Raises
    ------
    DataError
        If the shape or the range is another.
    """
    return _channels_first(_bytes(values, source, values if like is None else like), source)


def square(pixels: int) -> int | None:
    """The side of a square picture with this number of pixels; None if there is no such square."""
    side = math.isqrt(pixels)
    return side if side * side == pixels else None


def _channels_first(values: Array, source: str) -> Array:
    shape = values.shape
    if 0 in shape:
        raise DataError(f"{source} holds no pictures: its shape is {shape}")
    if values.ndim == 2:
        side = square(shape[1])
        if side is None:
            raise DataError(f"{source} has rows of {shape[1]} numbers, no square picture; give it the shape (N, H, W)")
        return np.ascontiguousarray(values).reshape(len(values), 1, side, side)
    if values.ndim == 3:
        return np.ascontiguousarray(values[:, np.newaxis])
    if values.ndim != 4:
        raise DataError(f"{source} must have the shape (N, H, W), (N, C, H, W) or (N, H, W, C), not {shape}")
    if shape[1] == shape[3]:
        raise DataError(f"{source} of shape {shape} may have its channels second or last; give it as (N, H, W)")
    second, last = (shape[axis] in CHANNELS for axis in (1, 3))
    first = second if second != last else shape[1] < shape[3]
    return np.ascontiguousarray(values if first else values.transpose(0, 3, 1, 2))


def _bytes(values: Array, source: str, like: Array) -> Array:
    """The numbers as uint8, in the same shape."""
    if values.dtype.kind not in "iufb":
        raise DataError(f"{source} must hold numbers, not {values.dtype}")
    if values.size == 0:
        return values.astype(np.uint8)
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        wrong = next(number for number, each in enumerate(values) if not np.isfinite(each).all())
        raise DataError(f"{source} holds NaN or infinity, first in picture {wrong}; give numbers from 0 to 255")
    largest = float(like.max())
    white = 1 if largest <= 1 else WIDE if like.dtype == np.uint16 and largest > WHITE else WHITE
    if low < 0 or high > white:
        raise DataError(f"{source} has numbers from {low:g} to {high:g}; give them from 0 to 255, or from 0 to 1")
    factor = WHITE / white
    if values.dtype == np.uint8 and factor == 1:
        return values
    pictures = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), BLOCK):
        pictures[start : start + BLOCK] = np.rint(values[start : start + BLOCK] * np.float64(factor))
    return pictures
