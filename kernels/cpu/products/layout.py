"""Copies between the public layout (N, C, H, W) and the layouts that tiles read.

Tiles read channels-last images, (N, H, W, C). A border of zeros round them is as wide as the convolution's padding, so
no tile tests whether a pixel exists. Weights are blocks of filters, (blocks, taps, terms, filters of a block), padded
with zeros to whole vectors. Each function writes into a flat array that its caller has allocated.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import prange

from fastcnn.kernels.cpu.tiles.depthwise import copy_tile
from fastcnn.kernels.cpu.tiles.transposes import transpose_tile
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

TASK_ELEMENTS = 1 << 15  # of a picture that a task turns: threads share one large picture too
MASKS_ARE_SLOW = VECTOR_BYTES < 64  # a store under a mask takes longer than those of its elements, one after the other
SOME_CHANNELS = 16  # of weights that are turned at a time: with all their taps they fill whole vectors


def block_width(dtype: np.dtype) -> int:
    """Filters in a block of packed weights: two vectors."""
    return 2 * VECTOR_BYTES // dtype.itemsize


def packed_count(filters: int, terms: int, dtype: np.dtype) -> int:
    """Elements of packed weights: `terms` for each filter, filters rounded up to whole blocks."""
    width = block_width(dtype)
    return -(-filters // width) * width * terms


@lru_cache(maxsize=256)
def spaced(count: int, step: int) -> npt.NDArray[np.int64]:
    """Where each row of a matrix begins. Nobody writes to it."""
    return np.arange(count) * step


@inner
def _scaled(value, out, scale):
    """value / scale in the dtype of out. Without a division if scale is None, which the compiler knows."""
    if scale is None:
        return out.dtype.type(value)
    return out.dtype.type(value) / out.dtype.type(scale)


@inner
def turn(out, out_at, out_stride, x, x_at, x_rows, rows, columns):
    """out[j * out_stride + i] = x[x_rows[i] + j]: transpose a matrix tile by tile. Its rows may begin anywhere.

    The last tiles begin earlier, and write some elements again: whole tiles need no masks, which are slow.
    """
    lanes = VECTOR_BYTES // out.itemsize
    some_rows, some_columns = min(lanes, rows), min(lanes, columns)
    for next_i in range(0, rows, lanes):
        i = min(next_i, rows - some_rows)
        for next_j in range(0, columns, lanes):
            j = min(next_j, columns - some_columns)
            transpose_tile(
                out, out_at + j * out_stride + i, out_stride, x, x_at + j, x_rows, i, some_rows, some_columns
            )  # fmt: skip


@inner
def turn_few(out, out_at, out_stride, x, x_at, x_rows, rows, columns):
    """`turn` for fewer rows than a vector has lanes."""
    for i in range(rows):
        start = x_at + x_rows[i]
        for j in range(columns):
            out[out_at + j * out_stride + i] = x[start + j]


@kernel
def load_pictures(out, frame, x, scale):
    """Copy x (N, C, H, W), divided by scale unless that is None, into out with the layout `frame`.

    The border is not changed.
    """
    N, C, H, W = x.shape
    for n in prange(N):
        for h in range(H):
            start = frame.at + n * frame.image + h * frame.row
            target = out[start : start + W * C]
            for c in range(C):
                source = x[n, c, h]
                if C == 1:  # a separate loop: LLVM vectorises it only if it knows the stride
                    for w in range(W):
                        target[w] = _scaled(source[w], out, scale)
                else:
                    for w in range(W):
                        target[w * C + c] = _scaled(source[w], out, scale)


@kernel
def to_channels_last(out, frame, x, x_rows):
    """Copy flat x (N, C, H, W) into out with the layout `frame`. The border is not changed.

    x_rows : where each channel of a picture begins
    """
    C, H, W = frame.channels, frame.height, frame.width
    few = MASKS_ARE_SLOW and C * out.itemsize < VECTOR_BYTES
    images, parts = len(x) // max(1, C * H * W), min(H, 1 + C * H * W // TASK_ELEMENTS)
    for task in prange(images * parts):
        n, part = split(task, parts)
        first, stop = H * part // parts, H * (part + 1) // parts
        out_at, x_at = frame.at + n * frame.image, n * C * H * W
        # Without a border at the left and right the rows are one matrix.
        lines, width = (stop - first, W) if frame.row > W * C else (1, (stop - first) * W)
        for line in range(first, first + lines):
            if few:
                turn_few(out, out_at + line * frame.row, C, x, x_at + line * W, x_rows, C, width)
            else:
                turn(out, out_at + line * frame.row, C, x, x_at + line * W, x_rows, C, width)


@kernel
def to_planes(out, frame, x):
    """Copy flat x (N, C, H, W) into out (N, C, H, W) with the border and the size of `frame`."""
    C, H, W = frame.channels, frame.height, frame.width
    width = frame.row // C
    plane, at = frame.image // C, frame.top * width + frame.left
    for task in prange(len(x) // max(1, H * W)):
        for h in range(H):
            copy_tile(out, task * plane + at + h * width, x, (task * H + h) * W, W)


@kernel
def to_channels_first(out, x, x_rows, channels):
    """Copy flat channels-last x into flat out (N, C, H, W).

    x_rows : where each pixel of a picture begins
    """
    pixels, lanes = len(x_rows), VECTOR_BYTES // out.itemsize
    images, parts = len(out) // max(1, pixels * channels), 1 + pixels * channels // TASK_ELEMENTS
    for task in prange(images * parts):
        n, part = split(task, parts)
        first = pixels * part // parts // lanes * lanes
        stop = pixels if part == parts - 1 else pixels * (part + 1) // parts // lanes * lanes
        at = n * pixels * channels
        # A vector of channels after the other: more planes at once are more pages than the CPU writes to at full speed.
        for c in range(0, channels, lanes):
            turn(
                out, at + c * pixels + first, pixels, x, at + c, x_rows[first:], stop - first, min(lanes, channels - c)
            )  # fmt: skip


@kernel
def pack_weight(out, weight, k_rows, first, count, width, C, taps):
    """Pack filters first to first + count of flat weight (K, C, taps) as (blocks, taps, C, width), for forward.

    k_rows : where each filter begins. The last block may have room for more filters; there out stays zero.
    """
    for block in prange((count + width - 1) // width):
        filters = min(width, count - block * width)
        turned = np.empty(min(SOME_CHANNELS, C) * taps * width, out.dtype)
        for start in range(0, C, SOME_CHANNELS):
            channels = min(SOME_CHANNELS, C - start)
            turn(turned, 0, width, weight, start * taps, k_rows[first + block * width :], filters, channels * taps)
            for tap in range(taps):
                at = ((block * taps + tap) * C + start) * width
                for c in range(channels):
                    copy_tile(out, at + c * width, turned, (c * taps + tap) * width, filters)


@kernel
def pack_weight_flipped(out, weight, k_rows, first, count, width, C, taps):
    """Pack the same filters as (blocks of channels, taps from last to first, count, width), for the input's gradient.

    They are turned twice: a vector of whole rows each time.
    """
    for block in prange((C + width - 1) // width):
        channels = min(width, C - block * width)
        turned, rows = np.empty(channels * taps * width, out.dtype), np.arange(channels) * (taps * width)
        for k in range(0, count, width):
            filters = min(width, count - k)
            turn(turned, 0, width, weight, block * width * taps, k_rows[first + k :], filters, channels * taps)
            for tap in range(taps):
                last = ((block * taps + taps - 1 - tap) * count + k) * width
                turn(out, last, width, turned, tap * width, rows, channels, filters)


@kernel
def pack_weight_phase(out, weight, first, count, width, r_taps, s_taps):
    """Like pack_weight_flipped, from weight (K, C, R, S), with only the taps of one phase of the stride."""
    C = weight.shape[1]
    for block in prange((C + width - 1) // width):
        at = block * len(r_taps) * len(s_taps) * count * width
        for r in r_taps:
            for s in s_taps:
                for k in range(first, first + count):
                    for lane in range(min(width, C - block * width)):
                        out[at + lane] = weight[k, block * width + lane, r, s]
                    at += width


@kernel
def fold_grad_weight(grad_weight, partials, parts, rows, first, count, pitch, C, taps):
    """Add up partial sums (parts, taps, C, pitch) in order, for filters first to first + count of flat (K, C, taps).

    rows : where each tap of each channel begins in a part, in the order of a filter
    """
    size = taps * C * pitch
    for task in prange((C + SOME_CHANNELS - 1) // SOME_CHANNELS):
        start = np.int64(task) * SOME_CHANNELS  # the index of a prange is unsigned
        some = rows[start * taps : min(C, start + SOME_CHANNELS) * taps]
        if parts > 1:
            for row in some:
                total = partials[row : row + count]
                for part in range(1, parts):
                    more = partials[row + part * size : row + part * size + count]
                    for k in range(count):
                        total[k] += more[k]
        turn(grad_weight, (first * C + start) * taps, C * taps, partials, 0, some, len(some), count)
