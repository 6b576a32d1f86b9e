"""Which cases of the table, and which backends, run in this process; and numbers that only tests need."""

import os

import numpy as np

from fastcnn.checking.calls import Draw
from fastcnn.checking.cases import CORNERS, GROUPED, LAYERS, POOL_CORNERS, POOLS

# Under Numba's simulator a GPU's thread is a Python thread: the CUDA kernels are checked there, on the smaller cases.
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") == "1"
COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
# Each of these must run wherever the tests do: one that cannot fails its tests and does not skip them.
# Where a backend runs as Python, slowly, it is that backend alone, and float32 in the tests of both: the kernels have
# one source, and the finite differences call it with float64 there too.
AS_PYTHON = SIMULATED or not COMPILED
BACKENDS = ("cuda",) if SIMULATED else ("reference", "cpu") if COMPILED else ("cpu",)
DTYPES = (np.float32,) if AS_PYTHON else (np.float32, np.float64)

# Forward. As Python loops larger cases take minutes.
MOST_FLOP = 40_000 if SIMULATED else 5e7 if COMPILED else 6e5
PICTURES = 2
# The GPU has no kernels for depthwise convolution: to it that is one of many groups, and slow in the simulator.
SLOW_SIMULATED = ("depthwise,", "one channel, one filter")
CONVOLUTIONS = [
    case
    for case in (*CORNERS, *(layer.with_batch(PICTURES) for layer in (*LAYERS, *GROUPED[1:])))
    if case.flop <= MOST_FLOP and not (SIMULATED and case.name.startswith(SLOW_SIMULATED))
]
# All corners, also the large ones; as Python loops with at most two pictures.
FEWER = CORNERS if COMPILED else tuple(each.with_batch(min(each.batch, 2)) for each in CORNERS)
POOLINGS = [*POOL_CORNERS, *(pool.with_batch(PICTURES) for pool in POOLS if COMPILED and not SIMULATED)]


def normal(rng: np.random.Generator, dtype: type[np.floating]) -> Draw:
    return lambda shape: rng.standard_normal(shape).astype(dtype)


def hard_pixels(rng: np.random.Generator, dtype: type[np.floating]) -> Draw:
    """Few different values, hence many ties, and now and then -0, NaN and infinities."""
    values = np.array([-2, -1, -0.0, 0, 1, 2] * 4 + [np.nan, np.inf, -np.inf], dtype)
    return lambda shape: rng.choice(values, shape)
