"""From pixels of any kind to one plane of grey: wide values, transparency, and ink that only its colour shows.

Grey is ITU-R 601's luma, as Pillow computes it. Only where luma shows next to nothing do colours decide, and only where
all of a picture is nearly black is it stretched; and both only where strokes stand out, not noise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.components import label_components

if TYPE_CHECKING:
    from PIL import Image

Plane = npt.NDArray[np.uint8]

BLACK, MIDDLE, WHITE = 0, 128, 255
OPAQUE = 255
WIDE = 65_535  # white of 16 bits

ONE_GREY = 24  # of 255: nothing is drawn in what varies no more
LEAST_PAGE = 0.9  # of a picture: an empty page without its corners is more

WEAK_CONTRAST = 48  # of 255: twice what counts as blank
COLOUR_GAIN = 3.0  # colours decide where they tell ink from paper so many times better than luma
COLOUR_PX = 1024  # the size at which the ink's colour is looked for
DARK = 16  # of 255: a picture with nothing brighter looks black; masks of 0 and 1 and 8 x 8 digits of 0 to 16 are so

# What tells strokes from noise, in the pixels that differ from the paper at least half as much as the strongest. The
# figures are those of scikit-learn's 1,797 digits of 8 x 8 pixels, the hardest case, and of noise.
UNEVEN = 0.35  # of the strongest, how much the border differs on the mean: digits up to 0.31; 0 and 1 at random, 0.46
TOGETHER = 0.5  # share of those that touch two others or more: digits from 0.53; single pixels of noise, up to 0.47
MOST_PARTS, IN_PARTS = 10, 0.8  # share of those in the ten largest parts: digits 1, a string of twelve from 0.83
LEAST_SHARE = 0.01  # of all pixels: a block or two of JPEG noise have less


def border_of(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The pixels along the four edges, the corners twice."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def holds_strokes(values: npt.NDArray[Any]) -> bool:
    """Whether what differs most from the paper, (H, W), are strokes: few parts that are no single pixels."""
    gap = np.abs(values - np.median(border_of(values)))
    strongest = float(gap.max())
    strong = gap > strongest / 2
    if float(strong.mean()) < LEAST_SHARE or float(border_of(gap).mean()) > UNEVEN * strongest:
        return False
    wide = np.pad(strong, 1).astype(np.uint8)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    near = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # the pixel itself among them
    if float((near[strong] > 2).mean()) < TOGETHER:
        return False
    sizes = np.sort(np.bincount(label_components(strong)[0].ravel())[1:])
    return bool(sizes[-MOST_PARTS:].sum() >= IN_PARTS * sizes.sum())


def contrast(plane: npt.NDArray[Any]) -> float:
    """The largest difference from the paper, which is the border's median."""
    paper = float(np.median(border_of(plane)))
    return max(paper - float(plane.min()), float(plane.max()) - paper)


def paper_under(grey: Plane, alpha: Plane) -> int:
    """White or black: what a transparent picture is to be laid on.

    Where little is opaque, that is the ink: it must stand out. Where most is, that is the paper with a hole or
    rounded corners, which must not; but if it is of one grey with much cut out, it is thick ink, closely trimmed.
    """
    opaque = int(alpha.sum(dtype=np.int64))
    is_light = int((grey * alpha.astype(np.uint32)).sum(dtype=np.int64)) >= MIDDLE * opaque
    share = opaque / (OPAQUE * alpha.size)
    is_paper = share > 0.5 and (share > LEAST_PAGE or int(np.ptp(grey[alpha >= MIDDLE])) > ONE_GREY)
    return WHITE if is_light == is_paper else BLACK


def lay_on(paper: int, grey: Plane, alpha: Plane) -> Plane:
    """A transparent picture on paper of one grey."""
    weight = alpha.astype(np.uint32)
    return ((grey * weight + paper * (OPAQUE - weight) + OPAQUE // 2) // OPAQUE).astype(np.uint8)


def check_finite(image: Image.Image, name: str | os.PathLike[str]) -> None:
    """FastcnnError where a picture of floats holds a NaN or an infinity."""
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise FastcnnError(f"{name} holds NaN or infinite pixels; save it as an ordinary PNG")


def wide_to_plane(image: Image.Image) -> Plane:
    """16-bit, 32-bit and float modes, without NaN, to 0..255.

    Floats of at most 1 are of 0 to 1; integers of at most 255 are kept, unless their mode is of 16 bits. Others are of
    so many bits as their largest needs, 10, 12, 14 or 16: cameras and scanners write 12 bits into files of 16.
    """
    values = np.asarray(image).astype(np.float64)
    highest = values.max(initial=0.0)
    if image.mode == "F" and highest <= 1.0:
        values *= WHITE
    elif image.mode.startswith("I;16") or highest > WHITE:
        bits = max(8, int(highest).bit_length())
        full = 2 ** (bits + bits % 2) - 1
        # Noise of a sensor in the dark needs few bits too, and is to stay black.
        if full < WIDE and not holds_strokes(values):
            full = WIDE
        values /= full / WHITE
    return np.clip(np.rint(values), BLACK, WHITE).astype(np.uint8)


def by_colour(grey: Plane, colours: Callable[[], Image.Image]) -> Plane:
    """The plane of grey, or where that shows next to no ink and the colours do, how far each pixel is on the way from
    the paper's colour to the ink's, around MIDDLE.

    Parameters
    ----------
    grey : (H, W) uint8, the picture's luma
    colours : gives the picture, a Pillow image "RGB"; called where luma shows little
    """
    by_luma = contrast(grey)
    if by_luma >= WEAK_CONTRAST:
        return grey
    image = colours()
    sample = np.asarray(image.reduce(-(-max(image.size) // COLOUR_PX))).astype(np.float64)
    paper = np.median(border_of(sample), axis=0)
    differences = sample - paper
    # The direction in which the picture's colours differ most from the paper's: the last of the principal axes.
    flat = differences.reshape(-1, 3)
    axis = np.linalg.eigh(flat.T @ flat)[1][:, -1] / np.sqrt(3)  # so that 10 grey levels are 10 levels here
    along = differences @ axis
    if -along.min() > along.max():
        axis, along = -axis, -along
    by_hue = float(along.max())
    if by_hue < max(WEAK_CONTRAST, COLOUR_GAIN * by_luma) or not holds_strokes(along):
        return grey
    # Paper and ink lie equally far from MIDDLE, with room for the noise of both.
    offset = MIDDLE - by_hue / 2 - float(paper @ axis)
    return np.array(image.convert("L", (*axis.tolist(), offset)))


def stretch_dark(plane: Plane) -> Plane:
    """A picture that is nearly black, with strokes in it, brought to 0..255; any other as it is."""
    brightest = int(plane.max())
    if not 0 < brightest <= DARK or not holds_strokes(plane):
        return plane
    stretched: Plane = np.rint(plane * (WHITE / brightest)).astype(np.uint8)
    return stretched
