"""The first step, which takes the pictures, and the last step, which computes the loss."""

from typing import Any

import numpy as np

from fastcnn.kernels.cpu.products.layout import load_pictures
from fastcnn.kernels.cpu.steps import loss
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.protocols import Call, Numbers
from fastcnn.kernels.shapes import Array


class Input(Step):
    """The batch of pictures, channels-last and from 0 to 1."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)

    def load(self, images: Array) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged."""
        kernel = chooser(load_pictures, images.size >= PARALLEL_COPIES)
        kernel(self.out.data, self.out.frame, images, 255 if images.dtype == np.uint8 else None)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []


class Loss(Step):
    """The loss of the outputs, and their gradient."""

    name = "softmax + cross-entropy"

    def __init__(self, x: Activation, capacity: int) -> None:
        super().__init__(x, x)
        self.losses = np.zeros(capacity)
        self.labels = np.zeros(capacity, np.int64)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []

    def loss(self, labels: Numbers, label_smoothing: float) -> float:
        """The mean loss of the first n pictures; labels: (n,)."""
        n = len(labels)
        self.labels[:n] = labels
        kernel = chooser(loss.softmax_cross_entropy, n * self.x.size >= 4096)
        kernel(self.losses, self.x.grad, self.x.data, self.labels, n, self.x.size, label_smoothing)
        return float(loss.total(self.losses, n) / n)

    def weighted_cross_entropy(
        self, labels: Numbers, shares: Array, class_weight: Array, label_smoothing: float
    ) -> float:
        """The same with a weight for each class, and the weight of each picture in the mean."""
        self.labels[: len(labels)] = labels
        return self._sum(loss.weighted_cross_entropy, self.labels, shares, class_weight, last=(label_smoothing,))

    def squared_error(self, targets: Array, shares: Array) -> float:
        """The squared error; targets: (n, outputs) float64."""
        return self._sum(loss.squared_error, targets.reshape(-1), shares)

    def binary_cross_entropy(self, targets: Array, shares: Array) -> float:
        """The outputs are those before the sigmoid; targets: (n, outputs) float64 from 0 to 1."""
        return self._sum(loss.binary_cross_entropy, targets.reshape(-1), shares)

    def _sum(self, kernel: Any, targets: Any, shares: Array, *more: Array, last: tuple[float, ...] = ()) -> float:
        """The sum of the losses that a kernel computes for each picture."""
        n, size = len(shares), self.x.size
        run = chooser(kernel, n * size >= 4096)
        run(self.losses, self.x.grad, self.x.data, targets, shares, *more, n, size, *last)
        return float(loss.total(self.losses, n))
