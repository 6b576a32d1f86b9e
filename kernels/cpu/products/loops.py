"""The parallel loops that compute a convolution or a matrix product of a batch, tile by tile. See `docs/kernels.md`.

- `sum_products` computes convolution, both its gradients, and Affine's gradients. `Walk` holds the distances in memory.
- `pooled_products` computes convolution + ReLU + 2x2 max-pool.
- `dot_products` computes Affine forward.

One task sums up each output element, in an order that does not depend on how threads share the work. So the same
inputs give the same bits at any number of threads.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.tiles.dots import DOT_OUTPUTS, DOT_PICTURES, LAST_PICTURES, LONE_OUTPUTS, dot_tile
from fastcnn.kernels.cpu.tiles.gathers import gather_tile
from fastcnn.kernels.cpu.tiles.pools import POOL_SIZES, pool_tile
from fastcnn.kernels.cpu.tiles.sums import NUMBER_TILE, TILE_VECTORS, SumTile
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

# Floats of a row that dot_products sums up before it goes on to the next rows. So 5 rows of weights stay in the first
# cache. GFLOP/s on one core: 170-180 with 720 to 1088 floats, 157 with 368, 130-157 with 1440.
DOT_LENGTH = 864
# sum_products copies a block of weights whose terms lie further apart, in elements: so few sets of the first cache hold
# them that a part of them does not stay. For the gradient of a convolution's weights this saves up to a fifth.
FAR = 100
# The same where there is one tap, as in Affine's gradients: each term is on another page. The first table of pages in
# memory, of 64 on AMD's CPUs with AVX2, is then too small, and a copy saves a quarter. Other CPUs never copy.
FAR_OF_ONE_TAP = 16 if VECTOR_BYTES == 32 else 1 << 40


class Walk(NamedTuple):
    """The sizes and distances, in elements, of the flat arrays of sum_products. All sums of one call have this form:

    out[n, row, m, k] = max(floor, bias[k] + sum over taps t and terms i of x[n, row, m, t, i] * w[n, t, i, k])
    """

    images: int  # n: pictures, or blocks of pictures
    columns: int  # m: pixels of a row, the first side of a tile
    filters: int  # k: output channels, the second side of a tile, along contiguous memory
    taps: int  # t: all of them; picture n uses those from n * taps_step on, at most taps_step
    taps_step: int
    taps_part: int  # taps that are added to all sums of a task before the next ones
    length: int  # i: terms of each tap
    x_at: int
    x_image: int
    x_step: int  # from one m to the next
    x_term: int
    w_at: int
    w_image: int
    w_block: int  # from one block of filters to the next
    w_term: int
    out_at: int
    out_image: int
    out_step: int
    bias_block: int  # 0 where one vector of zeros serves all filters


class Addend(NamedTuple):
    """A flat array whose element [n, row, m, k] sum_products adds to that of out, before the floor."""

    data: Any
    rows: Any  # where each row begins
    at: int
    image: int
    step: int
    adds: int  # 0 where nothing is added; the other fields then mean nothing


def products_with(tile: SumTile) -> Any:
    """The kernel `sum_products` with this tile."""
    sum_tile, begin, end, next_tile, most = tile.tile, tile.begin, tile.end, tile.next_tile, tile.pixels
    gathers = tile.name == NUMBER_TILE.name

    @kernel(key=tile.name)
    def sum_products(
        out, so_far, x, w, bias, floor, addend, x_rows, out_rows, row_taps, x_taps, w_taps, walk, row_parts, block_parts
    ):
        """See `Walk`. The work is cut into images x row_parts x block_parts tasks.

        so_far : out, from which the sums of the first taps are read; any array where walk.taps_part are all taps
        x_rows, out_rows : where each row begins
        row_taps : for each row the first tap and the end (one after the last)
        x_taps, w_taps : where each tap begins

        A task adds the products of walk.taps_part taps to all its sums before it goes on to the next taps, so that
        these operands stay in a cache. A sum that waits in memory has the bits that it had in a register.
        """
        width = TILE_VECTORS * (VECTOR_BYTES // bias.itemsize)
        rows, blocks = len(x_rows), (walk.filters + width - 1) // width
        for task in prange(walk.images * row_parts * block_parts):
            begin()
            rest, row_part = split(task, row_parts)  # a thread has a whole picture's rows, if it can: see _parts
            block_part, image = split(rest, walk.images)
            taps = min(walk.taps_step, walk.taps - image * walk.taps_step)
            far = walk.w_term > (FAR if walk.taps_step > 1 else FAR_OF_ONE_TAP)
            gathered = gathers and far and walk.columns >= 2 * most
            some = min(taps, walk.taps_part) if gathered else 0
            near, near_taps = np.empty(some * walk.length * width, w.dtype), np.arange(some) * (walk.length * width)
            for part in range(0, max(1, taps), walk.taps_part):
                for block in range(blocks * block_part // block_parts, blocks * (block_part + 1) // block_parts):
                    valid = min(width, walk.filters - block * width)
                    vectors = (TILE_VECTORS * valid + width - 1) // width
                    w_at = walk.w_at + image * walk.w_image + block * walk.w_block
                    if gathered:
                        for tap in range(part, min(part + walk.taps_part, taps)):
                            to = near[near_taps[tap - part] :]
                            gather_tile(to, w, w_at + w_taps[tap], walk.w_term, walk.length)
                    for row in range(rows * row_part // row_parts, rows * (row_part + 1) // row_parts):
                        row_stop = min(taps, row_taps[2 * row + 1])
                        first, stop = max(part, row_taps[2 * row]), min(part + walk.taps_part, row_stop)
                        if part > 0 and first >= stop:
                            continue
                        adds = addend.adds if stop >= row_stop else 0
                        add_at = addend.at + image * addend.image + addend.rows[row] + block * width if adds else 0
                        m = 0
                        while m < walk.columns:
                            rest = walk.columns - m
                            pixels = next_tile[vectors - 1, rest] if rest < next_tile.shape[1] else most
                            at = walk.out_at + image * walk.out_image + out_rows[row]
                            at += m * walk.out_step + block * width
                            sum_tile(
                                out,
                                at,
                                walk.out_step,
                                x,
                                walk.x_at + image * walk.x_image + x_rows[row] + m * walk.x_step,
                                walk.x_step,
                                walk.x_term,
                                near if gathered else w,
                                0 if gathered else w_at,
                                width if gathered else walk.w_term,
                                x_taps[first:],
                                near_taps[first - part :] if gathered else w_taps[first:],
                                stop - first,
                                walk.length,
                                bias if part == 0 else so_far,
                                block * walk.bias_block if part == 0 else at,
                                0 if part == 0 else walk.out_step,
                                floor if stop >= row_stop else -np.inf,
                                addend.data,
                                add_at + m * addend.step,
                                addend.step,
                                adds,
                                pixels,
                                vectors,
                                valid,
                            )
                            m += pixels
            end()

    return sum_products


sum_products = products_with(NUMBER_TILE)


@kernel
def pooled_products(out, codes, codes_width, x, w, bias, x_rows, out_rows, x_below, x_taps, w_taps, walk, row_parts):
    """ReLU and 2x2 max-pool of what sum_products would write, with walk.columns windows in a row.

    codes : (images, rows, columns, codes_width) uint8, which pixel won (see tiles.DEAD); with a width of 0 not written
    x_below : the distance from a row of x to the next
    """
    width = TILE_VECTORS * (VECTOR_BYTES // out.itemsize)
    rows, blocks = len(x_rows), (walk.filters + width - 1) // width
    taps, length = walk.taps, walk.length
    for task in prange(walk.images * row_parts):
        image, row_part = split(task, row_parts)
        for block in range(blocks):
            valid = min(width, walk.filters - block * width)
            vectors = (TILE_VECTORS * valid + width - 1) // width
            for row in range(rows * row_part // row_parts, rows * (row_part + 1) // row_parts):
                m = 0
                while m < walk.columns:
                    windows = POOL_SIZES[-1] if m + POOL_SIZES[-1] <= walk.columns else 1
                    pool_tile(
                        out,
                        walk.out_at + image * walk.out_image + out_rows[row] + m * walk.out_step + block * width,
                        walk.out_step,
                        codes,
                        ((image * rows + row) * walk.columns + m) * codes_width + block * width,
                        codes_width,
                        x,
                        walk.x_at + image * walk.x_image + x_rows[row] + 2 * m * walk.x_step,
                        walk.x_step,
                        x_below,
                        w,
                        walk.w_at + block * walk.w_block,
                        walk.w_term,
                        x_taps,
                        w_taps,
                        taps,
                        length,
                        bias,
                        block * walk.bias_block,
                        windows,
                        vectors,
                        valid,
                    )
                    m += windows


@kernel
def dot_products(
    out, x, w, bias, floor, pictures, outputs, length, x_stride, w_stride, out_stride, parts, output_parts
):
    """out[n, k] = max(floor, bias[k] + sum over i of x[n, i] * w[k, i]), in parts x output_parts tasks."""
    for task in prange(parts * output_parts):
        part, output_part = split(task, output_parts)
        n_start, n_stop = pictures * part // parts, pictures * (part + 1) // parts
        blocks = (outputs + DOT_OUTPUTS - 1) // DOT_OUTPUTS
        k_start = DOT_OUTPUTS * (blocks * output_part // output_parts)
        k_stop = min(outputs, DOT_OUTPUTS * (blocks * (output_part + 1) // output_parts))
        for n in range(n_start, n_stop):
            for k in range(k_start, k_stop):
                out[n * out_stride + k] = bias[k]
        # Weights of one picture come from the last cache: their rows are read to the end, before the next ones.
        lone = LONE_OUTPUTS > DOT_OUTPUTS and n_stop - n_start == 1
        together = LONE_OUTPUTS if lone else max(1, k_stop - k_start)
        for first in range(k_start, k_stop, together):
            last = min(k_stop, first + together)
            for i in range(0, length, DOT_LENGTH):
                terms = min(DOT_LENGTH, length - i)
                k = first
                while k < last:
                    k_count = DOT_OUTPUTS if k + DOT_OUTPUTS <= last else 1
                    if lone and k + LONE_OUTPUTS <= last:
                        k_count = LONE_OUTPUTS
                    n = n_start
                    while n < n_stop:
                        n_count = DOT_PICTURES if n + DOT_PICTURES <= n_stop else min(LAST_PICTURES, n_stop - n)
                        dot_tile(
                            out, n * out_stride + k, out_stride, x, n * x_stride + i, x_stride, w, k * w_stride + i,
                            w_stride, terms, n_count, k_count,
                        )  # fmt: skip
                        n += n_count
                    k += k_count
        for n in range(n_start, n_stop):
            for k in range(k_start, k_stop):
                value = out[n * out_stride + k]
                if value < floor:
                    out[n * out_stride + k] = floor
