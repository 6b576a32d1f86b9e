"""Measure the width of the strokes, and give them the same width for every pen by moving the edge of the ink.

The distance to the edge is known at every pixel. So a stroke of one width becomes a stroke of any other width, and its
centre line stays in its place. Holes that a wide pen has filled stay filled.
"""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
Levels = npt.NDArray[np.uint8]

FARTHEST_PX = 14  # the largest depth in a legible stroke; a blot may be deeper, and only its rim counts
DEEPEST = 0.55  # the largest depth by the width of a stroke: 0.5, and 0.05 for the raster of pixels
FAR = 250  # pixels: no feature is so near; its square and that of FARTHEST_PX together fit in 16 bits
ROUNDS = 3
PALEST = 0.1  # share of the darkest ink; paler pixels are paper
WINDOW = 0.75  # share of the stroke's width, to each side; the soft edge of a stroke is no farther from its full ink
NEAR_PX = 2  # pixels outside the edge of any stroke are its soft edge
LEAST_PALE_PX = 4  # this many pale pixels far from dark ink are a stroke


def _nearest(feature: npt.NDArray[np.bool_], farthest: int, *, outside: bool) -> Field:
    """The distance from each pixel's centre to the nearest pixel of `feature`, exact up to `farthest`.

    outside : whether the feature is all round the picture, as paper is round ink
    """
    height, width = feature.shape
    # All rows are moved as one flat array. What lies between two of them is paper, or so wide that nothing is near.
    pitch = width + (1 if outside else farthest)
    away = np.full((height, pitch), 0 if outside else FAR, np.uint16)
    np.multiply(~feature, np.uint16(FAR), out=away[:, :width])
    flat = away.reshape(-1)
    moved = np.empty_like(flat)
    step = 1
    rows = (height + 1) // 2 if outside else min(height, farthest + 1)
    while step < rows:  # up and down: each round doubles the rows that are looked at
        np.add(flat, np.uint16(step), out=moved)
        by = step * pitch
        np.minimum(flat[by:], moved[:-by], out=flat[by:])
        np.minimum(flat[:-by], moved[by:], out=flat[:-by])
        step *= 2
    squares = flat * flat
    best = squares.copy()
    for offset in range(1, farthest + 1):
        if outside and offset**2 >= best.max():  # nothing so far to the side is nearer: after half a stroke's width
            break
        np.add(squares, np.uint16(offset**2), out=moved)
        np.minimum(best[offset:], moved[:-offset], out=best[offset:])
        np.minimum(best[:-offset], moved[offset:], out=best[:-offset])
    return np.sqrt(best.reshape(height, pitch)[:, :width].astype(np.float32))


def ink_depth(ink: Field) -> Field:
    """The depth of each pixel in the ink: its distance from the edge, at 0.5 of 0 to 1; negative outside."""
    return _nearest(ink < 0.5, FARTHEST_PX, outside=True) - np.float32(0.5)


def edge_distance(ink: Field, reach: int, depth: Field | None = None) -> Field:
    """The depth of each pixel in the ink, and outside its distance from the edge as a negative number.

    Parameters
    ----------
    ink : (H, W) float32, 0 to 1; the edge is at 0.5
    reach : distances outside the ink are exact up to this many pixels
    depth : its `ink_depth`, if it is known

    Returns
    -------
    (H, W) float32, in pixels
    """
    inside = ink >= 0.5
    away = _nearest(inside, reach, outside=False)
    return np.where(inside, ink_depth(ink) if depth is None else depth, np.float32(0.5) - away)


def stroke_width(depth: Field) -> float:
    """The width of the pen, in pixels: four times the mean depth of the ink, as `ink_depth` gives it.

    Blots and filled loops have a depth of more than half the width. ROUNDS rounds leave their pixels out.
    """
    inside = depth[depth > 0]
    width = 4 * float(inside.sum()) / max(1, len(inside))
    for _ in range(ROUNDS):
        inside = inside[inside <= DEEPEST * width]
        width = 4 * float(inside.sum()) / len(inside) if len(inside) else width
    return width


def is_uneven(ink: Field, distance: Field, width: float) -> bool:
    """Whether there is pale ink (less than half of the darkest) that is not just the soft edge of dark ink.

    distance : its `edge_distance`, exact up to NEAR_PX outside; nearly always this is enough
    """
    pale = ink >= PALEST
    if np.count_nonzero(pale & (distance < -NEAR_PX)) < LEAST_PALE_PX:
        return False
    far = edge_distance(ink, ceil(width / 2) + 2) < -(width / 2 + 1)
    return int(np.count_nonzero(pale & far)) >= LEAST_PALE_PX


def even_out(ink: Field, width: float) -> Field:
    """Bring pale and dark strokes to full strength: divide each pixel by the darkest pixel near it.

    Where a pale stroke is nearer than WINDOW to a dark one, it loses its soft edge.
    """
    reach_px = int(np.clip(round(WINDOW * width), 2, FARTHEST_PX))
    levels = np.pad(np.rint(255 * ink).astype(np.uint8), reach_px)
    for _ in range(2):  # rows, then columns: the largest of a square is the largest of its rows' largest
        levels = _largest(levels, 2 * reach_px + 1).T
    most = levels.astype(np.float32) / 255
    return np.minimum(ink / np.maximum(most, 2 * PALEST), 1).astype(np.float32)


def _largest(values: Levels, count: int) -> Levels:
    """The largest of each `count` neighbours in a column. Each round doubles the neighbours that are looked at."""
    seen = 1
    while seen < count:
        more = min(seen, count - seen)
        values = np.maximum(values[:-more], values[more:])
        seen += more
    return values


def redraw(distance: Field, change_px: float) -> Field:
    """The ink, 0 to 1, with its edge moved outwards by change_px pixels. The new edge is soft over one pixel."""
    ink: Field = np.clip(distance + np.float32(change_px + 0.5), 0, 1)
    return ink
