"""im2col and col2im.

The windows of a row are a matrix of (channels x taps) by windows, and tiles transpose it. With a horizontal stride the
columns of the pictures that one tap reads are first put side by side: the columns of one phase.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.functions.workspace import lent
from fastcnn.kernels.cpu.products.geometry import Table
from fastcnn.kernels.cpu.products.layout import spaced, turn
from fastcnn.kernels.cpu.tiles.depthwise import add_tile, copy_tile
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import copy, split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows


class Phases(NamedTuple):
    """The layout (phases, C, height, width) of one picture with its border, and where it is in the pictures."""

    size: int
    shape: tuple[int, int, int, int]
    taps: Table  # where each (c, r, s) begins
    columns: Table  # of each phase: the first in the layout, their number, the first in the picture


@lru_cache(maxsize=256)
def _phases(picture: tuple[int, int, int], kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Phases:
    (C, H, W), (R, S), (top, bottom), left = picture, kernel_size, padding[0], padding[1][0]
    step = stride[1]
    Q = windows((1, *picture), kernel_size, stride, padding, dilation)[1]
    places = [s * dilation[1] for s in range(S)]
    starts = sorted({place % step for place in places})
    height, width = H + top + bottom, Q + places[-1] // step
    columns = []
    for start in starts:
        first = max(0, -((start - left) // step))
        begin = start + first * step - left
        columns.append((first, max(0, min(width - first, -((begin - W) // step))), begin))
    c, r = np.ogrid[:C, :R, :1][:2]
    across = np.array([starts.index(place % step) * C * height * width + place // step for place in places])
    taps = (c * height + r * dilation[0]) * width + across
    size = len(starts) * C * height * width
    return Phases(size, (len(starts), C, height, width), taps.reshape(-1), np.array(columns).reshape(-1))


@kernel
def _im2col(cols, x, taps, P, Q, stride, picture, width):
    """Flat cols from flat x.

    taps : where each (c, r, s) begins in a picture
    picture, width : elements of a picture and of a row
    """
    terms = len(taps)
    # One task for each row of windows: no other task writes these rows of cols.
    for task in prange(len(cols) // (Q * terms)):
        n, p = split(task, P)
        turn(cols, task * Q * terms, terms, x, n * picture + p * stride * width, taps, terms, Q)


@kernel
def _col2im(images, cols, taps, columns, rows, P, Q, stride_h, stride_w, top, H, W, planes, height, width):
    """Add the rows of flat cols into flat images, by way of a picture in the layout of `Phases`.

    rows : where each window of a row of them begins in cols
    H, W, planes : rows and columns of a picture, and its planes
    """
    terms, phases = len(taps), len(columns) // 3
    size, picture, lanes = phases * planes * height * width, planes * H * W, VECTOR_BYTES // cols.itemsize
    direct = size == picture and stride_w == 1 and Q % lanes == 0
    # One task for each picture: windows overlap only inside a picture.
    for n in prange(len(images) // picture):
        turned, image = np.empty(terms * Q, cols.dtype), images[n * picture : (n + 1) * picture]
        sums = image if direct else np.empty(size + lanes, cols.dtype)
        sums[:] = 0
        for p in range(P):
            turn(turned, 0, Q, cols, (n * P + p) * Q * terms, rows, Q, terms)
            for k in range(terms):
                add_tile(sums, p * stride_h * width + taps[k], turned, k * Q, Q)
        if direct:
            continue
        for row in range(planes * H):
            c, h = split(row, H)
            image[row * W : (row + 1) * W] = 0
            for phase in range(phases):
                first, count, begin = columns[3 * phase], columns[3 * phase + 1], columns[3 * phase + 2]
                start = ((phase * planes + c) * height + top + h) * width + first
                if stride_w == 1:
                    copy_tile(image, row * W + begin, sums, start, count)
                else:
                    for i in range(count):
                        image[row * W + begin + i * stride_w] = sums[start + i]


def im2col(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.im2col`."""
    N, C, H, W = x.shape
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    cols = np.empty((N * P * Q, C * kernel_size[0] * kernel_size[1]), x.dtype)
    phases = _phases((C, H, W), kernel_size, stride, padding, dilation)
    if stride[1] == 1 and phases.shape == (1, C, H, W):  # the pictures have this layout
        _turn(cols, x, phases, P, Q, stride[0])
        return cols
    top = padding[0][0]
    with lent(x.dtype, (N * phases.size,)) as (laid_out,):
        pictures = laid_out.reshape(N, *phases.shape)
        for phase, (first, count, begin) in enumerate(phases.columns.reshape(-1, 3).tolist()):
            pictures[:, phase, :, top : top + H, first : first + count] = x[..., begin :: stride[1]][..., :count]
        _turn(cols, laid_out, phases, P, Q, stride[0])
    return cols


def _turn(cols: Array, x: Array, phases: Phases, P: int, Q: int, stride: int) -> None:
    flat = cols.reshape(-1), x.reshape(-1)
    copy(_im2col, cols.size, *flat, phases.taps, P, Q, stride, phases.size, phases.shape[3])


def col2im(cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.col2im`."""
    P, Q = windows(input_shape, kernel_size, stride, padding, dilation)
    phases = _phases(input_shape[1:], kernel_size, stride, padding, dilation)
    images = np.empty(input_shape, cols.dtype)
    copy(
        _col2im, cols.size, images.reshape(-1), cols.reshape(-1), phases.taps, phases.columns,
        spaced(Q, len(phases.taps)), P, Q, *stride, padding[0][0], *input_shape[2:], *phases.shape[1:],
    )  # fmt: skip
    return images
