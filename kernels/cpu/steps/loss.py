"""The last step of a training: the losses of a batch and their gradients, in float64.

`fastcnn.network.loss_values` defines them.

grad (images, classes) or (images, outputs) is the gradient of the mean. losses (images,) float64 are the losses of the
pictures; in the functions with shares (images,), each loss is multiplied by its share.
"""

from typing import Any

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import chooser
from fastcnn.kernels.protocols import Numbers
from fastcnn.kernels.shapes import Array


@inner
def _largest(row):
    """The largest logit; NaN if one is NaN, so that the loss becomes NaN."""
    largest = np.float64(row[0])
    for logit in row:
        if not (logit <= largest):  # true for NaN
            largest = np.float64(logit)
    return largest


@kernel
def softmax_cross_entropy(losses, grad, logits, labels, images, classes, smoothing):
    """grad (images, classes) of the mean loss, and losses (images,) float64 of the pictures."""
    for n in prange(images):
        row = logits[n * classes : (n + 1) * classes]
        largest = _largest(row)
        total, mean = 0.0, 0.0
        for k in range(classes):
            shifted = np.float64(row[k]) - largest
            total += np.exp(shifted)
            mean += shifted
        label = labels[n]
        loss = np.log(total) - (1 - smoothing) * (np.float64(row[label]) - largest)
        if smoothing > 0:
            loss -= smoothing * mean / classes
        losses[n] = loss
        for k in range(classes):
            share = np.exp(np.float64(row[k]) - largest) / total - smoothing / classes
            if k == label:
                share -= 1 - smoothing
            grad[n * classes + k] = share / images


@kernel
def weighted_cross_entropy(losses, grad, logits, labels, shares, class_weight, images, classes, smoothing):
    """The same with a weight for each class, and a share for each picture."""
    for n in prange(images):
        row = logits[n * classes : (n + 1) * classes]
        largest = _largest(row)
        total = 0.0
        for k in range(classes):
            total += np.exp(np.float64(row[k]) - largest)
        label, log_total, loss, all_targets = labels[n], np.log(total), 0.0, 0.0
        for k in range(classes):
            target = smoothing / classes * class_weight[k]
            if k == label:
                target += (1 - smoothing) * class_weight[k]
            loss += target * (log_total - (np.float64(row[k]) - largest))
            all_targets += target
        losses[n] = shares[n] * loss
        for k in range(classes):
            part = all_targets * np.exp(np.float64(row[k]) - largest) / total - smoothing / classes * class_weight[k]
            if k == label:
                part -= (1 - smoothing) * class_weight[k]
            grad[n * classes + k] = shares[n] * part


@kernel
def squared_error(losses, grad, outputs, targets, shares, images, size):
    """targets (images, size) float64; the loss is the mean over outputs and pictures."""
    for n in prange(images):
        share, loss = shares[n] / size, 0.0
        for i in range(n * size, (n + 1) * size):
            difference = np.float64(outputs[i]) - targets[i]
            loss += difference * difference
            grad[i] = 2 * share * difference
        losses[n] = share * loss


@kernel
def binary_cross_entropy(losses, grad, outputs, targets, shares, images, size):
    """outputs: before the sigmoid; targets: (images, size) float64 from 0 to 1."""
    for n in prange(images):
        share, loss = shares[n] / size, 0.0
        for i in range(n * size, (n + 1) * size):
            x = np.float64(outputs[i])
            small = np.exp(-abs(x))
            loss += (x if x > 0 else 0.0) - x * targets[i] + np.log1p(small)
            grad[i] = share * ((small if x < 0 else 1.0) / (1 + small) - targets[i])
        losses[n] = share * loss


@inner
def total(losses, images):
    """The sum of the losses, in order."""
    result = 0.0
    for n in range(images):
        result += losses[n]
    return result


class Loss(Step):
    """The loss of the outputs, and their gradient."""

    name = "softmax + cross-entropy"

    def __init__(self, x: Activation, capacity: int) -> None:
        super().__init__(x, x)
        self.losses = np.zeros(capacity)
        self.labels = np.zeros(capacity, np.int64)

    def loss(self, labels: Numbers, label_smoothing: float) -> float:
        """The mean loss of the first n pictures; labels: (n,)."""
        n = len(labels)
        self.labels[:n] = labels
        kernel = chooser(softmax_cross_entropy, n * self.x.size >= 4096)
        kernel(self.losses, self.x.grad, self.x.data, self.labels, n, self.x.size, label_smoothing)
        return float(total(self.losses, n) / n)

    def weighted_cross_entropy(
        self, labels: Numbers, shares: Array, class_weight: Array, label_smoothing: float
    ) -> float:
        """The same with a weight for each class, and the weight of each picture in the mean."""
        self.labels[: len(labels)] = labels
        return self._sum(weighted_cross_entropy, self.labels, shares, class_weight, last=(label_smoothing,))

    def squared_error(self, targets: Array, shares: Array) -> float:
        """The squared error; targets: (n, outputs) float64."""
        return self._sum(squared_error, targets.reshape(-1), shares)

    def binary_cross_entropy(self, targets: Array, shares: Array) -> float:
        """The outputs are those before the sigmoid; targets: (n, outputs) float64 from 0 to 1."""
        return self._sum(binary_cross_entropy, targets.reshape(-1), shares)

    def _sum(self, kernel: Any, targets: Any, shares: Array, *more: Array, last: tuple[float, ...] = ()) -> float:
        """The sum of the losses that a kernel computes for each picture."""
        n, size = len(shares), self.x.size
        run = chooser(kernel, n * size >= 4096)
        run(self.losses, self.x.grad, self.x.data, targets, shares, *more, n, size, *last)
        return float(total(self.losses, n))
