"""bfloat16: how numbers are rounded to it, and convolution with rounded operands.

A bfloat16 number is the upper half of a float32 number: 1 bit for the sign, 8 for the exponent, 7 for the fraction.
So a product of two of them is exact in float32. NumPy has no such type; the 16 bits are kept as uint16.

The kernels for bfloat16 round their operands and sum in float32. These functions define what they compute.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.reference import convolution
from fastcnn.kernels.shapes import Array, Padding, Pair, Shape

Bits = npt.NDArray[np.uint16]


def to_bfloat16(x: Array) -> Bits:
    """The bits of float32 numbers rounded to the nearest bfloat16, ties to the one whose last bit is 0.

    A number that is too large becomes infinite. A NaN stays one: without its quiet bit, cutting it off could make it an
    infinity.
    """
    bits = np.asarray(x, np.float32).view(np.uint32)
    upper = bits >> 16
    rounded = (bits + (0x7FFF + (upper & 1)).astype(np.uint32)) >> 16
    return np.where(np.isnan(x), upper | 0x40, rounded).astype(np.uint16)


def from_bfloat16(bits: Bits) -> Array:
    """The float32 numbers of such bits; exact."""
    numbers: Array = (bits.astype(np.uint32) << 16).view(np.float32)
    return numbers


def rounded(x: Array, dtype: Any = np.float32) -> Array:
    """float32 numbers rounded to bfloat16, in a dtype that holds them exactly."""
    return from_bfloat16(to_bfloat16(x)).astype(dtype)


# The next functions take float32 arrays as `kernels.conv2d` and its gradients do, and round all but the bias. They sum
# in `dtype`, and the result has it.


def conv2d(
    x: Array, weight: Array, bias: Array | None, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    dtype: Any = np.float32,
) -> Array:  # fmt: skip
    offsets = None if bias is None else bias.astype(dtype)
    operands = rounded(x, dtype), rounded(weight, dtype)
    return convolution.conv2d(*operands, offsets, stride, padding, dilation, groups)


def conv2d_grad_input(
    grad_out: Array, weight: Array, input_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    dtype: Any = np.float32,
) -> Array:  # fmt: skip
    operands = rounded(grad_out, dtype), rounded(weight, dtype)
    return convolution.conv2d_grad_input(*operands, input_shape, stride, padding, dilation, groups)


def conv2d_grad_weight(
    grad_out: Array, x: Array, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    dtype: Any = np.float32,
) -> Array:  # fmt: skip
    operands = rounded(grad_out, dtype), rounded(x, dtype)
    return convolution.conv2d_grad_weight(*operands, kernel_size, stride, padding, dilation, groups)
