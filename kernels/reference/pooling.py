"""Max-pool as the paper does it: unfold the windows into rows, take the maximum of each row, reshape."""

import numpy as np

from fastcnn.kernels.reference.unfold import unfold
from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape, windows


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> tuple[Array, Indices]:
    """See `kernels.max_pool2d`."""
    N, C, H, W = x.shape
    R, S = kernel_size
    P, Q = windows((N, C, H, W), kernel_size, stride, padding, dilation)
    rows = unfold(x, kernel_size, stride, padding, dilation, fill=-np.inf).reshape(-1, R * S)

    # The place of each element of a row in its plane; -1 in the padding, which never wins, even if all pixels are -inf.
    plane = np.arange(H * W).reshape(1, 1, H, W)
    places = unfold(plane, kernel_size, stride, padding, dilation, fill=-1)
    places = np.broadcast_to(places.reshape(1, P * Q, 1, R * S), (N, P * Q, C, R * S)).reshape(-1, R * S)

    # The maximum of a row with a NaN is NaN, and NaN equals no number: then the first NaN is the winner.
    maximum = rows.max(axis=1, keepdims=True)
    winner = (((rows == maximum) | np.isnan(rows)) & (places >= 0)).argmax(axis=1)[:, None]

    out = np.take_along_axis(rows, winner, axis=1).reshape(N, P, Q, C)
    argmax = np.take_along_axis(places, winner, axis=1).reshape(N, P, Q, C)
    return out.transpose(0, 3, 1, 2).copy(), argmax.transpose(0, 3, 1, 2).astype(np.int64, order="C")


def max_pool2d_grad(grad_out: Array, argmax: Indices, input_shape: Shape) -> Array:
    """See `kernels.max_pool2d_grad`."""
    N, C, H, W = input_shape
    P, Q = grad_out.shape[2:]
    grad_input = np.zeros((N * C, H * W), grad_out.dtype)
    planes = np.arange(N * C)[:, None]
    # grad_input[...] += ... would add only once where windows overlap.
    np.add.at(grad_input, (planes, argmax.reshape(N * C, P * Q)), grad_out.reshape(N * C, P * Q))
    return grad_input.reshape(input_shape)
