"""The paper's experiment under way: groups of digits, recognized one by one. No network, no file."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

from fastcnn.recognition.experiment import Trial

MNIST, HAND = "mnist", "hand"
DEFAULT_SIDE, MAX_SIDE = 10, 100  # groups, and digits in a group


@dataclass
class Session:
    """A running or finished experiment.

    mode : MNIST draws the digits from the test pictures, HAND asks the user for 0 to 9 in turn
    groups, size : the number of groups, and of digits in a group
    """

    mode: str
    groups: int
    size: int
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.mode not in (MNIST, HAND):
            raise ValueError(f"mode must be {MNIST} or {HAND}, not {self.mode!r}")
        if not all(type(side) is int and 1 <= side <= MAX_SIDE for side in (self.groups, self.size)):
            raise ValueError(f"groups and size must lie between 1 and {MAX_SIDE}, not {self.groups} and {self.size}")

    @property
    def total(self) -> int:
        """The number of digits of the whole experiment."""
        return self.groups * self.size

    @property
    def is_done(self) -> bool:
        """Whether all digits are done."""
        return len(self.trials) >= self.total

    @property
    def asked_digit(self) -> int:
        """The digit that the user must draw now: 0 to 9 in turn, from 0 in each group."""
        return len(self.trials) % self.size % 10

    def copy(self) -> Session:
        """A copy with the results so far, for work on another thread."""
        return replace(self, trials=list(self.trials))

    def add(self, trial: Trial) -> None:
        """Note one digit; ValueError if all are done."""
        if self.is_done:
            raise ValueError("the experiment is done")
        self.trials.append(trial)

    def to_csv(self) -> str:
        """A table with a line for each digit. Shares are fractions."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["group", "number", "truth", "answer", "right", "confidence", "network"])
        for index, trial in enumerate(self.trials):
            answer = "" if trial.answer is None else trial.answer
            place = (index // self.size + 1, index % self.size + 1)
            writer.writerow([*place, trial.truth, answer, int(trial.right), f"{trial.confidence:.6f}", trial.network])
        return buffer.getvalue()

    def to_json(self) -> bytes:
        """A form for a file. `from_json` reads it."""
        return json.dumps({**vars(self), "trials": [vars(trial) for trial in self.trials]}).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Session:
        """Read the result of `to_json`; ValueError for anything else."""
        try:
            found: dict[str, Any] = json.loads(content)
            trials = [_trial(each) for each in found.pop("trials")]
            session = cls(**found, trials=trials)
        except (AttributeError, KeyError, TypeError, RecursionError, OverflowError) as error:
            raise ValueError(f"this is no experiment: {error}") from None
        if len(trials) > session.total:
            raise ValueError("this is no experiment: it has more digits than it should")
        return session


def _trial(found: dict[str, Any]) -> Trial:
    trial = Trial(**found)
    digits = [each for each in (trial.truth, trial.answer) if each is not None]
    are_digits = trial.truth is not None and all(type(each) is int and each in range(10) for each in digits)
    if not are_digits or not 0 <= float(trial.confidence) <= 1.001:  # 1 may have been rounded up; NaN is refused too
        raise ValueError(f"this is no experiment: {trial}")
    return Trial(trial.truth, trial.answer, float(trial.confidence), str(trial.network))
