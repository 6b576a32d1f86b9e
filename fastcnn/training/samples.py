"""Check the pictures and labels of a training once, before anything changes, and bring them into one form.

All usual forms are allowed: pictures as rows or channels-last, and labels as numbers, names, or rows of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_number
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.network.answers import check_pictures
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential

VALIDATION_PICTURES = 5_000  # of MNIST's 60,000
VALIDATION_SHARE = 10  # one picture in ten, from a set of fewer than 50,000

Labels: TypeAlias = Array | Sequence[str]


def samples(
    network: Sequential, images: Array, labels: Labels, loss: Loss, *, name: str = "", layout: str = "NCHW",
    look: bool = True,
) -> tuple[Array, Array]:  # fmt: skip
    """Pictures (N, C, H, W), and targets for the loss. They fit the network and each other.

    Parameters
    ----------
    images, layout : what `Sequential.pictures` takes
    labels : what `loss.targets_of` takes
    name : the text before "images" and "labels" in errors
    look : whether to read all pictures, and refuse numbers that are not finite; integers are always finite

    Raises
    ------
    TypeError, ValueError
        If they are something else.

    The result is a view of the arguments where possible.
    """
    images = network.pictures(images, layout, f"{name}images")
    if look:
        check_pictures(images, network.dtype, f"{name}images")
    return images, loss.targets_of(labels, len(images), network.classes, f"{name}labels")


def count_set_aside(validation: int | float | None, count: int) -> int:
    """The number of pictures, of `count`, that are set aside for validation.

    Parameters
    ----------
    validation : a number of pictures; or a share as a float between 0 and 1, which gives at least one picture. None
        means a tenth, at most VALIDATION_PICTURES; from fewer than ten pictures it sets none aside

    Raises
    ------
    TypeError, ValueError
        If it is something else, or leaves no pictures for training.
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
