"""Convolution of (N, C, H, W) arrays in small groups, depthwise ones above all, and its two gradients.

Plane by plane, without a change of layout; see `products/planes.py`.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros, padded_count
from fastcnn.kernels.cpu.products.geometry import gradient_blocks
from fastcnn.kernels.cpu.products.planes import Shifts, backward_shifts, forward_shifts, plane_moments, plane_sums
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, run
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows
from fastcnn.kernels.threads import threads

# A vector of the other way is so many filters of a group, so small groups would leave it empty: with 16 channels in a
# group that way is faster, with 8 this one. With one group that way copies the layout once for all filters. Then this
# one is faster for up to 4 results, as in the gradient of a picture's 3 colours.
MOST_OF_A_GROUP = 8
MOST_RESULTS = 4
SCRATCH_BYTES = 1 << 20  # of one task: what stays in the second cache


def serves(sources: int, results: int, groups: int, source_bytes: int) -> bool:
    """Whether the functions of this file are the faster ones.

    sources, results : planes that a group reads and writes
    source_bytes : of scratch for each source
    """
    few = results <= MOST_RESULTS if groups == 1 else min(sources, results) <= MOST_OF_A_GROUP
    return few and (sources == 1 or sources * source_bytes <= SCRATCH_BYTES)


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    N, C, H, W = x.shape
    K, channels, R, S = weight.shape
    out = np.empty((N, K, *windows((N, C, H, W), (R, S), stride, padding, dilation)), x.dtype)
    shifts = forward_shifts((H, W), (R, S), stride, padding, dilation, channels)
    _sums(out, x, weight, bias, shifts, groups, weight[0].size)
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    _, _, H, W = input_shape
    K, _, R, S = weight.shape
    grad_input = np.empty(input_shape, grad_out.dtype)
    shifts = backward_shifts((H, W), (R, S), stride, padding, dilation, K // groups, weight[0].size)
    _sums(grad_input, grad_out, weight, None, shifts, groups, R * S)
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    (N, K, P, Q), (_, C, H, W) = grad_out.shape, x.shape
    channels, filters = C // groups, K // groups
    weight_shape = (K, channels, *kernel_size)
    if N == 0:
        return np.zeros(weight_shape, x.dtype)
    shifts = forward_shifts((H, W), kernel_size, stride, padding, dilation, 1)
    per_block, blocks = gradient_blocks(N)
    partials = np.empty((blocks, *weight_shape), x.dtype)
    lanes = VECTOR_BYTES // x.itemsize
    sums = partials[0].size // groups * lanes
    parts, scratch = _shared(x.size + grad_out.size, shifts.scratch(1, lanes) + sums, x.dtype)
    run(
        plane_moments, parts > 1, partials.reshape(-1), x.reshape(-1), grad_out.reshape(-1), scratch, shifts, P, Q, N,
        per_block, groups, channels, filters, parts,
    )  # fmt: skip
    grad_weight: Array = partials.sum(axis=0)
    return grad_weight


def _sums(
    out: Array, x: Array, weight: Array, bias: Array | None, shifts: Shifts, groups: int, w_step: int
) -> None:  # fmt: skip
    """See `plane_sums`."""
    sources, results = x.shape[1] // groups, out.shape[1] // groups
    parts, scratch = _shared(x.size + out.size, shifts.scratch(sources, VECTOR_BYTES // x.itemsize), x.dtype)
    offsets, bias_step = (np.zeros(1, x.dtype), 0) if bias is None else (bias, 1)
    run(
        plane_sums, parts > 1, out.reshape(-1), x.reshape(-1), weight.reshape(-1), offsets, bias_step, scratch, shifts,
        len(x) * groups, groups, sources, results, weight.size // groups, w_step, parts,
    )  # fmt: skip


def _shared(elements: int, size: int, dtype: np.dtype[Any]) -> tuple[int, Array]:
    """Into how many tasks the work on so many elements is cut, and a scratch with `size` elements for each of them."""
    parts = 4 * threads() if elements >= PARALLEL_COPIES and threads() > 1 else 1
    return parts, aligned_zeros(parts * padded_count(size, dtype), dtype)
