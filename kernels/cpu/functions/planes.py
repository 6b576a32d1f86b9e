"""Convolution of (N, C, H, W) arrays in small groups, depthwise ones above all, and its two gradients.

Plane by plane, without a change of layout; see `products/planes.py`.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros, padded_count
from fastcnn.kernels.cpu.products.geometry import GRADIENT_PIXELS, gradient_blocks
from fastcnn.kernels.cpu.products.planes import Shifts, backward_shifts, forward_shifts, plane_moments, plane_sums
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, run
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows
from fastcnn.kernels.threads import threads

# With more results a tile of `dense.py` uses each pixel that it loads for several of them. The gradient of the weight
# has no such tile: one group alone is copied once for all its filters elsewhere.
MOST_RESULTS, MOST_FILTERS = 2, 4
SCRATCH_BYTES = 1 << 20  # of one task: what stays in the second cache


def serves(sources: int, results: int, groups: int, plane_bytes: int) -> bool:
    """Whether these functions are the faster ones, for a group that reads `sources` planes and writes `results`."""
    few = results <= MOST_RESULTS or groups > 1 == sources
    return few and (sources == 1 or sources * plane_bytes <= SCRATCH_BYTES)


def serves_weight(channels: int, filters: int, groups: int, taps: int) -> bool:
    """The same for the gradient of the weight."""
    few = filters <= MOST_FILTERS or groups > 1 == channels
    return few and channels * filters * taps * VECTOR_BYTES <= SCRATCH_BYTES


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
    per_block, blocks = gradient_blocks(N, P * Q, GRADIENT_PIXELS, groups)
    partials = np.empty((blocks, *weight_shape), x.dtype)
    lanes = VECTOR_BYTES // x.itemsize
    sums = partials[0].size // groups * lanes
    parts, scratch = _shared(x.size + grad_out.size, shifts.scratch(1, lanes) + sums, x.dtype)
    run(
        plane_moments, parts > 1, partials.reshape(-1), x.reshape(-1), grad_out.reshape(-1), scratch, shifts, P, Q, N,
        per_block, groups, channels, filters, parts,
    )  # fmt: skip
    grad_weight: Array = partials[0] if blocks == 1 else partials.sum(axis=0)
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
