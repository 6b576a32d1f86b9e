"""Bring a picture of any size, dark on light or light on dark, to the drawing field: SIDE x SIDE, light on dark.

It is slow for photographs: call it in a job.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.gui.logic.drawing import SIDE

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture

LIGHT = 128  # paper from this grey on is light, so the picture becomes its negative


def place(picture: Picture) -> npt.NDArray[np.uint8]:
    """The picture as large as the field allows. The rest of the field has the grey of the picture's border.

    Parameters
    ----------
    picture : as for `Recognizer.recognize`, with the same errors

    Returns
    -------
    (SIDE, SIDE) uint8
    """
    from PIL import Image

    from fastcnn.handwriting.preparation.pictures import to_plane

    plane = to_plane(picture)
    border = int(np.median(np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])))
    if border >= LIGHT:
        plane, border = 255 - plane, 255 - border
    scale = SIDE / max(plane.shape)
    height, width = (max(1, round(side * scale)) for side in plane.shape)
    scaled = np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
    field = np.full((SIDE, SIDE), border, np.uint8)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    field[top : top + height, left : left + width] = scaled
    return field


def open_and_place(path: str | Path) -> npt.NDArray[np.uint8]:
    """Read a picture file and place it; FastcnnError if it cannot be read."""
    from fastcnn.handwriting.preparation.pictures import open_picture

    return place(open_picture(path))


def save(plane: npt.NDArray[np.uint8], path: str | Path) -> Path:
    """Write a drawing atomically as a PNG. Returns the path."""
    import io

    from PIL import Image

    from fastcnn.storage import atomic_write

    target = Path(path)
    buffer = io.BytesIO()
    Image.fromarray(plane).save(buffer, "PNG")
    atomic_write(target, buffer.getvalue())
    return target
