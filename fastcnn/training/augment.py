"""Augmentation: how each picture of a training is changed. It depends only on the seed, the epoch and the picture.

There is no state of a random generator. So a resumed training, or one with other threads, changes each picture in the
same way. This file computes the random numbers by a hash. `kernels.active().augment` changes the pixels.
`python -m bench augmentation` measures both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checks import check_fraction, check_nonnegative
from fastcnn.hashing import GOLDEN, MASK_64, MIX_1, MIX_2, mask_key
from fastcnn.kernels.columns import ACROSS, DOWN, HOLE, NUMBERS, STROKE, WAVES
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import is_array, kind_of, shown

DRAWN = 32  # random numbers for a picture; some of them are not used
MANTISSA_BITS = 53
DTYPES = (np.uint8, np.float32, np.float64)


def uniform(key: int, numbers: Array, count: int) -> Array:
    """Uniform numbers in [-1, 1), (len(numbers), count) float64. A row depends only on key and on its number."""
    # key + (n * count + i) * GOLDEN, as a sum of two terms: modulo 2**64 that is the same.
    first = np.asarray(numbers).astype(np.uint64) * np.uint64(count * GOLDEN & MASK_64)
    z: Array = first[:, np.newaxis] + (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(key))
    shifted = np.empty_like(z)
    for shift, factor in ((30, MIX_1), (27, MIX_2)):
        z ^= np.right_shift(z, np.uint64(shift), out=shifted)
        z *= np.uint64(factor)
    z ^= np.right_shift(z, np.uint64(31), out=shifted)
    z >>= np.uint64(64 - MANTISSA_BITS)
    drawn: Array = z * 2.0 ** (1 - MANTISSA_BITS)
    drawn -= 1
    return drawn


@dataclass(frozen=True)
class Augmentation:
    """The largest changes. For each picture and each change a random factor in [-1, 1) scales the change.

    turn_deg : degrees of rotation
    scale : share of the size by which both sides change together; half of it for each side alone
    slant : pixels to the side for each pixel up
    shift_px : pixels along each side
    elastic_px : height of the slowest wave, in pixels; faster waves are lower
    stroke : 1 lets strokes grow or shrink by a pixel on each side
    hole : share of the pictures that get a hole of up to hole_px x hole_px

    The defaults were chosen with the paper's network, on validation pictures and on pen drawings: docs/tried.md.
    """

    turn_deg: float = 8.0
    scale: float = 0.08
    slant: float = 0.1
    shift_px: float = 1.0
    elastic_px: float = 0.8
    stroke: float = 0.2
    hole: float = 0.0
    hole_px: float = 8.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            check_nonnegative(name, value)
        check_fraction("scale", self.scale)
        if self.hole > 1:
            raise ValueError(f"hole is a share of the pictures, at most 1, not {shown(self.hole)}")

    def describe(self) -> dict[str, Any]:
        """All settings, ready for JSON."""
        return asdict(self)

    def apply(self, images: Array, numbers: Array, *, seed: int, epoch: int, out: Array) -> None:
        """Write changed copies of pictures into out.

        Parameters
        ----------
        images, out : (N, C, H, W) uint8, float32 or float64, C-contiguous, not the same memory. All channels of a
            picture change alike. float64 is computed as float32
        numbers : (N,) integers, the number of each picture in the whole set
        seed, epoch : integers from 0

        Raises
        ------
        TypeError, ValueError
            If the arrays are of another shape or dtype.
        """
        for name, array in (("images", images), ("out", out)):
            if not is_array(array) or array.dtype not in DTYPES or array.dtype != images.dtype:
                wanted = "uint8, float32 or float64" if name == "images" else f"{images.dtype}, as images"
                raise TypeError(f"{name} must be {wanted}, not {kind_of(array)}")
            if array.ndim != 4 or array.shape != images.shape or not array.flags.c_contiguous:
                raise ValueError(f"{name} must be contiguous, of the shape (N, C, H, W), not {array.shape}")
        if is_array(numbers) and numbers.shape != images.shape[:1]:
            raise ValueError(f"numbers must be one for each of the {len(images)} images, not of shape {numbers.shape}")
        plane = images.shape[2:]
        table = self.numbers(numbers, plane, seed=seed, epoch=epoch)
        if images.dtype == np.float64:
            changed = np.empty(images.shape, np.float32)
            kernels.active().augment(changed, images.astype(np.float32), table, *map(waves, plane))
            out[...] = changed
        else:
            kernels.active().augment(out, images, table, *map(waves, plane))

    def numbers(self, numbers: Array, plane: tuple[int, ...], *, seed: int, epoch: int) -> Array:
        """The table `numbers` of the kernels, for pictures of the size `plane` (height, width). See `apply`."""
        if not is_array(numbers) or numbers.dtype.kind not in "iu" or numbers.ndim != 1:
            raise TypeError(f"numbers must be an array (N,) of integers, not {shown(numbers)}")
        seed, epoch = integer("seed", seed, 0), integer("epoch", epoch, 0)
        return self._numbers(uniform(mask_key(seed, 0, epoch), numbers, DRAWN), *plane)

    def _numbers(self, drawn: Array, height: int, width: int) -> Array:
        """The same from random numbers in [-1, 1)."""
        largest = np.array([np.deg2rad(self.turn_deg), self.scale, self.scale / 2, self.scale / 2, self.slant])
        turn, both, tall, wide, slant = drawn.T[:5] * largest[:, np.newaxis]
        cosine, sine = np.cos(turn), np.sin(turn)
        down_scale, across_scale = 1 / ((1 + both) * (1 + tall)), 1 / ((1 + both) * (1 + wide))
        table = np.zeros((len(drawn), NUMBERS))
        table[:, DOWN] = cosine * down_scale
        table[:, DOWN + 1] = sine * down_scale
        table[:, DOWN + 2] = (height - 1) / 2 + self.shift_px * drawn[:, 5]
        table[:, ACROSS] = (slant * cosine - sine) * across_scale
        table[:, ACROSS + 1] = (slant * sine + cosine) * across_scale
        table[:, ACROSS + 2] = (width - 1) / 2 + self.shift_px * drawn[:, 6]
        waves = np.arange(1, WAVES + 1)
        bend = (self.elastic_px / (waves[:, np.newaxis] * waves)).ravel()
        table[:, DOWN + 3 : ACROSS] = drawn[:, 7:16] * bend
        table[:, ACROSS + 3 : STROKE] = drawn[:, 16:25] * bend
        # A stroke that is thin already would lose too much ink, so thinning has half the strength.
        stroke = self.stroke * drawn[:, 25]
        table[:, STROKE] = np.maximum(stroke, stroke / 2)
        if self.hole:
            has_hole = drawn[:, 26] < 2 * self.hole - 1
            side = has_hole * self.hole_px * (drawn[:, 27] + 3) / 4  # from hole_px / 2 to hole_px
            top, left = (drawn[:, 28] + 1) / 2 * height - side / 2, (drawn[:, 29] + 1) / 2 * width - side / 2
            table[:, HOLE:] = np.stack([top, top + side, left, left + side], axis=1)
        return table.astype(np.float32)


@cache
def waves(size: int) -> Array:
    """(WAVES, size) float32: waves with half a period, one period, and one and a half."""
    places = (np.arange(size) + 0.5) / size
    return np.cos(np.pi * np.arange(1, WAVES + 1)[:, np.newaxis] * places).astype(np.float32)
