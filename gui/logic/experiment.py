"""The paper's experiment: groups of digits, recognized one by one, and what came of them. No network, no file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

from fastcnn.metrics import wilson_interval

MNIST, HAND = "mnist", "hand"
DEFAULT_SIDE, MAX_SIDE = 10, 100  # groups, and digits in a group


@dataclass(frozen=True)
class Trial:
    """One digit: what it was, what the network said and how sure it was, and which network."""

    truth: int
    answer: int | None
    confidence: float
    network: str


@dataclass(frozen=True)
class Summary:
    """All that the charts show; shares are fractions, None where there is nothing to divide by."""

    count: int
    right: int
    interval: tuple[float, float] | None  # of the accuracy, 95 %
    mean_confidence: float | None
    group_rates: tuple[float | None, ...]
    digit_rates: tuple[float | None, ...]

    @property
    def accuracy(self) -> float | None:
        """The share of right answers."""
        return self.right / self.count if self.count else None


@dataclass
class Session:
    """An experiment under way or done.

    mode : MNIST draws the digits from the test pictures, HAND asks the user for 0 to 9 in turn
    groups, size : so many groups of so many digits
    """

    mode: str
    groups: int
    size: int
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.mode not in (MNIST, HAND):
            raise ValueError(f"mode must be {MNIST} or {HAND}, not {self.mode!r}")
        if not (1 <= self.groups <= MAX_SIDE and 1 <= self.size <= MAX_SIDE):
            raise ValueError(f"groups and size must lie between 1 and {MAX_SIDE}, not {self.groups} and {self.size}")

    @property
    def total(self) -> int:
        """How many digits it will have."""
        return self.groups * self.size

    @property
    def is_done(self) -> bool:
        """Whether all digits are done."""
        return len(self.trials) >= self.total

    @property
    def asked_digit(self) -> int:
        """The digit that the user is to draw now: 0 to 9 in turn, from 0 in each group."""
        return len(self.trials) % self.size % 10

    def copy(self) -> Session:
        """What has come of it so far, for work beside."""
        return replace(self, trials=list(self.trials))

    def add(self, trial: Trial) -> None:
        """Note one digit; ValueError where all are done."""
        if self.is_done:
            raise ValueError("the experiment is done")
        self.trials.append(trial)

    def summary(self) -> Summary:
        """What has come of it so far."""
        trials = self.trials
        right = [trial.answer == trial.truth for trial in trials]
        groups = [right[start : start + self.size] for start in range(0, self.total, self.size)]
        digits: list[list[bool]] = [[] for _ in range(10)]
        for good, trial in zip(right, trials, strict=True):
            digits[trial.truth].append(good)
        return Summary(
            len(trials),
            sum(right),
            wilson_interval(sum(right), len(trials)) if trials else None,
            sum(trial.confidence for trial in trials) / len(trials) if trials else None,
            tuple(map(_rate, groups)),
            tuple(map(_rate, digits)),
        )

    def to_csv(self) -> str:
        """A table with a line for each digit; shares are fractions."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["group", "number", "truth", "answer", "right", "confidence", "network"])
        for index, trial in enumerate(self.trials):
            answer = "" if trial.answer is None else trial.answer
            right = int(trial.answer == trial.truth)
            place = (index // self.size + 1, index % self.size + 1)
            writer.writerow([*place, trial.truth, answer, right, f"{trial.confidence:.6f}", trial.network])
        return buffer.getvalue()

    def to_json(self) -> bytes:
        """A form for a file; `from_json` reads it."""
        return json.dumps({**vars(self), "trials": [vars(trial) for trial in self.trials]}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Session:
        """Read what `to_json` gave; ValueError for anything else."""
        try:
            found: dict[str, Any] = json.loads(content)
            trials = [_trial(each) for each in found.pop("trials")]
            session = cls(**found, trials=trials)
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"this is no experiment: {error}") from None
        if len(trials) > session.total:
            raise ValueError("this is no experiment: it has more digits than it should")
        return session


def _trial(found: dict[str, Any]) -> Trial:
    trial = Trial(**found)
    digits = range(10)
    if trial.truth not in digits or (trial.answer is not None and trial.answer not in digits):
        raise ValueError(f"this is no experiment: {trial}")
    return Trial(trial.truth, trial.answer, float(trial.confidence), str(trial.network))


def _rate(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None
