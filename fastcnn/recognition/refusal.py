"""Decide whether a picture shows a digit. A small separate network does so, for all networks that read digits.

Its classes are the ten digits and the kinds of `nondigits`. The score of a picture is the sum of the ten digits'
probabilities. Its training shifts the biases of the kinds until THRESHOLD refuses the share of real digits that the
recipe allows. docs/tried.md says what was tried.
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
    """The refusing network of the package. Its file is read once.

    Raises
    ------
    FastcnnError
        If its file is missing or damaged or holds another kind of network.
    """
    network = load_network(WEIGHTS)
    if not isinstance(network, Sequential) or network.input_shape != (1, 28, 28) or network.output_shape[0] <= CLASSES:
        raise FastcnnError("{path} holds another network; install fastcnn anew", path=WEIGHTS)
    return network


def of_digits(probabilities: Array) -> Array:
    """The probabilities of the ten digits, (N, 10), on the condition that the picture is a digit."""
    if probabilities.shape[1] == CLASSES:
        return probabilities
    ten = probabilities[:, :CLASSES]
    shares: Array = ten / ten.sum(axis=1, keepdims=True)
    return shares


def digit_scores(network: Sequential, images: Array) -> Array:
    """The score of each picture: how sure it is that it shows a digit.

    Parameters
    ----------
    network : it has more than ten classes
    images : (N, 1, 28, 28), prepared; dtypes as for `Sequential.forward`

    Returns
    -------
    (N,) float64, 0 to 1
    """
    scores: Array = calibrated(network, images).astype(np.float64)[:, :CLASSES].sum(axis=1)
    return np.minimum(scores, 1.0)


def fit_threshold(network: Sequential, digits: Array, refused: float) -> None:
    """Shift the biases of the kinds so that THRESHOLD refuses a given share of pictures of digits.

    Parameters
    ----------
    network : it is changed. It has one view, temperature 1, and an affine last layer
    digits : (N, 1, 28, 28), N at least 1, digits that the network was not trained on
    refused : the share to refuse, 0 to 1
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
