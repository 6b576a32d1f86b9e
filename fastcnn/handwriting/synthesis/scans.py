"""Pictures as forms and scanners give them: stretched to a square, coarse, black and white, with broken strokes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastcnn.arrays import Array
from fastcnn.handwriting.preparation.ink import crop
from fastcnn.handwriting.preparation.planes import Plane
from fastcnn.handwriting.preparation.prepare import prepare

Rng = np.random.Generator

STRETCHED, BROKEN, COARSE = 0.2, 0.08, 0.15  # shares of the drawings
MOST_STRETCH = 3.5  # times as wide; more would make a slash or a square of a bare stem
COARSE_PX = (8, 17)  # the longer side of a coarse picture
ENLARGED_PX = (40, 140)
LEVELS = (0.25, 0.6)  # of the darkest pixel: from there on it is ink, in black and white
GAPS_PX = (3, 9)  # radius of a gap
FIRST_PX = 112  # a picture of MNIST is enlarged to four times its size before its shape changes
COARSE_COPIES = 0.7  # share of the copies of MNIST that are coarse


def worn(plane: Plane, rng: Rng) -> Plane:
    """A drawing as it is, or stretched, broken or coarse, or several of these.

    Parameters
    ----------
    plane : (H, W) uint8, ink on empty paper; a blank one stays blank
    """
    if not plane.any():
        return plane
    if rng.uniform() < STRETCHED:
        plane = np.pad(_stretched(crop(plane), rng), 4)
    if rng.uniform() < BROKEN:
        plane = _broken(plane, rng)
    return _coarse(plane, rng) if rng.uniform() < COARSE else plane


def scanned(images: Array, *, seed: int) -> Array:
    """Pictures of MNIST's size, prepared, as a form's reader gives them: stretched, and most of them coarse.

    Parameters
    ----------
    images : (N, 1, 28, 28) uint8, none of them blank

    Returns
    -------
    (N, 1, 28, 28) uint8
    """
    rng = np.random.Generator(np.random.PCG64([seed, 9]))

    def scan(image: Plane) -> Plane:
        plane = _stretched(crop(enlarged(image, FIRST_PX)), rng)
        return _coarse(plane, rng) if rng.uniform() < COARSE_COPIES else np.pad(plane, 4)

    return prepared_each(images, scan)


def enlarged(image: Plane, side_px: int) -> Plane:
    """A square picture with sides of so many pixels."""
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((side_px, side_px), Image.Resampling.BICUBIC))


def prepared_each(images: Array, change: Callable[[Plane], Plane]) -> Array:
    """Pictures (N, 1, 28, 28) uint8, each changed, in their order, and then prepared. None may become blank."""
    out = np.empty_like(images)
    for index, image in enumerate(images[:, 0]):
        field = prepare(change(image))
        assert field is not None
        out[index, 0] = np.rint(255 * field)
    return out


def _stretched(ink: Plane, rng: Rng) -> Plane:
    """Cropped ink made wider, or less wide, so that it fills a square, or a part of the way there."""
    from PIL import Image

    height, width = ink.shape
    factor = np.clip(height / width, 1 / MOST_STRETCH, MOST_STRETCH) ** np.sqrt(rng.uniform())
    size = max(1, round(width * float(factor))), height
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))


def _broken(plane: Plane, rng: Rng) -> Plane:
    """The ink without one to three discs, which are gaps in its strokes if these are not too thick."""
    places = np.argwhere(plane > plane.max() // 2)
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    kept = plane
    for row, column in places[rng.integers(len(places), size=int(rng.integers(1, 4)))]:
        kept = np.where((rows - row) ** 2 + (columns - column) ** 2 < rng.uniform(*GAPS_PX) ** 2, np.uint8(0), kept)
    return kept if kept.any() else plane


def _coarse(plane: Plane, rng: Rng) -> Plane:
    """The ink in few pixels, grey or black and white, perhaps enlarged again."""
    few = _resized(crop(plane), int(rng.integers(*COARSE_PX)), smoothly=False)
    few = _black_and_white(few, rng) if rng.uniform() < 0.5 else few
    if rng.uniform() < 0.4:
        few = _resized(few, int(rng.integers(*ENLARGED_PX)), smoothly=True)
        few = _black_and_white(few, rng) if rng.uniform() < 0.5 else few
    return np.pad(few, int(rng.integers(1, 4)))


def _black_and_white(plane: Plane, rng: Rng) -> Plane:
    """Ink from a random level on, which leaves at least half of the pixels that have some."""
    level = min(rng.uniform(*LEVELS) * int(plane.max()), float(np.median(plane[plane > 0])))
    return np.where(plane >= level, np.uint8(255), np.uint8(0))


def _resized(plane: Plane, longest_px: int, *, smoothly: bool) -> Plane:
    """The plane with its longer side so long, and its darkest pixel fully black."""
    from PIL import Image

    height, width = (max(1, round(side * longest_px / max(plane.shape))) for side in plane.shape)
    kind = Image.Resampling.BICUBIC if smoothly else Image.Resampling.BOX
    values = np.asarray(Image.fromarray(plane).resize((width, height), kind), np.float64)
    full: Plane = np.rint(values * 255 / values.max()).astype(np.uint8)
    return full
