"""Cases with random shapes, small enough for the reference: every option of convolution and max-pool."""

from __future__ import annotations

import numpy as np

from fastcnn.checking.cases import Convolution, Pooling


def random_convolution(rng: np.random.Generator) -> Convolution:
    """Any geometry in which a window fits."""

    def two(low: int, high: int) -> tuple[int, int]:
        return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))

    groups, (c, k), kernel_size, dilation = int(rng.integers(1, 4)), two(1, 24), two(1, 5), two(1, 3)
    padding = two(0, 3), two(0, 3)
    plane = _plane(two(0, 20), kernel_size, padding, dilation)
    images = int(rng.integers(0, 4)), c * groups, *plane
    bias = bool(rng.integers(2))
    return Convolution("random", images, k * groups, kernel_size, two(1, 3), padding, dilation, groups, bias)


def random_pooling(rng: np.random.Generator) -> Pooling:
    """Any geometry in which each window sees a pixel."""

    def two(low: int, high: int) -> tuple[int, int]:
        return int(rng.integers(low, high + 1)), int(rng.integers(low, high + 1))

    (r, s), dilation = two(1, 4), two(1, 3)
    padding = two(0, r - 1), two(0, s - 1)
    h, w = _plane(two(0, 20), (r, s), padding, dilation)
    images = int(rng.integers(0, 4)), int(rng.integers(1, 20)), max(h, dilation[0]), max(w, dilation[1])
    return Pooling("random", images, (r, s), two(1, 5), padding, dilation, bool(rng.integers(2)))


def _plane(
    extra: tuple[int, int],
    kernel_size: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
    dilation: tuple[int, int],
) -> tuple[int, int]:
    """The smallest picture in which a window fits, with some more pixels."""
    least = (
        max(1, spread * (size - 1) + 1 - sum(sides))
        for size, sides, spread in zip(kernel_size, padding, dilation, strict=True)
    )
    h, w = (size + more for size, more in zip(least, extra, strict=True))
    return h, w
