"""From a picture of any size to the 28 x 28 pixels of the field, the form of MNIST on which networks are trained.

MNIST's digits fill a box of 20 pixels with their aspect kept, and have their centre of mass at the centre of the field
(LeCun's page on MNIST). The strokes of a larger picture also get the median width of MNIST's strokes. So the size of
the writing and the pen do not matter. A picture with ink of MNIST's size is only moved to its place. Of MNIST's first
20,000 pictures, 19,989 are neither moved nor scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastcnn.digits import SIDE_PX
from fastcnn.handwriting.preparation import reasons
from fastcnn.handwriting.preparation.ink import INK_SHARE, crop, find_ink, find_parts, is_plain_scan, remove_specks
from fastcnn.handwriting.preparation.layout import judge, may_be_ruled
from fastcnn.handwriting.preparation.pictures import to_plane
from fastcnn.handwriting.preparation.planes import Plane, contrast, holds_strokes
from fastcnn.handwriting.preparation.stroke_width import (
    NEAR_PX,
    edge_distance,
    even_out,
    ink_depth,
    is_uneven,
    redraw,
    stroke_width,
)

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture

__all__ = ["BOX_PX", "INK_SHARE", "SIDE_PX", "prepare", "prepare_ink"]

Field = npt.NDArray[np.float32]

BOX_PX = 20
CENTRE_PX = 14.0  # x and y of the centre of mass: all of MNIST's are within half a pixel of it
STROKE_PX = 2.5  # the median of MNIST's stroke widths; 1 % are below 1.4, and 1 % above 4.1
PLACED_PX = (19, 21)  # ink of this size is like MNIST's, with or without a faint row, and is not drawn again
WORK_PX = 80  # strokes are drawn again at four times the field's resolution
MARGIN_PX = 10  # empty pixels round it for strokes that grow, up to a dot that grows from nothing to STROKE_PX
LEAST_CONTRAST = 8  # of 255: strokes of less are no strokes


@dataclass(frozen=True, eq=False)
class Sight:
    """What the preparation finds in a picture."""

    field: Field | None  # (28, 28) float32, 0 background to 1 ink; None if the picture is blank
    reason: str | None = None  # why it cannot be one digit, one of `reasons`
    several: bool = False  # whether there seem to be several digits in a row
    lines: bool = False  # whether there seem to be several lines of them
    ruled: bool = False  # whether a line, a frame, a sheet or the other side's writing may be seen with the digit


def _shrink_to_box(ink: Plane | Field) -> Field:
    """Scale, up or down, so that the longer side is 20 px; Pillow's bilinear averages all pixels that it covers."""
    values = resize(ink.astype(np.float32), BOX_PX)
    full: Field = values / values.max()  # thin strokes fade as they shrink; the networks know only full ink
    return full


def with_margin(values: npt.NDArray[Any], margin: int) -> npt.NDArray[Any]:
    """Values with zeros round them, as `np.pad` gives them in ten times the time."""
    height, width = values.shape
    wide = np.zeros((height + 2 * margin, width + 2 * margin), values.dtype)
    wide[margin:-margin, margin:-margin] = values
    return wide


def resize(values: npt.NDArray[Any], longest_px: int) -> npt.NDArray[Any]:
    """A plane with its longer side so long, by Pillow's bilinear."""
    from PIL import Image

    longest = max(values.shape)
    if longest == longest_px:
        return values
    height, width = (max(1, round(side * longest_px / longest)) for side in values.shape)
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR))


def _start(ink: Field, axis: int) -> int:
    """Where the box begins so that its centre of mass is at the centre, in whole pixels as in MNIST."""
    weights = ink.sum(axis=1 - axis)
    centre = float(weights @ np.arange(len(weights)) / weights.sum())
    return int(np.clip(round(CENTRE_PX - centre), 0, SIDE_PX - len(weights)))


def place(ink: Plane | Field) -> Field:
    """Cropped ink, (H, W) in any levels, scaled to the box of BOX_PX and put at its place in the field."""
    box = _shrink_to_box(ink)
    field = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    top, left = _start(box, 0), _start(box, 1)
    field[top : top + box.shape[0], left : left + box.shape[1]] = box
    return field


def _redrawn(ink: Plane) -> tuple[Field, float] | None:
    """The ink with strokes of the standard width and a margin of MARGIN_PX, and its resolution (pixels by field pixel).

    None if the ink has no edge, because it is so pale and thin that no pixel is half black.
    """
    large = resize(ink.astype(np.float32), WORK_PX)
    large = with_margin(large / large.max(), MARGIN_PX)
    distance, width, scale, change = _measured(large)
    if width == 0:
        return None
    if is_uneven(large, distance, width):
        distance, width, scale, change = _measured(even_out(large, width))
    return redraw(distance, change), scale


