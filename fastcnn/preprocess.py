"""From a picture of any size to the 28 x 28 that the networks were trained on, the way MNIST was made.

MNIST's digits fill a box of 20 pixels, aspect kept, and lie with their centre of mass at the centre of the field
(LeCun's page on MNIST). 19,989 of its first 20,000 pictures pass through here unmoved and unscaled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.pictures import Plane, to_plane

if TYPE_CHECKING:
    from fastcnn.pictures import Picture

Field = npt.NDArray[np.float32]

SIDE_PX = 28
BOX_PX = 20
CENTRE_PX = 14.0  # where MNIST has its centres of mass: all within half a pixel of it, in x and y
BLANK_CONTRAST = 24  # of 255; JPEG noise on plain paper stays below
# Ink counts from this share of the contrast on. At 0.1, 51 of 20,000 MNIST pictures are moved or scaled; at 0.05, 11.
INK_SHARE = 0.05


def _background(plane: Plane) -> int:
    """The median of the outermost pixels: paper, also where a stroke runs off the edge."""
    border = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
    return int(np.median(border))


def _ink(plane: Plane) -> Plane | None:
    """How far each pixel lies from the background, in the direction of the ink; None for a blank picture."""
    background = _background(plane)
    darker, lighter = background - int(plane.min()), int(plane.max()) - background
    if max(darker, lighter) < BLANK_CONTRAST:
        return None
    if darker > lighter:
        return np.uint8(background) - np.minimum(plane, np.uint8(background))
    return np.maximum(plane, np.uint8(background)) - np.uint8(background)


def _crop(ink: Plane) -> Plane:
    """The smallest rectangle with all the ink."""
    inked = ink >= INK_SHARE * int(ink.max())
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _shrink_to_box(ink: Plane) -> Field:
    """Scale, up or down, so that the longer side is 20 px; Pillow's bilinear averages all pixels that it covers."""
    from PIL import Image

    longest = max(ink.shape)
    values: Field = ink.astype(np.float32)
    if longest != BOX_PX:
        height, width = (max(1, round(side * BOX_PX / longest)) for side in ink.shape)
        picture = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
        values = np.asarray(picture)
    values = values / values.max()  # thin strokes fade as they shrink; the networks know only full ink
    return values


def _start(ink: Field, axis: int) -> int:
    """Where the box begins so that its centre of mass is at the centre, to whole pixels as in MNIST."""
    weights = ink.sum(axis=1 - axis)
    centre = float(weights @ np.arange(len(weights)) / weights.sum())
    return int(np.clip(round(CENTRE_PX - centre), 0, SIDE_PX - len(weights)))


def prepare(image: Picture) -> Field | None:
    """Bring a picture into the form of MNIST.

    Parameters
    ----------
    image : Pillow image of any mode, or uint8 array (H, W), (H, W, 3) or (H, W, 4)
        Any size; light ink on dark or dark ink on light.

    Returns
    -------
    (28, 28) float32, 0 background to 1 ink, or None where the picture is blank

    Raises
    ------
    TypeError, ValueError
        As `pictures.to_plane`.
    """
    ink = _ink(to_plane(image))
    if ink is None:
        return None
    box = _shrink_to_box(_crop(ink))
    field = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    top, left = _start(box, 0), _start(box, 1)
    field[top : top + box.shape[0], left : left + box.shape[1]] = box
    return field
