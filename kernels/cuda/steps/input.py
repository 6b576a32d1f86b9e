"""The first step, which takes the pictures, and the last step, which computes the loss."""

from typing import Any

import numpy as np

from fastcnn.kernels.cuda.steps import elementwise, loss
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.dataset import Batch, Picks
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, download, empty, fill, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid
from fastcnn.kernels.protocols import Call, Numbers
from fastcnn.kernels.shapes import Array

# At most this many mean losses wait on the GPU; the next one fetches them.
WAITING = 1024


class Input(Step):
    """The batch of pictures, channels-last and from 0 to 1. Bytes are copied to the GPU as bytes."""

    name = "pictures"

    def __init__(self, out: Activation) -> None:
        super().__init__(out, out)
        capacity = out.data.size // out.size
        self.bytes = empty(capacity * out.size, np.uint8)
        self.in_turn = upload(np.arange(capacity, dtype=np.int32))

    def load(self, images: Array | Batch) -> None:
        """images: (n, C, H, W) uint8, divided by 255, or floats, used unchanged; or a batch that is on the GPU."""
        if isinstance(images, Batch):
            self._load_bytes(images.pictures, len(images))
        elif images.dtype == np.uint8:
            self.lay_out(fill(self.bytes, images), len(images))
        else:
            self.lay_out(upload(images.astype(self.dtype, copy=False)), len(images))

    def lay_out(self, images: DeviceArray, n: int) -> None:
        """Lay out n pictures that are on the GPU, as bytes or in the network's dtype."""
        if images.dtype == np.uint8:
            self._load_bytes(Picks(images, self.in_turn, 0), n)
        elif n:
            sizes = (n * self.out.size, self.out.channels, self.out.height, self.out.width)
            elementwise.load_floats(*line_grid(sizes[0]), self.out.data, images, *sizes)

    def _load_bytes(self, picks: Picks, n: int) -> None:
        sizes = (n * self.out.size, self.out.channels, self.out.height, self.out.width)
        if n:
            elementwise.load_bytes(*line_grid(sizes[0]), self.out.data, *picks, *sizes)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []


class Later:
    """A mean loss on the GPU. `float` of one fetches all losses that wait there, in one copy."""

    def __init__(self, loss: "Loss") -> None:
        self._loss = loss
        self.value = np.nan

    def __float__(self) -> float:
        if self in self._loss.waiting:
            self._loss.fetch()
        return self.value


class Loss(Step):
    """The loss of the outputs, and their gradient."""

    name = "softmax + cross-entropy"

    def __init__(self, x: Activation, capacity: int) -> None:
        super().__init__(x, x)
        self.labels = empty(capacity, np.int32)
        self.in_turn = upload(np.arange(capacity, dtype=np.int32))
        self.losses, self.means = empty(capacity, np.float64), empty(WAITING, np.float64)
        self.waiting: list[Later] = []

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return []

    def backward_calls(self, n: int) -> list[Call]:
        return []

    def loss(self, labels: Numbers | Batch, label_smoothing: float) -> Later:
        """The mean loss of the first n pictures; labels: (n,), or a batch that is on the GPU."""
        n = len(labels)
        if isinstance(labels, Batch):
            picks = labels.labels
        else:
            picks = Picks(fill(self.labels, labels.astype(np.int32)), self.in_turn, 0)
        arrays = (self.losses, self.x.grad, self.x.data, *picks)
        elementwise.softmax_cross_entropy(*line_grid(n), *arrays, n, self.x.size, np.float64(label_smoothing))
        return self._later(elementwise.mean_loss, n)

    def weighted_cross_entropy(
        self, labels: Numbers, shares: Array, class_weight: Array, label_smoothing: float
    ) -> Later:
        """The same for labels on the host, with a weight for each class and the weight of each picture in the mean."""
        arrays = fill(self.labels, labels.astype(np.int32)), upload(shares), upload(class_weight)
        return self._sum(loss.weighted_cross_entropy, len(shares), *arrays, last=(np.float64(label_smoothing),))

    def squared_error(self, targets: Array, shares: Array) -> Later:
        """The squared error; targets: (n, outputs) float64."""
        return self._sum(loss.squared_error, len(shares), upload(targets), upload(shares))

    def binary_cross_entropy(self, targets: Array, shares: Array) -> Later:
        """The outputs are those before the sigmoid; targets: (n, outputs) float64 from 0 to 1."""
        return self._sum(loss.binary_cross_entropy, len(shares), upload(targets), upload(shares))

    def _sum(self, kernel: Any, n: int, *arrays: DeviceArray, last: tuple[Any, ...] = ()) -> Later:
        """The sum of the losses that a kernel computes for each picture."""
        kernel(*line_grid(n), self.losses, self.x.grad, self.x.data, *arrays, n, self.x.size, *last)
        return self._later(loss.sum_losses, n)

    def _later(self, kernel: Any, n: int) -> Later:
        """The result of a kernel for the n losses; it waits on the GPU."""
        if len(self.waiting) == WAITING:
            self.fetch()
        kernel((1,), (1,), self.means, self.losses, n, len(self.waiting))
        self.waiting.append(Later(self))
        return self.waiting[-1]

    def fetch(self) -> None:
        """Copy the waiting losses to the host."""
        waiting, self.waiting = self.waiting, []
        for later, value in zip(waiting, download(self.means, (len(waiting),)), strict=True):
            later.value = float(value)
