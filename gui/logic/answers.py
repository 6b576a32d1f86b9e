"""What a network answered, and how that is to be said: the one place that decides between sure, unsure and no digit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]
Field = npt.NDArray[np.float32]

UNSURE_GAP = 0.3  # below this distance of the two largest probabilities the second is named too


@dataclass(frozen=True, eq=False)
class Answer:
    """A network's answer to one picture.

    digit : None where the picture is no digit
    probabilities : (10,), sums to 1
    input : (28, 28), 0 to 1: what the network saw
    unsure : the recognizer's own word on it; None where it has none
    alternative : the digit that it may be instead
    several : whether there seem to be several digits, which were read as one
    reason : why there is no digit, in the recognizer's own sentence; None where it has none
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
        """From what `Recognizer.recognize` returned, with the recognizer's own doubts where it has any."""
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
    """How an answer is to be worded."""

    DIGIT = "digit"
    UNSURE = "unsure"
    NO_DIGIT = "no digit"


@dataclass(frozen=True)
class Verdict:
    """An answer in a form that needs only words: the digit, with UNSURE the other that it may be, why it is none."""

    kind: Kind
    digit: int | None
    other: int | None = None
    several: bool = False
    reason: str | None = None


def judge(answer: Answer) -> Verdict:
    """Decide how an answer is to be said; the recognizer's own word counts where it gives one."""
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
