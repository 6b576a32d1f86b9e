"""Check that a network's answers are finite. If one is not, this is an error.

Finite weights can be so large that the answers are not finite. The check reads the few numbers of the answers. Only if
one of them is not finite, it also reads the pictures, to find out what is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError


class NotFiniteError(FastcnnError, ValueError):
    """A network's answers are not finite, although the pictures are."""


def check_answers(answers: Array, images: Array | None = None) -> None:
    """NotFiniteError unless all answers are finite; ValueError if a picture is the cause.

    Parameters
    ----------
    answers : logits or probabilities, of any shape
    images : (N, C, H, W), the pictures of these answers, in any dtype; None if they are known to be finite
    """
    if np.count_nonzero(np.isfinite(answers)) == answers.size:  # takes half the time of .all() for one picture
        return
    if images is not None:
        check_pictures(images, answers.dtype)
    raise NotFiniteError("this network's answers are no numbers: its weights are unusable, choose another network")


def check_pictures(images: Array, dtype: np.dtype[Any], name: str = "images", numbers: Array | None = None) -> None:
    """ValueError if a picture (N, C, H, W) holds a number that is not finite in this dtype. Integers are always finite.

    numbers : the pictures' numbers for the error; None counts them from 0
    """
    if images.dtype.kind != "f" or images.size == 0:
        return
    limit = float(np.finfo(dtype).max)
    with np.errstate(invalid="ignore"):
        if -limit <= float(images.min()) and float(images.max()) <= limit:  # NaN gives False too
            return
    for number, image in enumerate(images):
        wrong = image[~(np.abs(image.astype(np.float64)) <= limit)]
        if wrong.size:
            kind = "NaN" if np.isnan(wrong[0]) else "infinity" if np.isinf(wrong[0]) else f"{wrong[0]:.3g}"
            first = number if numbers is None else numbers[number]
            raise ValueError(f"{name} hold {kind}, first in picture {first}; give finite numbers, from 0 to 1 at best")
