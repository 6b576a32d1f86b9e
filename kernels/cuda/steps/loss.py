"""The losses with shares, as in `kernels.cpu.steps.loss`, with a thread for each picture."""

import math

import numpy as np

from fastcnn.kernels.cuda.toolchain.compiler import int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here


@kernel("D F F I D D i i d")
def weighted_cross_entropy(losses, grad, logits, labels, shares, class_weight, images, classes, smoothing):
    """Cross-entropy with a weight for each class, and a share for each picture."""
    n = here()
    if n < images:
        first = int32(n * classes)
        largest = np.float64(logits[first])
        for k in range(1, classes):
            # not (<=) is true for NaN, so that the loss becomes NaN.
            if not (logits[int32(first + k)] <= largest):
                largest = np.float64(logits[int32(first + k)])
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
