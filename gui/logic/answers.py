"""A network's answer, and how to show it. Only this file decides between sure, unsure and no digit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]
Field = npt.NDArray[np.float32]

UNSURE_GAP = 0.3  # if the two largest probabilities differ by less, the second digit is named too


@dataclass(frozen=True, eq=False)
class Answer:
    """A network's answer to one picture.

    digit : None if the picture is no digit
    probabilities : (10,), sums to 1
    input : (28, 28), 0 to 1: the picture that the network read
    unsure : whether the recognizer is unsure; None if it does not say
    alternative : the other digit that it may be
    several : whether there seem to be several digits, which were read as one
    reason : the recognizer's sentence why there is no digit, or None
    """

    digit: int | None
    confidence: float
    probabilities: Probabilities
    input: Field
    unsure: bool | None = None
    alternative: int | None = None
    several: bool = False
    reason: str | None = None

    @classmethod
    def of(cls, recognition: Any) -> Answer:
        """From the result of `Recognizer.recognize`, with the recognizer's doubts if it has any."""
        return cls(
            recognition.digit,
            recognition.confidence,
            recognition.probabilities,
            recognition.input,
            getattr(recognition, "unsure", None),
            getattr(recognition, "alternative", None),
            recognition.several,
            recognition.reason,
        )


class Kind(Enum):
    """The kinds of sentences for an answer."""

    DIGIT = "digit"
    UNSURE = "unsure"
    NO_DIGIT = "no digit"


@dataclass(frozen=True)
class Verdict:
    """An answer that only needs words: the digit, with UNSURE the other possible digit, or why there is none."""

    kind: Kind
    digit: int | None
    other: int | None = None
    several: bool = False
    reason: str | None = None


def judge(answer: Answer) -> Verdict:
    """Decide how to show an answer. If the recognizer says whether it is unsure, that counts."""
    if answer.digit is None:
        return Verdict(Kind.NO_DIGIT, None, several=answer.several, reason=answer.reason)
    order = np.argsort(-answer.probabilities, kind="stable")
    second = int(order[1] if order[0] == answer.digit else order[0])
    other = second if answer.alternative is None else answer.alternative
    gap = float(answer.probabilities[answer.digit] - answer.probabilities[second])
    unsure = gap < UNSURE_GAP if answer.unsure is None else answer.unsure
    if unsure:
        return Verdict(Kind.UNSURE, answer.digit, other, answer.several)
    return Verdict(Kind.DIGIT, answer.digit, several=answer.several)
