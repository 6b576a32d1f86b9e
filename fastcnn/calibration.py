"""From logits to a confidence that can be believed: a temperature, fitted on pictures that were set aside.

It is kept in the weights' file, as `network.temperature`, and divides the logits before the softmax (Guo et al. 2017).
The answers stay the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastcnn.arrays import Array
from fastcnn.losses import softmax

if TYPE_CHECKING:
    from fastcnn.committee import Network

TEMPERATURES = (0.05, 20.0)
GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 40  # the bracket shrinks to 5e-9 of what it was
SMALLEST_PROBABILITY = 1e-300


def calibrated(network: Network, images: Array) -> Array:
    """A network's probabilities (N, classes) at its temperature; arguments and errors as for `Sequential.forward`."""
    logits = network.forward(images)
    return softmax(logits / logits.dtype.type(network.temperature))


def fit_temperature(logits: Array, labels: Array) -> float:
    """The temperature with the least mean cross-entropy.

    Parameters
    ----------
    logits : (N, classes), N at least 1, of pictures that the network was not trained on
    labels : (N,) integers
    """
    logits = logits.astype(np.float64)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        of_label = softmax(logits / np.exp(log_temperature))[rows, labels]
        return float(-np.log(np.maximum(of_label, SMALLEST_PROBABILITY)).mean())

    low, high = np.log(TEMPERATURES)
    for _ in range(ROUNDS):  # golden section: the loss has one minimum
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
