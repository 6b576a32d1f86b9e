"""Whether a picture shows a digit at all: a small network of its own, whatever network reads the digit.

Its classes are the ten digits and the kinds of `nondigits`. How surely it sees a digit is the sum of the digits'
probabilities. What it was taught to tell apart counts more than its size: at 0.5 % of the pen drawings refused, and
after three epochs, two classes refused 66 % of what was never trained on, eleven 83 %, twice as many parameters 80 %,
ten and 26 kinds 84 %, ten and 46 kinds, each letter one of them and written in more ways, 92 %. 30 epochs in place of
10 did no better. With pens of all widths equally often, in place of mostly thin ones, 95 % instead of 92 % are refused
at 0.3 % of the drawings; the statistics of unchanged pictures (see `settle`) add 0.2 points. The energy of the reading
network's logits, which has seen no such thing, refused 14 to 45 %.

The training moves the biases of the kinds until THRESHOLD refuses the share of real digits that its recipe allows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from fastcnn.arrays import Array
from fastcnn.batchnorm import BatchNorm2d
from fastcnn.calibration import calibrated
from fastcnn.errors import FastcnnError
from fastcnn.files import load_network
from fastcnn.layer import Layer
from fastcnn.layers import Affine, Conv2d, Dropout, Flatten, MaxPool2d, ReLU
from fastcnn.model import Sequential

NAME = "refusal"
DIGITS = 10
THRESHOLD = 0.5  # of the score: below it a picture is no digit
WEIGHTS = Path(__file__).resolve().parent / "weights" / f"{NAME}.safetensors"


def refusal_network(*, seed: int | None = None) -> Sequential:
    """The refusing network, He-initialised, untrained.

    Convolutions of 16 filters of 5x5, 32 and 48 of 3x3, a MaxPool behind the first and the third, batch normalisation,
    Dropout and an Affine to ten digits and all kinds.
    """
    from fastcnn.nondigits import KINDS

    layers: list[Layer] = [
        *(Conv2d(16, 5), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Conv2d(32, 3), BatchNorm2d(), ReLU()),
        *(Conv2d(48, 3), ReLU(), MaxPool2d(2), BatchNorm2d()),
        *(Flatten(), Dropout(0.2), Affine(DIGITS + len(KINDS))),
    ]
    return Sequential(layers, seed=seed, name=NAME)


@cache
def bundled_network() -> Sequential:
    """The network in the package, read once.

    Raises
    ------
    FastcnnError
        If its file is missing, damaged or of another kind of network.
    """
    network = load_network(WEIGHTS)
    if not isinstance(network, Sequential) or network.input_shape != (1, 28, 28) or network.output_shape[0] <= DIGITS:
        raise FastcnnError(f"{WEIGHTS} holds another network; install fastcnn anew")
    return network


def of_digits(probabilities: Array) -> Array:
    """The probabilities of the ten digits, (N, 10), if it is a digit; the same where the network has no other class."""
    if probabilities.shape[1] == DIGITS:
        return probabilities
    ten = probabilities[:, :DIGITS]
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
    scores: Array = calibrated(network, images).astype(np.float64)[:, :DIGITS].sum(axis=1)
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
    lead = _log_sum(logits[:, :DIGITS]) - _log_sum(logits[:, DIGITS:])
    arrays = network.state_arrays()
    last = f"{len(network.layers) - 1}.bias"
    arrays[last][DIGITS:] += arrays[last].dtype.type(np.quantile(lead, refused))
    network.load_state_arrays(arrays)


def _log_sum(logits: Array) -> Array:
    largest = logits.max(axis=1)
    total: Array = largest + np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1))
    return total
