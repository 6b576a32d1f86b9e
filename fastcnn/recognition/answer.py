"""What a network made of one picture, and whether it is sure of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UNSURE_GAP = 0.3  # of probability, between the first digit and the second: below it both are named


@dataclass(frozen=True, eq=False)
class Recognition:
    """What a network made of one picture."""

    digit: int | None  # None where the picture is no digit
    confidence: float  # the digit's probability, 0 to 1; 0 without a digit
    probabilities: npt.NDArray[np.float32]  # (10,), sums to 1, also of what is no digit; all equal on a blank picture
    input: npt.NDArray[np.float32]  # (28, 28), 0 to 1: what the network saw
    alternative: int | None = None  # the second most probable digit; None without a digit
    unsure: bool = False  # whether the two lie so close together that both should be named
    digit_score: float = 0.0  # how surely it is a digit at all, 0 to 1; below 0.5 it is refused; 0 on a blank picture
    reason: str | None = None  # why there is no digit, a sentence of `reasons`; None with a digit
    several: bool = False  # whether digits seem to stand side by side: `recognize_string` reads those


def digit_answer(
    shares: npt.NDArray[np.float32], field: npt.NDArray[np.float32], score: float = 0.0, *, several: bool = False
) -> Recognition:
    """The answer for a picture that is taken for a digit: the two most probable ones, and whether they lie close."""
    digit, second = (int(index) for index in np.argsort(-shares, kind="stable")[:2])
    unsure = bool(shares[digit] - shares[second] < UNSURE_GAP)
    return Recognition(digit, float(shares[digit]), shares, field, second, unsure, score, several=several)
