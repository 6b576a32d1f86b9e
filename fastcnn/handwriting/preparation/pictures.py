"""Read a picture file safely, and turn any Pillow image or uint8 array into one plane of grey.

planes.py computes the grey. prepare.py finds the digit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError, Sentence
from fastcnn.handwriting.preparation.planes import (
    OPAQUE,
    Plane,
    by_colour,
    check_finite,
    lay_on,
    paper_under,
    stretch_dark,
    wide_to_plane,
)
from fastcnn.handwriting.preparation.silence import decoding

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image | npt.NDArray[np.uint8]


# Pillow tries only these formats: one of its 40 plugins runs Ghostscript.
FILE_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
PDF_MARK, PDF_MARK_WITHIN = b"%PDF-", 1024  # bytes of its beginning
MOST_FRAMES = 200
ORIENTATION = 0x0112  # EXIF's tag
SIDEWAYS = (5, 6, 7, 8)  # its values that exchange height and width
GREY_MODES = ("1", "L", "LA", "La", "F")  # and all that begin with I
NEW_SUBFILE_TYPE = 254  # TIFF's tag
PREVIEW_OR_MASK = 0b101  # its bits


@contextmanager
def _in_one_sentence(name: str | Path) -> Iterator[None]:
    """Turn any error of Pillow into a FastcnnError that names the picture, and print nothing."""
    from PIL import Image, UnidentifiedImageError

    try:
        with decoding():
            yield
    except FastcnnError:
        raise
    except UnidentifiedImageError:
        known = ", ".join(FILE_FORMATS)
        raise FastcnnError(
            "{path} is not a picture that can be read; save it as one of {known}", path=name, known=known
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise FastcnnError(
            "{path} has more than {limit} million pixels; shrink it first", path=name, limit=limit
        ) from None
    except FileNotFoundError:
        raise FastcnnError("{path} does not exist", path=name) from None
    except IsADirectoryError:
        raise FastcnnError("{path} is a folder, not a picture", path=name) from None
    except PermissionError:
        raise FastcnnError("{path} may not be read; check its permissions", path=name) from None
    except MemoryError:
        reason = Sentence("there is not enough memory")
        raise FastcnnError("cannot read {path} ({reason}); choose another file", path=name, reason=reason) from None
    except Exception as error:  # the decoders raise a dozen kinds, struct.error and AttributeError among them
        if isinstance(error, OSError) and error.strerror:
            raise FastcnnError("cannot read {path} ({reason}); choose another file", path=name, reason=error) from None
        detail = " ".join(str(error).split()) or type(error).__name__
        raise FastcnnError("{path} is damaged: {detail}", path=name, detail=detail) from None


def _frames(image: Image.Image) -> list[int]:
    """The numbers of the frames or pages that are separate pictures. The image stays at its frame.

    The second frame of a photo in a JPEG, or a preview or a mask in a TIFF, belongs to the first frame.
    """
    count: int = getattr(image, "n_frames", 1)
    if count == 1 or image.format == "MPO":
        return [image.tell()]
    if image.format != "TIFF":
        return list(range(count))
    here, found = image.tell(), []
    for index in range(count):
        image.seek(index)
        if not getattr(image, "tag_v2", {}).get(NEW_SUBFILE_TYPE, 0) & PREVIEW_OR_MASK:
            found.append(index)
    image.seek(here)
    return found or [here]


def _check_single(frames: list[int], name: str | Path) -> None:
    if len(frames) > 1:
        raise FastcnnError(
            "{path} has {count} frames or pages; save or copy the one to be read as a picture of its own",
            path=name,
            count=len(frames),
        )


def _orientation(image: Image.Image) -> int:
    """What the EXIF data say, where they can be read: they are no part of the picture."""
    try:
        with decoding():
            return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # as many kinds as the bytes that may be damaged: SyntaxError, struct.error, ValueError, …
        return 1


def upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF data say."""
    from PIL import Image

    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _image_to_plane(image: Image.Image) -> Plane:
    image = upright(image)
    if image.mode.startswith("I") or image.mode == "F":
        check_finite(image, "the picture")
        return wide_to_plane(image)
    if image.mode == "LAB":
        image = image.getchannel("L")
    if image.has_transparency_data:
        return _transparent_to_plane(image.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA"))
    if image.mode not in ("L", "1", "RGB", "P"):
        image = image.convert("RGB")
    plane = np.array(image.convert("L"))
    return plane if image.mode in ("L", "1") else by_colour(plane, lambda: image.convert("RGB"))


def _transparent_to_plane(image: Image.Image) -> Plane:
    from PIL import Image

    opaque, alpha = image.convert("RGB"), image.getchannel("A")
    grey, opacity = np.array(opaque.convert("L")), np.asarray(alpha)
    if opacity.min() == OPAQUE:
        return by_colour(grey, lambda: opaque)
    paper = paper_under(grey, opacity)

    def laid() -> Image.Image:
        whole = Image.new("RGB", image.size, (paper, paper, paper))
        whole.paste(opaque, mask=alpha)
        return whole

    return by_colour(lay_on(paper, grey, opacity), laid)


def _decoded(image: Image.Image) -> Image.Image:
    from PIL import ImageFile

    if isinstance(image, ImageFile.ImageFile):  # opened, but perhaps not decoded yet
        name = os.fsdecode(image.filename) or "the picture"
        with _in_one_sentence(name):
            # It was closed after it was loaded, so it has no other frame.
            with suppress(ValueError):
                _check_single(_frames(image), name)
            image.load()
    return image


def _check_array(array: npt.NDArray[np.uint8]) -> None:
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("image must be an array without a mask; give image.filled(value), where value is the paper's")
    if array.dtype != np.uint8:
        raise TypeError(
            f"image must be a uint8 array (0 to 255), not {array.dtype}; values of 0 to 1 become one by "
            "(255 * image).astype('uint8')"
        )
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise ValueError(f"image must have shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}")


def as_image(image: Picture) -> Image.Image:
    """A decoded Pillow image of what `to_plane` takes; raises as that."""
    from PIL import Image

    if isinstance(image, Image.Image):
        size = (image.height, image.width)
    elif isinstance(image, np.ndarray):
        size = image.shape[:2]
    else:
        raise TypeError(f"image must be a Pillow image or a uint8 array, not {type(image).__name__}")
    if 0 in size:
        raise ValueError(f"image has no pixels: its size is {' x '.join(map(str, size))}")
    if isinstance(image, Image.Image):
        return _decoded(image)
    _check_array(image)
    return Image.fromarray(np.ascontiguousarray(image))


def to_plane(image: Picture) -> Plane:
    """One plane of grey, 0 black to 255 white, from any picture.

    Parameters
    ----------
    image : Pillow image of any mode, or uint8 array (H, W), (H, W, 3) or (H, W, 4)
        Transparent parts get a background that shows the rest clearly. Ink that differs from the paper only by its
        colour is found too. Strokes in a picture with no pixel brighter than 16 are stretched to 255.

    Returns
    -------
    (H, W) uint8. It may share memory with `image`, so do not write to it

    Raises
    ------
    TypeError
        If `image` is neither of them, or the array is not uint8 or has a mask.
    ValueError
        If the array has another shape, or the picture has no pixel.
    FastcnnError
        If a Pillow image cannot be decoded, or has several frames. Pass one of them as `image.copy()`.
    """
    decoded = as_image(image)
    # A plane of bytes is taken as it is, without a copy.
    is_plane = isinstance(image, np.ndarray) and image.ndim == 2
    return stretch_dark(np.asarray(image) if is_plane else _image_to_plane(decoded))


@contextmanager
def _opened(path: str | Path, frame: int | None = None) -> Iterator[Image.Image]:
    """The one picture in a file, or one of its frames, not yet decoded.

    Whatever goes wrong within is a FastcnnError that names the file.
    """
    from PIL import Image

    with _in_one_sentence(path):
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            # A pipe or a device may give nothing for ever.
            reason = Sentence("it is not an ordinary file")
            raise FastcnnError("cannot read {path} ({reason}); choose another file", path=path, reason=reason)
        _check_no_pdf(path)
        with Image.open(path, formats=FILE_FORMATS) as image:
            frames = _frames(image)
            if frame is None:
                _check_single(frames, path)
            image.seek(frames[frame or 0])
            yield image


def _check_no_pdf(path: str | Path) -> None:
    with open(path, "rb") as file:
        if PDF_MARK in file.read(PDF_MARK_WITHIN):
            raise FastcnnError("{path} is a PDF; save its pages as pictures first, such as PNG or TIFF", path=path)


def count_frames(path: str | Path) -> int:
    """The number of frames or pages in a picture file that are separate pictures; errors as `open_picture`."""
    with _opened(path, 0) as image:
        count = len(_frames(image))
        if count > MOST_FRAMES:
            raise FastcnnError("{path} has more than {most} frames; save those to be read", path=path, most=MOST_FRAMES)
        return count


def open_picture(path: str | Path, frame: int | None = None) -> Image.Image:
    """Read a picture file completely, trusting nothing in it.

    frame : the number of the frame or page to read, from 0; without it, a file of several is an error

    Raises
    ------
    FastcnnError
        If the file is missing, no picture, damaged, so large that it could exhaust the memory, or has several frames.
    """
    with _opened(path, frame) as image:
        image.load()
        check_finite(image, path)
        return image.copy()


def measure_picture(path: str | Path) -> tuple[int, int, bool]:
    """The height, the width and whether there are colours, by a picture file's head; errors as `open_picture`."""
    with _opened(path) as image:
        turned = _orientation(image) in SIDEWAYS
        height, width = (image.width, image.height) if turned else (image.height, image.width)
        return height, width, not (image.mode in GREY_MODES or image.mode.startswith("I"))