def _measured(large: Field) -> tuple[Field, float, float, float]:
    """Each pixel's distance from the edge of the ink, as far as strokes will reach; the width of the strokes; what
    their resolution will be; and how far the edge will move outwards.
    """
    depth = ink_depth(large)
    width = min(stroke_width(depth), WORK_PX / 2)
    # The centre line has the length WORK_PX - width. In the field it gets BOX_PX - STROKE_PX.
    scale = max(WORK_PX - width, 1.0) / (BOX_PX - STROKE_PX)
    # A dot has no centre line to scale, so it is scaled by the size of the box.
    scale = max(scale, WORK_PX / (2 * BOX_PX))
    change = min((scale * STROKE_PX - width) / 2, MARGIN_PX - 1.0)
    # A stroke never becomes so thin that it vanishes where the pen was lifted or had less pressure.
    change = max(change, 1.0 - float(depth.max()))
    return edge_distance(large, max(0, ceil(change)) + NEAR_PX, depth), width, scale, change


def _smooth(ink: Plane) -> Plane:
    """Ink of fewer pixels than the box, enlarged with smooth edges. Larger ink is not changed."""
    from PIL import Image

    if max(ink.shape) >= BOX_PX:
        return ink
    factor = -(-WORK_PX // max(ink.shape))
    soft = Image.fromarray(np.pad(ink, 1))  # with paper round it, so that its edges become soft
    size = soft.width * factor, soft.height * factor
    smooth = np.asarray(soft.resize(size, Image.Resampling.BICUBIC))
    return crop(np.minimum(smooth, ink.max()))  # a cubic filter gives values above the maximum


def _window(values: Field, scale: float) -> Field:
    """The field with the centre of mass at its centre, by one resize. All ink stays inside."""
    from PIL import Image

    reach = scale * SIDE_PX
    starts = []
    for axis in (0, 1):
        weights = values.sum(axis=1 - axis)
        centre = float(weights @ (np.arange(len(weights)) + 0.5) / weights.sum())
        inked = np.flatnonzero(weights > INK_SHARE)
        start = centre - CENTRE_PX * scale
        first, last = float(inked[0]), float(inked[-1])
        starts.append(min(max(start, last + 1 - reach), first) if len(inked) <= reach else start)
    # Padding, so that the window may begin anywhere.
    before = [max(0, ceil(-start)) for start in starts]
    after = [max(0, ceil(start + reach) - side) for start, side in zip(starts, values.shape, strict=True)]
    room = np.zeros([b + side + a for b, side, a in zip(before, values.shape, after, strict=True)], np.float32)
    room[before[0] : before[0] + values.shape[0], before[1] : before[1] + values.shape[1]] = values
    top, left = starts[0] + before[0], starts[1] + before[1]
    box = (left, top, min(left + reach, room.shape[1]), min(top + reach, room.shape[0]))
    field = np.asarray(Image.fromarray(room).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, box=box))
    full: Field = np.clip(field / field.max(), 0, 1)
    return full


def prepare_ink(ink: Plane) -> Field:
    """Bring ink on empty paper, (H, W) uint8 with at least one pixel of it, into the form of MNIST."""
    cropped = crop(ink)
    smallest, largest = PLACED_PX
    redrawn = None if smallest <= max(cropped.shape) <= largest else _redrawn(_smooth(cropped))
    return place(cropped) if redrawn is None else _window(*redrawn)


def prepare(image: Picture) -> Field | None:
    """Bring a picture into the form of MNIST.

    Parameters
    ----------
    image : Pillow image of any mode, or uint8 array (H, W), (H, W, 3) or (H, W, 4)
        Any size; light ink on dark or dark ink on light.

    Returns
    -------
    (28, 28) float32, 0 background to 1 ink, or None if the picture is blank

    Raises
    ------
    TypeError, ValueError
        As for `pictures.to_plane`.
    """
    return look(image).field


def look(image: Picture) -> Sight:
    """A picture in the form of MNIST, and what else is seen without a network; arguments and errors as `prepare`."""
    plane = to_plane(image)
    ink = find_ink(plane)
    if ink is None:
        faint = contrast(plane) >= LEAST_CONTRAST and holds_strokes(plane)
        return Sight(None, reasons.FAINT if faint else reasons.BLANK)
    if is_plain_scan(ink):
        return Sight(prepare_ink(ink))  # this takes half the time
    return look_at_ink(ink)


def look_at_ink(ink: Plane) -> Sight:
    """What is seen in ink on empty paper, (H, W) uint8 with at least one pixel of it."""
    parts = find_parts(ink)
    reason, several, lines = judge(parts) if parts.may_be_more else (None, False, False)
    ruled = reason is not None or parts.has_pale or may_be_ruled(parts)
    return Sight(prepare_ink(remove_specks(ink, parts)), reason, several, lines, ruled)
