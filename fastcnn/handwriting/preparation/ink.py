"""Find the ink in a picture: subtract the paper with its shade and texture, remove specks, and crop."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from fastcnn.handwriting.preparation.components import Labels, label_components
from fastcnn.handwriting.preparation.planes import Plane

Amounts = npt.NDArray[np.float64]

BLANK_CONTRAST = 24  # of 255; noise of JPEG on plain paper is lower
# A pixel is ink from this share of the contrast on. Of 20,000 MNIST pictures 51 are moved or scaled at 0.1, 11 at 0.05.
INK_SHARE = 0.05
LARGEST_PX = 1024  # larger pictures are averaged down first: a stroke of one pixel in 4,000 is no ink
SMALLEST_SCAN_PX = 28  # MNIST's size: a picture that small is taken as it is
MOST_BLOCKS = 64  # a side: what was finer before it was enlarged needs no care
SCAN_PX = 128  # specks are looked for at this resolution
PART_SHARE = 0.1  # of the contrast: a block with so much ink on the mean belongs to a part
SPECK_SHARE = 0.03  # of the ink of the largest part; the smallest stroke that matters, a 5's flag, has five times that
PALE = 0.45  # of another part's mean ink
TEXTURE_WIDTHS = 3.0  # ink lies at least so many times the paper's own spread away from it
WORSE = 1.25  # times the spread of even paper: grain alone makes a plane fit a little worse
SOLID = 0.3  # of the picture: with less ink it is no sheet of paper
SHADE = 6.0  # of 255: below this spread along the border the paper is evenly lit


def find_ink(plane: Plane) -> Plane | None:
    """The difference of each pixel from the paper, in the direction of the ink; None for a blank picture.

    Parameters
    ----------
    plane : (H, W) uint8, dark on light or light on dark

    Returns
    -------
    (H, W) uint8, 0 on paper; fewer pixels than `plane` if that is larger than LARGEST_PX
    """
    plane = unblock(_reduce(plane))
    border = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
    background = int(np.median(border))
    low, high = np.percentile(border, (5, 95))
    if high - low > SHADE:
        # The border shows the light only if it has little ink.
        levelled = _level(plane, border)
        if levelled is not None:
            plane, background = levelled, 128
            border = np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])
    darker, lighter = background - int(plane.min()), int(plane.max()) - background
    contrast = max(darker, lighter)
    if contrast < BLANK_CONTRAST:
        return None
    if darker > lighter:
        ink = np.uint8(background) - np.minimum(plane, np.uint8(background))
    else:
        ink = np.maximum(plane, np.uint8(background)) - np.uint8(background)
    texture = TEXTURE_WIDTHS * 1.4826 * float(np.median(np.abs(border.astype(np.float64) - background)))
    if texture >= contrast / 2:
        return None if contrast < 2 * BLANK_CONTRAST else ink
    if texture >= 1:
        ink = np.where(ink > texture, ink, np.uint8(0))
    return ink


@dataclass(frozen=True, eq=False)
class Parts:
    """The connected parts of the ink, in blocks of factor x factor pixels."""

    labels: Labels  # one for each block: 0 on paper, parts counted from 1
    amounts: Amounts  # (1 + parts,) the ink in each part, in levels of 255; the first is that of the paper, 0
    kept: npt.NDArray[np.bool_]  # (1 + parts,) whether each part is large enough to be a stroke
    factor: int  # pixels along a block's side
    full: int  # the most ink in one pixel

    @property
    def may_be_more(self) -> bool:
        """Whether it may be more than one digit: there are several parts, or one such as a frame or a sheet."""
        alone = np.count_nonzero(self.kept) == 1
        return not alone or may_be_framed(self.labels, float(self.amounts.max()), self.full)

    @property
    def has_pale(self) -> bool:
        """Whether one of several parts is much paler than another, as writing that shows through the paper."""
        sizes = np.bincount(self.labels.ravel(), minlength=len(self.kept))
        levels = self.amounts[self.kept] / sizes[self.kept]
        return len(levels) > 1 and float(levels.min()) < PALE * float(levels.max())


def may_be_framed(plane: npt.NDArray[np.integer], amount: float, full: int) -> bool:
    """Whether the ink, 0 to full and `amount` in all, touches all edges of a plane, or a half of SOLID is filled."""
    touches = plane[0].any() and plane[-1].any() and plane[:, 0].any() and plane[:, -1].any()
    return bool(touches) or 2 * amount >= SOLID * plane.size * full


def is_small(ink: Plane) -> bool:
    """Whether a picture is at most of MNIST's size. Then specks are not removed."""
    return bool(max(ink.shape) <= SMALLEST_SCAN_PX)


