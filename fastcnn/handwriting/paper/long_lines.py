"""Find long, thin, straight runs of ink in the rows of a page: they may be rules, sides of boxes, or strokes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.paper.inked import Inked
from fastcnn.handwriting.paper.runs import Places, Runs, long_runs
from fastcnn.handwriting.preparation.components import Labels, Mask, components_of, places_in

LEAST = 0.03  # of the longer side: shorter runs are no rules
LEAST_PX = 16
BRIDGE = 0.006  # of the longer side: gaps in a rule
THIN, FLAT = 0.12, 0.25  # of its length; and of each run in it, where it bends
SIDE = 0.85  # of its part of the ink: the side of a box or a frame
CLEAN, ON_RULE = 0.15, 0.28  # of a run along a rule: columns that no stroke crosses, and such as are nearly as thin
UNBROKEN = 0.92  # of its length
EVEN = 1.1  # times its thickness
DEEPEST = 63  # pixels: deeper ink counts as that deep


@dataclass(frozen=True, eq=False)
class Lines:
    """Long runs across, numbered from 0; in pixels."""

    labels: Labels  # (H, W), a line's number + 1
    at: npt.NDArray[np.float64]  # (lines,) the row
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    thick: npt.NDArray[np.float64]
    thin: Mask  # whether it may be a rule
    side: Mask  # whether it is nearly as long as the part of the ink that it is in, as the sides of a box are
    unbroken: Mask  # whether it has ink nearly all along: a stroke in a box ends at gaps, which may be bridged
    even: Mask  # whether half of it is about as thin as its thinnest columns: few strokes cross it

    @property
    def length(self) -> npt.NDArray[np.int64]:
        return self.right - self.left


def find_long_lines(page: Inked, parts: Labels, wide: npt.NDArray[np.int64]) -> Lines:
    """All long runs across; `parts` are the connected parts of the mask, and `wide` is how wide each is."""
    mask, longest = page.mask, max(page.mask.shape)
    least = max(LEAST_PX, round(LEAST * longest))
    near = mask.copy()
    near[1:] |= mask[:-1]
    near[:-1] |= mask[1:]
    depth = page.down.length_at().T
    along = _along_rules(long_runs(near, least, round(BRIDGE * longest)), depth)
    found = components_of(along.starts, along.stops, mask.shape)
    labels, count = found.labels, found.count
    rows, columns = np.divmod(places_in(along.starts, along.lengths), mask.shape[1] + 1)
    inked = mask[rows, columns]
    rows, columns = rows[inked], columns[inked]
    own = labels[rows, columns] - 1
    middles = np.bincount(own, rows, count) / np.maximum(np.bincount(own, minlength=count), 1)
    left, right, part = np.full(count, mask.shape[1]), np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.minimum.at(left, own, columns)
    np.maximum.at(right, own, columns + 1)
    np.maximum.at(part, own, parts[rows, columns] - 1)
    (thick, usual), covered = _thickness(own, columns, depth[rows, columns], count)
    length = right - left
    thin = thick <= np.maximum(3, THIN * length)
    side = length >= SIDE * wide[part]
    even = usual <= EVEN * thick + 1
    return Lines(labels, middles, left, right, thick, thin, side, covered >= UNBROKEN * length, even)


def _thickness(
    own: Places, columns: Places, deep: npt.NDArray[np.int32], count: int
) -> tuple[npt.NDArray[np.float64], Places]:
    """How thick each of the lines is that some pixels belong to: in CLEAN of its columns it is as thin, or thinner; how
    thick in half of them; and how many columns have ink.

    Each column counts once, by its thinnest run of ink: strokes next to a line have more pixels in it than the line.
    """
    # Sorted numbers of line, column and depth: one key is sorted in a fifth of the time of three.
    wide, high = int(columns.max(initial=0)) + 1, int(deep.max(initial=0)) + 1
    places, deep = np.divmod(np.sort((own * wide + columns) * high + deep), high)
    first = np.diff(places, prepend=-1) != 0
    own, deep = np.divmod(np.sort(places[first] // wide * high + deep[first]), high)
    widths = np.bincount(own, minlength=count)
    found = np.zeros((2, count))
    some = widths > 0
    for share, each in zip((CLEAN, 0.5), found, strict=True):
        each[some] = deep[(np.cumsum(widths) - widths + (share * widths).astype(np.int64))[some]]
    return found, widths


def _along_rules(found: Runs, depth: npt.NDArray[np.int32]) -> Runs:
    """The long runs, without those that lie in a broad stroke: on a rule most columns are as thin as the thinnest."""
    number = np.repeat(np.arange(len(found.starts)), found.lengths)
    places = places_in(found.starts, found.lengths)
    deep = np.minimum(depth[np.divmod(places, found.shape[1] + 1)], DEEPEST)
    counts = np.bincount(number * (DEEPEST + 1) + deep, minlength=len(found.starts) * (DEEPEST + 1))
    counts = counts.reshape(-1, DEEPEST + 1)
    counts[:, 0] = 0  # no ink, but next to it
    sums = counts.cumsum(axis=1)
    inked = sums[:, -1]
    thinnest = (sums >= CLEAN * inked[:, np.newaxis]).argmax(axis=1)
    most = np.minimum(np.rint(1.6 * thinnest + 1.5), DEEPEST).astype(np.int64)
    thin = sums[np.arange(len(sums)), most]
    kept = (
        (inked > 0)
        & (thinnest <= np.maximum(3, FLAT * found.lengths))
        & (thin >= ON_RULE * inked)
        & (inked >= 0.5 * found.lengths)
    )
    return Runs(found.starts[kept], found.stops[kept], found.shape)
