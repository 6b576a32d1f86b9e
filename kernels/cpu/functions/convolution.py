"""Convolution of (N, C, H, W) arrays and its two gradients: copy to channels-last, sum up in tiles, copy back.

The functions do a few pictures at a time. So the copies stay in the cache, and memory does not grow with the batch.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.products import weights
from fastcnn.kernels.cpu.products.calls import entry, sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Frame, Tables, convolution, frame
from fastcnn.kernels.cpu.products.layout import block_width, packed_count, to_channels_first, to_channels_last
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape
from fastcnn.kernels.threads import threads

CHUNK_BYTES = 8 << 20  # channels-last pictures at a time: about a core's share of the last cache


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    shape = _geometry(x.shape, weight.shape, stride, padding, dilation, groups, x.dtype, grad_border=False)
    out = np.empty((len(x), shape.K, shape.P, shape.Q), x.dtype)
    filters = shape.K // groups
    packed = [aligned_zeros(packed_count(filters, weight[0].size, x.dtype), x.dtype) for _ in range(groups)]
    offsets = [aligned_zeros(packed_count(filters, 1, x.dtype), x.dtype) for _ in range(groups)]
    for group in range(groups):
        _run(packed[group].size, weights.pack(packed[group], weight, shape, group))
        if bias is not None:
            offsets[group][:filters] = bias[group * filters : (group + 1) * filters]
    for part in _chunks(len(x), x[:1].size + out[:1].size, x.dtype):
        pictures = _laid_out(x[part], shape.x)
        images = len(x[part])
        result = aligned_zeros(images * shape.P * shape.Q * shape.K, x.dtype)
        for group in range(groups):
            tables = shape.forward(images, group, frame(shape.K, shape.P, shape.Q))
            _sums(result, pictures, packed[group], offsets[group], tables)
        _laid_back(out[part], result)
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    N, C, H, W = input_shape
    shape = _geometry(input_shape, weight.shape, stride, padding, dilation, groups, weight.dtype, grad_border=True)
    grad_input = np.empty(input_shape, grad_out.dtype)
    filters, channels = shape.K // groups, C // groups
    zeros = aligned_zeros(shape.block, grad_out.dtype)
    packed: dict[tuple[int, int], Array] = {}
    for part in _chunks(N, grad_out[:1].size + C * H * W, grad_out.dtype):
        gradient = _laid_out(grad_out[part], shape.grad)
        images = len(grad_out[part])
        result = aligned_zeros(images * H * W * C, grad_out.dtype)
        for group in range(groups):
            for i, phase in enumerate(shape.grad_input(images, group, frame(C, H, W))):
                if (group, i) not in packed:
                    terms = len(phase.r_taps) * len(phase.s_taps) * filters
                    packed[group, i] = aligned_zeros(packed_count(channels, terms, weight.dtype), weight.dtype)
                    _run(packed[group, i].size, weights.pack_flipped(packed[group, i], weight, shape, group, phase))
                _sums(result, gradient, packed[group, i], zeros, phase.tables)
        _laid_back(grad_input[part], result)
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    K, channels = grad_out.shape[1], x.shape[1] // groups
    weight_shape = (K, channels, *kernel_size)
    shape = _geometry(x.shape, weight_shape, stride, padding, dilation, groups, x.dtype, grad_border=False)
    grad_weight = np.zeros(weight_shape, x.dtype)
    if len(x) == 0:
        return grad_weight
    pictures = _laid_out(x, shape.x)
    gradient = _laid_out(grad_out, shape.grad)
    _, blocks = shape.gradient_blocks(len(x))
    filters = K // groups
    partials = aligned_zeros(blocks * filters * grad_weight[0].size, x.dtype)
    zeros = aligned_zeros(shape.block, x.dtype)
    for group in range(groups):
        tables = shape.grad_weight(len(x), group)
        _sums(partials, pictures, gradient, zeros, tables)
        _run(partials.size, weights.fold(grad_weight, partials, shape, group, blocks, filters))
    return grad_weight


def _geometry(
    input_shape: Shape, weight_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    dtype: np.dtype[Any], grad_border: bool,
) -> Convolution:  # fmt: skip
    return convolution(
        input_shape[1:], weight_shape, stride, padding, dilation, groups, block_width(dtype), grad_border
    )


def _chunks(images: int, elements: int, dtype: np.dtype[Any]) -> list[slice]:
    """Slices of the batch that fill CHUNK_BYTES, at `elements` elements a picture."""
    size = max(threads(), CHUNK_BYTES // max(1, elements * dtype.itemsize))
    return [slice(start, start + size) for start in range(0, images, size)]


def _laid_out(x: Array, into: Frame) -> Array:
    """x (N, C, H, W) as flat channels-last pictures with a border of zeros."""
    out = aligned_zeros(len(x) * into.image, x.dtype)
    C, H, W = x.shape[1:]
    copy(to_channels_last, out.size, out, into, x.reshape(-1), np.arange(C) * (H * W))
    return out


def _laid_back(out: Array, x: Array) -> None:
    """Copy flat channels-last pictures without a border into out (N, C, H, W)."""
    C, H, W = out.shape[1:]
    copy(to_channels_first, out.size, out.reshape(-1), x, np.arange(H * W) * C, C)


def _run(elements: int, call: tuple[Any, tuple[Any, ...]]) -> None:
    """Run a call that moves `elements` elements."""
    kernel, args = call
    copy(kernel, elements, *args)


def _sums(out: Array, x: Array, w: Array, bias: Array, tables: Tables) -> None:
    """Run sum_products. Threads share the work as in the steps of a network."""
    call = sums(out, x, w, bias, -np.inf, tables)
    with entry([call]):
        kernel, args = call
        kernel(*args)
