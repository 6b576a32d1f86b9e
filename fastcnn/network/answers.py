"""Whether a network's numbers can be shown: what is not finite is an error, and no answer.

Weights that are finite can be so large that the answers are not. Looked at are the few numbers that come out; only
where one is not finite the pictures are looked at too, to say what is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError


class NotFiniteError(FastcnnError, ValueError):
    """A network's answers are not finite, and the pictures it was given are."""


def check_answers(answers: Array, images: Array | None = None) -> None:
    """NotFiniteError unless all answers are finite; ValueError where the pictures are to blame.

    Parameters
    ----------
    answers : logits or probabilities, of any shape
    images : (N, C, H, W) that were read, in any dtype; None where they are known to be finite
    """
    if np.count_nonzero(np.isfinite(answers)) == answers.size:  # half the time of .all() where there is one picture
        return
    if images is not None:
        check_pictures(images, answers.dtype)
    raise NotFiniteError("this network's answers are no numbers: its weights are unusable, choose another network")


def check_pictures(images: Array, dtype: np.dtype[Any], name: str = "images", numbers: Array | None = None) -> None:
    """ValueError if a picture (N, C, H, W) holds a number that is not finite in this dtype. Integers always are.

    numbers : what errors call the pictures; None counts them from 0
    """
    if images.dtype.kind != "f" or images.size == 0:
        return
    limit = float(np.finfo(dtype).max)
    with np.errstate(invalid="ignore"):
        if -limit <= float(images.min()) and float(images.max()) <= limit:  # False of NaN as well
            return
    for number, image in enumerate(images):
        wrong = image[~(np.abs(image.astype(np.float64)) <= limit)]
        if wrong.size:
            kind = "NaN" if np.isnan(wrong[0]) else "infinity" if np.isinf(wrong[0]) else f"{wrong[0]:.3g}"
            first = number if numbers is None else numbers[number]
            raise ValueError(f"{name} hold {kind}, first in picture {first}; give finite numbers, from 0 to 1 at best")
