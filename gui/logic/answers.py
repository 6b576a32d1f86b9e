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
    """

    digit: int | None
    confidence: float
    probabilities: Probabilities
    input: Field
    unsure: bool | None = None
    alternative: int | None = None

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
        )


class Kind(Enum):
    """How an answer is to be worded."""

    DIGIT = "digit"
    UNSURE = "unsure"
    NO_DIGIT = "no digit"


@dataclass(frozen=True)
class Verdict:
    """An answer in a form that needs only words: the digit, and with UNSURE the other that it may be."""

    kind: Kind
    digit: int | None
    other: int | None = None


def judge(answer: Answer) -> Verdict:
    """Decide how an answer is to be said; the recognizer's own word counts where it gives one."""
    if answer.digit is None:
        return Verdict(Kind.NO_DIGIT, None)
    order = np.argsort(-answer.probabilities, kind="stable")
    second = int(order[1] if order[0] == answer.digit else order[0])
    other = second if answer.alternative is None else answer.alternative
    gap = float(answer.probabilities[answer.digit] - answer.probabilities[second])
    unsure = gap < UNSURE_GAP if answer.unsure is None else answer.unsure
    return Verdict(Kind.UNSURE, answer.digit, other) if unsure else Verdict(Kind.DIGIT, answer.digit)
