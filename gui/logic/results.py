"""The answers of one network to all test pictures: its mistakes, and those of one kind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.engine import Set
from fastcnn.gui.logic.turns import Between, nothing, read_in_pieces

if TYPE_CHECKING:
    from fastcnn.metrics import Evaluation
    from fastcnn.network.committee import Network

SINGLE_REPEATS = 30


@dataclass(frozen=True, eq=False)
class Results:
    """The answers of a network to all test pictures, and its speed."""

    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]  # (N, 10)
    evaluation: Evaluation
    images_per_second: float
    picture_s: float  # median time of one picture alone

    @property
    def mistakes(self) -> list[int]:
        """The numbers of the pictures with a wrong answer, in rising order."""
        return [int(number) for number in np.flatnonzero(self.probabilities.argmax(axis=1) != self.labels)]

    def confusions(self, true: int, answer: int) -> list[int]:
        """The numbers of the pictures of `true` that were read as `answer`, the most confident first."""
        answers = self.probabilities.argmax(axis=1)
        found = np.flatnonzero((self.labels == true) & (answers == answer))
        order = np.argsort(-self.probabilities[found, answer], kind="stable")
        return [int(number) for number in found[order]]


def read_all(network: Network, test: Set, between: Between = nothing) -> Results:
    """Read all test pictures. This is slow: call it in a job. `between` is called between two pieces of the work."""
    from fastcnn.metrics import evaluate
    from fastcnn.network.calibration import calibrated

    images, labels = test
    waited_s = 0.0

    def wait(share: float) -> None:
        nonlocal waited_s
        start = time.perf_counter()
        between(share)
        waited_s += time.perf_counter() - start

    start = time.perf_counter()
    probabilities = read_in_pieces(network, images, wait).astype(np.float32)
    elapsed_s = time.perf_counter() - start - waited_s
    single_s = []
    for number in range(SINGLE_REPEATS):
        between(1.0)
        start = time.perf_counter()
        calibrated(network, images[number : number + 1])
        single_s.append(time.perf_counter() - start)
    evaluation = evaluate(probabilities, labels)
    return Results(labels, probabilities, evaluation, len(labels) / elapsed_s, float(np.median(single_s)))