def is_plain_scan(ink: Plane) -> bool:
    """Whether a picture is of MNIST's size, and there is no frame and no sheet in it."""
    return is_small(ink) and not may_be_framed(ink, float(ink.sum()), int(ink.max()))


def remove_specks(ink: Plane, parts: Parts) -> Plane:
    """The ink without the parts that are too small to be strokes. A small picture is not changed."""
    if is_small(ink):
        return ink
    # This also matters with only one part: single pixels of texture belong to no part.
    return select(ink, parts.kept[parts.labels], parts.factor) if parts.kept.any() else ink


def find_parts(ink: Plane, factor: int | None = None) -> Parts:
    """The connected parts of the ink. Without `factor` there are at most SCAN_PX blocks along the longer side."""
    from PIL import Image

    factor, full = factor or -(-max(ink.shape) // SCAN_PX), int(ink.max())
    blocks = np.asarray(Image.fromarray(np.ascontiguousarray(ink)).reduce(factor)) if factor > 1 else ink
    labels, count = label_components(blocks >= PART_SHARE * full)
    amounts = np.bincount(labels.ravel(), blocks.ravel(), count + 1).astype(np.float64)
    amounts[0] = 0
    kept = amounts >= SPECK_SHARE * amounts.max()
    kept[0] = False
    return Parts(labels, amounts, kept, factor, full)


def select(ink: Plane, chosen: npt.NDArray[np.bool_], factor: int) -> Plane:
    """The ink in the chosen blocks and in those around them, which hold the soft edges of the strokes."""
    return np.where(_enlarge(chosen, factor, ink.shape), ink, np.uint8(0))


def crop(ink: Plane) -> Plane:
    """The smallest rectangle with all the ink."""
    inked = ink >= INK_SHARE * int(ink.max())
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _reduce(plane: Plane) -> Plane:
    factor = -(-max(plane.shape) // LARGEST_PX)
    if factor == 1:
        return plane
    from PIL import Image

    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(factor))


def unblock(plane: Plane) -> Plane:
    """The original of a picture that was enlarged by repeating its pixels, if it had at most MOST_BLOCKS on a side."""
    side = 0
    for lines in (plane, plane.T):
        changes = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1)) + 1
        side = int(np.gcd.reduce(changes, initial=gcd(side, len(lines))))
        if side == 1:  # nearly all pictures
            return plane
    return plane[::side, ::side] if max(plane.shape) <= side * MOST_BLOCKS else plane


def _level(plane: Plane, border: Plane) -> Plane | None:
    """The picture minus a plane fitted to the border's levels, plus 128; None if no plane fits."""
    height, width = plane.shape
    y = np.concatenate([np.zeros(width), np.full(width, height - 1), np.arange(height), np.arange(height)])
    x = np.concatenate([np.arange(width), np.arange(width), np.zeros(height), np.full(height, width - 1)])
    terms = np.stack([np.ones(len(border)), y, x], axis=1)
    values = border.astype(np.float64)
    used = np.ones(len(border), bool)
    for _ in range(3):  # each pass leaves out more pixels of strokes that cross the border
        shade, *_ = np.linalg.lstsq(terms[used], values[used], rcond=None)
        gap = np.abs(values - terms @ shade)
        used = gap <= max(2.0, 3 * float(np.median(gap)))
    # If strokes cover much of the border, the plane lies between paper and ink. It then fits worse than a constant.
    even = float(np.median(np.abs(values - np.median(values))))
    if used.mean() < 0.7 or float(np.median(np.abs(values - terms @ shade))) >= WORSE * even:
        return None
    paper = shade[0] + shade[1] * np.arange(height)[:, np.newaxis] + shade[2] * np.arange(width)
    levelled: Plane = np.clip(np.rint(plane - paper) + 128, 0, 255).astype(np.uint8)
    return levelled


def _enlarge(chosen: npt.NDArray[np.bool_], factor: int, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """A mask of pixels from a mask of blocks: the chosen blocks and those around them."""
    wide = np.pad(chosen, 1)
    rows = wide[:-2] | wide[1:-1] | wide[2:]
    near = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return near.repeat(factor, axis=0)[: shape[0]].repeat(factor, axis=1)[:, : shape[1]]
