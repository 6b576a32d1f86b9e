"""Whether a picture shows a digit at all: a small network of its own, whatever network reads the digit.

Its classes are the ten digits and the kinds of `nondigits`. How surely it sees a digit is the sum of the digits'
probabilities. The training moves the biases of the kinds until THRESHOLD refuses the share of real digits that its
recipe allows. What was tried: docs/tried.md.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from fastcnn.arrays import Array
from fastcnn.digits import CLASSES
from fastcnn.errors import FastcnnError
from fastcnn.network.calibration import calibrated
from fastcnn.network.files import load_network
from fastcnn.network.sequential import Sequential
from fastcnn.zoo import bundled
from fastcnn.zoo.networks import REFUSAL

THRESHOLD = 0.5  # of the score: below it a picture is no digit
WEIGHTS = bundled.WEIGHTS / f"{REFUSAL}.safetensors"


@cache
def bundled_network() -> Sequential:
    """The network in the package, read once.

    Raises
    ------
    FastcnnError
        If its file is missing, damaged or of another kind of network.
    """
    network = load_network(WEIGHTS)
    if not isinstance(network, Sequential) or network.input_shape != (1, 28, 28) or network.output_shape[0] <= CLASSES:
        raise FastcnnError(f"{WEIGHTS} holds another network; install fastcnn anew")
    return network


def of_digits(probabilities: Array) -> Array:
    """The probabilities of the ten digits, (N, 10), if it is a digit; the same where the network has no other class."""
    if probabilities.shape[1] == CLASSES:
        return probabilities
    ten = probabilities[:, :CLASSES]
    shares: Array = ten / ten.sum(axis=1, keepdims=True)
    return shares


def digit_scores(network: Sequential, images: Array) -> Array:
    """How surely each picture is a digit.

    Parameters
    ----------
    network : of more than ten classes
    images : (N, 1, 28, 28), prepared; dtypes as for `Sequential.forward`

    Returns
    -------
    (N,) float64, 0 to 1
    """
    scores: Array = calibrated(network, images).astype(np.float64)[:, :CLASSES].sum(axis=1)
    return np.minimum(scores, 1.0)


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
