"""Convolution, max-pool and unfolding of NumPy arrays: each function checks its arguments and calls the backend in use.

Images are (N, C, H, W), weights (K, C/groups, R, S), outputs (N, K, P, Q); float32, or float64 throughout. kernel_size,
stride and dilation are an int or a pair (height, width); padding is an int, a pair or ((top, bottom), (left, right)).
Output sizes are rounded down: P = (H + top + bottom - dilation * (R - 1) - 1) // stride + 1, and Q likewise from W.
Inputs may have any strides and byte order and are never modified; outputs are new and C-contiguous. Only N may be zero.

Every function raises ValueError for wrong shapes or numbers and TypeError for wrong types or dtypes, before any kernel
runs, and names the argument.
"""

from collections.abc import Sequence

from fastcnn.kernels import shapes
from fastcnn.kernels.backends import active, available, backend, use
from fastcnn.kernels.shapes import Array, Indices, PaddingLike, PairLike, plain

__all__ = [
    "active",
    "available",
    "backend",
    "col2im",
    "conv2d",
    "conv2d_grad_input",
    "conv2d_grad_weight",
    "im2col",
    "max_pool2d",
    "max_pool2d_grad",
    "use",
]


def im2col(
    x: Array, kernel_size: PairLike, *, stride: PairLike = 1, padding: PaddingLike = 0, dilation: PairLike = 1
) -> Array:
    """The windows of the images as rows of a matrix.

    Parameters
    ----------
    x : (N, C, H, W) float32 or float64
    kernel_size, stride, dilation : pixels, an int or a pair
    padding : pixels of zeros, an int, a pair or ((top, bottom), (left, right))

    Returns
    -------
    cols : (N*P*Q, C*R*S), rows in (n, p, q) order, columns in (c, r, s) order

    Follows torch.nn.functional.unfold, which returns (N, C*R*S, P*Q).
    """
    shapes.check_images(x=x)
    size, strides, dilations = _geometry(kernel_size, stride, dilation)
    sides = shapes.padding_pairs(padding)
    shapes.windows(shapes.shape_of(x), size, strides, sides, dilations)
    return active().im2col(plain(x), size, strides, sides, dilations)


def col2im(
    cols: Array,
    input_shape: Sequence[int],
    kernel_size: PairLike,
    *,
    stride: PairLike = 1,
    padding: PaddingLike = 0,
    dilation: PairLike = 1,
) -> Array:
    """Add the rows of im2col back into images. Overlapping windows add up: it is im2col's transpose, not its inverse.

    Parameters
    ----------
    cols : (N*P*Q, C*R*S) float32 or float64, as im2col gives it
    input_shape : (N, C, H, W) of the images
    kernel_size, stride, padding, dilation : as for im2col

    Returns
    -------
    images : (N, C, H, W)

    Follows torch.nn.functional.fold.
    """
    shapes.check_floats(2, cols=cols)
    n, c, h, w = shapes.shape4("input_shape", input_shape)
    size, strides, dilations = _geometry(kernel_size, stride, dilation)
    sides = shapes.padding_pairs(padding)
    p, q = shapes.windows((n, c, h, w), size, strides, sides, dilations)
    shapes.check_shape("cols", cols, (n * p * q, c * size[0] * size[1]))
    return active().col2im(plain(cols), (n, c, h, w), size, strides, sides, dilations)


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: PairLike = 1,
    padding: PaddingLike = 0,
    dilation: PairLike = 1,
    groups: int = 1,
) -> Array:
    """Convolution, as deep learning means it: the kernel is not flipped.

    Parameters
    ----------
    x : (N, C, H, W) float32 or float64
    weight : (K, C/groups, R, S), dtype of x
    bias : (K,), dtype of x, or None
    stride, dilation : pixels, an int or a pair
    padding : pixels of zeros, an int, a pair or ((top, bottom), (left, right))
    groups : output channels k of one group see only that group's input channels; divides C and K

    Returns
    -------
    out : (N, K, P, Q)

    Follows torch.nn.functional.conv2d.
    """
    shapes.check_images(x=x, weight=weight)
    strides, sides, dilations, groups = _options(stride, padding, dilation, groups)
    k = shapes.conv2d_shape(shapes.shape_of(x), shapes.shape_of(weight), strides, sides, dilations, groups)[1]
    if bias is not None:
        shapes.check_bias(bias, x, k)
        bias = plain(bias)
    return active().conv2d(plain(x), plain(weight), bias, strides, sides, dilations, groups)


def conv2d_grad_input(
    grad_out: Array,
    weight: Array,
    input_shape: Sequence[int],
    *,
    stride: PairLike = 1,
    padding: PaddingLike = 0,
    dilation: PairLike = 1,
    groups: int = 1,
) -> Array:
    """The gradient of conv2d with respect to x.

    Parameters
    ----------
    grad_out : (N, K, P, Q) float32 or float64, the gradient with respect to conv2d's output
    weight : (K, C/groups, R, S), dtype of grad_out
    input_shape : (N, C, H, W) of conv2d's x
    stride, padding, dilation, groups : as for conv2d

    Returns
    -------
    grad_input : (N, C, H, W)
    """
    shapes.check_images(grad_out=grad_out, weight=weight)
    images = shapes.shape4("input_shape", input_shape)
    strides, sides, dilations, groups = _options(stride, padding, dilation, groups)
    expected = shapes.conv2d_shape(images, shapes.shape_of(weight), strides, sides, dilations, groups)
    shapes.check_shape("grad_out", grad_out, expected)
    return active().conv2d_grad_input(plain(grad_out), plain(weight), images, strides, sides, dilations, groups)


