"""Convolution of 5x5, ReLU and 2x2 max-pool by Winograd's method along rows: 54 operations of 100. For inference.

See `tiles.winograd_rows` for the tiles. A task transforms the rows that it reads, which stay in the first cache. Each
sum has one order: the same bits on any number of threads and for any batch.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import Convolution, Frame
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS
from fastcnn.kernels.cpu.tiles.winograd_rows import (
    MOST_TILES,
    POINTS,
    SIZE,
    TAPS,
    WINDOWS,
    G,
    row_input_tile,
    row_pool_tile,
)
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, chooser, split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads

LEAST_PRODUCTS = 3000  # multiply-adds of a picture for each tap: with fewer, beginning a picture takes longer than they
MOST_CHANNELS = 128  # with more, reading the transformed weights takes as long as the products that they save


class Rows(NamedTuple):
    """Sizes and distances, in elements, of `pooled_rows`."""

    images: int
    first: int  # row of windows of this call
    rows: int  # of windows of this call
    columns: int  # windows in a row
    C: int
    K: int
    x_at: int  # where the first window begins
    x_columns: int  # of x that windows read
    x_row: int
    x_image: int
    out_at: int
    out_row: int
    out_image: int


@kernel
def pooled_rows(out, x, w, bias, zeros, shape, row_parts):
    """out = ReLU and 2x2 max-pool of the convolution of x, with `shape.columns` windows in a row.

    w : (blocks of filters, C, 8, 5, filters of a block), transformed
    zeros : one zero
    """
    t = shape
    lanes = VECTOR_BYTES // out.itemsize
    width = TILE_VECTORS * lanes
    tiles, blocks = (t.columns + WINDOWS - 1) // WINDOWS, (t.K + width - 1) // width
    w_block = t.C * POINTS * TAPS * width
    pixel = t.C * POINTS  # elements of a tile's points in one row
    for task in prange(t.images * row_parts):
        image, part = split(task, row_parts)
        first, stop = t.rows * part // row_parts, t.rows * (part + 1) // row_parts
        points = np.empty((2 * (stop - first) + TAPS - 1) * tiles * pixel + POINTS, out.dtype)
        x_at = t.x_at + image * t.x_image + 2 * (t.first + first) * t.x_row
        for r in range(2 * (stop - first) + TAPS - 1):
            for tile in range(tiles):
                for c in range(t.C):
                    row_input_tile(
                        points, (r * tiles + tile) * pixel + c * POINTS, x,
                        x_at + r * t.x_row + SIZE * tile * t.C + c, t.C, zeros, t.x_columns - SIZE * tile,
                    )  # fmt: skip
        for block in range(blocks - 1, -1, -1):  # the last one first: see `row_pool_tile` for elements after it
            valid = min(width, t.K - block * width)
            vectors = (valid + lanes - 1) // lanes
            for row in range(first, stop):
                out_at = t.out_at + image * t.out_image + (t.first + row) * t.out_row + block * width
                for tile in range(0, tiles, MOST_TILES):
                    m = WINDOWS * tile
                    row_pool_tile(
                        out, out_at + m * t.K, t.K, points, (2 * (row - first) * tiles + tile) * pixel, tiles * pixel,
                        pixel, w, block * w_block, t.C, bias, block * width, min(MOST_TILES, tiles - tile),
                        min(MOST_TILES * WINDOWS, t.columns - m), vectors, valid,
                    )  # fmt: skip


@kernel
def transform_rows(out, packed, blocks, C, width):
    """out (blocks, C, 8, 5, width) = G times each row of packed (blocks, 5, 5, C, width), rounded once."""
    for index in prange(blocks * C):
        block, c = split(index, C)
        for r in range(TAPS):
            for point in range(POINTS):
                for k in range(width):
                    total = 0.0
                    for s in range(TAPS):
                        total += G[point, s] * packed[(((block * TAPS + r) * TAPS + s) * C + c) * width + k]
                    out[(((block * C + c) * POINTS + point) * TAPS + r) * width + k] = total


def serves(shape: Convolution) -> bool:
    """Whether it is faster than the exact products.

    The output must fill three of four tiles. The number of pictures has no part in it: a picture has the same bits
    alone and in any batch.
    """
    Q = shape.Q // 2 * 2
    fills = 4 * Q >= 3 * SIZE * -(-Q // SIZE)
    plain = shape.stride == shape.dilation == (1, 1) and shape.groups == 1 and (shape.R, shape.S) == (TAPS, TAPS)
    enough = shape.P * shape.Q * shape.C * shape.K >= LEAST_PRODUCTS
    return plain and fills and enough and shape.C <= MOST_CHANNELS


def transformed_count(shape: Convolution) -> int:
    """Elements of the transformed weight."""
    return -(-shape.K // shape.block) * shape.block * shape.C * TAPS * POINTS


def transform(out: Array, packed: Array, shape: Convolution) -> Call:
    """Transform a weight that `pack_weight` has packed."""
    return transform_rows.serial, (out, packed, -(-shape.K // shape.block), shape.C, shape.block)


def products(out: Array, x: Array, w: Array, bias: Array, shape: Convolution, frame: Frame, images: int) -> Call:
    """A call of pooled_rows; frame : that of out"""
    rows = Rows(
        images=images, first=0, rows=shape.P // 2, columns=shape.Q // 2, C=shape.C, K=shape.K, x_at=shape.x_at,
        x_columns=shape.Q + TAPS - 1, x_row=shape.x.row, x_image=shape.x.image, out_at=frame.at, out_row=frame.row,
        out_image=frame.image,
    )  # fmt: skip
    enough = multiply_adds(rows) >= PARALLEL_PRODUCTS and threads() > 1
    row_parts = min(rows.rows, -(-4 * threads() // images)) if enough else 1
    return chooser(pooled_rows, enough), (out, x, w, bias, aligned_zeros(1, out.dtype), rows, row_parts)


def multiply_adds(rows: Rows) -> int:
    """Products of a call."""
    return 4 * rows.images * rows.rows * rows.columns * rows.C * rows.K * TAPS * POINTS // SIZE
