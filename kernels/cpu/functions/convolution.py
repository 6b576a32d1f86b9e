"""Convolution of (N, C, H, W) arrays and its two gradients: copy to channels-last, sum up in tiles, copy back.

The functions do a few pictures at a time. So the copies stay in the cache, and memory does not grow with the batch.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.functions import crosses, dense, planes, pointwise
from fastcnn.kernels.cpu.functions.workspace import lent
from fastcnn.kernels.cpu.products import weights
from fastcnn.kernels.cpu.products.calls import entry, sums
from fastcnn.kernels.cpu.products.geometry import Convolution, Frame, Tables, convolution, frame
from fastcnn.kernels.cpu.products.layout import (
    block_width,
    packed_count,
    spaced,
    to_channels_first,
    to_channels_last,
    to_planes,
)
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape
from fastcnn.kernels.threads import threads

CHUNK_BYTES = 2 << 20  # channels-last pictures of a thread at a time: they stay in the second cache


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    planes_of_group = weight.shape[1], len(weight) // groups
    if planes.serves(*planes_of_group, groups, x.itemsize * x.shape[2] * x.shape[3]):
        return planes.conv2d(x, weight, bias, stride, padding, dilation, groups)
    if dense.serves(x.shape[2:], weight.shape[2:], stride, padding, dilation, *planes_of_group, False, x.dtype):
        return dense.conv2d(x, weight, bias, stride, padding, dilation, groups)
    shape = _geometry(x.shape, weight.shape, stride, padding, dilation, groups, x.dtype, grad_border=False)
    filters = shape.K
    out = np.empty((len(x), len(weight), shape.P, shape.Q), x.dtype)
    chunks = _chunks(len(x), x[:1].size + out[:1].size, x.dtype)
    most = len(x[chunks[0]]) if chunks else 0
    size, bias_size = packed_count(filters, weight[0].size, x.dtype), packed_count(filters, 1, x.dtype)
    cleared, others = (groups * bias_size, most * shape.x.image), (groups * size, most * out[:1].size)
    with lent(x.dtype, cleared, others) as (offsets, pictures, packed, result):
        _clear_rest(packed, filters, shape)
        for group in range(groups):
            _run(size, weights.pack(packed[group * size :], _of(group, groups, weight), shape, 0))
            if bias is not None:
                offsets[group * bias_size :][:filters] = _of(group, groups, bias)
        for part in chunks:
            images = _lay_out(pictures, x[part], shape.x, groups)
            plane = frame(filters, shape.P, shape.Q).apart(groups)
            for group in range(groups):
                own = result[group * plane.image // groups :], pictures[group * shape.x.image // groups :]
                packs = packed[group * size :], offsets[group * bias_size :]
                _sums(*own, *packs, shape.forward(images, 0, plane))
            _lay_back(out[part], result, groups)
    return out


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    plane_bytes = grad_out.itemsize * grad_out.shape[2] * grad_out.shape[3]
    planes_of_group = len(weight) // groups, weight.shape[1]
    if planes.serves(*planes_of_group, groups, plane_bytes):
        return planes.conv2d_grad_input(grad_out, weight, input_shape, stride, padding, dilation, groups)
    if dense.serves(input_shape[2:], weight.shape[2:], stride, padding, dilation, *planes_of_group, True, weight.dtype):
        return dense.conv2d_grad_input(grad_out, weight, input_shape, stride, padding, dilation, groups)
    N, C, H, W = input_shape
    shape = _geometry(input_shape, weight.shape, stride, padding, dilation, groups, weight.dtype, grad_border=True)
    grad_input = np.empty(input_shape, grad_out.dtype)
    packed: dict[tuple[int, int], Array] = {}
    chunks = _chunks(N, grad_out[:1].size + C * H * W, grad_out.dtype)
    most = len(grad_out[chunks[0]]) if chunks else 0
    room = packed_count(shape.C, weight[0, 0].size * shape.K, weight.dtype) * groups
    cleared, others = (shape.block, most * shape.grad.image), (room, most * C * H * W)
    with lent(grad_out.dtype, cleared, others) as (zeros, gradient, rest, result):
        _clear_rest(rest, shape.C, shape)
        for part in chunks:
            images = _lay_out(gradient, grad_out[part], shape.grad, groups)
            plane = frame(shape.C, H, W).apart(groups)
            for group in range(groups):
                own = result[group * plane.image // groups :], gradient[group * shape.grad.image // groups :]
                for i, phase in enumerate(shape.grad_input(images, 0, plane)):
                    if (group, i) not in packed:
                        size = packed_count(shape.C, len(phase.r_taps) * len(phase.s_taps) * shape.K, weight.dtype)
                        packed[group, i], rest = rest[:size], rest[size:]
                        _run(size, weights.pack_flipped(packed[group, i], _of(group, groups, weight), shape, 0, phase))
                    _sums(*own, packed[group, i], zeros, phase.tables)
            _lay_back(grad_input[part], result, groups)
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    filters, channels = grad_out.shape[1] // groups, x.shape[1] // groups
    if planes.serves_weight(channels, filters, groups, kernel_size[0] * kernel_size[1]):
        return planes.conv2d_grad_weight(grad_out, x, kernel_size, stride, padding, dilation, groups)
    weight_shape = (filters * groups, channels, *kernel_size)
    shape = _geometry(x.shape, weight_shape, stride, padding, dilation, groups, x.dtype, grad_border=False)
    if len(x) == 0:
        return np.zeros(weight_shape, x.dtype)
    if crosses.serves(channels, grad_out.shape[3], x.dtype):
        return crosses.conv2d_grad_weight(grad_out, x, kernel_size, stride, padding, dilation, groups)
    if pointwise.serves(kernel_size, stride, padding, x.shape[2:], max(channels, filters), x.dtype):
        return pointwise.conv2d_grad_weight(grad_out, x, groups)
    grad_weight = np.empty(weight_shape, x.dtype)
    per_block, blocks = shape.gradient_blocks(len(x))
    size = blocks * filters * grad_weight[0].size
    planar = shape.reads_planes
    tables = shape.grad_weight(len(x), 0, planar)
    chunks = _chunks(blocks, per_block * (shape.x.image + shape.grad.image), x.dtype)
    most = per_block * len(range(blocks)[chunks[0]])
    others = groups * size, most * shape.grad.image
    with lent(x.dtype, (shape.block, most * shape.x.image), others) as (zeros, pictures, partials, gradient):
        for chunk in chunks:
            some = range(blocks)[chunk]
            part = slice(some.start * per_block, some.stop * per_block)
            images = _lay_out(pictures, x[part], shape.x, groups, planar)
            _lay_out(gradient, grad_out[part], shape.grad, groups)
            out_at = some.start * tables.walk.out_image
            walk = tables.walk._replace(images=len(some), taps=images * shape.P, out_at=out_at)
            for group in range(groups):
                own = pictures[group * shape.x.image // groups :], gradient[group * shape.grad.image // groups :]
                _sums(partials[group * size :], *own, zeros, tables._replace(walk=walk))
        for group in range(groups):
            call = weights.fold(_of(group, groups, grad_weight), partials[group * size :], shape, 0, blocks, filters)
            _run(size, call)
    return grad_weight


def _geometry(
    input_shape: Shape, weight_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    dtype: np.dtype[Any], grad_border: bool,
) -> Convolution:  # fmt: skip
    """The convolution of one group, whose pictures lie between those of the other groups."""
    (_, C, H, W), (K, *filter_shape) = input_shape, weight_shape
    own = (C // groups, H, W), (K // groups, *filter_shape)
    return convolution(*own, stride, padding, dilation, block_width(dtype), grad_border, groups)


def _of(group: int, groups: int, array: Array) -> Array:
    """The part of a weight or a bias that is one group's."""
    size = len(array) // groups
    return array[group * size : (group + 1) * size]


