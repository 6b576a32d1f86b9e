"""The public functions: arrays are copied to the GPU, a kernel runs, the result is copied back. See `fastcnn.kernels`.

They are for tests, and for callers with arrays on the host; a network stays on the GPU (`steps`). Pictures are N C H W
here. With many channels, a tile reads rows of the convolution's kernel along the depth; they are shorter than the runs
of channels-last pictures.
"""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda.functions import planes
from fastcnn.kernels.cuda.products import calls as products
from fastcnn.kernels.cuda.products.calls import geometry
from fastcnn.kernels.cuda.toolchain.memory import download, empty, upload
from fastcnn.kernels.cuda.toolchain.sizes import check_count, line_grid
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Indices, Padding, Pair, Shape, windows


def im2col(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.im2col`."""
    shape = geometry(x.shape, 1, kernel_size, stride, padding, dilation, 1, False)
    size = shape.N * shape.P * shape.Q, shape.terms
    check_count(size)
    return _each(planes.im2col, size, x, shape)


def col2im(cols: Array, input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Array:
    """See `kernels.col2im`."""
    check_count(cols.shape)
    return _each(
        planes.col2im, input_shape, cols, geometry(input_shape, 1, kernel_size, stride, padding, dilation, 1, False)
    )


def _each(kernel: Any, size: tuple[int, ...], given: Array, shape: products.Geometry) -> Array:
    """Run a kernel with a thread for each element of its output."""
    count = int(np.prod(size, dtype=np.int64))
    out = empty(count, given.dtype)
    if count:
        kernel(*line_grid(count), out, upload(given), count, shape.numbers)
    return download(out, size)


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d`."""
    K, _, R, S = weight.shape
    shape = geometry(x.shape, K, (R, S), stride, padding, dilation, groups, False)
    size = shape.N, K, shape.P, shape.Q
    out = empty(int(np.prod(size)), x.dtype)
    if shape.N:
        offset = None if bias is None else upload(bias)
        _run(products.forward(shape, out, upload(x), upload(weight), offset, False))
    return download(out, size)


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_input`."""
    K, _, R, S = weight.shape
    shape = geometry(input_shape, K, (R, S), stride, padding, dilation, groups, False)
    grad_in = empty(int(np.prod(input_shape)), grad_out.dtype)
    if shape.N:
        _run(products.grad_input(shape, grad_in, upload(grad_out), upload(weight)))
    return download(grad_in, input_shape)


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Array:
    """See `kernels.conv2d_grad_weight`."""
    K = grad_out.shape[1]
    shape = geometry(x.shape, K, kernel_size, stride, padding, dilation, groups, False)
    size = K, shape.C, *kernel_size
    if shape.N == 0:
        return np.zeros(size, x.dtype)
    count = int(np.prod(size))
    out, partials = empty(count, x.dtype), empty(products.weight_shares(shape)[0] * count, x.dtype)
    _run(*products.grad_weight(shape, out, partials, upload(grad_out), upload(x)))
    return download(out, size)


def max_pool2d(x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> tuple[Array, Indices]:
    """See `kernels.max_pool2d`."""
    N, C, _, _ = x.shape
    size = N, C, *windows(x.shape, kernel_size, stride, padding, dilation)
    count = int(np.prod(size))
    out, winners = empty(count, x.dtype), empty(count, np.int32)
    if count:
        shape = geometry(x.shape, C, kernel_size, stride, padding, dilation, 1, False)
        planes.max_pool(*line_grid(count), out, winners, upload(x), count, shape.numbers)
    return download(out, size), download(winners, size).astype(np.int64)


def max_pool2d_grad(grad_out: Array, argmax: Indices, input_shape: Shape) -> Array:
    """See `kernels.max_pool2d_grad`."""
    N, C, H, W = input_shape
    check_count(input_shape, grad_out.shape)
    grad_in = empty(N * C * H * W, grad_out.dtype)
    if N:
        winners = upload(argmax.astype(np.int32))
        outputs = grad_out.shape[2] * grad_out.shape[3]
        sizes = (N * C, C, H * W, outputs, False)
        planes.max_pool_gradient(*line_grid(N * C), grad_in, upload(grad_out), winners, *sizes)
    return download(grad_in, input_shape)


def _run(*calls: Call) -> None:
    for kernel, args in calls:
        kernel(*args)
