"""The steps for a single layer: ReLU, max-pool, dropout, average pool."""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda.functions import planes
from fastcnn.kernels.cuda.products.calls import geometry
from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.toolchain.memory import empty
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Padding, Pair


class Relu(Step):
    """A ReLU that is not part of the step before it."""

    name = "relu"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.x.size
        return [self._each(elementwise.relu, count, self.out.data, self.x.data, count)]

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        return [self._each(elementwise.relu_gradient, count, self.x.grad, self.out.grad, self.out.data, count)]


class MaxPool2d(Step):
    """Max-pool of any window."""

    def __init__(
        self, x: Activation, out: Activation, *, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair,
        capacity: int,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = f"max_pool {kernel_size[0]}x{kernel_size[1]}"
        self.options = (x.channels, kernel_size, stride, padding, dilation, 1, True)
        self.winners = empty(capacity * out.size, np.int32)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        shape = geometry((n, *self.x.shape), *self.options)  # type: ignore[arg-type]
        count = n * self.out.size
        return [self._each(planes.max_pool, count, self.out.data, self.winners, self.x.data, count, shape.numbers)]

    def backward_calls(self, n: int) -> list[Call]:
        sizes = (n * self.x.channels, self.x.channels, self.x.pixels, self.out.pixels, True)
        args = (self.x.grad, self.out.grad, self.winners, *sizes)
        return [self._each(planes.max_pool_gradient, sizes[0], *args)]


class Dropout(Step):
    """Dropout in training; `key[0]` is set before each batch."""

    name = "dropout"

    def __init__(self, x: Activation, out: Activation, *, threshold: int, rate: float) -> None:
        super().__init__(x, out)
        self.key = np.zeros(1, np.uint64)
        self.threshold, self.scale = np.uint64(threshold), self.dtype.type(1 / (1 - rate))

    def _mask(self, *args: Any) -> None:
        """Run the kernel with the key of the current batch."""
        elementwise.dropout(*args, self.key[0], self.threshold, self.scale)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.x.size
        return [self._each(self._mask, count, self.out.data, self.x.data, count)]

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        return [self._each(self._mask, count, self.x.grad, self.out.grad, count)]


class AveragePool(Step):
    """The mean of each channel."""

    name = "global_avg_pool"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        count = n * self.out.size
        args = (self.out.data, self.x.data, count, self.x.channels, self.x.pixels)
        return [self._each(elementwise.average_pool, count, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        count = n * self.x.size
        args = (self.x.grad, self.out.grad, count, self.x.channels, self.x.pixels)
        return [self._each(elementwise.average_pool_gradient, count, *args)]
