"""Whether pictures have the range that networks learn from: another one is no error, and seldom what was meant."""

from __future__ import annotations

import warnings
from typing import Protocol

import numpy as np

from fastcnn.arrays import Array

# Grey levels begin at 0 and end at 1; pictures that were centred and scaled have numbers below 0 and seldom a 10.
LARGEST_GREY = 2.0
LARGEST_CENTRED = 20.0
FIRST = 256  # pictures that `look_once` looks at


class Looked(Protocol):
    """A network or a committee, as far as the range of its pictures goes."""

    range_seen: bool


def look_once(network: Looked, images: Array) -> None:
    """Warn of the first pictures that a network is asked about; call it right from the method that a user calls.

    Once for each network: a check of every single picture would take time where an answer takes microseconds.
    """
    if not network.range_seen and len(images):
        network.range_seen = True
        warn_of_range(images[:FIRST], between=2)


def warn_of_range(images: Array, name: str = "images", *, between: int = 1) -> None:
    """A UserWarning where the numbers have another scale than the one that the network divides by.

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
