"""The first and the last step: pictures in, loss out."""

import numpy as np

from fastcnn.kernels.cuda import elements
from fastcnn.kernels.cuda.memory import download, empty, fill, upload
from fastcnn.kernels.cuda.products import Call
from fastcnn.kernels.cuda.sizes import line_grid
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.shapes import Array


class Input(Step):
    """The batch of pictures, laid out and in [0, 1]. Bytes go up as bytes."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)
        self.bytes = empty(out.data.size, np.uint8)

    def load(self, images: Array) -> None:
        """(n, C, H, W) uint8, divided by 255, or floats as they are."""
        if images.size == 0:
            return
        sizes = (images.size, self.out.channels, self.out.height, self.out.width)
        if images.dtype == np.uint8:
            elements.load_bytes(*line_grid(images.size), self.out.data, fill(self.bytes, images), *sizes)
        else:
            given = upload(images.astype(self.dtype, copy=False))
            elements.load_floats(*line_grid(images.size), self.out.data, given, *sizes)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []


class Loss(Step):
    """Softmax cross-entropy of the logits; it fills their gradient."""

    name = "softmax + cross-entropy"

    def __init__(self, x: Activation, capacity: int) -> None:
        super().__init__(x, x)
        self.labels = np.zeros(capacity, np.int32)
        self.labels_there = empty(capacity, np.int32)
        self.losses, self.mean = empty(capacity, np.float64), empty(1, np.float64)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []

    def loss(self, n: int, label_smoothing: float) -> float:
        """The mean loss of the first n pictures, whose labels are set: the one number that a step brings back."""
        labels = fill(self.labels_there, self.labels[:n])
        numbers = (n, self.x.size, np.float64(label_smoothing))
        arrays = (self.losses, self.x.grad, self.x.data, labels)
        elements.softmax_cross_entropy(*line_grid(n), *arrays, *numbers)
        elements.mean_loss((1,), (1,), self.mean, self.losses, n)
        return float(download(self.mean, (1,))[0])
