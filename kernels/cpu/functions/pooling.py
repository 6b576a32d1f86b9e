"""Max-pool of (N, C, H, W) arrays and its gradient: plain loops, one task for each plane."""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy, taps
from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape, windows


@kernel
def _max_pool2d(out, argmax, x, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    planes, H, W = x.shape
    _, P, Q = out.shape
    for plane in prange(planes):
        for p in range(P):
            h0 = p * stride_h - top
            r_first, r_stop = taps(h0, H, R, dilation_h)
            for q in range(Q):
                w0 = q * stride_w - left
                s_first, s_stop = taps(w0, W, S, dilation_w)
                h, w = h0 + r_first * dilation_h, w0 + s_first * dilation_w
                best, where = x[plane, h, w], h * W + w
                for r in range(r_first, r_stop):
                    h = h0 + r * dilation_h
                    for s in range(s_first, s_stop):
                        w = w0 + s * dilation_w
                        value = x[plane, h, w]
                        # not (value <= best) is true for a NaN too. The first NaN then stays.
                        if not (value <= best) and best == best:
                            best, where = value, h * W + w
                out[plane, p, q] = best
                argmax[plane, p, q] = where


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
