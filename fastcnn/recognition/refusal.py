"""The training of the network that says whether a picture shows a digit at all; `recognizer` asks it.

Its classes are the ten digits and the kinds of `nondigits`. The training moves the biases of the kinds until THRESHOLD
refuses the share of real digits that its recipe allows. What was tried: docs/tried.md.
"""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.digits import CLASSES
from fastcnn.network.sequential import Sequential


def of_digits(probabilities: Array) -> Array:
    """The probabilities of the ten digits, (N, 10), if it is a digit; the same where the network has no other class."""
    if probabilities.shape[1] == CLASSES:
        return probabilities
    ten = probabilities[:, :CLASSES]
    shares: Array = ten / ten.sum(axis=1, keepdims=True)
    return shares


def fit_threshold(network: Sequential, digits: Array, refused: float) -> None:
    """Move the biases of the kinds so that THRESHOLD refuses this share of pictures that are digits.

    Parameters
    ----------
    network : of one view, at temperature 1, whose last layer is affine; changed
    digits : (N, 1, 28, 28), N at least 1, of digits that it was not trained on
    refused : 0 to 1
    """
    logits = network.forward(digits).astype(np.float64)
    lead = _log_sum(logits[:, :CLASSES]) - _log_sum(logits[:, CLASSES:])
    arrays = network.state_arrays()
    last = f"{len(network.layers) - 1}.bias"
    arrays[last][CLASSES:] += arrays[last].dtype.type(np.quantile(lead, refused))
    network.load_state_arrays(arrays)


def _log_sum(logits: Array) -> Array:
    largest = logits.max(axis=1)
    total: Array = largest + np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1))
    return total
