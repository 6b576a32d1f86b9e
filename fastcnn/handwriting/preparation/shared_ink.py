"""Ink that belongs to both sides of a cut.

A cut gives each stroke to one digit, though digits that overlap or touch share some of their ink. So the pieces of a
digit get the ink beyond their cuts that is near enough: the cut's edge moves on through the neighbour's ink.
"""

from __future__ import annotations

import numpy as np

from fastcnn.handwriting.preparation.components import Mask
from fastcnn.handwriting.preparation.cuts import Pieces

REACH = 0.5  # widths of the stroke, from a cut; digits that overlap share about so much


def with_shared_ink(pieces: Pieces, first: int, stop: int) -> Mask | None:
    """The pieces from first to before stop (counted from 0), and the ink near their cuts.

    Returns
    -------
    (height, width) bool, in blocks; None if no cut separates them from another piece
    """
    beyond = set()
    for pair in pieces.cuts:
        outside = [piece for piece in pair[:2] if not first < piece <= stop]
        if len(outside) == 1:
            beyond.add(outside[0])
    if not beyond:
        return None
    chosen: Mask = (pieces.labels > first) & (pieces.labels <= stop)
    allowed = np.isin(pieces.labels, list(beyond))
    for _ in range(max(1, round(REACH * pieces.pen))):
        wide = np.pad(chosen, 1)
        near = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
        chosen = chosen | (near & allowed)
    return chosen
