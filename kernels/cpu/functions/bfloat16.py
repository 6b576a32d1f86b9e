"""Convolution of (N, C, H, W) arrays and its two gradients with operands rounded to bfloat16, and sums in float32.

An affine layer is a convolution of 1 x 1 pixels. `unit` names the tile: see `toolchain/bfloat16.py`. A unit that this
CPU lacks ends the process.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.products import pairs, weights
from fastcnn.kernels.cpu.products.calls import entry, sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Tables, frame
from fastcnn.kernels.cpu.products.layout import to_channels_first
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int, unit: str
) -> Array:
    """See `kernels.conv2d`."""
    shape = _geometry(x.shape, weight.shape, stride, padding, dilation, groups, even="input")
    out = np.empty((len(x), len(weight), shape.P, shape.Q), np.float32)
    plane = frame(shape.K, shape.P, shape.Q)
    result = pairs.zeros((len(x), plane.image), np.float32)
    for group in range(groups if len(x) else 0):
        offsets = pairs.zeros((-(-shape.K // pairs.WIDTH), pairs.WIDTH), np.float32)
        if bias is not None:
            offsets[: shape.K] = _part(bias, 0, group, groups)
        pictures = pairs.zeros((len(x), shape.x.image), np.uint16)
        copy(pairs.to_pictures, x.size, pictures, shape.x, pairs.as_bits(_part(x, 1, group, groups)))
        tables = pairs.over_pairs(shape.forward(len(x), 0, plane))
        packed = pairs.packed(tables, _part(weight, 0, group, groups))
        _sums(result, pictures, packed, offsets, tables, unit)
        _part(out, 1, group, groups)[...] = _planes(result, len(x), shape.K, (shape.P, shape.Q))
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    unit: str,
) -> Array:  # fmt: skip
    """See `kernels.conv2d_grad_input`."""
    N, _, H, W = input_shape
    shape = _geometry(input_shape, weight.shape, stride, padding, dilation, groups, even="output")
    grad_input = np.empty(input_shape, np.float32)
    plane = frame(shape.C, H, W)
    result, no_bias = pairs.zeros((N, plane.image), np.float32), pairs.zeros((pairs.WIDTH,), np.float32)
    for group in range(groups if N else 0):
        gradient = pairs.zeros((N, shape.grad.image), np.uint16)
        copy(pairs.to_pictures, grad_out.size, gradient, shape.grad, pairs.as_bits(_part(grad_out, 1, group, groups)))
        own = _part(weight, 0, group, groups)
        for phase in shape.grad_input(N, 0, plane):
            tables = pairs.over_pairs(phase.tables)
            packed = pairs.packed(tables, own, phase)
            _sums(result, gradient, packed, no_bias, tables, unit)
        _part(grad_input, 1, group, groups)[...] = _planes(result, N, shape.C, (H, W))
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int, unit: str
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    weight_shape = (grad_out.shape[1], x.shape[1] // groups, *kernel_size)
    shape = _geometry(x.shape, weight_shape, stride, padding, dilation, groups)
    grad_weight = np.zeros(weight_shape, np.float32)
    if len(x) == 0:
        return grad_weight
    found = pairs.pixel_pairs(shape, len(x))
    (top, _), (left, _) = padding
    blocks = found.tables.walk.images
    no_bias = pairs.zeros((pairs.WIDTH,), np.float32)
    for group in range(groups):
        planes, gradient = pairs.zeros(found.x, np.uint16), pairs.zeros(found.grad, np.uint16)
        own_x, own_grad = (pairs.as_bits(_part(each, 1, group, groups)) for each in (x, grad_out))
        copy(pairs.to_planes, x.size, planes.reshape(found.x), own_x, top, left)
        copy(pairs.to_pixel_pairs, grad_out.size, gradient.reshape(found.grad), own_grad, found.columns)
        partials = pairs.zeros((blocks, found.tables.walk.out_image), np.float32)
        _sums(partials, planes, gradient, no_bias, found.tables, unit)
        own = _part(grad_weight, 0, group, groups)
        call: tuple[Any, Any] = weights.fold(own, partials, shape, 0, blocks, shape.K)
        copy(call[0], partials.size, *call[1])
    return grad_weight


def _geometry(
    input_shape: Shape, weight_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int, even: str = ""
) -> Convolution:
    """The convolution of one group, with an even number of channels on the side that is summed over."""
    (_, C, H, W), (K, *filter_shape) = input_shape, weight_shape
    C, K, (_, R, S) = C // groups, K // groups, filter_shape
    C, K = C + C % 2 * (even == "input"), K + K % 2 * (even == "output")
    return Convolution((C, H, W), (K, C, R, S), stride, padding, dilation, 1, pairs.WIDTH, grad_border=even == "output")


def _part(array: Array, axis: int, group: int, groups: int) -> Array:
    """The channels of one group along an axis, as a view."""
    size = array.shape[axis] // groups
    part: Array = array[(slice(None),) * axis + (slice(group * size, (group + 1) * size),)]
    return part


def _planes(x: Array, images: int, channels: int, sides: Pair) -> Array:
    """Channels-last pictures without a border as (N, channels, height, width)."""
    out = np.empty((images, channels, *sides), np.float32)
    rows = np.arange(sides[0] * sides[1]) * channels
    copy(to_channels_first, out.size, out.reshape(-1), x, rows, channels)
    return out


def _sums(out: Array, x: Array, w: Array, bias: Array, tables: Tables, unit: str) -> None:
    call = sums(out, x, w, bias, -np.inf, tables, products_kernel=pairs.PRODUCTS[unit])
    with entry([call]):
        kernel, args = call
        kernel(*args)
