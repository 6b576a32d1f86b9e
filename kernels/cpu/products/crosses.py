"""The gradient of the weight of a convolution of (N, C, H, W) arrays, plane by plane; see `tiles/crosses.py`.

As in `planes.py` a tap is a shift of a plane of x, with its border, in a scratch. The gradient's planes are copied too:
there a row begins at a vector, and after the last row there is memory to read.
"""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.planes import load_plane
from fastcnn.kernels.cpu.tiles.crosses import CROSS_FILTERS, CROSS_TAPS, cross_tile
from fastcnn.kernels.cpu.tiles.depthwise import copy_tile
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES

PART_PIXELS = 896  # of the gradient's planes that all taps read before the next rows: they stay in the first cache


@kernel
def cross_sums(
    partials, x, grad, scratch, shifts, rows, columns, images, per_block, groups, sources, filters, some_sources,
    some_filters, parts,
):  # fmt: skip
    """partials (blocks, groups, filters, sources, taps): the gradient of the weight over each block of pictures.

    rows, columns : of grad's planes
    sources, filters : planes of x and of grad in a group
    some_sources, some_filters : of them that a task does at a time; shifts.x_taps are those of some_sources planes
    parts : tasks, which have a part of the scratch each
    """
    load, x_taps, pitch, bordered = shifts.load, shifts.x_taps, shifts.pitch, shifts.bordered
    lanes = VECTOR_BYTES // x.itemsize
    grad_pitch = (columns + lanes - 1) // lanes * lanes
    grad_plane, part_rows = rows * grad_pitch, max(1, PART_PIXELS // grad_pitch)
    taps, out_step = len(x_taps) // some_sources, sources * (len(x_taps) // some_sources)
    source_parts = (sources + some_sources - 1) // some_sources
    filter_parts = (filters + some_filters - 1) // some_filters
    units = (images + per_block - 1) // per_block * groups * source_parts * filter_parts
    size = len(scratch) // parts
    for task in prange(parts):
        part = np.int64(task)
        grads_at = part * size
        at = grads_at + some_filters * grad_plane
        loaded = -1
        for unit in range(units * part // parts, units * (part + 1) // parts):
            rest, filter_part = split(unit, filter_parts)
            rest, source_part = split(rest, source_parts)
            block, group = split(rest, groups)
            first, k_first = source_part * some_sources, filter_part * some_filters
            planes, count = min(some_sources, sources - first), min(some_filters, filters - k_first)
            out_at = ((rest * filters + k_first) * sources + first) * taps
            for k in range(count):
                partials[out_at + k * out_step : out_at + k * out_step + planes * taps] = 0
            for n in range(block * per_block, min(images, (block + 1) * per_block)):
                plane = (n * groups + group) * sources + first
                if plane != loaded:  # those of the unit before are there, if it was of the same single picture
                    for i in range(planes):
                        x_at = (plane + i) * shifts.x_plane
                        load_plane(scratch, at + i * bordered, x, x_at, load, shifts.load_step)
                    loaded = plane
                k_plane = (n * groups + group) * filters + k_first
                for row in range(count * rows):
                    copy_tile(scratch, grads_at + row * grad_pitch, grad, (k_plane * rows + row) * columns, columns)
                for row in range(0, rows, part_rows):
                    k = 0
                    while k < count:
                        some = CROSS_FILTERS[0]
                        while some > count - k:
                            some //= 2
                        grad_at = grads_at + k * grad_plane + row * grad_pitch
                        tap = 0
                        while tap < planes * taps:
                            more = CROSS_TAPS if tap + CROSS_TAPS <= planes * taps else 1
                            cross_tile(
                                partials, out_at + k * out_step + tap, out_step, scratch, at + row * pitch, pitch,
                                scratch, grad_at, grad_plane, grad_pitch, x_taps, tap, more, some,
                                min(part_rows, rows - row), columns,
                            )  # fmt: skip
                            tap += more
                        k += some
