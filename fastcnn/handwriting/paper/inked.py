"""The ink of a page with what several steps ask of it: its mask, its parts and its runs. Each is found once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from fastcnn.handwriting.paper.runs import Runs, runs_of
from fastcnn.handwriting.preparation.components import Components, Mask, find_components, grown
from fastcnn.handwriting.preparation.planes import Plane

INKED = 26  # of 255: a pixel with so much ink belongs to a line or a stroke


class Inked:
    """Ink, (H, W) uint8, 0 on paper, that nobody changes. Steps that find nothing to remove return the same object."""

    def __init__(self, ink: Plane) -> None:
        self.ink = ink

    @cached_property
    def mask(self) -> Mask:
        """The pixels with ink."""
        found: Mask = self.ink >= INKED
        return found

    @cached_property
    def parts(self) -> Components:
        """The connected parts of the mask."""
        return find_components(self.mask)

    @cached_property
    def on_side(self) -> Inked:
        """The same with rows and columns exchanged."""
        return Inked(np.ascontiguousarray(self.ink.T))

    @cached_property
    def down(self) -> Runs:
        """The vertical runs of the mask: the runs in the rows of `on_side`."""
        return runs_of(self.on_side.mask)

    @cached_property
    def tall(self) -> float:
        """The height of the writing: the median over the ink of the heights of its parts; 0 without ink."""
        boxes = self.parts.boxes
        if len(boxes) == 0:
            return 0.0
        heights = boxes[:, 1] - boxes[:, 0]
        order = np.argsort(heights)
        amounts = self.parts.sizes[order].cumsum()
        return float(heights[order][np.searchsorted(amounts, amounts[-1] / 2)])

    def without(self, gone: Mask) -> Inked:
        """The ink without some of its pixels, and without those next to them that the mask leaves out: soft edges."""
        return Inked(np.where(gone | (grown(gone) & ~self.mask), np.uint8(0), self.ink))
