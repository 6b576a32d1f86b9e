"""The table of cases that every backend is tested on, and the kernel calls that each case makes.

Sizes are non-square and unequal wherever they can be, so that no axis can be mistaken for another.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from fastcnn import kernels

# Under Numba's simulator a GPU's thread is a Python thread: the CUDA kernels are checked there, on the smaller cases.
SIMULATED_PRODUCTS = 20_000
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") == "1"
# Each of these must run wherever the tests do: one that cannot fails its tests and does not skip them.
BACKENDS = ("reference", "cuda") if SIMULATED else ("reference", "cpu")
DTYPES = (np.float32, np.float64)

Draw = Callable[[tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Convolution:
    """One geometry; im2col and col2im use it without out_channels and groups."""

    name: str
    input_shape: tuple[int, int, int, int]
    out_channels: int
    kernel_size: tuple[int, int]
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return self.out_channels, self.input_shape[1] // self.groups, *self.kernel_size

    @property
    def output_plane(self) -> tuple[int, int]:
        return count_windows(self.input_shape[2:], self.kernel_size, self.stride, self.padding, self.dilation)

    @property
    def products(self) -> int:
        return prod(self.weight_shape) * prod(self.output_plane) * self.input_shape[0]


@dataclass(frozen=True)
class Pooling:
    name: str
    input_shape: tuple[int, int, int, int]
    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def options(self) -> dict[str, Any]:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return {name: getattr(self, name) for name in names}

    @property
    def output_plane(self) -> tuple[int, int]:
        stride = self.kernel_size if self.stride is None else self.stride
        return count_windows(
            self.input_shape[2:], self.kernel_size, stride, self.padding, self.dilation, self.ceil_mode
        )


@dataclass(frozen=True)
class Call:
    """A public kernel function with everything but its arrays filled in."""

    function: Callable[..., Any]
    arrays: dict[str, np.ndarray]

    def __call__(self) -> Any:
        return self.function(**self.arrays)

    def with_arrays(self, change: Callable[[np.ndarray], np.ndarray]) -> "Call":
        return replace(self, arrays={name: change(array) for name, array in self.arrays.items()})


def both(value: Any) -> tuple[Any, Any]:
    """The value along H and along W."""
    return value if isinstance(value, tuple) else (value, value)


def count_windows(
    plane: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False
) -> tuple[int, int]:
    """(P, Q) by counting where a window can start, not by the formula under test.

    With ceil_mode one more may start after the last that fits, but not after the picture.
    """
    counts = []
    for size, kernel, step, sides, spread in zip(
        plane, both(kernel_size), both(stride), both(padding), both(dilation), strict=True
    ):
        last_start = size + sum(both(sides)) - 1 - spread * (kernel - 1)
        stop = min(last_start + step, size + both(sides)[0]) if ceil_mode else last_start + 1
        counts.append(len(range(0, stop, step)))
    return counts[0], counts[1]


def normal(rng: np.random.Generator, dtype: type[np.floating]) -> Draw:
    return lambda shape: rng.standard_normal(shape).astype(dtype)


def whole_numbers(rng: np.random.Generator, dtype: type[np.floating], limit: int = 4) -> Draw:
    """Whole numbers so small that every sum of products is exact, and answers equal in whatever order they add."""
    return lambda shape: rng.integers(-limit, limit + 1, shape).astype(dtype)


def hard_pixels(rng: np.random.Generator, dtype: type[np.floating]) -> Draw:
    """Few different values, hence many ties, and now and then -0, NaN and infinities."""
    values = np.array([-2, -1, -0.0, 0, 1, 2] * 4 + [np.nan, np.inf, -np.inf], dtype)
    return lambda shape: rng.choice(values, shape)


def convolution_calls(case: Convolution, draw: Draw) -> dict[str, Call]:
    """conv2d, its gradients, im2col and col2im on the arrays that `draw` makes."""
    N, C, _, _ = case.input_shape
    P, Q = case.output_plane
    R, S = case.kernel_size
    x, weight, grad_out = draw(case.input_shape), draw(case.weight_shape), draw((N, case.out_channels, P, Q))
    cols, options = draw((N * P * Q, C * R * S)), case.options
    grouped = {**options, "groups": case.groups}

    def conv2d(**arrays: np.ndarray) -> np.ndarray:
        return kernels.conv2d(**arrays, **grouped)

    def conv2d_grad_input(**arrays: np.ndarray) -> np.ndarray:
        return kernels.conv2d_grad_input(**arrays, input_shape=case.input_shape, **grouped)

    def conv2d_grad_weight(**arrays: np.ndarray) -> np.ndarray:
        return kernels.conv2d_grad_weight(**arrays, kernel_size=case.kernel_size, **grouped)

    def im2col(**arrays: np.ndarray) -> np.ndarray:
        return kernels.im2col(**arrays, kernel_size=case.kernel_size, **options)

    def col2im(**arrays: np.ndarray) -> np.ndarray:
        return kernels.col2im(**arrays, input_shape=case.input_shape, kernel_size=case.kernel_size, **options)

    bias = {"bias": draw((case.out_channels,))} if case.bias else {}
    return {
        "conv2d": Call(conv2d, {"x": x, "weight": weight, **bias}),
        "conv2d_grad_input": Call(conv2d_grad_input, {"grad_out": grad_out, "weight": weight}),
        "conv2d_grad_weight": Call(conv2d_grad_weight, {"grad_out": grad_out, "x": x}),
        "im2col": Call(im2col, {"x": x}),
        "col2im": Call(col2im, {"cols": cols}),
    }


def pooling_calls(case: Pooling, draw: Draw, rng: np.random.Generator) -> dict[str, Call]:
    """max_pool2d on the pixels that `draw` makes, and its gradient at argmaxes that may lie anywhere in the plane."""
    N, C, H, W = case.input_shape
    x = draw(case.input_shape)
    output_shape = (N, C, *case.output_plane)

    def max_pool2d(**arrays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return kernels.max_pool2d(**arrays, **case.options)

    def max_pool2d_grad(**arrays: np.ndarray) -> np.ndarray:
        return kernels.max_pool2d_grad(**arrays, input_shape=case.input_shape)

    grad_out = rng.standard_normal(output_shape).astype(x.dtype)
    return {
        "max_pool2d": Call(max_pool2d, {"x": x}),
        "max_pool2d_grad": Call(
            max_pool2d_grad, {"grad_out": grad_out, "argmax": rng.integers(0, H * W, output_shape)}
        ),
    }


CONVOLUTIONS = [
    Convolution("plain", (2, 3, 7, 6), 4, (3, 2)),
    Convolution("no bias", (2, 3, 6, 7), 4, (2, 3), bias=False),
    Convolution("one of everything", (1, 1, 1, 1), 1, (1, 1)),
    Convolution("one output pixel", (3, 2, 4, 5), 3, (4, 5)),
    Convolution("one row", (2, 3, 1, 9), 2, (1, 4)),
    Convolution("one column", (2, 3, 9, 1), 2, (4, 1)),
    Convolution("1x1 kernel", (2, 5, 3, 4), 7, (1, 1)),
    Convolution("1x1 kernel, stride", (2, 5, 7, 6), 3, (1, 1), stride=(3, 2)),
    Convolution("stride that divides", (2, 2, 6, 9), 3, (2, 3), stride=(2, 3)),
    Convolution("stride that does not divide", (2, 2, 8, 7), 3, (3, 2), stride=(2, 3)),
    Convolution("stride larger than the kernel", (2, 2, 9, 11), 3, (2, 3), stride=(4, 5)),
    Convolution("stride larger than the image", (2, 2, 4, 3), 3, (2, 3), stride=9),
    Convolution("padding", (2, 3, 5, 4), 2, (3, 3), padding=1),
    Convolution("padding, pair", (2, 3, 4, 6), 2, (3, 5), padding=(1, 2)),
    Convolution("asymmetric padding", (2, 3, 5, 6), 4, (3, 4), padding=((2, 0), (1, 3))),
    Convolution("padding with windows that see no pixel", (1, 2, 3, 2), 3, (2, 3), padding=((4, 3), (5, 4))),
    Convolution("asymmetric padding, stride", (2, 3, 6, 5), 4, (3, 2), stride=(2, 3), padding=((0, 1), (2, 0))),
    Convolution("dilation", (2, 3, 9, 8), 2, (3, 3), dilation=(2, 3)),
    Convolution("dilation, stride and padding", (2, 2, 8, 9), 3, (3, 2), stride=2, padding=(2, 1), dilation=(3, 2)),
    Convolution("kernel larger than the image", (2, 2, 3, 2), 3, (5, 4), padding=((1, 2), (2, 1))),
    Convolution("dilated kernel larger than the image", (1, 2, 2, 3), 2, (2, 3), padding=3, dilation=(4, 3)),
    Convolution("groups", (2, 6, 5, 7), 9, (3, 2), groups=3),
    Convolution("groups, every option", (2, 4, 9, 8), 6, (2, 3), (2, 1), ((1, 0), (0, 2)), (3, 2), groups=2),
    Convolution("depthwise", (2, 5, 6, 7), 5, (3, 3), padding=1, groups=5),
    Convolution("depthwise with multiplier", (1, 3, 7, 5), 9, (3, 2), stride=(2, 1), groups=3, bias=False),
    Convolution("empty batch", (0, 3, 7, 6), 4, (3, 2), stride=2, padding=1),
    Convolution("many channels in", (1, 67, 5, 4), 3, (2, 3)),
    Convolution("many channels out", (1, 3, 5, 4), 67, (2, 3)),
    Convolution("wide image", (1, 2, 4, 131), 3, (3, 2)),
    Convolution("the paper's convolution", (3, 1, 28, 28), 30, (5, 5)),
]
if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0":  # as Python loops these take minutes
    CONVOLUTIONS += [
        Convolution("many channels, many images", (9, 35, 10, 11), 70, (3, 3), padding=1),
        Convolution("many channels, every option", (3, 66, 15, 13), 50, (3, 2), (2, 3), ((1, 2), (0, 1)), 2, groups=2),
        Convolution("1x1 kernel, many channels", (4, 130, 9, 7), 67, (1, 1)),
        Convolution("large image", (1, 4, 97, 83), 9, (7, 5), stride=(1, 2), padding=(3, 2)),
        Convolution("depthwise, many channels", (2, 130, 12, 11), 130, (3, 3), padding=1, groups=130),
    ]
if SIMULATED:
    CONVOLUTIONS = [case for case in CONVOLUTIONS if case.products <= SIMULATED_PRODUCTS]
    CONVOLUTIONS.append(Convolution("the paper's kernel", (2, 1, 8, 9), 6, (5, 5)))

POOLINGS = [
    Pooling("the paper's pool", (2, 5, 24, 24), 2),
    Pooling("kernel that does not divide", (2, 3, 7, 8), (2, 3)),
    Pooling("kernel of one", (2, 3, 4, 5), 1),
    Pooling("kernel of one, stride", (2, 3, 5, 7), 1, stride=(2, 3)),
    Pooling("one pixel", (1, 1, 1, 1), 1),
    Pooling("one output pixel", (3, 2, 4, 5), (4, 5)),
    Pooling("overlapping", (2, 3, 9, 7), (3, 2), stride=(2, 1)),
    Pooling("every pixel", (2, 2, 6, 5), (2, 3), stride=1),
    Pooling("stride larger than the kernel", (2, 2, 9, 11), (2, 3), stride=(4, 5)),
    Pooling("padding", (2, 3, 7, 8), 3, stride=2, padding=1),
    Pooling("asymmetric padding", (2, 3, 6, 7), (4, 3), stride=(3, 1), padding=((2, 0), (0, 1))),
    Pooling("kernel larger than the image", (2, 3, 2, 3), (4, 5), stride=1, padding=(2, 1)),
    Pooling("one row", (2, 3, 1, 10), (1, 3)),
    Pooling("empty batch", (0, 3, 6, 7), 2),
    Pooling("many channels", (1, 35, 6, 5), 2, stride=1),
    Pooling("wide image", (1, 2, 4, 131), (2, 3), stride=(2, 2)),
    Pooling("dilation", (2, 3, 9, 8), (3, 2), stride=1, dilation=(2, 5)),
    Pooling("dilation, stride and padding", (2, 3, 8, 9), (3, 4), stride=(2, 3), padding=(1, 2), dilation=(3, 2)),
    Pooling("rounded up", (2, 3, 7, 8), (2, 3), ceil_mode=True),
    Pooling("rounded up, padding", (2, 3, 6, 7), 3, stride=2, padding=1, ceil_mode=True),
    Pooling("rounded up, but no window after the picture", (2, 2, 5, 4), (2, 1), stride=(3, 4), ceil_mode=True),
    Pooling("rounded up, kernel larger than the image", (2, 3, 2, 3), (4, 5), stride=3, padding=1, ceil_mode=True),
    Pooling("every option", (2, 3, 9, 7), (2, 3), (3, 2), ((1, 0), (1, 1)), (4, 2), ceil_mode=True),
]
