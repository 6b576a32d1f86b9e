"""Random numbers by position: a hash of 64 bits (SplitMix64) that is the same on every backend."""

GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
MASK_64 = 0xFFFFFFFFFFFFFFFF


def splitmix64(state: int) -> int:
    """The output of SplitMix64 that follows a state; 64-bit integers as Python ints."""
    z = (state + GOLDEN) & MASK_64
    z = ((z ^ (z >> 30)) * MIX_1) & MASK_64
    z = ((z ^ (z >> 27)) * MIX_2) & MASK_64
    return z ^ (z >> 31)


def mask_key(seed: int, layer_index: int, step: int) -> int:
    """The 64-bit key of one layer's mask in one step. Two layers with one seed have different masks."""
    key = 0
    for number in (seed, layer_index, step):
        key = splitmix64(key ^ (number & MASK_64))
        while number := number >> 64:  # a layer that lies deep inside others
            key = splitmix64(key ^ (number & MASK_64))
    return key
