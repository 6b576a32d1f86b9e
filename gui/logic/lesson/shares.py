"""The softmax, term by term, and the loss for each class that might be the true one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fastcnn.gui.logic.lesson.stages import Stage

LARGEST_EXPONENT = 700.0  # exp of more than this is no number in float64


@dataclass(frozen=True)
class Term:
    """One class: its score, exp(score - shift), its share, and the loss if it were the true class."""

    index: int
    score: float
    power: float
    share: float
    loss: float


@dataclass(frozen=True)
class Shares:
    """All terms. `shift` is 0, unless a score is too large for exp: then the largest score."""

    terms: tuple[Term, ...]
    total: float
    shift: float

    @property
    def best(self) -> int:
        """The class with the largest share."""
        return max(self.terms, key=lambda term: term.share).index


def shares_of(stage: Stage) -> Shares:
    """The terms of a softmax stage."""
    scores = [float(score) for score in stage.x]
    largest = max(scores)
    shift = largest if max(map(abs, scores)) > LARGEST_EXPONENT else 0.0
    powers = [math.exp(max(score - shift, -LARGEST_EXPONENT)) for score in scores]
    total = math.fsum(powers)
    logarithm = largest + math.log(math.fsum(math.exp(score - largest) for score in scores))
    terms = tuple(
        Term(index, score, power, power / total, logarithm - score)
        for index, (score, power) in enumerate(zip(scores, powers, strict=True))
    )
    return Shares(terms, total, shift)
