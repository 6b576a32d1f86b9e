"""Check the pictures and labels of a training once, before anything changes, and bring them into one form.

All forms that `load_mnist` makes are allowed, such as pictures as rows and labels as rows of 0 and 1.
"""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_labels, check_number
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.sequential import Sequential

VALIDATION_PICTURES = 5_000  # of MNIST's 60,000
VALIDATION_SHARE = 10  # one picture in ten, from a set of fewer than 50,000

Validation: TypeAlias = int | float | tuple[Array, Array] | None


def samples(network: Sequential, images: Array, labels: Array, name: str = "") -> tuple[Array, Array]:
    """Pictures (N, C, H, W) and labels (N,) that fit the network and each other.

    Parameters
    ----------
    images : (N, C, H, W) or (N, C*H*W), uint8, float32 or float64, N at least 1
    labels : (N,) integers, or (N, classes) with one 1 a row and else 0
    name : what errors say before "images" and "labels"

    Raises
    ------
    TypeError, ValueError
        If they are something else. Whether they are finite is left to `answers.check_pictures`.

    The result is a view of the arguments where possible.
    """
    images = _pictures(network, images, f"{name}images")
    return images, _classes(labels, len(images), network.output_shape[0], f"{name}labels")


def _pictures(network: Sequential, images: Array, name: str) -> Array:
    if not is_array(images) or images.dtype not in (np.uint8, np.float32, np.float64):
        raise TypeError(f"{name} must be a uint8, float32 or float64 array, not {kind_of(images)}")
    shape = network.input_shape
    if images.ndim == 2 and images.shape[1] == prod(shape):
        images = images.reshape(-1, *shape)
    if images.shape[1:] != shape or len(images) == 0:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} must be of shape (N, {wanted}), N at least 1, not {shown(images.shape)}")
    return images


def _classes(labels: Array, count: int, classes: int, name: str) -> Array:
    if is_array(labels) and labels.ndim == 2 and labels.dtype.kind in "fiub":
        if labels.shape != (count, classes):
            raise ValueError(f"{name} must have the shape ({count},) or ({count}, {classes}), not {labels.shape}")
        ones = labels == 1
        if not ((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all()):
            raise ValueError(f"{name} given as rows must have one 1 in each row and else 0; give the classes' numbers")
        labels = ones.argmax(axis=1)
    check_labels(labels, count, classes, name)
    return labels


def split_validation(network: Sequential, validation: Validation, count: int) -> tuple[tuple[Array, Array] | None, int]:
    """The validation pictures and labels, if they are given, and how many of `count` training pictures are set aside.

    Raises the errors of `samples` and `count_set_aside`.
    """
    if not isinstance(validation, tuple | list):
        return None, count_set_aside(validation, count)
    if len(validation) != 2:
        raise ValueError(f"validation must be (images, labels) or a number, not {shown(validation)}")
    images, labels = validation
    return samples(network, images, labels, "validation "), 0


def count_set_aside(validation: int | float | None, count: int) -> int:
    """How many of `count` pictures are set aside.

    Parameters
    ----------
    validation : a number of pictures; or a share as a float between 0 and 1, which gives at least one picture. None
        means a tenth, at most VALIDATION_PICTURES; from fewer than ten pictures it sets none aside

    Raises
    ------
    TypeError, ValueError
        If it is something else, or leaves nothing to train on.
    """
    if validation is None:
        return min(VALIDATION_PICTURES, count // VALIDATION_SHARE)
    if isinstance(validation, float | np.floating):
        share = check_number("validation", validation)
        if not 0 <= share < 1:
            raise ValueError(f"validation must be a share below 1 or a number of pictures as an int, not {share}")
        aside = max(1, round(share * count)) if share else 0
    else:
        try:
            aside = integer("validation", validation, 0)
        except TypeError:
            raise TypeError(
                f"validation must be a number of pictures, a share or (images, labels), not {shown(validation)}"
            ) from None
    if aside >= count:
        raise ValueError(f"validation must leave some of the {count} pictures to train on, not be {shown(validation)}")
    return aside
