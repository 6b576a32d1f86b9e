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


def _kernel(dilated):
    """Max-pool. Without dilation its loops have the step 1 when they are compiled, so that it does not slow them."""

    @kernel
    def max_pool2d(out, argmax, x, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
        planes, H, W = x.shape
        _, P, Q = out.shape
        step_h, step_w = (dilation_h, dilation_w) if dilated else (1, 1)
        for plane in prange(planes):
            for p in range(P):
                h0 = p * stride_h - top
                h_first, h_stop = _inside(h0, step_h), min(H, h0 + R * step_h)
                for q in range(Q):
                    w0 = q * stride_w - left
                    w_first, w_stop = _inside(w0, step_w), min(W, w0 + S * step_w)
                    best, where = x[plane, h_first, w_first], h_first * W + w_first
                    for h in range(h_first, h_stop, step_h):
                        for w in range(w_first, w_stop, step_w):
                            value = x[plane, h, w]
                            # not (value <= best) is true for a NaN too. The first NaN then stays.
                            if not (value <= best) and best == best:
                                best, where = value, h * W + w
                    out[plane, p, q] = best
                    argmax[plane, p, q] = where

    return max_pool2d


_max_pool2d, _max_pool2d_dilated = _kernel(False), _kernel(True)


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
    chosen = _max_pool2d if dilation == (1, 1) else _max_pool2d_dilated
    copy(
        chosen, x.size, out.reshape(planes), argmax.reshape(planes), x.reshape(N * C, H, W), *kernel_size, *stride,
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
