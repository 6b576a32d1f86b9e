"""Output sizes and argument checks of the kernels: plain Python, shared by every backend.

The public functions check each argument here once, before any kernel runs. A kernel does not check its indices, so what
passes here must be safe for it. A wrong shape or number raises ValueError, a wrong type TypeError. Both name the
argument.

Only the batch may be empty. Zero channels and zero pixels raise an error, as in PyTorch. There is one difference:
PyTorch's conv2d takes zero channels, and then gives zero output channels for any weight.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.values import is_array, kind_of, shown, whole

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Indices: TypeAlias = npt.NDArray[np.int64]
Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[Pair, Pair]
NO_BORDER: Padding = ((0, 0), (0, 0))
Shape: TypeAlias = tuple[int, int, int, int]
PairLike: TypeAlias = int | Sequence[int]
PaddingLike: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]

_Number = TypeVar("_Number", bound=np.number[Any])

# The product of two such numbers, and every sum of products that a kernel forms from them, fits in int64.
MAX_INT = 2**31 - 1
# NumPy and the kernels count bytes in int64.
MAX_BYTES = 2**63 - 1

MOST_SHAPES = 256  # whose checks are kept: a public function checks the same shapes at every call, in 3 us

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class _WithoutReadOnlyFlag:
    """The same memory, not marked read-only: for read-only arrays Numba would compile every kernel again.

    No kernel writes to its inputs.
    """

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self.owner = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.__array_interface__["data"][0], False)}


def integer(name: str, value: object, minimum: int) -> int:
    """A Python int in [minimum, MAX_INT]. It may be an integer of NumPy, but no boolean."""
    number = whole(value)
    if number is None:
        raise TypeError(f"{name} must be an int, got {shown(value)}")
    if not minimum <= number <= MAX_INT:
        raise ValueError(f"{name} must lie between {minimum} and {MAX_INT}, got {shown(number)}")
    return number


def _integers(name: str, value: object, length: int, minimum: int) -> tuple[int, ...]:
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name} must be a tuple of {length} ints, got {shown(value)}")
    if len(value) != length:
        raise ValueError(f"{name} must have {length} numbers, got {shown(value)}")
    return tuple(integer(name, item, minimum) for item in value)


def pair(name: str, value: PairLike, minimum: int = 1) -> Pair:
    """An int or a pair as (height, width), each at least `minimum`."""
    if type(value) is int and minimum <= value <= MAX_INT:  # at once: the tests below take 1 us
        return value, value
    if isinstance(value, tuple | list):
        height, width = _integers(name, value, 2, minimum)
        return height, width
    if whole(value) is None and not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be an int or a pair of ints, got {shown(value)}")
    number = integer(name, value, minimum)
    return number, number


def flag(name: str, value: object) -> bool:
    """The value; TypeError unless it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def padding_pairs(padding: PaddingLike) -> Padding:
    """((top, bottom), (left, right)) from an int, a pair or itself."""
    if (
        type(padding) is not int
        and isinstance(padding, tuple | list)
        and any(isinstance(side, tuple | list) for side in padding)
    ):
        if len(padding) != 2:
            raise ValueError(f"padding must be ((top, bottom), (left, right)), got {shown(padding)}")
        top, bottom = _integers("padding", padding[0], 2, 0)
        left, right = _integers("padding", padding[1], 2, 0)
        return (top, bottom), (left, right)
    height, width = pair("padding", padding, minimum=0)  # type: ignore[arg-type]  # nested pairs were handled above
    return (height, height), (width, width)


def shape4(name: str, value: Sequence[int]) -> Shape:
    """A tuple (N, C, H, W). Only N may be zero, and the bytes of the array must fit in an int64."""
    n, c, h, w = _integers(name, value, 4, 0)
    _check_images(name, (n, c, h, w))
    return n, c, h, w


@lru_cache(maxsize=MOST_SHAPES)
def _check_images(name: str, shape: Shape) -> None:
    if 0 in shape[1:]:
        raise ValueError(f"{name} must have at least one channel and one pixel, got shape {shape}")
    _check_bytes(name, shape)


