"""Pooling: the largest value of each window, the mean of each window, the mean of each channel."""

from typing import Any, ClassVar

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checks import check_flag
from fastcnn.kernels import shapes
from fastcnn.kernels.protocols import Step
from fastcnn.kernels.shapes import NO_BORDER
from fastcnn.layers.base import Layer, Place, Signal, image_shape


class _Windows(Layer):
    """What poolings of windows share. pads: the padding; with ceil_mode also what the last windows see outside it."""

    def __init__(
        self,
        kernel_size: shapes.PairLike,
        stride: shapes.PairLike | None,
        padding: shapes.PaddingLike,
        dilation: shapes.PairLike,
        ceil_mode: bool,
    ) -> None:
        super().__init__()
        self.kernel_size = shapes.pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else shapes.pair("stride", stride)
        self.padding = self.pads = shapes.padding_pairs(padding)
        self.dilation = shapes.pair("dilation", dilation)
        self.ceil_mode = check_flag("ceil_mode", ceil_mode)

    def _build(self, incoming: Signal) -> Signal:
        shape = (1, *image_shape(incoming))
        self.pads = shapes.pool_padding(
            shape, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )
        return Signal(shapes.pool_shape(shape, self.kernel_size, self.stride, self.pads, self.dilation)[1:])

    def _geometry(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.pads}


class MaxPool2d(_Windows):
    """The largest value of each window; options as in `kernels.max_pool2d`."""

    OPTIONS = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    LATER: ClassVar[dict[str, Any]] = {"dilation": (1, 1), "ceil_mode": False}

    def __init__(
        self,
        kernel_size: shapes.PairLike,
        *,
        stride: shapes.PairLike | None = None,
        padding: shapes.PaddingLike = 0,
        dilation: shapes.PairLike = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)

    @property
    def halves(self) -> bool:
        """Whether it is the 2x2 max-pool, with stride 2 and no padding, which a convolution's step can compute."""
        plain = self.kernel_size == self.stride == (2, 2) and self.dilation == (1, 1) and self.pads == NO_BORDER
        return type(self) is MaxPool2d and plain

    def make_step(self, place: Place) -> Step:
        return place.steps.MaxPool2d(
            place.x, place.out, **self._geometry(), dilation=self.dilation, capacity=place.capacity
        )

    def forward(self, x: Array, training: bool) -> Array:
        out, argmax = kernels.max_pool2d(
            x, self.kernel_size, stride=self.stride, padding=self.padding, dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )  # fmt: skip
        self._saved = (argmax, x.shape) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        argmax, in_shape = self._recall()
        return kernels.max_pool2d_grad(grad_out, argmax, in_shape)


class AvgPool2d(_Windows):
    """The mean of each window. The same as torch.nn.AvgPool2d.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, dilation : as in `kernels.max_pool2d`, but the padding is zeros; with a
        dilation the layer has no kernel, and computes on the CPU by NumPy
    count_include_pad : whether these zeros count as pixels of the mean; places outside the padding never count
    """

    OPTIONS = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "dilation")
    LATER: ClassVar[dict[str, Any]] = {"dilation": (1, 1)}

    def __init__(
        self,
        kernel_size: shapes.PairLike,
        *,
        stride: shapes.PairLike | None = None,
        padding: shapes.PaddingLike = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        dilation: shapes.PairLike = 1,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        self.count_include_pad = check_flag("count_include_pad", count_include_pad)

    @property
    def fused(self) -> bool:
        return super().fused and self.dilation == (1, 1)

    @property
    def divisors(self) -> Array:
        """(P, Q): the number of pixels that count in each window."""
        counts = []
        for axis, size in enumerate(self.in_shape[1:]):
            first = np.arange(self.out_shape[1 + axis]) * self.stride[axis] - self.padding[axis][0]
            pixels = first[:, np.newaxis] + np.arange(self.kernel_size[axis]) * self.dilation[axis]
            before, after = self.padding[axis] if self.count_include_pad else (0, 0)
            counts.append(((pixels >= -before) & (pixels < size + after)).sum(axis=1))
        rows, columns = counts
        counted: Array = rows[:, np.newaxis] * columns.astype(np.float64)
        return counted

    def make_step(self, place: Place) -> Step:
        return place.steps.AvgPool2d(place.x, place.out, **self._geometry(), divisors=self.divisors)

    def forward(self, x: Array, training: bool) -> Array:
        padded = np.pad(x, ((0, 0), (0, 0), *self.pads))
        total = np.zeros((len(x), *self.out_shape), x.dtype)
        for tap in self._taps():
            total += padded[tap]
        total /= self.divisors.astype(x.dtype)
        return total

    def backward(self, grad_out: Array) -> Array:
        (top, bottom), (left, right) = self.pads
        c, h, w = self.in_shape
        padded = np.zeros((len(grad_out), c, top + h + bottom, left + w + right), grad_out.dtype)
        share = grad_out / self.divisors.astype(grad_out.dtype)
        for tap in self._taps():
            padded[tap] += share  # windows overlap, but not in one tap
        grad_input: Array = padded[:, :, top : top + h, left : left + w].copy()
        return grad_input

    def _taps(self) -> list[tuple[slice, ...]]:
        """For each element of a window, its positions in the padded pictures, for all windows at once."""
        axes = [
            [slice(first, first + step * (count - 1) + 1, step) for first in range(0, kernel * spread, spread)]
            for kernel, spread, step, count in zip(
                self.kernel_size, self.dilation, self.stride, self.out_shape[1:], strict=True
            )
        ]
        return [(slice(None), slice(None), rows, columns) for rows in axes[0] for columns in axes[1]]


class GlobalAvgPool(Layer):
    """The mean of each channel: (C, H, W) to (C,)."""

    def _build(self, incoming: Signal) -> Signal:
        return Signal(image_shape(incoming)[:1])

    def make_step(self, place: Place) -> Step:
        return place.steps.AveragePool(place.x, place.out)

    def forward(self, x: Array, training: bool) -> Array:
        out: Array = x.mean(axis=(2, 3))
        return out

    def backward(self, grad_out: Array) -> Array:
        _, h, w = self.in_shape
        grad = grad_out / grad_out.dtype.type(h * w)
        grad_input: Array = np.broadcast_to(grad[:, :, None, None], (*grad.shape, h, w)).copy()
        return grad_input
