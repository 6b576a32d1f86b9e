"""Pooling: the largest value of each window, the mean of each channel."""

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels import shapes
from fastcnn.kernels.protocols import Step
from fastcnn.kernels.shapes import NO_BORDER
from fastcnn.layers.base import Layer, Place, Signal, image_shape


class MaxPool2d(Layer):
    """Largest value of each window; options as in `kernels.max_pool2d`."""

    OPTIONS = ("kernel_size", "stride", "padding")

    def __init__(
        self, kernel_size: shapes.PairLike, *, stride: shapes.PairLike | None = None, padding: shapes.PaddingLike = 0
    ) -> None:
        super().__init__()
        self.kernel_size = shapes.pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else shapes.pair("stride", stride)
        self.padding = shapes.padding_pairs(padding)

    def _build(self, incoming: Signal) -> Signal:
        c, h, w = image_shape(incoming)
        return Signal(shapes.max_pool2d_shape((1, c, h, w), self.kernel_size, self.stride, self.padding)[1:])

    @property
    def halves(self) -> bool:
        """Whether it is the 2x2 max-pool, with stride 2 and no padding, that a convolution's step can do."""
        return type(self) is MaxPool2d and self.kernel_size == self.stride == (2, 2) and self.padding == NO_BORDER

    def make_step(self, place: Place) -> Step:
        return place.steps.MaxPool2d(
            place.x, place.out, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding,
            capacity=place.capacity,
        )  # fmt: skip

    def forward(self, x: Array, training: bool) -> Array:
        out, argmax = kernels.max_pool2d(x, self.kernel_size, stride=self.stride, padding=self.padding)
        self._saved = (argmax, x.shape) if training else ()
        return out

    def backward(self, grad_out: Array) -> Array:
        argmax, in_shape = self._recall()
        return kernels.max_pool2d_grad(grad_out, argmax, in_shape)


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
