"""Find what a row of digits should not have: other lines above or below it, and signs between its digits.

Only the parts of the ink decide. So a sign that touches a digit is not found, nor is a slash as steep as a 1.
"""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.preparation.components import Boxes, Labels
from fastcnn.handwriting.preparation.ink import Parts
from fastcnn.handwriting.preparation.layout import OVERLAP, boxes_of, count_lines

SEVERAL_LINES, SIGNS, UNSURE = "several_lines", "signs", "unsure"

SMALLEST = 0.01  # share of the largest part's ink; a dot has more
TALL = 0.5  # share of the highest part; digits of one writer are higher
LOW = 0.45  # share of the highest part; lower parts that stand alone are dots, commas and dashes
THIN = 0.2  # width by length; a straight stroke is narrower
LEANING_DEG = 16.0  # a straight stroke that leans more to the right is a slash; 3 % of 300 people's 1s are like that
MOST_PARTS = 100


def notes_of(parts: Parts) -> tuple[str, ...]:
    """The codes SEVERAL_LINES and SIGNS, if these were found."""
    numbers = np.flatnonzero(parts.amounts >= SMALLEST * parts.amounts.max())
    numbers = numbers[numbers > 0]
    if not 2 <= len(numbers) <= MOST_PARTS:
        return ()
    order = np.zeros(len(parts.amounts), np.int64)
    order[numbers] = np.arange(1, len(numbers) + 1)
    labels = order[parts.labels]
    boxes = boxes_of(labels, len(numbers))
    if count_lines(boxes) > 1:
        return (SEVERAL_LINES,)
    return (SIGNS,) if _has_low_sign(boxes) or _has_slash(labels, boxes) else ()


def _has_low_sign(boxes: Boxes) -> bool:
    """Whether a low part has no other part in its columns. The flag of a 5 is above its digit."""
    heights = boxes[:, 1] - boxes[:, 0]
    tall = boxes[heights >= TALL * heights.max()]
    for _, _, left, right in boxes[heights < LOW * heights.max()].tolist():
        shared = np.minimum(tall[:, 3], right) - np.maximum(tall[:, 2], left)
        if (shared <= OVERLAP * (right - left)).all():
            return True
    return False


def _has_slash(labels: Labels, boxes: Boxes) -> bool:
    heights = boxes[:, 1] - boxes[:, 0]
    for index in np.flatnonzero(heights >= TALL * heights.max()):
        top, bottom, left, right = boxes[index]
        y, x = np.nonzero(labels[top:bottom, left:right] == index + 1)
        if len(y) < 2:
            continue
        (thin, long), axes = np.linalg.eigh(np.cov(x, y))
        across, down = axes[:, 1]
        lean = np.rad2deg(np.arctan2(-across * np.sign(down), abs(down)))
        if thin <= THIN**2 * long and lean >= LEANING_DEG:
            return True
    return False
