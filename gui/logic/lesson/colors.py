"""One scale of colours for all numbers of a lesson: orange above zero, blue below; greys where nothing is below."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.lesson.stages import Kind, Stage, Values

Colors = npt.NDArray[np.uint8]
ABOVE, BELOW = (217, 72, 15), (24, 100, 171)
WHITE = (255, 255, 255)
GAP = (222, 226, 232)
MOST_MAPS = 12
STEPS = 255  # of the colours on each side of zero


class Scale(Enum):
    """Which numbers share one scale: those of a map, of a layer, or all of the network."""

    OWN = "own"
    LAYER = "layer"
    ALL = "all"


def limit_of(values: Values) -> float:
    """The largest magnitude, which has the full colour; never zero."""
    return max(float(np.abs(values).max(initial=0.0)), 1e-12)


@cache
def _ramp(diverging: bool) -> Colors:
    """The colours (2 STEPS + 1, 3) of the shares from -1 to 1."""
    share = np.linspace(-1, 1, 2 * STEPS + 1)[:, np.newaxis]
    if not diverging:
        return np.rint(255 * np.clip(share, 0, 1) * np.ones(3)).astype(np.uint8)
    full = np.where(share >= 0, np.array(ABOVE), np.array(BELOW))
    strength = np.abs(share) ** 0.8  # so that weak numbers can be seen on a projector
    ramp: Colors = np.rint(255 + (full - 255) * strength).astype(np.uint8)
    return ramp


def paint(values: Values, limit: float | Values, *, diverging: bool) -> Colors:
    """Colours (..., 3) of numbers: white at zero if it is diverging, else black at zero and white at the limit."""
    steps = np.clip(values / limit, -1, 1) * STEPS
    painted: Colors = _ramp(diverging)[np.rint(steps).astype(np.intp) + STEPS]
    return painted


def is_diverging(stage: Stage) -> bool:
    """Whether a station's numbers are shown in orange and blue."""
    return stage.kind is not Kind.PICTURE and stage.signed


def map_limits(stages: Sequence[Stage], stage: Stage, scale: Scale) -> Values:
    """The limit of each map (C,), or of each feature, of a station."""
    count = len(stage.out)
    if stage.kind in (Kind.PICTURE, Kind.SOFTMAX):
        return np.ones(count)
    if scale is Scale.OWN and stage.out.ndim == 3:
        limits: Values = np.maximum(np.abs(stage.out).reshape(count, -1).max(axis=1), 1e-12)
        return limits
    if scale is Scale.ALL:
        inner = [each.out for each in stages if each.kind not in (Kind.PICTURE, Kind.SOFTMAX)]
        return np.full(count, max(map(limit_of, inner)))
    return np.full(count, limit_of(stage.out))


def mosaic(stage: Stage, limits: Values, first: int = 0, most: int = MOST_MAPS, columns: int = 3) -> Colors:
    """Maps `first` and following of a station, side by side with gaps: (H', W', 3)."""
    planes = stage.out[first : first + most]
    count, height, width = planes.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    picture = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, 3), GAP, np.uint8)
    shared = limits[first : first + count, np.newaxis, np.newaxis]
    for place, painted in enumerate(paint(planes, shared, diverging=is_diverging(stage))):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        picture[top : top + height, left : left + width] = painted
    return picture


def ink_on(color: npt.NDArray[np.uint8] | Sequence[int]) -> str:
    """Black or white: the one that is easier to read on a colour (WCAG's contrast)."""
    linear = [(each / 255) ** 2.2 for each in color]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) ** 2 > 0.0525 else "#ffffff"
