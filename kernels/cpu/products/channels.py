"""Depthwise convolution of channels-last pictures and the gradient of its weight: vectors of channels.

The tables are those of `Convolution` with as many groups as channels, taken for the first group: a tap is one pixel,
and the lanes of a vector are so many groups side by side. Weights are packed as (taps, channels).
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.geometry import Convolution, Tables
from fastcnn.kernels.cpu.tiles.depthwise import channel_tile, moment_tile
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser, split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads

MOST_FILTERS = 8  # of a channel


@kernel
def channel_products(out, x, w, bias, floor, x_rows, out_rows, row_taps, x_taps, w_taps, walk, channels, row_parts):
    """out[n, row, m, c] = max(floor, bias[c] + sum over taps of x[n, row, m, tap, c] * w[tap, c]).

    The work is cut into images x row_parts tasks. See `sum_products`.
    """
    lanes = VECTOR_BYTES // out.itemsize
    rows = len(x_rows)
    most = 8 if walk.columns >= 8 else 4 if walk.columns >= 4 else 2 if walk.columns >= 2 else 1
    bias_step = 1 if walk.bias_block else 0
    for task in prange(walk.images * row_parts):
        image, row_part = split(task, row_parts)
        for row in range(rows * row_part // row_parts, rows * (row_part + 1) // row_parts):
            first, stop = row_taps[2 * row], row_taps[2 * row + 1]
            for next_m in range(0, walk.columns, most):
                m = min(next_m, walk.columns - most)  # the last tile of a row may do pixels of the one before again
                out_at = walk.out_at + image * walk.out_image + out_rows[row] + m * walk.out_step
                x_at = walk.x_at + image * walk.x_image + x_rows[row] + m * walk.x_step
                for c in range(0, channels, lanes):
                    channel_tile(
                        out, out_at + c, walk.out_step, x, x_at + c, walk.x_step, w, c, x_taps, w_taps, first,
                        stop - first, bias, c * bias_step, floor, most, min(lanes, channels - c),
                    )  # fmt: skip


@kernel
def channel_moments(partials, x, grad, taps, x_rows, grad_rows, walk, channels, parts):
    """partials (blocks, taps, channels): the gradient of the weight over each block of pictures.

    taps : where each tap begins
    x_rows, grad_rows : where each row of a block of pictures begins
    parts : so many tasks share the channels of a block
    """
    lanes = VECTOR_BYTES // x.itemsize
    count, vectors = len(taps), (channels + lanes - 1) // lanes
    for task in prange(walk.images * parts):
        block, part = split(task, parts)
        start, stop = vectors * part // parts * lanes, min(channels, vectors * (part + 1) // parts * lanes)
        for tap in range(block * count, (block + 1) * count):
            partials[tap * channels + start : tap * channels + stop] = 0
        for row in range(min(walk.taps_step, walk.taps - block * walk.taps_step)):
            x_at = walk.x_at + block * walk.x_image + x_rows[row]
            grad_at = walk.w_at + block * walk.w_image + grad_rows[row]
            for c in range(start, stop, lanes):
                tap = 0
                while tap < count:
                    rest = count - tap
                    some = 9 if rest >= 9 else 5 if rest >= 5 else 3 if rest >= 3 else 1
                    moment_tile(
                        partials, (block * count + tap) * channels + c, channels, x, x_at + c, 0, walk.x_term, grad,
                        grad_at + c, 0, walk.w_term, taps, tap, some, 1, walk.length, 0, min(lanes, channels - c),
                    )  # fmt: skip
                    tap += some


@kernel
def repeat_channels(out, out_frame, x, x_frame, images):
    """Each channel of x as several neighbouring channels of out; the frames differ in nothing else."""
    times = out_frame.channels // x_frame.channels
    for n in prange(images):
        for h in range(x_frame.height):
            to, start = out_frame.at + n * out_frame.image, x_frame.at + n * x_frame.image
            to, start = to + h * out_frame.row, start + h * x_frame.row
            for i in range(x_frame.width * x_frame.channels):
                for j in range(times):
                    out[to + i * times + j] = x[start + i]


@kernel
def add_repeats(out, x, times, count):
    """out[i] = the sum of the `times` values of x that came from it, in order."""
    for i in prange(count):
        total = x[i * times]
        for j in range(1, times):
            total += x[i * times + j]
        out[i] = total


@inner
def pack_taps(out, weight, taps):
    """out (taps, channels) = these taps of weight (channels, R, S)."""
    channels = weight.shape[0]
    size = weight.size // channels
    flat = weight.reshape(-1)
    for i in range(len(taps)):
        for c in range(channels):
            out[i * channels + c] = flat[c * size + taps[i]]


def serves(channels: int, filters: int) -> bool:
    """Whether few filters see each channel: with many, tiles whose lanes are the filters of a channel are faster."""
    return (channels > 1 and filters // channels <= MOST_FILTERS) or filters == 1


def products(out: Array, x: Array, w: Array, bias: Array, floor: float, tables: Tables, channels: int) -> Call:
    """A call of channel_products. Threads share the pictures or, if these are few, the rows."""
    walk, rows = tables.walk, len(tables.x_rows)
    worthwhile = walk.images * rows * walk.columns * channels >= PARALLEL_COPIES
    own = tables._replace(w_taps=np.arange(len(tables.x_taps)) * channels)
    return chooser(channel_products, worthwhile), (
        out, x, w, bias, floor, *own, channels, rows if walk.images < 4 * threads() else 1
    )  # fmt: skip


def moments(partials: Array, x: Array, grad: Array, shape: Convolution, images: int) -> Call:
    """A call of channel_moments. Threads share the blocks of pictures or, if these are few, the channels too."""
    tables = shape.grad_weight(images, 0)
    parts = -(-shape.K * x.itemsize // VECTOR_BYTES) if tables.walk.images < 4 * threads() else 1
    args = (partials, x, grad, tables.x_rows, tables.x_taps, tables.w_taps, tables.walk, shape.K, parts)
    return chooser(channel_moments, images * shape.P * shape.Q * shape.K >= PARALLEL_COPIES), args
