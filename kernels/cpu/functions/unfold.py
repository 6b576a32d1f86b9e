"""im2col and col2im.

With a horizontal stride of 1, the windows of a row are a matrix of (channels x taps) by windows, and tiles transpose
it. With other strides plain loops do the work.
"""

import numpy as np
import numpy.typing as npt
from numba import prange

from fastcnn.kernels.cpu.products.layout import turn
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy, split
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows


@inner
def _inside(start, stride, count, size):
    """The first and the end (one after the last) of the taps i with 0 <= start + i * stride < size."""
    first = max(0, (-start + stride - 1) // stride)
    stop = min(count, (size - start + stride - 1) // stride)
    return first, max(first, stop)


@kernel
def _im2col(cols, x, P, Q, R, S, stride_h, stride_w, top, left, dilation_h, dilation_w):
    N, C, H, W = x.shape
    # One task for each row of windows: no other task writes these rows of cols.
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
    # One task for each picture: windows overlap only inside a picture.
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


@kernel
def _im2col_dense(cols, x, taps, P, Q, stride, picture, width):
    """Flat cols from flat, padded x.

    taps : where each (c, r, s) begins in a picture
    picture, width : elements of a picture and of a row
    """
    terms = len(taps)
    for task in prange(len(cols) // (Q * terms)):
        n, p = split(task, P)
        turn(cols, task * Q * terms, terms, x, n * picture + p * stride * width, taps, terms, Q)


@kernel
def _col2im_dense(images, cols, taps, windows_rows, P, Q, stride, picture, width):
    """Add flat cols into flat, padded images, which are zero before."""
    terms = len(taps)
    # One task for each picture: windows overlap only inside a picture.
    for n in prange(len(images) // picture):
        turned = np.empty(terms * Q, cols.dtype)
        for p in range(P):
            turn(turned, 0, Q, cols, (n * P + p) * Q * terms, windows_rows, Q, terms)
            for k in range(terms):
                start = n * picture + p * stride * width + taps[k]
                target, source = images[start : start + Q], turned[k * Q : (k + 1) * Q]
                for q in range(Q):
                    target[q] += source[q]


def _taps(C: int, kernel_size: Pair, dilation: Pair, height: int, width: int) -> npt.NDArray[np.int64]:
    """Where each (c, r, s) begins in a (C, height, width) picture."""
    c, r, s = np.ogrid[:C, : kernel_size[0], : kernel_size[1]]
    places: npt.NDArray[np.int64] = c * height * width + r * dilation[0] * width + s * dilation[1]
    return places.astype(np.int64).reshape(-1)


def im2col(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.im2col`."""
    N, C, H, W = x.shape
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    cols = np.empty((N * P * Q, C * kernel_size[0] * kernel_size[1]), x.dtype)
    (top, bottom), (left, right) = padding
    if stride[1] > 1:
        copy(_im2col, cols.size, cols, x, P, Q, *kernel_size, *stride, top, left, *dilation)
        return cols
    padded = np.pad(x, ((0, 0), (0, 0), *padding)) if top + bottom + left + right else x
    height, width = padded.shape[2:]
    taps = _taps(C, kernel_size, dilation, height, width)
    flat = (cols.reshape(-1), padded.reshape(-1))
    copy(_im2col_dense, cols.size, *flat, taps, P, Q, stride[0], C * height * width, width)
    return cols


def col2im(cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.col2im`."""
    P, Q = windows(input_shape, kernel_size, stride, padding, dilation)
    N, C, H, W = input_shape
    (top, bottom), (left, right) = padding
    if stride[1] > 1:
        images = np.empty(input_shape, cols.dtype)
        copy(_col2im, cols.size, images, cols, P, Q, *kernel_size, *stride, top, left, *dilation)
        return images
    height, width = H + top + bottom, W + left + right
    padded = np.zeros((N, C, height, width), cols.dtype)
    taps = _taps(C, kernel_size, dilation, height, width)
    flat = (padded.reshape(-1), cols.reshape(-1))
    windows_rows = np.arange(Q) * len(taps)
    copy(_col2im_dense, cols.size, *flat, taps, windows_rows, P, Q, stride[0], C * height * width, width)
    inner_part = padded[:, :, top : top + H, left : left + W]
    return inner_part if inner_part.flags.c_contiguous else inner_part.copy()
