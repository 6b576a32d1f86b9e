"""Pictures made a little different, for training: the twin of `kernels.reference.augment`, bit for bit.

Rows are computed as slices that LLVM vectorises; the pixels are gathered from a copy with a border of background, so
that nothing needs to be tested. Pictures are independent, so the bits do not depend on the threads.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fastcnn.kernels.cpu.jit import inner, kernel, parallel_lock
from fastcnn.kernels.reference.augment import ACROSS, BORDER, DOWN, HOLE, STROKE, WAVES
from fastcnn.kernels.threads import threads

Array = npt.NDArray[Any]

PER_TASK = 10  # pictures that share a task's scratch memory
EXTRA = 3  # columns and rows of the copy beyond the picture's: BORDER before, BORDER + 1 after
LANES = 32  # LLVM takes so many floats a turn and the rest one by one: 28 columns would all be the rest


@inner
def _widen(padded, rows, picture, amount, H, W):
    """The picture with a border of zeros, its strokes wider or thinner by a share; rows is scratch of padded's size."""
    pitch = W + BORDER + EXTRA
    padded[:] = 0
    for y in range(H):
        start = (y + BORDER) * pitch + BORDER
        target, source = padded[start : start + W], picture[y]
        for x in range(W):
            target[x] = source[x]
    if amount == 0:
        return
    # Rows lie one behind the other with more than one column of border between them: neighbours across it are 0.
    size = len(padded)
    above, middle, below = padded[: size - 2 * pitch], padded[pitch : size - pitch], padded[2 * pitch :]
    vertical = rows[pitch : size - pitch]
    left, right = rows[pitch - 1 : size - pitch - 1], rows[pitch + 1 : size - pitch + 1]
    share, half = abs(amount), np.float32(0.5)
    rows[:pitch], rows[size - pitch :] = 0, 0
    if amount > 0:
        for i in range(len(vertical)):
            vertical[i] = max(max(above[i], below[i]), middle[i])
        for i in range(len(middle)):
            value = np.float32(middle[i])
            most = np.float32(max(max(left[i], right[i]), vertical[i]))
            middle[i] = np.uint8(value + share * (most - value) + half)
    else:
        for i in range(len(vertical)):
            vertical[i] = min(min(above[i], below[i]), middle[i])
        for i in range(len(middle)):
            value = np.float32(middle[i])
            least = np.float32(min(min(left[i], right[i]), vertical[i]))
            middle[i] = np.uint8(value + share * (least - value) + half)


@inner
def _pack(packed, padded, pitch):
    """Each pixel with its right, lower and lower right neighbours in one word: one load a pixel, not four."""
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
def _positions(place, row, start, y, H, W, waves_down, waves_across, size):
    """Where the pixels of one row come from along one axis, counted from the border's first pixel."""
    middle_y, middle_x = np.float32((H - 1) / 2), np.float32((W - 1) / 2)
    first = row[start] * (np.float32(y) - middle_y) + row[start + 2]
    slope = row[start + 1]
    zero, last, border = np.float32(0), np.float32(size + BORDER), np.float32(BORDER)
    factors = (zero, zero, zero)
    for down in range(WAVES):
        at, wave = start + 3 + down * WAVES, waves_down[down, y]
        factors = (
            factors[0] + row[at] * wave, factors[1] + row[at + 1] * wave, factors[2] + row[at + 2] * wave,
        )  # fmt: skip
    slow, middle, fast = waves_across[0], waves_across[1], waves_across[2]
    for x in range(len(place)):
        value = slope * (np.float32(x) - middle_x) + first
        value = value + factors[0] * slow[x] + factors[1] * middle[x] + factors[2] * fast[x]
        place[x] = min(max(value + border, zero), last)


@inner
def _fetch(target, packed, down, across, pitch, at):
    """Pixels interpolated between those of the copy; what down and across hold is lost, at is scratch.

    In loops of their own the places and the sums run in vectors, 0.06 ms for 100 pictures; in one loop with the loads,
    which do not, nothing does: 0.22 ms.
    """
    half, byte = np.float32(0.5), np.int32(255)
    for i in range(len(at)):
        top, left = np.int32(down[i]), np.int32(across[i])
        at[i] = top * np.int32(pitch) + left
        down[i] -= np.float32(top)
        across[i] -= np.float32(left)
    for i in range(len(at)):
        at[i] = packed[np.uint32(at[i])]
    for i in range(len(at)):
        word, v, u = at[i], down[i], across[i]
        first, second = np.float32(word & byte), np.float32((word >> np.int32(8)) & byte)
        third, fourth = np.float32((word >> np.int32(16)) & byte), np.float32((word >> np.int32(24)) & byte)
        upper = first + u * (second - first)
        lower = third + u * (fourth - third)
        at[i] = np.int32(upper + v * (lower - upper) + half)
    for i in range(len(at)):
        target[i] = np.uint8(at[i])


@inner
def _copy(out, pixels, row, H, W, lanes):
    """The picture without the columns that fill the lanes, and with its hole."""
    for y in range(H):
        target, source = out[y], pixels[y * lanes : y * lanes + W]
        for x in range(W):
            target[x] = source[x]
        if row[HOLE] <= y < row[HOLE + 1]:
            for x in range(W):
                if row[HOLE + 2] <= x < row[HOLE + 3]:
                    target[x] = 0


@kernel
def _augment(out, images, numbers, waves_down, waves_across):
    N, H, W = images.shape
    pitch = W + BORDER + EXTRA
    lanes = waves_across.shape[1]
    # One task per PER_TASK pictures: each writes its own pictures only.
    for task in prange((N + PER_TASK - 1) // PER_TASK):
        padded = np.empty((H + BORDER + EXTRA) * pitch, np.uint8)
        rows, packed = np.empty(len(padded), np.uint8), np.empty(len(padded), np.int32)
        down, across = np.empty(H * lanes, np.float32), np.empty(H * lanes, np.float32)
        pixels, at = np.empty(H * lanes, np.uint8), np.empty(H * lanes, np.int32)
        for n in range(task * PER_TASK, min(N, (task + 1) * PER_TASK)):
            row = numbers[n]
            _widen(padded, rows, images[n], row[STROKE], H, W)
            for y in range(H):
                start, stop = y * lanes, (y + 1) * lanes
                _positions(down[start:stop], row, DOWN, y, H, W, waves_down, waves_across, H)
                _positions(across[start:stop], row, ACROSS, y, H, W, waves_down, waves_across, W)
            _pack(packed, padded, pitch)
            _fetch(pixels, packed, down, across, pitch, at)
            _copy(out[n], pixels, row, H, W, lanes)


def augment(out: Array, images: Array, numbers: Array, waves_down: Array, waves_across: Array) -> None:
    """See `kernels.reference.augment`."""
    waves_across = np.pad(waves_across, ((0, 0), (0, -waves_across.shape[1] % LANES)))
    if threads() == 1 or len(images) <= PER_TASK:
        _augment.serial(out, images, numbers, waves_down, waves_across)
        return
    with parallel_lock:
        _augment(out, images, numbers, waves_down, waves_across)


assert WAVES == 3  # _positions writes the sum over them out
