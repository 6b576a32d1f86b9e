"""Measure batch normalization's running statistics again after a training with augmentation.

A training makes them from its last batches. There the pictures were augmented and the weights still changed. A user's
pictures are not augmented, and the weights are fixed. docs/tried.md says what the difference costs.
"""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.network.sequential import Sequential

BATCH_SIZE = 100
BATCHES = 250  # more batches change nothing; 8 s on one core for the default network
FORGOTTEN = 50  # the first of these batches: after them the old statistics weigh less than 1 % (momentum 0.1)


def settle_statistics(network: Sequential, images: Array) -> None:
    """Replace the running statistics with those of these pictures. The trained values stay.

    Parameters
    ----------
    images : as for `Sequential.forward`, at least one, in any order. `BATCHES` batches are drawn from them
    """
    # Pictures are mixed as in training. Sorted batches have smaller variances, and the network loses accuracy.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(images))
    size = min(BATCH_SIZE, len(images))
    order = np.resize(order, BATCHES * size).reshape(BATCHES, size)
    labels = np.zeros(size, np.int64)  # nothing uses the loss and the gradients
    total = np.zeros(network.buffers.shape)
    for number, chosen in enumerate(order):
        network.loss_and_gradients(images[chosen], labels)
        if number >= FORGOTTEN:
            total += network.buffers
    network.buffers = total / (BATCHES - FORGOTTEN)