def _check_bytes(name: str, shape: tuple[int, ...]) -> None:
    """ValueError where the bytes do not fit in an int64.

    An empty batch counts as one image and a number as eight bytes, so that the answer does not depend on either.
    """
    count = 8
    for size in shape:
        count *= max(size, 1)
    if count > MAX_BYTES:
        raise ValueError(f"{name} is too large: an array of shape {shape} cannot be addressed")


def native(array: npt.NDArray[Any]) -> np.dtype[Any]:
    """The array's dtype in this machine's byte order."""
    dtype = array.dtype
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def plain(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The array as kernels need it: C-contiguous, aligned, in native byte order. It is copied only if it is not so."""
    flags = array.flags
    if type(array) is np.ndarray and array.dtype.isnative and flags.carray:  # at once: NumPy takes 6 us to see it
        return array
    tidy = np.require(array, native(array), ["C", "A", "E"])
    return tidy if tidy.flags.writeable else np.asarray(_WithoutReadOnlyFlag(tidy))


def shape_of(array: Array) -> Shape:
    """The shape of an array with four axes, with a type that a type checker knows."""
    n, c, h, w = array.shape
    return n, c, h, w


def check_floats(dimensions: int, **named: Array) -> None:
    """The arrays are float32 or float64, share one dtype and have the given number of axes."""
    for name, array in named.items():
        if not is_array(array):
            raise TypeError(f"{name} must be a NumPy array, got {kind_of(array)}")
        if native(array) not in _FLOATS:
            raise TypeError(f"{name} must be float32 or float64, got {array.dtype}")
    (first_name, first), *others = named.items()
    for name, array in others:
        if native(array) != native(first):
            raise TypeError(f"{name} is {array.dtype} but {first_name} is {first.dtype}: they must have the same dtype")
    for name, array in named.items():
        if array.ndim != dimensions:
            raise ValueError(f"{name} must have {dimensions} axes, got shape {array.shape}")


def check_images(**named: Array) -> None:
    """The arrays are floats of one dtype and have four axes. Only the first axis may be empty."""
    check_floats(4, **named)
    for name, array in named.items():
        _check_images(name, shape_of(array))


def check_shape(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")


def check_bias(bias: Array, x: Array, out_channels: int) -> None:
    """The bias has the dtype of x and one number for each output channel."""
    if not is_array(bias):
        raise TypeError(f"bias must be a NumPy array or None, got {kind_of(bias)}")
    if native(bias) != native(x):
        raise TypeError(f"bias is {bias.dtype} but x is {x.dtype}: they must have the same dtype")
    check_shape("bias", bias, (out_channels,))


def check_argmax(argmax: Indices, grad_out: Array, input_shape: Shape) -> None:
    """There is one index for each output, and each lies inside its plane."""
    if not is_array(argmax):
        raise TypeError(f"argmax must be a NumPy array, got {kind_of(argmax)}")
    if native(argmax) != np.dtype(np.int64):
        raise TypeError(f"argmax must be int64, got {argmax.dtype}")
    if argmax.shape != grad_out.shape:
        raise ValueError(f"argmax must have grad_out's shape {grad_out.shape}, got {argmax.shape}")
    pixels = input_shape[2] * input_shape[3]
    # One pass: a negative number is a large one without a sign.
    if argmax.size and plain(argmax).view(np.uint64).max() >= pixels:
        raise ValueError(f"argmax must lie between 0 and {pixels - 1} for input_shape {input_shape}")


def output_size(size: int, kernel_size: int, stride: int, padding: Pair, dilation: int) -> int:
    """The number of windows that fit along one axis. It is zero or less where the kernel exceeds the padded input."""
    return (size + sum(padding) - dilation * (kernel_size - 1) - 1) // stride + 1


@lru_cache(maxsize=MOST_SHAPES)
def windows(input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Pair:
    """The output's height and width (P, Q).

    Raises ValueError where no window fits, or where the padded images or the unfolded matrix would be too large for
    an address of 64 bits.
    """
    n, c, h, w = input_shape
    (r, s), (top_bottom, left_right) = kernel_size, padding
    p = output_size(h, r, stride[0], top_bottom, dilation[0])
    q = output_size(w, s, stride[1], left_right, dilation[1])
    padded = (h + sum(top_bottom), w + sum(left_right))
    if p < 1 or q < 1:
        spans = (dilation[0] * (r - 1) + 1, dilation[1] * (s - 1) + 1)
        raise ValueError(f"kernel_size spans {spans} pixels, more than the padded input's {padded}: no window fits")
    if max(padded) > MAX_INT:
        raise ValueError(f"padding makes the input {padded} pixels large; {MAX_INT} is the most")
    _check_bytes("padding", (n, c, *padded))
    _check_bytes("kernel_size", (n, p, q, c, r, s))
    return p, q


@lru_cache(maxsize=MOST_SHAPES)
def conv2d_shape(
    input_shape: Shape, weight_shape: Shape, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Shape:
    """The shape (N, K, P, Q) of a convolution's output, from checked options; ValueError where they do not fit."""
    (n, c, _, _), (k, c_group, r, s) = input_shape, weight_shape
    if k == 0:
        raise ValueError(f"weight must have at least one output channel, got shape {weight_shape}")
    if c % groups or k % groups:
        raise ValueError(f"groups must divide the {c} input channels and the {k} output channels, got {groups}")
    if c_group != c // groups:
        expected = f"{c // groups} channels (x has {c} in {groups} group{'s' * (groups > 1)})"
        raise ValueError(f"weight must have {expected}, got shape {weight_shape}")
    p, q = windows(input_shape, (r, s), stride, padding, dilation)
    _check_bytes("weight", (n, k, p, q))
    return n, k, p, q


@lru_cache(maxsize=MOST_SHAPES)
def pool_padding(
    input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, ceil_mode: bool
) -> Padding:
    """The padding of a pool, from checked options; ValueError where these do not fit.

    With ceil_mode it is wider at the bottom and at the right, where a last window begins inside the picture, or in the
    padding at its top or left, and would end beyond it. So P and Q come out rounded up, as in PyTorch. Padding that is
    given is less than the kernel, as in ONNX. So each window contains a pixel, unless dilation passes over it.
    """
    sides = []
    for size, kernel, step, (before, after), spread in zip(
        input_shape[2:], kernel_size, stride, padding, dilation, strict=True
    ):
        if max(before, after) >= kernel:
            raise ValueError(f"padding must be less than kernel_size {kernel_size}, got {padding}")
        span = spread * (kernel - 1) + 1
        if ceil_mode:
            last = -(-(size + before + after - span) // step) * step  # where the last window begins
            if last >= size + before:
                last -= step
            after = max(after, last + span - size - before)
        sides.append((before, after))
        if size < spread and before > 0:
            count = min(-(-before // step), spread, output_size(size, kernel, step, (before, after), spread))
            if ((np.arange(count) * step - before) % spread >= size).any():
                raise ValueError(f"dilation {dilation} leaves a window without a pixel of {input_shape}; make it less")
    top_bottom, left_right = sides
    return top_bottom, left_right


def pool_shape(input_shape: Shape, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Shape:
    """The shape (N, C, P, Q) of a pool's output, from checked options and the padding that `pool_padding` gave."""
    n, c, _, _ = input_shape
    return n, c, *windows(input_shape, kernel_size, stride, padding, dilation)


def same_padding(input_shape: Shape, kernel_size: Pair, stride: Pair, dilation: Pair) -> Padding:
    """The zeros with which P = H / stride and Q = W / stride, rounded up: half on each side, the odd one at the end."""
    sides = []
    for size, kernel, step, spread in zip(input_shape[2:], kernel_size, stride, dilation, strict=True):
        zeros = max((-(-size // step) - 1) * step + spread * (kernel - 1) + 1 - size, 0)
        sides.append((zeros // 2, zeros - zeros // 2))
    top_bottom, left_right = sides
    return top_bottom, left_right
