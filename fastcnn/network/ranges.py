"""Check the range of pictures. A range unlike that of the training pictures is not an error, but usually a mistake."""

from __future__ import annotations

import warnings
from typing import Protocol

import numpy as np

from fastcnn.arrays import Array

# Grey levels are from 0 to 1. Normalised pictures have numbers below 0 and rarely any above 10.
LARGEST_GREY = 2.0
LARGEST_CENTRED = 20.0
FIRST = 256  # pictures that `look_once` looks at


class Looked(Protocol):
    """What the check needs of a network or committee."""

    range_seen: bool


def look_once(network: Looked, images: Array) -> None:
    """Check the first pictures that a network reads, and warn. Call it directly in the method that the user calls.

    There is one check for each network: answers take microseconds, so a check of each picture would take too long.
    """
    if not network.range_seen and len(images):
        network.range_seen = True
        warn_of_range(images[:FIRST], between=2)


def warn_of_range(images: Array, name: str = "images", *, between: int = 1) -> None:
    """Give a UserWarning if the numbers do not have the scale that the network expects.

    between : the number of functions of this package between this one and the user's line, which the warning names
    """
    low, high = images.min(), images.max()
    if images.dtype == np.uint8:
        if high == 1:
            warnings.warn(
                f"{name} are uint8 and range from 0 to 1, but 255 is full ink: give them as float32, or times 255",
                stacklevel=2 + between,
            )
    elif max(high, -low) > (LARGEST_GREY if low >= 0 else LARGEST_CENTRED):
        warnings.warn(
            f"{name} are {images.dtype} and range from {low:.4g} to {high:.4g}, but networks learn from 0 to 1: "
            "divide them by 255, or by their largest number, or give uint8",
            stacklevel=2 + between,
        )
