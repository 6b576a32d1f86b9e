"""One picture of any kind as an input of a network: upright, with the network's channels and size. No other change.

There is no search for a digit and no change of contrast: a number has the same meaning in all pictures. Training and
`predict` both use this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastcnn.arrays import Array
from fastcnn.data.dataset import DataError
from fastcnn.data.pixels import WHITE, WIDE
from fastcnn.handwriting.preparation.pictures import upright

if TYPE_CHECKING:
    from PIL import Image

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def resized(image: Image.Image, shape: tuple[int, int, int], name: str = "the picture") -> Array:
    """A picture as (C, H, W) uint8.

    Parameters
    ----------
    image : decoded, of any mode. EXIF's orientation is applied, transparent parts become white, and 16-bit numbers are
        divided by 257
    shape : (C, H, W), C 1 (grey), 3 (red, green, blue) or 4 (with opacity). The whole picture is scaled to H x W, even
        if its proportions change; each new pixel is the mean of the pixels that it covers
    name : the name of the picture, for errors

    Raises
    ------
    DataError
        If no picture file can have this number of channels, or the pixels are floats or have 32 bits.
    """
    from PIL import Image

    channels, height, width = shape
    if channels not in MODES:
        raise DataError(f"{name} cannot be read for {channels} channels; picture files have 1, 3 or 4")
    image = _of_mode(_eight_bits(upright(image), name), MODES[channels])
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[np.newaxis] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    from PIL import Image

    if not image.mode.startswith(("I", "F")):
        return image
    wide = np.asarray(image)
    if image.mode == "F" or wide.min() < 0 or wide.max() > WIDE:
        raise DataError(f"{name} has floats or 32 bits a pixel; save it with 8 or 16 bits")
    return Image.fromarray(np.rint(wide * (WHITE / WIDE)).astype(np.uint8))


def _of_mode(image: Image.Image, mode: str) -> Image.Image:
    from PIL import Image

    if image.mode == "La":
        image = image.convert("LA")
    elif image.mode == "LAB":  # Pillow cannot convert it
        image = image.getchannel("L")
    if mode != "RGBA" and image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    if mode == "L" and image.mode not in ("1", "L"):
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)
