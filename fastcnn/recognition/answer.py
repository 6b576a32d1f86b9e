"""What a network made of one picture, and whether it is sure of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from fastcnn import pages
from fastcnn.records import representation

UNSURE_GAP = 0.3  # of probability, between the first digit and the second: below it both are named


@dataclass(frozen=True, eq=False, repr=False)
class Recognition:
    """The answer of a network for one picture."""

    digit: int | None  # None if the picture is no digit
    confidence: float  # the digit's probability, 0 to 1; 0 without a digit
    probabilities: npt.NDArray[np.float32]  # (10,), sum 1, also if it is no digit; all equal for a blank picture
    input: npt.NDArray[np.float32]  # (28, 28), 0 to 1: the picture that the network read
    alternative: int | None = None  # the second most probable digit; None without a digit
    unsure: bool = False  # whether both digits have similar probabilities, so that a program should name both
    digit_score: float = 0.0  # how sure it is that this is a digit, 0 to 1; below 0.5 it is refused; 0 if blank
    reason: str | None = None  # why there is no digit, a sentence of `reasons`; None with a digit
    several: bool = False  # whether digits seem to stand side by side: `recognize_string` reads those
    lines: bool = False  # whether digits seem to stand in several lines: `read` reads those

    def __repr__(self) -> str:
        return representation(self)

    def _repr_html_(self) -> str:
        """For notebooks: the picture that the network read, the answer, and the probabilities."""
        digit = self.reason or "no digit" if self.digit is None else f"{self.digit} ({self.confidence:.1%})"
        numbers = [str(number) for number in range(len(self.probabilities))]
        seen = f"{pages.picture(self.input, digit)}<div>{escape(digit)}</div>"
        return pages.beside(seen, pages.bars(self.probabilities.tolist(), numbers))


def digit_answer(
    shares: npt.NDArray[np.float32],
    field: npt.NDArray[np.float32],
    score: float = 0.0,
    *,
    several: bool = False,
    lines: bool = False,
) -> Recognition:
    """The answer for a picture that is taken for a digit: the two most probable ones, and whether they lie close."""
    digit, second = (int(index) for index in np.argsort(-shares, kind="stable")[:2])
    unsure = bool(shares[digit] - shares[second] < UNSURE_GAP)
    return Recognition(digit, float(shares[digit]), shares, field, second, unsure, score, several=several, lines=lines)
