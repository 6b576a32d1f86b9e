"""Connected parts of a mask. A run of pixels in a row is joined with the runs that it touches in the next row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.int64]  # (parts, 4): top, bottom, left, right; bottom and right are excluded


@dataclass(frozen=True, eq=False)
class Components:
    """The connected parts of a mask, counted from 1 in the order of their first pixels."""

    labels: Labels  # (H, W), 0 outside
    count: int
    rows: Labels  # of each run of pixels in a row; runs are far fewer than pixels
    lefts: Labels
    lengths: Labels
    owners: Labels  # the part that each run is of, from 0

    @cached_property
    def boxes(self) -> Boxes:
        """The rectangle round each part, that of part 1 first."""
        boxes = np.zeros((self.count, 4), np.int64)
        boxes[:, 0], boxes[:, 2] = self.labels.shape
        np.minimum.at(boxes[:, 0], self.owners, self.rows)
        np.maximum.at(boxes[:, 1], self.owners, self.rows + 1)
        np.minimum.at(boxes[:, 2], self.owners, self.lefts)
        np.maximum.at(boxes[:, 3], self.owners, self.lefts + self.lengths)
        return boxes

    @cached_property
    def sizes(self) -> Labels:
        """(parts,) the pixels in each."""
        return np.bincount(self.owners, self.lengths, self.count).astype(np.int64)


def label_components(mask: Mask) -> tuple[Labels, int]:
    """The labels of `find_components`, and the number of parts."""
    found = find_components(mask)
    return found.labels, found.count


def grown(mask: Mask) -> Mask:
    """The mask and the pixels at its sides."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def spread(labels: Labels, inside: Mask) -> Labels:
    """The labels, and in pixels inside that have none the largest label at their sides."""
    wide = np.pad(labels, 1)
    beside = np.maximum.reduce([wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]])
    return np.where((labels == 0) & inside, beside, labels)


def row_runs(mask: Mask) -> tuple[Labels, Labels]:
    """Where the runs of pixels in the rows of a mask (H, W) begin and end, as places in rows with one more pixel.

    That pixel is background: it separates the runs of two rows.
    """
    height, width = mask.shape
    flat = np.zeros(height * (width + 1) + 1, bool)
    flat[1:].reshape(height, width + 1)[:, :width] = mask
    starts, stops = np.flatnonzero(flat[1:] != flat[:-1]).reshape(-1, 2).T.copy()
    return starts, stops


def places_in(starts: Labels, lengths: Labels) -> Labels:
    """The places of some runs, one run after the other."""
    return np.arange(int(lengths.sum())) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)


def find_components(mask: Mask) -> Components:
    """Number the connected parts of a mask (H, W). Pixels that touch at a corner are connected too."""
    return components_of(*row_runs(mask), mask.shape)


def components_of(starts: Labels, stops: Labels, shape: tuple[int, ...]) -> Components:
    """The connected parts of a mask (H, W) that some runs are the pixels of, as `row_runs` gives them."""
    height, width = shape
    pitch = width + 1
    roots = _join(*_touching(starts, stops, pitch), len(starts))
    kept, numbers = np.unique(roots, return_inverse=True)
    labels = np.zeros(height * pitch, np.int64)
    lengths = stops - starts
    labels[places_in(starts, lengths)] = np.repeat(numbers + 1, lengths)
    rows, lefts = np.divmod(starts, pitch)
    return Components(labels.reshape(height, pitch)[:, :width], len(kept), rows, lefts, lengths, numbers)


def _touching(starts: Labels, stops: Labels, pitch: int) -> tuple[Labels, Labels]:
    """All pairs of runs in neighbouring rows that touch."""
    first = np.searchsorted(stops, starts + pitch, side="left")
    after = np.searchsorted(starts, stops + pitch, side="right")
    counts = np.maximum(after - first, 0)
    above = np.repeat(np.arange(len(starts)), counts)
    offsets = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts)
    return above, np.repeat(first, counts) + offsets


def _join(above: Labels, below: Labels, count: int) -> Labels:
    """For each run the smallest number of a run that it is connected with."""
    roots = np.arange(count)
    while True:
        smaller = np.minimum(roots[above], roots[below])
        joined = roots.copy()
        np.minimum.at(joined, roots[above], smaller)
        np.minimum.at(joined, roots[below], smaller)
        joined = joined[joined]
        if np.array_equal(joined, roots) and np.array_equal(roots[above], roots[below]):
            return roots
        roots = joined
