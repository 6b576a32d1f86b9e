"""Find the line under a single digit: an underline, or the base of a 2 or a 1. How far it sticks out tells which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.underlines import remove_underlines
from fastcnn.handwriting.preparation.components import Components, Mask
from fastcnn.handwriting.preparation.planes import Plane

WIDEST = 2.4  # times the height of all ink: wider ink is no single digit and its line
DIGIT = 0.85  # of the height of all ink: the digit's
LOWEST = 0.25  # of it: the line lies so low
LENGTH = 0.5  # of the width of all ink
FLAT = 0.25  # of its length: a line that touches nothing is no higher
LEFT = 0.5  # of the height of all ink: what is left over the line is a digit
REMNANT = 0.12  # of the digit's height: lower parts are left from the line
NEAR = 0.12  # of the digit's height over the line: what stands on it


@dataclass(frozen=True, eq=False)
class LineUnder:
    """A line under a digit.

    without : (H, W) uint8, the ink without the line
    out : how far the line sticks out at the side where it sticks out less, as a share of the digit's height
    """

    without: Plane
    out: float


def find_line_under(page: Inked) -> LineUnder | None:
    """The line under a single digit; None if there is none."""
    mask = page.mask
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    if width > WIDEST * height:
        return None
    apart = _line_apart(page.parts, int(rows[-1]) + 1, width)
    if apart is not None:
        return LineUnder(page.without(apart).ink, width / height)
    tall = DIGIT * height
    lowest = np.zeros_like(mask)
    lowest[round(rows[-1] + 1 - LOWEST * height) :] = True
    without = remove_underlines(page, tall, lowest)
    gone = mask & ~without.mask
    if not gone.any():
        return None
    along = np.flatnonzero(gone.any(axis=0))
    left, right = int(along[0]), int(along[-1])
    if right - left < LENGTH * width:
        return None
    without = _largest(without, tall)
    rest = without.mask
    if not rest.any() or np.ptp(np.flatnonzero(rest.any(axis=1))) < LEFT * height:
        return None
    # The line may slope: what stands on it, or goes on at its ends, is found at each column.
    near = round(NEAR * tall)
    every = np.arange(max(0, left - near), min(mask.shape[1], right + near + 1))
    upper = np.interp(every, along, gone[:, along].argmax(axis=0))
    away = np.abs(upper - np.arange(len(mask))[:, np.newaxis])
    standing = every[(rest[:, every] & (away <= near)).any(axis=0)]
    out = max(0, min(int(standing[0]) - left, right - int(standing[-1]))) if len(standing) else right - left
    return LineUnder(without.ink, float(out) / tall)


def _line_apart(parts: Components, bottom: int, width: int) -> Mask | None:
    """The lowest part of the ink, if it is flat and long and the rest ends over it; None if it is not."""
    boxes = parts.boxes
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    lines = np.flatnonzero((boxes[:, 1] == bottom) & (widths >= LENGTH * width) & (heights <= FLAT * widths))
    if len(boxes) < 2 or len(lines) == 0:
        return None
    line = int(lines[0])
    others = np.delete(boxes, line, axis=0)
    if others[:, 1].max() > (boxes[line, 0] + boxes[line, 1]) / 2 or np.delete(heights, line).max() < widths[line] / 4:
        return None
    apart: Mask = parts.labels == line + 1
    return apart


def _largest(page: Inked, tall: float) -> Inked:
    """The ink without low parts: what is left of a line is no stroke."""
    labels, boxes = page.parts.labels, page.parts.boxes
    low = np.concatenate([[False], boxes[:, 1] - boxes[:, 0] < REMNANT * tall])
    return page.without(low[labels]) if low.any() and not low[1:].all() else page
