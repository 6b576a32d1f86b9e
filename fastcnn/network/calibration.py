"""From logits to a confidence that can be believed: several views of a picture, and a temperature.

The temperature is fitted on pictures that were set aside. It is kept in the weights' file, as `network.temperature`,
and divides the logits before the softmax (Guo et al. 2017). With one view, the answers stay the same. A network of five
views reads each picture also moved by a pixel to each side, and answers with the mean. What was tried: docs/tried.md.
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

CHUNK = 1000  # pictures whose views are in memory at a time
TEMPERATURES = (0.05, 20.0)
GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 40  # the bracket shrinks to 5e-9 of what it was
SMALLEST_PROBABILITY = 1e-300


class Classifier(Protocol):
    """What a network or a committee has for reading pictures."""

    temperature: float

    @property
    def views(self) -> int:
        """How often each picture is read."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(classes,)."""

    def check_images(self, images: Array) -> None:
        """TypeError or ValueError unless these are pictures that it takes."""

    def forward(self, images: Array) -> Array:
        """Logits (N, classes)."""


def _check_network(network: object) -> None:
    if not hasattr(network, "forward"):
        raise TypeError(f"network must be a network or a committee, not {shown(network)}")


def calibrated(network: Classifier, images: Array) -> Array:
    """A network's probabilities (N, classes) at its temperature, the mean over its views.

    Arguments and errors as for `Sequential.forward`.
    """
    probabilities = _probabilities(logits_of_views(network, images), network.temperature)
    check_answers(probabilities)  # a temperature near zero takes finite logits beyond the dtype
    return probabilities


def calibrated_slowly(network: Classifier, images: Array) -> Array:
    """The same as `calibrated`; on the reference, which takes minutes for MNIST, with a line now and then."""
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
    """The logits (views, N, classes) of all views of pictures; arguments and errors as for `Sequential.forward`."""
    _check_network(network)
    if network.views == 1:
        return network.forward(images)[np.newaxis]
    network.check_images(images)
    parts = [images[start : start + CHUNK] for start in range(0, max(1, len(images)), CHUNK)]
    try:
        logits = [network.forward(five_views(part)) for part in parts]
    except ValueError:
        check_pictures(images, images.dtype)  # the number of a picture, not of one of its views
        raise
    return np.concatenate([each.reshape(network.views, -1, *network.output_shape) for each in logits], axis=1)


def five_views(images: Array) -> Array:
    """Pictures (N, C, H, W) as they are, and moved by a pixel down, up, right and left: (5 * N, C, H, W)."""
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
    """The temperature with the least mean cross-entropy.

    Parameters
    ----------
    logits : (views, N, classes), N at least 1, of pictures that the network was not trained on
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
    for _ in range(ROUNDS):  # golden section: the loss has one minimum, of a mean of views nearly always
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
