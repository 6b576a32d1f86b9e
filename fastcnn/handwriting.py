"""How well a recognizer reads drawings: stroke files drawn at random sizes and places with random pens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastcnn import metrics
from fastcnn.arrays import Array
from fastcnn.strokes import Drawing, picture_of

if TYPE_CHECKING:
    from fastcnn.recognizer import Recognizer

SURE = 0.99
CHUNK = 500  # canvases in memory at once


@dataclass(frozen=True, eq=False)
class Scores:
    """What `score_drawings` measured; shares are fractions."""

    evaluation: metrics.Evaluation
    writers: dict[str, tuple[int, int]]  # right answers and drawings of each, the worst writer first
    surely_wrong: float  # share of the drawings with a wrong answer at more than SURE confidence
    unsure: float  # share where the recognizer named two digits


def score_drawings(
    recognizer: Recognizer, drawings: Sequence[Drawing], *, seed: int = 0, turn_deg: float = 0.0
) -> Scores:
    """Draw each drawing once, as `strokes.picture_of` says, and recognize it.

    Parameters
    ----------
    seed : of the poses; the same seed, the same canvases
    turn_deg : each is turned by up to so many degrees to either side

    A drawing that is taken for no digit counts as wrong, with even probabilities.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = np.array([drawing.label for drawing in drawings], np.int64)
    probabilities: list[Array] = []
    unsure = 0
    for start in range(0, len(drawings), CHUNK):
        canvases = [picture_of(each, rng, turn_deg) for each in drawings[start : start + CHUNK]]
        results = recognizer.recognize_many(canvases)
        # Even probabilities would count as the answer 0.
        probabilities += [result.probabilities for result in results]
        unsure += sum(result.unsure for result in results)
    table = np.stack(probabilities)
    evaluation = metrics.evaluate(table, labels)
    right = table.argmax(axis=1) == labels
    writers: dict[str, tuple[int, int]] = {}
    for drawing, good in zip(drawings, right, strict=True):
        hits, count = writers.get(drawing.writer, (0, 0))
        writers[drawing.writer] = hits + int(good), count + 1
    worst_first = dict(sorted(writers.items(), key=lambda item: (item[1][0] / item[1][1], item[0])))
    surely_wrong = float((~right & (table.max(axis=1) > SURE)).mean())
    return Scores(evaluation, worst_first, surely_wrong, unsure / len(drawings))
