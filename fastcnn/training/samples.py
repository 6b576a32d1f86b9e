"""Check the pictures and labels of a training once, before anything changes, and bring them into one form.

All usual forms are allowed: pictures as rows or channels-last, and labels as numbers, names, or rows of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_number
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.answers import check_pictures
from fastcnn.network.layouts import channels_first, check_layout, pictures_shape, way_out
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import default_classes

VALIDATION_PICTURES = 5_000  # of MNIST's 60,000
VALIDATION_SHARE = 10  # one picture in ten, from a set of fewer than 50,000

Labels: TypeAlias = Array | Sequence[str]


def samples(
    network: Sequential, images: Array, labels: Labels, loss: Loss, classes: Sequence[str] | None, *,
    name: str = "", layout: str = "NCHW", look: bool = True,
) -> tuple[Array, Array]:  # fmt: skip
    """Pictures (N, C, H, W), and targets for the loss. They fit the network and each other.

    Parameters
    ----------
    images : (N, C, H, W), (N, C*H*W) or, for one channel, (N, H, W); uint8, float32 or float64, N at least 1
    labels : what `loss.targets_of` takes
    classes : the names of classes that integers may stand for; None if they are the numbers of the outputs
    name : the text before "images" and "labels" in errors
    layout : "NHWC" if images are (N, H, W, C)
    look : whether to read all pictures, and refuse numbers that are not finite; integers are always finite

    Raises
    ------
    TypeError, ValueError
        If they are something else. Whether they are finite is left to `answers.check_pictures`.

    The result is a view of the arguments where possible.
    """
    images = _pictures(network, images, check_layout(layout), f"{name}images")
    if look:
        check_pictures(images, network.dtype, f"{name}images")
    names = classes or default_classes(network.output_shape[0])
    return images, loss.targets_of(labels, len(images), names, f"{name}labels")


def _pictures(network: Sequential, images: Array, layout: str, name: str) -> Array:
    if not is_array(images) or images.dtype not in (np.uint8, np.float32, np.float64):
        raise TypeError(f"{name} must be a uint8, float32 or float64 array, not {kind_of(images)}")
    shape = pictures_shape(network.input_shape, layout)
    given = images.shape
    is_flat = images.ndim == 2 and given[1] == prod(shape)
    is_plane = network.input_shape[0] == 1 and given[1:] == network.input_shape[1:]
    if is_flat or is_plane:
        images = images.reshape(-1, *shape)
    if images.shape[1:] != shape or len(images) == 0:
        hint = way_out(given, network.input_shape, layout) if given[:1] != (0,) else ""
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} must be of shape (N, {wanted}), N at least 1, not {shown(given)}{hint}")
    return channels_first(images, layout)


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
