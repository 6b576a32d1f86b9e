"""The first and the last step: pictures in, loss out."""

import numpy as np

from fastcnn.kernels.cpu.products.layout import load_pictures
from fastcnn.kernels.cpu.steps import loss
from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.toolchain.sharing import PARALLEL_COPIES, chooser
from fastcnn.kernels.protocols import Call, Numbers
from fastcnn.kernels.shapes import Array


class Input(Step):
    """The batch of pictures, laid out and in [0, 1]."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)

    def load(self, images: Array) -> None:
        """(n, C, H, W) uint8, divided by 255, or floats as they are."""
        kernel = chooser(load_pictures, images.size >= PARALLEL_COPIES)
        kernel(self.out.data, self.out.frame, images, 255 if images.dtype == np.uint8 else None)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []


class Loss(Step):
    """Softmax cross-entropy of the logits; it fills their gradient."""

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
