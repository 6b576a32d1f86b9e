"""The kernel calls that a case of the table makes, and the numbers to make them with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checking.cases import Convolution, Pooling

Draw = Callable[[tuple[int, ...]], Array]  # an array of the given shape


@dataclass(frozen=True)
class Call:
    """A public kernel function, its arrays and its other arguments."""

    function: Callable[..., Any]
    arrays: dict[str, Array]
    options: dict[str, Any]

    def __call__(self) -> Any:
        return self.function(**self.arrays, **self.options)

    def with_arrays(self, change: Callable[[Array], Array]) -> Call:
        return replace(self, arrays={name: change(array) for name, array in self.arrays.items()})


def whole_numbers(rng: np.random.Generator, dtype: Any = np.float32) -> Draw:
    """Whole numbers so small that every sum of products is exact, and answers equal in whatever order they add.

    Up to 1.8 million products of two numbers up to 3 stay below 2**24, where float32 ends to know all whole numbers.
    """
    return lambda shape: rng.integers(-3, 4, shape).astype(dtype)


def convolution_arrays(case: Convolution, draw: Draw) -> dict[str, Array]:
    """x, weight, bias if the case has one, and grad_out."""
    shapes = {"x": case.input_shape, "weight": case.weight_shape, "bias": (case.out_channels,)}
    shapes["grad_out"] = case.output_shape
    return {name: draw(shape) for name, shape in shapes.items() if name != "bias" or case.bias}


def product_calls(case: Convolution, arrays: dict[str, Array]) -> dict[str, Call]:
    """conv2d and its gradients on the arrays that `convolution_arrays` makes."""
    x, weight, grad_out = (arrays[name] for name in ("x", "weight", "grad_out"))
    bias = {"bias": arrays["bias"]} if case.bias else {}
    options = {**case.options, "groups": case.groups}
    images, windows = {"input_shape": case.input_shape}, {"kernel_size": case.kernel_size}
    return {
        "conv2d": Call(kernels.conv2d, {"x": x, "weight": weight, **bias}, options),
        "conv2d_grad_input": Call(
            kernels.conv2d_grad_input, {"grad_out": grad_out, "weight": weight}, options | images
        ),
        "conv2d_grad_weight": Call(kernels.conv2d_grad_weight, {"grad_out": grad_out, "x": x}, options | windows),
    }


def unfolding_calls(case: Convolution, x: Array, draw: Draw) -> dict[str, Call]:
    """im2col of x, and col2im of cols (N*P*Q, C*R*S) that `draw` makes."""
    N, _, P, Q = case.output_shape
    C, (R, S) = case.input_shape[1], case.kernel_size
    options = {**case.options, "kernel_size": case.kernel_size}
    return {
        "im2col": Call(kernels.im2col, {"x": x}, options),
        "col2im": Call(
            kernels.col2im, {"cols": draw((N * P * Q, C * R * S))}, options | {"input_shape": case.input_shape}
        ),
    }


def convolution_calls(case: Convolution, draw: Draw) -> dict[str, Call]:
    """conv2d, its gradients, im2col and col2im on the arrays that `draw` makes."""
    arrays = convolution_arrays(case, draw)
    return {**product_calls(case, arrays), **unfolding_calls(case, arrays["x"], draw)}


def pooling_calls(case: Pooling, draw: Draw, rng: np.random.Generator) -> dict[str, Call]:
    """max_pool2d on the pixels that `draw` makes, and its gradient at argmaxes that may lie anywhere in the plane."""
    x, (H, W) = draw(case.input_shape), case.input_shape[2:]
    grad_out = rng.standard_normal(case.output_shape).astype(x.dtype)
    given = {"grad_out": grad_out, "argmax": rng.integers(0, H * W, case.output_shape)}
    return {
        "max_pool2d": Call(kernels.max_pool2d, {"x": x}, {"kernel_size": case.kernel_size, **case.options}),
        "max_pool2d_grad": Call(kernels.max_pool2d_grad, given, {"input_shape": case.input_shape}),
    }
