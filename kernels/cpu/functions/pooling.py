"""Max-pool of (N, C, H, W) arrays and its gradient: plain loops, one task for each plane."""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy
from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape, windows


@inner
def _inside(start, step):
    """The first of start, start + step, ... that lies in the picture."""
    return max(0, start) if step == 1 or start > 0 else start + step * ((step - 1 - start) // step)


@inner
def _raise(best, rows, line, h):
    """Put the numbers of line, row h, where they are larger than the best ones above them. The first NaN stays."""
    for w in range(len(line)):
        value, so_far = line[w], best[w]
        larger = (not (value <= so_far)) & (so_far == so_far)  # the first is true for a NaN too
        best[w] = value if larger else so_far
        rows[w] = h if larger else rows[w]


@kernel
def _max_pool2d(out, argmax, x, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    """For each row of windows first the best of each column, in vectors, then the best of each window's columns."""
    planes, H, W = x.shape
    _, P, Q = out.shape
    for plane in prange(planes):
        best, rows = np.empty(W, x.dtype), np.empty(W, np.int32)
        for p in range(P):
            h0 = p * stride_h - top
            h_first = _inside(h0, dilation_h)
            for w in range(W):  # an assignment of slices compiles 2 s longer, for the words of an error
                best[w], rows[w] = x[plane, h_first, w], h_first
            for h in range(h_first + dilation_h, min(H, h0 + R * dilation_h), dilation_h):
                _raise(best, rows, x[plane, h], np.int32(h))
            for q in range(Q):
                w0 = q * stride_w - left
                column = _inside(w0, dilation_w)
                value, row = best[column], rows[column]
                for w in range(column + dilation_w, min(W, w0 + S * dilation_w), dilation_w):
                    other, earlier = best[w], rows[w] < row  # of equal numbers, and of NaNs, the one in the first row
                    if not (other <= value):
                        if value == value or (earlier and other != other):
                            value, row, column = other, rows[w], w
                    elif other == value and earlier:
                        row, column = rows[w], w
                out[plane, p, q] = value
                argmax[plane, p, q] = np.int64(row) * W + column


@kernel
def _max_pool2d_grad(grad_input, grad_out, argmax):
    planes, windows_count = grad_out.shape
    # One task for each plane: windows overlap only inside a plane, and add up in row-major order.
    for plane in prange(planes):
        grad_input[plane] = 0
        for i in range(windows_count):
            grad_input[plane, argmax[plane, i]] += grad_out[plane, i]


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> tuple[Array, Indices]:
    """See `kernels.max_pool2d`."""
    N, C, H, W = x.shape
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    out, argmax = np.empty((N, C, P, Q), x.dtype), np.empty((N, C, P, Q), np.int64)
    planes = (N * C, P, Q)
    copy(
        _max_pool2d, x.size, out.reshape(planes), argmax.reshape(planes), x.reshape(N * C, H, W), *kernel_size, *stride,
        padding[0][0], padding[1][0], *dilation,
    )  # fmt: skip
    return out, argmax


def max_pool2d_grad(grad_out: Array, argmax: Indices, input_shape: Shape) -> Array:
    """See `kernels.max_pool2d_grad`."""
    N, C, P, Q = grad_out.shape
    grad_input = np.empty(input_shape, grad_out.dtype)
    planes = N * C
    copy(
        _max_pool2d_grad, grad_input.size, grad_input.reshape(planes, -1) if planes else grad_input.reshape(0, 0),
        grad_out.reshape(planes, P * Q), argmax.reshape(planes, P * Q),
    )  # fmt: skip
    return grad_input
