"""The gradient of the weight of a convolution of (N, C, H, W) arrays without a change of layout.

See `products/crosses.py`.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import padded_count
from fastcnn.kernels.cpu.functions.workspace import lent
from fastcnn.kernels.cpu.products.crosses import cross_sums
from fastcnn.kernels.cpu.products.geometry import GRADIENT_PIXELS, gradient_blocks
from fastcnn.kernels.cpu.products.planes import forward_shifts
from fastcnn.kernels.cpu.tiles.crosses import CROSS_FILTERS
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_PRODUCTS, run
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair
from fastcnn.kernels.threads import threads

MOST_CHANNELS = 4  # with more, tiles of channels-last pictures are full, and these would read each plane too often
LEAST_FILL = 0.6  # of a row's vectors
SOURCES, FILTERS = 16, 32  # planes of x and of the gradient that a task does at a time: they stay in the second cache


def serves(channels: int, columns: int, dtype: np.dtype[Any]) -> bool:
    """Whether it is faster than copying to channels-last, for so many channels of a group; columns : of the output."""
    return channels <= MOST_CHANNELS and columns >= LEAST_FILL * padded_count(columns, dtype)


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`; there is a picture at least."""
    (N, K, P, Q), (_, C, H, W) = grad_out.shape, x.shape
    channels, filters = C // groups, K // groups
    if kernel_size == stride == (1, 1) and padding == ((0, 0), (0, 0)):
        H, W, P, Q = 1, H * W, 1, P * Q
    sources = min(channels, SOURCES)
    shifts = forward_shifts((H, W), kernel_size, stride, padding, dilation, sources)
    tasks = -(-channels // sources) * -(-filters // FILTERS) * groups
    per_block, blocks = gradient_blocks(N, P * Q, GRADIENT_PIXELS, tasks)
    some_filters = FILTERS if blocks * tasks >= 4 * threads() else CROSS_FILTERS[0]
    shared = grad_out.size * len(shifts.x_taps) // sources * channels >= PARALLEL_PRODUCTS and threads() > 1
    parts, lanes = threads() if shared else 1, VECTOR_BYTES // x.itemsize
    size = sources * shifts.bordered + some_filters * P * padded_count(Q, x.dtype) + lanes
    partials: Array = np.empty((blocks, K, channels, *kernel_size), x.dtype)
    with lent(x.dtype, [parts * padded_count(size, x.dtype)]) as (scratch,):
        run(
            cross_sums, shared, partials.reshape(-1), x.reshape(-1), grad_out.reshape(-1), scratch, shifts, P, Q, N,
            per_block, groups, channels, filters, sources, some_filters, parts,
        )  # fmt: skip
    grad_weight: Array = partials[0] if blocks == 1 else partials.sum(axis=0)
    return grad_weight
