"""Other widths of a digit: an answer that is not sure is joined with those for its ink made narrower and wider.

Forms and scanners stretch digits, and some hands write wide. A network knows digits best as most people write them.
How the widths and the rule were chosen: docs/tried.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.ink import crop
from fastcnn.handwriting.preparation.prepare import BOX_PX, Field, place

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

WIDTHS = (0.55, 0.75, 1.3)  # times as wide
# The mean score counts so much: letters and signs that are made narrow look like digits more often. With 1, two points
# more of them would be taken for digits.
STRICTER = 0.8


def with_width(field: Field, times: float) -> Field:
    """A prepared picture with its ink so many times as wide, in the box and at the place of MNIST's again.

    Parameters
    ----------
    field : (28, 28) float32, 0 to 1, not blank

    Its strokes are not drawn again, which would take five times as long.
    """
    from PIL import Image

    ink = crop(np.rint(255 * field).astype(np.uint8))
    height, width = ink.shape[0], ink.shape[1] * times
    scale = BOX_PX / max(height, width)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return place(np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)))


def joined(
    answer: Recognition, others: Sequence[Recognition], *, careful: bool
) -> tuple[npt.NDArray[np.float32], float]:
    """The probabilities of an answer joined with those for other widths, and the score of all together.

    Parameters
    ----------
    careful : keep the answer's digit unless the mean is surer of another: a photograph is not stretched

    Otherwise the probabilities are the mean. A score never falls. A picture is no digit only if it is none as it is,
    nor on the mean of all widths.
    """
    every = [answer, *others]
    probabilities: npt.NDArray[np.float32] = np.stack([each.probabilities for each in every]).mean(axis=0)
    first = answer.probabilities
    if careful and probabilities.argmax() != first.argmax() and probabilities.max() <= first.max():
        probabilities = first
    score = float(np.mean([each.digit_score for each in every]))
    return probabilities, max(answer.digit_score, STRICTER * score)
