"""Dropout, and which elements it keeps. The mask is a pure function of numbers: there is no state of a generator.

A parallel kernel, a resumed training and this file therefore compute the same mask. The hash is SplitMix64 (Steele,
Lea and Flood 2014): element i of a mask is output i of the generator seeded with the mask's key.
"""

import numpy as np

from fastcnn.arrays import Array
from fastcnn.checks import check_fraction
from fastcnn.hashing import GOLDEN, MIX_1, MIX_2, mask_key
from fastcnn.kernels.protocols import DropoutStep
from fastcnn.kernels.shapes import integer
from fastcnn.layers.base import Layer, Place, Signal

# The upper 24 bits of a hash are compared with the rate.
RATE_BITS = 24


def mask_threshold(rate: float) -> int:
    """The threshold: an element is kept if the upper 24 bits of its hash are at least this."""
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
    """In training, set each value to 0 with probability rate and divide the others by 1 - rate; else do nothing.

    Whether a value is set to 0 depends on the seed, the layer's place, `step` and the value's index in the batch, in
    NHWC order.
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

    def make_step(self, place: Place) -> DropoutStep:
        return place.steps.Dropout(place.x, place.out, threshold=mask_threshold(self.rate), rate=self.rate)

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
