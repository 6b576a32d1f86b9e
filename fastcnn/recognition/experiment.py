"""The paper's experiments: recognize groups of digits, and compute the numbers of the paper's figures and some more.

The paper's recognition rate is the mean confidence. The result also has the accuracy with its 95 % Wilson interval,
which is wide for ten digits in a group or a hundred in all. Numbers of figures are those of the paper. A refused digit
counts as wrong, with a confidence of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.digits import CLASSES
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import Drawing, picture_of
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.metrics import wilson_interval

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.prepare import Field
    from fastcnn.recognition.recognizer import Recognizer

# The mistake in the paper's figure 11: a 9 was read as a 1.
PAPER_MISTAKE = {"truth": 9, "answer": 1, "confidence": 0.9994}


@dataclass(frozen=True)
class Trial:
    """One digit: what it was, what was answered and how surely, and by which network."""

    truth: int
    answer: int | None
    confidence: float
    network: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer is the truth."""
        return self.answer == self.truth

    def describe(self) -> dict[str, Any]:
        """Truth, answer and confidence, JSON-able."""
        return {"truth": self.truth, "answer": self.answer, "confidence": self.confidence}


@dataclass(frozen=True, eq=False)
class ShownTrial(Trial):
    """The same with the picture, and with what the network saw of it."""

    picture: Plane = field(kw_only=True)
    seen: Field = field(kw_only=True)


@dataclass(frozen=True)
class Rates:
    """The results for some digits. Shares are fractions, or None if there is no digit."""

    name: str
    count: int
    right: int
    mean_confidence: float | None
    refused: int = 0  # wrong digits that were refused

    @property
    def accuracy(self) -> float | None:
        """The share of right answers."""
        return self.right / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The accuracy's 95 % Wilson interval."""
        return wilson_interval(self.right, self.count) if self.count else None

    def describe(self) -> dict[str, Any]:
        """All numbers, ready for JSON."""
        low, high = self.interval or (None, None)
        return {
            "name": self.name, "count": self.count, "right": self.right, "accuracy": self.accuracy,
            "accuracy_low": low, "accuracy_high": high, "mean_confidence": self.mean_confidence,
            "refused": self.refused,
        }  # fmt: skip


def rates(name: str, trials: Sequence[Trial]) -> Rates:
    """The rates of some trials."""
    mean = float(np.mean([trial.confidence for trial in trials])) if trials else None
    refused = sum(trial.answer is None for trial in trials)
    return Rates(name, len(trials), sum(trial.right for trial in trials), mean, refused)


def by_group(trials: Sequence[Trial], groups: int, size: int) -> list[Rates]:
    """The rates of each group of so many trials, whether it is complete, begun or still to come."""
    return [rates(str(i + 1), trials[i * size : (i + 1) * size]) for i in range(groups)]


def by_digit(trials: Sequence[Trial]) -> list[Rates]:
    """The rates of each digit."""
    return [rates(str(d), [trial for trial in trials if trial.truth == d]) for d in range(CLASSES)]


@dataclass(frozen=True, eq=False)
class Experiment:
    """An experiment that was done: groups of so many trials."""

    mode: str
    size: int
    trials: tuple[ShownTrial, ...]

    def by_group(self) -> list[Rates]:
        """The rates of each group, and of all."""
        return [*by_group(self.trials, len(self.trials) // self.size, self.size), rates("all", self.trials)]

    def by_digit(self) -> list[Rates]:
        """The rates of each digit."""
        return by_digit(self.trials)

    def worst(self) -> ShownTrial | None:
        """The most confident mistake."""
        wrong = [trial for trial in self.trials if not trial.right]
        return max(wrong, key=lambda trial: trial.confidence, default=None)

    def describe(self) -> dict[str, Any]:
        """All rates, ready for JSON."""
        worst = self.worst()
        return {
            "mode": self.mode,
            "groups": [each.describe() for each in self.by_group()],
            "digits": [each.describe() for each in self.by_digit()],
            "most_confident_mistake": None if worst is None else worst.describe(),
            "paper_mistake": PAPER_MISTAKE,
        }


def run_mnist(
    recognizer: Recognizer, images: Plane, labels: Sequence[int], groups: int, size: int, seed: int
) -> Experiment:
    """Recognize groups of pictures, chosen at random from (N, H, W) uint8. No picture is chosen twice.

    Raises
    ------
    FastcnnError
        If there are not enough pictures.
    """
    chosen = _choose(len(images), groups * size, seed)
    return _run(recognizer, "mnist", [(int(labels[i]), images[i]) for i in chosen], size)


def run_handwriting(
    recognizer: Recognizer, drawings: Sequence[Drawing], groups: int, size: int, seed: int
) -> Experiment:
    """Recognize groups of drawings chosen at random. `drawings.picture_of` draws each. Errors as for `run_mnist`."""
    chosen = _choose(len(drawings), groups * size, seed)
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    digits = [(drawings[i].label, picture_of(drawings[i], rng)) for i in chosen]
    return _run(recognizer, "handwriting", digits, size)


def _choose(count: int, wanted: int, seed: int) -> list[int]:
    if wanted > count:
        raise FastcnnError(
            "there are {count} digits, not {wanted}; ask for fewer groups or smaller ones",
            count=f"{count:,}", wanted=f"{wanted:,}",
        )  # fmt: skip
    rng = np.random.Generator(np.random.PCG64(seed))
    return [int(index) for index in rng.permutation(count)[:wanted]]


def _run(recognizer: Recognizer, mode: str, digits: list[tuple[int, Plane]], size: int) -> Experiment:
    results = recognizer.recognize_many([picture for _, picture in digits])
    trials = tuple(
        ShownTrial(truth, each.digit, each.confidence, picture=picture, seen=each.input)
        for (truth, picture), each in zip(digits, results, strict=True)
    )
    return Experiment(mode, size, trials)
