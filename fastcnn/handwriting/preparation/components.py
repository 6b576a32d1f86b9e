"""Connected parts of a mask. A run of pixels in a row is joined with the runs that it touches in the next row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]


def label_components(mask: Mask) -> tuple[Labels, int]:
    """Number the connected parts. Pixels that touch at a corner are connected too.

    Parameters
    ----------
    mask : (H, W) bool

    Returns
    -------
    labels : (H, W) int64, 0 outside; parts are counted from 1 in the order of their first pixels
    count : the number of parts
    """
    height, width = mask.shape
    pitch = width + 1  # a column of background separates the runs of two rows in the flat array
    flat = np.zeros(height * pitch + 1, np.int8)
    flat[1:].reshape(height, pitch)[:, :width] = mask
    steps = np.diff(flat)
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    roots = _join(*_touching(starts, stops, pitch), len(starts))
    kept, numbers = np.unique(roots, return_inverse=True)
    labels = np.zeros(height * pitch, np.int64)
    lengths = stops - starts
    offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    labels[np.repeat(starts, lengths) + offsets] = np.repeat(numbers + 1, lengths)
    return labels.reshape(height, pitch)[:, :width], len(kept)


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
