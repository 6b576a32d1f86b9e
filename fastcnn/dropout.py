"""Dropout, and which elements it keeps: a pure function of numbers, with no generator state to carry along.

A parallel kernel, a resumed training and this file therefore all come to the same mask. The hash is SplitMix64 (Steele,
Lea and Flood 2014): element i of a mask is output i of the generator seeded with the mask's key.
"""

import numpy as np

from .arrays import Array
from .checks import check_fraction
from .kernels.shapes import integer
from .layer import Layer, Signal

GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
MASK_64 = 0xFFFFFFFFFFFFFFFF
# The rate is compared with the upper 24 bits of a hash.
RATE_BITS = 24


def splitmix64(state: int) -> int:
    """The output of SplitMix64 that follows a state; 64-bit integers as Python ints."""
    z = (state + GOLDEN) & MASK_64
    z = ((z ^ (z >> 30)) * MIX_1) & MASK_64
    z = ((z ^ (z >> 27)) * MIX_2) & MASK_64
    return z ^ (z >> 31)


def mask_key(seed: int, layer_index: int, step: int) -> int:
    """The 64-bit key of one layer's mask in one step; two layers of one seed have different masks."""
    key = 0
    for number in (seed, layer_index, step):
        key = splitmix64(key ^ (number & MASK_64))
    return key


def mask_threshold(rate: float) -> int:
    """An element is kept where the upper 24 bits of its hash are at least this."""
    return round(rate * (1 << RATE_BITS))


def keep_mask(key: int, count: int, rate: float) -> Array:
    """Which of count elements are kept: (count,) bool."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX_2)
    z ^= z >> np.uint64(31)
    kept: Array = (z >> np.uint64(64 - RATE_BITS)) >= np.uint64(mask_threshold(rate))
    return kept


class Dropout(Layer):
    """In training, zero each value with probability rate and divide the others by 1 - rate; else do nothing.

    Which values is a function of seed, the layer's place, `step` and the value's index in NHWC
    order within the batch.
    """

    OPTIONS = ("rate", "seed")

    def __init__(self, rate: float, *, seed: int = 0) -> None:
        super().__init__()
        self.rate = check_fraction("rate", rate)
        self.seed = integer("seed", seed, 0)
        self._image: tuple[int, ...] | None = None

    @property
    def key(self) -> int:
        """The 64-bit key of this step's mask."""
        return mask_key(self.seed, self.index, self.step)

    def _build(self, incoming: Signal) -> Signal:
        self._image = incoming.shape if len(incoming.shape) == 3 else incoming.image
        return incoming

    def forward(self, x: Array, training: bool) -> Array:
        if not training:
            return x
        factors = keep_mask(self.key, x.size, self.rate) * x.dtype.type(1 / (1 - self.rate))
        if self._image is not None:
            c, h, w = self._image
            factors = factors.reshape(len(x), h, w, c).transpose(0, 3, 1, 2)
        factors = np.ascontiguousarray(factors).reshape(x.shape)
        self._saved = (factors,)
        out: Array = x * factors
        return out

    def backward(self, grad_out: Array) -> Array:
        (factors,) = self._recall()
        grad_input: Array = grad_out * factors
        return grad_input
