"""Runs of pixels in the rows of a mask: where they begin and end, and masks of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Mask, places_in, row_runs

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of a mask of (H, W), row by row, as places in rows that have one more pixel."""

    starts: Places
    stops: Places  # excluded
    shape: tuple[int, int]

    @property
    def lengths(self) -> Places:
        return self.stops - self.starts

    def length_at(self) -> npt.NDArray[np.int32]:
        """(H, W) the length of the run that each pixel is in, 0 outside."""
        height, width = self.shape
        found = np.zeros(height * (width + 1), np.int32)
        found[places_in(self.starts, self.lengths)] = np.repeat(self.lengths, self.lengths)
        return found.reshape(height, width + 1)[:, :width]

    def mask(self, starts: Places, stops: Places) -> Mask:
        """The mask of some runs, which may overlap."""
        height, width = self.shape
        found = np.zeros(height * (width + 1), bool)
        found[places_in(starts, np.maximum(stops - starts, 0))] = True
        return found.reshape(height, width + 1)[:, :width]


def runs_of(mask: Mask) -> Runs:
    """All runs of a mask."""
    return Runs(*row_runs(mask), mask.shape)


def long_runs(mask: Mask, least: int, bridge: int) -> Runs:
    """The runs of at least so many pixels; gaps of up to `bridge` pixels do not end a run."""
    runs = runs_of(mask)
    if len(runs.starts) == 0:
        return runs
    pitch = mask.shape[1] + 1
    same_row = runs.starts[1:] // pitch == runs.stops[:-1] // pitch
    joined = same_row & (runs.starts[1:] - runs.stops[:-1] <= bridge)
    starts = runs.starts[np.concatenate([[True], ~joined])]
    stops = runs.stops[np.concatenate([~joined, [True]])]
    kept = stops - starts >= least
    return Runs(starts[kept], stops[kept], runs.shape)
