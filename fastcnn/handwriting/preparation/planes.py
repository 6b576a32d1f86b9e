"""From pixels of any kind to one plane of grey: 16 and 32 bits, transparency, and ink that only its colour shows.

Grey is the luma of ITU-R 601, as Pillow computes it. Colours decide only where luma shows almost nothing. A picture is
stretched only where all of it is nearly black. Both happen only if the picture has strokes and not just noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.components import find_components

if TYPE_CHECKING:
    from PIL import Image

Plane = npt.NDArray[np.uint8]

BLACK, MIDDLE, WHITE = 0, 128, 255
OPAQUE = 255
EVEN_SHARE = 0.5  # of the pixels; in drawings on a screen the background has one value
WIDE = 65_535  # white in 16 bits

ONE_GREY = 24  # of 255; a picture that varies less has no drawing in it
LEAST_PAGE = 0.9  # share of a picture; an empty page with rounded corners covers more

WEAK_CONTRAST = 48  # of 255; twice the contrast of a blank picture
COLOUR_GAIN = 3.0  # colours decide where their contrast is this many times that of luma
COLOUR_PX = 1024  # the size at which the ink's colour is found
DARK = 16  # of 255; a picture with no brighter pixel looks black, such as a mask of 0 and 1 or 8 x 8 digits of 0 to 16

# Four limits tell strokes from noise. "Strong" pixels differ from the paper at least half as much as the strongest one.
# The figures are those of noise and of scikit-learn's 1,797 digits of 8 x 8 pixels, the hardest case.
UNEVEN = 0.35  # mean difference of the border by the strongest: up to 0.31 in digits, 0.46 in random 0 and 1
TOGETHER = 0.5  # share of strong pixels that touch two others: from 0.53 in digits, up to 0.47 in noise
MOST_PARTS, IN_PARTS = 10, 0.8  # share of strong pixels in the ten largest parts: 1 in digits, 0.83 in strings of 12
LARGE_PART, IN_LARGE = 60, 0.9  # pixels, and the share of strong pixels in such parts
LEAST_SHARE = 0.01  # strong pixels as a share of all; one or two noisy blocks of JPEG have less


def border_of(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The pixels along the four edges. Corners occur twice."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def holds_strokes(values: npt.NDArray[Any]) -> bool:
    """Whether the pixels (H, W) that differ most from the paper are strokes: few or large parts, no single pixels."""
    gap = np.abs(values - np.median(border_of(values)))
    strongest = float(gap.max())
    strong = gap > strongest / 2
    if float(strong.mean()) < LEAST_SHARE or float(border_of(gap).mean()) > UNEVEN * strongest:
        return False
    wide = np.pad(strong, 1).astype(np.uint8)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    near = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # each count includes the pixel itself
    if float((near[strong] > 2).mean()) < TOGETHER:
        return False
    sizes = np.sort(find_components(strong).sizes)
    # A page has many parts, and nearly all of its ink is in parts larger than those of noise.
    large = sizes[sizes >= LARGE_PART]
    return bool(sizes[-MOST_PARTS:].sum() >= IN_PARTS * sizes.sum() or large.sum() >= IN_LARGE * sizes.sum())


def is_of_paper(plane: Plane) -> bool:
    """Whether no value belongs to half of the pixels, as in a photo or a scan, and not in a drawing on a screen."""
    return int(np.bincount(plane.ravel(), minlength=256).max()) < EVEN_SHARE * plane.size


def contrast(plane: npt.NDArray[Any]) -> float:
    """The largest difference from the paper. The paper is the median of the border."""
    paper = float(np.median(border_of(plane)))
    return max(paper - float(plane.min()), float(plane.max()) - paper)


def paper_under(grey: Plane, alpha: Plane) -> int:
    """The background for a transparent picture: white or black.

    If less than half is opaque, the opaque part is the ink, and the background must differ from it. If more is opaque,
    it is paper with a hole or rounded corners, and the background must be like it. There is one exception: an opaque
    part of one grey with large gaps is thick ink, cropped tightly.
    """
    opaque = int(alpha.sum(dtype=np.int64))
    is_light = int((grey * alpha.astype(np.uint32)).sum(dtype=np.int64)) >= MIDDLE * opaque
    share = opaque / (OPAQUE * alpha.size)
    is_paper = share > 0.5 and (share > LEAST_PAGE or int(np.ptp(grey[alpha >= MIDDLE])) > ONE_GREY)
    return WHITE if is_light == is_paper else BLACK


def lay_on(paper: int, grey: Plane, alpha: Plane) -> Plane:
    """A transparent picture on a background of one grey."""
    weight = alpha.astype(np.uint32)
    return ((grey * weight + paper * (OPAQUE - weight) + OPAQUE // 2) // OPAQUE).astype(np.uint8)


def check_finite(image: Image.Image, name: str | os.PathLike[str]) -> None:
    """FastcnnError if a picture of floats contains NaN or infinity."""
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise FastcnnError("{path} holds NaN or infinite pixels; save it as an ordinary PNG", path=name)


def wide_to_plane(image: Image.Image) -> Plane:
    """Pictures of 16-bit, 32-bit and float modes, without NaN, scaled to 0..255.

    If no float is above 1, the range is 0 to 1. Integers up to 255 are kept, unless the mode has 16 bits. Otherwise the
    range has as many bits as the largest value needs: 8, 10, 12, 14 or 16. Cameras and scanners write values of 12 bits
    into files of 16 bits.
    """
    values = np.asarray(image).astype(np.float64)
    highest = values.max(initial=0.0)
    if image.mode == "F" and highest <= 1.0:
        values *= WHITE
    elif image.mode.startswith("I;16") or highest > WHITE:
        bits = max(8, int(highest).bit_length())
        full = 2 ** (bits + bits % 2) - 1
        # The noise of a sensor in the dark needs few bits too. It must stay black.
        if full < WIDE and not holds_strokes(values):
            full = WIDE
        values /= full / WHITE
    return np.clip(np.rint(values), BLACK, WHITE).astype(np.uint8)


def by_colour(grey: Plane, colours: Callable[[], Image.Image]) -> Plane:
    """The plane of grey; or, if only colours show ink, the place of each pixel between the paper's and ink's colour.

    Paper and ink are then at equal distances from MIDDLE.

    Parameters
    ----------
    grey : (H, W) uint8, the picture's luma
    colours : function that gives the picture, a Pillow image "RGB"; it is called if luma shows little
    """
    by_luma = contrast(grey)
    if by_luma >= WEAK_CONTRAST:
        return grey
    image = colours()
    sample = np.asarray(image.reduce(-(-max(image.size) // COLOUR_PX))).astype(np.float64)
    paper = np.median(border_of(sample), axis=0)
    differences = sample - paper
    # The direction in which the colours differ most from the paper's: the last principal axis.
    flat = differences.reshape(-1, 3)
    axis = np.linalg.eigh(flat.T @ flat)[1][:, -1] / np.sqrt(3)  # so that 10 levels of grey are 10 levels here
    along = differences @ axis
    if -along.min() > along.max():
        axis, along = -axis, -along
    by_hue = float(along.max())
    if by_hue < max(WEAK_CONTRAST, COLOUR_GAIN * by_luma) or not holds_strokes(along):
        return grey
    # Paper and ink have the same distance from MIDDLE, with room for the noise of both.
    offset = MIDDLE - by_hue / 2 - float(paper @ axis)
    return np.array(image.convert("L", (*axis.tolist(), offset)))


def stretch_dark(plane: Plane) -> Plane:
    """A nearly black picture with strokes, scaled to 0..255. Any other picture is not changed."""
    brightest = int(plane.max())
    if not 0 < brightest <= DARK or not holds_strokes(plane):
        return plane
    stretched: Plane = np.rint(plane * (WHITE / brightest)).astype(np.uint8)
    return stretched
