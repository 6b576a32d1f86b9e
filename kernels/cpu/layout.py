"""Copies between the layout that everyone sees (N, C, H, W) and the ones that tiles walk through.

Inside, images are channels-last, (N, H, W, C), with a border of zeros as wide as the convolution's padding, so that no
tile tests whether a pixel exists. Weights lie as blocks of filters, (blocks, taps, terms, filters of a block), padded
with zeros to whole vectors. Each function writes a flat array that its caller allocated once.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.jit import inner, kernel
from fastcnn.kernels.cpu.sharing import split
from fastcnn.kernels.cpu.tiles import transpose_tile
from fastcnn.kernels.cpu.vector import VECTOR_BYTES


def block_width(dtype: np.dtype) -> int:
    """Filters in a block of packed weights: two vectors."""
    return 2 * VECTOR_BYTES // dtype.itemsize


def packed_count(filters: int, terms: int, dtype: np.dtype) -> int:
    """Elements of packed weights: `terms` for each filter, filters rounded up to whole blocks."""
    width = block_width(dtype)
    return -(-filters // width) * width * terms


@inner
def _scaled(value, out, scale):
    """value / scale in the dtype of out; as it is where scale is None, which is settled when this is compiled."""
    if scale is None:
        return out.dtype.type(value)
    return out.dtype.type(value) / out.dtype.type(scale)


@inner
def turn(out, out_at, out_step, x, x_at, x_rows, rows, columns):
    """out[j * out_step + i] = x[x_rows[i] + j]: a matrix whose rows lie anywhere, turned round tile by tile."""
    lanes = VECTOR_BYTES // out.itemsize
    for i in range(0, rows, lanes):
        for j in range(0, columns, lanes):
            transpose_tile(
                out, out_at + j * out_step + i, out_step, x, x_at + j, x_rows, i, min(lanes, rows - i),
                min(lanes, columns - j),
            )  # fmt: skip


@kernel
def load_pictures(out, frame, x, scale):
    """(N, C, H, W) x, divided by scale unless that is None, into out, laid out as `frame`; its border is left alone."""
    N, C, H, W = x.shape
    for n in prange(N):
        for h in range(H):
            start = frame.at + n * frame.image + h * frame.row
            target = out[start : start + W * C]
            for c in range(C):
                source = x[n, c, h]
                if C == 1:  # a loop of its own: LLVM vectorises it only if it knows the step
                    for w in range(W):
                        target[w] = _scaled(source[w], out, scale)
                else:
                    for w in range(W):
                        target[w * C + c] = _scaled(source[w], out, scale)


@kernel
def to_channels_last(out, frame, x, x_rows):
    """Flat (N, C, H, W) x into out, laid out as `frame`, whose border is left alone; x_rows: where channels begin."""
    C, H, W = frame.channels, frame.height, frame.width
    images = len(x) // max(1, C * H * W)
    for n in prange(images):
        if frame.row == W * C:  # no border beside: the picture is one matrix
            turn(out, frame.at + n * frame.image, C, x, n * C * H * W, x_rows, C, H * W)
        else:
            for h in range(H):
                turn(out, frame.at + n * frame.image + h * frame.row, C, x, n * C * H * W + h * W, x_rows, C, W)


@kernel
def to_channels_first(out, x, x_rows, channels):
    """Flat channels-last x into flat (N, C, H, W) out; x_rows: where the pixels of a picture begin."""
    pixels = len(x_rows)
    for n in prange(len(out) // max(1, pixels * channels)):
        turn(out, n * pixels * channels, pixels, x, n * pixels * channels, x_rows, pixels, channels)


@kernel
def pack_weight(out, weight, first, count, width):
    """Filters first to first + count of (K, C, R, S) weight as (blocks, R, S, C, width): for convolution forward."""
    _, C, R, S = weight.shape
    for block in prange((count + width - 1) // width):
        at = block * R * S * C * width
        for r in range(R):
            for s in range(S):
                for c in range(C):
                    for lane in range(width):
                        k = block * width + lane
                        out[at] = weight[first + k, c, r, s] if k < count else 0
                        at += 1


@kernel
def pack_weight_transposed(out, weight, first, count, r_taps, s_taps, width):
    """The same filters as (blocks of channels, taps r, taps s, count, width): for the gradient of the input."""
    C = weight.shape[1]
    for block in prange((C + width - 1) // width):
        at = block * len(r_taps) * len(s_taps) * count * width
        for r in r_taps:
            for s in s_taps:
                for k in range(first, first + count):
                    for lane in range(width):
                        c = block * width + lane
                        out[at] = weight[k, c, r, s] if c < C else 0
                        at += 1


@kernel
def fold_grad_weight(grad_weight, partials, parts, first, count, pitch):
    """Adds up (parts, R, S, C, pitch) partial sums in order, for filters first to first + count of (K, C, R, S)."""
    _, C, R, S = grad_weight.shape
    size = R * S * C * pitch
    for rs in prange(R * S):
        r, s = split(rs, S)
        start = rs * C * pitch
        total = partials[start : start + C * pitch]
        for part in range(1, parts):
            more = partials[start + part * size : start + part * size + C * pitch]
            for i in range(len(total)):
                total[i] += more[i]
        for k in range(count):
            for c in range(C):
                grad_weight[first + k, c, r, s] = total[c * pitch + k]
