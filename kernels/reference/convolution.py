"""Convolution and its two gradients: im2col and one matrix product for each group of channels."""

import numpy as np

from fastcnn.kernels.reference.unfold import col2im, im2col
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows


def _group(array: Array, axis: int, group: int, groups: int) -> Array:
    """The channels of one group along an axis. np.split would make a view of every group for each of them."""
    channels = array.shape[axis] // groups
    part: Array = array[(slice(None),) * axis + (slice(group * channels, (group + 1) * channels),)]
    return part


def _rows(planes: Array) -> Array:
    """(N, K, P, Q) as a matrix (N*P*Q, K): one row for each window, in the order of im2col."""
    return planes.transpose(0, 2, 3, 1).reshape(-1, planes.shape[1])


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    N, C, H, W = x.shape
    K, _, R, S = weight.shape
    P, Q = windows((N, C, H, W), (R, S), stride, padding, dilation)
    out = np.empty((N, P, Q, K), x.dtype)
    for g in range(groups):
        cols = im2col(_group(x, 1, g, groups), (R, S), stride, padding, dilation)
        weight_rows = _group(weight, 0, g, groups).reshape(K // groups, -1)
        _group(out, 3, g, groups)[...] = (cols @ weight_rows.T).reshape(N, P, Q, K // groups)
    if bias is not None:
        out += bias
    return out.transpose(0, 3, 1, 2).copy()


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    N, C, H, W = input_shape
    K, _, R, S = weight.shape
    grad_input = np.empty(input_shape, grad_out.dtype)
    for g in range(groups):
        weight_rows = _group(weight, 0, g, groups).reshape(K // groups, -1)
        grad_cols = _rows(_group(grad_out, 1, g, groups)) @ weight_rows
        _group(grad_input, 1, g, groups)[...] = col2im(
            grad_cols, (N, C // groups, H, W), (R, S), stride, padding, dilation
        )
    return grad_input


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    K, C = grad_out.shape[1], x.shape[1]
    grad_weight = np.empty((K, C // groups, *kernel_size), grad_out.dtype)
    for g in range(groups):
        cols = im2col(_group(x, 1, g, groups), kernel_size, stride, padding, dilation)
        product = _rows(_group(grad_out, 1, g, groups)).T @ cols
        _group(grad_weight, 0, g, groups)[...] = product.reshape(K // groups, C // groups, *kernel_size)
    return grad_weight
