"""The steps for a single layer: ReLU, max-pool, dropout, average pool."""

import numpy as np

from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.cpu.steps import elementwise
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Padding, Pair


class Relu(Step):
    """A ReLU that is not part of the step before it."""

    name = "relu"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, n)
        return [self._copy(elementwise.relu, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame, self.out.data, self.out.frame, n)
        return [self._copy(elementwise.relu_gradient, n * self.x.size, *args)]


class MaxPool2d(Step):
    """Max-pool with windows of any size."""

    def __init__(
        self, x: Activation, out: Activation, *, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair,
        capacity: int,
    ) -> None:  # fmt: skip
        super().__init__(x, out)
        self.name = f"max_pool {kernel_size[0]}x{kernel_size[1]}"
        self.options = (*kernel_size, *stride, padding[0][0], padding[1][0], *dilation)
        self.winners = aligned_zeros(capacity * out.size, np.int32)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.winners, self.x.data, self.x.frame, n, *self.options)
        return [self._copy(elementwise.max_pool, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame, self.winners, n)
        return [self._copy(elementwise.max_pool_gradient, n * self.x.size, *args)]


class Dropout(Step):
    """Dropout in training; `key[0]` is set before each batch."""

    name = "dropout"

    def __init__(self, x: Activation, out: Activation, *, threshold: int, rate: float) -> None:
        super().__init__(x, out)
        self.key = np.zeros(1, np.uint64)
        self.threshold, self.scale = np.uint64(threshold), self._scalar(1 / (1 - rate))

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, n, self.key, self.threshold, self.scale)
        return [self._copy(elementwise.dropout, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        grads = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame)
        return [self._copy(elementwise.dropout, n * self.x.size, *grads, n, self.key, self.threshold, self.scale)]


class AveragePool(Step):
    """The mean of each channel."""

    name = "global_avg_pool"

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return [self._copy(elementwise.average_pool, n * self.x.size, self.out.data, self.x.data, self.x.frame, n)]

    def backward_calls(self, n: int) -> list[Call]:
        args = (self.x.grad, self.x.grad_frame, self.out.grad, n)
        return [self._copy(elementwise.average_pool_gradient, n * self.x.size, *args)]