def conv2d_grad_weight(
    grad_out: Array,
    x: Array,
    kernel_size: PairLike,
    *,
    stride: PairLike = 1,
    padding: PaddingLike = 0,
    dilation: PairLike = 1,
    groups: int = 1,
) -> Array:
    """The gradient of conv2d with respect to weight. That of bias is grad_out.sum(axis=(0, 2, 3)).

    Parameters
    ----------
    grad_out : (N, K, P, Q) float32 or float64, the gradient with respect to conv2d's output
    x : (N, C, H, W), dtype of grad_out
    kernel_size : (R, S) of conv2d's weight, or an int
    stride, padding, dilation, groups : as for conv2d

    Returns
    -------
    grad_weight : (K, C/groups, R, S), zero where N is 0
    """
    shapes.check_images(grad_out=grad_out, x=x)
    size = shapes.pair("kernel_size", kernel_size)
    strides, sides, dilations, groups = _options(stride, padding, dilation, groups)
    k, c = grad_out.shape[1], x.shape[1]
    weight_shape = (k, max(c // groups, 1), *size)
    expected = shapes.conv2d_shape(shapes.shape_of(x), weight_shape, strides, sides, dilations, groups)
    shapes.check_shape("grad_out", grad_out, expected)
    return active().conv2d_grad_weight(plain(grad_out), plain(x), size, strides, sides, dilations, groups)


def max_pool2d(
    x: Array,
    kernel_size: PairLike,
    *,
    stride: PairLike | None = None,
    padding: PaddingLike = 0,
    dilation: PairLike = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Indices]:
    """Largest value in each window, and where it was.

    Parameters
    ----------
    x : (N, C, H, W) float32 or float64
    kernel_size : pixels, an int or a pair
    stride : pixels, an int or a pair; None means kernel_size
    padding : pixels of minus infinity, less than kernel_size; an int, a pair or ((top, bottom), (left, right))
    dilation : pixels from one element of a window to the next, an int or a pair
    ceil_mode : round P and Q up. The last window may end beyond the padding, but begins before the picture's end

    Returns
    -------
    out : (N, C, P, Q)
    argmax : (N, C, P, Q) int64, flat index h*W + w into each unpadded plane; the first in row-major order wins a tie

    A NaN in a window makes its output NaN, and argmax is the first NaN. Follows torch.nn.functional.max_pool2d with
    return_indices=True, which gives the last NaN instead.
    """
    shapes.check_images(x=x)
    size = shapes.pair("kernel_size", kernel_size)
    strides = size if stride is None else shapes.pair("stride", stride)
    dilations = shapes.pair("dilation", dilation)
    ceil = shapes.flag("ceil_mode", ceil_mode)
    images = shapes.shape_of(x)
    sides = shapes.pool_padding(images, size, strides, shapes.padding_pairs(padding), dilations, ceil)
    shapes.pool_shape(images, size, strides, sides, dilations)
    return active().max_pool2d(plain(x), size, strides, sides, dilations)


def max_pool2d_grad(grad_out: Array, argmax: Indices, input_shape: Sequence[int]) -> Array:
    """The gradient of max_pool2d with respect to x.

    Each output's gradient goes to the pixel that was its maximum. Where windows overlap, the gradients add up.

    Parameters
    ----------
    grad_out : (N, C, P, Q) float32 or float64, the gradient with respect to max_pool2d's output
    argmax : (N, C, P, Q) int64, as max_pool2d gives it
    input_shape : (N, C, H, W) of max_pool2d's x

    Returns
    -------
    grad_input : (N, C, H, W)
    """
    shapes.check_images(grad_out=grad_out)
    images = shapes.shape4("input_shape", input_shape)
    shapes.check_shape("grad_out", grad_out, (*images[:2], *grad_out.shape[2:]))
    shapes.check_argmax(argmax, grad_out, images)
    return active().max_pool2d_grad(plain(grad_out), plain(argmax), images)


def _geometry(
    kernel_size: PairLike, stride: PairLike, dilation: PairLike
) -> tuple[shapes.Pair, shapes.Pair, shapes.Pair]:
    return shapes.pair("kernel_size", kernel_size), shapes.pair("stride", stride), shapes.pair("dilation", dilation)


def _options(
    stride: PairLike, padding: PaddingLike, dilation: PairLike, groups: int
) -> tuple[shapes.Pair, shapes.Padding, shapes.Pair, int]:
    return (
        shapes.pair("stride", stride),
        shapes.padding_pairs(padding),
        shapes.pair("dilation", dilation),
        shapes.integer("groups", groups, 1),
    )


def __dir__() -> list[str]:
    return __all__