def _clear_rest(packed: Array, filters: int, shape: Convolution) -> None:
    """Write zeros where packed weights have room for more filters; where they have none it would be lost time."""
    if filters % shape.block:
        packed[:] = 0


def _chunks(count: int, elements: int, dtype: np.dtype[Any]) -> list[slice]:
    """Slices of so many pictures, or blocks, of `elements` elements each; they fill CHUNK_BYTES of each thread."""
    size = threads() * max(1, CHUNK_BYTES // max(1, elements * dtype.itemsize))
    return [slice(start, start + size) for start in range(0, count, size)]


def _lay_out(out: Array, x: Array, into: Frame, groups: int, planar: bool = False) -> int:
    """Copy x (N, C, H, W) into flat channels-last pictures of each group, whose border of zeros stays; N.

    into : the frame of one group's pictures
    planar : whether they stay planes
    """
    one = into._replace(image=into.image // groups)
    if planar:
        copy(to_planes, x.size, out, one, x.reshape(-1))
        return len(x)
    copy(to_channels_last, x.size, out, one, x.reshape(-1), spaced(one.channels, one.height * one.width))
    return len(x)


def _lay_back(out: Array, x: Array, groups: int) -> None:
    """Copy flat channels-last pictures of each group, without a border, into out (N, C, H, W)."""
    C, (H, W) = out.shape[1] // groups, out.shape[2:]
    copy(to_channels_first, out.size, out.reshape(-1), x, spaced(H * W, C), C)


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
