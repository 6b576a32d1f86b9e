"""The connected parts of a page's ink: their places, the height of the writing and the width of the pen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Boxes, Labels, Mask, find_components, grown
from fastcnn.handwriting.preparation.planes import Plane

INKED = 64  # of 255: a quarter of the full ink, so that neighbours whose soft edges meet are apart
MOST_PARTS = 600  # the parts with the least ink are left out where there are more
SPECK = 0.55  # of the pen's width: smaller parts are no dots
LEAST_INK = 0.2  # of a dot's
FAINT = 0.4  # of the median part's darkest ink: paler parts are the other side's writing
GIANT = 4.0  # times the height of the writing: taller parts are no digits
LOW, LONG = 0.4, 2.6  # times the height of the writing: lower and longer parts are lines


@dataclass(frozen=True, eq=False)
class PageParts:
    """Parts of the ink that may be digits or signs, numbered from 0; a part's label is its number + 1."""

    ink: Plane
    labels: Labels  # (H, W), 0 for all else
    boxes: Boxes  # top, bottom, left, right; bottom and right are excluded
    tall: float  # the height of the writing, in pixels
    pen: float  # the width of its strokes
    pale: bool = False  # whether paler parts were left out

    @property
    def count(self) -> int:
        return len(self.boxes)

    @cached_property
    def heights(self) -> npt.NDArray[np.int64]:
        return self.boxes[:, 1] - self.boxes[:, 0]

    @cached_property
    def widths(self) -> npt.NDArray[np.int64]:
        return self.boxes[:, 3] - self.boxes[:, 2]

    @cached_property
    def rectangles(self) -> list[tuple[int, int, int, int]]:
        """The boxes as numbers of Python, which are faster one by one."""
        return list(map(tuple, self.boxes.tolist()))

    def around(self, numbers: list[int]) -> tuple[int, int, int, int]:
        """The rectangle round some parts: top, bottom, left, right."""
        tops, bottoms, lefts, rights = zip(*(self.rectangles[number] for number in numbers), strict=True)
        return min(tops), max(bottoms), min(lefts), max(rights)

    def mask(self, number: int) -> Mask:
        """One part, in its rectangle."""
        top, bottom, left, right = self.boxes[number]
        found: Mask = self.labels[top:bottom, left:right] == number + 1
        return found

    def select(self, numbers: list[int]) -> tuple[Plane, int, int]:
        """The ink of some parts with their soft edges, and the column and the row where it begins."""
        top, bottom, left, right = self.around(numbers)
        top, left = max(0, top - 2), max(0, left - 2)
        labels = self.labels[top : bottom + 2, left : right + 2]
        wanted = np.isin(labels, np.array(numbers) + 1) if len(numbers) > 1 else labels == numbers[0] + 1
        paper = labels == 0
        for _ in range(2):  # soft edges are two pixels wide, and belong to no part
            wanted = wanted | (grown(wanted) & paper)
        return np.where(wanted, self.ink[top : bottom + 2, left : right + 2], np.uint8(0)), left, top


def find_parts_of_page(ink: Plane) -> PageParts | None:
    """The parts of a page's ink, without specks, lines and what shows through; None if nothing is left."""
    mask = ink >= INKED
    found = find_components(mask)
    labels, boxes, amounts, count = found.labels, found.boxes, found.sizes, found.count
    if count == 0:
        return None
    heights, widths = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    edges = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    pen = max(1.0, 2 * float(mask.sum()) / max(edges * np.pi / 4, 1.0))
    tall = _height_of_writing(heights, widths, amounts)
    darkest = np.zeros(count + 1, np.uint8)
    np.maximum.at(darkest, labels[mask], ink[mask])
    typical = float(np.median(np.repeat(darkest[1:], np.minimum(amounts, 1000))))
    kept = (np.maximum(heights, widths) >= SPECK * pen) & (amounts >= LEAST_INK * pen * pen)
    pale = kept & (darkest[1:] < FAINT * typical)
    kept &= ~pale & (heights <= GIANT * tall)
    kept &= (heights >= LOW * tall) | (widths <= LONG * tall)
    numbers = np.flatnonzero(kept)
    if len(numbers) > MOST_PARTS:
        numbers = np.sort(numbers[np.argsort(-amounts[numbers], kind="stable")[:MOST_PARTS]])
    if len(numbers) == 0:
        return None
    order = np.zeros(count + 1, np.int64)
    order[numbers + 1] = np.arange(1, len(numbers) + 1)
    return PageParts(ink, order[labels], boxes[numbers], tall, pen, bool(pale.any()))


def _height_of_writing(
    heights: npt.NDArray[np.int64], widths: npt.NDArray[np.int64], amounts: npt.NDArray[np.int64]
) -> float:
    """The median over the ink of the parts' heights; flat parts such as lines do not count where others are."""
    upright = heights >= 0.35 * widths
    if upright.any():
        heights, amounts = heights[upright], amounts[upright]
    order = np.argsort(heights, kind="stable")
    total = amounts[order].cumsum()
    return float(heights[order][np.searchsorted(total, total[-1] / 2)])
