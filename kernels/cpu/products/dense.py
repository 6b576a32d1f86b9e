"""Dense convolution of (N, C, H, W) arrays and its gradient by the input, without a change of layout.

A tile is several filters by two vectors of pixels: the planes take the place of packed weights, and the filters that of
pixels, in `sum_tile`. As in `planes.py` a tap is a shift of a plane in a scratch; a task keeps all planes of a picture
there. A 1x1 kernel needs no scratch: the planes of a picture are a matrix already.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.planes import load_plane, store_plane
from fastcnn.kernels.cpu.tiles.sums import NEXT_TILE, TILE_PIXELS, TILE_VECTORS, sum_tile
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

FILTERS = TILE_PIXELS  # of a block of weights: of one tile


PART_BYTES = 256 << 10  # of the pixels that all filters read before the next pixels: they stay in the second cache
ONE_VECTOR = 1.2  # the time of a tile of one vector of each sum over half that of a tile of two


def tile_time(rows: int, columns: int, lanes: int) -> float:
    """Of the tiles that compute rows x columns sums, in multiply-adds of a vector for each product of a sum."""
    time = {1: 0, 2: 0}
    for vectors in time:
        rest = rows
        while rest > 0:
            size = int(NEXT_TILE[vectors - 1, min(rest, NEXT_TILE.shape[1] - 1)])
            time[vectors] += vectors * (max(size, 4) + 1)
            rest -= size
    pairs, rest = divmod(-(-columns // lanes), 2)
    return pairs * time[2] + rest * ONE_VECTOR * time[1]


@inner
def _tiles(
    out, at, out_step, w, w_at, w_step, w_term, w_taps, x, x_at, x_term, x_taps, taps, length, bias, bias_at, pixels,
    filters,
):  # fmt: skip
    """out[k, i] for a block of filters and a tile's pixels, or fewer."""
    width = TILE_VECTORS * (VECTOR_BYTES // out.itemsize)
    vectors = TILE_VECTORS if pixels * TILE_VECTORS > width else 1
    m = 0
    while m < filters:
        count = NEXT_TILE[vectors - 1, filters - m]
        sum_tile(
            out, at + m * out_step, out_step, w, w_at + m * w_step, w_step, w_term, x, x_at, x_term, w_taps, x_taps,
            taps, length, bias, bias_at + m * width, width, -np.inf, out, 0, 0, 0, count, vectors, pixels,
        )  # fmt: skip
        m += count


@kernel
def matrix_sums(out, x, w, w_step, w_term, bias, units, groups, sources, results, pixels, parts, block_parts):
    """out = bias + w x for the planes (sources, pixels) of each unit: a kernel of 1x1, in parts x block_parts tasks.

    w : its element (k, c) of a group is at k * w_step + c * w_term; `pixels` fill a tile at least
    units : pictures x groups

    A tile reads no pixel after a plane. The last one has one vector of pixels if that is enough. It begins earlier, and
    sums up some pixels again.
    """
    width = TILE_VECTORS * (VECTOR_BYTES // out.itemsize)
    blocks = (results + FILTERS - 1) // FILTERS
    w_group = sources * results
    taps = np.zeros(1, np.int64)
    most = width * max(1, PART_BYTES // (sources * width * out.itemsize))
    for task in prange(parts * block_parts):
        part, block_part = split(task, block_parts)
        for unit in range(units * part // parts, units * (part + 1) // parts):
            group = unit % groups
            for start in range(0, pixels, most):
                for block in range(blocks * block_part // block_parts, blocks * (block_part + 1) // block_parts):
                    k = block * FILTERS
                    for first in range(start, min(pixels, start + most), width):
                        count = width if 2 * (pixels - first) > width else width // TILE_VECTORS
                        i = min(first, pixels - count)
                        _tiles(
                            out, (unit * results + k) * pixels + i, pixels, w, group * w_group + k * w_step, w_step,
                            w_term, taps, x, unit * sources * pixels + i, pixels, taps, 1, sources, bias,
                            (group * results + k) * width, count, min(FILTERS, results - k),
                        )  # fmt: skip


@kernel
def filter_sums(
    out, x, w, bias, scratch, shifts, w_taps, units, groups, sources, results, by_rows, parts, block_parts
):  # fmt: skip
    """out = bias + the sums of the taps, in parts x block_parts tasks that have a part of the scratch each.

    w : (groups, blocks, taps, sources, FILTERS)
    bias : (groups * results, a tile's pixels)
    units : pictures x groups; `sources` planes of x give `results` planes of out
    by_rows : whether tiles begin with each row of out and write to it, where out has one phase of columns. Else those
        of a whole plane, with the gaps between its rows, write to the scratch
    """
    width = TILE_VECTORS * (VECTOR_BYTES // out.itemsize)
    size, blocks = len(scratch) // (parts * block_parts), (results + FILTERS - 1) // FILTERS
    load, store, x_taps = shifts.load, shifts.store, shifts.x_taps
    lengths, phase_rows, phase_taps = shifts.length, shifts.phase_rows, shifts.phase_taps
    w_block = len(w) // (groups * blocks)
    for task in prange(parts * block_parts):
        part, block_part = split(task, block_parts)
        at = np.int64(task) * size
        sums_at = at + sources * shifts.bordered + width
        scratch[at:sums_at] = 0
        for unit in range(units * part // parts, units * (part + 1) // parts):
            group = unit % groups
            for i in range(sources):
                x_at = (unit * sources + i) * shifts.x_plane
                load_plane(scratch, at + i * shifts.bordered, x, x_at, load, shifts.load_step)
            for block in range(blocks * block_part // block_parts, blocks * (block_part + 1) // block_parts):
                k = block * FILTERS
                filters, w_at = min(FILTERS, results - k), (group * blocks + block) * w_block
                out_at, bias_at = (unit * results + k) * shifts.out_plane, (group * results + k) * width
                for phase in range(len(lengths)):
                    first, taps = phase_taps[phase], phase_taps[phase + 1] - phase_taps[phase]
                    # Slices count references: so they are made here, and not for each tile.
                    own_w_taps, own_x_taps = w_taps[first:], x_taps[first:]
                    if by_rows:
                        for row in range(3 * phase_rows[phase], 3 * phase_rows[phase + 1], 3):
                            for i in range(0, store[row + 2], width):
                                _tiles(
                                    out, out_at + store[row + 1] + i, shifts.out_plane, w, w_at, 1, FILTERS, own_w_taps,
                                    scratch, at + store[row] + i, shifts.bordered, own_x_taps, taps, sources, bias,
                                    bias_at, min(width, store[row + 2] - i), filters,
                                )  # fmt: skip
                        continue
                    run_at = sums_at + phase % shifts.phases * shifts.run
                    for i in range(0, lengths[phase], width):
                        _tiles(
                            scratch, run_at + i, shifts.phases * shifts.run, w, w_at, 1, FILTERS, own_w_taps, scratch,
                            at + i, shifts.bordered, own_x_taps, taps, sources, bias, bias_at,
                            min(width, lengths[phase] - i), filters,
                        )  # fmt: skip
                    for m in range(filters):
                        store_plane(
                            out, out_at + m * shifts.out_plane, scratch, sums_at + m * shifts.phases * shifts.run,
                            shifts.run, store, shifts.phases, phase_rows[phase], phase_rows[phase + 1],
                        )  # fmt: skip
