"""Change pictures a little for training: bend and turn them, make strokes wider or thinner, cut out a hole.

The caller passes the numbers that say how to change each picture. A backend draws no random numbers, so the same
numbers give the same bits.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.columns import ACROSS, BORDER, DOWN, HOLE, STROKE, WAVES

Array = npt.NDArray[Any]


def augment(out: Array, images: Array, numbers: Array, waves_down: Array, waves_across: Array) -> None:
    """Write changed copies of pictures into out.

    Parameters
    ----------
    out, images : (N, C, H, W) uint8 or float32, C-contiguous, not the same memory; all channels change alike
    numbers : (N, NUMBERS) float32, with the columns
        from DOWN : a, b, c and WAVES * WAVES coefficients. The source row of a pixel is a * y + b * x + c, plus the
            sum of coefficient * waves_down[i, row] * waves_across[j, column]; the coefficients of one i are
            contiguous. y and x are counted from the middle of the picture, c from its first row.
        from ACROSS : the same for the source column
        STROKE : -1 to 1. At -1 each pixel becomes the least of its 3 x 3 neighbours, at 1 the largest.
        from HOLE : top, bottom, left, right of a rectangle without ink; bottom and right are excluded
    waves_down, waves_across : (WAVES, H) and (WAVES, W) float32

    Between pixels the source is interpolated linearly. Outside the picture it is 0. Bytes are rounded, floats are not.
    """
    n, _, height, width = images.shape
    half = np.float32(0.5 if images.dtype == np.uint8 else 0)
    y = np.arange(height, dtype=np.float32)[:, np.newaxis]
    x = np.arange(width, dtype=np.float32)
    for index in range(n):
        row = numbers[index]
        down = _position(row[DOWN:ACROSS], y, x, waves_down, waves_across, height)
        across = _position(row[ACROSS:STROKE], y, x, waves_down, waves_across, width)
        top, left = down.astype(np.int64), across.astype(np.int64)
        v, u = down - top.astype(np.float32), across - left.astype(np.float32)
        hole = row[HOLE:]
        is_hole = (y >= hole[0]) & (y < hole[1]) & (x >= hole[2]) & (x < hole[3])
        for plane, changed in zip(images[index], out[index], strict=True):
            padded = _stroke(np.pad(plane, BORDER), row[STROKE], half)
            upper = padded[top, left] + u * (padded[top, left + 1] - padded[top, left])
            lower = padded[top + 1, left] + u * (padded[top + 1, left + 1] - padded[top + 1, left])
            values = upper + v * (lower - upper)
            values[is_hole] = 0
            changed[:] = values + half  # written to bytes, it is cut to a whole number


def _stroke(plane: Array, amount: Any, half: Any) -> Array:
    """Each pixel moved by a share `amount` towards its largest neighbour, or the least; bytes stay whole numbers."""
    source = plane.astype(np.float32)
    if amount == 0:
        return source
    extreme = np.maximum if amount > 0 else np.minimum
    wide = np.pad(source, 1)
    rows = extreme(extreme(wide[:-2], wide[2:]), wide[1:-1])
    target = extreme(extreme(rows[:, :-2], rows[:, 2:]), rows[:, 1:-1])
    moved: Array = (source + np.abs(amount) * (target - source) + half).astype(plane.dtype).astype(np.float32)
    return moved


def _position(row: Array, y: Array, x: Array, waves_down: Array, waves_across: Array, size: int) -> Array:
    """Where each pixel comes from along one axis, counted from the first pixel of the border: (H, W)."""
    middle_y, middle_x = np.float32((len(y) - 1) / 2), np.float32((len(x) - 1) / 2)
    place = row[1] * (x - middle_x) + (row[0] * (y - middle_y) + row[2])
    for across in range(WAVES):
        factor = np.zeros(len(y), np.float32)
        for down in range(WAVES):
            factor = factor + row[3 + down * WAVES + across] * waves_down[down]
        place = place + factor[:, np.newaxis] * waves_across[across]
    clipped: Array = np.clip(place + np.float32(BORDER), np.float32(0), np.float32(size + BORDER))
    return clipped
