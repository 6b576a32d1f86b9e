"""Which elements dropout keeps: a pure function of numbers, with no generator state to carry along.

A parallel kernel, a resumed training and this file therefore all come to the same mask. The hash is SplitMix64 (Steele,
Lea and Flood 2014): element i of a mask is output i of the generator seeded with the mask's key.
"""

import numpy as np

from .arrays import Array

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
