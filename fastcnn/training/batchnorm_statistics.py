"""Batch normalization's running statistics, measured again after a training on changed pictures.

They are means over the last batches, whose pictures were changed while the weights still moved. What the network will
read is neither. What that costs: docs/tried.md.
"""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.network.sequential import Sequential

BATCH_SIZE = 100
BATCHES = 250  # more change nothing; 8 s on one core for the default network
FORGOTTEN = 50  # of them, until the old statistics weigh less than 1 % (momentum 0.1)


def settle_statistics(network: Sequential, images: Array) -> None:
    """Replace the running statistics by those of these pictures; the trained values stay.

    Parameters
    ----------
    images : as for `Sequential.forward`, at least one, in any order; as many are drawn as `BATCHES` hold
    """
    # Mixed as in training: batches of one kind after batches of another have smaller variances, and cost accuracy.
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(images))
    size = min(BATCH_SIZE, len(images))
    order = np.resize(order, BATCHES * size).reshape(BATCHES, size)
    labels = np.zeros(size, np.int64)  # the loss is of no interest, nor are the gradients
    total = np.zeros(network.buffers.shape)
    for number, chosen in enumerate(order):
        network.loss_and_gradients(images[chosen], labels)
        if number >= FORGOTTEN:
            total += network.buffers
    network.buffers = total / (BATCHES - FORGOTTEN)
