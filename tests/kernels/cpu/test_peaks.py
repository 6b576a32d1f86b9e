"""The tile of the peak does all of its multiply-adds: its sum is that of its twin."""

import numpy as np
import pytest

from fastcnn.kernels.cpu.tiles import peaks
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from tests.kernels.cpu.test_tiles import compiled


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_peak_tile_is_its_twin(dtype, rounds, rng):
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    start = rng.standard_normal(lanes + 2).astype(dtype)
    numbers = np.array([0.5, 1.0], dtype)
    found = start.copy()
    compiled(peaks.peak_tile, peaks._twin)(found, numbers, rounds)
    # x -> x / 2 + 1, for x, x + 1, ..., x + 11: the distance from 2 halves in each round.
    expected = sum(2 + (start[:lanes].astype(np.float64) + i - 2) / 2**rounds for i in range(12))
    np.testing.assert_allclose(found[:lanes], expected, rtol=1e-5)
    assert (found[lanes:] == start[lanes:]).all()
