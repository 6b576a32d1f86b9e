"""The stroke's width: measured, and made the same for every pen, by moving the edge of the ink in or out.

The distance to the edge is known at every pixel, so a stroke of one width becomes exactly one of another, and its
centre line stays where it was. Holes that a wide pen has filled stay filled.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]

FARTHEST_PX = 14  # ink is no deeper in a stroke that can be read; blots may be, and only their rim counts
DEEPEST = 0.55  # of its width a stroke is deep, half and some for the raster
ROUNDS = 3
PALEST = 0.1  # of the darkest ink: what is paler is paper
WINDOW = 0.75  # of the stroke's width, to each side: the soft edge of a stroke lies no farther from its full ink
LEAST_PALE_PX = 4  # so many pixels of pale ink away from the dark are a stroke


def _nearest(feature: npt.NDArray[np.bool_], farthest: int) -> Field:
    """The distance from each pixel's centre to the nearest pixel of `feature`, exact up to `farthest`."""
    height, width = feature.shape
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis]
    above = np.maximum.accumulate(np.where(feature, rows, np.float32(-1e4)), axis=0)
    below = np.minimum.accumulate(np.where(feature, rows, np.float32(1e4))[::-1], axis=0)[::-1]
    vertical = np.minimum(np.minimum(rows - above, below - rows), np.float32(1e3))
    squares = np.full((height, width + 2 * farthest), np.float32(1e6))
    squares[:, farthest : farthest + width] = vertical * vertical
    best = squares[:, farthest : farthest + width].copy()
    for offset in range(1, farthest + 1):
        np.minimum(best, squares[:, farthest - offset :][:, :width] + np.float32(offset**2), out=best)
        np.minimum(best, squares[:, farthest + offset :][:, :width] + np.float32(offset**2), out=best)
    return np.sqrt(best)


def edge_distance(ink: Field, reach: int) -> Field:
    """How deep each pixel lies in the ink, negative outside.

    Parameters
    ----------
    ink : (H, W) float32, 0 to 1; the edge is at 0.5
    reach : pixels outside the ink that are wanted exactly

    Returns
    -------
    (H, W) float32, in pixels
    """
    inside = ink >= 0.5
    deep = _nearest(~inside, FARTHEST_PX)
    away = _nearest(inside, reach)
    return np.where(inside, deep - np.float32(0.5), np.float32(0.5) - away)


def stroke_width(distance: Field) -> float:
    """The width of the pen, in pixels: in a stroke of one width, depth is a quarter of it on the mean.

    Blots and filled loops are deeper than half a width; they are left out, in a few rounds.
    """
    inside = distance[distance > 0]
    width = 4 * float(inside.mean()) if len(inside) else 0.0
    for _ in range(ROUNDS):
        inside = inside[inside <= DEEPEST * width]
        width = 4 * float(inside.mean()) if len(inside) else width
    return width


def is_uneven(ink: Field, distance: Field, width: float) -> bool:
    """Whether there is ink too pale for the edge at half of the darkest, farther from the dark than its soft edge."""
    pale = (ink >= PALEST) & (distance < -(width / 2 + 1))
    return int(np.count_nonzero(pale)) >= LEAST_PALE_PX


def even_out(ink: Field, width: float) -> Field:
    """Strokes of uneven strength, all at full strength: the ink as a share of the most ink near by.

    The dark ink of one stroke takes the soft edge of pale ink away only where they are nearer than WINDOW.
    """
    from PIL import Image, ImageFilter

    reach = 2 * int(np.clip(round(WINDOW * width), 2, FARTHEST_PX)) + 1
    levels = Image.fromarray(np.rint(255 * ink).astype(np.uint8))
    most = np.asarray(levels.filter(ImageFilter.MaxFilter(reach)), np.float32) / 255
    return np.minimum(ink / np.maximum(most, 2 * PALEST), 1).astype(np.float32)


def redraw(distance: Field, change_px: float) -> Field:
    """The ink with its edge moved outwards by change_px pixels, 0 to 1, its edge one pixel soft."""
    ink: Field = np.clip(distance + np.float32(change_px + 0.5), 0, 1)
    return ink
