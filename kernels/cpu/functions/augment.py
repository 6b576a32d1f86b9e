"""Change pictures a little for training: the twin of `kernels.reference.augment`, with the same bits.

Rows are computed as slices that LLVM vectorises. The pixels come from a copy with a border of background, so no index
needs a test. Pictures are independent, so the bits do not depend on the threads.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fastcnn.kernels.columns import ACROSS, BORDER, DOWN, HOLE, STROKE, WAVES
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel, parallel_lock
from fastcnn.kernels.threads import threads

Array = npt.NDArray[Any]

PER_TASK = 10  # pictures that share a task's scratch memory
EXTRA = 3  # columns and rows of the copy beyond the picture's: BORDER before, BORDER + 1 after
LANES = 32  # rows are padded to this: LLVM computes 32 floats at a time and the rest one by one, here all 28 columns


@inner
def _widen(padded, rows, picture, amount, half, H, W):
    """Write the picture with a border of zeros into padded, its strokes wider or thinner by the share `amount`.

    rows : scratch memory of the size of padded
    half : 0.5 for bytes, which are cut to whole numbers as they are written, and 0 for floats
    """
    pitch = W + BORDER + EXTRA
    padded[:] = 0
    for y in range(H):
        start = (y + BORDER) * pitch + BORDER
        target, source = padded[start : start + W], picture[y]
        for x in range(W):
            target[x] = source[x]
    if amount == 0:
        return
    # Rows are contiguous, with more than one column of border between them: neighbours across the border are 0.
    size = len(padded)
    above, middle, below = padded[: size - 2 * pitch], padded[pitch : size - pitch], padded[2 * pitch :]
    vertical = rows[pitch : size - pitch]
    left, right = rows[pitch - 1 : size - pitch - 1], rows[pitch + 1 : size - pitch + 1]
    share = abs(amount)
    rows[:pitch], rows[size - pitch :] = 0, 0
    if amount > 0:
        for i in range(len(vertical)):
            vertical[i] = max(max(above[i], below[i]), middle[i])
        for i in range(len(middle)):
            value = np.float32(middle[i])
            most = np.float32(max(max(left[i], right[i]), vertical[i]))
            middle[i] = value + share * (most - value) + half
    else:
        for i in range(len(vertical)):
            vertical[i] = min(min(above[i], below[i]), middle[i])
        for i in range(len(middle)):
            value = np.float32(middle[i])
            least = np.float32(min(min(left[i], right[i]), vertical[i]))
            middle[i] = value + share * (least - value) + half


@inner
def _pack(packed, padded, pitch):
    """Put each pixel and its right, lower and lower right neighbours into one word: then one load replaces four."""
    size = len(padded) - pitch - 1
    right, under, corner = padded[1 : size + 1], padded[pitch : size + pitch], padded[pitch + 1 :]
    words, pixels = packed[:size], padded[:size]
    for i in range(size):
        words[i] = (
            np.int32(pixels[i])
            | np.int32(right[i]) << np.int32(8)
            | np.int32(under[i]) << np.int32(16)
            | np.int32(corner[i]) << np.int32(24)
        )


@inner
def _factors(row, start, waves_down, y):
    """The factors of the three waves across in one row of pixels, along one axis."""
    zero, at = np.float32(0), start + 3
    slow, middle, fast = waves_down[0, y], waves_down[1, y], waves_down[2, y]
    return (
        zero + row[at] * slow + row[at + 3] * middle + row[at + 6] * fast,
        zero + row[at + 1] * slow + row[at + 4] * middle + row[at + 7] * fast,
        zero + row[at + 2] * slow + row[at + 5] * middle + row[at + 8] * fast,
    )


@inner
def _positions(at, down, across, row, H, W, waves_down, lines, lanes):
    """Where the pixels come from: a word of the packed copy, and the fractions of a pixel down and across from it.

    One loop computes both axes, and one call all rows. LLVM tests once a row whether the arrays overlap
    (docs/tried.md).
    """
    pitch, middle_y = np.int32(W + BORDER + EXTRA), np.float32((H - 1) / 2)
    zero, border = np.float32(0), np.float32(BORDER)
    last_row, last_column = np.float32(H + BORDER), np.float32(W + BORDER)
    place, slow, middle, fast = lines[0], lines[1], lines[2], lines[3]
    slope_down, slope_across = row[DOWN + 1], row[ACROSS + 1]
    for y in range(H):
        first_down = row[DOWN] * (np.float32(y) - middle_y) + row[DOWN + 2]
        first_across = row[ACROSS] * (np.float32(y) - middle_y) + row[ACROSS + 2]
        a, b, c = _factors(row, DOWN, waves_down, y)
        d, e, f = _factors(row, ACROSS, waves_down, y)
        start, stop = y * lanes, (y + 1) * lanes
        words, below, right = at[start:stop], down[start:stop], across[start:stop]
        for x in range(lanes):
            v = slope_down * place[x] + first_down + a * slow[x] + b * middle[x] + c * fast[x]
            u = slope_across * place[x] + first_across + d * slow[x] + e * middle[x] + f * fast[x]
            v, u = min(max(v + border, zero), last_row), min(max(u + border, zero), last_column)
            top, left = np.int32(v), np.int32(u)
            words[x] = top * pitch + left
            below[x], right[x] = v - np.float32(top), u - np.float32(left)


@inner
def _fetch_bytes(target, padded, pitch, packed, words, down, across, at):
    """Interpolate between the pixels of the copy; packed and words are scratch memory.

    The loads and the sums have separate loops. LLVM vectorises only the sums, and nothing in a common loop.
    """
    _pack(packed, padded, pitch)
    half, byte = np.float32(0.5), np.int32(255)
    for i in range(len(at)):
        words[i] = packed[np.uint32(at[i])]
    for i in range(len(at)):
        word, v, u = words[i], down[i], across[i]
        first, second = np.float32(word & byte), np.float32((word >> np.int32(8)) & byte)
        third, fourth = np.float32((word >> np.int32(16)) & byte), np.float32((word >> np.int32(24)) & byte)
        upper = first + u * (second - first)
        lower = third + u * (fourth - third)
        target[i] = np.uint8(np.int32(upper + v * (lower - upper) + half))


@inner
def _fetch_floats(target, padded, pitch, packed, words, down, across, at):
    """The same for floats."""
    for i in range(len(at)):
        first, v, u = np.uint32(at[i]), down[i], across[i]
        third = first + np.uint32(pitch)
        upper = padded[first] + u * (padded[first + np.uint32(1)] - padded[first])
        lower = padded[third] + u * (padded[third + np.uint32(1)] - padded[third])
        target[i] = upper + v * (lower - upper)


@inner
def _copy(out, pixels, row, H, W, lanes):
    """Copy the picture without the columns that fill the lanes, and cut out its hole."""
    for y in range(H):
        target, source = out[y], pixels[y * lanes : y * lanes + W]
        for x in range(W):
            target[x] = source[x]
        if row[HOLE] <= y < row[HOLE + 1]:
            for x in range(W):
                if row[HOLE + 2] <= x < row[HOLE + 3]:
                    target[x] = 0


def _make(fetch: Any, half: Any) -> Any:
    @kernel(key=fetch.__name__)
    def change(out, images, numbers, waves_down, waves_across):
        N, C, H, W = images.shape
        pitch = W + BORDER + EXTRA
        lanes = (W + LANES - 1) // LANES * LANES
        # One task for PER_TASK pictures: it writes only these.
        for task in prange((N + PER_TASK - 1) // PER_TASK):
            padded = np.empty((H + BORDER + EXTRA) * pitch, images.dtype)
            rows, packed = np.empty_like(padded), np.empty(len(padded), np.int32)
            down, across = np.empty(H * lanes, np.float32), np.empty(H * lanes, np.float32)
            pixels, words = np.empty(H * lanes, images.dtype), np.empty(H * lanes, np.int32)
            at = np.empty(H * lanes, np.int32)
            lines = np.zeros((1 + WAVES, lanes), np.float32)  # x counted from the middle, then the waves
            for x in range(W):
                lines[0, x] = np.float32(x) - np.float32((W - 1) / 2)
                for wave in range(WAVES):
                    lines[1 + wave, x] = waves_across[wave, x]
            for n in range(task * PER_TASK, min(N, (task + 1) * PER_TASK)):
                row = numbers[n]
                _positions(at, down, across, row, H, W, waves_down, lines, lanes)
                for c in range(C):
                    _widen(padded, rows, images[n, c], row[STROKE], half, H, W)
                    fetch(pixels, padded, pitch, packed, words, down, across, at)
                    _copy(out[n, c], pixels, row, H, W, lanes)

    return change


_CHANGE = {"uint8": _make(_fetch_bytes, np.float32(0.5)), "float32": _make(_fetch_floats, np.float32(0))}


def augment(out: Array, images: Array, numbers: Array, waves_down: Array, waves_across: Array) -> None:
    """See `kernels.reference.augment`."""
    change = _CHANGE[images.dtype.name]
    if threads() == 1 or len(images) <= PER_TASK:
        change.serial(out, images, numbers, waves_down, waves_across)
        return
    with parallel_lock:
        change(out, images, numbers, waves_down, waves_across)


assert WAVES == 3  # _factors and _positions write out the sum of three
