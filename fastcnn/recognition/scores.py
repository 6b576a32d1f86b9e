"""Measure how well a recognizer reads drawings of stroke files, with random sizes, places and pens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastcnn import metrics
from fastcnn.handwriting.drawings import Drawing, picture_of
from fastcnn.pace import Pace
from fastcnn.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from fastcnn.recognition.answer import Recognition

SURE = 0.99
CHUNK = 500  # canvases in memory at a time


@dataclass(frozen=True, eq=False)
class Scores:
    """The results of `score_drawings`. Shares are fractions.

    `evaluation` uses the probabilities, which a refused drawing has too. Everything else uses the answers: a refused
    drawing has no right answer.
    """

    evaluation: metrics.Evaluation
    right: int  # drawings with the right answer
    refused: int  # drawings without a digit
    writers: dict[str, tuple[int, int]]  # for each writer the right answers and the drawings, the worst writer first
    surely_wrong: float  # share of drawings with a wrong answer and a confidence above SURE
    unsure: float  # share of drawings for which the recognizer named two digits


def score_drawings(
    recognizer: Recognizer, drawings: Sequence[Drawing], *, seed: int = 0, turn_deg: float = 0.0
) -> Scores:
    """Draw each drawing once by `drawings.picture_of`, and recognize it.

    Parameters
    ----------
    seed : for the poses. The same seed gives the same canvases
    turn_deg : each drawing is rotated by a random angle of up to this many degrees to either side
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = np.array([drawing.label for drawing in drawings], np.int64)
    results: list[Recognition] = []
    pace = Pace(len(drawings), "drawings")
    for start in range(0, len(drawings), CHUNK):
        canvases = [picture_of(each, rng, turn_deg) for each in drawings[start : start + CHUNK]]
        results += recognizer.recognize_many(canvases)
        pace.add(len(canvases))
    evaluation = metrics.evaluate(np.stack([result.probabilities for result in results]), labels)
    refused = np.array([result.digit is None for result in results])
    right = np.array([result.digit == label for result, label in zip(results, labels, strict=True)])
    confidence = np.array([result.confidence for result in results])
    writers: dict[str, tuple[int, int]] = {}
    for drawing, good in zip(drawings, right, strict=True):
        hits, count = writers.get(drawing.writer, (0, 0))
        writers[drawing.writer] = hits + int(good), count + 1
    worst_first = dict(sorted(writers.items(), key=lambda item: (item[1][0] / item[1][1], item[0])))
    return Scores(
        evaluation,
        right=int(right.sum()),
        refused=int(refused.sum()),
        writers=worst_first,
        surely_wrong=float((~right & (confidence > SURE)).mean()),
        unsure=sum(result.unsure for result in results) / len(drawings),
    )
