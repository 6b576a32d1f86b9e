"""Augmentation of pictures for training, as `kernels.reference.augment`, with a thread for each pixel.

A GPU fuses multiplications with additions. So a value halfway between two grey levels may be rounded differently.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.columns import ACROSS, BORDER, DOWN, HOLE, NUMBERS, STROKE, WAVES
from fastcnn.kernels.cuda.toolchain.compiler import device, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import download, empty, upload
from fastcnn.kernels.cuda.toolchain.sizes import check_count, line_grid

Array = npt.NDArray[Any]

float32 = np.float32


@device
def _pixel(images, n, y, x, H, W):
    if 0 <= y and y < H and 0 <= x and x < W:
        return float32(images[int32((n * H + y) * W + x)])
    return float32(0)


@device
def _rounded(value, whole):
    """A whole number if `whole` is 1. Inside `_source`, numba-cuda-mlir needs memory for it."""
    return float32(int32(value + float32(0.5))) if whole else value


@device
def _source(images, n, y, x, H, W, amount):
    """A pixel moved a part of the way to the largest or the smallest of its neighbours."""
    value = _pixel(images, n, y, x, H, W)
    # Outside the border is background, where neighbours must not widen a stroke.
    if amount == 0 or y < -BORDER or x < -BORDER or y >= H + BORDER or x >= W + BORDER:
        return value
    target = value
    for down in range(-1, 2):
        for right in range(-1, 2):
            other = _pixel(images, n, int32(y + down), int32(x + right), H, W)
            if (amount > 0 and other > target) or (amount < 0 and other < target):
                target = other
    share = amount if amount > 0 else -amount
    return value + share * (target - value)


@device
def _position(numbers, start, waves_down, waves_across, y, x, H, W, size):
    """The source position of a pixel along one axis, counted from the first pixel of the border."""
    first = numbers[start] * (float32(y) - float32(H - 1) / float32(2)) + numbers[start + 2]
    place = numbers[start + 1] * (float32(x) - float32(W - 1) / float32(2)) + first
    for across in range(WAVES):
        factor = float32(0)
        for down in range(WAVES):
            factor += numbers[start + 3 + down * WAVES + across] * waves_down[down * H + y]
        place += factor * waves_across[across * W + x]
    place += float32(BORDER)
    place = place if place > 0 else float32(0)
    last = float32(size + BORDER)
    return place if place < last else last


@kernel("B B S S S i i i i i")
def move_pixels(out, images, numbers, waves_down, waves_across, count, C, H, W, whole):
    """out, images (N, C, H, W), of whole numbers if `whole` is 1; the rest as for `kernels.reference.augment`."""
    i = here()
    if i < count:
        x, rest = int32(i % W), int32(i // W)
        y, n = int32(rest % H), int32(rest // H)
        row = int32(n // C * NUMBERS)
        down = _position(numbers, int32(row + DOWN), waves_down, waves_across, y, x, H, W, H)
        across = _position(numbers, int32(row + ACROSS), waves_down, waves_across, y, x, H, W, W)
        top, left = int32(down), int32(across)
        v, u = down - float32(top), across - float32(left)
        amount = numbers[row + STROKE]
        h, w = int32(top - BORDER), int32(left - BORDER)
        first = _rounded(_source(images, n, h, w, H, W, amount), whole)
        second = _rounded(_source(images, n, h, int32(w + 1), H, W, amount), whole)
        third = _rounded(_source(images, n, int32(h + 1), w, H, W, amount), whole)
        fourth = _rounded(_source(images, n, int32(h + 1), int32(w + 1), H, W, amount), whole)
        upper, lower = first + u * (second - first), third + u * (fourth - third)
        value = upper + v * (lower - upper)
        hole = int32(row + HOLE)
        if numbers[hole] <= y and y < numbers[hole + 1] and numbers[hole + 2] <= x and x < numbers[hole + 3]:
            value = float32(0)
        out[i] = _rounded(value, whole)


def augment(out: Array, images: Array, numbers: Array, waves_down: Array, waves_across: Array) -> None:
    """See `kernels.reference.augment`."""
    check_count(images.shape)
    if images.size:
        changed = empty(images.size, images.dtype.type)
        given = (upload(images), upload(numbers), upload(waves_down), upload(waves_across))
        whole = int(images.dtype == np.uint8)
        move_pixels(*line_grid(images.size), changed, *given, images.size, *images.shape[1:], whole)
        out[...] = download(changed, images.shape)
