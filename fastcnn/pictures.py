"""Pictures as they come: reading a file safely, and any Pillow image or uint8 array to one plane of grey.

No digit is looked for here; see preprocess.py.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image | npt.NDArray[np.uint8]

Plane = npt.NDArray[np.uint8]

# Named so that Pillow tries no other: among its 40 plugins is one that runs Ghostscript.
FILE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
BLACK, MIDDLE, WHITE = 0, 128, 255
OPAQUE = 255


def _compose(grey: Plane, alpha: Plane) -> Plane:
    """Lay a transparent picture on white or black.

    Where little is opaque, that is the ink: it must stand out. Where most is, that is the paper with a hole or
    rounded corners: those must not.
    """
    weight = alpha.astype(np.uint32)
    opaque = int(weight.sum(dtype=np.int64))
    is_light = int((grey * weight).sum(dtype=np.int64)) >= MIDDLE * opaque
    is_paper = 2 * opaque > OPAQUE * alpha.size
    paper = WHITE if is_light == is_paper else BLACK
    return ((grey * weight + paper * (OPAQUE - weight) + OPAQUE // 2) // OPAQUE).astype(np.uint8)


def _wide_to_plane(image: Image.Image) -> Plane:
    """16-bit, 32-bit and float modes: 0 to 65,535 (for floats also 0 to 1) becomes 0 to 255; 0 to 255 is kept."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise FastcnnError("the picture holds NaN or infinite pixels; save it as an ordinary PNG")
    highest = values.max(initial=0.0)
    if image.mode.startswith("I;16") or highest > WHITE:
        values /= 257.0
    elif image.mode == "F" and highest <= 1.0:
        values *= WHITE
    return np.clip(np.rint(values), BLACK, WHITE).astype(np.uint8)


def _image_to_plane(image: Image.Image) -> Plane:
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _wide_to_plane(image)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA")
        return _compose(np.asarray(image.convert("RGB").convert("L")), np.asarray(image.getchannel("A")))
    if image.mode not in ("L", "1", "RGB", "P"):
        image = image.convert("RGB")
    return np.array(image.convert("L"))


def _array_to_plane(array: npt.NDArray[np.uint8]) -> Plane:
    from PIL import Image

    if array.dtype != np.uint8:
        raise TypeError(f"image must be a uint8 array (0 to 255), not {array.dtype}")
    if array.ndim == 2:
        return array
    if array.ndim == 3 and array.shape[2] in (3, 4):
        return _image_to_plane(Image.fromarray(np.ascontiguousarray(array)))
    raise ValueError(f"image must have shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}")


def to_plane(image: Picture) -> Plane:
    """One plane of grey, 0 black to 255 white, from any picture.

    Parameters
    ----------
    image : Pillow image of any mode, or uint8 array (H, W), (H, W, 3) or (H, W, 4)
        Transparent parts are laid on the background against which the rest stands out.

    Returns
    -------
    (H, W) uint8; may share memory with `image`, so it must not be written to

    Raises
    ------
    TypeError
        If `image` is neither, or the array is not uint8.
    ValueError
        If the array has another shape, or the picture has no pixel.
    """
    from PIL import Image

    if isinstance(image, Image.Image):
        size = (image.height, image.width)
    elif isinstance(image, np.ndarray):
        size = image.shape[:2]
    else:
        raise TypeError(f"image must be a Pillow image or a uint8 array, not {type(image).__name__}")
    if 0 in size:
        raise ValueError(f"image has no pixels: its size is {' x '.join(map(str, size))}")
    return _image_to_plane(image) if isinstance(image, Image.Image) else _array_to_plane(image)


def open_picture(path: str | Path) -> Image.Image:
    """Read a picture file completely, trusting nothing in it.

    Raises
    ------
    FastcnnError
        If the file is missing, no picture, damaged, or so large that it could exhaust the memory.
    """
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities in metadata are no concern of ours
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FILE_FORMATS) as image:
                image.load()
                return image.copy()
        except UnidentifiedImageError:
            known = ", ".join(FILE_FORMATS)
            raise FastcnnError(f"{path} is not a picture that can be read; save it as one of {known}") from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
            raise FastcnnError(f"{path} has more than {limit} million pixels; shrink it first") from None
        except FileNotFoundError:
            raise FastcnnError(f"{path} does not exist") from None
        except IsADirectoryError:
            raise FastcnnError(f"{path} is a folder, not a picture") from None
        except PermissionError:
            raise FastcnnError(f"{path} may not be read; check its permissions") from None
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:  # what Pillow's decoders raise
            raise FastcnnError(f"{path} is damaged: {error}") from None
