"""The ink of a page: how much darker than the paper round it each pixel is. Shade and hard shadows are no ink.

The paper's level at a place is a closing: the least, over windows near it, of the brightest pixel in a window. It
follows the edge of a shadow exactly, and it does not see dark things narrower than the window, such as strokes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.planes import Plane

Levels = npt.NDArray[np.float32]

LARGEST_PX = 2000  # larger pages are averaged down first; at 1,280 rules and thin pens were alike (docs/tried.md)
COARSE_PX = 640  # the paper's level is found at this size
WINDOW = 1 / 4  # of the shorter side: a stroke is narrower, a shadow wider
RIM = 1 / 10  # of the shorter side: what is darker along an edge, and thinner, may be a stroke
OUTSIDE = 0.4  # of the paper near it: what is darker along an edge is one, and no shadow
DARKEST = 48  # of 255: darker paper than this counts as this, or its noise would be ink
LEAST_CONTRAST = 20  # of 255
NOISE = 4.0  # standard deviations of the paper: what differs less is no ink
FLOOR = 0.14  # of the full ink: what is paler is no ink
GRAIN = 0.5  # of 255: a drawing's paper has less
SHADED = 3.0  # between the lightest and the darkest paper
FULL = 98  # percentile of the inked pixels: on squared paper few of them are writing


def reduced(plane: Plane, largest_px: int) -> tuple[Plane, int]:
    """The plane averaged over blocks until no side is longer, and the pixels along a block's side."""
    from PIL import Image

    factor = -(-max(plane.shape) // largest_px)
    if factor == 1:
        return plane, 1
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(factor)), factor


def page_ink(plane: Plane) -> tuple[Plane | None, str | None, bool]:
    """The ink on a page, 0 on paper to 255, or None and the reason (of `reasons`) why there is none; whether the paper
    has a grain or shades, as real paper has.

    Parameters
    ----------
    plane : (H, W) uint8, dark on light or light on dark, without the table round a sheet
    """
    plane = plane if _is_dark_ink(plane) else np.uint8(255) - plane
    paper = _paper(plane)
    gap = (paper - plane) * (np.float32(255) / np.maximum(paper, np.float32(DARKEST)))
    some = gap[::2, ::2]
    middle = float(np.median(some))
    spread = 1.4826 * float(np.median(np.abs(some - middle)))
    inked = some[some > middle + max(LEAST_CONTRAST / 2, NOISE * spread)]
    if len(inked) == 0 or float(inked.max()) - middle < LEAST_CONTRAST / 2:
        return None, reasons.BLANK, False
    full = float(np.percentile(inked, FULL)) - middle
    if full < LEAST_CONTRAST:
        return None, reasons.FAINT, False
    floor = max(FLOOR * full, 3 * spread)
    gap -= np.float32(middle)
    gap *= gap >= floor
    real = spread > GRAIN or float(np.ptp(paper)) >= SHADED
    return np.minimum(gap * np.float32(255 / full), 255).astype(np.uint8), None, real


def _is_dark_ink(plane: Plane) -> bool:
    """Whether the pixels that differ much from those round them are darker: the sign of the third moment."""
    from PIL import Image, ImageFilter

    small, _ = reduced(plane, 200)
    reach = max(small.shape) // 4
    # A filter would repeat what lies along an edge, such as a frame; a mirror would repeat a shadow's other side.
    wide = np.pad(small, reach, mode="median", stat_length=max(2, round(RIM * min(small.shape))))
    around = np.asarray(Image.fromarray(wide).filter(ImageFilter.BoxBlur(reach)))
    rows, columns = small.shape
    gap = small.astype(np.float64) - around[reach : reach + rows, reach : reach + columns]
    return float((gap**3).sum()) <= 0


def _paper(plane: Plane) -> Levels:
    from PIL import Image

    coarse, factor = reduced(plane, COARSE_PX)
    if factor == 1 and min(plane.shape) > 60:
        coarse = np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(2))  # less noise
    window = max(3, round(WINDOW * min(coarse.shape)))
    rows, columns = coarse.shape
    # The edges go on outside, so that a shadow in a corner is as large as the window. A stroke along an edge, such as a
    # frame's, is thinner than RIM and does not: there the lightest paper near it goes on.
    rim = max(2, round(RIM * min(coarse.shape)))
    edge, near = np.pad(coarse, window, mode="edge"), np.pad(coarse, window, mode="maximum", stat_length=rim)
    wide = np.where(edge < OUTSIDE * near, near, edge)
    for over in (np.maximum, np.minimum):
        for axis in (0, 1):
            wide = _running(wide, window, axis, over)
    wide = _running(_running(wide, 3, 0, np.minimum), 3, 1, np.minimum)  # the soft edge of a shadow is shadow
    coarse = np.ascontiguousarray(wide[window : window + rows, window : window + columns])
    size = plane.shape[::-1]
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)).astype(np.float32)


def _running(values: Plane, size: int, axis: int, over: Callable[..., Plane]) -> Plane:
    """The largest or the smallest value in a window round each place, along one axis."""
    before = [(0, 0), (0, 0)]
    before[axis] = (size // 2, size - 1 - size // 2)
    wide = np.pad(values, before, mode="edge")
    done = 1  # places in the windows so far; two windows make a longer one
    while done < size:
        step = min(done, size - done)
        wide = over(wide[:-step], wide[step:]) if axis == 0 else over(wide[:, :-step], wide[:, step:])
        done += step
    return wide
