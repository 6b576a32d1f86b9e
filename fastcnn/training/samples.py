"""Pictures and labels to train on: checked once, before anything changes, and brought into one form.

The forms that people have are all taken: pictures as rows or with the channels last, and labels as numbers, as names,
and as rows of 0 and 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from typing import TypeAlias

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_number
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of, shown
from fastcnn.network.layouts import channels_first, check_layout, pictures_shape
from fastcnn.network.losses import Loss
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import default_classes

VALIDATION_PICTURES = 5_000  # of MNIST's 60,000
VALIDATION_SHARE = 10  # of fewer pictures than ten times as many: one in ten

# Grey levels begin at 0 and end at 1; pictures that were centred and scaled have numbers below 0 and seldom a 10.
LARGEST_GREY = 2.0
LARGEST_CENTRED = 20.0

Labels: TypeAlias = Array | Sequence[str]


def samples(
    network: Sequential, images: Array, labels: Labels, loss: Loss, classes: Sequence[str] | None, *,
    name: str = "", layout: str = "NCHW", look: bool = True,
) -> tuple[Array, Array]:  # fmt: skip
    """Pictures (N, C, H, W), and targets that the loss takes; they fit the network and each other.

    Parameters
    ----------
    images : (N, C, H, W), (N, C*H*W) or, of one channel, (N, H, W); uint8, float32 or float64, N at least 1
    labels : what `loss.targets_of` takes
    classes : what integers may be the names of; None where they are the outputs' numbers
    name : what errors say before "images" and "labels"
    layout : "NHWC" where images are (N, H, W, C)
    look : whether to read all pictures, and refuse numbers that are not finite; integers always are

    Raises
    ------
    TypeError, ValueError
        If they are something else, or hold NaN, infinity or a number beyond the network's dtype.

    Views of what is given, where possible.
    """
    images = _pictures(network, images, check_layout(layout), f"{name}images")
    if look:
        check_finite(images, network.dtype, f"{name}images")
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
        other = "NCHW" if layout == "NHWC" else "NHWC"
        hint = f"; layout={other!r} takes these" if given[1:] == pictures_shape(network.input_shape, other) else ""
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name} must be of shape (N, {wanted}), N at least 1, not {shown(given)}{hint}")
    return channels_first(images, layout)


def check_finite(images: Array, dtype: np.dtype[np.floating], name: str, numbers: Array | None = None) -> None:
    """ValueError where a picture holds what is not finite in this dtype; `numbers` is what errors call the pictures."""
    if images.dtype.kind != "f":
        return
    largest = float(np.finfo(dtype).max)
    if -largest <= float(images.min()) and float(images.max()) <= largest:  # False of NaN as well
        return
    for number, image in enumerate(images):
        wrong = image[~(np.abs(image.astype(np.float64)) <= largest)]
        if wrong.size:
            kind = "NaN" if np.isnan(wrong[0]) else "infinity" if np.isinf(wrong[0]) else f"{wrong[0]:.3g}"
            first = number if numbers is None else numbers[number]
            raise ValueError(f"{name} hold {kind}, first in picture {first}; give finite numbers, from 0 to 1 at best")


def warn_of_range(images: Array, name: str = "images") -> None:
    """A UserWarning where the numbers have another scale than the one that the network divides by."""
    low, high = images.min(), images.max()
    if images.dtype == np.uint8:
        if high == 1:
            warnings.warn(
                f"{name} are uint8 and range from 0 to 1, but 255 is full ink: give them as float32, or times 255",
                stacklevel=3,
            )
    elif max(high, -low) > (LARGEST_GREY if low >= 0 else LARGEST_CENTRED):
        warnings.warn(
            f"{name} are {images.dtype} and range from {low:.4g} to {high:.4g}, but networks learn from 0 to 1: "
            "divide them by 255, or by their largest number, or give uint8",
            stacklevel=3,
        )


def count_set_aside(validation: int | float | None, count: int) -> int:
    """How many of `count` pictures are set aside.

    Parameters
    ----------
    validation : a number of pictures; a share as a float between 0 and 1, of which at least one picture comes; None
        means a tenth, at most VALIDATION_PICTURES, and none of fewer than ten

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
