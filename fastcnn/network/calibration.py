"""Calibrated probabilities from logits: a temperature, and several views of a picture.

The logits are divided by the temperature before the softmax (Guo et al. 2017). It is fitted on pictures that were not
used for training; the file of the weights keeps it, as `network.temperature`. With one view, the answers stay the same.
With five views, a network also reads each picture moved by a pixel to each side, and answers with the mean.
Experiments: docs/tried.md.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checks import check_labels
from fastcnn.kernels.values import is_array, shown
from fastcnn.network.answers import check_answers, check_pictures
from fastcnn.network.losses import softmax
from fastcnn.pace import Pace

CHUNK = 1000  # the views of this many pictures are in memory at the same time
TEMPERATURES = (0.05, 20.0)
GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 40  # the bracket shrinks to 5e-9 of its first length
SMALLEST_PROBABILITY = 1e-300


class Classifier(Protocol):
    """The methods of a network or committee that read pictures."""

    temperature: float

    @property
    def views(self) -> int:
        """The number of views of each picture."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(classes,)."""

    def check_images(self, images: Array) -> None:
        """TypeError or ValueError unless it can take these pictures."""

    def forward(self, images: Array) -> Array:
        """Logits (N, classes)."""


def _check_network(network: object) -> None:
    if not hasattr(network, "forward"):
        raise TypeError(f"network must be a network or a committee, not {shown(network)}")


def calibrated(network: Classifier, images: Array) -> Array:
    """The probabilities (N, classes) of a network at its temperature: the mean over its views.

    Arguments and errors are those of `Sequential.forward`.
    """
    probabilities = _probabilities(logits_of_views(network, images), network.temperature)
    check_answers(probabilities)  # with a temperature near zero, finite logits can overflow
    return probabilities


def calibrated_until_sure(network: Classifier, images: Array, sure: float) -> Array:
    """The same as `calibrated`, but only from the first view of pictures for which that has a probability of `sure`."""
    if network.views == 1:
        return calibrated(network, images)
    probabilities = _probabilities(network.forward(images)[np.newaxis], network.temperature)
    unsure = ~(probabilities.max(axis=1) >= sure)  # NaN is not sure
    if unsure.any():
        probabilities[unsure] = calibrated(network, images[unsure])
    return probabilities


def calibrated_slowly(network: Classifier, images: Array) -> Array:
    """The same as `calibrated`, with lines of progress on the reference backend, which takes minutes for MNIST."""
    if kernels.backend() != "reference":
        return calibrated(network, images)
    _check_network(network)
    network.check_images(images)
    pace = Pace(len(images), "pictures")
    parts = []
    for start in range(0, max(1, len(images)), CHUNK):
        parts.append(calibrated(network, images[start : start + CHUNK]))
        pace.add(len(parts[-1]))
    return np.concatenate(parts)


def logits_of_views(network: Classifier, images: Array) -> Array:
    """The logits (views, N, classes) of all views of the pictures. Arguments and errors: see `Sequential.forward`."""
    _check_network(network)
    if network.views == 1:
        return network.forward(images)[np.newaxis]
    network.check_images(images)
    parts = [images[start : start + CHUNK] for start in range(0, max(1, len(images)), CHUNK)]
    try:
        logits = [network.forward(five_views(part)) for part in parts]
    except ValueError:
        check_pictures(images, images.dtype)  # so that an error names the picture, not one of its views
        raise
    return np.concatenate([each.reshape(network.views, -1, *network.output_shape) for each in logits], axis=1)


def five_views(images: Array) -> Array:
    """Pictures (N, C, H, W) unchanged, and moved by one pixel down, up, right and left: (5 * N, C, H, W)."""
    if not is_array(images) or images.dtype.kind not in "uf" or images.ndim != 4:
        raise TypeError(f"images must be an array (N, C, H, W) of uint8 or floats, not {shown(images)}")
    views = np.zeros((5, *images.shape), images.dtype)
    views[0] = images
    views[1, :, :, 1:], views[2, :, :, :-1] = images[:, :, :-1], images[:, :, 1:]
    views[3, ..., 1:], views[4, ..., :-1] = images[..., :-1], images[..., 1:]
    return views.reshape(-1, *images.shape[1:])


def _probabilities(logits: Array, temperature: float) -> Array:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        divided = logits / logits.dtype.type(temperature)
    each = softmax(divided.reshape(-1, logits.shape[2]))
    mean: Array = each.reshape(logits.shape).mean(axis=0)
    return mean


def fit_temperature(logits: Array, labels: Array) -> float:
    """The temperature with the smallest mean cross-entropy.

    Parameters
    ----------
    logits : (views, N, classes), N at least 1; the network was not trained on these pictures
    labels : (N,) integers
    """
    if not is_array(logits) or logits.dtype.kind != "f" or logits.ndim != 3 or logits.size == 0:
        raise TypeError(f"logits must be an array of floats (views, N, classes), not {shown(logits)}")
    if not np.isfinite(logits).all():
        raise ValueError("logits hold NaN or infinity: the network's weights are unusable")
    check_labels(labels, logits.shape[1], logits.shape[2])
    logits = logits.astype(np.float64)
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        of_label = _probabilities(logits, np.exp(log_temperature))[rows, labels]
        return float(-np.log(np.maximum(of_label, SMALLEST_PROBABILITY)).mean())

    low, high = np.log(TEMPERATURES)
    for _ in range(ROUNDS):  # golden-section search: the loss has one minimum (with several views, nearly always)
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def calibrate(network: Classifier, images: Array, labels: Array) -> None:
    """Give a network the temperature for pictures (N, C, H, W), N at least 1, that it was not trained on.

    Their labels are (N,) integers. Errors are those of `logits_of_views` and `fit_temperature`.
    """
    network.temperature = fit_temperature(logits_of_views(network, images), labels)
