"""The training of the network that says whether a picture shows a digit at all; `recognizer` asks it.

Its classes are the ten digits and the kinds of `nondigits`. After the training a temperature is fitted, so that a score
is a probability, and the biases of the kinds are moved until THRESHOLD refuses the share of real digits that its recipe
allows. What was tried: docs/tried.md.
"""

from __future__ import annotations

import numpy as np

from fastcnn.arrays import Array
from fastcnn.digits import CLASSES
from fastcnn.network.sequential import Sequential


def of_digits(probabilities: Array) -> Array:
    """The probabilities of the ten digits, (N, 10), on the condition that the picture is a digit."""
    if probabilities.shape[1] == CLASSES:
        return probabilities
    ten = probabilities[:, :CLASSES]
    shares: Array = ten / ten.sum(axis=1, keepdims=True)
    return shares


def fit_threshold(network: Sequential, digits: Array, refused: float) -> None:
    """Shift the biases of the kinds so that THRESHOLD refuses a given share of pictures of digits.

    `calibration.calibrate` comes before it.

    Parameters
    ----------
    network : it is changed. It has one view, and an affine last layer
    digits : (N, 1, 28, 28), N at least 1, digits that the network was not trained on
    refused : the share to refuse, 0 to 1
    """
    logits = network.forward(digits).astype(np.float64) / network.temperature
    lead = _log_sum(logits[:, :CLASSES]) - _log_sum(logits[:, CLASSES:])
    arrays = network.state_arrays()
    last = f"{len(network.layers) - 1}.bias"
    arrays[last][CLASSES:] += arrays[last].dtype.type(network.temperature * np.quantile(lead, refused))
    network.load_state_arrays(arrays)


def _log_sum(logits: Array) -> Array:
    largest = logits.max(axis=1)
    total: Array = largest + np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1))
    return total
