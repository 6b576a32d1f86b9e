"""Depthwise convolution of (N, C, H, W) arrays and its two gradients, without a change of layout."""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros, padded_count
from fastcnn.kernels.cpu.products.geometry import gradient_blocks
from fastcnn.kernels.cpu.products.planes import Shifts, backward_shifts, forward_shifts, plane_moments, plane_sums
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, run
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows
from fastcnn.kernels.threads import threads


def conv2d(x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.conv2d`."""
    N, C, H, W = x.shape
    K, _, R, S = weight.shape
    out = np.empty((N, K, *windows(x.shape, (R, S), stride, padding, dilation)), x.dtype)
    shifts = forward_shifts((H, W), (R, S), stride, padding, dilation)
    offsets, step = (np.zeros(1, x.dtype), 0) if bias is None else (bias, 1)
    _sums(out, x, weight, offsets, step, shifts, N * C, C, 1, K // C)
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    N, C, H, W = input_shape
    K, _, R, S = weight.shape
    grad_input = np.empty(input_shape, grad_out.dtype)
    shifts = backward_shifts((H, W), (R, S), stride, padding, dilation, K // C)
    _sums(grad_input, grad_out, weight, np.zeros(1, grad_out.dtype), 0, shifts, N * C, C, K // C, 1)
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    (N, K, P, Q), (_, C, H, W) = grad_out.shape, x.shape
    taps = kernel_size[0] * kernel_size[1]
    if N == 0:
        return np.zeros((K, 1, *kernel_size), x.dtype)
    shifts = forward_shifts((H, W), kernel_size, stride, padding, dilation)
    per_block, blocks = gradient_blocks(N)
    partials = np.empty((blocks, K, taps), x.dtype)
    lanes = VECTOR_BYTES // x.itemsize
    parts, scratch = _shared(x.size + grad_out.size, shifts.scratch(1, lanes) + K // C * taps * lanes, x.dtype)
    run(
        plane_moments, parts > 1, partials.reshape(-1), x.reshape(-1), grad_out.reshape(-1), scratch, shifts, P, Q, N,
        per_block, C, K // C, parts,
    )  # fmt: skip
    grad_weight: Array = partials.sum(axis=0).reshape(K, 1, *kernel_size)
    return grad_weight


def _sums(
    out: Array, x: Array, weight: Array, bias: Array, bias_step: int, shifts: Shifts, planes: int, channels: int,
    fan_in: int, fan_out: int,
) -> None:  # fmt: skip
    """See `plane_sums`."""
    size = shifts.scratch(fan_in, VECTOR_BYTES // x.itemsize)
    parts, scratch = _shared(x.size + out.size, size, x.dtype)
    run(
        plane_sums, parts > 1, out.reshape(-1), x.reshape(-1), weight.reshape(-1), bias, bias_step, scratch, shifts,
        planes, channels, fan_in, fan_out, weight[0].size, parts,
    )  # fmt: skip


def _shared(elements: int, size: int, dtype: np.dtype[Any]) -> tuple[int, Array]:
    """Into how many tasks the work on so many elements is cut, and a scratch with `size` elements for each of them."""
    parts = 4 * threads() if elements >= PARALLEL_COPIES and threads() > 1 else 1
    return parts, aligned_zeros(parts * padded_count(size, dtype), dtype)
