"""Winograd's convolution of 3x3, by tiles of 4x4 output pixels: 36 products for each, in place of 144.

See `tiles.winograd` for the transforms. A block of tiles of any pictures is transformed, multiplied and transformed
back while it is in the second cache. Each sum has one order, whatever the blocks are: the same bits on any number of
threads and for any batch.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products.geometry import Frame
from fastcnn.kernels.cpu.products.layout import block_width, packed_count
from fastcnn.kernels.cpu.tiles.sums import EVEN_PIXELS, TILE_PIXELS, TILE_VECTORS, even_tile
from fastcnn.kernels.cpu.tiles.winograd import (
    SIDE,
    SIZE,
    winograd_input_tile,
    winograd_output_tile,
    winograd_weight_tile,
)
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, PARALLEL_PRODUCTS, chooser, split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array
from fastcnn.kernels.threads import threads

POINTS = SIDE**2
CHANNELS = 16  # fill a vector of any CPU, in float32 and float64
LEAST_TILES = 4  # of a picture: with fewer, reading the transformed weights takes longer than a picture alone saves
# Of channels and filters: with fewer, the transforms take as long as the products that they save. With half as wide
# vectors the products take twice as long.
LEAST_PAIRS = 512 if VECTOR_BYTES == 64 else 256
LEAST_BLOCK = 24  # tiles: with fewer, reading the weights takes longer than the products
ONE_TAP = np.zeros(1, np.int64)
BLOCK_BYTES = 1 << 18  # transformed tiles of a block: with their products and some weights in the second cache


class Tiling(NamedTuple):
    """Sizes and distances, in elements, of a convolution by tiles; see `winograd_products`."""

    images: int
    rows: int  # of tiles in a picture
    columns: int
    height: int  # of out, after the max-pool
    width: int
    C: int
    K: int
    x_at: int  # where the first window begins
    x_rows: int  # of x that windows read
    x_columns: int
    x_row: int
    x_image: int
    out_at: int
    out_row: int
    out_image: int
    add_at: int
    add_row: int
    add_image: int
    adds: int  # 1 where an array is added before the floor, else 0
    pool: int  # 1 where the 2x2 max-pool comes after it, NOTED where its winners are written to codes, else 0
    codes_step: int  # from one pixel's codes to the next
    codes_row: int
    codes_image: int
    block: int  # tiles
    x_point: int  # from one point of the transformed tiles to the next
    y_point: int
    parts: int  # tasks of one block: its blocks of filters are shared among them
    shares: int  # of all tasks; each is a worker's, with its own part of scratch
    first: int  # share of this call
    workers: int  # of this call
    one: int  # 1; with a constant LLVM would keep some sums of a tile in memory, which takes 1.4 to 3 times as long


@inner
def _place(tile, t):
    """The picture, row and column of a tile."""
    n, rest = tile // (t.rows * t.columns), tile % (t.rows * t.columns)
    return n, rest // t.columns, rest % t.columns


@inner
def _to_points(scratch, at, x, zeros, t, first, count):
    lanes = VECTOR_BYTES // x.itemsize
    for i in range(count):
        n, r, c = _place(first + i, t)
        winograd_input_tile(
            scratch, at + i * t.C, t.x_point, x, t.x_at + n * t.x_image + SIZE * (r * t.x_row + c * t.C), t.x_row,
            t.C, zeros, t.x_rows - SIZE * r, t.x_columns - SIZE * c, t.C // lanes,
        )  # fmt: skip


@inner
def _multiply(scratch, at, from_at, w, w_at, zeros, tap, t, count, vectors):
    lanes = VECTOR_BYTES // w.itemsize
    width = TILE_VECTORS * lanes
    stop = (count + EVEN_PIXELS - 1) // EVEN_PIXELS * EVEN_PIXELS  # nobody reads the sums after the last tile
    for point in range(POINTS):
        for m in range(0, stop, TILE_PIXELS):
            even_tile(
                scratch, at + point * t.y_point + m * width, width,
                scratch, from_at + point * t.x_point + m * t.C, t.C, t.one,
                w, w_at + point * t.C * width, width, tap, tap, t.one, t.C, zeros, 0, 0, -np.inf,
                zeros, 0, 0, 0, min(TILE_PIXELS, stop - m), vectors,
                vectors * lanes,
            )  # fmt: skip


@inner
def _to_pixels(out, codes, scratch, at, bias, floor, addend, t, first, count, k, vectors):
    width = TILE_VECTORS * (VECTOR_BYTES // out.itemsize)
    step = SIZE // 2 if t.pool else SIZE
    for i in range(count):
        n, r, c = _place(first + i, t)
        winograd_output_tile(
            out, t.out_at + n * t.out_image + step * (r * t.out_row + c * t.K) + k * width, t.out_row, t.K,
            codes, n * t.codes_image + step * (r * t.codes_row + c * t.codes_step) + k * width, t.codes_row,
            t.codes_step,
            scratch, at + i * width, t.y_point, bias, k * width, floor, addend,
            t.add_at + n * t.add_image + SIZE * (r * t.add_row + c * t.K) + k * width, t.add_row, t.adds,
            t.height - step * r, t.width - step * c, vectors, t.pool,
        )  # fmt: skip


@kernel
def winograd_products(out, codes, x, w, bias, floor, addend, scratch, zeros, tap, tiling):
    """out = max(floor, convolution of x + bias + addend), max-pooled where `tiling.pool` is 1.

    w : (blocks of filters, 36, C, filters of a block), transformed
    codes : (images, height, width, codes_step) bytes, see `tiles.pools`; used where `tiling.pool` is NOTED
    scratch : (shares, (x_point + y_point) * 36)
    zeros : a block of filters
    """
    t = tiling
    lanes = VECTOR_BYTES // out.itemsize
    width = TILE_VECTORS * lanes
    tiles, filter_blocks = t.images * t.rows * t.columns, (t.K + width - 1) // width
    tasks = (tiles + t.block - 1) // t.block * t.parts
    for index in prange(t.workers):
        worker = t.first + np.int64(index)
        x_at = worker * POINTS * (t.x_point + t.y_point)
        y_at = x_at + POINTS * t.x_point
        for task in range(tasks * worker // t.shares, tasks * (worker + 1) // t.shares):
            first, part = task // t.parts * t.block, task % t.parts
            count = min(t.block, tiles - first)
            _to_points(scratch, x_at, x, zeros, t, first, count)
            for k in range(filter_blocks * part // t.parts, filter_blocks * (part + 1) // t.parts):
                vectors = min(TILE_VECTORS, t.K // lanes - k * TILE_VECTORS)
                _multiply(scratch, y_at, x_at, w, k * POINTS * t.C * width, zeros, tap, t, count, vectors)
                _to_pixels(out, codes, scratch, y_at, bias, floor, addend, t, first, count, k, vectors)


@kernel
def transform_weight(out, packed, blocks, C, width):
    """out (blocks, 36, C, width) = G w G^T of packed (blocks, 9, C, width)."""
    for index in prange(blocks * C):
        block, c = split(index, C)
        winograd_weight_tile(
            out, (block * POINTS * C + c) * width, C * width, packed, (block * 9 * C + c) * width, C * width,
            TILE_VECTORS,
        )  # fmt: skip


class Operand(NamedTuple):
    """What windows are read from: pictures with their border, and where the first window begins."""

    frame: Frame
    at: int


def serves(size: tuple[int, int], channels: int, filters: int) -> bool:
    """Whether it is faster than the exact products; `size` is that of the output before a max-pool.

    Channels and filters must fill vectors, and the output half of its tiles: so there are half as many products. The
    number of pictures has no part in it: a picture has the same bits alone and in any batch.
    """
    P, Q = size
    tiles = -(-P // SIZE) * -(-Q // SIZE)
    fills = 2 * P * Q >= SIZE**2 * tiles and channels % CHANNELS == filters % CHANNELS == 0
    return fills and tiles >= LEAST_TILES and channels * filters >= LEAST_PAIRS


def transformed_count(channels: int, filters: int, dtype: Any) -> int:
    """Elements of the transformed weight."""
    width = block_width(dtype)
    return -(-filters // width) * width * channels * POINTS


def transform(out: Array, packed: Array, channels: int, filters: int) -> Call:
    """Transform a weight that `pack_weight` or `pack_weight_flipped` has packed."""
    width = block_width(out.dtype)
    blocks = -(-filters // width)
    kernel = chooser(transform_weight, out.size >= PARALLEL_COPIES)
    return kernel, (out, packed, blocks, channels, width)


def tiling(
    images: int, x: Operand, out: Frame, size: tuple[int, int], filters: int, pool: int, dtype: Any,
    addend: Frame | None = None,
) -> Tiling:  # fmt: skip
    """size : of the output before the max-pool; addend : the array that is added before the floor"""
    codes_step = packed_count(filters, 1, dtype)
    P, Q = size
    rows, columns = -(-P // SIZE), -(-Q // SIZE)
    channels = x.frame.channels
    added = addend or out
    tiles = Tiling(
        images=images, rows=rows, columns=columns, height=P // 2 if pool else P, width=Q // 2 if pool else Q,
        C=channels, K=filters, x_rows=P + 2, x_columns=Q + 2, x_at=x.at, x_row=x.frame.row, x_image=x.frame.image,
        out_at=out.at, out_row=out.row, out_image=out.image, add_at=added.at, add_row=added.row,
        add_image=added.image, adds=int(addend is not None), pool=pool,
        codes_step=codes_step, codes_row=Q // 2 * codes_step, codes_image=P // 2 * (Q // 2) * codes_step,
        block=0, x_point=0, y_point=0, parts=1, shares=1, first=0, workers=1, one=1,
    )  # fmt: skip
    enough = images * rows * columns * channels * filters * POINTS >= PARALLEL_PRODUCTS
    return shared(tiles, threads() if enough else 1, dtype)


def shared(t: Tiling, shares: int, dtype: Any) -> Tiling:
    """The same tiling, with its work cut into as many shares, or fewer."""
    width, itemsize = block_width(dtype), np.dtype(dtype).itemsize
    tiles = t.images * t.rows * t.columns
    filter_blocks = -(-t.K // width)
    parts = min(shares, filter_blocks) if tiles < shares * LEAST_BLOCK else 1
    most = max(LEAST_BLOCK, BLOCK_BYTES // (POINTS * t.C * itemsize))
    rounds = max(1, round(tiles / (most * shares)))  # blocks of a thread, all of one size
    block = -(-tiles // (rounds * (shares // parts)) // EVEN_PIXELS) * EVEN_PIXELS
    line = 64 // itemsize  # an odd number of lines between points: they do not fall on one set of the first cache
    workers = min(shares, -(-tiles // block) * parts)
    return t._replace(
        block=block, x_point=block * t.C + line, y_point=block * width + line, parts=parts, shares=workers,
        workers=workers,
    )  # fmt: skip


def scratch_count(tiles: Tiling) -> int:
    """Elements of the workers' memory."""
    return tiles.shares * POINTS * (tiles.x_point + tiles.y_point)


def products(
    out: Array, codes: Array, x: Array, w: Array, bias: Array, floor: float, addend: Array, scratch: Array,
    tiles: Tiling,
) -> Call:  # fmt: skip
    """A call of winograd_products; addend : any array where nothing is added; codes : bytes, if only for the type."""
    kernel = chooser(winograd_products, tiles.workers > 1)
    zeros = aligned_zeros(block_width(out.dtype), out.dtype)
    return kernel, (out, codes, x, w, bias, floor, addend, scratch, zeros, ONE_TAP, tiles)
