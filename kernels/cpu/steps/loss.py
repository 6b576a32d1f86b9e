"""Softmax cross-entropy of a batch and its gradient, in float64 as `fastcnn.network.losses` defines it."""

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.toolchain.jit import inner, kernel


@kernel
def softmax_cross_entropy(losses, grad, logits, labels, images, classes, smoothing):
    """grad (images, classes) of the mean loss, and losses (images,) float64, each picture's own."""
    for n in prange(images):
        row = logits[n * classes : (n + 1) * classes]
        largest = np.float64(row[0])
        for k in range(classes):
            # Not (<=) lets a NaN through, so that the loss shows it.
            if not (row[k] <= largest):
                largest = np.float64(row[k])
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


@inner
def total(losses, images):
    """The sum of the losses, in order."""
    result = 0.0
    for n in range(images):
        result += losses[n]
    return result
