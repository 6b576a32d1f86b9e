"""The loop that measures vdpbf16ps does all of its products: its sum is that of its twin."""

import numpy as np
import pytest

from fastcnn.kernels.cpu.tiles import pair_peaks
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.reference.bfloat16 import to_bfloat16
from tests.kernels.cpu.test_tiles import compiled
from tests.kernels.cpu.tiles.test_pairs import TILES


@pytest.mark.parametrize("rounds", [0, 1, 7])
def test_peak_tile_adds_both_products_in_each_round(rounds):
    twin = pair_peaks._avx512_twin
    run = compiled(pair_peaks.avx512_peak_tile, twin) if "avx512" in TILES else twin
    lanes = VECTOR_BYTES // 4
    out = np.arange(lanes + 2, dtype=np.float32)
    run(out, to_bfloat16(np.array([0.5, 3, 2, -1], np.float32)), rounds)
    # 12 vectors x, x + 1, ..., x + 11, to which 0.5 * 2 - 3 * 1 is added in each round.
    assert out.tolist() == [12 * x + 66 - 24 * rounds for x in range(lanes)] + [lanes, lanes + 1]
