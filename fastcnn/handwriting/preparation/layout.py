"""The arrangement of the ink's parts: a frame round the others, a sheet of paper with a hole, or a row of digits.

A picture that is cropped tightly to a digit has ink on all four edges too, but only at a few places. A frame or a sheet
lies along the edges. All lengths are in the blocks of `ink.find_parts`.
"""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.components import Boxes, Labels, Mask
from fastcnn.handwriting.preparation.ink import SOLID, Parts

ALONG = 0.75  # of an edge: ink on so much of it runs along it
BAND = 0.08  # of a frame's side: a line drawn by hand lies within it
FILLED = 0.5  # of its rectangle: a sheet with a digit in it has more ink, a digit by an ordinary pen less
NARROWEST = 0.4  # of its length: a bar is a 1
RECTANGLE = 0.93  # of the smallest rectangle round it: an ellipse fills 0.79
TURNS_DEG = np.arange(-15.0, 15.1, 1.5)  # of a sheet or a photograph
MOST_PARTS = 40  # a picture of more is texture
NEIGHBOUR_HEIGHT = 0.55  # of the highest: lower parts belong to a digit or are signs
OVERLAP = 0.3  # of the narrower: parts that share so many columns are one digit
LOWEST = 0.4  # of the height of all ink: lower ones are scattered parts, and no digits
ROW_WIDTH = 0.95  # of the height: two digits side by side are wider, the halves of a broken one are not
LINE = 0.3  # share of the highest part; higher parts make a line, even if it is of smaller writing
SHARED = 0.2  # share of the lower part's rows; parts that share more are in one line
LEAST_OF_PAGE = 3  # parts; the halves of a broken digit are two
RULED = 0.97  # of a row or a column: a line goes from edge to edge


def judge(parts: Parts) -> tuple[str | None, bool, bool]:
    """What more than a digit the ink is.

    Returns
    -------
    The reason (of `reasons`) why it is more than a digit, or None; whether it is a row of digits; and whether there are
    several lines of them.
    """
    numbers = np.flatnonzero(parts.kept)
    if not 1 <= len(numbers) <= MOST_PARTS:
        return None, False, False
    order = np.zeros(len(parts.kept), np.int64)
    order[numbers] = np.arange(1, len(numbers) + 1)
    labels = order[parts.labels]
    boxes = boxes_of(labels, len(numbers))
    reason = find_frame(labels, boxes)
    row = reason is None and is_row(boxes)
    return reason, row, reason is None and len(boxes) >= LEAST_OF_PAGE and count_lines(boxes) > 1


def boxes_of(labels: Labels, count: int) -> Boxes:
    """The rectangle round each part, beginning with label 1."""
    rows, columns = np.nonzero(labels)
    own = labels[rows, columns] - 1
    boxes = np.zeros((count, 4), np.int64)
    boxes[:, 0], boxes[:, 2] = labels.shape
    np.minimum.at(boxes[:, 0], own, rows)
    np.maximum.at(boxes[:, 1], own, rows + 1)
    np.minimum.at(boxes[:, 2], own, columns)
    np.maximum.at(boxes[:, 3], own, columns + 1)
    return boxes


def find_frame(labels: Labels, boxes: Boxes) -> str | None:
    """The reason (of `reasons`) why the ink is more than a digit: a frame or a sheet; None if there is neither."""
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    outer = int((heights * widths).argmax())
    if min(heights[outer], widths[outer]) < NARROWEST * max(heights[outer], widths[outer]):
        return None
    top, bottom, left, right = boxes[outer]
    part = labels[top:bottom, left:right] == outer + 1
    if part.shape == labels.shape:
        along = _runs_along(part, 0.0)
        if (along[0] or along[1]) and (along[2] or along[3]):
            return reasons.EDGES
    if _is_sheet(part, labels.size):
        return reasons.EDGES
    inside = (boxes[:, 0] > top) & (boxes[:, 1] < bottom) & (boxes[:, 2] > left) & (boxes[:, 3] < right)
    if inside.any() and all(_runs_along(part, BAND)):
        return reasons.FRAME
    return None


def is_row(boxes: Boxes) -> bool:
    """Whether parts of similar height stand next to each other, like the digits of a number."""
    heights = boxes[:, 1] - boxes[:, 0]
    if heights.max() < LOWEST * (boxes[:, 1].max() - boxes[:, 0].min()):
        return False
    tall = boxes[heights >= NEIGHBOUR_HEIGHT * heights.max()]
    groups: list[list[int]] = []
    for left, right in tall[tall[:, 2].argsort(), 2:].tolist():
        shared = groups[-1][1] - left if groups else 0
        if groups and shared > OVERLAP * min(right - left, groups[-1][1] - groups[-1][0]):
            groups[-1][1] = max(right, groups[-1][1])
        else:
            groups.append([left, right])
    return len(groups) >= 2 and groups[-1][1] - groups[0][0] >= ROW_WIDTH * heights.max()


def count_lines(boxes: Boxes) -> int:
    """The number of lines that the high parts stand in, one above the other."""
    heights = boxes[:, 1] - boxes[:, 0]
    lines, bottom = 0, 0
    for top, end in sorted(boxes[heights >= LINE * heights.max(), :2].tolist()):
        if lines == 0 or bottom - top < SHARED * (end - top):
            lines += 1
        bottom = max(bottom, end)
    return lines


def may_be_ruled(parts: Parts) -> bool:
    """Whether a row or a column of the picture is ink from edge to edge, as a line is, or a digit cropped tightly."""
    inked = parts.labels > 0
    return bool(inked.mean(axis=1).max() >= RULED or inked.mean(axis=0).max() >= RULED)


def _runs_along(part: Mask, band: float) -> tuple[bool, bool, bool, bool]:
    """Whether ink lies along the top, the bottom, the left and the right of the part's rectangle, within a band."""
    deep, wide = (max(1, round(band * side)) for side in part.shape)
    sides = part[:deep].any(axis=0), part[-deep:].any(axis=0), part[:, :wide].any(axis=1), part[:, -wide:].any(axis=1)
    top, bottom, left, right = (bool(side.mean() >= ALONG) for side in sides)
    return top, bottom, left, right


def _is_sheet(part: Mask, picture: int) -> bool:
    """Whether a part is a filled rectangle. It may be rotated a little and may have holes."""
    if part.sum() < max(SOLID * picture, FILLED * part.size):
        return False
    lefts, rights = part.argmax(axis=1), part.shape[1] - part[:, ::-1].argmax(axis=1)
    rows = np.arange(len(part))
    y, x = np.concatenate([rows, rows, rows + 1, rows + 1]), np.concatenate([lefts, rights, lefts, rights])
    turns = np.deg2rad(TURNS_DEG)[:, np.newaxis]
    across, down = x * np.cos(turns) + y * np.sin(turns), y * np.cos(turns) - x * np.sin(turns)
    smallest = float((np.ptp(across, axis=1) * np.ptp(down, axis=1)).min())
    return float((rights - lefts).sum()) >= RECTANGLE * smallest
