"""The last step of a training, as `kernels.cpu.steps.loss`, with a thread for each picture."""

import math
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.steps import elementwise
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.steps.dataset import Batch, Picks
from fastcnn.kernels.cuda.toolchain.compiler import int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, download, empty, fill, upload
from fastcnn.kernels.cuda.toolchain.sizes import line_grid
from fastcnn.kernels.protocols import Numbers
from fastcnn.kernels.shapes import Array

# At most this many mean losses wait on the GPU; the next one fetches them.
WAITING = 1024


@kernel("D F F I D D i i d")
def weighted_cross_entropy(losses, grad, logits, labels, shares, class_weight, images, classes, smoothing):
    """Cross-entropy with a weight for each class, and a share for each picture."""
    n = here()
    if n < images:
        first = int32(n * classes)
        largest = elementwise.largest(logits, first, classes)
        total = np.float64(0)
        for k in range(classes):
            total += math.exp(np.float64(logits[int32(first + k)]) - largest)
        label, log_total, loss, all_targets = labels[n], math.log(total), np.float64(0), np.float64(0)
        for k in range(classes):
            target = smoothing / classes * class_weight[k]
            if k == label:
                target += (1 - smoothing) * class_weight[k]
            loss += target * (log_total - (np.float64(logits[int32(first + k)]) - largest))
            all_targets += target
        losses[n] = shares[n] * loss
        for k in range(classes):
            part = all_targets * math.exp(np.float64(logits[int32(first + k)]) - largest) / total
            part -= smoothing / classes * class_weight[k]
            if k == label:
                part -= (1 - smoothing) * class_weight[k]
            grad[int32(first + k)] = shares[n] * part


@kernel("D F F D D i i")
def squared_error(losses, grad, outputs, targets, shares, images, size):
    """targets (images, size) float64; the loss is the mean over outputs and pictures."""
    n = here()
    if n < images:
        share, loss = shares[n] / size, np.float64(0)
        for k in range(size):
            i = int32(n * size + k)
            difference = np.float64(outputs[i]) - targets[i]
            loss += difference * difference
            grad[i] = 2 * share * difference
        losses[n] = share * loss


@kernel("D F F D D i i")
def binary_cross_entropy(losses, grad, outputs, targets, shares, images, size):
    """outputs: before the sigmoid; targets: (images, size) float64 from 0 to 1."""
    n = here()
    if n < images:
        share, loss = shares[n] / size, np.float64(0)
        for k in range(size):
            i = int32(n * size + k)
            x = np.float64(outputs[i])
            small = math.exp(-abs(x))
            loss += (x if x > 0 else np.float64(0)) - x * targets[i] + math.log1p(small)
            grad[i] = share * ((small if x < 0 else np.float64(1)) / (1 + small) - targets[i])
        losses[n] = share * loss


@kernel("D D i i")
def sum_losses(sums, losses, images, at):
    """sums[at] = the sum of the losses. One thread adds them in order."""
    if here() == 0:
        total = np.float64(0)
        for n in range(images):
            total += losses[n]
        sums[at] = total


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
        return self._sum(weighted_cross_entropy, len(shares), *arrays, last=(np.float64(label_smoothing),))

    def squared_error(self, targets: Array, shares: Array) -> Later:
        """The squared error; targets: (n, outputs) float64."""
        return self._sum(squared_error, len(shares), upload(targets), upload(shares))

    def binary_cross_entropy(self, targets: Array, shares: Array) -> Later:
        """The outputs are those before the sigmoid; targets: (n, outputs) float64 from 0 to 1."""
        return self._sum(binary_cross_entropy, len(shares), upload(targets), upload(shares))

    def _sum(self, kernel: Any, n: int, *arrays: DeviceArray, last: tuple[Any, ...] = ()) -> Later:
        """The sum of the losses that a kernel computes for each picture."""
        kernel(*line_grid(n), self.losses, self.x.grad, self.x.data, *arrays, n, self.x.size, *last)
        return self._later(sum_losses, n)

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
