"""im2col and col2im: windows laid out as the rows of a matrix, and the rows added back into images."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.shapes import Array, Padding, Pair, Shape, windows

_Number = TypeVar("_Number", bound=np.number[Any])


def tap(start: int, stride: int, count: int) -> slice:
    """The pixels that one element of the kernel is multiplied with along one axis, over all windows."""
    return slice(start, start + stride * (count - 1) + 1, stride)


def unfold(
    x: npt.NDArray[_Number], kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, fill: float
) -> npt.NDArray[_Number]:
    """im2col of numbers of any dtype, with any number in the padding."""
    N, C, H, W = x.shape
    R, S = kernel_size
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    padded = np.pad(x, ((0, 0), (0, 0), *padding), constant_values=fill)
    cols = np.empty((N, P, Q, C, R, S), x.dtype)
    for r, s in np.ndindex(R, S):
        pixels = padded[:, :, tap(r * dilation[0], stride[0], P), tap(s * dilation[1], stride[1], Q)]
        cols[:, :, :, :, r, s] = pixels.transpose(0, 2, 3, 1)
    return cols.reshape(N * P * Q, C * R * S)


def im2col(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.im2col`."""
    return unfold(x, kernel_size, stride, padding, dilation, fill=0)


def col2im(cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.col2im`."""
    N, C, H, W = input_shape
    R, S = kernel_size
    P, Q = windows(input_shape, kernel_size, stride, padding, dilation)
    (top, bottom), (left, right) = padding
    padded = np.zeros((N, C, top + H + bottom, left + W + right), cols.dtype)
    elements = cols.reshape(N, P, Q, C, R, S)
    for r, s in np.ndindex(R, S):
        # For one (r, s) all windows have different pixels, so += adds each of them.
        pixels = padded[:, :, tap(r * dilation[0], stride[0], P), tap(s * dilation[1], stride[1], Q)]
        pixels += elements[:, :, :, :, r, s].transpose(0, 3, 1, 2)
    return padded[:, :, top : top + H, left : left + W].copy()
