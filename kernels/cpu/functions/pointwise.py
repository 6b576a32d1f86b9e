"""The gradient of the weight of a 1x1 convolution of (N, C, H, W) arrays: a product of two matrices for each picture.

The array with fewer channels is copied to channels-last, for the lanes of the tiles. Of the other one a tile reads
number after number, and those lie one after the other in its planes.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from fastcnn.kernels.cpu.functions.dense import is_matrix
from fastcnn.kernels.cpu.functions.workspace import lent
from fastcnn.kernels.cpu.products.calls import entry, sums
from fastcnn.kernels.cpu.products.dense import FILTERS
from fastcnn.kernels.cpu.products.geometry import GRADIENT_PIXELS, PART_PIXELS, Tables, frame, gradient_blocks
from fastcnn.kernels.cpu.products.layout import block_width, spaced, to_channels_first, to_channels_last
from fastcnn.kernels.cpu.products.loops import Walk
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array, Padding, Pair
from fastcnn.kernels.threads import threads

CHUNK_BYTES = 2 << 20  # of channels-last pictures of a thread at a time
PAGE_BYTES = 4096  # planes so far apart fall on one set of the first cache, and a tile reads 12 of them


def serves(kernel_size: Pair, stride: Pair, padding: Padding, plane: Pair, channels: int, dtype: np.dtype[Any]) -> bool:
    """Whether it is faster than copying both arrays. `channels`: of the wider one in a group."""
    pixels = plane[0] * plane[1]
    apart = pixels * dtype.itemsize % PAGE_BYTES != 0
    return apart and channels >= FILTERS and is_matrix(kernel_size, stride, padding, pixels, dtype)


@lru_cache(maxsize=256)
def _tables(plane: Pair, wide: int, narrow: int, groups: int, images: int, per_block: int, block: int) -> Tables:
    """The sums over the pictures of each block, into partials (blocks, wide, narrow), for the first group."""
    H, W = plane
    length, rows = (H * W, 1) if H * W <= 2 * PART_PIXELS else (W, H)
    places = [(n * groups * H * W, p * length) for n in range(per_block) for p in range(rows)]
    walk = Walk(
        images=-(-images // per_block), columns=wide, filters=narrow, taps=images * rows, taps_step=len(places),
        taps_part=max(1, PART_PIXELS // length), length=length, x_at=0, x_image=per_block * groups * wide * H * W,
        x_step=H * W, x_term=1, w_at=0, w_image=per_block * groups * narrow * H * W, w_block=block, w_term=narrow,
        out_at=0, out_image=wide * narrow, out_step=narrow, bias_block=0,
    )  # fmt: skip
    start = np.zeros(1, np.int64)
    return Tables(
        start, start, np.array([0, len(places)]), np.array([n * wide + p for n, p in places]),
        np.array([n * narrow + p * narrow for n, p in places]), walk,
    )  # fmt: skip


def conv2d_grad_weight(grad_out: Array, x: Array, groups: int) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    (N, K, *sides), C, dtype = grad_out.shape, x.shape[1], x.dtype
    filters, channels, plane, pixels = K // groups, C // groups, (sides[0], sides[1]), sides[0] * sides[1]
    from_x = channels >= filters  # the planes of x are read as they are
    wide, narrow = (channels, filters) if from_x else (filters, channels)
    planes, copied = (x, grad_out) if from_x else (grad_out, x)
    width = block_width(dtype)
    per_block, blocks = gradient_blocks(N, pixels, GRADIENT_PIXELS, -(-narrow // width))
    size, into = wide * narrow, frame(narrow, *plane)
    grad_weight: Array = np.empty((K, channels, 1, 1), dtype)
    some = max(1, threads() * CHUNK_BYTES // (per_block * groups * into.image * dtype.itemsize)) * per_block
    room = min(N, some) * groups * into.image
    with lent(dtype, (width,), (groups * blocks * size, room)) as (zeros, partials, pictures):
        for first in range(0, N, some):
            images = min(some, N - first)
            flat = copied[first : first + images].reshape(-1)
            copy(to_channels_last, flat.size, pictures, into, flat, spaced(narrow, pixels))
            tables = _tables(plane, wide, narrow, groups, images, per_block, width)
            for group in range(groups):
                own = planes[first : first + images].reshape(-1)[group * wide * pixels :]
                sums_at = (group * blocks + first // per_block) * size
                call = sums(partials[sums_at:], own, pictures[group * into.image :], zeros, -np.inf, tables)
                with entry([call]):
                    call[0](*call[1])
        for group, target in enumerate(grad_weight.reshape(groups, size)):
            parts = partials[group * blocks * size :][: blocks * size].reshape(blocks, size)
            total = parts.sum(axis=0) if blocks > 1 else parts[0]
            if from_x:
                copy(to_channels_first, size, target, total, spaced(channels, filters), filters)
            else:
                target[:] = total
    return grad_weight
