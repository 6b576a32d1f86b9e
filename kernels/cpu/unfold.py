"""im2col and col2im: plain loops, parallel over rows of windows or over pictures."""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.jit import inner, kernel
from fastcnn.kernels.cpu.sharing import copy, split
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows


@inner
def _inside(start, step, count, size):
    """The taps i of a kernel side, first and past the last, for which 0 <= start + i * step < size."""
    first = max(0, (-start + step - 1) // step)
    stop = min(count, (size - start + step - 1) // step)
    return first, max(first, stop)


@kernel
def _im2col(cols, x, P, Q, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    N, C, H, W = x.shape
    # One task a row of windows: its rows of cols are its own.
    for task in prange(N * P):
        n, p = split(task, P)
        for q in range(Q):
            row = task * Q + q
            h0, w0 = p * stride_h - top, q * stride_w - left
            r_first, r_stop = _inside(h0, dilation_h, R, H)
            s_first, s_stop = _inside(w0, dilation_w, S, W)
            if r_stop - r_first < R or s_stop - s_first < S:
                cols[row] = 0
            for c in range(C):
                for r in range(r_first, r_stop):
                    at = (c * R + r) * S
                    for s in range(s_first, s_stop):
                        cols[row, at + s] = x[n, c, h0 + r * dilation_h, w0 + s * dilation_w]


@kernel
def _col2im(images, cols, P, Q, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    N, C, H, W = images.shape
    # One task a picture: windows overlap within a picture only.
    for n in prange(N):
        images[n] = 0
        for p in range(P):
            for q in range(Q):
                row = (n * P + p) * Q + q
                h0, w0 = p * stride_h - top, q * stride_w - left
                r_first, r_stop = _inside(h0, dilation_h, R, H)
                s_first, s_stop = _inside(w0, dilation_w, S, W)
                for c in range(C):
                    for r in range(r_first, r_stop):
                        at = (c * R + r) * S
                        for s in range(s_first, s_stop):
                            images[n, c, h0 + r * dilation_h, w0 + s * dilation_w] += cols[row, at + s]


def im2col(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.im2col`."""
    N, C, H, W = x.shape
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    cols = np.empty((N * P * Q, C * kernel_size[0] * kernel_size[1]), x.dtype)
    copy(_im2col, cols.size, cols, x, P, Q, *kernel_size, *stride, padding[0][0], padding[1][0], *dilation)
    return cols


def col2im(cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.col2im`."""
    P, Q = windows(input_shape, kernel_size, stride, padding, dilation)
    images = np.empty(input_shape, cols.dtype)
    copy(_col2im, cols.size, images, cols, P, Q, *kernel_size, *stride, padding[0][0], padding[1][0], *dilation)
    return images
